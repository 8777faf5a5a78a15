/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hysteresis on the map of classes: a weak pixel that touches a strong one, by a
 * side or a corner, becomes strong. Which pixels end up strong does not depend on
 * the order, so bands can be traced side by side and their seams afterwards.
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

/*
 * Makes the weak neighbours of everything on the stack strong, and so on. The first
 * and last column are never edges, so that all neighbours lie in the row.
 */
static void flood(const class_band *band, class_pixel *stack, ptrdiff_t depth)
{
    while (depth > 0) {
        class_pixel at = stack[--depth];
        uint32_t top = at.y > 0 ? at.y - 1 : 0;
        uint32_t bottom = at.y + 1 < band->rows ? at.y + 1 : at.y;
        for (uint32_t y = top; y <= bottom; y++) {
            uint8_t *row = band->first + y * band->stride + at.x;
            for (int k = -1; k <= 1; k++) {
                if (row[k] == CLASS_WEAK) {
                    row[k] = CLASS_STRONG;
                    stack[depth++] = (class_pixel){y, at.x + (uint32_t)k};
                }
            }
        }
    }
}

/* Marks with 1 the pixels of `row` that are strong and touch a weak one. */
static void find_seeds(const uint8_t *restrict above, const uint8_t *restrict row,
                       const uint8_t *restrict below, ptrdiff_t n, uint8_t *restrict seeds)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        uint8_t left = above[x - 1] | row[x - 1] | below[x - 1];
        uint8_t here = above[x] | below[x];
        uint8_t right = above[x + 1] | row[x + 1] | below[x + 1];
        seeds[x] = (left | here | right) & row[x] >> 1 & CLASS_WEAK;
    }
}

#define SEEDS 512 /* pixels looked at together */

/* Floods from the seeds of a row; a pixel is pushed once at most, so `stack` needs
 * room for one band. */
static void trace_row(const class_band *band, ptrdiff_t y, class_pixel *stack)
{
    const uint8_t *row = band->first + y * band->stride;
    const uint8_t *above = y > 0 ? row - band->stride : row;
    const uint8_t *below = y + 1 < band->rows ? row + band->stride : row;
    uint8_t seeds[SEEDS];
    for (ptrdiff_t first = 1; first < band->cols - 1; first += SEEDS) {
        ptrdiff_t left = band->cols - 1 - first, n = left < SEEDS ? left : SEEDS;
        if (n < SEEDS)
            memset(seeds, 0, sizeof seeds); /* what lies behind the last pixel */
        find_seeds(above + first, row + first, below + first, n, seeds);
        for (ptrdiff_t x = 0; x < n; x += 8) {
            uint64_t eight;
            memcpy(&eight, seeds + x, sizeof eight);
            for (ptrdiff_t k = x; eight != 0 && k < x + 8; k++) {
                if (!seeds[k])
                    continue;
                stack[0] = (class_pixel){(uint32_t)y, (uint32_t)(first + k)};
                flood(band, stack, 1);
            }
        }
    }
}

void NAME(trace_band)(const class_band *band, class_pixel *stack)
{
    for (ptrdiff_t y = 0; y < band->rows; y++)
        trace_row(band, y, stack);
}

/* Is one of the eight bytes at p strong? */
static inline int any_strong(const uint8_t *p)
{
    uint64_t eight;
    memcpy(&eight, p, sizeof eight);
    return (eight & UINT64_C(0x0202020202020202)) != 0;
}

/* Floods `to` from the row `from` that lies beside its row `row`. */
void NAME(trace_seam)(const uint8_t *from, const class_band *to, ptrdiff_t row,
                      class_pixel *stack, int *changed)
{
    uint8_t *beside = to->first + row * to->stride;
    for (ptrdiff_t x = 1; x < to->cols - 1; x++) {
        if (x + 8 <= to->cols && !any_strong(from + x)) {
            x += 7;
            continue;
        }
        for (ptrdiff_t u = x - 1; from[x] == CLASS_STRONG && u <= x + 1; u++) {
            if (beside[u] == CLASS_WEAK) {
                beside[u] = CLASS_STRONG;
                stack[0] = (class_pixel){(uint32_t)row, (uint32_t)u};
                flood(to, stack, 1);
                *changed = 1;
            }
        }
    }
}

/* Strong pixels become true, all others false. */
void NAME(finish_row)(uint8_t *classes, ptrdiff_t n)
{
    for (ptrdiff_t x = 0; x < n; x++)
        classes[x] = classes[x] >> 1;
}
