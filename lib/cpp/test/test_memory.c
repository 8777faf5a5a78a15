/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: working memory is aligned, reused, kept within a bound and given back;
 * and when the n-th allocation of a call fails, for every n, the call says so, loses
 * nothing, and the next call works.
 *
 * The allocating functions are wrapped (see CMakeLists.txt); the library's objects
 * are part of this program, so that theirs are.
 */
#define CHECK_MAIN
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/memory.h"
#include "feature.h"

/* ------------------------------------------------------------------------ */
/* Allocations, counted and made to fail                                    */
/* ------------------------------------------------------------------------ */

static atomic_int
    counting;            /* only the library's own: tests switch it on around calls */
static atomic_long live; /* blocks allocated by the library and not freed */
static atomic_long asked;
static atomic_long fail_at = -1; /* the allocation of this number fails; -1: none */

/* A sanitizer would end the process where malloc must return NULL. */
const char *__asan_default_options(void) __attribute__((visibility("default")));
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

#define WRAP(type, name, parameters, arguments)                                        \
    type __real_##name parameters;                                                     \
    type __wrap_##name parameters;                                                     \
    type __wrap_##name parameters                                                      \
    {                                                                                  \
        if (!atomic_load(&counting))                                                   \
            return __real_##name arguments;                                            \
        if (atomic_fetch_add(&asked, 1) == atomic_load(&fail_at))                      \
            return NULL;                                                               \
        void *p = __real_##name arguments;                                             \
        atomic_fetch_add(&live, p != NULL);                                            \
        return p;                                                                      \
    }

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))

void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p)
{
    if (atomic_load(&counting) && p != NULL)
        atomic_fetch_sub(&live, 1);
    __real_free(p);
}

/* The library has no use for these; if that changes, the tests must know. */
void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size)
{
    (void)p;
    (void)size;
    CHECK(!"realloc is not counted by this test");
    abort();
}

int __wrap_posix_memalign(void **p, size_t alignment, size_t size);
int __wrap_posix_memalign(void **p, size_t alignment, size_t size)
{
    (void)alignment;
    (void)size;
    *p = NULL;
    CHECK(!"posix_memalign is not counted by this test");
    return ENOMEM;
}

static void start_counting(long fail)
{
    memory_release();
    atomic_store(&fail_at, fail);
    atomic_store(&asked, 0);
    atomic_store(&counting, 1);
}

static void stop_counting(void)
{
    atomic_store(&counting, 0);
    atomic_store(&fail_at, -1);
}

/* ------------------------------------------------------------------------ */
/* Leases                                                                   */
/* ------------------------------------------------------------------------ */

#define MEBIBYTE ((size_t)1 << 20)

static void leases(void)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, 100000, 5 * MEBIBYTE};
    for (int k = 0; k < COUNT_OF(sizes); k++) {
        unsigned char *p = memory_lease(sizes[k]);
        check_case("(%zu bytes)", sizes[k]);
        CHECK(p != NULL && (uintptr_t)p % 64 == 0);
        if (p != NULL)
            memset(p, 0xff, sizes[k]);
        memory_return(p);
        unsigned char *again = memory_lease(sizes[k]);
        CHECK(again == p);
        memory_return(again);
    }
    memory_return(NULL);
    CHECK(memory_lease(SIZE_MAX) == NULL);
    CHECK(memory_lease(SIZE_MAX - 64) == NULL);
    CHECK(memory_lease(SIZE_MAX / 2) == NULL);
}

/* What calls of several sizes lease in any order, the next ones find again. */
static void every_size_stays(void)
{
    static const size_t sizes[] = {700000, 1600000, 40000, 3000000, 800000};
    enum { COUNT = COUNT_OF(sizes) };
    void *blocks[COUNT];
    start_counting(-1);
    for (int times = 0; times < 6; times++) {
        for (int k = 0; k < COUNT; k++)
            blocks[k] = memory_lease(sizes[(k + times) % COUNT]);
        for (int k = 0; k < COUNT; k++)
            memory_return(blocks[(k * 2 + times) % COUNT]);
        check_case("(round %d)", times);
        CHECK(atomic_load(&asked) == COUNT);
    }
    memory_release();
    CHECK(atomic_load(&live) == 0);
    stop_counting();
}

