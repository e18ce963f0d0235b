/* safetensors.c: see safetensors.h. */
#include "nn/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/new_file.h"

enum { HEADER_BYTES_MAX = 64 << 20 };

/* ---- half precision (IEEE 754 binary16) --------------------------------------------------------
 */

/* A usual number only gets a wider exponent: bias 15 becomes 127. */
static float half_to_float(uint16_t half) {
    const uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
    const uint32_t sign = (uint32_t)(half >> 15) << 31;
    float value;
    if (exponent > 0 && exponent < 31) {
        const uint32_t bits = sign | (exponent + 112) << 23 | fraction << 13;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    value = exponent == 0 ? (float)ldexp(fraction, -24) : fraction != 0 ? NAN : INFINITY;
    return sign != 0 ? -value : value;
}

/* Rounds to nearest, ties to even; too large becomes infinity. */
static uint16_t float_to_half(float value) {
    const uint16_t sign = signbit(value) ? 0x8000 : 0;
    const double size = fabs((double)value);
    if (isnan(value)) return sign | 0x7e00;
    if (size >= 65520) return sign | 0x7c00; /* halfway between the largest, 65504, and 2^16 */
    int exponent = -14;
    if (size >= ldexp(1, -14)) exponent = ilogb(size);
    const double steps = nearbyint(ldexp(size, 10 - exponent)); /* 2^(exponent - 10) is one step */
    const uint32_t bits = (uint32_t)steps + (uint32_t)((exponent + 14) << 10);
    return (uint16_t)(sign | bits); /* a carry out of the fraction moves the exponent, as it must */
}

/* ---- reading --------------------------------------------------------------------------------- */

static void widen_f32(float *values, const uint8_t *data, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const uint32_t bits = rp_le32(data + 4 * i);
        memcpy(&values[i], &bits, sizeof bits);
    }
}

static void widen_f64(float *values, const uint8_t *data, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const uint64_t bits = rp_le64(data + 8 * i);
        double value;
        memcpy(&value, &bits, sizeof value);
        values[i] = (float)value;
    }
}

static void widen_bf16(float *values, const uint8_t *data, int64_t count) {
    for (int64_t i = 0; i < count; i++) values[i] = rp_bf16_to_f32(rp_le16(data + 2 * i));
}

static void widen_f16(float *values, const uint8_t *data, int64_t count) {
    for (int64_t i = 0; i < count; i++) values[i] = half_to_float(rp_le16(data + 2 * i));
}

/* What is read, with the loop that makes f32 of it. */
static const struct dtype {
    const char *name;
    size_t size;
    void (*widen)(float *values, const uint8_t *data, int64_t count);
} dtypes[] = {
    {"F32", 4, widen_f32}, {"F16", 2, widen_f16}, {"BF16", 2, widen_bf16}, {"F64", 8, widen_f64}};

static const struct dtype *find_dtype(const rp_json_value *tensor) {
    const rp_json_value *name = rp_json_member(tensor, "dtype");
    if (name == NULL || name->kind != RP_JSON_TEXT) return NULL;
    for (size_t i = 0; i < RP_COUNT(dtypes); i++)
        if (strcmp(dtypes[i].name, name->text) == 0) return &dtypes[i];
    return NULL;
}

/* Number of elements by the shape; -1 when there is none to be trusted. */
static int64_t shape_count(const rp_json_value *tensor) {
    const rp_json_value *shape = rp_json_member(tensor, "shape");
    if (shape == NULL || shape->kind != RP_JSON_ARRAY) return -1;
    double count = 1;
    for (const rp_json_value *axis = shape->first; axis != NULL; axis = axis->next) {
        if (axis->kind != RP_JSON_NUMBER || axis->number < 0 || axis->number > 1e12) return -1;
        count *= axis->number;
        if (count > 1e12) return -1;
    }
    return (int64_t)count;
}

