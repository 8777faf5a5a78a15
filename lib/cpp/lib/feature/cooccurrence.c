/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Co-occurrence matrices of grey levels.
 *
 * R. Haralick, K. Shanmugam, I. Dinstein, "Textural Features for Image Classification",
 * IEEE Transactions on Systems, Man, and Cybernetics 3 (1973), 610-621. The matrix of
 * an offset counts in row i and column j how often level j stands at that offset from
 * level i. Rows point down, so that an angle of pi/2 (which makes the offset one row
 * down) is what scikit-image counts there. Pairs that leave the image do not count.
 *
 * Offsets are looked at before pixels are. Two that are equal share a table, as do two
 * that are opposite: the matrix of the one is the transpose of the other's. What is
 * left is counted in tables of its own, four offsets in one loop, so that one
 * increment need not wait for the one before, and so that the first pixel of a pair is
 * read once for all four. A table of 256 levels takes 256 KiB; of a photograph's only
 * the cells near the diagonal are used, which the first cache holds.
 *
 * The unit of work is a group of four tables on a part of the rows. The number of parts
 * depends on the sizes alone, and counts are integers: the result does not depend on
 * the threads. Then blocks of rows of the matrices are written, once, in their final
 * order: the parts are added, transposed tables too where the matrix is symmetric, and
 * the sum is divided by the number of pairs, which is known. A result too large for the
 * caches is made a block of cells at a time, which are sent past them.
 *
 * Tables are kept for as many offsets at a time as 12 MiB hold; the next are counted in
 * the same memory. Above LEVELS_IN_TABLES even one table is large, and in small windows
 * a table would have many cells to a pair: there pairs are counted where the result
 * stands.
 *
 * Cost: one load and one increment a pair, then a write of the whole result, which at
 * 256 levels weighs as much as 512 x 512 pixels do.
 */
#include <stdatomic.h>
#include <string.h>

#include "core/array.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define LEVELS_IN_TABLES 512
#define CELLS_OF_FEW_PAIRS 4 /* of a table, to each pixel: then it is not worth it */
#define TABLES_AT_ONCE ((ptrdiff_t)12 << 20) /* bytes */
#define PLANES_AT_ONCE 64
#define TABLES_AT_MOST 256
#define TABLE_GAP 16 /* counts; neighbours must not meet in one set of a cache */
#define PARTS_AT_MOST 8
#define BLOCK_ROWS 8
#define CELLS_AT_ONCE 64 /* of all planes, on their way past the caches */
#define NANOSECONDS_PER_PAIR 0.4

/* One matrix of the result: which table, whether turned, and the number of pairs. */
typedef struct plane {
    ptrdiff_t table;
    int turned;
    double sum;
} plane;

typedef struct count_job {
    const feature_array *image, *offsets, *matrix;
    const plain_kernels *kernels;
    ptrdiff_t size, levels, count; /* of a pixel, of the matrix, of planes */
    int symmetric;
    _Atomic int refused;
    /* The planes and tables of one batch. */
    ptrdiff_t first, planes, tables, groups, parts, part_rows, table_size;
    plane *plane;
    pair_offset *offset;
    uint32_t *table;
    int streamed;
    thread_memory memory;
} count_job;

/* ------------------------------------------------------------------------ */
/* Checks                                                                   */
/* ------------------------------------------------------------------------ */

static int is_integer(int32_t dtype)
{
    return dtype >= FEATURE_BOOL && dtype <= FEATURE_INT64;
}

static uint64_t largest_grey(const count_job *job)
{
    int bits = 8 * (int)job->size;
    int is_signed = job->image->dtype == FEATURE_INT8 ||
                    job->image->dtype == FEATURE_INT16 ||
                    job->image->dtype == FEATURE_INT32 ||
                    job->image->dtype == FEATURE_INT64;
    return UINT64_MAX >> (64 - bits + is_signed);
}

