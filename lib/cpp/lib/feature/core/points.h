/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of points, ordered by a key; core/spacing.h thins them. */
#ifndef CORE_POINTS_H
#define CORE_POINTS_H

#include <stdint.h>
#include <string.h>

#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"

#define POINT_AXES 32 /* dimensions at most */

typedef struct point {
    uint64_t key;  /* small ones first */
    int64_t place; /* the index in an array of the list's shape, row after row */
} point;

/* The key of -x for a float of `bits` bits: integers that ascend as numbers do. */
static inline uint64_t float_key(uint64_t word, int bits, uint64_t infinity)
{
    uint64_t sign = UINT64_C(1) << (bits - 1);
    uint64_t magnitude = word & ~sign;
    if (magnitude > infinity)
        return UINT64_MAX;                        /* NaN */
    int falls = magnitude != 0 && !(word & sign); /* -x is below zero */
    return (falls ? sign - 1 - magnitude : sign + magnitude) << (64 - bits);
}

/* An orderable key of the number at `at`, so that the keys ascend as NumPy's -x does
 * in the array's own arithmetic: the largest first, but 0 of an unsigned type and the
 * least of a signed one before all; NaN last; both zeros alike. */
uint64_t descending_key_of(int32_t dtype, const void *at);

static inline uint64_t descending_key(int32_t dtype, const void *at)
{
    uint64_t word;
    if (dtype != FEATURE_FLOAT64)
        return descending_key_of(dtype, at);
    memcpy(&word, at, sizeof word);
    return float_key(word, 64, UINT64_C(0x7ff0000000000000));
}

/* The number that a key of a FLOAT64 was made of, 0 for -0. */
double descending_value(uint64_t key);

/* Ascending and stable; `spare` has room for n points. */
void points_sort(point *points, point *spare, ptrdiff_t n);

/* From so many points on it is worth it to share what is done to each. */
#define POINTS_SHARED 20000

/* The same by several threads where there are many points; by one without a team. */
feature_status points_sort_shared(team *t, point *points, point *spare, ptrdiff_t n);

/* A list that grows; its points are given back with memory_return. */
typedef struct point_list {
    point *points;
    ptrdiff_t count, room;
} point_list;

/* Makes room for `more` points. */
feature_status points_reserve(point_list *list, ptrdiff_t more);

/* The coordinates of a place. */
static inline void place_to_index(int64_t place, const ptrdiff_t *shape, int32_t ndim,
                                  int64_t *index)
{
    for (int32_t axis = ndim - 1; axis > 0; axis--) {
        int64_t length = shape[axis], whole;
        if ((place | length) >> 32 == 0) /* 32 bits are divided three times as fast */
            whole = (uint32_t)place / (uint32_t)length;
        else
            whole = place / length;
        index[axis] = place - whole * length;
        place = whole;
    }
    index[0] = place;
}

#endif
