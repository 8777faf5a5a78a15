/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kernels/trace.c: hysteresis against a flood fill that sweeps until nothing
 * changes. The queue has room for exactly the words of one band.
 */
#include "kernels_test.h"

#include "spec.h"

/* ------------------------------------------------------------------------ */
/* Maps                                                                     */
/* ------------------------------------------------------------------------ */

/* Classes as bytes, as a spec has them, and the same as bits. */
typedef struct map {
    ptrdiff_t rows, cols;
    uint8_t *bytes;
    guarded weak, strong, queued, queue;
    class_map bits;
} map;

static map map_new(ptrdiff_t rows, ptrdiff_t cols)
{
    ptrdiff_t pitch = (cols + WORD_BITS - 1) / WORD_BITS + 2;
    size_t words = (size_t)((rows + 2) * pitch), bytes = words * sizeof(uint64_t);
    map m = {.rows = rows, .cols = cols};
    m.bytes = calloc((size_t)(rows * cols), 1);
    m.weak = guarded_new(bytes, random_side());
    m.strong = guarded_new(bytes, random_side());
    m.queued = guarded_new(words, random_side());
    m.queue = guarded_new(words * sizeof(uint32_t), random_side());
    memset(m.weak.bytes, 0, bytes);
    memset(m.strong.bytes, 0, bytes);
    memset(m.queued.bytes, 0, words);
    m.bits = (class_map){(uint64_t *)(void *)m.weak.bytes,
                         (uint64_t *)(void *)m.strong.bytes, pitch, m.queued.bytes,
                         (uint32_t *)(void *)m.queue.bytes};
    return m;
}

static void map_free(map *m)
{
    free(m->bytes);
    guarded_free(&m->weak);
    guarded_free(&m->strong);
    guarded_free(&m->queued);
    guarded_free(&m->queue);
}

static uint8_t *at(const map *m, ptrdiff_t y, ptrdiff_t x)
{
    return m->bytes + y * m->cols + x;
}

/* The word of `plane` that holds pixel (y, x); rows -1 and m->rows are there too. */
static uint64_t *word_at(const map *m, uint64_t *plane, ptrdiff_t y, ptrdiff_t x)
{
    return plane + (y + 1) * m->bits.pitch + 1 + x / WORD_BITS;
}

static void to_bits(const map *m)
{
    for (ptrdiff_t y = 0; y < m->rows; y++)
        for (ptrdiff_t x = 0; x < m->cols; x++) {
            uint64_t bit = UINT64_C(1) << x % WORD_BITS;
            *word_at(m, m->bits.weak, y, x) |= *at(m, y, x) == CLASS_WEAK ? bit : 0;
            *word_at(m, m->bits.strong, y, x) |= *at(m, y, x) == CLASS_STRONG ? bit : 0;
        }
}

/* Are the bits those of the bytes, and is nothing else set? */
static int is_same(const map *m, const uint8_t *bytes)
{
    ptrdiff_t wrong = 0, words = (m->rows + 2) * m->bits.pitch, set = 0, meant = 0;
    for (ptrdiff_t y = 0; y < m->rows; y++)
        for (ptrdiff_t x = 0; x < m->cols; x++) {
            uint64_t weak = *word_at(m, m->bits.weak, y, x) >> x % WORD_BITS & 1;
            uint64_t strong = *word_at(m, m->bits.strong, y, x) >> x % WORD_BITS & 1;
            wrong +=
                bytes[y * m->cols + x] != weak * CLASS_WEAK + strong * CLASS_STRONG;
            meant += bytes[y * m->cols + x] != CLASS_NONE;
        }
    for (ptrdiff_t i = m->bits.pitch; i < words - m->bits.pitch; i++)
        set += __builtin_popcountll(m->bits.weak[i]) +
               __builtin_popcountll(m->bits.strong[i]);
    for (ptrdiff_t i = 0; i < words; i++)
        wrong += m->bits.queued[i] != 0;
    return wrong == 0 && set == meant;
}

enum { RANDOM_MAP, SPARSE, ALL_WEAK, COMB, SPIRAL, MAPS };

static uint8_t class_of(int kind, ptrdiff_t y, ptrdiff_t x, ptrdiff_t rows)
{
    switch (kind) {
    case RANDOM_MAP:
        return (uint8_t)random_below(3);
    case SPARSE: /* near the density at which groups become large */
        return random_below(100) < 40 ? CLASS_WEAK + (random_below(60) == 0)
                                      : CLASS_NONE;
    case ALL_WEAK:
        return CLASS_WEAK;
    case COMB: /* one line, up and down */
        return x % 2 || y == (x % 4 ? rows - 1 : 0) ? CLASS_WEAK : CLASS_NONE;
    default:
        return CLASS_NONE;
    }
}

