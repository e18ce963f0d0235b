/* score.h: reading printed piano music: train, evaluate, read.
 *
 * Every function that can fail returns a status and fills in `error` (may be NULL). Texts are
 * handed out within reports and results, and are freed by their `_clear`, also after a failure. */
#ifndef REPRISE_SCORE_H
#define REPRISE_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reprise/reprise.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- training ----------------------------------------------------------------------------------
 */

typedef struct rp_score_train_options {
    const char *data;          /* an OLiMPiC folder, or one with its .tgz shards */
    const char *output;        /* folder for checkpoint, log, curve and weights; made if missing */
    const char *configuration; /* "measure", "fine", "level", "zeus"; NULL: that of `init`, else
                                * "measure" */
    const char *freeze;        /* "encoder" or "decoder": what it learns stays as it is, its
                                  running statistics follow the new images; or NULL */
    const char *init;          /* weights to start from, or NULL: fresh ones */
    const char *augment;       /* list of augmentations, see `reprise score augment` */
    const char *device;        /* "cpu", or "cuda": an NVIDIA GPU; NULL: cpu */
    double epochs;             /* length of the run, over which the rate falls */
    double rate;               /* largest learning rate (Adam) */
    double token_dropout;      /* share of the decoder's inputs that are hidden from it */
    int32_t batch;             /* systems a step */
    int32_t threads;           /* 0: all */
    int32_t limit;             /* only so many training systems; 0: all */
    int32_t evaluate_limit;    /* dev systems for each evaluation; 0: all */
    double evaluate_minutes;   /* between evaluations */
    double checkpoint_minutes; /* between checkpoints: what a kill costs at most */
    double stop_minutes;       /* end early after so long, checkpointed; 0: never */
    double mixed;         /* share of systems that go on with measures of others; only "level" */
    int32_t measures_max; /* longest span in measures, of configurations that read by measure */
    uint64_t seed;
    bool full_precision; /* f32 instead of bf16 activations */
    bool resume;         /* go on from the checkpoint in `output` */
} rp_score_train_options;

rp_score_train_options rp_score_train_defaults(void);

/* Trains until the epochs are done or progress asks for an end (then with a checkpoint: RP_NO).
 * Leaves in `output`: checkpoint.safetensors, model.safetensors (f16, for use), log.jsonl,
 * curve.png. RP_USAGE: a run in `output` already, or one of another configuration or batch; a
 * configuration that reads by measure and a set without the edges of measures. */
rp_status rp_score_train(const rp_score_train_options *options, const rp_progress *progress,
                         const rp_log *log, rp_error *error);

/* ---- evaluation --------------------------------------------------------------------------------
 */

typedef struct rp_score_evaluate_options {
    const char *data, *model; /* neither may be NULL */
    const char *split;        /* NULL: "dev" */
    const char *details;   /* write here, as JSON lines, every system with its figures; or NULL */
    const char *calibrate; /* of the split "train" alone: fit the tokens' confidence to what was
                            * read and write the weights with it here; or NULL */
    const char *augment;   /* how each image is made worse before, see `reprise score augment`; it
                            * depends on its place in the split alone. NULL: not at all */
    int32_t limit, threads;
    int32_t beam;  /* lines tried at once for each measure, to 16; 0, 1: greedy, as published */
    int32_t views; /* how often each system is looked at, to 4; 0: once if greedy, else twice */
    bool full_precision, free_grammar;
    bool straighten; /* find the system on each image and cut it out anew, as reading does */
} rp_score_evaluate_options;

/* Tokens of one kind, such as pitches, and what went wrong with them. */
typedef struct rp_score_cause {
    const char *name; /* static */
    uint64_t gold;    /* tokens of this kind in the labels */
    uint64_t changed, missing, extra;
} rp_score_cause;

enum { RP_SCORE_CAUSES = 18 };

typedef struct rp_score_figures {
    double ser, ser_no_tuplets; /* per cent, published definition */
    double ser_no_slurs;        /* slur tokens left out on both sides */
    double tedn_full, tedn_lmx; /* per cent; full is NaN where a label has no MusicXML beside it */
    double note_f1, onset_f1;   /* 0 .. 1, over all notes, system by system; as read ... */
    double note_f1_repaired, onset_f1_repaired; /* ... and after measures were made to add up */
    rp_score_cause causes[RP_SCORE_CAUSES];     /* their errors add up to the edits of `ser` */
    double cut_right;         /* per cent of systems cut into the right number of measures */
    double calibration_error; /* per cent: expected calibration error of tokens' confidence */
    double sure_measures;     /* per cent of measures that reading does not mark as doubtful */
    double sure_wrong, doubtful_wrong; /* per cent of the tokens read in them that are wrong */
    double seconds;                    /* of reading, without loading */
    double judging_seconds;            /* of all figures but the reading */
    int32_t systems;
} rp_score_figures;

