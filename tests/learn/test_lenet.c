/* Training, keeping, testing and asking nets, on digits made here: bars at ten places. */
#include <stdlib.h>
#include <sys/stat.h>

#include "check.h"
#include "learn/idx.h"
#include "learn/lenet_modern.h"
#include "learn/scalar.h"
#include "reprise/learn.h"

enum { TRAINED_ON = 640, TESTED_ON = 100 };

/* Digit d: a bar whose row and direction depend on d, with some noise. */
static void draw_bar(uint8_t pixels[784], int digit, rp_random *random) {
    memset(pixels, 0, 784);
    for (int along = 5; along < 23; along++)
        for (int across = 0; across < 3; across++) {
            const int at = 5 + digit % 5 * 4 + across;
            pixels[digit < 5 ? at * 28 + along : along * 28 + at] =
                (uint8_t)(150 + rp_random_below(random, 100));
        }
}

static void put_be32(FILE *file, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) fputc((int)(value >> shift & 255), file);
}

static void write_set(const char *folder, const char *prefix, int count, uint64_t seed) {
    char path[700];
    rp_random random = rp_random_make(seed, 0);
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", folder, prefix);
    FILE *images = fopen(path, "wb");
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte", folder, prefix);
    FILE *labels = fopen(path, "wb");
    if (images == NULL || labels == NULL) abort();
    put_be32(images, 0x803);
    put_be32(images, (uint32_t)count);
    put_be32(images, 28);
    put_be32(images, 28);
    put_be32(labels, 0x801);
    put_be32(labels, (uint32_t)count);
    for (int i = 0; i < count; i++) {
        uint8_t pixels[784];
        draw_bar(pixels, i % 10, &random);
        fwrite(pixels, 1, sizeof pixels, images);
        fputc(i % 10, labels);
    }
    fclose(images);
    fclose(labels);
}

static const char *make_data(void) {
    static char folder[600];
    snprintf(folder, sizeof folder, "%s/bars", check_scratch());
    if (mkdir(folder, 0777) == 0) {
        write_set(folder, "train", TRAINED_ON, 1);
        write_set(folder, "t10k", TESTED_ON, 2);
    }
    return folder;
}

static void count_passes(void *context, const rp_lenet_pass *pass) {
    *(unsigned *)context += 1;
    CHECK_INT(pass->pass, *(unsigned *)context);
}

static rp_lenet *train(const char *variant, unsigned passes) {
    rp_lenet *lenet = NULL;
    rp_error error = {0};
    unsigned told = 0;
    const rp_lenet_training training = {.folder = make_data(),
                                        .passes = passes,
                                        .seed = 3,
                                        .distort = strcmp(variant, "1998") != 0,
                                        .on_pass = count_passes,
                                        .context = &told};
    if (rp_lenet_create(&lenet, variant, 3, "cpu", 1, &error) != RP_OK ||
        rp_lenet_train(lenet, &training, NULL, &error) != RP_OK)
        check_failed(__FILE__, __LINE__, "%s", error.text);
    CHECK_INT(told, passes);
    return lenet;
}

static void learn_keep_and_ask(const char *variant, unsigned passes, uint32_t wrong_max) {
    char path[700];
    rp_lenet *lenet = train(variant, passes), *loaded = NULL;
    rp_lenet_evaluation evaluation, again;
    rp_error error = {0};
    REQUIRE(rp_lenet_evaluate(lenet, make_data(), &evaluation, &error) == RP_OK);
    CHECK_INT(evaluation.count, TESTED_ON);
    printf("# %s: %u wrong\n", variant, evaluation.wrong);
    CHECK(evaluation.wrong <= wrong_max);
    snprintf(path, sizeof path, "%s/%s.safetensors", check_scratch(), variant);
    REQUIRE(rp_lenet_save(lenet, path, &error) == RP_OK);
    REQUIRE(rp_lenet_load(&loaded, path, "cpu", 1, &error) == RP_OK);
    CHECK_TEXT(rp_lenet_variant(loaded), variant);
    REQUIRE(rp_lenet_evaluate(loaded, make_data(), &again, &error) == RP_OK);
    CHECK(memcmp(&again, &evaluation, sizeof again) == 0);
    uint8_t pixels[784];
    double scores[10], sum = 0;
    rp_random random = rp_random_make(9, 9);
    draw_bar(pixels, 4, &random);
    REQUIRE(rp_lenet_classify(loaded, pixels, scores, &error) == RP_OK);
    for (int c = 0; c < 10; c++) {
        sum += scores[c];
        CHECK(scores[c] <= scores[4]);
    }
    CHECK_NEAR(sum, 1, 1e-12);
    snprintf(path, sizeof path, "%s/maps.png", check_scratch());
    CHECK_INT(rp_lenet_draw_maps(loaded, pixels, path, &error), RP_OK);
    snprintf(path, sizeof path, "%s/confusion.png", check_scratch());
    CHECK_INT(rp_lenet_draw_confusion(&evaluation, path, &error), RP_OK);
    rp_lenet_destroy(lenet);
    rp_lenet_destroy(loaded);
}

