/* midi_tokens.c: see midi_tokens.h. A stream is one voice of a measure: pieces, each a note, a
 * chord or a rest of one written value; beams and tuplets are known when all pieces are. */
#include "music/midi_tokens.h"

#include <string.h>

#include "music/lmx.h"
#include "music/midi_meter.h"

enum { PIECES_MAX = 1024, TYPES = 14, QUARTER_TYPE = 8, BEAMS_MAX = 6, GRACE_TYPE = 6 };

struct piece {
    const rp_midi_tone *tones; /* (count) the chord; NULL: a rest */
    size_t count;
    int64_t begin;
    uint8_t type, dots; /* type: 0 1024th .. 13 maxima */
    uint8_t actual, normal;
    bool is_tied_from, is_tied_to, begins_tuplet, ends_tuplet, is_move;
};

struct printer {
    rp_text *text;
    const rp_midi_tones *all;
    const rp_midi_measure *measure;
    unsigned staff, voice;
    struct piece pieces[PIECES_MAX]; /* of the stream in hand */
    size_t count;
    bool has_named_voice; /* the stream has said voice and staff */
};

static const char *type_text(unsigned type) {
    return rp_lmx_text_of((unsigned)RP_LMX_TYPE_1024TH + type);
}

/* The length of a type in units, 0 where it is no whole number of them. */
static int64_t type_units(unsigned type) {
    if (type >= QUARTER_TYPE) return (int64_t)RP_MIDI_QUARTER << (type - QUARTER_TYPE);
    const int64_t parts = (int64_t)1 << (QUARTER_TYPE - type);
    return RP_MIDI_QUARTER % parts == 0 ? RP_MIDI_QUARTER / parts : 0;
}

/* ---- pieces ---- */

static void add_piece(struct printer *self, const struct piece *piece) {
    if (self->count < PIECES_MAX) self->pieces[self->count++] = *piece;
}

/* Cuts `length` units of nominal time into values, the longest first, one dot at most. The written
 * length of each is its nominal one times normal / actual. */
static void add_values(struct printer *self, struct piece piece, int64_t length) {
    for (int type = TYPES - 1; type >= 0 && length > 0;) {
        const int64_t units = type_units((unsigned)type);
        if (units == 0 || units > length) {
            type--;
            continue;
        }
        const bool is_dotted = units % 2 == 0 && units * 3 / 2 <= length && piece.tones != NULL;
        const int64_t taken = is_dotted ? units * 3 / 2 : units;
        piece.type = (uint8_t)type;
        piece.dots = is_dotted;
        add_piece(self, &piece);
        length -= taken;
        piece.begin += taken * piece.normal / piece.actual;
        piece.is_tied_from = piece.tones != NULL;
        piece.begins_tuplet = false;
    }
}

/* Does the stream begin or end something inside of the cell? Otherwise its grid does not matter. */
static bool has_point_in(const rp_midi_cell *cell, const rp_midi_tone *tones, size_t count) {
    const int64_t end = cell->begin + cell->length;
    for (size_t i = 0; i < count && tones[i].begin < end; i++)
        if ((tones[i].begin > cell->begin) || (tones[i].end > cell->begin && tones[i].end < end))
            return true;
    return false;
}

/* Adds what lasts from `begin` to `end`; `tones` NULL: a rest. `stream`: all of the voice from
 * here. */
struct span {
    int64_t begin, end;
    const rp_midi_tone *tones;
    size_t count;
};

