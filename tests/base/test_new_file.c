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

TEST(a_missing_folder_and_a_directory_are_said) {
    rp_error error = {0};
    rp_mapped_file mapped;
    CHECK_INT(rp_new_file_write("/nowhere/at/all", "", 0, &error), RP_SYSTEM);
    CHECK(strstr(error.text, "No such file") != NULL);
    CHECK_INT(rp_mapped_file_open(&mapped, "/", &error), RP_INPUT);
    CHECK(strstr(error.text, "directory") != NULL);
}
