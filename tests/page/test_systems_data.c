/* Page finding against pages with known boxes: real scans (scans-dev/pages beside the checkout) and
 * engraved dev scores (REPRISE_PAGES, made by make_pages.py). Prints the figures. */
#include <dirent.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mapped_file.h"
#include "check.h"
#include "page/document.h"
#include "page/systems.h"

enum { BOXES_MAX = 100, PAGES_MAX = 2000 };

typedef struct truth {
    rp_page_box boxes[BOXES_MAX];
    size_t count;
} truth;

typedef struct tally {
    size_t pages, systems, found, matched;
    double seconds, overlap;
} tally;

/* The number after the next `"key":` at or behind *at; moves *at behind it. */
static bool next_number(const char **at, const char *key, int32_t *value) {
    const char *place = strstr(*at, key);
    if (place == NULL) return false;
    place = strchr(place, ':');
    if (place == NULL) return false;
    *value = (int32_t)strtol(place + 1, NULL, 10);
    *at = place;
    return true;
}

static bool read_truth(truth *truth_out, const char *path) {
    rp_mapped_file file = {0};
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return false;
    char *text = strndup((const char *)file.data, file.size);
    rp_mapped_file_close(&file);
    truth_out->count = 0;
    const char *at = text;
    rp_page_box box;
    while (truth_out->count < BOXES_MAX && next_number(&at, "\"left\"", &box.left) &&
           next_number(&at, "\"top\"", &box.top) && next_number(&at, "\"right\"", &box.right) &&
           next_number(&at, "\"bottom\"", &box.bottom))
        truth_out->boxes[truth_out->count++] = box;
    free(text);
    return true;
}

static double area(rp_page_box box) {
    return fmax(0, box.right - box.left) * fmax(0, box.bottom - box.top);
}

static double intersection_over_union(rp_page_box a, rp_page_box b) {
    const rp_page_box common = {a.left > b.left ? a.left : b.left, a.top > b.top ? a.top : b.top,
                                a.right < b.right ? a.right : b.right,
                                a.bottom < b.bottom ? a.bottom : b.bottom};
    const double both = area(common);
    return both / (area(a) + area(b) - both);
}

/* Each box of the truth takes the best box found that no other took. */
static size_t match(const truth *known, const rp_page_systems *systems, double *overlap) {
    bool is_taken[BOXES_MAX] = {false};
    size_t matched = 0;
    for (size_t i = 0; i < known->count; i++) {
        size_t best = 0;
        double most = 0;
        for (size_t k = 0; k < systems->count && k < BOXES_MAX; k++) {
            const double now = intersection_over_union(known->boxes[i], systems->systems[k].box);
            if (!is_taken[k] && now > most) most = now, best = k;
        }
        if (most < 0.7) continue;
        is_taken[best] = true;
        matched++;
        *overlap += most;
    }
    return matched;
}

static void measure_page(tally *sum, const char *folder, const char *name) {
    char path[1024];
    truth known;
    snprintf(path, sizeof path, "%s/%s.json", folder, name);
    if (!read_truth(&known, path)) return;
    snprintf(path, sizeof path, "%s/%s.png", folder, name);
    rp_arena arena = {0};
    rp_page_document *document = NULL;
    rp_page_image page = {0};
    rp_page_systems systems = {0};
    REQUIRE(rp_page_document_open(&document, path, NULL) == RP_OK);
    REQUIRE(rp_page_document_read(&page, &arena, document, 0, NULL) == RP_OK);
    const double started = rp_clock_seconds();
    const rp_status status = rp_page_find_systems(&systems, &page, name, &arena, NULL);
    sum->seconds += rp_clock_seconds() - started;
    CHECK(status == RP_OK || status == RP_NO);
    const size_t matched = match(&known, &systems, &sum->overlap);
    if (matched != known.count || systems.count != known.count)
        printf("# %s: %zu systems, %zu found, %zu of them right\n", name, known.count,
               systems.count, matched);
    sum->pages++;
    sum->systems += known.count;
    sum->found += systems.count;
    sum->matched += matched;
    rp_page_document_close(document);
    rp_arena_clear(&arena);
}

static int is_truth(const struct dirent *entry) {
    const size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static tally measure_folder(const char *folder, const char *what) {
    tally sum = {0};
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_truth, alphasort);
    for (int i = 0; i < count; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - 5] = 0;
        measure_page(&sum, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    printf(
        "# %s: %zu pages, %zu systems: recall %.2f %%, precision %.2f %% at IoU 0.7; mean IoU "
        "%.3f; %.0f ms a page\n",
        what, sum.pages, sum.systems, 100.0 * sum.matched / sum.systems,
        100.0 * sum.matched / sum.found, sum.overlap / sum.matched, 1000 * sum.seconds / sum.pages);
    return sum;
}

TEST(systems_of_real_scans_are_found) {
    char folder[512];
    if (check_data() == NULL) {
        check_skip("no data beside the checkout");
        return;
    }
    snprintf(folder, sizeof folder, "%s/scans-dev/pages", check_data());
    const tally sum = measure_folder(folder, "scans-dev");
    if (sum.pages == 0) {
        check_skip("no scans-dev in the data");
        return;
    }
    CHECK(sum.matched >= 0.98 * sum.systems);
    CHECK(sum.matched >= 0.98 * sum.found);
}

TEST(systems_of_engraved_dev_scores_are_all_found) {
    const char *folder = getenv("REPRISE_PAGES");
    if (folder == NULL) {
        check_skip("REPRISE_PAGES names no folder of engraved pages (tests/page/make_pages.py)");
        return;
    }
    const tally sum = measure_folder(folder, "engraved");
    CHECK(sum.pages > 0);
    CHECK_INT(sum.matched, sum.systems);
    CHECK_INT(sum.found, sum.systems);
}