/* Where a tensor's bytes lie; false unless they lie inside the data. */
static bool find_range(const rp_safetensors *file, const rp_json_value *tensor, size_t *begin,
                       size_t *size) {
    const rp_json_value *offsets = rp_json_member(tensor, "data_offsets");
    if (offsets == NULL || offsets->kind != RP_JSON_ARRAY) return false;
    const rp_json_value *from = offsets->first, *to = from != NULL ? from->next : NULL;
    if (to == NULL || !(from->number >= 0) || !(to->number >= from->number) ||
        !(to->number <= (double)file->data_size))
        return false;
    *begin = (size_t)from->number;
    *size = (size_t)to->number - *begin;
    return true;
}

static rp_status check_header(const rp_safetensors *file, rp_error *error) {
    if (file->header->kind != RP_JSON_OBJECT)
        return rp_fail(error, RP_INPUT, 8, "%s: not a safetensors file", file->path);
    for (const rp_json_value *t = file->header->first; t != NULL; t = t->next) {
        if (strcmp(t->key, "__metadata__") == 0) continue;
        size_t begin, size;
        if (!find_range(file, t, &begin, &size))
            return rp_fail(error, RP_INPUT, 8,
                           "%s: tensor %s lies outside the file, which is cut "
                           "short or damaged; fetch it again",
                           file->path, t->key);
        const struct dtype *dtype = find_dtype(t);
        const int64_t count = shape_count(t);
        if (count < 0 || (dtype != NULL && (size_t)count * dtype->size != size))
            return rp_fail(error, RP_INPUT, 8, "%s: tensor %s: its shape and size disagree",
                           file->path, t->key);
    }
    return RP_OK;
}

rp_status rp_safetensors_open(rp_safetensors *file, const char *path, rp_error *error) {
    *file = (rp_safetensors){.path = path, .arena = {.limit_bytes = (size_t)1 << 30}};
    RP_TRY(rp_mapped_file_open(&file->file, path, error));
    rp_bytes bytes = {.data = file->file.data, .size = file->file.size};
    const uint64_t header_size = rp_bytes_le64(&bytes);
    rp_status status = RP_OK;
    if (bytes.failed || header_size > rp_bytes_left(&bytes) || header_size > HEADER_BYTES_MAX)
        status = rp_fail(error, RP_INPUT, 0, "%s: not a safetensors file, or cut short", path);
    if (status == RP_OK) {
        const char *header = (const char *)rp_bytes_take(&bytes, (size_t)header_size);
        file->data = file->file.data + bytes.position;
        file->data_size = rp_bytes_left(&bytes);
        status =
            rp_json_read(&file->header, header, (size_t)header_size, &file->arena, path, error);
    }
    if (status == RP_OK) status = check_header(file, error);
    if (status != RP_OK) rp_safetensors_close(file);
    return status;
}

void rp_safetensors_close(rp_safetensors *file) {
    rp_mapped_file_close(&file->file);
    rp_arena_clear(&file->arena);
    *file = (rp_safetensors){0};
}

const char *rp_safetensors_metadata(const rp_safetensors *file, const char *key) {
    const rp_json_value *found = rp_json_member(rp_json_member(file->header, "__metadata__"), key);
    return found != NULL && found->kind == RP_JSON_TEXT ? found->text : NULL;
}

/* Weights may come from anywhere, and the loops take numbers only. */
static bool are_finite(const float *values, int64_t count) {
    const uint32_t exponent = 0x7f800000;
    uint32_t found = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        found |= (bits & exponent) == exponent;
    }
    return found == 0;
}

rp_status rp_safetensors_read(const rp_safetensors *file, const char *name, float *values,
                              int64_t count, rp_error *error) {
    const rp_json_value *tensor = rp_json_member(file->header, name);
    if (tensor == NULL)
        return rp_fail(error, RP_INPUT, -1, "%s: has no tensor %s: it is of another model",
                       file->path, name);
    const struct dtype *dtype = find_dtype(tensor);
    size_t begin, size;
    if (dtype == NULL || !find_range(file, tensor, &begin, &size))
        return rp_fail(error, RP_INPUT, -1, "%s: tensor %s is of a type that is not read",
                       file->path, name);
    if (shape_count(tensor) != count || size != (size_t)count * dtype->size)
        return rp_fail(error, RP_INPUT, -1,
                       "%s: tensor %s has %lld numbers, not %lld: it is of "
                       "another model",
                       file->path, name, (long long)shape_count(tensor), (long long)count);
    dtype->widen(values, file->data + begin, count);
    if (!are_finite(values, count))
        return rp_fail(error, RP_INPUT, -1, "%s: tensor %s holds what is no number", file->path,
                       name);
    return RP_OK;
}

