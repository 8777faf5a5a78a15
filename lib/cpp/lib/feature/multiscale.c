/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multiscale: intensity, edges and texture of every pixel at several scales, the
 * features that a classifier of pixels learns from (S. Berg et al., "ilastik:
 * interactive machine learning for (bio)image analysis", Nature Methods 16 (2019),
 * 1226-1232).
 *
 * At each scale sigma, with S = I * G the image smoothed by a Gaussian along each axis
 * in turn, beyond the border the nearest pixel:
 *
 *   intensity  S.
 *   edges      sqrt((S0^2 + S1^2 + ...) / axes), with Si Sobel's operator along axis i:
 *              the difference of both neighbours, smoothed by 1/4, 1/2, 1/4 along the
 *              other axes (not that of canny, which is four times as large in two
 *              dimensions and is not divided by the number of axes). Of one axis only:
 *              the difference itself, with its sign.
 *   texture    the eigenvalues, in decreasing order, of the Hessian by differences:
 *              d/di is (next - previous) / 2, at both ends the difference of the last
 *              two, and the second derivative is that of the first.
 *
 * All is float32: pixels are converted first (integers scaled to [0, 1] or [-1, 1] in
 * float32, those of 64 bits in float64), each pass of the Gaussian sums in double and
 * stores floats, Sobel's operator likewise; differences and the closed form of two by
 * two eigenvalues are computed in float, larger matrices in double as in tensors.c.
 *
 * How it runs. The features of one pixel stand side by side in the result, 96 bytes for
 * the 24 that are made of an image by default, and many times what is read. So scales
 * are not work to share: whatever writes a pixel has to have all of its scales at hand,
 * or each line of the cache is fetched and written once a scale. In two dimensions
 * (multiscale_image.c) a tile of some rows is one unit of work: it is smoothed at every
 * scale, into planes of floats that stay in the second cache; then, CHUNK pixels at a
 * time, all features are made and woven into the result. No plane of the image's size
 * exists. In more dimensions (multiscale_volume.c) the image is smoothed as a whole,
 * one plane of floats a scale and one of the image.
 *
 * Cost, by default: the filters, of 2 (2 + 4 + ... + 64) pairs of pixels with three
 * operations each, are 95 vectors of eight doubles a pixel, half of them for the
 * largest scale; all else is about a third of that. The result is 96 bytes a pixel, of
 * which the pages, when they are new, cost more than writing. A large result is sent
 * past the caches, some pixels at a time.
 */
#include "multiscale.h"

#include <math.h>
#include <string.h>

#define CACHE_LINE 16 /* floats */
#define STREAMED 64   /* pixels whose features are sent past the caches together */

ptrdiff_t multiscale_pitch(ptrdiff_t n)
{
    return ((n + CACHE_LINE - 1) / CACHE_LINE | 1) * CACHE_LINE;
}

/* ------------------------------------------------------------------------ */
/* Pixels                                                                   */
/* ------------------------------------------------------------------------ */

/* Of types whose values a float holds, or is rounded from, before they are scaled. */
static float scale_of(int32_t dtype)
{
    switch (dtype) {
    case FEATURE_UINT8:
        return (float)(1 / 255.0);
    case FEATURE_INT8:
        return (float)(1 / 127.0);
    case FEATURE_UINT16:
        return (float)(1 / 65535.0);
    case FEATURE_INT16:
        return (float)(1 / 32767.0);
    case FEATURE_UINT32:
        return (float)(1 / 4294967295.0);
    case FEATURE_INT32:
        return (float)(1 / 2147483647.0);
    default:
        return 1;
    }
}

static int is_signed(int32_t dtype)
{
    return dtype == FEATURE_INT8 || dtype == FEATURE_INT16 || dtype == FEATURE_INT32;
}

void multiscale_load(const multiscale_job *job, const ptrdiff_t *index, ptrdiff_t first,
                     ptrdiff_t n, wide *spare, float *out)
{
    const feature_array *image = job->image;
    ptrdiff_t stride = image->strides[image->ndim - 1];
    const unsigned char *from = line_of(image, index) + first * stride;
    int in_double = image->dtype == FEATURE_UINT64 || image->dtype == FEATURE_INT64;
    (in_double ? job->plain->load_row : job->plain->load_unscaled_row)(
        from, stride, n, (feature_dtype)image->dtype, spare);
    job->plain->scale_row(spare, scale_of(image->dtype),
                          is_signed(image->dtype) ? -1 : -INFINITY, n, out);
}

