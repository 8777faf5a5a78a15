/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fourier transforms of TRANSFORM_LANES lines side by side: Cooley and Tukey's (1965),
 * decimated in time, in place on elements that were put down in digit-reversed order.
 * Inner levels are finished before the outer ones go on, so that a long transform
 * spends most of its time on what lies in the first cache. Radices 2 to 5 are written
 * out; other primes sum over pairs i, p - i, whose roots are conjugate.
 *
 * The cosine transform goes through it in Makhoul's (1980) order of elements.
 */
#include "kernels/math.h"
#include "kernels/transpose.h"

#define PITCH TRANSFORM_LINES
#define HALF TRANSFORM_LANES

void NAME(circle_row)(ptrdiff_t n, ptrdiff_t count, double *out)
{
    for (ptrdiff_t k = 0; k < count; k++)
        cosine_and_sine(k, n, &out[2 * k], &out[2 * k + 1]);
}

/* ------------------------------------------------------------------------ */
/* Between arrays and blocks                                                */
/* ------------------------------------------------------------------------ */

/* Where element k of a line stands in the block. */
static inline ptrdiff_t place_of(const fft_lines *how, ptrdiff_t k)
{
    if (how->folded)
        k = k & 1 ? how->n - 1 - k / 2 : k / 2;
    return (how->order == NULL ? k : how->order[k]) * PITCH;
}

/* A square of rows, from element k and line `lane` on. */
static inline void gather_square(const double *in, const fft_lines *how, ptrdiff_t k,
                                 ptrdiff_t lane, wide *out)
{
    vec v[VECTOR_WIDES];
    for (ptrdiff_t i = 0; i < VECTOR_WIDES; i++)
        v[i] = load(in + (lane + i) * how->next + k) * how->factor;
    transpose(v);
    for (ptrdiff_t i = 0; i < VECTOR_WIDES; i++)
        store(out + place_of(how, k + i) + lane, v[i]);
}

static inline void scatter_square(const wide *in, const fft_lines *how, ptrdiff_t k,
                                  ptrdiff_t lane, double *out)
{
    vec v[VECTOR_WIDES];
    for (ptrdiff_t i = 0; i < VECTOR_WIDES; i++)
        v[i] = load(in + place_of(how, k + i) + (lane ^ how->exchanged));
    transpose(v);
    for (ptrdiff_t i = 0; i < VECTOR_WIDES; i++)
        store(out + (lane + i) * how->next + k, v[i]);
}

/* Squares of rows, those of a cache line together: rows may all lie in one set of the
 * cache. Returns how many elements that were; those behind the last line are left. */
#define LINE_WIDES 8
#define SQUARES(square)                                                                \
    ptrdiff_t end = how->length / LINE_WIDES * LINE_WIDES;                             \
    for (ptrdiff_t k = 0; k < end; k += LINE_WIDES)                                    \
        for (ptrdiff_t lane = 0; lane < how->lanes; lane += VECTOR_WIDES)              \
            for (ptrdiff_t i = 0; i < LINE_WIDES; i += VECTOR_WIDES)                   \
                square(in, how, k + i, lane, out);                                     \
    return end;

static ptrdiff_t gather_rows(const double *in, const fft_lines *how, wide *out)
{
    SQUARES(gather_square)
}

static ptrdiff_t scatter_rows(const wide *in, const fft_lines *how, double *out)
{
    SQUARES(scatter_square)
}

static ptrdiff_t gather_columns(const double *in, const fft_lines *how, wide *out)
{
    for (ptrdiff_t k = 0; k < how->length; k++)
        for (ptrdiff_t v = 0; v < how->lanes; v += VECTOR_WIDES)
            store(out + place_of(how, k) + v,
                  load(in + k * how->step + v) * how->factor);
    return how->length;
}

void NAME(gather_lines)(const double *in, const fft_lines *how, wide *out)
{
    ptrdiff_t k = 0;
    if (how->count == how->lanes && how->next == 1)
        k = gather_columns(in, how, out);
    else if (how->count == how->lanes && how->step == 1)
        k = gather_rows(in, how, out);
    for (; k < how->n; k++) {
        wide *element = out + place_of(how, k);
        ptrdiff_t count = k < how->length ? how->count : 0;
        for (ptrdiff_t lane = 0; lane < count; lane++)
            element[lane] = in[lane * how->next + k * how->step] * how->factor;
        for (ptrdiff_t lane = count; lane < how->lanes; lane++)
            element[lane] = 0;
    }
}

