/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/sobel.c, corners.c, tensors.c and boxes.c, element by element. */
#include "kernels_test.h"

#include "kernels/math.h"
#include "spec.h"

#define INPUTS_AT_MOST (ORDER_AT_MOST * (ORDER_AT_MOST + 1) / 2)
#define OUTPUTS_AT_MOST ORDER_AT_MOST

/* Rows without padding: these kernels keep to n elements. The same as reals. */
typedef struct rows {
    guarded memory[INPUTS_AT_MOST + OUTPUTS_AT_MOST];
    guarded real_memory[INPUTS_AT_MOST + OUTPUTS_AT_MOST];
    wide *in[INPUTS_AT_MOST], *out[OUTPUTS_AT_MOST];
    const void *real_in[INPUTS_AT_MOST];
    void *real_out[OUTPUTS_AT_MOST];
    int ins, outs, is_float;
    ptrdiff_t n;
} rows;

static wide *plain_row(guarded *memory, ptrdiff_t n)
{
    *memory = guarded_new((size_t)n * sizeof(wide), random_side());
    return (wide *)(void *)memory->bytes;
}

static void *real_row(guarded *memory, ptrdiff_t n, int is_float)
{
    *memory = guarded_new((size_t)n * (is_float ? sizeof(float) : sizeof(double)),
                          random_side());
    return memory->bytes;
}

static rows rows_new(int ins, int outs, ptrdiff_t n, int is_float)
{
    rows r = {.ins = ins, .outs = outs, .is_float = is_float, .n = n};
    int calm = random_below(3) != 0;
    for (int k = 0; k < ins; k++) {
        r.in[k] = plain_row(&r.memory[k], n);
        for (ptrdiff_t x = 0; x < n; x++) {
            double v = calm ? random_between(-1, 1) : awkward_double();
            r.in[k][x] = spec_stored(random_below(9) ? v : 0, is_float);
        }
        void *reals = real_row(&r.real_memory[k], n, is_float);
        for (ptrdiff_t x = 0; x < n; x++)
            put_real(reals, x, r.in[k][x], is_float);
        r.real_in[k] = reals;
    }
    for (int k = 0; k < outs; k++) {
        r.out[k] = plain_row(&r.memory[ins + k], n);
        r.real_out[k] = real_row(&r.real_memory[ins + k], n, is_float);
    }
    return r;
}

static void take_reals(const rows *r)
{
    for (int k = 0; k < r->outs; k++)
        for (ptrdiff_t x = 0; x < r->n; x++)
            r->out[k][x] = real_at(r->real_out[k], x, r->is_float);
}

static void rows_free(rows *r)
{
    for (int k = 0; k < r->ins + r->outs; k++) {
        guarded_free(&r->memory[k]);
        guarded_free(&r->real_memory[k]);
    }
}

/* Runs `call` on rows of every length and compares out[0], out[1] with `value` of
 * element x; both see the rows as `r`. */
#define COMPARE(ins, outs, call, ...)                                                  \
    for (ptrdiff_t i = 0; i < LENGTHS * 4; i++) {                                      \
        ptrdiff_t n = length_number(i / 4);                                            \
        rows r = rows_new(ins, outs, n, is_float);                                     \
        int wrong = 0;                                                                 \
        call;                                                                          \
        for (ptrdiff_t x = 0; x < n; x++) {                                            \
            double values[] = {__VA_ARGS__};                                           \
            for (int o = 0; o < (outs); o++)                                           \
                wrong += !same_double(r.out[o][x], values[o]);                         \
        }                                                                              \
        check_case("(n %td)", n);                                                      \
        CHECK(wrong == 0);                                                             \
        rows_free(&r);                                                                 \
    }

/* The same of a kernel of reals, which reads r.real_in and writes r.real_out. */
#define COMPARE_REALS(ins, outs, call, ...)                                            \
    COMPARE(ins, outs, (call, take_reals(&r)), __VA_ARGS__)

