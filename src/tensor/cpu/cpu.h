/* cpu.h: what the files of the CPU device share. Private to src/tensor/cpu.
 *
 * Threads are OpenMP's, not base/pool's: oneDNN brings its own OpenMP team, and two teams on the
 * same cores would spin against each other (docs/decisions/006-openmp-in-cpu.md).
 *
 * Loops are compiled once for each level of x86-64 (see meson.build); the device installs the best
 * level this machine has. A loop file exports one rp_cpu_install_* and nothing else. */
#ifndef RP_TENSOR_CPU_CPU_H
#define RP_TENSOR_CPU_CPU_H

#include <dnnl.h>

#include "tensor/device.h"

/* Working memory that grows to the largest size ever asked and stays; one buffer a purpose, so that
 * kernels that call one another do not collide. */
typedef enum rp_cpu_scratch {
    RP_SCRATCH_ONEDNN,
    RP_SCRATCH_NORM,
    RP_SCRATCH_LSTM,
    RP_SCRATCH_DECODER,
    RP_SCRATCH_LOSS,
    RP_SCRATCH_CONVOLUTION,
    RP_SCRATCH_COUNT
} rp_cpu_scratch;

typedef struct rp_cpu_primitive rp_cpu_primitive;
typedef struct rp_cpu_packed rp_cpu_packed;

enum { RP_CPU_PRIMITIVES_MAX = 1024, RP_CPU_PACKED_MAX = 256 };

typedef struct rp_cpu_state {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    rp_cpu_primitive *primitives; /* RP_CPU_PRIMITIVES_MAX slots, open addressing */
    int primitive_count;
    rp_cpu_packed *packed; /* RP_CPU_PACKED_MAX slots */
    int packed_count;
    uint64_t packed_clock; /* counts askings, see packed.c */
    struct {
        void *data;
        size_t size;
    } scratch[RP_SCRATCH_COUNT];
    rp_ops next; /* what convolution.c hands on to */
} rp_cpu_state;

static inline rp_cpu_state *rp_cpu_state_of(rp_device *device) { return device->state; }

/* At least `bytes` of the purpose's buffer, contents undefined; NULL when memory ran out. */
void *rp_cpu_scratch_take(rp_device *device, rp_cpu_scratch purpose, size_t bytes);

/* Name of a level, best first; NULL past the last. */
const char *rp_cpu_level_name(int index);
/* Puts into the device what machines of this level run: its loops and the products, with those of
 * convolution.h where it is the highest. False: this machine cannot run them. The device has the
 * best one already; tests ask for the others. */
bool rp_cpu_install_level(rp_device *device, int index);

/* ---- packed copies of parameters (packed.c) ---- */

/* Columns of a panel: two AVX-512 registers of floats. */
enum { RP_PANEL = 32 };

/* The transpose of w (rows, columns) as panels for rp_cpu_gemm: panel p holds for each column c of
 * w the values w[32 p .. 32 p + 31][c], rows beyond the last as 0. Only columns first .. first +
 * count are taken. Kept while device->weights_version stands (version 0: packed anew every time).
 */
const float *rp_cpu_pack_transposed(rp_device *device, const rp_tensor *w, int64_t first,
                                    int64_t count);

/* w (rows, columns) itself as panels: panel p holds for each row r the values
 * w[r][first + 32 p .. + 31]. */
const float *rp_cpu_pack_plain(rp_device *device, const rp_tensor *w, int64_t first, int64_t count);

/* Space of `count` floats for something made from the parameter w (a product with another one,
 * say), kept as long as packed copies are. `use` tells apart what is made from the same parameter.
 * `is_fresh`: it holds what was made for this version; if not, the caller fills it. */
float *rp_cpu_pack_space(rp_device *device, const rp_tensor *w, int64_t count, int use,
                         bool *is_fresh);

/* A slot for a oneDNN memory in the layout `md`, filled from w's plain layout `plain`. */
rp_status rp_cpu_pack_onednn(rp_device *device, const rp_tensor *w, const dnnl_memory_desc_t *plain,
                             const dnnl_memory_desc_t *md, dnnl_memory_t *out, rp_error *error);

rp_cpu_packed *rp_cpu_packed_create(void); /* the empty table; NULL: no memory */
void rp_cpu_packed_destroy(rp_cpu_state *state);

/* ---- oneDNN (onednn.c) ---- */
void rp_cpu_install_onednn(rp_device *device);
rp_cpu_primitive *rp_cpu_primitives_create(void); /* the empty table; NULL: no memory */
void rp_cpu_primitives_destroy(rp_cpu_state *state);
rp_status rp_cpu_onednn_failed(dnnl_status_t status, const char *what, rp_error *error);

/* ---- convolutions ---- */

/* Of y (B, W, H, C), columns of an image behind its length (i32 (B)) become 0. */
void rp_cpu_clear_behind(const rp_tensor *y, const rp_tensor *lengths);

/* Puts the ways of convolution.h before those that the device has. Needs RP_CPU_V4_BF16; not in
 * builds for other machines than x86-64. */
void rp_cpu_install_convolutions(rp_device *device);

#endif
