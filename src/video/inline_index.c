/* inline_index.c: see inline_index.h. */
#include "video/inline_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "media/aac.h"
#include "media/boxes.h"
#include "media/h264.h"
#include "media/movie.h"
#include "video/foreign.h"

enum {
    COPIED_MAX = 8 << 20, /* bytes of the beginning that serve as reference */
    SAMPLES_MAX = 1 << 14,
    RECORD = 16,
    RECORD_WITH_SETS = 152,
    SPS_AT = 16, /* u32 length, SPS */
    PPS_AT = 84,
    AAC_TICKS = 1024
};

/* The tracks, in GoPro's order. */
enum { PICTURES, SOUND, TIMECODE, TELEMETRY, RECORDS, TRACKS };

static const struct {
    char handler[5], name[12];
    uint8_t types[2]; /* of the records that announce its samples */
} tracks[TRACKS] = {
    [PICTURES] = {"vide", "GoPro AVC  ", {0, 3}},    [SOUND] = {"soun", "GoPro AAC  ", {4, 4}},
    [TIMECODE] = {"tmcd", "GoPro TCD  ", {5, 5}},    [TELEMETRY] = {"meta", "GoPro MET  ", {6, 6}},
    [RECORDS] = {"meta", "GoPro SOS  ", {255, 255}},
};

typedef struct sample {
    uint64_t offset; /* in the recording */
    uint32_t size, ticks;
    uint8_t track;
    bool is_sync;
} sample;

typedef struct reading {
    const uint8_t *data;
    uint64_t begin, end;
    sample *samples;
    size_t count;
    uint64_t counts[TRACKS]; /* of the samples */
    bool has_track[TRACKS];
    const uint8_t *sets; /* the record with them; NULL: not met */
    uint32_t picture_ticks;
    uint32_t timescales[TRACKS];
    rp_media_h264_sps sps;
    uint8_t sound_config[2]; /* AudioSpecificConfig */
    unsigned channels;
    uint64_t shift; /* from offsets in the recording to those in the clip: added, wrapping */
} reading;

#define TYPE(text) RP_MEDIA_TYPE((text)[0], (text)[1], (text)[2], (text)[3])

/* --- the records ------------------------------------------------------------------------- */

/* Bytes of the record at `at`, 0 where none stands there. */
static uint32_t record_bytes(const reading *from, uint64_t at) {
    const uint8_t *record = from->data + at;
    const uint64_t left = from->end - at;
    if (left < RECORD || record[0] != 'G' || record[1] != 'P') return 0;
    const uint32_t size = memcmp(record, "GPRO", 4) == 0     ? rp_le32(record + 4)
                          : record[2] == 3 && record[3] == 1 ? RECORD_WITH_SETS
                          : record[2] <= 8 && record[3] <= 8 ? RECORD
                                                             : 0;
    return size >= RECORD && size <= left && size < 1 << 16 ? size : 0;
}

static int track_of(uint8_t type) {
    for (int i = 0; i < RECORDS; i++)
        if (tracks[i].types[0] == type || tracks[i].types[1] == type) return i;
    return -1;
}

static void add(reading *from, int track, uint64_t offset, uint32_t size, uint32_t ticks,
                bool is_sync) {
    from->samples[from->count++] = (sample){.offset = offset,
                                            .size = size,
                                            .ticks = ticks,
                                            .track = (uint8_t)track,
                                            .is_sync = is_sync};
    from->counts[track]++;
}

/* The record at `at`, its sample, and what follows: false where they do not fit together. */
typedef struct link {
    uint32_t bytes, size, ticks; /* of the record; of the sample */
    int track;
    bool is_sync;
    uint64_t next;
} link;

static bool read_link(link *found, const reading *from, uint64_t at) {
    const uint8_t *record = from->data + at;
    *found = (link){.bytes = record_bytes(from, at), .track = RECORDS};
    if (found->bytes == 0) return false;
    if (memcmp(record, "GPRO", 4) != 0) {
        found->track = track_of(record[2]);
        found->size = rp_be32(record + 4);
        found->ticks = rp_be32(record + 8);
        found->is_sync = found->track != PICTURES || record[3] == 1;
    }
    found->next = at + found->bytes + found->size;
    return found->track >= 0 && found->next <= from->end &&
           (found->next == from->end || record_bytes(from, found->next) != 0);
}

