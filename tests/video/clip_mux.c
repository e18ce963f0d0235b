/* clip_mux.c: see clip_mux.h. */
#include "video/clip_mux.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/compiler.h"

/* ---- boxes ---- */

static void put16(rp_text *out, uint32_t value) {
    const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    rp_text_add_bytes(out, bytes, 2);
}

static void put32(rp_text *out, uint32_t value) {
    uint8_t bytes[4];
    rp_put_be32(bytes, value);
    rp_text_add_bytes(out, bytes, 4);
}

static void put64(rp_text *out, uint64_t value) {
    put32(out, (uint32_t)(value >> 32));
    put32(out, (uint32_t)value);
}

static void put_zeros(rp_text *out, size_t count) {
    for (size_t i = 0; i < count; i++) rp_text_add_char(out, 0);
}

static size_t open_box(rp_text *out, const char *type) {
    const size_t at = out->length;
    put32(out, 0);
    rp_text_add_bytes(out, type, 4);
    return at;
}

static size_t open_full(rp_text *out, const char *type, uint32_t version_and_flags) {
    const size_t at = open_box(out, type);
    put32(out, version_and_flags);
    return at;
}

static void close_box(rp_text *out, size_t at) {
    rp_put_be32((uint8_t *)out->data + at, (uint32_t)(out->length - at));
}

/* ---- chunks ---- */

void clip_add_chunk(struct clip_movie *movie, uint32_t track, uint64_t first, uint64_t count,
                    bool joins) {
    if (count == 0) return;
    struct clip_chunk *last =
        movie->chunk_count > 0 ? &movie->chunks[movie->chunk_count - 1] : NULL;
    if (joins && last != NULL && last->track == track) {
        last->count += count;
        return;
    }
    if (movie->chunk_count == movie->chunk_capacity) {
        movie->chunk_capacity = movie->chunk_capacity == 0 ? 64 : movie->chunk_capacity * 2;
        movie->chunks = realloc(movie->chunks, movie->chunk_capacity * sizeof *movie->chunks);
        if (movie->chunks == NULL) abort();
    }
    movie->chunks[movie->chunk_count++] =
        (struct clip_chunk){.track = track, .first = first, .count = count};
}

static void write_chunk(rp_text *out, struct clip_movie *movie, struct clip_chunk *chunk) {
    struct clip_track *track = &movie->tracks[chunk->track];
    assert(chunk->first + chunk->count <= track->count);
    chunk->offset = out->length;
    if (track->samples == NULL) {
        rp_text_add_bytes(out, track->pcm + chunk->first * track->frame_bytes,
                          (size_t)chunk->count * track->frame_bytes);
        return;
    }
    for (uint64_t i = chunk->first; i < chunk->first + chunk->count; i++) {
        track->samples[i].offset = out->length;
        rp_text_add_bytes(out, track->samples[i].data, track->samples[i].size);
    }
}

/* ---- sample tables ---- */

static uint32_t duration_of(const struct clip_track *track, uint64_t index) {
    return track->samples == NULL ? 1 : track->samples[index].duration;
}

static uint64_t total_duration(const struct clip_track *track) {
    uint64_t total = 0;
    for (uint64_t i = 0; i < track->count; i++) total += duration_of(track, i);
    return total;
}

/* stts and ctts: runs of (count, value). */
static void write_runs(rp_text *out, const struct clip_track *track, bool is_ctts) {
    const size_t box = open_full(out, is_ctts ? "ctts" : "stts", 0), count_at = out->length;
    uint32_t runs = 0;
    put32(out, 0);
    for (uint64_t i = 0; i < track->count;) {
        const uint32_t value =
            is_ctts ? (uint32_t)track->samples[i].composition : duration_of(track, i);
        uint64_t end = track->samples == NULL ? track->count : i + 1;
        while (end < track->count && track->samples != NULL &&
               (is_ctts ? (uint32_t)track->samples[end].composition : duration_of(track, end)) ==
                   value)
            end++;
        put32(out, (uint32_t)(end - i));
        put32(out, value);
        i = end;
        runs++;
    }
    rp_put_be32((uint8_t *)out->data + count_at, runs);
    close_box(out, box);
}

