/* SPDX-License-Identifier: BSD-3-Clause */
/* A vector of reals, and comparisons of two that give one bit a lane. */
#ifndef KERNELS_REALS_H
#define KERNELS_REALS_H

#include "kernels/variant.h"

#define REALS (VECTOR_BYTES / (ptrdiff_t)sizeof(real))
typedef real reals __attribute__((vector_size(VECTOR_BYTES)));

/* What lanes hold as integers, without sign, and what comparing two vectors gives. */
#define REAL_BITS_float uint32_t
#define REAL_BITS_double uint64_t
#define REAL_BITS_OF(type) REAL_BITS_##type
#define REAL_BITS(type) REAL_BITS_OF(type)
typedef REAL_BITS(REAL) real_bits __attribute__((vector_size(VECTOR_BYTES)));

static inline reals load_reals(const real *p)
{
    reals v;
    memcpy(&v, p, sizeof v);
    return v;
}

#define EVERY_LANE ((UINT64_C(1) << REALS) - 1)

/* A bit for each lane in which a > b. */
static inline uint64_t lanes_above(reals a, reals b)
{
#if defined(__AVX512F__)
    return sizeof(real) == 4
               ? _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ)
               : _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_GT_OQ);
#elif defined(__AVX2__)
    return (uint64_t)(sizeof(real) == 4 ? _mm256_movemask_ps((__m256)(a > b))
                                        : _mm256_movemask_pd((__m256d)(a > b)));
#elif defined(__SSE2__)
    return (uint64_t)(sizeof(real) == 4 ? _mm_movemask_ps((__m128)(a > b))
                                        : _mm_movemask_pd((__m128d)(a > b)));
#else
    uint64_t bits = 0;
    for (int k = 0; k < REALS; k++)
        bits |= (uint64_t)(a[k] > b[k]) << k;
    return bits;
#endif
}

#if defined(__AVX512F__)
#define BY_REALS(what, a, b)                                                           \
    (sizeof(real) == 4 ? (reals)_mm512_##what##_ps((__m512)(a), (__m512)(b))           \
                       : (reals)_mm512_##what##_pd((__m512d)(a), (__m512d)(b)))
#elif defined(__AVX2__)
#define BY_REALS(what, a, b)                                                           \
    (sizeof(real) == 4 ? (reals)_mm256_##what##_ps((__m256)(a), (__m256)(b))           \
                       : (reals)_mm256_##what##_pd((__m256d)(a), (__m256d)(b)))
#elif defined(__SSE2__)
#define BY_REALS(what, a, b)                                                           \
    (sizeof(real) == 4 ? (reals)_mm_##what##_ps((__m128)(a), (__m128)(b))              \
                       : (reals)_mm_##what##_pd((__m128d)(a), (__m128d)(b)))
#endif

/* Of two, lane by lane; `b` where they are equal or one is NaN. */
static inline reals larger_of_reals(reals a, reals b)
{
#ifdef BY_REALS
    return BY_REALS(max, a, b);
#else
    real_bits which = (real_bits)(a > b);
    return (reals)((which & (real_bits)a) | (~which & (real_bits)b));
#endif
}

/* A bit for each lane that is NaN. */
static inline uint64_t lanes_unordered(reals v)
{
#if defined(__AVX512F__)
    return sizeof(real) == 4
               ? _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q)
               : _mm512_cmp_pd_mask((__m512d)v, (__m512d)v, _CMP_UNORD_Q);
#elif defined(__AVX2__)
    return (uint64_t)(sizeof(real) == 4 ? _mm256_movemask_ps((__m256)(v != v))
                                        : _mm256_movemask_pd((__m256d)(v != v)));
#elif defined(__SSE2__)
    return (uint64_t)(sizeof(real) == 4 ? _mm_movemask_ps((__m128)(v != v))
                                        : _mm_movemask_pd((__m128d)(v != v)));
#else
    uint64_t bits = 0;
    for (int k = 0; k < REALS; k++)
        bits |= (uint64_t)(v[k] != v[k]) << k;
    return bits;
#endif
}

/* Absolute values. */
static inline reals size_of(reals v)
{
    return (reals)((real_bits)v << 1 >> 1);
}

#endif
