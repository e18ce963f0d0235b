/* system_labels.c: see system_labels.h. The music is cut by music/systems.h and written down by
 * music/linearize.h, which both follow the published program; a system that LMX has no words for
 * is kept as a label with a problem, so that the systems after it stay in step with the page. */
#include "score/build/system_labels.h"

#include <string.h>

#include "music/linearize.h"
#include "music/musescore_mend.h"
#include "music/musicxml.h"
#include "music/systems.h"

enum { SYSTEMS_MAX = 20000 };
static const size_t tree_bytes_max = (size_t)1 << 31;

static const char head[] =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
    "<score-partwise version=\"3.1\"><part-list><score-part id=\"P2\"><part-name>Piano</part-name>"
    "</score-part></part-list><part id=\"P2\">\n";
static const char tail[] = "</part></score-partwise>\n";

typedef struct labeller {
    rp_system_labels *labels;
    rp_arena *arena;
    rp_xml_tree tree;
    size_t capacity;
    rp_linearizer linearizer;
    rp_systems systems;
    rp_text musicxml, lmx;
    rp_system_label current;
    const rp_system_breaks *breaks; /* NULL: the score's own */
    size_t next_break;
    uint32_t measure; /* index of the one in hand */
} labeller;

static void begin_system(labeller *self) {
    self->current = (rp_system_label){.page = self->systems.page, .system = self->systems.system};
    rp_linearizer_begin(&self->linearizer);
    rp_text_reset(&self->musicxml);
    rp_text_add(&self->musicxml, head);
}

static rp_status grow(labeller *self, rp_error *error) {
    rp_system_labels *labels = self->labels;
    if (labels->count < self->capacity) return RP_OK;
    if (self->capacity >= SYSTEMS_MAX)
        return rp_fail(error, RP_INPUT, 0, "more than %d systems", SYSTEMS_MAX);
    self->capacity = self->capacity == 0 ? 64 : 2 * self->capacity;
    rp_system_label *larger = rp_arena_array(self->arena, self->capacity, sizeof *larger);
    if (larger == NULL) return rp_fail_memory(error, "the systems");
    if (labels->count > 0) memcpy(larger, labels->labels, labels->count * sizeof *larger);
    labels->labels = larger;
    return RP_OK;
}

static rp_status end_system(labeller *self, rp_error *error) {
    RP_TRY(grow(self, error));
    rp_system_label *label = &self->current;
    if (label->measures == 0) label->problem = "it holds no measures";
    rp_text_add(&self->musicxml, tail);
    rp_text_reset(&self->lmx);
    rp_lmx_print(&self->lmx, self->linearizer.tokens, self->linearizer.count);
    rp_text_add_char(&self->lmx, '\n');
    if (self->musicxml.failed || self->lmx.failed) return rp_fail_memory(error, "a system");
    label->tokens = (int32_t)self->linearizer.count;
    label->lmx = rp_arena_text(self->arena, self->lmx.data, self->lmx.length);
    label->musicxml = rp_arena_text(self->arena, self->musicxml.data, self->musicxml.length);
    if (label->lmx == NULL || label->musicxml == NULL) return rp_fail_memory(error, "a system");
    for (size_t i = 0; i < self->linearizer.count && label->problem == NULL; i++)
        self->labels->has_token[self->linearizer.tokens[i]] = true;
    self->labels->labels[self->labels->count++] = *label;
    return RP_OK;
}

