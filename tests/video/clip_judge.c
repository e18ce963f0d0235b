/* clip_judge.c: see clip_judge.h. */
#include "video/clip_judge.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mapped_file.h"
#include "media/movie.h"

struct judge {
    char *why;
    size_t why_size;
    const struct clip *original;
    const struct clip_kept *kept;
    const rp_text *recovered;
    rp_media_movie source, result;
    const struct clip_tolerance *tolerance;
    double shift_seconds; /* how much later the sound behind the harmed bytes is */
};

__attribute__((format(printf, 2, 3))) static bool differ(const struct judge *judge,
                                                         const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(judge->why, judge->why_size, format, arguments);
    va_end(arguments);
    return false;
}

bool clip_read_file(rp_text *bytes, const char *path) {
    rp_mapped_file file;
    rp_text_reset(bytes);
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return false;
    rp_text_add_bytes(bytes, file.data, file.size);
    rp_mapped_file_close(&file);
    return !bytes->failed;
}

static bool is_kept(const struct clip_kept *kept, uint64_t offset, uint64_t size) {
    return offset >= kept->from && offset + size <= kept->to;
}

static bool is_harmed(const struct clip_kept *kept, uint64_t offset, uint64_t size) {
    return offset < kept->harmed_at + kept->harmed_count && offset + size > kept->harmed_at;
}

static bool has_same_bytes(const struct judge *judge, const rp_media_sample *a,
                           const rp_media_sample *b) {
    return a->size == b->size && b->offset + b->size <= judge->recovered->length &&
           memcmp(judge->original->bytes + a->offset, judge->recovered->data + b->offset,
                  a->size) == 0;
}

/* Times in ticks of the track: `late` is how much later than it should be. Between the last sample
 * before a hole and the first behind it, a shift sets in little by little. */
static bool is_near(const struct judge *judge, uint32_t timescale, int64_t late, double more) {
    const double shift = judge->shift_seconds, within = judge->tolerance->within + more;
    const double least = (shift < 0 ? shift : 0) - within, most = (shift > 0 ? shift : 0) + within;
    return late == 0 || ((double)late >= least * timescale && (double)late <= most * timescale);
}

/* Where the edit list begins: presentation times count from there. */
static int64_t edit_start(const rp_media_track *track) {
    return track->edit_count > 0 ? track->edits[0].media_time : 0;
}

/* For a sample that is shown when one that is missing would have been decoded: how many are missing
 * until then. */
static uint64_t missing_until(const struct judge *judge, const rp_media_track *track,
                              int64_t ticks) {
    rp_media_cursor cursor = rp_media_cursor_begin(track);
    rp_media_sample sample;
    uint64_t missing = 0;
    bool is_missing = false;
    while (rp_media_cursor_next(&sample, &cursor) && (int64_t)sample.dts <= ticks) {
        is_missing = !is_kept(judge->kept, sample.offset, sample.size) ||
                     is_harmed(judge->kept, sample.offset, sample.size);
        missing += is_missing;
    }
    return is_missing ? missing : 0;
}

static bool judge_times(const struct judge *judge, const rp_media_track *track, int64_t edit_change,
                        const rp_media_sample *want, const rp_media_sample *got) {
    const int64_t shown = (int64_t)want->dts + want->composition;
    const int64_t shown_now = (int64_t)got->dts + got->composition - edit_change;
    const double beyond = judge->tolerance->beyond * (double)missing_until(judge, track, shown);
    if (is_near(judge, track->timescale, (int64_t)got->dts - (int64_t)want->dts, 0) &&
        is_near(judge, track->timescale, shown_now - shown, beyond))
        return true;
    return differ(judge, "track %u, sample %llu: dts %llu%+d, not %llu%+d", track->id,
                  (unsigned long long)want->index, (unsigned long long)got->dts, got->composition,
                  (unsigned long long)want->dts, want->composition);
}

