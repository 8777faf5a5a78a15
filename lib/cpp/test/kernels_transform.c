/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/transform.c: angles, lines and blocks, the transform, sums and products. */
#include "kernels_test.h"

#include "core/transform.h"
#include "kernels/math.h"

#define PITCH TRANSFORM_LINES
#define MOST 200

extern const plain_kernels table_base_plain; /* what fft_block is compared with */

static double *doubles_of(const guarded *g)
{
    return (double *)(void *)g->bytes;
}

static guarded random_doubles(ptrdiff_t count)
{
    guarded g = guarded_new((size_t)count * sizeof(double), random_side());
    for (ptrdiff_t k = 0; k < count; k++)
        doubles_of(&g)[k] = random_between(-1, 1);
    return g;
}

/* n elements of a block, and an order for them. */
static guarded random_block(ptrdiff_t n)
{
    return random_doubles(n * PITCH);
}

static const ptrdiff_t *random_order(ptrdiff_t n)
{
    static ptrdiff_t order[MOST];
    for (ptrdiff_t k = 0; k < n; k++) {
        ptrdiff_t other = random_below(k + 1);
        order[k] = order[other];
        order[other] = k;
    }
    return order;
}

static ptrdiff_t placed(const ptrdiff_t *order, ptrdiff_t k)
{
    return order == NULL ? k : order[k];
}

static int same_doubles(const double *a, const double *b, ptrdiff_t count)
{
    for (ptrdiff_t k = 0; k < count; k++)
        if (!same_double(a[k], b[k]))
            return 0;
    return 1;
}

void check_circle_row(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        ptrdiff_t n = 1 + random_below(1000), count = 1 + random_below(n);
        guarded out = random_doubles(2 * count);
        int wrong = 0;
        k->circle_row(n, count, doubles_of(&out));
        for (ptrdiff_t j = 0; j < count; j++) {
            double right[2];
            cosine_and_sine(j, n, &right[0], &right[1]);
            wrong += !same_doubles(doubles_of(&out) + 2 * j, right, 2);
        }
        check_case("%td of %td", count, n);
        CHECK(wrong == 0);
        guarded_free(&out);
    }
}

/* Lines in memory that ends with the last of them. */
static fft_lines random_lines(guarded *array, int gathered)
{
    fft_lines how = {.n = 1 + random_below(40), .factor = 1};
    int layout = (int)random_below(3);
    how.lanes = random_below(2) ? TRANSFORM_LINES : TRANSFORM_LANES;
    how.count = random_below(2) ? how.lanes : 1 + random_below(how.lanes);
    how.length = random_below(2) ? how.n : 1 + random_below(how.n);
    how.folded = (int)random_below(2);
    how.next = layout == 0 ? 1 : layout == 1 ? how.length : 3;
    how.step = layout == 0 ? how.count : layout == 1 ? 1 : 3 * how.count;
    if (gathered) {
        how.order = random_below(2) ? random_order(how.n) : NULL;
        how.factor = random_between(0, 1);
    } else if (how.lanes == TRANSFORM_LINES && random_below(2)) {
        how.exchanged = TRANSFORM_LANES;
    }
    ptrdiff_t last = (how.count - 1) * how.next + (how.length - 1) * how.step;
    *array = random_doubles(last + 1);
    check_case("layout %d, %td of %td lanes, %td of %td elements", layout, how.count,
               how.lanes, how.length, how.n);
    return how;
}

static ptrdiff_t place_in_block(const fft_lines *how, ptrdiff_t k)
{
    if (how->folded)
        k = k % 2 == 0 ? k / 2 : how->n - (k + 1) / 2;
    return placed(how->order, k) * PITCH;
}

void check_gather_lines(const plain_kernels *k)
{
    for (int round = 0; round < 2000; round++) {
        guarded array;
        fft_lines how = random_lines(&array, 1);
        guarded block = guarded_new(
            (size_t)((how.n - 1) * PITCH + how.lanes) * sizeof(double), GUARD_AFTER);
        int wrong = 0;
        k->gather_lines(doubles_of(&array), &how, doubles_of(&block));
        for (ptrdiff_t j = 0; j < how.n; j++) {
            const double *got = doubles_of(&block) + place_in_block(&how, j);
            for (ptrdiff_t lane = 0; lane < how.lanes; lane++) {
                int is_there = j < how.length && lane < how.count;
                ptrdiff_t from = is_there ? lane * how.next + j * how.step : 0;
                double right = is_there ? doubles_of(&array)[from] * how.factor : 0;
                wrong += !same_double(got[lane], right);
            }
        }
        CHECK(wrong == 0);
        guarded_free(&array);
        guarded_free(&block);
    }
}

