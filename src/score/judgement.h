/* judgement.h: what was read of systems against their labels, in every figure that is published.
 *
 * Each system is judged by itself, so that threads can share them; sums over a corpus do not
 * depend on the order. Figures of notes are given twice: as read, and after the measures were made
 * to add up (music/measure_repair.h), which is what a score is written from. */
#ifndef RP_SCORE_JUDGEMENT_H
#define RP_SCORE_JUDGEMENT_H

#include "base/pool.h"
#include "music/ser.h"
#include "music/tedn.h"
#include "music/token_alignment.h"
#include "score/dataset.h"
#include "score/reader.h"

/* Zero-initialised is the judgement of nothing. */
typedef struct rp_judgement {
    rp_ser ser;
    rp_tedn_cost full, lmx; /* TEDn of both flavours */
    int32_t without_music;  /* systems without MusicXML: `full` leaves out what LMX cannot say */
    rp_cause_row causes[RP_CAUSE_COUNT];
    uint64_t gold_notes, read_notes, onsets, notes;          /* as read */
    uint64_t repaired_notes, repaired_onsets, repaired_same; /* repaired_same: with durations */
} rp_judgement;

/* Judges one system. is_right: (read->count) which tokens stand for an equal one of gold, or NULL.
 * `scratch` is reset first. RP_INPUT: the gold MusicXML is damaged. */
rp_status rp_judge(rp_judgement *judgement, bool *is_right, const rp_sample *sample,
                   const rp_lmx_line *read, rp_arena *scratch, rp_error *error);

/* Judges all systems of `set` over the threads of `pool` (NULL: one); judgements, is_right:
 * (count). is_right or its rows may be NULL. */
rp_status rp_judge_all(rp_judgement *judgements, bool *const *is_right, const rp_dataset *set,
                       const rp_lmx_line *read, rp_pool *pool, rp_error *error);

void rp_judgement_add(rp_judgement *sum, const rp_judgement *one);

/* 2 c / (g + p); 1 when there are no notes at all. */
double rp_judgement_f1(uint64_t agreeing, uint64_t gold, uint64_t read);

/* 100 edit / gold; 0 for nothing against nothing. */
double rp_judgement_tedn_percent(const rp_tedn_cost *cost);

#endif
