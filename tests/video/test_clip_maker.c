/* test_clip_maker.c: the clips that the other tests break are sound themselves. */
#include <stdlib.h>

#include "check.h"
#include "media/movie.h"
#include "video/clip_maker.h"

static int run(const char *command, const char *path) {
    char line[1024];
    snprintf(line, sizeof line, command, path);
    return system(line);
}

static void write_file(const char *path, const uint8_t *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    REQUIRE(file != NULL);
    CHECK(fwrite(bytes, 1, size, file) == size);
    fclose(file);
}

/* Every byte of the payload belongs to exactly one sample. */
static void check_covered(const struct clip *clip, const rp_media_movie *movie) {
    uint8_t *covered = calloc(clip->size, 1);
    REQUIRE(covered != NULL);
    size_t wrong = 0;
    for (size_t t = 0; t < movie->track_count; t++) {
        for (size_t c = 0; c < movie->tracks[t].chunk_count; c++) {
            const rp_media_chunk *chunk = &movie->tracks[t].chunks[c];
            for (uint64_t i = chunk->offset; i < chunk->offset + chunk->size; i++)
                wrong += i >= clip->size || covered[i]++ != 0;
        }
    }
    for (size_t i = clip->payload_at; !clip->is_fragmented && i < clip->payload_end; i++)
        wrong += covered[i] != 1;
    CHECK_INT(wrong, 0);
    free(covered);
}

static void check_clip(size_t recipe, char take) {
    struct clip clip;
    const char *why = clip_make(&clip, recipe, take, check_scratch());
    if (why != NULL) {
        check_skip(why);
        return;
    }
    rp_arena arena = {0};
    rp_media_movie movie;
    rp_error error = {0};
    const bool was_read =
        rp_media_movie_read(&movie, clip.bytes, clip.size, &arena, &error) == RP_OK;
    if (!was_read) check_failed(__FILE__, __LINE__, "%s: %s", clip_name(recipe), error.text);
    char path[512];
    snprintf(path, sizeof path, "%s/%s-%c.mp4", check_scratch(), clip_name(recipe), take);
    write_file(path, clip.bytes, clip.size);
    if (run("test -z \"$(ffmpeg -v error -nostdin -i %s -map 0:v -map 0:a -fps_mode passthrough "
            "-enc_time_base -1 -f null - 2>&1)\"",
            path) != 0)
        check_failed(__FILE__, __LINE__, "%s: ffmpeg reports errors", clip_name(recipe));
    if (was_read) check_covered(&clip, &movie);
    rp_arena_clear(&arena);
    clip_clear(&clip);
}

TEST(every_made_clip_is_covered_by_its_index_and_decodes) {
    for (size_t i = 0; i < clip_count(); i++) {
        check_clip(i, 'A');
        check_clip(i, 'B');
    }
}
