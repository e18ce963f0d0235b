/* scan.c: see scan.h. One row for each kind of track. */
#include "video/scan.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mapped_file.h"
#include "video/pcm_length.h"

enum {
    LIKELY_BITS = 14, /* one of a dozen foretold places is hit by noise once in a thousand */
    STRONG_BITS = 28, /* a false start in 2^28 bytes of noise */
    SIGNATURE_BITS_MAX = 64,
    WEAK_BITS = 4,       /* less than this is no syntax; a shown frame of AV1 has 5 */
    FEW_SAMPLES = 16,    /* with fewer, bytes that they share may be chance */
    ONE_SAMPLE_BITS = 2, /* a track of which the reference has a single sample */
    SAMPLE_BYTES_MAX = RP_MEDIA_AAC_BLOCK_MAX /* of a sample that is read whole to be told */
};

/* Fills in size, evidence and sync of what starts at offset; false where nothing does. */
typedef bool (*scan_fn)(rp_video_candidate *out, const rp_video_scanner *scanner,
                        const rp_video_track *track, uint64_t offset);

/* --- codecs ------------------------------------------------------------------------------ */

static bool from_unit(rp_video_candidate *out, const rp_media_access_unit *unit) {
    out->size = unit->size;
    out->evidence_bits = unit->evidence_bits;
    out->is_sync = unit->picture.is_sync;
    out->picture = unit->picture;
    return unit->size > 0;
}

static bool scan_h264(rp_video_candidate *out, const rp_video_scanner *scanner,
                      const rp_video_track *track, uint64_t offset) {
    const rp_media_access_unit unit =
        rp_media_h264_unit(track->h264, scanner->data + offset, scanner->end - offset);
    return from_unit(out, &unit);
}

static bool scan_hevc(rp_video_candidate *out, const rp_video_scanner *scanner,
                      const rp_video_track *track, uint64_t offset) {
    const rp_media_access_unit unit =
        rp_media_hevc_unit(track->hevc, scanner->data + offset, scanner->end - offset);
    return from_unit(out, &unit);
}

static bool scan_av1(rp_video_candidate *out, const rp_video_scanner *scanner,
                     const rp_video_track *track, uint64_t offset) {
    const rp_media_access_unit unit =
        rp_media_av1_unit(track->av1, scanner->data + offset, scanner->end - offset);
    return from_unit(out, &unit);
}

static bool scan_aac(rp_video_candidate *out, const rp_video_scanner *scanner,
                     const rp_video_track *track, uint64_t offset) {
    const uint64_t left = scanner->end - offset;
    const uint64_t most = left < SAMPLE_BYTES_MAX ? left : SAMPLE_BYTES_MAX;
    const uint8_t *data = rp_media_peek_span(scanner->peek, scanner->data + offset, most);
    out->size = rp_media_aac_block_bytes(&track->aac, data, (size_t)most);
    /* Of 20000 blocks of noise none parses (tests/media/test_aac.c). Very short frames are easier
     * to hit. */
    out->evidence_bits = out->size < 12 ? 10 : 14;
    out->is_sync = true;
    return out->size > 0;
}

/* --- signatures -------------------------------------------------------------------------- */

/* How many of eight bytes are not zero: a carry sets the high bit of each that is not. */
static inline uint32_t count_nonzero(uint64_t bytes) {
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f), ones = UINT64_C(0x0101010101010101);
    return (uint32_t)(((((bytes & low) + low) | bytes) >> 7 & ones) * ones >> 56);
}

/* Masked bytes i .. i + 7 that differ from the signature; `i` a multiple of 8. */
static inline uint32_t count_differing(const rp_video_track *track, const uint8_t *data,
                                       uint32_t i) {
    return count_nonzero((rp_le64(data + i) ^ rp_le64(track->signature + i)) &
                         rp_le64(track->mask + i));
}

/* How many masked bytes may differ: counters in a header make bytes that one clip holds still and
 * another does not. With a fifth of them a quarter of those that agree. */
static inline uint32_t differ_max(const rp_video_track *track) {
    return track->signature_bytes / 5;
}

/* How many masked bytes agree with the signature and how many differ, of those that are there. */
typedef struct agreement {
    uint32_t same, differ;
} agreement;

static agreement compare_signature(const rp_video_track *track, const uint8_t *data,
                                   uint64_t left) {
    agreement found = {0};
    if (left < RP_VIDEO_SIGNATURE_BYTES) {
        for (uint32_t i = 0; i < left; i++) {
            found.same += track->mask[i] != 0 && data[i] == track->signature[i];
            found.differ += track->mask[i] != 0 && data[i] != track->signature[i];
        }
        return found;
    }
    for (uint32_t i = 0; i < RP_VIDEO_SIGNATURE_BYTES; i += 8)
        found.differ += count_differing(track, data, i);
    found.same = track->signature_bytes - found.differ;
    return found;
}

