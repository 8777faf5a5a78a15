/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tensors: the structure tensor of an image and the eigenvalues of symmetric matrices.
 * (The Hessian, the other tensor, is told at the top of hessian.c.)
 *
 * Structure tensor. With I0, I1, ... the gradients of the image along its axes, by
 * Sobel's operator (gain 8 in two dimensions, 2 4^(n - 1) in n), and G a Gaussian,
 * the elements are Aij = G * (Ii Ij), i <= j, n (n + 1) / 2 planes in the order 00,
 * 01, ..., 11, ... Axis 0 is down in an image. Each pass, of Sobel's operator as of
 * the Gaussian, takes the border's rule by itself, as SciPy does: with a constant c
 * beyond the border, gradients and their products beyond it are c too. See J. Bigun,
 * G. Granlund, "Optimal Orientation Detection of Linear Symmetry", ICCV (1987).
 *
 * Two dimensions: rows of the tensor come from core/tensor.h, a band of rows is one
 * unit of work, no plane but the outputs exists. More: one pass an axis
 * over whole planes (core/volume.h); n + 1 planes of doubles are kept beside the
 * outputs, the gradients and the product under work.
 *
 * Eigenvalues, in decreasing order. Two by two in the reference's closed form,
 *
 *     (a + c) / 2 +- sqrt(b^2 + ((a - c) / 2)^2)
 *
 * larger ones sixteen at once, each in a lane, by Jacobi's rotations: every
 * off-diagonal element is turned to 0 in turn, until all are below 2^-52 of the
 * largest element. By Weyl's theorem no eigenvalue is then off by more than a few
 * units in the last place of the largest, whether eigenvalues are equal or not. Three
 * by three by the cubic (O. K. Smith, Communications of the ACM 4 (1961), 168), where
 * the half determinant r shows that the roots are apart: an error of r is multiplied
 * by 1 / (3 sqrt(1 - r^2)), so that up to |r| = 1 - 5e-6 all are good to 1e-12 of the
 * largest; Jacobi's rotations beyond, where half of the digits would be lost. In a
 * photograph that is one matrix in twenty: they are gathered along the line.
 * Matrices with NaN or infinity have NaN eigenvalues.
 *
 * Cost: the 2-D tensor as harris (corners.c); 2 by 2 eigenvalues are bound by memory
 * (40 bytes a pixel in float64); 3 by 3 by a division and two square roots a matrix.
 */
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/output.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "core/volume.h"
#include "feature.h"
#include "kernels/kernels.h"

#define BAND_ROWS 64
#define CHUNK 2048 /* elements of a line that are decomposed together */
#define ORDER_OF_CLOSED_FORM 2
/* Measured with AVX2; only the break-even of threads depends on them. */
#define NANOSECONDS_OF_TENSOR 4
#define NANOSECONDS_OF_FILTERS 6
#define NANOSECONDS_OF_CLOSED_FORM 0.6
#define NANOSECONDS_OF_ROTATIONS 9

/* ------------------------------------------------------------------------ */
/* Structure tensor in two dimensions                                       */
/* ------------------------------------------------------------------------ */

typedef struct tensor_job {
    tensor_plan plan;
    const feature_array *planes;
    int streamed;
    team team;
    thread_memory memory;
} tensor_job;

/* Row y of each plane. */
static void write_tensor(const tensor_job *job, const tensor_rows *t, ptrdiff_t y)
{
    const piece_source *source = &job->plan.source;
    ptrdiff_t cols = job->plan.sobel.cols;
    for (int k = 0; k < 3; k++) {
        unsigned char *to = row_of(&job->planes[k], y);
        if (!has_dense_lines(&job->planes[k]))
            source->real->spread_row(t->row[k], cols, to, job->planes[k].strides[1]);
        else if (job->streamed)
            source->plain->stream_bytes(t->row[k], (size_t)(cols * source->item), to);
        else
            memcpy(to, t->row[k], (size_t)(cols * source->item));
    }
}

