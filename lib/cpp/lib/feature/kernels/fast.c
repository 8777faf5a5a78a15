/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FAST on reals, a vector of centres at a time: of those that a screen of bytes has
 * left (core/fast.h), or of all. Four pixels of the circle send most vectors away; for
 * the others each lane gathers which of the sixteen are brighter, and which are darker,
 * as the bits of an integer, and runs are found by shifts. The sums are made in the
 * reference's order, in all lanes.
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
    UNROLLED
    for (int k = 0; k < 4; k++) {
        reals v = on_circle(b, 4 * k);
        bright[k] = lanes_above(v, b->high);
        dark[k] = lanes_above(b->low, v);
    }
    return (quarters_of(bright, b->arc) | quarters_of(dark, b->arc)) != 0;
}

/* Are `arc` bits in a row set, round the circle? Runs of twice the length are where two
 * runs meet. */
static inline real_bits arc_lanes(real_bits circle, int arc)
{
    real_bits run = circle | circle << CIRCLE;
    for (int done = 1; done < arc;) {
        int step = done < arc - done ? done : arc - done;
        run &= run >> step;
        done += step;
    }
    return run & 0xffff;
}

static inline void find_corners(const fast_block *b, real *out)
{
    real_bits bright = {0}, dark = {0};
    reals sum = {0};
    UNROLLED
    for (int k = 0; k < CIRCLE; k++) {
        reals v = on_circle(b, k);
        bright |= (real_bits)(v > b->high) & 1 << k;
        dark |= (real_bits)(v < b->low) & 1 << k;
        sum += size_of(v - b->centre);
    }
    dark &= ~bright;
    real_bits found = arc_lanes(bright, b->arc) | arc_lanes(dark, b->arc);
    sum = (reals)((real_bits)sum & (real_bits)(found != 0));
    memcpy(out + b->x, &sum, sizeof sum);
}

void NAME(fast_row)(const void *const *rows, ptrdiff_t n, const fast_rule *rule,
                    const uint64_t *words, void *out)
{
    const real threshold = (real)rule->threshold;
    fast_block b = {.rows = (const real *const *)rows, .arc = rule->arc};
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
    for (ptrdiff_t w = 0; w < FAST_WORDS(n); w++) {
        uint64_t left = words != NULL ? words[w] : ~UINT64_C(0);
        while (left != 0) {
            ptrdiff_t lane = __builtin_ctzll(left) / REALS * REALS;
            left &= ~(EVERY_LANE << lane);
            b.x = 3 + 64 * w + lane;
            if (b.x >= end)
                break;
            b.x = b.x < end - REALS ? b.x : end - REALS; /* the last ones once more */
            b.centre = load_reals(b.rows[3] + b.x);
            b.high = b.centre + threshold;
            b.low = b.centre - threshold;
            if (can_hold_corner(&b))
                find_corners(&b, to);
        }
    }
    if (to != out)
        memcpy((real *)out + 3, to + 3, (size_t)(n - 6) * sizeof *to);
}

void NAME(fast_screen)(const void *in, ptrdiff_t n, uint8_t *out, int32_t *outside)
{
    typedef int32_t integers __attribute__((vector_size(4 * REALS)));
    typedef uint8_t small __attribute__((vector_size(REALS)));
    const real *v = in;
    real_bits left_range = {0};
    ptrdiff_t x = 0;
    int32_t any = 0;
    for (; x + REALS <= n; x += REALS) {
        reals value = load_reals(v + x);
        real_bits inside = (real_bits)(value >= 0) & (real_bits)(value <= 1);
        left_range |= ~inside;
        value = (reals)((real_bits)value & inside) * (real)FAST_SCALE;
        small bytes =
            __builtin_convertvector(__builtin_convertvector(value, integers), small);
        memcpy(out + x, &bytes, sizeof bytes);
    }
    for (; x < n; x++) {
        int inside = v[x] >= 0 && v[x] <= 1;
        any |= !inside;
        out[x] = inside ? (uint8_t)(v[x] * (real)FAST_SCALE) : 0;
    }
    for (int k = 0; k < REALS; k++)
        any |= left_range[k] != 0;
    *outside = any;
}
