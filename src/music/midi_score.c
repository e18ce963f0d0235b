/* midi_score.c: see midi_score.h. */
#include "music/midi_score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "music/delinearize.h"
#include "music/finish.h"
#include "music/joined_score.h"
#include "music/midi_tokens.h"
#include "music/musicxml.h"

enum { MIDDLE_C = 60, NEAR = 4, TRACKS = 256, CROSSING = 12 };

struct maker {
    rp_arena arena;
    rp_midi_song song;
    rp_midi_rhythm rhythm;
    rp_midi_tones tones;
    int8_t *fifths; /* (measures) */
    rp_error *error;
};

/* ---- order ---- */

static int by_begin(const void *left, const void *right) {
    const rp_midi_tone *a = left, *b = right;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end) return a->end < b->end ? -1 : 1;
    return a->key - b->key;
}

static int by_voice(const void *left, const void *right) {
    const rp_midi_tone *a = left, *b = right;
    if (a->staff != b->staff) return a->staff - b->staff;
    if (a->voice != b->voice) return a->voice - b->voice;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    if (a->is_grace != b->is_grace) return a->is_grace ? -1 : 1;
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    return a->key - b->key;
}

/* ---- staves ---- */

/* Which staff each track is; false: the staff is told by pitch. */
static bool find_staves(const struct maker *self, uint8_t *staff_of_track) {
    size_t counts[TRACKS] = {0}, used = 0;
    double sums[TRACKS] = {0}, means[RP_MIDI_STAVES] = {0};
    uint16_t tracks[RP_MIDI_STAVES] = {0};
    for (size_t i = 0; i < self->song.note_count; i++) {
        const rp_midi_note *note = &self->song.notes[i];
        if (note->track >= TRACKS) return false;
        counts[note->track]++;
        sums[note->track] += note->key;
    }
    for (uint16_t track = 0; track < TRACKS; track++) {
        if (counts[track] == 0) continue;
        if (used == RP_MIDI_STAVES) return false;
        tracks[used] = track;
        means[used++] = sums[track] / (double)counts[track];
    }
    if (used < RP_MIDI_STAVES) return false;
    const bool is_crossed = means[1] > means[0] + CROSSING;
    staff_of_track[tracks[0]] = is_crossed;
    staff_of_track[tracks[1]] = !is_crossed;
    return true;
}

static void make_tones(struct maker *self) {
    uint8_t staff_of_track[TRACKS] = {0};
    const bool by_track = find_staves(self, staff_of_track);
    for (size_t i = 0; i < self->song.note_count; i++) {
        const rp_midi_note *note = &self->song.notes[i];
        if (note->key < 12) continue; /* below C0 */
        rp_midi_tone tone = {.begin = rp_midi_units(&self->song, note->begin),
                             .end = rp_midi_units(&self->song, note->end),
                             .key = note->key};
        tone.staff = by_track ? staff_of_track[note->track] : note->key < MIDDLE_C;
        if (tone.end == tone.begin) tone.end++;
        self->tones.tones[self->tones.count++] = tone;
    }
    qsort(self->tones.tones, self->tones.count, sizeof *self->tones.tones, by_begin);
}

/* ---- grace notes ---- */

static bool is_near(int64_t a, int64_t b) { return a - b <= NEAR && b - a <= NEAR; }

/* Is it the length of a note without dots, or, if asked for, with one dot or a third of two? */
static bool is_written_length(int64_t length, bool with_dot) {
    for (int64_t units = RP_MIDI_QUARTER / 16; units <= 8 * RP_MIDI_QUARTER; units *= 2)
        if (is_near(length, units) ||
            (with_dot && (is_near(length, units * 3 / 2) || is_near(length, units * 2 / 3))))
            return true;
    return false;
}

static const rp_midi_tone *next_of_staff(const rp_midi_tones *tones, size_t i) {
    for (size_t at = i + 1; at < tones->count; at++) {
        if (tones->tones[at].begin > tones->tones[i].end + NEAR) break;
        if (tones->tones[at].staff == tones->tones[i].staff &&
            is_near(tones->tones[at].begin, tones->tones[i].end))
            return &tones->tones[at];
    }
    return NULL;
}

/* The note that the short note at `i`, and those that follow it without a gap, stand before as
 * grace notes; NULL: they are none. */
