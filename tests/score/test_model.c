#include "check.h"
#include "score/model.h"

#include "base/random.h"

/* The published network at the published vocabulary: 7,277,401 trained weights, all of them counted
 * in facts beside the paper's table. */
TEST(zeus_has_the_published_number_of_weights) {
    rp_configuration zeus = *rp_configuration_find("zeus");
    rp_model model;
    zeus.ids = 184;
    REQUIRE(rp_model_create(&model, &zeus, 1, false, NULL) == RP_OK);
    CHECK_INT(model.parameters.trained_count, 7277401);
    CHECK_INT(model.parameters.state_count, 4160); /* running means and variances */
    CHECK_INT(model.stride, 16);
    rp_model_clear(&model);
}

static void fill(rp_tensor *images, int64_t index, int64_t width) {
    rp_random random = rp_random_make(5, 5);
    const int64_t height = images->shape[2], all = images->shape[1] * height;
    float *at = (float *)images->data + index * all;
    memset(at, 0, (size_t)all * sizeof(float));
    for (int64_t i = 0; i < width * height; i++) at[i] = rp_random_uniform(&random) < 0.2;
}

/* Encodes one image of 120 px, alone in a tensor or beside a wider one. */
static void encode(float *out, rp_device *device, const rp_model *model, bool alone) {
    rp_tape tape;
    REQUIRE(rp_tape_init(&tape, device, NULL) == RP_OK);
    tape.recording = false;
    const int64_t shape[4] = {alone ? 1 : 2, alone ? 128 : 320, 192, 1};
    rp_tensor *images = rp_tape_tensor(&tape, RP_F32, 4, shape);
    const int32_t lengths[2] = {120, 317};
    fill(images, 0, 120);
    if (!alone) fill(images, 1, 317);
    const rp_encoding e = rp_model_encode(model, &tape, images, lengths, &(rp_model_run){0});
    REQUIRE(tape.status == RP_OK);
    memcpy(out, e.enc->data, 8 * 192 * sizeof(float)); /* 120 px are 8 columns */
    rp_tape_clear(&tape);
}

TEST(an_image_is_read_the_same_alone_and_beside_a_wider_one) {
    static float alone[8 * 192], beside[8 * 192];
    rp_device *device;
    rp_model model;
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    REQUIRE(rp_model_create(&model, rp_configuration_find("measure"), 3, false, NULL) == RP_OK);
    encode(alone, device, &model, true);
    encode(beside, device, &model, false);
    double largest = 0;
    for (int i = 0; i < 8 * 192; i++) largest = fmax(largest, fabs(alone[i] - beside[i]));
    CHECK(largest < 1e-4); /* products of another shape may add in another order */
    rp_model_clear(&model);
    rp_device_destroy(device);
}

/* Norms as training leaves them: no statistics are 0 or 1, some scales are negative. */
static void stir_norms(rp_model *model) {
    rp_random random = rp_random_make(9, 0);
    for (int i = 0; i < model->parameters.count; i++) {
        const rp_parameter *row = &model->parameters.rows[i];
        const bool is_shift = strstr(row->name, ".beta") || strstr(row->name, ".mean");
        const bool is_scale = strstr(row->name, ".gamma") || strstr(row->name, ".variance");
        float *values = row->tensor.data;
        for (int64_t k = 0; (is_shift || is_scale) && k < row->shape[0]; k++)
            values[k] =
                (float)rp_random_between(&random, is_shift ? -0.3 : 0.5, is_shift ? 0.3 : 2);
        if (strstr(row->name, ".gamma")) values[0] = -values[0];
    }
}

TEST(folded_norms_change_nothing_not_even_behind_a_short_image) {
    enum { FLOATS = 8 * 192 };
    static const char *const names[] = {"zeus", "measure"};
    static float plain[2][FLOATS], folded[2][FLOATS];
    rp_device *device;
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    for (size_t n = 0; n < RP_COUNT(names); n++) {
        rp_model model;
        double worst = 0, largest = 0;
        REQUIRE(rp_model_create(&model, rp_configuration_find(names[n]), 3, false, NULL) == RP_OK);
        stir_norms(&model);
        for (int alone = 0; alone < 2; alone++) encode(plain[alone], device, &model, alone);
        REQUIRE(rp_model_fold(&model, NULL) == RP_OK);
        CHECK(model.folded.count > 0);
        for (int alone = 0; alone < 2; alone++) encode(folded[alone], device, &model, alone);
        for (int i = 0; i < FLOATS; i++) {
            for (int alone = 0; alone < 2; alone++)
                worst = fmax(worst, fabs(plain[alone][i] - folded[alone][i]));
            largest = fmax(largest, fabs(plain[0][i]));
        }
        printf("# %s: differ by %.1e, the largest is %.2f\n", names[n], worst, largest);
        CHECK(worst < 1e-4);
        rp_model_clear(&model);
    }
    rp_device_destroy(device);
}

/* Weights of the columns' map, filled by row alone: `row` times `slope` plus one. */
static void fill_map(rp_parameter *map, int64_t channels, double slope) {
    float *weights = map->tensor.data;
    for (int64_t i = 0; i < map->shape[0] * map->shape[1]; i++)
        weights[i] = (float)(1 + slope * (double)(i % map->shape[1] / channels));
}

