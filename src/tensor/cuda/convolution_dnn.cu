/* convolution_dnn.cu: convolutions of bf16 images by cuDNN's graph interface (version 9).
 *
 * A convolution is a graph of one operation over three tensors; cuDNN's heuristic names engines for
 * it in order, and the first that is deterministic and accepts the shape becomes the plan, kept by
 * shape. Nothing is timed to choose: a choice by time would not be the same in every run.
 *
 * To cuDNN an image is (N, C, H, W) with strides; ours is (B, W, H, C), so its H is our W. The
 * padding may be uneven ("same" padding at stride 2 puts the odd one behind), which the older
 * interface cannot say. f32 is left to the patches: cuDNN would take tf32 for it. */
#include <cudnn.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/cuda/numbers.h"

enum { PLANS_MAX = 512, CONFIGS_MAX = 16, NOTES_MAX = 32, RANK = 4 };
enum { ID_X = 1, ID_W, ID_Y };

/* All that a plan hangs on; compared as bytes, so it is cleared before it is filled in. */
typedef struct key {
    int64_t x[4], w[4], y[4];
    int32_t direction, stride[2], pad[4];
} key;

/* Descriptors of one graph, ended together; `failed` is sticky. */
typedef struct graph {
    cudnnBackendDescriptor_t made[64];
    int count;
    bool failed;
} graph;

typedef struct plan {
    key shape;
    graph parts;                   /* what the plan was made of; it may still look at it */
    cudnnBackendDescriptor_t plan; /* NULL: cuDNN has nothing for this shape */
    int64_t workspace;
    int narrow; /* FILTER: w comes out in bf16 and is to be widened */
} plan;

typedef struct plans {
    int count;
    plan at[PLANS_MAX];
} plans;

static void end(graph *g) {
    for (int i = g->count - 1; i >= 0; i--)
        if (g->made[i] != NULL) cudnnBackendDestroyDescriptor(g->made[i]);
}

static void plan_end(plan *p) {
    if (p->plan != NULL) cudnnBackendDestroyDescriptor(p->plan);
    end(&p->parts);
}

