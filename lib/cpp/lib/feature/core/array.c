/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/array.h"

ptrdiff_t dtype_size(int32_t dtype)
{
    switch (dtype) {
    case FEATURE_BOOL:
    case FEATURE_UINT8:
    case FEATURE_INT8:
        return 1;
    case FEATURE_UINT16:
    case FEATURE_INT16:
    case FEATURE_FLOAT16:
        return 2;
    case FEATURE_UINT32:
    case FEATURE_INT32:
    case FEATURE_FLOAT32:
        return 4;
    case FEATURE_UINT64:
    case FEATURE_INT64:
    case FEATURE_FLOAT64:
        return 8;
    default:
        return 0;
    }
}

/* So many that bytes of a few doubles for each can be counted; arrays whose strides are
 * 0 can have more without any memory. */
#define ELEMENTS_AT_MOST (PTRDIFF_MAX / 64)

static int is_countable(const feature_array *array)
{
    ptrdiff_t count = 1;
    for (int32_t axis = 0; axis < array->ndim; axis++)
        if (__builtin_mul_overflow(count, array->shape[axis], &count))
            return 0;
    return count <= ELEMENTS_AT_MOST;
}

feature_status check_array(const feature_array *array, int32_t ndim)
{
    if (array == NULL || array->ndim != ndim || array->shape == NULL ||
        array->strides == NULL)
        return FEATURE_BAD_ARGUMENT;
    ptrdiff_t size = dtype_size(array->dtype);
    if (size == 0)
        return FEATURE_BAD_DTYPE;
    int empty = 0;
    for (int32_t axis = 0; axis < ndim; axis++) {
        if (array->shape[axis] < 0)
            return FEATURE_BAD_ARGUMENT;
        empty |= array->shape[axis] == 0;
    }
    if (empty)
        return FEATURE_OK;
    if (!is_countable(array))
        return FEATURE_NO_MEMORY;
    if (array->data == NULL || (uintptr_t)array->data % (size_t)size != 0)
        return FEATURE_BAD_ARGUMENT;
    for (int32_t axis = 0; axis < ndim; axis++)
        if (array->shape[axis] > 1 && array->strides[axis] % size != 0)
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

feature_status check_plane(const feature_array *array, feature_dtype dtype,
                           const feature_array *like)
{
    feature_status status = check_array(array, like->ndim);
    if (status != FEATURE_OK)
        return status;
    if (array->dtype != (int32_t)dtype)
        return FEATURE_BAD_DTYPE;
    for (int32_t axis = 0; axis < like->ndim; axis++)
        if (array->shape[axis] != like->shape[axis])
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

int is_empty(const feature_array *array)
{
    for (int32_t axis = 0; axis < array->ndim; axis++)
        if (array->shape[axis] == 0)
            return 1;
    return 0;
}

int is_contiguous(const feature_array *array)
{
    ptrdiff_t size = dtype_size(array->dtype);
    for (int32_t axis = array->ndim - 1; axis >= 0; axis--) {
        if (array->shape[axis] > 1 && array->strides[axis] != size)
            return 0;
        size *= array->shape[axis];
    }
    return 1;
}

/* Two second caches. Larger results of one call are written faster past them, also
 * where the next step reads them (docs/decisions/0013). */
#define STREAM_ABOVE 0x1p22

int exceeds_caches(double bytes)
{
    return bytes > STREAM_ABOVE;
}

int is_streamed(const feature_array *results, int count)
{
    double all = 0;
    for (int k = 0; k < count; k++) {
        const feature_array *r = &results[k];
        double bytes = (double)dtype_size(r->dtype);
        if (r->strides[r->ndim - 1] != dtype_size(r->dtype))
            return 0;
        for (int32_t axis = 0; axis < r->ndim; axis++)
            bytes *= (double)r->shape[axis];
        all += bytes;
    }
    return exceeds_caches(all);
}

feature_dtype storage_type(const feature_array *image)
{
    return image->dtype == FEATURE_FLOAT32 || image->dtype == FEATURE_FLOAT16
               ? FEATURE_FLOAT32
               : FEATURE_FLOAT64;
}

int filter_is_valid(const feature_filter *filter)
{
    return filter->weights != NULL && filter->radius >= 0 &&
           filter->radius <= PTRDIFF_MAX / 64 && filter->border >= FEATURE_CONSTANT &&
           filter->border <= FEATURE_WRAP;
}

feature_status check_volume(const feature_array *array)
{
    if (array == NULL || array->ndim < 1 || array->ndim > DIMENSIONS_AT_MOST)
        return FEATURE_BAD_ARGUMENT;
    return check_array(array, array->ndim);
}

ptrdiff_t line_count(const feature_array *array)
{
    ptrdiff_t count = 1;
    for (int32_t axis = 0; axis < array->ndim - 1; axis++)
        count *= array->shape[axis];
    return count;
}

void line_index(const feature_array *array, ptrdiff_t line, ptrdiff_t *index)
{
    for (int32_t axis = array->ndim - 2; axis >= 0; axis--) {
        index[axis] = line % array->shape[axis];
        line /= array->shape[axis];
    }
}

unsigned char *line_of(const feature_array *array, const ptrdiff_t *index)
{
    unsigned char *first = array->data;
    for (int32_t axis = 0; axis < array->ndim - 1; axis++)
        first += index[axis] * array->strides[axis];
    return first;
}
