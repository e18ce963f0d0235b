/* MuseScore 3 opens what is written, and has nothing to say about it: the dev labels and damaged
 * sequences, joined and repaired, all through one process. Every 96th of them; with
 * REPRISE_ENGRAVED=1 all (some minutes). */
#include <stdlib.h>

#include "base/text.h"
#include "check.h"
#include "reprise/music.h"
#include "sample_files.h"

enum { SAMPLE_STEP = 96 };

/* What MuseScore says about every file, and about music that is right:
 *   an arpeggio without an arrow ("none"), which 3.2.3 reports though it draws it well;
 *   grace notes behind their note (a slur leads to them), which it reports as it finds them;
 *   a tuplet that is not whole, in files of which we said so ourselves (no note is left out for it;
 *   what it says of the rest is heard as ever), and a tuplet in a tuplet, which it cannot read;
 *   a tie that begins on a grace note: it looks for the other end of ties of other notes only, and
 *   says so once for each such tie, of the data set's own MusicXML too, which MuseScore wrote. */
static const char *const expected_lines[] = {"convert <", "\tto <", "... success!",
                                             "QStandardPaths: XDG_RUNTIME_DIR"};
static const char *const known_lines[] = {"unknown arpeggio type none", "addGraceChordsAfter"};
static const char *const tuplet_lines[] = {"uplet", "smallestTypeAndCount()",
                                           "TDuration::setType(maxima)"};
static const char tuplet_mark[] = "-tuplet-"; /* in the name of a file with such a tuplet */
static const char grace_tie_line[] = "SpannerWriter: spanner (Tie) doesn't have an endpoint!";

struct batch {
    rp_text jobs;
    size_t files;
    bool is_whole;
};

static bool has_one_of(const char *line, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strstr(line, words[i]) != NULL) return true;
    return false;
}

static void hear_tuplet(void *context, int level, const char *line) {
    (void)level;
    if (strstr(line, "a tuplet is not whole") != NULL) *(bool *)context = true;
}

/* Writes the music of the tokens at `path`, twice, as jobs. */
static void add_jobs(struct batch *batch, const char *path) {
    const char *slash = strrchr(path, '/');
    for (int repairs = 0; repairs < 2; repairs++) {
        bool has_odd_tuplet = false;
        const rp_log log = {.write = hear_tuplet, .context = &has_odd_tuplet};
        const rp_music_delinearize_options how = {
            .joins = true, .repairs = repairs != 0, .log = &log};
        char *musicxml = NULL, *out = NULL;
        CHECK(rp_music_delinearize(&musicxml, path, &how, NULL, NULL) == RP_OK);
        if (musicxml == NULL) return;
        if (strstr(musicxml, "<tuplet type=\"start\" number=") != NULL) has_odd_tuplet = true;
        if (asprintf(&out, "%s/%zu%s%s.musicxml", check_scratch(), batch->files,
                     has_odd_tuplet ? tuplet_mark : "-", slash + 1) < 0)
            return;
        FILE *file = fopen(out, "w");
        CHECK(file != NULL && fputs(musicxml, file) >= 0);
        if (file != NULL) fclose(file);
        rp_text_format(&batch->jobs, "%s{\"in\": \"%s\", \"out\": \"%s/out.mscx\"}",
                       batch->files > 0 ? ",\n" : "[", out, check_scratch());
        batch->files++;
        rp_text_free(musicxml);
        free(out);
    }
}

static void add_folder(struct batch *batch, const char *folder) {
    struct sample_files files = sample_files_list(folder, ".lmx");
    for (size_t i = 0; i < files.count; i += batch->is_whole ? 1 : SAMPLE_STEP)
        add_jobs(batch, files.paths[i]);
    sample_files_clear(&files);
}

/* How many ties begin on a grace note of the file whose name ends at `>`. */
static size_t count_grace_ties(const char *name) {
    char *path = strndup(name, strcspn(name, ">"));
    char *musicxml = sample_files_read(path, NULL);
    size_t ties = 0;
    for (char *at = musicxml; at != NULL && (at = strstr(at, "<note><grace")) != NULL;) {
        char *end = strstr(at, "</note>");
        if (end == NULL) break;
        *end = 0;
        ties += strstr(at, "<tied type=\"start\"") != NULL;
        at = end + 1;
    }
    free(musicxml);
    free(path);
    return ties;
}

/* Counts what MuseScore said; prints each line that was not expected, with its file. */
static void judge(char *said, size_t files) {
    size_t opened = 0, known = 0, complaints = 0, grace_ties = 0;
    const char *file = "";
    for (char *line = strtok(said, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "convert <", 9) == 0) {
            file = line + 9;
            grace_ties = count_grace_ties(file);
        }
        opened += strcmp(line, "... success!") == 0;
        if (has_one_of(line, expected_lines, RP_COUNT(expected_lines))) continue;
        const bool is_grace_tie = grace_ties > 0 && strcmp(line, grace_tie_line) == 0;
        if (is_grace_tie) grace_ties--;
        const bool is_tuplet = strstr(file, tuplet_mark) != NULL &&
                               has_one_of(line, tuplet_lines, RP_COUNT(tuplet_lines));
        if (is_grace_tie || is_tuplet || has_one_of(line, known_lines, RP_COUNT(known_lines))) {
            known++;
            continue;
        }
        complaints++;
        printf("# %s: %s\n", file, line);
    }
    printf("# MuseScore opened %zu of %zu files; %zu warnings, and %zu lines about sound music\n",
           opened, files, complaints, known);
    CHECK_INT(opened, files);
    CHECK_INT(complaints, 0);
}

static void open_all(const struct batch *batch) {
    char *jobs = NULL, *log = NULL, *command = NULL;
    if (asprintf(&jobs, "%s/jobs.json", check_scratch()) < 0 ||
        asprintf(&log, "%s/log.txt", check_scratch()) < 0 ||
        asprintf(&command, "QT_QPA_PLATFORM=offscreen mscore3 -f -j '%s' >/dev/null 2>'%s'", jobs,
                 log) < 0)
        return;
    FILE *file = fopen(jobs, "w");
    REQUIRE(file != NULL);
    fprintf(file, "%s]\n", batch->jobs.data);
    fclose(file);
    CHECK_INT(system(command), 0);
    char *said = sample_files_read(log, NULL);
    REQUIRE(said != NULL);
    judge(said, batch->files);
    free(said);
    free(command);
    free(log);
    free(jobs);
}

TEST(musescore_opens_what_is_written_without_a_warning) {
    struct batch batch = {.is_whole = getenv("REPRISE_ENGRAVED") != NULL};
    char *damaged = sample_files_data("reference/delinearize", NULL);
    if (damaged == NULL || system("command -v mscore3 >/dev/null") != 0) {
        check_skip("needs the data and mscore3");
        free(damaged);
        return;
    }
    char *dev = sample_files_unpack("olimpic-synthetic/dev.tgz", "*.lmx");
    add_folder(&batch, damaged);
    if (dev != NULL) add_folder(&batch, dev);
    if (batch.files > 0 && !batch.jobs.failed) open_all(&batch);
    rp_text_clear(&batch.jobs);
    free(dev);
    free(damaged);
}
