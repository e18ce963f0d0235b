/* profile.c: see profile.h. What can be learned from the tables is learned from the tables; the
 * sample bytes give signatures, first bytes and NAL unit types. */
#include "video/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "video/interleave.h"
#include "video/saved_profile.h"

enum { SAMPLES_LEARNED_MAX = 4096 };

#define TYPE(text) RP_MEDIA_TYPE((text)[0], (text)[1], (text)[2], (text)[3])

/* Sample entry types and how their samples are told. What is not listed is PCM if its entry says
 * so, constant if all its samples have one size, else learned. */
static const struct {
    char codec[5];
    rp_video_kind kind;
} kinds[] = {
    {"avc1", RP_VIDEO_H264}, {"avc2", RP_VIDEO_H264}, {"avc3", RP_VIDEO_H264},
    {"avc4", RP_VIDEO_H264}, {"dvav", RP_VIDEO_H264}, {"dva1", RP_VIDEO_H264},
    {"hvc1", RP_VIDEO_HEVC}, {"hev1", RP_VIDEO_HEVC}, {"dvh1", RP_VIDEO_HEVC},
    {"dvhe", RP_VIDEO_HEVC}, {"av01", RP_VIDEO_AV1},  {"mp4a", RP_VIDEO_AAC},
    {"mebx", RP_VIDEO_MEBX}, {"gpmd", RP_VIDEO_KLV},  {"fdsc", RP_VIDEO_FDSC},
    {"CTMD", RP_VIDEO_CTMD}, {"tx3g", RP_VIDEO_TEXT}, {"text", RP_VIDEO_TEXT},
};

const char *rp_video_kind_name(rp_video_kind kind) {
    static const char *const names[RP_VIDEO_KIND_COUNT] = {"H.264",
                                                           "HEVC",
                                                           "AV1",
                                                           "AAC",
                                                           "PCM",
                                                           "constant size",
                                                           "Apple timed metadata",
                                                           "GoPro telemetry",
                                                           "GoPro index",
                                                           "Canon metadata",
                                                           "text",
                                                           "learned"};
    return names[kind];
}

/* --- codec configuration ----------------------------------------------------------------- */

/* A box inside the sample entry, behind its fixed fields: 78 bytes of a visual entry. */
static bool find_in_entry(rp_media_box *box, const uint8_t *data, const rp_media_track *media,
                          const char *type) {
    rp_media_box_walk walk = rp_media_box_inside(data, &media->entry, 78);
    while (rp_media_box_next(box, &walk))
        if (box->type == TYPE(type)) return true;
    return false;
}

static bool read_h264(rp_video_track *track, const uint8_t *data, rp_arena *arena) {
    rp_media_box box;
    track->h264 = rp_arena_alloc(arena, sizeof *track->h264);
    return track->h264 != NULL && find_in_entry(&box, data, track->media, "avcC") &&
           rp_media_h264_config_read(track->h264, rp_media_box_payload(data, &box),
                                     (size_t)rp_media_box_payload_size(&box));
}

static bool read_hevc(rp_video_track *track, const uint8_t *data, rp_arena *arena) {
    rp_media_box box;
    track->hevc = rp_arena_alloc(arena, sizeof *track->hevc);
    return track->hevc != NULL && find_in_entry(&box, data, track->media, "hvcC") &&
           rp_media_hevc_config_read(track->hevc, rp_media_box_payload(data, &box),
                                     (size_t)rp_media_box_payload_size(&box));
}

static bool read_av1(rp_video_track *track, const uint8_t *data, rp_arena *arena) {
    rp_media_box box;
    track->av1 = rp_arena_alloc(arena, sizeof *track->av1);
    return track->av1 != NULL && find_in_entry(&box, data, track->media, "av1C") &&
           rp_media_av1_config_read(track->av1, rp_media_box_payload(data, &box),
                                    (size_t)rp_media_box_payload_size(&box));
}

static bool read_aac(rp_video_track *track, const uint8_t *data) {
    size_t size;
    const uint8_t *config = rp_media_aac_config_find(&size, data + track->media->entry.offset,
                                                     (size_t)track->media->entry.size);
    return config != NULL && rp_media_aac_config_read(&track->aac, config, size);
}