static rp_midi_tone *main_of_graces(const rp_midi_tones *tones, size_t i) {
    const rp_midi_tone *at = &tones->tones[i];
    const int64_t begin = at->begin;
    for (int graces = 0; graces < 8; graces++) {
        if (at->end - at->begin > RP_MIDI_QUARTER / 8 + NEAR) break;
        const rp_midi_tone *next = next_of_staff(tones, (size_t)(at - tones->tones));
        if (next == NULL) return NULL;
        at = next;
    }
    const bool is_late = (at->begin - begin) * 2 <= at->end - begin + 2 * NEAR;
    if (at->begin == begin || !is_late || !is_written_length(at->end - begin, true) ||
        is_written_length(at->end - at->begin, false))
        return NULL;
    return (rp_midi_tone *)at;
}

/* Marks grace notes, and lets the notes that were late by them begin on time. */
static void find_graces(struct maker *self) {
    rp_midi_tones *tones = &self->tones;
    for (size_t i = 0; i < tones->count; i++) {
        rp_midi_tone *main = main_of_graces(tones, i);
        if (tones->tones[i].is_grace || main == NULL) continue;
        const int64_t begin = tones->tones[i].begin, late = main->begin;
        const uint8_t staff = main->staff;
        for (size_t at = i; at < tones->count && tones->tones[at].begin <= late + NEAR; at++) {
            rp_midi_tone *tone = &tones->tones[at];
            if (is_near(tone->begin, late)) {
                tone->begin = begin;
            } else if (tone->staff == staff && tone->end <= late + NEAR &&
                       tone->end - tone->begin <= RP_MIDI_QUARTER / 8 + NEAR) {
                tone->is_grace = true;
                tone->rank = tone->begin;
                tone->begin = tone->end = begin;
            }
        }
    }
}

/* ---- rhythm ---- */

static rp_status find_rhythm(struct maker *self) {
    rp_midi_tones *tones = &self->tones;
    rp_midi_span *spans = rp_arena_array(&self->arena, tones->count, sizeof *spans);
    if (spans == NULL) return rp_fail_memory(self->error, "the times of the notes");
    qsort(tones->tones, tones->count, sizeof *tones->tones, by_begin);
    for (size_t i = 0; i < tones->count; i++)
        spans[i] = (rp_midi_span){tones->tones[i].begin, tones->tones[i].end};
    RP_TRY(rp_midi_rhythm_make(&self->rhythm, &self->arena, &self->song, spans, tones->count,
                               self->error));
    for (size_t i = 0; i < tones->count; i++) {
        rp_midi_tone *tone = &tones->tones[i];
        tone->begin = rp_midi_rhythm_snap(&self->rhythm, tone->begin);
        if (tone->is_grace) {
            tone->end = tone->begin;
            continue;
        }
        tone->end = rp_midi_rhythm_snap(&self->rhythm, tone->end);
        const rp_midi_cell *cell =
            &self->rhythm.cells[rp_midi_rhythm_cell_at(&self->rhythm, tone->begin)];
        if (tone->end <= tone->begin) tone->end = tone->begin + cell->length / cell->parts;
    }
    qsort(tones->tones, tones->count, sizeof *tones->tones, by_begin);
    return RP_OK;
}

/* ---- keys and spelling ---- */

static rp_status find_keys(struct maker *self) {
    size_t mark = 0;
    int8_t fifths = 0;
    self->fifths = rp_arena_array(&self->arena, self->rhythm.measure_count, 1);
    if (self->fifths == NULL) return rp_fail_memory(self->error, "the keys");
    for (size_t m = 0; m < self->rhythm.measure_count; m++) {
        for (; mark < self->song.mark_count &&
               rp_midi_units(&self->song, self->song.marks[mark].tick) <=
                   self->rhythm.measures[m].begin + NEAR;
             mark++)
            if (self->song.marks[mark].kind == RP_MIDI_KEY)
                fifths = (int8_t)self->song.marks[mark].value;
        self->fifths[m] = fifths;
    }
    return RP_OK;
}

