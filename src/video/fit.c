/* fit.c: see fit.h. */
#include "video/fit.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "video/foreign.h"

enum {
    SAMPLES_JUDGED_MAX = 256,
    SURE_PICTURES = 8, /* so many are no chance */
    TEXT_BYTES = 128
};

/* --- slice headers ----------------------------------------------------------------------- */

/* How many slice headers end as the parameter sets of a track say, and how many do not. */
typedef struct endings {
    uint32_t right, wrong;
} endings;

static void count_endings(endings *found, const rp_media_h264 *h264, const uint8_t *sample,
                          uint64_t size) {
    enum { SLICE = 1, IDR = 5 };
    const unsigned width = h264->length_bytes;
    for (uint64_t at = 0; size - at > width;) {
        uint64_t length = 0;
        for (unsigned i = 0; i < width; i++) length = length << 8 | sample[at + i];
        at += width;
        if (length == 0 || length > size - at) return;
        const unsigned type = sample[at] & 31;
        const bool is_slice = type == SLICE || type == IDR;
        const rp_media_h264_ending ending =
            is_slice ? rp_media_h264_slice_ending(h264, sample + at, (size_t)length)
                     : RP_MEDIA_ENDING_UNTOLD;
        found->right += ending == RP_MEDIA_ENDING_RIGHT;
        found->wrong += ending == RP_MEDIA_ENDING_WRONG;
        at += length;
    }
}

/* Of the pictures that were found in the recording. */
static endings endings_found(const rp_video_plan *plan, int index) {
    const rp_video_found *found = &plan->chain.tracks[index];
    const rp_media_h264 *h264 = plan->profile->tracks[index].h264;
    endings all = {0};
    uint64_t judged = 0;
    for (size_t i = 0; i < found->chunk_count; i++) {
        const rp_media_chunk *chunk = &found->chunks[i];
        uint64_t offset = chunk->offset;
        for (uint64_t k = chunk->first; k < chunk->first + chunk->count; k++) {
            if (judged++ == SAMPLES_JUDGED_MAX) return all;
            count_endings(&all, h264, plan->broken.data + offset, found->sizes[k]);
            offset += found->sizes[k];
        }
    }
    return all;
}

/* Of the reference's own pictures, as far as it has them: a saved profile has none. */
static endings endings_known(const rp_video_plan *plan, int index) {
    const rp_media_movie *movie = &plan->profile->movie;
    const rp_video_track *track = &plan->profile->tracks[index];
    rp_media_cursor cursor = rp_media_cursor_begin(track->media);
    rp_media_sample sample;
    endings all = {0};
    for (int i = 0; i < SAMPLES_JUDGED_MAX && rp_media_cursor_next(&sample, &cursor); i++) {
        if (sample.offset > movie->size || sample.size > movie->size - sample.offset) break;
        count_endings(&all, track->h264, movie->data + sample.offset, sample.size);
    }
    return all;
}

/* With genuine references not one header of 15 recordings ends wrong, with another camera's a tenth
 * at least do. Damage may hit one. */
static bool are_wrong(const endings *of) {
    return of->wrong >= 2 && of->wrong * 16 > of->right + of->wrong;
}

/* --- what was not identified ------------------------------------------------------------- */

/* Bytes of holes that hold something. What lies at the end was there before as often as not. */
typedef struct unexplained {
    uint64_t inner, tail;         /* with something found behind them; at the end */
    const rp_video_hole *largest; /* NULL: there is none */
} unexplained;

static unexplained find_unexplained(const rp_video_plan *plan) {
    const rp_video_chain *chain = &plan->chain;
    unexplained found = {0};
    for (size_t i = 0; i < chain->hole_count; i++) {
        const rp_video_hole *hole = &chain->holes[i];
        const bool is_cut = chain->ends_in_sample && rp_video_plan_is_cut_sample(plan, hole);
        if (hole->is_uniform || is_cut) continue;
        if (hole->offset + hole->size == chain->end) found.tail = hole->size;
        else found.inner += hole->size;
        if (found.largest == NULL || hole->size > found.largest->size) found.largest = hole;
    }
    return found;
}

