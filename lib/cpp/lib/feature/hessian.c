/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tensors: the Hessian of an image, its determinant, and the shape index.
 *
 * With S the image smoothed by a Gaussian, the Hessian's elements are Hij = d/dj d/di
 * S, i <= j, n (n + 1) / 2 planes in the order 00, 01, ..., 11, ... There are two ways.
 *
 *   Differences. d/di is (next - previous) / 2, at both ends the difference of the
 *   last two; the second derivative is that of the first. `columns_first` (2-D only)
 *   gives the planes 11, 10, 00, where 10 is made in the other order and rounded
 *   otherwise.
 *
 *   Gaussian derivatives. Two filters an axis, a Gaussian of sigma / sqrt 2 and its
 *   derivative. The gradient along i is the derivative's filter along i and the
 *   Gaussian's along the others; Hij is the same along j, of the gradient along i. So
 *   the Gaussians of both add up to sigma.
 *
 * Shape index. J. J. Koenderink, A. J. van Doorn, "Surface shape and curvature
 * scales", Image and Vision Computing 10 (1992), 557-564. With k1 >= k2 the
 * eigenvalues of the Hessian by differences: 2 / pi arctan((k2 + k1) / (k2 - k1)), -1
 * for a cup to 1 for a cap, NaN where both are 0.
 *
 * Determinant. That of the Hessian by differences; hessian_boxes.c has another, by box
 * filters.
 *
 * How it runs. By differences in two dimensions, a band of rows is one unit of work:
 * smoothed rows are pulled (core/smooth.h) through a ring of five. In more
 * dimensions one plane of doubles is smoothed (core/volume.h), then its lines are
 * worked through in bands. Either way a line of the result is made of pointers
 * to lines of S; lines of a volume are short, and some of them, which follow each other
 * away from the border, are made as one. Gaussian derivatives run on whole planes, n +
 * 1 of them kept (in two dimensions, where both axes are filtered at once, 2).
 */
#include <float.h>
#include <math.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/output.h"
#include "core/plane.h"
#include "core/smooth.h"
#include "core/threads.h"
#include "core/volume.h"
#include "feature.h"
#include "kernels/kernels.h"

#define BAND_ROWS 64
#define SMOOTHED_ROWS 5
#define ELEMENTS_OF_A_RUN 512 /* of lines made as one: all derivatives stay in L1 */
#define PAIRS_AT_MOST (ORDER_AT_MOST * (ORDER_AT_MOST + 1) / 2)
/* Measured with AVX2; only the break-even of threads depends on them. */
#define NANOSECONDS_PER_PIXEL 3
#define NANOSECONDS_OF_FILTERS 6

typedef enum hessian_result { PLANES, DETERMINANT, SHAPE_INDEX } hessian_result;

/* One call. */
typedef struct hessian_job {
    const feature_array *image, *out; /* `outs` of out */
    int outs, ndim, pairs;
    hessian_result result;
    int first[PAIRS_AT_MOST], second[PAIRS_AT_MOST]; /* axes of differentiation */
    smooth_plan plan;     /* two dimensions */
    const wide *smoothed; /* more */
    ptrdiff_t apart[DIMENSIONS_AT_MOST]; /* elements between neighbours in it */
    ptrdiff_t cols, lines, lines_of_a_band, lines_of_a_run;
    const real_kernels *real;
    line_output output;
    thread_memory memory;
} hessian_job;

/* One thread's buffers. */
typedef struct hessian_scratch {
    smoother smoother;
    wide *ring;
    wide *row[PAIRS_AT_MOST], *response;
    ptrdiff_t pitch, next;            /* the first row not yet smoothed */
    ptrdiff_t at[DIMENSIONS_AT_MOST]; /* the line under work, */
    ptrdiff_t run;                    /* and so many with those behind it */
} hessian_scratch;

static void layout(hessian_scratch *s, const hessian_job *job, arena *a)
{
    s->pitch = row_pitch(job->cols * job->lines_of_a_run);
    size_t row_bytes = (size_t)s->pitch * sizeof(wide);
    if (job->smoothed == NULL) {
        smoother_layout(&s->smoother, &job->plan, a);
        s->ring = arena_take(a, SMOOTHED_ROWS, row_bytes);
    }
    for (int k = 0; k < job->pairs; k++)
        s->row[k] = arena_take(a, 1, row_bytes);
    s->response = arena_take(a, 1, row_bytes);
}

