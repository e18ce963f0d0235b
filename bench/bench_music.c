/* bench_music.c: TEDn beside the published program, and the Linearizer's speed, as JSON.
 *
 *     bench_music REFERENCE      the folder with tedn/expected.json; absent: only what needs none
 *
 * tedn: processor seconds for all pairs of the reference in both flavours in one run, reading and
 * delinearizing included, beside the sum of the published seconds, which are the distance alone.
 * tedn_pair: milliseconds of one flavour of a pair whose prediction has so many tokens, 10 % more
 * or less. linearize: MB of MusicXML a second. Best of several. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mapped_file.h"
#include "music/linearize_file.h"
#include "music/tedn.h"

enum { PAIRS_MAX = 1000, PATH_BYTES = 1024, ROUNDS = 3, SCORE_BYTES = 20000000 };

static double processor_seconds(void) { return (double)clock() / CLOCKS_PER_SEC; }

static rp_mapped_file open_numbered(const char *folder, int number, const char *ending) {
    char path[PATH_BYTES];
    rp_mapped_file file = {0};
    snprintf(path, sizeof path, "%s/tedn/%03d%s", folder, number, ending);
    (void)rp_mapped_file_open(&file, path, NULL);
    return file;
}

static double published_seconds(const char *folder) {
    char path[PATH_BYTES];
    rp_mapped_file file;
    double sum = 0;
    snprintf(path, sizeof path, "%s/tedn/expected.json", folder);
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return 0;
    char *text = calloc(file.size + 1, 1);
    if (text != NULL) memcpy(text, file.data, file.size);
    for (const char *at = text; at != NULL && (at = strstr(at, "\"seconds\":")) != NULL;) {
        at += strlen("\"seconds\":");
        sum += atof(at);
    }
    free(text);
    rp_mapped_file_close(&file);
    return sum;
}

/* Both flavours of one pair; adds the seconds they took, and notes the tokens. False: no such
 * pair. */
static bool compare_pair(const char *folder, int number, double *seconds, size_t *count) {
    rp_mapped_file gold = open_numbered(folder, number, ".gold.musicxml");
    rp_mapped_file line = open_numbered(folder, number, ".pred.lmx");
    const bool is_there = gold.size > 0;
    for (int flavor = 0; flavor < 2 && is_there; flavor++) {
        rp_arena arena = {0};
        rp_lmx_words words = {.arena = &arena};
        rp_lmx_line tokens;
        rp_tedn_cost cost;
        const rp_xml_source source = {"gold", gold.data, gold.size};
        if (rp_lmx_lex(&tokens, &words, (const char *)line.data, line.size, NULL) == RP_OK) {
            const double began = processor_seconds();
            (void)rp_tedn_line(&cost, &source, &tokens, (rp_tedn_flavor)flavor, NULL);
            *seconds += processor_seconds() - began;
            *count = tokens.count;
        }
        rp_arena_clear(&arena);
    }
    rp_mapped_file_close(&gold);
    rp_mapped_file_close(&line);
    return is_there;
}

/* Milliseconds of one flavour of the pairs of about so many tokens: the mean, best of several. */
static void bench_pair(const char *folder, size_t tokens) {
    double best = 1e9;
    int pairs = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double sum = 0;
        pairs = 0;
        for (int number = 1; number <= PAIRS_MAX; number++) {
            double seconds = 0;
            size_t count = 0;
            if (!compare_pair(folder, number, &seconds, &count)) break;
            if (count * 10 < tokens * 9 || count * 10 > tokens * 11) continue;
            sum += seconds / 2;
            pairs++;
        }
        if (pairs > 0 && sum / pairs < best) best = sum / pairs;
    }
    if (pairs == 0) return;
    printf("{\"bench\": \"tedn_pair\", \"tokens\": %zu, \"pairs\": %d, \"milliseconds\": %.3f}\n",
           tokens, pairs, best * 1e3);
}

static void bench_tedn(const char *folder) {
    double best = 1e9;
    int pairs = 0;
    size_t count = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double seconds = 0;
        pairs = 0;
        while (pairs < PAIRS_MAX && compare_pair(folder, pairs + 1, &seconds, &count)) pairs++;
        if (seconds < best) best = seconds;
    }
    const double published = published_seconds(folder);
    printf(
        "{\"bench\": \"tedn\", \"pairs\": %d, \"seconds\": %.4f, \"published_seconds\": %.1f, "
        "\"times\": %.0f}\n",
        pairs, best, published, pairs > 0 ? published / best : 0.0);
}

/* A score of many measures, made here. */
static char *make_score(size_t *size) {
    static const char head[] =
        "<score-partwise><part-list><score-part id=\"P1\"/></part-list><part id=\"P1\">";
    static const char measure[] =
        "<measure number=\"1\" width=\"200\">\n  <attributes>\n    <divisions>4</divisions>\n"
        "  </attributes>\n  <note default-x=\"83.30\" default-y=\"-25.00\">\n    <pitch>\n"
        "      <step>C</step>\n      <octave>5</octave>\n      </pitch>\n"
        "    <duration>4</duration>\n    <voice>1</voice>\n    <type>quarter</type>\n"
        "    <stem>down</stem>\n    <beam number=\"1\">begin</beam>\n    </note>\n"
        "  <backup>\n    <duration>4</duration>\n    </backup>\n  </measure>\n";
    static const char tail[] = "</part></score-partwise>";
    rp_text text = {0};
    rp_text_add(&text, head);
    while (text.length < SCORE_BYTES && !text.failed) rp_text_add(&text, measure);
    rp_text_add(&text, tail);
    *size = text.length;
    return text.data;
}

static void bench_linearize(void) {
    size_t size;
    char *score = make_score(&size);
    const rp_xml_source source = {"made", (const uint8_t *)score, size};
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        rp_text lmx = {0};
        const double began = processor_seconds();
        if (rp_linearize_source(&lmx, NULL, &source, NULL, NULL) != RP_OK) exit(4);
        const double seconds = processor_seconds() - began;
        if (seconds < best) best = seconds;
        rp_text_clear(&lmx);
    }
    free(score);
    printf(
        "{\"bench\": \"linearize\", \"megabytes\": %.1f, \"seconds\": %.3f, "
        "\"megabytes_a_second\": %.1f}\n",
        (double)size / 1e6, best, (double)size / 1e6 / best);
}

int main(int count, char **words) {
    bench_linearize();
    if (count < 2) return 0;
    bench_tedn(words[1]);
    bench_pair(words[1], 130);
    bench_pair(words[1], 260);
    return 0;
}