void check_scatter_lines(const plain_kernels *k)
{
    for (int round = 0; round < 2000; round++) {
        guarded array;
        fft_lines how = random_lines(&array, 0);
        guarded block = random_block(how.n);
        int wrong = 0;
        k->scatter_lines(doubles_of(&block), &how, doubles_of(&array));
        for (ptrdiff_t j = 0; j < how.length; j++) {
            const double *from = doubles_of(&block) + place_in_block(&how, j);
            for (ptrdiff_t lane = 0; lane < how.count; lane++)
                wrong += doubles_of(&array)[lane * how.next + j * how.step] !=
                         from[(lane + how.exchanged) % TRANSFORM_LINES];
        }
        CHECK(wrong == 0);
        guarded_free(&array);
        guarded_free(&block);
    }
}

/* Against the sum, for one lane of a block that stood in the fft's order. */
static double sum_error(const double *given, const double *got, ptrdiff_t n,
                        ptrdiff_t lane)
{
    double worst = 0;
    for (ptrdiff_t k = 0; k < n; k++) {
        double re = 0, im = 0;
        for (ptrdiff_t j = 0; j < n; j++) {
            double c, s, a = given[j * PITCH + lane];
            double b = given[j * PITCH + lane + TRANSFORM_LANES];
            cosine_and_sine(j * k % n, n, &c, &s);
            re += a * c + b * s;
            im += b * c - a * s;
        }
        worst = fmax(worst, fabs(re - got[k * PITCH + lane]));
        worst = fmax(worst, fabs(im - got[k * PITCH + lane + TRANSFORM_LANES]));
    }
    return worst;
}

void check_fft_block(const plain_kernels *k)
{
    for (ptrdiff_t n = 1; n <= MOST; n++) {
        transform t;
        arena counting = {NULL, 0};
        transform_layout(&t, n, &counting);
        guarded tables = guarded_new(counting.used, GUARD_AFTER);
        arena a = {tables.bytes, 0};
        transform_layout(&t, n, &a);
        transform_prepare(&t);
        guarded given = random_block(n), block = random_block(n);
        guarded base = random_block(n);
        for (ptrdiff_t j = 0; !t.bluestein && j < n; j++)
            memcpy(doubles_of(&block) + t.order[j] * PITCH,
                   doubles_of(&given) + j * PITCH, PITCH * sizeof(double));
        memcpy(base.bytes, block.bytes, base.size);
        check_case("length %td", n);
        if (!t.bluestein) {
            k->fft_block(&t.fft, doubles_of(&block));
            table_base_plain.fft_block(&t.fft, doubles_of(&base));
            CHECK(same_doubles(doubles_of(&block), doubles_of(&base), n * PITCH));
            for (ptrdiff_t lane = 0; lane < TRANSFORM_LANES; lane += 7)
                CHECK(sum_error(doubles_of(&given), doubles_of(&block), n, lane) <
                      1e-13);
        }
        guarded_free(&tables);
        guarded_free(&given);
        guarded_free(&block);
        guarded_free(&base);
    }
}

/* Some length, its quarter turns, two blocks, perhaps an order. */
typedef struct pair_of_blocks {
    ptrdiff_t n;
    guarded quarter, in, out;
    double *right;
    const ptrdiff_t *order;
} pair_of_blocks;

static pair_of_blocks blocks_new(void)
{
    static double right[2 * (MOST + 2) * PITCH];
    pair_of_blocks b = {.n = 1 + random_below(MOST - 2), .right = right};
    b.quarter = random_doubles(2 * (b.n / 2 + 1));
    b.in = random_block(b.n + 2);
    b.out = random_block(b.n + 2);
    b.order = NULL;
    if (random_below(2)) {
        static ptrdiff_t order[MOST] = {0};
        const ptrdiff_t *some = random_order(b.n - 1);
        for (ptrdiff_t k = 1; k < b.n; k++)
            order[k] = some[k - 1] + 1;
        b.order = order;
    }
    check_case("%td elements, order %d", b.n, b.order != NULL);
    return b;
}

