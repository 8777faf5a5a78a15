/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/haar.c and kernels/cascade.c against loops over pixels. */
#include "kernels_test.h"

#define SIDE 12

/* ------------------------------------------------------------------------ */
/* Haar-like features                                                       */
/* ------------------------------------------------------------------------ */

/* float, double and int64 elements, read and written as doubles; all values are small
 * multiples of 1/4 or whole numbers, so that sums of them are exact. */
typedef enum element_kind { A_FLOAT, A_DOUBLE, AN_INTEGER } element_kind;

typedef struct haar_table {
    void (*load)(const void *, ptrdiff_t, ptrdiff_t, feature_dtype, void *);
    void (*features)(const haar_window *, int, ptrdiff_t, ptrdiff_t, void *);
    void (*packed)(const haar_window *, const int32_t *, ptrdiff_t, void *, int *);
    void (*rectangles)(const haar_window *, const int32_t *, int, ptrdiff_t, void *,
                       int *);
    element_kind kind;
} haar_table;

static haar_table real_table(const real_kernels *k, int is_float)
{
    return (haar_table){k->haar_load, k->haar_features, k->haar_packed,
                        k->haar_rectangles, is_float ? A_FLOAT : A_DOUBLE};
}

static haar_table integer_table(const plain_kernels *k)
{
    return (haar_table){k->haar_integer_load, k->haar_integer_features,
                        k->haar_integer_packed, k->haar_integer_rectangles, AN_INTEGER};
}

static size_t size_of(element_kind kind)
{
    return kind == A_FLOAT ? sizeof(float) : sizeof(double);
}

static double get(const void *p, ptrdiff_t i, element_kind kind)
{
    return kind == A_FLOAT    ? (double)((const float *)p)[i]
           : kind == A_DOUBLE ? ((const double *)p)[i]
                              : (double)((const int64_t *)p)[i];
}

static void set(void *p, ptrdiff_t i, element_kind kind, double v)
{
    if (kind == A_FLOAT)
        ((float *)p)[i] = (float)v;
    else if (kind == A_DOUBLE)
        ((double *)p)[i] = v;
    else
        ((int64_t *)p)[i] = (int64_t)v;
}

/* A window with random elements, and the same as doubles. */
typedef struct test_window {
    haar_window w;
    guarded memory[3];
    double values[SIDE + 1][SIDE + 1];
    element_kind kind;
} test_window;

static void window_new(test_window *t, element_kind kind)
{
    haar_window *w = &t->w;
    t->kind = kind;
    w->height = 1 + random_below(SIDE);
    w->width = 1 + random_below(SIDE);
    w->narrow = kind == AN_INTEGER && random_below(2) ? 56 : 0;
    for (ptrdiff_t i = 0; i <= w->height; i++)
        for (ptrdiff_t j = 0; j <= w->width; j++)
            t->values[i][j] =
                (double)random_below(200) / (kind == AN_INTEGER ? 1 : 4);
    for (int k = 0; k < 3; k++) {
        w->part[k] = (w->width + 1 + k) / (k + 1);
        w->pitch[k] = w->part[k] * (k + 1);
        size_t count = (size_t)((w->height + 1) * w->pitch[k]) + 64;
        t->memory[k] = guarded_new(count * size_of(kind), random_side());
        w->planes[k] = t->memory[k].bytes;
        memset(t->memory[k].bytes, 0, count * size_of(kind));
        for (ptrdiff_t i = 0; i <= w->height; i++)
            for (ptrdiff_t j = 0; j <= w->width; j++)
                set(t->memory[k].bytes,
                    i * w->pitch[k] + j % (k + 1) * w->part[k] + j / (k + 1), kind,
                    t->values[i][j]);
    }
}

static void window_free(test_window *t)
{
    for (int k = 0; k < 3; k++)
        guarded_free(&t->memory[k]);
}

static double spec_sum(const test_window *t, ptrdiff_t top, ptrdiff_t left,
                       ptrdiff_t bottom, ptrdiff_t right)
{
    double sum = t->values[bottom][right] + t->values[top][left] -
                 t->values[top][right] - t->values[bottom][left];
    return t->w.narrow ? (double)(int8_t)(int64_t)sum : sum;
}

static const int spec_parts[HAAR_TYPES][2] = {{1, 2}, {2, 1}, {1, 3}, {3, 1}, {2, 2}};

static double spec_feature(const test_window *t, int type, ptrdiff_t y, ptrdiff_t x,
                           ptrdiff_t dy, ptrdiff_t dx)
{
    double value = 0;
    for (int i = 0; i < spec_parts[type][0]; i++)
        for (int j = 0; j < spec_parts[type][1]; j++) {
            double sum =
                spec_sum(t, y + i * dy, x + j * dx, y + (i + 1) * dy, x + (j + 1) * dx);
            value += (i + j) % 2 ? sum : -sum;
        }
    return value;
}