static void tensor_band(void *context, ptrdiff_t index, int thread)
{
    tensor_job *job = context;
    const sobel_plan *plan = &job->plan.sobel;
    ptrdiff_t first = index * BAND_ROWS, end = first + BAND_ROWS;
    end = end < plan->rows ? end : plan->rows;
    tensor_rows t;
    arena a = arena_of(&job->memory, thread);
    tensor_layout(&t, &job->plan, &a);
    tensor_start(&t, first);
    for (ptrdiff_t y = first; y < end && !team_is_stopped(&job->team, thread); y++) {
        tensor_move(&t, y);
        write_tensor(job, &t, y);
    }
}

static feature_status tensor_of_image(const feature_array *image,
                                      const feature_filter *axis, double cval,
                                      const feature_array *planes,
                                      const feature_run *run)
{
    tensor_job job = {.plan = tensor_plan_for(image, axis, cval), .planes = planes};
    ptrdiff_t bands = (image->shape[0] + BAND_ROWS - 1) / BAND_ROWS;
    double pixels = (double)image->shape[0] * (double)image->shape[1];
    job.team = team_for(run, bands, pixels * NANOSECONDS_OF_TENSOR);
    job.streamed = is_streamed(planes, 3);
    tensor_rows counting;
    arena one = {NULL, 0};
    tensor_layout(&counting, &job.plan, &one);
    return team_run_with(&job.team, bands, tensor_band, &job, &job.memory, &one);
}

/* ------------------------------------------------------------------------ */
/* Structure tensor in more dimensions                                      */
/* ------------------------------------------------------------------------ */

/* Sobel's operator along one axis: plane `image` to plane `out`. */
static feature_status differentiate(volume *v, const feature_filter *axis, int along,
                                    const wide *image, wide *out)
{
    static const double difference[2] = {0, -1}, weights[2] = {2, 1};
    feature_filter filter = {difference, 1, axis[along].border};
    feature_status status = volume_filter(v, along, &filter, 1, image, out);
    for (int k = 0; status == FEATURE_OK && k < v->like->ndim; k++) {
        filter = (feature_filter){weights, 1, axis[k].border};
        if (k != along)
            status = volume_filter(v, k, &filter, 0, out, out);
    }
    return status;
}

static feature_status smooth_product(volume *v, const feature_filter *axis,
                                     const wide *a, const wide *b, wide *product,
                                     const feature_array *out)
{
    feature_status status = volume_multiply(v, a, b, product);
    for (int k = 0; status == FEATURE_OK && k < v->like->ndim; k++)
        status = volume_filter(v, k, &axis[k], 0, product, product);
    return status == FEATURE_OK ? volume_store(v, product, out) : status;
}

static feature_status tensor_of_volume(const feature_array *image,
                                       const feature_filter *axis, double cval,
                                       const feature_array *planes,
                                       const feature_run *run)
{
    ptrdiff_t radius = 1;
    for (int k = 0; k < image->ndim; k++)
        radius = axis[k].radius > radius ? axis[k].radius : radius;
    volume v;
    int n = image->ndim, pairs = n * (n + 1) / 2;
    feature_status status = volume_open(&v, image, cval, radius, n + 1,
                                        NANOSECONDS_OF_FILTERS * n * pairs, run);
    wide *work = status == FEATURE_OK ? volume_plane(&v, n) : NULL;
    const wide *from = NULL;
    if (status == FEATURE_OK)
        status = volume_read(&v, work, &from);
    for (int k = 0; status == FEATURE_OK && k < n; k++)
        status = differentiate(&v, axis, k, from, volume_plane(&v, k));
    for (int p = 0; p < n; p++)
        for (int q = p; status == FEATURE_OK && q < n; q++)
            status = smooth_product(&v, axis, volume_plane(&v, p), volume_plane(&v, q),
                                    work, planes++);
    volume_close(&v);
    return status;
}

feature_status feature_structure_tensor(const feature_array *image,
                                        const feature_filter *axis, double cval,
                                        const feature_array *planes,
                                        const feature_run *run)
{
    feature_status status = check_volume(image);
    if (status != FEATURE_OK)
        return status;
    if (image->ndim < 2 || axis == NULL || planes == NULL)
        return FEATURE_BAD_ARGUMENT;
    for (int k = 0; k < image->ndim; k++)
        if (!filter_is_valid(&axis[k]))
            return FEATURE_BAD_ARGUMENT;
    for (int k = 0; status == FEATURE_OK && k < image->ndim * (image->ndim + 1) / 2;
         k++)
        status = check_plane(&planes[k], storage_type(image), image);
    if (status != FEATURE_OK || is_empty(image))
        return status;
    if (image->ndim == 2)
        return tensor_of_image(image, axis, cval, planes, run);
    return tensor_of_volume(image, axis, cval, planes, run);
}

