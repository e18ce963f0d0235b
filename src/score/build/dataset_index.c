/* dataset_index.c: see dataset_index.h. */
#include "score/build/dataset_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"

enum { PATH_BYTES = 4096 };

typedef struct indexer {
    const rp_dataset_index *index;
    rp_score_dataset_report *report;
    rp_text samples, measures, problems;
    rp_text widths, tokens; /* int32 each */
    bool has_token[RP_LMX_COUNT];
} indexer;

static void add_sample(indexer *self, const char *id, const rp_build_sample *sample) {
    rp_text_format(&self->samples, "samples/%s/%s\n", id, sample->name);
    if (sample->edges[0] != 0)
        rp_text_format(&self->measures, "samples/%s/%s %s\n", id, sample->name, sample->edges);
    else self->report->without_edges++;
    rp_text_add_bytes(&self->widths, &sample->width, sizeof sample->width);
    rp_text_add_bytes(&self->tokens, &sample->tokens, sizeof sample->tokens);
    self->report->systems++;
    self->report->tokens += sample->tokens;
}

static void add_problem(indexer *self, const char *id, const char *problem) {
    rp_text_format(&self->problems, "%s\t%s\n", id, problem);
    self->report->problems++;
}

static void add_score(indexer *self, const rp_built_score *score, rp_arena *arena) {
    char path[PATH_BYTES];
    rp_build_record record;
    const char *id = score->entry->id;
    if (score->problem != NULL) add_problem(self, id, score->problem);
    snprintf(path, sizeof path, "%s/built/%s.txt", self->index->output, id);
    if (score->has_failed || !rp_build_record_read(&record, path, self->index->signature, arena))
        return;
    for (size_t i = 0; i < record.sample_count; i++) add_sample(self, id, &record.samples[i]);
    for (size_t i = 0; i < record.problem_count; i++) add_problem(self, id, record.problems[i]);
    for (size_t i = 0; i < RP_LMX_COUNT; i++) self->has_token[i] |= record.has_token[i];
}

static rp_status write_list(const indexer *self, const char *kind, const rp_text *text,
                            rp_error *error) {
    char path[PATH_BYTES];
    if (text->failed) return rp_fail_memory(error, "the lists of a data set");
    snprintf(path, sizeof path, "%s/%s.%s.txt", self->index->output, kind, self->index->split);
    return rp_new_file_write(path, text->length > 0 ? text->data : "", text->length, error);
}

static rp_status write_vocabulary(const char *output, rp_error *error) {
    char path[PATH_BYTES];
    rp_text words = {0};
    for (unsigned i = 0; i < RP_LMX_COUNT; i++) rp_text_format(&words, "%s\n", rp_lmx_text_of(i));
    snprintf(path, sizeof path, "%s/vocabulary.txt", output);
    const rp_status status = words.failed
                                 ? rp_fail_memory(error, "the vocabulary")
                                 : rp_new_file_write(path, words.data, words.length, error);
    rp_text_clear(&words);
    return status;
}

static int compare_numbers(const void *a, const void *b) {
    const int32_t p = *(const int32_t *)a, q = *(const int32_t *)b;
    return (p > q) - (p < q);
}

/* Sorts the numbers and gives those at half, at 95 % and at the end. */
static void quantiles(int32_t out[3], const rp_text *numbers) {
    const size_t count = numbers->length / sizeof(int32_t);
    out[0] = out[1] = out[2] = 0;
    if (count == 0) return;
    int32_t *values = (int32_t *)(void *)numbers->data; /* from malloc: aligned */
    qsort(values, count, sizeof *values, compare_numbers);
    out[0] = values[(count - 1) / 2];
    out[1] = values[(count - 1) * 95 / 100];
    out[2] = values[count - 1];
}

static void set_figures(indexer *self) {
    rp_score_dataset_report *report = self->report;
    int32_t tokens[3], widths[3];
    quantiles(tokens, &self->tokens);
    quantiles(widths, &self->widths);
    report->tokens_median = tokens[0];
    report->tokens_95 = tokens[1];
    report->tokens_max = tokens[2];
    report->width_median = widths[0];
    report->width_95 = widths[1];
    report->width_max = widths[2];
    for (size_t i = 0; i < RP_LMX_COUNT; i++) report->vocabulary += self->has_token[i];
}

rp_status rp_dataset_index_write(rp_score_dataset_report *report, const rp_dataset_index *index,
                                 rp_error *error) {
    indexer self = {.index = index, .report = report};
    rp_arena arena = {0};
    for (size_t i = 0; i < index->score_count; i++) {
        add_score(&self, &index->scores[i], &arena);
        rp_arena_reset(&arena);
    }
    rp_status status = write_list(&self, "samples", &self.samples, error);
    if (status == RP_OK) status = write_list(&self, "measures", &self.measures, error);
    if (status == RP_OK) status = write_list(&self, "problems", &self.problems, error);
    if (status == RP_OK) status = write_vocabulary(index->output, error);
    if (status == RP_OK && (self.widths.failed || self.tokens.failed))
        status = rp_fail_memory(error, "the figures of a data set");
    if (status == RP_OK) set_figures(&self);
    rp_arena_clear(&arena);
    rp_text *const texts[] = {&self.samples, &self.measures, &self.problems, &self.widths,
                              &self.tokens};
    for (size_t i = 0; i < RP_COUNT(texts); i++) rp_text_clear(texts[i]);
    return status;
}

/* ---- the report ---- */

static const struct {
    const char *name;
    size_t offset;
} report_rows[] = {
    {"scores", offsetof(rp_score_dataset_report, scores)},
    {"built", offsetof(rp_score_dataset_report, built)},
    {"resumed", offsetof(rp_score_dataset_report, resumed)},
    {"failed", offsetof(rp_score_dataset_report, failed)},
    {"systems", offsetof(rp_score_dataset_report, systems)},
    {"without_edges", offsetof(rp_score_dataset_report, without_edges)},
    {"problems", offsetof(rp_score_dataset_report, problems)},
    {"tokens_median", offsetof(rp_score_dataset_report, tokens_median)},
    {"tokens_95", offsetof(rp_score_dataset_report, tokens_95)},
    {"tokens_max", offsetof(rp_score_dataset_report, tokens_max)},
    {"width_median", offsetof(rp_score_dataset_report, width_median)},
    {"width_95", offsetof(rp_score_dataset_report, width_95)},
    {"width_max", offsetof(rp_score_dataset_report, width_max)},
    {"vocabulary", offsetof(rp_score_dataset_report, vocabulary)},
};

static rp_status write_json(rp_score_dataset_report *report, const char *split, rp_error *error) {
    rp_text text = {0};
    rp_json json = {.text = &text};
    rp_json_object(&json, NULL);
    rp_json_integer(&json, "reprise", 1);
    rp_json_text(&json, "split", split);
    for (size_t i = 0; i < RP_COUNT(report_rows); i++)
        rp_json_integer(&json, report_rows[i].name,
                        *(const int32_t *)(const void *)((char *)report + report_rows[i].offset));
    rp_json_integer(&json, "tokens", report->tokens);
    rp_json_number(&json, "seconds", report->seconds, 1);
    rp_json_end(&json);
    if (text.failed) return rp_fail_memory(error, "a report");
    report->json = text.data;
    return RP_OK;
}

rp_status rp_dataset_report_finish(rp_score_dataset_report *report, const char *split,
                                   double started_s, rp_status status, rp_error *error) {
    report->seconds = rp_clock_seconds() - started_s;
    if (status != RP_OK && status != RP_NO) return status;
    const rp_status written = write_json(report, split, error);
    return written != RP_OK ? written : status;
}
