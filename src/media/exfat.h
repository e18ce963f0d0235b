/* exfat.h: boot sector, bitmap and folder entries of exFAT (specification 1.00, sections 3, 6, 7).
 *
 *     boot sector, byte   0 jump  3 "EXFAT   "  72 sectors (64 bit)  80 FAT sector  84 FAT sectors
 *                        88 heap sector  92 clusters  96 root cluster  108 log2 of sector bytes
 *                       109 log2 of sectors a cluster; a copy lies 12 sectors later
 *     folder: entries of 32 bytes; bit 7 of the first byte says "in use", so that deleting a file
 *     clears one bit in each and leaves all else: name, size and first cluster survive.
 *     85 file       1 number of entries that follow  4 attributes  12 time of change
 *     c0 stream     1 flags (bit 1: contiguous)  3 letters of the name  20 first cluster  24 size
 *     c1 name       2 fifteen UTF-16 units
 *     81 bitmap    20 first cluster  24 size: one bit a cluster, from cluster 2, low bit first */
#ifndef RP_MEDIA_EXFAT_H
#define RP_MEDIA_EXFAT_H

#include "media/volume.h"

/* Reads the boot sector (or its copy) into `volume`. False: this is not exFAT. */
bool rp_exfat_read_boot(rp_volume *volume, const uint8_t *data, uint64_t size);

/* Adds the entries of one folder (its bytes as read along its chain); `is_deleted` for a folder
 * that is itself deleted. False: no memory. */
bool rp_exfat_read_folder(rp_volume *volume, const char *folder, const uint8_t *bytes, size_t size,
                          bool is_deleted);

/* Marks clusters as lost where the bitmap says allocated and nobody owns them, and the bitmap's
 * and the letter table's own clusters as owned. `root`: the bytes of the root folder. */
void rp_exfat_read_bitmap(rp_volume *volume, const uint8_t *root, size_t size);

#endif