/* Bits for the masked bytes that agree. Bytes that are not there differ. Negative: no match. */
static float signature_bits(const rp_video_track *track, const uint8_t *data, uint64_t left) {
    if (track->media->sample_count < 3) return 0; /* one sample has no pattern */
    const agreement found = compare_signature(track, data, left);
    const uint32_t differ = track->signature_bytes - found.same;
    if (differ > differ_max(track)) return -1;
    const float bits = 8.0f * (float)found.same - 16.0f * (float)differ;
    return bits > SIGNATURE_BITS_MAX ? SIGNATURE_BITS_MAX : bits;
}

static bool scan_constant(rp_video_candidate *out, const rp_video_scanner *scanner,
                          const rp_video_track *track, uint64_t offset) {
    out->size = track->frame_bytes;
    if (out->size > scanner->end - offset) return false;
    const uint8_t *head = rp_media_peek_at(scanner->peek, scanner->data + offset);
    out->evidence_bits = signature_bits(track, head, scanner->end - offset);
    out->is_sync = true;
    return out->evidence_bits >= 0;
}

static bool has_size(const rp_video_track *track, uint64_t size) {
    for (uint32_t i = 0; i < track->size_count; i++)
        if (track->sizes[i] == size) return true;
    return false;
}

static uint32_t mebx_bytes_max(const rp_video_track *track) { return track->size_max * 4 + 256; }

/* Apple's boxed metadata: u32 size, u32 key (0 only in an empty sample), payload. */
static bool scan_mebx(rp_video_candidate *out, const rp_video_scanner *scanner,
                      const rp_video_track *track, uint64_t offset) {
    const uint64_t left = scanner->end - offset;
    if (left < 8) return false;
    const uint8_t *at = rp_media_peek_at(scanner->peek, scanner->data + offset);
    const uint32_t size = rp_be32(at), key = rp_be32(at + 4);
    if (size < 8 || size > left || size > mebx_bytes_max(track)) return false;
    if (key > 32 || (key == 0) != (size == 8)) return false;
    const bool is_known = has_size(track, size);
    if (!is_known && track->media->constant_size != 0) return false;
    *out = (rp_video_candidate){.size = size, .is_sync = true, .evidence_bits = is_known ? 40 : 24};
    return true;
}

/* GoPro's telemetry: DEVC, type 0, size 1, u16 repeat; payload padded to 4. */
static bool scan_klv(rp_video_candidate *out, const rp_video_scanner *scanner,
                     const rp_video_track *track, uint64_t offset) {
    const uint8_t *at = rp_media_peek_at(scanner->peek, scanner->data + offset);
    const uint64_t left = scanner->end - offset;
    if (left < 8 || memcmp(at, "DEVC", 4) != 0) return false;
    const uint64_t payload = (uint64_t)at[5] * rp_be16(at + 6);
    out->size = 8 + ((payload + 3) & ~UINT64_C(3));
    out->evidence_bits = 40;
    out->is_sync = true;
    return out->size <= left && track->kind == RP_VIDEO_KLV;
}

/* GoPro's inline index: GPRO (u32 little-endian length), or GP, type, flag, u32 size of the sample
 * that follows, u32 duration. The record before the first picture also holds its SPS and PPS. */
static bool scan_fdsc(rp_video_candidate *out, const rp_video_scanner *scanner,
                      const rp_video_track *track, uint64_t offset) {
    enum { RECORD = 16, RECORD_WITH_SPS = 152 };
    const uint8_t *at = rp_media_peek_at(scanner->peek, scanner->data + offset);
    const uint64_t left = scanner->end - offset;
    if (left < RECORD || at[0] != 'G' || at[1] != 'P') return false;
    out->size = RECORD;
    if (at[2] == 'R' && at[3] == 'O') out->size = rp_le32(at + 4);
    else if (at[2] == 3 && at[3] == 1) out->size = RECORD_WITH_SPS;
    else if (at[2] > 8 || at[3] > 8) return false;
    out->evidence_bits = 30;
    out->is_sync = true;
    return out->size >= RECORD && out->size <= left && out->size < 65536 &&
           track->kind == RP_VIDEO_FDSC;
}

/* Canon: records of u32 size (little-endian), u16 type, 6 bytes. */
static bool scan_ctmd(rp_video_candidate *out, const rp_video_scanner *scanner,
                      const rp_video_track *track, uint64_t offset) {
    const uint64_t left = scanner->end - offset;
    uint64_t position = 0;
    while (left - position >= 12) {
        const uint32_t size = rp_le32(scanner->data + offset + position);
        const uint16_t type = rp_le16(scanner->data + offset + position + 4);
        if (size < 12 || size > left - position || type == 0 || type > 64) break;
        if (position + size > track->size_max) break;
        position += size;
        out->evidence_bits += 20;
    }
    out->size = position;
    out->is_sync = true;
    return position >= track->size_min && position > 0;
}

