/* fold.h: a batch norm in use, folded into the convolution or full layer before it.
 *
 *     y = gamma (w x + b - mean) / sqrt(var + eps) + beta = (s w) x + (s (b - mean) + beta)
 *     s = gamma / sqrt(var + eps), a number for each output channel
 *
 * Exact in real numbers, also at padded borders: the fold multiplies weights, the padding stays 0.
 * (Into a layer after the norm it would not be: beta would have to be added to the padding.) */
#ifndef RP_NN_FOLD_H
#define RP_NN_FOLD_H

#include <stdint.h>

/* weights (outputs, inputs): a convolution's inputs are kernel times channels. */
typedef struct rp_foldable {
    const float *weights, *bias;            /* bias may be NULL: zeros */
    const float *gamma, *beta, *mean, *var; /* (outputs): the norm, with its running values */
    int64_t outputs, inputs;
    double eps;
} rp_foldable;

/* Writes the folded weights (outputs, inputs) and bias (outputs). Returns how many channels are
 * dead: their variance is below eps, so the norm only magnifies noise; they are folded too. */
int64_t rp_fold_norm(float *weights, float *bias, const rp_foldable *layer);

#endif
