/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peaks: local maxima of an array of any number of dimensions.
 *
 * What it computes:
 *
 *   1. Candidates: pixels that reach the threshold and that no pixel of the window
 *      around them exceeds; beyond the border the nearest pixel. Equal neighbours are
 *      all candidates. Where every pixel of the image passes (it is constant, say)
 *      none does. Those too near the border are left out.
 *   2. Order: the largest first, equal ones row after row. The values are compared as
 *      NumPy's -x orders them in the array's own type, so that 0 of an unsigned type
 *      and the least of a signed one come first.
 *   3. Spacing (core/points.h): in that order, each candidate stays unless one that
 *      stayed is nearer than the distance, in Minkowski's norm.
 *
 * Corners (`corner_p_norm`) go through a second pass of spacing, in which exactly the
 * distance is too near; of equal neighbours one stays.
 *
 * With labels, 1 to 3 are done for each label alone, on the smallest box that holds it,
 * in which all other pixels count as the least value of the type. Where every pixel of
 * the label passes, those stay that no cross of 2 ndim + 1 pixels inside the label
 * covers. The result is grouped by label, unless it exceeds `most`: then all are
 * ordered and spaced again.
 *
 * How it runs. No image of maxima is made. A line (the last axis) is first compared
 * with its nearest neighbours; the windows of the few pixels that pass are looked at
 * one by one, or, where many pass, the maximum of the window is taken for the whole
 * line. The answer is one bit a pixel, an eighth to a sixty-fourth of the image. Bands
 * of axis 0 are units of work. float32 and float64 are read in place; lines of other
 * types, or strided ones, are converted a band at a time. Working memory: the bits, 32
 * bytes a candidate, a band with the rows around it.
 *
 * Cost: the image is read once, about 12 vector operations each; then each candidate.
 */
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/points.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define AXES POINT_AXES
#define BAND_PIXELS 32768
#define NANOSECONDS_PER_PIXEL 0.5
#define WORD 64
/* With one pixel of so many passing the screen, the whole line is done at once. */
#define DENSE_FROM 24

/* One call. One-dimensional images are taken as one row. */
typedef struct peak_job {
    const feature_array *image, *labels;
    const feature_peaks_parameters *parameters;
    const real_kernels *real;
    const plain_kernels *plain;
    ptrdiff_t shape[AXES], strides[AXES], sides[AXES], border[AXES];
    ptrdiff_t label_strides[AXES];
    int32_t ndim;
    ptrdiff_t real_size;
    int direct;    /* lines are read where they are */
    int is_plain;  /* the window is one pixel */
    int symmetric; /* a box of odd sides */
    int by_ring;   /* a box, and NaN in the image */
    peak_line line;
    ptrdiff_t leads, screens; /* lines of the window; the first are next to the middle */
    ptrdiff_t *lead;          /* their offsets along the leading axes */
    ptrdiff_t *columns;       /* of a footprint: offsets along the line */
    ptrdiff_t words_per_line, lines, lines_per_slab;
    ptrdiff_t band_slabs, bands;
    uint64_t *words;
    ptrdiff_t *counts, *starts; /* candidates of the bands */
    point *points;
    unsigned char *scratch;
    size_t scratch_size;
} peak_job;

/* What a line is looked for in: the image, a band of it, or the box of a label. */
typedef struct region {
    const unsigned char *data;
    const ptrdiff_t *shape;
    ptrdiff_t strides[AXES];
    ptrdiff_t first; /* the index along axis 0 that `data` stands at */
} region;

/* One thread's buffers. */
typedef struct peak_scratch {
    const void **lines;
    void *spare;
    uint64_t *words;
    unsigned char *block; /* slabs as reals */
} peak_scratch;

/* ------------------------------------------------------------------------ */
/* Lines                                                                    */
/* ------------------------------------------------------------------------ */

static ptrdiff_t before(const peak_job *job, int32_t axis)
{
    return job->sides[axis] / 2;
}

static ptrdiff_t after(const peak_job *job, int32_t axis)
{
    return job->sides[axis] - job->sides[axis] / 2 - 1;
}

static const unsigned char *line_at(const region *r, int32_t ndim, const ptrdiff_t *index)
{
    const unsigned char *at = r->data + (index[0] - r->first) * r->strides[0];
    for (int32_t axis = 1; axis < ndim - 1; axis++)
        at += index[axis] * r->strides[axis];
    return at;
}

/* The lines of the window around one that lie in the region. */
static ptrdiff_t window_lines(const peak_job *job, const region *r,
                              const ptrdiff_t *index, ptrdiff_t most, const void **lines)
{
    int32_t leading = job->ndim - 1;
    const unsigned char *middle = line_at(r, job->ndim, index);
    ptrdiff_t count = 0;
    int whole = 1;
    for (int32_t axis = 0; axis < leading; axis++)
        whole &= index[axis] >= before(job, axis) &&
                 index[axis] + after(job, axis) < r->shape[axis];
    for (ptrdiff_t k = 0; k < most; k++) {
        const ptrdiff_t *lead = job->lead + k * leading;
        ptrdiff_t step = lead[0] * r->strides[0];
        int inside = whole || (index[0] + lead[0] >= 0 && index[0] + lead[0] < r->shape[0]);
        for (int32_t axis = 1; axis < leading; axis++) {
            ptrdiff_t at = index[axis] + lead[axis];
            step += lead[axis] * r->strides[axis];
            inside &= whole || (at >= 0 && at < r->shape[axis]);
        }
        lines[count] = middle + (inside ? step : 0);
        count += inside;
    }
    return count;
}

