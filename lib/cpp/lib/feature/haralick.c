/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Properties of co-occurrence matrices.
 *
 * R. Haralick, K. Shanmugam, I. Dinstein, "Textural Features for Image Classification",
 * 1973. A matrix p, divided by its sum S, is a distribution of pairs (i, j). All ten
 * properties follow from five kinds of sums, and those that are wanted are taken in one
 * sweep over the matrices, without a copy that is divided by S:
 *
 *     rows, columns   how often i and j are each level: means and variances
 *     diagonals       how often j - i is each number: contrast, dissimilarity,
 *                     homogeneity; and the covariance, since the variance of j - i is
 *                     var i + var j - 2 cov
 *     p p             ASM, energy
 *     p ln p          entropy, which is ln S - (sum of p ln p) / S
 *
 * The last two axes are distances and angles: the planes, which stand side by side in
 * memory, so that a row of all matrices is one run of numbers, and rows, columns and
 * diagonals are added up element by element whatever the number of planes.
 *
 * Squares and weighed sums of a matrix whose sum is very large or very small may leave
 * the range of doubles, and there is no logarithm of negative elements. Where the first
 * sweep finds such a sum, a second one takes the elements times a power of two that
 * brings the sum near 1, which loses nothing.
 *
 * Rows are cut into parts with sums of their own, which are added in order; how many
 * parts depends on the size alone. Results equal the reference's up to rounding; where
 * i or j has one value only the correlation is 1, while there rounding errors of the
 * deviation may get past its test for 0.
 *
 * Cost: one read of the matrices, and for each element an addition for each kind; a
 * logarithm where elements are not 0, but for small whole numbers, of which a list is
 * made.
 */
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define PARTS_AT_MOST 8
#define ELEMENTS_A_PART 32768
/* Sums between these are used as they are. */
#define SUM_LEAST 0x1p-400
#define SUM_MOST 0x1p400

typedef struct sweep_job {
    const feature_array *matrix, *out;
    const plain_kernels *kernels;
    int32_t wanted;
    ptrdiff_t levels, planes, parts, part_rows;
    int direct;           /* rows of doubles are read where they stand */
    double *terms;        /* x ln x, where they are known; or NULL */
    double *scale[2];     /* of each plane: both are factors of its elements, */
    int scaled;           /* in a second sweep */
    haralick_sums *sums;  /* of each part */
    unsigned char *first; /* of the sums, which begin as zeros */
    size_t sums_size;
    wide *spare;
    size_t spare_size;
} sweep_job;

static int wants(const sweep_job *job, int32_t properties)
{
    return (job->wanted & properties) != 0;
}

#define BIT(property) (1 << FEATURE_##property)
#define BY_DISTANCE (BIT(CONTRAST) | BIT(DISSIMILARITY) | BIT(HOMOGENEITY))

/* Is it worth it to have a list of x ln x, for the many elements that are small? */
static int lists_terms(const sweep_job *job)
{
    return wants(job, BIT(ENTROPY)) && job->matrix->dtype < FEATURE_FLOAT16 &&
           job->levels * job->levels * job->planes >= 8 * HARALICK_TERMS;
}

/* The sums of one part; `rows` are common to all. */
static void layout_sums(const sweep_job *job, haralick_sums *s, arena *a)
{
    size_t levels = (size_t)job->levels, planes = (size_t)job->planes;
    int correlation = wants(job, BIT(CORRELATION));
    s->levels = job->levels;
    s->planes = job->planes;
    s->columns = s->differences = s->squares = s->logarithms = NULL;
    if (correlation)
        s->columns = arena_take(a, levels * planes, sizeof(double));
    if (correlation || wants(job, BY_DISTANCE))
        s->differences = arena_take(a, (2 * levels - 1) * planes, sizeof(double));
    if (wants(job, BIT(ASM) | BIT(ENERGY)))
        s->squares = arena_take(a, planes, sizeof(double));
    if (wants(job, BIT(ENTROPY)))
        s->logarithms = arena_take(a, planes, sizeof(double));
}

