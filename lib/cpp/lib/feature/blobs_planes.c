/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses at one scale: whole planes of doubles, made by filters or boxes. */
#include "blobs.h"

#include <math.h>
#include <string.h>

#include "core/integral.h"
#include "core/memory.h"
#include "core/smooth.h"

#define BAND_ROWS 64
#define BAND_ELEMENTS 8192
#define NANOSECONDS_PER_ELEMENT 10 /* of all scales, at least */

/* ------------------------------------------------------------------------ */
/* Memory                                                                   */
/* ------------------------------------------------------------------------ */

ptrdiff_t blob_largest_radius(const blob_job *job)
{
    ptrdiff_t radius = 0;
    for (ptrdiff_t k = 0; k < blob_gaussians(job) * job->image->ndim; k++) {
        radius = job->smoothing[k].radius > radius ? job->smoothing[k].radius : radius;
        if (job->second != NULL && job->second[k].radius > radius)
            radius = job->second[k].radius;
    }
    return radius;
}

static int is_volume(const blob_job *job)
{
    return job->image->ndim != 2;
}

feature_status blob_planes_open(blob_planes *p, const blob_job *job)
{
    *p = (blob_planes){.job = job, .slots = job->method == BLOB_DOG ? 4 : 3};
    blob_transform_plan(p);
    int extra = is_volume(job) ? 2 : job->method == BLOB_DOH;
    feature_status status = volume_open(
        &p->v, job->image, 0, is_volume(job) ? blob_largest_radius(job) : 0,
        p->slots + extra + p->transform.used,
        NANOSECONDS_PER_ELEMENT * (double)job->scales, job->run);
    if (status != FEATURE_OK)
        return status;
    for (int k = 0; k < p->slots; k++)
        p->slot[k] = volume_plane(&p->v, k);
    if (job->method == BLOB_DOH) {
        p->integral = volume_plane(&p->v, p->slots);
        return integral_image(&p->v.team, job->image, p->integral);
    }
    if (p->transform.used) {
        p->transform.spectrum = volume_plane(&p->v, p->slots + extra);
        status = blob_transform_open(p);
    }
    if (!is_volume(job) || status != FEATURE_OK)
        return status;
    p->spare = volume_plane(&p->v, p->slots + 1);
    return volume_read(&p->v, volume_plane(&p->v, p->slots), &p->image);
}

void blob_planes_close(blob_planes *p)
{
    memory_return(p->transform.memory);
    volume_close(&p->v);
}

/* ------------------------------------------------------------------------ */
/* Images, by rows                                                          */
/* ------------------------------------------------------------------------ */

void blob_rows_plan(blob_rows *rows, const blob_job *job, const feature_array *image,
                    ptrdiff_t scale)
{
    const feature_filter *smooth = job->smoothing + 2 * scale;
    int is_log = job->method == BLOB_LOG;
    *rows = (blob_rows){.job = job, .factor = job->factors[0]};
    for (int k = 0; k < 2; k++)
        rows->terms[0][k] = rows->terms[1][k] = smooth[k];
    if (is_log) {
        rows->terms[0][0] = job->second[2 * scale];
        rows->terms[1][1] = job->second[2 * scale + 1];
        rows->factor = -job->factors[scale];
    }
    for (int k = 0; k < 1 + is_log; k++)
        rows->plan[k] = (smooth_plan){.image = image,
                                      .axis = rows->terms[k],
                                      .plain = job->plain,
                                      .real = job->real};
}

static int terms_of(const blob_rows *rows)
{
    return rows->job->method == BLOB_LOG ? 2 : 1;
}

void blob_rows_layout(row_scratch *s, const blob_rows *rows, arena *a)
{
    size_t pitch = (size_t)row_pitch(rows->plan[0].image->shape[1]);
    for (int k = 0; k < terms_of(rows); k++) {
        smoother_layout(&s->smoother[k], &rows->plan[k], a);
        s->row[k] = arena_take(a, pitch, sizeof(wide));
    }
}

void blob_rows_start(row_scratch *s, const blob_rows *rows, ptrdiff_t first)
{
    for (int k = 0; k < terms_of(rows); k++)
        smoother_start(&s->smoother[k], first);
}

void blob_row(row_scratch *s, const blob_rows *rows, ptrdiff_t y, wide *out,
              wide *previous)
{
    const real_kernels *real = rows->job->real;
    ptrdiff_t n = rows->plan[0].image->shape[1];
    for (int k = 0; k < terms_of(rows); k++)
        smoother_row(&s->smoother[k], y, s->row[k]);
    if (rows->job->method == BLOB_LOG) {
        real->combine_row(s->row[0], s->row[1], 1, rows->factor, n, out);
        return;
    }
    memcpy(out, s->row[0], (size_t)n * sizeof *out);
    if (previous != NULL)
        real->combine_row(previous, out, -1, rows->factor, n, previous);
}

/* One pass makes a plane; DOG: the Gaussian before becomes a difference. */
typedef struct row_pass {
    blob_rows rows;
    wide *out, *previous;
    thread_memory memory;
} row_pass;

static void make_band(void *context, ptrdiff_t index, int thread)
{
    const row_pass *pass = context;
    const blob_job *job = pass->rows.job;
    ptrdiff_t first = index * BAND_ROWS, end = first + BAND_ROWS, n = job->cols;
    row_scratch s;
    arena a = arena_of(&pass->memory, thread);
    blob_rows_layout(&s, &pass->rows, &a);
    blob_rows_start(&s, &pass->rows, first);
    for (ptrdiff_t y = first; y < end && y < job->lines; y++)
        blob_row(&s, &pass->rows, y, pass->out + y * n,
                 pass->previous == NULL ? NULL : pass->previous + y * n);
}