rp_status rp_safetensors_read_parameters(const rp_safetensors *file, rp_parameters *parameters,
                                         bool may_lack, rp_error *error) {
    for (int i = 0; i < parameters->count; i++) {
        rp_parameter *row = &parameters->rows[i];
        if (may_lack && rp_json_member(file->header, row->name) == NULL) continue;
        RP_TRY(rp_safetensors_read(file, row->name, row->tensor.data, rp_tensor_count(&row->tensor),
                                   error));
    }
    return RP_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int64_t tensor_count(const rp_safetensor *tensor) {
    int64_t count = 1;
    for (int i = 0; i < tensor->dims; i++) count *= tensor->shape[i];
    return count;
}

static void write_header(rp_text *text, const rp_safetensor *tensors, size_t count,
                         const rp_metadata *metadata, size_t metadata_count, size_t size) {
    rp_json json = {.text = text};
    int64_t offset = 0;
    rp_json_object(&json, NULL);
    rp_json_object(&json, "__metadata__");
    for (size_t i = 0; i < metadata_count; i++)
        rp_json_text(&json, metadata[i].key, metadata[i].text);
    rp_json_end(&json);
    for (size_t i = 0; i < count; i++) {
        const int64_t bytes = tensor_count(&tensors[i]) * (int64_t)size;
        rp_json_object(&json, tensors[i].name);
        rp_json_text(&json, "dtype", size == 2 ? "F16" : "F32");
        rp_json_array(&json, "shape");
        for (int d = 0; d < tensors[i].dims; d++) rp_json_integer(&json, NULL, tensors[i].shape[d]);
        rp_json_end(&json);
        rp_json_array(&json, "data_offsets");
        rp_json_integer(&json, NULL, offset);
        rp_json_integer(&json, NULL, offset + bytes);
        rp_json_end(&json);
        rp_json_end(&json);
        offset += bytes;
    }
    rp_json_end(&json);
    while (text->length % 8 != 0 && !text->failed) rp_text_add_char(text, ' ');
}

enum { CHUNK = 4096 }; /* numbers turned into bytes at a time */

static void write_tensor(FILE *stream, const rp_safetensor *tensor, bool half) {
    const int64_t count = tensor_count(tensor);
    const size_t size = half ? 2 : 4;
    uint8_t bytes[CHUNK * 4];
    for (int64_t first = 0; first < count; first += CHUNK) {
        const int64_t chunk = count - first < CHUNK ? count - first : CHUNK;
        for (int64_t i = 0; i < chunk; i++) {
            uint32_t bits;
            memcpy(&bits, &tensor->values[first + i], sizeof bits);
            if (half) bits = float_to_half(tensor->values[first + i]);
            for (size_t k = 0; k < size; k++)
                bytes[(size_t)i * size + k] = (uint8_t)(bits >> 8 * k);
        }
        fwrite(bytes, size, (size_t)chunk, stream);
    }
}

rp_status rp_safetensors_write(const char *path, const rp_safetensor *tensors, size_t count,
                               const rp_metadata *metadata, size_t metadata_count, bool half,
                               rp_error *error) {
    rp_text header = {0};
    rp_new_file file;
    write_header(&header, tensors, count, metadata, metadata_count, half ? 2 : 4);
    if (header.failed) {
        rp_text_clear(&header);
        return rp_fail_memory(error, "the weights' header");
    }
    rp_status status = rp_new_file_open(&file, path, error);
    if (status == RP_OK) {
        uint8_t size[8];
        rp_put_le64(size, header.length);
        fwrite(size, 1, sizeof size, file.stream);
        fwrite(header.data, 1, header.length, file.stream);
        for (size_t i = 0; i < count; i++) write_tensor(file.stream, &tensors[i], half);
        status = rp_new_file_commit(&file, error);
    }
    rp_text_clear(&header);
    return status;
}
