/* ref.h: the plain loops, one function a row of ops.def: what every other device is checked
 * against.
 *
 * They read numbers of any type as doubles, reckon in doubles, and write back in the type of the
 * output; nothing is blocked, fused or reordered, so that a loop can be read beside its formula. */
#ifndef RP_TENSOR_REF_REF_H
#define RP_TENSOR_REF_REF_H

#include "base/arena.h"
#include "tensor/ops.h"

#define RP_OP(name, ins, outs, f32, bf16, shapes, formula) \
    rp_status rp_ref_##name(rp_device *device, const rp_args *args, rp_error *error);
#include "tensor/ops.def"
#undef RP_OP

/* A copy of all numbers as doubles. NULL: no tensor, or no memory (arena->failed). */
double *rp_ref_load(rp_arena *arena, const rp_tensor *tensor);

/* `count` zeros. NULL: no memory. */
double *rp_ref_zeros(rp_arena *arena, int64_t count);

/* Writes all numbers of a tensor, rounded to its type. A NULL tensor takes nothing. */
void rp_ref_store(rp_tensor *tensor, const double *values);

/* The end of a kernel: frees the arena; RP_SYSTEM if its memory ran out. */
rp_status rp_ref_finish(rp_arena *arena, rp_error *error);

/* How many of sample b's positions count: lengths[b], or `all` without lengths. */
int64_t rp_ref_length(const rp_tensor *lengths, int64_t b, int64_t all);

/* Logistic function, without overflow for any x. */
double rp_ref_logistic(double x);

#endif
