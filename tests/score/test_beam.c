/* The search over lines, with a network of random weights: width 1 is greedy reading, scores are
 * the network's own, LMX allows every line, and spans do not see one another. */
#include "base/random.h"
#include "check.h"
#include "music/lmx_grammar.h"
#include "score/beam.h"
#include "score/reader.h"

enum { IMAGES = 2, COLUMNS = 40, SPANS = 5, STEPS = 30 };

/* A network and an encoding of noise. */
typedef struct bench {
    rp_model model;
    rp_device *device;
    rp_tape encode, step;
    rp_encoding encoding;
    rp_arena arena;
} bench;

static const rp_span spans[SPANS] = {{0, 0, 9}, {0, 8, 20}, {0, 19, 40}, {1, 0, 5}, {1, 4, 38}};

static void bench_init(bench *b) {
    *b = (bench){0};
    const int64_t units = rp_configuration_find("measure")->units;
    const int64_t shape[3] = {IMAGES, COLUMNS, units};
    rp_random random = rp_random_make(2, 0);
    CHECK_INT(rp_model_create(&b->model, rp_configuration_find("measure"), 7, false, NULL), RP_OK);
    CHECK_INT(rp_device_create_cpu(&b->device, 1, NULL), RP_OK);
    CHECK_INT(rp_tape_init(&b->encode, b->device, NULL), RP_OK);
    CHECK_INT(rp_tape_init(&b->step, b->device, NULL), RP_OK);
    b->encode.recording = b->step.recording = false;
    b->device->weights_version = 1;
    b->encoding.enc = rp_tape_tensor(&b->encode, RP_F32, 3, shape);
    b->encoding.keys = rp_tape_tensor(&b->encode, RP_F32, 3, shape);
    for (int64_t i = 0; i < IMAGES * COLUMNS * units; i++) {
        rp_tensor_set(b->encoding.enc, i, 4 * rp_random_normal(&random));
        rp_tensor_set(b->encoding.keys, i, 4 * rp_random_normal(&random));
    }
    /* Sharper than fresh weights, so that lines differ. */
    rp_tensor *out = &rp_parameters_find(&b->model.parameters, "decoder.output.weight")->tensor;
    for (int64_t i = 0; i < rp_tensor_count(out); i++)
        rp_tensor_set(out, i, 12 * rp_tensor_get(out, i));
}

static void bench_clear(bench *b) {
    rp_tape_clear(&b->encode);
    rp_tape_clear(&b->step);
    rp_device_destroy(b->device);
    rp_model_clear(&b->model);
    rp_arena_clear(&b->arena);
}

static rp_beam_options options_of(int32_t width) {
    return (rp_beam_options){.width = width, .steps_max = STEPS, .margin = 50, .one_measure = true};
}

/* Log probabilities (STEPS + 1, V) of a span after the given tokens, all steps in one call. */
static rp_tensor *judge(bench *b, const rp_span *span, const uint16_t *tokens, int32_t count) {
    int32_t ids[STEPS + 1], row[3] = {span->image, span->first, span->last};
    for (int32_t i = 0; i <= count; i++) ids[i] = i == 0 ? RP_MODEL_END_ID : tokens[i - 1] + 1;
    rp_tensor id = rp_tensor_over(ids, RP_I32, 2, (const int64_t[]){1, count + 1});
    rp_tensor at = rp_tensor_over(row, RP_I32, 2, (const int64_t[]){1, 3});
    const rp_spans all = {.spans = &at, .ids = &id, .span_max = span->last - span->first};
    rp_tape_reset(&b->step);
    rp_tensor *logits = rp_model_decode(&b->model, &b->step, &b->encoding, &all).logits;
    for (int32_t l = 0; l <= count; l++) {
        const int64_t ids_count = b->model.configuration->ids;
        double total = 0;
        for (int64_t v = 0; v < ids_count; v++)
            total += exp(rp_tensor_get(logits, l * ids_count + v));
        for (int64_t v = 0; v < ids_count; v++)
            rp_tensor_set(logits, l * ids_count + v,
                          rp_tensor_get(logits, l * ids_count + v) - log(total));
    }
    return logits;
}