/* The line of each pixel of a footprint, beyond the border the nearest. */
static void footprint_lines(const peak_job *job, const region *r, const ptrdiff_t *index,
                            const void **lines)
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

static ptrdiff_t count_bits(const uint64_t *words, ptrdiff_t n)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t k = 0; k < n; k++)
        count += __builtin_popcountll(words[k]);
    return count;
}

static void clear_bits(uint64_t *words, ptrdiff_t first, ptrdiff_t end)
{
    while (first < end) {
        ptrdiff_t bit = first % WORD, count = WORD - bit < end - first ? WORD - bit
                                                                       : end - first;
        words[first / WORD] &= ~(UINT64_MAX >> (WORD - count) << bit);
        first += count;
    }
}

static void clear_ends(uint64_t *words, ptrdiff_t n, ptrdiff_t width)
{
    width = width < n ? width : n;
    clear_bits(words, 0, width);
    clear_bits(words, n - width, n);
}

typedef struct question {
    peak_line line;
    const uint64_t *only; /* no other pixels are asked about; or NULL */
    ptrdiff_t border;     /* nor these at both ends */
    int whole;            /* the whole window, or the nearest neighbours only */
    int alone;            /* not even those: the threshold only */
} question;

/* The bits of one line; their number. */
static ptrdiff_t ask_line(const peak_job *job, const region *r, const ptrdiff_t *index,
                          const question *q, const peak_scratch *s, uint64_t *words)
{
    ptrdiff_t n = r->shape[job->ndim - 1], word_count = (n + WORD - 1) / WORD;
    if (job->columns != NULL && !q->alone) {
        footprint_lines(job, r, index, s->lines);
        job->real->peak_general(line_at(r, job->ndim, index), s->lines, job->columns,
                                job->leads, n, &q->line, s->spare, words);
    } else if (q->alone) {
        peak_line line = {q->line.least, 0, 0};
        s->lines[0] = line_at(r, job->ndim, index);
        job->real->peak_screen(s->lines, 1, n, &line, s->spare, words);
    } else {
        ptrdiff_t count = window_lines(job, r, index, job->screens, s->lines);
        job->real->peak_screen(s->lines, count, n, &q->line, s->spare, words);
    }
    for (ptrdiff_t k = 0; q->only != NULL && k < word_count; k++)
        words[k] &= q->only[k];
    clear_ends(words, n, q->border);
    ptrdiff_t found = count_bits(words, word_count);
    if (found == 0 || q->alone || !q->whole || job->columns != NULL)
        return found;
    ptrdiff_t count = window_lines(job, r, index, job->leads, s->lines);
    if (found > n / DENSE_FROM + 4)
        job->real->peak_dense(s->lines, count, n, &q->line, s->spare, words);
    else
        job->real->peak_confirm(s->lines, count, n, &q->line, words);
    return count_bits(words, word_count);
}

/* The leading indices of line number `line`. */
static void line_index(const peak_job *job, const ptrdiff_t *shape, ptrdiff_t line,
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
static void list_leads(peak_job *job)
{
    int32_t leading = job->ndim - 1;
    ptrdiff_t most = 0, written = 0;
    for (int32_t axis = 0; axis < leading; axis++)
        most = before(job, axis) > most ? before(job, axis) : most;
    for (ptrdiff_t ring = 0; ring <= most; ring++) {
        ptrdiff_t at[AXES];
        for (int32_t axis = 0; axis < leading; axis++)
            at[axis] = -before(job, axis);
        for (ptrdiff_t k = 0; k < job->leads; k++) {
            ptrdiff_t far = 0;
            for (int32_t axis = 0; axis < leading; axis++) {
                ptrdiff_t d = at[axis] < 0 ? -at[axis] : at[axis];
                far = d > far ? d : far;
            }
            if (far == ring)
                memcpy(job->lead + leading * written++, at, (size_t)leading * sizeof *at);
            for (int32_t axis = leading - 1; axis >= 0; axis--) {
                if (++at[axis] <= after(job, axis))
                    break;
                at[axis] = -before(job, axis);
            }
        }
        if (ring <= 1)
            job->screens = written;
    }
}

/* The pixels of a footprint, row after row as the reference takes them. */
static void list_footprint(peak_job *job, const feature_array *footprint, int fill)
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
                job->lead[job->leads * leading + axis] = at[axis] - before(job, axis);
            job->columns[job->leads] = at[leading] - before(job, leading);
        }
        job->leads += *p != 0;
        for (int32_t axis = leading; axis >= 0; axis--) {
            if (++at[axis] < job->sides[axis])
                break;
            at[axis] = 0;
        }
    }
}

/* ------------------------------------------------------------------------ */
/* The job                                                                  */
/* ------------------------------------------------------------------------ */

