/* SPDX-License-Identifier: BSD-3-Clause */
/* Marks of pixels as bits of 64-bit words. */
#ifndef KERNELS_BITS_H
#define KERNELS_BITS_H

#include <stdint.h>
#include <string.h>

#define WORD 64

/* Bytes 0 and 1 to bits, the first lowest. */
static inline uint64_t pack(const uint8_t *marks)
{
    uint64_t word = 0;
    for (int k = 0; k < WORD; k += 8) {
        uint64_t eight;
        memcpy(&eight, marks + k, sizeof eight);
        word |= (eight * UINT64_C(0x0102040810204080) >> 56) << k;
    }
    return word;
}

#endif
