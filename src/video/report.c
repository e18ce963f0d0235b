/* report.c: see report.h. */
#include "video/report.h"

#include <stdlib.h>
#include <string.h>

enum { HOLES_TOLD_MAX = 20 };

rp_video_report *rp_video_report_create(void) { return calloc(1, sizeof(rp_video_report)); }

void rp_video_report_destroy(rp_video_report *report) {
    if (report == NULL) return;
    rp_text_clear(&report->text);
    rp_text_clear(&report->json);
    free(report);
}

const char *rp_video_report_text(const rp_video_report *report) { return report->text.data; }
const char *rp_video_report_json(const rp_video_report *report) { return report->json.data; }

/* --- pieces ------------------------------------------------------------------------------ */

static double track_seconds(const rp_video_plan *plan, int index) {
    return (double)plan->times[index].duration / plan->profile->tracks[index].media->timescale;
}

/* The longest track of pictures or sound. */
static double plan_seconds(const rp_video_plan *plan) {
    double most = 0;
    for (int i = 0; i < plan->profile->track_count; i++)
        if (track_seconds(plan, i) > most) most = track_seconds(plan, i);
    return most;
}

static uint64_t unexplained_bytes(const rp_video_plan *plan) {
    const uint64_t seen = rp_video_chain_seen(&plan->chain);
    return seen > plan->chain.sample_bytes ? seen - plan->chain.sample_bytes : 0;
}

bool rp_video_report_is_complete(const rp_video_plan *plan) {
    const rp_video_chain *chain = &plan->chain;
    if (plan->unseen_bytes > 0) return false;
    for (size_t i = 0; i < chain->hole_count; i++)
        if (!rp_video_plan_is_cut_sample(plan, &chain->holes[i])) return false;
    for (int i = 0; i < plan->profile->track_count; i++)
        if (plan->times[i].is_modelled) return false;
    return true;
}

static const char *confidence(const rp_video_plan *plan) {
    const uint64_t seen = rp_video_chain_seen(&plan->chain);
    const double share = seen == 0 ? 0 : (double)plan->chain.sample_bytes / (double)seen;
    if (rp_video_report_is_complete(plan) && share > 0.9) return "high";
    return share > 0.9 ? "good" : share > 0.5 ? "fair" : "low";
}

static void add_clock(rp_text *text, double seconds) {
    const uint64_t ms = (uint64_t)(seconds * 1000 + 0.5);
    rp_text_format(text, "%llu:%02llu:%02llu.%03llu", (unsigned long long)(ms / 3600000),
                   (unsigned long long)(ms / 60000 % 60), (unsigned long long)(ms / 1000 % 60),
                   (unsigned long long)(ms % 1000));
}

static const char *samples_word(rp_video_kind kind) {
    return kind <= RP_VIDEO_AV1 ? "pictures" : kind == RP_VIDEO_PCM ? "frames" : "samples";
}

/* Samples of a track that lay in holes; of PCM, frames that are silent in their place. */
static uint64_t lost_samples(const rp_video_plan *plan, int index) {
    uint64_t lost = 0;
    for (size_t i = 0; index < RP_VIDEO_HOLE_TRACKS && i < plan->chain.hole_count; i++)
        lost += plan->chain.holes[i].lost[index];
    return lost;
}

/* --- recovery ---------------------------------------------------------------------------- */

static void tell_track(rp_text *text, const rp_video_plan *plan, int index) {
    const rp_video_track *track = &plan->profile->tracks[index];
    const rp_video_found *found = &plan->chain.tracks[index];
    char codec[5];
    rp_media_type_name(codec, track->media->codec);
    rp_text_format(text, "  track %u, %s (%s): %llu %s, ", track->media->id,
                   rp_video_kind_name(track->kind), codec, (unsigned long long)found->sample_count,
                   samples_word(track->kind));
    add_clock(text, track_seconds(plan, index));
    if (plan->times[index].is_modelled) rp_text_add(text, ", times modelled");
    if (lost_samples(plan, index) > 0)
        rp_text_format(text, ", about %llu lost%s", (unsigned long long)lost_samples(plan, index),
                       found->silent_count > 0 ? " and silent" : "");
    rp_text_add_char(text, '\n');
}

static void tell_holes(rp_text *text, const rp_video_chain *chain) {
    for (size_t i = 0; i < chain->hole_count && i < HOLES_TOLD_MAX; i++) {
        const rp_video_hole *hole = &chain->holes[i];
        if (hole->size == 0) continue; /* told with its track */
        const bool is_tail = hole->offset + hole->size == chain->end;
        rp_text_format(text, "  not identified: %llu bytes at byte %llu%s%s\n",
                       (unsigned long long)hole->size, (unsigned long long)hole->offset,
                       hole->is_uniform ? ", one value throughout" : "",
                       is_tail ? ", the end of the recording" : "");
    }
    if (chain->hole_count > HOLES_TOLD_MAX)
        rp_text_format(text, "  and %llu holes more\n",
                       (unsigned long long)(chain->hole_count - HOLES_TOLD_MAX));
}

