/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/smooth.c: symmetric filters, summed in SciPy's order. */
#include "kernels_test.h"

#include "spec.h"

#define RADIUS_AT_MOST 20

static void fill_row(wide *row, ptrdiff_t first, ptrdiff_t end, int calm)
{
    for (ptrdiff_t x = first; x < end; x++)
        row[x] = calm ? random_between(-1, 1) : awkward_double();
}

static void fill_weights(double *weights, ptrdiff_t radius)
{
    for (ptrdiff_t k = 0; k <= radius; k++)
        weights[k] = random_between(-0.1, 1);
}

/* in[0] w[0] + (in[-r] + in[r]) w[r] + ... + (in[-1] + in[1]) w[1], or differences. */
static double spec_sum(const double *in, const double *weights, ptrdiff_t radius,
                       int odd)
{
    double sum = in[0] * weights[0];
    for (ptrdiff_t k = radius; k > 0; k--)
        sum += (odd ? in[-k] - in[k] : in[-k] + in[k]) * weights[k];
    return sum;
}

/* One row of sums, or a group whose rows begin one below the other. */
static void columns_one(const real_kernels *k, int is_float, ptrdiff_t n,
                        ptrdiff_t radius, int count, int odd)
{
    wide_row in[2 * RADIUS_AT_MOST + ROW_GROUP], out[ROW_GROUP];
    const wide *rows[2 * RADIUS_AT_MOST + ROW_GROUP];
    wide *sums[ROW_GROUP];
    double weights[RADIUS_AT_MOST + 1];
    ptrdiff_t under = 2 * radius + count;
    int calm = random_below(3) != 0, wrong = 0;
    fill_weights(weights, radius);
    for (int c = 0; c < ROW_GROUP; c++) {
        out[c] = wide_row_new(n);
        sums[c] = out[c].first;
    }
    for (ptrdiff_t y = 0; y < under; y++) {
        in[y] = wide_row_new(n);
        fill_row(in[y].first, 0, n, calm);
        rows[y] = in[random_below(4) ? y : random_below(y + 1)].first;
    }
    if (count == 1)
        (odd ? k->odd_columns : k->smooth_columns)(rows, weights, radius, n,
                                                   out[0].first);
    else
        (odd ? k->odd_column_groups : k->smooth_column_groups)(rows, weights, radius, n,
                                                               sums);
    for (ptrdiff_t x = 0; x < n; x++) {
        double column[2 * RADIUS_AT_MOST + ROW_GROUP];
        for (ptrdiff_t y = 0; y < under; y++)
            column[y] = rows[y][x];
        for (int c = 0; c < count; c++) {
            double sum = spec_sum(column + radius + c, weights, radius, odd);
            wrong += !same_double(out[c].first[x], spec_stored(sum, is_float));
        }
    }
    check_case("(n %td, radius %td, %d rows)", n, radius, count);
    CHECK(wrong == 0);
    for (ptrdiff_t y = 0; y < under; y++)
        guarded_free(&in[y].memory);
    for (int c = 0; c < ROW_GROUP; c++)
        guarded_free(&out[c].memory);
}

static void columns_all(const real_kernels *k, int is_float, int count, int odd)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int times = 0; times < 3; times++)
            columns_one(k, is_float, length_number(i), random_below(RADIUS_AT_MOST + 1),
                        count, odd);
}

void check_smooth_columns(const real_kernels *k, int is_float)
{
    columns_all(k, is_float, 1, 0);
}

void check_odd_columns(const real_kernels *k, int is_float)
{
    columns_all(k, is_float, 1, 1);
}

void check_smooth_column_groups(const real_kernels *k, int is_float)
{
    columns_all(k, is_float, ROW_GROUP, 0);
}

void check_odd_column_groups(const real_kernels *k, int is_float)
{
    columns_all(k, is_float, ROW_GROUP, 1);
}