/* A place on the line of fifths (C 0, G 1, F -1, ... sharps add 7) as step and alter. */
static void set_spelling(rp_midi_tone *tone, int fifth) {
    static const int8_t steps[7] = {3, 0, 4, 1, 5, 2, 6}; /* F C G D A E B */
    static const int8_t semitones[7] = {0, 2, 4, 5, 7, 9, 11};
    const int index = ((fifth + 1) % 7 + 7) % 7;
    tone->step = steps[index];
    tone->alter = (int8_t)((fifth + 1 - index) / 7);
    tone->octave = (int8_t)((tone->key - tone->alter - semitones[tone->step]) / 12 - 1);
}

/* What sounds on each line and space of a staff since the last accidental. */
struct lines {
    int8_t alter[RP_MIDI_STAVES][10][7];
    int64_t since[RP_MIDI_STAVES][10][7]; /* when it was said in this measure; -1: not */
};

static int key_alter(int fifths, int step) {
    static const int8_t order[7] = {1, 3, 5, 0, 2, 4, 6}; /* of C .. B among F C G D A E B */
    if (fifths > 0) return order[step] < fifths;
    return fifths < 0 && 6 - order[step] < -fifths ? -1 : 0;
}

static void begin_lines(struct lines *lines, int fifths) {
    memset(lines->since, -1, sizeof lines->since);
    for (int staff = 0; staff < RP_MIDI_STAVES; staff++)
        for (int octave = 0; octave < 10; octave++)
            for (int step = 0; step < 7; step++)
                lines->alter[staff][octave][step] = (int8_t)key_alter(fifths, step);
}

/* Spells all tones, and gives an accidental to each that its line would not sound. */
static void spell(struct maker *self) {
    struct lines lines;
    size_t measure = SIZE_MAX;
    for (size_t i = 0; i < self->tones.count; i++) {
        rp_midi_tone *tone = &self->tones.tones[i];
        const size_t m = rp_midi_rhythm_measure_at(&self->rhythm, tone->begin);
        const int fifths = self->fifths[m];
        if (m != measure) begin_lines(&lines, fifths);
        measure = m;
        /* Fifths are seven semitones: the one of the twelve places from three below the key on, so
         * that the leading tone of minor, eight above, is a sharp one. */
        int fifth = tone->key * 7 % 12;
        while (fifth < fifths - 3) fifth += 12;
        while (fifth > fifths + 8) fifth -= 12;
        set_spelling(tone, fifth);
        if (tone->octave < 0 || tone->octave > 9) tone->octave = tone->octave < 0 ? 0 : 9;
        int64_t *since = &lines.since[tone->staff][tone->octave][tone->step];
        if (*since == tone->begin && !tone->is_grace &&
            lines.alter[tone->staff][tone->octave][tone->step] != tone->alter) {
            set_spelling(tone, fifth > fifths ? fifth - 12 : fifth + 12);
            if (tone->octave < 0 || tone->octave > 9) tone->octave = tone->octave < 0 ? 0 : 9;
            since = &lines.since[tone->staff][tone->octave][tone->step];
        }
        int8_t *alter = &lines.alter[tone->staff][tone->octave][tone->step];
        tone->has_accidental = *alter != tone->alter;
        *alter = tone->alter;
        *since = tone->begin;
    }
}

/* ---- voices ---- */

/* Gives each chord (tones that begin and end together on a staff) a voice that is free; where none
 * is, the one that ends first ends there. */
