/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A cascade of stages of multi-block local binary patterns, on many windows at once.
 *
 * Windows side by side differ by one element in a packed integral image, so the first
 * stages take a vector of them with plain loads. The windows that pass go on a list,
 * which each later stage takes in vectors, wherever they lie, and makes shorter. Every
 * window's sums are float32 in the reference's order, in whatever lane they stand.
 */
#include "kernels/variant.h"

/* Measured: beyond the second stage too few lanes of a vector are left. */
#define STAGES_BESIDE 2

typedef uint32_t lane_words __attribute__((vector_size(VECTOR_BYTES)));

void NAME(cascade_pack)(const float *restrict in, ptrdiff_t n, ptrdiff_t step,
                        ptrdiff_t part, float *restrict out)
{
    for (ptrdiff_t first = 0; first < step && first < n; first++) {
        ptrdiff_t count = (n - first + step - 1) / step;
        for (ptrdiff_t k = 0; k < count; k++)
            out[first * part + k] = in[first + k * step];
    }
}

/* For each lane the bit of its pattern, 0 to 255, in a table of 8 words. */
static inline lane_mask bit_is_set(const uint32_t *table, lane_mask pattern)
{
#if defined(__AVX512F__)
    __m512i words = _mm512_broadcast_i64x4(_mm256_loadu_si256((const void *)table));
    __m512i p = (__m512i)pattern;
    __m512i word = _mm512_permutexvar_epi32(_mm512_srli_epi32(p, 5), words);
    __m512i shift = _mm512_and_si512(p, _mm512_set1_epi32(31));
    return -((lane_mask)_mm512_srlv_epi32(word, shift) & 1);
#elif defined(__AVX2__)
    __m256i words = _mm256_loadu_si256((const void *)table);
    __m256i p = (__m256i)pattern;
    __m256i word = _mm256_permutevar8x32_epi32(words, _mm256_srli_epi32(p, 5));
    __m256i shift = _mm256_and_si256(p, _mm256_set1_epi32(31));
    return -((lane_mask)_mm256_srlv_epi32(word, shift) & 1);
#else
    lane_mask set;
    for (int k = 0; k < LANES; k++)
        set[k] = -(int32_t)(table[pattern[k] >> 5] >> (pattern[k] & 31) & 1);
    return set;
#endif
}

/* The elements at `p`, each lane's so many behind. */
static inline lanes gather(const float *p, lane_words behind)
{
#if defined(__AVX512F__)
    return (lanes)_mm512_i32gather_ps((__m512i)behind, p, 4);
#elif defined(__AVX2__)
    return (lanes)_mm256_i32gather_ps(p, (__m256i)behind, 4);
#else
    lanes v;
    for (int k = 0; k < LANES; k++)
        v[k] = p[behind[k]];
    return v;
#endif
}

/* The pattern of 3 by 3 blocks: which are at least the middle one, clockwise from the
 * top left, the first in the highest bit. */
static inline lane_mask pattern_of(const lanes corner[16])
{
#define BLOCK(i, j)                                                                    \
    (corner[4 * (i) + (j) + 5] + corner[4 * (i) + (j)] - corner[4 * (i) + (j) + 1] -   \
     corner[4 * (i) + (j) + 4])
    const lanes middle = BLOCK(1, 1);
    return ((BLOCK(0, 0) >= middle) & 128) | ((BLOCK(0, 1) >= middle) & 64) |
           ((BLOCK(0, 2) >= middle) & 32) | ((BLOCK(1, 2) >= middle) & 16) |
           ((BLOCK(2, 2) >= middle) & 8) | ((BLOCK(2, 1) >= middle) & 4) |
           ((BLOCK(2, 0) >= middle) & 2) | ((BLOCK(1, 0) >= middle) & 1);
#undef BLOCK
}

static inline lanes all_lanes(float v)
{
    return (lanes){0} + v;
}

/* What stump k adds to the sum of its stage. */
static inline lanes leaf_of(const cascade_scale *c, int32_t k, const lanes corner[16])
{
    lane_mask set = bit_is_set(c->tables + 8 * k, pattern_of(corner));
    return pick(set, all_lanes(c->leaves[2 * k]), all_lanes(c->leaves[2 * k + 1]));
}

