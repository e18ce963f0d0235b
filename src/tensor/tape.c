/* tape.c: the tape itself: tensors, nodes, and the walk back. What each row's gradient is stands in
 * gradients.c, the functions that record a row in recording.c. */
#include "tensor/tape.h"

#include <assert.h>
#include <stdlib.h>

#include "tensor/gradients.h"
#include "tensor/store.h"

rp_status rp_tape_init(rp_tape *tape, rp_device *device, rp_error *error) {
    *tape = (rp_tape){.device = device, .recording = true};
    return rp_store_create(&tape->store, device, error);
}

static void release_data(rp_tape *tape, rp_tensor *tensor) {
    if (!tensor->is_owned) return;
    rp_store_give(tape->store, tensor->data);
    tensor->data = NULL;
    tensor->is_owned = false;
}

void rp_tape_release(rp_tape *tape, rp_tensor *tensor) {
    if (tensor != NULL && !tape->recording) release_data(tape, tensor);
}

rp_status rp_tape_finish(rp_tape *tape) {
    if (tape->status == RP_OK) tape->status = rp_device_finish(tape->device, &tape->error);
    return tape->status;
}

void rp_tape_reset(rp_tape *tape) {
    rp_tape_finish(tape); /* what is given back must not be read any more */
    for (int32_t i = 0; i < tape->tensor_count; i++) release_data(tape, tape->tensors[i]);
    for (int32_t i = 0; i < tape->leaf_count; i++) tape->leaves[i]->grad = NULL;
    tape->tensor_count = tape->node_count = tape->leaf_count = 0;
    tape->status = RP_OK;
    rp_arena_reset(&tape->arena);
}

void rp_tape_clear(rp_tape *tape) {
    if (tape->store == NULL) return;
    rp_tape_reset(tape);
    rp_store_destroy(tape->store);
    rp_arena_clear(&tape->arena);
    free(tape->nodes);
    free(tape->tensors);
    free(tape->leaves);
    *tape = (rp_tape){0};
}

static void *fail_memory(rp_tape *tape) {
    tape->status = rp_fail_memory(&tape->error, "a tensor: use a smaller batch");
    return NULL;
}

/* Room for one more pointer in an owned array; false when memory ran out. */
static bool grow(void *array, int32_t count, int32_t *capacity) {
    if (count < *capacity) return true;
    const int32_t wanted = *capacity == 0 ? 256 : *capacity * 2;
    void *larger = realloc(*(void **)array, (size_t)wanted * sizeof(void *));
    if (larger == NULL) return false;
    *(void **)array = larger;
    *capacity = wanted;
    return true;
}

/* A header without data, known to the tape. */
static rp_tensor *new_header(rp_tape *tape, rp_dtype dtype, int dims, const int64_t *shape) {
    if (tape->status != RP_OK) return NULL;
    rp_tensor *tensor = rp_arena_alloc(&tape->arena, sizeof *tensor);
    if (tensor == NULL || !grow(&tape->tensors, tape->tensor_count, &tape->tensor_capacity))
        return fail_memory(tape);
    *tensor = rp_tensor_over(NULL, dtype, dims, shape);
    tape->tensors[tape->tensor_count++] = tensor;
    return tensor;
}

rp_tensor *rp_tape_tensor(rp_tape *tape, rp_dtype dtype, int dims, const int64_t *shape) {
    rp_tensor *tensor = new_header(tape, dtype, dims, shape);
    if (tensor == NULL) return NULL;
    for (int i = 0; i < dims; i++) {
        if (shape[i] >= 0) continue;
        tape->status = rp_fail(&tape->error, RP_USAGE, -1, "a window larger than its image");
        return NULL;
    }
    tensor->data = rp_store_take(tape->store, rp_tensor_bytes(tensor));
    if (tensor->data == NULL) return fail_memory(tape);
    tensor->is_owned = true;
    return tensor;
}

rp_tensor *rp_tape_take_over(rp_tape *tape, rp_tensor *x) {
    assert(x->is_owned && !tape->recording);
    rp_tensor *y = new_header(tape, x->dtype, x->dims, x->shape);
    if (y == NULL) return NULL;
    y->data = x->data;
    y->is_owned = true;
    x->data = NULL;
    x->is_owned = false;
    return y;
}

rp_tensor *rp_tape_zeros(rp_tape *tape, rp_dtype dtype, int dims, const int64_t *shape) {
    rp_tensor *tensor = rp_tape_tensor(tape, dtype, dims, shape);
    if (tensor != NULL) tape->device->clear(tape->device, tensor->data, rp_tensor_bytes(tensor));
    return tensor;
}

rp_tensor *rp_tape_import(rp_tape *tape, rp_tensor *leaf) {
    if (!tape->device->has_own_memory || leaf == NULL) return leaf;
    assert(!leaf->needs_grad);
    rp_tensor *copy = rp_tape_tensor(tape, leaf->dtype, leaf->dims, leaf->shape);
    if (copy != NULL)
        tape->device->copy(tape->device, copy->data, leaf->data, rp_tensor_bytes(leaf));
    return copy;
}

