/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Corners one by one: Moravec, orientations. In the reference's type and order
 * of operations, so that the last bits agree.
 */
#include "kernels/math.h"
#include "kernels/transpose.h"

void NAME(narrow_row)(const wide *restrict in, ptrdiff_t n, void *restrict out)
{
    real *restrict to = out;
    for (ptrdiff_t x = 0; x < n; x++)
        to[x] = (real)in[x];
}

/* ------------------------------------------------------------------------ */
/* Moravec                                                                  */
/* ------------------------------------------------------------------------ */

#define BLOCK 128

/* The reference's largest number: of doubles, which is infinity as a float. */
#define MOST (sizeof(real) == 4 ? (real)INFINITY : (real)0x1.fffffffffffffp+1023)

/* Sums of squared differences of a window and the same moved by (down, right), added
 * row after row, for `count` windows. */
static inline void sum_squares(const real *const *rows, ptrdiff_t x, ptrdiff_t window,
                               ptrdiff_t down, ptrdiff_t right, ptrdiff_t count,
                               real *restrict sum)
{
    for (ptrdiff_t k = 0; k < count; k++)
        sum[k] = 0;
    for (ptrdiff_t i = -window; i <= window; i++)
        for (ptrdiff_t j = -window; j <= window; j++) {
            const real *a = rows[2 * window + i] + x + j;
            const real *b = rows[2 * window + i + down] + x + j + right;
            for (ptrdiff_t k = 0; k < count; k++) {
                real t = a[k] - b[k];
                sum[k] += t * t;
            }
        }
}

/* A window of 1: what is summed for a move is what is summed for the opposite move one
 * pixel further along it, in the same order. So two sums a pixel are enough, along the
 * falling and the rising diagonal, and the last row's are kept. */
#define EDGE (BLOCK + 8)

typedef struct diagonal {
    real squares[3][EDGE], sums[2][EDGE];
} diagonal;

/* Squared differences of row y and the one below, moved by `right`, for columns x - 2
 * to before x + count + 2, as far as both lie in the row. */
static inline void square_row(const real *const *rows, ptrdiff_t y, ptrdiff_t x,
                              ptrdiff_t right, ptrdiff_t count, diagonal *d)
{
    const real *restrict a = rows[y] + x - 2, *restrict b = rows[y + 1] + x - 2 + right;
    real *restrict to = d->squares[y % 3];
    ptrdiff_t first = right < 0 ? 1 : 0, end = count + (right < 0 ? 4 : 3);
    for (ptrdiff_t k = first; k < end; k++) {
        real t = a[k] - b[k];
        to[k] = t * t;
    }
}

/* Sums of 3 x 3 squares around row y, for `count` columns from `left` on. */
static inline void sum_row(diagonal *d, ptrdiff_t y, ptrdiff_t left, ptrdiff_t count)
{
    const real *restrict a = d->squares[(y + 2) % 3] + left,
                         *restrict b = d->squares[y % 3] + left,
                         *restrict c = d->squares[(y + 1) % 3] + left;
    real *restrict to = d->sums[y % 2] + left;
    for (ptrdiff_t k = 0; k < count; k++)
        to[k] = a[k] + a[k + 1] + a[k + 2] + b[k] + b[k + 1] + b[k + 2] + c[k] +
                c[k + 1] + c[k + 2];
}

static inline real lesser(real least, real sum)
{
    return least < sum ? least : sum;
}

/* Row y from the sums of both rows; the moves are taken in the order of the general
 * loop, which decides where there is NaN. */
static inline void least_row(const diagonal *fall, const diagonal *rise, ptrdiff_t y,
                             ptrdiff_t count, real *restrict to)
{
    const real most = MOST;
    const real *up_left = fall->sums[(y + 1) % 2],
               *up_right = rise->sums[(y + 1) % 2] + 2,
               *down_left = rise->sums[y % 2] + 1, *down_right = fall->sums[y % 2] + 1;
    for (ptrdiff_t k = 0; k < count; k++)
        to[k] = lesser(
            lesser(lesser(lesser(most, up_left[k]), up_right[k]), down_left[k]),
            down_right[k]);
}

static void smallest_window(const real *const *rows, ptrdiff_t count, ptrdiff_t n,
                            unsigned char *out, ptrdiff_t stride)
{
    diagonal fall, rise;
    for (ptrdiff_t x = 2; x < n - 2; x += BLOCK) {
        ptrdiff_t width = n - 2 - x < BLOCK ? n - 2 - x : BLOCK;
        for (ptrdiff_t y = 0; y < count + 3; y++) {
            square_row(rows, y, x, 1, width, &fall);
            square_row(rows, y, x, -1, width, &rise);
            if (y < 2)
                continue;
            sum_row(&fall, y - 1, 0, width + 1);
            sum_row(&rise, y - 1, 1, width + 1);
            if (y > 2)
                least_row(&fall, &rise, y - 1, width,
                          (real *)(void *)(out + (y - 3) * stride) + x);
        }
    }
}

