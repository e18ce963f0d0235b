/* convolution.cu: convolutions of images (B, W, H, C), in order of preference:
 *
 *     1. cuDNN, which reads channels-last images as they are (convolution_dnn.cu)
 *     2. patches side by side in memory, and a matrix product of cuBLAS
 *
 * The second is there for what cuDNN has no engine for, and is what the emulation runs. A patch of
 * y's place (b, i, j) is a row of KW KH C numbers, laid out as the weights of one output are:
 *
 *     y (places, O) = patches w'      gw (O, KW KH C) = gy' patches      gpatches = gy w
 *
 * and gx gathers each of its numbers from the patches that hold it. Images are taken a few at a
 * time, so that their patches stay within PATCHES_MAX_BYTES. */
#include "tensor/cuda/numbers.h"

static const int64_t PATCHES_MAX_BYTES = (int64_t)1 << 29;

typedef struct patches {
    int64_t in[2], out[2], channels;
    int32_t kernel[2], stride[2], pad[2]; /* pad: before W, before H */
    int64_t images, row;                  /* images at a time; numbers of a patch */
} patches;

static patches patches_of(const rp_cuda_convolution *c) {
    patches p = {};
    for (int i = 0; i < 2; i++) {
        p.in[i] = c->x_shape[1 + i];
        p.out[i] = c->y_shape[1 + i];
        p.kernel[i] = (int32_t)c->w_shape[1 + i];
        p.stride[i] = c->attr->stride[i];
        p.pad[i] = c->attr->pad[2 * i];
    }
    p.channels = c->x_shape[3];
    p.row = p.kernel[0] * p.kernel[1] * p.channels;
    const int64_t bytes = p.out[0] * p.out[1] * p.row * (int64_t)rp_dtype_size(c->type);
    p.images = bytes > PATCHES_MAX_BYTES ? 1 : PATCHES_MAX_BYTES / bytes;
    if (p.images > c->x_shape[0]) p.images = c->x_shape[0];
    return p;
}

static __global__ void gather_kernel(rp_view rows, rp_view x, patches p, int64_t count) {
    const int64_t index = rp_index();
    if (index >= count) return;
    const int64_t c = index % p.channels, tap = index / p.channels % (p.row / p.channels);
    const int64_t place = index / p.row;
    const int64_t j = place % p.out[1] * p.stride[1] + tap % p.kernel[1] - p.pad[1];
    const int64_t i = place / p.out[1] % p.out[0] * p.stride[0] + tap / p.kernel[1] - p.pad[0];
    const int64_t image = place / p.out[1] / p.out[0];
    const bool inside = i >= 0 && i < p.in[0] && j >= 0 && j < p.in[1];
    rp_put(rows, index,
           inside ? rp_get(x, ((image * p.in[0] + i) * p.in[1] + j) * p.channels + c) : 0);
}

/* gx[b, i, j, c] from every tap (k, l) whose place of y, (i + pad - k) / stride, is whole. */
static __global__ void scatter_kernel(rp_view gx, rp_view rows, patches p, int64_t count) {
    const int64_t index = rp_index();
    float sum = 0;
    if (index >= count) return;
    const int64_t c = index % p.channels, j = index / p.channels % p.in[1];
    const int64_t i = index / p.channels / p.in[1] % p.in[0];
    const int64_t image = index / p.channels / p.in[1] / p.in[0];
    for (int64_t k = 0; k < p.kernel[0]; k++) {
        const int64_t at = i + p.pad[0] - k;
        if (at < 0 || at % p.stride[0] != 0 || at / p.stride[0] >= p.out[0]) continue;
        for (int64_t l = 0; l < p.kernel[1]; l++) {
            const int64_t to = j + p.pad[1] - l;
            if (to < 0 || to % p.stride[1] != 0 || to / p.stride[1] >= p.out[1]) continue;
            const int64_t place =
                (image * p.out[0] + at / p.stride[0]) * p.out[1] + to / p.stride[1];
            sum += rp_get(rows, place * p.row + (k * p.kernel[1] + l) * p.channels + c);
        }
    }
    rp_put(gx, index, sum);
}

/* Images first .. first + images of one convolution. */
static rp_status run_images(rp_device *device, const rp_cuda_convolution *c, const patches *p,
                            int64_t first, rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    const int64_t images = c->x_shape[0] - first < p->images ? c->x_shape[0] - first : p->images;
    const int64_t places = images * p->out[0] * p->out[1], outputs = c->w_shape[0];
    const int64_t x_image = p->in[0] * p->in[1] * p->channels;
    const size_t size = rp_dtype_size(c->type);
    const int half = c->type == RP_BF16;
    char *x = (char *)c->x + (size_t)(first * x_image) * size;
    char *y = (char *)c->y + (size_t)(first * p->out[0] * p->out[1] * outputs) * size;
    void *rows = rp_cuda_scratch_take(device, RP_CUDA_COLUMNS, (size_t)(places * p->row) * size);
    if (rows == NULL) return rp_fail_memory(error, "a convolution on the GPU");
    rp_cuda_product product = {rows, c->w, y, c->type, c->type};
    product.rows = places;
    product.inner = p->row;
    product.columns = outputs;
    product.transpose_b = true;
    if (c->direction != RP_CUDA_DATA)
        rp_launch(state, gather_kernel, rp_grid_over(places * p->row), rp_view{rows, half},
                  rp_view{x, half}, *p, places * p->row);
    if (c->direction == RP_CUDA_FILTER) {
        product = rp_cuda_product{y, rows, c->w, c->type, RP_F32, true, false, first > 0};
        product.rows = outputs;
        product.inner = places;
        product.columns = p->row;
    } else if (c->direction == RP_CUDA_DATA) {
        product = rp_cuda_product{y, c->w, rows, c->type, c->type};
        product.rows = places;
        product.inner = outputs;
        product.columns = p->row;
    }
    RP_TRY(rp_cuda_product_run(device, &product, error));
    if (c->direction == RP_CUDA_DATA)
        rp_launch(state, scatter_kernel, rp_grid_over(images * x_image), rp_view{x, half},
                  rp_view{rows, half}, *p, images * x_image);
    return rp_cuda_launched(device, error);
}

