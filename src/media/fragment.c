/* fragment.c: see fragment.h. Two passes: count the samples and runs of each track, so that the
 * tables are allocated once; then fill them in. */
#include "media/fragment.h"

#include <string.h>

#include "base/bytes.h"

enum { /* tfhd flags (8.8.7.1) and trun flags (8.8.8.1) */
       BASE_DATA_OFFSET = 1,
       DESCRIPTION_INDEX = 2,
       DEFAULT_DURATION = 8,
       DEFAULT_SIZE = 16,
       DEFAULT_FLAGS = 32,
       DEFAULT_BASE_IS_MOOF = 0x20000,
       RUN_DATA_OFFSET = 1,
       RUN_FIRST_FLAGS = 4,
       RUN_DURATION = 0x100,
       RUN_SIZE = 0x200,
       RUN_FLAGS = 0x400,
       RUN_COMPOSITION = 0x800,
       SAMPLE_IS_NOT_SYNC = 0x10000
};

typedef struct defaults {
    uint32_t duration, size, flags;
} defaults;

typedef struct joining {
    rp_media_movie *movie;
    rp_arena *arena;
    defaults trex[RP_MEDIA_TRACKS_MAX];
    uint64_t samples[RP_MEDIA_TRACKS_MAX], chunks[RP_MEDIA_TRACKS_MAX]; /* found in pass one */
    uint64_t ticks[RP_MEDIA_TRACKS_MAX];                                /* end of the last sample */
    bool is_counting;
} joining;

static rp_bytes full_payload(const uint8_t *data, const rp_media_box *box, uint32_t *flags) {
    rp_bytes bytes = {.data = rp_media_box_payload(data, box),
                      .size = (size_t)rp_media_box_payload_size(box)};
    *flags = rp_bytes_be32(&bytes);
    return bytes;
}

static size_t track_of_id(const rp_media_movie *movie, uint32_t id) {
    size_t at = 0;
    while (at < movie->track_count && movie->tracks[at].id != id) at++;
    return at;
}

static void read_trex(joining *join) {
    const uint8_t *data = join->movie->data;
    rp_media_box mvex, box;
    if (!rp_media_box_find(&mvex, data, &join->movie->moov, RP_MEDIA_TYPE('m', 'v', 'e', 'x')))
        return;
    rp_media_box_walk walk = rp_media_box_inside(data, &mvex, 0);
    while (rp_media_box_next(&box, &walk)) {
        if (box.type != RP_MEDIA_TYPE('t', 'r', 'e', 'x')) continue;
        uint32_t flags;
        rp_bytes bytes = full_payload(data, &box, &flags);
        const size_t at = track_of_id(join->movie, rp_bytes_be32(&bytes));
        rp_bytes_skip(&bytes, 4);
        defaults row = {.duration = rp_bytes_be32(&bytes)};
        row.size = rp_bytes_be32(&bytes);
        row.flags = rp_bytes_be32(&bytes);
        if (!bytes.failed && at < join->movie->track_count) join->trex[at] = row;
    }
}

/* One sample joins the tables of track `at`; a sample that continues the last chunk joins it. */
static void add_sample(joining *join, size_t at, uint64_t offset, const defaults *is,
                       int32_t composition) {
    rp_media_track *track = &join->movie->tracks[at];
    const uint64_t index = track->sample_count++;
    track->sizes[index] = is->size;
    track->fragment_syncs[index] = (is->flags & SAMPLE_IS_NOT_SYNC) == 0;
    rp_media_runs_add(&track->durations, join->arena, 1, is->duration);
    rp_media_runs_add(&track->compositions, join->arena, 1, composition);
    rp_media_chunk *last = track->chunk_count > 0 ? &track->chunks[track->chunk_count - 1] : NULL;
    if (last == NULL || last->offset + last->size != offset) {
        last = &track->chunks[track->chunk_count++];
        *last = (rp_media_chunk){.offset = offset, .first = index};
    }
    last->count++;
    last->size += is->size;
}

/* Reads one trun; *offset moves behind its samples, which count for nothing where moov does not
 * know the track (`at` is the number of tracks). False where it is damaged. */
