/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FAST on bytes. Whether a pixel of the circle is brighter or darker is decided in
 * the reference by scaled doubles; for each of the 256 centres that is a comparison
 * with two bytes (`not_above`, `not_below`), nearly always the centre plus and minus
 * the same step. So the comparisons here are of bytes, and exact.
 */
#include "kernels/variant.h"

typedef uint8_t pixel;

static inline uint64_t above_64(const pixel *a, const pixel *b)
{
    uint64_t word = 0;
#if defined(__AVX512BW__)
    word = _mm512_cmpgt_epu8_mask(_mm512_loadu_si512(a), _mm512_loadu_si512(b));
#elif defined(__SSE2__)
    for (int k = 0; k < 64; k += 16) {
        __m128i high = _mm_loadu_si128((const void *)(a + k));
        __m128i low = _mm_loadu_si128((const void *)(b + k));
        __m128i not_above = _mm_cmpeq_epi8(_mm_max_epu8(high, low), low);
        word |= (uint64_t)(0xffff ^ _mm_movemask_epi8(not_above)) << k;
    }
#else
    for (int k = 0; k < 64; k++)
        word |= (uint64_t)(a[k] > b[k]) << k;
#endif
    return word;
}

#include "kernels/fast.h"

static void bound(centres *c, const pixel *centre, const fast_rule *rule)
{
    pixel step = (pixel)rule->step;
    if (rule->step < 0) {
        for (ptrdiff_t k = 0; k < c->count; k++) {
            c->high[k] = rule->not_above[centre[k]];
            c->low[k] = rule->not_below[centre[k]];
        }
        return;
    }
    for (ptrdiff_t k = 0; k < c->count; k++) {
        pixel up = (pixel)(centre[k] + step), down = (pixel)(centre[k] - step);
        c->high[k] = up < centre[k] ? 255 : up;
        c->low[k] = down > centre[k] ? 0 : down;
    }
}

static double response(const pixel *const *rows, ptrdiff_t x, const fast_rule *rule)
{
    double sum = 0, centre = rule->scaled[rows[3][x]];
    for (int k = 0; k < CIRCLE; k++)
        sum += fabs(rule->scaled[rows[3 + circle_row[k]][x + circle_col[k]]] - centre);
    return sum;
}

void NAME(fast_bytes)(const uint8_t *const *rows, ptrdiff_t n, const fast_rule *rule,
                      double *out)
{
    centres c;
    memset(out, 0, (size_t)n * sizeof *out);
    for (ptrdiff_t x = 3; x < n - 3; x += WORD) {
        take_centres(&c, x, n - 3);
        bound(&c, rows[3] + c.x, rule);
        for (uint64_t left = corners_of(rows, &c, rule->arc); left; left &= left - 1) {
            ptrdiff_t at = c.x + __builtin_ctzll(left);
            out[at] = response(rows, at, rule);
        }
    }
}
