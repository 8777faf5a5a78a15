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

#define ZOOMED 33

/* Columns near those of the block, or anywhere. */
static void place_columns(zoom_axis *axis, int is_close)
{
    axis->count = ZOOMED;
    axis->is_close = is_close;
    for (ptrdiff_t i = 0; i < ZOOMED + ZOOM_BLOCK; i++) {
        ptrdiff_t first = i / ZOOM_BLOCK * ZOOM_BLOCK, at = first + random_below(16);
        ptrdiff_t other = first + random_below(16), any = random_below(40);
        axis->before[i] = (int32_t)(i == first ? first : is_close ? at : any);
        axis->after[i] = (int32_t)(is_close ? other : random_below(40));
        axis->far[i] = random_between(0, 1);
        axis->near[i] = 1 - axis->far[i];
    }
}

void check_zoom_row(const real_kernels *k, int is_float)
{
    enum { COLS = 60, ROOM = ZOOMED + ZOOM_BLOCK };
    int32_t before[ROOM], after[ROOM];
    double near[ROOM], far[ROOM], down[2] = {0.375, 0.625}, out[ZOOMED];
    wide_row memory[4];
    wide *rows[4];
    for (int i = 0; i < 4; i++) {
        memory[i] = wide_row_new(COLS);
        rows[i] = memory[i].first;
        for (ptrdiff_t x = 0; x < COLS; x++)
            rows[i][x] = spec_stored(random_between(0, 1), is_float);
    }
    for (int is_close = 0; is_close < 2; is_close++) {
        zoom_axis right = {.before = before, .after = after, .near = near, .far = far};
        plane_limits range = {INFINITY, -INFINITY};
        double least = INFINITY, most = -INFINITY;
        place_columns(&right, is_close);
        k->zoom_row(rows, down, &right, COLS, &range, out);
        for (int i = 0; i < ZOOMED; i++) {
            double sum = rows[0][before[i]] * down[0] * near[i];
            sum += rows[0][after[i]] * down[0] * far[i];
            sum += rows[1][before[i]] * down[1] * near[i];
            sum += rows[1][after[i]] * down[1] * far[i];
            double v = spec_stored(sum, is_float);
            CHECK(same_double(get_real(out, i, is_float), v));
            least = v < least ? v : least;
            most = v > most ? v : most;
        }
        CHECK(range.least == least && range.most == most);
    }
    for (int i = 0; i < 4; i++)
        guarded_free(&memory[i].memory);
}

void check_clip_row(const real_kernels *k, int is_float)
{
    double row[40], before[40];
    plane_limits limits = {0.25, 0.75};
    for (ptrdiff_t i = 0; i < 40; i++) {
        before[i] = i == 7 ? NAN : spec_stored(random_between(0, 1), is_float);
        set_real(row, i, before[i], is_float);
    }
    k->clip_row(&limits, 40, row);
    for (ptrdiff_t i = 0; i < 40; i++) {
        double v = before[i] < 0.25 ? 0.25 : before[i] > 0.75 ? 0.75 : before[i];
        CHECK(same_double(get_real(row, i, is_float), v));
    }
}

