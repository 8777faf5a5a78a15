/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Responses by cosine transforms. A symmetric filter whose border reflects multiplies
 * the spectrum, so that the image is transformed once and a plane costs one inverse
 * transform, whatever sigma is (core/transform.h).
 *
 * Such responses differ from SciPy's sums in the last digits, and only the latter
 * decide what a blob is. So the transform is a screen. Its error is a few 1e-15 of the
 * largest response that there can be; where two numbers that are compared (neighbours,
 * a response and the threshold, two responses that are put in order) are nearer than
 * SLACK times that, filters decide: at these few places (blobs_exact.c), or, in
 * pictures that are full of symmetries or plateaus, in a new search by filters alone.
 */
#include "blobs.h"

#include <math.h>

#include "core/memory.h"

#define SLACK 1e-12
#define SLACK_OF_FLOAT32 1e-6 /* filters round four times, by 2^-24 each */
/* The cost model, estimated for AVX-512: of filters, for an element. */
#define NANOSECONDS_OF_A_TAP 0.09
#define NANOSECONDS_OF_A_PASS 0.5
#define NANOSECONDS_TO_PREPARE 100000.0 /* tables and multipliers */

/* ------------------------------------------------------------------------ */
/* Cost                                                                     */
/* ------------------------------------------------------------------------ */

/* Of one plane by filters: the next Gaussian, or all terms of the Laplacian. */
double blob_cost_of_filters(const blob_job *job, ptrdiff_t scale)
{
    int ndim = job->image->ndim;
    double passes = ndim * (job->method == BLOB_LOG ? ndim : 1), taps = 0;
    ptrdiff_t gaussian = scale + (job->method == BLOB_DOG);
    for (int axis = 0; axis < ndim; axis++)
        taps += (double)job->smoothing[gaussian * ndim + axis].radius;
    taps *= job->method == BLOB_LOG ? ndim : 1;
    return (double)job->size *
           (taps * NANOSECONDS_OF_A_TAP + passes * NANOSECONDS_OF_A_PASS);
}

int blob_by_transform(const blob_planes *p, ptrdiff_t scale)
{
    return p->transform.used &&
           blob_cost_of_filters(p->job, scale) > p->transform.nanoseconds;
}

void blob_transform_plan(blob_planes *p)
{
    const blob_job *job = p->job;
    const feature_array *image = job->image;
    blob_transform *t = &p->transform;
    t->used = 0;
    if (job->direct || job->method == BLOB_DOH || image->ndim > TRANSFORM_TERMS)
        return;
    t->nanoseconds = 0;
    for (int axis = 0; axis < image->ndim; axis++) {
        if (image->shape[axis] >= 1 << 28)
            return;
        arena counting = {NULL, 0};
        transform_layout(&t->axis[axis], image->shape[axis], &counting);
        transform_job one = transform_along(&t->axis[axis], TRANSFORM_DCT_INVERSE,
                                            image->shape, image->ndim, axis);
        t->nanoseconds += transform_nanoseconds(&one);
    }
    double saved = -t->nanoseconds - NANOSECONDS_TO_PREPARE * image->ndim;
    for (ptrdiff_t scale = 0; scale < job->scales; scale++)
        saved += fmax(blob_cost_of_filters(job, scale) - t->nanoseconds, 0);
    t->used = saved > 0;
}

/* The sum of the magnitudes of a filter's weights. */
static double size_of(const feature_filter *filter)
{
    double sum = fabs(filter->weights[0]);
    for (ptrdiff_t k = 1; k <= filter->radius; k++)
        sum += 2 * fabs(filter->weights[k]);
    return sum;
}

/* What no response exceeds, for each unit of the image. */
static double largest_response(const blob_job *job, ptrdiff_t scale)
{
    int ndim = job->image->ndim;
    double sum = 0;
    if (job->method == BLOB_DOG)
        return 2 * fabs(job->factors[0]);
    for (int term = 0; term < ndim; term++) {
        double product = fabs(job->factors[scale]);
        for (int axis = 0; axis < ndim; axis++)
            product *= size_of(
                &(axis == term ? job->second : job->smoothing)[scale * ndim + axis]);
        sum += product;
    }
    return sum;
}

