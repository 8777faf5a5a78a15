/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/corner_points.c, fast.c and fast_bytes.c against loops over pixels. */
#include "kernels_test.h"

#include <math.h>

#include "core/segments.h"
#include "spec.h"

#define COLS 300
#define SIDE 13
#define ROWS_AT_MOST 7
#define COLS_AT_MOST 31

static double at(const void *row, ptrdiff_t x, int is_float)
{
    return is_float ? (double)((const float *)row)[x] : ((const double *)row)[x];
}

/* Rows of multiples of 1/8: sums of them are exact, in any order. */
static void rows_new(guarded *memory, const void **rows, int count, ptrdiff_t n,
                     int is_float)
{
    size_t size = is_float ? 4 : 8;
    for (int y = 0; y < count; y++) {
        memory[y] = guarded_new((size_t)n * size, random_side());
        rows[y] = memory[y].bytes;
        for (ptrdiff_t x = 0; x < n; x++) {
            double v = (double)random_below(9) / 8;
            float narrow = (float)v;
            memcpy(memory[y].bytes + (size_t)x * size, is_float ? (void *)&narrow : &v,
                   size);
        }
    }
}

static void rows_free(guarded *memory, int count)
{
    for (int y = 0; y < count; y++)
        guarded_free(&memory[y]);
}

void check_narrow_row(const real_kernels *k, int is_float)
{
    wide_row in = wide_row_new(COLS);
    guarded out = guarded_new(COLS * (is_float ? 4 : 8), random_side());
    int wrong = 0;
    for (int x = 0; x < COLS; x++)
        in.first[x] = random_between(-1, 1);
    k->narrow_row(in.first, COLS, out.bytes);
    for (int x = 0; x < COLS; x++)
        wrong += at(out.bytes, x, is_float) !=
                 (is_float ? (double)(float)in.first[x] : in.first[x]);
    CHECK(wrong == 0);
    guarded_free(&in.memory);
    guarded_free(&out);
}

static double spec_moravec(const void *const *rows, ptrdiff_t x, ptrdiff_t w,
                           int is_float)
{
    double least = is_float ? (double)INFINITY : 0x1.fffffffffffffp+1023;
    for (ptrdiff_t i = -w; i <= w; i++)
        for (ptrdiff_t j = -w; j <= w; j++) {
            double sum = 0;
            for (ptrdiff_t y = -w; y <= w; y++)
                for (ptrdiff_t u = -w; u <= w; u++) {
                    double t = at(rows[2 * w + y], x + u, is_float) -
                               at(rows[2 * w + y + i], x + u + j, is_float);
                    sum += t * t;
                }
            if (i != 0 && j != 0 && sum < least)
                least = sum;
        }
    return least;
}

void check_moravec_rows(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 60; round++) {
        guarded memory[SIDE + 4], out;
        const void *rows[SIDE + 4];
        ptrdiff_t w = random_below(4), n = 4 * w + 1 + random_below(COLS);
        ptrdiff_t many = 1 + random_below(5), item = is_float ? 4 : 8;
        int wrong = 0, count = (int)(4 * w + many);
        rows_new(memory, rows, count, n, is_float);
        out = guarded_new((size_t)(many * n * item), random_side());
        k->moravec_rows(rows, many, n, w, out.bytes, n * item);
        for (ptrdiff_t y = 0; y < many; y++)
            for (ptrdiff_t x = 2 * w; x < n - 2 * w; x++)
                wrong += at(out.bytes, y * n + x, is_float) !=
                         spec_moravec(rows + y, x, w, is_float);
        check_case("(%td rows of %td, window %td)", many, n, w);
        CHECK(wrong == 0);
        rows_free(memory, count);
        guarded_free(&out);
    }
}

