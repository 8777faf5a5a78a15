/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cascade: objects found by a cascade of boosted multi-block local binary patterns.
 *
 * P. Viola, M. J. Jones, "Rapid Object Detection using a Boosted Cascade of Simple
 * Features", CVPR 2001; S. Liao, X. Zhu, Z. Lei, L. Zhang, S. Z. Li, "Learning
 * Multi-scale Block Local Binary Patterns for Face Recognition", ICB 2007.
 *
 * A window is an object when it passes every stage. A stage adds up what its stumps
 * say and refuses a sum below its threshold. A stump looks at 3 by 3 blocks of equal
 * size: which of the eight around have at least the sum of the middle one? These eight
 * bits, clockwise from the top left, the first the highest, choose one bit of a table
 * of 256, and that bit one of the stump's two leaves.
 *
 * Scales. Not the image is scaled but the window: sides and places of its blocks are
 * multiplied and cut to whole pixels (by the caller). A window starts at every
 * multiple of the scale's step that is less than image - window, along both axes.
 *
 * Groups. Windows are taken scale after scale, row after row. Each joins the group
 * whose mean rectangle shares most with it, as a part of the smaller of both, if that
 * is more than a threshold; else it starts a group. Groups of enough windows are
 * the result, in the order of their first window, as their mean, cut to integers.
 *
 * Numbers are the reference's: the integral image is summed in float64, down and then
 * along, and rounded to float32; all that follows is float32 arithmetic in a fixed
 * order, so that the windows found are the same.
 *
 * How it runs. The integral image has a row and a column of zeros before its first. For
 * each step of the windows it is copied so that columns alike modulo the step stand
 * side by side, and vectors hold windows that are neighbours (kernels/cascade.c). Some
 * rows of windows are one unit of work and leave a bit for each window. Kept meanwhile:
 * the copy, 4 bytes a pixel, and one bit and one number a window of some rows.
 */
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define CORNERS 16
#define COLUMNS 256      /* a band of the sums down */
#define BLOCK_ROWS 32    /* a band of the sums along; these rows down begin anew */
#define ROWS_AT_ONCE 8   /* of the sums along: their chains of additions overlap */
#define WINDOW_ROWS 8    /* a band of windows */
#define OFFSET_AT_MOST ((ptrdiff_t)1 << 30) /* offsets within a band */
/* Measured with AVX2; only the break-even of threads depends on them. */
#define NANOSECONDS_PER_PIXEL 1
#define NANOSECONDS_PER_WINDOW 30

/* ------------------------------------------------------------------------ */
/* The integral image                                                       */
/* ------------------------------------------------------------------------ */

typedef struct integral_job {
    const feature_array *image, *integral;
    const plain_kernels *plain;
    const real_kernels *floats;
    ptrdiff_t rows, cols;
    double *starts; /* the sums down to before each block of rows */
    double *sums;   /* ROWS_AT_ONCE rows for each thread */
} integral_job;

static void load_pixels(const integral_job *job, ptrdiff_t y, ptrdiff_t x, ptrdiff_t n,
                        double *to)
{
    const feature_array *image = job->image;
    ptrdiff_t stride = image->strides[1];
    job->plain->load_unscaled_row(row_of(image, y) + x * stride, stride, n,
                                  (feature_dtype)image->dtype, to);
}

static void sum_down(void *context, ptrdiff_t band, int thread)
{
    const integral_job *job = context;
    ptrdiff_t x = band * COLUMNS, n = job->cols - x < COLUMNS ? job->cols - x : COLUMNS;
    double sum[COLUMNS], pixels[COLUMNS];
    (void)thread;
    for (ptrdiff_t y = 0; y < job->rows; y++) {
        if (y % BLOCK_ROWS == 0 && y > 0)
            memcpy(job->starts + y / BLOCK_ROWS * job->cols + x, sum,
                   (size_t)n * sizeof *sum);
        load_pixels(job, y, x, n, y == 0 ? sum : pixels);
        if (y > 0)
            job->plain->add_row(sum, pixels, n, sum);
    }
}