/* The row with its border is as core/smooth.c makes it: whole blocks at both ends. */
static void row_one(const real_kernels *k, int is_float, ptrdiff_t n, ptrdiff_t radius,
                    int odd)
{
    ptrdiff_t side = (radius + ROW_BLOCK - 1) / ROW_BLOCK * ROW_BLOCK;
    guarded memory =
        guarded_new((size_t)(2 * side + row_pitch(n)) * sizeof(wide), random_side());
    wide *in = (wide *)(void *)memory.bytes + side;
    wide_row out = wide_row_new(n);
    double weights[RADIUS_AT_MOST + 1];
    int wrong = 0;
    fill_weights(weights, radius);
    fill_row(in, -radius, n + radius, random_below(3) != 0);
    (odd ? k->odd_row : k->smooth_row)(in, weights, radius, n, out.first);
    for (ptrdiff_t x = 0; x < n; x++) {
        double sum = spec_sum(in + x, weights, radius, odd);
        wrong += !same_double(out.first[x], spec_stored(sum, is_float));
    }
    check_case("(n %td, radius %td)", n, radius);
    CHECK(wrong == 0);
    guarded_free(&memory);
    guarded_free(&out.memory);
}

static void rows_all(const real_kernels *k, int is_float, int odd)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int times = 0; times < 6; times++)
            row_one(k, is_float, length_number(i), random_below(RADIUS_AT_MOST + 1),
                    odd);
}

void check_smooth_row(const real_kernels *k, int is_float)
{
    rows_all(k, is_float, 0);
}

void check_odd_row(const real_kernels *k, int is_float)
{
    rows_all(k, is_float, 1);
}

/* Floats are summed in float, in the same order. */
static float spec_float_sum(const float *in, const double *weights, ptrdiff_t radius)
{
    float sum = in[0] * (float)weights[0];
    for (ptrdiff_t k = radius; k > 0; k--)
        sum += (in[-k] + in[k]) * (float)weights[k];
    return sum;
}

static void fill_floats(float *row, ptrdiff_t first, ptrdiff_t end, int calm)
{
    for (ptrdiff_t x = first; x < end; x++)
        row[x] = (float)(calm ? random_between(-1, 1) : awkward_double());
}

static void float_groups_one(const plain_kernels *k, ptrdiff_t n, ptrdiff_t radius)
{
    float_row in[2 * RADIUS_AT_MOST + ROW_GROUP], out[ROW_GROUP];
    const float *rows[2 * RADIUS_AT_MOST + ROW_GROUP];
    float *sums[ROW_GROUP];
    double weights[RADIUS_AT_MOST + 1];
    ptrdiff_t under = 2 * radius + ROW_GROUP;
    int calm = random_below(3) != 0, wrong = 0;
    fill_weights(weights, radius);
    for (int c = 0; c < ROW_GROUP; c++) {
        out[c] = float_row_new(n);
        sums[c] = out[c].first;
    }
    for (ptrdiff_t y = 0; y < under; y++) {
        in[y] = float_row_new(n);
        fill_floats(in[y].first, 0, n, calm);
        rows[y] = in[y].first;
    }
    k->smooth_float_groups(rows, weights, radius, n, sums);
    for (ptrdiff_t x = 0; x < n; x++) {
        float column[2 * RADIUS_AT_MOST + ROW_GROUP];
        for (ptrdiff_t y = 0; y < under; y++)
            column[y] = rows[y][x];
        for (int c = 0; c < ROW_GROUP; c++)
            wrong += !same_double(sums[c][x],
                                  spec_float_sum(column + radius + c, weights, radius));
    }
    check_case("(n %td, radius %td)", n, radius);
    CHECK(wrong == 0);
    for (ptrdiff_t y = 0; y < under; y++)
        guarded_free(&in[y].memory);
    for (int c = 0; c < ROW_GROUP; c++)
        guarded_free(&out[c].memory);
}

void check_smooth_float_groups(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int times = 0; times < 3; times++)
            float_groups_one(k, length_number(i), random_below(RADIUS_AT_MOST + 1));
}

static void floats_one(const plain_kernels *k, ptrdiff_t n, ptrdiff_t radius)
{
    ptrdiff_t side = (radius + ROW_BLOCK - 1) / ROW_BLOCK * ROW_BLOCK;
    guarded memory =
        guarded_new((size_t)(2 * side + row_pitch(n)) * sizeof(float), random_side());
    float *in = (float *)(void *)memory.bytes + side;
    float_row out = float_row_new(n);
    double weights[RADIUS_AT_MOST + 1];
    int wrong = 0;
    fill_weights(weights, radius);
    fill_floats(in, -radius, n + radius, random_below(3) != 0);
    k->smooth_floats(in, weights, radius, n, out.first);
    for (ptrdiff_t x = 0; x < n; x++)
        wrong += !same_double(out.first[x], spec_float_sum(in + x, weights, radius));
    check_case("(n %td, radius %td)", n, radius);
    CHECK(wrong == 0);
    guarded_free(&memory);
    guarded_free(&out.memory);
}

