/* SPDX-License-Identifier: BSD-3-Clause */
/* Which element stands at an index beyond the border. */
#ifndef CORE_BORDER_H
#define CORE_BORDER_H

#include "feature.h"

static inline ptrdiff_t positive_modulo(ptrdiff_t a, ptrdiff_t n)
{
    ptrdiff_t remainder = a % n;
    return remainder < 0 ? remainder + n : remainder;
}

/* The index in [0, n) that i stands for, or -1 where the constant does; n > 0. */
static inline ptrdiff_t border_index(ptrdiff_t i, ptrdiff_t n, int32_t border)
{
    if (i >= 0 && i < n)
        return i;
    switch (border) {
    case FEATURE_NEAREST:
        return i < 0 ? 0 : n - 1;
    case FEATURE_REFLECT:
        i = positive_modulo(i, 2 * n);
        return i < n ? i : 2 * n - 1 - i;
    case FEATURE_MIRROR:
        if (n == 1)
            return 0;
        i = positive_modulo(i, 2 * n - 2);
        return i < n ? i : 2 * n - 2 - i;
    case FEATURE_WRAP:
        return positive_modulo(i, n);
    default:
        return -1;
    }
}

/* Element `to` of a row of floats or doubles: its element `from`, or for -1 the
 * border's constant. */
static inline void put_element(void *row, int floats, ptrdiff_t to, ptrdiff_t from,
                               double cval)
{
    if (floats) {
        float *elements = row;
        elements[to] = from < 0 ? (float)cval : elements[from];
    } else {
        double *elements = row;
        elements[to] = from < 0 ? cval : elements[from];
    }
}

#endif