static void add_span(struct printer *self, struct span span, const rp_midi_tone *stream,
                     size_t stream_count) {
    const rp_midi_rhythm *rhythm = self->all->rhythm;
    const size_t first = self->count;
    int64_t now = span.begin;
    while (now < span.end) {
        size_t c = rp_midi_rhythm_cell_at(rhythm, now);
        const rp_midi_cell *cell = &rhythm->cells[c];
        const bool is_tuplet = cell->actual != 1 && has_point_in(cell, stream, stream_count);
        int64_t end = cell->begin + cell->length;
        while (!is_tuplet && end < span.end && c + 1 < rhythm->cell_count) {
            const rp_midi_cell *next = &rhythm->cells[++c];
            if (next->length == 0) continue;
            if (next->actual != 1 && has_point_in(next, stream, stream_count)) break;
            end = next->begin + next->length;
        }
        if (end > span.end || end <= now) end = span.end;
        struct piece piece = {.tones = span.tones,
                              .count = span.count,
                              .begin = now,
                              .actual = 1,
                              .normal = 1,
                              .is_tied_from = now > span.begin};
        if (is_tuplet) {
            piece.actual = cell->actual;
            piece.normal = cell->normal;
            piece.begins_tuplet = now == cell->begin;
        }
        piece.is_move = span.tones == NULL && self->voice > 0 && !is_tuplet;
        if (!is_tuplet && !piece.is_move)
            end = rp_midi_meter_end(self->measure, (rp_midi_span){now, end}, span.tones == NULL);
        add_values(self, piece, (end - now) * piece.actual / piece.normal);
        if (is_tuplet && self->count > first)
            self->pieces[self->count - 1].ends_tuplet = end == cell->begin + cell->length;
        now = end;
    }
    for (size_t i = first; i < self->count && span.tones != NULL; i++) {
        self->pieces[i].is_tied_from = self->pieces[i].is_tied_from || i > first;
        self->pieces[i].is_tied_to = i + 1 < self->count;
    }
}

/* ---- printing ---- */

static void print_word(struct printer *self, const char *word) {
    if (self->text->length > 0) rp_text_add_char(self->text, ' ');
    rp_text_add(self->text, word);
}

static void print_number(struct printer *self, const char *stem, int number) {
    print_word(self, stem);
    rp_text_format(self->text, "%d", number);
}

static const char *accidental_text(int alter) {
    static const char *const texts[] = {"flat-flat", "flat", "natural", "sharp", "double-sharp"};
    return texts[alter + 2];
}

static void print_pitch(struct printer *self, const rp_midi_tone *tone) {
    print_word(self, "");
    rp_text_format(self->text, "%c%d", "CDEFGAB"[tone->step], tone -> octave);
}

static void print_voice(struct printer *self) {
    if (!self->has_named_voice)
        print_number(self, "voice:", (int)(self->staff * RP_MIDI_VOICES + self->voice + 1));
}

static void print_staff(struct printer *self) {
    if (!self->has_named_voice && self->all->has_two_staves)
        print_number(self, "staff:", (int)self->staff + 1);
    self->has_named_voice = true;
}

static unsigned flags_of(const struct piece *piece) {
    if (piece->tones == NULL || piece->type >= QUARTER_TYPE) return 0;
    const unsigned flags = QUARTER_TYPE - piece->type;
    return flags < BEAMS_MAX ? flags : BEAMS_MAX;
}

/* Beams lead over one beat: a quarter, three eighths in 6/8 and its like, a pair of thirds. */
static int64_t beat_of(const struct printer *self, const struct piece *piece) {
    const rp_midi_measure *measure = self->measure;
    const bool is_compound = measure->beat_type >= 8 && measure->beats % 3 == 0;
    const int64_t unit =
        measure->beat_type <= 4 ? RP_MIDI_QUARTER : 4 * RP_MIDI_QUARTER / measure->beat_type;
    return (piece->begin - measure->begin) / (is_compound ? 3 * unit : RP_MIDI_QUARTER);
}

static bool shares_beam(const struct printer *self, size_t i, unsigned level) {
    return i + 1 < self->count && flags_of(&self->pieces[i]) >= level &&
           flags_of(&self->pieces[i + 1]) >= level &&
           beat_of(self, &self->pieces[i]) == beat_of(self, &self->pieces[i + 1]);
}

