/* build_record.c: see build_record.h. */
#include "score/build/build_record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mapped_file.h"

enum { HEX_DIGITS = (RP_LMX_COUNT + 3) / 4 };

void rp_build_record_begin(rp_text *text, const char *signature) {
    rp_text_format(text, "reprise-dataset 1 %s\n", signature);
}

void rp_build_record_add_sample(rp_text *text, const rp_build_sample *sample) {
    rp_text_format(text, "sample %s %d %d %s\n", sample->name, sample->width, sample->tokens,
                   sample->edges);
}

void rp_build_record_add_problem(rp_text *text, const char *format, ...) {
    char problem[RP_ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem, sizeof problem, format, arguments);
    va_end(arguments);
    rp_text_format(text, "problem %.*s\n", (int)strcspn(problem, "\n"), problem);
}

void rp_build_record_end(rp_text *text, const bool has_token[RP_LMX_COUNT]) {
    rp_text_add(text, "tokens ");
    for (size_t digit = 0; digit < HEX_DIGITS; digit++) {
        unsigned bits = 0;
        for (size_t i = 4 * digit; i < 4 * digit + 4 && i < RP_LMX_COUNT; i++)
            bits = bits << 1 | has_token[i];
        rp_text_format(text, "%x", bits);
    }
    rp_text_add_char(text, '\n');
}

static bool read_tokens(rp_build_record *record, const char *hex) {
    if (strlen(hex) != HEX_DIGITS || strspn(hex, "0123456789abcdef") != HEX_DIGITS) return false;
    for (size_t i = 0; i < RP_LMX_COUNT; i++) {
        const char letter[2] = {hex[i / 4], 0};
        const size_t digit = i / 4, rest = RP_LMX_COUNT - 4 * digit;
        const size_t used = rest < 4 ? rest : 4; /* the last digit may hold fewer */
        record->has_token[i] = strtoul(letter, NULL, 16) >> (used - 1 - i % 4) & 1;
    }
    return true;
}

static bool read_sample(rp_build_record *record, char *words) {
    rp_build_sample *sample = &record->samples[record->sample_count];
    char *rest = NULL;
    const char *name = strtok_r(words, " ", &rest), *width = strtok_r(NULL, " ", &rest);
    const char *tokens = strtok_r(NULL, " ", &rest);
    if (tokens == NULL) return false;
    *sample = (rp_build_sample){.name = name,
                                .width = (int32_t)strtol(width, NULL, 10),
                                .tokens = (int32_t)strtol(tokens, NULL, 10),
                                .edges = rest != NULL ? rest : ""};
    record->sample_count++;
    return true;
}

static size_t count_lines(const char *text) {
    size_t lines = 1;
    for (; *text != 0; text++) lines += *text == '\n';
    return lines;
}

/* Reads the lines behind the first; true when the last one, `tokens`, was among them. */
static bool read_lines(rp_build_record *record, char *text) {
    bool is_whole = false;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "sample ", 7) == 0 && !read_sample(record, line + 7)) return false;
        if (strncmp(line, "problem ", 8) == 0) record->problems[record->problem_count++] = line + 8;
        if (strncmp(line, "tokens ", 7) == 0) is_whole = read_tokens(record, line + 7);
    }
    return is_whole;
}

bool rp_build_record_read(rp_build_record *record, const char *path, const char *signature,
                          rp_arena *arena) {
    rp_mapped_file file;
    *record = (rp_build_record){0};
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return false;
    char *text = rp_arena_text(arena, (const char *)file.data, file.size);
    char *first = rp_arena_format(arena, "reprise-dataset 1 %s\n", signature);
    rp_mapped_file_close(&file);
    if (text == NULL || first == NULL || strncmp(text, first, strlen(first)) != 0) return false;
    const size_t lines = count_lines(text);
    record->samples = rp_arena_array(arena, lines, sizeof *record->samples);
    record->problems = rp_arena_array(arena, lines, sizeof *record->problems);
    if (record->samples == NULL || record->problems == NULL) return false;
    return read_lines(record, text + strlen(first));
}
