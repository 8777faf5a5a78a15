/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Smoothing by long filters in float32, and what is made of the smoothed lines.
 *
 * A strip is STRIP columns side by side, element after element of wide: what is summed
 * lies in aligned vectors, and 130 of its rows fit into the first cache. Rows are
 * summed in the same way, turned into strips. Sums are SciPy's: the centre, then pairs
 * from the outermost inwards, in double, stored as float.
 */
#include "kernels/variant.h"

#define LEVELS 2 /* rows that are summed at a time, */
#define ABREAST 2 /* and vectors of each */

_Static_assert(STRIP % (ABREAST * VECTOR_WIDES) == 0, "a strip is whole vectors");

static inline void store_floats(float *p, vec v)
{
    typedef float narrow __attribute__((vector_size(VECTOR_WIDES * sizeof(float))));
    narrow few = __builtin_convertvector(v, narrow);
    memcpy(p, &few, sizeof few);
}

/* a + b, as 1 a + b, which is rounded once and so the same. Of processors with units of
 * their own for additions two additions and one product keep these busy, while some of
 * those that multiply are idle. */
static inline vec fused_sum(vec a, vec b)
{
#if defined(__AVX512F__)
    __m512d one = _mm512_set1_pd(1);
    __asm__("" : "+v"(one)); /* or compilers make it an addition */
    return (vec)_mm512_fmadd_pd((__m512d)a, one, (__m512d)b);
#elif defined(__FMA__)
    __m256d one = _mm256_set1_pd(1);
    __asm__("" : "+x"(one));
    return (vec)_mm256_fmadd_pd((__m256d)a, one, (__m256d)b);
#else
    return a + b;
#endif
}

void NAME(strip_sums)(const wide *in, const double *weights, ptrdiff_t radius,
                      ptrdiff_t n, float *out)
{
    for (ptrdiff_t y = 0; y < n;
         y += LEVELS, in += LEVELS * STRIP, out += LEVELS * STRIP)
        for (ptrdiff_t x = 0; x < STRIP; x += ABREAST * VECTOR_WIDES) {
            const wide *centre = in + radius * STRIP + x;
            vec sum[LEVELS][ABREAST];
            for (int l = 0; l < LEVELS; l++)
                for (int v = 0; v < ABREAST; v++) {
                    ptrdiff_t at = l * STRIP + v * VECTOR_WIDES;
                    sum[l][v] = load(centre + at) * weights[0];
                }
            for (ptrdiff_t k = radius; k > 0; k--) {
                const wide *above = centre - k * STRIP, *below = centre + k * STRIP;
                for (int l = 0; l < LEVELS; l++)
                    for (int v = 0; v < ABREAST; v++) {
                        ptrdiff_t at = l * STRIP + v * VECTOR_WIDES;
                        vec a = load(above + at), b = load(below + at);
                        sum[l][v] += (l == 0 ? a + b : fused_sum(a, b)) * weights[k];
                    }
            }
            for (int l = 0; l < LEVELS; l++)
                for (int v = 0; v < ABREAST; v++)
                    store_floats(out + l * STRIP + x + v * VECTOR_WIDES, sum[l][v]);
        }
}

void NAME(widen_strip)(const float *restrict in, ptrdiff_t pitch, ptrdiff_t n,
                       wide *restrict out)
{
    for (ptrdiff_t y = 0; y < n; y++)
        for (ptrdiff_t x = 0; x < STRIP; x++)
            out[y * STRIP + x] = in[y * pitch + x];
}

/* Four rows of four become columns. */
static inline void turn_four(const float *in, ptrdiff_t in_pitch, float *out,
                             ptrdiff_t out_pitch)
{
#if defined(__SSE2__)
    __m128 a = _mm_loadu_ps(in), b = _mm_loadu_ps(in + in_pitch);
    __m128 c = _mm_loadu_ps(in + 2 * in_pitch), d = _mm_loadu_ps(in + 3 * in_pitch);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(out, a);
    _mm_storeu_ps(out + out_pitch, b);
    _mm_storeu_ps(out + 2 * out_pitch, c);
    _mm_storeu_ps(out + 3 * out_pitch, d);
#else
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++)
            out[x * out_pitch + y] = in[y * in_pitch + x];
