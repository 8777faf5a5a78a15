/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The determinant of the Hessian by box filters, as SURF has it, in the reference's
 * order of operations and with its rules: windows are cut off at the image (their
 * first corner first, the second from that), the integral image has no row or column
 * of zeros, and no sum is below 0.
 */
#include "kernels/variant.h"

/* One filter's window: rows fixed, columns x + left to x + left + width, clipped. */
typedef struct box {
    const double *top, *bottom;
    ptrdiff_t left, width;
} box;

static inline ptrdiff_t clipped(ptrdiff_t i, ptrdiff_t n)
{
    return i < 0 ? 0 : i > n - 1 ? n - 1 : i;
}

static box box_at(const double *integral, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t top,
                  ptrdiff_t height, ptrdiff_t left, ptrdiff_t width)
{
    ptrdiff_t first = clipped(top, rows), last = clipped(first + height, rows);
    return (box){integral + first * cols, integral + last * cols, left, width};
}

static inline double sum_between(const box *b, ptrdiff_t left, ptrdiff_t right)
{
    double sum = b->top[left] + b->bottom[right] - b->top[right] - b->bottom[left];
    return sum > 0 ? sum : 0;
}

static inline double clipped_sum(const box *b, ptrdiff_t left, ptrdiff_t cols)
{
    return sum_between(b, left, clipped(left + b->width, cols));
}

#define COLUMNS 256 /* as many of all sums stay in the first cache */
#define GAP_AT_MOST 64

static inline void whole_sums(const box *b, ptrdiff_t left, ptrdiff_t n,
                              double *restrict out)
{
    for (ptrdiff_t k = 0; k < n; k++)
        out[k] = sum_between(b, left + k, left + k + b->width);
}

/* The sums of one box for columns x to x + n: windows that start before the row are
 * those of its first column; then come whole ones; then those that the last column
 * cuts off; and those that start beyond it. */
static void box_sums(const box *b, ptrdiff_t x, ptrdiff_t n, ptrdiff_t cols,
                     double *restrict out)
{
    ptrdiff_t start = x + b->left, last = cols - 1, k = 0;
    ptrdiff_t width = b->width > 0 ? b->width : 0, turned = width - b->width;
    if (start >= turned && start + n + width <= cols) {
        whole_sums(b, start, n, out);
        return;
    }
    ptrdiff_t before = clipped(turned - start, n + 1);
    ptrdiff_t whole = clipped(cols - width - start, n + 1);
    ptrdiff_t inside = clipped(cols - start, n + 1);
    for (double sum = clipped_sum(b, 0, cols); k < before; k++)
        out[k] = sum;
    if (k < whole) {
        whole_sums(b, start + k, whole - k, out + k);
        k = whole;
    }
    for (; k < inside; k++)
        out[k] = sum_between(b, start + k, last);
    for (double sum = clipped_sum(b, last, cols); k < n; k++)
        out[k] = sum;
}

/* Of the four boxes of the mixed derivative two stand side by side in the same rows,
 * a `gap` apart; where that is small, the sums of both are one longer row. */
void NAME(box_determinant_row)(const double *integral, ptrdiff_t rows, ptrdiff_t cols,
                               ptrdiff_t size, ptrdiff_t y, double *restrict out)
{
    ptrdiff_t half = (size - 1) / 2, third = size / 3, wide_part = 2 * third - 1;
    ptrdiff_t gap = third + 1, shared = gap <= GAP_AT_MOST ? gap : 0;
    double weight = 1.0 / (double)size / (double)size;
#define BOX(top, left, height, width)                                                  \
    box_at(integral, rows, cols, y + (top), height, left, width)
    const box b[8] = {
        BOX(-third, -third, third, third),
        BOX(1, -third, third, third),
        BOX(1 - third, -half, wide_part, size),
        BOX(1 - third, -(third / 2), wide_part, third),
        BOX(-half, 1 - third, size, wide_part),
        BOX(-(third / 2), 1 - third, third, wide_part),
        BOX(-third, 1, third, third),
        BOX(1, 1, third, third),
    };
#undef BOX
    double sum[8][COLUMNS + GAP_AT_MOST];
    for (ptrdiff_t x = 0; x < cols; x += COLUMNS) {
        ptrdiff_t n = cols - x < COLUMNS ? cols - x : COLUMNS;
        for (int k = 0; k < (shared ? 6 : 8); k++)
            box_sums(&b[k], x, n + (k < 2 ? shared : 0), cols, sum[k]);
        const double *above = shared ? sum[0] + gap : sum[6],
                     *below = shared ? sum[1] + gap : sum[7];
        for (ptrdiff_t k = 0; k < n; k++) {
            double dxy = above[k] + sum[1][k] - sum[0][k] - below[k];
            double dxx = sum[2][k] - 3 * sum[3][k], dyy = sum[4][k] - 3 * sum[5][k];
            dxy = -dxy * weight;
            dxx = -dxx * weight;
            dyy = -dyy * weight;
            out[x + k] = dxx * dyy - 0.81 * (dxy * dxy);
        }
    }
}

void NAME(add_row)(const double *restrict a, const double *restrict b, ptrdiff_t n,
                   double *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = a[x] + b[x];
}

/* Each row by itself from left to right; eight rows in step hide the latency. */
void NAME(running_sums)(double *rows, ptrdiff_t cols, ptrdiff_t count)
{
    if (count == 8) {
        double sum[8] = {0};
        for (ptrdiff_t x = 0; x < cols; x++)
            for (ptrdiff_t k = 0; k < 8; k++) {
                sum[k] = x == 0 ? rows[k * cols] : sum[k] + rows[k * cols + x];
                rows[k * cols + x] = sum[k];
            }
        return;
    }
    for (ptrdiff_t k = 0; k < count; k++)
        for (ptrdiff_t x = 1; x < cols; x++)
            rows[k * cols + x] += rows[k * cols + x - 1];
}
