/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Working memory. A call leases one block, carves its buffers out of it and
 * gives it back; the process keeps blocks for the next call, because touching a
 * new page costs more than the arithmetic on it.
 *
 * Buffers are laid out by a function that runs twice: first over an arena
 * without memory, which only counts, then over the leased block.
 */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include <stddef.h>

typedef struct arena {
    unsigned char *base; /* NULL while counting */
    size_t used;         /* SIZE_MAX after an overflow */
} arena;

/* The next count * size bytes, on a cache line of their own. */
void *arena_take(arena *a, size_t count, size_t size);

/* A block of at least `size` bytes, aligned to 64, content undefined; NULL when
 * there is none. */
void *memory_lease(size_t size);
void memory_return(void *block);

/* Memory of a call's threads, as much for each as `one` has counted. */
typedef struct thread_memory {
    unsigned char *base;
    size_t each;
} thread_memory;

/* `base` is NULL when there is none. */
thread_memory memory_lease_each(const arena *one, int threads);

/* To lay out a thread's buffers over. */
static inline arena arena_of(const thread_memory *memory, int thread)
{
    return (arena){memory->base + (size_t)thread * memory->each, 0};
}

/* Frees every block that is not leased. */
void memory_release(void);

#endif
