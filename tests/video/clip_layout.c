/* clip_layout.c: see clip_layout.h. The facts behind each layout were measured on real clips. */
#include "video/clip_layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/random.h"

/* ---- what the tracks are made of ---- */

const uint8_t *clip_pcm_entry(struct clip_movie *movie, const struct clip_sound *sound,
                              size_t *size) {
    const bool is_ipcm = strcmp(sound->format, "ipcm") == 0;
    *size = is_ipcm ? 36 + 14 : 36;
    uint8_t *entry = rp_arena_alloc(&movie->arena, *size);
    if (entry == NULL) abort();
    rp_put_be32(entry, (uint32_t)*size);
    memcpy(entry + 4, sound->format, 4);
    entry[15] = 1;
    entry[25] = (uint8_t)sound->channels;
    entry[27] = (uint8_t)sound->bits;
    rp_put_be32(entry + 32, 48000u << 16);
    if (is_ipcm) {
        rp_put_be32(entry + 36, 14);
        memcpy(entry + 40, "pcmC", 4);
        entry[49] = (uint8_t)sound->bits;
    }
    return entry;
}

/* A track of metadata with samples to be filled in. */
static struct clip_track *add_metadata(struct clip_movie *movie, const char *type, uint64_t count,
                                       uint32_t timescale, uint32_t duration) {
    uint8_t *entry = rp_arena_alloc(&movie->arena, 16);
    struct clip_track *track = &movie->tracks[movie->track_count++];
    *track = (struct clip_track){.handler = "meta",
                                 .name = "Timed Metadata Media Handler",
                                 .timescale = timescale,
                                 .entry = entry,
                                 .entry_size = 16,
                                 .count = count,
                                 .media_time = -1};
    track->samples = rp_arena_array(&movie->arena, (size_t)count, sizeof *track->samples);
    if (entry == NULL || track->samples == NULL) abort();
    rp_put_be32(entry, 16);
    memcpy(entry + 4, type, 4);
    entry[15] = 1;
    for (uint64_t i = 0; i < count; i++)
        track->samples[i] = (struct clip_sample){.duration = duration, .is_sync = true};
    return track;
}

static uint8_t *fill_sample(struct clip_movie *movie, struct clip_sample *sample, uint32_t size) {
    uint8_t *data = rp_arena_alloc(&movie->arena, size);
    if (data == NULL) abort();
    sample->data = data;
    sample->size = size;
    return data;
}

/* Seconds at which sample `index` of a track is decoded, as (ticks, timescale). */
static uint64_t ticks_before(const struct clip_track *track, uint64_t index) {
    uint64_t ticks = 0;
    for (uint64_t i = 0; i < index; i++) ticks += track->samples[i].duration;
    return ticks;
}

/* ---- Sony ---- */

enum { RTMD_BYTES = 19456 };

static void add_rtmd(struct clip_movie *movie, char take) {
    static const uint8_t head[] = {0x00, 0x1c, 0x01, 0x00, 0x23, 0x03,
                                   0x28, 0xe1, 0xf0, 0x01, 0x00, 0x10};
    const struct clip_track *video = &movie->tracks[0];
    struct clip_track *track =
        add_metadata(movie, "rtmd", video->count, video->timescale, video->samples[0].duration);
    track->frame_bytes = RTMD_BYTES;
    track->cdsc = 1;
    track->media_time = 0;
    rp_random random = rp_random_make(11, (uint64_t)take);
    for (uint64_t i = 0; i < track->count; i++) {
        uint8_t *data = fill_sample(movie, &track->samples[i], RTMD_BYTES);
        memcpy(data, head, sizeof head);
        rp_put_be32(data + 12, (uint32_t)i);
        for (size_t k = 28; k < 628; k++) data[k] = (uint8_t)rp_random_u32(&random);
    }
}

