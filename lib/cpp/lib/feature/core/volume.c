/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Along the last axis a unit of work is some lines: each is copied with its border
 * and summed. Along another axis, seen as (outer, n, inner), it is a block of BLOCK
 * columns of one outer index: the n rows of the block are copied, so that results
 * may overwrite their sources, and summed through pointers that know the border. Sums
 * come in whole vectors: where those end with the row they are written in place.
 */
#include "core/volume.h"

#include <string.h>

#include "core/border.h"
#include "core/memory.h"
#include "core/smooth.h"

#define BLOCK 64
#define ELEMENTS_OF_A_BAND 8192

/* One thread's buffers. */
typedef struct volume_scratch {
    wide *block, *outside, *out;
    const wide **rows;
    wide *line;
    ptrdiff_t *beyond;
} volume_scratch;

/* One pass. */
typedef struct volume_pass {
    const volume *v;
    const feature_filter *filter;
    int odd;
    const wide *in, *more;
    wide *out;
    const feature_array *plane;
    ptrdiff_t n, inner, blocks, lines_of_a_band;
} volume_pass;

/* ------------------------------------------------------------------------ */
/* Memory                                                                   */
/* ------------------------------------------------------------------------ */

static ptrdiff_t side(const volume *v)
{
    return (v->radius + ROW_BLOCK - 1) / ROW_BLOCK * ROW_BLOCK;
}

static void layout(volume_scratch *s, const volume *v, arena *a)
{
    ptrdiff_t longer = v->cols > ROW_GROUP * BLOCK ? v->cols : ROW_GROUP * BLOCK;
    size_t beyond = 2 * (size_t)v->radius;
    s->block = arena_take(a, (size_t)v->longest, BLOCK * sizeof(wide));
    s->outside = arena_take(a, BLOCK, sizeof(wide));
    s->rows = arena_take(a, (size_t)v->longest + beyond, sizeof(wide *));
    s->out = arena_take(a, (size_t)row_pitch(longer), sizeof(wide));
    s->line = arena_take(a, (size_t)(2 * side(v) + row_pitch(v->cols)), sizeof(wide));
    s->beyond = arena_take(a, beyond, sizeof(ptrdiff_t));
}

static volume_scratch scratch_of(const volume *v, int thread)
{
    volume_scratch s;
    arena a = arena_of(&v->memory, thread);
    layout(&s, v, &a);
    return s;
}

static ptrdiff_t bands_of_lines(const volume *v, ptrdiff_t *lines_of_a_band)
{
    ptrdiff_t lines = ELEMENTS_OF_A_BAND / v->cols;
    *lines_of_a_band = lines < 1 ? 1 : lines;
    return (v->lines + *lines_of_a_band - 1) / *lines_of_a_band;
}

