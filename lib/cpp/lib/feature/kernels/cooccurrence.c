/* SPDX-License-Identifier: BSD-3-Clause */
/* Co-occurrence: counting pairs of grey values, and writing tables of counts. */
#include "kernels/variant.h"

/* ------------------------------------------------------------------------ */
/* Pixels                                                                   */
/* ------------------------------------------------------------------------ */

#define GREATEST(type)                                                                 \
    do {                                                                               \
        type largest = 0;                                                              \
        const unsigned char *p = in;                                                   \
        if (stride == (ptrdiff_t)sizeof(type))                                         \
            for (ptrdiff_t x = 0; x < n; x++) {                                        \
                type v = ((const type *)in)[x];                                        \
                largest = v > largest ? v : largest;                                   \
            }                                                                          \
        else                                                                           \
            for (ptrdiff_t x = 0; x < n; x++) {                                        \
                type v = *(const type *)(const void *)(p + x * stride);                \
                largest = v > largest ? v : largest;                                   \
            }                                                                          \
        *most = largest > *most ? largest : *most;                                     \
    } while (0)

void NAME(greatest_grey)(const void *in, ptrdiff_t stride, ptrdiff_t n, ptrdiff_t size,
                         uint64_t *most)
{
    switch (size) {
    case 1:
        GREATEST(uint8_t);
        break;
    case 2:
        GREATEST(uint16_t);
        break;
    case 4:
        GREATEST(uint32_t);
        break;
    default:
        GREATEST(uint64_t);
        break;
    }
}

static inline ptrdiff_t grey_at(const unsigned char *p, ptrdiff_t size)
{
    switch (size) {
    case 1:
        return *p;
    case 2:
        return *(const uint16_t *)(const void *)p;
    case 4:
        return *(const uint32_t *)(const void *)p;
    default:
        return (ptrdiff_t)*(const uint64_t *)(const void *)p;
    }
}

/* ------------------------------------------------------------------------ */
/* Counting                                                                 */
/* ------------------------------------------------------------------------ */

/* The columns whose pixel at this offset lies in the image too. */
static inline ptrdiff_t first_column(const pair_offset *o)
{
    return o->right < 0 ? -o->right : 0;
}

static inline ptrdiff_t end_column(const pair_offset *o, ptrdiff_t cols)
{
    return o->right > 0 ? cols - o->right : cols;
}

/* What pairs of a row add to a table: pixels `begin` to before `end` of `first`, and
 * those at the same place in `second`. Four offsets in one loop, and two places far
 * apart: increments of one counter, as neighbours often ask for, wait for each other,
 * those of others do not; and the first grey value is loaded once. `step` is 1 where
 * pixels stand side by side. */
typedef void count_one(const void *first, const void *second, ptrdiff_t stride,
                       ptrdiff_t begin, ptrdiff_t end, ptrdiff_t levels,
                       uint32_t *table);
typedef void count_four(const void *first, const void *const *seconds, ptrdiff_t stride,
                        ptrdiff_t begin, ptrdiff_t end, ptrdiff_t levels,
                        uint32_t *const *tables);

#define ADD_FOUR(x)                                                                    \
    do {                                                                               \
        const ptrdiff_t at = (x) * s, row = (ptrdiff_t)a[at] * levels;                 \
        t0[row + (ptrdiff_t)b0[at]]++;                                                 \
        t1[row + (ptrdiff_t)b1[at]]++;                                                 \
        t2[row + (ptrdiff_t)b2[at]]++;                                                 \
        t3[row + (ptrdiff_t)b3[at]]++;                                                 \
    } while (0)

