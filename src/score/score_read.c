/* score_read.c: rp_score_read: pages to systems to tokens to one score.
 *
 *     document -> page -> systems -> crops of the model's height -> reader -> LMX of all systems
 *     -> joined -> MusicXML
 *
 * All tokens are joined before they become music, so that clefs, keys, ties and slurs carry over
 * from system to system. An arena a page, freed before the next one is opened, for a page takes
 * 100 MB and a document may have a thousand; another one for the input, with what is kept: tokens
 * and places. A page that cannot be read is noted and the next one read. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/progress.h"
#include "music/joined_score.h"
#include "page/crop.h"
#include "page/document.h"
#include "page/picture.h"
#include "reprise/score.h"
#include "score/engraving.h"
#include "score/reader.h"

enum { PAGES_MAX = 1000, PICTURE_WIDTH = 1400 };

struct rp_score_reader {
    rp_model model;
    rp_device *device;
    rp_reader reader;
};

/* What is kept of a system. */
typedef struct kept_system {
    rp_page_box box;
    double found;       /* 0..1: how clear lines and joints are */
    double left, scale; /* column x of the crop is column left + scale * x of the page */
    rp_reading reading;
} kept_system;

/* What is kept of a page. */
typedef struct sheet {
    int32_t width, height; /* px */
    double staff_space;
    kept_system *systems;
    size_t count;
    const char *failure; /* why it could not be read, nothing else is set then; NULL: it was */
} sheet;

/* An input on its way. */
typedef struct job {
    rp_score_reader *reader;
    const char *input;
    const rp_score_read_options *options;
    rp_arena arena; /* of the input */
    rp_arena page;  /* of the page at hand */
    sheet *sheets;
    int32_t sheet_count;
    rp_page_image shown; /* the first page that could be read, if a picture of it is wanted */
    const sheet *shown_sheet;
    rp_error nothing; /* what was seen on a page without music */
    rp_error failure; /* of the first page that could not be read */
    int32_t failed;
} job;

rp_status rp_score_reader_create(rp_score_reader **out, const char *model, int32_t views,
                                 int32_t threads, rp_error *error) {
    rp_score_reader *reader = calloc(1, sizeof *reader);
    *out = NULL;
    if (reader == NULL) return rp_fail_memory(error, "the reader");
    rp_reader_options options = rp_reader_careful();
    options.is_one_piece = true;
    if (views > 0) options.views = views;
    rp_status status = rp_model_open(&reader->model, model, false, error);
    if (status == RP_OK) status = rp_device_create_cpu(&reader->device, (unsigned)threads, error);
    if (status == RP_OK)
        status = rp_reader_init(&reader->reader, &reader->model, reader->device, &options, error);
    if (status == RP_OK) *out = reader;
    else rp_score_reader_destroy(reader);
    return status;
}

void rp_score_reader_destroy(rp_score_reader *reader) {
    if (reader == NULL) return;
    rp_reader_clear(&reader->reader);
    rp_device_destroy(reader->device);
    rp_model_clear(&reader->model);
    free(reader);
}

/* ---- pages -------------------------------------------------------------------------------------
 */

/* Cuts the systems out of their page. */
static rp_status cut_systems(rp_page_image *crops, job *j, const rp_page_image *page,
                             const rp_page_systems *found, rp_error *error) {
    const rp_configuration *c = j->reader->model.configuration;
    for (size_t i = 0; i < found->count; i++) {
        rp_page_system *system = &found->systems[i];
        if (j->options->is_system)
            RP_TRY(rp_page_straighten(&crops[i], system, page, j->input, c->frame, c->height,
                                      &j->page, error));
        else
            RP_TRY(
                rp_page_crop_system(&crops[i], page, system, c->frame, c->height, &j->page, error));
    }
    return RP_OK;
}

/* Where a system is, and its crop's columns on the page. */
static void keep_place(kept_system *kept, const rp_page_image *page, const rp_page_system *system,
                       const rp_page_image *crop) {
    kept->box = system->box;
    kept->found = system->confidence;
    kept->left = 0; /* of a crop as it is */
    kept->scale = (double)page->width / crop->width;
    if (system->points == 0) return;
    kept->left = rp_page_crop_to_page(system, page, crop, 0);
    kept->scale =
        (rp_page_crop_to_page(system, page, crop, crop->width) - kept->left) / crop->width;
}

