/* weave.c: see weave.h. */
#include "video/weave.h"

#include <assert.h>
#include <string.h>

#include "base/mapped_file.h"
#include "video/lost.h"

enum {
    PATHS_MAX = 24,
    LINKS_MAX = 1 << 15, /* undecided samples; then the best path is taken */
    LINKS_A_STEP = RP_VIDEO_CANDIDATES_MAX + 2 + RP_VIDEO_LOST_SOUNDS,
    HOLE_BITS = 40, /* price of a hole */
    /* A path this far behind another that is also further on is dropped: more than one sample
     * brings, since the other may be a sample ahead. */
    HOPELESS_BITS = 300,
    LOST_STEPS = 1 << 24,     /* work spent in all on what was lost in holes */
    RELEASE_BYTES = 16 << 20, /* pages behind the pass are given back in steps of this */
    NONE = -1
};

/* One step of a path; `track` NONE: a hole. */
typedef struct link {
    int before; /* index in links, NONE at the start */
    int track;
    uint64_t offset, size, samples;
    float evidence_bits;
    uint32_t duration;
    bool is_sync;
    bool is_end; /* a hole that is the beginning of a sample which the end of the recording cuts */
    union {
        rp_media_picture picture;            /* of a track of pictures */
        uint32_t lost[RP_VIDEO_HOLE_TRACKS]; /* of a hole */
    };
} link;

typedef struct path {
    uint64_t offset;
    float score_bits;
    int last; /* link */
    rp_video_context context;
} path;

typedef struct weaving {
    rp_video_scanner scanner;
    rp_video_chain *chain;
    rp_arena *arena;
    link *links;
    int link_count;
    path paths[PATHS_MAX];
    int path_count;
    uint64_t released; /* pages before this were given back */
    uint64_t lost_steps_left;
} weaving;

/* --- what is final ----------------------------------------------------------------------- */

static void commit_hole(weaving *weave, const link *at) {
    rp_video_chain *chain = weave->chain;
    const rp_video_profile *profile = weave->scanner.profile;
    rp_video_chain_add_hole(chain, weave->scanner.data, at->offset, at->size, at->lost);
    chain->ends_in_sample = at->is_end;
    for (int i = 0; i < profile->track_count && i < RP_VIDEO_HOLE_TRACKS; i++) {
        const rp_video_track *track = &profile->tracks[i];
        if (track->kind == RP_VIDEO_PCM) rp_video_chain_add_silence(chain, i, at->lost[i]);
        if (profile->guide_track >= 0)
            rp_media_runs_add(&chain->tracks[i].durations, weave->arena, at->lost[i], track->delta);
    }
}

static void commit_link(weaving *weave, const link *at) {
    rp_video_chain *chain = weave->chain;
    if (at->track == NONE) {
        commit_hole(weave, at);
        return;
    }
    rp_video_chain_add(chain, at->track, at->offset, at->size, at->samples);
    const rp_video_track *track = &weave->scanner.profile->tracks[at->track];
    if (track->kind <= RP_VIDEO_AV1) rp_video_chain_add_picture(chain, at->track, &at->picture);
    if (track->kind <= RP_VIDEO_HEVC && at->picture.has_parameter_sets) {
        rp_media_parameter_sets *sets = &chain->tracks[at->track].sets;
        sets->is_hevc = track->kind == RP_VIDEO_HEVC;
        rp_media_parameter_sets_collect(
            sets, sets->is_hevc ? track->hevc->length_bytes : track->h264->length_bytes,
            weave->scanner.data + at->offset, at->size);
    }
    rp_video_found *found = &chain->tracks[at->track];
    if (weave->scanner.profile->guide_track >= 0)
        rp_media_runs_add(&found->durations, weave->arena, at->samples, at->duration);
    chain->evidence_bits += at->evidence_bits;
}

/* Hands the links of the only path to the chain, but for the last `kept`, which may yet turn out
 * to be damaged. */
static void commit(weaving *weave, int kept) {
    path *only = &weave->paths[0];
    link last = {0};
    const bool keeps_one = kept == 1 && only->last != NONE;
    if (keeps_one) last = weave->links[only->last];
    /* Turn the list round in place: `before` becomes `after`. */
    int after = NONE;
    for (int at = keeps_one ? last.before : only->last; at != NONE;) {
        const int before = weave->links[at].before;
        weave->links[at].before = after;
        after = at;
        at = before;
    }
    for (int at = after; at != NONE; at = weave->links[at].before)
        commit_link(weave, &weave->links[at]);
    weave->link_count = 0;
    only->last = NONE;
    if (!keeps_one) return;
    last.before = NONE;
    weave->links[weave->link_count++] = last;
    only->last = 0;
}