static feature_status check_shapes(const feature_array *image,
                                   const feature_array *footprint,
                                   const feature_array *labels,
                                   const feature_peaks_parameters *p)
{
    if (image == NULL || p == NULL || image->ndim < 1 || image->ndim > AXES)
        return FEATURE_BAD_ARGUMENT;
    feature_status status = check_array(image, image->ndim);
    if (status == FEATURE_OK && labels != NULL)
        status = check_plane(labels, FEATURE_INT64, image);
    if (status == FEATURE_OK && footprint != NULL)
        status = check_array(footprint, image->ndim);
    if (status != FEATURE_OK)
        return status;
    if (image->dtype == FEATURE_BOOL ||
        (footprint != NULL && footprint->dtype != FEATURE_BOOL))
        return FEATURE_BAD_DTYPE;
    if (p->least == NULL || p->sides == NULL || p->border == NULL || p->most < 0 ||
        p->most_per_label < 0 || !(p->distance >= 0) || !(p->p_norm >= 1) ||
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
    return dtype == FEATURE_FLOAT32 || dtype == FEATURE_FLOAT16 || dtype_size(dtype) <= 2;
}

/* One element as a double; the kernels' conversion, without a row. */
static double number_at(const peak_job *job, const void *at)
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
    job->words_per_line = (last + WORD - 1) / WORD;
    job->lines_per_slab = 1;
    for (int32_t axis = 1; axis < job->ndim - 1; axis++)
        job->lines_per_slab *= job->shape[axis];
    job->lines = job->lines_per_slab * job->shape[0];
    job->band_slabs = BAND_PIXELS / (job->lines_per_slab * last) + 1;
    if (!job->direct && job->band_slabs < job->sides[0])
        job->band_slabs = job->sides[0];
    job->bands = (job->shape[0] + job->band_slabs - 1) / job->band_slabs;
}

static peak_job new_job(const feature_array *image, const feature_array *footprint,
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
    job.line.least = number_at(&job, parameters->least);
    job.line.before = before(&job, job.ndim - 1);
    job.line.after = after(&job, job.ndim - 1);
    job.symmetric = footprint == NULL;
    job.is_plain = 1;
    for (int32_t axis = 0; axis < job.ndim; axis++) {
        job.symmetric &= job.sides[axis] & 1;
        /* As given: a side may have been cut to 1. */
        job.is_plain &= axis >= image->ndim || parameters->sides[axis] == 1;
    }
    job.is_plain |= job.lines * job.shape[job.ndim - 1] == 1;
    job.by_ring = parameters->has_nan && footprint == NULL && !job.is_plain;
    return job;
}

static void layout_thread(peak_scratch *s, const peak_job *job, arena *a)
{
    ptrdiff_t last = job->shape[job->ndim - 1];
    size_t spare = (size_t)last + (size_t)job->sides[job->ndim - 1] + 2;
    s->lines = arena_take(a, (size_t)job->leads + 1, sizeof *s->lines);
    s->spare = arena_take(a, spare, (size_t)job->real_size);
    s->words = arena_take(a, (size_t)job->words_per_line, sizeof *s->words);
    size_t slabs = (size_t)(job->band_slabs + job->sides[0]);
    s->block = arena_take(a, job->direct || job->labels != NULL ? 0 : slabs,
                          (size_t)job->real_size * (size_t)job->lines_per_slab *
                              (size_t)last);
}

static feature_status lease_job(peak_job *job, const feature_array *footprint,
                                int threads)
{
    size_t leading = (size_t)job->ndim - 1, leads = 1;
    if (footprint != NULL) {
        list_footprint(job, footprint, 0);
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
            &a, job->labels != NULL ? 0 : (size_t)job->lines * (size_t)job->words_per_line,
            sizeof *job->words);
        job->counts = arena_take(&a, (size_t)job->bands, sizeof *job->counts);
        job->starts = arena_take(&a, (size_t)job->bands, sizeof *job->starts);
        job->scratch = arena_take(&a, (size_t)threads, one.used);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    job->scratch_size = one.used;
    if (footprint != NULL) {
        list_footprint(job, footprint, 1);
    } else {
        job->columns = NULL;
        list_leads(job);
    }
    return FEATURE_OK;
}

/* ------------------------------------------------------------------------ */
/* Bands                                                                    */
/* ------------------------------------------------------------------------ */

static peak_scratch scratch_of(const peak_job *job, int thread)
{
    peak_scratch s;
    arena a = {job->scratch + (size_t)thread * job->scratch_size, 0};
    layout_thread(&s, job, &a);
    return s;
}

/* Lines `first` to `end` of a region of the image as reals, side by side. */
static void convert_lines(const peak_job *job, const ptrdiff_t *shape,
                          const ptrdiff_t *origin, ptrdiff_t first, ptrdiff_t end,
                          unsigned char *out)
{
    int32_t last = job->ndim - 1;
    for (ptrdiff_t line = first; line < end; line++) {
        ptrdiff_t index[AXES];
        const unsigned char *at = job->image->data;
        line_index(job, shape, line, index);
        for (int32_t axis = 0; axis < last; axis++)
            at += (origin[axis] + index[axis]) * job->strides[axis];
        job->real->raw_row(at + origin[last] * job->strides[last], job->strides[last],
                           shape[last], (feature_dtype)job->image->dtype,
                           out + (line - first) * shape[last] * job->real_size);
    }
}

/* The strides of lines that stand side by side. */
static void dense_strides(const peak_job *job, region *r)
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
    region r = {job->image->data, job->shape, {0}, 0};
    memcpy(r.strides, job->strides, sizeof r.strides);
    if (job->direct)
        return r;
    static const ptrdiff_t origin[AXES];
    ptrdiff_t low = first - before(job, 0), high = end + after(job, 0);
    low = low < 0 ? 0 : low;
    high = high > job->shape[0] ? job->shape[0] : high;
    convert_lines(job, job->shape, origin, low * job->lines_per_slab,
                  high * job->lines_per_slab, s->block);
    r.data = s->block;
    r.first = low;
    dense_strides(job, &r);
    return r;
}

static int in_border(const peak_job *job, const ptrdiff_t *index)
{
    for (int32_t axis = 0; axis < job->ndim - 1; axis++)
        if (job->border[axis] > 0 &&
            (index[axis] < job->border[axis] ||
             index[axis] >= job->shape[axis] - job->border[axis]))
            return 1;
    return 0;
}

