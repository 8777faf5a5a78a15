/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hysteresis on maps of classes, 64 pixels a word: a weak pixel that touches a strong
 * one, by a side or a corner, becomes strong. Which pixels end up strong does not
 * depend on the order, so bands can be traced side by side and their seams afterwards.
 *
 * A word grows into all that its nine words let it reach, and then along its own runs
 * of weak pixels: adding a seed to a run carries to the run's end. Only words around
 * one that has grown are looked at again, so that the work is bounded by the pixels
 * that turn strong, however the line winds.
 */
#include "kernels/variant.h"

/* classes &= all nine mask bytes around (zero beyond the first and last column) */
void NAME(erode_row)(const uint8_t *const *mask, ptrdiff_t stride, ptrdiff_t n,
                     uint8_t *classes)
{
    for (ptrdiff_t x = 1; x < n - 1; x++) {
        int inside = 1;
        for (int k = 0; k < 3; k++)
            inside &= mask[k][(x - 1) * stride] && mask[k][x * stride] &&
                      mask[k][(x + 1) * stride];
        classes[x] = inside ? classes[x] : CLASS_NONE;
    }
}

/* The bytes at p that have this bit, one bit each. */
static inline uint64_t bits_of(const uint8_t *p, int bit)
{
#if defined(__AVX512BW__)
    return _mm512_test_epi8_mask(_mm512_loadu_si512(p), _mm512_set1_epi8((char)bit));
#else
    uint64_t bits = 0;
    for (int k = 0; k < WORD_BITS; k += 8) {
        uint64_t eight;
        memcpy(&eight, p + k, sizeof eight);
        eight = eight / (unsigned)bit & UINT64_C(0x0101010101010101);
        bits |= (eight * UINT64_C(0x0102040810204080) >> 56) << k;
    }
    return bits;
#endif
}

/* Classes, padded with CLASS_NONE to whole words, as bits. */
void NAME(pack_row)(const uint8_t *classes, ptrdiff_t n, uint64_t *weak,
                    uint64_t *strong)
{
    for (ptrdiff_t x = 0; x < n; x += WORD_BITS) {
        weak[x / WORD_BITS] = bits_of(classes + x, CLASS_WEAK);
        strong[x / WORD_BITS] = bits_of(classes + x, CLASS_STRONG);
    }
}

/* What touches the bits of word i of `strong`, within that word. */
static inline uint64_t reach(const uint64_t *strong, ptrdiff_t i, ptrdiff_t pitch)
{
    const uint64_t *over = strong + i - pitch, *here = strong + i,
                   *under = strong + i + pitch;
    uint64_t column = over[0] | here[0] | under[0];
    uint64_t before = over[-1] | here[-1] | under[-1];
    uint64_t after = over[1] | here[1] | under[1];
    return column | column << 1 | column >> 1 | before >> 63 | after << 63;
}

/* Seeds and all of `among` that stands in one run with them. */
static inline uint64_t along_runs(uint64_t seeds, uint64_t among)
{
    uint64_t up = among & (~(among + seeds) | seeds);
    uint64_t down = seeds;
    for (int step = 1; step < 64; step *= 2) {
        down |= among & down >> step;
        among &= among >> step;
    }
    return up | down;
}

/* Puts word i on the queue if it is not there and has something to grow. */
static inline ptrdiff_t enqueue(const class_map *map, ptrdiff_t i, ptrdiff_t count)
{
    map->queue[count] = (uint32_t)i;
    int wanted = map->weak[i] != 0 && !map->queued[i];
    map->queued[i] |= (uint8_t)wanted;
    return count + wanted;
}

/* Word i after its weak pixels have grown; the new length of the queue. */
static ptrdiff_t spread(const class_map *map, ptrdiff_t i, uint64_t grown,
                        ptrdiff_t count)
{
    map->strong[i] |= grown;
    map->weak[i] &= ~grown;
    for (int down = -1; down <= 1; down++) {
        ptrdiff_t j = i + down * map->pitch;
        if (down != 0)
            count = enqueue(map, j, count);
        if (grown & 1)
            count = enqueue(map, j - 1, count);
        if (grown >> 63)
            count = enqueue(map, j + 1, count);
    }
    return count;
}

void NAME(trace_rows)(const class_map *map, ptrdiff_t first, ptrdiff_t rows, int *grew)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t y = first + rows; y-- > first;)
        for (ptrdiff_t i = (y + 2) * map->pitch - 2; i > (y + 1) * map->pitch; i--)
            count = enqueue(map, i, count);
    while (count > 0) {
        ptrdiff_t i = map->queue[--count];
        uint64_t weak = map->weak[i], seeds = weak & reach(map->strong, i, map->pitch);
        map->queued[i] = 0;
        if (seeds != 0) {
            count = spread(map, i, along_runs(seeds, weak), count);
            *grew = 1;
        }
    }
}

/* The n first bits as bools. */
void NAME(expand_row)(const uint64_t *bits, ptrdiff_t n, uint8_t *out, ptrdiff_t stride)
{
    ptrdiff_t x = 0;
#if defined(__AVX512BW__)
    for (; stride == 1 && x + WORD_BITS <= n; x += WORD_BITS)
        _mm512_storeu_si512(out + x, _mm512_maskz_set1_epi8(bits[x / WORD_BITS], 1));
#endif
    for (; stride == 1 && x + 8 <= n; x += 8) {
        uint64_t eight = bits[x / WORD_BITS] >> x % WORD_BITS & 0xff;
        eight = eight * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201);
        eight =
            (eight + UINT64_C(0x00406070787c7e7f)) >> 7 & UINT64_C(0x0101010101010101);
        memcpy(out + x, &eight, sizeof eight);
    }
    for (; x < n; x++)
        out[x * stride] = bits[x / WORD_BITS] >> x % WORD_BITS & 1;
}
