/* foreign.h: what is this recording, that the reference does not fit? Told from what says its own
 * length: NAL units, parameter sets, camera's records. */
#ifndef RP_VIDEO_FOREIGN_H
#define RP_VIDEO_FOREIGN_H

#include "video/mark.h"
#include "video/profile.h"

typedef struct rp_video_foreign {
    rp_mark_kind pictures;  /* RP_MARK_H264, RP_MARK_HEVC; RP_MARK_NONE: none were met */
    uint32_t width, height; /* of a parameter set among them; 0: none was met */
    bool has_rtmd, has_fdsc;
} rp_video_foreign;

/* Looks through the first megabytes of data[begin .. end). */
void rp_video_foreign_find(rp_video_foreign *found, const uint8_t *data, uint64_t begin,
                           uint64_t end);

/* In words: "HEVC 3840x2160, Sony's rtmd"; "nothing that is known" where nothing was met. */
void rp_video_foreign_tell(char *text, size_t size, const rp_video_foreign *found);

/* The reference's tracks in the same words: "avc1 1920x1080, mp4a". */
void rp_video_foreign_tell_reference(char *text, size_t size, const rp_video_profile *profile);

#endif
