/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Haar-like features of one window, from the integral image around it. Compiled for
 * float, for double, and (with the plain kernels) for int64.
 *
 * A rectangle's sum is the reference's ((bottom right + top left) - top right) -
 * bottom left; there corners before the first row or column are left out, here they
 * are zeros, which changes no sum. Unsigned arithmetic wraps round as the reference's
 * integers do.
 */
#include "kernels/variant.h"

#ifdef REAL
typedef real element;
typedef real number;
#define HAAR(name) NAME(haar_##name)
#else
typedef uint64_t element; /* what is added */
typedef int64_t number;   /* what is read and written */
#define HAAR(name) NAME(haar_integer_##name)
#endif

#define HAAR_LANES (VECTOR_BYTES / (ptrdiff_t)sizeof(element))
typedef element elements __attribute__((vector_size(VECTOR_BYTES)));
typedef number numbers __attribute__((vector_size(VECTOR_BYTES)));

/* How a type cuts its area: into so many parts down and right. */
static const int parts[HAAR_TYPES][2] = {{1, 2}, {2, 1}, {1, 3}, {3, 1}, {2, 2}};

#ifdef REAL
void HAAR(load)(const void *in, ptrdiff_t stride, ptrdiff_t n, feature_dtype dtype,
                void *out)
{
    const unsigned char *p = in;
    real *row = out;
    (void)dtype; /* the kernel's own */
    for (ptrdiff_t x = 0; x < n; x++)
        row[x] = *(const real *)(const void *)(p + x * stride);
}
#else
#define LOAD(type)                                                                     \
    for (ptrdiff_t x = 0; x < n; x++)                                                  \
    row[x] = (int64_t) * (const type *)(const void *)(p + x * stride)

void HAAR(load)(const void *in, ptrdiff_t stride, ptrdiff_t n, feature_dtype dtype,
                void *out)
{
    const unsigned char *p = in;
    int64_t *row = out;
    switch (dtype) {
    case FEATURE_BOOL:
    case FEATURE_UINT8:
        LOAD(uint8_t);
        break;
    case FEATURE_INT8:
        LOAD(int8_t);
        break;
    case FEATURE_UINT16:
        LOAD(uint16_t);
        break;
    case FEATURE_INT16:
        LOAD(int16_t);
        break;
    case FEATURE_UINT32:
        LOAD(uint32_t);
        break;
    case FEATURE_INT32:
        LOAD(int32_t);
        break;
    default:
        LOAD(int64_t);
    }
}
#endif

/* ------------------------------------------------------------------------ */
/* All features                                                             */
/* ------------------------------------------------------------------------ */

/* The sum as the image's type would have kept it. */
static inline elements kept(elements v, int narrow)
{
#ifndef REAL
    if (narrow)
        return (elements)((numbers)(v << narrow) >> narrow);
#endif
    (void)narrow;
    return v;
}

static inline elements rectangle(elements top_left, elements top_right,
                                 elements bottom_left, elements bottom_right,
                                 int narrow)
{
    return kept(bottom_right + top_left - top_right - bottom_left, narrow);
}

/* Odd rectangles minus even ones; of four, those on the diagonal are even. */
static inline elements value_of(elements corner[4][4], int down, int right, int narrow)
{
#define PART(i, j)                                                                     \
    rectangle(corner[i][j], corner[i][(j) + 1], corner[(i) + 1][j],                    \
              corner[(i) + 1][(j) + 1], narrow)
    if (down == 2 && right == 2)
        return (PART(0, 1) + PART(1, 0)) - (PART(0, 0) + PART(1, 1));
    if (right == 3)
        return PART(0, 1) - (PART(0, 0) + PART(0, 2));
    if (down == 3)
        return PART(1, 0) - (PART(0, 0) + PART(2, 0));
    return right == 2 ? PART(0, 1) - PART(0, 0) : PART(1, 0) - PART(0, 0);
#undef PART
}

/* All widths of one place and height: n values, from corners that stand side by side.
 * Writes whole vectors up to `end`: what follows is written later. */
