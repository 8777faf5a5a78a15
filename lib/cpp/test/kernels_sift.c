/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/sift.c and sift_windows.c against plain loops. */
#include "kernels_test.h"

#include <math.h>

#include "kernels/math.h"
#include "spec.h"

#define PI 3.14159265358979323846
#define S(v) spec_stored(v, is_float)

static void fill(wide *row, ptrdiff_t n, int is_float)
{
    for (ptrdiff_t i = 0; i < n; i++)
        row[i] = S(random_between(0, 1));
}

/* The middle of pixel x among narrow ones, mirrored without the edge. */
static double place(ptrdiff_t x, ptrdiff_t factor, ptrdiff_t cols)
{
    double at = fabs(((double)x + 0.5) / (double)factor - 0.5);
    double last = (double)(cols - 1);
    return cols == 1 ? 0 : at > last ? 2 * last - at : at;
}

void check_sift_widen_row(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 300; round++) {
        ptrdiff_t factor = random_below(2) ? 2 : 4, cols = 1 + random_below(60);
        ptrdiff_t first = random_below(factor * cols), left = first / factor - 1;
        ptrdiff_t end = first + 1 + random_below(factor * cols - first);
        left = left > 0 ? left : 0;
        wide_row above = wide_row_new(cols - left), below = wide_row_new(cols - left);
        wide_row out = wide_row_new(end - first);
        const wide *rows[2] = {above.first, below.first};
        double down[2] = {0.375, 0.625};
        sift_zoom zoom = {factor, first, end, left, cols};
        plane_limits limits = {S(0.1), S(0.9)};
        int wrong = 0;
        fill(above.first, cols - left, is_float);
        fill(below.first, cols - left, is_float);
        k->sift_widen_row(rows, down, &zoom, &limits, out.first);
        for (ptrdiff_t x = first; x < end; x++) {
            double at = place(x, factor, cols), far = at - floor(at), near = 1 - far;
            ptrdiff_t a = (ptrdiff_t)at - left, b = a + (cols > 1);
            double sum = above.first[a] * down[0] * near;
            sum += above.first[b] * down[0] * far;
            sum += below.first[a] * down[1] * near;
            sum += below.first[b] * down[1] * far;
            sum = fmin(fmax(S(sum), limits.least), limits.most);
            wrong += !same_double(out.first[x - first], sum);
        }
        CHECK(wrong == 0);
        guarded_free(&above.memory);
        guarded_free(&below.memory);
        guarded_free(&out.memory);
    }
}

void check_sift_differ_row(const real_kernels *k, int is_float)
{
    for (ptrdiff_t n = 1; n < 70; n++) {
        wide_row a = wide_row_new(n), b = wide_row_new(n), out = wide_row_new(n);
        int wrong = 0;
        fill(a.first, n, is_float);
        fill(b.first, n, is_float);
        k->sift_differ_row(a.first, b.first, n, out.first);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += !same_double(out.first[x], S(a.first[x] - b.first[x]));
        CHECK(wrong == 0);
        guarded_free(&a.memory);
        guarded_free(&b.memory);
        guarded_free(&out.memory);
    }
}

void check_sift_halve_row(const real_kernels *k, int is_float)
{
    for (ptrdiff_t n = 1; n < 70; n++) {
        wide_row row = wide_row_new(n);
        size_t bytes = (size_t)((n + 1) / 2) * (is_float ? 4 : 8);
        guarded out = guarded_new(bytes, random_side());
        int wrong = 0;
        fill(row.first, n, is_float);
        k->sift_halve_row(row.first, n, out.bytes);
        for (ptrdiff_t x = 0; x < (n + 1) / 2; x++)
            wrong += !same_double(real_at(out.bytes, x, is_float), row.first[2 * x]);
        CHECK(wrong == 0);
        guarded_free(&row.memory);
        guarded_free(&out);
    }
}

/* ------------------------------------------------------------------------ */
/* Extrema                                                                  */
/* ------------------------------------------------------------------------ */

static int is_extremum(const wide *const *lines, ptrdiff_t x, double least)
{
    double here = lines[4][x];
    int low = 1, high = 1;
    for (int i = 0; i < 9; i++)
        for (int dx = -1; dx <= 1; dx++) {
            if (i == 4 && dx == 0)
                continue;
            low &= !(lines[i][x + dx] <= here);
            high &= !(lines[i][x + dx] >= here);
        }
    return fabs(here) >= least && (low || high);
}