/* A few rows: sums down from the row before, then along, then stored. */
static void sum_rows(const integral_job *job, ptrdiff_t y, ptrdiff_t count,
                     double *rows, double *pixels, double *before)
{
    ptrdiff_t cols = job->cols;
    for (ptrdiff_t k = 0; k < count; k++) {
        double *row = rows + k * cols;
        load_pixels(job, y + k, 0, cols, y + k == 0 ? row : pixels);
        if (y + k > 0)
            job->plain->add_row(k == 0 ? before : row - cols, pixels, cols, row);
    }
    memcpy(before, rows + (count - 1) * cols, (size_t)cols * sizeof *rows);
    job->plain->running_sums(rows, cols, count);
    for (ptrdiff_t k = 0; k < count; k++) {
        float *out = (float *)(void *)row_of(job->integral, y + k + 1);
        out[0] = 0;
        job->floats->narrow_row(rows + k * cols, cols, out + 1);
    }
}

static void sum_block(void *context, ptrdiff_t band, int thread)
{
    const integral_job *job = context;
    ptrdiff_t first = band * BLOCK_ROWS, end = first + BLOCK_ROWS;
    double *rows = job->sums + thread * (ROWS_AT_ONCE + 1) * job->cols;
    double *pixels = rows + ROWS_AT_ONCE * job->cols;
    double *before = job->starts + band * job->cols;
    end = end < job->rows ? end : job->rows;
    for (ptrdiff_t y = first; y < end; y += ROWS_AT_ONCE)
        sum_rows(job, y, end - y < ROWS_AT_ONCE ? end - y : ROWS_AT_ONCE, rows, pixels,
                 before);
}

static feature_status check_integral(const feature_array *integral)
{
    feature_status status = check_array(integral, 2);
    if (status != FEATURE_OK)
        return status;
    if (integral->dtype != FEATURE_FLOAT32)
        return FEATURE_BAD_DTYPE;
    if (integral->shape[0] < 1 || integral->shape[1] < 1 ||
        (integral->shape[1] > 1 && integral->strides[1] != sizeof(float)))
        return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

static void *lease_sums(integral_job *job, ptrdiff_t blocks, int threads)
{
    unsigned char *block = NULL;
    size_t row = (size_t)job->cols * sizeof(double);
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0};
        job->starts = arena_take(&a, (size_t)blocks, row);
        job->sums = arena_take(&a, (size_t)threads * (ROWS_AT_ONCE + 1), row);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return NULL;
    }
    return block;
}

feature_status feature_cascade_integral(const feature_array *image,
                                        const feature_array *integral,
                                        const feature_run *run)
{
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK)
        status = check_integral(integral);
    if (status != FEATURE_OK)
        return status;
    integral_job job = {.image = image, .integral = integral};
    job.rows = image->shape[0];
    job.cols = image->shape[1];
    if (integral->shape[0] != job.rows + 1 || integral->shape[1] != job.cols + 1)
        return FEATURE_BAD_ARGUMENT;
    for (ptrdiff_t y = 0; y <= job.rows; y++)
        memset(row_of(integral, y), 0,
               (size_t)(y == 0 ? job.cols + 1 : 1) * sizeof(float));
    if (is_empty(image))
        return FEATURE_OK;
    job.plain = plain_kernels_in_use();
    job.floats = real_kernels_for(FEATURE_FLOAT32);
    ptrdiff_t blocks = (job.rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    ptrdiff_t bands = (job.cols + COLUMNS - 1) / COLUMNS;
    team t = team_for(run, blocks > bands ? blocks : bands,
                      (double)job.rows * (double)job.cols * NANOSECONDS_PER_PIXEL);
    void *block = lease_sums(&job, blocks, t.threads);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    if (blocks > 1)
        status = team_run(&t, bands, sum_down, &job);
    if (status == FEATURE_OK)
        status = team_run(&t, blocks, sum_block, &job);
    memory_return(block);
    return status;
}

/* ------------------------------------------------------------------------ */
/* Windows                                                                  */
/* ------------------------------------------------------------------------ */

typedef struct detect_job {
    const feature_cascade *cascade;
    const feature_array *integral;
    const plain_kernels *plain;
    cascade_scale scale;
    ptrdiff_t stumps;
    ptrdiff_t step, part, pitch; /* of the copy */
    ptrdiff_t down, right;       /* so many windows along each axis */
    ptrdiff_t band_rows, words;  /* words a row of windows */
    float *packed;
    ptrdiff_t *corners;
    uint64_t *passed;
    uint32_t *lists;
    ptrdiff_t list_length; /* for each thread */
} detect_job;

