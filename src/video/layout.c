/* layout.c: see layout.h. */
#include "video/layout.h"

#include <string.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/mapped_file.h"

#define TYPE(text) RP_MEDIA_TYPE((text)[0], (text)[1], (text)[2], (text)[3])
enum { HEAD_SEARCHED = 4 << 20 }; /* bytes in which mdat is looked for behind damage */

const char *rp_video_form_name(rp_video_form form) {
    static const char *const names[RP_VIDEO_FORM_COUNT] = {
        "whole", "no index (moov)", "index whole, media data cut", "fragmented",
        "bare media data, no boxes"};
    return names[form];
}

/* Is a box of a known type here, that may stand at the top of a file? */
static bool is_top_box(const uint8_t *data, uint64_t size, uint64_t offset) {
    if (offset + 8 > size) return false;
    const rp_media_box_row *row = rp_media_box_row_of(rp_be32(data + offset + 4));
    return row != NULL && (row->parents[0] == '\0' || row->parents[0] == ' ') &&
           (rp_be32(data + offset) >= 8 || rp_be32(data + offset) <= 1);
}

/* A maker's box that the table does not know: whole, and what follows it is known or the end. */
static bool is_strange_box(const uint8_t *data, uint64_t size, uint64_t offset) {
    rp_media_box_walk walk = {.data = data, .position = offset, .end = size};
    rp_media_box box;
    return rp_media_box_next(&box, &walk) && !box.is_cut && !box.is_open &&
           (walk.position == size || is_top_box(data, size, walk.position));
}

/* Do the boxes that lead to the sample tables, each in the one before, hold boxes to their ends?
 * Zeros do not. box: of the type of this level, 0 .. 4. */
static bool is_sound(const uint8_t *data, const rp_media_box *box, size_t level) {
    static const char levels[][5] = {"moov", "trak", "mdia", "minf", "stbl"};
    rp_media_box_walk walk = rp_media_box_inside(data, box, 0);
    for (rp_media_box child; rp_media_box_next(&child, &walk);) {
        const bool leads_on = level + 1 < RP_COUNT(levels) && child.type == TYPE(levels[level + 1]);
        if (child.is_cut || (leads_on && !is_sound(data, &child, level + 1))) return false;
    }
    return !walk.failed;
}

/* Where the data of an mdat ends. Its size is trusted only where something whole follows it, and
 * one that claims to be empty where that is a box that is known: else its size was never filled in.
 */
static uint64_t data_end(const uint8_t *data, uint64_t size, const rp_media_box *box) {
    const uint64_t end = box->offset + box->size;
    const bool is_empty = box->size == box->header_bytes;
    const bool is_followed = is_top_box(data, size, end) ||
                             (!is_empty && (end == size || is_strange_box(data, size, end)));
    return !box->is_cut && !box->is_open && is_followed ? end : size;
}

/* Boxes of media data one behind the other, whatever lies between them but for the index or the
 * beginning of another film: together they are one recording's. */
typedef struct row {
    rp_media_box first; /* that is not empty; size 0: none was met */
    uint64_t begin, end, bytes;
    bool is_whole, is_cut, has_placeholder; /* the last of them */
} row;

static void add_mdat(row *row, const uint8_t *data, uint64_t size, const rp_media_box *box) {
    const uint64_t begin = box->offset + box->header_bytes, end = data_end(data, size, box);
    if (row->bytes == 0) {
        row->first = *box;
        row->begin = begin;
    }
    row->end = end;
    row->bytes += end - begin;
    row->is_whole = !box->is_cut && end == box->offset + box->size;
    row->is_cut = box->is_cut;
    row->has_placeholder = box->is_open || (box->size == box->header_bytes && end == size);
}

/* The row with most data is the recording's. */
static void take_row(rp_video_layout *layout, const row *row) {
    layout->mdat = row->first;
    layout->begin = row->begin;
    layout->end = row->end;
    layout->is_cut = row->is_cut;
    layout->has_placeholder = row->has_placeholder;
}

