/* xml_reader.c: expat's events become nodes. In a stream the nodes from depth 3 on are made in a
 * second tree whose arena is emptied after each of them, so that only one is held. */
#include "music/xml_reader.h"

#include <expat.h>
#include <string.h>

enum {
    TEXT_BYTES_MAX = 1 << 24,  /* of one element */
    CHUNK_BYTES = 1 << 26,     /* expat takes an int */
    PIECE_BYTES_MAX = 1 << 28, /* memory of one element of a stream */
    NAMES_MAX = 1 << 16,
    PIECE_DEPTH = 3, /* of what a stream hands out */
};

struct reader {
    XML_Parser parser;
    const rp_xml_source *source;
    rp_xml_tree *tree;           /* holds the names, and the nodes above the stream's depth */
    rp_xml_tree piece;           /* holds the element of the stream in hand */
    const rp_xml_stream *stream; /* NULL: all goes into `tree` */
    rp_xml_node *current;        /* the innermost open element */
    bool is_streaming;           /* inside an element whose children are handed out */
    int depth;                   /* open elements */
    int skipped;                 /* of those, how many are not wanted */
    rp_text text;                /* of the innermost element, before its first child */
    rp_status status;
    rp_error error;
};

static void fail(struct reader *self, rp_status status, const char *words) {
    if (self->status != RP_OK) return;
    const size_t line = XML_GetCurrentLineNumber(self->parser);
    self->status = rp_fail(&self->error, status, (int64_t)line, "%s: line %zu: %s",
                           self->source->name, line, words);
    XML_StopParser(self->parser, XML_FALSE);
}

static bool is_blank(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] != ' ' && text[i] != '\n' && text[i] != '\t' && text[i] != '\r') return false;
    return true;
}

/* The tree that an element at this depth belongs to. */
static rp_xml_tree *tree_at(struct reader *self, int depth) {
    return self->is_streaming && depth >= PIECE_DEPTH ? &self->piece : self->tree;
}

/* Gives the gathered text to the innermost element. */
static void settle_text(struct reader *self) {
    rp_text *text = &self->text;
    if (text->length == 0) return;
    const bool is_leaf = self->current->first == NULL;
    rp_xml_tree *tree = tree_at(self, self->depth);
    if (is_leaf || !is_blank(text->data, text->length))
        self->current->text = rp_xml_keep(tree, text->data, text->length);
    rp_text_reset(text);
}

static void add_attributes(struct reader *self, rp_xml_tree *tree, rp_xml_node *node,
                           const XML_Char **attributes) {
    for (size_t i = 0; attributes[i] != NULL; i += 2) {
        const char *name = attributes[i], *value = attributes[i + 1];
        const unsigned known = rp_xml_attribute_of(name);
        if (known != RP_XML_ATTRIBUTE_COUNT) {
            rp_xml_set_attribute(tree, node, known, rp_xml_keep(tree, value, strlen(value)));
            continue;
        }
        node->has_other_attributes = 1;
        if (self->tree->keeps_other_attributes)
            rp_xml_add_other_attribute(tree, node, rp_xml_keep(tree, name, strlen(name)),
                                       rp_xml_keep(tree, value, strlen(value)));
    }
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes) {
    struct reader *self = context;
    if (self->depth >= RP_XML_DEPTH_MAX) {
        fail(self, RP_INPUT, "elements nest more than 64 deep");
        return;
    }
    if (self->skipped > 0) {
        self->depth++, self->skipped++;
        return;
    }
    if (self->current != NULL && self->text.length > 0) {
        if (is_blank(self->text.data, self->text.length)) rp_text_reset(&self->text);
        else if (self->current->first == NULL) settle_text(self);
    }
    self->depth++;
    rp_xml_tree *tree = tree_at(self, self->depth);
    const uint32_t tag = rp_xml_tag_of(self->tree, name);
    /* The head of a stream's element is not linked into the kept tree. */
    const bool is_piece = self->is_streaming && self->depth == PIECE_DEPTH;
    rp_xml_node *parent = self->current;
    rp_xml_node *node = rp_xml_add(tree, is_piece ? NULL : parent, tag, NULL);
    if (tree->arena->failed || self->tree->other_count > NAMES_MAX) {
        fail(self, RP_INPUT, "there is more here than fits the memory meant for it");
        return;
    }
    node->parent = parent;
    node->offset_bytes = (uint32_t)XML_GetCurrentByteIndex(self->parser) & 0x7fffffffu;
    add_attributes(self, tree, node, attributes);
    if (parent == NULL) self->tree->root = node;
    self->current = node;
    if (self->stream == NULL || self->depth != PIECE_DEPTH - 1) return;
    const rp_xml_choice choice = self->stream->choose(self->stream->context, self->tree, node);
    self->is_streaming = choice == RP_XML_STREAM;
    self->skipped = choice == RP_XML_SKIP;
}

