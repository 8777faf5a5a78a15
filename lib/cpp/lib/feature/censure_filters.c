/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses of the filters of two levels, a row of a tile at a time. */
#include "censure.h"

#include <math.h>
#include <string.h>

#include "core/border.h"
#include "core/memory.h"

#define SUM_MOST 2147483647.0
#define QUANTA 0x1p20

/* ------------------------------------------------------------------------ */
/* Shapes                                                                   */
/* ------------------------------------------------------------------------ */

/* The upright side of an octagon and its slope's height: the inner ones and the outer
 * ones of each scale. */
static const int octagons[2][11][2] = {
    {{3, 0}, {3, 1}, {3, 2}, {5, 2}, {5, 3}, {5, 4}, {5, 5}, {7, 5}, {7, 6}, {9, 6},
     {9, 7}},
    {{5, 2}, {5, 3}, {7, 3}, {9, 4}, {9, 7}, {13, 7}, {15, 10}, {15, 11}, {15, 12},
     {17, 13}, {17, 14}}};

/* Half the side of a star's square. */
static const int stars[2][12] = {{1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64},
                                 {2, 4, 6, 8, 12, 16, 22, 32, 46, 64, 90, 128}};

/* A square with its corners cut off. */
static ptrdiff_t draw_octagon(const int *sides, int32_t *reach)
{
    int height = (sides[0] - 1) / 2 + sides[1];
    for (int k = 0; k <= height; k++)
        reach[k] = k <= height - sides[1] ? height : 2 * height - sides[1] - k;
    return height;
}

/* A square, and one turned by 45 degrees. */
static ptrdiff_t draw_star(int half, int32_t *reach)
{
    int height = half + half / 2;
    for (int k = 0; k <= height; k++)
        reach[k] = k <= half && height - k < half ? half : height - k;
    return height;
}

int censure_is_box(const censure_job *job)
{
    return job->search->mode == FEATURE_CENSURE_DOB;
}

static ptrdiff_t level(const censure_job *job, ptrdiff_t scale)
{
    return job->search->min_scale + scale;
}

static ptrdiff_t draw(const censure_job *job, int outer, ptrdiff_t scale,
                      int32_t *reach)
{
    ptrdiff_t number = level(job, scale) - 1;
    return job->search->mode == FEATURE_CENSURE_OCTAGON
               ? draw_octagon(octagons[outer][number], reach)
               : draw_star(stars[outer][number], reach);
}

/* The number of the disc, which other filters may have too. */
static ptrdiff_t find_disc(censure_job *job, int outer, ptrdiff_t scale)
{
    censure_shapes *s = &job->shapes;
    ptrdiff_t last = s->discs, same = 0;
    s->height[last] = draw(job, outer, scale, s->reach[last]);
    size_t bytes = (size_t)(s->height[last] + 1) * sizeof(int32_t);
    while (s->height[same] != s->height[last] ||
           memcmp(s->reach[same], s->reach[last], bytes) != 0)
        same++;
    s->discs += same == last;
    return same;
}

static double area(const censure_shapes *s, ptrdiff_t disc)
{
    double sum = 2 * s->reach[disc][0] + 1;
    for (ptrdiff_t k = 1; k <= s->height[disc]; k++)
        sum += 2 * (2 * s->reach[disc][k] + 1);
    return sum;
}

/* Weights as the reference has them, rounded one step after the other. */
static bilevel_filter make_filter(const censure_shapes *s, ptrdiff_t outer,
                                  ptrdiff_t inner)
{
    double around = 1.0 / (area(s, outer) - area(s, inner));
    double within = 1.0 / area(s, inner);
    return (bilevel_filter){s->reach[outer], s->reach[inner], s->height[outer],
                            s->height[inner], around, around - (around + within)};
}

/* ------------------------------------------------------------------------ */
/* Sums over discs                                                          */
/* ------------------------------------------------------------------------ */

/*
 * With H(y, x) the sum of row y before column x, a disc is the sum over its rows of H
 * where it ends minus H where it begins. Both edges consist of a few straight runs,
 * down or along a diagonal. So three planes of running sums of H, in those directions,
 * give the disc by two numbers a run, whatever its size.
 */
enum { DOWN, FALLING, RISING, PLANES };

static ptrdiff_t sums_pitch(const censure_job *job)
{
    return row_pitch(CENSURE_TILE_COLS + 2 * job->reach + 3) + 2 * ROW_BLOCK;
}

/* Rows of a plane: those that the filters of a tile reach, and one of zeros before. */
static ptrdiff_t sums_rows(const censure_job *job)
{
    return CENSURE_TILE_ROWS + 2 * job->reach + 3;
}

static ptrdiff_t tap(const censure_job *job, int step, ptrdiff_t down, ptrdiff_t right)
{
    int plane = step == 0 ? DOWN : step > 0 ? FALLING : RISING;
    return (plane * sums_rows(job) + down) * sums_pitch(job) + right;
}

