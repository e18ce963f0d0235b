/* Distorted digits. */
#include <stdlib.h>

#include "check.h"
#include "learn/distort.h"

/* A blot whose middle lies at column 12, row 16. */
static void draw_blot(uint8_t pixels[784]) {
    memset(pixels, 0, 784);
    for (int row = 14; row <= 18; row++)
        for (int column = 10; column <= 14; column++) pixels[row * 28 + column] = 255;
}

typedef struct moments {
    double ink, column, row;
} moments;

static moments measure(const float *field, int side) {
    moments found = {0};
    for (int i = 0; i < side * side; i++) {
        found.ink += field[i];
        found.column += field[i] * (i % side);
        found.row += field[i] * (i / side);
    }
    found.column /= found.ink;
    found.row /= found.ink;
    return found;
}

TEST(without_ranges_a_digit_stays_as_it_is) {
    uint8_t pixels[784];
    float field[32 * 32];
    const rp_distort_ranges none = {0};
    for (int i = 0; i < 784; i++) pixels[i] = (uint8_t)(i * 7);
    for (int side = 28; side <= 32; side += 4) {
        rp_random random = rp_random_make(1, 1);
        const int frame = (side - 28) / 2;
        rp_distort(field, side, pixels, &none, &random);
        for (int i = 0; i < 784; i++)
            CHECK_NEAR(field[(i / 28 + frame) * side + i % 28 + frame], pixels[i] / 255.0, 2e-6);
    }
}

TEST(shifts_move_the_ink_and_stay_in_their_range) {
    uint8_t pixels[784];
    float field[784];
    const rp_distort_ranges ranges = {.shift = 3};
    double least = 99, most = -99;
    draw_blot(pixels);
    for (uint64_t i = 0; i < 300; i++) {
        rp_random random = rp_random_make(2, i);
        rp_distort(field, 28, pixels, &ranges, &random);
        const moments found = measure(field, 28);
        CHECK_NEAR(found.ink, 25, 1e-3);
        CHECK_NEAR(found.column, 12, 3.001);
        CHECK_NEAR(found.row, 16, 3.001);
        least = fmin(least, found.column);
        most = fmax(most, found.column);
    }
    CHECK(least < 9.5 && most > 14.5);
}

TEST(half_of_the_clothes_are_mirrored_and_half_partly_hidden) {
    uint8_t pixels[784];
    float field[784];
    int mirrored = 0, hidden = 0;
    draw_blot(pixels);
    for (uint64_t i = 0; i < 400; i++) {
        rp_random random = rp_random_make(4, i);
        rp_distort(field, 28, pixels, &(rp_distort_ranges){.flip = 0.5}, &random);
        const moments found = measure(field, 28);
        CHECK_NEAR(found.row, 16, 1e-3);
        CHECK_NEAR(fabs(found.column - 13.5), 1.5, 1e-3); /* column 12, or 15 in the mirror */
        mirrored += found.column > 13.5;
        rp_distort(field, 28, pixels, &(rp_distort_ranges){.erase = 0.5}, &random);
        int changed = 0;
        for (int k = 0; k < 784; k++) changed += fabs(field[k] - pixels[k] / 255.0) > 1e-5;
        CHECK(changed <= 12 * 12);
        hidden += changed > 0;
    }
    CHECK(mirrored > 160 && mirrored < 240);
    CHECK(hidden > 160 && hidden < 240);
}

TEST(the_same_numbers_give_the_same_digit_and_others_another) {
    uint8_t pixels[784];
    float first[784], again[784], other[784];
    const rp_distort_ranges ranges = RP_DISTORT_MODERN;
    draw_blot(pixels);
    rp_random a = rp_random_make(3, 1), b = rp_random_make(3, 1), c = rp_random_make(3, 2);
    rp_distort(first, 28, pixels, &ranges, &a);
    rp_distort(again, 28, pixels, &ranges, &b);
    rp_distort(other, 28, pixels, &ranges, &c);
    CHECK(memcmp(first, again, sizeof first) == 0);
    CHECK(memcmp(first, other, sizeof first) != 0);
    for (int i = 0; i < 784; i++) CHECK(first[i] >= 0 && first[i] <= 1);
}
