/* lost.c: see lost.h. */
#include "video/lost.h"

#include <math.h>

enum {
    SEEN_MAX = 96,       /* samples looked at behind a hole */
    STEPS_MAX = 1 << 20, /* for one hole */
    MOVE_BITS = 4,       /* price of a picture of variable rate a whole period off */
    BREAK_BITS = 8,      /* price of a change that the order does not foretell */
    TOO_FULL_BITS = 6,   /* price of samples that would not fit the hole, for each spread */
    TOO_EMPTY_BITS = 6   /* price of a hole that is all junk put in */
};

/* --- the recorder's order ---------------------------------------------------------------- */

/* Where a recorder stands. */
typedef struct order {
    uint64_t samples[RP_MEDIA_TRACKS_MAX];
    int track;       /* whose turn it was last; -1: not known */
    uint64_t in_run; /* its samples in a row */
    double skew;     /* seconds by which pictures of variable rate are later than counted */
} order;

/* One step: a sample, or a run of PCM. */
typedef struct item {
    int track;
    uint64_t count;
} item;

/* Frames of PCM that bring this track level with the pictures; the usual run where that cannot be.
 */
static uint64_t sound_run(const rp_video_profile *profile, const order *at, int index) {
    const rp_video_track *sound = &profile->tracks[index];
    const uint64_t usual = sound->run_samples[0];
    if (profile->clock_track < 0) return usual;
    const rp_video_track *pictures = &profile->tracks[profile->clock_track];
    const double rate = (double)sound->media->timescale / (sound->delta == 0 ? 1 : sound->delta);
    const double level = (double)at->samples[profile->clock_track] * pictures->delta * rate /
                         pictures->media->timescale;
    const uint64_t due = (uint64_t)(level + 1e-6);
    if (due <= at->samples[index] || due - at->samples[index] > 2 * sound->run_max) return usual;
    return due - at->samples[index];
}

/* When the next sample of a track is due. */
static double due_seconds(const rp_video_profile *profile, const order *at, int index) {
    const rp_video_track *track = &profile->tracks[index];
    const double ticks = (double)at->samples[index] * track->delta;
    const double now = profile->paces_by_edits ? rp_video_track_seconds(track, ticks)
                                               : ticks / track->media->timescale;
    return track->is_constant ? now : now + at->skew;
}

static bool next_in_time(item *next, const rp_video_profile *profile, const order *at) {
    double least = 0;
    *next = (item){.track = -1};
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        const bool is_sound = track->kind == RP_VIDEO_PCM && track->delta > 0;
        if (!is_sound && !rp_video_track_is_pacing(track)) continue;
        const double now = due_seconds(profile, at, i);
        if (next->track >= 0 && now > least - 1e-9) continue;
        *next = (item){.track = i, .count = 1};
        if (track->kind == RP_VIDEO_PCM) next->count = track->run_samples[0];
        least = now;
    }
    return next->track >= 0;
}

static bool next_in_runs(item *next, const rp_video_profile *profile, const order *at) {
    if (at->track < 0) return false;
    const rp_video_track *last = &profile->tracks[at->track];
    *next = (item){.track = at->track, .count = 1};
    if (last->kind != RP_VIDEO_PCM && at->in_run < last->run_samples[0]) return true;
    const uint32_t *follows = profile->follows[at->track];
    int most = 0;
    for (int i = 1; i < profile->track_count; i++)
        if (follows[i] > follows[most]) most = i;
    if (follows[most] == 0) return false;
    next->track = most;
    if (profile->tracks[most].kind == RP_VIDEO_PCM) next->count = sound_run(profile, at, most);
    return next->count > 0;
}

/* What comes next; false where the order says nothing. */
static bool next_item(item *next, const rp_video_profile *profile, const order *at) {
    return profile->is_paced ? next_in_time(next, profile, at) : next_in_runs(next, profile, at);
}

static void take_item(order *at, const rp_video_profile *profile, const item *next) {
    at->samples[next->track] += next->count;
    at->in_run = at->track == next->track ? at->in_run + next->count : next->count;
    at->track = next->track;
    if (profile->is_paced && profile->guide_track >= 0) at->samples[profile->guide_track]++;
}

/* --- what is seen behind the hole -------------------------------------------------------- */

typedef struct sight {
    int classes[SEEN_MAX]; /* track, or the first of those that look like it */
    int count;
    bool is_ended; /* something without syntax follows */
} sight;

static void look(sight *seen, rp_video_scanner *scanner, uint64_t offset) {
    const rp_video_profile *profile = scanner->profile;
    seen->count = 0;
    seen->is_ended = false;
    while (seen->count < SEEN_MAX && offset < scanner->end) {
        rp_video_candidate best;
        if (!rp_video_scan_best(&best, scanner, offset)) break;
        offset += best.size;
        if (profile->is_paced && !rp_video_track_is_pacing(&profile->tracks[best.track])) continue;
        seen->classes[seen->count++] = profile->tracks[best.track].twin;
    }
    seen->is_ended =
        seen->count < SEEN_MAX && offset < scanner->end && !rp_video_scan_is_cut(scanner, offset);
}

