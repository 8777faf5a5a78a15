/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Single responses by filters: SciPy's sums at a few places, where a transform's error
 * would decide (blobs_transform.c).
 *
 * A response needs the image as far as its filters reach, so some columns are cut out
 * of it and smoothed as an image of their own. Where that cut is not the image's
 * border, what is reflected there reaches no column that is looked at.
 *
 * Two kinds of place are settled so: those that may be a maximum but for neighbours or
 * a threshold that are too near, and maxima of nearly the same response, whose order is
 * open. Other than two dimensions are not settled but searched again by filters.
 *
 * Memory: for each thread and term of a response (2 radius + 3)^2 doubles.
 */
#include "blobs.h"

#include <string.h>

#include "core/memory.h"

typedef struct exact_job {
    blob_job *job;
    point *points;       /* doubts, or a sorted list, */
    const point *before; /* and what that was */
    ptrdiff_t count;
    thread_memory memory; /* of each thread */
} exact_job;

/* Up to three rows and columns, and their responses. */
typedef struct patch {
    ptrdiff_t top, left, rows, cols;
    double response[9];
} patch;

static ptrdiff_t radius_at(const blob_job *job, ptrdiff_t scale)
{
    int gaussians = job->method == BLOB_DOG ? 2 : 1;
    ptrdiff_t radius = 0;
    for (ptrdiff_t k = 2 * scale; k < 2 * (scale + gaussians); k++) {
        radius = job->smoothing[k].radius > radius ? job->smoothing[k].radius : radius;
        if (job->second != NULL && job->second[k].radius > radius)
            radius = job->second[k].radius;
    }
    return radius;
}

/* As many doubts as cost, three scales each and a nanosecond for each pixel that a
 * filter reaches, what filters for all would. */
ptrdiff_t blob_doubts_most(const blob_job *job)
{
    double all = 0, side = 2 * (double)blob_largest_radius(job) + 3;
    for (ptrdiff_t scale = 0; scale < job->scales; scale++)
        all += blob_cost_of_filters(job, scale);
    return job->image->ndim == 2 ? (ptrdiff_t)(all / (3 * side * side)) : 0;
}

/* ------------------------------------------------------------------------ */
/* One patch                                                                */
/* ------------------------------------------------------------------------ */

static wide *layout(row_scratch *s, const blob_rows *rows, arena *a)
{
    size_t pitch = (size_t)row_pitch(rows->plan[0].image->shape[1]);
    blob_rows_layout(s, rows, a);
    return arena_take(a, pitch, sizeof(wide));
}

/* What any patch needs. */
static arena largest_layout(const blob_job *job)
{
    ptrdiff_t width = 2 * blob_largest_radius(job) + 3;
    ptrdiff_t shape[2] = {job->lines, width < job->cols ? width : job->cols};
    feature_array part = {.shape = shape, .ndim = 2, .dtype = job->image->dtype};
    arena largest = {NULL, 0};
    for (ptrdiff_t g = 0; g < blob_gaussians(job); g++) {
        row_scratch counting;
        blob_rows rows;
        arena one = {NULL, 0};
        blob_rows_plan(&rows, job, &part, g);
        layout(&counting, &rows, &one);
        largest.used = one.used > largest.used ? one.used : largest.used;
    }
    return largest;
}

/* A Laplacian or Gaussian of some columns, of which the first `skip` are only near. */
static void smooth_patch(const exact_job *e, int thread, const feature_array *columns,
                         ptrdiff_t skip, ptrdiff_t scale, const patch *p, double *to)
{
    row_scratch s;
    blob_rows rows;
    arena a = arena_of(&e->memory, thread);
    blob_rows_plan(&rows, e->job, columns, scale);
    wide *row = layout(&s, &rows, &a);
    blob_rows_start(&s, &rows, p->top);
    for (ptrdiff_t y = 0; y < p->rows; y++) {
        blob_row(&s, &rows, p->top + y, row, NULL);
        memcpy(to + y * p->cols, row + skip, (size_t)p->cols * sizeof *to);
    }
}

static void respond(const exact_job *e, int thread, ptrdiff_t scale, patch *p)
{
    const blob_job *job = e->job;
    const feature_array *image = job->image;
    ptrdiff_t radius = radius_at(job, scale), end = p->left + p->cols + radius;
    ptrdiff_t first = p->left > radius ? p->left - radius : 0;
    ptrdiff_t shape[2] = {job->lines, (end < job->cols ? end : job->cols) - first};
    feature_array columns = *image;
    columns.shape = shape;
    columns.data = (char *)image->data + first * image->strides[1];
    smooth_patch(e, thread, &columns, p->left - first, scale, p, p->response);
    if (job->method == BLOB_LOG)
        return;
    double next[9];
    smooth_patch(e, thread, &columns, p->left - first, scale + 1, p, next);
    job->real->combine_row(p->response, next, -1, job->factors[0], p->rows * p->cols,
                           p->response);
}

