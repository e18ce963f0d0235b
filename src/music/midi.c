/* midi.c: see midi.h. */
#include "music/midi.h"

#include <stdlib.h>
#include <string.h>

#include "music/musicxml.h"
#include "music/playing_order.h"

enum {
    TICKS_A_QUARTER = 5040, /* 2^4 3^2 5 7: all usual tuplets down to 64ths fall on ticks */
    QUARTERS_MAX = 1 << 20,
    STAFFS_MAX = 4,
    TRACK_OF_TIME = 0,
};

/* The ticks of a greater one, doubled for rounding, would not fit 64 bits. */
static const int64_t DENOMINATOR_MAX = INT64_MAX / (4 * TICKS_A_QUARTER);

struct event {
    int64_t tick;
    uint32_t order;      /* of making: keeps the sort stable */
    uint8_t track, rank; /* rank: ends before beginnings at one tick */
    uint8_t length, bytes[7];
};

struct writer {
    rp_arena *arena;
    const rp_note_list *list;
    struct event *events;
    size_t event_count, event_capacity;
    int64_t beats, beat_type;           /* the time that holds */
    int64_t said_beats, said_beat_type; /* the one that was written last; 0: none */
    int64_t chromatic;                  /* semitones from the key written to the one that sounds */
    struct open_tie {                   /* per staff and semitone: a note that goes on */
        int64_t begin_tick, end_tick;
        bool is_open;
    } ties[STAFFS_MAX][128];
};

/* ---- events ---- */

/* A time in ticks, rounded. Times beyond 2^20 quarters (a week of music) are cut there, so that the
 * ticks of a million measures do not overflow. */
static int64_t ticks_of(rp_fraction quarters) {
    int64_t denominator = quarters.denominator;
    if (denominator == 0) return 0;
    const int64_t whole = quarters.numerator / denominator;
    int64_t rest = quarters.numerator % denominator;
    if (whole >= QUARTERS_MAX) return (int64_t)QUARTERS_MAX * TICKS_A_QUARTER;
    if (whole <= -QUARTERS_MAX) return -(int64_t)QUARTERS_MAX * TICKS_A_QUARTER;
    for (; denominator > DENOMINATOR_MAX; denominator /= 2) rest /= 2;
    return whole * TICKS_A_QUARTER + (2 * rest * TICKS_A_QUARTER + denominator) / (2 * denominator);
}

static void add_event(struct writer *self, struct event event) {
    if (self->event_count == self->event_capacity) {
        const size_t capacity = self->event_capacity == 0 ? 1024 : 2 * self->event_capacity;
        struct event *events = realloc(self->events, capacity * sizeof *events);
        if (events == NULL) {
            self->arena->failed = true;
            return;
        }
        self->events = events;
        self->event_capacity = capacity;
    }
    event.order = (uint32_t)self->event_count;
    self->events[self->event_count++] = event;
}

static void add_sound(struct writer *self, unsigned staff, int semitone, int64_t begin,
                      int64_t end) {
    if (semitone < 0 || semitone > 127) return;
    if (end <= begin) end = begin + 1;
    const uint8_t track = (uint8_t)(staff + 1), key = (uint8_t)semitone;
    add_event(self,
              (struct event){
                  .tick = begin, .track = track, .rank = 2, .length = 3, .bytes = {0x90, key, 80}});
    add_event(self,
              (struct event){
                  .tick = end, .track = track, .rank = 0, .length = 3, .bytes = {0x80, key, 64}});
}

static void close_tie(struct writer *self, unsigned staff, int semitone) {
    struct open_tie *tie = &self->ties[staff][semitone];
    if (tie->is_open) add_sound(self, staff, semitone, tie->begin_tick, tie->end_tick);
    tie->is_open = false;
}

/* Sounds a note, or joins it to what is tied to it. */
static void add_note(struct writer *self, const rp_note *note, int64_t begin, int64_t end) {
    const unsigned staff = note->staff <= STAFFS_MAX ? note->staff - 1u : STAFFS_MAX - 1;
    const int semitone = rp_note_semitone(note) + note->transposition;
    if (semitone < 0 || semitone > 127) return;
    struct open_tie *tie = &self->ties[staff][semitone];
    const bool goes_on = tie->is_open && note->ties_from && tie->end_tick == begin;
    if (!goes_on) {
        close_tie(self, staff, semitone);
        tie->begin_tick = begin;
    }
    tie->end_tick = end;
    tie->is_open = true;
    if (!note->ties_to) close_tie(self, staff, semitone);
}

/* ---- a measure ---- */

static size_t graces_at(const rp_note_measure *measure, size_t first) {
    size_t count = 0;
    while (first + count < measure->count && measure->notes[first + count].is_grace &&
           rp_fraction_compare(measure->notes[first + count].onset, measure->notes[first].onset) ==
               0)
        count++;
    return count;
}

/* Which of the graces at one onset comes at which time: in the order of the document. */
static size_t rank_of_grace(const rp_note *graces, size_t count, size_t i) {
    size_t rank = 0;
    for (size_t other = 0; other < count; other++) rank += graces[other].order < graces[i].order;
    return rank;
}

