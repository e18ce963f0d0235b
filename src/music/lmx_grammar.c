/* lmx_grammar.c: the automaton of lmx_grammar.h. A place says what was read last; the suffixes of
 * a note are rows of a table in their order, so that a state "behind row k" allows the rows after
 * it, and row k again while it may repeat. */
#include "music/lmx_grammar.h"

enum place {
    AT_START,   /* before the first measure */
    AT_ITEM,    /* a measure, a move or the attributes may end here, and an item begin */
    IN_PRINT,   /* print-object:no was read */
    IN_GRACE,   /* grace */
    IN_SLASH,   /* grace:slash */
    IN_CHORD,   /* chord */
    IN_HEAD,    /* the pitch or rest */
    IN_VOICE,   /* the note's voice */
    IN_SUFFIX,  /* the note's root, and suffixes up to row `slot` */
    IN_TREMOLO, /* a tremolo type */
    IN_MOVE,    /* backup or forward */
    IN_TIME,    /* time */
    IN_BEATS,   /* beats */
    IN_CLEF,    /* a clef: its staff may follow */
    AT_END
};

enum item { ITEM_NONE, ITEM_KEY, ITEM_TIME, ITEM_CLEF, ITEM_BACKUP, ITEM_FORWARD, ITEM_NOTE };

enum slot {
    SLOT_ROOT, /* nothing yet */
    SLOT_TIME_MODIFICATION,
    SLOT_DOT,
    SLOT_ACCIDENTAL,
    SLOT_STEM,
    SLOT_STAFF,
    SLOT_BEAM,
    SLOT_TIED,
    SLOT_TUPLET,
    SLOT_SLUR,
    SLOT_FERMATA,
    SLOT_ARPEGGIATE,
    SLOT_STACCATO,
    SLOT_ACCENT,
    SLOT_STRONG_ACCENT,
    SLOT_TENUTO,
    SLOT_TREMOLO,
    SLOT_TRILL_MARK,
    SLOT_COUNT
};

/* Whose a suffix may be. */
enum owner { OF_REST = 1, OF_MEASURE_REST = 2, OF_CHORD = 4, OF_NOTE = 8, OF_ALL = 15 };

static const struct slot_row {
    uint8_t first, last; /* tokens */
    uint8_t most;        /* how many on one note */
    uint8_t owners;
} slots[SLOT_COUNT] = {
    [SLOT_ROOT] = {1, 0, 0, 0},
    [SLOT_TIME_MODIFICATION] = {RP_LMX_TM_3IN2, RP_LMX_TM_9IN2, 1, OF_ALL & ~OF_MEASURE_REST},
    [SLOT_DOT] = {RP_LMX_DOT, RP_LMX_DOT, 4, OF_ALL & ~OF_MEASURE_REST},
    [SLOT_ACCIDENTAL] = {RP_LMX_SHARP, RP_LMX_NATURAL_FLAT, 1, OF_NOTE | OF_CHORD},
    [SLOT_STEM] = {RP_LMX_STEM_UP, RP_LMX_STEM_NONE, 1, OF_NOTE | OF_CHORD},
    [SLOT_STAFF] = {RP_LMX_STAFF_1, RP_LMX_STAFF_3, 1, OF_ALL},
    [SLOT_BEAM] = {RP_LMX_BEAM_BEGIN, RP_LMX_BEAM_BACKWARD_HOOK, 8, OF_NOTE},
    [SLOT_TIED] = {RP_LMX_TIED_START, RP_LMX_TIED_STOP, 2, OF_NOTE | OF_CHORD},
    [SLOT_TUPLET] = {RP_LMX_TUPLET_START, RP_LMX_TUPLET_STOP, 4, OF_ALL & ~OF_MEASURE_REST},
    [SLOT_SLUR] = {RP_LMX_SLUR_START, RP_LMX_SLUR_STOP, 8, OF_ALL},
    [SLOT_FERMATA] = {RP_LMX_FERMATA, RP_LMX_FERMATA, 1, OF_ALL},
    [SLOT_ARPEGGIATE] = {RP_LMX_ARPEGGIATE, RP_LMX_ARPEGGIATE, 1, OF_ALL},
    [SLOT_STACCATO] = {RP_LMX_STACCATO, RP_LMX_STACCATO, 1, OF_ALL},
    [SLOT_ACCENT] = {RP_LMX_ACCENT, RP_LMX_ACCENT, 1, OF_ALL},
    [SLOT_STRONG_ACCENT] = {RP_LMX_STRONG_ACCENT, RP_LMX_STRONG_ACCENT, 1, OF_ALL},
    [SLOT_TENUTO] = {RP_LMX_TENUTO, RP_LMX_TENUTO, 1, OF_ALL},
    [SLOT_TREMOLO] = {RP_LMX_TREMOLO_SINGLE, RP_LMX_TREMOLO_UNMEASURED, 1, OF_NOTE | OF_CHORD},
    [SLOT_TRILL_MARK] = {RP_LMX_TRILL_MARK, RP_LMX_TRILL_MARK, 1, OF_ALL},
};