static void tell_recovery(rp_text *text, const rp_video_plan *plan, const char *broken,
                          const char *output) {
    const uint64_t seen = rp_video_chain_seen(&plan->chain), lost = unexplained_bytes(plan);
    rp_text_format(text, "%s: %s; %llu bytes of media data\n", broken,
                   rp_video_form_name(plan->layout.form), (unsigned long long)seen);
    if (plan->inline_clip.length > 0)
        rp_text_add(text, "  no reference: GoPro's records between the samples are the index\n");
    if (plan->is_reference_trimmed)
        rp_text_add(text, "  the reference was trimmed; of this recording nothing is hidden\n");
    for (int i = 0; i < plan->profile->track_count; i++) tell_track(text, plan, i);
    tell_holes(text, &plan->chain);
    if (plan->unseen_bytes > 0)
        rp_text_format(text,
                       "  warning: %llu bytes lie apart from this media data and were not looked "
                       "at; `reprise video inspect` shows the boxes\n",
                       (unsigned long long)plan->unseen_bytes);
    rp_text_format(text, "%s ", output != NULL ? "recovered" : "can be recovered:");
    add_clock(text, plan_seconds(plan));
    rp_text_format(text, ", %llu bytes (%.4f %%) not identified, confidence %s\n",
                   (unsigned long long)lost, seen == 0 ? 0.0 : 100.0 * (double)lost / (double)seen,
                   confidence(plan));
    if (output == NULL) return;
    if (strcmp(output, broken) != 0) rp_text_format(text, "written: %s\n", output);
    else rp_text_format(text, "mended in place; `reprise video undo %s` takes it back\n", broken);
}

static void list_recovery(rp_json *json, const rp_video_plan *plan) {
    rp_json_array(json, "tracks");
    for (int i = 0; i < plan->profile->track_count; i++) {
        const rp_video_track *track = &plan->profile->tracks[i];
        char codec[5];
        rp_media_type_name(codec, track->media->codec);
        rp_json_object(json, NULL);
        rp_json_integer(json, "id", track->media->id);
        rp_json_text(json, "codec", codec);
        rp_json_text(json, "kind", rp_video_kind_name(track->kind));
        rp_json_integer(json, "samples", (int64_t)plan->chain.tracks[i].sample_count);
        rp_json_number(json, "seconds", track_seconds(plan, i), 6);
        rp_json_bool(json, "times_modelled", plan->times[i].is_modelled);
        rp_json_integer(json, "lost", (int64_t)lost_samples(plan, i));
        rp_json_end(json);
    }
    rp_json_end(json);
    rp_json_array(json, "not_identified");
    for (size_t i = 0; i < plan->chain.hole_count; i++) {
        if (plan->chain.holes[i].size == 0) continue;
        rp_json_object(json, NULL);
        rp_json_integer(json, "offset", (int64_t)plan->chain.holes[i].offset);
        rp_json_integer(json, "bytes", (int64_t)plan->chain.holes[i].size);
        rp_json_bool(json, "uniform", plan->chain.holes[i].is_uniform);
        rp_json_end(json);
    }
    rp_json_end(json);
}

rp_status rp_video_report_recovery(rp_video_report *report, const rp_video_plan *plan,
                                   const char *broken, const char *output, rp_error *error) {
    rp_json json = {.text = &report->json};
    tell_recovery(&report->text, plan, broken, output);
    rp_json_object(&json, NULL);
    rp_json_integer(&json, "reprise", 1);
    rp_json_text(&json, "broken", broken);
    rp_json_text(&json, "output", output);
    rp_json_text(&json, "form", rp_video_form_name(plan->layout.form));
    rp_json_number(&json, "seconds", plan_seconds(plan), 6);
    rp_json_integer(&json, "media_bytes", (int64_t)rp_video_chain_seen(&plan->chain));
    rp_json_integer(&json, "not_identified_bytes", (int64_t)unexplained_bytes(plan));
    rp_json_integer(&json, "not_looked_at_bytes", (int64_t)plan->unseen_bytes);
    rp_json_bool(&json, "reference_trimmed", plan->is_reference_trimmed);
    rp_json_text(&json, "confidence", confidence(plan));
    rp_json_bool(&json, "complete", rp_video_report_is_complete(plan));
    list_recovery(&json, plan);
    rp_json_end(&json);
    rp_text_add_char(&report->json, '\n');
    if (report->text.failed || report->json.failed) return rp_fail_memory(error, "the report");
    return RP_OK;
}

/* --- inspection -------------------------------------------------------------------------- */

