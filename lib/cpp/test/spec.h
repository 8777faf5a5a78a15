/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the library must compute, said as plainly as possible and without regard to
 * speed: scikit-image's canny and the SciPy filters under it, one pixel at a time.
 *
 * `is_float` chooses what planes are stored in. A float is kept as a double here and
 * rounded after every operation that the reference does in float32; a single +, -,
 * *, / or sqrt gives the same float when it is done in double first.
 */
#ifndef SPEC_H
#define SPEC_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feature.h"

static inline double spec_stored(double v, int is_float)
{
    return is_float ? (double)(float)v : v;
}

/* ------------------------------------------------------------------------ */
/* Pixels and borders                                                       */
/* ------------------------------------------------------------------------ */

static inline double spec_half(unsigned bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double v = exponent == 0    ? ldexp(fraction, -24)
               : exponent == 31 ? (fraction ? NAN : INFINITY)
                                : ldexp(fraction + 1024, exponent - 25);
    return bits >> 15 ? -v : v;
}

static inline size_t spec_size(int32_t dtype)
{
    static const size_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 4, 8};
    return sizes[dtype];
}

#define SPEC_READ(type) (memcpy(&u.as_##type, p, sizeof u.as_##type), u.as_##type)

/* One element as a double, in img_as_float's range. */
static inline double spec_pixel(const void *p, int32_t dtype)
{
    union {
        uint8_t as_uint8_t;
        int8_t as_int8_t;
        uint16_t as_uint16_t;
        int16_t as_int16_t;
        uint32_t as_uint32_t;
        int32_t as_int32_t;
        uint64_t as_uint64_t;
        int64_t as_int64_t;
        float as_float;
        double as_double;
    } u;
    switch (dtype) {
    case FEATURE_BOOL:
        return SPEC_READ(uint8_t) ? 1 : 0;
    case FEATURE_UINT8:
        return SPEC_READ(uint8_t) * (1 / 255.0);
    case FEATURE_UINT16:
        return SPEC_READ(uint16_t) * (1 / 65535.0);
    case FEATURE_UINT32:
        return SPEC_READ(uint32_t) * (1 / 4294967295.0);
    case FEATURE_INT8:
        return fmax(SPEC_READ(int8_t) * (1 / 127.0), -1);
    case FEATURE_INT16:
        return fmax(SPEC_READ(int16_t) * (1 / 32767.0), -1);
    case FEATURE_INT32:
        return fmax(SPEC_READ(int32_t) * (1 / 2147483647.0), -1);
    case FEATURE_UINT64:
        return (double)SPEC_READ(uint64_t) * (1 / 18446744073709551615.0);
    case FEATURE_INT64:
        return fmax((double)SPEC_READ(int64_t) * (1 / 9223372036854775807.0), -1);
    case FEATURE_FLOAT16:
        return spec_half(SPEC_READ(uint16_t));
    case FEATURE_FLOAT32:
        return SPEC_READ(float);
    default:
        return SPEC_READ(double);
    }
}

/* One element as a double, as it is. */
static inline double spec_value(const void *p, int32_t dtype)
{
    uint64_t word = 0;
    memcpy(&word, p, spec_size(dtype));
    switch (dtype) {
    case FEATURE_UINT8:
    case FEATURE_UINT16:
    case FEATURE_UINT32:
    case FEATURE_UINT64:
        return (double)word;
    case FEATURE_INT8:
        return (double)(int8_t)word;
    case FEATURE_INT16:
        return (double)(int16_t)word;
    case FEATURE_INT32:
        return (double)(int32_t)word;
    case FEATURE_INT64:
        return (double)(int64_t)word;
    default:
        return spec_pixel(p, dtype);
    }
}

/* Folds an index back, one reflection or turn at a time; -1 is the constant. */
static inline ptrdiff_t spec_border(ptrdiff_t i, ptrdiff_t n, int32_t border)
{
    while (i < 0 || i >= n) {
        if (border == FEATURE_CONSTANT)
            return -1;
        if (border == FEATURE_NEAREST || (border == FEATURE_MIRROR && n == 1))
            i = i < 0 ? 0 : n - 1;
        else if (border == FEATURE_REFLECT)
            i = i < 0 ? -1 - i : 2 * n - 1 - i;
        else if (border == FEATURE_MIRROR)
            i = i < 0 ? -i : 2 * n - 2 - i;
        else
            i += i < 0 ? n : -n;
    }
    return i;
}

/* ------------------------------------------------------------------------ */
/* Smoothing                                                                */
/* ------------------------------------------------------------------------ */

static inline double spec_at(const double *line, ptrdiff_t step, ptrdiff_t i,
                             ptrdiff_t n, int32_t border, double cval)
{
    ptrdiff_t from = spec_border(i, n, border);
    return from < 0 ? cval : line[from * step];
}

/* One output of SciPy's correlate1d with symmetric weights. */
static inline double spec_filter(const double *line, ptrdiff_t step, ptrdiff_t i,
                                 ptrdiff_t n, const feature_filter *f, double cval)
{
    double sum = line[i * step] * f->weights[0];
    for (ptrdiff_t k = f->radius; k > 0; k--)
        sum += (spec_at(line, step, i - k, n, f->border, cval) +
                spec_at(line, step, i + k, n, f->border, cval)) *
               f->weights[k];
    return sum;
}

