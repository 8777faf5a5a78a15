/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/hog.c and hog_votes.c against loops over pixels. */
#include "kernels_test.h"

#include <math.h>

#define PITCH 24
#define PLANES 5
#define SIZE (PITCH * PLANES)
#define PI 3.14159265358979323846

static guarded doubles_new(ptrdiff_t n)
{
    return guarded_new((size_t)n * sizeof(double), random_side());
}

static double *doubles(const guarded *g)
{
    return (double *)(void *)g->bytes;
}

static double rounded(double v, int is_float)
{
    return is_float ? (double)(float)v : v;
}

/* Differences of few levels, of many, tiny and huge ones, and what is no number. */
static double awkward_gradient(int is_float)
{
    switch (random_below(12)) {
    case 0:
        return rounded(random_between(-1, 1) * 1e-30, is_float);
    case 1:
        return rounded(random_between(-1, 1) * 1e30, is_float);
    case 2:
        return random_below(20) ? 0 : random_below(2) ? NAN : INFINITY;
    case 3:
    case 4:
    case 5:
        return rounded(random_between(-1, 1), is_float);
    default:
        return (double)random_below(7) - 3;
    }
}

static double element(const void *values, ptrdiff_t k, int is_float)
{
    return is_float ? (double)((const float *)values)[k] : ((const double *)values)[k];
}

void check_root_row(const real_kernels *k, int is_float)
{
    for (ptrdiff_t n = 0; n < 40; n++) {
        guarded row = doubles_new(n), old = doubles_new(n);
        int wrong = 0;
        for (ptrdiff_t x = 0; x < n; x++)
            doubles(&row)[x] = doubles(&old)[x] = awkward_gradient(is_float);
        k->root_row(doubles(&row), n);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += !same_double(doubles(&row)[x],
                                  rounded(sqrt(doubles(&old)[x]), is_float));
        CHECK(wrong == 0);
        guarded_free(&row);
        guarded_free(&old);
    }
}

void check_hog_deal(const plain_kernels *k)
{
    enum { MOST = 40 };
    for (int round = 0; round < 100; round++) {
        ptrdiff_t count = 1 + random_below(MOST), cells = 1 + random_below(MOST);
        ptrdiff_t wrong = 0;
        guarded row = doubles_new(count * cells), planes[MOST];
        double *at[MOST];
        for (ptrdiff_t i = 0; i < count; i++) {
            planes[i] = doubles_new(cells);
            at[i] = doubles(&planes[i]);
        }
        for (ptrdiff_t i = 0; i < count * cells; i++)
            doubles(&row)[i] = (double)i;
        k->hog_deal(doubles(&row), count, cells, at);
        for (ptrdiff_t i = 0; i < count * cells; i++)
            wrong += at[i % count][i / count] != (double)i;
        check_case("(count %td, cells %td)", count, cells);
        CHECK(wrong == 0);
        for (ptrdiff_t i = 0; i < count; i++)
            guarded_free(&planes[i]);
        guarded_free(&row);
    }
}

void check_hog_gradients(const real_kernels *k, int is_float)
{
    guarded rows[3], down = doubles_new(SIZE), right = doubles_new(SIZE);
    const double *at[3];
    int wrong = 0;
    for (int y = 0; y < 3; y++) {
        rows[y] = doubles_new(SIZE + 2 * PITCH);
        at[y] = doubles(&rows[y]) + PITCH;
        for (int x = 0; x < SIZE + 2 * PITCH; x++)
            doubles(&rows[y])[x] = awkward_gradient(is_float);
    }
    k->hog_gradients(at[0], at[1], at[2], PITCH, SIZE, doubles(&down), doubles(&right));
    for (int x = 0; x < SIZE; x++) {
        wrong +=
            !same_double(doubles(&down)[x], rounded(at[2][x] - at[0][x], is_float));
        wrong += !same_double(doubles(&right)[x],
                              rounded(at[1][x + PITCH] - at[1][x - PITCH], is_float));
    }
    CHECK(wrong == 0);
    for (int y = 0; y < 3; y++)
        guarded_free(&rows[y]);
    guarded_free(&down);
    guarded_free(&right);
}

