/* device.c of the CPU: oneDNN's engine, working memory, and the loops for this machine's level. */
#include <omp.h>
#include <stdlib.h>

#include "base/cpu_level.h"
#include "base/large_block.h"
#include "tensor/cpu/cpu.h"

/* The loops once a level (see meson.build): the build renames each rp_cpu_install_*. */
#define RP_LEVEL(level, least)                             \
    void rp_cpu_install_decoder_##level(rp_device *);      \
    void rp_cpu_install_decoder_back_##level(rp_device *); \
    void rp_cpu_install_elementwise_##level(rp_device *);  \
    void rp_cpu_install_lstm_##level(rp_device *);         \
    void rp_cpu_install_norm_##level(rp_device *);         \
    void rp_cpu_install_pool_##level(rp_device *);         \
    void rp_cpu_install_rows_##level(rp_device *);         \
    void rp_cpu_install_simple_##level(rp_device *);       \
    void rp_cpu_install_window_##level(rp_device *);
#include "base/cpu_levels.def"
#undef RP_LEVEL

typedef struct level {
    const char *name;
    rp_cpu_level least; /* that the processor must have */
    void (*install[9])(rp_device *device);
} level;

static const level levels[] = {
/* best first */
#define RP_LEVEL(level, least)                                                               \
    {#level,                                                                                 \
     least,                                                                                  \
     {rp_cpu_install_decoder_##level, rp_cpu_install_decoder_back_##level,                   \
      rp_cpu_install_elementwise_##level, rp_cpu_install_lstm_##level,                       \
      rp_cpu_install_norm_##level, rp_cpu_install_pool_##level, rp_cpu_install_rows_##level, \
      rp_cpu_install_simple_##level, rp_cpu_install_window_##level}},
#include "base/cpu_levels.def"
#undef RP_LEVEL
};

void *rp_cpu_scratch_take(rp_device *device, rp_cpu_scratch purpose, size_t bytes) {
    rp_cpu_state *state = rp_cpu_state_of(device);
    if (bytes == 0) bytes = 64;
    if (state->scratch[purpose].size >= bytes) return state->scratch[purpose].data;
    free(state->scratch[purpose].data);
    const size_t size = (bytes + bytes / 8 + 4095) / 4096 * 4096; /* widths differ a little */
    state->scratch[purpose].data = rp_large_block_alloc(size);
    state->scratch[purpose].size = state->scratch[purpose].data != NULL ? size : 0;
    return state->scratch[purpose].data;
}

static void *allocate(rp_device *device, size_t bytes) {
    (void)device;
    return rp_large_block_alloc(bytes);
}

static void release(rp_device *device, void *data) {
    (void)device;
    free(data);
}

static void each(rp_device *device, int64_t count, rp_round round, void *context) {
#pragma omp parallel for schedule(dynamic) num_threads(device->threads)
    for (int64_t n = 0; n < count; n++) round(context, n);
}

static void destroy(rp_device *device) {
    rp_cpu_state *state = rp_cpu_state_of(device);
    if (state == NULL) return;
    if (state->primitives != NULL) rp_cpu_primitives_destroy(state);
    if (state->packed != NULL) rp_cpu_packed_destroy(state);
    for (int i = 0; i < RP_SCRATCH_COUNT; i++) free(state->scratch[i].data);
    if (state->stream != NULL) dnnl_stream_destroy(state->stream);
    if (state->engine != NULL) dnnl_engine_destroy(state->engine);
    free(state->primitives);
    free(state->packed);
    free(state);
}

static rp_cpu_state *state_create(void) {
    rp_cpu_state *state = calloc(1, sizeof *state);
    if (state == NULL) return NULL;
    state->primitives = rp_cpu_primitives_create();
    state->packed = rp_cpu_packed_create();
    if (state->primitives != NULL && state->packed != NULL) return state;
    free(state->primitives);
    free(state->packed);
    free(state);
    return NULL;
}

const char *rp_cpu_level_name(int index) {
    return index < (int)RP_COUNT(levels) ? levels[index].name : NULL;
}

bool rp_cpu_install_level(rp_device *device, int index) {
    if (levels[index].least > rp_cpu_level_find()) return false;
    for (size_t k = 0; k < RP_COUNT(levels[index].install); k++) levels[index].install[k](device);
    rp_cpu_install_onednn(device);
#if RP_HAVE_LEVELS
    if (levels[index].least == RP_CPU_V4 && rp_cpu_level_find() >= RP_CPU_V4_BF16)
        rp_cpu_install_convolutions(device);
#endif
    return true;
}

/* As many as asked, or one a processor; no more than OMP_THREAD_LIMIT lets us have. oneDNN divides
 * its work among the threads it was promised: given fewer, as a limit below or OMP_DYNAMIC would,
 * it leaves gradients of weights out or waits for ever. */
static unsigned threads_of(unsigned asked) {
    const unsigned limit = (unsigned)omp_get_thread_limit();
    const unsigned wanted = asked != 0 ? asked : (unsigned)omp_get_num_procs();
    return wanted < limit ? wanted : limit;
}

rp_status rp_device_create_cpu(rp_device **out, unsigned threads, rp_error *error) {
    RP_TRY(rp_device_create_ref(out, error));
    rp_device *device = *out;
    device->name = "cpu";
    device->allocate = allocate;
    device->release = release;
    device->each = each;
    device->destroy = destroy;
    device->threads = threads_of(threads);
    omp_set_dynamic(0);
    omp_set_num_threads((int)device->threads);
    rp_cpu_state *state = state_create();
    device->state = state;
    dnnl_status_t s = state == NULL ? dnnl_out_of_memory : dnnl_success;
    if (s == dnnl_success) s = dnnl_engine_create(&state->engine, dnnl_cpu, 0);
    if (s == dnnl_success)
        s = dnnl_stream_create(&state->stream, state->engine, dnnl_stream_default_flags);
    if (s != dnnl_success) {
        rp_device_destroy(device);
        *out = NULL;
        return rp_cpu_onednn_failed(s, "CPU engine", error);
    }
    for (int i = 0; !rp_cpu_install_level(device, i);) i++; /* the last one fits every machine */
    return RP_OK;
}