static feature_status check_arguments(const feature_array *image,
                                      const feature_array *offsets,
                                      const feature_array *matrix)
{
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK)
        status = check_array(offsets, 2);
    if (status == FEATURE_OK)
        status = check_array(matrix, 4);
    if (status != FEATURE_OK)
        return status;
    if (!is_integer(image->dtype) || offsets->dtype != FEATURE_INT64 ||
        (matrix->dtype != FEATURE_UINT32 && matrix->dtype != FEATURE_FLOAT64))
        return FEATURE_BAD_DTYPE;
    ptrdiff_t stride = dtype_size(matrix->dtype);
    int fits = offsets->shape[1] == 2 && matrix->shape[0] == matrix->shape[1] &&
               offsets->shape[0] == matrix->shape[2] * matrix->shape[3];
    for (int axis = 3; axis >= 0 && fits && !is_empty(matrix); axis--) {
        fits = matrix->shape[axis] == 1 || matrix->strides[axis] == stride;
        stride *= matrix->shape[axis];
    }
    return fits ? FEATURE_OK : FEATURE_BAD_ARGUMENT;
}

#define GREY_ROWS 64

static void check_greys(void *context, ptrdiff_t band, int thread)
{
    count_job *job = context;
    const feature_array *image = job->image;
    ptrdiff_t end = (band + 1) * GREY_ROWS;
    uint64_t most = 0;
    (void)thread;
    for (ptrdiff_t y = band * GREY_ROWS; y < end && y < image->shape[0]; y++)
        job->kernels->greatest_grey(row_of(image, y), image->strides[1],
                                    image->shape[1], job->size, &most);
    if (most >= (uint64_t)job->levels || most > largest_grey(job))
        atomic_store_explicit(&job->refused, 1, memory_order_relaxed);
}

/* Every pixel must be a level: they are indices of the tables. */
static feature_status check_pixels(count_job *job, const feature_run *run)
{
    uint64_t most = largest_grey(job);
    if (job->size == 1 && most < (uint64_t)job->levels && most == UINT8_MAX)
        return FEATURE_OK;
    ptrdiff_t bands = (job->image->shape[0] + GREY_ROWS - 1) / GREY_ROWS;
    team t = team_for(run, bands,
                      (double)job->image->shape[0] * (double)job->image->shape[1] *
                          (double)job->size * 0.05);
    feature_status status = team_run(&t, bands, check_greys, job);
    return status == FEATURE_OK && atomic_load(&job->refused) ? FEATURE_BAD_ARGUMENT
                                                              : status;
}

/* ------------------------------------------------------------------------ */
/* Which tables make which planes                                           */
/* ------------------------------------------------------------------------ */

/* Within the image's sides, where nothing lies at an offset of the whole side. */
static ptrdiff_t limited(int64_t offset, ptrdiff_t side)
{
    return offset > side ? side : offset < -side ? -side : (ptrdiff_t)offset;
}

/* Plane k's offset, downwards; whether it had to be turned round for that. */
static pair_offset offset_of(const count_job *job, ptrdiff_t k, int *turned)
{
    const unsigned char *at = row_of(job->offsets, k);
    int64_t down, right;
    memcpy(&down, at, sizeof down);
    memcpy(&right, at + job->offsets->strides[1], sizeof right);
    pair_offset o = {limited(down, job->image->shape[0]),
                     limited(right, job->image->shape[1])};
    *turned = o.down < 0 || (o.down == 0 && o.right < 0);
    if (*turned)
        o = (pair_offset){-o.down, -o.right};
    return o;
}

static double pairs_at(const count_job *job, pair_offset o)
{
    ptrdiff_t right = o.right < 0 ? -o.right : o.right;
    double pairs = (double)(job->image->shape[0] - o.down) *
                   (double)(job->image->shape[1] - right);
    return job->symmetric ? 2 * pairs : pairs;
}

static ptrdiff_t find_table(const count_job *job, pair_offset o)
{
    for (ptrdiff_t k = 0; k < job->tables; k++)
        if (job->offset[k].down == o.down && job->offset[k].right == o.right)
            return k;
    return job->tables;
}