/* The length by long double, which no last bit of a double escapes. */
static double spec_length(double x, double y)
{
    return isinf(x) || isinf(y) ? (double)INFINITY
                                : (double)hypotl((long double)x, (long double)y);
}

void check_hog_strongest(const real_kernels *k, int is_float)
{
    guarded g[4];
    double old[2][SIZE];
    int wrong = 0;
    for (int i = 0; i < 4; i++)
        g[i] = doubles_new(SIZE);
    for (int round = 0; round < 20; round++) {
        for (int x = 0; x < SIZE; x++)
            for (int i = 0; i < 4; i++)
                doubles(&g[i])[x] = awkward_gradient(is_float);
        memcpy(old[0], doubles(&g[2]), sizeof old[0]);
        memcpy(old[1], doubles(&g[3]), sizeof old[1]);
        k->hog_strongest(doubles(&g[0]), doubles(&g[1]), SIZE, doubles(&g[2]),
                         doubles(&g[3]));
        for (int x = 0; x < SIZE; x++) {
            double a = rounded(spec_length(old[0][x], old[1][x]), is_float);
            double b =
                rounded(spec_length(doubles(&g[0])[x], doubles(&g[1])[x]), is_float);
            int takes = a == a && (b > a || b != b);
            if (fabs(a - b) <= 1e-15 * a) /* the last bit is the C library's */
                continue;
            wrong += !same_double(doubles(&g[2])[x],
                                  takes ? doubles(&g[0])[x] : old[0][x]);
            wrong += !same_double(doubles(&g[3])[x],
                                  takes ? doubles(&g[1])[x] : old[1][x]);
        }
    }
    CHECK(wrong == 0);
    for (int i = 0; i < 4; i++)
        guarded_free(&g[i]);
}

/* The values of a block, normalised in long double. */
static void spec_block(const float *v, ptrdiff_t n, int norm, double *out)
{
    long double sum = 0, squares = 0, again = 0;
    for (ptrdiff_t k = 0; k < n; k++) {
        sum += v[k];
        squares += (long double)v[k] * v[k];
    }
    long double length = sqrtl(squares + 1e-10L);
    for (ptrdiff_t k = 0; k < n; k++) {
        long double cut = v[k] / length > 0.2L ? 0.2L : v[k] / length;
        again += cut * cut;
    }
    for (ptrdiff_t k = 0; k < n; k++) {
        long double part = v[k] / (sum + 1e-5L), unit = v[k] / length;
        long double cut = unit > 0.2L ? 0.2L : unit;
        out[k] = (double)(norm == FEATURE_HOG_L1        ? part
                          : norm == FEATURE_HOG_L1_SQRT ? sqrtl(part)
                          : norm == FEATURE_HOG_L2      ? unit
                                                        : cut / sqrtl(again + 1e-10L));
    }
}

void check_hog_blocks(const real_kernels *k, int is_float)
{
    enum { COUNT = 11, MOST = 3 * 3 * 12 };
    for (int round = 0; round < 60; round++) {
        hog_layout layout = {1 + random_below(3), 1 + random_below(3),
                             1 + random_below(12), (int32_t)random_below(4)};
        ptrdiff_t along = layout.block_cols * layout.orientations;
        ptrdiff_t n = layout.block_rows * along;
        ptrdiff_t length = (COUNT - 1) * layout.orientations + along;
        float rows[3][(COUNT + 2) * 12], block[MOST];
        const float *at[3] = {rows[0], rows[1], rows[2]};
        double expected[MOST];
        guarded values = doubles_new(HOG_BLOCKS * HOG_PITCH(n));
        guarded out =
            guarded_new((size_t)(COUNT * n) * (is_float ? 4 : 8), random_side());
        int wrong = 0;
        for (int y = 0; y < 3; y++)
            for (ptrdiff_t x = 0; x < length; x++)
                rows[y][x] = (float)random_between(0, 3);
        k->hog_blocks(at, COUNT, &layout, doubles(&values), out.bytes);
        for (ptrdiff_t b = 0; b < COUNT; b++) {
            for (ptrdiff_t x = 0; x < n; x++)
                block[x] = rows[x / along][b * layout.orientations + x % along];
            spec_block(block, n, layout.norm, expected);
            for (ptrdiff_t x = 0; x < n; x++) {
                double found = element(out.bytes, b * n + x, is_float);
                wrong += !(fabs(found - expected[x]) <= (is_float ? 1e-7 : 1e-14));
            }
        }
        CHECK(wrong == 0);
        guarded_free(&values);
        guarded_free(&out);
    }
}

