/* times.c: see times.h. */
#include "video/times.h"

#include <stdlib.h>

bool rp_video_times_are_known(const rp_video_profile *profile, const rp_video_chain *chain) {
    enum { TELLING_MIN = 4 }; /* changes of size that agree; two takes agree in one or two */
    uint64_t telling = 0;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_media_track *media = profile->tracks[i].media;
        const rp_video_found *found = &chain->tracks[i];
        if (media->sizes == NULL || found->sizes == NULL) continue;
        if (found->sample_count > media->sample_count) return false;
        for (uint64_t k = 0; k < found->sample_count; k++) {
            if (found->sizes[k] != media->sizes[k]) return false;
            telling += k > 0 && found->sizes[k] != found->sizes[k - 1];
        }
    }
    return telling >= TELLING_MIN;
}

/* The reference's runs, cut to `count` samples; beyond them the usual duration. */
static void copy_runs(rp_media_runs *out, const rp_media_runs *runs, uint64_t count, int64_t usual,
                      rp_arena *arena) {
    for (size_t i = 0; i < runs->count && count > 0; i++) {
        const uint64_t part = runs->items[i].count < count ? runs->items[i].count : count;
        rp_media_runs_add(out, arena, part, runs->items[i].value);
        count -= part;
    }
    rp_media_runs_add(out, arena, count, usual);
}

/* A track of which the reference has one sample (timecode, orientation): it lasts as long as the
 * clock track. */
static uint64_t whole_duration(const rp_video_profile *profile, const rp_video_chain *chain,
                               const rp_video_track *track) {
    const int clock = profile->clock_track;
    if (clock < 0) return track->delta;
    const rp_video_track *pictures = &profile->tracks[clock];
    return chain->tracks[clock].sample_count * pictures->delta * track->media->timescale /
           pictures->media->timescale;
}

/* --- variable rate ------------------------------------------------------------------------- */

/* Does the edit list begin with the first picture shown, as ffmpeg and x264 have it? */
static bool is_shown_from_zero(const rp_video_track *track) {
    const rp_media_track *media = track->media;
    return media->edit_count == 1 && track->has_compositions &&
           media->edits[0].media_time == track->composition;
}

/* --- times from the order in the file ------------------------------------------------------ */

/* A track of constant rate that lies between the pictures, to tell the time by; -1: none. */
static int find_ruler(const rp_video_profile *profile, const rp_video_chain *chain, int index) {
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        const bool is_steady = track->is_constant || track->kind == RP_VIDEO_AAC;
        if (i != index && is_steady && track->kind != RP_VIDEO_PCM && track->delta > 0 &&
            chain->tracks[i].sample_count > 1)
            return i;
    }
    return -1;
}

/* How many samples of `found` lie before `offset`; *chunk is where the last search ended. */
static uint64_t count_before(const rp_video_found *found, size_t *chunk, uint64_t offset) {
    while (*chunk < found->chunk_count && found->chunks[*chunk].offset < offset) ++*chunk;
    if (*chunk == 0) return 0;
    return found->chunks[*chunk - 1].first + found->chunks[*chunk - 1].count;
}

/* In a recording whose writer always takes the sample that is furthest behind in time, a picture
 * between sound frames n - 1 and n was decoded between their times. Within these bounds the usual
 * duration is kept: no time is further off than one sound frame. */