#define IN(k) (r.in[k][x])
#define S(v) spec_stored(v, is_float)
#define PLANES ((const wide *const *)r.in)

/* ------------------------------------------------------------------------ */
/* sobel.c                                                                  */
/* ------------------------------------------------------------------------ */

void check_differ_row(const real_kernels *k, int is_float)
{
    COMPARE_REALS(
        3, 1, k->differ_row(r.real_in[0], r.real_in[1], r.real_in[2], n, r.real_out[0]),
        S(IN(1) * 0 - (IN(0) - IN(2))))
}

void check_weigh_row(const real_kernels *k, int is_float)
{
    COMPARE_REALS(
        3, 1, k->weigh_row(r.real_in[0], r.real_in[1], r.real_in[2], n, r.real_out[0]),
        S(IN(1) * 2 + (IN(0) + IN(2))))
}

/* Differences have a neighbour at both ends. */
void check_products_row(const real_kernels *k, int is_float)
{
    for (ptrdiff_t i = 0; i < LENGTHS * 4; i++) {
        ptrdiff_t n = length_number(i / 4);
        rows d = rows_new(1, 0, n + 2, is_float), r = rows_new(3, 3, n, is_float);
        ptrdiff_t item = is_float ? sizeof(float) : sizeof(double);
        int wrong = 0;
        k->products_row((const char *)d.real_in[0] + item, r.real_in, n, r.real_out[0],
                        r.real_out[1], r.real_out[2]);
        take_reals(&r);
        for (ptrdiff_t x = 0; x < n; x++) {
            const wide *at = d.in[0] + x;
            double down = S(S(at[1] * 2) + S(at[0] + at[2]));
            double right = S(S(IN(1) * 2) + S(IN(0) + IN(2)));
            wrong += !same_double(r.out[0][x], S(down * down));
            wrong += !same_double(r.out[1][x], S(down * right));
            wrong += !same_double(r.out[2][x], S(right * right));
        }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
        rows_free(&d);
        rows_free(&r);
    }
}

void check_multiply_row(const real_kernels *k, int is_float)
{
    COMPARE(2, 1, k->multiply_row(r.in[0], r.in[1], n, r.out[0]), S(IN(0) * IN(1)))
}

/* A writer of wides or, where that is NULL, of reals. */
static void check_writer(void (*write)(const wide *, ptrdiff_t, void *, ptrdiff_t),
                         void (*spread)(const void *, ptrdiff_t, void *, ptrdiff_t),
                         int is_float)
{
    static const ptrdiff_t steps[] = {1, -1, 2, -3};
    ptrdiff_t size = is_float ? sizeof(float) : sizeof(double);
    for (ptrdiff_t i = 0; i < LENGTHS * COUNT_OF(steps); i++) {
        ptrdiff_t n = length_number(i / COUNT_OF(steps));
        ptrdiff_t stride = steps[i % COUNT_OF(steps)] * size;
        rows r = rows_new(1, 0, n, is_float);
        guarded out = guarded_new(span_of(n, stride, (size_t)size), random_side());
        unsigned char *first = start_of(&out, n, stride);
        int wrong = 0;
        if (write != NULL)
            write(r.in[0], n, first, stride);
        else
            spread(r.real_in[0], n, first, stride);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += !same_double(real_at(first + x * stride, 0, is_float), r.in[0][x]);
        check_case("(n %td, stride %td)", n, stride);
        CHECK(wrong == 0);
        guarded_free(&out);
        rows_free(&r);
    }
}

void check_spread_row(const real_kernels *k, int is_float)
{
    check_writer(NULL, k->spread_row, is_float);
}

void check_store_row(const real_kernels *k, int is_float)
{
    check_writer(k->store_row, NULL, is_float);
}

void check_stream_row(const real_kernels *k, int is_float)
{
    check_writer(k->stream_row, NULL, is_float);
}

/* ------------------------------------------------------------------------ */
/* corners.c                                                                */
/* ------------------------------------------------------------------------ */

