/* pcm_length.c: see pcm_length.h.
 *
 * A length is believed when something starts behind it: a sample with syntax, the next of several
 * PCM tracks with a length of its own that is believed (mono tracks one behind the other), or the
 * end of the data. 24024 frames for 12 pictures at 23.976 are no multiple of anything, so the time
 * is kept as an exact fraction: floor((samples * delta / timescale) * rate). */
#include "video/pcm_length.h"

enum { LENGTHS_MAX = 3 + RP_VIDEO_SIZES_MAX, DEPTH_MAX = 16, GUESSES_MAX = 4000 };

static void add_length(uint64_t *lengths, int *count, uint64_t frames) {
    for (int i = 0; i < *count; i++)
        if (lengths[i] == frames) return;
    if (frames > 0 && *count < LENGTHS_MAX) lengths[(*count)++] = frames;
}

/* Frames that bring this track level with the pictures, rounded down, up, and to the nearest. */
static void add_lengths_of_time(uint64_t *lengths, int *count, const rp_video_profile *profile,
                                int index, const rp_video_context *context) {
    const int clock = profile->clock_track;
    if (clock < 0) return;
    const rp_video_track *pictures = &profile->tracks[clock], *sound = &profile->tracks[index];
    const double rate = (double)sound->media->timescale / (sound->delta == 0 ? 1 : sound->delta);
    /* Exact to 2^53 frames: a product of counts below 2^21 and ticks below 2^32. */
    const double exact =
        (double)context->samples[clock] * pictures->delta * rate / pictures->media->timescale;
    const uint64_t floor_frames = (uint64_t)(exact + 1e-6), done = context->samples[index];
    if (floor_frames + 1 <= done) return;
    const uint64_t due = floor_frames - done;
    if (due > sound->run_max * 2 + 2) return; /* something was lost: time says nothing */
    const bool is_up = exact - (double)floor_frames > 0.5;
    add_length(lengths, count, due + is_up);
    add_length(lengths, count, due + !is_up);
}

static int possible_lengths(uint64_t lengths[LENGTHS_MAX], const rp_video_profile *profile,
                            int index, const rp_video_context *context) {
    const rp_video_track *track = &profile->tracks[index];
    int count = 0;
    add_lengths_of_time(lengths, &count, profile, index, context);
    for (uint32_t i = 0; i < track->run_count; i++)
        add_length(lengths, &count, track->run_samples[i]);
    return count;
}

/* Does something that may follow this track start at `offset`? */
static bool is_followed(rp_video_scanner *scanner, int index, uint64_t offset,
                        const rp_video_context *context, int depth) {
    const rp_video_profile *profile = scanner->profile;
    if (offset <= scanner->end && scanner->end - offset < RP_VIDEO_TOO_SHORT) return true;
    if (offset > scanner->end || scanner->guesses_left == 0) return false;
    scanner->guesses_left--;
    if (rp_video_scan_is_likely(scanner, offset)) return true;
    if (rp_video_scan_is_cut(scanner, offset)) return true;
    for (int next = 0; next < profile->track_count && depth < DEPTH_MAX; next++) {
        const rp_video_track *track = &profile->tracks[next];
        if (track->kind != RP_VIDEO_PCM || next == index) continue;
        if (profile->follows[index][next] == 0) continue;
        uint64_t lengths[LENGTHS_MAX];
        const int count = possible_lengths(lengths, profile, next, context);
        for (int i = 0; i < count; i++)
            if (is_followed(scanner, next, offset + lengths[i] * track->frame_bytes, context,
                            depth + 1))
                return true;
        /* The last chunk of the recording may be cut anywhere. */
        if (count > 0 && scanner->end - offset < lengths[0] * track->frame_bytes) return true;
    }
    return false;
}

/* Is it this track's turn? The run before it is as long as such runs are, or all other tracks are
 * level in time: the last run of a recording is shorter. */
