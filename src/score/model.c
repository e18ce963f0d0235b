/* model.c: see model.h. Building and running walk the same rows in the same order; a parameter is
 * found by its name, which is made from the row's number and its part. */
#include "score/model.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* ---- building -------------------------------------------------------------------------------- */

typedef struct builder {
    rp_parameters *parameters;
    int32_t channels, height; /* of what the row gets; after COLUMNS channels are features */
    int32_t stride;           /* along W so far */
} builder;

enum { PART_NAME_MAX = 32 };

void rp_model_part_name(char name[RP_PARAMETER_NAME_MAX], int row, const char *part) {
    snprintf(name, RP_PARAMETER_NAME_MAX, "encoder.%d.%.31s", row, part);
}

static void add(builder *b, int row, const char *part, rp_init init, bool trained, int dims,
                const int64_t *shape) {
    char name[RP_PARAMETER_NAME_MAX];
    rp_model_part_name(name, row, part);
    rp_parameters_add(b->parameters, name, init, trained, dims, shape);
}

static void add_conv(builder *b, int row, const char *part, int32_t kernel, int32_t in,
                     int32_t out) {
    const int64_t shape[4] = {out, kernel, kernel, in};
    add(b, row, part, RP_INIT_GLOROT, true, 4, shape);
}

/* gamma, beta, mean, variance of the norm called `part`. */
static void add_norm(builder *b, int row, const char *part, int32_t channels) {
    static const struct {
        const char *name;
        rp_init init;
        bool trained;
    } pieces[4] = {{"gamma", RP_INIT_ONES, true},
                   {"beta", RP_INIT_ZEROS, true},
                   {"mean", RP_INIT_ZEROS, false},
                   {"variance", RP_INIT_ONES, false}};
    for (int i = 0; i < 4; i++) {
        char name[PART_NAME_MAX];
        snprintf(name, sizeof name, "%s.%s", part, pieces[i].name);
        add(b, row, name, pieces[i].init, pieces[i].trained, 1, &(const int64_t){channels});
    }
}

/* Adds a matrix with Glorot's bound for `in` inputs and `out` outputs, whatever its axes. */
static void add_matrix(rp_parameters *parameters, const char *name, int dims, const int64_t *shape,
                       double in, double out) {
    const int i = rp_parameters_add(parameters, name, RP_INIT_UNIFORM, true, dims, shape);
    if (parameters->status == RP_OK) parameters->rows[i].scale = sqrt(6 / (in + out));
}

static void add_lstm(builder *b, int row, int32_t units) {
    const int64_t wx[3] = {2, 4 * units, b->channels}, wh[3] = {2, 4 * units, units};
    const int64_t bias[2] = {2, 4 * units};
    char name[RP_PARAMETER_NAME_MAX];
    rp_model_part_name(name, row, "wx");
    add_matrix(b->parameters, name, 3, wx, b->channels, 4 * units);
    add(b, row, "wh", RP_INIT_ORTHOGONAL, true, 3, wh);
    add(b, row, "bias", RP_INIT_LSTM_BIAS, true, 2, bias);
}

static void build_layer(builder *b, int row, const rp_layer *layer) {
    switch (layer->kind) {
        case RP_LAYER_CONV:
            add_conv(b, row, "conv", layer->kernel, b->channels, layer->units);
            if (layer->norm) add_norm(b, row, "norm", layer->units);
            break;
        case RP_LAYER_RESIDUAL:
            add_conv(b, row, "conv1", 3, b->channels, layer->units);
            add_norm(b, row, "norm1", layer->units);
            add_conv(b, row, "conv2", 3, layer->units, layer->units);
            add_norm(b, row, "norm2", layer->units);
            if (layer->kernel == 0) break;
            add_conv(b, row, "shortcut", layer->kernel, b->channels, layer->units);
            add_norm(b, row, "norm3", layer->units);
            break;
        case RP_LAYER_COLUMNS:
            b->channels *= b->height;
            if (layer->units == 0) return;
            add(b, row, "linear", RP_INIT_GLOROT, true, 2,
                (const int64_t[]){layer->units, b->channels});
            add_norm(b, row, "norm", layer->units);
            break;
        case RP_LAYER_LSTM: add_lstm(b, row, layer->units); break;
        case RP_LAYER_DROPOUT:
        case RP_LAYER_END: return;
    }
    b->channels = layer->units;
    if (layer->stride_w == 0) return;
    b->stride *= layer->stride_w;
    b->height = (b->height + layer->stride_h - 1) / layer->stride_h;
}