static void pack_band(void *context, ptrdiff_t band, int thread)
{
    const detect_job *job = context;
    ptrdiff_t first = band * BLOCK_ROWS, end = first + BLOCK_ROWS;
    (void)thread;
    for (ptrdiff_t y = first; y < end && y < job->integral->shape[0]; y++)
        job->plain->cascade_pack((const float *)(void *)row_of(job->integral, y),
                                 job->integral->shape[1], job->step, job->part,
                                 job->packed + y * job->pitch);
}

static void detect_band(void *context, ptrdiff_t band, int thread)
{
    const detect_job *job = context;
    ptrdiff_t first = band * job->band_rows, left = job->down - first;
    job->plain->cascade_windows(
        &job->scale, job->packed + first * job->step * job->pitch,
        left < job->band_rows ? left : job->band_rows, job->step * job->pitch,
        job->right, job->lists + thread * job->list_length,
        job->passed + first * job->words);
}

/* The corners of every stump's blocks, or BAD_ARGUMENT where one leaves the image. */
static feature_status place_corners(detect_job *job, ptrdiff_t number)
{
    const feature_cascade *c = job->cascade;
    ptrdiff_t rows = job->integral->shape[0] - (job->down - 1) * job->step;
    ptrdiff_t cols = job->integral->shape[1] - (job->right - 1) * job->step;
    for (ptrdiff_t k = 0; k < job->stumps; k++) {
        const int32_t *b = c->blocks + 4 * (number * c->features + c->feature[k]);
        if (b[0] < 0 || b[1] < 0 || b[2] < 0 || b[3] < 0 ||
            b[0] + 3 * (ptrdiff_t)b[2] >= rows || b[1] + 3 * (ptrdiff_t)b[3] >= cols)
            return FEATURE_BAD_ARGUMENT;
        for (ptrdiff_t i = 0; i < CORNERS; i++) {
            ptrdiff_t y = b[0] + i / 4 * b[2], x = b[1] + i % 4 * b[3];
            job->corners[CORNERS * k + i] =
                y * job->pitch + x % job->step * job->part + x / job->step;
        }
    }
    return FEATURE_OK;
}

static ptrdiff_t windows_along(ptrdiff_t image, ptrdiff_t window, ptrdiff_t step)
{
    return image > window ? (image - window + step - 1) / step : 0;
}

/* Lays the windows of one scale out; no window where the image is too small. */
static void plan_scale(detect_job *job, ptrdiff_t number)
{
    const int32_t *w = job->cascade->windows + 3 * number;
    ptrdiff_t rows = job->integral->shape[0] - 1, cols = job->integral->shape[1] - 1;
    job->step = w[0];
    job->part = (cols + job->step) / job->step;
    job->pitch = job->part * (job->step < cols + 1 ? job->step : cols + 1);
    job->down = windows_along(rows, w[1], job->step);
    job->right = windows_along(cols, w[2], job->step);
    job->words = (job->right + WORD_BITS - 1) / WORD_BITS;
    ptrdiff_t reach = job->step * job->pitch;
    job->band_rows = WINDOW_ROWS;
    if (reach > OFFSET_AT_MOST / WINDOW_ROWS)
        job->band_rows = 1;
}

/* What the largest scale needs. */
typedef struct detect_sizes {
    ptrdiff_t words, pitch;
    double windows;
} detect_sizes;

static detect_sizes sizes_of(detect_job *job)
{
    detect_sizes most = {0, 0, 0};
    for (ptrdiff_t k = 0; k < job->cascade->scales; k++) {
        plan_scale(job, k);
        ptrdiff_t words = job->down * job->words;
        most.words = words > most.words ? words : most.words;
        most.pitch = job->pitch > most.pitch ? job->pitch : most.pitch;
        most.windows += (double)job->down * (double)job->right;
    }
    return most;
}