void multiscale_sum_strip(const multiscale_job *job, const feature_filter *filter,
                          wide *strip, ptrdiff_t first, ptrdiff_t known, ptrdiff_t n,
                          float *out)
{
    const size_t row_bytes = STRIP * sizeof(wide);
    ptrdiff_t rows = n + 2 * filter->radius;
    for (ptrdiff_t k = 0; k < first; k++)
        memcpy(strip + k * STRIP, strip + first * STRIP, row_bytes);
    for (ptrdiff_t k = first + known; k < rows; k++)
        memcpy(strip + k * STRIP, strip + (first + known - 1) * STRIP, row_bytes);
    memset(strip + rows * STRIP, 0, row_bytes); /* sums are made two at a time */
    job->plain->strip_sums(strip, filter->weights, filter->radius, n, out);
}

/* ------------------------------------------------------------------------ */
/* Features of a chunk                                                      */
/* ------------------------------------------------------------------------ */

/* A line among those of a smoothed part. */
typedef struct chunk {
    const multiscale_job *job;
    const smoothed_part *part;
    const ptrdiff_t *at;
    ptrdiff_t n, before, behind; /* elements of the line on both sides */
} chunk;

/* From one pixel to the two along an axis that its slope is taken between. */
typedef struct axis_step {
    ptrdiff_t low, high;
    float scale;
} axis_step;

static axis_step step_at(const chunk *c, int axis, ptrdiff_t i)
{
    ptrdiff_t here = c->at[axis], last = c->job->image->shape[axis] - 1;
    ptrdiff_t low = i > 0 ? i - 1 : i, high = i < last ? i + 1 : i;
    ptrdiff_t apart = c->part->apart[axis];
    return (axis_step){(low - here) * apart, (high - here) * apart,
                       high - low == 2 ? 0.5f : 1};
}

/* The derivative along axis q of that along axis p <= q. */
static void second_derivative(const chunk *c, const float *line, int p, int q,
                              float *out)
{
    const plain_kernels *plain = c->job->plain;
    int last = c->job->axes - 1;
    axis_step along_p = step_at(c, p, c->at[p]), along_q = step_at(c, q, c->at[q]);
    if (p == last) {
        plain->second_along(line, c->before, c->behind, c->n, out);
    } else if (q == last) {
        plain->second_mixed(line + along_p.high, line + along_p.low, along_p.scale,
                            c->before, c->behind, c->n, out);
    } else {
        axis_step high = along_p, low = along_p;
        ptrdiff_t to_high = along_q.high, to_low = along_q.low;
        if (p == q) { /* slopes at the neighbours, seen from here */
            ptrdiff_t i = c->at[p], end = c->job->image->shape[p] - 1;
            high = step_at(c, p, i < end ? i + 1 : i);
            low = step_at(c, p, i > 0 ? i - 1 : i);
            to_high = to_low = 0;
        }
        const float *above = line + to_high, *below = line + to_low;
        const float *corners[4] = {above + high.high, above + high.low,
                                   below + low.high, below + low.low};
        float scales[3] = {high.scale, low.scale, along_q.scale};
        plain->second_across(corners, scales, c->n, out);
    }
}

/* Eigenvalues of `order` by `order` matrices, in double. */
static void large_eigenvalues(const chunk *c, chunk_scratch *s, float *out)
{
    const multiscale_job *job = c->job;
    const wide *matrices[ORDER_AT_MOST * (ORDER_AT_MOST + 1) / 2];
    wide *values[ORDER_AT_MOST];
    for (int k = 0; k < job->pairs; k++) {
        wide *plane = s->matrices + k * PITCH;
        job->plain->load_unscaled_row(s->second + k * PITCH, sizeof(float), c->n,
                                      FEATURE_FLOAT32, plane);
        matrices[k] = plane;
    }
    for (int k = 0; k < job->axes; k++)
        values[k] = s->values + k * PITCH;
    job->real->eigenvalues_row(matrices, job->axes, c->n, values);
    for (int k = 0; k < job->axes; k++)
        job->plain->scale_row(values[k], 1, -INFINITY, c->n, out + k * PITCH);
}