static void release_pages(weaving *weave, uint64_t offset) {
    if (offset < weave->released + 2 * (uint64_t)RELEASE_BYTES) return;
    const uint64_t until = offset - RELEASE_BYTES;
    rp_mapped_file_release(weave->scanner.data + weave->released, until - weave->released);
    weave->released = until;
}

/* --- paths ------------------------------------------------------------------------------- */

static int add_link(weaving *weave, const path *from, const link *step) {
    const int at = weave->link_count++;
    weave->links[at] = *step;
    weave->links[at].before = from->last;
    return at;
}

/* A path joins the others; of two that stand at one place in one track the better stays. Twins
 * keep apart: which of them had the last sample is what is to be decided. */
static void add_path(weaving *weave, const path *next) {
    int worst = 0;
    for (int i = 0; i < weave->path_count; i++) {
        path *other = &weave->paths[i];
        if (other->score_bits < weave->paths[worst].score_bits) worst = i;
        if (other->offset != next->offset || other->context.last_track != next->context.last_track)
            continue;
        if (next->score_bits > other->score_bits) *other = *next;
        return;
    }
    if (weave->path_count < PATHS_MAX) weave->paths[weave->path_count++] = *next;
    else if (next->score_bits > weave->paths[worst].score_bits) weave->paths[worst] = *next;
}

static path take_path(weaving *weave, int index) {
    const path taken = weave->paths[index];
    weave->paths[index] = weave->paths[--weave->path_count];
    return taken;
}

static void follow(weaving *weave, const path *from, const rp_video_candidate *candidate) {
    path next = *from;
    const link step = {.track = candidate->track,
                       .offset = from->offset,
                       .size = candidate->size,
                       .samples = candidate->samples,
                       .evidence_bits = candidate->evidence_bits,
                       .duration = candidate->duration,
                       .is_sync = candidate->is_sync,
                       .picture = candidate->picture};
    next.last = add_link(weave, from, &step);
    next.offset += candidate->size;
    next.score_bits += candidate->evidence_bits;
    rp_video_context_take(&next.context, &weave->scanner, candidate,
                          weave->scanner.data + from->offset);
    add_path(weave, &next);
}

/* --- holes ------------------------------------------------------------------------------- */

/* Does this sample hold a long run of zeros that no codec writes? */
static bool has_zero_run(const uint8_t *data, uint64_t size) {
    static const uint8_t zeros[64];
    for (uint64_t at = 0; at + sizeof zeros <= size; at += sizeof zeros / 2)
        if (memcmp(data + at, zeros, sizeof zeros) == 0) return true;
    return false;
}

typedef enum damage {
    UNHARMED,
    SHIFTED,    /* bytes were taken out or put in: the true next start lies inside */
    OVERWRITTEN /* with zeros: what it was and where it ended can still be read */
} damage;

/* Was the sample before the gap damaged itself? *resume receives where to go on. */
static damage damage_of_last(weaving *weave, const path *at, uint64_t *resume) {
    rp_video_scanner *scanner = &weave->scanner;
    if (at->last == NONE) return UNHARMED;
    const link *last = &weave->links[at->last];
    if (last->track == NONE) return UNHARMED;
    const rp_video_kind kind = scanner->profile->tracks[last->track].kind;
    if (kind > RP_VIDEO_AAC || kind == RP_VIDEO_AV1) return UNHARMED; /* too little syntax to say */
    if (rp_video_scan_is_cut(scanner, at->offset)) return UNHARMED;   /* the recording ends here */
    uint64_t inside = last->offset;
    do { /* the same picture without its first NAL unit ends where it ends: no damage */
        inside = rp_video_scan_find(scanner, inside + 1, at->offset);
    } while (inside < at->offset && rp_video_scan_end_of(scanner, inside) <= at->offset);
    if (inside < at->offset) {
        *resume = inside;
        return SHIFTED;
    }
    const uint64_t gap = *resume - at->offset;
    const bool has_zeros = has_zero_run(scanner->data + last->offset, last->size) &&
                           (gap < 2 || !rp_mapped_file_is_uniform(scanner->data + at->offset, gap));
    return has_zeros ? OVERWRITTEN : UNHARMED;
}

