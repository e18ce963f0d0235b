/* Trains on a data set of a few drawn images: what matters here is that runs repeat, resume and
 * stop, not what they learn. */
#include "check.h"
#include "reprise/score.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/mapped_file.h"
#include "base/new_file.h"
#include "base/text.h"
#include "page/png_image.h"
#include "score/batch.h"

enum { SAMPLES = 6 };

static void write_text(const char *folder, const char *name, const char *words) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    CHECK_INT(rp_new_file_write(path, words, strlen(words), NULL), RP_OK);
}

/* Two staves with a blot that stands for a note, higher or lower; the label says which. */
static void draw_sample(const char *folder, int index) {
    char path[1024], name[64];
    rp_page_image image;
    rp_arena arena = {0};
    REQUIRE(rp_page_image_make(&image, &arena, 150 + 10 * index, 96, "t", NULL) == RP_OK);
    rp_page_image_fill(&image, 255);
    for (int line = 0; line < 10; line++)
        for (int x = 0; x < image.width; x++)
            image.data[(size_t)(20 + line * 4 + (line > 4 ? 16 : 0)) * image.stride + (size_t)x] =
                0;
    for (int y = 0; y < 4; y++)
        for (int x = 60; x < 66; x++)
            image.data[(size_t)(20 + 4 * (index % 3) + y) * image.stride + (size_t)x] = 0;
    snprintf(path, sizeof path, "%s/s%d.png", folder, index);
    CHECK_INT(rp_page_png_write(path, &image, NULL), RP_OK);
    snprintf(name, sizeof name, "s%d.lmx", index);
    write_text(folder, name,
               index % 2 ? "measure C4 voice:1 quarter measure D4 voice:1 half\n"
                         : "measure E4 voice:1 whole\n");
    rp_arena_clear(&arena);
}

static const char *make_set(void) {
    static char folder[512];
    rp_text list = {0}, edges = {0};
    snprintf(folder, sizeof folder, "%s/set", check_scratch());
    mkdir(folder, 0777);
    for (int i = 0; i < SAMPLES; i++) {
        draw_sample(folder, i);
        rp_text_format(&list, "s%d\n", i);
        const int width = (150 + 10 * i) * 256 / 96; /* px at 256 px height */
        rp_text_format(&edges, "s%d 0", i);
        if (i % 2) rp_text_format(&edges, " %d", width / 2);
        rp_text_format(&edges, " %d\n", width);
    }
    write_text(folder, "measures.train.txt", edges.data);
    write_text(folder, "samples.train.txt", list.data);
    write_text(folder, "samples.dev.txt", "s0\ns1\n");
    rp_text_clear(&list);
    rp_text_clear(&edges);
    return folder;
}

/* Asks for an end after so many reports; the trainer reports at most ten times a second. */
static int stop_at_once(void *context, const char *what, uint64_t done, uint64_t total,
                        double left) {
    return strcmp(what, "training") == 0 && done >= *(uint64_t *)context;
}

static rp_score_train_options options_for(const char *set, char *output, const char *name) {
    rp_score_train_options o = rp_score_train_defaults();
    snprintf(output, 512, "%s/%s", check_scratch(), name);
    o.data = set;
    o.output = output;
    o.epochs = 3;
    o.batch = 2;
    o.threads = 1;
    o.evaluate_limit = 1;
    return o;
}

static bool same_files(const char *a, const char *b) {
    char path[2][1024];
    rp_mapped_file file[2];
    snprintf(path[0], sizeof path[0], "%s/checkpoint.safetensors", a);
    snprintf(path[1], sizeof path[1], "%s/checkpoint.safetensors", b);
    if (rp_mapped_file_open(&file[0], path[0], NULL) != RP_OK) return false;
    if (rp_mapped_file_open(&file[1], path[1], NULL) != RP_OK) return false;
    const bool same =
        file[0].size == file[1].size && memcmp(file[0].data, file[1].data, file[0].size) == 0;
    rp_mapped_file_close(&file[0]);
    rp_mapped_file_close(&file[1]);
    return same;
}

TEST(a_run_that_is_stopped_and_resumed_ends_with_the_same_bits) {
    char whole[512], parts[512];
    const char *set = make_set();
    rp_error error = {0};
    rp_score_train_options o = options_for(set, whole, "whole");
    REQUIRE(rp_score_train(&o, NULL, NULL, &error) == RP_OK);
    uint64_t after = 0;
    const rp_progress stopper = {stop_at_once, &after};
    o = options_for(set, parts, "parts");
    int rounds = 0;
    while (rp_score_train(&o, &stopper, NULL, &error) == RP_NO && rounds++ < 20) o.resume = true;
    CHECK(rounds >= 1); /* it was stopped at least once */
    CHECK(same_files(whole, parts));
}

