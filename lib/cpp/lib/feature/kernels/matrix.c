/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tutorial's kernel. The loop in `plain_row` is the whole idea: it has no
 * instruction set in it, and the compiler makes vectors of it, three times. The
 * rest is what the last third of the speed costs: a 32-bit difference where that
 * is exact, and stores that go around the caches where the output is so large that
 * it would only push other data out of them.
 */
#include "kernels/variant.h"

static inline float transform(float difference)
{
    float v = difference * 1.5f;
    return v < 0 ? v + 0.25f : v - 0.25f;
}

/* Any strides, any size. */
static void strided_row(const uint8_t *in, ptrdiff_t in_stride, ptrdiff_t n, int64_t mid,
                        float *out, ptrdiff_t out_stride)
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
/* plain_row with stores that bypass the caches; `out` on a vector's boundary. */
static void stream_row(const uint8_t *in, ptrdiff_t n, int32_t mid, float *out)
{
    typedef uint8_t bytes __attribute__((vector_size(LANES)));
    ptrdiff_t x = 0;
    for (; x + LANES <= n; x += LANES) {
        bytes pixels;
        memcpy(&pixels, in + x, sizeof pixels);
        lane_mask difference = __builtin_convertvector(pixels, lane_mask) - mid;
        lanes v = __builtin_convertvector(difference, lanes) * 1.5f;
        v = pick(v < 0, v + 0.25f, v - 0.25f);
#if VECTOR_BYTES == 64
        _mm512_stream_ps(out + x, (__m512)v);
#else
        _mm256_stream_ps(out + x, (__m256)v);
#endif
    }
    plain_row(in + x, n - x, mid, out + x);
}
#endif

void NAME(synthesize_row)(const uint8_t *in, ptrdiff_t in_stride, ptrdiff_t n,
                          int64_t mid, int stream, float *out, ptrdiff_t out_stride)
{
    if (in_stride != 1 || out_stride != sizeof(float) || mid > INT32_MAX - 255) {
        strided_row(in, in_stride, n, mid, out, out_stride);
        return;
    }
#if VECTOR_BYTES > 16
    if (stream) {
        ptrdiff_t head = (ptrdiff_t)(-(uintptr_t)out % VECTOR_BYTES / sizeof(float));
        head = head < n ? head : n;
        plain_row(in, head, (int32_t)mid, out);
        stream_row(in + head, n - head, (int32_t)mid, out + head);
        _mm_sfence();
        return;
    }
#else
    (void)stream;
#endif
    plain_row(in, n, (int32_t)mid, out);
}
