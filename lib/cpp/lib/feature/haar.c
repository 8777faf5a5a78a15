/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Haar-like features: differences between sums of neighbouring rectangles.
 *
 * P. Viola, M. J. Jones, "Robust Real-Time Face Detection", International Journal of
 * Computer Vision 57 (2004), 137-154; C. Papageorgiou, M. Oren, T. Poggio, "A general
 * framework for object detection", ICCV 1998. A feature is an area of a window, cut
 * into equal parts, two or three beside or above one another, or two by two:
 *
 *     0 type-2-x   1 type-2-y   2 type-3-x   3 type-3-y   4 type-4
 *      - +           -           - + -         -           - +
 *                    +                         +           + -
 *                                              -
 *
 * Its value is the sum of the parts marked + less that of those marked -. The sum of a
 * rectangle takes four elements of the integral image I, in which I[y, x] is the sum of
 * all pixels up to row y and column x, both included.
 *
 * Conventions. Rows first. A part is dy rows high and dx columns wide, its first pixel
 * (y, x) counted from the window's. Features come in the order of their type, then of
 * y, x, dy, dx. Packed, a feature is the five numbers type, y, x, dy, dx; else it is a
 * list of rectangles, each by its first and its last row and column, of which those at
 * odd places are added and the others subtracted. All of them lie within the window,
 * and the window within the image.
 *
 * Types. float32 and float64 as they are; integers wrap round within their type for
 * each rectangle, whose sum is taken as signed, and are added in int64.
 *
 * Difference. scikit-image cuts the window out of the integral image and reads the
 * piece as if nothing stood before it, so that rectangles that begin in the window's
 * first row or column hold all that lies before them. Here the row and the column
 * before the window are read; at the image's origin both are the same.
 *
 * How it runs. The elements that a window needs, (height + 1) by (width + 1), are
 * copied three times, as they are and sorted by column modulo two and three, so that
 * the corners of features that differ in dx alone stand side by side, and a vector is a
 * run of dx. Features of one type and first row are one unit of work. Beyond the
 * output nothing grows with the number of features.
 */
#include <stdatomic.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define VECTOR_AT_MOST 64 /* bytes that may be read behind the planes */
#define PACKED 5          /* numbers */
#define TYPES_AT_MOST 1024
#define RECTANGLES_AT_MOST 4
#define GIVEN_A_BAND 8192
/* Only the break-even of threads depends on these. */
#define NANOSECONDS_PER_FEATURE 2
#define NANOSECONDS_PER_GIVEN 5
#define NANOSECONDS_PER_COORDINATE 3

static const ptrdiff_t parts[HAAR_TYPES][2] = {{1, 2}, {2, 1}, {1, 3}, {3, 1}, {2, 2}};

/* ------------------------------------------------------------------------ */
/* How many                                                                 */
/* ------------------------------------------------------------------------ */

/* The sum of i / k for i from 1 to n: places of k equal parts within a length of n. */
static ptrdiff_t places(ptrdiff_t n, ptrdiff_t k)
{
    ptrdiff_t q = n / k;
    return k * (q * (q - 1) / 2) + q * (n % k + 1);
}

#define SIDE_AT_MOST ((ptrdiff_t)1 << 15) /* features are then counted below 2^60 */

static int window_is_valid(ptrdiff_t height, ptrdiff_t width, const int32_t *types,
                           ptrdiff_t count)
{
    if (height < 0 || width < 0 || height > SIDE_AT_MOST || width > SIDE_AT_MOST ||
        count < 0 || count > TYPES_AT_MOST || (count > 0 && types == NULL))
        return 0;
    for (ptrdiff_t k = 0; k < count; k++)
        if (types[k] < 0 || types[k] >= HAAR_TYPES)
            return 0;
    return 1;
}

/* The features of one type whose area begins in rows before `y`. */
static ptrdiff_t count_before(ptrdiff_t height, ptrdiff_t width, int type, ptrdiff_t y)
{
    ptrdiff_t down = parts[type][0];
    return (places(height, down) - places(height - y, down)) *
           places(width, parts[type][1]);
}

