/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Corner points: FAST and Moravec, a response for each pixel.
 *
 * FAST. E. Rosten and T. Drummond, "Machine Learning for High-Speed Corner Detection",
 * ECCV 2006. A pixel is a corner when `arc` neighbours in a row, on the circle of 16 at
 * distance 3, are all brighter than it by more than the threshold or all darker. The
 * response is the sum of the absolute differences of all 16; the outermost three
 * pixels have none. A vector of bytes is looked at together: the maximum of all arcs of
 * the minimum of their pixels is bright or none is. Four pixels a quarter apart come
 * first: where they cannot lie on an arc, the rest is not read. For each of the 256
 * centres the bounds are found once with the reference's own expressions. Reals of 0 to
 * 1 are looked at as bytes first (core/fast.h).
 *
 * Moravec. H. Moravec, "Obstacle avoidance and navigation in the real world by a
 * seeing robot rover", 1980. The window around a pixel is compared with the same moved
 * along both axes; moves along one axis only are left out, as in scikit-image.
 *
 * Integers are scaled to [0, 1] or [-1, 1]. float16 and float32 are computed in
 * float32, all others in float64. Bands of rows are units of work; rows that cannot be
 * read in place are converted band by band.
 */
#include <string.h>

#include "core/array.h"
#include "core/fast.h"
#include "core/memory.h"
#include "core/pieces.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define BAND_ROWS 32
#define STREAMED_BYTES ((ptrdiff_t)1 << 20) /* of Moravec's rows, at most */
#define STREAMED_ROWS 8 /* at least: fewer together cost more than streaming saves */
/* Of Moravec's pixels, between questions whether to stop; and the fewest columns. */
#define NANOSECONDS_TOGETHER 5e6
#define PIECE_LEAST 8

/* ------------------------------------------------------------------------ */
/* Rows                                                                     */
/* ------------------------------------------------------------------------ */

/* An image whose rows are read as reals, or as bytes where `bytes` is set. */
typedef struct source {
    piece_source pieces;
    ptrdiff_t rows, cols, item, halo;
    int direct, bytes;
} source;

static source source_of(const feature_array *image, ptrdiff_t halo, int bytes)
{
    piece_source pieces = piece_source_of(image);
    source s = {.pieces = pieces,
                .rows = image->shape[0],
                .cols = image->shape[1],
                .item = bytes ? 1 : pieces.item,
                .halo = halo,
                .direct = pieces.direct,
                .bytes = bytes};
    if (bytes)
        s.direct = s.cols == 1 || image->strides[1] == 1;
    return s;
}

/* Is any pixel so far inside that what it looks at is there? Else nothing is read. */
static int has_inside(const source *s)
{
    return 2 * s->halo < s->rows && 2 * s->halo < s->cols;
}

/* One thread's buffers. */
typedef struct row_buffer {
    const void **rows, **shifted; /* of a band and its halo, of some columns of it */
    unsigned char *block;
    wide *wide_row;
    double *response; /* or floats: rows that are streamed */
    fast_rows fast;
} row_buffer;

/* Makes rows `first` - halo to `end` + halo, as far as there are such, readable. */
static void read_rows(const source *s, row_buffer *b, ptrdiff_t first, ptrdiff_t end)
{
    const feature_array *image = s->pieces.image;
    for (ptrdiff_t y = first - s->halo; y < end + s->halo; y++) {
        ptrdiff_t slot = y - (first - s->halo);
        if (y < 0 || y >= s->rows)
            continue;
        b->rows[slot] = row_of(image, y);
        if (s->direct)
            continue;
        unsigned char *to = b->block + slot * s->cols * s->item;
        b->rows[slot] = to;
        if (s->bytes)
            for (ptrdiff_t x = 0; x < s->cols; x++)
                to[x] = row_of(image, y)[x * image->strides[1]];
        else
            read_piece(&s->pieces, y, 0, s->cols, b->wide_row, to);
    }
}

/* ------------------------------------------------------------------------ */
/* Responses                                                                */
/* ------------------------------------------------------------------------ */

typedef struct response_job {
    source s;
    const feature_array *response;
    ptrdiff_t window; /* Moravec's; 0 with a rule: FAST's */
    const fast_rule *rule;
    ptrdiff_t streamed; /* so many rows together, or 0 */
    ptrdiff_t together, piece; /* Moravec's rows and columns that are made at a time */
    team team;
    thread_memory memory;
    ptrdiff_t bands;
} response_job;

