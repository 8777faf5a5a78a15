/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/spacing.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

/* ------------------------------------------------------------------------ */
/* Distance                                                                 */
/* ------------------------------------------------------------------------ */

/* Any p, with the roundings of SciPy's tree and of its distances. */
static int minkowski_near(const spacing *rule, const ptrdiff_t *apart)
{
    double sum = 0, p = rule->p_norm;
    for (int32_t axis = 0; axis < rule->ndim; axis++)
        sum += pow((double)apart[axis], p);
    if (sum > pow(rule->distance, p))
        return 0;
    return rule->inclusive || pow(sum, 1 / p) < rule->distance;
}

/* Are two points too near that are so far apart along each axis? */
static int too_near(const spacing *rule, const ptrdiff_t *apart)
{
    double most = 0, sum = 0, squares = 0, limit = rule->distance;
    for (int32_t axis = 0; axis < rule->ndim; axis++) {
        double d = (double)apart[axis];
        most = d > most ? d : most;
        sum += d;
        squares += d * d;
    }
    double distance = most;
    if (rule->p_norm == 1)
        distance = sum;
    else if (rule->p_norm == 2 && rule->inclusive)
        return squares <= limit * limit;
    else if (rule->p_norm == 2)
        distance = sqrt(squares);
    else if (!isinf(rule->p_norm))
        return minkowski_near(rule, apart);
    return rule->inclusive ? distance <= limit : distance < limit;
}

/* At most so far apart along an axis are two points that are too near. */
static ptrdiff_t reach(const spacing *rule)
{
    double most = floor(rule->distance);
    return most > 0x1p40 ? (ptrdiff_t)1 << 40 : (ptrdiff_t)most;
}

/* ------------------------------------------------------------------------ */
/* Cover                                                                    */
/* ------------------------------------------------------------------------ */

typedef struct cover {
    const spacing *rule;
    ptrdiff_t reach[POINT_AXES]; /* along each axis, and not longer than it */
    ptrdiff_t entries, *width;   /* for each distance along the axes before the last,
                                    how far along that is too near; or -1 */
    size_t lines, words;         /* words a line */
    uint64_t *bits;              /* of elements: too near a point that was taken */
} cover;

static int32_t last_axis(const cover *c)
{
    return c->rule->ndim - 1;
}

static void lay_cover(cover *c, const spacing *rule, arena *a)
{
    *c = (cover){.rule = rule, .entries = 1, .lines = 1};
    int overflow = 0;
    for (int32_t axis = 0; axis < rule->ndim; axis++) {
        ptrdiff_t most = rule->shape[axis] - 1, far = reach(rule);
        c->reach[axis] = far < most ? far : most;
    }
    for (int32_t axis = 0; axis < last_axis(c); axis++) {
        overflow |=
            __builtin_mul_overflow(c->lines, (size_t)rule->shape[axis], &c->lines);
        overflow |= __builtin_mul_overflow(c->entries, c->reach[axis] + 1, &c->entries);
    }
    if (overflow)
        a->used = SIZE_MAX;
    c->words = ((size_t)rule->shape[last_axis(c)] + WORD_BITS - 1) / WORD_BITS;
    c->width = arena_take(a, (size_t)c->entries, sizeof *c->width);
    c->bits = arena_take(a, c->lines, c->words * sizeof *c->bits);
}

size_t spacing_size(const spacing *rule)
{
    cover c;
    arena a = {NULL, 0};
    lay_cover(&c, rule, &a);
    return a.used;
}

/* The largest distance along the last axis that is too near, by bisection. */
static ptrdiff_t widest(const cover *c, ptrdiff_t *apart)
{
    ptrdiff_t least = -1, most = c->reach[last_axis(c)];
    while (least < most) {
        ptrdiff_t middle = least + (most - least + 1) / 2;
        apart[last_axis(c)] = middle;
        if (too_near(c->rule, apart))
            least = middle;
        else
            most = middle - 1;
    }
    return least;
}