/* Reads a split and compares what was read with its labels. RP_USAGE: no data or no model is named,
 * or options that do not go together. RP_INPUT: damaged data or model. */
rp_status rp_score_evaluate(rp_score_figures *figures, const rp_score_evaluate_options *options,
                            const rp_progress *progress, rp_error *error);

/* ---- data sets ---------------------------------------------------------------------------------
 */

typedef struct rp_score_dataset_options {
    const char *list;   /* lines of id, tab, path below the scores' folder; NULL: all found there */
    const char *split;  /* its name in samples.SPLIT.txt */
    int32_t height;     /* px of the samples */
    int32_t jobs;       /* scores at a time; 0: one a processor */
    int32_t dpi;        /* of the pages that samples are cut from */
    double seconds_max; /* for one score in MuseScore */
    const char *fonts;  /* "Emmentaler,Gonville": engraved anew in one of these; NULL: as it is */
    bool is_varied;     /* engraved anew with sizes, distances and thicknesses drawn from `seed` */
    uint64_t seed;
    bool is_verovio;   /* engraved by npm's verovio, for piano solo; its fonts: Leipzig, Bravura,
                        * Gootville, Petaluma, Leland */
    bool keeps_pages;  /* whole pages with the boxes of their systems, in OUT/pages */
    bool is_previewed; /* a sheet of images and labels: OUT/preview.SPLIT.html */
} rp_score_dataset_options;

rp_score_dataset_options rp_score_dataset_defaults(void); /* also what NULL stands for */

/* What was built; free with rp_score_dataset_report_clear. */
typedef struct rp_score_dataset_report {
    int32_t scores, built, resumed,
        failed;                     /* scores = built + resumed + failed, when it was not stopped */
    int32_t systems, without_edges; /* samples; those without places of measures */
    int32_t problems;               /* lines of problems.SPLIT.txt */
    int64_t tokens;                 /* in all labels */
    int32_t tokens_median, tokens_95, tokens_max, width_median, width_95, width_max;
    int32_t vocabulary; /* tokens that occur, of 224 */
    double seconds;
    char *json;
} rp_score_dataset_report;

/* Builds a data set of piano systems in the OLiMPiC layout (docs/DATA.md) at `output` from the
 * scores below `scores` (.mscx, .mscz, .musicxml, .xml, .mxl) with MuseScore 3. What a score has
 * already given, with the same options, is not made again. A score or page that gives nothing is
 * said to `log` and in problems.SPLIT.txt, and the rest goes on. RP_NO: some scores gave nothing,
 * or progress asked for an end. RP_INPUT: the list is unreadable. RP_SYSTEM: MuseScore is missing,
 * the disk is full, another build is writing to `output`. */
rp_status rp_score_dataset_build(rp_score_dataset_report *report, const char *output,
                                 const char *scores, const rp_score_dataset_options *options,
                                 const rp_progress *progress, const rp_log *log, rp_error *error);

/* Adds a scanned piece to the data set at `output`: the piano systems found on the page images at
 * `pages` (a folder of them, or one PNG, JPEG, TIFF or PDF) beside the systems of `labels`, its
 * MusicXML with the print's breaks. Pages are paired one by one where the music has as many, else
 * all systems in order if their numbers agree. Of the options split, height and is_previewed count.
 * RP_NO: something did not pair; problems.SPLIT.txt says what. RP_INPUT: pages or labels are not
 * readable. */
rp_status rp_score_dataset_scanned(rp_score_dataset_report *report, const char *output,
                                   const char *pages, const char *labels,
                                   const rp_score_dataset_options *options,
                                   const rp_progress *progress, rp_error *error);
void rp_score_dataset_report_clear(rp_score_dataset_report *report);

typedef struct rp_score_recompose_options {
    const char *split; /* whose labels are taken: samples.SPLIT.txt; NULL: "train" */
    int32_t pieces;    /* how many to write */
    uint64_t seed;     /* the same seed, the same pieces */
} rp_score_recompose_options;

typedef struct rp_score_recompose_report {
    int32_t systems;  /* labels read */
    int64_t measures; /* whose hands could be parted */
    int64_t wholes;   /* that are taken whole: hands cross, a clef changes within */
    int32_t times;    /* time signatures among them */
    int32_t pieces;   /* asked for */
} rp_score_recompose_report;

