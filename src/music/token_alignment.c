/* token_alignment.c: see token_alignment.h. The plain table of prefix distances, with its way back;
 * an edit costs EDIT, a change between two causes a little more, so little that no number of such
 * changes outweighs one edit. */
#include "music/token_alignment.h"

enum { EDIT = 1 << 14, APART = 1, PAIRS_MAX = 1 << 26, LINE_MAX = 1 << 14 };

static const uint8_t cause_of_kind[RP_LMX_KIND_COUNT] = {
    [RP_LMX_KIND_MEASURE] = RP_CAUSE_MEASURES,
    [RP_LMX_KIND_KEY] = RP_CAUSE_KEYS,
    [RP_LMX_KIND_TIME] = RP_CAUSE_TIMES,
    [RP_LMX_KIND_BEATS] = RP_CAUSE_TIMES,
    [RP_LMX_KIND_BEAT_TYPE] = RP_CAUSE_TIMES,
    [RP_LMX_KIND_CLEF] = RP_CAUSE_CLEFS,
    [RP_LMX_KIND_PRINT_OBJECT] = RP_CAUSE_RESTS, /* as a rule it hides a rest */
    [RP_LMX_KIND_GRACE] = RP_CAUSE_GRACE_NOTES,
    [RP_LMX_KIND_GRACE_SLASH] = RP_CAUSE_GRACE_NOTES,
    [RP_LMX_KIND_CHORD] = RP_CAUSE_CHORDS,
    [RP_LMX_KIND_PITCH] = RP_CAUSE_PITCHES,
    [RP_LMX_KIND_REST] = RP_CAUSE_RESTS,
    [RP_LMX_KIND_FORWARD] = RP_CAUSE_VOICES,
    [RP_LMX_KIND_BACKUP] = RP_CAUSE_VOICES,
    [RP_LMX_KIND_VOICE] = RP_CAUSE_VOICES,
    [RP_LMX_KIND_TYPE] = RP_CAUSE_NOTE_VALUES,
    [RP_LMX_KIND_REST_MEASURE] = RP_CAUSE_NOTE_VALUES,
    [RP_LMX_KIND_TIME_MODIFICATION] = RP_CAUSE_TUPLETS,
    [RP_LMX_KIND_DOT] = RP_CAUSE_NOTE_VALUES,
    [RP_LMX_KIND_ACCIDENTAL] = RP_CAUSE_ACCIDENTALS,
    [RP_LMX_KIND_STEM] = RP_CAUSE_STEMS,
    [RP_LMX_KIND_STAFF] = RP_CAUSE_STAFFS,
    [RP_LMX_KIND_BEAM] = RP_CAUSE_BEAMS,
    [RP_LMX_KIND_TIED] = RP_CAUSE_TIES,
    [RP_LMX_KIND_TUPLET] = RP_CAUSE_TUPLETS,
    [RP_LMX_KIND_SLUR] = RP_CAUSE_SLURS,
    [RP_LMX_KIND_FERMATA] = RP_CAUSE_MARKS,
    [RP_LMX_KIND_ARPEGGIATE] = RP_CAUSE_MARKS,
    [RP_LMX_KIND_STACCATO] = RP_CAUSE_MARKS,
    [RP_LMX_KIND_ACCENT] = RP_CAUSE_MARKS,
    [RP_LMX_KIND_STRONG_ACCENT] = RP_CAUSE_MARKS,
    [RP_LMX_KIND_TENUTO] = RP_CAUSE_MARKS,
    [RP_LMX_KIND_TRILL_MARK] = RP_CAUSE_MARKS,
    [RP_LMX_KIND_TREMOLO_TYPE] = RP_CAUSE_MARKS,
    [RP_LMX_KIND_TREMOLO_MARKS] = RP_CAUSE_MARKS,
};

static const char *const names[RP_CAUSE_COUNT] = {
    "measures", "keys",   "times",  "clefs",       "pitches", "chords", "rests", "grace", "values",
    "tuplets",  "voices", "staffs", "accidentals", "stems",   "beams",  "ties",  "slurs", "marks"};

/* What a token speaks of; words outside the vocabulary count as MARKS. */
static rp_cause cause_of(unsigned token) {
    return token < RP_LMX_COUNT ? (rp_cause)cause_of_kind[rp_lmx_row_of(token)->kind]
                                : RP_CAUSE_MARKS;
}

const char *rp_cause_name(rp_cause cause) { return names[cause]; }

/* The part of two lines that lies between their common beginning and end. */
typedef struct middle {
    const uint16_t *gold, *read;
    size_t gold_count, read_count, before;
} middle;

