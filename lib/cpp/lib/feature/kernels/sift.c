/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIFT's scale space, row by row: the wider image that the first octave starts from,
 * differences of Gaussians, their extrema, and those refined by a parabola in rows,
 * columns and scales. Expressions are scikit-image's, in its order, each rounded to a
 * real where it stores one.
 */
#include "kernels/math.h"
#include "kernels/variant.h"

/* ------------------------------------------------------------------------ */
/* A wider row                                                              */
/* ------------------------------------------------------------------------ */

static inline wide clipped(wide v, wide least, wide most)
{
    v = v < least ? least : v;
    return v > most ? most : v;
}

/* The middle of column x of the wide row between those of `first` and the next. */
typedef struct zoom_place {
    ptrdiff_t before, after;
    double near, far; /* their weights */
} zoom_place;

/* Near the border stands the mirror image without the last column again. */
static zoom_place place_of(ptrdiff_t x, ptrdiff_t factor, ptrdiff_t cols)
{
    double at = ((double)x + 0.5) / (double)factor - 0.5, last = (double)cols - 1;
    at = at < 0 ? -at : at;
    at = at > last ? 2 * last - at : at;
    at = cols > 1 ? at : 0;
    zoom_place p = {(ptrdiff_t)at, 0, 0, 0};
    p.after = p.before + 1 < cols ? p.before + 1 : p.before;
    p.far = at - (double)p.before;
    p.near = 1 - p.far;
    return p;
}

static inline wide between(const wide *a, const wide *b, zoom_place p, double up,
                           double low)
{
    wide sum = a[p.before] * up * p.near;
    sum += a[p.after] * up * p.far;
    sum += b[p.before] * low * p.near;
    sum += b[p.after] * low * p.far;
    return stored(sum);
}

/* Columns from * factor to before end * factor; `factor` is known to the compiler. */
static inline void widen(const wide *restrict a, const wide *restrict b, double up,
                         double low, const int factor, ptrdiff_t count, wide least,
                         wide most, wide *restrict out)
{
    for (ptrdiff_t q = 0; q < count; q++)
        for (int p = 0; p < factor; p++) {
            int back = 2 * p < factor;
            double far = (p + 0.5) / factor - 0.5 + back, near = 1 - far;
            const wide *above = a + q - back, *below = b + q - back;
            wide sum = above[0] * up * near;
            sum += above[1] * up * far;
            sum += below[0] * low * near;
            sum += below[1] * low * far;
            out[q * factor + p] = clipped(stored(sum), least, most);
        }
}

void NAME(sift_widen_row)(const wide *const *rows, const double *down,
                          const sift_zoom *right, const plane_limits *limits, wide *out)
{
    const ptrdiff_t factor = right->factor, cols = right->cols;
    const wide *a = rows[0] - right->left, *b = rows[1] - right->left;
    wide least = limits->least, most = limits->most;
    ptrdiff_t from = (right->first + factor - 1) / factor, to = right->end / factor;
    from = from > 0 ? from : 1;
    to = to < cols ? to : cols - 1;
    to = to > from ? to : from;
    ptrdiff_t start = from * factor, stop = to * factor;
    for (ptrdiff_t x = right->first; x < right->end; x++) {
        if (x == start && stop > start)
            x = stop;
        if (x >= right->end)
            break;
        wide v = between(a, b, place_of(x, factor, cols), down[0], down[1]);
        out[x - right->first] = clipped(v, least, most);
    }
    out += start - right->first;
    if (factor == 2)
        widen(a + from, b + from, down[0], down[1], 2, to - from, least, most, out);
    else
        widen(a + from, b + from, down[0], down[1], 4, to - from, least, most, out);
}

/* ------------------------------------------------------------------------ */
/* Extrema                                                                  */
/* ------------------------------------------------------------------------ */

void NAME(sift_differ_row)(const wide *a, const wide *b, ptrdiff_t n, wide *out)
{
    for (ptrdiff_t x = 0; x < n; x += VECTOR_WIDES)
        store(out + x, stored_vec(load(a + x) - load(b + x)));
}

