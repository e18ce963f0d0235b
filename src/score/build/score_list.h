/* score_list.h: which scores a data set is built of.
 *
 *     4945954<tab>scores/Wolf,_Hugo/Mörike-Lieder/lc4945954.mscx
 *
 * a line each: the name of its folder of samples, and its path below the scores' folder. Without
 * a list every score below the folder is taken: the id is its path without the ending, / as _. */
#ifndef RP_SCORE_BUILD_SCORE_LIST_H
#define RP_SCORE_BUILD_SCORE_LIST_H

#include "base/arena.h"
#include "base/error.h"

typedef struct rp_score_entry {
    const char *id, *path;
} rp_score_entry;

typedef struct rp_score_list {
    rp_score_entry *entries; /* in the list's order, or by path; the arena's */
    size_t count;
} rp_score_list;

/* `list` NULL: all that lies below `folder` (or the one score, if it is a file). RP_INPUT:
 * unreadable, a line without a tab, an id twice or one that is no file name, nothing found. */
rp_status rp_score_list_read(rp_score_list *scores, const char *folder, const char *list,
                             rp_arena *arena, rp_error *error);

#endif
