/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The maximum of a sliding window as SciPy finds it, for lines that hold NaN: there the
 * result depends on the method (R. Harter's "minimum on a sliding window": a queue of
 * values, each smaller than the one before, with the step at which it leaves), so the
 * method is this one too. `line` holds n + side - 1 values, the ring `side`.
 */
#include "kernels/variant.h"

void NAME(ring_maximum)(const double *line, ptrdiff_t n, ptrdiff_t side, double *values,
                        ptrdiff_t *deaths, double *out)
{
    ptrdiff_t first = 0, last = 0;
    values[0] = line[0];
    deaths[0] = side;
    for (ptrdiff_t k = 1; k < n + side - 1; k++) {
        double v = line[k];
        if (deaths[first] == k)
            first = first + 1 < side ? first + 1 : 0;
        if (v >= values[first]) {
            last = first;
        } else {
            while (values[last] <= v)
                last = last > 0 ? last - 1 : side - 1;
            last = last + 1 < side ? last + 1 : 0;
        }
        values[last] = v;
        deaths[last] = k + side;
        if (k >= side - 1)
            *out++ = values[first];
    }
}

/* Which values reach the threshold and are the maximum of their window? */
void NAME(equal_bits)(const double *v, const double *most, ptrdiff_t n, double least,
                      uint64_t *words)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        if (x % 64 == 0)
            words[x / 64] = 0;
        words[x / 64] |= (uint64_t)((v[x] >= least) & (v[x] == most[x])) << x % 64;
    }
}
