/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KERNELS_HALF_H
#define KERNELS_HALF_H

#include <stdint.h>
#include <string.h>

/* A float16 by its bits; also the subnormal ones, infinities and NaN. */
static inline double from_half(uint16_t bits)
{
    uint32_t magnitude = (uint32_t)(bits & 0x7fff) << 13;
    uint32_t special = (bits & 0x7c00) == 0x7c00 ? 0x70000000u : 0;
    uint32_t word = magnitude + special;
    float v;
    memcpy(&v, &word, sizeof v);
    double scaled = (double)v * (special ? 1.0 : 0x1p112);
    return bits & 0x8000 ? -scaled : scaled;
}

#endif
