/* pdf_page.c: see pdf_page.h. pdftoppm writes a PGM: "P5\n", width, height, "255", then rows. */
#include "page/pdf_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/clock.h"

static const size_t memory_bytes_max = (size_t)2 << 30;
enum { SECONDS_MAX = 60, PATH_BYTES_MAX = 4096, INFO_BYTES_MAX = 1 << 16 };

bool rp_page_pdf_is(const uint8_t *bytes, size_t size) {
    return size > 5 && memmem(bytes, size < 1024 ? size : 1024, "%PDF-", 5) != NULL;
}

/* A path that no program takes for an option. */
static rp_status safe_path(char safe[PATH_BYTES_MAX], const char *path, rp_error *error) {
    const int length = snprintf(safe, PATH_BYTES_MAX, "%s%s", path[0] == '-' ? "./" : "", path);
    if (length < 0 || length >= PATH_BYTES_MAX)
        return rp_fail(error, RP_INPUT, 0, "a path of %zu bytes is too long", strlen(path));
    return RP_OK;
}

/* What poppler complained of, in our words where they are clearer. */
static rp_status say_why(const char *name, const rp_text *complaints, rp_error *error) {
    const char *words = complaints->data != NULL ? complaints->data : "";
    if (strstr(words, "password") != NULL)
        return rp_fail(error, RP_INPUT, 0,
                       "%s: the PDF is encrypted; remove its password first (qpdf --decrypt)",
                       name);
    if (strstr(words, "age range") != NULL)
        return rp_fail(error, RP_INPUT, 0, "%s: the PDF has no pages", name);
    const size_t length = strcspn(words, "\n");
    return rp_fail(error, RP_INPUT, 0, "%s: PDF: %.*s; copy it again or print it to a new PDF",
                   name, (int)(length < 160 ? length : 160),
                   length > 0 ? words : "it cannot be read");
}

static rp_status run(rp_text *output, rp_text *complaints, const char *const *arguments,
                     const char *name, size_t output_bytes_max, rp_error *error) {
    int exit_status = 0;
    const rp_child child = {.arguments = arguments,
                            .package = "poppler-utils",
                            .output_bytes_max = output_bytes_max,
                            .seconds_max = SECONDS_MAX,
                            .memory_bytes_max = memory_bytes_max};
    const double started = rp_clock_seconds();
    rp_status status = rp_child_run(&child, output, complaints, &exit_status, error);
    /* Too long or too much is the file's doing: of a folder the others go on. */
    if (status == RP_SYSTEM &&
        (output->length >= output_bytes_max || rp_clock_seconds() - started >= SECONDS_MAX))
        status = rp_fail(error, RP_INPUT, 0, "%s: PDF: %s wrote too much or took too long", name,
                         arguments[0]);
    if (status == RP_OK && exit_status != 0) status = say_why(name, complaints, error);
    return status;
}

rp_status rp_page_pdf_count(uint32_t *pages, const char *path, rp_error *error) {
    char safe[PATH_BYTES_MAX];
    RP_TRY(safe_path(safe, path, error));
    const char *const arguments[] = {"pdfinfo", safe, NULL};
    rp_text text = {0}, complaints = {0};
    rp_status status = run(&text, &complaints, arguments, path, INFO_BYTES_MAX, error);
    const char *line = text.data != NULL ? strstr(text.data, "\nPages:") : NULL;
    if (line == NULL && text.data != NULL && strncmp(text.data, "Pages:", 6) == 0)
        line = text.data - 1; /* only its position after the newline is used */
    const long count = line != NULL ? strtol(line + 7, NULL, 10) : 0;
    if (status == RP_OK && count < 1)
        status = rp_fail(error, RP_INPUT, 0, "%s: the PDF has no pages", path);
    if (status == RP_OK) *pages = count > 100000 ? 100000 : (uint32_t)count;
    rp_text_clear(&text);
    rp_text_clear(&complaints);
    return status;
}