void check_smooth_floats(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int times = 0; times < 6; times++)
            floats_one(k, length_number(i), random_below(RADIUS_AT_MOST + 1));
}

static void normalize_one(const real_kernels *k, int is_float, ptrdiff_t n)
{
    wide_row row = wide_row_new(n), weight = wide_row_new(n);
    double *before = malloc((size_t)n * sizeof *before);
    double epsilon = is_float ? (double)FLT_EPSILON : DBL_EPSILON;
    int wrong = 0;
    for (ptrdiff_t x = 0; x < n; x++) {
        before[x] = row.first[x] = spec_stored(awkward_double(), is_float);
        weight.first[x] = random_below(4) ? random_between(0, 1) : awkward_double();
        weight.first[x] = spec_stored(weight.first[x], is_float);
        if (random_below(10) == 0)
            weight.first[x] = -epsilon; /* a division by zero */
    }
    k->normalize_row(row.first, weight.first, n);
    for (ptrdiff_t x = 0; x < n; x++) {
        double divisor = spec_stored(weight.first[x] + epsilon, is_float);
        wrong += !same_double(row.first[x], spec_stored(before[x] / divisor, is_float));
    }
    check_case("(n %td)", n);
    CHECK(wrong == 0);
    free(before);
    guarded_free(&row.memory);
    guarded_free(&weight.memory);
}

/* Weights as a filter makes them of ones, and others, some of which are not to be
 * inverted; rows of numbers of any size. */
static void divide_one(const real_kernels *k, int is_float, ptrdiff_t n, int odd)
{
    wide_row row = wide_row_new(n), weight = wide_row_new(n), divisor = wide_row_new(n),
             reciprocal = wide_row_new(n);
    double epsilon = is_float ? (double)FLT_EPSILON : DBL_EPSILON;
    int wrong = 0, outside = 0, invertible = -1;
    for (ptrdiff_t x = 0; x < n; x++) {
        weight.first[x] = odd ? pow(2, random_between(-62, 62))
                              : 1 - (double)random_below(9) * epsilon / 2;
        weight.first[x] = spec_stored(weight.first[x], is_float);
        outside |= weight.first[x] + epsilon <= 0x1p-60 || weight.first[x] >= 0x1p60;
    }
    k->invert_row(weight.first, n, divisor.first, reciprocal.first, &invertible);
    CHECK(invertible == !outside);
    for (ptrdiff_t x = 0; x < n; x++)
        wrong += divisor.first[x] != spec_stored(weight.first[x] + epsilon, is_float);
    for (int times = 0; times < 20 && invertible; times++) {
        double *before = malloc((size_t)n * sizeof *before);
        for (ptrdiff_t x = 0; x < n; x++) {
            double v = times % 4 ? random_between(-2, 2) : awkward_double();
            before[x] = row.first[x] = spec_stored(v, is_float);
        }
        k->divide_row(row.first, divisor.first, reciprocal.first, n);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += !same_double(row.first[x],
                                  spec_stored(before[x] / divisor.first[x], is_float));
        free(before);
    }
    check_case("(n %td, odd %d)", n, odd);
    CHECK(wrong == 0);
    guarded_free(&row.memory);
    guarded_free(&weight.memory);
    guarded_free(&divisor.memory);
    guarded_free(&reciprocal.memory);
}

void check_divide_row(const real_kernels *k, int is_float)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int odd = 0; odd < 2; odd++)
            divide_one(k, is_float, length_number(i), odd);
}

/* Its divisors and what it says of them are looked at there, too. */
void check_invert_row(const real_kernels *k, int is_float)
{
    for (int times = 0; times < 200; times++)
        divide_one(k, is_float, 1 + random_below(3), 1);
}

void check_normalize_row(const real_kernels *k, int is_float)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int times = 0; times < 4; times++)
            normalize_one(k, is_float, length_number(i));
}