/* Lists the features of one type and row; returns how many there are. */
static ptrdiff_t spec_list(ptrdiff_t height, ptrdiff_t width, int type, ptrdiff_t y,
                           int32_t *list)
{
    ptrdiff_t n = 0;
    for (ptrdiff_t x = 0; x < width; x++)
        for (ptrdiff_t dy = 1; y + spec_parts[type][0] * dy <= height; dy++)
            for (ptrdiff_t dx = 1; x + spec_parts[type][1] * dx <= width; dx++) {
                const int32_t one[] = {type, (int32_t)y, (int32_t)x, (int32_t)dy,
                                       (int32_t)dx};
                memcpy(list + 5 * n++, one, sizeof one);
            }
    return n;
}

#define FEATURES_AT_MOST (SIDE * SIDE * SIDE)

static int count_wrong(const test_window *t, const int32_t *list, ptrdiff_t n,
                       const void *out)
{
    int wrong = 0;
    for (ptrdiff_t k = 0; k < n; k++) {
        const int32_t *c = list + 5 * k;
        wrong += get(out, k, t->kind) != spec_feature(t, c[0], c[1], c[2], c[3], c[4]);
    }
    return wrong;
}

static void try_features(const haar_table *table)
{
    static int32_t list[5 * FEATURES_AT_MOST];
    for (int round = 0; round < 300; round++) {
        test_window t;
        window_new(&t, table->kind);
        int type = (int)random_below(HAAR_TYPES);
        ptrdiff_t y = random_below(t.w.height);
        ptrdiff_t n = spec_list(t.w.height, t.w.width, type, y, list);
        guarded out = guarded_new((size_t)n * size_of(t.kind), random_side());
        if (n > 0)
            table->features(&t.w, type, y, n, out.bytes);
        check_case("(%td by %td, type %d, row %td)", t.w.height, t.w.width, type, y);
        CHECK(count_wrong(&t, list, n, out.bytes) == 0);
        guarded_free(&out);
        window_free(&t);
    }
}

static void try_packed(const haar_table *table)
{
    static int32_t list[5 * FEATURES_AT_MOST];
    for (int round = 0; round < 300; round++) {
        test_window t;
        window_new(&t, table->kind);
        int wrong = 0, type = (int)random_below(HAAR_TYPES);
        ptrdiff_t y = random_below(t.w.height);
        ptrdiff_t n = spec_list(t.w.height, t.w.width, type, y, list);
        guarded out = guarded_new((size_t)(n + 1) * size_of(t.kind), random_side());
        table->packed(&t.w, list, n, out.bytes, &wrong);
        check_case("(%td by %td, type %d)", t.w.height, t.w.width, type);
        CHECK(!wrong && count_wrong(&t, list, n, out.bytes) == 0);
        const int32_t bad[][5] = {{5, 0, 0, 1, 1},
                                  {-1, 0, 0, 1, 1},
                                  {4, 0, 0, (int32_t)t.w.height / 2 + 1, 1},
                                  {0, 0, (int32_t)t.w.width - 1, 1, 1},
                                  {0, -1, 0, 1, 1},
                                  {0, 0, 0, 0, 1},
                                  {0, 0, 0, INT32_MAX, INT32_MAX}};
        for (ptrdiff_t k = 0; k < COUNT_OF(bad); k++) {
            wrong = 0;
            table->packed(&t.w, bad[k], 1, out.bytes, &wrong);
            CHECK(wrong);
        }
        guarded_free(&out);
        window_free(&t);
    }
}

static void try_rectangles(const haar_table *table)
{
    for (int round = 0; round < 300; round++) {
        test_window t;
        window_new(&t, table->kind);
        int32_t list[5][4][4] = {{{0}}};
        double expected[5] = {0};
        int wrong = 0, count = 1 + (int)random_below(4);
        for (int k = 0; k < 5; k++)
            for (int i = 0; i < count; i++) {
                int32_t *c = &list[0][0][0] + 4 * (k * count + i);
                c[0] = (int32_t)random_below(t.w.height);
                c[1] = (int32_t)random_below(t.w.width);
                c[2] = c[0] + (int32_t)random_below(t.w.height - c[0]);
                c[3] = c[1] + (int32_t)random_below(t.w.width - c[1]);
                double sum = spec_sum(&t, c[0], c[1], c[2] + 1, c[3] + 1);
                expected[k] += i % 2 ? sum : -sum;
            }
        guarded out = guarded_new(5 * size_of(t.kind), random_side());
        table->rectangles(&t.w, &list[0][0][0], count, 5, out.bytes, &wrong);
        for (int k = 0; k < 5; k++)
            CHECK(get(out.bytes, k, t.kind) == expected[k]);
        CHECK(!wrong);
        (&list[0][0][0])[2 + random_below(2)] = SIDE;
        table->rectangles(&t.w, &list[0][0][0], count, 5, out.bytes, &wrong);
        CHECK(wrong);
        guarded_free(&out);
        window_free(&t);
    }
}

