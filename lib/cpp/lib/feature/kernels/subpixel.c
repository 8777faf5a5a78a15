/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Corners between pixels: gradients of a window, their moments, and two least squares
 * problems. One lane of a vector is one corner. All sums are NumPy's: eight partial
 * sums over up to 128 terms, halves of more terms added in pairs; the order decides
 * which systems are singular and, at a tie, what a corner is.
 */
#include "kernels/transpose.h"

#define SUMMED_AT_ONCE 128
#define BUFFERED_BY_NUMPY 8192

/* VECTOR_WIDES windows of side by side pixels, numbered row by row. */
typedef struct window {
    ptrdiff_t side;
    wide *down, *right; /* coordinates of each pixel from the middle */
    vec *rr, *rd, *dd;  /* products of the gradients (right, down) */
    vec *values[3], *across[3]; /* rows of the patch, and their differences */
    vec dot[2], edge[2];        /* estimates of the shift (down, right) */
} window;

static window layout_window(ptrdiff_t reach, void *spare)
{
    window w = {.side = 2 * reach + 1};
    ptrdiff_t pixels = w.side * w.side;
    vec *next = spare;
    w.rr = next, next += pixels;
    w.rd = next, next += pixels;
    w.dd = next, next += pixels;
    for (int k = 0; k < 3; k++) {
        w.values[k] = next, next += w.side + 2;
        w.across[k] = next, next += w.side;
    }
    w.down = (wide *)next;
    w.right = w.down + pixels;
    for (ptrdiff_t y = 0, i = 0; y < w.side; y++)
        for (ptrdiff_t x = 0; x < w.side; x++, i++) {
            w.down[i] = (wide)(y - reach);
            w.right[i] = (wide)(x - reach);
        }
    return w;
}

/* ------------------------------------------------------------------------ */
/* Gradients                                                                */
/* ------------------------------------------------------------------------ */

static inline vec differ(vec before, vec here, vec after)
{
    return stored_vec(here * 0 - (before - after));
}

static inline vec weigh(vec before, vec here, vec after)
{
    return stored_vec(here * 2 + (before + after));
}

static inline vec load_reals(const real *p)
{
    typedef real narrow __attribute__((vector_size(VECTOR_WIDES * sizeof(real))));
    narrow v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, vec);
}

/* Pixels of one row of VECTOR_WIDES patches, a patch a lane. */
static inline void turn_row(const real *const *row, ptrdiff_t n, vec *values)
{
    for (ptrdiff_t x = 0; n < VECTOR_WIDES && x < n; x++)
        for (int k = 0; k < VECTOR_WIDES; k++)
            values[x][k] = (wide)row[k][x];
    for (ptrdiff_t x = 0; n >= VECTOR_WIDES && x < n; x += VECTOR_WIDES) {
        ptrdiff_t first = x < n - VECTOR_WIDES ? x : n - VECTOR_WIDES;
        vec v[VECTOR_WIDES];
        for (int k = 0; k < VECTOR_WIDES; k++)
            v[k] = load_reals(row[k] + first);
        transpose(v);
        memcpy(values + first, v, sizeof v);
    }
}

/* Row y of the patches and its differences to the right, where those of y - 3 were. */
static void take_row(window *w, const void *const *patches, const ptrdiff_t *strides,
                     ptrdiff_t y)
{
    vec *values = w->values[y % 3], *across = w->across[y % 3];
    const real *row[VECTOR_WIDES];
    for (int k = 0; k < VECTOR_WIDES; k++)
        row[k] = (const real *)patches[k] + y * strides[k];
    turn_row(row, w->side + 2, values);
    for (ptrdiff_t x = 0; x < w->side; x++)
        across[x] = differ(values[x], values[x + 1], values[x + 2]);
}

static void multiply_gradients(window *w, ptrdiff_t y)
{
    const vec *above = w->values[y % 3], *here = w->values[(y + 1) % 3],
              *below = w->values[(y + 2) % 3];
    const vec *first = w->across[y % 3], *middle = w->across[(y + 1) % 3],
              *last = w->across[(y + 2) % 3];
    vec left = differ(above[0], here[0], below[0]);
    vec centre = differ(above[1], here[1], below[1]);
    for (ptrdiff_t x = 0; x < w->side; x++) {
        vec next = differ(above[x + 2], here[x + 2], below[x + 2]);
        vec down = weigh(left, centre, next);
        vec right = weigh(first[x], middle[x], last[x]);
        w->rr[y * w->side + x] = stored_vec(right * right);
        w->rd[y * w->side + x] = stored_vec(right * down);
        w->dd[y * w->side + x] = stored_vec(down * down);
        left = centre;
        centre = next;
    }
}

