/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sobel.h"

#include "core/border.h"

void sobel_layout(sobel *s, const sobel_plan *plan, arena *a)
{
    s->plan = plan;
    s->pitch = row_pitch(plan->cols);
    size_t row_bytes = (size_t)s->pitch * sizeof(wide);
    s->down = arena_take(a, 1, row_bytes);
    s->right = arena_take(a, 1, row_bytes);
    s->differences = arena_take(a, 1, row_bytes);
    s->outside = arena_take(a, 1, row_bytes);
    s->pixels = arena_take(a, SLOTS, row_bytes);
    s->along = arena_take(a, SLOTS, row_bytes);
}

void sobel_start(sobel *s, row_reader *read, void *from)
{
    s->read = read;
    s->from = from;
    s->at = -1;
    s->only_down = 0;
    s->slots = slots_empty();
    for (ptrdiff_t x = 0; x < s->pitch; x++)
        s->outside[x] = s->plan->cval;
}

/* One element beyond each end of a padded row. */
static void continue_row(const sobel_plan *plan, wide *row)
{
    ptrdiff_t n = plan->cols;
    ptrdiff_t left = border_index(-1, n, plan->border[1]);
    ptrdiff_t right = border_index(n, n, plan->border[1]);
    row[-1] = left < 0 ? plan->cval : row[left];
    row[n] = right < 0 ? plan->cval : row[right];
}

static wide *slot(const sobel *s, wide *rows, int k)
{
    return rows + k * s->pitch + ROW_PAD;
}

/* Reads row y into a slot. */
static int read_into(sobel *s, int k, ptrdiff_t y)
{
    wide *row = slot(s, s->pixels, k);
    s->read(s->from, y, row);
    continue_row(s->plan, row);
    if (!s->only_down)
        s->plan->real->differ_row(row - 1, row, row + 1, s->plan->cols,
                                  slot(s, s->along, k));
    return k;
}

/* The first pass for row y: its differences down, and those along of the three rows
 * around it. */
static void differ(sobel *s, ptrdiff_t y, const wide **along)
{
    const sobel_plan *plan = s->plan;
    const wide *pixels[3];
    ptrdiff_t rows[3];
    for (int k = 0; k < 3; k++)
        rows[k] = border_index(y - 1 + k, plan->rows, plan->border[0]);
    for (int k = 0; k < 3; k++) {
        pixels[k] = along[k] = s->outside + ROW_PAD;
        if (rows[k] < 0)
            continue;
        int held = slot_of(&s->slots, rows[k]);
        if (held < 0)
            held = read_into(s, slot_for(&s->slots, rows[k], rows), rows[k]);
        pixels[k] = slot(s, s->pixels, held);
        along[k] = slot(s, s->along, held);
    }
    wide *d = s->differences + ROW_PAD;
    plan->real->differ_row(pixels[0], pixels[1], pixels[2], plan->cols, d);
    continue_row(plan, d);
}

void sobel_move(sobel *s, ptrdiff_t y)
{
    if (s->at == y)
        return;
    const sobel_plan *plan = s->plan;
    const wide *along[3], *d = s->differences + ROW_PAD;
    differ(s, y, along);
    plan->real->weigh_row(d - 1, d, d + 1, plan->cols, s->down + ROW_PAD);
    if (!s->only_down)
        plan->real->weigh_row(along[0], along[1], along[2], plan->cols,
                              s->right + ROW_PAD);
    s->at = y;
}

void sobel_products(sobel *s, ptrdiff_t y, wide *products)
{
    const wide *along[3];
    differ(s, y, along);
    s->plan->real->products_row(s->differences + ROW_PAD, along, s->plan->cols,
                                products, products + s->pitch,
                                products + 2 * s->pitch);
}

const wide *sobel_held(const sobel *s, ptrdiff_t y)
{
    return slot(s, s->pixels, slot_of(&s->slots, y));
}
