/* plan.c: see plan.h. */
#include "video/plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "video/fit.h"
#include "video/index.h"
#include "video/inline_index.h"
#include "video/own_index.h"
#include "video/trim.h"
#include "video/weave.h"

/* --- the reference ----------------------------------------------------------------------- */

static rp_status learn_reference(rp_video_plan *plan, const char *broken,
                                 const rp_video_recover_options *options, rp_error *error) {
    if (options->reference == NULL) {
        RP_TRY(rp_video_inline_index_read(&plan->inline_clip, plan->broken.data, plan->layout.begin,
                                          plan->layout.end, broken, error));
        RP_TRY(rp_video_profile_learn(plan->profile, (const uint8_t *)plan->inline_clip.data,
                                      plan->inline_clip.length, broken, &plan->arena, error));
    } else {
        RP_TRY(rp_mapped_file_open(&plan->reference, options->reference, error));
        if (plan->reference.size == 0)
            return rp_fail(error, RP_INPUT, 0, "%s: the reference is empty", options->reference);
        RP_TRY(rp_video_profile_learn(plan->profile, plan->reference.data, plan->reference.size,
                                      options->reference, &plan->arena, error));
    }
    if (options->save_profile != NULL)
        RP_TRY(rp_video_profile_save(plan->profile, options->save_profile, error));
    plan->is_reference_trimmed = rp_video_trim_undo(plan->profile);
    return RP_OK;
}

/* --- its own index ----------------------------------------------------------------------- */

/* Where the first sample lies, if it does before `begin`: in an mdat that is not the largest. */
static uint64_t lowest_offset(const rp_video_profile *profile, uint64_t begin) {
    for (int i = 0; i < profile->track_count; i++) {
        const rp_media_track *media = profile->tracks[i].media;
        for (size_t k = 0; k < media->chunk_count; k++)
            if (media->chunks[k].size > 0 && media->chunks[k].offset < begin)
                begin = media->chunks[k].offset;
    }
    return begin;
}

/* The samples that the broken file's own tables name, as far as the file goes. */
static void take_own_samples(rp_video_plan *plan) {
    rp_video_chain *chain = &plan->chain;
    const rp_video_profile *profile = plan->profile;
    chain->track_count = profile->track_count;
    chain->is_own = true;
    if (plan->layout.form == RP_VIDEO_FRAGMENTS) /* moofs stay between the samples, as no samples */
        plan->layout.begin = profile->movie.moov.offset + profile->movie.moov.size;
    plan->layout.begin = lowest_offset(profile, plan->layout.begin);
    chain->begin = plan->layout.begin;
    chain->end = plan->layout.end = plan->broken.size;
    for (int i = 0; i < profile->track_count; i++) {
        const rp_media_track *media = profile->tracks[i].media;
        if (media->sizes == NULL) chain->tracks[i].constant_size = media->constant_size;
        const bool has_pictures = media->has_stss;
        rp_media_cursor cursor = rp_media_cursor_begin(media);
        rp_media_sample sample;
        while (!chain->failed && rp_media_cursor_next(&sample, &cursor)) {
            if (sample.offset > chain->end || sample.size > chain->end - sample.offset) break;
            rp_video_chain_add(chain, i, sample.offset, sample.size, 1);
            const rp_media_picture picture = {.is_sync = sample.is_sync};
            if (has_pictures) rp_video_chain_add_picture(chain, i, &picture);
        }
    }
}

/* --- looking ----------------------------------------------------------------------------- */

/* The pieces of media data, in the arena; NULL when memory ran out. */
static const rp_video_piece *list_pieces(size_t *count, rp_video_plan *plan) {
    rp_video_piece piece;
    uint64_t position = 0;
    *count = 0;
    while (rp_video_layout_next_piece(&piece, &plan->layout, plan->broken.data, &position))
        ++*count;
    rp_video_piece *pieces = rp_arena_array(&plan->arena, *count, sizeof *pieces);
    position = 0;
    for (size_t i = 0; pieces != NULL && i < *count; i++)
        rp_video_layout_next_piece(&pieces[i], &plan->layout, plan->broken.data, &position);
    return pieces;
}