/* Adds a node if one of its inputs needs a gradient; marks the outputs. */
static void add_node(rp_tape *tape, rp_op op, const rp_args *args) {
    bool needed = false;
    for (int i = 0; i < RP_INS_MAX; i++)
        needed = needed || (args->in[i] != NULL && args->in[i]->needs_grad);
    if (!needed || !tape->recording) return;
    rp_node *node = rp_arena_alloc(&tape->arena, sizeof *node);
    if (node == NULL || !grow(&tape->nodes, tape->node_count, &tape->node_capacity)) {
        fail_memory(tape);
        return;
    }
    *node = (rp_node){.op = op, .args = *args};
    for (int i = 0; i < RP_OUTS_MAX; i++) {
        if (args->out[i] == NULL || args->out[i]->node >= 0) continue;
        args->out[i]->node = tape->node_count;
        args->out[i]->needs_grad = true;
    }
    tape->nodes[tape->node_count++] = node;
}

rp_tensor *rp_tape_reshape(rp_tape *tape, rp_tensor *x, int dims, const int64_t *shape) {
    if (tape->status != RP_OK || x == NULL) return NULL;
    rp_tensor *view = new_header(tape, x->dtype, dims, shape);
    if (view == NULL) return NULL;
    view->data = x->data;
    assert(rp_tensor_count(view) == rp_tensor_count(x));
    add_node(tape, RP_TAPE_VIEW, &(rp_args){.in = {x}, .out = {view}});
    return view;
}

void rp_tape_record(rp_tape *tape, rp_op op, const rp_args *args) {
    if (tape->status != RP_OK) return;
    tape->status = rp_device_run(tape->device, op, args, &tape->error);
    if (tape->status == RP_OK) add_node(tape, op, args);
}

/* ---- the way back ---------------------------------------------------------------------------- */

/* Adds g to what stands in sum, in place. */
static void add_in_place(rp_tape *tape, rp_tensor *sum, const rp_tensor *g) {
    const rp_args args = {.in = {sum, g}, .out = {sum}};
    tape->status = rp_device_run(tape->device, RP_OP_add, &args, &tape->error);
}

/* A leaf whose `grad` is the caller's and not one that this tape made for it. */
static bool is_bound(const rp_tape *tape, const rp_tensor *x) {
    if (x->node >= 0) return false;
    for (int32_t i = 0; i < tape->leaf_count; i++)
        if (tape->leaves[i] == x) return false;
    return true;
}

static void remember_leaf(rp_tape *tape, rp_tensor *x) {
    if (x->node >= 0) return;
    if (grow(&tape->leaves, tape->leaf_count, &tape->leaf_capacity))
        tape->leaves[tape->leaf_count++] = x;
    else fail_memory(tape);
}

void rp_tape_give(rp_tape *tape, const rp_tensor *input, rp_tensor *g) {
    rp_tensor *x =
        (rp_tensor *)input; /* the gradient is the one mutable part of a recorded input */
    if (tape->status != RP_OK || g == NULL || x == NULL || !x->needs_grad) return;
    assert(rp_tensor_count(x) == rp_tensor_count(g));
    if (x->grad != NULL) {
        if (tape->create_graph && !is_bound(tape, x)) x->grad = rp_tape_add(tape, x->grad, g);
        else add_in_place(tape, x->grad, g);
        return;
    }
    remember_leaf(tape, x);
    if (tape->create_graph) { /* the upstream may be given to others too: a result of its own */
        x->grad = g == tape->upstream ? rp_tape_scale(tape, g, 1, 0) : g;
        return;
    }
    if ((g == tape->upstream && tape->is_upstream_taken) || !g->is_owned) {
        /* Somebody else has it: copy. */
        rp_tensor *copy = rp_tape_tensor(tape, g->dtype, x->dims, x->shape);
        if (copy == NULL) return;
        tape->device->copy(tape->device, copy->data, g->data, rp_tensor_bytes(g));
        x->grad = copy;
        return;
    }
    if (g == tape->upstream) tape->is_upstream_taken = true;
    x->grad = g;
}

static bool has_gradient(const rp_node *node) { return node->args.out[0]->grad != NULL; }

/* One node: its rule, then what is needed no more goes back to the store. */
static void step_back(rp_tape *tape, const rp_node *node, const rp_tensor *root) {
    rp_tensor *y = node->args.out[0], *gy = y->grad;
    tape->upstream = gy;
    tape->is_upstream_taken = false;
    rp_gradient_apply(tape, node, gy);
    y->grad = NULL; /* a later walk through a kept graph begins anew */
    if (tape->create_graph) return;
    if (!tape->is_upstream_taken && y != root) release_data(tape, gy);
    for (int i = 0; i < RP_OUTS_MAX; i++) {
        rp_tensor *out = node->args.out[i];
        if (out != NULL && out != root && out->node >= 0) release_data(tape, out);
    }
}

rp_status rp_tape_backward_from(rp_tape *tape, rp_tensor *y, rp_tensor *gy, bool create_graph) {
    const bool was_recording = tape->recording;
    if (tape->status != RP_OK || y == NULL || !y->needs_grad) return tape->status;
    const int32_t last = y->node;
    tape->recording = create_graph;
    tape->create_graph = create_graph;
    y->grad = gy;
    for (int32_t i = last; i >= 0 && tape->status == RP_OK; i--)
        if (has_gradient(tape->nodes[i])) step_back(tape, tape->nodes[i], y);
    tape->recording = was_recording;
    tape->create_graph = false;
    return tape->status;
}

rp_status rp_tape_backward(rp_tape *tape, rp_tensor *loss, bool create_graph) {
    if (tape->status != RP_OK || loss == NULL) return tape->status;
    assert(rp_tensor_count(loss) == 1);
    rp_tensor *one = rp_tape_tensor(tape, loss->dtype, loss->dims, loss->shape);
    if (one == NULL) return tape->status;
    rp_tensor_set(one, 0, 1.0);
    return rp_tape_backward_from(tape, loss, one, create_graph);
}
