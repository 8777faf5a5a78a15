/* SPDX-License-Identifier: BSD-3-Clause */
/* What all threads found, put in order and written out. */
#include "blobs.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

/* Largest responses first, equal ones in the order of their places. */
static void put_in_order(const blob_job *job, point *points, point *spare, ptrdiff_t n)
{
    int unused = __builtin_clzll((unsigned long long)(job->size * job->scales));
    for (ptrdiff_t k = 0; k < n; k++)
        points[k] =
            (point){(uint64_t)points[k].place << unused, (int64_t)points[k].key};
    points_sort(points, spare, n);
    for (ptrdiff_t k = 0; k < n; k++)
        points[k] =
            (point){(uint64_t)points[k].place, (int64_t)(points[k].key >> unused)};
    points_sort(points, spare, n);
}

static void write_points(const blob_job *job, const point *points)
{
    feature_blob_list *out = job->out;
    int32_t ndim = job->image->ndim;
    for (ptrdiff_t k = 0; k < out->count && k < out->capacity; k++) {
        int64_t *index = out->index + k * (ndim + 1);
        index[ndim] = points[k].place % job->scales;
        place_to_index(points[k].place / job->scales, job->image->shape, ndim, index);
        out->response[k] = descending_value(points[k].key);
    }
}

static void write_range(const blob_job *job)
{
    feature_blob_list *out = job->out;
    out->lowest = INFINITY;
    out->highest = -INFINITY;
    int has_nan = 0;
    for (int k = 0; k < job->threads; k++) {
        const double *range = job->finders[k].range;
        out->lowest = range[0] < out->lowest ? range[0] : out->lowest;
        out->highest = range[1] > out->highest ? range[1] : out->highest;
        has_nan |= range[2] != 0;
    }
    if (has_nan)
        out->lowest = out->highest = NAN;
}

feature_status blob_write_list(blob_job *job, int *undecided)
{
    ptrdiff_t passed = 0, count = 0, all = job->size * job->scales;
    write_range(job);
    for (int k = 0; k < job->threads; k++) {
        if (job->finders[k].status != FEATURE_OK)
            return job->finders[k].status;
        *undecided |= job->finders[k].undecided;
        passed += job->finders[k].passed;
        count += job->finders[k].list.count;
    }
    job->out->error = job->slack;
    if (count == 0 || *undecided || (passed == all && all > 1))
        return FEATURE_OK;
    point *points = memory_lease(2 * (size_t)count * sizeof *points), *to = points;
    if (points == NULL)
        return FEATURE_NO_MEMORY;
    for (int k = 0; k < job->threads; k++) {
        const point_list *list = &job->finders[k].list;
        if (list->count > 0)
            memcpy(to, list->points, (size_t)list->count * sizeof *to);
        to += list->count;
    }
    put_in_order(job, points, points + count, count);
    feature_status status = FEATURE_OK;
    ptrdiff_t near = job->slack > 0 ? blob_count_near(job, points, count) : 0;
    *undecided = near > job->doubts_most;
    if (near > 0 && !*undecided) {
        memcpy(points + count, points, (size_t)count * sizeof *points);
        status = blob_settle_order(job, points, points + count, count);
        put_in_order(job, points, points + count, count);
    }
    job->out->count = count;
    write_points(job, points);
    memory_return(points);
    return status;
}
