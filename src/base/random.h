/* random.h: counter-based random numbers. Value i of stream s of seed k is a pure function of
 * (k, s, i), so the same seed gives the same numbers whatever the thread count or order.
 * Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. */
#ifndef RP_BASE_RANDOM_H
#define RP_BASE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct rp_random {
    uint64_t seed, stream; /* stream: one per sample, layer, purpose */
    uint64_t counter;      /* blocks of four numbers used so far */
    uint32_t block[4];
    unsigned left; /* numbers of `block` not given out yet */
} rp_random;

/* Block `counter` of stream `stream`: four independent 32-bit numbers. */
void rp_random_block(uint32_t out[4], uint64_t seed, uint64_t stream, uint64_t counter);

rp_random rp_random_make(uint64_t seed, uint64_t stream);
uint32_t rp_random_u32(rp_random *random);
double rp_random_uniform(rp_random *random); /* [0, 1), 32 bits */
double rp_random_between(rp_random *random, double low, double high);
double rp_random_normal(rp_random *random);                  /* mean 0, deviation 1 */
uint32_t rp_random_below(rp_random *random, uint32_t bound); /* 0 .. bound - 1, bound > 0 */

bool rp_random_happens(rp_random *random, uint32_t percent); /* so often of 100 times */

/* Fisher-Yates on indices[0 .. count). */
void rp_random_shuffle(rp_random *random, uint32_t *indices, uint32_t count);

#endif
