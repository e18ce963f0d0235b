/* times.c: see times.h. */
#include "video/times.h"

#include <stdlib.h>

/* --- samples that were lost ---------------------------------------------------------------- */

/* Samples of a track that lay in a hole. PCM has silence in their place, so none is missing. */
static uint64_t lost_in(const rp_video_profile *profile, const rp_video_hole *hole, int index) {
    const bool has_gaps = profile->tracks[index].kind != RP_VIDEO_PCM;
    return has_gaps && index < RP_VIDEO_HOLE_TRACKS ? hole->lost[index] : 0;
}

/* Walks the places that found samples have among all, the lost ones counted too. */
typedef struct places {
    const rp_video_profile *profile;
    const rp_video_chain *chain;
    int index;
    size_t hole;
    uint64_t lost; /* before the sample asked for last */
} places;

/* The place of found sample `i`; ask in ascending order. */
static uint64_t place_of(places *at, uint64_t i) {
    const rp_video_chain *chain = at->chain;
    for (; at->hole < chain->hole_count; at->hole++) {
        const rp_video_hole *hole = &chain->holes[at->hole];
        if (at->index >= RP_VIDEO_HOLE_TRACKS || hole->samples[at->index] > i) break;
        at->lost += lost_in(at->profile, hole, at->index);
    }
    return i + at->lost;
}

/* Samples of the track that lay in holes before `offset`; ask in ascending order. */
static uint64_t lost_before(places *at, uint64_t offset) {
    const rp_video_chain *chain = at->chain;
    for (; at->hole < chain->hole_count && chain->holes[at->hole].offset < offset; at->hole++)
        at->lost += lost_in(at->profile, &chain->holes[at->hole], at->index);
    return at->lost;
}

static uint64_t lost_in_all(const rp_video_profile *profile, const rp_video_chain *chain,
                            int index) {
    uint64_t lost = 0;
    for (size_t i = 0; i < chain->hole_count; i++)
        lost += lost_in(profile, &chain->holes[i], index);
    return lost;
}

/* From runs over all places to runs over the found samples: the lost ones go, their values are
 * added to the sample before them (durations) or dropped (compositions). */
static void leave_out_lost(rp_media_runs *runs, places at, uint64_t count, bool adds,
                           rp_arena *arena) {
    rp_media_runs all = *runs;
    rp_media_runs_reader reader = {.runs = &all};
    *runs = (rp_media_runs){0};
    uint64_t read = count > 0 ? place_of(&at, 0) : 0;
    for (uint64_t i = 0; i < read; i++)
        rp_media_runs_next(&reader); /* nothing stands before them */
    for (uint64_t i = 0; i < count; i++) {
        int64_t value = rp_media_runs_next(&reader);
        const uint64_t next = i + 1 < count ? place_of(&at, i + 1) : read + 1;
        for (read++; read < next; read++) {
            const int64_t lost = rp_media_runs_next(&reader);
            if (adds) value += lost;
        }
        rp_media_runs_add(runs, arena, 1, value);
    }
}

