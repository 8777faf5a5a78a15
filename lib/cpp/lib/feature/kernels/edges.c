/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Canny's inner loops: from smoothed rows to classes of pixels.
 *
 * There are two ways to the same answer. `decide_row` is the specification: Sobel,
 * magnitude and the interpolated comparison in the reference's types and order of
 * operations. `gradient_row` and `suppress_row` are the shortcut: the same
 * gradients, kept as float32, magnitudes from a float32 square root, and no
 * division, for twice the pixels a vector. Their relative error is below
 * 10 * 2^-24; a comparison that is closer than SCREEN_ERROR, or has a number in
 * it that float32 cannot hold, is left CLASS_UNDECIDED for decide_row. In a
 * photograph that is one pixel in many thousands; where a picture is drawn by
 * rule and full of ties, decide_row settles sixteen pixels at a time.
 *
 * rows[] are smoothed rows, padded, with the nearest pixel repeated at both ends
 * (SciPy's "reflect" for a filter of radius 1).
 */
#include <stdbool.h>

#include "kernels/variant.h"

#define SCREEN_ERROR 2e-6f

/* ------------------------------------------------------------------------ */
/* Gradients                                                                */
/* ------------------------------------------------------------------------ */

/* Sobel's second step, 1 2 1, in SciPy's order. */
static inline wide weigh(wide before, wide here, wide after)
{
    return stored(here * 2 + (before + after));
}

/*
 * SciPy multiplies the middle by the filter's 0, which matters only where it is
 * not finite. Here that shows in the magnitude, and decide_row does the rest.
 */
void NAME(gradient_row)(const wide *const *rows, ptrdiff_t n, float *restrict down,
                        float *restrict right, float *restrict magnitude)
{
    const wide *restrict a = rows[0], *restrict b = rows[1], *restrict c = rows[2];
    for (ptrdiff_t x = 0; x < n; x++) {
        wide i = weigh(stored(c[x - 1] - a[x - 1]), stored(c[x] - a[x]),
                       stored(c[x + 1] - a[x + 1]));
        wide j = weigh(stored(a[x + 1] - a[x - 1]), stored(b[x + 1] - b[x - 1]),
                       stored(c[x + 1] - c[x - 1]));
        down[x] = (float)i;
        right[x] = (float)j;
        magnitude[x] = sqrtf((float)(i * i + j * j + b[x] * 0));
    }
}

/* The magnitude as the reference has it. */
static inline real exact_magnitude(real down, real right)
{
    real square = down * down;
    square += right * right;
    return sizeof(real) == 4 ? (real)sqrtf((float)square) : (real)sqrt(square);
}

/* Sobel's first step, -1 0 1, with the 0. */
static inline wide differ(wide before, wide here, wide after)
{
    return stored(here * 0 + (after - before));
}

static inline real exact_down(const wide *a, const wide *b, const wide *c)
{
    return (real)weigh(differ(a[-1], b[-1], c[-1]), differ(a[0], b[0], c[0]),
                       differ(a[1], b[1], c[1]));
}

static inline real exact_right(const wide *a, const wide *b, const wide *c)
{
    return (real)weigh(differ(a[-1], a[0], a[1]), differ(b[-1], b[0], b[1]),
                       differ(c[-1], c[0], c[1]));
}

void NAME(magnitude_row)(const wide *const *rows, ptrdiff_t n, void *magnitude)
{
    const wide *restrict a = rows[0], *restrict b = rows[1], *restrict c = rows[2];
    real *restrict out = magnitude;
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = exact_magnitude(exact_down(a + x, b + x, c + x),
                                 exact_right(a + x, b + x, c + x));
}

/* ------------------------------------------------------------------------ */
/* Non-maximum suppression, the shortcut                                    */
/* ------------------------------------------------------------------------ */

/*
 * The gradient points between two of the eight neighbours, `near` on an axis
 * and `diagonal`; so does its opposite. With w the smaller over the larger
 * component, a pixel stays when w diagonal + (1 - w) near <= magnitude on both
 * sides; multiplied by the larger component that needs no division.
 *
 * Classes of LANES pixels, one in each lane.
 */
static inline lane_mask screen(const gradient_rows *g, const edge_limits *limits,
                               ptrdiff_t x)
{
    lanes down = load_lanes(g->down + x), right = load_lanes(g->right + x);
    lanes over = load_lanes(g->above + x), under = load_lanes(g->below + x);
    lanes before = load_lanes(g->here + x - 1), after = load_lanes(g->here + x + 1);
    lanes m = load_lanes(g->here + x);
    lanes i = larger_of_lanes(down, -down), j = larger_of_lanes(right, -right);
    lanes larger = larger_of_lanes(i, j), smaller = pick(i > j, j, i);
    lanes straight = larger - smaller;
    lane_mask same = ~(down * right < 0), steep = i > j;
    lanes over_before = load_lanes(g->above + x - 1);
    lanes over_after = load_lanes(g->above + x + 1);
    lanes under_before = load_lanes(g->below + x - 1);
    lanes under_after = load_lanes(g->below + x + 1);
    lanes ahead = pick(same, under_after, over_after);
    lanes behind = pick(same, over_before, under_before);
    lanes near_ahead = pick(steep, pick(same, under, over), after);
    lanes near_behind = pick(steep, pick(same, over, under), before);

    lanes value = larger_of_lanes(ahead * smaller + near_ahead * straight,
                                  behind * smaller + near_behind * straight);
    lanes rise = value - m * larger;
    /* All eight count, because float32 may not see which component is larger or what
     * the sign of a tiny one is; what is not finite makes every comparison false. */
    lanes around = (over + under) + (before + after) + (over_before + under_after) +
                   (over_after + under_before);
    lanes error = SCREEN_ERROR * larger * (around + m);

    lane_mask in_range = (m > SCREEN_LEAST) & (m < SCREEN_MOST);
    lane_mask drop = (m < limits->low_below) | (in_range & (rise > error));
    lane_mask keep = in_range & (rise < -error) & (m > limits->low_above);
    lane_mask strong = m > limits->high_above, weak = m < limits->high_below;
    /* CLASS_UNDECIDED has both bits; a comparison that holds is -1. */
    lane_mask clear =
        CLASS_UNDECIDED - (keep & ((strong & CLASS_WEAK) | (weak & CLASS_STRONG)));
    return clear & ~drop;
}

void NAME(suppress_row)(const gradient_rows *g, const edge_limits *limits, ptrdiff_t n,
                        uint8_t *restrict classes)
{
    const gradient_rows rows = *g;
    const edge_limits bounds = *limits;
    for (ptrdiff_t x = 1; x < n - 1; x += LANES) {
        typedef uint8_t bytes __attribute__((vector_size(LANES)));
        bytes screened = {0};
        if (any_lane(~(load_lanes(rows.here + x) < bounds.low_below)))
            screened = __builtin_convertvector(screen(&rows, &bounds, x), bytes);
        memcpy(classes + x, &screened, sizeof screened);
    }
    memset(classes + n - 1, CLASS_NONE, LANES);
}

/* ------------------------------------------------------------------------ */
/* Non-maximum suppression, the specification                               */
/* ------------------------------------------------------------------------ */

#define DECIDED 16 /* pixels at a time */

/* Gradients and magnitudes of DECIDED pixels and their neighbours. */
typedef struct decision {
    real down[DECIDED], right[DECIDED];
    real magnitude[3][DECIDED + 2]; /* rows above, here, below; columns from -1 */
} decision;

static void prepare(decision *d, const wide *const *rows, ptrdiff_t first)
{
    for (int k = 0; k < 3; k++) {
        const wide *a = rows[k] + first, *b = rows[k + 1] + first,
                   *c = rows[k + 2] + first;
        for (ptrdiff_t x = -1; x < DECIDED + 1; x++)
            d->magnitude[k][x + 1] =
                exact_magnitude(exact_down(a + x, b + x, c + x),
                                exact_right(a + x, b + x, c + x));
    }
    const wide *a = rows[1] + first, *b = rows[2] + first, *c = rows[3] + first;
    for (ptrdiff_t x = 0; x < DECIDED; x++) {
        d->down[x] = exact_down(a + x, b + x, c + x);
        d->right[x] = exact_right(a + x, b + x, c + x);
    }
}

/* Is the interpolated neighbour no larger? The reference mixes its types so. */
static inline int stays(real diagonal, real near, real w, real m)
{
    return (wide)(diagonal * w) + (wide)near * (1.0 - (wide)w) <= (wide)m;
}

static inline int decide(const decision *d, ptrdiff_t x, const edge_limits *limits)
{
    const real *over = d->magnitude[0] + x + 1, *here = d->magnitude[1] + x + 1,
               *under = d->magnitude[2] + x + 1;
    real down = d->down[x], right = d->right[x], m = here[0];
    real i = (real)fabs(down), j = (real)fabs(right);
    int same = ((down >= 0) & (right >= 0)) | ((down <= 0) & (right <= 0));
    int steep = same ? i > j : !(i < j);
    real w = steep ? j / i : i / j;
    real ahead = same ? under[1] : over[1], behind = same ? over[-1] : under[-1];
    real near_ahead = steep ? (same ? under[0] : over[0]) : here[1];
    real near_behind = steep ? (same ? over[0] : under[0]) : here[-1];
    int maximal = stays(ahead, near_ahead, w, m) & stays(behind, near_behind, w, m);
    int edge = (m >= limits->low) & (m > 0) & maximal;
    return edge ? CLASS_WEAK + ((wide)m >= limits->high) : CLASS_NONE;
}

/* Settles the DECIDED pixels from x on, or those before the last of n. */
static void decide_block(const wide *const *rows, const edge_limits *limits,
                         ptrdiff_t x, ptrdiff_t n, uint8_t *classes)
{
    decision d;
    uint8_t decided[DECIDED];
    prepare(&d, rows, x);
    for (ptrdiff_t k = 0; k < DECIDED; k++)
        decided[k] = (uint8_t)decide(&d, k, limits);
    ptrdiff_t count = n - 1 - x < DECIDED ? n - 1 - x : DECIDED;
    memcpy(classes + x, decided, (size_t)count);
}

static inline bool any_undecided(const uint8_t *classes)
{
    uint64_t eight;
    memcpy(&eight, classes, sizeof eight);
    return (eight & eight >> 1 & UINT64_C(0x0101010101010101)) != 0;
}

void NAME(decide_row)(const wide *const *rows, const edge_limits *limits, ptrdiff_t n,
                      uint8_t *classes)
{
    for (ptrdiff_t x = 1; x < n - 1; x++) {
        if (x + 8 <= n && !any_undecided(classes + x)) {
            x += 7;
        } else if (classes[x] == CLASS_UNDECIDED) {
            decide_block(rows, limits, x, n, classes);
            x += DECIDED - 1;
        }
    }
}