#define DETERMINANT S(S(IN(0) * IN(2)) - S(IN(1) * IN(1)))
#define TRACE S(IN(0) + IN(2))

void check_harris_row(const real_kernels *k, int is_float)
{
    double f = S(0.05);
    COMPARE_REALS(3, 1, k->harris_row(r.real_in, n, 0, 0.05, r.real_out[0]),
                  S(DETERMINANT - S(f * S(TRACE * TRACE))))
    COMPARE_REALS(3, 1, k->harris_row(r.real_in, n, 1, 0.05, r.real_out[0]),
                  S(S(2 * DETERMINANT) / S(TRACE + f)))
}

void check_shi_tomasi_row(const real_kernels *k, int is_float)
{
    COMPARE_REALS(3, 1, k->shi_tomasi_row(r.real_in, n, r.real_out[0]),
                  S(S(TRACE - S(sqrt(S(S(S(IN(0) - IN(2)) * S(IN(0) - IN(2))) +
                                       S(4 * S(IN(1) * IN(1))))))) /
                    2))
}

void check_foerstner_row(const real_kernels *k, int is_float)
{
    COMPARE_REALS(3, 2, k->foerstner_row(r.real_in, n, r.real_out[0], r.real_out[1]),
                  TRACE == 0 ? 0 : S(DETERMINANT / TRACE),
                  TRACE == 0 ? 0 : S(S(4 * DETERMINANT) / S(TRACE * TRACE)))
}

/* Rows: down, right; then second derivatives down down, down right, right right. */
void check_kitchen_rosenfeld_row(const real_kernels *k, int is_float)
{
#define ABOVE                                                                          \
    S(S(S(IN(4) * S(IN(0) * IN(0))) + S(IN(2) * S(IN(1) * IN(1)))) -                   \
      S(S(S(2 * IN(3)) * IN(1)) * IN(0)))
#define BELOW S(S(IN(1) * IN(1)) + S(IN(0) * IN(0)))
    COMPARE_REALS(5, 1,
                  k->kitchen_rosenfeld_row(r.real_in, r.real_in + 2, n, r.real_out[0]),
                  BELOW == 0 ? 0 : S(ABOVE / BELOW))
}

/* ------------------------------------------------------------------------ */
/* tensors.c                                                                */
/* ------------------------------------------------------------------------ */

void check_slope_row(const real_kernels *k, int is_float)
{
    COMPARE(2, 1, k->slope_row(r.in[0], r.in[1], n, r.out[0]), S(IN(0) - IN(1)))
}

static double spec_slope(double high, double low, double scale, int is_float)
{
    return S(S(high - low) * scale);
}

/* The slope at x along the line of n elements that it is in. */
static double spec_slope_along(const double *of, ptrdiff_t x, ptrdiff_t n, int is_float)
{
    ptrdiff_t low = x % n > 0 ? x - 1 : x, high = x % n < n - 1 ? x + 1 : x;
    return spec_slope(of[high], of[low], high - low == 2 ? 0.5 : 1, is_float);
}

void check_curvature_row(const real_kernels *k, int is_float)
{
    enum { MOST = 60 };
    for (int round = 0; round < 400; round++) {
        ptrdiff_t n = 2 + random_below(MOST - 2), lines = 1 + random_below(4),
                  wrong = 0;
        int inner = random_below(2), outer = random_below(2);
        rows r = rows_new(4, 1, n * lines, is_float);
        second_difference of = {.inner_along = inner, .outer_along = outer};
        double slopes[2][4 * MOST];
        for (int i = 0; i < 4; i++)
            of.line[i] = r.in[(inner ? i & 2 : i) & (outer ? 1 : 3)];
        for (int i = 0; i < 3; i++)
            of.scale[i] = (i == 2 ? outer : inner) || random_below(2) ? 0.5 : 1;
        of.scale[1] = outer ? of.scale[0] : of.scale[1];
        k->curvature_row(&of, n, lines, r.out[0]);
        for (int i = 0; i < 2; i++)
            for (ptrdiff_t x = 0; x < n * lines; x++)
                slopes[i][x] =
                    inner ? spec_slope_along(of.line[2 * i], x, n, is_float)
                          : spec_slope(of.line[2 * i][x], of.line[2 * i + 1][x],
                                       of.scale[i], is_float);
        for (ptrdiff_t x = 0; x < n * lines; x++) {
            double right =
                outer ? spec_slope_along(slopes[0], x, n, is_float)
                      : spec_slope(slopes[0][x], slopes[1][x], of.scale[2], is_float);
            wrong += !same_double(r.out[0][x], right);
        }
        check_case("(n %td, lines %td, along %d %d)", n, lines, inner, outer);
        CHECK(wrong == 0);
        rows_free(&r);
    }
}