/* Many small blocks: as many as there are slots stay. Large ones: 256 MiB stay. */
static void bounds(void)
{
    void *blocks[40];
    start_counting(-1);
    for (int k = 0; k < COUNT_OF(blocks); k++)
        blocks[k] = memory_lease(1000);
    CHECK(atomic_load(&live) == COUNT_OF(blocks));
    for (int k = 0; k < COUNT_OF(blocks); k++)
        memory_return(blocks[k]);
    CHECK(atomic_load(&live) > 0 && atomic_load(&live) < COUNT_OF(blocks));
    memory_release();
    CHECK(atomic_load(&live) == 0);
    for (int k = 0; k < 4; k++)
        blocks[k] = memory_lease(100 * MEBIBYTE);
    for (int k = 0; k < 4; k++)
        memory_return(blocks[k]);
    CHECK(atomic_load(&live) == 2);
    memory_return(memory_lease(300 * MEBIBYTE));
    CHECK(atomic_load(&live) <= 2);
    memory_release();
    memory_release();
    CHECK(atomic_load(&live) == 0);
    stop_counting();
}

static atomic_int disturbed;

/* Fills what it leases with its own number, and finds it again. */
static void *lease_often(void *context)
{
    unsigned char own = *(unsigned char *)context;
    for (int times = 0; times < 3000; times++) {
        size_t size = 1 + (size_t)times * 37 % 3000;
        unsigned char *p = memory_lease(size);
        int wrong = p == NULL;
        if (p != NULL)
            memset(p, own, size);
        for (size_t k = 0; p != NULL && k < size; k++)
            wrong |= p[k] != own;
        atomic_fetch_add(&disturbed, wrong);
        memory_return(p);
        if (times % 500 == own % 10)
            memory_release();
    }
    return NULL;
}

static void many_threads(void)
{
    pthread_t threads[8];
    unsigned char numbers[8];
    start_counting(-1);
    atomic_store(&counting, 1);
    for (int k = 0; k < 8; k++) {
        numbers[k] = (unsigned char)(k + 1);
        CHECK(pthread_create(&threads[k], NULL, lease_often, &numbers[k]) == 0);
    }
    for (int k = 0; k < 8; k++)
        pthread_join(threads[k], NULL);
    CHECK(atomic_load(&disturbed) == 0);
    memory_release();
    CHECK(atomic_load(&live) == 0);
    stop_counting();
}

/* ------------------------------------------------------------------------ */
/* Failing allocations                                                      */
/* ------------------------------------------------------------------------ */

#define ROWS 200
#define COLS 70

static double pixels[ROWS * COLS], gradient[ROWS * COLS];
static uint8_t mask_bytes[ROWS * COLS], edge_bytes[ROWS * COLS * 2];
static uint8_t grey[ROWS * COLS];
static float matrix[ROWS * COLS];

static const ptrdiff_t shape[2] = {ROWS, COLS};
static const ptrdiff_t wide_strides[2] = {COLS * 8, 8}, strides_2[2] = {COLS * 2, 2};
static const ptrdiff_t byte_strides[2] = {COLS, 1}, float_strides[2] = {COLS * 4, 4};
static const feature_array image = {pixels, shape, wide_strides, 2, FEATURE_FLOAT64};
static const feature_array mask = {mask_bytes, shape, byte_strides, 2, FEATURE_BOOL};
static const feature_array edges = {edge_bytes, shape, byte_strides, 2, FEATURE_BOOL};
static const feature_array apart = {edge_bytes, shape, strides_2, 2, FEATURE_BOOL};
static const feature_array slopes = {gradient, shape, wide_strides, 2, FEATURE_FLOAT64};
static const feature_array bytes = {grey, shape, byte_strides, 2, FEATURE_UINT8};
static const feature_array floats = {matrix, shape, float_strides, 2, FEATURE_FLOAT32};

static feature_canny_parameters parameters(void)
{
    static const double weights[] = {0.4, 0.2, 0.1};
    feature_filter filter = {weights, 2, FEATURE_CONSTANT};
    feature_canny_parameters p = {{filter, filter}, 0, 1, 0.5f, 1};
    return p;
}