/* Does a stage not refuse the windows that stand side by side from `first`? */
static inline lane_mask pass_beside(const cascade_scale *c, ptrdiff_t stage,
                                    const float *first)
{
    lanes sum = {0}, corner[16];
    for (int32_t k = stage == 0 ? 0 : c->ends[stage - 1]; k < c->ends[stage]; k++) {
        for (int i = 0; i < 16; i++)
            corner[i] = load_lanes(first + c->corners[16 * k + i]);
        sum += leaf_of(c, k, corner);
    }
    return ~(lane_mask)(sum < all_lanes(c->thresholds[stage]));
}

/* The same of windows anywhere behind `first`. */
static inline lane_mask pass_anywhere(const cascade_scale *c, ptrdiff_t stage,
                                      const float *first, lane_words behind)
{
    lanes sum = {0}, corner[16];
    for (int32_t k = stage == 0 ? 0 : c->ends[stage - 1]; k < c->ends[stage]; k++) {
        for (int i = 0; i < 16; i++)
            corner[i] = gather(first + c->corners[16 * k + i], behind);
        sum += leaf_of(c, k, corner);
    }
    return ~(lane_mask)(sum < all_lanes(c->thresholds[stage]));
}

/* Appends those of `count` lanes that passed; the list has room for a whole vector. */
static inline ptrdiff_t append(uint32_t *list, ptrdiff_t length, lane_words windows,
                               lane_mask passed, ptrdiff_t count)
{
#if defined(__AVX512F__)
    __mmask16 those = _mm512_movepi32_mask((__m512i)passed);
    those &= (__mmask16)((1u << count) - 1);
    __m512i packed = _mm512_maskz_compress_epi32(those, (__m512i)windows);
    memcpy(list + length, &packed, sizeof packed);
    return length + __builtin_popcount(those);
#else
    for (ptrdiff_t k = 0; k < count; k++) {
        list[length] = windows[k];
        length += passed[k] & 1;
    }
    return length;
#endif
}

/* Keeps what passes the later stages; returns how many are left. */
static ptrdiff_t thin_list(const cascade_scale *c, const float *first, uint32_t *list,
                           ptrdiff_t length)
{
    for (ptrdiff_t stage = STAGES_BESIDE; stage < c->stages && length > 0; stage++) {
        ptrdiff_t left = 0;
        for (ptrdiff_t k = 0; k < length; k += LANES) {
            ptrdiff_t count = length - k < LANES ? length - k : LANES;
            lane_words windows = {0};
            memcpy(&windows, list + k, (size_t)count * sizeof *list);
            lane_mask passed = pass_anywhere(c, stage, first, windows);
            left = append(list, left, windows, passed, count);
        }
        length = left;
    }
    return length;
}

void NAME(cascade_windows)(const cascade_scale *c, const float *first, ptrdiff_t rows,
                           ptrdiff_t row_step, ptrdiff_t n, uint32_t *list,
                           uint64_t *words)
{
    ptrdiff_t stages = c->stages < STAGES_BESIDE ? c->stages : STAGES_BESIDE;
    ptrdiff_t length = 0, pitch = (n + WORD_BITS - 1) / WORD_BITS;
    lane_words ahead;
    for (int k = 0; k < LANES; k++)
        ahead[k] = (uint32_t)k;
    for (ptrdiff_t y = 0; y < rows; y++)
        for (ptrdiff_t x = 0; x < n; x += LANES) {
            ptrdiff_t at = y * row_step + x;
            lane_mask passed = ~(lane_mask){0};
            for (ptrdiff_t k = 0; k < stages && any_lane(passed); k++)
                passed &= pass_beside(c, k, first + at);
            if (any_lane(passed))
                length = append(list, length, ahead + (uint32_t)at, passed,
                                n - x < LANES ? n - x : LANES);
        }
    length = thin_list(c, first, list, length);
    memset(words, 0, (size_t)(rows * pitch) * sizeof *words);
    for (ptrdiff_t k = 0; k < length; k++) {
        ptrdiff_t y = list[k] / row_step, x = list[k] % row_step;
        words[y * pitch + x / WORD_BITS] |= (uint64_t)1 << x % WORD_BITS;
    }
}