static void write_chunk_tables(rp_text *out, const struct clip_movie *movie, uint32_t number) {
    size_t box = open_full(out, "stsc", 0), count_at = out->length;
    uint32_t rows = 0, chunks = 0;
    uint64_t before = 0;
    put32(out, 0);
    for (size_t i = 0; i < movie->chunk_count; i++) {
        if (movie->chunks[i].track != number) continue;
        chunks++;
        if (movie->chunks[i].count == before) continue;
        before = movie->chunks[i].count;
        put32(out, chunks);
        put32(out, (uint32_t)before);
        put32(out, 1);
        rows++;
    }
    rp_put_be32((uint8_t *)out->data + count_at, rows);
    close_box(out, box);
    box = open_full(out, "stco", 0);
    put32(out, chunks);
    for (size_t i = 0; i < movie->chunk_count; i++)
        if (movie->chunks[i].track == number) put32(out, (uint32_t)movie->chunks[i].offset);
    close_box(out, box);
}

static void write_sizes(rp_text *out, const struct clip_track *track) {
    const size_t box = open_full(out, "stsz", 0);
    put32(out, track->frame_bytes);
    put32(out, (uint32_t)track->count);
    for (uint64_t i = 0; track->frame_bytes == 0 && i < track->count; i++)
        put32(out, track->samples[i].size);
    close_box(out, box);
}

static void write_syncs(rp_text *out, const struct clip_track *track) {
    uint32_t syncs = 0;
    for (uint64_t i = 0; i < track->count; i++) syncs += track->samples[i].is_sync;
    if (syncs == track->count) return;
    const size_t box = open_full(out, "stss", 0);
    put32(out, syncs);
    for (uint64_t i = 0; i < track->count; i++)
        if (track->samples[i].is_sync) put32(out, (uint32_t)i + 1);
    close_box(out, box);
}

static bool has_compositions(const struct clip_track *track) {
    for (uint64_t i = 0; track->samples != NULL && i < track->count; i++)
        if (track->samples[i].composition != 0) return true;
    return false;
}

static void write_stbl(rp_text *out, const struct clip_movie *movie, uint32_t number) {
    struct clip_track track = movie->tracks[number];
    if (movie->fragment_frames > 0) track.count = 0;
    const size_t stbl = open_box(out, "stbl"), stsd = open_full(out, "stsd", 0);
    put32(out, 1);
    rp_text_add_bytes(out, track.entry, track.entry_size);
    close_box(out, stsd);
    write_runs(out, &track, false);
    if (has_compositions(&track)) write_runs(out, &track, true);
    if (movie->fragment_frames > 0) {
        static const char *const empty[] = {"stsc", "stco"};
        for (size_t i = 0; i < RP_COUNT(empty); i++) {
            const size_t box = open_full(out, empty[i], 0);
            put32(out, 0);
            close_box(out, box);
        }
    } else {
        write_chunk_tables(out, movie, number);
    }
    write_sizes(out, &track);
    if (track.samples != NULL && strcmp(track.handler, "vide") == 0 && track.count > 0)
        write_syncs(out, &track);
    close_box(out, stbl);
}

/* ---- the movie ---- */

