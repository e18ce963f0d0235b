/* bench_zeus.c: a training step of the published network, and reading systems, timed.
 *
 * usage: bench_zeus step BATCH f32|bf16 STEPS [cuda]
 *            prints systems per second of the best step, and the products' share of one more
 *        bench_zeus read BATCH f32|bf16 TOKENS ROUNDS
 *            prints milliseconds of the best round
 *        bench_zeus epoch BATCH f32|bf16 STEPS DATA
 *            trains over systems of a data set, unpacked and augmented as in training, and over the
 *            same batches again as they lie in memory: prints systems per second of both
 *
 * But for `epoch`, images are 192 x 864 of noise, 272 tokens each; what is timed does not depend on
 * their content. Two threads. The peer is zeus_torch.py; zeus.py runs both and prints the ratios.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/random.h"
#include "nn/optimiser.h"
#include "score/batch.h"

enum { WIDTH = 864, TOKENS = 272, THREADS = 2 };

typedef struct bench {
    rp_model model;
    rp_device *device;
    rp_tape tape, step; /* step: of reading */
    rp_dtype dtype;
    rp_batch noise;
} bench;

static rp_tensor make(rp_dtype dtype, int dims, const int64_t *shape) {
    rp_tensor tensor = rp_tensor_over(NULL, dtype, dims, shape);
    tensor.data = aligned_alloc(64, (rp_tensor_bytes(&tensor) + 63) / 64 * 64);
    if (tensor.data == NULL) exit(4);
    return tensor;
}

static void bench_init(bench *b, const char *device, rp_dtype dtype, bool training) {
    rp_error error = {0};
    *b = (bench){.dtype = dtype};
    if (rp_model_create(&b->model, rp_configuration_find("zeus"), 1, training, NULL) != RP_OK ||
        (!training && rp_model_fold(&b->model, NULL) != RP_OK) ||
        rp_device_create(&b->device, device, THREADS, &error) != RP_OK ||
        rp_parameters_move(&b->model.parameters, b->device, &error) != RP_OK ||
        rp_tape_init(&b->tape, b->device, &error) != RP_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(4);
    }
    b->device->weights_version = 1;
}

/* Images of noise, each of them one span of (tokens) random tokens. */
static void make_noise(bench *b, int64_t size, int64_t tokens) {
    rp_random random = rp_random_make(1, 1);
    const rp_configuration *zeus = b->model.configuration;
    rp_batch *noise = &b->noise;
    noise->images = make(b->dtype, 4, (const int64_t[]){size, WIDTH, zeus->height, 1});
    noise->spans = make(RP_I32, 2, (const int64_t[]){size, 3});
    noise->inputs = make(RP_I32, 2, (const int64_t[]){size, tokens});
    noise->targets = make(RP_I32, 2, (const int64_t[]){size, tokens});
    noise->span_max = WIDTH / b->model.stride;
    noise->lengths = calloc((size_t)size, sizeof *noise->lengths);
    if (noise->lengths == NULL) exit(4);
    for (int64_t i = 0; i < rp_tensor_count(&noise->images); i++)
        rp_tensor_set(&noise->images, i, rp_random_uniform(&random) < 0.1);
    for (int64_t i = 0; i < size * tokens; i++) {
        ((int32_t *)noise->inputs.data)[i] = (int32_t)rp_random_below(&random, (uint32_t)zeus->ids);
        ((int32_t *)noise->targets.data)[i] =
            (int32_t)rp_random_below(&random, (uint32_t)zeus->ids);
    }
    for (int32_t i = 0; i < size; i++) {
        int32_t *span = (int32_t *)noise->spans.data + i * 3;
        noise->lengths[i] = WIDTH;
        span[0] = i;
        span[1] = 0;
        span[2] = WIDTH / b->model.stride;
    }
}

static rp_decoding forward(bench *b, rp_batch *batch, uint64_t step) {
    const rp_model_run run = {.training = true, .seed = 1, .step = step};
    rp_tensor *images = rp_tape_import(&b->tape, &batch->images);
    const rp_encoding encoding = rp_model_encode(&b->model, &b->tape, images, batch->lengths, &run);
    const rp_spans spans = {.spans = &batch->spans,
                            .ids = &batch->inputs,
                            .rows = batch->rows.data != NULL ? &batch->rows : NULL,
                            .span_max = batch->span_max};
    return rp_model_decode(&b->model, &b->tape, &encoding, &spans);
}

static double train_step(bench *b, rp_batch *batch, const rp_optimiser *adam, uint64_t step) {
    const double started = rp_clock_seconds();
    rp_tape_reset(&b->tape);
    rp_parameters_zero_gradients(&b->model.parameters);
    const rp_decoding d = forward(b, batch, step);
    rp_tensor *loss = rp_tape_cross_entropy(&b->tape, d.logits, &batch->targets);
    if (rp_tape_backward(&b->tape, loss, false) != RP_OK ||
        rp_optimiser_step(adam, &b->model.parameters, b->device, step, NULL, NULL) != RP_OK ||
        rp_tape_finish(&b->tape) != RP_OK) {
        fprintf(stderr, "%s\n", b->tape.error.text);
        exit(4);
    }
    return rp_clock_seconds() - started;
}

