#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "base/new_file.h"
#include "check.h"

TEST(a_file_appears_only_at_commit) {
    char path[512];
    snprintf(path, sizeof path, "%s/out.txt", check_scratch());
    rp_new_file file;
    rp_mapped_file mapped;
    REQUIRE(rp_new_file_open(&file, path, NULL) == RP_OK);
    fputs("half", file.stream);
    CHECK_INT(rp_mapped_file_open(&mapped, path, NULL), RP_INPUT);
    rp_new_file_abandon(&file);
    CHECK_INT(rp_mapped_file_open(&mapped, path, NULL), RP_INPUT);
    CHECK_INT(rp_new_file_write(path, "whole", 5, NULL), RP_OK);
    REQUIRE(rp_mapped_file_open(&mapped, path, NULL) == RP_OK);
    CHECK(mapped.size == 5 && memcmp(mapped.data, "whole", 5) == 0);
    rp_mapped_file_close(&mapped);
}

static void check_text(const char *path, const char *text) {
    rp_mapped_file mapped;
    REQUIRE(rp_mapped_file_open(&mapped, path, NULL) == RP_OK);
    CHECK(mapped.size == strlen(text) && memcmp(mapped.data, text, mapped.size) == 0);
    rp_mapped_file_close(&mapped);
}

TEST(a_link_stays_a_link_and_a_pipe_a_pipe) {
    char path[512], link[512], pipe[512], text[8];
    struct stat there;
    snprintf(path, sizeof path, "%s/target.txt", check_scratch());
    snprintf(link, sizeof link, "%s/link.txt", check_scratch());
    snprintf(pipe, sizeof pipe, "%s/pipe", check_scratch());
    CHECK_INT(rp_new_file_write(path, "old", 3, NULL), RP_OK);
    REQUIRE(symlink("target.txt", link) == 0 && mkfifo(pipe, 0600) == 0);
    CHECK_INT(rp_new_file_write(link, "new", 3, NULL), RP_OK);
    CHECK(lstat(link, &there) == 0 && S_ISLNK(there.st_mode));
    check_text(path, "new");
    const int end = open(pipe, O_RDONLY | O_NONBLOCK);
    REQUIRE(end >= 0);
    CHECK_INT(rp_new_file_write(pipe, "through", 7, NULL), RP_OK);
    CHECK(lstat(pipe, &there) == 0 && S_ISFIFO(there.st_mode));
    CHECK(read(end, text, sizeof text) == 7 && memcmp(text, "through", 7) == 0);
    close(end);
}

/* The mask belongs to the process: a thread that changes it to ask for it is seen by others. */
static void *open_many(void *folder) {
    for (int i = 0; i < 2000; i++) {
        char path[512];
        rp_new_file file;
        snprintf(path, sizeof path, "%s/many", (const char *)folder);
        if (rp_new_file_open(&file, path, NULL) == RP_OK) rp_new_file_abandon(&file);
    }
    return NULL;
}

TEST(threads_that_open_files_leave_the_mask_as_it_was) {
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    char path[512];
    struct stat there;
    const mode_t before = umask(027);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, open_many, (void *)check_scratch()) == 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    snprintf(path, sizeof path, "%s/rights.txt", check_scratch());
    CHECK_INT(rp_new_file_write(path, "", 0, NULL), RP_OK);
    CHECK(stat(path, &there) == 0 && (there.st_mode & 0777) == 0640);
    CHECK(umask(before) == 027);
}

TEST(a_missing_folder_and_a_directory_are_said) {
    rp_error error = {0};
    rp_mapped_file mapped;
    CHECK_INT(rp_new_file_write("/nowhere/at/all", "", 0, &error), RP_SYSTEM);
    CHECK(strstr(error.text, "No such file") != NULL);
    CHECK_INT(rp_new_file_write(check_scratch(), "", 0, &error), RP_SYSTEM);
    CHECK(strstr(error.text, "directory") != NULL);
    CHECK_INT(rp_mapped_file_open(&mapped, "/", &error), RP_INPUT);
    CHECK(strstr(error.text, "directory") != NULL);
}