static void layout(sweep_job *job, int threads, arena *a)
{
    size_t levels = (size_t)job->levels, planes = (size_t)job->planes;
    arena one = {NULL, 0};
    arena_take(&one, 16 * planes + HARALICK_SPARE, sizeof(wide));
    arena_take(&one, levels * planes + ROW_BLOCK, sizeof(wide));
    job->spare_size = one.used;
    job->sums = arena_take(a, (size_t)job->parts, sizeof *job->sums);
    job->spare = arena_take(a, (size_t)threads, one.used);
    for (int k = 0; k < 2; k++)
        job->scale[k] = arena_take(a, planes, sizeof *job->scale[k]);
    if (lists_terms(job))
        job->terms = arena_take(a, HARALICK_TERMS, sizeof *job->terms);
    size_t before = a->used;
    double *rows = NULL;
    if (wants(job, ~BY_DISTANCE))
        rows = arena_take(a, levels * planes, sizeof(double));
    for (ptrdiff_t part = 0; part < job->parts; part++) {
        haralick_sums counting, *s = a->base == NULL ? &counting : &job->sums[part];
        layout_sums(job, s, a);
        s->rows = rows;
    }
    job->first = a->base == NULL ? NULL : a->base + before;
    job->sums_size = a->used - before;
}

/* Row i of all planes as doubles, in C's order. */
static const wide *read_row(const sweep_job *job, ptrdiff_t i, wide *buffer)
{
    const feature_array *m = job->matrix;
    const unsigned char *row = row_of(m, i);
    ptrdiff_t size = dtype_size(m->dtype), angles = m->shape[3];
    int packed = (angles == 1 || m->strides[3] == size) &&
                 (m->shape[2] == 1 || m->strides[2] == angles * size) &&
                 m->strides[1] == job->planes * size;
    if (job->direct)
        return (const wide *)(const void *)row;
    if (packed || job->planes == 1) {
        job->kernels->load_unscaled_row(row, packed ? size : m->strides[1],
                                        job->levels * job->planes,
                                        (feature_dtype)m->dtype, buffer);
        return buffer;
    }
    for (ptrdiff_t j = 0; j < job->levels; j++)
        for (ptrdiff_t d = 0; d < m->shape[2]; d++)
            job->kernels->load_unscaled_row(
                row + j * m->strides[1] + d * m->strides[2], m->strides[3], angles,
                (feature_dtype)m->dtype, buffer + (j * m->shape[2] + d) * angles);
    return buffer;
}

/* The same times the planes' factors. */
static const wide *scaled_row(const sweep_job *job, const wide *row, wide *out)
{
    for (ptrdiff_t j = 0; j < job->levels; j++)
        for (ptrdiff_t k = 0; k < job->planes; k++) {
            ptrdiff_t at = j * job->planes + k;
            out[at] = row[at] * job->scale[0][k] * job->scale[1][k];
        }
    return out;
}

static void sweep_part(void *context, ptrdiff_t part, int thread)
{
    const sweep_job *job = context;
    ptrdiff_t first = part * job->part_rows, end = first + job->part_rows;
    wide *spare = (wide *)(void *)((unsigned char *)job->spare +
                                   (size_t)thread * job->spare_size);
    wide *buffer = spare + 16 * job->planes + HARALICK_SPARE;
    end = end < job->levels ? end : job->levels;
    for (ptrdiff_t i = first; i < end; i++) {
        const wide *row = read_row(job, i, buffer);
        if (job->scaled)
            row = scaled_row(job, row, buffer);
        job->kernels->haralick_row(row, i, &job->sums[part], spare);
    }
}

static void add_part(const sweep_job *job, double *to, const double *from, ptrdiff_t n)
{
    if (to != NULL)
        job->kernels->add_row(to, from, n * job->planes, to);
}

/* Into the sums of the first part. */
static void add_parts(const sweep_job *job)
{
    haralick_sums *all = &job->sums[0];
    for (ptrdiff_t part = 1; part < job->parts; part++) {
        const haralick_sums *s = &job->sums[part];
        add_part(job, all->columns, s->columns, job->levels);
        add_part(job, all->differences, s->differences, 2 * job->levels - 1);
        add_part(job, all->squares, s->squares, 1);
        add_part(job, all->logarithms, s->logarithms, 1);
    }
}

static feature_status sweep(sweep_job *job, team *t)
{
    memset(job->first, 0, job->sums_size);
    for (ptrdiff_t part = 0; part < job->parts; part++)
        job->sums[part].terms = job->scaled ? NULL : job->terms;
    feature_status status = team_run(t, job->parts, sweep_part, job);
    if (status == FEATURE_OK)
        add_parts(job);
    return status;
}

