/* mark.h: what in a recording can be recognised without any index, and how surely.
 *
 * A mark is a unit that says its own length: a top-level box, a NAL unit behind its length, Sony's
 * rtmd sample, GoPro's fdsc record with the sample that follows. `bits` is the evidence: how many
 * bits of chance it would take for random bytes to look so, -log2 p. Adding bits along a chain of
 * marks and taking off log2 of the places tried makes the evidence for a whole stretch. */
#ifndef RP_VIDEO_MARK_H
#define RP_VIDEO_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum rp_mark_kind {
    RP_MARK_NONE,
    RP_MARK_BOX,  /* box at the top of the file */
    RP_MARK_RTMD, /* Sony: 00 1c 01 00 .... f0 01 00 10 */
    RP_MARK_FDSC, /* GoPro: GP.., says how long the next sample is */
    RP_MARK_MEBX, /* Apple: records of timed metadata: size, key */
    RP_MARK_H264,
    RP_MARK_HEVC
} rp_mark_kind;

typedef struct rp_mark {
    rp_mark_kind kind;
    unsigned bits;    /* of evidence; 0: no mark */
    uint64_t size;    /* of the unit with its header; 0: to be learned (rtmd), unknown (mdat) */
    unsigned header;  /* of these are a box's header: 8 or 16 */
    uint32_t type;    /* of the box, or the NAL unit's nal_unit_type */
    bool starts_unit; /* NAL unit: may be the first of an access unit */
} rp_mark;

enum {
    RP_MARK_LOOK = 48,           /* a mark is told from this many bytes */
    RP_MARK_NAL_MAX = 16 << 20,  /* larger NAL units than this are not believed */
    RP_MARK_RTMD_DEFAULT = 19456 /* 0x4c00, in every recording seen */
};

/* The mark of one kind at `p`, where RP_MARK_LOOK bytes can be read. NAL units are looked for
 * behind lengths of four bytes, as every recorder writes them. Sources: ISO/IEC 14496-12 4.2,
 * H.264 7.3.1 and 7.4.1, HEVC 7.3.1.2 and 7.4.2.2; rtmd and fdsc as measured on clips. */
rp_mark rp_mark_read(const uint8_t *p, rp_mark_kind kind);

/* floor(log2(value)), 0 for 0. */
unsigned rp_mark_log2(uint64_t value);

#endif
