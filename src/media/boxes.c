/* boxes.c: see boxes.h. */
#include "media/boxes.h"

#include <string.h>

#include "base/bytes.h"
#include "base/compiler.h"

static const rp_media_box_row rows[] = {
    {"ftyp", RP_MEDIA_BOX_LEAF, "", "4.3", "file type and brands"},
    {"styp", RP_MEDIA_BOX_LEAF, "", "8.16.2", "segment type"},
    {"pdin", RP_MEDIA_BOX_FULL, "", "8.1.3", "progressive download"},
    {"mdat", RP_MEDIA_BOX_LEAF, "", "8.1.1", "media data"},
    {"free", RP_MEDIA_BOX_LEAF, " any", "8.1.2", "free space"},
    {"skip", RP_MEDIA_BOX_LEAF, " any", "8.1.2", "free space"},
    {"wide", RP_MEDIA_BOX_LEAF, "", "QTFF", "room for a 64-bit size"},
    {"uuid", RP_MEDIA_BOX_LEAF, " any", "11.1", "a maker's own box"},
    {"sidx", RP_MEDIA_BOX_FULL, "", "8.16.3", "segment index"},
    {"moov", RP_MEDIA_BOX_CONTAINER, "", "8.2.1", "the index"},
    {"mvhd", RP_MEDIA_BOX_FULL, "moov", "8.2.2", "movie header"},
    {"iods", RP_MEDIA_BOX_FULL, "moov", "14496-14", "object descriptor"},
    {"trak", RP_MEDIA_BOX_CONTAINER, "moov", "8.3.1", "a track"},
    {"tkhd", RP_MEDIA_BOX_FULL, "trak", "8.3.2", "track header"},
    {"tapt", RP_MEDIA_BOX_CONTAINER, "trak", "QTFF", "apertures"},
    {"tref", RP_MEDIA_BOX_CONTAINER, "trak", "8.3.3", "references between tracks"},
    {"edts", RP_MEDIA_BOX_CONTAINER, "trak", "8.6.5", "edits"},
    {"elst", RP_MEDIA_BOX_FULL, "edts", "8.6.6", "edit list"},
    {"mdia", RP_MEDIA_BOX_CONTAINER, "trak", "8.4.1", "media of a track"},
    {"mdhd", RP_MEDIA_BOX_FULL, "mdia", "8.4.2", "media header"},
    {"hdlr", RP_MEDIA_BOX_FULL, "mdia meta minf", "8.4.3", "handler"},
    {"minf", RP_MEDIA_BOX_CONTAINER, "mdia", "8.4.4", "media information"},
    {"vmhd", RP_MEDIA_BOX_FULL, "minf", "12.1.2", "video header"},
    {"smhd", RP_MEDIA_BOX_FULL, "minf", "12.2.2", "sound header"},
    {"nmhd", RP_MEDIA_BOX_FULL, "minf", "8.4.5.2", "header of other media"},
    {"gmhd", RP_MEDIA_BOX_CONTAINER, "minf", "QTFF", "header of other media"},
    {"dinf", RP_MEDIA_BOX_CONTAINER, "minf", "8.7.1", "where the data lies"},
    {"dref", RP_MEDIA_BOX_FULL, "dinf", "8.7.2", "data references"},
    {"stbl", RP_MEDIA_BOX_CONTAINER, "minf", "8.5.1", "sample tables"},
    {"stsd", RP_MEDIA_BOX_FULL, "stbl", "8.5.2", "sample descriptions"},
    {"stts", RP_MEDIA_BOX_FULL, "stbl", "8.6.1.2", "decoding times"},
    {"ctts", RP_MEDIA_BOX_FULL, "stbl", "8.6.1.3", "composition offsets"},
    {"cslg", RP_MEDIA_BOX_FULL, "stbl", "8.6.1.4", "composition to decode"},
    {"stss", RP_MEDIA_BOX_FULL, "stbl", "8.6.2", "sync samples"},
    {"stps", RP_MEDIA_BOX_FULL, "stbl", "QTFF", "partial sync samples"},
    {"sdtp", RP_MEDIA_BOX_FULL, "stbl traf", "8.6.4", "dependencies of samples"},
    {"stsz", RP_MEDIA_BOX_FULL, "stbl", "8.7.3.2", "sample sizes"},
    {"stz2", RP_MEDIA_BOX_FULL, "stbl", "8.7.3.3", "compact sample sizes"},
    {"stsc", RP_MEDIA_BOX_FULL, "stbl", "8.7.4", "samples in each chunk"},
    {"stco", RP_MEDIA_BOX_FULL, "stbl", "8.7.5", "chunk offsets"},
    {"co64", RP_MEDIA_BOX_FULL, "stbl", "8.7.5", "chunk offsets, 64 bits"},
    {"sgpd", RP_MEDIA_BOX_FULL, "stbl traf", "8.9.3", "sample group descriptions"},
    {"sbgp", RP_MEDIA_BOX_FULL, "stbl traf", "8.9.2", "samples to groups"},
    {"udta", RP_MEDIA_BOX_LEAF, "moov trak", "8.10.1", "user data"},
    {"meta", RP_MEDIA_BOX_LEAF, " any", "8.11.1", "metadata"},
    {"mvex", RP_MEDIA_BOX_CONTAINER, "moov", "8.8.1", "defaults of fragments"},
    {"mehd", RP_MEDIA_BOX_FULL, "mvex", "8.8.2", "duration with fragments"},
    {"trex", RP_MEDIA_BOX_FULL, "mvex", "8.8.3", "defaults of a track's fragments"},
    {"moof", RP_MEDIA_BOX_CONTAINER, "", "8.8.4", "a fragment's index"},
    {"mfhd", RP_MEDIA_BOX_FULL, "moof", "8.8.5", "fragment header"},
    {"traf", RP_MEDIA_BOX_CONTAINER, "moof", "8.8.6", "a track's part of a fragment"},
    {"tfhd", RP_MEDIA_BOX_FULL, "traf", "8.8.7", "track fragment header"},
    {"tfdt", RP_MEDIA_BOX_FULL, "traf", "8.8.12", "decode time of a fragment"},
    {"trun", RP_MEDIA_BOX_FULL, "traf", "8.8.8", "a run of samples"},
    {"mfra", RP_MEDIA_BOX_CONTAINER, "", "8.8.9", "random access to fragments"},
    {"sefd", RP_MEDIA_BOX_LEAF, "", "Samsung", "maker's trailer"},
};

