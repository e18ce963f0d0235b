#include <unistd.h>

#include "check.h"
#include "cli/nearest.h"
#include "cli/option.h"
#include "cli/terminal.h"

typedef struct values {
    const char *output, *flavor;
    bool json, verbose;
    int64_t threads, seed, page;
    double width, share;
} values;

static const rp_cli_option options[] = {
    {"output", 'o', RP_CLI_TEXT, "FILE", offsetof(values, output), "goes here"},
    {"flavor", 0, RP_CLI_TEXT, "full|lmx", offsetof(values, flavor), "what is compared"},
    {"json", 'j', RP_CLI_FLAG, NULL, offsetof(values, json), "say it as JSON"},
    {"verbose", 'v', RP_CLI_FLAG, NULL, offsetof(values, verbose), "say more"},
    {"threads", 't', RP_CLI_THREADS, "N", offsetof(values, threads), "at once"},
    {"seed", 0, RP_CLI_INTEGER, "N", offsetof(values, seed), "of the order"},
    {"page", 0, RP_CLI_INTEGER, "1..", offsetof(values, page), "of the document"},
    {"width", 0, RP_CLI_NUMBER, "PX", offsetof(values, width), "of the image"},
    {"share", 0, RP_CLI_NUMBER, "0..1", offsetof(values, share), "of the systems"},
};
static const values defaults = {.flavor = "full", .threads = 2, .width = 1.5};
static const rp_cli_verb verb = {.wing = "score",
                                 .name = "read",
                                 .inputs = "PAGE...",
                                 .inputs_min = 1,
                                 .inputs_max = 3,
                                 .summary = "read",
                                 .options = options,
                                 .option_count = RP_COUNT(options),
                                 .values_size = sizeof(values),
                                 .defaults = &defaults};

enum { WORDS_MAX = 8 };

typedef struct outcome {
    rp_status status;
    values values;
    rp_cli_words words;
    const char *inputs[WORDS_MAX];
    rp_error error;
} outcome;

/* Reads up to eight words; the list ends at the first NULL. */
static void parse(outcome *out, const char *const words[WORDS_MAX]) {
    int count = 0;
    while (count < WORDS_MAX && words[count] != NULL) count++;
    *out = (outcome){.words.inputs = out->inputs};
    out->words.inputs = out->inputs;
    out->status = rp_cli_option_parse(&out->values, &out->words, &verb, count, words, &out->error);
}

#define PARSE(out, ...) parse(out, (const char *const[WORDS_MAX]){__VA_ARGS__})

/* A verb of files, for what may not be written over. */
typedef struct paths {
    const char *output, *picture, *model;
} paths;

static const rp_cli_option path_options[] = {
    {"output", 'o', RP_CLI_OUTPUT, "FILE", offsetof(paths, output), "goes here"},
    {"picture", 'p', RP_CLI_OUTPUT, "FILE", offsetof(paths, picture), "a picture"},
    {"model", 'm', RP_CLI_INPUT, "FILE", offsetof(paths, model), "weights"},
};
static const rp_cli_verb path_verb = {.wing = "score",
                                      .name = "read",
                                      .inputs = "PAGE",
                                      .inputs_max = 1,
                                      .options = path_options,
                                      .option_count = RP_COUNT(path_options),
                                      .values_size = sizeof(paths)};

TEST(no_output_is_an_input_or_another_output) {
    static const struct {
        const char *words[5], *complaint; /* NULL: none */
    } rows[] = {
        {{"page", "-o", "./page"}, "--output: ./page is the input page; it would be written over"},
        {{"page", "-p", "link"}, "--picture: link is the input page; it would be written over"},
        {{"-m", "page", "-o", "page"},
         "--output: page is what --model reads; it would be written over"},
        {{"-o", "new", "-p", ".//new"}, "--output and --picture both write .//new"},
        {{"-o", "/dev/null", "-p", "/dev/null"}, NULL},
        {{"page", "-o", "new", "-p", "other"}, NULL},
        {{"page", "-o", "gone/new", "-p", "lost/new"}, NULL},
    };
    REQUIRE(chdir(check_scratch()) == 0);
    CHECK_INT(rp_new_file_write("page", "music", 5, NULL), RP_OK);
    REQUIRE(symlink("page", "link") == 0);
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        paths values;
        const char *inputs[5];
        rp_cli_words words = {.inputs = inputs};
        rp_error error = {0};
        int count = 0;
        while (count < 5 && rows[i].words[count] != NULL) count++;
        const rp_status status =
            rp_cli_option_parse(&values, &words, &path_verb, count, rows[i].words, &error);
        CHECK_INT(status, rows[i].complaint != NULL ? RP_USAGE : RP_OK);
        CHECK_TEXT(error.text, rows[i].complaint != NULL ? rows[i].complaint : "");
    }
}

