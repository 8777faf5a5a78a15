/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ORB: oriented FAST keypoints on a pyramid, with turned BRIEF descriptors.
 *
 * E. Rublee, V. Rabaud, K. Konolige and G. Bradski, "ORB: an efficient alternative to
 * SIFT and SURF", ICCV 2011. Here are the three steps that no other family has; the
 * keypoints themselves are FAST's (corner_points.c) thinned by peaks.c, turned by the
 * intensity centroid, and put together in orb.py.
 *
 * The pyramid. A level is the one below, smoothed by a Gaussian, then read between its
 * pixels: the middle of pixel i of n stands at (i + 1/2) m / n - 1/2 among m pixels, and
 * takes from the two around it along each axis what is inversely as far; beyond the
 * border stands the mirror image without the edge repeated. The result is clipped to
 * what the smoothed level holds, so that rounding does not leave its range.
 *
 * The order of keypoints is by Harris' response, det A - k trace(A)^2 with the tensor A
 * of corners.c and a Gaussian of sigma 1. It is made at the keypoints only, eight side
 * by side, each from its 11 x 11 pixels: the same numbers as those of the plane.
 *
 * Descriptors. 256 pairs of pixels, turned by the keypoint's angle and rounded to whole
 * pixels, halves away from zero; a bit is whether the first is darker. The table is
 * published data (core/orb_pairs.h), read as (row, column) as scikit-image does.
 *
 * Units and types. Levels are float32 for float16 and float32 images, else float64,
 * integers scaled to [0, 1] or [-1, 1]; angles are radians from the direction of columns
 * towards that of rows, and one that is no number counts as 0.
 *
 * Cost. A level takes about 2 ns a pixel on one core, a keypoint's response 0.2 us, its
 * descriptor 0.5 us; all is shared by the threads in bands. Memory: one smoothed level.
 */
#include "core/array.h"
#include "core/memory.h"
#include "core/orb_pairs.h"
#include "core/plane.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define BAND_ROWS 32
#define POINTS_A_BAND 64
#define PIXEL_NANOSECONDS 1.0
#define RESPONSE_NANOSECONDS 200.0
#define DESCRIPTOR_NANOSECONDS 500.0
#define HARRIS_REACH (HARRIS_RADIUS + 1)
#define PAIRS_REACH 19 /* of a turned pair, rounded */

/* ------------------------------------------------------------------------ */
/* Levels                                                                   */
/* ------------------------------------------------------------------------ */

typedef struct zoom_job {
    const real_kernels *real;
    const feature_array *level;
    ptrdiff_t cols, item; /* of the plane */
    unsigned char *plane;
    plane_limits limits;
    int32_t *places[2]; /* of each axis: first all `before`, then all `after` */
    double *weights[2];
} zoom_job;

/* Where the elements of a shorter axis stand among `from` ones. */
static void place_axis(ptrdiff_t from, ptrdiff_t to, int32_t *places, double *weights)
{
    double zoom = (double)from / (double)to;
    for (ptrdiff_t i = 0; i < to; i++) {
        double at = ((double)i + 0.5) * zoom - 0.5;
        at = at > 0 ? at : 0;
        ptrdiff_t before = (ptrdiff_t)at, after = before + 1;
        before = before < from ? before : from - 1;
        if (after >= from)
            after = from > 1 ? 2 * from - 2 - after : 0;
        places[i] = (int32_t)before;
        places[to + i] = (int32_t)(after > 0 ? after : 0);
        weights[2 * i] = 1 - (at - (double)before);
        weights[2 * i + 1] = at - (double)before;
    }
}

static void zoom_band(void *context, ptrdiff_t band, int thread)
{
    const zoom_job *job = context;
    ptrdiff_t rows = job->level->shape[0], cols = job->level->shape[1];
    ptrdiff_t first = band * BAND_ROWS, end = first + BAND_ROWS;
    ptrdiff_t pitch = job->cols * job->item;
    zoom_axis right = {job->places[1], job->places[1] + cols, job->weights[1], cols};
    (void)thread;
    for (ptrdiff_t y = first; y < end && y < rows; y++) {
        const void *around[2] = {job->plane + job->places[0][y] * pitch,
                                 job->plane + job->places[0][rows + y] * pitch};
        job->real->zoom_row(around, job->weights[0] + 2 * y, &right, &job->limits,
                            row_of(job->level, y));
    }
}

