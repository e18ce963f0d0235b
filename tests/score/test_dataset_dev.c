/* test_dataset_dev.c: the development split built anew from its scores, beside the stored one:
 * names, labels, images, edges of measures. By default the first score; REPRISE_SCORES=100 takes
 * them all (4 minutes on two quiet cores); REPRISE_BUILT=DIR looks at a set that is there. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "check.h"
#include "page/png_image.h"
#include "reprise/score.h"

enum { PATH_BYTES = 4096, MAE_MAX = 8, SCORES_DEFAULT = 1, SCORES_MAX = 100 };

typedef struct figures {
    int32_t stored, built, common, same_labels, edges, edges_near, images;
    double mae_sum, mae_worst, edge_worst;
} figures;

static bool run(const char *format, const char *a, const char *b) {
    char command[2 * PATH_BYTES];
    snprintf(command, sizeof command, format, a, b);
    return system(command) == 0;
}

static char *read_text(const char *folder, const char *name, const char *ending) {
    char path[PATH_BYTES];
    rp_mapped_file file;
    rp_text text = {0};
    snprintf(path, sizeof path, "%.2000s/%.500s%s", folder, name, ending);
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return NULL;
    rp_text_add_bytes(&text, file.data, file.size);
    rp_text_add(&text, "");
    rp_mapped_file_close(&file);
    return text.data;
}

static bool read_image(rp_page_image *image, rp_arena *arena, const char *folder,
                       const char *name) {
    char path[PATH_BYTES];
    rp_mapped_file file;
    snprintf(path, sizeof path, "%.2000s/%.500s.png", folder, name);
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return false;
    const rp_status status = rp_page_png_decode(image, arena, file.data, file.size, path, NULL);
    rp_mapped_file_close(&file);
    return status == RP_OK;
}

/* Mean absolute difference in grey levels; 255 where the sizes differ by more than a pixel. */
static double image_distance(const char *ours, const char *stored, const char *name) {
    rp_arena arena = {0};
    rp_page_image a, b;
    double sum = 0, mean = 255;
    if (read_image(&a, &arena, ours, name) && read_image(&b, &arena, stored, name) &&
        a.height == b.height && abs(a.width - b.width) <= 1) {
        const int32_t width = a.width < b.width ? a.width : b.width;
        for (int32_t y = 0; y < a.height; y++)
            for (int32_t x = 0; x < width; x++)
                sum += abs(a.data[(size_t)y * a.stride + (size_t)x] -
                           b.data[(size_t)y * b.stride + (size_t)x]);
        mean = sum / ((double)width * a.height);
    }
    rp_arena_clear(&arena);
    return mean;
}

/* The numbers behind a sample's name in a list of edges. */
static int edges_of(double edges[256], const char *list, const char *name) {
    char key[256];
    snprintf(key, sizeof key, "\n%s ", name);
    const size_t length = strlen(key);
    const char *at = strncmp(list, key + 1, length - 1) == 0 ? list - 1 : strstr(list, key);
    int count = 0;
    if (at == NULL) return 0;
    for (at += length; *at != '\n' && *at != 0 && count < 256;) {
        char *end;
        edges[count++] = strtod(at, &end);
        if (end == at) return 0;
        at = end + strspn(end, " ");
    }
    return count;
}

static void compare_edges(figures *sum, const char *ours, const char *stored, const char *name) {
    double a[256], b[256];
    const int count = edges_of(a, ours, name);
    const int stored_count = edges_of(b, stored, name);
    for (int i = 0; i < stored_count; i++) {
        const double distance = count == stored_count ? fabs(a[i] - b[i]) : INFINITY;
        sum->edges++;
        sum->edges_near += distance <= 2;
        sum->edge_worst = fmax(sum->edge_worst, distance);
    }
}

static bool has_line(const char *text, const char *line) {
    const size_t length = strlen(line);
    for (const char *at = text; (at = strstr(at, line)) != NULL; at += length)
        if ((at == text || at[-1] == '\n') && at[length] == '\n') return true;
    return false;
}

static void compare_sample(figures *sum, const char *ours, const char *stored, const char *name) {
    char *label = read_text(ours, name, ".lmx"), *stored_label = read_text(stored, name, ".lmx");
    sum->common++;
    if (label != NULL && stored_label != NULL) sum->same_labels += strcmp(label, stored_label) == 0;
    const double distance = image_distance(ours, stored, name);
    sum->images++;
    sum->mae_sum += distance;
    sum->mae_worst = fmax(sum->mae_worst, distance);
    free(label);
    free(stored_label);
}