TEST(defaults_hold_where_nothing_is_said) {
    outcome out;
    PARSE(&out, "page.png");
    CHECK_INT(out.status, RP_OK);
    CHECK_INT(out.values.threads, 2);
    CHECK_TEXT(out.values.flavor, "full");
    CHECK(out.values.width == 1.5 && !out.values.json && out.values.output == NULL);
    CHECK_INT(out.words.input_count, 1);
    CHECK_TEXT(out.words.inputs[0], "page.png");
}

TEST(every_spelling_of_an_option_is_understood_and_mixes_with_inputs) {
    static const char *const spellings[][WORDS_MAX] = {
        {"a", "--output", "x", "--json", "--threads", "7", "b"},
        {"--output=x", "a", "--json", "--threads=7", "b"},
        {"-ox", "-j", "-t7", "a", "b"},
        {"-o", "x", "a", "-jt", "7", "b"},
        {"-vjt7", "-ox", "a", "--", "b"},
    };
    for (size_t i = 0; i < RP_COUNT(spellings); i++) {
        outcome out;
        parse(&out, spellings[i]);
        CHECK_INT(out.status, RP_OK);
        CHECK_TEXT(out.values.output, "x");
        CHECK(out.values.json);
        CHECK_INT(out.values.threads, 7);
        REQUIRE(out.words.input_count == 2);
        CHECK_TEXT(out.words.inputs[0], "a");
        CHECK_TEXT(out.words.inputs[1], "b");
    }
}

TEST(the_ends_of_a_range_belong_to_it) {
    outcome out;
    PARSE(&out, "a", "--share", "1", "--page", "1");
    CHECK_INT(out.status, RP_OK);
    CHECK(out.values.share == 1 && out.values.page == 1);
    PARSE(&out, "a", "--share", "0", "--width", "-3");
    CHECK_INT(out.status, RP_OK);
}

TEST(words_after_two_dashes_and_a_lone_dash_are_inputs) {
    outcome out;
    PARSE(&out, "-", "--", "--json", "-o");
    CHECK_INT(out.status, RP_OK);
    REQUIRE(out.words.input_count == 3);
    CHECK_TEXT(out.words.inputs[0], "-");
    CHECK_TEXT(out.words.inputs[1], "--json");
    CHECK(!out.values.json);
}

TEST(a_value_may_begin_with_a_dash_or_be_empty) {
    outcome out;
    PARSE(&out, "a", "--width", "-1e3", "--output=");
    CHECK_INT(out.status, RP_OK);
    CHECK(out.values.width == -1000);
    CHECK_TEXT(out.values.output, "");
}

TEST(the_last_of_a_repeated_option_counts) {
    outcome out;
    PARSE(&out, "a", "-t1", "-t2", "--threads=3");
    CHECK_INT(out.values.threads, 3);
}

TEST(help_stops_the_reading_even_where_the_rest_is_wrong) {
    outcome out;
    PARSE(&out, "--help", "--nonsense");
    CHECK(out.status == RP_OK && out.words.help);
    PARSE(&out, "-h");
    CHECK(out.status == RP_OK && out.words.help);
}