static inline void run_of_widths(const number *const first[4],
                                 const number *const columns[4][4], int down,
                                 int right, int narrow, ptrdiff_t n, number *out,
                                 const number *end)
{
    elements corner[4][4];
    for (int i = 0; i <= down; i++)
        corner[i][0] = (elements){0} + (element)*first[i];
    for (ptrdiff_t k = 0; k < n; k += HAAR_LANES) {
        for (int i = 0; i <= down; i++)
            for (int j = 1; j <= right; j++)
                memcpy(&corner[i][j], columns[i][j] + k, sizeof(elements));
        elements v = value_of(corner, down, right, narrow);
        ptrdiff_t room = end - (out + k);
        size_t size = room < HAAR_LANES ? (size_t)(n - k) * sizeof v[0] : sizeof v;
        if (size == sizeof v)
            memcpy(out + k, &v, sizeof v);
        else
            memcpy(out + k, &v, size);
    }
}

ALWAYS_INLINE void features_of(const haar_window *w, int down, int right, int narrow,
                               ptrdiff_t y, number *out, const number *end)
{
    for (ptrdiff_t x = 0; x < w->width; x++) {
        ptrdiff_t n = (w->width - x) / right;
        for (ptrdiff_t dy = 1; n > 0 && y + down * dy <= w->height; dy++) {
            const number *first[4], *columns[4][4];
            for (int i = 0; i <= down; i++) {
                ptrdiff_t row = y + i * dy;
                first[i] = (const number *)w->planes[0] + row * w->pitch[0] + x;
                for (int j = 1; j <= right; j++)
                    columns[i][j] = (const number *)w->planes[j - 1] +
                                    row * w->pitch[j - 1] + x % j * w->part[j - 1] +
                                    x / j + 1;
            }
            run_of_widths(first, columns, down, right, narrow, n, out, end);
            out += n;
        }
    }
}

#define OF_TYPE(down, right)                                                           \
    if (w->narrow)                                                                     \
        features_of(w, down, right, w->narrow, y, out, (const number *)out + count);   \
    else                                                                               \
        features_of(w, down, right, 0, y, out, (const number *)out + count)

void HAAR(features)(const haar_window *w, int type, ptrdiff_t y, ptrdiff_t count,
                    void *out)
{
    switch (type) {
    case 0:
        OF_TYPE(1, 2);
        break;
    case 1:
        OF_TYPE(2, 1);
        break;
    case 2:
        OF_TYPE(1, 3);
        break;
    case 3:
        OF_TYPE(3, 1);
        break;
    default:
        OF_TYPE(2, 2);
    }
}

/* ------------------------------------------------------------------------ */
/* Given features                                                           */
/* ------------------------------------------------------------------------ */

/* The sum between rows top and bottom, columns left and right, behind each. */
static inline element sum_between(const haar_window *w, ptrdiff_t top, ptrdiff_t left,
                                  ptrdiff_t bottom, ptrdiff_t right)
{
    const number *p = w->planes[0];
    ptrdiff_t pitch = w->pitch[0];
    element sum =
        (element)p[bottom * pitch + right] + (element)p[top * pitch + left] -
        (element)p[top * pitch + right] - (element)p[bottom * pitch + left];
#ifndef REAL
    if (w->narrow)
        return (element)((number)(sum << w->narrow) >> w->narrow);
#endif
    return sum;
}

static inline int is_packed_inside(const haar_window *w, const int32_t *c)
{
    if (c[0] < 0 || c[0] >= HAAR_TYPES || c[1] < 0 || c[2] < 0 || c[3] < 1 || c[4] < 1)
        return 0;
    return c[1] + (ptrdiff_t)parts[c[0]][0] * c[3] <= w->height &&
           c[2] + (ptrdiff_t)parts[c[0]][1] * c[4] <= w->width;
}