#define MIDDLE S(TRACE / 2)
#define HALF S(S(IN(0) - IN(2)) / 2)
#define GAP S(sqrt(S(S(IN(1) * IN(1)) + S(HALF * HALF))))

void check_eigenvalues_2_row(const real_kernels *k, int is_float)
{
    COMPARE(3, 2, k->eigenvalues_2_row(PLANES, n, r.out[0], r.out[1]), S(MIDDLE + GAP),
            S(MIDDLE - GAP))
}

void check_eigenvalues_2_reals(const real_kernels *k, int is_float)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++) {
        ptrdiff_t n = length_number(i), size = is_float ? 4 : 8;
        guarded plane[5];
        rows r = rows_new(3, 2, n, is_float);
        for (int p = 0; p < 5; p++)
            plane[p] = guarded_new((size_t)(n * size), random_side());
        for (int p = 0; p < 3; p++)
            k->store_row(r.in[p], n, plane[p].bytes, size);
        const void *planes[] = {plane[0].bytes, plane[1].bytes, plane[2].bytes};
        k->eigenvalues_2_reals(planes, n, plane[3].bytes, plane[4].bytes);
        k->eigenvalues_2_row(PLANES, n, r.out[0], r.out[1]);
        for (int p = 0; p < 2; p++)
            k->store_row(r.out[p], n, plane[p].bytes, size);
        check_case("(n %td)", n);
        CHECK(memcmp(plane[0].bytes, plane[3].bytes, (size_t)(n * size)) == 0);
        CHECK(memcmp(plane[1].bytes, plane[4].bytes, (size_t)(n * size)) == 0);
        for (int p = 0; p < 5; p++)
            guarded_free(&plane[p]);
        rows_free(&r);
    }
}

/* Within 2.5 units of the last place, for numbers of any size. */
static void check_right_angles(void)
{
    for (int i = 0; i < 20000; i++) {
        float a = (float)random_between(-1, 1), b = (float)random_between(-1, 1);
        int size = (int)random_below(250) - 125;
        a = ldexpf(a, size);
        b = ldexpf(b, size - (int)random_below(3) * (int)random_below(12));
        if (a == 0 || b == 0)
            continue;
        double exact = 0.6366197723675814 * atan((double)a / (double)b);
        float near = fabsf((float)exact), unit = nextafterf(near, 2) - near;
        CHECK(fabs((double)right_angles_of_ratio(a, b) - exact) <= 2.5 * (double)unit);
    }
    CHECK(right_angles_of_ratio(3, 3) == 0.5F && right_angles_of_ratio(-3, 0) == -1);
    CHECK(right_angles_of_ratio(0, 3) == 0 && isnan(right_angles_of_ratio(0, 0)));
    CHECK(right_angles_of_ratio(INFINITY, 3) == 1);
    CHECK(right_angles_of_ratio(3, INFINITY) == 0);
}

