/* lenet_file.c: weights of both kinds of net as safetensors; metadata "reprise.lenet" names the
 * variant. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/lenet.h"
#include "nn/checkpoint.h"

static const char variant_key[] = "reprise.lenet";

/* -- 1998 ----------------------------------------------------------------------------------------
 */

/* One tensor a row: where it stands in rp_lenet98_weights. F6's rows are 128 apart in memory and
 * 120 in the file. */
typedef struct weight_row {
    const char *name;
    size_t offset_bytes;
    int64_t shape[2];
    int dims;
} weight_row;

#define MATRIX(member, rows, columns) \
    { #member ".weight", offsetof(rp_lenet98_weights, member), {rows, columns }, 2 }
#define VECTOR(member, name, count) \
    { name, offsetof(rp_lenet98_weights, member), {count, 1}, 1 }
static const weight_row rows[] = {
    MATRIX(c1, 6, 25),           VECTOR(c1_bias, "c1.bias", 6),
    VECTOR(s2, "s2.weight", 6),  VECTOR(s2_bias, "s2.bias", 6),
    MATRIX(c3, 60, 25),          VECTOR(c3_bias, "c3.bias", 16),
    VECTOR(s4, "s4.weight", 16), VECTOR(s4_bias, "s4.bias", 16),
    MATRIX(c5, 120, 400),        VECTOR(c5_bias, "c5.bias", 120),
    MATRIX(f6, 84, 120),         VECTOR(f6_bias, "f6.bias", 84),
};
enum { F6 = RP_COUNT(rows) - 2, F6_COUNT = 84 * 120 };

static rp_status save_1998(const rp_lenet98 *net, const char *path, rp_error *error) {
    static const rp_metadata metadata = {variant_key, "1998"};
    rp_safetensor tensors[RP_COUNT(rows)];
    float *f6 = malloc(F6_COUNT * sizeof *f6);
    if (f6 == NULL) return rp_fail_memory(error, "weights");
    for (int o = 0; o < 84; o++) memcpy(f6 + o * 120, net->weights.f6[o], 120 * sizeof *f6);
    for (size_t k = 0; k < RP_COUNT(rows); k++) {
        const char *start = (const char *)&net->weights + rows[k].offset_bytes;
        const float *values = (const float *)(const void *)start;
        tensors[k] =
            (rp_safetensor){rows[k].name, rows[k].dims, rows[k].shape, k == F6 ? f6 : values};
    }
    const rp_status status =
        rp_safetensors_write(path, tensors, RP_COUNT(rows), &metadata, 1, false, error);
    free(f6);
    return status;
}

static rp_status load_1998(rp_lenet98 *net, const rp_safetensors *file, rp_error *error) {
    float *f6 = malloc(F6_COUNT * sizeof *f6);
    rp_status status = f6 != NULL ? RP_OK : rp_fail_memory(error, "weights");
    for (size_t k = 0; k < RP_COUNT(rows) && status == RP_OK; k++) {
        char *start = (char *)&net->weights + rows[k].offset_bytes;
        float *values = k == F6 ? f6 : (float *)(void *)start;
        status = rp_safetensors_read(file, rows[k].name, values,
                                     rows[k].shape[0] * rows[k].shape[1], error);
    }
    for (int o = 0; o < 84 && status == RP_OK; o++)
        memcpy(net->weights.f6[o], f6 + o * 120, 120 * sizeof *f6);
    free(f6);
    return status;
}

/* -- Both ----------------------------------------------------------------------------------------
 */

rp_status rp_lenet_save(const rp_lenet *lenet, const char *path, rp_error *error) {
    if (lenet->net98 != NULL) return save_1998(lenet->net98, path, error);
    const rp_metadata metadata = {variant_key, lenet->variant};
    RP_TRY(rp_device_finish(lenet->modern.device, error)); /* a step may still be under way */
    return rp_checkpoint_ship(path, &lenet->modern.parameters, false, false, &metadata, 1, error);
}

/* A running mean may be any number; a variance below 0 no data have. */
static rp_status check_variances(const rp_parameters *parameters, const char *path,
                                 rp_error *error) {
    for (int i = 0; i < parameters->count; i++) {
        const rp_parameter *row = &parameters->rows[i];
        const float *values = row->tensor.data;
        if (strstr(row->name, ".running_var") == NULL) continue;
        for (int64_t k = 0; k < rp_tensor_count(&row->tensor); k++)
            if (values[k] < 0)
                return rp_fail(error, RP_INPUT, -1,
                               "%s: tensor %s holds a variance below 0, %g: the file is damaged; "
                               "copy it again",
                               path, row->name, values[k]);
    }
    return RP_OK;
}

static rp_status load_modern(rp_lenet_modern *net, const rp_safetensors *file, rp_error *error) {
    RP_TRY(rp_safetensors_read_parameters(file, &net->parameters, false, error));
    RP_TRY(check_variances(&net->parameters, file->path, error));
    rp_lenet_modern_changed(net);
    return RP_OK;
}

rp_status rp_lenet_load(rp_lenet **out, const char *path, const char *device, unsigned threads,
                        rp_error *error) {
    rp_safetensors file = {0};
    rp_lenet *lenet = NULL;
    *out = NULL;
    RP_TRY(rp_safetensors_open(&file, path, error));
    const char *variant = rp_safetensors_metadata(&file, variant_key);
    rp_status status = RP_OK;
    if (variant == NULL)
        status = rp_fail(error, RP_INPUT, -1, "%s: no weights of a LeNet (no \"%s\" in it)", path,
                         variant_key);
    if (status == RP_OK) status = rp_lenet_create(&lenet, variant, 0, device, threads, error);
    if (status == RP_USAGE && strcmp(device, "cpu") == 0)
        status = rp_fail(error, RP_INPUT, -1, "%s: unknown variant", path);
    if (status != RP_OK) goto done;
    if (lenet->net98 != NULL) status = load_1998(lenet->net98, &file, error);
    else status = load_modern(&lenet->modern, &file, error);
done:
    rp_safetensors_close(&file);
    if (status == RP_OK) *out = lenet;
    else rp_lenet_destroy(lenet);
    return status;
}