/* Decides the kind; a codec whose configuration cannot be read is told by what is learned. */
static void choose_kind(rp_video_track *track, const uint8_t *data, rp_arena *arena) {
    const rp_media_track *media = track->media;
    track->kind = RP_VIDEO_LEARNED;
    for (size_t i = 0; i < RP_COUNT(kinds); i++)
        if (TYPE(kinds[i].codec) == media->codec) track->kind = kinds[i].kind;
    const bool is_read = track->kind == RP_VIDEO_H264   ? read_h264(track, data, arena)
                         : track->kind == RP_VIDEO_HEVC ? read_hevc(track, data, arena)
                         : track->kind == RP_VIDEO_AV1  ? read_av1(track, data, arena)
                         : track->kind == RP_VIDEO_AAC  ? read_aac(track, data)
                                                        : true;
    if (!is_read) track->kind = RP_VIDEO_LEARNED;
    if (track->kind != RP_VIDEO_LEARNED) return;
    track->frame_bytes = rp_media_pcm_frame_bytes(data, media);
    if (track->frame_bytes != 0) {
        track->kind = RP_VIDEO_PCM;
    } else if (track->size_count == 1 && track->sizes[0] > 0) {
        track->kind = RP_VIDEO_CONSTANT;
        track->frame_bytes = track->sizes[0];
    }
}

/* --- tables ------------------------------------------------------------------------------ */

/* Adds a value to a short list of distinct ones; a list that overflows becomes empty for good. */
static void note_size(rp_video_track *track, uint32_t size, bool *is_full) {
    for (uint32_t i = 0; i < track->size_count; i++)
        if (track->sizes[i] == size) return;
    if (track->size_count == RP_VIDEO_SIZES_MAX) *is_full = true;
    else track->sizes[track->size_count++] = size;
}

static void learn_sizes(rp_video_track *track) {
    const rp_media_track *media = track->media;
    bool is_full = false;
    double squares = 0;
    track->size_min = UINT32_MAX;
    const uint64_t count = media->sizes != NULL ? media->sample_count : media->sample_count > 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t size = media->sizes != NULL ? media->sizes[i] : media->constant_size;
        if (size < track->size_min) track->size_min = size;
        if (size > track->size_max) track->size_max = size;
        note_size(track, size, &is_full);
        track->mean_bytes += (double)size / (double)count;
        squares += (double)size * size / (double)count;
    }
    const double variance = squares - track->mean_bytes * track->mean_bytes;
    track->spread_bytes = variance > 0 ? sqrt(variance) : 0;
    if (is_full) track->size_count = 0;
    if (count == 0) track->size_min = 0;
}

/* The median by bisection on the value: a single long duration at the start, or where the recorder
 * dropped a picture, must not count for all the others. */
static uint32_t median_duration(const rp_media_runs *runs, uint64_t total) {
    uint32_t low = 0, high = UINT32_MAX;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        uint64_t below = 0;
        for (size_t i = 0; i < runs->count; i++)
            if (runs->items[i].value <= (int64_t)middle) below += runs->items[i].count;
        if (below * 2 >= total) high = middle;
        else low = middle + 1;
    }
    return low;
}

/* Mean and spread of the durations, but of the last one: it may be anything. */
static void learn_interval(rp_video_track *track) {
    const rp_media_runs *runs = &track->media->durations;
    double count = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < runs->count; i++) {
        const double value = (double)runs->items[i].value;
        const bool is_last = i + 1 == runs->count && runs->count > 1;
        const double times = (double)(runs->items[i].count - is_last);
        count += times;
        sum += times * value;
        squares += times * value * value;
    }
    if (count == 0) return;
    track->mean_ticks = sum / count;
    const double variance = squares / count - track->mean_ticks * track->mean_ticks;
    track->spread_ticks = variance > 0 ? sqrt(variance) : 0;
}

