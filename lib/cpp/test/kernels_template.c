/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/template.c: values of tiles, sums over windows, products, coefficients. */
#include "kernels_test.h"

#define SIDE 6 /* of templates, at most */

static double *doubles_of(const guarded *g)
{
    return (double *)(void *)g->bytes;
}

static guarded new_doubles(ptrdiff_t count)
{
    guarded g = guarded_new((size_t)count * sizeof(double), random_side());
    for (ptrdiff_t k = 0; k < count; k++)
        doubles_of(&g)[k] = random_between(-1, 1);
    return g;
}

static guarded awkward_doubles(ptrdiff_t count)
{
    guarded g = new_doubles(count);
    for (ptrdiff_t k = 0; k < count; k++)
        doubles_of(&g)[k] = awkward_double();
    return g;
}

static int same_row(const double *a, const double *b, ptrdiff_t n)
{
    for (ptrdiff_t x = 0; x < n; x++)
        if (!same_double(a[x], b[x]))
            return 0;
    return 1;
}

void check_survey_row(const plain_kernels *k)
{
    for (ptrdiff_t length = 0; length < LENGTHS; length++) {
        ptrdiff_t n = length_number(length), bad = 5, right_bad = 5;
        guarded row = random_below(2) ? new_doubles(n) : awkward_doubles(n);
        double sums[SUM_LANES], right[SUM_LANES];
        for (int i = 0; i < SUM_LANES; i++)
            sums[i] = right[i] = i;
        for (ptrdiff_t x = 0; x < n; x++) {
            right[x % SUM_LANES] += doubles_of(&row)[x];
            right_bad += !(fabs(doubles_of(&row)[x]) <= MEASURABLE_MOST);
        }
        k->survey_row(doubles_of(&row), n, sums, &bad);
        check_case("%td elements", n);
        CHECK(same_row(sums, right, SUM_LANES) && bad == right_bad);
        guarded_free(&row);
    }
}

void check_shift_row(const plain_kernels *k)
{
    for (ptrdiff_t length = 0; length < LENGTHS; length++) {
        ptrdiff_t n = length_number(length);
        guarded row = awkward_doubles(n), out = new_doubles(n);
        double sums[SUM_LANES] = {0}, right[SUM_LANES] = {0};
        int wrong = 0;
        double reach = random_below(2) ? INFINITY : 1.5;
        k->shift_row(doubles_of(&row), n, 0.25, reach, doubles_of(&out), sums);
        for (ptrdiff_t x = 0; x < n; x++) {
            double v = doubles_of(&row)[x];
            v = fabs(v - 0.25) <= reach ? v - 0.25 : 0;
            right[x % SUM_LANES] += v * v;
            wrong += !same_double(doubles_of(&out)[x], v);
        }
        check_case("%td elements", n);
        CHECK(wrong == 0 && same_row(sums, right, SUM_LANES));
        guarded_free(&row);
        guarded_free(&out);
    }
}

void check_square_row(const plain_kernels *k)
{
    for (ptrdiff_t length = 0; length < LENGTHS; length++) {
        ptrdiff_t n = length_number(length), wrong = 0;
        guarded row = awkward_doubles(n), out = new_doubles(n);
        k->square_row(doubles_of(&row), n, doubles_of(&out));
        for (ptrdiff_t x = 0; x < n; x++) {
            double v = doubles_of(&row)[x];
            wrong += !same_double(doubles_of(&out)[x], v * v);
        }
        check_case("%td elements", n);
        CHECK(wrong == 0);
        guarded_free(&row);
        guarded_free(&out);
    }
}

void check_far_row(const plain_kernels *k)
{
    for (ptrdiff_t length = 0; length < LENGTHS; length++) {
        ptrdiff_t n = length_number(length), wrong = 0;
        guarded row = awkward_doubles(n), out = new_doubles(n);
        double reach = random_below(2) ? MEASURABLE_MOST : 1.5;
        k->far_row(doubles_of(&row), n, 0.25, reach, doubles_of(&out));
        for (ptrdiff_t x = 0; x < n; x++)
            wrong +=
                doubles_of(&out)[x] != !(fabs(doubles_of(&row)[x] - 0.25) <= reach);
        check_case("%td elements", n);
        CHECK(wrong == 0);
        guarded_free(&row);
        guarded_free(&out);
    }
}

/* Whole numbers, so that every order of summation gives the same. */
static void round_all(const guarded *g, ptrdiff_t count)
{
    for (ptrdiff_t k = 0; k < count; k++)
        doubles_of(g)[k] = rint(1000 * doubles_of(g)[k]);
}