static void print_beams(struct printer *self, size_t i) {
    for (unsigned level = 1; level <= flags_of(&self->pieces[i]); level++) {
        const bool from = i > 0 && shares_beam(self, i - 1, level);
        const bool to = shares_beam(self, i, level);
        if (to && !from) print_word(self, "beam:begin");
        else if (from && !to) print_word(self, "beam:end");
    }
    const bool has_beam = (i > 0 && shares_beam(self, i - 1, 1)) || shares_beam(self, i, 1);
    for (unsigned level = 2; level <= flags_of(&self->pieces[i]) && has_beam; level++)
        if (!shares_beam(self, i, level) && !(i > 0 && shares_beam(self, i - 1, level)))
            print_word(self, i > 0 && shares_beam(self, i - 1, 1) ? "beam:backward-hook"
                                                                  : "beam:forward-hook");
}

static void print_value(struct printer *self, const struct piece *piece) {
    print_word(self, type_text(piece->type));
    if (piece->actual != 1) {
        print_word(self, "");
        rp_text_format(self->text, "%din%d", piece->actual, piece->normal);
    }
    if (piece->dots > 0) print_word(self, "dot");
}

static void print_rest(struct printer *self, const struct piece *piece) {
    print_word(self, piece->is_move ? "forward" : "rest");
    if (!piece->is_move) print_voice(self);
    print_value(self, piece);
    if (!piece->is_move) print_staff(self);
    if (piece->begins_tuplet) print_word(self, "tuplet:start");
    if (piece->ends_tuplet) print_word(self, "tuplet:stop");
}

static void print_chord(struct printer *self, size_t i) {
    const struct piece *piece = &self->pieces[i];
    for (size_t t = 0; t < piece->count; t++) {
        const rp_midi_tone *tone = &piece->tones[t];
        const bool is_first = t == 0;
        if (!is_first) print_word(self, "chord");
        print_pitch(self, tone);
        if (is_first) print_voice(self);
        print_value(self, piece);
        if (tone->has_accidental && !piece->is_tied_from)
            print_word(self, accidental_text(tone->alter));
        print_staff(self);
        if (is_first) print_beams(self, i);
        if (piece->is_tied_to) print_word(self, "tied:start");
        if (piece->is_tied_from) print_word(self, "tied:stop");
        if (is_first && piece->begins_tuplet) print_word(self, "tuplet:start");
        if (is_first && piece->ends_tuplet) print_word(self, "tuplet:stop");
    }
}

static void print_grace(struct printer *self, const rp_midi_tone *tone) {
    print_word(self, "grace");
    print_pitch(self, tone);
    print_voice(self);
    print_word(self, type_text(GRACE_TYPE));
    if (tone->has_accidental) print_word(self, accidental_text(tone->alter));
    print_staff(self);
}

/* ---- streams ---- */

/* The pieces of the tones that sound in the measure; gaps are rests. */
static void make_pieces(struct printer *self, const rp_midi_tone *tones, size_t count) {
    const int64_t measure_end = self->measure->begin + self->measure->length;
    int64_t now = self->measure->begin;
    self->count = 0;
    for (size_t i = 0; i < count && tones[i].begin < measure_end;) {
        size_t n = 1;
        if (tones[i].is_grace || tones[i].end <= now) {
            i++;
            continue;
        }
        while (i + n < count && !tones[i + n].is_grace && tones[i + n].begin == tones[i].begin) n++;
        struct span span = {tones[i].begin, tones[i].end, tones + i, n};
        if (span.begin > now) add_span(self, (struct span){now, span.begin, NULL, 0}, tones, count);
        const bool is_cut = span.end > measure_end, is_late = span.begin < now;
        if (is_late) span.begin = now;
        if (is_cut) span.end = measure_end;
        const size_t first = self->count;
        add_span(self, span, tones, count);
        if (self->count > first) {
            self->pieces[first].is_tied_from = is_late;
            self->pieces[self->count - 1].is_tied_to = is_cut;
        }
        now = span.end;
        i += n;
    }
    if (now < measure_end) add_span(self, (struct span){now, measure_end, NULL, 0}, tones, count);
}

