/* SPDX-License-Identifier: BSD-3-Clause */
/* Peaks of each label alone, in the smallest box that holds it. */
#include "peaks.h"

#include <math.h>
#include <string.h>

#include "core/array.h"
#include "kernels/bits.h"

/* ------------------------------------------------------------------------ */
/* The box of a label                                                       */
/* ------------------------------------------------------------------------ */

/* The box of one label, copied. Its pixels' bits stand line by line; in one line where
 * no pixel is compared with its neighbours: the window is a single pixel, or holds the
 * whole box, and then the largest pixels pass. */
typedef struct crop {
    region r;
    ptrdiff_t shape[AXES], origin[AXES];
    ptrdiff_t pixels, lines, cols, words_per_line; /* of bits */
    int is_covered, is_flat;                       /* by each window; in one line */
    unsigned char *values;                         /* reals */
    double most;           /* the largest, where the window holds them all */
    uint8_t *mask, *inner; /* the label's pixels; those with all neighbours in it */
    uint64_t *words, *only;
} crop;

static int is_covered(const peak_job *job, const ptrdiff_t *shape)
{
    int covered = job->columns == NULL && !job->by_ring;
    for (int32_t axis = 0; axis < job->ndim; axis++)
        covered &= peak_before(job, axis) >= shape[axis] - 1 &&
                   peak_after(job, axis) >= shape[axis] - 1;
    return covered;
}

static void size_crop(crop *c, const peak_job *job, const ptrdiff_t *box)
{
    c->pixels = 1;
    for (int32_t axis = 0; axis < job->ndim; axis++) {
        c->origin[axis] = box[axis];
        c->shape[axis] = box[job->ndim + axis] - box[axis];
        c->pixels *= c->shape[axis];
    }
    c->is_covered = is_covered(job, c->shape);
    c->is_flat = job->is_plain || c->pixels == 1 || c->is_covered;
    c->cols = c->is_flat ? c->pixels : c->shape[job->ndim - 1];
    c->lines = c->pixels / c->cols;
    c->words_per_line = (c->cols + WORD_BITS - 1) / WORD_BITS;
}

static void layout_crop(crop *c, const peak_job *job, arena *a)
{
    size_t pixels = (size_t)c->pixels, words = (size_t)(c->lines * c->words_per_line);
    c->values = arena_take(a, pixels, (size_t)job->real_size);
    c->mask = arena_take(a, pixels, 1);
    c->inner = arena_take(a, pixels, 1);
    c->words = arena_take(a, words, sizeof *c->words);
    c->only = arena_take(a, (size_t)c->words_per_line, sizeof *c->only);
    c->r = (region){.data = c->values, .shape = c->shape};
    peak_dense_strides(job, &c->r);
}

/* Where a line of the box begins in the image. */
static void crop_line_index(const peak_job *job, const crop *c, ptrdiff_t line,
                            ptrdiff_t *index)
{
    peak_line_index(job, c->shape, line, index);
    index[job->ndim - 1] = 0;
    for (int32_t axis = 0; axis < job->ndim; axis++)
        index[axis] += c->origin[axis];
}

static const unsigned char *crop_line_at(const peak_job *job, const crop *c,
                                         ptrdiff_t line)
{
    ptrdiff_t index[AXES];
    crop_line_index(job, c, line, index);
    return peak_pixel_at(job, index);
}

static void fill_crop(crop *c, const peak_job *job, int64_t label, double background)
{
    int32_t last = job->ndim - 1;
    ptrdiff_t cols = c->shape[last], lines = c->pixels / cols;
    peak_convert_lines(job, c->shape, c->origin, 0, lines, c->values);
    for (ptrdiff_t line = 0; line < lines; line++) {
        ptrdiff_t index[AXES], at = line * cols;
        crop_line_index(job, c, line, index);
        job->real->peak_background(peak_labels_at(job, index), job->label_strides[last],
                                   cols, (feature_dtype)job->labels->dtype, label,
                                   background, c->values + at * job->real_size,
                                   c->mask + at);
    }
    c->most = -INFINITY;
    if (c->is_covered)
        job->real->largest_of_row(c->values, c->pixels, &c->most);
}

/* The label's pixels of a line of bits; their number. */
static ptrdiff_t mask_bits(const crop *c, ptrdiff_t line)
{
    const uint8_t *mask = c->mask + line * c->cols;
    for (ptrdiff_t w = 0; w < c->words_per_line; w++) {
        ptrdiff_t left = c->cols - w * WORD_BITS;
        uint8_t marks[WORD_BITS] = {0};
        memcpy(marks, mask + w * WORD_BITS,
               (size_t)(left < WORD_BITS ? left : WORD_BITS));
        c->only[w] = pack(marks);
    }
    return peak_count_bits(c->only, c->words_per_line);
}

