/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local binary patterns of bytes with the usual eight samples at radius 1. Codes come
 * from integers (kernels/lbp_bytes.c), and where a slope makes a sample equal to the
 * centre but for rounding, its bit from doubles, as in lbp.c. Tiles are those of lbp.c;
 * a thread holds three rows of one as integers of 16 bits.
 */
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/threads.h"
#include "kernels/kernels.h"
#include "lbp.h"

#define SAMPLES 8
#define SIDE_MOST (1 << 24) /* farther from the origin more than ties are doubtful */
#define PAD 64 /* elements on both sides of a row: a column, and room for a vector */
#define PITCH (PAD + TILE + PAD)
#define NANOSECONDS_PER_PIXEL 0.4

static const double circle[SAMPLES][2] = {
    {0, 1},  {-LBP_DIAGONAL, LBP_DIAGONAL}, {-1, 0}, {-LBP_DIAGONAL, -LBP_DIAGONAL},
    {0, -1}, {LBP_DIAGONAL, -LBP_DIAGONAL}, {1, 0},  {LBP_DIAGONAL, LBP_DIAGONAL}};

typedef struct byte_job {
    const feature_array *image, *out;
    const plain_kernels *kernels;
    const uint8_t *table;
    ptrdiff_t tiles;
    int streamed;
    thread_memory memory;
} byte_job;

/* One thread's buffers for one tile. */
typedef struct byte_tile {
    ptrdiff_t top, end, left, cols;
    int16_t *source; /* three rows, from column -PAD on */
    uint16_t *codes;
    double *numbers; /* or others: a row of the result that is streamed */
} byte_tile;

int lbp_is_of_bytes(const feature_array *image, const feature_array *samples,
                    int32_t method)
{
    if (image->dtype != FEATURE_UINT8 || method == FEATURE_LBP_VAR ||
        samples->shape[0] != SAMPLES || image->shape[0] > SIDE_MOST ||
        image->shape[1] > SIDE_MOST)
        return 0;
    for (ptrdiff_t k = 0; k < SAMPLES; k++)
        for (int axis = 0; axis < 2; axis++) {
            double at;
            memcpy(&at, row_of(samples, k) + axis * samples->strides[1], sizeof at);
            if (at != circle[k][axis])
                return 0;
        }
    return 1;
}

static void layout(byte_tile *t, arena *a)
{
    t->source = arena_take(a, 3, PITCH * sizeof *t->source);
    t->codes = arena_take(a, PITCH, sizeof *t->codes);
    t->numbers = arena_take(a, PITCH, sizeof(double));
}

/* Column 0 of the tile in row y, which may be one beyond the border. */
static int16_t *row_at(const byte_tile *t, ptrdiff_t y)
{
    return t->source + (y + 1) % 3 * PITCH + PAD;
}

/* Row y and a column on both sides; beyond the border is 0, and behind that column. */
static void load_row(const byte_job *job, const byte_tile *t, ptrdiff_t y)
{
    const feature_array *image = job->image;
    int16_t *row = row_at(t, y);
    ptrdiff_t first = t->left > 0 ? -1 : 0;
    ptrdiff_t end = t->left + t->cols < image->shape[1] ? t->cols + 1 : t->cols;
    memset(row - 1, 0, (size_t)(1 + t->cols + PAD) * sizeof *row);
    if (y >= 0 && y < image->shape[0])
        job->kernels->widen_bytes(row_of(image, y) +
                                      (t->left + first) * image->strides[1],
                                  image->strides[1], end - first, row + first);
}

static void make_tile(void *context, ptrdiff_t index, int thread)
{
    const byte_job *job = context;
    const ptrdiff_t rows = job->image->shape[0], cols = job->image->shape[1];
    const feature_dtype dtype = (feature_dtype)job->out->dtype;
    const ptrdiff_t stride = job->out->strides[1];
    arena a = arena_of(&job->memory, thread);
    byte_tile t = {.top = index / job->tiles * BAND_ROWS,
                   .left = index % job->tiles * TILE};
    layout(&t, &a);
    t.end = t.top + BAND_ROWS < rows ? t.top + BAND_ROWS : rows;
    t.cols = t.left + TILE < cols ? TILE : cols - t.left;
    load_row(job, &t, t.top - 1);
    load_row(job, &t, t.top);
    for (ptrdiff_t y = t.top; y < t.end; y++) {
        load_row(job, &t, y + 1);
        const int16_t *around[3] = {row_at(&t, y - 1), row_at(&t, y),
                                    row_at(&t, y + 1)};
        job->kernels->lbp_bytes_row(around, t.cols, (double)y, (double)t.left, t.codes);
        void *to = row_of(job->out, y) + t.left * stride;
        job->kernels->lbp_store_bytes(t.codes, t.cols, job->table, dtype,
                                      job->streamed ? t.numbers : to, stride);
        if (job->streamed)
            job->kernels->stream_bytes(t.numbers, (size_t)(t.cols * stride), to);
    }
}

feature_status lbp_of_bytes(const feature_array *image, const uint8_t *table,
                            const feature_array *out, const feature_run *run)
{
    byte_job job = {.image = image, .out = out, .table = table};
    job.kernels = plain_kernels_in_use();
    job.tiles = (image->shape[1] + TILE - 1) / TILE;
    job.streamed = is_streamed(out, 1);
    ptrdiff_t bands = (image->shape[0] + BAND_ROWS - 1) / BAND_ROWS;
    team t = team_for(run, job.tiles * bands,
                      (double)image->shape[0] * (double)image->shape[1] *
                          NANOSECONDS_PER_PIXEL);
    byte_tile counting;
    arena one = {NULL, 0};
    layout(&counting, &one);
    return team_run_with(&t, job.tiles * bands, make_tile, &job, &job.memory, &one);
}