/* ---- sets ---- */

static void set_add(rp_lmx_set *set, unsigned token) {
    set->words[token / 64] |= 1ull << token % 64;
}

static void set_remove(rp_lmx_set *set, unsigned token) {
    set->words[token / 64] &= ~(1ull << token % 64);
}

static void set_add_range(rp_lmx_set *set, unsigned first, unsigned last) {
    if (first > last) return;
    for (unsigned word = first / 64; word <= last / 64; word++) {
        uint64_t bits = ~0ull;
        if (word == first / 64) bits &= ~0ull << first % 64;
        if (word == last / 64) bits &= ~0ull >> (63 - last % 64);
        set->words[word] |= bits;
    }
}

/* ---- what may follow ---- */

/* May a chord note be added to the note before? `is_grace`: the one in hand is a grace note. */
static bool may_be_chord(const rp_lmx_grammar *grammar, bool is_grace) {
    return grammar->item == ITEM_NOTE && grammar->before.pitch != 0 &&
           grammar->before.is_grace == is_grace;
}

static void allow_pitch_or_rest(rp_lmx_set *set) {
    set_add(set, RP_LMX_REST);
    set_add_range(set, RP_LMX_C0, RP_LMX_B9);
}

static void allow_attributes(const rp_lmx_grammar *grammar, rp_lmx_set *set) {
    const bool is_after_attributes = grammar->item >= ITEM_KEY && grammar->item <= ITEM_CLEF;
    if (!is_after_attributes) set_add_range(set, RP_LMX_KEY_M7, RP_LMX_KEY_P7);
    if (!is_after_attributes || grammar->item == ITEM_KEY) set_add(set, RP_LMX_TIME);
    /* Another clef needs a higher staff than the last one; the last may have named none. */
    const bool is_last_clef = grammar->item == ITEM_CLEF &&
                              (grammar->clef_staff == 0 || grammar->clef_staff == RP_LMX_STAFF_3);
    if (!is_last_clef) set_add_range(set, RP_LMX_CLEF_G1, RP_LMX_CLEF_F5);
}

static void allow_items(const rp_lmx_grammar *grammar, rp_lmx_set *set) {
    if (grammar->has_note) {
        set_add(set, RP_LMX_MEASURE);
        set_add(set, RP_LMX_END);
    }
    allow_attributes(grammar, set);
    set_add(set, RP_LMX_FORWARD);
    const bool goes_on = grammar->item == ITEM_BACKUP;
    if (goes_on ? grammar->move_type > RP_LMX_TYPE_1024TH : grammar->has_moved)
        set_add(set, RP_LMX_BACKUP);
    set_add(set, RP_LMX_PRINT_OBJECT_NO);
    set_add(set, RP_LMX_GRACE);
    if (may_be_chord(grammar, false)) set_add(set, RP_LMX_CHORD);
    allow_pitch_or_rest(set);
}

