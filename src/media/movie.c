/* movie.c: see movie.h. The boxes of one level are walked, each known one read by its reader; all
 * counts are bounded by the bytes of the table that holds them before anything is allocated. */
#include "media/movie.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "media/fragment.h"

/* --- small tools ------------------------------------------------------------------------- */

void rp_media_runs_add(rp_media_runs *runs, rp_arena *arena, uint64_t count, int64_t value) {
    if (count == 0) return;
    if (runs->count > 0 && runs->items[runs->count - 1].value == value) {
        runs->items[runs->count - 1].count += count;
        return;
    }
    if (runs->count == runs->capacity) {
        const size_t capacity = runs->capacity == 0 ? 8 : runs->capacity * 2;
        rp_media_run *items = rp_arena_array(arena, capacity, sizeof *items);
        if (items == NULL) return;
        if (runs->count > 0) memcpy(items, runs->items, runs->count * sizeof *items);
        *runs = (rp_media_runs){.items = items, .count = runs->count, .capacity = capacity};
    }
    runs->items[runs->count++] = (rp_media_run){.count = count, .value = value};
}

/* A reader of a box's payload; for full boxes the version is taken off first. */
static rp_bytes payload(const uint8_t *data, const rp_media_box *box, unsigned *version) {
    rp_bytes bytes = {.data = rp_media_box_payload(data, box),
                      .size = (size_t)rp_media_box_payload_size(box)};
    if (version != NULL) *version = rp_bytes_be32(&bytes) >> 24;
    return bytes;
}

static rp_status damaged(const rp_media_box *box, rp_error *error) {
    char name[5];
    rp_media_type_name(name, box->type);
    return rp_fail(error, RP_INPUT, (int64_t)box->offset,
                   "byte %llu: box %s is damaged: its entries do not fit in its %llu bytes",
                   (unsigned long long)box->offset, name, (unsigned long long)box->size);
}

/* How many entries a table holds; more than its bytes can hold is damage (then `failed`). */
static uint32_t table_count(rp_bytes *bytes, size_t entry_bytes) {
    const uint32_t count = rp_bytes_be32(bytes);
    if (count > rp_bytes_left(bytes) / entry_bytes) bytes->failed = true;
    return bytes->failed ? 0 : count;
}

/* --- headers ----------------------------------------------------------------------------- */

/* mvhd and mdhd begin alike: times, timescale, duration. */
static void read_times(rp_bytes *bytes, unsigned version, uint32_t *timescale, uint64_t *duration) {
    rp_bytes_skip(bytes, version == 1 ? 16 : 8);
    const uint32_t ticks = rp_bytes_be32(bytes);
    *timescale = ticks == 0 ? 1 : ticks;
    *duration = version == 1 ? rp_bytes_be64(bytes) : rp_bytes_be32(bytes);
}

static rp_status read_edits(rp_media_track *track, const uint8_t *data, const rp_media_box *edts,
                            rp_arena *arena, rp_error *error) {
    rp_media_box elst;
    if (!rp_media_box_find(&elst, data, edts, RP_MEDIA_TYPE('e', 'l', 's', 't'))) return RP_OK;
    unsigned version;
    rp_bytes bytes = payload(data, &elst, &version);
    const uint32_t count = table_count(&bytes, version == 1 ? 20 : 12);
    track->edits = rp_arena_array(arena, count, sizeof *track->edits);
    if (track->edits == NULL) return rp_fail_memory(error, "an edit list");
    for (uint32_t i = 0; i < count; i++) {
        rp_media_edit *edit = &track->edits[i];
        edit->duration = version == 1 ? rp_bytes_be64(&bytes) : rp_bytes_be32(&bytes);
        edit->media_time =
            version == 1 ? (int64_t)rp_bytes_be64(&bytes) : (int32_t)rp_bytes_be32(&bytes);
        edit->rate = rp_bytes_be32(&bytes);
    }
    track->edit_count = count;
    return bytes.failed ? damaged(&elst, error) : RP_OK;
}

static void read_reference(rp_media_track *track, const uint8_t *data, const rp_media_box *tref) {
    rp_media_box cdsc;
    if (!rp_media_box_find(&cdsc, data, tref, RP_MEDIA_TYPE('c', 'd', 's', 'c'))) return;
    rp_bytes bytes = payload(data, &cdsc, NULL);
    track->reference_id = rp_bytes_be32(&bytes);
}

