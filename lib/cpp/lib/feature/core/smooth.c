/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/smooth.h"

#include <string.h>

#include "core/array.h"
#include "core/border.h"

/* Not a power of two: rows so far apart would all compete for the same few places of
 * the first cache. */
ptrdiff_t row_pitch(ptrdiff_t n)
{
    ptrdiff_t blocks = (n + ROW_BLOCK - 1) / ROW_BLOCK;
    return ROW_PAD + blocks * ROW_BLOCK + ROW_PAD + ROW_BLOCK;
}

static ptrdiff_t rows_of(const smooth_plan *plan)
{
    return plan->image->shape[0];
}

static ptrdiff_t cols_of(const smooth_plan *plan)
{
    return plan->image->shape[1];
}

/* ------------------------------------------------------------------------ */
/* Buffers                                                                  */
/* ------------------------------------------------------------------------ */

/* The border of the row of column sums, rounded up to whole blocks. */
static ptrdiff_t side(const smooth_plan *plan)
{
    ptrdiff_t blocks = (plan->axis[1].radius + ROW_BLOCK - 1) / ROW_BLOCK;
    return blocks * ROW_BLOCK;
}

static ptrdiff_t channels_of(const smooth_plan *plan)
{
    return plan->channels > 1 ? plan->channels : 1;
}

/* Bytes of an element. */
static ptrdiff_t item_of(const smooth_plan *plan)
{
    return plan->narrow ? sizeof(float) : sizeof(wide);
}

/* Of one channel, in bytes. */
static ptrdiff_t sums_size(const smooth_plan *plan)
{
    return (2 * side(plan) + row_pitch(cols_of(plan))) * item_of(plan);
}

/* What the sums along the row need: the row of column sums and its border. */
static void layout_sums(smoother *s, const smooth_plan *plan, arena *a)
{
    ptrdiff_t radius = plan->axis[1].radius;
    s->plan = plan;
    s->pitch = row_pitch(cols_of(plan));
    s->radius = plan->axis[0].radius;
    for (int k = 0; k < ROW_GROUP; k++)
        s->sums[k] = arena_take(a, (size_t)channels_of(plan), (size_t)sums_size(plan));
    s->beyond = arena_take(a, 2 * (size_t)radius, sizeof(ptrdiff_t));
    void *rows = arena_take(a, 2 * (size_t)s->radius + ROW_GROUP, sizeof(void *));
    if (plan->narrow)
        s->rows.floats = rows;
    else
        s->rows.wides = rows;
}

static void start_sums(smoother *s)
{
    const smooth_plan *plan = s->plan;
    ptrdiff_t radius = plan->axis[1].radius, cols = cols_of(plan);
    for (ptrdiff_t k = 0; k < radius; k++) {
        s->beyond[k] = border_index(k - radius, cols, plan->axis[1].border);
        s->beyond[radius + k] = border_index(cols + k, cols, plan->axis[1].border);
    }
    for (int k = 0; k < ROW_GROUP; k++)
        memset(s->sums[k], 0, (size_t)(channels_of(plan) * sums_size(plan)));
    s->first = -ROW_GROUP;
}

/* Is the filter so long that the whole image is kept, each row under its number? */
static int keeps_all(const smoother *s)
{
    return s->ring_rows == rows_of(s->plan);
}

void smoother_layout(smoother *s, const smooth_plan *plan, arena *a)
{
    layout_sums(s, plan, a);
    ptrdiff_t under_filters = 2 * s->radius + ROW_GROUP;
    s->ring_rows = under_filters < rows_of(plan) ? under_filters : rows_of(plan);
    size_t row_bytes = (size_t)(s->pitch * item_of(plan));
    s->ring = arena_take(a, (size_t)(channels_of(plan) * s->ring_rows), row_bytes);
    s->outside = arena_take(a, 1, row_bytes);
}

static void put(const smooth_plan *plan, void *row, ptrdiff_t to, ptrdiff_t from)
{
    put_element(row, plan->narrow, to, from, plan->cval);
}

void smoother_start(smoother *s, ptrdiff_t first_row)
{
    start_sums(s);
    for (ptrdiff_t x = 0; x < s->pitch; x++)
        put(s->plan, s->outside, x, -1);
    s->loaded = keeps_all(s) ? 0 : first_row - s->radius;
    s->read = NULL;
}

