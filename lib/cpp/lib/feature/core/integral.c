/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/integral.h"

#include "core/array.h"
#include "kernels/kernels.h"

#define COLUMNS 256      /* a band of the sums down */
#define ROWS_AT_ONCE 8 /* of the sums along: their chains of additions overlap */

typedef struct integral_job {
    const feature_array *image;
    double *integral;
    const plain_kernels *plain;
    ptrdiff_t rows, cols;
} integral_job;

static void sum_down(void *context, ptrdiff_t index, int thread)
{
    const integral_job *job = context;
    const feature_array *image = job->image;
    ptrdiff_t first = index * COLUMNS, stride = image->strides[1];
    ptrdiff_t n = job->cols - first < COLUMNS ? job->cols - first : COLUMNS;
    double pixels[COLUMNS];
    (void)thread;
    for (ptrdiff_t y = 0; y < job->rows; y++) {
        double *row = job->integral + y * job->cols + first;
        job->plain->load_row(row_of(image, y) + first * stride, stride, n,
                             (feature_dtype)image->dtype, y == 0 ? row : pixels);
        if (y > 0)
            job->plain->add_row(row - job->cols, pixels, n, row);
    }
}

static void sum_along(void *context, ptrdiff_t index, int thread)
{
    const integral_job *job = context;
    ptrdiff_t first = index * ROWS_AT_ONCE, left = job->rows - first;
    (void)thread;
    job->plain->running_sums(job->integral + first * job->cols, job->cols,
                             left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE);
}

feature_status integral_image(team *t, const feature_array *image, double *integral)
{
    integral_job job = {image, integral, plain_kernels_in_use(), image->shape[0],
                        image->shape[1]};
    feature_status status =
        team_run(t, (job.cols + COLUMNS - 1) / COLUMNS, sum_down, &job);
    if (status == FEATURE_OK)
        status = team_run(t, (job.rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, sum_along,
                          &job);
    return status;
}