static void build_decoder(const rp_configuration *c, rp_parameters *p, int64_t width) {
    const int64_t u = c->units, ids = c->ids;
    const int e = rp_parameters_add(p, "decoder.embedding", RP_INIT_UNIFORM, true, 2,
                                    (const int64_t[]){ids, u});
    if (p->status == RP_OK) p->rows[e].scale = 0.05;
    add_matrix(p, "decoder.keys.weight", 2, (const int64_t[]){u, width}, (double)width, (double)u);
    rp_parameters_add(p, "decoder.keys.bias", RP_INIT_ZEROS, true, 1, &u);
    add_matrix(p, "decoder.query.weight", 2, (const int64_t[]){u, 2 * u}, 2.0 * (double)u,
               (double)u);
    rp_parameters_add(p, "decoder.query.bias", RP_INIT_ZEROS, true, 1, &u);
    add_matrix(p, "decoder.score", 1, (const int64_t[]){u + 1}, (double)u, 1);
    add_matrix(p, "decoder.wx", 2, (const int64_t[]){4 * u, u + width}, (double)(u + width),
               4.0 * (double)u);
    rp_parameters_add(p, "decoder.wh", RP_INIT_ORTHOGONAL, true, 2, (const int64_t[]){4 * u, u});
    rp_parameters_add(p, "decoder.bias", RP_INIT_LSTM_BIAS, true, 1, (const int64_t[]){4 * u});
    rp_parameters_add(p, "decoder.output.weight", RP_INIT_GLOROT, true, 2,
                      (const int64_t[]){ids, u});
    rp_parameters_add(p, "decoder.output.bias", RP_INIT_ZEROS, true, 1, &ids);
    if (!c->by_measure) return;
    rp_parameters_add(p, "edges.weight", RP_INIT_GLOROT, true, 2, (const int64_t[]){1, width});
    rp_parameters_add(p, "edges.bias", RP_INIT_ZEROS, true, 1, (const int64_t[]){1});
    rp_parameters_add(p, "presence.weight", RP_INIT_GLOROT, true, 2, (const int64_t[]){ids, width});
    rp_parameters_add(p, "presence.bias", RP_INIT_ZEROS, true, 1, &ids);
}

/* The rows of all parameters, not planned yet. */
static void build(rp_model *model, const rp_configuration *configuration) {
    *model = (rp_model){.configuration = configuration};
    builder b = {.parameters = &model->parameters,
                 .channels = 1,
                 .height = configuration->height,
                 .stride = 1};
    for (int i = 0; configuration->layers[i].kind != RP_LAYER_END; i++)
        build_layer(&b, i, &configuration->layers[i]);
    model->stride = b.stride;
    model->behind_encoder = model->parameters.count;
    build_decoder(configuration, &model->parameters, b.channels);
}

rp_status rp_model_create(rp_model *model, const rp_configuration *configuration, uint64_t seed,
                          bool training, rp_error *error) {
    build(model, configuration);
    const rp_status status = rp_parameters_plan(&model->parameters, seed, training, error);
    if (status != RP_OK) rp_model_clear(model);
    return status;
}

void rp_model_clear(rp_model *model) {
    rp_parameters_clear(&model->parameters);
    rp_parameters_clear(&model->folded);
    *model = (rp_model){0};
}

/* ---- on disk -----------------------------------------------------------------------------------
 */

static char *vocabulary_text(rp_arena *space) {
    rp_text text = {0};
    for (unsigned token = 0; token < RP_LMX_COUNT; token++)
        rp_text_format(&text, "%s%s", token > 0 ? " " : "", rp_lmx_text_of(token));
    char *copy = text.failed ? NULL : rp_arena_text(space, text.data, text.length);
    rp_text_clear(&text);
    return copy;
}

