/* augment.c: see augment.h; the rows themselves are in augment_*.c. */
#include "page/augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page/augment_work.h"

/* -- what rows share (augment_work.h) --------------------------------------------------------- */

bool rp_page_augment_spare(rp_page_augment_work *work, int32_t width, int32_t height) {
    const size_t stride = ((size_t)width + 63) & ~(size_t)63;
    const size_t bytes = stride * (size_t)height;
    if (bytes > work->spare_bytes) {
        work->spare.data = rp_arena_alloc_raw(work->arena, bytes);
        work->spare_bytes = work->spare.data != NULL ? bytes : 0;
    }
    if (work->spare.data == NULL) {
        work->failed = true;
        return false;
    }
    work->spare.width = width;
    work->spare.height = height;
    work->spare.stride = stride;
    return true;
}

void rp_page_augment_swap(rp_page_augment_work *work) {
    const rp_page_image image = work->image;
    const size_t bytes = work->image_bytes;
    work->image = work->spare;
    work->image_bytes = work->spare_bytes;
    work->spare = image;
    work->spare_bytes = bytes;
}

int64_t rp_page_augment_gap(rp_random *random, double probability) {
    const double u = (rp_random_u32(random) + 1.0) * 0x1p-32; /* (0, 1] */
    if (probability <= 0) return INT64_MAX / 2;
    if (probability >= 1) return 0;
    const double gap = floor(log(u) / log1p(-probability)); /* P(gap >= k) = (1 - p)^k */
    return gap < 0x1p62 ? (int64_t)gap : INT64_MAX / 2;
}

void rp_page_augment_map(rp_page_augment_work *work, const uint8_t table[256]) {
    for (int32_t y = 0; y < work->image.height; y++) {
        uint8_t *row = work->image.data + (size_t)y * work->image.stride;
        for (int32_t x = 0; x < work->image.width; x++) row[x] = table[row[x]];
    }
}

/* -- lists ------------------------------------------------------------------------------------ */

typedef struct named_table {
    const char *name;
    const rp_page_augment_row *rows;
    const size_t *count;
} named_table;

static const size_t no_rows = 0;
static const named_table tables[] = {
    {"none", NULL, &no_rows},
    {"published", rp_page_augment_published, &rp_page_augment_published_count},
    {"print", rp_page_augment_prints, &rp_page_augment_prints_count},
};

/* Sets a row's probability, adding the row where the list lacks it. */
static rp_status list_set(rp_page_augment_list *list, const rp_page_augment_row *row,
                          double probability, rp_error *error) {
    size_t at = 0;
    while (at < list->count && strcmp(list->rows[at].name, row->name) != 0) at++;
    if (at == RP_PAGE_AUGMENT_ROWS_MAX)
        return rp_fail(error, RP_USAGE, 0, "more than %d augmentations", RP_PAGE_AUGMENT_ROWS_MAX);
    list->rows[at] = *row;
    list->rows[at].probability = probability;
    if (at == list->count) list->count++;
    return RP_OK;
}

static bool word_is(const char *word, size_t length, const char *name) {
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

static const rp_page_augment_row *find_row(const char *word, size_t length) {
    for (size_t t = 0; t < RP_COUNT(tables); t++)
        for (size_t i = 0; i < *tables[t].count; i++)
            if (word_is(word, length, tables[t].rows[i].name)) return &tables[t].rows[i];
    return NULL;
}

static rp_status add_word(rp_page_augment_list *list, const char *word, size_t length,
                          rp_error *error) {
    for (size_t t = 0; t < RP_COUNT(tables); t++) {
        if (!word_is(word, length, tables[t].name)) continue;
        for (size_t i = 0; i < *tables[t].count; i++)
            RP_TRY(list_set(list, &tables[t].rows[i], tables[t].rows[i].probability, error));
        return RP_OK;
    }
    const char *equals = memchr(word, '=', length);
    const size_t name_length = equals != NULL ? (size_t)(equals - word) : length;
    const rp_page_augment_row *row = find_row(word, name_length);
    if (row == NULL)
        return rp_fail(error, RP_USAGE, 0,
                       "augmentation '%.*s' is not known; 'none', 'published', 'print' or one row",
                       (int)length, word);
    double probability = row->probability;
    if (equals != NULL) {
        char *end = NULL;
        probability = strtod(equals + 1, &end);
        if (end == equals + 1 || end != word + length || !(probability >= 0 && probability <= 1))
            return rp_fail(error, RP_USAGE, 0, "augmentation '%.*s': a probability is 0 to 1",
                           (int)length, word);
    }
    return list_set(list, row, probability, error);
}

rp_status rp_page_augment_parse(rp_page_augment_list *list, const char *words, rp_error *error) {
    while (*words != 0) {
        const size_t length = strcspn(words, ",");
        RP_TRY(add_word(list, words, length, error));
        words += length;
        if (*words == ',') words++;
    }
    return RP_OK;
}

rp_status rp_page_augment_apply(rp_page_image *image, const rp_page_image *source,
                                const rp_page_augment_list *list, double staff_space,
                                rp_random *random, rp_arena *arena, rp_error *error) {
    rp_page_augment_work work = {
        .staff_space = staff_space > 0 ? staff_space : source->height / 29.0,
        .random = random,
        .arena = arena};
    if (rp_page_augment_spare(&work, source->width, source->height)) {
        rp_page_image_copy(&work.spare, source);
        rp_page_augment_swap(&work);
    }
    for (size_t i = 0; i < list->count && !work.failed; i++) {
        const rp_page_augment_row *row = &list->rows[i];
        if (rp_random_uniform(random) >= row->probability) continue;
        row->apply(&work, rp_random_between(random, row->low, row->high));
    }
    if (work.failed || arena->failed) return rp_fail_memory(error, "an augmented image");
    *image = work.image;
    return RP_OK;
}
