/* profile.h: what a healthy clip teaches about the recorder that made it. One healthy clip serves a
 * camera for good: the profile is the clip's own header boxes (ftyp, moov) and what was learned
 * from its samples.
 *
 * Saved, a profile is a file of three boxes, so that any tool can look into it:
 *
 *     ftyp | moov          as in the healthy clip, byte by byte
 *     rprp                 u32 version 2, u32 number of tracks, then for each track:
 *         u8 signature[32], u8 mask[32]      bytes that all samples share; mask 0xff where they do
 *         u8 first_bytes[32]                 bit b: a sample begins with byte b
 *         u64 types_seen, u32 units_min      NAL unit types, fewest slices of a picture
 *         u32 flags                          1: recovery points are sync samples;
 *                                            bits 8 to 15: step of the picture order count
 *         u32 size_count, u32 sizes[8]       the few sizes that samples have, where they are few
 *         u32 has, u8 dependencies[4]        sdtp of each kind of picture; not in version 1
 */
#ifndef RP_VIDEO_PROFILE_H
#define RP_VIDEO_PROFILE_H

#include "base/arena.h"
#include "base/mapped_file.h"
#include "media/aac.h"
#include "media/av1.h"
#include "media/h264.h"
#include "media/hevc.h"
#include "media/movie.h"
#include "video/picture_count.h"

enum {
    RP_VIDEO_SIGNATURE_BYTES = 32,
    RP_VIDEO_SIZES_MAX = 8, /* distinct sizes or run lengths kept */
};

/* How the samples of a track are told from other bytes: a row of scan.c each. */
typedef enum rp_video_kind {
    RP_VIDEO_H264,
    RP_VIDEO_HEVC,
    RP_VIDEO_AV1,
    RP_VIDEO_AAC,
    RP_VIDEO_PCM,      /* no syntax: the length comes from time and from what follows */
    RP_VIDEO_CONSTANT, /* all samples of one size, with a signature (rtmd) */
    RP_VIDEO_MEBX,     /* Apple: u32 size, u32 key */
    RP_VIDEO_KLV,      /* GoPro gpmd: key, type, length */
    RP_VIDEO_FDSC,     /* GoPro: announces the sample that follows */
    RP_VIDEO_CTMD,     /* Canon: u32 size little-endian, u16 type */
    RP_VIDEO_TEXT,     /* u16 length, text */
    RP_VIDEO_LEARNED,  /* anything else: by signature and by what follows */
    RP_VIDEO_KIND_COUNT
} rp_video_kind;

typedef struct rp_video_track {
    const rp_media_track *media; /* of the healthy clip */
    rp_video_kind kind;
    int twin; /* the first track with an equal sample entry; itself where none */
    bool has_twins;
    uint32_t frame_bytes; /* PCM: of one frame; constant tracks: of one sample; else 0 */
    uint32_t size_min, size_max;
    double mean_bytes, spread_bytes;    /* of a sample: mean and standard deviation */
    uint32_t sizes[RP_VIDEO_SIZES_MAX]; /* distinct sizes, if there are few */
    uint32_t size_count;                /* 0: too many to list */
    uint8_t signature[RP_VIDEO_SIGNATURE_BYTES], mask[RP_VIDEO_SIGNATURE_BYTES];
    uint32_t signature_bytes; /* how many are masked in */
    uint8_t first_bytes[32];  /* a bit for each byte value */
    uint64_t types_seen;
    uint32_t units_min;
    uint32_t looked, misfits; /* H.264 and HEVC: samples looked at, those that no NAL units fill */
    bool recovery_is_sync;

    uint32_t delta;                  /* the usual duration of a sample, in ticks */
    double mean_ticks, spread_ticks; /* of durations: mean and standard deviation */
    double usual_ticks;  /* mean of those within a tenth of the median: no dropped pictures */
    bool is_constant;    /* all durations (but the first and the last) are delta */
    int32_t composition; /* offset of the first picture shown */
    uint32_t delay;      /* pictures decoded before the first is shown */
    int32_t earliest;    /* least place of display less place of decoding; 0 or negative */
    int32_t latest;      /* the greatest; 0 or positive */
    bool has_compositions;
    bool has_dependencies;                        /* sdtp goes by what a picture is */
    uint8_t dependencies[RP_MEDIA_PICTURE_KINDS]; /* its value for each kind */
    uint32_t order_step; /* picture order count from one picture shown to the next; 0: not known */

    uint64_t run_samples[RP_VIDEO_SIZES_MAX]; /* lengths of runs in the file, most frequent first */
    uint32_t run_count;
    uint64_t run_max; /* longest run, samples */

    rp_media_h264 *h264;
    rp_media_hevc *hevc;
    rp_media_av1 *av1;
    rp_media_aac_config aac;
} rp_video_track;

typedef struct rp_video_profile {
    rp_media_movie movie; /* of the healthy clip or of the saved profile */
    rp_video_track tracks[RP_MEDIA_TRACKS_MAX];
    int track_count;
    int clock_track;          /* a picture track of constant rate; -1: none */
    int variable_track;       /* pictures of variable rate that take their turn by time; -1: none */
    int numbered_track;       /* its pictures carry numbers that a hole leaves out; -1: none */
    int guide_track;          /* GoPro's fdsc; -1: none */
    bool is_time_interleaved; /* the next sample is always of the track that is furthest behind */
    bool is_paced;            /* so it is among pictures and sound with syntax */
    bool paces_by_edits;      /* the edit lists' beginnings taken off */
    bool has_samples;         /* the sample bytes were there to learn from */
    uint32_t follows[RP_MEDIA_TRACKS_MAX][RP_MEDIA_TRACKS_MAX]; /* runs of [a] followed by [b] */
    uint64_t padding_max; /* most bytes between two chunks that are no sample's */
    bool has_overlaps;    /* a chunk begins inside another */
} rp_video_profile;

/* Learns from a healthy clip in memory (a whole file, or a saved profile). `data` and `name` are
 * borrowed and must outlive the profile. RP_INPUT: no index, or nothing in it that can be used. */
rp_status rp_video_profile_learn(rp_video_profile *profile, const uint8_t *data, uint64_t size,
                                 const char *name, rp_arena *arena, rp_error *error);

/* Writes the profile as a file. */
rp_status rp_video_profile_save(const rp_video_profile *profile, const char *path, rp_error *error);

/* How the pictures of a track are numbered. */
rp_video_ordering rp_video_track_ordering(const rp_video_track *track);

/* The time at which a track's samples are ordered: (dts - edit) in seconds as a fraction:
 * ticks * timescale of the other track are compared. Seconds of `samples` samples of the usual
 * duration, the edit list's media time taken off. */
double rp_video_track_seconds(const rp_video_track *track, double ticks);

/* Does the track take its turn by its time? Pictures and sound do; metadata may come when there is
 * enough of it, PCM in blocks. */
bool rp_video_track_is_pacing(const rp_video_track *track);

/* When the next sound is due where `samples` of each track came before, in seconds: of the tracks
 * of constant rate that take their turn by their time the one that is furthest behind. Negative
 * infinity: there is none. */
double rp_video_profile_due_seconds(const rp_video_profile *profile, const uint64_t *samples);

/* The kind's name in words. */
const char *rp_video_kind_name(rp_video_kind kind);

#endif
