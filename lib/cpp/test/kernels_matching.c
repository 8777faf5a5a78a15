/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/matching.c: scores against plain sums, and what is chosen of scores. */
#include <float.h>

#include "kernels_test.h"

#define QUERIES 8
#define LENGTH_AT_MOST 40

static void *filled(guarded *g, size_t count, size_t size)
{
    *g = guarded_new(count * size, random_side());
    random_fill(g->bytes, g->size);
    return g->bytes;
}

void check_bit_panel(const plain_kernels *k)
{
    for (ptrdiff_t words = 0; words < 10; words++) {
        guarded q, p, s;
        uint64_t *queries = filled(&q, (size_t)(QUERIES * words) + 1, 8);
        uint64_t *panel = filled(&p, (size_t)(PANEL * words) + 1, 8);
        float *scores = filled(&s, QUERIES * PANEL, sizeof(float));
        int wrong = 0;
        k->bit_panel(queries, QUERIES, panel, words, scores, PANEL);
        for (int i = 0; i < QUERIES; i++)
            for (int j = 0; j < PANEL; j++) {
                int bits = 0;
                for (ptrdiff_t w = 0; w < words; w++)
                    bits += __builtin_popcountll(queries[i * words + w] ^
                                                 panel[w * PANEL + j]);
                wrong += scores[i * PANEL + j] != (float)bits;
            }
        check_case("(%td words)", words);
        CHECK(wrong == 0);
        guarded_free(&q);
        guarded_free(&p);
        guarded_free(&s);
    }
}

/* Within the bound that matching.c states; exact for small integers. */
void check_dot_panel(const plain_kernels *k)
{
    for (int times = 0; times < 60; times++) {
        ptrdiff_t length = 1 + random_below(LENGTH_AT_MOST);
        int whole = times % 2, wrong = 0;
        guarded q, p, n, s;
        float *queries = filled(&q, (size_t)(QUERIES * length), sizeof(float));
        float *panel = filled(&p, (size_t)(PANEL * length), sizeof(float));
        float *norms = filled(&n, PANEL, sizeof(float));
        float *scores = filled(&s, QUERIES * PANEL, sizeof(float));
        for (ptrdiff_t x = 0; x < QUERIES * length; x++)
            queries[x] =
                whole ? (float)random_below(256) : (float)random_between(-1, 1);
        for (ptrdiff_t x = 0; x < PANEL * length; x++)
            panel[x] = whole ? (float)random_below(256) : (float)random_between(-1, 1);
        for (int j = 0; j < PANEL; j++)
            norms[j] =
                whole ? (float)random_below(1 << 20) : (float)random_between(0, 9);
        k->dot_panel(queries, QUERIES, panel, length, norms, scores, PANEL);
        for (int i = 0; i < QUERIES; i++)
            for (int j = 0; j < PANEL; j++) {
                double dot = 0;
                for (ptrdiff_t x = 0; x < length; x++)
                    dot += (double)queries[i * length + x] * panel[x * PANEL + j];
                double off = fabs(scores[i * PANEL + j] - ((double)norms[j] - 2 * dot));
                wrong += off > (whole ? 0 : (double)(length + 8) * 0x1p-24 * 40);
            }
        check_case("(length %td, whole %d)", length, whole);
        CHECK(wrong == 0);
        guarded_free(&q);
        guarded_free(&p);
        guarded_free(&n);
        guarded_free(&s);
    }
}

/* Exact for as many bytes as float32 holds the sums of. */
void check_byte_panel(const plain_kernels *k)
{
    for (int times = 0; times < 60; times++) {
        ptrdiff_t units = 1 + random_below(times % 3 == 0 ? 32 : LENGTH_AT_MOST);
        int is_extreme = times % 5 == 0, wrong = 0;
        guarded q, p, n, s, more;
        void *spare = filled(&more, (size_t)(TOGETHER * units), 8);
        int8_t *queries = filled(&q, (size_t)(QUERIES * units), 4);
        uint8_t *panel = filled(&p, (size_t)(PANEL * units), 4);
        float *norms = filled(&n, PANEL, sizeof(float));
        float *scores = filled(&s, QUERIES * PANEL, sizeof(float));
        for (ptrdiff_t x = 0; x < 4 * QUERIES * units; x++)
            queries[x] = (int8_t)(is_extreme ? -128 : random_below(256) - 128);
        for (ptrdiff_t x = 0; x < 4 * PANEL * units; x++)
            panel[x] = (uint8_t)(is_extreme ? 255 : random_below(256));
        for (int j = 0; j < PANEL; j++)
            norms[j] = (float)random_below(1 << 23);
        k->byte_panel(queries, QUERIES, panel, units, norms, spare, scores, PANEL);
        for (int i = 0; i < QUERIES; i++)
            for (int j = 0; j < PANEL; j++) {
                int64_t dot = 0;
                for (ptrdiff_t x = 0; x < 4 * units; x++)
                    dot += queries[i * 4 * units + x] *
                           panel[x / 4 * 4 * PANEL + 4 * j + x % 4];
                double score = (double)norms[j] - 2 * (double)dot;
                wrong += fabs((double)scores[i * PANEL + j] - score) >
                         (4 * units <= 128 ? 0 : 0x1p-23 * fabs(2 * (double)dot));
            }
        check_case("(units %td)", units);
        CHECK(wrong == 0);
        guarded_free(&more);
        guarded_free(&q);
        guarded_free(&p);
        guarded_free(&n);
        guarded_free(&s);
    }
}