static bool order_durations(rp_media_runs *out, const rp_video_profile *profile,
                            const rp_video_chain *chain, int index, rp_arena *arena) {
    const int ruler = find_ruler(profile, chain, index);
    if (!profile->is_time_interleaved || ruler < 0) return false;
    const rp_video_track *track = &profile->tracks[index], *sound = &profile->tracks[ruler];
    const rp_video_found *found = &chain->tracks[index];
    const double scale = track->media->timescale;
    double zero = rp_video_track_seconds(track, 0);
    if (is_shown_from_zero(track)) zero = -((double)track->delay * track->delta) / scale;
    size_t searched = 0;
    int64_t last = 0, usual = track->delta;
    for (size_t i = 0; i < found->chunk_count; i++) {
        const rp_media_chunk *chunk = &found->chunks[i];
        const uint64_t n = count_before(&chain->tracks[ruler], &searched, chunk->offset);
        const double low =
            n > 0 ? rp_video_track_seconds(sound, (double)(n - 1) * sound->delta) : 0;
        const double high = rp_video_track_seconds(sound, (double)n * sound->delta);
        const int64_t least = n > 0 ? (int64_t)((low - zero) * scale + 0.5) : 0;
        const bool is_bounded = n < chain->tracks[ruler].sample_count;
        const int64_t most = is_bounded ? (int64_t)((high - zero) * scale + 0.5) : INT64_MAX;
        for (uint64_t k = chunk->first; k < chunk->first + chunk->count; k++) {
            int64_t at = k == 0 ? 0 : last + usual;
            if (at < least) at = least;
            if (at > most) at = most;
            if (at < last + (k > 0)) at = last + (k > 0);
            if (k > 0) rp_media_runs_add(out, arena, 1, at - last);
            last = at;
        }
    }
    rp_media_runs_add(out, arena, 1, usual);
    return true;
}

static void find_durations(rp_video_times *times, const rp_video_profile *profile,
                           const rp_video_chain *chain, int index, bool are_known,
                           rp_arena *arena) {
    const rp_video_track *track = &profile->tracks[index];
    const rp_video_found *found = &chain->tracks[index];
    const uint64_t count = found->sample_count;
    bool has_own = found->durations.count > 0;
    for (size_t i = 0; i < found->durations.count; i++)
        has_own = has_own && (found->durations.items[i].value > 0 || track->delta == 0);
    if (are_known) {
        copy_runs(&times->durations, &track->media->durations, count, track->delta, arena);
    } else if (has_own) {
        copy_runs(&times->durations, &found->durations, count, track->delta, arena);
    } else if (track->media->sample_count == 1 && track->kind >= RP_VIDEO_CONSTANT) {
        rp_media_runs_add(&times->durations, arena, count,
                          (int64_t)whole_duration(profile, chain, track));
    } else if (track->is_constant || track->kind == RP_VIDEO_AAC || track->kind == RP_VIDEO_PCM) {
        rp_media_runs_add(&times->durations, arena, count, track->delta);
    } else {
        times->is_modelled = true;
        if (count == 0 || !order_durations(&times->durations, profile, chain, index, arena))
            rp_media_runs_add(&times->durations, arena, count, track->delta);
    }
    for (size_t i = 0; i < times->durations.count; i++)
        times->duration +=
            times->durations.items[i].count * (uint64_t)times->durations.items[i].value;
}

/* --- composition ------------------------------------------------------------------------- */

typedef struct placed {
    int32_t place;
    uint32_t index;
} placed;