/* A text sample: u16 length, as many bytes without control characters. */
static bool scan_text(rp_video_candidate *out, const rp_video_scanner *scanner,
                      const rp_video_track *track, uint64_t offset) {
    const uint8_t *at = scanner->data + offset;
    const uint64_t left = scanner->end - offset;
    if (left < 2) return false;
    const uint64_t length = rp_be16(at);
    if (length + 2 > left || length + 2 > (uint64_t)track->size_max * 4 + 64) return false;
    for (uint64_t i = 0; i < length; i++)
        if (at[2 + i] < 0x20 && at[2 + i] != '\n' && at[2 + i] != '\r' && at[2 + i] != '\t')
            return false;
    *out = (rp_video_candidate){.size = length + 2, .is_sync = true};
    out->evidence_bits = 4 + (float)(length > 32 ? 32 : length);
    return true;
}

/* No syntax is known: one of the few sizes seen, if something starts behind it; else up to the next
 * start of anything. */
static bool scan_learned(rp_video_candidate *out, const rp_video_scanner *scanner,
                         const rp_video_track *track, uint64_t offset) {
    const uint8_t *data = scanner->data;
    const uint64_t left = scanner->end - offset;
    const float bits = signature_bits(track, data + offset, left);
    if (bits < 8) return false;
    *out = (rp_video_candidate){.is_sync = true, .evidence_bits = bits};
    rp_video_scanner ahead = *scanner;
    for (uint32_t i = 0; i < track->size_count; i++) {
        const uint64_t size = track->sizes[i];
        if (size == 0 || size > left) continue;
        const bool is_own = signature_bits(track, data + offset + size, left - size) >= 24;
        if (!is_own && size != left && !rp_video_scan_is_start(&ahead, offset + size)) continue;
        out->size = size;
        return true;
    }
    const uint64_t most = (uint64_t)track->size_max * 2;
    uint64_t size = track->size_min / 2 + 1;
    for (; size < left && size <= most; size++) {
        if (signature_bits(track, data + offset + size, left - size) >= 24) break;
        if (scanner->may_start[data[offset + size]] &&
            rp_video_scan_is_start(&ahead, offset + size))
            break;
    }
    out->size = size;
    return size <= most && size <= left;
}

static const scan_fn rows[RP_VIDEO_KIND_COUNT] = {
    [RP_VIDEO_H264] = scan_h264, [RP_VIDEO_HEVC] = scan_hevc,         [RP_VIDEO_AV1] = scan_av1,
    [RP_VIDEO_AAC] = scan_aac,   [RP_VIDEO_CONSTANT] = scan_constant, [RP_VIDEO_MEBX] = scan_mebx,
    [RP_VIDEO_KLV] = scan_klv,   [RP_VIDEO_FDSC] = scan_fdsc,         [RP_VIDEO_CTMD] = scan_ctmd,
    [RP_VIDEO_TEXT] = scan_text, [RP_VIDEO_LEARNED] = scan_learned, /* PCM: pcm_length.c */
};

/* --- context ----------------------------------------------------------------------------- */

rp_video_context rp_video_context_begin(void) {
    return (rp_video_context){.last_track = -1,
                              .before = {.last_track = -1},
                              .announced_track = -1,
                              .picture_due = -INFINITY};
}

static int first_of_kind(const rp_video_profile *profile, rp_video_kind least, rp_video_kind most) {
    for (int i = 0; i < profile->track_count; i++)
        if (profile->tracks[i].kind >= least && profile->tracks[i].kind <= most) return i;
    return -1;
}

static int announced_track(const rp_video_profile *profile, uint8_t type) {
    switch (type) { /* byte 2 of a record */
        case 0:
        case 3: return first_of_kind(profile, RP_VIDEO_H264, RP_VIDEO_HEVC);
        case 4: return first_of_kind(profile, RP_VIDEO_AAC, RP_VIDEO_PCM);
        case 6: return first_of_kind(profile, RP_VIDEO_KLV, RP_VIDEO_KLV);
        default: break;
    }
    for (int i = 0; type == 5 && i < profile->track_count; i++)
        if (profile->tracks[i].media->codec == RP_MEDIA_TYPE('t', 'm', 'c', 'd')) return i;
    return -1;
}