static double spec_distance(const double *a, const double *b, ptrdiff_t apart,
                            ptrdiff_t length, int32_t metric)
{
    double sum = 0;
    for (ptrdiff_t x = 0; x < length; x++) {
        double d = a[x] - b[x * apart], size = fabs(d);
        if (metric == FEATURE_HAMMING)
            sum += a[x] != b[x * apart];
        else if (metric == FEATURE_CITYBLOCK)
            sum += size;
        else if (metric == FEATURE_CHEBYSHEV)
            sum = size > sum ? size : sum;
        else
            sum += d * d;
    }
    if (metric == FEATURE_HAMMING)
        sum /= (double)length;
    return metric == FEATURE_EUCLIDEAN ? sqrt(sum) : sum;
}

static void fill_doubles(double *to, ptrdiff_t n, int kind)
{
    for (ptrdiff_t x = 0; x < n; x++)
        to[x] = kind == 0   ? random_between(-1, 1)
                : kind == 1 ? (double)random_below(3)
                            : awkward_double();
}

void check_lane_panel(const plain_kernels *k)
{
    for (int times = 0; times < 60; times++) {
        ptrdiff_t length = 1 + random_below(LENGTH_AT_MOST);
        int32_t metric = (int32_t)(times % 5);
        guarded q, p, s;
        double *queries = filled(&q, (size_t)(QUERIES * length), sizeof(double));
        double *panel = filled(&p, (size_t)(PANEL * length), sizeof(double));
        float *scores = filled(&s, QUERIES * PANEL, sizeof(float));
        int wrong = 0;
        fill_doubles(queries, QUERIES * length, times / 5 % 3);
        fill_doubles(panel, PANEL * length, times / 5 % 3);
        k->lane_panel(queries, QUERIES, panel, length, metric, scores, PANEL);
        for (int i = 0; i < QUERIES; i++)
            for (int j = 0; j < PANEL; j++)
                wrong +=
                    !same_float(scores[i * PANEL + j],
                                (float)spec_distance(queries + i * length, panel + j,
                                                     PANEL, length, metric));
        check_case("(length %td, metric %d)", length, metric);
        CHECK(wrong == 0);
        guarded_free(&q);
        guarded_free(&p);
        guarded_free(&s);
    }
}

void check_pair_distances(const plain_kernels *k)
{
    for (int times = 0; times < 200; times++) {
        ptrdiff_t length = 1 + random_below(LENGTH_AT_MOST), apart = length + times % 3;
        int32_t metric = (int32_t)(times % 5);
        guarded q, o;
        double *query = filled(&q, (size_t)length, sizeof(double));
        double *others =
            filled(&o, (size_t)(apart * (TOGETHER - 1) + length), sizeof(double));
        double found[TOGETHER];
        fill_doubles(query, length, times / 5 % 3);
        fill_doubles(others, apart * (TOGETHER - 1) + length, times / 5 % 3);
        k->pair_distances(query, others, apart, length, metric, found);
        check_case("(length %td, metric %d)", length, metric);
        for (int i = 0; i < TOGETHER; i++)
            CHECK(same_double(
                found[i], spec_distance(query, others + i * apart, 1, length, metric)));
        guarded_free(&q);
        guarded_free(&o);
    }
}

static float *random_scores(guarded *g, ptrdiff_t n)
{
    float *scores = filled(g, (size_t)n, sizeof(float));
    int few = (int)random_below(3);
    for (ptrdiff_t x = 0; x < n; x++) {
        scores[x] = few ? (float)random_below(few * 50) : (float)random_between(-9, 9);
        if (random_below(20) == 0)
            scores[x] = random_below(2) ? NAN : INFINITY;
    }
    return scores;
}

