/* beam.c: see beam.h. Lines share their beginnings: a line is a node of a tree of tokens, walked
 * back to the root when it is complete. Rows of the network's batch are the lines that are alive;
 * their number is rounded up to a power of two, so that few shapes of products are ever made. */
#include "score/beam.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "base/vector_math.h"
#include "music/lmx_grammar.h"

enum { NO_NODE = -1, NODES_A_BLOCK = 4096, BLOCKS_MAX = 4096 };

static const float attention_share = 0.7f; /* of the weight lies within a token's columns */

/* A token behind others. */
typedef struct node {
    int32_t before; /* NO_NODE: the first */
    uint16_t token;
    int32_t first, last;
    float confidence;
} node;

/* A line that is alive. */
typedef struct line {
    rp_lmx_grammar grammar;
    int32_t node, count;
    float score;
    int32_t row; /* of the state it goes on from */
} line;

/* How a line may go on. */
typedef struct choice {
    float score, confidence;
    int32_t line, id; /* index among the span's lines; network's id of the token */
} choice;

typedef struct search {
    rp_span span;
    line lines[RP_BEAM_WIDTH_MAX];
    int32_t count; /* alive */
    struct {
        int32_t node, count;
        float score;
    } ended[RP_BEAM_WIDTH_MAX]; /* complete lines, best first */
    int32_t ended_count;
} search;

typedef struct beam {
    const rp_model *model;
    const rp_beam_options *options;
    rp_tape *step;
    const rp_encoding *encoding;
    search *searches; /* (count) */
    int32_t count;
    node *blocks[BLOCKS_MAX]; /* of the tree; nodes do not move */
    int32_t node_count;
    int32_t views, images;
    int64_t span_max, rows;       /* rows: alive lines of this step */
    int64_t block;                /* rows of a view, a power of two; the views follow one another */
    rp_tensor spans, ids, h, c;   /* of the rows of all views */
    float *next_h, *next_c;       /* the states behind this step, as many */
    float *probabilities, *share; /* (V) of the row in hand; of one view */
    rp_arena *arena;
} beam;

/* ---- memory ------------------------------------------------------------------------------------
 */

static int64_t power_of_two(int64_t n) {
    int64_t power = 1;
    while (power < n) power *= 2;
    return power;
}

static bool beam_init(beam *b, const rp_span_list *list) {
    const rp_configuration *c = b->model->configuration;
    const rp_span *spans = list->spans;
    const int32_t count = list->count;
    const int64_t block = power_of_two((int64_t)count * b->options->width), units = c->units;
    const int64_t rows = block * list->views;
    b->count = count;
    b->views = list->views;
    b->images = list->images;
    b->span_max = 1;
    b->searches = rp_arena_array(b->arena, (size_t)count, sizeof *b->searches);
    b->next_h = rp_arena_array(b->arena, (size_t)(rows * units), sizeof(float));
    b->next_c = rp_arena_array(b->arena, (size_t)(rows * units), sizeof(float));
    b->probabilities = rp_arena_array(b->arena, (size_t)c->ids, sizeof(float));
    b->share = rp_arena_array(b->arena, (size_t)c->ids, sizeof(float));
    if (!rp_tensor_make(&b->spans, b->arena, RP_I32, 2, (const int64_t[]){rows, 3}) ||
        !rp_tensor_make(&b->ids, b->arena, RP_I32, 2, (const int64_t[]){rows, 1}) ||
        !rp_tensor_make(&b->h, b->arena, RP_F32, 2, (const int64_t[]){rows, units}) ||
        !rp_tensor_make(&b->c, b->arena, RP_F32, 2, (const int64_t[]){rows, units}) ||
        b->arena->failed)
        return false;
    for (int32_t n = 0; n < count; n++) {
        search *s = &b->searches[n];
        s->span = spans[n];
        s->count = 1;
        s->lines[0] = (line){.grammar = rp_lmx_grammar_start(), .node = NO_NODE, .row = n};
        if (spans[n].last - spans[n].first > b->span_max)
            b->span_max = spans[n].last - spans[n].first;
    }
    return true;
}

static node *node_at(const beam *b, int32_t index) {
    return &b->blocks[index / NODES_A_BLOCK][index % NODES_A_BLOCK];
}

