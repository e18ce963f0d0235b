/* safetensors.h: named tensors in a file (github.com/huggingface/safetensors, format of 2023).
 *
 *     u64 little-endian     n, the size of the header
 *     n bytes               JSON: {"__metadata__": {"key": "text", ...},
 *                                  "name": {"dtype": "F32", "shape": [2, 3],
 *                                           "data_offsets": [begin, end]}, ...}
 *     the rest              data; offsets count from here; no gaps, no overlaps
 *
 * Read: F32, F16, BF16 and F64 as f32. Written: F32 or F16. */
#ifndef RP_NN_SAFETENSORS_H
#define RP_NN_SAFETENSORS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json_reader.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "nn/parameters.h"

typedef struct rp_safetensors {
    rp_mapped_file file; /* owned */
    rp_arena arena;
    const char *path; /* borrowed */
    const rp_json_value *header;
    const uint8_t *data;
    size_t data_size;
} rp_safetensors;

/* Opens and checks the header: every offset lies inside the file. RP_INPUT: not a safetensors file,
 * cut short, or hostile. */
rp_status rp_safetensors_open(rp_safetensors *file, const char *path, rp_error *error);
void rp_safetensors_close(rp_safetensors *file);

/* A text of the metadata, or NULL. */
const char *rp_safetensors_metadata(const rp_safetensors *file, const char *key);

/* Reads tensor `name` of exactly `count` numbers into `values`. RP_INPUT: it is missing, of another
 * size or of a type that is not read, or holds an infinity or NaN. */
rp_status rp_safetensors_read(const rp_safetensors *file, const char *name, float *values,
                              int64_t count, rp_error *error);

/* Reads every row of `parameters`. With `may_lack`, rows that the file does not have keep the
 * values they start with. */
rp_status rp_safetensors_read_parameters(const rp_safetensors *file, rp_parameters *parameters,
                                         bool may_lack, rp_error *error);

/* One tensor to write. */
typedef struct rp_safetensor {
    const char *name;
    int dims;
    const int64_t *shape;
    const float *values;
} rp_safetensor;

typedef struct rp_metadata {
    const char *key, *text;
} rp_metadata;

/* Writes a whole file, aside and renamed. `half`: as F16. */
rp_status rp_safetensors_write(const char *path, const rp_safetensor *tensors, size_t count,
                               const rp_metadata *metadata, size_t metadata_count, bool half,
                               rp_error *error);

#endif