#endif
}

void NAME(turn_tile)(const float *in, ptrdiff_t in_pitch, float *out,
                     ptrdiff_t out_pitch)
{
    for (ptrdiff_t y = 0; y < STRIP; y += 4)
        for (ptrdiff_t x = 0; x < STRIP; x += 4)
            turn_four(in + y * in_pitch + x, in_pitch, out + x * out_pitch + y,
                      out_pitch);
}

void NAME(scale_row)(const wide *restrict in, float scale, float least, ptrdiff_t n,
                     float *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        float v = (float)in[x] * scale;
        out[x] = v < least ? least : v;
    }
}

/* ------------------------------------------------------------------------ */
/* Sobel's operator                                                         */
/* ------------------------------------------------------------------------ */

#define SOBEL_BLOCK 128

/* The sum of lines, weighted, from one element before to one behind n. */
static inline void sum_lines(const float *const *lines, const double *weights,
                             ptrdiff_t count, ptrdiff_t first, ptrdiff_t end,
                             double *restrict sum)
{
    for (ptrdiff_t x = first; x < end; x++)
        sum[x] = 0;
    for (ptrdiff_t k = 0; k < count; k++) {
        const float *line = lines[k];
        double weight = weights[k];
        if (weight != 0)
            for (ptrdiff_t x = first; x < end; x++)
                sum[x] += weight * (double)line[x];
    }
}

static inline void add_along(const double *restrict sum, int last, ptrdiff_t n,
                             float *restrict square)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        double v = last ? sum[x + 1] - sum[x - 1]
                        : 0.25 * (sum[x - 1] + (sum[x] + sum[x]) + sum[x + 1]);
        square[x] += (float)v * (float)v;
    }
}

static inline void continue_ends(double *sum, ptrdiff_t n, const sobel_lines *how)
{
    if (how->starts)
        sum[-1] = sum[0];
    if (how->ends)
        sum[n] = sum[n - 1];
}

/*
 * Of an image, in SciPy's order of sums, which matters where pixels differ by more than
 * 2^26: that of the filter's weights, row after row. Without the common factor of 1/4.
 */
static inline void add_both(const double *restrict above, const double *restrict here,
                            const double *restrict below, ptrdiff_t n,
                            float *restrict square)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        const double *a = above + x, *b = here + x, *c = below + x;
        double down = -a[-1] - (a[0] + a[0]) - a[1] + c[-1] + (c[0] + c[0]) + c[1];
        double right = -a[-1] + a[1] - (b[-1] + b[-1]) + (b[1] + b[1]) - c[-1] + c[1];
        float i = (float)(down * 0.25), j = (float)(right * 0.25);
        square[x] = i * i + j * j;
    }
}

static inline void sobel_block(const float *const *lines, const sobel_lines *how,
                               ptrdiff_t n, float *restrict out)
{
    double sums[3][SOBEL_BLOCK + 2], *sum = sums[0] + 1;
    float square[SOBEL_BLOCK];
    ptrdiff_t first = how->starts ? 0 : -1, end = how->ends ? n : n + 1;
    if (how->axes == 2) {
        for (int k = 0; k < 3; k++) {
            double *wider = sums[k] + 1;
            const float *line = lines[k];
            for (ptrdiff_t x = first; x < end; x++)
                wider[x] = line[x];
            continue_ends(wider, n, how);
        }
        add_both(sums[0] + 1, sums[1] + 1, sums[2] + 1, n, square);
    } else {
        for (ptrdiff_t x = 0; x < n; x++)
            square[x] = 0;
        for (int axis = 0; axis < how->axes; axis++) {
            sum_lines(lines, how->weights + axis * how->count, how->count, first, end,
                      sum);
            continue_ends(sum, n, how);
            add_along(sum, axis == how->axes - 1, n, square);
        }
    }
    float root = sqrtf((float)how->axes);
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = sqrtf(square[x]) / root;
}

