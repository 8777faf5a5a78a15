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

static inline void compare(const pixel *const *rows, const centres *c,
                           ptrdiff_t count, int k, uint64_t *bright, uint64_t *dark)
{
    const pixel *p = rows[3 + circle_row[k]] + c->x + circle_col[k];
    bright[k] = above(p, c->high, count);
    dark[k] = above(c->low, p, count) & ~bright[k];
}

/* Where `arc` pixels in a row are set, round the circle. With the arc known when this
 * is compiled, the words stay in registers. */
static inline uint64_t with_arc(const uint64_t *circle, int arc)
{
    uint64_t run[CIRCLE], next[CIRCLE], found = 0;
    for (int k = 0; k < CIRCLE; k++)
        run[k] = circle[k];
    for (int done = 1, step; done < arc; done += step) {
        step = done < arc - done ? done : arc - done;
        for (int k = 0; k < CIRCLE; k++)
            next[k] = run[k] & run[(k + step) % CIRCLE];
        for (int k = 0; k < CIRCLE; k++)
            run[k] = next[k];
    }
    for (int k = 0; k < CIRCLE; k++)
        found |= run[k];
    return found;
}

static uint64_t with_any_arc(const uint64_t *circle, int arc)
{
    switch (arc) {
    case 9:
        return with_arc(circle, 9);
    case 12:
        return with_arc(circle, 12);
    default:
        return with_arc(circle, arc);
    }
}

/* Where an arc can be, by four pixels a quarter apart, the first of them at k: an arc
 * of 12 holds three of them, one of 9 two neighbours, one of 4 any. */
static inline uint64_t by_cross(const uint64_t *circle, int k, int arc)
{
    uint64_t a = circle[k], b = circle[k + 4], c = circle[k + 8], d = circle[k + 12];
    if (arc >= 12)
        return (a & c & (b | d)) | (b & d & (a | c));
    if (arc >= 9)
        return (a | c) & (b | d);
    return arc >= 4 ? a | b | c | d : UINT64_MAX;
}

static inline uint64_t corners_of_some(const pixel *const *rows, const centres *c,
                                       ptrdiff_t count, int arc)
{
    static const int crosses[CIRCLE / 4] = {0, 2, 1, 3};
    uint64_t bright[CIRCLE], dark[CIRCLE];
    uint64_t maybe_bright = UINT64_MAX, maybe_dark = UINT64_MAX;
    for (int i = 0; i < CIRCLE / 4; i++) {
        for (int k = crosses[i]; k < CIRCLE; k += CIRCLE / 4)
            compare(rows, c, count, k, bright, dark);
        maybe_bright &= by_cross(bright, crosses[i], arc);
        maybe_dark &= by_cross(dark, crosses[i], arc);
        if ((maybe_bright | maybe_dark) == 0)
            return 0;
    }
    return (maybe_bright ? with_any_arc(bright, arc) : 0) |
           (maybe_dark ? with_any_arc(dark, arc) : 0);
}

/* Which of the centres are corners. */
static inline uint64_t corners_of(const pixel *const *rows, const centres *c, int arc)
{
    return c->count == WORD ? corners_of_some(rows, c, WORD, arc)
                            : corners_of_some(rows, c, c->count, arc);
}

#endif
