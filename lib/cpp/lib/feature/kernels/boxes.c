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

static inline double not_negative(double v)
{
    return v > 0 ? v : 0;
}

static inline double sum_between(const box *b, ptrdiff_t left, ptrdiff_t right)
{
    return not_negative(b->top[left] + b->bottom[right] - b->top[right] -
                        b->bottom[left]);
}

/* Anywhere. */
static inline double clipped_sum(const box *b, ptrdiff_t x, ptrdiff_t cols)
{
    ptrdiff_t left = clipped(x + b->left, cols);
    return sum_between(b, left, clipped(left + b->width, cols));
}

/* Where the window lies inside the row. */
static inline double inner_sum(const box *b, ptrdiff_t x)
{
    return sum_between(b, x + b->left, x + b->left + b->width);
}

/* Boxes in the order of box_determinant_row. */
#define DETERMINANT(sum)                                                               \
    do {                                                                               \
        double dxy = sum(2) + sum(3) - sum(0) - sum(1);                                \
        double dxx = sum(4) - 3 * sum(5), dyy = sum(6) - 3 * sum(7);                   \
        dxy = -dxy * weight;                                                           \
        dxx = -dxx * weight;                                                           \
        dyy = -dyy * weight;                                                           \
        out[x] = dxx * dyy - 0.81 * (dxy * dxy);                                       \
    } while (0)

void NAME(box_determinant_row)(const double *integral, ptrdiff_t rows, ptrdiff_t cols,
                               ptrdiff_t size, ptrdiff_t y, double *restrict out)
{
    ptrdiff_t half = (size - 1) / 2, third = size / 3, wide_part = 2 * third - 1;
    double weight = 1.0 / (double)size / (double)size;
#define BOX(top, left, height, width)                                                  \
    box_at(integral, rows, cols, y + (top), height, left, width)
    const box b[8] = {
        BOX(-third, -third, third, third),
        BOX(1, 1, third, third),
        BOX(-third, 1, third, third),
        BOX(1, -third, third, third),
        BOX(1 - third, -half, wide_part, size),
        BOX(1 - third, -(third / 2), wide_part, third),
        BOX(-half, 1 - third, size, wide_part),
        BOX(-(third / 2), 1 - third, third, wide_part),
    };
#undef BOX
    ptrdiff_t before = 0, after = 0;
    for (int k = 0; k < 8; k++) {
        ptrdiff_t left = b[k].left, right = left + b[k].width;
        before = -left > before ? -left : before;
        before = -right > before ? -right : before;
        after = left > after ? left : after;
        after = right > after ? right : after;
    }
    ptrdiff_t first = before < cols ? before : cols;
    ptrdiff_t end = cols - after > first ? cols - after : first;
#define CLIPPED(k) clipped_sum(&b[k], x, cols)
#define INNER(k) inner_sum(&b[k], x)
    for (ptrdiff_t x = 0; x < first; x++)
        DETERMINANT(CLIPPED);
    for (ptrdiff_t x = first; x < end; x++)
        DETERMINANT(INNER);
    for (ptrdiff_t x = end; x < cols; x++)
        DETERMINANT(CLIPPED);
#undef CLIPPED
#undef INNER
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