TEST(the_net_of_1998_learns_is_kept_and_asked) { learn_keep_and_ask("1998", 3, 5); }
TEST(the_modern_net_learns_is_kept_and_asked) { learn_keep_and_ask("modern", 6, 20); }

TEST(the_same_seed_gives_the_same_weights) {
    rp_lenet *first = train("1998", 1), *second = train("1998", 1);
    char path[2][700], bytes[2][64];
    for (int k = 0; k < 2; k++) {
        snprintf(path[k], sizeof path[k], "%s/same-%d.safetensors", check_scratch(), k);
        REQUIRE(rp_lenet_save(k == 0 ? first : second, path[k], NULL) == RP_OK);
        FILE *file = fopen(path[k], "rb");
        REQUIRE(file != NULL);
        fseek(file, -4096, SEEK_END);
        CHECK_INT(fread(bytes[k], 1, 64, file), 64);
        fclose(file);
    }
    CHECK(memcmp(bytes[0], bytes[1], 64) == 0);
    rp_lenet_destroy(first);
    rp_lenet_destroy(second);
}

static bool is_same_file(const char *a, const char *b) {
    FILE *files[2] = {fopen(a, "rb"), fopen(b, "rb")};
    if (files[0] == NULL || files[1] == NULL) abort();
    int byte[2];
    do
        for (int k = 0; k < 2; k++) byte[k] = fgetc(files[k]);
    while (byte[0] == byte[1] && byte[0] != EOF);
    fclose(files[0]);
    fclose(files[1]);
    return byte[0] == byte[1];
}

/* A second training in one process begins its schedule anew, as after a load. */
TEST(a_net_learns_again_as_it_does_from_a_file) {
    char path[3][700];
    rp_lenet *nets[2] = {train("modern", 1), NULL};
    const rp_lenet_training training = {.folder = make_data(), .passes = 1, .seed = 4};
    for (int k = 0; k < 3; k++)
        snprintf(path[k], sizeof path[k], "%s/again-%d.safetensors", check_scratch(), k);
    REQUIRE(rp_lenet_save(nets[0], path[2], NULL) == RP_OK);
    REQUIRE(rp_lenet_load(&nets[1], path[2], "cpu", 1, NULL) == RP_OK);
    for (int k = 0; k < 2; k++) {
        REQUIRE(rp_lenet_train(nets[k], &training, NULL, NULL) == RP_OK);
        REQUIRE(rp_lenet_save(nets[k], path[k], NULL) == RP_OK);
        rp_lenet_destroy(nets[k]);
    }
    CHECK(is_same_file(path[0], path[1]));
    CHECK(!is_same_file(path[0], path[2]));
}

static int stop_at_once(void *context, const char *what, uint64_t done, uint64_t total,
                        double left) {
    (void)context, (void)what, (void)done, (void)total, (void)left;
    return 1;
}

/* A folder without test files: with digits held out they are not opened. */
TEST(held_out_digits_stand_in_for_the_test_files) {
    char folder[600];
    rp_lenet *lenet = NULL;
    rp_error error = {0};
    unsigned told = 0;
    snprintf(folder, sizeof folder, "%s/train-only", check_scratch());
    REQUIRE(mkdir(folder, 0777) == 0);
    write_set(folder, "train", TRAINED_ON, 1);
    rp_lenet_training training = {.folder = folder,
                                  .passes = 2,
                                  .hold_out = 64,
                                  .seed = 3,
                                  .on_pass = count_passes,
                                  .context = &told};
    REQUIRE(rp_lenet_create(&lenet, "1998", 3, "cpu", 1, &error) == RP_OK);
    CHECK_INT(rp_lenet_train(lenet, &training, NULL, &error), RP_OK);
    CHECK_INT(told, 2);
    training.hold_out = TRAINED_ON;
    CHECK_INT(rp_lenet_train(lenet, &training, NULL, &error), RP_USAGE);
    training.hold_out = 0;
    CHECK_INT(rp_lenet_train(lenet, &training, NULL, &error), RP_INPUT);
    rp_lenet_destroy(lenet);
}

