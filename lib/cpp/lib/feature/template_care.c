/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows whose coefficients the sums over a tile leave in doubt.
 *
 * One by one they are computed again from their own pixels. Where that takes long, the
 * squared deviations of all windows are merged from those of their parts (Chan, Golub
 * and LeVeque 1983, kernels/template.c), in which nothing cancels. What is left in
 * doubt are windows that are so quiet that the tile's mean is far away for them, or
 * that drown in a spectrum's rounding beside a few large pixels. These are settled in
 * rounds, all of one kind at a time: around the mean of one of them, pixels that are
 * farther away than a thousand of its deviations are left out of the tile, and so are
 * the windows that hold one; the others are computed anew.
 */
#include "template.h"

#include <math.h>
#include <string.h>

/* With care, in doubt are windows whose variation is below this part of their squared
 * sum: what remains is how pixels less the tile's offset, and products with them, are
 * rounded. Then a coefficient is off by less than 5e-11. */
#define DOUBT_WITH_CARE 1e-10
/* Around a window, in its deviations: the tile's energy stays below what the noise of a
 * spectrum allows, as a rule. */
#define NEAR 1e3
/* Rounds that settled less than they took, before the rest is computed one by one. */
#define MISSES_AT_MOST 4

moments template_moments(const double *v, const double *with, ptrdiff_t n)
{
    moments all = {0, 0, 0};
    for (ptrdiff_t first = 0; first < n; first += TEMPLATE_RUN) {
        ptrdiff_t end = n - first < TEMPLATE_RUN ? n : first + TEMPLATE_RUN;
        moments run = {0, 0, 0};
        for (ptrdiff_t k = first; k < end; k++) {
            run.sum += v[k];
            run.squares += v[k] * v[k];
            run.products += v[k] * with[k];
        }
        all.sum += run.sum;
        all.squares += run.squares;
        all.products += run.products;
    }
    return all;
}

/* Less the first of them before their mean: so equal ones become 0. */
double template_centre(double *v, ptrdiff_t n)
{
    double first = v[0];
    for (ptrdiff_t k = 0; k < n; k++)
        v[k] -= first;
    double mean = template_moments(v, v, n).sum / (double)n;
    for (ptrdiff_t k = 0; k < n; k++)
        v[k] -= mean;
    return first + mean;
}

/* From the numerator and `count` times the squared deviations from the mean. */
static double quotient(const template_numbers *t, double numerator, double variation)
{
    double square = variation * t->variation;
    double denominator = sqrt(square > 0 ? square : 0);
    double r = denominator > t->least ? numerator / denominator : 0;
    return r < -1 ? -1 : r > 1 ? 1 : r;
}

/* ------------------------------------------------------------------------ */
/* One by one                                                               */
/* ------------------------------------------------------------------------ */

/* What a window's own pixels say. */
typedef struct window_view {
    double centre, deviation, coefficient;
} window_view;

static window_view view_window(const match_job *job, match_scratch *s, ptrdiff_t p,
                               ptrdiff_t y, ptrdiff_t x)
{
    const template_numbers *t = &job->numbers;
    ptrdiff_t cols = job->side[2], n = product(job->side);
    wide *line = s->window;
    s->again += (double)n;
    for (ptrdiff_t q = 0; q < job->side[0]; q++)
        for (ptrdiff_t r = 0; r < job->side[1]; r++, line += cols)
            memcpy(line, line_in(job, s->raw, p + q, y + r) + x,
                   (size_t)cols * sizeof *line);
    window_view v = {.centre = template_centre(s->window, n)};
    moments m = template_moments(s->window, job->weights, n);
    v.deviation = sqrt(m.squares / (double)n);
    v.coefficient = quotient(t, t->count * m.products - m.sum * t->sum,
                             t->count * m.squares - m.sum * m.sum);
    return v;
}

/* For each column, how many to its left, itself included, are filled over the window's
 * height with one and the same value. */
