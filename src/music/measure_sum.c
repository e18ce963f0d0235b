/* measure_sum.c: see measure_sum.h. One walk over the tokens: a note's length is known when its
 * dots and time modification have been read, so it is added when the next item begins. */
#include "music/measure_sum.h"

#include "base/compiler.h"

enum { STAFFS = 4 }; /* 0: none named */

typedef struct walk {
    rp_fraction now, ends[STAFFS]; /* denominator 0: no note yet */
    unsigned staff;                /* of the note in hand */
    unsigned home;                 /* of the voice in hand: the staff of its first note; 0: none */
    bool is_rest_of_measure;       /* the voice in hand holds one: its length is what is wanted */
    bool goes_below;
    /* The item in hand. */
    unsigned type, time_modification, dots; /* type 0: none (`measure` is token 0) */
    bool is_chord, is_grace, moves_back, is_move;
    int beats;
    rp_fraction time;
} walk;

/* A move back ends the voice; behind a rest of the whole measure it goes to the beginning. */
static void move_back(walk *w, rp_fraction length) {
    w->now = rp_fraction_subtract(w->now, length);
    if (w->is_rest_of_measure) w->now = rp_fraction_make(0, 1);
    w->goes_below = w->goes_below || w->now.numerator < 0;
}

/* Adds the item in hand, if there is one. */
static void end_item(walk *w) {
    if (w->type == RP_LMX_REST_MEASURE) w->is_rest_of_measure = true;
    else if (w->type != 0 && !w->is_chord && !w->is_grace) {
        const rp_fraction length = rp_lmx_length(w->type, w->dots, w->time_modification);
        if (w->moves_back) {
            move_back(w, length);
        } else {
            w->now = rp_fraction_add(w->now, length);
            if (!w->is_move && w->home == 0) w->home = w->staff;
            rp_fraction *end = &w->ends[w->home];
            const bool is_further =
                !rp_fraction_is_number(*end) || rp_fraction_compare(w->now, *end) > 0;
            if (!w->is_move && !w->is_rest_of_measure && is_further) *end = w->now;
        }
    }
    w->type = w->time_modification = w->dots = 0;
    w->is_chord = w->is_grace = false;
}

static void take_prefix(walk *w, unsigned kind) {
    if (w->type != 0) end_item(w);
    if (kind == RP_LMX_KIND_CHORD) w->is_chord = true;
    if (kind == RP_LMX_KIND_GRACE) w->is_grace = true;
    if (kind != RP_LMX_KIND_BACKUP) w->moves_back = false;
    w->is_move = kind == RP_LMX_KIND_BACKUP || kind == RP_LMX_KIND_FORWARD;
    if (kind != RP_LMX_KIND_BACKUP || w->moves_back) return;
    w->moves_back = true;
    w->staff = w->home = 0;
}

static void take(walk *w, unsigned token) {
    const rp_lmx_row *row = rp_lmx_row_of(token);
    switch (row->kind) {
        case RP_LMX_KIND_TYPE:
        case RP_LMX_KIND_REST_MEASURE:
            if (w->type != 0) end_item(w); /* a move of several lengths */
            w->type = token;
            break;
        case RP_LMX_KIND_TIME_MODIFICATION: w->time_modification = token; break;
        case RP_LMX_KIND_DOT: w->dots++; break;
        case RP_LMX_KIND_STAFF:
            if (w->type != 0) w->staff = (unsigned)(token - RP_LMX_STAFF_1 + 1);
            break;
        case RP_LMX_KIND_BEATS: w->beats = row->a; break;
        case RP_LMX_KIND_BEAT_TYPE:
            w->time = rp_fraction_make(4 * (w->beats > 0 ? w->beats : 4), row->a);
            break;
        case RP_LMX_KIND_KEY:
        case RP_LMX_KIND_TIME:
        case RP_LMX_KIND_CLEF: end_item(w); break;
        default:
            if (rp_lmx_role_of(token) == RP_LMX_ROLE_PREFIX) take_prefix(w, row->kind);
    }
}

rp_measure_sum rp_measure_sum_of(const uint16_t *tokens, size_t count) {
    walk w = {.now = {0, 1}};
    for (size_t i = 0; i < count; i++) {
        if (tokens[i] >= RP_LMX_COUNT || tokens[i] == RP_LMX_MEASURE) continue;
        const bool was_back = w.moves_back;
        take(&w, tokens[i]);
        if (was_back && !w.moves_back) w.is_rest_of_measure = false;
    }
    end_item(&w);
    rp_measure_sum sum = {.agrees = !w.goes_below, .time = w.time};
    for (unsigned s = 0; s < STAFFS; s++) {
        if (!rp_fraction_is_number(w.ends[s])) continue;
        if (sum.staffs++ == 0) sum.length = w.ends[s];
        else if (rp_fraction_compare(sum.length, w.ends[s]) != 0) sum.agrees = false;
    }
    if (!sum.agrees) sum.length = (rp_fraction){0, 0};
    return sum;
}