void smoother_start_from(smoother *s, ptrdiff_t first_row, row_reader *read, void *from)
{
    smoother_start(s, first_row);
    s->read = read;
    s->from = from;
}

/* ------------------------------------------------------------------------ */
/* Rows                                                                     */
/* ------------------------------------------------------------------------ */

/*
 * The place of row y of a channel, which may lie beyond the border. A ring
 * shorter than the image holds such a row under its own number, as a copy of the row
 * that it stands for; otherwise each row of the image is there once.
 */
static unsigned char *ring_row(const smoother *s, ptrdiff_t y, ptrdiff_t channel)
{
    ptrdiff_t slot = positive_modulo(y, s->ring_rows);
    ptrdiff_t row = channels_of(s->plan) * slot + channel;
    return s->ring + row * s->pitch * item_of(s->plan);
}

/* Row `from` of the plan's image. */
static void load_image_row(const smooth_plan *plan, ptrdiff_t from, wide *row)
{
    const feature_array *image = plan->image;
    plan->plain->load_row(row_of(image, from), image->strides[1], cols_of(plan),
                          (feature_dtype)image->dtype, row);
    if (plan->mask != NULL)
        plan->plain->mask_row(row_of(plan->mask, from), plan->mask->strides[1],
                              cols_of(plan), row);
}

static void load_source_row(smoother *s, ptrdiff_t y)
{
    const smooth_plan *plan = s->plan;
    ptrdiff_t from = border_index(y, rows_of(plan), plan->axis[0].border);
    ptrdiff_t item = item_of(plan), cols = cols_of(plan);
    if (from < 0)
        return;
    if (s->read != NULL)
        s->read(s->from, from, ring_row(s, y, 0));
    else
        load_image_row(plan, from, (wide *)(void *)ring_row(s, y, 0));
    for (ptrdiff_t k = 0; k < channels_of(plan); k++)
        memset(ring_row(s, y, k) + cols * item, 0, (size_t)((s->pitch - cols) * item));
}

/* Loads what the group of rows from y on needs. */
static void load_rows(smoother *s, ptrdiff_t y)
{
    int all = keeps_all(s);
    ptrdiff_t needed = all ? rows_of(s->plan) - 1 : y + ROW_GROUP - 1 + s->radius;
    if (!all && s->loaded < y - s->radius)
        s->loaded = y - s->radius;
    for (; s->loaded <= needed; s->loaded++)
        load_source_row(s, s->loaded);
}

/* Points s->rows at what the group of rows from y on needs, of one channel. */
static void gather_rows(smoother *s, ptrdiff_t y, ptrdiff_t channel)
{
    ptrdiff_t first = y - s->radius, last = y + ROW_GROUP - 1 + s->radius;
    ptrdiff_t rows = rows_of(s->plan);
    int all = keeps_all(s);
    for (ptrdiff_t k = first; k <= last; k++) {
        ptrdiff_t from = border_index(k, rows, s->plan->axis[0].border);
        void *row = from < 0 ? s->outside : ring_row(s, all ? from : k, channel);
        if (s->plan->narrow)
            s->rows.floats[k - first] = row;
        else
            s->rows.wides[k - first] = row;
    }
}

/* The first element of the sums of one channel, within their border. */
static void *sums_at(const smoother *s, ptrdiff_t k, ptrdiff_t channel)
{
    const smooth_plan *plan = s->plan;
    return s->sums[k] + channel * sums_size(plan) + side(plan) * item_of(plan);
}

/* From column sums to a smoothed row. */
static void sum_along(smoother *s, void *sums, void *out)
{
    const smooth_plan *plan = s->plan;
    const feature_filter *filter = &plan->axis[1];
    ptrdiff_t radius = filter->radius, cols = cols_of(plan);
    for (ptrdiff_t k = 0; k < radius; k++) {
        put(plan, sums, k - radius, s->beyond[k]);
        put(plan, sums, cols + k, s->beyond[radius + k]);
    }
    if (plan->narrow)
        plan->plain->smooth_floats(sums, filter->weights, radius, cols, out);
    else
        (plan->odd[1] ? plan->real->odd_row : plan->real->smooth_row)(
            sums, filter->weights, radius, cols, out);
}