static int by_place(const void *a, const void *b) {
    const placed *left = a, *right = b;
    if (left->place != right->place) return left->place < right->place ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

/* The least step between two neighbours in the order of display, 0 where there are none: 1 or 2
 * with every recorder seen, two fields making a frame. */
static int64_t place_step(const placed *sorted, uint32_t count) {
    int64_t least = 0;
    for (uint32_t k = 1; k < count; k++) {
        const int64_t apart = (int64_t)sorted[k].place - sorted[k - 1].place;
        if (apart > 0 && (least == 0 || apart < least)) least = apart;
    }
    return least;
}

/* One period: pictures first .. end of count; delay 0 at a constant rate. */
typedef struct period {
    uint32_t first, end, count, delay;
} period;

/* cts - dts of the pictures first .. end of one period into `offsets`, for c0 = 0. A picture that
 * the cut at the end took away leaves its slot empty, so slots are counted, not pictures. */
static void order_period(int64_t *offsets, const uint64_t *dts, const int32_t *places,
                         placed *sorted, const period *at) {
    enum { EMPTY_MAX = 64 };
    const uint32_t first = at->first, end = at->end, count = end - first;
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = (placed){.place = places[first + i], .index = first + i};
    qsort(sorted, count, sizeof *sorted, by_place);
    const int64_t step = place_step(sorted, count);
    const uint64_t usual = count > 1 ? dts[end - 1] - dts[end - 2] : 0;
    for (uint32_t k = 0; k < count; k++) {
        int64_t slot = k;
        if (step > 0) slot = ((int64_t)sorted[k].place - sorted[0].place) / step;
        if (slot < k || slot > (int64_t)k + EMPTY_MAX) slot = k;
        slot += first + at->delay; /* the grid goes on into the next period */
        const uint64_t shown =
            slot < (int64_t)at->count
                ? dts[slot]
                : dts[at->count - 1] + usual * (uint64_t)(slot + 1 - (int64_t)at->count);
        offsets[sorted[k].index] = (int64_t)shown - (int64_t)dts[sorted[k].index];
    }
}

static rp_status find_compositions(rp_video_times *times, const rp_video_track *track,
                                   const rp_video_found *found, rp_arena *arena, rp_error *error) {
    const size_t count = (size_t)found->sample_count;
    rp_status status = RP_OK;
    uint64_t *dts = malloc((count + 1) * sizeof *dts);
    int64_t *offsets = malloc((count + 1) * sizeof *offsets);
    placed *sorted = malloc((count + 1) * sizeof *sorted);
    if (dts == NULL || offsets == NULL || sorted == NULL) {
        status = rp_fail_memory(error, "composition times");
        goto done;
    }
    uint64_t now = 0;
    size_t at = 0;
    for (size_t i = 0; i < times->durations.count; i++)
        for (uint64_t k = 0; k < times->durations.items[i].count && at < count; k++) {
            dts[at++] = now;
            now += (uint64_t)times->durations.items[i].value;
        }
    const uint32_t delay = times->is_modelled ? track->delay : 0;
    uint32_t first = 0;
    for (size_t i = 0; i <= found->period_count; i++) {
        const uint32_t end = i < found->period_count ? found->periods[i] : (uint32_t)count;
        const period now_at = {
            .first = first, .end = end, .count = (uint32_t)count, .delay = delay};
        if (end > first) order_period(offsets, dts, found->places, sorted, &now_at);
        first = end;
    }
    int64_t least = 0;
    for (size_t i = 0; i < count; i++)
        if (offsets[i] < least) least = offsets[i];
    if (least == 0 && !track->has_compositions) goto done; /* shown as decoded: no ctts */
    const int64_t c0 = delay > 0 ? 0 : track->has_compositions ? track->composition : -least;
    if (delay > 0 && delay < count && is_shown_from_zero(track))
        times->media_time_change = (int64_t)dts[delay] - track->composition;
    for (size_t i = 0; i < count; i++)
        rp_media_runs_add(&times->compositions, arena, 1, offsets[i] + c0);
done:
    free(dts);
    free(offsets);
    free(sorted);
    return status;
}

rp_status rp_video_times_find(rp_video_times *times, const rp_video_profile *profile,
                              const rp_video_chain *chain, int index, bool are_known,
                              rp_arena *arena, rp_error *error) {
    const rp_video_track *track = &profile->tracks[index];
    const rp_video_found *found = &chain->tracks[index];
    *times = (rp_video_times){0};
    find_durations(times, profile, chain, index, are_known, arena);
    if (are_known) {
        if (track->has_compositions)
            copy_runs(&times->compositions, &track->media->compositions, found->sample_count, 0,
                      arena);
    } else if (track->kind == RP_VIDEO_H264 || track->kind == RP_VIDEO_HEVC) {
        RP_TRY(find_compositions(times, track, found, arena, error));
    }
    return arena->failed ? rp_fail_memory(error, "sample times") : RP_OK;
}