static int is_wide(int32_t dtype)
{
    return dtype == FEATURE_UINT64 || dtype == FEATURE_INT64;
}

/* 64-bit integers are compared as doubles, as in the reference; there a pixel must also
 * be equal to what it was rounded to. */
static int is_exact(const peak_job *job, const void *at)
{
    int64_t v;
    if (!is_wide(job->image->dtype))
        return 1;
    memcpy(&v, at, sizeof v);
    if (job->image->dtype == FEATURE_INT64)
        return (double)v < 0x1p63 && (int64_t)(double)v == v;
    return (double)(uint64_t)v < 0x1p64 && (uint64_t)(double)(uint64_t)v == (uint64_t)v;
}

/* And the threshold is an integer; `alone` is looked at without a window. */
static int holds_exactly(const peak_job *job, int alone, const void *at)
{
    int64_t v, least;
    memcpy(&v, at, sizeof v);
    memcpy(&least, job->parameters->least, sizeof least);
    int reached = job->image->dtype == FEATURE_INT64 ? v >= least
                                                     : (uint64_t)v >= (uint64_t)least;
    return reached && (alone || job->is_plain || is_exact(job, at));
}

static const unsigned char *pixel_at(const peak_job *job, const ptrdiff_t *index)
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
            index[job->ndim - 1] = w * WORD + __builtin_ctzll(left);
            if (!holds_exactly(job, 0, pixel_at(job, index)))
                words[w] &= ~(left & -left);
        }
    return count_bits(words, job->words_per_line);
}

static void search_band(void *context, ptrdiff_t band, int thread)
{
    const peak_job *job = context;
    peak_scratch s = scratch_of(job, thread);
    ptrdiff_t first = band * job->band_slabs, end = first + job->band_slabs, found = 0;
    end = end < job->shape[0] ? end : job->shape[0];
    region r = region_of(job, &s, first, end);
    question q = {job->line, NULL, job->border[job->ndim - 1], 1, job->is_plain};
    for (ptrdiff_t line = first * job->lines_per_slab; line < end * job->lines_per_slab;
         line++) {
        ptrdiff_t index[AXES];
        uint64_t *words = job->words + line * job->words_per_line;
        line_index(job, job->shape, line, index);
        if (in_border(job, index)) {
            memset(words, 0, (size_t)job->words_per_line * sizeof *words);
            continue;
        }
        ptrdiff_t more = ask_line(job, &r, index, &q, &s, words);
        found += more > 0 && is_wide(job->image->dtype) ? drop_inexact(job, index, words)
                                                        : more;
    }
    job->counts[band] = found;
}

/* Are all pixels of a line, or those of a mask, exact? */
static int line_is_exact(const peak_job *job, ptrdiff_t *index, ptrdiff_t n,
                         const uint8_t *mask)
{
    int32_t last = job->ndim - 1;
    ptrdiff_t first = mask == NULL ? 0 : index[last];
    for (ptrdiff_t x = 0; x < n && is_wide(job->image->dtype); x++) {
        index[last] = first + x;
        if ((mask == NULL || mask[x]) && !is_exact(job, pixel_at(job, index)))
            return 0;
    }
    return 1;
}

/* Does every pixel pass? Then there is no peak. In a box of odd sides all pass exactly
 * where all equal their nearest neighbours. */
static int is_trivial(const peak_job *job)
{
    peak_scratch s = scratch_of(job, 0);
    question q = {job->line, NULL, 0, !job->symmetric, 0};
    q.line.least = -INFINITY;
    ptrdiff_t last = job->shape[job->ndim - 1];
    for (ptrdiff_t band = 0; band < job->bands; band++) {
        ptrdiff_t first = band * job->band_slabs, end = first + job->band_slabs;
        end = end < job->shape[0] ? end : job->shape[0];
        region r = region_of(job, &s, first, end);
        for (ptrdiff_t line = first * job->lines_per_slab;
             line < end * job->lines_per_slab; line++) {
            ptrdiff_t index[AXES];
            line_index(job, job->shape, line, index);
            if (ask_line(job, &r, index, &q, &s, s.words) < last ||
                !line_is_exact(job, index, last, NULL))
                return 0;
        }
    }
    return 1;
}

static void gather_band(void *context, ptrdiff_t band, int thread)
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
        line_index(job, job->shape, line, index);
        index[last] = 0;
        const unsigned char *row = pixel_at(job, index);
        for (ptrdiff_t w = 0; w < job->words_per_line; w++)
            for (uint64_t left = words[w]; left != 0; left &= left - 1) {
                ptrdiff_t x = w * WORD + __builtin_ctzll(left);
                to->key = descending_key(job->image->dtype, row + x * job->strides[last]);
                to->place = line * job->shape[last] + x;
                to++;
            }
    }
}

/* ------------------------------------------------------------------------ */
/* Images with NaN                                                          */
/* ------------------------------------------------------------------------ */

typedef struct ring_buffers {
    double *most, *line, *values, *out;
    ptrdiff_t *deaths;
} ring_buffers;

static ptrdiff_t side_at_most(const peak_job *job, const ptrdiff_t *shape)
{
    ptrdiff_t most = 0;
    for (int32_t axis = 0; axis < job->ndim; axis++)
        most = job->sides[axis] + shape[axis] > most ? job->sides[axis] + shape[axis] : most;
    return most;
}