/* Column of the right or left edge in a row of the disc, counted as H is. */
static int32_t edge(const censure_shapes *s, ptrdiff_t disc, int side, ptrdiff_t down)
{
    int32_t reach = s->reach[disc][down < 0 ? -down : down];
    return side > 0 ? reach + 1 : -reach;
}

/* The last row of the run of an edge that begins in row `first`, and its step. */
static ptrdiff_t follow(const censure_shapes *s, ptrdiff_t disc, int side,
                        ptrdiff_t first, int *step)
{
    ptrdiff_t last = first;
    *step = 0;
    while (last < s->height[disc]) {
        int next = edge(s, disc, side, last + 1) - edge(s, disc, side, last);
        if (next < -1 || next > 1 || (last > first && next != *step))
            break;
        *step = next;
        last++;
    }
    return last;
}

/* Appends both edges' runs to the taps. */
static ptrdiff_t *trace_edges(const censure_job *job, censure_shapes *s, ptrdiff_t disc,
                              ptrdiff_t *taps)
{
    for (int side = -1; side <= 1; side += 2)
        for (ptrdiff_t last, first = -s->height[disc]; first <= s->height[disc];
             first = last + 1) {
            int step;
            last = follow(s, disc, side, first, &step);
            ptrdiff_t before = edge(s, disc, side, first) - step;
            ptrdiff_t end = tap(job, step, last, edge(s, disc, side, last));
            ptrdiff_t start = tap(job, step, first - 1, before);
            *taps++ = side > 0 ? end : start;
            *taps++ = side > 0 ? start : end;
            s->pairs[disc]++;
        }
    return taps;
}

/*
 * Integers for the screen. Integer pixels of few bits are what they are; others are
 * rounded to as many steps as sums have room for. What the slack has to cover: the
 * pixels' rounding in both of two sums of weight 1, and that of float arithmetic, eight
 * roundings of the outer sum's size and three of the response's.
 */
static void plan_screen(censure_job *job, double magnitude)
{
    static const double maximum[] = {1, 255, 127, 65535, 32767};
    censure_shapes *s = &job->shapes;
    double largest = 0, share = 0;
    for (ptrdiff_t k = 0; k < job->scales; k++) {
        double outer = area(s, s->outer[k]), inner = area(s, s->inner[k]);
        largest = fmax(largest, outer);
        share = fmax(share, outer / (outer - inner));
    }
    double most = fmin(QUANTA, floor(SUM_MOST / largest) - 1);
    int32_t dtype = job->image->dtype;
    int whole = dtype <= FEATURE_INT16 && maximum[dtype] <= most;
    double quanta = whole ? maximum[dtype] : most;
    s->scale = whole ? quanta : quanta / fmax(magnitude, 1e-280);
    s->slack = (whole ? 0 : 1.001) + (8 * share + 3) * 0x1p-24 * quanta;
}

feature_status censure_plan_filters(censure_job *job, double magnitude)
{
    ptrdiff_t last = level(job, job->scales - 1);
    if (censure_is_box(job)) {
        if (last > (job->rows - 1) / 4 || last > (job->cols - 1) / 4)
            return FEATURE_BAD_ARGUMENT;
        job->reach = 2 * last;
        return FEATURE_OK;
    }
    if (last > (job->search->mode == FEATURE_CENSURE_OCTAGON ? 11 : 12))
        return FEATURE_BAD_ARGUMENT;
    censure_shapes *s = &job->shapes;
    for (ptrdiff_t k = 0; k < job->scales; k++) {
        s->outer[k] = find_disc(job, 1, k);
        s->inner[k] = find_disc(job, 0, k);
    }
    for (ptrdiff_t k = 0; k < job->scales; k++)
        s->filter[k] = make_filter(s, s->outer[k], s->inner[k]);
    job->reach = s->filter[job->scales - 1].height;
    ptrdiff_t *taps = s->taps;
    for (ptrdiff_t k = 0; k < s->discs; k++)
        taps = trace_edges(job, s, k, taps);
    plan_screen(job, magnitude);
    return FEATURE_OK;
}

/* Octagons and stars are not found nearer to the border. */
ptrdiff_t censure_border(const censure_job *job, ptrdiff_t scale)
{
    return censure_is_box(job) ? 0 : job->shapes.filter[scale].height;
}

/* ------------------------------------------------------------------------ */
/* Memory                                                                   */
/* ------------------------------------------------------------------------ */

static ptrdiff_t kept_rows(const censure_job *job)
{
    return 2 * job->reach + 3;
}

