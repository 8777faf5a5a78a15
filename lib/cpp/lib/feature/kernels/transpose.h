/* SPDX-License-Identifier: BSD-3-Clause */
/* A square of wides in vectors, turned over. */
#ifndef KERNELS_TRANSPOSE_H
#define KERNELS_TRANSPOSE_H

#include "kernels/variant.h"

/* v[i][j] becomes v[j][i]. */
static inline void transpose(vec *v)
{
#if defined(__AVX512F__)
    __m512d a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm512_unpacklo_pd((__m512d)v[i], (__m512d)v[i + 1]);
        a[i + 1] = _mm512_unpackhi_pd((__m512d)v[i], (__m512d)v[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        for (int j = 0; j < 2; j++) {
            b[i + j] = _mm512_shuffle_f64x2(a[i + j], a[i + j + 2], 0x88);
            b[i + j + 2] = _mm512_shuffle_f64x2(a[i + j], a[i + j + 2], 0xdd);
        }
    }
    for (int j = 0; j < 4; j++) {
        v[j] = (vec)_mm512_shuffle_f64x2(b[j], b[j + 4], 0x88);
        v[j + 4] = (vec)_mm512_shuffle_f64x2(b[j], b[j + 4], 0xdd);
    }
#elif defined(__AVX2__)
    __m256d low = _mm256_unpacklo_pd((__m256d)v[0], (__m256d)v[1]);
    __m256d high = _mm256_unpackhi_pd((__m256d)v[0], (__m256d)v[1]);
    __m256d low_2 = _mm256_unpacklo_pd((__m256d)v[2], (__m256d)v[3]);
    __m256d high_2 = _mm256_unpackhi_pd((__m256d)v[2], (__m256d)v[3]);
    v[0] = (vec)_mm256_permute2f128_pd(low, low_2, 0x20);
    v[1] = (vec)_mm256_permute2f128_pd(high, high_2, 0x20);
    v[2] = (vec)_mm256_permute2f128_pd(low, low_2, 0x31);
    v[3] = (vec)_mm256_permute2f128_pd(high, high_2, 0x31);
#else
    vec given[VECTOR_WIDES];
    memcpy(given, v, sizeof given);
    for (int i = 0; i < VECTOR_WIDES; i++)
        for (int j = 0; j < VECTOR_WIDES; j++)
            v[j][i] = given[i][j];
#endif
}

#endif