static feature_status check_level(const feature_array *image,
                                  const feature_filter *axis,
                                  const feature_array *level)
{
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK)
        status = check_array(level, 2);
    if (status != FEATURE_OK)
        return status;
    if (level->dtype != (int32_t)storage_type(image))
        return FEATURE_BAD_DTYPE;
    ptrdiff_t item = dtype_size(level->dtype);
    if (axis == NULL || !filter_is_valid(&axis[0]) || !filter_is_valid(&axis[1]) ||
        is_empty(image) || is_empty(level) ||
        (level->shape[1] > 1 && level->strides[1] != item))
        return FEATURE_BAD_ARGUMENT;
    for (int i = 0; i < 2; i++)
        if (level->shape[i] > image->shape[i] || image->shape[i] > INT32_MAX)
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

/* The plane comes first in the block. */
static feature_status lease_level(zoom_job *job, const feature_array *image)
{
    size_t pixels = (size_t)image->shape[0] * (size_t)image->shape[1];
    for (arena a = {NULL, 0};;) {
        job->plane = arena_take(&a, pixels, (size_t)job->item);
        for (int i = 0; i < 2; i++) {
            size_t count = 2 * (size_t)job->level->shape[i];
            job->places[i] = arena_take(&a, count, sizeof(int32_t));
            job->weights[i] = arena_take(&a, count, sizeof(double));
        }
        if (a.base != NULL)
            return FEATURE_OK;
        if (a.used == SIZE_MAX || (a.base = memory_lease(a.used)) == NULL)
            return FEATURE_NO_MEMORY;
        a.used = 0;
    }
}

feature_status feature_orb_level(const feature_array *image, const feature_filter *axis,
                                 const feature_array *level, const feature_run *run)
{
    feature_status status = check_level(image, axis, level);
    if (status != FEATURE_OK)
        return status;
    ptrdiff_t rows = level->shape[0], cols = level->shape[1];
    zoom_job job = {.real = real_kernels_for(storage_type(image)), .level = level};
    job.cols = image->shape[1];
    job.item = dtype_size(level->dtype);
    ptrdiff_t bands = (rows + BAND_ROWS - 1) / BAND_ROWS;
    team t = team_for(run, bands, (double)rows * (double)cols * PIXEL_NANOSECONDS);
    status = lease_level(&job, image);
    if (status != FEATURE_OK)
        return status;
    for (int i = 0; i < 2; i++)
        place_axis(image->shape[i], level->shape[i], job.places[i], job.weights[i]);
    status = plane_smooth(image, axis, job.plane, &job.limits, run);
    if (status == FEATURE_OK)
        status = team_run(&t, bands, zoom_band, &job);
    memory_return(job.plane);
    return status;
}

/* ------------------------------------------------------------------------ */
/* Keypoints                                                                */
/* ------------------------------------------------------------------------ */

typedef struct point_job {
    const real_kernels *real;
    const feature_array *level, *points;
    const feature_array *angles, *out; /* out: responses or descriptors */
    const double *weights;
    double factor;
    ptrdiff_t item, pitch; /* a row of the level in elements */
} point_job;

static const void *pixel_at(const point_job *job, ptrdiff_t k, ptrdiff_t back)
{
    const int64_t *point = (const void *)row_of(job->points, k);
    return row_of(job->level, (ptrdiff_t)point[0] - back) +
           ((ptrdiff_t)point[1] - back) * job->item;
}

static ptrdiff_t end_of(const point_job *job, ptrdiff_t band)
{
    ptrdiff_t end = (band + 1) * POINTS_A_BAND, count = job->points->shape[0];
    return end < count ? end : count;
}

static void respond_band(void *context, ptrdiff_t band, int thread)
{
    const point_job *job = context;
    ptrdiff_t end = end_of(job, band);
    (void)thread;
    for (ptrdiff_t k = band * POINTS_A_BAND; k < end; k += PATCHES) {
        ptrdiff_t count = end - k < PATCHES ? end - k : PATCHES;
        const void *patches[PATCHES];
        ptrdiff_t strides[PATCHES];
        double found[PATCHES]; /* or floats */
        for (ptrdiff_t i = 0; i < PATCHES; i++) {
            patches[i] = pixel_at(job, i < count ? k + i : k, HARRIS_REACH);
            strides[i] = job->pitch;
        }
        job->real->harris_points(patches, strides, job->weights, job->factor, found);
        const unsigned char *from = (const void *)found;
        unsigned char *to = (unsigned char *)job->out->data + k * job->item;
        for (ptrdiff_t i = 0; i < count * job->item; i++)
            to[i] = from[i];
    }
}

