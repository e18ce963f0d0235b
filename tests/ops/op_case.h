/* op_case.h: one row of the table of operations with inputs to run it on.
 *
 * A maker (one a row, in make_*.c) draws shapes, attributes and what each slot holds; op_case_build
 * turns that into tensors of a given type. The same (row, seed, size) gives the same case. */
#ifndef RP_TESTS_OPS_OP_CASE_H
#define RP_TESTS_OPS_OP_CASE_H

#include "base/arena.h"
#include "base/random.h"
#include "tensor/device.h"

typedef enum slot_kind {
    SLOT_NULL,       /* an optional slot left empty */
    SLOT_ACTIVATION, /* of the type of the run */
    SLOT_PARAMETER,  /* f32, f64 in a run in f64 */
    SLOT_INTEGER     /* i32 */
} slot_kind;

typedef enum slot_fill {
    FILL_NORMAL,   /* deviation 1 */
    FILL_SMALL,    /* deviation 0.3: weights */
    FILL_POSITIVE, /* 0.5 .. 2.5 */
    FILL_UNIT,     /* 0 .. 1 */
    FILL_AWAY,     /* 0.1 or more away from 0: for what has a kink there */
    FILL_ZERO,
    FILL_BELOW,   /* integers 0 .. bound - 1 */
    FILL_IDS,     /* as FILL_BELOW, one in five -1 */
    FILL_ENDING,  /* as FILL_BELOW; rows end early with -1, the first does not */
    FILL_LENGTHS, /* 1 .. bound; the first is bound */
    FILL_DERIVED  /* made by `derive` from the other slots */
} slot_fill;

typedef struct slot {
    slot_kind kind;
    slot_fill fill;
    int dims;
    int64_t shape[RP_DIMS_MAX];
    int64_t bound;
    bool is_differentiated; /* the row has a gradient for it */
} slot;

/* 0 (at most 4 along an axis) and 1: with gradients, .. 4: without, LARGE: for the time. */
enum { SIZE_SMALL, SIZE_FORWARD = 2, SIZE_COUNT = 5, SIZE_LARGE };

typedef struct op_case {
    rp_op op;
    uint64_t seed;
    int size;
    rp_random random;
    slot in[RP_INS_MAX], out[RP_OUTS_MAX]; /* an output with FILL_DERIVED is read and updated */
    rp_attr attr;
    double flops; /* floating-point operations, 0: not worth counting */
} op_case;

/* A row's way to a case. `derive` (or NULL) fills the slots with FILL_DERIVED. */
typedef struct op_maker {
    void (*make)(op_case *c);
    void (*derive)(const op_case *c, const rp_args *args, rp_arena *arena);
} op_maker;

extern const op_maker op_makers_simple[RP_OP_COUNT], op_makers_image[RP_OP_COUNT],
    op_makers_sequence[RP_OP_COUNT];

/* Tensors of one case: args point into `tensors`; every block has a canary before and behind. */
typedef struct op_built {
    rp_args args;
    rp_tensor tensors[RP_INS_MAX + RP_OUTS_MAX];
    rp_arena arena;
} op_built;

const op_maker *op_maker_find(rp_op op);
op_case op_case_make(rp_op op, uint64_t seed, int size);

/* Makes all tensors: activations in `dtype`; inputs filled, outputs NaN (or their start values).
 * `round_bf16`: numbers are rounded to bf16 whatever the type. Derived slots by the plain loops. */
void op_case_build(op_built *built, const op_case *c, rp_dtype dtype, bool round_bf16);
/* The inputs and start values of `from` in new tensors with activations of `dtype`. */
void op_case_copy(op_built *built, const op_case *c, const op_built *from, rp_dtype dtype);
void op_built_clear(op_built *built);
/* Name of the first slot whose canary was overwritten, or NULL. */
const char *op_built_damage(const op_built *built, const op_case *c);

/* ---- for makers ---- */

/* An extent: 1 .. limit drawn at random (at most 4 for gradients); `large` when timing. */
int64_t op_extent(op_case *c, int64_t limit, int64_t large);
/* One in `chance`, but never when timing. */
bool op_is_rare(op_case *c, uint32_t chance);
slot op_activation(int dims, const int64_t *shape, slot_fill fill);
slot op_parameter(int dims, const int64_t *shape, slot_fill fill);
slot op_integers(int dims, const int64_t *shape, slot_fill fill, int64_t bound);
slot op_differentiated(slot s);

#endif
