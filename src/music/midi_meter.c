/* midi_meter.c: see midi_meter.h. */
#include "music/midi_meter.h"

struct meter {
    int64_t beat;     /* units */
    int64_t beats;    /* in the measure */
    bool is_compound; /* its beats are dotted */
};

static struct meter meter_of(const rp_midi_measure *measure) {
    struct meter meter = {.beat = RP_MIDI_QUARTER};
    meter.is_compound = measure->beat_type >= 8 && measure->beats % 3 == 0 && measure->beats > 3;
    if (measure->beat_type > 4) meter.beat = 4 * RP_MIDI_QUARTER / measure->beat_type;
    if (meter.is_compound) meter.beat *= 3;
    meter.beats = measure->length / meter.beat;
    return meter;
}

/* The unit of a point, `at` units from the beginning of the measure. */
static int64_t unit_of(const struct meter *meter, int64_t at) {
    int64_t unit = meter->beat, count = 1;
    if (at == 0) return meter->beat * (meter->beats + 1); /* more than any other */
    if (at % unit != 0) {
        if (meter->is_compound) unit /= 3;
        while (at % unit != 0 && unit > 1) unit /= 2;
        return unit;
    }
    while (at / meter->beat % (2 * count) == 0 && meter->beats % (4 * count) == 0) count *= 2;
    return count * meter->beat;
}

/* The beat of the largest unit within; -1: it crosses none. */
static int64_t beat_in(const struct meter *meter, int64_t begin, int64_t end) {
    int64_t best = -1;
    for (int64_t at = (begin / meter->beat + 1) * meter->beat; at < end; at += meter->beat)
        if (best < 0 || unit_of(meter, at) > unit_of(meter, best)) best = at;
    return best;
}

static bool stays_whole(const struct meter *meter, int64_t begin, int64_t end, int64_t crossed,
                        bool is_rest) {
    const int64_t own = unit_of(meter, begin), length = end - begin;
    if (meter->is_compound) return begin % meter->beat == 0 && end % meter->beat == 0;
    if (own >= unit_of(meter, crossed)) return true;
    if (is_rest) return false;
    const bool is_syncope = begin + end == 2 * crossed && length == 2 * own;
    return own >= meter->beat || is_syncope || (2 * own == meter->beat && length <= 3 * own);
}

int64_t rp_midi_meter_end(const rp_midi_measure *measure, rp_midi_span span, bool is_rest) {
    const struct meter meter = meter_of(measure);
    const int64_t begin = span.begin - measure->begin;
    int64_t end = span.end - measure->begin, crossed;
    while ((crossed = beat_in(&meter, begin, end)) >= 0 &&
           !stays_whole(&meter, begin, end, crossed, is_rest))
        end = crossed;
    return measure->begin + end;
}
