/* SPDX-License-Identifier: BSD-3-Clause */
/* The window of a line: which lines lie in it, and the bits of its local maxima. */
#include "peaks.h"

#include <string.h>

/* ------------------------------------------------------------------------ */
/* Lines                                                                    */
/* ------------------------------------------------------------------------ */

ptrdiff_t peak_before(const peak_job *job, int32_t axis)
{
    return job->sides[axis] / 2;
}

ptrdiff_t peak_after(const peak_job *job, int32_t axis)
{
    return job->sides[axis] - job->sides[axis] / 2 - 1;
}

static const unsigned char *line_at(const region *r, int32_t ndim,
                                    const ptrdiff_t *index)
{
    const unsigned char *at = r->data + (index[0] - r->first) * r->strides[0];
    for (int32_t axis = 1; axis < ndim - 1; axis++)
        at += index[axis] * r->strides[axis];
    return at;
}

static void make_steps(const peak_job *job, region *r, const peak_scratch *s)
{
    int32_t leading = job->ndim - 1;
    for (ptrdiff_t k = 0; k < job->leads; k++) {
        s->steps[k] = 0;
        for (int32_t axis = 0; axis < leading; axis++)
            s->steps[k] += job->lead[k * leading + axis] * r->strides[axis];
    }
    r->steps_made = 1;
}

/* Is what stands `lead` away from a line in the region? */
static int is_inside(const peak_job *job, const region *r, const ptrdiff_t *index,
                     const ptrdiff_t *lead)
{
    int inside = 1;
    for (int32_t axis = 0; axis < job->ndim - 1; axis++)
        inside &=
            index[axis] + lead[axis] >= 0 && index[axis] + lead[axis] < r->shape[axis];
    return inside;
}

/* The lines of the window around one that lie in the region, of the first `most`. */
static ptrdiff_t window_lines(const peak_job *job, region *r, const ptrdiff_t *index,
                              ptrdiff_t most, const peak_scratch *s)
{
    int32_t leading = job->ndim - 1;
    const unsigned char *middle = line_at(r, job->ndim, index);
    ptrdiff_t count = 0;
    int whole = 1;
    if (!r->steps_made)
        make_steps(job, r, s);
    for (int32_t axis = 0; axis < leading; axis++)
        whole &= index[axis] >= peak_before(job, axis) &&
                 index[axis] + peak_after(job, axis) < r->shape[axis];
    for (ptrdiff_t k = 0; k < most; k++)
        if (whole || is_inside(job, r, index, job->lead + k * leading))
            s->lines[count++] = middle + s->steps[k];
    return count;
}

/* The line of each pixel of a footprint, beyond the border the nearest. */
static void footprint_lines(const peak_job *job, const region *r,
                            const ptrdiff_t *index, const void **lines)
{
    int32_t leading = job->ndim - 1;
    for (ptrdiff_t k = 0; k < job->leads; k++) {
        const ptrdiff_t *lead = job->lead + k * leading;
        ptrdiff_t at[AXES] = {0};
        for (int32_t axis = 0; axis < leading; axis++) {
            ptrdiff_t i = index[axis] + lead[axis], last = r->shape[axis] - 1;
            at[axis] = i < 0 ? 0 : i > last ? last : i;
        }
        lines[k] = line_at(r, job->ndim, at);
    }
}

ptrdiff_t peak_count_bits(const uint64_t *words, ptrdiff_t n)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t k = 0; k < n; k++)
        count += __builtin_popcountll(words[k]);
    return count;
}

static void clear_bits(uint64_t *words, ptrdiff_t first, ptrdiff_t end)
{
    while (first < end) {
        ptrdiff_t bit = first % WORD_BITS,
                  count = WORD_BITS - bit < end - first ? WORD_BITS - bit : end - first;
        words[first / WORD_BITS] &= ~(UINT64_MAX >> (WORD_BITS - count) << bit);
        first += count;
    }
}

void peak_clear_ends(uint64_t *words, ptrdiff_t n, ptrdiff_t width)
{
    width = width < n ? width : n;
    clear_bits(words, 0, width);
    clear_bits(words, n - width, n);
}

/* The maxima down the windows of all lines of a band; beyond the border there is
 * nothing larger than the nearest line. */
static void make_tall(const peak_job *job, region *r, const peak_scratch *s)
{
    ptrdiff_t rows = r->tall_end - r->tall_first, before = peak_before(job, 0);
    for (ptrdiff_t k = 0; k < rows + job->sides[0] - 1; k++) {
        ptrdiff_t y = r->tall_first - before + k, last = r->shape[0] - 1;
        y = y < 0 ? 0 : y > last ? last : y;
        s->lines[k] = r->data + (y - r->first) * r->strides[0];
    }
    job->real->peak_tall(s->lines, job->sides[0], rows, r->shape[1], s->tall);
    r->tall_made = 1;
}

/* The whole window, for a line much of which has passed the screen. */
static void ask_densely(const peak_job *job, region *r, const ptrdiff_t *index,
                        const question *q, const peak_scratch *s, uint64_t *words)
{
    ptrdiff_t n = r->shape[job->ndim - 1], count = 1;
    if (index[0] >= r->tall_first && index[0] < r->tall_end) {
        if (!r->tall_made)
            make_tall(job, r, s);
        s->lines[0] = s->tall + (index[0] - r->tall_first) * n * job->real_size;
    } else {
        count = window_lines(job, r, index, job->leads, s);
    }
    job->real->peak_dense(line_at(r, job->ndim, index), s->lines, count, n, &q->line,
                          s->spare, words);
}

