/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FAST on bytes. Whether a pixel of the circle is brighter or darker is decided in
 * the reference by scaled doubles; for each of the 256 centres that is a comparison
 * with two bytes (`not_above`, `not_below`), nearly always the centre plus and minus
 * the same step. So the comparisons here are of bytes, and exact.
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
    int arc;
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

/* Pixels `step` apart on the circle: which are brighter, which are darker. */
static inline void compare_circle(const byte_block *b, int step, uint64_t *bright,
                                  uint64_t *dark)
{
    UNROLLED
    for (int k = 0; k < CIRCLE; k += step) {
        bytes v = load_bytes(b->rows[3 + circle_row[k]] + b->x + circle_col[k]);
        bright[k / step] = lanes_above(v, b->high);
        dark[k / step] = lanes_above(b->low, v);
    }
}

static uint64_t corners_of(const byte_block *b)
{
    uint64_t bright[CIRCLE], dark[CIRCLE];
    compare_circle(b, 4, bright, dark);
    if ((quarters_of(bright, b->arc) | quarters_of(dark, b->arc)) == 0)
        return 0;
    compare_circle(b, 1, bright, dark);
    return arcs_of(bright, b->arc) | arcs_of(dark, b->arc);
}

/* ------------------------------------------------------------------------ */
/* Rows                                                                     */
/* ------------------------------------------------------------------------ */

static double response(const uint8_t *const *rows, ptrdiff_t x, const double *scaled)
{
    double sum = 0, centre = scaled[rows[3][x]];
    for (int k = 0; k < CIRCLE; k++)
        sum += fabs(scaled[rows[3 + circle_row[k]][x + circle_col[k]]] - centre);
    return sum;
}

void NAME(fast_bytes)(const uint8_t *const *rows, ptrdiff_t n, const fast_rule *rule,
                      uint8_t *spare, double *out)
{
    uint8_t *high = spare, *low = high + n, beside[9][BYTES + 6];
    const uint8_t *short_rows[7];
    byte_block b = {.rows = rows, .x = 3, .arc = rule->arc};
    memset(out, 0, (size_t)n * sizeof *out);
    if (n < 7)
        return;
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
        for (uint64_t left = corners_of(&b); left != 0; left &= left - 1) {
            ptrdiff_t x = b.x + __builtin_ctzll(left);
            if (x < n - 3)
                out[x] = response(rows, x, rule->scaled);
        }
    }
}