static void allow_root(const rp_lmx_grammar *grammar, rp_lmx_set *set) {
    if (grammar->is_chord) set_add(set, grammar->before.type);
    else set_add_range(set, RP_LMX_TYPE_1024TH, RP_LMX_TYPE_MAXIMA);
    if (grammar->is_rest && !grammar->has_moved) set_add(set, RP_LMX_REST_MEASURE);
}

static void allow_slot(const rp_lmx_grammar *grammar, unsigned slot, rp_lmx_set *set) {
    set_add_range(set, slots[slot].first, slots[slot].last);
    if (slot == SLOT_STEM && grammar->stem != 0) set_remove(set, grammar->stem);
    if (slot == SLOT_STAFF && grammar->staff != 0) set_remove(set, grammar->staff);
    if (slot == SLOT_TIED && grammar->last_tied != 0) set_remove(set, RP_LMX_TIED_STOP);
    if (slot == SLOT_TIED && grammar->last_tied == RP_LMX_TIED_START)
        set_remove(set, RP_LMX_TIED_START);
}

/* What the chord note in hand still owes to the note before; false when it owes nothing. */
static bool allow_debts(const rp_lmx_grammar *grammar, rp_lmx_set *set) {
    if (!grammar->is_chord) return false;
    if (grammar->before.time_modification != grammar->current.time_modification) {
        set_add(set, grammar->before.time_modification);
        return true;
    }
    if (grammar->before.dots > grammar->current.dots) {
        set_add(set, RP_LMX_DOT);
        return true;
    }
    return false;
}

static void allow_suffixes(const rp_lmx_grammar *grammar, rp_lmx_set *set) {
    if (allow_debts(grammar, set)) return;
    const unsigned owner = grammar->is_measure_rest ? OF_MEASURE_REST
                           : grammar->is_rest       ? OF_REST
                           : grammar->is_chord      ? OF_CHORD
                                                    : OF_NOTE;
    unsigned first =
        grammar->repeats < slots[grammar->slot].most ? grammar->slot : grammar->slot + 1u;
    if (grammar->is_chord && first < SLOT_ACCIDENTAL) first = SLOT_ACCIDENTAL;
    for (unsigned slot = first; slot < SLOT_COUNT; slot++)
        if ((slots[slot].owners & owner) != 0) allow_slot(grammar, slot, set);
}

/* The state as it is when the item in hand ends here. */
static rp_lmx_grammar end_item(const rp_lmx_grammar *grammar) {
    rp_lmx_grammar ended = *grammar;
    if (grammar->place == IN_SUFFIX) {
        ended.before = grammar->current;
        ended.item = ITEM_NOTE;
        ended.has_note = true;
        if (!grammar->is_grace) ended.has_moved = true;
    }
    ended.place = AT_ITEM;
    return ended;
}

static void allow_after_clef(const rp_lmx_grammar *grammar, rp_lmx_set *set) {
    const unsigned first = grammar->clef_staff == 0 ? RP_LMX_STAFF_1 : grammar->clef_staff + 1u;
    set_add_range(set, first, RP_LMX_STAFF_3);
    if (grammar->clef_staff == 0) { /* the first clef: its staff may be left out */
        rp_lmx_grammar ended = end_item(grammar);
        allow_items(&ended, set);
    }
}