/* `plane` (rows * cols) filtered down, stored, along, stored. */
static inline void spec_smooth(double *plane, ptrdiff_t rows, ptrdiff_t cols,
                               const feature_filter *axis, double cval, int is_float)
{
    double *half = malloc((size_t)(rows * cols) * sizeof *half);
    for (ptrdiff_t y = 0; y < rows; y++)
        for (ptrdiff_t x = 0; x < cols; x++)
            half[y * cols + x] = spec_stored(
                spec_filter(plane + x, cols, y, rows, &axis[0], cval), is_float);
    for (ptrdiff_t y = 0; y < rows; y++)
        for (ptrdiff_t x = 0; x < cols; x++)
            plane[y * cols + x] = spec_stored(
                spec_filter(half + y * cols, 1, x, cols, &axis[1], cval), is_float);
    free(half);
}

/* ------------------------------------------------------------------------ */
/* Gradients and suppression                                                */
/* ------------------------------------------------------------------------ */

/* SciPy's Sobel at the middle of nine pixels: -1 0 1 first, 1 2 1 then. `p` are
 * the pixels in the derivative's direction, before, here and after. */
static inline double spec_sobel(double p[3][3], int is_float)
{
    double d[3];
    for (int k = 0; k < 3; k++)
        d[k] = spec_stored(p[1][k] * 0 + (p[0][k] - p[2][k]) * -1, is_float);
    return spec_stored(d[1] * 2 + (d[0] + d[2]), is_float);
}

/* Both derivatives at column x of the middle of three rows. */
static inline void spec_gradient(const double *const *rows, ptrdiff_t x, int is_float,
                                 double *down, double *right)
{
    double p[3][3], q[3][3];
    for (int y = 0; y < 3; y++)
        for (int k = 0; k < 3; k++)
            p[y][k] = q[k][y] = rows[y][x + k - 1];
    *down = spec_sobel(p, is_float);
    *right = spec_sobel(q, is_float);
}

static inline double spec_magnitude(const double *const *rows, ptrdiff_t x,
                                    int is_float)
{
    double down, right;
    spec_gradient(rows, x, is_float, &down, &right);
    double square = spec_stored(down * down, is_float);
    square = spec_stored(square + spec_stored(right * right, is_float), is_float);
    return spec_stored(sqrt(square), is_float);
}

/*
 * The reference's non-maximum suppression at column x of the middle of five
 * smoothed rows, in its own case distinction: 0 no edge, 1 weak, 2 strong.
 */
static inline int spec_class(const double *const *rows, ptrdiff_t x, float low,
                             double high, int is_float)
{
    double m[3][3], down, right;
    for (int y = 0; y < 3; y++)
        for (int k = 0; k < 3; k++)
            m[y][k] = spec_magnitude(rows + y, x + k - 1, is_float);
    spec_gradient(rows + 1, x, is_float, &down, &right);
    double here = m[1][1], i = fabs(down), j = fabs(right), w, near[2], far[2];
    if (!(here >= (double)low))
        return 0;
    if ((down >= 0 && right >= 0) || (down <= 0 && right <= 0)) {
        int steep = i > j;
        w = spec_stored(steep ? j / i : i / j, is_float);
        near[0] = steep ? m[2][1] : m[1][2];
        near[1] = steep ? m[0][1] : m[1][0];
        far[0] = m[2][2];
        far[1] = m[0][0];
    } else if ((down <= 0 && right >= 0) || (down >= 0 && right <= 0)) {
        int steep = !(i < j);
        w = spec_stored(steep ? j / i : i / j, is_float);
        near[0] = steep ? m[0][1] : m[1][2];
        near[1] = steep ? m[2][1] : m[1][0];
        far[0] = m[0][2];
        far[1] = m[2][0];
    } else {
        return 0;
    }
    for (int k = 0; k < 2; k++)
        if (!(spec_stored(far[k] * w, is_float) + near[k] * (1.0 - w) <= here))
            return 0;
    return here > 0 ? 1 + (here >= high) : 0;
}

/* ------------------------------------------------------------------------ */
/* Hysteresis                                                               */
/* ------------------------------------------------------------------------ */

/* One sweep over the pixels in either order; did anything become strong? */
static inline int spec_sweep(uint8_t *classes, ptrdiff_t rows, ptrdiff_t cols,
                             ptrdiff_t stride, int backwards)
{
    int changed = 0;
    for (ptrdiff_t k = 0; k < rows * cols; k++) {
        ptrdiff_t at = backwards ? rows * cols - 1 - k : k;
        ptrdiff_t y = at / cols, x = at % cols;
        if (classes[y * stride + x] != 1)
            continue;
        int strong = 0;
        for (ptrdiff_t v = y - 1; v <= y + 1; v++)
            for (ptrdiff_t u = x - 1; u <= x + 1; u++)
                strong |= v >= 0 && v < rows && u >= 0 && u < cols &&
                          classes[v * stride + u] == 2;
        if (strong)
            classes[y * stride + x] = 2;
        changed |= strong;
    }
    return changed;
}