/* All features of all types; -1 where that is more than can be counted. */
static ptrdiff_t count_all(ptrdiff_t height, ptrdiff_t width, const int32_t *types,
                           ptrdiff_t count)
{
    ptrdiff_t all = 0;
    for (ptrdiff_t k = 0; k < count; k++)
        if (__builtin_add_overflow(all, count_before(height, width, types[k], height),
                                   &all))
            return -1;
    return all;
}

/* ------------------------------------------------------------------------ */
/* The window                                                               */
/* ------------------------------------------------------------------------ */

/* The kernels for one type of element. */
typedef struct haar_kernels {
    void (*load)(const void *, ptrdiff_t, ptrdiff_t, feature_dtype, void *);
    void (*features)(const haar_window *, int, ptrdiff_t, ptrdiff_t, void *);
    void (*packed)(const haar_window *, const int32_t *, ptrdiff_t, void *, int *);
    void (*rectangles)(const haar_window *, const int32_t *, int, ptrdiff_t, void *,
                       int *);
    ptrdiff_t size;
    feature_dtype out;
} haar_kernels;

static haar_kernels kernels_for(int32_t dtype)
{
    if (dtype == FEATURE_FLOAT32 || dtype == FEATURE_FLOAT64) {
        const real_kernels *real = real_kernels_for((feature_dtype)dtype);
        return (haar_kernels){real->haar_load,   real->haar_features,
                              real->haar_packed, real->haar_rectangles,
                              dtype_size(dtype), (feature_dtype)dtype};
    }
    const plain_kernels *plain = plain_kernels_in_use();
    return (haar_kernels){plain->haar_integer_load,   plain->haar_integer_features,
                          plain->haar_integer_packed, plain->haar_integer_rectangles,
                          sizeof(int64_t),            FEATURE_INT64};
}

typedef struct haar_job {
    haar_kernels kernels;
    haar_window window;
    const int32_t *types;
    const feature_array *coord;
    unsigned char *out;
    atomic_int wrong; /* a given feature leaves the window */
} haar_job;

static void start_job(haar_job *job, int32_t dtype, ptrdiff_t height, ptrdiff_t width)
{
    job->kernels = kernels_for(dtype);
    job->window.height = height;
    job->window.width = width;
    if (job->kernels.out == FEATURE_INT64)
        job->window.narrow = (int)(64 - 8 * dtype_size(dtype));
}

/* Room for the first `planes` of the window's copies. */
static void layout_window(haar_job *job, int planes, unsigned char **plane, arena *a)
{
    haar_window *w = &job->window;
    for (int k = 0; k < planes; k++) {
        w->part[k] = (w->width + 1 + k) / (k + 1);
        w->pitch[k] = w->part[k] * (k + 1);
        size_t count = ((size_t)w->height + 1) * (size_t)w->pitch[k];
        plane[k] = arena_take(a, count + VECTOR_AT_MOST, (size_t)job->kernels.size);
        w->planes[k] = plane[k];
    }
}

/* Row i of plane k, whose elements stand in the order of their columns in `row`. */
static void sort_row(const haar_job *job, const unsigned char *row, int k, ptrdiff_t i,
                     unsigned char *plane)
{
    const haar_window *w = &job->window;
    ptrdiff_t size = job->kernels.size;
    unsigned char *to = plane + i * w->pitch[k] * size;
    for (ptrdiff_t left = 0; left <= k && left <= w->width; left++)
        job->kernels.load(row + left * size, (k + 1) * size,
                          (w->width - left) / (k + 1) + 1, job->kernels.out,
                          to + left * w->part[k] * size);
}

/* Copies what the window needs of the integral image; zeros lie before its edges. */
static void fill_window(haar_job *job, const feature_array *integral, ptrdiff_t row,
                        ptrdiff_t col, int planes, unsigned char **plane)
{
    const haar_window *w = &job->window;
    ptrdiff_t size = job->kernels.size, stride = integral->strides[1];
    for (int k = 0; k < planes; k++)
        memset(plane[k] + (w->height + 1) * w->pitch[k] * size, 0,
               (size_t)(VECTOR_AT_MOST * size));
    for (ptrdiff_t i = 0; i <= w->height; i++) {
        unsigned char *to = plane[0] + i * w->pitch[0] * size;
        ptrdiff_t y = row + i - 1, skip = col == 0;
        memset(to, 0, (size_t)((w->width + 1) * size));
        if (y >= 0)
            job->kernels.load(row_of(integral, y) + (col - 1 + skip) * stride, stride,
                              w->width + 1 - skip, (feature_dtype)integral->dtype,
                              to + skip * size);
        for (int k = 1; k < planes; k++)
            sort_row(job, to, k, i, plane[k]);
    }
}