bool rp_video_layout_next_piece(rp_video_piece *piece, const rp_video_layout *layout,
                                const uint8_t *data, uint64_t *position) {
    if (layout->mdat.size == 0) { /* bare */
        *piece = (rp_video_piece){.begin = layout->begin, .end = layout->end};
        return (*position)++ == 0;
    }
    if (*position == 0) *position = layout->mdat.offset;
    rp_media_box_walk walk = {.data = data, .position = *position, .end = layout->end};
    for (rp_media_box box; *position < layout->end && rp_media_box_next(&box, &walk);) {
        *position = walk.position;
        if (box.type != TYPE("mdat")) continue;
        *piece = (rp_video_piece){.begin = box.offset + box.header_bytes,
                                  .end = data_end(data, layout->end, &box)};
        *position = piece->end;
        if (piece->begin < piece->end) return true;
        walk.position = *position;
    }
    return false;
}

bool rp_video_layout_keeps(const rp_media_box *box) {
    static const char indices[][5] = {"moov", "moof", "mfra", "sidx"};
    for (size_t i = 0; i < RP_COUNT(indices); i++)
        if (box->type == TYPE(indices[i])) return false;
    return !box->is_cut && !box->is_open;
}

static void note_box(rp_video_layout *layout, const uint8_t *data, const rp_media_box *box) {
    if (box->type == TYPE("ftyp")) layout->has_ftyp = true;
    if (box->type != TYPE("moov") || box->is_cut) return;
    if (is_sound(data, box, 0)) layout->has_moov = true;
    else layout->has_damaged_moov = true;
}

/* The boxes at the top of the file from `from` on; false where no media data is among them. */
static bool walk_boxes(rp_video_layout *layout, const uint8_t *data, uint64_t size, uint64_t from) {
    rp_media_box_walk walk = {.data = data, .position = from, .end = size};
    rp_media_box box = {.is_open = true};
    row now = {.bytes = 0}, most = now;
    uint64_t bytes = 0;
    bool has_moof = false;
    while (walk.position < size &&
           (is_top_box(data, size, walk.position) || is_strange_box(data, size, walk.position)) &&
           rp_media_box_next(&box, &walk)) {
        note_box(layout, data, &box);
        if (box.type == TYPE("moof")) has_moof = true;
        if (box.type == TYPE("moov") || box.type == TYPE("ftyp")) now = (row){.bytes = 0};
        if (box.type != TYPE("mdat")) continue;
        bytes -= now.bytes;
        add_mdat(&now, data, size, &box);
        bytes += now.bytes;
        if (most.first.size == 0 || now.bytes > most.bytes) most = now;
        if (now.end == size) break;
    }
    layout->is_open_ended = walk.position < size || box.is_cut || box.is_open;
    take_row(layout, &most);
    layout->apart_bytes = bytes - most.bytes;
    const uint64_t rest = now.end == size ? 0 : size - walk.position;
    if (rest > 0 && !rp_mapped_file_is_uniform(data + walk.position, rest))
        layout->apart_bytes += rest; /* what stands behind the last box */
    layout->form = has_moof && layout->has_moov        ? RP_VIDEO_FRAGMENTS
                   : layout->has_moov && most.is_whole ? RP_VIDEO_WHOLE
                   : layout->has_moov                  ? RP_VIDEO_CUT_DATA
                                                       : RP_VIDEO_NO_INDEX;
    return most.first.size > 0;
}

/* An mdat header behind damage, in the first bytes of the file. An index behind it is not followed:
 * what was damaged may have moved it. */
static bool search_mdat(rp_video_layout *layout, const uint8_t *data, uint64_t size) {
    const uint64_t until = size < HEAD_SEARCHED ? size : HEAD_SEARCHED;
    const rp_video_layout before = *layout;
    for (uint64_t at = 4; at + 4 <= until; at++) {
        if (data[at] != 'm' || memcmp(data + at, "mdat", 4) != 0) continue;
        if (!walk_boxes(layout, data, size, at - 4)) continue;
        layout->has_moov = before.has_moov;
        layout->has_damaged_moov = before.has_damaged_moov;
        layout->form = RP_VIDEO_NO_INDEX;
        return true;
    }
    return false;
}

void rp_video_layout_find(rp_video_layout *layout, const uint8_t *data, uint64_t size) {
    *layout = (rp_video_layout){.form = RP_VIDEO_BARE, .end = size};
    layout->is_empty = size == 0 || rp_mapped_file_is_uniform(data, size);
    if (layout->is_empty) return;
    const bool has_boxes = is_top_box(data, size, 0);
    if (has_boxes && walk_boxes(layout, data, size, 0)) return;
    if (has_boxes && search_mdat(layout, data, size)) return;
    *layout = (rp_video_layout){.form = RP_VIDEO_BARE, .end = size};
}