void check_hog_draw(const real_kernels *k, int is_float)
{
    enum { ROWS = 9, COLS = 18, BINS = 4 };
    ptrdiff_t offsets[BINS][16];
    double half[2 * BINS] = {3, 0, 0, 3, 3, 3, -3, 3};
    hog_line lines[BINS] = {{.count = 0}};
    float histograms[2 * BINS] = {1, 0, 0, 0, 0, 2, 0, 4};
    guarded picture = guarded_new(ROWS * COLS * (is_float ? 4 : 8), random_side());
    double expected[ROWS][COLS] = {{0}};
    int wrong = 0;
    for (int o = 0; o < BINS; o++)
        lines[o].offsets = offsets[o];
    hog_pen pen = {ROWS, 9, BINS, COLS, half, lines};
    memset(picture.bytes, 0, ROWS * COLS * (is_float ? 4 : 8));
    k->hog_draw(histograms, 2, 0, &pen, picture.bytes);
    for (int i = 0; i < 7; i++) {
        expected[1 + i][4] += 1;       /* down */
        expected[4][9 + 1 + i] += 2;   /* right */
        expected[1 + i][9 + 1 + i] += 4; /* both */
    }
    for (int x = 0; x < ROWS * COLS; x++)
        wrong += element(picture.bytes, x, is_float) != expected[x / COLS][x % COLS];
    CHECK(wrong == 0);
    guarded_free(&picture);
}

/* ------------------------------------------------------------------------ */
/* Votes                                                                    */
/* ------------------------------------------------------------------------ */

void check_hog_directions(const plain_kernels *k)
{
    for (ptrdiff_t n = 1; n < 200; n++) {
        guarded sine = doubles_new(n), cosine = doubles_new(n);
        ptrdiff_t count, expected = 0;
        int wrong = 0;
        k->hog_directions(n, doubles(&sine), doubles(&cosine), &count);
        for (ptrdiff_t b = 1; 2 * b < n; b++) {
            if (4 * b == n)
                continue;
            double angle = PI * (double)b / (double)n;
            wrong += fabs(doubles(&sine)[expected] - sin(angle)) > 4e-16;
            wrong += fabs(doubles(&cosine)[expected] - cos(angle)) > 4e-16;
            expected++;
        }
        CHECK(count == expected && wrong == 0);
        guarded_free(&sine);
        guarded_free(&cosine);
    }
}

static int32_t spec_bin(double down, double right, ptrdiff_t n)
{
    double degrees = fmod(atan2(down, right) * (180 / PI), 180);
    if (degrees < 0)
        degrees += 180;
    for (ptrdiff_t bin = 0; bin < n; bin++)
        if (degrees >= 180.0 / (double)n * (double)bin &&
            degrees < 180.0 / (double)n * (double)(bin + 1))
            return (int32_t)bin;
    return HOG_NONE;
}

static int same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

