/* curve.h: the learning curve of a run as a picture. */
#ifndef RP_SCORE_CURVE_H
#define RP_SCORE_CURVE_H

#include "base/error.h"

/* Draws loss and dev SER over epochs from a training log (JSON lines) into a PNG. */
rp_status rp_curve_draw(const char *png, const char *log, rp_error *error);

#endif
