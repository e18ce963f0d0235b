/* checkpoint.c: see checkpoint.h. */
#include "nn/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The blocks beside the values, as tensors of one axis. */
enum { BLOCKS = 3 };
static const char *const block_names[BLOCKS] = {"optimiser.moment1", "optimiser.moment2",
                                                "optimiser.average"};

static void get_blocks(float *blocks[BLOCKS], const rp_parameters *parameters) {
    blocks[0] = parameters->moment1;
    blocks[1] = parameters->moment2;
    blocks[2] = parameters->average;
}

/* The rows as tensors; those of `average` for the trained ones, if given. */
static rp_safetensor *list_rows(const rp_parameters *parameters, const float *average) {
    rp_safetensor *tensors = calloc((size_t)parameters->count + BLOCKS, sizeof *tensors);
    for (int i = 0; tensors != NULL && i < parameters->count; i++) {
        const rp_parameter *row = &parameters->rows[i];
        tensors[i] = (rp_safetensor){
            .name = row->name,
            .dims = row->dims,
            .shape = row->shape,
            .values = average != NULL && row->trained ? average + row->offset : row->tensor.data};
    }
    return tensors;
}

rp_status rp_checkpoint_write(const char *path, const rp_parameters *parameters, uint64_t step,
                              const rp_metadata *metadata, size_t metadata_count, rp_error *error) {
    rp_safetensor *tensors = list_rows(parameters, NULL);
    rp_metadata *all = calloc(metadata_count + 1, sizeof *all);
    char number[32];
    float *blocks[BLOCKS];
    rp_status status = RP_OK;
    if (tensors == NULL || all == NULL) {
        status = rp_fail_memory(error, "a checkpoint");
        goto done;
    }
    get_blocks(blocks, parameters);
    for (int i = 0; i < BLOCKS; i++)
        tensors[parameters->count + i] = (rp_safetensor){.name = block_names[i],
                                                         .dims = 1,
                                                         .shape = &parameters->trained_count,
                                                         .values = blocks[i]};
    snprintf(number, sizeof number, "%" PRIu64, step);
    for (size_t i = 0; i < metadata_count; i++) all[i] = metadata[i];
    all[metadata_count] = (rp_metadata){"step", number};
    status = rp_safetensors_write(path, tensors, (size_t)parameters->count + BLOCKS, all,
                                  metadata_count + 1, false, error);
done:
    free(tensors);
    free(all);
    return status;
}

rp_status rp_checkpoint_read(rp_parameters *parameters, uint64_t *step, const char *path,
                             rp_error *error) {
    rp_safetensors file;
    float *blocks[BLOCKS];
    RP_TRY(rp_safetensors_open(&file, path, error));
    const char *number = rp_safetensors_metadata(&file, "step");
    rp_status status = RP_OK;
    if (number == NULL)
        status = rp_fail(error, RP_INPUT, -1, "%s: is not a checkpoint of a run", path);
    if (status == RP_OK) status = rp_safetensors_read_parameters(&file, parameters, false, error);
    get_blocks(blocks, parameters);
    for (int i = 0; status == RP_OK && i < BLOCKS; i++)
        status =
            rp_safetensors_read(&file, block_names[i], blocks[i], parameters->trained_count, error);
    if (status == RP_OK) *step = strtoull(number, NULL, 10);
    rp_safetensors_close(&file);
    return status;
}

rp_status rp_checkpoint_ship(const char *path, const rp_parameters *parameters, bool use_average,
                             bool half, const rp_metadata *metadata, size_t metadata_count,
                             rp_error *error) {
    rp_safetensor *tensors = list_rows(parameters, use_average ? parameters->average : NULL);
    if (tensors == NULL) return rp_fail_memory(error, "the weights");
    const rp_status status = rp_safetensors_write(path, tensors, (size_t)parameters->count,
                                                  metadata, metadata_count, half, error);
    free(tensors);
    return status;
}