static bool read_run(joining *join, size_t at, const rp_media_box *trun, const defaults *base,
                     uint64_t origin, uint64_t *offset) {
    uint32_t flags, first_flags = base->flags;
    rp_bytes bytes = full_payload(join->movie->data, trun, &flags);
    const uint32_t count = rp_bytes_be32(&bytes);
    if (flags & RUN_DATA_OFFSET)
        *offset = origin + (uint64_t)(int64_t)(int32_t)rp_bytes_be32(&bytes);
    const bool has_first = (flags & RUN_FIRST_FLAGS) != 0;
    if (has_first) first_flags = rp_bytes_be32(&bytes);
    size_t entry = 0;
    for (uint32_t flag = RUN_DURATION; flag <= RUN_COMPOSITION; flag <<= 1)
        entry += (flags & flag) != 0 ? 4 : 0;
    if (bytes.failed || (entry > 0 && count > rp_bytes_left(&bytes) / entry)) return false;
    /* Without a field a sample each, the count is bounded by the bytes the samples would take. */
    if (entry == 0 && (base->size == 0 || count > join->movie->size / base->size)) return false;
    const bool is_known = at < join->movie->track_count;
    if (join->is_counting && is_known) join->chunks[at]++;
    for (uint32_t i = 0; i < count; i++) {
        defaults is = *base;
        int32_t composition = 0;
        if (i == 0 && has_first) is.flags = first_flags;
        if (flags & RUN_DURATION) is.duration = rp_bytes_be32(&bytes);
        if (flags & RUN_SIZE) is.size = rp_bytes_be32(&bytes);
        if (flags & RUN_FLAGS) is.flags = rp_bytes_be32(&bytes);
        if (flags & RUN_COMPOSITION) composition = (int32_t)rp_bytes_be32(&bytes);
        if (*offset > join->movie->size || is.size > join->movie->size - *offset) {
            join->movie->misses_fragments = true;
            return false;
        }
        *offset += is.size;
        if (!is_known) continue;
        if (join->is_counting) join->samples[at]++;
        else add_sample(join, at, *offset - is.size, &is, composition);
        join->ticks[at] += is.duration;
    }
    return true;
}

/* A gap that tfdt leaves after the last sample belongs to that sample's duration. */
static void move_to_tfdt(joining *join, size_t at, const rp_media_box *traf) {
    rp_media_box tfdt;
    if (!rp_media_box_find(&tfdt, join->movie->data, traf, RP_MEDIA_TYPE('t', 'f', 'd', 't')))
        return;
    uint32_t flags;
    rp_bytes bytes = full_payload(join->movie->data, &tfdt, &flags);
    const uint64_t start = flags >> 24 == 1 ? rp_bytes_be64(&bytes) : rp_bytes_be32(&bytes);
    rp_media_runs *runs = &join->movie->tracks[at].durations;
    if (bytes.failed || start <= join->ticks[at] || start - join->ticks[at] > UINT32_MAX / 2)
        return;
    const int64_t gap = (int64_t)(start - join->ticks[at]);
    join->ticks[at] = start;
    if (join->is_counting || runs->count == 0) return;
    rp_media_run *last = &runs->items[runs->count - 1];
    const int64_t longer = last->value + gap;
    if (--last->count == 0) runs->count--;
    rp_media_runs_add(runs, join->arena, 1, longer);
}

/* `*data_end`: the end of the data of the track fragment before; of the first one, the beginning of
 * the moof. Offsets count from there where tfhd does not say otherwise (8.8.7.1). */
static bool read_traf(joining *join, const rp_media_box *traf, uint64_t moof_offset,
                      uint64_t *data_end) {
    const uint8_t *data = join->movie->data;
    rp_media_box box;
    uint32_t flags;
    if (!rp_media_box_find(&box, data, traf, RP_MEDIA_TYPE('t', 'f', 'h', 'd'))) return false;
    rp_bytes bytes = full_payload(data, &box, &flags);
    const size_t at = track_of_id(join->movie, rp_bytes_be32(&bytes));
    const bool is_known = at < join->movie->track_count;
    defaults base = is_known ? join->trex[at] : (defaults){0};
    uint64_t origin = flags & DEFAULT_BASE_IS_MOOF ? moof_offset : *data_end;
    if (flags & BASE_DATA_OFFSET) origin = rp_bytes_be64(&bytes);
    if (flags & DESCRIPTION_INDEX) rp_bytes_skip(&bytes, 4);
    if (flags & DEFAULT_DURATION) base.duration = rp_bytes_be32(&bytes);
    if (flags & DEFAULT_SIZE) base.size = rp_bytes_be32(&bytes);
    if (flags & DEFAULT_FLAGS) base.flags = rp_bytes_be32(&bytes);
    if (bytes.failed) return false;
    if (is_known) move_to_tfdt(join, at, traf);
    uint64_t offset = origin;
    rp_media_box_walk walk = rp_media_box_inside(data, traf, 0);
    while (rp_media_box_next(&box, &walk)) {
        if (box.type != RP_MEDIA_TYPE('t', 'r', 'u', 'n')) continue;
        const bool is_sound = read_run(join, at, &box, &base, origin, &offset);
        *data_end = offset;
        if (!is_sound) return false;
    }
    return true;
}

