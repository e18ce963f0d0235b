/* onednn.c: convolutions and matrix products through oneDNN.
 *
 * Activations are channels-last in memory, whatever oneDNN would like best: the fused loops between
 * the convolutions then read and write them as they are. Weights are f32 with the input channel
 * last; each call packs them into the layout and type that the primitive asks for (packed.c).
 * A primitive is made once for a shape and kept. */
#include <stdlib.h>

#include "tensor/cpu/cpu.h"

typedef enum kind {
    CONV_FORWARD = 1,
    CONV_DATA,
    CONV_WEIGHTS,
    PRODUCT,
} kind;

/* Everything a primitive depends on; compared as bytes, so it is cleared before it is filled in. */
typedef struct key {
    int32_t kind;
    int32_t types[3]; /* rp_dtype of the three tensors */
    int64_t x[4], w[4], y[4];
    int32_t stride[2], pad[4];
    int32_t transpose[2], has_bias, adds, relu;
} key;

struct rp_cpu_primitive {
    key key;
    dnnl_primitive_t primitive; /* NULL: an empty slot */
    dnnl_memory_desc_t packed;  /* weights as the primitive wants them (CONV_*, PRODUCT) */
    dnnl_memory_desc_t x, w_plain, y, bias, scratchpad;
};

rp_status rp_cpu_onednn_failed(dnnl_status_t status, const char *what, rp_error *error) {
    if (status == dnnl_success) return RP_OK;
    if (status == dnnl_out_of_memory) return rp_fail_memory(error, what);
    return rp_fail(error, RP_SYSTEM, -1, "oneDNN refused the %s (status %d)", what, (int)status);
}

static dnnl_data_type_t data_type(rp_dtype dtype) {
    return dtype == RP_BF16 ? dnnl_bf16 : dnnl_f32;
}

/* ---- the table of primitives ----------------------------------------------------------------- */

static uint64_t hash_of(const key *key) {
    const unsigned char *bytes = (const unsigned char *)key;
    uint64_t hash = 1469598103934665603u; /* FNV-1a */
    for (size_t i = 0; i < sizeof *key; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}

rp_cpu_primitive *rp_cpu_primitives_create(void) {
    return calloc(RP_CPU_PRIMITIVES_MAX, sizeof(rp_cpu_primitive));
}

void rp_cpu_primitives_destroy(rp_cpu_state *state) {
    for (int i = 0; i < RP_CPU_PRIMITIVES_MAX; i++)
        if (state->primitives[i].primitive != NULL)
            dnnl_primitive_destroy(state->primitives[i].primitive);
    memset(state->primitives, 0, RP_CPU_PRIMITIVES_MAX * sizeof *state->primitives);
    state->primitive_count = 0;
}

/* The slot of `key`: filled, or empty with the key set. A table three quarters full starts anew. */
static rp_cpu_primitive *primitive_slot(rp_cpu_state *state, const key *key) {
    if (state->primitive_count > RP_CPU_PRIMITIVES_MAX * 3 / 4) rp_cpu_primitives_destroy(state);
    uint64_t at = hash_of(key) % RP_CPU_PRIMITIVES_MAX;
    while (state->primitives[at].primitive != NULL &&
           memcmp(&state->primitives[at].key, key, sizeof *key) != 0)
        at = (at + 1) % RP_CPU_PRIMITIVES_MAX;
    state->primitives[at].key = *key;
    return &state->primitives[at];
}

/* What is done to each result before it is written: what stands there is added, then the largest of
 * it and 0 taken. */
static dnnl_status_t append_after(dnnl_primitive_attr_t attr, const key *key) {
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t s = dnnl_post_ops_create(&ops);
    if (s == dnnl_success && key->adds) s = dnnl_post_ops_append_sum(ops, 1);
    if (s == dnnl_success && key->relu)
        s = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0);
    if (s == dnnl_success) s = dnnl_primitive_attr_set_post_ops(attr, ops);
    if (ops != NULL) dnnl_post_ops_destroy(ops);
    return s;
}

