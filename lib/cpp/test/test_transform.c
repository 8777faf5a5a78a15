/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: transforms of any length are what their sums say, up to the stated error;
 * the inverse gives back what was given; weights and multipliers are SciPy's filters
 * with the border mode `reflect`; nothing outside of the lines is touched.
 */
#define CHECK_MAIN
#include "check.h"

#include "core/transform.h"
#include "kernels/math.h"

#define PI_L 3.14159265358979323846264338327950288L

/* ------------------------------------------------------------------------ */
/* Angles                                                                   */
/* ------------------------------------------------------------------------ */

static double units_off(double v, long double right)
{
    int exponent;
    if (right == 0)
        return v == 0 ? 0 : INFINITY;
    frexpl(right, &exponent);
    return (double)(fabsl((long double)v - right) / ldexpl(1, exponent - 53));
}

/* Near multiples of a quarter turn the argument must be small for cosl to be right. */
static double angle_error(int64_t k, int64_t n)
{
    static const int sign[] = {1, 1, -1, -1};
    int64_t quarter = 4 * k / n, rest = 4 * k - quarter * n;
    int late = 2 * rest > n;
    long double a = PI_L / 2 * (long double)(late ? n - rest : rest) / (long double)n;
    long double low = late ? cosl(a) : sinl(a), high = late ? sinl(a) : cosl(a);
    long double s = quarter & 1 ? high : low, c = quarter & 1 ? low : high;
    double cosine, sine;
    cosine_and_sine(k, n, &cosine, &sine);
    double c_off = units_off(cosine, c * sign[(quarter + 1) & 3]);
    double s_off = units_off(sine, s * sign[quarter]);
    return c_off > s_off ? c_off : s_off;
}

static void angles(void)
{
    double worst = 0;
    for (int64_t n = 1; n <= 600; n++)
        for (int64_t k = 0; k < n; k++)
            worst = fmax(worst, angle_error(k, n));
    for (int round = 0; round < 300000; round++) {
        int64_t n = 1 + random_below(((ptrdiff_t)1 << (1 + random_below(31))) - 1);
        worst = fmax(worst, angle_error(random_below(n), n));
    }
    printf("   cosine_and_sine: %.3f units in the last place\n", worst);
    CHECK(worst < 1);
}

/* ------------------------------------------------------------------------ */
/* Plans and lines                                                          */
/* ------------------------------------------------------------------------ */

/* A transform on memory that traps beside it. */
typedef struct planned {
    transform t;
    guarded tables, scratch;
    double *one[1];
} planned;

static planned planned_new(ptrdiff_t n)
{
    planned p;
    arena counting = {NULL, 0}, scratch = {NULL, 0};
    transform_layout(&p.t, n, &counting);
    transform_scratch(&p.t, &scratch);
    p.tables = guarded_new(counting.used, GUARD_AFTER);
    p.scratch = guarded_new(scratch.used, GUARD_AFTER);
    arena a = {p.tables.bytes, 0}, b = {p.scratch.bytes, 0};
    transform_layout(&p.t, n, &a);
    p.one[0] = transform_scratch(&p.t, &b);
    transform_prepare(&p.t);
    return p;
}

static void planned_free(planned *p)
{
    guarded_free(&p->tables);
    guarded_free(&p->scratch);
}

/* `planes` times `count` lines of up to `n` elements, in one of three orders. */
typedef struct lines {
    guarded real, imaginary;
    transform_side side;
    ptrdiff_t planes, count, n;
} lines;

static lines lines_new(ptrdiff_t planes, ptrdiff_t count, ptrdiff_t n, int layout)
{
    lines l = {.planes = planes, .count = count, .n = n};
    ptrdiff_t gap = layout == 2 ? 3 : 1;
    size_t size = (size_t)(planes * count * n * gap - gap + 1) * sizeof(double);
    guard_side where = random_side();
    l.real = guarded_new(size, where);
    l.imaginary = guarded_new(size, where);
    l.side = (transform_side){(double *)(void *)l.real.bytes,
                              (double *)(void *)l.imaginary.bytes, count * n * gap,
                              layout == 0 ? n : gap, layout == 0 ? 1 : count * gap, n};
    for (ptrdiff_t k = 0; k < (ptrdiff_t)(size / sizeof(double)); k++) {
        l.side.real[k] = random_between(-1, 1);
        l.side.imaginary[k] = random_between(-1, 1);
    }
    return l;
}

