/* augment.h: making clean engravings look like prints, for training.
 *
 * A row is one way of making an image worse: a name, the chance that it happens, and a range its
 * strength is drawn from. A list is some rows in their order. Two tables are built in:
 *
 *     published   the eight of the published network, each with probability 0.5
 *     print       what old prints and their scans do: ink, paper, light, marks, shape
 *
 * The same seed gives the same bytes, whatever thread or order. */
#ifndef RP_PAGE_AUGMENT_H
#define RP_PAGE_AUGMENT_H

#include "base/random.h"
#include "page/image.h"

enum { RP_PAGE_AUGMENT_ROWS_MAX = 64 };

typedef struct rp_page_augment_work rp_page_augment_work; /* page/augment_work.h */

typedef struct rp_page_augment_row {
    const char *name;
    double probability;
    double low, high; /* the strength's range; its unit is the row's own, see help */
    void (*apply)(rp_page_augment_work *work, double strength);
    const char *help; /* one line: what it does, what the strength is */
} rp_page_augment_row;

typedef struct rp_page_augment_list {
    rp_page_augment_row rows[RP_PAGE_AUGMENT_ROWS_MAX];
    size_t count;
} rp_page_augment_list;

/* Adds what `words` names, separated by commas: "published", "print", "none" (nothing), or a row,
 * alone or with another probability ("published,blur=0.2"). A row that the list already has is
 * moved to the new probability ("print,warp=0" is print without warp). RP_USAGE: an unknown word,
 * a probability outside 0..1, too many rows. */
rp_status rp_page_augment_parse(rp_page_augment_list *list, const char *words, rp_error *error);

/* Draws each row of `list` and applies those that hit, in order. `source` is not changed; `image`
 * is a new one in `arena`, of the same height; its width may differ (by up to 8 px with
 * "published", by up to a fifth with "print"). `staff_space` is the distance of two staff lines in
 * px; 0: that of a piano system cropped as the training set is, height / 29. `random` is drawn
 * from: one stream a sample. RP_SYSTEM: no memory. */
rp_status rp_page_augment_apply(rp_page_image *image, const rp_page_image *source,
                                const rp_page_augment_list *list, double staff_space,
                                rp_random *random, rp_arena *arena, rp_error *error);

#endif
