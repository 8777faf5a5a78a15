/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kernels/edges.c: gradients, magnitudes and non-maximum suppression. What matters
 * most here is that the shortcut (gradient_row, suppress_row) never decides a pixel
 * otherwise than the specification, so pictures are made to be full of ties and
 * of what is almost one, and thresholds are taken from the magnitudes themselves.
 */
#include "kernels_test.h"

#include "spec.h"

/* ------------------------------------------------------------------------ */
/* Pictures of five smoothed rows                                           */
/* ------------------------------------------------------------------------ */

typedef struct picture {
    wide_row memory[5];
    const wide *rows[5];
    ptrdiff_t n;
    int is_float, kind;
} picture;

enum {
    NOISE,
    FEW_VALUES,
    BINARY,
    RAMP,
    NEAR_TIE,
    PLATEAU,
    DIAGONAL,
    WIDE_RANGE,
    AWKWARD,
    KINDS
};

static double pixel_of(int kind, ptrdiff_t y, ptrdiff_t x, double slope)
{
    switch (kind) {
    case NOISE:
        return random_between(0, 1);
    case FEW_VALUES:
        return (double)random_below(4);
    case BINARY:
        return (double)random_below(2);
    case RAMP:
        return slope * (double)x + (double)y * (double)y;
    case NEAR_TIE: /* small integers, moved by so little that float32 may not see it */
        return (double)random_below(3) +
               (double)(random_below(5) - 2) * pow(10, -4 - (double)random_below(13));
    case PLATEAU:
        return (double)((x / 5 + y / 3) % 2) + (random_below(30) == 0);
    case DIAGONAL: /* both components of the gradient alike, or almost */
        return fabs((double)(x - 7 * y % 3)) + (double)(y % 2) + slope * 1e-7;
    case WIDE_RANGE: /* large beside tiny */
        return random_below(2) ? pow(10, random_between(-40, 20)) : 0;
    default:
        return awkward_double();
    }
}

/* Magnitudes that float32, or the square of which float64, cannot hold, too. */
static double random_scale(int is_float)
{
    if (random_bits() & 1)
        return 1;
    double most = is_float ? 38 : 300;
    return pow(10, is_float ? random_between(-45, most) : random_between(-305, most));
}

static void fill_border(picture *p, int y)
{
    wide *row = p->memory[y].first;
    row[-1] = row[-2] = row[0];
    row[p->n] = row[p->n - 1];
    /* what lies in the padding must not matter */
    for (ptrdiff_t x = p->n + 1; x < row_pitch(p->n) - ROW_PAD; x++)
        row[x] = random_below(2) ? NAN : 1e30;
}

static picture picture_new(ptrdiff_t n, int is_float, int kind)
{
    picture p = {.n = n, .is_float = is_float, .kind = kind};
    double scale = kind == NOISE ? 1 : random_scale(is_float),
           slope = (double)random_below(5);
    for (int y = 0; y < 5; y++) {
        p.memory[y] = wide_row_new(n);
        p.rows[y] = p.memory[y].first;
        for (ptrdiff_t x = 0; x < n; x++)
            p.memory[y].first[x] =
                spec_stored(pixel_of(kind, y, x, slope) * scale, is_float);
    }
    if (random_below(6) == 0)
        p.memory[random_below(5)].first[random_below(n)] = INFINITY;
    for (int y = 0; y < 5; y++)
        fill_border(&p, y);
    return p;
}

static void picture_free(picture *p)
{
    for (int y = 0; y < 5; y++)
        guarded_free(&p->memory[y].memory);
}

/* ------------------------------------------------------------------------ */
/* gradient_row, magnitude_row                                              */
/* ------------------------------------------------------------------------ */

static int neighbourhood_is_finite(const wide *const *rows, ptrdiff_t x)
{
    int finite = 1;
    for (int y = 0; y < 3; y++)
        for (ptrdiff_t u = x - 1; u <= x + 1; u++)
            finite &= isfinite(rows[y][u]) != 0;
    return finite;
}

typedef struct gradients {
    float_row down, right, magnitude;
} gradients;

static gradients gradients_new(const real_kernels *k, const wide *const *rows,
                               ptrdiff_t n)
{
    gradients g = {float_row_new(n), float_row_new(n), float_row_new(n)};
    k->gradient_row(rows, n, g.down.first, g.right.first, g.magnitude.first);
    return g;
}

static void gradients_free(gradients *g)
{
    guarded_free(&g->down.memory);
    guarded_free(&g->right.memory);
    guarded_free(&g->magnitude.memory);
}