/* Few levels, so that there are ties, and NaN among them. */
void check_sift_extrema_row(const real_kernels *k, int is_float)
{
    ptrdiff_t all = 0;
    for (int round = 0; round < 400; round++) {
        ptrdiff_t n = 1 + random_below(90), count, expected = 0, levels = 40;
        wide_row rows[9];
        const wide *lines[9];
        int32_t found[90];
        int wrong = 0;
        for (int i = 0; i < 9; i++) {
            rows[i] = wide_row_new(n + 2);
            lines[i] = rows[i].first + 1;
            for (ptrdiff_t x = 0; x < n + 2; x++) {
                double v = (double)random_below(levels) / 10 - 2;
                rows[i].first[x] = random_below(200) ? S(i == 4 ? 1.6 * v : v)
                                                     : (double)NAN;
            }
        }
        k->sift_extrema_row(lines, 1, n, found, &count);
        for (ptrdiff_t x = 0; x < n; x++)
            if (is_extremum(lines, x, 1))
                wrong += !(expected < count && found[expected++] == x);
        CHECK(wrong == 0 && count == expected);
        all += count;
        for (int i = 0; i < 9; i++)
            guarded_free(&rows[i].memory);
    }
    CHECK(all > 100);
}

/* A parabola in all three directions, with its top between the pixels: found exactly,
 * also some pixels away; an edge and a weak top are left out. */
void check_sift_refine(const real_kernels *k, int is_float)
{
    enum { SIDE = 2 * SIFT_MOVES + 1, COLS = 17, SCALES = 5 };
    double tolerance = is_float ? 1e-4 : 1e-12, sigmas[SCALES + 1];
    for (int round = 0; round < 500; round++) {
        double top[3] = {5 + random_between(-2.4, 2.4), 8 + random_between(-3.4, 3.4),
                         2 + random_between(-1.4, 1.4)};
        double slope[3] = {random_between(0.01, 0.03), random_between(0.01, 0.03),
                           random_between(0.01, 0.03)};
        double height = random_between(0.5, 1), lowest = round % 5 == 0 ? 1.1 : 0.1;
        static wide values[SCALES][SIDE][COLS];
        const wide *rows[SCALES * SIDE];
        if (round % 7 == 0)
            slope[0] = 0.0001; /* an edge */
        for (int s = 0; s < SCALES; s++)
            for (int y = 0; y < SIDE; y++) {
                rows[s * SIDE + y] = values[s][y];
                for (int x = 0; x < COLS; x++) {
                    double d[3] = {y - top[0], x - top[1], s - top[2]}, v = height;
                    for (int i = 0; i < 3; i++)
                        v -= slope[i] * d[i] * d[i];
                    values[s][y][x] = S(v);
                }
            }
        sift_lines lines = {rows, 0, {SIDE, COLS, SCALES}};
        sift_limits limits = {lowest, 12.1, 0.5, log(2), sigmas, {100, 100}};
        ptrdiff_t key[3] = {SIFT_MOVES, 8, 2};
        sift_extremum found;
        limits.sides[0] = limits.sides[1] = round % 11 == 0 ? 2 : 1000;
        for (int s = 0; s < SCALES + 1; s++)
            sigmas[s] = ldexp(0.01, s);
        k->sift_refine(&lines, key, &limits, &found);
        if (round % 7 == 0 || round % 5 == 0 || round % 11 == 0) {
            int lost = found.scale < 0;
            CHECK(lost || (round % 11 == 0 && round % 7 && round % 5));
            continue;
        }
        CHECK(found.scale >= 1 && found.scale <= 3);
        CHECK(fabs(found.row - top[0] / 2) < tolerance);
        CHECK(fabs(found.col - top[1] / 2) < tolerance);
        CHECK(fabs(found.sigma / (0.01 * exp2(top[2])) - 1) < tolerance);
    }
}

/* ------------------------------------------------------------------------ */
/* Windows                                                                  */
/* ------------------------------------------------------------------------ */

enum { ROWS = 60, COLS = 90, PITCH = 104 };

