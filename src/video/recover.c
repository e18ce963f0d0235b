/* recover.c: the public calls of video.h. */
#include "reprise/video.h"
#include "video/in_place.h"
#include "video/output.h"
#include "video/own_index.h"
#include "video/report.h"

/* What is written must be neither what is read nor each other. */
static rp_status check_outputs(const char *broken, const rp_video_recover_options *options,
                               rp_error *error) {
    const struct {
        const char *written, *other, *what;
    } pairs[] = {
        {options->output, broken,
         "is the broken recording itself; name a new file, or mend it "
         "in place"},
        {options->output, options->reference, "is the reference; name a new file"},
        {options->save_profile, broken, "is the broken recording; name a new file for the profile"},
        {options->save_profile, options->reference,
         "is the reference; name a new file for the profile"},
        {options->save_profile, options->output, "cannot be both the film and the profile"},
    };
    for (size_t i = 0; i < RP_COUNT(pairs); i++)
        if (rp_new_file_replaces(pairs[i].written, pairs[i].other))
            return rp_fail(error, RP_USAGE, -1, "%s: %s", pairs[i].written, pairs[i].what);
    return RP_OK;
}

rp_status rp_video_recover(rp_video_report **out, const char *broken,
                           const rp_video_recover_options *options, rp_error *error) {
    static const rp_video_recover_options defaults = {.reference = NULL};
    if (options == NULL) options = &defaults;
    *out = NULL;
    RP_TRY(check_outputs(broken, options, error));
    rp_video_plan *plan = NULL;
    rp_arena arena = {0};
    plan = rp_arena_alloc(&arena, sizeof *plan);
    rp_video_report *report = rp_video_report_create();
    rp_status status = RP_OK;
    if (plan == NULL || report == NULL) status = rp_fail_memory(error, "the recovery");
    if (status == RP_OK) status = rp_video_plan_make(plan, broken, options, error);
    if (status != RP_OK) goto done;
    if (options->in_place) status = rp_video_in_place_write(plan, broken, error);
    else if (options->output != NULL)
        status = rp_video_output_write(plan, broken, options->output, options->progress, error);
    if (status == RP_OK)
        status = rp_video_report_recovery(report, plan, broken,
                                          options->in_place ? broken : options->output, error);
    if (status == RP_OK) {
        *out = report;
        report = NULL;
        if (!rp_video_report_is_complete(plan))
            status = rp_fail(error, RP_NO, -1,
                             "%s: recovered in part; the report says what is "
                             "missing or modelled",
                             broken);
    }
    rp_video_plan_clear(plan);
done:
    rp_video_report_destroy(report);
    rp_arena_clear(&arena);
    return status;
}

rp_status rp_video_inspect(rp_video_report **out, const char *path, rp_error *error) {
    *out = NULL;
    rp_arena arena = {0};
    rp_mapped_file file;
    rp_video_layout layout;
    RP_TRY(rp_mapped_file_open(&file, path, error));
    rp_status status = RP_OK;
    rp_video_profile *profile = rp_arena_alloc(&arena, sizeof *profile);
    rp_video_report *report = rp_video_report_create();
    if (profile == NULL || report == NULL) status = rp_fail_memory(error, "the report");
    else if (file.size == 0) status = rp_fail(error, RP_INPUT, 0, "%s: is empty", path);
    if (status != RP_OK) goto done;
    rp_video_layout_find(&layout, file.data, file.size);
    status = rp_video_own_index_learn(profile, &layout, &file, path, &arena, error);
    if (status == RP_OK)
        status = rp_video_report_inspection(report, &layout, profile, &file, path, error);
    if (status == RP_OK) {
        *out = report;
        report = NULL;
        const bool is_whole = layout.form == RP_VIDEO_WHOLE || (layout.form == RP_VIDEO_FRAGMENTS &&
                                                                !profile->movie.misses_fragments);
        if (!is_whole)
            status = rp_fail(error, RP_NO, -1, "%s: %s", path, rp_video_form_name(layout.form));
    }
done:
    rp_video_report_destroy(report);
    rp_mapped_file_close(&file);
    rp_arena_clear(&arena);
    return status;
}