static void layout_rows(row_buffer *b, const response_job *job, arena *a)
{
    const source *s = &job->s;
    size_t rows = BAND_ROWS + 2 * (size_t)s->halo, cols = (size_t)s->cols;
    int fast = job->rule != NULL;
    b->rows = arena_take(a, rows, sizeof *b->rows);
    b->shifted = arena_take(a, rows, sizeof *b->shifted);
    b->block =
        arena_take(a, s->direct || !has_inside(s) ? 0 : rows, cols * (size_t)s->item);
    b->wide_row = arena_take(a, cols + ROW_BLOCK, sizeof(wide));
    b->response = arena_take(a, (size_t)job->streamed * cols, sizeof *b->response);
    fast_layout(&b->fast, s->cols, fast && s->bytes, fast && !s->bytes, a);
}

static feature_status check_response(const feature_array *image,
                                     const feature_array *response)
{
    feature_status status = check_array(image, 2);
    if (status == FEATURE_OK)
        status = check_plane(response, storage_type(image), image);
    if (status == FEATURE_OK && image->shape[1] > 1 && image->shape[0] > 0 &&
        response->strides[1] != dtype_size(response->dtype))
        return FEATURE_BAD_ARGUMENT;
    return status;
}

/* Of rows around row y, which is the first one or follows the one before. */
static void fast_row(const response_job *job, row_buffer *b, const void *const *rows,
                     ptrdiff_t y, int follows, void *to)
{
    const source *s = &job->s;
    void *out = job->streamed ? b->response : to;
    size_t size = (size_t)(s->cols * dtype_size(job->response->dtype));
    if (s->bytes)
        fast_respond_bytes(&b->fast, s->pieces.plain, rows, job->rule, out);
    else
        fast_respond_reals(&b->fast, s->pieces.plain, s->pieces.real, rows, y, follows,
                           job->rule, out);
    if (job->streamed)
        s->pieces.plain->stream_bytes(out, size, to);
}

/* Zeros on both sides of a row, where Moravec has no response, or in all of it. */
static void clear_row(const response_job *job, void *row, int all)
{
    ptrdiff_t cols = job->s.cols, sides = all ? cols : job->s.halo;
    size_t item = (size_t)dtype_size(job->response->dtype);
    unsigned char *first = row;
    sides = 2 * sides < cols ? sides : cols;
    memset(first, 0, (size_t)sides * item);
    memset(first + (size_t)(cols - sides) * item, 0, (size_t)sides * item);
}

/* `count` rows, piece by piece. */
static void moravec_pieces(response_job *job, const row_buffer *b,
                           const void *const *rows, ptrdiff_t count, unsigned char *out,
                           ptrdiff_t stride, int thread)
{
    const source *s = &job->s;
    ptrdiff_t inside = s->cols - 2 * s->halo;
    for (ptrdiff_t x = 0; x < inside; x += job->piece) {
        ptrdiff_t n = inside - x < job->piece ? inside - x : job->piece;
        for (ptrdiff_t k = 0; k < count + 2 * s->halo; k++)
            b->shifted[k] = (const unsigned char *)rows[k] + x * s->item;
        if (team_is_stopped(&job->team, thread))
            return;
        s->pieces.real->moravec_rows(b->shifted, count, n + 2 * s->halo, job->window,
                                     out + x * s->item, stride);
    }
}

/* Rows `top` to before `bottom`, from `rows` around them. */
static void moravec_rows(response_job *job, const row_buffer *b,
                         const void *const *rows, ptrdiff_t top, ptrdiff_t bottom,
                         int thread)
{
    const source *s = &job->s;
    unsigned char *out = row_of(job->response, top);
    ptrdiff_t pitch = s->cols * dtype_size(job->response->dtype);
    ptrdiff_t stride = job->response->strides[0];
    if (job->streamed) {
        out = (unsigned char *)b->response;
        stride = pitch;
    }
    moravec_pieces(job, b, rows, bottom - top, out, stride, thread);
    for (ptrdiff_t y = top; y < bottom; y++, out += stride) {
        clear_row(job, out, 0);
        if (job->streamed)
            s->pieces.plain->stream_bytes(out, (size_t)pitch, row_of(job->response, y));
    }
}