static rp_status read_media_header(rp_media_track *track, const uint8_t *data,
                                   const rp_media_box *mdia, rp_error *error) {
    rp_media_box box;
    unsigned version;
    if (!rp_media_box_find(&box, data, mdia, RP_MEDIA_TYPE('m', 'd', 'h', 'd')))
        return rp_fail(error, RP_INPUT, (int64_t)mdia->offset, "byte %llu: a track without mdhd",
                       (unsigned long long)mdia->offset);
    rp_bytes bytes = payload(data, &box, &version);
    read_times(&bytes, version, &track->timescale, &track->duration);
    if (bytes.failed) return damaged(&box, error);
    if (rp_media_box_find(&box, data, mdia, RP_MEDIA_TYPE('h', 'd', 'l', 'r'))) {
        bytes = payload(data, &box, &version);
        rp_bytes_skip(&bytes, 4);
        track->handler = rp_bytes_be32(&bytes);
    }
    return RP_OK;
}

/* --- sample tables ----------------------------------------------------------------------- */

uint32_t rp_media_pcm_frame_bytes(const uint8_t *data, const rp_media_track *track) {
    static const struct {
        char codec[5];
        uint32_t bits; /* 0: as the entry says */
    } widths[] = {
        {"twos", 0},  {"sowt", 0}, {"raw ", 0},  {"lpcm", 0},  {"ipcm", 0},
        {"fpcm", 0},  {"NONE", 0}, {"in24", 24}, {"in32", 32}, {"fl32", 32},
        {"fl64", 64}, {"alaw", 8}, {"ulaw", 8},
    };
    if (track->entry.size < 36) return 0;
    rp_bytes bytes = payload(data, &track->entry, NULL);
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        if (rp_be32((const uint8_t *)widths[i].codec) != track->codec) continue;
        rp_bytes_skip(&bytes, 8); /* reserved, data reference */
        const uint16_t version = rp_bytes_be16(&bytes);
        rp_bytes_skip(&bytes, 6);
        uint32_t channels = rp_bytes_be16(&bytes), bits = rp_bytes_be16(&bytes);
        if (version == 2) { /* QTFF, sound sample description version 2 */
            rp_bytes_skip(&bytes, 4 + 4 + 4 + 8);
            channels = rp_bytes_be32(&bytes);
            rp_bytes_skip(&bytes, 4);
            bits = rp_bytes_be32(&bytes);
        }
        if (widths[i].bits != 0) bits = widths[i].bits;
        if (bytes.failed || channels > 64 || bits > 64) return 0;
        return channels * ((bits + 7) / 8);
    }
    return 0;
}

static rp_status read_entry(rp_media_track *track, const uint8_t *data, const rp_media_box *stsd) {
    rp_media_box_walk walk = rp_media_box_inside(data, stsd, 8);
    if (rp_media_box_next(&track->entry, &walk)) track->codec = track->entry.type;
    return RP_OK;
}