/* [rtmd][video][sound] for every chunk; the sound up to the time where the chunk ends. */
void clip_layout_sony(struct clip_movie *movie, uint32_t chunk_frames, char take) {
    add_rtmd(movie, take);
    const struct clip_track *video = &movie->tracks[0];
    uint64_t sound_done = 0;
    for (uint64_t i = 0; i < video->count; i += chunk_frames) {
        const uint64_t left = video->count - i, count = left < chunk_frames ? left : chunk_frames;
        clip_add_chunk(movie, 2, i, count, false);
        clip_add_chunk(movie, 0, i, count, false);
        const uint64_t sound = ticks_before(video, i + count) * 48000 / video->timescale;
        clip_add_chunk(movie, 1, sound_done, sound - sound_done, false);
        sound_done = sound;
    }
    movie->tracks[1].count = sound_done;
    movie->timescale = video->timescale;
    movie->brands = "XAVCmp42iso2nras";
    movie->has_large_mdat = true;
    movie->payload_at = 0x20000;
}

/* ---- ffmpeg, OBS ---- */

static double begins_at(const struct clip_movie *movie, uint32_t number, const uint64_t *ticks) {
    const struct clip_track *track = &movie->tracks[number];
    const int64_t offset = track->media_time > 0 ? track->media_time : 0;
    return ((double)ticks[number] - (double)offset) / track->timescale;
}

/* The sample that is decoded first comes next, ties to the lower track. */
void clip_layout_interleaved(struct clip_movie *movie, uint32_t chunk_frames, char take) {
    (void)chunk_frames;
    (void)take;
    uint64_t next[CLIP_TRACKS_MAX] = {0}, ticks[CLIP_TRACKS_MAX] = {0};
    for (;;) {
        int first = -1;
        for (uint32_t i = 0; i < movie->track_count; i++) {
            if (next[i] == movie->tracks[i].count) continue;
            if (first < 0 || begins_at(movie, i, ticks) < begins_at(movie, (uint32_t)first, ticks))
                first = (int)i;
        }
        if (first < 0) break;
        clip_add_chunk(movie, (uint32_t)first, next[first], 1, true);
        ticks[first] += movie->tracks[first].samples[next[first]++].duration;
    }
    movie->timescale = 1000;
    movie->brands = "isomiso2avc1mp41";
}

/* Frames come when they come: the grid of 1/90000 s, 20 to 60 ms apart; the interval also moves
 * what the composition offsets are made of. */
void clip_layout_variable(struct clip_movie *movie, uint32_t chunk_frames, char take) {
    struct clip_track *video = &movie->tracks[0];
    const uint32_t grid = video->samples[0].duration;
    uint64_t *times = rp_arena_array(&movie->arena, (size_t)video->count + 8, sizeof *times);
    if (times == NULL) abort();
    rp_random random = rp_random_make(13, (uint64_t)take);
    for (uint64_t i = 0; i + 1 < video->count + 8; i++)
        times[i + 1] = times[i] + 1800 + rp_random_below(&random, 3600);
    uint64_t ticks = 0;
    for (uint64_t i = 0; i < video->count; i++) {
        struct clip_sample *sample = &video->samples[i];
        const uint64_t shown = (ticks + (uint64_t)sample->composition) / grid;
        ticks += sample->duration;
        sample->composition = (int32_t)(times[shown] - times[i]);
        sample->duration = (uint32_t)(times[i + 1] - times[i]);
    }
    if (video->media_time > 0) video->media_time = (int64_t)times[video->media_time / grid];
    video->timescale = 90000;
    clip_layout_interleaved(movie, chunk_frames, take);
}

/* One moof for every `chunk_frames` pictures, with the sound of the same time. */
void clip_layout_fragmented(struct clip_movie *movie, uint32_t chunk_frames, char take) {
    (void)take;
    const struct clip_track *video = &movie->tracks[0], *sound = &movie->tracks[1];
    uint64_t done = 0;
    for (uint64_t i = 0; i < video->count; i += chunk_frames) {
        const uint64_t left = video->count - i, count = left < chunk_frames ? left : chunk_frames;
        const uint64_t until = ticks_before(video, i + count) * sound->timescale / video->timescale;
        uint64_t end = until / 1024 < sound->count ? until / 1024 : sound->count;
        if (left <= chunk_frames) end = sound->count;
        clip_add_chunk(movie, 0, i, count, false);
        clip_add_chunk(movie, 1, done, end - done, false);
        done = end;
    }
    movie->timescale = 1000;
    movie->brands = "iso5iso6mp41";
    movie->fragment_frames = chunk_frames;
}

