/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Edges: Canny's detector.
 *
 * J. Canny, "A Computational Approach to Edge Detection", IEEE Transactions on
 * Pattern Analysis and Machine Intelligence 8 (1986), 679-714.
 *
 * What it computes, for an image I (rows down, columns to the right):
 *
 *   1. S = I * G, a Gaussian along axis 0, then along axis 1. With `normalize`,
 *      S is divided by the same filter's answer to the mask (ones without a mask)
 *      plus the epsilon of the type, so that what lies beyond the border or the
 *      mask does not darken its neighbours.
 *   2. Gradients by Sobel's operator without normalisation (gain 8), beyond the
 *      border the nearest pixel: i = dS/drow, j = dS/dcol; magnitude m is
 *      sqrt(i i + j j).
 *   3. Suppression: a pixel stays when m is not below the low threshold and not
 *      below m interpolated between the two neighbours that the gradient points
 *      between, and likewise behind. Equal neighbours both stay. The outermost
 *      pixels of the image, and pixels that touch a masked one, never stay.
 *   4. Hysteresis: of what stays, the eight-connected groups that hold a pixel
 *      not below the high threshold.
 *
 * Integer images are scaled to [0, 1] or [-1, 1] first. Images of float16 and
 * float32 are stored as float32 between steps, all others as float64; sums are
 * always double. Thresholds: low is a float, high a double, as in scikit-image.
 *
 * How it runs. Nothing of the image's size is stored but the map of classes (none,
 * weak, strong), two bits a pixel. A band of rows is one unit of work: it pulls
 * smoothed rows (core/smooth.h) through a ring of five, gradients and magnitudes
 * through rings of two and three, makes classes, and traces hysteresis inside the
 * band. Then the seams between bands are traced until nothing changes, and what is
 * strong is written out.
 *
 * Cost for sigma 1 and float64: about 70 vector operations a pixel, of which the
 * two filters are 26.
 *
 * feature_canny_magnitude is steps 1 and 2 alone. Thresholds that are quantiles
 * are taken from it before feature_canny is called with their values.
 */
#include <math.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/smooth.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define BAND_ROWS 64
#define SMOOTHED_ROWS 5 /* the classes of one row need two rows on each side */
/* Measured with AVX2 and sigma 1; only the break-even of threads depends on it. */
#define NANOSECONDS_PER_PIXEL 1.5

/* One call. */
typedef struct canny_job {
    const feature_array *image, *mask, *edges, *magnitude;
    smooth_plan plan, mask_plan; /* of the image; of the mask, where there is one */
    int normalize;
    edge_limits limits;
    ptrdiff_t rows, cols, bands;
    thread_memory memory;
    uint64_t *weak, *strong; /* the planes of one band after the other */
} canny_job;

/* One thread's buffers. */
typedef struct canny_scratch {
    smoother image, mask;
    ones_smoother ones;
    wide *mask_row;
    wide *smoothed;                 /* SMOOTHED_ROWS */
    float *down, *right, *magnitude; /* 2, 2 and 3 rows */
    uint8_t *classes; /* one row, padded to whole words */
    uint8_t *queued;
    uint32_t *queue;
    ptrdiff_t pitch;
    ptrdiff_t next_smoothed, next_gradient; /* the first rows not yet computed */
} canny_scratch;

/* ------------------------------------------------------------------------ */
/* The job                                                                  */
/* ------------------------------------------------------------------------ */

static feature_status check_input(const feature_array *image, const feature_array *mask,
                                  const feature_canny_parameters *parameters)
{
    feature_status status = check_array(image, 2);
    if (status != FEATURE_OK)
        return status;
    if (image->shape[1] > INT32_MAX) /* the words of a band are counted in 32 bits */
        return FEATURE_BAD_ARGUMENT;
    if (image->dtype == FEATURE_UINT64 || image->dtype == FEATURE_INT64)
        return FEATURE_BAD_DTYPE;
    if (parameters == NULL || !filter_is_valid(&parameters->axis[0]) ||
        !filter_is_valid(&parameters->axis[1]))
        return FEATURE_BAD_ARGUMENT;
    return mask == NULL ? FEATURE_OK : check_plane(mask, FEATURE_BOOL, image);
}

/* A threshold a little lower and a little higher, for comparison in float32. */
static void bracket(double threshold, float *below, float *above)
{
    double error = isinf(threshold) ? 0 : fabs(threshold) * 2e-6;
    *below = (float)(threshold - error);
    *above = (float)(threshold + error);
}

static double nanoseconds(const canny_job *job)
{
    return (double)job->rows * (double)job->cols * NANOSECONDS_PER_PIXEL;
}