static void lines_free(lines *l)
{
    guarded_free(&l->real);
    guarded_free(&l->imaginary);
}

static ptrdiff_t at(const lines *l, ptrdiff_t plane, ptrdiff_t line, ptrdiff_t k)
{
    return plane * l->side.plane + line * l->side.next + k * l->side.step;
}

static void run(const planned *p, transform_kind kind, const lines *in,
                const lines *out)
{
    transform_job job = {.t = &p->t, .kind = kind, .in = in->side, .out = out->side};
    job.planes = in->planes;
    job.count = in->count;
    job.scratch = p->one;
    for (ptrdiff_t k = transform_blocks(&job) - 1; k >= 0; k--)
        transform_band(&job, k, 0);
}

/* ------------------------------------------------------------------------ */
/* Against the sums                                                         */
/* ------------------------------------------------------------------------ */

static long double *circle; /* cos, sin of 2 pi k / (4 n) */

static void circle_of(ptrdiff_t n)
{
    circle = realloc(circle, (size_t)(8 * n) * sizeof *circle);
    for (ptrdiff_t k = 0; k < 4 * n; k++) {
        circle[2 * k] = cosl(PI_L * (long double)k / (long double)(2 * n));
        circle[2 * k + 1] = sinl(PI_L * (long double)k / (long double)(2 * n));
    }
}

typedef struct sum {
    long double re, im;
} sum;

static sum right_sum(transform_kind kind, const lines *in, ptrdiff_t n, ptrdiff_t plane,
                     ptrdiff_t line, ptrdiff_t k)
{
    sum s = {0, 0};
    ptrdiff_t length = in->side.length < n ? in->side.length : n;
    for (ptrdiff_t j = 0; j < length; j++) {
        ptrdiff_t i = at(in, plane, line, j);
        long double re = in->side.real[i], im = in->side.imaginary[i];
        ptrdiff_t turns = kind == TRANSFORM_DCT ? k * (2 * j + 1) : 4 * j * k;
        ptrdiff_t turn = turns % (4 * n);
        long double c = circle[2 * turn], sine = circle[2 * turn + 1];
        im = kind == TRANSFORM_FFT ? im : 0;
        s.re += re * c + im * sine;
        s.im += im * c - re * sine;
    }
    return s;
}

/* The largest error of a transform of some lines, relative to the largest element. */
static double forward_error(transform_kind kind, const planned *p, const lines *in,
                            const lines *out, ptrdiff_t tried)
{
    double worst = 0, most = 0;
    ptrdiff_t n = p->t.n, elements = kind == TRANSFORM_REAL ? n / 2 + 1 : n;
    for (ptrdiff_t k = 0; k < elements; k++) {
        ptrdiff_t which = tried < elements && k >= 3 && random_below(elements) >= tried;
        for (ptrdiff_t i = 0; i < in->planes * in->count && !which; i++) {
            ptrdiff_t plane = i / in->count, line = i % in->count;
            sum s = right_sum(kind, in, n, plane, line, k);
            ptrdiff_t j = at(out, plane, line, k);
            double im = kind == TRANSFORM_DCT ? (double)s.im : out->side.imaginary[j];
            worst = fmax(worst, (double)fabsl(out->side.real[j] - s.re));
            worst = fmax(worst, fabs((double)(im - s.im)));
            most = fmax(most, (double)fabsl(s.re));
        }
    }
    return most > 0 ? worst / most : worst;
}

static double back_error(transform_kind kind, const lines *in, const lines *back)
{
    double worst = 0;
    for (ptrdiff_t plane = 0; plane < in->planes; plane++)
        for (ptrdiff_t line = 0; line < in->count; line++)
            for (ptrdiff_t k = 0; k < in->n; k++) {
                ptrdiff_t i = at(in, plane, line, k), j = at(back, plane, line, k);
                worst = fmax(worst, fabs(in->side.real[i] - back->side.real[j]));
                if (kind == TRANSFORM_FFT)
                    worst = fmax(worst,
                                 fabs(in->side.imaginary[i] - back->side.imaginary[j]));
            }
    return worst;
}

