/* dataset_preview.c: see dataset_preview.h. */
#include "score/build/dataset_preview.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mapped_file.h"
#include "base/text.h"

enum { PATH_BYTES = 4096, PROBLEM_BYTES_MAX = 1 << 20 };

static const char sheet_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title><style>\n"
    "body{font:14px/1.4 sans-serif;margin:2em;color:#222;background:#fff}\n"
    "figure{margin:0 0 2em;border-top:1px solid #ccc;padding-top:.5em}\n"
    "figcaption{font-weight:bold}.staff{position:relative;display:inline-block}\n"
    ".staff img{height:256px;display:block}.staff i{position:absolute;top:0;bottom:0;width:1px;\n"
    "background:#d33}.lmx{font:12px monospace;overflow-wrap:anywhere}.m{color:#d33}\n"
    "</style></head><body>\n";

static void add_escaped(rp_text *html, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '&') rp_text_add(html, "&amp;");
        else if (text[i] == '<') rp_text_add(html, "&lt;");
        else if (text[i] == '>') rp_text_add(html, "&gt;");
        else if (text[i] == '"') rp_text_add(html, "&quot;");
        else rp_text_add_char(html, text[i]);
    }
}

/* A path as a reference: all but letters, digits and a few signs as %XX (RFC 3986). */
static void add_reference(rp_text *html, const char *path, size_t length) {
    for (size_t i = 0; i < length; i++) {
        const unsigned char letter = (unsigned char)path[i];
        if (isalnum(letter) || strchr("/-._~", letter) != NULL)
            rp_text_add_char(html, (char)letter);
        else rp_text_format(html, "%%%02X", letter);
    }
}

/* The label, its measures marked. */
static void add_label(rp_text *html, const char *output, const char *name, size_t length) {
    static const char mark[] = "measure";
    char path[PATH_BYTES];
    rp_mapped_file file;
    snprintf(path, sizeof path, "%s/%.*s.lmx", output, (int)length, name);
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return;
    const char *at = (const char *)file.data, *end = at + file.size;
    rp_text_add(html, "<div class=\"lmx\">");
    while (at < end) {
        const char *blank = memchr(at, ' ', (size_t)(end - at));
        const size_t word = (size_t)((blank != NULL ? blank : end) - at);
        const bool is_measure = word == sizeof mark - 1 && memcmp(at, mark, word) == 0;
        if (is_measure) rp_text_add(html, "<br><b class=\"m\">measure</b>");
        else add_escaped(html, at, word);
        rp_text_add_char(html, ' ');
        at += word + 1;
    }
    rp_text_add(html, "</div>");
    rp_mapped_file_close(&file);
}

/* Red lines at the edges of the measures, from the list in memory. */
static void add_edges(rp_text *html, const rp_mapped_file *list, const char *name, size_t length) {
    if (list->size == 0) return; /* no measures are known: data is NULL */
    const char *at = (const char *)list->data, *end = at + list->size;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) stop = end;
        if ((size_t)(stop - at) > length && memcmp(at, name, length) == 0 && at[length] == ' ') {
            char line[PATH_BYTES], *word = line;
            snprintf(line, sizeof line, "%.*s", (int)(stop - at - (ptrdiff_t)length), at + length);
            for (char *rest; (void)strtod(word, &rest), rest != word; word = rest)
                rp_text_format(html, "<i style=\"left:%.1fpx\"></i>", strtod(word, NULL));
            return;
        }
        at = stop + 1;
    }
}

static void add_sample(rp_text *html, const char *output, const rp_mapped_file *edges,
                       const char *name, size_t length) {
    rp_text_add(html, "<figure><figcaption>");
    add_escaped(html, name, length);
    rp_text_add(html, "</figcaption><div class=\"staff\"><img loading=\"lazy\" alt=\"\" src=\"");
    add_reference(html, name, length);
    rp_text_add(html, ".png\">");
    add_edges(html, edges, name, length);
    rp_text_add(html, "</div>");
    add_label(html, output, name, length);
    rp_text_add(html, "</figure>\n");
}

static size_t count_lines(const rp_mapped_file *file) {
    size_t lines = 0;
    for (size_t i = 0; i < file->size; i++) lines += file->data[i] == '\n';
    return lines;
}

static void add_samples(rp_text *html, const char *output, const rp_mapped_file *names,
                        const rp_mapped_file *edges) {
    const size_t lines = count_lines(names);
    const size_t shown =
        lines < RP_DATASET_PREVIEW_SAMPLES_MAX ? lines : RP_DATASET_PREVIEW_SAMPLES_MAX;
    const char *at = (const char *)names->data, *end = at + names->size;
    for (size_t line = 0, next = 0; at < end && next < shown; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) stop = end;
        if (line == next * lines / shown) {
            add_sample(html, output, edges, at, (size_t)(stop - at));
            next++;
        }
        at = stop + 1;
    }
}

static rp_mapped_file open_list(const char *output, const char *kind, const char *split) {
    char path[PATH_BYTES];
    rp_mapped_file file = {0};
    snprintf(path, sizeof path, "%s/%s.%s.txt", output, kind, split);
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) file = (rp_mapped_file){0};
    return file;
}

rp_status rp_dataset_preview_write(const char *output, const char *split, rp_error *error) {
    char path[PATH_BYTES];
    rp_text html = {0}, title = {0};
    rp_mapped_file names = open_list(output, "samples", split);
    rp_mapped_file edges = open_list(output, "measures", split);
    rp_mapped_file problems = open_list(output, "problems", split);
    add_escaped(&title, split, strlen(split));
    rp_text_format(&html, sheet_head, title.data != NULL ? title.data : "");
    rp_text_format(&html, "<h1>%s: %zu systems</h1>\n", title.data != NULL ? title.data : "",
                   count_lines(&names));
    add_samples(&html, output, &names, &edges);
    rp_text_add(&html, "<h2>Left out</h2><pre>");
    if (problems.size > 0)
        add_escaped(&html, (const char *)problems.data,
                    problems.size < PROBLEM_BYTES_MAX ? problems.size : PROBLEM_BYTES_MAX);
    rp_text_add(&html, "</pre></body></html>\n");
    snprintf(path, sizeof path, "%s/preview.%s.html", output, split);
    const rp_status status = html.failed || title.failed
                                 ? rp_fail_memory(error, "a sheet")
                                 : rp_new_file_write(path, html.data, html.length, error);
    rp_mapped_file_close(&names);
    rp_mapped_file_close(&edges);
    rp_mapped_file_close(&problems);
    rp_text_clear(&html);
    rp_text_clear(&title);
    return status;
}