static int crop_is_exact(const peak_job *job, const crop *c)
{
    ptrdiff_t cols = c->shape[job->ndim - 1], index[AXES];
    int exact = 1;
    for (ptrdiff_t at = 0; at < c->pixels && exact; at += cols) {
        crop_line_index(job, c, at / cols, index);
        exact = peak_line_is_exact(job, index, cols, c->mask + at);
    }
    return exact;
}

static uint64_t *words_of(const crop *c, ptrdiff_t line)
{
    return c->words + line * c->words_per_line;
}

/* Which pixels of a line reach `least` and are the largest of their windows; if `alone`
 * only the first. Their number. */
static ptrdiff_t ask_crop(const peak_job *job, crop *c, const peak_scratch *s,
                          ptrdiff_t line, double least, int alone, const uint64_t *only)
{
    question q = {job->line, only, 0, 1, alone, 0};
    ptrdiff_t index[AXES] = {0};
    q.line.least = least;
    if (!c->is_flat) {
        peak_line_index(job, c->shape, line, index);
        return peak_ask_line(job, &c->r, index, &q, s, words_of(c, line));
    }
    if (!alone && c->most > least)
        least = c->most;
    job->real->reach_bits(c->values, c->pixels, least, c->words);
    for (ptrdiff_t w = 0; w < c->words_per_line && only != NULL; w++)
        c->words[w] &= only[w];
    return peak_count_bits(c->words, c->words_per_line);
}

/* Does every pixel of the label pass? */
static int crop_is_trivial(const peak_job *job, crop *c, const peak_scratch *s)
{
    for (ptrdiff_t line = 0; line < c->lines; line++) {
        ptrdiff_t count = mask_bits(c, line);
        if (count > 0 && ask_crop(job, c, s, line, -INFINITY, 0, c->only) < count)
            return 0;
    }
    return crop_is_exact(job, c);
}

/* Is the pixel, or one beside it along an axis, marked in `marks`? And all of them? */
static void look_around(const peak_job *job, const crop *c, const uint8_t *marks,
                        ptrdiff_t place, int *any, int *all)
{
    ptrdiff_t step = 1, rest = place;
    *any = *all = marks[place];
    /* A one-dimensional image has no neighbours above and below. */
    for (int32_t axis = job->ndim - 1; axis >= job->ndim - job->image->ndim; axis--) {
        ptrdiff_t i = rest % c->shape[axis];
        int low = i > 0 && marks[place - step];
        int high = i + 1 < c->shape[axis] && marks[place + step];
        *any |= low || high;
        *all &= low && high;
        rest /= c->shape[axis];
        step *= c->shape[axis];
    }
}

/* Leaves the bits of pixels of the label that no cross inside it covers. */
static void keep_isolated(const peak_job *job, crop *c)
{
    int any, all;
    for (ptrdiff_t place = 0; place < c->pixels; place++) {
        look_around(job, c, c->mask, place, &any, &all);
        c->inner[place] = (uint8_t)all;
    }
    for (ptrdiff_t place = 0; place < c->pixels; place++) {
        ptrdiff_t x = place % c->cols;
        look_around(job, c, c->inner, place, &any, &all);
        if (!c->mask[place] || any)
            words_of(c, place / c->cols)[x / WORD_BITS] &=
                ~(UINT64_C(1) << x % WORD_BITS);
    }
}

/* The same for a crop that may hold NaN; leaves the bits in it. */
static feature_status search_crop_by_ring(const peak_job *job, crop *c, int *trivial)
{
    feature_status status = peak_ring_bits(job, (const double *)(const void *)c->values,
                                           c->shape, -INFINITY, c->words, NULL);
    *trivial = 1;
    for (ptrdiff_t line = 0; line < c->lines && status == FEATURE_OK; line++) {
        mask_bits(c, line);
        for (ptrdiff_t w = 0; w < c->words_per_line; w++)
            *trivial &= !(c->only[w] & ~words_of(c, line)[w]);
    }
    return status == FEATURE_OK && !*trivial
               ? peak_ring_bits(job, (const double *)(const void *)c->values, c->shape,
                                job->line.least, c->words, NULL)
               : status;
}

/* Bits of all lines of a crop; their number. */
static feature_status search_crop(const peak_job *job, crop *c, const peak_scratch *s,
                                  ptrdiff_t *count)
{
    int plain = job->is_plain || c->pixels == 1, trivial = 0;
    feature_status status = FEATURE_OK;
    if (!plain && job->by_ring)
        status = search_crop_by_ring(job, c, &trivial);
    else if (!plain)
        trivial = crop_is_trivial(job, c, s);
    *count = 0;
    if (status != FEATURE_OK)
        return status;
    for (ptrdiff_t line = 0; line < c->lines; line++)
        if (plain || trivial || !job->by_ring)
            ask_crop(job, c, s, line, job->line.least, plain || trivial, NULL);
    if (trivial)
        keep_isolated(job, c);
    *count = peak_count_bits(c->words, c->lines * c->words_per_line);
    return FEATURE_OK;
}

