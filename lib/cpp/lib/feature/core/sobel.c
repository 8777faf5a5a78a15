/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sobel.h"

#include "core/array.h"
#include "core/border.h"

/* The first element of a padded row, which has one before it. */
static void *padded_row(const sobel *s, arena *a)
{
    unsigned char *row = arena_take(a, 1, (size_t)s->pitch);
    return row == NULL ? NULL : row + ROW_PAD * s->item;
}

void sobel_layout(sobel *s, const sobel_plan *plan, arena *a)
{
    s->plan = plan;
    s->item = dtype_size(plan->stored);
    s->pitch = row_pitch(plan->cols) * s->item;
    s->down = padded_row(s, a);
    s->right = padded_row(s, a);
    s->differences = padded_row(s, a);
    s->outside = padded_row(s, a);
    s->pixels = arena_take(a, SLOTS, (size_t)s->pitch);
    s->along = arena_take(a, SLOTS, (size_t)s->pitch);
}

static void put(const sobel_plan *plan, void *row, ptrdiff_t to, ptrdiff_t from)
{
    put_element(row, plan->stored == FEATURE_FLOAT32, to, from, plan->cval);
}

void sobel_start(sobel *s, row_reader *read, void *from)
{
    s->read = read;
    s->from = from;
    s->at = -1;
    s->only_down = 0;
    s->slots = slots_empty();
    for (ptrdiff_t x = -1; x <= s->plan->cols; x++)
        put(s->plan, s->outside, x, -1);
}

/* One element beyond each end of a padded row. */
static void continue_row(const sobel_plan *plan, void *row)
{
    ptrdiff_t n = plan->cols;
    put(plan, row, -1, border_index(-1, n, plan->border[1]));
    put(plan, row, n, border_index(n, n, plan->border[1]));
}

static unsigned char *slot(const sobel *s, unsigned char *rows, int k)
{
    return rows + k * s->pitch + ROW_PAD * s->item;
}

/* Reads row y into a slot. */
static int read_into(sobel *s, int k, ptrdiff_t y)
{
    unsigned char *row = slot(s, s->pixels, k);
    s->read(s->from, y, row);
    continue_row(s->plan, row);
    if (!s->only_down)
        s->plan->real->differ_row(row - s->item, row, row + s->item, s->plan->cols,
                                  slot(s, s->along, k));
    return k;
}

/* The first pass for row y: its differences down, and those along of the three rows
 * around it. */
static void differ(sobel *s, ptrdiff_t y, const void **along)
{
    const sobel_plan *plan = s->plan;
    const void *pixels[3];
    ptrdiff_t rows[3];
    for (int k = 0; k < 3; k++)
        rows[k] = border_index(y - 1 + k, plan->rows, plan->border[0]);
    for (int k = 0; k < 3; k++) {
        pixels[k] = along[k] = s->outside;
        if (rows[k] < 0)
            continue;
        int held = slot_of(&s->slots, rows[k]);
        if (held < 0)
            held = read_into(s, slot_for(&s->slots, rows[k], rows), rows[k]);
        pixels[k] = slot(s, s->pixels, held);
        along[k] = slot(s, s->along, held);
    }
    plan->real->differ_row(pixels[0], pixels[1], pixels[2], plan->cols, s->differences);
    continue_row(plan, s->differences);
}

void sobel_move(sobel *s, ptrdiff_t y)
{
    if (s->at == y)
        return;
    const sobel_plan *plan = s->plan;
    const unsigned char *differences = s->differences;
    const void *along[3];
    differ(s, y, along);
    plan->real->weigh_row(differences - s->item, differences, differences + s->item,
                          plan->cols, s->down);
    if (!s->only_down)
        plan->real->weigh_row(along[0], along[1], along[2], plan->cols, s->right);
    s->at = y;
}

void sobel_products(sobel *s, ptrdiff_t y, void *products)
{
    unsigned char *out = products;
    const void *along[3];
    differ(s, y, along);
    s->plan->real->products_row(s->differences, along, s->plan->cols, out,
                                out + s->pitch, out + 2 * s->pitch);
}

const void *sobel_held(const sobel *s, ptrdiff_t y)
{
    return slot(s, s->pixels, slot_of(&s->slots, y));
}
