/* fat32.h: boot sector and folder entries of FAT32 (Microsoft fatgen103).
 *
 *     boot sector, byte  11 bytes a sector  13 sectors a cluster  14 reserved sectors  16 tables
 *                        17 and 22: 0 tells FAT32  32 sectors  36 sectors a table  44 root cluster
 *                       510 55 aa; a copy lies 6 sectors later
 *     folder: entries of 32 bytes: 0 name 8+3  11 attributes  20, 26 first cluster  22 time
 *     24 date  28 size. Before it, last part first, entries with attributes 0f of 13 UTF-16 units
 *     each: the long name, tied by byte 13, a checksum of the short name. Deleting writes e5 over
 *     byte 0 of each and clears the chain: the first cluster and the size survive. */
#ifndef RP_MEDIA_FAT32_H
#define RP_MEDIA_FAT32_H

#include "media/volume.h"

/* Reads the boot sector (or its copy) into `volume`. False: this is not FAT32. */
bool rp_fat32_read_boot(rp_volume *volume, const uint8_t *data, uint64_t size);

/* Adds the entries of one folder; as rp_exfat_read_folder. */
bool rp_fat32_read_folder(rp_volume *volume, const char *folder, const uint8_t *bytes, size_t size,
                          bool is_deleted);

/* Marks clusters as lost where the table says allocated and nobody owns them. */
void rp_fat32_read_table(rp_volume *volume);

#endif