/* Makes the primitive from its descriptor; scratch memory is the caller's (ours). */
static dnnl_status_t finish(rp_cpu_state *state, rp_cpu_primitive *slot, const_dnnl_op_desc_t desc,
                            dnnl_primitive_desc_t hint, dnnl_query_t packed) {
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t s = dnnl_primitive_attr_create(&attr);
    if (s == dnnl_success)
        s = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (s == dnnl_success && (slot->key.adds || slot->key.relu)) s = append_after(attr, &slot->key);
    if (s == dnnl_success) s = dnnl_primitive_desc_create(&pd, desc, attr, state->engine, hint);
    if (s == dnnl_success) {
        slot->packed = *dnnl_primitive_desc_query_md(pd, packed, 0);
        slot->scratchpad = *dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
        s = dnnl_primitive_create(&slot->primitive, pd);
    }
    if (s == dnnl_success) state->primitive_count++;
    if (pd != NULL) dnnl_primitive_desc_destroy(pd);
    if (attr != NULL) dnnl_primitive_attr_destroy(attr);
    return s;
}

/* Three tensors of the caller, in the primitive's argument numbers. */
typedef struct operand {
    int argument;
    const dnnl_memory_desc_t *md;
    void *data;           /* or: */
    dnnl_memory_t memory; /* already made */
} operand;

enum { OPERANDS_MAX = 5 };

static rp_status execute(rp_device *device, const rp_cpu_primitive *slot, operand *operands,
                         int count, rp_error *error) {
    rp_cpu_state *state = rp_cpu_state_of(device);
    dnnl_exec_arg_t args[OPERANDS_MAX] = {0};
    dnnl_memory_t made[OPERANDS_MAX] = {0};
    const size_t size = dnnl_memory_desc_get_size(&slot->scratchpad);
    void *scratch = rp_cpu_scratch_take(device, RP_SCRATCH_ONEDNN, size);
    if (scratch == NULL && size > 0) return rp_fail_memory(error, "oneDNN's scratchpad");
    operands[count++] = (operand){DNNL_ARG_SCRATCHPAD, &slot->scratchpad, scratch, NULL};
    dnnl_status_t s = dnnl_success;
    for (int i = 0; i < count && s == dnnl_success; i++) {
        dnnl_memory_t memory = operands[i].memory;
        if (memory == NULL) {
            s = dnnl_memory_create(&made[i], operands[i].md, state->engine, operands[i].data);
            memory = made[i];
        }
        args[i] = (dnnl_exec_arg_t){operands[i].argument, memory};
    }
    if (s == dnnl_success) s = dnnl_primitive_execute(slot->primitive, state->stream, count, args);
    if (s == dnnl_success) s = dnnl_stream_wait(state->stream);
    for (int i = 0; i < count; i++)
        if (made[i] != NULL) dnnl_memory_destroy(made[i]);
    return rp_cpu_onednn_failed(s, "computation", error);
}

/* ---- convolution ----------------------------------------------------------------------------- */

/* (B, W, H, C) in memory; to oneDNN an image of height W and width H, channels last. */
static dnnl_status_t image_md(dnnl_memory_desc_t *md, const rp_tensor *t) {
    const dnnl_dims_t dims = {t->shape[0], t->shape[3], t->shape[1], t->shape[2]};
    return dnnl_memory_desc_init_by_tag(md, 4, dims, data_type(t->dtype), dnnl_nhwc);
}

static dnnl_status_t weights_md(dnnl_memory_desc_t *md, const rp_tensor *w, dnnl_data_type_t type,
                                dnnl_format_tag_t tag) {
    const dnnl_dims_t dims = {w->shape[0], w->shape[3], w->shape[1], w->shape[2]};
    return dnnl_memory_desc_init_by_tag(md, 4, dims, type, tag);
}

static key conv_key(kind what, const rp_tensor *x, const rp_tensor *w, const rp_tensor *y,
                    const rp_attr *attr) {
    key key;
    memset(&key, 0, sizeof key);
    key.kind = what;
    key.types[0] = (int32_t)x->dtype;
    key.types[1] = (int32_t)w->dtype;
    key.types[2] = (int32_t)y->dtype;
    memcpy(key.x, x->shape, sizeof key.x);
    memcpy(key.w, w->shape, sizeof key.w);
    memcpy(key.y, y->shape, sizeof key.y);
    memcpy(key.stride, attr->stride, sizeof key.stride);
    memcpy(key.pad, attr->pad, sizeof key.pad);
    return key;
}

