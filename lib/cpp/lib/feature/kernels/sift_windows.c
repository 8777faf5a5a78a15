/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Histograms of the directions of gradients around a SIFT keypoint. A window is read
 * in pieces of a row: what each pixel adds, and to which bin, is computed side by side
 * and then added one after the other, in turn to two histograms.
 *
 * A pixel's weight is a Gaussian of its distance: the product of one of its row and one
 * of its column, which are made once a window.
 */
#include "kernels/math.h"
#include "kernels/variant.h"

#define PIECE 64
#define WHOLE(n) (((n) + 7) & ~(ptrdiff_t)7) /* loops run in whole vectors */
#define TWO_PI 0x1.921fb54442d18p+2

/* Pixels of a window side by side. */
typedef struct piece {
    ptrdiff_t row, first, count; /* columns first to first + count */
    double right[PIECE], down[PIECE]; /* the gradient */
    double amount[PIECE];
    int32_t bin[PIECE];
} piece;

/* Short rows are over before the processor sees where they lead. */
#define ROWS_AHEAD 4
#define LINE (64 / (ptrdiff_t)sizeof(real))

/* The rows or columns of a window: `first` to before `end`. */
typedef struct extent {
    ptrdiff_t first, end;
} extent;

/* Truncated to a whole number from 0 to n - 1. */
static inline ptrdiff_t bounded(double v, ptrdiff_t n)
{
    return v > 0 ? v < (double)(n - 1) ? (ptrdiff_t)v : n - 1 : 0;
}

static extent extent_of(double centre, double radius, ptrdiff_t n)
{
    extent e = {bounded(centre - radius + 0.5, n), bounded(centre + radius + 0.5, n)};
    return e;
}

static inline const real *row_at(const sift_window *w, ptrdiff_t y)
{
    return (const real *)w->plane + (y - w->first) * w->pitch;
}

/* Differences of neighbours, halved where there is one on both sides. */
static void read_gradient(const sift_window *w, piece *p)
{
    ptrdiff_t y = p->row, last = w->cols - 1, n = p->count, whole = WHOLE(n);
    const real *above = row_at(w, y > 0 ? y - 1 : y) + p->first;
    const real *below = row_at(w, y + 1 < w->rows ? y + 1 : y) + p->first;
    const real *here = row_at(w, y) + p->first;
    if (y + ROWS_AHEAD < w->rows)
        for (ptrdiff_t i = 0; i < n; i += LINE)
            __builtin_prefetch(row_at(w, y + ROWS_AHEAD) + p->first + i);
    const real half = (real)0.5, share = y > 0 && y + 1 < w->rows ? half : 1;
    for (ptrdiff_t i = 0; i < whole; i++)
        p->down[i] = (real)(below[i] - above[i]) * share;
    p->right[0] = here[1] - here[0];
    for (ptrdiff_t i = p->first > 0 ? 0 : 1; i < whole; i++)
        p->right[i] = (real)(here[i + 1] - here[i - 1]) * half;
    if (p->first + n - 1 == last)
        p->right[n - 1] = here[n - 1] - here[n - 2];
}

/* exp(-(i - centre)^2 / divisor) of rows or columns */
static void weigh(const extent *e, double centre, double divisor, wide *weights)
{
    const double first = (double)e->first;
    ptrdiff_t n = WHOLE(e->end - e->first);
    for (ptrdiff_t i = 0; i < n; i++) {
        double d = stored(first + (double)i - centre);
        weights[i] = exponential(-(d * d) / divisor);
    }
}

static inline double magnitude_of(double down, double right)
{
    return stored(sqrt(stored(stored(down * down) + stored(right * right))));
}

static inline void clear(wide *sums, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        sums[i] = 0;
}

/* ------------------------------------------------------------------------ */
/* Orientation                                                              */
/* ------------------------------------------------------------------------ */

/* A bin's middle is its number: half a bin is added before fractions are cut off. What
 * is no number adds nothing. */
static void bin_directions(piece *p, ptrdiff_t bins, double weight, const wide *weights)
{
    const double turn = stored(TWO_PI), whole = (double)bins;
    for (ptrdiff_t i = 0; i < WHOLE(p->count); i++) {
        double angle = stored(angle_without_branches(p->right[i], p->down[i]));
        angle = angle < 0 ? stored(angle + turn) : angle;
        double at = stored(stored(stored(angle / turn) * whole) + 0.5);
        at = at >= whole ? at - whole : at;
        int inside = at >= 0 && at < whole;
        double amount = magnitude_of(p->down[i], p->right[i]) * (weight * weights[i]);
        p->bin[i] = (int32_t)(inside ? at : 0);
        p->amount[i] = inside ? amount : 0;
    }
}

