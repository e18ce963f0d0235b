/* recomposition.c: see recomposition.h. */
#include "music/recomposition.h"

#include <string.h>

#include "base/compiler.h"
#include "music/delinearize.h"
#include "music/dressing.h"
#include "music/finish.h"
#include "music/hand_variation.h"
#include "music/lmx_join.h"

enum {
    MEASURES_MIN = 45,
    MEASURES_SPREAD = 30,
    BLOCK_MIN = 2,
    BLOCK_MAX = RP_WHOLE_RUN_MAX,
    FIFTHS_MAX = 6,
    HEAD_TOKENS_MAX = 16
};
enum {
    WHOLE_PERCENT = 60,
    KEY_CHANGES_PERCENT = 5,
    TIME_CHANGES_PERCENT = 6,
    ONE_SOURCE_PERCENT = 40
};

/* Streams of random numbers of a piece. */
enum { STREAM_MUSIC, STREAM_DRESS, STREAMS };

typedef struct piece {
    const rp_hand_pool *pool;
    rp_random random;
    rp_arena *arena;
    rp_lmx_line *lines; /* (count) */
    size_t count, wanted;
    const rp_hand_time *time;
    int fifths;
    bool says_key, says_time;
    uint8_t clefs[RP_HANDS]; /* that were said last */
} piece;

/* Measures in a row from one or two places: parted hands, or whole measures. */
typedef struct block {
    rp_hand hands[RP_HANDS]; /* whole measures: the first alone */
    uint8_t clefs[RP_HANDS];
    const rp_whole_measure *wholes; /* (count), or NULL */
    size_t count;                   /* measures */
} block;

static int draw_key(rp_random *random) {
    static const uint8_t weights[2 * FIFTHS_MAX + 1] = {2, 3, 5, 6, 6, 6, 6, 6, 6, 6, 5, 3, 2};
    int sum = 0;
    for (size_t i = 0; i < RP_COUNT(weights); i++) sum += weights[i];
    int drawn = (int)rp_random_below(random, (uint32_t)sum), i = 0;
    while (drawn >= weights[i]) drawn -= weights[i++];
    return i - FIFTHS_MAX;
}

/* To a key near by, or one of the parallel ones. */
static int draw_next_key(rp_random *random, int fifths) {
    static const int8_t moves[] = {-4, -3, -1, 1, 3, 4};
    const int next = fifths + moves[rp_random_below(random, RP_COUNT(moves))];
    return next < -FIFTHS_MAX ? -FIFTHS_MAX : next > FIFTHS_MAX ? FIFTHS_MAX : next;
}

/* Measures from `at` on under the clef of the first, at most `count`. */
static size_t under_one_clef(const rp_hands *measures, int hand, size_t count) {
    size_t same = 1;
    while (same < count && measures[same].clefs[hand] == measures[0].clefs[hand]) same++;
    return same;
}

/* The items of some measures, copied to be varied. */
static bool copy_items(rp_hand *to, rp_arena *arena, const rp_hand *const *measures, size_t count) {
    size_t items = 0;
    for (size_t m = 0; m < count; m++) items += measures[m]->count;
    *to = (rp_hand){.items = rp_arena_array(arena, items, sizeof *to->items)};
    if (to->items == NULL) return false;
    for (size_t m = 0; m < count; m++) {
        for (size_t i = 0; i < measures[m]->count; i++) {
            to->items[to->count] = measures[m]->items[i];
            to->items[to->count++].measure = (uint8_t)m;
        }
    }
    return true;
}

static const rp_hands *draw_place(piece *p, const rp_hand_run *run, size_t count) {
    return p->pool->measures + run->first +
           rp_random_below(&p->random, (uint32_t)(run->count - count + 1));
}

