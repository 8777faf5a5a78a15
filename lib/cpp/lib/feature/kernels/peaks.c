/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local maxima of one line of an array: one bit a pixel in 64-bit words.
 *
 * `peak_screen` compares with the nearest neighbours only, for all pixels alike; what
 * passes is rare in a photograph, and `peak_confirm` looks at the whole window of
 * each. In a plane with larger windows `peak_blocks` screens instead: a peak is the
 * largest of a block in which each pixel sees all others (A. Neubeck, L. Van Gool,
 * "Efficient non-maximum suppression", ICPR (2006), 850-855), so that a block of a
 * quarter of the window has one candidate, or equal ones. Where much passes (plateaus)
 * `peak_dense` takes the maximum of the window for all pixels: down the lines, then
 * along the line by doubling. `peak_tall` takes those down the lines for many windows
 * at once (M. van Herk, "A fast algorithm for local minimum and maximum filters on
 * rectangular and octagonal kernels", Pattern Recognition Letters 13 (1992), 517-521):
 * in blocks of as many lines as a window has, each window is the end of a block and the
 * start of the next, so that three comparisons a pixel do for any height.
 * `peak_general` is for windows that are no boxes, and takes the offsets in the
 * reference's order, so that NaN ends as there.
 */
#include "kernels/bits.h"
#include "kernels/half.h"
#include "kernels/labels.h"
#include "kernels/reals.h"

/* ------------------------------------------------------------------------ */
/* Values                                                                   */
/* ------------------------------------------------------------------------ */

#define RAW(type, value)                                                               \
    do {                                                                               \
        const unsigned char *p = in;                                                   \
        for (ptrdiff_t x = 0; x < n; x++) {                                            \
            type v = *(const type *)(const void *)(p + x * stride);                    \
            to[x] = (real)(value);                                                     \
        }                                                                              \
    } while (0)

/* Numbers of any type as they are (64-bit integers rounded to double). */
void NAME(raw_row)(const void *in, ptrdiff_t stride, ptrdiff_t n, feature_dtype dtype,
                   void *out)
{
    real *to = out;
    switch (dtype) {
    case FEATURE_BOOL:
    case FEATURE_UINT8:
        RAW(uint8_t, v);
        break;
    case FEATURE_INT8:
        RAW(int8_t, v);
        break;
    case FEATURE_UINT16:
        RAW(uint16_t, v);
        break;
    case FEATURE_INT16:
        RAW(int16_t, v);
        break;
    case FEATURE_UINT32:
        RAW(uint32_t, v);
        break;
    case FEATURE_INT32:
        RAW(int32_t, v);
        break;
    case FEATURE_UINT64:
        RAW(uint64_t, v);
        break;
    case FEATURE_INT64:
        RAW(int64_t, v);
        break;
    case FEATURE_FLOAT16:
        RAW(uint16_t, from_half(v));
        break;
    case FEATURE_FLOAT32:
        RAW(float, v);
        break;
    case FEATURE_FLOAT64:
        RAW(double, v);
        break;
    }
}

static inline void keep_label(const void *labels, ptrdiff_t stride, ptrdiff_t n,
                              feature_dtype dtype, int64_t label, real background,
                              real *restrict v, uint8_t *restrict mask)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        int kept = label_at(labels, stride, x, dtype) == label;
        mask[x] = (uint8_t)kept;
        v[x] = kept ? v[x] : background;
    }
}

/* Pixels of other labels get the background's value; mask says which are ours. */
void NAME(peak_background)(const void *labels, ptrdiff_t stride, ptrdiff_t n,
                           feature_dtype dtype, int64_t label, double background,
                           void *row, uint8_t *mask)
{
    real other = (real)background;
    if (dtype == FEATURE_INT32 && stride == sizeof(int32_t))
        keep_label(labels, sizeof(int32_t), n, FEATURE_INT32, label, other, row, mask);
    else if (dtype == FEATURE_INT32)
        keep_label(labels, stride, n, FEATURE_INT32, label, other, row, mask);
    else
        keep_label(labels, stride, n, FEATURE_INT64, label, other, row, mask);
}

static inline real larger(real a, real b)
{
    return a > b ? a : b;
}

static inline real smaller(real a, real b)
{
    return a < b ? a : b;
}

#define ABREAST 64 /* of the running extrema of a row, so that none waits */