void rp_cuda_convolution_plans_end(rp_cuda_state *state) {
    plans *all = (plans *)state->plans;
    for (int i = 0; all != NULL && i < all->count; i++) plan_end(&all->at[i]);
    free(all);
    state->plans = NULL;
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static cudnnBackendDescriptor_t make(graph *g, cudnnBackendDescriptorType_t type) {
    cudnnBackendDescriptor_t descriptor = NULL;
    if (g->failed || g->count == (int)RP_COUNT(g->made) ||
        cudnnBackendCreateDescriptor(type, &descriptor) != CUDNN_STATUS_SUCCESS) {
        g->failed = true;
        return NULL;
    }
    return g->made[g->count++] = descriptor;
}

static void set(graph *g, cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                cudnnBackendAttributeType_t type, int64_t count, const void *values) {
    g->failed = g->failed || cudnnBackendSetAttribute(descriptor, name, type, count, values) !=
                                 CUDNN_STATUS_SUCCESS;
}

static void set_one(graph *g, cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                    cudnnBackendDescriptor_t value) {
    set(g, descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

static void finalize(graph *g, cudnnBackendDescriptor_t descriptor) {
    g->failed = g->failed || cudnnBackendFinalize(descriptor) != CUDNN_STATUS_SUCCESS;
}

/* (B, W, H, C), or (O, KW, KH, C). */
static cudnnBackendDescriptor_t make_tensor(graph *g, const int64_t shape[4], int64_t id,
                                            cudnnDataType_t type) {
    const int64_t dims[RANK] = {shape[0], shape[3], shape[1], shape[2]};
    const int64_t strides[RANK] = {shape[1] * shape[2] * shape[3], 1, shape[2] * shape[3],
                                   shape[3]};
    const int64_t alignment = 16;
    cudnnBackendDescriptor_t t = make(g, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    set(g, t, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
    set(g, t, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, RANK, dims);
    set(g, t, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, RANK, strides);
    set(g, t, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &id);
    set(g, t, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment);
    finalize(g, t);
    return t;
}

static cudnnBackendDescriptor_t make_window(graph *g, const key *k) {
    const int64_t axes = 2, ones[2] = {1, 1}, strides[2] = {k->stride[0], k->stride[1]};
    const int64_t before[2] = {k->pad[0], k->pad[2]}, after[2] = {k->pad[1], k->pad[3]};
    const cudnnDataType_t sums = CUDNN_DATA_FLOAT;
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    cudnnBackendDescriptor_t c = make(g, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    set(g, c, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &sums);
    set(g, c, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    set(g, c, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &axes);
    set(g, c, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, ones);
    set(g, c, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, strides);
    set(g, c, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, before);
    set(g, c, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, after);
    finalize(g, c);
    return c;
}

/* How cuDNN names the parts of each direction's operation. */
typedef struct operation_names {
    cudnnBackendDescriptorType_t type;
    cudnnBackendAttributeName_t window, x, w, y, alpha, beta;
} operation_names;

static const operation_names operations[] = {
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA}};

static cudnnBackendDescriptor_t make_graph(graph *g, cudnnHandle_t handle, const key *k,
                                           cudnnDataType_t w_type) {
    const operation_names *names = &operations[k->direction];
    const float one = 1, zero = 0;
    cudnnBackendDescriptor_t op = make(g, names->type);
    set_one(g, op, names->window, make_window(g, k));
    set_one(g, op, names->x, make_tensor(g, k->x, ID_X, CUDNN_DATA_BFLOAT16));
    set_one(g, op, names->w, make_tensor(g, k->w, ID_W, w_type));
    set_one(g, op, names->y, make_tensor(g, k->y, ID_Y, CUDNN_DATA_BFLOAT16));
    set(g, op, names->alpha, CUDNN_TYPE_FLOAT, 1, &one);
    set(g, op, names->beta, CUDNN_TYPE_FLOAT, 1, &zero);
    finalize(g, op);
    cudnnBackendDescriptor_t operation_graph = make(g, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    set(g, operation_graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
    set_one(g, operation_graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, op);
    finalize(g, operation_graph);
    return operation_graph;
}

/* ---- plans ----------------------------------------------------------------------------------- */

static bool is_deterministic(graph *g, cudnnBackendDescriptor_t config) {
    cudnnBackendNumericalNote_t notes[NOTES_MAX];
    int64_t count = 0;
    cudnnBackendDescriptor_t engine = make(g, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    if (g->failed ||
        cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                 1, &count, &engine) != CUDNN_STATUS_SUCCESS ||
        cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                 CUDNN_TYPE_NUMERICAL_NOTE, NOTES_MAX, &count,
                                 notes) != CUDNN_STATUS_SUCCESS)
        return false;
    for (int64_t i = 0; i < count; i++)
        if (notes[i] == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC) return false;
    return true;
}

/* The plan of one engine configuration, or NULL where it does not take the shape. */
static cudnnBackendDescriptor_t try_config(cudnnHandle_t handle, cudnnBackendDescriptor_t config,
                                           int64_t *workspace) {
    cudnnBackendDescriptor_t made = NULL;
    int64_t count = 0;
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &made) !=
        CUDNN_STATUS_SUCCESS)
        return NULL;
    graph g = {};
    set(&g, made, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
    set_one(&g, made, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
    finalize(&g, made);
    if (!g.failed &&
        cudnnBackendGetAttribute(made, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64,
                                 1, &count, workspace) == CUDNN_STATUS_SUCCESS)
        return made;
    cudnnBackendDestroyDescriptor(made);
    return NULL;
}

/* Fills in the slot's plan for a w of this type; leaves NULL where there is none. */
static void find_plan(plan *slot, cudnnHandle_t handle, cudnnDataType_t w_type) {
    graph g = {};
    cudnnBackendDescriptor_t configs[CONFIGS_MAX];
    const cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A;
    int64_t count = 0;
    cudnnBackendDescriptor_t operation_graph = make_graph(&g, handle, &slot->shape, w_type);
    cudnnBackendDescriptor_t heuristic = make(&g, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    set_one(&g, heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, operation_graph);
    set(&g, heuristic, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    finalize(&g, heuristic);
    for (int i = 0; i < CONFIGS_MAX; i++) configs[i] = make(&g, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    if (!g.failed && cudnnBackendGetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                              CUDNN_TYPE_BACKEND_DESCRIPTOR, CONFIGS_MAX, &count,
                                              configs) == CUDNN_STATUS_SUCCESS)
        for (int64_t i = 0; i < count && slot->plan == NULL; i++)
            if (is_deterministic(&g, configs[i]))
                slot->plan = try_config(handle, configs[i], &slot->workspace);
    if (slot->plan != NULL) slot->parts = g;
    else end(&g);
}

static plan *plan_of(rp_cuda_state *state, const key *k) {
    if (state->plans == NULL) state->plans = calloc(1, sizeof(plans));
    plans *all = (plans *)state->plans;
    if (all == NULL) return NULL;
    for (int i = 0; i < all->count; i++)
        if (memcmp(&all->at[i].shape, k, sizeof *k) == 0) return &all->at[i];
    if (all->count == PLANS_MAX) { /* shapes have changed a lot: begin anew */
        rp_cuda_convolution_plans_end(state);
        return plan_of(state, k);
    }
    plan *slot = &all->at[all->count++];
    const bool is_filter = k->direction == RP_CUDA_FILTER;
    const cudnnHandle_t handle = (cudnnHandle_t)state->dnn;
    slot->shape = *k;
    find_plan(slot, handle, is_filter ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16);
    if (slot->plan == NULL && is_filter) {
        find_plan(slot, handle, CUDNN_DATA_BFLOAT16);
        slot->narrow = slot->plan != NULL;
    }
    return slot;
}

static key key_of(const rp_cuda_convolution *c) {
    key k;
    memset(&k, 0, sizeof k);
    memcpy(k.x, c->x_shape, sizeof k.x);
    memcpy(k.w, c->w_shape, sizeof k.w);
    memcpy(k.y, c->y_shape, sizeof k.y);
    memcpy(k.stride, c->attr->stride, sizeof k.stride);
    memcpy(k.pad, c->attr->pad, sizeof k.pad);
    k.direction = c->direction;
    return k;
}

rp_status rp_cuda_convolution_run(rp_device *device, const rp_cuda_convolution *c,
                                  rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    if (state->dnn == NULL || c->type != RP_BF16) return RP_NO;
    const key k = key_of(c);
    const plan *p = plan_of(state, &k);
    if (p == NULL || p->plan == NULL) return RP_NO;
    const int64_t weights = c->w_shape[0] * c->w_shape[1] * c->w_shape[2] * c->w_shape[3];
    void *narrow = NULL;
    if (p->narrow)
        narrow = rp_cuda_scratch_take(device, RP_CUDA_CAST, (size_t)weights * sizeof(rp_half));
    void *workspace = rp_cuda_scratch_take(device, RP_CUDA_COLUMNS, (size_t)p->workspace);
    if (workspace == NULL || (p->narrow && narrow == NULL))
        return rp_fail_memory(error, "a convolution on the GPU");
    void *data[3] = {c->x, p->narrow ? narrow : c->w, c->y};
    const int64_t ids[3] = {ID_X, ID_W, ID_Y};
    graph g = {};
    cudnnBackendDescriptor_t pack = make(&g, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    set(&g, pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, 3, data);
    set(&g, pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, 3, ids);
    set(&g, pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace);
    finalize(&g, pack);
    const bool failed = g.failed || cudnnBackendExecute((cudnnHandle_t)state->dnn, p->plan, pack) !=
                                        CUDNN_STATUS_SUCCESS;
    end(&g);
    if (failed) return rp_fail(error, RP_SYSTEM, -1, "cuDNN could not run its own plan");
    if (p->narrow) rp_cuda_cast_run(state, rp_view{c->w, 0}, rp_view{narrow, 1}, weights);
    return RP_OK;
}
