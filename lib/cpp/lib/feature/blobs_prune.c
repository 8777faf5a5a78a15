/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pruning: of two blobs that share too much of the smaller one's disc (ball), that one
 * is dropped, and of equal ones the first. Pairs are looked at in the order of the
 * first's place in the list, then the second's. That which is dropped counts no more.
 *
 * So blob i is through as soon as a later one drops it. The pairs (i, j) are found,
 * never stored: the next few in the list first, because on plateaus neighbours in the
 * list lie side by side; then through grids of buckets, one for each octave of sigma,
 * whose lists ascend and hold only what comes after i and is not dropped. Of those
 * that may drop i the first is found, and all before it that i drops go.
 *
 * With an overlap below 1 what is not dropped lies apart, so that each bucket is soon
 * thin and the cost nearly linear.
 */
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"

#define OCTAVES 64
#define GRID_AXES 3
#define NEXT_FEW 32
#define POLL_EVERY 1024
#define PI 3.14159265358979323846

/* Buckets of the blobs of one octave of sigma. */
typedef struct octave {
    ptrdiff_t count, total;
    double sigma[GRID_AXES], low, high; /* the largest along each axis; of the last */
    double side[GRID_AXES];
    ptrdiff_t cells[GRID_AXES];
    int32_t *first;
} octave;

typedef struct pruning {
    const double *blobs;
    ptrdiff_t n, columns;
    int ndim, sigmas, axes, narrow;
    double overlap, distance, root;
    double extent[GRID_AXES]; /* coordinates are below */
    octave octaves[OCTAVES];
    int exponent; /* of the largest sigma */
    uint8_t *kept;
    int32_t *next, *previous, *dropped; /* lists of buckets; what one blob drops */
} pruning;

/* A result in the arithmetic of the reference's arrays. */
static inline double rounded(const pruning *p, double v)
{
    return p->narrow ? (double)(float)v : v;
}

static const double *blob_at(const pruning *p, ptrdiff_t i)
{
    return p->blobs + i * p->columns;
}

static double last_sigma(const pruning *p, ptrdiff_t i)
{
    return blob_at(p, i)[p->columns - 1];
}

static double sigma_along(const pruning *p, ptrdiff_t i, int axis)
{
    return blob_at(p, i)[p->ndim + (p->sigmas == 1 ? 0 : axis)];
}

/* ------------------------------------------------------------------------ */
/* Overlap                                                                  */
/* ------------------------------------------------------------------------ */

#define R(v) rounded(p, v)

static inline double within_1(double v)
{
    return v < -1 ? -1 : v > 1 ? 1 : v;
}

/* A narrow number times an angle, which is not narrow. */
static inline double sector(const pruning *p, double radius, double angle)
{
    return radius == 1 ? angle : R(R(radius * radius) * R(angle));
}

/* The share of the smaller disc that lies in the other; one of the radii is 1. */
static double disc_overlap(const pruning *p, double d, double r1, double r2)
{
    double dd = R(d * d), rr1 = R(r1 * r1), rr2 = R(r2 * r2);
    double ratio1 = R(R(R(dd + rr1) - rr2) / R(R(2 * d) * r1));
    double ratio2 = R(R(R(dd + rr2) - rr1) / R(R(2 * d) * r2));
    double angle1 = acos(within_1(ratio1)), angle2 = acos(within_1(ratio2));
    double a = R(R(r2 - d) + r1), b = R(R(d - r2) + r1);
    double c = R(R(d + r2) - r1), e = R(R(d + r2) + r1);
    double kite = sqrt(fabs(R(R(R(a * b) * c) * e)));
    double area = R(R(sector(p, r1, angle1)) + R(sector(p, r2, angle2)));
    area = R(area - R(0.5 * kite));
    double least = r1 < r2 ? r1 : r2;
    return R(area / R(R(PI) * R(least * least)));
}

static double ball_overlap(const pruning *p, double d, double r1, double r2)
{
    double rr1 = R(r1 * r1), rr2 = R(r2 * r2), sum = R(r1 + r2), gap = R(sum - d);
    double form = R(R(d * d) + R(R(2 * d) * sum));
    form = R(form - R(3 * R(rr1 + rr2)));
    form = R(form + R(R(6 * r1) * r2));
    double volume = R(R(R(R(PI) / R(12 * d)) * R(gap * gap)) * form);
    double least = r1 < r2 ? r1 : r2;
    return R(volume / R(R(4.0 / 3 * PI) * R(R(least * least) * least)));
}

