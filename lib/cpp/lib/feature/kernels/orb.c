/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ORB's steps: a row of a smaller level, maxima of corner responses, Harris' response
 * where it is asked for, bits of pairs that are turned. Sums in the order of SciPy and
 * scikit-image, each step rounded to a real where they store it.
 */
#include "kernels/arc.h"
#include "kernels/math.h"
#include "kernels/reals.h"

#include "core/orb_pairs.h"

/* ------------------------------------------------------------------------ */
/* Levels                                                                   */
/* ------------------------------------------------------------------------ */

/* Values in between at a block of columns, by the numbers before[x], after[x]. */
static inline vec zoom_plain(const zoom_axis *right, ptrdiff_t x, const wide *up,
                             const wide *low)
{
    vec sums = {0};
    for (ptrdiff_t k = 0; k < VECTOR_WIDES; k++) {
        ptrdiff_t a = right->before[x + k], b = right->after[x + k];
        double sum = 0 + up[a] * right->near[x + k];
        sum += up[b] * right->far[x + k];
        sum += low[a] * right->near[x + k];
        sums[k] = sum + low[b] * right->far[x + k];
    }
    return sums;
}

#if defined(__AVX512F__)
/* Sixteen neighbours in two registers hold all that eight columns look at. */
static inline vec zoom_block(const zoom_axis *right, ptrdiff_t x, const wide *up,
                             const wide *low)
{
    if (!right->is_close)
        return zoom_plain(right, x, up, low);
    ptrdiff_t first = right->before[x];
    __m256i base = _mm256_set1_epi32((int)first);
    __m256i a32 = _mm256_loadu_si256((const void *)(right->before + x));
    __m256i b32 = _mm256_loadu_si256((const void *)(right->after + x));
    __m512i a = _mm512_cvtepi32_epi64(_mm256_sub_epi32(a32, base));
    __m512i b = _mm512_cvtepi32_epi64(_mm256_sub_epi32(b32, base));
    __m512d u = (__m512d)load(up + first), u_next = (__m512d)load(up + first + 8);
    __m512d v = (__m512d)load(low + first), v_next = (__m512d)load(low + first + 8);
    vec near = load(right->near + x), far = load(right->far + x);
    vec sum = (vec){0} + (vec)_mm512_permutex2var_pd(u, a, u_next) * near;
    sum += (vec)_mm512_permutex2var_pd(u, b, u_next) * far;
    sum += (vec)_mm512_permutex2var_pd(v, a, v_next) * near;
    sum += (vec)_mm512_permutex2var_pd(v, b, v_next) * far;
    return sum;
}
#else
#define zoom_block zoom_plain
#endif

static inline vec lesser(vec a, vec b)
{
    wide_mask which = (wide_mask)(a < b);
    return (vec)((which & (wide_mask)a) | (~which & (wide_mask)b));
}

static inline void store_reals(real *to, vec v)
{
    typedef real narrow __attribute__((vector_size(VECTOR_WIDES * sizeof(real))));
    narrow n = __builtin_convertvector(v, narrow);
    memcpy(to, &n, sizeof n);
}

void NAME(zoom_row)(wide *const *rows, const double *down, const zoom_axis *right,
                    ptrdiff_t cols, plane_limits *range, void *restrict out)
{
    wide *up = rows[2], *low = rows[3];
    real *to = out;
    vec least = (vec){0} + range->least, most = (vec){0} + range->most, sum;
    for (ptrdiff_t x = 0; x < cols; x += VECTOR_WIDES) {
        store(up + x, load(rows[0] + x) * down[0]);
        store(low + x, load(rows[1] + x) * down[1]);
    }
    ptrdiff_t x = 0;
    for (; x + VECTOR_WIDES <= right->count; x += VECTOR_WIDES) {
        sum = stored_vec(zoom_block(right, x, up, low));
        store_reals(to + x, sum);
        least = lesser(sum, least);
        most = -lesser(-sum, -most);
    }
    for (ptrdiff_t k = 0; k < VECTOR_WIDES; k++) {
        range->least = least[k] < range->least ? least[k] : range->least;
        range->most = most[k] > range->most ? most[k] : range->most;
    }
    sum = stored_vec(zoom_block(right, x, up, low)); /* filled up, as the weights are */
    for (ptrdiff_t k = 0; x + k < right->count; k++) {
        to[x + k] = (real)sum[k];
        range->least = sum[k] < range->least ? sum[k] : range->least;
        range->most = sum[k] > range->most ? sum[k] : range->most;
    }
}