/* Whole ticks of a median would drift: half a tick of 3000 is a second in two hours. */
static void learn_usual(rp_video_track *track) {
    const rp_media_runs *runs = &track->media->durations;
    const double median = track->delta;
    double count = 0, sum = 0;
    for (size_t i = 0; i < runs->count; i++) {
        const double value = (double)runs->items[i].value;
        if (fabs(value - median) > median / 10) continue;
        count += (double)runs->items[i].count;
        sum += (double)runs->items[i].count * value;
    }
    track->usual_ticks = count > 0 ? sum / count : median;
}

static void learn_times(rp_video_track *track) {
    const rp_media_runs *runs = &track->media->durations;
    uint64_t total = 0, most = 0, odd = 0;
    for (size_t i = 0; i < runs->count; i++) {
        uint64_t same = 0; /* the runs are few where a rate is constant, and capped elsewhere */
        for (size_t k = 0; k < runs->count && k < 512; k++)
            if (runs->items[k].value == runs->items[i].value) same += runs->items[k].count;
        total += runs->items[i].count;
        if (same <= most) continue;
        most = same;
        track->delta = (uint32_t)runs->items[i].value;
    }
    odd = total - most;
    if (runs->count > 1 && runs->items[0].count == 1 && runs->items[0].value != track->delta) odd--;
    if (runs->count > 1 && runs->items[runs->count - 1].count == 1 &&
        runs->items[runs->count - 1].value != track->delta)
        odd--;
    track->is_constant = total > 0 && odd == 0;
    if (!track->is_constant && runs->count > 0) track->delta = median_duration(runs, total);
    learn_interval(track);
    learn_usual(track);
    const rp_media_runs *compositions = &track->media->compositions;
    track->has_compositions = compositions->count > 0;
}

/* How many pictures earlier than decoded is one shown at most, counted in display order, and how
 * many later? 0: shown as decoded; -2: two are decoded ahead. */
static void learn_earliest(rp_video_track *track) {
    enum { LEARNED_MAX = 96, TAIL = 16 }; /* of the last ones not all are known that come before */
    int64_t shown[LEARNED_MAX];
    int count = 0;
    rp_media_cursor cursor = rp_media_cursor_begin(track->media);
    rp_media_sample sample;
    while (count < LEARNED_MAX && rp_media_cursor_next(&sample, &cursor))
        shown[count++] = (int64_t)sample.dts + sample.composition;
    const bool is_all = (uint64_t)count == track->media->sample_count;
    for (int i = 0; i < (is_all ? count : count - TAIL); i++) {
        int rank = 0;
        for (int k = 0; k < count; k++) rank += shown[k] < shown[i];
        if (rank - i < track->earliest) track->earliest = rank - i;
        if (rank - i > track->latest) track->latest = rank - i;
    }
}

/* The composition offset of the first picture shown: the least dts + offset among the first. */
static void learn_composition(rp_video_track *track) {
    rp_media_cursor cursor = rp_media_cursor_begin(track->media);
    rp_media_sample sample;
    int64_t first = INT64_MAX, dts = 0;
    for (int i = 0; i < 64 && rp_media_cursor_next(&sample, &cursor); i++) {
        const int64_t shown = (int64_t)sample.dts + sample.composition;
        if (i == 0) dts = (int64_t)sample.dts;
        if (shown < first) first = shown;
    }
    if (first == INT64_MAX) return;
    track->composition = (int32_t)(first - dts);
    cursor = rp_media_cursor_begin(track->media);
    while (track->delay < 64 && rp_media_cursor_next(&sample, &cursor) &&
           (int64_t)sample.dts < first)
        track->delay++;
    learn_earliest(track);
}

/* Tracks whose sample entries are equal cannot be told by their bytes. */
static void find_twins(rp_video_profile *profile) {
    const uint8_t *data = profile->movie.data;
    for (int i = 0; i < profile->track_count; i++) {
        rp_video_track *track = &profile->tracks[i];
        track->twin = i;
        for (int k = 0; k < i && track->twin == i; k++) {
            const rp_media_box *a = &track->media->entry;
            const rp_media_box *b = &profile->tracks[k].media->entry;
            const bool is_aac = track->kind == RP_VIDEO_AAC;
            const bool is_equal =
                is_aac ? memcmp(&track->aac, &profile->tracks[k].aac, sizeof track->aac) == 0
                       : a->size == b->size &&
                             memcmp(data + a->offset, data + b->offset, (size_t)a->size) == 0;
            if (!is_equal || profile->tracks[k].kind != track->kind) continue;
            track->twin = profile->tracks[k].twin;
            track->has_twins = profile->tracks[k].has_twins = true;
            profile->tracks[track->twin].has_twins = true;
        }
    }
}