void NAME(sift_halve_row)(const wide *row, ptrdiff_t n, void *out)
{
    real *to = out;
    for (ptrdiff_t x = 0; x < (n + 1) / 2; x++)
        to[x] = (real)row[2 * x];
}

/* Lanes of `open` whose value no neighbour at x - 1 to x + 1 of a line reaches from
 * below or, where it is `above`, from above. NaN reaches nothing. */
static inline void compare_lines(const wide *line, int has_centre, vec here,
                                 wide_mask *least, wide_mask *most)
{
    for (int k = -1; k <= 1; k++) {
        if (k == 0 && has_centre)
            continue;
        vec other = load(line + k);
        *least &= ~(other <= here);
        *most &= ~(other >= here);
    }
}

/* The order in which neighbours are asked: those that settle most come first; and after
 * how many a look at what is left pays. */
static const int LINES_BY_USE[9] = {4, 3, 5, 1, 7, 0, 2, 6, 8};
static const int LOOK_AFTER[3] = {3, 5, 9};

void NAME(sift_extrema_row)(const wide *const *lines, double least, ptrdiff_t n,
                            int32_t *found, ptrdiff_t *count)
{
    ptrdiff_t k = 0;
    for (ptrdiff_t x = 0; x < n; x += VECTOR_WIDES) {
        vec here = load(lines[4] + x);
        wide_mask strong = (here >= least) | (here <= -least);
        if (!any_lane((lane_mask)strong))
            continue;
        wide_mask low = strong, high = strong;
        for (int look = 0, i = 0; look < 3; look++) {
            for (; i < LOOK_AFTER[look]; i++)
                compare_lines(lines[LINES_BY_USE[i]] + x, i == 0, here, &low, &high);
            if (!any_lane((lane_mask)(low | high)))
                break;
        }
        low |= high;
        if (!any_lane((lane_mask)low))
            continue;
        for (ptrdiff_t lane = 0; lane < VECTOR_WIDES && x + lane < n; lane++)
            if (low[lane])
                found[k++] = (int32_t)(x + lane);
    }
    *count = k;
}

/* ------------------------------------------------------------------------ */
/* Refinement                                                               */
/* ------------------------------------------------------------------------ */

#define ROUNDS 5
#define OFFSET_MOST 0.6

/* An extremum of the pixels and what Taylor's series around it needs. */
typedef struct parabola {
    ptrdiff_t key[3]; /* row, col, scale */
    real value, gradient[3], offset[3];
    real h00, h11, h22, h01, h02, h12;
} parabola;

static inline real at(const sift_lines *s, ptrdiff_t row, ptrdiff_t col,
                      ptrdiff_t scale)
{
    return (real)s->lines[scale * (2 * SIFT_MOVES + 1) + row][col - s->left];
}

static void differentiate(const sift_lines *s, ptrdiff_t y, parabola *p)
{
    const real half = (real)0.5, quarter = (real)0.25;
    ptrdiff_t r = p->key[0] - y + SIFT_MOVES, c = p->key[1], k = p->key[2];
    p->value = at(s, r, c, k);
    real twice = 2 * p->value;
    p->gradient[0] = (at(s, r + 1, c, k) - at(s, r - 1, c, k)) * half;
    p->gradient[1] = (at(s, r, c + 1, k) - at(s, r, c - 1, k)) * half;
    p->gradient[2] = (at(s, r, c, k + 1) - at(s, r, c, k - 1)) * half;
    p->h00 = at(s, r - 1, c, k) + at(s, r + 1, c, k) - twice;
    p->h11 = at(s, r, c - 1, k) + at(s, r, c + 1, k) - twice;
    p->h22 = at(s, r, c, k - 1) + at(s, r, c, k + 1) - twice;
    p->h01 = quarter * (at(s, r + 1, c + 1, k) - at(s, r - 1, c + 1, k) -
                        at(s, r + 1, c - 1, k) + at(s, r - 1, c - 1, k));
    p->h02 = quarter * (at(s, r + 1, c, k + 1) - at(s, r + 1, c, k - 1) +
                        at(s, r - 1, c, k - 1) - at(s, r - 1, c, k + 1));
    p->h12 = quarter * (at(s, r, c + 1, k + 1) - at(s, r, c + 1, k - 1) +
                        at(s, r, c - 1, k - 1) - at(s, r, c - 1, k + 1));
}

