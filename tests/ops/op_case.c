/* op_case.c: see op_case.h. */
#include "op_case.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { CANARY_BYTES = 64, CANARY = 0xA5 };

const op_maker *op_maker_find(rp_op op) {
    const op_maker *const tables[] = {op_makers_simple, op_makers_image, op_makers_sequence};
    for (size_t i = 0; i < RP_COUNT(tables); i++)
        if (tables[i][op].make != NULL) return &tables[i][op];
    return NULL;
}

op_case op_case_make(rp_op op, uint64_t seed, int size) {
    op_case c = {.op = op,
                 .seed = seed,
                 .size = size,
                 .random = rp_random_make(seed, (uint64_t)op * 16 + (uint64_t)size)};
    op_maker_find(op)->make(&c);
    return c;
}

int64_t op_extent(op_case *c, int64_t limit, int64_t large) {
    if (c->size == SIZE_LARGE) return large;
    const int64_t most = c->size == SIZE_SMALL && limit > 4 ? 4 : limit;
    return 1 + rp_random_below(&c->random, (uint32_t)most);
}

bool op_is_rare(op_case *c, uint32_t chance) {
    return c->size != SIZE_LARGE && rp_random_below(&c->random, chance) == 0;
}

static slot make_slot(slot_kind kind, slot_fill fill, int dims, const int64_t *shape) {
    slot s = {.kind = kind, .fill = fill, .dims = dims};
    for (int i = 0; i < dims; i++) s.shape[i] = shape[i];
    return s;
}

slot op_activation(int dims, const int64_t *shape, slot_fill fill) {
    return make_slot(SLOT_ACTIVATION, fill, dims, shape);
}

slot op_parameter(int dims, const int64_t *shape, slot_fill fill) {
    return make_slot(SLOT_PARAMETER, fill, dims, shape);
}

slot op_integers(int dims, const int64_t *shape, slot_fill fill, int64_t bound) {
    slot s = make_slot(SLOT_INTEGER, fill, dims, shape);
    s.bound = bound;
    return s;
}

slot op_differentiated(slot s) {
    s.is_differentiated = true;
    return s;
}

/* ---- filling ---- */

static double draw(rp_random *random, const slot *s, int64_t index) {
    double x;
    switch (s->fill) {
        case FILL_NORMAL: return rp_random_normal(random);
        case FILL_SMALL: return 0.3 * rp_random_normal(random);
        case FILL_POSITIVE: return rp_random_between(random, 0.5, 2.5);
        case FILL_UNIT: return rp_random_uniform(random);
        case FILL_AWAY: x = rp_random_normal(random); return x + copysign(0.1, x);
        case FILL_BELOW: return rp_random_below(random, (uint32_t)s->bound);
        case FILL_IDS:
            x = rp_random_below(random, (uint32_t)s->bound);
            return rp_random_below(random, 5) == 0 ? -1 : x;
        case FILL_ENDING: /* the end of a row is a function of its number */
            x = rp_random_below(random, (uint32_t)s->bound);
            return index % s->shape[1] > index / s->shape[1] * 7 % s->shape[1] &&
                           index >= s->shape[1]
                       ? -1
                       : x;
        case FILL_LENGTHS:
            x = 1 + rp_random_below(random, (uint32_t)s->bound);
            return index == 0 ? (double)s->bound : x;
        case FILL_ZERO:
        case FILL_DERIVED: break;
    }
    return 0;
}

/* Beyond this many numbers they repeat: millions need not be drawn to take a time. */
enum { REPEATED = 65521 };

static void fill(rp_tensor *tensor, const slot *s, rp_random random, bool round_bf16) {
    for (int64_t i = 0; i < rp_tensor_count(tensor); i++) {
        if (i >= REPEATED) {
            rp_tensor_set(tensor, i, rp_tensor_get(tensor, i - REPEATED));
            continue;
        }
        const double x = draw(&random, s, i);
        const bool is_rounded = round_bf16 && s->kind != SLOT_INTEGER;
        rp_tensor_set(tensor, i, is_rounded ? rp_bf16_to_f32(rp_f32_to_bf16((float)x)) : x);
    }
}

static rp_dtype dtype_of(const slot *s, rp_dtype run) {
    if (s->kind == SLOT_INTEGER) return RP_I32;
    if (s->kind == SLOT_ACTIVATION) return run;
    return run == RP_F64 ? RP_F64 : RP_F32;
}

