/* winograd_gradient.c: conv2d_backward_weights by way of winograd.h.
 *
 * y = A' ((G w G') * (B' x B)) A is linear in w, so
 *
 *     gw = G' (sum over tiles of (A gy A') * (B' x B)) G
 *
 * and the sum is, for each of the 16 places, a matrix product with the tiles as its inner axis.
 * (rp_cpu_sum_blocks). */
#include "tensor/cpu/convolution.h"
#include "tensor/cpu/winograd.h"

enum { BLOCK_TILES = 96 }; /* between two passes over the sums */

/* A gy along one axis. */
RP_INLINE void spread_result(__m512 to[4], __m512 a, __m512 b) {
    to[0] = a;
    to[1] = _mm512_add_ps(a, b);
    to[2] = _mm512_sub_ps(a, b);
    to[3] = _mm512_sub_ps(_mm512_setzero_ps(), b);
}

/* A gy A' of the tiles of a run, in rows as rp_winograd_patches writes them. */
static void results_spread(const rp_tiling *t, const uint16_t *gy, const rp_tile_run *run,
                           uint16_t *z, int64_t plane) {
    const int64_t i = 2 * run->i, column = t->out[1] * t->outputs;
    const uint16_t *first = gy + (run->image * t->out[0] + i) * column;
    const bool is_wide = i + 1 < t->out[0];
    for (int64_t tile = 0; tile < run->count; tile++) {
        const int64_t j = 2 * (run->j + tile);
        const bool is_high = j + 1 < t->out[1];
        for (int64_t o = 0; o < t->outputs; o += RP_LANES) {
            __m512 half[2][4], places[4];
            for (int l = 0; l < 2; l++) {
                const __mmask16 mask = l == 0 || is_high ? 0xffff : 0;
                const uint16_t *at = first + (mask != 0 ? j + l : j) * t->outputs + o;
                rp_prefetch(at, 2 * column);
                rp_prefetch(at, 3 * column);
                spread_result(half[l], rp_lanes_load(mask, at),
                              rp_lanes_load(is_wide ? mask : 0, is_wide ? at + column : at));
            }
            for (int k = 0; k < 4; k++) {
                spread_result(places, half[0][k], half[1][k]);
                for (int l = 0; l < 4; l++)
                    rp_lanes_store(z + (4 * k + l) * plane + tile * t->outputs + o, places[l]);
            }
        }
    }
}

/* For one place, sums (outputs, channels) += z' u. */
static void product(float *sums, const rp_tiling *t, uint16_t *z, uint16_t *u, int64_t tiles) {
    for (int64_t i = 0; i < tiles; i += 2) {
        uint16_t *z_row = z + i * t->outputs, *u_row = u + i * t->channels;
        rp_rows_pair(z_row, z_row + t->outputs, z_row, z_row + t->outputs, t->outputs);
        rp_rows_pair(u_row, u_row + t->channels, u_row, u_row + t->channels, t->channels);
    }
    const rp_paired outputs = {z, t->outputs, 0}, channels = {u, t->channels, 0};
    rp_paired_add(sums, &outputs, &channels, tiles, 1);
}

typedef struct gradient {
    rp_tiling tiling;
    const uint16_t *x, *gy;
} gradient;

/* Adds block n of BLOCK_TILES tiles, the last may have fewer. */
static void block_add(const void *context, int64_t n, float *sums, void *space) {
    const gradient *g = context;
    const rp_tiling *t = &g->tiling;
    const int64_t first = n * BLOCK_TILES;
    const int64_t end = first + BLOCK_TILES < t->count ? first + BLOCK_TILES : t->count;
    const int64_t tiles = (end - first + 1) / 2 * 2;
    const int64_t u_plane = rp_plane_bytes(tiles, t->channels * 2) / 2;
    const int64_t z_plane = rp_plane_bytes(tiles, t->outputs * 2) / 2;
    uint16_t *u = space, *z = u + RP_PLACES * u_plane;
    for (int64_t tile = first; tile < end;) {
        const rp_tile_run run = rp_tile_run_at(t, tile, end);
        rp_winograd_patches(t, g->x, &run, u + (tile - first) * t->channels, u_plane);
        results_spread(t, g->gy, &run, z + (tile - first) * t->outputs, z_plane);
        tile += run.count;
    }
    for (int p = 0; p < RP_PLACES; p++) {
        if (end - first < tiles) { /* the pair's other half */
            memset(u + p * u_plane + (tiles - 1) * t->channels, 0, (size_t)t->channels * sizeof *u);
            memset(z + p * z_plane + (tiles - 1) * t->outputs, 0, (size_t)t->outputs * sizeof *z);
        }
        product(sums + p * t->outputs * t->channels, t, z + p * z_plane, u + p * u_plane, tiles);
    }
}

/* G' s along one axis. */
RP_INLINE void gather(__m512 to[3], __m512 a, __m512 b, __m512 c, __m512 d) {
    const __m512 half = _mm512_set1_ps(0.5f), sum = _mm512_add_ps(b, c);
    to[0] = _mm512_fmadd_ps(half, sum, a);
    to[1] = _mm512_mul_ps(half, _mm512_sub_ps(b, c));
    to[2] = _mm512_fmadd_ps(half, sum, d);
}

/* gw of output o. */
static void output_gather(const rp_tiling *t, const float *sums, int64_t o, float *gw) {
    const int64_t plane = t->outputs * t->channels;
    for (int64_t c = 0; c < t->channels; c += RP_LANES) {
        __m512 s[RP_PLACES], half[4][3], column[3];
        for (int p = 0; p < RP_PLACES; p++)
            s[p] = _mm512_loadu_ps(sums + p * plane + o * t->channels + c);
        for (int k = 0; k < 4; k++)
            gather(half[k], s[4 * k], s[4 * k + 1], s[4 * k + 2], s[4 * k + 3]);
        for (int l = 0; l < 3; l++) {
            gather(column, half[0][l], half[1][l], half[2][l], half[3][l]);
            for (int k = 0; k < 3; k++)
                _mm512_storeu_ps(gw + (o * 9 + 3 * k + l) * t->channels + c, column[k]);
        }
    }
}

rp_status rp_winograd_backward_weights(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0], *gy = args->in[1], *gw = args->out[0];
    const gradient g = {rp_tiling_of(x, gy, &args->attr, false), x->data, gy->data};
    const rp_tiling *t = &g.tiling;
    const int64_t space = RP_PLACES * (rp_plane_bytes(BLOCK_TILES, t->channels * 2) +
                                       rp_plane_bytes(BLOCK_TILES, t->outputs * 2));
    const float *sums =
        rp_cpu_sum_blocks(device, (t->count + BLOCK_TILES - 1) / BLOCK_TILES,
                          RP_PLACES * t->outputs * t->channels, space, block_add, &g);
    if (sums == NULL) return rp_fail_memory(error, "a gradient of weights");
#pragma omp parallel for schedule(static) num_threads(device->threads)
    for (int64_t o = 0; o < t->outputs; o++) output_gather(t, sums, o, gw->data);
    return RP_OK;
}
