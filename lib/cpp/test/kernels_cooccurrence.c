/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cooccurrence.c, haralick.c and multiblock.c against loops over elements. */
#include "kernels_test.h"

#include <math.h>

#include "kernels/math.h"

#define ROWS 9
#define COLS 70
#define LEVELS 7

static const feature_dtype types[] = {FEATURE_UINT8, FEATURE_UINT16, FEATURE_UINT32,
                                      FEATURE_UINT64};

/* Levels in pixels of `size` bytes, `step` pixels apart. */
typedef struct picture {
    feature_array array;
    ptrdiff_t shape[2], strides[2];
    int level[ROWS][COLS];
    unsigned char bytes[ROWS * COLS * 8 * 2];
} picture;

static void picture_fill(picture *p, int type, ptrdiff_t step)
{
    ptrdiff_t size = (ptrdiff_t)1 << type;
    *p = (picture){.shape = {ROWS, COLS}, .strides = {COLS * step * size, step * size}};
    p->array = (feature_array){p->bytes, p->shape, p->strides, 2, types[type]};
    for (int y = 0; y < ROWS; y++)
        for (int x = 0; x < COLS; x++) {
            uint64_t v = (uint64_t)random_below(LEVELS);
            p->level[y][x] = (int)v; /* little-endian or not */
            unsigned char *at = p->bytes + y * p->strides[0] + x * p->strides[1];
            uint8_t a = (uint8_t)v;
            uint16_t b = (uint16_t)v;
            uint32_t c = (uint32_t)v;
            const void *from[] = {&a, &b, &c, &v};
            memcpy(at, from[type], (size_t)size);
        }
}

void check_greatest_grey(const plain_kernels *k)
{
    static picture p;
    for (int round = 0; round < 40; round++) {
        uint64_t most = (uint64_t)random_below(3), expected = most;
        ptrdiff_t n = 1 + random_below(COLS);
        picture_fill(&p, round % 4, 1 + round / 4 % 2);
        for (ptrdiff_t x = 0; x < n; x++)
            expected = (uint64_t)p.level[0][x] > expected ? (uint64_t)p.level[0][x]
                                                          : expected;
        k->greatest_grey(p.bytes, p.strides[1], n, (ptrdiff_t)1 << (round % 4), &most);
        CHECK(most == expected);
    }
}

static void spec_pairs(const picture *p, ptrdiff_t begin, ptrdiff_t end, pair_offset o,
                       uint32_t *table)
{
    for (ptrdiff_t y = begin; y < end; y++)
        for (ptrdiff_t x = 0; x < COLS; x++)
            if (y + o.down < ROWS && x + o.right >= 0 && x + o.right < COLS)
                table[p->level[y][x] * LEVELS +
                      p->level[y + o.down][x + o.right]]++;
}

void check_count_pairs(const plain_kernels *k)
{
    static picture p;
    for (int round = 0; round < 200; round++) {
        uint32_t found[PAIRS_AT_ONCE][LEVELS * LEVELS] = {{0}};
        uint32_t expected[PAIRS_AT_ONCE][LEVELS * LEVELS] = {{0}};
        uint32_t *tables[PAIRS_AT_ONCE];
        pair_offset offsets[PAIRS_AT_ONCE];
        int count = 1 + (int)random_below(PAIRS_AT_ONCE);
        ptrdiff_t begin = random_below(ROWS),
                  end = begin + random_below(ROWS - begin + 1);
        picture_fill(&p, round % 4, 1 + round / 4 % 2);
        for (int i = 0; i < count; i++) {
            tables[i] = found[i];
            offsets[i].down = random_below(round % 3 == 0 ? ROWS + 1 : 3);
            offsets[i].right = random_below(round % 5 == 0 ? 2 * COLS + 1 : 5);
            offsets[i].right -= round % 5 == 0 ? COLS : 2;
            spec_pairs(&p, begin, end, offsets[i], expected[i]);
        }
        k->count_pairs(&p.array, (ptrdiff_t)1 << (round % 4), begin, end, offsets,
                       count, LEVELS, tables);
        CHECK(memcmp(found, expected, sizeof found) == 0);
    }
}