/* ------------------------------------------------------------------------ */
/* Lines of derivatives                                                     */
/* ------------------------------------------------------------------------ */

static wide *ring_row(const hessian_scratch *s, ptrdiff_t y)
{
    return s->ring + y % SMOOTHED_ROWS * s->pitch + ROW_PAD;
}

/* The line s->at of the smoothed image. */
static const wide *smoothed_line(const hessian_job *job, const hessian_scratch *s)
{
    if (job->smoothed == NULL)
        return ring_row(s, s->at[0]);
    const wide *line = job->smoothed;
    for (int axis = 0; axis < job->ndim - 1; axis++)
        line += s->at[axis] * job->apart[axis];
    return line;
}

/* Elements of the lines under work. */
static ptrdiff_t run_size(const hessian_job *job, const hessian_scratch *s)
{
    return s->run * job->cols;
}

/* Between which lines along `axis` the slope at s->at is taken, and its scale. */
static double neighbours(const hessian_job *job, const hessian_scratch *s, int axis,
                         ptrdiff_t *low, ptrdiff_t *high)
{
    ptrdiff_t i = s->at[axis], last = job->image->shape[axis] - 1;
    *low = i > 0 ? i - 1 : 0;
    *high = i < last ? i + 1 : last;
    return *high - *low == 2 ? 0.5 : 1;
}

/* The two lines of the difference along `axis` at s->at, and its scale. */
static double difference(const hessian_job *job, hessian_scratch *s, int axis,
                         const wide **lines)
{
    if (axis == job->ndim - 1) {
        lines[0] = lines[1] = smoothed_line(job, s);
        return 0.5;
    }
    ptrdiff_t here = s->at[axis], low, high;
    double scale = neighbours(job, s, axis, &low, &high);
    s->at[axis] = high;
    lines[0] = smoothed_line(job, s);
    s->at[axis] = low;
    lines[1] = smoothed_line(job, s);
    s->at[axis] = here;
    return scale;
}

/* The derivative along `second` of that along `first`, on the line s->at. */
static void curvature(const hessian_job *job, hessian_scratch *s, int first, int second,
                      wide *out)
{
    int last = job->ndim - 1;
    second_difference of = {.inner_along = first == last,
                            .outer_along = second == last};
    ptrdiff_t here = s->at[second], low = here, high = here;
    of.scale[2] = of.outer_along ? 0.5 : neighbours(job, s, second, &low, &high);
    s->at[second] = high;
    of.scale[0] = difference(job, s, first, of.line);
    s->at[second] = low;
    of.scale[1] = difference(job, s, first, of.line + 2);
    s->at[second] = here;
    job->real->curvature_row(&of, job->cols, s->run, out);
}

/* ------------------------------------------------------------------------ */
/* Bands                                                                    */
/* ------------------------------------------------------------------------ */

/* Smooths what the rows from `y` - 2 to `y` + 2 need. */
static void smooth_rows(const hessian_job *job, hessian_scratch *s, ptrdiff_t y)
{
    ptrdiff_t rows = job->image->shape[0];
    for (; s->next <= y + 2 && s->next < rows; s->next++)
        smoother_row(&s->smoother, s->next, ring_row(s, s->next));
}

static void finish_line(const hessian_job *job, hessian_scratch *s,
                        wide *const *rows)
{
    for (int k = 0; k < job->outs; k++)
        if (!job->output.in_place)
            job->output.write(rows[k], run_size(job, s), line_of(&job->out[k], s->at),
                              job->out[k].strides[job->ndim - 1]);
}

static void make_line(const hessian_job *job, hessian_scratch *s)
{
    wide *out[PAIRS_AT_MOST], *rows[PAIRS_AT_MOST];
    for (int k = 0; k < job->outs; k++)
        out[k] = job->output.in_place    ? (wide *)(void *)line_of(&job->out[k], s->at)
                 : job->result == PLANES ? s->row[k]
                                         : s->response;
    for (int k = 0; k < job->pairs; k++) {
        rows[k] = job->result == PLANES ? out[k] : s->row[k];
        curvature(job, s, job->first[k], job->second[k], rows[k]);
    }
    if (job->result == DETERMINANT)
        job->real->determinant_row((const wide *const *)rows, job->ndim,
                                   run_size(job, s), out[0]);
    else if (job->result == SHAPE_INDEX)
        job->real->shape_index_row((const wide *const *)rows, run_size(job, s), out[0]);
    finish_line(job, s, out);
}