/* All moofs in file order. A cut run ends the walk of its track only. */
static void read_all(joining *join) {
    const rp_media_movie *movie = join->movie;
    rp_media_box_walk top = {.data = movie->data, .end = movie->size};
    rp_media_box moof, traf;
    memset(join->ticks, 0, sizeof join->ticks);
    while (rp_media_box_next(&moof, &top)) {
        if (moof.type != RP_MEDIA_TYPE('m', 'o', 'o', 'f') || moof.is_cut) continue;
        uint64_t data_end = moof.offset;
        rp_media_box_walk walk = rp_media_box_inside(movie->data, &moof, 0);
        while (rp_media_box_next(&traf, &walk)) {
            if (traf.type != RP_MEDIA_TYPE('t', 'r', 'a', 'f')) continue;
            (void)read_traf(join, &traf, moof.offset,
                            &data_end); /* a damaged one gives what it has */
        }
    }
}

/* Tables with room for what moov and the moofs hold together. */
static bool grow_tables(joining *join, size_t at) {
    rp_media_track *track = &join->movie->tracks[at];
    const uint64_t count = track->sample_count + join->samples[at];
    uint32_t *sizes = rp_arena_array(join->arena, count, sizeof *sizes);
    uint8_t *syncs = rp_arena_array(join->arena, count, 1);
    rp_media_chunk *chunks =
        rp_arena_array(join->arena, track->chunk_count + join->chunks[at], sizeof *chunks);
    if (sizes == NULL || syncs == NULL || chunks == NULL) return false;
    for (uint64_t i = 0; i < track->sample_count; i++) {
        sizes[i] = track->sizes != NULL ? track->sizes[i] : track->constant_size;
        syncs[i] = !track->has_stss;
    }
    for (size_t i = 0; i < track->sync_count; i++)
        if (track->syncs[i] < track->sample_count) syncs[track->syncs[i]] = 1;
    if (track->chunk_count > 0) memcpy(chunks, track->chunks, track->chunk_count * sizeof *chunks);
    track->sizes = sizes;
    track->fragment_syncs = syncs;
    track->chunks = chunks;
    track->constant_size = 0;
    return true;
}

/* The flags become a list of sync samples, or none where all are. */
static bool list_syncs(rp_media_track *track, rp_arena *arena) {
    size_t count = 0;
    for (uint64_t i = 0; i < track->sample_count; i++) count += track->fragment_syncs[i];
    track->has_stss = count < track->sample_count;
    track->syncs = rp_arena_array(arena, count, sizeof *track->syncs);
    track->sync_count = 0;
    for (uint64_t i = 0; track->syncs != NULL && i < track->sample_count; i++)
        if (track->fragment_syncs[i]) track->syncs[track->sync_count++] = (uint32_t)i;
    return track->syncs != NULL;
}

rp_status rp_media_fragments_read(rp_media_movie *movie, rp_arena *arena, rp_error *error) {
    joining *join = rp_arena_alloc(arena, sizeof *join);
    if (join == NULL) return rp_fail_memory(error, "fragments");
    *join = (joining){.movie = movie, .arena = arena, .is_counting = true};
    read_trex(join);
    read_all(join);
    uint64_t total = 0;
    for (size_t at = 0; at < movie->track_count; at++)
        total += join->samples[at] + movie->tracks[at].sample_count;
    if (total > movie->size) /* not one byte a sample: hostile */
        return rp_fail(error, RP_INPUT, 0,
                       "the fragments name more samples than the file has bytes");
    for (size_t at = 0; at < movie->track_count; at++)
        if (!grow_tables(join, at)) return rp_fail_memory(error, "fragments");
    join->is_counting = false;
    read_all(join);
    for (size_t at = 0; at < movie->track_count; at++) {
        if (!list_syncs(&movie->tracks[at], arena)) return rp_fail_memory(error, "fragments");
        rp_media_runs *runs = &movie->tracks[at].compositions;
        if (runs->count == 1 && runs->items[0].value == 0) runs->count = 0; /* no reordering */
    }
    return arena->failed ? rp_fail_memory(error, "fragments") : RP_OK;
}