void check_count_pairs_in_place(const plain_kernels *k)
{
    static picture p;
    for (int round = 0; round < 80; round++) {
        uint32_t counts[LEVELS * LEVELS * 2] = {0}, expected[LEVELS * LEVELS] = {0};
        double frequencies[LEVELS * LEVELS * 2] = {0};
        count_plane plane = {round % 2 ? counts : NULL, round % 2 ? NULL : frequencies,
                             LEVELS, 2};
        pair_offset o = {random_below(3), random_below(5) - 2};
        ptrdiff_t y = random_below(ROWS - o.down);
        int turned = round / 2 % 2, wrong = 0;
        picture_fill(&p, round / 4 % 4, 1 + round / 16 % 2);
        spec_pairs(&p, y, y + 1, o, expected);
        k->count_pairs_in_place(&p.array, (ptrdiff_t)1 << (round / 4 % 4), y, &o,
                                turned, &plane);
        for (int i = 0; i < LEVELS; i++)
            for (int j = 0; j < LEVELS; j++) {
                int at = 2 * (turned ? j * LEVELS + i : i * LEVELS + j);
                uint32_t v = expected[i * LEVELS + j];
                wrong += round % 2 ? counts[at] != v : frequencies[at] != v;
            }
        CHECK(wrong == 0);
    }
}

void check_finish_in_place(const plain_kernels *k)
{
    for (int round = 0; round < 40; round++) {
        uint32_t counts[LEVELS][LEVELS], before[LEVELS][LEVELS];
        double frequencies[LEVELS][LEVELS], sum = 3;
        int symmetric = round % 2, counted = round / 2 % 2, wrong = 0;
        for (int i = 0; i < LEVELS; i++)
            for (int j = 0; j < LEVELS; j++)
                frequencies[i][j] = counts[i][j] = before[i][j] =
                    (uint32_t)random_below(9);
        count_plane plane = {counted ? counts[0] : NULL,
                             counted ? NULL : frequencies[0], LEVELS, 1};
        for (ptrdiff_t i = 0; i < LEVELS; i++)
            k->finish_in_place(&plane, i, symmetric, sum);
        for (int i = 0; i < LEVELS; i++)
            for (int j = 0; j < LEVELS; j++) {
                uint32_t v = before[i][j] + (symmetric ? before[j][i] : 0);
                wrong += counted ? counts[i][j] != v : frequencies[i][j] != v / sum;
            }
        CHECK(wrong == 0);
    }
}

void check_add_counts(const plain_kernels *k)
{
    uint32_t in[COLS], out[COLS], expected[COLS];
    random_fill(in, sizeof in);
    random_fill(out, sizeof out);
    for (int x = 0; x < COLS; x++)
        expected[x] = out[x] + (x < COLS - 3 ? in[x] : 0);
    k->add_counts(in, COLS - 3, out);
    CHECK(memcmp(out, expected, sizeof out) == 0);
}

void check_add_turned_counts(const plain_kernels *k)
{
    for (int round = 0; round < 40; round++) {
        uint32_t table[COLS][LEVELS], in[LEVELS * COLS], out[LEVELS * COLS];
        ptrdiff_t rows = 1 + random_below(LEVELS), cols = 1 + random_below(COLS);
        int wrong = 0;
        random_fill(table, sizeof table);
        random_fill(in, sizeof in);
        memcpy(out, in, sizeof out);
        k->add_turned_counts(table[0], LEVELS, rows, cols, out);
        for (ptrdiff_t at = 0; at < LEVELS * COLS; at++) {
            uint32_t added = at < rows * cols ? table[at % cols][at / cols] : 0;
            wrong += out[at] != in[at] + added;
        }
        check_case("(rows %td, cols %td)", rows, cols);
        CHECK(wrong == 0);
    }
}

