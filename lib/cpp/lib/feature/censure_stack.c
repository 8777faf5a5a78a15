/* SPDX-License-Identifier: BSD-3-Clause */
/* All responses at once, for images in which there may be NaN (core/maxima.h). */
#include "censure.h"

#include <math.h>
#include <string.h>

#include "core/maxima.h"
#include "core/memory.h"

/* Responses of all scales side by side, tile after tile. */
static feature_status make_stack(censure_tile *t, team *asked, double *stack)
{
    const censure_job *job = t->job;
    for (ptrdiff_t index = 0; index < censure_tiles(job); index++) {
        if (team_poll(asked) != FEATURE_OK)
            return FEATURE_INTERRUPTED;
        censure_place_tile(t, index);
        censure_start(t);
        for (ptrdiff_t y = t->top; y < t->top + t->rows; y++) {
            censure_make_rows(t, y);
            double *to = stack + (y * job->cols + t->left) * job->scales;
            for (ptrdiff_t k = 0; k < job->scales; k++) {
                const double *row = censure_row(t, k, y);
                for (ptrdiff_t x = 0; x < t->cols; x++)
                    to[x * job->scales + k] = row[x];
            }
        }
    }
    return FEATURE_OK;
}

/* Marks what reaches `least` and equals the largest around it. */
static feature_status mark(const censure_job *job, team *t, const double *stack,
                           double *most, double least, uint64_t *words)
{
    ptrdiff_t shape[3] = {job->rows, job->cols, job->scales}, sides[3] = {3, 3, 3};
    ptrdiff_t n = job->rows * job->cols * job->scales;
    memcpy(most, stack, (size_t)n * sizeof *most);
    feature_status status = window_maxima(most, shape, 3, sides, t);
    if (status == FEATURE_OK)
        job->plain->equal_bits(stack, most, n, least, words);
    return status;
}

/* Maxima and minima that reach the threshold, as bits. */
static feature_status mark_extrema(const censure_job *job, team *t, double *stack,
                                   double *spare, uint64_t *words, uint64_t *others)
{
    ptrdiff_t n = job->rows * job->cols * job->scales;
    feature_status status = mark(job, t, stack, spare, job->least, words);
    for (ptrdiff_t k = 0; k < n; k++)
        stack[k] = -stack[k];
    if (status == FEATURE_OK)
        status = mark(job, t, stack, spare, -INFINITY, others);
    for (ptrdiff_t k = 0; k < n && status == FEATURE_OK; k++)
        if (others[k / WORD_BITS] >> k % WORD_BITS & 1 && -stack[k] >= job->least)
            words[k / WORD_BITS] |= (uint64_t)1 << k % WORD_BITS;
    return status;
}

static void list_marked(censure_tile *t, const uint64_t *words, ptrdiff_t y,
                        ptrdiff_t scale)
{
    const censure_job *job = t->job;
    ptrdiff_t count = 0;
    for (ptrdiff_t x = 0; x < job->cols; x++) {
        ptrdiff_t place = (y * job->cols + x) * job->scales + scale;
        if (words[place / WORD_BITS] >> place % WORD_BITS & 1 &&
            !censure_near_border(job, scale, x, job->cols))
            t->chosen[count++] = x;
        if (count == CENSURE_TILE_COLS || (x + 1 == job->cols && count > 0)) {
            censure_list(t, y, scale, count);
            count = 0;
        }
    }
}

feature_status censure_search_stack(censure_tile *tile, team *t)
{
    const censure_job *job = tile->job;
    arena a = {NULL, 0};
    double *stack = NULL, *spare = NULL;
    uint64_t *words = NULL, *others = NULL;
    size_t n = (size_t)job->rows * (size_t)job->cols;
    if (__builtin_mul_overflow(n, (size_t)job->scales, &n))
        return FEATURE_NO_MEMORY;
    for (int pass = 0; pass < 2; pass++) {
        stack = arena_take(&a, n, sizeof *stack);
        spare = arena_take(&a, n, sizeof *spare);
        words = arena_take(&a, n / WORD_BITS + 1, sizeof *words);
        others = arena_take(&a, n / WORD_BITS + 1, sizeof *others);
        if (pass > 0)
            break;
        if (a.used == SIZE_MAX)
            return FEATURE_NO_MEMORY;
        a = (arena){memory_lease(a.used), 0};
        if (a.base == NULL)
            return FEATURE_NO_MEMORY;
    }
    feature_status status = make_stack(tile, t, stack);
    if (status == FEATURE_OK)
        status = mark_extrema(job, t, stack, spare, words, others);
    for (ptrdiff_t y = 0; y < job->rows && status == FEATURE_OK; y++)
        for (ptrdiff_t scale = 1; scale < job->scales - 1; scale++)
            if (!censure_near_border(job, scale, y, job->rows))
                list_marked(tile, words, y, scale);
    memory_return(a.base);
    return status;
}