void rp_lmx_grammar_allowed(const rp_lmx_grammar *grammar, rp_lmx_set *set) {
    *set = (rp_lmx_set){0};
    rp_lmx_grammar ended;
    switch ((enum place)grammar->place) {
        case AT_START: set_add(set, RP_LMX_MEASURE); break;
        case AT_ITEM: allow_items(grammar, set); break;
        case IN_PRINT:
            set_add(set, RP_LMX_GRACE);
            if (may_be_chord(grammar, false)) set_add(set, RP_LMX_CHORD);
            allow_pitch_or_rest(set);
            break;
        case IN_GRACE: set_add(set, RP_LMX_GRACE_SLASH); /* fall through */
        case IN_SLASH:
            if (may_be_chord(grammar, true)) set_add(set, RP_LMX_CHORD);
            set_add_range(set, RP_LMX_C0, RP_LMX_B9);
            break;
        case IN_CHORD: set_add_range(set, grammar->before.pitch, RP_LMX_B9); break;
        case IN_HEAD:
            if (!grammar->is_chord) set_add_range(set, RP_LMX_VOICE_1, RP_LMX_VOICE_12);
            if (!grammar->is_chord && grammar->voice != 0) set_remove(set, grammar->voice);
            allow_root(grammar, set);
            break;
        case IN_VOICE: allow_root(grammar, set); break;
        case IN_SUFFIX:
            ended = end_item(grammar);
            if (!allow_debts(grammar, set)) allow_items(&ended, set);
            allow_suffixes(grammar, set);
            break;
        case IN_TREMOLO: set_add_range(set, RP_LMX_TREMOLO_1, RP_LMX_TREMOLO_4); break;
        case IN_MOVE:
            set_add_range(set, RP_LMX_TYPE_1024TH,
                          grammar->move_type != 0 ? grammar->move_type - 1u : RP_LMX_TYPE_MAXIMA);
            break;
        case IN_TIME: set_add_range(set, RP_LMX_BEATS_1, RP_LMX_BEATS_16); break;
        case IN_BEATS: set_add_range(set, RP_LMX_BEAT_TYPE_2, RP_LMX_BEAT_TYPE_16); break;
        case IN_CLEF: allow_after_clef(grammar, set); break;
        case AT_END: set_add(set, RP_LMX_END); break;
    }
}

/* ---- moving on ---- */

static void forget(rp_lmx_grammar *grammar) {
    grammar->voice = grammar->stem = grammar->staff = 0;
    grammar->has_moved = false;
}

/* A token that begins an item, or the measure itself. */
static void begin_item(rp_lmx_grammar *grammar, unsigned token) {
    *grammar = end_item(grammar);
    const unsigned kind = rp_lmx_row_of(token)->kind;
    if (kind != RP_LMX_KIND_BACKUP && kind != RP_LMX_KIND_FORWARD) grammar->move_type = 0;
    if (kind != RP_LMX_KIND_CLEF) grammar->clef_staff = 0;
    switch (kind) {
        case RP_LMX_KIND_MEASURE: *grammar = (rp_lmx_grammar){.place = AT_ITEM}; break;
        case RP_LMX_KIND_KEY: grammar->item = ITEM_KEY; break;
        case RP_LMX_KIND_TIME: grammar->place = IN_TIME; break;
        case RP_LMX_KIND_CLEF:
            if (grammar->item != ITEM_CLEF) grammar->clef_staff = 0;
            grammar->item = ITEM_CLEF;
            grammar->place = IN_CLEF;
            break;
        default: /* backup, forward: only a backup's lengths have to fall */
            if (kind == RP_LMX_KIND_FORWARD || grammar->item != ITEM_BACKUP) grammar->move_type = 0;
            grammar->item = kind == RP_LMX_KIND_BACKUP ? ITEM_BACKUP : ITEM_FORWARD;
            grammar->place = IN_MOVE;
            if (kind == RP_LMX_KIND_BACKUP) forget(grammar);
    }
}

/* A token that begins a note or stands before its root. */
static void add_prefix(rp_lmx_grammar *grammar, unsigned token) {
    if (grammar->place == AT_ITEM || grammar->place == IN_SUFFIX || grammar->place == IN_CLEF) {
        *grammar = end_item(grammar);
        grammar->is_grace = grammar->is_chord = grammar->is_rest = grammar->is_measure_rest = false;
        grammar->current = (struct rp_lmx_grammar_note){0};
        grammar->clef_staff = grammar->move_type = 0;
    }
    switch (rp_lmx_row_of(token)->kind) {
        case RP_LMX_KIND_PRINT_OBJECT: grammar->place = IN_PRINT; break;
        case RP_LMX_KIND_GRACE:
            grammar->is_grace = grammar->current.is_grace = true;
            grammar->place = IN_GRACE;
            break;
        case RP_LMX_KIND_GRACE_SLASH: grammar->place = IN_SLASH; break;
        case RP_LMX_KIND_CHORD:
            grammar->is_chord = true;
            grammar->place = IN_CHORD;
            break;
        case RP_LMX_KIND_VOICE:
            grammar->voice = (uint8_t)token;
            grammar->place = IN_VOICE;
            break;
        case RP_LMX_KIND_REST: grammar->is_rest = true; /* fall through */
        default:                                        /* pitch */
            if (!grammar->is_rest) grammar->current.pitch = (uint8_t)token;
            grammar->place = IN_HEAD;
    }
}