static void moravec_row(const real *const *from, ptrdiff_t n, ptrdiff_t window,
                        real *to)
{
    for (ptrdiff_t x = 2 * window; x < n - 2 * window; x += BLOCK) {
        ptrdiff_t left = n - 2 * window - x, count = left < BLOCK ? left : BLOCK;
        real sum[BLOCK], least[BLOCK];
        for (ptrdiff_t k = 0; k < BLOCK; k++)
            least[k] = MOST;
        for (ptrdiff_t i = -window; i <= window; i++)
            for (ptrdiff_t j = -window; j <= window; j++) {
                if (i == 0 || j == 0)
                    continue;
                sum_squares(from, x, window, i, j, count, sum);
                for (ptrdiff_t k = 0; k < count; k++)
                    least[k] = least[k] < sum[k] ? least[k] : sum[k];
            }
        memcpy(to + x, least, (size_t)count * sizeof *to);
    }
}

void NAME(moravec_rows)(const void *const *rows, ptrdiff_t count, ptrdiff_t n,
                        ptrdiff_t window, void *out, ptrdiff_t stride)
{
    const real *const *from = (const real *const *)rows;
    unsigned char *to = out;
    if (window == 1)
        smallest_window(from, count, n, to, stride);
    else
        for (ptrdiff_t y = 0; y < count; y++)
            moravec_row(from + y, n, window, (real *)(void *)(to + y * stride));
}

/* ------------------------------------------------------------------------ */
/* Orientations                                                             */
/* ------------------------------------------------------------------------ */

/* The first moments of all patches: v and v * right are added row after row, from left
 * to right, then the sum of a row times its place. */
static inline void moments_by_pixels(const void *const *patches,
                                     const ptrdiff_t *strides, const patch_mask *mask,
                                     real *restrict rights, real *restrict downs)
{
    for (ptrdiff_t y = 0; y < mask->rows; y++) {
        real sums[PATCHES] = {0};
        const real *row[PATCHES];
        for (int k = 0; k < PATCHES; k++)
            row[k] = (const real *)patches[k] + y * strides[k] + mask->reach;
        for (ptrdiff_t i = mask->first[y]; i < mask->first[y + 1]; i++) {
            const mask_segment *segment = mask->segments + i;
            for (ptrdiff_t x = 0; x < SEGMENT; x++) {
                if (!segment->keep[x])
                    continue;
                for (int k = 0; k < PATCHES; k++) {
                    real v = row[k][segment->right + x];
                    rights[k] += v * (real)segment->weight[x];
                    sums[k] += v;
                }
            }
        }
        for (int k = 0; k < PATCHES; k++)
            downs[k] += sums[k] * (real)(y - mask->down);
    }
}

/* One segment of as many patches as a vector has lanes: squares of pixels are read in
 * vectors along the rows and turned over, so that a vector is one pixel of all. Pixels
 * that are not under the mask are added as 0, which changes no sum. */
static inline void add_squares(const wide *const *row, const mask_segment *segment,
                               vec *rights, vec *sums)
{
    for (ptrdiff_t i = 0; i < SEGMENT; i += VECTOR_WIDES) {
        vec v[VECTOR_WIDES];
        UNROLLED
        for (ptrdiff_t k = 0; k < VECTOR_WIDES; k++)
            v[k] = load(row[k] + segment->right + i);
        transpose(v);
        if (!segment->whole) {
            UNROLLED
            for (ptrdiff_t k = 0; k < VECTOR_WIDES; k++)
                v[k] = (vec)((bits_of_vec)v[k] & segment->keep[i + k]);
        }
        UNROLLED
        for (ptrdiff_t k = 0; k < VECTOR_WIDES; k++) {
            *rights += v[k] * segment->weight[i + k];
            *sums += v[k];
        }
    }
}

/* The same moments of a vector of patches of doubles. */
static inline void moments_by_squares(const void *const *patches,
                                      const ptrdiff_t *strides, const patch_mask *mask,
                                      void *rights, void *downs)
{
    vec right = {0}, down = {0};
    for (ptrdiff_t y = 0; y < mask->rows; y++) {
        const mask_segment *segment = mask->segments + mask->first[y];
        const mask_segment *end = mask->segments + mask->first[y + 1];
        const wide *row[VECTOR_WIDES];
        vec sum = {0};
        for (ptrdiff_t k = 0; k < VECTOR_WIDES; k++)
            row[k] = (const wide *)patches[k] + y * strides[k] + mask->reach;
        for (; segment < end; segment++)
            add_squares(row, segment, &right, &sum);
        down += sum * (wide)(y - mask->down);
    }
    memcpy(rights, &right, sizeof right);
    memcpy(downs, &down, sizeof down);
}

void NAME(orientations)(const void *const *patches, const ptrdiff_t *strides,
                        const patch_mask *mask, void *angles)
{
    real rights[PATCHES] = {0}, downs[PATCHES] = {0}, *out = angles;
    if (sizeof(real) != sizeof(wide) || 2 * mask->reach + 1 < SEGMENT)
        moments_by_pixels(patches, strides, mask, rights, downs);
    else
        for (int k = 0; k < PATCHES; k += VECTOR_WIDES)
            moments_by_squares(patches + k, strides + k, mask, rights + k, downs + k);
    for (int k = 0; k < PATCHES; k++)
        out[k] = (real)angle_of((double)downs[k], (double)rights[k]);
}