static bool draw_hands(block *b, piece *p) {
    const rp_hand_run *runs[RP_HANDS];
    const rp_hands *from[RP_HANDS];
    const rp_hand *measures[BLOCK_MAX];
    runs[0] = rp_hand_pool_draw_run(p->pool, p->time, &p->random);
    const bool is_one = rp_random_happens(&p->random, ONE_SOURCE_PERCENT);
    runs[1] = is_one ? runs[0] : rp_hand_pool_draw_run(p->pool, p->time, &p->random);
    b->count = BLOCK_MIN + rp_random_below(&p->random, BLOCK_MAX - BLOCK_MIN + 1);
    for (int h = 0; h < RP_HANDS; h++)
        if (b->count > runs[h]->count) b->count = runs[h]->count;
    from[0] = draw_place(p, runs[0], b->count);
    from[1] = is_one ? from[0] : draw_place(p, runs[1], b->count);
    for (int h = 0; h < RP_HANDS; h++) b->count = under_one_clef(from[h], h, b->count);
    for (int h = 0; h < RP_HANDS; h++) {
        b->clefs[h] = from[h]->clefs[h];
        for (size_t m = 0; m < b->count; m++) measures[m] = &from[h][m].hands[h];
        if (!copy_items(&b->hands[h], p->arena, measures, b->count)) return false;
        rp_hand_vary(&b->hands[h], p->fifths, &p->random);
    }
    return true;
}

static bool draw_wholes(block *b, piece *p, const rp_hand_run *run) {
    const rp_hand *measures[RP_WHOLE_RUN_MAX];
    b->wholes = p->pool->wholes + run->first;
    b->count = run->count;
    for (size_t m = 0; m < b->count; m++) measures[m] = &b->wholes[m].both;
    if (!copy_items(&b->hands[0], p->arena, measures, b->count)) return false;
    rp_hand_vary(&b->hands[0], p->fifths, &p->random);
    return true;
}

static bool draw_block(block *b, piece *p) {
    const rp_hand_run *whole = rp_random_happens(&p->random, WHOLE_PERCENT)
                                   ? rp_hand_pool_draw_whole(p->pool, p->time, &p->random)
                                   : NULL;
    return whole != NULL ? draw_wholes(b, p, whole) : draw_hands(b, p);
}

/* Key, time and clefs, where they are new. */
static void write_head(rp_lmx_line *line, piece *p, const uint8_t *clefs) {
    rp_lmx_line_add(line, RP_LMX_MEASURE);
    if (p->says_key) rp_lmx_line_add(line, RP_LMX_KEY_0 + (unsigned)p->fifths);
    if (p->says_time) {
        rp_lmx_line_add(line, RP_LMX_TIME);
        rp_lmx_line_add(line, p->time->beats);
        rp_lmx_line_add(line, p->time->beat_type);
    }
    p->says_key = p->says_time = false;
    for (unsigned h = 0; h < RP_HANDS; h++) {
        if (p->clefs[h] == clefs[h]) continue;
        p->clefs[h] = clefs[h];
        rp_lmx_line_add(line, clefs[h]);
        rp_lmx_line_add(line, RP_LMX_STAFF_1 + h);
    }
}

static void write_hands(rp_lmx_line *line, piece *p, const block *b, uint8_t measure) {
    const rp_fraction whole = rp_hands_measure_length(p->time->beats, p->time->beat_type);
    rp_fraction end;
    write_head(line, p, b->clefs);
    rp_hand_write(line, &b->hands[0], measure, 1, whole, &end);
    rp_hands_write_backup(line, end);
    rp_hand_write(line, &b->hands[1], measure, 2, whole, &end);
}

static void write_whole(rp_lmx_line *line, piece *p, const block *b, uint8_t measure) {
    const rp_whole_measure *whole = &b->wholes[measure];
    write_head(line, p, whole->held.clefs);
    rp_whole_measure_write(line, &b->hands[0], measure);
    memcpy(p->clefs, whole->clefs, sizeof p->clefs);
}

static size_t room_for(const block *b) {
    return HEAD_TOKENS_MAX + (b->wholes != NULL ? rp_whole_measure_tokens_max(&b->hands[0])
                                                : rp_hand_tokens_max(&b->hands[0]) +
                                                      rp_hand_tokens_max(&b->hands[1]));
}

