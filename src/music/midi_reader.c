/* midi_reader.c: see midi_reader.h. */
#include "music/midi_reader.h"

#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 16, KEYS = 128, DRUMS = 9 };

/* Times stop here, far beyond all measures that are read, so that no sum of them overflows. */
static const int64_t ticks_max = (int64_t)1 << 48;

struct reader {
    const uint8_t *data;
    size_t at, end; /* end of the chunk in hand */
    bool failed;    /* a read past the end */
    rp_midi_song *song;
    int64_t begins[CHANNELS][KEYS]; /* tick + 1 of the keys that sound; 0: it does not */
    uint16_t track;
};

static unsigned read_byte(struct reader *self) {
    if (self->at >= self->end) {
        self->failed = true;
        return 0;
    }
    return self->data[self->at++];
}

static uint32_t read_number(struct reader *self, unsigned bytes) {
    uint32_t number = 0;
    while (bytes-- > 0) number = number << 8 | read_byte(self);
    return number;
}

/* A length of variable size: 7 bits a byte, 4 bytes at most. */
static uint32_t read_length(struct reader *self) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        const unsigned byte = read_byte(self);
        value = value << 7 | (byte & 0x7F);
        if ((byte & 0x80) == 0) return value;
    }
    self->failed = true;
    return 0;
}

static void skip(struct reader *self, size_t bytes) {
    if (bytes > self->end - self->at) self->failed = true;
    else self->at += bytes;
}

/* ---- events ---- */

static void end_note(struct reader *self, unsigned channel, unsigned key, int64_t tick) {
    const int64_t begin = self->begins[channel][key] - 1;
    self->begins[channel][key] = 0;
    if (begin < 0 || tick <= begin || channel == DRUMS) return;
    self->song->notes[self->song->note_count++] =
        (rp_midi_note){begin, tick, self->track, (uint8_t)key};
}

static void read_meta(struct reader *self, int64_t tick) {
    const unsigned type = read_byte(self);
    const uint32_t length = read_length(self);
    const size_t next = self->at + length;
    if (self->failed || length > self->end - self->at) {
        self->failed = true;
        return;
    }
    rp_midi_mark mark = {.tick = tick};
    bool is_mark = false;
    if (type == 0x51 && length == 3) {
        mark.value = (int32_t)read_number(self, 3);
        is_mark = mark.value > 0;
    } else if (type == 0x58 && length >= 2) {
        mark.kind = RP_MIDI_TIME;
        mark.value = (int32_t)read_byte(self);
        const unsigned log2_type = read_byte(self);
        mark.beat_type = log2_type <= 6 ? (uint8_t)(1u << log2_type) : 0;
        is_mark = mark.value > 0 && mark.beat_type > 0;
    } else if (type == 0x59 && length >= 1) {
        mark.kind = RP_MIDI_KEY;
        mark.value = (int8_t)read_byte(self);
        is_mark = mark.value >= -7 && mark.value <= 7;
    }
    mark.order = (uint32_t)self->song->mark_count;
    if (is_mark) self->song->marks[self->song->mark_count++] = mark;
    self->at = next;
}

/* One message of a channel, whose status has been read. */
static void read_message(struct reader *self, unsigned status, int64_t tick) {
    const unsigned channel = status & 0xF, kind = status >> 4;
    const unsigned first = read_byte(self) & 0x7F;
    const unsigned second = kind == 0xC || kind == 0xD ? 0 : read_byte(self) & 0x7F;
    if (self->failed || (kind != 0x8 && kind != 0x9)) return;
    end_note(self, channel, first, tick);
    if (kind == 0x9 && second > 0) self->begins[channel][first] = tick + 1;
}

static void read_track(struct reader *self) {
    unsigned status = 0; /* of the message before: it need not be said again */
    int64_t tick = 0;
    memset(self->begins, 0, sizeof self->begins);
    while (self->at < self->end && !self->failed) {
        tick += read_length(self);
        if (tick > ticks_max) tick = ticks_max;
        if (self->at >= self->end) break;
        const unsigned byte = self->data[self->at];
        if (byte >= 0x80) self->at++;
        if (byte == 0xFF) {
            read_meta(self, tick);
        } else if (byte >= 0xF0) {
            skip(self, read_length(self));
        } else {
            if (byte >= 0x80) status = byte;
            if (status < 0x80) self->failed = true;
            else read_message(self, status, tick);
        }
    }
    for (unsigned channel = 0; channel < CHANNELS; channel++)
        for (unsigned key = 0; key < KEYS; key++) end_note(self, channel, key, tick);
}

/* ---- the file ---- */

static int by_tick(const void *left, const void *right) {
    const rp_midi_mark *a = left, *b = right;
    if (a->tick != b->tick) return a->tick < b->tick ? -1 : 1;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

static rp_status read_head(struct reader *self, const char *name, rp_error *error) {
    if (self->end < 14 || memcmp(self->data, "MThd", 4) != 0)
        return rp_fail(error, RP_INPUT, 0, "%s: byte 0: no MIDI file, it does not begin with MThd",
                       name);
    self->at = 4;
    const uint32_t length = read_number(self, 4);
    const unsigned format = read_number(self, 2);
    read_number(self, 2);
    const unsigned division = read_number(self, 2);
    if (format > 1)
        return rp_fail(error, RP_INPUT, 8,
                       "%s: byte 8: format %u; save it as a MIDI file of format 0 or 1", name,
                       format);
    if ((division & 0x8000) != 0 || division == 0)
        return rp_fail(error, RP_INPUT, 12,
                       "%s: byte 12: its time is not counted in parts of a quarter note", name);
    self->song->ticks_a_quarter = division;
    self->at = 8;
    skip(self, length);
    return RP_OK;
}

rp_status rp_midi_read(rp_midi_song *song, rp_arena *arena, const rp_xml_source *source,
                       rp_error *error) {
    struct reader self = {.data = source->data, .end = source->size, .song = song};
    *song = (rp_midi_song){0};
    RP_TRY(read_head(&self, source->name, error));
    /* A note is begun by three bytes at least (distance, key, velocity), a mark takes five
     * (distance, FF, type, length, and one of a key). */
    song->notes = rp_arena_array(arena, source->size / 3 + 1, sizeof *song->notes);
    song->marks = rp_arena_array(arena, source->size / 5 + 1, sizeof *song->marks);
    if (arena->failed) return rp_fail_memory(error, "the notes of the MIDI file");
    while (self.at < source->size && !self.failed) {
        self.end = source->size;
        const size_t chunk = self.at;
        const bool is_track =
            source->size - chunk >= 8 && memcmp(source->data + chunk, "MTrk", 4) == 0;
        skip(&self, 4);
        const uint32_t length = read_number(&self, 4);
        if (self.failed || length > source->size - self.at)
            return rp_fail(error, RP_INPUT, (int64_t)chunk,
                           "%s: byte %zu: a chunk is cut off; copy the file again", source->name,
                           chunk);
        self.end = self.at + length;
        if (is_track) read_track(&self);
        if (self.failed)
            return rp_fail(error, RP_INPUT, (int64_t)self.at,
                           "%s: byte %zu: an event is cut off or is none", source->name, self.at);
        if (is_track && self.track < UINT16_MAX) self.track++;
        self.at = self.end;
    }
    if (song->mark_count > 1) qsort(song->marks, song->mark_count, sizeof *song->marks, by_tick);
    return RP_OK;
}
