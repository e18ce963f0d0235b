/* winograd.c: conv2d, conv2d_bias and conv2d_backward_data by way of winograd.h, in blocks of tiles
 * whose patches and products stay in a core's second cache. */
#include <omp.h>

#include "tensor/cpu/convolution.h"
#include "tensor/cpu/winograd.h"

enum {
    TILE_ROWS = 12,             /* of the product's tile: 24 sums in registers */
    PAIRS_WIDE = 2 * RP_PANEL,  /* numbers of a panel in one pair of channels */
    BLOCK_BYTES = 400 * 1024,   /* of a block's patches and products */
    ROWS_LEAST = 2 * TILE_ROWS, /* tiles of a block */
    ROWS_MOST = 8 * TILE_ROWS   /* beyond, the panels are read seldom enough */
};

/* Where a thread keeps the tiles it is at. */
typedef struct block {
    int64_t rows;             /* tiles, whole TILE_ROWS */
    uint16_t *u;              /* patches: 16 places of (rows, channels) */
    float *m;                 /* products: 16 places of (rows, outputs) */
    int64_t u_plane, m_plane; /* numbers from place to place */
} block;

/* ---- weights --------------------------------------------------------------------------------- */

/* G w along one axis. */
RP_INLINE void spread_weights(__m512 to[4], __m512 a, __m512 b, __m512 c) {
    const __m512 half = _mm512_set1_ps(0.5f);
    const __m512 outer = _mm512_mul_ps(half, _mm512_add_ps(a, c));
    to[0] = a;
    to[1] = _mm512_fmadd_ps(half, b, outer);
    to[2] = _mm512_fnmadd_ps(half, b, outer);
    to[3] = c;
}

/* G w G' of output o and the sixteen channels from c on, at to[place]; taps in reverse if
 * `is_back`.
 */
static void weights_of(__m512 to[RP_PLACES], const float *w, int64_t channels, int64_t o, int64_t c,
                       bool is_back) {
    __m512 taps[3][3], half[3][4], column[4];
    for (int k = 0; k < 3; k++)
        for (int l = 0; l < 3; l++) {
            const int tap = is_back ? 8 - (3 * k + l) : 3 * k + l;
            taps[k][l] = _mm512_loadu_ps(w + (o * 9 + tap) * channels + c);
        }
    for (int k = 0; k < 3; k++) spread_weights(half[k], taps[k][0], taps[k][1], taps[k][2]);
    for (int l = 0; l < 4; l++) {
        spread_weights(column, half[0][l], half[1][l], half[2][l]);
        for (int k = 0; k < 4; k++) to[4 * k + l] = column[k];
    }
}

/* Where the number for input `in` and output `out` lies in panels over `inner` inputs: for each
 * panel of 32 outputs the pairs of inputs, in each pair the outputs one after another. */
static int64_t panel_at(int64_t inner, int64_t in, int64_t out) {
    return (out / RP_PANEL * (inner / 2) + in / 2) * PAIRS_WIDE + out % RP_PANEL * 2 + in % 2;
}

/* w (O, 3, 3, C) as panels for each place. Forward the inputs of the product are C and its outputs
 * O, backward the other way round. */
static const uint16_t *weights_packed(rp_device *device, const rp_tensor *w, bool is_back) {
    const int64_t o_count = w->shape[0], c_count = w->shape[3], all = o_count * c_count;
    bool is_fresh;
    uint16_t *panels =
        (uint16_t *)rp_cpu_pack_space(device, w, RP_PLACES * all / 2, is_back ? 2 : 1, &is_fresh);
    if (panels == NULL || is_fresh) return panels;
#pragma omp parallel for schedule(static)
    for (int64_t o = 0; o < o_count; o++) {
        for (int64_t c = 0; c < c_count; c += RP_LANES) {
            __m512 places[RP_PLACES];
            weights_of(places, w->data, c_count, o, c, is_back);
            for (int p = 0; p < RP_PLACES; p++) {
                uint16_t lanes[RP_LANES];
                rp_lanes_store(lanes, places[p]);
                for (int i = 0; i < RP_LANES; i++)
                    panels[p * all + (is_back ? panel_at(o_count, o, c + i)
                                              : panel_at(c_count, c + i, o))] = lanes[i];
            }
        }
    }
    return panels;
}

