/* test_in_place.c: mending a file in place can be taken back, whatever happens in between; a new
 * file is whole or absent, whenever the program is killed and however full the disk is. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/new_file.h"
#include "base/random.h"
#include "check.h"
#include "reprise/video.h"
#include "video/clip_judge.h"

enum { SONY = 0, IPHONE = 5, KILLS = 12 };

struct scene {
    struct clip clip, other;
    struct clip_broken broken;
    char folder[300], path[400], undo[410], reference[400], output[400];
};

static bool make_scene(struct scene *scene, size_t recipe, const char *name) {
    const char *why = clip_make(&scene->clip, recipe, 'A', check_scratch());
    if (why == NULL) why = clip_make(&scene->other, recipe, 'B', check_scratch());
    if (why != NULL) {
        check_skip(why);
        return false;
    }
    scene->broken = clip_without_index(&scene->clip);
    snprintf(scene->folder, sizeof scene->folder, "%s/%s", check_scratch(), name);
    mkdir(scene->folder, 0777);
    snprintf(scene->path, sizeof scene->path, "%s/broken.mp4", scene->folder);
    snprintf(scene->undo, sizeof scene->undo, "%s.undo", scene->path);
    snprintf(scene->reference, sizeof scene->reference, "%s/reference.mp4", scene->folder);
    snprintf(scene->output, sizeof scene->output, "%s/output.mp4", scene->folder);
    return rp_new_file_write(scene->path, scene->broken.bytes, scene->broken.size, NULL) == RP_OK &&
           rp_new_file_write(scene->reference, scene->other.bytes, scene->other.size, NULL) ==
               RP_OK;
}

static void clear_scene(struct scene *scene) {
    clip_clear(&scene->clip);
    clip_clear(&scene->other);
    clip_broken_clear(&scene->broken);
}

static rp_status recover(const struct scene *scene, bool in_place, rp_error *error) {
    const rp_video_recover_options options = {.reference = scene->reference,
                                              .output = in_place ? NULL : scene->output,
                                              .in_place = in_place};
    rp_video_report *report = NULL;
    const rp_status status = rp_video_recover(&report, scene->path, &options, error);
    rp_video_report_destroy(report);
    return status;
}

static bool holds(const char *path, const uint8_t *bytes, size_t size) {
    rp_text text = {0};
    const bool same =
        clip_read_file(&text, path) && text.length == size && memcmp(text.data, bytes, size) == 0;
    rp_text_clear(&text);
    return same;
}

static bool is_broken_again(const struct scene *scene) {
    return holds(scene->path, scene->broken.bytes, scene->broken.size);
}

static bool is_whole(const struct scene *scene, const char *path) {
    char why[300] = "";
    const struct clip_kept kept = {.to = scene->clip.payload_end};
    rp_text text = {0};
    const bool whole = clip_read_file(&text, path) &&
                       clip_is_recovered(why, sizeof why, &scene->clip, &kept, &text, NULL);
    rp_text_clear(&text);
    return whole;
}

static void mend_and_take_back(size_t recipe, const char *name) {
    struct scene scene = {0};
    rp_error error = {0};
    if (make_scene(&scene, recipe, name)) {
        const rp_status status = recover(&scene, true, &error);
        if (status != RP_OK && status != RP_NO) check_failed(__FILE__, __LINE__, "%s", error.text);
        CHECK(is_whole(&scene, scene.path));
        CHECK(access(scene.undo, F_OK) == 0);
        /* A second time would write over the way back. */
        CHECK(recover(&scene, true, &error) != RP_OK);
        CHECK(rp_video_undo(scene.path, NULL) == RP_OK);
        CHECK(is_broken_again(&scene));
        CHECK(access(scene.undo, F_OK) != 0);
        CHECK(rp_video_undo(scene.path, &error) == RP_INPUT);
    }
    clear_scene(&scene);
}

TEST(a_file_mended_in_place_is_whole_and_can_be_taken_back) {
    mend_and_take_back(SONY, "sony");
    mend_and_take_back(IPHONE, "iphone");
}

/* ---- killed at any moment ---- */

/* Starts the recovery in a child and kills it after `wait_us`. */
static void recover_and_kill(const struct scene *scene, bool in_place, unsigned wait_us) {
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) _exit(recover(scene, in_place, NULL));
    usleep(wait_us);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