/* The residual net answers with the mean over a picture, its mirror image, and both a little moved.
 */
TEST(a_net_of_clothes_answers_the_same_in_the_mirror) {
    uint8_t pixels[784], mirrored[784];
    double scores[2][10];
    rp_lenet *lenet = NULL;
    rp_random random = rp_random_make(5, 5);
    REQUIRE(rp_lenet_create(&lenet, "fashion-large", 1, "cpu", 1, NULL) == RP_OK);
    CHECK(rp_lenet_parameter_count(lenet) < 1000000);
    for (int i = 0; i < 784; i++) pixels[i] = (uint8_t)rp_random_below(&random, 256);
    for (int i = 0; i < 784; i++) mirrored[i] = pixels[i / 28 * 28 + 27 - i % 28];
    REQUIRE(rp_lenet_classify(lenet, pixels, scores[0], NULL) == RP_OK);
    REQUIRE(rp_lenet_classify(lenet, mirrored, scores[1], NULL) == RP_OK);
    for (int c = 0; c < 10; c++) CHECK_NEAR(scores[0][c], scores[1][c], 1e-9);
    rp_lenet_destroy(lenet);
}

/* Whoever hands on weights may hand on anything: the last number of the file is none. */
TEST(weights_that_are_no_numbers_are_refused) {
    static const char *const variants[] = {"1998", "modern"};
    for (size_t i = 0; i < RP_COUNT(variants); i++) {
        char path[600];
        rp_error error = {0};
        rp_lenet *lenet;
        const float none = NAN;
        snprintf(path, sizeof path, "%s/none.safetensors", check_scratch());
        REQUIRE(rp_lenet_create(&lenet, variants[i], 1, "cpu", 1, NULL) == RP_OK);
        CHECK_INT(rp_lenet_save(lenet, path, NULL), RP_OK);
        rp_lenet_destroy(lenet);
        FILE *file = fopen(path, "r+b");
        REQUIRE(file != NULL && fseek(file, -4, SEEK_END) == 0);
        CHECK(fwrite(&none, sizeof none, 1, file) == 1 && fclose(file) == 0);
        CHECK_INT(rp_lenet_load(&lenet, path, "cpu", 1, &error), RP_INPUT);
        CHECK(strstr(error.text, "no number") != NULL);
    }
}

/* A variance below 0 is of no data; folded into a layer it would be no number, or a wrong one. */
TEST(statistics_that_cannot_be_are_refused) {
    char path[700], bytes[4096] = {0};
    rp_error error = {0};
    rp_lenet *lenet;
    const float negative = -0.5f;
    unsigned long begin = 0;
    snprintf(path, sizeof path, "%s/negative.safetensors", check_scratch());
    REQUIRE(rp_lenet_create(&lenet, "modern", 1, "cpu", 1, NULL) == RP_OK);
    CHECK_INT(rp_lenet_save(lenet, path, NULL), RP_OK);
    rp_lenet_destroy(lenet);
    FILE *file = fopen(path, "r+b");
    REQUIRE(file != NULL && fread(bytes, 1, sizeof bytes - 1, file) > 8);
    const char *tensor = strstr(bytes + 8, "\"norm.2.running_var\"");
    REQUIRE(tensor != NULL);
    const char *offsets = strstr(tensor, "\"data_offsets\"");
    REQUIRE(offsets != NULL);
    begin = strtoul(offsets + strcspn(offsets, "0123456789"), NULL, 10);
    const long data = 8 + (uint8_t)bytes[0] + 256L * (uint8_t)bytes[1];
    REQUIRE(fseek(file, data + (long)begin + 4, SEEK_SET) == 0);
    CHECK(fwrite(&negative, sizeof negative, 1, file) == 1 && fclose(file) == 0);
    CHECK_INT(rp_lenet_load(&lenet, path, "cpu", 1, &error), RP_INPUT);
    CHECK(strstr(error.text, "norm.2.running_var") != NULL);
    CHECK(lenet == NULL);
}

