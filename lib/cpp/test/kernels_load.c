/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/load.c and kernels/matrix.c: rows of pixels, of any stride. */
#include "kernels_test.h"

#include "spec.h"

/* ------------------------------------------------------------------------ */
/* load_row, mask_row                                                       */
/* ------------------------------------------------------------------------ */

static const ptrdiff_t steps[] = {1, -1, 2, -2, 3, -7, 0, 5};

/* Bytes of any value, and sometimes the smallest, largest or least common ones. */
static void fill_pixels(unsigned char *bytes, size_t size)
{
    random_fill(bytes, size);
    for (int k = 0; k < 3 && size >= 8; k++) {
        static const unsigned char lasts[] = {0x00, 0x7f, 0x80, 0xff, 0x7c, 0xfc};
        size_t at = (size_t)random_below((ptrdiff_t)(size / 8)) * 8;
        memset(bytes + at, random_bits() & 1 ? 0 : 0xff, 8);
        bytes[at + 7] = bytes[at + 3] = bytes[at + 1] = lasts[random_below(6)];
    }
}

static void compare_load(const plain_kernels *k, const unsigned char *in,
                         ptrdiff_t stride, ptrdiff_t n, feature_dtype dtype)
{
    wide_row out = wide_row_new(n);
    int wrong = 0;
    k->load_row(in, stride, n, dtype, out.first);
    for (ptrdiff_t x = 0; x < n; x++)
        wrong += !same_double(out.first[x], spec_pixel(in + x * stride, dtype));
    k->load_unscaled_row(in, stride, n, dtype, out.first);
    for (ptrdiff_t x = 0; x < n; x++)
        wrong += !same_double(out.first[x], spec_value(in + x * stride, dtype));
    check_case("(dtype %d, n %td, stride %td)", dtype, n, stride);
    CHECK(wrong == 0);
    guarded_free(&out.memory);
}

static void load_lengths(const plain_kernels *k, feature_dtype dtype)
{
    size_t size = spec_size(dtype);
    for (ptrdiff_t i = 0; i < LENGTHS * COUNT_OF(steps); i++) {
        ptrdiff_t n = length_number(i / COUNT_OF(steps));
        ptrdiff_t stride = steps[i % COUNT_OF(steps)] * (ptrdiff_t)size;
        guarded in = guarded_new(span_of(n, stride, size), random_side());
        fill_pixels(in.bytes, in.size);
        compare_load(k, start_of(&in, n, stride), stride, n, dtype);
        guarded_free(&in);
    }
}

static void load_every_half(const plain_kernels *k)
{
    guarded in = guarded_new(65536 * 2, GUARD_AFTER);
    for (unsigned bits = 0; bits < 65536; bits++) {
        uint16_t half = (uint16_t)bits;
        memcpy(in.bytes + 2 * bits, &half, 2);
    }
    compare_load(k, in.bytes, 2, 65536, FEATURE_FLOAT16);
    compare_load(k, in.bytes + 2 * 65535, -2, 65536, FEATURE_FLOAT16);
    guarded_free(&in);
}

void check_load_row(const plain_kernels *k)
{
    for (int dtype = FEATURE_BOOL; dtype <= FEATURE_FLOAT64; dtype++)
        load_lengths(k, (feature_dtype)dtype);
    load_every_half(k);
}

/* compare_load looks at both. */
void check_load_unscaled_row(const plain_kernels *k)
{
    load_lengths(k, FEATURE_UINT8);
}

static void mask_one(const plain_kernels *k, ptrdiff_t n, ptrdiff_t stride)
{
    guarded mask = guarded_new(span_of(n, stride, 1), random_side());
    wide_row row = wide_row_new(n);
    double *before = malloc((size_t)n * sizeof *before);
    random_fill(mask.bytes, mask.size);
    for (size_t i = 0; i < mask.size; i++)
        mask.bytes[i] = random_bits() & 1 ? 0 : mask.bytes[i];
    for (ptrdiff_t x = 0; x < n; x++)
        before[x] = row.first[x] = awkward_double();
    const uint8_t *first = start_of(&mask, n, stride);
    k->mask_row(first, stride, n, row.first);
    int wrong = 0;
    for (ptrdiff_t x = 0; x < n; x++)
        wrong += !same_double(row.first[x], first[x * stride] ? before[x] : 0);
    check_case("(n %td, stride %td)", n, stride);
    CHECK(wrong == 0);
    free(before);
    guarded_free(&mask);
    guarded_free(&row.memory);
}