static feature_status check_window(const feature_array *integral, ptrdiff_t row,
                                   ptrdiff_t col, ptrdiff_t height, ptrdiff_t width,
                                   const feature_array *out)
{
    feature_status status = check_array(integral, 2);
    if (status == FEATURE_OK)
        status = check_array(out, 1);
    if (status != FEATURE_OK)
        return status;
    if (integral->dtype == FEATURE_FLOAT16 ||
        out->dtype != (int32_t)kernels_for(integral->dtype).out)
        return FEATURE_BAD_DTYPE;
    if (row < 0 || col < 0 || height < 0 || width < 0 ||
        row > integral->shape[0] - height || col > integral->shape[1] - width ||
        (out->shape[0] > 1 && out->strides[0] != dtype_size(out->dtype)))
        return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

/* A copy of the window in a leased block, which must be returned; NULL: no memory. */
static void *lease_window(haar_job *job, const feature_array *integral, ptrdiff_t row,
                          ptrdiff_t col, int planes)
{
    unsigned char *plane[3], *block = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        layout_window(job, planes, plane, &a);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return NULL;
    }
    fill_window(job, integral, row, col, planes, plane);
    return block;
}

/* ------------------------------------------------------------------------ */
/* All features of some types                                               */
/* ------------------------------------------------------------------------ */

/* Where the features of a unit of work begin, and how many they are. */
static ptrdiff_t place_of_band(const haar_job *job, ptrdiff_t band, ptrdiff_t *count)
{
    ptrdiff_t height = job->window.height, width = job->window.width;
    ptrdiff_t kind = band / height, y = band % height;
    int type = job->types[kind];
    ptrdiff_t before = count_before(height, width, type, y);
    *count = count_before(height, width, type, y + 1) - before;
    return count_all(height, width, job->types, kind) + before;
}

static void compute_band(void *context, ptrdiff_t band, int thread)
{
    const haar_job *job = context;
    ptrdiff_t count, first = place_of_band(job, band, &count);
    (void)thread;
    if (count > 0)
        job->kernels.features(&job->window, job->types[band / job->window.height],
                              band % job->window.height, count,
                              job->out + first * job->kernels.size);
}

feature_status feature_haar_like_feature(const feature_array *integral, ptrdiff_t row,
                                         ptrdiff_t col, ptrdiff_t height,
                                         ptrdiff_t width, const int32_t *types,
                                         ptrdiff_t count, const feature_array *out,
                                         const feature_run *run)
{
    if (!window_is_valid(height, width, types, count))
        return FEATURE_BAD_ARGUMENT;
    feature_status status = check_window(integral, row, col, height, width, out);
    if (status != FEATURE_OK)
        return status;
    ptrdiff_t all = count_all(height, width, types, count);
    if (out->shape[0] != all)
        return FEATURE_BAD_ARGUMENT;
    if (all == 0)
        return FEATURE_OK;
    haar_job job = {.types = types, .out = out->data};
    ptrdiff_t bands = count * height;
    start_job(&job, integral->dtype, height, width);
    void *block = lease_window(&job, integral, row, col, 3);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    team t = team_for(run, bands, (double)all * NANOSECONDS_PER_FEATURE);
    status = team_run(&t, bands, compute_band, &job);
    memory_return(block);
    return status;
}

/* ------------------------------------------------------------------------ */
/* Given features                                                           */
/* ------------------------------------------------------------------------ */