static rp_status read_sizes(rp_media_track *track, const uint8_t *data, const rp_media_box *box,
                            rp_arena *arena, rp_error *error) {
    const bool is_compact = box->type == RP_MEDIA_TYPE('s', 't', 'z', '2');
    unsigned version;
    rp_bytes bytes = payload(data, box, &version);
    const uint32_t field = rp_bytes_be32(&bytes), count = rp_bytes_be32(&bytes);
    const unsigned width = is_compact ? field & 0xff : 32;
    track->sample_count = track->listed_count = count;
    if (!is_compact && field != 0) {
        track->constant_size = field;
        const uint32_t frame = rp_media_pcm_frame_bytes(data, track);
        if (field == 1 && frame > 1) track->constant_size = frame; /* QuickTime counts frames */
        return bytes.failed ? damaged(box, error) : RP_OK;
    }
    if (width != 4 && width != 8 && width != 16 && width != 32) return damaged(box, error);
    if (bytes.failed || count > (uint64_t)rp_bytes_left(&bytes) * 8 / width)
        return damaged(box, error);
    track->sizes = rp_arena_array(arena, count, sizeof *track->sizes);
    if (track->sizes == NULL) return rp_fail_memory(error, "sample sizes");
    const uint8_t *at = bytes.data + bytes.position;
    for (uint32_t i = 0; i < count; i++) {
        if (width == 32) track->sizes[i] = rp_be32(at + 4 * (size_t)i);
        else if (width == 16) track->sizes[i] = rp_be16(at + 2 * (size_t)i);
        else if (width == 8) track->sizes[i] = at[i];
        else track->sizes[i] = at[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15;
    }
    return RP_OK;
}

static rp_status read_runs(rp_media_runs *runs, const uint8_t *data, const rp_media_box *box,
                           rp_arena *arena, rp_error *error) {
    unsigned version;
    rp_bytes bytes = payload(data, box, &version);
    const bool is_signed = box->type == RP_MEDIA_TYPE('c', 't', 't', 's');
    const uint32_t count = table_count(&bytes, 8);
    for (uint32_t i = 0; i < count && !arena->failed; i++) {
        const uint32_t samples = rp_bytes_be32(&bytes), value = rp_bytes_be32(&bytes);
        /* Version 0 is unsigned by the letter, but QuickTime writes negative offsets in it. */
        rp_media_runs_add(runs, arena, samples, is_signed ? (int32_t)value : (int64_t)value);
    }
    if (arena->failed) return rp_fail_memory(error, "sample times");
    return bytes.failed ? damaged(box, error) : RP_OK;
}

static rp_status read_syncs(rp_media_track *track, const uint8_t *data, const rp_media_box *box,
                            rp_arena *arena, rp_error *error) {
    unsigned version;
    rp_bytes bytes = payload(data, box, &version);
    const uint32_t count = table_count(&bytes, 4);
    track->syncs = rp_arena_array(arena, count, sizeof *track->syncs);
    if (track->syncs == NULL) return rp_fail_memory(error, "sync samples");
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t number = rp_bytes_be32(&bytes);
        const uint32_t least = i == 0 ? 1 : track->syncs[i - 1] + 2;
        if (number < least) return damaged(box, error);
        track->syncs[i] = number - 1;
    }
    track->sync_count = count;
    track->has_stss = true;
    return bytes.failed ? damaged(box, error) : RP_OK;
}

/* Sizes of a chunk's samples, added up; stops counting at what the table has. */
static uint64_t chunk_bytes(const rp_media_track *track, uint64_t first, uint64_t count) {
    if (track->constant_size != 0) return count * track->constant_size;
    uint64_t sum = 0;
    for (uint64_t i = first; i < first + count; i++) sum += track->sizes[i];
    return sum;
}

/* Joins stsc and stco to chunks. */
static rp_status read_chunks(rp_media_track *track, const uint8_t *data, const rp_media_box *stco,
                             const rp_media_box *stsc, rp_arena *arena, rp_error *error) {
    const bool is_wide = stco->type == RP_MEDIA_TYPE('c', 'o', '6', '4');
    unsigned version;
    rp_bytes offsets = payload(data, stco, &version), rules = payload(data, stsc, &version);
    const uint32_t chunk_count = table_count(&offsets, is_wide ? 8 : 4);
    const uint32_t rule_count = table_count(&rules, 12);
    if (offsets.failed) return damaged(stco, error);
    if (rules.failed || (rule_count == 0 && chunk_count > 0)) return damaged(stsc, error);
    track->chunks = rp_arena_array(arena, chunk_count, sizeof *track->chunks);
    if (track->chunks == NULL) return rp_fail_memory(error, "chunks");
    const uint8_t *rule = rules.data + rules.position;
    uint64_t first = 0;
    uint32_t used = 0; /* rules before this one are over */
    for (uint32_t i = 0; i < chunk_count && first < track->sample_count; i++) {
        while (used + 1 < rule_count && rp_be32(rule + 12 * ((size_t)used + 1)) <= i + 1) used++;
        uint64_t count = rp_be32(rule + 12 * (size_t)used + 4);
        if (count > track->sample_count - first) count = track->sample_count - first;
        const uint64_t offset = is_wide ? rp_bytes_be64(&offsets) : rp_bytes_be32(&offsets);
        if (count == 0) continue;
        track->chunks[track->chunk_count++] =
            (rp_media_chunk){.offset = offset,
                             .first = first,
                             .count = count,
                             .size = chunk_bytes(track, first, count)};
        first += count;
    }
    track->sample_count = first;
    return RP_OK;
}