/* Samples with sizes of their own, and of constant size where they are few. */
static bool judge_samples(const struct judge *judge, const rp_media_track *a,
                          const rp_media_track *b) {
    rp_media_cursor from = rp_media_cursor_begin(a), to = rp_media_cursor_begin(b);
    rp_media_sample want, got = {0};
    bool has_got = rp_media_cursor_next(&got, &to), was_harmed = false;
    while (rp_media_cursor_next(&want, &from)) {
        if (!is_kept(judge->kept, want.offset, want.size)) continue;
        if (is_harmed(judge->kept, want.offset, want.size)) {
            was_harmed = true;
            continue;
        }
        while (was_harmed && has_got && !has_same_bytes(judge, &want, &got))
            has_got = rp_media_cursor_next(&got, &to);
        if (!has_got)
            return differ(judge, "track %u ends before sample %llu", a->id,
                          (unsigned long long)want.index);
        if (!has_same_bytes(judge, &want, &got))
            return differ(judge, "track %u, sample %llu: other bytes (%u, not %u)", a->id,
                          (unsigned long long)want.index, got.size, want.size);
        if (!judge_times(judge, a, edit_start(b) - edit_start(a), &want, &got)) return false;
        if (got.is_sync != want.is_sync)
            return differ(judge, "track %u, sample %llu: sync flag", a->id,
                          (unsigned long long)want.index);
        has_got = rp_media_cursor_next(&got, &to);
    }
    if (has_got && !was_harmed)
        return differ(judge, "track %u has %llu samples too many", a->id,
                      (unsigned long long)(b->sample_count - got.index));
    return true;
}

/* Frame `index` of a PCM track; *count receives how many lie behind each other from there. */
static uint64_t find_frame(uint64_t *count, const rp_media_track *track, uint64_t index,
                           uint32_t frame) {
    *count = 0;
    for (size_t i = 0; i < track->chunk_count; i++) {
        const rp_media_chunk *chunk = &track->chunks[i];
        if (index < chunk->first || index >= chunk->first + chunk->count) continue;
        *count = chunk->first + chunk->count - index;
        return chunk->offset + (index - chunk->first) * frame;
    }
    return 0;
}

/* PCM: every frame that was kept has its bytes and, since a frame is a tick, its place. */
static bool judge_pcm(const struct judge *judge, const rp_media_track *a, const rp_media_track *b) {
    const uint32_t frame = rp_media_pcm_frame_bytes(judge->original->bytes, a);
    uint64_t kept = 0;
    for (size_t i = 0; i < a->chunk_count; i++) {
        const rp_media_chunk *want = &a->chunks[i];
        if (want->offset < judge->kept->from || want->offset >= judge->kept->to) continue;
        uint64_t frames = want->count;
        if (want->offset + want->size > judge->kept->to)
            frames = (judge->kept->to - want->offset) / frame;
        kept = want->first + frames;
        if (is_harmed(judge->kept, want->offset, want->size)) continue;
        for (uint64_t done = 0, part; done < frames; done += part) {
            const uint64_t at = find_frame(&part, b, want->first + done, frame);
            if (part == 0) return differ(judge, "PCM ends in chunk %zu of %zu", i, a->chunk_count);
            if (part > frames - done) part = frames - done;
            if (at + part * frame > judge->recovered->length ||
                memcmp(judge->original->bytes + want->offset + done * frame,
                       judge->recovered->data + at, (size_t)(part * frame)) != 0)
                return differ(judge, "PCM differs in chunk %zu", i);
        }
    }
    if (b->sample_count > kept) return differ(judge, "PCM goes on after the end");
    return true;
}

/* The decoder configuration: avcC, hvcC, av1C. */
static bool find_config(rp_media_box *config, const void *data, const rp_media_track *track) {
    rp_media_box_walk walk = rp_media_box_inside(data, &track->entry, 78);
    while (rp_media_box_next(config, &walk))
        if (config->type == RP_MEDIA_TYPE('a', 'v', 'c', 'C') ||
            config->type == RP_MEDIA_TYPE('h', 'v', 'c', 'C') ||
            config->type == RP_MEDIA_TYPE('a', 'v', '1', 'C'))
            return true;
    return false;
}

