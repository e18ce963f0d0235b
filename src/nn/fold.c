/* fold.c: see fold.h. */
#include "nn/fold.h"

#include <math.h>
#include <stddef.h>

int64_t rp_fold_norm(float *weights, float *bias, const rp_foldable *layer) {
    int64_t dead = 0;
    for (int64_t o = 0; o < layer->outputs; o++) {
        const double scale = layer->gamma[o] / sqrt(layer->var[o] + layer->eps);
        const double shift = (layer->bias != NULL ? layer->bias[o] : 0) - (double)layer->mean[o];
        for (int64_t i = o * layer->inputs; i < (o + 1) * layer->inputs; i++)
            weights[i] = (float)(layer->weights[i] * scale);
        bias[o] = (float)(shift * scale + layer->beta[o]);
        dead += layer->var[o] < layer->eps;
    }
    return dead;
}
