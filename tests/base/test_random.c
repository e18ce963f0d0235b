#include "base/random.h"
#include "check.h"

TEST(philox_gives_the_known_answers_of_its_authors) {
    /* Random123 1.09, kat_vectors: philox4x32 10 with zero key and counter, and all ones. */
    uint32_t out[4];
    rp_random_block(out, 0, 0, 0);
    CHECK(out[0] == 0x6627e8d5 && out[1] == 0xe169c58d && out[2] == 0xbc57ac4c &&
          out[3] == 0x9b00dbd8);
    rp_random_block(out, UINT64_MAX, UINT64_MAX, UINT64_MAX);
    CHECK(out[0] == 0x408f276d && out[1] == 0x41c83b0e && out[2] == 0xa20bc7c6 &&
          out[3] == 0x6d5451fd);
}

TEST(uniform_and_normal_have_their_moments) {
    rp_random random = rp_random_make(7, 3);
    double sum = 0, squares = 0, uniform = 0;
    enum { COUNT = 200000 };
    for (int i = 0; i < COUNT; i++) {
        const double x = rp_random_normal(&random);
        sum += x;
        squares += x * x;
        uniform += rp_random_uniform(&random);
    }
    CHECK_NEAR(sum / COUNT, 0, 0.01); /* four standard errors */
    CHECK_NEAR(squares / COUNT, 1, 0.013);
    CHECK_NEAR(uniform / COUNT, 0.5, 0.003);
}

TEST(a_shuffle_keeps_every_index) {
    rp_random random = rp_random_make(1, 1);
    uint32_t indices[100], seen[100] = {0};
    for (uint32_t i = 0; i < 100; i++) indices[i] = i;
    rp_random_shuffle(&random, indices, 100);
    for (int i = 0; i < 100; i++) seen[indices[i]]++;
    for (int i = 0; i < 100; i++) CHECK_INT(seen[i], 1);
}
