#include "base/work_folder.h"

#include <unistd.h>

#include "base/new_file.h"
#include "check.h"
#include "reprise/reprise.h"

TEST(a_work_folder_goes_with_all_files_in_it) {
    rp_work_folder one, other;
    char path[RP_WORK_FOLDER_BYTES + 16];
    REQUIRE(rp_work_folder_make(&one, NULL) == RP_OK);
    REQUIRE(rp_work_folder_make(&other, NULL) == RP_OK);
    CHECK(strcmp(one.path, other.path) != 0);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%d.txt", one.path, i);
        CHECK(rp_new_file_write(path, "x", 1, NULL) == RP_OK);
    }
    rp_work_folder_remove(&one);
    CHECK(access(one.path, F_OK) != 0);
    CHECK(access(other.path, F_OK) == 0);
    rp_work_folder_remove(&other);
    CHECK(access(other.path, F_OK) != 0);
}
