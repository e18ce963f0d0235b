/* bench_music.c: TEDn beside the published program, whole splits and pieces, and the Linearizer's
 * speed and memory, as JSON.
 *
 *     bench_music REFERENCE DEV.tgz    the folder with tedn/expected.json, and the dev split;
 *                                      what is absent is left out
 *
 *     tedn             processor seconds for all pairs of the reference in both flavours in one
 *                      run, reading and delinearizing included, beside the sum of the published
 *                      seconds, which are the distance alone
 *     tedn_pair        milliseconds of one flavour of a pair whose prediction has so many tokens,
 *                      10 % more or less
 *     tedn_split       clock seconds for the whole split in both flavours on two threads, against
 *                      predictions made from its own labels by damage from a seed
 *     piece            a piece of 40 systems against its damaged copy: clock seconds, peak memory
 *     linearize        MB of MusicXML a second, best of several
 *     linearize_large  100 MB from a file, in a process that may not hold more memory */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mapped_file.h"
#include "base/new_file.h"
#include "base/pool.h"
#include "base/random.h"
#include "music/linearize_file.h"
#include "music/tedn.h"

enum {
    PATH_BYTES = 1024,
    ROUNDS = 3,
    SCORE_BYTES = 20000000,
    LARGE_BYTES = 100000000,
    LARGE_MEBIBYTES = 96, /* what linearizing LARGE_BYTES may hold */
    DAMAGED_OF_100 = 10,
    PIECE_SYSTEMS = 40,
    SEED = 11
};

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

/* ---- the reference ---- */

struct pair {
    double seconds; /* both flavours, the best of the rounds */
    size_t tokens;
};

/* Both flavours of one pair. False: no such pair. */
static bool compare_pair(const char *folder, int number, struct pair *pair) {
    rp_mapped_file gold = open_numbered(folder, number, ".gold.musicxml");
    rp_mapped_file line = open_numbered(folder, number, ".pred.lmx");
    const bool is_there = gold.size > 0;
    *pair = (struct pair){0};
    for (int flavor = 0; flavor < 2 && is_there; flavor++) {
        rp_arena arena = {0};
        rp_lmx_words words = {.arena = &arena};
        rp_lmx_line tokens;
        rp_tedn_cost cost;
        const rp_xml_source source = {"gold", gold.data, gold.size};
        if (rp_lmx_lex(&tokens, &words, (const char *)line.data, line.size, NULL) == RP_OK) {
            const double began = processor_seconds();
            (void)rp_tedn_line(&cost, &source, &tokens, (rp_tedn_flavor)flavor, NULL);
            pair->seconds += processor_seconds() - began;
            pair->tokens = tokens.count;
        }
        rp_arena_clear(&arena);
    }
    rp_mapped_file_close(&gold);
    rp_mapped_file_close(&line);
    return is_there;
}

/* Milliseconds of one flavour of the pairs of about so many tokens: the mean. */
static void print_pair(const struct pair *pairs, int count, size_t tokens) {
    double sum = 0;
    int found = 0;
    for (int i = 0; i < count; i++) {
        if (pairs[i].tokens * 10 < tokens * 9 || pairs[i].tokens * 10 > tokens * 11) continue;
        sum += pairs[i].seconds / 2;
        found++;
    }
    if (found == 0) return;
    printf("{\"bench\": \"tedn_pair\", \"tokens\": %zu, \"pairs\": %d, \"milliseconds\": %.3f}\n",
           tokens, found, sum / found * 1e3);
}

static void bench_tedn(const char *folder) {
    struct pair *pairs = NULL, pair;
    int count = 0;
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double seconds = 0;
        for (int i = 0; compare_pair(folder, i + 1, &pair); i++) {
            if (i == count && (count & (count - 1)) == 0) {
                struct pair *more =
                    realloc(pairs, (count == 0 ? 1 : 2 * (size_t)count) * sizeof pair);
                if (more == NULL) exit(4);
                pairs = more;
            }
            if (i == count) pairs[count++] = pair;
            if (pair.seconds < pairs[i].seconds) pairs[i].seconds = pair.seconds;
            seconds += pair.seconds;
        }
        if (seconds < best) best = seconds;
    }
    const double published = published_seconds(folder);
    printf(
        "{\"bench\": \"tedn\", \"pairs\": %d, \"seconds\": %.4f, \"published_seconds\": %.1f, "
        "\"times\": %.0f}\n",
        count, best, published, count > 0 ? published / best : 0.0);
    print_pair(pairs, count, 130);
    print_pair(pairs, count, 260);
    free(pairs);
}

/* ---- the split ---- */

