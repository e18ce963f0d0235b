/* judgement.c: see judgement.h. */
#include "score/judgement.h"

#include <math.h>
#include <pthread.h>

#include "music/measure_repair.h"
#include "music/musicxml.h"
#include "music/note_match.h"

/* One system in hand. */
typedef struct judging {
    rp_judgement *result;
    const rp_sample *sample;
    rp_lmx_line gold_line;
    const rp_lmx_line *read_line;
    bool *is_right; /* or NULL */
    rp_arena *scratch;
    rp_xml_tree tree;
    rp_error *error;
} judging;

/* Gold as a part, from its MusicXML, or else from its tokens. The published metric takes gold from
 * a file with divisions, which leaves the attributes that held them. */
static rp_status load_gold(judging *j, rp_xml_node **part) {
    const rp_sample *s = j->sample;
    const rp_xml_source source = {.name = s->name, .data = s->music, .size = s->music_size};
    if (s->music != NULL) RP_TRY(rp_musicxml_load_part(part, &j->tree, &source, NULL, j->error));
    else RP_TRY(rp_delinearize(part, &j->tree, &j->gold_line, NULL, NULL, j->error));
    return rp_tedn_make_fractional(&j->tree, *part, &source, j->error);
}

static rp_status load_read(judging *j, rp_xml_node **part, const rp_lmx_line *line) {
    rp_delinearize_report report = {0};
    const rp_delinearize_options options = {.fractional = true};
    RP_TRY(rp_delinearize(part, &j->tree, line, &options, &report, j->error));
    if (report.stop != RP_DELINEARIZE_NO_STOP) (*part)->first = (*part)->last = NULL;
    return RP_OK;
}

static rp_status judge_tokens(judging *j) {
    rp_token_alignment alignment;
    RP_TRY(rp_ser_add(&j->result->ser, &j->gold_line, j->read_line, j->error));
    RP_TRY(rp_token_align(&alignment, j->scratch, &j->gold_line, j->read_line, j->error));
    rp_cause_add(j->result->causes, &alignment, &j->gold_line, j->read_line);
    for (size_t i = 0; j->is_right != NULL && i < j->read_line->count; i++) {
        const int32_t gold = alignment.gold_of[i];
        j->is_right[i] =
            gold != RP_ALIGNMENT_NONE && j->gold_line.tokens[gold] == j->read_line->tokens[i];
    }
    return RP_OK;
}

static rp_status judge_notes(judging *j, const rp_xml_node *gold, const rp_xml_node *read) {
    rp_note_list gold_notes, read_notes, repaired_notes;
    rp_note_match match;
    rp_lmx_line repaired;
    rp_measure_repairs repairs;
    rp_xml_node *part;
    rp_judgement *r = j->result;
    RP_TRY(rp_note_list_make(&gold_notes, j->scratch, gold, j->error));
    RP_TRY(rp_note_list_make(&read_notes, j->scratch, read, j->error));
    RP_TRY(rp_note_match_make(&match, j->scratch, &gold_notes, &read_notes, j->error));
    r->gold_notes = match.gold;
    r->read_notes = match.predicted;
    r->onsets = match.onsets;
    r->notes = match.notes;
    RP_TRY(rp_measure_repair(&repaired, &repairs, j->scratch, j->read_line, j->error));
    RP_TRY(load_read(j, &part, &repaired));
    RP_TRY(rp_note_list_make(&repaired_notes, j->scratch, part, j->error));
    RP_TRY(rp_note_match_make(&match, j->scratch, &gold_notes, &repaired_notes, j->error));
    r->repaired_notes = match.predicted;
    r->repaired_onsets = match.onsets;
    r->repaired_same = match.notes;
    return RP_OK;
}

