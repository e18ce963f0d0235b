/* fragment.h: joins the movie fragments (moof) of a file to the tables of its moov, as if it had
 * been written with one index. ISO/IEC 14496-12, 8.8. */
#ifndef RP_MEDIA_FRAGMENT_H
#define RP_MEDIA_FRAGMENT_H

#include "media/movie.h"

/* Adds the samples of every moof to movie->tracks. A moof that is cut or damaged ends the reading:
 * what came before stays. Samples that reach past the end of the file are left out. RP_SYSTEM: no
 * memory. */
rp_status rp_media_fragments_read(rp_media_movie *movie, rp_arena *arena, rp_error *error);

#endif