static rp_status look(rp_video_plan *plan, const char *broken,
                      const rp_video_recover_options *options, rp_error *error) {
    const rp_video_layout *layout = &plan->layout;
    plan->has_own_index = layout->form == RP_VIDEO_CUT_DATA || layout->form == RP_VIDEO_FRAGMENTS;
    if (plan->has_own_index) {
        take_own_samples(plan);
        return plan->chain.failed ? rp_fail_memory(error, "the samples") : RP_OK;
    }
    if (layout->begin >= layout->end)
        return rp_fail(error, RP_INPUT, (int64_t)layout->end,
                       "%s: ends where its media data would begin; nothing can be recovered",
                       broken);
    RP_TRY(learn_reference(plan, broken, options, error));
    rp_video_weave_options weave = {.progress = options->progress};
    weave.pieces = list_pieces(&weave.piece_count, plan);
    if (weave.pieces == NULL) return rp_fail_memory(error, "the pieces of media data");
    plan->unseen_bytes = layout->apart_bytes;
    madvise((void *)plan->broken.data, plan->broken.size, MADV_RANDOM);
    rp_media_peek *peek = rp_arena_alloc(&plan->arena, sizeof *peek);
    const int file = open(broken, O_RDONLY | O_CLOEXEC); /* -1: through the mapping then */
    if (peek != NULL)
        *peek =
            (rp_media_peek){.mapping = plan->broken.data, .size = plan->broken.size, .file = file};
    weave.peek = file < 0 ? NULL : peek;
    const rp_status status =
        rp_video_weave(&plan->chain, plan->profile, plan->broken.data, &weave, &plan->arena, error);
    if (file >= 0) close(file);
    RP_TRY(status);
    const bool is_trusted = options->trusts_reference && plan->chain.sample_bytes > 0;
    return is_trusted ? RP_OK : rp_video_fit_check(plan, broken, error);
}

static rp_status find_times(rp_video_plan *plan, rp_error *error) {
    plan->times_are_known =
        plan->has_own_index || rp_video_times_are_known(plan->profile, &plan->chain);
    for (int i = 0; i < plan->profile->track_count; i++)
        RP_TRY(rp_video_times_find(&plan->times[i], plan->profile, &plan->chain, i,
                                   plan->times_are_known, &plan->arena, error));
    return RP_OK;
}

rp_status rp_video_plan_make(rp_video_plan *plan, const char *broken,
                             const rp_video_recover_options *options, rp_error *error) {
    *plan = (rp_video_plan){0};
    plan->profile = rp_arena_alloc(&plan->arena, sizeof *plan->profile);
    rp_status status = plan->profile == NULL ? rp_fail_memory(error, "a profile")
                                             : rp_mapped_file_open(&plan->broken, broken, error);
    if (status != RP_OK) goto done;
    if (plan->broken.size == 0) {
        status = rp_fail(error, RP_INPUT, 0, "%s: is empty; nothing can be recovered", broken);
        goto done;
    }
    rp_video_layout_find(&plan->layout, plan->broken.data, plan->broken.size);
    status = rp_video_own_index_learn(plan->profile, &plan->layout, &plan->broken, broken,
                                      &plan->arena, error);
    if (status != RP_OK) goto done;
    if (plan->layout.is_empty)
        status = rp_fail(error, RP_INPUT, 0, "%s: holds nothing but the byte 0x%02x", broken,
                         plan->broken.data[0]);
    else if (plan->layout.form == RP_VIDEO_WHOLE)
        status = rp_fail(error, RP_NO, -1,
                         "%s: has its index (moov) and whole media data: nothing to do; are "
                         "reference and broken file swapped?",
                         broken);
    if (status == RP_OK) status = look(plan, broken, options, error);
    if (status == RP_OK) status = find_times(plan, error);
done:
    if (status != RP_OK) rp_video_plan_clear(plan);
    return status;
}

rp_status rp_video_plan_index(rp_text *moov, const rp_video_plan *plan, int64_t shift,
                              uint64_t moov_at, rp_error *error) {
    const rp_video_index_options options = {.shift = shift, .moov_at = moov_at};
    return rp_video_index_write(moov, plan->profile, &plan->chain, plan->times, &options, error);
}

bool rp_video_plan_is_cut_sample(const rp_video_plan *plan, const rp_video_hole *hole) {
    const rp_video_chain *chain = &plan->chain;
    uint64_t largest = 0;
    for (int i = 0; i < plan->profile->track_count; i++) {
        const rp_video_track *track = &plan->profile->tracks[i];
        if (track->size_max > largest) largest = track->size_max;
        if (track->frame_bytes > largest) largest = track->frame_bytes;
    }
    return hole->offset + hole->size == chain->end &&
           hole->size <= (chain->ends_in_sample ? 4 * largest : largest);
}

void rp_video_plan_clear(rp_video_plan *plan) {
    rp_video_chain_clear(&plan->chain);
    rp_mapped_file_close(&plan->broken);
    rp_mapped_file_close(&plan->reference);
    rp_text_clear(&plan->inline_clip);
    rp_arena_clear(&plan->arena);
    *plan = (rp_video_plan){0};
}