static void count_equal(const match_job *job, const match_scratch *s, ptrdiff_t p,
                        ptrdiff_t y, wide *equal)
{
    const wide *top = line_in(job, s->raw, p, y);
    ptrdiff_t n = s->used[2];
    for (ptrdiff_t x = 0; x < n; x++)
        equal[x] = 1;
    for (ptrdiff_t q = 0; q < job->side[0]; q++)
        for (ptrdiff_t r = 0; r < job->side[1]; r++) {
            const wide *line = line_in(job, s->raw, p + q, y + r);
            for (ptrdiff_t x = 0; x < n; x++)
                equal[x] = line[x] == top[x] ? equal[x] : 0;
        }
    for (ptrdiff_t x = 1; x < n; x++)
        if (equal[x] > 0 && top[x] == top[x - 1])
            equal[x] += equal[x - 1];
}

/* Is a window 0 for sure? `equal` as count_equal says, `most` is what its variation is
 * at most. It is where that is too little, or what it holds cannot be measured. */
static int is_nothing(const match_job *job, const match_scratch *s, const wide *equal,
                      ptrdiff_t x, double most)
{
    const template_numbers *t = &s->numbers;
    int is_flat = equal[x + job->side[2] - 1] >= (double)job->side[2];
    int is_tiny = sqrt(most * t->variation) < 0.5 * t->least;
    int is_bad = s->unmeasurable && s->row[3][x] > 0;
    return is_flat | is_tiny | is_bad;
}

/* Whether another window may be computed again. */
static int may_read(match_job *job, const match_scratch *s, int thread)
{
    return s->again < template_readings(job) && !team_is_stopped(&job->team, thread);
}

int template_decide_line(match_job *job, match_scratch *s, ptrdiff_t p, ptrdiff_t y,
                         int thread, wide *out)
{
    const template_numbers *t = &s->numbers;
    const wide *sums = s->row[0], *squares = s->row[1];
    wide *equal = s->spare;
    count_equal(job, s, p, y, equal);
    for (ptrdiff_t x = 0; x < s->count[2]; x++) {
        double all = t->count * squares[x], variation = all - sums[x] * sums[x];
        if (variation > t->doubt * all && variation > t->noise)
            continue;
        out[x] = 0;
        if (is_nothing(job, s, equal, x, all))
            continue;
        if (!may_read(job, s, thread))
            return 0;
        out[x] = view_window(job, s, p, y, x).coefficient;
    }
    return 1;
}

/* ------------------------------------------------------------------------ */
/* With care                                                                */
/* ------------------------------------------------------------------------ */

static ptrdiff_t place_of(const match_job *job, ptrdiff_t p, ptrdiff_t y)
{
    return (p * job->length[1] + y) * job->length[2];
}

/* NaN for a window that stays in doubt. */
static double careful_quotient(const match_scratch *s, ptrdiff_t at)
{
    const template_numbers *t = &s->numbers;
    double sum = s->spread[0][at], variation = t->count * s->spread[1][at];
    if (!(variation > DOUBT_WITH_CARE * sum * sum && variation > t->noise))
        return NAN;
    return quotient(t, t->count * s->products[at] - sum * t->sum, variation);
}

/* The same of a line; what is 0 for sure is no doubt. */
static void careful_line(const match_job *job, match_scratch *s, ptrdiff_t p,
                         ptrdiff_t y, wide *out)
{
    wide *equal = NULL;
    for (ptrdiff_t x = 0; x < s->count[2]; x++) {
        ptrdiff_t at = place_of(job, p, y) + x;
        int is_bad = s->unmeasurable && s->row[3][x] > 0;
        out[x] = is_bad ? 0 : careful_quotient(s, at);
        if (!isnan(out[x]))
            continue;
        if (equal == NULL)
            count_equal(job, s, p, y, equal = s->spare);
        double sum = s->spread[0][at];
        double most = s->numbers.count * s->spread[1][at] + sum * sum;
        if (is_nothing(job, s, equal, x, most))
            out[x] = 0;
    }
}

int template_careful_line(match_job *job, match_scratch *s, ptrdiff_t p, ptrdiff_t y,
                          int thread, wide *out)
{
    careful_line(job, s, p, y, out);
    for (ptrdiff_t x = 0; x < s->count[2]; x++) {
        if (!isnan(out[x]))
            continue;
        if (!may_read(job, s, thread))
            return 0;
        out[x] = view_window(job, s, p, y, x).coefficient;
    }
    return 1;
}

/* ------------------------------------------------------------------------ */
/* In rounds                                                                */
/* ------------------------------------------------------------------------ */

/* What is to be settled: the lines of a tile from `first` to before `end`. */
typedef struct open_lines {
    ptrdiff_t first, end;
} open_lines;

