/* layout.h: what is left of a broken recording: which boxes, where the samples lie. */
#ifndef RP_VIDEO_LAYOUT_H
#define RP_VIDEO_LAYOUT_H

#include "media/boxes.h"

typedef enum rp_video_form {
    RP_VIDEO_WHOLE,     /* index and media data are there */
    RP_VIDEO_NO_INDEX,  /* boxes and mdat, no moov that can be followed */
    RP_VIDEO_CUT_DATA,  /* the index is there, the media data ends early */
    RP_VIDEO_FRAGMENTS, /* moov and moofs; the last may be cut */
    RP_VIDEO_BARE,      /* no boxes: media data from the first byte */
    RP_VIDEO_FORM_COUNT
} rp_video_form;

typedef struct rp_video_layout {
    rp_video_form form;
    rp_media_box mdat;    /* the first of its row; size 0: bare */
    uint64_t begin, end;  /* of the bytes that may hold samples */
    uint64_t apart_bytes; /* media data that is not of this row, and what is no box */
    bool has_ftyp, has_moov, has_placeholder; /* mdat's size was never filled in */
    bool has_damaged_moov;                    /* all there, but not to be followed */
    bool is_cut;        /* the last mdat claims more bytes than the file has */
    bool is_open_ended; /* what stands last may have been longer: cut, or of no known size */
    bool is_empty;      /* nothing but one byte value: a card that was never written */
} rp_video_layout;

/* A stretch of media data without a box's header in it. */
typedef struct rp_video_piece {
    uint64_t begin, end;
} rp_video_piece;

/* Looks at a file in memory. Trusts the size of mdat only where something whole follows it. Several
 * mdats in a row, with other boxes between but for moov and ftyp, are taken for one; of several
 * rows the one with most data is. */
void rp_video_layout_find(rp_video_layout *layout, const uint8_t *data, uint64_t size);

/* The next piece of what may hold samples: one for each mdat of the row. *position: 0 before the
 * first; false behind the last. */
bool rp_video_layout_next_piece(rp_video_piece *piece, const rp_video_layout *layout,
                                const uint8_t *data, uint64_t *position);

/* Does a box beside the media data go into the mended file as it is? What indexed the file as it
 * was does not, nor a stump: its size would swallow what follows it. */
bool rp_video_layout_keeps(const rp_media_box *box);

/* The form in words. */
const char *rp_video_form_name(rp_video_form form);

#endif
