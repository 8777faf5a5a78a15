/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peaks: local maxima of an array of any number of dimensions.
 *
 * What it computes:
 *
 *   1. Candidates: pixels that reach the threshold (or exceed the smallest number of
 *      the image) and that no pixel of the window around them exceeds; beyond the
 *      border stands the nearest pixel. Equal neighbours are all candidates. Where
 *      every pixel of the image passes (it is constant, say) none does. Those too near
 *      the border are left out.
 *   2. Order: the largest first, equal ones row after row. The values are compared as
 *      NumPy's -x orders them in the array's own type, so that 0 of an unsigned type
 *      and the least of a signed one come first.
 *   3. Spacing (core/spacing.h): in that order, each candidate stays unless one that
 *      stayed is nearer than the distance, in Minkowski's norm.
 *
 * Corners (`corner_p_norm`) go through a second pass of spacing, in which exactly the
 * distance is too near; of equal neighbours one stays.
 *
 * With labels, 1 to 3 are done for each label alone, on the smallest box that holds it,
 * in which all other pixels count as the least value of the type. Where every pixel of
 * the label passes, those stay that no cross of 2 ndim + 1 pixels inside the label
 * covers. The result is grouped by label, unless it exceeds `most`: then all are
 * ordered and spaced again.
 *
 * How it runs. No image of maxima is made. A line (the last axis) is first compared
 * with its nearest neighbours, or in a plane with a large window some lines together
 * block by block; the windows of the few pixels that pass are looked at one by one, or,
 * where many pass, the maximum of the window is taken for the whole line. The answer is
 * one bit a pixel, an eighth to a sixty-fourth of the image. Bands of axis 0 are units
 * of work. float32 and float64 are read in place; lines of other types, or strided
 * ones, are converted a band at a time. Labels are shared by the threads; their boxes
 * are copied one by one, and where the window holds a whole box, its largest pixels are
 * the candidates. Working memory: the bits, as many again for the spacing, 32 bytes a
 * candidate, a band with the rows around it.
 *
 * Cost: the image is read once, about 12 vector operations each; then each candidate.
 */
#include <math.h>

#include "core/array.h"
#include "core/spacing.h"
#include "peaks.h"

/* ------------------------------------------------------------------------ */
/* From candidates to peaks                                                 */
/* ------------------------------------------------------------------------ */

