/* ops.h: operations as a device sees them: one signature, one table, one name each.
 *
 * The rows stand in ops.def; each yields a member of enum rp_op, a pointer in struct rp_ops, a name
 * in traces and a case in the test driver (tests/ops). `ref/` holds every row in plain loops and is
 * the truth; other devices override what they make faster. */
#ifndef RP_TENSOR_OPS_H
#define RP_TENSOR_OPS_H

#include "base/error.h"
#include "tensor/tensor.h"

typedef enum rp_op {
#define RP_OP(name, ins, outs, f32, bf16, shapes, formula) RP_OP_##name,
#include "tensor/ops.def"
#undef RP_OP
    RP_OP_COUNT
} rp_op;

enum { RP_INS_MAX = 17, RP_OUTS_MAX = 9 };

/* What an operation takes beside tensors; a row's formula says which members it reads. */
typedef struct rp_attr {
    double alpha, beta, eps, rate, decay[2];
    uint64_t seed, stream, count;
    int32_t stride[2], kernel[2], pad[4];
    bool transpose_a, transpose_b, relu, training, biased, raised;
} rp_attr;

typedef struct rp_args {
    const rp_tensor *in[RP_INS_MAX];
    rp_tensor *out[RP_OUTS_MAX]; /* shaped and allocated by the caller */
    rp_attr attr;
} rp_args;

typedef struct rp_device rp_device;

/* Computes the row. Shapes are the caller's promise (asserted). Fails only with RP_SYSTEM. */
typedef rp_status (*rp_kernel)(rp_device *device, const rp_args *args, rp_error *error);

typedef struct rp_ops {
#define RP_OP(name, ins, outs, f32, bf16, shapes, formula) rp_kernel name;
#include "tensor/ops.def"
#undef RP_OP
} rp_ops;

typedef struct rp_op_row {
    const char *name, *shapes, *formula;
    int ins, outs;
    double tolerance_f32, tolerance_bf16;
    size_t offset; /* of the kernel in struct rp_ops */
} rp_op_row;

/* Row `op` of the table. */
const rp_op_row *rp_op_find(rp_op op);

/* The complete plain loops: any type, sums in double. */
extern const rp_ops rp_ref_ops;

#endif