/* Those of a chunk that have one type; `list` says which. */
ALWAYS_INLINE void values_of_type(const haar_window *w, const int32_t *coord, int type,
                                  const uint16_t *list, ptrdiff_t n, number *values)
{
    for (ptrdiff_t k = 0; k < n; k++) {
        const int32_t *c = coord + 5 * list[k];
        ptrdiff_t y = c[1], x = c[2], dy = c[3], dx = c[4];
        element v;
#define PART(i, j)                                                                     \
    sum_between(w, y + (i)*dy, x + (j)*dx, y + ((i) + 1) * dy, x + ((j) + 1) * dx)
        if (type == 0)
            v = PART(0, 1) - PART(0, 0);
        else if (type == 1)
            v = PART(1, 0) - PART(0, 0);
        else if (type == 2)
            v = PART(0, 1) - (PART(0, 0) + PART(0, 2));
        else if (type == 3)
            v = PART(1, 0) - (PART(0, 0) + PART(2, 0));
        else
            v = (PART(0, 1) + PART(1, 0)) - (PART(0, 0) + PART(1, 1));
#undef PART
        values[list[k]] = (number)v;
    }
}

#define CHUNK 1024

/* Type after type: in the given order the processor would guess each one's type. */
void HAAR(packed)(const haar_window *w, const int32_t *coord, ptrdiff_t n, void *out,
                  int *wrong)
{
    uint16_t list[HAAR_TYPES][CHUNK];
    number *values = out;
    for (ptrdiff_t first = 0; first < n; first += CHUNK) {
        const int32_t *chunk = coord + 5 * first;
        ptrdiff_t size = n - first < CHUNK ? n - first : CHUNK;
        ptrdiff_t count[HAAR_TYPES] = {0};
        for (ptrdiff_t k = 0; k < size; k++) {
            if (!is_packed_inside(w, chunk + 5 * k)) {
                *wrong = 1;
                return;
            }
            int type = chunk[5 * k];
            list[type][count[type]++] = (uint16_t)k;
        }
        values_of_type(w, chunk, 0, list[0], count[0], values + first);
        values_of_type(w, chunk, 1, list[1], count[1], values + first);
        values_of_type(w, chunk, 2, list[2], count[2], values + first);
        values_of_type(w, chunk, 3, list[3], count[3], values + first);
        values_of_type(w, chunk, 4, list[4], count[4], values + first);
    }
}

static inline int is_rectangle_inside(const haar_window *w, const int32_t *c)
{
    return c[0] >= 0 && c[1] >= 0 && c[2] >= 0 && c[3] >= 0 && c[0] <= w->height &&
           c[1] <= w->width && c[2] < w->height && c[3] < w->width;
}

void HAAR(rectangles)(const haar_window *w, const int32_t *coord, int count,
                      ptrdiff_t n, void *out, int *wrong)
{
    number *values = out;
    for (ptrdiff_t k = 0; k < n; k++) {
        element sums[2] = {0, 0};
        for (int i = 0; i < count; i++) {
            const int32_t *c = coord + 4 * (k * count + i);
            if (!is_rectangle_inside(w, c)) {
                *wrong = 1;
                return;
            }
            element sum = sum_between(w, c[0], c[1], (ptrdiff_t)c[2] + 1,
                                      (ptrdiff_t)c[3] + 1);
            sums[i % 2] = i < 2 ? sum : sums[i % 2] + sum;
        }
        values[k] = (number)(sums[1] - sums[0]);
    }
}

/* ------------------------------------------------------------------------ */
/* Coordinates                                                              */
/* ------------------------------------------------------------------------ */

#ifndef REAL
void NAME(haar_coordinates)(ptrdiff_t height, ptrdiff_t width, int type, ptrdiff_t y,
                            int32_t *out)
{
    ptrdiff_t down = parts[type][0], right = parts[type][1];
    for (ptrdiff_t x = 0; x < width; x++)
        for (ptrdiff_t dy = 1; y + down * dy <= height; dy++)
            for (ptrdiff_t dx = 1; x + right * dx <= width; dx++, out += 5) {
                const int32_t packed[] = {type, (int32_t)y, (int32_t)x, (int32_t)dy,
                                          (int32_t)dx};
                memcpy(out, packed, sizeof packed);
            }
}
#endif