#define COUNTERS(name, type, step)                                                     \
    static void one_##name(const void *first, const void *second, ptrdiff_t stride,    \
                           ptrdiff_t begin, ptrdiff_t end, ptrdiff_t levels,           \
                           uint32_t *restrict table)                                   \
    {                                                                                  \
        const type *a = first, *b = second;                                            \
        const ptrdiff_t s = (step);                                                    \
        (void)stride;                                                                  \
        for (ptrdiff_t x = begin; x < end; x++)                                        \
            table[(ptrdiff_t)a[x * s] * levels + (ptrdiff_t)b[x * s]]++;               \
    }                                                                                  \
    static void four_##name(const void *first, const void *const *seconds,             \
                            ptrdiff_t stride, ptrdiff_t begin, ptrdiff_t end,          \
                            ptrdiff_t levels, uint32_t *const *tables)                 \
    {                                                                                  \
        const type *a = first, *b0 = seconds[0], *b1 = seconds[1], *b2 = seconds[2],   \
                   *b3 = seconds[3];                                                   \
        uint32_t *restrict t0 = tables[0], *restrict t1 = tables[1],                   \
                           *restrict t2 = tables[2], *restrict t3 = tables[3];         \
        const ptrdiff_t s = (step), half = (end - begin) / 2;                          \
        (void)stride;                                                                  \
        for (ptrdiff_t x = begin; x < begin + half; x++) {                             \
            ADD_FOUR(x);                                                               \
            ADD_FOUR(x + half);                                                        \
        }                                                                              \
        if (begin + 2 * half < end)                                                    \
            ADD_FOUR(end - 1);                                                         \
    }

COUNTERS(dense_8, uint8_t, 1)
COUNTERS(dense_16, uint16_t, 1)
COUNTERS(8, uint8_t, stride)
COUNTERS(16, uint16_t, stride / (ptrdiff_t)sizeof(uint16_t))
COUNTERS(32, uint32_t, stride / (ptrdiff_t)sizeof(uint32_t))
COUNTERS(64, uint64_t, stride / (ptrdiff_t)sizeof(uint64_t))

static count_one *const ones[] = {one_dense_8, one_dense_16, one_8,
                                  one_16,      one_32,       one_64};
static count_four *const fours[] = {four_dense_8, four_dense_16, four_8,
                                    four_16,      four_32,       four_64};

/* Which of the counters reads such pixels. */
static int counter_of(ptrdiff_t size, ptrdiff_t stride)
{
    if (size <= 2)
        return (int)(size - 1) + (stride == size ? 0 : 2);
    return size == 4 ? 4 : 5;
}

/* Where one row's pixels meet those at each offset, and where all four do. */
typedef struct row_pairs {
    const unsigned char *first;
    const void *seconds[PAIRS_AT_ONCE];
    ptrdiff_t low, high;
} row_pairs;

/* Returns how many offsets lead to a row of the image. */
static int meet(const feature_array *image, ptrdiff_t y, const pair_offset *offsets,
                int count, row_pairs *row)
{
    int inside = 0;
    row->first = (const unsigned char *)image->data + y * image->strides[0];
    row->low = 0;
    row->high = image->shape[1];
    for (int k = 0; k < count; k++) {
        const pair_offset *o = &offsets[k];
        ptrdiff_t begin = first_column(o), end = end_column(o, image->shape[1]);
        row->low = begin > row->low ? begin : row->low;
        row->high = end < row->high ? end : row->high;
        row->seconds[k] =
            row->first + o->down * image->strides[0] + o->right * image->strides[1];
        inside += y + o->down < image->shape[0];
    }
    return inside;
}

/* The few pairs of a row that not all four offsets have. */
static inline void count_rest(const row_pairs *row, int k, ptrdiff_t size,
                              ptrdiff_t stride, ptrdiff_t begin, ptrdiff_t end,
                              ptrdiff_t levels, uint32_t *table)
{
    const unsigned char *first = row->first, *second = row->seconds[k];
    for (ptrdiff_t x = begin; x < end; x++)
        table[grey_at(first + x * stride, size) * levels +
              grey_at(second + x * stride, size)]++;
}

void NAME(count_pairs)(const feature_array *image, ptrdiff_t size, ptrdiff_t begin,
                       ptrdiff_t end, const pair_offset *offsets, int count,
                       ptrdiff_t levels, uint32_t *const *tables)
{
    const ptrdiff_t rows = image->shape[0], cols = image->shape[1],
                    stride = image->strides[1];
    const int counter = counter_of(size, stride);
    for (ptrdiff_t y = begin; y < end; y++) {
        row_pairs row;
        int inside = meet(image, y, offsets, count, &row);
        int together = inside == PAIRS_AT_ONCE && row.low < row.high;
        if (together)
            fours[counter](row.first, row.seconds, stride, row.low, row.high, levels,
                           tables);
        for (int k = 0; k < count; k++) {
            ptrdiff_t first = first_column(&offsets[k]);
            ptrdiff_t last = end_column(&offsets[k], cols);
            if (together) {
                count_rest(&row, k, size, stride, first, row.low, levels, tables[k]);
                count_rest(&row, k, size, stride, row.high, last, levels, tables[k]);
            } else if (y + offsets[k].down < rows) {
                ones[counter](row.first, row.seconds[k], stride, first, last, levels,
                              tables[k]);
            }
        }
    }
}

