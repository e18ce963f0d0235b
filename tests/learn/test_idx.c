/* IDX files: whole ones are read, everything else is refused in one line. */
#include <stdlib.h>
#include <zlib.h>

#include "check.h"
#include "learn/idx.h"

/* Two images of 2 x 3 pixels, and their labels. */
static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,  0,  0,
                                 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 9, 0};

static rp_status parse(rp_digits *digits, const uint8_t *data, size_t size, rp_error *error) {
    *digits = (rp_digits){0};
    return rp_digits_parse(digits, data, size, "file", error);
}

TEST(images_and_labels_are_read) {
    rp_digits digits = {0};
    CHECK_INT(rp_digits_parse(&digits, images, sizeof images, "i", NULL), RP_OK);
    CHECK_INT(rp_digits_parse(&digits, labels, sizeof labels, "l", NULL), RP_OK);
    CHECK_INT(digits.count, 2);
    CHECK_INT(digits.rows, 2);
    CHECK_INT(digits.columns, 3);
    CHECK(memcmp(digits.pixels, images + 16, 12) == 0);
    CHECK(memcmp(digits.labels, labels + 8, 2) == 0);
    rp_digits_clear(&digits);
}

TEST(every_prefix_is_refused) {
    for (size_t size = 0; size < sizeof images; size++) {
        rp_digits digits;
        rp_error error = {0};
        CHECK_INT(parse(&digits, images, size, &error), RP_INPUT);
        CHECK(error.text[0] != '\0');
        CHECK(digits.pixels == NULL);
    }
    for (size_t size = 0; size < sizeof labels; size++) {
        rp_digits digits;
        CHECK_INT(parse(&digits, labels, size, NULL), RP_INPUT);
    }
}

typedef struct change {
    size_t at;
    uint8_t value;
} change;

TEST(wrong_magic_huge_counts_and_bad_labels_are_refused) {
    static const change of_images[] = {{0, 1}, {2, 13},  {3, 2}, {4, 255},
                                       {7, 3}, {8, 255}, {11, 0}};
    static const change of_labels[] = {{3, 3}, {4, 255}, {7, 0}, {7, 1}, {8, 10}};
    for (size_t k = 0; k < sizeof of_images / sizeof of_images[0]; k++) {
        uint8_t spoilt[sizeof images];
        rp_digits digits;
        memcpy(spoilt, images, sizeof images);
        spoilt[of_images[k].at] = of_images[k].value;
        CHECK_INT(parse(&digits, spoilt, sizeof spoilt, NULL), RP_INPUT);
    }
    for (size_t k = 0; k < sizeof of_labels / sizeof of_labels[0]; k++) {
        uint8_t spoilt[sizeof labels];
        rp_digits digits;
        memcpy(spoilt, labels, sizeof labels);
        spoilt[of_labels[k].at] = of_labels[k].value;
        CHECK_INT(parse(&digits, spoilt, sizeof spoilt, NULL), RP_INPUT);
    }
}

TEST(counts_of_images_and_labels_must_agree) {
    const uint8_t three[] = {0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3};
    rp_digits digits = {0};
    rp_error error = {0};
    CHECK_INT(rp_digits_parse(&digits, images, sizeof images, "i", NULL), RP_OK);
    CHECK_INT(rp_digits_parse(&digits, three, sizeof three, "l", &error), RP_INPUT);
    CHECK_INT(rp_digits_parse(&digits, images, sizeof images, "i", &error), RP_INPUT); /* twice */
    rp_digits_clear(&digits);
}

TEST(gzip_is_unpacked_and_a_cut_gzip_refused) {
    char path[600];
    snprintf(path, sizeof path, "%s/x.gz", check_scratch());
    gzFile packed = gzopen(path, "wb");
    gzwrite(packed, images, sizeof images);
    gzclose(packed);
    uint8_t bytes[256];
    FILE *file = fopen(path, "rb");
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    rp_digits digits;
    CHECK_INT(parse(&digits, bytes, size, NULL), RP_OK);
    CHECK_INT(digits.count, 2);
    rp_digits_clear(&digits);
    CHECK_INT(parse(&digits, bytes, size / 2, NULL), RP_INPUT);
    rp_error error = {0};
    CHECK_INT(rp_digits_read(&digits, check_scratch(), "train", &error), RP_INPUT);
    CHECK(strstr(error.text, "train-images-idx3-ubyte") != NULL);
}

/* Facts computed from the official files. */
TEST(mnist_has_its_known_sums) {
    static const struct {
        const char *prefix;
        uint32_t count;
        double mean;
        int labels[5];
    } rows[] = {{"train", 60000, 33.3184214, {5, 0, 4, 1, 9}},
                {"t10k", 10000, 33.7912245, {7, 2, 1, 0, 4}}};
    char folder[1200];
    if (check_data() == NULL) {
        check_skip("no data");
        return;
    }
    snprintf(folder, sizeof folder, "%s/mnist", check_data());
    for (int k = 0; k < 2; k++) {
        rp_digits digits;
        if (rp_digits_read(&digits, folder, rows[k].prefix, NULL) != RP_OK) {
            check_skip("no mnist");
            return;
        }
        double sum = 0;
        CHECK_INT(digits.count, rows[k].count);
        for (size_t i = 0; i < (size_t)digits.count * 784; i++) sum += digits.pixels[i];
        CHECK_NEAR(sum / (784.0 * digits.count), rows[k].mean, 1e-7);
        for (int i = 0; i < 5; i++) CHECK_INT(digits.labels[i], rows[k].labels[i]);
        rp_digits_clear(&digits);
    }
}
