/* SPDX-License-Identifier: BSD-3-Clause */
/* Marks of pixels as bits of 64-bit words. */
#ifndef KERNELS_BITS_H
#define KERNELS_BITS_H

#include <stdint.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "kernels/kernels.h"

/* Bytes 0 and 1 to bits, the first lowest. */
static inline uint64_t pack(const uint8_t *marks)
{
#if defined(__AVX512BW__)
    __m512i v = _mm512_loadu_si512(marks);
    return _mm512_test_epi8_mask(v, v);
#elif defined(__SSE2__)
    uint64_t word = 0;
    for (int k = 0; k < WORD_BITS; k += 16) {
        __m128i v = _mm_loadu_si128((const void *)(marks + k));
        word |= (uint64_t)_mm_movemask_epi8(_mm_slli_epi16(v, 7)) << k;
    }
    return word;
#else
    uint64_t word = 0;
    for (int k = 0; k < WORD_BITS; k++)
        word |= (uint64_t)marks[k] << k;
    return word;
#endif
}

#endif
