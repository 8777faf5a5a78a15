/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/plane.h"

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