void rp_video_context_take(rp_video_context *context, const rp_video_scanner *scanner,
                           const rp_video_candidate *candidate, const uint8_t *data) {
    const rp_video_track *track = &scanner->profile->tracks[candidate->track];
    context->before.last_track = context->last_track;
    context->before.run_samples = context->run_samples;
    context->before.numbers = context->numbers;
    context->run_samples = context->last_track == candidate->track
                               ? context->run_samples + candidate->samples
                               : candidate->samples;
    context->last_track = candidate->track;
    if (candidate->track == scanner->profile->variable_track)
        context->picture_due = rp_video_profile_due_seconds(scanner->profile, context->samples);
    if (candidate->track == scanner->profile->numbered_track)
        rp_video_numbers_take(&context->numbers, &candidate->picture,
                              context->samples[candidate->track]);
    context->samples[candidate->track] += candidate->samples;
    context->announced_track = -1;
    if (track->kind != RP_VIDEO_FDSC || data[2] == 'R') return;
    context->announced_track = announced_track(scanner->profile, data[2]);
    context->announced_size = rp_be32(data + 4);
    context->announced_duration = rp_be32(data + 8);
}

/* --- candidates -------------------------------------------------------------------------- */

/* Of tracks that look alike, which is due? The one that is furthest behind; ties: the lower. */
static bool is_due_twin(const rp_video_profile *profile, int index,
                        const rp_video_context *context) {
    const rp_video_track *track = &profile->tracks[index];
    int due = -1;
    double least = 0;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *other = &profile->tracks[i];
        if (other->twin != track->twin) continue;
        const double at = rp_video_track_seconds(other, (double)context->samples[i] * other->delta);
        if (due >= 0 && at > least - 1e-9) continue;
        due = i;
        least = at;
    }
    return due == index;
}

/* Evidence from the order of runs: log2 of how often the reference changes from one to the other.
 * At least -6: an order never seen is unlikely, not impossible. */
static float order_bits(const rp_video_profile *profile, int from, int to) {
    if (from < 0 || from == to) return 0;
    uint32_t total = 0;
    for (int i = 0; i < profile->track_count; i++) total += profile->follows[from][i];
    const float share = ((float)profile->follows[from][to] + 0.1f) / ((float)total + 0.2f);
    const float bits = log2f(share);
    return bits < -6 ? -6 : bits > 0 ? 0 : bits;
}

/* May one more sample of this track come at all? */
static bool is_allowed(const rp_video_profile *profile, int index,
                       const rp_video_context *context) {
    const rp_video_track *track = &profile->tracks[index];
    if (track->media->sample_count == 0) return false;
    if (track->media->sample_count == 1 && track->kind >= RP_VIDEO_CONSTANT &&
        context->samples[index] > 0)
        return false; /* one for the whole recording */
    if (!track->has_twins) return true;
    if (profile->is_time_interleaved) return is_due_twin(profile, index, context);
    const int last = context->last_track;
    return last < 0 || (last == index && context->run_samples < track->run_max) ||
           (last != index && profile->follows[last][index] > 0);
}

static bool take_announced(rp_video_candidate *out, const rp_video_scanner *scanner,
                           uint64_t offset, const rp_video_context *context) {
    if (context->announced_track < 0) return false;
    const uint64_t size = context->announced_size;
    if (size == 0 || size > scanner->end - offset) return false;
    const rp_video_track *track = &scanner->profile->tracks[context->announced_track];
    rp_video_candidate seen = {0};
    const bool is_seen = track->kind <= RP_VIDEO_AAC &&
                         rows[track->kind](&seen, scanner, track, offset) && seen.size == size;
    const bool is_followed =
        size == scanner->end - offset || memcmp(scanner->data + offset + size, "GP", 2) == 0;
    if (!is_seen && !is_followed) return false;
    *out = (rp_video_candidate){.track = context->announced_track,
                                .size = size,
                                .samples = 1,
                                .evidence_bits = 30 + seen.evidence_bits,
                                .is_sync = track->kind <= RP_VIDEO_AV1 ? seen.is_sync : true,
                                .picture = seen.picture,
                                .duration = context->announced_duration};
    return true;
}

/* Lengths of PCM that may start here; asked only where nothing with syntax does. */
static int scan_pcm(rp_video_candidate *out, int room, rp_video_scanner *scanner, uint64_t offset,
                    const rp_video_context *context) {
    const rp_video_profile *profile = scanner->profile;
    int count = 0;
    for (int i = 0; i < profile->track_count && count + 4 <= room; i++) {
        const rp_video_track *track = &profile->tracks[i];
        if (track->kind != RP_VIDEO_PCM || !is_allowed(profile, i, context)) continue;
        const float order = order_bits(profile, context->last_track, i);
        rp_video_pcm_length found[RP_VIDEO_PCM_LENGTHS];
        const int lengths = rp_video_pcm_lengths(found, scanner, i, offset, context);
        for (int k = 0; k < lengths; k++)
            out[count++] = (rp_video_candidate){.track = i,
                                                .size = found[k].frames * track->frame_bytes,
                                                .samples = found[k].frames,
                                                .evidence_bits = order + found[k].bits,
                                                .is_guess = found[k].is_guess,
                                                .is_sync = true};
    }
    return count;
}