typedef struct trial {
    const rp_video_profile *profile;
    const sight *seen;
    double hole, largest;
    bool has_pcm;
} trial;

/* The order was wrong: of the tracks that look so, the one that the order would come to first. */
static int force_class(const rp_video_profile *profile, const order *at, int class) {
    int best = class;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        if (track->twin != class) continue;
        const double now = due_seconds(profile, at, i), least = due_seconds(profile, at, best);
        const bool is_next = at->track >= 0 && profile->follows[at->track][i] > 0;
        if (profile->is_paced ? now < least - 1e-9 : is_next && at->track != best) best = i;
    }
    return best;
}

/* Pictures of variable rate came earlier or later than counted. Moves them to where `seen` comes
 * first; the price grows with how far that is. False where no such picture is concerned. */
static bool move_pictures(double *bits, const rp_video_profile *profile, order *at, int foretold,
                          int seen) {
    const bool moves_seen = !profile->tracks[seen].is_constant;
    const rp_video_track *pictures = &profile->tracks[moves_seen ? seen : foretold];
    if (!profile->is_paced || pictures->is_constant) return false;
    const double by = moves_seen
                          ? due_seconds(profile, at, foretold) - due_seconds(profile, at, seen)
                          : due_seconds(profile, at, seen) - due_seconds(profile, at, foretold);
    at->skew += moves_seen ? by - 1e-6 : by + 1e-6;
    *bits += MOVE_BITS * fabs(by) * pictures->media->timescale / pictures->delta;
    return true;
}

/* What it costs, in bits, that what is seen follows on `from`; gives up beyond `most`. *breaks
 * counts what the order does not foretell. */
static double order_bits(int *breaks, const trial *of, const order *from, double most) {
    const rp_video_profile *profile = of->profile;
    const sight *seen = of->seen;
    order at = *from;
    item next;
    double bits = 0;
    *breaks = 0;
    for (int i = 0; i < seen->count && bits <= most; i++) {
        const bool is_known = next_item(&next, profile, &at);
        if (!is_known || profile->tracks[next.track].twin != seen->classes[i]) {
            const int foretold = next.track;
            next = (item){.track = force_class(profile, &at, seen->classes[i]), .count = 1};
            if (!is_known || !move_pictures(&bits, profile, &at, foretold, next.track)) {
                bits += BREAK_BITS;
                ++*breaks;
            }
        }
        take_item(&at, profile, &next);
    }
    if (seen->is_ended && of->has_pcm && next_item(&next, profile, &at) &&
        profile->tracks[next.track].kind != RP_VIDEO_PCM) {
        bits += BREAK_BITS;
        ++*breaks;
    }
    return bits;
}

/* --- which number of steps --------------------------------------------------------------- */

static double item_bytes(const rp_video_profile *profile, const item *lost) {
    const rp_video_track *track = &profile->tracks[lost->track];
    const bool is_pcm = track->kind == RP_VIDEO_PCM; /* its tables may count bytes as samples */
    return (is_pcm ? track->frame_bytes : track->mean_bytes) * (double)lost->count;
}

/* Price of `bytes` being lost in a hole of `hole` bytes, in bits. */
static double size_bits(double bytes, double hole, double largest) {
    if (bytes < hole) return TOO_EMPTY_BITS * (hole - bytes) / hole;
    return TOO_FULL_BITS * (bytes - hole) / (hole / 4 + largest / 2);
}

/* Goes on with the order from `at`; returns the best number of steps, *breaks of them. */
static uint64_t best_steps(const trial *of, order at, int *breaks, uint64_t *steps_left) {
    double bytes = 0, best = 1e9;
    uint64_t best_count = 0, allowed = *steps_left < STEPS_MAX ? *steps_left : STEPS_MAX;
    *steps_left -= allowed;
    for (uint64_t count = 0; allowed > 0; count++) {
        const double size = size_bits(bytes, of->hole, of->largest);
        if (bytes > of->hole && size > best) break;
        int found;
        const double bits = size + order_bits(&found, of, &at, best - size);
        if (bits < best) {
            best = bits;
            best_count = count;
            *breaks = found;
        }
        const uint64_t used = (uint64_t)of->seen->count + 1;
        allowed -= used < allowed ? used : allowed;
        item next;
        if (!next_item(&next, of->profile, &at)) break;
        take_item(&at, of->profile, &next);
        bytes += item_bytes(of->profile, &next);
    }
    *steps_left += allowed;
    return best_count;
}

