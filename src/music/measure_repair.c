/* measure_repair.c: see measure_repair.h. A measure is read into items, its streams are measured
 * and edited, and the items are written again; what was not edited keeps its tokens. */
#include "music/measure_repair.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "music/fraction.h"

enum item_kind { ITEM_OTHER, ITEM_NOTE, ITEM_BACKUP, ITEM_FORWARD };

struct item {
    uint8_t kind;
    bool is_rest, is_chord, is_grace, is_measure_rest, is_dropped;
    uint32_t begin, end; /* its tokens in the line */
    uint32_t root;       /* where its type stands */
    uint32_t suffixes;   /* first token behind type, time modification and dots */
    uint16_t type, time_modification, staff; /* tokens; 0: none */
    uint32_t dots;
    rp_fraction length; /* of notes (0 for chord and grace notes) and moves */
};

struct stream {
    size_t first, last; /* items first .. last - 1; then comes the backup, if any */
    rp_fraction start, end;
    uint16_t staff; /* of its first note, 0: unknown */
    bool has_note;
};

enum { STREAMS_MAX = 64 };

struct repair {
    rp_arena *arena;
    const rp_lmx_line *line;
    rp_lmx_line *out;
    rp_measure_repairs *repairs;
    uint32_t measure;   /* index */
    struct item *items; /* of the measure in hand */
    size_t item_count;
    struct stream streams[STREAMS_MAX];
    size_t stream_count;
    uint16_t pending[3]; /* voice, stem and staff said by dropped notes: the next note says them */
    rp_fraction time;    /* from the last `time`; denominator 0: none */
    rp_fraction usual;   /* the length most measures have; denominator 0: unknown */
};

static const rp_fraction zero = {0, 1};

/* ---- reading a measure ---- */

static bool begins_item(unsigned kind) {
    return kind == RP_LMX_KIND_KEY || kind == RP_LMX_KIND_TIME || kind == RP_LMX_KIND_CLEF;
}

/* Reads one item that begins at `at`; false: these tokens are none. */
static bool read_item(struct repair *self, struct item *item, uint32_t at, uint32_t end) {
    const uint16_t *tokens = self->line->tokens;
    *item = (struct item){.begin = at, .length = zero};
    if (begins_item(rp_lmx_row_of(tokens[at])->kind)) {
        for (at++; at < end && rp_lmx_role_of(tokens[at]) == RP_LMX_ROLE_SUFFIX;) at++;
        item->end = at;
        return true;
    }
    item->kind = ITEM_NOTE;
    for (; at < end && rp_lmx_role_of(tokens[at]) == RP_LMX_ROLE_PREFIX; at++) {
        if (tokens[at] == RP_LMX_REST) item->is_rest = true;
        if (tokens[at] == RP_LMX_CHORD) item->is_chord = true;
        if (tokens[at] == RP_LMX_GRACE) item->is_grace = true;
        if (tokens[at] == RP_LMX_BACKUP) item->kind = ITEM_BACKUP;
        if (tokens[at] == RP_LMX_FORWARD) item->kind = ITEM_FORWARD;
    }
    if (at == end || rp_lmx_role_of(tokens[at]) != RP_LMX_ROLE_ROOT) return false;
    item->root = at;
    item->type = tokens[at];
    item->is_measure_rest = tokens[at] == RP_LMX_REST_MEASURE;
    if (begins_item(rp_lmx_row_of(tokens[at])->kind)) return false;
    at++;
    if (at < end && rp_lmx_row_of(tokens[at])->kind == RP_LMX_KIND_TIME_MODIFICATION)
        item->time_modification = tokens[at++];
    for (; at < end && tokens[at] == RP_LMX_DOT; at++) item->dots++;
    item->suffixes = at;
    for (; at < end && rp_lmx_role_of(tokens[at]) == RP_LMX_ROLE_SUFFIX; at++)
        if (rp_lmx_row_of(tokens[at])->kind == RP_LMX_KIND_STAFF) item->staff = tokens[at];
    item->end = at;
    if (!item->is_chord && !item->is_grace && !item->is_measure_rest)
        item->length = rp_lmx_length(item->type, item->dots, item->time_modification);
    return true;
}

