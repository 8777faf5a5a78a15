/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Differences of rows, and what is made of symmetric matrices: eigenvalues,
 * determinant, shape index. planes[] are the upper triangle, row by row.
 */
#include "kernels/math.h"
#include "kernels/variant.h"

#define LANES_AT_ONCE 16
#define SWEEPS 16

void NAME(slope_row)(const wide *high, const wide *low, ptrdiff_t n, wide *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = stored(high[x] - low[x]);
}

static inline real difference(real high, real low, real scale)
{
    return (high - low) * scale;
}

/* Two places along a line of n elements, one before and one behind x. */
typedef struct beside {
    ptrdiff_t low, high;
    real scale;
} beside;

static inline beside beside_of(ptrdiff_t x, ptrdiff_t n, int along, real scale)
{
    if (!along)
        return (beside){x, x, scale};
    beside b = {x > 0 ? x - 1 : 0, x < n - 1 ? x + 1 : n - 1, 0.5};
    b.scale = b.high - b.low == 2 ? (real)0.5 : 1;
    return b;
}

/* At any place of a line that begins at `first`. */
static inline wide curvature_at(const second_difference *of, ptrdiff_t first,
                                ptrdiff_t x, ptrdiff_t n)
{
    const wide *const *line = of->line;
    beside outer = beside_of(x, n, of->outer_along, (real)of->scale[2]);
    beside high = beside_of(outer.high, n, of->inner_along, (real)of->scale[0]);
    beside low = beside_of(outer.low, n, of->inner_along, (real)of->scale[1]);
    real a = (real)line[0][first + high.high], b = (real)line[1][first + high.low];
    real c = (real)line[2][first + low.high], d = (real)line[3][first + low.low];
    return difference(difference(a, b, high.scale), difference(c, d, low.scale),
                      outer.scale);
}

/* All at once, where nothing is one-sided; then the ends of lines. */
void NAME(curvature_row)(const second_difference *of, ptrdiff_t n, ptrdiff_t lines,
                         wide *restrict out)
{
    ptrdiff_t inner = of->inner_along, outer = of->outer_along, ends = inner + outer;
    ptrdiff_t step = outer - inner;
    const wide *a = of->line[0], *b = of->line[1], *c = of->line[2], *d = of->line[3];
    const real high = (real)of->scale[0], low = (real)of->scale[1];
    const real both = (real)of->scale[2];
    for (ptrdiff_t x = ends; x < n * lines - ends; x++) {
        real above = difference((real)a[x + ends], (real)b[x + step], high);
        real below = difference((real)c[x - step], (real)d[x - ends], low);
        out[x] = difference(above, below, both);
    }
    ends = 2 * ends < n ? ends : (n + 1) / 2;
    for (ptrdiff_t first = 0; first < n * lines; first += n)
        for (ptrdiff_t k = 0; k < ends; k++) {
            out[first + k] = curvature_at(of, first, k, n);
            out[first + n - 1 - k] = curvature_at(of, first, n - 1 - k, n);
        }
}

/* ------------------------------------------------------------------------ */
/* Two by two, in the reference's closed form and type                      */
/* ------------------------------------------------------------------------ */

static inline real half_of_gap(real a, real b, real c)
{
    real half = (a - c) / 2, square = b * b + half * half;
    return sizeof(real) == 4 ? (real)sqrtf((float)square) : (real)sqrt((double)square);
}

#define EIGENVALUES_2                                                                  \
    for (ptrdiff_t x = 0; x < n; x++) {                                                \
        real a = (real)rr[x], b = (real)rc[x], c = (real)cc[x];                        \
        real middle = (a + c) / 2, gap = half_of_gap(a, b, c);                         \
        larger[x] = middle + gap;                                                      \
        smaller[x] = middle - gap;                                                     \
    }

void NAME(eigenvalues_2_row)(const wide *const *planes, ptrdiff_t n,
                             wide *restrict larger, wide *restrict smaller)
{
    const wide *restrict rr = planes[0], *restrict rc = planes[1],
                        *restrict cc = planes[2];
    EIGENVALUES_2
}

/* The same of planes as they are stored. */
void NAME(eigenvalues_2_reals)(const void *const *planes, ptrdiff_t n, void *to_larger,
                               void *to_smaller)
{
    const real *restrict rr = planes[0], *restrict rc = planes[1],
                         *restrict cc = planes[2];
    real *restrict larger = to_larger, *restrict smaller = to_smaller;
    EIGENVALUES_2
}

/* 2 / pi arctan(a / b) */
static inline real index_of_ratio(real a, real b)
{
    if (sizeof(real) == 4)
        return (real)right_angles_of_ratio((float)a, (float)b);
    return (real)0x1.45f306dc9c883p-1 * (real)ratio_angle((double)a, (double)b);
}