static feature_status make_rows(blob_planes *p, row_pass *pass)
{
    row_scratch counting;
    arena each = {NULL, 0};
    blob_rows_layout(&counting, &pass->rows, &each);
    ptrdiff_t bands = (p->job->lines + BAND_ROWS - 1) / BAND_ROWS;
    return team_run_with(&p->v.team, bands, make_band, pass, &pass->memory, &each);
}

/* ------------------------------------------------------------------------ */
/* Volumes, by passes                                                       */
/* ------------------------------------------------------------------------ */

typedef struct combination {
    const blob_job *job;
    const wide *a, *b;
    double sign, factor;
    wide *out;
} combination;

static void combine_band(void *context, ptrdiff_t index, int thread)
{
    const combination *c = context;
    ptrdiff_t first = index * BAND_ELEMENTS, left = c->job->size - first;
    (void)thread;
    c->job->real->combine_row(c->a + first, c->b == NULL ? NULL : c->b + first, c->sign,
                              c->factor, left < BAND_ELEMENTS ? left : BAND_ELEMENTS,
                              c->out + first);
}

static feature_status combine(blob_planes *p, const wide *a, const wide *b, double sign,
                              double factor, wide *out)
{
    combination c = {p->job, a, b, sign, factor, out};
    return team_run(&p->v.team, (p->job->size + BAND_ELEMENTS - 1) / BAND_ELEMENTS,
                    combine_band, &c);
}

/* All axes of the image filtered; `odd_one` by the filter of `second`, or none (-1). */
static feature_status filter_axes(blob_planes *p, ptrdiff_t scale, int odd_one,
                                  wide *out)
{
    const blob_job *job = p->job;
    int ndim = job->image->ndim;
    feature_status status = FEATURE_OK;
    for (int k = 0; k < ndim && status == FEATURE_OK; k++) {
        const feature_filter *filters = k == odd_one ? job->second : job->smoothing;
        status = volume_filter(&p->v, k, &filters[scale * ndim + k], 0,
                               k == 0 ? p->image : out, out);
    }
    return status;
}

static feature_status laplacian_of_volume(blob_planes *p, ptrdiff_t scale)
{
    wide *out = blob_plane(p, scale);
    int ndim = p->job->image->ndim;
    double factor = -p->job->factors[scale];
    feature_status status = filter_axes(p, scale, 0, out);
    if (ndim == 1 && status == FEATURE_OK)
        return combine(p, out, NULL, 0, factor, out);
    for (int axis = 1; axis < ndim && status == FEATURE_OK; axis++) {
        status = filter_axes(p, scale, axis, p->spare);
        if (status == FEATURE_OK)
            status = combine(p, out, p->spare, 1, axis == ndim - 1 ? factor : 1, out);
    }
    return status;
}

/* ------------------------------------------------------------------------ */
/* Any                                                                      */
/* ------------------------------------------------------------------------ */

static feature_status laplacian(blob_planes *p, ptrdiff_t scale)
{
    const blob_job *job = p->job;
    if (is_volume(job))
        return laplacian_of_volume(p, scale);
    row_pass pass = {.out = blob_plane(p, scale)};
    blob_rows_plan(&pass.rows, job, job->image, scale);
    return make_rows(p, &pass);
}

/* The Gaussian of the next scale, and the difference to it of the one before. */
static feature_status next_gaussian(blob_planes *p)
{
    const blob_job *job = p->job;
    ptrdiff_t scale = p->smoothed++;
    wide *out = blob_plane(p, scale);
    wide *previous = scale > 0 ? blob_plane(p, scale - 1) : NULL;
    if (!is_volume(job)) {
        row_pass pass = {.out = out, .previous = previous};
        blob_rows_plan(&pass.rows, job, job->image, scale);
        return make_rows(p, &pass);
    }
    feature_status status = filter_axes(p, scale, -1, out);
    if (status == FEATURE_OK && previous != NULL)
        status = combine(p, previous, out, -1, job->factors[0], previous);
    return status;
}

typedef struct box_pass {
    const blob_planes *p;
    ptrdiff_t size;
    wide *out;
} box_pass;

static void box_band(void *context, ptrdiff_t index, int thread)
{
    const box_pass *pass = context;
    const blob_job *job = pass->p->job;
    (void)thread;
    wide *row = pass->out + index * job->cols;
    if (pass->size < 1)
        for (ptrdiff_t x = 0; x < job->cols; x++)
            row[x] = NAN;
    else
        job->plain->box_determinant_row(pass->p->integral, job->lines, job->cols,
                                        pass->size, index, row);
    job->real->combine_row(row, NULL, 0, 1, job->cols, row);
}

feature_status blob_planes_make(blob_planes *p, ptrdiff_t scale)
{
    const blob_job *job = p->job;
    feature_status status = FEATURE_OK;
    if (blob_by_transform(p, scale))
        return blob_transform_make(p, scale, blob_plane(p, scale));
    if (job->method == BLOB_LOG)
        return laplacian(p, scale);
    if (job->method == BLOB_DOH) {
        box_pass pass = {p, job->sizes[scale], blob_plane(p, scale)};
        return team_run(&p->v.team, job->lines, box_band, &pass);
    }
    while (p->smoothed <= scale + 1 && status == FEATURE_OK)
        status = next_gaussian(p);
    return status;
}
