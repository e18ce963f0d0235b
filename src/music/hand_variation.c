/* hand_variation.c: see hand_variation.h. The shares are guesses that looked like music; what they
 * are worth was measured for all of them together (docs/experiments.md). */
#include "music/hand_variation.h"

#include <stdlib.h>

#include "base/compiler.h"

enum { STEPS = 7, PITCHES = 70, OPEN_MAX = 64, REACH = 11, TRIES = 20, SHIFT_MAX = 7 };

static bool is_sounding(const rp_hand_item *item) { return item->pitch != RP_HAND_REST; }

/* ---- joins ---- */

typedef struct joint {
    uint8_t begin, end; /* tokens */
    bool is_of_pitch;   /* both ends have one pitch */
} joint;

/* The begun join that ends here; `count` if none does. */
static size_t find_open(rp_hand_item *const *open, size_t count, const rp_hand_item *item,
                        const joint *joint) {
    size_t i = 0;
    while (i < count && joint->is_of_pitch && open[i]->pitch != item->pitch) i++;
    return i;
}

static void mend_joins(rp_hand *hand, const joint *joint) {
    rp_hand_item *open[OPEN_MAX];
    size_t count = 0;
    for (size_t i = 0; i < hand->count; i++) {
        rp_hand_item *item = &hand->items[i];
        if (rp_hand_item_has(item, joint->end)) {
            const size_t at = find_open(open, count, item, joint);
            if (at == count) rp_hand_item_remove(item, joint->end);
            else open[at] = open[--count];
        }
        if (!rp_hand_item_has(item, joint->begin)) continue;
        if (count == OPEN_MAX) rp_hand_item_remove(item, joint->begin);
        else open[count++] = item;
    }
    for (size_t i = 0; i < count; i++) rp_hand_item_remove(open[i], joint->begin);
}

/* ---- adornment ---- */

enum { SIGN_SHARE_PERCENT = 25, MARK_SHARE_PERCENT = 80 };

/* What a hand may get besides; of 100 hands, so many. */
static const struct adornment {
    uint8_t percent;
    uint8_t token; /* 0: accidentals */
} adornments[] = {
    {7, RP_LMX_ARPEGGIATE}, {10, RP_LMX_STACCATO}, {5, RP_LMX_ACCENT}, {5, RP_LMX_TENUTO}, {10, 0}};

static bool is_chord_note(const rp_hand_item *item) { return rp_hand_item_has(item, RP_LMX_CHORD); }

/* Is item i of the hand in a chord, at its head included? */
static bool is_in_chord(const rp_hand *hand, size_t i) {
    return is_chord_note(&hand->items[i]) ||
           (i + 1 < hand->count && is_chord_note(&hand->items[i + 1]));
}

static void adorn_note(rp_hand *hand, size_t i, unsigned token, rp_random *random) {
    rp_hand_item *item = &hand->items[i];
    if (!is_sounding(item) || rp_hand_item_has(item, RP_LMX_GRACE)) return;
    if (token == RP_LMX_ARPEGGIATE) {
        if (is_in_chord(hand, i)) rp_hand_item_add(item, token);
    } else if (token != 0) {
        if (!is_chord_note(item) && rp_random_happens(random, MARK_SHARE_PERCENT))
            rp_hand_item_add(item, token);
    } else if (rp_random_happens(random, SIGN_SHARE_PERCENT) &&
               !rp_hand_item_has(item, RP_LMX_TIED_STOP) &&
               rp_hand_item_find(item, RP_LMX_KIND_ACCIDENTAL) == 0) {
        rp_hand_item_add(item, RP_LMX_SHARP); /* which it is, mend_accidentals draws */
    }
}

static void adorn(rp_hand *hand, rp_random *random) {
    uint32_t drawn = rp_random_below(random, 100);
    for (size_t k = 0; k < RP_COUNT(adornments); k++) {
        if (drawn < adornments[k].percent) {
            for (size_t i = 0; i < hand->count; i++)
                adorn_note(hand, i, adornments[k].token, random);
            return;
        }
        drawn -= adornments[k].percent;
    }
}

/* ---- pitches ---- */

/* Where each pitch that a hand has on one staff goes. */
typedef struct pitch_map {
    int to[PITCHES];
    int low, high; /* of the pitches there are */
} pitch_map;

static bool is_on(const rp_hand_item *item, int staff) {
    return is_sounding(item) && item->staff == staff;
}

static bool gather(pitch_map *map, const rp_hand *hand, int staff) {
    *map = (pitch_map){.low = PITCHES};
    for (size_t i = 0; i < hand->count; i++) {
        const int pitch = hand->items[i].pitch;
        if (!is_on(&hand->items[i], staff)) continue;
        if (pitch < map->low) map->low = pitch;
        if (pitch > map->high) map->high = pitch;
    }
    return map->low < PITCHES;
}

/* Moved by a few steps; of a hundred hands 20 upside down besides, 35 spread and drawn together. */
static void draw_map(pitch_map *map, rp_random *random) {
    const int shift = (int)rp_random_below(random, 2 * SHIFT_MAX + 1) - SHIFT_MAX;
    const uint32_t way = rp_random_below(random, 100);
    int at = map->low + shift;
    for (int p = map->low; p <= map->high; p++) {
        if (way < 45) map->to[p] = p + shift;
        else if (way < 65) map->to[p] = map->low + map->high - p + shift;
        else {
            map->to[p] = at;
            const uint32_t step = rp_random_below(random, 100);
            at += step < 18 ? 0 : step < 82 ? 1 : 2;
        }
    }
}