static ptrdiff_t scatter_columns(const wide *in, const fft_lines *how, double *out)
{
    for (ptrdiff_t k = 0; k < how->length; k++)
        for (ptrdiff_t v = 0; v < how->lanes; v += VECTOR_WIDES)
            store(out + k * how->step + v,
                  load(in + place_of(how, k) + (v ^ how->exchanged)));
    return how->length;
}

void NAME(scatter_lines)(const wide *in, const fft_lines *how, double *out)
{
    ptrdiff_t k = 0;
    if (how->count == how->lanes && how->next == 1)
        k = scatter_columns(in, how, out);
    else if (how->count == how->lanes && how->step == 1)
        k = scatter_rows(in, how, out);
    for (; k < how->length; k++) {
        const wide *element = in + place_of(how, k);
        for (ptrdiff_t lane = 0; lane < how->count; lane++)
            out[lane * how->next + k * how->step] = element[lane ^ how->exchanged];
    }
}

/* ------------------------------------------------------------------------ */
/* Butterflies                                                              */
/* ------------------------------------------------------------------------ */

typedef struct complex_vec {
    vec re, im;
} complex_vec;

static inline complex_vec get(const wide *p)
{
    return (complex_vec){load(p), load(p + HALF)};
}

static inline void put(wide *p, complex_vec a)
{
    store(p, a.re);
    store(p + HALF, a.im);
}

static inline complex_vec plus(complex_vec a, complex_vec b)
{
    return (complex_vec){a.re + b.re, a.im + b.im};
}

static inline complex_vec minus(complex_vec a, complex_vec b)
{
    return (complex_vec){a.re - b.re, a.im - b.im};
}

/* a - i b and a + i b. */
static inline complex_vec plus_turned_back(complex_vec a, complex_vec b)
{
    return (complex_vec){a.re + b.im, a.im - b.re};
}

static inline complex_vec plus_turned(complex_vec a, complex_vec b)
{
    return (complex_vec){a.re - b.im, a.im + b.re};
}

static inline complex_vec scaled(complex_vec a, double factor)
{
    return (complex_vec){a.re * factor, a.im * factor};
}

/* Turned back by the angle whose cosine and sine `turn` points at. */
static inline complex_vec turned_back(complex_vec a, const double *turn)
{
    return (complex_vec){a.re * turn[0] + a.im * turn[1],
                         a.im * turn[0] - a.re * turn[1]};
}

/* Element i of a butterfly; `turns` is NULL where all of them would turn by nothing. */
static inline complex_vec element(const wide *p, ptrdiff_t step, const double *turns,
                                  ptrdiff_t i)
{
    complex_vec a = get(p + i * step);
    return turns == NULL ? a : turned_back(a, turns + 2 * (i - 1));
}

static inline void butterfly_2(wide *p, ptrdiff_t step, const double *turns,
                               const fft_level *l)
{
    (void)l;
    complex_vec a = get(p), b = element(p, step, turns, 1);
    put(p, plus(a, b));
    put(p + step, minus(a, b));
}

static inline void butterfly_3(wide *p, ptrdiff_t step, const double *turns,
                               const fft_level *l)
{
    complex_vec a = get(p), b = element(p, step, turns, 1),
                c = element(p, step, turns, 2);
    complex_vec sum = plus(b, c), middle = plus(a, scaled(sum, -0.5));
    complex_vec side = scaled(minus(b, c), l->roots[3]);
    put(p, plus(a, sum));
    put(p + step, plus_turned_back(middle, side));
    put(p + 2 * step, plus_turned(middle, side));
}

static inline void butterfly_4(wide *p, ptrdiff_t step, const double *turns,
                               const fft_level *l)
{
    (void)l;
    complex_vec a = get(p), b = element(p, step, turns, 1),
                c = element(p, step, turns, 2), d = element(p, step, turns, 3);
    complex_vec even = plus(a, c), odd = plus(b, d);
    complex_vec even_side = minus(a, c), odd_side = minus(b, d);
    put(p, plus(even, odd));
    put(p + step, plus_turned_back(even_side, odd_side));
    put(p + 2 * step, minus(even, odd));
    put(p + 3 * step, plus_turned(even_side, odd_side));
}

