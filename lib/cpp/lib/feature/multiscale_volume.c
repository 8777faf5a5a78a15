/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multiscale features of images of one, three or more dimensions (multiscale.c tells
 * what they are).
 *
 * The image is converted to a plane of floats, then each axis is one parallel pass over
 * the planes of all scales: strips of STRIP columns are copied out, summed, and put
 * back; along the last axis STRIP lines are turned into a strip. Then features are
 * made, CHUNK pixels of a line at a time. Kept beside the result: one plane of floats a
 * scale and one of the image, that is 28 bytes a voxel for the six scales by default,
 * whose features in three dimensions are 120.
 */
#include <string.h>

#include "multiscale.h"

#define ELEMENTS_OF_A_BAND 8192
/* Measured; only the break-even of threads depends on them. */
#define NANOSECONDS_PER_TAP 0.1
#define NANOSECONDS_OF_FEATURES 10

typedef struct volume_job {
    multiscale_job *job;
    ptrdiff_t size, lines, longest;
    ptrdiff_t apart[ORDER_AT_MOST];
    float *pixels, **scales;
    int axis; /* under work */
    ptrdiff_t n, inner, blocks, units; /* along it; units of work at one scale */
    ptrdiff_t lines_of_a_band;
    thread_memory memory;
} volume_job;

typedef struct volume_scratch {
    wide *strip, *spare;
    float *sums, *lines; /* STRIP lines */
    chunk_scratch chunk;
} volume_scratch;

/* ------------------------------------------------------------------------ */
/* Buffers                                                                  */
/* ------------------------------------------------------------------------ */

static void layout(volume_scratch *s, const volume_job *volume, arena *a)
{
    const multiscale_job *job = volume->job;
    ptrdiff_t longest = volume->longest + STRIP;
    s->strip = arena_take(a, (size_t)(longest + 2 * job->radius + 2),
                          STRIP * sizeof(wide));
    s->spare = arena_take(a, (size_t)job->cols + ROW_BLOCK, sizeof(wide));
    s->sums = arena_take(a, (size_t)longest, STRIP * sizeof(float));
    s->lines = arena_take(a, STRIP, (size_t)multiscale_pitch(longest) * sizeof(float));
    multiscale_layout(&s->chunk, job, a);
}

static volume_scratch scratch_of(const volume_job *volume, int thread)
{
    volume_scratch s;
    arena a = arena_of(&volume->memory, thread);
    layout(&s, volume, &a);
    return s;
}

/* What all threads share. */
static void layout_shared(volume_job *volume, arena *a)
{
    multiscale_job *job = volume->job;
    job->sobel_weights =
        arena_take(a, (size_t)job->sobel_count, (size_t)job->axes * sizeof(double));
    volume->scales = arena_take(a, (size_t)job->count, sizeof(float *));
    volume->pixels = arena_take(a, (size_t)volume->size, sizeof(float));
    for (ptrdiff_t k = 0; k < job->count; k++) {
        float *plane = arena_take(a, (size_t)volume->size, sizeof(float));
        if (a->base != NULL)
            volume->scales[k] = plane;
    }
}

static feature_status lease(volume_job *volume, int threads, unsigned char **memory)
{
    volume_scratch counting;
    arena each = {NULL, 0}, whole = {NULL, 0};
    layout(&counting, volume, &each);
    volume->memory.each = each.used;
    layout_shared(volume, &whole);
    size_t shared = whole.used;
    arena_take(&whole, (size_t)threads, each.used);
    if (each.used == SIZE_MAX || whole.used == SIZE_MAX)
        return FEATURE_NO_MEMORY;
    *memory = memory_lease(whole.used);
    if (*memory == NULL)
        return FEATURE_NO_MEMORY;
    arena a = {*memory, 0};
    layout_shared(volume, &a);
    volume->memory.base = *memory + shared;
    return FEATURE_OK;
}

/* ------------------------------------------------------------------------ */
/* Passes                                                                   */
/* ------------------------------------------------------------------------ */