TEST(weights_go_on_with_images_of_another_height) {
    enum { CHANNELS = 128 };
    rp_model from, to, back;
    REQUIRE(rp_model_create(&from, rp_configuration_find("measure"), 3, false, NULL) == RP_OK);
    fill_map(rp_parameters_find(&from.parameters, "encoder.4.linear"), CHANNELS, 0.5);
    REQUIRE(rp_model_rescale(&to, &from, rp_configuration_find("fine"), false, NULL) == RP_OK);
    const rp_parameter *map = rp_parameters_find(&to.parameters, "encoder.4.linear");
    const rp_parameter *old = rp_parameters_find(&from.parameters, "encoder.4.linear");
    CHECK_INT(map->shape[1], old->shape[1] / 24 * 32);
    const float *weights = map->tensor.data;
    /* Row 10 of 32 has its middle at 10.5 x 24 / 32 - 0.5 of the old rows. */
    CHECK(fabs(weights[10 * CHANNELS] - 0.75 * (1 + 0.5 * (10.5 * 0.75 - 0.5))) < 1e-5);
    CHECK(fabs(weights[0] - 0.75) < 1e-6); /* before the first middle: as the first row */
    const char *same = "decoder.wh";
    const rp_tensor *a = &rp_parameters_find(&from.parameters, same)->tensor;
    const rp_tensor *b = &rp_parameters_find(&to.parameters, same)->tensor;
    CHECK(memcmp(a->data, b->data, rp_tensor_bytes(a)) == 0);

    /* To its own height nothing changes. */
    REQUIRE(rp_model_rescale(&back, &from, from.configuration, false, NULL) == RP_OK);
    CHECK(memcmp(back.parameters.values, from.parameters.values,
                 (size_t)from.parameters.trained_count * sizeof(float)) == 0);
    rp_model_clear(&back);
    rp_model_clear(&to);

    rp_error error = {0};
    CHECK_INT(rp_model_rescale(&to, &from, rp_configuration_find("zeus"), false, &error), RP_INPUT);
    CHECK(strstr(error.text, "'measure' do not fit 'zeus'") != NULL);
    rp_model_clear(&from);
}

/* Ten images go through the encoder in two groups: as each would alone. */
TEST(images_are_encoded_a_few_at_a_time_as_alone) {
    enum { COUNT = 10 };
    rp_device *device;
    rp_model model;
    rp_tape tape, space;
    int32_t lengths[COUNT];
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    REQUIRE(rp_model_create(&model, rp_configuration_find("measure"), 3, false, NULL) == RP_OK);
    REQUIRE(rp_tape_init(&tape, device, NULL) == RP_OK);
    REQUIRE(rp_tape_init(&space, device, NULL) == RP_OK);
    tape.recording = space.recording = false;
    rp_tensor *images = rp_tape_tensor(&tape, RP_F32, 4, (const int64_t[]){COUNT, 128, 192, 1});
    for (int i = 0; i < COUNT; i++) {
        lengths[i] = 128 - 8 * i;
        fill(images, i, lengths[i]);
    }
    const rp_encoding all = rp_model_encode_apart(&model, &tape, &space, images, lengths);
    REQUIRE(tape.status == RP_OK);
    const int64_t columns = all.enc->shape[1], row = columns * all.enc->shape[2];
    double largest = 0;
    for (int i = 0; i < COUNT; i++) {
        rp_tensor one = *images;
        one.shape[0] = 1;
        one.data = (float *)images->data + i * 128 * 192;
        rp_tape_reset(&space);
        const rp_encoding alone =
            rp_model_encode(&model, &space, &one, &lengths[i], &(rp_model_run){0});
        REQUIRE(space.status == RP_OK);
        for (int64_t k = 0; k < row; k++) {
            largest = fmax(largest,
                           fabs(rp_tensor_get(all.enc, i * row + k) - rp_tensor_get(alone.enc, k)));
            const double key = log(rp_tensor_get(all.keys, i * row + k)) / 2; /* raised */
            largest = fmax(largest, fabs(key - rp_tensor_get(alone.keys, k)));
        }
        for (int64_t k = 0; k < columns; k++)
            largest = fmax(largest, fabs(rp_tensor_get(all.edges, i * columns + k) -
                                         rp_tensor_get(alone.edges, k)));
    }
    CHECK(largest < 1e-4); /* products of another shape may add in another order */
    rp_tape_clear(&space);
    rp_tape_clear(&tape);
    rp_model_clear(&model);
    rp_device_destroy(device);
}

TEST(a_model_of_another_vocabulary_or_program_is_refused) {
    char path[512];
    const float value = 1;
    const rp_safetensor tensor = {"x", 1, (const int64_t[]){1}, &value};
    const rp_metadata other[] = {{"configuration", "measure"}, {"vocabulary", "a b c"}};
    rp_model model;
    rp_error error = {0};
    snprintf(path, sizeof path, "%s/other.safetensors", check_scratch());
    CHECK_INT(rp_safetensors_write(path, &tensor, 1, other, 2, false, NULL), RP_OK);
    CHECK_INT(rp_model_open(&model, path, false, &error), RP_INPUT);
    CHECK(strstr(error.text, "another vocabulary") != NULL);
    CHECK_INT(rp_safetensors_write(path, &tensor, 1, NULL, 0, false, NULL), RP_OK);
    CHECK_INT(rp_model_open(&model, path, false, &error), RP_INPUT);
    CHECK(strstr(error.text, "not a model") != NULL);
}