void NAME(clip_row)(const plane_limits *limits, ptrdiff_t n, void *row)
{
    const real least = (real)limits->least, most = (real)limits->most;
    real *v = row;
    for (ptrdiff_t x = 0; x < n; x++) {
        v[x] = v[x] < least ? least : v[x];
        v[x] = v[x] > most ? most : v[x];
    }
}

/* ------------------------------------------------------------------------ */
/* Corners                                                                  */
/* ------------------------------------------------------------------------ */

void NAME(corner_maxima)(const void *const *rows, ptrdiff_t n, uint64_t *words,
                         int *has_nan)
{
    const real *above = rows[0], *here = rows[1], *below = rows[2];
    const reals zero = {0};
    for (ptrdiff_t x = 0; x < n; x += REALS) {
        reals v = load_reals(here + x);
        uint64_t positive = lanes_above(v, zero);
        uint64_t odd = lanes_unordered(v);
        if (x % WORD_BITS == 0)
            words[x / WORD_BITS] = 0;
        *has_nan |= odd != 0;
        if (positive == 0)
            continue;
        uint64_t higher = lanes_above(load_reals(here + x - 1), v);
        higher |= lanes_above(load_reals(here + x + 1), v);
        for (ptrdiff_t k = -1; k <= 1; k++) {
            higher |= lanes_above(load_reals(above + x + k), v);
            higher |= lanes_above(load_reals(below + x + k), v);
        }
        words[x / WORD_BITS] |= (positive & ~higher) << x % WORD_BITS;
    }
}

void NAME(fast_sums)(const void *const *pixels, const ptrdiff_t *strides, double *sums)
{
    for (int i = 0; i < PATCHES; i++) {
        const real *pixel = pixels[i];
        real sum = 0;
        for (int k = 0; k < CIRCLE; k++) {
            real v = pixel[circle_row[k] * strides[i] + circle_col[k]] - pixel[0];
            sum += v < 0 ? -v : v;
        }
        sums[i] = (double)sum;
    }
}

/* ------------------------------------------------------------------------ */
/* Harris                                                                   */
/* ------------------------------------------------------------------------ */

#define SIDE (2 * HARRIS_RADIUS + 1)
#define EACH for (int k = 0; k < PATCHES; k++)

/* One number of each patch, side by side. */
typedef wide abreast[PATCHES];

typedef struct harris_window {
    abreast pixels[SIDE + 2][SIDE + 2], steps[SIDE + 2];
    abreast down, across[SIDE + 2][SIDE];
    abreast products[3][SIDE][SIDE], columns[SIDE];
} harris_window;

static void read_patches(harris_window *w, const void *const *patches,
                         const ptrdiff_t *strides)
{
    for (ptrdiff_t y = 0; y < SIDE + 2; y++)
        for (ptrdiff_t x = 0; x < SIDE + 2; x++)
            EACH w->pixels[y][x][k] = ((const real *)patches[k])[y * strides[k] + x];
}

