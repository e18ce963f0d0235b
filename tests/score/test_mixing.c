/* Systems of measures of several: nothing is lost or invented on the way. */
#include <stdlib.h>

#include "check.h"
#include "music/lmx.h"
#include "page/crop.h"
#include "score/mixing.h"

#include <sys/stat.h>
#include "base/new_file.h"
#include "page/png_image.h"

enum { SAMPLES = 8, HEIGHT = 128, MEASURES = 4 };

/* Ten staff lines, and in each measure a blot of its own grey: 10 + 4 sample + measure. */
static void draw_sample(const char *folder, int index) {
    char path[1024];
    rp_page_image image;
    rp_arena arena = {0};
    const int measure_px = 60 + 8 * index;
    REQUIRE(rp_page_image_make(&image, &arena, 20 + MEASURES * measure_px, HEIGHT, "t", NULL) ==
            RP_OK);
    rp_page_image_fill(&image, 255);
    for (int k = 0; k < MEASURES; k++)
        for (int y = 20; y < 60; y++)
            memset(image.data + (size_t)y * image.stride + 10 +
                       (size_t)(k * measure_px + measure_px / 2 - 10),
                   10 + MEASURES * index + k, 20);
    snprintf(path, sizeof path, "%s/s%d.png", folder, index);
    CHECK_INT(rp_page_png_write(path, &image, NULL), RP_OK);
    rp_arena_clear(&arena);
}

static void write_text(const char *folder, const char *name, const char *words) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    CHECK_INT(rp_new_file_write(path, words, strlen(words), NULL), RP_OK);
}

/* Samples with odd numbers change to the treble clef in the lower staff within their second
 * measure, sample 6 at the beginning of its third, where no cut may be: the clef is drawn in the
 * second. Voice k + 1 and pitch tell where a measure comes from. */
static void write_label(const char *folder, int index, rp_text *edges) {
    static const char pitches[] = "CDEFGABC";
    rp_text text = {0};
    char name[32];
    for (int k = 0; k < MEASURES; k++) {
        rp_text_format(&text, "measure ");
        if (k == 0) rp_text_format(&text, "key:fifths:0 clef:G2 staff:1 clef:F4 staff:2 ");
        if (k == 2 && index == 6)
            rp_text_format(&text, "time beats:3 beat-type:4 clef:G2 staff:2 ");
        rp_text_format(&text, "%c%d voice:%d quarter ", pitches[index], index / 7 + 4, k + 1);
        if (k == 1 && index % 2 == 1) rp_text_format(&text, "clef:G2 staff:2 ");
    }
    snprintf(name, sizeof name, "s%d.lmx", index);
    write_text(folder, name, text.data);
    rp_text_format(edges, "s%d", index);
    for (int k = 0; k <= MEASURES; k++) /* measures.*.txt speaks of images 256 high */
        rp_text_format(edges, " %d", (10 + k * (60 + 8 * index)) * 256 / HEIGHT);
    rp_text_format(edges, "\n");
    rp_text_clear(&text);
}

static void load_set(rp_dataset *set) {
    char folder[512];
    rp_text list = {0}, edges = {0};
    const rp_dataset_options load = {.split = "train", .height = HEIGHT};
    snprintf(folder, sizeof folder, "%s/mixing", check_scratch());
    mkdir(folder, 0777);
    for (int i = 0; i < SAMPLES; i++) {
        draw_sample(folder, i);
        write_label(folder, i, &edges);
        rp_text_format(&list, "s%d\n", i);
    }
    write_text(folder, "samples.train.txt", list.data);
    write_text(folder, "measures.train.txt", edges.data);
    REQUIRE(rp_dataset_load(set, folder, &load, NULL) == RP_OK);
    rp_text_clear(&list);
    rp_text_clear(&edges);
}

/* The sample and measure that a grey stands for, as one number. */
static int origin_in_image(const rp_page_image *image, double left, double right) {
    return image->data[(size_t)40 * image->stride + (size_t)((left + right) / 2)] - 10;
}

