/* verovio.c: see verovio.h. */
#include "score/build/verovio.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "music/musescore.h"

enum { PATH_BYTES = 4096, PAGES_MAX = 999, OUTPUT_BYTES_MAX = 1 << 20, PAGE_WIDTH_MM = 210 };
static const size_t memory_bytes_max = (size_t)1 << 40; /* node asks for much and uses little */
static const size_t tree_bytes_max = (size_t)1 << 29;

static const rp_engraving_fonts verovio_fonts = {
    .names = {"Leipzig", "Bravura", "Gootville", "Petaluma", "Leland"},
    .count = 5,
    .program_has = "Verovio has Leipzig, Bravura, Gootville, Petaluma and Leland"};

/* Arguments: score, folder, options as JSON. Exit 3: Verovio cannot read it; 4: there is none. */
static const char driver[] =
    "const fs = require('fs'); let v;\n"
    "try { v = require('verovio'); } catch (e) { process.exit(4); }\n"
    "v.module.onRuntimeInitialized = () => {\n"
    "  const [score, folder, options] = process.argv.slice(1);\n"
    "  const t = new v.toolkit(); t.setOptions(JSON.parse(options));\n"
    "  if (!t.loadData(fs.readFileSync(score, 'utf8'))) process.exit(3);\n"
    "  for (let p = 1; p <= t.getPageCount(); p++)\n"
    "    fs.writeFileSync(`${folder}/out-${p}.svg`, t.renderToSVG(p));\n"
    "};\n";

/* Verovio's own names; lengths in its half staff spaces, drawn evenly from low .. high. */
static const struct {
    const char *name;
    double low, high;
} ranges[] = {
    {"unit", 7.0, 10.0},
    {"staffLineWidth", 0.10, 0.22},
    {"stemWidth", 0.14, 0.30},
    {"barLineWidth", 0.22, 0.45},
    {"ledgerLineThickness", 0.18, 0.40},
    {"slurMidpointThickness", 0.4, 0.9},
    {"beamMaxSlope", 4, 18},
    {"spacingLinear", 0.2, 0.35},
    {"spacingStaff", 8, 14},
    {"spacingSystem", 4, 12},
};

/* ---- the hand ---- */

rp_status rp_verovio_check(const rp_engraving_style *style, rp_error *error) {
    return rp_engraving_fonts_check(&verovio_fonts, style, error);
}

static void draw_options(rp_text *text, const rp_verovio_job *job) {
    static const rp_engraving_style plain = {.fonts = "Leipzig"};
    const rp_engraving_style *style = job->style != NULL ? job->style : &plain;
    rp_random random = rp_random_make(style->seed, rp_engraving_style_stream(job->id));
    rp_json json = {.text = text};
    rp_json_object(&json, NULL);
    rp_json_text(&json, "font", rp_engraving_fonts_draw(&verovio_fonts, style, &random));
    rp_json_text(&json, "breaks", "auto");
    rp_json_text(&json, "header", "none");
    rp_json_text(&json, "footer", "none");
    rp_json_integer(&json, "pageWidth", 10 * PAGE_WIDTH_MM);
    rp_json_integer(&json, "pageHeight", 2970);
    rp_json_integer(&json, "scale", 100);
    for (size_t i = 0; i < RP_COUNT(ranges) && style->is_varied; i++)
        rp_json_number(&json, ranges[i].name,
                       rp_random_between(&random, ranges[i].low, ranges[i].high), 3);
    rp_json_end(&json);
}

/* ---- the programs ---- */