/* NO_NODE: no memory; the arena says so. */
static int32_t add_node(beam *b, const node *value) {
    const int32_t block = b->node_count / NODES_A_BLOCK;
    if (block == BLOCKS_MAX) b->arena->failed = true;
    if (b->arena->failed) return NO_NODE;
    if (b->blocks[block] == NULL)
        b->blocks[block] = rp_arena_array(b->arena, NODES_A_BLOCK, sizeof(node));
    if (b->blocks[block] == NULL) return NO_NODE;
    *node_at(b, b->node_count) = *value;
    return b->node_count++;
}

/* ---- one step of the network -------------------------------------------------------------------
 */

/* Row `row` of view `view` is what line l goes on with; its state is that of the last step, whose
 * views had `block` rows each. */
static void gather_row(beam *b, const search *s, const line *l, int64_t row, int32_t view,
                       int64_t block) {
    const int64_t units = b->model->configuration->units, from = view * block + l->row;
    const size_t bytes = (size_t)units * sizeof(float);
    int32_t *span = (int32_t *)b->spans.data + row * 3;
    memcpy((float *)b->h.data + row * units, b->next_h + from * units, bytes);
    memcpy((float *)b->c.data + row * units, b->next_c + from * units, bytes);
    span[0] = s->span.image + view * b->images;
    span[1] = s->span.first;
    span[2] = s->span.last;
    ((int32_t *)b->ids.data)[row] =
        l->node == NO_NODE ? RP_MODEL_END_ID : node_at(b, l->node)->token + 1;
}

/* The rows of one view from its first on; those beyond the lines that are alive are empty. */
static void gather_view(beam *b, int32_t view, int64_t block) {
    int64_t row = view * b->block;
    for (int32_t n = 0; n < b->count; n++)
        for (int32_t k = 0; k < b->searches[n].count; k++, row++)
            gather_row(b, &b->searches[n], &b->searches[n].lines[k], row, view, block);
    for (; row < (view + 1) * b->block; row++) {
        const int32_t nowhere[3] = {(view + 1) * b->images - 1, 0, 0}; /* images ascend */
        ((int32_t *)b->ids.data)[row] = -1;
        memcpy((int32_t *)b->spans.data + row * 3, nowhere, sizeof nowhere);
    }
}

/* Gathers the rows of all lines that are alive, for every view. False: none is. */
static bool gather(beam *b) {
    const int64_t block = b->block;
    int32_t row = 0;
    b->rows = 0;
    for (int32_t n = 0; n < b->count; n++) b->rows += b->searches[n].count;
    b->block = power_of_two(b->rows);
    for (int32_t view = 0; view < b->views; view++) gather_view(b, view, block);
    for (int32_t n = 0; n < b->count; n++)
        for (int32_t k = 0; k < b->searches[n].count; k++) b->searches[n].lines[k].row = row++;
    b->spans.shape[0] = b->ids.shape[0] = b->h.shape[0] = b->c.shape[0] = b->block * b->views;
    return b->rows > 0;
}

/* Probabilities of a row of logits. */
static void soften(float *restrict p, const float *restrict logits, int64_t count) {
    float largest = logits[0], total = 0;
    for (int64_t v = 1; v < count; v++) largest = logits[v] > largest ? logits[v] : largest;
    for (int64_t v = 0; v < count; v++) p[v] = rp_exp(logits[v] - largest);
    for (int64_t v = 0; v < count; v++) total += p[v];
    for (int64_t v = 0; v < count; v++) p[v] /= total;
}

/* The mean of what all views say of a row, into b->probabilities. */
static void ask_views(const beam *b, const float *logits, int64_t row) {
    const int64_t ids = b->model->configuration->ids;
    soften(b->probabilities, logits + row * ids, ids);
    for (int32_t view = 1; view < b->views; view++) {
        soften(b->share, logits + (view * b->block + row) * ids, ids);
        for (int64_t v = 0; v < ids; v++) b->probabilities[v] += b->share[v];
    }
    for (int64_t v = 0; v < ids && b->views > 1; v++) b->probabilities[v] /= (float)b->views;
}

/* ---- going on ----------------------------------------------------------------------------------
 */

/* Puts a choice among the best so far, if it is one. */
static int32_t insert(choice *best, int32_t count, int32_t room, choice c) {
    if (count == room && c.score <= best[room - 1].score) return count;
    int32_t at = count < room ? count : room - 1;
    for (; at > 0 && best[at - 1].score < c.score; at--) best[at] = best[at - 1];
    best[at] = c;
    return count < room ? count + 1 : room;
}

