/* parameters.c: see parameters.h. */
#include "nn/parameters.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/large_block.h"
#include "base/random.h"

int rp_parameters_add(rp_parameters *parameters, const char *name, rp_init init, bool trained,
                      int dims, const int64_t *shape) {
    assert(parameters->values == NULL);
    if (parameters->status != RP_OK) return 0;
    if (parameters->count == parameters->capacity) {
        const int capacity = parameters->capacity == 0 ? 64 : parameters->capacity * 2;
        rp_parameter *rows = realloc(parameters->rows, (size_t)capacity * sizeof *rows);
        if (rows == NULL) {
            parameters->status = RP_SYSTEM;
            return 0;
        }
        parameters->rows = rows;
        parameters->capacity = capacity;
    }
    rp_parameter row = {.dims = dims, .init = init, .trained = trained, .shape = {1, 1, 1, 1}};
    if (snprintf(row.name, sizeof row.name, "%s", name) >= (int)sizeof row.name)
        parameters->status = RP_USAGE;
    int64_t count = 1;
    for (int i = 0; i < dims; i++) count *= row.shape[i] = shape[i];
    int64_t *total = trained ? &parameters->trained_count : &parameters->state_count;
    row.offset = *total;
    *total += count;
    parameters->rows[parameters->count] = row;
    return parameters->count++;
}

/* ---- initial values -------------------------------------------------------------------------- */

/* Square blocks of `size` rows, each made orthogonal by Gram and Schmidt in double, twice over. */
static void fill_orthogonal(float *values, int64_t rows, int64_t size, rp_random *random) {
    for (int64_t i = 0; i < rows * size; i++) values[i] = (float)rp_random_normal(random);
    for (int64_t r = 0; r < rows; r++) {
        float *row = values + r * size;
        for (int pass = 0; pass < 2; pass++) {
            for (int64_t p = r / size * size; p < r; p++) {
                double product = 0;
                for (int64_t k = 0; k < size; k++) product += (double)row[k] * values[p * size + k];
                for (int64_t k = 0; k < size; k++)
                    row[k] -= (float)(product * values[p * size + k]);
            }
        }
        double square = 0;
        for (int64_t k = 0; k < size; k++) square += (double)row[k] * row[k];
        const float scale = (float)(1 / sqrt(square));
        for (int64_t k = 0; k < size; k++) row[k] *= scale;
    }
}

static void fill_uniform(float *values, int64_t count, double bound, rp_random *random) {
    for (int64_t i = 0; i < count; i++) values[i] = (float)rp_random_between(random, -bound, bound);
}

static void fill(const rp_parameter *row, float *values, rp_random *random) {
    const int64_t count = rp_tensor_count(&row->tensor), last = row->shape[row->dims - 1];
    const double fan_in = (double)count / (double)row->shape[0];
    const double fan_out = (double)row->shape[0] * (fan_in / (double)last);
    switch (row->init) {
        case RP_INIT_ZEROS: break;
        case RP_INIT_ONES:
            for (int64_t i = 0; i < count; i++) values[i] = 1;
            break;
        case RP_INIT_UNIFORM: fill_uniform(values, count, row->scale, random); break;
        case RP_INIT_GLOROT:
            fill_uniform(values, count, sqrt(6 / (fan_in + fan_out)), random);
            break;
        case RP_INIT_HE:
            for (int64_t i = 0; i < count; i++)
                values[i] = (float)(sqrt(2 / fan_in) * rp_random_normal(random));
            break;
        case RP_INIT_ORTHOGONAL: fill_orthogonal(values, count / last, last, random); break;
        case RP_INIT_LSTM_BIAS:
            for (int64_t i = 0; i < count; i++) values[i] = i % last / (last / 4) == 1;
            break;
    }
}

static float *new_block(int64_t count) {
    const size_t bytes = ((size_t)count * sizeof(float) + 63) / 64 * 64 + 64;
    float *block = rp_large_block_alloc(bytes);
    if (block != NULL) memset(block, 0, bytes);
    return block;
}