static void layout_ring(ring_buffers *b, const peak_job *job, const ptrdiff_t *shape,
                        ptrdiff_t pixels, arena *a)
{
    size_t longest = (size_t)side_at_most(job, shape);
    b->most = arena_take(a, (size_t)pixels, sizeof *b->most);
    b->line = arena_take(a, longest, sizeof *b->line);
    b->values = arena_take(a, longest, sizeof *b->values);
    b->out = arena_take(a, longest, sizeof *b->out);
    b->deaths = arena_take(a, longest, sizeof *b->deaths);
}

/* Replaces values by the maxima of their windows along one axis, the nearest value
 * beyond the ends. */
static void ring_along(const peak_job *job, const ring_buffers *b, int32_t axis,
                       const ptrdiff_t *shape, ptrdiff_t pixels)
{
    ptrdiff_t step = 1, n = shape[axis], side = job->sides[axis];
    for (int32_t k = axis + 1; k < job->ndim; k++)
        step *= shape[k];
    for (ptrdiff_t line = 0; line < pixels / n; line++) {
        double *first = b->most + line / step * step * n + line % step;
        for (ptrdiff_t k = 0; k < n + side - 1; k++) {
            ptrdiff_t from = k - before(job, axis);
            b->line[k] = first[(from < 0 ? 0 : from >= n ? n - 1 : from) * step];
        }
        job->plain->ring_maximum(b->line, n, side, b->values, b->deaths, b->out);
        for (ptrdiff_t k = 0; k < n; k++)
            first[k * step] = b->out[k];
    }
}

/* Bits of all lines of an array of doubles that stand side by side. */
static feature_status ring_bits(const peak_job *job, const double *values,
                                const ptrdiff_t *shape, double least, uint64_t *words)
{
    ptrdiff_t pixels = 1, n = shape[job->ndim - 1];
    ring_buffers b;
    arena counting = {NULL, 0};
    for (int32_t axis = 0; axis < job->ndim; axis++)
        pixels *= shape[axis];
    layout_ring(&b, job, shape, pixels, &counting);
    void *block = counting.used == SIZE_MAX ? NULL : memory_lease(counting.used);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    arena a = {block, 0};
    layout_ring(&b, job, shape, pixels, &a);
    memcpy(b.most, values, (size_t)pixels * sizeof *values);
    for (int32_t axis = 0; axis < job->ndim; axis++)
        if (job->sides[axis] > 1)
            ring_along(job, &b, axis, shape, pixels);
    for (ptrdiff_t line = 0; line < pixels / n; line++)
        job->plain->equal_bits(values + line * n, b.most + line * n, n, least,
                               words + line * ((n + WORD - 1) / WORD));
    memory_return(block);
    return FEATURE_OK;
}

/* Instead of search_band, for the whole image. */
static feature_status search_by_ring(const peak_job *job)
{
    static const ptrdiff_t origin[AXES];
    ptrdiff_t n = job->shape[job->ndim - 1];
    size_t size;
    if (__builtin_mul_overflow((size_t)(job->lines * n), sizeof(double), &size))
        return FEATURE_NO_MEMORY;
    double *values = memory_lease(size);
    if (values == NULL)
        return FEATURE_NO_MEMORY;
    convert_lines(job, job->shape, origin, 0, job->lines, (unsigned char *)values);
    feature_status status = ring_bits(job, values, job->shape, job->line.least, job->words);
    memory_return(values);
    memset(job->counts, 0, (size_t)job->bands * sizeof *job->counts);
    for (ptrdiff_t line = 0; line < job->lines && status == FEATURE_OK; line++) {
        uint64_t *words = job->words + line * job->words_per_line;
        ptrdiff_t index[AXES];
        line_index(job, job->shape, line, index);
        clear_ends(words, n, in_border(job, index) ? n : job->border[job->ndim - 1]);
        job->counts[index[0] / job->band_slabs] += count_bits(words, job->words_per_line);
    }
    return status;
}

/* ------------------------------------------------------------------------ */
/* From candidates to peaks                                                 */
/* ------------------------------------------------------------------------ */

/* Points and what sorting and spacing them needs. */
typedef struct point_list {
    point *points;
    ptrdiff_t count, room;
} point_list;

static feature_status make_room(point_list *list, ptrdiff_t more)
{
    if (list->count + more <= list->room)
        return FEATURE_OK;
    ptrdiff_t room = 2 * (list->count + more) + 64;
    point *points = room > INT32_MAX / 2 ? NULL : memory_lease((size_t)room * sizeof *points);
    if (points == NULL)
        return FEATURE_NO_MEMORY;
    if (list->count > 0)
        memcpy(points, list->points, (size_t)list->count * sizeof *points);
    memory_return(list->points);
    list->points = points;
    list->room = room;
    return FEATURE_OK;
}

