/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/subpixel.c against the reference's steps, one corner and array at a time. */
#include "kernels_test.h"

#include <math.h>

#include "spec.h"

#define REACH_TRIED 6
#define SIDE_TRIED (2 * REACH_TRIED + 3)

typedef struct spec_window {
    int side, is_float;
    double value[SIDE_TRIED][SIDE_TRIED];
    double xx[SIDE_TRIED * SIDE_TRIED], xy[SIDE_TRIED * SIDE_TRIED],
        yy[SIDE_TRIED * SIDE_TRIED], x[SIDE_TRIED * SIDE_TRIED],
        y[SIDE_TRIED * SIDE_TRIED];
} spec_window;

/* NumPy's sum: eight partial sums of up to 128 terms, halves of more. */
static double spec_sum(const double *v, int n, int is_float)
{
    double part[8], sum = 0;
    if (n > 128) {
        int half = n / 2 - n / 2 % 8;
        return spec_stored(spec_sum(v, half, is_float) +
                               spec_sum(v + half, n - half, is_float),
                           is_float);
    }
    if (n >= 8) {
        for (int k = 0; k < 8; k++) {
            part[k] = v[k];
            for (int i = 8 + k; i < n - n % 8; i += 8)
                part[k] = spec_stored(part[k] + v[i], is_float);
        }
        for (int step = 1; step < 8; step *= 2)
            for (int k = 0; k < 8; k += 2 * step)
                part[k] = spec_stored(part[k] + part[k + step], is_float);
        sum = part[0];
    }
    for (int i = n < 8 ? 0 : n - n % 8; i < n; i++)
        sum = spec_stored(sum + v[i], is_float);
    return sum;
}

static double spec_moment(const spec_window *w, const double *a, const double *b)
{
    double v[SIDE_TRIED * SIDE_TRIED];
    for (int i = 0; i < w->side * w->side; i++)
        v[i] = a[i] * b[i];
    return spec_sum(v, w->side * w->side, 0);
}

static double gradient_of(const spec_window *w, int i, int j, int down)
{
    double v[3];
    for (int k = 0; k < 3; k++) {
        double before = down ? w->value[i][j + k] : w->value[i + k][j];
        double after = down ? w->value[i + 2][j + k] : w->value[i + k][j + 2];
        v[k] = spec_stored(after - before, w->is_float);
    }
    return spec_stored(v[1] * 2 + (v[0] + v[2]), w->is_float);
}

static void spec_products(spec_window *w)
{
    for (int i = 0; i < w->side; i++)
        for (int j = 0; j < w->side; j++) {
            double gx = gradient_of(w, i, j, 0), gy = gradient_of(w, i, j, 1);
            int at = i * w->side + j;
            w->xx[at] = spec_stored(gx * gx, w->is_float);
            w->xy[at] = spec_stored(gx * gy, w->is_float);
            w->yy[at] = spec_stored(gy * gy, w->is_float);
            w->x[at] = j - w->side / 2;
            w->y[at] = i - w->side / 2;
        }
}

/* Gauss with the larger pivot; 0 when there is none. */
static int spec_solve(double a, double b, double d, double p, double q, double *at)
{
    double rows[2][3] = {{a, b, p}, {b, d, q}};
    double *top = fabs(b) > fabs(a) ? rows[1] : rows[0];
    double *low = top == rows[0] ? rows[1] : rows[0];
    double factor = low[0] * (1 / top[0]), last = low[1] - factor * top[1];
    if (top[0] == 0 || last == 0)
        return 0;
    at[1] = fma(-factor, top[2], low[2]) / last;
    at[0] = fma(-top[1], at[1], top[2]) / top[0];
    return 1;
}

static double spec_variance(const spec_window *w, const double *at, int dot)
{
    double v[SIDE_TRIED * SIDE_TRIED];
    for (int i = 0; i < w->side * w->side; i++) {
        double y = w->y[i] - at[0], x = w->x[i] - at[1];
        double mixed = 2 * w->xy[i] * (x * y);
        v[i] = dot ? w->xx[i] * (y * y) - mixed + w->yy[i] * (x * x)
                   : w->yy[i] * (y * y) + mixed + w->xx[i] * (x * x);
    }
    return spec_sum(v, w->side * w->side, 0);
}