static void add_root(rp_lmx_grammar *grammar, unsigned token) {
    if (grammar->place == IN_MOVE) {
        grammar->move_type = (uint8_t)token;
        if (grammar->item == ITEM_FORWARD) grammar->has_moved = true;
        grammar->place = AT_ITEM;
        return;
    }
    grammar->is_measure_rest = token == RP_LMX_REST_MEASURE;
    grammar->current.type = (uint8_t)token;
    grammar->slot = SLOT_ROOT;
    grammar->repeats = 0;
    grammar->last_tied = 0;
    grammar->place = IN_SUFFIX;
}

static void add_suffix(rp_lmx_grammar *grammar, unsigned token) {
    const unsigned kind = rp_lmx_row_of(token)->kind;
    if (kind == RP_LMX_KIND_BEATS || kind == RP_LMX_KIND_BEAT_TYPE) {
        grammar->place = kind == RP_LMX_KIND_BEATS ? IN_BEATS : AT_ITEM;
        grammar->item = ITEM_TIME;
        return;
    }
    if (grammar->place == IN_CLEF) {
        grammar->clef_staff = (uint8_t)token;
        grammar->place = AT_ITEM;
        return;
    }
    if (grammar->place == IN_TREMOLO) {
        grammar->place = IN_SUFFIX;
        return;
    }
    unsigned slot = SLOT_TIME_MODIFICATION;
    while (token < slots[slot].first || token > slots[slot].last) slot++;
    grammar->repeats = grammar->slot == slot ? (uint8_t)(grammar->repeats + 1) : 1;
    grammar->slot = (uint8_t)slot;
    if (slot == SLOT_TIME_MODIFICATION) grammar->current.time_modification = (uint8_t)token;
    if (slot == SLOT_DOT) grammar->current.dots++;
    if (slot == SLOT_STEM) grammar->stem = (uint8_t)token;
    if (slot == SLOT_STAFF) grammar->staff = (uint8_t)token;
    if (slot == SLOT_TIED) grammar->last_tied = (uint8_t)token;
    if (slot == SLOT_TREMOLO) grammar->place = IN_TREMOLO;
}

rp_lmx_grammar rp_lmx_grammar_start(void) { return (rp_lmx_grammar){.place = AT_START}; }

bool rp_lmx_grammar_advance(rp_lmx_grammar *grammar, unsigned token) {
    rp_lmx_set allowed;
    rp_lmx_grammar_allowed(grammar, &allowed);
    if (!rp_lmx_set_has(&allowed, token)) return false;
    if (token == RP_LMX_END) {
        grammar->place = AT_END;
        return true;
    }
    const unsigned kind = rp_lmx_row_of(token)->kind;
    if (kind <= RP_LMX_KIND_TIME || kind == RP_LMX_KIND_CLEF || kind == RP_LMX_KIND_BACKUP ||
        kind == RP_LMX_KIND_FORWARD)
        begin_item(grammar, token);
    else if (rp_lmx_role_of(token) == RP_LMX_ROLE_PREFIX) add_prefix(grammar, token);
    else if (rp_lmx_role_of(token) == RP_LMX_ROLE_ROOT) add_root(grammar, token);
    else add_suffix(grammar, token);
    return true;
}

size_t rp_lmx_grammar_accepts(const uint16_t *tokens, size_t count) {
    rp_lmx_grammar grammar = rp_lmx_grammar_start();
    for (size_t i = 0; i < count; i++)
        if (!rp_lmx_grammar_advance(&grammar, tokens[i])) return i;
    if (count == 0 || rp_lmx_grammar_advance(&grammar, RP_LMX_END)) return count;
    return count - 1;
}
