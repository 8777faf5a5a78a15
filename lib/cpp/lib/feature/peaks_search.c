/* SPDX-License-Identifier: BSD-3-Clause */
/* Peaks of the whole image: the job of a call, its bands, and images with NaN. */
#include "peaks.h"

#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/maxima.h"

/* ------------------------------------------------------------------------ */
/* The job                                                                  */
/* ------------------------------------------------------------------------ */

feature_status peak_check_shapes(const feature_array *image,
                                 const feature_array *footprint,
                                 const feature_array *labels,
                                 const feature_peaks_parameters *p)
{
    if (image == NULL || p == NULL || image->ndim < 1 || image->ndim > AXES)
        return FEATURE_BAD_ARGUMENT;
    feature_status status = check_array(image, image->ndim);
    if (status == FEATURE_OK && labels != NULL)
        status = check_plane(
            labels, labels->dtype == FEATURE_INT32 ? FEATURE_INT32 : FEATURE_INT64,
            image);
    if (status == FEATURE_OK && footprint != NULL)
        status = check_array(footprint, image->ndim);
    if (status != FEATURE_OK)
        return status;
    if (image->dtype == FEATURE_BOOL ||
        (footprint != NULL && footprint->dtype != FEATURE_BOOL))
        return FEATURE_BAD_DTYPE;
    if (p->least == NULL && (labels != NULL || (image->dtype != FEATURE_FLOAT32 &&
                                                image->dtype != FEATURE_FLOAT64)))
        return FEATURE_BAD_ARGUMENT;
    if (p->sides == NULL || p->border == NULL || p->most < 0 || p->most_per_label < 0 ||
        !(p->distance >= 0) || !(p->p_norm >= 1) ||
        (p->corner_p_norm != 0 && (!(p->corner_p_norm >= 1) || p->corner_most < 0 ||
                                   !(p->corner_distance >= 0))))
        return FEATURE_BAD_ARGUMENT;
    for (int32_t axis = 0; axis < image->ndim; axis++)
        if (image->shape[axis] < 1 || p->sides[axis] < 1 || p->border[axis] < 0 ||
            (footprint != NULL && footprint->shape[axis] != p->sides[axis]))
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static int fits_float(int32_t dtype)
{
    return dtype == FEATURE_FLOAT32 || dtype == FEATURE_FLOAT16 ||
           dtype_size(dtype) <= 2;
}

/* One element as a double; the kernels' conversion, without a row. */
double peak_number_at(const peak_job *job, const void *at)
{
    double number;
    real_kernels_for(FEATURE_FLOAT64)
        ->raw_row(at, 0, 1, (feature_dtype)job->image->dtype, &number);
    return number;
}

/* A side that reaches beyond the image on both sides of every pixel can be cut. */
static ptrdiff_t cut_side(ptrdiff_t side, ptrdiff_t length, int box)
{
    ptrdiff_t most = 2 * length - (side & 1);
    return box && side > most ? most : side;
}

static void set_axes(peak_job *job, const feature_array *footprint)
{
    const feature_array *image = job->image;
    int32_t shift = image->ndim == 1;
    job->ndim = image->ndim + shift;
    job->shape[0] = job->sides[0] = 1;
    job->strides[0] = job->border[0] = job->label_strides[0] = 0;
    for (int32_t axis = 0; axis < image->ndim; axis++) {
        job->shape[axis + shift] = image->shape[axis];
        job->strides[axis + shift] = image->strides[axis];
        job->border[axis + shift] = job->parameters->border[axis];
        job->sides[axis + shift] = cut_side(job->parameters->sides[axis],
                                            image->shape[axis], footprint == NULL);
        if (job->labels != NULL)
            job->label_strides[axis + shift] = job->labels->strides[axis];
    }
}

static void set_lines(peak_job *job)
{
    ptrdiff_t last = job->shape[job->ndim - 1], item = dtype_size(job->image->dtype);
    int in_place = item == job->real_size && (job->image->dtype == FEATURE_FLOAT32 ||
                                              job->image->dtype == FEATURE_FLOAT64);
    job->direct = in_place && (last == 1 || job->strides[job->ndim - 1] == item);
    job->words_per_line = (last + WORD_BITS - 1) / WORD_BITS;
    job->lines_per_slab = 1;
    for (int32_t axis = 1; axis < job->ndim - 1; axis++)
        job->lines_per_slab *= job->shape[axis];
    job->lines = job->lines_per_slab * job->shape[0];
    job->band_slabs = BAND_PIXELS / (job->lines_per_slab * last) + 1;
    if (!job->direct && job->band_slabs < job->sides[0])
        job->band_slabs = job->sides[0];
    job->bands = (job->shape[0] + job->band_slabs - 1) / job->band_slabs;
}

/* In a plane with a box: no pixel of a block is beyond the window of another. */
static void set_block(peak_job *job, const feature_array *footprint)
{
    if (footprint != NULL || job->labels != NULL || job->ndim != 2)
        return;
    ptrdiff_t block[2];
    for (int32_t axis = 0; axis < 2; axis++) /* a window reaches less far ahead */
        block[axis] = peak_after(job, axis) + 1;
    if (block[0] >= BLOCK_FROM && block[1] >= BLOCK_FROM)
        memcpy(job->block, block, sizeof block);
}

peak_job peak_new_job(const feature_array *image, const feature_array *footprint,
                      const feature_array *labels,
                      const feature_peaks_parameters *parameters)
{
    peak_job job = {.image = image, .labels = labels, .parameters = parameters};
    int narrow = fits_float(image->dtype) && !parameters->has_nan;
    job.real = real_kernels_for(narrow ? FEATURE_FLOAT32 : FEATURE_FLOAT64);
    job.plain = plain_kernels_in_use();
    job.real_size = narrow ? 4 : 8;
    set_axes(&job, footprint);
    set_lines(&job);
    job.line.least = parameters->least == NULL
                         ? -(double)INFINITY
                         : peak_number_at(&job, parameters->least);
    job.line.before = peak_before(&job, job.ndim - 1);
    job.line.after = peak_after(&job, job.ndim - 1);
    job.symmetric = footprint == NULL;
    job.is_plain = 1;
    for (int32_t axis = 0; axis < job.ndim; axis++) {
        job.symmetric &= job.sides[axis] & 1;
        /* As given: a side may have been cut to 1. */
        job.is_plain &= axis >= image->ndim || parameters->sides[axis] == 1;
    }
    job.is_plain |= job.lines * job.shape[job.ndim - 1] == 1;
    job.by_ring = parameters->has_nan && footprint == NULL && !job.is_plain;
    set_block(&job, footprint);
    job.by_tall = footprint == NULL && labels == NULL && job.ndim == 2 &&
                  job.sides[0] >= TALL_FROM && 4 * job.band_slabs >= job.sides[0] &&
                  job.shape[1] >= WORD_BITS;
    return job;
}

static void layout_thread(peak_scratch *s, const peak_job *job, arena *a)
{
    ptrdiff_t last = job->shape[job->ndim - 1];
    size_t spare = (size_t)last + (size_t)job->sides[job->ndim - 1] + 2;
    size_t tall = job->by_tall ? (size_t)job->band_slabs : 0;
    s->lines = arena_take(a, (size_t)job->leads + 1 + tall, sizeof *s->lines);
    s->steps = arena_take(a, (size_t)job->leads, sizeof *s->steps);
    s->spare = arena_take(a, spare, (size_t)job->real_size);
    s->words = arena_take(a, (size_t)job->words_per_line, sizeof *s->words);
    size_t slabs = (size_t)(job->band_slabs + job->sides[0]);
    s->block =
        arena_take(a, job->direct || job->labels != NULL ? 0 : slabs,
                   (size_t)job->real_size * (size_t)job->lines_per_slab * (size_t)last);
    s->tall = arena_take(a, tall * (size_t)last, (size_t)job->real_size);
}

feature_status peak_lease_job(peak_job *job, const feature_array *footprint,
                              int threads)
{
    size_t leading = (size_t)job->ndim - 1, leads = 1;
    if (footprint != NULL) {
        peak_list_footprint(job, footprint, 0);
    } else {
        for (size_t axis = 0; axis < leading; axis++)
            if (__builtin_mul_overflow(leads, (size_t)job->sides[axis], &leads))
                return FEATURE_NO_MEMORY;
        job->leads = (ptrdiff_t)leads;
    }
    peak_scratch counting;
    arena one = {NULL, 0};
    layout_thread(&counting, job, &one);
    if (one.used == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    unsigned char *block = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        job->lead = arena_take(&a, (size_t)job->leads * leading, sizeof *job->lead);
        job->columns = arena_take(&a, footprint == NULL ? 0 : (size_t)job->leads,
                                  sizeof *job->columns);
        job->words = arena_take(
            &a,
            job->labels != NULL ? 0 : (size_t)job->lines * (size_t)job->words_per_line,
            sizeof *job->words);
        job->counts = arena_take(&a, (size_t)job->bands, sizeof *job->counts);
        job->starts = arena_take(&a, (size_t)job->bands, sizeof *job->starts);
        job->lows = arena_take(&a, (size_t)job->bands, sizeof *job->lows);
        job->memory.base = arena_take(&a, (size_t)threads, one.used);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    job->memory.each = one.used;
    if (footprint != NULL) {
        peak_list_footprint(job, footprint, 1);
    } else {
        job->columns = NULL;
        peak_list_leads(job);
    }
    return FEATURE_OK;
}

/* ------------------------------------------------------------------------ */
/* Bands                                                                    */
/* ------------------------------------------------------------------------ */

peak_scratch peak_scratch_of(const peak_job *job, int thread)
{
    peak_scratch s;
    arena a = arena_of(&job->memory, thread);
    layout_thread(&s, job, &a);
    return s;
}

/* Lines `first` to `end` of a region of the image as reals, side by side. */
void peak_convert_lines(const peak_job *job, const ptrdiff_t *shape,
                        const ptrdiff_t *origin, ptrdiff_t first, ptrdiff_t end,
                        unsigned char *out)
{
    int32_t last = job->ndim - 1;
    for (ptrdiff_t line = first; line < end; line++) {
        ptrdiff_t index[AXES];
        const unsigned char *at = job->image->data;
        peak_line_index(job, shape, line, index);
        for (int32_t axis = 0; axis < last; axis++)
            at += (origin[axis] + index[axis]) * job->strides[axis];
        job->real->raw_row(at + origin[last] * job->strides[last], job->strides[last],
                           shape[last], (feature_dtype)job->image->dtype,
                           out + (line - first) * shape[last] * job->real_size);
    }
}

/* The strides of lines that stand side by side. */
void peak_dense_strides(const peak_job *job, region *r)
{
    ptrdiff_t stride = job->real_size;
    for (int32_t axis = job->ndim - 1; axis >= 0; axis--) {
        r->strides[axis] = stride;
        stride *= r->shape[axis];
    }
}

static region region_of(const peak_job *job, const peak_scratch *s, ptrdiff_t first,
                        ptrdiff_t end)
{
    region r = {.data = job->image->data, .shape = job->shape};
    memcpy(r.strides, job->strides, sizeof r.strides);
    if (job->by_tall) {
        r.tall_first = first;
        r.tall_end = end;
    }
    if (job->direct)
        return r;
    static const ptrdiff_t origin[AXES];
    ptrdiff_t low = first - peak_before(job, 0), high = end + peak_after(job, 0);
    low = low < 0 ? 0 : low;
    high = high > job->shape[0] ? job->shape[0] : high;
    peak_convert_lines(job, job->shape, origin, low * job->lines_per_slab,
                       high * job->lines_per_slab, s->block);
    r.data = s->block;
    r.first = low;
    peak_dense_strides(job, &r);
    return r;
}

int peak_in_border(const peak_job *job, const ptrdiff_t *index)
{
    for (int32_t axis = 0; axis < job->ndim - 1; axis++)
        if (job->border[axis] > 0 &&
            (index[axis] < job->border[axis] ||
             index[axis] >= job->shape[axis] - job->border[axis]))
            return 1;
    return 0;
}

int peak_is_wide(int32_t dtype)
{
    return dtype == FEATURE_UINT64 || dtype == FEATURE_INT64;
}

/* 64-bit integers are compared as doubles, as in the reference; there a pixel must also
 * be equal to what it was rounded to. */
static int is_exact(const peak_job *job, const void *at)
{
    int64_t v;
    if (!peak_is_wide(job->image->dtype))
        return 1;
    memcpy(&v, at, sizeof v);
    if (job->image->dtype == FEATURE_INT64)
        return (double)v < 0x1p63 && (int64_t)(double)v == v;
    return (double)(uint64_t)v < 0x1p64 && (uint64_t)(double)(uint64_t)v == (uint64_t)v;
}

/* And the threshold is an integer; `alone` is looked at without a window. */
int peak_holds_exactly(const peak_job *job, int alone, const void *at)
{
    int64_t v, least;
    memcpy(&v, at, sizeof v);
    memcpy(&least, job->parameters->least, sizeof least);
    int reached = job->image->dtype == FEATURE_INT64 ? v >= least
                                                     : (uint64_t)v >= (uint64_t)least;
    return reached && (alone || job->is_plain || is_exact(job, at));
}

const unsigned char *peak_pixel_at(const peak_job *job, const ptrdiff_t *index)
{
    const unsigned char *at = job->image->data;
    for (int32_t axis = 0; axis < job->ndim; axis++)
        at += index[axis] * job->strides[axis];
    return at;
}

static ptrdiff_t drop_inexact(const peak_job *job, ptrdiff_t *index, uint64_t *words)
{
    for (ptrdiff_t w = 0; w < job->words_per_line; w++)
        for (uint64_t left = words[w]; left != 0; left &= left - 1) {
            index[job->ndim - 1] = w * WORD_BITS + __builtin_ctzll(left);
            if (!peak_holds_exactly(job, 0, peak_pixel_at(job, index)))
                words[w] &= ~(left & -left);
        }
    return peak_count_bits(words, job->words_per_line);
}

/* The smallest number of a band. */
void peak_least_band(void *context, ptrdiff_t band, int thread)
{
    const peak_job *job = context;
    peak_scratch s = peak_scratch_of(job, thread);
    static const ptrdiff_t origin[AXES];
    ptrdiff_t first = band * job->band_slabs, end = first + job->band_slabs;
    double least = INFINITY;
    int32_t has_nan = 0;
    end = (end < job->shape[0] ? end : job->shape[0]) * job->lines_per_slab;
    ptrdiff_t last = job->ndim - 1, lines = 1;
    int dense = job->direct && is_contiguous(job->image);
    for (ptrdiff_t line = first * job->lines_per_slab; line < end; line += lines) {
        ptrdiff_t index[AXES];
        const unsigned char *row = s.block;
        peak_line_index(job, job->shape, line, index);
        index[last] = 0;
        if (job->direct)
            row = peak_pixel_at(job, index);
        else
            peak_convert_lines(job, job->shape, origin, line, line + 1, s.block);
        lines = dense ? end - line : 1;
        job->real->least_of_row(row, lines * job->shape[last], &least, &has_nan);
    }
    job->lows[band] = has_nan ? (double)NAN : least;
}

void peak_search_band(void *context, ptrdiff_t band, int thread)
{
    const peak_job *job = context;
    peak_scratch s = peak_scratch_of(job, thread);
    ptrdiff_t first = band * job->band_slabs, end = first + job->band_slabs, found = 0;
    end = end < job->shape[0] ? end : job->shape[0];
    region r = region_of(job, &s, first, end);
    int screened = job->block[0] > 0;
    question q = {job->line, NULL,          job->border[job->ndim - 1],
                  1,         job->is_plain, screened};
    if (screened)
        peak_screen_blocks(job, &r, first, end, &s);
    for (ptrdiff_t line = first * job->lines_per_slab; line < end * job->lines_per_slab;
         line++) {
        ptrdiff_t index[AXES];
        uint64_t *words = job->words + line * job->words_per_line;
        peak_line_index(job, job->shape, line, index);
        if (peak_in_border(job, index)) {
            memset(words, 0, (size_t)job->words_per_line * sizeof *words);
            continue;
        }
        ptrdiff_t more = peak_ask_line(job, &r, index, &q, &s, words);
        found += more > 0 && peak_is_wide(job->image->dtype)
                     ? drop_inexact(job, index, words)
                     : more;
    }
    job->counts[band] = found;
}

/* Are all pixels of a line, or those of a mask, exact? */
int peak_line_is_exact(const peak_job *job, ptrdiff_t *index, ptrdiff_t n,
                       const uint8_t *mask)
{
    int32_t last = job->ndim - 1;
    ptrdiff_t first = mask == NULL ? 0 : index[last];
    for (ptrdiff_t x = 0; x < n && peak_is_wide(job->image->dtype); x++) {
        index[last] = first + x;
        if ((mask == NULL || mask[x]) && !is_exact(job, peak_pixel_at(job, index)))
            return 0;
    }
    return 1;
}

/* Does every pixel pass? Then there is no peak. In a box of odd sides all pass exactly
 * where all equal their nearest neighbours. */
int peak_is_trivial(const peak_job *job)
{
    peak_scratch s = peak_scratch_of(job, 0);
    question q = {job->line, NULL, 0, !job->symmetric, 0, 0};
    q.line.least = -INFINITY;
    ptrdiff_t last = job->shape[job->ndim - 1];
    for (ptrdiff_t band = 0; band < job->bands; band++) {
        ptrdiff_t first = band * job->band_slabs, end = first + job->band_slabs;
        end = end < job->shape[0] ? end : job->shape[0];
        region r = region_of(job, &s, first, end);
        for (ptrdiff_t line = first * job->lines_per_slab;
             line < end * job->lines_per_slab; line++) {
            ptrdiff_t index[AXES];
            peak_line_index(job, job->shape, line, index);
            if (peak_ask_line(job, &r, index, &q, &s, s.words) < last ||
                !peak_line_is_exact(job, index, last, NULL))
                return 0;
        }
    }
    return 1;
}

void peak_gather_band(void *context, ptrdiff_t band, int thread)
{
    const peak_job *job = context;
    ptrdiff_t first = band * job->band_slabs, end = first + job->band_slabs;
    end = end < job->shape[0] ? end : job->shape[0];
    point *to = job->points + job->starts[band];
    (void)thread;
    for (ptrdiff_t line = first * job->lines_per_slab; line < end * job->lines_per_slab;
         line++) {
        const uint64_t *words = job->words + line * job->words_per_line;
        ptrdiff_t index[AXES], last = job->ndim - 1;
        peak_line_index(job, job->shape, line, index);
        index[last] = 0;
        const unsigned char *row = peak_pixel_at(job, index);
        for (ptrdiff_t w = 0; w < job->words_per_line; w++)
            for (uint64_t left = words[w]; left != 0; left &= left - 1) {
                ptrdiff_t x = w * WORD_BITS + __builtin_ctzll(left);
                to->key =
                    descending_key(job->image->dtype, row + x * job->strides[last]);
                to->place = line * job->shape[last] + x;
                to++;
            }
    }
}

/* ------------------------------------------------------------------------ */
/* Images with NaN                                                          */
/* ------------------------------------------------------------------------ */

/* Bits of all lines of an array of doubles that stand side by side. */
feature_status peak_ring_bits(const peak_job *job, const double *values,
                              const ptrdiff_t *shape, double least, uint64_t *words,
                              team *t)
{
    size_t pixels = 1;
    ptrdiff_t n = shape[job->ndim - 1];
    for (int32_t axis = 0; axis < job->ndim; axis++)
        pixels *= (size_t)shape[axis];
    double *most = memory_lease(pixels * sizeof *values);
    if (most == NULL)
        return FEATURE_NO_MEMORY;
    memcpy(most, values, pixels * sizeof *values);
    feature_status status = window_maxima(most, shape, job->ndim, job->sides, t);
    ptrdiff_t lines = (ptrdiff_t)pixels / n;
    for (ptrdiff_t line = 0; line < lines && status == FEATURE_OK; line++)
        job->plain->equal_bits(values + line * n, most + line * n, n, least,
                               words + line * ((n + WORD_BITS - 1) / WORD_BITS));
    memory_return(most);
    return status;
}

/* Instead of peak_search_band, for the whole image. */
feature_status peak_search_by_ring(const peak_job *job, team *t)
{
    static const ptrdiff_t origin[AXES];
    ptrdiff_t n = job->shape[job->ndim - 1];
    size_t size;
    if (__builtin_mul_overflow((size_t)(job->lines * n), sizeof(double), &size))
        return FEATURE_NO_MEMORY;
    double *values = memory_lease(size);
    if (values == NULL)
        return FEATURE_NO_MEMORY;
    peak_convert_lines(job, job->shape, origin, 0, job->lines, (unsigned char *)values);
    feature_status status =
        peak_ring_bits(job, values, job->shape, job->line.least, job->words, t);
    memory_return(values);
    memset(job->counts, 0, (size_t)job->bands * sizeof *job->counts);
    for (ptrdiff_t line = 0; line < job->lines && status == FEATURE_OK; line++) {
        uint64_t *words = job->words + line * job->words_per_line;
        ptrdiff_t index[AXES];
        peak_line_index(job, job->shape, line, index);
        peak_clear_ends(words, n,
                        peak_in_border(job, index) ? n : job->border[job->ndim - 1]);
        job->counts[index[0] / job->band_slabs] +=
            peak_count_bits(words, job->words_per_line);
    }
    return status;
}