static bool may_follow(const rp_lmx_grammar *grammar, int32_t count, int64_t id) {
    rp_lmx_set allowed;
    rp_lmx_grammar_allowed(grammar, &allowed);
    if (count > 0 && id - 1 == RP_LMX_MEASURE) return false;
    return rp_lmx_set_has(&allowed, id == RP_MODEL_END_ID ? RP_LMX_END : (unsigned)id - 1);
}

/* The plain way: at each step judge the line so far anew, take the likeliest token. */
static int32_t read_greedily(bench *b, const rp_span *span, uint16_t *tokens) {
    rp_lmx_grammar grammar = rp_lmx_grammar_start();
    int32_t count = 0;
    for (; count < STEPS; count++) {
        const rp_tensor *p = judge(b, span, tokens, count);
        const int64_t ids = b->model.configuration->ids;
        int64_t best = -1;
        for (int64_t v = 0; v < ids; v++)
            if (may_follow(&grammar, count, v) &&
                (best < 0 ||
                 rp_tensor_get(p, count * ids + v) > rp_tensor_get(p, count * ids + best)))
                best = v;
        if (best == RP_MODEL_END_ID) break;
        tokens[count] = (uint16_t)(best - 1);
        rp_lmx_grammar_advance(&grammar, tokens[count]);
    }
    return count;
}

TEST(width_1_reads_what_plain_greedy_reading_reads) {
    bench b;
    rp_candidates c[SPANS];
    const rp_beam_options options = options_of(1);
    bench_init(&b);
    REQUIRE(rp_beam_write(c, &b.model, &b.step, &b.encoding,
                          &(rp_span_list){spans, SPANS, 1, IMAGES}, &options, &b.arena,
                          NULL) == RP_OK);
    for (int n = 0; n < SPANS; n++) {
        uint16_t tokens[STEPS];
        const int32_t count = read_greedily(&b, &spans[n], tokens);
        CHECK_INT(c[n].count, 1);
        CHECK_INT(c[n].items[0].count, count);
        for (int32_t i = 0; i < count; i++) CHECK_INT(c[n].items[0].tokens[i], tokens[i]);
    }
    bench_clear(&b);
}

TEST(scores_are_the_networks_and_come_best_first) {
    bench b;
    rp_candidates c[SPANS];
    const rp_beam_options options = options_of(6);
    bench_init(&b);
    REQUIRE(rp_beam_write(c, &b.model, &b.step, &b.encoding,
                          &(rp_span_list){spans, SPANS, 1, IMAGES}, &options, &b.arena,
                          NULL) == RP_OK);
    for (int n = 0; n < SPANS; n++) {
        CHECK(c[n].count >= 1 && c[n].count <= 6);
        for (int32_t k = 0; k < c[n].count; k++) {
            const rp_candidate *line = &c[n].items[k];
            const int64_t ids = b.model.configuration->ids;
            const rp_tensor *p = judge(&b, &spans[n], line->tokens, line->count);
            double score = 0;
            for (int32_t i = 0; i < line->count; i++) {
                const double log_p = rp_tensor_get(p, i * ids + line->tokens[i] + 1);
                CHECK_NEAR(log(line->confidence[i]), log_p, 1e-3);
                CHECK(line->first[i] >= spans[n].first && line->last[i] <= spans[n].last);
                CHECK(line->first[i] < line->last[i]);
                score += log_p;
            }
            if (line->count < STEPS) {
                score += rp_tensor_get(p, line->count * ids + RP_MODEL_END_ID);
                CHECK_NEAR(line->score, score, 2e-3);
                CHECK_INT(rp_lmx_grammar_accepts(line->tokens, (size_t)line->count), line->count);
            }
            CHECK(k == 0 || line->score <= line[-1].score);
            CHECK(k == 0 || line->count != line[-1].count ||
                  memcmp(line->tokens, line[-1].tokens, (size_t)line->count * 2) != 0);
        }
    }
    bench_clear(&b);
}