static feature_status call(int which)
{
    feature_canny_parameters p = parameters();
    feature_run run = {NULL, NULL, 2};
    double weights[9];
    switch (which) {
    case 0:
        return feature_canny(&image, NULL, &p, &edges, &run);
    case 1:
        return feature_canny(&image, &mask, &p, &edges, &run);
    case 2:
        return feature_canny(&image, &mask, &p, &apart, &run);
    case 3:
        return feature_canny_magnitude(&image, NULL, &p, &slopes, &run);
    case 4:
        return feature_canny_magnitude(&image, &mask, &p, &slopes, &run);
    case 5:
        return feature_synthesize_matrix(&bytes, &floats, &run);
    default:
        return feature_gaussian_weights(2, 9, weights) == 8 ? FEATURE_OK
                                                            : FEATURE_BAD_ARGUMENT;
    }
}

#define CALLS 7
#define CALLS_THAT_ALLOCATE 5

/* Fails the allocations of a call one after the other; how many had to fail? */
static long sweep(int which)
{
    long n = 0;
    for (;; n++) {
        start_counting(n);
        feature_status status = call(which);
        long failed = atomic_load(&asked) > n;
        check_case("(call %d, allocation %ld)", which, n);
        CHECK(status == (failed ? FEATURE_NO_MEMORY : FEATURE_OK));
        memory_release();
        CHECK(atomic_load(&live) == 0);
        atomic_store(&fail_at, -1);
        CHECK(call(which) == FEATURE_OK); /* works afterwards */
        memory_release();
        CHECK(atomic_load(&live) == 0);
        stop_counting();
        if (!failed || n > 100)
            return n;
    }
}

static void failing_allocations(void)
{
    for (ptrdiff_t k = 0; k < ROWS * COLS; k++) {
        pixels[k] = random_between(0, 1);
        grey[k] = (uint8_t)random_bits();
        mask_bytes[k] = random_below(20) != 0;
    }
    for (int which = 0; which < CALLS; which++) {
        long failures = sweep(which);
        CHECK(failures <= 100 && (failures > 0) == (which < CALLS_THAT_ALLOCATE));
    }
}

/* The failed calls above must not have changed what the library computes. */
static void same_answer(void)
{
    static uint8_t first[ROWS * COLS];
    CHECK(call(1) == FEATURE_OK);
    memcpy(first, edge_bytes, sizeof first);
    start_counting(0);
    CHECK(call(1) == FEATURE_NO_MEMORY);
    stop_counting();
    memset(edge_bytes, 7, sizeof edge_bytes);
    CHECK(call(1) == FEATURE_OK);
    CHECK(memcmp(edge_bytes, first, sizeof first) == 0);
    memory_release();
}

/* Sizes that cannot be counted, or had, are no memory and no crash. */
static void too_much(void)
{
    feature_canny_parameters p = parameters();
    static const ptrdiff_t radii[] = {PTRDIFF_MAX / 64, PTRDIFF_MAX / 128,
                                      (ptrdiff_t)1 << 50};
    for (int k = 0; k < COUNT_OF(radii); k++)
        for (int axis = 0; axis < 2; axis++) {
            p = parameters();
            p.axis[axis].radius = radii[k];
            check_case("(radius %td)", radii[k]);
            CHECK(feature_canny(&image, NULL, &p, &edges, NULL) == FEATURE_NO_MEMORY);
            CHECK(feature_canny_magnitude(&image, &mask, &p, &slopes, NULL) ==
                  FEATURE_NO_MEMORY);
        }
}

int main(void)
{
    random_start();
    SHOW("blocks are aligned and leased again", leases());
    SHOW("what is kept is bounded and can be released", bounds());
    SHOW("blocks of every size stay", every_size_stays());
    SHOW("many threads lease, each its own block", many_threads());
    SHOW("the n-th allocation fails and nothing is lost", failing_allocations());
    SHOW("a call after one without memory gives the same bytes", same_answer());
    SHOW("a size that cannot be had is no memory", too_much());
    return check_result();
}
