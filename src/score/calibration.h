/* calibration.h: from the network's probabilities to how often it is right.
 *
 * Tokens read of training systems (never of those that figures are given for) are sorted by the
 * probability p the network gave them and cut into parts of equal size; each part gives a point
 * (mean logit of p, share that was right). Shares that fall are pooled, so that more probable never
 * means less sure (isotonic regression; Zadrozny and Elkan 2002). Between points confidence is
 * linear in the logit, outside it stays that of the last point. One slope and shift for all
 * (temperature, Platt) was tried first and left an error of 6 %: the network is too sure of long
 * tuplets that are not there, which no straight line shows.
 *
 * The points live in the weights' metadata, "confidence": "LOGIT SHARE LOGIT SHARE ...". */
#ifndef RP_SCORE_CALIBRATION_H
#define RP_SCORE_CALIBRATION_H

#include "base/arena.h"
#include "base/error.h"

enum { RP_CALIBRATION_POINTS = 24 };

/* count 0: p as it is, what weights without calibration have. */
typedef struct rp_calibration {
    int count;
    float logit[RP_CALIBRATION_POINTS], share[RP_CALIBRATION_POINTS]; /* both rising */
} rp_calibration;

float rp_calibration_apply(const rp_calibration *calibration, float p);

/* What was given for a token and whether it was right. */
typedef struct rp_outcome {
    float p;
    bool is_right;
} rp_outcome;

enum { RP_CALIBRATION_OUTCOMES_MIN = 100 };

/* Sorts the outcomes by p. Fewer than RP_CALIBRATION_OUTCOMES_MIN give no calibration. */
rp_calibration rp_calibration_fit(rp_outcome *outcomes, size_t count);

/* Expected calibration error: outcomes in 15 bins of equal width of p; the mean over outcomes of
 * |mean p - share that was right| of their bin (Guo et al. 2017, eq. 3). 0 .. 1. */
double rp_calibration_error(const rp_outcome *outcomes, size_t count);

/* As text of the metadata; the arena's, NULL: no memory. */
const char *rp_calibration_print(const rp_calibration *calibration, rp_arena *arena);

/* From the text of the metadata; what cannot be read, or does not rise, counts as none. */
rp_calibration rp_calibration_read(const char *text);

#endif