static inline void butterfly_5(wide *p, ptrdiff_t step, const double *turns,
                               const fft_level *l)
{
    const double *r = l->roots;
    complex_vec a = get(p), b = element(p, step, turns, 1),
                c = element(p, step, turns, 2), d = element(p, step, turns, 3),
                e = element(p, step, turns, 4);
    complex_vec outer = plus(b, e), inner = plus(c, d);
    complex_vec outer_side = minus(b, e), inner_side = minus(c, d);
    complex_vec first = plus(a, plus(scaled(outer, r[2]), scaled(inner, r[4])));
    complex_vec second = plus(a, plus(scaled(outer, r[4]), scaled(inner, r[2])));
    complex_vec first_side = plus(scaled(outer_side, r[3]), scaled(inner_side, r[5]));
    complex_vec second_side = minus(scaled(outer_side, r[5]), scaled(inner_side, r[3]));
    put(p, plus(a, plus(outer, inner)));
    put(p + step, plus_turned_back(first, first_side));
    put(p + 2 * step, plus_turned_back(second, second_side));
    put(p + 3 * step, plus_turned(second, second_side));
    put(p + 4 * step, plus_turned(first, first_side));
}

/* Any odd prime. */
static inline void butterfly_odd(wide *p, ptrdiff_t step, const double *turns,
                                 const fft_level *l)
{
    complex_vec sum[TRANSFORM_PRIME / 2 + 1], side[TRANSFORM_PRIME / 2 + 1];
    ptrdiff_t radix = l->radix;
    complex_vec a = get(p), all = a;
    for (ptrdiff_t i = 1; i <= radix / 2; i++) {
        complex_vec b = element(p, step, turns, i),
                    c = element(p, step, turns, radix - i);
        sum[i] = plus(b, c);
        side[i] = minus(b, c);
        all = plus(all, sum[i]);
    }
    for (ptrdiff_t j = 1; j <= radix / 2; j++) {
        complex_vec middle = a, turned = {{0}, {0}};
        for (ptrdiff_t i = 1, at = j; i <= radix / 2; i++) {
            middle = plus(middle, scaled(sum[i], l->roots[2 * at]));
            turned = plus(turned, scaled(side[i], l->roots[2 * at + 1]));
            at = at + j < radix ? at + j : at + j - radix;
        }
        put(p + j * step, plus_turned_back(middle, turned));
        put(p + (radix - j) * step, plus_turned(middle, turned));
    }
    put(p, all);
}

/* All butterflies of `blocks` transforms that stand one behind the other. */
#define PASS(name)                                                                     \
    static void pass_##name(const fft_level *l, wide *lines, ptrdiff_t blocks)         \
    {                                                                                  \
        ptrdiff_t step = l->inner * PITCH, size = l->radix * step;                     \
        for (wide *p = lines; p < lines + blocks * size; p += size) {                  \
            const double *turns = l->turns;                                            \
            for (ptrdiff_t v = 0; v < HALF; v += VECTOR_WIDES)                         \
                butterfly_##name(p + v, step, NULL, l);                                \
            for (ptrdiff_t q = 1; q < l->inner; q++) {                                 \
                for (ptrdiff_t v = 0; v < HALF; v += VECTOR_WIDES)                     \
                    butterfly_##name(p + q * PITCH + v, step, turns, l);               \
                turns += 2 * (l->radix - 1);                                           \
            }                                                                          \
        }                                                                              \
    }

PASS(2)
PASS(3)
PASS(4)
PASS(5)
PASS(odd)

static void pass(const fft_level *l, wide *lines, ptrdiff_t blocks)
{
    switch (l->radix) {
    case 2:
        pass_2(l, lines, blocks);
        break;
    case 3:
        pass_3(l, lines, blocks);
        break;
    case 4:
        pass_4(l, lines, blocks);
        break;
    case 5:
        pass_5(l, lines, blocks);
        break;
    default:
        pass_odd(l, lines, blocks);
    }
}