static rp_status read_systems(job *j, sheet *s, const rp_page_image *page,
                              const rp_page_systems *found, rp_error *error) {
    const size_t count = found->count;
    kept_system *kept = rp_arena_array(&j->arena, count, sizeof *kept);
    rp_page_image *crops = rp_arena_array(&j->page, count, sizeof *crops);
    rp_reading *readings = rp_arena_array(&j->page, count, sizeof *readings);
    if (kept == NULL || crops == NULL || readings == NULL) return rp_fail_memory(error, "systems");
    RP_TRY(cut_systems(crops, j, page, found, error));
    RP_TRY(rp_reader_read(&j->reader->reader, readings, crops, (int32_t)count, &j->page, error));
    for (size_t i = 0; i < count; i++) {
        RP_TRY(rp_reading_copy(&kept[i].reading, &readings[i], &j->arena, error));
        keep_place(&kept[i], page, &found->systems[i], &crops[i]);
    }
    s->systems = kept;
    s->count = count;
    return RP_OK;
}

/* The systems of a page; a crop of one system is a page of one, and which, cutting it out will
 * tell. A page without music is no failure while another one has some. */
static rp_status find_systems(rp_page_systems *found, job *j, const rp_page_image *page,
                              rp_error *error) {
    if (j->options->is_system) {
        *found = (rp_page_systems){.systems = rp_arena_array(&j->page, 1, sizeof *found->systems),
                                   .count = 1};
        return found->systems != NULL ? RP_OK : rp_fail_memory(error, "a system");
    }
    const rp_status status = rp_page_find_systems(found, page, j->input, &j->page, &j->nothing);
    if (status == RP_NO) {
        found->count = 0;
        return RP_OK;
    }
    if (status != RP_OK && error != NULL) *error = j->nothing;
    return status;
}

/* Keeps a copy of the page for the picture, if it is the first. */
static rp_status keep_shown(job *j, const sheet *s, const rp_page_image *page, rp_error *error) {
    if (j->options->picture == NULL || j->shown_sheet != NULL) return RP_OK;
    RP_TRY(rp_page_image_make(&j->shown, &j->arena, page->width, page->height, j->input, error));
    rp_page_image_copy(&j->shown, page);
    j->shown_sheet = s;
    return RP_OK;
}

static rp_status read_sheet(job *j, sheet *s, const rp_page_document *document, uint32_t number,
                            rp_error *error) {
    rp_page_image page;
    rp_page_systems found;
    RP_TRY(rp_page_document_read(&page, &j->page, document, number, error));
    RP_TRY(find_systems(&found, j, &page, error));
    s->width = page.width;
    s->height = page.height;
    s->staff_space = found.staff_space;
    if (found.count > 0) RP_TRY(read_systems(j, s, &page, &found, error));
    return keep_shown(j, s, &page, error);
}

/* Notes why a page could not be read. */
static rp_status note_failure(job *j, sheet *s, const rp_error *why, rp_error *error) {
    *s = (sheet){.failure = rp_arena_text(&j->arena, why->text, strlen(why->text))};
    if (s->failure == NULL) return rp_fail_memory(error, "what is wrong with a page");
    if (j->failed++ == 0) j->failure = *why;
    return RP_OK;
}

static rp_status read_sheets(job *j, const rp_page_document *document, const rp_progress *progress,
                             rp_error *error) {
    const uint32_t pages = rp_page_document_pages(document);
    if (pages > PAGES_MAX)
        return rp_fail(error, RP_INPUT, -1, "%s: %u pages; read at most %d at once", j->input,
                       pages, PAGES_MAX);
    rp_progress_state state = rp_progress_begin(progress, j->input, pages);
    j->sheets = rp_arena_array(&j->arena, pages, sizeof *j->sheets);
    if (j->sheets == NULL) return rp_fail_memory(error, "pages");
    for (uint32_t i = 0; i < pages; i++) {
        sheet *s = &j->sheets[j->sheet_count++];
        rp_error why = {0};
        rp_status status = read_sheet(j, s, document, i, &why);
        rp_arena_clear(&j->page);
        if (status == RP_INPUT) status = note_failure(j, s, &why, &why);
        if (status != RP_OK && error != NULL) *error = why;
        if (status != RP_OK) return status;
        if (!rp_progress_update(&state, i + 1)) return rp_fail(error, RP_NO, -1, "stopped");
    }
    return RP_OK;
}

/* ---- results -----------------------------------------------------------------------------------
 */

/* How many systems and measures there are, and how sure the network was. */
static rp_status sum_up(job *j, rp_score_result *result, rp_error *error) {
    double sure = 0, tokens = 0;
    for (int32_t p = 0; p < j->sheet_count; p++) {
        for (size_t i = 0; i < j->sheets[p].count; i++) {
            const rp_reading *reading = &j->sheets[p].systems[i].reading;
            for (int32_t k = 0; k < reading->token_count; k++) {
                result->measures += reading->tokens[k] == RP_LMX_MEASURE;
                sure += reading->confidence[k];
            }
            for (int32_t k = 0; k < reading->span_count; k++)
                result->doubtful += !rp_reading_is_sure(reading, k);
            tokens += reading->token_count;
            result->systems++;
        }
    }
    result->pages = j->sheet_count;
    result->failed_pages = j->failed;
    result->confidence = tokens > 0 ? sure / tokens : 0;
    if (result->systems > 0) return RP_OK;
    const rp_error *why = j->failed > 0 ? &j->failure : &j->nothing;
    if (error != NULL) *error = *why;
    return why->status;
}

