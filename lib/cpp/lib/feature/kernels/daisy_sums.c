/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Symmetric filters at single places. Rows are those under the largest filter, or the
 * same row shifted by as many pixels; of each place `n` values side by side are summed.
 * Some places at a time keep the adders busy, and two values are added once for all
 * filters that hold them.
 */
#include "kernels/variant.h"

#define PLACES 8
#define PLACES_OF_MANY (PLACES / 2) /* for several filters: so many sums fit */

/* The pair `k` away of VECTOR_WIDES values of `count` places, from `o` on, for the
 * filters from `first` to before `end`. */
ALWAYS_INLINE void add_pair(const wide *const *centre, const daisy_filter *filters,
                            const int first, const int end, ptrdiff_t k,
                            const ptrdiff_t *at, const ptrdiff_t count, ptrdiff_t o,
                            vec (*sums)[PLACES])
{
    const wide *before = centre[-k] + o, *after = centre[k] + o;
    for (ptrdiff_t p = 0; p < count; p++) {
        vec pair = load(before + at[p]) + load(after + at[p]);
        for (int f = first; f < end; f++)
            sums[f][p] += pair * filters[f].weights[k];
    }
}

ALWAYS_INLINE void sum_at(const wide *const *rows, const daisy_filter *filters,
                          const int many, const ptrdiff_t *at, const ptrdiff_t count,
                          ptrdiff_t o, vec (*sums)[PLACES])
{
    ptrdiff_t k = filters[many - 1].radius;
    const wide *const *centre = rows + k;
    for (int f = 0; f < many; f++)
        for (ptrdiff_t p = 0; p < count; p++)
            sums[f][p] = load(centre[0] + at[p] + o) * filters[f].weights[0];
    for (; many > 2 && k > filters[1].radius; k--)
        add_pair(centre, filters, 2, many, k, at, count, o, sums);
    for (; many > 1 && k > filters[0].radius; k--)
        add_pair(centre, filters, 1, many, k, at, count, o, sums);
    for (; k > 0; k--)
        add_pair(centre, filters, 0, many, k, at, count, o, sums);
}

/* At `count` places, with as many filters. */
ALWAYS_INLINE void sum_places(const wide *const *rows, const daisy_filter *filters,
                              const int many, const ptrdiff_t *at, ptrdiff_t first,
                              const ptrdiff_t count, ptrdiff_t n)
{
    for (ptrdiff_t o = 0; o < n; o += VECTOR_WIDES) {
        ptrdiff_t kept = n - o < VECTOR_WIDES ? n - o : VECTOR_WIDES;
        vec sums[DAISY_FILTERS][PLACES];
        sum_at(rows, filters, many, at + first, count, o, sums);
        for (int f = 0; f < many; f++)
            for (ptrdiff_t p = 0; p < count; p++) {
                wide *to = filters[f].out + (first + p) * filters[f].stride + o;
                if (kept == VECTOR_WIDES)
                    store(to, sums[f][p]);
                else
                    memcpy(to, &sums[f][p], (size_t)kept * sizeof(wide));
            }
    }
}

ALWAYS_INLINE void sum_all(const wide *const *rows, const daisy_filter *filters,
                           const int many, const ptrdiff_t most, const ptrdiff_t *at,
                           ptrdiff_t count, ptrdiff_t n)
{
    ptrdiff_t first = 0;
    for (; first + most <= count; first += most)
        sum_places(rows, filters, many, at, first, most, n);
    for (; first + most / 2 <= count; first += most / 2)
        sum_places(rows, filters, many, at, first, most / 2, n);
    for (; first < count; first++)
        sum_places(rows, filters, many, at, first, 1, n);
}

void NAME(daisy_sums)(const wide *const *rows, const daisy_filter *filters, int many,
                      const ptrdiff_t *at, ptrdiff_t count, ptrdiff_t n)
{
    if (many == 3)
        sum_all(rows, filters, 3, PLACES_OF_MANY, at, count, n);
    else if (many == 2)
        sum_all(rows, filters, 2, PLACES_OF_MANY, at, count, n);
    else
        sum_all(rows, filters, 1, PLACES, at, count, n);
}
