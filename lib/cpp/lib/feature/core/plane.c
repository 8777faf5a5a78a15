/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/plane.h"

#include <math.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/smooth.h"
#include "core/threads.h"

#define BAND_ROWS 32
#define NANOSECONDS_PER_PIXEL 1.5

typedef struct plane_job {
    smooth_plan plan;
    unsigned char *plane;
    unsigned char *scratch;
    size_t scratch_size;
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
    ptrdiff_t item = dtype_size(storage_type(plan->image));
    ptrdiff_t first = band * BAND_ROWS, end = first + BAND_ROWS;
    arena a = {job->scratch + (size_t)thread * job->scratch_size, 0};
    plane_scratch s;
    layout(&s, job, &a);
    smoother_start(&s.s, first);
    for (ptrdiff_t y = first; y < end && y < rows; y++) {
        smoother_row(&s.s, y, s.row);
        plan->real->store_row(s.row, cols, job->plane + y * cols * item, item);
    }
}

feature_status plane_smooth(const feature_array *image, const feature_filter *axis,
                            void *plane, const feature_run *run)
{
    plane_job job = {.plan = {.image = image, .axis = axis}, .plane = plane};
    job.plan.plain = plain_kernels_in_use();
    job.plan.real = real_kernels_for(storage_type(image));
    ptrdiff_t bands = (image->shape[0] + BAND_ROWS - 1) / BAND_ROWS;
    double pixels = (double)image->shape[0] * (double)image->shape[1];
    team t = team_for(run, bands, pixels * NANOSECONDS_PER_PIXEL);
    plane_scratch counting;
    arena one = {NULL, 0}, whole = {NULL, 0};
    layout(&counting, &job, &one);
    arena_take(&whole, (size_t)t.threads,
               one.used == SIZE_MAX ? SIZE_MAX / 2 : one.used);
    job.scratch = whole.used == SIZE_MAX ? NULL : memory_lease(whole.used);
    job.scratch_size = one.used;
    if (job.scratch == NULL)
        return FEATURE_NO_MEMORY;
    feature_status status = team_run(&t, bands, smooth_band, &job);
    memory_return(job.scratch);
    return status;
}

/* ------------------------------------------------------------------------ */
/* The range of an image                                                    */
/* ------------------------------------------------------------------------ */

#define RANGE_NANOSECONDS_PER_PIXEL 0.5

typedef struct range_job {
    const feature_array *image;
    const plain_kernels *plain;
    double (*ranges)[3]; /* one a band, as range_row has it */
    wide *rows;          /* one a thread */
} range_job;

static void range_band(void *context, ptrdiff_t band, int thread)
{
    const range_job *job = context;
    const feature_array *image = job->image;
    ptrdiff_t cols = image->shape[1], first = band * BAND_ROWS, end = first + BAND_ROWS;
    wide *row = job->rows + thread * row_pitch(cols);
    double *range = job->ranges[band];
    range[0] = INFINITY;
    range[1] = -INFINITY;
    range[2] = 0;
    for (ptrdiff_t y = first; y < end && y < image->shape[0]; y++) {
        job->plain->load_row(row_of(image, y), image->strides[1], cols,
                             (feature_dtype)image->dtype, row);
        job->plain->range_row(row, cols, range);
    }
}

feature_status plane_range(const feature_array *image, plane_limits *range,
                           const feature_run *run)
{
    range_job job = {.image = image, .plain = plain_kernels_in_use()};
    ptrdiff_t bands = (image->shape[0] + BAND_ROWS - 1) / BAND_ROWS;
    double pixels = (double)image->shape[0] * (double)image->shape[1];
    team t = team_for(run, bands, pixels * RANGE_NANOSECONDS_PER_PIXEL);
    size_t row = (size_t)row_pitch(image->shape[1]) * sizeof(wide);
    arena a = {NULL, 0};
    arena_take(&a, (size_t)bands, sizeof *job.ranges);
    arena_take(&a, (size_t)t.threads, row);
    unsigned char *block = a.used == SIZE_MAX ? NULL : memory_lease(a.used);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    a = (arena){block, 0};
    job.ranges = arena_take(&a, (size_t)bands, sizeof *job.ranges);
    job.rows = arena_take(&a, (size_t)t.threads, row);
    feature_status status = team_run(&t, bands, range_band, &job);
    double least = INFINITY, most = -INFINITY;
    for (ptrdiff_t band = 0; band < bands && status == FEATURE_OK; band++) {
        least = job.ranges[band][0] < least ? job.ranges[band][0] : least;
        most = job.ranges[band][1] > most ? job.ranges[band][1] : most;
    }
    *range = least <= most ? (plane_limits){least, most} : (plane_limits){NAN, NAN};
    memory_return(block);
    return status;
}
