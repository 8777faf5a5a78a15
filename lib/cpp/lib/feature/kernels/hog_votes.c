/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Planes of pixels, and votes of gradients for the bins of their orientation.
 *
 * hog_deal turns squares of pixels: a row of cells beside each other becomes a plane of
 * each column. Where columns or cells are too few for a square, it goes one by one.
 *
 * hog_bins finds bins without an angle. A gradient is folded into the first quadrant;
 * how many borders it has passed there are signs of cross products, and the bin is
 * counted from the other end where the fold was a reflection. Signs are certain unless
 * the product is within its error of 0; what is so close is left to hog_decide, as are
 * sizes that float32 sums or squares cannot hold.
 *
 * hog_add sums in float32, one addition in double after the other, as the reference
 * does. Lengths are square roots of sums of squares there, off by one or two last
 * places. That matters only where a sum lies on the edge between two floats; then the
 * length is computed anew as the C library's hypot has it.
 */
#include "kernels/math.h"
#include "kernels/transpose.h"

void NAME(hog_deal)(const wide *row, ptrdiff_t count, ptrdiff_t cells,
                    wide *const *planes)
{
    ptrdiff_t whole = count / VECTOR_WIDES * VECTOR_WIDES, x = 0;
    for (; x + VECTOR_WIDES <= cells; x += VECTOR_WIDES)
        for (ptrdiff_t k = 0; k < whole; k += VECTOR_WIDES) {
            vec square[VECTOR_WIDES];
            for (int i = 0; i < VECTOR_WIDES; i++)
                square[i] = load(row + (x + i) * count + k);
            transpose(square);
            for (int i = 0; i < VECTOR_WIDES; i++)
                store(planes[k + i] + x, square[i]);
        }
    for (ptrdiff_t k = 0; k < count; k++)
        for (ptrdiff_t i = k < whole ? x : 0; i < cells; i++)
            planes[k][i] = row[i * count + k];
}

void NAME(hog_directions)(ptrdiff_t orientations, double *sine, double *cosine,
                          ptrdiff_t *count)
{
    *count = 0;
    for (ptrdiff_t k = 1; 2 * k < orientations; k++) {
        if (4 * k == orientations)
            continue;
        double angle = (double)k * 0x1.921fb54442d18p+1 / (double)orientations;
        sine_and_cosine(angle, &sine[*count], &cosine[*count]);
        *count += 1;
    }
}

/* ------------------------------------------------------------------------ */
/* The screen                                                               */
/* ------------------------------------------------------------------------ */

#define CLOSE 1e-14     /* the sine of an angle that is left undecided */
#define SIZE_LEAST 1e-37 /* from here on sums are normal numbers of float32 */
#define SIZE_MOST 1e150

static inline vec absolute(vec v)
{
    return (vec)((wide_mask)v & INT64_MAX);
}

static inline wide_mask either(wide_mask which, wide_mask a, wide_mask b)
{
    return (which & a) | (~which & b);
}

/* Of the gradients in the lanes: bins, and HOG_ASK where it is close. */
static inline wide_mask screen(vec down, vec right, const hog_borders *borders)
{
    vec up = absolute(down), side = absolute(right), size = up + side;
    vec margin = size * CLOSE;
    wide_mask flipped = ((wide_mask)down ^ (wide_mask)right) < 0;
    wide_mask left = (flipped | (side == 0)) & (up != 0);
    wide_mask passed = {0};
    wide_mask close = (up < margin) & (up != 0);
    for (ptrdiff_t k = 0; k < borders->count; k++) {
        vec cross = up * borders->cosine[k] - side * borders->sine[k];
        passed -= cross > 0;
        close |= absolute(cross) < margin;
    }
    if (borders->diagonal) {
        vec cross = up - side;
        passed -= (cross > 0) | ((cross == 0) & ~left);
        close |= (absolute(cross) < margin) & (cross != 0);
    }
    if (borders->upright)
        close |= (side < margin) & (side != 0);
    close |= ~((size > SIZE_LEAST) & (size < SIZE_MOST)) & (size != 0);
    wide_mask bins = either(left, borders->orientations - 1 - passed, passed);
    return either(close, (wide_mask){0} + HOG_ASK, bins);
}

