/* note_match.c: see note_match.h. */
#include "music/note_match.h"

#include <stdlib.h>
#include <string.h>

/* Above this the table of measure pairs gets too large: measures are then paired by their index. */
enum { PAIRS_MAX = 1 << 24 };

/* How many onsets and notes agree in a pair of measures: both lists are in order. */
static void count_agreements(const rp_note_measure *a, const rp_note_measure *b, uint32_t *onsets,
                             uint32_t *notes) {
    *onsets = *notes = 0;
    for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
        const int order = rp_note_compare(&a->notes[i], &b->notes[j]);
        if (order == 0) {
            ++*onsets;
            *notes += rp_fraction_compare(a->notes[i].duration, b->notes[j].duration) == 0;
        }
        i += order <= 0;
        j += order >= 0;
    }
}

/* What it is worth to put two measures side by side. A pair without any agreement is still worth
 * a little: measures stand beside each other rather than being left out. */
static uint32_t worth_of(const rp_note_measure *a, const rp_note_measure *b) {
    uint32_t onsets, notes;
    count_agreements(a, b, &onsets, &notes);
    return 1 + 4 * (onsets + notes);
}

/* Longest common subsequence by worth; table: (gold + 1, predicted + 1). */
static void pair_measures(rp_note_match *match, uint32_t *table, const rp_note_list *gold,
                          const rp_note_list *predicted) {
    const size_t width = predicted->count + 1;
    for (size_t i = 1; i <= gold->count; i++)
        for (size_t j = 1; j < width; j++) {
            uint32_t best = table[(i - 1) * width + j - 1] +
                            worth_of(&gold->measures[i - 1], &predicted->measures[j - 1]);
            if (table[(i - 1) * width + j] > best) best = table[(i - 1) * width + j];
            if (table[i * width + j - 1] > best) best = table[i * width + j - 1];
            table[i * width + j] = best;
        }
    size_t i = gold->count, j = predicted->count;
    while (i > 0 && j > 0) {
        const uint32_t here = table[i * width + j];
        if (here == table[(i - 1) * width + j]) {
            i--;
        } else if (here == table[i * width + j - 1]) {
            j--;
        } else {
            match->predicted_of[--i] = (int32_t)--j;
        }
    }
}

rp_status rp_note_match_make(rp_note_match *match, rp_arena *arena, const rp_note_list *gold,
                             const rp_note_list *predicted, rp_error *error) {
    *match = (rp_note_match){.gold = gold->notes, .predicted = predicted->notes};
    match->predicted_of = rp_arena_array(arena, gold->count, sizeof *match->predicted_of);
    if (arena->failed) return rp_fail_memory(error, "the comparison of measures");
    const bool is_long = (gold->count + 1) > PAIRS_MAX / (predicted->count + 1);
    for (size_t i = 0; i < gold->count; i++)
        match->predicted_of[i] = is_long && i < predicted->count ? (int32_t)i : RP_NOTE_MATCH_NONE;
    if (!is_long) {
        uint32_t *table =
            rp_arena_array(arena, (gold->count + 1) * (predicted->count + 1), sizeof *table);
        if (table == NULL) return rp_fail_memory(error, "the comparison of measures");
        pair_measures(match, table, gold, predicted);
    }
    for (size_t i = 0; i < gold->count; i++) {
        uint32_t onsets, notes;
        if (match->predicted_of[i] == RP_NOTE_MATCH_NONE) continue;
        count_agreements(&gold->measures[i], &predicted->measures[match->predicted_of[i]], &onsets,
                         &notes);
        match->onsets += onsets;
        match->notes += notes;
    }
    return RP_OK;
}

double rp_note_match_f1(const rp_note_match *match, uint64_t agreeing) {
    const uint64_t all = match->gold + match->predicted;
    return all == 0 ? 1.0 : 2.0 * (double)agreeing / (double)all;
}

/* ---- differences ---- */

static void add(rp_note_differences *differences, rp_note_difference difference) {
    differences->items[differences->count++] = difference;
}