/* ------------------------------------------------------------------------ */
/* Writing                                                                  */
/* ------------------------------------------------------------------------ */

void NAME(add_counts)(const uint32_t *restrict in, ptrdiff_t n, uint32_t *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] += in[x];
}

typedef uint32_t four_counts __attribute__((vector_size(16)));
typedef double four_wides __attribute__((vector_size(32)));

#ifdef __clang__
#define PICK_FOUR(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define PICK_FOUR(a, b, i, j, k, l) __builtin_shuffle(a, b, (four_counts){i, j, k, l})
#endif

/* Four rows as four columns. */
static inline void turn(const uint32_t *const *rows, ptrdiff_t x, four_counts *out)
{
    four_counts a, b, c, d;
    memcpy(&a, rows[0] + x, sizeof a);
    memcpy(&b, rows[1] + x, sizeof b);
    memcpy(&c, rows[2] + x, sizeof c);
    memcpy(&d, rows[3] + x, sizeof d);
    four_counts ab = PICK_FOUR(a, b, 0, 4, 1, 5), cd = PICK_FOUR(c, d, 0, 4, 1, 5);
    out[0] = PICK_FOUR(ab, cd, 0, 1, 4, 5);
    out[1] = PICK_FOUR(ab, cd, 2, 3, 6, 7);
    ab = PICK_FOUR(a, b, 2, 6, 3, 7), cd = PICK_FOUR(c, d, 2, 6, 3, 7);
    out[2] = PICK_FOUR(ab, cd, 0, 1, 4, 5);
    out[3] = PICK_FOUR(ab, cd, 2, 3, 6, 7);
}

/* Side by side in a matrix: so many are written of all planes together. */
#define CELLS 64

/* Cells `x` to before `end` of the planes from `first` on. */
static inline void write_cells(const uint32_t *const *rows, ptrdiff_t first,
                               ptrdiff_t count, ptrdiff_t x, ptrdiff_t end,
                               ptrdiff_t pitch, uint32_t *out)
{
    for (; x < end; x++)
        for (ptrdiff_t k = first; k < count; k++)
            out[x * pitch + k] = rows[k][x];
}

void NAME(write_counts)(const uint32_t *const *rows, ptrdiff_t count, ptrdiff_t n,
                        ptrdiff_t pitch, uint32_t *out)
{
    ptrdiff_t full = count / 4 * 4, whole = n / 4 * 4;
    for (ptrdiff_t block = 0; block < whole; block += CELLS) {
        ptrdiff_t end = whole - block < CELLS ? whole : block + CELLS;
        for (ptrdiff_t k = 0; k < full; k += 4)
            for (ptrdiff_t x = block; x < end; x += 4) {
                four_counts columns[4];
                turn(rows + k, x, columns);
                for (int i = 0; i < 4; i++)
                    memcpy(out + (x + i) * pitch + k, &columns[i], sizeof columns[i]);
            }
        write_cells(rows, full, count, block, end, pitch, out);
    }
    write_cells(rows, 0, count, whole, n, pitch, out);
}

/* The same, each divided by its plane's sum. */
static inline void divide_cells(const uint32_t *const *rows, const double *sums,
                                ptrdiff_t first, ptrdiff_t count, ptrdiff_t x,
                                ptrdiff_t end, ptrdiff_t pitch, double *out)
{
    for (; x < end; x++)
        for (ptrdiff_t k = first; k < count; k++)
            out[x * pitch + k] = rows[k][x] / sums[k];
}

