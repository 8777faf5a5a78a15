/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An octave's scales in one sweep. The octave's columns are cut into strips; down a
 * strip, each smoothed image makes a row from the rows of the one before, which are
 * kept in a ring just long enough. What a filter needs beside the strip is made again
 * by the next, which costs more than rings that leave the second cache: so strips are
 * as wide as the threads share them. Differences of Gaussians live in rings too.
 * Whoever needs a row asks for it, and gets rows in groups, as kernels/smooth.c makes
 * them.
 */
#include "sift.h"

#include <string.h>

#include "core/border.h"
#include "core/smooth.h"

#define STRIP_LEAST 128 /* columns; narrower ones are made of what lies beside them */
#define STRIP_MOST 1024 /* wider ones need more memory, and are hardly faster */
#define LINES (2 * SIFT_MOVES + 1)
#define NANOSECONDS_PER_PIXEL 12.0

/* An image of the octave: what the octave starts from, or one smoothed. */
typedef struct stage {
    const feature_filter *filter; /* NULL: rows are read */
    ptrdiff_t radius;
    ptrdiff_t low, high;        /* columns */
    ptrdiff_t first, end, made; /* rows; the next to be made */
    ptrdiff_t ring_rows;
    wide *ring;
} stage;

/* One thread's strip. */
typedef struct sweep {
    sift_job *job;
    ptrdiff_t left, right;   /* the strip's own columns */
    ptrdiff_t origin, pitch; /* of all rows: the first column, elements */
    int32_t count, gaussian; /* stages; the one that is scale 0 */
    stage stages[SIFT_SCALES_AT_MOST + 4];
    ptrdiff_t differences;
    wide *dogs[SIFT_SCALES_AT_MOST + 2]; /* rings of differences of Gaussians */
    ptrdiff_t dog_rows[SIFT_SCALES_AT_MOST + 2];
    wide *sums[ROW_GROUP];
    ptrdiff_t side; /* of the sums, for the border */
    const wide **under;
    wide *narrow[2]; /* rows of the caller's image, and which they are */
    ptrdiff_t held[2];
    const wide **lines;
    int32_t *columns;
} sweep;