/* Makes the primitive of `slot` for one of the three directions. */
static dnnl_status_t conv_make(rp_cpu_state *state, rp_cpu_primitive *slot, const rp_tensor *x,
                               const rp_tensor *w, const rp_tensor *y, const rp_attr *attr) {
    const dnnl_dims_t stride = {attr->stride[0], attr->stride[1]};
    const dnnl_dims_t before = {attr->pad[0], attr->pad[2]}, after = {attr->pad[1], attr->pad[3]};
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    const kind what = (kind)slot->key.kind;
    /* Gradients of weights come out in f32, so that they add up without loss. */
    const dnnl_data_type_t packed = what == CONV_WEIGHTS ? dnnl_f32 : data_type(x->dtype);
    dnnl_memory_desc_t w_any, w_forward;
    dnnl_status_t s = image_md(&slot->x, x);
    if (s == dnnl_success) s = image_md(&slot->y, y);
    if (s == dnnl_success) s = weights_md(&slot->w_plain, w, dnnl_f32, dnnl_ohwi);
    if (s == dnnl_success) s = weights_md(&w_any, w, packed, dnnl_format_tag_any);
    if (s == dnnl_success) s = weights_md(&w_forward, w, data_type(x->dtype), dnnl_format_tag_any);
    if (s != dnnl_success) return s;
    dnnl_convolution_desc_t forward, desc;
    dnnl_primitive_desc_t hint = NULL;
    const dnnl_dims_t outputs = {w->shape[0]};
    s = dnnl_memory_desc_init_by_tag(&slot->bias, 1, outputs, dnnl_f32, dnnl_a);
    if (s != dnnl_success) return s;
    s = dnnl_dilated_convolution_forward_desc_init(
        &forward, dnnl_forward_training, direct, &slot->x, &w_forward,
        slot->key.has_bias ? &slot->bias : NULL, &slot->y, stride, (dnnl_dims_t){0, 0}, before,
        after);
    if (s != dnnl_success || what == CONV_FORWARD)
        return s != dnnl_success ? s : finish(state, slot, &forward, NULL, dnnl_query_weights_md);
    s = dnnl_primitive_desc_create(&hint, &forward, NULL, state->engine, NULL);
    if (s == dnnl_success && what == CONV_DATA)
        s = dnnl_convolution_backward_data_desc_init(&desc, direct, &slot->x, &w_any, &slot->y,
                                                     stride, before, after);
    else if (s == dnnl_success)
        s = dnnl_convolution_backward_weights_desc_init(&desc, direct, &slot->x, &w_any, NULL,
                                                        &slot->y, stride, before, after);
    if (s == dnnl_success)
        s = finish(state, slot, &desc, hint,
                   what == CONV_DATA ? dnnl_query_weights_md : dnnl_query_diff_weights_md);
    if (hint != NULL) dnnl_primitive_desc_destroy(hint);
    return s;
}

static rp_status conv_slot(rp_device *device, const key *key, const rp_tensor *x,
                           const rp_tensor *w, const rp_tensor *y, const rp_attr *attr,
                           rp_cpu_primitive **out, rp_error *error) {
    rp_cpu_state *state = rp_cpu_state_of(device);
    *out = primitive_slot(state, key);
    if ((*out)->primitive != NULL) return RP_OK;
    return rp_cpu_onednn_failed(conv_make(state, *out, x, w, y, attr), "convolution", error);
}

void rp_cpu_clear_behind(const rp_tensor *y, const rp_tensor *lengths) {
    const size_t column = rp_tensor_bytes(y) / (size_t)(y->shape[0] * y->shape[1]);
    for (int64_t b = 0; b < y->shape[0]; b++) {
        const int64_t length = ((const int32_t *)lengths->data)[b];
        char *first = (char *)y->data + (size_t)(b * y->shape[1] + length) * column;
        if (length < y->shape[1]) memset(first, 0, (size_t)(y->shape[1] - length) * column);
    }
}

/* conv2d, and with a bias conv2d_bias: bias, residual and relu while the results are at hand. */
static rp_status conv_forward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0], *w = args->in[1], *y = args->out[0];
    const rp_tensor *bias = args->in[2], *residual = args->in[3], *lengths = args->in[4];
    key key = conv_key(CONV_FORWARD, x, w, y, &args->attr);
    key.has_bias = bias != NULL;
    key.adds = residual != NULL;
    key.relu = bias != NULL && args->attr.relu;
    rp_cpu_primitive *slot;
    dnnl_memory_t packed;
    RP_TRY(conv_slot(device, &key, x, w, y, &args->attr, &slot, error));
    RP_TRY(rp_cpu_pack_onednn(device, w, &slot->w_plain, &slot->packed, &packed, error));
    operand operands[OPERANDS_MAX] = {{DNNL_ARG_SRC, &slot->x, x->data, NULL},
                                      {DNNL_ARG_WEIGHTS, NULL, NULL, packed},
                                      {DNNL_ARG_DST, &slot->y, y->data, NULL},
                                      {DNNL_ARG_BIAS, &slot->bias, NULL, NULL}};
    if (bias != NULL) operands[3].data = bias->data;
    if (residual != NULL && residual->data != y->data)
        memcpy(y->data, residual->data, rp_tensor_bytes(y));
    RP_TRY(execute(device, slot, operands, bias != NULL ? 4 : 3, error));
    if (lengths != NULL) rp_cpu_clear_behind(y, lengths);
    return RP_OK;
}

