/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The determinant of the Hessian of an image, about, by the box filters of H. Bay,
 * A. Ess, T. Tuytelaars, L. Van Gool, "Speeded-Up Robust Features", Computer Vision and
 * Image Understanding 110 (2008), 346-359, on an integral image (core/integral.h): its
 * cost does not depend on sigma. The filters are in kernels/boxes.c.
 *
 * Memory: the integral image, in double. Bands of rows are units of work.
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
#define BOX_ROWS 32

typedef struct box_job {
    const feature_array *out;
    line_output output;
    const double *integral;
    ptrdiff_t rows, cols, size, pitch;
    double *scratch; /* a row a thread, where they are not made in place */
} box_job;

static void box_band(void *context, ptrdiff_t index, int thread)
{
    const box_job *job = context;
    const plain_kernels *plain = plain_kernels_in_use();
    ptrdiff_t first = index * BOX_ROWS, end = first + BOX_ROWS;
    ptrdiff_t stride = job->out->strides[1];
    for (ptrdiff_t y = first; y < end && y < job->rows; y++) {
        unsigned char *to = row_of(job->out, y);
        double *row = job->output.in_place ? (double *)(void *)to
                                           : job->scratch + thread * job->pitch;
        plain->box_determinant_row(job->integral, job->rows, job->cols, job->size, y,
                                   row);
        if (!job->output.in_place)
            job->output.write(row, job->cols, to, stride);
    }
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
    const real_kernels *real = real_kernels_for(FEATURE_FLOAT64);
    box_job job = {.out = determinant,
                   .output = line_output_for(real, determinant, 1),
                   .rows = image->shape[0],
                   .cols = image->shape[1],
                   .size = size,
                   .pitch = row_pitch(image->shape[1])};
    ptrdiff_t bands = (job.rows + BOX_ROWS - 1) / BOX_ROWS;
    team t = team_for(run, bands,
                      (double)job.rows * (double)job.cols * NANOSECONDS_PER_PIXEL);
    arena whole = {NULL, 0};
    arena_take(&whole, (size_t)job.rows, (size_t)job.cols * sizeof(double));
    size_t before = whole.used;
    arena_take(&whole, (size_t)t.threads, (size_t)job.pitch * sizeof(double));
    unsigned char *block = whole.used == SIZE_MAX ? NULL : memory_lease(whole.used);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    job.scratch = (double *)(void *)(block + before);
    job.integral = (double *)(void *)block;
    status = integral_image(&t, image, (double *)(void *)block);
    if (status == FEATURE_OK)
        status = team_run(&t, bands, box_band, &job);
    memory_return(block);
    return status;
}