static void try_load(const haar_table *table, feature_dtype dtype, size_t size)
{
    ptrdiff_t n = 1 + random_below(40);
    ptrdiff_t stride = (ptrdiff_t)size * (random_below(5) - 2);
    guarded in = guarded_new(span_of(n, stride, size), random_side());
    guarded out = guarded_new((size_t)n * size_of(table->kind), random_side());
    unsigned char *first = start_of(&in, n, stride);
    int wrong = 0;
    for (ptrdiff_t x = 0; x < n; x++) {
        double real = (double)random_below(100);
        float narrow = (float)real;
        int64_t whole = (int64_t)real;
        memcpy(first + x * stride,
               dtype == FEATURE_FLOAT32   ? (void *)&narrow
               : dtype == FEATURE_FLOAT64 ? (void *)&real
                                          : (void *)&whole,
               size);
    }
    table->load(first, stride, n, dtype, out.bytes);
    for (ptrdiff_t x = 0; x < n; x++) {
        int64_t whole = 0;
        memcpy(&whole, first + x * stride, size);
        double here = (double)whole;
        if (table->kind != AN_INTEGER)
            here = get(first + x * stride, 0, table->kind);
        wrong += get(out.bytes, x, table->kind) != here;
    }
    check_case("(dtype %d, n %td, stride %td)", (int)dtype, n, stride);
    CHECK(wrong == 0);
    guarded_free(&in);
    guarded_free(&out);
}

void check_haar_load(const real_kernels *k, int is_float)
{
    haar_table table = real_table(k, is_float);
    for (int round = 0; round < 100; round++)
        try_load(&table, is_float ? FEATURE_FLOAT32 : FEATURE_FLOAT64,
                 size_of(table.kind));
}

void check_haar_features(const real_kernels *k, int is_float)
{
    haar_table table = real_table(k, is_float);
    try_features(&table);
}

void check_haar_packed(const real_kernels *k, int is_float)
{
    haar_table table = real_table(k, is_float);
    try_packed(&table);
}

void check_haar_rectangles(const real_kernels *k, int is_float)
{
    haar_table table = real_table(k, is_float);
    try_rectangles(&table);
}

void check_haar_integer_load(const plain_kernels *k)
{
    static const size_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 8, 8};
    haar_table table = integer_table(k);
    for (int round = 0; round < 100; round++)
        for (int dtype = FEATURE_BOOL; dtype <= FEATURE_INT64; dtype++)
            try_load(&table, (feature_dtype)dtype, sizes[dtype]);
}

void check_haar_integer_features(const plain_kernels *k)
{
    haar_table table = integer_table(k);
    try_features(&table);
}

void check_haar_integer_packed(const plain_kernels *k)
{
    haar_table table = integer_table(k);
    try_packed(&table);
}

void check_haar_integer_rectangles(const plain_kernels *k)
{
    haar_table table = integer_table(k);
    try_rectangles(&table);
}

void check_haar_coordinates(const plain_kernels *k)
{
    static int32_t expected[5 * FEATURES_AT_MOST];
    for (int round = 0; round < 100; round++) {
        ptrdiff_t height = 1 + random_below(SIDE), width = 1 + random_below(SIDE);
        int type = (int)random_below(HAAR_TYPES);
        ptrdiff_t y = random_below(height);
        ptrdiff_t n = spec_list(height, width, type, y, expected);
        size_t size = (size_t)(5 * n) * sizeof *expected;
        guarded out = guarded_new(size, random_side());
        k->haar_coordinates(height, width, type, y, (int32_t *)(void *)out.bytes);
        CHECK(memcmp(out.bytes, expected, size) == 0);
        guarded_free(&out);
    }
}

/* ------------------------------------------------------------------------ */
/* Cascade                                                                  */
/* ------------------------------------------------------------------------ */