static double worst_share; /* of the stated error */

/* There and back, with `length` elements of n given. */
static void there_and_back(transform_kind kind, const planned *p, ptrdiff_t length,
                           ptrdiff_t tried)
{
    ptrdiff_t n = p->t.n, planes = 1 + random_below(2), count = 1 + random_below(20);
    lines in = lines_new(planes, count, length, (int)random_below(3));
    lines out = lines_new(planes, count, kind == TRANSFORM_REAL ? n / 2 + 1 : n,
                          (int)random_below(3));
    lines back = lines_new(planes, count, length, (int)random_below(3));
    check_case("kind %d, length %td of %td, %td lines", (int)kind, length, n, count);
    run(p, kind, &in, &out);
    double error = forward_error(kind, p, &in, &out, tried) / TRANSFORM_ERROR(n);
    CHECK(error < 1);
    run(p, (transform_kind)(kind + 1), &out, &back);
    double way_back = back_error(kind, &in, &back) / TRANSFORM_ERROR(n);
    CHECK(way_back < 2);
    worst_share = fmax(worst_share, fmax(error, way_back / 2));
    lines_free(&in);
    lines_free(&out);
    lines_free(&back);
}

static void length_is_right(ptrdiff_t n, ptrdiff_t tried)
{
    planned p = planned_new(n);
    circle_of(n);
    for (int kind = TRANSFORM_DCT; kind <= TRANSFORM_REAL; kind += 2) {
        there_and_back((transform_kind)kind, &p, n, tried);
        there_and_back((transform_kind)kind, &p, 1 + random_below(n), tried);
    }
    planned_free(&p);
}

static void short_lengths(void)
{
    for (ptrdiff_t n = 1; n <= 300; n++)
        length_is_right(n, n);
}

static void long_lengths(void)
{
    static const ptrdiff_t lengths[] = {509,  512,  1009, 1021, 1024, 1080, 1920,
                                        2017, 2048, 4093, 3721, 6000, 8191};
    for (ptrdiff_t k = 0; k < COUNT_OF(lengths); k++)
        length_is_right(lengths[k], 20);
    printf("   largest error: %.3f of the stated one\n", worst_share);
}

/* ------------------------------------------------------------------------ */
/* Filters                                                                  */
/* ------------------------------------------------------------------------ */

#define RADIUS 700

/* Like a second derivative of a Gaussian. */
static feature_filter some_filter(double *weights)
{
    feature_filter f = {weights, random_below(RADIUS), FEATURE_REFLECT};
    double sigma = 1 + (double)f.radius / 4;
    for (ptrdiff_t k = 0; k <= f.radius; k++) {
        double x = (double)k / sigma;
        weights[k] = (random_between(0, 0.1) + x * x - 1) * exp(-x * x / 2) / sigma;
    }
    return f;
}

static double size_of(const feature_filter *f)
{
    double size = fabs(f->weights[0]);
    for (ptrdiff_t k = 1; k <= f->radius; k++)
        size += 2 * fabs(f->weights[k]);
    return size;
}

/* Of the stated error. */
static double multipliers_share(const feature_filter *f, const double *got, ptrdiff_t n)
{
    long double worst = 0;
    for (ptrdiff_t k = 0; k < n; k++) {
        long double right = f->weights[0];
        for (ptrdiff_t r = 1; r <= f->radius; r++)
            right += 2 * (long double)f->weights[r] * circle[4 * (k * r % (2 * n))];
        worst = fmaxl(worst, fabsl(right - got[k]));
    }
    return (double)worst / (size_of(f) * TRANSFORM_ERROR(2 * n) / 2);
}