/* The response of a circle: +1, -1 or 0 for each pixel in `state`. */
static double spec_fast(const double *circle, double centre, const int *state, int arc)
{
    double sum = 0;
    int quarters[2] = {0, 0}, found = 0;
    for (int side = 0; side < 2; side++) {
        int wanted = side == 0 ? 1 : -1, run = 0;
        for (int i = 0; i < 16; i += 4)
            quarters[side] += state[i] == wanted;
        for (int i = 0; i < 15 + arc; i++) {
            run = state[i % 16] == wanted ? run + 1 : 0;
            found |= run >= arc;
        }
    }
    if (!found || (arc >= 12 && quarters[0] < 3 && quarters[1] < 3))
        return 0;
    for (int i = 0; i < 16; i++)
        sum += fabs(circle[i] - centre);
    return sum;
}

static const int down[16] = {0, 1, 2, 3, 3, 3, 2, 1, 0, -1, -2, -3, -3, -3, -2, -1};
static const int right[16] = {3, 3, 2, 1, 0, -1, -2, -3, -3, -3, -2, -1, 0, 1, 2, 3};

/* Bits of the corners of rows of multiples of 1/8 as bytes: 1/4 is more than 62. */
static void screen_rows(const real_kernels *k, const void *const *rows, ptrdiff_t n,
                        int arc, uint64_t *words)
{
    static uint8_t bytes[7][COLS], spare[2 * COLS];
    const uint8_t *screened[7];
    const fast_rule rule = {.arc = arc, .step = 62};
    for (int y = 0; y < 7; y++) {
        int32_t outside = 1;
        k->fast_screen(rows[y], n, bytes[y], &outside);
        CHECK(outside == 0);
        screened[y] = bytes[y];
    }
    plain_kernels_in_use()->fast_bits(screened, n, &rule, spare, words);
}

void check_fast_screen(const real_kernels *k, int is_float)
{
    static const double strange[] = {NAN, -0x1p-30, 1 + 0x1p-20, INFINITY, -INFINITY};
    for (int round = 0; round < 60; round++) {
        guarded memory, out;
        const void *row;
        ptrdiff_t n = 1 + random_below(COLS), x = random_below(n);
        int wrong = 0, is_strange = round % 2;
        int32_t outside = 7;
        rows_new(&memory, &row, 1, n, is_float);
        out = guarded_new((size_t)n, random_side());
        if (is_strange) {
            double v = strange[random_below(5)];
            float narrow = (float)v;
            size_t size = is_float ? 4 : 8;
            memcpy(memory.bytes + (size_t)x * size,
                   is_float ? (void *)&narrow : (void *)&v, size);
        }
        k->fast_screen(row, n, out.bytes, &outside);
        for (ptrdiff_t i = 0; i < n; i++)
            if (!is_strange || i != x)
                wrong += out.bytes[i] != (uint8_t)(255 * at(row, i, is_float));
        CHECK(wrong == 0 && (outside != 0) == is_strange);
        guarded_free(&memory);
        guarded_free(&out);
    }
}

void check_fast_row(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 60; round++) {
        guarded memory[7], out;
        const void *rows[7];
        ptrdiff_t n = 1 + random_below(COLS);
        fast_rule rule = {.threshold = 0.25, .arc = 1 + (int)random_below(16)};
        int wrong = 0;
        rows_new(memory, rows, 7, n, is_float);
        out = guarded_new((size_t)n * (is_float ? 4 : 8), random_side());
        uint64_t words[FAST_WORDS(COLS)];
        memset(words, 0xff, sizeof words);
        if (round % 2)
            screen_rows(k, rows, n, rule.arc, words);
        k->fast_row(rows, n, &rule, round % 4 ? words : NULL, out.bytes);
        for (ptrdiff_t x = 0; x < n; x++) {
            double circle[16], centre = at(rows[3], x, is_float), expected = 0;
            int state[16], inside = x >= 3 && x < n - 3;
            for (int i = 0; i < 16 && inside; i++) {
                circle[i] = at(rows[3 + down[i]], x + right[i], is_float);
                state[i] = (circle[i] > centre + 0.25) - (circle[i] < centre - 0.25);
            }
            if (inside)
                expected = spec_fast(circle, centre, state, rule.arc);
            wrong += at(out.bytes, x, is_float) != expected;
        }
        check_case("(n %td, arc %d)", n, rule.arc);
        CHECK(wrong == 0);
        rows_free(memory, 7);
        guarded_free(&out);
    }
}