/* ------------------------------------------------------------------------ */
/* Sums                                                                     */
/* ------------------------------------------------------------------------ */

/* The sum of `term` for i from `first` to before `end`; `keep` rounds what is added. */
#define SUM(sum, keep, term)                                                           \
    do {                                                                               \
        ptrdiff_t i = first, eighths = first + (end - first) / 8 * 8;                  \
        vec part[8] = {{0}}, total = {0};                                              \
        for (; i < eighths; i += 0)                                                    \
            for (int k = 0; k < 8; k++, i++)                                           \
                part[k] = keep(part[k] + (term));                                      \
        if (eighths > first)                                                           \
            total = keep(keep(keep(part[0] + part[1]) + keep(part[2] + part[3])) +     \
                         keep(keep(part[4] + part[5]) + keep(part[6] + part[7])));     \
        for (; i < end; i++)                                                           \
            total = keep(total + (term));                                              \
        sum = total;                                                                   \
    } while (0)

#define EXACT(v) (v)
#define SUMS_AT_MOST 6

typedef void summer(const window *w, ptrdiff_t first, ptrdiff_t end, vec *sums);

static void sum_products(const window *w, ptrdiff_t first, ptrdiff_t end, vec *sums)
{
    SUM(sums[0], stored_vec, w->rr[i]);
    SUM(sums[1], stored_vec, w->rd[i]);
    SUM(sums[2], stored_vec, w->dd[i]);
}

static void sum_moments(const window *w, ptrdiff_t first, ptrdiff_t end, vec *sums)
{
    SUM(sums[0], EXACT, w->rr[i] * w->right[i]);
    SUM(sums[1], EXACT, w->rr[i] * w->down[i]);
    SUM(sums[2], EXACT, w->rd[i] * w->right[i]);
    SUM(sums[3], EXACT, w->rd[i] * w->down[i]);
    SUM(sums[4], EXACT, w->dd[i] * w->right[i]);
    SUM(sums[5], EXACT, w->dd[i] * w->down[i]);
}

static inline vec dot_residual(const window *w, ptrdiff_t i)
{
    vec down = w->down[i] - w->dot[0], right = w->right[i] - w->dot[1];
    return w->rr[i] * (down * down) - 2 * w->rd[i] * (right * down) +
           w->dd[i] * (right * right);
}

static inline vec edge_residual(const window *w, ptrdiff_t i)
{
    vec down = w->down[i] - w->edge[0], right = w->right[i] - w->edge[1];
    return w->dd[i] * (down * down) + 2 * w->rd[i] * (right * down) +
           w->rr[i] * (right * right);
}

static void sum_residuals(const window *w, ptrdiff_t first, ptrdiff_t end, vec *sums)
{
    SUM(sums[0], EXACT, dot_residual(w, i));
    SUM(sums[1], EXACT, edge_residual(w, i));
}

static void sum_in_pairs(const window *w, ptrdiff_t first, ptrdiff_t end, summer *add,
                         vec *sums)
{
    if (end - first <= SUMMED_AT_ONCE) {
        add(w, first, end, sums);
        return;
    }
    vec right[SUMS_AT_MOST] = {{0}};
    ptrdiff_t middle = first + (end - first) / 2 / 8 * 8;
    sum_in_pairs(w, first, middle, add, sums);
    sum_in_pairs(w, middle, end, add, right);
    for (int k = 0; k < SUMS_AT_MOST; k++)
        sums[k] = sums[k] + right[k];
    if (add == sum_products)
        for (int k = 0; k < 3; k++)
            sums[k] = stored_vec(sums[k]);
}

/* The products are a view in the reference, which NumPy copies to its buffer first, as
 * many whole rows as fit. */