struct sample {
    char *gold, *prediction; /* MusicXML; tokens */
    size_t gold_size;
    int64_t edit, total; /* costs of both flavours */
};

struct split {
    struct sample *samples;
    size_t count, capacity;
    rp_text piece, damaged; /* the first systems, a line each */
};

/* Leaves out, doubles or replaces words of a line, each tenth of them. */
static void damage(rp_text *out, const char *line, uint64_t stream) {
    rp_random random = rp_random_make(SEED, stream);
    for (const char *at = line + strspn(line, " \n"); *at != 0;) {
        const size_t length = strcspn(at, " \n");
        const uint32_t fate = rp_random_below(&random, 100);
        const char *other = rp_lmx_text_of(rp_random_below(&random, RP_LMX_COUNT));
        if (fate >= DAMAGED_OF_100 / 3) {
            if (fate < 2 * DAMAGED_OF_100 / 3) rp_text_format(out, "%s ", other);
            else rp_text_format(out, "%.*s ", (int)length, at);
            if (fate >= 2 * DAMAGED_OF_100 / 3 && fate < DAMAGED_OF_100)
                rp_text_format(out, "%.*s ", (int)length, at);
        }
        at += length;
        at += strspn(at, " \n");
    }
    rp_text_add(out, "\n");
}

static char *read_text(const char *path, size_t *size) {
    rp_mapped_file file;
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return NULL;
    char *text = calloc(file.size + 1, 1);
    if (text == NULL) exit(4);
    memcpy(text, file.data, file.size);
    *size = file.size;
    rp_mapped_file_close(&file);
    return text;
}

/* Adds the system whose tokens are at `path`. */
static void add_sample(struct split *split, char *path) {
    size_t size;
    struct sample sample = {0};
    rp_text prediction = {0};
    char *line = read_text(path, &size);
    strcpy(strrchr(path, '.'), ".musicxml");
    sample.gold = read_text(path, &sample.gold_size);
    if (line == NULL || sample.gold == NULL) exit(3);
    damage(&prediction, line, split->count);
    sample.prediction = prediction.data;
    if (split->count < PIECE_SYSTEMS) {
        rp_text_add(&split->piece, line);
        rp_text_add(&split->damaged, sample.prediction);
    }
    free(line);
    if (split->count == split->capacity) {
        split->capacity = split->capacity == 0 ? 256 : 2 * split->capacity;
        split->samples = realloc(split->samples, split->capacity * sizeof sample);
        if (split->samples == NULL) exit(4);
    }
    split->samples[split->count++] = sample;
}

static struct split read_split(const char *archive, const char *folder) {
    struct split split = {0};
    char command[3 * PATH_BYTES], path[PATH_BYTES];
    snprintf(command, sizeof command, "tar xzf '%s' -C '%s' && find '%s' -name '*.lmx' | sort",
             archive, folder, folder);
    FILE *list = popen(command, "r");
    while (list != NULL && fgets(path, sizeof path - 16, list) != NULL) {
        path[strcspn(path, "\n")] = 0;
        add_sample(&split, path);
    }
    if (list != NULL) pclose(list);
    return split;
}

static void compare_samples(void *context, size_t first, size_t last, unsigned thread) {
    struct split *split = context;
    (void)thread;
    for (size_t i = first; i < last; i++) {
        struct sample *sample = &split->samples[i];
        for (int flavor = 0; flavor < 2; flavor++) {
            rp_arena arena = {0};
            rp_lmx_words words = {.arena = &arena};
            rp_lmx_line tokens;
            rp_tedn_cost cost = {0};
            const rp_xml_source source = {"gold", (const uint8_t *)sample->gold, sample->gold_size};
            if (rp_lmx_lex(&tokens, &words, sample->prediction, strlen(sample->prediction), NULL) ==
                RP_OK)
                (void)rp_tedn_line(&cost, &source, &tokens, (rp_tedn_flavor)flavor, NULL);
            sample->edit += cost.edit;
            sample->total += cost.gold;
            rp_arena_clear(&arena);
        }
    }
}

static void bench_split(struct split *split) {
    rp_pool *pool;
    int64_t edit = 0, total = 0;
    if (split->count == 0) return; /* the archive held none */
    if (rp_pool_create(&pool, 2, NULL) != RP_OK) exit(4);
    const double began = rp_clock_seconds(), began_processor = processor_seconds();
    rp_pool_run(pool, split->count, compare_samples, split);
    const double seconds = rp_clock_seconds() - began;
    const double processor = processor_seconds() - began_processor;
    rp_pool_destroy(pool);
    for (size_t i = 0; i < split->count; i++) {
        edit += split->samples[i].edit;
        total += split->samples[i].total;
    }
    printf(
        "{\"bench\": \"tedn_split\", \"pairs\": %zu, \"threads\": 2, \"seconds\": %.3f, "
        "\"processor_seconds\": %.3f, \"tedn_of_both\": %.4f}\n",
        split->count, seconds, processor, (double)edit / (double)total);
}

