/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of points: ordered by a key, and thinned so that none is too near another.
 *
 * Spacing is greedy: points are taken in the list's order, each unless one that was
 * taken before lies too near. A grid of buckets, no smaller than the distance, holds
 * what was taken, so that only 3^ndim buckets are looked into and the whole is
 * linear in the number of points.
 */
#ifndef CORE_POINTS_H
#define CORE_POINTS_H

#include <stdint.h>

#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"

#define POINT_AXES 32 /* dimensions at most */

typedef struct point {
    uint64_t key;  /* small ones first */
    int64_t place; /* the index in an array of the list's shape, row after row */
} point;

/* An orderable key of the number at `at`, so that the keys ascend as NumPy's -x does
 * in the array's own arithmetic: the largest first, but 0 of an unsigned type and the
 * least of a signed one before all; NaN last; both zeros alike. */
uint64_t descending_key(int32_t dtype, const void *at);

/* The number that a key of a FLOAT64 was made of, 0 for -0. */
double descending_value(uint64_t key);

/* Ascending and stable; `spare` has room for n points. */
void points_sort(point *points, point *spare, ptrdiff_t n);

/* From so many points on it is worth it to share what is done to each. */
#define POINTS_SHARED 20000

/* The same by several threads where there are many points. */
feature_status points_sort_shared(team *t, point *points, point *spare, ptrdiff_t n);

/* A list that grows; its points are given back with memory_return. */
typedef struct point_list {
    point *points;
    ptrdiff_t count, room;
} point_list;

/* Makes room for `more` points. */
feature_status points_reserve(point_list *list, ptrdiff_t more);

typedef struct spacing {
    double distance, p_norm; /* Minkowski's, 1 <= p_norm <= infinity */
    int inclusive;           /* is exactly `distance` too near? */
    const ptrdiff_t *shape;
    int32_t ndim;
    ptrdiff_t most; /* ends after so many */
} spacing;

/* What points_space needs beside n points. */
size_t spacing_size(const spacing *rule, ptrdiff_t n);

/* Moves the points that stay to the front, in order, and returns their number. */
ptrdiff_t points_space(const spacing *rule, point *points, ptrdiff_t n, void *scratch);

/* The coordinates of a place. */
void place_to_index(int64_t place, const ptrdiff_t *shape, int32_t ndim,
                    int64_t *index);

#endif