/* Appends the points of a crop with places in the crop; their number. */
static ptrdiff_t gather_crop(const peak_job *job, const crop *c, uint64_t background,
                             point *to)
{
    int32_t last = job->ndim - 1;
    ptrdiff_t written = 0;
    int wide_type = peak_is_wide(job->image->dtype);
    int outside_counts =
        !wide_type || memcmp(job->parameters->least, &background, 8) == 0;
    uint64_t background_key = descending_key(job->image->dtype, &background);
    for (ptrdiff_t line = 0; line < c->lines; line++) {
        const unsigned char *row = crop_line_at(job, c, line);
        for (ptrdiff_t w = 0; w < c->words_per_line; w++)
            for (uint64_t left = words_of(c, line)[w]; left != 0; left &= left - 1) {
                ptrdiff_t x = w * WORD_BITS + __builtin_ctzll(left);
                ptrdiff_t place = line * c->cols + x, cols = c->shape[last];
                const void *at = row + x * job->strides[last];
                if (c->is_flat) /* one line of all pixels */
                    at = crop_line_at(job, c, x / cols) + x % cols * job->strides[last];
                if (c->mask[place]
                        ? wide_type && !peak_holds_exactly(job, c->pixels == 1, at)
                        : !outside_counts)
                    continue;
                to[written].key = c->mask[place] ? descending_key(job->image->dtype, at)
                                                 : background_key;
                to[written++].place = place;
            }
    }
    return written;
}

/* From places in the crop to places in the image. */
static void place_in_image(const peak_job *job, const crop *c, point *points,
                           ptrdiff_t n)
{
    for (ptrdiff_t k = 0; k < n; k++) {
        int64_t index[AXES], place = 0;
        place_to_index(points[k].place, c->shape, job->ndim, index);
        for (int32_t axis = 0; axis < job->ndim; axis++)
            place = place * job->shape[axis] + c->origin[axis] + index[axis];
        points[k].place = place;
    }
}

/* The least value of the image's type, for pixels of other labels. */
static void least_value(int32_t dtype, void *value)
{
    static const uint64_t floats[] = {0xfbff, 0xff7fffff, UINT64_C(0xffefffffffffffff)};
    ptrdiff_t size = dtype_size(dtype);
    uint64_t bits = 0;
    if (dtype >= FEATURE_FLOAT16)
        bits = floats[dtype - FEATURE_FLOAT16];
    else if (dtype == FEATURE_INT8 || dtype == FEATURE_INT16 ||
             dtype == FEATURE_INT32 || dtype == FEATURE_INT64)
        bits = UINT64_C(1) << (8 * size - 1);
    memcpy(value, &bits, (size_t)size); /* little-endian, as all we build for */
}

static feature_status search_label(const peak_job *job, int thread, int64_t label,
                                   crop *c, point_list *list)
{
    uint64_t value = 0;
    peak_scratch s = peak_scratch_of(job, thread);
    least_value(job->image->dtype, &value);
    fill_crop(c, job, label, peak_number_at(job, &value));
    ptrdiff_t found;
    feature_status status = search_crop(job, c, &s, &found);
    if (status != FEATURE_OK || found == 0)
        return status;
    status = points_reserve(list, found);
    if (status != FEATURE_OK)
        return status;
    point *points = list->points + list->count;
    found = gather_crop(job, c, value, points);
    status = peak_choose(job, NULL, c->shape, points, &found,
                         job->parameters->most_per_label);
    place_in_image(job, c, points, found);
    list->count += found;
    return status;
}

/* ------------------------------------------------------------------------ */
/* Labels, shared by the threads                                            */
/* ------------------------------------------------------------------------ */

/* The peaks of a band of labels: a part of its thread's list. */
typedef struct label_band {
    feature_status status;
    int thread;
    ptrdiff_t first, count;
} label_band;

typedef struct label_job {
    const peak_job *peaks;
    const box_list *boxes;
    ptrdiff_t labels_a_band, bands;
    label_band *found;
    point_list *lists;    /* of each thread */
    unsigned char *crops; /* of each thread */
    size_t crop_size;
} label_job;

static int has_label(const label_job *job, ptrdiff_t k)
{
    return peak_box_of(job->boxes, job->peaks, k)[job->peaks->ndim] > 0;
}