/* Puts an engraver's breaks in the place of the score's. */
static void set_break(labeller *self, rp_xml_node *measure) {
    const rp_system_breaks *breaks = self->breaks;
    rp_xml_node *print = rp_xml_child(measure, RP_XML_PRINT);
    if (print != NULL) {
        rp_xml_remove_attribute(print, RP_XML_ATTRIBUTE_NEW_SYSTEM);
        rp_xml_remove_attribute(print, RP_XML_ATTRIBUTE_NEW_PAGE);
    }
    const bool opens =
        self->next_break < breaks->count && breaks->firsts[self->next_break] == self->measure;
    if (opens && self->measure > 0) {
        if (print == NULL) print = rp_xml_insert(&self->tree, measure, NULL, RP_XML_PRINT, NULL);
        rp_xml_set_attribute(&self->tree, print,
                             breaks->opens_page[self->next_break] ? RP_XML_ATTRIBUTE_NEW_PAGE
                                                                  : RP_XML_ATTRIBUTE_NEW_SYSTEM,
                             "yes");
    }
    self->next_break += opens;
    self->measure++;
}

static rp_status add_measure(labeller *self, rp_xml_node *measure, rp_error *error) {
    bool opens = false;
    if (measure->tag != RP_XML_MEASURE) return RP_OK;
    rp_musescore_mend_measure(&self->tree, measure);
    if (self->breaks != NULL) set_break(self, measure);
    RP_TRY(rp_systems_add(&self->systems, &opens, &self->tree, measure, error));
    if (opens) {
        RP_TRY(end_system(self, error));
        begin_system(self);
    }
    self->current.measures++;
    rp_xml_write(&self->musicxml, &self->tree, measure);
    rp_text_add_char(&self->musicxml, '\n');
    if (self->current.problem != NULL) return RP_OK;
    rp_error why = {0};
    if (rp_linearizer_add(&self->linearizer, measure, &why) == RP_OK) return RP_OK;
    if (why.status == RP_SYSTEM) {
        if (error != NULL) *error = why;
        return RP_SYSTEM;
    }
    self->current.problem = rp_arena_text(self->arena, why.text, strlen(why.text));
    return self->current.problem != NULL ? RP_OK : rp_fail_memory(error, "a message");
}

static rp_status label_part(labeller *self, rp_xml_node *part, rp_error *error) {
    begin_system(self);
    for (rp_xml_node *at = part->first; at != NULL; at = at->next)
        RP_TRY(add_measure(self, at, error));
    RP_TRY(end_system(self, error));
    return self->tree.arena->failed ? rp_fail_memory(error, "a score") : RP_OK;
}

rp_status rp_system_labels_make_broken(rp_system_labels *labels, const rp_xml_source *source,
                                       const rp_system_breaks *breaks, rp_arena *arena,
                                       rp_error *error) {
    rp_arena scratch = {.limit_bytes = tree_bytes_max};
    labeller self = {
        .labels = labels, .arena = arena, .linearizer = {.source = source}, .breaks = breaks};
    *labels = (rp_system_labels){0};
    rp_xml_tree_init(&self.tree, &scratch);
    self.tree.keeps_other_attributes = true;
    rp_status status = rp_xml_read(&self.tree, source, error);
    if (status == RP_OK && self.tree.root->tag != RP_XML_SCORE_PARTWISE)
        status = rp_fail(error, RP_INPUT, 0, "%s: not partwise MusicXML", source->name);
    rp_xml_node *part = status == RP_OK ? rp_musicxml_find_piano(self.tree.root) : NULL;
    if (status == RP_OK && part == NULL)
        status = rp_fail(error, RP_INPUT, 0, "%s: no piano part", source->name);
    rp_systems_begin(&self.systems, source);
    if (status == RP_OK) status = label_part(&self, part, error);
    rp_linearizer_clear(&self.linearizer);
    rp_systems_clear(&self.systems);
    rp_text_clear(&self.musicxml);
    rp_text_clear(&self.lmx);
    rp_arena_clear(&scratch);
    return status;
}

rp_status rp_system_labels_make(rp_system_labels *labels, uint8_t *bytes, size_t size,
                                const char *name, rp_arena *arena, rp_error *error) {
    const rp_xml_source source = {.name = name, .data = bytes, .size = size};
    rp_musescore_mend_text(bytes, size);
    return rp_system_labels_make_broken(labels, &source, NULL, arena, error);
}
