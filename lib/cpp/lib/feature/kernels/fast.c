/* SPDX-License-Identifier: BSD-3-Clause */
/* FAST on reals, in the reference's type and order of operations. */
#include "kernels/variant.h"

typedef real pixel;

static inline uint64_t above_64(const pixel *a, const pixel *b)
{
    uint64_t word = 0;
#if defined(__AVX512F__)
    for (int k = 0; k < 64; k += 64 / (int)sizeof(real)) {
        __m512i x = _mm512_loadu_si512(a + k), y = _mm512_loadu_si512(b + k);
        uint64_t bits =
            sizeof(real) == 4
                ? _mm512_cmp_ps_mask((__m512)x, (__m512)y, _CMP_GT_OQ)
                : _mm512_cmp_pd_mask((__m512d)x, (__m512d)y, _CMP_GT_OQ);
        word |= bits << k;
    }
#elif defined(__AVX2__)
    for (int k = 0; k < 64; k += 32 / (int)sizeof(real)) {
        __m256i x = _mm256_loadu_si256((const void *)(a + k));
        __m256i y = _mm256_loadu_si256((const void *)(b + k));
        int bits = sizeof(real) == 4
                       ? _mm256_movemask_ps(
                             _mm256_cmp_ps((__m256)x, (__m256)y, _CMP_GT_OQ))
                       : _mm256_movemask_pd(
                             _mm256_cmp_pd((__m256d)x, (__m256d)y, _CMP_GT_OQ));
        word |= (uint64_t)(unsigned)bits << k;
    }
#else
    for (int k = 0; k < 64; k++)
        word |= (uint64_t)(a[k] > b[k]) << k;
#endif
    return word;
}

#include "kernels/fast.h"

static real response(const pixel *const *rows, ptrdiff_t x)
{
    real sum = 0, centre = rows[3][x];
    for (int k = 0; k < CIRCLE; k++) {
        real difference = rows[3 + circle_row[k]][x + circle_col[k]] - centre;
        sum += difference < 0 ? -difference : difference;
    }
    return sum;
}

void NAME(fast_row)(const void *const *rows, ptrdiff_t n, const fast_rule *rule,
                    void *out)
{
    const pixel *const *from = (const pixel *const *)rows;
    const real threshold = (real)rule->threshold;
    real *to = out;
    centres c;
    memset(to, 0, (size_t)n * sizeof *to);
    for (ptrdiff_t x = 3; x < n - 3; x += WORD) {
        take_centres(&c, x, n - 3);
        for (ptrdiff_t k = 0; k < c.count; k++) {
            c.high[k] = from[3][c.x + k] + threshold;
            c.low[k] = from[3][c.x + k] - threshold;
        }
        for (uint64_t left = corners_of(from, &c, rule->arc); left; left &= left - 1) {
            ptrdiff_t at = c.x + __builtin_ctzll(left);
            to[at] = response(from, at);
        }
    }
}
