/* hands.c: see hands.h. */
#include "music/hands.h"

#include <string.h>

#include "base/compiler.h"

enum { BACKUP_TOKENS_MAX = 2 * (RP_LMX_TYPE_MAXIMA - RP_LMX_TYPE_1024TH + 4) };

static rp_lmx_kind kind_of(unsigned token) {
    return token < RP_LMX_COUNT ? rp_lmx_row_of(token)->kind : RP_LMX_KIND_COUNT;
}

/* ---- items ---- */

bool rp_hand_item_has(const rp_hand_item *item, unsigned token) {
    return memchr(item->tokens, (int)token, item->count) != NULL;
}

unsigned rp_hand_item_find(const rp_hand_item *item, rp_lmx_kind kind) {
    for (size_t i = 0; i < item->count; i++)
        if (kind_of(item->tokens[i]) == kind) return item->tokens[i];
    return 0;
}

void rp_hand_item_remove(rp_hand_item *item, unsigned token) {
    uint8_t *at = memchr(item->tokens, (int)token, item->count);
    if (at == NULL) return;
    item->count--;
    memmove(at, at + 1, (size_t)(item->tokens + item->count - at));
}

unsigned rp_hand_item_take(rp_hand_item *item, rp_lmx_kind kind) {
    const unsigned token = rp_hand_item_find(item, kind);
    if (token != 0) rp_hand_item_remove(item, token);
    return token;
}

void rp_hand_item_add(rp_hand_item *item, unsigned token) {
    if (item->count == RP_HAND_ITEM_TOKENS || rp_hand_item_has(item, token)) return;
    size_t at = item->count;
    while (at > 0 && kind_of(item->tokens[at - 1]) > kind_of(token)) at--;
    memmove(item->tokens + at + 1, item->tokens + at, item->count - at);
    item->tokens[at] = (uint8_t)token;
    item->count++;
}

rp_fraction rp_hand_item_length(const rp_hand_item *item, rp_fraction whole) {
    unsigned type = 0, time_modification = 0, dots = 0;
    for (size_t i = 0; i < item->count; i++) {
        switch (kind_of(item->tokens[i])) {
            case RP_LMX_KIND_CHORD:
            case RP_LMX_KIND_GRACE: return rp_fraction_make(0, 1);
            case RP_LMX_KIND_REST_MEASURE: return whole;
            case RP_LMX_KIND_TYPE: type = item->tokens[i]; break;
            case RP_LMX_KIND_TIME_MODIFICATION: time_modification = item->tokens[i]; break;
            case RP_LMX_KIND_DOT: dots++; break;
            default: break;
        }
    }
    return type != 0 ? rp_lmx_length(type, dots, time_modification) : rp_fraction_make(0, 1);
}

rp_fraction rp_hands_measure_length(unsigned beats, unsigned beat_type) {
    return rp_fraction_make(4 * rp_lmx_row_of(beats)->a, rp_lmx_row_of(beat_type)->a);
}

/* ---- reading ---- */

/* What stands before a pitch: not printed, grace, its slash, chord. */
enum { NOTE_HEAD_MAX = 4 };

/* Copies tokens of kinds from `first` to `last`; one too many is counted, not kept. */
static size_t copy_while(rp_hand_item *item, const uint16_t *tokens, size_t at, size_t count,
                         rp_lmx_kind first, rp_lmx_kind last) {
    for (; at < count && kind_of(tokens[at]) >= first && kind_of(tokens[at]) <= last; at++) {
        if (item->count < RP_HAND_ITEM_TOKENS) item->tokens[item->count++] = (uint8_t)tokens[at];
        else item->count = RP_HAND_ITEM_TOKENS + 1;
    }
    return at;
}

static void forget_drawing(rp_hand_item *item) {
    size_t kept = 0;
    for (size_t i = 0; i < item->count; i++) {
        const rp_lmx_row *row = rp_lmx_row_of(item->tokens[i]);
        const bool is_double =
            row->kind == RP_LMX_KIND_ACCIDENTAL &&
            (row->a < -1 || row->a > 1 || item->tokens[i] == RP_LMX_NATURAL_SHARP ||
             item->tokens[i] == RP_LMX_NATURAL_FLAT);
        if (row->kind != RP_LMX_KIND_STEM && !is_double) item->tokens[kept++] = item->tokens[i];
    }
    item->count = (uint8_t)kept;
}