/* One line a system; joined, made to add up, and under the schema's rules. */
static rp_status make_musicxml(job *j, rp_text *text, rp_score_result *result, rp_error *error) {
    rp_lmx_line *lines = rp_arena_array(&j->arena, (size_t)result->systems, sizeof *lines);
    rp_joined_score_report report = {0};
    size_t count = 0;
    if (lines == NULL) return rp_fail_memory(error, "a score");
    for (int32_t p = 0; p < j->sheet_count; p++) {
        for (size_t i = 0; i < j->sheets[p].count; i++) {
            const rp_reading *reading = &j->sheets[p].systems[i].reading;
            lines[count++] = (rp_lmx_line){reading->tokens, (size_t)reading->token_count, 0};
        }
    }
    const rp_joined_score_options options = {.repairs = true};
    RP_TRY(rp_joined_score(text, lines, count, &options, &report, error));
    result->repaired = (int32_t)report.repaired;
    result->left_out = (int32_t)report.left_out;
    return RP_OK;
}

static void make_lmx(const job *j, rp_text *text) {
    for (int32_t p = 0; p < j->sheet_count; p++) {
        for (size_t i = 0; i < j->sheets[p].count; i++) {
            const rp_reading *reading = &j->sheets[p].systems[i].reading;
            rp_lmx_print(text, reading->tokens, (size_t)reading->token_count);
            rp_text_add_char(text, '\n');
        }
    }
}

/* Column x of a system's crop in px of the page. */
static double page_column(const kept_system *system, double x) {
    return system->left + system->scale * x;
}

static void measures_json(rp_json *json, const kept_system *system) {
    const rp_reading *reading = &system->reading;
    rp_json_array(json, "measures");
    for (int32_t k = 0; k < reading->span_count; k++) {
        rp_json_object(json, NULL);
        rp_json_number(json, "left", page_column(system, reading->edges[k]), 0);
        rp_json_number(json, "right", page_column(system, reading->edges[k + 1]), 0);
        rp_json_integer(json, "first_token", reading->span_start[k]);
        rp_json_number(json, "confidence", reading->sure[k], 3);
        rp_json_bool(json, "adds_up", reading->fits[k]);
        rp_json_bool(json, "doubtful", !rp_reading_is_sure(reading, k));
        rp_json_end(json);
    }
    rp_json_end(json);
}

/* Places are px of the page. */
static void system_json(rp_json *json, const kept_system *system) {
    const rp_reading *reading = &system->reading;
    rp_json_object(json, NULL);
    rp_json_array(json, "box");
    rp_json_integer(json, NULL, system->box.left);
    rp_json_integer(json, NULL, system->box.top);
    rp_json_integer(json, NULL, system->box.right);
    rp_json_integer(json, NULL, system->box.bottom);
    rp_json_end(json);
    rp_json_number(json, "found", system->found, 3);
    measures_json(json, system);
    rp_json_array(json, "tokens");
    for (int32_t k = 0; k < reading->token_count; k++) {
        rp_json_array(json, NULL);
        rp_json_text(json, NULL, rp_lmx_text_of(reading->tokens[k]));
        rp_json_number(json, NULL, reading->confidence[k], 3);
        rp_json_number(json, NULL, page_column(system, reading->left[k]), 0);
        rp_json_number(json, NULL, page_column(system, reading->right[k]), 0);
        rp_json_end(json);
    }
    rp_json_end(json);
    rp_json_end(json);
}

/* Of a page that could not be read: no size, no systems, and why. */
static void page_json(rp_json *json, const sheet *s) {
    rp_json_object(json, NULL);
    rp_json_integer(json, "width", s->width);
    rp_json_integer(json, "height", s->height);
    rp_json_number(json, "staff_space", s->staff_space, 2);
    rp_json_array(json, "systems");
    for (size_t i = 0; i < s->count; i++) system_json(json, &s->systems[i]);
    rp_json_end(json);
    if (s->failure != NULL) rp_json_text(json, "error", s->failure);
    rp_json_end(json);
}

