/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Corners one by one: FAST, Moravec, orientations. In the reference's type and order
 * of operations, so that the last bits agree.
 */
#include "kernels/arc.h"
#include "kernels/math.h"
#include "kernels/variant.h"

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

#define EDGE (BLOCK + 8)

/* Squared differences of four rows and those one below, moved by `right`; columns from
 * x - 2 to x + BLOCK + 2. */
static inline void square_rows(const real *const *rows, ptrdiff_t x, ptrdiff_t right,
                               ptrdiff_t count, real squares[4][EDGE])
{
    for (int i = 0; i < 4; i++) {
        const real *restrict a = rows[i] + x - 2, *restrict b =
                                                      rows[i + 1] + x - 2 + right;
        ptrdiff_t first = right < 0 ? 1 : 0, end = count + (right < 0 ? 4 : 3);
        for (ptrdiff_t k = first; k < end; k++) {
            real t = a[k] - b[k];
            squares[i][k] = t * t;
        }
    }
}

/* least = min(least, sums over 3 x 3 squares from row `top` and column `left`) */
static inline void take_sums(real squares[4][EDGE], int top, int left, ptrdiff_t count,
                             real *restrict least)
{
    const real *restrict a = squares[top] + left, *restrict b = squares[top + 1] + left,
                         *restrict c = squares[top + 2] + left;
    for (ptrdiff_t k = 0; k < count; k++) {
        real sum = a[k] + a[k + 1] + a[k + 2] + b[k] + b[k + 1] + b[k + 2] + c[k] +
                   c[k + 1] + c[k + 2];
        least[k] = least[k] < sum ? least[k] : sum;
    }
}

/* A window of 1: a difference serves the move and its opposite. The moves are taken in
 * the order of the general loop below, which decides where there is NaN. */
static void smallest_window(const real *const *rows, ptrdiff_t n, real *to)
{
    real falls[4][EDGE], rises[4][EDGE];
    for (ptrdiff_t x = 2; x < n - 2; x += BLOCK) {
        ptrdiff_t count = n - 2 - x < BLOCK ? n - 2 - x : BLOCK;
        real least[BLOCK];
        for (ptrdiff_t k = 0; k < BLOCK; k++)
            least[k] =
                sizeof(real) == 4 ? (real)INFINITY : (real)0x1.fffffffffffffp+1023;
        square_rows(rows, x, 1, count, falls);
        square_rows(rows, x, -1, count, rises);
        take_sums(falls, 0, 0, count, least);
        take_sums(rises, 0, 2, count, least);
        take_sums(rises, 1, 1, count, least);
        take_sums(falls, 1, 1, count, least);
        memcpy(to + x, least, (size_t)count * sizeof *to);
    }
}