/* How many lines from s->at on are made as one, of `left`: those whose neighbours along
 * the axis before the last have two neighbours themselves. */
static ptrdiff_t run_at(const hessian_job *job, const hessian_scratch *s,
                        ptrdiff_t left)
{
    ptrdiff_t at = s->at[job->ndim - 2];
    ptrdiff_t inside = at < 2 ? 1 : job->image->shape[job->ndim - 2] - 2 - at;
    ptrdiff_t run = inside < job->lines_of_a_run ? inside : job->lines_of_a_run;
    run = run < left ? run : left;
    return run > 1 ? run : 1;
}

static void make_band(void *context, ptrdiff_t index, int thread)
{
    const hessian_job *job = context;
    ptrdiff_t first = index * job->lines_of_a_band, end = first + job->lines_of_a_band;
    hessian_scratch s;
    arena a = arena_of(&job->memory, thread);
    layout(&s, job, &a);
    if (job->smoothed == NULL) {
        s.next = first > 2 ? first - 2 : 0;
        smoother_start(&s.smoother, s.next);
    }
    end = end < job->lines ? end : job->lines;
    for (ptrdiff_t line = first; line < end; line += s.run) {
        if (job->smoothed == NULL)
            smooth_rows(job, &s, line);
        line_index(job->image, line, s.at);
        s.run = run_at(job, &s, end - line);
        make_line(job, &s);
    }
}

static feature_status run_bands(hessian_job *job, team *t)
{
    hessian_scratch counting;
    arena one = {NULL, 0};
    job->output = line_output_for(job->real, job->out, job->outs);
    layout(&counting, job, &one);
    ptrdiff_t bands = (job->lines + job->lines_of_a_band - 1) / job->lines_of_a_band;
    return team_run_with(t, bands, make_band, job, &job->memory, &one);
}

/* ------------------------------------------------------------------------ */
/* By differences                                                           */
/* ------------------------------------------------------------------------ */

/* The pairs of axes in the order of the planes. */
static void list_pairs(hessian_job *job, int columns_first)
{
    int n = job->ndim;
    for (int p = 0; p < n; p++)
        for (int q = p; q < n; q++, job->pairs++) {
            job->first[job->pairs] = columns_first ? n - 1 - p : p;
            job->second[job->pairs] = columns_first ? n - 1 - q : q;
        }
}

static feature_status differences_of_image(hessian_job *job, const feature_filter *axis,
                                           double cval, const feature_run *run)
{
    job->plan = (smooth_plan){.image = job->image,
                              .axis = axis,
                              .cval = cval,
                              .plain = plain_kernels_in_use(),
                              .real = job->real};
    job->lines_of_a_band = BAND_ROWS;
    job->lines_of_a_run = 1;
    team t = team_for(run, (job->lines + BAND_ROWS - 1) / BAND_ROWS,
                      (double)job->lines * (double)job->cols * NANOSECONDS_PER_PIXEL);
    return run_bands(job, &t);
}

static ptrdiff_t largest_radius(const feature_filter *axis, int ndim)
{
    ptrdiff_t radius = 0;
    for (int k = 0; k < ndim; k++)
        radius = axis[k].radius > radius ? axis[k].radius : radius;
    return radius;
}

static feature_status differences_of_volume(hessian_job *job,
                                            const feature_filter *axis, double cval,
                                            const feature_run *run)
{
    volume v;
    feature_status status =
        volume_open(&v, job->image, cval, largest_radius(axis, job->ndim), 1,
                    NANOSECONDS_OF_FILTERS * job->ndim, run);
    wide *plane = status == FEATURE_OK ? volume_plane(&v, 0) : NULL;
    const wide *from = NULL;
    if (status == FEATURE_OK)
        status = volume_read(&v, plane, &from);
    for (int k = 0; status == FEATURE_OK && k < job->ndim; k++)
        status = volume_filter(&v, k, &axis[k], 0, k == 0 ? from : plane, plane);
    if (status == FEATURE_OK) {
        job->smoothed = plane;
        ptrdiff_t apart = 1;
        for (int k = job->ndim - 1; k >= 0; k--) {
            job->apart[k] = apart;
            apart *= job->image->shape[k];
        }
        job->lines_of_a_band = 1 + 4096 / job->cols;
        job->lines_of_a_run = 1 + ELEMENTS_OF_A_RUN / job->cols;
        for (int k = 0; k < job->outs; k++)
            if (!is_contiguous(&job->out[k]))
                job->lines_of_a_run = 1;
        status = run_bands(job, &v.team);
    }
    volume_close(&v);
    return status;
}

