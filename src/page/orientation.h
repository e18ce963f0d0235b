/* orientation.h: how a camera or scanner was held, as Exif and TIFF say it (tag 0x112). */
#ifndef RP_PAGE_ORIENTATION_H
#define RP_PAGE_ORIENTATION_H

#include "page/image.h"

/* Turns and mirrors the image so that it stands as it is to be seen. orientation: 1 .. 8 (TIFF 6.0,
 * "Orientation"); others, as 1, leave it. The pixels may be new ones of the arena. RP_SYSTEM. */
rp_status rp_page_orient(rp_page_image *image, rp_arena *arena, unsigned orientation,
                         const char *name, rp_error *error);

/* The orientation that a JPEG's Exif segment says; 1 where it says none. Any bytes are accepted. */
unsigned rp_page_exif_orientation(const uint8_t *jpeg, size_t size);

#endif