/* Goes through the stored names whose score's id is among `scores`. */
static void compare_all(figures *sum, const char *ours, const char *stored, const char *scores) {
    char *names = read_text(stored, "samples.dev", ".txt"), *rest = NULL;
    char *built = read_text(ours, "samples.dev", ".txt");
    char *edges = read_text(ours, "measures.dev", ".txt");
    char *stored_edges = read_text(stored, "measures.dev", ".txt");
    for (const char *at = built; at != NULL && *at != 0; at++) sum->built += *at == '\n';
    for (char *name = strtok_r(names, "\n", &rest); name != NULL && built != NULL && edges != NULL;
         name = strtok_r(NULL, "\n", &rest)) {
        char id[256] = "";
        sscanf(name, "samples/%200[^/]", id);
        snprintf(id + strlen(id), sizeof id - strlen(id), "\t");
        if (strstr(scores, id) == NULL) continue;
        sum->stored++;
        if (!has_line(built, name)) continue;
        compare_sample(sum, ours, stored, name);
        compare_edges(sum, edges, stored_edges, name);
    }
    free(names);
    free(built);
    free(edges);
    free(stored_edges);
}

/* The first so many lines of the list of scores, as a file in `folder`. */
static char *take_scores(const char *data, const char *folder, int count) {
    char *list = read_text(data, "lieder-dev/scores", ".txt"), path[PATH_BYTES];
    char *end = list;
    for (int i = 0; i < count && end != NULL; i++)
        if ((end = strchr(end, '\n')) != NULL) end++;
    if (end != NULL) *end = 0;
    snprintf(path, sizeof path, "%s/list.txt", folder);
    if (list == NULL || rp_new_file_write(path, list, strlen(list), NULL) != RP_OK) return NULL;
    return list;
}

static bool build(const char *folder, char ours[PATH_BYTES]) {
    char list[PATH_BYTES];
    rp_score_dataset_report report;
    rp_score_dataset_options options = rp_score_dataset_defaults();
    rp_error error = {0};
    const double started_s = rp_clock_seconds();
    snprintf(list, sizeof list, "%s/list.txt", folder);
    snprintf(ours, PATH_BYTES, "%s/built", folder);
    options.list = list;
    options.split = "dev";
    const rp_status status =
        rp_score_dataset_build(&report, ours, folder, &options, NULL, NULL, &error);
    printf("# %d scores in %.1f s\n", report.scores, rp_clock_seconds() - started_s);
    if (status != RP_OK) printf("# %s\n", error.text);
    rp_score_dataset_report_clear(&report);
    return status == RP_OK;
}

TEST(the_development_split_is_built_anew_as_it_is_stored) {
    const char *data = check_data(), *wanted = getenv("REPRISE_SCORES");
    const char *there = getenv("REPRISE_BUILT");
    char folder[1024], ours[PATH_BYTES], source[PATH_BYTES];
    figures sum = {0};
    snprintf(source, sizeof source, "%s/lieder-dev/lieder-dev.tgz", data != NULL ? data : "");
    if (data == NULL || access(source, R_OK) != 0 || access("/usr/bin/mscore3", X_OK) != 0) {
        check_skip("the scores beside the checkout or MuseScore 3 are missing");
        return;
    }
    snprintf(folder, sizeof folder, "%s/dev", check_scratch());
    REQUIRE(mkdir(folder, 0777) == 0);
    REQUIRE(run("tar -xzf '%s' -C '%s'", source, folder));
    snprintf(source, sizeof source, "%s/olimpic-synthetic/dev.tgz", data);
    REQUIRE(run("tar -xzf '%s' -C '%s' --wildcards '*.png' '*.lmx'", source, folder));
    snprintf(source, sizeof source, "%s/olimpic-synthetic", data);
    REQUIRE(run("cp '%s'/*.dev.txt '%s'", source, folder));
    int count = wanted != NULL ? atoi(wanted) : SCORES_DEFAULT;
    if (there != NULL) count = SCORES_MAX;
    char *scores = take_scores(data, folder, count);
    REQUIRE(scores != NULL);
    if (there != NULL) snprintf(ours, sizeof ours, "%s", there);
    else REQUIRE(build(folder, ours));
    compare_all(&sum, ours, folder, scores);
    free(scores);
    REQUIRE(sum.stored > 0 && sum.common > 0 && sum.edges > 0);
    printf("# sample names       %d of %d stored (%.2f %%), %d built\n", sum.common, sum.stored,
           100.0 * sum.common / sum.stored, sum.built);
    printf("# labels             %d of %d byte-identical (%.2f %%)\n", sum.same_labels, sum.common,
           100.0 * sum.same_labels / sum.common);
    printf("# images             %.2f grey levels apart, worst %.2f\n", sum.mae_sum / sum.images,
           sum.mae_worst);
    printf("# measures' edges    %d of %d within 2 px, worst %.1f\n", sum.edges_near, sum.edges,
           sum.edge_worst);
    CHECK(100 * sum.common >= 99 * sum.stored);
    CHECK(1000 * sum.same_labels >= 995 * sum.common);
    CHECK(sum.mae_sum / sum.images <= MAE_MAX);
    CHECK(100 * sum.edges_near >= 99 * sum.edges);
}