/* --- order in time ----------------------------------------------------------------------- */

rp_video_ordering rp_video_track_ordering(const rp_video_track *track) {
    return (rp_video_ordering){.step = track->order_step,
                               .earliest = (uint32_t)-track->earliest,
                               .latest = (uint32_t)track->latest};
}

double rp_video_track_seconds(const rp_video_track *track, double ticks) {
    const rp_media_track *media = track->media;
    int64_t edit = 0;
    for (size_t i = 0; i < media->edit_count; i++) {
        if (media->edits[i].media_time < 0) continue;
        edit = media->edits[i].media_time;
        break;
    }
    return (ticks - (double)edit) / media->timescale;
}

bool rp_video_track_is_pacing(const rp_video_track *track) {
    const rp_media_track *media = track->media;
    const bool is_played = media->handler == TYPE("vide") || media->handler == TYPE("soun");
    return is_played && track->kind != RP_VIDEO_PCM && track->delta > 0 && media->sample_count > 1;
}

double rp_video_profile_due_seconds(const rp_video_profile *profile, const uint64_t *samples) {
    double least = INFINITY;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        if (!rp_video_track_is_pacing(track) || !track->is_constant) continue;
        const double ticks = (double)samples[i] * track->delta;
        const double due = profile->paces_by_edits ? rp_video_track_seconds(track, ticks)
                                                   : ticks / track->media->timescale;
        if (due < least) least = due;
    }
    return isinf(least) ? -INFINITY : least;
}

/* --- sample bytes ------------------------------------------------------------------------ */

static void learn_bytes(rp_video_track *track, const uint8_t *bytes, uint32_t size, bool is_first) {
    const uint32_t seen = size < RP_VIDEO_SIGNATURE_BYTES ? size : RP_VIDEO_SIGNATURE_BYTES;
    if (size == 0) return;
    track->first_bytes[bytes[0] / 8] |= (uint8_t)(1 << bytes[0] % 8);
    if (is_first) {
        memcpy(track->signature, bytes, seen);
        memset(track->mask, 0xff, seen);
    }
    for (uint32_t i = 0; i < RP_VIDEO_SIGNATURE_BYTES; i++)
        if (i >= seen || bytes[i] != track->signature[i]) track->mask[i] = 0;
}

/* NAL unit types and the number of slices of one sample. */
static void learn_nal_units(rp_video_track *track, const uint8_t *bytes, uint32_t size,
                            bool is_sync) {
    const bool is_hevc = track->kind == RP_VIDEO_HEVC;
    bool has_idr = false;
    const unsigned width = is_hevc ? track->hevc->length_bytes : track->h264->length_bytes;
    uint32_t position = 0, slices = 0;
    track->looked++;
    while (size - position > width) {
        uint64_t length = 0;
        for (unsigned i = 0; i < width; i++) length = length << 8 | bytes[position + i];
        track->misfits += length > size - position - width;
        if (length == 0 || length > size - position - width) return;
        const uint8_t header = bytes[position + width];
        const unsigned type = is_hevc ? header >> 1 & 63 : header & 31;
        track->types_seen |= UINT64_C(1) << type;
        has_idr |= !is_hevc && type == 5;
        slices += is_hevc ? type < 32 : type == 1 || type == 5;
        position += width + (uint32_t)length;
    }
    if (!is_hevc && is_sync && !has_idr && track->media->has_stss) track->recovery_is_sync = true;
    if (slices > 0 && (track->units_min == 0 || slices < track->units_min))
        track->units_min = slices;
}

