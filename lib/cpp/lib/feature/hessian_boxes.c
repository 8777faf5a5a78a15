/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The determinant of the Hessian of an image, about, by the box filters of H. Bay,
 * A. Ess, T. Tuytelaars, L. Van Gool, "Speeded-Up Robust Features", Computer Vision and
 * Image Understanding 110 (2008), 346-359, on an integral image (core/integral.h): its
 * cost does not depend on sigma. The filters are in kernels/boxes.c.
 *
 * Bands of rows are units of work. Where the filters reach no further than a band is
 * high, each band makes its part of the integral image for itself, in its thread's
 * caches: the image is read twice, and memory sees nothing else but the result. Larger
 * filters have the integral image of the whole.
 *
 * Memory: at most two bands of doubles a thread, up to 4 MiB, and a row for each band;
 * or the whole integral image.
 */
#include "core/array.h"
#include "core/integral.h"
#include "core/memory.h"
#include "core/output.h"
#include "core/smooth.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define NANOSECONDS_PER_PIXEL 3
#define BOX_ROWS 64
#define BAND_BYTES_AT_MOST 4194304.0

typedef struct box_job {
    const feature_array *out;
    line_output output;
    const plain_kernels *plain;
    ptrdiff_t rows, cols, size;
    integral_bands bands;
    ptrdiff_t below;  /* rows of the integral image that a band needs below itself */
    double *integral; /* of the whole image; NULL: each band makes its own */
    thread_memory memory;
} box_job;

/* One thread's buffers: of a row, where it is not made in place; of a band. */
typedef struct box_buffer {
    double *row, *down, *integral;
} box_buffer;

/* Rows of the integral image that a band needs. */
static ptrdiff_t band_height(const box_job *job)
{
    return job->bands.above + BOX_ROWS + job->below;
}

static void layout(box_buffer *b, const box_job *job, arena *a)
{
    b->row = arena_take(a, (size_t)row_pitch(job->cols), sizeof(double));
    b->down = b->integral = NULL;
    if (job->integral != NULL)
        return;
    b->down = arena_take(a, (size_t)job->cols, sizeof(double));
    b->integral =
        arena_take(a, (size_t)band_height(job), (size_t)job->cols * sizeof(double));
}

static void box_band(void *context, ptrdiff_t index, int thread)
{
    const box_job *job = context;
    ptrdiff_t first = index * BOX_ROWS, end = first + BOX_ROWS,
              stride = job->out->strides[1];
    ptrdiff_t low = 0, high = job->rows;
    const double *integral = job->integral;
    box_buffer b;
    arena a = arena_of(&job->memory, thread);
    layout(&b, job, &a);
    end = end < job->rows ? end : job->rows;
    if (integral == NULL) {
        low = integral_first_row(&job->bands, index);
        high = end + job->below < high ? end + job->below : high;
        integral_of_band(&job->bands, index, high, b.down, b.integral);
        integral = b.integral;
    }
    for (ptrdiff_t y = first; y < end; y++) {
        unsigned char *to = row_of(job->out, y);
        double *row = job->output.in_place ? (double *)(void *)to : b.row;
        job->plain->box_determinant_row(integral, high - low, job->cols, job->size,
                                        y - low, row);
        if (!job->output.in_place)
            job->output.write(row, job->cols, to, stride);
    }
}

/* How far the filters reach (kernels/boxes.c). At the top of the image they begin
 * later, but are not shorter. */
static void set_bands(box_job *job, const feature_array *image)
{
    ptrdiff_t half = (job->size - 1) / 2, third = job->size / 3;
    job->bands = (integral_bands){
        .image = image, .rows = BOX_ROWS, .above = half > third ? half : third};
    job->bands.count = (job->rows + BOX_ROWS - 1) / BOX_ROWS;
    job->below = job->size - half > third + 1 ? job->size - half : third + 1;
}

/* Is it better to make parts of the integral image, and some rows twice, than to send
 * it to memory and back? */
static int goes_by_bands(const box_job *job)
{
    double row = (double)job->cols * sizeof(double);
    return job->size <= BOX_ROWS &&
           (double)band_height(job) * row <= BAND_BYTES_AT_MOST &&
           exceeds_caches((double)job->rows * row);
}

feature_status feature_hessian_matrix_det_boxes(const feature_array *image,
                                                ptrdiff_t size,
                                                const feature_array *determinant,
                                                const feature_run *run)
{
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK)
        status = check_plane(determinant, FEATURE_FLOAT64, image);
    if (status != FEATURE_OK)
        return status;
    if (size < 1 || size > PTRDIFF_MAX / 4)
        return FEATURE_BAD_ARGUMENT;
    if (is_empty(image))
        return FEATURE_OK;
    box_job job = {
        .out = determinant,
        .output = line_output_for(real_kernels_for(FEATURE_FLOAT64), determinant, 1),
        .plain = plain_kernels_in_use(),
        .rows = image->shape[0],
        .cols = image->shape[1],
        .size = size};
    set_bands(&job, image);
    team t = team_for(run, job.bands.count,
                      (double)job.rows * (double)job.cols * NANOSECONDS_PER_PIXEL);
    int by_bands = goes_by_bands(&job);
    size_t rows = (size_t)(by_bands ? job.bands.count : job.rows);
    arena shared = {NULL, 0};
    arena_take(&shared, rows, (size_t)job.cols * sizeof(double));
    double *block = shared.used == SIZE_MAX ? NULL : memory_lease(shared.used);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    job.integral = by_bands ? NULL : block;
    job.bands.before = block;
    status = by_bands ? integral_start_bands(&t, &job.bands)
                      : integral_image(&t, image, block);
    box_buffer counting;
    arena one = {NULL, 0};
    layout(&counting, &job, &one);
    if (status == FEATURE_OK)
        status = team_run_with(&t, job.bands.count, box_band, &job, &job.memory, &one);
    memory_return(block);
    return status;
}