rp_status rp_model_metadata(const rp_model *model, rp_metadata metadata[RP_MODEL_METADATA],
                            rp_arena *space, rp_error *error) {
    metadata[0] = (rp_metadata){"reprise", RP_VERSION};
    metadata[1] = (rp_metadata){"configuration", model->configuration->name};
    metadata[2] = (rp_metadata){"vocabulary", vocabulary_text(space)};
    metadata[3] = (rp_metadata){"confidence", rp_calibration_print(&model->calibration, space)};
    const bool is_whole = metadata[2].text != NULL && metadata[3].text != NULL;
    return is_whole ? RP_OK : rp_fail_memory(error, "the vocabulary");
}

static rp_status check_metadata(const rp_safetensors *file, const char *path,
                                const rp_configuration **configuration, rp_error *error) {
    const char *name = rp_safetensors_metadata(file, "configuration");
    const char *vocabulary = rp_safetensors_metadata(file, "vocabulary");
    rp_arena space = {0};
    const char *ours = vocabulary_text(&space);
    rp_status status = RP_OK;
    *configuration = name != NULL ? rp_configuration_find(name) : NULL;
    if (name == NULL || vocabulary == NULL)
        status = rp_fail(error, RP_INPUT, -1, "%s: is not a model that reads music", path);
    else if (*configuration == NULL)
        status = rp_fail(error, RP_INPUT, -1,
                         "%s: is of the configuration '%s', which this version "
                         "does not have",
                         path, name);
    else if (ours == NULL) status = rp_fail_memory(error, "the vocabulary");
    else if (strcmp(ours, vocabulary) != 0)
        status = rp_fail(error, RP_INPUT, -1,
                         "%s: was made for another vocabulary; train it anew, "
                         "or use the program it came with",
                         path);
    rp_arena_clear(&space);
    return status;
}

/* Weights from before confidence was calibrated have none. */
static void read_calibration(rp_model *model, const rp_safetensors *file) {
    const char *text = rp_safetensors_metadata(file, "confidence");
    if (text != NULL) model->calibration = rp_calibration_read(text);
}

/* A network whose weights are about to be read. Reading needs every row of the file, so nothing is
 * drawn for it: drawing three million numbers took a fifth of the time of reading a page. For
 * training, rows that older weights lack start fresh. */
static rp_status create_to_fill(rp_model *model, const rp_configuration *configuration,
                                bool training, rp_error *error) {
    if (training) return rp_model_create(model, configuration, 0, true, error);
    build(model, configuration);
    for (int i = 0; i < model->parameters.count; i++)
        model->parameters.rows[i].init = RP_INIT_ZEROS;
    const rp_status status = rp_parameters_plan(&model->parameters, 0, false, error);
    if (status != RP_OK) rp_model_clear(model);
    return status;
}

rp_status rp_model_open(rp_model *model, const char *path, bool training, rp_error *error) {
    *model = (rp_model){0};
    rp_safetensors file;
    const rp_configuration *configuration;
    RP_TRY(rp_safetensors_open(&file, path, error));
    rp_status status = check_metadata(&file, path, &configuration, error);
    if (status == RP_OK) status = create_to_fill(model, configuration, training, error);
    if (status == RP_OK)
        status = rp_safetensors_read_parameters(&file, &model->parameters, training, error);
    if (status == RP_OK) read_calibration(model, &file);
    if (status == RP_OK && training)
        memcpy(model->parameters.average, model->parameters.values,
               (size_t)model->parameters.trained_count * sizeof(float));
    rp_safetensors_close(&file);
    if (status == RP_OK && !training) status = rp_model_fold(model, error);
    if (status != RP_OK) rp_model_clear(model);
    return status;
}

/* ---- running -----------------------------------------------------------------------------------
 */

typedef struct walk {
    const rp_model *model;
    rp_tape *tape;
    const rp_model_run *run;
    const int32_t *pixels; /* lengths in px */
    rp_tensor *lengths;    /* in columns of the present stride */
    int32_t stride, row;
} walk;

static rp_tensor *part_of(const rp_parameters *parameters, int row, const char *part) {
    char name[RP_PARAMETER_NAME_MAX];
    rp_model_part_name(name, row, part);
    rp_parameter *found = rp_parameters_find(parameters, name);
    assert(found != NULL);
    return &found->tensor;
}