static rp_media_access_unit picture_at(const rp_video_track *track, const uint8_t *data,
                                       uint64_t size) {
    return track->h264 != NULL   ? rp_media_h264_unit(track->h264, data, size)
           : track->hevc != NULL ? rp_media_hevc_unit(track->hevc, data, size)
                                 : rp_media_av1_unit(track->av1, data, size);
}

/* The least step between picture order counts of one period: 1 or 2 with every recorder seen. A cut
 * that leaves a few pictures does not tell it. */
typedef struct order_steps {
    int64_t places[64], least; /* of the period; 0: none met */
    int count;
    rp_video_numbers numbers;
} order_steps;

static void note_step(order_steps *steps, const rp_media_picture *picture) {
    if (picture->is_period) steps->count = 0;
    rp_video_numbers_take(&steps->numbers, picture, 0);
    const int64_t place = steps->numbers.last;
    for (int i = 0; i < steps->count; i++) {
        const int64_t *other = &steps->places[i];
        const int64_t apart = place > *other ? place - *other : *other - place;
        if (apart > 0 && (steps->least == 0 || apart < steps->least)) steps->least = apart;
    }
    if (steps->count < (int)RP_COUNT(steps->places)) steps->places[steps->count++] = place;
}

/* The values of sdtp, one for each sample; NULL where there are none. */
static const uint8_t *find_dependencies(const uint8_t *data, const rp_media_track *media) {
    rp_media_box box;
    if (media->stbl.size == 0 || !rp_media_box_find(&box, data, &media->stbl, TYPE("sdtp")))
        return NULL;
    if (rp_media_box_payload_size(&box) < 4 + media->sample_count) return NULL;
    return rp_media_box_payload(data, &box) + 4;
}

/* What pictures say about themselves: the step of their order, and whether sdtp (8.6.4) follows
 * from their kind. It is written for a recording only where it does so for the whole reference:
 * Apple's recorder of HEVC calls pictures discardable that their NAL units call references. */
static void learn_pictures(rp_video_track *track, const uint8_t *data, uint64_t size) {
    enum { STEP_MAX = 255 };
    order_steps steps = {0};
    const uint8_t *values = find_dependencies(data, track->media);
    bool is_met[RP_MEDIA_PICTURE_KINDS] = {0};
    rp_media_cursor cursor = rp_media_cursor_begin(track->media);
    rp_media_sample sample;
    for (int k = 0; k < SAMPLES_LEARNED_MAX && rp_media_cursor_next(&sample, &cursor); k++) {
        if (sample.offset > size || sample.size > size - sample.offset) return;
        const rp_media_access_unit unit = picture_at(track, data + sample.offset, sample.size);
        if (unit.size == 0) return;
        note_step(&steps, &unit.picture);
        if (values == NULL) continue;
        const unsigned kind = rp_media_picture_kind(&unit.picture);
        if (is_met[kind] && track->dependencies[kind] != values[sample.index]) values = NULL;
        else track->dependencies[kind] = values[sample.index];
        is_met[kind] = true;
    }
    if (steps.least <= STEP_MAX) track->order_step = (uint32_t)steps.least;
    track->has_dependencies = values != NULL;
}

static void learn_samples(rp_video_profile *profile, uint64_t size) {
    const uint8_t *data = profile->movie.data;
    for (int i = 0; i < profile->track_count; i++) {
        rp_video_track *track = &profile->tracks[i];
        rp_media_cursor cursor = rp_media_cursor_begin(track->media);
        rp_media_sample sample;
        bool is_first = true;
        for (int k = 0; k < SAMPLES_LEARNED_MAX && rp_media_cursor_next(&sample, &cursor); k++) {
            if (sample.offset > size || sample.size > size - sample.offset) continue;
            if (sample.size == 0) continue;
            learn_bytes(track, data + sample.offset, sample.size, is_first);
            is_first = false;
            profile->has_samples = true;
            if (track->kind == RP_VIDEO_H264 || track->kind == RP_VIDEO_HEVC)
                learn_nal_units(track, data + sample.offset, sample.size, sample.is_sync);
        }
    }
}

/* --- putting it together ----------------------------------------------------------------- */

