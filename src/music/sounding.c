/* sounding.c: see sounding.h. */
#include "music/sounding.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TIE_BIAS = 8 }; /* added to an alter, -2 .. 2, so that 0 means no tie */

int rp_sounding_key_alter(int fifths, int step) {
    /* The n-th sharp falls on the n-th of F C G D A E B; flats come in the opposite order. */
    static const uint8_t place_of_step[7] = {/* C */ 2, 4, 6, 1, 3, 5, 7};
    if (fifths > 0 && place_of_step[step] <= fifths) return 1;
    if (fifths < 0 && 8 - place_of_step[step] <= -fifths) return -1;
    return 0;
}

static unsigned place_of(const rp_sounding_event *event) {
    return (event->staff - 1u) * 70 + (event->pitch_token - (unsigned)RP_LMX_C0);
}

/* Onset of the event; moves *now on. A chord note begins where the note before began. */
static rp_fraction onset_of(const rp_sounding_event *event, rp_fraction *now) {
    const rp_fraction onset = *now;
    if (!rp_fraction_is_number(event->duration)) return onset;
    if (event->kind == RP_SOUNDING_NOTE && event->is_chord)
        return rp_fraction_subtract(onset, event->duration);
    if (event->kind == RP_SOUNDING_BACKUP) *now = rp_fraction_subtract(onset, event->duration);
    else if (event->kind != RP_SOUNDING_KEY) *now = rp_fraction_add(onset, event->duration);
    return onset;
}

/* By place, onset, and at one onset by the accidental's name: the later one acts. */
static int by_place(const void *left, const void *right) {
    const struct rp_sounding_record *a = left, *b = right;
    if (a->place != b->place) return a->place < b->place ? -1 : 1;
    const int order = rp_fraction_compare(a->onset, b->onset);
    if (order != 0) return order;
    return strcmp(rp_lmx_text_of(a->token), rp_lmx_text_of(b->token));
}

static size_t collect_accidentals(struct rp_sounding_record *records,
                                  const rp_sounding_event *events, size_t count) {
    size_t record_count = 0;
    rp_fraction now = rp_fraction_make(0, 1);
    for (size_t i = 0; i < count; i++) {
        const rp_fraction onset = onset_of(&events[i], &now);
        if (events[i].accidental_token != 0 && events[i].pitch != NULL)
            records[record_count++] = (struct rp_sounding_record){
                onset, (uint8_t)place_of(&events[i]), events[i].accidental_token};
    }
    if (record_count > 1) qsort(records, record_count, sizeof *records, by_place);
    return record_count;
}

/* The last record of the place at or before the onset; NULL if there is none. */
static const struct rp_sounding_record *acting_record(const struct rp_sounding_record *records,
                                                      size_t count, unsigned place,
                                                      rp_fraction onset) {
    size_t low = 0, high = count; /* first record behind (place, onset) */
    while (low < high) {
        const size_t middle = (low + high) / 2;
        const struct rp_sounding_record *at = &records[middle];
        if (at->place < place || (at->place == place && rp_fraction_compare(at->onset, onset) <= 0))
            low = middle + 1;
        else high = middle;
    }
    return low > 0 && records[low - 1].place == place ? &records[low - 1] : NULL;
}

/* Takes the open tie of the place that the note ends; its alter, or the note's own. */
static int follow_tie(rp_sounding *sounding, unsigned place, int alter) {
    uint8_t *open =
        sounding->ties[place] != 0 ? &sounding->ties[place] : &sounding->ties_before[place];
    if (*open == 0) return alter;
    alter = *open - TIE_BIAS;
    *open = 0;
    return alter;
}

static void put_alter(rp_xml_tree *tree, rp_xml_node *pitch, int alter) {
    static const char *const texts[] = {"-2", "-1", "0", "1", "2"};
    if (alter != 0 && pitch->first != NULL)
        rp_xml_insert(tree, pitch, pitch->first, RP_XML_ALTER, texts[alter + 2]);
}

void rp_sounding_measure(rp_sounding *sounding, rp_xml_tree *tree, const rp_sounding_event *events,
                         size_t count, struct rp_sounding_record *scratch) {
    const size_t record_count = collect_accidentals(scratch, events, count);
    rp_fraction now = rp_fraction_make(0, 1);
    memcpy(sounding->ties_before, sounding->ties, sizeof sounding->ties);
    memset(sounding->ties, 0, sizeof sounding->ties);
    for (size_t i = 0; i < count; i++) {
        const rp_sounding_event *event = &events[i];
        const rp_fraction onset = onset_of(event, &now);
        if (event->kind == RP_SOUNDING_KEY) sounding->fifths = event->fifths;
        if (event->kind != RP_SOUNDING_NOTE || event->pitch == NULL) continue;
        const unsigned place = place_of(event);
        const struct rp_sounding_record *record =
            acting_record(scratch, record_count, place, onset);
        const int step = rp_lmx_row_of(event->pitch_token)->a;
        int alter = record != NULL ? rp_lmx_row_of(record->token)->a
                                   : rp_sounding_key_alter(sounding->fifths, step);
        if (event->has_tie_stop) alter = follow_tie(sounding, place, alter);
        if (event->has_tie_start) sounding->ties[place] = (uint8_t)(alter + TIE_BIAS);
        put_alter(tree, event->pitch, alter);
    }
}
