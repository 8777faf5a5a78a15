/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A symmetric filter at single places. Rows are those under the filter, or the same
 * row shifted by as many pixels; of each place `n` values side by side are summed.
 * Some places at a time keep the adders busy.
 */
#include "kernels/variant.h"

#define PLACES 8

/* VECTOR_WIDES values of `count` places, from `o` on. */
static inline void sum_at(const wide *const *rows, const double *weights,
                          ptrdiff_t radius, const ptrdiff_t *at, ptrdiff_t count,
                          ptrdiff_t o, vec *sums)
{
    const wide *const *centre = rows + radius;
    for (ptrdiff_t p = 0; p < count; p++)
        sums[p] = load(centre[0] + at[p] + o) * weights[0];
    for (ptrdiff_t k = radius; k > 0; k--) {
        const wide *before = centre[-k] + o, *after = centre[k] + o;
        for (ptrdiff_t p = 0; p < count; p++)
            sums[p] += (load(before + at[p]) + load(after + at[p])) * weights[k];
    }
}

void NAME(daisy_sums)(const wide *const *rows, const double *weights, ptrdiff_t radius,
                      const ptrdiff_t *at, ptrdiff_t count, ptrdiff_t n, wide *out,
                      ptrdiff_t stride)
{
    ptrdiff_t places;
    for (ptrdiff_t first = 0; first < count; first += places) {
        ptrdiff_t left = count - first;
        places = left >= PLACES ? PLACES : left >= PLACES / 2 ? PLACES / 2 : 1;
        for (ptrdiff_t o = 0; o < n; o += VECTOR_WIDES) {
            ptrdiff_t kept = n - o < VECTOR_WIDES ? n - o : VECTOR_WIDES;
            vec sums[PLACES];
            if (places == PLACES)
                sum_at(rows, weights, radius, at + first, PLACES, o, sums);
            else if (places == PLACES / 2)
                sum_at(rows, weights, radius, at + first, PLACES / 2, o, sums);
            else
                sum_at(rows, weights, radius, at + first, 1, o, sums);
            for (ptrdiff_t p = 0; p < places; p++) {
                wide *to = out + (first + p) * stride + o;
                if (kept == VECTOR_WIDES)
                    store(to, sums[p]);
                else
                    memcpy(to, &sums[p], (size_t)kept * sizeof(wide));
            }
        }
    }
}