/* Distances count in radii of the larger one. */
static double overlap_of(const pruning *p, ptrdiff_t i, ptrdiff_t j)
{
    double s1 = last_sigma(p, i), s2 = last_sigma(p, j), sum = 0;
    int first = s1 > s2;
    ptrdiff_t larger = first ? i : j;
    double r1 = first ? 1 : R(s1 / s2), r2 = first ? R(s2 / s1) : 1;
    if (p->ndim > 3)
        return 0;
    for (int axis = 0; axis < p->ndim; axis++) {
        double radius = R(sigma_along(p, larger, axis) * R(p->root));
        double apart = R(R(blob_at(p, j)[axis] / radius) -
                         R(blob_at(p, i)[axis] / radius));
        sum = R(sum + R(apart * apart));
    }
    double d = R(sqrt(sum));
    if (d > R(r1 + r2))
        return 0;
    if (d <= fabs(R(r1 - r2)))
        return 1;
    return p->ndim == 2 ? disc_overlap(p, d, r1, r2) : ball_overlap(p, d, r1, r2);
}

static int are_near(const pruning *p, ptrdiff_t i, ptrdiff_t j)
{
    double sum = 0;
    for (int axis = 0; axis < p->ndim; axis++) {
        double apart = blob_at(p, i)[axis] - blob_at(p, j)[axis];
        sum += apart * apart;
    }
    return sum <= p->distance * p->distance;
}

static int share_too_much(const pruning *p, ptrdiff_t i, ptrdiff_t j)
{
    return are_near(p, i, j) && overlap_of(p, i, j) > p->overlap;
}

/* ------------------------------------------------------------------------ */
/* Buckets                                                                  */
/* ------------------------------------------------------------------------ */

static octave *octave_of(pruning *p, ptrdiff_t i)
{
    int exponent;
    double mantissa = frexp(last_sigma(p, i), &exponent);
    int below = p->exponent - exponent;
    return &p->octaves[below < OCTAVES && mantissa > 0 ? below : OCTAVES - 1];
}

static void count_octaves(pruning *p)
{
    for (ptrdiff_t i = 0; i < p->n; i++) {
        double s = last_sigma(p, i);
        if (!p->kept[i])
            continue;
        octave *o = octave_of(p, i);
        for (int axis = 0; axis < p->axes; axis++) {
            double along = sigma_along(p, i, axis), at = blob_at(p, i)[axis];
            o->sigma[axis] = along > o->sigma[axis] ? along : o->sigma[axis];
            p->extent[axis] = at >= p->extent[axis] ? at + 1 : p->extent[axis];
        }
        o->low = o->count == 0 || s < o->low ? s : o->low;
        o->high = s > o->high ? s : o->high;
        o->count++;
    }
}

/* Buckets as wide as two of the octave's largest blobs, not many more than blobs. */
static void size_octave(const pruning *p, octave *o)
{
    double most = 4 * (double)o->count + 64;
    for (double scale = 1;; scale *= 2) {
        double total = 1;
        for (int axis = 0; axis < p->axes; axis++) {
            double side = 2 * p->root * o->sigma[axis];
            o->side[axis] = scale * (side > 1 ? side : 1);
            total *= floor(p->extent[axis] / o->side[axis]) + 1;
        }
        if (total <= most)
            break;
    }
    o->total = 1;
    for (int axis = 0; axis < GRID_AXES; axis++) {
        o->cells[axis] =
            axis < p->axes ? (ptrdiff_t)(p->extent[axis] / o->side[axis]) + 1 : 1;
        o->total *= o->cells[axis];
    }
}

static void layout(pruning *p, arena *a)
{
    p->next = arena_take(a, (size_t)p->n, sizeof *p->next);
    p->previous = arena_take(a, (size_t)p->n, sizeof *p->previous);
    p->dropped = arena_take(a, (size_t)p->n, sizeof *p->dropped);
    for (int k = 0; k < OCTAVES; k++) {
        octave *o = &p->octaves[k];
        o->first = arena_take(a, o->count > 0 ? (size_t)o->total : 0, sizeof *o->first);
    }
}

static int32_t *bucket_of(const pruning *p, const octave *o, ptrdiff_t i)
{
    ptrdiff_t cell = 0;
    for (int axis = 0; axis < p->axes; axis++)
        cell = cell * o->cells[axis] + (ptrdiff_t)(blob_at(p, i)[axis] / o->side[axis]);
    return &o->first[cell];
}

