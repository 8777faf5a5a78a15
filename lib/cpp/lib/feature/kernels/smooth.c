/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Symmetric filters of any radius, and antisymmetric ("odd") ones. Each output is
 *
 *     in[0] w[0] + (in[-r] + in[r]) w[r] + ... + (in[-1] + in[1]) w[1]
 *
 * (with differences in place of the sums for odd ones),
 * summed from left to right in double and then stored as a real: the order of
 * SciPy's correlate1d, so that the last bit agrees. Four vectors are summed at a
 * time, in registers, over a loop of the weights. Down the columns the rows come from
 * the second cache, and what is fetched serves four rows of sums at a time. Along a
 * row each weight needs two vectors that lie across two lines of the first cache:
 * reading them is what takes the time, and for some radii the loop is written out so
 * that two sums share what they read. The loops stand in filter_sums.h, since
 * smooth_floats.c makes them of floats, too.
 */
#include "kernels/variant.h"

#define ELEMENT wide
#define VECTOR vec
#define FETCH(p) load(p)
#define KEEP(p, v) store(p, stored_vec(v))
#define OF(name) name##_of_wides
#include "kernels/filter_sums.h"

void NAME(smooth_columns)(const wide *const *rows, const double *weights,
                          ptrdiff_t radius, ptrdiff_t n, wide *out)
{
    column_sums_of_wides(rows, weights, radius, 0, n, out);
}

void NAME(odd_columns)(const wide *const *rows, const double *weights, ptrdiff_t radius,
                       ptrdiff_t n, wide *out)
{
    column_sums_of_wides(rows, weights, radius, 1, n, out);
}

void NAME(smooth_column_groups)(const wide *const *rows, const double *weights,
                                ptrdiff_t radius, ptrdiff_t n, wide *const *out)
{
    column_groups_of_wides(rows, weights, radius, 0, n, out);
}

void NAME(odd_column_groups)(const wide *const *rows, const double *weights,
                             ptrdiff_t radius, ptrdiff_t n, wide *const *out)
{
    column_groups_of_wides(rows, weights, radius, 1, n, out);
}

void NAME(smooth_row)(const wide *in, const double *weights, ptrdiff_t radius,
                      ptrdiff_t n, wide *out)
{
    sum_row_of_wides(in, weights, radius, 0, n, out);
}

void NAME(odd_row)(const wide *in, const double *weights, ptrdiff_t radius, ptrdiff_t n,
                   wide *out)
{
    sum_row_of_wides(in, weights, radius, 1, n, out);
}

/* ------------------------------------------------------------------------ */
/* Division by what the filter makes of a mask                              */
/* ------------------------------------------------------------------------ */

#define EPSILON (sizeof(real) == 4 ? 0x1p-23 : 0x1p-52)

/* row / (weight + epsilon of the real type) */
void NAME(normalize_row)(wide *row, const wide *weight, ptrdiff_t n)
{
    for (ptrdiff_t x = 0; x < n; x++)
        row[x] = stored(row[x] / stored(weight[x] + EPSILON));
}

/* The divisors that belong to weights, for rows that all have the same; can divide_row
 * use their reciprocals? */
void NAME(invert_row)(const wide *weight, ptrdiff_t n, wide *divisor, wide *reciprocal,
                      int *invertible)
{
    int outside = 0;
    for (ptrdiff_t x = 0; x < n; x++) {
        divisor[x] = stored(weight[x] + EPSILON);
        reciprocal[x] = 1 / divisor[x];
        outside |= !(divisor[x] > 0x1p-60 && divisor[x] < 0x1p60);
    }
    *invertible = !outside;
}

#if defined(__AVX512F__)
#define fused(a, b, c) ((vec)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#elif defined(__FMA__)
#define fused(a, b, c) ((vec)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#endif

#ifdef fused
/* Are all lanes 0, or so far from the ends of the range that no product of them and
 * 2^+-60, nor the last bit of one, leaves it? */
static inline int is_moderate(vec v)
{
    bits_of_vec size = (bits_of_vec)v & UINT64_C(0x7fffffffffffffff);
    bits_of_vec rank = size - UINT64_C(0x0c00000000000000); /* 2^-831 */
    lane_mask far = (lane_mask)((rank > UINT64_C(0x6700000000000000)) & (size != 0));
    return !any_lane(far);
}

/*
 * a / b, correctly rounded, where y is the rounded 1 / b: a y is off by less than two
 * last places, one correction by the remainder leaves less than one, and from there
 * a correction gives the rounded quotient (P. Markstein, "Computation of elementary
 * functions on the IBM RISC System/6000 processor", IBM J. Res. Dev. 34 (1990), 111).
 */
static inline vec quotient(vec a, vec b, vec y)
{
    vec q = a * y;
    q = fused(fused(-q, b, a), y, q);
    q = fused(fused(-q, b, a), y, q);
    bits_of_vec sign = (bits_of_vec)a & UINT64_C(0x8000000000000000); /* of a zero */
    return (vec)((bits_of_vec)q | sign);
}
#endif

/* row / divisor, of positive divisors that invert_row has found invertible. A
 * quotient of two floats is further from the middle between two floats than
 * double's error, so that for them the product with the reciprocal will do. */
void NAME(divide_row)(wide *row, const wide *divisor, const wide *reciprocal,
                      ptrdiff_t n)
{
    if (sizeof(real) == 4) {
        for (ptrdiff_t x = 0; x < n; x++)
            row[x] = stored(row[x] * reciprocal[x]);
        return;
    }
    for (ptrdiff_t x = 0; x < n; x += VECTOR_WIDES) {
        vec a = load(row + x), b = load(divisor + x);
#ifdef fused
        if (is_moderate(a)) {
            store(row + x, quotient(a, b, load(reciprocal + x)));
            continue;
        }
#endif
        store(row + x, a / b);
    }
}