static void write_matrix(rp_text *out) {
    static const uint32_t matrix[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
    for (size_t i = 0; i < RP_COUNT(matrix); i++) put32(out, matrix[i]);
}

static uint64_t movie_duration(const struct clip_movie *movie, const struct clip_track *track) {
    if (movie->fragment_frames > 0) return 0;
    const uint64_t ticks =
        total_duration(track) - (track->media_time > 0 ? (uint64_t)track->media_time : 0);
    return ticks * movie->timescale / track->timescale;
}

static void write_track_head(rp_text *out, const struct clip_movie *movie, uint32_t number) {
    const struct clip_track *track = &movie->tracks[number];
    const uint64_t duration = movie_duration(movie, track);
    size_t box = open_full(out, "tkhd", 7);
    put64(out, 0xe6138a7be6138a7b);
    put32(out, number + 1);
    put32(out, 0);
    put32(out, (uint32_t)duration);
    put_zeros(out, 12);
    put16(out, strcmp(track->handler, "soun") == 0 ? 0x100 : 0);
    put16(out, 0);
    write_matrix(out);
    put32(out, (uint32_t)track->width << 16);
    put32(out, (uint32_t)track->height << 16);
    close_box(out, box);
    if (track->cdsc > 0) {
        box = open_box(out, "tref");
        const size_t inner = open_box(out, "cdsc");
        put32(out, track->cdsc);
        close_box(out, inner);
        close_box(out, box);
    }
    if (track->media_time < 0) return;
    box = open_box(out, "edts");
    const size_t elst = open_full(out, "elst", 0);
    put32(out, 1);
    put32(out, (uint32_t)duration);
    put32(out, (uint32_t)track->media_time);
    put32(out, 0x10000);
    close_box(out, elst);
    close_box(out, box);
}

static void write_media_head(rp_text *out, const struct clip_movie *movie,
                             const struct clip_track *track) {
    size_t box = open_full(out, "mdhd", 0);
    put64(out, 0xe6138a7be6138a7b);
    put32(out, track->timescale);
    put32(out, movie->fragment_frames > 0 ? 0 : (uint32_t)total_duration(track));
    put32(out, 0x55c40000);
    close_box(out, box);
    box = open_full(out, "hdlr", 0);
    put32(out, 0);
    rp_text_add_bytes(out, track->handler, 4);
    put_zeros(out, 12);
    rp_text_add_bytes(out, track->name, strlen(track->name) + 1);
    close_box(out, box);
}

static void write_trak(rp_text *out, const struct clip_movie *movie, uint32_t number) {
    const struct clip_track *track = &movie->tracks[number];
    const size_t trak = open_box(out, "trak");
    write_track_head(out, movie, number);
    const size_t mdia = open_box(out, "mdia");
    write_media_head(out, movie, track);
    const size_t minf = open_box(out, "minf");
    size_t box;
    if (strcmp(track->handler, "vide") == 0) {
        box = open_full(out, "vmhd", 1);
        put64(out, 0);
    } else if (strcmp(track->handler, "soun") == 0) {
        box = open_full(out, "smhd", 0);
        put32(out, 0);
    } else {
        box = open_full(out, "nmhd", 0);
    }
    close_box(out, box);
    box = open_box(out, "dinf");
    const size_t dref = open_full(out, "dref", 0);
    put32(out, 1);
    close_box(out, open_full(out, "url ", 1));
    close_box(out, dref);
    close_box(out, box);
    write_stbl(out, movie, number);
    close_box(out, minf);
    close_box(out, mdia);
    close_box(out, trak);
}

static void write_moov(rp_text *out, const struct clip_movie *movie) {
    uint64_t longest = 0;
    for (uint32_t i = 0; i < movie->track_count; i++) {
        const uint64_t duration = movie_duration(movie, &movie->tracks[i]);
        if (duration > longest) longest = duration;
    }
    const size_t moov = open_box(out, "moov");
    size_t box = open_full(out, "mvhd", 0);
    put64(out, 0xe6138a7be6138a7b);
    put32(out, movie->timescale);
    put32(out, (uint32_t)longest);
    put32(out, 0x10000);
    put16(out, 0x100);
    put_zeros(out, 10);
    write_matrix(out);
    put_zeros(out, 24);
    put32(out, movie->track_count + 1);
    close_box(out, box);
    for (uint32_t i = 0; i < movie->track_count; i++) write_trak(out, movie, i);
    if (movie->fragment_frames > 0) {
        box = open_box(out, "mvex");
        for (uint32_t i = 0; i < movie->track_count; i++) {
            const size_t trex = open_full(out, "trex", 0);
            put32(out, i + 1);
            put32(out, 1);
            put_zeros(out, 12);
            close_box(out, trex);
        }
        close_box(out, box);
    }
    close_box(out, moov);
}

/* ---- fragments ---- */

static void write_traf(rp_text *out, const struct clip_track *track, uint32_t number,
                       const struct clip_chunk *chunk, size_t *offset_at) {
    const size_t traf = open_box(out, "traf");
    size_t box = open_full(out, "tfhd", 0x020000); /* offsets count from the moof */
    put32(out, number + 1);
    close_box(out, box);
    uint64_t begins = 0;
    for (uint64_t i = 0; i < chunk->first; i++) begins += duration_of(track, i);
    box = open_full(out, "tfdt", 0x01000000);
    put64(out, begins);
    close_box(out, box);
    box = open_full(out, "trun", 0x01000f01); /* offset, duration, size, flags, composition */
    put32(out, (uint32_t)chunk->count);
    *offset_at = out->length;
    put32(out, 0);
    for (uint64_t i = chunk->first; i < chunk->first + chunk->count; i++) {
        put32(out, track->samples[i].duration);
        put32(out, track->samples[i].size);
        put32(out, track->samples[i].is_sync ? 0x02000000 : 0x01010000);
        put32(out, (uint32_t)track->samples[i].composition);
    }
    close_box(out, box);
    close_box(out, traf);
}

/* The chunks from `first` on up to the next one of the first track make one fragment. */
static size_t write_fragment(rp_text *out, struct clip_movie *movie, size_t first,
                             uint32_t sequence) {
    size_t end = first + 1, offsets[CLIP_TRACKS_MAX], count = 0;
    while (end < movie->chunk_count && movie->chunks[end].track != 0) end++;
    const size_t moof = open_box(out, "moof"), mfhd = open_full(out, "mfhd", 0);
    put32(out, sequence);
    close_box(out, mfhd);
    for (size_t i = first; i < end; i++)
        write_traf(out, &movie->tracks[movie->chunks[i].track], movie->chunks[i].track,
                   &movie->chunks[i], &offsets[count++]);
    close_box(out, moof);
    const size_t mdat = open_box(out, "mdat");
    for (size_t i = first; i < end; i++) {
        rp_put_be32((uint8_t *)out->data + offsets[i - first], (uint32_t)(out->length - moof));
        write_chunk(out, movie, &movie->chunks[i]);
    }
    close_box(out, mdat);
    return end;
}

void clip_write(rp_text *out, struct clip_movie *movie) {
    const size_t ftyp = open_box(out, "ftyp");
    rp_text_add_bytes(out, movie->brands, 4);
    put32(out, 0x200);
    rp_text_add_bytes(out, movie->brands, strlen(movie->brands));
    close_box(out, ftyp);
    if (movie->fragment_frames > 0) {
        write_moov(out, movie);
        uint32_t sequence = 1;
        for (size_t i = 0; i < movie->chunk_count;) i = write_fragment(out, movie, i, sequence++);
        return;
    }
    if (movie->has_wide) close_box(out, open_box(out, "wide"));
    const size_t header = movie->has_large_mdat ? 16 : 8;
    if (movie->payload_at > 0) {
        const size_t box = open_box(out, "free");
        put_zeros(out, movie->payload_at - header - out->length);
        close_box(out, box);
    }
    const size_t mdat = open_box(out, "mdat");
    if (movie->has_large_mdat) put64(out, 0);
    for (size_t i = 0; i < movie->chunk_count; i++) write_chunk(out, movie, &movie->chunks[i]);
    if (movie->has_large_mdat) {
        rp_put_be32((uint8_t *)out->data + mdat, 1);
        rp_put_be64((uint8_t *)out->data + mdat + 8, out->length - mdat);
    } else {
        close_box(out, mdat);
    }
    write_moov(out, movie);
}

void clip_movie_clear(struct clip_movie *movie) {
    rp_arena_clear(&movie->arena);
    free(movie->chunks);
    *movie = (struct clip_movie){0};
}
