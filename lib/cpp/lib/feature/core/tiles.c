/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/tiles.h"

#include <string.h>

#include "core/array.h"

#define SHIFT_LEAST 4 /* 16 x 16 pixels, with a patch of 48 x 48 around: 18 KiB */

/* Tiles as small as allowed, but not many more than pixels. */
static void size_tiles(tile_order *t, const ptrdiff_t *shape)
{
    for (t->shift = SHIFT_LEAST;; t->shift++) {
        t->across = ((shape[1] + 1) >> t->shift) + 1;
        ptrdiff_t down = ((shape[0] + 1) >> t->shift) + 1;
        if (down <= (4 * t->count + 64) / t->across) {
            t->tiles = down * t->across;
            return;
        }
    }
}

void tiles_layout(tile_order *t, ptrdiff_t count, const ptrdiff_t *shape, arena *a)
{
    t->count = count;
    size_tiles(t, shape);
    t->numbers = arena_take(a, (size_t)count, sizeof *t->numbers);
    t->starts = arena_take(a, (size_t)t->tiles, sizeof *t->starts);
}

static ptrdiff_t tile_of(const tile_order *t, const feature_array *pixels, ptrdiff_t k)
{
    const unsigned char *pixel = row_of(pixels, k);
    int64_t row, col;
    memcpy(&row, pixel, sizeof row);
    memcpy(&col, pixel + pixels->strides[1], sizeof col);
    return (ptrdiff_t)((row + 1) >> t->shift) * t->across +
           (ptrdiff_t)((col + 1) >> t->shift);
}

void tiles_fill(tile_order *t, const feature_array *pixels)
{
    memset(t->starts, 0, (size_t)t->tiles * sizeof *t->starts);
    for (ptrdiff_t k = 0; k < t->count; k++)
        t->starts[tile_of(t, pixels, k)]++;
    for (ptrdiff_t tile = 0, sum = 0; tile < t->tiles; tile++) {
        ptrdiff_t count = t->starts[tile];
        t->starts[tile] = sum;
        sum += count;
    }
    for (ptrdiff_t k = 0; k < t->count; k++)
        t->numbers[t->starts[tile_of(t, pixels, k)]++] = k;
}