#define SMALL 64 /* elements, 8 KiB: their levels are worked off one after the other */

static void transform_levels(const fft_tables *f, int levels, wide *lines)
{
    if (levels == 0)
        return;
    const fft_level *l = &f->level[levels - 1];
    ptrdiff_t size = l->radix * l->inner;
    if (size <= SMALL) {
        for (int k = 0; k < levels; k++)
            pass(&f->level[k], lines, size / (f->level[k].radix * f->level[k].inner));
        return;
    }
    for (ptrdiff_t i = 0; i < l->radix; i++)
        transform_levels(f, levels - 1, lines + i * l->inner * PITCH);
    pass(l, lines, 1);
}

void NAME(fft_block)(const fft_tables *f, wide *lines)
{
    transform_levels(f, f->levels, lines);
}

/* ------------------------------------------------------------------------ */
/* Two real transforms in a complex one                                     */
/* ------------------------------------------------------------------------ */

/* The transforms of both lines at k, 0 < k < n, times 2: of the real parts, of the
 * imaginary ones. */
typedef struct real_pair {
    complex_vec first, second;
} real_pair;

static inline real_pair parted(complex_vec here, complex_vec mirrored)
{
    return (real_pair){{here.re + mirrored.re, here.im - mirrored.im},
                       {here.im + mirrored.im, mirrored.re - here.re}};
}

/* From the transforms at k to the elements k and n - k of the cosine transform, which
 * are the real part and minus the imaginary part of the transform turned back by
 * pi k / (2 n). */
void NAME(cosine_block)(const double *quarter, ptrdiff_t n, wide *lines)
{
    for (ptrdiff_t k = 1; k <= n / 2; k++) {
        double turn[2] = {0.5 * quarter[2 * k], 0.5 * quarter[2 * k + 1]};
        for (ptrdiff_t v = 0; v < HALF; v += VECTOR_WIDES) {
            wide *low = lines + k * PITCH + v, *high = lines + (n - k) * PITCH + v;
            real_pair pair = parted(get(low), get(high));
            complex_vec a = turned_back(pair.first, turn);
            complex_vec b = turned_back(pair.second, turn);
            put(high, (complex_vec){-a.im, -b.im});
            put(low, (complex_vec){a.re, b.re});
        }
    }
}

/* The lines from `lane` on of element k. */
static inline vec weighed(const weighed_lines *in, int terms, ptrdiff_t k,
                          ptrdiff_t lane)
{
    vec value = load(in->first + k * in->step + lane) * in->factor;
    if (terms == 0)
        return value;
    vec sum = load(in->across + lane) * in->along[0][k];
    for (int t = 1; t < terms; t++)
        sum += load(in->across + t * PITCH + lane) * in->along[t][k];
    return value * sum;
}

static inline void inverse_block(const weighed_lines *in, int terms,
                                 const double *quarter, ptrdiff_t n,
                                 const ptrdiff_t *order, wide *out)
{
    for (ptrdiff_t v = 0; v < HALF; v += VECTOR_WIDES) /* order[0] is 0 */
        put(out + v,
            (complex_vec){weighed(in, terms, 0, HALF + v), weighed(in, terms, 0, v)});
    for (ptrdiff_t k = 1; k <= n / 2; k++) {
        const double *turn = quarter + 2 * k;
        wide *low = out + (order == NULL ? k : order[k]) * PITCH;
        wide *high = out + (order == NULL ? n - k : order[n - k]) * PITCH;
        for (ptrdiff_t v = 0; v < HALF; v += VECTOR_WIDES) {
            complex_vec here = {weighed(in, terms, k, v),
                                weighed(in, terms, k, HALF + v)};
            complex_vec there = {weighed(in, terms, n - k, v),
                                 weighed(in, terms, n - k, HALF + v)};
            complex_vec a = {here.im - there.re, here.re + there.im};
            complex_vec b = {here.im + there.re, here.re - there.im};
            put(high + v, (complex_vec){b.re * turn[0] - b.im * turn[1],
                                        b.im * turn[0] + b.re * turn[1]});
            put(low + v, turned_back(a, turn));
        }
    }
}

/* The way back, with real and imaginary parts exchanged: a transform of those,
 * exchanged again, is the inverse. */
