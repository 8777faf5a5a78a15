/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ORB's levels and their corners.
 *
 * A level is the one below, smoothed by a Gaussian, then read between its pixels: the
 * middle of pixel i of n stands at (i + 1/2) m / n - 1/2 among m pixels, and takes from
 * the two around it along each axis what is inversely as far; beyond the border stands
 * the mirror image without the edge repeated. The result is clipped to what the
 * smoothed level holds, so that rounding does not leave its range.
 *
 * Two things are done with a level while it is in the cache: bands of the next one are
 * made from smoothed rows (two at a time exist), and its corners are found, rows of
 * responses in a ring of three. A corner stays where no neighbour has a
 * higher response; of touching equal ones the first stays, row after row. What is left
 * is a bit a pixel. Clipping waits until the whole smoothed level has been seen, and is
 * done for those bands that leave its range.
 */
#include "orb.h"

#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/smooth.h"

#define PIXEL_NANOSECONDS 9.0 /* all levels together */
#define CORNER_PAD 64 /* reals on both sides of a row of responses */

/* One thread's buffers. */
typedef struct level_scratch {
    smoother s;
    wide *rows[4]; /* two smoothed rows, and room for two more */
    unsigned char *responses[3];
    fast_rows fast;
} level_scratch;

/* ------------------------------------------------------------------------ */
/* Memory                                                                   */
/* ------------------------------------------------------------------------ */

static smooth_plan plan_of(const orb_call *call, const orb_level *level)
{
    return (smooth_plan){.image = &level->array,
                         .axis = call->p->axis,
                         .plain = call->plain,
                         .real = call->real};
}

static void layout(level_scratch *s, const orb_call *call, const smooth_plan *plan,
                   arena *a)
{
    size_t cols = (size_t)plan->image->shape[1], item = (size_t)call->item;
    smoother_layout(&s->s, plan, a);
    for (int k = 0; k < 4; k++)
        s->rows[k] = arena_take(a, (size_t)row_pitch((ptrdiff_t)cols), sizeof(wide));
    for (int k = 0; k < 3; k++)
        s->responses[k] = arena_take(a, cols + 2 * CORNER_PAD, item);
    fast_layout(&s->fast, (ptrdiff_t)cols, call->bytes, call->finds, a);
}

static zoom_axis layout_axis(ptrdiff_t count, arena *a)
{
    zoom_axis axis = {.count = count};
    size_t room = (size_t)count + ZOOM_BLOCK;
    axis.before = arena_take(a, room, sizeof(int32_t));
    axis.after = arena_take(a, room, sizeof(int32_t));
    axis.near = arena_take(a, room, sizeof(double));
    axis.far = arena_take(a, room, sizeof(double));
    return axis;
}

static void layout_level(orb_call *call, ptrdiff_t k, arena *a)
{
    const ptrdiff_t *shape = call->p->shapes + 2 * k;
    size_t pixels = (size_t)shape[0] * (size_t)shape[1];
    ptrdiff_t words = (shape[1] + ORB_WORD - 1) / ORB_WORD;
    int in_place = k == 0 && call->is_plane;
    void *data = arena_take(a, in_place ? 0 : pixels, (size_t)call->item);
    uint64_t *bits = arena_take(a, call->finds ? (size_t)shape[0] : 0,
                                (size_t)words * sizeof(uint64_t));
    ptrdiff_t bands = (shape[0] + ORB_BAND_ROWS - 1) / ORB_BAND_ROWS;
    zoom_axis down = layout_axis(shape[0], a), right = layout_axis(shape[1], a);
    plane_limits *smoothed = arena_take(a, (size_t)bands, sizeof *smoothed);
    plane_limits *zoomed = arena_take(a, (size_t)bands, sizeof *zoomed);
    if (a->base == NULL)
        return;
    orb_level *level = call->levels + k;
    *level = (orb_level){.words = bits, .words_per_row = words, .bands = bands};
    level->down = down;
    level->right = right;
    level->smoothed = smoothed;
    level->zoomed = zoomed;
    memcpy(level->shape, shape, sizeof level->shape);
    level->strides[0] = shape[1] * call->item;
    level->strides[1] = call->item;
    level->first_band = k > 0 ? level[-1].first_band + level[-1].bands : 0;
    call->bands = level->first_band + level->bands;
    level->array = (feature_array){.data = in_place ? call->image->data : data,
                                   .shape = level->shape,
                                   .strides = level->strides,
                                   .ndim = 2,
                                   .dtype = (int32_t)storage_type(call->image)};
}

