/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines: places where the structure tensor's squared trace is large beside its
 * determinant. The tensor is made for runs of a row only, which reach from one
 * candidate to the next as long as their windows overlap.
 */
#include "censure.h"

#include <string.h>

#include "core/memory.h"

#define RUN_COLS 128 /* at most */

static ptrdiff_t radius_of(const censure_job *job, ptrdiff_t scale)
{
    return job->search->windows[scale - 1].radius;
}

void censure_window_layout(censure_window *w, const censure_job *job, arena *a)
{
    ptrdiff_t radius = 0;
    for (ptrdiff_t k = 1; k < job->scales - 1; k++)
        radius = radius_of(job, k) > radius ? radius_of(job, k) : radius;
    size_t rows = 2 * (size_t)radius + 1;
    w->pitch = row_pitch(RUN_COLS + 2 * radius + 2);
    size_t row_bytes = (size_t)w->pitch * sizeof(wide);
    w->rows = arena_take(a, rows, sizeof *w->rows);
    w->pixels = arena_take(a, 3, row_bytes);
    w->sums = arena_take(a, 1, row_bytes);
    for (int k = 0; k < 3; k++) {
        w->products[k] = arena_take(a, rows, row_bytes);
        w->tensor[k] = arena_take(a, 1, row_bytes);
    }
    w->keep = arena_take(a, RUN_COLS + ROW_BLOCK, 1);
}

/* Pixels x to x + n of row y, 0 beyond the image. */
static void load_or_zero(const censure_job *job, ptrdiff_t y, ptrdiff_t x, ptrdiff_t n,
                         wide *row)
{
    const feature_array *image = job->image;
    ptrdiff_t first = x < 0 ? 0 : x, end = x + n < job->cols ? x + n : job->cols;
    if (y < 0 || y >= job->rows || first >= end) {
        memset(row, 0, (size_t)n * sizeof *row);
        return;
    }
    memset(row, 0, (size_t)(first - x) * sizeof *row);
    job->plain->load_row(row_of(image, y) + first * image->strides[1],
                         image->strides[1], end - first, (feature_dtype)image->dtype,
                         row + (first - x));
    memset(row + (end - x), 0, (size_t)(x + n - end) * sizeof *row);
}

/* Products count as 0 beyond the image too. */
static void clear_outside(const censure_job *job, ptrdiff_t x, ptrdiff_t n, wide *row)
{
    if (x < 0)
        memset(row, 0, (size_t)(-x < n ? -x : n) * sizeof *row);
    ptrdiff_t first = job->cols > x ? job->cols - x : 0;
    if (first < n)
        memset(row + first, 0, (size_t)(n - first) * sizeof *row);
}

/* Row `index` of the products: row y of the image, pixels x to x + n. Pixel rows
 * y - 1 and y are there from the row before. */
static void make_products(censure_window *w, const censure_job *job, ptrdiff_t index,
                          ptrdiff_t y, ptrdiff_t x, ptrdiff_t n)
{
    wide *out[3];
    const wide *rows[3];
    for (int k = 0; k < 3; k++) {
        out[k] = w->products[k] + index * w->pitch + ROW_PAD;
        rows[k] = w->pixels + (index + k) % 3 * w->pitch + ROW_PAD + 1;
    }
    load_or_zero(job, y + 1, x - 1, n + 2,
                 w->pixels + (index + 2) % 3 * w->pitch + ROW_PAD);
    if (y < 0 || y >= job->rows) {
        for (int k = 0; k < 3; k++)
            memset(out[k], 0, (size_t)n * sizeof(wide));
        return;
    }
    job->real->gradient_products_row(rows, n, out);
    for (int k = 0; k < 3; k++)
        clear_outside(job, x, n, out[k]);
}

/* Tests pixels x to x + n of row y; answers in w->keep. */
static void test_run(censure_window *w, const censure_job *job, ptrdiff_t scale,
                     ptrdiff_t y, ptrdiff_t x, ptrdiff_t n)
{
    const feature_filter *filter = &job->search->windows[scale - 1];
    ptrdiff_t radius = filter->radius, left = x - radius, cols = n + 2 * radius;
    for (ptrdiff_t k = 0; k < 2; k++)
        load_or_zero(job, y - radius - 1 + k, left - 1, cols + 2,
                     w->pixels + k * w->pitch + ROW_PAD);
    for (ptrdiff_t k = 0; k <= 2 * radius; k++)
        make_products(w, job, k, y - radius + k, left, cols);
    for (int c = 0; c < 3; c++) {
        for (ptrdiff_t k = 0; k <= 2 * radius; k++)
            w->rows[k] = w->products[c] + k * w->pitch + ROW_PAD;
        job->real->smooth_columns(w->rows, filter->weights, radius, cols,
                                  w->sums + ROW_PAD);
        job->real->smooth_row(w->sums + ROW_PAD + radius, filter->weights, radius, n,
                              w->tensor[c]);
    }
    job->real->not_line_row((const wide *const *)w->tensor, n,
                            job->search->line_threshold, job->search->wide_lines,
                            w->keep);
}

ptrdiff_t censure_test_lines(censure_tile *t, ptrdiff_t y, ptrdiff_t scale,
                             ptrdiff_t count)
{
    ptrdiff_t *x = t->chosen, near = 2 * radius_of(t->job, scale), kept = 0;
    for (ptrdiff_t first = 0, end; first < count; first = end) {
        end = first + 1;
        while (end < count && x[end] - x[end - 1] <= near &&
               x[end] - x[first] < RUN_COLS)
            end++;
        ptrdiff_t from = x[first];
        test_run(&t->window, t->job, scale, y, from, x[end - 1] - from + 1);
        for (ptrdiff_t k = first; k < end; k++)
            if (t->window.keep[x[k] - from])
                x[kept++] = x[k];
    }
    return kept;
}