/* Where three records in a row stand, from `at` on and before `until`; else `until`. */
static uint64_t find_again(const reading *from, uint64_t at, uint64_t until) {
    link links[2];
    for (; at < until; at++) {
        const uint8_t *record = memchr(from->data + at, 'G', (size_t)(until - at));
        if (record == NULL) return until;
        at = (uint64_t)(record - from->data);
        if (read_link(&links[0], from, at) && links[0].next < from->end &&
            read_link(&links[1], from, links[0].next))
            return at;
    }
    return until;
}

/* The samples of one link of the chain of records. */
static void take_link(reading *from, uint64_t place, const link *at) {
    add(from, RECORDS, place, at->bytes, 0, true);
    if (at->track == RECORDS) return;
    add(from, at->track, place + at->bytes, at->size, at->ticks, at->is_sync);
    if (at->track == PICTURES && from->picture_ticks == 0) from->picture_ticks = at->ticks;
}

/* Follows the records from the first one on, as far as is wanted. What lies behind damage does not
 * show how pictures and sound take turns, so it is taken only where too little lies before; but a
 * track may be met there for the first time. */
static void follow(reading *from) {
    enum { PICTURES_ENOUGH = 8 };
    const uint64_t most = from->end - from->begin;
    const uint64_t until = from->begin + (most < COPIED_MAX ? most : COPIED_MAX);
    bool is_enough = false;
    link at;
    /* Those every recording has, though a short one may have no sample of them. */
    from->has_track[TIMECODE] = from->has_track[TELEMETRY] = from->has_track[RECORDS] = true;
    for (uint64_t place = from->begin; place < until && from->count + 2 <= SAMPLES_MAX;) {
        if (!read_link(&at, from, place)) {
            if (from->count == 0) return; /* it does not begin with one: another camera's */
            is_enough = from->counts[PICTURES] >= PICTURES_ENOUGH;
            place = find_again(from, place + 1, until);
            continue;
        }
        if (at.bytes == RECORD_WITH_SETS && from->sets == NULL) from->sets = from->data + place;
        from->has_track[at.track] = true;
        if (!is_enough) take_link(from, place, &at);
        place = at.next;
    }
}

/* --- what they do not say ---------------------------------------------------------------- */

/* SPS or PPS of the record that holds them; NULL where it is none. */
static const uint8_t *find_set(size_t *size, const reading *from, size_t at, uint8_t type) {
    const uint32_t length = rp_be32(from->sets + at);
    const size_t most = at == SPS_AT ? PPS_AT - SPS_AT - 4 : RECORD_WITH_SETS - PPS_AT - 4;
    if (length == 0 || length > most || (from->sets[at + 4] & 31) != type) return NULL;
    *size = length;
    return from->sets + at + 4;
}

/* Ticks a second of the pictures; 0 where the SPS has no timing. */
static uint32_t picture_timescale(const reading *from) {
    const rp_media_h264_sps *sps = &from->sps;
    if (sps->num_units_in_tick == 0 || sps->time_scale == 0) return 0;
    const double rate = (double)sps->time_scale / (2.0 * sps->num_units_in_tick);
    const double ticks = rate * from->picture_ticks + 0.5;
    return ticks >= 1 && ticks < 1e9 ? (uint32_t)ticks : 0;
}

/* Do all blocks parse to the sizes that were said? */
static bool is_sound_config(const reading *from, const uint8_t config[2]) {
    enum { TESTED_MAX = 64 };
    rp_media_aac_config aac;
    int tested = 0;
    if (!rp_media_aac_config_read(&aac, config, 2)) return false;
    for (size_t i = 0; i < from->count && tested < TESTED_MAX; i++) {
        const sample *block = &from->samples[i];
        if (block->track != SOUND || block->size > RP_MEDIA_AAC_BLOCK_MAX) continue;
        if (rp_media_aac_block_bytes(&aac, from->data + block->offset, block->size) != block->size)
            return false;
        tested++;
    }
    return tested > 0;
}

