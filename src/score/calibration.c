/* calibration.c: see calibration.h. */
#include "score/calibration.h"

#include <math.h>
#include <stdlib.h>

#include "base/text.h"

enum { BINS = 15 };

static const float nearest = 1e-7f; /* p is kept so far from 0 and 1 */

static float logit(float p) {
    const double q = p < nearest ? nearest : p > 1 - nearest ? 1 - nearest : p;
    return (float)log(q / (1 - q));
}

float rp_calibration_apply(const rp_calibration *c, float p) {
    if (c->count == 0) return p;
    const float x = logit(p);
    int i = 0;
    while (i < c->count && c->logit[i] <= x) i++;
    if (i == 0) return c->share[0];
    if (i == c->count) return c->share[c->count - 1];
    const float part = (x - c->logit[i - 1]) / (c->logit[i] - c->logit[i - 1]);
    return c->share[i - 1] + part * (c->share[i] - c->share[i - 1]);
}

/* ---- fitting -----------------------------------------------------------------------------------
 */

static int compare_outcomes(const void *a, const void *b) {
    const float x = ((const rp_outcome *)a)->p, y = ((const rp_outcome *)b)->p;
    return (x > y) - (x < y);
}

/* Sums over a run of outcomes. */
typedef struct part {
    double logits, right, count;
} part;

static double share_of(const part *p) { return p->right / p->count; }
static double logit_of(const part *p) { return p->logits / p->count; }

/* Adds a part behind the others; those whose shares or logits do not rise become one. */
static int push(part *parts, int count, part next) {
    while (count > 0 && (share_of(&next) <= share_of(&parts[count - 1]) ||
                         logit_of(&next) - logit_of(&parts[count - 1]) < 1e-4)) {
        count--;
        next.logits += parts[count].logits;
        next.right += parts[count].right;
        next.count += parts[count].count;
    }
    parts[count] = next;
    return count + 1;
}

rp_calibration rp_calibration_fit(rp_outcome *outcomes, size_t count) {
    part parts[RP_CALIBRATION_POINTS];
    rp_calibration c = {0};
    int kept = 0;
    if (count < RP_CALIBRATION_OUTCOMES_MIN) return c;
    qsort(outcomes, count, sizeof *outcomes, compare_outcomes);
    for (size_t k = 0; k < RP_CALIBRATION_POINTS; k++) {
        part next = {0};
        const size_t end = count * (k + 1) / RP_CALIBRATION_POINTS;
        for (size_t i = count * k / RP_CALIBRATION_POINTS; i < end; i++) {
            next.logits += (double)logit(outcomes[i].p);
            next.right += outcomes[i].is_right;
            next.count++;
        }
        kept = push(parts, kept, next);
    }
    for (; c.count < kept; c.count++) {
        c.logit[c.count] = (float)logit_of(&parts[c.count]);
        c.share[c.count] = (float)share_of(&parts[c.count]);
    }
    return c;
}

double rp_calibration_error(const rp_outcome *outcomes, size_t count) {
    double given[BINS] = {0}, right[BINS] = {0}, sum = 0;
    for (size_t i = 0; i < count; i++) {
        int bin = (int)(outcomes[i].p * BINS);
        if (bin >= BINS) bin = BINS - 1;
        if (!(bin >= 0)) bin = 0;
        given[bin] += (double)outcomes[i].p;
        right[bin] += outcomes[i].is_right;
    }
    for (int b = 0; b < BINS; b++) sum += fabs(given[b] - right[b]);
    return count > 0 ? sum / (double)count : 0;
}

/* ---- text --------------------------------------------------------------------------------------
 */

const char *rp_calibration_print(const rp_calibration *c, rp_arena *arena) {
    rp_text text = {0};
    rp_text_add(&text, "");
    for (int i = 0; i < c->count; i++)
        rp_text_format(&text, "%s%.6g %.6g", i > 0 ? " " : "", (double)c->logit[i],
                       (double)c->share[i]);
    const char *copy =
        text.failed ? NULL : rp_arena_text(arena, text.length > 0 ? text.data : "", text.length);
    rp_text_clear(&text);
    return copy;
}

rp_calibration rp_calibration_read(const char *text) {
    static const rp_calibration none = {0};
    rp_calibration c = {0};
    for (char *end; c.count < RP_CALIBRATION_POINTS; c.count++, text = end) {
        c.logit[c.count] = strtof(text, &end);
        if (end == text) break;
        text = end;
        c.share[c.count] = strtof(text, &end);
        if (end == text) return none;
        const bool rises = c.count == 0 || (c.logit[c.count] > c.logit[c.count - 1] &&
                                            c.share[c.count] >= c.share[c.count - 1]);
        if (!isfinite(c.logit[c.count]) || !rises || !(c.share[c.count] >= 0) ||
            c.share[c.count] > 1)
            return none;
    }
    return c;
}
