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

/* Makes the weak neighbours of everything on the stack strong, and so on. */
static void flood(const class_band *band, uint32_t *stack, ptrdiff_t depth)
{
    ptrdiff_t cols = band->cols;
    while (depth > 0) {
        ptrdiff_t at = stack[--depth], y = at / cols, x = at % cols;
        ptrdiff_t top = y > 0 ? y - 1 : 0, bottom = y + 1 < band->rows ? y + 1 : y;
        ptrdiff_t left = x > 0 ? x - 1 : 0, right = x + 1 < cols ? x + 1 : x;
        for (ptrdiff_t v = top; v <= bottom; v++) {
            uint8_t *row = band->first + v * band->stride;
            for (ptrdiff_t u = left; u <= right; u++) {
                if (row[u] == CLASS_WEAK) {
                    row[u] = CLASS_STRONG;
                    stack[depth++] = (uint32_t)(v * cols + u);
                }
            }
        }
    }
}

/* Is one of the eight bytes at p CLASS_STRONG? (Only the second bit matters.) */
static inline int any_strong(const uint8_t *p)
{
    uint64_t eight;
    memcpy(&eight, p, sizeof eight);
    return (eight & UINT64_C(0x0202020202020202)) != 0;
}

/* A pixel is pushed once at most, so `stack` needs room for one band. */
void NAME(trace_band)(const class_band *band, uint32_t *stack)
{
    for (ptrdiff_t y = 0; y < band->rows; y++) {
        const uint8_t *row = band->first + y * band->stride;
        for (ptrdiff_t x = 0; x < band->cols; x++) {
            if (x + 8 <= band->cols && !any_strong(row + x)) {
                x += 7;
                continue;
            }
            if (row[x] == CLASS_STRONG) {
                stack[0] = (uint32_t)(y * band->cols + x);
                flood(band, stack, 1);
            }
        }
    }
}

/* Floods `to` from the row `from` that lies beside its row `row`. */
void NAME(trace_seam)(const uint8_t *from, const class_band *to, ptrdiff_t row,
                      uint32_t *stack, int *changed)
{
    uint8_t *beside = to->first + row * to->stride;
    for (ptrdiff_t x = 0; x < to->cols; x++) {
        if (x + 8 <= to->cols && !any_strong(from + x)) {
            x += 7;
            continue;
        }
        if (from[x] != CLASS_STRONG)
            continue;
        ptrdiff_t left = x > 0 ? x - 1 : 0, right = x + 1 < to->cols ? x + 1 : x;
        for (ptrdiff_t u = left; u <= right; u++) {
            if (beside[u] == CLASS_WEAK) {
                beside[u] = CLASS_STRONG;
                stack[0] = (uint32_t)(row * to->cols + u);
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