int rp_video_scan_at(rp_video_candidate *out, rp_video_scanner *scanner, uint64_t offset,
                     const rp_video_context *context) {
    enum { SURE_BITS = 8 }; /* PCM that looks this much like something else is rare */
    const rp_video_profile *profile = scanner->profile;
    if (offset >= scanner->end) return 0;
    if (take_announced(out, scanner, offset, context)) return 1;
    int count = 0;
    float most = 0;
    for (int i = 0; i < profile->track_count && count + 4 <= RP_VIDEO_CANDIDATES_MAX; i++) {
        const rp_video_track *track = &profile->tracks[i];
        if (track->kind == RP_VIDEO_PCM || !is_allowed(profile, i, context)) continue;
        rp_video_candidate found = {.track = i};
        if (!rows[track->kind](&found, scanner, track, offset)) continue;
        if (found.evidence_bits > most) most = found.evidence_bits;
        found.track = i;
        found.samples = 1;
        found.evidence_bits += order_bits(profile, context->last_track, i);
        out[count++] = found;
    }
    if (most < SURE_BITS)
        count += scan_pcm(out + count, RP_VIDEO_CANDIDATES_MAX - count, scanner, offset, context);
    return count;
}

/* --- beyond doubt ------------------------------------------------------------------------ */

/* The best candidate that has syntax. */
static bool best_with_syntax(rp_video_candidate *best, const rp_video_scanner *scanner,
                             uint64_t offset) {
    const rp_video_profile *profile = scanner->profile;
    *best = (rp_video_candidate){0};
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        if (track->kind == RP_VIDEO_PCM || track->kind == RP_VIDEO_LEARNED || track->twin != i)
            continue;
        rp_video_candidate found = {.track = i};
        if (!rows[track->kind](&found, scanner, track, offset)) continue;
        found.track = i;
        if (found.evidence_bits > best->evidence_bits) *best = found;
    }
    return best->evidence_bits >= WEAK_BITS;
}

static void freeze(const rp_video_scanner *scanner, bool is_frozen) {
    for (int i = 0; i < scanner->profile->track_count; i++) {
        const rp_video_track *track = &scanner->profile->tracks[i];
        if (track->h264 != NULL) track->h264->is_frozen = is_frozen;
        if (track->hevc != NULL) track->hevc->is_frozen = is_frozen;
    }
}

/* While the parameter sets are frozen: one sample says it, or several in a row do. */
static bool is_start_frozen(const rp_video_scanner *scanner, uint64_t offset, float bits) {
    enum { ROW_MAX = 8 };
    float sum = 0;
    for (int i = 0; i < ROW_MAX && sum < bits && offset < scanner->end; i++) {
        rp_video_candidate next;
        if (!best_with_syntax(&next, scanner, offset)) break;
        sum += next.evidence_bits;
        offset += next.size;
    }
    return sum >= bits;
}

static bool is_start(rp_video_scanner *scanner, uint64_t offset, float bits) {
    freeze(scanner, true);
    const bool is_start = is_start_frozen(scanner, offset, bits);
    freeze(scanner, false);
    return is_start;
}

bool rp_video_scan_is_start(rp_video_scanner *scanner, uint64_t offset) {
    return is_start(scanner, offset, STRONG_BITS);
}

bool rp_video_scan_is_likely(rp_video_scanner *scanner, uint64_t offset) {
    return is_start(scanner, offset, LIKELY_BITS);
}

bool rp_video_scan_best(rp_video_candidate *best, rp_video_scanner *scanner, uint64_t offset) {
    freeze(scanner, true);
    const bool is_found = best_with_syntax(best, scanner, offset);
    freeze(scanner, false);
    return is_found;
}

uint64_t rp_video_scan_end_of(rp_video_scanner *scanner, uint64_t offset) {
    rp_video_candidate best;
    return rp_video_scan_best(&best, scanner, offset) ? offset + best.size : offset;
}

/* Does a sample of constant size start here that the end of the data cuts? */
static bool is_cut_constant(const rp_video_track *track, const uint8_t *data, uint64_t left) {
    if (track->kind != RP_VIDEO_CONSTANT || track->media->sample_count < 3) return false;
    if (left >= track->frame_bytes) return false;
    const agreement found = compare_signature(track, data, left);
    return found.differ * 4 <= found.same && 8 * found.same >= LIKELY_BITS;
}

