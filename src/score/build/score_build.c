/* score_build.c: see score_build.h. */
#include "score/build/score_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "music/musescore.h"
#include "music/musescore_mend.h"
#include "music/music_file.h"
#include "page/png_image.h"
#include "score/build/build_record.h"
#include "score/build/engraved_page.h"
#include "score/build/sample_cut.h"
#include "score/build/sample_files.h"
#include "score/build/system_labels.h"
#include "score/build/verovio.h"

enum { PATH_BYTES = 4096, PAGES_MAX = 999 };
static const uint64_t free_bytes_min = (uint64_t)32 << 20; /* less counts as a full disk */

/* What is known of the score while its pages are worked through. */
typedef struct builder {
    const rp_score_build *build;
    rp_arena *arena; /* of the score */
    rp_arena page_arena;
    rp_text *record;
    rp_system_labels labels;
    rp_engraved_measures measures;
    rp_engraved_page *pages; /* of Verovio, whose breaks must be known before there are labels */
    int page_count;
} builder;

/* ---- MuseScore ---- */

/* A link with a plain name to the score: what is odd in its real one is no business of Qt's. */
static rp_status link_score(char *link_name, const rp_score_build *build, rp_error *error) {
    char real[PATH_BYTES];
    const char *ending = strrchr(build->path, '.');
    if (realpath(build->path, real) == NULL || access(real, R_OK) != 0)
        return rp_fail(error, RP_INPUT, 0, "%s: no such file, or not readable", build->path);
    if (ending == NULL || strchr(ending, '/') != NULL || strlen(ending) > 16)
        return rp_fail(error, RP_INPUT, 0, "%s: the name has no ending to know it by", build->path);
    snprintf(link_name, PATH_BYTES, "%s/in%s", build->work, ending);
    if (symlink(real, link_name) != 0) return rp_fail_errno(error, "%s", link_name);
    return RP_OK;
}

/* Is the disk full? Then MuseScore's silence has a cause that is no fault of the score. */
static rp_status check_disk(const char *folder, rp_error *error) {
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0) return RP_OK;
    if ((uint64_t)disk.f_bavail * disk.f_frsize >= free_bytes_min) return RP_OK;
    return rp_fail(error, RP_SYSTEM, 0, "%s: the disk is full; free some and run it again", folder);
}

static rp_status export_score(const rp_score_build *build, const char *from,
                              const char *const *outputs, size_t count, rp_error *error) {
    const rp_musescore_export job = {.from = from,
                                     .folder = build->work,
                                     .outputs = outputs,
                                     .output_count = count,
                                     .dpi = build->dpi,
                                     .seconds_max = build->seconds_max};
    rp_error why = {0};
    const rp_status status = rp_musescore_export_all(&job, &why);
    if (status == RP_OK) return RP_OK;
    RP_TRY(check_disk(build->work, error));
    /* The user knows the score by its own name. */
    if (strncmp(why.text, from, strlen(from)) == 0)
        return rp_fail(error, status, why.place, "%s%s", build->path, why.text + strlen(from));
    return rp_fail(error, status, why.place, "%s: %s", build->path, why.text);
}

/* Gives the score another hand: `from` becomes the name of a styled copy. */
static rp_status restyle(char *from, const rp_score_build *build, rp_error *error) {
    static const char *const own_format[] = {"plain.mscx"};
    char plain[PATH_BYTES];
    rp_text elements = {0}, styled = {0};
    rp_mapped_file file = {0};
    snprintf(plain, sizeof plain, "%.3800s/plain.mscx", build->work);
    RP_TRY(export_score(build, from, own_format, 1, error));
    RP_TRY(rp_mapped_file_open(&file, plain, error));
    rp_engraving_style_draw(&elements, build->style, build->id);
    rp_status status = elements.failed ? rp_fail_memory(error, "a style") : RP_OK;
    if (status == RP_OK)
        status = rp_engraving_style_apply(&styled, file.data, file.size, elements.data, build->path,
                                          error);
    snprintf(from, PATH_BYTES, "%.3800s/styled.mscx", build->work);
    if (status == RP_OK) status = rp_new_file_write(from, styled.data, styled.length, error);
    rp_mapped_file_close(&file);
    rp_text_clear(&elements);
    rp_text_clear(&styled);
    return status;
}

/* The score as plain MusicXML at WORK/out.musicxml: unpacked, or exported by MuseScore, and then
 * mended: it is for a program that reads XML. */
