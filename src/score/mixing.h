/* mixing.h: systems that nobody wrote, of measures that somebody did.
 *
 * A network that sees the same systems for tens of epochs learns them by heart: from the whole
 * system it knows the piece, and from the piece what a measure must hold. A mixed system begins as
 * one does and goes on with measures of others that stand under the same clefs, cut at bar lines:
 * what it holds can only be read. Images must be level (page/crop.h), so that staff lines meet. */
#ifndef RP_SCORE_MIXING_H
#define RP_SCORE_MIXING_H

#include "base/random.h"
#include "score/dataset.h"

/* A system that begins with measures of `base` and goes on with others', no wider than it; where no
 * others fit it ends there. Where base has no edges or one measure it is base itself. `mixed` has
 * its tokens, edges, measures and width; they and `image` are in `arena`. RP_SYSTEM: no memory. */
rp_status rp_mix_system(rp_sample *mixed, rp_page_image *image, const rp_dataset *set,
                        const rp_sample *base, rp_random *random, rp_arena *arena, rp_error *error);

#endif