static rp_status conv2d(rp_device *device, const rp_args *args, rp_error *error) {
    if (args->in[0]->dtype == RP_F64) return rp_ref_ops.conv2d(device, args, error);
    return conv_forward(device, args, error);
}

static rp_status conv2d_bias(rp_device *device, const rp_args *args, rp_error *error) {
    if (args->in[0]->dtype == RP_F64) return rp_ref_ops.conv2d_bias(device, args, error);
    return conv_forward(device, args, error);
}

static rp_status conv2d_backward_data(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *gy = args->in[0], *w = args->in[1], *gx = args->out[0];
    if (gy->dtype == RP_F64) return rp_ref_ops.conv2d_backward_data(device, args, error);
    const key key = conv_key(CONV_DATA, gx, w, gy, &args->attr);
    rp_cpu_primitive *slot;
    dnnl_memory_t packed;
    RP_TRY(conv_slot(device, &key, gx, w, gy, &args->attr, &slot, error));
    RP_TRY(rp_cpu_pack_onednn(device, w, &slot->w_plain, &slot->packed, &packed, error));
    operand operands[OPERANDS_MAX] = {{DNNL_ARG_DIFF_DST, &slot->y, gy->data, NULL},
                                      {DNNL_ARG_WEIGHTS, NULL, NULL, packed},
                                      {DNNL_ARG_DIFF_SRC, &slot->x, gx->data, NULL}};
    return execute(device, slot, operands, 3, error);
}

/* From the primitive's layout back to ours. */
static dnnl_status_t unpack(rp_cpu_state *state, dnnl_memory_t packed, const rp_cpu_primitive *slot,
                            const rp_tensor *gw) {
    dnnl_memory_t plain = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_status_t s = dnnl_memory_create(&plain, &slot->w_plain, state->engine, gw->data);
    if (s == dnnl_success)
        s = dnnl_reorder_primitive_desc_create(&pd, &slot->packed, state->engine, &slot->w_plain,
                                               state->engine, NULL);
    if (s == dnnl_success) s = dnnl_primitive_create(&reorder, pd);
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, packed}, {DNNL_ARG_TO, plain}};
    if (s == dnnl_success) s = dnnl_primitive_execute(reorder, state->stream, 2, args);
    if (reorder != NULL) dnnl_primitive_destroy(reorder);
    if (pd != NULL) dnnl_primitive_desc_destroy(pd);
    if (plain != NULL) dnnl_memory_destroy(plain);
    return s;
}

/* Does every tap of the kernel meet the image somewhere? Where one sees only padding, its gradient
 * is 0, but oneDNN 2.6 in bf16 gives another number. Axis 0 is W, 1 is H. */
static bool do_taps_meet(const rp_args *args, int axis) {
    const int64_t in = args->in[0]->shape[1 + axis], out = args->in[1]->shape[1 + axis];
    const int64_t stride = args->attr.stride[axis], pad = args->attr.pad[2 * axis];
    for (int64_t tap = 0; tap < args->out[0]->shape[1 + axis]; tap++) {
        const int64_t first = pad > tap ? (pad - tap + stride - 1) / stride : 0;
        if (first >= out || first * stride + tap - pad >= in) return false;
    }
    return true;
}

static rp_status conv2d_backward_weights(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0], *gy = args->in[1], *gw = args->out[0];
    if (x->dtype == RP_F64 || !do_taps_meet(args, 0) || !do_taps_meet(args, 1))
        return rp_ref_ops.conv2d_backward_weights(device, args, error);
    rp_cpu_state *state = rp_cpu_state_of(device);
    const key key = conv_key(CONV_WEIGHTS, x, gw, gy, &args->attr);
    rp_cpu_primitive *slot;
    dnnl_memory_t packed = NULL;
    RP_TRY(conv_slot(device, &key, x, gw, gy, &args->attr, &slot, error));
    dnnl_status_t s =
        dnnl_memory_create(&packed, &slot->packed, state->engine, DNNL_MEMORY_ALLOCATE);
    RP_TRY(rp_cpu_onednn_failed(s, "gradient of weights", error));
    operand operands[OPERANDS_MAX] = {{DNNL_ARG_SRC, &slot->x, x->data, NULL},
                                      {DNNL_ARG_DIFF_DST, &slot->y, gy->data, NULL},
                                      {DNNL_ARG_DIFF_WEIGHTS, NULL, NULL, packed}};
    rp_status status = execute(device, slot, operands, 3, error);
    if (status == RP_OK)
        status = rp_cpu_onednn_failed(unpack(state, packed, slot, gw), "unpacking", error);
    dnnl_memory_destroy(packed);
    return status;
}