/* Does the note at j stand where i's does, with another pitch or, with the same pitch, elsewhere?
 * Such a pair is one change and not a miss and an extra. */
static bool is_change(const rp_note *a, const rp_note *b) {
    return a->is_grace == b->is_grace && a->staff == b->staff &&
           rp_fraction_compare(a->onset, b->onset) == 0 &&
           rp_fraction_compare(a->duration, b->duration) == 0;
}

/* Notes on one side only: first those that have a counterpart at the same onset, then the rest. */
static void pair_changes(rp_note_differences *differences, int32_t measure, const rp_note **gold,
                         size_t gold_count, const rp_note **predicted, size_t predicted_count) {
    for (size_t i = 0; i < gold_count; i++) {
        const rp_note *partner = NULL;
        for (size_t j = 0; j < predicted_count && partner == NULL; j++)
            if (predicted[j] != NULL && is_change(gold[i], predicted[j])) {
                partner = predicted[j];
                predicted[j] = NULL;
            }
        add(differences, (rp_note_difference){measure, gold[i], partner, false});
    }
    for (size_t j = 0; j < predicted_count; j++)
        if (predicted[j] != NULL)
            add(differences, (rp_note_difference){measure, NULL, predicted[j], false});
}

static void compare_measure(rp_note_differences *differences, int32_t index,
                            const rp_note_measure *a, const rp_note_measure *b,
                            const rp_note **scratch) {
    const rp_note **only_a = scratch, **only_b = scratch + a->count;
    size_t a_count = 0, b_count = 0, i = 0, j = 0;
    while (i < a->count || j < b->count) {
        const int order = i == a->count   ? 1
                          : j == b->count ? -1
                                          : rp_note_compare(&a->notes[i], &b->notes[j]);
        if (order == 0 && rp_fraction_compare(a->notes[i].duration, b->notes[j].duration) != 0)
            add(differences, (rp_note_difference){index, &a->notes[i], &b->notes[j], false});
        if (order < 0) only_a[a_count++] = &a->notes[i];
        if (order > 0) only_b[b_count++] = &b->notes[j];
        i += order <= 0;
        j += order >= 0;
    }
    pair_changes(differences, index, only_a, a_count, only_b, b_count);
}

static void add_extra_measures(rp_note_differences *differences, int32_t *next, int32_t until,
                               const rp_note_list *predicted) {
    for (; *next < until; ++*next) {
        const rp_note_measure *extra = &predicted->measures[*next];
        add(differences,
            (rp_note_difference){*next, NULL, extra->count > 0 ? extra->notes : NULL, true});
    }
}

rp_status rp_note_match_differences(rp_note_differences *differences, rp_arena *arena,
                                    const rp_note_match *match, const rp_note_list *gold,
                                    const rp_note_list *predicted, rp_error *error) {
    static const rp_note no_note = {.onset = {0, 1}, .duration = {0, 1}};
    const size_t room = gold->notes + predicted->notes + gold->count + predicted->count;
    const rp_note **scratch = rp_arena_array(arena, room, sizeof *scratch);
    *differences =
        (rp_note_differences){.items = rp_arena_array(arena, room, sizeof *differences->items)};
    if (arena->failed) return rp_fail_memory(error, "the differences");
    int32_t next = 0;
    for (size_t i = 0; i < gold->count; i++) {
        const rp_note_measure *measure = &gold->measures[i];
        const int32_t beside = match->predicted_of[i];
        if (beside == RP_NOTE_MATCH_NONE) {
            add(differences,
                (rp_note_difference){(int32_t)i, measure->count > 0 ? measure->notes : &no_note,
                                     NULL, true});
            continue;
        }
        add_extra_measures(differences, &next, beside, predicted);
        next = beside + 1;
        compare_measure(differences, (int32_t)i, measure, &predicted->measures[beside], scratch);
    }
    add_extra_measures(differences, &next, (int32_t)predicted->count, predicted);
    return RP_OK;
}
