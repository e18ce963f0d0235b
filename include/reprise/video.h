/* video.h: gives a recording its index back.
 *
 * A camera writes the index of a film (moov) when the recording ends. When the power is lost, the
 * pictures and the sound lie on the card and no player finds them. With a healthy clip of the same
 * camera as reference, Reprise finds every sample and writes the index anew. */
#ifndef REPRISE_VIDEO_H
#define REPRISE_VIDEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reprise/reprise.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What was found in a file, or how a recovery went. Both texts live as long as the report. */
typedef struct rp_video_report rp_video_report;
void rp_video_report_destroy(rp_video_report *report);
const char *rp_video_report_text(const rp_video_report *report); /* for a person; lines */
const char *rp_video_report_json(const rp_video_report *report); /* one object, "reprise": 1 */

typedef struct rp_video_recover_options {
    const char *reference;    /* healthy clip of the same camera and settings, or a saved profile;
                                 NULL: the broken file's own index or inline index must do */
    const char *save_profile; /* NULL, or where to save what the reference teaches */
    const char *output;       /* the new file; NULL: only look */
    bool in_place;            /* no output: change the broken file itself, see rp_video_undo */
    bool trusts_reference;    /* take the reference though what is found contradicts it */
    const rp_progress *progress; /* may be NULL */
    const rp_log *log;           /* may be NULL */
} rp_video_recover_options;

/* Recovers the recording at path `broken`, which is not changed unless `in_place`; `output` is
 * whole or absent. `options` NULL: all of them zero, that is: only look, without a reference.
 * RP_OK: nothing of its media data was left out but a sample that its end cuts, and no time is
 * modelled. RP_NO: not so (the report says what is missing), or there was nothing to do: then no
 * output is written and the error says so. RP_INPUT: unreadable, or the reference is of
 * another camera. RP_USAGE: an output would be written over an input. RP_SYSTEM: no memory, disk
 * full. The report is yours, and NULL where there is none. */
rp_status rp_video_recover(rp_video_report **report, const char *broken,
                           const rp_video_recover_options *options, rp_error *error);

/* Takes back what recovering in place did to the file at `path`, with the help of `path`.undo,
 * which is then removed. Also after recovering was killed half-way. RP_INPUT: there is no undo
 * file, or it is of another file. */
rp_status rp_video_undo(const char *path, rp_error *error);

/* Decodes every track of pictures and sound with ffmpeg and counts its complaints. RP_OK: none;
 * RP_NO: some (the report says where); RP_INPUT: no index; RP_SYSTEM: ffmpeg is not installed. */
rp_status rp_video_verify(rp_video_report **report, const char *path, rp_error *error);

/* Says what a file holds and what is wrong with it: boxes, tracks, codecs, chunk pattern, duration.
 * RP_OK: a whole recording; RP_NO: a broken one; RP_INPUT: unreadable. */
rp_status rp_video_inspect(rp_video_report **report, const char *path, rp_error *error);

typedef struct rp_video_carve_options {
    const char *folder;          /* where the recordings go; made where it is missing */
    const char *reference;       /* as for recovering; NULL: healthy recordings of the card */
    const rp_progress *progress; /* may be NULL */
    const rp_log *log;           /* may be NULL */
} rp_video_carve_options;

/* Finds recordings in the image of an exFAT or FAT32 card that no live file holds: deleted, never
 * entered, in pieces, two taking turns; writes each to the folder, with a new index where it has
 * none. The image is never changed. RP_OK: all are whole; RP_NO: none was found, or some could not
 * be made whole (the report says which); RP_USAGE: no folder; RP_INPUT, RP_SYSTEM as for
 * recovering. */
rp_status rp_video_carve(rp_video_report **report, const char *image,
                         const rp_video_carve_options *options, rp_error *error);

#ifdef __cplusplus
}
#endif
#endif