size_t rp_hand_item_read(rp_hand_item *item, const uint16_t *tokens, size_t count) {
    *item = (rp_hand_item){.pitch = RP_HAND_REST};
    const rp_lmx_kind kind = count > 0 ? kind_of(tokens[0]) : RP_LMX_KIND_COUNT;
    size_t at = 0;
    if (kind == RP_LMX_KIND_CLEF) {
        item->is_move = true;
        at = copy_while(item, tokens, 0, count < 2 ? count : 2, kind, RP_LMX_KIND_STAFF);
        return at == 2 && kind_of(tokens[1]) == RP_LMX_KIND_STAFF ? at : 0;
    }
    if (kind == RP_LMX_KIND_BACKUP || kind == RP_LMX_KIND_FORWARD) {
        item->is_move = true;
        at = copy_while(item, tokens, 0, 1, kind, kind);
        at = copy_while(item, tokens, at, count, RP_LMX_KIND_TYPE, RP_LMX_KIND_DOT);
        return item->count <= RP_HAND_ITEM_TOKENS ? at : 0;
    }
    at = copy_while(item, tokens, 0, count, RP_LMX_KIND_PRINT_OBJECT, RP_LMX_KIND_CHORD);
    const rp_lmx_kind root =
        at < count && at <= NOTE_HEAD_MAX ? kind_of(tokens[at]) : RP_LMX_KIND_COUNT;
    if (root != RP_LMX_KIND_PITCH && root != RP_LMX_KIND_REST) return 0;
    if (root == RP_LMX_KIND_PITCH) item->pitch = (int8_t)(tokens[at] - RP_LMX_C0);
    at = copy_while(item, tokens, at + 1, count, RP_LMX_KIND_VOICE, RP_LMX_KIND_TREMOLO_MARKS);
    if (item->count > RP_HAND_ITEM_TOKENS) return 0;
    forget_drawing(item);
    return at;
}

/* ---- parting ---- */

static const size_t none = SIZE_MAX;

/* A measure while it is read. */
typedef struct parting {
    rp_hand_item *items;       /* (count) of both hands */
    size_t count, first_below; /* items of the upper hand come first */
    rp_fraction position, ends[RP_HANDS], whole;
    uint8_t middles[RP_HANDS];
    unsigned voice;
    size_t waiting; /* first of the moves forward whose voice the next note says, or none */
    bool is_back;   /* a move back is in hand */
    bool is_wrong;  /* the hands cannot be parted */
} parting;

/* Appends an item at the end of its voice, which `voice` 0 leaves open. */
static void place(parting *p, rp_hand_item *item, unsigned voice) {
    item->voice = (uint8_t)voice;
    item->begins_voice = p->position.numerator == 0 &&
                         (p->count == 0 || p->is_back || p->items[p->count - 1].voice != voice);
    if (p->is_back && p->position.numerator != 0) p->is_wrong = true; /* from the middle */
    p->is_back = false;
    p->position = rp_fraction_add(p->position, rp_hand_item_length(item, p->whole));
    if (!rp_fraction_is_number(p->position) || rp_fraction_compare(p->position, p->whole) > 0)
        p->is_wrong = true;
    p->items[p->count++] = *item;
}

/* The hand that the voice in hand belongs to takes over the items from `first` on. */
static void give_to_hand(parting *p, size_t first, int staff) {
    const bool is_below = p->voice >= 5;
    if (p->voice == 0 || (staff != 0 && staff != 1 + is_below)) p->is_wrong = true;
    if (is_below && p->first_below > first) p->first_below = first;
    if (!is_below && p->first_below <= first) p->is_wrong = true;
    for (size_t i = first; i < p->count; i++) {
        p->items[i].voice = (uint8_t)p->voice;
        p->items[i].staff = is_below;
        p->items[i].middle = p->middles[is_below];
    }
    if (rp_fraction_compare(p->position, p->ends[is_below]) > 0) p->ends[is_below] = p->position;
}