static void print_stream(struct printer *self, const rp_midi_tone *tones, size_t count) {
    size_t grace = 0;
    self->has_named_voice = false;
    make_pieces(self, tones, count);
    for (size_t i = 0; i < self->count; i++) {
        const struct piece *piece = &self->pieces[i];
        for (; grace < count && tones[grace].begin <= piece->begin; grace++)
            if (tones[grace].is_grace && tones[grace].begin >= self->measure->begin &&
                piece->tones != NULL)
                print_grace(self, &tones[grace]);
        if (piece->tones == NULL) print_rest(self, piece);
        else print_chord(self, i);
    }
}

static void print_measure_rest(struct printer *self) {
    self->has_named_voice = false;
    self->voice = 0;
    print_word(self, "rest");
    print_voice(self);
    print_word(self, "rest:measure");
    print_staff(self);
}

static void print_backup(struct printer *self) {
    int64_t length = self->measure->length;
    for (int type = TYPES - 1; type >= 0; type--) {
        const int64_t units = type_units((unsigned)type);
        if (units == 0 || units > length) continue;
        print_word(self, "backup");
        print_word(self, type_text((unsigned)type));
        length -= units;
    }
}

/* ---- measures ---- */

static void print_head(struct printer *self, size_t m) {
    const rp_midi_tones *all = self->all;
    print_word(self, "measure");
    if (m == 0 || all->fifths[m] != all->fifths[m - 1])
        print_number(self, "key:fifths:", all->fifths[m]);
    if (self->measure->has_new_time) {
        print_word(self, "time");
        print_number(self, "beats:", self->measure->beats);
        print_number(self, "beat-type:", self->measure->beat_type);
    }
    for (unsigned staff = 0; m == 0 && staff < (all->has_two_staves ? 2u : 1u); staff++) {
        print_word(self, all->is_low[staff] ? "clef:F4" : "clef:G2");
        if (all->has_two_staves) print_number(self, "staff:", (int)staff + 1);
    }
}

/* The tones of a voice, from the first that may still sound in the measure. */
struct stream {
    size_t first, last, now;
};

static void find_streams(const rp_midi_tones *all, struct stream *streams) {
    for (size_t s = 0, i = 0; s < RP_MIDI_STAVES * RP_MIDI_VOICES; s++) {
        streams[s].first = streams[s].now = i;
        while (i < all->count &&
               (size_t)all->tones[i].staff * RP_MIDI_VOICES + all->tones[i].voice == s)
            i++;
        streams[s].last = i;
    }
}

static void print_streams(struct printer *self, struct stream *streams) {
    const int64_t begin = self->measure->begin, end = begin + self->measure->length;
    bool is_first = true;
    for (unsigned s = 0; s < RP_MIDI_STAVES * RP_MIDI_VOICES; s++) {
        struct stream *stream = &streams[s];
        const rp_midi_tone *tones = self->all->tones;
        self->staff = s / RP_MIDI_VOICES;
        self->voice = s % RP_MIDI_VOICES;
        while (stream->now < stream->last && tones[stream->now].end <= begin &&
               tones[stream->now].begin < begin)
            stream->now++;
        const bool sounds = stream->now < stream->last && tones[stream->now].begin < end;
        if (!sounds && (self->voice > 0 || (self->staff > 0 && !self->all->has_two_staves)))
            continue;
        if (!is_first) print_backup(self);
        is_first = false;
        if (sounds) print_stream(self, tones + stream->now, stream->last - stream->now);
        else print_measure_rest(self);
    }
}

void rp_midi_tokens(rp_text *text, const rp_midi_tones *tones) {
    struct printer self = {.text = text, .all = tones};
    struct stream streams[RP_MIDI_STAVES * RP_MIDI_VOICES];
    find_streams(tones, streams);
    for (size_t m = 0; m < tones->rhythm->measure_count; m++) {
        self.measure = &tones->rhythm->measures[m];
        print_head(&self, m);
        print_streams(&self, streams);
    }
    rp_text_add_char(text, '\n');
}