/* Whole groups, as a rule. */
static ptrdiff_t tables_at_once(const count_job *job)
{
    ptrdiff_t counts = TABLES_AT_ONCE / (ptrdiff_t)sizeof(uint32_t);
    ptrdiff_t most = counts / (job->levels * job->levels);
    most = most < TABLES_AT_MOST ? most : TABLES_AT_MOST;
    if (most > PAIRS_AT_ONCE)
        most -= most % PAIRS_AT_ONCE;
    return most < job->count ? most : job->count;
}

/* The planes from `first` on whose tables find room. */
static void plan_batch(count_job *job, ptrdiff_t first)
{
    job->first = first;
    job->planes = job->tables = 0;
    for (ptrdiff_t k = first; k < job->count && job->planes < PLANES_AT_ONCE; k++) {
        plane *p = &job->plane[job->planes];
        pair_offset o = offset_of(job, k, &p->turned);
        p->table = find_table(job, o);
        if (p->table == job->tables) {
            if (job->tables == tables_at_once(job))
                break;
            job->offset[job->tables++] = o;
        }
        p->sum = pairs_at(job, o);
        p->sum = p->sum > 0 ? p->sum : 1;
        job->planes++;
    }
    job->groups = (job->tables + PAIRS_AT_ONCE - 1) / PAIRS_AT_ONCE;
}

/* More parts where there are few groups and many pixels to a cell of a table. */
static void plan_parts(count_job *job)
{
    double pixels = (double)job->image->shape[0] * (double)job->image->shape[1];
    double worth = pixels / (2.0 * (double)job->levels * (double)job->levels);
    ptrdiff_t parts =
        PARTS_AT_MOST / ((job->count + PAIRS_AT_ONCE - 1) / PAIRS_AT_ONCE);
    parts = (double)parts < worth ? parts : (ptrdiff_t)worth;
    job->parts = parts > 1 ? parts : 1;
    job->part_rows = (job->image->shape[0] + job->parts - 1) / job->parts;
}

static uint32_t *table_of(const count_job *job, ptrdiff_t table, ptrdiff_t part)
{
    return job->table + (part * tables_at_once(job) + table) * job->table_size;
}

/* ------------------------------------------------------------------------ */
/* Counting and writing                                                     */
/* ------------------------------------------------------------------------ */

static void count_item(void *context, ptrdiff_t item, int thread)
{
    const count_job *job = context;
    ptrdiff_t part = item / job->groups, first = item % job->groups * PAIRS_AT_ONCE;
    ptrdiff_t begin = part * job->part_rows, end = begin + job->part_rows;
    uint32_t *tables[PAIRS_AT_ONCE];
    int count = 0;
    (void)thread;
    for (; count < PAIRS_AT_ONCE && first + count < job->tables; count++) {
        tables[count] = table_of(job, first + count, part);
        memset(tables[count], 0, (size_t)job->table_size * sizeof **tables);
    }
    end = end < job->image->shape[0] ? end : job->image->shape[0];
    job->kernels->count_pairs(job->image, job->size, begin, end, job->offset + first,
                              count, job->levels, tables);
}

/* Rows `first` to before `end` of one plane, made in `buffer` where no table holds
 * them as they are. */
static const uint32_t *plane_rows(const count_job *job, const plane *p, ptrdiff_t first,
                                  ptrdiff_t end, uint32_t *buffer)
{
    ptrdiff_t n = (end - first) * job->levels, levels = job->levels;
    if (job->parts == 1 && !p->turned && !job->symmetric)
        return table_of(job, p->table, 0) + first * levels;
    memset(buffer, 0, (size_t)n * sizeof *buffer);
    for (ptrdiff_t part = 0; part < job->parts; part++) {
        const uint32_t *table = table_of(job, p->table, part);
        if (job->symmetric || !p->turned)
            job->kernels->add_counts(table + first * levels, n, buffer);
        if (job->symmetric || p->turned)
            job->kernels->add_turned_counts(table + first, levels, end - first, levels,
                                            buffer);
    }
    return buffer;
}

