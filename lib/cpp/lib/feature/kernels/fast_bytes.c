/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FAST on bytes. Whether a pixel of the circle is brighter or darker is decided in
 * the reference by scaled doubles; for each of the 256 centres that is a comparison
 * with two bytes (`not_above`, `not_below`), nearly always the centre plus and minus
 * the same step. So the comparisons here are of bytes, and exact.
 */
#include "kernels/arc.h"
#include "kernels/variant.h"

/* The two bounds of each pixel of a row. */
static void bound_row(const uint8_t *restrict centre, ptrdiff_t n,
                      const fast_rule *rule, uint8_t *restrict high,
                      uint8_t *restrict low)
{
    uint8_t step = (uint8_t)rule->step;
    if (rule->step < 0) {
        for (ptrdiff_t x = 0; x < n; x++) {
            high[x] = rule->not_above[centre[x]];
            low[x] = rule->not_below[centre[x]];
        }
        return;
    }
    for (ptrdiff_t x = 0; x < n; x++) {
        uint8_t up = (uint8_t)(centre[x] + step), down = (uint8_t)(centre[x] - step);
        high[x] = up < centre[x] ? 255 : up;
        low[x] = down > centre[x] ? 0 : down;
    }
}

#define MARK(test)                                                                     \
    for (ptrdiff_t x = 3; x < n - 3; x++) {                                            \
        uint8_t h = high[x], l = low[x];                                               \
        uint8_t be = east[x] > h, bs = south[x] > h, bw = west[x] > h,                 \
                bn = north[x] > h;                                                     \
        uint8_t de = east[x] < l, ds = south[x] < l, dw = west[x] < l,                 \
                dn = north[x] < l;                                                     \
        marks[x] = test;                                                               \
    }

/* marks[x] is 1 where a corner can be, by the four quarters of the circle: an arc of
 * 12 holds three of them (which the
 * reference asks for), one of 9 two neighbours, one of 5 any. */
static void mark_row(const uint8_t *const *rows, ptrdiff_t n, int arc,
                     const uint8_t *restrict high, const uint8_t *restrict low,
                     uint8_t *restrict marks)
{
    const uint8_t *east = rows[3] + 3, *west = rows[3] - 3, *south = rows[6],
                  *north = rows[0];
    if (arc >= 12)
        MARK((uint8_t)(((uint8_t)(be + bs + bw + bn) > 2) |
                       ((uint8_t)(de + ds + dw + dn) > 2)))
    else if (arc >= 9)
        MARK((uint8_t)(((be | bw) & (bs | bn)) | ((de | dw) & (ds | dn))))
    else if (arc >= 5)
        MARK((uint8_t)(be | bs | bw | bn | de | ds | dw | dn))
    else
        memset(marks + 3, 1, (size_t)(n - 6));
}

static double response(const uint8_t *const *rows, ptrdiff_t x, const fast_rule *rule,
                       uint8_t high, uint8_t low)
{
    uint32_t bright = 0, dark = 0;
    uint8_t circle[CIRCLE];
    for (int k = 0; k < CIRCLE; k++) {
        circle[k] = rows[3 + circle_row[k]][x + circle_col[k]];
        bright |= (uint32_t)(circle[k] > high) << k;
        dark |= (uint32_t)(circle[k] < low) << k;
    }
    if (!has_arc(bright, rule->arc) && !has_arc(dark, rule->arc))
        return 0;
    double sum = 0, centre = rule->scaled[rows[3][x]];
    for (int k = 0; k < CIRCLE; k++)
        sum += fabs(rule->scaled[circle[k]] - centre);
    return sum;
}

void NAME(fast_bytes)(const uint8_t *const *rows, ptrdiff_t n, const fast_rule *rule,
                      uint8_t *spare, double *out)
{
    uint8_t *high = spare, *low = high + n, *marks = low + n;
    memset(out, 0, (size_t)n * sizeof *out);
    if (n < 7)
        return;
    bound_row(rows[3], n, rule, high, low);
    mark_row(rows, n, rule->arc, high, low, marks);
    for (ptrdiff_t x = 3; x < n - 3; x++) {
        uint64_t eight;
        memcpy(&eight, marks + x,
               sizeof eight); /* eight more belong to the spare row */
        if (eight == 0)
            x += 7;
        else if (marks[x])
            out[x] = response(rows, x, rule, high[x], low[x]);
    }
}