/* ------------------------------------------------------------------------ */
/* Doubts                                                                   */
/* ------------------------------------------------------------------------ */

static feature_status settle(exact_job *e,
                             void (*one)(void *context, ptrdiff_t index, int thread))
{
    const blob_job *job = e->job;
    double side = 2 * (double)blob_largest_radius(job) + 3;
    team t = team_for(job->run, e->count, (double)e->count * side * side);
    t.threads = t.threads < job->threads ? t.threads : job->threads; /* finders */
    arena largest = largest_layout(job);
    return team_run_with(&t, e->count, one, e, &e->memory, &largest);
}

/* From a position to the one behind the next, inside of 0 to n. */
static ptrdiff_t around(ptrdiff_t at, ptrdiff_t n, ptrdiff_t *first)
{
    *first = at > 0 ? at - 1 : 0;
    return (at + 2 < n ? at + 2 : n) - *first;
}

static int exceeds(const patch *p, double least)
{
    for (ptrdiff_t k = 0; k < p->rows * p->cols; k++)
        if (p->response[k] > least)
            return 1;
    return 0;
}

/* A place stays when it reaches the threshold and nothing around exceeds it. */
static void settle_doubt(void *context, ptrdiff_t index, int thread)
{
    const exact_job *e = context;
    const blob_job *job = e->job;
    blob_finder *f = &job->finders[thread];
    ptrdiff_t place = e->points[index].place, scale = place % job->scales;
    ptrdiff_t y = place / job->scales / job->cols, x = place / job->scales % job->cols;
    patch p;
    p.rows = around(y, job->lines, &p.top);
    p.cols = around(x, job->cols, &p.left);
    respond(e, thread, scale, &p);
    double here = p.response[(y - p.top) * p.cols + x - p.left];
    int stays = here >= job->search->least && !exceeds(&p, here);
    for (ptrdiff_t other = scale - 1; other <= scale + 1 && stays; other += 2)
        if (other >= 0 && other < job->scales) {
            respond(e, thread, other, &p);
            stays = !exceeds(&p, here);
        }
    if (!stays)
        return;
    if (points_reserve(&f->list, 1) == FEATURE_OK)
        blob_add(f, &here, place);
    else
        f->status = FEATURE_NO_MEMORY;
}

feature_status blob_settle_doubts(blob_job *job)
{
    exact_job e = {.job = job};
    for (int k = 0; k < job->threads; k++) {
        e.count += job->finders[k].doubts.count;
        if (job->finders[k].undecided)
            return FEATURE_OK;
    }
    if (e.count > job->doubts_most)
        job->finders[0].undecided = 1;
    if (e.count == 0 || e.count > job->doubts_most)
        return FEATURE_OK;
    e.points = memory_lease((size_t)e.count * sizeof *e.points);
    if (e.points == NULL)
        return FEATURE_NO_MEMORY;
    point *to = e.points;
    for (int k = 0; k < job->threads; k++)
        for (ptrdiff_t i = 0; i < job->finders[k].doubts.count; i++)
            *to++ = job->finders[k].doubts.points[i];
    feature_status status = settle(&e, settle_doubt);
    memory_return(e.points);
    return status;
}

/* ------------------------------------------------------------------------ */
/* Order                                                                    */
/* ------------------------------------------------------------------------ */

static int is_near(const blob_job *job, const point *sorted, ptrdiff_t count,
                   ptrdiff_t k)
{
    double here = descending_value(sorted[k].key), slack = job->slack;
    return (k > 0 && descending_value(sorted[k - 1].key) - here <= slack) ||
           (k + 1 < count && here - descending_value(sorted[k + 1].key) <= slack);
}

ptrdiff_t blob_count_near(const blob_job *job, const point *sorted, ptrdiff_t count)
{
    ptrdiff_t near = 0;
    for (ptrdiff_t k = 0; k < count; k++)
        near += is_near(job, sorted, count, k);
    return near;
}

static void settle_response(void *context, ptrdiff_t index, int thread)
{
    const exact_job *e = context;
    const blob_job *job = e->job;
    if (!is_near(job, e->before, e->count, index))
        return;
    ptrdiff_t pixel = e->points[index].place / job->scales;
    patch p = {pixel / job->cols, pixel % job->cols, 1, 1, {0}};
    respond(e, thread, e->points[index].place % job->scales, &p);
    e->points[index].key = descending_key(FEATURE_FLOAT64, p.response);
}

feature_status blob_settle_order(blob_job *job, point *points, const point *before,
                                 ptrdiff_t count)
{
    exact_job e = {.job = job, .points = points, .before = before, .count = count};
    return settle(&e, settle_response);
}