/* Orders and spaces `*n` points whose places are in an array of this shape. */
feature_status peak_choose(const peak_job *job, team *t, const ptrdiff_t *shape,
                           point *points, ptrdiff_t *n, ptrdiff_t most)
{
    const feature_peaks_parameters *p = job->parameters;
    spacing rule = {p->distance, p->p_norm, 0, shape, job->ndim, most};
    int spaced = p->distance > 1;
    if (*n <= 1) {
        *n = *n < most ? *n : most;
        return FEATURE_OK;
    }
    size_t size = spaced ? spacing_size(&rule) : 0, spare = (size_t)*n * sizeof *points;
    if (size == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    void *scratch = memory_lease(size > spare ? size : spare);
    if (scratch == NULL)
        return FEATURE_NO_MEMORY;
    feature_status status = points_sort_shared(t, points, scratch, *n);
    if (status != FEATURE_OK)
        *n = 0;
    else if (spaced)
        *n = points_space(&rule, points, *n, scratch);
    else if (*n > most)
        *n = most;
    memory_return(scratch);
    return status;
}

/* Where all that exceeds the smallest number is looked at: what that begins with, and
 * whether there is anything; beside NaN there is not. */
static feature_status find_least(peak_job *job, team *t, int *any)
{
    *any = 1;
    if (job->parameters->least != NULL)
        return FEATURE_OK;
    feature_status status = team_run(t, job->bands, peak_least_band, job);
    double least = INFINITY;
    for (ptrdiff_t k = 0; k < job->bands && status == FEATURE_OK; k++) {
        *any &= !isnan(job->lows[k]);
        least = job->lows[k] < least ? job->lows[k] : least;
    }
    *any &= least < (double)INFINITY;
    job->line.least = job->image->dtype == FEATURE_FLOAT64
                          ? nextafter(least, INFINITY)
                          : (double)nextafterf((float)least, INFINITY);
    return status;
}

static feature_status search_image(peak_job *job, team *t, point_list *list)
{
    int any;
    feature_status status = find_least(job, t, &any);
    if (status != FEATURE_OK || !any)
        return status;
    status = job->by_ring ? peak_search_by_ring(job, t)
                          : team_run(t, job->bands, peak_search_band, job);
    ptrdiff_t total = 0;
    for (ptrdiff_t k = 0; k < job->bands && status == FEATURE_OK; k++) {
        job->starts[k] = total;
        total += job->counts[k];
    }
    if (status != FEATURE_OK || total == 0 ||
        (!job->is_plain && !job->by_ring && peak_is_trivial(job)))
        return status;
    status = points_reserve(list, total);
    if (status != FEATURE_OK)
        return status;
    job->points = list->points;
    list->count = total;
    team gathering = *t;
    if (total < POINTS_SHARED)
        gathering.threads = 1;
    status = team_run(&gathering, job->bands, peak_gather_band, job);
    if (status != FEATURE_OK)
        return status;
    return peak_choose(job, t, job->shape, list->points, &list->count,
                       job->parameters->most);
}

/* ------------------------------------------------------------------------ */
/* The call                                                                 */
/* ------------------------------------------------------------------------ */

/* The second pass of corners. */
static feature_status thin_corners(const peak_job *job, point_list *list)
{
    const feature_peaks_parameters *p = job->parameters;
    spacing rule = {p->corner_distance, p->corner_p_norm, 1,
                    job->shape,         job->ndim,        p->corner_most};
    if (p->corner_p_norm == 0 || list->count == 0)
        return FEATURE_OK;
    size_t size = spacing_size(&rule);
    void *scratch = size == SIZE_MAX ? NULL : memory_lease(size);
    if (scratch == NULL)
        return FEATURE_NO_MEMORY;
    list->count = points_space(&rule, list->points, list->count, scratch);
    memory_return(scratch);
    return FEATURE_OK;
}

#define PEAKS_A_BAND 4096

typedef struct index_job {
    const peak_job *peaks;
    const point_list *list;
    ptrdiff_t count;
    int64_t *index;
} index_job;

/* Rows and columns of points of a plane. Multiplying is faster than dividing, and at
 * most one row off. */
static void index_plane(const point *points, ptrdiff_t n, ptrdiff_t cols,
                        int64_t *index)
{
    const double inverse = 1 / (double)cols;
    for (ptrdiff_t k = 0; k < n; k++) {
        int64_t row = (int64_t)((double)points[k].place * inverse);
        int64_t col = points[k].place - row * cols;
        row += col < 0 ? -1 : col >= cols;
        index[2 * k] = row;
        index[2 * k + 1] = points[k].place - row * cols;
    }
}

static void index_band(void *context, ptrdiff_t band, int thread)
{
    const index_job *job = context;
    int32_t ndim = job->peaks->image->ndim;
    const ptrdiff_t *shape = job->peaks->shape + (job->peaks->ndim - ndim);
    ptrdiff_t first = band * PEAKS_A_BAND, end = first + PEAKS_A_BAND;
    (void)thread;
    const point *points = job->list->points;
    end = end < job->count ? end : job->count;
    if (ndim == 2)
        index_plane(points + first, end - first, shape[1], job->index + 2 * first);
    for (ptrdiff_t k = first; k < end && ndim != 2; k++)
        place_to_index(points[k].place, shape, ndim, job->index + k * ndim);
}

static feature_status write_index(const peak_job *job, team *t, const point_list *list,
                                  ptrdiff_t capacity, int64_t *index)
{
    ptrdiff_t count = list->count < capacity ? list->count : capacity;
    index_job writing = {job, list, count, index};
    team indexing = *t;
    if (count < POINTS_SHARED)
        indexing.threads = 1;
    return team_run(&indexing, (count + PEAKS_A_BAND - 1) / PEAKS_A_BAND, index_band,
                    &writing);
}

feature_status feature_peak_local_max(const feature_array *image,
                                      const feature_array *footprint,
                                      const feature_array *labels,
                                      const feature_peaks_parameters *parameters,
                                      ptrdiff_t capacity, int64_t *index,
                                      ptrdiff_t *count, const feature_run *run)
{
    feature_status status = peak_check_shapes(image, footprint, labels, parameters);
    if (status == FEATURE_OK && (count == NULL || (capacity > 0 && index == NULL)))
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK)
        return status;
    peak_job job = peak_new_job(image, footprint, labels, parameters);
    double pixels = (double)job.lines * (double)job.shape[job.ndim - 1];
    team t = team_for(run, labels == NULL ? job.bands : LABEL_BANDS,
                      pixels * NANOSECONDS_PER_PIXEL);
    point_list list = {NULL, 0, 0};
    status = peak_lease_job(&job, footprint, t.threads);
    if (status != FEATURE_OK)
        return status;
    status = labels == NULL ? search_image(&job, &t, &list)
                            : peak_search_labels(&job, &t, &list);
    if (status == FEATURE_OK)
        status = thin_corners(&job, &list);
    if (status == FEATURE_OK)
        status = write_index(&job, &t, &list, capacity, index);
    if (status == FEATURE_OK)
        *count = list.count;
    memory_return(job.lead);
    memory_return(list.points);
    return status;
}