/* Length of the time token at `at`. */
static void read_time(struct repair *self, const struct item *item) {
    int beats = 4, beat_type = 4;
    if (self->line->tokens[item->begin] != RP_LMX_TIME) return;
    for (uint32_t at = item->begin; at < item->end; at++) {
        const rp_lmx_row *row = rp_lmx_row_of(self->line->tokens[at]);
        if (row->kind == RP_LMX_KIND_BEATS) beats = row->a;
        if (row->kind == RP_LMX_KIND_BEAT_TYPE) beat_type = row->a;
    }
    self->time = rp_fraction_make(4 * beats, beat_type);
}

static bool read_items(struct repair *self, uint32_t begin, uint32_t end) {
    self->item_count = 0;
    for (uint32_t at = begin; at < end;) {
        struct item *item = &self->items[self->item_count];
        if (!read_item(self, item, at, end)) return false;
        if (item->kind == ITEM_OTHER) read_time(self, item);
        self->item_count++;
        at = item->end;
    }
    return true;
}

/* Does an earlier stream than s have the staff? */
static bool has_staff_before(const struct repair *self, size_t s) {
    for (size_t other = 0; other < s; other++)
        if (self->streams[other].has_note && self->streams[other].staff == self->streams[s].staff)
            return true;
    return false;
}

/* The first stream of a staff begins the measure, and none begins before it: whatever the moves
 * back say, which follow wrong lengths. */
static void set_start(struct repair *self, size_t s, rp_fraction start) {
    struct stream *stream = &self->streams[s];
    const rp_fraction length = rp_fraction_subtract(stream->end, stream->start);
    if (start.numerator < 0 || (stream->has_note && !has_staff_before(self, s))) start = zero;
    stream->start = start;
    stream->end = rp_fraction_add(start, length);
}

/* Measures a stream that begins with item i; returns the item behind it. */
static size_t read_stream(struct repair *self, struct stream *stream, size_t i) {
    uint16_t staff = 0; /* a backup forgets the staff */
    for (; i < self->item_count && self->items[i].kind != ITEM_BACKUP; i++) {
        const struct item *item = &self->items[i];
        if (item->staff != 0 && item->kind == ITEM_NOTE) staff = item->staff;
        if (item->kind == ITEM_NOTE && !stream->has_note) stream->staff = staff;
        stream->has_note = stream->has_note || item->kind == ITEM_NOTE;
        stream->end = rp_fraction_add(stream->end, item->length);
    }
    return i;
}

/* Cuts the items into streams; false: there are too many. */
static bool find_streams(struct repair *self) {
    rp_fraction now = zero;
    self->stream_count = 0;
    for (size_t i = 0; i < self->item_count;) {
        if (self->stream_count == STREAMS_MAX) return false;
        const size_t s = self->stream_count++;
        struct stream *stream = &self->streams[s];
        *stream = (struct stream){.first = i, .start = zero, .end = zero};
        stream->last = i = read_stream(self, stream, i);
        set_start(self, s, now);
        now = stream->end;
        for (; i < self->item_count && self->items[i].kind == ITEM_BACKUP; i++)
            now = rp_fraction_subtract(now, self->items[i].length);
    }
    return true;
}

static bool has_measure_rest(const struct repair *self, const struct stream *stream) {
    for (size_t i = stream->first; i < stream->last; i++)
        if (self->items[i].is_measure_rest) return true;
    return false;
}

/* ---- what length is wanted ---- */

/* The length on which all staffs agree that have no measure rest; denominator 0: they do not. The
 * length of a staff is that of its longest stream. *staffs: how many said something. */
static rp_fraction agreed_length(const struct repair *self, size_t *staffs) {
    rp_fraction ends[4] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}}, agreed = {0, 0};
    *staffs = 0;
    for (size_t s = 0; s < self->stream_count; s++) {
        const struct stream *stream = &self->streams[s];
        if (has_measure_rest(self, stream) || !stream->has_note) continue;
        rp_fraction *end = &ends[stream->staff != 0 ? stream->staff - RP_LMX_STAFF_1 + 1 : 0];
        if (end->denominator == 0 || rp_fraction_compare(stream->end, *end) > 0) *end = stream->end;
    }
    for (size_t i = 0; i < RP_COUNT(ends); i++) {
        if (ends[i].denominator == 0) continue;
        if (++*staffs > 1 && rp_fraction_compare(ends[i], agreed) != 0) return (rp_fraction){0, 0};
        agreed = ends[i];
    }
    return agreed;
}

