/* carve.h: what carving found, and how it is told. The call itself is rp_video_carve of video.h. */
#ifndef RP_VIDEO_CARVE_H
#define RP_VIDEO_CARVE_H

#include "reprise/video.h"
#include "video/carve_search.h"

typedef enum rp_carved_state {
    RP_CARVED_WHOLE,     /* with its own index */
    RP_CARVED_RECOVERED, /* with a new one, everything identified */
    RP_CARVED_PARTLY,    /* with a new one, not everything identified */
    RP_CARVED_DOUBTFUL,  /* its own index does not fit */
    RP_CARVED_RAW,       /* no reference fits: the bytes as found */
    RP_CARVED_STATES
} rp_carved_state;

typedef struct rp_carved {
    const char *path, *entry; /* written to; entry of the file system or NULL */
    const char *report;       /* of the recovery, or NULL */
    rp_carved_state state;
    uint32_t first_cluster;
    uint64_t fragments, size_bytes;
    rp_arena *arena;
} rp_carved;

/* Fills the report in words and as JSON. */
void rp_carve_report(rp_video_report *report, const rp_volume *volume, const rp_carved *carved,
                     size_t count);

#endif