static void take_note(parting *p, rp_hand_item *item) {
    const unsigned voice = rp_hand_item_take(item, RP_LMX_KIND_VOICE);
    const unsigned staff = rp_hand_item_take(item, RP_LMX_KIND_STAFF);
    if (voice != 0) p->voice = voice - RP_LMX_VOICE_1 + 1;
    if (rp_hand_item_has(item, RP_LMX_PRINT_OBJECT_NO)) p->is_wrong = true;
    const size_t first = p->waiting != none ? p->waiting : p->count;
    p->waiting = none;
    place(p, item, p->voice);
    give_to_hand(p, first, staff != 0 ? (int)(staff - RP_LMX_STAFF_1) + 1 : 0);
}

/* Forward or back. Back it goes to the beginning, in one or several moves. */
static void take_move(parting *p, rp_hand_item *item) {
    if (rp_hand_item_has(item, RP_LMX_FORWARD)) {
        if (p->is_back && p->waiting == none) p->waiting = p->count;
        place(p, item, p->waiting != none ? 0 : p->voice);
        return;
    }
    p->position = rp_fraction_subtract(p->position, rp_hand_item_length(item, p->whole));
    p->is_back = true;
    if (!rp_fraction_is_number(p->position) || p->position.numerator < 0) p->is_wrong = true;
}

/* Key, time and clefs. */
size_t rp_hands_read_head(rp_hands_held *held, const uint16_t *tokens, size_t count) {
    size_t at = 0;
    for (; at < count; at++) {
        const rp_lmx_kind kind = kind_of(tokens[at]);
        if (kind == RP_LMX_KIND_TIME) held->beats = held->beat_type = 0;
        else if (kind == RP_LMX_KIND_BEATS) held->beats = (uint8_t)tokens[at];
        else if (kind == RP_LMX_KIND_BEAT_TYPE) held->beat_type = (uint8_t)tokens[at];
        else if (kind == RP_LMX_KIND_CLEF) {
            const unsigned staff = at + 1 < count ? tokens[at + 1] - RP_LMX_STAFF_1 : RP_HANDS;
            if (staff < RP_HANDS) held->clefs[staff] = (uint8_t)tokens[at++];
        } else if (kind != RP_LMX_KIND_MEASURE && kind != RP_LMX_KIND_KEY) break;
    }
    return at;
}

static const struct clef {
    uint8_t token, middle;
} clefs[] = {
    {RP_LMX_CLEF_G2, 34}, {RP_LMX_CLEF_F4, 22}, {RP_LMX_CLEF_C3, 28}, {RP_LMX_CLEF_C4, 26}};

uint8_t rp_hand_clef_middle(unsigned clef) {
    for (size_t i = 0; i < RP_COUNT(clefs); i++)
        if (clefs[i].token == clef) return clefs[i].middle;
    return 0;
}

bool rp_hands_held_is_known(const rp_hands_held *held) {
    return held->beats != 0 && held->beat_type != 0 && rp_hand_clef_middle(held->clefs[0]) != 0 &&
           rp_hand_clef_middle(held->clefs[1]) != 0;
}

static void read_items(parting *p, rp_hands_held *held, const uint16_t *tokens, size_t count) {
    for (size_t at = 0; at < count;) {
        const rp_lmx_kind kind = kind_of(tokens[at]);
        rp_hand_item item;
        size_t taken = 1;
        if (kind == RP_LMX_KIND_CLEF) {
            taken = rp_hands_read_head(held, tokens + at, count - at);
            p->is_wrong = true;    /* a clef within */
        } else if (!p->is_wrong) { /* else only what holds afterwards is of interest */
            taken = rp_hand_item_read(&item, tokens + at, count - at);
            if (taken == 0) p->is_wrong = true;
            else if (item.is_move) take_move(p, &item);
            else take_note(p, &item);
        }
        at += taken > 0 ? taken : 1;
    }
}