/* 2 / pi arctan((k2 + k1) / (k2 - k1)) of the eigenvalues k1 >= k2 */
void NAME(shape_index_row)(const wide *const *planes, ptrdiff_t n, wide *restrict out)
{
    const wide *restrict rr = planes[0], *restrict rc = planes[1],
                        *restrict cc = planes[2];
    for (ptrdiff_t x = 0; x < n; x++) {
        real a = (real)rr[x], b = (real)rc[x], c = (real)cc[x];
        real middle = (a + c) / 2, gap = half_of_gap(a, b, c);
        real larger = middle + gap, smaller = middle - gap;
        out[x] = index_of_ratio(smaller + larger, smaller - larger);
    }
}

/* ------------------------------------------------------------------------ */
/* Any order: Jacobi's rotations, a matrix a lane                           */
/* ------------------------------------------------------------------------ */

/* Elements [p][q] of LANES_AT_ONCE matrices; only p <= q is used. */
typedef double matrices[ORDER_AT_MOST][ORDER_AT_MOST][LANES_AT_ONCE];

static inline double larger_of(double a, double b)
{
    return a > b ? a : b;
}

static inline double smaller_of(double a, double b)
{
    return a > b ? b : a;
}

/* Those at the places `which` of a row; zeros beyond `count`. */
static inline void load_matrices(const wide *const *planes, int order,
                                 const ptrdiff_t *which, ptrdiff_t count, matrices m)
{
    for (int p = 0; p < order; p++)
        for (int q = p; q < order; q++, planes++)
            for (ptrdiff_t k = 0; k < LANES_AT_ONCE; k++)
                m[p][q][k] = k < count ? (*planes)[which[k]] : 0;
}

/* 0, or NaN where an element is not finite: then no eigenvalue means anything. */
static inline void find_poison(matrices m, int order, double *poison)
{
    for (ptrdiff_t k = 0; k < LANES_AT_ONCE; k++)
        poison[k] = 0;
    for (int p = 0; p < order; p++)
        for (int q = p; q < order; q++)
            for (ptrdiff_t k = 0; k < LANES_AT_ONCE; k++)
                poison[k] += m[p][q][k] * 0;
}

/* Below these an element may be taken for 0: it moves no eigenvalue by more. */
static inline void find_limits(matrices m, int order, double *limit)
{
    for (ptrdiff_t k = 0; k < LANES_AT_ONCE; k++)
        limit[k] = 0;
    for (int p = 0; p < order; p++)
        for (int q = p; q < order; q++)
            for (ptrdiff_t k = 0; k < LANES_AT_ONCE; k++)
                limit[k] = larger_of(limit[k], fabs(m[p][q][k]));
    for (ptrdiff_t k = 0; k < LANES_AT_ONCE; k++)
        limit[k] *= 0x1p-52;
}

/*
 * Makes [p][q] zero; returns whether any lane needed it. A lane that does not is
 * multiplied by exactly 1 and 0, so that it does not depend on its neighbours.
 */
static inline int rotate(matrices m, int order, int p, int q, const double *limit)
{
    double cosine[LANES_AT_ONCE], sine[LANES_AT_ONCE], needed = 0;
    for (ptrdiff_t k = 0; k < LANES_AT_ONCE; k++) {
        double off = m[p][q][k], a = m[p][p][k], b = m[q][q][k];
        int small = fabs(off) <= limit[k];
        double theta = (b - a) / (small ? 1.0 : 2 * off);
        double tangent = copysign(1.0, theta) / (fabs(theta) + sqrt(theta * theta + 1));
        tangent = small ? 0.0 : tangent;
        cosine[k] = 1 / sqrt(tangent * tangent + 1);
        sine[k] = tangent * cosine[k];
        m[p][p][k] = a - tangent * off;
        m[q][q][k] = b + tangent * off;
        m[p][q][k] = 0;
        needed += small ? 0.0 : 1.0;
    }
    for (int r = 0; r < order; r++) {
        if (r == p || r == q)
            continue;
        double *rp = r < p ? m[r][p] : m[p][r], *rq = r < q ? m[r][q] : m[q][r];
        for (ptrdiff_t k = 0; k < LANES_AT_ONCE; k++) {
            double a = rp[k], b = rq[k];
            rp[k] = cosine[k] * a - sine[k] * b;
            rq[k] = sine[k] * a + cosine[k] * b;
        }
    }
    return needed > 0;
}

static inline void diagonalize(matrices m, int order)
{
    double limit[LANES_AT_ONCE];
    find_limits(m, order, limit);
    int going = 1;
    for (int sweep = 0; going && sweep < SWEEPS; sweep++) {
        going = 0;
        for (int p = 0; p < order - 1; p++)
            for (int q = p + 1; q < order; q++)
                going |= rotate(m, order, p, q, limit);
    }
}