void check_hog_decide(const plain_kernels *k)
{
    int wrong = 0, close = 0;
    for (int round = 0; round < 20000; round++) {
        double down = awkward_gradient(0), right = awkward_gradient(0), length;
        ptrdiff_t n = 1 + random_below(20);
        int32_t bin;
        int is_close;
        k->hog_decide(down, right, n, &bin, &is_close, &length);
        close += is_close;
        if (down != down || right != right)
            wrong += bin != HOG_EVERY;
        else if (!is_close)
            wrong += bin != spec_bin(down, right, n);
        wrong += !(fabs(length - spec_length(right, down)) <= 2.3e-16 * length) &&
                 length == length && length < (double)INFINITY;
    }
    CHECK(wrong == 0);
    CHECK(close > 0);
    double length;
    int32_t bin;
    int is_close;
    k->hog_decide(-1e-17, 1, 9, &bin, &is_close, &length);
    CHECK(bin == HOG_NONE && same_bits(length, 1));
}

void check_hog_bins(const plain_kernels *k)
{
    guarded g[3] = {doubles_new(SIZE), doubles_new(SIZE), doubles_new(SIZE)};
    guarded bins = guarded_new(SIZE * sizeof(int32_t), random_side());
    const int32_t *found = (const int32_t *)(void *)bins.bytes;
    double sine[200], cosine[200];
    int wrong = 0, decided = 0, asked;
    for (int round = 0; round < 400; round++) {
        ptrdiff_t n = 1 + random_below(40);
        hog_borders borders = {.sine = sine, .cosine = cosine, .orientations = n};
        borders.diagonal = n % 4 == 0;
        borders.upright = n % 2 == 0;
        k->hog_directions(n, sine, cosine, &borders.count);
        for (int x = 0; x < SIZE; x++) {
            doubles(&g[0])[x] = awkward_gradient(0);
            doubles(&g[1])[x] = awkward_gradient(0);
        }
        k->hog_bins(doubles(&g[0]), doubles(&g[1]), SIZE, &borders, doubles(&g[2]),
                    (int32_t *)(void *)bins.bytes, &asked);
        int any = 0;
        for (int x = 0; x < SIZE; x++) {
            double down = doubles(&g[0])[x], right = doubles(&g[1])[x];
            any |= found[x] == HOG_ASK;
            if (found[x] == HOG_ASK || (down == 0 && right == 0))
                continue;
            decided++;
            wrong += found[x] != spec_bin(down, right, n);
            wrong += !same_bits(doubles(&g[2])[x], sqrt(right * right + down * down));
        }
        wrong += (asked != 0) != any;
    }
    CHECK(wrong == 0);
    CHECK(decided > 400 * SIZE / 3);
    for (int i = 0; i < 3; i++)
        guarded_free(&g[i]);
    guarded_free(&bins);
}

void check_hog_add(const plain_kernels *k)
{
    enum { BINS = 4, CELLS = 21 };
    hog_planes planes = {CELLS, PLANES, PITCH};
    guarded totals = guarded_new(CELLS * BINS * sizeof(float), random_side());
    float *found = (float *)(void *)totals.bytes, expected[CELLS * BINS] = {0};
    double down[SIZE], right[SIZE], length[SIZE];
    int32_t bins[SIZE];
    memset(found, 0, sizeof expected);
    for (int round = 0; round < 50; round++) {
        for (int x = 0; x < SIZE; x++) {
            down[x] = (double)random_below(511) - 255;
            right[x] = (double)random_below(511) - 255;
            length[x] = sqrt(down[x] * down[x] + right[x] * right[x]);
            bins[x] = (int32_t)random_below(BINS);
        }
        k->hog_add(length, bins, down, right, &planes, BINS, found);
        for (int p = 0; p < PLANES; p++)
            for (int cell = 0; cell < CELLS; cell++) {
                int x = p * PITCH + cell;
                float *total = &expected[cell * BINS + bins[x]];
                *total = (float)((double)*total + hypot(right[x], down[x]));
            }
    }
    CHECK(memcmp(found, expected, sizeof expected) == 0);
    /* On the edge between two floats the sum is made with the exact length. */
    hog_planes one = {1, 1, 1};
    float total = 0x1p24f;
    double side = 1, none = 0, off = 1.0000000000000002;
    int32_t bin = 0;
    k->hog_add(&off, &bin, &none, &side, &one, 1, &total);
    CHECK(total == 0x1p24f);
    guarded_free(&totals);
}
