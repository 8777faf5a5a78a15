/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIFT's keypoints one by one: their order, their orientations, their descriptors. Each
 * looks at a window of one plane only.
 */
#include "sift.h"

#include <stdlib.h>

#define POINTS_A_BAND 8
#define ORIENT_NANOSECONDS 5000.0
#define DESCRIBE_NANOSECONDS 20000.0
#define SMOOTHINGS 6
#define PI 0x1.921fb54442d18p+1

/* ------------------------------------------------------------------------ */
/* Windows                                                                  */
/* ------------------------------------------------------------------------ */

static ptrdiff_t sums_size(const feature_sift *how)
{
    ptrdiff_t cells = sift_room(how->cells, how->directions);
    return SIFT_COPIES * (cells > how->bins ? cells : how->bins);
}

static void layout(sift_window *w, const sift_job *job, arena *a)
{
    w->weights = arena_take(a, (size_t)job->cols + ROW_BLOCK, sizeof(wide));
    w->row_weights = arena_take(a, (size_t)job->rows + ROW_BLOCK, sizeof(wide));
    w->sums = arena_take(a, (size_t)sums_size(job->how), sizeof(wide));
}

size_t sift_window_size(const sift_job *job)
{
    sift_window counting;
    arena a = {NULL, 0};
    layout(&counting, job, &a);
    return a.used;
}

ptrdiff_t sift_reach(const feature_sift *how, double sigma, int orients, int describes)
{
    double reach = 0, most = (double)(PTRDIFF_MAX / 4);
    if (orients)
        reach = 3 * how->orienting * sigma;
    double describing = 1.5 * how->describing * (1 + 1.0 / how->cells) * sigma;
    if (describes && describing > reach)
        reach = describing;
    return (ptrdiff_t)(reach < most ? reach : most) + 2;
}

static sift_window window_of(const sift_job *job, const double *point, int thread)
{
    ptrdiff_t scale = (ptrdiff_t)point[FEATURE_SIFT_SCALE] - job->kept_scale;
    sift_window w = {.plane = job->planes + scale * job->plane, .pitch = job->pitch};
    arena a = arena_of(&job->memory, thread);
    layout(&w, job, &a);
    w.first = job->kept_first;
    w.rows = job->rows;
    w.cols = job->cols;
    w.row = point[FEATURE_SIFT_ROW] / job->step;
    w.col = point[FEATURE_SIFT_COLUMN] / job->step;
    w.sigma = point[FEATURE_SIFT_SIGMA] / job->step;
    return w;
}

/* ------------------------------------------------------------------------ */
/* Orientations                                                             */
/* ------------------------------------------------------------------------ */

typedef struct orient_job {
    sift_job *job;
    ptrdiff_t count;
    double *angles; /* as many of each point as there are bins */
    int32_t *counts;
} orient_job;

static void smooth_histogram(double *h, ptrdiff_t n)
{
    const double third = 1.0 / 3;
    for (int round = 0; round < SMOOTHINGS; round++) {
        double first = h[0], before = h[n - 1];
        for (ptrdiff_t i = 0; i < n; i++) {
            double here = h[i], after = i + 1 < n ? h[i + 1] : first;
            h[i] = (before * third + here * third) + after * third;
            before = here;
        }
    }
}

/* The peaks of a histogram, refined by a parabola, as angles; how many there are. */
static int32_t find_peaks(const double *h, ptrdiff_t n, double secondary,
                          double *angles)
{
    double most = h[0];
    int32_t count = 0;
    for (ptrdiff_t i = 1; i < n; i++)
        most = h[i] > most ? h[i] : most;
    for (ptrdiff_t i = 0; i < n; i++) {
        double before = h[i > 0 ? i - 1 : n - 1], after = h[i + 1 < n ? i + 1 : 0];
        if (!(h[i] >= secondary * most && h[i] >= before && h[i] >= after))
            continue;
        double fit = (before - after) / (2 * (before + after - 2 * h[i]));
        double angle = ((double)i + fit + 0.5) * 2 * PI / (double)n;
        angles[count++] = angle > PI ? angle - 2 * PI : angle;
    }
    return count;
}

static void orient_band(void *context, ptrdiff_t band, int thread)
{
    const orient_job *o = context;
    const sift_job *job = o->job;
    ptrdiff_t bins = job->how->bins, end = (band + 1) * POINTS_A_BAND;
    for (ptrdiff_t k = band * POINTS_A_BAND; k < end && k < o->count; k++) {
        sift_window w = window_of(job, job->points[job->before + k], thread);
        w.reach = job->how->orienting;
        w.bins = bins;
        double *histogram = w.sums;
        job->real->sift_orient(&w, histogram);
        smooth_histogram(histogram, bins);
        o->counts[k] =
            find_peaks(histogram, bins, job->how->secondary, o->angles + k * bins);
    }
}