void NAME(sift_orient)(const sift_window *w, wide *histogram)
{
    double radius = 3 * w->reach * w->sigma, deviation = w->reach * w->sigma;
    double divisor = 2 * deviation * deviation;
    extent down = extent_of(w->row, radius, w->rows);
    extent right = extent_of(w->col, radius, w->cols);
    wide *even = w->sums, *odd = w->sums + w->bins;
    piece p;
    right.end++;
    down.end++;
    clear(w->sums, 2 * w->bins);
    weigh(&right, w->col, divisor, w->weights);
    weigh(&down, w->row, divisor, w->row_weights);
    for (p.row = down.first; p.row < down.end; p.row++) {
        double weight = w->row_weights[p.row - down.first];
        for (p.first = right.first; p.first < right.end; p.first += PIECE) {
            p.count = right.end - p.first < PIECE ? right.end - p.first : PIECE;
            read_gradient(w, &p);
            bin_directions(&p, w->bins, weight, w->weights + (p.first - right.first));
            ptrdiff_t i = 0;
            for (; i + 1 < p.count; i += 2) {
                even[p.bin[i]] += p.amount[i];
                odd[p.bin[i + 1]] += p.amount[i + 1];
            }
            if (i < p.count)
                even[p.bin[i]] += p.amount[i];
        }
    }
    for (ptrdiff_t i = 0; i < w->bins; i++)
        histogram[i] = even[i] + odd[i];
}

/* ------------------------------------------------------------------------ */
/* Descriptor                                                               */
/* ------------------------------------------------------------------------ */

/* What is the same for all pixels of a descriptor's window. */
typedef struct turned_frame {
    double cosine, sine, angle;
    double radius;      /* half the side of the turned square */
    double cells;       /* in a pixel */
    double middle;      /* of the square, in cells, with one cell of frame */
    double directions;  /* in a radian */
    ptrdiff_t side, depth; /* cells and directions, frame included */
    double weight;      /* of the row */
    const wide *weights;
} turned_frame;

/* What four cells around a pixel get, each in two directions. */
typedef struct shares {
    double of[4][PIECE], next[PIECE]; /* `next`: the second direction's part */
} shares;

/* Columns between a + s x = -radius and radius, and one more on each side. */
static void narrow(double a, double s, double radius, double *low, double *high)
{
    if (s < 0) {
        s = -s;
        a = -a;
    }
    if (s < 1e-9)
        return;
    double from = (-radius - a) / s - 1, to = (radius - a) / s + 1;
    *low = from > *low ? from : *low;
    *high = to < *high ? to : *high;
}

/* Columns of row d that can be inside the turned square. */
static extent turned_extent(const turned_frame *f, const extent *right, double d,
                            double centre)
{
    double low = (double)right->first - centre, high = (double)right->end - centre;
    narrow(f->cosine * d, f->sine, f->radius, &low, &high);
    narrow(-f->sine * d, f->cosine, f->radius, &low, &high);
    double first = low + centre, end = high + centre + 1;
    if (!(first < end) || !(end > 0))
        return (extent){0, 0};
    extent e = {first > 0 ? (ptrdiff_t)first : 0, 0};
    e.end = end < (double)right->end ? (ptrdiff_t)end : right->end;
    e.first = e.first > right->first ? e.first : right->first;
    return e;
}

/* v between 0 and `most`, 0 for no number; in two steps, as vectors know no branch. */
static inline double held(double v, double most)
{
    v = v > 0 ? v : 0;
    return v < most ? v : most;
}

static inline double larger_size(double a, double b)
{
    a = a < 0 ? -a : a;
    b = b < 0 ? -b : b;
    return a > b ? a : b;
}

/* The two directions next to each gradient's: the first, and the second's part. */
static void turn_gradients(const turned_frame *f, const piece *p, int32_t *first,
                           double *second)
{
    const double around = (double)(f->depth - 1);
    for (ptrdiff_t i = 0; i < WHOLE(p->count); i++) {
        double turn = angle_without_branches(p->right[i], p->down[i]) - f->angle;
        turn *= f->directions;
        turn = turn < 0 ? turn + around : turn;
        turn = held(turn, around * (1 - 0x1p-50));
        first[i] = (int32_t)turn;
        second[i] = turn - (double)first[i];
    }
}

static void share_out(const turned_frame *f, piece *p, double d, double centre,
                      const wide *weights, shares *s)
{
    const double last = (double)(f->side - 1) - 0x1p-40;
    const int32_t depth = (int32_t)f->depth, side = (int32_t)f->side;
    const double sine = f->sine, cosine = f->cosine, weight = f->weight;
    const double cells = f->cells, middle = f->middle, radius = f->radius;
    const double first_col = (double)p->first;
    int32_t first[PIECE];
    turn_gradients(f, p, first, s->next);
    for (ptrdiff_t i = 0; i < WHOLE(p->count); i++) {
        double x = stored(first_col + (double)i - centre);
        double row = cosine * d + sine * x, col = -sine * d + cosine * x;
        double amount = magnitude_of(p->down[i], p->right[i]) * (weight * weights[i]);
        amount = larger_size(row, col) < radius ? amount : 0;
        row = held(row * cells + middle, last);
        col = held(col * cells + middle, last);
        int32_t r = (int32_t)row, c = (int32_t)col;
        double down = amount * (row - (double)r), up = amount - down;
        double part = col - (double)c, right = up * part, below = down * part;
        s->of[0][i] = up - right;
        s->of[1][i] = right;
        s->of[2][i] = down - below;
        s->of[3][i] = below;
        p->bin[i] = (r * side + c) * depth + first[i];
    }
}