/* The length the measure should have; denominator 0: unknown, leave it. */
static rp_fraction wanted_length(const struct repair *self) {
    size_t staffs;
    const rp_fraction agreed = agreed_length(self, &staffs);
    const rp_fraction wanted = self->time.denominator != 0 ? self->time : self->usual;
    if (agreed.denominator == 0 || wanted.denominator == 0) return wanted;
    if (staffs >= 2) return agreed;
    const bool is_pick_up = self->measure == 0 && rp_fraction_compare(agreed, wanted) < 0;
    return is_pick_up ? agreed : wanted;
}

/* ---- edits ---- */

/* A change of one note (or three) and what it costs: the less, the likelier a reading error. */
struct edit {
    size_t item;
    uint16_t type, time_modification;
    uint32_t dots;
    uint8_t notes; /* how many notes in a row are changed; 0: the item is dropped */
    uint8_t cost;
    const char *what; /* NULL: none found yet */
};

/* Lowers *best to `edit` if that makes the stream fit and costs less; later notes win ties, since
 * what was read wrong shows only afterwards. */
static void consider(struct edit *best, const struct edit *edit, rp_fraction change,
                     rp_fraction needed) {
    if (rp_fraction_compare(change, needed) != 0) return;
    if (best->what == NULL || edit->cost <= best->cost) *best = *edit;
}

static void consider_note(const struct repair *self, struct edit *best, size_t i,
                          rp_fraction needed) {
    static const struct {
        int8_t type_step, dots_step;
        uint8_t cost;
        const char *what;
    } rows[] = {
        {0, -1, 1, "a dot taken away"},    {0, 1, 1, "a dot added"},
        {-1, 0, 2, "a note made shorter"}, {1, 0, 2, "a note made longer"},
        {-1, 1, 3, "a note made shorter"}, {1, -1, 3, "a note made longer"},
        {-2, 0, 5, "a note made shorter"}, {2, 0, 5, "a note made longer"},
    };
    const struct item *item = &self->items[i];
    for (size_t r = 0; r < RP_COUNT(rows); r++) {
        const int type = item->type + rows[r].type_step;
        const int64_t dots = (int64_t)item->dots + rows[r].dots_step;
        if (type < RP_LMX_TYPE_1024TH || type > RP_LMX_TYPE_MAXIMA || dots < 0 || dots > 2)
            continue;
        const unsigned cost = rows[r].cost + (dots == 2 ? 3u : 0u); /* double dots are rare */
        const struct edit edit = {.item = i,
                                  .type = (uint16_t)type,
                                  .time_modification = item->time_modification,
                                  .dots = (uint32_t)dots,
                                  .notes = 1,
                                  .cost = (uint8_t)cost,
                                  .what = rows[r].what};
        const rp_fraction length =
            rp_lmx_length((unsigned)type, (size_t)dots, item->time_modification);
        consider(best, &edit, rp_fraction_subtract(length, item->length), needed);
    }
    const struct edit drop = {.item = i, .cost = item->is_rest ? 4 : 6, .what = "a note dropped"};
    consider(best, &drop, rp_fraction_subtract(zero, item->length), needed);
}

static bool is_timed(const struct item *item) {
    return item->kind == ITEM_NOTE && item->length.numerator != 0 && !item->is_dropped;
}

/* Three notes of one type in a row, with or without 3 in 2: the other way round. */
static void consider_triplet(const struct repair *self, struct edit *best, size_t i, size_t last,
                             rp_fraction needed) {
    const struct item *first = &self->items[i];
    if (first->time_modification != 0 && first->time_modification != RP_LMX_TM_3IN2) return;
    size_t notes = 0;
    for (size_t at = i; at < last && notes < 3; at++) {
        const struct item *item = &self->items[at];
        if (!is_timed(item)) continue;
        if (item->type != first->type || item->dots != first->dots ||
            item->time_modification != first->time_modification)
            return;
        notes++;
    }
    if (notes < 3) return;
    const bool is_triplet = first->time_modification != 0;
    const struct edit edit = {
        i, first->type, (uint16_t)(is_triplet ? 0 : RP_LMX_TM_3IN2),       first->dots,
        3, 2,           is_triplet ? "a triplet unmade" : "a triplet made"};
    const rp_fraction length = rp_lmx_length(edit.type, edit.dots, edit.time_modification);
    const rp_fraction change = rp_fraction_subtract(length, first->length);
    consider(best, &edit, rp_fraction_multiply(change, rp_fraction_make(3, 1)), needed);
}

