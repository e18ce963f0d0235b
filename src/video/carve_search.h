/* carve_search.h: which clusters that nobody owns make up which recordings, and in which order. */
#ifndef RP_VIDEO_CARVE_SEARCH_H
#define RP_VIDEO_CARVE_SEARCH_H

#include "base/progress.h"
#include "media/volume.h"
#include "video/follow.h"

/* A recording that was found. */
typedef struct rp_carve_stream {
    uint32_t start;      /* its first cluster */
    rp_volume_runs runs; /* all of them, in order; memory of the volume's arena */
    rp_follow follow;    /* after the last one */
} rp_carve_stream;

typedef struct rp_carve_found {
    rp_carve_stream *streams; /* by first cluster as met; memory of the volume's arena */
    size_t count, capacity;
} rp_carve_found;

/* Follows every recording through the clusters that are not owned. `links[c]` is the cluster that
 * table or entry name as the one after c, 0 where none does: a hint, since old tables are stale.
 * Memory is bounded whatever the card holds. RP_SYSTEM: no memory. RP_NO: stopped by `progress`. */
rp_status rp_carve_search(rp_carve_found *found, const rp_volume *volume, const uint32_t *links,
                          const rp_progress *progress, rp_error *error);

#endif