/* Orders and spaces `*n` points whose places are in an array of this shape. */
static feature_status choose_peaks(const peak_job *job, const ptrdiff_t *shape,
                                   point *points, ptrdiff_t *n, ptrdiff_t most)
{
    const feature_peaks_parameters *p = job->parameters;
    spacing rule = {p->distance, p->p_norm, 0, shape, job->ndim, most};
    int spaced = p->distance > 1;
    if (*n == 0)
        return FEATURE_OK;
    size_t size = spaced ? spacing_size(&rule, *n) : 0, spare = (size_t)*n * sizeof *points;
    if (size == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    void *scratch = memory_lease(size > spare ? size : spare);
    if (scratch == NULL)
        return FEATURE_NO_MEMORY;
    points_sort(points, scratch, *n);
    if (spaced)
        *n = points_space(&rule, points, *n, scratch);
    else if (*n > most)
        *n = most;
    memory_return(scratch);
    return FEATURE_OK;
}

static feature_status search_image(peak_job *job, team *t, point_list *list)
{
    feature_status status = job->by_ring ? search_by_ring(job)
                                         : team_run(t, job->bands, search_band, job);
    ptrdiff_t total = 0;
    for (ptrdiff_t k = 0; k < job->bands && status == FEATURE_OK; k++) {
        job->starts[k] = total;
        total += job->counts[k];
    }
    if (status != FEATURE_OK || total == 0 || (!job->is_plain && !job->by_ring && is_trivial(job)))
        return status;
    status = make_room(list, total);
    if (status != FEATURE_OK)
        return status;
    job->points = list->points;
    list->count = total;
    team gathering = *t;
    if (total < 20000)
        gathering.threads = 1;
    status = team_run(&gathering, job->bands, gather_band, job);
    if (status != FEATURE_OK)
        return status;
    return choose_peaks(job, job->shape, list->points, &list->count,
                        job->parameters->most);
}

/* ------------------------------------------------------------------------ */
/* Labels                                                                   */
/* ------------------------------------------------------------------------ */

/* The smallest boxes that hold the labels: low[ndim], then high[ndim], of each. */
typedef struct box_list {
    ptrdiff_t *bounds, count, room;
} box_list;

static ptrdiff_t *box_of(const box_list *boxes, const peak_job *job, ptrdiff_t k)
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
    memset(box_of(boxes, job, boxes->count), 0, (size_t)(label - boxes->count) * one);
    boxes->count = label;
    return FEATURE_OK;
}

static void widen_box(const peak_job *job, ptrdiff_t *box, const ptrdiff_t *index,
                      const label_run *run)
{
    int32_t last = job->ndim - 1;
    int fresh = box[2 * job->ndim - 1] == 0;
    for (int32_t axis = 0; axis < job->ndim; axis++) {
        ptrdiff_t low = axis == last ? run->first : index[axis];
        ptrdiff_t high = axis == last ? run->end : index[axis] + 1;
        ptrdiff_t *to = box + axis;
        to[0] = fresh || low < to[0] ? low : to[0];
        to[job->ndim] = fresh || high > to[job->ndim] ? high : to[job->ndim];
    }
}

static const int64_t *labels_at(const peak_job *job, const ptrdiff_t *index)
{
    const unsigned char *at = job->labels->data;
    for (int32_t axis = 0; axis < job->ndim; axis++)
        at += index[axis] * job->label_strides[axis];
    return (const int64_t *)(const void *)at;
}

/* Labels count where they are not too near the border. */
static feature_status find_boxes(const peak_job *job, label_run *runs, box_list *boxes)
{
    int32_t last = job->ndim - 1;
    ptrdiff_t inside = job->shape[last] - 2 * job->border[last], count;
    feature_status status = FEATURE_OK;
    for (ptrdiff_t line = 0; line < job->lines && inside > 0; line++) {
        ptrdiff_t index[AXES];
        line_index(job, job->shape, line, index);
        if (in_border(job, index))
            continue;
        index[last] = job->border[last];
        job->plain->label_runs(labels_at(job, index), job->label_strides[last], inside,
                               runs, &count);
        for (ptrdiff_t k = 0; k < count && status == FEATURE_OK; k++) {
            runs[k].first += job->border[last];
            runs[k].end += job->border[last];
            status = grow_boxes(boxes, job, runs[k].label);
            if (status == FEATURE_OK)
                widen_box(job, box_of(boxes, job, runs[k].label - 1), index, &runs[k]);
        }
        if (status != FEATURE_OK)
            return status;
    }
    return FEATURE_OK;
}

/* The box of one label, copied. */
typedef struct crop {
    region r;
    ptrdiff_t shape[AXES], origin[AXES];
    ptrdiff_t lines, pixels, words_per_line;
    unsigned char *values; /* reals */
    uint8_t *mask, *inner; /* the label's pixels; those with all neighbours in it */
    uint64_t *words, *only;
} crop;

static void size_crop(crop *c, const peak_job *job, const ptrdiff_t *box)
{
    c->pixels = 1;
    for (int32_t axis = 0; axis < job->ndim; axis++) {
        c->origin[axis] = box[axis];
        c->shape[axis] = box[job->ndim + axis] - box[axis];
        c->pixels *= c->shape[axis];
    }
    c->lines = c->pixels / c->shape[job->ndim - 1];
    c->words_per_line = (c->shape[job->ndim - 1] + WORD - 1) / WORD;
}

static void layout_crop(crop *c, const peak_job *job, arena *a)
{
    size_t pixels = (size_t)c->pixels, words = (size_t)(c->lines * c->words_per_line);
    c->values = arena_take(a, pixels, (size_t)job->real_size);
    c->mask = arena_take(a, pixels, 1);
    c->inner = arena_take(a, pixels, 1);
    c->words = arena_take(a, words, sizeof *c->words);
    c->only = arena_take(a, (size_t)c->words_per_line, sizeof *c->only);
    c->r.data = c->values;
    c->r.shape = c->shape;
    c->r.first = 0;
    dense_strides(job, &c->r);
}