bool rp_hands_part(rp_hands *hands, rp_hands_held *held, rp_arena *arena, const uint16_t *tokens,
                   size_t count) {
    const size_t head = rp_hands_read_head(held, tokens, count);
    parting p = {.items = rp_arena_array(arena, count - head + 1, sizeof *p.items),
                 .first_below = none,
                 .waiting = none,
                 .position = rp_fraction_make(0, 1),
                 .ends = {rp_fraction_make(0, 1), rp_fraction_make(0, 1)}};
    if (p.items == NULL) return false;
    const bool is_known = rp_hands_held_is_known(held);
    *hands = (rp_hands){.clefs = {held->clefs[0], held->clefs[1]},
                        .beats = held->beats,
                        .beat_type = held->beat_type};
    p.whole =
        is_known ? rp_hands_measure_length(held->beats, held->beat_type) : rp_fraction_make(0, 1);
    p.is_wrong = !is_known;
    for (int h = 0; h < RP_HANDS; h++) p.middles[h] = rp_hand_clef_middle(held->clefs[h]);
    read_items(&p, held, tokens + head, count - head);
    if (p.is_wrong || p.waiting != none || p.first_below >= p.count || p.first_below == 0)
        return false;
    for (int h = 0; h < RP_HANDS; h++)
        if (rp_fraction_compare(p.ends[h], p.whole) != 0) return false;
    hands->hands[0] = (rp_hand){p.items, p.first_below};
    hands->hands[1] = (rp_hand){p.items + p.first_below, p.count - p.first_below};
    return true;
}

/* ---- writing ---- */

void rp_hands_write_backup(rp_lmx_line *line, rp_fraction length) {
    for (unsigned type = RP_LMX_TYPE_MAXIMA; type >= RP_LMX_TYPE_1024TH; type--) {
        const rp_fraction part = rp_lmx_length(type, 0, 0);
        for (; rp_fraction_compare(length, part) >= 0;
             length = rp_fraction_subtract(length, part)) {
            rp_lmx_line_add(line, RP_LMX_BACKUP);
            rp_lmx_line_add(line, type);
        }
    }
}

size_t rp_hand_tokens_max(const rp_hand *hand) {
    return (hand->count + 1) * (RP_HAND_ITEM_TOKENS + 4 + BACKUP_TOKENS_MAX);
}

/* A note: what stands before its pitch, the pitch, its voice, the rest; 0: not said. */
static void write_note(rp_lmx_line *line, const rp_hand_item *item, unsigned voice,
                       unsigned staff) {
    size_t i = 0;
    for (; i < item->count && kind_of(item->tokens[i]) <= RP_LMX_KIND_CHORD; i++)
        rp_lmx_line_add(line, item->tokens[i]);
    rp_lmx_line_add(line,
                    item->pitch == RP_HAND_REST ? RP_LMX_REST : RP_LMX_C0 + (unsigned)item->pitch);
    if (voice != 0) rp_lmx_line_add(line, RP_LMX_VOICE_1 + voice - 1);
    for (; i < item->count && kind_of(item->tokens[i]) < RP_LMX_KIND_STAFF; i++)
        rp_lmx_line_add(line, item->tokens[i]);
    if (staff != 0) rp_lmx_line_add(line, RP_LMX_STAFF_1 + staff - 1);
    for (; i < item->count; i++) rp_lmx_line_add(line, item->tokens[i]);
}

static void write_move(rp_lmx_line *line, const rp_hand_item *item) {
    for (size_t i = 0; i < item->count; i++) rp_lmx_line_add(line, item->tokens[i]);
}

void rp_hand_item_write(rp_lmx_line *line, const rp_hand_item *item) {
    if (item->is_move) write_move(line, item);
    else write_note(line, item, 0, 0);
}

void rp_hand_write(rp_lmx_line *line, const rp_hand *hand, uint8_t measure, int staff,
                   rp_fraction whole, rp_fraction *end) {
    rp_fraction position = rp_fraction_make(0, 1);
    unsigned voice = 0;
    for (size_t i = 0; i < hand->count; i++) {
        const rp_hand_item *item = &hand->items[i];
        if (item->measure != measure) continue;
        if (item->begins_voice) {
            rp_hands_write_backup(line, position);
            position = rp_fraction_make(0, 1);
            voice = 0;
        }
        if (item->is_move) {
            write_move(line, item);
        } else {
            write_note(line, item, item->voice != voice ? item->voice : 0,
                       voice == 0 ? (unsigned)staff : 0);
            voice = item->voice;
        }
        position = rp_fraction_add(position, rp_hand_item_length(item, whole));
    }
    *end = position;
}
