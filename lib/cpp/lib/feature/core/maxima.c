/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/maxima.h"

#include "core/memory.h"
#include "kernels/kernels.h"

#define POLL_EVERY 64 /* lines */

typedef struct ring_buffers {
    double *line, *values, *out;
    ptrdiff_t *deaths;
} ring_buffers;

static void layout(ring_buffers *b, ptrdiff_t longest, arena *a)
{
    b->line = arena_take(a, (size_t)longest, sizeof *b->line);
    b->values = arena_take(a, (size_t)longest, sizeof *b->values);
    b->out = arena_take(a, (size_t)longest, sizeof *b->out);
    b->deaths = arena_take(a, (size_t)longest, sizeof *b->deaths);
}

/* Along the lines of n values that are `step` apart, of which there are `lines`. */
static feature_status along_axis(double *all, ptrdiff_t lines, ptrdiff_t n,
                                 ptrdiff_t step, ptrdiff_t side, const ring_buffers *b,
                                 team *t)
{
    for (ptrdiff_t line = 0; line < lines; line++) {
        if (t != NULL && line % POLL_EVERY == 0 && team_poll(t) != FEATURE_OK)
            return FEATURE_INTERRUPTED;
        double *first = all + line / step * step * n + line % step;
        for (ptrdiff_t k = 0; k < n + side - 1; k++) {
            ptrdiff_t from = k - side / 2;
            b->line[k] = first[(from < 0 ? 0 : from >= n ? n - 1 : from) * step];
        }
        plain_kernels_in_use()->ring_maximum(b->line, n, side, b->values, b->deaths,
                                             b->out);
        for (ptrdiff_t k = 0; k < n; k++)
            first[k * step] = b->out[k];
    }
    return FEATURE_OK;
}

feature_status window_maxima(double *values, const ptrdiff_t *shape, int32_t ndim,
                             const ptrdiff_t *sides, team *t)
{
    feature_status status = FEATURE_OK;
    ptrdiff_t longest = 0, size = 1, step = 1;
    for (int32_t axis = 0; axis < ndim; axis++) {
        ptrdiff_t length = sides[axis] + shape[axis];
        longest = length > longest ? length : longest;
        size *= shape[axis];
    }
    ring_buffers b;
    arena counting = {NULL, 0};
    layout(&b, longest, &counting);
    void *block = counting.used == SIZE_MAX ? NULL : memory_lease(counting.used);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    arena a = {block, 0};
    layout(&b, longest, &a);
    for (int32_t axis = 0; axis < ndim; axis++)
        step *= shape[axis];
    for (int32_t axis = 0; axis < ndim && status == FEATURE_OK; axis++) {
        step /= shape[axis];
        if (sides[axis] > 1)
            status = along_axis(values, size / shape[axis], shape[axis], step,
                                sides[axis], &b, t);
    }
    memory_return(block);
    return status;
}
