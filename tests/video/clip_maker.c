/* clip_maker.c: see clip_maker.h. */
#include "video/clip_maker.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/mapped_file.h"
#include "base/new_file.h"
#include "base/random.h"
#include "media/movie.h"
#include "video/clip_layout.h"

static const char intra_h264[] =
    "-c:v libx264 -preset fast -pix_fmt yuv422p10le -b:v 3000k -x264-params "
    "slices=8:aud=1:keyint=1:scenecut=0";
static const char long_h264[] =
    "-c:v libx264 -preset fast -pix_fmt yuv420p -b:v 1500k -x264-params "
    "slices=8:aud=1:bframes=2:b-adapt=0:keyint=24:min-keyint=24:scenecut=0:open-gop=0";
static const char long_h264_422[] =
    "-c:v libx264 -preset fast -pix_fmt yuv422p10le -b:v 1500k -x264-params "
    "slices=8:aud=1:bframes=3:b-pyramid=normal:keyint=24:min-keyint=24:scenecut=0:open-gop=1";
static const char long_hevc[] =
    "-c:v libx265 -preset ultrafast -pix_fmt yuv422p10le -b:v 1500k -tag:v hvc1 -x265-params "
    "log-level=none:info=0:aud=1:bframes=3:b-adapt=0:keyint=24:min-keyint=24:scenecut=0:open-gop=1";
static const char intra_hevc[] =
    "-c:v libx265 -preset ultrafast -pix_fmt yuv422p10le -b:v 3000k -tag:v hvc1 -x265-params "
    "log-level=none:info=0:aud=1:keyint=1";
static const char phone_h264[] =
    "-c:v libx264 -preset fast -pix_fmt yuv420p -b:v 1200k -bf 0 -g 30";
static const char screen_h264[] =
    "-c:v libx264 -preset fast -pix_fmt yuv420p -b:v 1200k -bf 2 -g 60";
static const char gopro_h264[] =
    "-c:v libx264 -preset fast -pix_fmt yuv420p -b:v 1500k -bf 0 -g 15 -x264-params aud=1";
/* Encoders that repeat the parameter sets before every IDR picture; other takes have others. */
static const char sets_h264[] =
    "-c:v libx264 -preset fast -pix_fmt yuv420p -b:v 1200k -bf 2 -g 30 "
    "-x264-params repeat-headers=1";
static const char other_h264[] =
    "-c:v libx264 -preset fast -pix_fmt yuv420p -profile:v main -b:v 1200k -bf 2 -g 30 "
    "-x264-params repeat-headers=1:ref=1:8x8dct=0:level=5";
static const char sets_hevc[] =
    "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -b:v 1200k -tag:v hev1 -x265-params "
    "log-level=none:info=0:repeat-headers=1:keyint=30:min-keyint=30:bframes=2:b-adapt=0:ctu=32";
static const char other_hevc[] =
    "-s 160x90 -c:v libx265 -preset ultrafast -pix_fmt yuv420p -b:v 1200k -tag:v hev1 -x265-params "
    "log-level=none:info=0:repeat-headers=1:keyint=30:min-keyint=30:bframes=2:b-adapt=0:ctu=16";
static const char av1[] = "-c:v libaom-av1 -cpu-used 8 -b:v 800k -g 30 -pix_fmt yuv420p";

/* Frames: of take A; take B has a sixth more. */
static const struct recipe {
    const char *name, *video;
    uint32_t fps_num, fps_den, frames;
    struct clip_sound sound;
    clip_layout_fn layout;
    uint32_t chunk_frames;
    bool has_modelled_times;
    const char *other_video; /* of take B; NULL: the same settings */
} recipes[] = {
    {"sony-h264", long_h264, 25, 1, 60, {"twos", 16, 2, 0}, clip_layout_sony, 12, false, NULL},
    {"sony-h264-422",
     long_h264_422,
     24000,
     1001,
     60,
     {"ipcm", 24, 4, 0},
     clip_layout_sony,
     12,
     false,
     NULL},
    {"sony-h264-intra",
     intra_h264,
     24000,
     1001,
     48,
     {"ipcm", 24, 4, 0},
     clip_layout_sony,
     12,
     false,
     NULL},
    {"sony-hevc", long_hevc, 50, 1, 96, {"twos", 16, 2, 0}, clip_layout_sony, 24, false, NULL},
    {"sony-hevc-intra",
     intra_hevc,
     25,
     1,
     48,
     {"ipcm", 24, 4, 0},
     clip_layout_sony,
     12,
     false,
     NULL},
    {"iphone", phone_h264, 30, 1, 90, {"mp4a", 0, 2, 1}, clip_layout_iphone, 15, false, NULL},
    {"obs", screen_h264, 30, 1, 90, {"mp4a", 0, 2, 3}, clip_layout_interleaved, 0, false, NULL},
    {"gopro", gopro_h264, 30000, 1001, 60, {"mp4a", 0, 2, 1}, clip_layout_gopro, 2, false, NULL},
    {"variable", screen_h264, 30, 1, 90, {"mp4a", 0, 2, 1}, clip_layout_variable, 0, true, NULL},
    {"av1", av1, 30, 1, 60, {"mp4a", 0, 2, 1}, clip_layout_interleaved, 0, false, NULL},
    {"own-sets-h264",
     sets_h264,
     30,
     1,
     90,
     {"mp4a", 0, 2, 1},
     clip_layout_interleaved,
     0,
     false,
     other_h264},
    {"own-sets-hevc",
     sets_hevc,
     30,
     1,
     60,
     {"mp4a", 0, 2, 1},
     clip_layout_interleaved,
     0,
     false,
     other_hevc},
    {"fragmented",
     screen_h264,
     30,
     1,
     90,
     {"mp4a", 0, 2, 1},
     clip_layout_fragmented,
     30,
     false,
     NULL},
};