/* Products of Sobel's gradients: down down, down right, right right. */
static void multiply_gradients(harris_window *w)
{
    for (ptrdiff_t y = 0; y < SIDE + 2; y++)
        for (ptrdiff_t x = 0; x < SIDE; x++) {
            const abreast *p = w->pixels[y] + x;
            EACH w->across[y][x][k] = stored(p[1][k] * 0 - (p[0][k] - p[2][k]));
        }
    for (ptrdiff_t y = 0; y < SIDE; y++) {
        const abreast *a = w->pixels[y], *b = w->pixels[y + 1], *c = w->pixels[y + 2];
        for (ptrdiff_t x = 0; x < SIDE + 2; x++)
            EACH w->steps[x][k] = stored(b[x][k] * 0 - (a[x][k] - c[x][k]));
        for (ptrdiff_t x = 0; x < SIDE; x++) {
            const abreast *s = w->steps + x;
            EACH {
                wide down = stored(s[1][k] * 2 + (s[0][k] + s[2][k]));
                wide right = stored(w->across[y + 1][x][k] * 2 +
                                    (w->across[y][x][k] + w->across[y + 2][x][k]));
                w->products[0][y][x][k] = stored(down * down);
                w->products[1][y][x][k] = stored(down * right);
                w->products[2][y][x][k] = stored(right * right);
            }
        }
    }
}

/* The Gaussian mean of one product in the middle: columns first, then the row. */
static void smooth_product(harris_window *w, int number, const double *weights,
                           wide *out)
{
    const abreast(*v)[SIDE] = w->products[number];
    for (ptrdiff_t x = 0; x < SIDE; x++) {
        abreast sum;
        EACH sum[k] = v[HARRIS_RADIUS][x][k] * weights[0];
        for (ptrdiff_t r = HARRIS_RADIUS; r > 0; r--)
            EACH sum[k] += (v[HARRIS_RADIUS - r][x][k] + v[HARRIS_RADIUS + r][x][k]) *
                           weights[r];
        EACH w->columns[x][k] = stored(sum[k]);
    }
    const abreast *c = w->columns + HARRIS_RADIUS;
    abreast sum;
    EACH sum[k] = c[0][k] * weights[0];
    for (ptrdiff_t r = HARRIS_RADIUS; r > 0; r--)
        EACH sum[k] += (c[-r][k] + c[r][k]) * weights[r];
    EACH out[k] = stored(sum[k]);
}

void NAME(harris_points)(const void *const *patches, const ptrdiff_t *strides,
                         const double *weights, double factor, double *responses)
{
    harris_window w;
    abreast tensor[3];
    read_patches(&w, patches, strides);
    multiply_gradients(&w);
    for (int number = 0; number < 3; number++)
        smooth_product(&w, number, weights, tensor[number]);
    real planes[3][PATCHES], found[PATCHES];
    for (int number = 0; number < 3; number++)
        EACH planes[number][k] = (real)tensor[number][k];
    const void *rows[3] = {planes[0], planes[1], planes[2]};
    NAME(harris_row)(rows, PATCHES, 0, factor, found);
    EACH responses[k] = found[k];
}

/* ------------------------------------------------------------------------ */
/* Turned pairs                                                             */
/* ------------------------------------------------------------------------ */

/* Halves away from zero. */
static inline int32_t nearest(real v)
{
    return (int32_t)(v + (v > 0 ? (real)0.5 : (real)-0.5));
}

void NAME(orb_bits)(const void *pixel, int32_t pitch, double angle,
                    uint8_t *restrict bits)
{
    const real *middle = pixel;
    double sine, cosine;
    int32_t place[2][ORB_BITS];
    sine_and_cosine(angle, &sine, &cosine);
    const real s = (real)sine, c = (real)cosine;
    for (int end = 0; end < 2; end++)
        for (int i = 0; i < ORB_BITS; i++) {
            real row = orb_rows[end][i], col = orb_cols[end][i];
            place[end][i] = nearest(s * row + c * col) * pitch +
                            nearest(c * row - s * col);
        }
    for (int i = 0; i < ORB_BITS; i++)
        bits[i] = middle[place[0][i]] < middle[place[1][i]];
}
