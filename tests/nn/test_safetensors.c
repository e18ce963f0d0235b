#include "check.h"
#include "nn/safetensors.h"

#include "base/new_file.h"
#include "nn/checkpoint.h"

static char path[512];

static void write_one(bool half) {
    static const float values[6] = {1, -0.5f, 65504, 6.1035156e-5f, 0, 3.14159274f};
    const rp_safetensor tensor = {"x", 2, (const int64_t[]){2, 3}, values};
    const rp_metadata metadata[] = {{"what", "a \"test\""}};
    snprintf(path, sizeof path, "%s/one.safetensors", check_scratch());
    CHECK_INT(rp_safetensors_write(path, &tensor, 1, metadata, 1, half, NULL), RP_OK);
}

TEST(what_is_written_is_read_back_in_both_precisions) {
    for (int half = 0; half < 2; half++) {
        rp_safetensors file;
        float values[6];
        write_one(half != 0);
        REQUIRE(rp_safetensors_open(&file, path, NULL) == RP_OK);
        CHECK_TEXT(rp_safetensors_metadata(&file, "what"), "a \"test\"");
        CHECK_INT(rp_safetensors_read(&file, "x", values, 6, NULL), RP_OK);
        CHECK(values[0] == 1 && values[1] == -0.5f && values[2] == 65504 && values[4] == 0);
        CHECK_NEAR(values[5], 3.14159274f, half ? 1e-3 : 0); /* half: 11 bits of 3.14 */
        CHECK_INT(rp_safetensors_read(&file, "x", values, 5, NULL), RP_INPUT);
        CHECK_INT(rp_safetensors_read(&file, "y", values, 6, NULL), RP_INPUT);
        rp_safetensors_close(&file);
    }
}

TEST(every_shorter_prefix_is_refused) {
    rp_mapped_file whole;
    char cut[512];
    write_one(false);
    REQUIRE(rp_mapped_file_open(&whole, path, NULL) == RP_OK);
    snprintf(cut, sizeof cut, "%s/cut.safetensors", check_scratch());
    for (size_t size = 0; size < whole.size; size += size < 40 ? 1 : 13) {
        rp_safetensors file;
        rp_error error = {0};
        CHECK_INT(rp_new_file_write(cut, whole.data, size, NULL), RP_OK);
        CHECK_INT(rp_safetensors_open(&file, cut, &error), RP_INPUT);
        CHECK(error.text[0] != '\0');
    }
    rp_mapped_file_close(&whole);
}

TEST(a_checkpoint_restores_every_bit) {
    rp_parameters p = {0}, q = {0};
    uint64_t step = 0;
    for (int i = 0; i < 2; i++) {
        rp_parameters *each = i == 0 ? &p : &q;
        rp_parameters_add(each, "w", RP_INIT_HE, true, 2, (const int64_t[]){7, 5});
        rp_parameters_add(each, "s", RP_INIT_ONES, false, 1, (const int64_t[]){3});
        REQUIRE(rp_parameters_plan(each, (uint64_t)i, true, NULL) == RP_OK);
    }
    for (int i = 0; i < 35; i++) p.moment1[i] = (float)i / 3;
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", check_scratch());
    CHECK_INT(rp_checkpoint_write(path, &p, 12345, NULL, 0, NULL), RP_OK);
    CHECK_INT(rp_checkpoint_read(&q, &step, path, NULL), RP_OK);
    CHECK_INT((long long)step, 12345);
    CHECK(memcmp(p.values, q.values, 38 * sizeof(float)) == 0);
    CHECK(memcmp(p.moment1, q.moment1, 35 * sizeof(float)) == 0);
    CHECK(memcmp(p.average, q.average, 35 * sizeof(float)) == 0);
    rp_parameters_clear(&p);
    rp_parameters_clear(&q);
}
