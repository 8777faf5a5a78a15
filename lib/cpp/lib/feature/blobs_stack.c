/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole scale space at once, for images in which there may be NaN. */
#include "blobs.h"

#include <string.h>

#include "core/maxima.h"
#include "core/memory.h"

static feature_status make_stack(blob_job *job, double *stack)
{
    blob_planes p;
    job->direct = 1;
    feature_status status = blob_planes_open(&p, job);
    for (ptrdiff_t s = 0; s < job->scales && status == FEATURE_OK; s++) {
        status = blob_planes_make(&p, s);
        for (ptrdiff_t k = 0; k < job->size && status == FEATURE_OK; k++)
            stack[k * job->scales + s] = blob_plane(&p, s)[k];
    }
    blob_planes_close(&p);
    return status;
}

/* The shape of the stack, and the box that its elements are compared in. */
static feature_status stack_maxima(const blob_job *job, double *most)
{
    team t = team_for(job->run, 1, 0);
    ptrdiff_t shape[DIMENSIONS_AT_MOST + 1], sides[DIMENSIONS_AT_MOST + 1];
    int32_t ndim = job->image->ndim;
    for (int32_t axis = 0; axis <= ndim; axis++) {
        shape[axis] = axis < ndim ? job->image->shape[axis] : job->scales;
        sides[axis] = 3;
    }
    return window_maxima(most, shape, ndim + 1, sides, &t);
}

static feature_status list_stack(const blob_job *job, const double *stack,
                                 const uint64_t *words)
{
    blob_finder *f = &job->finders[0];
    ptrdiff_t n = job->size * job->scales;
    ptrdiff_t border = job->search->border[job->image->ndim - 1];
    for (ptrdiff_t w = 0; w * WORD_BITS < n; w++)
        for (uint64_t left = words[w]; left != 0; left &= left - 1) {
            ptrdiff_t place = w * WORD_BITS + __builtin_ctzll(left);
            ptrdiff_t pixel = place / job->scales, x = pixel % job->cols;
            f->passed++;
            if (x < border || x >= job->cols - border ||
                blob_in_border(job, pixel / job->cols))
                continue;
            if (points_reserve(&f->list, 1) != FEATURE_OK)
                return FEATURE_NO_MEMORY;
            blob_add(f, stack + place, place);
        }
    return FEATURE_OK;
}

feature_status blob_search_stack(blob_job *job)
{
    ptrdiff_t n;
    double *stack = NULL, *most = NULL;
    uint64_t *words = NULL;
    if (!__builtin_mul_overflow(job->size, job->scales, &n) &&
        n <= PTRDIFF_MAX / (ptrdiff_t)sizeof *stack) {
        stack = memory_lease((size_t)n * sizeof *stack);
        most = memory_lease((size_t)n * sizeof *stack);
        words = memory_lease((size_t)(n / WORD_BITS + 1) * sizeof *words);
    }
    int complete = stack != NULL && most != NULL && words != NULL;
    feature_status status = complete ? blob_finders_open(job, 1) : FEATURE_NO_MEMORY;
    if (status == FEATURE_OK)
        status = make_stack(job, stack);
    if (status == FEATURE_OK) {
        memcpy(most, stack, (size_t)n * sizeof *stack);
        job->plain->range_row(stack, n, job->finders[0].range);
        status = stack_maxima(job, most);
    }
    if (status == FEATURE_OK) {
        job->plain->equal_bits(stack, most, n, job->search->least, words);
        status = list_stack(job, stack, words);
    }
    memory_return(stack);
    memory_return(most);
    memory_return(words);
    return status;
}