static void blocks_free(pair_of_blocks *b)
{
    guarded_free(&b->quarter);
    guarded_free(&b->in);
    guarded_free(&b->out);
}

void check_cosine_block(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        pair_of_blocks b = blocks_new();
        double *lines = doubles_of(&b.in), *right = b.right;
        memcpy(right, lines, (size_t)(b.n * PITCH) * sizeof *right);
        for (ptrdiff_t i = 1; i <= b.n / 2; i++) {
            double c = 0.5 * doubles_of(&b.quarter)[2 * i];
            double s = 0.5 * doubles_of(&b.quarter)[2 * i + 1];
            for (ptrdiff_t lane = 0; lane < TRANSFORM_LANES; lane++) {
                double *low = right + i * PITCH + lane, *low_im = low + TRANSFORM_LANES;
                double *high = right + (b.n - i) * PITCH + lane;
                double *high_im = high + TRANSFORM_LANES;
                double a = *low + *high, a_im = *low_im - *high_im;
                double d = *low_im + *high_im, d_im = *high - *low;
                *high = -(a_im * c - a * s);
                *high_im = -(d_im * c - d * s);
                *low = a * c + a_im * s;
                *low_im = d * c + d_im * s;
            }
        }
        k->cosine_block(doubles_of(&b.quarter), b.n, lines);
        CHECK(same_doubles(lines, right, b.n * PITCH));
        blocks_free(&b);
    }
}

/* The elements of a block, weighed into `to`. */
static void weigh(const weighed_lines *in, ptrdiff_t n, double *to)
{
    for (ptrdiff_t i = 0; i < n * PITCH; i++) {
        ptrdiff_t k = i / PITCH, line = i % PITCH;
        double sum = in->terms > 0 ? in->across[line] * in->along[0][k] : 1;
        for (int t = 1; t < in->terms; t++)
            sum += in->across[t * PITCH + line] * in->along[t][k];
        to[i] = in->first[k * in->step + line] * in->factor * sum;
    }
}

void check_cosine_inverse_block(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        pair_of_blocks b = blocks_new();
        int terms = (int)random_below(4);
        ptrdiff_t step = PITCH + (random_below(2) ? 0 : random_below(9));
        guarded across = random_block(3), along = random_doubles(3 * b.n);
        guarded array = random_doubles(b.n * step);
        const double *each[3];
        double *in = doubles_of(&b.in);
        for (int t = 0; t < 3; t++)
            each[t] = doubles_of(&along) + t * b.n;
        const weighed_lines from = {doubles_of(&array), step, 0.75, terms, each,
                                    doubles_of(&across)};
        weigh(&from, b.n, in);
        k->cosine_inverse_block(&from, doubles_of(&b.quarter), b.n, b.order,
                                doubles_of(&b.out));
        for (ptrdiff_t i = 0; i < b.n; i++) {
            ptrdiff_t back = i == 0 ? 0 : b.n - i, turn = i < back ? i : back;
            double c = i == 0 ? 1 : doubles_of(&b.quarter)[2 * turn];
            double s = i == 0 ? 0 : doubles_of(&b.quarter)[2 * turn + 1];
            double *right = b.right + placed(b.order, i) * PITCH;
            for (ptrdiff_t lane = 0; lane < TRANSFORM_LANES; lane++) {
                const double *x = in + turn * PITCH + lane;
                const double *y = in + (b.n - turn) * PITCH + lane;
                int low = i <= b.n - i;
                double y_re = i == 0 ? 0 : y[0], y_im = i == 0 ? 0 : y[TRANSFORM_LANES];
                double re = low ? x[TRANSFORM_LANES] - y_re : x[TRANSFORM_LANES] + y_re;
                double im = low ? x[0] + y_im : x[0] - y_im;
                right[lane] = low ? re * c + im * s : re * c - im * s;
                right[lane + TRANSFORM_LANES] = low ? im * c - re * s : im * c + re * s;
            }
        }
        CHECK(same_doubles(doubles_of(&b.out), b.right, b.n * PITCH));
        guarded_free(&across);
        guarded_free(&along);
        guarded_free(&array);
        blocks_free(&b);
    }
}