void NAME(cosine_inverse_block)(const weighed_lines *in, const double *quarter,
                                ptrdiff_t n, const ptrdiff_t *order, wide *out)
{
    if (in->terms == 0)
        inverse_block(in, 0, quarter, n, order, out);
    else if (in->terms == 2)
        inverse_block(in, 2, quarter, n, order, out);
    else
        inverse_block(in, in->terms, quarter, n, order, out);
}

/* Elements 0 to n / 2 of both transforms: the real parts of all lines, then, n / 2 + 1
 * elements further, the imaginary parts. */
void NAME(real_block)(const wide *in, ptrdiff_t n, wide *out)
{
    wide *imaginary = out + (n / 2 + 1) * PITCH;
    for (ptrdiff_t k = 0; k <= n / 2; k++) {
        ptrdiff_t mirrored = k == 0 ? 0 : n - k;
        for (ptrdiff_t v = 0; v < HALF; v += VECTOR_WIDES) {
            real_pair pair =
                parted(get(in + k * PITCH + v), get(in + mirrored * PITCH + v));
            put(out + k * PITCH + v, (complex_vec){0.5 * pair.first.re,
                                                   0.5 * pair.second.re});
            put(imaginary + k * PITCH + v, (complex_vec){0.5 * pair.first.im,
                                                         0.5 * pair.second.im});
        }
    }
}

/* The way back, exchanged as above. What is imaginary at 0 (and n / 2) does not
 * count. */
void NAME(real_inverse_block)(const wide *in, ptrdiff_t n, const ptrdiff_t *order,
                              wide *out)
{
    const wide *imaginary = in + (n / 2 + 1) * PITCH;
    for (ptrdiff_t k = 0; k <= n / 2; k++) {
        ptrdiff_t mirrored = k == 0 ? 0 : n - k;
        double side = mirrored == k ? 0 : 1;
        wide *low = out + (order == NULL ? k : order[k]) * PITCH;
        wide *high = out + (order == NULL ? mirrored : order[mirrored]) * PITCH;
        for (ptrdiff_t v = 0; v < HALF; v += VECTOR_WIDES) {
            complex_vec re = get(in + k * PITCH + v);
            complex_vec im = scaled(get(imaginary + k * PITCH + v), side);
            put(high + v, (complex_vec){re.im - im.re, re.re + im.im});
            put(low + v, (complex_vec){re.im + im.re, re.re - im.im});
        }
    }
}

/* ------------------------------------------------------------------------ */
/* Products                                                                 */
/* ------------------------------------------------------------------------ */

/* Turns element k of `in` back by the angle of element k of the table. */
void NAME(chirp_block)(const wide *in, ptrdiff_t step, const double *table, ptrdiff_t n,
                       const ptrdiff_t *order, wide *out)
{
    for (ptrdiff_t k = 0; k < n; k++) {
        wide *to = out + (order == NULL ? k : order[k]) * PITCH;
        for (ptrdiff_t v = 0; v < HALF; v += VECTOR_WIDES)
            put(to + v, turned_back(get(in + k * step + v), table + 2 * k));
    }
}

/* `count` values, and zeros behind them. */
static inline vec load_some(const double *p, ptrdiff_t count)
{
    vec v = {0};
    if (count >= VECTOR_WIDES)
        return load(p);
    if (count > 0)
        memcpy(&v, p, (size_t)count * sizeof *p);
    return v;
}

void NAME(correlate_block)(const wide *in, const double *real, const double *imaginary,
                           ptrdiff_t step, ptrdiff_t count, double factor, ptrdiff_t n,
                           const ptrdiff_t *order, wide *out)
{
    for (ptrdiff_t k = 0; k < n; k++) {
        wide *to = out + (order == NULL ? k : order[k]) * PITCH;
        for (ptrdiff_t v = 0; v < HALF; v += VECTOR_WIDES) {
            complex_vec a = get(in + k * PITCH + v);
            vec c = load_some(real + k * step + v, count - v);
            vec d = load_some(imaginary + k * step + v, count - v);
            put(to + v, (complex_vec){(a.im * c - a.re * d) * factor,
                                      (a.re * c + a.im * d) * factor});
        }
    }
}