static rp_status make_musicxml(const char *from, const rp_score_build *build, rp_error *error) {
    static const char *const outputs[] = {"export.musicxml"};
    char path[PATH_BYTES];
    rp_music_file file;
    rp_error why;
    const char *ending = strrchr(from, '.');
    snprintf(path, sizeof path, "%.3800s/export.musicxml", build->work);
    if (strcasecmp(ending, ".mscx") == 0 || strcasecmp(ending, ".mscz") == 0) {
        RP_TRY(export_score(build, from, outputs, 1, error));
        from = path;
    }
    if (rp_music_file_open(&file, from, &why) != RP_OK)
        return rp_fail(error, RP_INPUT, 0, "%s: not readable as MusicXML", build->path);
    rp_text bytes = {0};
    rp_text_add_bytes(&bytes, (const char *)file.source.data, file.source.size);
    rp_music_file_close(&file);
    if (bytes.failed) return rp_fail_memory(error, "a score");
    rp_musescore_mend_text((uint8_t *)bytes.data, bytes.length);
    snprintf(path, sizeof path, "%.3800s/out.musicxml", build->work);
    const rp_status status = rp_new_file_write(path, bytes.data, bytes.length, error);
    rp_text_clear(&bytes);
    return status;
}

static rp_status engrave_by_verovio(const char *from, const rp_score_build *build,
                                    rp_error *error) {
    char path[PATH_BYTES];
    rp_error why = {0};
    RP_TRY(make_musicxml(from, build, error));
    snprintf(path, sizeof path, "%.3800s/out.musicxml", build->work);
    const rp_verovio_job job = {.musicxml = path,
                                .folder = build->work,
                                .id = build->id,
                                .style = build->style,
                                .dpi = build->dpi,
                                .seconds_max = build->seconds_max};
    const rp_status status = rp_verovio_engrave(&job, &why);
    if (status == RP_OK) return RP_OK;
    RP_TRY(check_disk(build->work, error));
    return rp_fail(error, status, why.place, "%s: %s", build->path, why.text);
}

static rp_status engrave(const rp_score_build *build, rp_error *error) {
    static const char *const outputs[] = {"out.musicxml", "out.mpos", "out.svg", "out.png"};
    char from[PATH_BYTES];
    RP_TRY(link_score(from, build, error));
    if (build->is_verovio) return engrave_by_verovio(from, build, error);
    if (build->style != NULL) RP_TRY(restyle(from, build, error));
    return export_score(build, from, outputs, RP_COUNT(outputs), error);
}

/* ---- labels and places ---- */

/* Room for what Verovio's pages hold; in `arena`. */
static rp_status make_music(rp_verovio_music *music, rp_arena *arena, rp_error *error) {
    *music = (rp_verovio_music){0};
    music->measures.measures =
        rp_arena_array(arena, RP_VEROVIO_MEASURES_MAX, sizeof *music->measures.measures);
    music->breaks.firsts =
        rp_arena_array(arena, RP_VEROVIO_MEASURES_MAX, sizeof *music->breaks.firsts);
    music->breaks.opens_page =
        rp_arena_array(arena, RP_VEROVIO_MEASURES_MAX, sizeof *music->breaks.opens_page);
    return arena->failed ? rp_fail_memory(error, "a score's pages") : RP_OK;
}

/* Reads the next of Verovio's pages; `music` receives what it holds. */
static rp_status read_verovio_page(builder *self, rp_verovio_music *music, const char *path,
                                   rp_error *error) {
    rp_mapped_file file;
    rp_engraved_page *page = &self->pages[self->page_count];
    page->systems = rp_arena_array(self->arena, RP_VEROVIO_SYSTEMS_MAX, sizeof *page->systems);
    if (page->systems == NULL) return rp_fail_memory(error, "a page");
    RP_TRY(rp_mapped_file_open(&file, path, error));
    const rp_xml_source source = {.name = path, .data = file.data, .size = file.size};
    const rp_status status =
        rp_verovio_page_read(page, music, &source, ++self->page_count, self->build->dpi, error);
    rp_mapped_file_close(&file);
    return status;
}

