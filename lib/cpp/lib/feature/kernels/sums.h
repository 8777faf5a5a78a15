/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums of a vector's values in one order, whatever a register holds. */
#ifndef KERNELS_SUMS_H
#define KERNELS_SUMS_H

#include "kernels/variant.h"

#define SUMS 8 /* side by side */
#define PARTS (SUMS / VECTOR_WIDES)

static inline double total_of(const vec *parts)
{
    double sums[SUMS];
    memcpy(sums, parts, sizeof sums);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
           ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

static inline double sum_of(const wide *values, ptrdiff_t n)
{
    vec parts[PARTS] = {{0}};
    ptrdiff_t k = 0;
    for (; k + SUMS <= n; k += SUMS)
        for (ptrdiff_t p = 0; p < PARTS; p++)
            parts[p] += load(values + k + p * VECTOR_WIDES);
    double sum = total_of(parts);
    for (; k < n; k++)
        sum += values[k];
    return sum;
}

/* The sum of squares. */
static inline double energy_of(const wide *values, ptrdiff_t n)
{
    vec parts[PARTS] = {{0}};
    ptrdiff_t k = 0;
    for (; k + SUMS <= n; k += SUMS)
        for (ptrdiff_t p = 0; p < PARTS; p++) {
            vec v = load(values + k + p * VECTOR_WIDES);
            parts[p] += v * v;
        }
    double sum = total_of(parts);
    for (; k < n; k++)
        sum += values[k] * values[k];
    return sum;
}

#endif