static void fill_widths(cover *c)
{
    ptrdiff_t apart[POINT_AXES] = {0};
    for (ptrdiff_t entry = 0; entry < c->entries; entry++) {
        c->width[entry] = widest(c, apart);
        for (int32_t axis = last_axis(c) - 1; axis >= 0; axis--) {
            if (++apart[axis] <= c->reach[axis])
                break;
            apart[axis] = 0;
        }
    }
}

/* A run of bits of a line: those of the words between the first and the last, too. */
typedef struct run {
    ptrdiff_t width; /* on both sides of the point */
    size_t first, last;
    uint64_t of_first, of_last;
} run;

static run run_around(const cover *c, ptrdiff_t at, ptrdiff_t width)
{
    ptrdiff_t most = c->rule->shape[last_axis(c)] - 1;
    ptrdiff_t low = at > width ? at - width : 0,
              high = most - at > width ? at + width : most;
    run r = {width, (size_t)low / WORD_BITS, (size_t)high / WORD_BITS,
             UINT64_MAX << low % WORD_BITS,
             UINT64_MAX >> (WORD_BITS - 1 - high % WORD_BITS)};
    if (r.first == r.last)
        r.of_first = r.of_last = r.of_first & r.of_last;
    return r;
}

static void set_run(uint64_t *line, const run *r)
{
    line[r->first] |= r->of_first;
    for (size_t k = r->first + 1; k < r->last; k++)
        line[k] = UINT64_MAX;
    line[r->last] |= r->of_last;
}

/* Covers what is too near a point in one line; `entry` numbers the line's distance. */
static inline void mark_line(cover *c, ptrdiff_t at, size_t line, ptrdiff_t entry,
                             run *r)
{
    ptrdiff_t width = c->width[entry];
    if (width < 0)
        return;
    if (r->width != width)
        *r = run_around(c, at, width);
    set_run(c->bits + line * c->words, r);
}

/* The same in all lines whose indices along the axes before `axis` are chosen: `line`
 * and `entry` number them and their distances. */
static void mark(cover *c, int32_t axis, const int64_t *index, size_t line,
                 ptrdiff_t entry, run *r)
{
    ptrdiff_t at = (ptrdiff_t)index[axis], column = (ptrdiff_t)index[last_axis(c)];
    if (axis == last_axis(c)) {
        mark_line(c, at, line, entry, r);
        return;
    }
    ptrdiff_t length = c->rule->shape[axis], far = c->reach[axis];
    ptrdiff_t low = at > far ? at - far : 0,
              high = length - 1 - at > far ? at + far : length - 1;
    line *= (size_t)length;
    entry *= far + 1;
    for (ptrdiff_t i = low; i <= high; i++) {
        size_t line_here = line + (size_t)i;
        ptrdiff_t entry_here = entry + (i < at ? at - i : i - at);
        if (axis + 1 == last_axis(c))
            mark_line(c, column, line_here, entry_here, r);
        else
            mark(c, axis + 1, index, line_here, entry_here, r);
    }
}

static int is_covered(const cover *c, int64_t place)
{
    ptrdiff_t shape[2] = {1, c->rule->shape[last_axis(c)]};
    int64_t at[2]; /* of the line, along it */
    place_to_index(place, shape, 2, at);
    return c->bits[(size_t)at[0] * c->words + (size_t)at[1] / WORD_BITS] >>
               at[1] % WORD_BITS &
           1;
}

ptrdiff_t points_space(const spacing *rule, point *points, ptrdiff_t n, void *scratch)
{
    cover c;
    arena a = {scratch, 0};
    ptrdiff_t kept = 0;
    lay_cover(&c, rule, &a);
    fill_widths(&c);
    memset(c.bits, 0, c.lines * c.words * sizeof *c.bits);
    for (ptrdiff_t i = 0; i < n && kept < rule->most; i++) {
        int64_t index[POINT_AXES];
        if (is_covered(&c, points[i].place))
            continue;
        place_to_index(points[i].place, rule->shape, rule->ndim, index);
        run r = {.width = -1};
        mark(&c, 0, index, 0, 0, &r);
        points[kept++] = points[i];
    }
    return kept;
}