/* Verovio has broken the music its own way: its pages say where. */
static rp_status read_broken_labels(builder *self, const rp_xml_source *source, rp_error *error) {
    char path[PATH_BYTES];
    rp_verovio_music music;
    RP_TRY(make_music(&music, self->arena, error));
    self->pages = rp_arena_array(self->arena, PAGES_MAX, sizeof *self->pages);
    if (self->pages == NULL) return rp_fail_memory(error, "a score's pages");
    while (self->page_count < PAGES_MAX &&
           rp_musescore_page(path, sizeof path, self->build->work, "out.svg", self->page_count + 1))
        RP_TRY(read_verovio_page(self, &music, path, error));
    RP_TRY(rp_system_labels_make_broken(&self->labels, source, &music.breaks, self->arena, error));
    size_t measures = 0;
    for (size_t i = 0; i < self->labels.count; i++)
        measures += (size_t)self->labels.labels[i].measures;
    self->measures = music.measures;
    if (measures == self->measures.count) return RP_OK;
    return rp_fail(error, RP_INPUT, 0, "%s: Verovio drew %zu measures of %zu", self->build->path,
                   self->measures.count, measures);
}

static rp_status read_labels(builder *self, rp_error *error) {
    char path[PATH_BYTES];
    rp_mapped_file file;
    snprintf(path, sizeof path, "%s/out.musicxml", self->build->work);
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) {
        RP_TRY(check_disk(self->build->work, error));
        return rp_fail(error, RP_INPUT, 0, "%s: MuseScore wrote nothing", self->build->path);
    }
    uint8_t *bytes = rp_arena_alloc_raw(self->arena, file.size + 1);
    if (bytes != NULL && file.size > 0) memcpy(bytes, file.data, file.size);
    const size_t size = file.size;
    rp_mapped_file_close(&file);
    if (bytes == NULL) return rp_fail_memory(error, "a score");
    const rp_xml_source source = {.name = self->build->path, .data = bytes, .size = size};
    if (self->build->is_verovio) return read_broken_labels(self, &source, error);
    return rp_system_labels_make(&self->labels, bytes, size, self->build->path, self->arena, error);
}

/* Without places of measures the samples are still good. */
static void read_places(builder *self) {
    char path[PATH_BYTES];
    rp_mapped_file file;
    rp_error why = {0};
    snprintf(path, sizeof path, "%s/out.mpos", self->build->work);
    rp_status status = rp_mapped_file_open(&file, path, &why);
    const rp_xml_source source = {.name = self->build->path, file.data, file.size};
    if (status == RP_OK)
        status = rp_engraved_measures_read(&self->measures, &source, self->arena, &why);
    rp_mapped_file_close(&file);
    if (status != RP_OK)
        rp_build_record_add_problem(self->record, "no places of measures: %.300s", why.text);
}

/* ---- a page ---- */

static rp_status find_page(rp_engraved_page *page, builder *self, int number, rp_error *error) {
    char path[PATH_BYTES];
    rp_mapped_file file;
    if (number <= self->page_count) {
        *page = self->pages[number - 1];
        return RP_OK;
    }
    if (self->build->is_verovio ||
        !rp_musescore_page(path, sizeof path, self->build->work, "out.svg", number))
        return rp_fail(error, RP_INPUT, 0, "there is no SVG of it");
    RP_TRY(rp_mapped_file_open(&file, path, error));
    const rp_xml_source source = {.name = path, .data = file.data, .size = file.size};
    const rp_status status = rp_engraved_page_read(page, &source, &self->page_arena, error);
    rp_mapped_file_close(&file);
    return status;
}

static rp_status read_png(rp_page_image *image, builder *self, int number, rp_error *error) {
    char path[PATH_BYTES];
    rp_mapped_file file;
    if (!rp_musescore_page(path, sizeof path, self->build->work, "out.png", number))
        return rp_fail(error, RP_INPUT, 0, "there is no PNG of it");
    RP_TRY(rp_mapped_file_open(&file, path, error));
    const rp_status status =
        rp_page_png_decode(image, &self->page_arena, file.data, file.size, path, error);
    rp_mapped_file_close(&file);
    return status;
}

static rp_status cut_system(builder *self, const rp_page_image *page, const rp_engraved_box *staves,
                            const rp_system_label *label, rp_error *error) {
    char name[RP_SAMPLE_NAME_BYTES];
    rp_text edges = {0};
    rp_page_image sample;
    rp_sample_name(name, label->page, label->system);
    if (label->problem != NULL) {
        rp_build_record_add_problem(self->record, "%s: %.400s", name, label->problem);
        return RP_OK;
    }
    const rp_page_box crop = rp_sample_cut_box(staves, page);
    RP_TRY(rp_sample_cut(&sample, page, crop, self->build->height, &self->page_arena, error));
    RP_TRY(rp_sample_files_write(self->build->output, self->build->id, &sample, label, error));
    const size_t measures =
        rp_sample_edges(&edges, &self->measures, (int32_t)label->page, staves, crop);
    const bool is_known = measures == (size_t)label->measures && !edges.failed;
    if (!is_known && self->measures.count > 0)
        rp_build_record_add_problem(self->record,
                                    "%s: %zu measures placed, %d in the music: no edges", name,
                                    measures, label->measures);
    const rp_build_sample line = {.name = name,
                                  .width = sample.width,
                                  .tokens = label->tokens,
                                  .edges = is_known ? edges.data : ""};
    rp_build_record_add_sample(self->record, &line);
    rp_text_clear(&edges);
    return RP_OK;
}