/* Sounds the notes of one onset, graces first; returns the index behind them. */
static size_t add_onset(struct writer *self, const rp_note_measure *measure, size_t first,
                        int64_t measure_tick) {
    const rp_fraction onset = measure->notes[first].onset;
    const int64_t begin = measure_tick + ticks_of(onset);
    const size_t graces = graces_at(measure, first);
    int64_t shortest = TICKS_A_QUARTER, taken = 0;
    size_t end = first + graces;
    for (; end < measure->count && rp_fraction_compare(measure->notes[end].onset, onset) == 0;
         end++)
        if (ticks_of(measure->notes[end].duration) < shortest)
            shortest = ticks_of(measure->notes[end].duration);
    if (graces > 0) {
        int64_t each = TICKS_A_QUARTER / 8;
        if (each * (int64_t)graces > shortest / 2) each = shortest / 2 / (int64_t)graces;
        taken = each * (int64_t)graces;
        for (size_t i = 0; i < graces; i++) {
            const int64_t from =
                begin + each * (int64_t)rank_of_grace(measure->notes + first, graces, i);
            add_note(self, &measure->notes[first + i], from, from + each);
        }
    }
    for (size_t i = first + graces; i < end; i++) {
        const rp_note *note = &measure->notes[i];
        const int64_t late = note->ties_from ? 0 : taken;
        add_note(self, note, begin + late, begin + ticks_of(note->duration));
    }
    return end;
}

static void add_time(struct writer *self, int64_t beats, int64_t type, int64_t tick) {
    uint8_t log2_type = 0;
    while ((1 << log2_type) < type) log2_type++;
    add_event(self, (struct event){.tick = tick,
                                   .rank = 1,
                                   .length = 7,
                                   .bytes = {0xFF, 0x58, 4, (uint8_t)beats, log2_type, 24, 8}});
}

/* Says the time of a measure that lasts so long, where it is not that of the measure before: a
 * pick-up, or a measure divided at a repeat, has its own, so that barlines can be told. */
static void add_measure_time(struct writer *self, rp_fraction length, int64_t tick) {
    const rp_fraction usual = rp_fraction_make(4 * self->beats, self->beat_type);
    int64_t beats = self->beats, type = self->beat_type;
    if (rp_fraction_compare(length, usual) != 0) {
        rp_fraction counted = length; /* in quarters, eighths, sixteenths... */
        for (type = 4; type < 64 && counted.denominator > 1; type *= 2)
            counted = rp_fraction_multiply(counted, rp_fraction_make(2, 1));
        if (counted.denominator != 1 || counted.numerator > 255) return;
        beats = counted.numerator;
    }
    if (beats == self->said_beats && type == self->said_beat_type) return;
    add_time(self, beats, type, tick);
    self->said_beats = beats;
    self->said_beat_type = type;
}

/* The key that sounds where one is written for an instrument that sounds so many semitones higher:
 * a semitone is 7 fifths up, and 12 fifths are as good as none. */
static int64_t sounding_fifths(int64_t fifths, int64_t chromatic) {
    if (chromatic % 12 == 0) return fifths;
    fifths += 7 * (chromatic % 12);
    while (fifths > 6) fifths -= 12;
    while (fifths < -6) fifths += 12;
    return fifths;
}

static void read_time_and_key(struct writer *self, const rp_xml_node *attributes, int64_t tick) {
    const rp_xml_node *time = rp_xml_child(attributes, RP_XML_TIME);
    const rp_xml_node *key = rp_xml_child(attributes, RP_XML_KEY);
    const int64_t beats = rp_musicxml_number(time, RP_XML_BEATS, 0);
    const int64_t type = rp_musicxml_number(time, RP_XML_BEAT_TYPE, 0);
    if (beats > 0 && beats < 256 && type > 0 && type <= 64 && (type & (type - 1)) == 0) {
        self->beats = beats;
        self->beat_type = type;
    }
    const rp_xml_node *transpose = rp_xml_child(attributes, RP_XML_TRANSPOSE);
    if (transpose != NULL) self->chromatic = rp_musicxml_number(transpose, RP_XML_CHROMATIC, 0);
    int64_t fifths = rp_musicxml_number(key, RP_XML_FIFTHS, 0);
    if (key != NULL && fifths >= -7 && fifths <= 7) {
        fifths = sounding_fifths(fifths, self->chromatic);
        add_event(self, (struct event){.tick = tick,
                                       .rank = 1,
                                       .length = 5,
                                       .bytes = {0xFF, 0x59, 2, (uint8_t)(int8_t)fifths, 0}});
    }
}