bool rp_video_times_are_known(const rp_video_profile *profile, const rp_video_chain *chain) {
    enum { TELLING_MIN = 4 }; /* changes of size that agree; two takes agree in one or two */
    uint64_t telling = 0;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_media_track *media = profile->tracks[i].media;
        const rp_video_found *found = &chain->tracks[i];
        if (media->sizes == NULL || found->sizes == NULL) continue;
        places at = {.profile = profile, .chain = chain, .index = i};
        for (uint64_t k = 0; k < found->sample_count; k++) {
            const uint64_t place = place_of(&at, k);
            if (place >= media->sample_count || found->sizes[k] != media->sizes[place])
                return false;
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
    const uint64_t count = chain->tracks[clock].sample_count + lost_in_all(profile, chain, clock);
    return count * pictures->delta * track->media->timescale / pictures->media->timescale;
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

/* Samples that were lost among the places last + 1 .. place have their share of the time. */
static void add_shares(rp_media_runs *out, rp_arena *arena, uint64_t places, int64_t ticks) {
    const int64_t share = ticks / (int64_t)places;
    if (places > 1) rp_media_runs_add(out, arena, places - 1, share);
    rp_media_runs_add(out, arena, 1, ticks - share * (int64_t)(places - 1));
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
    uint64_t last_place = 0;
    places at_place = {.profile = profile, .chain = chain, .index = index}, at_sound = at_place;
    at_sound.index = ruler;
    for (size_t i = 0; i < found->chunk_count; i++) {
        const rp_media_chunk *chunk = &found->chunks[i];
        const uint64_t heard = count_before(&chain->tracks[ruler], &searched, chunk->offset);
        const uint64_t n = heard + lost_before(&at_sound, chunk->offset);
        const double low =
            n > 0 ? rp_video_track_seconds(sound, (double)(n - 1) * sound->delta) : 0;
        const double high = rp_video_track_seconds(sound, (double)n * sound->delta);
        const int64_t least = n > 0 ? (int64_t)((low - zero) * scale + 0.5) : 0;
        const bool is_bounded = heard < chain->tracks[ruler].sample_count;
        const int64_t most = is_bounded ? (int64_t)((high - zero) * scale + 0.5) : INT64_MAX;
        for (uint64_t k = chunk->first; k < chunk->first + chunk->count; k++) {
            const uint64_t place = place_of(&at_place, k), places_on = place - last_place;
            int64_t at = last + usual * (int64_t)places_on;
            if (at < least) at = least;
            if (at > most) at = most;
            if (at < last + (int64_t)places_on) at = last + (int64_t)places_on;
            if (places_on > 0) add_shares(out, arena, places_on, at - last);
            last = at;
            last_place = place;
        }
    }
    /* Sound behind the last picture: the next one had not come yet. */
    const uint64_t heard = chain->tracks[ruler].sample_count;
    const uint64_t n = heard + lost_before(&at_sound, UINT64_MAX);
    const double until = rp_video_track_seconds(sound, (double)(n - 1) * sound->delta);
    const int64_t rest = (int64_t)((until - zero) * scale + 0.5) - last;
    rp_media_runs_add(out, arena, 1, rest > usual ? rest : usual);
    return true;
}

/* `count` durations of `ticks` on average. */
static void add_evenly(rp_media_runs *out, rp_arena *arena, uint64_t count, double ticks) {
    uint64_t done = 0;
    for (uint64_t i = 1; i <= count; i++) {
        const uint64_t until = (uint64_t)((double)i * ticks + 0.5);
        rp_media_runs_add(out, arena, 1, (int64_t)(until - done));
        done = until;
    }
}

static void find_durations(rp_video_times *times, const rp_video_profile *profile,
                           const rp_video_chain *chain, int index, bool are_known,
                           rp_arena *arena) {
    const rp_video_track *track = &profile->tracks[index];
    const rp_video_found *found = &chain->tracks[index];
    const uint64_t count = found->sample_count + lost_in_all(profile, chain, index);
    bool has_own = found->durations.count > 0;
    for (size_t i = 0; i < found->durations.count; i++)
        has_own = has_own && (found->durations.items[i].value > 0 || track->delta == 0);
    if (are_known) {
        copy_runs(&times->durations, &track->media->durations, count, track->delta, arena);
    } else if (track->media->sample_count == 1 && track->kind >= RP_VIDEO_CONSTANT &&
               (count <= 1 || !has_own)) {
        rp_media_runs_add(&times->durations, arena, count,
                          (int64_t)whole_duration(profile, chain, track));
    } else if (has_own) {
        copy_runs(&times->durations, &found->durations, count, track->delta, arena);
    } else if (track->is_constant || track->kind == RP_VIDEO_AAC || track->kind == RP_VIDEO_PCM) {
        rp_media_runs_add(&times->durations, arena, count, track->delta);
    } else {
        times->is_modelled = true;
        if (count == 0 || !order_durations(&times->durations, profile, chain, index, arena))
            add_evenly(&times->durations, arena, count, track->usual_ticks);
    }
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

/* The step of a piece of `count` pictures. A few that the end of a cut leaves, an I and a P far
 * behind it in display, do not tell it: then it is the reference's. */
static int64_t step_of(const rp_video_track *track, const placed *sorted, uint32_t count) {
    enum { TELLING_MIN = 8 };
    const int64_t own = place_step(sorted, count), known = track->order_step;
    return count < TELLING_MIN && known > 0 && own % known == 0 ? known : own;
}

/* Pictures first .. end, in one piece: from a picture at which the order begins anew, or from the
 * end of a hole. */
typedef struct piece {
    uint32_t first, end;
    bool begins; /* the order begins anew with it */
} piece;

/* The pictures of a track while their places in display are found. All arrays are by found picture,
 * but for `dts`: that is by place of decoding, lost pictures included. */
typedef struct display {
    const rp_video_track *track;
    const int32_t *counts; /* picture order counts, unwrapped */
    uint64_t *places;      /* of decoding */
    int64_t *slots;        /* places of display */
    uint64_t *dts;
    placed *sorted;
    uint64_t place_count;
    int64_t zero_slot, zero_count, step; /* of the period */
} display;

/* Slots of a piece when picture order count `zero_count` has `zero_slot`. A picture that is not
 * there leaves its slot empty, so slots are counted, not pictures. */
static void count_slots(display *at, const piece *of) {
    enum { EMPTY_MAX = 64 };
    const uint32_t count = of->end - of->first;
    const int64_t first = at->step > 0 ? (at->sorted[0].place - at->zero_count) / at->step : 0;
    for (uint32_t k = 0; k < count; k++) {
        int64_t slot = first + k;
        if (at->step > 0) slot = (at->sorted[k].place - at->zero_count) / at->step;
        if (slot < first + k || slot > first + k + EMPTY_MAX) slot = first + k;
        at->slots[at->sorted[k].index] = at->zero_slot + slot;
    }
}

/* How much before its place of decoding is the earliest picture of a piece shown? */
static int64_t earliest_of(const display *at, const piece *of) {
    int64_t least = INT64_MAX;
    for (uint32_t i = of->first; i < of->end; i++)
        if (at->slots[i] - (int64_t)at->places[i] < least)
            least = at->slots[i] - (int64_t)at->places[i];
    return least;
}

/* Behind a hole the order goes on as it was if nothing but pictures was lost. If the beginning of a
 * period was lost, its count began anew at a place that is not known: but a recorder's pictures
 * are never shown earlier than so much before they are decoded, and some are shown just then. */
static void order_piece(display *at, const piece *of) {
    enum { TELLING_MIN = 8 }; /* pictures among which one is as early as can be */
    const uint32_t count = of->end - of->first;
    for (uint32_t i = 0; i < count; i++)
        at->sorted[i] = (placed){.place = at->counts[of->first + i], .index = of->first + i};
    qsort(at->sorted, count, sizeof *at->sorted, by_place);
    const int64_t step = step_of(at->track, at->sorted, count);
    if (of->begins) {
        at->zero_slot = (int64_t)at->places[of->first];
        at->zero_count = at->sorted[0].place;
        at->step = step;
    } else if (at->step == 0 || (step > 0 && step < at->step)) {
        at->step = step;
    }
    count_slots(at, of);
    const int64_t off = earliest_of(at, of) - at->track->earliest;
    if (of->begins || off == 0 || (off > 0 && count < TELLING_MIN)) return;
    at->zero_slot -= off;
    count_slots(at, of);
}

/* cts - dts of every picture into slots, for c0 = 0. */
static void offsets_of_slots(display *at, uint32_t count, uint32_t delay) {
    const uint64_t last = at->place_count - 1;
    for (uint32_t i = 0; i < count; i++) {
        const int64_t slot = at->slots[i] + delay; /* the grid goes on into the next period */
        int64_t shown = (int64_t)at->dts[slot < 0                ? 0
                                         : slot <= (int64_t)last ? slot
                                                                 : (int64_t)last];
        if (slot > (int64_t)last) shown += (slot - (int64_t)last) * at->track->delta;
        at->slots[i] = shown - (int64_t)at->dts[at->places[i]];
    }
}

/* Splits the pictures into pieces and orders each. */
static void order_pictures(display *at, const rp_video_profile *profile,
                           const rp_video_chain *chain, int index) {
    const rp_video_found *found = &chain->tracks[index];
    const uint32_t count = (uint32_t)found->sample_count;
    places walk = {.profile = profile, .chain = chain, .index = index};
    piece now = {.begins = true};
    size_t period = 0;
    for (uint32_t i = 0; i < count; i++) {
        at->places[i] = place_of(&walk, i);
        while (period < found->period_count && found->periods[period] < i) period++;
        const bool begins = period < found->period_count && found->periods[period] == i;
        const bool is_behind_hole = i > 0 && at->places[i] != at->places[i - 1] + 1;
        if (i == 0 || (!begins && !is_behind_hole)) continue;
        now.end = i;
        order_piece(at, &now);
        now = (piece){.first = i, .begins = begins};
    }
    now.end = count;
    if (count > 0) order_piece(at, &now);
}

static bool alloc_display(display *at, size_t count, rp_arena *arena) {
    at->places = rp_arena_array(arena, count + 1, sizeof *at->places);
    at->slots = rp_arena_array(arena, count + 1, sizeof *at->slots);
    at->dts = rp_arena_array(arena, (size_t)at->place_count + 1, sizeof *at->dts);
    at->sorted = rp_arena_array(arena, count + 1, sizeof *at->sorted);
    return !arena->failed;
}

static rp_status find_compositions(rp_video_times *times, const rp_video_profile *profile,
                                   const rp_video_chain *chain, int index, rp_arena *arena,
                                   rp_error *error) {
    const rp_video_track *track = &profile->tracks[index];
    const rp_video_found *found = &chain->tracks[index];
    const size_t count = (size_t)found->sample_count;
    rp_arena work = {0};
    display at = {.track = track,
                  .counts = found->places,
                  .place_count = count + lost_in_all(profile, chain, index)};
    if (count == 0) return RP_OK;
    if (!alloc_display(&at, count, &work)) {
        rp_arena_clear(&work);
        return rp_fail_memory(error, "composition times");
    }
    rp_media_runs_reader reader = {.runs = &times->durations};
    for (uint64_t i = 0; i < at.place_count; i++)
        at.dts[i + 1] = at.dts[i] + (uint64_t)rp_media_runs_next(&reader);
    order_pictures(&at, profile, chain, index);
    const uint32_t delay = times->is_modelled ? track->delay : 0;
    offsets_of_slots(&at, (uint32_t)count, delay);
    int64_t least = 0;
    for (size_t i = 0; i < count; i++)
        if (at.slots[i] < least) least = at.slots[i];
    if (least < 0 || track->has_compositions) { /* else shown as decoded: no ctts */
        const int64_t c0 = delay > 0 ? 0 : track->has_compositions ? track->composition : -least;
        if (delay > 0 && delay < count && is_shown_from_zero(track))
            times->media_time_change = (int64_t)at.dts[delay] - track->composition;
        for (size_t i = 0; i < count; i++)
            rp_media_runs_add(&times->compositions, arena, 1, at.slots[i] + c0);
    }
    rp_arena_clear(&work);
    return RP_OK;
}

rp_status rp_video_times_find(rp_video_times *times, const rp_video_profile *profile,
                              const rp_video_chain *chain, int index, bool are_known,
                              rp_arena *arena, rp_error *error) {
    const rp_video_track *track = &profile->tracks[index];
    const rp_video_found *found = &chain->tracks[index];
    const uint64_t lost = lost_in_all(profile, chain, index);
    const places from = {.profile = profile, .chain = chain, .index = index};
    *times = (rp_video_times){0};
    find_durations(times, profile, chain, index, are_known, arena);
    if (are_known && track->has_compositions) {
        copy_runs(&times->compositions, &track->media->compositions, found->sample_count + lost, 0,
                  arena);
        if (lost > 0) leave_out_lost(&times->compositions, from, found->sample_count, false, arena);
    } else if (!are_known && (track->kind == RP_VIDEO_H264 || track->kind == RP_VIDEO_HEVC)) {
        RP_TRY(find_compositions(times, profile, chain, index, arena, error));
    }
    if (lost > 0) leave_out_lost(&times->durations, from, found->sample_count, true, arena);
    for (size_t i = 0; i < times->durations.count; i++)
        times->duration +=
            times->durations.items[i].count * (uint64_t)times->durations.items[i].value;
    return arena->failed ? rp_fail_memory(error, "sample times") : RP_OK;
}
