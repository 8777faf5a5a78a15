/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ORB's steps: a row of a smaller level, Harris' response where it is asked for,
 * offsets of pairs that are turned. Sums in the order of SciPy and scikit-image, each
 * step rounded to a real where they store it.
 */
#include "kernels/math.h"
#include "kernels/variant.h"

#include "core/orb_pairs.h"

void NAME(zoom_row)(const void *const *rows, const double *down, const zoom_axis *right,
                    const plane_limits *limits, void *restrict out)
{
    const real *above = rows[0], *below = rows[1];
    const real least = (real)limits->least, most = (real)limits->most;
    const double up = down[0], low = down[1];
    real *to = out;
    for (ptrdiff_t x = 0; x < right->count; x++) {
        ptrdiff_t a = right->before[x], b = right->after[x];
        double near = right->weights[2 * x], far = right->weights[2 * x + 1];
        double sum = 0 + (double)above[a] * up * near;
        sum += (double)above[b] * up * far;
        sum += (double)below[a] * low * near;
        sum += (double)below[b] * low * far;
        real v = (real)sum;
        v = v < least ? least : v;
        to[x] = v > most ? most : v;
    }
}

/* ------------------------------------------------------------------------ */
/* Harris                                                                   */
/* ------------------------------------------------------------------------ */

#define SIDE (2 * HARRIS_RADIUS + 1)
#define EACH for (int k = 0; k < PATCHES; k++)

/* One number of each patch, side by side. */
typedef wide abreast[PATCHES];

typedef struct harris_window {
    abreast pixels[SIDE + 2][SIDE + 2], steps[SIDE + 2];
    abreast down, across[SIDE + 2][SIDE];
    abreast products[3][SIDE][SIDE], columns[SIDE];
} harris_window;

static void read_patches(harris_window *w, const void *const *patches,
                         const ptrdiff_t *strides)
{
    for (ptrdiff_t y = 0; y < SIDE + 2; y++)
        for (ptrdiff_t x = 0; x < SIDE + 2; x++)
            EACH w->pixels[y][x][k] = ((const real *)patches[k])[y * strides[k] + x];
}

/* Products of Sobel's gradients: down down, down right, right right. */
static void multiply_gradients(harris_window *w)
{
    for (ptrdiff_t y = 0; y < SIDE + 2; y++)
        for (ptrdiff_t x = 0; x < SIDE; x++) {
            const abreast *p = w->pixels[y] + x;
            EACH w->across[y][x][k] = stored(p[1][k] * 0 - (p[0][k] - p[2][k]));
        }
    for (ptrdiff_t y = 0; y < SIDE; y++) {
        const abreast *a = w->pixels[y], *b = w->pixels[y + 1], *c = w->pixels[y + 2];
        for (ptrdiff_t x = 0; x < SIDE + 2; x++)
            EACH w->steps[x][k] = stored(b[x][k] * 0 - (a[x][k] - c[x][k]));
        for (ptrdiff_t x = 0; x < SIDE; x++) {
            const abreast *s = w->steps + x;
            EACH {
                wide down = stored(s[1][k] * 2 + (s[0][k] + s[2][k]));
                wide right = stored(w->across[y + 1][x][k] * 2 +
                                    (w->across[y][x][k] + w->across[y + 2][x][k]));
                w->products[0][y][x][k] = stored(down * down);
                w->products[1][y][x][k] = stored(down * right);
                w->products[2][y][x][k] = stored(right * right);
            }
        }
    }
}

/* The Gaussian mean of one product in the middle: columns first, then the row. */
static void smooth_product(harris_window *w, int number, const double *weights,
                           wide *out)
{
    const abreast(*v)[SIDE] = w->products[number];
    for (ptrdiff_t x = 0; x < SIDE; x++) {
        abreast sum;
        EACH sum[k] = v[HARRIS_RADIUS][x][k] * weights[0];
        for (ptrdiff_t r = HARRIS_RADIUS; r > 0; r--)
            EACH sum[k] += (v[HARRIS_RADIUS - r][x][k] + v[HARRIS_RADIUS + r][x][k]) *
                           weights[r];
        EACH w->columns[x][k] = stored(sum[k]);
    }
    const abreast *c = w->columns + HARRIS_RADIUS;
    abreast sum;
    EACH sum[k] = c[0][k] * weights[0];
    for (ptrdiff_t r = HARRIS_RADIUS; r > 0; r--)
        EACH sum[k] += (c[-r][k] + c[r][k]) * weights[r];
    EACH out[k] = stored(sum[k]);
}

void NAME(harris_points)(const void *const *patches, const ptrdiff_t *strides,
                         const double *weights, double factor, void *responses)
{
    harris_window w;
    abreast tensor[3], found;
    real *out = responses;
    read_patches(&w, patches, strides);
    multiply_gradients(&w);
    for (int number = 0; number < 3; number++)
        smooth_product(&w, number, weights, tensor[number]);
    const wide *rows[3] = {tensor[0], tensor[1], tensor[2]};
    NAME(harris_row)(rows, PATCHES, 0, factor, found);
    EACH out[k] = (real)found[k];
}

/* ------------------------------------------------------------------------ */
/* Turned pairs                                                             */
/* ------------------------------------------------------------------------ */

static inline int32_t nearest(real v)
{
    return (int32_t)(v > 0 ? v + (real)0.5 : v - (real)0.5);
}

void NAME(turn_pairs)(double angle, ptrdiff_t stride, ptrdiff_t *restrict pairs)
{
    double sine, cosine;
    sine_and_cosine(angle, &sine, &cosine);
    const real s = (real)sine, c = (real)cosine;
    for (int i = 0; i < 2 * ORB_BITS; i++) {
        const int8_t *at = &orb_pairs[i / 2][i % 2 * 2];
        real row = (real)at[0], column = (real)at[1];
        pairs[i] = nearest(s * row + c * column) * stride +
                   nearest(c * row - s * column);
    }
}