void NAME(least_of_row)(const void *row, ptrdiff_t n, double *least, int32_t *has_nan)
{
    const real *v = row;
    real low[ABREAST], zero[ABREAST] = {0}, lowest = (real)*least, zeros;
    ptrdiff_t x = 0;
    for (ptrdiff_t k = 0; k < ABREAST; k++)
        low[k] = lowest;
    for (; x + ABREAST <= n; x += ABREAST)
        for (ptrdiff_t k = 0; k < ABREAST; k++) {
            low[k] = smaller(v[x + k], low[k]);
            zero[k] += v[x + k] * 0; /* NaN where the pixel is not finite */
        }
    for (ptrdiff_t half = ABREAST / 2; half > 0; half /= 2)
        for (ptrdiff_t k = 0; k < half; k++) {
            low[k] = smaller(low[k + half], low[k]);
            zero[k] += zero[k + half];
        }
    lowest = low[0];
    zeros = zero[0];
    for (; x < n; x++) {
        lowest = smaller(v[x], lowest);
        zeros += v[x] * 0;
    }
    *least = (double)lowest;
    for (x = 0; x < n && zeros != 0; x++) /* also where it is NaN */
        *has_nan |= v[x] != v[x];
}

void NAME(largest_of_row)(const void *row, ptrdiff_t n, double *most)
{
    const real *v = row;
    real high[ABREAST], highest = (real)*most;
    ptrdiff_t x = 0;
    for (ptrdiff_t k = 0; k < ABREAST; k++)
        high[k] = highest;
    for (; x + ABREAST <= n; x += ABREAST)
        for (ptrdiff_t k = 0; k < ABREAST; k++)
            high[k] = larger(v[x + k], high[k]);
    for (ptrdiff_t half = ABREAST / 2; half > 0; half /= 2)
        for (ptrdiff_t k = 0; k < half; k++)
            high[k] = larger(high[k + half], high[k]);
    for (highest = high[0]; x < n; x++)
        highest = larger(v[x], highest);
    *most = (double)highest;
}

/* ------------------------------------------------------------------------ */
/* Boxes                                                                    */
/* ------------------------------------------------------------------------ */

/* Running maxima of a strip of columns, in registers. */
#define VECTORS 8
#define COLUMNS (VECTORS * REALS)
typedef struct strip {
    reals of[VECTORS];
} strip;

static inline void start(strip *run, const real *line, int vectors)
{
    for (int k = 0; k < vectors; k++)
        run->of[k] = load_reals(line + k * REALS);
}

static inline void take(strip *run, const real *line, int vectors)
{
    for (int k = 0; k < vectors; k++)
        run->of[k] = larger_of_reals(load_reals(line + k * REALS), run->of[k]);
}

static inline void put(const strip *run, real *out, int vectors)
{
    for (int k = 0; k < vectors; k++)
        memcpy(out + k * REALS, &run->of[k], sizeof run->of[k]);
}

static inline void largest_of_strip(const real *const *lines, ptrdiff_t count,
                                    ptrdiff_t first, int vectors, real *m)
{
    strip run;
    start(&run, lines[0] + first, vectors);
    for (ptrdiff_t k = 1; k < count; k++)
        take(&run, lines[k] + first, vectors);
    put(&run, m + first, vectors);
}

static void largest_of_lines(const void *const *lines, ptrdiff_t count, ptrdiff_t n,
                             real *m)
{
    const real *const *from = (const real *const *)lines;
    ptrdiff_t first = 0;
    for (; first + 2 * REALS <= n; first += 2 * REALS) /* more read worse ahead */
        largest_of_strip(from, count, first, 2, m);
    for (; first + REALS <= n; first += REALS)
        largest_of_strip(from, count, first, 1, m);
    if (first < n && n >= REALS)
        largest_of_strip(from, count, n - REALS, 1, m);
    for (; n < REALS && first < n; first++) {
        m[first] = from[0][first];
        for (ptrdiff_t k = 1; k < count; k++)
            m[first] = larger(from[k][first], m[first]);
    }
}

void NAME(reach_bits)(const void *row, ptrdiff_t n, double least, uint64_t *words)
{
    const real *v = row, low = (real)least;
    for (ptrdiff_t first = 0; first < n; first += WORD_BITS) {
        uint8_t marks[WORD_BITS] = {0};
        ptrdiff_t end = n - first < WORD_BITS ? n - first : WORD_BITS;
        for (ptrdiff_t k = 0; k < end; k++)
            marks[k] = v[first + k] >= low;
        words[first / WORD_BITS] = pack(marks);
    }
}

