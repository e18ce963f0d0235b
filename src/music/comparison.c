/* comparison.c: two scores from files to figures: TEDn, SER, F1 and the list of differences. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "music/linearize_file.h"
#include "music/lmx_join.h"
#include "music/music_file.h"
#include "music/musicxml.h"
#include "music/note_match.h"
#include "music/ser.h"
#include "music/tedn.h"

/* A score as a tree and as tokens. */
struct score {
    rp_music_file file;
    rp_xml_node *part;
    rp_text tokens_text; /* of MusicXML */
    rp_lmx_line line;
    bool has_line; /* false: it cannot be linearized */
};

struct comparison {
    rp_arena arena;
    rp_xml_tree tree;
    rp_lmx_words words;
    struct score gold, predicted;
    rp_error *error;
};

/* The text of an .lmx: one line as it is; several are systems, and are joined. */
static rp_status read_line(struct comparison *self, struct score *score) {
    const char *text = (const char *)score->file.source.data;
    size_t size = score->file.source.size;
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r')) size--;
    size_t count = 1;
    for (size_t i = 0; i < size; i++) count += text[i] == '\n';
    if (count == 1) return rp_lmx_lex(&score->line, &self->words, text, size, self->error);
    rp_lmx_line *lines = rp_arena_array(&self->arena, count, sizeof *lines);
    if (lines == NULL) return rp_fail_memory(self->error, "the lines");
    for (size_t i = 0, begin = 0; i < count; i++) {
        const char *stop = memchr(text + begin, '\n', size - begin);
        const size_t end = stop != NULL ? (size_t)(stop - text) : size;
        RP_TRY(rp_lmx_lex(&lines[i], &self->words, text + begin, end - begin, self->error));
        begin = end + 1 < size ? end + 1 : size;
    }
    return rp_lmx_join(&score->line, &self->arena, lines, count, self->error);
}

/* `is_gold`: the published metric takes gold from a file with divisions, which leaves the
 * attributes that held them; a prediction is made without. */
static rp_status load_tokens(struct comparison *self, struct score *score, bool is_gold) {
    rp_delinearize_report report = {0};
    const rp_delinearize_options options = {.fractional = !is_gold};
    RP_TRY(read_line(self, score));
    score->has_line = true;
    RP_TRY(rp_delinearize(&score->part, &self->tree, &score->line, &options, &report, self->error));
    if (is_gold)
        return rp_tedn_make_fractional(&self->tree, score->part, &score->file.source, self->error);
    if (report.stop != RP_DELINEARIZE_NO_STOP) score->part->first = score->part->last = NULL;
    return RP_OK;
}

static rp_status load_musicxml(struct comparison *self, struct score *score) {
    RP_TRY(
        rp_musicxml_load_part(&score->part, &self->tree, &score->file.source, NULL, self->error));
    RP_TRY(rp_tedn_make_fractional(&self->tree, score->part, &score->file.source, self->error));
    score->has_line =
        rp_linearize_source(&score->tokens_text, NULL, &score->file.source, NULL, NULL) == RP_OK;
    if (!score->has_line) return RP_OK;
    return rp_lmx_lex(&score->line, &self->words, score->tokens_text.data,
                      score->tokens_text.length, self->error);
}

static rp_status load(struct comparison *self, struct score *score, const char *path,
                      bool is_gold) {
    RP_TRY(rp_music_file_open(&score->file, path, self->error));
    if (score->file.format == RP_MUSIC_MUSICXML) return load_musicxml(self, score);
    if (score->file.format == RP_MUSIC_LMX) return load_tokens(self, score, is_gold);
    return rp_fail(self->error, RP_INPUT, 0, "%s: give .musicxml, .mxl or .lmx", path);
}

/* ---- differences as text ---- */

static void print_fraction(rp_text *text, rp_fraction value) {
    rp_text_format(text, "%lld", (long long)value.numerator);
    if (value.denominator != 1) rp_text_format(text, "/%lld", (long long)value.denominator);
}

static void print_note(rp_text *text, const rp_note *note) {
    static const char *const alters[] = {"bbb", "bb", "b", "", "#", "##", "###"};
    rp_text_format(text, "%s%c%s%d", note->is_grace ? "grace " : "", "CDEFGAB"[note->step],
                   alters[note->alter + 3], note -> octave);
    if (note->is_grace) return;
    rp_text_add_char(text, ' ');
    print_fraction(text, note->duration);
}

