/* score_read.c: rp_score_read: pages to systems to tokens to one score.
 *
 *     document -> page -> systems -> crops of the model's height -> reader -> LMX of all systems
 *     -> joined -> MusicXML
 *
 * All tokens are joined before they become music, so that clefs, keys, ties and slurs carry over
 * from system to system. One arena an input. */
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

/* One page of the input, as far as it has got. */
typedef struct sheet {
    rp_page_image image;
    rp_page_systems found; /* of the page; a crop of one system is a page of one */
    rp_page_image *crops;
    rp_reading *readings;
} sheet;

/* An input on its way. */
typedef struct job {
    rp_score_reader *reader;
    const char *input;
    const rp_score_read_options *options;
    rp_arena arena;
    sheet *sheets;
    int32_t sheet_count;
    rp_error nothing; /* what was seen on a page without music */
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

static rp_status cut_systems(job *j, sheet *s, rp_error *error) {
    const rp_configuration *c = j->reader->model.configuration;
    s->crops = rp_arena_array(&j->arena, s->found.count, sizeof *s->crops);
    s->readings = rp_arena_array(&j->arena, s->found.count, sizeof *s->readings);
    if (s->crops == NULL || s->readings == NULL) return rp_fail_memory(error, "systems");
    for (size_t i = 0; i < s->found.count; i++) {
        rp_page_system *system = &s->found.systems[i];
        if (j->options->is_system)
            RP_TRY(rp_page_straighten(&s->crops[i], system, &s->image, j->input, c->frame,
                                      c->height, &j->arena, error));
        else
            RP_TRY(rp_page_crop_system(&s->crops[i], &s->image, system, c->frame, c->height,
                                       &j->arena, error));
    }
    return rp_reader_read(&j->reader->reader, s->readings, s->crops, (int32_t)s->found.count,
                          &j->arena, error);
}

/* The image is one system; which one, cutting it out will tell. */
static rp_status read_as_system(job *j, sheet *s, rp_error *error) {
    s->found.systems = rp_arena_array(&j->arena, 1, sizeof *s->found.systems);
    if (s->found.systems == NULL) return rp_fail_memory(error, "a system");
    s->found.count = 1;
    return cut_systems(j, s, error);
}

/* A page without music is no failure while another one has some. */
static rp_status read_sheet(job *j, sheet *s, rp_error *error) {
    if (j->options->is_system) return read_as_system(j, s, error);
    const rp_status status =
        rp_page_find_systems(&s->found, &s->image, j->input, &j->arena, &j->nothing);
    if (status != RP_OK && status != RP_NO && error != NULL) *error = j->nothing;
    if (status == RP_NO) {
        s->found.count = 0;
        return RP_OK;
    }
    return status == RP_OK ? cut_systems(j, s, error) : status;
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
        RP_TRY(rp_page_document_read(&s->image, &j->arena, document, i, error));
        RP_TRY(read_sheet(j, s, error));
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
        for (size_t i = 0; i < j->sheets[p].found.count; i++) {
            const rp_reading *reading = &j->sheets[p].readings[i];
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
    result->confidence = tokens > 0 ? sure / tokens : 0;
    if (result->systems > 0) return RP_OK;
    return rp_fail(error, RP_NO, -1, "%s", j->nothing.text);
}

/* One line a system; joined, made to add up, and under the schema's rules. */
static rp_status make_musicxml(job *j, rp_text *text, rp_score_result *result, rp_error *error) {
    rp_lmx_line *lines = rp_arena_array(&j->arena, (size_t)result->systems, sizeof *lines);
    rp_joined_score_report report = {0};
    size_t count = 0;
    if (lines == NULL) return rp_fail_memory(error, "a score");
    for (int32_t p = 0; p < j->sheet_count; p++) {
        for (size_t i = 0; i < j->sheets[p].found.count; i++) {
            const rp_reading *reading = &j->sheets[p].readings[i];
            lines[count++] = (rp_lmx_line){reading->tokens, (size_t)reading->token_count, 0};
        }
    }
    const rp_joined_score_options options = {.repairs = true};
    RP_TRY(rp_joined_score(text, lines, count, &options, &report, error));
    result->repaired = (int32_t)report.repaired;
    return RP_OK;
}

static void make_lmx(const job *j, rp_text *text) {
    for (int32_t p = 0; p < j->sheet_count; p++) {
        for (size_t i = 0; i < j->sheets[p].found.count; i++) {
            const rp_reading *reading = &j->sheets[p].readings[i];
            rp_lmx_print(text, reading->tokens, (size_t)reading->token_count);
            rp_text_add_char(text, '\n');
        }
    }
}

/* Column x of crop i in px of the page. */
static double page_column(const sheet *s, size_t i, double x) {
    const rp_page_system *system = &s->found.systems[i];
    if (system->points == 0) return x * s->image.width / s->crops[i].width; /* a crop as it is */
    return rp_page_crop_to_page(system, &s->image, &s->crops[i], x);
}

static void measures_json(rp_json *json, const sheet *s, size_t i) {
    const rp_reading *reading = &s->readings[i];
    rp_json_array(json, "measures");
    for (int32_t k = 0; k < reading->span_count; k++) {
        rp_json_object(json, NULL);
        rp_json_number(json, "left", page_column(s, i, reading->edges[k]), 0);
        rp_json_number(json, "right", page_column(s, i, reading->edges[k + 1]), 0);
        rp_json_integer(json, "first_token", reading->span_start[k]);
        rp_json_number(json, "confidence", reading->sure[k], 3);
        rp_json_bool(json, "adds_up", reading->fits[k]);
        rp_json_bool(json, "doubtful", !rp_reading_is_sure(reading, k));
        rp_json_end(json);
    }
    rp_json_end(json);
}

/* Places are px of the page. */
static void system_json(rp_json *json, const sheet *s, size_t i) {
    const rp_page_system *system = &s->found.systems[i];
    const rp_reading *reading = &s->readings[i];
    rp_json_object(json, NULL);
    rp_json_array(json, "box");
    rp_json_integer(json, NULL, system->box.left);
    rp_json_integer(json, NULL, system->box.top);
    rp_json_integer(json, NULL, system->box.right);
    rp_json_integer(json, NULL, system->box.bottom);
    rp_json_end(json);
    rp_json_number(json, "found", system->confidence, 3);
    measures_json(json, s, i);
    rp_json_array(json, "tokens");
    for (int32_t k = 0; k < reading->token_count; k++) {
        rp_json_array(json, NULL);
        rp_json_text(json, NULL, rp_lmx_text_of(reading->tokens[k]));
        rp_json_number(json, NULL, reading->confidence[k], 3);
        rp_json_number(json, NULL, page_column(s, i, reading->left[k]), 0);
        rp_json_number(json, NULL, page_column(s, i, reading->right[k]), 0);
        rp_json_end(json);
    }
    rp_json_end(json);
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
    rp_json_number(&json, "confidence", result->confidence, 3);
    rp_json_array(&json, "pages");
    for (int32_t p = 0; p < j->sheet_count; p++) {
        const sheet *s = &j->sheets[p];
        rp_json_object(&json, NULL);
        rp_json_integer(&json, "width", s->image.width);
        rp_json_integer(&json, "height", s->image.height);
        rp_json_number(&json, "staff_space", s->found.staff_space, 2);
        rp_json_array(&json, "systems");
        for (size_t i = 0; i < s->found.count; i++) system_json(&json, s, i);
        rp_json_end(&json);
        rp_json_end(&json);
    }
    rp_json_end(&json);
    rp_json_end(&json);
}

/* Boxes of the doubtful measures of a page; NULL: no memory. */
static rp_page_box *find_doubts(job *j, const sheet *s, size_t *count) {
    size_t room = 1;
    for (size_t i = 0; i < s->found.count; i++) room += (size_t)s->readings[i].span_count;
    rp_page_box *boxes = rp_arena_array(&j->arena, room, sizeof *boxes);
    *count = 0;
    if (boxes == NULL) return NULL;
    for (size_t i = 0; i < s->found.count; i++) {
        const rp_reading *reading = &s->readings[i];
        for (int32_t k = 0; k < reading->span_count; k++) {
            if (rp_reading_is_sure(reading, k)) continue;
            rp_page_box box = s->found.systems[i].box;
            box.left = (int32_t)page_column(s, i, reading->edges[k]);
            box.right = (int32_t)page_column(s, i, reading->edges[k + 1]);
            boxes[(*count)++] = box;
        }
    }
    return boxes;
}

/* The first page with its systems and doubts, and the engraving below, as far as there is an
 * engraver. */
static rp_status draw(job *j, const char *musicxml, rp_error *error) {
    const sheet *s = &j->sheets[0];
    rp_page_image engraved[RP_ENGRAVING_PAGES_MAX];
    int32_t pages = 0;
    size_t doubt_count;
    rp_error missing;
    rp_page_box *boxes = rp_arena_array(&j->arena, s->found.count + 1, sizeof *boxes);
    const rp_page_box *doubts = find_doubts(j, s, &doubt_count);
    if (boxes == NULL || doubts == NULL) return rp_fail_memory(error, "the picture");
    for (size_t i = 0; i < s->found.count; i++) boxes[i] = s->found.systems[i].box;
    if (rp_engrave(engraved, &pages, musicxml, &j->arena, &missing) != RP_OK) pages = 0;
    const rp_page_picture picture = {.page = &s->image,
                                     .systems = boxes,
                                     .system_count = s->found.count,
                                     .doubts = doubts,
                                     .doubt_count = doubt_count,
                                     .below = engraved,
                                     .below_count = (size_t)pages,
                                     .width = PICTURE_WIDTH};
    return rp_page_picture_write(j->options->picture, &picture, error);
}

static rp_status finish(job *j, rp_score_result *result, rp_error *error) {
    rp_text musicxml = {0}, lmx = {0}, json = {0};
    rp_status status = sum_up(j, result, error);
    if (status == RP_OK) status = make_musicxml(j, &musicxml, result, error);
    if (status == RP_OK) {
        make_lmx(j, &lmx);
        make_json(j, result, &json);
        if (musicxml.failed || lmx.failed || json.failed)
            status = rp_fail_memory(error, "what was read");
    }
    result->musicxml = musicxml.data;
    result->lmx = lmx.data;
    result->json = json.data;
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
    rp_arena_clear(&j.arena);
    if (status != RP_OK) rp_score_result_clear(result);
    return status;
}

void rp_score_result_clear(rp_score_result *result) {
    free(result->musicxml);
    free(result->lmx);
    free(result->json);
    *result = (rp_score_result){0};
}