/* ---- patches --------------------------------------------------------------------------------- */

/* B' x along one axis. */
RP_INLINE void spread_patch(__m512 to[4], __m512 a, __m512 b, __m512 c, __m512 d) {
    to[0] = _mm512_sub_ps(a, c);
    to[1] = _mm512_add_ps(b, c);
    to[2] = _mm512_sub_ps(c, b);
    to[3] = _mm512_sub_ps(b, d);
}

/* The four columns under a run of tiles. */
typedef struct columns {
    const uint16_t *first[4]; /* channel 0 of row 0 */
    __mmask16 mask[4];        /* 0: outside of the image */
    int64_t rows, channels;
} columns;

static columns columns_of(const rp_tiling *t, const uint16_t *x, const rp_tile_run *run) {
    columns c = {.rows = t->in[1], .channels = t->channels};
    for (int k = 0; k < 4; k++) {
        const int64_t i = 2 * run->i + k - t->before[0];
        const bool is_inside = i >= 0 && i < t->in[0];
        c.mask[k] = is_inside ? 0xffff : 0;
        c.first[k] = x + (run->image * t->in[0] + (is_inside ? i : 0)) * t->in[1] * t->channels;
    }
    return c;
}

/* B' along W of the places of row j in the four columns. */
RP_INLINE void row_spread(__m512 to[4], const columns *c, int64_t j, int64_t channel) {
    const bool is_inside = j >= 0 && j < c->rows;
    const int64_t at = (is_inside ? j : 0) * c->channels + channel;
    __m512 x[4];
    for (int k = 0; k < 4; k++) x[k] = rp_lanes_load(is_inside ? c->mask[k] : 0, c->first[k] + at);
    for (int k = 2; k < 4; k++) rp_prefetch(c->first[k] + at, 2 * c->rows * c->channels);
    spread_patch(to, x[0], x[1], x[2], x[3]);
}

void rp_winograd_patches(const rp_tiling *t, const uint16_t *x, const rp_tile_run *run, uint16_t *u,
                         int64_t plane) {
    const columns under = columns_of(t, x, run);
    for (int64_t c = 0; c < t->channels; c += RP_LANES) {
        const int64_t top = 2 * run->j - t->before[1];
        __m512 rows[4][4]; /* of a patch; two are the next tile's too */
        row_spread(rows[0], &under, top, c);
        row_spread(rows[1], &under, top + 1, c);
        for (int64_t tile = 0; tile < run->count; tile++) {
            row_spread(rows[2], &under, top + 2 * tile + 2, c);
            row_spread(rows[3], &under, top + 2 * tile + 3, c);
            for (int k = 0; k < 4; k++) {
                __m512 places[4];
                spread_patch(places, rows[0][k], rows[1][k], rows[2][k], rows[3][k]);
                for (int l = 0; l < 4; l++)
                    rp_lanes_store(u + (4 * k + l) * plane + tile * t->channels + c, places[l]);
                rows[0][k] = rows[2][k];
                rows[1][k] = rows[3][k];
            }
        }
    }
}

/* ---- products -------------------------------------------------------------------------------- */