static void fill_crop(crop *c, const peak_job *job, int64_t label, double background)
{
    int32_t last = job->ndim - 1;
    convert_lines(job, c->shape, c->origin, 0, c->lines, c->values);
    for (ptrdiff_t line = 0; line < c->lines; line++) {
        ptrdiff_t index[AXES], at = line * c->shape[last];
        line_index(job, c->shape, line, index);
        index[last] = 0;
        for (int32_t axis = 0; axis < job->ndim; axis++)
            index[axis] += c->origin[axis];
        job->real->peak_background(labels_at(job, index), job->label_strides[last],
                                   c->shape[last], label, background,
                                   c->values + at * job->real_size, c->mask + at);
    }
}

static ptrdiff_t mask_bits(const crop *c, ptrdiff_t line, ptrdiff_t n)
{
    const uint8_t *mask = c->mask + line * n;
    memset(c->only, 0, (size_t)c->words_per_line * sizeof *c->only);
    ptrdiff_t count = 0;
    for (ptrdiff_t x = 0; x < n; x++) {
        c->only[x / WORD] |= (uint64_t)mask[x] << x % WORD;
        count += mask[x];
    }
    return count;
}

/* Does every pixel of the label pass? */
static int crop_is_trivial(const peak_job *job, crop *c, const peak_scratch *s)
{
    ptrdiff_t n = c->shape[job->ndim - 1];
    question q = {job->line, c->only, 0, 1, 0};
    q.line.least = -INFINITY;
    for (ptrdiff_t line = 0; line < c->lines; line++) {
        ptrdiff_t index[AXES], count = mask_bits(c, line, n);
        line_index(job, c->shape, line, index);
        if (count > 0 && ask_line(job, &c->r, index, &q, s, s->words) < count)
            return 0;
        index[job->ndim - 1] = 0;
        for (int32_t axis = 0; axis < job->ndim; axis++)
            index[axis] += c->origin[axis];
        if (!line_is_exact(job, index, n, c->mask + line * n))
            return 0;
    }
    return 1;
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
    ptrdiff_t n = c->shape[job->ndim - 1];
    int any, all;
    for (ptrdiff_t place = 0; place < c->pixels; place++) {
        look_around(job, c, c->mask, place, &any, &all);
        c->inner[place] = (uint8_t)all;
    }
    for (ptrdiff_t place = 0; place < c->pixels; place++) {
        look_around(job, c, c->inner, place, &any, &all);
        if (!c->mask[place] || any)
            c->words[place / n * c->words_per_line + place % n / WORD] &=
                ~(UINT64_C(1) << place % n % WORD);
    }
}

/* The same for a crop that may hold NaN; leaves the bits in it. */
static feature_status search_crop_by_ring(const peak_job *job, crop *c, int *trivial)
{
    ptrdiff_t n = c->shape[job->ndim - 1];
    feature_status status = ring_bits(job, (const double *)(const void *)c->values,
                                      c->shape, -INFINITY, c->words);
    *trivial = 1;
    for (ptrdiff_t line = 0; line < c->lines && status == FEATURE_OK; line++) {
        mask_bits(c, line, n);
        for (ptrdiff_t w = 0; w < c->words_per_line; w++)
            *trivial &= !(c->only[w] & ~c->words[line * c->words_per_line + w]);
    }
    return status == FEATURE_OK && !*trivial
               ? ring_bits(job, (const double *)(const void *)c->values, c->shape,
                           job->line.least, c->words)
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
    if (!plain && job->by_ring && !trivial) {
        *count = count_bits(c->words, c->lines * c->words_per_line);
        return FEATURE_OK;
    }
    question q = {job->line, NULL, 0, 1, plain || trivial};
    ptrdiff_t found = 0;
    for (ptrdiff_t line = 0; line < c->lines; line++) {
        ptrdiff_t index[AXES];
        line_index(job, c->shape, line, index);
        found += ask_line(job, &c->r, index, &q, s, c->words + line * c->words_per_line);
    }
    if (trivial && found > 0) {
        keep_isolated(job, c);
        found = count_bits(c->words, c->lines * c->words_per_line);
    }
    *count = found;
    return FEATURE_OK;
}

/* Appends the points of a crop with places in the crop; their number. */
static ptrdiff_t gather_crop(const peak_job *job, const crop *c, uint64_t background,
                             point *to)
{
    int32_t last = job->ndim - 1;
    ptrdiff_t written = 0;
    int wide_type = is_wide(job->image->dtype);
    int outside_counts = !wide_type || memcmp(job->parameters->least, &background, 8) == 0;
    uint64_t background_key = descending_key(job->image->dtype, &background);
    for (ptrdiff_t line = 0; line < c->lines; line++)
        for (ptrdiff_t w = 0; w < c->words_per_line; w++)
            for (uint64_t left = c->words[line * c->words_per_line + w]; left != 0;
                 left &= left - 1) {
                ptrdiff_t x = w * WORD + __builtin_ctzll(left), index[AXES];
                ptrdiff_t place = line * c->shape[last] + x;
                line_index(job, c->shape, line, index);
                for (int32_t axis = 0; axis < last; axis++)
                    index[axis] += c->origin[axis];
                index[last] = c->origin[last] + x;
                const void *at = pixel_at(job, index);
                if (c->mask[place] ? wide_type && !holds_exactly(job, c->pixels == 1, at)
                                   : !outside_counts)
                    continue;
                to[written].key = c->mask[place] ? descending_key(job->image->dtype, at)
                                                 : background_key;
                to[written++].place = place;
            }
    return written;
}

/* From places in the crop to places in the image. */
static void place_in_image(const peak_job *job, const crop *c, point *points, ptrdiff_t n)
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
    else if (dtype == FEATURE_INT8 || dtype == FEATURE_INT16 || dtype == FEATURE_INT32 ||
             dtype == FEATURE_INT64)
        bits = UINT64_C(1) << (8 * size - 1);
    memcpy(value, &bits, (size_t)size); /* little-endian, as all we build for */
}

