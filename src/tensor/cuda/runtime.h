/* runtime.h: what the rows of the CUDA device stand on: memory, one stream, matrix products,
 * convolutions. Private to src/tensor/cuda.
 *
 * Two implementations: runtime.cu, product.cu and convolution_dnn.cu over the CUDA runtime, cuBLAS
 * and cuDNN, and tests/cuda over the host's memory and plain loops, so that every kernel of this
 * folder runs in the ordinary suite on a machine without a GPU
 * (docs/decisions/008-cuda-as-a-plug-in.md says what that proves and what not). */
#ifndef RP_TENSOR_CUDA_RUNTIME_H
#define RP_TENSOR_CUDA_RUNTIME_H

#include <stdint.h>

extern "C" {
#include "base/error.h"
#include "tensor/device.h"
}

/* Working memory that grows to the largest size ever asked and stays; one buffer a purpose. */
typedef enum rp_cuda_scratch {
    RP_CUDA_RESIDUAL, /* what a convolution is added to */
    RP_CUDA_REDUCE,   /* partial sums */
    RP_CUDA_CAST,     /* an upstream gradient in another type */
    RP_CUDA_COLUMNS,  /* patches of an image, side by side */
    RP_CUDA_WEIGHTS,  /* weights turned for a recurrence */
    RP_CUDA_STEPS,    /* of a sequence: what the steps need, and leave for products */
    RP_CUDA_STATES,   /* of an LSTM: the states before its steps */
    RP_CUDA_LIBRARY,  /* cuBLAS and cuDNN */
    RP_CUDA_SCRATCH_COUNT
} rp_cuda_scratch;

/* A parameter in the type of the activations, kept while device->weights_version stands. */
typedef struct rp_cuda_kept {
    const void *source;
    void *data;
    int64_t count;
    uint64_t version, used;
} rp_cuda_kept;

enum { RP_CUDA_KEPT_MAX = 256 };

typedef struct rp_cuda_state {
    void *stream, *blas, *dnn; /* of CUDA; NULL where there is none */
    struct {
        void *data;
        size_t size;
    } scratch[RP_CUDA_SCRATCH_COUNT];
    rp_cuda_kept kept[RP_CUDA_KEPT_MAX];
    int kept_count;
    uint64_t kept_clock;
    void *plans; /* of cuDNN, by shape */
    int error;   /* the first cudaError_t of a launch, 0: none */
} rp_cuda_state;

/* The plug-in's state, which the device keeps behind its own (plugin.h). */
rp_cuda_state *rp_cuda_state_of(rp_device *device);

/* Opens stream and libraries; `reads_host` as in plugin.h. RP_SYSTEM: what is missing. */
rp_status rp_cuda_runtime_begin(rp_cuda_state *state, bool *reads_host, rp_error *error);
void rp_cuda_runtime_end(rp_cuda_state *state);

/* ---- memory: managed, so that the host can read it once the stream has come to rest ---- */
void *rp_cuda_memory_take(size_t bytes); /* aligned to 64; NULL: none left */
void rp_cuda_memory_give(void *data);
void rp_cuda_memory_clear(rp_cuda_state *state, void *data, size_t bytes);
void rp_cuda_memory_copy(rp_cuda_state *state, void *to, const void *from, size_t bytes);

/* Waits for all that was begun. RP_SYSTEM: a kernel failed, now or before. */
rp_status rp_cuda_finish(rp_cuda_state *state, rp_error *error);

/* At least `bytes` of the purpose's buffer, contents undefined; NULL when memory ran out. */
void *rp_cuda_scratch_take(rp_device *device, rp_cuda_scratch purpose, size_t bytes);

/* ---- products ---- */

/* c (rows, columns) = a (rows, inner) b (inner, columns) [+ c], row-major; with transpose_a, _b the
 * stored matrix is (inner, rows), (columns, inner). Strides between stored rows; 0: no gaps. a and
 * b are of one type; sums are in f32 (for bf16 on tensor cores; f32 stays f32, never tf32). */
typedef struct rp_cuda_product {
    const void *a, *b;
    void *c;
    rp_dtype type, c_type; /* of a and b; of c */
    bool transpose_a, transpose_b, accumulate;
    int64_t rows, inner, columns;
    int64_t stride_a, stride_b, stride_c;
} rp_cuda_product;

rp_status rp_cuda_product_run(rp_device *device, const rp_cuda_product *product, rp_error *error);

/* ---- convolutions ---- */

typedef enum rp_cuda_direction { RP_CUDA_FORWARD, RP_CUDA_DATA, RP_CUDA_FILTER } rp_cuda_direction;

/* x (B, W, H, C), w (O, KW, KH, C) in the type of x, y (B, W', H', O). FORWARD makes y, DATA x,
 * FILTER w, which is then f32. RP_NO: the library has nothing for this shape; the caller makes
 * patches and a product of it (convolution.cu). */
typedef struct rp_cuda_convolution {
    rp_cuda_direction direction;
    rp_dtype type;
    int64_t x_shape[4], w_shape[4], y_shape[4];
    void *x, *w, *y;
    const rp_attr *attr;
} rp_cuda_convolution;

rp_status rp_cuda_convolution_run(rp_device *device, const rp_cuda_convolution *convolution,
                                  rp_error *error);

/* Ends the plans that the library keeps by shape. */
void rp_cuda_convolution_plans_end(rp_cuda_state *state);

#endif