/* ---- matrix products ------------------------------------------------------------------------- */

/* One product y (R, C) = a (R, K) b (K, C) + bias (C), either stored transposed. */
typedef struct product {
    const rp_tensor *b, *bias; /* of b the data and type; bias may be NULL */
    const void *a;
    void *y;
    rp_dtype a_type, y_type;
    int64_t rows, inner, columns;
    bool transpose_a, transpose_b;
    bool is_packed; /* b is a parameter: bring it into the primitive's own layout, kept */
} product;

static dnnl_status_t matrix_md(dnnl_memory_desc_t *md, int64_t rows, int64_t columns, rp_dtype type,
                               bool transposed) {
    const dnnl_dims_t dims = {rows, columns};
    return dnnl_memory_desc_init_by_tag(md, 2, dims, data_type(type),
                                        transposed ? dnnl_ba : dnnl_ab);
}

static dnnl_status_t product_make(rp_cpu_state *state, rp_cpu_primitive *slot, const product *p) {
    const rp_dtype b_type = p->b->dtype;
    dnnl_memory_desc_t b_any;
    dnnl_status_t s = matrix_md(&slot->x, p->rows, p->inner, p->a_type, p->transpose_a);
    if (s == dnnl_success)
        s = matrix_md(&slot->w_plain, p->inner, p->columns, b_type, p->transpose_b);
    if (s == dnnl_success) s = matrix_md(&slot->y, p->rows, p->columns, p->y_type, false);
    if (s == dnnl_success) s = matrix_md(&slot->bias, 1, p->columns, RP_F32, false);
    b_any = slot->w_plain;
    if (s == dnnl_success && p->is_packed)
        s = dnnl_memory_desc_init_by_tag(&b_any, 2, (dnnl_dims_t){p->inner, p->columns},
                                         data_type(p->a_type), dnnl_format_tag_any);
    if (s != dnnl_success) return s;
    dnnl_matmul_desc_t desc;
    s = dnnl_matmul_desc_init(&desc, &slot->x, &b_any, p->bias != NULL ? &slot->bias : NULL,
                              &slot->y);
    return s != dnnl_success ? s : finish(state, slot, &desc, NULL, dnnl_query_weights_md);
}

static rp_status product_run(rp_device *device, const product *p, rp_error *error) {
    rp_cpu_state *state = rp_cpu_state_of(device);
    key key;
    memset(&key, 0, sizeof key);
    key.kind = PRODUCT + (p->is_packed ? 1 : 0);
    key.types[0] = (int32_t)p->a_type;
    key.types[1] = (int32_t)p->b->dtype;
    key.types[2] = (int32_t)p->y_type;
    key.x[0] = p->rows;
    key.x[1] = p->inner;
    key.x[2] = p->columns;
    key.transpose[0] = p->transpose_a;
    key.transpose[1] = p->transpose_b;
    key.has_bias = p->bias != NULL;
    rp_cpu_primitive *slot = primitive_slot(state, &key);
    if (slot->primitive == NULL)
        RP_TRY(rp_cpu_onednn_failed(product_make(state, slot, p), "matrix product", error));
    dnnl_memory_t packed = NULL;
    if (p->is_packed)
        RP_TRY(rp_cpu_pack_onednn(device, p->b, &slot->w_plain, &slot->packed, &packed, error));
    operand operands[OPERANDS_MAX] = {
        {DNNL_ARG_SRC, &slot->x, (void *)p->a, NULL},
        {DNNL_ARG_WEIGHTS, &slot->w_plain, p->b->data, packed},
        {DNNL_ARG_DST, &slot->y, p->y, NULL},
        {DNNL_ARG_BIAS, &slot->bias, p->bias != NULL ? p->bias->data : NULL, NULL}};
    return execute(device, slot, operands, p->bias != NULL ? 4 : 3, error);
}