/* Within two units of the C library's arctangent. */
void check_shape_index_row(const real_kernels *k, int is_float)
{
    if (is_float)
        check_right_angles();
    for (ptrdiff_t i = 0; i < LENGTHS * 4; i++) {
        ptrdiff_t n = length_number(i / 4);
        rows r = rows_new(3, 1, n, is_float);
        double worst = 0;
        k->shape_index_row(PLANES, n, r.out[0]);
        for (ptrdiff_t x = 0; x < n; x++) {
            double larger = S(MIDDLE + GAP), smaller = S(MIDDLE - GAP);
            double ratio = S(S(smaller + larger) / S(smaller - larger));
            double expected = 0.6366197723675814 * atan(ratio);
            int nan = isnan(expected) != 0;
            CHECK(nan == (isnan(r.out[0][x]) != 0));
            double error = nan ? 0 : fabs(r.out[0][x] - expected);
            worst = error > worst ? error : worst;
        }
        check_case("(n %td, off by %g)", n, worst);
        CHECK(worst < (is_float ? 2e-7 : 4e-16));
        rows_free(&r);
    }
}

static rows calm_matrices(int order, int outs, ptrdiff_t n, int is_float)
{
    rows r = rows_new(order * (order + 1) / 2, outs, n, is_float);
    for (int p = 0; p < r.ins; p++)
        for (ptrdiff_t x = 0; x < n; x++)
            r.in[p][x] = S(random_below(9) ? random_between(-1, 1) : 0);
    return r;
}

/* Sums of powers of eigenvalues are traces of powers; they come in order. */
static void eigenvalues_one(const real_kernels *k, int is_float, int order, ptrdiff_t n)
{
    rows r = calm_matrices(order, order, n, is_float);
    double worst = 0;
    k->eigenvalues_row(PLANES, order, n, r.out);
    for (ptrdiff_t x = 0; x < n; x++) {
        double trace = 0, square = 0;
        for (int p = 0, plane = 0; p < order; p++)
            for (int q = p; q < order; q++, plane++) {
                trace += p == q ? IN(plane) : 0;
                square += (p == q ? 1 : 2) * IN(plane) * IN(plane);
            }
        for (int p = 0; p < order; p++) {
            trace -= r.out[p][x];
            square -= r.out[p][x] * r.out[p][x];
            CHECK(p == 0 || r.out[p][x] <= r.out[p - 1][x]);
        }
        worst = fabs(trace) > worst ? fabs(trace) : worst;
        worst = fabs(square) > worst ? fabs(square) : worst;
    }
    check_case("(order %d, n %td, off by %g)", order, n, worst);
    CHECK(worst < (is_float ? 3e-5 : 3e-13));
    rows_free(&r);
}

void check_eigenvalues_row(const real_kernels *k, int is_float)
{
    for (int order = 1; order <= ORDER_AT_MOST; order++)
        for (ptrdiff_t i = 0; i < LENGTHS; i++)
            eigenvalues_one(k, is_float, order, length_number(i));
}

/* The determinant is the product of the eigenvalues. */
void check_determinant_row(const real_kernels *k, int is_float)
{
    for (int order = 2; order <= ORDER_AT_MOST; order++)
        for (ptrdiff_t i = 0; i < LENGTHS; i++) {
            ptrdiff_t n = length_number(i);
            rows r = calm_matrices(order, order, n, 1);
            guarded memory;
            wide *determinants = plain_row(&memory, n);
            double worst = 0;
            table_base_double.eigenvalues_row(PLANES, order, n, r.out);
            k->determinant_row(PLANES, order, n, determinants);
            for (ptrdiff_t x = 0; x < n; x++) {
                double product = 1;
                for (int p = 0; p < order; p++)
                    product *= r.out[p][x];
                double error = fabs(product - determinants[x]);
                worst = error > worst ? error : worst;
            }
            check_case("(order %d, n %td, off by %g)", order, n, worst);
            CHECK(worst < (is_float ? 1e-4 : 1e-11));
            guarded_free(&memory);
            rows_free(&r);
        }
}

/* ------------------------------------------------------------------------ */
/* boxes.c                                                                  */
/* ------------------------------------------------------------------------ */

void check_add_row(const plain_kernels *k)
{
    int is_float = 0;
    COMPARE(2, 1, k->add_row(r.in[0], r.in[1], n, r.out[0]), IN(0) + IN(1))
}