void check_real_block(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        pair_of_blocks b = blocks_new();
        ptrdiff_t half = b.n / 2 + 1, apart = half * PITCH;
        k->real_block(doubles_of(&b.in), b.n, doubles_of(&b.out));
        for (ptrdiff_t i = 0; i < half; i++) {
            const double *here = doubles_of(&b.in) + i * PITCH;
            const double *back = doubles_of(&b.in) + (i == 0 ? 0 : b.n - i) * PITCH;
            for (ptrdiff_t l = 0, m = TRANSFORM_LANES; l < TRANSFORM_LANES; l++, m++) {
                double *right = b.right + i * PITCH;
                right[l] = 0.5 * (here[l] + back[l]);
                right[m] = 0.5 * (here[m] + back[m]);
                right[apart + l] = 0.5 * (here[m] - back[m]);
                right[apart + m] = 0.5 * (back[l] - here[l]);
            }
        }
        CHECK(same_doubles(doubles_of(&b.out), b.right, 2 * apart));
        blocks_free(&b);
    }
}

void check_real_inverse_block(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        pair_of_blocks b = blocks_new();
        const double *in = doubles_of(&b.in);
        ptrdiff_t apart = (b.n / 2 + 1) * PITCH;
        k->real_inverse_block(in, b.n, b.order, doubles_of(&b.out));
        for (ptrdiff_t i = 0; i < b.n; i++) {
            int mirrored = 2 * i > b.n, alone = i == 0 || 2 * i == b.n;
            const double *re = in + (mirrored ? b.n - i : i) * PITCH, *im = re + apart;
            double *right = b.right + placed(b.order, i) * PITCH;
            double sign = mirrored ? -1 : alone ? 0 : 1;
            for (ptrdiff_t l = 0, m = TRANSFORM_LANES; l < TRANSFORM_LANES; l++, m++) {
                right[l] = re[m] + sign * im[l];
                right[m] = re[l] - sign * im[m];
            }
        }
        CHECK(same_doubles(doubles_of(&b.out), b.right, b.n * PITCH));
        blocks_free(&b);
    }
}

void check_chirp_block(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        pair_of_blocks b = blocks_new();
        guarded table = random_doubles(2 * b.n);
        ptrdiff_t step = random_below(2) ? PITCH : -PITCH;
        const double *in = doubles_of(&b.in) + (step < 0 ? (b.n - 1) * PITCH : 0);
        for (ptrdiff_t i = 0; i < b.n; i++) {
            double c = doubles_of(&table)[2 * i], s = doubles_of(&table)[2 * i + 1];
            double *right = b.right + placed(b.order, i) * PITCH;
            for (ptrdiff_t l = 0, m = TRANSFORM_LANES; l < TRANSFORM_LANES; l++, m++) {
                double re = in[i * step + l], im = in[i * step + m];
                right[l] = re * c + im * s;
                right[m] = im * c - re * s;
            }
        }
        k->chirp_block(in, step, doubles_of(&table), b.n, b.order, doubles_of(&b.out));
        CHECK(same_doubles(doubles_of(&b.out), b.right, b.n * PITCH));
        guarded_free(&table);
        blocks_free(&b);
    }
}

void check_correlate_block(const plain_kernels *k)
{
    for (int round = 0; round < 300; round++) {
        pair_of_blocks b = blocks_new();
        ptrdiff_t count =
            random_below(2) ? TRANSFORM_LANES : 1 + random_below(TRANSFORM_LANES);
        ptrdiff_t step = count + random_below(5), last = (b.n - 1) * step + count;
        guarded real = random_doubles(last), imaginary = random_doubles(last);
        for (ptrdiff_t i = 0; i < b.n; i++) {
            const double *in = doubles_of(&b.in) + i * PITCH;
            double *right = b.right + placed(b.order, i) * PITCH;
            for (ptrdiff_t l = 0, m = TRANSFORM_LANES; l < TRANSFORM_LANES; l++, m++) {
                int is_there = l < count;
                double c = is_there ? doubles_of(&real)[i * step + l] : 0;
                double d = is_there ? doubles_of(&imaginary)[i * step + l] : 0;
                right[l] = (in[m] * c - in[l] * d) * 0.75;
                right[m] = (in[l] * c + in[m] * d) * 0.75;
            }
        }
        k->correlate_block(doubles_of(&b.in), doubles_of(&real), doubles_of(&imaginary),
                           step, count, 0.75, b.n, b.order, doubles_of(&b.out));
        CHECK(same_doubles(doubles_of(&b.out), b.right, b.n * PITCH));
        guarded_free(&real);
        guarded_free(&imaginary);
        blocks_free(&b);
    }
}