void NAME(sobel_magnitude_row)(const float *const *lines, const sobel_lines *how,
                               const float **spare, ptrdiff_t n, float *out)
{
    sobel_lines part = *how;
    for (ptrdiff_t x = 0; x < n; x += SOBEL_BLOCK) {
        ptrdiff_t length = n - x < SOBEL_BLOCK ? n - x : SOBEL_BLOCK;
        part.starts = x == 0 && how->starts;
        part.ends = x + length == n && how->ends;
        for (ptrdiff_t k = 0; k < how->count; k++)
            spare[k] = lines[k] + x;
        sobel_block(spare, &part, length, out + x);
    }
}

void NAME(signed_slope_row)(const float *line, int starts, int ends, ptrdiff_t n,
                            float *out)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        float before = line[x == 0 && starts ? 0 : x - 1];
        float after = line[x == n - 1 && ends ? x : x + 1];
        out[x] = after - before;
    }
}

/* ------------------------------------------------------------------------ */
/* Second differences, as numpy.gradient of numpy.gradient                  */
/* ------------------------------------------------------------------------ */

void NAME(second_across)(const float *const *corners, const float *scales, ptrdiff_t n,
                         float *restrict out)
{
    const float *a = corners[0], *b = corners[1], *c = corners[2], *d = corners[3];
    float high = scales[0], low = scales[1], both = scales[2];
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = ((a[x] - b[x]) * high - (c[x] - d[x]) * low) * both;
}

/* Where the differences at x are taken of a line of `before` elements left of 0. */
typedef struct ends {
    ptrdiff_t first, last;
} ends;

static inline ptrdiff_t lower(ptrdiff_t x, ends e)
{
    return x > e.first ? x - 1 : x;
}

static inline ptrdiff_t upper(ptrdiff_t x, ends e)
{
    return x < e.last ? x + 1 : x;
}

static inline float scale_at(ptrdiff_t x, ends e)
{
    return x > e.first && x < e.last ? 0.5f : 1.0f;
}

static inline float slope_across(const float *high, const float *low, float scale,
                                 ptrdiff_t x)
{
    return (high[x] - low[x]) * scale;
}

static inline float slope_along(const float *line, ptrdiff_t x, ends e)
{
    return (line[upper(x, e)] - line[lower(x, e)]) * scale_at(x, e);
}

void NAME(second_mixed)(const float *high, const float *low, float scale,
                        ptrdiff_t before, ptrdiff_t behind, ptrdiff_t n,
                        float *restrict out)
{
    ends e = {-before, n - 1 + behind};
    ptrdiff_t first = before > 0 ? 0 : 1, end = behind > 0 ? n : n - 1;
    for (ptrdiff_t x = first; x < end; x++)
        out[x] = (slope_across(high, low, scale, x + 1) -
                  slope_across(high, low, scale, x - 1)) * 0.5f;
    for (int side = 0; side < 2; side++) {
        ptrdiff_t x = side ? n - 1 : 0;
        if (side ? end < n : first > 0)
            out[x] = (slope_across(high, low, scale, upper(x, e)) -
                      slope_across(high, low, scale, lower(x, e))) * scale_at(x, e);
    }
}

static inline void second_along_between(const float *line, ptrdiff_t first,
                                        ptrdiff_t end, ends e, float *out)
{
    for (ptrdiff_t x = first; x < end; x++)
        out[x] = (slope_along(line, upper(x, e), e) -
                  slope_along(line, lower(x, e), e)) * scale_at(x, e);
}