/* Metadata of a paced recording comes in its own time: as many are lost as the others' time went
 * on. */
static void lose_metadata(rp_video_lost *lost, const rp_video_profile *profile) {
    double seconds = 0;
    for (int i = 0; i < profile->track_count && i < RP_VIDEO_HOLE_TRACKS; i++) {
        const rp_video_track *track = &profile->tracks[i];
        const double gone = (double)lost->samples[i] * track->delta / track->media->timescale;
        if (rp_video_track_is_pacing(track) && gone > seconds) seconds = gone;
    }
    for (int i = 0; i < profile->track_count && i < RP_VIDEO_HOLE_TRACKS; i++) {
        const rp_video_track *track = &profile->tracks[i];
        if (rp_video_track_is_pacing(track) || track->kind == RP_VIDEO_PCM) continue;
        if (track->delta == 0 || track->media->sample_count < 2) continue;
        lost->samples[i] += (uint32_t)(seconds * track->media->timescale / track->delta + 0.5);
    }
}

/* Takes `steps` of the order as lost. PCM at the end of them lies where the hole ends. */
static void take_lost(rp_video_lost *lost, const rp_video_profile *profile, order at,
                      uint64_t steps, uint64_t hole) {
    for (uint64_t i = 0; i < steps; i++) {
        item next;
        if (!next_item(&next, profile, &at)) break;
        take_item(&at, profile, &next);
        const rp_video_track *track = &profile->tracks[next.track];
        if (track->kind != RP_VIDEO_PCM || lost->sound_count == RP_VIDEO_LOST_SOUNDS)
            lost->sound_count = 0;
        if (track->kind == RP_VIDEO_PCM) {
            lost->sounds[lost->sound_count].track = next.track;
            lost->sounds[lost->sound_count++].frames = next.count;
        }
        if (next.track < RP_VIDEO_HOLE_TRACKS) lost->samples[next.track] += (uint32_t)next.count;
        if (profile->is_paced && profile->guide_track >= 0 &&
            profile->guide_track < RP_VIDEO_HOLE_TRACKS)
            lost->samples[profile->guide_track]++;
    }
    if (profile->is_paced) lose_metadata(lost, profile);
    uint64_t bytes = 0;
    for (int i = 0; i < lost->sound_count; i++)
        bytes += lost->sounds[i].frames * profile->tracks[lost->sounds[i].track].frame_bytes;
    if (!lost->is_sure || bytes > hole) lost->sound_count = 0;
    for (int i = 0; i < lost->sound_count; i++)
        if (lost->sounds[i].track < RP_VIDEO_HOLE_TRACKS)
            lost->samples[lost->sounds[i].track] -= (uint32_t)lost->sounds[i].frames;
    lost->last_track = lost->is_sure && !profile->is_paced ? at.track : -1;
    lost->run_samples = at.in_run;
}

/* Counted at their usual rate, pictures of variable rate drift away from the sound they lie beside:
 * the next is due half a period after the sound that is. */
static void start_pictures(const rp_video_profile *profile, order *at) {
    double sound = -1;
    for (int i = 0; i < profile->track_count; i++)
        if (rp_video_track_is_pacing(&profile->tracks[i]) && profile->tracks[i].is_constant)
            sound = due_seconds(profile, at, i);
    for (int i = 0; i < profile->track_count && sound >= 0; i++) {
        const rp_video_track *track = &profile->tracks[i];
        if (!rp_video_track_is_pacing(track) || track->is_constant) continue;
        at->skew =
            sound - due_seconds(profile, at, i) + 0.5 * track->delta / track->media->timescale;
        return;
    }
}

void rp_video_lost_find(rp_video_lost *lost, rp_video_scanner *scanner,
                        const rp_video_context *before, uint64_t offset, uint64_t resume,
                        uint64_t *steps_left) {
    const rp_video_profile *profile = scanner->profile;
    *lost = (rp_video_lost){.last_track = -1};
    if (resume >= scanner->end) return; /* nothing follows whose time it would be */
    sight seen;
    look(&seen, scanner, resume);
    trial of = {.profile = profile, .seen = &seen, .hole = (double)(resume - offset)};
    order at = {.track = before->last_track, .in_run = before->run_samples};
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        at.samples[i] = before->samples[i];
        of.has_pcm |= track->kind == RP_VIDEO_PCM;
        const item one = {.track = i,
                          .count = track->kind == RP_VIDEO_PCM ? track->run_samples[0] : 1};
        if (item_bytes(profile, &one) > of.largest) of.largest = item_bytes(profile, &one);
    }
    start_pictures(profile, &at);
    int breaks = SEEN_MAX;
    const uint64_t steps = best_steps(&of, at, &breaks, steps_left);
    lost->is_sure = breaks == 0;
    take_lost(lost, profile, at, steps, resume - offset);
}