static void allowed_tokens(const beam *b, const line *l, rp_lmx_set *allowed) {
    if (b->options->free_grammar) memset(allowed, 0xff, sizeof *allowed);
    else rp_lmx_grammar_allowed(&l->grammar, allowed);
    if (!b->options->one_measure || l->count == 0) return;
    /* Where a measure may follow, the end may; where it may not, nothing changes. */
    allowed->words[RP_LMX_MEASURE / 64] &= ~((uint64_t)1 << RP_LMX_MEASURE % 64);
}

/* What a token must be more probable than for its line to be among the best. */
static float least_probability(const beam *b, const line *l, const choice *best, int32_t count) {
    if (count < b->options->width) return -1;
    const float below = best[count - 1].score - l->score;
    return below >= 0 ? 1 : rp_exp(below) * 0.9999f; /* rp_exp is exact to 2e-7 */
}

/* The best ways to go on with the lines of one span. */
static int32_t choose(const beam *b, const search *s, const float *logits, choice *best) {
    const int64_t ids = b->model->configuration->ids;
    int32_t count = 0;
    for (int32_t k = 0; k < s->count; k++) {
        const line *l = &s->lines[k];
        rp_lmx_set allowed;
        allowed_tokens(b, l, &allowed);
        ask_views(b, logits, l->row);
        float least = least_probability(b, l, best, count);
        for (int64_t v = 0; v < ids; v++) {
            const unsigned token = v == RP_MODEL_END_ID ? RP_LMX_END : (unsigned)v - 1;
            const float p = b->probabilities[v];
            if (!rp_lmx_set_has(&allowed, token)) continue;
            if (p <= least) continue; /* the many that cannot be among the best */
            count = insert(best, count, b->options->width,
                           (choice){l->score + logf(p + FLT_MIN), p, k, (int32_t)v});
            least = least_probability(b, l, best, count);
        }
    }
    return count;
}

/* The columns around the strongest that hold `attention_share` of the weight. */
static void attended(const search *s, const float *alpha, node *n) {
    const int32_t columns = s->span.last - s->span.first;
    int32_t first = 0, last;
    for (int32_t t = 1; t < columns; t++)
        if (alpha[t] > alpha[first]) first = t;
    float held = alpha[first];
    for (last = first + 1; held < attention_share && (first > 0 || last < columns);) {
        const float before = first > 0 ? alpha[first - 1] : -1;
        const float after = last < columns ? alpha[last] : -1;
        held += before > after ? before : after;
        if (before > after) first--;
        else last++;
    }
    n->first = s->span.first + first;
    n->last = s->span.first + last;
}

/* Keeps a complete line if it is among the best. */
static void end_line(const beam *b, search *s, int32_t at, int32_t count, float score) {
    const int32_t worst = b->options->width > 1 ? b->options->width - 1 : 0; /* never below 1 */
    int32_t place = s->ended_count;
    if (place > worst) {
        if (score <= s->ended[worst].score) return;
        place = worst;
    } else {
        s->ended_count++;
    }
    for (; place > 0 && s->ended[place - 1].score < score; place--)
        s->ended[place] = s->ended[place - 1];
    s->ended[place].node = at;
    s->ended[place].count = count;
    s->ended[place].score = score;
}

/* Can a line with this score still come to something? */
static bool is_hopeful(const beam *b, const search *s, float score) {
    if (s->ended_count == 0) return true;
    if (s->ended_count == b->options->width && score <= s->ended[s->ended_count - 1].score)
        return false;
    return score > s->ended[0].score - b->options->margin;
}

