/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/integral.h"

#include <string.h>

#include "core/array.h"
#include "kernels/kernels.h"

#define COLUMNS 256          /* a unit of work of the sums down, */
#define COLUMNS_AT_MOST 1024 /* and of those that are kept for bands */
#define ROWS_AT_ONCE 8 /* of the sums along: their chains of additions overlap */

typedef struct integral_job {
    const feature_array *image;
    double *integral;
    const plain_kernels *plain;
    ptrdiff_t rows, cols;
} integral_job;

/* n doubles of row y from column `first` on: where they are, or loaded into `room`. */
static const double *pixels_at(const feature_array *image, const plain_kernels *plain,
                               ptrdiff_t y, ptrdiff_t first, ptrdiff_t n, double *room)
{
    ptrdiff_t stride = image->strides[1];
    const void *from = row_of(image, y) + first * stride;
    if (is_direct(image))
        return from;
    plain->load_row(from, stride, n, (feature_dtype)image->dtype, room);
    return room;
}

static void sum_down(void *context, ptrdiff_t index, int thread)
{
    const integral_job *job = context;
    ptrdiff_t first = index * COLUMNS;
    ptrdiff_t n = job->cols - first < COLUMNS ? job->cols - first : COLUMNS;
    double room[COLUMNS];
    (void)thread;
    for (ptrdiff_t y = 0; y < job->rows; y++) {
        double *row = job->integral + y * job->cols + first;
        const double *pixels = pixels_at(job->image, job->plain, y, first, n, room);
        if (y == 0)
            memcpy(row, pixels, (size_t)n * sizeof *row);
        else
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

/* ------------------------------------------------------------------------ */
/* Bands                                                                    */
/* ------------------------------------------------------------------------ */

typedef struct bands_job {
    const integral_bands *bands;
    ptrdiff_t columns; /* that are summed at once: long runs are read faster */
} bands_job;

/* Columns are summed down as above, and what they have come to before each band is
 * kept. */
static void sum_before_bands(void *context, ptrdiff_t index, int thread)
{
    const bands_job *job = context;
    const integral_bands *bands = job->bands;
    const plain_kernels *plain = plain_kernels_in_use();
    ptrdiff_t cols = bands->image->shape[1], first = index * job->columns, band = 0;
    ptrdiff_t n = cols - first < job->columns ? cols - first : job->columns;
    double room[COLUMNS_AT_MOST], sums[2][COLUMNS_AT_MOST];
    (void)thread;
    for (ptrdiff_t y = 0;; y++) {
        double *before = sums[y % 2], *after = sums[(y + 1) % 2];
        while (band < bands->count && integral_first_row(bands, band) <= y) {
            if (y > 0)
                memcpy(bands->before + band * cols + first, before,
                       (size_t)n * sizeof *before);
            band++;
        }
        if (band == bands->count)
            return;
        const double *pixels = pixels_at(bands->image, plain, y, first, n, room);
        if (y == 0)
            memcpy(after, pixels, (size_t)n * sizeof *after);
        else
            plain->add_row(before, pixels, n, after);
    }
}

feature_status integral_start_bands(team *t, const integral_bands *bands)
{
    ptrdiff_t cols = bands->image->shape[1];
    bands_job job = {bands, (cols + t->threads - 1) / t->threads};
    job.columns = job.columns < COLUMNS           ? COLUMNS
                  : job.columns > COLUMNS_AT_MOST ? COLUMNS_AT_MOST
                                                  : job.columns;
    return team_run(t, (cols + job.columns - 1) / job.columns, sum_before_bands, &job);
}

void integral_of_band(const integral_bands *bands, ptrdiff_t band, ptrdiff_t end,
                      double *down, double *out)
{
    const plain_kernels *plain = plain_kernels_in_use();
    ptrdiff_t first = integral_first_row(bands, band), cols = bands->image->shape[1];
    size_t size = (size_t)cols * sizeof *down;
    const double *before = first > 0 ? bands->before + band * cols : NULL;
    for (ptrdiff_t y = first; y < end; y += ROWS_AT_ONCE) {
        ptrdiff_t count = end - y < ROWS_AT_ONCE ? end - y : ROWS_AT_ONCE;
        double *rows = out + (y - first) * cols;
        for (ptrdiff_t k = 0; k < count; k++) {
            double *row = rows + k * cols;
            const double *pixels = pixels_at(bands->image, plain, y + k, 0, cols, row);
            if (before != NULL)
                plain->add_row(before, pixels, cols, row);
            else if (pixels != row)
                memcpy(row, pixels, size);
            before = row;
        }
        memcpy(down, before, size); /* before they are summed along */
        before = down;
        plain->running_sums(rows, cols, count);
    }
}