static void layout_detection(detect_job *job, const detect_sizes *most, int threads,
                             arena *a)
{
    size_t rows = (size_t)job->integral->shape[0];
    size_t cols = (size_t)job->integral->shape[1];
    size_t pitch = (size_t)most->pitch;
    job->packed = arena_take(a, rows * pitch + 2 * ROW_BLOCK, sizeof *job->packed);
    job->corners = arena_take(a, (size_t)job->stumps * CORNERS, sizeof *job->corners);
    job->passed = arena_take(a, (size_t)most->words, sizeof *job->passed);
    job->list_length = (ptrdiff_t)cols * WINDOW_ROWS + ROW_BLOCK;
    job->lists = arena_take(a, (size_t)threads, (size_t)job->list_length * 4);
}

/* Appends the windows of one scale that passed. */
static ptrdiff_t collect(const detect_job *job, ptrdiff_t number, ptrdiff_t capacity,
                         ptrdiff_t count, int32_t *found)
{
    const int32_t *w = job->cascade->windows + 3 * number;
    for (ptrdiff_t k = 0; k < job->down * job->words; k++)
        for (uint64_t bits = job->passed[k]; bits != 0; bits &= bits - 1, count++) {
            ptrdiff_t x = k % job->words * WORD_BITS + __builtin_ctzll(bits);
            const int32_t one[] = {(int32_t)(k / job->words * job->step),
                                   (int32_t)(x * job->step), w[1], w[2]};
            if (count < capacity)
                memcpy(found + 4 * count, one, sizeof one);
        }
    return count;
}

static feature_status detect_scale(detect_job *job, team *t, ptrdiff_t number,
                                   ptrdiff_t *step_of_copy)
{
    feature_status status = place_corners(job, number);
    if (status == FEATURE_OK && *step_of_copy != job->step) {
        ptrdiff_t bands = (job->integral->shape[0] + BLOCK_ROWS - 1) / BLOCK_ROWS;
        status = team_run(t, bands, pack_band, job);
        *step_of_copy = job->step;
    }
    if (status == FEATURE_OK)
        status = team_run(t, (job->down + job->band_rows - 1) / job->band_rows,
                          detect_band, job);
    return status;
}

/* ------------------------------------------------------------------------ */
/* The call                                                                 */
/* ------------------------------------------------------------------------ */

static feature_status check_cascade(const feature_cascade *c)
{
    if (c == NULL || c->stages < 0 || c->features < 0 || c->scales < 0)
        return FEATURE_BAD_ARGUMENT;
    if ((c->stages > 0 && (!c->ends || !c->thresholds || !c->feature || !c->tables ||
                           !c->leaves || !c->blocks)) ||
        (c->scales > 0 && !c->windows))
        return FEATURE_BAD_ARGUMENT;
    int32_t end = 0;
    for (ptrdiff_t k = 0; k < c->stages; end = c->ends[k++])
        if (c->ends[k] < end)
            return FEATURE_BAD_ARGUMENT;
    for (ptrdiff_t k = 0; k < end; k++)
        if (c->feature[k] < 0 || c->feature[k] >= c->features)
            return FEATURE_BAD_ARGUMENT;
    for (ptrdiff_t k = 0; k < c->scales; k++)
        if (c->windows[3 * k] < 1 || c->windows[3 * k + 1] < 0 ||
            c->windows[3 * k + 2] < 0)
            return FEATURE_BAD_ARGUMENT;
    return FEATURE_OK;
}

/* Runs the scales in turn. */
static feature_status detect_all(detect_job *job, team *t, ptrdiff_t capacity,
                                 int32_t *found, ptrdiff_t *count)
{
    feature_status status = FEATURE_OK;
    ptrdiff_t step_of_copy = 0;
    *count = 0;
    for (ptrdiff_t k = 0; k < job->cascade->scales && status == FEATURE_OK; k++) {
        plan_scale(job, k);
        if (job->down == 0 || job->right == 0)
            continue;
        status = detect_scale(job, t, k, &step_of_copy);
        if (status == FEATURE_OK)
            *count = collect(job, k, capacity, *count, found);
    }
    return status;
}

