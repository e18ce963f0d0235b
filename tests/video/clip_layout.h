/* clip_layout.h: in which order each maker's camera writes its chunks, and the tracks that only it
 * has. A layout adds its tracks and chunks to a movie that holds a video track and sound. */
#ifndef RP_TESTS_CLIP_LAYOUT_H
#define RP_TESTS_CLIP_LAYOUT_H

#include "video/clip_mux.h"

struct clip_sound {
    const char *format; /* "twos", "ipcm" (big-endian) or "mp4a" */
    uint32_t bits;      /* of PCM; 0: AAC */
    uint32_t channels, tracks;
};

/* `chunk_frames`: pictures a chunk where the layout has such a number; `take` seeds what is made.
 */
typedef void (*clip_layout_fn)(struct clip_movie *movie, uint32_t chunk_frames, char take);

void clip_layout_sony(struct clip_movie *movie, uint32_t chunk_frames, char take);
void clip_layout_iphone(struct clip_movie *movie, uint32_t chunk_frames, char take);
void clip_layout_interleaved(struct clip_movie *movie, uint32_t chunk_frames, char take);
void clip_layout_gopro(struct clip_movie *movie, uint32_t chunk_frames, char take);
void clip_layout_variable(struct clip_movie *movie, uint32_t chunk_frames, char take);
void clip_layout_fragmented(struct clip_movie *movie, uint32_t chunk_frames, char take);

/* The sample entry of PCM. Memory of the movie's arena. */
const uint8_t *clip_pcm_entry(struct clip_movie *movie, const struct clip_sound *sound,
                              size_t *size);

#endif
