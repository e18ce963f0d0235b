/* engraved_sample.h: a made-up page of one piano system as MuseScore would write it. */
#ifndef RP_TESTS_SCORE_ENGRAVED_SAMPLE_H
#define RP_TESTS_SCORE_ENGRAVED_SAMPLE_H

/* 1200 x 720 units; the voice's staff at 60..100, the piano's at 200..240 and 320..360 between
 * x = 120 and 1080. One line is in two pieces; the bracket beside it has few curves. */
extern const char rp_engraved_sample_svg[];

/* Two measures, split at x = 600 units: 1000 x 600 px, twelfths of a pixel. */
extern const char rp_engraved_sample_mpos[];

/* Two parts; the piano has two measures, a nameless element and a rest without a type. */
extern const char rp_engraved_sample_musicxml[];

/* Writes out.svg, out.mpos, out.musicxml and out.png (1000 x 600) to `folder`; false: it cannot. */
_Bool rp_engraved_sample_write(const char *folder);

#endif
