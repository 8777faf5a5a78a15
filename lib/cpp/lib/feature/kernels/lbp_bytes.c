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

/* Appends x + k for each lane k that is not 0, and returns how many there are then; a
 * vector behind the last is written, too. */
static inline ptrdiff_t list_lanes(shorts v, int16_t x, int16_t *list, ptrdiff_t count)
{
#if defined(__AVX512VBMI2__)
    static const int16_t steps[SHORTS] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                          11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                          22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
    __mmask32 set = _mm512_test_epi16_mask((__m512i)v, (__m512i)v);
    __m512i at = (__m512i)(load_shorts(steps) + x);
    _mm512_storeu_si512(list + count, _mm512_maskz_compress_epi16(set, at));
    return count + __builtin_popcount(set);
#elif defined(__AVX2__) || defined(__SSE2__)
#if defined(__AVX2__)
    uint32_t set = (uint32_t)_mm256_movemask_epi8((__m256i)(v != 0)) & 0x55555555;
#else
    uint32_t set = (uint32_t)_mm_movemask_epi8((__m128i)(v != 0)) & 0x5555;
#endif
    for (; set != 0; set &= set - 1)
        list[count++] = (int16_t)(x + __builtin_ctz(set) / 2);
    return count;
#else
    for (int k = 0; k < SHORTS; k++)
        if (v[k] != 0)
            list[count++] = (int16_t)(x + k);
    return count;
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

/* The centre, and what is known so far of the pattern: -1 for each bit that is 0; in
 * `doubts` bit 8 + k says that bit k is doubtful. */
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

/* The four diagonal samples of one pixel in doubles: up left, up right, down left, down
 * right. */
#define DIAGONALS 4
typedef double four __attribute__((vector_size(DIAGONALS * sizeof(double))));
typedef int64_t four_bits __attribute__((vector_size(DIAGONALS * sizeof(int64_t))));

static const four is_right = {0, 1, 0, 1}, is_below = {0, 0, 1, 1};

/* How far samples lie behind the pixels that stand before them, in row or column `at`,
 * as lbp.c's double arithmetic finds it; `behind` is 1 for those behind the centre. */
static inline void find_parts(double at, const four *behind, four *parts)
{
    *parts = (at + (*behind * (2 * LBP_DIAGONAL) - LBP_DIAGONAL)) - (at - 1 + *behind);
}

/* Of each of the samples the pixels around it: upper left, upper right, lower left,
 * lower right. */
#if defined(__AVX2__)
/* Pixels -1, 0, 1 and one more. */
static inline __m256d load_four(const int16_t *here)
{
    return _mm256_cvtepi32_pd(
        _mm_cvtepi16_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(here - 1))));
}

static inline void pair_up(__m256d first, __m256d second, four *left, four *right)
{
    __m256d near = _mm256_permute2f128_pd(first, second, 0x20);
    __m256d far = _mm256_permute2f128_pd(first, second, 0x31);
    *left = (four)near;
    *right = (four)_mm256_shuffle_pd(near, far, 5);
}

static inline void load_around(const int16_t *const *rows, ptrdiff_t x, four *around)
{
    __m256d here = load_four(rows[1] + x);
    pair_up(load_four(rows[0] + x), here, &around[0], &around[1]);
    pair_up(here, load_four(rows[2] + x), &around[2], &around[3]);
}
#else
static inline void load_around(const int16_t *const *rows, ptrdiff_t x, four *around)
{
    for (int k = 0; k < 4; k++) {
        const int16_t *first = rows[k / 2] + x + k % 2;
        const int16_t *second = rows[k / 2 + 1] + x + k % 2;
        around[k] = (four){first[-1], first[0], second[-1], second[0]};
    }
}
#endif

/* The bits of a code that belong to the samples for which `which` is -1. */
static inline uint32_t code_bits(const four_bits *which)
{
    static const uint8_t bits[1 << DIAGONALS] = {0x00, 0x08, 0x02, 0x0a, 0x20, 0x28,
                                                 0x22, 0x2a, 0x80, 0x88, 0x82, 0x8a,
                                                 0xa0, 0xa8, 0xa2, 0xaa};
#if defined(__AVX2__)
    return bits[_mm256_movemask_pd((__m256d)*which)];
#else
    four_bits own = *which & (four_bits){1, 2, 4, 8};
    return bits[own[0] | own[1] | own[2] | own[3]];
#endif
}

/* Clears the bits of doubtful samples that are below the centre, and the doubts. */
static inline void settle(const int16_t *const *rows, ptrdiff_t x, const four *down,
                          double col, uint16_t *code)
{
    four around[4], right;
    load_around(rows, x, around);
    find_parts(col, &is_right, &right);
    four high = (1 - right) * around[0] + right * around[1];
    four low = (1 - right) * around[2] + right * around[3];
    four_bits is_lower = (1 - *down) * high + *down * low < (double)rows[1][x];
    uint32_t word = *code, doubts = word >> 8;
    *code = (uint16_t)(word & ~(code_bits(&is_lower) & doubts) & 0xff);
}

/* The patterns of a vector of pixels, from the last sample to the first. */
static inline pattern patterns_at(const int16_t *above, const int16_t *here,
                                  const int16_t *below)
{
    shorts up = load_shorts(above), down = load_shorts(below);
    shorts left = load_shorts(here - 1), right = load_shorts(here + 1);
    pattern p = {.centre = load_shorts(here)};
    p.four_centres = p.centre << 2;
    add_diagonal(&p, down, right, load_shorts(below + 1), -0x8000);
    add_pixel(&p, down);
    add_diagonal(&p, down, left, load_shorts(below - 1), 0x2000);
    add_pixel(&p, left);
    add_diagonal(&p, up, left, load_shorts(above - 1), 0x800);
    add_pixel(&p, up);
    add_diagonal(&p, up, right, load_shorts(above + 1), 0x200);
    add_pixel(&p, right);
    return p;
}

/* Codes of n pixels, at most RUN. Doubts are settled afterwards: which vectors have
 * some, and how many, no processor foretells. */
#define RUN 512

static inline void make_codes(const int16_t *const *rows, ptrdiff_t n, const four *down,
                              double col, uint16_t *codes)
{
    int16_t doubtful[RUN + 2 * SHORTS];
    ptrdiff_t count = 0;
    for (ptrdiff_t x = 0; x < n; x += SHORTS) {
        pattern p = patterns_at(rows[0] + x, rows[1] + x, rows[2] + x);
        p.code = (p.code + 255) | p.doubts;
        memcpy(codes + x, &p.code, sizeof p.code);
        count = list_lanes(p.doubts, (int16_t)x, doubtful, count);
    }
    for (ptrdiff_t k = 0; k < count; k++) {
        ptrdiff_t x = doubtful[k];
        settle(rows, x, down, col + (double)x, codes + x);
    }
}

void NAME(lbp_bytes_row)(const int16_t *const *rows, ptrdiff_t n, double row,
                         double col, uint16_t *codes)
{
    four down;
    find_parts(row, &is_below, &down);
    for (ptrdiff_t x = 0; x < n; x += RUN) {
        const int16_t *run[3] = {rows[0] + x, rows[1] + x, rows[2] + x};
        make_codes(run, n - x < RUN ? n - x : RUN, &down, col + (double)x, codes + x);
    }
}
