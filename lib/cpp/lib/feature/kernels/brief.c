/* SPDX-License-Identifier: BSD-3-Clause */
/* Bits of binary descriptors: whether one pixel of a pair is darker than the other. */
#include "kernels/variant.h"

#define BITS_ABREAST 16

static inline uint8_t is_darker(const real *pixel, const ptrdiff_t *pair)
{
    return pixel[pair[0]] < pixel[pair[1]];
}

void NAME(compare_pairs)(const void *pixel, const ptrdiff_t *pairs, ptrdiff_t count,
                         uint8_t *restrict bits)
{
    const real *middle = pixel;
    ptrdiff_t k = 0;
    /* Many at a time, so that the processor sees loads that do not wait. */
    for (; k + BITS_ABREAST <= count; k += BITS_ABREAST) {
        uint8_t some[BITS_ABREAST];
        for (int i = 0; i < BITS_ABREAST; i++)
            some[i] = is_darker(middle, pairs + 2 * (k + i));
        memcpy(bits + k, some, sizeof some);
    }
    for (; k < count; k++)
        bits[k] = is_darker(middle, pairs + 2 * k);
}