rp_status rp_parameters_plan(rp_parameters *parameters, uint64_t seed, bool training,
                             rp_error *error) {
    if (parameters->status == RP_USAGE)
        return rp_fail(error, RP_USAGE, -1, "a parameter's name is too long");
    const int64_t trained = parameters->trained_count;
    bool complete = parameters->status == RP_OK;
    parameters->values = new_block(trained + parameters->state_count);
    float **blocks[] = {&parameters->gradients, &parameters->moment1, &parameters->moment2,
                        &parameters->average};
    for (size_t i = 0; training && i < RP_COUNT(blocks); i++) {
        *blocks[i] = new_block(trained);
        complete = complete && *blocks[i] != NULL;
    }
    if (!complete || parameters->values == NULL)
        return rp_fail_memory(error, "the network's weights");
    for (int i = 0; i < parameters->count; i++) {
        rp_parameter *row = &parameters->rows[i];
        float *values = parameters->values + (row->trained ? 0 : trained) + row->offset;
        row->tensor = rp_tensor_over(values, RP_F32, row->dims, row->shape);
        rp_random random = rp_random_make(seed, (uint64_t)i);
        fill(row, values, &random);
        if (!training || !row->trained) continue;
        row->gradient =
            rp_tensor_over(parameters->gradients + row->offset, RP_F32, row->dims, row->shape);
        row->tensor.grad = &row->gradient;
        row->tensor.needs_grad = true;
    }
    if (training) memcpy(parameters->average, parameters->values, (size_t)trained * sizeof(float));
    return RP_OK;
}

/* Points every row at the blocks as they lie. */
static void point_rows(rp_parameters *parameters, bool training) {
    for (int i = 0; i < parameters->count; i++) {
        rp_parameter *row = &parameters->rows[i];
        row->tensor.data =
            parameters->values + (row->trained ? 0 : parameters->trained_count) + row->offset;
        if (training && row->trained) row->gradient.data = parameters->gradients + row->offset;
    }
}

rp_status rp_parameters_move(rp_parameters *parameters, rp_device *device, rp_error *error) {
    const int64_t trained = parameters->trained_count;
    float **const blocks[] = {&parameters->values, &parameters->gradients, &parameters->moment1,
                              &parameters->moment2, &parameters->average};
    float *moved[RP_COUNT(blocks)] = {NULL};
    if (!device->has_own_memory) return RP_OK;
    assert(parameters->device == NULL);
    for (size_t i = 0; i < RP_COUNT(blocks); i++) {
        if (*blocks[i] == NULL) continue;
        const int64_t count = trained + (i == 0 ? parameters->state_count : 0);
        moved[i] = device->allocate(device, ((size_t)count + 16) * sizeof(float));
        if (moved[i] == NULL) {
            for (size_t k = 0; k < i; k++) device->release(device, moved[k]);
            return rp_fail_memory(error, "the network's weights");
        }
        device->copy(device, moved[i], *blocks[i], (size_t)count * sizeof(float));
    }
    RP_TRY(rp_device_finish(device, error));
    for (size_t i = 0; i < RP_COUNT(blocks); i++) {
        free(*blocks[i]);
        *blocks[i] = moved[i];
    }
    parameters->device = device;
    point_rows(parameters, parameters->gradients != NULL);
    return RP_OK;
}

rp_parameter *rp_parameters_find(const rp_parameters *parameters, const char *name) {
    for (int i = 0; i < parameters->count; i++)
        if (strcmp(parameters->rows[i].name, name) == 0) return &parameters->rows[i];
    return NULL;
}

void rp_parameters_zero_gradients(rp_parameters *parameters) {
    const size_t bytes = (size_t)parameters->trained_count * sizeof(float);
    if (parameters->device == NULL) memset(parameters->gradients, 0, bytes);
    else parameters->device->clear(parameters->device, parameters->gradients, bytes);
}

void rp_parameters_clear(rp_parameters *parameters) {
    float *const blocks[] = {parameters->values, parameters->gradients, parameters->moment1,
                             parameters->moment2, parameters->average};
    for (size_t i = 0; i < RP_COUNT(blocks); i++) {
        if (parameters->device == NULL) free(blocks[i]);
        else parameters->device->release(parameters->device, blocks[i]);
    }
    free(parameters->rows);
    *parameters = (rp_parameters){0};
}
