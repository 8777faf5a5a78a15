/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fisher vectors: the sums that they are made of.
 *
 * F. Perronnin and C. Dance, "Fisher Kernels on Visual Vocabularies for Image
 * Categorization", CVPR 2007. A set of descriptors x is described by how the likelihood
 * of a mixture of K Gaussians with diagonal covariances changes with its parameters.
 * The derivatives are combinations of three sums over the descriptors, for each mode k
 *
 *     sum p(k | x),   sum p(k | x) x,   sum p(k | x) x^2,
 *
 * p(k | x) = w_k N(x; mu_k, sigma_k) / sum over all modes. Python makes the vector, of
 * K (1 + 2 D) numbers, out of them: that does not grow with the descriptors.
 *
 * Conventions. The logarithm of w_k N is offset_k - |(x - mu_k) / sigma_k|^2 / 2. The
 * differences are squared as they are: scikit-learn expands the square, which loses
 * digits when a mean is far from 0 against its sigma. Exponentials are taken of what is
 * below the largest logarithm. Posteriors below 2^-100 are left out of the last two
 * sums.
 *
 * Order. Blocks of 32 descriptors are converted, compared with all modes and summed
 * while they are in the first cache. A band is some blocks, at most 32 bands are all;
 * their number depends on the descriptors alone, and so does the order of every sum:
 * within a band as descriptors come, then band after band.
 *
 * Cost. Four operations for each descriptor, mode and element find the distances, as
 * many weigh what is left; each descriptor is read once. A band keeps K (1 + 2 D) sums,
 * so that 32 of them take 17 MB for 256 modes of 128 elements.
 */
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define BANDS_AT_MOST 32
#define BAND_LEAST 512 /* descriptors, whole blocks */

typedef struct fisher_job {
    const feature_array *descriptors, *means, *scales, *offsets, *sums;
    mixture_table model;
    ptrdiff_t count, band, bands; /* descriptors, those of a band */
    wide *partial;                /* of each band, `partial_pitch` */
    size_t partial_pitch;
    thread_memory memory; /* of each thread */
    team team;
} fisher_job;

/* One thread's block. */
typedef struct block_buffer {
    wide *x, *posteriors;
} block_buffer;

static void layout_block(block_buffer *b, const fisher_job *job, arena *a)
{
    b->x = arena_take(a, MIXTURE_BLOCK * (size_t)job->model.pitch, sizeof(wide));
    b->posteriors =
        arena_take(a, MIXTURE_BLOCK * (size_t)job->model.modes, sizeof(wide));
}

/* ------------------------------------------------------------------------ */
/* Bands                                                                    */
/* ------------------------------------------------------------------------ */

/* Descriptors `first` to before first + count as rows of doubles, zeros around. */
static void read_block(const fisher_job *job, ptrdiff_t first, ptrdiff_t count, wide *x)
{
    const feature_array *from = job->descriptors;
    ptrdiff_t pitch = job->model.pitch, length = job->model.length;
    for (ptrdiff_t n = 0; n < MIXTURE_BLOCK; n++) {
        wide *row = x + n * pitch;
        if (n < count)
            plain_kernels_in_use()->load_unscaled_row(
                row_of(from, first + n), from->strides[1], length,
                (feature_dtype)from->dtype, row);
        ptrdiff_t filled = n < count ? length : 0;
        memset(row + filled, 0, (size_t)(pitch - filled) * sizeof(wide));
    }
}

static void sum_band(void *context, ptrdiff_t band, int thread)
{
    fisher_job *job = context;
    const plain_kernels *k = plain_kernels_in_use();
    arena a = arena_of(&job->memory, thread);
    wide *sums = job->partial + (size_t)band * job->partial_pitch;
    ptrdiff_t first = band * job->band, end = first + job->band;
    block_buffer b;
    layout_block(&b, job, &a);
    memset(sums, 0, job->partial_pitch * sizeof(wide));
    end = end < job->count ? end : job->count;
    for (ptrdiff_t n = first; n < end && !team_is_stopped(&job->team, thread);
         n += MIXTURE_BLOCK) {
        ptrdiff_t count = end - n < MIXTURE_BLOCK ? end - n : MIXTURE_BLOCK;
        read_block(job, n, count, b.x);
        k->mixture_distances(b.x, &job->model, b.posteriors);
        k->mixture_posteriors(&job->model, count, b.posteriors, sums);
        k->mixture_sums(b.x, b.posteriors, &job->model, count, sums + job->model.modes);
    }
}

/* ------------------------------------------------------------------------ */
/* The call                                                                 */
/* ------------------------------------------------------------------------ */

static double number_at(const feature_array *a, ptrdiff_t row, ptrdiff_t col)
{
    return *(const double *)(void *)(row_of(a, row) + col * a->strides[1]);
}

