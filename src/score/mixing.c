/* mixing.c: see mixing.h. */
#include "score/mixing.h"

#include <math.h>
#include <string.h>

#include "music/lmx.h"

enum { STAVES = 2, TRIES = 12 }; /* systems that are asked for measures */

/* The clefs that count where a measure begins, one a staff; 0: none yet. */
typedef struct clefs {
    uint16_t of[STAVES];
} clefs;

/* Where the measures of a sample begin, and under which clefs. A clef that is a measure's first
 * word is drawn before its bar line, in the measure before: there the music cannot be cut. */
typedef struct outline {
    const rp_sample *sample;
    int32_t *starts;  /* measure_count + 1: place among the tokens */
    clefs *at_starts; /* measure_count + 1; the last: where the system ends */
    bool *is_seam;    /* measure_count + 1: may be cut in front of this measure */
} outline;

static bool is_clef(uint16_t token) { return token >= RP_LMX_CLEF_G1 && token <= RP_LMX_CLEF_F5; }

/* Is a clef said first in the measure that begins here, or behind nothing but key and time? */
static bool begins_with_clef(const rp_sample *s, int32_t start) {
    int32_t i = start + 1;
    while (i < s->token_count && s->tokens[i] < RP_LMX_COUNT && /* a key, a time */
           rp_lmx_row_of(s->tokens[i])->kind < RP_LMX_KIND_CLEF && s->tokens[i] != RP_LMX_MEASURE)
        i++;
    return i < s->token_count && is_clef(s->tokens[i]);
}

/* A system in the making. */
typedef struct mix {
    rp_sample *sample;
    rp_page_image *image;
    rp_arena *arena;
    uint16_t *tokens;
    int32_t room, measures_room; /* tokens and measures there may be */
    double right;                /* px, where the next measure goes */
    clefs clefs;
} mix;

static bool same_clefs(clefs a, clefs b) { return memcmp(&a, &b, sizeof a) == 0; }

static bool outline_make(outline *o, const rp_sample *sample, rp_arena *arena) {
    const size_t count = (size_t)sample->measure_count + 1;
    *o = (outline){.sample = sample,
                   .starts = rp_arena_array(arena, count, sizeof *o->starts),
                   .at_starts = rp_arena_array(arena, count, sizeof *o->at_starts),
                   .is_seam = rp_arena_array(arena, count, sizeof *o->is_seam)};
    if (o->starts == NULL || o->at_starts == NULL || o->is_seam == NULL) return false;
    clefs now = {{0}};
    uint16_t last = 0; /* a clef whose staff may follow */
    int32_t measure = 0;
    for (int32_t i = 0; i < sample->token_count; i++) {
        const uint16_t token = sample->tokens[i];
        if (token == RP_LMX_MEASURE) {
            o->starts[measure] = i;
            o->is_seam[measure] = !begins_with_clef(sample, i);
            o->at_starts[measure++] = now;
        }
        if (last != 0 && token == RP_LMX_STAFF_2) now.of[1] = last;
        else if (last != 0) now.of[0] = last;
        last = is_clef(token) ? token : 0;
    }
    o->starts[measure] = sample->token_count;
    o->at_starts[measure] = now;
    o->is_seam[measure] = true;
    return true;
}

/* Adds measures first .. last - 1 of a system, from its image. */
static void add_measures(mix *m, const outline *from, const rp_page_image *image, int32_t first,
                         int32_t last) {
    const rp_sample *s = from->sample;
    rp_sample *to = m->sample;
    const double shift = m->right - s->edges[first];
    const int32_t left = to->measure_count == 0 ? 0 : (int32_t)lrint(s->edges[first]);
    const rp_page_image source = rp_page_image_part(
        image, (rp_page_box){left, 0, (int32_t)lrint(s->edges[last]), image->height});
    const int32_t at = left + (int32_t)lrint(shift);
    const rp_page_image target =
        rp_page_image_part(m->image, (rp_page_box){at, 0, at + source.width, image->height});
    if (target.width == source.width) rp_page_image_copy(&target, &source);
    for (int32_t k = first; k <= last; k++)
        to->edges[to->measure_count + k - first] = (float)(s->edges[k] + shift);
    memcpy(m->tokens + to->token_count, s->tokens + from->starts[first],
           (size_t)(from->starts[last] - from->starts[first]) * sizeof *m->tokens);
    to->token_count += from->starts[last] - from->starts[first];
    to->measure_count += last - first;
    m->right = s->edges[last] + shift;
    m->clefs = from->at_starts[last];
}