/* Seconds of the rows of one step, from the trace's lines: "conv2d onednn ... -> ... 3.214 ms". */
typedef struct shares {
    double all, products;
} shares;

static void add_share(void *context, int level, const char *line) {
    static const char *const products[] = {"conv2d", "matmul", "linear"};
    shares *s = context;
    const char *end = strrchr(line, ' '); /* before "ms" */
    (void)level;
    if (end == NULL) return;
    while (end > line && end[-1] != ' ') end--;
    const double ms = atof(end);
    s->all += ms;
    for (size_t i = 0; i < RP_COUNT(products); i++)
        if (strncmp(line, products[i], strlen(products[i])) == 0) s->products += ms;
}

/* The share of a step's rows that is convolutions and matrix products of their own; those inside
 * the recurrent rows (lstm, decoder) are not counted, so it is a lower bound. */
static double product_share(bench *b, const rp_optimiser *adam, uint64_t step) {
    shares s = {0};
    const rp_log log = {.write = add_share, .context = &s};
    b->device->trace = &log;
    train_step(b, &b->noise, adam, step);
    b->device->trace = NULL;
    return s.all > 0 ? s.products / s.all : 0;
}

/* As reading does it: the encoder once, then all systems of the batch token by token. */
static double read_batch(bench *b, int64_t tokens) {
    const double started = rp_clock_seconds();
    const int64_t size = b->noise.images.shape[0], units = b->model.configuration->units;
    rp_encoding encoding;
    rp_tape_reset(&b->tape); /* as score/reader.c */
    encoding =
        rp_model_encode_apart(&b->model, &b->tape, &b->step, &b->noise.images, b->noise.lengths);
    rp_tensor h = make(RP_F32, 2, (const int64_t[]){size, units});
    rp_tensor c = make(RP_F32, 2, (const int64_t[]){size, units});
    rp_tensor ids = make(RP_I32, 2, (const int64_t[]){size, 1});
    memset(h.data, 0, rp_tensor_bytes(&h));
    memset(c.data, 0, rp_tensor_bytes(&c));
    for (int64_t l = 0; l < tokens; l++) {
        rp_tape_reset(&b->step);
        for (int64_t n = 0; n < size; n++)
            ((int32_t *)ids.data)[n] = ((int32_t *)b->noise.inputs.data)[n * tokens + l];
        const rp_spans spans = {.spans = &b->noise.spans,
                                .ids = &ids,
                                .h0 = &h,
                                .c0 = &c,
                                .span_max = b->noise.span_max};
        const rp_decoding d = rp_model_decode(&b->model, &b->step, &encoding, &spans);
        if (b->step.status != RP_OK) exit(4);
        memcpy(h.data, d.h->data, rp_tensor_bytes(&h));
        memcpy(c.data, d.c->data, rp_tensor_bytes(&c));
    }
    free(h.data);
    free(c.data);
    free(ids.data);
    return rp_clock_seconds() - started;
}