/* The diagonal in decreasing order. */
static inline void sort_diagonal(matrices m, int order)
{
    for (int end = order - 1; end > 0; end--)
        for (int p = 0; p < end; p++)
            for (ptrdiff_t k = 0; k < LANES_AT_ONCE; k++) {
                double a = m[p][p][k], b = m[p + 1][p + 1][k];
                m[p][p][k] = larger_of(a, b);
                m[p + 1][p + 1][k] = smaller_of(a, b);
            }
}

static inline void decompose(const wide *const *planes, int order,
                             const ptrdiff_t *which, ptrdiff_t count, wide *const *out)
{
    matrices m;
    double poison[LANES_AT_ONCE];
    load_matrices(planes, order, which, count, m);
    find_poison(m, order, poison);
    diagonalize(m, order);
    sort_diagonal(m, order);
    for (int p = 0; p < order; p++)
        for (ptrdiff_t k = 0; k < count; k++)
            out[p][which[k]] = stored(m[p][p][k] + poison[k]);
}

static void decompose_row(const wide *const *planes, int order, ptrdiff_t n,
                          wide *const *out)
{
    ptrdiff_t which[LANES_AT_ONCE];
    for (ptrdiff_t first = 0; first < n; first += LANES_AT_ONCE) {
        ptrdiff_t count = n - first < LANES_AT_ONCE ? n - first : LANES_AT_ONCE;
        for (ptrdiff_t k = 0; k < count; k++)
            which[k] = first + k;
        decompose(planes, order, which, count, out);
    }
}

/* ------------------------------------------------------------------------ */
/* Three by three: the cubic, where it is good enough                       */
/* ------------------------------------------------------------------------ */

/* Beyond this a root's derivative is so large that digits would be lost. */
#define CUBIC_MOST (1 - 5e-6)
/* Outside of these the squares of the elements are not ordinary numbers. */
#define CUBIC_SMALLEST 1e-140
#define CUBIC_LARGEST 1e140

/* c[0] + c[1] r + ... + c[6] r^6, whose parts need not wait for each other. */
static inline double sextic(const double *c, double r)
{
    double square = r * r;
    double low = (c[0] + c[1] * r) + square * (c[2] + c[3] * r);
    double high = (c[4] + c[5] * r) + square * c[6];
    return low + square * square * high;
}

/* Fitted to a root of 4 x^3 - 3 x = r and to its derivative, to 9e-8 and 3e-6. */
static const double ROOT[7] = {0.866025493,  0.166657814, -0.047965167, 0.023734577,
                               -0.012443533, 0.004995540, -0.001004775};
static const double SLOPE[7] = {0.166666222, -0.0961815096, 0.0733499035, -0.0576228541,
                                0.038899198, -0.017850588,  0.00385095419};

/* cos(acos(r) / 3) for 0 <= r <= 1: the root between 0.86 and 1, where the cubic is
 * steep. Two steps of Newton's method, the slope being good enough for both. */
static inline double largest_root(double r)
{
    double x = sextic(ROOT, r), slope = sextic(SLOPE, r);
    x -= ((4 * x * x - 3) * x - r) * slope;
    x -= ((4 * x * x - 3) * x - r) * slope;
    return x;
}

/*
 * With q the mean of the diagonal and p^2 a sixth of the sum of the squares of A - q I,
 * the eigenvalues of (A - q I) / p are 2 cos of three angles 120 degrees apart, of
 * which thrice is acos of half its determinant. `good` is 0 for a matrix that needs
 * Jacobi: where two eigenvalues are so close that the smaller cosines have too few
 * digits. Returns how many those are.
 */
static inline double solve_cubics(const wide *const *planes, ptrdiff_t n,
                                  wide *const *out, double *good)
{
    double bad = 0;
    INDEPENDENT_TURNS
    for (ptrdiff_t k = 0; k < n; k++) {
        double a = planes[0][k], b = planes[1][k], c = planes[2][k], d = planes[3][k],
               e = planes[4][k], f = planes[5][k];
        double poison = 0 + a * 0 + b * 0 + c * 0 + d * 0 + e * 0 + f * 0;
        double q = (a + d + f) * (1.0 / 3), off = b * b + c * c + e * e;
        double size = fabs(a) + fabs(d) + fabs(f) + fabs(b) + fabs(c) + fabs(e);
        a -= q;
        d -= q;
        f -= q;
        double p = sqrt((a * a + d * d + f * f + 2 * off) * (1.0 / 6));
        int flat = p <= size * 1e-15;
        double scale = 1 / (flat ? 1.0 : p);
        double half = 0.5 * scale * scale * scale *
                      (a * (d * f - e * e) - b * (b * f - e * c) + c * (b * e - d * c));
        double r = fabs(half);
        int steady = r <= CUBIC_MOST && size > CUBIC_SMALLEST && size < CUBIC_LARGEST;
        int ordinary = (size > CUBIC_SMALLEST) | (size == 0);
        int fine = steady | (flat & ordinary & (size < CUBIC_LARGEST));
        double x = largest_root(r > 1 ? 1.0 : r);
        double apart = 1.7320508075688772 * sqrt((1 - x) * (1 + x));
        double far = flat ? 0.0 : p * (2 * x), near = flat ? 0.0 : p * x;
        apart = flat ? 0.0 : p * apart;
        q += poison;
        out[0][k] = half < 0 ? q + (near + apart) : q + far;
        out[1][k] = half < 0 ? q + (near - apart) : q + (apart - near);
        out[2][k] = half < 0 ? q - far : q - (near + apart);
        good[k] = fine ? 1.0 : 0.0;
        bad += fine ? 0.0 : 1.0;
    }
    return bad;
}

