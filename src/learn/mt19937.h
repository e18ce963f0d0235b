/* mt19937.h: the Mersenne Twister, drawn from as numpy and Python draw, so that published numbers
 * can be met. For everything else use base/random.h. Matsumoto and Nishimura, "Mersenne Twister",
 * ACM TOMACS 8(1), 1998; initialisers of 2002. */
#ifndef RP_LEARN_MT19937_H
#define RP_LEARN_MT19937_H

#include <stdbool.h>
#include <stdint.h>

enum { RP_MT19937_WORDS = 624 };

typedef struct rp_mt19937 {
    uint32_t words[RP_MT19937_WORDS];
    unsigned used; /* of words */
    bool has_spare;
    double spare; /* the second of a pair of normals */
} rp_mt19937;

rp_mt19937 rp_mt19937_seeded(uint32_t seed); /* as numpy.random.seed(seed) */
rp_mt19937 rp_mt19937_keyed(uint32_t key);   /* as Python's random.seed(key) */
uint32_t rp_mt19937_u32(rp_mt19937 *random);
double rp_mt19937_uniform(rp_mt19937 *random); /* [0, 1), 53 bits */
double rp_mt19937_normal(rp_mt19937 *random);  /* polar method, second of the pair first */
uint32_t rp_mt19937_upto(rp_mt19937 *random, uint32_t largest); /* masked draws until one fits */

#endif