/* The same, of the measure whose tokens begin here; sets *changes where it has a new clef. */
static int origin_in_tokens(const uint16_t *tokens, int32_t count, bool *is_changed) {
    int sample = -1, measure = -1;
    char last[32] = "";
    *is_changed = false;
    for (int32_t i = 1; i < count && tokens[i] != RP_LMX_MEASURE; i++) {
        rp_text word = {0};
        rp_lmx_print(&word, &tokens[i], 1);
        if (strlen(word.data) == 2 && word.data[0] >= 'A' && word.data[0] <= 'G')
            sample = word.data[0] == 'C'   ? (word.data[1] == '5' ? 7 : 0)
                     : word.data[0] >= 'D' ? word.data[0] - 'C'
                                           : word.data[0] - 'A' + 5;
        if (strncmp(word.data, "voice:", 6) == 0) measure = word.data[6] - '1';
        if (tokens[i] == RP_LMX_STAFF_2 && strcmp(last, "clef:G2") == 0) *is_changed = true;
        snprintf(last, sizeof last, "%s", word.data);
        rp_text_clear(&word);
    }
    return MEASURES * sample + measure;
}

/* A measure behind an odd sample's second stands under other clefs than all the others. */
static bool is_under_new_clef(int origin) {
    return (origin / MEASURES % 2 == 1 && origin % MEASURES >= 2) || origin == 6 * MEASURES + 3;
}

static int check_mixed(const rp_sample *mixed, const rp_page_image *image, const rp_sample *base) {
    int own = 0, others = 0, before = -1;
    bool is_new_clef = false;
    const uint16_t *at = mixed->tokens, *end = at + mixed->token_count;
    CHECK_INT(mixed->width, image->width);
    CHECK(image->width <= base->width);
    for (int32_t k = 0; k < mixed->measure_count; k++) {
        bool is_changed;
        CHECK_INT(*at, RP_LMX_MEASURE);
        const int origin = origin_in_tokens(at, (int32_t)(end - at), &is_changed);
        CHECK(mixed->edges[k] < mixed->edges[k + 1] && mixed->edges[k + 1] <= (float)image->width);
        CHECK_INT(origin_in_image(image, mixed->edges[k], mixed->edges[k + 1]), origin);
        CHECK(k == 0 || is_under_new_clef(origin) == is_new_clef);
        is_new_clef = is_new_clef || is_changed;
        CHECK((origin == 6 * MEASURES + 2) == (before == 6 * MEASURES + 1)); /* never parted */
        before = origin;
        const int expected = (int)(base->name[1] - '0') * MEASURES + k;
        if (origin == expected && others == 0) own++;
        else others++;
        do at++;
        while (at < end && *at != RP_LMX_MEASURE);
    }
    CHECK(at == end);
    CHECK(own >= 1);
    return others;
}

TEST(measures_keep_their_tokens_their_pixels_and_their_clefs) {
    rp_dataset set;
    load_set(&set);
    int others = 0;
    for (int round = 0; round < 60; round++) {
        rp_arena arena = {0};
        rp_sample mixed;
        rp_page_image image;
        rp_random random = rp_random_make(3, (uint64_t)round);
        const rp_sample *base = &set.samples[round % SAMPLES];
        REQUIRE(rp_mix_system(&mixed, &image, &set, base, &random, &arena, NULL) == RP_OK);
        others += check_mixed(&mixed, &image, base);
        rp_arena_clear(&arena);
    }
    printf("# %d measures of others in 60 systems\n", others);
    CHECK(others >= 60);
    rp_dataset_clear(&set);
}

TEST(a_system_without_edges_stays_as_it_is) {
    rp_dataset set;
    rp_arena arena = {0};
    rp_sample mixed;
    rp_page_image image;
    rp_random random = rp_random_make(3, 1);
    load_set(&set);
    set.samples[2].edges = NULL;
    REQUIRE(rp_mix_system(&mixed, &image, &set, &set.samples[2], &random, &arena, NULL) == RP_OK);
    CHECK_INT(mixed.token_count, set.samples[2].token_count);
    CHECK_INT(image.width, set.samples[2].width);
    rp_arena_clear(&arena);
    rp_dataset_clear(&set);
}