/* AAC-LC of the rates and channels that cameras have, the usual ones first. */
static bool find_sound(reading *from) {
    static const struct {
        uint8_t index;
        uint32_t rate;
    } rates[] = {{3, 48000}, {4, 44100}, {5, 32000}};
    static const uint8_t channels[] = {2, 1, 6};
    enum { LC = 2 };
    for (size_t c = 0; c < RP_COUNT(channels); c++)
        for (size_t r = 0; r < RP_COUNT(rates); r++) {
            from->sound_config[0] = (uint8_t)(LC << 3 | rates[r].index >> 1);
            from->sound_config[1] = (uint8_t)(rates[r].index << 7 | channels[c] << 3);
            from->channels = channels[c];
            from->timescales[SOUND] = rates[r].rate;
            if (is_sound_config(from, from->sound_config)) return true;
        }
    return false;
}

/* --- writing the clip -------------------------------------------------------------------- */

static void put_zeros(rp_text *out, size_t count) {
    while (count-- > 0) rp_text_add_char(out, 0);
}

static void put_name(rp_text *out, const char *name) {
    rp_text_add_char(out, (char)strlen(name));
    rp_text_add(out, name);
}

static uint64_t ticks_of(const reading *from, int track) {
    uint64_t ticks = 0;
    for (size_t i = 0; i < from->count; i++)
        if (from->samples[i].track == track) ticks += from->samples[i].ticks;
    return ticks;
}

