/* measure_choice.c: see measure_choice.h. */
#include "score/measure_choice.h"

enum { LENGTHS_MAX = 32 };

static rp_measure_sum sum_of(const rp_candidate *c) {
    return rp_measure_sum_of(c->tokens, (size_t)c->count);
}

/* The length on which the likeliest lines of most measures agree; denominator 0: none. */
static rp_fraction usual_length(const rp_candidates *candidates, int32_t count) {
    struct {
        rp_fraction length;
        int32_t count;
    } seen[LENGTHS_MAX];
    int32_t seen_count = 0, best = -1;
    for (int32_t n = 0; n < count; n++) {
        const rp_measure_sum sum = sum_of(&candidates[n].items[0]);
        int32_t i = 0;
        if (sum.staffs < 2 || !rp_fraction_is_number(sum.length)) continue;
        while (i < seen_count && rp_fraction_compare(seen[i].length, sum.length) != 0) i++;
        if (i == LENGTHS_MAX) continue;
        if (i == seen_count) {
            seen[i].length = sum.length;
            seen[seen_count++].count = 0;
        }
        seen[i].count++;
        if (best < 0 || seen[i].count > seen[best].count) best = i;
    }
    return best >= 0 ? seen[best].length : (rp_fraction){0, 0};
}

static bool does_fit(const rp_measure_sum *sum, rp_fraction wanted) {
    if (!sum->agrees) return false;
    return sum->staffs == 0 || !rp_fraction_is_number(wanted) ||
           rp_fraction_compare(sum->length, wanted) == 0;
}

void rp_measure_choose(rp_measure_choice *choices, const rp_candidates *candidates, int32_t count,
                       rp_measure_context *context, const rp_measure_bonus *bonus) {
    const rp_fraction usual = usual_length(candidates, count);
    for (int32_t n = 0; n < count; n++) {
        const rp_candidates *c = &candidates[n];
        rp_fraction time = {0, 0};
        float best = 0;
        for (int32_t k = 0; k < c->count; k++) {
            const rp_measure_sum sum = sum_of(&c->items[k]);
            const rp_fraction wanted = rp_fraction_is_number(sum.time)        ? sum.time
                                       : rp_fraction_is_number(context->time) ? context->time
                                                                              : usual;
            const bool fits = does_fit(&sum, wanted);
            const float score =
                c->items[k].score + (sum.agrees ? bonus->agrees : 0) + (fits ? bonus->fits : 0);
            if (k > 0 && score <= best) continue;
            best = score;
            time = sum.time;
            choices[n] = (rp_measure_choice){k, fits};
        }
        if (rp_fraction_is_number(time)) context->time = time;
    }
}
