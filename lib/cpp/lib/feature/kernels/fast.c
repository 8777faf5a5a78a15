/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FAST on reals, a vector of centres at a time. A word holds one bit a lane: whether
 * that pixel of the circle is brighter, or darker. Four pixels of the circle send most
 * vectors away; for the others all sixteen are compared, runs are found by AND of words
 * and the sums are made, in the reference's order, in all lanes.
 */
#include "kernels/arc.h"
#include "kernels/reals.h"

typedef struct fast_block {
    const real *const *rows;
    ptrdiff_t x;
    reals centre, high, low;
    int arc;
} fast_block;

static inline reals on_circle(const fast_block *b, int k)
{
    return load_reals(b->rows[3 + circle_row[k]] + b->x + circle_col[k]);
}

static inline int can_hold_corner(const fast_block *b)
{
    uint64_t bright[4], dark[4];
    for (int k = 0; k < 4; k++) {
        reals v = on_circle(b, 4 * k);
        bright[k] = lanes_above(v, b->high);
        dark[k] = lanes_above(b->low, v);
    }
    return (quarters_of(bright, b->arc) | quarters_of(dark, b->arc)) != 0;
}

static void find_corners(const fast_block *b, real *out)
{
    uint64_t bright[2 * CIRCLE], dark[2 * CIRCLE];
    reals sum = {0};
    real sums[REALS];
    for (int k = 0; k < CIRCLE; k++) {
        reals v = on_circle(b, k);
        bright[k] = lanes_above(v, b->high);
        dark[k] = lanes_above(b->low, v) & ~bright[k];
        sum += size_of(v - b->centre);
    }
    uint64_t found = arcs_of(bright, b->arc) | arcs_of(dark, b->arc);
    memcpy(sums, &sum, sizeof sums);
    for (; found != 0; found &= found - 1) {
        int lane = __builtin_ctzll(found);
        out[b->x + lane] = sums[lane];
    }
}

void NAME(fast_row)(const void *const *rows, ptrdiff_t n, const fast_rule *rule,
                    void *out)
{
    const real threshold = (real)rule->threshold;
    fast_block b = {.rows = (const real *const *)rows, .x = 3, .arc = rule->arc};
    real beside[7][REALS + 6];
    const real *short_rows[7];
    real *to = out, beside_out[REALS + 6] = {0};
    memset(to, 0, (size_t)n * sizeof *to);
    if (n < 7)
        return;
    ptrdiff_t end = n - 3;
    if (n < REALS + 6) { /* too short for a vector: a copy with nothing behind it */
        memset(beside, 0, sizeof beside);
        for (int y = 0; y < 7; y++) {
            memcpy(beside[y], rows[y], (size_t)n * sizeof(real));
            short_rows[y] = beside[y];
        }
        b.rows = short_rows;
        to = beside_out;
        end = REALS + 3;
    }
    for (; b.x < end; b.x += REALS) {
        b.x = b.x < end - REALS ? b.x : end - REALS; /* the last ones once more */
        b.centre = load_reals(b.rows[3] + b.x);
        b.high = b.centre + threshold;
        b.low = b.centre - threshold;
        if (can_hold_corner(&b))
            find_corners(&b, to);
    }
    if (to != out)
        memcpy((real *)out + 3, to + 3, (size_t)(n - 6) * sizeof *to);
}
