/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/plane.h"

#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/smooth.h"
#include "core/threads.h"

#define BAND_ROWS 32
#define NANOSECONDS_PER_TAP 0.1

typedef struct plane_job {
    smooth_plan plan;
    const feature_array *out;
    ptrdiff_t band_rows;
    thread_memory memory;
} plane_job;

/* One thread's buffers. */
typedef struct plane_scratch {
    smoother s;
    wide *row;
} plane_scratch;

static void layout(plane_scratch *s, const plane_job *job, arena *a)
{
    smoother_layout(&s->s, &job->plan, a);
    s->row = arena_take(a, (size_t)row_pitch(job->plan.image->shape[1]), sizeof(wide));
}

static void smooth_band(void *context, ptrdiff_t band, int thread)
{
    const plane_job *job = context;
    const smooth_plan *plan = &job->plan;
    ptrdiff_t rows = plan->image->shape[0], cols = plan->image->shape[1];
    ptrdiff_t first = band * job->band_rows, end = first + job->band_rows;
    arena a = arena_of(&job->memory, thread);
    plane_scratch s;
    layout(&s, job, &a);
    /* Sums come in whole blocks. */
    int in_place = is_direct(job->out) && cols % ROW_BLOCK == 0;
    smoother_start(&s.s, first);
    for (ptrdiff_t y = first; y < end && y < rows; y++) {
        unsigned char *to = row_of(job->out, y);
        smoother_row(&s.s, y, in_place ? (wide *)(void *)to : s.row);
        if (!in_place)
            plan->real->store_row(s.row, cols, to, job->out->strides[1]);
    }
}

feature_status plane_filter(const feature_array *image, const feature_filter *axis,
                            const int odd[2], double cval, const feature_array *out,
                            const feature_run *run)
{
    plane_job job = {.plan = {.image = image, .axis = axis, .cval = cval}, .out = out};
    job.plan.odd[0] = odd[0];
    job.plan.odd[1] = odd[1];
    job.plan.plain = plain_kernels_in_use();
    job.plan.real = real_kernels_for(storage_type(image));
    job.band_rows = BAND_ROWS + axis[0].radius; /* as many above and below are read */
    ptrdiff_t bands = (image->shape[0] + job.band_rows - 1) / job.band_rows;
    double pixels = (double)image->shape[0] * (double)image->shape[1];
    double taps = (double)axis[0].radius + (double)axis[1].radius;
    team t = team_for(run, bands, pixels * (1 + NANOSECONDS_PER_TAP * taps));
    plane_scratch counting;
    arena one = {NULL, 0};
    layout(&counting, &job, &one);
    return team_run_with(&t, bands, smooth_band, &job, &job.memory, &one);
}

/* ------------------------------------------------------------------------ */
/* An image as it is, converted                                             */
/* ------------------------------------------------------------------------ */

#define PIECE 512 /* columns, on the stack */

typedef struct convert_job {
    const feature_array *image, *out;
    void (*load)(const void *, ptrdiff_t, ptrdiff_t, feature_dtype, wide *);
    const real_kernels *real;
} convert_job;

static void convert_band(void *context, ptrdiff_t band, int thread)
{
    const convert_job *job = context;
    const feature_array *image = job->image, *out = job->out;
    ptrdiff_t rows = image->shape[0], cols = image->shape[1];
    wide piece[PIECE + ROW_BLOCK];
    (void)thread;
    for (ptrdiff_t y = band * BAND_ROWS; y < (band + 1) * BAND_ROWS && y < rows; y++)
        for (ptrdiff_t x = 0; x < cols; x += PIECE) {
            ptrdiff_t n = cols - x < PIECE ? cols - x : PIECE;
            job->load(row_of(image, y) + x * image->strides[1], image->strides[1], n,
                      (feature_dtype)image->dtype, piece);
            job->real->store_row(piece, n, row_of(out, y) + x * out->strides[1],
                                 out->strides[1]);
        }
}

feature_status plane_convert(const feature_array *image, int unscaled,
                             const feature_array *out, team *t)
{
    const plain_kernels *plain = plain_kernels_in_use();
    convert_job job = {image, out,
                       unscaled ? plain->load_unscaled_row : plain->load_row,
                       real_kernels_for(storage_type(image))};
    ptrdiff_t bands = (image->shape[0] + BAND_ROWS - 1) / BAND_ROWS;
    return team_run(t, bands, convert_band, &job);
}

/* ------------------------------------------------------------------------ */
/* The range of an image                                                    */
/* ------------------------------------------------------------------------ */

#define RANGE_NANOSECONDS_PER_PIXEL 0.5

typedef struct range_job {
    const feature_array *image;
    const plain_kernels *plain;
    thread_memory memory; /* of each thread a range, then a row */
} range_job;

static void layout_range(const range_job *job, arena *a, double **range, wide **row)
{
    *range = arena_take(a, 3, sizeof(double));
    *row = arena_take(a, (size_t)row_pitch(job->image->shape[1]), sizeof(wide));
}

static double *range_of(const range_job *job, int thread, wide **row)
{
    arena a = arena_of(&job->memory, thread);
    double *range;
    layout_range(job, &a, &range, row);
    return range;
}

static void range_band(void *context, ptrdiff_t band, int thread)
{
    const range_job *job = context;
    const feature_array *image = job->image;
    ptrdiff_t first = band * BAND_ROWS, end = first + BAND_ROWS;
    wide *row;
    double *range = range_of(job, thread, &row);
    for (ptrdiff_t y = first; y < end && y < image->shape[0]; y++) {
        job->plain->load_row(row_of(image, y), image->strides[1], image->shape[1],
                             (feature_dtype)image->dtype, row);
        job->plain->range_row(row, image->shape[1], range);
    }
}

feature_status plane_range(const feature_array *image, double range[3],
                           const feature_run *run)
{
    range_job job = {.image = image, .plain = plain_kernels_in_use()};
    ptrdiff_t bands = (image->shape[0] + BAND_ROWS - 1) / BAND_ROWS;
    double pixels = (double)image->shape[0] * (double)image->shape[1];
    team t = team_for(run, bands, pixels * RANGE_NANOSECONDS_PER_PIXEL);
    arena one = {NULL, 0};
    wide *row;
    double *found;
    layout_range(&job, &one, &found, &row);
    job.memory = memory_lease_each(&one, t.threads);
    if (job.memory.base == NULL)
        return FEATURE_NO_MEMORY;
    const double nothing[3] = {INFINITY, -INFINITY, 0};
    for (int k = 0; k < t.threads; k++)
        memcpy(range_of(&job, k, &row), nothing, sizeof nothing);
    feature_status status = team_run(&t, bands, range_band, &job);
    memcpy(range, nothing, sizeof nothing);
    for (int k = 0; k < t.threads; k++) {
        found = range_of(&job, k, &row);
        range[0] = found[0] < range[0] ? found[0] : range[0];
        range[1] = found[1] > range[1] ? found[1] : range[1];
        range[2] = found[2] != 0 ? 1 : range[2];
    }
    memory_return(job.memory.base);
    return status;
}
