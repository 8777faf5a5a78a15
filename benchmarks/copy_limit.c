/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What memory allows: a copy of n bytes by some threads, with ordinary stores or
 * with stores that go past the caches. bench.py compiles this for the machine it
 * runs on and calls it through ctypes.
 */
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>

/* n is a multiple of 64, both addresses too. */
static void stream(char *to, const char *from, size_t n)
{
    for (size_t k = 0; k < n; k += 64) {
#if defined(__AVX512F__)
        _mm512_stream_si512((void *)(to + k), _mm512_load_si512(from + k));
#elif defined(__AVX__)
        __m256i a = _mm256_load_si256((const void *)(from + k));
        __m256i b = _mm256_load_si256((const void *)(from + k + 32));
        _mm256_stream_si256((void *)(to + k), a);
        _mm256_stream_si256((void *)(to + k + 32), b);
#else
        for (size_t j = 0; j < 64; j += 16)
            _mm_stream_si128((void *)(to + k + j),
                             _mm_load_si128((const void *)(from + k + j)));
#endif
    }
    _mm_sfence();
}
#else
static void stream(char *to, const char *from, size_t n)
{
    memcpy(to, from, n);
}
#endif

/* Ordinary stores. Not memcpy, which for large copies goes past the caches too: with
 * non-temporal stores, or with an instruction of the processor that does the same. */
static void store(char *to, const char *from, size_t n)
{
    typedef uint64_t line __attribute__((vector_size(64)));
    for (size_t k = 0; k < n; k += sizeof(line)) {
        *(line *)(void *)(to + k) = *(const line *)(const void *)(from + k);
        __asm__ volatile("" ::: "memory"); /* or GCC would call memcpy */
    }
}

/* One contiguous share a thread. */
void copy_limit(char *to, const char *from, size_t n, int threads, int nontemporal)
{
    enum { BLOCK = 1 << 18 };
    int64_t blocks = (int64_t)(n / BLOCK);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t k = 0; k < blocks; k++) {
        if (nontemporal)
            stream(to + k * BLOCK, from + k * BLOCK, BLOCK);
        else
            store(to + k * BLOCK, from + k * BLOCK, BLOCK);
    }
}