static wide *settled_line(const match_job *job, const match_scratch *s, ptrdiff_t line)
{
    return s->settled + place_of(job, line / s->count[1], line % s->count[1]);
}

static ptrdiff_t count_open(const match_scratch *s, const wide *line)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t x = 0; x < s->count[2]; x++)
        count += isnan(line[x]) != 0;
    return count;
}

/* The one that as many come before as behind, of `count` windows in doubt. */
static void find_middle(const match_job *job, const match_scratch *s, open_lines lines,
                        ptrdiff_t count, ptrdiff_t *line, ptrdiff_t *col)
{
    ptrdiff_t before = count / 2, here;
    *line = lines.first;
    while ((here = count_open(s, settled_line(job, s, *line))) <= before) {
        before -= here;
        ++*line;
    }
    const wide *settled = settled_line(job, s, *line);
    for (*col = 0; !isnan(settled[*col]) || before-- > 0;)
        ++*col;
}

/* Only pixels near the window's are left in the tile. */
static void narrow_tile(match_job *job, match_scratch *s, const window_view *v,
                        int thread)
{
    s->offset = v->centre;
    s->reach = NEAR * v->deviation;
    s->energy = template_shift_lines(job, s, s->shifted);
    s->numbers.noise = template_noise(job, s);
    template_products(job, s, thread);
    template_spread_windows(job, s, thread);
    template_sum_far(job, s);
}

/* One round; returns how many of `count` windows are still in doubt. */
static ptrdiff_t settle_some(match_job *job, match_scratch *s, open_lines lines,
                             ptrdiff_t count, int thread)
{
    ptrdiff_t line, col;
    find_middle(job, s, lines, count, &line, &col);
    window_view v = view_window(job, s, line / s->count[1], line % s->count[1], col);
    settled_line(job, s, line)[col] = v.coefficient;
    narrow_tile(job, s, &v, thread);
    count = 0;
    for (line = lines.first; line < lines.end; line++) {
        ptrdiff_t p = line / s->count[1], y = line % s->count[1];
        wide *settled = settled_line(job, s, line);
        if (count_open(s, settled) == 0)
            continue;
        template_count_far(job, s, p, y);
        for (ptrdiff_t x = 0; x < s->count[2]; x++)
            if (isnan(settled[x]) && !(s->row[3][x] > 0))
                settled[x] = careful_quotient(s, place_of(job, p, y) + x);
        count += count_open(s, settled);
    }
    return count;
}

/* What the sums with care say of the lines, NaN where they leave a doubt; returns how
 * many those are. */
static ptrdiff_t settle_first(match_job *job, match_scratch *s, open_lines lines,
                              int thread)
{
    ptrdiff_t count = 0, line = lines.first;
    for (; line < lines.end && !team_is_stopped(&job->team, thread); line++) {
        ptrdiff_t p = line / s->count[1], y = line % s->count[1];
        if (s->unmeasurable)
            template_count_far(job, s, p, y);
        careful_line(job, s, p, y, settled_line(job, s, line));
        count += count_open(s, settled_line(job, s, line));
    }
    return count;
}

static void settle_rest(match_job *job, match_scratch *s, open_lines lines, int thread)
{
    for (ptrdiff_t line = lines.first; line < lines.end; line++) {
        ptrdiff_t p = line / s->count[1], y = line % s->count[1];
        wide *settled = settled_line(job, s, line);
        for (ptrdiff_t x = 0; x < s->count[2]; x++) {
            if (!isnan(settled[x]))
                continue;
            if (team_is_stopped(&job->team, thread))
                return;
            settled[x] = view_window(job, s, p, y, x).coefficient;
        }
    }
}

void template_settle(match_job *job, match_scratch *s, ptrdiff_t first, int thread)
{
    const open_lines lines = {first, s->count[0] * s->count[1]};
    const double each = (double)product(job->side), round = template_readings(job);
    ptrdiff_t count = settle_first(job, s, lines, thread);
    for (int misses = 0; misses < MISSES_AT_MOST && (double)count * each > round;) {
        if (team_is_stopped(&job->team, thread))
            return;
        ptrdiff_t left = settle_some(job, s, lines, count, thread);
        misses += (double)(count - left) * each < round;
        count = left;
    }
    settle_rest(job, s, lines, thread);
}