static void respond_band(void *context, ptrdiff_t band, int thread)
{
    response_job *job = context;
    const source *s = &job->s;
    arena a = arena_of(&job->memory, thread);
    row_buffer b;
    ptrdiff_t first = band * BAND_ROWS, end = first + BAND_ROWS;
    end = end < s->rows ? end : s->rows;
    ptrdiff_t top = first < s->halo ? s->halo : first;
    ptrdiff_t bottom = end < s->rows - s->halo ? end : s->rows - s->halo;
    layout_rows(&b, job, &a);
    if (has_inside(s))
        read_rows(s, &b, first, end);
    else
        bottom = top;
    for (ptrdiff_t y = first; y < end; y++)
        if (y < top || y >= bottom)
            clear_row(job, row_of(job->response, y), 1);
    ptrdiff_t step = job->together;
    for (ptrdiff_t y = top; y < bottom && job->rule == NULL; y += step)
        moravec_rows(job, &b, b.rows + (y - first), y,
                     y + step < bottom ? y + step : bottom, thread);
    for (ptrdiff_t y = top; y < bottom && job->rule != NULL; y++)
        fast_row(job, &b, b.rows + (y - first), y, y > top, row_of(job->response, y));
}

/* How many rows are made together on their way past the caches; 0: none goes there. */
static ptrdiff_t streamed_rows(const response_job *job)
{
    ptrdiff_t row = job->s.cols * dtype_size(job->response->dtype);
    ptrdiff_t rows =
        STREAMED_BYTES / row < BAND_ROWS ? STREAMED_BYTES / row : BAND_ROWS;
    if (!is_streamed(job->response, 1))
        return 0;
    if (job->rule != NULL)
        return 1;
    return rows < STREAMED_ROWS ? 0 : rows;
}

/* How many rows and columns are made between questions whether to stop. */
static void plan_pieces(response_job *job, double nanoseconds_a_pixel)
{
    ptrdiff_t cols = job->s.cols, most = job->streamed ? job->streamed : BAND_ROWS;
    double pixels = NANOSECONDS_TOGETHER / nanoseconds_a_pixel;
    double rows = pixels / (double)cols;
    job->together = rows >= (double)most ? most : rows >= 1 ? (ptrdiff_t)rows : 1;
    job->piece = cols;
    if (rows < 1)
        job->piece = pixels > PIECE_LEAST ? (ptrdiff_t)pixels : PIECE_LEAST;
}

static feature_status respond(response_job *job, const feature_run *run,
                              double nanoseconds_a_pixel)
{
    const source *s = &job->s;
    if (s->rows == 0 || s->cols == 0)
        return FEATURE_OK;
    job->bands = (s->rows + BAND_ROWS - 1) / BAND_ROWS;
    job->streamed = streamed_rows(job);
    plan_pieces(job, nanoseconds_a_pixel);
    job->team = team_for(run, job->bands,
                         (double)s->rows * (double)s->cols * nanoseconds_a_pixel);
    row_buffer counting;
    arena one = {NULL, 0};
    layout_rows(&counting, job, &one);
    return team_run_with(&job->team, job->bands, respond_band, job, &job->memory, &one);
}

feature_status feature_corner_moravec(const feature_array *image, ptrdiff_t window,
                                      const feature_array *response,
                                      const feature_run *run)
{
    feature_status status = check_response(image, response);
    if (status == FEATURE_OK && window < 0)
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK)
        return status;
    ptrdiff_t longest =
        image->shape[0] > image->shape[1] ? image->shape[0] : image->shape[1];
    window = window < longest ? window : longest; /* no pixel is far enough inside */
    double side = 2 * (double)window + 1, moves = 4 * (double)window * (double)window;
    response_job job = {.s = source_of(image, 2 * window, 0), .response = response};
    job.window = window;
    return respond(&job, run, 0.1 * side * side * moves);
}

feature_status feature_corner_fast(const feature_array *image, int32_t arc,
                                   double threshold, const feature_array *response,
                                   const feature_run *run)
{
    feature_status status = check_response(image, response);
    if (status == FEATURE_OK && (arc < 1 || arc > 16))
        status = FEATURE_BAD_ARGUMENT;
    if (status != FEATURE_OK)
        return status;
    fast_bounds bounds;
    fast_rule rule = {.threshold = threshold, .arc = arc, .step = -1};
    int bytes = image->dtype == FEATURE_UINT8 && threshold >= 0;
    if (bytes)
        fast_bound_bytes(&bounds, &rule);
    response_job job = {.s = source_of(image, 3, bytes), .response = response};
    job.rule = &rule;
    return respond(&job, run, bytes ? 0.4 : 1);
}
