/* interleave.c: see interleave.h. */
#include "video/interleave.h"

#include <stdlib.h>

/* --- runs -------------------------------------------------------------------------------- */

typedef struct placed_chunk {
    uint64_t offset, size, samples;
    int track;
} placed_chunk;

static int by_offset(const void *a, const void *b) {
    const placed_chunk *left = a, *right = b;
    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

/* Counts run lengths, then keeps the most frequent. */
static void keep_runs(rp_video_track *track, const placed_chunk *runs, size_t count, int index) {
    uint64_t lengths[256], times[256];
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        if (runs[i].track != index) continue;
        if (runs[i].samples > track->run_max) track->run_max = runs[i].samples;
        size_t k = 0;
        while (k < distinct && lengths[k] != runs[i].samples) k++;
        if (k == RP_COUNT(lengths)) continue;
        if (k == distinct) {
            lengths[distinct] = runs[i].samples;
            times[distinct++] = 0;
        }
        times[k]++;
    }
    while (track->run_count < RP_VIDEO_SIZES_MAX && track->run_count < distinct) {
        size_t best = 0;
        for (size_t k = 1; k < distinct; k++)
            if (times[k] > times[best]) best = k;
        if (times[best] == 0) break;
        track->run_samples[track->run_count++] = lengths[best];
        times[best] = 0;
    }
}

/* Does a chunk begin inside the one before? At one place several may: frames of silence that were
 * put in for lost ones share their bytes. */
static bool has_overlaps(const placed_chunk *chunks, size_t count) {
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        if (chunks[i].size == 0) continue;
        if (chunks[i].offset < end && chunks[i].offset != chunks[i - 1].offset) return true;
        if (chunks[i].offset + chunks[i].size > end) end = chunks[i].offset + chunks[i].size;
    }
    return false;
}

/* Chunks of all tracks in file order, joined to runs: who follows whom, how long, how far apart. */
static rp_status learn_runs(rp_video_profile *profile, rp_arena *arena, rp_error *error) {
    size_t count = 0, runs = 0;
    for (int i = 0; i < profile->track_count; i++) count += profile->tracks[i].media->chunk_count;
    placed_chunk *chunks = rp_arena_array(arena, count + 1, sizeof *chunks);
    if (chunks == NULL) return rp_fail_memory(error, "the layout of the reference");
    count = 0;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_media_track *media = profile->tracks[i].media;
        for (size_t k = 0; k < media->chunk_count; k++)
            chunks[count++] = (placed_chunk){.offset = media->chunks[k].offset,
                                             .size = media->chunks[k].size,
                                             .samples = media->chunks[k].count,
                                             .track = i};
    }
    qsort(chunks, count, sizeof *chunks, by_offset);
    profile->has_overlaps = has_overlaps(chunks, count);
    for (size_t i = 0; i < count; i++) {
        placed_chunk *last = runs > 0 ? &chunks[runs - 1] : NULL;
        const uint64_t end = last != NULL ? last->offset + last->size : chunks[i].offset;
        const uint64_t gap = chunks[i].offset > end ? chunks[i].offset - end : 0;
        if (gap > profile->padding_max && gap < 1 << 20) profile->padding_max = gap;
        if (last != NULL && last->track == chunks[i].track && gap == 0) {
            last->samples += chunks[i].samples;
            last->size += chunks[i].size;
            continue;
        }
        if (last != NULL) profile->follows[last->track][chunks[i].track]++;
        chunks[runs++] = chunks[i];
    }
    for (int i = 0; i < profile->track_count; i++) keep_runs(&profile->tracks[i], chunks, runs, i);
    return RP_OK;
}

/* --- turns by time ----------------------------------------------------------------------- */

/* Tests on the clip itself whether the next sample in the file is always one of the track that is
 * furthest behind in time (ffmpeg and what is built on it); equal times: the lower track. With
 * `all` every track but PCM takes part, else those that pace: two at least. `edits`: a track's time
 * begins with its edit list. The first TESTED_MAX samples are enough, and a table that claims four
 * thousand million samples of one size costs no minutes. */
static bool test_interleave(const rp_video_profile *profile, bool all, bool edits) {
    enum { TESTED_MAX = 1 << 20 };
    rp_media_cursor cursors[RP_MEDIA_TRACKS_MAX];
    rp_media_sample samples[RP_MEDIA_TRACKS_MAX];
    bool has[RP_MEDIA_TRACKS_MAX] = {0};
    uint64_t held = 0, tested = 0;
    int pacing = 0;
    for (int i = 0; i < profile->track_count; i++) {
        cursors[i] = rp_media_cursor_begin(profile->tracks[i].media);
        const bool paces = rp_video_track_is_pacing(&profile->tracks[i]);
        pacing += paces;
        if (all ? profile->tracks[i].kind != RP_VIDEO_PCM : paces)
            has[i] = rp_media_cursor_next(&samples[i], &cursors[i]);
    }
    while (tested < TESTED_MAX) {
        int next = -1, behind = -1;
        double least = 0;
        for (int i = 0; i < profile->track_count; i++) {
            if (!has[i]) continue;
            const double ticks = (double)samples[i].dts;
            const double at = edits ? rp_video_track_seconds(&profile->tracks[i], ticks)
                                    : ticks / profile->tracks[i].media->timescale;
            if (next < 0 || samples[i].offset < samples[next].offset) next = i;
            if (behind < 0 || at < least - 1e-9) {
                behind = i;
                least = at;
            }
        }
        if (next < 0) break;
        tested++;
        held += next == behind;
        has[next] = rp_media_cursor_next(&samples[next], &cursors[next]);
    }
    return tested > 0 && held * 100 >= tested * 98 && (all || pacing > 1);
}

rp_status rp_video_interleave_learn(rp_video_profile *profile, rp_arena *arena, rp_error *error) {
    RP_TRY(learn_runs(profile, arena, error));
    profile->is_time_interleaved = test_interleave(profile, true, true);
    profile->paces_by_edits = test_interleave(profile, false, true);
    profile->is_paced = profile->paces_by_edits || test_interleave(profile, false, false);
    return RP_OK;
}
