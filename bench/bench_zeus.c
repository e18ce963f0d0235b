/* bench_zeus.c: a training step of the published network, and reading systems, timed.
 *
 * usage: bench_zeus step BATCH f32|bf16 STEPS [cuda]
 *            prints systems per second of the best step, and the products' share of one more
 *        bench_zeus read BATCH f32|bf16 TOKENS ROUNDS
 *            prints milliseconds of the best round
 *
 * Images are 192 x 864 of noise, 272 tokens each; what is timed does not depend on their content.
 * Two threads. The peer is zeus_torch.py; zeus.py runs both and prints the ratios. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/random.h"
#include "nn/optimiser.h"
#include "score/model.h"

enum { WIDTH = 864, TOKENS = 272, THREADS = 2 };

typedef struct bench {
    rp_model model;
    rp_device *device;
    rp_tape tape, step; /* step: of reading */
    int64_t batch;
    rp_tensor images, spans, inputs, targets;
    int32_t *lengths;
} bench;

static rp_tensor make(rp_dtype dtype, int dims, const int64_t *shape) {
    rp_tensor tensor = rp_tensor_over(NULL, dtype, dims, shape);
    tensor.data = aligned_alloc(64, (rp_tensor_bytes(&tensor) + 63) / 64 * 64);
    if (tensor.data == NULL) exit(4);
    return tensor;
}

static void bench_init(bench *b, const char *device, int64_t batch, rp_dtype dtype, int64_t tokens,
                       bool training) {
    rp_error error = {0};
    rp_random random = rp_random_make(1, 1);
    const rp_configuration *zeus = rp_configuration_find("zeus");
    *b = (bench){.batch = batch};
    if (rp_model_create(&b->model, zeus, 1, training, NULL) != RP_OK ||
        (!training && rp_model_fold(&b->model, NULL) != RP_OK) ||
        rp_device_create(&b->device, device, THREADS, &error) != RP_OK ||
        rp_parameters_move(&b->model.parameters, b->device, &error) != RP_OK ||
        rp_tape_init(&b->tape, b->device, &error) != RP_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(4);
    }
    b->device->weights_version = 1;
    b->images = make(dtype, 4, (const int64_t[]){batch, WIDTH, zeus->height, 1});
    b->spans = make(RP_I32, 2, (const int64_t[]){batch, 3});
    b->inputs = make(RP_I32, 2, (const int64_t[]){batch, tokens});
    b->targets = make(RP_I32, 2, (const int64_t[]){batch, tokens});
    b->lengths = calloc((size_t)batch, sizeof *b->lengths);
    if (b->lengths == NULL) exit(4);
    for (int64_t i = 0; i < rp_tensor_count(&b->images); i++)
        rp_tensor_set(&b->images, i, rp_random_uniform(&random) < 0.1);
    for (int64_t i = 0; i < batch * tokens; i++) {
        ((int32_t *)b->inputs.data)[i] = (int32_t)rp_random_below(&random, (uint32_t)zeus->ids);
        ((int32_t *)b->targets.data)[i] = (int32_t)rp_random_below(&random, (uint32_t)zeus->ids);
    }
    for (int32_t i = 0; i < batch; i++) {
        int32_t *span = (int32_t *)b->spans.data + i * 3;
        b->lengths[i] = WIDTH;
        span[0] = i;
        span[1] = 0;
        span[2] = WIDTH / b->model.stride;
    }
}

static rp_decoding forward(bench *b, bool training, uint64_t step, rp_encoding *encoding) {
    const rp_model_run run = {.training = training, .seed = 1, .step = step};
    rp_tensor *images = rp_tape_import(&b->tape, &b->images);
    *encoding = rp_model_encode(&b->model, &b->tape, images, b->lengths, &run);
    const rp_spans spans = {
        .spans = &b->spans, .ids = &b->inputs, .span_max = WIDTH / b->model.stride};
    return rp_model_decode(&b->model, &b->tape, encoding, &spans);
}

