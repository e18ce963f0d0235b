/* random.c: see random.h. */
#include "base/random.h"

#include <assert.h>
#include <math.h>

/* Multipliers and key increments of Philox4x32 (Salmon et al. 2011, table 2 and section 3). */
static const uint32_t multiplier_0 = 0xD2511F53u, multiplier_1 = 0xCD9E8D57u;
static const uint32_t weyl_0 = 0x9E3779B9u, weyl_1 = 0xBB67AE85u;
enum { ROUNDS = 10 };

void rp_random_block(uint32_t out[4], uint64_t seed, uint64_t stream, uint64_t counter) {
    uint32_t x0 = (uint32_t)counter, x1 = (uint32_t)(counter >> 32);
    uint32_t x2 = (uint32_t)stream, x3 = (uint32_t)(stream >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t p0 = (uint64_t)multiplier_0 * x0, p1 = (uint64_t)multiplier_1 * x2;
        const uint32_t y0 = (uint32_t)(p1 >> 32) ^ x1 ^ k0, y2 = (uint32_t)(p0 >> 32) ^ x3 ^ k1;
        x0 = y0;
        x1 = (uint32_t)p1;
        x2 = y2;
        x3 = (uint32_t)p0;
        k0 += weyl_0;
        k1 += weyl_1;
    }
    out[0] = x0;
    out[1] = x1;
    out[2] = x2;
    out[3] = x3;
}

rp_random rp_random_make(uint64_t seed, uint64_t stream) {
    return (rp_random){.seed = seed, .stream = stream};
}

uint32_t rp_random_u32(rp_random *random) {
    if (random->left == 0) {
        rp_random_block(random->block, random->seed, random->stream, random->counter++);
        random->left = 4;
    }
    return random->block[4 - random->left--];
}

double rp_random_uniform(rp_random *random) { return rp_random_u32(random) * 0x1p-32; }

double rp_random_between(rp_random *random, double low, double high) {
    return low + (high - low) * rp_random_uniform(random);
}

double rp_random_normal(rp_random *random) { /* Box and Muller 1958 */
    const double radius = sqrt(-2.0 * log((rp_random_u32(random) + 1.0) * 0x1p-32));
    return radius * cos(6.283185307179586 * rp_random_uniform(random));
}

uint32_t rp_random_below(rp_random *random, uint32_t bound) {
    assert(bound > 0);
    return (uint32_t)((uint64_t)rp_random_u32(random) * bound >> 32);
}

bool rp_random_happens(rp_random *random, uint32_t percent) {
    return rp_random_below(random, 100) < percent;
}

void rp_random_shuffle(rp_random *random, uint32_t *indices, uint32_t count) {
    for (uint32_t i = count; i > 1; i--) {
        const uint32_t j = rp_random_below(random, i);
        const uint32_t kept = indices[i - 1];
        indices[i - 1] = indices[j];
        indices[j] = kept;
    }
}
