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

static void take_mdat(rp_video_layout *layout, const uint8_t *data, uint64_t size,
                      const rp_media_box *box) {
    const uint64_t end = box->offset + box->size;
    layout->mdat = *box;
    layout->begin = box->offset + box->header_bytes;
    layout->declared_bytes =
        box->header_bytes == 16 ? rp_be64(data + box->offset + 8) : rp_be32(data + box->offset);
    const bool is_trusted =
        !box->is_cut && !box->is_open && box->size > box->header_bytes &&
        (end == size || is_top_box(data, size, end) || is_strange_box(data, size, end));
    layout->has_placeholder = box->is_open || box->size == box->header_bytes;
    layout->end = is_trusted ? end : size;
}

bool rp_video_layout_keeps(const rp_media_box *box) {
    static const char indices[][5] = {"moov", "moof", "mfra", "sidx"};
    for (size_t i = 0; i < RP_COUNT(indices); i++)
        if (box->type == TYPE(indices[i])) return false;
    return !box->is_cut && !box->is_open;
}

/* The boxes at the top of the file; false where none stands at its start. */
static bool walk_boxes(rp_video_layout *layout, const uint8_t *data, uint64_t size) {
    rp_media_box_walk walk = {.data = data, .end = size};
    rp_media_box box = {.is_open = true};
    bool has_boxes = false, has_mdat = false, is_mdat_whole = false, has_moof = false;
    if (!is_top_box(data, size, 0)) return false;
    while (walk.position < size &&
           (is_top_box(data, size, walk.position) || is_strange_box(data, size, walk.position)) &&
           rp_media_box_next(&box, &walk)) {
        has_boxes = true;
        if (box.type == TYPE("ftyp")) layout->has_ftyp = true;
        if (box.type == TYPE("moov") && !box.is_cut && !is_sound(data, &box, 0))
            layout->has_damaged_moov = true;
        else if (box.type == TYPE("moov") && !box.is_cut) layout->has_moov = true;
        if (box.type == TYPE("moof")) has_moof = true;
        if (box.type != TYPE("mdat") || (has_mdat && box.size <= layout->mdat.size)) continue;
        has_mdat = true;
        take_mdat(layout, data, size, &box);
        is_mdat_whole = !box.is_cut && layout->end == box.offset + box.size;
        if (layout->end == size) break;
    }
    layout->is_open_ended = walk.position < size || box.is_cut || box.is_open;
    layout->form = has_moof && layout->has_moov        ? RP_VIDEO_FRAGMENTS
                   : layout->has_moov && is_mdat_whole ? RP_VIDEO_WHOLE
                   : layout->has_moov                  ? RP_VIDEO_CUT_DATA
                                                       : RP_VIDEO_NO_INDEX;
    return has_boxes && has_mdat;
}

/* An mdat header behind damage, in the first bytes of the file. */
static bool search_mdat(rp_video_layout *layout, const uint8_t *data, uint64_t size) {
    const uint64_t until = size < HEAD_SEARCHED ? size : HEAD_SEARCHED;
    for (uint64_t at = 4; at + 4 <= until; at++) {
        if (data[at] != 'm' || memcmp(data + at, "mdat", 4) != 0) continue;
        rp_media_box_walk walk = {.data = data, .position = at - 4, .end = size};
        rp_media_box box;
        if (!rp_media_box_next(&box, &walk)) continue;
        take_mdat(layout, data, size, &box);
        layout->form = RP_VIDEO_NO_INDEX;
        return true;
    }
    return false;
}

void rp_video_layout_find(rp_video_layout *layout, const uint8_t *data, uint64_t size) {
    *layout = (rp_video_layout){.form = RP_VIDEO_BARE, .end = size};
    layout->is_empty = size == 0 || rp_mapped_file_is_uniform(data, size);
    if (layout->is_empty) return;
    if (walk_boxes(layout, data, size)) return;
    const bool has_boxes = is_top_box(data, size, 0);
    if (has_boxes && search_mdat(layout, data, size)) return;
    *layout = (rp_video_layout){.form = RP_VIDEO_BARE, .end = size};
}