TEST(killed_in_place_at_any_moment_it_can_be_taken_back) {
    struct scene scene = {0};
    rp_random random = rp_random_make(1, 1);
    if (!make_scene(&scene, SONY, "killed")) return;
    for (int i = 0; i < KILLS; i++) {
        recover_and_kill(&scene, true, rp_random_below(&random, 120000));
        if (access(scene.undo, F_OK) == 0) CHECK(rp_video_undo(scene.path, NULL) == RP_OK);
        CHECK(is_broken_again(&scene));
    }
    clear_scene(&scene);
}

TEST(killed_at_any_moment_an_output_is_whole_or_absent) {
    struct scene scene = {0};
    rp_random random = rp_random_make(2, 2);
    if (!make_scene(&scene, SONY, "killed-output")) return;
    for (int i = 0; i < KILLS; i++) {
        unlink(scene.output);
        recover_and_kill(&scene, false, rp_random_below(&random, 120000));
        if (access(scene.output, F_OK) == 0) CHECK(is_whole(&scene, scene.output));
        CHECK(is_broken_again(&scene));
    }
    clear_scene(&scene);
}

/* ---- a full disk ---- */

/* No file may grow beyond `limit` bytes, as on a full disk. */
static int recover_with_limit(const struct scene *scene, bool in_place, rlim_t limit) {
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit limits = {.rlim_cur = limit, .rlim_max = limit};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limits);
        _exit(recover(scene, in_place, NULL));
    }
    int state = 0;
    waitpid(child, &state, 0);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

static size_t count_files(const char *folder) {
    size_t count = 0;
    DIR *list = opendir(folder);
    if (list == NULL) return 0;
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

TEST(a_full_disk_is_reported_and_cleaned_up) {
    struct scene scene = {0};
    if (!make_scene(&scene, SONY, "full")) return;
    const size_t files = count_files(scene.folder);
    CHECK_INT(recover_with_limit(&scene, false, scene.broken.size / 2), RP_SYSTEM);
    CHECK_INT(count_files(scene.folder), files);
    CHECK_INT(recover_with_limit(&scene, false, scene.broken.size + 200), RP_SYSTEM);
    CHECK_INT(count_files(scene.folder), files);
    CHECK(is_broken_again(&scene));
    CHECK_INT(recover_with_limit(&scene, true, scene.broken.size + 200), RP_SYSTEM);
    CHECK_INT(count_files(scene.folder), files);
    CHECK(is_broken_again(&scene));
    clear_scene(&scene);
}

TEST(undo_files_of_others_are_refused) {
    struct scene scene = {0};
    rp_error error = {0};
    if (!make_scene(&scene, IPHONE, "refused")) return;
    REQUIRE(rp_new_file_write(scene.undo, "nonsense", 8, NULL) == RP_OK);
    CHECK(rp_video_undo(scene.path, &error) == RP_INPUT);
    uint8_t longer[28] = "reprise undo 1\n";
    longer[18] = 0xff; /* the file was larger */
    REQUIRE(rp_new_file_write(scene.undo, longer, sizeof longer, NULL) == RP_OK);
    CHECK(rp_video_undo(scene.path, &error) == RP_INPUT);
    longer[18] = 0;
    longer[22] = 0xff; /* the file was shorter, but no index follows */
    REQUIRE(rp_new_file_write(scene.undo, longer, sizeof longer, NULL) == RP_OK);
    CHECK(rp_video_undo(scene.path, &error) == RP_INPUT);
    CHECK(is_broken_again(&scene));
    clear_scene(&scene);
}

/* ---- verification ---- */

TEST(a_recovered_file_decodes_and_a_damaged_one_is_told) {
    struct scene scene = {0};
    rp_error error = {0};
    rp_video_report *report = NULL;
    if (!make_scene(&scene, IPHONE, "verify")) return;
    CHECK(rp_video_verify(&report, scene.reference, &error) == RP_OK);
    CHECK(report != NULL && strstr(rp_video_report_text(report), "without an error") != NULL);
    rp_video_report_destroy(report);
    for (size_t i = 0; i < 4000; i++)
        scene.other.bytes[scene.other.payload_at + (scene.other.size / 3) + i] ^= 0x5a;
    REQUIRE(rp_new_file_write(scene.reference, scene.other.bytes, scene.other.size, NULL) == RP_OK);
    CHECK(rp_video_verify(&report, scene.reference, &error) == RP_NO);
    CHECK(report != NULL && strstr(rp_video_report_json(report), "\"errors\"") != NULL);
    rp_video_report_destroy(report);
    CHECK(rp_video_verify(&report, scene.path, &error) == RP_INPUT);
    clear_scene(&scene);
}