/* Takes the network's answer for one span. */
static void go_on(beam *b, search *s, const float *logits, const float *alpha) {
    choice best[RP_BEAM_WIDTH_MAX];
    line next[RP_BEAM_WIDTH_MAX];
    const int32_t count = choose(b, s, logits, best);
    int32_t alive = 0;
    for (int32_t i = 0; i < count; i++) {
        const line *l = &s->lines[best[i].line];
        if (best[i].id == RP_MODEL_END_ID) end_line(b, s, l->node, l->count, best[i].score);
    }
    for (int32_t i = 0; i < count; i++) {
        const line *l = &s->lines[best[i].line];
        if (best[i].id == RP_MODEL_END_ID || !is_hopeful(b, s, best[i].score)) continue;
        node n = {.before = l->node,
                  .token = (uint16_t)(best[i].id - 1),
                  .confidence = best[i].confidence};
        attended(s, alpha + l->row * b->span_max, &n);
        next[alive] = *l;
        next[alive].score = best[i].score;
        next[alive].count++;
        if (!b->options->free_grammar) rp_lmx_grammar_advance(&next[alive].grammar, n.token);
        next[alive].node = add_node(b, &n);
        if (next[alive].count < b->options->steps_max) alive++;
        else end_line(b, s, next[alive].node, next[alive].count, best[i].score); /* cut off */
    }
    /* Nothing complete and no way on: the best line, cut off where it stands, is the answer. */
    if (alive == 0 && s->ended_count == 0)
        end_line(b, s, s->lines[0].node, s->lines[0].count, s->lines[0].score);
    if (alive > 0) memcpy(s->lines, next, (size_t)alive * sizeof *next);
    s->count = alive;
}

/* One step of all; false when all lines have ended, or on failure. */
static bool advance(beam *b) {
    if (!gather(b)) return false;
    rp_tape_reset(b->step);
    const rp_spans spans = {
        .spans = &b->spans, .ids = &b->ids, .h0 = &b->h, .c0 = &b->c, .span_max = b->span_max};
    const rp_decoding d = rp_model_decode(b->model, b->step, b->encoding, &spans);
    if (rp_tape_finish(b->step) != RP_OK) return false;
    const int64_t rows = b->block * b->views;
    const size_t bytes = (size_t)(rows * b->model->configuration->units) * sizeof(float);
    memcpy(b->next_h, d.h->data, bytes);
    memcpy(b->next_c, d.c->data, bytes);
    for (int32_t n = 0; n < b->count; n++)
        if (b->searches[n].count > 0) go_on(b, &b->searches[n], d.logits->data, d.alpha->data);
    return !b->arena->failed;
}

/* ---- results -----------------------------------------------------------------------------------
 */

static bool unroll(const beam *b, rp_candidate *c, int32_t at, int32_t count, float score) {
    const size_t length = (size_t)count;
    *c = (rp_candidate){.count = count, .score = score};
    c->tokens = rp_arena_array(b->arena, length, sizeof *c->tokens);
    c->confidence = rp_arena_array(b->arena, length, sizeof *c->confidence);
    c->first = rp_arena_array(b->arena, length, sizeof *c->first);
    c->last = rp_arena_array(b->arena, length, sizeof *c->last);
    if (b->arena->failed) return false;
    for (int32_t i = count - 1; i >= 0; i--) {
        const node *n = node_at(b, at);
        c->tokens[i] = n->token;
        c->confidence[i] = n->confidence;
        c->first[i] = n->first;
        c->last[i] = n->last;
        at = n->before;
    }
    return true;
}

static bool collect(const beam *b, rp_candidates *candidates) {
    for (int32_t n = 0; n < b->count; n++) {
        const search *s = &b->searches[n];
        candidates[n].count = s->ended_count;
        candidates[n].items =
            rp_arena_array(b->arena, (size_t)s->ended_count, sizeof *candidates[n].items);
        if (candidates[n].items == NULL) return false;
        for (int32_t k = 0; k < s->ended_count; k++)
            if (!unroll(b, &candidates[n].items[k], s->ended[k].node, s->ended[k].count,
                        s->ended[k].score))
                return false;
    }
    return true;
}

rp_status rp_beam_write(rp_candidates *candidates, const rp_model *model, rp_tape *step,
                        const rp_encoding *encoding, const rp_span_list *spans,
                        const rp_beam_options *options, rp_arena *arena, rp_error *error) {
    assert(options->width >= 1 && options->width <= RP_BEAM_WIDTH_MAX);
    beam *b = rp_arena_alloc(arena, sizeof *b);
    if (b == NULL) return rp_fail_memory(error, "reading");
    *b = (beam){
        .model = model, .options = options, .step = step, .encoding = encoding, .arena = arena};
    if (!beam_init(b, spans)) return rp_fail_memory(error, "reading");
    while (advance(b)) {
    }
    if (step->status != RP_OK) {
        if (error != NULL) *error = step->error;
        return step->status;
    }
    return collect(b, candidates) && !arena->failed ? RP_OK : rp_fail_memory(error, "reading");
}