static rp_status read_tables(rp_media_track *track, const uint8_t *data, rp_arena *arena,
                             rp_error *error) {
    rp_media_box box, stsc;
    const rp_media_box *stbl = &track->stbl;
    if (rp_media_box_find(&box, data, stbl, RP_MEDIA_TYPE('s', 't', 's', 'd')))
        RP_TRY(read_entry(track, data, &box));
    if (rp_media_box_find(&box, data, stbl, RP_MEDIA_TYPE('s', 't', 's', 'z')) ||
        rp_media_box_find(&box, data, stbl, RP_MEDIA_TYPE('s', 't', 'z', '2')))
        RP_TRY(read_sizes(track, data, &box, arena, error));
    if (rp_media_box_find(&box, data, stbl, RP_MEDIA_TYPE('s', 't', 't', 's')))
        RP_TRY(read_runs(&track->durations, data, &box, arena, error));
    if (rp_media_box_find(&box, data, stbl, RP_MEDIA_TYPE('c', 't', 't', 's')))
        RP_TRY(read_runs(&track->compositions, data, &box, arena, error));
    if (rp_media_box_find(&box, data, stbl, RP_MEDIA_TYPE('s', 't', 's', 's')))
        RP_TRY(read_syncs(track, data, &box, arena, error));
    const bool has_chunks =
        rp_media_box_find(&box, data, stbl, RP_MEDIA_TYPE('s', 't', 'c', 'o')) ||
        rp_media_box_find(&box, data, stbl, RP_MEDIA_TYPE('c', 'o', '6', '4'));
    if (!has_chunks || !rp_media_box_find(&stsc, data, stbl, RP_MEDIA_TYPE('s', 't', 's', 'c'))) {
        track->sample_count = 0;
        return RP_OK;
    }
    return read_chunks(track, data, &box, &stsc, arena, error);
}

/* --- tracks and movie -------------------------------------------------------------------- */

static rp_status read_track(rp_media_track *track, const uint8_t *data, const rp_media_box *trak,
                            rp_arena *arena, rp_error *error) {
    rp_media_box box, mdia, minf;
    unsigned version;
    track->trak = *trak;
    track->timescale = 1;
    if (rp_media_box_find(&box, data, trak, RP_MEDIA_TYPE('t', 'k', 'h', 'd'))) {
        rp_bytes bytes = payload(data, &box, &version);
        rp_bytes_skip(&bytes, version == 1 ? 16 : 8);
        track->id = rp_bytes_be32(&bytes);
        if (bytes.failed) return damaged(&box, error);
    }
    if (rp_media_box_find(&box, data, trak, RP_MEDIA_TYPE('t', 'r', 'e', 'f')))
        read_reference(track, data, &box);
    if (rp_media_box_find(&box, data, trak, RP_MEDIA_TYPE('e', 'd', 't', 's')))
        RP_TRY(read_edits(track, data, &box, arena, error));
    if (!rp_media_box_find(&mdia, data, trak, RP_MEDIA_TYPE('m', 'd', 'i', 'a'))) return RP_OK;
    RP_TRY(read_media_header(track, data, &mdia, error));
    if (!rp_media_box_find(&minf, data, &mdia, RP_MEDIA_TYPE('m', 'i', 'n', 'f'))) return RP_OK;
    if (!rp_media_box_find(&track->stbl, data, &minf, RP_MEDIA_TYPE('s', 't', 'b', 'l')))
        return RP_OK;
    return read_tables(track, data, arena, error);
}