void censure_filters_layout(censure_tile *t, const censure_job *job, arena *a)
{
    size_t around = (size_t)kept_rows(job);
    t->pitch = row_pitch(CENSURE_TILE_COLS + 2) + 2 * ROW_BLOCK;
    t->ring = arena_take(a, 3 * (size_t)job->scales, (size_t)t->pitch * sizeof(double));
    if (censure_is_box(job))
        return;
    t->pixels_pitch = row_pitch(CENSURE_TILE_COLS + kept_rows(job)) + ROW_BLOCK;
    t->row = arena_take(a, (size_t)t->pixels_pitch, sizeof(wide));
    t->pixel_rows = arena_take(a, around, sizeof *t->pixel_rows);
    t->discs = arena_take(a, CENSURE_DISCS, (size_t)t->pitch * sizeof(int32_t));
    size_t row_bytes = (size_t)sums_pitch(job) * sizeof(uint32_t);
    t->sums = arena_take(a, 1, row_bytes);
    t->slanted = arena_take(a, PLANES * (size_t)sums_rows(job), row_bytes);
    t->pixels = arena_take(a, around, (size_t)t->pixels_pitch * sizeof(wide));
}

/* Row y of scale `scale`, from the tile's first column on. */
static double *ring_row(const censure_tile *t, ptrdiff_t scale, ptrdiff_t y)
{
    return t->ring + (3 * scale + (y + 3) % 3) * t->pitch + ROW_PAD;
}

const void *censure_row(const censure_tile *t, ptrdiff_t scale, ptrdiff_t y)
{
    return ring_row(t, scale, y);
}

/* ------------------------------------------------------------------------ */
/* Pixels                                                                   */
/* ------------------------------------------------------------------------ */

/* Pixels x to x + n of row y, mirrored beyond the border, its outermost twice. Some of
 * them, and whatever is mirrored, lie inside the image. */
static void load_pixels(const censure_job *job, ptrdiff_t y, ptrdiff_t x, ptrdiff_t n,
                        wide *row)
{
    const feature_array *image = job->image;
    ptrdiff_t first = x < 0 ? 0 : x, end = x + n < job->cols ? x + n : job->cols;
    y = border_index(y, job->rows, FEATURE_REFLECT);
    job->plain->load_row(row_of(image, y) + first * image->strides[1],
                         image->strides[1], end - first, (feature_dtype)image->dtype,
                         row + (first - x));
    for (ptrdiff_t k = x; k < first; k++)
        row[k - x] = row[border_index(k, job->cols, FEATURE_REFLECT) - x];
    for (ptrdiff_t k = end; k < x + n; k++)
        row[k - x] = row[border_index(k, job->cols, FEATURE_REFLECT) - x];
}

/* Columns that responses are made of: one more on both sides of the tile. */
static ptrdiff_t pixels_left(const censure_tile *t)
{
    return t->left - 1 - t->job->reach;
}

static ptrdiff_t pixels_count(const censure_tile *t)
{
    return t->cols + kept_rows(t->job) - 1;
}

static ptrdiff_t first_sums(const censure_tile *t)
{
    return t->top - 1 - t->job->reach;
}

/* Row k of a plane of sums, 0 that before the first. */
static uint32_t *sums_row(const censure_tile *t, int plane, ptrdiff_t k)
{
    return t->slanted + (plane * sums_rows(t->job) + k) * sums_pitch(t->job) + ROW_PAD;
}

static void make_sums(censure_tile *t)
{
    const censure_job *job = t->job;
    ptrdiff_t rows = t->rows + 2 + 2 * job->reach, n = pixels_count(t);
    for (int plane = 0; plane < PLANES; plane++)
        memset(sums_row(t, plane, 0) - ROW_PAD, 0,
               (size_t)sums_pitch(job) * sizeof(uint32_t));
    for (ptrdiff_t k = 1; k <= rows; k++) {
        uint32_t *out[PLANES];
        const uint32_t *before[PLANES];
        for (int plane = 0; plane < PLANES; plane++) {
            out[plane] = sums_row(t, plane, k);
            before[plane] = sums_row(t, plane, k - 1);
        }
        load_pixels(job, first_sums(t) + k - 1, pixels_left(t), n, t->row);
        job->plain->pixel_sums(t->row, n, job->shapes.scale, t->sums);
        job->plain->slanted_sums(t->sums, before, n + 1, out);
    }
}

static wide *pixel_row(const censure_tile *t, ptrdiff_t y)
{
    return t->pixels + positive_modulo(y, kept_rows(t->job)) * t->pixels_pitch;
}

/* Points pixel_rows at the rows around y, at the column that is `offset` in them. */
static const wide *const *gather_pixels(censure_tile *t, ptrdiff_t scale, ptrdiff_t y,
                                        ptrdiff_t offset)
{
    ptrdiff_t height = t->job->shapes.filter[scale].height;
    for (ptrdiff_t k = -height; k <= height; k++)
        t->pixel_rows[k + height] = pixel_row(t, y + k) + offset;
    return t->pixel_rows;
}

