/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every C test here is made of: conditions that are counted, random numbers
 * that can be had again, and memory whose neighbours trap.
 *
 * One file of a program defines CHECK_MAIN before it includes this, and its main
 * ends with `return check_result()`. FEATURE_TEST_SEED chooses the random numbers.
 */
#ifndef CHECK_H
#define CHECK_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT_OF(array) ((ptrdiff_t)(sizeof(array) / sizeof *(array)))
#define SKIPPED 77 /* ctest's SKIP_RETURN_CODE */

/* ------------------------------------------------------------------------ */
/* Conditions                                                               */
/* ------------------------------------------------------------------------ */

typedef struct check_state {
    int failures;
    uint64_t random;
    char where[200]; /* the case being tried, printed with a failure */
} check_state;

extern check_state check;
#ifdef CHECK_MAIN
check_state check = {0, 1, ""};
#endif

#define SHOWN_AT_MOST 30
#define CHECK(condition)                                                               \
    ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))

static inline void check_failed(const char *condition, const char *file, int line)
{
    if (check.failures++ < SHOWN_AT_MOST)
        printf("%s:%d: not so: %s  %s\n", file, line, condition, check.where);
}

/* Says which case the next conditions are about. */
__attribute__((format(printf, 1, 2))) static inline void check_case(const char *format,
                                                                    ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(check.where, sizeof check.where, format, arguments);
    va_end(arguments);
}

/* Runs a statement under a sentence that says what it shows. */
#define SHOW(sentence, statement)                                                      \
    do {                                                                               \
        int failures_before = check.failures;                                          \
        check.where[0] = '\0';                                                         \
        statement;                                                                     \
        check.where[0] = '\0';                                                         \
        printf("%s: %s\n", check.failures == failures_before ? "ok" : "FAILED",        \
               sentence);                                                              \
        fflush(stdout);                                                                \
    } while (0)

static inline int check_result(void)
{
    printf("%d failures\n", check.failures);
    return check.failures != 0;
}

/* ------------------------------------------------------------------------ */
/* Random numbers                                                           */
/* ------------------------------------------------------------------------ */

static inline void random_start(void)
{
    const char *seed = getenv("FEATURE_TEST_SEED");
    check.random = seed == NULL || *seed == '\0' ? 1 : strtoull(seed, NULL, 0);
    printf("FEATURE_TEST_SEED=%llu\n", (unsigned long long)check.random);
}

/* Steele, Lea and Flood's SplitMix64. */
static inline uint64_t random_bits(void)
{
    uint64_t z = check.random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline ptrdiff_t random_below(ptrdiff_t n)
{
    return (ptrdiff_t)(random_bits() % (uint64_t)n);
}

static inline double random_between(double least, double most)
{
    return least + (most - least) * ((double)(random_bits() >> 11) * 0x1p-53);
}

static inline void random_fill(void *bytes, size_t size)
{
    unsigned char *p = bytes;
    for (size_t k = 0; k < size; k++)
        p[k] = (unsigned char)random_bits();
}

/* A number that a careless loop may get wrong. */
static inline double awkward_double(void)
{
    static const double some[] = {0.0,      -0.0,      1.0,       -1.0,   NAN,
                                  INFINITY, -INFINITY, 0x1p-1074, 1e-310, 1e-45,
                                  1.7e308,  -1.7e308,  3.5e38,    1e-300, 1e300};
    if (random_below(8) == 0)
        return some[random_below(COUNT_OF(some))];
    return random_between(-1, 1) * ldexp(1, (int)random_below(40) - 20);
}

/* 1 to 100, then some that are not small. */
static const ptrdiff_t larger_lengths[] = {127, 128, 129, 511, 513, 1000, 4099};
#define LENGTHS (100 + COUNT_OF(larger_lengths))

static inline ptrdiff_t length_number(ptrdiff_t k)
{
    return k < 100 ? k + 1 : larger_lengths[k - 100];
}

/* ------------------------------------------------------------------------ */
/* Comparison                                                               */
/* ------------------------------------------------------------------------ */

/* The same bits, but any NaN is as good as another. */
static inline int same_double(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static inline int same_float(float a, float b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

/* ------------------------------------------------------------------------ */
/* Guarded memory                                                           */
/* ------------------------------------------------------------------------ */

/* On which side the page that traps touches the bytes. On the other side lies what
 * is left of a page, filled, and looked at when the memory is freed. */
typedef enum guard_side { GUARD_BEFORE, GUARD_AFTER } guard_side;

typedef struct guarded {
    unsigned char *bytes;
    size_t size;
    unsigned char *map;
    size_t map_size;
} guarded;

#define GUARD_FILL 0xa5

static inline guard_side random_side(void)
{
    return random_bits() & 1 ? GUARD_AFTER : GUARD_BEFORE;
}

/* Maps of two pages that trap with one page between are kept for the next memory:
 * making one takes longer than most tests of a row. */
#define MAPS_KEPT 64

typedef struct kept_maps {
    unsigned char *map[MAPS_KEPT];
    int count;
} kept_maps;

static inline kept_maps *kept(void)
{
    static kept_maps maps;
    return &maps;
}

static inline unsigned char *guarded_map(size_t size, size_t page)
{
    if (size == 3 * page && kept()->count > 0)
        return kept()->map[--kept()->count];
    void *map =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    mprotect(map, page, PROT_NONE);
    mprotect((unsigned char *)map + size - page, page, PROT_NONE);
    return map;
}

static inline guarded guarded_new(size_t size, guard_side side)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inside = (size / page + 1) * page;
    guarded g = {NULL, size, NULL, inside + 2 * page};
    g.map = guarded_map(g.map_size, page);
    memset(g.map + page, GUARD_FILL, inside);
    g.bytes = g.map + page + (side == GUARD_AFTER ? inside - size : 0);
    return g;
}

/* Frees the memory, and fails when something beside it was written. */
static inline void guarded_free(guarded *g)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int written = 0;
    for (unsigned char *p = g->map + page; p < g->bytes; p++)
        written |= *p != GUARD_FILL;
    for (unsigned char *p = g->bytes + g->size; p < g->map + g->map_size - page; p++)
        written |= *p != GUARD_FILL;
    CHECK(!written);
    if (g->map_size == 3 * page && kept()->count < MAPS_KEPT)
        kept()->map[kept()->count++] = g->map;
    else
        munmap(g->map, g->map_size);
    g->bytes = g->map = NULL;
}

#endif