/* Is one pixel of the shortcut's gradients what it is documented to be? */
static int gradient_is_right(const picture *p, const gradients *g, ptrdiff_t x)
{
    double down, right;
    float m = g->magnitude.first[x];
    if (!neighbourhood_is_finite(p->rows, x))
        return !isfinite(m);
    spec_gradient(p->rows, x, p->is_float, &down, &right);
    if (isnan(down) || isnan(right))
        return !isfinite(m);
    double square = down * down + right * right, exact = sqrt(square);
    int in_range = exact > 1e-15 && exact < 1e18;
    return g->down.first[x] == (float)down && g->right.first[x] == (float)right &&
           (!in_range || fabs((double)m - exact) <= exact * 0x1p-23);
}

static void gradient_one(const real_kernels *k, int is_float, ptrdiff_t n, int kind)
{
    picture p = picture_new(n, is_float, kind);
    gradients g = gradients_new(k, p.rows, n);
    gradients base =
        gradients_new(is_float ? &table_base_float : &table_base_double, p.rows, n);
    int wrong = 0, differ = 0;
    for (ptrdiff_t x = 0; x < n; x++) {
        wrong += !gradient_is_right(&p, &g, x);
        differ += !same_float(g.down.first[x], base.down.first[x]);
        differ += !same_float(g.right.first[x], base.right.first[x]);
        differ += !same_float(g.magnitude.first[x], base.magnitude.first[x]);
    }
    check_case("(n %td, kind %d)", n, kind);
    CHECK(wrong == 0);
    CHECK(differ == 0);
    gradients_free(&g);
    gradients_free(&base);
    picture_free(&p);
}

void check_gradient_row(const real_kernels *k, int is_float)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int kind = 0; kind < KINDS; kind++)
            gradient_one(k, is_float, length_number(i), kind);
}

/* The magnitudes are the caller's array: not padded. */
static void magnitude_one(const real_kernels *k, int is_float, ptrdiff_t n, int kind)
{
    picture p = picture_new(n, is_float, kind);
    size_t size = is_float ? sizeof(float) : sizeof(double);
    guarded out = guarded_new((size_t)n * size, random_side());
    int wrong = 0;
    k->magnitude_row(p.rows, n, out.bytes);
    for (ptrdiff_t x = 0; x < n; x++) {
        double got = spec_pixel(out.bytes + (size_t)x * size,
                                is_float ? FEATURE_FLOAT32 : FEATURE_FLOAT64);
        wrong += !same_double(got, spec_magnitude(p.rows, x, is_float));
    }
    check_case("(n %td, kind %d)", n, kind);
    CHECK(wrong == 0);
    guarded_free(&out);
    picture_free(&p);
}

void check_magnitude_row(const real_kernels *k, int is_float)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int kind = 0; kind < KINDS; kind++)
            magnitude_one(k, is_float, length_number(i), kind);
}

/* ------------------------------------------------------------------------ */
/* suppress_row, decide_row                                                 */
/* ------------------------------------------------------------------------ */

/* One of the picture's magnitudes, or next to it, or far from all of them. */
static double random_threshold(const picture *p)
{
    static const double some[] = {0, 0, -1, NAN, INFINITY, -INFINITY, 1e-320, 1e300};
    if (random_below(4) == 0)
        return some[random_below(COUNT_OF(some))];
    double m = spec_magnitude(p->rows + 1, random_below(p->n), p->is_float);
    switch (random_below(5)) {
    case 0:
        return nextafter(m, INFINITY);
    case 1:
        return nextafter(m, 0);
    case 2:
        return m * (1 + 3e-6 * random_between(-1, 1));
    case 3:
        return m * random_between(0, 1);
    default:
        return m;
    }
}

/* As edges.c makes them: what the screen uses is a little lower and higher. */
static edge_limits random_limits(const picture *p)
{
    edge_limits l = {.low = (float)random_threshold(p), .high = random_threshold(p)};
    if (random_bits() & 1)
        l.low = (float)(random_between(0, 0.3) * (double)l.low);
    double low_error = isinf(l.low) ? 0 : fabs((double)l.low) * 2e-6;
    double high_error = isinf(l.high) ? 0 : fabs(l.high) * 2e-6;
    l.low_below = (float)((double)l.low - low_error);
    l.low_above = (float)((double)l.low + low_error);
    if (l.low < 2 * SCREEN_LEAST)
        l.low_below = -1;
    l.high_below = (float)(l.high - high_error);
    l.high_above = (float)(l.high + high_error);
    return l;
}