void NAME(peak_screen)(const void *const *lines, ptrdiff_t count, ptrdiff_t n,
                       const peak_line *how, void *spare, uint64_t *words)
{
    const real *v = lines[0];
    const real least = (real)how->least;
    real *m = (real *)spare + 1;
    largest_of_lines(lines, count, n, m);
    m[-1] = m[0];
    m[n] = m[n - 1];
    const real *left = how->before > 0 ? m - 1 : m, *right = how->after > 0 ? m + 1 : m;
    for (ptrdiff_t first = 0; first < n; first += WORD_BITS) {
        uint8_t marks[WORD_BITS] = {0};
        ptrdiff_t end = n - first < WORD_BITS ? n - first : WORD_BITS;
        for (ptrdiff_t k = 0; k < end; k++) {
            ptrdiff_t x = first + k;
            real most = larger(larger(left[x], right[x]), m[x]);
            marks[k] = (v[x] >= least) & (v[x] >= most);
        }
        words[first / WORD_BITS] = pack(marks);
    }
}

/* The largest of each block of `width` columns, in all its columns; `least` where that
 * is larger. */
static inline void spread_largest(real *m, ptrdiff_t n, ptrdiff_t width, real least)
{
    for (ptrdiff_t first = 0; first < n; first += width) {
        ptrdiff_t end = n - first < width ? n : first + width;
        real most = least;
        for (ptrdiff_t x = first; x < end; x++)
            most = larger(m[x], most);
        for (ptrdiff_t x = first; x < end; x++)
            m[x] = most;
    }
}

void NAME(peak_blocks)(const void *const *lines, ptrdiff_t count, ptrdiff_t n,
                       ptrdiff_t width, double least, void *spare, uint64_t *words,
                       ptrdiff_t pitch)
{
    real *m = spare;
    largest_of_lines(lines, count, n, m);
    spread_largest(m, n, width, (real)least);
    for (ptrdiff_t y = 0; y < count; y++, words += pitch) {
        const real *v = lines[y];
        ptrdiff_t x = 0;
        memset(words, 0, (size_t)pitch * sizeof *words);
        for (; x + REALS <= n; x += REALS) {
            uint64_t below = lanes_above(load_reals(m + x), load_reals(v + x));
            words[x / WORD_BITS] |= (~below & EVERY_LANE) << x % WORD_BITS;
        }
        for (; x < n; x++)
            words[x / WORD_BITS] |= (uint64_t)(v[x] >= m[x]) << x % WORD_BITS;
    }
}

static inline int any_above(const real *p, ptrdiff_t n, real v)
{
    const reals limit = v - (reals){0};
    if (n < REALS) {
        int above = 0;
        for (ptrdiff_t k = 0; k < n; k++)
            above |= p[k] > v;
        return above;
    }
    for (ptrdiff_t k = 0; k + REALS < n; k += REALS)
        if (lanes_above(load_reals(p + k), limit))
            return 1;
    return lanes_above(load_reals(p + n - REALS), limit) != 0;
}

static inline int is_largest(const void *const *lines, ptrdiff_t count, ptrdiff_t first,
                             ptrdiff_t n, real v)
{
    for (ptrdiff_t k = 0; k < count; k++)
        if (any_above((const real *)lines[k] + first, n, v))
            return 0;
    return 1;
}

void NAME(peak_confirm)(const void *const *lines, ptrdiff_t count, ptrdiff_t n,
                        const peak_line *how, uint64_t *words)
{
    const real *v = lines[0];
    for (ptrdiff_t w = 0; w * WORD_BITS < n; w++) {
        for (uint64_t left = words[w]; left != 0; left &= left - 1) {
            ptrdiff_t x = w * WORD_BITS + __builtin_ctzll(left);
            ptrdiff_t first = x > how->before ? x - how->before : 0;
            ptrdiff_t end = n - x > how->after ? x + how->after + 1 : n;
            if (!is_largest(lines, count, first, end - first, v[x]))
                words[w] &= ~(left & -left);
        }
    }
}