/* A window somewhere, over the border too, in a plane whose first rows are missing. */
static sift_window draw_window(unsigned char *plane, wide *weights, wide *sums,
                               int is_float)
{
    ptrdiff_t first = random_below(2) ? 0 : 3;
    sift_window w = {.plane = plane, .pitch = PITCH, .first = first, .rows = ROWS};
    for (ptrdiff_t i = 0; i < ROWS * PITCH; i++)
        if (is_float)
            ((float *)(void *)plane)[i] = (float)random_between(0, 1);
        else
            ((double *)(void *)plane)[i] = random_between(0, 1);
    w.cols = COLS;
    w.sigma = random_between(0.8, 2.5);
    w.reach = random_between(0.7, 2);
    w.row = S(random_between((double)first * 8, ROWS - 1));
    w.col = S(random_between(0, COLS - 1));
    w.angle = random_between(-PI, PI);
    w.weights = weights;
    w.row_weights = weights + COLS + ROW_BLOCK;
    w.sums = sums;
    return w;
}

static double pixel(const sift_window *w, ptrdiff_t y, ptrdiff_t x, int is_float)
{
    return real_at(w->plane, (y - w->first) * w->pitch + x, is_float);
}

static void gradient(const sift_window *w, ptrdiff_t y, ptrdiff_t x, int is_float,
                     double *down, double *right)
{
    ptrdiff_t up = y > 0 ? y - 1 : y, low = y + 1 < w->rows ? y + 1 : y;
    ptrdiff_t left = x > 0 ? x - 1 : x, next = x + 1 < w->cols ? x + 1 : x;
    *down = S(pixel(w, low, x, is_float) - pixel(w, up, x, is_float)) /
            (double)(low - up);
    *right = S(pixel(w, y, next, is_float) - pixel(w, y, left, is_float)) /
             (double)(next - left);
}

/* Within 4 units of the last place, half a one beside diagonals, 0 on them. */
static void check_angles(void)
{
    for (int i = 0; i < 20000; i++) {
        double y = random_between(-1, 1), x = random_between(-1, 1);
        x *= random_below(4) ? 1 : 1e-3;
        double exact = atan2(y, x), unit = nextafter(fabs(exact), 4) - fabs(exact);
        CHECK(fabs(angle_without_branches(y, x) - exact) <= 4 * unit);
        x = y * (1 + (double)(random_below(9) - 4) * 0x1p-52);
        long double angle = atan2l(y, x), off = angle_without_branches(y, x) - angle;
        unit = nextafter(fabs((double)angle), 4) - fabs((double)angle);
        CHECK(fabsl(off) <= 0.51L * unit);
    }
    for (int y = -1; y <= 1; y++)
        for (int x = -1; x <= 1; x++)
            CHECK(angle_without_branches(y, x) == atan2(y, x));
}

static ptrdiff_t cut(double v, ptrdiff_t n)
{
    return v < 0 ? 0 : v > (double)(n - 1) ? n - 1 : (ptrdiff_t)v;
}

static void free_window(guarded *plane, guarded *weights, guarded *sums)
{
    guarded_free(plane);
    guarded_free(weights);
    guarded_free(sums);
}

void check_sift_orient(const real_kernels *k, int is_float)
{
    enum { BINS = 36 };
    check_angles();
    for (int round = 0; round < 60; round++) {
        guarded plane = guarded_new((size_t)ROWS * PITCH * (is_float ? 4 : 8), 0);
        guarded weights = guarded_new((ROWS + COLS + 2 * ROW_BLOCK) * sizeof(wide), 0);
        guarded sums = guarded_new(SIFT_COPIES * BINS * sizeof(wide), random_side());
        double found[BINS], expected[BINS] = {0}, sum = 0, error = 0;
        sift_window w = draw_window(plane.bytes, (wide *)(void *)weights.bytes,
                                    (wide *)(void *)sums.bytes, is_float);
        w.bins = BINS;
        double radius = 3 * w.reach * w.sigma, deviation = w.reach * w.sigma;
        k->sift_orient(&w, found);
        for (ptrdiff_t y = cut(w.row - radius + 0.5, ROWS);
             y <= cut(w.row + radius + 0.5, ROWS); y++)
            for (ptrdiff_t x = cut(w.col - radius + 0.5, COLS);
                 x <= cut(w.col + radius + 0.5, COLS); x++) {
                double down, right, dy = (double)y - w.row, dx = (double)x - w.col;
                gradient(&w, y, x, is_float, &down, &right);
                double angle = atan2(right, down) / (2 * PI);
                int bin = (int)floor((angle < 0 ? angle + 1 : angle) * BINS + 0.5);
                expected[bin % BINS] += sqrt(down * down + right * right) *
                                        exp(-(dy * dy + dx * dx) /
                                            (2 * deviation * deviation));
            }
        for (int i = 0; i < BINS; i++) {
            sum += expected[i];
            error += fabs(found[i] - expected[i]);
        }
        CHECK(sum > 0 && error <= (is_float ? 1e-3 : 1e-12) * sum);
        free_window(&plane, &weights, &sums);
    }
}