/* Where the parabola's gradient is 0: -inverse(H) gradient. */
static void solve(parabola *p)
{
    real h00 = p->h00, h11 = p->h11, h22 = p->h22;
    real h01 = p->h01, h02 = p->h02, h12 = p->h12, det = h00 * h11 * h22;
    det -= h00 * h12 * h12;
    det -= h01 * h01 * h22;
    det += 2 * h01 * h02 * h12;
    det -= h02 * h02 * h11;
    real aa = (h11 * h22 - h12 * h12) / det, ab = (h02 * h12 - h01 * h22) / det;
    real ac = (h01 * h12 - h02 * h11) / det, bb = (h00 * h22 - h02 * h02) / det;
    real bc = (h01 * h02 - h00 * h12) / det, cc = (h00 * h11 - h01 * h01) / det;
    const real *g = p->gradient;
    p->offset[0] = -aa * g[0] - ab * g[1] - ac * g[2];
    p->offset[1] = -ab * g[0] - bb * g[1] - bc * g[2];
    p->offset[2] = -ac * g[0] - bc * g[1] - cc * g[2];
}

/* One step along each axis whose offset is too large, if that stays inside. */
static int move(const sift_lines *s, parabola *p)
{
    const real most = (real)OFFSET_MOST;
    int moved = 0;
    for (int i = 0; i < 3; i++) {
        if (p->offset[i] > most && p->key[i] + 1 < s->sides[i] - 1) {
            p->key[i]++;
            moved = 1;
        } else if (p->offset[i] < -most && p->key[i] - 1 > 0) {
            p->key[i]--;
            moved = 1;
        }
    }
    return moved;
}

static inline real size_of(real v)
{
    return v < 0 ? -v : v;
}

/* Near enough to its pixel, of enough contrast, and on no edge? */
static int is_stable(const parabola *p, const sift_limits *limits)
{
    real value = p->value;
    for (int i = 0; i < 3; i++) {
        if (!(size_of(p->offset[i]) < (real)OFFSET_MOST))
            return 0;
        value += (real)0.5 * p->gradient[i] * p->offset[i];
    }
    real trace = p->h00 + p->h11, det = p->h00 * p->h11 - p->h01 * p->h01;
    real edgeness = trace * trace / det;
    return size_of(value) > (real)limits->contrast &&
           (double)size_of(edgeness) <= limits->edgeness;
}

static inline double power_of_e(double x)
{
    return x > 0 ? 1 / exp_below_zero(-x) : exp_below_zero(x);
}

void NAME(sift_refine)(const sift_lines *lines, const ptrdiff_t *key,
                       const sift_limits *limits, sift_extremum *out)
{
    parabola p = {.key = {key[0], key[1], key[2]}};
    out->scale = -1;
    for (int round = 1;; round++) {
        differentiate(lines, key[0], &p);
        solve(&p);
        if (round == ROUNDS || !move(lines, &p))
            break;
    }
    if (!is_stable(&p, limits))
        return;
    double place[2], sigma = limits->sigmas[p.key[2]];
    sigma *= power_of_e((double)p.offset[2] * limits->growth);
    for (int i = 0; i < 2; i++) {
        place[i] = stored(((double)p.key[i] + (double)p.offset[i]) * limits->step);
        if (!(place[i] - sigma > 0) || !(place[i] + sigma < limits->sides[i]))
            return;
    }
    *out = (sift_extremum){place[0], place[1], sigma, p.key[2]};
}