/* A tensor between two canaries, all bits set (NaN, or -1). */
static rp_tensor *place(op_built *built, int index, const slot *s, rp_dtype run) {
    if (s->kind == SLOT_NULL) return NULL;
    rp_tensor *tensor = &built->tensors[index];
    *tensor = rp_tensor_over(NULL, dtype_of(s, run), s->dims, s->shape);
    const size_t bytes = rp_tensor_bytes(tensor);
    unsigned char *block = rp_arena_alloc(&built->arena, bytes + 2 * CANARY_BYTES);
    if (block == NULL) abort();
    memset(block, CANARY, bytes + 2 * CANARY_BYTES);
    memset(block + CANARY_BYTES, 0xFF, bytes);
    tensor->data = block + CANARY_BYTES;
    return tensor;
}

static const slot *slot_at(const op_case *c, int index) {
    return index < RP_INS_MAX ? &c->in[index] : &c->out[index - RP_INS_MAX];
}

static void place_all(op_built *built, const op_case *c, rp_dtype run) {
    *built = (op_built){.args = {.attr = c->attr}};
    for (int i = 0; i < RP_INS_MAX; i++) built->args.in[i] = place(built, i, &c->in[i], run);
    for (int i = 0; i < RP_OUTS_MAX; i++)
        built->args.out[i] = place(built, RP_INS_MAX + i, &c->out[i], run);
}

void op_case_build(op_built *built, const op_case *c, rp_dtype dtype, bool round_bf16) {
    place_all(built, c, dtype);
    for (int i = 0; i < RP_INS_MAX + RP_OUTS_MAX; i++) {
        const slot *s = slot_at(c, i);
        if (s->kind == SLOT_NULL) continue;
        if (i >= RP_INS_MAX && s->fill == FILL_ZERO) continue; /* an output that is only written */
        fill(&built->tensors[i], s, rp_random_make(c->seed, (uint64_t)c->op * 64 + (uint64_t)i),
             round_bf16);
    }
    const op_maker *maker = op_maker_find(c->op);
    if (maker->derive == NULL) return;
    maker->derive(c, &built->args, &built->arena);
    for (int i = 0; i < RP_INS_MAX && round_bf16; i++) {
        rp_tensor *t = &built->tensors[i];
        if (c->in[i].kind != SLOT_ACTIVATION || c->in[i].fill != FILL_DERIVED) continue;
        for (int64_t k = 0; k < rp_tensor_count(t); k++)
            rp_tensor_set(t, k, rp_bf16_to_f32(rp_f32_to_bf16((float)rp_tensor_get(t, k))));
    }
}

void op_case_copy(op_built *built, const op_case *c, const op_built *from, rp_dtype dtype) {
    place_all(built, c, dtype);
    for (int i = 0; i < RP_INS_MAX + RP_OUTS_MAX; i++) {
        const slot *s = slot_at(c, i);
        if (s->kind == SLOT_NULL || (i >= RP_INS_MAX && s->fill == FILL_ZERO)) continue;
        for (int64_t k = 0; k < rp_tensor_count(&built->tensors[i]); k++)
            rp_tensor_set(&built->tensors[i], k, rp_tensor_get(&from->tensors[i], k));
    }
}

void op_built_clear(op_built *built) { rp_arena_clear(&built->arena); }

static bool is_whole(const unsigned char *canary) {
    for (int i = 0; i < CANARY_BYTES; i++)
        if (canary[i] != CANARY) return false;
    return true;
}

const char *op_built_damage(const op_built *built, const op_case *c) {
    static const char *const names[RP_INS_MAX + RP_OUTS_MAX] = {
        "input 0",  "input 1",  "input 2",  "input 3",  "input 4",  "input 5",  "input 6",
        "input 7",  "input 8",  "input 9",  "input 10", "input 11", "input 12", "input 13",
        "input 14", "input 15", "input 16", "output 0", "output 1", "output 2", "output 3",
        "output 4", "output 5", "output 6", "output 7", "output 8"};
    for (int i = 0; i < RP_INS_MAX + RP_OUTS_MAX; i++) {
        if (slot_at(c, i)->kind == SLOT_NULL) continue;
        const rp_tensor *t = &built->tensors[i];
        const unsigned char *data = t->data;
        if (!is_whole(data - CANARY_BYTES) || !is_whole(data + rp_tensor_bytes(t))) return names[i];
    }
    return NULL;
}