/* Dots an inch at which a page is drawn: 300, unless it is larger than any sheet, as the pages of
 * programs that write a scan's pixels as points are. */
static int page_resolution(const char *safe, const char *number) {
    enum { DPI = 300, POINTS_AN_INCH = 72, SIDE_USUAL_MAX = 10000, SIDE_LOWERED = 5000 };
    const char *const arguments[] = {"pdfinfo", "-f", number, "-l", number, safe, NULL};
    rp_text text = {0}, complaints = {0};
    double width = 0, height = 0;
    const rp_status status = run(&text, &complaints, arguments, safe, INFO_BYTES_MAX, NULL);
    const char *size = status == RP_OK && text.data != NULL ? strstr(text.data, " size:") : NULL;
    if (size == NULL || sscanf(size, " size: %lf x %lf", &width, &height) != 2) width = height = 0;
    rp_text_clear(&text);
    rp_text_clear(&complaints);
    const double longer = width > height ? width : height;
    if (longer * DPI / POINTS_AN_INCH <= SIDE_USUAL_MAX) return DPI;
    const double lowered = SIDE_LOWERED * POINTS_AN_INCH / longer;
    return lowered < 1 ? 1 : (int)lowered;
}

/* Reads the three numbers of a PGM header; returns where the rows start, 0 when it is none. */
static size_t pgm_header(const rp_text *text, int *width, int *height) {
    int most = 0, used = 0;
    if (text->data == NULL ||
        sscanf(text->data, "P5 %9d %9d %9d%n", width, height, &most, &used) != 3 || most != 255)
        return 0;
    return (size_t)used + 1; /* one byte of white space ends the header */
}

/* The rows of the PGM as an image. */
static rp_status take_pgm(rp_page_image *image, rp_arena *arena, const rp_text *pgm,
                          const char *name, rp_error *error) {
    int width = 0, height = 0;
    const size_t start = pgm_header(pgm, &width, &height);
    if (start == 0)
        return rp_fail(error, RP_INPUT, 0, "%s: PDF: it cannot be drawn; copy it again", name);
    RP_TRY(rp_page_image_make(image, arena, width, height, name, error));
    if (pgm->length - start < (size_t)width * (size_t)height)
        return rp_fail(error, RP_INPUT, 0, "%s: PDF: what was drawn is cut short", name);
    for (int y = 0; y < height; y++)
        memcpy(image->data + (size_t)y * image->stride,
               pgm->data + start + (size_t)y * (size_t)width, (size_t)width);
    return RP_OK;
}

static bool is_white(const rp_page_image *image) {
    for (int32_t y = 0; y < image->height; y++) {
        const uint8_t *row = image->data + (size_t)y * image->stride;
        for (int32_t x = 0; x < image->width; x++)
            if (row[x] != 255) return false;
    }
    return true;
}

rp_status rp_page_pdf_draw(rp_page_image *image, rp_arena *arena, const rp_page_pdf *pdf,
                           uint32_t page, rp_error *error) {
    char safe[PATH_BYTES_MAX], number[16], dpi[16];
    RP_TRY(safe_path(safe, pdf->path, error));
    snprintf(number, sizeof number, "%u", page + 1);
    snprintf(dpi, sizeof dpi, "%d", page_resolution(safe, number));
    const char *const arguments[] = {"pdftoppm", "-r", dpi,    "-gray", "-f",
                                     number,     "-l", number, safe,    NULL};
    rp_text pgm = {0}, complaints = {0};
    rp_page_image made = {0};
    rp_status status =
        run(&pgm, &complaints, arguments, pdf->name, (size_t)RP_PAGE_PIXELS_MAX + 100, error);
    if (status == RP_OK) status = take_pgm(&made, arena, &pgm, pdf->name, error);
    if (status == RP_OK && complaints.length > 0 && strstr(complaints.data, "Error") != NULL &&
        is_white(&made))
        status = say_why(pdf->name, &complaints, error);
    if (status == RP_OK) *image = made;
    rp_text_clear(&pgm);
    rp_text_clear(&complaints);
    return status;
}
