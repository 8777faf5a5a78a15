/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FAST's test of a circle for 64 pixels at once. Whether a pixel of the circle is
 * brighter or darker than its centre allows is a bit; the bits of 64 centres are a
 * word, and an arc is found by AND of the words of its pixels: of two, of four, of
 * eight neighbours, as far as it goes. Who includes this has defined `pixel` and
 * `above_64`, which of 64 pixels exceed their bounds.
 */
#ifndef KERNELS_FAST_H
#define KERNELS_FAST_H

#include "kernels/bits.h"

#define CIRCLE 16 /* pixels at distance 3, in the reference's order */

static const int circle_row[CIRCLE] = {0, 1,  2,  3,  3,  3,  2,  1,
                                       0, -1, -2, -3, -3, -3, -2, -1};
static const int circle_col[CIRCLE] = {3,  3,  2,  1,  0, -1, -2, -3,
                                       -3, -3, -2, -1, 0, 1,  2,  3};

/* Some centres, 64 where the row has as many: where they lie, and their bounds. */
typedef struct centres {
    ptrdiff_t x, count;
    pixel high[WORD], low[WORD];
} centres;

/* Those from x on, of a row whose last centre lies before `end`: where it ends early,
 * from further left. */
static inline void take_centres(centres *c, ptrdiff_t x, ptrdiff_t end)
{
    c->x = end - x >= WORD || end - 3 < WORD ? x : end - WORD;
    c->count = end - c->x < WORD ? end - c->x : WORD;
}

static inline uint64_t above(const pixel *a, const pixel *b, ptrdiff_t count)
{
    if (count == WORD)
        return above_64(a, b);
    uint64_t word = 0;
    for (ptrdiff_t k = 0; k < count; k++)
        word |= (uint64_t)(a[k] > b[k]) << k;
    return word;
}

static inline void compare(const pixel *const *rows, const centres *c, int k,
                           uint64_t *bright, uint64_t *dark)
{
    const pixel *p = rows[3 + circle_row[k]] + c->x + circle_col[k];
    bright[k] = above(p, c->high, c->count);
    dark[k] = above(c->low, p, c->count) & ~bright[k];
}

/* Where an arc can be, by four pixels a quarter apart: an arc of 12 holds three of
 * them, one of 9 two neighbours, one of 4 any. */
static inline uint64_t by_quarters(const uint64_t *circle, int arc)
{
    uint64_t east = circle[0], south = circle[4], west = circle[8], north = circle[12];
    if (arc >= 12)
        return (east & west & (south | north)) | (south & north & (east | west));
    if (arc >= 9)
        return (east | west) & (south | north);
    return arc >= 4 ? east | south | west | north : UINT64_MAX;
}

/* Where `arc` pixels in a row are set, round the circle. */
static inline uint64_t with_arc(const uint64_t *circle, int arc)
{
    uint64_t run[2 * CIRCLE], found = 0;
    memcpy(run, circle, CIRCLE * sizeof *run);
    for (int done = 1; done < arc;) {
        int step = done < arc - done ? done : arc - done;
        memcpy(run + CIRCLE, run, CIRCLE * sizeof *run);
        for (int k = 0; k < CIRCLE; k++)
            run[k] &= run[k + step];
        done += step;
    }
    for (int k = 0; k < CIRCLE; k++)
        found |= run[k];
    return found;
}

/* Which of the centres are corners. */
static inline uint64_t corners_of(const pixel *const *rows, const centres *c, int arc)
{
    uint64_t bright[CIRCLE], dark[CIRCLE];
    for (int k = 0; k < CIRCLE; k += CIRCLE / 4)
        compare(rows, c, k, bright, dark);
    uint64_t maybe_bright = by_quarters(bright, arc), maybe_dark = by_quarters(dark, arc);
    if ((maybe_bright | maybe_dark) == 0)
        return 0;
    for (int k = 0; k < CIRCLE; k++)
        if (k % (CIRCLE / 4) != 0)
            compare(rows, c, k, bright, dark);
    return (maybe_bright ? with_arc(bright, arc) : 0) |
           (maybe_dark ? with_arc(dark, arc) : 0);
}

#endif
