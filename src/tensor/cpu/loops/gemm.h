/* gemm.h: the product inside the recurrent loops, for one thread: a (rows, inner) from memory times
 * a packed parameter (packed.c), added to y.
 *
 * A tile of 6 rows by one panel of 32 columns stays in 12 registers of 16 floats while `inner`
 * runs: per step 2 loads of the panel, 6 broadcasts, 12 multiply-adds. Every element of y is summed
 * in the order of `inner`, whatever the tile, so that results do not depend on how rows are split.
 * Private to the loop files. */
#ifndef RP_TENSOR_CPU_LOOPS_GEMM_H
#define RP_TENSOR_CPU_LOOPS_GEMM_H

#include "tensor/cpu/cpu.h"

typedef float rp_lane __attribute__((vector_size(64), aligned(4)));

enum { RP_TILE_ROWS = 6, RP_ROW_PANELS = 4 };

RP_INLINE void gemm_tile(float *y, int64_t y_stride, const float *a, int64_t a_stride,
                         const float *panel, int64_t inner, int rows, int64_t columns) {
    rp_lane sum[RP_TILE_ROWS][2] = {0};
    for (int64_t k = 0; k < inner; k++) {
        const rp_lane low = *(const rp_lane *)(panel + k * RP_PANEL);
        const rp_lane high = *(const rp_lane *)(panel + k * RP_PANEL + 16);
        for (int r = 0; r < rows; r++) {
            const float value = a[r * a_stride + k];
            sum[r][0] += value * low;
            sum[r][1] += value * high;
        }
    }
    for (int r = 0; r < rows; r++) {
        float *row = y + r * y_stride;
        if (columns == RP_PANEL) {
            *(rp_lane *)row += sum[r][0];
            *(rp_lane *)(row + 16) += sum[r][1];
        } else {
            for (int64_t j = 0; j < columns; j++) row[j] += sum[r][j / 16][j % 16];
        }
    }
}

/* One row over `count` whole panels side by side. With the two sums of one panel each multiply-add
 * would wait for the one before it; two sums a panel keep the processor busy, in the same order. */
RP_INLINE void gemm_row(float *y, const float *a, const float *panels, int64_t inner, int count) {
    rp_lane sum[RP_ROW_PANELS][2] = {0};
    for (int64_t k = 0; k < inner; k++) {
        const float value = a[k];
        for (int p = 0; p < count; p++) {
            const float *panel = panels + (p * inner + k) * RP_PANEL;
            sum[p][0] += value * *(const rp_lane *)panel;
            sum[p][1] += value * *(const rp_lane *)(panel + 16);
        }
    }
    for (int p = 0; p < count; p++) {
        *(rp_lane *)(y + p * RP_PANEL) += sum[p][0];
        *(rp_lane *)(y + p * RP_PANEL + 16) += sum[p][1];
    }
}

/* The rows that fill no tile, in one pass over the panel too: late steps of a batch have few. Each
 * case is a tile of its own, with its sums in registers. */
static inline void gemm_rest(float *y, int64_t y_stride, const float *a, int64_t a_stride,
                             const float *panel, int64_t inner, int rows, int64_t columns) {
    _Static_assert(RP_TILE_ROWS == 6, "a case for each number of rows below a tile's");
    switch (rows) {
#define RP_REST(n) \
    case n: gemm_tile(y, y_stride, a, a_stride, panel, inner, n, columns); break;
        RP_REST(1) RP_REST(2) RP_REST(3) RP_REST(4) RP_REST(5)
#undef RP_REST
    }
}

/* y (rows, columns) += a (rows, inner) * panels. Strides in elements. */
static inline void rp_gemm(float *y, int64_t y_stride, const float *a, int64_t a_stride,
                           const float *panels, int64_t rows, int64_t inner, int64_t columns) {
    int64_t p = 0;
    for (; rows == 1 && (p + RP_ROW_PANELS) * RP_PANEL <= columns; p += RP_ROW_PANELS)
        gemm_row(y + p * RP_PANEL, a, panels + p * inner * RP_PANEL, inner, RP_ROW_PANELS);
    for (; p * RP_PANEL < columns; p++) {
        const float *panel = panels + p * inner * RP_PANEL;
        const int64_t left = columns - p * RP_PANEL, width = left < RP_PANEL ? left : RP_PANEL;
        float *y_panel = y + p * RP_PANEL;
        int64_t r = 0;
        for (; r + RP_TILE_ROWS <= rows; r += RP_TILE_ROWS)
            gemm_tile(y_panel + r * y_stride, y_stride, a + r * a_stride, a_stride, panel, inner,
                      RP_TILE_ROWS, width);
        gemm_rest(y_panel + r * y_stride, y_stride, a + r * a_stride, a_stride, panel, inner,
                  (int)(rows - r), width);
    }
}

#endif