/* ---- iPhone ---- */

/* Metadata records: size, key, payload. */
static void add_mebx(struct clip_movie *movie, uint32_t payload, bool varies, char take) {
    const struct clip_track *video = &movie->tracks[0];
    struct clip_track *track =
        add_metadata(movie, "mebx", video->count, video->timescale, video->samples[0].duration);
    track->cdsc = 1;
    rp_random random = rp_random_make(17 + payload, (uint64_t)take);
    for (uint64_t i = 0; i < track->count; i++) {
        const uint32_t size = payload + 8 + (varies ? 4 * rp_random_below(&random, 20) : 0);
        uint8_t *data = fill_sample(movie, &track->samples[i], size);
        rp_put_be32(data, size);
        rp_put_be32(data + 4, 1);
        for (uint32_t k = 8; k < size; k++) data[k] = (uint8_t)rp_random_below(&random, 200);
    }
    if (!varies) track->frame_bytes = payload + 8;
}

/* Runs of sound, then of pictures, then of each metadata track; the first run of sound is long. */
void clip_layout_iphone(struct clip_movie *movie, uint32_t chunk_frames, char take) {
    add_mebx(movie, 136, false, take);
    add_mebx(movie, 92, true, take);
    const uint64_t sounds = movie->tracks[1].count, pictures = movie->tracks[0].count;
    uint64_t sound = 0;
    for (uint64_t i = 0; i < pictures; i += chunk_frames) {
        uint64_t run = i == 0 ? 43 : 22;
        const uint64_t count = pictures - i < chunk_frames ? pictures - i : chunk_frames;
        if (run > sounds - sound || i + count == pictures) run = sounds - sound;
        clip_add_chunk(movie, 1, sound, run, false);
        clip_add_chunk(movie, 0, i, count, false);
        clip_add_chunk(movie, 2, i, count, false);
        clip_add_chunk(movie, 3, i, count, false);
        sound += run;
    }
    movie->timescale = 600;
    movie->brands = "qt  qt  ";
    movie->has_wide = true;
}

/* ---- GoPro ---- */

/* SPS and PPS of a picture track's avcC, each behind its length: at 16 and at 84 of the record. */
static void fill_sets(uint8_t *record, const struct clip_track *video) {
    const uint8_t *config = video->entry + 86;
    while (memcmp(config + 4, "avcC", 4) != 0) config += rp_be32(config);
    const uint8_t *sps = config + 8 + 6, *pps = sps + 2 + rp_be16(sps) + 1;
    rp_put_be32(record + 16, rp_be16(sps));
    memcpy(record + 20, sps + 2, rp_be16(sps));
    rp_put_be32(record + 84, rp_be16(pps));
    memcpy(record + 88, pps + 2, rp_be16(pps));
}

/* One fdsc record says what the sample behind it is and how long. Layout of the record: "GP", kind,
 * flag, size, duration, duration again for pictures; the first picture's also has SPS and PPS. */
static void fill_fdsc(struct clip_movie *movie, struct clip_sample *record, uint8_t kind,
                      uint8_t flag, const struct clip_sample *sample) {
    const bool is_first = kind == 3;
    uint8_t *data = fill_sample(movie, record, is_first ? 152 : 16);
    memcpy(data, "GP", 2);
    data[2] = kind;
    data[3] = flag;
    rp_put_be32(data + 4, sample->size);
    rp_put_be32(data + 8, sample->duration);
    memcpy(data + 12, data + 8, 4);
    if (is_first) fill_sets(data, &movie->tracks[0]);
}

struct gopro {
    struct clip_movie *movie;
    struct clip_track *fdsc;
    uint64_t records;
};