/* What may be a peak in lines `first` to `end` of a plane: bits of the job's words. */
void peak_screen_blocks(const peak_job *job, const region *r, ptrdiff_t first,
                        ptrdiff_t end, const peak_scratch *s)
{
    for (ptrdiff_t y = first; y < end; y += job->block[0]) {
        ptrdiff_t count = end - y < job->block[0] ? end - y : job->block[0];
        for (ptrdiff_t k = 0; k < count; k++)
            s->lines[k] = r->data + (y + k - r->first) * r->strides[0];
        job->real->peak_blocks(
            s->lines, count, r->shape[1], job->block[1], job->line.least, s->spare,
            job->words + y * job->words_per_line, job->words_per_line);
    }
}

/* The bits of one line; their number. */
ptrdiff_t peak_ask_line(const peak_job *job, region *r, const ptrdiff_t *index,
                        const question *q, const peak_scratch *s, uint64_t *words)
{
    ptrdiff_t n = r->shape[job->ndim - 1], word_count = (n + WORD_BITS - 1) / WORD_BITS;
    if (job->columns != NULL && !q->alone) {
        footprint_lines(job, r, index, s->lines);
        job->real->peak_general(line_at(r, job->ndim, index), s->lines, job->columns,
                                job->leads, n, &q->line, s->spare, words);
    } else if (q->alone) {
        job->real->reach_bits(line_at(r, job->ndim, index), n, q->line.least, words);
    } else if (!q->screened) {
        ptrdiff_t count = window_lines(job, r, index, job->screens, s);
        job->real->peak_screen(s->lines, count, n, &q->line, s->spare, words);
    }
    for (ptrdiff_t k = 0; q->only != NULL && k < word_count; k++)
        words[k] &= q->only[k];
    peak_clear_ends(words, n, q->border);
    ptrdiff_t found = peak_count_bits(words, word_count);
    if (found == 0 || q->alone || !q->whole || job->columns != NULL || job->is_screen)
        return found;
    if (found > n / DENSE_FROM + 4) {
        ask_densely(job, r, index, q, s, words);
    } else {
        ptrdiff_t count = window_lines(job, r, index, job->leads, s);
        job->real->peak_confirm(s->lines, count, n, &q->line, words);
    }
    return peak_count_bits(words, word_count);
}

/* The leading indices of line number `line`. */
void peak_line_index(const peak_job *job, const ptrdiff_t *shape, ptrdiff_t line,
                     ptrdiff_t *index)
{
    for (int32_t axis = job->ndim - 2; axis > 0; axis--) {
        index[axis] = line % shape[axis];
        line /= shape[axis];
    }
    index[0] = line;
}

/* ------------------------------------------------------------------------ */
/* The window                                                               */
/* ------------------------------------------------------------------------ */

/* Offsets along the leading axes, the middle first, then outwards ring after ring. */
void peak_list_leads(peak_job *job)
{
    int32_t leading = job->ndim - 1;
    ptrdiff_t most = 0, written = 0;
    for (int32_t axis = 0; axis < leading; axis++)
        most = peak_before(job, axis) > most ? peak_before(job, axis) : most;
    for (ptrdiff_t ring = 0; ring <= most; ring++) {
        ptrdiff_t at[AXES];
        for (int32_t axis = 0; axis < leading; axis++)
            at[axis] = -peak_before(job, axis);
        for (ptrdiff_t k = 0; k < job->leads; k++) {
            ptrdiff_t far = 0;
            for (int32_t axis = 0; axis < leading; axis++) {
                ptrdiff_t d = at[axis] < 0 ? -at[axis] : at[axis];
                far = d > far ? d : far;
            }
            if (far == ring)
                memcpy(job->lead + leading * written++, at,
                       (size_t)leading * sizeof *at);
            for (int32_t axis = leading - 1; axis >= 0; axis--) {
                if (++at[axis] <= peak_after(job, axis))
                    break;
                at[axis] = -peak_before(job, axis);
            }
        }
        if (ring <= 1)
            job->screens = written;
    }
    job->is_screen = job->screens == job->leads && peak_before(job, leading) <= 1 &&
                     peak_after(job, leading) <= 1;
}

/* The pixels of a footprint, row after row as the reference takes them. */
void peak_list_footprint(peak_job *job, const feature_array *footprint, int fill)
{
    int32_t leading = job->ndim - 1, shift = job->ndim - job->image->ndim;
    ptrdiff_t at[AXES] = {0}, whole = 1;
    job->leads = 0;
    for (int32_t axis = 0; axis < job->ndim; axis++)
        whole *= job->sides[axis];
    for (ptrdiff_t k = 0; k < whole; k++) {
        const uint8_t *p = footprint->data;
        for (int32_t axis = shift; axis < job->ndim; axis++)
            p += at[axis] * footprint->strides[axis - shift];
        if (*p && fill) {
            for (int32_t axis = 0; axis < leading; axis++)
                job->lead[job->leads * leading + axis] =
                    at[axis] - peak_before(job, axis);
            job->columns[job->leads] = at[leading] - peak_before(job, leading);
        }
        job->leads += *p != 0;
        for (int32_t axis = leading; axis >= 0; axis--) {
            if (++at[axis] < job->sides[axis])
                break;
            at[axis] = 0;
        }
    }
}
