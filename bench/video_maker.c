/* video_maker.c: makes large recordings without index, for video.py.
 *
 *     video_maker CLIP BYTES FORM FOLDER      writes FOLDER/reference.mp4 and FOLDER/broken.mp4
 *
 * CLIP: a Sony-like clip of tests/video (sony-h264, sony-h264-intra). Its slices are lengthened
 * until the picture data has 95 Mbit/s, and the payload is repeated until the file has BYTES.
 * FORM: full      the lengthened slices are filled with noise
 *       sparse    they are holes of the file: 13 GB take 1 GB of disk
 *       noise     the first payload is a recording, all that follows is noise */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/new_file.h"
#include "base/random.h"
#include "media/movie.h"
#include "video/clip_layout.h"
#include "video/clip_maker.h"

enum { FRAMES = 48, CHUNK_FRAMES = 12, RATE_BYTES = 95000000 / 8, HOLE_BYTES = 8192 };

struct filling {
    uint8_t *noise; /* room for any slice; zeros where the file shall have holes */
    size_t size;
};

/* Lengthens the slices of one picture by `extra` bytes in all. */
static void lengthen(struct clip_movie *movie, struct clip_sample *sample, size_t extra,
                     const struct filling *filling) {
    uint8_t *longer = rp_arena_alloc(&movie->arena, sample->size + extra);
    if (longer == NULL || extra > filling->size) abort();
    size_t from = 0, to = 0, slices = 0, grown = 0;
    for (size_t at = 0; at + 5 <= sample->size; at += 4 + rp_be32(sample->data + at)) {
        const uint8_t type = sample->data[at + 4] & 31;
        slices += type == 1 || type == 5;
    }
    while (from + 5 <= sample->size) {
        const size_t size = rp_be32(sample->data + from);
        const uint8_t type = sample->data[from + 4] & 31;
        const size_t more = type == 1 || type == 5 ? extra / slices : 0;
        memcpy(longer + to, sample->data + from, 4 + size);
        rp_put_be32(longer + to, (uint32_t)(size + more));
        memcpy(longer + to + 4 + size, filling->noise + grown, more);
        from += 4 + size;
        to += 4 + size + more;
        grown += more;
    }
    sample->data = longer;
    sample->size = (uint32_t)to;
}

static void take_pictures(struct clip_movie *movie, const rp_media_track *from, const uint8_t *data,
                          const struct filling *filling) {
    struct clip_track *to = &movie->tracks[0];
    *to = (struct clip_track){.handler = "vide",
                              .name = "Video Media Handler",
                              .timescale = from->timescale,
                              .entry = data + from->entry.offset,
                              .entry_size = (size_t)from->entry.size,
                              .count = FRAMES,
                              .media_time = from->edit_count > 0 ? from->edits[0].media_time : -1,
                              .width = 320,
                              .height = 180};
    to->samples = rp_arena_array(&movie->arena, FRAMES, sizeof *to->samples);
    if (to->samples == NULL || from->sample_count < FRAMES) abort();
    rp_media_cursor cursor = rp_media_cursor_begin(from);
    rp_media_sample sample;
    for (size_t i = 0; i < FRAMES && rp_media_cursor_next(&sample, &cursor); i++) {
        to->samples[i] = (struct clip_sample){.data = data + sample.offset,
                                              .size = sample.size,
                                              .duration = sample.duration,
                                              .composition = sample.composition,
                                              .is_sync = sample.is_sync};
        const size_t wanted = (size_t)RATE_BYTES * sample.duration / from->timescale;
        if (wanted > sample.size) lengthen(movie, &to->samples[i], wanted - sample.size, filling);
    }
}

static void take_sound(struct clip_movie *movie, const rp_media_track *from, const uint8_t *data) {
    const uint64_t frame = rp_media_pcm_frame_bytes(data, from);
    uint8_t *pcm = rp_arena_alloc(&movie->arena, (size_t)(from->sample_count * frame));
    if (pcm == NULL) abort();
    movie->tracks[1] = (struct clip_track){.handler = "soun",
                                           .name = "Sound Media Handler",
                                           .timescale = from->timescale,
                                           .entry = data + from->entry.offset,
                                           .entry_size = (size_t)from->entry.size,
                                           .pcm = pcm,
                                           .frame_bytes = (uint32_t)frame,
                                           .count = from->sample_count};
    for (size_t i = 0; i < from->chunk_count; i++)
        memcpy(pcm + from->chunks[i].first * frame, data + from->chunks[i].offset,
               (size_t)from->chunks[i].size);
}