void NAME(write_frequencies)(const uint32_t *const *rows, const double *sums,
                             ptrdiff_t count, ptrdiff_t n, ptrdiff_t pitch, double *out)
{
    ptrdiff_t full = count / 4 * 4, whole = n / 4 * 4;
    for (ptrdiff_t block = 0; block < whole; block += CELLS) {
        ptrdiff_t end = whole - block < CELLS ? whole : block + CELLS;
        for (ptrdiff_t k = 0; k < full; k += 4) {
            four_wides divisor;
            memcpy(&divisor, sums + k, sizeof divisor);
            for (ptrdiff_t x = block; x < end; x += 4) {
                four_counts columns[4];
                turn(rows + k, x, columns);
                for (int i = 0; i < 4; i++) {
                    four_wides value = __builtin_convertvector(columns[i], four_wides);
                    uint64_t halves[2];
                    memcpy(halves, &columns[i], sizeof halves);
                    if (halves[0] | halves[1]) /* most are 0, and divisions are slow */
                        value /= divisor;
                    memcpy(out + (x + i) * pitch + k, &value, sizeof value);
                }
            }
        }
        divide_cells(rows, sums, full, count, block, end, pitch, out);
    }
    divide_cells(rows, sums, 0, count, whole, n, pitch, out);
}

static inline void add_turned_cells(const uint32_t *in, ptrdiff_t pitch, ptrdiff_t row,
                                    ptrdiff_t end_row, ptrdiff_t col, ptrdiff_t cols,
                                    uint32_t *out)
{
    for (ptrdiff_t y = row; y < end_row; y++)
        for (ptrdiff_t x = col; x < cols; x++)
            out[y * cols + x] += in[x * pitch + y];
}

void NAME(add_turned_counts)(const uint32_t *restrict in, ptrdiff_t pitch,
                             ptrdiff_t rows, ptrdiff_t cols, uint32_t *restrict out)
{
    ptrdiff_t high = rows / 4 * 4, whole = cols / 4 * 4;
    for (ptrdiff_t x = 0; x < whole; x += 4) {
        const uint32_t *lines[4];
        for (int i = 0; i < 4; i++)
            lines[i] = in + (x + i) * pitch;
        for (ptrdiff_t y = 0; y < high; y += 4) {
            four_counts columns[4];
            turn(lines, y, columns);
            for (int i = 0; i < 4; i++) {
                four_counts sum;
                uint32_t *to = out + (y + i) * cols + x;
                memcpy(&sum, to, sizeof sum);
                sum += columns[i];
                memcpy(to, &sum, sizeof sum);
            }
        }
    }
    add_turned_cells(in, pitch, 0, high, whole, cols, out);
    add_turned_cells(in, pitch, high, rows, 0, cols, out);
}

/* ------------------------------------------------------------------------ */
/* Many levels: counted where the result stands                             */
/* ------------------------------------------------------------------------ */

void NAME(count_pairs_in_place)(const feature_array *image, ptrdiff_t size, ptrdiff_t y,
                                const pair_offset *o, int turned,
                                const count_plane *plane)
{
    const unsigned char *row =
        (const unsigned char *)image->data + y * image->strides[0];
    const ptrdiff_t step = image->strides[1], cols = image->shape[1];
    const unsigned char *second = row + o->down * image->strides[0] + o->right * step;
    for (ptrdiff_t x = first_column(o); x < end_column(o, cols); x++) {
        ptrdiff_t i = grey_at(row + x * step, size),
                  j = grey_at(second + x * step, size);
        ptrdiff_t cell = turned ? j * plane->levels + i : i * plane->levels + j;
        if (plane->counts != NULL)
            plane->counts[cell * plane->pitch]++;
        else
            plane->frequencies[cell * plane->pitch]++;
    }
}

void NAME(finish_in_place)(const count_plane *plane, ptrdiff_t i, int symmetric,
                           double sum)
{
    uint32_t *c = plane->counts;
    double *f = plane->frequencies;
    for (ptrdiff_t j = symmetric ? i : 0; j < plane->levels; j++) {
        ptrdiff_t here = (i * plane->levels + j) * plane->pitch;
        ptrdiff_t there = (j * plane->levels + i) * plane->pitch;
        if (symmetric && c != NULL)
            c[here] = c[there] = c[here] + c[there];
        else if (symmetric)
            f[here] = f[there] = (f[here] + f[there]) / sum;
        else if (f != NULL)
            f[here] /= sum;
    }
}