static void apply_to_note(struct item *item, const struct edit *edit) {
    item->type = edit->type;
    item->dots = edit->dots;
    item->time_modification = edit->time_modification;
    if (!item->is_chord)
        item->length = rp_lmx_length(edit->type, edit->dots, edit->time_modification);
}

/* Applies the edit to its note, the notes in a row with it, and their chords. */
static void apply(struct repair *self, const struct edit *edit, size_t last) {
    size_t notes = 0;
    for (size_t i = edit->item; i < last; i++) {
        struct item *item = &self->items[i];
        const bool is_head = is_timed(item);
        if (is_head && notes == (edit->notes > 0 ? edit->notes : 1)) return;
        if (is_head) notes++;
        if (!is_head && !(item->kind == ITEM_NOTE && item->is_chord && !item->is_grace)) continue;
        if (edit->notes == 0) {
            item->is_dropped = true;
            item->length = zero;
        } else {
            apply_to_note(item, edit);
        }
    }
}

/* The best single edit that changes the stream's length by `needed`. */
static struct edit find_edit(const struct repair *self, const struct stream *stream,
                             rp_fraction needed) {
    struct edit best = {0};
    for (size_t i = stream->first; i < stream->last; i++) {
        if (!is_timed(&self->items[i])) continue;
        consider_note(self, &best, i, needed);
        consider_triplet(self, &best, i, stream->last, needed);
    }
    return best;
}

/* Drops notes from the end until the stream is no longer than wanted; returns its new end. */
static rp_fraction cut_end(struct repair *self, const struct stream *stream, rp_fraction end,
                           rp_fraction wanted) {
    for (size_t i = stream->last; i-- > stream->first && rp_fraction_compare(end, wanted) > 0;) {
        struct item *item = &self->items[i];
        if (item->kind == ITEM_OTHER) continue;
        end = rp_fraction_subtract(end, item->length);
        item->length = zero;
        item->is_dropped = true;
    }
    return end;
}

/* ---- writing ---- */

static void put(struct repair *self, unsigned token) {
    self->out->tokens[self->out->count++] = (uint16_t)token;
}

/* Writes a length as `lead` and types, largest first; thirds with 3in2. What is left over after
 * that is beyond LMX and is dropped. */
static void put_length(struct repair *self, unsigned lead, rp_fraction length) {
    const bool is_thirds = length.denominator % 3 == 0;
    rp_fraction rest = is_thirds ? rp_fraction_multiply(length, rp_fraction_make(3, 2)) : length;
    for (unsigned type = RP_LMX_TYPE_MAXIMA; type >= RP_LMX_TYPE_1024TH; type--) {
        const rp_fraction step = rp_fraction_power_of_two(rp_lmx_row_of(type)->a);
        if (rp_fraction_compare(step, rest) > 0) continue;
        put(self, lead);
        put(self, type);
        if (is_thirds) put(self, RP_LMX_TM_3IN2);
        rest = rp_fraction_subtract(rest, step);
    }
}

/* Which of the three tokens that hold for later notes: 0 voice, 1 stem, 2 staff, 3 none. */
static size_t holding_kind(unsigned token) {
    static const uint8_t kinds[] = {RP_LMX_KIND_VOICE, RP_LMX_KIND_STEM, RP_LMX_KIND_STAFF};
    size_t i = 0;
    while (i < RP_COUNT(kinds) && kinds[i] != rp_lmx_row_of(token)->kind) i++;
    return i;
}

/* Keeps what a dropped note said for later notes. */
static void keep_pending(struct repair *self, const struct item *item) {
    for (uint32_t at = item->begin; at < item->end; at++) {
        const size_t kind = holding_kind(self->line->tokens[at]);
        if (kind < RP_COUNT(self->pending)) self->pending[kind] = self->line->tokens[at];
    }
}

/* A note says what is pending, unless it says it otherwise itself. */
static void put_pending(struct repair *self, const struct item *item, size_t first, size_t last) {
    for (size_t kind = first; kind <= last; kind++) {
        bool is_said = self->pending[kind] == 0;
        for (uint32_t at = item->begin; at < item->end && !is_said; at++)
            is_said = holding_kind(self->line->tokens[at]) == kind;
        if (!is_said) put(self, self->pending[kind]);
        self->pending[kind] = 0;
    }
}