rp_status rp_judge(rp_judgement *judgement, bool *is_right, const rp_sample *sample,
                   const rp_lmx_line *read, rp_arena *scratch, rp_error *error) {
    rp_arena_reset(scratch);
    judging j = {.result = judgement,
                 .sample = sample,
                 .gold_line = {(uint16_t *)sample->tokens, (size_t)sample->token_count, 0},
                 .read_line = read,
                 .is_right = is_right,
                 .scratch = scratch,
                 .error = error};
    rp_xml_node *gold, *part;
    *judgement = (rp_judgement){.without_music = sample->music == NULL};
    rp_xml_tree_init(&j.tree, scratch);
    RP_TRY(judge_tokens(&j));
    RP_TRY(load_gold(&j, &gold));
    RP_TRY(load_read(&j, &part, read));
    RP_TRY(judge_notes(&j, gold, part));
    RP_TRY(rp_tedn(&judgement->full, &j.tree, gold, part, error));
    rp_tedn_prune(gold);
    rp_tedn_prune(part);
    return rp_tedn(&judgement->lmx, &j.tree, gold, part, error);
}

/* ---- many -------------------------------------------------------------------------------------
 */

/* What the threads share. The first failure is kept. */
typedef struct crowd {
    rp_judgement *judgements;
    bool *const *is_right;
    const rp_dataset *set;
    const rp_lmx_line *read;
    pthread_mutex_t mutex;
    rp_status status;
    rp_error *error;
} crowd;

static void judge_range(void *context, size_t first, size_t last, unsigned thread) {
    crowd *c = context;
    rp_arena scratch = {0};
    rp_error error = {0};
    rp_status status = RP_OK;
    (void)thread;
    for (size_t i = first; i < last && status == RP_OK; i++)
        status = rp_judge(&c->judgements[i], c->is_right != NULL ? c->is_right[i] : NULL,
                          &c->set->samples[i], &c->read[i], &scratch, &error);
    rp_arena_clear(&scratch);
    if (status == RP_OK) return;
    pthread_mutex_lock(&c->mutex);
    if (c->status == RP_OK && c->error != NULL) *c->error = error;
    if (c->status == RP_OK) c->status = status;
    pthread_mutex_unlock(&c->mutex);
}

rp_status rp_judge_all(rp_judgement *judgements, bool *const *is_right, const rp_dataset *set,
                       const rp_lmx_line *read, rp_pool *pool, rp_error *error) {
    crowd c = {
        .judgements = judgements, .is_right = is_right, .set = set, .read = read, .error = error};
    pthread_mutex_init(&c.mutex, NULL);
    rp_pool_run(pool, (size_t)set->count, judge_range, &c);
    pthread_mutex_destroy(&c.mutex);
    return c.status;
}

static void add_cost(rp_tedn_cost *sum, const rp_tedn_cost *one) {
    sum->edit += one->edit;
    sum->gold += one->gold;
}

static void add_ser(rp_ser *sum, const rp_ser *one) {
    sum->distance += one->distance;
    sum->gold_length += one->gold_length;
    sum->distance_without_tuplets += one->distance_without_tuplets;
    sum->gold_length_without_tuplets += one->gold_length_without_tuplets;
    sum->distance_without_slurs += one->distance_without_slurs;
    sum->gold_length_without_slurs += one->gold_length_without_slurs;
}

void rp_judgement_add(rp_judgement *sum, const rp_judgement *one) {
    add_ser(&sum->ser, &one->ser);
    add_cost(&sum->full, &one->full);
    add_cost(&sum->lmx, &one->lmx);
    sum->without_music += one->without_music;
    for (int i = 0; i < RP_CAUSE_COUNT; i++) {
        sum->causes[i].gold += one->causes[i].gold;
        sum->causes[i].changed += one->causes[i].changed;
        sum->causes[i].missing += one->causes[i].missing;
        sum->causes[i].extra += one->causes[i].extra;
    }
    sum->gold_notes += one->gold_notes;
    sum->read_notes += one->read_notes;
    sum->onsets += one->onsets;
    sum->notes += one->notes;
    sum->repaired_notes += one->repaired_notes;
    sum->repaired_onsets += one->repaired_onsets;
    sum->repaired_same += one->repaired_same;
}

double rp_judgement_f1(uint64_t agreeing, uint64_t gold, uint64_t read) {
    return gold + read == 0 ? 1.0 : 2.0 * (double)agreeing / (double)(gold + read);
}

double rp_judgement_tedn_percent(const rp_tedn_cost *cost) {
    if (cost->gold == 0) return cost->edit == 0 ? 0.0 : (double)INFINITY;
    return 100.0 * (double)cost->edit / (double)cost->gold;
}
