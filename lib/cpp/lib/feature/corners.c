/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dense corner measures: one response for each pixel.
 *
 * C. Harris, M. Stephens, "A Combined Corner and Edge Detector", Alvey Vision
 * Conference (1988), 147-151. J. Shi, C. Tomasi, "Good Features to Track", CVPR
 * (1994), 593-600. W. Foerstner, E. Guelch, "A Fast Operator for Detection and
 * Precise Location of Distinct Points", ISPRS (1987), 281-305. L. Kitchen,
 * A. Rosenfeld, "Gray-level corner detection", Pattern Recognition Letters 1 (1982),
 * 95-102.
 *
 * The first three look at the structure tensor, with y down and x to the right
 *
 *     A = [ Ayy Axy ]      Ayy = G * (Iy Iy), Axy = G * (Iy Ix), Axx = G * (Ix Ix)
 *         [ Axy Axx ]
 *
 * where Iy and Ix are Sobel's gradients (gain 8) and G is a Gaussian. Beyond the
 * image stands 0, for the gradients and for their products.
 *
 *     Harris           det A - k trace(A)^2, or 2 det A / (trace A + eps)
 *     Shi and Tomasi   the smaller eigenvalue of A
 *     Foerstner        w = det A / trace A, q = 4 det A / trace(A)^2; 0 where A is 0
 *
 * Kitchen and Rosenfeld's measure needs no window: with all derivatives by Sobel,
 * second ones by Sobel's operator on the first,
 *
 *     (Ixx Iy^2 + Iyy Ix^2 - 2 Ixy Ix Iy) / (Ix^2 + Iy^2), 0 where the gradient is 0
 *
 * on grey values as they are (bytes: corners_bytes.c); the others scale integers to
 * [0, 1] or [-1, 1] first.
 *
 * How it runs. A band of rows is one unit of work. It pulls rows of the tensor
 * (core/tensor.h) or of gradients (core/sobel.h) and makes responses of them; no
 * plane but the output exists. Each step is stored in the reference's type and made
 * in its order of operations, so that in doubles the last bit agrees: one bit of noise
 * would change which of two equal corners is the larger. In floats the tensor does not
 * (core/tensor.h).
 *
 * Cost for sigma 1: about 110 vector operations a pixel, of which the six passes of the
 * window are 84. It is bound by loads from the first cache.
 */
#include <string.h>

#include "core/array.h"
#include "core/fetch.h"
#include "core/memory.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "corners.h"
#include "feature.h"
#include "kernels/kernels.h"

/* Measured with AVX2 and sigma 1; only the break-even of threads depends on it. */
#define NANOSECONDS_PER_PIXEL 4

struct corner_job;

/* One thread's buffers. */
typedef struct corner_scratch {
    tensor_rows tensor;
    piece_reader reader;
    sobel first, second[2]; /* of the image; of its gradients down and right */
    void *response[2];
} corner_scratch;

typedef void respond_function(const struct corner_job *job, corner_scratch *s,
                              ptrdiff_t y, void *const *out);

/* One call. */
typedef struct corner_job {
    tensor_plan plan;
    respond_function *respond;
    int32_t method;
    double factor;
    int of_tensor; /* rows of the tensor are needed, or else of gradients */
    const feature_array *out[2];
    int outs;
    ptrdiff_t rows, cols, bands;
    team team;
    thread_memory memory;
} corner_job;

/* ------------------------------------------------------------------------ */
/* Responses of one row                                                     */
/* ------------------------------------------------------------------------ */

static void respond_harris(const corner_job *job, corner_scratch *s, ptrdiff_t y,
                           void *const *out)
{
    tensor_move(&s->tensor, y);
    job->plan.source.real->harris_row(s->tensor.row, job->cols,
                                      job->method == FEATURE_HARRIS_EPS, job->factor,
                                      out[0]);
}

static void respond_shi_tomasi(const corner_job *job, corner_scratch *s, ptrdiff_t y,
                               void *const *out)
{
    tensor_move(&s->tensor, y);
    job->plan.source.real->shi_tomasi_row(s->tensor.row, job->cols, out[0]);
}

static void respond_foerstner(const corner_job *job, corner_scratch *s, ptrdiff_t y,
                              void *const *out)
{
    tensor_move(&s->tensor, y);
    job->plan.source.real->foerstner_row(s->tensor.row, job->cols, out[0], out[1]);
}

/* Row readers: the gradients of the image as an image of their own. */
static void read_down(void *from, ptrdiff_t y, void *row)
{
    corner_scratch *s = from;
    sobel_move(&s->first, y);
    memcpy(row, s->first.down, (size_t)(s->first.plan->cols * s->first.item));
}

static void read_right(void *from, ptrdiff_t y, void *row)
{
    corner_scratch *s = from;
    sobel_move(&s->first, y);
    memcpy(row, s->first.right, (size_t)(s->first.plan->cols * s->first.item));
}

static void respond_kitchen_rosenfeld(const corner_job *job, corner_scratch *s,
                                      ptrdiff_t y, void *const *out)
{
    /* Both in step: each row of gradients is made once for the two. */
    sobel_move(&s->second[0], y);
    sobel_move(&s->second[1], y);
    const void *first[2] = {sobel_held(&s->second[0], y), sobel_held(&s->second[1], y)};
    const void *second[3] = {s->second[0].down, s->second[1].down, s->second[1].right};
    job->plan.source.real->kitchen_rosenfeld_row(first, second, job->cols, out[0]);
}

/* ------------------------------------------------------------------------ */
/* Bands                                                                    */
/* ------------------------------------------------------------------------ */