/* The first measure behind the system's own beginning that stands under these clefs, looked for
 * from a drawn one on; 0: none. */
static int32_t find_measure(const outline *o, clefs wanted, rp_random *random) {
    const int32_t count = o->sample->measure_count - 1;
    const int32_t drawn = (int32_t)rp_random_below(random, (uint32_t)count);
    for (int32_t i = 0; i < count; i++) {
        const int32_t measure = 1 + (drawn + i) % count;
        if (o->is_seam[measure] && same_clefs(o->at_starts[measure], wanted)) return measure;
    }
    return 0;
}

static bool is_whole(const rp_sample *s) { return s->edges != NULL && s->measure_count > 1; }

/* Asks one system for measures that go on from here; takes what there is room for. */
static rp_status ask(mix *m, const rp_dataset *set, const rp_sample *sample, double width,
                     rp_random *random, rp_error *error) {
    outline o;
    rp_page_image image;
    if (!is_whole(sample)) return RP_OK;
    if (!outline_make(&o, sample, m->arena)) return rp_fail_memory(error, "a mixed system");
    const int32_t first = find_measure(&o, m->clefs, random);
    int32_t last = first;
    if (first == 0) return RP_OK;
    while (last < sample->measure_count &&
           m->sample->measure_count + last - first < m->measures_room &&
           m->right + sample->edges[last + 1] - sample->edges[first] <= width &&
           m->sample->token_count + o.starts[last + 1] - o.starts[first] <= m->room)
        last++;
    while (last > first && !o.is_seam[last]) last--;
    if (last == first) return RP_OK;
    RP_TRY(rp_dataset_image(&image, set, sample, m->arena, error));
    add_measures(m, &o, &image, first, last);
    return RP_OK;
}

rp_status rp_mix_system(rp_sample *mixed, rp_page_image *image, const rp_dataset *set,
                        const rp_sample *base, rp_random *random, rp_arena *arena,
                        rp_error *error) {
    outline o;
    rp_page_image whole;
    RP_TRY(rp_dataset_image(&whole, set, base, arena, error));
    *mixed = *base;
    *image = whole;
    if (!is_whole(base)) return RP_OK;
    mix m = {.sample = mixed,
             .image = image,
             .arena = arena,
             .room = 2 * base->token_count,
             .measures_room = 2 * base->measure_count};
    m.tokens = rp_arena_array(arena, (size_t)m.room, sizeof *m.tokens);
    mixed->tokens = m.tokens;
    mixed->edges = rp_arena_array(arena, (size_t)m.measures_room + 1, sizeof *mixed->edges);
    mixed->token_count = mixed->measure_count = 0;
    if (m.tokens == NULL || mixed->edges == NULL || !outline_make(&o, base, arena))
        return rp_fail_memory(error, "a mixed system");
    RP_TRY(rp_page_image_make(image, arena, base->width, whole.height, base->name, error));
    rp_page_image_fill(image, 255);
    m.right = base->edges[0];
    int32_t own = 1 + (int32_t)rp_random_below(random, (uint32_t)base->measure_count - 1);
    while (!o.is_seam[own]) own++;
    add_measures(&m, &o, &whole, 0, own);
    const double end = base->edges[base->measure_count], margin = base->width - end;
    for (int i = 0; i < TRIES; i++)
        RP_TRY(ask(&m, set, &set->samples[rp_random_below(random, (uint32_t)set->count)], end,
                   random, error));
    image->width = (int32_t)lrint(m.right + margin);
    if (image->width > base->width) image->width = base->width;
    mixed->width = image->width;
    return RP_OK;
}