/* The longest track of pictures, in seconds. */
static double picture_seconds(const rp_video_plan *plan) {
    double most = 0;
    for (int i = 0; i < plan->profile->track_count; i++) {
        const rp_video_track *track = &plan->profile->tracks[i];
        const double seconds = (double)plan->chain.tracks[i].sample_count * track->usual_ticks /
                               track->media->timescale;
        if (track->kind <= RP_VIDEO_AV1 && seconds > most) most = seconds;
    }
    return most;
}

/* AAC whose configuration is another parses nowhere: not a block of it is found, though as many
 * bytes as it would have are not identified. */
static bool misses_sound(const rp_video_plan *plan, const unexplained *left) {
    enum { BLOCKS_MIN = 8 };
    const double seconds = picture_seconds(plan);
    bool has_sound = false, misses = false;
    for (int i = 0; i < plan->profile->track_count; i++) {
        const rp_video_track *track = &plan->profile->tracks[i];
        if (track->kind != RP_VIDEO_AAC || track->delta == 0) continue;
        const double blocks = seconds * track->media->timescale / track->delta;
        has_sound |= plan->chain.tracks[i].sample_count > 0;
        misses |= blocks >= BLOCKS_MIN && (double)left->inner * 2 > blocks * track->mean_bytes;
    }
    return misses && !has_sound;
}

/* PCM of another width or number of channels leaves the same rest behind each of its chunks; damage
 * is never so regular. */
static bool is_regular(const rp_video_chain *chain, const rp_video_hole *largest) {
    enum { EQUAL_MIN = 3, SHARE_MIN = 16 };
    uint64_t equal = 0;
    for (size_t i = 0; largest != NULL && i < chain->hole_count; i++)
        equal += chain->holes[i].size == largest->size && !chain->holes[i].is_uniform;
    return equal >= EQUAL_MIN && equal * largest->size > rp_video_chain_seen(chain) / SHARE_MIN;
}

/* --- the verdict ------------------------------------------------------------------------- */

/* More than half of the recording is not identified: does that hold pictures? Of another codec they
 * are looked for everywhere, of the reference's own in the largest hole. */
static bool holds_more_pictures(const rp_video_plan *plan, const rp_video_hole *largest) {
    const rp_video_chain *chain = &plan->chain;
    rp_video_foreign all, left;
    bool has_codec = false;
    rp_video_foreign_find(&all, plan->broken.data, chain->begin, chain->end);
    rp_video_foreign_find(&left, plan->broken.data, largest->offset,
                          largest->offset + largest->size);
    for (int i = 0; i < plan->profile->track_count; i++) {
        const rp_video_kind kind = plan->profile->tracks[i].kind;
        has_codec |= kind == (all.pictures == RP_MARK_HEVC ? RP_VIDEO_HEVC : RP_VIDEO_H264);
    }
    return left.pictures != RP_MARK_NONE || (all.pictures != RP_MARK_NONE && !has_codec);
}

/* Why the reference is of another camera, though much was understood; NULL: it is not. */
static const char *find_contradiction(const rp_video_plan *plan) {
    bool is_sure = false;
    for (int i = 0; i < plan->profile->track_count; i++) {
        const rp_video_kind kind = plan->profile->tracks[i].kind;
        if (kind > RP_VIDEO_AV1) continue;
        endings found = {.right = (uint32_t)plan->chain.tracks[i].sample_count}, known = found;
        if (kind == RP_VIDEO_H264) {
            found = endings_found(plan, i);
            known = endings_known(plan, i);
        }
        if (are_wrong(&found) && !are_wrong(&known))
            return "its slice headers contradict the reference's SPS and PPS";
        is_sure |= found.right >= SURE_PICTURES && found.wrong == 0;
    }
    const int guide = plan->profile->guide_track;
    if (is_sure && guide >= 0 && plan->chain.tracks[guide].sample_count == 0)
        return "no record of GoPro's is between its samples";
    const unexplained left = find_unexplained(plan);
    if (misses_sound(plan, &left)) return "no sound of the reference's AAC configuration is in it";
    if (is_regular(&plan->chain, left.largest))
        return "behind each chunk as many bytes are left over";
    const uint64_t seen = rp_video_chain_seen(&plan->chain), body = seen - left.tail;
    if (is_sure) return NULL;
    if (left.inner > body - body / 4) return "hardly anything in it is as in the reference";
    return left.inner + left.tail > seen / 2 && holds_more_pictures(plan, left.largest)
               ? "the reference explains few of its pictures"
               : NULL;
}

