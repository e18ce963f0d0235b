/* nearest.c: see nearest.h. */
#include "cli/nearest.h"

#include <limits.h>
#include <string.h>

enum { WORD_MAX = 63 };

static unsigned smaller(unsigned a, unsigned b) { return a < b ? a : b; }

/* Row i of the table holds the distances of a's first i bytes to every prefix of b. A swap of two
 * neighbours looks two rows back (Damerau 1964), because that is how fingers err. */
unsigned rp_cli_nearest_distance(const char *a, const char *b) {
    const size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > WORD_MAX || b_length > WORD_MAX) return UINT_MAX;
    unsigned table[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t j = 0; j <= b_length; j++) table[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        table[i][0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            const unsigned replaced = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            table[i][j] = smaller(replaced, smaller(table[i - 1][j], table[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                table[i][j] = smaller(table[i][j], table[i - 2][j - 2] + 1);
        }
    }
    return table[a_length][b_length];
}

/* Near enough: a third of the word wrong, at least one letter; or the candidate merely goes on. */
void rp_cli_nearest_offer(rp_cli_nearest *nearest, const char *candidate) {
    const size_t length = strlen(nearest->word);
    const unsigned allowed = length < 6 ? 1 + (length > 2) : (unsigned)length / 3;
    unsigned distance = rp_cli_nearest_distance(nearest->word, candidate);
    if (length >= 2 && strncmp(candidate, nearest->word, length) == 0) distance = 1;
    if (distance > allowed) return;
    if (nearest->best != NULL && distance >= nearest->best_distance) return;
    nearest->best = candidate;
    nearest->best_distance = distance;
}