/* Into one plane after the other from `out` on. */
static void texture(const chunk *c, chunk_scratch *s, const float *line, float *out)
{
    int axes = c->job->axes, k = 0;
    for (int p = 0; p < axes; p++)
        for (int q = p; q < axes; q++, k++)
            second_derivative(c, line, p, q, s->second + k * PITCH);
    if (axes == 2)
        c->job->plain->eigenvalue_pairs(s->second, s->second + PITCH,
                                        s->second + 2 * PITCH, c->n, out, out + PITCH);
    else
        large_eigenvalues(c, s, out);
}

static void edges(const chunk *c, chunk_scratch *s, const float *line, float *out)
{
    const multiscale_job *job = c->job;
    sobel_lines how = {job->axes, job->sobel_count, job->sobel_weights, c->before == 0,
                       c->behind == 0};
    if (job->axes == 1) {
        job->plain->signed_slope_row(line, how.starts, how.ends, c->n, out);
        return;
    }
    s->lines[0] = line;
    ptrdiff_t count = 1;
    for (int axis = 0; axis < job->axes - 1; axis++, count *= 3) {
        axis_step step = step_at(c, axis, c->at[axis]);
        for (ptrdiff_t k = count - 1; k >= 0; k--) {
            s->lines[3 * k + 2] = s->lines[k] + step.high;
            s->lines[3 * k + 1] = s->lines[k];
            s->lines[3 * k] = s->lines[k] + step.low;
        }
    }
    job->plain->sobel_magnitude_row(s->lines, &how, s->spare, c->n, out);
}

static ptrdiff_t offset_in(const chunk *c)
{
    ptrdiff_t offset = 0;
    for (int axis = 0; axis < c->job->axes; axis++)
        offset += (c->at[axis] - c->part->corner[axis]) * c->part->apart[axis];
    return offset;
}

/* `count` features side by side: from the planes to the result, or past the caches. */
static void write_features(const multiscale_job *job, chunk_scratch *s, ptrdiff_t count,
                           ptrdiff_t n, unsigned char *out)
{
    ptrdiff_t stride = job->features->strides[job->axes - 1];
    if (!job->streamed) {
        job->plain->weave_planes(s->woven, count, n, out, stride);
        return;
    }
    for (ptrdiff_t x = 0; x < n; x += STREAMED) {
        ptrdiff_t pixels = n - x < STREAMED ? n - x : STREAMED;
        job->plain->weave_planes(s->woven, count, pixels, s->features, stride);
        job->plain->stream_bytes(s->features, (size_t)(pixels * stride),
                                 out + x * stride);
        for (ptrdiff_t k = 0; k < count; k++)
            s->woven[k] += pixels;
    }
}

void multiscale_make_chunk(const multiscale_job *job, const smoothed_part *part,
                           chunk_scratch *s, const ptrdiff_t *at, ptrdiff_t n)
{
    const feature_multiscale_parameters *wanted = job->parameters;
    const feature_array *to = job->features;
    int last = job->axes - 1;
    chunk c = {job, part, at, n, at[last], job->cols - at[last] - n};
    ptrdiff_t offset = offset_in(&c), made = 0;
    for (ptrdiff_t scale = 0; scale < job->count; scale++) {
        const float *line = part->scales[scale] + offset;
        if (wanted->intensity)
            s->woven[made++] = line;
        if (wanted->edges) {
            edges(&c, s, line, s->planes + made * PITCH);
            s->woven[made] = s->planes + made * PITCH;
            made++;
        }
        if (wanted->texture) {
            texture(&c, s, line, s->planes + made * PITCH);
            for (int k = 0; k < job->axes; k++, made++)
                s->woven[made] = s->planes + made * PITCH;
        }
    }
    unsigned char *out = to->data;
    for (int axis = 0; axis < job->axes; axis++)
        out += at[axis] * to->strides[axis];
    write_features(job, s, made, n, out);
}