void NAME(moravec_row)(const void *const *rows, ptrdiff_t n, ptrdiff_t window,
                       void *out)
{
    const real *const *from = (const real *const *)rows;
    real *to = out;
    if (window == 1) {
        smallest_window(from, n, to);
        return;
    }
    for (ptrdiff_t x = 2 * window; x < n - 2 * window; x += BLOCK) {
        ptrdiff_t left = n - 2 * window - x, count = left < BLOCK ? left : BLOCK;
        real sum[BLOCK], least[BLOCK];
        for (ptrdiff_t k = 0; k < BLOCK; k++)
            least[k] =
                sizeof(real) == 4 ? (real)INFINITY : (real)0x1.fffffffffffffp+1023;
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

/* ------------------------------------------------------------------------ */
/* FAST                                                                     */
/* ------------------------------------------------------------------------ */

#define MARK(test)                                                                     \
    for (ptrdiff_t x = 3; x < n - 3; x++) {                                            \
        real h = centre[x] + threshold, l = centre[x] - threshold;                     \
        uint8_t be = east[x] > h, bs = south[x] > h, bw = west[x] > h,                 \
                bn = north[x] > h;                                                     \
        uint8_t de = east[x] < l, ds = south[x] < l, dw = west[x] < l,                 \
                dn = north[x] < l;                                                     \
        marks[x] = test;                                                               \
    }

static void mark_row(const real *const *rows, ptrdiff_t n, real threshold, int arc,
                     uint8_t *restrict marks)
{
    const real *centre = rows[3], *east = centre + 3, *west = centre - 3,
               *south = rows[6], *north = rows[0];
    if (arc >= 12)
        MARK((uint8_t)((be + bs + bw + bn > 2) | (de + ds + dw + dn > 2)))
    else if (arc >= 9)
        MARK((uint8_t)(((be | bw) & (bs | bn)) | ((de | dw) & (ds | dn))))
    else if (arc >= 5)
        MARK((uint8_t)(be | bs | bw | bn | de | ds | dw | dn))
    else
        memset(marks + 3, 1, (size_t)(n - 6));
}

static real response(const real *const *rows, ptrdiff_t x, real threshold, int arc)
{
    real centre = rows[3][x], high = centre + threshold, low = centre - threshold;
    real circle[CIRCLE], sum = 0;
    uint32_t bright = 0, dark = 0;
    for (int k = 0; k < CIRCLE; k++) {
        circle[k] = rows[3 + circle_row[k]][x + circle_col[k]];
        int is_bright = circle[k] > high;
        bright |= (uint32_t)is_bright << k;
        dark |= (uint32_t)(!is_bright && circle[k] < low) << k;
    }
    if (!has_arc(bright, arc) && !has_arc(dark, arc))
        return 0;
    for (int k = 0; k < CIRCLE; k++) {
        real difference = circle[k] - centre;
        sum += difference < 0 ? -difference : difference;
    }
    return sum;
}

/* With three of four quarters asked for even where the threshold is below 0. */
static int quarters_agree(const real *const *rows, ptrdiff_t x, real threshold)
{
    real centre = rows[3][x], high = centre + threshold, low = centre - threshold;
    int bright = 0, dark = 0;
    for (int k = 0; k < CIRCLE; k += 4) {
        real v = rows[3 + circle_row[k]][x + circle_col[k]];
        bright += v > high;
        dark += !(v > high) && v < low;
    }
    return bright > 2 || dark > 2;
}

void NAME(fast_row)(const void *const *rows, ptrdiff_t n, const fast_rule *rule,
                    uint8_t *marks, void *out)
{
    const real *const *from = (const real *const *)rows;
    const real threshold = (real)rule->threshold;
    real *to = out;
    memset(to, 0, (size_t)n * sizeof *to);
    if (n < 7)
        return;
    mark_row(from, n, threshold, rule->arc, marks);
    for (ptrdiff_t x = 3; x < n - 3; x++) {
        uint64_t eight;
        memcpy(&eight, marks + x, sizeof eight); /* eight more belong to the marks */
        if (eight == 0)
            x += 7;
        else if (marks[x] && (rule->arc < 12 || quarters_agree(from, x, threshold)))
            to[x] = response(from, x, threshold, rule->arc);
    }
}

/* ------------------------------------------------------------------------ */
/* Orientations                                                             */
/* ------------------------------------------------------------------------ */

void NAME(orientations)(const void *const *patches, const ptrdiff_t *strides,
                        const patch_mask *mask, void *angles)
{
    real rights[PATCHES] = {0}, downs[PATCHES] = {0}, *out = angles;
    for (ptrdiff_t y = 0; y < mask->rows; y++) {
        real sums[PATCHES] = {0};
        const real *row[PATCHES];
        for (int k = 0; k < PATCHES; k++)
            row[k] = (const real *)patches[k] + y * strides[k] + mask->reach;
        for (ptrdiff_t i = mask->first[y]; i < mask->first[y + 1]; i++) {
            ptrdiff_t column = mask->right[i];
            real right = (real)column;
            for (int k = 0; k < PATCHES; k++) {
                real v = row[k][column];
                rights[k] += v * right;
                sums[k] += v;
            }
        }
        for (int k = 0; k < PATCHES; k++)
            downs[k] += sums[k] * (real)(y - mask->down);
    }
    for (int k = 0; k < PATCHES; k++)
        out[k] = (real)angle_of((double)downs[k], (double)rights[k]);
}