ptrdiff_t sift_pitch(ptrdiff_t cols)
{
    return (cols + 7) / 8 * 8 + 8;
}

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static ptrdiff_t most(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

/* ------------------------------------------------------------------------ */
/* Layout                                                                   */
/* ------------------------------------------------------------------------ */

static int32_t last_scale(const sift_job *job)
{
    int32_t kept = job->kept_scale + job->kept_scales - 1;
    int32_t next = job->next != NULL ? job->how->scales : 0;
    return job->detects ? job->how->scales + 2 : kept > next ? kept : next;
}

static int is_kept(const sift_job *job, int32_t scale)
{
    return scale >= job->kept_scale && scale < job->kept_scale + job->kept_scales;
}

/* Columns and rows that each stage makes: what the next one needs and is wanted. */
static void plan_stages(sweep *w)
{
    const sift_job *job = w->job;
    ptrdiff_t margin = job->detects ? SIFT_MOVES : 0;
    ptrdiff_t low = w->left - margin, high = w->right + margin;
    ptrdiff_t first = job->first - margin, end = job->end + margin;
    for (int32_t i = w->count - 1; i >= 0; i--) {
        stage *s = &w->stages[i];
        if (is_kept(job, i - w->gaussian)) {
            first = least(first, job->kept_first);
            end = most(end, job->kept_end);
        }
        s->filter = i == 0 ? NULL : &job->how->filters[i - w->gaussian];
        s->radius = i == 0 ? 0 : s->filter->radius;
        s->low = most(low, 0);
        s->high = least(high, job->cols);
        s->first = s->made = most(first, 0);
        s->end = least(end, job->rows);
        low = s->low - s->radius;
        high = s->high + s->radius;
        first = s->first - s->radius;
        end = s->end + s->radius;
    }
    w->origin = w->stages[0].low;
}

/* A ring holds what the next filter needs and a group more. A difference waits until
 * the last one has the row SIFT_MOVES below. */
static void size_rings(sweep *w)
{
    ptrdiff_t ahead = 2 * (ROW_GROUP - 1); /* of a group asked for, and of its own */
    ptrdiff_t rows = LINES + ahead;
    for (int32_t i = w->count - 1; i >= 0; i--) {
        ptrdiff_t radius = i + 1 < w->count ? w->stages[i + 1].radius : 0;
        ptrdiff_t difference = i - w->gaussian - 1;
        w->stages[i].ring_rows = 2 * radius + 1 + ahead;
        rows += i + 1 < w->count ? radius + ahead : 0;
        if (difference >= 0 && difference < w->differences)
            w->dog_rows[difference] = rows;
    }
}

/* As few strips as the threads share evenly; in whole blocks of the kernels, an even
 * number, since the next octave takes every second column. */
static ptrdiff_t strip_cols(const sift_job *job)
{
    ptrdiff_t strips = even_parts_of(job->cols, STRIP_MOST, job->threads);
    ptrdiff_t blocks = parts_of(parts_of(job->cols, strips), ROW_BLOCK);
    return most(blocks * ROW_BLOCK, STRIP_LEAST);
}

/* The most columns that a strip's rows have. */
static ptrdiff_t widest(const sweep *w)
{
    ptrdiff_t width = strip_cols(w->job) + 2 * SIFT_MOVES;
    for (int32_t i = 0; i < w->count; i++)
        width = least(width, w->job->cols) + 2 * w->stages[i].radius;
    return least(width, w->job->cols);
}

static void layout(sweep *w, sift_job *job, ptrdiff_t strip, arena *a)
{
    ptrdiff_t radius = 0;
    *w = (sweep){.job = job, .left = strip * strip_cols(job), .held = {-1, -1}};
    w->right = least(w->left + strip_cols(job), job->cols);
    w->gaussian = job->source == NULL;
    w->count = last_scale(job) + 1 + w->gaussian;
    w->differences = job->detects ? job->how->scales + 2 : 0;
    plan_stages(w);
    size_rings(w);
    w->pitch = row_pitch(widest(w));
    size_t row = (size_t)w->pitch * sizeof(wide);
    for (int32_t i = 0; i < w->count; i++) {
        w->stages[i].ring = arena_take(a, (size_t)w->stages[i].ring_rows, row);
        radius = most(radius, w->stages[i].radius);
    }
    for (ptrdiff_t d = 0; d < w->differences; d++)
        w->dogs[d] = arena_take(a, (size_t)w->dog_rows[d], row);
    w->side = (radius + ROW_BLOCK - 1) / ROW_BLOCK * ROW_BLOCK;
    for (int i = 0; i < ROW_GROUP; i++)
        w->sums[i] = arena_take(a, (size_t)(2 * w->side + w->pitch), sizeof(wide));
    for (int i = 0; i < 2; i++)
        w->narrow[i] = arena_take(a, 1, row);
    w->under = arena_take(a, 2 * (size_t)radius + ROW_GROUP, sizeof(wide *));
    w->lines = arena_take(a, (size_t)(w->differences * LINES), sizeof(wide *));
    w->columns = arena_take(a, STRIP_MOST, sizeof(int32_t));
}

size_t sift_sweep_size(const sift_job *job)
{
    sweep w;
    arena a = {NULL, 0};
    sift_job counting = *job;
    layout(&w, &counting, 0, &a);
    return a.used;
}

/* Column x of the row in place `slot` of a ring. */
static wide *cell(const sweep *w, wide *ring, ptrdiff_t slot, ptrdiff_t x)
{
    return ring + slot * w->pitch + ROW_PAD + (x - w->origin);
}

static wide *cell_of(const sweep *w, int32_t i, ptrdiff_t y, ptrdiff_t x)
{
    const stage *s = &w->stages[i];
    return cell(w, s->ring, y % s->ring_rows, x);
}

static wide *dog_cell(const sweep *w, ptrdiff_t scale, ptrdiff_t y, ptrdiff_t x)
{
    return cell(w, w->dogs[scale], y % w->dog_rows[scale], x);
}

/* ------------------------------------------------------------------------ */
/* The first image of an octave                                             */
/* ------------------------------------------------------------------------ */

static void load_image_row(const sweep *w, ptrdiff_t y, ptrdiff_t from, ptrdiff_t to,
                           wide *row)
{
    const feature_array *image = w->job->image;
    w->job->plain->load_row(row_of(image, y) + from * image->strides[1],
                            image->strides[1], to - from, (feature_dtype)image->dtype,
                            row);
}

/* The two rows around `at`, of which the last two are kept. */
static const wide *narrow_row(sweep *w, ptrdiff_t y, ptrdiff_t from, ptrdiff_t to)
{
    wide *row = w->narrow[y & 1] + ROW_PAD;
    if (w->held[y & 1] != y)
        load_image_row(w, y, from, to, row);
    w->held[y & 1] = y;
    return row;
}

/* Near the border stands the mirror image without the last row again. */
static void widen_image_row(sweep *w, ptrdiff_t y, wide *out)
{
    const sift_job *job = w->job;
    const stage *s = &w->stages[0];
    ptrdiff_t factor = job->how->upsampling, rows = job->image->shape[0];
    ptrdiff_t cols = job->image->shape[1];
    double at = ((double)y + 0.5) / (double)factor - 0.5, last = (double)rows - 1;
    at = at < 0 ? -at : at;
    at = at > last ? 2 * last - at : at;
    at = rows > 1 ? at : 0;
    ptrdiff_t before = (ptrdiff_t)at, after = least(before + 1, rows - 1);
    ptrdiff_t from = most(s->low / factor - 1, 0);
    ptrdiff_t to = least(s->high / factor + 2, cols);
    double down[2] = {1 - (at - (double)before), at - (double)before};
    const wide *around[2] = {narrow_row(w, before, from, to),
                             narrow_row(w, after, from, to)};
    sift_zoom right = {factor, s->low, s->high, from, cols};
    job->real->sift_widen_row(around, down, &right, &job->limits, out);
}

static void read_row(sweep *w, ptrdiff_t y)
{
    const sift_job *job = w->job;
    const stage *s = &w->stages[0];
    wide *out = cell_of(w, 0, y, s->low);
    if (job->source != NULL)
        job->plain->load_row(job->source + (y * job->cols + s->low) * job->item,
                             job->item, s->high - s->low, job->stored, out);
    else if (job->how->upsampling == 1)
        load_image_row(w, y, s->low, s->high, out);
    else
        widen_image_row(w, y, out);
}

/* ------------------------------------------------------------------------ */
/* Rows                                                                     */
/* ------------------------------------------------------------------------ */

/* What a finished row is for: planes, the next octave, a difference of Gaussians. */
static void deliver(const sweep *w, int32_t i, ptrdiff_t y)
{
    const sift_job *job = w->job;
    int32_t scale = i - w->gaussian;
    ptrdiff_t n = w->right - w->left;
    if (is_kept(job, scale) && y >= job->kept_first && y < job->kept_end) {
        ptrdiff_t at = (y - job->kept_first) * job->pitch + w->left;
        (job->streamed ? job->real->stream_row : job->real->store_row)(
            cell_of(w, i, y, w->left), n,
            job->planes + (scale - job->kept_scale) * job->plane + at * job->item,
            job->item);
    }
    if (scale == job->how->scales && job->next != NULL && y % 2 == 0 &&
        y >= job->first && y < job->end) {
        ptrdiff_t at = y / 2 * ((job->cols + 1) / 2) + w->left / 2;
        job->real->sift_halve_row(cell_of(w, i, y, w->left), n,
                                  job->next + at * job->item);
    }
    const stage *last = &w->stages[w->count - 1];
    if (job->detects && scale > 0 && y >= last->first && y < last->end)
        job->real->sift_differ_row(cell_of(w, i, y, last->low),
                                   cell_of(w, i - 1, y, last->low),
                                   last->high - last->low,
                                   dog_cell(w, scale - 1, y, last->low));
}

/* From the column sums of stage i - 1 to a row of stage i. */
static void sum_along(const sweep *w, int32_t i, wide *sums, ptrdiff_t y)
{
    const stage *s = &w->stages[i], *from = s - 1;
    ptrdiff_t cols = w->job->cols, radius = s->radius;
    wide *start = sums + w->side - from->low; /* of column 0, read from `low` on */
    int once = radius <= cols; /* is one reflection enough? */
    for (ptrdiff_t x = s->low - radius; x < 0; x++)
        start[x] = start[once ? -1 - x : border_index(x, cols, FEATURE_REFLECT)];
    for (ptrdiff_t x = cols; x < s->high + radius; x++)
        start[x] =
            start[once ? 2 * cols - 1 - x : border_index(x, cols, FEATURE_REFLECT)];
    w->job->real->smooth_row(start + s->low, s->filter->weights, radius,
                             s->high - s->low, cell_of(w, i, y, s->low));
}

/* Points w->under at `count` rows of stage i from row y on, reflected ones too. */
static void gather(const sweep *w, int32_t i, ptrdiff_t y, ptrdiff_t count)
{
    const stage *s = &w->stages[i];
    ptrdiff_t rows = w->job->rows, at = y >= 0 ? y % s->ring_rows : 0;
    int inside = y >= 0 && y + count <= rows;
    for (ptrdiff_t k = 0; k < count; k++) {
        if (!inside)
            at = border_index(y + k, rows, FEATURE_REFLECT) % s->ring_rows;
        w->under[k] = cell(w, s->ring, at, s->low);
        at = at + 1 < s->ring_rows ? at + 1 : 0;
    }
}

static void need(sweep *w, int32_t i, ptrdiff_t y);

static void make_group(sweep *w, int32_t i)
{
    const stage *s = &w->stages[i], *from = s - 1;
    ptrdiff_t y = s->made, rows = w->job->rows, radius = s->radius;
    wide *sums[ROW_GROUP];
    need(w, i - 1, least(y + ROW_GROUP - 1 + radius, rows - 1));
    gather(w, i - 1, y - radius, 2 * radius + ROW_GROUP);
    for (int k = 0; k < ROW_GROUP; k++)
        sums[k] = w->sums[k] + w->side;
    w->job->real->smooth_column_groups(w->under, s->filter->weights, radius,
                                       from->high - from->low, sums);
    for (int k = 0; k < ROW_GROUP && y + k < s->end; k++) {
        sum_along(w, i, w->sums[k], y + k);
        deliver(w, i, y + k);
    }
}

/* Makes rows of stage i until row y is there. */
static void need(sweep *w, int32_t i, ptrdiff_t y)
{
    stage *s = &w->stages[i];
    y = least(y, s->end - 1);
    while (s->made <= y) {
        if (i > 0) {
            make_group(w, i);
            s->made += ROW_GROUP;
        } else {
            read_row(w, s->made);
            deliver(w, i, s->made++);
        }
    }
}

/* ------------------------------------------------------------------------ */
/* Extrema                                                                  */
/* ------------------------------------------------------------------------ */

static void append(sift_job *job, const ptrdiff_t *key, const sift_extremum *e)
{
    ptrdiff_t at = job->before + atomic_fetch_add(&job->found, 1);
    if (at >= job->room - job->further)
        return;
    double *point = job->points[at];
    ptrdiff_t order = (key[0] * job->cols + key[1]) * job->how->scales + key[2];
    point[FEATURE_SIFT_ROW] = e->row;
    point[FEATURE_SIFT_COLUMN] = e->col;
    point[FEATURE_SIFT_SIGMA] = e->sigma;
    point[FEATURE_SIFT_ANGLE] = (double)order; /* until it is sorted */
    point[FEATURE_SIFT_SCALE] = (double)e->scale;
    point[FEATURE_SIFT_OCTAVE] = job->octave;
}

static void gather_lines(const sweep *w, ptrdiff_t y, sift_lines *out)
{
    const sift_job *job = w->job;
    const stage *last = &w->stages[w->count - 1];
    for (ptrdiff_t s = 0; s < w->differences; s++)
        for (ptrdiff_t k = 0; k < LINES; k++) {
            ptrdiff_t row = y - SIFT_MOVES + k;
            int there = row >= last->first && row < last->end;
            w->lines[s * LINES + k] = there ? dog_cell(w, s, row, last->low) : NULL;
        }
    *out = (sift_lines){w->lines, last->low, {job->rows, job->cols, w->differences}};
}

static void search_row(sweep *w, ptrdiff_t y, const sift_limits *limits)
{
    sift_job *job = w->job;
    ptrdiff_t from = most(w->left, 1), to = least(w->right, job->cols - 1), count;
    sift_lines lines = {NULL, 0, {0}};
    for (ptrdiff_t s = 1; s < w->differences - 1 && from < to; s++) {
        const wide *around[9];
        for (int k = 0; k < 9; k++)
            around[k] = dog_cell(w, s - 1 + k / 3, y - 1 + k % 3, from);
        job->real->sift_extrema_row(around, limits->contrast * 0.8, to - from,
                                    w->columns, &count);
        if (count > 0 && lines.lines == NULL)
            gather_lines(w, y, &lines);
        for (ptrdiff_t k = 0; k < count; k++) {
            ptrdiff_t key[3] = {y, from + w->columns[k], s};
            sift_extremum found;
            job->real->sift_refine(&lines, key, limits, &found);
            if (found.scale >= 0)
                append(job, key, &found);
        }
    }
}

static void search(sweep *w)
{
    const sift_job *job = w->job;
    const feature_sift *how = job->how;
    double sigmas[SIFT_SCALES_AT_MOST + 3];
    sift_limits limits = {how->contrast, how->edgeness, job->step, how->growth, sigmas,
                          {(double)job->image->shape[0], (double)job->image->shape[1]}};
    for (int32_t s = 0; s < how->scales + 3; s++)
        sigmas[s] = how->sigmas[s] * (double)((int64_t)1 << job->octave);
    for (ptrdiff_t y = most(job->first, 1); y < least(job->end, job->rows - 1); y++) {
        need(w, w->count - 1, y + SIFT_MOVES);
        search_row(w, y, &limits);
    }
}

static void sweep_strip(void *context, ptrdiff_t strip, int thread)
{
    sift_job *job = context;
    sweep w;
    arena a = arena_of(&job->memory, thread);
    layout(&w, job, strip, &a);
    memset(a.base, 0, a.used); /* padding is read too */
    if (job->detects)
        search(&w);
    for (int32_t i = w.count - 1; i >= 0; i--)
        need(&w, i, w.stages[i].end - 1);
}

feature_status sift_sweep(sift_job *job, const feature_run *run)
{
    ptrdiff_t width = strip_cols(job);
    ptrdiff_t strips = parts_of(job->cols, width);
    double pixels = (double)(job->end - job->first) * (double)job->cols;
    team t = team_for(run, strips, pixels * NANOSECONDS_PER_PIXEL);
    return team_run(&t, strips, sweep_strip, job);
}