static feature_status lease(volume *v, int planes)
{
    volume_scratch counting;
    arena each = {NULL, 0}, whole = {NULL, 0};
    layout(&counting, v, &each);
    v->memory.each = each.used;
    arena_take(&whole, (size_t)v->team.threads, each.used);
    for (int k = 0; k < planes; k++)
        arena_take(&whole, (size_t)v->size, sizeof(wide));
    if (each.used == SIZE_MAX || whole.used == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    v->block = memory_lease(whole.used);
    arena planes_first = {v->block, 0};
    for (int k = 0; k < planes; k++)
        arena_take(&planes_first, (size_t)v->size, sizeof(wide));
    v->memory.base = v->block == NULL ? NULL : v->block + planes_first.used;
    return v->block == NULL ? FEATURE_NO_MEMORY : FEATURE_OK;
}

feature_status volume_open(volume *v, const feature_array *image, double cval,
                           ptrdiff_t radius, int planes, double nanoseconds_per_element,
                           const feature_run *run)
{
    *v = (volume){.like = image, .cval = cval, .radius = radius, .size = 1};
    for (int32_t axis = 0; axis < image->ndim; axis++) {
        ptrdiff_t n = image->shape[axis];
        if (__builtin_mul_overflow(v->size, n, &v->size) ||
            v->size > PTRDIFF_MAX / (ptrdiff_t)sizeof(wide))
            return FEATURE_NO_MEMORY;
        v->longest = n > v->longest ? n : v->longest;
    }
    v->cols = image->shape[image->ndim - 1];
    v->lines = v->size / v->cols;
    v->plain = plain_kernels_in_use();
    v->real = real_kernels_for(storage_type(image));
    ptrdiff_t lines, bands = bands_of_lines(v, &lines);
    v->team = team_for(run, bands, (double)v->size * nanoseconds_per_element);
    return lease(v, planes);
}

void volume_close(volume *v)
{
    memory_return(v->block);
}

wide *volume_plane(const volume *v, int number)
{
    arena a = {v->block, 0};
    wide *plane = NULL;
    for (int k = 0; k <= number; k++)
        plane = arena_take(&a, (size_t)v->size, sizeof(wide));
    return plane;
}

/* ------------------------------------------------------------------------ */
/* Passes that look at one element                                          */
/* ------------------------------------------------------------------------ */

/* The lines of band `index`. */
static void lines_between(const volume_pass *pass, ptrdiff_t index, ptrdiff_t *first,
                          ptrdiff_t *end)
{
    *first = index * pass->lines_of_a_band;
    *end = *first + pass->lines_of_a_band;
    *end = *end < pass->v->lines ? *end : pass->v->lines;
}

static feature_status run_lines(volume *v, volume_pass *pass,
                                void (*band)(void *, ptrdiff_t, int))
{
    pass->v = v;
    ptrdiff_t bands = bands_of_lines(v, &pass->lines_of_a_band);
    return team_run(&v->team, bands, band, pass);
}

static void load_band(void *context, ptrdiff_t index, int thread)
{
    const volume_pass *pass = context;
    const feature_array *image = pass->v->like;
    ptrdiff_t first, end, at[DIMENSIONS_AT_MOST];
    (void)thread;
    lines_between(pass, index, &first, &end);
    for (ptrdiff_t line = first; line < end; line++) {
        line_index(image, line, at);
        pass->v->plain->load_row(line_of(image, at), image->strides[image->ndim - 1],
                                 pass->v->cols, (feature_dtype)image->dtype,
                                 pass->out + line * pass->v->cols);
    }
}

feature_status volume_load(volume *v, wide *out)
{
    volume_pass pass = {.out = out};
    return run_lines(v, &pass, load_band);
}

feature_status volume_read(volume *v, wide *room, const wide **elements)
{
    *elements = room;
    if (v->like->dtype != FEATURE_FLOAT64 || !is_contiguous(v->like))
        return volume_load(v, room);
    *elements = v->like->data;
    return FEATURE_OK;
}

static void multiply_band(void *context, ptrdiff_t index, int thread)
{
    const volume_pass *pass = context;
    ptrdiff_t first, end, cols = pass->v->cols;
    (void)thread;
    lines_between(pass, index, &first, &end);
    pass->v->real->multiply_row(pass->in + first * cols, pass->more + first * cols,
                                (end - first) * cols, pass->out + first * cols);
}

feature_status volume_multiply(volume *v, const wide *a, const wide *b, wide *out)
{
    volume_pass pass = {.in = a, .more = b, .out = out};
    return run_lines(v, &pass, multiply_band);
}

static void store_band(void *context, ptrdiff_t index, int thread)
{
    const volume_pass *pass = context;
    const feature_array *plane = pass->plane;
    ptrdiff_t first, end, at[DIMENSIONS_AT_MOST];
    (void)thread;
    lines_between(pass, index, &first, &end);
    for (ptrdiff_t line = first; line < end; line++) {
        line_index(plane, line, at);
        pass->v->real->store_row(pass->in + line * pass->v->cols, pass->v->cols,
                                 line_of(plane, at), plane->strides[plane->ndim - 1]);
    }
}

feature_status volume_store(volume *v, const wide *in, const feature_array *out)
{
    volume_pass pass = {.in = in, .plane = out};
    return run_lines(v, &pass, store_band);
}

/* ------------------------------------------------------------------------ */
/* Filters                                                                  */
/* ------------------------------------------------------------------------ */

static void filter_lines(void *context, ptrdiff_t index, int thread)
{
    const volume_pass *pass = context;
    const volume *v = pass->v;
    const feature_filter *filter = pass->filter;
    volume_scratch s = scratch_of(v, thread);
    ptrdiff_t first, end, n = v->cols, radius = filter->radius;
    for (ptrdiff_t k = 0; k < radius; k++) {
        s.beyond[k] = border_index(k - radius, n, filter->border);
        s.beyond[radius + k] = border_index(n + k, n, filter->border);
    }
    wide *line = s.line + side(v);
    memset(line, 0, (size_t)row_pitch(n) * sizeof(wide));
    lines_between(pass, index, &first, &end);
    for (ptrdiff_t y = first; y < end; y++) {
        memcpy(line, pass->in + y * n, (size_t)n * sizeof(wide));
        for (ptrdiff_t k = 0; k < radius; k++) {
            ptrdiff_t left = s.beyond[k], right = s.beyond[radius + k];
            line[k - radius] = left < 0 ? v->cval : line[left];
            line[n + k] = right < 0 ? v->cval : line[right];
        }
        wide *to = n % ROW_BLOCK == 0 ? pass->out + y * n : s.out;
        (pass->odd ? v->real->odd_row : v->real->smooth_row)(line, filter->weights,
                                                             radius, n, to);
        if (to == s.out)
            memcpy(pass->out + y * n, s.out, (size_t)n * sizeof(wide));
    }
}

/* Rows of sums from row y of a block on, as many as the kernel makes at once. */
static ptrdiff_t sum_rows(const volume_pass *pass, const volume_scratch *s, ptrdiff_t y,
                          ptrdiff_t start, ptrdiff_t width)
{
    const real_kernels *real = pass->v->real;
    const double *weights = pass->filter->weights;
    ptrdiff_t radius = pass->filter->radius;
    ptrdiff_t count = y + ROW_GROUP <= pass->n ? ROW_GROUP : 1;
    wide *sums[ROW_GROUP];
    for (ptrdiff_t k = 0; k < count; k++)
        sums[k] = width == BLOCK ? pass->out + start + (y + k) * pass->inner
                                 : s->out + k * BLOCK;
    if (count == ROW_GROUP)
        (pass->odd ? real->odd_column_groups : real->smooth_column_groups)(
            s->rows + y, weights, radius, width, sums);
    else
        (pass->odd ? real->odd_columns : real->smooth_columns)(s->rows + y, weights,
                                                               radius, width, sums[0]);
    for (ptrdiff_t k = 0; k < count && width != BLOCK; k++)
        memcpy(pass->out + start + (y + k) * pass->inner, sums[k],
               (size_t)width * sizeof(wide));
    return count;
}

static void filter_block(void *context, ptrdiff_t index, int thread)
{
    const volume_pass *pass = context;
    const volume *v = pass->v;
    ptrdiff_t radius = pass->filter->radius, n = pass->n, inner = pass->inner;
    ptrdiff_t x = index % pass->blocks * BLOCK;
    ptrdiff_t start = index / pass->blocks * n * inner + x;
    ptrdiff_t width = inner - x < BLOCK ? inner - x : BLOCK;
    volume_scratch s = scratch_of(v, thread);
    if (width < BLOCK)
        memset(s.block, 0, (size_t)n * BLOCK * sizeof(wide));
    for (ptrdiff_t y = 0; y < n; y++)
        memcpy(s.block + y * BLOCK, pass->in + start + y * inner,
               (size_t)width * sizeof(wide));
    for (ptrdiff_t k = 0; k < BLOCK; k++)
        s.outside[k] = v->cval;
    for (ptrdiff_t k = 0; k < n + 2 * radius; k++) {
        ptrdiff_t from = border_index(k - radius, n, pass->filter->border);
        s.rows[k] = from < 0 ? s.outside : s.block + from * BLOCK;
    }
    for (ptrdiff_t y = 0; y < n;)
        y += sum_rows(pass, &s, y, start, width);
}

feature_status volume_filter(volume *v, int axis, const feature_filter *filter, int odd,
                             const wide *in, wide *out)
{
    volume_pass pass = {.v = v, .filter = filter, .odd = odd, .in = in, .out = out};
    if (axis == v->like->ndim - 1)
        return run_lines(v, &pass, filter_lines);
    pass.n = v->like->shape[axis];
    pass.inner = 1;
    for (int later = axis + 1; later < v->like->ndim; later++)
        pass.inner *= v->like->shape[later];
    pass.blocks = (pass.inner + BLOCK - 1) / BLOCK;
    ptrdiff_t outer = v->size / pass.n / pass.inner;
    return team_run(&v->team, outer * pass.blocks, filter_block, &pass);
}