size_t clip_count(void) { return RP_COUNT(recipes); }
const char *clip_name(size_t recipe) { return recipes[recipe].name; }

size_t clip_find(const char *name) {
    size_t recipe = 0;
    while (recipe < clip_count() && strcmp(clip_name(recipe), name) != 0) recipe++;
    return recipe;
}

/* ---- streams ---- */

/* The encoder's note about itself (SEI, user data unregistered), which ffmpeg puts even before the
 * delimiter: no camera writes it. */
static void drop_note(struct clip_sample *sample) {
    if (sample->size < 8 || sample->data[4] != 0x06 || sample->data[5] != 0x05) return;
    const uint32_t note = 4 + rp_be32(sample->data);
    if (note >= sample->size) return;
    sample->data += note;
    sample->size -= note;
}

/* Reads the only track of a file that ffmpeg made. */
static bool take_track(struct clip_movie *movie, const char *path) {
    rp_mapped_file file;
    rp_media_movie source;
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return false;
    uint8_t *data = rp_arena_alloc(&movie->arena, file.size + 1);
    const size_t size = file.size;
    if (data != NULL) memcpy(data, file.data, size);
    rp_mapped_file_close(&file);
    if (data == NULL || rp_media_movie_read(&source, data, size, &movie->arena, NULL) != RP_OK ||
        source.track_count != 1)
        return false;
    const rp_media_track *from = &source.tracks[0];
    struct clip_track *to = &movie->tracks[movie->track_count++];
    const bool is_video = from->handler == RP_MEDIA_TYPE('v', 'i', 'd', 'e');
    *to = (struct clip_track){.handler = is_video ? "vide" : "soun",
                              .name = is_video ? "Video Media Handler" : "Sound Media Handler",
                              .timescale = from->timescale,
                              .entry = data + from->entry.offset,
                              .entry_size = (size_t)from->entry.size,
                              .count = from->sample_count,
                              .media_time = from->edit_count > 0 ? from->edits[0].media_time : -1,
                              .width = is_video ? 320 : 0,
                              .height = is_video ? 180 : 0};
    to->samples = rp_arena_array(&movie->arena, (size_t)to->count, sizeof *to->samples);
    rp_media_cursor cursor = rp_media_cursor_begin(from);
    rp_media_sample sample;
    for (uint64_t i = 0; to->samples != NULL && rp_media_cursor_next(&sample, &cursor); i++)
        to->samples[i] = (struct clip_sample){.data = data + sample.offset,
                                              .size = sample.size,
                                              .duration = sample.duration,
                                              .composition = sample.composition,
                                              .is_sync = sample.is_sync};
    if (to->count > 0 && is_video) drop_note(&to->samples[0]);
    return to->samples != NULL;
}

/* The same clips in every build: one thread, since with more x264's rate control depends on which
 * picture is done first; and memory as the system gives it, since ffmpeg's AAC encoder reads some
 * that nobody wrote, and Meson fills it with another byte in every run (MALLOC_PERTURB_). */
static bool run_ffmpeg(const char *arguments, const char *path) {
    char line[2560];
    snprintf(line, sizeof line,
             "MALLOC_PERTURB_=0 ffmpeg -v error -nostdin -y %s -threads 1 -f mp4 %s 2>/dev/null",
             arguments, path);
    return system(line) == 0;
}

static const char *video_of(const struct recipe *recipe, char take) {
    return take == 'A' || recipe->other_video == NULL ? recipe->video : recipe->other_video;
}

