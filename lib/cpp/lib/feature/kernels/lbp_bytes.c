/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local binary patterns of bytes, eight samples at radius 1, by integers of 16 bits:
 * what lbp.c finds in doubles.
 *
 * Four of the samples are pixels. The others lie f = 0.70711 of a pixel towards the one
 * in the corner, e, and along both axes; with the centre c, the pixels b and d beside
 * it and g = 1 - f, such a sample is not below the centre where
 *
 *     g (b + d - 2 c) + f t >= 0,    t = e - c
 *     (b + d + 2 e - 4 c) + r t >= 0,    r = f / g - 2 = 0.41425...
 *
 * The bracket is an integer, so that r t may be rounded downwards: for the 511 values
 * of t that is the upper half of 27148 t.
 *
 * In doubles the sign is the same unless the sum is 0, as all others are beyond 5e-4,
 * and roundings far below. It is 0 where t = 0 and b + d = 2 c. Where b = c, too, the
 * mixture of four equal bytes is never below the byte (test/kernels_lbp_bytes.c tries
 * all); else it depends on the place, and the sample is made in doubles.
 */
#include "kernels/variant.h"

#define PART_OF_CORNER 27148 /* r 2^16, a little less */

/* floor(r t) */
static inline shorts corner_part(shorts t)
{
#if defined(__AVX512BW__)
    return (shorts)_mm512_mulhi_epi16((__m512i)t, _mm512_set1_epi16(PART_OF_CORNER));
#elif defined(__AVX2__)
    return (shorts)_mm256_mulhi_epi16((__m256i)t, _mm256_set1_epi16(PART_OF_CORNER));
#elif defined(__SSE2__)
    return (shorts)_mm_mulhi_epi16((__m128i)t, _mm_set1_epi16(PART_OF_CORNER));
#else
    for (int k = 0; k < SHORTS; k++)
        t[k] = (int16_t)(t[k] * PART_OF_CORNER >> 16);
    return t;
#endif
}

/* Which lanes are not 0: LANE_BITS bits each, of which the lowest counts. */
#if defined(__AVX512BW__)
#define LANE_BITS 1
#else
#define LANE_BITS 2
#endif

static inline uint64_t lanes_set(shorts v)
{
#if defined(__AVX512BW__)
    return _mm512_test_epi16_mask((__m512i)v, (__m512i)v);
#elif defined(__AVX2__)
    return (uint32_t)_mm256_movemask_epi8((__m256i)(v != 0)) & 0x55555555;
#elif defined(__SSE2__)
    return (uint32_t)_mm_movemask_epi8((__m128i)(v != 0)) & 0x5555;
#else
    uint64_t bits = 0;
    for (int k = 0; k < SHORTS; k++)
        bits |= (uint64_t)(v[k] != 0) << LANE_BITS * k;
    return bits;
#endif
}

void NAME(widen_bytes)(const uint8_t *in, ptrdiff_t stride, ptrdiff_t n,
                       int16_t *restrict out)
{
    if (stride == 1)
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = in[x];
    else
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = in[x * stride];
}

/* The centre, and what is known so far of the pattern: -1 for each bit that is 0. */
typedef struct pattern {
    shorts centre, four_centres, code, doubts;
} pattern;

/* The next lower bit: is `sum` negative? */
static inline void add_bit(pattern *p, shorts sum)
{
    p->code = p->code + p->code + (sum >> 15);
}

static inline void add_pixel(pattern *p, shorts pixel)
{
    add_bit(p, pixel - p->centre);
}

static inline void add_diagonal(pattern *p, shorts beside, shorts other, shorts corner,
                                int16_t bit)
{
    shorts t = corner - p->centre;
    shorts sum = (beside + other) + (corner + corner) - p->four_centres;
    shorts doubtful = ((t | sum) == 0) & (beside != p->centre);
    p->doubts |= doubtful & bit;
    add_bit(p, sum + corner_part(t));
}

/* How far a sample before a pixel, and one behind it, lie behind the pixel that stands
 * before the sample: in row or column `at`, as lbp.c's double arithmetic finds it. */
typedef struct parts {
    double of[2];
} parts;

static inline parts parts_at(double at)
{
    return (parts){{(at - LBP_DIAGONAL) - (at - 1), (at + LBP_DIAGONAL) - at}};
}

/* Clears the bits of doubtful samples that are below the centre, and the doubts. */
static inline void settle(const int16_t *const *rows, ptrdiff_t x, const parts *down,
                          double col, uint16_t *code)
{
    static const uint8_t is_below[] = {0, 0, 1, 1}, is_right[] = {1, 0, 0, 1};
    const double centre = rows[1][x];
    const parts right = parts_at(col);
    uint32_t word = *code;
    for (uint32_t doubts = word >> 8; doubts != 0; doubts &= doubts - 1) {
        int k = __builtin_ctz(doubts);
        const int16_t *upper = rows[is_below[k]] + x - 1 + is_right[k];
        const int16_t *lower = rows[is_below[k] + 1] + x - 1 + is_right[k];
        double part = right.of[is_right[k]], lowered = down->of[is_below[k]];
        double high = (1 - part) * upper[0] + part * upper[1];
        double low = (1 - part) * lower[0] + part * lower[1];
        uint32_t reached = (1 - lowered) * high + lowered * low >= centre;
        word &= ~(!reached << (2 * k + 1));
    }
    *code = (uint16_t)(word & 0xff);
}

/* The patterns of a vector of pixels, from the last sample to the first. */
static inline pattern patterns_at(const int16_t *above, const int16_t *here,
                                  const int16_t *below)
{
    shorts up = load_shorts(above), down = load_shorts(below);
    shorts left = load_shorts(here - 1), right = load_shorts(here + 1);
    pattern p = {.centre = load_shorts(here)};
    p.four_centres = p.centre << 2;
    add_diagonal(&p, down, right, load_shorts(below + 1), 0x800);
    add_pixel(&p, down);
    add_diagonal(&p, down, left, load_shorts(below - 1), 0x400);
    add_pixel(&p, left);
    add_diagonal(&p, up, left, load_shorts(above - 1), 0x200);
    add_pixel(&p, up);
    add_diagonal(&p, up, right, load_shorts(above + 1), 0x100);
    add_pixel(&p, right);
    return p;
}

void NAME(lbp_bytes_row)(const int16_t *const *rows, ptrdiff_t n, double row,
                         double col, uint16_t *codes)
{
    const parts down = parts_at(row);
    for (ptrdiff_t x = 0; x < n; x += SHORTS) {
        pattern p = patterns_at(rows[0] + x, rows[1] + x, rows[2] + x);
        p.code = (p.code + 255) | p.doubts;
        memcpy(codes + x, &p.code, sizeof p.code);
        for (uint64_t left = lanes_set(p.doubts); left != 0; left &= left - 1) {
            ptrdiff_t at = x + __builtin_ctzll(left) / LANE_BITS;
            settle(rows, at, &down, col + (double)at, codes + at);
        }
    }
}
