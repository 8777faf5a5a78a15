/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Extrema among responses; centre-surround filters in the reference's order of sums;
 * and the test that rejects lines. Planes are stored as reals.
 */
#include "kernels/bits.h"
#include "kernels/reals.h"

static inline real larger_of(real a, real b)
{
    return a > b ? a : b;
}

static inline real smaller_of(real a, real b)
{
    return a < b ? a : b;
}

/* Does any of WORD_BITS elements? */
static inline int any_reaches(const real *row, real least)
{
    lane_mask any = {0};
    for (ptrdiff_t x = 0; x < WORD_BITS; x += REALS)
        any |= (lane_mask)(load_reals(row + x) >= least);
    return any_lane(any);
}

/* A word's elements, one on both sides, and the rest of a block. */
#define SPAN (WORD_BITS + 16)

static inline reals choose(lane_mask which, reals a, reals b)
{
    return (reals)((which & (lane_mask)a) | (~which & (lane_mask)b));
}

/* The largest and the lowest of nine rows in each column. */
static inline void down_rows(const void *const *rows, ptrdiff_t first, real *most,
                             real *lowest)
{
    for (ptrdiff_t x = 0; x < SPAN; x += REALS) {
        reals high = load_reals((const real *)rows[4] + first + x), low = high;
        for (int k = 0; k < 9; k++) {
            reals v = load_reals((const real *)rows[k] + first + x);
            high = choose((lane_mask)(v > high), v, high);
            low = choose((lane_mask)(v < low), v, low);
        }
        memcpy(most + x, &high, sizeof high);
        memcpy(lowest + x, &low, sizeof low);
    }
}

/* rows[4] is the middle of three by three; one element before and WORD_BITS behind the
 * last of each may be read. */
void NAME(extrema_row)(const void *const *rows, ptrdiff_t n, double least, double slack,
                       uint64_t *words)
{
    const real from = (real)least, near = (real)slack;
    for (ptrdiff_t first = 0; first < n; first += WORD_BITS, words++) {
        const real *here = (const real *)rows[4] + first;
        real most[SPAN], lowest[SPAN];
        uint8_t marks[WORD_BITS];
        *words = 0;
        if (!any_reaches(here, from))
            continue;
        down_rows(rows, first - 1, most, lowest);
        for (ptrdiff_t x = 0; x < WORD_BITS; x++) {
            real high = larger_of(larger_of(most[x], most[x + 1]), most[x + 2]);
            real low = smaller_of(smaller_of(lowest[x], lowest[x + 1]), lowest[x + 2]);
            marks[x] = (here[x] >= from) &
                       ((here[x] + near >= high) | (here[x] - near <= low));
        }
        *words = pack(marks);
        if (n - first < WORD_BITS)
            *words &= ((uint64_t)1 << (n - first)) - 1;
    }
}

#define VECTORS 4
#define STEP (VECTORS * VECTOR_WIDES)

/* Adds weight times `count` pixels from `row` on, one after the other. */
static inline void add_run(vec *sum, const wide *row, ptrdiff_t count, double weight)
{
    for (ptrdiff_t k = 0; k < count; k++)
        for (int v = 0; v < VECTORS; v++)
            sum[v] += load(row + k + v * VECTOR_WIDES) * weight;
}

/* Row k of `rows`, 0 to 2 height, is that of the filter; rows are padded. */
void NAME(bilevel_exact_row)(const wide *const *rows, const bilevel_filter *f,
                             ptrdiff_t n, double *out)
{
    for (ptrdiff_t x = 0; x < n; x += STEP) {
        vec sum[VECTORS] = {{0}};
        for (ptrdiff_t k = -f->height; k <= f->height; k++) {
            ptrdiff_t distance = k < 0 ? -k : k, outer = f->outer[distance];
            ptrdiff_t inner = distance <= f->inner_height ? f->inner[distance] : -1;
            const wide *row = rows[k + f->height] + x;
            if (inner < 0) {
                add_run(sum, row - outer, 2 * outer + 1, f->outer_weight);
                continue;
            }
            add_run(sum, row - outer, outer - inner, f->outer_weight);
            add_run(sum, row - inner, 2 * inner + 1, f->inner_weight);
            add_run(sum, row + inner + 1, outer - inner, f->outer_weight);
        }
        for (int v = 0; v < VECTORS; v++)
            store(out + x + v * VECTOR_WIDES, stored_vec(sum[v]));
    }
}

static inline wide difference(wide before, wide here, wide after)
{
    return stored(here * 0 - (before - after));
}

static inline wide weighted(wide before, wide here, wide after)
{
    return stored(here * 2 + (before + after));
}

/* Products of Sobel's gradients of the middle one of three rows, with one element on
 * both sides: down down, down right, right right. */
void NAME(gradient_products_row)(const wide *const *rows, ptrdiff_t n, wide *const *out)
{
    const wide *a = rows[0], *b = rows[1], *c = rows[2];
    wide *restrict dd = out[0], *restrict dr = out[1], *restrict rr = out[2];
INDEPENDENT_TURNS
    for (ptrdiff_t x = 0; x < n; x++) {
        wide down = weighted(difference(a[x - 1], b[x - 1], c[x - 1]),
                             difference(a[x], b[x], c[x]),
                             difference(a[x + 1], b[x + 1], c[x + 1]));
        wide right = weighted(difference(a[x - 1], a[x], a[x + 1]),
                              difference(b[x - 1], b[x], b[x + 1]),
                              difference(c[x - 1], c[x], c[x + 1]));
        dd[x] = stored(down * down);
        dr[x] = stored(down * right);
        rr[x] = stored(right * right);
    }
}

/* Where a structure tensor's squared trace is not above `most` determinants; `wider`:
 * their product is not stored. */
void NAME(not_line_row)(const wide *const *tensor, ptrdiff_t n, double most, int wider,
                        uint8_t *keep)
{
    const wide *rr = tensor[0], *rc = tensor[1], *cc = tensor[2];
    for (ptrdiff_t x = 0; x < n; x++) {
        wide trace = stored(rr[x] + cc[x]), square = stored(trace * trace);
        wide determinant = stored(stored(rr[x] * cc[x]) - stored(rc[x] * rc[x]));
        wide limit = most * determinant;
        keep[x] = !(square > (wider ? limit : stored(limit)));
    }
}