bool rp_video_scan_is_cut(rp_video_scanner *scanner, uint64_t offset) {
    const uint8_t *at = scanner->data + offset;
    const uint64_t left = scanner->end - offset;
    bool is_cut = false;
    freeze(scanner, true);
    for (int i = 0; i < scanner->profile->track_count && !is_cut; i++) {
        const rp_video_track *track = &scanner->profile->tracks[i];
        if (track->kind == RP_VIDEO_H264) is_cut = rp_media_h264_unit(track->h264, at, left).is_cut;
        if (track->kind == RP_VIDEO_HEVC) is_cut = rp_media_hevc_unit(track->hevc, at, left).is_cut;
        is_cut = is_cut || is_cut_constant(track, at, left);
    }
    freeze(scanner, false);
    return is_cut;
}

/* --- looking for it ---------------------------------------------------------------------- */

/* Steps over zeros 64 at a time, up to the last 64 of them: holes of cards are long. */
static uint64_t skip_zeros(const uint8_t *data, uint64_t size) {
    static const uint8_t zeros[128];
    uint64_t skipped = 0;
    while (skipped + 128 < size && memcmp(data + skipped, zeros, 128) == 0) skipped += 64;
    return skipped;
}

/* The bytes that are searched: `data[0]` is the byte of the recording at `base`. */
typedef struct searched {
    const uint8_t *data;
    uint64_t base;
} searched;

/* Could the first NAL unit of a picture begin here? `data`: length of 4 bytes and header. */
static inline bool may_begin_h264(const rp_media_h264 *h264, const uint8_t *data) {
    const uint32_t length = rp_be32(data), type = data[4] & 31;
    if (length - 1 >= h264->nal_bytes_max || data[4] & 0x80) return false;
    if (h264->types_seen != 0 && (h264->types_seen >> type & 1) == 0) return false;
    if (type == 6) return length <= RP_MEDIA_SEI_MAX;
    if (type == 7 || type == 8) return length <= RP_MEDIA_PARAMETER_SET_MAX;
    if (type == 9) return length == 2;                   /* delimiter */
    return (type != 1 && type != 5) || (data[5] & 0x80); /* first_mb_in_slice 0 */
}

static inline bool may_begin_hevc(const rp_media_hevc *hevc, const uint8_t *data) {
    const uint32_t length = rp_be32(data), type = data[4] >> 1 & 63;
    if (length - 2 >= hevc->nal_bytes_max || data[4] & 0x81) return false;
    if (data[5] >> 3 != 0 || (data[5] & 7) == 0) return false;
    if (hevc->types_seen != 0 && (hevc->types_seen >> type & 1) == 0) return false;
    if (type >= 32 && type <= 34) return length <= RP_MEDIA_PARAMETER_SET_MAX;
    if (type == 35) return length == 3; /* delimiter */
    if (type == 39) return length <= RP_MEDIA_SEI_MAX;
    return type >= 32 || (data[6] & 0x80) != 0; /* first_slice_segment_in_pic_flag */
}

/* Could a sample of this track begin here, from what its first bytes say? For the many places in
 * noise that cannot, this is all that is done. */
static inline bool may_begin_at(const rp_video_track *track, const uint8_t *data) {
    if (track->kind == RP_VIDEO_PCM || track->kind == RP_VIDEO_LEARNED) return false;
    if (track->kind == RP_VIDEO_H264 && track->h264->length_bytes == 4)
        return may_begin_h264(track->h264, data);
    if (track->kind == RP_VIDEO_HEVC && track->hevc->length_bytes == 4)
        return may_begin_hevc(track->hevc, data);
    return track->kind != RP_VIDEO_CONSTANT || count_differing(track, data, 0) <= differ_max(track);
}

static inline bool is_possible(const rp_video_scanner *scanner, const uint8_t *data) {
    const rp_video_profile *profile = scanner->profile;
    for (int i = 0; i < profile->track_count; i++)
        if (may_begin_at(&profile->tracks[i], data)) return true;
    return false;
}

/* The first place beyond doubt in *at .. end: true, and *at is there. Else *at is where to go on:
 * `end`, or further where nothing but zeros follows; these can be read up to `until`. */
static bool find_in_block(uint64_t *at, const rp_video_scanner *scanner, const searched *in,
                          uint64_t end, uint64_t until) {
    while (*at < end) {
        const uint8_t *data = in->data + (*at - in->base);
        const uint64_t rest = end - *at, left = scanner->end - *at;
        const uint64_t zeros = data[0] == 0 ? skip_zeros(data, until - *at) : 0;
        if (zeros > 0) {
            *at += zeros;
            continue;
        }
        const size_t count = rest < RP_VIDEO_SIEVE_PIECE ? (size_t)rest : RP_VIDEO_SIEVE_PIECE;
        uint16_t places[RP_VIDEO_SIEVE_PIECE];
        const size_t found = rp_video_sieve_places(places, &scanner->sieve, data, count, left);
        for (size_t k = 0; k < found; k++) {
            const uint64_t place = places[k];
            if (left - place >= 8 && !is_possible(scanner, data + place)) continue;
            if (!is_start_frozen(scanner, *at + place, STRONG_BITS)) continue;
            *at += place;
            return true;
        }
        *at += count;
    }
    return false;
}