const rp_media_box_row *rp_media_box_rows(size_t *count) {
    *count = RP_COUNT(rows);
    return rows;
}

const rp_media_box_row *rp_media_box_row_of(uint32_t type) {
    for (size_t i = 0; i < RP_COUNT(rows); i++)
        if (rp_be32((const uint8_t *)rows[i].type) == type) return &rows[i];
    return NULL;
}

void rp_media_type_name(char name[5], uint32_t type) {
    for (int i = 0; i < 4; i++) {
        const uint8_t letter = (uint8_t)(type >> (24 - 8 * i));
        name[i] = letter >= 0x20 && letter < 0x7f ? (char)letter : '?';
    }
    name[4] = '\0';
}

/* A type has letters, digits, spaces, or the (c) of QuickTime's user data. */
static bool is_type(const uint8_t *p) {
    for (int i = 0; i < 4; i++)
        if (!(p[i] >= 0x20 && p[i] < 0x7f) && p[i] != 0xa9) return false;
    return true;
}

bool rp_media_box_next(rp_media_box *box, rp_media_box_walk *walk) {
    const uint64_t left = walk->position < walk->end ? walk->end - walk->position : 0;
    if (walk->failed || left == 0) return false;
    const uint8_t *at = walk->data + walk->position;
    *box = (rp_media_box){.offset = walk->position, .header_bytes = 8};
    if (left < 8 || !is_type(at + 4)) {
        /* QuickTime ends user data with four zero bytes; what is shorter than a box is no fault. */
        walk->failed = left >= 8;
        return false;
    }
    box->type = rp_be32(at + 4);
    box->size = rp_be32(at);
    if (box->size == 1 && left >= 16) {
        box->header_bytes = 16;
        box->size = rp_be64(at + 8);
        box->is_open = box->size == 0; /* a recorder's placeholder, never filled in */
        if (box->is_open) box->size = left;
    } else if (box->size == 0) {
        box->size = left;
        box->is_open = true;
    }
    if (box->size < box->header_bytes) {
        walk->failed = true;
        return false;
    }
    if (box->size > left) {
        box->size = left;
        box->is_cut = true;
    }
    walk->position += box->size;
    return true;
}

rp_media_box_walk rp_media_box_inside(const uint8_t *data, const rp_media_box *box, uint64_t skip) {
    const uint64_t end = box->offset + box->size;
    uint64_t first = box->offset + box->header_bytes + skip;
    if (skip > rp_media_box_payload_size(box)) first = end;
    return (rp_media_box_walk){.data = data, .position = first, .end = end};
}

bool rp_media_box_find(rp_media_box *child, const uint8_t *data, const rp_media_box *box,
                       uint32_t type) {
    rp_media_box_walk walk = rp_media_box_inside(data, box, 0);
    while (rp_media_box_next(child, &walk))
        if (child->type == type) return true;
    return false;
}

void rp_media_put_be16(rp_text *out, uint16_t value) {
    rp_text_add_bytes(out, (uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

void rp_media_put_be32(rp_text *out, uint32_t value) {
    uint8_t bytes[4];
    rp_put_be32(bytes, value);
    rp_text_add_bytes(out, bytes, sizeof bytes);
}

void rp_media_put_be64(rp_text *out, uint64_t value) {
    uint8_t bytes[8];
    rp_put_be64(bytes, value);
    rp_text_add_bytes(out, bytes, sizeof bytes);
}

size_t rp_media_box_open(rp_text *out, uint32_t type) {
    const size_t mark = out->length;
    rp_media_put_be32(out, 0);
    rp_media_put_be32(out, type);
    return mark;
}

size_t rp_media_full_box_open(rp_text *out, uint32_t type, unsigned version, uint32_t flags) {
    const size_t mark = rp_media_box_open(out, type);
    rp_media_put_be32(out, (uint32_t)version << 24 | (flags & 0xffffff));
    return mark;
}

void rp_media_box_close(rp_text *out, size_t mark) {
    const size_t size = out->length - mark;
    if (size > UINT32_MAX) out->failed = true;
    if (!out->failed) rp_put_be32((uint8_t *)out->data + mark, (uint32_t)size);
}