static bool make_video(struct clip_movie *movie, const struct recipe *recipe, char take,
                       const char *path) {
    char arguments[1536];
    const uint32_t frames = take == 'A' ? recipe->frames : recipe->frames * 7 / 6;
    const char *picture = take == 'A'
                              ? "testsrc2=s=320x180:r=%u/%u,noise=alls=12:allf=t:all_seed=1"
                              : "mandelbrot=s=320x180:r=%u/%u,noise=alls=14:allf=t:all_seed=2";
    char source[256];
    snprintf(source, sizeof source, picture, recipe->fps_num, recipe->fps_den);
    snprintf(arguments, sizeof arguments,
             "-f lavfi -i \"%s\" -frames:v %u %s -video_track_timescale %u", source, frames,
             video_of(recipe, take),
             recipe->fps_num < 1000 ? recipe->fps_num * 512 : recipe->fps_num);
    return run_ffmpeg(arguments, path) && take_track(movie, path);
}

static bool make_aac(struct clip_movie *movie, double seconds, unsigned number, char take,
                     const char *path) {
    char arguments[512];
    if (number == 0)
        snprintf(
            arguments, sizeof arguments,
            "-f lavfi -i \"anoisesrc=r=48000:d=%.3f:a=0.3:c=pink:seed=%d\" -ac 2 -c:a aac -b:a 96k",
            seconds, take);
    else
        snprintf(arguments, sizeof arguments,
                 "-f lavfi -i \"sine=f=%u:r=48000:d=%.3f\" -ac 2 -c:a aac -b:a 64k",
                 take * 4 + number * 211, seconds);
    return run_ffmpeg(arguments, path) && take_track(movie, path);
}

/* A tone in noise, big-endian, with the sample entry of the format. */
static bool make_pcm(struct clip_movie *movie, const struct clip_sound *sound, double seconds,
                     char take) {
    const uint64_t frames = (uint64_t)(seconds * 48000);
    const uint32_t width = sound->bits / 8;
    uint8_t *pcm = rp_arena_alloc(&movie->arena, (size_t)frames * width * sound->channels);
    if (pcm == NULL) return false;
    rp_random random = rp_random_make(7, (uint64_t)take);
    uint8_t *at = pcm;
    for (uint64_t i = 0; i < frames * sound->channels; i++) {
        const double angle = (double)(i / sound->channels) * take * 0.0007;
        const double value = 0.3 * sin(angle) + 0.1 * rp_random_normal(&random);
        const int32_t level = (int32_t)(fmax(-1, fmin(1, value)) * ((1 << (sound->bits - 1)) - 1));
        for (uint32_t b = width; b-- > 0;) *at++ = (uint8_t)(level >> (8 * b));
    }
    struct clip_track *track = &movie->tracks[movie->track_count++];
    *track = (struct clip_track){.handler = "soun",
                                 .name = "Sound Media Handler",
                                 .timescale = 48000,
                                 .pcm = pcm,
                                 .frame_bytes = width * sound->channels,
                                 .count = frames,
                                 .media_time = 0};
    track->entry = clip_pcm_entry(movie, sound, &track->entry_size);
    return track->entry != NULL;
}

static bool make_streams(struct clip_movie *movie, const struct recipe *recipe, char take,
                         const char *folder) {
    char path[512];
    snprintf(path, sizeof path, "%s/stream-%c.mp4", folder, take);
    if (!make_video(movie, recipe, take, path)) return false;
    double seconds = (double)movie->tracks[0].count * recipe->fps_den / recipe->fps_num + 0.02;
    if (recipe->has_modelled_times) seconds *= 1.25; /* clip_layout_variable slows the pictures */
    if (recipe->sound.bits > 0) return make_pcm(movie, &recipe->sound, seconds, take);
    for (unsigned i = 0; i < recipe->sound.tracks; i++)
        if (!make_aac(movie, seconds, i, take, path)) return false;
    return true;
}

static bool make_bytes(rp_text *bytes, const struct recipe *recipe, char take, const char *folder) {
    struct clip_movie movie = {0};
    const bool made = make_streams(&movie, recipe, take, folder);
    if (made) {
        recipe->layout(&movie, recipe->chunk_frames, take);
        clip_write(bytes, &movie);
    }
    clip_movie_clear(&movie);
    return made && !bytes->failed;
}

/* Encoding takes most of the time of these tests, so clips are kept in the build folder under a
 * name that changes with the recipe and the writer. */
enum { KEPT_VERSION = 5 };

static bool kept_path(char *path, size_t size, const struct recipe *recipe, char take) {
    const char *folder = getenv("REPRISE_CLIPS");
    if (folder == NULL) return false;
    uint32_t hash = KEPT_VERSION * 1000003u + recipe->frames * 31 + recipe->chunk_frames;
    for (const char *p = video_of(recipe, take); *p != '\0'; p++) hash = hash * 31 + (uint8_t)*p;
    snprintf(path, size, "%s/clip-%s-%c-%08x.mp4", folder, recipe->name, take, hash);
    return true;
}