static void add_described(struct gopro *gopro, uint32_t track, uint64_t index, uint8_t kind,
                          uint8_t flag) {
    const struct clip_sample *sample = &gopro->movie->tracks[track].samples[index];
    fill_fdsc(gopro->movie, &gopro->fdsc->samples[gopro->records], kind, flag, sample);
    clip_add_chunk(gopro->movie, 4, gopro->records++, 1, false);
    clip_add_chunk(gopro->movie, track, index, 1, false);
}

static void add_gopro_tracks(struct clip_movie *movie, uint64_t seconds, uint64_t samples) {
    const struct clip_track *video = &movie->tracks[0];
    uint64_t whole = 0;
    for (uint64_t i = 0; i < video->count; i++) whole += video->samples[i].duration;
    struct clip_track *tmcd = add_metadata(movie, "tmcd", 1, video->timescale, (uint32_t)whole);
    tmcd->handler = "tmcd";
    memcpy(fill_sample(movie, &tmcd->samples[0], 4), "\0\x19\xf1\xa4", 4);
    struct clip_track *gpmd = add_metadata(movie, "gpmd", seconds, 1000, 1001);
    for (uint64_t i = 0; i < seconds; i++) {
        const uint32_t size = 1000 + 4 * (uint32_t)(i % 5), payload = size - 8;
        uint8_t *data = fill_sample(movie, &gpmd->samples[i], size);
        memcpy(data, "DEVC\0\1", 6);
        data[6] = (uint8_t)(payload >> 8);
        data[7] = (uint8_t)payload;
        memcpy(data + 8, "DVIDL\4\0\1", 8);
        memcpy(data + 20, "TICKB\1", 6);
        data[26] = (uint8_t)((payload - 20) >> 8);
        data[27] = (uint8_t)(payload - 20);
    }
    struct clip_track *fdsc = add_metadata(movie, "fdsc", samples + 1 + seconds + 1, 90000, 0);
    memcpy(fill_sample(movie, &fdsc->samples[0], 620), "GPRO\x6c\2\0\0H19.03.01.00", 20);
}

void clip_layout_gopro(struct clip_movie *movie, uint32_t chunk_frames, char take) {
    (void)chunk_frames;
    (void)take;
    const uint64_t pictures = movie->tracks[0].count, sounds = movie->tracks[1].count;
    const uint64_t seconds = pictures / 30;
    add_gopro_tracks(movie, seconds, pictures + sounds);
    movie->tracks[1].media_time = -1; /* only the pictures have an edit list */
    uint8_t *entry = rp_arena_alloc(&movie->arena, movie->tracks[0].entry_size);
    if (entry == NULL) abort();
    memcpy(entry, movie->tracks[0].entry, movie->tracks[0].entry_size);
    memcpy(entry + 50, "\x11GoPro AVC encoder\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
    movie->tracks[0].entry = entry;
    struct gopro gopro = {.movie = movie, .fdsc = &movie->tracks[4], .records = 1};
    clip_add_chunk(movie, 4, 0, 1, false);
    uint64_t sound = 0, picture_ticks = 0, sound_ticks = 0;
    const struct clip_track *video = &movie->tracks[0], *audio = &movie->tracks[1];
    for (uint64_t i = 0; i < pictures || sound < sounds;) {
        const double at = (double)picture_ticks / video->timescale;
        if (i < pictures && (sound == sounds || at <= (double)sound_ticks / audio->timescale)) {
            add_described(&gopro, 0, i, i == 0 ? 3 : 0, video->samples[i].is_sync ? 1 : 3);
            if (i == 0) add_described(&gopro, 2, 0, 5, 0);
            picture_ticks += video->samples[i++].duration;
            if (i % 30 == 0) add_described(&gopro, 3, i / 30 - 1, 6, 0);
        } else {
            add_described(&gopro, 1, sound, 4, 0);
            sound_ticks += audio->samples[sound++].duration;
        }
    }
    assert(gopro.records == movie->tracks[4].count);
    movie->timescale = 90000;
    movie->brands = "mp41mp41";
}
