/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Extrema among responses; centre-surround filters in the reference's order of sums;
 * and the test that rejects lines. Planes are stored as reals.
 */
#include "kernels/variant.h"

#define WORD 64

static inline real larger_of(real a, real b)
{
    return a > b ? a : b;
}

static inline real smaller_of(real a, real b)
{
    return a < b ? a : b;
}

static int any_reaches(const real *row, real least)
{
    int any = 0;
    for (ptrdiff_t x = 0; x < WORD; x++)
        any |= row[x] >= least;
    return any;
}

/* rows[4] is the middle of three by three; one element before and WORD behind the last
 * of each may be read. */
void NAME(extrema_row)(const void *const *rows, ptrdiff_t n, double least, double slack,
                       uint64_t *words)
{
    const real from = (real)least, near = (real)slack;
    for (ptrdiff_t first = 0; first < n; first += WORD, words++) {
        const real *here = (const real *)rows[4] + first;
        real most[WORD], lowest[WORD];
        uint8_t which[WORD];
        *words = 0;
        if (!any_reaches(here, from))
            continue;
        for (ptrdiff_t x = 0; x < WORD; x++)
            most[x] = lowest[x] = here[x];
        for (int k = 0; k < 9; k++) {
            const real *row = (const real *)rows[k] + first;
            for (ptrdiff_t x = 0; x < WORD; x++) {
                real a = row[x - 1], b = row[x], c = row[x + 1];
                most[x] = larger_of(most[x], larger_of(a, larger_of(b, c)));
                lowest[x] = smaller_of(lowest[x], smaller_of(a, smaller_of(b, c)));
            }
        }
        for (ptrdiff_t x = 0; x < WORD; x++)
            which[x] = (here[x] >= from) &
                       ((here[x] + near >= most[x]) | (here[x] - near <= lowest[x]));
        ptrdiff_t left = n - first < WORD ? n - first : WORD;
        for (ptrdiff_t x = 0; x < left; x++)
            *words |= (uint64_t)which[x] << x;
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
