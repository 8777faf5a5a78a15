/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One test for each kernel of kernels.def: check_<kernel>, handed the table of one
 * variant. They are declared weak, so that a kernel without a test is found when
 * test_kernels.c walks the list, and named there.
 */
#ifndef KERNELS_TEST_H
#define KERNELS_TEST_H

#include "check.h"

#include "core/smooth.h"
#include "kernels/kernels.h"

#define KERNEL(name, parameters)                                                       \
    void check_##name(const real_kernels *k, int is_float) __attribute__((weak));
#define PLAIN(name, parameters)                                                        \
    void check_##name(const plain_kernels *k) __attribute__((weak));
#include "kernels/kernels.def"
#undef KERNEL
#undef PLAIN

/* The tables that the others are compared with where a result is approximate. */
extern const real_kernels table_base_float, table_base_double;

/* A row as families hand them to kernels: padded, and nothing behind the padding. */
typedef struct wide_row {
    guarded memory;
    wide *first;
} wide_row;

typedef struct float_row {
    guarded memory;
    float *first;
} float_row;

static inline wide_row wide_row_new(ptrdiff_t n)
{
    wide_row row = {guarded_new((size_t)row_pitch(n) * sizeof(wide), random_side()), 0};
    row.first = (wide *)(void *)row.memory.bytes + ROW_PAD;
    return row;
}

static inline float_row float_row_new(ptrdiff_t n)
{
    float_row row = {guarded_new((size_t)row_pitch(n) * sizeof(float), random_side()),
                     0};
    row.first = (float *)(void *)row.memory.bytes + ROW_PAD;
    return row;
}

/* Reals: what planes of floats or of doubles store. */
static inline void put_real(void *reals, ptrdiff_t x, double v, int is_float)
{
    if (is_float)
        ((float *)reals)[x] = (float)v;
    else
        ((double *)reals)[x] = v;
}

static inline double real_at(const void *reals, ptrdiff_t x, int is_float)
{
    return is_float ? ((const float *)reals)[x] : ((const double *)reals)[x];
}

/* Bytes that n elements `stride` bytes apart take, and where the first one lies. */
static inline size_t span_of(ptrdiff_t n, ptrdiff_t stride, size_t size)
{
    return (size_t)(n - 1) * (size_t)labs(stride) + size;
}

static inline unsigned char *start_of(const guarded *g, ptrdiff_t n, ptrdiff_t stride)
{
    return g->bytes + (stride < 0 ? (n - 1) * -stride : 0);
}

#endif