static rp_tensor *weight(const walk *w, const char *part) {
    return part_of(&w->model->parameters, w->row, part);
}

/* A parameter behind the encoder's: asked for at every token that is read, so the many rows before
 * are not searched. */
static rp_tensor *named(const rp_model *model, const char *name) {
    int32_t row = model->behind_encoder;
    while (strcmp(model->parameters.rows[row].name, name) != 0) row++;
    assert(row < model->parameters.count);
    return &model->parameters.rows[row].tensor;
}

/* Lengths at the present stride: a stride-2 layer leaves ceil(n / 2) valid columns of n. */
static void update_lengths(walk *w, int64_t images) {
    w->lengths = rp_tape_tensor(w->tape, RP_I32, 1, &images);
    if (w->lengths == NULL) return;
    int32_t *lengths = w->lengths->data;
    for (int64_t b = 0; b < images; b++) lengths[b] = (w->pixels[b] + w->stride - 1) / w->stride;
}

/* Of x, which nothing else reads: its memory is given back where nothing is recorded. */
static rp_tensor *norm(const walk *w, rp_tensor *x, const char *part, rp_tensor *residual,
                       bool relu) {
    static const char *const pieces[4] = {"gamma", "beta", "mean", "variance"};
    rp_tensor *found[4];
    for (int i = 0; i < 4; i++) {
        char name[PART_NAME_MAX];
        snprintf(name, sizeof name, "%s.%s", part, pieces[i]);
        found[i] = weight(w, name);
    }
    const rp_norm norm = {.gamma = found[0],
                          .beta = found[1],
                          .running_mean = found[2],
                          .running_var = found[3],
                          .residual = residual,
                          .lengths = w->lengths,
                          .eps = w->model->configuration->norm_eps,
                          .decay = w->model->configuration->norm_decay,
                          .relu = relu,
                          .training = w->run->training};
    rp_tensor *y = rp_tape_batch_norm(w->tape, x, &norm);
    rp_tape_release(w->tape, x);
    return y;
}

/* "Same" padding: the output has ceil(size / stride) places; an odd one of padding goes behind. */
static void same_padding(int32_t pad[2], int64_t size, int32_t kernel, int32_t stride) {
    const int64_t out = (size + stride - 1) / stride, needed = (out - 1) * stride + kernel - size;
    const int32_t total = needed > 0 ? (int32_t)needed : 0;
    pad[0] = total / 2;
    pad[1] = total - pad[0];
}

static rp_window same_window(const rp_tensor *x, const rp_tensor *weights,
                             const int32_t stride[2]) {
    rp_window window = {.stride = {stride[0], stride[1]}};
    same_padding(window.pad, x->shape[1], (int32_t)weights->shape[1], stride[0]);
    same_padding(window.pad + 2, x->shape[2], (int32_t)weights->shape[2], stride[1]);
    return window;
}

static rp_tensor *conv(const walk *w, rp_tensor *x, const char *part, const int32_t stride[2]) {
    rp_tensor *weights = weight(w, part);
    if (x == NULL) return NULL;
    const rp_window window = same_window(x, weights, stride);
    return rp_tape_conv2d(w->tape, x, weights, &window);
}

/* A convolution with its norm; both in one where the model is folded. */
typedef struct pair {
    const char *conv, *norm; /* parts */
    int32_t stride[2];
    bool relu;
    rp_tensor *residual; /* added before relu; may be NULL; may be used up */
} pair;

static rp_tensor *run_pair(const walk *w, rp_tensor *x, const pair *p) {
    const rp_parameters *folded = &w->model->folded;
    if (folded->count == 0) {
        rp_tensor *y = conv(w, x, p->conv, p->stride);
        return norm(w, y, p->norm, p->residual, p->relu);
    }
    const rp_filter filter = {.w = part_of(folded, w->row, p->conv),
                              .b = part_of(folded, w->row, p->norm),
                              .relu = p->relu,
                              .residual = p->residual,
                              .lengths = w->lengths};
    if (x == NULL) return NULL;
    const rp_window window = same_window(x, filter.w, p->stride);
    return rp_tape_conv2d_bias(w->tape, x, &filter, &window);
}