TEST(bad_words_and_a_stop_are_told) {
    rp_lenet *lenet = NULL;
    rp_error error = {0};
    CHECK_INT(rp_lenet_create(&lenet, "2098", 1, "cpu", 1, &error), RP_USAGE);
    REQUIRE(rp_lenet_create(&lenet, "modern", 1, "cpu", 1, &error) == RP_OK);
    rp_lenet_training training = {.folder = "/nowhere", .passes = 1};
    CHECK_INT(rp_lenet_train(lenet, &training, NULL, &error), RP_INPUT);
    CHECK(strstr(error.text, "/nowhere") != NULL);
    training.passes = 1001;
    CHECK_INT(rp_lenet_train(lenet, &training, NULL, &error), RP_USAGE);
    training = (rp_lenet_training){.folder = make_data(), .passes = 1};
    const rp_progress progress = {stop_at_once, NULL};
    CHECK_INT(rp_lenet_train(lenet, &training, &progress, &error), RP_NO);
    rp_lenet_destroy(lenet);
    CHECK_INT(rp_lenet_load(&lenet, "/nowhere.safetensors", "cpu", 1, &error), RP_INPUT);
    CHECK(lenet == NULL);
}

/* -- The small room vouches for the large one
 * ------------------------------------------------------ */

/* The full layer and its softmax, rebuilt in scalars: gradients of the weights of class 3 after one
 * batch of one image. */
TEST(gradients_of_the_tensor_engine_agree_with_the_scalar_engine) {
    rp_device *device = NULL;
    rp_tape tape = {0};
    enum { IN = 6, CLASSES = 4 };
    float x[IN], w[CLASSES * IN], b[CLASSES] = {0.1f, -0.2f, 0.3f, 0}, of_w[CLASSES * IN] = {0};
    rp_random random = rp_random_make(4, 4);
    for (int i = 0; i < IN; i++) x[i] = (float)rp_random_normal(&random);
    for (int i = 0; i < CLASSES * IN; i++) w[i] = (float)rp_random_normal(&random);
    int32_t label = 2;
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    REQUIRE(rp_tape_init(&tape, device, NULL) == RP_OK);
    rp_tensor tx = rp_tensor_over(x, RP_F32, 2, (int64_t[]){1, IN});
    rp_tensor tw = rp_tensor_over(w, RP_F32, 2, (int64_t[]){CLASSES, IN});
    rp_tensor tb = rp_tensor_over(b, RP_F32, 1, (int64_t[]){CLASSES});
    rp_tensor tg = rp_tensor_over(of_w, RP_F32, 2, (int64_t[]){CLASSES, IN});
    rp_tensor ids = rp_tensor_over(&label, RP_I32, 1, (int64_t[]){1});
    tw.needs_grad = true;
    tw.grad = &tg;
    tape.recording = true;
    rp_tensor *loss =
        rp_tape_cross_entropy(&tape, rp_tape_linear(&tape, &tx, &tw, &tb, RP_F32), &ids);
    REQUIRE(rp_tape_backward(&tape, loss, false) == RP_OK);

    rp_scalar_tape *scalars = NULL;
    REQUIRE(rp_scalar_tape_create(&scalars, NULL) == RP_OK);
    rp_value inputs[IN], parameters[CLASSES * (IN + 1)], scores[CLASSES];
    const rp_scalar_layer layer = {IN, CLASSES, NULL};
    for (int i = 0; i < IN; i++) inputs[i] = rp_scalar_constant(scalars, x[i]);
    for (int i = 0; i < CLASSES * (IN + 1); i++)
        parameters[i] = rp_scalar_input(
            scalars, i % (IN + 1) < IN ? w[i / (IN + 1) * IN + i % (IN + 1)] : b[i / (IN + 1)]);
    rp_scalar_mlp_forward(scalars, &layer, 1, parameters, inputs, scores);
    const rp_value root = rp_scalar_cross_entropy(scalars, scores, CLASSES, 2);
    double *gradients = calloc((size_t)root + 1, sizeof *gradients);
    rp_scalar_backward(scalars, root, gradients);
    CHECK_NEAR(rp_tensor_get(loss, 0), rp_scalar_number(scalars, root), 1e-6);
    for (int i = 0; i < CLASSES * IN; i++)
        CHECK_NEAR(of_w[i], gradients[parameters[i / IN * (IN + 1) + i % IN]], 1e-6);
    free(gradients);
    rp_scalar_tape_destroy(scalars);
    rp_tape_clear(&tape);
    rp_device_destroy(device);
}