static canny_job new_job(const feature_array *image, const feature_array *mask,
                         const feature_canny_parameters *parameters)
{
    canny_job job = {.image = image, .mask = mask, .normalize = parameters->normalize};
    job.plan = (smooth_plan){.image = image,
                             .mask = mask,
                             .axis = parameters->axis,
                             .cval = parameters->cval,
                             .plain = plain_kernels_in_use(),
                             .real = real_kernels_for(storage_type(image))};
    job.mask_plan = job.plan;
    job.mask_plan.mask = NULL;
    if (mask != NULL)
        job.mask_plan.image = mask;
    job.limits.low = parameters->low;
    job.limits.high = parameters->high;
    bracket(parameters->low, &job.limits.low_below, &job.limits.low_above);
    if (parameters->low < 2 * SCREEN_LEAST)
        job.limits.low_below = -1; /* float32 squares cannot tell what is below */
    bracket(parameters->high, &job.limits.high_below, &job.limits.high_above);
    job.rows = image->shape[0];
    job.cols = image->shape[1];
    job.bands = (job.rows + BAND_ROWS - 1) / BAND_ROWS;
    return job;
}

/* Words of a row of a class_map, and of one of its planes. */
static ptrdiff_t map_pitch(const canny_job *job)
{
    return (job->cols + WORD_BITS - 1) / WORD_BITS + 2;
}

static ptrdiff_t plane_words(const canny_job *job)
{
    return (BAND_ROWS + 2) * map_pitch(job);
}

static void layout(canny_scratch *s, const canny_job *job, arena *a)
{
    s->pitch = row_pitch(job->cols);
    size_t wide_row = (size_t)s->pitch * sizeof(wide);
    size_t float_row = (size_t)s->pitch * sizeof(float);
    smoother_layout(&s->image, &job->plan, a);
    if (job->normalize && job->mask != NULL) {
        smoother_layout(&s->mask, &job->mask_plan, a);
        s->mask_row = arena_take(a, 1, wide_row);
    } else if (job->normalize) {
        ones_layout(&s->ones, &job->mask_plan, a);
    }
    s->smoothed = arena_take(a, SMOOTHED_ROWS, wide_row);
    s->down = arena_take(a, 2, float_row);
    s->right = arena_take(a, 2, float_row);
    s->magnitude = arena_take(a, 3, float_row);
    s->classes = arena_take(a, (size_t)map_pitch(job), WORD_BITS);
    s->queued = arena_take(a, (size_t)plane_words(job), sizeof *s->queued);
    s->queue = arena_take(a, (size_t)plane_words(job), sizeof *s->queue);
}