/* One thread's buffers: BLOCK_ROWS of each plane, and CELLS_AT_ONCE of all. */
typedef struct write_scratch {
    uint32_t *rows;
    void *cells;
} write_scratch;

static void layout(write_scratch *s, const count_job *job, arena *a)
{
    ptrdiff_t planes = job->count < PLANES_AT_ONCE ? job->count : PLANES_AT_ONCE;
    s->rows =
        arena_take(a, (size_t)(planes * BLOCK_ROWS * job->levels), sizeof *s->rows);
    s->cells = arena_take(a, (size_t)(planes * CELLS_AT_ONCE), sizeof(double));
}

/* `n` cells of all planes of the batch, from where `rows` point on. */
static void write_cells(const count_job *job, const uint32_t *const *rows,
                        const double *sums, ptrdiff_t n, void *out)
{
    if (job->matrix->dtype == FEATURE_UINT32)
        job->kernels->write_counts(rows, job->planes, n, job->count, out);
    else
        job->kernels->write_frequencies(rows, sums, job->planes, n, job->count, out);
}

static void write_block(void *context, ptrdiff_t block, int thread)
{
    const count_job *job = context;
    ptrdiff_t first = block * BLOCK_ROWS, end = first + BLOCK_ROWS, n = job->levels;
    ptrdiff_t step = job->streamed ? CELLS_AT_ONCE : n;
    ptrdiff_t item = dtype_size(job->matrix->dtype);
    const uint32_t *rows[PLANES_AT_ONCE];
    double sums[PLANES_AT_ONCE];
    write_scratch s;
    arena a = arena_of(&job->memory, thread);
    layout(&s, job, &a);
    end = end < n ? end : n;
    for (ptrdiff_t k = 0; k < job->planes; k++) {
        rows[k] =
            plane_rows(job, &job->plane[k], first, end, s.rows + k * n * BLOCK_ROWS);
        sums[k] = job->plane[k].sum;
    }
    unsigned char *out = (unsigned char *)job->matrix->data + job->first * item;
    for (ptrdiff_t cell = first * n; cell < end * n; cell += step) {
        ptrdiff_t cells = end * n - cell < step ? end * n - cell : step;
        unsigned char *to = out + cell * job->count * item;
        write_cells(job, rows, sums, cells, job->streamed ? s.cells : to);
        if (job->streamed)
            job->kernels->stream_bytes(s.cells, (size_t)(cells * job->count * item),
                                       to);
        for (ptrdiff_t k = 0; k < job->planes; k++)
            rows[k] += cells;
    }
}

static feature_status lease(count_job *job, int threads)
{
    unsigned char *block = NULL;
    ptrdiff_t planes = job->count < PLANES_AT_ONCE ? job->count : PLANES_AT_ONCE;
    ptrdiff_t tables = tables_at_once(job);
    write_scratch counting;
    for (int pass = 0; pass < 2; pass++) {
        arena a = {block, 0}, one = {NULL, 0};
        layout(&counting, job, &one);
        job->memory.each = one.used;
        job->plane = arena_take(&a, (size_t)planes, sizeof *job->plane);
        job->offset = arena_take(&a, (size_t)tables, sizeof *job->offset);
        job->table = arena_take(&a, (size_t)(tables * job->parts * job->table_size),
                                sizeof *job->table);
        job->memory.base = arena_take(&a, (size_t)threads, one.used);
        if (pass == 0 && (a.used == SIZE_MAX || (block = memory_lease(a.used)) == NULL))
            return FEATURE_NO_MEMORY;
    }
    return FEATURE_OK;
}