/* The sums of one channel down the columns, for the group of rows from y on. */
static void sum_columns(smoother *s, ptrdiff_t y, ptrdiff_t channel)
{
    const smooth_plan *plan = s->plan;
    const double *weights = plan->axis[0].weights;
    float *narrow[ROW_GROUP];
    wide *sums[ROW_GROUP];
    gather_rows(s, y, channel);
    if (plan->narrow) {
        for (int k = 0; k < ROW_GROUP; k++)
            narrow[k] = sums_at(s, k, channel);
        plan->plain->smooth_float_groups(s->rows.floats, weights, s->radius,
                                         cols_of(plan), narrow);
    } else {
        for (int k = 0; k < ROW_GROUP; k++)
            sums[k] = sums_at(s, k, channel);
        (plan->odd[0] ? plan->real->odd_column_groups
                      : plan->real->smooth_column_groups)(
            s->rows.wides, weights, s->radius, cols_of(plan), sums);
    }
}

void smoother_row(smoother *s, ptrdiff_t y, void *out)
{
    const smooth_plan *plan = s->plan;
    ptrdiff_t channels = channels_of(plan), apart = s->pitch * item_of(plan);
    if (y >= s->first + ROW_GROUP) {
        load_rows(s, y);
        for (ptrdiff_t k = 0; k < channels; k++)
            sum_columns(s, y, k);
        s->first = y;
    }
    for (ptrdiff_t k = 0; k < channels; k++)
        sum_along(s, sums_at(s, y - s->first, k), (unsigned char *)out + k * apart);
}

/* ------------------------------------------------------------------------ */
/* Ones                                                                     */
/* ------------------------------------------------------------------------ */

void ones_layout(ones_smoother *s, const smooth_plan *plan, arena *a)
{
    layout_sums(&s->s, plan, a);
    s->one = arena_take(a, ROW_BLOCK, sizeof(wide));
    s->outside = arena_take(a, ROW_BLOCK, sizeof(wide));
    s->block = arena_take(a, ROW_BLOCK, sizeof(wide));
    s->out = arena_take(a, (size_t)s->s.pitch, sizeof(wide));
    s->divisor = arena_take(a, (size_t)s->s.pitch, sizeof(wide));
    s->reciprocal = arena_take(a, (size_t)s->s.pitch, sizeof(wide));
}

void ones_start(ones_smoother *s)
{
    start_sums(&s->s);
    for (int k = 0; k < ROW_BLOCK; k++) {
        s->one[k] = 1;
        s->outside[k] = s->s.plan->cval;
    }
    s->valid = 0;
}

static wide ones_column_sum(ones_smoother *s, ptrdiff_t y)
{
    const smooth_plan *plan = s->s.plan;
    ptrdiff_t radius = s->s.radius;
    for (ptrdiff_t k = 0; k <= 2 * radius; k++) {
        ptrdiff_t from =
            border_index(y - radius + k, rows_of(plan), plan->axis[0].border);
        s->s.rows.wides[k] = from < 0 ? s->outside : s->one;
    }
    plan->real->smooth_columns(s->s.rows.wides, plan->axis[0].weights, radius, 1,
                               s->block);
    return s->block[0];
}

const wide *ones_row(ones_smoother *s, ptrdiff_t y)
{
    wide sum = ones_column_sum(s, y);
    if (s->valid && sum == s->last)
        return s->out;
    wide *sums = sums_at(&s->s, 0, 0);
    for (ptrdiff_t x = 0; x < cols_of(s->s.plan); x++)
        sums[x] = sum;
    sum_along(&s->s, sums, s->out);
    s->s.plan->real->invert_row(s->out, cols_of(s->s.plan), s->divisor, s->reciprocal,
                                &s->invertible);
    s->last = sum;
    s->valid = 1;
    return s->out;
}

void ones_divide(ones_smoother *s, ptrdiff_t y, wide *row)
{
    const real_kernels *real = s->s.plan->real;
    const wide *weight = ones_row(s, y);
    if (s->invertible)
        real->divide_row(row, s->divisor, s->reciprocal, cols_of(s->s.plan));
    else
        real->normalize_row(row, weight, cols_of(s->s.plan));
}