static rp_tensor *residual(const walk *w, rp_tensor *x, const rp_layer *layer) {
    pair first = {"conv1", "norm1", {layer->stride_w, layer->stride_h}, .relu = true};
    pair across = {"shortcut", "norm3", {layer->stride_w, layer->stride_h}, .relu = false};
    pair second = {"conv2", "norm2", {1, 1}, .relu = true, .residual = x};
    rp_tensor *inner = run_pair(w, x, &first);
    if (layer->kernel > 0) {
        second.residual = run_pair(w, x, &across);
        rp_tape_release(w->tape, x);
    }
    rp_tensor *y = run_pair(w, inner, &second);
    rp_tape_release(w->tape, inner);
    rp_tape_release(w->tape, second.residual);
    return y;
}

static rp_tensor *columns(const walk *w, rp_tensor *x, const rp_layer *layer) {
    if (x == NULL) return NULL;
    const int64_t shape[3] = {x->shape[0], x->shape[1], x->shape[2] * x->shape[3]};
    rp_tensor *y = rp_tape_reshape(w->tape, x, 3, shape);
    if (layer->units == 0) return y;
    y = rp_tape_linear(w->tape, y, weight(w, "linear"), NULL, x->dtype);
    return norm(w, y, "norm", NULL, true);
}

static rp_tensor *lstm(const walk *w, rp_tensor *x, const rp_layer *layer) {
    const rp_lstm lstm = {.wx = weight(w, "wx"),
                          .wh = weight(w, "wh"),
                          .b = weight(w, "bias"),
                          .lengths = w->lengths};
    rp_tensor *y = rp_tape_lstm(w->tape, x, &lstm);
    return layer->add_input ? rp_tape_add(w->tape, y, x) : y;
}

static rp_tensor *run_layer(walk *w, rp_tensor *x, const rp_layer *layer) {
    switch (layer->kind) {
        case RP_LAYER_CONV: {
            const pair p = {
                "conv", "norm", {layer->stride_w, layer->stride_h}, .relu = layer->relu};
            return layer->norm ? run_pair(w, x, &p) : conv(w, x, p.conv, p.stride);
        }
        case RP_LAYER_RESIDUAL: return residual(w, x, layer);
        case RP_LAYER_COLUMNS: return columns(w, x, layer);
        case RP_LAYER_LSTM: return lstm(w, x, layer);
        case RP_LAYER_DROPOUT:
            if (!w->run->training) return x;
            return rp_tape_dropout(
                w->tape, x, layer->rate, w->run->seed,
                ((w->run->step * RP_MODEL_LAYERS_MAX + (uint64_t)w->row) << 16) + w->run->first);
        case RP_LAYER_END: break;
    }
    return x;
}

rp_encoding rp_model_encode(const rp_model *model, rp_tape *tape, rp_tensor *images,
                            const int32_t *lengths, const rp_model_run *run) {
    walk w = {.model = model, .tape = tape, .run = run, .pixels = lengths, .stride = 1};
    rp_tensor *x = images;
    update_lengths(&w, images->shape[0]);
    for (w.row = 0; model->configuration->layers[w.row].kind != RP_LAYER_END; w.row++) {
        const rp_layer *layer = &model->configuration->layers[w.row];
        if (layer->stride_w > 1) {
            w.stride *= layer->stride_w;
            update_lengths(&w, images->shape[0]);
        }
        x = run_layer(&w, x, layer);
    }
    rp_encoding encoding = {.enc = x};
    if (x == NULL) return encoding;
    encoding.keys = rp_tape_linear(tape, x, named(model, "decoder.keys.weight"),
                                   named(model, "decoder.keys.bias"), x->dtype);
    if (!model->configuration->by_measure) return encoding;
    rp_tensor *exact = x->dtype == RP_BF16 ? rp_tape_cast(tape, x, RP_F32) : x;
    rp_tensor *edges = rp_tape_linear(tape, exact, named(model, "edges.weight"),
                                      named(model, "edges.bias"), exact ? exact->dtype : RP_F32);
    if (run->training)
        encoding.presence = rp_tape_linear(tape, exact, named(model, "presence.weight"),
                                           named(model, "presence.bias"), RP_F32);
    encoding.edges = rp_tape_reshape(tape, edges, 2, (const int64_t[]){x->shape[0], x->shape[1]});
    return encoding;
}