static void put_matrix(rp_text *out) {
    static const uint32_t unity[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
    for (int i = 0; i < 9; i++) rp_media_put_be32(out, unity[i]);
}

static void put_picture_entry(rp_text *out, const reading *from) {
    size_t sps_size = 0, pps_size = 0;
    const uint8_t *sps = find_set(&sps_size, from, SPS_AT, 7);
    const uint8_t *pps = find_set(&pps_size, from, PPS_AT, 8);
    const size_t mark = rp_media_box_open(out, TYPE("avc1"));
    put_zeros(out, 7);
    rp_text_add_char(out, 1); /* data_reference_index */
    put_zeros(out, 16);
    rp_media_put_be16(out, (uint16_t)from->sps.width);
    rp_media_put_be16(out, (uint16_t)from->sps.height);
    rp_media_put_be32(out, 72 << 16); /* dots an inch */
    rp_media_put_be32(out, 72 << 16);
    rp_media_put_be32(out, 0);
    rp_media_put_be16(out, 1);
    put_name(out, "GoPro AVC encoder");
    put_zeros(out, 31 - strlen("GoPro AVC encoder"));
    rp_media_put_be16(out, 24);
    rp_media_put_be16(out, 0xffff);
    const size_t config = rp_media_box_open(out, TYPE("avcC"));
    rp_text_add_char(out, 1);
    rp_text_add_bytes(out, sps + 1, 3);
    rp_text_add_char(out, (char)0xff); /* lengths of four bytes */
    rp_text_add_char(out, (char)0xe1);
    rp_media_put_be16(out, (uint16_t)sps_size);
    rp_text_add_bytes(out, sps, sps_size);
    rp_text_add_char(out, 1);
    rp_media_put_be16(out, (uint16_t)pps_size);
    rp_text_add_bytes(out, pps, pps_size);
    if (from->sps.is_high) {
        const uint8_t high[4] = {(uint8_t)(0xfc | from->sps.chroma_format_idc),
                                 (uint8_t)(0xf8 | from->sps.luma_depth_minus8),
                                 (uint8_t)(0xf8 | from->sps.chroma_depth_minus8), 0};
        rp_text_add_bytes(out, high, sizeof high);
    }
    rp_media_box_close(out, config);
    rp_media_box_close(out, mark);
}

static void put_sound_entry(rp_text *out, const reading *from) {
    /* ES_Descriptor, DecoderConfigDescriptor, DecoderSpecificInfo, SLConfigDescriptor (14496-1). */
    static const uint8_t head[] = {0x03, 25, 0, 0, 0, 0x04, 17, 0x40, 0x15};
    static const uint8_t tail[] = {0x06, 1, 2};
    const size_t mark = rp_media_box_open(out, TYPE("mp4a"));
    put_zeros(out, 7);
    rp_text_add_char(out, 1);
    put_zeros(out, 8);
    rp_media_put_be16(out, (uint16_t)from->channels);
    rp_media_put_be16(out, 16);
    rp_media_put_be32(out, 0);
    rp_media_put_be32(out, from->timescales[SOUND] << 16);
    const size_t esds = rp_media_full_box_open(out, TYPE("esds"), 0, 0);
    rp_text_add_bytes(out, head, sizeof head);
    put_zeros(out, 3 + 4 + 4); /* buffer size and bit rates: not told */
    rp_text_add_char(out, 0x05);
    rp_text_add_char(out, 2);
    rp_text_add_bytes(out, from->sound_config, 2);
    rp_text_add_bytes(out, tail, sizeof tail);
    rp_media_box_close(out, esds);
    rp_media_box_close(out, mark);
}

static void put_timecode_entry(rp_text *out, const reading *from) {
    const uint32_t scale = from->timescales[PICTURES], ticks = from->picture_ticks;
    const size_t mark = rp_media_box_open(out, TYPE("tmcd"));
    put_zeros(out, 7);
    rp_text_add_char(out, 1);
    rp_media_put_be32(out, 0);
    rp_media_put_be32(out, 2); /* comes round after 24 hours */
    rp_media_put_be32(out, scale);
    rp_media_put_be32(out, ticks);
    rp_text_add_char(out, (char)(ticks == 0 ? 0 : scale / ticks)); /* rounded down, as GoPro does */
    rp_text_add_char(out, 0);
    rp_media_box_close(out, mark);
}

static void put_metadata_entry(rp_text *out, int track) {
    const bool is_records = track == RECORDS;
    const size_t mark = rp_media_box_open(out, is_records ? TYPE("fdsc") : TYPE("gpmd"));
    put_zeros(out, 7);
    rp_text_add_char(out, 1);
    if (is_records) rp_media_put_be16(out, 1);
    else rp_media_put_be32(out, 0);
    rp_media_box_close(out, mark);
}

static void put_entry(rp_text *out, const reading *from, int track) {
    const size_t mark = rp_media_full_box_open(out, TYPE("stsd"), 0, 0);
    rp_media_put_be32(out, 1);
    if (track == PICTURES) put_picture_entry(out, from);
    else if (track == SOUND) put_sound_entry(out, from);
    else if (track == TIMECODE) put_timecode_entry(out, from);
    else put_metadata_entry(out, track);
    rp_media_box_close(out, mark);
}

/* One value of each sample of a track, with a count before them. */
typedef uint32_t (*value_fn)(const reading *from, const sample *of);
static uint32_t size_value(const reading *from, const sample *of) { return (void)from, of->size; }
static uint32_t place_value(const reading *from, const sample *of) {
    return (uint32_t)(of->offset + from->shift);
}

static void put_values(rp_text *out, const reading *from, int track, value_fn value) {
    rp_media_put_be32(out, (uint32_t)from->counts[track]);
    for (size_t i = 0; i < from->count; i++)
        if (from->samples[i].track == track) rp_media_put_be32(out, value(from, &from->samples[i]));
}

static void put_durations(rp_text *out, const reading *from, int track) {
    const size_t mark = rp_media_full_box_open(out, TYPE("stts"), 0, 0);
    rp_media_put_be32(out, (uint32_t)from->counts[track]);
    for (size_t i = 0; i < from->count; i++) {
        if (from->samples[i].track != track) continue;
        rp_media_put_be32(out, 1);
        rp_media_put_be32(out, from->samples[i].ticks);
    }
    rp_media_box_close(out, mark);
}

static void put_syncs(rp_text *out, const reading *from) {
    uint32_t count = 0, index = 0;
    const size_t mark = rp_media_full_box_open(out, TYPE("stss"), 0, 0), count_at = out->length;
    rp_media_put_be32(out, 0);
    for (size_t i = 0; i < from->count; i++) {
        if (from->samples[i].track != PICTURES) continue;
        index++;
        if (!from->samples[i].is_sync) continue;
        rp_media_put_be32(out, index);
        count++;
    }
    if (!out->failed) rp_put_be32((uint8_t *)out->data + count_at, count);
    rp_media_box_close(out, mark);
}

static void put_tables(rp_text *out, const reading *from, int track) {
    const size_t stbl = rp_media_box_open(out, TYPE("stbl"));
    put_entry(out, from, track);
    put_durations(out, from, track);
    if (track == PICTURES) put_syncs(out, from);
    size_t mark = rp_media_full_box_open(out, TYPE("stsc"), 0, 0);
    rp_media_put_be32(out, 1);
    for (int i = 0; i < 3; i++) rp_media_put_be32(out, 1);
    rp_media_box_close(out, mark);
    mark = rp_media_full_box_open(out, TYPE("stsz"), 0, 0);
    rp_media_put_be32(out, 0);
    put_values(out, from, track, size_value);
    rp_media_box_close(out, mark);
    mark = rp_media_full_box_open(out, TYPE("stco"), 0, 0);
    put_values(out, from, track, place_value);
    rp_media_box_close(out, mark);
    rp_media_box_close(out, stbl);
}

static void put_media_header(rp_text *out, int track) {
    size_t mark;
    if (track == PICTURES) {
        mark = rp_media_full_box_open(out, TYPE("vmhd"), 0, 1);
        put_zeros(out, 8);
    } else if (track == SOUND) {
        mark = rp_media_full_box_open(out, TYPE("smhd"), 0, 0);
        put_zeros(out, 4);
    } else {
        mark = rp_media_box_open(out, TYPE("gmhd"));
        const size_t inner = rp_media_full_box_open(out, TYPE("gmin"), 0, 0);
        rp_media_put_be16(out, 0x40); /* graphics mode: copy */
        put_zeros(out, 10);
        rp_media_box_close(out, inner);
    }
    rp_media_box_close(out, mark);
    const size_t dinf = rp_media_box_open(out, TYPE("dinf"));
    const size_t dref = rp_media_full_box_open(out, TYPE("dref"), 0, 0);
    rp_media_put_be32(out, 1);
    rp_media_box_close(out, rp_media_full_box_open(out, TYPE("url "), 0, 1));
    rp_media_box_close(out, dref);
    rp_media_box_close(out, dinf);
}

/* The pictures' edit list, which shows all of them. */
static void put_edit(rp_text *out, uint32_t duration) {
    const size_t edts = rp_media_box_open(out, TYPE("edts"));
    const size_t elst = rp_media_full_box_open(out, TYPE("elst"), 0, 0);
    rp_media_put_be32(out, 1);
    rp_media_put_be32(out, duration);
    rp_media_put_be32(out, 0);
    rp_media_put_be32(out, 0x10000);
    rp_media_box_close(out, elst);
    rp_media_box_close(out, edts);
}

static void put_track(rp_text *out, const reading *from, int track, uint32_t id) {
    const size_t trak = rp_media_box_open(out, TYPE("trak"));
    const uint64_t ticks = ticks_of(from, track), movie = from->timescales[PICTURES];
    const uint32_t duration = (uint32_t)(ticks * movie / from->timescales[track]);
    size_t mark = rp_media_full_box_open(out, TYPE("tkhd"), 0, track <= SOUND ? 15 : 0);
    put_zeros(out, 8);
    rp_media_put_be32(out, id);
    rp_media_put_be32(out, 0);
    rp_media_put_be32(out, duration);
    put_zeros(out, 12);
    rp_media_put_be16(out, track == SOUND ? 0x100 : 0); /* volume */
    rp_media_put_be16(out, 0);
    put_matrix(out);
    rp_media_put_be32(out, track == PICTURES ? from->sps.width << 16 : 0);
    rp_media_put_be32(out, track == PICTURES ? from->sps.height << 16 : 0);
    rp_media_box_close(out, mark);
    if (track == PICTURES) put_edit(out, duration);
    const size_t mdia = rp_media_box_open(out, TYPE("mdia"));
    mark = rp_media_full_box_open(out, TYPE("mdhd"), 0, 0);
    put_zeros(out, 8);
    rp_media_put_be32(out, from->timescales[track]);
    rp_media_put_be32(out, (uint32_t)ticks);
    rp_media_put_be32(out, 0);
    rp_media_box_close(out, mark);
    mark = rp_media_full_box_open(out, TYPE("hdlr"), 0, 0);
    rp_text_add(out, "mhlr");
    rp_text_add(out, tracks[track].handler);
    put_zeros(out, 12);
    put_name(out, tracks[track].name);
    rp_media_box_close(out, mark);
    const size_t minf = rp_media_box_open(out, TYPE("minf"));
    put_media_header(out, track);
    put_tables(out, from, track);
    rp_media_box_close(out, minf);
    rp_media_box_close(out, mdia);
    rp_media_box_close(out, trak);
}

static void put_movie(rp_text *out, const reading *from) {
    const size_t moov = rp_media_box_open(out, TYPE("moov"));
    uint32_t id = 1;
    const size_t mark = rp_media_full_box_open(out, TYPE("mvhd"), 0, 0);
    put_zeros(out, 8);
    rp_media_put_be32(out, from->timescales[PICTURES]);
    rp_media_put_be32(out, (uint32_t)ticks_of(from, PICTURES));
    rp_media_put_be32(out, 0x10000);
    rp_media_put_be16(out, 0x100);
    put_zeros(out, 10);
    put_matrix(out);
    put_zeros(out, 24);
    rp_media_put_be32(out, TRACKS + 1);
    rp_media_box_close(out, mark);
    for (int i = 0; i < TRACKS; i++)
        if (from->has_track[i]) put_track(out, from, i, id++);
    rp_media_box_close(out, moov);
}

static void put_clip(rp_text *clip, reading *from) {
    const sample *last = &from->samples[from->count - 1];
    const size_t ftyp = rp_media_box_open(clip, TYPE("ftyp"));
    rp_text_add(clip, "mp41");
    rp_media_put_be32(clip, 0x20131018); /* as GoPro's cameras have it */
    rp_text_add(clip, "mp41");
    rp_media_box_close(clip, ftyp);
    const size_t mdat = rp_media_box_open(clip, TYPE("mdat"));
    from->shift = clip->length - from->begin;
    rp_text_add_bytes(clip, from->data + from->begin,
                      (size_t)(last->offset + last->size - from->begin));
    rp_media_box_close(clip, mdat);
    put_movie(clip, from);
}

/* --- putting it together ----------------------------------------------------------------- */

/* Why a recording cannot be recovered by itself; NULL: it can. */
static const char *what_is_missing(reading *from) {
    enum { PICTURES_MIN = 2 };
    size_t sps_size, pps_size;
    uint32_t id;
    if (from->sets == NULL)
        return "it has GoPro's records, but not the first picture's with the parameter sets";
    const uint8_t *sps = find_set(&sps_size, from, SPS_AT, 7);
    if (sps == NULL || find_set(&pps_size, from, PPS_AT, 8) == NULL ||
        !rp_media_h264_sps_parse(&from->sps, &id, sps, sps_size))
        return "the first of its GoPro records holds no parameter sets of H.264";
    if (from->counts[PICTURES] < PICTURES_MIN) return "its GoPro records break off too early";
    from->timescales[PICTURES] = picture_timescale(from);
    if (from->timescales[PICTURES] == 0) return "its parameter sets do not say the frame rate";
    if (from->counts[SOUND] > 0 && !find_sound(from))
        return "its sound is no AAC that can be told without a reference";
    from->timescales[TIMECODE] = from->timescales[PICTURES];
    from->timescales[TELEMETRY] = 1000; /* of all cameras seen */
    from->timescales[RECORDS] = 90000;  /* their durations are 0 */
    return NULL;
}

rp_status rp_video_inline_index_read(rp_text *clip, const uint8_t *data, uint64_t begin,
                                     uint64_t end, const char *name, rp_error *error) {
    rp_status status = RP_OK;
    const char *missing = NULL;
    reading from = {.data = data, .begin = begin, .end = end};
    from.samples = malloc(SAMPLES_MAX * sizeof *from.samples);
    if (from.samples == NULL) return rp_fail_memory(error, "the inline index");
    follow(&from);
    if (from.count > 0) {
        missing = what_is_missing(&from);
    } else {
        rp_video_foreign found;
        rp_video_foreign_find(&found, data, begin, end);
        missing = found.has_fdsc   ? "the beginning of its inline index (GoPro's records) is lost"
                  : found.has_rtmd ? "Sony's rtmd in it counts pictures, but does not say how they "
                                     "and the sound are coded"
                                   : "it has no inline index";
    }
    if (missing == NULL) {
        put_clip(clip, &from);
        if (clip->failed) status = rp_fail_memory(error, "the inline index");
    } else {
        status = rp_fail(error, RP_INPUT, (int64_t)begin,
                         "%s: its index is lost, and %s; name a healthy clip of the same camera "
                         "with --reference",
                         name, missing);
    }
    free(from.samples);
    return status;
}