/* Both writers: `divide` or not. */
static void check_write(const plain_kernels *k, int divide)
{
    for (int round = 0; round < 60; round++) {
        static uint32_t in[11][COLS];
        const uint32_t *rows[11];
        double sums[11];
        ptrdiff_t count = 1 + random_below(11), n = 1 + random_below(COLS);
        ptrdiff_t pitch = count + random_below(3);
        size_t size = divide ? sizeof(double) : sizeof(uint32_t);
        size_t used = (size_t)((n - 1) * pitch + count) * size;
        guarded out = guarded_new(used, random_side());
        int wrong = 0;
        for (ptrdiff_t i = 0; i < count; i++) {
            rows[i] = in[i];
            sums[i] = (double)(1 + random_below(9));
            for (ptrdiff_t x = 0; x < n; x++)
                in[i][x] = random_below(3) ? 0 : (uint32_t)random_bits();
        }
        if (divide)
            k->write_frequencies(rows, sums, count, n, pitch,
                                 (double *)(void *)out.bytes);
        else
            k->write_counts(rows, count, n, pitch, (uint32_t *)(void *)out.bytes);
        for (ptrdiff_t i = 0; i < count; i++)
            for (ptrdiff_t x = 0; x < n; x++) {
                const unsigned char *at = out.bytes + (size_t)(x * pitch + i) * size;
                wrong += divide
                             ? *(const double *)(const void *)at != in[i][x] / sums[i]
                             : *(const uint32_t *)(const void *)at != in[i][x];
            }
        check_case("(count %td, n %td)", count, n);
        CHECK(wrong == 0);
        guarded_free(&out);
    }
}

void check_write_counts(const plain_kernels *k)
{
    check_write(k, 0);
}

void check_write_frequencies(const plain_kernels *k)
{
    check_write(k, 1);
}

/* ------------------------------------------------------------------------ */
/* Properties                                                               */
/* ------------------------------------------------------------------------ */

#define PLANES_AT_MOST 10

void check_haralick_row(const plain_kernels *k)
{
    for (int round = 0; round < 60; round++) {
        enum { size = LEVELS * PLANES_AT_MOST };
        wide spare[HARALICK_SPARE + 16 * PLANES_AT_MOST];
        double rows[size] = {0}, columns[size] = {0}, differences[2 * size] = {0};
        double squares[PLANES_AT_MOST] = {0}, logarithms[PLANES_AT_MOST] = {0};
        ptrdiff_t planes = 1 + random_below(PLANES_AT_MOST), i = random_below(LEVELS);
        double terms[HARALICK_TERMS];
        int listed = random_below(2);
        haralick_sums s = {LEVELS,      planes,  rows,       columns,
                           differences, squares, logarithms, NULL};
        guarded row =
            guarded_new((size_t)(LEVELS * planes) * sizeof(wide), random_side());
        wide *p = (wide *)(void *)row.bytes;
        int wrong = 0;
        for (ptrdiff_t x = 0; x < LEVELS * planes; x++)
            p[x] = (double)(random_below(5) * (random_below(9) ? 1 : 500)); /* exact */
        k->haralick_terms(terms);
        s.terms = listed ? terms : NULL;
        k->haralick_row(p, i, &s, spare);
        for (ptrdiff_t q = 0; q < planes; q++) {
            double sum = 0, square = 0, entropy = 0;
            for (ptrdiff_t j = 0; j < LEVELS; j++) {
                double v = p[j * planes + q];
                sum += v;
                square += v * v;
                entropy += v > 0 ? v * log(v) : 0;
                wrong += columns[j * planes + q] != v;
                wrong += differences[(j - i + LEVELS - 1) * planes + q] != v;
            }
            wrong += rows[i * planes + q] != sum || squares[q] != square;
            wrong += fabs(logarithms[q] - entropy) > 1e-14 * (1 + entropy);
        }
        CHECK(wrong == 0);
        guarded_free(&row);
    }
}