static feature_status count_in_tables(count_job *job, const feature_run *run)
{
    plan_parts(job);
    job->table_size = job->levels * job->levels + TABLE_GAP;
    ptrdiff_t blocks = (job->levels + BLOCK_ROWS - 1) / BLOCK_ROWS;
    ptrdiff_t items = job->parts * ((job->count + PAIRS_AT_ONCE - 1) / PAIRS_AT_ONCE);
    double pairs = (double)job->image->shape[0] * (double)job->image->shape[1] *
                   (double)job->count;
    double cells = (double)job->levels * (double)job->levels * (double)job->count;
    team t = team_for(run, blocks > items ? blocks : items,
                      (pairs + cells) * NANOSECONDS_PER_PAIR);
    feature_status status = lease(job, t.threads);
    if (status != FEATURE_OK)
        return status;
    for (ptrdiff_t k = 0; k < job->count && status == FEATURE_OK; k += job->planes) {
        plan_batch(job, k);
        job->streamed = job->planes == job->count && is_streamed(job->matrix, 1);
        status = team_run(&t, job->groups * job->parts, count_item, job);
        if (status == FEATURE_OK)
            status = team_run(&t, blocks, write_block, job);
    }
    memory_return(job->plane);
    return status;
}

/* ------------------------------------------------------------------------ */
/* Many levels                                                              */
/* ------------------------------------------------------------------------ */

static void count_plane_in_place(void *context, ptrdiff_t k, int thread)
{
    const count_job *job = context;
    int turned;
    pair_offset o = offset_of(job, k, &turned);
    count_plane p = {.levels = job->levels, .pitch = job->count};
    double sum = pairs_at(job, o);
    (void)thread;
    if (job->matrix->dtype == FEATURE_UINT32)
        p.counts = (uint32_t *)job->matrix->data + k;
    else
        p.frequencies = (double *)job->matrix->data + k;
    for (ptrdiff_t y = 0; y < job->image->shape[0] - o.down; y++)
        job->kernels->count_pairs_in_place(job->image, job->size, y, &o, turned, &p);
    for (ptrdiff_t i = 0; i < p.levels && (job->symmetric || p.frequencies); i++)
        job->kernels->finish_in_place(&p, i, job->symmetric, sum > 0 ? sum : 1);
}

static feature_status count_in_place(count_job *job, int zeroed, const feature_run *run)
{
    double pairs = (double)job->image->shape[0] * (double)job->image->shape[1] *
                   (double)job->count;
    team t = team_for(run, job->count, 10 * pairs);
    if (!zeroed)
        memset(job->matrix->data, 0,
               (size_t)(job->levels * job->levels * job->count) *
                   (size_t)dtype_size(job->matrix->dtype));
    return team_run(&t, job->count, count_plane_in_place, job);
}

/* Plain counts of small windows are not; others must be worked over once more. */
static int is_in_tables(const count_job *job)
{
    ptrdiff_t cells = job->levels * job->levels;
    ptrdiff_t pixels = job->image->shape[0] * job->image->shape[1];
    int is_plain = job->matrix->dtype == FEATURE_UINT32 && !job->symmetric;
    return job->levels <= LEVELS_IN_TABLES &&
           !(is_plain && pixels < cells / CELLS_OF_FEW_PAIRS);
}

feature_status feature_graycomatrix(const feature_array *image,
                                    const feature_array *offsets, int32_t symmetric,
                                    int32_t zeroed, const feature_array *matrix,
                                    const feature_run *run)
{
    feature_status status = check_arguments(image, offsets, matrix);
    if (status != FEATURE_OK)
        return status;
    count_job job = {.image = image, .offsets = offsets, .matrix = matrix};
    job.kernels = plain_kernels_in_use();
    job.size = dtype_size(image->dtype);
    job.levels = matrix->shape[0];
    job.count = offsets->shape[0];
    job.symmetric = symmetric != 0;
    status = check_pixels(&job, run);
    if (status != FEATURE_OK || is_empty(matrix))
        return status;
    return is_in_tables(&job) ? count_in_tables(&job, run)
                              : count_in_place(&job, zeroed, run);
}
