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

/* A block for so many threads, each of which needs what `one` has counted: `*each`
 * bytes from one thread's to the next. NULL when there is none. */
unsigned char *memory_lease_each(const arena *one, int threads, size_t *each);

/* Frees every block that is not leased. */
void memory_release(void);

#endif