static feature_status differences(hessian_job *job, const feature_filter *axis,
                                  double cval, const feature_run *run)
{
    const feature_array *image = job->image;
    for (int k = 0; k < image->ndim; k++)
        if (image->shape[k] < 2)
            return FEATURE_BAD_ARGUMENT;
    job->real = real_kernels_for(storage_type(image));
    job->cols = image->shape[image->ndim - 1];
    job->lines = line_count(image);
    return job->ndim == 2 ? differences_of_image(job, axis, cval, run)
                          : differences_of_volume(job, axis, cval, run);
}

/* ------------------------------------------------------------------------ */
/* By Gaussian derivatives                                                  */
/* ------------------------------------------------------------------------ */

/* SciPy takes a filter whose weights are all as good as 0 for a symmetric one. */
static int is_odd(const feature_filter *filter)
{
    for (ptrdiff_t k = 1; k <= filter->radius; k++)
        if (fabs(2 * filter->weights[k]) > DBL_EPSILON)
            return 1;
    return 0;
}

/* The derivative along one axis, Gaussians along the others. */
static feature_status differentiate(volume *v, const feature_filter *smoothing,
                                    const feature_filter *derivative, int along,
                                    const wide *in, wide *out)
{
    feature_status status = FEATURE_OK;
    for (int k = 0; status == FEATURE_OK && k < v->like->ndim; k++)
        status = volume_filter(v, k, k == along ? &derivative[k] : &smoothing[k],
                               k == along && is_odd(&derivative[k]),
                               k == 0 ? in : out, out);
    return status;
}

/* A derivative along one axis of an image, a Gaussian along the other. */
static feature_status differentiate_plane(const feature_array *image,
                                          const feature_filter *smoothing,
                                          const feature_filter *derivative, int along,
                                          double cval, const feature_array *out,
                                          const feature_run *run)
{
    feature_filter axis[2] = {smoothing[0], smoothing[1]};
    int odd[2] = {0, 0};
    axis[along] = derivative[along];
    odd[along] = is_odd(&derivative[along]);
    return plane_filter(image, axis, odd, cval, out, run);
}

static feature_status derivatives_of_plane(const hessian_job *job,
                                           const feature_filter *smoothing,
                                           const feature_filter *derivative,
                                           double cval, const feature_run *run)
{
    const feature_array *image = job->image;
    int32_t dtype = (int32_t)storage_type(image);
    ptrdiff_t item = dtype_size(dtype), strides[2] = {image->shape[1] * item, item};
    unsigned char *memory;
    arena whole = {NULL, 0};
    for (int k = 0; k < 2; k++)
        arena_take(&whole, (size_t)image->shape[0], (size_t)strides[0]);
    if (whole.used == SIZE_MAX || (memory = memory_lease(whole.used)) == NULL)
        return FEATURE_NO_MEMORY;
    feature_array slope[2];
    feature_status status = FEATURE_OK;
    for (int k = 0; status == FEATURE_OK && k < 2; k++) {
        void *plane = memory + (size_t)k * (whole.used / 2);
        slope[k] = (feature_array){plane, image->shape, strides, 2, dtype};
        status =
            differentiate_plane(image, smoothing, derivative, k, cval, &slope[k], run);
    }
    for (int k = 0; status == FEATURE_OK && k < job->pairs; k++)
        status = differentiate_plane(&slope[job->first[k]], smoothing, derivative,
                                     job->second[k], cval, &job->out[k], run);
    memory_return(memory);
    return status;
}

