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

static int by_value(const void *a, const void *b) {
    const rp_media_run *left = a, *right = b;
    return left->value < right->value ? -1 : left->value > right->value;
}

/* The median duration of a jittery track: a single long one at the start, or where the recorder
 * dropped a picture, must not slow down all the others. */
static void model_durations(rp_media_runs *out, const rp_video_track *track, uint64_t count,
                            rp_arena *arena) {
    const rp_media_runs *runs = &track->media->durations;
    rp_media_run *sorted = rp_arena_array(arena, runs->count + 1, sizeof *sorted);
    uint64_t samples = 0, below = 0;
    if (sorted == NULL || runs->count == 0) return;
    for (size_t i = 0; i < runs->count; i++) {
        sorted[i] = runs->items[i];
        samples += sorted[i].count;
    }
    qsort(sorted, runs->count, sizeof *sorted, by_value);
    size_t at = 0;
    while (at + 1 < runs->count && (below += sorted[at].count) * 2 < samples) at++;
    rp_media_runs_add(out, arena, count, sorted[at].value);
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
        model_durations(&times->durations, track, count, arena);
        times->is_modelled = true;
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

/* cts - dts of the pictures first .. end of one period into `offsets`, for c0 = 0. A picture that
 * the cut at the end took away leaves its slot empty, so slots are counted, not pictures. */
static void order_period(int64_t *offsets, const uint64_t *dts, const int32_t *places,
                         placed *sorted, uint32_t first, uint32_t end) {
    enum { EMPTY_MAX = 64 };
    const uint32_t count = end - first;
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = (placed){.place = places[first + i], .index = first + i};
    qsort(sorted, count, sizeof *sorted, by_place);
    const int64_t step = place_step(sorted, count);
    const uint64_t usual = count > 1 ? dts[end - 1] - dts[end - 2] : 0;
    for (uint32_t k = 0; k < count; k++) {
        int64_t slot = k;
        if (step > 0) slot = ((int64_t)sorted[k].place - sorted[0].place) / step;
        if (slot < k || slot > (int64_t)k + EMPTY_MAX) slot = k;
        const uint64_t shown = slot < (int64_t)count
                                   ? dts[first + slot]
                                   : dts[end - 1] + usual * (uint64_t)(slot + 1 - (int64_t)count);
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
    uint32_t first = 0;
    for (size_t i = 0; i <= found->period_count; i++) {
        const uint32_t end = i < found->period_count ? found->periods[i] : (uint32_t)count;
        order_period(offsets, dts, found->places, sorted, first, end);
        first = end;
    }
    int64_t least = 0;
    for (size_t i = 0; i < count; i++)
        if (offsets[i] < least) least = offsets[i];
    if (least == 0 && !track->has_compositions) goto done; /* shown as decoded: no ctts */
    const int64_t c0 = track->has_compositions ? track->composition : -least;
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