static rp_tensor *in_f32(rp_tape *tape, rp_tensor *x) {
    return x != NULL && x->dtype != RP_F32 ? rp_tape_cast(tape, x, RP_F32) : x;
}

/* Rows of the images from `first` on become those of the whole, in f32. */
static void put_rows(rp_tape *space, rp_tensor *whole, rp_tensor *part, int64_t first) {
    rp_tensor *exact = in_f32(space, part);
    if (exact == NULL || whole == NULL || rp_tape_finish(space) != RP_OK) return;
    const int64_t row = rp_tensor_count(whole) / whole->shape[0];
    space->device->copy(space->device, (float *)whole->data + first * row, exact->data,
                        rp_tensor_bytes(exact));
}

/* exp(2 keys) in f32: the decoder asks for them at every token. */
static rp_tensor *raise_keys(rp_tape *space, rp_tensor *keys) {
    return rp_tape_exp(space, rp_tape_scale(space, in_f32(space, keys), 2, 0));
}

rp_encoding rp_model_encode_apart(const rp_model *model, rp_tape *tape, rp_tape *space,
                                  const rp_tensor *images, const int32_t *lengths) {
    enum { TOGETHER_MAX = 2 };
    const rp_configuration *c = model->configuration;
    const int64_t count = images->shape[0], groups = (count + TOGETHER_MAX - 1) / TOGETHER_MAX;
    const int64_t image = rp_tensor_count(images) / count;
    const int64_t shape[3] = {count, images->shape[1] / model->stride, c->units};
    rp_encoding whole = {.enc = rp_tape_tensor(tape, RP_F32, 3, shape),
                         .keys = rp_tape_tensor(tape, RP_F32, 3, shape),
                         .edges = c->by_measure ? rp_tape_tensor(tape, RP_F32, 2, shape) : NULL,
                         .raised = true};
    for (int64_t i = 0; i < groups && tape->status == RP_OK; i++) {
        const int64_t first = count * i / groups, last = count * (i + 1) / groups;
        rp_tape_reset(space);
        rp_tensor some = *images;
        some.shape[0] = last - first;
        some.data = (char *)images->data + (size_t)(first * image) * rp_dtype_size(images->dtype);
        some.is_owned = false;
        const rp_encoding part =
            rp_model_encode(model, space, &some, lengths + first, &(rp_model_run){0});
        put_rows(space, whole.enc, part.enc, first);
        put_rows(space, whole.keys, raise_keys(space, part.keys), first);
        put_rows(space, whole.edges, part.edges, first);
        tape->status = space->status;
        tape->error = space->error;
    }
    if (tape->status != RP_OK) whole = (rp_encoding){0};
    return whole;
}

rp_decoding rp_model_decode(const rp_model *model, rp_tape *tape, const rp_encoding *encoding,
                            const rp_spans *spans) {
    const rp_decoder decoder = {.spans = spans->spans,
                                .ids = spans->ids,
                                .e = named(model, "decoder.embedding"),
                                .wq = named(model, "decoder.query.weight"),
                                .bq = named(model, "decoder.query.bias"),
                                .v = named(model, "decoder.score"),
                                .wx = named(model, "decoder.wx"),
                                .wh = named(model, "decoder.wh"),
                                .b = named(model, "decoder.bias"),
                                .h0 = spans->h0,
                                .c0 = spans->c0,
                                .raised = encoding->raised,
                                .span_max = spans->span_max};
    const rp_decoder_result result = rp_tape_decoder(tape, encoding->enc, encoding->keys, &decoder);
    rp_tensor *weights = named(model, "decoder.output.weight"), *h = result.h;
    if (h != NULL && spans->rows != NULL)
        h = rp_tape_embedding(
            tape,
            rp_tape_reshape(tape, h, 2, (const int64_t[]){h->shape[0] * h->shape[1], h->shape[2]}),
            spans->rows);
    rp_tensor *logits =
        rp_tape_linear(tape, h, weights, named(model, "decoder.output.bias"), weights->dtype);
    return (rp_decoding){.logits = logits, .h = result.h, .c = result.c, .alpha = result.alpha};
}
