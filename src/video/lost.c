/* lost.c: see lost.h. */
#include "video/lost.h"

#include <math.h>

enum {
    SEEN_MAX = 96,       /* samples looked at behind a hole */
    STEPS_MAX = 1 << 20, /* for one hole */
    BREAK_BITS = 8,      /* price of a change that the order does not foretell */
    TOO_FULL_BITS = 6,   /* price of samples that would not fit the hole, for each spread */
    JUNK_BITS = 3,       /* price of junk put in at all, with pictures of variable rate */
    TOO_EMPTY_BITS = 6   /* price of a hole that is all junk put in */
};

/* --- the recorder's order ---------------------------------------------------------------- */

/* Where a recorder stands. */
typedef struct order {
    uint64_t samples[RP_MEDIA_TRACKS_MAX];
    int track;       /* whose turn it was last; -1: not known */
    uint64_t in_run; /* its samples in a row */
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
    return profile->paces_by_edits ? rp_video_track_seconds(track, ticks)
                                   : ticks / track->media->timescale;
}

static bool next_in_time(item *next, const rp_video_profile *profile, const order *at) {
    double least = 0;
    *next = (item){.track = -1};
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        const bool is_sound = track->kind == RP_VIDEO_PCM && track->delta > 0;
        if (!is_sound && !rp_video_track_is_pacing(track)) continue;
        if (i == profile->variable_track) continue; /* see best_of_variable */
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
    bool is_ended;                                   /* something without syntax follows */
    rp_media_picture pictures[RP_VIDEO_COUNTED_MAX]; /* of the numbered track */
    size_t picture_count;
} sight;