/* ------------------------------------------------------------------------ */
/* Eigenvalues                                                              */
/* ------------------------------------------------------------------------ */

#define PAIRS_AT_MOST (ORDER_AT_MOST * (ORDER_AT_MOST + 1) / 2)

typedef struct eigen_job {
    const feature_array *planes, *values;
    int order, pairs;
    ptrdiff_t cols, chunks;
    const plain_kernels *plain;
    const real_kernels *real;
    line_output output;
    int as_stored, streamed; /* two by two, lines side by side */
    thread_memory memory;
} eigen_job;

/* Arrays without gaps, as one line each. */
static void flatten(const feature_array *from, int count, const ptrdiff_t *size,
                    const ptrdiff_t *item, feature_array *to)
{
    for (int k = 0; k < count; k++)
        to[k] = (feature_array){from[k].data, size, item, 1, from[k].dtype};
}

static int are_contiguous(const feature_array *arrays, int count)
{
    int contiguous = 1;
    for (int k = 0; k < count; k++)
        contiguous &= is_contiguous(&arrays[k]);
    return contiguous;
}

static int are_dense(const feature_array *arrays, int count)
{
    int dense = 1;
    for (int k = 0; k < count; k++)
        dense &= has_dense_lines(&arrays[k]);
    return dense;
}

/* Elements [x, x + n) of one line, of planes that kernels read as they are. */
static void decompose_stored(const eigen_job *job, const ptrdiff_t *at, ptrdiff_t x,
                             ptrdiff_t n, wide *buffer)
{
    const ptrdiff_t item = dtype_size(job->planes[0].dtype);
    const void *planes[3];
    void *to[2], *values[2];
    for (int k = 0; k < 3; k++)
        planes[k] = line_of(&job->planes[k], at) + x * item;
    for (int k = 0; k < 2; k++) {
        to[k] = line_of(&job->values[k], at) + x * item;
        values[k] = job->streamed ? (void *)(buffer + k * CHUNK) : to[k];
    }
    job->real->eigenvalues_2_reals(planes, n, values[0], values[1]);
    for (int k = 0; k < 2 && job->streamed; k++)
        job->plain->stream_bytes(values[k], (size_t)(n * item), to[k]);
}

/* Elements [x, x + n) of one line. */
static void decompose_chunk(const eigen_job *job, const ptrdiff_t *at, ptrdiff_t x,
                            ptrdiff_t n, wide *buffer)
{
    const wide *planes[PAIRS_AT_MOST];
    wide *values[ORDER_AT_MOST];
    for (int k = 0; k < job->pairs; k++, buffer += CHUNK) {
        const feature_array *plane = &job->planes[k];
        ptrdiff_t stride = plane->strides[plane->ndim - 1];
        unsigned char *first = line_of(plane, at) + x * stride;
        planes[k] = is_direct(plane) ? (const wide *)(const void *)first : buffer;
        if (!is_direct(plane))
            job->plain->load_row(first, stride, n, (feature_dtype)plane->dtype, buffer);
    }
    for (int k = 0; k < job->order; k++, buffer += CHUNK) {
        const feature_array *plane = &job->values[k];
        values[k] =
            job->output.in_place
                ? (wide *)(void *)(line_of(plane, at) + x * (ptrdiff_t)sizeof(wide))
                : buffer;
    }
    if (job->order == ORDER_OF_CLOSED_FORM)
        job->real->eigenvalues_2_row(planes, n, values[0], values[1]);
    else
        job->real->eigenvalues_row(planes, job->order, n, values);
    for (int k = 0; k < job->order; k++) {
        const feature_array *plane = &job->values[k];
        ptrdiff_t stride = plane->strides[plane->ndim - 1];
        if (!job->output.in_place)
            job->output.write(values[k], n, line_of(plane, at) + x * stride, stride);
    }
}

