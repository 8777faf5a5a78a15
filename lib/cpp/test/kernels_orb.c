/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/orb.c against plain loops. */
#include "kernels_test.h"

#include "core/orb_pairs.h"
#include "spec.h"

#define CORNER_SIDE (2 * HARRIS_RADIUS + 3)

static void set_real(void *plane, ptrdiff_t i, double v, int is_float)
{
    if (is_float)
        ((float *)plane)[i] = (float)v;
    else
        ((double *)plane)[i] = v;
}

static double get_real(const void *plane, ptrdiff_t i, int is_float)
{
    return is_float ? (double)((const float *)plane)[i] : ((const double *)plane)[i];
}

void check_zoom_row(const real_kernels *k, int is_float)
{
    double above[40], below[40], out[33], weights[66], down[2] = {0.375, 0.625};
    int32_t before[33], after[33];
    zoom_axis right = {before, after, weights, 33};
    plane_limits limits = {0.1, 0.9};
    const void *rows[2] = {above, below};
    for (ptrdiff_t i = 0; i < 40; i++) {
        set_real(above, i, random_between(0, 1), is_float);
        set_real(below, i, random_between(0, 1), is_float);
    }
    for (int i = 0; i < 33; i++) {
        before[i] = (int32_t)random_below(40);
        after[i] = (int32_t)random_below(40);
        weights[2 * i + 1] = random_between(0, 1);
        weights[2 * i] = 1 - weights[2 * i + 1];
    }
    k->zoom_row(rows, down, &right, &limits, out);
    for (int i = 0; i < 33; i++) {
        double sum = get_real(above, before[i], is_float) * down[0] * weights[2 * i];
        sum += get_real(above, after[i], is_float) * down[0] * weights[2 * i + 1];
        sum += get_real(below, before[i], is_float) * down[1] * weights[2 * i];
        sum += get_real(below, after[i], is_float) * down[1] * weights[2 * i + 1];
        double v = spec_stored(sum, is_float), low = spec_stored(0.1, is_float),
               high = spec_stored(0.9, is_float);
        v = v < low ? low : v > high ? high : v;
        CHECK(same_double(get_real(out, i, is_float), v));
    }
}

/* Constant gradients: the response is -k (mean of right right)^2. */
void check_harris_points(const real_kernels *k, int is_float)
{
    double plane[CORNER_SIDE * CORNER_SIDE], out[PATCHES];
    double weights[HARRIS_RADIUS + 1] = {0.5, 0.125, 0.0625, 0.03125, 0.03125};
    const void *patches[PATCHES];
    ptrdiff_t strides[PATCHES];
    for (ptrdiff_t i = 0; i < CORNER_SIDE * CORNER_SIDE; i++)
        set_real(plane, i, (double)(i % CORNER_SIDE), is_float);
    for (int i = 0; i < PATCHES; i++) {
        patches[i] = plane;
        strides[i] = CORNER_SIDE;
    }
    k->harris_points(patches, strides, weights, 0.25, out);
    for (int i = 0; i < PATCHES; i++)
        CHECK(same_double(get_real(out, i, is_float), -0.25 * 64 * 64));
}

void check_turn_pairs(const real_kernels *k, int is_float)
{
    ptrdiff_t pairs[2 * ORB_BITS];
    for (int turn = 0; turn < 200; turn++) {
        double angle = random_between(-7, 7), s = spec_stored(sin(angle), is_float),
               c = spec_stored(cos(angle), is_float);
        int wrong = 0;
        k->turn_pairs(angle, 1000, pairs);
        for (int i = 0; i < 2 * ORB_BITS; i++) {
            double row = orb_pairs[i / 2][i % 2 * 2];
            double column = orb_pairs[i / 2][i % 2 * 2 + 1];
            double y = s * row + c * column, x = c * row - s * column;
            ptrdiff_t place = (ptrdiff_t)round(y) * 1000 + (ptrdiff_t)round(x);
            int near = fabs(fabs(y - trunc(y)) - 0.5) < 1e-5 ||
                       fabs(fabs(x - trunc(x)) - 0.5) < 1e-5;
            wrong += !near && pairs[i] != place;
        }
        check_case("(angle %g)", angle);
        CHECK(wrong == 0);
    }
}