static void put_item(struct repair *self, const struct item *item) {
    const uint16_t *tokens = self->line->tokens;
    if (item->is_dropped) {
        keep_pending(self, item);
        return;
    }
    if (item->kind != ITEM_NOTE) {
        for (uint32_t at = item->begin; at < item->end; at++) put(self, tokens[at]);
        return;
    }
    for (uint32_t at = item->begin; at < item->root; at++) put(self, tokens[at]);
    put_pending(self, item, 0, 0);
    put(self, item->type);
    if (item->time_modification != 0) put(self, item->time_modification);
    for (uint32_t i = 0; i < item->dots; i++) put(self, RP_LMX_DOT);
    put_pending(self, item, 1, 2);
    for (uint32_t at = item->suffixes; at < item->end; at++) put(self, tokens[at]);
}

/* ---- a measure ---- */

/* Is the stream the one its staff is measured by: no other of its staff is longer, or as long and
 * earlier? */
static bool is_best_of_staff(const struct repair *self, size_t s) {
    const struct stream *stream = &self->streams[s];
    for (size_t other = 0; other < self->stream_count; other++) {
        const struct stream *that = &self->streams[other];
        if (other == s || that->staff != stream->staff || !that->has_note) continue;
        if (has_measure_rest(self, that)) return false;
        const int order = rp_fraction_compare(that->end, stream->end);
        if (order > 0 || (order == 0 && other < s)) return false;
    }
    return true;
}

/* Repairs one stream; *fill is what has to be added behind it. NULL: it was well. */
static const char *repair_stream(struct repair *self, size_t s, rp_fraction wanted,
                                 rp_fraction *fill) {
    struct stream *stream = &self->streams[s];
    const int order = rp_fraction_compare(stream->end, wanted);
    *fill = zero;
    if (!stream->has_note || has_measure_rest(self, stream) || order == 0) return NULL;
    if (order < 0 && !is_best_of_staff(self, s)) return NULL;
    const rp_fraction needed = rp_fraction_subtract(wanted, stream->end);
    const struct edit edit = find_edit(self, stream, needed);
    if (edit.what != NULL) {
        apply(self, &edit, stream->last);
        stream->end = wanted;
        return edit.what;
    }
    const char *what = order > 0 ? "the end cut off" : "the end filled up";
    if (order > 0) stream->end = cut_end(self, stream, stream->end, wanted);
    *fill = rp_fraction_subtract(wanted, stream->end);
    if (fill->numerator < 0) *fill = zero;
    stream->end = rp_fraction_add(stream->end, *fill);
    return what;
}

/* Where stream s is to begin: where the backup before it leads, unless that would not let the
 * stream end in the measure. */
static rp_fraction choose_start(const struct repair *self, size_t s, rp_fraction start,
                                rp_fraction wanted) {
    const struct stream *stream = &self->streams[s];
    const rp_fraction length = rp_fraction_subtract(stream->end, stream->start);
    const bool is_inside =
        start.numerator >= 0 && rp_fraction_compare(rp_fraction_add(start, length), wanted) <= 0;
    return is_inside ? start : zero;
}

static void note_repair(struct repair *self, const char *what) {
    rp_measure_repairs *repairs = self->repairs;
    if (repairs->count > 0 && repairs->measures[repairs->count - 1].index == self->measure) return;
    repairs->measures[repairs->count++] = (rp_repaired_measure){self->measure, what};
}

/* Writes the backups behind stream s, set right for where the next stream is to begin. */
static void put_backups(struct repair *self, size_t s, rp_fraction wanted) {
    const struct stream *stream = &self->streams[s];
    const bool is_last = s + 1 == self->stream_count;
    const size_t until = is_last ? self->item_count : self->streams[s + 1].first;
    rp_fraction back = zero;
    for (size_t i = stream->last; i < until; i++)
        back = rp_fraction_add(back, self->items[i].length);
    const rp_fraction said_end = has_measure_rest(self, stream) ? wanted : stream->end;
    rp_fraction start = rp_fraction_subtract(said_end, back);
    if (!is_last) {
        set_start(self, s + 1, choose_start(self, s + 1, start, wanted));
        start = self->streams[s + 1].start;
    } else if (start.numerator < 0) {
        start = zero;
    }
    const rp_fraction right = rp_fraction_subtract(said_end, start);
    if (rp_fraction_compare(right, back) == 0) {
        for (size_t i = stream->last; i < until; i++) put_item(self, &self->items[i]);
    } else if (right.numerator > 0) {
        put_length(self, RP_LMX_BACKUP, right);
        note_repair(self, "a move back set right");
    }
}