static void describe_band(void *context, ptrdiff_t band, int thread)
{
    const point_job *job = context;
    ptrdiff_t pairs[2 * ORB_BITS];
    (void)thread;
    for (ptrdiff_t k = band * POINTS_A_BAND; k < end_of(job, band); k++) {
        double angle = *(const double *)(const void *)row_of(job->angles, k);
        job->real->turn_pairs(angle, job->pitch, pairs);
        job->real->compare_pairs(pixel_at(job, k, 0), pairs, ORB_BITS,
                                 row_of(job->out, k));
    }
}

/* Points of int64 in pairs, at least `reach` pixels from the border of a level whose
 * elements stand side by side. */
static feature_status check_points(const feature_array *level,
                                   const feature_array *points, ptrdiff_t reach)
{
    feature_status status = check_array(level, 2);
    if (status == FEATURE_OK)
        status = check_array(points, 2);
    if (status != FEATURE_OK)
        return status;
    if ((level->dtype != FEATURE_FLOAT32 && level->dtype != FEATURE_FLOAT64) ||
        points->dtype != FEATURE_INT64)
        return FEATURE_BAD_DTYPE;
    if (points->shape[1] != 2)
        return FEATURE_BAD_ARGUMENT;
    if (is_empty(points))
        return FEATURE_OK;
    if (level->strides[1] != dtype_size(level->dtype) ||
        points->strides[1] != sizeof(int64_t))
        return FEATURE_BAD_ARGUMENT;
    for (ptrdiff_t k = 0; k < points->shape[0]; k++) {
        const int64_t *point = (const void *)row_of(points, k);
        for (int i = 0; i < 2; i++)
            if (point[i] < reach || point[i] >= level->shape[i] - reach)
                return FEATURE_BAD_ARGUMENT;
    }
    return FEATURE_OK;
}

static feature_status run_points(point_job *job,
                                 void (*band)(void *, ptrdiff_t, int),
                                 double nanoseconds, const feature_run *run)
{
    ptrdiff_t count = job->points->shape[0];
    ptrdiff_t bands = (count + POINTS_A_BAND - 1) / POINTS_A_BAND;
    job->real = real_kernels_for((feature_dtype)job->level->dtype);
    job->item = dtype_size(job->level->dtype);
    job->pitch = job->level->strides[0] / job->item;
    team t = team_for(run, bands, (double)count * nanoseconds);
    return team_run(&t, bands, band, job);
}

feature_status feature_orb_responses(const feature_array *level,
                                     const feature_array *points,
                                     const feature_filter *filter, double factor,
                                     const feature_array *responses,
                                     const feature_run *run)
{
    feature_status status = check_points(level, points, HARRIS_REACH);
    if (status == FEATURE_OK)
        status = check_array(responses, 1);
    if (status != FEATURE_OK)
        return status;
    if (responses->dtype != level->dtype)
        return FEATURE_BAD_DTYPE;
    ptrdiff_t count = points->shape[0];
    if (filter == NULL || !filter_is_valid(filter) || filter->radius != HARRIS_RADIUS ||
        responses->shape[0] != count ||
        (count > 1 && responses->strides[0] != dtype_size(responses->dtype)))
        return FEATURE_BAD_ARGUMENT;
    if (count == 0)
        return FEATURE_OK;
    point_job job = {.level = level, .points = points, .out = responses};
    job.weights = filter->weights;
    job.factor = factor;
    return run_points(&job, respond_band, RESPONSE_NANOSECONDS, run);
}

feature_status feature_orb_describe(const feature_array *level,
                                    const feature_array *points,
                                    const feature_array *angles,
                                    const feature_array *descriptors,
                                    const feature_run *run)
{
    feature_status status = check_points(level, points, PAIRS_REACH);
    if (status == FEATURE_OK)
        status = check_array(angles, 1);
    if (status == FEATURE_OK)
        status = check_array(descriptors, 2);
    if (status != FEATURE_OK)
        return status;
    if (angles->dtype != FEATURE_FLOAT64 || descriptors->dtype != FEATURE_BOOL)
        return FEATURE_BAD_DTYPE;
    ptrdiff_t count = points->shape[0];
    if (angles->shape[0] != count || descriptors->shape[0] != count ||
        descriptors->shape[1] != ORB_BITS)
        return FEATURE_BAD_ARGUMENT;
    if (count == 0)
        return FEATURE_OK;
    if (descriptors->strides[1] != 1)
        return FEATURE_BAD_ARGUMENT;
    point_job job = {
        .level = level, .points = points, .angles = angles, .out = descriptors};
    return run_points(&job, describe_band, DESCRIPTOR_NANOSECONDS, run);
}