/* The descriptor's sums before they become bytes. */
static void describe(const sift_window *w, int is_float, double *out)
{
    double deviation = w->reach * w->sigma, cells = (double)w->cells;
    double radius = deviation * (1 + 1 / cells), around = sqrt(2) * radius;
    double spacing = 2 * deviation / cells, bins = (double)w->bins;
    for (ptrdiff_t y = cut(w->row - around + 0.5, ROWS);
         y < cut(w->row + around + 0.5, ROWS); y++)
        for (ptrdiff_t x = cut(w->col - around + 0.5, COLS);
             x < cut(w->col + around + 0.5, COLS); x++) {
            double dy = (double)y - w->row, dx = (double)x - w->col, down, right;
            double row = cos(w->angle) * dy + sin(w->angle) * dx;
            double col = cos(w->angle) * dx - sin(w->angle) * dy;
            if (!(fmax(fabs(row), fabs(col)) < radius))
                continue;
            gradient(w, y, x, is_float, &down, &right);
            double amount = sqrt(down * down + right * right);
            amount *= exp(-(row * row + col * col) / (2 * deviation * deviation));
            double turn = (atan2(right, down) - w->angle) / (2 * PI) * bins;
            turn += turn < 0 ? bins : 0;
            for (ptrdiff_t r = 0; r < w->cells; r++)
                for (ptrdiff_t c = 0; c < w->cells; c++)
                    for (ptrdiff_t t = 0; t < w->bins; t++) {
                        double far = fabs(turn - (double)t), part = amount;
                        far = fmin(far, fabs(bins - far));
                        part *= fmax(0, 1 - far);
                        double at = ((double)r - (cells - 1) / 2) * spacing;
                        part *= fmax(0, 1 - fabs(row - at) / spacing);
                        at = ((double)c - (cells - 1) / 2) * spacing;
                        out[(r * w->cells + c) * w->bins + t] +=
                            part * fmax(0, 1 - fabs(col - at) / spacing);
                    }
        }
}

static double norm(const double *v, ptrdiff_t n)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        sum += v[i] * v[i];
    return sqrt(sum);
}

void check_sift_describe(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 40; round++) {
        ptrdiff_t cells = 1 + random_below(5), bins = 2 + random_below(8);
        ptrdiff_t n = cells * cells * bins;
        size_t room = (size_t)sift_room(cells, bins);
        guarded plane = guarded_new((size_t)ROWS * PITCH * (is_float ? 4 : 8), 0);
        guarded weights = guarded_new((ROWS + COLS + 2 * ROW_BLOCK) * sizeof(wide), 0);
        guarded sums = guarded_new(SIFT_COPIES * room * sizeof(wide), random_side());
        guarded out = guarded_new((size_t)n, random_side());
        double expected[5 * 5 * 9] = {0};
        int wrong = 0;
        sift_window w = draw_window(plane.bytes, (wide *)(void *)weights.bytes,
                                    (wide *)(void *)sums.bytes, is_float);
        w.cells = cells;
        w.bins = bins;
        k->sift_describe(&w, out.bytes);
        describe(&w, is_float, expected);
        double most = 0.2 * norm(expected, n);
        for (ptrdiff_t i = 0; i < n; i++)
            expected[i] = fmin(expected[i], most);
        double size = norm(expected, n);
        for (ptrdiff_t i = 0; i < n; i++) {
            double byte = fmin(512 * expected[i] / size, 255);
            wrong += !(fabs((double)out.bytes[i] + 0.5 - byte) <= 0.5 + 1e-3) &&
                     !(byte >= 255 && out.bytes[i] == 255);
        }
        CHECK(size > 0 && wrong == 0);
        free_window(&plane, &weights, &sums);
        guarded_free(&out);
    }
}
