/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory written past the caches. An ordinary store first reads the line that it
 * changes; of a result that no cache keeps that is half of all traffic again. Whoever
 * streams must fence before another thread reads: team_run does.
 */
#ifndef KERNELS_STREAM_H
#define KERNELS_STREAM_H

#include "kernels/variant.h"

#define CACHE_LINE 64

/* A vector to an address that is aligned to it. */
static inline void stream_vec(void *to, vec v)
{
#if defined(__AVX512F__)
    _mm512_stream_pd(to, (__m512d)v);
#elif defined(__AVX2__)
    _mm256_stream_pd(to, (__m256d)v);
#elif defined(__SSE2__)
    _mm_stream_pd(to, (__m128d)v);
#else
    memcpy(to, &v, sizeof v);
#endif
}

/* memcpy; whole cache lines past the caches. */
static inline void copy_past(const void *from, size_t size, void *to)
{
    const unsigned char *in = from;
    unsigned char *out = to;
    size_t head = -(uintptr_t)out % CACHE_LINE;
    if (head + CACHE_LINE > size) {
        memcpy(out, in, size);
        return;
    }
    size_t end = head + (size - head) / CACHE_LINE * CACHE_LINE;
    memcpy(out, in, head);
    for (size_t at = head; at < end; at += VECTOR_BYTES) {
        vec v;
        memcpy(&v, in + at, sizeof v);
        stream_vec(out + at, v);
    }
    memcpy(out + end, in + end, size - end);
}

#endif
