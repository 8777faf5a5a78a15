/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Centre-surround filters: differences of boxes from an integral image, as the
 * reference sums them; and for octagons and stars, sums of pixels as integers, which
 * are exact, whatever their order and even where they overflow on the way, as long as
 * the last one fits.
 */
#include "kernels/variant.h"

#define VECTORS 4
#define STEP (VECTORS * LANES)

_Static_assert(2 * ROW_BLOCK >= STEP, "rows of sums are padded by two blocks");

typedef uint32_t counts __attribute__((vector_size(VECTOR_BYTES)));

static inline counts load_counts(const uint32_t *p)
{
    counts v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* rows: those below 2 size, size above y (the corners before the boxes) and size,
 * 2 size below it; the first is of zeros where the outer box begins at the border. */
static inline double contrast(const double *const *rows, ptrdiff_t size, ptrdiff_t x,
                              double outer_weight, double inner_weight)
{
    ptrdiff_t left = x - size - 1, right = x + size;
    ptrdiff_t far_left = x - 2 * size - 1, far_right = x + 2 * size;
    double inner = rows[2][right] + rows[1][left] - rows[2][left] - rows[1][right];
    double outer = rows[3][far_right] + rows[0][far_left] - rows[3][far_left] -
                   rows[0][far_right];
    return outer_weight * outer - inner_weight * inner;
}

void NAME(box_contrast_row)(const double *const *rows, ptrdiff_t size, ptrdiff_t first,
                            ptrdiff_t n, double outer_weight, double inner_weight,
                            double *restrict out)
{
    const double *const held[4] = {rows[0], rows[1], rows[2], rows[3]};
    ptrdiff_t x = 0;
    if (first == 2 * size && n > 0) { /* nothing stands before the outer box */
        double inner = held[2][first + size] + held[1][first - size - 1] -
                       held[2][first - size - 1] - held[1][first + size];
        double outer = held[3][4 * size] - held[0][4 * size];
        out[x++] = outer_weight * outer - inner_weight * inner;
    }
    for (; x < n; x++)
        out[x] = contrast(held, size, first + x, outer_weight, inner_weight);
}

/* sums[x] is that of the x pixels before it, in units of 1 / scale. */
void NAME(pixel_sums)(const wide *restrict pixels, ptrdiff_t n, double scale,
                      uint32_t *restrict sums)
{
    uint32_t sum = 0;
    for (ptrdiff_t x = 0; x < n; x++) {
        double v = pixels[x] * scale;
        sums[x + 1] = (uint32_t)(int32_t)(v + (v < 0 ? -0.5 : 0.5));
    }
    sums[0] = 0;
    for (ptrdiff_t x = 1; x <= n; x++)
        sums[x] = sum += sums[x];
}

/* Running sums of rows of sums: down, to the lower right, to the lower left. One
 * element on both sides of `before` is read too; what lies there must not matter, and
 * does not in differences of two elements of one line. */
void NAME(slanted_sums)(const uint32_t *restrict sums, const uint32_t *const *before,
                        ptrdiff_t n, uint32_t *const *out)
{
    const uint32_t *above = before[0], *left = before[1] - 1, *right = before[2] + 1;
    uint32_t *restrict down = out[0], *restrict falling = out[1],
                       *restrict rising = out[2];
INDEPENDENT_TURNS
    for (ptrdiff_t x = 0; x < n; x++) {
        down[x] = above[x] + sums[x];
        falling[x] = left[x] + sums[x];
        rising[x] = right[x] + sums[x];
    }
}

/* Each disc is a sum of differences: pairs of offsets from `base`, pairs[k] for disc
 * k, whose row goes to out + k pitch. Blocks of columns stay in the first cache. */
void NAME(disc_rows)(const uint32_t *base, const ptrdiff_t *taps, const int32_t *pairs,
                     ptrdiff_t discs, ptrdiff_t n, int32_t *out, ptrdiff_t pitch)
{
    for (ptrdiff_t x = 0; x < n; x += STEP) {
        const ptrdiff_t *tap = taps;
        for (ptrdiff_t k = 0; k < discs; k++) {
            counts total[VECTORS] = {{0}};
            for (int32_t pair = 0; pair < pairs[k]; pair++, tap += 2) {
                const uint32_t *more = base + tap[0] + x, *less = base + tap[1] + x;
                for (int v = 0; v < VECTORS; v++)
                    total[v] += load_counts(more + v * LANES) -
                                load_counts(less + v * LANES);
            }
            memcpy(out + k * pitch + x, total, sizeof total);
        }
    }
}

void NAME(bilevel_row)(const int32_t *restrict outer, const int32_t *restrict inner,
                       float outer_weight, float inner_weight, ptrdiff_t n,
                       float *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = (float)outer[x] * outer_weight - (float)inner[x] * inner_weight;
}