/* Is so much understood that it is no chance? Noise gives a false start now and then, each behind a
 * hole; a recording gives much more. PCM has no syntax, so that any bytes are understood as it. */
static bool is_believed(const rp_video_plan *plan) {
    const rp_video_chain *chain = &plan->chain;
    uint64_t pcm_bytes = 0;
    bool has_syntax = false;
    for (int i = 0; i < plan->profile->track_count; i++) {
        const bool is_pcm = plan->profile->tracks[i].kind == RP_VIDEO_PCM;
        const rp_video_found *found = &chain->tracks[i];
        has_syntax |= !is_pcm;
        if (is_pcm) pcm_bytes += (found->sample_count - found->silent_count) * found->constant_size;
    }
    if (!has_syntax) pcm_bytes = 0;
    size_t holes = chain->hole_count; /* what the end of the file cuts is no hole */
    if (holes > 0 && chain->holes[holes - 1].offset + chain->holes[holes - 1].size == chain->end)
        holes--;
    const double believed = 45 * (double)(holes + 1);
    return chain->evidence_bits >= believed ||
           (chain->sample_bytes > pcm_bytes &&
            chain->sample_bytes - pcm_bytes > (rp_video_chain_seen(chain) - pcm_bytes) / 2);
}

/* The reference has pictures and none was found. */
static bool misses_pictures(const rp_video_plan *plan) {
    bool has_pictures = false, has_found = false;
    for (int i = 0; i < plan->profile->track_count; i++) {
        if (plan->profile->tracks[i].kind > RP_VIDEO_HEVC) continue;
        has_pictures = true;
        has_found |= plan->chain.tracks[i].sample_count > 0;
    }
    return has_pictures && !has_found;
}

rp_status rp_video_fit_check(const rp_video_plan *plan, const char *broken, rp_error *error) {
    const rp_video_chain *chain = &plan->chain;
    char expected[TEXT_BYTES], met[TEXT_BYTES], brand[5] = "none";
    rp_video_foreign foreign;
    const bool believed = is_believed(plan);
    const char *contradiction = NULL;
    if (believed && !misses_pictures(plan)) {
        contradiction = find_contradiction(plan);
        if (contradiction == NULL) return RP_OK;
    }
    rp_video_foreign_tell_reference(expected, sizeof expected, plan->profile);
    rp_video_foreign_find(&foreign, plan->broken.data, chain->begin, chain->end);
    if (contradiction == NULL && believed && foreign.pictures == RP_MARK_NONE)
        return RP_OK; /* none were recorded */
    rp_video_foreign_tell(met, sizeof met, &foreign);
    const uint8_t *ftyp = plan->broken.data;
    if (plan->layout.has_ftyp && plan->broken.size >= 12 && memcmp(ftyp + 4, "ftyp", 4) == 0)
        rp_media_type_name(brand, rp_be32(ftyp + 8));
    return rp_fail(error, RP_INPUT, (int64_t)chain->begin,
                   "%s: %s%sits media data holds %s (brand of the broken file: %s), the reference "
                   "has %s; use a clip of the same camera and settings, or "
                   "--trust-reference if it is one",
                   broken, contradiction != NULL ? contradiction : "",
                   contradiction != NULL ? ": " : "", met, brand, expected);
}