static void layout(corner_scratch *s, const corner_job *job, arena *a)
{
    if (job->of_tensor) {
        tensor_layout(&s->tensor, &job->plan, a);
    } else {
        s->reader = piece_reader_new(&job->plan.source, a);
        sobel_layout(&s->first, &job->plan.sobel, a);
        sobel_layout(&s->second[0], &job->plan.sobel, a);
        sobel_layout(&s->second[1], &job->plan.sobel, a);
    }
    for (int k = 0; k < job->outs; k++)
        s->response[k] =
            arena_take(a, (size_t)job->cols, (size_t)job->plan.source.item);
}

static void start_band(corner_scratch *s, const corner_job *job, ptrdiff_t first)
{
    if (job->of_tensor) {
        tensor_start(&s->tensor, first);
        return;
    }
    sobel_start(&s->first, read_image_row, &s->reader);
    sobel_start(&s->second[0], read_down, s);
    s->second[0].only_down = 1; /* the mixed derivative comes from the other */
    sobel_start(&s->second[1], read_right, s);
}

static void respond_band(void *context, ptrdiff_t index, int thread)
{
    corner_job *job = context;
    ptrdiff_t first = index * BAND_ROWS, end = first + BAND_ROWS;
    end = end < job->rows ? end : job->rows;
    corner_scratch s;
    arena a = arena_of(&job->memory, thread);
    layout(&s, job, &a);
    start_band(&s, job, first);
    for (ptrdiff_t y = first; y < end && !team_is_stopped(&job->team, thread); y++) {
        void *out[2] = {NULL, NULL};
        for (int k = 0; k < job->outs; k++) {
            out[k] =
                has_dense_lines(job->out[k]) ? row_of(job->out[k], y) : s.response[k];
            fetch_ahead(job->out[k], y, 0, job->cols);
        }
        job->respond(job, &s, y, out);
        for (int k = 0; k < job->outs; k++)
            if (!has_dense_lines(job->out[k]))
                job->plan.source.real->spread_row(
                    out[k], job->cols, row_of(job->out[k], y), job->out[k]->strides[1]);
    }
}

static feature_status run_job(corner_job *job, const feature_run *run)
{
    job->rows = job->plan.sobel.rows;
    job->cols = job->plan.sobel.cols;
    job->bands = (job->rows + BAND_ROWS - 1) / BAND_ROWS;
    job->team = team_for(run, job->bands,
                         (double)job->rows * (double)job->cols * NANOSECONDS_PER_PIXEL);
    corner_scratch counting;
    arena a = {NULL, 0};
    layout(&counting, job, &a);
    return team_run_with(&job->team, job->bands, respond_band, job, &job->memory, &a);
}

/* ------------------------------------------------------------------------ */
/* The measures                                                             */
/* ------------------------------------------------------------------------ */

static feature_status measure(const feature_array *image, const feature_filter *axis,
                              corner_job *job, const feature_run *run)
{
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK &&
        (axis == NULL || !filter_is_valid(&axis[0]) || !filter_is_valid(&axis[1])))
        status = FEATURE_BAD_ARGUMENT;
    for (int k = 0; status == FEATURE_OK && k < job->outs; k++)
        status = check_plane(job->out[k], storage_type(image), image);
    if (status != FEATURE_OK || is_empty(image))
        return status;
    job->plan = tensor_plan_for(image, axis, 0);
    job->of_tensor = 1;
    return run_job(job, run);
}

feature_status feature_corner_harris(const feature_array *image,
                                     const feature_filter *axis, int32_t method,
                                     double factor, const feature_array *response,
                                     const feature_run *run)
{
    if (method != FEATURE_HARRIS_K && method != FEATURE_HARRIS_EPS)
        return FEATURE_BAD_ARGUMENT;
    corner_job job = {.respond = respond_harris,
                      .method = method,
                      .factor = factor,
                      .out = {response},
                      .outs = 1};
    return measure(image, axis, &job, run);
}

feature_status feature_corner_shi_tomasi(const feature_array *image,
                                         const feature_filter *axis,
                                         const feature_array *response,
                                         const feature_run *run)
{
    corner_job job = {.respond = respond_shi_tomasi, .out = {response}, .outs = 1};
    return measure(image, axis, &job, run);
}

feature_status feature_corner_foerstner(const feature_array *image,
                                        const feature_filter *axis,
                                        const feature_array *size,
                                        const feature_array *roundness,
                                        const feature_run *run)
{
    corner_job job = {
        .respond = respond_foerstner, .out = {size, roundness}, .outs = 2};
    return measure(image, axis, &job, run);
}

feature_status feature_corner_kitchen_rosenfeld(const feature_array *image,
                                                const int32_t *borders, double cval,
                                                const feature_array *response,
                                                const feature_run *run)
{
    static const double one = 1;
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK && borders == NULL)
        status = FEATURE_BAD_ARGUMENT;
    if (status == FEATURE_OK)
        status = check_plane(response, storage_type(image), image);
    if (status != FEATURE_OK)
        return status;
    feature_filter axis[2] = {{&one, 0, borders[0]}, {&one, 0, borders[1]}};
    if (!filter_is_valid(&axis[0]) || !filter_is_valid(&axis[1]))
        return FEATURE_BAD_ARGUMENT;
    if (is_empty(image))
        return FEATURE_OK;
    if (kitchen_rosenfeld_is_of_bytes(image, borders, cval))
        return kitchen_rosenfeld_of_bytes(image, borders, response, run);
    corner_job job = {
        .respond = respond_kitchen_rosenfeld, .out = {response}, .outs = 1};
    job.plan = tensor_plan_for(image, axis, cval);
    job.plan.source.unscaled = 1;
    return run_job(&job, run);
}