static void print_difference(rp_text *text, const rp_note_difference *difference) {
    rp_text_format(text, "measure %d", difference->measure + 1);
    if (difference->is_whole_measure) {
        rp_text_add(
            text, difference->gold != NULL ? " is missing" : " of the prediction is one too many");
        return;
    }
    const rp_note *note = difference->gold != NULL ? difference->gold : difference->predicted;
    rp_text_add(text, ", at ");
    print_fraction(text, note->onset);
    rp_text_format(text, ", staff %u: ", note->staff);
    if (difference->gold == NULL) {
        print_note(text, difference->predicted);
        rp_text_add(text, " is one too many");
        return;
    }
    print_note(text, difference->gold);
    if (difference->predicted == NULL) {
        rp_text_add(text, " is missing");
        return;
    }
    rp_text_add(text, " reads ");
    print_note(text, difference->predicted);
}

static rp_status list_differences(struct comparison *self, rp_music_comparison *result,
                                  const rp_note_differences *differences) {
    result->differences = calloc(differences->count + 1, sizeof *result->differences);
    if (result->differences == NULL) return rp_fail_memory(self->error, "the differences");
    for (size_t i = 0; i < differences->count; i++) {
        rp_text text = {0};
        print_difference(&text, &differences->items[i]);
        if (text.failed) {
            rp_text_clear(&text);
            return rp_fail_memory(self->error, "the differences");
        }
        result->differences[result->difference_count++] = text.data;
    }
    return RP_OK;
}

/* ---- figures ---- */

static rp_status compare_notes(struct comparison *self, rp_music_comparison *result) {
    rp_note_list gold, predicted;
    rp_note_match match;
    rp_note_differences differences;
    RP_TRY(rp_note_list_make(&gold, &self->arena, self->gold.part, self->error));
    RP_TRY(rp_note_list_make(&predicted, &self->arena, self->predicted.part, self->error));
    RP_TRY(rp_note_match_make(&match, &self->arena, &gold, &predicted, self->error));
    result->onset_f1 = rp_note_match_f1(&match, match.onsets);
    result->note_f1 = rp_note_match_f1(&match, match.notes);
    RP_TRY(rp_note_match_differences(&differences, &self->arena, &match, &gold, &predicted,
                                     self->error));
    return list_differences(self, result, &differences);
}

static rp_status compare_tokens(struct comparison *self, rp_music_comparison *result) {
    rp_ser ser = {0};
    result->ser = result->ser_without_tuplets = (double)NAN;
    if (!self->gold.has_line || !self->predicted.has_line) return RP_OK;
    RP_TRY(rp_ser_add(&ser, &self->gold.line, &self->predicted.line, self->error));
    result->ser = rp_ser_percent(&ser);
    result->ser_without_tuplets = rp_ser_percent_without_tuplets(&ser);
    return RP_OK;
}

static rp_status compare(struct comparison *self, rp_music_comparison *result,
                         rp_music_flavor flavor) {
    rp_tedn_cost cost;
    RP_TRY(compare_tokens(self, result));
    RP_TRY(compare_notes(self, result));
    if (flavor == RP_MUSIC_LMX_ONLY) {
        rp_tedn_prune(self->gold.part);
        rp_tedn_prune(self->predicted.part);
    }
    RP_TRY(rp_tedn(&cost, &self->tree, self->gold.part, self->predicted.part, self->error));
    result->edit_cost = cost.edit;
    result->gold_cost = cost.gold;
    result->tedn = cost.gold > 0 ? (double)cost.edit / (double)cost.gold : (double)NAN;
    return RP_OK;
}

static void score_clear(struct score *score) {
    rp_music_file_close(&score->file);
    rp_text_clear(&score->tokens_text);
}

rp_status rp_music_compare(rp_music_comparison *comparison, const char *gold, const char *predicted,
                           rp_music_flavor flavor, rp_error *error) {
    struct comparison self = {.error = error};
    *comparison = (rp_music_comparison){0};
    rp_xml_tree_init(&self.tree, &self.arena);
    self.words.arena = &self.arena;
    rp_status status = load(&self, &self.gold, gold, true);
    if (status == RP_OK) status = load(&self, &self.predicted, predicted, false);
    if (status == RP_OK) status = compare(&self, comparison, flavor);
    score_clear(&self.gold);
    score_clear(&self.predicted);
    rp_arena_clear(&self.arena);
    if (status != RP_OK) rp_music_comparison_clear(comparison);
    return status;
}

void rp_music_comparison_clear(rp_music_comparison *comparison) {
    for (size_t i = 0; i < comparison->difference_count; i++) free(comparison->differences[i]);
    free(comparison->differences);
    *comparison = (rp_music_comparison){0};
}