/* A sound element with a tempo, in the measure or in a direction of it. */
static void add_tempo(struct writer *self, const rp_xml_node *element, int64_t tick) {
    const rp_xml_node *sound = element->tag == RP_XML_SOUND ? element
                               : element->tag == RP_XML_DIRECTION
                                   ? rp_xml_child(element, RP_XML_SOUND)
                                   : NULL;
    const char *tempo =
        sound != NULL ? rp_xml_attribute_value(sound, RP_XML_ATTRIBUTE_TEMPO) : NULL;
    const double beats_a_minute = tempo != NULL ? atof(tempo) : 0;
    if (!(beats_a_minute >= 4 && beats_a_minute <= 1000)) return;
    const uint32_t us = (uint32_t)(60e6 / beats_a_minute + 0.5);
    add_event(self, (struct event){.tick = tick,
                                   .rank = 1,
                                   .length = 6,
                                   .bytes = {0xFF, 0x51, 3, (uint8_t)(us >> 16), (uint8_t)(us >> 8),
                                             (uint8_t)us}});
}

/* Adds a measure that begins at `tick`; returns where it ends. */
static int64_t add_measure(struct writer *self, const rp_note_measure *measure, int64_t tick) {
    for (size_t i = 0; i < measure->mark_count; i++) {
        const rp_note_mark *mark = &measure->marks[i];
        const int64_t within = ticks_of(mark->onset);
        const int64_t now = within > 0 ? tick + within : tick;
        if (mark->node->tag == RP_XML_ATTRIBUTES) read_time_and_key(self, mark->node, now);
        add_tempo(self, mark->node, now);
    }
    const rp_fraction length = measure->length.numerator > 0
                                   ? measure->length
                                   : rp_fraction_make(4 * self->beats, self->beat_type);
    add_measure_time(self, length, tick);
    for (size_t i = 0; i < measure->count;) i = add_onset(self, measure, i, tick);
    return tick + ticks_of(length);
}

/* ---- the file ---- */

static int by_time(const void *left, const void *right) {
    const struct event *a = left, *b = right;
    if (a->track != b->track) return a->track < b->track ? -1 : 1;
    if (a->tick != b->tick) return a->tick < b->tick ? -1 : 1;
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

static void put_be(rp_text *text, uint32_t value, unsigned bytes) {
    while (bytes-- > 0) rp_text_add_char(text, (char)(value >> 8 * bytes));
}

static void put_distance(rp_text *text, int64_t ticks) {
    const uint32_t value = ticks < 0 ? 0 : ticks > 0x0FFFFFFF ? 0x0FFFFFFF : (uint32_t)ticks;
    for (int shift = 21; shift > 0; shift -= 7)
        if (value >> shift != 0) rp_text_add_char(text, (char)(0x80 | (value >> shift & 0x7F)));
    rp_text_add_char(text, (char)(value & 0x7F));
}

/* One track from its events; returns the index behind them. */
static size_t put_track(rp_text *midi, const struct writer *self, size_t at, uint8_t track) {
    static const uint8_t end_of_track[] = {0, 0xFF, 0x2F, 0};
    rp_text body = {0};
    int64_t tick = 0;
    for (; at < self->event_count && self->events[at].track == track; at++) {
        const struct event *event = &self->events[at];
        put_distance(&body, event->tick - tick);
        rp_text_add_bytes(&body, event->bytes, event->length);
        tick = event->tick;
    }
    rp_text_add_bytes(&body, end_of_track, sizeof end_of_track);
    rp_text_add(midi, "MTrk");
    put_be(midi, (uint32_t)body.length, 4);
    rp_text_add_bytes(midi, body.data, body.length);
    if (body.failed) midi->failed = true;
    rp_text_clear(&body);
    return at;
}

static void put_file(rp_text *midi, struct writer *self) {
    unsigned tracks = 2;
    if (self->event_count > 0) {
        qsort(self->events, self->event_count, sizeof *self->events, by_time);
        const unsigned last = self->events[self->event_count - 1].track;
        if (last + 1 > tracks) tracks = last + 1;
    }
    rp_text_add(midi, "MThd");
    put_be(midi, 6, 4);
    put_be(midi, 1, 2);
    put_be(midi, tracks, 2);
    put_be(midi, TICKS_A_QUARTER, 2);
    size_t at = 0;
    for (unsigned track = TRACK_OF_TIME; track < tracks; track++)
        at = put_track(midi, self, at, (uint8_t)track);
}

rp_status rp_midi_write(rp_text *midi, const rp_xml_node *part, const rp_midi_options *options,
                        rp_error *error) {
    rp_arena arena = {0};
    rp_note_list list;
    struct writer self = {.arena = &arena, .list = &list, .beats = 4, .beat_type = 4};
    rp_playing_order order;
    int64_t tick = 0;
    rp_status status = rp_note_list_make(&list, &arena, part, error);
    if (status == RP_OK) {
        rp_playing_order_make(&order, &arena, &list, options != NULL && options->unrolls_repeats);
        for (size_t i = 0; i < order.count; i++)
            tick = add_measure(&self, &list.measures[order.measures[i]], tick);
        for (unsigned staff = 0; staff < STAFFS_MAX; staff++)
            for (int semitone = 0; semitone < 128; semitone++) close_tie(&self, staff, semitone);
        put_file(midi, &self);
        if (arena.failed || midi->failed) status = rp_fail_memory(error, "the MIDI file");
    }
    free(self.events);
    rp_arena_clear(&arena);
    return status;
}
