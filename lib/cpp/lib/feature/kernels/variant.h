/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One source, many variants. The build compiles each kernel file with
 * ISA=base|avx2|avx512 and, for the files that depend on the pixel type,
 * REAL=float|double. Here NAME(x) becomes x_avx2_float, `real` the type that
 * planes are stored in, and `vec` a vector of as many `wide` as a register holds.
 */
#ifndef KERNELS_VARIANT_H
#define KERNELS_VARIANT_H

#include <math.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "kernels/kernels.h"

#define VARIANT_PASTE3(a, b, c) a##_##b##_##c
#define VARIANT_EXPAND3(a, b, c) VARIANT_PASTE3(a, b, c)
#ifdef REAL
typedef REAL real;
#define NAME(name) VARIANT_EXPAND3(name, ISA, REAL)
#define KERNEL(name, parameters) void NAME(name) parameters;
#define PLAIN(name, parameters)
#else
#define NAME(name) VARIANT_EXPAND3(name, ISA, plain)
#define KERNEL(name, parameters)
#define PLAIN(name, parameters) void NAME(name) parameters;
#endif
#include "kernels/kernels.def"
#undef KERNEL
#undef PLAIN

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

/* Before a loop whose turns do not wait for each other, though it cannot be seen. */
#ifdef __clang__
#define INDEPENDENT_TURNS _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT_TURNS _Pragma("GCC ivdep")
#endif

/* Before a loop of up to 16 turns that is written out. */
#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

/* A function whose counts are known where it is inlined: so sums stay in registers. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A vector of wide that may lie anywhere in memory. */
#define VECTOR_WIDES (VECTOR_BYTES / (ptrdiff_t)sizeof(wide))
typedef wide vec __attribute__((vector_size(VECTOR_BYTES)));
typedef uint64_t bits_of_vec __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t wide_mask __attribute__((vector_size(VECTOR_BYTES))); /* compared */

static inline vec load(const wide *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void store(wide *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

/* The same of float, and what comparing two of them gives: -1 or 0 a lane. */
#define LANES (VECTOR_BYTES / (ptrdiff_t)sizeof(float))
typedef float lanes __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t lane_mask __attribute__((vector_size(VECTOR_BYTES)));

static inline lanes load_lanes(const float *p)
{
    lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void store_lanes(float *p, lanes v)
{
    memcpy(p, &v, sizeof v);
}

/* The same of integers of 16 bits. */
#define SHORTS (VECTOR_BYTES / (ptrdiff_t)sizeof(int16_t))
typedef int16_t shorts __attribute__((vector_size(VECTOR_BYTES)));

static inline shorts load_shorts(const int16_t *p)
{
    shorts v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline lanes pick(lane_mask which, lanes a, lanes b)
{
    return (lanes)((which & (lane_mask)a) | (~which & (lane_mask)b));
}

#if defined(__AVX512F__)
#define BY_LANES(what, a, b) ((lanes)_mm512_##what##_ps((__m512)(a), (__m512)(b)))
#elif defined(__AVX2__)
#define BY_LANES(what, a, b) ((lanes)_mm256_##what##_ps((__m256)(a), (__m256)(b)))
#elif defined(__SSE2__)
#define BY_LANES(what, a, b) ((lanes)_mm_##what##_ps((__m128)(a), (__m128)(b)))
#endif

/* Of two, lane by lane; `b` where they are equal or one is NaN. */
static inline lanes lesser_of_lanes(lanes a, lanes b)
{
#ifdef BY_LANES
    return BY_LANES(min, a, b);
#else
    return pick(a < b, a, b);
#endif
}

static inline lanes larger_of_lanes(lanes a, lanes b)
{
#ifdef BY_LANES
    return BY_LANES(max, a, b);
#else
    return pick(a > b, a, b);
#endif
}

static inline int any_lane(lane_mask which)
{
#if defined(__AVX512F__)
    return _mm512_movepi32_mask((__m512i)which) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_epi8((__m256i)which) != 0;
#elif defined(__SSE2__)
    return _mm_movemask_epi8((__m128i)which) != 0;
#else
    int any = 0;
    for (int k = 0; k < LANES; k++)
        any |= which[k];
    return any;
#endif
}

#ifdef REAL
/* What is left of a wide when it has been stored as a real. */
static inline wide stored(wide v)
{
    return (wide)(real)v;
}

static inline vec stored_vec(vec v)
{
    typedef real narrow __attribute__((vector_size(VECTOR_WIDES * sizeof(real))));
    return __builtin_convertvector(__builtin_convertvector(v, narrow), vec);
}
#endif

#endif