void check_window_lines(const plain_kernels *k)
{
    for (int round = 0; round < 400; round++) {
        ptrdiff_t n = 1 + random_below(40), count = 1 + random_below(30);
        ptrdiff_t size = 1 + random_below(count), step = n + random_below(5), wrong = 0;
        ptrdiff_t all = (count - 1) * step + n;
        guarded lines = new_doubles(all), spare = new_doubles((size + 1) * n);
        round_all(&lines, all);
        double *given = malloc((size_t)all * sizeof *given);
        memcpy(given, lines.bytes, (size_t)all * sizeof *given);
        k->window_lines(doubles_of(&lines), step, n, count, size, doubles_of(&spare));
        for (ptrdiff_t y = 0; y + size <= count; y++)
            for (ptrdiff_t x = 0; x < n; x++) {
                double sum = 0;
                for (ptrdiff_t i = 0; i < size; i++)
                    sum += given[(y + i) * step + x];
                wrong += doubles_of(&lines)[y * step + x] != sum;
            }
        check_case("windows of %td of %td lines of %td", size, count, n);
        CHECK(wrong == 0);
        free(given);
        guarded_free(&lines);
        guarded_free(&spare);
    }
}

void check_window_row(const plain_kernels *k)
{
    for (int round = 0; round < 400; round++) {
        ptrdiff_t n = 1 + random_below(150), size = 1 + random_below(n), wrong = 0;
        guarded row = new_doubles(n), sums = new_doubles(n), spare = new_doubles(n);
        double given[150];
        round_all(&row, n);
        memcpy(given, row.bytes, (size_t)n * sizeof *given);
        k->window_row(doubles_of(&row), n, size, doubles_of(&sums), doubles_of(&spare));
        for (ptrdiff_t x = 0; x + size <= n; x++) {
            double sum = 0;
            for (ptrdiff_t i = 0; i < size; i++)
                sum += given[x + i];
            wrong += doubles_of(&sums)[x] != sum;
        }
        check_case("windows of %td of %td", size, n);
        CHECK(wrong == 0);
        CHECK(memcmp(given, row.bytes, (size_t)n * sizeof *given) == 0);
        guarded_free(&row);
        guarded_free(&sums);
        guarded_free(&spare);
    }
}

/* In place, as windows are widened: a part lies `apart` elements behind the other. */
void check_merge_spread(const plain_kernels *k)
{
    for (int round = 0; round < 400; round++) {
        ptrdiff_t apart = random_below(40), n = 1 + random_below(100), wrong = 0;
        double of_a = 1 + random_below(50), of_b = 1 + random_below(50);
        double given[2][140], scale = 1 / (of_a * of_b * (of_a + of_b));
        guarded planes[2];
        wide *to[2];
        const wide *part[2];
        for (int i = 0; i < 2; i++) {
            planes[i] = new_doubles(n + apart);
            memcpy(given[i], planes[i].bytes, (size_t)(n + apart) * sizeof(double));
            to[i] = doubles_of(&planes[i]);
            part[i] = to[i] + apart;
        }
        k->merge_spread((const wide *const *)to, of_a, part, of_b, n, to);
        for (ptrdiff_t x = 0; x < n; x++) {
            double a = given[0][x], b = given[0][x + apart], d = a * of_b - b * of_a;
            wrong += to[0][x] != a + b;
            wrong += to[1][x] != given[1][x] + given[1][x + apart] + d * d * scale;
        }
        check_case("(n %td, %td apart)", n, apart);
        CHECK(wrong == 0);
        guarded_free(&planes[0]);
        guarded_free(&planes[1]);
    }
}

void check_slide_row(const plain_kernels *k)
{
    for (int round = 0; round < 200; round++) {
        ptrdiff_t n = 1 + random_below(100), wrong = 0;
        guarded rows[4];
        double given[4][100];
        for (int i = 0; i < 4; i++) {
            rows[i] = new_doubles(n);
            round_all(&rows[i], n);
            memcpy(given[i], rows[i].bytes, (size_t)n * sizeof given[i][0]);
        }
        k->slide_row(doubles_of(&rows[0]), doubles_of(&rows[1]), n,
                     doubles_of(&rows[2]), doubles_of(&rows[3]));
        for (ptrdiff_t x = 0; x < n; x++) {
            double reached = given[0][x], left = given[1][x];
            wrong += doubles_of(&rows[2])[x] != given[2][x] + reached - left;
            wrong += doubles_of(&rows[3])[x] !=
                     given[3][x] + reached * reached - left * left;
        }
        check_case("(n %td)", n);
        CHECK(wrong == 0);
        for (int i = 0; i < 4; i++)
            guarded_free(&rows[i]);
    }
}

static template_shape random_template(void)
{
    template_shape t = {1 + random_below(3), 1 + random_below(SIDE),
                        1 + random_below(SIDE), 0, 0};
    if (random_below(8) == 0)
        t.cols += random_below(3) * TEMPLATE_RUN;
    t.pitch = t.cols + random_below(300);
    t.plane = t.pitch * t.rows + random_below(9);
    return t;
}

/* Elements of an image that the last of n windows ends with. */
static ptrdiff_t reach_of(const template_shape *t, ptrdiff_t n)
{
    return (t->planes - 1) * t->plane + (t->rows - 1) * t->pitch + t->cols + n;
}

#define BEHIND (4 * ROW_BLOCK)