/* ---- in a process of its own ---- */

/* Runs `work` in a child that may hold so many MiB (0: any number); prints its row. */
static void run_apart(void (*work)(const char *folder), const char *folder, rlim_t mebibytes) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = {mebibytes << 20, mebibytes << 20};
        if (mebibytes > 0) setrlimit(RLIMIT_DATA, &limit);
        work(folder);
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) exit(4);
}

static void compare_piece(const char *folder) {
    char gold[PATH_BYTES], predicted[PATH_BYTES];
    rp_music_comparison found;
    struct rusage usage;
    snprintf(gold, sizeof gold, "%s/gold.lmx", folder);
    snprintf(predicted, sizeof predicted, "%s/predicted.lmx", folder);
    const double began = rp_clock_seconds();
    if (rp_music_compare(&found, gold, predicted, RP_MUSIC_FULL, NULL) != RP_OK) _exit(4);
    const double seconds = rp_clock_seconds() - began;
    getrusage(RUSAGE_SELF, &usage);
    printf(
        "{\"bench\": \"piece\", \"systems\": %d, \"gold_cost\": %lld, \"tedn\": %.4f, "
        "\"seconds\": %.3f, \"peak_megabytes\": %.0f}\n",
        PIECE_SYSTEMS, (long long)found.gold_cost, found.tedn, seconds,
        (double)usage.ru_maxrss * 1024 / 1e6);
    rp_music_comparison_clear(&found);
}

static void bench_piece(const struct split *split, const char *folder) {
    char path[PATH_BYTES];
    if (split->count < PIECE_SYSTEMS) return;
    snprintf(path, sizeof path, "%s/gold.lmx", folder);
    if (rp_new_file_write(path, split->piece.data, split->piece.length, NULL) != RP_OK) exit(4);
    snprintf(path, sizeof path, "%s/predicted.lmx", folder);
    if (rp_new_file_write(path, split->damaged.data, split->damaged.length, NULL) != RP_OK) exit(4);
    run_apart(compare_piece, folder, 0);
}

/* ---- linearizing ---- */

/* A score of many measures, made here. */
static char *make_score(size_t least, size_t *size) {
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
    while (text.length < least && !text.failed) rp_text_add(&text, measure);
    rp_text_add(&text, tail);
    *size = text.length;
    return text.data;
}

static void bench_linearize(void) {
    size_t size;
    char *score = make_score(SCORE_BYTES, &size);
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

static void linearize_large(const char *folder) {
    char path[PATH_BYTES];
    char *lmx;
    snprintf(path, sizeof path, "%s/large.musicxml", folder);
    const double began = processor_seconds();
    if (rp_music_linearize(&lmx, path, NULL, NULL) != RP_OK) _exit(4);
    const double seconds = processor_seconds() - began;
    printf(
        "{\"bench\": \"linearize_large\", \"megabytes\": %.1f, \"seconds\": %.3f, "
        "\"megabytes_a_second\": %.1f, \"memory_at_most_mebibytes\": %d}\n",
        LARGE_BYTES / 1e6, seconds, LARGE_BYTES / 1e6 / seconds, LARGE_MEBIBYTES);
    rp_text_free(lmx);
}

static void bench_large(const char *folder) {
    char path[PATH_BYTES];
    size_t size;
    snprintf(path, sizeof path, "%s/large.musicxml", folder);
    char *score = make_score(LARGE_BYTES, &size);
    if (score == NULL || rp_new_file_write(path, score, size, NULL) != RP_OK) exit(4);
    free(score);
    run_apart(linearize_large, folder, LARGE_MEBIBYTES);
}

int main(int count, char **words) {
    char folder[] = P_tmpdir "/reprise-bench-XXXXXX";
    char command[PATH_BYTES];
    if (mkdtemp(folder) == NULL) return 4;
    bench_linearize();
    bench_large(folder);
    if (count > 1 && access(words[1], R_OK) == 0) bench_tedn(words[1]);
    if (count > 2 && access(words[2], R_OK) == 0) {
        struct split split = read_split(words[2], folder);
        bench_split(&split);
        bench_piece(&split, folder);
        for (size_t i = 0; i < split.count; i++) {
            free(split.samples[i].gold);
            free(split.samples[i].prediction);
        }
        free(split.samples);
        rp_text_clear(&split.piece);
        rp_text_clear(&split.damaged);
    }
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command) == 0 ? 0 : 4;
}