static void find_voices(struct maker *self) {
    rp_midi_tone *tones = self->tones.tones;
    int64_t free_from[RP_MIDI_STAVES][RP_MIDI_VOICES] = {{0}};
    size_t last[RP_MIDI_STAVES][RP_MIDI_VOICES] = {{0}};  /* the last chord's first tone */
    size_t before[RP_MIDI_STAVES] = {SIZE_MAX, SIZE_MAX}; /* the tone before, of the staff */
    for (size_t i = 0; i < self->tones.count; i++) {
        rp_midi_tone *tone = &tones[i];
        const uint8_t staff = tone->staff;
        if (tone->is_grace) continue;
        const rp_midi_tone *other = before[staff] != SIZE_MAX ? &tones[before[staff]] : NULL;
        before[staff] = i;
        if (other != NULL && other->begin == tone->begin && other->end == tone->end) {
            tone->voice = other->voice;
            continue;
        }
        unsigned voice = 0;
        while (voice < RP_MIDI_VOICES && free_from[staff][voice] > tone->begin) voice++;
        if (voice == RP_MIDI_VOICES) {
            voice = 0;
            for (unsigned v = 1; v < RP_MIDI_VOICES; v++)
                if (free_from[staff][v] < free_from[staff][voice]) voice = v;
            for (size_t at = last[staff][voice]; at < i; at++)
                if (tones[at].staff == staff && tones[at].voice == voice && !tones[at].is_grace &&
                    tones[at].end > tone->begin)
                    tones[at].end = tone->begin;
        }
        tone->voice = (uint8_t)voice;
        free_from[staff][voice] = tone->end;
        last[staff][voice] = i;
    }
    for (size_t i = 0; i < self->tones.count; i++) { /* graces go with the note they stand before */
        if (!tones[i].is_grace) continue;
        size_t at = i + 1;
        while (at < self->tones.count && tones[at].begin == tones[i].begin &&
               (tones[at].is_grace || tones[at].staff != tones[i].staff))
            at++;
        if (at < self->tones.count && tones[at].begin == tones[i].begin)
            tones[i].voice = tones[at].voice;
    }
}

/* A tone that another one of its voice has left no time for is gone. */
static void drop_silent(struct maker *self) {
    rp_midi_tone *tones = self->tones.tones;
    size_t kept = 0;
    for (size_t i = 0; i < self->tones.count; i++)
        if (tones[i].is_grace || tones[i].end > tones[i].begin) tones[kept++] = tones[i];
    self->tones.count = kept;
}

static void find_clefs(struct maker *self) {
    double sums[RP_MIDI_STAVES] = {0};
    size_t counts[RP_MIDI_STAVES] = {0};
    for (size_t i = 0; i < self->tones.count; i++) {
        sums[self->tones.tones[i].staff] += self->tones.tones[i].key;
        counts[self->tones.tones[i].staff]++;
    }
    self->tones.has_two_staves = counts[1] > 0;
    for (int staff = 0; staff < RP_MIDI_STAVES; staff++)
        self->tones.is_low[staff] =
            counts[staff] > 0 ? sums[staff] < (staff == 0 ? 55.0 : 65.0) * (double)counts[staff]
                              : staff == 1;
}

/* ---- tempos ---- */

/* Returns the direction that says it. */
static rp_xml_node *add_tempo(rp_xml_tree *tree, rp_xml_node *measure, rp_xml_node *before,
                              int32_t us_a_quarter) {
    char text[32];
    const double tempo = round(60e8 / us_a_quarter) / 100;
    const int length = snprintf(text, sizeof text, "%.10g", tempo);
    const char *kept = rp_xml_keep(tree, text, (size_t)length);
    rp_xml_node *direction = rp_xml_insert(tree, measure, before, RP_XML_DIRECTION, NULL);
    rp_xml_set_attribute(tree, direction, RP_XML_ATTRIBUTE_PLACEMENT, "above");
    rp_xml_node *type = rp_xml_add(tree, direction, RP_XML_DIRECTION_TYPE, NULL);
    rp_xml_node *metronome = rp_xml_add(tree, type, RP_XML_METRONOME, NULL);
    rp_xml_add(tree, metronome, RP_XML_BEAT_UNIT, "quarter");
    rp_xml_add(tree, metronome, RP_XML_PER_MINUTE, kept);
    rp_xml_set_attribute(tree, rp_xml_add(tree, direction, RP_XML_SOUND, NULL),
                         RP_XML_ATTRIBUTE_TEMPO, kept);
    return direction;
}

/* How far one has walked in a part. */
struct place {
    rp_xml_node *measure, *before; /* before: the element that was passed last; NULL: none */
    size_t index;                  /* of the measure */
    int64_t now;                   /* divisions of the measure's first stream that have passed */
};

/* Walks on until `divisions` of the measure's first stream have passed. */
static void walk_to(struct place *place, int64_t divisions) {
    rp_xml_node *at = place->before != NULL ? place->before->next : place->measure->first;
    for (; at != NULL && at->tag != RP_XML_BACKUP; at = at->next) {
        const bool is_timed = (at->tag == RP_XML_NOTE || at->tag == RP_XML_FORWARD) &&
                              rp_xml_child(at, RP_XML_CHORD) == NULL;
        if (is_timed && place->now >= divisions) return;
        if (is_timed) place->now += rp_musicxml_number(at, RP_XML_DURATION, 0);
        place->before = at;
    }
}