/* The two images taken for two views of one. */
TEST(several_views_are_averaged_token_by_token) {
    bench b;
    rp_candidates c[3];
    const rp_beam_options options = options_of(4);
    bench_init(&b);
    REQUIRE(rp_beam_write(c, &b.model, &b.step, &b.encoding, &(rp_span_list){spans, 3, 2, 1},
                          &options, &b.arena, NULL) == RP_OK);
    for (int n = 0; n < 3; n++) {
        for (int32_t k = 0; k < c[n].count; k++) {
            const rp_candidate *line = &c[n].items[k];
            const int64_t ids = b.model.configuration->ids;
            double mean[STEPS] = {0};
            for (int32_t view = 0; view < 2; view++) {
                const rp_span seen = {view, spans[n].first, spans[n].last};
                const rp_tensor *p = judge(&b, &seen, line->tokens, line->count);
                for (int32_t i = 0; i < line->count; i++)
                    mean[i] += exp(rp_tensor_get(p, i * ids + line->tokens[i] + 1)) / 2;
            }
            for (int32_t i = 0; i < line->count; i++)
                CHECK_NEAR(log(line->confidence[i]), log(mean[i]), 1e-3);
        }
    }
    bench_clear(&b);
}

TEST(a_span_reads_the_same_alone_and_in_company) {
    bench b;
    rp_candidates together[SPANS], alone;
    const rp_beam_options options = options_of(4);
    bench_init(&b);
    REQUIRE(rp_beam_write(together, &b.model, &b.step, &b.encoding,
                          &(rp_span_list){spans, SPANS, 1, IMAGES}, &options, &b.arena,
                          NULL) == RP_OK);
    for (int n = 0; n < SPANS; n++) {
        REQUIRE(rp_beam_write(&alone, &b.model, &b.step, &b.encoding,
                              &(rp_span_list){&spans[n], 1, 1, IMAGES}, &options, &b.arena,
                              NULL) == RP_OK);
        CHECK_INT(alone.count, together[n].count);
        CHECK_INT(alone.items[0].count, together[n].items[0].count);
        CHECK_NEAR(alone.items[0].score, together[n].items[0].score, 1e-3);
    }
    bench_clear(&b);
}

/* ---- which line is taken ---- */

static rp_candidate line_of(rp_arena *arena, const char *text, float score) {
    rp_lmx_words words = {.arena = arena};
    rp_lmx_line line = {0};
    CHECK_INT(rp_lmx_lex(&line, &words, text, strlen(text), NULL), RP_OK);
    return (rp_candidate){.tokens = line.tokens, .count = (int32_t)line.count, .score = score};
}

TEST(a_line_that_adds_up_is_taken_unless_it_is_much_less_likely) {
    static const char half[] = "measure C4 half staff:1 backup half C3 half staff:2";
    static const char uneven[] = "measure C4 half staff:1 backup half C3 quarter staff:2";
    static const char quarter[] = "measure C4 quarter staff:1 backup quarter C3 quarter staff:2";
    static const char timed[] =
        "measure time beats:2 beat-type:4 C4 half staff:1 backup half C3 half staff:2";
    rp_arena arena = {0};
    rp_measure_context context = {0};
    rp_measure_choice choices[3];
    const rp_measure_bonus bonus = {2, 2}, none = {0, 0};
    rp_candidate first[1] = {line_of(&arena, timed, -1)};
    rp_candidate second[3] = {line_of(&arena, uneven, -1), line_of(&arena, quarter, -1.5f),
                              line_of(&arena, half, -3)};
    rp_candidate third[2] = {line_of(&arena, uneven, -1), line_of(&arena, half, -9)};
    const rp_candidates all[3] = {{first, 1}, {second, 3}, {third, 2}};
    rp_measure_choose(choices, all, 3, &context, &bonus);
    CHECK_INT(choices[0].candidate, 0);
    CHECK_INT(choices[1].candidate, 2); /* agrees with the time, though less likely */
    CHECK(choices[1].fits);
    CHECK_INT(choices[2].candidate, 0); /* 8 nats are more than the bonus */
    CHECK(!choices[2].fits);
    CHECK_INT(rp_fraction_compare(context.time, rp_fraction_make(2, 1)), 0);
    rp_measure_choose(choices, all, 3, &context, &none);
    CHECK_INT(choices[1].candidate, 0);
    /* The time lasts to the next system of the piece. */
    rp_measure_choose(choices, all + 1, 1, &context, &bonus);
    CHECK_INT(choices[0].candidate, 2);
    rp_arena_clear(&arena);
}
