/* scan.h: what could start here, how long is it, how sure is that?
 *
 * Evidence is counted in bits: log2 of how unlikely it is that noise looks like this. A chain of
 * samples adds its bits up, so the best chain is the most likely one (maximum likelihood). PCM has
 * no syntax and brings no bits; it is believed because of what follows it. */
#ifndef RP_VIDEO_SCAN_H
#define RP_VIDEO_SCAN_H

#include "video/profile.h"
#include "video/sieve.h"

enum {
    RP_VIDEO_CANDIDATES_MAX = 24,
    RP_VIDEO_TOO_SHORT = 8 /* bytes of which nobody can say what they are */
};

typedef struct rp_video_candidate {
    int track;
    uint64_t size, samples; /* bytes; how many samples (frames of PCM) they are */
    float evidence_bits;
    bool is_sync;
    rp_media_picture picture; /* of tracks of pictures */
    uint32_t duration;        /* ticks, where the stream itself says so; else 0 */
    bool is_guess;            /* PCM with nothing behind it that vouches for its length */
} rp_video_candidate;

/* What came before, as far as it tells what may come now. */
typedef struct rp_video_context {
    uint64_t samples[RP_MEDIA_TRACKS_MAX]; /* of each track, those that were lost included */
    int last_track;                        /* -1: nothing, or a hole came before */
    uint64_t run_samples;                  /* of last_track, without a break */
    rp_video_numbers numbers;              /* of the numbered track */
    struct {                               /* all three before the last sample was taken */
        int last_track;
        uint64_t run_samples;
        rp_video_numbers numbers;
    } before;
    double picture_due;  /* when the next sound was due as the last picture of variable rate came */
    int announced_track; /* GoPro: the index says what comes; -1: it does not */
    uint32_t announced_size, announced_duration;
} rp_video_context;

typedef struct rp_video_scanner {
    rp_video_profile *profile; /* borrowed; in-band parameter sets go into its parsers */
    const uint8_t *data;       /* borrowed */
    uint64_t end;              /* data[0 .. end) may be looked at */
    rp_media_peek *peek;       /* borrowed; NULL: `data` is looked at directly */
    bool may_start[256];       /* does any sample with syntax begin with this byte? */
    rp_video_sieve sieve;      /* the same with the second byte */
    uint32_t guesses_left;     /* bounds what PCM beside PCM makes us try */
    /* Of searches before: no start lies in searched_from .. searched_to, and one at searched_to
     * where a search ended there. Several paths ask for the end of one hole. */
    uint64_t searched_from, searched_to;
    bool searched_has_start;
} rp_video_scanner;

void rp_video_scanner_init(rp_video_scanner *scanner, rp_video_profile *profile,
                           const uint8_t *data, uint64_t end);

/* How heads of samples are read from now on; NULL: directly. */
void rp_video_scanner_set_peek(rp_video_scanner *scanner, rp_media_peek *peek);

rp_video_context rp_video_context_begin(void);

/* The candidates at `offset`, at most RP_VIDEO_CANDIDATES_MAX; returns how many. */
int rp_video_scan_at(rp_video_candidate *out, rp_video_scanner *scanner, uint64_t offset,
                     const rp_video_context *context);

/* Is it beyond doubt that a sample (not of PCM) starts here? Looks at what follows it, too. */
bool rp_video_scan_is_start(rp_video_scanner *scanner, uint64_t offset);

/* Does one probably start here? Enough where the place itself was foretold. */
bool rp_video_scan_is_likely(rp_video_scanner *scanner, uint64_t offset);

/* The candidate with the best syntax at `offset`, whatever came before; false where there is none.
 */
bool rp_video_scan_best(rp_video_candidate *best, rp_video_scanner *scanner, uint64_t offset);

/* Where the sample with the best syntax at `offset` ends; `offset` itself where there is none. */
uint64_t rp_video_scan_end_of(rp_video_scanner *scanner, uint64_t offset);

/* Does a picture, or a sample of constant size, start here that the end of the data cuts? */
bool rp_video_scan_is_cut(rp_video_scanner *scanner, uint64_t offset);

/* The first place beyond doubt in from .. until, or `until`. Pages behind a long look are released.
 */
uint64_t rp_video_scan_find(rp_video_scanner *scanner, uint64_t from, uint64_t until);

/* The next context after `candidate` was taken. `data` points at the candidate's bytes. */
void rp_video_context_take(rp_video_context *context, const rp_video_scanner *scanner,
                           const rp_video_candidate *candidate, const uint8_t *data);

#endif