static bool is_turn(const rp_video_profile *profile, int index, const rp_video_context *context) {
    const int last = context->last_track;
    if (last < 0 || last == index) return false;
    const rp_video_track *before = &profile->tracks[last];
    for (uint32_t i = 0; i < before->run_count; i++)
        if (before->run_samples[i] == context->run_samples) return true;
    int level = 0;
    double least = 0, most = 0;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        if (track->kind == RP_VIDEO_PCM || !track->is_constant || track->delta == 0) continue;
        const double at = (double)context->samples[i] * track->delta / track->media->timescale;
        if (level == 0 || at < least) least = at;
        if (level == 0 || at > most) most = at;
        level++;
    }
    return level > 1 && most - least < 1e-9;
}

/* Nothing that is foretold is followed by anything: damage, or the end. Where runs are regular the
 * foretold length is taken all the same; else up to what starts next. */
static int lengths_in_doubt(rp_video_pcm_length out[RP_VIDEO_PCM_LENGTHS],
                            rp_video_scanner *scanner, int index, uint64_t offset,
                            const rp_video_context *context) {
    enum { REGULAR_MAX = 4, TURN_BITS = 8, NO_TURN_BITS = -20, IRREGULAR_BITS = -60 };
    const rp_video_profile *profile = scanner->profile;
    const rp_video_track *track = &profile->tracks[index];
    const uint64_t left = (scanner->end - offset) / track->frame_bytes;
    const uint64_t most = track->run_max * 2 < left ? track->run_max * 2 : left;
    const bool is_regular = track->run_count <= REGULAR_MAX && profile->clock_track >= 0;
    uint64_t lengths[LENGTHS_MAX];
    const int count = possible_lengths(lengths, profile, index, context);
    int found = 0;
    if (is_regular && count > 0 && lengths[0] < left)
        out[found++] = (rp_video_pcm_length){
            .frames = lengths[0],
            .bits = is_turn(profile, index, context) ? TURN_BITS : NO_TURN_BITS,
            .is_guess = true};
    for (uint64_t n = 1; n < most; n++) {
        const uint64_t at = offset + n * track->frame_bytes;
        if (!scanner->may_start[scanner->data[at]]) continue;
        if (!rp_video_scan_is_start(scanner, at)) continue;
        out[found++] = (rp_video_pcm_length){
            .frames = n, .bits = is_regular ? IRREGULAR_BITS : 0, .is_guess = is_regular};
        return found;
    }
    if (left > track->run_max || rp_video_scan_is_cut(scanner, offset)) return found;
    if (found > 0) return found;
    out[0] = (rp_video_pcm_length){.frames = left}; /* the recording ends in this chunk */
    return 1;
}

int rp_video_pcm_lengths(rp_video_pcm_length out[RP_VIDEO_PCM_LENGTHS], rp_video_scanner *scanner,
                         int index, uint64_t offset, const rp_video_context *context) {
    const rp_video_profile *profile = scanner->profile;
    const rp_video_track *track = &profile->tracks[index];
    const uint64_t left = (scanner->end - offset) / track->frame_bytes;
    if (left == 0 || track->run_max == 0) return 0;
    if (context->last_track == index && context->run_samples >= track->run_max) return 0;
    if (context->last_track >= 0 && context->last_track != index &&
        profile->follows[context->last_track][index] == 0)
        return 0; /* never seen: a lost picture looks like PCM to whoever is not strict */
    uint64_t lengths[LENGTHS_MAX];
    const int count = possible_lengths(lengths, profile, index, context);
    int found = 0;
    scanner->guesses_left = GUESSES_MAX;
    for (int i = 0; i < count && found < RP_VIDEO_PCM_LENGTHS; i++)
        if (lengths[i] <= left &&
            is_followed(scanner, index, offset + lengths[i] * track->frame_bytes, context, 0)) {
            out[found] = (rp_video_pcm_length){.frames = lengths[i], .bits = -(float)found};
            found++;
            /* The end of the data vouches for any length near it; the first is the likeliest. */
            if (scanner->end - offset < lengths[i] * track->frame_bytes + RP_VIDEO_TOO_SHORT) break;
        }
    return found > 0 ? found : lengths_in_doubt(out, scanner, index, offset, context);
}