static rp_status run(rp_device *device, rp_cuda_convolution *c, const rp_tensor *const tensors[3],
                     rp_error *error) {
    for (int i = 0; i < 4; i++) {
        c->x_shape[i] = tensors[0]->shape[i];
        c->w_shape[i] = tensors[1]->shape[i];
        c->y_shape[i] = tensors[2]->shape[i];
    }
    const rp_status status = rp_cuda_convolution_run(device, c, error);
    if (status != RP_NO) return status;
    const patches p = patches_of(c);
    for (int64_t first = 0; first < c->x_shape[0]; first += p.images)
        RP_TRY(run_images(device, c, &p, first, error));
    return RP_OK;
}

rp_status rp_cuda_conv2d(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0], *w = args->in[1], *y = args->out[0];
    rp_cuda_convolution c = {RP_CUDA_FORWARD, x->dtype};
    c.x = x->data;
    c.w = (void *)rp_cuda_parameter(device, w, x->dtype);
    c.y = y->data;
    c.attr = &args->attr;
    if (c.w == NULL) return rp_fail_memory(error, "weights on the GPU");
    const rp_tensor *const tensors[3] = {x, w, y};
    return run(device, &c, tensors, error);
}

rp_status rp_cuda_conv2d_backward_data(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *gy = args->in[0], *w = args->in[1], *gx = args->out[0];
    rp_cuda_convolution c = {RP_CUDA_DATA, gy->dtype};
    c.x = gx->data;
    c.w = (void *)rp_cuda_parameter(device, w, gy->dtype);
    c.y = gy->data;
    c.attr = &args->attr;
    if (c.w == NULL) return rp_fail_memory(error, "weights on the GPU");
    const rp_tensor *const tensors[3] = {gx, w, gy};
    return run(device, &c, tensors, error);
}

rp_status rp_cuda_conv2d_backward_weights(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0], *gy = args->in[1], *gw = args->out[0];
    rp_cuda_convolution c = {RP_CUDA_FILTER, x->dtype};
    c.x = x->data;
    c.w = gw->data;
    c.y = gy->data;
    c.attr = &args->attr;
    const rp_tensor *const tensors[3] = {x, gw, gy};
    return run(device, &c, tensors, error);
}

/* What is done to the sums of a convolution. */
typedef struct finish {
    rp_view y, residual; /* residual.data NULL: none */
    const float *bias;
    const int32_t *lengths;                   /* NULL: all columns count */
    int64_t count, channels, column, columns; /* numbers of a column, columns of an image */
    int relu;
} finish;

static __global__ void finish_kernel(finish f) {
    const int64_t i = rp_index();
    if (i >= f.count) return;
    const int64_t place = i / f.column, image = place / f.columns;
    float value = rp_get(f.y, i) + f.bias[i % f.channels];
    if (f.residual.data != NULL) value += rp_get(f.residual, i);
    if (f.relu && value < 0) value = 0;
    if (f.lengths != NULL && place - image * f.columns >= f.lengths[image]) value = 0;
    rp_put(f.y, i, value);
}

/* Where y lies over the residual, the sums go to memory of their own first. */
rp_status rp_cuda_conv2d_bias(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *y = args->out[0], *residual = args->in[3], *lengths = args->in[4];
    finish f = {rp_view_of(y), rp_view_of(residual)};
    f.bias = (const float *)args->in[2]->data;
    f.lengths = lengths != NULL ? (const int32_t *)lengths->data : NULL;
    f.count = rp_tensor_count(y);
    f.channels = y->shape[3];
    f.column = y->shape[2] * y->shape[3];
    f.columns = y->shape[1];
    f.relu = args->attr.relu;
    if (residual != NULL && residual->data == y->data) {
        void *kept = rp_cuda_scratch_take(device, RP_CUDA_RESIDUAL, rp_tensor_bytes(y));
        if (kept == NULL) return rp_fail_memory(error, "the residual on the GPU");
        device->copy(device, kept, y->data, rp_tensor_bytes(y));
        f.residual.data = kept;
    }
    RP_TRY(rp_cuda_conv2d(device, args, error));
    rp_launch(rp_cuda_state_of(device), finish_kernel, rp_grid_over(f.count), f);
    return rp_cuda_launched(device, error);
}
