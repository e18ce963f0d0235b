/* fuzz_movie.c: boxes, sample tables and fragments of any bytes; every sample is walked, every
 * piece of media data, and the index is judged. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "media/movie.h"
#include "video/own_index.h"
#include "video/trim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { STEPS_MAX = 100000 };
    rp_arena arena = {.limit_bytes = 64 << 20};
    rp_media_movie movie;
    rp_video_layout layout;
    rp_video_layout_find(&layout, data, size);
    rp_video_piece piece;
    uint64_t position = 0;
    while (rp_video_layout_next_piece(&piece, &layout, data, &position))
        if (piece.begin > piece.end || piece.end > size) abort();
    const rp_mapped_file file = {.data = data, .size = size};
    rp_video_profile *profile = rp_arena_alloc(&arena, sizeof *profile);
    if (profile != NULL &&
        rp_video_own_index_learn(profile, &layout, &file, "film", &arena, NULL) == RP_OK)
        (void)rp_video_trim_undo(profile);
    if (rp_media_movie_read(&movie, data, size, &arena, NULL) == RP_OK) {
        for (size_t i = 0; i < movie.track_count; i++) {
            rp_media_cursor cursor = rp_media_cursor_begin(&movie.tracks[i]);
            rp_media_sample sample;
            for (int k = 0; k < STEPS_MAX && rp_media_cursor_next(&sample, &cursor);) k++;
            (void)rp_media_pcm_frame_bytes(data, &movie.tracks[i]);
        }
    }
    rp_arena_clear(&arena);
    return 0;
}
