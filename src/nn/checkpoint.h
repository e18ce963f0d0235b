/* checkpoint.h: a training run on disk: weights, state, both moments, the average, and the step.
 *
 * All randomness of a run is a function of (seed, step), so the step number is the random state: a
 * run that was killed and resumes ends with the same bits as one that was not. */
#ifndef RP_NN_CHECKPOINT_H
#define RP_NN_CHECKPOINT_H

#include "nn/safetensors.h"

/* Writes everything as f32 with `metadata` (the caller's: configuration, vocabulary) and "step". */
rp_status rp_checkpoint_write(const char *path, const rp_parameters *parameters, uint64_t step,
                              const rp_metadata *metadata, size_t metadata_count, rp_error *error);

/* Reads it back into planned parameters of the same network. */
rp_status rp_checkpoint_read(rp_parameters *parameters, uint64_t *step, const char *path,
                             rp_error *error);

/* Writes the weights for use, as f16 or f32: the average where there is one, and the state. */
rp_status rp_checkpoint_ship(const char *path, const rp_parameters *parameters, bool use_average,
                             bool half, const rp_metadata *metadata, size_t metadata_count,
                             rp_error *error);

#endif
