/* dataset.h: a split of an OLiMPiC data set in memory: images at the model's height, tokens, edges.
 *
 *     DATA/samples.SPLIT.txt        names, one a line: samples/SCORE/p1-s1
 *     DATA/measures.SPLIT.txt       to train by measure: name, then the x of the edges of its
 *                                   measures in px of an image 256 high: one more than measures
 *     DATA/NAME.png, DATA/NAME.lmx  a folder, or *.tgz shards in DATA that hold them
 *     DATA/NAME.jpg                 instead of .png, as GrandStaff has it
 *     DATA/NAME.musicxml            optional: the same music, for judging
 *
 * Images are kept deflated, a tenth of their 170 kB or so: the 15,000 of the training split would
 * fill 2.5 GB. */
#ifndef RP_SCORE_DATASET_H
#define RP_SCORE_DATASET_H

#include "base/arena.h"
#include "base/pool.h"
#include "base/progress.h"
#include "page/crop.h"

typedef struct rp_sample {
    const char *name;
    int32_t width;          /* px of its image at the set's height; 0: not loaded */
    uint32_t packed_size;   /* bytes */
    const uint8_t *packed;  /* the image's rows, deflated */
    const uint16_t *tokens; /* LMX tokens; unknown words are RP_LMX_UNKNOWN and above */
    int32_t token_count;
    int32_t measure_count; /* `measure` tokens */
    float *edges;          /* measure_count + 1, in px at the set's height; NULL: not known */
    const uint8_t *music;  /* NAME.musicxml, (music_size) bytes; NULL: none, or not asked for */
    size_t music_size;
} rp_sample;

typedef struct rp_dataset {
    rp_arena arena;
    rp_sample *samples; /* in the order of the split's list */
    int32_t count, height;
} rp_dataset;

typedef struct rp_dataset_options {
    const char *split;   /* "train", "dev" */
    int32_t height;      /* px; images are scaled to it by area */
    int32_t limit;       /* only the first so many; 0: all */
    bool with_music;     /* keep the .musicxml files too, where there are any */
    bool labels_only;    /* leave the images: a sample has tokens and no width */
    bool straighten;     /* cut each image's system out anew, as reading does */
    rp_page_frame frame; /* any but RP_FRAME_HALF, which images have as they are: straightened */
    rp_pool *pool;       /* decodes and cuts images; NULL: the caller's thread */
    const rp_progress *progress;
} rp_dataset_options;

/* Loads a split. RP_INPUT: a list is missing, a sample lacks its image or label (named), damage. */
rp_status rp_dataset_load(rp_dataset *set, const char *path, const rp_dataset_options *options,
                          rp_error *error);

/* The image of a sample in `arena`: the set's height, 0 ink, 255 paper. RP_SYSTEM: no memory. */
rp_status rp_dataset_image(rp_page_image *image, const rp_dataset *set, const rp_sample *sample,
                           rp_arena *arena, rp_error *error);

/* Sorts `count` indices of samples by the width of their images, then by index. RP_SYSTEM: no
 * memory. */
rp_status rp_dataset_sort_by_width(const rp_dataset *set, uint32_t *samples, uint32_t count,
                                   rp_error *error);

void rp_dataset_clear(rp_dataset *set);

#endif