/* Is this pixel inside, and not on the line? */
static int is_free(const map *m, ptrdiff_t y, ptrdiff_t x)
{
    return y >= 0 && y < m->rows && x >= 1 && x < m->cols - 1 &&
           *at(m, y, x) == CLASS_NONE;
}

/* May the line go on from (y, x) without touching what it has drawn? */
static int may_step(const map *m, ptrdiff_t y, ptrdiff_t x, const int *step)
{
    ptrdiff_t v = y + 2 * step[0], u = x + 2 * step[1];
    int outside = v < 0 || v >= m->rows || u < 1 || u >= m->cols - 1;
    return is_free(m, y + step[0], x + step[1]) && (outside || is_free(m, v, u));
}

/* One weak line from the corner inwards, one pixel apart from itself; strong where
 * it ends. */
static void draw_spiral(const map *m)
{
    static const int steps[4][2] = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}};
    ptrdiff_t y = 0, x = 1;
    *at(m, y, x) = CLASS_WEAK;
    for (int turn = 0, stuck = 0; stuck < 2; turn = (turn + 1) % 4, stuck++) {
        for (; may_step(m, y, x, steps[turn]); stuck = 0) {
            y += steps[turn][0];
            x += steps[turn][1];
            *at(m, y, x) = CLASS_WEAK;
        }
    }
    *at(m, y, x) = CLASS_STRONG;
}

static void fill_map(const map *m, int kind)
{
    ptrdiff_t rows = m->rows, cols = m->cols;
    for (ptrdiff_t y = 0; y < rows; y++) {
        for (ptrdiff_t x = 0; x < cols; x++)
            *at(m, y, x) = class_of(kind, y, x, rows);
        *at(m, y, 0) = *at(m, y, cols - 1) = CLASS_NONE;
    }
    if (cols < 3)
        return;
    if (kind == SPIRAL)
        draw_spiral(m);
    else if (kind != RANDOM_MAP)
        *at(m, random_below(rows), 1 + random_below(cols - 2)) = CLASS_STRONG;
}

/* ------------------------------------------------------------------------ */
/* pack_row, trace_rows                                                     */
/* ------------------------------------------------------------------------ */

void check_pack_row(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++) {
        ptrdiff_t n = length_number(i), words = (n + WORD_BITS - 1) / WORD_BITS;
        guarded classes = guarded_new((size_t)(words * WORD_BITS), random_side());
        guarded bits[2];
        ptrdiff_t wrong = 0;
        for (int c = 0; c < 2; c++)
            bits[c] = guarded_new((size_t)words * sizeof(uint64_t), random_side());
        uint64_t *weak = (void *)bits[0].bytes, *strong = (void *)bits[1].bytes;
        for (ptrdiff_t x = 0; x < words * WORD_BITS; x++)
            classes.bytes[x] = x < n ? (uint8_t)random_below(3) : CLASS_NONE;
        k->pack_row(classes.bytes, n, weak, strong);
        for (ptrdiff_t x = 0; x < words * WORD_BITS; x++) {
            ptrdiff_t word = x / WORD_BITS, bit = x % WORD_BITS;
            wrong += (weak[word] >> bit & 1) != (classes.bytes[x] == CLASS_WEAK);
            wrong += (strong[word] >> bit & 1) != (classes.bytes[x] == CLASS_STRONG);
        }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
        guarded_free(&classes);
        guarded_free(&bits[0]);
        guarded_free(&bits[1]);
    }
}

/* All rows of a band at once. */
static void band_one(const plain_kernels *k, ptrdiff_t rows, ptrdiff_t cols, int kind)
{
    map m = map_new(rows, cols);
    int grew = 0;
    fill_map(&m, kind);
    to_bits(&m);
    uint8_t *before = malloc((size_t)(rows * cols));
    memcpy(before, m.bytes, (size_t)(rows * cols));
    spec_flood(m.bytes, rows, cols, cols);
    k->trace_rows(&m.bits, 0, rows, &grew);
    check_case("(%td x %td, kind %d)", rows, cols, kind);
    CHECK(is_same(&m, m.bytes));
    CHECK(grew == (memcmp(before, m.bytes, (size_t)(rows * cols)) != 0));
    free(before);
    map_free(&m);
}

/* What strong pixels beside row `row` light there. */
static void spec_seam(const map *m, ptrdiff_t row, ptrdiff_t beside)
{
    for (ptrdiff_t x = 1; x < m->cols - 1; x++)
        for (ptrdiff_t u = x - 1; u <= x + 1; u++)
            if (*word_at(m, m->bits.strong, beside, u) >> u % WORD_BITS & 1 &&
                *at(m, row, x) == CLASS_WEAK)
                *at(m, row, x) = CLASS_STRONG;
}