void check_corner_maxima(const real_kernels *k, int is_float)
{
    enum { PAD = 64, MOST = 200, SIZE = MOST + 2 * PAD };
    static double memory[3][SIZE]; /* or floats */
    size_t item = is_float ? sizeof(float) : sizeof(double);
    for (int round = 0; round < 60; round++) {
        ptrdiff_t n = 1 + random_below(MOST);
        const void *rows[3];
        uint64_t words[MOST / 64 + 1];
        int has_nan = 0, expected_nan = 0, wrong = 0;
        memset(memory, 0, sizeof memory);
        for (int y = 0; y < 3; y++) {
            rows[y] = (const char *)memory[y] + PAD * item;
            for (ptrdiff_t x = 0; x < n; x++) {
                double v = random_below(3) > 0 ? 0 : (double)random_below(5);
                v = round % 6 == 0 && random_below(40) == 0 ? NAN : v;
                set_real(memory[y], PAD + x, v, is_float);
                expected_nan |= y == 1 && v != v;
            }
        }
        k->corner_maxima(rows, n, words, &has_nan);
        for (ptrdiff_t x = 0; x < n; x++) {
            double v = get_real(memory[1], PAD + x, is_float);
            int is_peak = v > 0;
            for (int y = 0; y < 3; y++)
                for (ptrdiff_t i = -1; i <= 1; i++)
                    is_peak &= !(get_real(memory[y], PAD + x + i, is_float) > v);
            wrong += (int)(words[x / 64] >> x % 64 & 1) != is_peak;
        }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
        CHECK(has_nan == expected_nan);
    }
}

void check_fast_sums(const real_kernels *k, int is_float)
{
    static const int down[16] = {0, 1,  2,  3,  3,  3,  2,  1,
                                 0, -1, -2, -3, -3, -3, -2, -1};
    static const int right[16] = {3,  3,  2,  1,  0, -1, -2, -3,
                                  -3, -3, -2, -1, 0, 1,  2,  3};
    double plane[PATCHES][49], sums[PATCHES];
    size_t item = is_float ? sizeof(float) : sizeof(double);
    const void *pixels[PATCHES];
    ptrdiff_t strides[PATCHES];
    for (int i = 0; i < PATCHES; i++) {
        for (ptrdiff_t p = 0; p < 49; p++)
            set_real(plane[i], p, random_between(-1, 1), is_float);
        pixels[i] = (const char *)plane[i] + 24 * item;
        strides[i] = 7;
    }
    k->fast_sums(pixels, strides, sums);
    for (int i = 0; i < PATCHES; i++) {
        double sum = 0, middle = get_real(plane[i], 24, is_float);
        for (int p = 0; p < 16; p++) {
            double v = get_real(plane[i], 24 + 7 * down[p] + right[p], is_float);
            sum = spec_stored(sum + spec_stored(fabs(v - middle), is_float), is_float);
        }
        CHECK(same_double(sums[i], sum));
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
        CHECK(same_double(out[i], -0.25 * 64 * 64));
}

/* Pairs that lie close to the middle between pixels may go either way. */
void check_orb_bits(const real_kernels *k, int is_float)
{
    enum { REACH = 19, WIDTH = 2 * REACH + 1 };
    static double plane[WIDTH * WIDTH];
    uint8_t bits[ORB_BITS];
    size_t item = is_float ? sizeof(float) : sizeof(double);
    for (ptrdiff_t i = 0; i < WIDTH * WIDTH; i++)
        set_real(plane, i, (double)random_below(4), is_float);
    for (int turn = 0; turn < 200; turn++) {
        double angle = random_between(-7, 7), s = spec_stored(sin(angle), is_float),
               c = spec_stored(cos(angle), is_float), v[2] = {0, 0};
        int wrong = 0;
        k->orb_bits((const char *)plane + (REACH * WIDTH + REACH) * item, WIDTH, angle,
                    bits);
        for (int i = 0; i < ORB_BITS; i++) {
            int close = 0;
            for (int end = 0; end < 2; end++) {
                double row = orb_rows[end][i], col = orb_cols[end][i];
                double y = s * row + c * col, x = c * row - s * col;
                v[end] = get_real(plane,
                                  (ptrdiff_t)(round(y) + REACH) * WIDTH +
                                      (ptrdiff_t)round(x) + REACH,
                                  is_float);
                close |= fabs(fabs(y - trunc(y)) - 0.5) < 1e-5 ||
                         fabs(fabs(x - trunc(x)) - 0.5) < 1e-5;
            }
            wrong += !close && bits[i] != (v[0] < v[1]);
        }
        check_case("(angle %g)", angle);
        CHECK(wrong == 0);
    }
}
