/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FAST on bytes. Whether a pixel of the circle is brighter or darker is decided in
 * the reference by scaled doubles; for each of the 256 centres that is a comparison
 * with two bytes (`not_above`, `not_below`), nearly always the centre plus and minus
 * the same step. So the comparisons here are of bytes, and exact. Reals are screened by
 * bytes made from them (core/fast.h).
 */
#include "kernels/arc.h"
#include "kernels/variant.h"

/* The two bounds of each pixel of a row, by tables. */
static void bound_row(const uint8_t *restrict centre, ptrdiff_t n,
                      const fast_rule *rule, uint8_t *restrict high,
                      uint8_t *restrict low)
{
    for (ptrdiff_t x = 0; x < n; x++) {
        high[x] = rule->not_above[centre[x]];
        low[x] = rule->not_below[centre[x]];
    }
}

/* ------------------------------------------------------------------------ */
/* Blocks                                                                   */
/* ------------------------------------------------------------------------ */

typedef uint8_t bytes __attribute__((vector_size(VECTOR_BYTES)));
#define BYTES VECTOR_BYTES

static inline bytes load_bytes(const uint8_t *p)
{
    bytes v;
    memcpy(&v, p, sizeof v);
    return v;
}

#if defined(__AVX512F__)
#define BY_BYTES(what, a, b) (bytes) _mm512_##what##_epu8((__m512i)(a), (__m512i)(b))
#elif defined(__AVX2__)
#define BY_BYTES(what, a, b) (bytes) _mm256_##what##_epu8((__m256i)(a), (__m256i)(b))
#elif defined(__SSE2__)
#define BY_BYTES(what, a, b) (bytes) _mm_##what##_epu8((__m128i)(a), (__m128i)(b))
#endif

static inline bytes lesser(bytes a, bytes b)
{
#ifdef BY_BYTES
    return BY_BYTES(min, a, b);
#else
    bytes below = (bytes)(a < b);
    return (a & below) | (b & ~below);
#endif
}

static inline bytes larger(bytes a, bytes b)
{
#ifdef BY_BYTES
    return BY_BYTES(max, a, b);
#else
    return lesser(a, b) ^ a ^ b;
#endif
}

