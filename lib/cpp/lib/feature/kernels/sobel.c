/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The steps of Sobel's operator and what is made of its gradients. Whether the three
 * inputs lie side by side in one row or in three rows, the arithmetic is the same.
 * SciPy multiplies the middle by the filter's 0, which spreads what is not finite. A
 * difference and a product of two floats are the same in float as in double and then
 * stored; the sum of three is not.
 */
#include "kernels/stream.h"
#include "kernels/variant.h"

void NAME(differ_row)(const void *before, const void *here, const void *after,
                      ptrdiff_t n, void *restrict out)
{
    const real *low = before, *middle = here, *high = after;
    real *restrict to = out;
    for (ptrdiff_t x = 0; x < n; x++)
        to[x] = middle[x] * 0 - (low[x] - high[x]);
}

static inline real weighed(real before, real here, real after)
{
    return (real)((wide)here * 2 + ((wide)before + (wide)after));
}

void NAME(weigh_row)(const void *before, const void *here, const void *after,
                     ptrdiff_t n, void *restrict out)
{
    const real *low = before, *middle = here, *high = after;
    real *restrict to = out;
    for (ptrdiff_t x = 0; x < n; x++)
        to[x] = weighed(low[x], middle[x], high[x]);
}

/* The same in the type of the rows, where the last place of a float does not matter. */
static inline real weighed_as_real(real before, real here, real after)
{
    return here * 2 + (before + after);
}

/* The last step for both gradients, and their products at once. */
void NAME(products_row)(const void *differences, const void *const *along, ptrdiff_t n,
                        void *restrict down_down, void *restrict down_right,
                        void *restrict right_right)
{
    const real *middle = differences;
    const real *above = along[0], *here = along[1], *below = along[2];
    real *restrict dd = down_down, *restrict dr = down_right,
                   *restrict rr = right_right;
    for (ptrdiff_t x = 0; x < n; x++) {
        real down = weighed_as_real(middle[x - 1], middle[x], middle[x + 1]);
        real right = weighed_as_real(above[x], here[x], below[x]);
        dd[x] = down * down;
        dr[x] = down * right;
        rr[x] = right * right;
    }
}

void NAME(spread_row)(const void *row, ptrdiff_t n, void *restrict out,
                      ptrdiff_t stride)
{
    const real *from = row;
    unsigned char *to = out;
    for (ptrdiff_t x = 0; x < n; x++)
        *(real *)(void *)(to + x * stride) = from[x];
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