static team build_team(const orb_call *call)
{
    const ptrdiff_t *shape = call->p->shapes;
    ptrdiff_t bands = (shape[0] + ORB_BAND_ROWS - 1) / ORB_BAND_ROWS;
    return team_for(call->run, bands,
                    (double)shape[0] * (double)shape[1] * PIXEL_NANOSECONDS);
}

feature_status orb_open(orb_call *call)
{
    const ptrdiff_t *shape = call->p->shapes;
    feature_array first = {.shape = shape, .ndim = 2};
    smooth_plan plan = {.image = &first, .axis = call->p->axis};
    level_scratch counting;
    arena one = {NULL, 0};
    layout(&counting, call, &plan, &one);
    if (one.used == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    call->team = build_team(call);
    size_t threads = (size_t)call->team.threads;
    call->memory.each = one.used;
    for (arena a = {NULL, 0};;) {
        call->block = a.base;
        call->levels = arena_take(&a, (size_t)call->p->levels, sizeof *call->levels);
        call->memory.base = arena_take(&a, threads, one.used);
        for (ptrdiff_t k = 0; k < call->p->levels; k++)
            layout_level(call, k, &a);
        if (a.base != NULL)
            return FEATURE_OK;
        if (a.used == SIZE_MAX || (a.base = memory_lease(a.used)) == NULL)
            return FEATURE_NO_MEMORY;
        a.used = 0;
    }
}

/* ------------------------------------------------------------------------ */
/* The next level                                                           */
/* ------------------------------------------------------------------------ */

static int is_close(const zoom_axis *axis)
{
    for (ptrdiff_t x = 0; x < axis->count; x++) {
        ptrdiff_t first = axis->before[x - x % ZOOM_BLOCK];
        ptrdiff_t a = axis->before[x] - first, b = axis->after[x] - first;
        if (a < 0 || b < 0 || a >= 2 * ZOOM_BLOCK || b >= 2 * ZOOM_BLOCK)
            return 0;
    }
    return 1;
}

/* Where the elements of a shorter axis stand among `from` ones. */
static void place_axis(ptrdiff_t from, ptrdiff_t to, zoom_axis *axis)
{
    double zoom = (double)from / (double)to;
    for (ptrdiff_t i = 0; i < to; i++) {
        double at = ((double)i + 0.5) * zoom - 0.5;
        at = at > 0 ? at : 0;
        ptrdiff_t before = (ptrdiff_t)at, after = before + 1;
        before = before < from ? before : from - 1;
        if (after >= from)
            after = from > 1 ? 2 * from - 2 - after : 0;
        axis->before[i] = (int32_t)before;
        axis->after[i] = (int32_t)(after > 0 ? after : 0);
        axis->near[i] = 1 - (at - (double)before);
        axis->far[i] = at - (double)before;
    }
    for (ptrdiff_t i = to; i < to + ZOOM_BLOCK; i++) {
        axis->before[i] = axis->after[i] = axis->before[to - 1];
        axis->near[i] = axis->far[i] = 0;
    }
    axis->count = to;
    axis->is_close = is_close(axis);
}

static ptrdiff_t lower_of(const zoom_axis *axis, ptrdiff_t y)
{
    return axis->before[y] > axis->after[y] ? axis->before[y] : axis->after[y];
}

/* One band of the level behind. */
static void zoom_band(const orb_call *call, const orb_level *level, ptrdiff_t band,
                      level_scratch *s)
{
    const orb_level *next = level + 1;
    const zoom_axis *down = &next->down;
    ptrdiff_t y = band * ORB_BAND_ROWS, end = y + ORB_BAND_ROWS;
    int last = end >= next->shape[0];
    end = last ? next->shape[0] : end;
    ptrdiff_t from = band == 0 ? 0 : down->before[y];
    ptrdiff_t to = last ? level->shape[0] - 1 : lower_of(down, end - 1);
    if (!last && to < down->before[end] - 1)
        to = down->before[end] - 1; /* rows that nothing is made of count as well */
    plane_limits zoomed = {INFINITY, -INFINITY};
    double range[3] = {INFINITY, -INFINITY, 0}; /* as range_row has it: without NaN */
    smoother_start(&s->s, from);
    for (ptrdiff_t row = from; row <= to; row++) {
        smoother_row(&s->s, row, s->rows[row & 1]);
        call->plain->range_row(s->rows[row & 1], level->shape[1], range);
        for (; y < end && lower_of(down, y) <= row; y++) {
            wide *around[4] = {s->rows[down->before[y] & 1],
                               s->rows[down->after[y] & 1], s->rows[2], s->rows[3]};
            const double weights[2] = {down->near[y], down->far[y]};
            call->real->zoom_row(around, weights, &next->right, level->shape[1],
                                 &zoomed, row_of(&next->array, y));
        }
    }
    next->smoothed[band] = (plane_limits){range[0], range[1]};
    next->zoomed[band] = zoomed;
}

static void clip_level(const orb_call *call, const orb_level *level)
{
    plane_limits limits = {INFINITY, -INFINITY};
    for (ptrdiff_t band = 0; band < level->bands; band++) {
        const plane_limits *range = level->smoothed + band;
        limits.least = range->least < limits.least ? range->least : limits.least;
        limits.most = range->most > limits.most ? range->most : limits.most;
    }
    for (ptrdiff_t band = 0; band < level->bands; band++) {
        const plane_limits *range = level->zoomed + band;
        ptrdiff_t first = band * ORB_BAND_ROWS, end = first + ORB_BAND_ROWS;
        if (!(range->least < limits.least) && !(range->most > limits.most))
            continue;
        for (ptrdiff_t y = first; y < end && y < level->shape[0]; y++)
            call->real->clip_row(&limits, level->shape[1], row_of(&level->array, y));
    }
}

/* ------------------------------------------------------------------------ */
/* Corners                                                                  */
/* ------------------------------------------------------------------------ */

/* The responses of row y, which may lie beyond the border; those of row y - 1 came
 * before unless y is `first`. */
static void respond_row(const orb_call *call, const orb_level *level, ptrdiff_t y,
                        ptrdiff_t first, level_scratch *s)
{
    const void *rows[7];
    unsigned char *out = s->responses[(y + 3) % 3] + CORNER_PAD * call->item;
    if (y < 3 || y >= level->shape[0] - 3) {
        memset(out, 0, (size_t)(level->shape[1] * call->item));
        return;
    }
    int bytes = call->bytes && level == call->levels;
    for (ptrdiff_t k = 0; k < 7; k++)
        rows[k] = bytes ? row_of(call->image, y + k - 3)
                        : row_of(&level->array, y + k - 3);
    if (bytes)
        fast_respond_bytes(&s->fast, call->plain, rows, &call->rule,
                           (double *)(void *)out);
    else
        fast_respond_reals(&s->fast, call->plain, call->real, rows, y,
                           y > first && y > 3, &call->rule, out);
}

static void corner_band(const orb_call *call, orb_level *level, ptrdiff_t band,
                        level_scratch *s)
{
    ptrdiff_t first = band * ORB_BAND_ROWS, end = first + ORB_BAND_ROWS;
    int has_nan = 0;
    end = end < level->shape[0] ? end : level->shape[0];
    for (int k = 0; k < 3; k++)
        memset(s->responses[k], 0,
               (size_t)((level->shape[1] + 2 * CORNER_PAD) * call->item));
    for (ptrdiff_t y = first - 1; y <= end; y++) {
        respond_row(call, level, y, first - 1, s);
        if (y <= first)
            continue;
        const void *rows[3];
        for (ptrdiff_t k = 0; k < 3; k++)
            rows[k] = s->responses[(y + 1 + k) % 3] + CORNER_PAD * call->item;
        call->real->corner_maxima(rows, level->shape[1],
                                  level->words + (y - 1) * level->words_per_row,
                                  &has_nan);
    }
    if (has_nan)
        atomic_store(&level->has_nan, 1);
}

/* Of touching corners, which are equal, the first stays. */
static void thin_row(const uint64_t *above, uint64_t *here, ptrdiff_t words)
{
    for (ptrdiff_t w = 0; w < words; w++) {
        uint64_t left = w > 0 ? here[w - 1] >> 63 : 0, near = 0;
        if (here[w] == 0)
            continue;
        if (above != NULL) {
            near = above[w] | above[w] << 1 | above[w] >> 1;
            near |= w > 0 ? above[w - 1] >> 63 : 0;
            near |= w + 1 < words ? above[w + 1] << 63 : 0;
        }
        if ((here[w] & (near | here[w] << 1 | left)) == 0)
            continue;
        here[w] &= ~near & ~left;
        for (uint64_t bits = here[w]; bits != 0; bits &= bits - 1) {
            uint64_t bit = bits & -bits; /* those behind it that it touches */
            here[w] &= ~(bit << 1);
            bits &= ~(bit << 1);
        }
    }
}

static void thin_level(orb_level *level)
{
    uint64_t any = 0;
    ptrdiff_t n = level->words_per_row;
    for (ptrdiff_t y = 0; y < level->shape[0]; y++) {
        uint64_t *here = level->words + y * n;
        if (level->has_nan)
            memset(here, 0, (size_t)n * sizeof *here);
        else
            thin_row(y > 0 ? here - n : NULL, here, n);
        for (ptrdiff_t w = 0; w < n; w++)
            any |= here[w];
    }
    level->is_empty = any == 0;
}

/* ------------------------------------------------------------------------ */
/* The order of work                                                        */
/* ------------------------------------------------------------------------ */

/*
 * All of it is one region. First come the bands of level 0, where it is not the image
 * itself, then of each level those that make the next one, and those that look for its
 * corners. A band waits until the level that it reads is whole; while one thread
 * finishes that, the others look for corners.
 */
static void load_band(const orb_call *call, ptrdiff_t band, wide *row)
{
    const feature_array *image = call->image;
    ptrdiff_t first = band * ORB_BAND_ROWS, end = first + ORB_BAND_ROWS;
    for (ptrdiff_t y = first; y < end && y < image->shape[0]; y++) {
        void *to = row_of(&call->levels->array, y);
        int narrow = call->item != sizeof(wide);
        call->plain->load_row(row_of(image, y), image->strides[1], image->shape[1],
                              (feature_dtype)image->dtype, narrow ? row : to);
        if (narrow)
            call->real->narrow_row(row, image->shape[1], to);
    }
}

/* A band of the level is made; who made the last one clips it. */
static void finish_making(const orb_call *call, orb_level *level)
{
    if (atomic_fetch_sub(&level->to_make, 1) != 2)
        return;
    clip_level(call, level);
    atomic_store(&level->to_make, 0);
}

static void run_task(void *context, ptrdiff_t index, int thread)
{
    const orb_call *call = context;
    orb_level *level = call->levels, *end = level + call->p->levels;
    arena a = arena_of(&call->memory, thread);
    level_scratch s;
    while (level + 1 < end && level[1].first_task <= index)
        level++;
    smooth_plan plan = plan_of(call, level);
    layout(&s, call, &plan, &a);
    if (index < call->levels->first_task) {
        load_band(call, index, s.rows[0]);
        atomic_fetch_sub(&call->levels->to_make, 1);
        return;
    }
    team_await(&level->to_make);
    ptrdiff_t task = index - level->first_task;
    ptrdiff_t zooms = level + 1 < end ? level[1].bands : 0;
    if (task < zooms) {
        zoom_band(call, level, task, &s);
        finish_making(call, level + 1);
    } else {
        corner_band(call, level, task - zooms, &s);
        if (atomic_fetch_sub(&level->to_search, 1) == 1)
            thin_level(level);
    }
}

/* Numbers the tasks, and returns how many there are. */
static ptrdiff_t list_tasks(const orb_call *call)
{
    ptrdiff_t count = call->is_plane ? 0 : call->levels->bands;
    for (ptrdiff_t k = 0; k < call->p->levels; k++) {
        orb_level *level = call->levels + k;
        int more = k + 1 < call->p->levels;
        level->first_task = count;
        count += (more ? level[1].bands : 0) + (call->finds ? level->bands : 0);
        /* Those that make a level are counted once more, for its clipping. */
        atomic_init(&level->to_make, k > 0              ? level->bands + 1
                                     : call->is_plane ? 0
                                                        : level->bands);
        atomic_init(&level->to_search, level->bands);
        atomic_init(&level->has_nan, 0);
        if (more) {
            place_axis(level->shape[0], level[1].shape[0], &level[1].down);
            place_axis(level->shape[1], level[1].shape[1], &level[1].right);
        }
    }
    return count;
}

feature_status orb_build(orb_call *call)
{
    return team_run_in_order(&call->team, list_tasks(call), run_task, call);
}