feature_status feature_cascade_detect(const feature_array *integral,
                                      const feature_cascade *cascade,
                                      ptrdiff_t capacity, int32_t *found,
                                      ptrdiff_t *count, const feature_run *run)
{
    feature_status status = check_integral(integral);
    if (status == FEATURE_OK)
        status = check_cascade(cascade);
    if (status == FEATURE_OK &&
        (count == NULL || capacity < 0 || (capacity > 0 && found == NULL)))
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK)
        return status;
    detect_job job = {.cascade = cascade, .integral = integral};
    job.plain = plain_kernels_in_use();
    job.stumps = cascade->stages > 0 ? cascade->ends[cascade->stages - 1] : 0;
    detect_sizes most = sizes_of(&job);
    team t = team_for(run, integral->shape[0], most.windows * NANOSECONDS_PER_WINDOW);
    arena counting = {NULL, 0};
    layout_detection(&job, &most, t.threads, &counting);
    void *block = counting.used == SIZE_MAX ? NULL : memory_lease(counting.used);
    if (block == NULL)
        return FEATURE_NO_MEMORY;
    arena a = {block, 0};
    layout_detection(&job, &most, t.threads, &a);
    job.scale = (cascade_scale){job.corners,      cascade->tables,
                                cascade->leaves,  cascade->ends,
                                cascade->thresholds, cascade->stages};
    status = detect_all(&job, &t, capacity, found, count);
    memory_return(block);
    return status;
}

/* ------------------------------------------------------------------------ */
/* Groups                                                                   */
/* ------------------------------------------------------------------------ */

/* Windows, by what they add up to. */
typedef struct window_group {
    int64_t sum[4]; /* row, column, height, width */
    int64_t count;
} window_group;

static void mean_of(const window_group *g, int64_t *mean)
{
    for (int i = 0; i < 4; i++)
        mean[i] = g->sum[i] / g->count;
}

static int64_t overlap(int64_t a, int64_t a_length, int64_t b, int64_t b_length)
{
    int64_t first = a > b ? a : b;
    int64_t end = a + a_length < b + b_length ? a + a_length : b + b_length;
    return end > first ? end - first : 0;
}

/* The common area as a part of the smaller one's. */
static float common_part(const int32_t *a, const int64_t *b)
{
    float area_a = (float)((int64_t)a[2] * a[3]), area_b = (float)(b[2] * b[3]);
    float common =
        (float)(overlap(a[0], a[2], b[0], b[2]) * overlap(a[1], a[3], b[1], b[3]));
    return common / (area_b > area_a ? area_a : area_b);
}

static window_group *group_for(window_group *groups, ptrdiff_t count,
                               const int32_t *window, float threshold)
{
    window_group *best = NULL;
    for (ptrdiff_t k = 0; k < count; k++) {
        int64_t mean[4];
        mean_of(&groups[k], mean);
        float part = common_part(window, mean);
        if (part > threshold) {
            best = &groups[k];
            threshold = part;
        }
    }
    return best;
}

static ptrdiff_t write_groups(const window_group *groups, ptrdiff_t groups_count,
                              int64_t least, int32_t *found)
{
    ptrdiff_t written = 0;
    for (ptrdiff_t k = 0; k < groups_count; k++) {
        int64_t mean[4];
        if (groups[k].count < least)
            continue;
        mean_of(&groups[k], mean);
        for (int i = 0; i < 4; i++)
            found[4 * written + i] = (int32_t)mean[i];
        written++;
    }
    return written;
}

feature_status feature_cascade_group(int32_t *found, ptrdiff_t *count, float threshold,
                                     ptrdiff_t least, const feature_run *run)
{
    if (count == NULL || *count < 0 || (*count > 0 && found == NULL))
        return FEATURE_BAD_ARGUMENT;
    if (*count == 0)
        return FEATURE_OK;
    arena counting = {NULL, 0};
    arena_take(&counting, (size_t)*count, sizeof(window_group));
    window_group *groups =
        counting.used == SIZE_MAX ? NULL : memory_lease(counting.used);
    if (groups == NULL)
        return FEATURE_NO_MEMORY;
    feature_status status = FEATURE_OK;
    team t = team_for(run, 1, 0);
    ptrdiff_t groups_count = 0;
    for (ptrdiff_t k = 0; k < *count && status == FEATURE_OK; k++) {
        const int32_t *window = found + 4 * k;
        window_group *g = group_for(groups, groups_count, window, threshold);
        if (g == NULL) {
            g = &groups[groups_count++];
            *g = (window_group){{0}, 0};
        }
        for (int i = 0; i < 4; i++)
            g->sum[i] += window[i];
        g->count++;
        status = team_poll(&t);
    }
    *count = write_groups(groups, groups_count, least, found);
    memory_return(groups);
    return status;
}