static inline void add_pixel(const turned_frame *f, const piece *p, const shares *s,
                             ptrdiff_t i, wide *sums)
{
    wide *cells[4] = {sums + p->bin[i], NULL, NULL, NULL};
    cells[1] = cells[0] + f->depth;
    cells[2] = cells[0] + f->side * f->depth;
    cells[3] = cells[2] + f->depth;
    for (int k = 0; k < 4; k++) {
        double second = s->of[k][i] * s->next[i];
        cells[k][0] += s->of[k][i] - second;
        cells[k][1] += second;
    }
}

static void add_piece(const turned_frame *f, const piece *p, const shares *s,
                      wide *even, wide *odd)
{
    ptrdiff_t i = 0;
    for (; i + 1 < p->count; i += 2) {
        add_pixel(f, p, s, i, even);
        add_pixel(f, p, s, i + 1, odd);
    }
    if (i < p->count)
        add_pixel(f, p, s, i, even);
}

#define CLIP 0.2
#define SCALE 512
#define LARGEST 255

static double norm_of(const wide *v, ptrdiff_t n)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        sum += v[i] * v[i];
    return sqrt(sum);
}

/* Clipped to a part of the norm, then scaled by the new one, and cut off to bytes. */
static void quantize(wide *v, ptrdiff_t n, uint8_t *out)
{
    double most = CLIP * norm_of(v, n);
    for (ptrdiff_t i = 0; i < n; i++)
        v[i] = v[i] < most ? v[i] : most;
    double norm = norm_of(v, n);
    for (ptrdiff_t i = 0; i < n; i++) {
        double byte = SCALE * v[i] / norm;
        out[i] = byte > 0 ? (uint8_t)(byte < LARGEST ? byte : LARGEST) : 0;
    }
}

/* The sum of both histograms without their frames. */
static void close_histograms(const turned_frame *f, wide *even, const wide *odd)
{
    wide *out = even;
    for (ptrdiff_t r = 1; r < f->side - 1; r++)
        for (ptrdiff_t c = 1; c < f->side - 1; c++) {
            ptrdiff_t from = (r * f->side + c) * f->depth, last = from + f->depth - 1;
            double wrapped = even[last] + odd[last];
            for (ptrdiff_t k = from; k < last; k++)
                *out++ = even[k] + odd[k] + (k == from ? wrapped : 0);
        }
}

void NAME(sift_describe)(const sift_window *w, uint8_t *descriptor)
{
    double deviation = w->reach * w->sigma, divisor = 2 * deviation * deviation;
    double cells = (double)w->cells, radius = deviation * (1 + 1 / cells);
    double around = 0x1.6a09e667f3bcdp+0 * radius; /* the square's corners */
    turned_frame f = {.angle = w->angle, .radius = radius, .side = w->cells + 2};
    f.cells = cells / (2 * deviation);
    f.middle = (cells + 1) / 2;
    f.directions = (double)w->bins / TWO_PI;
    f.depth = w->bins + 1;
    sine_and_cosine(w->angle, &f.sine, &f.cosine);
    extent down = extent_of(w->row, around, w->rows);
    extent right = extent_of(w->col, around, w->cols);
    ptrdiff_t room = sift_room(w->cells, w->bins);
    piece p;
    shares s;
    clear(w->sums, SIFT_COPIES * room);
    weigh(&right, w->col, divisor, w->weights);
    weigh(&down, w->row, divisor, w->row_weights);
    for (p.row = down.first; p.row < down.end; p.row++) {
        double d = stored((double)p.row - w->row);
        extent e = turned_extent(&f, &right, d, w->col);
        f.weight = w->row_weights[p.row - down.first];
        for (p.first = e.first; p.first < e.end; p.first += PIECE) {
            p.count = e.end - p.first < PIECE ? e.end - p.first : PIECE;
            read_gradient(w, &p);
            share_out(&f, &p, d, w->col, w->weights + (p.first - right.first), &s);
            add_piece(&f, &p, &s, w->sums, w->sums + room);
        }
    }
    close_histograms(&f, w->sums, w->sums + room);
    quantize(w->sums, w->cells * w->cells * w->bins, descriptor);
}
