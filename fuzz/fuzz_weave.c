/* fuzz_weave.c: a whole recovery in memory: u16 size of the reference, the reference, the broken
 * recording; up to the new index. Size 0: the recording's own inline index serves as reference. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "video/index.h"
#include "video/inline_index.h"
#include "video/layout.h"
#include "video/weave.h"

static void recover(rp_video_profile *profile, const uint8_t *data, size_t size, rp_arena *arena) {
    rp_video_layout layout;
    rp_video_chain chain = {0};
    rp_video_layout_find(&layout, data, size);
    enum { PIECES_MAX = 16 };
    rp_video_piece pieces[PIECES_MAX];
    rp_video_weave_options options = {.pieces = pieces};
    uint64_t position = 0;
    while (options.piece_count < PIECES_MAX &&
           rp_video_layout_next_piece(&pieces[options.piece_count], &layout, data, &position))
        options.piece_count++;
    if (options.piece_count == 0) return;
    rp_video_times *times = rp_arena_array(arena, RP_MEDIA_TRACKS_MAX, sizeof *times);
    if (times != NULL && rp_video_weave(&chain, profile, data, &options, arena, NULL) == RP_OK) {
        const bool are_known = rp_video_times_are_known(profile, &chain);
        rp_status status = RP_OK;
        for (int i = 0; i < profile->track_count && status == RP_OK; i++)
            status = rp_video_times_find(&times[i], profile, &chain, i, are_known, arena, NULL);
        const rp_video_index_options index = {.shift = 0};
        rp_text moov = {0};
        if (status == RP_OK)
            (void)rp_video_index_write(&moov, profile, &chain, times, &index, NULL);
        rp_text_clear(&moov);
    }
    rp_video_chain_clear(&chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    const size_t reference = rp_be16(data);
    if (reference + 3 > size) return 0;
    rp_arena arena = {.limit_bytes = 256 << 20};
    rp_video_profile *profile = rp_arena_alloc(&arena, sizeof *profile);
    const uint8_t *broken = data + 2 + reference, *learned = data + 2;
    const size_t left = size - 2 - reference;
    size_t learned_size = reference;
    rp_text clip = {0};
    rp_video_layout layout;
    rp_video_layout_find(&layout, broken, left);
    if (reference == 0 && rp_video_inline_index_read(&clip, broken, layout.begin, layout.end,
                                                     "recording", NULL) == RP_OK) {
        learned = (const uint8_t *)clip.data;
        learned_size = clip.length;
    }
    if (profile != NULL && learned_size > 0 &&
        rp_video_profile_learn(profile, learned, learned_size, "reference", &arena, NULL) == RP_OK)
        recover(profile, broken, left, &arena);
    rp_text_clear(&clip);
    rp_arena_clear(&arena);
    return 0;
}