static void load_band(void *context, ptrdiff_t index, int thread)
{
    const volume_job *volume = context;
    const multiscale_job *job = volume->job;
    ptrdiff_t first = index * volume->lines_of_a_band, at[DIMENSIONS_AT_MOST];
    ptrdiff_t end = first + volume->lines_of_a_band;
    volume_scratch s = scratch_of(volume, thread);
    for (ptrdiff_t line = first; line < end && line < volume->lines; line++) {
        line_index(job->image, line, at);
        multiscale_load(job, at, 0, job->cols, s.spare,
                        volume->pixels + line * job->cols);
    }
}

/* STRIP columns or fewer along an axis that is not the last. */
static void filter_columns(const volume_job *volume, const feature_filter *filter,
                           const float *in, float *out, ptrdiff_t unit,
                           volume_scratch *s)
{
    ptrdiff_t x = unit % volume->blocks * STRIP, inner = volume->inner, n = volume->n;
    ptrdiff_t start = unit / volume->blocks * n * inner + x;
    ptrdiff_t width = inner - x < STRIP ? inner - x : STRIP;
    wide *first = s->strip + filter->radius * STRIP;
    if (width == STRIP) {
        volume->job->plain->widen_strip(in + start, inner, n, first);
    } else {
        memset(first, 0, (size_t)n * STRIP * sizeof(wide));
        for (ptrdiff_t y = 0; y < n; y++)
            for (ptrdiff_t k = 0; k < width; k++)
                first[y * STRIP + k] = in[start + y * inner + k];
    }
    multiscale_sum_strip(volume->job, filter, s->strip, filter->radius, n, n, s->sums);
    for (ptrdiff_t y = 0; y < n; y++)
        memcpy(out + start + y * inner, s->sums + y * STRIP,
               (size_t)width * sizeof(float));
}

/* STRIP lines or fewer along the last axis. */
static void filter_lines(const volume_job *volume, const feature_filter *filter,
                         const float *in, float *out, ptrdiff_t unit, volume_scratch *s)
{
    const plain_kernels *plain = volume->job->plain;
    ptrdiff_t n = volume->n, pitch = multiscale_pitch(volume->longest + STRIP);
    ptrdiff_t start = unit * STRIP * n, left = volume->lines - unit * STRIP;
    ptrdiff_t count = left < STRIP ? left : STRIP;
    ptrdiff_t whole = (n + STRIP - 1) / STRIP * STRIP;
    memset(s->lines, 0, (size_t)(STRIP * pitch) * sizeof(float));
    for (ptrdiff_t y = 0; y < count; y++)
        memcpy(s->lines + y * pitch, in + start + y * n, (size_t)n * sizeof(float));
    for (ptrdiff_t x = 0; x < whole; x += STRIP)
        plain->turn_tile(s->lines + x, pitch, s->sums + x * STRIP, STRIP);
    plain->widen_strip(s->sums, STRIP, n, s->strip + filter->radius * STRIP);
    multiscale_sum_strip(volume->job, filter, s->strip, filter->radius, n, n, s->sums);
    for (ptrdiff_t x = 0; x < whole; x += STRIP)
        plain->turn_tile(s->sums + x * STRIP, STRIP, s->lines + x, pitch);
    for (ptrdiff_t y = 0; y < count; y++)
        memcpy(out + start + y * n, s->lines + y * pitch, (size_t)n * sizeof(float));
}

/* A unit of work at one scale, the largest ones first. */
static void filter_unit(void *context, ptrdiff_t index, int thread)
{
    const volume_job *volume = context;
    const multiscale_job *job = volume->job;
    ptrdiff_t scale = job->count - 1 - index / volume->units;
    float *plane = volume->scales[scale];
    const float *in = volume->axis == 0 ? volume->pixels : plane;
    volume_scratch s = scratch_of(volume, thread);
    (volume->axis == job->axes - 1 ? filter_lines : filter_columns)(
        volume, &job->parameters->scales[scale], in, plane, index % volume->units, &s);
}