static bool write_block(piece *p, const block *b) {
    rp_lmx_line space = {.tokens = rp_arena_array(p->arena, room_for(b), sizeof(uint16_t))};
    if (space.tokens == NULL) return false;
    for (size_t m = 0; m < b->count; m++) {
        rp_lmx_line *line = &p->lines[p->count++];
        space.count = 0;
        if (b->wholes != NULL) write_whole(&space, p, b, (uint8_t)m);
        else write_hands(&space, p, b, (uint8_t)m);
        *line = (rp_lmx_line){.tokens = rp_arena_array(p->arena, space.count, sizeof(uint16_t)),
                              .count = space.count};
        if (line->tokens == NULL) return false;
        memcpy(line->tokens, space.tokens, space.count * sizeof(uint16_t));
    }
    return true;
}

/* What may change between two blocks. */
static void turn(piece *p) {
    if (rp_random_happens(&p->random, KEY_CHANGES_PERCENT)) {
        p->fifths = draw_next_key(&p->random, p->fifths);
        p->says_key = true;
    }
    if (!rp_random_happens(&p->random, TIME_CHANGES_PERCENT)) return;
    const rp_hand_time *time = rp_hand_pool_draw_time(p->pool, &p->random);
    p->says_time = time != p->time;
    p->time = time;
}

static rp_random stream_of(uint64_t seed, uint64_t number, uint64_t stream) {
    return rp_random_make(seed, number * STREAMS + stream);
}

rp_status rp_recompose_lines(rp_lmx_line **lines, size_t *count, rp_arena *arena,
                             const rp_hand_pool *pool, uint64_t seed, uint64_t number,
                             rp_error *error) {
    piece p = {.pool = pool,
               .arena = arena,
               .random = stream_of(seed, number, STREAM_MUSIC),
               .says_key = true,
               .says_time = true};
    p.wanted = MEASURES_MIN + rp_random_below(&p.random, MEASURES_SPREAD + 1);
    p.lines = rp_arena_array(arena, p.wanted + BLOCK_MAX, sizeof *p.lines);
    p.fifths = draw_key(&p.random);
    p.time = rp_hand_pool_draw_time(pool, &p.random);
    if (p.lines == NULL) return rp_fail_memory(error, "a piece");
    while (p.count < p.wanted) {
        block b = {0};
        if (p.count > 0) turn(&p);
        if (!draw_block(&b, &p) || !write_block(&p, &b)) return rp_fail_memory(error, "a piece");
    }
    *lines = p.lines;
    *count = p.count;
    return RP_OK;
}

static rp_status write_piece(rp_text *musicxml, rp_arena *arena, const rp_lmx_line *line,
                             rp_random *random, rp_error *error) {
    rp_xml_tree tree;
    rp_xml_node *part = NULL;
    rp_xml_tree_init(&tree, arena);
    RP_TRY(rp_delinearize(&part, &tree, line, NULL, NULL, error));
    rp_finish_part(&tree, part, NULL, NULL);
    rp_xml_node *score = rp_dress_part(&tree, part, random);
    if (arena->failed) return rp_fail_memory(error, "a piece");
    rp_delinearize_print(musicxml, &tree, score);
    return musicxml->failed ? rp_fail_memory(error, "a piece") : RP_OK;
}

rp_status rp_recompose(rp_text *musicxml, const rp_hand_pool *pool, uint64_t seed, uint64_t number,
                       rp_error *error) {
    rp_arena arena = {0};
    rp_lmx_line *lines, joined;
    size_t count;
    rp_random random = stream_of(seed, number, STREAM_DRESS);
    rp_status status = rp_recompose_lines(&lines, &count, &arena, pool, seed, number, error);
    if (status == RP_OK) status = rp_lmx_join(&joined, &arena, lines, count, error);
    if (status == RP_OK) status = write_piece(musicxml, &arena, &joined, &random, error);
    rp_arena_clear(&arena);
    return status;
}