/* Weak (1) becomes strong (2) beside strong, until nothing changes. */
static inline void spec_flood(uint8_t *classes, ptrdiff_t rows, ptrdiff_t cols,
                              ptrdiff_t stride)
{
    int backwards = 0;
    while (spec_sweep(classes, rows, cols, stride, backwards))
        backwards = !backwards;
}

/* ------------------------------------------------------------------------ */
/* The whole                                                                */
/* ------------------------------------------------------------------------ */

static inline const unsigned char *spec_address(const feature_array *a, ptrdiff_t y,
                                                ptrdiff_t x)
{
    return (const unsigned char *)a->data + y * a->strides[0] + x * a->strides[1];
}

static inline int spec_is_float(const feature_array *image)
{
    return image->dtype == FEATURE_FLOAT16 || image->dtype == FEATURE_FLOAT32;
}

/* The smoothed image with the nearest pixel repeated twice on each side. */
static inline double *spec_smoothed(const feature_array *image,
                                    const feature_array *mask,
                                    const feature_canny_parameters *parameters)
{
    ptrdiff_t rows = image->shape[0], cols = image->shape[1], pitch = cols + 4;
    int is_float = spec_is_float(image);
    double *plane = malloc((size_t)(rows * cols) * sizeof *plane);
    double *weight = malloc((size_t)(rows * cols) * sizeof *weight);
    double *padded = malloc((size_t)((rows + 4) * pitch) * sizeof *padded);
    for (ptrdiff_t k = 0; k < rows * cols; k++) {
        ptrdiff_t y = k / cols, x = k % cols;
        weight[k] = mask == NULL || *spec_address(mask, y, x) != 0;
        plane[k] = weight[k] ? spec_pixel(spec_address(image, y, x), image->dtype) : 0;
    }
    spec_smooth(plane, rows, cols, parameters->axis, parameters->cval, is_float);
    spec_smooth(weight, rows, cols, parameters->axis, parameters->cval, is_float);
    double epsilon = is_float ? (double)FLT_EPSILON : DBL_EPSILON;
    for (ptrdiff_t k = 0; k < rows * cols && parameters->normalize; k++)
        plane[k] = spec_stored(plane[k] / spec_stored(weight[k] + epsilon, is_float),
                               is_float);
    for (ptrdiff_t y = 0; y < rows + 4; y++)
        for (ptrdiff_t x = 0; x < pitch; x++)
            padded[y * pitch + x] =
                plane[spec_border(y - 2, rows, FEATURE_NEAREST) * cols +
                      spec_border(x - 2, cols, FEATURE_NEAREST)];
    free(plane);
    free(weight);
    return padded;
}

static inline int spec_mask_around(const feature_array *mask, ptrdiff_t y, ptrdiff_t x)
{
    int inside = 1;
    for (ptrdiff_t v = y - 1; v <= y + 1; v++)
        for (ptrdiff_t u = x - 1; u <= x + 1; u++)
            inside &= *spec_address(mask, v, u) != 0;
    return inside;
}

/* feature_canny, into rows * cols bytes; NaN thresholds and all. */
static inline void spec_canny(const feature_array *image, const feature_array *mask,
                              const feature_canny_parameters *parameters,
                              uint8_t *edges)
{
    ptrdiff_t rows = image->shape[0], cols = image->shape[1], pitch = cols + 4;
    double *smoothed = spec_smoothed(image, mask, parameters);
    memset(edges, 0, (size_t)(rows * cols));
    for (ptrdiff_t y = 1; y < rows - 1; y++) {
        const double *five[5];
        for (int k = 0; k < 5; k++)
            five[k] = smoothed + (y + k) * pitch + 2;
        for (ptrdiff_t x = 1; x < cols - 1; x++)
            if (mask == NULL || spec_mask_around(mask, y, x))
                edges[y * cols + x] = (uint8_t)spec_class(
                    five, x, parameters->low, parameters->high, spec_is_float(image));
    }
    spec_flood(edges, rows, cols, cols);
    for (ptrdiff_t k = 0; k < rows * cols; k++)
        edges[k] = edges[k] == 2;
    free(smoothed);
}

/* feature_canny_magnitude, as doubles. */
static inline void spec_canny_magnitude(const feature_array *image,
                                        const feature_array *mask,
                                        const feature_canny_parameters *parameters,
                                        double *magnitude)
{
    ptrdiff_t rows = image->shape[0], cols = image->shape[1], pitch = cols + 4;
    double *smoothed = spec_smoothed(image, mask, parameters);
    for (ptrdiff_t y = 0; y < rows; y++) {
        const double *three[3];
        for (int k = 0; k < 3; k++)
            three[k] = smoothed + (y + k + 1) * pitch + 2;
        for (ptrdiff_t x = 0; x < cols; x++)
            magnitude[y * cols + x] = spec_magnitude(three, x, spec_is_float(image));
    }
    free(smoothed);
}

#endif
