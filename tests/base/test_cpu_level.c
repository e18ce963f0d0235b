/* test_cpu_level.c: the level that is found is what the kernel says of this processor. */
#include "base/compiler.h"
#include "base/cpu_level.h"
#include "check.h"

/* What each level needs, in the kernel's words, beyond those before it. */
static const struct need {
    rp_cpu_level level;
    const char *flag;
} needs[] = {
    {RP_CPU_V3, "avx2"},     {RP_CPU_V3, "fma"},
    {RP_CPU_V3, "bmi2"},     {RP_CPU_V4, "avx512f"},
    {RP_CPU_V4, "avx512bw"}, {RP_CPU_V4, "avx512vl"},
    {RP_CPU_V4, "avx512dq"}, {RP_CPU_V4_BF16, "avx512_bf16"},
};

/* The line `flags` of the first processor, with a blank at either end of each word. */
static bool read_flags(char *line, int size) {
    FILE *file = fopen("/proc/cpuinfo", "r");
    bool is_found = false;
    while (file != NULL && !is_found && fgets(line, size, file) != NULL)
        is_found = strncmp(line, "flags", 5) == 0;
    if (file != NULL) fclose(file);
    if (is_found) line[strcspn(line, "\n")] = ' ';
    return is_found;
}

TEST(the_level_is_the_highest_whose_instructions_the_kernel_names) {
    static char flags[1 << 14];
    if (!RP_HAVE_LEVELS || !read_flags(flags, sizeof flags)) {
        check_skip("no levels, or no flags in /proc/cpuinfo");
        return;
    }
    rp_cpu_level lowest_missing = RP_CPU_V4_BF16 + 1;
    for (size_t i = 0; i < RP_COUNT(needs); i++) {
        char word[40];
        snprintf(word, sizeof word, " %s ", needs[i].flag);
        if (strstr(flags, word) == NULL && needs[i].level < lowest_missing)
            lowest_missing = needs[i].level;
    }
    CHECK_INT(rp_cpu_level_find(), lowest_missing - 1);
}

TEST(the_levels_that_are_built_are_listed_best_first) {
    static const rp_cpu_level levels[] = {
#define RP_LEVEL(ending, level) level,
#include "base/cpu_levels.def"
#undef RP_LEVEL
    };
    for (size_t i = 1; i < RP_COUNT(levels); i++) CHECK(levels[i] < levels[i - 1]);
    CHECK_INT(levels[RP_COUNT(levels) - 1], RP_CPU_BASE);
}