/* What the parsers take from the clip: the types seen, the longest unit believed in. */
static void set_limits(rp_video_track *track) {
    for (uint32_t i = 0; i < RP_VIDEO_SIGNATURE_BYTES; i++) {
        track->mask[i] = track->mask[i] != 0 ? 0xff : 0;
        track->signature_bytes += track->mask[i] != 0;
    }
    const uint64_t most = (uint64_t)track->size_max * 8 + (1 << 20);
    const uint32_t bytes_max = most < 1 << 26 ? (uint32_t)most : 1 << 26;
    if (track->h264 != NULL) {
        track->h264->nal_bytes_max = bytes_max;
        track->h264->types_seen = (uint32_t)track->types_seen;
        /* Parameter sets, SEI and delimiters may come though this clip has none. */
        if (track->types_seen != 0) track->h264->types_seen |= 1 << 1 | 1 << 5 | 7 << 6 | 1 << 12;
        track->h264->slices_min = track->units_min;
        track->h264->recovery_is_sync = track->recovery_is_sync;
    }
    if (track->hevc != NULL) {
        track->hevc->nal_bytes_max = bytes_max;
        track->hevc->types_seen = track->types_seen;
        if (track->types_seen != 0) /* every slice type, parameter sets, SEI */
            track->hevc->types_seen |= UINT64_C(0x3f03ff) | UINT64_C(7) << 32 | UINT64_C(7) << 38;
    }
    if (track->av1 != NULL) track->av1->obu_bytes_max = bytes_max;
}

/* Its pictures come when they come, so only what lies beside them tells their time. */
static int find_variable(const rp_video_profile *profile) {
    for (int i = 0; profile->is_paced && i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        if (track->kind <= RP_VIDEO_AV1 && rp_video_track_is_pacing(track) && !track->is_constant)
            return i;
    }
    return -1;
}

static void find_special_tracks(rp_video_profile *profile) {
    profile->variable_track = find_variable(profile);
    profile->clock_track = profile->numbered_track = profile->guide_track = -1;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        if (track->kind <= RP_VIDEO_AV1 && track->is_constant && profile->clock_track < 0)
            profile->clock_track = i;
        if (track->kind <= RP_VIDEO_AV1 && track->order_step > 0 && !track->has_twins &&
            profile->numbered_track < 0)
            profile->numbered_track = i;
        if (track->kind == RP_VIDEO_FDSC) profile->guide_track = i;
    }
}

rp_status rp_video_profile_learn(rp_video_profile *profile, const uint8_t *data, uint64_t size,
                                 const char *name, rp_arena *arena, rp_error *error) {
    *profile = (rp_video_profile){0};
    RP_TRY(rp_media_movie_read(&profile->movie, data, size, arena, error));
    if (!profile->movie.has_index)
        return rp_fail(error, RP_INPUT, 0,
                       "%s: no index (moov) in it; the reference must be a healthy clip: are "
                       "reference and broken file swapped?",
                       name);
    profile->track_count = (int)profile->movie.track_count;
    uint64_t samples = 0;
    for (int i = 0; i < profile->track_count; i++) {
        rp_video_track *track = &profile->tracks[i];
        track->media = &profile->movie.tracks[i];
        samples += track->media->sample_count;
        learn_sizes(track);
        learn_times(track);
        learn_composition(track);
        choose_kind(track, data, arena);
    }
    if (arena->failed) return rp_fail_memory(error, "the profile of the reference");
    if (samples == 0)
        return rp_fail(error, RP_INPUT, 0, "%s: its index is empty; give a clip that plays", name);
    find_twins(profile);
    RP_TRY(rp_video_interleave_learn(profile, arena, error));
    const bool is_saved = rp_video_saved_profile_load(profile, size);
    if (!is_saved) learn_samples(profile, size);
    for (int i = 0; i < profile->track_count; i++) {
        rp_video_track *track = &profile->tracks[i];
        set_limits(track);
        if (!is_saved && track->kind <= RP_VIDEO_AV1) learn_pictures(track, data, size);
    }
    find_special_tracks(profile);
    return RP_OK;
}