/* The healthy clip with its long slices. */
static void make_reference(rp_text *out, const struct clip *clip, const struct filling *filling) {
    struct clip_movie movie = {0};
    rp_media_movie source;
    if (rp_media_movie_read(&source, clip->bytes, clip->size, &movie.arena, NULL) != RP_OK) abort();
    take_pictures(&movie, &source.tracks[0], clip->bytes, filling);
    take_sound(&movie, &source.tracks[1], clip->bytes);
    movie.track_count = 2;
    clip_layout_sony(&movie, CHUNK_FRAMES, 'A');
    clip_write(out, &movie);
    clip_movie_clear(&movie);
    if (out->failed) abort();
}

/* What is not a long run of zeros. */
struct piece {
    size_t at, count;
};

/* Lists them; the caller frees. */
static struct piece *find_pieces(size_t *count, const uint8_t *bytes, size_t size) {
    static const uint8_t zeros[HOLE_BYTES];
    struct piece *pieces = malloc((size / HOLE_BYTES + 2) * sizeof *pieces);
    if (pieces == NULL) abort();
    *count = 0;
    for (size_t at = 0; at < size; at += HOLE_BYTES) {
        const size_t block = size - at < HOLE_BYTES ? size - at : HOLE_BYTES;
        if (memcmp(bytes + at, zeros, block) == 0) continue;
        struct piece *last = *count > 0 ? &pieces[*count - 1] : NULL;
        if (last != NULL && last->at + last->count == at) last->count += block;
        else pieces[(*count)++] = (struct piece){at, block};
    }
    return pieces;
}

static uint8_t *make_noise(size_t size) {
    uint8_t *noise = malloc(size);
    if (noise == NULL) abort();
    rp_random random = rp_random_make(3, 3);
    for (size_t i = 0; i < size; i++) noise[i] = (uint8_t)rp_random_u32(&random);
    return noise;
}

static void put(int file, const void *bytes, size_t size, uint64_t offset) {
    if (pwrite(file, bytes, size, (off_t)offset) != (ssize_t)size) abort();
}

static void write_broken(const char *path, const rp_text *reference, uint64_t size,
                         const char *form) {
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    struct clip clip = {.bytes = (uint8_t *)reference->data, .size = reference->length};
    if (file < 0) abort();
    clip_find_mdat(&clip);
    const size_t payload = clip.payload_end - clip.payload_at;
    struct clip_broken head = clip_cut(&clip, clip.payload_end);
    put(file, head.bytes, head.size, 0);
    uint8_t *noise = strcmp(form, "noise") == 0 ? make_noise(payload) : NULL;
    const uint8_t *bytes = noise != NULL ? noise : clip.bytes + clip.payload_at;
    size_t count;
    struct piece *pieces = find_pieces(&count, bytes, payload);
    for (uint64_t at = head.size; at < size; at += payload)
        for (size_t i = 0; i < count; i++)
            put(file, bytes + pieces[i].at, pieces[i].count, at + pieces[i].at);
    if (close(file) != 0) abort();
    free(pieces);
    free(noise);
    clip_broken_clear(&head);
}

int main(int argc, char **argv) {
    char path[600];
    if (argc != 5) return 2;
    const size_t recipe = clip_find(argv[1]);
    struct clip clip = {0};
    const char *why = recipe < clip_count() ? clip_make(&clip, recipe, 'A', argv[4]) : "no clip";
    if (why != NULL) {
        fprintf(stderr, "video_maker: %s\n", why);
        return 1;
    }
    struct filling filling = {.size = 8 << 20};
    filling.noise = calloc(filling.size, 1);
    if (filling.noise == NULL) return 4;
    rp_random random = rp_random_make(1, 1);
    const bool is_sparse = strcmp(argv[3], "sparse") == 0;
    for (size_t i = 0; i < filling.size && !is_sparse; i++)
        filling.noise[i] = (uint8_t)(rp_random_u32(&random) % 255 + 1);
    rp_text reference = {0};
    make_reference(&reference, &clip, &filling);
    snprintf(path, sizeof path, "%s/reference.mp4", argv[4]);
    if (rp_new_file_write(path, reference.data, reference.length, NULL) != RP_OK) return 4;
    snprintf(path, sizeof path, "%s/broken.mp4", argv[4]);
    write_broken(path, &reference, strtoull(argv[2], NULL, 10), argv[3]);
    rp_text_clear(&reference);
    free(filling.noise);
    clip_clear(&clip);
    return 0;
}
