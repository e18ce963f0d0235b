/* packed.c: parameters in the order in which the inner loops read them, kept until they change.
 *
 * Alternatives refused: packing inside every call costs as much as a product at small batches;
 * packing at load time ties the model to the device. */
#include <stdlib.h>

#include "tensor/cpu/cpu.h"

typedef enum packing { PACK_TRANSPOSED, PACK_PLAIN, PACK_SPACE, PACK_ONEDNN } packing;

struct rp_cpu_packed {
    const void *source; /* data of the parameter: what the slot is known by */
    packing kind;
    int64_t first, count, rows;
    dnnl_memory_desc_t md, plain; /* PACK_ONEDNN; a square w and w' differ in `plain` alone */
    dnnl_memory_t memory;         /* PACK_ONEDNN */
    float *panels;                /* the others */
    uint64_t version;
    uint64_t used; /* when last asked for: a full table gives up the slot unused the longest */
};

static bool is_same(const rp_cpu_packed *a, const rp_cpu_packed *b) {
    if (a->source != b->source || a->kind != b->kind) return false;
    if (a->kind == PACK_ONEDNN)
        return dnnl_memory_desc_equal(&a->md, &b->md) &&
               dnnl_memory_desc_equal(&a->plain, &b->plain);
    return a->first == b->first && a->count == b->count && a->rows == b->rows;
}

static void slot_clear(rp_cpu_packed *slot) {
    if (slot->memory != NULL) dnnl_memory_destroy(slot->memory);
    free(slot->panels);
    *slot = (rp_cpu_packed){0};
}

rp_cpu_packed *rp_cpu_packed_create(void) {
    return calloc(RP_CPU_PACKED_MAX, sizeof(rp_cpu_packed));
}

void rp_cpu_packed_destroy(rp_cpu_state *state) {
    for (int i = 0; i < state->packed_count; i++) slot_clear(&state->packed[i]);
    state->packed_count = 0;
}

/* An empty slot. A kernel holds several packed parameters at a time, so a full table gives up one
 * slot only, and of all the one that was not asked for the longest. */
static rp_cpu_packed *slot_empty(rp_cpu_state *state) {
    if (state->packed_count < RP_CPU_PACKED_MAX) return &state->packed[state->packed_count++];
    rp_cpu_packed *oldest = &state->packed[0];
    for (int i = 1; i < state->packed_count; i++)
        if (state->packed[i].used < oldest->used) oldest = &state->packed[i];
    slot_clear(oldest);
    return oldest;
}

/* The slot that is as `key`, old or new; `is_fresh` if it holds this version of the parameter. Else
 * it holds none until whoever fills it has done so. */
static rp_cpu_packed *slot_find(rp_device *device, const rp_cpu_packed *key, const rp_tensor *w,
                                bool *is_fresh) {
    rp_cpu_state *state = rp_cpu_state_of(device);
    for (int i = 0; i < state->packed_count; i++) {
        rp_cpu_packed *slot = &state->packed[i];
        if (!is_same(slot, key)) continue;
        *is_fresh = device->weights_version != 0 && slot->version == device->weights_version &&
                    !w->is_owned; /* a tape's memory holds something else every round */
        if (!*is_fresh) slot->version = 0;
        slot->used = ++state->packed_clock;
        return slot;
    }
    rp_cpu_packed *slot = slot_empty(state);
    *slot = *key;
    slot->used = ++state->packed_clock;
    *is_fresh = false;
    return slot;
}

static const float *pack_panels(rp_device *device, const rp_tensor *w, rp_cpu_packed key) {
    const int64_t columns = w->shape[w->dims - 1], rows = rp_tensor_count(w) / columns;
    bool is_fresh;
    key.source = w->data;
    key.rows = rows;
    rp_cpu_packed *slot = slot_find(device, &key, w, &is_fresh);
    if (is_fresh) return slot->panels;
    const bool transposed = key.kind == PACK_TRANSPOSED;
    const int64_t wide = transposed ? rows : key.count, deep = transposed ? key.count : rows;
    const int64_t panels = (wide + RP_PANEL - 1) / RP_PANEL;
    if (slot->panels == NULL)
        slot->panels = aligned_alloc(64, (size_t)(panels * deep * RP_PANEL) * sizeof(float));
    if (slot->panels == NULL) return NULL;
    const float *source = w->data;
#pragma omp parallel for
    for (int64_t p = 0; p < panels; p++) {
        float *panel = slot->panels + p * deep * RP_PANEL;
        for (int64_t k = 0; k < deep; k++) {
            for (int64_t j = 0; j < RP_PANEL; j++) {
                const int64_t at = p * RP_PANEL + j;
                const int64_t r = transposed ? at : k, c = key.first + (transposed ? k : at);
                panel[k * RP_PANEL + j] = at < wide ? source[r * columns + c] : 0.0f;
            }
        }
    }
    slot->version = device->weights_version;
    return slot->panels;
}

const float *rp_cpu_pack_transposed(rp_device *device, const rp_tensor *w, int64_t first,
                                    int64_t count) {
    return pack_panels(device, w,
                       (rp_cpu_packed){.kind = PACK_TRANSPOSED, .first = first, .count = count});
}

const float *rp_cpu_pack_plain(rp_device *device, const rp_tensor *w, int64_t first,
                               int64_t count) {
    return pack_panels(device, w,
                       (rp_cpu_packed){.kind = PACK_PLAIN, .first = first, .count = count});
}

float *rp_cpu_pack_space(rp_device *device, const rp_tensor *w, int64_t count, int use,
                         bool *is_fresh) {
    const rp_cpu_packed key = {.kind = PACK_SPACE, .source = w->data, .first = use, .count = count};
    rp_cpu_packed *slot = slot_find(device, &key, w, is_fresh);
    if (slot->panels == NULL)
        slot->panels = aligned_alloc(64, ((size_t)count * sizeof(float) + 63) / 64 * 64);
    if (slot->panels != NULL) slot->version = device->weights_version;
    return slot->panels;
}

rp_status rp_cpu_pack_onednn(rp_device *device, const rp_tensor *w, const dnnl_memory_desc_t *plain,
                             const dnnl_memory_desc_t *md, dnnl_memory_t *out, rp_error *error) {
    rp_cpu_state *state = rp_cpu_state_of(device);
    bool is_fresh;
    const rp_cpu_packed key = {.kind = PACK_ONEDNN, .source = w->data, .md = *md, .plain = *plain};
    rp_cpu_packed *slot = slot_find(device, &key, w, &is_fresh);
    *out = slot->memory;
    if (is_fresh) return RP_OK;
    dnnl_memory_t source = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_status_t s = dnnl_success;
    if (slot->memory == NULL)
        s = dnnl_memory_create(&slot->memory, md, state->engine, DNNL_MEMORY_ALLOCATE);
    if (s == dnnl_success) s = dnnl_memory_create(&source, plain, state->engine, w->data);
    if (s == dnnl_success)
        s = dnnl_reorder_primitive_desc_create(&pd, plain, state->engine, md, state->engine, NULL);
    if (s == dnnl_success) s = dnnl_primitive_create(&reorder, pd);
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, slot->memory}};
    if (s == dnnl_success) s = dnnl_primitive_execute(reorder, state->stream, 2, args);
    if (reorder != NULL) dnnl_primitive_destroy(reorder);
    if (pd != NULL) dnnl_primitive_desc_destroy(pd);
    if (source != NULL) dnnl_memory_destroy(source);
    *out = slot->memory;
    if (s == dnnl_success) slot->version = device->weights_version;
    return rp_cpu_onednn_failed(s, "packing of weights", error);
}