void rp_video_scanner_set_peek(rp_video_scanner *scanner, rp_media_peek *peek) {
    scanner->peek = peek;
    for (int i = 0; i < scanner->profile->track_count; i++) {
        const rp_video_track *track = &scanner->profile->tracks[i];
        if (track->h264 != NULL) track->h264->peek = peek;
        if (track->hevc != NULL) track->hevc->peek = peek;
    }
}

/* Searches the mapping, whose pages are wanted ahead and released behind. */
static bool find_in_mapping(uint64_t *at, rp_video_scanner *scanner, uint64_t until) {
    enum { BLOCK_BYTES = 1 << 16, STEP_BYTES = 8 << 20 }; /* a block stays in the cache */
    const searched all = {.data = scanner->data};
    uint64_t released = *at, wanted = *at + BLOCK_BYTES;
    bool is_found = false;
    rp_media_peek *peek = scanner->peek;
    rp_video_scanner_set_peek(scanner, NULL); /* every page is looked at here: it is mapped */
    while (*at < until && !is_found) {
        const uint64_t end = until - *at < BLOCK_BYTES ? until : *at + BLOCK_BYTES;
        is_found = find_in_block(at, scanner, &all, end, until);
        if (*at >= wanted && *at < until) {
            const uint64_t left = until - *at;
            rp_mapped_file_want(scanner->data + *at, left < 2 * STEP_BYTES ? left : 2 * STEP_BYTES);
            wanted = *at + STEP_BYTES;
        }
        if (*at < released + STEP_BYTES) continue;
        rp_mapped_file_release(scanner->data + released, (size_t)(*at - released));
        released = *at;
    }
    rp_video_scanner_set_peek(scanner, peek);
    return is_found;
}

/* Are the samples of all tracks told from what rp_media_peek_at and _span give? */
static bool is_told_by_peeks(const rp_video_scanner *scanner) {
    const rp_video_profile *profile = scanner->profile;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_kind kind = profile->tracks[i].kind;
        if (kind == RP_VIDEO_AV1 || kind == RP_VIDEO_CTMD || kind == RP_VIDEO_TEXT) return false;
    }
    return scanner->peek != NULL;
}

/* Up to how many bytes of a sample are read from the block to tell it. */
static uint64_t bytes_to_tell(const rp_video_profile *profile) {
    for (int i = 0; i < profile->track_count; i++)
        if (profile->tracks[i].kind == RP_VIDEO_AAC) return SAMPLE_BYTES_MAX;
    return RP_MEDIA_PEEK_BYTES;
}

/* Reads block by block, the first ones short: most searches end soon. Mapping the pages costs five
 * times as much as copying them (200 MB: 107 ms against 21 ms). */
static bool find_by_reading(uint64_t *at, rp_video_scanner *scanner, uint64_t until) {
    enum { PAGE = 4096, MOST_BYTES = RP_MEDIA_PEEK_BLOCK - 2 * PAGE };
    const uint64_t ahead = bytes_to_tell(scanner->profile);
    uint64_t size = PAGE;
    while (*at < until) {
        const uint64_t page = (*at + size) / PAGE * PAGE; /* what follows is read page by page */
        const uint64_t end = until < page ? until : page, left = scanner->end - end;
        const uint64_t read = end - *at + (left < ahead ? left : ahead);
        if (!rp_media_peek_load(scanner->peek, scanner->data + *at, (size_t)read))
            return find_in_mapping(at, scanner, until);
        const searched in = {.data = scanner->peek->block, .base = *at};
        if (find_in_block(at, scanner, &in, end, end)) return true;
        size = size * 2 < MOST_BYTES ? size * 2 : MOST_BYTES;
    }
    return false;
}

/* The first place beyond doubt in from .. until: true, and *at is there; else *at is `until`. */
static bool find_anew(uint64_t *at, rp_video_scanner *scanner, uint64_t from, uint64_t until) {
    *at = from;
    freeze(scanner, true);
    const bool is_found = is_told_by_peeks(scanner) ? find_by_reading(at, scanner, until)
                                                    : find_in_mapping(at, scanner, until);
    freeze(scanner, false);
    if (!is_found) *at = until;
    return is_found;
}