/* The last first, so that lists ascend. */
static void fill_buckets(pruning *p)
{
    for (int k = 0; k < OCTAVES; k++)
        if (p->octaves[k].count > 0)
            memset(p->octaves[k].first, 0xff,
                   (size_t)p->octaves[k].total * sizeof *p->octaves[k].first);
    for (ptrdiff_t i = p->n - 1; i >= 0; i--) {
        if (!p->kept[i])
            continue;
        int32_t *first = bucket_of(p, octave_of(p, i), i);
        p->next[i] = *first;
        p->previous[i] = -1;
        if (*first >= 0)
            p->previous[*first] = (int32_t)i;
        *first = (int32_t)i;
    }
}

static void take_out(pruning *p, ptrdiff_t i)
{
    if (p->previous[i] >= 0)
        p->next[p->previous[i]] = p->next[i];
    else
        *bucket_of(p, octave_of(p, i), i) = p->next[i];
    if (p->next[i] >= 0)
        p->previous[p->next[i]] = p->previous[i];
}

static void drop(pruning *p, ptrdiff_t i)
{
    p->kept[i] = 0;
    take_out(p, i);
}

/* ------------------------------------------------------------------------ */
/* One blob against those behind it                                         */
/* ------------------------------------------------------------------------ */

/* Which buckets of an octave blobs may be in that share anything with blob i. */
static void reach_of(const pruning *p, const octave *o, ptrdiff_t i,
                     ptrdiff_t (*range)[2])
{
    double s = last_sigma(p, i), sum = 2;
    if (s > o->high)
        sum = 1 + o->high / s;
    else if (s < o->low)
        sum = 1 + s / o->low;
    for (int axis = 0; axis < GRID_AXES; axis++) {
        range[axis][0] = range[axis][1] = 0;
        if (axis >= p->axes)
            continue;
        double mine = sigma_along(p, i, axis), at = blob_at(p, i)[axis];
        double largest = s > o->high || mine > o->sigma[axis] ? mine : o->sigma[axis];
        double reach = sum * p->root * largest * (1 + 1e-5) + 1e-5;
        if (p->overlap < 0 || reach > p->distance)
            reach = p->distance;
        double low = floor((at - reach) / o->side[axis]);
        double high = floor((at + reach) / o->side[axis]);
        double last = (double)o->cells[axis] - 1;
        range[axis][0] = low > 0 ? (ptrdiff_t)low : 0;
        range[axis][1] = (ptrdiff_t)(high < last ? high : last);
    }
}

/* Lists what i drops of one bucket, up to the first (below `end`) that drops i, which
 * is returned, or else `end`. */
static ptrdiff_t ask_bucket(pruning *p, int32_t first, ptrdiff_t i, ptrdiff_t end,
                            ptrdiff_t *dropped)
{
    double s = last_sigma(p, i);
    for (int32_t j = first; j >= 0 && j < end; j = p->next[j]) {
        if (!share_too_much(p, i, j))
            continue;
        if (!(s > last_sigma(p, j)))
            return j;
        p->dropped[(*dropped)++] = j;
    }
    return end;
}

static void ask_buckets(pruning *p, ptrdiff_t i)
{
    ptrdiff_t end = p->n, dropped = 0;
    for (int k = 0; k < OCTAVES; k++) { /* the largest first: they may end it */
        const octave *o = &p->octaves[k];
        ptrdiff_t range[GRID_AXES][2];
        if (o->count == 0)
            continue;
        reach_of(p, o, i, range);
        for (ptrdiff_t a = range[0][0]; a <= range[0][1]; a++)
            for (ptrdiff_t b = range[1][0]; b <= range[1][1]; b++)
                for (ptrdiff_t c = range[2][0]; c <= range[2][1]; c++) {
                    ptrdiff_t cell = (a * o->cells[1] + b) * o->cells[2] + c;
                    end = ask_bucket(p, o->first[cell], i, end, &dropped);
                }
    }
    for (ptrdiff_t k = 0; k < dropped; k++)
        if (p->dropped[k] < end)
            drop(p, p->dropped[k]);
    if (end < p->n)
        p->kept[i] = 0;
}

/* The same of the next few in the list, one after the other. */
static int ask_next_few(pruning *p, ptrdiff_t i)
{
    double s = last_sigma(p, i);
    for (ptrdiff_t j = i + 1; j <= i + NEXT_FEW && j < p->n; j++) {
        if (!p->kept[j] || !share_too_much(p, i, j))
            continue;
        if (!(s > last_sigma(p, j)))
            return 0;
        drop(p, j);
    }
    return 1;
}