void censure_load_around(censure_tile *t, ptrdiff_t y, ptrdiff_t x)
{
    ptrdiff_t side = kept_rows(t->job), half = side / 2;
    for (ptrdiff_t k = -half; k <= half; k++)
        load_pixels(t->job, y + k, x - half, side, pixel_row(t, y + k));
}

double censure_exact(censure_tile *t, ptrdiff_t scale, ptrdiff_t y, ptrdiff_t x)
{
    double out[ROW_BLOCK];
    t->job->real->bilevel_exact_row(gather_pixels(t, scale, y, t->job->reach + 1 + x),
                                    &t->job->shapes.filter[scale], 1, out);
    return out[0];
}

/* ------------------------------------------------------------------------ */
/* Rows                                                                     */
/* ------------------------------------------------------------------------ */

/* Boxes that reach beyond the image have no response but 0. */
static void make_boxes(const censure_tile *t, ptrdiff_t scale, ptrdiff_t y,
                       ptrdiff_t first, ptrdiff_t end, double *out)
{
    const censure_job *job = t->job;
    ptrdiff_t size = level(job, scale), far = 2 * size;
    memset(out, 0, (size_t)(end - first) * sizeof *out);
    if (y < far || y >= job->rows - far)
        return;
    double inner = 1.0 / (double)((2 * size + 1) * (2 * size + 1));
    double outer = 1.0 / (double)(12 * size * size + 4 * size);
    const double *rows[4] = {
        y == far ? job->zeros : job->integral + (y - far - 1) * job->cols,
        job->integral + (y - size - 1) * job->cols,
        job->integral + (y + size) * job->cols, job->integral + (y + far) * job->cols};
    ptrdiff_t from = first < far ? far : first;
    ptrdiff_t to = end < job->cols - far ? end : job->cols - far;
    if (from < to)
        job->plain->box_contrast_row(rows, size, from, to - from, outer, inner + outer,
                                     out + (from - first));
}

/* Sums over all discs from column `first` on. */
static void make_discs(censure_tile *t, ptrdiff_t y, ptrdiff_t first, ptrdiff_t n)
{
    const censure_shapes *s = &t->job->shapes;
    const uint32_t *base =
        sums_row(t, DOWN, y - first_sums(t) + 1) + (first - pixels_left(t));
    t->job->plain->disc_rows(base, s->taps, s->pairs, s->discs, n, t->discs, t->pitch);
}

/* Loads the rows that the filters need around y. */
static void load_rows(censure_tile *t, ptrdiff_t y)
{
    ptrdiff_t reach = t->job->reach;
    if (t->loaded < y - reach)
        t->loaded = y - reach;
    for (; t->loaded <= y + reach; t->loaded++)
        load_pixels(t->job, t->loaded, pixels_left(t), pixels_count(t),
                    pixel_row(t, t->loaded));
}

void censure_start(censure_tile *t)
{
    t->loaded = PTRDIFF_MIN / 2;
    t->undecided = 0;
    if (!t->exact)
        make_sums(t);
}

/* Beyond the image stands what is nearest. */
static void close_row(const censure_tile *t, void *row)
{
    int left = t->left == 0, right = t->left + t->cols == t->job->cols;
    size_t size = t->exact ? sizeof(double) : sizeof(float);
    unsigned char *first = row, *end = first + (size_t)t->cols * size;
    if (left)
        memcpy(first - size, first, size);
    if (right)
        memcpy(end, end - size, size);
}

void censure_make_rows(censure_tile *t, ptrdiff_t y)
{
    const censure_job *job = t->job;
    const censure_shapes *s = &job->shapes;
    ptrdiff_t before = t->left > 0, first = t->left - before;
    ptrdiff_t end = t->left + t->cols + (t->left + t->cols < job->cols);
    ptrdiff_t n = end - first;
    if (!t->exact)
        make_discs(t, y, first, n);
    else if (!censure_is_box(job))
        load_rows(t, y);
    for (ptrdiff_t k = 0; k < job->scales; k++) {
        double *row = ring_row(t, k, y);
        if (censure_is_box(job))
            make_boxes(t, k, y, first, end, row - before);
        else if (t->exact)
            job->real->bilevel_exact_row(
                gather_pixels(t, k, y, first - pixels_left(t)), &s->filter[k], n,
                row - before);
        else
            job->plain->bilevel_row(t->discs + s->outer[k] * t->pitch,
                                    t->discs + s->inner[k] * t->pitch,
                                    (float)s->filter[k].outer_weight,
                                    (float)(s->filter[k].outer_weight -
                                            s->filter[k].inner_weight),
                                    n, (float *)(void *)row - before);
        close_row(t, row);
    }
}