static rp_status run(const char *const *arguments, const char *package, const rp_verovio_job *job,
                     int *exit_status, rp_error *error) {
    const rp_child child = {.arguments = arguments,
                            .package = package,
                            .output_bytes_max = OUTPUT_BYTES_MAX,
                            .seconds_max = job->seconds_max,
                            .memory_bytes_max = memory_bytes_max};
    rp_text output = {0}, complaints = {0};
    const double started_s = rp_clock_seconds();
    rp_status status = rp_child_run(&child, &output, &complaints, exit_status, error);
    if (status != RP_OK && rp_clock_seconds() - started_s >= job->seconds_max)
        status = rp_fail(error, RP_INPUT, 0, "%s took longer than %.0f s", arguments[0],
                         job->seconds_max);
    rp_text_clear(&output);
    rp_text_clear(&complaints);
    return status;
}

static rp_status draw_pages(const rp_verovio_job *job, rp_error *error) {
    char svg[PATH_BYTES], png[PATH_BYTES], width[16];
    snprintf(width, sizeof width, "%d", (int)lround(PAGE_WIDTH_MM / 25.4 * job->dpi));
    for (int page = 1; page <= PAGES_MAX; page++) {
        int exit_status = 0;
        if (!rp_musescore_page(svg, sizeof svg, job->folder, "out.svg", page)) return RP_OK;
        snprintf(png, sizeof png, "%.3800s/out-%d.png", job->folder, page);
        const char *const arguments[] = {"rsvg-convert", "-b", "white", "-w", width,
                                         "-o",           png,  svg,     NULL};
        RP_TRY(run(arguments, "librsvg2-bin", job, &exit_status, error));
        if (exit_status != 0) return rp_fail(error, RP_INPUT, 0, "rsvg-convert cannot draw it");
    }
    return RP_OK;
}

rp_status rp_verovio_engrave(const rp_verovio_job *job, rp_error *error) {
    rp_text options = {0};
    int exit_status = 0;
    draw_options(&options, job);
    if (options.failed) return rp_fail_memory(error, "a style");
    const char *const arguments[] = {"node",        "-e",        driver,       "--",
                                     job->musicxml, job->folder, options.data, NULL};
    rp_status status = run(arguments, "nodejs", job, &exit_status, error);
    rp_text_clear(&options);
    if (status == RP_OK && exit_status == 4)
        status = rp_fail(error, RP_SYSTEM, 0,
                         "npm's verovio is not to be found from here; npm install verovio");
    if (status == RP_OK && exit_status != 0)
        status = rp_fail(error, RP_INPUT, 0, "Verovio cannot read it (exit %d)", exit_status);
    return status == RP_OK ? draw_pages(job, error) : status;
}

/* ---- the page ---- */

static bool has_class(const rp_xml_node *node, const char *class) {
    const char *value = rp_xml_attribute_named(node, "class");
    return value != NULL && strcmp(value, class) == 0;
}

/* The first element at or below `node` that has the class; NULL: none. */
static const rp_xml_node *find_class(const rp_xml_node *node, const char *class) {
    if (has_class(node, class)) return node;
    for (const rp_xml_node *at = node->first; at != NULL; at = at->next) {
        const rp_xml_node *found = find_class(at, class);
        if (found != NULL) return found;
    }
    return NULL;
}

/* Widens the box by the lines of a staff: paths "M1510 540 L4236 540". Returns how many. */
static int cover_lines(rp_engraved_box *box, const rp_xml_node *staff) {
    int lines = 0;
    for (const rp_xml_node *at = staff->first; at != NULL; at = at->next) {
        double x1, y1, x2, y2;
        const char *d = rp_xml_attribute_named(at, "d");
        if (d == NULL || sscanf(d, "M%lf %lf L%lf %lf", &x1, &y1, &x2, &y2) != 4) continue;
        rp_engraved_box_cover(box, &(rp_engraved_box){x1, y1, x2, y2});
        lines++;
    }
    return lines;
}

typedef struct verovio_page {
    rp_engraved_page *page;
    rp_engraved_measures *measures;
    rp_system_breaks *breaks;
    double shift_x, shift_y; /* of the page's margin, in units */
    double scale;            /* px a unit */
    int32_t number;
} verovio_page;

