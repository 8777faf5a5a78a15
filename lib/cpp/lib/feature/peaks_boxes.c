/* SPDX-License-Identifier: BSD-3-Clause */
/* The smallest boxes that hold the labels of an image, found by bands of lines. */
#include "peaks.h"

#include <string.h>

const void *peak_labels_at(const peak_job *job, const ptrdiff_t *index)
{
    const unsigned char *at = job->labels->data;
    for (int32_t axis = 0; axis < job->ndim; axis++)
        at += index[axis] * job->label_strides[axis];
    return at;
}

ptrdiff_t *peak_box_of(const box_list *boxes, const peak_job *job, ptrdiff_t k)
{
    return boxes->bounds + 2 * job->ndim * k;
}

static feature_status grow_boxes(box_list *boxes, const peak_job *job, int64_t label)
{
    if (label <= boxes->count)
        return FEATURE_OK;
    size_t one = 2 * (size_t)job->ndim * sizeof *boxes->bounds;
    if (label > boxes->room) {
        if (label > INT32_MAX / 4)
            return FEATURE_NO_MEMORY;
        ptrdiff_t room = 2 * label + 16;
        ptrdiff_t *bounds = memory_lease((size_t)room * one);
        if (bounds == NULL)
            return FEATURE_NO_MEMORY;
        if (boxes->count > 0)
            memcpy(bounds, boxes->bounds, (size_t)boxes->count * one);
        memory_return(boxes->bounds);
        boxes->bounds = bounds;
        boxes->room = room;
    }
    memset(peak_box_of(boxes, job, boxes->count), 0,
           (size_t)(label - boxes->count) * one);
    boxes->count = label;
    return FEATURE_OK;
}

static void widen_box(const peak_job *job, ptrdiff_t *box, const ptrdiff_t *low,
                      const ptrdiff_t *high)
{
    ptrdiff_t *end = box + job->ndim;
    int fresh = end[0] == 0;
    for (int32_t axis = 0; axis < job->ndim; axis++) {
        box[axis] = fresh || low[axis] < box[axis] ? low[axis] : box[axis];
        end[axis] = fresh || high[axis] > end[axis] ? high[axis] : end[axis];
    }
}

/* The search for boxes, in bands of lines; each thread has a list of its own. */
typedef struct box_job {
    const peak_job *peaks;
    ptrdiff_t lines_a_band;
    label_run *runs; /* room for a line, of each thread */
    box_list *boxes;
    feature_status *status;
} box_job;

/* Labels count where they are not too near the border. */
static feature_status find_boxes_of_line(const peak_job *job, ptrdiff_t line,
                                         label_run *runs, box_list *boxes)
{
    int32_t last = job->ndim - 1;
    ptrdiff_t border = job->border[last], inside = job->shape[last] - 2 * border;
    ptrdiff_t low[AXES], high[AXES], count;
    feature_status status = FEATURE_OK;
    peak_line_index(job, job->shape, line, low);
    if (inside <= 0 || peak_in_border(job, low))
        return FEATURE_OK;
    for (int32_t axis = 0; axis < last; axis++)
        high[axis] = low[axis] + 1;
    low[last] = border;
    job->plain->label_runs(peak_labels_at(job, low), job->label_strides[last], inside,
                           (feature_dtype)job->labels->dtype, runs, &count);
    for (ptrdiff_t k = 0; k < count && status == FEATURE_OK; k++) {
        low[last] = border + runs[k].first;
        high[last] = border + runs[k].end;
        status = grow_boxes(boxes, job, runs[k].label);
        if (status == FEATURE_OK)
            widen_box(job, peak_box_of(boxes, job, runs[k].label - 1), low, high);
    }
    return status;
}

static void find_boxes_of_band(void *context, ptrdiff_t band, int thread)
{
    const box_job *job = context;
    const peak_job *peaks = job->peaks;
    ptrdiff_t first = band * job->lines_a_band, end = first + job->lines_a_band;
    label_run *runs = job->runs + thread * peaks->shape[peaks->ndim - 1];
    feature_status *status = job->status + thread;
    for (ptrdiff_t line = first; line < end && line < peaks->lines; line++)
        if (*status == FEATURE_OK)
            *status = find_boxes_of_line(peaks, line, runs, job->boxes + thread);
}

/* Widens the boxes of one list by those of another. */
static feature_status join_boxes(const peak_job *job, box_list *to,
                                 const box_list *from)
{
    feature_status status = grow_boxes(to, job, from->count);
    for (ptrdiff_t k = 0; k < from->count && status == FEATURE_OK; k++) {
        const ptrdiff_t *box = peak_box_of(from, job, k);
        if (box[job->ndim] > 0)
            widen_box(job, peak_box_of(to, job, k), box, box + job->ndim);
    }
    return status;
}

static feature_status lease_boxes(box_job *job, int threads)
{
    size_t line = (size_t)job->peaks->shape[job->peaks->ndim - 1];
    void *block = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        job->boxes = arena_take(&a, (size_t)threads, sizeof *job->boxes);
        job->status = arena_take(&a, (size_t)threads, sizeof *job->status);
        job->runs = arena_take(&a, (size_t)threads * line, sizeof *job->runs);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    for (int k = 0; k < threads; k++) {
        job->boxes[k] = (box_list){NULL, 0, 0};
        job->status[k] = FEATURE_OK;
    }
    return FEATURE_OK;
}

/* The boxes of all labels, whose bounds the caller returns. */
feature_status peak_find_boxes(const peak_job *peaks, team *t, box_list *boxes)
{
    box_job job = {.peaks = peaks};
    feature_status status = lease_boxes(&job, t->threads);
    if (status != FEATURE_OK)
        return status;
    job.lines_a_band = (peaks->lines - 1) / LABEL_BANDS + 1;
    status = team_run(t, (peaks->lines - 1) / job.lines_a_band + 1, find_boxes_of_band,
                      &job);
    for (int k = 0; k < t->threads; k++) {
        if (status == FEATURE_OK)
            status = job.status[k];
        if (status == FEATURE_OK)
            status = join_boxes(peaks, boxes, &job.boxes[k]);
    }
    for (int k = 0; k < t->threads; k++)
        memory_return(job.boxes[k].bounds);
    memory_return(job.boxes);
    return status;
}