static void repair_measure(struct repair *self, uint32_t begin, uint32_t end) {
    const size_t written = self->out->count;
    put(self, RP_LMX_MEASURE);
    const bool is_readable = read_items(self, begin, end) && find_streams(self);
    const rp_fraction wanted = is_readable ? wanted_length(self) : (rp_fraction){0, 0};
    if (wanted.denominator == 0) {
        self->out->count = written;
        for (uint32_t at = begin - 1; at < end; at++) put(self, self->line->tokens[at]);
        return;
    }
    for (size_t s = 0; s < self->stream_count; s++) {
        rp_fraction fill;
        memset(self->pending, 0, sizeof self->pending);
        const char *what = repair_stream(self, s, wanted, &fill);
        if (what != NULL) note_repair(self, what);
        for (size_t i = self->streams[s].first; i < self->streams[s].last; i++)
            put_item(self, &self->items[i]);
        if (fill.numerator > 0) put_length(self, RP_LMX_FORWARD, fill);
        put_backups(self, s, wanted);
    }
}

/* ---- the line ---- */

static uint32_t measure_end(const rp_lmx_line *line, uint32_t begin) {
    while (begin < line->count && line->tokens[begin] != RP_LMX_MEASURE) begin++;
    return begin;
}

/* The length most measures agree on, for lines without a time. */
static void find_usual(struct repair *self) {
    enum { LENGTHS_MAX = 64 };
    struct {
        rp_fraction length;
        size_t count;
    } seen[LENGTHS_MAX];
    size_t seen_count = 0, best = 0, staffs;
    for (uint32_t at = measure_end(self->line, 0); at < self->line->count;) {
        const uint32_t end = measure_end(self->line, at + 1);
        const bool is_readable = read_items(self, at + 1, end) && find_streams(self);
        const rp_fraction length = is_readable ? agreed_length(self, &staffs) : (rp_fraction){0, 0};
        at = end;
        if (length.denominator == 0) continue;
        size_t i = 0;
        while (i < seen_count && rp_fraction_compare(seen[i].length, length) != 0) i++;
        if (i == LENGTHS_MAX) continue;
        if (i == seen_count) {
            seen[i].length = length;
            seen[seen_count++].count = 0;
        }
        if (++seen[i].count > best) {
            best = seen[i].count;
            self->usual = length;
        }
    }
    self->time = (rp_fraction){0, 0};
}

/* Room for the tokens: a filled end and a backup take at most 3 tokens for each of 14 types. */
static size_t room_for(const rp_lmx_line *line) {
    return 3 * line->count + 200 * (line->count + 1);
}

rp_status rp_measure_repair(rp_lmx_line *repaired, rp_measure_repairs *repairs, rp_arena *arena,
                            const rp_lmx_line *line, rp_error *error) {
    struct repair self = {.arena = arena, .line = line, .out = repaired, .repairs = repairs};
    size_t measures = 0;
    for (size_t i = 0; i < line->count; i++) {
        if (line->tokens[i] >= RP_LMX_COUNT)
            return rp_fail(error, RP_INPUT, 0, "word %zu is no token of LMX", i + 1);
        measures += line->tokens[i] == RP_LMX_MEASURE;
    }
    *repaired = (rp_lmx_line){
        .tokens = rp_arena_alloc_raw(arena, room_for(line) * sizeof *repaired->tokens)};
    *repairs = (rp_measure_repairs){.measures =
                                        rp_arena_array(arena, measures, sizeof *repairs->measures)};
    self.items = rp_arena_array(arena, line->count + 1, sizeof *self.items);
    if (arena->failed) return rp_fail_memory(error, "the repair of the measures");
    find_usual(&self);
    const uint32_t begin = measure_end(line, 0);
    for (uint32_t at = 0; at < begin; at++) put(&self, line->tokens[at]);
    for (uint32_t at = begin; at < line->count; self.measure++) {
        const uint32_t end = measure_end(line, at + 1);
        repair_measure(&self, at + 1, end);
        at = end;
    }
    return RP_OK;
}