uint64_t rp_video_scan_find(rp_video_scanner *scanner, uint64_t from, uint64_t until) {
    uint64_t at = from, begin = from;
    if (from >= until) return until;
    if (from < scanner->searched_from && until > scanner->searched_from &&
        find_anew(&at, scanner, from, scanner->searched_from))
        return at;
    if (at >= scanner->searched_from && at <= scanner->searched_to) {
        if (scanner->searched_from < begin) begin = scanner->searched_from;
        at = scanner->searched_to;
        if (scanner->searched_has_start || at >= until) return at < until ? at : until;
    }
    const bool is_found = find_anew(&at, scanner, at, until);
    const bool is_further = from > scanner->searched_to;
    if (is_further || at - begin > scanner->searched_to - scanner->searched_from) {
        scanner->searched_from = begin;
        scanner->searched_to = at;
        scanner->searched_has_start = is_found;
    }
    return at;
}

/* May a sample of this track that has syntax begin with `byte`? */
static bool may_begin_with(const rp_video_profile *profile, const rp_video_track *track,
                           unsigned byte) {
    const bool is_seen = track->first_bytes[byte / 8] >> byte % 8 & 1;
    const bool is_few = track->media->sample_count < FEW_SAMPLES || !profile->has_samples;
    switch (track->kind) {
        case RP_VIDEO_PCM:
        case RP_VIDEO_LEARNED: return false; /* no syntax */
        case RP_VIDEO_H264:
            if (track->h264->length_bytes == 4) return byte <= track->h264->nal_bytes_max >> 24;
            return is_seen || is_few || byte < 4;
        case RP_VIDEO_HEVC:
            if (track->hevc->length_bytes == 4) return byte <= track->hevc->nal_bytes_max >> 24;
            return is_seen || is_few || byte < 4;
        case RP_VIDEO_CONSTANT: /* one or two samples have no signature */
            return (is_seen || is_few) && track->media->sample_count >= 3;
        case RP_VIDEO_MEBX: return byte <= mebx_bytes_max(track) >> 24;
        case RP_VIDEO_KLV: return byte == 'D';
        case RP_VIDEO_FDSC: return byte == 'G';
        default: return is_seen || is_few;
    }
}

/* With which second bytes behind that? */
static void allow(rp_video_sieve *sieve, const rp_video_profile *profile, int index,
                  unsigned byte) {
    const rp_video_track *track = &profile->tracks[index];
    uint8_t low = 0, high = 255;
    uint32_t most = UINT32_MAX; /* of a length of four bytes */
    if (track->kind == RP_VIDEO_H264 && track->h264->length_bytes == 4)
        most = track->h264->nal_bytes_max;
    if (track->kind == RP_VIDEO_HEVC && track->hevc->length_bytes == 4)
        most = track->hevc->nal_bytes_max;
    if (track->kind == RP_VIDEO_MEBX) most = mebx_bytes_max(track);
    if (byte == most >> 24) high = most >> 16 & 255;
    if (track->kind == RP_VIDEO_KLV) low = high = 'E';
    if (track->kind == RP_VIDEO_FDSC) low = high = 'P';
    if (track->kind == RP_VIDEO_CONSTANT && track->mask[1] != 0 && profile->has_samples &&
        track->media->sample_count >= FEW_SAMPLES)
        low = high = track->signature[1]; /* as strict as with the first byte */
    rp_video_sieve_allow(sieve, index, (uint8_t)byte, low, high);
}

/* May a NAL unit that begins an access unit of this track have this first byte of its header,
 * behind a length of four bytes? Of other tracks nothing is said. */
static bool may_have_fifth(const rp_video_track *track, unsigned byte) {
    if (track->kind == RP_VIDEO_H264 && track->h264->length_bytes == 4)
        return !(byte & 0x80) &&
               (track->h264->types_seen == 0 || (track->h264->types_seen >> (byte & 31) & 1) != 0);
    if (track->kind == RP_VIDEO_HEVC && track->hevc->length_bytes == 4)
        return !(byte & 0x81) &&
               (track->hevc->types_seen == 0 || (track->hevc->types_seen >> byte / 2 & 1) != 0);
    return true;
}

void rp_video_scanner_init(rp_video_scanner *scanner, rp_video_profile *profile,
                           const uint8_t *data, uint64_t end) {
    *scanner = (rp_video_scanner){.profile = profile, .data = data, .end = end};
    rp_video_scanner_set_peek(scanner, NULL); /* a scan before may have left its own */
    scanner->sieve = rp_video_sieve_begin();
    for (unsigned byte = 0; byte < 256; byte++)
        for (int i = 0; i < profile->track_count; i++) {
            if (!may_begin_with(profile, &profile->tracks[i], byte)) continue;
            scanner->may_start[byte] = true;
            allow(&scanner->sieve, profile, i, byte);
        }
    for (unsigned byte = 0; byte < 256; byte++)
        for (int i = 0; i < profile->track_count; i++)
            if (may_have_fifth(&profile->tracks[i], byte))
                rp_video_sieve_allow_fifth(&scanner->sieve, i, (uint8_t)byte);
}