static rp_status read_moov(rp_media_movie *movie, rp_arena *arena, rp_error *error) {
    const uint8_t *data = movie->data;
    rp_media_box box;
    unsigned version;
    movie->timescale = 1;
    movie->tracks = rp_arena_array(arena, RP_MEDIA_TRACKS_MAX, sizeof *movie->tracks);
    if (movie->tracks == NULL) return rp_fail_memory(error, "tracks");
    rp_media_box_walk walk = rp_media_box_inside(data, &movie->moov, 0);
    while (rp_media_box_next(&box, &walk)) {
        if (box.type == RP_MEDIA_TYPE('m', 'v', 'h', 'd')) {
            rp_bytes bytes = payload(data, &box, &version);
            read_times(&bytes, version, &movie->timescale, &movie->duration);
            if (bytes.failed) return damaged(&box, error);
        } else if (box.type == RP_MEDIA_TYPE('m', 'v', 'e', 'x')) {
            movie->is_fragmented = true;
        } else if (box.type == RP_MEDIA_TYPE('t', 'r', 'a', 'k')) {
            if (movie->track_count == RP_MEDIA_TRACKS_MAX)
                return rp_fail(error, RP_INPUT, (int64_t)box.offset,
                               "byte %llu: more than %d tracks", (unsigned long long)box.offset,
                               RP_MEDIA_TRACKS_MAX);
            RP_TRY(read_track(&movie->tracks[movie->track_count++], data, &box, arena, error));
        }
    }
    movie->has_index = movie->track_count > 0;
    return RP_OK;
}

rp_status rp_media_movie_read(rp_media_movie *movie, const uint8_t *data, uint64_t size,
                              rp_arena *arena, rp_error *error) {
    *movie = (rp_media_movie){.data = data, .size = size, .timescale = 1};
    rp_media_box_walk walk = {.data = data, .end = size};
    rp_media_box box;
    while (rp_media_box_next(&box, &walk)) {
        if (box.type == RP_MEDIA_TYPE('f', 't', 'y', 'p') && movie->ftyp.size == 0)
            movie->ftyp = box;
        if (box.type == RP_MEDIA_TYPE('m', 'o', 'o', 'v') && movie->moov.size == 0 && !box.is_cut)
            movie->moov = box;
        const bool is_moof = box.type == RP_MEDIA_TYPE('m', 'o', 'o', 'f');
        movie->moof_count += is_moof;
        movie->misses_fragments |= is_moof && box.is_cut;
    }
    if (movie->moov.size == 0) return RP_OK;
    RP_TRY(read_moov(movie, arena, error));
    if (movie->moof_count > 0) RP_TRY(rp_media_fragments_read(movie, arena, error));
    return RP_OK;
}

/* --- walking ----------------------------------------------------------------------------- */

rp_media_cursor rp_media_cursor_begin(const rp_media_track *track) {
    rp_media_cursor cursor = {.track = track,
                              .durations = {.runs = &track->durations},
                              .compositions = {.runs = &track->compositions}};
    if (track->chunk_count > 0) cursor.offset = track->chunks[0].offset;
    return cursor;
}

int64_t rp_media_runs_next(rp_media_runs_reader *reader) {
    const rp_media_runs *runs = reader->runs;
    while (reader->run < runs->count && reader->in_run == runs->items[reader->run].count) {
        reader->run++;
        reader->in_run = 0;
    }
    if (reader->run == runs->count) return 0;
    reader->in_run++;
    return runs->items[reader->run].value;
}

bool rp_media_cursor_next(rp_media_sample *sample, rp_media_cursor *cursor) {
    const rp_media_track *track = cursor->track;
    if (cursor->index >= track->sample_count || cursor->chunk >= track->chunk_count) return false;
    const rp_media_chunk *chunk = &track->chunks[cursor->chunk];
    const bool listed =
        cursor->sync < track->sync_count && track->syncs[cursor->sync] == cursor->index;
    *sample = (rp_media_sample){
        .index = cursor->index,
        .offset = cursor->offset,
        .dts = cursor->dts,
        .size = track->sizes != NULL ? track->sizes[cursor->index] : track->constant_size,
        .is_sync = !track->has_stss || listed};
    sample->duration = (uint32_t)rp_media_runs_next(&cursor->durations);
    sample->composition = (int32_t)rp_media_runs_next(&cursor->compositions);
    cursor->sync += listed;
    cursor->dts += sample->duration;
    cursor->offset += sample->size;
    cursor->index++;
    if (++cursor->in_chunk == chunk->count) {
        cursor->chunk++;
        cursor->in_chunk = 0;
        if (cursor->chunk < track->chunk_count)
            cursor->offset = track->chunks[cursor->chunk].offset;
    }
    return true;
}