static void fill_model(fisher_job *job)
{
    mixture_table *m = &job->model;
    for (ptrdiff_t k = 0; k < m->modes; k++) {
        int given = k < m->given;
        m->offsets[k] = given ? *(const double *)(void *)row_of(job->offsets, k)
                              : -(double)INFINITY;
        for (ptrdiff_t d = 0; d < m->length; d++) {
            m->means[d * m->modes + k] = given ? number_at(job->means, k, d) : 0;
            m->scales[d * m->modes + k] = given ? number_at(job->scales, k, d) : 0;
        }
    }
}

static void add_bands(const fisher_job *job)
{
    const mixture_table *m = &job->model;
    for (ptrdiff_t k = 0; k < m->given; k++)
        for (ptrdiff_t d = 0; d < 1 + 2 * m->length; d++) {
            ptrdiff_t second = d > m->length;
            ptrdiff_t at = d == 0 ? k
                                  : m->modes + (2 * k + second) * m->pitch + d - 1 -
                                        second * m->length;
            double sum = 0;
            for (ptrdiff_t band = 0; band < job->bands; band++)
                sum += job->partial[(size_t)band * job->partial_pitch + (size_t)at];
            *(double *)(void *)(row_of(job->sums, k) + d * job->sums->strides[1]) = sum;
        }
}

static feature_status check_numbers(const feature_array *array, int32_t ndim,
                                    ptrdiff_t rows, ptrdiff_t cols)
{
    feature_status status = check_array(array, ndim);
    if (status != FEATURE_OK)
        return status;
    if (array->dtype != FEATURE_FLOAT64)
        return FEATURE_BAD_DTYPE;
    if (array->shape[0] != rows || (ndim == 2 && array->shape[1] != cols))
        return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static feature_status check_fisher(const fisher_job *job)
{
    feature_status status = check_array(job->descriptors, 2);
    if (status == FEATURE_OK)
        status = check_array(job->means, 2);
    if (status != FEATURE_OK)
        return status;
    ptrdiff_t length = job->descriptors->shape[1], modes = job->means->shape[0];
    if (length < 1 || modes < 1 || length > PTRDIFF_MAX / 64 ||
        modes > PTRDIFF_MAX / 64)
        return FEATURE_BAD_ARGUMENT;
    status = check_numbers(job->means, 2, modes, length);
    if (status == FEATURE_OK)
        status = check_numbers(job->scales, 2, modes, length);
    if (status == FEATURE_OK)
        status = check_numbers(job->offsets, 1, modes, 1);
    if (status == FEATURE_OK)
        status = check_numbers(job->sums, 2, modes, 1 + 2 * length);
    return status;
}

static ptrdiff_t filled_up(ptrdiff_t n, ptrdiff_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static void measure(fisher_job *job)
{
    mixture_table *m = &job->model;
    m->given = job->means->shape[0];
    m->length = job->means->shape[1];
    m->modes = filled_up(m->given, MIXTURE_LANES);
    m->pitch = filled_up(m->length, MIXTURE_LANES);
    job->count = job->descriptors->shape[0];
    job->band = BAND_LEAST * (job->count / (BANDS_AT_MOST * BAND_LEAST) + 1);
    job->bands = (job->count + job->band - 1) / job->band;
}

static feature_status lease_fisher(fisher_job *job, int threads)
{
    mixture_table *m = &job->model;
    unsigned char *block = NULL;
    block_buffer counting;
    arena one = {NULL, 0};
    size_t rows, numbers;
    layout_block(&counting, job, &one);
    if (one.used == SIZE_MAX ||
        __builtin_mul_overflow(2 * (size_t)m->given, (size_t)m->pitch, &rows) ||
        __builtin_add_overflow(rows, (size_t)m->modes, &job->partial_pitch) ||
        __builtin_mul_overflow((size_t)m->length, (size_t)m->modes, &numbers))
        return FEATURE_NO_MEMORY;
    job->memory.each = one.used;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        m->means = arena_take(&a, numbers, sizeof(wide));
        m->scales = arena_take(&a, numbers, sizeof(wide));
        m->offsets = arena_take(&a, (size_t)m->modes, sizeof(wide));
        job->partial =
            arena_take(&a, (size_t)job->bands, job->partial_pitch * sizeof(wide));
        job->memory.base = arena_take(&a, (size_t)threads, one.used);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    return FEATURE_OK;
}

feature_status feature_fisher_statistics(const feature_array *descriptors,
                                         const feature_array *means,
                                         const feature_array *scales,
                                         const feature_array *offsets,
                                         const feature_array *sums,
                                         const feature_run *run)
{
    fisher_job job = {descriptors, means, scales, offsets, sums, .count = 0};
    feature_status status = check_fisher(&job);
    if (status != FEATURE_OK)
        return status;
    measure(&job);
    double terms =
        (double)job.count * (double)job.model.modes * (double)job.model.pitch;
    job.team = team_for(run, job.bands, terms * 0.2);
    status = lease_fisher(&job, job.team.threads);
    if (status != FEATURE_OK)
        return status;
    fill_model(&job);
    status = team_run(&job.team, job.bands, sum_band, &job);
    if (status == FEATURE_OK)
        add_bands(&job);
    memory_return(job.model.means);
    return status;
}