static middle trim(rp_token_alignment *a, const rp_lmx_line *gold, const rp_lmx_line *read) {
    middle m = {gold->tokens, read->tokens, gold->count, read->count, 0};
    while (m.gold_count > 0 && m.read_count > 0 && *m.gold == *m.read) {
        a->gold_of[m.before] = a->read_of[m.before] = (int32_t)m.before;
        m.gold++, m.read++, m.gold_count--, m.read_count--, m.before++;
    }
    while (m.gold_count > 0 && m.read_count > 0 &&
           m.gold[m.gold_count - 1] == m.read[m.read_count - 1]) {
        m.gold_count--, m.read_count--;
        a->read_of[m.before + m.gold_count] = (int32_t)(m.before + m.read_count);
        a->gold_of[m.before + m.read_count] = (int32_t)(m.before + m.gold_count);
    }
    return m;
}

static uint32_t cost_of_change(uint16_t gold, uint16_t read) {
    if (gold == read) return 0;
    return EDIT + (cause_of(gold) != cause_of(read) ? APART : 0);
}

static uint32_t smallest(uint32_t a, uint32_t b, uint32_t c) {
    const uint32_t d = a < b ? a : b;
    return d < c ? d : c;
}

/* table: (gold + 1, read + 1) least costs of prefixes. */
static void fill(uint32_t *table, const middle *m) {
    const size_t width = m->read_count + 1;
    for (size_t j = 0; j < width; j++) table[j] = (uint32_t)j * EDIT;
    for (size_t i = 1; i <= m->gold_count; i++) {
        uint32_t *row = table + i * width, *above = row - width;
        row[0] = (uint32_t)i * EDIT;
        for (size_t j = 1; j < width; j++)
            row[j] = smallest(above[j - 1] + cost_of_change(m->gold[i - 1], m->read[j - 1]),
                              above[j] + EDIT, row[j - 1] + EDIT);
    }
}

static void walk_back(rp_token_alignment *a, const uint32_t *table, const middle *m) {
    const size_t width = m->read_count + 1;
    size_t i = m->gold_count, j = m->read_count;
    while (i > 0 || j > 0) {
        const uint32_t here = table[i * width + j];
        if (i > 0 && j > 0 &&
            here ==
                table[(i - 1) * width + j - 1] + cost_of_change(m->gold[i - 1], m->read[j - 1])) {
            a->distance += m->gold[--i] != m->read[--j];
            a->read_of[m->before + i] = (int32_t)(m->before + j);
            a->gold_of[m->before + j] = (int32_t)(m->before + i);
        } else if (i > 0 && here == table[(i - 1) * width + j] + EDIT) {
            a->read_of[m->before + --i] = RP_ALIGNMENT_NONE;
            a->distance++;
        } else {
            a->gold_of[m->before + --j] = RP_ALIGNMENT_NONE;
            a->distance++;
        }
    }
}

rp_status rp_token_align(rp_token_alignment *a, rp_arena *arena, const rp_lmx_line *gold,
                         const rp_lmx_line *read, rp_error *error) {
    *a = (rp_token_alignment){.gold_of = rp_arena_array(arena, read->count + 1, sizeof(int32_t)),
                              .read_of = rp_arena_array(arena, gold->count + 1, sizeof(int32_t))};
    if (a->gold_of == NULL || a->read_of == NULL)
        return rp_fail_memory(error, "two lines side by side");
    const middle m = trim(a, gold, read);
    if (m.gold_count >= LINE_MAX || m.read_count >= LINE_MAX ||
        (m.gold_count + 1) * (m.read_count + 1) > PAIRS_MAX)
        return rp_fail(error, RP_INPUT, -1, "lines of %zu and %zu tokens are too long to compare",
                       gold->count, read->count);
    uint32_t *table = rp_arena_array(arena, (m.gold_count + 1) * (m.read_count + 1), sizeof *table);
    if (table == NULL) return rp_fail_memory(error, "two lines side by side");
    fill(table, &m);
    walk_back(a, table, &m);
    return RP_OK;
}

void rp_cause_add(rp_cause_row table[RP_CAUSE_COUNT], const rp_token_alignment *alignment,
                  const rp_lmx_line *gold, const rp_lmx_line *read) {
    for (size_t i = 0; i < gold->count; i++) {
        rp_cause_row *row = &table[cause_of(gold->tokens[i])];
        const int32_t j = alignment->read_of[i];
        row->gold++;
        if (j == RP_ALIGNMENT_NONE) row->missing++;
        else row->changed += gold->tokens[i] != read->tokens[j];
    }
    for (size_t j = 0; j < read->count; j++)
        if (alignment->gold_of[j] == RP_ALIGNMENT_NONE) table[cause_of(read->tokens[j])].extra++;
}