void check_least_two(const plain_kernels *k)
{
    for (int times = 0; times < 300; times++) {
        ptrdiff_t n = PANEL * (1 + random_below(5));
        guarded g;
        float *scores = random_scores(&g, n), a = INFINITY, b = INFINITY, least, second;
        for (ptrdiff_t x = 0; x < n; x++) {
            b = scores[x] < a ? a : scores[x] < b ? scores[x] : b;
            a = scores[x] < a ? scores[x] : a;
        }
        k->least_two(scores, n, &least, &second);
        check_case("(n %td)", n);
        CHECK(least == a && second == b);
        guarded_free(&g);
    }
}

/* The least two of one column, and the number of the first row of the least. */
typedef struct column {
    float least, second;
    int32_t row;
} column;

/* Takes a score of a row that may stand before those already taken. */
static void see(column *c, float score, int32_t row)
{
    if (score < c->least || (score == c->least && row < c->row))
        c->row = row;
    c->second = score < c->least ? c->least : score < c->second ? score : c->second;
    c->least = score < c->least ? score : c->least;
}

/* The row of an infinite score means nothing. */
static int is_column(const column *c, float least, float second, int32_t row)
{
    return c->least == least && c->second == second &&
           (c->row == row || least == INFINITY);
}

/* Some rows of a panel, then rows that stand before them. */
void check_column_leasts(const plain_kernels *k)
{
    for (int times = 0; times < 200; times++) {
        ptrdiff_t count = random_below(QUERIES + 1), pitch = PANEL * (1 + times % 3);
        int32_t first = (int32_t)random_below(1000) + 8;
        float squares[QUERIES], least[PANEL], second[PANEL];
        int32_t row[PANEL];
        column right[PANEL];
        guarded g;
        float *scores = random_scores(&g, pitch * QUERIES);
        for (int j = 0; j < PANEL; j++) {
            right[j] = (column){INFINITY, INFINITY, INT32_MAX};
            least[j] = second[j] = INFINITY;
            row[j] = INT32_MAX;
        }
        for (int q = 0; q < QUERIES; q++)
            squares[q] = (float)random_below(3);
        for (int part = 0; part < 2; part++, first -= QUERIES) {
            k->column_leasts(scores, count, pitch, squares, first, least, second, row);
            for (ptrdiff_t q = 0; q < count; q++)
                for (int j = 0; j < PANEL; j++)
                    see(&right[j], scores[q * pitch + j] + squares[q],
                        first + (int32_t)q);
        }
        check_case("(count %td)", count);
        for (int j = 0; j < PANEL; j++)
            CHECK(is_column(&right[j], least[j], second[j], row[j]));
        guarded_free(&g);
    }
}

void check_join_leasts(const plain_kernels *k)
{
    for (int times = 0; times < 200; times++) {
        float least[2][PANEL], second[2][PANEL];
        int32_t row[2][PANEL];
        column right[PANEL];
        for (int j = 0; j < PANEL; j++) {
            right[j] = (column){INFINITY, INFINITY, INT32_MAX};
            for (int part = 0; part < 2; part++) {
                row[part][j] = 2 * (int32_t)random_below(9) + part;
                least[part][j] = (float)random_below(5);
                second[part][j] = least[part][j] + (float)random_below(3);
                see(&right[j], least[part][j], row[part][j]);
                see(&right[j], second[part][j], INT32_MAX);
            }
        }
        k->join_leasts(PANEL, least[1], second[1], row[1], least[0], second[0], row[0]);
        for (int j = 0; j < PANEL; j++)
            CHECK(is_column(&right[j], least[0][j], second[0][j], row[0][j]));
    }
}

void check_not_above(const plain_kernels *k)
{
    for (int times = 0; times < 300; times++) {
        ptrdiff_t n = PANEL * (1 + random_below(5)), count = -1, right = 0, wrong = 0;
        guarded g, h;
        float *scores = random_scores(&g, n), limit = scores[random_below(n)];
        uint32_t *numbers = filled(&h, (size_t)n + 1, sizeof *numbers);
        k->not_above(scores, n, limit, numbers, &count);
        for (ptrdiff_t x = 0; x < n; x++)
            if (!(scores[x] > limit))
                wrong += right >= count || numbers[right++] != (uint32_t)x;
        check_case("(n %td, limit %g)", n, (double)limit);
        CHECK(wrong == 0 && right == count);
        guarded_free(&g);
        guarded_free(&h);
    }
}