static void multipliers_of(ptrdiff_t n, ptrdiff_t count, double *worst)
{
    static double weights[20][RADIUS];
    feature_filter filters[20];
    double *out[20];
    planned p = planned_new(2 * n);
    guarded memory = guarded_new((size_t)(count * n) * sizeof(double), GUARD_AFTER);
    for (ptrdiff_t k = 0; k < count; k++) {
        filters[k] = some_filter(weights[k]);
        out[k] = (double *)(void *)memory.bytes + k * n;
    }
    transform_multipliers(&p.t, filters, count, out, p.one[0]);
    circle_of(n);
    for (ptrdiff_t k = 0; k < count; k++)
        *worst = fmax(*worst, multipliers_share(&filters[k], out[k], n));
    guarded_free(&memory);
    planned_free(&p);
}

static void multipliers(void)
{
    double worst = 0;
    for (ptrdiff_t n = 1; n < 100; n++)
        multipliers_of(n, 1 + n % 20, &worst);
    multipliers_of(512, 2, &worst);
    multipliers_of(1021, 2, &worst);
    printf("   multipliers: largest error %.3f of the stated one\n", worst);
    CHECK(worst < 1);
}

/* An image and two sums of products of filters, by transforms and one by one. */
typedef struct filtering {
    ptrdiff_t shape[2];
    planned axis[2];
    feature_filter filters[4]; /* of both terms, down and right */
    double *multipliers[4];
    double *image, *spectrum, *result;
} filtering;

static void step(const filtering *f, transform_kind kind, int axis, int terms,
                 double *in, double *out)
{
    transform_job job = transform_along(&f->axis[axis].t, kind, f->shape, 2, axis);
    job.in.real = in;
    job.out.real = out;
    job.scratch = f->axis[axis].one;
    job.terms = terms;
    for (int k = 0; k < terms; k++) {
        job.across[k] = f->multipliers[2 * k];
        job.along[k] = f->multipliers[2 * k + 1];
    }
    for (ptrdiff_t k = 0; k < transform_blocks(&job); k++)
        transform_band(&job, k, 0);
}

static ptrdiff_t reflected(ptrdiff_t i, ptrdiff_t n)
{
    i = (i % (2 * n) + 2 * n) % (2 * n);
    return i < n ? i : 2 * n - 1 - i;
}

static long double filtered(const filtering *f, ptrdiff_t y, ptrdiff_t x)
{
    long double total = 0;
    for (int k = 0; k < 2; k++) {
        const feature_filter *down = &f->filters[2 * k], *right = down + 1;
        for (ptrdiff_t i = -down->radius; i <= down->radius; i++)
            for (ptrdiff_t j = -right->radius; j <= right->radius; j++)
                total += (long double)down->weights[labs(i)] * right->weights[labs(j)] *
                         f->image[reflected(y + i, f->shape[0]) * f->shape[1] +
                                  reflected(x + j, f->shape[1])];
    }
    return total;
}

static void filters_by_transform(void)
{
    static double weights[4][RADIUS], multipliers_memory[4][64], planes[3][64 * 64];
    for (int round = 0; round < 20; round++) {
        filtering f = {.shape = {1 + random_below(40), 1 + random_below(40)}};
        for (int k = 0; k < 4; k++) {
            f.filters[k] = some_filter(weights[k]);
            f.filters[k].radius %= 30;
            f.multipliers[k] = multipliers_memory[k];
            planned doubled = planned_new(2 * f.shape[k % 2]);
            transform_multipliers(&doubled.t, &f.filters[k], 1, &f.multipliers[k],
                                  doubled.one[0]);
            planned_free(&doubled);
        }
        f.image = planes[0], f.spectrum = planes[1], f.result = planes[2];
        for (ptrdiff_t k = 0; k < f.shape[0] * f.shape[1]; k++)
            f.image[k] = random_between(0, 1);
        for (int k = 0; k < 2; k++)
            f.axis[k] = planned_new(f.shape[k]);
        step(&f, TRANSFORM_DCT, 0, 0, f.image, f.spectrum);
        step(&f, TRANSFORM_DCT, 1, 0, f.spectrum, f.spectrum);
        step(&f, TRANSFORM_DCT_INVERSE, 1, 2, f.spectrum, f.result);
        step(&f, TRANSFORM_DCT_INVERSE, 0, 0, f.result, f.result);
        double scale = size_of(&f.filters[0]) * size_of(&f.filters[1]) +
                       size_of(&f.filters[2]) * size_of(&f.filters[3]);
        for (int k = 0; k < 30; k++) {
            ptrdiff_t y = random_below(f.shape[0]), x = random_below(f.shape[1]);
            double off = (double)(filtered(&f, y, x) - f.result[y * f.shape[1] + x]);
            CHECK(fabs(off) < 4e-15 * scale);
        }
        planned_free(&f.axis[0]);
        planned_free(&f.axis[1]);
    }
}

