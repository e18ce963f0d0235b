/* mt19937.c: see mt19937.h. */
#include "learn/mt19937.h"

#include <math.h>

enum { WORDS = RP_MT19937_WORDS, MIDDLE = 397 };

rp_mt19937 rp_mt19937_seeded(uint32_t seed) {
    rp_mt19937 random = {.used = WORDS};
    random.words[0] = seed;
    for (uint32_t i = 1; i < WORDS; i++) {
        const uint32_t before = random.words[i - 1];
        random.words[i] = 1812433253u * (before ^ before >> 30) + i;
    }
    return random;
}

rp_mt19937 rp_mt19937_keyed(uint32_t key) {
    rp_mt19937 random = rp_mt19937_seeded(19650218u);
    uint32_t *words = random.words, at = 1;
    for (unsigned round = 0; round < WORDS; round++) { /* a key of one word: its index stays 0 */
        words[at] = (words[at] ^ (words[at - 1] ^ words[at - 1] >> 30) * 1664525u) + key;
        if (++at == WORDS) words[0] = words[WORDS - 1], at = 1;
    }
    for (unsigned round = 0; round < WORDS - 1; round++) {
        words[at] = (words[at] ^ (words[at - 1] ^ words[at - 1] >> 30) * 1566083941u) - at;
        if (++at == WORDS) words[0] = words[WORDS - 1], at = 1;
    }
    words[0] = 0x80000000u;
    return random;
}

static void twist(rp_mt19937 *random) {
    uint32_t *words = random->words;
    for (unsigned i = 0; i < WORDS; i++) {
        const uint32_t mixed = (words[i] & 0x80000000u) | (words[(i + 1) % WORDS] & 0x7fffffffu);
        words[i] = words[(i + MIDDLE) % WORDS] ^ mixed >> 1 ^ ((mixed & 1) != 0 ? 0x9908b0dfu : 0);
    }
    random->used = 0;
}

uint32_t rp_mt19937_u32(rp_mt19937 *random) {
    if (random->used == WORDS) twist(random);
    uint32_t word = random->words[random->used++];
    word ^= word >> 11;
    word ^= word << 7 & 0x9d2c5680u;
    word ^= word << 15 & 0xefc60000u;
    return word ^ word >> 18;
}

double rp_mt19937_uniform(rp_mt19937 *random) {
    const uint32_t high = rp_mt19937_u32(random) >> 5, low = rp_mt19937_u32(random) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0; /* 2^26, 2^53 */
}

double rp_mt19937_normal(rp_mt19937 *random) {
    if (random->has_spare) {
        random->has_spare = false;
        return random->spare;
    }
    double x1, x2, square;
    do {
        x1 = 2 * rp_mt19937_uniform(random) - 1;
        x2 = 2 * rp_mt19937_uniform(random) - 1;
        square = x1 * x1 + x2 * x2;
    } while (square >= 1 || square == 0);
    const double scale = sqrt(-2 * log(square) / square);
    random->spare = x1 * scale;
    random->has_spare = true;
    return x2 * scale;
}

uint32_t rp_mt19937_upto(rp_mt19937 *random, uint32_t largest) {
    uint32_t mask = largest, drawn;
    for (unsigned shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    do drawn = rp_mt19937_u32(random) & mask;
    while (drawn > largest);
    return drawn;
}
