/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks and addresses of the arrays that callers hand in. */
#ifndef CORE_ARRAY_H
#define CORE_ARRAY_H

#include "feature.h"

/* Bytes of one element; 0 for a number that is no dtype. */
ptrdiff_t dtype_size(int32_t dtype);

/* OK when the array is complete, has `ndim` dimensions and is aligned; NO_MEMORY when
 * it has more elements than any memory. */
feature_status check_array(const feature_array *array, int32_t ndim);

/* The same, and the array has this dtype and the shape of `like`. */
feature_status check_plane(const feature_array *array, feature_dtype dtype,
                           const feature_array *like);

/* Does the array have no element? */
int is_empty(const feature_array *array);

/* Do all elements stand side by side, in C's order? */
int is_contiguous(const feature_array *array);

/* What planes made from this image are stored in. */
feature_dtype storage_type(const feature_array *image);

/* Has the filter weights, a radius that can be counted in, and a border's rule? */
int filter_is_valid(const feature_filter *filter);

#define DIMENSIONS_AT_MOST 32

/* OK when the array is complete and has 1 to DIMENSIONS_AT_MOST dimensions. */
feature_status check_volume(const feature_array *array);

/* Lines are what stands side by side along the last axis, counted in C's order:
 * how many there are, the index of one along the other axes, its first element. */
ptrdiff_t line_count(const feature_array *array);
void line_index(const feature_array *array, ptrdiff_t line, ptrdiff_t *index);
unsigned char *line_of(const feature_array *array, const ptrdiff_t *index);

/* Are a call's results, of lines side by side, together larger than the caches around
 * them? Then lines are best made beside them and sent past the caches (stream_row,
 * stream_bytes). */
int is_streamed(const feature_array *results, int count);

/* The same of any memory that is written once and read much later, or little. */
int exceeds_caches(double bytes);

/* The first element of row y of a 2-D array. */
static inline unsigned char *row_of(const feature_array *array, ptrdiff_t y)
{
    return (unsigned char *)array->data + y * array->strides[0];
}

/* Are the elements of each line side by side? */
static inline int has_dense_lines(const feature_array *array)
{
    int32_t last = array->ndim - 1;
    return array->shape[last] == 1 || array->strides[last] == dtype_size(array->dtype);
}

/* And doubles, that kernels may read and write in place? */
static inline int is_direct(const feature_array *array)
{
    return array->dtype == FEATURE_FLOAT64 && has_dense_lines(array);
}

#endif
