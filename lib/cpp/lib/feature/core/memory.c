/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A fixed list of slots, each empty or holding one block that nobody uses. Taking
 * and putting are single atomic exchanges: no lock, so nothing can be held across
 * a fork, and no thread-local memory that would stay when a thread ends.
 */
#define _DEFAULT_SOURCE
#include "core/memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LINE ((size_t)64)
#define HUGE_PAGE ((size_t)2 << 20)
#define PAGES ((size_t)64 << 10) /* a multiple of every system's page */
#define SLOTS 16
#define KEPT_AT_MOST ((size_t)256 << 20) /* the levels of 2048 x 2048 need 128 */

/* Stands in the cache line before the bytes that are handed out. */
typedef struct block {
    size_t size;
} block;

static _Atomic(block *) slots[SLOTS];
static atomic_size_t kept;

void *arena_take(arena *a, size_t count, size_t size)
{
    size_t bytes, end;
    if (__builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, LINE - 1, &bytes) ||
        __builtin_add_overflow(a->used, bytes & ~(LINE - 1), &end)) {
        a->used = SIZE_MAX;
        return NULL;
    }
    void *taken = a->base == NULL ? NULL : a->base + a->used;
    a->used = end;
    return taken;
}

static void *bytes_of(block *b)
{
    return (unsigned char *)b + LINE;
}

static block *allocate(size_t size)
{
    if (size > SIZE_MAX - LINE - HUGE_PAGE)
        return NULL;
    size_t alignment = size >= 2 * HUGE_PAGE ? HUGE_PAGE : LINE;
    size_t whole = (size + LINE + alignment - 1) / alignment * alignment;
    block *b = aligned_alloc(alignment, whole);
    if (b == NULL)
        return NULL;
    if (alignment == HUGE_PAGE) /* what is left over is touched page by page */
        madvise(b, (size + LINE) / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    b->size = whole - LINE;
    return b;
}

/* The pages go back to the system here and now; free() alone may keep them. */
static void release(block *b)
{
    uintptr_t start = ((uintptr_t)b + LINE + PAGES - 1) / PAGES * PAGES;
    uintptr_t end = ((uintptr_t)b + LINE + b->size) / PAGES * PAGES;
    if (end > start)
        madvise((void *)start, end - start, MADV_DONTNEED);
    free(b);
}

/* Is `b` the better one for `size` bytes: the smallest that is large enough, or else
 * the largest? */
static int is_better(const block *b, const block *best, size_t size)
{
    if (best == NULL || (b->size >= size) != (best->size >= size))
        return best == NULL || b->size >= size;
    return b->size >= size ? b->size < best->size : b->size > best->size;
}

static void put_into(int slot, block *b)
{
    block *empty = NULL;
    if (atomic_compare_exchange_strong(&slots[slot], &empty, b))
        return;
    atomic_fetch_sub(&kept, b->size); /* another thread was quicker */
    release(b);
}

void *memory_lease(size_t size)
{
    block *best = NULL;
    for (int i = 0; i < SLOTS; i++) {
        block *b = atomic_exchange(&slots[i], NULL);
        if (b == NULL)
            continue;
        if (is_better(b, best, size)) {
            block *other = best;
            best = b;
            b = other;
        }
        if (b != NULL)
            put_into(i, b);
    }
    if (best != NULL) {
        atomic_fetch_sub(&kept, best->size);
        if (best->size >= size)
            return bytes_of(best);
        release(best); /* calls grow: a larger one takes its place */
    }
    block *b = allocate(size);
    return b == NULL ? NULL : bytes_of(b);
}

thread_memory memory_lease_each(const arena *one, int threads)
{
    arena whole = {NULL, 0};
    if (one->used == SIZE_MAX)
        return (thread_memory){NULL, 0};
    arena_take(&whole, (size_t)threads, one->used);
    return (thread_memory){whole.used == SIZE_MAX ? NULL : memory_lease(whole.used),
                           one->used};
}

void memory_return(void *bytes)
{
    if (bytes == NULL)
        return;
    block *b = (block *)((unsigned char *)bytes - LINE);
    size_t size = b->size;
    if (atomic_fetch_add(&kept, size) + size <= KEPT_AT_MOST) {
        for (int i = 0; i < SLOTS; i++) {
            block *empty = NULL;
            if (atomic_compare_exchange_strong(&slots[i], &empty, b))
                return;
        }
    }
    atomic_fetch_sub(&kept, size);
    release(b);
}

void memory_release(void)
{
    for (int i = 0; i < SLOTS; i++) {
        block *b = atomic_exchange(&slots[i], NULL);
        if (b != NULL) {
            atomic_fetch_sub(&kept, b->size);
            release(b);
        }
    }
}