void check_running_sums(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (ptrdiff_t count = 1; count <= 8; count++) {
            ptrdiff_t n = length_number(i);
            guarded sums, values;
            wide *got = plain_row(&sums, n * count),
                 *in = plain_row(&values, n * count);
            int wrong = 0;
            for (ptrdiff_t x = 0; x < n * count; x++)
                got[x] = in[x] = random_between(-1, 1);
            k->running_sums(got, n, count);
            for (ptrdiff_t y = 0; y < count; y++)
                for (ptrdiff_t x = 0; x < n; x++) {
                    in[y * n + x] += x == 0 ? 0 : in[y * n + x - 1];
                    wrong += !same_double(in[y * n + x], got[y * n + x]);
                }
            check_case("(n %td, %td rows)", n, count);
            CHECK(wrong == 0);
            guarded_free(&sums);
            guarded_free(&values);
        }
}

typedef struct spec_image {
    const double *integral;
    ptrdiff_t rows, cols;
} spec_image;

static ptrdiff_t spec_clip(ptrdiff_t i, ptrdiff_t n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static double spec_box(const spec_image *s, ptrdiff_t y, ptrdiff_t x, ptrdiff_t height,
                       ptrdiff_t width)
{
    ptrdiff_t top = spec_clip(y, s->rows), left = spec_clip(x, s->cols);
    ptrdiff_t bottom = spec_clip(top + height, s->rows);
    ptrdiff_t right = spec_clip(left + width, s->cols);
    double sum =
        s->integral[top * s->cols + left] + s->integral[bottom * s->cols + right] -
        s->integral[top * s->cols + right] - s->integral[bottom * s->cols + left];
    return sum > 0 ? sum : 0;
}

static double spec_determinant(const spec_image *s, ptrdiff_t size, ptrdiff_t y,
                               ptrdiff_t x)
{
    ptrdiff_t h = (size - 1) / 2, t = size / 3, e = 2 * t - 1;
    double w = 1.0 / (double)size / (double)size;
    double dxy = spec_box(s, y - t, x + 1, t, t) + spec_box(s, y + 1, x - t, t, t) -
                 spec_box(s, y - t, x - t, t, t) - spec_box(s, y + 1, x + 1, t, t);
    double dxx = spec_box(s, y - t + 1, x - h, e, size) -
                 3 * spec_box(s, y - t + 1, x - t / 2, e, t);
    double dyy = spec_box(s, y - h, x - t + 1, size, e) -
                 3 * spec_box(s, y - t / 2, x - t + 1, t, e);
    dxy = -dxy * w;
    dxx = -dxx * w;
    dyy = -dyy * w;
    return dxx * dyy - 0.81 * (dxy * dxy);
}

void check_box_determinant_row(const plain_kernels *k)
{
    static const ptrdiff_t sizes[] = {1, 2, 3, 4, 6, 7, 9, 12, 25, 90};
    for (ptrdiff_t i = 0; i < LENGTHS * COUNT_OF(sizes); i++) {
        ptrdiff_t cols = length_number(i / COUNT_OF(sizes)),
                  rows_ = 1 + random_below(20);
        ptrdiff_t size = sizes[i % COUNT_OF(sizes)], y = random_below(rows_);
        guarded image, out;
        spec_image s = {plain_row(&image, rows_ * cols), rows_, cols};
        double *row = plain_row(&out, cols);
        int wrong = 0;
        for (ptrdiff_t x = 0; x < rows_ * cols; x++)
            ((double *)(void *)image.bytes)[x] = random_between(0, 9);
        k->box_determinant_row(s.integral, rows_, cols, size, y, row);
        for (ptrdiff_t x = 0; x < cols; x++)
            wrong += !same_double(row[x], spec_determinant(&s, size, y, x));
        check_case("(%td x %td, size %td, row %td)", rows_, cols, size, y);
        CHECK(wrong == 0);
        guarded_free(&image);
        guarded_free(&out);
    }
}