double blob_transform_slack(const blob_job *job)
{
    double largest = 0;
    for (ptrdiff_t scale = 0; scale < job->scales; scale++)
        largest = fmax(largest, largest_response(job, scale));
    int is_narrow = storage_type(job->image) == FEATURE_FLOAT32;
    return (is_narrow ? SLACK_OF_FLOAT32 : SLACK) * largest * job->magnitude;
}

/* ------------------------------------------------------------------------ */
/* Preparation                                                              */
/* ------------------------------------------------------------------------ */

/* What stays, and for a moment tables of twice the length and pointers. */
typedef struct preparation {
    transform doubled[TRANSFORM_TERMS];
    double **out;
    feature_filter *filters;
    double *scratch[TRANSFORM_TERMS];
} preparation;

static void layout(blob_planes *p, preparation *prepare, arena *a)
{
    const feature_array *image = p->job->image;
    blob_transform *t = &p->transform;
    size_t gaussians = (size_t)blob_gaussians(p->job);
    ptrdiff_t lines = p->job->size / image->shape[0];
    double **scratch = arena_take(a, (size_t)p->v.team.threads, sizeof *scratch);
    for (int axis = 0; axis < image->ndim; axis++) {
        size_t n = (size_t)image->shape[axis];
        transform_layout(&t->axis[axis], image->shape[axis], a);
        transform_layout(&prepare->doubled[axis], 2 * image->shape[axis], a);
        prepare->scratch[axis] = transform_scratch(&prepare->doubled[axis], a);
        for (int kind = 0; kind < 2; kind++)
            t->multipliers[kind][axis] = arena_take(a, gaussians * n, sizeof(double));
        t->across[axis] = arena_take(a, (size_t)lines, sizeof(double));
    }
    t->across[1] = image->ndim > 1 ? t->across[1]
                                   : arena_take(a, (size_t)lines, sizeof(double));
    prepare->out = arena_take(a, 2 * gaussians, sizeof *prepare->out);
    prepare->filters = arena_take(a, 2 * gaussians, sizeof *prepare->filters);
    for (int k = 0; k < p->v.team.threads; k++) {
        double *longest = NULL;
        size_t start = a->used, end = start;
        for (int axis = 0; axis < image->ndim; axis++) {
            a->used = start; /* one axis after the other in the same place */
            longest = transform_scratch(&t->axis[axis], a);
            end = a->used > end ? a->used : end;
        }
        a->used = end;
        if (a->base != NULL)
            scratch[k] = longest;
    }
    t->scratch = scratch;
}

/* Along axis 0 the response's factor is in the multipliers, and of kind 1 of DOG, which
 * is subtracted, the sign. */
static void scale_multipliers(blob_planes *p)
{
    const blob_job *job = p->job;
    ptrdiff_t n = job->image->shape[0];
    for (ptrdiff_t g = 0; g < blob_gaussians(job); g++) {
        double *smooth = p->transform.multipliers[0][0] + g * n;
        double *other = p->transform.multipliers[1][0] + g * n;
        for (ptrdiff_t k = 0; k < n; k++) {
            if (job->method == BLOB_DOG)
                other[k] = -job->factors[0] * smooth[k];
            else
                other[k] *= -job->factors[g];
            smooth[k] *= job->method == BLOB_DOG ? job->factors[0] : -job->factors[g];
        }
    }
}

static void make_multipliers(blob_planes *p, preparation *prepare, int axis)
{
    const blob_job *job = p->job;
    ptrdiff_t gaussians = blob_gaussians(job), n = job->image->shape[axis], count = 0;
    for (int kind = 0; kind < (job->method == BLOB_LOG ? 2 : 1); kind++)
        for (ptrdiff_t g = 0; g < gaussians; g++) {
            const feature_filter *of = kind == 0 ? job->smoothing : job->second;
            prepare->filters[count] = of[g * job->image->ndim + axis];
            prepare->out[count++] = p->transform.multipliers[kind][axis] + g * n;
        }
    transform_prepare(&prepare->doubled[axis]);
    transform_multipliers(&prepare->doubled[axis], prepare->filters, count,
                          prepare->out, prepare->scratch[axis]);
}

