/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of a template with the windows of a tile, directly or by spectra. */
#include "template.h"

#include <string.h>

static void direct_products(match_job *job, match_scratch *s, int thread)
{
    const ptrdiff_t pitch = job->length[2], area = job->length[1] * pitch;
    template_shape t = {job->side[0], job->side[1], job->side[2], area, pitch};
    for (ptrdiff_t p = 0; p < s->count[0]; p++)
        for (ptrdiff_t y = 0; y < s->count[1] && !team_is_stopped(&job->team, thread);
             y++)
            job->plain->template_row(line_in(job, s->shifted, p, y), &t, job->weights,
                                     s->count[2], line_in(job, s->products, p, y));
}

/* Of an odd number of rows one more is made, which the next plane writes over. */
static void byte_products(const match_job *job, match_scratch *s)
{
    const ptrdiff_t pitch = job->length[2], plane = job->length[1] * pitch;
    template_shape t = {job->side[0], job->side[1], job->side[2], plane, pitch};
    for (ptrdiff_t p = 0; p < s->count[0]; p++)
        for (ptrdiff_t y = 0; y < s->count[1]; y += 2)
            job->plain->byte_template_rows(s->bytes + p * plane + y * pitch, &t,
                                           weights_of(job), s->count[2],
                                           s->products + p * plane + y * pitch, pitch);
}

static transform_job turn(const match_job *job, transform_kind kind, int axis)
{
    ptrdiff_t shape[AXES] = {job->length[0], job->length[1], half_of(job)};
    transform_job turning = transform_along(&job->t[axis], kind, shape, AXES, axis);
    turning.scratch = job->turning[axis];
    return turning;
}

static void set_spectrum(transform_side *side, double *real, double *imaginary)
{
    side->real = real;
    side->imaginary = imaginary;
}

/* Rows of real numbers to half a spectrum. */
static transform_job rows_job(const match_job *job, wide *plane, double *real,
                              double *imaginary)
{
    transform_job turning = turn(job, TRANSFORM_REAL, 2);
    turning.in.next = job->length[2];
    turning.in.real = plane;
    set_spectrum(&turning.out, real, imaginary);
    return turning;
}

static transform_job rows_back_job(const match_job *job, double *real,
                                   double *imaginary, wide *plane)
{
    transform_job turning = turn(job, TRANSFORM_REAL_INVERSE, 2);
    turning.out.next = job->length[2];
    turning.out.real = plane;
    set_spectrum(&turning.in, real, imaginary);
    return turning;
}

static transform_job axis_job(const match_job *job, transform_kind kind, int axis,
                              double *real, double *imaginary)
{
    transform_job turning = turn(job, kind, axis);
    set_spectrum(&turning.in, real, imaginary);
    set_spectrum(&turning.out, real, imaginary);
    return turning;
}

static void run_here(team *t, transform_job turning, int thread)
{
    ptrdiff_t blocks = transform_blocks(&turning);
    for (ptrdiff_t k = 0; k < blocks && !team_is_stopped(t, thread); k++)
        transform_band(&turning, k, thread);
}

/* What lies behind the pixels of a tile at the image's end counts as 0. */
static void clear_behind(const match_job *job, const match_scratch *s)
{
    for (ptrdiff_t p = 0; p < job->length[0]; p++)
        for (ptrdiff_t y = 0; y < job->length[1]; y++) {
            ptrdiff_t used = p < s->used[0] && y < s->used[1] ? s->used[2] : 0;
            memset(line_in(job, s->shifted, p, y) + used, 0,
                   (size_t)(job->length[2] - used) * sizeof(wide));
        }
}

static void spectrum_products(match_job *job, match_scratch *s, int thread)
{
    int outer = job->length[0] > 1 ? 0 : 1; /* the last axis on the way there */
    transform_job there_and_back =
        axis_job(job, TRANSFORM_CORRELATE, outer, s->real, s->imaginary);
    there_and_back.with[0] = job->real;
    there_and_back.with[1] = job->imaginary;
    clear_behind(job, s);
    run_here(&job->team, rows_job(job, s->shifted, s->real, s->imaginary), thread);
    if (outer == 0 && job->length[1] > 1)
        run_here(&job->team, axis_job(job, TRANSFORM_FFT, 1, s->real, s->imaginary),
                 thread);
    run_here(&job->team, there_and_back, thread);
    if (outer == 0 && job->length[1] > 1)
        run_here(&job->team,
                 axis_job(job, TRANSFORM_FFT_INVERSE, 1, s->real, s->imaginary),
                 thread);
    run_here(&job->team, rows_back_job(job, s->real, s->imaginary, s->products),
             thread);
}

void template_products(match_job *job, match_scratch *s, int thread)
{
    if (job->way == SPECTRUM)
        spectrum_products(job, s, thread);
    else if (job->way == BYTES)
        byte_products(job, s);
    else
        direct_products(job, s, thread);
}

static feature_status run_team(transform_job turning, team *t)
{
    return team_run(t, transform_blocks(&turning), transform_band, &turning);
}

feature_status template_spectrum(match_job *job, wide *plane, team *t)
{
    memset(plane, 0, (size_t)product(job->length) * sizeof *plane);
    for (ptrdiff_t p = 0; p < job->side[0]; p++)
        for (ptrdiff_t y = 0; y < job->side[1]; y++)
            memcpy(line_in(job, plane, p, y),
                   job->weights + (p * job->side[1] + y) * job->side[2],
                   (size_t)job->side[2] * sizeof *plane);
    feature_status status =
        run_team(rows_job(job, plane, job->real, job->imaginary), t);
    for (int k = 1; status == FEATURE_OK && k >= 0; k--)
        if (job->length[k] > 1)
            status = run_team(
                axis_job(job, TRANSFORM_FFT, k, job->real, job->imaginary), t);
    return status;
}