/* One block for all threads, and for the planes of `bands` bands. */
static feature_status lease_scratch(canny_job *job, int threads, ptrdiff_t bands)
{
    canny_scratch counting;
    arena a = {NULL, 0};
    layout(&counting, job, &a);
    job->memory.each = a.used;
    arena whole = {NULL, 0};
    arena_take(&whole, (size_t)threads, a.used);
    size_t planes = whole.used, words = (size_t)plane_words(job);
    arena_take(&whole, 2 * (size_t)bands, words * sizeof *job->weak);
    if (a.used == SIZE_MAX || whole.used == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    job->memory.base = memory_lease(whole.used);
    if (job->memory.base == NULL)
        return FEATURE_NO_MEMORY;
    arena rest = {job->memory.base, planes};
    job->weak = arena_take(&rest, 2 * (size_t)bands, words * sizeof *job->weak);
    job->strong = job->weak + (size_t)bands * words;
    return FEATURE_OK;
}

/* ------------------------------------------------------------------------ */
/* Rows of a band                                                           */
/* ------------------------------------------------------------------------ */

static void start_band(canny_scratch *s, const canny_job *job, int thread,
                       ptrdiff_t first)
{
    arena a = arena_of(&job->memory, thread);
    layout(s, job, &a);
    s->next_gradient = first > 0 ? first - 1 : 0;
    s->next_smoothed = s->next_gradient > 0 ? s->next_gradient - 1 : 0;
    memset(s->classes, CLASS_NONE, (size_t)map_pitch(job) * WORD_BITS);
    memset(s->queued, 0, (size_t)plane_words(job) * sizeof *s->queued);
    smoother_start(&s->image, s->next_smoothed);
    if (job->normalize && job->mask != NULL)
        smoother_start(&s->mask, s->next_smoothed);
    else if (job->normalize)
        ones_start(&s->ones);
}

static wide *smoothed_row(const canny_scratch *s, ptrdiff_t y)
{
    return s->smoothed + y % SMOOTHED_ROWS * s->pitch + ROW_PAD;
}

static void make_smoothed(canny_scratch *s, const canny_job *job, ptrdiff_t y)
{
    wide *row = smoothed_row(s, y);
    smoother_row(&s->image, y, row);
    if (job->normalize && job->mask != NULL) {
        smoother_row(&s->mask, y, s->mask_row);
        job->plan.real->normalize_row(row, s->mask_row, job->cols);
    } else if (job->normalize) {
        ones_divide(&s->ones, y, row);
    }
    row[-1] = row[0];
    row[job->cols] = row[job->cols - 1];
}

/* Pointers to `count` smoothed rows from row `first` on, those beyond the border
 * being the nearest; computes what is missing. */
static void get_smoothed(canny_scratch *s, const canny_job *job, ptrdiff_t first,
                         int count, const wide **rows)
{
    ptrdiff_t last = job->rows - 1;
    ptrdiff_t needed = first + count - 1 < last ? first + count - 1 : last;
    for (; s->next_smoothed <= needed; s->next_smoothed++)
        make_smoothed(s, job, s->next_smoothed);
    for (int k = 0; k < count; k++) {
        ptrdiff_t y = first + k;
        rows[k] = smoothed_row(s, y < 0 ? 0 : y > last ? last : y);
    }
}

static float *ring(const canny_scratch *s, float *rows, ptrdiff_t y, int count)
{
    return rows + y % count * s->pitch + ROW_PAD;
}

static void make_gradient(canny_scratch *s, const canny_job *job, ptrdiff_t y)
{
    const wide *rows[3];
    get_smoothed(s, job, y - 1, 3, rows);
    job->plan.real->gradient_row(rows, job->cols, ring(s, s->down, y, 2),
                                 ring(s, s->right, y, 2), ring(s, s->magnitude, y, 3));
}

static void classify_row(canny_scratch *s, const canny_job *job, ptrdiff_t y)
{
    uint8_t *classes = s->classes;
    for (; s->next_gradient <= y + 1; s->next_gradient++)
        make_gradient(s, job, s->next_gradient);
    gradient_rows g = {ring(s, s->down, y, 2), ring(s, s->right, y, 2),
                       ring(s, s->magnitude, y - 1, 3), ring(s, s->magnitude, y, 3),
                       ring(s, s->magnitude, y + 1, 3)};
    const wide *rows[SMOOTHED_ROWS];
    get_smoothed(s, job, y - 2, SMOOTHED_ROWS, rows);
    job->plan.real->suppress_row(&g, &job->limits, job->cols, classes);
    job->plan.real->decide_row(rows, &job->limits, job->cols, classes);
    if (job->mask != NULL) {
        const uint8_t *mask[3] = {row_of(job->mask, y - 1), row_of(job->mask, y),
                                  row_of(job->mask, y + 1)};
        job->plan.plain->erode_row(mask, job->mask->strides[1], job->cols, classes);
    }
}

/* ------------------------------------------------------------------------ */
/* Bands                                                                    */
/* ------------------------------------------------------------------------ */

/* The map of band `index`, traced with the queue of one thread. */
static class_map map_of(const canny_scratch *s, const canny_job *job, ptrdiff_t index)
{
    ptrdiff_t first = index * plane_words(job);
    return (class_map){job->weak + first, job->strong + first, map_pitch(job),
                       s->queued, s->queue};
}

static ptrdiff_t band_rows(const canny_job *job, ptrdiff_t index)
{
    ptrdiff_t left = job->rows - index * BAND_ROWS;
    return left < BAND_ROWS ? left : BAND_ROWS;
}

static void classify_band(void *context, ptrdiff_t index, int thread)
{
    const canny_job *job = context;
    ptrdiff_t first = index * BAND_ROWS, rows = band_rows(job, index);
    size_t words = (size_t)plane_words(job);
    int grew = 0; /* nobody asks */
    canny_scratch s;
    start_band(&s, job, thread, first);
    class_map map = map_of(&s, job, index);
    memset(map.weak, 0, words * sizeof *map.weak);
    memset(map.strong, 0, words * sizeof *map.strong);
    for (ptrdiff_t y = 0; y < rows; y++) {
        if (first + y == 0 || first + y == job->rows - 1 || job->cols < 3)
            continue;
        ptrdiff_t at = (y + 1) * map.pitch + 1;
        classify_row(&s, job, first + y);
        job->plan.plain->pack_row(s.classes, job->cols, map.weak + at, map.strong + at);
    }
    job->plan.plain->trace_rows(&map, 0, rows, &grew);
}

/* Lets band `index` grow at its row `row`, beside the row `next` of its neighbour. */
static void trace_beside(const canny_job *job, const canny_scratch *s, ptrdiff_t index,
                         ptrdiff_t row, ptrdiff_t neighbour, ptrdiff_t next, int *grew)
{
    class_map map = map_of(s, job, index), other = map_of(s, job, neighbour);
    ptrdiff_t beyond = neighbour < index ? 0 : row + 2;
    memcpy(map.strong + beyond * map.pitch, other.strong + (next + 1) * map.pitch,
           (size_t)map.pitch * sizeof *map.strong);
    job->plan.plain->trace_rows(&map, row, 1, grew);
}

/* Down and up again until no band lights another; most often once. */
static feature_status trace_seams(const canny_job *job, team *t)
{
    arena a = {job->memory.base, 0};
    canny_scratch s;
    layout(&s, job, &a);
    memset(s.queued, 0, (size_t)plane_words(job) * sizeof *s.queued);
    int grew = 1;
    while (grew) {
        grew = 0;
        for (ptrdiff_t k = 0; k < 2 * (job->bands - 1); k++) {
            ptrdiff_t upper = k < job->bands - 1 ? k : 2 * (job->bands - 1) - 1 - k;
            trace_beside(job, &s, upper + 1, 0, upper, BAND_ROWS - 1, &grew);
            trace_beside(job, &s, upper, BAND_ROWS - 1, upper + 1, 0, &grew);
            if (team_poll(t) != FEATURE_OK)
                return FEATURE_INTERRUPTED;
        }
    }
    return FEATURE_OK;
}

static void finish_band(void *context, ptrdiff_t index, int thread)
{
    const canny_job *job = context;
    ptrdiff_t pitch = map_pitch(job);
    const uint64_t *strong = job->strong + index * plane_words(job) + pitch + 1;
    (void)thread;
    for (ptrdiff_t y = 0; y < band_rows(job, index); y++)
        job->plan.plain->expand_row(strong + y * pitch, job->cols,
                                    row_of(job->edges, index * BAND_ROWS + y),
                                    job->edges->strides[1]);
}

static feature_status run_job(canny_job *job, team *t)
{
    feature_status status = team_run(t, job->bands, classify_band, job);
    if (status == FEATURE_OK)
        status = trace_seams(job, t);
    if (status != FEATURE_OK)
        return status;
    team finishing = *t;
    if ((double)job->rows * (double)job->cols < 1e6)
        finishing.threads = 1; /* a few microseconds */
    return team_run(&finishing, job->bands, finish_band, job);
}

feature_status feature_canny(const feature_array *image, const feature_array *mask,
                             const feature_canny_parameters *parameters,
                             const feature_array *edges, const feature_run *run)
{
    feature_status status = check_input(image, mask, parameters);
    if (status == FEATURE_OK)
        status = check_plane(edges, FEATURE_BOOL, image);
    if (status != FEATURE_OK || is_empty(image))
        return status;
    canny_job job = new_job(image, mask, parameters);
    job.edges = edges;
    team t = team_for(run, job.bands, nanoseconds(&job));
    status = lease_scratch(&job, t.threads, job.bands);
    if (status != FEATURE_OK)
        return status;
    status = run_job(&job, &t);
    memory_return(job.memory.base);
    return status;
}

/* ------------------------------------------------------------------------ */
/* The magnitude itself                                                     */
/* ------------------------------------------------------------------------ */

static void magnitude_band(void *context, ptrdiff_t index, int thread)
{
    const canny_job *job = context;
    ptrdiff_t first = index * BAND_ROWS, end = first + BAND_ROWS;
    canny_scratch s;
    start_band(&s, job, thread, first);
    for (ptrdiff_t y = first; y < end && y < job->rows; y++) {
        const wide *rows[3];
        get_smoothed(&s, job, y - 1, 3, rows);
        job->plan.real->magnitude_row(rows, job->cols, row_of(job->magnitude, y));
    }
}

feature_status feature_canny_magnitude(const feature_array *image,
                                       const feature_array *mask,
                                       const feature_canny_parameters *parameters,
                                       const feature_array *magnitude,
                                       const feature_run *run)
{
    feature_status status = check_input(image, mask, parameters);
    if (status == FEATURE_OK)
        status = check_plane(magnitude, storage_type(image), image);
    if (status != FEATURE_OK || is_empty(image))
        return status;
    if (image->shape[1] > 1 && magnitude->strides[1] != dtype_size(magnitude->dtype))
        return FEATURE_BAD_ARGUMENT;
    canny_job job = new_job(image, mask, parameters);
    job.magnitude = magnitude;
    team t = team_for(run, job.bands, nanoseconds(&job));
    status = lease_scratch(&job, t.threads, 0);
    if (status == FEATURE_OK)
        status = team_run(&t, job.bands, magnitude_band, &job);
    memory_return(job.memory.base);
    return status;
}