/* ------------------------------------------------------------------------ */
/* Tiles                                                                    */
/* ------------------------------------------------------------------------ */

#define SIDE 70
#define MODEL 7

static void run_along(const planned *p, transform_kind kind, int axis, double *real,
                      double *imaginary, double *const *with)
{
    const ptrdiff_t shape[2] = {p->t.n, p->t.n};
    transform_job job = transform_along(&p->t, kind, shape, 2, axis);
    job.in.real = job.out.real = real;
    job.in.imaginary = job.out.imaginary = imaginary;
    job.with[0] = with[0];
    job.with[1] = with[1];
    job.scratch = p->one;
    for (ptrdiff_t i = 0; i < transform_blocks(&job); i++)
        transform_band(&job, i, 0);
}

/* Two real images, one as imaginary part, correlated with a template at once. */
static void correlations(ptrdiff_t n)
{
    static double a[SIDE * SIDE], b[SIDE * SIDE], c[SIDE * SIDE], d[SIDE * SIDE];
    static double a_given[SIDE * SIDE], b_given[SIDE * SIDE], kernel[SIDE * SIDE];
    double *const spectrum[2] = {c, d};
    planned p = planned_new(n);
    int wrong = 0;
    for (ptrdiff_t k = 0; k < n * n; k++) {
        a[k] = a_given[k] = random_between(-1, 1);
        b[k] = b_given[k] = random_between(-1, 1);
        c[k] = k / n < MODEL && k % n < MODEL ? random_between(-1, 1) : 0;
        kernel[k] = c[k];
        d[k] = 0;
    }
    run_along(&p, TRANSFORM_FFT, 0, c, d, spectrum);
    run_along(&p, TRANSFORM_FFT, 1, c, d, spectrum);
    run_along(&p, TRANSFORM_FFT, 1, a, b, spectrum);
    run_along(&p, TRANSFORM_CORRELATE, 0, a, b, spectrum);
    run_along(&p, TRANSFORM_FFT_INVERSE, 1, a, b, spectrum);
    for (ptrdiff_t k = 0; k < n * n; k++) {
        double first = 0, second = 0;
        for (ptrdiff_t i = 0; i < MODEL * MODEL; i++) {
            ptrdiff_t y = (k / n + i / MODEL) % n, x = (k % n + i % MODEL) % n;
            first += a_given[y * n + x] * kernel[i / MODEL * n + i % MODEL];
            second += b_given[y * n + x] * kernel[i / MODEL * n + i % MODEL];
        }
        wrong += !(fabs(first - a[k]) < 1e-12 && fabs(second - b[k]) < 1e-12);
    }
    check_case("(side %td)", n);
    CHECK(wrong == 0);
    planned_free(&p);
}

static void all_correlations(void)
{
    static const ptrdiff_t sides[] = {8, 24, 27, 67, SIDE};
    for (ptrdiff_t k = 0; k < COUNT_OF(sides); k++)
        correlations(sides[k]);
}

int main(void)
{
    random_start();
    SHOW("cosines and sines are right to less than one unit", angles());
    SHOW("all lengths to 300 are right, there and back", short_lengths());
    SHOW("so are long ones, with large prime factors and without", long_lengths());
    SHOW("multipliers are right", multipliers());
    SHOW("symmetric filters that reflect are products", filters_by_transform());
    SHOW("correlations of two tiles at once are right", all_correlations());
    free(circle);
    return check_result();
}
