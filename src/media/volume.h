/* volume.h: the file system of a memory card, read from an image that may be damaged.
 *
 *     image --+-- partition table (MBR, GPT) or none
 *             +-- boot sector --- FAT --- (bitmap) --- clusters 2 .. cluster_count + 1
 *
 * Reading gives rows: every directory entry, live and deleted, and for every cluster whether a live
 * entry owns it. What is wanted here is what lies in no file, so nothing is trusted: sizes are
 * bounded by the image, chains by the cluster count, folders by depth and number.
 *
 * An image without a known file system is a volume of kind RP_VOLUME_RAW: one heap of 32 KiB
 * clusters from byte 0, without entries. */
#ifndef RP_MEDIA_VOLUME_H
#define RP_MEDIA_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

typedef enum rp_volume_kind { RP_VOLUME_RAW, RP_VOLUME_EXFAT, RP_VOLUME_FAT32 } rp_volume_kind;

typedef enum rp_cluster_use {
    RP_CLUSTER_FREE,
    RP_CLUSTER_LOST,  /* marked as allocated, but no live entry leads to it */
    RP_CLUSTER_OWNED, /* a live file, a live folder or the file system's own tables */
} rp_cluster_use;

typedef struct rp_volume_file {
    const char *path;       /* "DCIM/100MSDCF/C0001.MP4", UTF-8; memory of the arena */
    uint64_t size_bytes;    /* as the entry says; not believed */
    uint32_t first_cluster; /* 0: none */
    uint32_t modified;      /* date << 16 | time, as FAT writes them; larger is later */
    bool is_folder, is_deleted;
    bool is_contiguous; /* exFAT: the entry says that no chain is needed */
} rp_volume_file;

/* Consecutive clusters. */
typedef struct rp_volume_run {
    uint32_t first_cluster, count;
} rp_volume_run;

typedef struct rp_volume_runs {
    rp_volume_run *rows; /* memory of the arena */
    size_t count, capacity;
    uint64_t clusters; /* sum of the rows' counts */
    bool is_whole;     /* the chain came to its end mark or covers the size */
} rp_volume_runs;

typedef struct rp_volume {
    rp_volume_kind kind;
    const uint8_t *data; /* the partition; borrowed */
    uint64_t size_bytes;
    uint64_t start_bytes; /* of the partition in the image */
    uint64_t heap_bytes;  /* of cluster 2 in the partition */
    uint32_t cluster_bytes, cluster_count, root_cluster;
    const uint8_t *fat; /* 32-bit entries, in the partition; NULL: none */
    uint32_t fat_entries;
    uint8_t *use; /* rp_cluster_use of cluster 0 .. cluster_count + 1; memory of the arena */
    rp_volume_file *files;
    size_t file_count, file_capacity;
    rp_arena *arena; /* borrowed */
} rp_volume;

/* Reads the file system of `image` (size bytes, borrowed by the volume). Rows live in `arena`.
 * RP_SYSTEM: no memory. Damage is no failure: what can be read is read; an image without a file
 * system becomes RP_VOLUME_RAW. Sources: exFAT specification 1.00 (sections 3 to 7); FAT: Microsoft
 * fatgen103. */
rp_status rp_volume_open(rp_volume *volume, const uint8_t *image, size_t size, rp_arena *arena,
                         rp_error *error);

/* Where cluster `cluster` lies, and in `size` how much of it the image holds (a cut image ends
 * inside one). NULL when the number is out of range or nothing of it is there. */
const uint8_t *rp_volume_cluster(const rp_volume *volume, uint32_t cluster, size_t *size);

/* What the table says follows `cluster`: a cluster number, or 0 (free, bad, end, out of range). */
uint32_t rp_volume_next(const rp_volume *volume, uint32_t cluster);

/* The clusters of a file as far as entry and table tell: by its size where it is contiguous, else
 * along the chain. Memory of the volume's arena. RP_SYSTEM: no memory. */
rp_status rp_volume_file_runs(rp_volume_runs *runs, const rp_volume *volume,
                              const rp_volume_file *file, rp_error *error);

/* Adds one cluster, joined to the last run where it follows it. False: no memory. */
bool rp_volume_runs_add(rp_volume_runs *runs, rp_arena *arena, uint32_t cluster);

/* ---- for the readers of the two file systems ---- */

/* Adds a row; the path is folder/name (folder may be ""). False: no memory, too many, too long. */
bool rp_volume_add_file(rp_volume *volume, const char *folder, const char *name,
                        rp_volume_file file);

/* Marks the clusters of a chain or run as owned. */
void rp_volume_own(rp_volume *volume, const rp_volume_file *file);

#endif