static void tell_boxes(rp_video_report *report, rp_json *json, const rp_mapped_file *file) {
    rp_media_box_walk walk = {.data = file->data, .end = file->size};
    rp_media_box box;
    rp_json_array(json, "boxes");
    for (int i = 0; i < 1000 && rp_media_box_next(&box, &walk); i++) {
        char name[5];
        const rp_media_box_row *row = rp_media_box_row_of(box.type);
        if (row == NULL && i == 0) break; /* no boxes at all */
        rp_media_type_name(name, box.type);
        if (i < 40)
            rp_text_format(&report->text, "  byte %llu: %s, %llu bytes%s%s\n",
                           (unsigned long long)box.offset, name, (unsigned long long)box.size,
                           row != NULL ? ": " : "", row != NULL ? row->what : "");
        rp_json_object(json, NULL);
        rp_json_text(json, "type", name);
        rp_json_integer(json, "offset", (int64_t)box.offset);
        rp_json_integer(json, "bytes", (int64_t)box.size);
        rp_json_bool(json, "cut", box.is_cut);
        rp_json_end(json);
    }
    rp_json_end(json);
}

static void tell_inspected_track(rp_video_report *report, rp_json *json,
                                 const rp_video_track *track) {
    const rp_media_track *media = track->media;
    char codec[5], handler[5];
    rp_media_type_name(codec, media->codec);
    rp_media_type_name(handler, media->handler);
    const double seconds = (double)media->duration / media->timescale;
    rp_text_format(&report->text, "  track %u, %s (%s, %s): %llu %s in %zu chunks, ", media->id,
                   rp_video_kind_name(track->kind), handler, codec,
                   (unsigned long long)media->sample_count, samples_word(track->kind),
                   media->chunk_count);
    add_clock(&report->text, seconds);
    if (track->run_count > 0)
        rp_text_format(&report->text, ", mostly %llu in a row",
                       (unsigned long long)track->run_samples[0]);
    rp_text_format(&report->text, "%s\n", track->is_constant ? "" : ", variable rate");
    rp_json_object(json, NULL);
    rp_json_integer(json, "id", media->id);
    rp_json_text(json, "handler", handler);
    rp_json_text(json, "codec", codec);
    rp_json_text(json, "kind", rp_video_kind_name(track->kind));
    rp_json_integer(json, "samples", (int64_t)media->sample_count);
    rp_json_integer(json, "chunks", (int64_t)media->chunk_count);
    rp_json_integer(json, "timescale", media->timescale);
    rp_json_number(json, "seconds", seconds, 6);
    rp_json_bool(json, "constant_rate", track->is_constant);
    rp_json_bool(json, "reordered", track->has_compositions);
    rp_json_array(json, "run_lengths");
    for (uint32_t i = 0; i < track->run_count; i++)
        rp_json_integer(json, NULL, (int64_t)track->run_samples[i]);
    rp_json_end(json);
    rp_json_end(json);
}

/* What keeps players from opening it, one line each. */
static void tell_faults(rp_video_report *report, rp_json *json, const rp_video_layout *layout,
                        const rp_video_profile *profile) {
    const struct {
        bool holds;
        const char *words;
    } faults[] = {
        {layout->is_empty, "holds one byte value and nothing else"},
        {layout->form == RP_VIDEO_BARE && !layout->is_empty,
         "bare media data: no ftyp, no mdat, no moov"},
        {layout->has_damaged_moov, "the index (moov) is damaged"},
        {layout->form == RP_VIDEO_NO_INDEX && !layout->has_damaged_moov,
         "no index (moov): the recording was interrupted"},
        {layout->has_placeholder, "the size of mdat was never filled in"},
        {layout->form == RP_VIDEO_CUT_DATA, "the media data ends before its index says"},
        {profile->movie.misses_fragments, "the last fragment is cut"},
        {layout->is_cut, "mdat claims more bytes than the file has"},
    };
    rp_json_array(json, "faults");
    for (size_t i = 0; i < RP_COUNT(faults); i++) {
        if (!faults[i].holds) continue;
        rp_text_format(&report->text, "  broken: %s\n", faults[i].words);
        rp_json_text(json, NULL, faults[i].words);
    }
    rp_json_end(json);
}

rp_status rp_video_report_inspection(rp_video_report *report, const rp_video_layout *layout,
                                     const rp_video_profile *profile, const rp_mapped_file *file,
                                     const char *path, rp_error *error) {
    rp_json json = {.text = &report->json};
    rp_text_format(&report->text, "%s: %s, %zu bytes\n", path, rp_video_form_name(layout->form),
                   file->size);
    rp_json_object(&json, NULL);
    rp_json_integer(&json, "reprise", 1);
    rp_json_text(&json, "file", path);
    rp_json_text(&json, "form", rp_video_form_name(layout->form));
    rp_json_integer(&json, "bytes", (int64_t)file->size);
    tell_boxes(report, &json, file);
    rp_json_array(&json, "tracks");
    for (int i = 0; i < profile->track_count; i++)
        tell_inspected_track(report, &json, &profile->tracks[i]);
    rp_json_end(&json);
    tell_faults(report, &json, layout, profile);
    rp_json_end(&json);
    rp_text_add_char(&report->json, '\n');
    if (report->text.failed || report->json.failed) return rp_fail_memory(error, "the report");
    return RP_OK;
}