static feature_status walk(pruning *p, const feature_run *run)
{
    team t = team_for(run, 1, 0);
    for (ptrdiff_t i = 0; i < p->n; i++) {
        if (i % POLL_EVERY == 0 && team_poll(&t) != FEATURE_OK)
            return FEATURE_INTERRUPTED;
        if (!p->kept[i])
            continue;
        take_out(p, i);
        if (ask_next_few(p, i))
            ask_buckets(p, i);
        else
            p->kept[i] = 0;
    }
    return FEATURE_OK;
}

/* ------------------------------------------------------------------------ */
/* The call                                                                 */
/* ------------------------------------------------------------------------ */

static int any_two_are_near(const pruning *p)
{
    for (ptrdiff_t i = 0; i < p->n; i++)
        for (ptrdiff_t j = i + 1; j < p->n; j++)
            if (are_near(p, i, j))
                return 1;
    return 0;
}

/* Blobs of no size go first, unless there is no pair at all. */
static void drop_empty(pruning *p)
{
    ptrdiff_t empty = 0;
    for (ptrdiff_t i = 0; i < p->n; i++)
        empty += !(last_sigma(p, i) > 0);
    if (empty == 0 || !any_two_are_near(p))
        return;
    for (ptrdiff_t i = 0; i < p->n; i++)
        p->kept[i] = last_sigma(p, i) > 0;
}

static feature_status prune(pruning *p, const feature_run *run)
{
    double largest = 0;
    for (ptrdiff_t k = 0; k < p->n * p->columns; k++)
        if (k % p->columns >= p->ndim && p->blobs[k] > largest)
            largest = p->blobs[k];
    p->root = sqrt((double)p->ndim);
    p->distance = rounded(p, rounded(p, 2 * largest) * rounded(p, p->root));
    drop_empty(p);
    if (!(p->overlap < 1) || (p->ndim > 3 && p->overlap >= 0) || largest == 0)
        return FEATURE_OK;
    double last = 0;
    for (ptrdiff_t i = 0; i < p->n; i++)
        last = last_sigma(p, i) > last ? last_sigma(p, i) : last;
    frexp(last, &p->exponent);
    count_octaves(p);
    for (int k = 0; k < OCTAVES; k++)
        if (p->octaves[k].count > 0)
            size_octave(p, &p->octaves[k]);
    arena counting = {NULL, 0};
    layout(p, &counting);
    void *block = counting.used == SIZE_MAX ? NULL : memory_lease(counting.used);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    arena a = {block, 0};
    layout(p, &a);
    fill_buckets(p);
    feature_status status = walk(p, run);
    memory_return(block);
    return status;
}

static int is_position(double v)
{
    return v >= 0 && v < 0x1p52;
}

static int are_blobs(const double *blobs, ptrdiff_t count, ptrdiff_t columns,
                     ptrdiff_t ndim)
{
    for (ptrdiff_t k = 0; k < count * columns; k++)
        if (!is_position(blobs[k]) ||
            (k % columns < ndim && blobs[k] != floor(blobs[k])))
            return 0;
    return 1;
}

feature_status feature_blob_prune(const feature_array *blobs, int32_t sigmas,
                                  int32_t narrow, double overlap,
                                  const feature_array *kept, const feature_run *run)
{
    feature_status status = check_array(blobs, 2);
    if (status == FEATURE_OK)
        status = check_array(kept, 1);
    if (status != FEATURE_OK)
        return status;
    if (blobs->dtype != FEATURE_FLOAT64 || kept->dtype != FEATURE_BOOL)
        return FEATURE_BAD_DTYPE;
    ptrdiff_t count = blobs->shape[0], columns = blobs->shape[1];
    if (sigmas < 1 || columns <= sigmas || columns > 2 * DIMENSIONS_AT_MOST ||
        (sigmas > 1 && columns != 2 * sigmas) || count > INT32_MAX ||
        kept->shape[0] != count || !is_contiguous(blobs) ||
        !is_contiguous(kept) ||
        !are_blobs(blobs->data, count, columns, columns - sigmas))
        return FEATURE_BAD_ARGUMENT;
    pruning p = {.blobs = blobs->data,
                 .n = count,
                 .columns = columns,
                 .ndim = (int)(columns - sigmas),
                 .sigmas = sigmas,
                 .narrow = narrow != 0,
                 .overlap = overlap,
                 .kept = kept->data};
    p.axes = p.ndim < GRID_AXES ? p.ndim : GRID_AXES;
    if (count == 0)
        return FEATURE_OK;
    memset(p.kept, 1, (size_t)count);
    return prune(&p, run);
}