static inline vec square_root(vec v)
{
#if defined(__AVX512F__)
    return (vec)_mm512_sqrt_pd((__m512d)v);
#elif defined(__AVX2__)
    return (vec)_mm256_sqrt_pd((__m256d)v);
#elif defined(__SSE2__)
    return (vec)_mm_sqrt_pd((__m128d)v);
#else
    for (int k = 0; k < VECTOR_WIDES; k++)
        v[k] = sqrt(v[k]);
    return v;
#endif
}

/* The roots take as long as all else, but in a part of the processor of their own. */
void NAME(hog_bins)(const wide *down, const wide *right, ptrdiff_t n,
                    const hog_borders *borders, wide *length, int32_t *bins,
                    int *asked)
{
    typedef int32_t narrow __attribute__((vector_size(VECTOR_WIDES * sizeof(int32_t))));
    wide_mask any = {0};
    for (ptrdiff_t x = 0; x < n; x += VECTOR_WIDES) {
        vec dy = load(down + x), dx = load(right + x);
        store(length + x, square_root(dx * dx + dy * dy));
        wide_mask found = screen(dy, dx, borders);
        any |= found;
        narrow few = __builtin_convertvector(found, narrow);
        memcpy(bins + x, &few, sizeof few);
    }
    *asked = any_lane((lane_mask)any); /* the sign of a word of HOG_ASK */
}

/* ------------------------------------------------------------------------ */
/* The decision                                                             */
/* ------------------------------------------------------------------------ */

#define DEGREES 0x1.ca5dc1a63c1f8p+5 /* 180 / pi */
#define SPREAD 0x1p-50               /* of angles, relative: own error and others' */

/* The reference's bin of an angle in radians, HOG_NONE where there is none. */
static int32_t bin_of(double angle, ptrdiff_t orientations)
{
    double degrees = angle * DEGREES, step = 180.0 / (double)orientations;
    if (degrees < 0)
        degrees = degrees > -180 ? degrees + 180 : 0;
    else if (degrees >= 180)
        degrees = 0;
    ptrdiff_t bin = (ptrdiff_t)(degrees / step);
    while (bin > 0 && degrees < step * (double)bin)
        bin--;
    while (bin < orientations && degrees >= step * (double)(bin + 1))
        bin++;
    return bin < orientations ? (int32_t)bin : HOG_NONE;
}

void NAME(hog_decide)(double down, double right, ptrdiff_t orientations, int32_t *bin,
                      int *close, double *length)
{
    double angle = angle_of(down, right);
    *length = length_of(right, down);
    *close = 0;
    *bin = HOG_EVERY;
    if (angle != angle)
        return;
    *bin = bin_of(angle, orientations);
    *close = bin_of(angle * (1 - SPREAD), orientations) != *bin ||
             bin_of(angle * (1 + SPREAD), orientations) != *bin;
}

/* ------------------------------------------------------------------------ */
/* Sums                                                                     */
/* ------------------------------------------------------------------------ */

#define BELOW_FLOAT 0x1fffffffu /* bits of a double that a float has not */
#define HALFWAY 0x10000000u
#define WINDOW 8u /* last places */

/* Would another last bit or two in the sum round to another float? */
static inline int is_on_the_edge(double sum)
{
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    return ((uint32_t)bits & BELOW_FLOAT) - (HALFWAY - WINDOW) <= 2 * WINDOW;
}

void NAME(hog_add)(const wide *length, const int32_t *bins, const wide *down,
                   const wide *right, const hog_planes *planes, ptrdiff_t stride,
                   float *totals)
{
    for (ptrdiff_t k = 0; k < planes->count; k++) {
        ptrdiff_t first = k * planes->pitch;
        float *cell = totals;
        for (ptrdiff_t x = first; x < first + planes->cells; x++, cell += stride) {
            float *total = cell + bins[x];
            double sum = (double)*total + length[x];
            if (__builtin_expect(is_on_the_edge(sum), 0))
                sum = (double)*total + length_of(right[x], down[x]);
            *total = (float)sum;
        }
    }
}