/* Is what is left the beginning of a sample that the end of the recording cuts? It is no hole, and
 * no reason to believe that the sound before it was longer. */
static bool is_end(rp_video_scanner *scanner, uint64_t offset) {
    return scanner->end - offset < RP_VIDEO_TOO_SHORT || rp_video_scan_is_cut(scanner, offset);
}

/* Takes the last sample of a path back: it is damaged. */
static void take_back(const weaving *weave, path *from) {
    const link last = weave->links[from->last];
    rp_video_context *context = &from->context;
    from->offset = last.offset;
    from->score_bits -= last.evidence_bits;
    from->last = last.before;
    context->samples[last.track] -= last.samples;
    context->announced_track = NONE;
    context->last_track = context->before.last_track;
    context->run_samples = context->before.run_samples;
    context->numbers = context->before.numbers;
}

/* The path goes on behind a hole that ends at `resume`, with what must have lain in it. Of a last
 * sample that was overwritten the length is still known: what else was lost lay behind it. */
static void step_over(weaving *weave, path from, damage last, uint64_t resume) {
    const rp_video_profile *profile = weave->scanner.profile;
    rp_video_lost lost;
    if (last == SHIFTED) take_back(weave, &from);
    rp_video_lost_find(&lost, &weave->scanner, &from.context, from.offset, resume,
                       &weave->lost_steps_left);
    if (last == OVERWRITTEN) {
        const link *taken = &weave->links[from.last];
        if (taken->track < RP_VIDEO_HOLE_TRACKS) lost.samples[taken->track] += taken->samples;
        take_back(weave, &from);
    }
    uint64_t sound_bytes = 0;
    for (int i = 0; i < lost.sound_count; i++)
        sound_bytes += lost.sounds[i].frames * profile->tracks[lost.sounds[i].track].frame_bytes;
    link hole = {.track = NONE, .offset = from.offset, .size = resume - sound_bytes - from.offset};
    memcpy(hole.lost, lost.samples, sizeof hole.lost);
    hole.is_end = resume == weave->scanner.end && is_end(&weave->scanner, from.offset);
    path next = from;
    next.last = add_link(weave, &from, &hole);
    next.offset = resume;
    if (!hole.is_end) next.score_bits -= HOLE_BITS;
    uint64_t offset = resume - sound_bytes;
    for (int i = 0; i < lost.sound_count; i++) {
        const int track = lost.sounds[i].track;
        const link sound = {.track = track,
                            .offset = offset,
                            .size = lost.sounds[i].frames * profile->tracks[track].frame_bytes,
                            .samples = lost.sounds[i].frames,
                            .is_sync = true};
        next.last = add_link(weave, &next, &sound);
        next.context.samples[track] += sound.samples;
        offset += sound.size;
    }
    for (int i = 0; i < profile->track_count && i < RP_VIDEO_HOLE_TRACKS; i++)
        next.context.samples[i] += lost.samples[i];
    next.context.numbers = lost.numbers;
    next.context.last_track = lost.last_track;
    next.context.run_samples = lost.run_samples;
    next.context.announced_track = NONE;
    add_path(weave, &next);
}

/* Nothing that is expected starts here. */
static void jump(weaving *weave, path from) {
    rp_video_scanner *scanner = &weave->scanner;
    if (from.context.last_track != NONE && rp_video_scan_is_start(scanner, from.offset)) {
        /* Only the order that the reference keeps stands against it: forget the order. */
        from.context.last_track = from.context.announced_track = NONE;
        from.score_bits -= HOLE_BITS;
        add_path(weave, &from);
        return;
    }
    uint64_t resume = rp_video_scan_find(scanner, from.offset + 1, scanner->end);
    const damage last = damage_of_last(weave, &from, &resume);
    step_over(weave, from, last, resume);
}

/* Is this path so far behind another that it need not be followed? */
static bool is_hopeless(const weaving *weave, const path *at, float margin) {
    for (int i = 0; i < weave->path_count; i++) {
        const path *other = &weave->paths[i];
        if (other->offset >= at->offset && other->score_bits > at->score_bits + margin) return true;
    }
    return false;
}

/* --- the pass ---------------------------------------------------------------------------- */