static inline void store_all(wide *values, ptrdiff_t n)
{
    for (ptrdiff_t k = 0; k < n; k++)
        values[k] = stored(values[k]);
}

#define PIECE 64

/* What the cubic leaves is gathered until there are LANES_AT_ONCE. */
static void three_row(const wide *const *planes, ptrdiff_t n, wide *const *out)
{
    ptrdiff_t left[LANES_AT_ONCE + PIECE], count = 0;
    for (ptrdiff_t first = 0; first < n; first += PIECE) {
        ptrdiff_t size = n - first < PIECE ? n - first : PIECE;
        const wide *in[6];
        wide *roots[3];
        double good[PIECE];
        for (int i = 0; i < 6; i++)
            in[i] = planes[i] + first;
        for (int i = 0; i < 3; i++)
            roots[i] = out[i] + first;
        if (solve_cubics(in, size, roots, good) > 0)
            for (ptrdiff_t k = 0; k < size; k++) {
                left[count] = first + k;
                count += good[k] == 0;
            }
        for (int i = 0; i < 3; i++)
            store_all(roots[i], size);
        while (count >= LANES_AT_ONCE || (count > 0 && first + PIECE >= n)) {
            ptrdiff_t taken = count < LANES_AT_ONCE ? count : LANES_AT_ONCE;
            count -= taken;
            decompose(planes, 3, left + count, taken, out);
        }
    }
}

void NAME(eigenvalues_row)(const wide *const *planes, int order, ptrdiff_t n,
                           wide *const *out)
{
    if (order == 3)
        three_row(planes, n, out);
    else
        decompose_row(planes, order, n, out);
}

/* ------------------------------------------------------------------------ */
/* Determinants                                                             */
/* ------------------------------------------------------------------------ */

typedef double matrix[ORDER_AT_MOST][ORDER_AT_MOST];

/* Brings the largest element of column p, from row p on, to the diagonal; returns
 * -1 when rows changed places, else 1. */
static double pivot(matrix m, int order, int p)
{
    int best = p;
    for (int r = p + 1; r < order; r++)
        best = fabs(m[r][p]) > fabs(m[best][p]) ? r : best;
    if (best == p)
        return 1;
    for (int q = 0; q < order; q++) {
        double held = m[p][q];
        m[p][q] = m[best][q];
        m[best][q] = held;
    }
    return -1;
}

static double determinant(matrix m, int order)
{
    double product = 1;
    for (int p = 0; p < order; p++) {
        product *= pivot(m, order, p) * m[p][p];
        if (m[p][p] == 0)
            return product; /* 0, or NaN */
        for (int r = p + 1; r < order; r++) {
            double factor = m[r][p] / m[p][p];
            for (int q = p + 1; q < order; q++)
                m[r][q] -= factor * m[p][q];
        }
    }
    return product;
}

static void determinants_by_elimination(const wide *const *planes, int order,
                                        ptrdiff_t n, wide *out)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        matrix m;
        int plane = 0;
        for (int p = 0; p < order; p++)
            for (int q = p; q < order; q++, plane++)
                m[p][q] = m[q][p] = planes[plane][x];
        out[x] = stored(determinant(m, order));
    }
}

void NAME(determinant_row)(const wide *const *planes, int order, ptrdiff_t n,
                           wide *restrict out)
{
    if (order == 2) {
        const wide *a = planes[0], *b = planes[1], *c = planes[2];
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = stored(a[x] * c[x] - b[x] * b[x]);
    } else if (order == 3) {
        const wide *a = planes[0], *b = planes[1], *c = planes[2], *d = planes[3],
                   *e = planes[4], *f = planes[5];
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = stored(a[x] * (d[x] * f[x] - e[x] * e[x]) -
                            b[x] * (b[x] * f[x] - e[x] * c[x]) +
                            c[x] * (b[x] * e[x] - d[x] * c[x]));
    } else {
        determinants_by_elimination(planes, order, n, out);
    }
}