/* How far the notes on a staff are from its middle line. */
static int reach_of(const rp_hand *hand, int staff) {
    int reach = REACH;
    for (size_t i = 0; i < hand->count; i++) {
        const rp_hand_item *item = &hand->items[i];
        const int distance = abs(item->pitch - item->middle);
        if (is_on(item, staff) && distance > reach) reach = distance;
    }
    return reach;
}

static bool is_within(const pitch_map *map, const rp_hand *hand, int staff, int reach) {
    for (size_t i = 0; i < hand->count; i++) {
        const rp_hand_item *item = &hand->items[i];
        if (!is_on(item, staff)) continue;
        const int to = map->to[item->pitch];
        if (abs(to - item->middle) > reach || to < 0 || to >= PITCHES) return false;
    }
    return true;
}

/* A chord note whose pitch the chord has already. */
static bool is_double(const rp_hand *hand, size_t count, const rp_hand_item *item) {
    if (!is_chord_note(item)) return false;
    for (size_t i = count; i-- > 0;) {
        if (hand->items[i].pitch == item->pitch) return true;
        if (!is_chord_note(&hand->items[i])) break;
    }
    return false;
}

static void move_on(rp_hand *hand, int staff, rp_random *random) {
    pitch_map map;
    if (!gather(&map, hand, staff)) return;
    const int reach = reach_of(hand, staff);
    int tries = 0;
    do draw_map(&map, random);
    while (!is_within(&map, hand, staff, reach) && ++tries < TRIES);
    if (tries == TRIES) return;
    size_t kept = 0;
    for (size_t i = 0; i < hand->count; i++) {
        rp_hand_item item = hand->items[i];
        if (is_on(&item, staff)) item.pitch = (int8_t)map.to[item.pitch];
        if (!is_double(hand, kept, &item)) hand->items[kept++] = item;
    }
    hand->count = kept;
}

/* Exchanges what belongs to two notes of a chord themselves; the rest belongs to the chord. */
static void exchange(rp_hand_item *a, rp_hand_item *b) {
    static const uint8_t own[] = {RP_LMX_SHARP, RP_LMX_FLAT, RP_LMX_NATURAL, RP_LMX_TIED_START,
                                  RP_LMX_TIED_STOP};
    const int8_t pitch = a->pitch;
    a->pitch = b->pitch;
    b->pitch = pitch;
    for (size_t i = 0; i < RP_COUNT(own); i++) {
        rp_hand_item *const has = rp_hand_item_has(a, own[i]) ? a : b;
        rp_hand_item *const lacks = has == a ? b : a;
        if (!rp_hand_item_has(has, own[i]) || rp_hand_item_has(lacks, own[i])) continue;
        rp_hand_item_remove(has, own[i]);
        rp_hand_item_add(lacks, own[i]);
    }
}

/* Chords are written from their lowest note up. */
static void order_chords(rp_hand *hand) {
    for (size_t i = 1; i < hand->count; i++) {
        for (size_t k = i; k > 0 && is_chord_note(&hand->items[k]) &&
                           hand->items[k].staff == hand->items[k - 1].staff &&
                           hand->items[k].pitch < hand->items[k - 1].pitch;
             k--)
            exchange(&hand->items[k], &hand->items[k - 1]);
    }
}

/* ---- accidentals ---- */

int rp_key_alter(int fifths, int step) {
    static const uint8_t place[STEPS] = {1, 3, 5, 0, 2, 4, 6}; /* of C D E .. in F C G D A E B */
    if (fifths > 0) return place[step] < fifths;
    return -(STEPS - 1 - place[step] < -fifths);
}

static void mend_accidental(rp_hand_item *item, int *held, rp_random *random) {
    static const uint8_t signs[3] = {RP_LMX_FLAT, RP_LMX_NATURAL, RP_LMX_SHARP};
    for (int alter = -1; alter <= 1; alter++) {
        if (!rp_hand_item_has(item, signs[alter + 1])) continue;
        int wanted = alter;
        if (wanted == *held) /* one of the two others */
            wanted = (alter + 2 + (int)rp_random_below(random, 2)) % 3 - 1;
        rp_hand_item_remove(item, signs[alter + 1]);
        rp_hand_item_add(item, signs[wanted + 1]);
        *held = wanted;
        return;
    }
}

static void mend_accidentals(rp_hand *hand, int fifths, rp_random *random) {
    int held[PITCHES] = {0};
    for (size_t i = 0; i < hand->count; i++) {
        rp_hand_item *item = &hand->items[i];
        if (i == 0 || item->begins_voice || item->measure != hand->items[i - 1].measure)
            for (int p = 0; p < PITCHES; p++) held[p] = rp_key_alter(fifths, p % STEPS);
        if (is_sounding(item)) mend_accidental(item, &held[item->pitch], random);
    }
}

void rp_hand_vary(rp_hand *hand, int fifths, rp_random *random) {
    static const joint joints[] = {{RP_LMX_TIED_START, RP_LMX_TIED_STOP, true},
                                   {RP_LMX_SLUR_START, RP_LMX_SLUR_STOP, false}};
    adorn(hand, random);
    for (int staff = 0; staff < RP_HANDS; staff++) move_on(hand, staff, random);
    for (size_t k = 0; k < RP_COUNT(joints); k++) mend_joins(hand, &joints[k]);
    mend_accidentals(hand, fifths, random);
    order_chords(hand);
}