static feature_status gaussian_derivatives(const hessian_job *job,
                                           const feature_filter *smoothing,
                                           const feature_filter *derivative,
                                           double cval, const feature_run *run)
{
    int n = job->ndim;
    if (n == 2)
        return derivatives_of_plane(job, smoothing, derivative, cval, run);
    ptrdiff_t radius = largest_radius(smoothing, n);
    if (largest_radius(derivative, n) > radius)
        radius = largest_radius(derivative, n);
    volume v;
    feature_status status =
        volume_open(&v, job->image, cval, radius, n + 1,
                    NANOSECONDS_OF_FILTERS * n * (n + job->pairs), run);
    wide *work = status == FEATURE_OK ? volume_plane(&v, n) : NULL;
    const wide *from = NULL;
    if (status == FEATURE_OK)
        status = volume_read(&v, work, &from);
    for (int k = 0; status == FEATURE_OK && k < n; k++)
        status = differentiate(&v, smoothing, derivative, k, from, volume_plane(&v, k));
    for (int k = 0; status == FEATURE_OK && k < job->pairs; k++) {
        status = differentiate(&v, smoothing, derivative, job->second[k],
                               volume_plane(&v, job->first[k]), work);
        if (status == FEATURE_OK)
            status = volume_store(&v, work, &job->out[k]);
    }
    volume_close(&v);
    return status;
}

/* ------------------------------------------------------------------------ */
/* The functions                                                            */
/* ------------------------------------------------------------------------ */

static feature_status check_filters(const feature_array *image,
                                    const feature_filter *axis)
{
    feature_status status = check_volume(image);
    if (status != FEATURE_OK)
        return status;
    if (axis == NULL || image->ndim > ORDER_AT_MOST)
        return FEATURE_BAD_ARGUMENT;
    for (int k = 0; k < image->ndim; k++)
        if (!filter_is_valid(&axis[k]))
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static hessian_job new_job(const feature_array *image, hessian_result result,
                           int columns_first, const feature_array *out)
{
    hessian_job job = {
        .image = image, .out = out, .ndim = image->ndim, .result = result, .outs = 1};
    list_pairs(&job, columns_first);
    if (result == PLANES)
        job.outs = job.pairs;
    return job;
}

feature_status feature_hessian_matrix(const feature_array *image,
                                      const feature_filter *smoothing,
                                      const feature_filter *derivative, double cval,
                                      int32_t columns_first,
                                      const feature_array *planes,
                                      const feature_run *run)
{
    feature_status status = check_filters(image, smoothing);
    if (status == FEATURE_OK && derivative != NULL)
        status = check_filters(image, derivative);
    if (status != FEATURE_OK)
        return status;
    if (planes == NULL || (columns_first && image->ndim != 2) ||
        (derivative == NULL && image->ndim < 2))
        return FEATURE_BAD_ARGUMENT;
    hessian_job job = new_job(image, PLANES, columns_first, planes);
    for (int k = 0; status == FEATURE_OK && k < job.outs; k++)
        status = check_plane(&planes[k], storage_type(image), image);
    if (status != FEATURE_OK || (derivative != NULL && is_empty(image)))
        return status;
    if (derivative != NULL)
        return gaussian_derivatives(&job, smoothing, derivative, cval, run);
    return differences(&job, smoothing, cval, run);
}

feature_status feature_shape_index(const feature_array *image,
                                   const feature_filter *axis, double cval,
                                   const feature_array *index, const feature_run *run)
{
    feature_status status = check_filters(image, axis);
    if (status == FEATURE_OK && image->ndim != 2)
        status = FEATURE_BAD_ARGUMENT;
    if (status == FEATURE_OK)
        status = check_plane(index, storage_type(image), image);
    if (status != FEATURE_OK)
        return status;
    hessian_job job = new_job(image, SHAPE_INDEX, 0, index);
    return differences(&job, axis, cval, run);
}

feature_status feature_hessian_matrix_det(const feature_array *image,
                                          const feature_filter *axis,
                                          const feature_array *determinant,
                                          const feature_run *run)
{
    feature_status status = check_filters(image, axis);
    if (status == FEATURE_OK && image->ndim < 2)
        status = FEATURE_BAD_ARGUMENT;
    if (status == FEATURE_OK)
        status = check_plane(determinant, storage_type(image), image);
    if (status != FEATURE_OK)
        return status;
    hessian_job job = new_job(image, DETERMINANT, 0, determinant);
    return differences(&job, axis, 0, run);
}