static void sum_buffered(const window *w, vec *sums)
{
    ptrdiff_t pixels = w->side * w->side, rows = BUFFERED_BY_NUMPY / w->side;
    ptrdiff_t step = (rows < 1 ? 1 : rows) * w->side;
    for (int k = 0; k < 3; k++)
        sums[k] = (vec){0};
    for (ptrdiff_t first = 0; first < pixels; first += step) {
        ptrdiff_t end = first + step < pixels ? first + step : pixels;
        vec more[SUMS_AT_MOST] = {{0}};
        sum_in_pairs(w, first, end, sum_products, more);
        for (int k = 0; k < 3; k++)
            sums[k] = stored_vec(sums[k] + more[k]);
    }
}

/* ------------------------------------------------------------------------ */
/* Decisions                                                                */
/* ------------------------------------------------------------------------ */

/* Solves {{a, b}, {b, d}} x = y as LAPACK does: rows are exchanged when |b| > |a|, the
 * quotient is by a reciprocal, and OpenBLAS fuses the substitutions where the processor
 * can. 0 when it is singular. */
static int solve(double a, double b, double d, double y0, double y1, double *x)
{
    int exchanged = fabs(b) > fabs(a);
    double pivot = exchanged ? b : a, below = exchanged ? a : b;
    double beside = exchanged ? d : b, corner = exchanged ? b : d;
    double known = exchanged ? y1 : y0, other = exchanged ? y0 : y1;
    double quotient = below * (1 / pivot), last = corner - quotient * beside;
    x[1] = __builtin_fma(-quotient, known, other) / last;
    x[0] = __builtin_fma(-beside, x[1], known) / pivot;
    return pivot != 0 && last != 0;
}

/* Where both systems can be solved the estimates, elsewhere NaN. */
static void estimate(window *w, const vec *products, const vec *moments)
{
    vec dot_down = stored_vec(moments[1] - moments[2]);
    vec dot_right = stored_vec(moments[4] - moments[3]);
    vec edge_down = stored_vec(moments[5] + moments[2]);
    vec edge_right = stored_vec(moments[0] + moments[3]);
    for (int k = 0; k < VECTOR_WIDES; k++) {
        double rr = products[0][k], rd = products[1][k], dd = products[2][k];
        double dot[2], edge[2];
        int solved = solve(rr, -rd, dd, dot_down[k], dot_right[k], dot) &
                     solve(dd, rd, rr, edge_down[k], edge_right[k], edge);
        for (int axis = 0; axis < 2; axis++) {
            w->dot[axis][k] = solved ? stored(dot[axis]) : (double)NAN;
            w->edge[axis][k] = solved ? stored(edge[axis]) : (double)NAN;
        }
    }
}

/* 1: two edges meet, -1: a dot, 0: neither for sure. */
static int class_of(double dot, double edge, const shift_rule *rule)
{
    const double least = 0x1p-52;
    double ratio = dot == 0 ? (double)INFINITY : edge / dot;
    if (dot < least && edge < least)
        ratio = (double)NAN;
    return (ratio < rule->edge_below) - (ratio > rule->dot_above);
}

static void write_positions(const window *w, const vec *residuals,
                            const shift_rule *rule, const double *corners, real *to)
{
    double reach = (double)rule->reach;
    for (int k = 0; k < VECTOR_WIDES; k++) {
        int class = class_of(residuals[0][k], residuals[1][k], rule);
        for (int axis = 0; axis < 2; axis++) {
            double shift = class > 0 ? w->edge[axis][k] : w->dot[axis][k];
            double at = stored(corners[2 * k + axis] + reach + shift);
            to[2 * k + axis] = (real)(class == 0 ? (double)NAN : at - reach);
        }
    }
}

void NAME(shift_corners)(const void *const *patches, const ptrdiff_t *strides,
                         const double *corners, const shift_rule *rule, void *spare,
                         void *positions)
{
    window w = layout_window(rule->reach, spare);
    for (ptrdiff_t k = 0; k < PATCHES; k += VECTOR_WIDES) {
        vec products[3], sums[SUMS_AT_MOST];
        for (ptrdiff_t y = 0; y < w.side + 2; y++) {
            take_row(&w, patches + k, strides + k, y);
            if (y > 1)
                multiply_gradients(&w, y - 2);
        }
        sum_buffered(&w, products);
        sum_in_pairs(&w, 0, w.side * w.side, sum_moments, sums);
        estimate(&w, products, sums);
        sum_in_pairs(&w, 0, w.side * w.side, sum_residuals, sums);
        write_positions(&w, sums, rule, corners + 2 * k, (real *)positions + 2 * k);
    }
}