static rp_status matmul(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *a = args->in[0], *b = args->in[1], *y = args->out[0];
    if (a->dtype == RP_F64 || a->dtype != b->dtype) return rp_ref_ops.matmul(device, args, error);
    const product p = {.a = a->data,
                       .b = b,
                       .y = y->data,
                       .a_type = a->dtype,
                       .y_type = y->dtype,
                       .rows = y->shape[0],
                       .columns = y->shape[1],
                       .inner = a->shape[args->attr.transpose_a ? 0 : 1],
                       .transpose_a = args->attr.transpose_a,
                       .transpose_b = args->attr.transpose_b};
    return product_run(device, &p, error);
}

static rp_status linear(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0], *w = args->in[1], *y = args->out[0];
    if (x->dtype == RP_F64) return rp_ref_ops.linear(device, args, error);
    const int64_t inner = w->shape[w->dims - 1], columns = rp_tensor_count(w) / inner;
    const product p = {.a = x->data,
                       .b = w,
                       .bias = args->in[2],
                       .y = y->data,
                       .a_type = x->dtype,
                       .y_type = y->dtype,
                       .rows = rp_tensor_count(x) / inner,
                       .inner = inner,
                       .columns = columns,
                       .transpose_b = true,
                       .is_packed = true};
    return product_run(device, &p, error);
}

/* gb: sums of the columns of gy in blocks of rows of fixed size, so that the order never changes.
 */
static rp_status column_sums(rp_device *device, const rp_tensor *gy, rp_tensor *gb,
                             rp_error *error) {
    const rp_args args = {.in = {gy}, .out = {gb}};
    return device->ops.sum(device, &args, error);
}

/* gy in the type of x, since oneDNN multiplies like with like: itself, or a copy. */
static rp_status upstream_like(rp_device *device, const rp_tensor *gy, const rp_tensor *x,
                               rp_tensor *out, rp_error *error) {
    *out = *gy;
    if (gy->dtype == x->dtype) return RP_OK;
    out->dtype = x->dtype;
    out->data = rp_cpu_scratch_take(device, RP_SCRATCH_LOSS, rp_tensor_bytes(out));
    if (out->data == NULL) return rp_fail_memory(error, "a gradient");
    return device->ops.cast(device, &(rp_args){.in = {gy}, .out = {out}}, error);
}

static rp_status linear_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *gy = args->in[0], *x = args->in[1], *w = args->in[2];
    if (gy->dtype == RP_F64) return rp_ref_ops.linear_backward(device, args, error);
    const int64_t inner = w->shape[w->dims - 1], columns = rp_tensor_count(w) / inner;
    const int64_t rows = rp_tensor_count(x) / inner;
    rp_tensor g;
    RP_TRY(upstream_like(device, gy, x, &g, error));
    if (args->out[0] != NULL) {
        const product p = {.a = g.data,
                           .b = w,
                           .y = args->out[0]->data,
                           .a_type = g.dtype,
                           .y_type = args->out[0]->dtype,
                           .rows = rows,
                           .inner = columns,
                           .columns = inner,
                           .is_packed = true};
        RP_TRY(product_run(device, &p, error));
    }
    if (args->out[1] != NULL) {
        const product p = {.a = g.data,
                           .b = x,
                           .y = args->out[1]->data,
                           .a_type = g.dtype,
                           .y_type = args->out[1]->dtype,
                           .rows = columns,
                           .inner = rows,
                           .columns = inner,
                           .transpose_a = true};
        RP_TRY(product_run(device, &p, error));
    }
    return args->out[2] == NULL ? RP_OK : column_sums(device, gy, args->out[2], error);
}

void rp_cpu_install_onednn(rp_device *device) {
    static const rp_op rows[] = {
        RP_OP_conv2d, RP_OP_conv2d_bias, RP_OP_conv2d_backward_data, RP_OP_conv2d_backward_weights,
        RP_OP_matmul, RP_OP_linear,      RP_OP_linear_backward};
    device->ops.conv2d = conv2d;
    device->ops.conv2d_bias = conv2d_bias;
    device->ops.conv2d_backward_data = conv2d_backward_data;
    device->ops.conv2d_backward_weights = conv2d_backward_weights;
    device->ops.matmul = matmul;
    device->ops.linear = linear;
    device->ops.linear_backward = linear_backward;
    for (size_t i = 0; i < RP_COUNT(rows); i++) device->implementation[rows[i]] = "onednn";
}