static feature_status search_label(const peak_job *job, int64_t label, crop *c,
                                   point_list *list)
{
    uint64_t value = 0;
    peak_scratch s = scratch_of(job, 0);
    least_value(job->image->dtype, &value);
    fill_crop(c, job, label, number_at(job, &value));
    ptrdiff_t found;
    feature_status status = search_crop(job, c, &s, &found);
    if (status != FEATURE_OK || found == 0)
        return status;
    status = make_room(list, found);
    if (status != FEATURE_OK)
        return status;
    point *points = list->points + list->count;
    found = gather_crop(job, c, value, points);
    status = choose_peaks(job, c->shape, points, &found,
                          job->parameters->most_per_label);
    place_in_image(job, c, points, found);
    list->count += found;
    return status;
}

static feature_status search_boxes(const peak_job *job, const box_list *boxes, team *t,
                                   point_list *list)
{
    size_t most = 0;
    crop c;
    for (int pass = 0; pass < 2; pass++) {
        unsigned char *block = NULL;
        if (pass == 1 && (most == SIZE_MAX || (block = memory_lease(most)) == NULL))
            return FEATURE_NO_MEMORY;
        feature_status status = FEATURE_OK;
        for (ptrdiff_t k = 0; k < boxes->count && status == FEATURE_OK; k++) {
            const ptrdiff_t *box = box_of(boxes, job, k);
            arena a = {block, 0};
            if (box[2 * job->ndim - 1] == 0)
                continue;
            size_crop(&c, job, box);
            layout_crop(&c, job, &a);
            most = a.used > most ? a.used : most;
            if (pass == 1)
                status = search_label(job, k + 1, &c, list);
            if (pass == 1 && status == FEATURE_OK)
                status = team_poll(t);
        }
        memory_return(block);
        if (status != FEATURE_OK)
            return status;
    }
    return FEATURE_OK;
}

/* More peaks of all labels than are wanted: ordered and spaced once more. */
static feature_status choose_among_labels(const peak_job *job, point_list *list)
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
            job->image->dtype, pixel_at(job, (const ptrdiff_t *)index));
        list->points[n++].place = place;
    }
    list->count = n;
    return choose_peaks(job, job->shape, list->points, &list->count,
                        job->parameters->most);
}

static feature_status search_labels(peak_job *job, team *t, point_list *list)
{
    box_list boxes = {NULL, 0, 0};
    size_t most = (size_t)job->shape[job->ndim - 1];
    label_run *runs = memory_lease(most * sizeof *runs);
    if (runs == NULL)
        return FEATURE_NO_MEMORY;
    feature_status status = find_boxes(job, runs, &boxes);
    memory_return(runs);
    if (status == FEATURE_OK)
        status = search_boxes(job, &boxes, t, list);
    memory_return(boxes.bounds);
    return status == FEATURE_OK ? choose_among_labels(job, list) : status;
}

/* ------------------------------------------------------------------------ */
/* The call                                                                 */
/* ------------------------------------------------------------------------ */

/* The second pass of corners. */
static feature_status thin_corners(const peak_job *job, point_list *list)
{
    const feature_peaks_parameters *p = job->parameters;
    spacing rule = {p->corner_distance, p->corner_p_norm, 1, job->shape, job->ndim,
                    p->corner_most};
    if (p->corner_p_norm == 0 || list->count == 0)
        return FEATURE_OK;
    size_t size = spacing_size(&rule, list->count);
    void *scratch = size == SIZE_MAX ? NULL : memory_lease(size);
    if (scratch == NULL)
        return FEATURE_NO_MEMORY;
    list->count = points_space(&rule, list->points, list->count, scratch);
    memory_return(scratch);
    return FEATURE_OK;
}

static void write_index(const peak_job *job, const point_list *list, ptrdiff_t capacity,
                        int64_t *index)
{
    int32_t ndim = job->image->ndim;
    for (ptrdiff_t k = 0; k < list->count && k < capacity; k++)
        place_to_index(list->points[k].place, job->shape + (job->ndim - ndim), ndim,
                       index + k * ndim);
}

feature_status feature_peak_local_max(const feature_array *image,
                                      const feature_array *footprint,
                                      const feature_array *labels,
                                      const feature_peaks_parameters *parameters,
                                      ptrdiff_t capacity, int64_t *index,
                                      ptrdiff_t *count, const feature_run *run)
{
    feature_status status = check_shapes(image, footprint, labels, parameters);
    if (status == FEATURE_OK && (count == NULL || (capacity > 0 && index == NULL)))
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK)
        return status;
    peak_job job = new_job(image, footprint, labels, parameters);
    double pixels = (double)job.lines * (double)job.shape[job.ndim - 1];
    team t = team_for(run, labels == NULL ? job.bands : 1, pixels * NANOSECONDS_PER_PIXEL);
    point_list list = {NULL, 0, 0};
    status = lease_job(&job, footprint, t.threads);
    if (status != FEATURE_OK)
        return status;
    status = labels == NULL ? search_image(&job, &t, &list)
                            : search_labels(&job, &t, &list);
    if (status == FEATURE_OK)
        status = thin_corners(&job, &list);
    if (status == FEATURE_OK) {
        write_index(&job, &list, capacity, index);
        *count = list.count;
    }
    memory_return(job.lead);
    memory_return(list.points);
    return status;
}