/* OK for (count, 5), or (count, rectangles, 4), row after row without gaps. */
static feature_status check_coord(const feature_array *coord, ptrdiff_t count)
{
    int32_t ndim = coord != NULL && coord->ndim == 3 ? 3 : 2;
    feature_status status = check_array(coord, ndim);
    if (status != FEATURE_OK)
        return status;
    if (coord->dtype != FEATURE_INT32)
        return FEATURE_BAD_DTYPE;
    if (coord->shape[0] != count || coord->shape[ndim - 1] != (ndim == 2 ? PACKED : 4))
        return FEATURE_BAD_ARGUMENT;
    if (ndim == 3 && (coord->shape[1] < 1 || coord->shape[1] > RECTANGLES_AT_MOST))
        return FEATURE_BAD_ARGUMENT;
    ptrdiff_t stride = sizeof(int32_t);
    for (int axis = ndim - 1; count > 0 && axis >= 0; stride *= coord->shape[axis--])
        if (coord->shape[axis] > 1 && coord->strides[axis] != stride)
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static void compute_given(void *context, ptrdiff_t band, int thread)
{
    haar_job *job = context;
    const feature_array *coord = job->coord;
    ptrdiff_t first = band * GIVEN_A_BAND, n = coord->shape[0] - first;
    n = n < GIVEN_A_BAND ? n : GIVEN_A_BAND;
    const int32_t *from = (const int32_t *)coord->data;
    unsigned char *out = job->out + first * job->kernels.size;
    int wrong = 0, rectangles = coord->ndim == 2 ? 0 : (int)coord->shape[1];
    (void)thread;
    if (rectangles == 0)
        job->kernels.packed(&job->window, from + first * PACKED, n, out, &wrong);
    else
        job->kernels.rectangles(&job->window, from + first * rectangles * 4, rectangles,
                                n, out, &wrong);
    if (wrong)
        atomic_store(&job->wrong, 1);
}

feature_status feature_haar_like_feature_given(const feature_array *integral,
                                               ptrdiff_t row, ptrdiff_t col,
                                               ptrdiff_t height, ptrdiff_t width,
                                               const feature_array *coord,
                                               const feature_array *out,
                                               const feature_run *run)
{
    feature_status status = check_window(integral, row, col, height, width, out);
    if (status == FEATURE_OK)
        status = check_coord(coord, out->shape[0]);
    if (status != FEATURE_OK || out->shape[0] == 0)
        return status;
    haar_job job = {.coord = coord, .out = out->data};
    start_job(&job, integral->dtype, height, width);
    void *block = lease_window(&job, integral, row, col, 1);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    ptrdiff_t bands = (out->shape[0] + GIVEN_A_BAND - 1) / GIVEN_A_BAND;
    team t = team_for(run, bands, (double)out->shape[0] * NANOSECONDS_PER_GIVEN);
    status = team_run(&t, bands, compute_given, &job);
    memory_return(block);
    return status == FEATURE_OK && job.wrong ? FEATURE_BAD_ARGUMENT : status;
}

/* ------------------------------------------------------------------------ */
/* Coordinates                                                              */
/* ------------------------------------------------------------------------ */

static void list_band(void *context, ptrdiff_t band, int thread)
{
    const haar_job *job = context;
    ptrdiff_t count, first = place_of_band(job, band, &count);
    const haar_window *w = &job->window;
    (void)thread;
    plain_kernels_in_use()->haar_coordinates(
        w->height, w->width, job->types[band / w->height], band % w->height,
        (int32_t *)(void *)job->out + PACKED * first);
}

feature_status feature_haar_like_feature_coord(ptrdiff_t height, ptrdiff_t width,
                                               const int32_t *types, ptrdiff_t count,
                                               const feature_array *coord,
                                               const feature_run *run)
{
    if (!window_is_valid(height, width, types, count))
        return FEATURE_BAD_ARGUMENT;
    ptrdiff_t all = count_all(height, width, types, count);
    feature_status status = check_coord(coord, all);
    if (status == FEATURE_OK && coord->ndim != 2)
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK || all == 0)
        return status;
    haar_job job = {.types = types, .out = coord->data};
    ptrdiff_t bands = count * height;
    start_job(&job, FEATURE_INT64, height, width);
    team t = team_for(run, bands, (double)all * NANOSECONDS_PER_COORDINATE);
    return team_run(&t, bands, list_band, &job);
}