static bool read_kept(rp_text *bytes, const char *path) {
    rp_mapped_file file;
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return false;
    rp_text_add_bytes(bytes, file.data, file.size);
    rp_mapped_file_close(&file);
    return !bytes->failed;
}

void clip_find_mdat(struct clip *clip) {
    for (size_t at = 0; at + 16 <= clip->size;) {
        const uint8_t *box = clip->bytes + at;
        const size_t size = rp_be32(box) == 1 ? (size_t)rp_be64(box + 8) : rp_be32(box);
        if (memcmp(box + 4, "moof", 4) == 0) clip->is_fragmented = true;
        if (memcmp(box + 4, "mdat", 4) == 0 && clip->mdat_at == 0) {
            clip->mdat_at = at;
            clip->payload_at = at + (rp_be32(box) == 1 ? 16 : 8);
            clip->payload_end = at + size;
        }
        at += size;
    }
    if (clip->is_fragmented) clip->payload_end = clip->size;
}

const char *clip_make(struct clip *clip, size_t number, char take, const char *folder) {
    const struct recipe *recipe = &recipes[number];
    rp_text bytes = {0};
    char path[512];
    *clip = (struct clip){.has_modelled_times = recipe->has_modelled_times};
    const bool is_kept = kept_path(path, sizeof path, recipe, take);
    if (!is_kept || !read_kept(&bytes, path)) {
        rp_text_reset(&bytes);
        if (!make_bytes(&bytes, recipe, take, folder)) {
            rp_text_clear(&bytes);
            return "ffmpeg or its encoder is not installed";
        }
        if (is_kept) rp_new_file_write(path, bytes.data, bytes.length, NULL);
    }
    clip->bytes = (uint8_t *)bytes.data;
    clip->size = bytes.length;
    clip_find_mdat(clip);
    return NULL;
}

const char *clip_make_two(struct clip *clip, struct clip *other, size_t recipe, char take,
                          const char *folder) {
    const char *why = clip_make(clip, recipe, 'A', folder);
    if (why != NULL) return why;
    why = clip_make(other, recipe, take, folder);
    if (why != NULL) clip_clear(clip);
    return why;
}

void clip_clear(struct clip *clip) {
    free(clip->bytes);
    *clip = (struct clip){0};
}

/* ---- breaking them ---- */

static struct clip_broken broken_of(const struct clip *clip, size_t from, size_t to) {
    struct clip_broken broken = {.bytes = malloc(to - from + 1),
                                 .size = to - from,
                                 .shift = -(int64_t)from,
                                 .kept_from = from,
                                 .kept_to = to};
    if (broken.bytes == NULL) abort();
    memcpy(broken.bytes, clip->bytes + from, to - from);
    return broken;
}

/* A camera has not written the size of the mdat yet when it loses power. */
static void forget_size(const struct clip *clip, struct clip_broken *broken) {
    if (clip->is_fragmented || broken->kept_from > clip->mdat_at ||
        broken->kept_to < clip->payload_at)
        return;
    uint8_t *mdat = broken->bytes + clip->mdat_at;
    if (rp_be32(mdat) == 1) rp_put_be64(mdat + 8, 16);
    else rp_put_be32(mdat, 0);
}

struct clip_broken clip_cut(const struct clip *clip, size_t at) {
    struct clip_broken broken = broken_of(clip, 0, at);
    forget_size(clip, &broken);
    return broken;
}

struct clip_broken clip_without_index(const struct clip *clip) {
    return clip_cut(clip, clip->payload_end);
}

struct clip_broken clip_payload(const struct clip *clip, size_t to) {
    return broken_of(clip, clip->payload_at, to);
}

static void write_noise(uint8_t *at, size_t count, uint64_t seed) {
    rp_random random = rp_random_make(seed, 99);
    for (size_t i = 0; i < count; i++) at[i] = (uint8_t)rp_random_u32(&random);
}

struct clip_broken clip_overwritten(const struct clip *clip, size_t at, size_t count, bool noise) {
    struct clip_broken broken = clip_without_index(clip);
    if (count > broken.size - at) count = broken.size - at;
    memset(broken.bytes + at, 0, count);
    if (noise) write_noise(broken.bytes + at, count, at);
    return broken;
}

struct clip_broken clip_with_junk(const struct clip *clip, size_t at, size_t count) {
    struct clip_broken broken = clip_without_index(clip);
    uint8_t *bytes = malloc(broken.size + count);
    if (bytes == NULL) abort();
    memcpy(bytes, broken.bytes, at);
    write_noise(bytes + at, count, at);
    memcpy(bytes + at + count, broken.bytes + at, broken.size - at);
    free(broken.bytes);
    broken.bytes = bytes;
    broken.size += count;
    return broken;
}

void clip_broken_clear(struct clip_broken *broken) {
    free(broken->bytes);
    *broken = (struct clip_broken){0};
}
