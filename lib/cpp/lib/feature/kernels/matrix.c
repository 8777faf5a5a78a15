/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tutorial's kernel. The loop in `plain_row` is the whole idea: it has no
 * instruction set in it, and the compiler makes vectors of it, three times. The
 * rest is what the last third of the speed costs: a 32-bit difference where that
 * is exact, and stores that go around the caches where the output is so large that
 * it would only push other data out of them.
 */
#include "core/array.h"
#include "kernels/stream.h"
#include "kernels/variant.h"

static inline float transform(float difference)
{
    float v = difference * 1.5f;
    return v < 0 ? v + 0.25f : v - 0.25f;
}

/* Any strides, any size. */
static void strided_row(const uint8_t *in, ptrdiff_t in_stride, ptrdiff_t n,
                        int64_t mid, float *out, ptrdiff_t out_stride)
{
    unsigned char *to = (unsigned char *)out;
    for (ptrdiff_t x = 0; x < n; x++)
        *(float *)(void *)(to + x * out_stride) =
            transform((float)(in[x * in_stride] - mid));
}

/* A difference that fits 32 bits is rounded to float32 just as a 64-bit one. */
static void plain_row(const uint8_t *restrict in, ptrdiff_t n, int32_t mid,
                      float *restrict out)
{
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = transform((float)(in[x] - mid));
}

#if VECTOR_BYTES > 16
/* LANES bytes as integers; GCC 12 makes them one by one of __builtin_convertvector. */
static inline lane_mask load_bytes(const uint8_t *p)
{
#if VECTOR_BYTES == 64
    return (lane_mask)_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p));
#else
    return (lane_mask)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p));
#endif
}

/* plain_row with stores that bypass the caches. */
static void stream_row(const uint8_t *in, ptrdiff_t n, int32_t mid, float *out)
{
    /* Such stores want the boundary of a vector. */
    ptrdiff_t head = (ptrdiff_t)(-(uintptr_t)out % VECTOR_BYTES / sizeof(float));
    ptrdiff_t x = head < n ? head : n;
    plain_row(in, x, mid, out);
    for (; x + LANES <= n; x += LANES) {
        lanes v = __builtin_convertvector(load_bytes(in + x) - mid, lanes) * 1.5f;
        v = pick(v < 0, v + 0.25f, v - 0.25f);
        stream_vec(out + x, (vec)v);
    }
    plain_row(in + x, n - x, mid, out + x);
}
#else
#define stream_row plain_row
#endif

void NAME(synthesize_rows)(const feature_array *in, const feature_array *out,
                           ptrdiff_t first, ptrdiff_t end, int64_t mid, int stream)
{
    ptrdiff_t cols = in->shape[1], in_stride = in->strides[1];
    ptrdiff_t out_stride = out->strides[1];
    int strided = in_stride != 1 || out_stride != sizeof(float);
    for (ptrdiff_t y = first; y < end; y++) {
        const uint8_t *from = row_of(in, y);
        float *to = (float *)(void *)row_of(out, y);
        if (strided || mid > INT32_MAX - 255)
            strided_row(from, in_stride, cols, mid, to, out_stride);
        else if (stream)
            stream_row(from, cols, (int32_t)mid, to);
        else
            plain_row(from, cols, (int32_t)mid, to);
    }
}
