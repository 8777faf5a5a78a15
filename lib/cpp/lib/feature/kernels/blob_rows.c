/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses of blob detectors from planes that are stored as reals. */
#include "kernels/variant.h"

void NAME(combine_row)(const wide *a, const wide *b, double sign, double factor,
                       ptrdiff_t n, wide *out)
{
    if (b == NULL) {
INDEPENDENT_TURNS
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = stored(a[x] * factor);
        return;
    }
INDEPENDENT_TURNS
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = stored(stored(a[x] + sign * b[x]) * factor);
}