void check_cascade_pack(const plain_kernels *k)
{
    for (int round = 0; round < 200; round++) {
        ptrdiff_t n = 1 + random_below(100), step = 1 + random_below(120);
        ptrdiff_t part = (n + step - 1) / step;
        ptrdiff_t size = part * (step < n ? step : n);
        guarded in = guarded_new((size_t)n * sizeof(float), random_side());
        guarded out = guarded_new((size_t)size * sizeof(float), random_side());
        int wrong = 0;
        for (ptrdiff_t x = 0; x < n; x++)
            set(in.bytes, x, A_FLOAT, (double)x);
        k->cascade_pack((const float *)(void *)in.bytes, n, step, part,
                        (float *)(void *)out.bytes);
        for (ptrdiff_t x = 0; x < n; x++)
            wrong += get(out.bytes, x % step * part + x / step, A_FLOAT) != (double)x;
        check_case("(n %td, step %td)", n, step);
        CHECK(wrong == 0);
        guarded_free(&in);
        guarded_free(&out);
    }
}

#define STAGES 4
#define STUMPS 10
#define WIDE 100
#define HIGH 40

/* A random cascade of nested stages on a plane of its own. */
typedef struct test_cascade {
    ptrdiff_t corners[STUMPS * 16];
    uint32_t tables[STUMPS * 8];
    float leaves[STUMPS * 2], thresholds[STAGES], plane[HIGH * WIDE + 64];
    int32_t ends[STAGES];
    cascade_scale scale;
} test_cascade;

static void cascade_new(test_cascade *t)
{
    for (int k = 0; k < STUMPS; k++) {
        ptrdiff_t h = 1 + random_below(3), w = 1 + random_below(3);
        ptrdiff_t y = random_below(4), x = random_below(4);
        for (int i = 0; i < 16; i++)
            t->corners[16 * k + i] = (y + i / 4 * h) * WIDE + x + i % 4 * w;
        for (int i = 0; i < 2; i++)
            t->leaves[2 * k + i] = (float)random_between(-1, 1);
    }
    random_fill(t->tables, sizeof t->tables);
    for (int k = 0; k < STAGES; k++) {
        t->ends[k] = k == STAGES - 1 ? STUMPS : 3 * k + 1;
        t->thresholds[k] = (float)random_between(-1.5, 0);
    }
    for (int k = 0; k < HIGH * WIDE + 64; k++)
        t->plane[k] = (float)random_below(9);
    t->scale = (cascade_scale){t->corners, t->tables,     t->leaves,
                               t->ends,    t->thresholds, random_below(STAGES + 1)};
}

static float spec_block(const float *p, const ptrdiff_t *corner, int i, int j)
{
    const ptrdiff_t *c = corner + 4 * i + j;
    return p[c[5]] + p[c[0]] - p[c[1]] - p[c[4]];
}

static int spec_passes(const test_cascade *t, const float *window)
{
    static const int around[8][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 2},
                                     {2, 2}, {2, 1}, {2, 0}, {1, 0}};
    for (ptrdiff_t stage = 0, k = 0; stage < t->scale.stages; stage++) {
        float sum = 0;
        for (; k < t->ends[stage]; k++) {
            const ptrdiff_t *corner = t->corners + 16 * k;
            unsigned pattern = 0;
            for (int i = 0; i < 8; i++)
                pattern = pattern << 1 |
                          (spec_block(window, corner, around[i][0], around[i][1]) >=
                           spec_block(window, corner, 1, 1));
            int bit = t->tables[8 * k + pattern / 32] >> pattern % 32 & 1;
            sum += t->leaves[2 * k + !bit];
        }
        if (sum < t->thresholds[stage])
            return 0;
    }
    return 1;
}

void check_cascade_windows(const plain_kernels *k)
{
    static test_cascade t;
    for (int round = 0; round < 300; round++) {
        cascade_new(&t);
        ptrdiff_t rows = 1 + random_below(8), n = 1 + random_below(80);
        ptrdiff_t row_step = WIDE * (1 + random_below(3));
        ptrdiff_t pitch = (n + 63) / 64;
        guarded list = guarded_new((size_t)(rows * n + ROW_BLOCK) * 4, random_side());
        guarded words = guarded_new((size_t)(rows * pitch) * 8, random_side());
        int wrong = 0;
        k->cascade_windows(&t.scale, t.plane, rows, row_step, n,
                           (uint32_t *)(void *)list.bytes,
                           (uint64_t *)(void *)words.bytes);
        for (ptrdiff_t y = 0; y < rows; y++)
            for (ptrdiff_t x = 0; x < 64 * pitch; x++) {
                uint64_t word = ((uint64_t *)(void *)words.bytes)[y * pitch + x / 64];
                int expected = x < n && spec_passes(&t, t.plane + y * row_step + x);
                wrong += (int)(word >> x % 64 & 1) != expected;
            }
        check_case("(%td rows of %td, %td stages)", rows, n, t.scale.stages);
        CHECK(wrong == 0);
        guarded_free(&list);
        guarded_free(&words);
    }
}
