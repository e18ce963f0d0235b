/* lenet98.c: LeNet-5 of 1998: its tables, first weights and steps. */
#include "learn/lenet98.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/cpu_level.h"

/* -- Tables -------------------------------------------------------------------------------------
 */

/* Table I of the paper, column by column: maps 0 to 5 read three neighbours, 6 to 11 four, 12 to 14
 * four that are not neighbours, 15 all. */
const uint8_t rp_lenet98_from[RP_LENET98_KERNELS] = {
    0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5, 0, 4, 5, 0, 1, 5,                   /* 0 .. 5 */
    0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 0, 3, 4, 5, 0, 1, 4, 5, 0, 1, 2, 5, /* 6 .. 11 */
    0, 1, 3, 4, 1, 2, 4, 5, 0, 2, 3, 5,                                     /* 12 .. 14 */
    0, 1, 2, 3, 4, 5,
};
const uint8_t rp_lenet98_first[17] = {0,  3,  6,  9,  12, 15, 18, 22, 26,
                                      30, 34, 38, 42, 46, 50, 54, 60};

/* Figure 3: digits of the ASCII set, drawn so that likely confusions have codes far apart. */
static const char *const drawings[12] = {
    ".#####. ...##.. .#####. ####### .#####. .#####. ..####. ####### .#####. .#####.",
    "....... ..###.. ....... .....## ....... ....... .##.... .....## ##...## ##..###",
    "..###.. .####.. .#####. ....##. ....... ####### ##..... .....## ##...## ##...##",
    ".##.##. ...##.. ##...## ...##.. .##..## ##..... ##..... ....##. ##...## ##...##",
    "##...## ...##.. #....## ..####. .##..## ##..... ######. ...##.. .#####. ##..###",
    "##...## ...##.. ....##. .....## ###..## .####.. ###..## ...##.. ##...## .######",
    "##...## ...##.. ..###.. .....## ##...## ..####. ##...## ..##... ##...## .....##",
    "##...## ...##.. .##.... .....## ##...## .....## ##...## ..##... ##...## .....##",
    ".##.##. ...##.. ##..... ##...## ##..### ##...## ###..## ..##... ##...## ....##.",
    "..###.. .###### ####### .#####. .###### .#####. .#####. ..##... .#####. .####..",
    "....... ....... ....... ....... .....## ....... ....... ....... ....... .......",
    "....... ....... ....... ....... .....## ....... ....... ....... ....... .......",
};

void rp_lenet98_codes_draw(rp_lenet98_codes *codes) {
    memset(codes, 0, sizeof *codes);
    for (int digit = 0; digit < 10; digit++)
        for (int i = 0; i < RP_LENET98_CODE; i++)
            codes->pixels[digit][i] = drawings[i / 7][digit * 8 + i % 7] == '#' ? 1 : -1;
}

/* -- The loops of this machine -------------------------------------------------------------------
 */

#define RP_LEVEL(level, least) void rp_lenet98_install_##level(rp_lenet98_loops *loops);
#include "base/cpu_levels.def"
#undef RP_LEVEL

static const struct level {
    rp_cpu_level least; /* that the processor must have */
    void (*install)(rp_lenet98_loops *loops);
} levels[] = {
/* best first */
#define RP_LEVEL(level, least) {least, rp_lenet98_install_##level},
#include "base/cpu_levels.def"
#undef RP_LEVEL
};

rp_lenet98_loops rp_lenet98_loops_choose(void) {
    rp_lenet98_loops loops;
    const struct level *level = levels;
    while (level->least > rp_cpu_level_find()) level++; /* the last one fits every machine */
    level->install(&loops);
    return loops;
}

/* -- Weights and steps ---------------------------------------------------------------------------
 */

static void draw(rp_random *random, float *weights, int count, int inputs) {
    const double bound = 1.2 / sqrt(inputs);
    for (int i = 0; i < count; i++) weights[i] = (float)rp_random_between(random, -bound, bound);
}

void rp_lenet98_draw_weights(rp_lenet98_weights *weights, uint64_t seed) {
    rp_random random = rp_random_make(seed, 1998);
    memset(weights, 0, sizeof *weights);
    draw(&random, weights->c1[0], 6 * 25, 25);
    draw(&random, weights->s2, 6, 4);
    for (int m = 0; m < 16; m++) {
        const int kernels = rp_lenet98_first[m + 1] - rp_lenet98_first[m];
        draw(&random, weights->c3[rp_lenet98_first[m]], kernels * 25, kernels * 25);
    }
    draw(&random, weights->s4, 16, 4);
    draw(&random, weights->c5[0], 120 * 400, 400);
    for (int o = 0; o < 84; o++) draw(&random, weights->f6[o], 120, 120);
}

double rp_lenet98_rate(unsigned pass) {
    static const struct {
        unsigned before;
        double eta;
    } rows[] = {{2, 0.0005}, {5, 0.0002}, {8, 0.0001}, {12, 0.00005}};
    for (size_t k = 0; k < RP_COUNT(rows); k++)
        if (pass < rows[k].before) return rows[k].eta;
    return 0.00001;
}

void rp_lenet98_steps(rp_lenet98_weights *steps, const rp_lenet98_weights *second,
                      unsigned patterns, double eta) {
    const double mu = 0.02;
    float *to = &steps->c1[0][0];
    const float *from = &second->c1[0][0];
    for (int i = 0; i < RP_LENET98_FLOATS; i++) to[i] = (float)(eta / (mu + from[i] / patterns));
    for (int o = 0; o < 84; o++)
        for (int i = 120; i < 128; i++) steps->f6[o][i] = 0;
}

void rp_lenet98_place(rp_lenet98_state *state, const uint8_t *pixels) {
    for (int row = 0; row < 32; row++)
        for (int column = 0; column < 48; column++) {
            const bool is_inside = row >= 2 && row < 30 && column >= 2 && column < 30;
            const float ink = is_inside ? pixels[(row - 2) * 28 + column - 2] / 255.0f : 0;
            state->x0[row][column] = -0.1f + 1.275f * ink;
        }
}