static feature_status run_axis(blob_planes *p, transform_kind kind, int axis,
                               const double *from, wide *to, int terms,
                               double *const *along)
{
    const feature_array *image = p->job->image;
    blob_transform *t = &p->transform;
    transform_job job =
        transform_along(&t->axis[axis], kind, image->shape, image->ndim, axis);
    union {
        const double *is;
        double *becomes;
    } in = {from}; /* only read */
    job.in.real = in.becomes;
    job.out.real = to;
    job.scratch = t->scratch;
    job.terms = terms;
    for (int k = 0; k < terms; k++) {
        job.along[k] = along[k];
        job.across[k] = t->across[k];
    }
    return team_run(&p->v.team, transform_blocks(&job), transform_band, &job);
}

feature_status blob_transform_open(blob_planes *p)
{
    blob_transform *t = &p->transform;
    preparation prepare;
    arena counting = {NULL, 0};
    layout(p, &prepare, &counting);
    t->memory = counting.used == SIZE_MAX ? NULL : memory_lease(counting.used);
    if (t->memory == NULL)
        return FEATURE_NO_MEMORY;
    arena a = {t->memory, 0};
    layout(p, &prepare, &a);
    feature_status status = volume_load(&p->v, t->spectrum);
    for (int axis = 0; axis < p->job->image->ndim; axis++) {
        transform_prepare(&t->axis[axis]);
        make_multipliers(p, &prepare, axis);
    }
    scale_multipliers(p);
    for (int axis = 0; axis < p->job->image->ndim && status == FEATURE_OK; axis++)
        status = run_axis(p, TRANSFORM_DCT, axis, t->spectrum, t->spectrum, 0, NULL);
    return status;
}

/* ------------------------------------------------------------------------ */
/* Planes                                                                   */
/* ------------------------------------------------------------------------ */

/* Products of the multipliers along all axes but 0; `odd_one` has those of kind 1. */
static void multiply_across(blob_planes *p, ptrdiff_t gaussian, int odd_one,
                            double *out)
{
    const feature_array *image = p->job->image;
    ptrdiff_t lines = 1;
    out[0] = 1;
    for (int axis = 1; axis < image->ndim; axis++) {
        ptrdiff_t n = image->shape[axis];
        const double *with =
            p->transform.multipliers[axis == odd_one][axis] + gaussian * n;
        for (ptrdiff_t i = lines - 1; i >= 0; i--) /* in place, so from the end */
            for (ptrdiff_t k = n - 1; k >= 0; k--)
                out[i * n + k] = out[i] * with[k];
        lines *= n;
    }
}

feature_status blob_transform_make(blob_planes *p, ptrdiff_t scale, wide *out)
{
    const blob_job *job = p->job;
    blob_transform *t = &p->transform;
    int ndim = job->image->ndim, terms = job->method == BLOB_DOG ? 2 : ndim;
    double *along[TRANSFORM_TERMS] = {NULL};
    for (int k = 0; k < terms; k++) {
        ptrdiff_t gaussian = scale + (job->method == BLOB_DOG && k == 1);
        int odd_one = job->method == BLOB_DOG ? -1 : k;
        int kind = job->method == BLOB_DOG ? k == 1 : k == 0;
        along[k] = t->multipliers[kind][0] + gaussian * job->image->shape[0];
        multiply_across(p, gaussian, odd_one, t->across[k]);
    }
    feature_status status =
        run_axis(p, TRANSFORM_DCT_INVERSE, 0, t->spectrum, out, terms, along);
    for (int axis = 1; axis < ndim && status == FEATURE_OK; axis++)
        status = run_axis(p, TRANSFORM_DCT_INVERSE, axis, out, out, 0, NULL);
    return status;
}