void multiscale_layout(chunk_scratch *s, const multiscale_job *job, arena *a)
{
    size_t features = (size_t)job->count * (size_t)job->features_of_scale;
    size_t lines = (size_t)job->sobel_count;
    s->planes = arena_take(a, features, PITCH * sizeof(float));
    s->woven = arena_take(a, features, sizeof(float *));
    s->features = arena_take(a, features, STREAMED * sizeof(float));
    s->second = arena_take(a, (size_t)job->pairs, PITCH * sizeof(float));
    s->matrices = arena_take(a, (size_t)job->pairs, PITCH * sizeof(wide));
    s->values = arena_take(a, (size_t)job->axes, PITCH * sizeof(wide));
    s->lines = arena_take(a, lines, sizeof(float *));
    s->spare = arena_take(a, lines, sizeof(float *));
}

/* ------------------------------------------------------------------------ */
/* The call                                                                 */
/* ------------------------------------------------------------------------ */

/* Of each axis, for each line around one: the difference along it, smoothing along the
 * others. The last axis is taken care of along the line. */
void multiscale_weigh_lines(multiscale_job *job)
{
    for (int axis = 0; axis < job->axes; axis++)
        for (ptrdiff_t line = 0; line < job->sobel_count; line++) {
            double weight = 1;
            ptrdiff_t rest = line;
            for (int other = job->axes - 2; other >= 0; other--, rest /= 3) {
                double offset = (double)(rest % 3 - 1);
                weight *= other == axis ? offset : 0.5 - 0.25 * fabs(offset);
            }
            job->sobel_weights[axis * job->sobel_count + line] = weight;
        }
}

static feature_status check_scales(const feature_array *image,
                                   const feature_multiscale_parameters *parameters)
{
    if (parameters == NULL || parameters->scales == NULL || parameters->count < 1 ||
        image->ndim > ORDER_AT_MOST ||
        !(parameters->intensity || parameters->edges || parameters->texture))
        return FEATURE_BAD_ARGUMENT;
    for (int32_t k = 0; k < parameters->count; k++)
        if (!filter_is_valid(&parameters->scales[k]) ||
            parameters->scales[k].border != FEATURE_NEAREST)
            return FEATURE_BAD_ARGUMENT;
    for (int axis = 0; parameters->texture && axis < image->ndim; axis++)
        if (image->ndim < 2 || image->shape[axis] < 2)
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static feature_status check_features(const multiscale_job *job)
{
    const feature_array *to = job->features;
    feature_status status = check_array(to, job->axes + 1);
    if (status != FEATURE_OK)
        return status;
    if (to->dtype != FEATURE_FLOAT32)
        return FEATURE_BAD_DTYPE;
    for (int axis = 0; axis < job->axes; axis++)
        if (to->shape[axis] != job->image->shape[axis])
            return FEATURE_BAD_ARGUMENT;
    ptrdiff_t features = job->count * job->features_of_scale;
    if (to->shape[job->axes] != features ||
        (features > 1 && to->strides[job->axes] != (ptrdiff_t)sizeof(float)))
        return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static multiscale_job new_job(const feature_array *image,
                              const feature_multiscale_parameters *parameters,
                              const feature_array *features)
{
    int axes = image->ndim;
    multiscale_job job = {.image = image,
                          .features = features,
                          .parameters = parameters,
                          .plain = plain_kernels_in_use(),
                          .real = real_kernels_for(FEATURE_FLOAT32),
                          .axes = axes,
                          .pairs = axes * (axes + 1) / 2,
                          .count = parameters->count,
                          .cols = image->shape[axes - 1],
                          .sobel_count = 1};
    job.features_of_scale = (parameters->intensity != 0) + (parameters->edges != 0) +
                            (parameters->texture != 0) * axes;
    for (int axis = 1; axis < axes; axis++)
        job.sobel_count *= 3;
    for (ptrdiff_t k = 0; k < job.count; k++)
        if (parameters->scales[k].radius > job.radius)
            job.radius = parameters->scales[k].radius;
    return job;
}

feature_status feature_multiscale_basic_features(
    const feature_array *image, const feature_multiscale_parameters *parameters,
    const feature_array *features, const feature_run *run)
{
    feature_status status = check_volume(image);
    if (status == FEATURE_OK)
        status = check_scales(image, parameters);
    if (status != FEATURE_OK)
        return status;
    multiscale_job job = new_job(image, parameters, features);
    status = check_features(&job);
    if (status != FEATURE_OK || is_empty(image))
        return status;
    job.streamed = is_streamed(features, 1) && is_contiguous(features);
    if (job.axes == 2)
        return multiscale_of_image(&job, run);
    return multiscale_of_volume(&job, run);
}
