/* card_maker.h: memory cards for tests, made byte by byte: exFAT or FAT32, every cluster placed by
 * hand, so that the tests know where each byte of each recording lies.
 *
 *     struct card card = card_create(RP_VOLUME_EXFAT, 4096, 500);
 *     const uint32_t folder = card_add_folder(&card, 0, "DCIM");
 *     uint32_t clusters[] = {10, 11, 14};
 *     card_write(&card, clusters, 3, bytes, size);
 *     card_add_file(&card, folder, "C0001.MP4", clusters, 3, size, CARD_CHAINED);
 *     ... card.data, card.size ...
 *     card_destroy(&card); */
#ifndef RP_TESTS_CARD_MAKER_H
#define RP_TESTS_CARD_MAKER_H

#include <stddef.h>
#include <stdint.h>

#include "media/volume.h"

struct card {
    rp_volume_kind kind;
    uint8_t *data; /* owned */
    size_t size, fat_bytes, heap_bytes;
    uint32_t cluster_bytes, cluster_count, bitmap_cluster, root_cluster, next_folder;
};

typedef enum card_flags {
    CARD_CHAINED = 1,    /* write the chain into the table, take the clusters in the bitmap */
    CARD_CONTIGUOUS = 2, /* exFAT: say that no chain is needed */
    CARD_DELETED = 4,    /* as each file system deletes */
    CARD_EMPTY = 8       /* size and first cluster 0, as after a loss of power */
} card_flags;

/* Clusters 2 .. cluster_count + 1; the first few hold the tables and folders: place recordings from
 * cluster 16 on. Aborts when memory runs out. */
struct card card_create(rp_volume_kind kind, uint32_t cluster_bytes, uint32_t cluster_count);
void card_destroy(struct card *card);

/* A folder in `parent` (its cluster; 0: the root). Returns its cluster. Up to six. */
uint32_t card_add_folder(struct card *card, uint32_t parent, const char *name);

/* Puts `size` bytes into the clusters, in their order; the rest of the last one is zeros. */
void card_write(struct card *card, const uint32_t *clusters, size_t count, const uint8_t *bytes,
                size_t size);

/* Adds the entry of a file; see card_flags for what else is written. */
void card_add_file(struct card *card, uint32_t folder, const char *name, const uint32_t *clusters,
                   size_t count, uint64_t size, unsigned flags);

/* Chain and bitmap without any entry: what a camera leaves that lost power. */
void card_chain(struct card *card, const uint32_t *clusters, size_t count);

/* Takes the clusters in the bitmap alone (exFAT), as for a contiguous file. */
void card_take(struct card *card, const uint32_t *clusters, size_t count);

#endif