static rp_status read_measure(verovio_page *self, rp_engraved_box *system,
                              const rp_xml_node *measure, rp_error *error) {
    rp_engraved_box box = rp_engraved_box_empty();
    int staves = 0;
    for (const rp_xml_node *at = measure->first; at != NULL; at = at->next)
        if (has_class(at, "staff") && cover_lines(&box, at) == 5) staves++;
    if (staves != 2)
        return rp_fail(error, RP_INPUT, 0, "a measure of %d staves: Verovio is for piano solo",
                       staves);
    if (self->measures->count == RP_VEROVIO_MEASURES_MAX)
        return rp_fail(error, RP_INPUT, 0, "more than %d measures", RP_VEROVIO_MEASURES_MAX);
    rp_engraved_box_cover(system, &box);
    rp_engraved_measure *placed = &self->measures->measures[self->measures->count++];
    placed->page = self->number;
    placed->box = rp_engraved_box_moved(box, self->shift_x, self->shift_y, self->scale);
    return RP_OK;
}

static rp_status read_system(verovio_page *self, const rp_xml_node *system, rp_error *error) {
    rp_engraved_box box = rp_engraved_box_empty();
    const size_t first = self->measures->count;
    for (const rp_xml_node *at = system->first; at != NULL; at = at->next)
        if (has_class(at, "measure")) RP_TRY(read_measure(self, &box, at, error));
    if (self->measures->count == first) return RP_OK;
    rp_engraved_page *page = self->page;
    if (page->system_count == RP_VEROVIO_SYSTEMS_MAX ||
        self->breaks->count == RP_VEROVIO_MEASURES_MAX)
        return rp_fail(error, RP_INPUT, 0, "too many systems");
    self->breaks->firsts[self->breaks->count] = (uint32_t)first;
    self->breaks->opens_page[self->breaks->count++] = page->system_count == 0;
    page->systems[page->system_count++] =
        rp_engraved_box_moved(box, self->shift_x, self->shift_y, 1);
    return RP_OK;
}

static rp_status read_page(verovio_page *self, const rp_xml_node *root, double image_width,
                           rp_error *error) {
    const rp_xml_node *sheet = find_class(root, "definition-scale");
    const rp_xml_node *margin = sheet != NULL ? find_class(sheet, "page-margin") : NULL;
    const char *view = sheet != NULL ? rp_xml_attribute_named(sheet, "viewBox") : NULL;
    const char *shift = margin != NULL ? rp_xml_attribute_named(margin, "transform") : NULL;
    rp_engraved_page *page = self->page;
    if (view == NULL || sscanf(view, "%*f %*f %lf %lf", &page->width, &page->height) != 2 ||
        shift == NULL ||
        sscanf(shift, "translate(%lf, %lf)", &self->shift_x, &self->shift_y) != 2 ||
        !(page->width > 0) || !(page->height > 0))
        return rp_fail(error, RP_INPUT, 0, "not an SVG of Verovio's");
    self->scale = image_width / page->width;
    for (const rp_xml_node *at = margin->first; at != NULL; at = at->next)
        if (has_class(at, "system")) RP_TRY(read_system(self, at, error));
    return RP_OK;
}

rp_status rp_verovio_page_read(rp_engraved_page *page, rp_verovio_music *music,
                               const rp_xml_source *svg, int32_t number, int dpi, rp_error *error) {
    rp_arena scratch = {.limit_bytes = tree_bytes_max};
    rp_xml_tree tree;
    verovio_page self = {
        .page = page, .measures = &music->measures, .breaks = &music->breaks, .number = number};
    rp_engraved_box *room = page->systems;
    *page = (rp_engraved_page){.systems = room};
    rp_xml_tree_init(&tree, &scratch);
    tree.keeps_other_attributes = true;
    rp_status status = rp_xml_read(&tree, svg, error);
    if (status == RP_OK)
        status = read_page(&self, tree.root, round(PAGE_WIDTH_MM / 25.4 * dpi), error);
    rp_arena_clear(&scratch);
    return status;
}