void NAME(second_along)(const float *line, ptrdiff_t before, ptrdiff_t behind,
                        ptrdiff_t n, float *restrict out)
{
    ends e = {-before, n - 1 + behind};
    ptrdiff_t first = before > 2 ? 0 : 2 - before;
    ptrdiff_t end = behind > 2 ? n : n - 2 + behind;
    for (ptrdiff_t x = first; x < end; x++) {
        float high = (line[x + 2] - line[x]) * 0.5f;
        float low = (line[x] - line[x - 2]) * 0.5f;
        out[x] = (high - low) * 0.5f;
    }
    second_along_between(line, 0, first < n ? first : n, e, out);
    second_along_between(line, end > first ? end : first, n, e, out);
}

/* Of two by two matrices, in the reference's closed form. */
void NAME(eigenvalue_pairs)(const float *restrict a, const float *restrict b,
                            const float *restrict c, ptrdiff_t n,
                            float *restrict larger, float *restrict smaller)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        float middle = (a[x] + c[x]) * 0.5f, half = (a[x] - c[x]) * 0.5f;
        float gap = sqrtf(b[x] * b[x] + half * half);
        larger[x] = middle + gap;
        smaller[x] = middle - gap;
    }
}

/* ------------------------------------------------------------------------ */
/* Planes side by side                                                      */
/* ------------------------------------------------------------------------ */

/* Of four planes, WOVEN elements each. */
#if defined(__AVX2__)
#define WOVEN 8
static inline void weave_four(const float *const *planes, ptrdiff_t x,
                              unsigned char *out, ptrdiff_t stride)
{
    __m256 a = _mm256_loadu_ps(planes[0] + x), b = _mm256_loadu_ps(planes[1] + x);
    __m256 c = _mm256_loadu_ps(planes[2] + x), d = _mm256_loadu_ps(planes[3] + x);
    __m256 low = _mm256_unpacklo_ps(a, b), lower = _mm256_unpacklo_ps(c, d);
    __m256 high = _mm256_unpackhi_ps(a, b), higher = _mm256_unpackhi_ps(c, d);
    __m256 v[4] = {_mm256_shuffle_ps(low, lower, 0x44),
                   _mm256_shuffle_ps(low, lower, 0xee),
                   _mm256_shuffle_ps(high, higher, 0x44),
                   _mm256_shuffle_ps(high, higher, 0xee)};
    for (int k = 0; k < 4; k++) {
        _mm_storeu_ps((float *)(void *)(out + k * stride),
                      _mm256_castps256_ps128(v[k]));
        _mm_storeu_ps((float *)(void *)(out + (k + 4) * stride),
                      _mm256_extractf128_ps(v[k], 1));
    }
}
#else
#define WOVEN 4
static inline void weave_four(const float *const *planes, ptrdiff_t x,
                              unsigned char *out, ptrdiff_t stride)
{
    for (ptrdiff_t k = 0; k < WOVEN; k++)
        for (ptrdiff_t p = 0; p < 4; p++)
            ((float *)(void *)(out + k * stride))[p] = planes[p][x + k];
}
#endif

void NAME(weave_planes)(const float *const *planes, ptrdiff_t count, ptrdiff_t n,
                        void *out, ptrdiff_t stride)
{
    unsigned char *to = out;
    ptrdiff_t whole = count / 4 * 4, x = 0;
    for (; x + WOVEN <= n; x += WOVEN, to += WOVEN * stride) {
        for (ptrdiff_t p = 0; p < whole; p += 4)
            weave_four(planes + p, x, to + p * (ptrdiff_t)sizeof(float), stride);
        for (ptrdiff_t p = whole; p < count; p++)
            for (ptrdiff_t k = 0; k < WOVEN; k++)
                ((float *)(void *)(to + k * stride))[p] = planes[p][x + k];
    }
    for (; x < n; x++, to += stride)
        for (ptrdiff_t p = 0; p < count; p++)
            ((float *)(void *)to)[p] = planes[p][x];
}