static bool has_same_config(const struct judge *judge, const rp_media_track *a,
                            const rp_media_track *b) {
    const char *data = judge->recovered->data;
    rp_media_box want, got;
    if (a->handler != RP_MEDIA_TYPE('v', 'i', 'd', 'e')) return true;
    if (memcmp(judge->original->bytes + a->entry.offset + 8, data + b->entry.offset + 8, 78) != 0)
        return false; /* width and height are among these */
    if (!find_config(&want, judge->original->bytes, a)) return true;
    return find_config(&got, data, b) && got.size == want.size &&
           memcmp(judge->original->bytes + want.offset, data + got.offset, (size_t)want.size) == 0;
}

static bool judge_heads(const struct judge *judge, const rp_media_track *a,
                        const rp_media_track *b) {
    if (a->timescale != b->timescale || a->handler != b->handler || a->codec != b->codec)
        return differ(judge, "track %u: another kind or timescale", a->id);
    if (!has_same_config(judge, a, b))
        return differ(judge, "track %u: another decoder configuration", a->id);
    if (a->edit_count != b->edit_count ||
        !is_near(judge, a->timescale, edit_start(b) - edit_start(a), 0))
        return differ(judge, "track %u: another edit list", a->id);
    return true;
}

/* How much later the sound behind the harmed bytes is: of its first sample there. */
static double find_shift(const struct judge *judge) {
    for (size_t i = 0; i < judge->source.track_count; i++) {
        const rp_media_track *a = &judge->source.tracks[i], *b = &judge->result.tracks[i];
        if (a->handler != RP_MEDIA_TYPE('s', 'o', 'u', 'n')) continue;
        rp_media_cursor from = rp_media_cursor_begin(a), to = rp_media_cursor_begin(b);
        rp_media_sample want, got;
        while (rp_media_cursor_next(&want, &from)) {
            if (want.offset < judge->kept->harmed_at + judge->kept->harmed_count) continue;
            while (rp_media_cursor_next(&got, &to))
                if (has_same_bytes(judge, &want, &got))
                    return ((double)got.dts - (double)want.dts) / a->timescale;
        }
    }
    return 0;
}

static bool judge_movies(struct judge *judge) {
    if (judge->tolerance->shift > 0) judge->shift_seconds = find_shift(judge);
    if (fabs(judge->shift_seconds) > judge->tolerance->shift)
        return differ(judge, "all behind the hole is shown %.1f ms later",
                      1000 * judge->shift_seconds);
    if (judge->result.track_count != judge->source.track_count)
        return differ(judge, "%zu tracks, not %zu", judge->result.track_count,
                      judge->source.track_count);
    for (size_t i = 0; i < judge->source.track_count; i++) {
        const rp_media_track *a = &judge->source.tracks[i], *b = &judge->result.tracks[i];
        const bool is_pcm =
            rp_media_pcm_frame_bytes(judge->original->bytes, a) > 0 && a->constant_size > 0;
        if (!judge_heads(judge, a, b)) return false;
        if (!(is_pcm ? judge_pcm(judge, a, b) : judge_samples(judge, a, b))) return false;
    }
    return true;
}

bool clip_is_recovered(char *why, size_t why_size, const struct clip *original,
                       const struct clip_kept *kept, const rp_text *recovered,
                       const struct clip_tolerance *tolerance) {
    static const struct clip_tolerance exact;
    struct judge judge = {.why = why,
                          .why_size = why_size,
                          .original = original,
                          .kept = kept,
                          .recovered = recovered,
                          .tolerance = tolerance != NULL ? tolerance : &exact};
    rp_arena arena = {0};
    rp_error error = {0};
    bool ok = rp_media_movie_read(&judge.source, original->bytes, original->size, &arena, &error) ==
                  RP_OK &&
              rp_media_movie_read(&judge.result, (const uint8_t *)recovered->data,
                                  recovered->length, &arena, &error) == RP_OK;
    ok = ok ? judge_movies(&judge) : differ(&judge, "%s", error.text);
    rp_arena_clear(&arena);
    return ok;
}