static double sum_of_plane(const haralick_sums *s, ptrdiff_t k)
{
    const double *of = s->rows != NULL ? s->rows : s->differences;
    ptrdiff_t n = s->rows != NULL ? s->levels : 2 * s->levels - 1;
    double sum = 0;
    for (ptrdiff_t x = 0; x < n; x++)
        sum += of[x * s->planes + k];
    return sum;
}

/* Finds the factors of the planes; is there one that needs them? */
static int find_scales(const sweep_job *job)
{
    int needed = 0;
    for (ptrdiff_t k = 0; k < job->planes; k++) {
        double sum = sum_of_plane(&job->sums[0], k);
        int usual = sum >= SUM_LEAST && sum <= SUM_MOST;
        int exponent = 0, half;
        if (isinf(sum)) { /* finite numbers divided by it are 0 */
            job->scale[0][k] = job->scale[1][k] = 0;
            needed = 1;
            continue;
        }
        if (sum != 0 && !isnan(sum) && !usual) {
            frexp(sum, &exponent);
            needed = 1;
        }
        half = exponent / 2;
        job->scale[0][k] = ldexp(sum < 0 ? -1 : 1, -half);
        job->scale[1][k] = ldexp(1, half - exponent);
    }
    return needed;
}

static void write_properties(const sweep_job *job)
{
    for (ptrdiff_t k = 0; k < job->planes; k++) {
        double values[PROPERTIES], *out = (double *)job->out->data + k;
        job->kernels->haralick_values(&job->sums[0], k, values);
        for (int property = 0; property < PROPERTIES; property++)
            if (wants(job, 1 << property)) {
                *out = values[property];
                out += job->planes;
            }
    }
}

static feature_status check_arguments(const feature_array *matrix, int32_t wanted,
                                      const feature_array *out)
{
    feature_status status = check_array(matrix, 4);
    if (status == FEATURE_OK)
        status = check_array(out, 3);
    if (status != FEATURE_OK)
        return status;
    if (out->dtype != FEATURE_FLOAT64)
        return FEATURE_BAD_DTYPE;
    if (is_empty(matrix) || wanted <= 0 || wanted >> PROPERTIES != 0 ||
        matrix->shape[0] != matrix->shape[1] ||
        out->shape[0] != __builtin_popcount((unsigned)wanted) ||
        out->shape[1] != matrix->shape[2] || out->shape[2] != matrix->shape[3])
        return FEATURE_BAD_ARGUMENT;
    ptrdiff_t stride = sizeof(double);
    for (int axis = 2; axis >= 0; axis--) {
        if (out->shape[axis] > 1 && out->strides[axis] != stride)
            return FEATURE_BAD_ARGUMENT;
        stride *= out->shape[axis];
    }
    return FEATURE_OK;
}

static int is_dense(const sweep_job *job)
{
    const feature_array *m = job->matrix;
    ptrdiff_t size = sizeof(double);
    return m->dtype == FEATURE_FLOAT64 && (m->shape[3] == 1 || m->strides[3] == size) &&
           (m->shape[2] == 1 || m->strides[2] == m->shape[3] * size) &&
           (m->shape[1] == 1 || m->strides[1] == job->planes * size);
}

feature_status feature_graycoprops(const feature_array *matrix, int32_t wanted,
                                   const feature_array *out, const feature_run *run)
{
    feature_status status = check_arguments(matrix, wanted, out);
    if (status != FEATURE_OK)
        return status;
    sweep_job job = {.matrix = matrix, .out = out, .wanted = wanted};
    job.kernels = plain_kernels_in_use();
    job.levels = matrix->shape[0];
    job.planes = matrix->shape[2] * matrix->shape[3];
    job.direct = is_dense(&job);
    double elements = (double)job.levels * (double)job.levels * (double)job.planes;
    job.parts = elements > PARTS_AT_MOST * ELEMENTS_A_PART
                    ? PARTS_AT_MOST
                    : (ptrdiff_t)(elements / ELEMENTS_A_PART) + 1;
    job.part_rows = (job.levels + job.parts - 1) / job.parts;
    team t = team_for(run, job.parts, elements * 0.4);
    unsigned char *block = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        layout(&job, t.threads, &a);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    if (job.terms != NULL)
        job.kernels->haralick_terms(job.terms);
    status = sweep(&job, &t);
    job.scaled = status == FEATURE_OK && find_scales(&job);
    if (job.scaled)
        status = sweep(&job, &t);
    if (status == FEATURE_OK)
        write_properties(&job);
    memory_return(block);
    return status;
}