static int has_bit(const uint64_t *words, ptrdiff_t k)
{
    return words[k / 64] >> k % 64 & 1;
}

void check_fast_bits(const plain_kernels *k)
{
    static uint8_t above[256], below[256];
    for (int v = 0; v < 256; v++) {
        above[v] = (uint8_t)(v > 200 ? 255 : v + 55);
        below[v] = (uint8_t)(v < 55 ? 0 : v - 55);
    }
    for (int round = 0; round < 160; round++) {
        static uint8_t pixels[7][COLS];
        const uint8_t *rows[7];
        ptrdiff_t n = 7 + random_below(COLS - 7);
        size_t room = (size_t)FAST_WORDS(n) * 8;
        guarded spare = guarded_new(2 * (size_t)n, random_side());
        guarded out = guarded_new(room, GUARD_AFTER);
        uint64_t words[FAST_WORDS(COLS)] = {0};
        fast_rule rule = {.arc = 1 + round % 16,
                          .step = round / 16 % 2 ? 55 : -1,
                          .not_above = above,
                          .not_below = below};
        int wrong = 0;
        random_fill(pixels, sizeof pixels);
        for (int y = 0; y < 7; y++)
            rows[y] = pixels[y];
        for (ptrdiff_t x = 3; x < n - 3; x += 7) { /* long arcs are rare */
            ptrdiff_t first = random_below(16), length = random_below(17);
            for (ptrdiff_t i = first; i < first + length; i++)
                pixels[3 + down[i % 16]][x + right[i % 16]] = x % 2 ? 255 : 0;
        }
        k->fast_bits(rows, n, &rule, spare.bytes, (uint64_t *)(void *)out.bytes);
        memcpy(words, out.bytes, room);
        for (ptrdiff_t x = 3; x < n - 3; x++) {
            double circle[16], centre = rows[3][x];
            int state[16];
            for (int i = 0; i < 16; i++) {
                circle[i] = rows[3 + down[i]][x + right[i]];
                state[i] =
                    (circle[i] > above[rows[3][x]]) - (circle[i] < below[rows[3][x]]);
            }
            wrong += has_bit(words, x - 3) !=
                     (spec_fast(circle, centre, state, rule.arc) != 0);
        }
        for (ptrdiff_t bit = n - 6; bit < (ptrdiff_t)room * 8; bit++)
            wrong += has_bit(words, bit);
        check_case("(n %td, arc %d)", n, rule.arc);
        CHECK(wrong == 0);
        guarded_free(&spare);
        guarded_free(&out);
    }
}

void check_fast_bytes(const plain_kernels *k)
{
    static double scaled[256];
    for (int v = 0; v < 256; v++)
        scaled[v] = v;
    for (int round = 0; round < 60; round++) {
        static uint8_t pixels[7][COLS];
        const uint8_t *rows[7];
        ptrdiff_t n = 1 + random_below(COLS - 1);
        guarded out = guarded_new((size_t)n * 8, random_side());
        uint64_t words[FAST_WORDS(COLS)] = {0};
        const fast_rule rule = {.scaled = scaled};
        int wrong = 0;
        random_fill(pixels, sizeof pixels);
        for (int y = 0; y < 7; y++)
            rows[y] = pixels[y];
        for (ptrdiff_t bit = 0; bit < n - 6; bit++)
            words[bit / 64] |= (uint64_t)(random_below(5) == 0) << bit % 64;
        k->fast_bytes(rows, n, &rule, words, (double *)(void *)out.bytes);
        for (ptrdiff_t x = 0; x < n; x++) {
            double expected = 0;
            int is_set = x >= 3 && x < n - 3 && has_bit(words, x - 3);
            for (int i = 0; i < 16 && is_set; i++)
                expected += fabs((double)rows[3 + down[i]][x + right[i]] - rows[3][x]);
            wrong += at(out.bytes, x, 0) != expected;
        }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
        guarded_free(&out);
    }
}