void check_mask_row(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS * COUNT_OF(steps); i++)
        mask_one(k, length_number(i / COUNT_OF(steps)), steps[i % COUNT_OF(steps)]);
}

void check_stream_bytes(const plain_kernels *k)
{
    for (ptrdiff_t i = 0; i < LENGTHS; i++) {
        size_t n = (size_t)length_number(i), unused = (size_t)random_below(70);
        guarded in = guarded_new(n, random_side());
        guarded out = guarded_new(n + unused, random_side());
        random_fill(in.bytes, in.size);
        k->stream_bytes(in.bytes, n, out.bytes + unused);
        check_case("(%zu bytes, %zu behind)", n, unused);
        CHECK(memcmp(in.bytes, out.bytes + unused, n) == 0);
        guarded_free(&in);
        guarded_free(&out);
    }
}

/* ------------------------------------------------------------------------ */
/* synthesize_rows                                                          */
/* ------------------------------------------------------------------------ */

typedef struct matrix_case {
    ptrdiff_t n, in_stride, out_step, offset; /* the last two in elements */
    int64_t mid;
    int stream;
} matrix_case;

static float spec_matrix(uint8_t in, int64_t mid)
{
    float difference = (float)((int64_t)in - mid);
    float v = difference * 1.5f;
    return v < 0 ? v + 0.25f : v - 0.25f;
}

static void synthesize_one(const plain_kernels *k, const matrix_case *c)
{
    ptrdiff_t out_stride = c->out_step * (ptrdiff_t)sizeof(float);
    guarded in = guarded_new(span_of(c->n, c->in_stride, 1), random_side());
    /* `offset` unused floats move the row against the boundaries of vectors */
    size_t unused = (size_t)c->offset * sizeof(float);
    guarded out = guarded_new(span_of(c->n, out_stride, 4) + unused, random_side());
    random_fill(in.bytes, in.size);
    const uint8_t *from = start_of(&in, c->n, c->in_stride);
    unsigned char *to = start_of(&out, c->n, out_stride) + unused;
    const ptrdiff_t shape[2] = {1, c->n};
    const ptrdiff_t in_strides[2] = {0, c->in_stride}, out_strides[2] = {0, out_stride};
    const feature_array in_row = {(void *)(uintptr_t)from, shape, in_strides, 2,
                                  FEATURE_UINT8};
    const feature_array out_row = {to, shape, out_strides, 2, FEATURE_FLOAT32};
    k->synthesize_rows(&in_row, &out_row, 0, 1, c->mid, c->stream);
    int wrong = 0;
    for (ptrdiff_t x = 0; x < c->n; x++) {
        float got;
        memcpy(&got, to + x * out_stride, sizeof got);
        wrong += !same_float(got, spec_matrix(from[x * c->in_stride], c->mid));
    }
    for (size_t i = 0; i < unused; i++)
        wrong += out.bytes[i] != GUARD_FILL;
    check_case("(n %td, strides %td %td, mid %lld, stream %d, offset %td)", c->n,
               c->in_stride, out_stride, (long long)c->mid, c->stream, c->offset);
    CHECK(wrong == 0);
    guarded_free(&in);
    guarded_free(&out);
}

void check_synthesize_rows(const plain_kernels *k)
{
    static const int64_t mids[] = {0,
                                   1,
                                   50,
                                   255,
                                   256,
                                   (1 << 24) - 3,
                                   (1 << 24) + 7,
                                   (INT64_C(1) << 31) - 257,
                                   (INT64_C(1) << 31) - 256,
                                   (INT64_C(1) << 31) - 255,
                                   INT64_C(1) << 31,
                                   (INT64_C(1) << 31) + 1,
                                   INT64_C(1) << 53,
                                   INT64_MAX / 2};
    static const ptrdiff_t out_steps[] = {1, 1, 1, 2, -1, -3};
    for (ptrdiff_t i = 0; i < LENGTHS * 40; i++) {
        int contiguous = random_below(4) != 0;
        matrix_case c = {length_number(i / 40),
                         contiguous ? 1 : steps[random_below(COUNT_OF(steps))],
                         contiguous ? 1 : out_steps[random_below(6)],
                         random_below(17),
                         mids[random_below(COUNT_OF(mids))],
                         (int)(random_bits() & 1)};
        synthesize_one(k, &c);
    }
}
