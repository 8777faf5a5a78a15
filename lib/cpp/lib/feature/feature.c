/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The library as a whole, and synthesize_matrix, the function it began with. The
 * latter is the shortest complete example of every convention here: check the
 * arrays, plan a team, cut the rows into bands, call a kernel for each row.
 * ARCHITECTURE.md walks through it from Python to the loop and back.
 */
#include "feature.h"

#include "core/array.h"
#include "core/cpu.h"
#include "core/memory.h"
#include "core/threads.h"
#include "kernels/kernels.h"

/* ------------------------------------------------------------------------ */
/* The library                                                              */
/* ------------------------------------------------------------------------ */

const char *feature_version(void)
{
    return FEATURE_VERSION;
}

const char *feature_status_text(feature_status status)
{
    switch (status) {
    case FEATURE_OK:
        return "The call succeeded.";
    case FEATURE_BAD_ARGUMENT:
        return "An argument is null, has a wrong shape or alignment, or is out of "
               "range.";
    case FEATURE_BAD_DTYPE:
        return "The function does not take arrays of this element type.";
    case FEATURE_NO_MEMORY:
        return "There is not enough memory.";
    case FEATURE_INTERRUPTED:
        return "The call was interrupted.";
    }
    return "This is not a status of libfeature.";
}

const char *feature_isa(void)
{
    return cpu_isa();
}

const char *feature_isas(void)
{
    return cpu_isas();
}

int32_t feature_threads(void)
{
    return threads_by_default();
}

const char *feature_threads_source(void)
{
    return threads_source();
}

void feature_release_memory(void)
{
    memory_release();
}

/* ------------------------------------------------------------------------ */
/* NumPy's arrays                                                           */
/* ------------------------------------------------------------------------ */

/* PyArrayInterface, of version 3 of NumPy's array interface. */
typedef struct array_interface {
    int two, ndim;
    char kind;
    int size, flags;
    ptrdiff_t *shape, *strides;
    void *data, *names;
} array_interface;

#define NOT_SWAPPED 0x200

/* A feature_dtype, or -1. */
static int32_t dtype_of(const array_interface *view)
{
    static const char kinds[] = "buiuiuiuifff"; /* of each feature_dtype */
    for (int32_t dtype = FEATURE_BOOL; dtype <= FEATURE_FLOAT64; dtype++)
        if (kinds[dtype] == view->kind && dtype_size(dtype) == view->size)
            return dtype;
    return -1;
}

feature_status feature_describe(feature_pointer_of *pointer_of, void *capsule,
                                feature_array *array)
{
    if (pointer_of == NULL || array == NULL)
        return FEATURE_BAD_ARGUMENT;
    const array_interface *view = pointer_of(capsule, NULL);
    if (view == NULL)
        return FEATURE_BAD_ARGUMENT;
    int32_t dtype = view->flags & NOT_SWAPPED ? dtype_of(view) : -1;
    *array = (feature_array){view->data, view->shape, view->strides, view->ndim, dtype};
    return dtype < 0 ? FEATURE_BAD_DTYPE : FEATURE_OK;
}

/* ------------------------------------------------------------------------ */
/* synthesize_matrix                                                        */
/* ------------------------------------------------------------------------ */

#define BAND_PIXELS (1 << 16)
#define NANOSECONDS_PER_PIXEL 0.1
/* Outputs of this many bytes leave no room in the caches for anything else;
 * stores that go around them are then faster, and slower before. */
#define STREAM_FROM_BYTES 32e6

typedef struct matrix_job {
    const feature_array *in, *out;
    ptrdiff_t rows, cols, band_rows;
    int64_t mid;
    int stream;
} matrix_job;

static void synthesize_band(void *context, ptrdiff_t index, int thread)
{
    const matrix_job *job = context;
    ptrdiff_t first = index * job->band_rows, end = first + job->band_rows;
    (void)thread;
    plain_kernels_in_use()->synthesize_rows(job->in, job->out, first,
                                            end < job->rows ? end : job->rows, job->mid,
                                            job->stream);
}

feature_status feature_synthesize_matrix(const feature_array *in,
                                         const feature_array *out,
                                         const feature_run *run)
{
    feature_status status = check_array(in, 2);
    if (status == FEATURE_OK && in->dtype != FEATURE_UINT8)
        status = FEATURE_BAD_DTYPE;
    if (status == FEATURE_OK)
        status = check_plane(out, FEATURE_FLOAT32, in);
    if (status != FEATURE_OK)
        return status;
    matrix_job job = {.in = in, .out = out, .rows = in->shape[0], .cols = in->shape[1]};
    if (job.rows == 0 || job.cols == 0)
        return FEATURE_OK;
    int64_t size;
    if (__builtin_mul_overflow(job.rows, job.cols, &size))
        return FEATURE_BAD_ARGUMENT;
    job.mid = size / 2;
    job.stream = (double)size * sizeof(float) >= STREAM_FROM_BYTES;
    job.band_rows = BAND_PIXELS / job.cols + 1;
    ptrdiff_t bands = (job.rows + job.band_rows - 1) / job.band_rows;
    team t = team_for(run, bands, (double)size * NANOSECONDS_PER_PIXEL);
    return team_run(&t, bands, synthesize_band, &job);
}

void synthesize_matrix(int row, int col, const uint8_t *in, float *out)
{
    if (row < 0 || col < 0 || in == NULL || out == NULL)
        return;
    const ptrdiff_t shape[2] = {row, col};
    const ptrdiff_t in_strides[2] = {col, 1};
    const ptrdiff_t out_strides[2] = {col * (ptrdiff_t)sizeof(float), sizeof(float)};
    const feature_array from = {(void *)(uintptr_t)in, shape, in_strides, 2,
                                FEATURE_UINT8};
    const feature_array to = {out, shape, out_strides, 2, FEATURE_FLOAT32};
    feature_synthesize_matrix(&from, &to, NULL);
}