static void label_band_search(void *context, ptrdiff_t band, int thread)
{
    const label_job *job = context;
    const peak_job *peaks = job->peaks;
    ptrdiff_t first = band * job->labels_a_band, end = first + job->labels_a_band;
    point_list *list = job->lists + thread;
    label_band *found = job->found + band;
    *found = (label_band){FEATURE_OK, thread, list->count, 0};
    for (ptrdiff_t k = first; k < end && k < job->boxes->count; k++) {
        crop c;
        arena a = {job->crops + (size_t)thread * job->crop_size, 0};
        if (!has_label(job, k) || found->status != FEATURE_OK)
            continue;
        size_crop(&c, peaks, peak_box_of(job->boxes, peaks, k));
        layout_crop(&c, peaks, &a);
        found->status = search_label(peaks, thread, k + 1, &c, list);
    }
    found->count = list->count - found->first;
}

/* Bytes of the largest crop. */
static size_t largest_crop(const label_job *job)
{
    size_t most = 0;
    for (ptrdiff_t k = 0; k < job->boxes->count; k++) {
        crop c;
        arena a = {NULL, 0};
        if (!has_label(job, k))
            continue;
        size_crop(&c, job->peaks, peak_box_of(job->boxes, job->peaks, k));
        layout_crop(&c, job->peaks, &a);
        most = a.used > most ? a.used : most;
    }
    return most;
}

static feature_status lease_labels(label_job *job, int threads)
{
    job->crop_size = largest_crop(job);
    if (job->crop_size == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    unsigned char *block = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        job->found = arena_take(&a, (size_t)job->bands, sizeof *job->found);
        job->lists = arena_take(&a, (size_t)threads, sizeof *job->lists);
        job->crops = arena_take(&a, (size_t)threads, job->crop_size);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    memset(job->lists, 0, (size_t)threads * sizeof *job->lists);
    return FEATURE_OK;
}

/* The bands' peaks, one band after the other. */
static feature_status join_lists(const label_job *job, point_list *list)
{
    ptrdiff_t total = 0;
    for (ptrdiff_t band = 0; band < job->bands; band++) {
        if (job->found[band].status != FEATURE_OK)
            return job->found[band].status;
        total += job->found[band].count;
    }
    feature_status status = points_reserve(list, total);
    for (ptrdiff_t band = 0; band < job->bands && status == FEATURE_OK; band++) {
        const label_band *found = job->found + band;
        if (found->count > 0)
            memcpy(list->points + list->count,
                   job->lists[found->thread].points + found->first,
                   (size_t)found->count * sizeof *list->points);
        list->count += found->count;
    }
    return status;
}

static feature_status search_boxes(const peak_job *peaks, const box_list *boxes,
                                   team *t, point_list *list)
{
    label_job job = {.peaks = peaks, .boxes = boxes};
    if (boxes->count == 0)
        return FEATURE_OK;
    job.labels_a_band = (boxes->count - 1) / LABEL_BANDS + 1;
    job.bands = (boxes->count - 1) / job.labels_a_band + 1;
    feature_status status = lease_labels(&job, t->threads);
    if (status != FEATURE_OK)
        return status;
    status = team_run(t, job.bands, label_band_search, &job);
    if (status == FEATURE_OK)
        status = join_lists(&job, list);
    for (int k = 0; k < t->threads; k++)
        memory_return(job.lists[k].points);
    memory_return(job.found);
    return status;
}

/* More peaks of all labels than are wanted: ordered and spaced once more. */
static feature_status choose_among_labels(const peak_job *job, team *t,
                                          point_list *list)
{
    ptrdiff_t n = 0;
    if (list->count <= job->parameters->most)
        return FEATURE_OK;
    point *spare = memory_lease((size_t)list->count * sizeof *spare);
    if (spare == NULL)
        return FEATURE_NO_MEMORY;
    for (ptrdiff_t k = 0; k < list->count; k++)
        list->points[k].key = (uint64_t)list->points[k].place;
    points_sort(list->points, spare, list->count);
    memory_return(spare);
    for (ptrdiff_t k = 0; k < list->count; k++) {
        int64_t place = list->points[k].place, index[AXES];
        if (n > 0 && list->points[n - 1].place == place)
            continue;
        place_to_index(place, job->shape, job->ndim, index);
        list->points[n].key = descending_key(
            job->image->dtype, peak_pixel_at(job, (const ptrdiff_t *)index));
        list->points[n++].place = place;
    }
    list->count = n;
    return peak_choose(job, t, job->shape, list->points, &list->count,
                       job->parameters->most);
}

feature_status peak_search_labels(peak_job *job, team *t, point_list *list)
{
    box_list boxes = {NULL, 0, 0};
    feature_status status = peak_find_boxes(job, t, &boxes);
    if (status == FEATURE_OK)
        status = search_boxes(job, &boxes, t, list);
    memory_return(boxes.bounds);
    return status == FEATURE_OK ? choose_among_labels(job, t, list) : status;
}