/* Within 1.5 units of the C library's logarithm. */
static void check_logarithm(void)
{
    static const double edges[] = {0x1p-1074, 0x1p-1022, 0.5,  1, 0x1.6a09e667f3bcdp-1,
                                   0x1.fffffffffffffp+1023, 2, 10};
    for (int round = 0; round < 20000; round++) {
        double x = round < COUNT_OF(edges)
                       ? edges[round]
                       : ldexp(random_between(0.5, 1), (int)random_below(2000) - 1000);
        x = round % 3 == 0 && round > COUNT_OF(edges) ? random_between(0.9, 1.1) : x;
        double exact = log(x), unit = nextafter(fabs(exact), INFINITY) - fabs(exact);
        check_case("(%a)", x);
        CHECK(fabs(logarithm(x) - exact) <= 1.5 * unit);
    }
    CHECK(logarithm(0) == -INFINITY && logarithm(INFINITY) == INFINITY);
    CHECK(isnan(logarithm(-1)) && isnan(logarithm(NAN)));
}

void check_haralick_terms(const plain_kernels *k)
{
    double terms[HARALICK_TERMS];
    k->haralick_terms(terms);
    CHECK(terms[0] == 0 && terms[1] == 0);
    for (int x = 2; x < HARALICK_TERMS; x++) {
        check_case("(%d)", x);
        CHECK(fabs(terms[x] - x * log(x)) <= 1e-15 * x * log(x));
    }
}

void check_haralick_values(const plain_kernels *k)
{
    /* p = 3/4 at (0, 1), 1/4 at (1, 0). */
    double rows[] = {3, 1}, columns[] = {1, 3}, differences[] = {1, 0, 3};
    double squares[] = {10}, logarithms[] = {3 * log(3)}, v[PROPERTIES];
    haralick_sums s = {2, 1, rows, columns, differences, squares, logarithms, NULL};
    const double entropy = -(0.75 * log(0.75) + 0.25 * log(0.25));
    k->haralick_values(&s, 0, v);
    CHECK(v[FEATURE_CONTRAST] == 1 && v[FEATURE_DISSIMILARITY] == 1);
    CHECK(v[FEATURE_HOMOGENEITY] == 0.5 && v[FEATURE_ASM] == 0.625);
    CHECK(v[FEATURE_ENERGY] == sqrt(0.625) && v[FEATURE_MEAN] == 0.25);
    CHECK(v[FEATURE_VARIANCE] == 0.1875 && v[FEATURE_STD] == sqrt(0.1875));
    CHECK(fabs(v[FEATURE_CORRELATION] + 1) < 1e-15);
    CHECK(fabs(v[FEATURE_ENTROPY] - entropy) < 1e-15);
    check_logarithm();
}

/* ------------------------------------------------------------------------ */
/* Blocks                                                                   */
/* ------------------------------------------------------------------------ */

void check_multiblock_code(const plain_kernels *k)
{
    static const int order[8] = {0, 1, 2, 5, 8, 7, 6, 3};
    for (int round = 0; round < 300; round++) {
        int has_row = round % 2, has_col = round / 2 % 2;
        float blocks[9], sums[16] = {0};
        int32_t code = -1, expected = 0;
        for (int i = 0; i < 9; i++)
            blocks[i] = (float)random_below(4);
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) {
                /* What lies before the window cancels. */
                sums[4 * i + j] =
                    (float)((has_row ? 7 * j : 0) + (has_col ? 5 * i : 0));
                for (int y = 0; y < i; y++)
                    for (int x = 0; x < j; x++)
                        sums[4 * i + j] += blocks[3 * y + x];
            }
        for (int i = 0; i < 8; i++)
            expected |= (blocks[order[i]] >= blocks[4]) << (7 - i);
        k->multiblock_code(sums, has_row, has_col, &code);
        CHECK(code == expected);
    }
}