typedef struct mask_of_test {
    uint8_t under[ROWS_AT_MOST * COLS_AT_MOST];
    ptrdiff_t first[ROWS_AT_MOST + 1], rows, cols;
    mask_segment segments[ROWS_AT_MOST * COLS_AT_MOST];
    patch_mask mask;
} mask_of_test;

static void random_mask(mask_of_test *m)
{
    double share = random_between(0.05, 1.2);
    ptrdiff_t count = 0;
    m->rows = 1 + 2 * random_below(ROWS_AT_MOST / 2 + 1);
    m->cols = 1 + 2 * random_below(COLS_AT_MOST / 2 + 1);
    for (ptrdiff_t y = 0; y < m->rows; y++) {
        for (ptrdiff_t x = 0; x < m->cols; x++)
            m->under[y * m->cols + x] = random_between(0, 1) < share;
        m->first[y] = count;
        count += list_segments(m->under + y * m->cols, 1, m->cols, m->cols / 2,
                               m->segments + count);
        CHECK(count - m->first[y] <= segments_at_most(m->cols));
    }
    m->first[m->rows] = count;
    m->mask = (patch_mask){m->first, m->segments, m->rows, m->cols / 2, m->rows / 2};
}

static double rounded(double v, int is_float)
{
    return is_float ? (double)(float)v : v;
}

/* The direction of a patch, every sum in its type and order. */
static double spec_angle(const void *patch, ptrdiff_t stride, const mask_of_test *m,
                         int is_float)
{
    double moment_right = 0, moment_down = 0;
    for (ptrdiff_t y = 0; y < m->rows; y++) {
        double sum = 0;
        for (ptrdiff_t x = 0; x < m->cols; x++) {
            if (!m->under[y * m->cols + x])
                continue;
            double v = at(patch, y * stride + x, is_float);
            double weight = (double)(x - m->cols / 2);
            moment_right =
                rounded(moment_right + rounded(v * weight, is_float), is_float);
            sum = rounded(sum + v, is_float);
        }
        double weight = (double)(y - m->rows / 2);
        moment_down = rounded(moment_down + rounded(sum * weight, is_float), is_float);
    }
    return atan2(moment_down, moment_right);
}

/* A patch that ends where it must not be left; what is not under the mask is NaN. */
static guarded random_patch(const mask_of_test *m, ptrdiff_t stride, int is_float)
{
    size_t size = is_float ? 4 : 8;
    ptrdiff_t pixels = (m->rows - 1) * stride + m->cols;
    guarded patch = guarded_new((size_t)pixels * size, random_side());
    for (ptrdiff_t k = 0; k < pixels; k++) {
        ptrdiff_t x = k % stride, y = k / stride;
        int counts = x < m->cols && m->under[y * m->cols + x];
        double v = counts ? random_between(-1, 1) : (double)NAN;
        float narrow = (float)v;
        memcpy(patch.bytes + (size_t)k * size, is_float ? (void *)&narrow : &v, size);
    }
    return patch;
}

void check_orientations(const real_kernels *k, int is_float)
{
    for (int round = 0; round < 200; round++) {
        mask_of_test m;
        guarded memory[PATCHES],
            out = guarded_new(PATCHES * (is_float ? 4 : 8), GUARD_AFTER);
        const void *patches[PATCHES];
        ptrdiff_t strides[PATCHES];
        random_mask(&m);
        for (int i = 0; i < PATCHES; i++) {
            strides[i] = m.cols + i % 2;
            memory[i] = random_patch(&m, strides[i], is_float);
            patches[i] = memory[i].bytes;
        }
        k->orientations(patches, strides, &m.mask, out.bytes);
        check_case("(%td by %td)", m.rows, m.cols);
        for (int i = 0; i < PATCHES; i++) {
            double angle = spec_angle(patches[i], strides[i], &m, is_float);
            double error = fabs(at(out.bytes, i, is_float) - angle);
            CHECK(error <= (is_float ? 3e-7 : 1e-15));
        }
        rows_free(memory, PATCHES);
        guarded_free(&out);
    }
}