/* Forgetting --resume must cost nothing, and resuming needs no word that the checkpoint has. */
TEST(a_run_is_not_begun_over_another_and_is_resumed_as_what_it_is) {
    char run[512], log[600];
    struct stat before, after;
    const char *set = make_set();
    rp_error error = {0};
    rp_score_train_options o = options_for(set, run, "kept");
    o.configuration = "level";
    o.epochs = 1;
    REQUIRE(rp_score_train(&o, NULL, NULL, &error) == RP_OK);
    snprintf(log, sizeof log, "%s/log.jsonl", run);
    REQUIRE(stat(log, &before) == 0 && before.st_size > 0);
    CHECK_INT(rp_score_train(&o, NULL, NULL, &error), RP_USAGE);
    CHECK(strstr(error.text, "--resume") != NULL);
    o.resume = true;
    o.configuration = "measure";
    CHECK_INT(rp_score_train(&o, NULL, NULL, &error), RP_USAGE);
    CHECK(strstr(error.text, "configuration level") != NULL);
    CHECK(stat(log, &after) == 0 && after.st_size == before.st_size);
    o.configuration = NULL;
    o.epochs = 2;
    CHECK_INT(rp_score_train(&o, NULL, NULL, &error), RP_OK);
    CHECK(stat(log, &after) == 0 && after.st_size > before.st_size);
}

/* The step in a checkpoint counts batches. */
TEST(a_run_is_resumed_with_its_own_batch) {
    char run[512];
    rp_error error = {0};
    rp_score_train_options o = options_for(make_set(), run, "batch");
    o.epochs = 1;
    REQUIRE(rp_score_train(&o, NULL, NULL, &error) == RP_OK);
    o.resume = true;
    o.epochs = 2;
    o.batch = 3;
    CHECK_INT(rp_score_train(&o, NULL, NULL, &error), RP_USAGE);
    CHECK(strstr(error.text, "--batch 2") != NULL);
    o.batch = 2;
    CHECK_INT(rp_score_train(&o, NULL, NULL, &error), RP_OK);
}

/* 96 own systems without edges took the shipped weights from 10.5 to 27.6 % of errors. */
TEST(a_network_that_reads_by_measure_wants_edges) {
    char run[512], path[600];
    const char *set = make_set();
    rp_error error = {0};
    rp_score_train_options o = options_for(set, run, "edges");
    o.epochs = 1;
    snprintf(path, sizeof path, "%s/measures.train.txt", set);
    remove(path);
    CHECK_INT(rp_score_train(&o, NULL, NULL, &error), RP_USAGE);
    CHECK(strstr(error.text, "measures.train.txt") != NULL);
    o.configuration = "zeus";
    CHECK_INT(rp_score_train(&o, NULL, NULL, &error), RP_OK);
}

TEST(a_run_that_cannot_begin_leaves_no_folder) {
    char run[512];
    struct stat there;
    rp_score_train_options o = options_for(make_set(), run, "none");
    o.batch = 4096;
    CHECK(rp_score_train(&o, NULL, NULL, NULL) != RP_OK);
    CHECK(stat(run, &there) != 0);
}

static bool same_tensor(const rp_tensor *a, const rp_tensor *b) {
    return rp_tensor_count(a) == rp_tensor_count(b) &&
           memcmp(a->data, b->data, rp_tensor_bytes(a)) == 0;
}

TEST(batches_are_the_same_whoever_makes_them) {
    rp_dataset set;
    rp_device *device;
    rp_page_augment_list augment = {0};
    const rp_dataset_options load = {.split = "train", .height = 96};
    REQUIRE(rp_dataset_load(&set, make_set(), &load, NULL) == RP_OK);
    REQUIRE(rp_device_create_cpu(&device, 2, NULL) == RP_OK);
    REQUIRE(rp_page_augment_parse(&augment, "print,published", NULL) == RP_OK);
    rp_batch_options options = {
        .size = 3, .seed = 5, .stride = 16, .dtype = RP_BF16, .augment = &augment};
    rp_batches *ahead, *between;
    REQUIRE(rp_batches_create(&ahead, &set, &options, 1, NULL) == RP_OK);
    options.device = device;
    REQUIRE(rp_batches_create(&between, &set, &options, 1, NULL) == RP_OK);
    for (int step = 0; step < 6; step++) {
        const rp_batch *a, *b;
        REQUIRE(rp_batches_next(ahead, &a, NULL) == RP_OK);
        REQUIRE(rp_batches_next(between, &b, NULL) == RP_OK);
        CHECK(same_tensor(&a->images, &b->images));
        CHECK(same_tensor(&a->targets, &b->targets));
        CHECK(memcmp(a->lengths, b->lengths, 3 * sizeof *a->lengths) == 0);
    }
    rp_batches_destroy(ahead);
    rp_batches_destroy(between);
    rp_device_destroy(device);
    rp_dataset_clear(&set);
}