/* A traced band, and then a neighbour's row beyond its first or last. */
static void seam_one(const plain_kernels *k, ptrdiff_t rows, ptrdiff_t cols, int kind)
{
    map m = map_new(rows, cols);
    int below = random_below(2) != 0, often = random_below(2) ? 3 : 40, grew = 1;
    ptrdiff_t row = below ? rows - 1 : 0, beside = below ? rows : -1;
    fill_map(&m, kind);
    to_bits(&m);
    k->trace_rows(&m.bits, 0, rows, &grew);
    CHECK(grew == 1); /* set, never cleared */
    spec_flood(m.bytes, rows, cols, cols);
    for (ptrdiff_t x = 1; x < cols - 1; x++)
        if (random_below(often) == 0)
            *word_at(&m, m.bits.strong, beside, x) |= UINT64_C(1) << x % WORD_BITS;
    spec_seam(&m, row, beside);
    spec_flood(m.bytes, rows, cols, cols);
    k->trace_rows(&m.bits, row, 1, &grew);
    check_case("(%td x %td, kind %d, row %td)", rows, cols, kind, row);
    CHECK(is_same(&m, m.bytes));
    map_free(&m);
}

void check_trace_rows(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS - 1; i++)
        for (int kind = 0; kind < MAPS; kind++) {
            band_one(k, 1 + random_below(24), length_number(i), kind);
            for (int times = 0; times < 3; times++)
                seam_one(k, 1 + random_below(12), length_number(i), kind);
        }
    for (int kind = 0; kind < MAPS; kind++) {
        band_one(k, 64, 101, kind);
        band_one(k, 64, 64, kind);
        band_one(k, 64, 1030, kind);
    }
}

/* ------------------------------------------------------------------------ */
/* erode_row, expand_row                                                      */
/* ------------------------------------------------------------------------ */

static void erode_one(const plain_kernels *k, ptrdiff_t n, ptrdiff_t stride)
{
    guarded mask[3], classes = guarded_new((size_t)n, random_side());
    const uint8_t *rows[3];
    uint8_t *right = malloc((size_t)n);
    int rare = 1 + (int)random_below(20);
    for (int y = 0; y < 3; y++) {
        mask[y] = guarded_new(span_of(n, stride, 1), random_side());
        for (size_t i = 0; i < mask[y].size; i++)
            mask[y].bytes[i] =
                random_below(rare) ? (uint8_t)(1 + random_below(255)) : 0;
        rows[y] = start_of(&mask[y], n, stride);
    }
    for (ptrdiff_t x = 0; x < n; x++)
        right[x] = classes.bytes[x] = (uint8_t)random_below(3);
    for (ptrdiff_t x = 1; x < n - 1; x++)
        for (int y = 0; y < 3; y++)
            for (ptrdiff_t u = x - 1; u <= x + 1; u++)
                right[x] = rows[y][u * stride] ? right[x] : CLASS_NONE;
    k->erode_row(rows, stride, n, classes.bytes);
    check_case("(n %td, stride %td)", n, stride);
    CHECK(memcmp(classes.bytes, right, (size_t)n) == 0);
    free(right);
    guarded_free(&classes);
    for (int y = 0; y < 3; y++)
        guarded_free(&mask[y]);
}

void check_erode_row(const plain_kernels *k)
{
    static const ptrdiff_t strides[] = {1, 1, -1, 3, -5, 0};
    for (ptrdiff_t i = 0; i < LENGTHS * 12; i++)
        erode_one(k, length_number(i / 12), strides[i % COUNT_OF(strides)]);
}

void check_expand_row(const plain_kernels *k)
{
    static const ptrdiff_t strides[] = {1, 1, -1, 3, -5};
    for (ptrdiff_t i = 0; i < LENGTHS * COUNT_OF(strides); i++) {
        ptrdiff_t n = length_number(i / COUNT_OF(strides)), wrong = 0;
        ptrdiff_t stride = strides[i % COUNT_OF(strides)];
        ptrdiff_t words = (n + WORD_BITS - 1) / WORD_BITS;
        guarded bits = guarded_new((size_t)words * sizeof(uint64_t), random_side());
        guarded out = guarded_new(span_of(n, stride, 1), random_side());
        uint8_t *first = start_of(&out, n, stride);
        uint64_t *word = (void *)bits.bytes;
        random_fill(bits.bytes, bits.size);
        memset(out.bytes, 7, out.size);
        k->expand_row(word, n, first, stride);
        for (ptrdiff_t x = 0; x < n; x++) {
            wrong += first[x * stride] != (word[x / WORD_BITS] >> x % WORD_BITS & 1);
            first[x * stride] = 7;
        }
        for (size_t b = 0; b < out.size; b++)
            wrong += out.bytes[b] != 7; /* what lies between is not touched */
        check_case("(n %td, stride %td)", n, stride);
        CHECK(wrong == 0);
        guarded_free(&bits);
        guarded_free(&out);
    }
}
