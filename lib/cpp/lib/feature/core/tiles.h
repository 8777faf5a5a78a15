/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pixels in an order in which neighbours follow each other: tile after tile of the
 * image, and those of a tile as they come. What is read around one of them is then in
 * the cache when the next is looked at, and bands of them lie apart in the image.
 */
#ifndef CORE_TILES_H
#define CORE_TILES_H

#include "core/memory.h"
#include "feature.h"

typedef struct tile_order {
    ptrdiff_t count, *numbers; /* of the pixels, in order */
    ptrdiff_t *starts;         /* of each tile, in `numbers` */
    ptrdiff_t across, tiles;
    int shift; /* a tile's side is 2^shift */
} tile_order;

/* For `count` pixels of an image of this shape. */
void tiles_layout(tile_order *t, ptrdiff_t count, const ptrdiff_t *shape, arena *a);

/* Orders `pixels`: (count, 2) int64, row and column, at most one beyond the border. */
void tiles_fill(tile_order *t, const feature_array *pixels);

#endif
