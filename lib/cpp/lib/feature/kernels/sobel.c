/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The steps of Sobel's operator and what is made of its gradients. Whether the three
 * inputs lie side by side in one row or in three rows, the arithmetic is the same.
 * SciPy multiplies the middle by the filter's 0, which spreads what is not finite.
 */
#include "kernels/stream.h"
#include "kernels/variant.h"

void NAME(differ_row)(const wide *before, const wide *here, const wide *after,
                      ptrdiff_t n, wide *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = stored(here[x] * 0 - (before[x] - after[x]));
}

static inline wide weighed(wide before, wide here, wide after)
{
    return stored(here * 2 + (before + after));
}

void NAME(weigh_row)(const wide *before, const wide *here, const wide *after,
                     ptrdiff_t n, wide *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = weighed(before[x], here[x], after[x]);
}

/* The last step for both gradients, and their products at once. */
void NAME(products_row)(const wide *differences, const wide *const *along, ptrdiff_t n,
                        wide *restrict down_down, wide *restrict down_right,
                        wide *restrict right_right)
{
    const wide *above = along[0], *here = along[1], *below = along[2];
    for (ptrdiff_t x = 0; x < n; x++) {
        wide down = weighed(differences[x - 1], differences[x], differences[x + 1]);
        wide right = weighed(above[x], here[x], below[x]);
        down_down[x] = stored(down * down);
        down_right[x] = stored(down * right);
        right_right[x] = stored(right * right);
    }
}

void NAME(multiply_row)(const wide *a, const wide *b, ptrdiff_t n, wide *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = stored(a[x] * b[x]);
}

void NAME(store_row)(const wide *restrict row, ptrdiff_t n, void *restrict out,
                     ptrdiff_t stride)
{
    if (stride == (ptrdiff_t)sizeof(real)) {
        real *to = out;
        for (ptrdiff_t x = 0; x < n; x++)
            to[x] = (real)row[x];
    } else {
        unsigned char *to = out;
        for (ptrdiff_t x = 0; x < n; x++)
            *(real *)(void *)(to + x * stride) = (real)row[x];
    }
}

#define CHUNK 256 /* reals, whole cache lines */

void NAME(stream_row)(const wide *restrict row, ptrdiff_t n, void *restrict out,
                      ptrdiff_t stride)
{
    real chunk[CHUNK], *to = out;
    if (stride != (ptrdiff_t)sizeof(real)) {
        NAME(store_row)(row, n, out, stride);
        return;
    }
    if (sizeof(real) == sizeof(wide)) {
        copy_past(row, (size_t)n * sizeof(real), to);
        return;
    }
    for (ptrdiff_t first = 0; first < n; first += CHUNK) {
        ptrdiff_t count = n - first < CHUNK ? n - first : CHUNK;
        NAME(store_row)(row + first, count, chunk, stride);
        copy_past(chunk, (size_t)count * sizeof(real), to + first);
    }
}