/* m (12 rows, 32 columns) = u (12 rows, channels) times one panel. */
RP_INLINE void product_tile(float *m, int64_t m_stride, const uint16_t *u, int64_t channels,
                            const uint16_t *panel) {
    __m512 sum[TILE_ROWS][2];
    for (int r = 0; r < TILE_ROWS; r++) sum[r][0] = sum[r][1] = _mm512_setzero_ps();
    for (int64_t c = 0; c < channels; c += 2) {
        const __m512bh low = (__m512bh)_mm512_loadu_si512(panel + c * RP_PANEL);
        const __m512bh high = (__m512bh)_mm512_loadu_si512(panel + c * RP_PANEL + RP_PANEL);
        for (int r = 0; r < TILE_ROWS; r++) {
            int32_t pair;
            memcpy(&pair, u + r * channels + c, sizeof pair);
            const __m512bh both = (__m512bh)_mm512_set1_epi32(pair);
            sum[r][0] = _mm512_dpbf16_ps(sum[r][0], both, low);
            sum[r][1] = _mm512_dpbf16_ps(sum[r][1], both, high);
        }
    }
    for (int r = 0; r < TILE_ROWS; r++) {
        _mm512_storeu_ps(m + r * m_stride, sum[r][0]);
        _mm512_storeu_ps(m + r * m_stride + RP_LANES, sum[r][1]);
    }
}

/* For each place, m (rows, outputs) = u (rows, channels) times its panels. */
static void products(const rp_tiling *t, const block *b, const uint16_t *panels) {
    const int64_t channels = t->channels, outputs = t->outputs;
    for (int p = 0; p < RP_PLACES; p++, panels += channels * outputs) {
        const uint16_t *u = b->u + p * b->u_plane;
        float *m = b->m + p * b->m_plane;
        for (int64_t o = 0; o < outputs; o += RP_PANEL)
            for (int64_t r = 0; r < b->rows; r += TILE_ROWS)
                product_tile(m + r * outputs + o, outputs, u + r * channels, channels,
                             panels + o * channels);
    }
}

/* ---- results --------------------------------------------------------------------------------- */

/* What is done to a result before it is written, as in conv2d_bias; and where it goes. */
typedef struct results {
    uint16_t *y;
    const float *bias;        /* (O) or NULL */
    const uint16_t *residual; /* like y, or NULL */
    bool relu;
} results;

RP_INLINE void result_write(const results *to, int64_t at, int64_t o, __m512 value) {
    if (to->bias != NULL) value = _mm512_add_ps(value, _mm512_loadu_ps(to->bias + o));
    if (to->residual != NULL)
        value = _mm512_add_ps(value, rp_lanes_load(0xffff, to->residual + at + o));
    if (to->relu) value = _mm512_max_ps(value, _mm512_setzero_ps());
    rp_lanes_store(to->y + at + o, value);
}

/* A' m along one axis. */
RP_INLINE void gather(__m512 to[2], __m512 a, __m512 b, __m512 c, __m512 d) {
    to[0] = _mm512_add_ps(_mm512_add_ps(a, b), c);
    to[1] = _mm512_sub_ps(_mm512_sub_ps(b, c), d);
}

/* A' m A of one tile, for sixteen outputs; m is its row in the first place. */
RP_INLINE void tile_gather(__m512 to[2][2], const float *m, int64_t plane) {
    __m512 half[4][2], column[2];
    for (int k = 0; k < 4; k++) {
        const float *at = m + 4 * k * plane;
        gather(half[k], _mm512_loadu_ps(at), _mm512_loadu_ps(at + plane),
               _mm512_loadu_ps(at + 2 * plane), _mm512_loadu_ps(at + 3 * plane));
    }
    for (int l = 0; l < 2; l++) {
        gather(column, half[0][l], half[1][l], half[2][l], half[3][l]);
        to[0][l] = column[0];
        to[1][l] = column[1];
    }
}

static void results_write(const rp_tiling *t, const rp_tile_run *run, const float *m, int64_t plane,
                          const results *to) {
    const int64_t i = 2 * run->i, wide = t->out[0] - i < 2 ? 1 : 2;
    for (int64_t tile = 0; tile < run->count; tile++) {
        const int64_t j = 2 * (run->j + tile), high = t->out[1] - j < 2 ? 1 : 2;
        for (int64_t o = 0; o < t->outputs; o += RP_LANES) {
            __m512 y[2][2];
            tile_gather(y, m + tile * t->outputs + o, plane);
            for (int64_t k = 0; k < wide; k++)
                for (int64_t l = 0; l < high; l++)
                    result_write(
                        to, ((run->image * t->out[0] + i + k) * t->out[1] + j + l) * t->outputs, o,
                        y[k][l]);
        }
    }
}

