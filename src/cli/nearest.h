/* nearest.h: the word that was probably meant. */
#ifndef RP_CLI_NEAREST_H
#define RP_CLI_NEAREST_H

#include <stddef.h>

/* The edits between two words (insert, delete, replace, swap two neighbours; Damerau's distance on
 * words of at most 63 bytes, longer ones count as far apart). */
unsigned rp_cli_nearest_distance(const char *a, const char *b);

/* A search over candidates offered one after the other; zero-initialise with the word typed. */
typedef struct rp_cli_nearest {
    const char *word; /* borrowed, as typed */
    const char *best; /* borrowed; NULL: nothing is near enough to be offered */
    unsigned best_distance;
} rp_cli_nearest;

void rp_cli_nearest_offer(rp_cli_nearest *nearest, const char *candidate);

#endif