/* The specification's classes; the first and last stay as they are. */
static uint8_t *spec_classes(const picture *p, const edge_limits *l)
{
    uint8_t *classes = malloc((size_t)p->n);
    memset(classes, CLASS_NONE, (size_t)p->n);
    for (ptrdiff_t x = 1; x < p->n - 1; x++)
        classes[x] = (uint8_t)spec_class(p->rows, x, l->low, l->high, p->is_float);
    return classes;
}

/* The classes of a row that nobody has looked at; its ends are settled. Behind the
 * last lies a row's padding. */
static guarded undecided_row(ptrdiff_t n)
{
    guarded classes = guarded_new((size_t)(n + ROW_BLOCK), random_side());
    memset(classes.bytes, CLASS_UNDECIDED, classes.size);
    classes.bytes[0] = classes.bytes[n - 1] = CLASS_NONE;
    return classes;
}

/* Every pixel, and every pixel of some when the others are settled already. */
static void decide_one(const real_kernels *k, int is_float, ptrdiff_t n, int kind)
{
    picture p = picture_new(n, is_float, kind);
    edge_limits limits = random_limits(&p);
    uint8_t *right = spec_classes(&p, &limits);
    check_case("(n %td, kind %d, low %.9g, high %.17g)", n, kind, (double)limits.low,
               limits.high);
    for (int settled = 0; settled < 100; settled += 33) {
        guarded classes = undecided_row(n);
        for (ptrdiff_t x = 1; x < n - 1; x++)
            if (random_below(100) < settled)
                classes.bytes[x] = right[x];
        k->decide_row(p.rows, &limits, n, classes.bytes);
        CHECK(memcmp(classes.bytes, right, (size_t)n) == 0);
        guarded_free(&classes);
    }
    free(right);
    picture_free(&p);
}

void check_decide_row(const real_kernels *k, int is_float)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++)
        for (int kind = 0; kind < KINDS; kind++)
            decide_one(k, is_float, length_number(i), kind);
}

typedef struct screening {
    ptrdiff_t pixels, left; /* looked at; not decided by the shortcut */
} screening;

static void compare_shortcut(const picture *p, const edge_limits *limits,
                             const uint8_t *screened, screening *s)
{
    uint8_t *right = spec_classes(p, limits);
    int wrong = 0;
    for (ptrdiff_t x = 1; x < p->n - 1; x++) {
        s->pixels++;
        s->left += screened[x] == CLASS_UNDECIDED;
        wrong += screened[x] != CLASS_UNDECIDED && screened[x] != right[x];
    }
    CHECK(wrong == 0);
    CHECK(screened[0] == CLASS_NONE && screened[p->n - 1] == CLASS_NONE);
    free(right);
}

static void suppress_one(const real_kernels *k, const picture *p, screening *s)
{
    ptrdiff_t n = p->n;
    gradients above = gradients_new(k, p->rows, n),
              here = gradients_new(k, p->rows + 1, n),
              below = gradients_new(k, p->rows + 2, n);
    gradient_rows g = {here.down.first, here.right.first, above.magnitude.first,
                       here.magnitude.first, below.magnitude.first};
    for (int times = 0; times < 4; times++) {
        edge_limits limits = random_limits(p);
        guarded classes = undecided_row(n);
        check_case("(n %td, kind %d, low %.9g, high %.17g)", n, p->kind,
                   (double)limits.low, limits.high);
        k->suppress_row(&g, &limits, n, classes.bytes);
        compare_shortcut(p, &limits, classes.bytes, s);
        guarded_free(&classes);
    }
    gradients_free(&above);
    gradients_free(&here);
    gradients_free(&below);
}

/* A shortcut that left everything to the specification would be none. */
void check_suppress_row(const real_kernels *k, int is_float)
{
    screening of_noise = {0, 0}, of_all = {0, 0};
    for (ptrdiff_t i = 0; i < 4 * LENGTHS; i++)
        for (int kind = 0; kind < KINDS; kind++) {
            picture p = picture_new(length_number(i % LENGTHS), is_float, kind);
            suppress_one(k, &p, kind == NOISE ? &of_noise : &of_all);
            picture_free(&p);
        }
    check_case("(left to decide_row: %td of %td)", of_noise.left, of_noise.pixels);
    CHECK(of_noise.left < of_noise.pixels / 2);
    CHECK(of_all.left > 0 && of_all.left < of_all.pixels);
}