static feature_status filter_axis(volume_job *volume, int axis, team *t)
{
    const feature_array *image = volume->job->image;
    volume->axis = axis;
    volume->n = image->shape[axis];
    volume->inner = volume->apart[axis];
    volume->blocks = (volume->inner + STRIP - 1) / STRIP;
    volume->units = axis == image->ndim - 1
                        ? (volume->lines + STRIP - 1) / STRIP
                        : volume->size / volume->n / volume->inner * volume->blocks;
    return team_run(t, volume->units * volume->job->count, filter_unit, volume);
}

static void features_of_band(void *context, ptrdiff_t index, int thread)
{
    const volume_job *volume = context;
    const multiscale_job *job = volume->job;
    ptrdiff_t first = index * volume->lines_of_a_band, at[DIMENSIONS_AT_MOST];
    ptrdiff_t end = first + volume->lines_of_a_band, corner[ORDER_AT_MOST] = {0};
    volume_scratch s = scratch_of(volume, thread);
    smoothed_part part = {volume->scales, volume->apart, corner};
    for (ptrdiff_t line = first; line < end && line < volume->lines; line++) {
        line_index(job->image, line, at);
        for (ptrdiff_t x = 0; x < job->cols; x += CHUNK) {
            at[job->axes - 1] = x;
            multiscale_make_chunk(job, &part, &s.chunk, at,
                                  job->cols - x < CHUNK ? job->cols - x : CHUNK);
        }
    }
}

/* ------------------------------------------------------------------------ */
/* The call                                                                 */
/* ------------------------------------------------------------------------ */

static feature_status measure(volume_job *volume)
{
    const feature_array *image = volume->job->image;
    volume->size = 1;
    for (int axis = image->ndim - 1; axis >= 0; axis--) {
        ptrdiff_t n = image->shape[axis];
        volume->apart[axis] = volume->size;
        if (__builtin_mul_overflow(volume->size, n, &volume->size))
            return FEATURE_NO_MEMORY;
        volume->longest = n > volume->longest ? n : volume->longest;
    }
    volume->lines = volume->size / volume->job->cols;
    volume->lines_of_a_band = 1 + ELEMENTS_OF_A_BAND / volume->job->cols;
    ptrdiff_t most = PTRDIFF_MAX / (4 * STRIP * (ptrdiff_t)sizeof(wide));
    return volume->longest > most / 2 || volume->job->radius > most / 4
               ? FEATURE_NO_MEMORY
               : FEATURE_OK;
}

static double nanoseconds(const volume_job *volume)
{
    double each = 0;
    for (ptrdiff_t k = 0; k < volume->job->count; k++)
        each += NANOSECONDS_OF_FEATURES +
                volume->job->axes * NANOSECONDS_PER_TAP *
                    (double)volume->job->parameters->scales[k].radius;
    return (double)volume->size * each;
}

feature_status multiscale_of_volume(multiscale_job *job, const feature_run *run)
{
    volume_job volume = {.job = job};
    feature_status status = measure(&volume);
    if (status != FEATURE_OK)
        return status;
    ptrdiff_t bands =
        (volume.lines + volume.lines_of_a_band - 1) / volume.lines_of_a_band;
    ptrdiff_t most = volume.size / STRIP + 1; /* units of a pass */
    team t = team_for(run, most, nanoseconds(&volume));
    unsigned char *memory = NULL;
    status = lease(&volume, t.threads, &memory);
    if (status == FEATURE_OK) {
        multiscale_weigh_lines(job);
        status = team_run(&t, bands, load_band, &volume);
    }
    for (int axis = 0; status == FEATURE_OK && axis < job->axes; axis++)
        status = filter_axis(&volume, axis, &t);
    if (status == FEATURE_OK)
        status = team_run(&t, bands, features_of_band, &volume);
    memory_return(memory);
    return status;
}