/* Writes pieces that nobody wrote, OUTPUT/rSEED-00001.musicxml and on, of the hands of the scores
 * whose labels (.lmx) the data set at `data` holds; its images are not read. To be engraved by
 * rp_score_dataset_build, for training. `options` NULL: 100 pieces of the split "train", seed 1.
 * RP_NO: progress asked for an end. RP_INPUT: damaged data, or no hands in it. RP_USAGE: no pieces
 * asked for. */
rp_status rp_score_recompose(rp_score_recompose_report *report, const char *output,
                             const char *data, const rp_score_recompose_options *options,
                             const rp_progress *progress, rp_error *error);

/* ---- reading -----------------------------------------------------------------------------------
 */

typedef struct rp_score_reader rp_score_reader;

/* Opens a model for reading any number of inputs. `views`: how often each system is looked at, a
 * little moved each time, to 4; more errs less and takes longer; 0: twice. `threads` 0: all
 * processors. RP_INPUT: the model is damaged or made for another vocabulary. */
rp_status rp_score_reader_create(rp_score_reader **reader, const char *model, int32_t views,
                                 int32_t threads, rp_error *error);
void rp_score_reader_destroy(rp_score_reader *reader);

/* All zero, or NULL in the call: a page, and no picture. */
typedef struct rp_score_read_options {
    bool is_system;      /* the input is the crop of one system, not a page */
    const char *picture; /* write here, as PNG, the pages with their systems and, where MuseScore is
                          * installed, the engraving of what was read; NULL: no picture */
} rp_score_read_options;

/* What was read; free with rp_score_result_clear. */
typedef struct rp_score_result {
    char *musicxml;       /* one part, two staves, all systems joined */
    char *lmx;            /* the tokens, one system a line */
    char *json;           /* docs/score-json.md: pages, boxes of systems, tokens with confidence */
    char *failures;       /* a line for each page that could not be read: which, why; NULL: none */
    int32_t pages;        /* of the input ... */
    int32_t failed_pages; /* ... and those of them that could not be read and are not in here */
    int32_t systems, measures;
    int32_t repaired;  /* measures that were changed to make them add up */
    int32_t doubtful;  /* measures in which errors are to be expected; the picture tints them */
    int32_t left_out;  /* notes that were read and for which the score had no place */
    double confidence; /* mean over tokens, 0..1 */
} rp_score_result;

/* Reads the pages of a PNG, JPEG, TIFF or PDF, one after the other: memory is that of the largest
 * page. A page that is damaged does not keep the others from being read: RP_OK with failed_pages
 * above 0. RP_NO: no music found. RP_INPUT: the document is not readable, or no music was found and
 * some page was not readable. The input is never changed; nothing is written but the picture, of
 * the first page that could be read. */
rp_status rp_score_read(rp_score_result *result, rp_score_reader *reader, const char *input,
                        const rp_score_read_options *options, const rp_progress *progress,
                        rp_error *error);
void rp_score_result_clear(rp_score_result *result);

typedef struct rp_score_folder_options {
    const char *folder; /* its .png, .jpg, .tif and .pdf files are read, not its subfolders */
    const char *output; /* a folder, made if missing: NAME.musicxml and pages.PART.jsonl */
    int32_t part,
        parts; /* of the list sorted by name, pages part, part + parts, ...: 0 and 1: all */
    bool is_system, lmx; /* inputs are single systems; LMX instead of MusicXML */
} rp_score_folder_options;

typedef struct rp_score_folder_report {
    int64_t read, failed, skipped; /* skipped: done before */
    int64_t partial;               /* read but for damaged pages of a document */
} rp_score_folder_report;

/* Reads every page of a folder, each as a score of its own, and leaves a JSON line a page in
 * pages.PART.jsonl. Pages that a line of any part's file says were read whole, and whose score is
 * there, are skipped: a killed run goes on where it stopped, and what failed is tried again.
 * Processes with different parts share a folder without knowing of one another. A page that cannot
 * be read gets a line with its error and the run goes on. RP_NO: no pages, or stopped by progress.
 * RP_SYSTEM: no memory or disk. */
rp_status rp_score_read_folder(rp_score_folder_report *report, rp_score_reader *reader,
                               const rp_score_folder_options *options, const rp_progress *progress,
                               rp_error *error);

#ifdef __cplusplus
}
#endif
#endif