void check_template_row(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        template_shape t = random_template();
        ptrdiff_t n = 1 + random_below(100), wrong = 0;
        ptrdiff_t elements = t.planes * t.rows * t.cols;
        guarded in = new_doubles(reach_of(&t, n) + BEHIND);
        guarded weights = new_doubles(elements), out = new_doubles(n + BEHIND);
        k->template_row(doubles_of(&in), &t, doubles_of(&weights), n, doubles_of(&out));
        for (ptrdiff_t x = 0; x < n; x++) {
            const double *w = doubles_of(&weights);
            double sum = 0;
            for (ptrdiff_t p = 0; p < t.planes; p++)
                for (ptrdiff_t y = 0; y < t.rows; y++) {
                    double run = 0;
                    for (ptrdiff_t i = 0; i < t.cols; i++) {
                        run +=
                            doubles_of(&in)[p * t.plane + y * t.pitch + x + i] * *w++;
                        if (i % TEMPLATE_RUN == TEMPLATE_RUN - 1 || i == t.cols - 1) {
                            sum += run;
                            run = 0;
                        }
                    }
                }
            wrong += !same_double(doubles_of(&out)[x], sum);
        }
        check_case("%td of %td x %td x %td", n, t.planes, t.rows, t.cols);
        CHECK(wrong == 0);
        guarded_free(&in);
        guarded_free(&weights);
        guarded_free(&out);
    }
}

void check_byte_template_rows(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        template_shape t = random_template();
        ptrdiff_t n = 1 + random_below(200), wrong = 0, fours = (t.cols + 3) / 4 * 4;
        ptrdiff_t step = n + BEHIND, rows = t.planes * (t.rows + 1) + 1;
        size_t size = (size_t)(reach_of(&t, n) + t.pitch + BEHIND);
        guarded in = guarded_new(size, random_side()), out = new_doubles(2 * step);
        guarded weights = guarded_new((size_t)(rows * fours), random_side());
        random_fill(in.bytes, in.size);
        random_fill(weights.bytes, weights.size);
        int8_t *w = (int8_t *)weights.bytes;
        if (round % 4 == 0)
            memset(in.bytes, 255, in.size), memset(w, -128, weights.size);
        for (ptrdiff_t i = 0; i < rows * fours; i++)
            w[i] = i % fours < t.cols && i / fours % (t.rows + 1) > 0 ? w[i] : 0;
        w += fours;
        k->byte_template_rows(in.bytes, &t, w, n, doubles_of(&out), step);
        for (ptrdiff_t x = 0; x < 2 * n; x++) {
            const uint8_t *from = in.bytes + x / n * t.pitch + x % n;
            int64_t sum = 0;
            for (ptrdiff_t p = 0; p < t.planes; p++)
                for (ptrdiff_t y = 0; y < t.rows; y++)
                    for (ptrdiff_t i = 0; i < t.cols; i++)
                        sum += from[p * t.plane + y * t.pitch + i] *
                               w[(p * (t.rows + 1) + y) * fours + i];
            wrong += doubles_of(&out)[x / n * step + x % n] != (double)sum;
        }
        check_case("%td of %td x %td x %td", n, t.planes, t.rows, t.cols);
        CHECK(wrong == 0);
        guarded_free(&in);
        guarded_free(&weights);
        guarded_free(&out);
    }
}

/* A guess by which a way is chosen: in no case far from what was measured. */
void check_byte_product_cost(const plain_kernels *k)
{
    double nanoseconds = 0;
    k->byte_product_cost(&nanoseconds);
    CHECK(nanoseconds > 0.001 && nanoseconds < 1);
}

/* One coefficient, and whether it is doubtful. */
static double coefficient(double product, double s, double ss,
                          const template_numbers *t, ptrdiff_t *doubtful)
{
    double variation = t->count * ss - s * s, square = variation * t->variation;
    double denominator = sqrt(square > 0 ? square : 0);
    product = t->is_whole ? rint(product) : product;
    double r = (t->count * product - s * t->sum) / denominator;
    *doubtful += !(variation > t->doubt * (t->count * ss)) || !(variation > t->noise);
    return denominator > t->least ? r < -1 ? -1 : r > 1 ? 1 : r : 0;
}

void check_coefficient_row(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        ptrdiff_t n = 1 + random_below(120), doubtful, right_doubtful = 0, wrong = 0;
        guarded row[4];
        double *v[4];
        template_numbers t = {
            .count = 4, .sum = 0.5, .variation = random_between(0, 3)};
        t.least = 0.1;
        t.doubt = 0.1;
        t.noise = random_between(0, 0.3);
        t.is_whole = (int)random_below(2);
        for (int i = 0; i < 4; i++) {
            row[i] = new_doubles(n);
            v[i] = doubles_of(&row[i]);
        }
        k->coefficient_row(v[0], v[1], v[2], &t, n, v[3], &doubtful);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += !same_double(
                v[3][x], coefficient(v[0][x], v[1][x], v[2][x], &t, &right_doubtful));
        check_case("%td coefficients", n);
        CHECK(wrong == 0 && doubtful == right_doubtful);
        for (int i = 0; i < 4; i++)
            guarded_free(&row[i]);
    }
}