static void look(sight *seen, rp_video_scanner *scanner, uint64_t offset) {
    const rp_video_profile *profile = scanner->profile;
    *seen = (sight){0};
    while (seen->count < SEEN_MAX && offset < scanner->end) {
        rp_video_candidate best;
        if (!rp_video_scan_best(&best, scanner, offset)) break;
        offset += best.size;
        if (best.track == profile->numbered_track && seen->picture_count < RP_VIDEO_COUNTED_MAX)
            seen->pictures[seen->picture_count++] = best.picture;
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
    rp_video_picture_count count; /* of the pictures that were lost */
    double picture_due;           /* see rp_video_context */
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
        if (seen->classes[i] == profile->variable_track) continue;
        const bool is_known = next_item(&next, profile, &at);
        if (!is_known || profile->tracks[next.track].twin != seen->classes[i]) {
            next = (item){.track = force_class(profile, &at, seen->classes[i]), .count = 1};
            bits += BREAK_BITS;
            ++*breaks;
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
    const int numbered = of->profile->numbered_track;
    const uint64_t met = numbered < 0 ? 0 : at.samples[numbered];
    uint64_t best_count = 0, allowed = *steps_left < STEPS_MAX ? *steps_left : STEPS_MAX;
    *steps_left -= allowed;
    for (uint64_t count = 0; allowed > 0; count++) {
        const double size = size_bits(bytes, of->hole, of->largest);
        if (bytes > of->hole && size > best) break;
        int found;
        double bits = size;
        if (numbered >= 0)
            bits += rp_video_picture_count_bits(&of->count, at.samples[numbered] - met);
        bits += order_bits(&found, of, &at, best - bits);
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

/* --- pictures of variable rate ----------------------------------------------------------- */

/* Bits of a value `off` by so much where `variance` is usual: -log2 of the normal density, but for
 * a constant. */
static double normal_bits(double off, double variance) {
    return 0.7213 * off * off / variance + 0.5 * log2(variance);
}

/* What lay in a hole as bytes: junk may have been put in, so too few are no contradiction. */
static double filling_bits(const trial *of, double bytes, double variance) {
    const double off = of->hole - bytes, exact = normal_bits(off, variance);
    const double junk = 0.5 * log2(variance) + JUNK_BITS + TOO_EMPTY_BITS * off / of->hole;
    return off > 0 && junk < exact ? junk : exact;
}

/* Seconds from the last picture before the hole to the first behind it, if sound stands at `at`
 * where the hole ends: both lie as far before the sound that was due when they came. Negative
 * infinity: there was none before. */
static double seconds_between(const trial *of, order at) {
    const sight *seen = of->seen;
    item next;
    for (int i = 0; i < seen->count && seen->classes[i] != of->profile->variable_track; i++)
        if (next_item(&next, of->profile, &at)) take_item(&at, of->profile, &next);
    return rp_video_profile_due_seconds(of->profile, at.samples) - of->picture_due;
}

/* What is tried: sound up to here, and so many pictures. */
typedef struct mixture {
    double sound_bytes, sound_variance, seconds, frame_seconds;
} mixture;

static double mixture_bits(const trial *of, const mixture *sound, uint64_t pictures) {
    const rp_video_track *track = &of->profile->tracks[of->profile->variable_track];
    const double scale = track->media->timescale, count = (double)pictures;
    const double mean = track->mean_ticks / scale, spread = track->spread_ticks / scale;
    double bits =
        filling_bits(of, sound->sound_bytes + count * track->mean_bytes,
                     sound->sound_variance + count * track->spread_bytes * track->spread_bytes);
    /* The time of either picture is known to one frame of sound: a triangle of variance w^2/6. */
    bits += normal_bits(
        sound->seconds - (count + 1) * mean,
        (count + 1) * spread * spread + sound->frame_seconds * sound->frame_seconds / 6);
    if (of->profile->variable_track == of->profile->numbered_track)
        bits += rp_video_picture_count_bits(&of->count, pictures);
    return bits;
}

/* The best number of pictures beside this sound, among those that the time allows. */
static double best_pictures(uint64_t *pictures, const trial *of, const mixture *sound) {
    enum { SPREADS = 4 };
    const rp_video_track *track = &of->profile->tracks[of->profile->variable_track];
    const double intervals = sound->seconds * track->media->timescale / track->mean_ticks;
    const double few = intervals > 1 ? intervals : 1;
    const double off = 3 + SPREADS * sqrt(few) * track->spread_ticks / track->mean_ticks;
    const uint64_t least = few > off ? (uint64_t)(few - off) : 0, most = (uint64_t)(few + off);
    double best = INFINITY;
    for (uint64_t count = least; count <= most; count++) {
        const double bits = mixture_bits(of, sound, count);
        if (bits >= best) continue;
        best = bits;
        *pictures = count;
    }
    return best;
}

/* As best_steps, of sound alone; *pictures receives how many lay between. What is known of these:
 * how long the hole lasted by the sound, how large it is, and by their own numbers how many. */
static uint64_t best_of_variable(uint64_t *pictures, const trial *of, order at,
                                 uint64_t *steps_left) {
    const rp_video_profile *profile = of->profile;
    enum { WORK_MAX = 1 << 16 };
    uint64_t best_count = 0, allowed = *steps_left < WORK_MAX ? *steps_left : WORK_MAX;
    double best = INFINITY;
    mixture sound = {0};
    *steps_left -= allowed;
    *pictures = 0;
    for (uint64_t count = 0; allowed > 0; count++) {
        item next;
        if (!next_item(&next, profile, &at)) break;
        const rp_video_track *track = &profile->tracks[next.track];
        if (count == 0) { /* what the ends of the hole cut is some of a sample's bytes */
            sound.sound_variance = track->mean_bytes * track->mean_bytes;
            sound.frame_seconds = (double)track->delta / track->media->timescale;
        }
        uint64_t between = 0;
        int breaks;
        sound.seconds = seconds_between(of, at);
        double bits = order_bits(&breaks, of, &at, INFINITY);
        if (!isinf(sound.seconds)) bits += best_pictures(&between, of, &sound);
        else bits += filling_bits(of, sound.sound_bytes, sound.sound_variance);
        if (bits < best) {
            best = bits;
            best_count = count;
            *pictures = between;
        }
        if (sound.sound_bytes > of->hole && count > 0) break;
        allowed -= allowed < 64 ? allowed : 64;
        take_item(&at, profile, &next);
        sound.sound_bytes += item_bytes(profile, &next);
        sound.sound_variance += track->spread_bytes * track->spread_bytes;
    }
    *steps_left += allowed;
    return best_count;
}

/* --- what was lost ----------------------------------------------------------------------- */

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

void rp_video_lost_find(rp_video_lost *lost, rp_video_scanner *scanner,
                        const rp_video_context *before, uint64_t offset, uint64_t resume,
                        uint64_t *steps_left) {
    const rp_video_profile *profile = scanner->profile;
    *lost = (rp_video_lost){.last_track = -1, .numbers = before->numbers};
    if (resume >= scanner->end) return; /* nothing follows whose time it would be */
    sight seen;
    look(&seen, scanner, resume);
    trial of = {.profile = profile,
                .seen = &seen,
                .hole = (double)(resume - offset),
                .picture_due = before->picture_due};
    order at = {.track = before->last_track, .in_run = before->run_samples};
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        at.samples[i] = before->samples[i];
        of.has_pcm |= track->kind == RP_VIDEO_PCM;
        const item one = {.track = i,
                          .count = track->kind == RP_VIDEO_PCM ? track->run_samples[0] : 1};
        if (item_bytes(profile, &one) > of.largest) of.largest = item_bytes(profile, &one);
    }
    const int numbered = profile->numbered_track, variable = profile->variable_track;
    const uint64_t met = numbered < 0 ? 0 : before->samples[numbered];
    if (numbered >= 0) {
        const rp_video_ordering ordering = rp_video_track_ordering(&profile->tracks[numbered]);
        of.count = rp_video_picture_count_lost(&before->numbers, met, seen.pictures,
                                               seen.picture_count, &ordering);
    }
    int breaks = SEEN_MAX;
    uint64_t pictures = 0;
    const uint64_t steps = variable >= 0 ? best_of_variable(&pictures, &of, at, steps_left)
                                         : best_steps(&of, at, &breaks, steps_left);
    lost->is_sure = breaks == 0;
    if (variable >= 0 && variable < RP_VIDEO_HOLE_TRACKS)
        lost->samples[variable] = (uint32_t)pictures;
    take_lost(lost, profile, at, steps, resume - offset);
    if (numbered >= 0 && numbered < RP_VIDEO_HOLE_TRACKS)
        rp_video_numbers_skip(&lost->numbers, &of.count, met, lost->samples[numbered]);
}
