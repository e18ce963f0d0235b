/* staff_space.c: see staves.h. */
#include <math.h>
#include <string.h>

#include "page/staves.h"

enum { SPACE_MIN = 5, SPACE_MAX = 240, COLUMNS_READ = 1200 };

typedef struct run_counts {
    uint32_t spaces[SPACE_MAX + 2]; /* black run + white run, where the next two sum to as much */
    uint32_t blacks[SPACE_MAX + 2]; /* black runs of such pairs */
} run_counts;

/* Takes in one column. A pair counts when its black part is the shorter and the pair before it was
 * as long to within a tenth (or 1 px). */
static void count_column(run_counts *counts, const rp_page_image *ink, int32_t x) {
    int32_t before = 0, black = 0, white = 0;
    const uint8_t *at = ink->data + x;
    for (int32_t y = 0; y < ink->height; y++, at += ink->stride) {
        if (*at == 0) {
            white++;
            continue;
        }
        if (white > 0) { /* a pair ends where the next black run starts */
            const int32_t sum = black + white;
            const bool is_line = black > 0 && black < white && sum >= SPACE_MIN && sum <= SPACE_MAX;
            const int32_t slack = 1 + sum / 10;
            if (is_line && before > 0 && sum >= before - slack && sum <= before + slack) {
                counts->spaces[sum]++;
                counts->blacks[black]++;
            }
            before = is_line ? sum : 0;
            black = white = 0;
        }
        black++;
    }
}

/* The fullest place of a histogram smoothed by 1 2 1, to a fraction by its neighbours' weights. */
static double peak_of(const uint32_t counts[SPACE_MAX + 2], int low, uint32_t *height) {
    int best = low;
    uint32_t most = 0;
    for (int i = low; i <= SPACE_MAX; i++) {
        const uint32_t smooth = counts[i - 1] + 2 * counts[i] + counts[i + 1];
        if (smooth > most) most = smooth, best = i;
    }
    double sum = 0, weights = 0;
    for (int i = best - 1; i <= best + 1; i++) sum += (double)i * counts[i], weights += counts[i];
    *height = most;
    return weights > 0 ? sum / weights : 0;
}

bool rp_page_staff_space(double *space, double *thickness, const rp_page_image *ink) {
    run_counts counts;
    memset(&counts, 0, sizeof counts);
    const int32_t step = ink->width / COLUMNS_READ + 1;
    int32_t columns = 0;
    for (int32_t x = step / 2; x < ink->width; x += step, columns++) count_column(&counts, ink, x);
    uint32_t height = 0, ignored = 0;
    *space = peak_of(counts.spaces, SPACE_MIN, &height);
    *thickness = fmax(1, peak_of(counts.blacks, 1, &ignored));
    /* One staff over a third of the page has three such pairs in a third of the columns; the peak
     * holds most of them four times over. A tenth of that is enough to go and look. */
    return columns >= 10 && height > 0.4 * columns;
}