static void on_end(void *context, const XML_Char *name) {
    (void)name;
    struct reader *self = context;
    if (self->skipped > 1) {
        self->skipped--, self->depth--;
        return;
    }
    self->skipped = 0;
    if (self->current->first == NULL) settle_text(self);
    rp_text_reset(&self->text);
    rp_xml_node *node = self->current;
    self->current = node->parent;
    self->depth--;
    if (self->depth == PIECE_DEPTH - 2) self->is_streaming = false;
    if (!self->is_streaming || self->depth != PIECE_DEPTH - 1) return;
    if (self->piece.arena->failed) {
        fail(self, RP_INPUT, "there is more here than fits the memory meant for it");
        return;
    }
    node->parent = NULL;
    self->status = self->stream->take(self->stream->context, &self->piece, node, &self->error);
    if (self->status != RP_OK) XML_StopParser(self->parser, XML_FALSE);
    rp_arena *arena = self->piece.arena;
    rp_arena_reset(arena);
    rp_xml_tree_init(&self->piece, arena);
}

static void on_text(void *context, const XML_Char *text, int length) {
    struct reader *self = context;
    if (self->skipped > 0 || self->current == NULL || self->current->first != NULL) return;
    if (self->text.length + (size_t)length > TEXT_BYTES_MAX)
        fail(self, RP_INPUT, "an element holds more than 16 MiB of text");
    else rp_text_add_bytes(&self->text, text, (size_t)length);
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_internal_subset) {
    (void)name, (void)system_id, (void)public_id;
    if (has_internal_subset != 0)
        fail(context, RP_INPUT, "declarations of its own in the DOCTYPE; delete what is in [ ]");
}

static void on_skipped_entity(void *context, const XML_Char *name, int is_parameter) {
    (void)name;
    if (!is_parameter) fail(context, RP_INPUT, "an entity is not defined; write its text out");
}

/* What expat's own error means to the user. */
static const char *words_for(const struct reader *self, enum XML_Error code) {
    const int64_t at = XML_GetCurrentByteIndex(self->parser);
    const bool is_inside = at >= 0 && (uint64_t)at < self->source->size;
    const uint8_t first = is_inside ? self->source->data[at] : 0;
    const bool follows_bracket = is_inside && at > 0 && self->source->data[at - 1] == '<';
    if (code == XML_ERROR_INVALID_TOKEN && (first == '<' || (follows_bracket && first == ' ')))
        return "an element without a name; delete it (MuseScore 3.2 writes some)";
    if (code == XML_ERROR_INVALID_TOKEN && first >= 0x80)
        return "bytes that are not UTF-8; save the file as UTF-8";
    if (code == XML_ERROR_NO_ELEMENTS) return "the XML ends before it began";
    if (code == XML_ERROR_UNKNOWN_ENCODING) return "an unknown encoding; save the file as UTF-8";
    return XML_ErrorString(code);
}

static void parse_all(struct reader *self) {
    const rp_xml_source *source = self->source;
    size_t done = 0;
    do {
        const size_t left = source->size - done;
        const size_t count = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        const enum XML_Status status =
            XML_Parse(self->parser, count > 0 ? (const char *)source->data + done : "", (int)count,
                      done + count == source->size);
        if (status != XML_STATUS_OK) {
            fail(self, RP_INPUT, words_for(self, XML_GetErrorCode(self->parser)));
            return;
        }
        done += count;
    } while (done < source->size && self->status == RP_OK);
    if (self->text.failed || self->tree->arena->failed)
        fail(self, RP_INPUT, "there is more here than fits the memory meant for it");
}

static rp_status read_document(rp_xml_tree *tree, const rp_xml_source *source,
                               const rp_xml_stream *stream, rp_error *error) {
    struct reader self = {.source = source, .tree = tree, .stream = stream};
    rp_arena piece = {.limit_bytes = PIECE_BYTES_MAX};
    if (source->size > INT32_MAX)
        return rp_fail(error, RP_INPUT, 0, "%s: more than 2 GiB of XML", source->name);
    rp_xml_tree_init(&self.piece, &piece);
    self.parser = XML_ParserCreate(NULL);
    if (self.parser == NULL) return rp_fail_memory(error, "the XML parser");
    XML_SetUserData(self.parser, &self);
    XML_SetElementHandler(self.parser, on_start, on_end);
    XML_SetCharacterDataHandler(self.parser, on_text);
    XML_SetStartDoctypeDeclHandler(self.parser, on_doctype);
    XML_SetSkippedEntityHandler(self.parser, on_skipped_entity);
    parse_all(&self);
    XML_ParserFree(self.parser);
    rp_text_clear(&self.text);
    rp_arena_clear(&piece);
    if (self.status != RP_OK && error != NULL) *error = self.error;
    return self.status;
}

rp_status rp_xml_read(rp_xml_tree *tree, const rp_xml_source *source, rp_error *error) {
    return read_document(tree, source, NULL, error);
}

rp_status rp_xml_read_stream(rp_xml_tree *tree, const rp_xml_source *source,
                             const rp_xml_stream *stream, rp_error *error) {
    return read_document(tree, source, stream, error);
}

size_t rp_xml_line_of(const rp_xml_source *source, size_t offset_bytes) {
    size_t line = 1;
    for (size_t i = 0; i < offset_bytes && i < source->size; i++) line += source->data[i] == '\n';
    return line;
}