/* Bands are chunks of lines; short lines are taken together. */
static void decompose_band(void *context, ptrdiff_t index, int thread)
{
    const eigen_job *job = context;
    wide *buffer = (wide *)(void *)arena_of(&job->memory, thread).base;
    ptrdiff_t at[DIMENSIONS_AT_MOST], lines = line_count(job->planes);
    ptrdiff_t together = job->chunks > 1 ? 1 : 1 + CHUNK / job->cols;
    ptrdiff_t first = index / job->chunks * together;
    ptrdiff_t x = index % job->chunks * CHUNK;
    ptrdiff_t n = job->cols - x < CHUNK ? job->cols - x : CHUNK;
    for (ptrdiff_t line = first; line < first + together && line < lines; line++) {
        line_index(job->planes, line, at);
        if (job->as_stored)
            decompose_stored(job, at, x, n, buffer);
        else
            decompose_chunk(job, at, x, n, buffer);
    }
}

static feature_status check_matrices(const feature_array *planes, int32_t order,
                                     const feature_array *values)
{
    if (planes == NULL || values == NULL || order < 1 || order > ORDER_AT_MOST)
        return FEATURE_BAD_ARGUMENT;
    feature_status status = check_volume(&planes[0]);
    if (status != FEATURE_OK)
        return status;
    feature_dtype dtype = (feature_dtype)planes[0].dtype;
    if (dtype != FEATURE_FLOAT32 && dtype != FEATURE_FLOAT64)
        return FEATURE_BAD_DTYPE;
    for (int k = 1; status == FEATURE_OK && k < order * (order + 1) / 2; k++)
        status = check_plane(&planes[k], dtype, &planes[0]);
    for (int k = 0; status == FEATURE_OK && k < order; k++)
        status = check_plane(&values[k], dtype, &planes[0]);
    return status;
}

feature_status feature_structure_tensor_eigenvalues(const feature_array *planes,
                                                    int32_t order,
                                                    const feature_array *values,
                                                    const feature_run *run)
{
    feature_status status = check_matrices(planes, order, values);
    if (status != FEATURE_OK || is_empty(planes))
        return status;
    int pairs = order * (order + 1) / 2;
    ptrdiff_t item = dtype_size(planes->dtype);
    ptrdiff_t size = line_count(planes) * planes->shape[planes->ndim - 1];
    feature_array lines_of_planes[PAIRS_AT_MOST], lines_of_values[ORDER_AT_MOST];
    if (are_contiguous(planes, pairs) && are_contiguous(values, order)) {
        flatten(planes, pairs, &size, &item, lines_of_planes);
        flatten(values, order, &size, &item, lines_of_values);
        planes = lines_of_planes;
        values = lines_of_values;
    }
    eigen_job job = {.planes = planes,
                     .values = values,
                     .order = order,
                     .pairs = pairs,
                     .cols = planes->shape[planes->ndim - 1],
                     .plain = plain_kernels_in_use(),
                     .real = real_kernels_for((feature_dtype)planes->dtype)};
    job.output = line_output_for(job.real, values, order);
    job.as_stored = order == ORDER_OF_CLOSED_FORM && are_dense(planes, job.pairs) &&
                    are_dense(values, order);
    job.streamed = is_streamed(values, order);
    job.chunks = (job.cols + CHUNK - 1) / CHUNK;
    ptrdiff_t lines = line_count(planes);
    ptrdiff_t together = job.chunks > 1 ? 1 : 1 + CHUNK / job.cols;
    ptrdiff_t bands = (lines + together - 1) / together * job.chunks;
    double each = order == ORDER_OF_CLOSED_FORM ? NANOSECONDS_OF_CLOSED_FORM
                                                : NANOSECONDS_OF_ROTATIONS;
    team t = team_for(run, bands, (double)lines * (double)job.cols * each);
    arena one = {NULL, 0};
    arena_take(&one, (size_t)(job.pairs + order) * CHUNK, sizeof(wide));
    return team_run_with(&t, bands, decompose_band, &job, &job.memory, &one);
}

feature_status feature_hessian_matrix_eigvals(const feature_array *planes,
                                              int32_t order,
                                              const feature_array *values,
                                              const feature_run *run)
{
    return feature_structure_tensor_eigenvalues(planes, order, values, run);
}
