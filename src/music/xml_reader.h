/* xml_reader.h: XML text to nodes, by expat, in one go or piece by piece.
 *
 * Nothing outside the text is ever read: external DTDs are passed over, and a document that
 * declares entities or anything else of its own is refused (that serves attacks, not music).
 * Elements nest 64 deep at most. */
#ifndef RP_MUSIC_XML_READER_H
#define RP_MUSIC_XML_READER_H

#include "base/error.h"
#include "music/xml_tree.h"

enum { RP_XML_DEPTH_MAX = 64 };

/* Bytes of a document, and the name it has in messages: "score.mxl". */
typedef struct rp_xml_source {
    const char *name;
    const uint8_t *data;
    size_t size; /* at most 2^31 - 1 */
} rp_xml_source;

/* Reads the whole document into `tree`. `tree->arena->limit_bytes` bounds the memory.
 * RP_INPUT: not well-formed, not UTF-8 or another encoding expat knows, too deep, entities; the
 * message names file and line. RP_SYSTEM: no memory. */
rp_status rp_xml_read(rp_xml_tree *tree, const rp_xml_source *source, rp_error *error);

typedef enum rp_xml_choice {
    RP_XML_SKIP,  /* nothing in the element is wanted */
    RP_XML_KEEP,  /* what is in it stays in the tree */
    RP_XML_STREAM /* its children are given to `take` one by one */
} rp_xml_choice;

/* Receives the children of elements at depth 2 (the root is at 1) when they are complete. */
typedef struct rp_xml_stream {
    void *context;
    /* An element at depth 2 begins. Its attributes are set; what was kept before it is in the
     * tree. */
    rp_xml_choice (*choose)(void *context, const rp_xml_tree *tree, const rp_xml_node *element);
    /* `node` is in `tree` until the call returns. Anything but RP_OK ends the reading with that
     * status and the receiver's error. */
    rp_status (*take)(void *context, rp_xml_tree *tree, rp_xml_node *node, rp_error *error);
} rp_xml_stream;

/* Reads a document of any length in the memory of the largest child that is streamed, 256 MiB at
 * most, and of what is kept. Fails as rp_xml_read. */
rp_status rp_xml_read_stream(rp_xml_tree *tree, const rp_xml_source *source,
                             const rp_xml_stream *stream, rp_error *error);

/* The line (from 1) of a byte of the source. */
size_t rp_xml_line_of(const rp_xml_source *source, size_t offset_bytes);

#endif