static rp_status write_page(const builder *self, int number, const rp_page_image *image,
                            const rp_engraved_page *page, rp_error *error) {
    char path[PATH_BYTES];
    rp_text boxes = {0};
    snprintf(path, sizeof path, "%s/pages/%s-%d.png", self->build->output, self->build->id, number);
    RP_TRY(rp_page_png_write(path, image, error));
    for (size_t i = 0; i < page->system_count; i++) {
        char name[RP_SAMPLE_NAME_BYTES];
        const rp_engraved_box *box = &page->systems[i];
        rp_sample_name(name, (unsigned)number, (unsigned)i + 1);
        rp_text_format(&boxes, "%s %.1f %.1f %.1f %.1f\n", name, box->left, box->top, box->right,
                       box->bottom);
    }
    snprintf(path, sizeof path, "%s/pages/%s-%d.txt", self->build->output, self->build->id, number);
    const rp_status status =
        boxes.failed
            ? rp_fail_memory(error, "a page's boxes")
            : rp_new_file_write(path, boxes.length > 0 ? boxes.data : "", boxes.length, error);
    rp_text_clear(&boxes);
    return status;
}

/* The page's own trouble is a problem of the page and not of the score. */
static rp_status settle(const builder *self, int number, rp_status status, const rp_error *why,
                        rp_error *error) {
    if (status != RP_INPUT) {
        if (status != RP_OK && error != NULL) *error = *why;
        return status;
    }
    rp_build_record_add_problem(self->record, "page %d left out: %.400s", number, why->text);
    return RP_OK;
}

static rp_status build_page(builder *self, int number, const rp_system_label *labels, size_t count,
                            rp_error *error) {
    rp_engraved_page page;
    rp_page_image image;
    RP_TRY(find_page(&page, self, number, error));
    if (page.system_count != count)
        return rp_fail(error, RP_INPUT, 0, "%zu piano systems on the page, %zu in the music",
                       page.system_count, count);
    if (count == 0 && !self->build->keeps_pages) return RP_OK;
    RP_TRY(read_png(&image, self, number, error));
    const double scale = image.width / page.width; /* 300 dpi over the SVG's 360 */
    for (size_t i = 0; i < count; i++) {
        page.systems[i] = rp_engraved_box_moved(page.systems[i], 0, 0, scale);
        RP_TRY(cut_system(self, &image, &page.systems[i], &labels[i], error));
    }
    return self->build->keeps_pages ? write_page(self, number, &image, &page, error) : RP_OK;
}

static rp_status build_pages(builder *self, rp_error *error) {
    char path[PATH_BYTES];
    const rp_system_labels *all = &self->labels;
    size_t next = 0;
    for (int number = 1; number <= PAGES_MAX; number++) {
        size_t end = next;
        rp_error why = {0};
        while (end < all->count && all->labels[end].page == (unsigned)number) end++;
        if (end == next && next == all->count &&
            !rp_musescore_page(path, sizeof path, self->build->work, "out.svg", number))
            return RP_OK;
        const rp_status status = build_page(self, number, all->labels + next, end - next, &why);
        RP_TRY(settle(self, number, status, &why, error));
        rp_arena_reset(&self->page_arena);
        next = end;
    }
    return RP_OK;
}

rp_status rp_score_build_run(rp_text *record, const rp_score_build *build, rp_arena *arena,
                             rp_error *error) {
    builder self = {.build = build, .arena = arena, .record = record};
    rp_status status = engrave(build, error);
    if (status == RP_OK) status = read_labels(&self, error);
    if (status == RP_OK) status = rp_sample_files_make_folder(build->output, build->id, error);
    if (status == RP_OK) {
        if (!build->is_verovio) read_places(&self);
        status = build_pages(&self, error);
        rp_build_record_end(record, self.labels.has_token);
    }
    if (status == RP_OK && record->failed) status = rp_fail_memory(error, "a score's record");
    rp_arena_clear(&self.page_arena);
    return status;
}