static double train_step(bench *b, const rp_optimiser *adam, uint64_t step) {
    const double started = rp_clock_seconds();
    rp_encoding encoding;
    rp_tape_reset(&b->tape);
    rp_parameters_zero_gradients(&b->model.parameters);
    const rp_decoding d = forward(b, true, step, &encoding);
    rp_tensor *loss = rp_tape_cross_entropy(&b->tape, d.logits, &b->targets);
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
    train_step(b, adam, step);
    b->device->trace = NULL;
    return s.all > 0 ? s.products / s.all : 0;
}

/* As reading does it: the encoder once, then all systems of the batch token by token. */
static double read_batch(bench *b, int64_t tokens) {
    const double started = rp_clock_seconds();
    const int64_t units = b->model.configuration->units;
    rp_encoding encoding;
    rp_tape_reset(&b->tape); /* as score/reader.c */
    encoding = rp_model_encode_apart(&b->model, &b->tape, &b->step, &b->images, b->lengths);
    rp_tensor h = make(RP_F32, 2, (const int64_t[]){b->batch, units});
    rp_tensor c = make(RP_F32, 2, (const int64_t[]){b->batch, units});
    rp_tensor ids = make(RP_I32, 2, (const int64_t[]){b->batch, 1});
    memset(h.data, 0, rp_tensor_bytes(&h));
    memset(c.data, 0, rp_tensor_bytes(&c));
    for (int64_t l = 0; l < tokens; l++) {
        rp_tape_reset(&b->step);
        for (int64_t n = 0; n < b->batch; n++)
            ((int32_t *)ids.data)[n] = ((int32_t *)b->inputs.data)[n * tokens + l];
        const rp_spans spans = {.spans = &b->spans,
                                .ids = &ids,
                                .h0 = &h,
                                .c0 = &c,
                                .span_max = WIDTH / b->model.stride};
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

int main(int argc, char **argv) {
    bench b;
    double best = 1e9;
    if ((argc == 5 || argc == 6) && strcmp(argv[1], "step") == 0) {
        bench_init(&b, argc == 6 ? argv[5] : "cpu", atoi(argv[2]),
                   strcmp(argv[3], "bf16") == 0 ? RP_BF16 : RP_F32, TOKENS, true);
        const rp_optimiser adam = rp_optimiser_adam(1e-3, 1000);
        for (int i = 0; i < atoi(argv[4]) + 2; i++) { /* two to warm up */
            const double seconds = train_step(&b, &adam, (uint64_t)i + 1);
            if (i >= 2 && seconds < best) best = seconds;
        }
        const uint64_t allocations = rp_store_allocations(b.tape.store);
        const double share = product_share(&b, &adam, (uint64_t)atoi(argv[4]) + 3);
        printf(
            "{\"systems_per_second\": %.3f, \"peak_mb\": %.0f, \"product_share\": %.3f, "
            "\"new_tensors\": %d}\n",
            (double)b.batch / best, peak_megabytes(), share,
            (int)(rp_store_allocations(b.tape.store) - allocations));
        return 0;
    }
    if (argc == 6 && strcmp(argv[1], "read") == 0) {
        const int64_t tokens = atoi(argv[4]);
        bench_init(&b, "cpu", atoi(argv[2]), strcmp(argv[3], "bf16") == 0 ? RP_BF16 : RP_F32,
                   tokens, false);
        if (rp_tape_init(&b.step, b.device, NULL) != RP_OK) exit(4);
        b.tape.recording = b.step.recording = false;
        for (int i = 0; i < atoi(argv[5]) + 2; i++) {
            const double seconds = read_batch(&b, tokens);
            if (i >= 2 && seconds < best) best = seconds;
        }
        printf("{\"milliseconds\": %.3f, \"peak_mb\": %.0f}\n", best * 1e3, peak_megabytes());
        return 0;
    }
    fprintf(stderr,
            "usage: bench_zeus step BATCH f32|bf16 STEPS [cuda] | read BATCH f32|bf16 TOKENS "
            "ROUNDS\n");
    return 2;
}
