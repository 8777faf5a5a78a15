/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kernels/trace.c: hysteresis against a flood fill that sweeps until nothing
 * changes. Maps of classes are the caller's output: not padded, of any stride; the
 * stack has room for exactly one band.
 */
#include "kernels_test.h"

#include "spec.h"

/* ------------------------------------------------------------------------ */
/* Maps                                                                     */
/* ------------------------------------------------------------------------ */

typedef struct map {
    guarded memory, stack;
    class_band band;
} map;

/* Between the rows of a map with gaps lie weak pixels that are none of ours. */
static map map_new(ptrdiff_t rows, ptrdiff_t cols)
{
    static const ptrdiff_t gaps[] = {0, 0, 1, 13};
    ptrdiff_t gap = cols + gaps[random_below(4)];
    map m;
    m.memory = guarded_new((size_t)((rows - 1) * gap + cols), random_side());
    m.stack = guarded_new((size_t)(rows * cols) * sizeof(class_pixel), random_side());
    memset(m.memory.bytes, CLASS_WEAK, m.memory.size);
    int upwards = random_below(4) == 0;
    m.band = (class_band){m.memory.bytes + (upwards ? (rows - 1) * gap : 0),
                          upwards ? -gap : gap, rows, cols};
    return m;
}

static void map_free(map *m)
{
    guarded_free(&m->memory);
    guarded_free(&m->stack);
}

static class_pixel *stack_of(const map *m)
{
    return (class_pixel *)(void *)m->stack.bytes;
}

static uint8_t *at(const map *m, ptrdiff_t y, ptrdiff_t x)
{
    return m->band.first + y * m->band.stride + x;
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
    return y >= 0 && y < m->band.rows && x >= 1 && x < m->band.cols - 1 &&
           *at(m, y, x) == CLASS_NONE;
}

/* May the line go on from (y, x) without touching what it has drawn? */
static int may_step(const map *m, ptrdiff_t y, ptrdiff_t x, const int *step)
{
    ptrdiff_t v = y + 2 * step[0], u = x + 2 * step[1];
    int outside = v < 0 || v >= m->band.rows || u < 1 || u >= m->band.cols - 1;
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
    ptrdiff_t rows = m->band.rows, cols = m->band.cols;
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

/* The map and everything between its rows, as it should be after the flood. */
static uint8_t *spec_traced(const map *m)
{
    uint8_t *copy = malloc(m->memory.size);
    memcpy(copy, m->memory.bytes, m->memory.size);
    spec_flood(copy + (m->band.first - m->memory.bytes), m->band.rows, m->band.cols,
               m->band.stride);
    return copy;
}

/* ------------------------------------------------------------------------ */
/* trace_band, trace_seam                                                   */
/* ------------------------------------------------------------------------ */

static void band_one(const plain_kernels *k, ptrdiff_t rows, ptrdiff_t cols, int kind)
{
    map m = map_new(rows, cols);
    fill_map(&m, kind);
    uint8_t *right = spec_traced(&m);
    k->trace_band(&m.band, stack_of(&m));
    check_case("(%td x %td, kind %d, stride %td)", rows, cols, kind, m.band.stride);
    CHECK(memcmp(m.memory.bytes, right, m.memory.size) == 0);
    free(right);
    map_free(&m);
}

void check_trace_band(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS - 1; i++)
        for (int kind = 0; kind < MAPS; kind++)
            band_one(k, 1 + random_below(24), length_number(i), kind);
    for (int kind = 0; kind < MAPS; kind++) {
        band_one(k, 64, 101, kind);
        band_one(k, 64, 64, kind);
        band_one(k, 64, 1030, kind);
    }
}

/* What a strong pixel of `from` touches in row `row`; did anything change? */
static int spec_seam(const uint8_t *from, const map *m, ptrdiff_t row)
{
    int changed = 0;
    for (ptrdiff_t x = 1; x < m->band.cols - 1; x++)
        for (ptrdiff_t u = x - 1; u <= x + 1; u++)
            if (from[x] == CLASS_STRONG && *at(m, row, u) == CLASS_WEAK) {
                *at(m, row, u) = CLASS_STRONG;
                changed = 1;
            }
    return changed;
}

static void seam_one(const plain_kernels *k, ptrdiff_t rows, ptrdiff_t cols, int kind)
{
    map m = map_new(rows, cols);
    guarded from = guarded_new((size_t)cols, random_side());
    ptrdiff_t row = random_bits() & 1 ? 0 : rows - 1;
    int often = random_below(2) ? 3 : 40, changed = 0;
    fill_map(&m, kind);
    for (ptrdiff_t x = 0; x < cols; x++)
        from.bytes[x] = random_below(often) ? CLASS_NONE : (uint8_t)random_below(3);
    from.bytes[0] = from.bytes[cols - 1] = CLASS_NONE;
    k->trace_band(&m.band, stack_of(&m)); /* bands are traced before their seams */
    uint8_t *before = malloc(m.memory.size);
    memcpy(before, m.memory.bytes, m.memory.size);
    int should_change = spec_seam(from.bytes, &m, row);
    uint8_t *right = spec_traced(&m);
    memcpy(m.memory.bytes, before, m.memory.size);
    k->trace_seam(from.bytes, &m.band, row, stack_of(&m), &changed);
    check_case("(%td x %td, kind %d, row %td)", rows, cols, kind, row);
    CHECK(memcmp(m.memory.bytes, right, m.memory.size) == 0);
    CHECK(changed == should_change);
    changed = 1;
    k->trace_seam(from.bytes, &m.band, row, stack_of(&m), &changed);
    CHECK(changed == 1); /* set, never cleared */
    free(before);
    free(right);
    guarded_free(&from);
    map_free(&m);
}

void check_trace_seam(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS - 1; i++)
        for (int times = 0; times < 4; times++)
            for (int kind = 0; kind < MAPS; kind++)
                seam_one(k, 1 + random_below(12), length_number(i), kind);
}

/* ------------------------------------------------------------------------ */
/* erode_row, finish_row                                                    */
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

void check_finish_row(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS * 2; i++) {
        ptrdiff_t n = length_number(i / 2);
        guarded classes = guarded_new((size_t)n, random_side());
        uint8_t *right = malloc((size_t)n);
        for (ptrdiff_t x = 0; x < n; x++) {
            classes.bytes[x] = (uint8_t)random_below(3);
            right[x] = classes.bytes[x] == CLASS_STRONG;
        }
        k->finish_row(classes.bytes, n);
        check_case("(n %td)", n);
        CHECK(memcmp(classes.bytes, right, (size_t)n) == 0);
        free(right);
        guarded_free(&classes);
    }
}