/* The first peak is the point's; each further one makes another point, the last of the
 * list first. */
static void give_angles(sift_job *job, const orient_job *o)
{
    for (ptrdiff_t k = 0; k < o->count; k++) {
        double *point = job->points[job->before + k];
        const double *angles = o->angles + k * job->how->bins;
        double first = o->counts[k] > 0 ? angles[0] : 0;
        point[FEATURE_SIFT_ANGLE] = job->item == 4 ? (double)(float)first : first;
        for (int32_t i = 1; i < o->counts[k]; i++) {
            ptrdiff_t at = job->room - 1 - job->further++;
            if (at < job->before + o->count)
                continue;
            for (int c = 0; c < FEATURE_SIFT_COLUMNS; c++)
                job->points[at][c] = point[c];
            job->points[at][FEATURE_SIFT_ANGLE] = angles[i];
        }
    }
}

static feature_status orient_points(sift_job *job, ptrdiff_t count,
                                    const feature_run *run)
{
    orient_job o = {.job = job, .count = count};
    unsigned char *block = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        o.angles = arena_take(&a, (size_t)(count * job->how->bins), sizeof(double));
        o.counts = arena_take(&a, (size_t)count, sizeof(int32_t));
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    ptrdiff_t bands = (count + POINTS_A_BAND - 1) / POINTS_A_BAND;
    team t = team_for(run, bands, (double)count * ORIENT_NANOSECONDS);
    feature_status status = team_run(&t, bands, orient_band, &o);
    if (status == FEATURE_OK)
        give_angles(job, &o);
    memory_return(block);
    return status;
}

/* ------------------------------------------------------------------------ */
/* Descriptors                                                              */
/* ------------------------------------------------------------------------ */

typedef struct describe_job {
    const sift_job *job;
    const ptrdiff_t *which; /* or NULL: the slab's own points */
    ptrdiff_t count, own, last; /* own: primary ones; last: of the further ones */
} describe_job;

static ptrdiff_t index_of(const describe_job *d, ptrdiff_t k)
{
    if (d->which != NULL)
        return d->which[k];
    return k < d->own ? d->job->before + k : d->last - (k - d->own);
}

static void describe_band(void *context, ptrdiff_t band, int thread)
{
    const describe_job *d = context;
    const sift_job *job = d->job;
    ptrdiff_t end = (band + 1) * POINTS_A_BAND;
    for (ptrdiff_t k = band * POINTS_A_BAND; k < end && k < d->count; k++) {
        ptrdiff_t at = index_of(d, k);
        sift_window w = window_of(job, job->points[at], thread);
        w.angle = job->points[at][FEATURE_SIFT_ANGLE];
        w.reach = job->how->describing;
        w.bins = job->how->directions;
        w.cells = job->how->cells;
        job->real->sift_describe(&w, job->descriptors + at * job->length);
    }
}

static feature_status run_describe(const describe_job *d, const feature_run *run)
{
    describe_job work = *d;
    ptrdiff_t bands = (d->count + POINTS_A_BAND - 1) / POINTS_A_BAND;
    team t = team_for(run, bands, (double)d->count * DESCRIBE_NANOSECONDS);
    return team_run(&t, bands, describe_band, &work);
}

feature_status sift_describe_points(sift_job *job, const ptrdiff_t *which,
                                    ptrdiff_t count, const feature_run *run)
{
    describe_job d = {.job = job, .which = which, .count = count};
    return run_describe(&d, run);
}

/* ------------------------------------------------------------------------ */
/* A slab                                                                   */
/* ------------------------------------------------------------------------ */

static int by_order(const void *a, const void *b)
{
    double first = ((const double *)a)[FEATURE_SIFT_ANGLE];
    double second = ((const double *)b)[FEATURE_SIFT_ANGLE];
    return (first > second) - (first < second);
}

static int has_room(const sift_job *job, ptrdiff_t count)
{
    return job->before + count + job->further <= job->room;
}

feature_status sift_finish_slab(sift_job *job, const feature_run *run)
{
    ptrdiff_t count = atomic_load(&job->found), further = job->further;
    if (count == 0 || !has_room(job, count))
        return FEATURE_OK;
    qsort(job->points[job->before], (size_t)count, sizeof(sift_point), by_order);
    feature_status status = orient_points(job, count, run);
    if (status != FEATURE_OK || job->descriptors == NULL || !has_room(job, count))
        return status;
    describe_job d = {.job = job, .own = count, .last = job->room - 1 - further};
    d.count = count + job->further - further;
    return run_describe(&d, run);
}