static void step(weaving *weave) {
    int behind = 0;
    for (int i = 1; i < weave->path_count; i++)
        if (weave->paths[i].offset < weave->paths[behind].offset) behind = i;
    const path at = take_path(weave, behind);
    if (is_hopeless(weave, &at, HOPELESS_BITS)) return;
    rp_video_candidate candidates[RP_VIDEO_CANDIDATES_MAX];
    const int count = rp_video_scan_at(candidates, &weave->scanner, at.offset, &at.context);
    bool is_guessing = true;
    for (int i = 0; i < count; i++) is_guessing = is_guessing && candidates[i].is_guess;
    bool jumps = false;
    if (is_guessing) { /* asked before the guesses are followed: they do not count */
        const float price = is_end(&weave->scanner, at.offset) ? 0 : HOLE_BITS;
        jumps = !is_hopeless(weave, &at, -price);
    }
    for (int i = 0; i < count; i++) follow(weave, &at, &candidates[i]);
    if (jumps) jump(weave, at);
}

static void keep_best(weaving *weave) {
    int best = 0;
    for (int i = 1; i < weave->path_count; i++)
        if (weave->paths[i].score_bits > weave->paths[best].score_bits) best = i;
    weave->paths[0] = weave->paths[best];
    weave->path_count = 1;
}

static void begin_chain(rp_video_chain *chain, const rp_video_profile *profile,
                        const rp_video_weave_options *options) {
    const rp_video_piece *pieces = options->pieces;
    const size_t last = options->piece_count - 1;
    chain->track_count = profile->track_count;
    chain->begin = pieces[0].begin;
    chain->end = pieces[last].end;
    for (size_t i = 0; i < last; i++) chain->header_bytes += pieces[i + 1].begin - pieces[i].end;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_video_track *track = &profile->tracks[i];
        const bool is_constant = track->kind == RP_VIDEO_PCM || track->kind == RP_VIDEO_CONSTANT;
        if (is_constant) chain->tracks[i].constant_size = track->frame_bytes;
    }
}

/* Follows the only path through a piece to its end. */
static rp_status weave_piece(weaving *weave, const rp_video_piece *piece,
                             rp_progress_state *progress, rp_error *error) {
    const rp_video_chain *chain = weave->chain;
    uint64_t furthest = piece->begin;
    weave->paths[0].offset = piece->begin;
    while (weave->path_count > 1 || weave->paths[0].offset < piece->end) {
        /* Paths that reached the end wait for the others. */
        bool is_over = true;
        for (int i = 0; i < weave->path_count; i++)
            is_over = is_over && weave->paths[i].offset >= piece->end;
        if (is_over || weave->link_count + LINKS_A_STEP > LINKS_MAX) keep_best(weave);
        if (weave->path_count == 1) {
            weave->paths[0].score_bits = 0;
            commit(weave, 1);
            release_pages(weave, weave->paths[0].offset);
            furthest = weave->paths[0].offset;
        }
        if (is_over) break;
        step(weave);
        if (chain->failed || weave->arena->failed)
            return rp_fail_memory(error, "the chain of samples");
        if (!rp_progress_update(progress, furthest - chain->begin))
            return rp_fail(error, RP_NO, (int64_t)furthest, "stopped");
    }
    commit(weave, 0);
    return RP_OK;
}

rp_status rp_video_weave(rp_video_chain *chain, rp_video_profile *profile, const uint8_t *data,
                         const rp_video_weave_options *options, rp_arena *arena, rp_error *error) {
    assert(options->piece_count > 0);
    weaving *weave = rp_arena_alloc(arena, sizeof *weave);
    if (weave != NULL) /* not cleared: most recordings need a few of them at a time */
        weave->links = rp_arena_alloc_raw(arena, LINKS_MAX * sizeof *weave->links);
    if (weave == NULL || weave->links == NULL) return rp_fail_memory(error, "the chain of samples");
    begin_chain(chain, profile, options);
    weave->chain = chain;
    weave->arena = arena;
    weave->released = chain->begin;
    weave->lost_steps_left = LOST_STEPS;
    weave->paths[weave->path_count++] = (path){.last = NONE, .context = rp_video_context_begin()};
    rp_progress_state progress =
        rp_progress_begin(options->progress, "looking for samples", chain->end - chain->begin);
    for (size_t i = 0; i < options->piece_count; i++) {
        rp_video_scanner_init(&weave->scanner, profile, data, options->pieces[i].end);
        rp_video_scanner_set_peek(&weave->scanner, options->peek);
        RP_TRY(weave_piece(weave, &options->pieces[i], &progress, error));
    }
    (void)rp_progress_update(&progress, chain->end - chain->begin);
    return chain->failed ? rp_fail_memory(error, "the chain of samples") : RP_OK;
}
