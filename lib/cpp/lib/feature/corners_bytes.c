/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kitchen and Rosenfeld's measure of bytes. Sobel's operator makes integers of them, no
 * more than 1,020 of the image and 8,160 of the gradients, so that integers of 16 bits
 * are what core/sobel.h's doubles are, four times as many in a vector. Only the measure
 * itself is made in doubles, in corners.c's order.
 *
 * Beyond a constant border core/sobel.h counts differences as the constant, too; for
 * the constant 0 that is what differences of it are. Other constants are left to it.
 *
 * A thread holds the gradients of the rows above, at and below the one it measures.
 */
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/border.h"
#include "core/memory.h"
#include "core/slots.h"
#include "core/threads.h"
#include "corners.h"
#include "kernels/kernels.h"

#define PAD 64 /* elements on both sides of a row: a column, and room for a vector */
#define NANOSECONDS_PER_PIXEL 1

typedef struct bytes_job {
    const feature_array *image, *response;
    const int32_t *borders;
    const plain_kernels *plain;
    const real_kernels *real;
    ptrdiff_t rows, cols, pitch;
    thread_memory memory;
} bytes_job;

/* Which of a thread's rows are what. */
enum { PIXELS, DOWN = 3, RIGHT = DOWN + SLOTS, OUTSIDE = RIGHT + SLOTS, ROWS };

/* One thread's buffers. */
typedef struct bytes_rows {
    const bytes_job *job;
    int16_t *rows;
    row_slots slots; /* of gradients */
    wide *response;
} bytes_rows;

int kitchen_rosenfeld_is_of_bytes(const feature_array *image, const int32_t *borders,
                                  double cval)
{
    int constant = borders[0] == FEATURE_CONSTANT || borders[1] == FEATURE_CONSTANT;
    return image->dtype == FEATURE_UINT8 &&
           (!constant || (cval == 0 && !signbit(cval)));
}

static void layout(bytes_rows *r, const bytes_job *job, arena *a)
{
    r->job = job;
    r->rows = arena_take(a, ROWS, (size_t)job->pitch * sizeof *r->rows);
    r->response = arena_take(a, (size_t)job->cols, sizeof(wide));
}

static int16_t *row_in(const bytes_rows *r, ptrdiff_t k)
{
    return r->rows + k * r->job->pitch + PAD;
}

/* One element beyond each end of a row. */
static void continue_row(const bytes_job *job, int16_t *row)
{
    ptrdiff_t n = job->cols;
    ptrdiff_t left = border_index(-1, n, job->borders[1]);
    ptrdiff_t right = border_index(n, n, job->borders[1]);
    row[-1] = left < 0 ? 0 : row[left];
    row[n] = right < 0 ? 0 : row[right];
}

/* The numbers of the rows above, at and below row y. */
static void rows_around(const bytes_job *job, ptrdiff_t y, ptrdiff_t *rows)
{
    for (int k = 0; k < 3; k++)
        rows[k] = border_index(y - 1 + k, job->rows, job->borders[0]);
}

/* The gradients of row y of the image, into slot `at`. */
static void make_gradients(bytes_rows *r, ptrdiff_t y, int at)
{
    const bytes_job *job = r->job;
    const feature_array *image = job->image;
    const int16_t *around[3];
    ptrdiff_t rows[3];
    rows_around(job, y, rows);
    for (int k = 0; k < 3; k++) {
        around[k] = row_in(r, OUTSIDE);
        if (rows[k] < 0)
            continue;
        int16_t *row = row_in(r, PIXELS + k);
        job->plain->widen_bytes(row_of(image, rows[k]), image->strides[1], job->cols,
                                row);
        continue_row(job, row);
        around[k] = row;
    }
    int16_t *down = row_in(r, DOWN + at), *right = row_in(r, RIGHT + at);
    job->real->gradient_bytes_row(around, job->cols, down, right);
    continue_row(job, down);
    continue_row(job, right);
}

static void measure_row(bytes_rows *r, ptrdiff_t y, wide *out)
{
    const bytes_job *job = r->job;
    const int16_t *down[3], *right[3];
    ptrdiff_t rows[3];
    rows_around(job, y, rows);
    for (int k = 0; k < 3; k++) {
        down[k] = right[k] = row_in(r, OUTSIDE);
        if (rows[k] < 0)
            continue;
        int at = slot_of(&r->slots, rows[k]);
        if (at < 0) {
            at = slot_for(&r->slots, rows[k], rows);
            make_gradients(r, rows[k], at);
        }
        down[k] = row_in(r, DOWN + at);
        right[k] = row_in(r, RIGHT + at);
    }
    job->real->kitchen_rosenfeld_bytes_row(down, right, job->cols, out);
}

static void measure_band(void *context, ptrdiff_t index, int thread)
{
    const bytes_job *job = context;
    const feature_array *response = job->response;
    ptrdiff_t first = index * BAND_ROWS, end = first + BAND_ROWS;
    arena a = arena_of(&job->memory, thread);
    bytes_rows r;
    layout(&r, job, &a);
    r.slots = slots_empty();
    /* What lies behind a row takes part in the last vector's sums. */
    memset(r.rows, 0, ROWS * (size_t)job->pitch * sizeof *r.rows);
    for (ptrdiff_t y = first; y < end && y < job->rows; y++) {
        unsigned char *to = row_of(response, y);
        wide *out = is_direct(response) ? (wide *)(void *)to : r.response;
        measure_row(&r, y, out);
        if (!is_direct(response))
            job->real->store_row(out, job->cols, to, response->strides[1]);
    }
}

feature_status kitchen_rosenfeld_of_bytes(const feature_array *image,
                                          const int32_t *borders,
                                          const feature_array *response,
                                          const feature_run *run)
{
    ptrdiff_t rows = image->shape[0], cols = image->shape[1];
    ptrdiff_t bands = (rows + BAND_ROWS - 1) / BAND_ROWS;
    bytes_job job = {.image = image,
                     .response = response,
                     .borders = borders,
                     .plain = plain_kernels_in_use(),
                     .real = real_kernels_for(FEATURE_FLOAT64),
                     .rows = rows,
                     .cols = cols,
                     .pitch = PAD + cols + PAD};
    team t = team_for(run, bands, (double)rows * (double)cols * NANOSECONDS_PER_PIXEL);
    bytes_rows counting;
    arena one = {NULL, 0};
    layout(&counting, &job, &one);
    return team_run_with(&t, bands, measure_band, &job, &job.memory, &one);
}