/* A bit for each lane in which a > b. */
static inline uint64_t lanes_above(bytes a, bytes b)
{
#if defined(__AVX512F__)
    return _mm512_cmpgt_epu8_mask((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (uint32_t)_mm256_movemask_epi8((__m256i)(a > b));
#elif defined(__SSE2__)
    return (uint32_t)_mm_movemask_epi8((__m128i)(a > b));
#else
    uint64_t bits = 0;
    for (int k = 0; k < BYTES; k++)
        bits |= (uint64_t)(a[k] > b[k]) << k;
    return bits;
#endif
}

typedef struct byte_block {
    const uint8_t *const *rows;
    ptrdiff_t x;
    bytes high, low;
} byte_block;

/* The bounds of a block, from tables where there are such: bytes that are the centre
 * plus and minus a step, and do not leave their range. */
static inline void bound_block(byte_block *b, const fast_rule *rule,
                               const uint8_t *high, const uint8_t *low)
{
    if (rule->step < 0) {
        b->high = load_bytes(high + b->x);
        b->low = load_bytes(low + b->x);
        return;
    }
    bytes centre = load_bytes(b->rows[3] + b->x);
    bytes up = centre + (uint8_t)rule->step, down = centre - (uint8_t)rule->step;
    b->high = up | (bytes)(up < centre);
    b->low = down & (bytes)(down <= centre);
}

/*
 * A corner is where the brightest arc is above `high`: the maximum of all arcs of the
 * minimum of their pixels. For dark arcs all is the other way round.
 */
static inline bytes both(bytes a, bytes b, int dark)
{
    return dark ? larger(a, b) : lesser(a, b);
}

static inline bytes either(bytes a, bytes b, int dark)
{
    return both(a, b, !dark);
}

/* What no arc is better than, by four pixels a quarter apart: an arc of 12 holds three
 * of them, one of 9 two neighbours, one of 5 any. */
static inline bytes best_by_quarters(const bytes *q, int arc, int dark)
{
    if (arc >= 12)
        return either(both(either(q[0], q[1], dark), both(q[2], q[3], dark), dark),
                      both(both(q[0], q[1], dark), either(q[2], q[3], dark), dark),
                      dark);
    if (arc >= 9)
        return both(either(q[0], q[2], dark), either(q[1], q[3], dark), dark);
    return either(either(q[0], q[1], dark), either(q[2], q[3], dark), dark);
}

/*
 * The best arc. Two arcs share all but their ends: the pixels between these, an odd one
 * the first, are put together from runs of 8, 4, 2 and 1.
 */
static inline bytes best_arc(const bytes *circle, int arc, int dark)
{
    bytes pair[CIRCLE / 2], four[CIRCLE / 2], best = circle[0];
#define ODD(run, k, offset)                                                            \
    run[((2 * (k) + (offset)) % CIRCLE) / 2] /* 2 k + 1 and on */
    UNROLLED
    for (int k = 0; k < CIRCLE / 2; k++)
        pair[k] = both(circle[2 * k + 1], circle[(2 * k + 2) % CIRCLE], dark);
    UNROLLED
    for (int k = 0; k < CIRCLE / 2; k++)
        four[k] = both(pair[k], ODD(pair, k, 2), dark);
    UNROLLED
    for (int k = 0; k < CIRCLE / 2; k++) {
        int shared = arc - 1, first = 2 * k + 1;
        bytes ends = either(circle[2 * k], circle[(first + shared) % CIRCLE], dark);
        int at = 0;
        if (shared & 8) {
            ends = both(ends, both(four[k], ODD(four, k, 4), dark), dark);
            at = 8;
        }
        if (shared & 4) {
            ends = both(ends, ODD(four, k, at), dark);
            at += 4;
        }
        if (shared & 2) {
            ends = both(ends, ODD(pair, k, at), dark);
            at += 2;
        }
        if (shared & 1)
            ends = both(ends, circle[(first + at) % CIRCLE], dark);
        best = k == 0 ? ends : either(best, ends, dark);
    }
#undef ODD
    return best;
}

static inline bytes on_circle(const byte_block *b, int k)
{
    return load_bytes(b->rows[3 + circle_row[k]] + b->x + circle_col[k]);
}

/* Bits of lanes in which the brightest arc is bright, or the darkest dark. */
static inline uint64_t lanes_beyond(const byte_block *b, bytes bright, bytes dark)
{
    return lanes_above(bright, b->high) | lanes_above(b->low, dark);
}

static inline uint64_t corners_of(const byte_block *b, int arc)
{
    bytes q[4], circle[CIRCLE];
    UNROLLED
    for (int k = 0; k < 4; k++)
        q[k] = on_circle(b, 4 * k);
    if (arc >= 5 &&
        lanes_beyond(b, best_by_quarters(q, arc, 0), best_by_quarters(q, arc, 1)) == 0)
        return 0;
    UNROLLED
    for (int k = 0; k < CIRCLE; k++)
        circle[k] = on_circle(b, k);
    return lanes_beyond(b, best_arc(circle, arc, 0), best_arc(circle, arc, 1));
}

/* ------------------------------------------------------------------------ */
/* Rows                                                                     */
/* ------------------------------------------------------------------------ */

/* Bits of a block that begins at bit `from` of a row. */
static inline void set_bits(uint64_t bits, ptrdiff_t from, uint64_t *words)
{
    words[from / 64] |= bits << from % 64;
    if (from % 64 + BYTES > 64)
        words[from / 64 + 1] |= bits >> (64 - from % 64);
}

void NAME(fast_bits)(const uint8_t *const *rows, ptrdiff_t n, const fast_rule *rule,
                     uint8_t *spare, uint64_t *words)
{
    uint8_t *high = spare, *low = high + n, beside[9][BYTES + 6];
    const uint8_t *short_rows[7];
    byte_block b = {.rows = rows, .x = 3};
    if (n < 7)
        return;
    memset(words, 0, (size_t)FAST_WORDS(n) * sizeof *words);
    if (rule->step < 0)
        bound_row(rows[3], n, rule, high, low);
    ptrdiff_t end = n - 3;
    if (n < BYTES + 6) { /* too short for a vector: a copy with nothing behind it */
        memset(beside, 0, sizeof beside);
        for (int y = 0; y < 7; y++)
            short_rows[y] = memcpy(beside[y], rows[y], (size_t)n);
        b.rows = short_rows;
        if (rule->step < 0) {
            high = memcpy(beside[7], high, (size_t)n);
            low = memcpy(beside[8], low, (size_t)n);
        }
        end = BYTES + 3;
    }
    for (; b.x < end; b.x += BYTES) {
        b.x = b.x < end - BYTES ? b.x : end - BYTES; /* the last ones once more */
        bound_block(&b, rule, high, low);
        uint64_t corners = rule->arc == 9    ? corners_of(&b, 9)
                           : rule->arc == 12 ? corners_of(&b, 12)
                                             : corners_of(&b, rule->arc);
        if (corners != 0)
            set_bits(corners, b.x - 3, words);
    }
    if (n < BYTES + 6)
        words[0] &= (UINT64_C(1) << (n - 6)) - 1;
}

void NAME(fast_bytes)(const uint8_t *const *rows, ptrdiff_t n, const fast_rule *rule,
                      const uint64_t *words, double *out)
{
    memset(out, 0, (size_t)n * sizeof *out);
    for (ptrdiff_t w = 0; n >= 7 && w < FAST_WORDS(n); w++)
        for (uint64_t left = words[w]; left != 0; left &= left - 1) {
            ptrdiff_t x = 3 + 64 * w + __builtin_ctzll(left);
            double sum = 0, centre = rule->scaled[rows[3][x]];
            for (int k = 0; k < CIRCLE; k++) {
                uint8_t v = rows[3 + circle_row[k]][x + circle_col[k]];
                sum += fabs(rule->scaled[v] - centre);
            }
            out[x] = sum;
        }
}
