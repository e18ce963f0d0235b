/* vector_math.h: exp, sigmoid and tanh without branches, so that the compiler makes vectors of the
 * loops around them. Relative error of exp below 2e-7 for |x| <= 87; tanh and sigmoid: absolute
 * error below 2e-7. */
#ifndef RP_BASE_VECTOR_MATH_H
#define RP_BASE_VECTOR_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

/* exp(x) = 2^n e^r, n = round(x / ln 2), |r| <= ln 2 / 2; e^r by its Taylor series to r^6 / 720,
 * whose rest is below 0.3466^7 / 5040 = 1.2e-7. A NaN stays one. */
RP_INLINE float rp_exp(float x) {
    x = x < -87.0f ? -87.0f : x > 87.0f ? 87.0f : x;
    const float n = rintf((x > -87.0f ? x : -87.0f) * 1.44269504f); /* a NaN is no integer */
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;    /* ln 2 in two parts */
    float e = 1.0f / 720;
    e = e * r + 1.0f / 120;
    e = e * r + 1.0f / 24;
    e = e * r + 1.0f / 6;
    e = e * r + 0.5f;
    e = e * r + 1.0f;
    e = e * r + 1.0f;
    const int32_t bits = ((int32_t)n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return e * power;
}

RP_INLINE float rp_sigmoid(float x) { return 1.0f / (1.0f + rp_exp(-x)); }
RP_INLINE float rp_tanh(float x) { return 1.0f - 2.0f / (1.0f + rp_exp(2.0f * x)); }

#endif
