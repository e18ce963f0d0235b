/* lenet_answer.c: see lenet_answer.h: which processors, and weights in the order of the loops. */
#include "learn/lenet_answer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/cpu_level.h"
#include "tensor/tensor.h"

enum { BLOCK = RP_ANSWER_BLOCK, TAPS = 9, SIDE = 28, ALIGNED = 64 };

bool rp_answer_is_possible(void) { return rp_cpu_level_find() >= RP_CPU_V4_BF16; }

#if !RP_HAVE_LEVELS /* the loops do not exist */
void rp_answer_image(const rp_answer *answer, uint16_t *room, const float *image, float *logits) {
    (void)answer, (void)room, (void)image, (void)logits;
    assert(!"possible");
}
#endif

/* -- Plan ----------------------------------------------------------------------------------------
 */

static size_t plane_of(int side) { return (size_t)(side + 2) * (size_t)(side + 2) * BLOCK; }

/* Sides, groups and places in the room. */
static void plan_rows(rp_answer *answer, const rp_answer_layer *layers, int count) {
    int side = SIDE;
    answer->row_count = count;
    answer->room_count = (size_t)RP_ANSWER_FRAMED * RP_ANSWER_STRIDE;
    for (int k = 0; k < count; k++) {
        rp_answer_row *row = &answer->rows[k];
        const int outputs = layers[k].outputs / BLOCK;
        assert(layers[k].outputs % BLOCK == 0 && (k == 0 || layers[k].inputs % BLOCK == 0));
        *row = (rp_answer_row){.inputs = k == 0 ? 0 : layers[k].inputs / BLOCK,
                               .outputs = outputs,
                               .side = side,
                               .groups = outputs % 3 == 0   ? 3
                                         : outputs % 2 == 0 ? 2
                                                            : 1,
                               .adds = layers[k].adds,
                               .has_pool = layers[k].has_pool,
                               .y_at = answer->room_count};
        answer->room_count += (size_t)outputs * plane_of(side);
        row->pooled_at = answer->room_count;
        if (!row->has_pool) continue;
        side /= 2;
        answer->room_count += (size_t)outputs * plane_of(side);
    }
    answer->last_side = side;
}

static size_t weight_count(const rp_answer_row *row) {
    return row->inputs == 0 ? (size_t)row->outputs * 6 * 2 * BLOCK
                            : (size_t)row->outputs * row->inputs * TAPS * BLOCK * BLOCK;
}

/* -- Order ---------------------------------------------------------------------------------------
 */

/* In the order of lenet_answer.h. */
static void pack_row(uint16_t *to, const rp_answer_row *row, const float *weights) {
    const int inputs = row->inputs * BLOCK;
    for (int first = 0; first < row->outputs; first += row->groups)
        for (int block = 0; block < row->inputs; block++)
            for (int tap = 0; tap < TAPS; tap++)
                for (int k = 0; k < BLOCK * row->groups * BLOCK; k++) {
                    const int pair = k / (row->groups * 2 * BLOCK), half = k % 2;
                    const int group = k / (2 * BLOCK) % row->groups, lane = k / 2 % BLOCK;
                    const int output = (first + group) * BLOCK + lane;
                    const int input = block * BLOCK + 2 * pair + half;
                    *to++ = rp_f32_to_bf16(weights[(output * TAPS + tap) * inputs + input]);
                }
}

static void pack_first(uint16_t *to, const rp_answer_row *row, const float *weights) {
    for (int k = 0; k < row->outputs * 6 * 2 * BLOCK; k++) {
        const int tap = k / (2 * BLOCK) % 2 * 2 + k % 2, from_row = k / (4 * BLOCK) % 3;
        const int output = k / (12 * BLOCK) * BLOCK + k / 2 % BLOCK;
        to[k] = tap < 3 ? rp_f32_to_bf16(weights[output * TAPS + from_row * 3 + tap]) : 0;
    }
}

/* The mean over places is a full layer whose weights are the same at each, over their number. */
static void pack_full(float *to, const rp_answer *answer, const rp_answer_full *full) {
    const int places = answer->last_side * answer->last_side;
    const int blocks = answer->rows[answer->row_count - 1].outputs, maps = blocks * BLOCK;
    for (int k = 0; k < RP_ANSWER_CLASSES * places * maps; k++) {
        const int lane = k % BLOCK, place = k / BLOCK % places;
        const int map = k / BLOCK / places % blocks * BLOCK + lane, class = k / (places * maps);
        to[k] = full->has_mean ? full->weights[class * maps + map] / (float)places
                               : full->weights[(class * places + place) * maps + map];
    }
}

rp_status rp_answer_pack(rp_answer *answer, const rp_answer_layer *layers, int count,
                         const rp_answer_full *full, rp_error *error) {
    assert(count > 0 && count <= RP_ANSWER_ROWS_MAX);
    plan_rows(answer, layers, count);
    const int places = answer->last_side * answer->last_side;
    size_t floats = (size_t)RP_ANSWER_CLASSES * (size_t)places * (size_t)layers[count - 1].outputs;
    size_t halves = 0;
    for (int k = 0; k < count; k++) {
        floats += (size_t)layers[k].outputs;
        halves += weight_count(&answer->rows[k]);
    }
    const size_t bytes = halves * sizeof(uint16_t) + (floats + RP_ANSWER_CLASSES) * sizeof(float);
    free(answer->memory);
    answer->memory = aligned_alloc(ALIGNED, (bytes + ALIGNED - 1) / ALIGNED * ALIGNED);
    if (answer->memory == NULL) return rp_fail_memory(error, "packed weights");
    uint16_t *weights = answer->memory;
    float *bias = (float *)(void *)(weights + halves); /* halves is a multiple of 32 */
    for (int k = 0; k < count; k++) {
        rp_answer_row *row = &answer->rows[k];
        row->weights = weights;
        if (row->inputs == 0) pack_first(weights, row, layers[k].weights);
        else pack_row(weights, row, layers[k].weights);
        weights += weight_count(row);
        row->bias = memcpy(bias, layers[k].bias, (size_t)layers[k].outputs * sizeof *bias);
        bias += layers[k].outputs;
    }
    answer->full_bias = memcpy(bias, full->bias, RP_ANSWER_CLASSES * sizeof *bias);
    bias += RP_ANSWER_CLASSES;
    pack_full(bias, answer, full);
    answer->full = bias;
    return RP_OK;
}

void rp_answer_clear(rp_answer *answer) {
    free(answer->memory);
    *answer = (rp_answer){0};
}
