/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Symmetric filters of any radius, and antisymmetric ("odd") ones. Each output is
 *
 *     in[0] w[0] + (in[-r] + in[r]) w[r] + ... + (in[-1] + in[1]) w[1]
 *
 * (with differences in place of the sums for odd ones),
 * summed from left to right in double and then stored as a real: the order of
 * SciPy's correlate1d, so that the last bit agrees. Four vectors are summed at a
 * time, in registers, over a loop of the weights; that loop is bound by its
 * additions and its loads alike, so more rows at a time would gain nothing.
 */
#include "kernels/variant.h"

#define VECTORS 4
#define STEP (VECTORS * VECTOR_WIDES)

_Static_assert(ROW_BLOCK % STEP == 0, "rows are padded to whole steps");

void NAME(smooth_columns)(const wide *const *rows, const double *weights,
                          ptrdiff_t radius, ptrdiff_t n, wide *out)
{
    const wide *const *centre = rows + radius;
    for (ptrdiff_t x = 0; x < n; x += STEP) {
        vec sum[VECTORS];
        for (int v = 0; v < VECTORS; v++)
            sum[v] = load(centre[0] + x + v * VECTOR_WIDES) * weights[0];
        for (ptrdiff_t k = radius; k > 0; k--) {
            const wide *above = centre[-k] + x, *below = centre[k] + x;
            for (int v = 0; v < VECTORS; v++)
                sum[v] += (load(above + v * VECTOR_WIDES) +
                           load(below + v * VECTOR_WIDES)) *
                          weights[k];
        }
        for (int v = 0; v < VECTORS; v++)
            store(out + x + v * VECTOR_WIDES, stored_vec(sum[v]));
    }
}

void NAME(smooth_row)(const wide *in, const double *weights, ptrdiff_t radius,
                      ptrdiff_t n, wide *out)
{
    for (ptrdiff_t x = 0; x < n; x += STEP) {
        vec sum[VECTORS];
        for (int v = 0; v < VECTORS; v++)
            sum[v] = load(in + x + v * VECTOR_WIDES) * weights[0];
        for (ptrdiff_t k = radius; k > 0; k--) {
            const wide *left = in + x - k, *right = in + x + k;
            for (int v = 0; v < VECTORS; v++)
                sum[v] += (load(left + v * VECTOR_WIDES) +
                           load(right + v * VECTOR_WIDES)) *
                          weights[k];
        }
        for (int v = 0; v < VECTORS; v++)
            store(out + x + v * VECTOR_WIDES, stored_vec(sum[v]));
    }
}

/* STEP sums around at[0]; neighbours lie in the rows at[-k], at[k] where those are
 * `apart`, else in the same row. */
static inline void odd_sums(const wide *const *at, int apart, const double *weights,
                            ptrdiff_t radius, ptrdiff_t x, wide *out)
{
    vec sum[VECTORS];
    const wide *centre = at[0] + x;
    for (int v = 0; v < VECTORS; v++)
        sum[v] = load(centre + v * VECTOR_WIDES) * weights[0];
    for (ptrdiff_t k = radius; k > 0; k--) {
        const wide *before = apart ? at[-k] + x : centre - k;
        const wide *after = apart ? at[k] + x : centre + k;
        for (int v = 0; v < VECTORS; v++)
            sum[v] += (load(before + v * VECTOR_WIDES) - load(after + v * VECTOR_WIDES)) *
                      weights[k];
    }
    for (int v = 0; v < VECTORS; v++)
        store(out + x + v * VECTOR_WIDES, stored_vec(sum[v]));
}

void NAME(odd_columns)(const wide *const *rows, const double *weights, ptrdiff_t radius,
                       ptrdiff_t n, wide *out)
{
    for (ptrdiff_t x = 0; x < n; x += STEP)
        odd_sums(rows + radius, 1, weights, radius, x, out);
}

void NAME(odd_row)(const wide *in, const double *weights, ptrdiff_t radius, ptrdiff_t n,
                   wide *out)
{
    for (ptrdiff_t x = 0; x < n; x += STEP)
        odd_sums(&in, 0, weights, radius, x, out);
}

/* row / (weight + epsilon of the real type), the division by a smoothed mask */
void NAME(normalize_row)(wide *row, const wide *weight, ptrdiff_t n)
{
    const wide epsilon = sizeof(real) == 4 ? 0x1p-23 : 0x1p-52;
    for (ptrdiff_t x = 0; x < n; x++)
        row[x] = stored(row[x] / stored(weight[x] + epsilon));
}