/* The class, 1 for an edge, -1 for a dot, 0 for neither, and the shift. */
static int spec_shift(spec_window *w, const shift_rule *rule, double *shift)
{
    int n = w->side * w->side, f = w->is_float;
    spec_products(w);
    double xx = spec_sum(w->xx, n, f), xy = spec_sum(w->xy, n, f),
           yy = spec_sum(w->yy, n, f);
    double xxx = spec_moment(w, w->xx, w->x), xxy = spec_moment(w, w->xx, w->y),
           xyx = spec_moment(w, w->xy, w->x), xyy = spec_moment(w, w->xy, w->y),
           yyx = spec_moment(w, w->yy, w->x), yyy = spec_moment(w, w->yy, w->y);
    double dot[2], edge[2];
    if (!spec_solve(xx, -xy, yy, spec_stored(xxy - xyx, f), spec_stored(yyx - xyy, f),
                    dot) ||
        !spec_solve(yy, xy, xx, spec_stored(yyy + xyx, f), spec_stored(xxx + xyy, f),
                    edge))
        return 0;
    for (int axis = 0; axis < 2; axis++) {
        dot[axis] = spec_stored(dot[axis], f);
        edge[axis] = spec_stored(edge[axis], f);
    }
    double of_dot = spec_variance(w, dot, 1), of_edge = spec_variance(w, edge, 0);
    double quotient = of_dot == 0 ? (double)INFINITY : of_edge / of_dot;
    if (of_dot < 0x1p-52 && of_edge < 0x1p-52)
        return 0;
    int class = (quotient < rule->edge_below) - (quotient > rule->dot_above);
    memcpy(shift, class > 0 ? edge : dot, sizeof dot);
    return class;
}

/* Noise, steps (ties), or one value (singular). */
static double pixel(ptrdiff_t kind, int x, int y)
{
    return kind == 0   ? random_between(0, 1)
           : kind == 1 ? (double)random_below(3)
           : kind == 2 ? (double)((x > 4) == (y > 5))
                       : 0.5;
}

void check_shift_corners(const real_kernels *k, int is_float)
{
    int classes[3] = {0, 0, 0};
    for (int round = 0; round < 120; round++) {
        static spec_window windows[PATCHES];
        shift_rule rule = {random_below(REACH_TRIED + 1), 0.9, 1.1};
        int side = 2 * (int)rule.reach + 3, wrong = 0;
        size_t item = is_float ? 4 : 8;
        guarded patches[PATCHES], spare, out;
        const void *starts[PATCHES];
        ptrdiff_t strides[PATCHES];
        double corners[2 * PATCHES];
        for (int i = 0; i < PATCHES; i++) {
            ptrdiff_t kind = random_below(4);
            strides[i] = side + (i % 2 ? 3 : 0);
            patches[i] = guarded_new(((size_t)(side - 1) * (size_t)strides[i] +
                                      (size_t)side) * item, random_side());
            starts[i] = patches[i].bytes;
            windows[i] = (spec_window){.side = side - 2, .is_float = is_float};
            for (int y = 0; y < side; y++)
                for (int x = 0; x < side; x++) {
                    double v = pixel(kind, x, y);
                    float narrow = (float)v;
                    windows[i].value[y][x] = spec_stored(v, is_float);
                    memcpy(patches[i].bytes + (size_t)(y * strides[i] + x) * item,
                           is_float ? (void *)&narrow : &v, item);
                }
            corners[2 * i] = (double)random_below(500);
            corners[2 * i + 1] = (double)random_below(500);
        }
        spare = guarded_new((shift_spare(rule.reach) + 63) / 64 * 64, GUARD_AFTER);
        out = guarded_new(2 * PATCHES * item, random_side());
        k->shift_corners(starts, strides, corners, &rule, spare.bytes, out.bytes);
        for (int i = 0; i < PATCHES; i++) {
            double shift[2] = {0, 0}, reach = (double)rule.reach;
            int class = spec_shift(&windows[i], &rule, shift);
            classes[class + 1]++;
            for (int axis = 0; axis < 2; axis++) {
                double at = corners[2 * i + axis] + reach + shift[axis];
                double found =
                    is_float ? (double)((float *)(void *)out.bytes)[2 * i + axis]
                             : ((double *)(void *)out.bytes)[2 * i + axis];
                at = spec_stored(spec_stored(at, is_float) - reach, is_float);
                wrong += class == 0 ? found == found : found != at;
            }
        }
        check_case("(reach %td)", rule.reach);
        CHECK(wrong == 0);
        for (int i = 0; i < PATCHES; i++)
            guarded_free(&patches[i]);
        guarded_free(&spare);
        guarded_free(&out);
    }
    check_case("(classes)");
    CHECK(classes[0] > 50 && classes[1] > 50 && classes[2] > 50);
}