/* Largest change of a weight whose name begins so, between two files of weights. */
static double change_of(const char *before, const char *after, const char *part) {
    rp_model a, b;
    double largest = 0;
    if (rp_model_open(&a, before, false, NULL) != RP_OK) return -1;
    if (rp_model_open(&b, after, false, NULL) != RP_OK) return -1;
    for (int i = 0; i < a.parameters.count; i++) {
        const rp_parameter *x = &a.parameters.rows[i], *y = &b.parameters.rows[i];
        if (!x->trained || strncmp(x->name, part, strlen(part)) != 0) continue;
        for (int64_t k = 0; k < rp_tensor_count(&x->tensor); k++)
            largest =
                fmax(largest, fabs(rp_tensor_get(&x->tensor, k) - rp_tensor_get(&y->tensor, k)));
    }
    rp_model_clear(&a);
    rp_model_clear(&b);
    return largest;
}

TEST(a_frozen_part_stays_as_it_was) {
    char first[512], tuned[512], init[600], after[600];
    const char *set = make_set();
    rp_score_train_options o = options_for(set, first, "before-tuning");
    o.epochs = 1;
    REQUIRE(rp_score_train(&o, NULL, NULL, NULL) == RP_OK);
    o = options_for(set, tuned, "tuned");
    snprintf(init, sizeof init, "%s/model.safetensors", first);
    snprintf(after, sizeof after, "%s/model.safetensors", tuned);
    o.init = init;
    o.freeze = "encoder";
    REQUIRE(rp_score_train(&o, NULL, NULL, NULL) == RP_OK);
    CHECK_NEAR(change_of(init, after, "encoder."), 0, 1e-5); /* the average rounds */
    CHECK(change_of(init, after, "decoder.") > 1e-4);
    static const char *const unknown[] = {"enc", "", "encoder.", "lstm"};
    for (size_t i = 0; i < RP_COUNT(unknown); i++) {
        rp_error error = {0};
        char refused[512];
        o = options_for(set, refused, "refused");
        o.freeze = unknown[i];
        CHECK_INT(rp_score_train(&o, NULL, NULL, &error), RP_USAGE);
        CHECK(strstr(error.text, "encoder or decoder") != NULL);
    }
}

/* The net of the test before; what it reads does not matter. */
TEST(an_evaluation_without_a_split_is_of_dev) {
    char model[600];
    rp_score_figures figures;
    rp_error error = {0};
    snprintf(model, sizeof model, "%s/tuned/model.safetensors", check_scratch());
    rp_score_evaluate_options o = {.data = make_set(), .model = model, .threads = 1};
    CHECK_INT(rp_score_evaluate(&figures, &o, NULL, &error), RP_OK);
    CHECK_INT(figures.systems, 2);
    o.calibrate = "unused";
    CHECK_INT(rp_score_evaluate(&figures, &o, NULL, &error), RP_USAGE);
    o = (rp_score_evaluate_options){.model = model};
    CHECK_INT(rp_score_evaluate(&figures, &o, NULL, &error), RP_USAGE);
    o = (rp_score_evaluate_options){.data = make_set()};
    CHECK_INT(rp_score_evaluate(&figures, &o, NULL, &error), RP_USAGE);
    CHECK_INT(rp_score_evaluate(&figures, NULL, NULL, &error), RP_USAGE);
}

TEST(only_level_systems_can_be_mixed) {
    char output[512];
    rp_error error = {0};
    rp_score_train_options o = options_for(make_set(), output, "mixed");
    o.mixed = 0.5;
    CHECK_INT(rp_score_train(&o, NULL, NULL, &error), RP_USAGE);
    CHECK(strstr(error.text, "level, not measure") != NULL);
}

TEST(a_missing_label_or_image_is_named) {
    char output[512], path[1024];
    const char *set = make_set();
    rp_error error = {0};
    const rp_score_train_options o = options_for(set, output, "broken");
    snprintf(path, sizeof path, "%s/s3.lmx", set);
    remove(path);
    CHECK_INT(rp_score_train(&o, NULL, NULL, &error), RP_INPUT);
    CHECK(strstr(error.text, "s3") != NULL && strstr(error.text, "label") != NULL);
    make_set();
    snprintf(path, sizeof path, "%s/s4.png", set);
    remove(path);
    CHECK_INT(rp_score_train(&o, NULL, NULL, &error), RP_INPUT);
    CHECK(strstr(error.text, "s4") != NULL && strstr(error.text, "image") != NULL);
}