static void make_json(const job *j, const rp_score_result *result, rp_text *text) {
    rp_json json = {.text = text};
    rp_json_object(&json, NULL);
    rp_json_integer(&json, "reprise", 1);
    rp_json_text(&json, "input", j->input);
    rp_json_integer(&json, "systems", result->systems);
    rp_json_integer(&json, "measures", result->measures);
    rp_json_integer(&json, "repaired_measures", result->repaired);
    rp_json_integer(&json, "doubtful_measures", result->doubtful);
    rp_json_integer(&json, "notes_left_out", result->left_out);
    rp_json_number(&json, "confidence", result->confidence, 3);
    rp_json_integer(&json, "failed_pages", result->failed_pages);
    rp_json_array(&json, "pages");
    for (int32_t p = 0; p < j->sheet_count; p++) page_json(&json, &j->sheets[p]);
    rp_json_end(&json);
    rp_json_end(&json);
}

/* A line for each page that could not be read. */
static void make_failures(const job *j, rp_text *text) {
    for (int32_t p = 0; p < j->sheet_count; p++)
        if (j->sheets[p].failure != NULL) rp_text_format(text, "%s\n", j->sheets[p].failure);
}

/* Boxes of the doubtful measures of a page; NULL: no memory. */
static rp_page_box *find_doubts(job *j, const sheet *s, size_t *count) {
    size_t room = 1;
    for (size_t i = 0; i < s->count; i++) room += (size_t)s->systems[i].reading.span_count;
    rp_page_box *boxes = rp_arena_array(&j->arena, room, sizeof *boxes);
    *count = 0;
    if (boxes == NULL) return NULL;
    for (size_t i = 0; i < s->count; i++) {
        const kept_system *system = &s->systems[i];
        const rp_reading *reading = &system->reading;
        for (int32_t k = 0; k < reading->span_count; k++) {
            if (rp_reading_is_sure(reading, k)) continue;
            rp_page_box box = system->box;
            box.left = (int32_t)page_column(system, reading->edges[k]);
            box.right = (int32_t)page_column(system, reading->edges[k + 1]);
            boxes[(*count)++] = box;
        }
    }
    return boxes;
}

/* The first page with its systems and doubts, and the engraving below, as far as there is an
 * engraver. */
static rp_status draw(job *j, const char *musicxml, rp_error *error) {
    const sheet *s = j->shown_sheet;
    rp_page_image engraved[RP_ENGRAVING_PAGES_MAX];
    int32_t pages = 0;
    size_t doubt_count;
    rp_error missing;
    rp_page_box *boxes = rp_arena_array(&j->arena, s->count + 1, sizeof *boxes);
    const rp_page_box *doubts = find_doubts(j, s, &doubt_count);
    if (boxes == NULL || doubts == NULL) return rp_fail_memory(error, "the picture");
    for (size_t i = 0; i < s->count; i++) boxes[i] = s->systems[i].box;
    if (rp_engrave(engraved, &pages, musicxml, &j->arena, &missing) != RP_OK) pages = 0;
    const rp_page_picture picture = {.page = &j->shown,
                                     .systems = boxes,
                                     .system_count = s->count,
                                     .doubts = doubts,
                                     .doubt_count = doubt_count,
                                     .below = engraved,
                                     .below_count = (size_t)pages,
                                     .width = PICTURE_WIDTH};
    return rp_page_picture_write(j->options->picture, &picture, error);
}

static rp_status finish(job *j, rp_score_result *result, rp_error *error) {
    rp_text musicxml = {0}, lmx = {0}, json = {0}, failures = {0};
    rp_status status = sum_up(j, result, error);
    if (status == RP_OK) status = make_musicxml(j, &musicxml, result, error);
    if (status == RP_OK) {
        make_lmx(j, &lmx);
        make_json(j, result, &json);
        make_failures(j, &failures);
        if (musicxml.failed || lmx.failed || json.failed || failures.failed)
            status = rp_fail_memory(error, "what was read");
    }
    result->musicxml = musicxml.data;
    result->lmx = lmx.data;
    result->json = json.data;
    result->failures = failures.data;
    if (status == RP_OK && j->options->picture != NULL) status = draw(j, musicxml.data, error);
    return status;
}

rp_status rp_score_read(rp_score_result *result, rp_score_reader *reader, const char *input,
                        const rp_score_read_options *options, const rp_progress *progress,
                        rp_error *error) {
    static const rp_score_read_options plain = {0};
    job j = {.reader = reader, .input = input, .options = options != NULL ? options : &plain};
    rp_page_document *document = NULL;
    *result = (rp_score_result){0};
    reader->reader.context = (rp_measure_context){0};
    rp_status status = rp_page_document_open(&document, input, error);
    if (status == RP_OK) status = read_sheets(&j, document, progress, error);
    if (status == RP_OK) status = finish(&j, result, error);
    rp_page_document_close(document);
    rp_arena_clear(&j.page);
    rp_arena_clear(&j.arena);
    if (status != RP_OK) rp_score_result_clear(result);
    return status;
}

void rp_score_result_clear(rp_score_result *result) {
    free(result->musicxml);
    free(result->lmx);
    free(result->json);
    free(result->failures);
    *result = (rp_score_result){0};
}