TEST(each_mistake_is_one_line_that_says_what_to_do) {
    static const struct {
        const char *words[WORDS_MAX];
        const char *line;
    } mistakes[] = {
        {{"a", "--ouptut", "x"}, "there is no option --ouptut; did you mean --output?"},
        {{"a", "--thread=3"}, "there is no option --thread; did you mean --threads?"},
        {{"a", "--zzzzzz"}, "there is no option --zzzzzz; --help lists them"},
        {{"a", "-x"}, "there is no option -x; --help lists them"},
        {{"a", "-jx"}, "there is no option -x; --help lists them"},
        {{"a", "--output"}, "--output needs a value: --output FILE"},
        {{"a", "-o"}, "--output needs a value: --output FILE"},
        {{"a", "--json=yes"}, "--json takes no value"},
        {{"a", "--flavor", "ful"}, "--flavor: 'ful' is not one of full|lmx"},
        {{"a", "--flavor", "full|lmx"}, "--flavor: 'full|lmx' is not one of full|lmx"},
        {{"a", "--flavor", ""}, "--flavor: '' is not one of full|lmx"},
        {{"a", "--threads", "two"}, "--threads: 'two' is not a whole number"},
        {{"a", "--threads", "2.5"}, "--threads: '2.5' is not a whole number"},
        {{"a", "--threads="}, "--threads: '' is not a whole number"},
        {{"a", "--threads", "9223372036854775808"},
         "--threads: 9223372036854775808 is not between 0 and 1024"},
        {{"a", "--threads", "-1"}, "--threads: -1 is not between 0 and 1024"},
        {{"a", "--threads", "1025"}, "--threads: 1025 is not between 0 and 1024"},
        {{"a", "--seed", "4294967298"}, "--seed: 4294967298 is not between 0 and 2147483647"},
        {{"a", "--page", "0"}, "--page: 0 is not between 1 and 2147483647"},
        {{"a", "--share", "1.5"}, "--share: 1.5 is not between 0 and 1"},
        {{"a", "--share", "-1e-9"}, "--share: -1e-9 is not between 0 and 1"},
        {{"a", "--width", "wide"}, "--width: 'wide' is not a number"},
        {{"a", "--width", "nan"}, "--width: 'nan' is not a number"},
        {{"a", "--width", "1e999"}, "--width: 1e999 is too large"},
        {{"--json"}, "score read needs PAGE...; --help shows how"},
        {{"a", "b", "c", "d"}, "'d' is one word too many: reprise score read PAGE..."},
    };
    for (size_t i = 0; i < RP_COUNT(mistakes); i++) {
        outcome out;
        parse(&out, mistakes[i].words);
        CHECK_INT(out.status, RP_USAGE);
        CHECK_TEXT(out.error.text, mistakes[i].line);
    }
}

TEST(an_overlong_word_is_refused_without_harm) {
    static char word[4000] = "--";
    memset(word + 2, 'x', sizeof word - 3);
    outcome out;
    PARSE(&out, word);
    CHECK_INT(out.status, RP_USAGE);
    CHECK(strlen(out.error.text) < 200);
}

TEST(distance_counts_single_edits_and_swaps) {
    static const struct {
        const char *a, *b;
        unsigned distance;
    } rows[] = {{"", "", 0},         {"abc", "", 3},          {"read", "raed", 1},
                {"read", "red", 1},  {"train", "trains", 1},  {"kitten", "sitting", 3},
                {"moons", "moo", 2}, {"recover", "cover", 2}, {"ab", "ba", 1}};
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        CHECK_INT(rp_cli_nearest_distance(rows[i].a, rows[i].b), rows[i].distance);
        CHECK_INT(rp_cli_nearest_distance(rows[i].b, rows[i].a), rows[i].distance);
    }
}

TEST(the_bar_fits_its_columns_and_shows_the_time_left) {
    char bar[RP_CLI_BAR_MAX];
    rp_cli_terminal_bar(bar, 80, "reading", 2, 5, 65);
    CHECK_TEXT(bar, "reading [########............]  40 %, 1:05 left");
    rp_cli_terminal_bar(bar, 80, "reading", 5, 5, -1);
    CHECK_TEXT(bar, "reading [####################] 100 %");
    rp_cli_terminal_bar(bar, 80, "reading", 9, 5, 4000);
    CHECK_TEXT(bar, "reading [####################] 100 %, 1:06:40 left");
    rp_cli_terminal_bar(bar, 80, "scanning", 12, 0, -1);
    CHECK_TEXT(bar, "scanning 12");
    for (int columns = 1; columns < 400; columns++) {
        rp_cli_terminal_bar(bar, columns, "a rather long name of what is going on here", 1, 3, 1e9);
        CHECK(strlen(bar) < RP_CLI_BAR_MAX);
        if (columns > 30) CHECK((int)strlen(bar) < columns);
    }
}