static double peak_megabytes(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static rp_dtype kind(const char *word) { return strcmp(word, "bf16") == 0 ? RP_BF16 : RP_F32; }

static int bench_step(int count, char **words) {
    bench b;
    double best = 1e9;
    const int steps = atoi(words[3]), size = atoi(words[1]);
    bench_init(&b, count == 5 ? words[4] : "cpu", kind(words[2]), true);
    make_noise(&b, size, TOKENS);
    const rp_optimiser adam = rp_optimiser_adam(1e-3, 1000);
    for (int i = 0; i < steps + 2; i++) { /* two to warm up */
        const double seconds = train_step(&b, &b.noise, &adam, (uint64_t)i + 1);
        if (i >= 2 && seconds < best) best = seconds;
    }
    const uint64_t allocations = rp_store_allocations(b.tape.store);
    const double share = product_share(&b, &adam, (uint64_t)steps + 3);
    printf(
        "{\"systems_per_second\": %.3f, \"peak_mb\": %.0f, \"product_share\": %.3f, "
        "\"new_tensors\": %d}\n",
        size / best, peak_megabytes(), share,
        (int)(rp_store_allocations(b.tape.store) - allocations));
    return 0;
}

static int bench_read(int count, char **words) {
    bench b;
    double best = 1e9;
    const int64_t tokens = atoi(words[3]);
    bench_init(&b, "cpu", kind(words[2]), false);
    make_noise(&b, atoi(words[1]), tokens);
    (void)count;
    if (rp_tape_init(&b.step, b.device, NULL) != RP_OK) exit(4);
    b.tape.recording = b.step.recording = false;
    for (int i = 0; i < atoi(words[4]) + 2; i++) {
        const double seconds = read_batch(&b, tokens);
        if (i >= 2 && seconds < best) best = seconds;
    }
    printf("{\"milliseconds\": %.3f, \"peak_mb\": %.0f}\n", best * 1e3, peak_megabytes());
    return 0;
}

/* ---- whole epochs ------------------------------------------------------------------------------
 */

static rp_tensor copy(const rp_tensor *from) {
    rp_tensor to = make(from->dtype, from->dims, from->shape);
    memcpy(to.data, from->data, rp_tensor_bytes(from));
    return to;
}

static rp_batch keep(const rp_batch *from) {
    const size_t lengths = (size_t)from->images.shape[0] * sizeof *from->lengths;
    rp_batch to = {.images = copy(&from->images),
                   .lengths = malloc(lengths),
                   .spans = copy(&from->spans),
                   .inputs = copy(&from->inputs),
                   .rows = copy(&from->rows),
                   .targets = copy(&from->targets),
                   .span_max = from->span_max};
    if (to.lengths == NULL) exit(4);
    memcpy(to.lengths, from->lengths, lengths);
    return to;
}

/* Seconds of training over the first batches of an epoch, made as they are taken.
 * kept: receives a copy of each where it is not NULL; copying is not timed. */
static double run_loaded(bench *b, const rp_dataset *set, const rp_batch_options *options,
                         const rp_optimiser *adam, int steps, rp_batch *kept) {
    rp_batches *batches;
    rp_error error = {0};
    if (rp_batches_create(&batches, set, options, 0, &error) != RP_OK) exit(4);
    double sum = 0;
    for (int i = 0; i < steps; i++) {
        const rp_batch *next;
        const double started = rp_clock_seconds();
        if (rp_batches_next(batches, &next, &error) != RP_OK) exit(4);
        rp_batch batch = *next; /* the tape wants tensors it may write gradients for */
        train_step(b, &batch, adam, (uint64_t)i + 1);
        sum += rp_clock_seconds() - started;
        if (kept != NULL) kept[i] = keep(next);
    }
    rp_batches_destroy(batches);
    return sum;
}

static double run_kept(bench *b, rp_batch *kept, const rp_optimiser *adam, int steps) {
    const double started = rp_clock_seconds();
    for (int i = 0; i < steps; i++) train_step(b, &kept[i], adam, (uint64_t)i + 1);
    return rp_clock_seconds() - started;
}

/* The first pass over the batches warms up and keeps them; then both ways in turn, best of two. */
static int bench_epoch(int count, char **words) {
    bench b;
    rp_dataset set;
    rp_error error = {0};
    rp_page_augment_list augment = {0};
    const int size = atoi(words[1]), steps = atoi(words[3]);
    (void)count;
    bench_init(&b, "cpu", kind(words[2]), true);
    const rp_dataset_options options = {
        .split = "train", .limit = size * steps, .height = b.model.configuration->height};
    if (rp_dataset_load(&set, words[4], &options, &error) != RP_OK ||
        rp_page_augment_parse(&augment, "print,published", &error) != RP_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 4;
    }
    const rp_batch_options batch = {.size = size,
                                    .seed = 1,
                                    .stride = b.model.stride,
                                    .dtype = b.dtype,
                                    .augment = &augment,
                                    .device = b.device};
    const rp_optimiser adam = rp_optimiser_adam(1e-3, 1000);
    rp_batch *kept = calloc((size_t)steps, sizeof *kept);
    if (kept == NULL) return 4;
    run_loaded(&b, &set, &batch, &adam, steps, kept);
    double loaded = 1e9, held = 1e9;
    for (int round = 0; round < 2; round++) {
        held = fmin(held, run_kept(&b, kept, &adam, steps));
        loaded = fmin(loaded, run_loaded(&b, &set, &batch, &adam, steps, NULL));
    }
    printf("{\"systems_per_second\": %.3f, \"kept_systems_per_second\": %.3f}\n",
           size * steps / loaded, size * steps / held);
    return 0;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int words[2]; /* least and most, the name in them */
        int (*run)(int count, char **words);
    } modes[] = {
        {"step", {4, 5}, bench_step}, {"read", {5, 5}, bench_read}, {"epoch", {5, 5}, bench_epoch}};
    for (size_t i = 0; i < RP_COUNT(modes); i++)
        if (argc > modes[i].words[0] && argc <= modes[i].words[1] + 1 &&
            strcmp(argv[1], modes[i].name) == 0)
            return modes[i].run(argc - 1, argv + 1);
    fprintf(stderr,
            "usage: bench_zeus step BATCH f32|bf16 STEPS [cuda] | read BATCH f32|bf16 TOKENS "
            "ROUNDS | epoch BATCH f32|bf16 STEPS DATA\n");
    return 2;
}