/* Is the tempo's place taken by the next mark? Marks of one time are sorted by their kind. */
static bool is_overruled(const struct maker *self, size_t mark) {
    const rp_midi_mark *at = &self->song.marks[mark];
    return mark + 1 < self->song.mark_count && at[1].kind == RP_MIDI_TEMPO &&
           rp_midi_units(&self->song, at[1].tick) == rp_midi_units(&self->song, at->tick);
}

/* Says each tempo that is not the one before, in one walk: there may be thousands in a measure. */
static void add_tempos(struct maker *self, rp_xml_tree *tree, rp_xml_node *part) {
    struct place place = {.measure = part->first}; /* a finished part has one */
    const rp_xml_node *head = rp_xml_child(place.measure, RP_XML_ATTRIBUTES);
    const int64_t divisions = rp_musicxml_number(head, RP_XML_DIVISIONS, 1);
    int32_t said = 0;
    for (size_t i = 0; i < self->song.mark_count; i++) {
        const rp_midi_mark *mark = &self->song.marks[i];
        const int64_t time = rp_midi_units(&self->song, mark->tick);
        if (mark->kind != RP_MIDI_TEMPO || mark->value == said || is_overruled(self, i)) continue;
        const size_t index = rp_midi_rhythm_measure_at(&self->rhythm, time);
        while (place.index < index && place.measure->next != NULL)
            place = (struct place){.measure = place.measure->next, .index = place.index + 1};
        const rp_midi_measure *measure = &self->rhythm.measures[place.index];
        int64_t within = time - measure->begin;
        if (within > measure->length) within = measure->length; /* behind the last note */
        walk_to(&place, within * divisions / RP_MIDI_QUARTER);
        place.before = add_tempo(tree, place.measure, place.before, mark->value);
        said = mark->value;
    }
}

/* ---- the whole ---- */

static rp_status write_score(struct maker *self, rp_text *musicxml) {
    rp_text text = {0};
    rp_lmx_words words = {.arena = &self->arena};
    rp_lmx_line line;
    rp_xml_tree tree;
    rp_xml_node *part;
    rp_xml_tree_init(&tree, &self->arena);
    rp_midi_tokens(&text, &self->tones);
    rp_status status = text.failed ? rp_fail_memory(self->error, "the tokens")
                                   : rp_lmx_lex(&line, &words, text.data, text.length, self->error);
    if (status == RP_OK) status = rp_delinearize(&part, &tree, &line, NULL, NULL, self->error);
    rp_text_clear(&text);
    if (status != RP_OK) return status;
    rp_finish_part(&tree, part, NULL, NULL);
    add_tempos(self, &tree, part);
    if (tree.arena->failed) return rp_fail_memory(self->error, "the score");
    rp_delinearize_print(musicxml, &tree, rp_joined_score_wrap(&tree, part));
    return musicxml->failed ? rp_fail_memory(self->error, "the score") : RP_OK;
}

static rp_status make_score(struct maker *self, rp_text *musicxml, const rp_xml_source *midi) {
    RP_TRY(rp_midi_read(&self->song, &self->arena, midi, self->error));
    self->tones.tones =
        rp_arena_array(&self->arena, self->song.note_count + 1, sizeof *self->tones.tones);
    if (self->arena.failed) return rp_fail_memory(self->error, "the notes");
    make_tones(self);
    if (self->tones.count == 0)
        return rp_fail(self->error, RP_INPUT, 0, "%s: the file has no notes", midi->name);
    find_graces(self);
    RP_TRY(find_rhythm(self));
    RP_TRY(find_keys(self));
    find_voices(self);
    drop_silent(self);
    spell(self);
    find_clefs(self);
    self->tones.rhythm = &self->rhythm;
    self->tones.fifths = self->fifths;
    qsort(self->tones.tones, self->tones.count, sizeof *self->tones.tones, by_voice);
    return write_score(self, musicxml);
}

rp_status rp_midi_score(rp_text *musicxml, const rp_xml_source *midi, rp_error *error) {
    struct maker self = {.error = error};
    const rp_status status = make_score(&self, musicxml, midi);
    rp_arena_clear(&self.arena);
    return status;
}