/* ---- the rows -------------------------------------------------------------------------------- */

/* Bytes of a block of so many tiles. */
static int64_t block_bytes(const rp_tiling *t, int64_t rows) {
    return RP_PLACES *
           (rp_plane_bytes(rows, t->channels * 2) + rp_plane_bytes(rows, t->outputs * 4));
}

static int64_t block_rows(const rp_tiling *t) {
    int64_t rows = ROWS_MOST;
    while (rows > ROWS_LEAST && block_bytes(t, rows) > BLOCK_BYTES) rows -= TILE_ROWS;
    return rows;
}

static block block_in(const rp_tiling *t, int64_t rows, void *space) {
    block b = {.rows = rows, .m = space};
    b.m_plane = rp_plane_bytes(rows, t->outputs * 4) / (int64_t)sizeof *b.m;
    b.u = (uint16_t *)(b.m + RP_PLACES * b.m_plane);
    b.u_plane = rp_plane_bytes(rows, t->channels * 2) / (int64_t)sizeof *b.u;
    return b;
}

/* The tiles from `first` on, as many as the block holds. */
static void block_run(const rp_tiling *t, const block *b, const uint16_t *x, const uint16_t *panels,
                      int64_t first, const results *to) {
    const int64_t end = first + b->rows < t->count ? first + b->rows : t->count;
    for (int64_t tile = first; tile < end;) {
        const rp_tile_run run = rp_tile_run_at(t, tile, end);
        rp_winograd_patches(t, x, &run, b->u + (tile - first) * t->channels, b->u_plane);
        tile += run.count;
    }
    products(t, b, panels);
    for (int64_t tile = first; tile < end;) {
        const rp_tile_run run = rp_tile_run_at(t, tile, end);
        results_write(t, &run, b->m + (tile - first) * t->outputs, b->m_plane, to);
        tile += run.count;
    }
}

static rp_status convolve(rp_device *device, const rp_tiling *t, const uint16_t *x,
                          const rp_tensor *w, bool is_back, const results *to, rp_error *error) {
    const uint16_t *panels = weights_packed(device, w, is_back);
    const int64_t rows = block_rows(t);
    const size_t size = (size_t)block_bytes(t, rows);
    char *space = rp_cpu_scratch_take(device, RP_SCRATCH_CONVOLUTION, size * device->threads);
    if (panels == NULL || space == NULL) return rp_fail_memory(error, "a convolution");
#pragma omp parallel num_threads(device->threads)
    {
        const block b = block_in(t, rows, space + (size_t)omp_get_thread_num() * size);
#pragma omp for schedule(static)
        for (int64_t first = 0; first < t->count; first += rows)
            block_run(t, &b, x, panels, first, to);
    }
    return RP_OK;
}

rp_status rp_winograd_forward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0], *w = args->in[1], *y = args->out[0];
    const rp_tensor *bias = args->in[2], *residual = args->in[3], *lengths = args->in[4];
    const rp_tiling t = rp_tiling_of(x, y, &args->attr, false);
    const results to = {.y = y->data,
                        .bias = bias != NULL ? bias->data : NULL,
                        .residual = residual != NULL ? residual->data : NULL,
                        .relu = bias != NULL && args->attr.relu};
    RP_TRY(convolve(device, &t, x->data, w, false, &to, error));
    if (lengths != NULL) rp_cpu_clear_behind(y, lengths);
    return RP_OK;
}

/* The transpose of a convolution of stride 1 is one too: of the upstream gradient, with the taps
 * turned round. */
rp_status rp_winograd_backward_data(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *gy = args->in[0], *w = args->in[1], *gx = args->out[0];
    const rp_tiling t = rp_tiling_of(gy, gx, &args->attr, true);
    const results to = {.y = gx->data};
    return convolve(device, &t, gy->data, w, true, &to, error);
}