/* One block: the ends of the windows that start in it, then the starts of the rest. */
static inline void tall_block(const real *const *lines, ptrdiff_t side, ptrdiff_t rows,
                              ptrdiff_t first, int vectors, real *out, ptrdiff_t stride)
{
    strip run;
    start(&run, lines[side - 1] + first, vectors);
    for (ptrdiff_t k = side - 1; k >= 0; k--) {
        take(&run, lines[k] + first, vectors);
        if (k < rows)
            put(&run, out + k * stride, vectors);
    }
    for (ptrdiff_t k = 1; k < side && k < rows; k++) {
        const real *line = lines[side - 1 + k] + first;
        strip both;
        if (k == 1)
            start(&run, line, vectors);
        take(&run, line, vectors);
        both = run;
        take(&both, out + k * stride, vectors);
        put(&both, out + k * stride, vectors);
    }
}

void NAME(peak_tall)(const void *const *lines, ptrdiff_t side, ptrdiff_t rows,
                     ptrdiff_t n, void *out)
{
    const real *const *from = (const real *const *)lines;
    real *to = out;
    for (ptrdiff_t row = 0; row < rows; row += side) {
        ptrdiff_t first = 0;
        for (; first + COLUMNS <= n; first += COLUMNS)
            tall_block(from + row, side, rows - row, first, VECTORS,
                       to + row * n + first, n);
        for (; first < n; first += REALS) { /* the last may be done twice in part */
            first = first + REALS <= n ? first : n - REALS;
            tall_block(from + row, side, rows - row, first, 1, to + row * n + first, n);
        }
    }
}

void NAME(peak_dense)(const void *line, const void *const *lines, ptrdiff_t count,
                      ptrdiff_t n, const peak_line *how, void *spare, uint64_t *words)
{
    const real *v = line;
    real *m = spare;
    ptrdiff_t width = how->before + how->after + 1, length = n + width - 1, reached = 1;
    for (ptrdiff_t k = 0; k < how->before; k++)
        m[k] = -INFINITY;
    for (ptrdiff_t k = 0; k < how->after; k++)
        m[how->before + n + k] = -INFINITY;
    largest_of_lines(lines, count, n, m + how->before);
    for (; 2 * reached <= width; reached *= 2) {
INDEPENDENT_TURNS /* reads ahead of what it writes */
        for (ptrdiff_t x = 0; x + reached < length; x++)
            m[x] = larger(m[x], m[x + reached]);
    }
    const real *rest = m + width - reached;
    for (ptrdiff_t first = 0; first < n; first += WORD_BITS) {
        uint8_t marks[WORD_BITS] = {0};
        ptrdiff_t end = n - first < WORD_BITS ? n - first : WORD_BITS;
        for (ptrdiff_t k = 0; k < end; k++)
            marks[k] = v[first + k] >= larger(m[first + k], rest[first + k]);
        words[first / WORD_BITS] &= pack(marks);
    }
}

/* ------------------------------------------------------------------------ */
/* Other windows                                                            */
/* ------------------------------------------------------------------------ */

void NAME(peak_general)(const void *line, const void *const *lines,
                        const ptrdiff_t *columns, ptrdiff_t count, ptrdiff_t n,
                        const peak_line *how, void *spare, uint64_t *words)
{
    const real *v = line;
    const real least = (real)how->least;
    real *m = spare;
    for (ptrdiff_t k = 0; k < count; k++) {
        const real *from = lines[k];
        ptrdiff_t column = columns[k], low = column < 0 ? -column : 0;
        ptrdiff_t high = column > 0 ? n - column : n;
        low = low < n ? low : n;
        high = high > low ? high : low;
        for (ptrdiff_t x = 0; x < low; x++)
            m[x] = k == 0 || from[0] > m[x] ? from[0] : m[x];
        for (ptrdiff_t x = low; x < high; x++)
            m[x] = k == 0 || from[x + column] > m[x] ? from[x + column] : m[x];
        for (ptrdiff_t x = high; x < n; x++)
            m[x] = k == 0 || from[n - 1] > m[x] ? from[n - 1] : m[x];
    }
    for (ptrdiff_t first = 0; first < n; first += WORD_BITS) {
        uint8_t marks[WORD_BITS] = {0};
        ptrdiff_t end = n - first < WORD_BITS ? n - first : WORD_BITS;
        for (ptrdiff_t k = 0; k < end; k++)
            marks[k] = (v[first + k] >= least) & (v[first + k] == m[first + k]);
        words[first / WORD_BITS] = pack(marks);
    }
}
