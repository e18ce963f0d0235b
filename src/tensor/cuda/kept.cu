/* kept.cu: the state that the rows share: working memory, parameters in the type of the
 * activations, and the table that the plug-in hands over. */
#include <stdlib.h>

#include "tensor/cuda/numbers.h"

extern "C" {
#include "tensor/cuda/plugin.h"
}

rp_cuda_state *rp_cuda_state_of(rp_device *device) {
    return (rp_cuda_state *)((rp_cuda_device *)device->state)->plugin.state;
}

rp_status rp_cuda_launched(rp_device *device, rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    return state->error == 0 ? RP_OK : rp_cuda_finish(state, error);
}

void *rp_cuda_scratch_take(rp_device *device, rp_cuda_scratch purpose, size_t bytes) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    if (bytes == 0) bytes = 64;
    if (state->scratch[purpose].size >= bytes) return state->scratch[purpose].data;
    /* Kernels that still read the old block end first: the memory is given back at once. */
    if (rp_cuda_finish(state, NULL) != RP_OK) return NULL;
    rp_cuda_memory_give(state->scratch[purpose].data);
    const size_t size = (bytes + bytes / 8 + 4095) / 4096 * 4096; /* widths differ a little */
    state->scratch[purpose].data = rp_cuda_memory_take(size);
    state->scratch[purpose].size = state->scratch[purpose].data != NULL ? size : 0;
    return state->scratch[purpose].data;
}

/* ---- parameters in another type -------------------------------------------------------------- */

/* The slot of `w`, old or new; a full table gives up the slot unused the longest. */
static rp_cuda_kept *kept_slot(rp_cuda_state *state, const rp_tensor *w) {
    const int64_t count = rp_tensor_count(w);
    rp_cuda_kept *oldest = &state->kept[0];
    for (int i = 0; i < state->kept_count; i++) {
        rp_cuda_kept *slot = &state->kept[i];
        if (slot->source == w->data && slot->count == count) return slot;
        if (slot->used < oldest->used) oldest = slot;
    }
    if (state->kept_count < RP_CUDA_KEPT_MAX) oldest = &state->kept[state->kept_count++];
    else if (rp_cuda_finish(state, NULL) == RP_OK) rp_cuda_memory_give(oldest->data);
    *oldest =
        rp_cuda_kept{w->data, rp_cuda_memory_take((size_t)count * sizeof(rp_half)), count, 0, 0};
    return oldest;
}

const void *rp_cuda_parameter(rp_device *device, const rp_tensor *w, rp_dtype type) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    if (w->dtype == type) return w->data;
    rp_cuda_kept *slot = kept_slot(state, w);
    /* Version 0: nobody says when parameters change. A tape's tensor is another every round. */
    const bool is_fresh =
        device->weights_version != 0 && !w->is_owned && slot->version == device->weights_version;
    slot->used = ++state->kept_clock;
    if (slot->data == NULL || is_fresh) return slot->data;
    slot->version = device->weights_version;
    rp_cuda_cast_run(state, rp_view{slot->data, type == RP_BF16}, rp_view_of(w), slot->count);
    return slot->data;
}

/* ---- the plug-in ------------------------------------------------------------------------------
 */

static void clear(void *state, void *data, size_t bytes) {
    rp_cuda_memory_clear((rp_cuda_state *)state, data, bytes);
}

static void copy(void *state, void *to, const void *from, size_t bytes) {
    rp_cuda_memory_copy((rp_cuda_state *)state, to, from, bytes);
}

static rp_status finish(void *state, rp_error *error) {
    return rp_cuda_finish((rp_cuda_state *)state, error);
}

static void destroy(void *pointer) {
    rp_cuda_state *state = (rp_cuda_state *)pointer;
    if (state == NULL) return;
    rp_cuda_finish(state, NULL);
    for (int i = 0; i < RP_CUDA_SCRATCH_COUNT; i++) rp_cuda_memory_give(state->scratch[i].data);
    for (int i = 0; i < state->kept_count; i++) rp_cuda_memory_give(state->kept[i].data);
    rp_cuda_runtime_end(state);
    free(state);
}

rp_status rp_cuda_plugin_open(rp_cuda_plugin *plugin, int version, rp_error *error) {
    *plugin = rp_cuda_plugin{};
    if (version != RP_CUDA_PLUGIN_VERSION)
        return rp_fail(error, RP_SYSTEM, -1,
                       "the CUDA library is of another build (version %d, not %d); install again",
                       RP_CUDA_PLUGIN_VERSION, version);
    rp_cuda_state *state = (rp_cuda_state *)calloc(1, sizeof *state);
    if (state == NULL) return rp_fail_memory(error, "the CUDA device");
    const rp_status status = rp_cuda_runtime_begin(state, &plugin->reads_host, error);
    if (status != RP_OK) {
        free(state);
        return status;
    }
#define RP_OP(name, ins, outs, f32, bf16, shapes, formula) plugin->ops.name = rp_cuda_##name;
#include "tensor/ops.def"
#undef RP_OP
    plugin->state = state;
    plugin->allocate = rp_cuda_memory_take;
    plugin->release = rp_cuda_memory_give;
    plugin->clear = clear;
    plugin->copy = copy;
    plugin->finish = finish;
    plugin->destroy = destroy;
    return RP_OK;
}
