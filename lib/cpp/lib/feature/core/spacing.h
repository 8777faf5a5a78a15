/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of points, thinned so that none is too near another.
 *
 * Spacing is greedy: points are taken in the list's order, each unless one that was
 * taken before lies too near. A bit for each element of the array says what is too near
 * a taken point: asking costs one look, whatever the distance. Taking a point sets runs
 * of bits, one for each line that the distance reaches; how long they are depends on
 * the distance along the other axes only, and is worked out before. As taken points are
 * apart, all runs together are a few words for each word of the array.
 */
#ifndef CORE_SPACING_H
#define CORE_SPACING_H

#include "core/points.h"

typedef struct spacing {
    double distance, p_norm; /* Minkowski's, 1 <= p_norm <= infinity */
    int inclusive;           /* is exactly `distance` too near? */
    const ptrdiff_t *shape;
    int32_t ndim;
    ptrdiff_t most; /* ends after so many */
} spacing;

/* Bytes that points_space needs; SIZE_MAX when they cannot be counted. */
size_t spacing_size(const spacing *rule);

/* Moves the points that stay to the front, in order, and returns their number. */
ptrdiff_t points_space(const spacing *rule, point *points, ptrdiff_t n, void *scratch);

#endif
