/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rows stand in the few slots of a buffer: there is one slot more than rows that
 * are needed together. A row beyond a constant border has the number -1. */
#ifndef CORE_SLOTS_H
#define CORE_SLOTS_H

#include <stddef.h>

#define SLOTS 4

typedef struct row_slots {
    ptrdiff_t held[SLOTS];
} row_slots;

static inline row_slots slots_empty(void)
{
    return (row_slots){{-2, -2, -2, -2}};
}

/* The slot of row y, or -1. */
static inline int slot_of(const row_slots *s, ptrdiff_t y)
{
    for (int k = 0; k < SLOTS; k++)
        if (s->held[k] == y)
            return k;
    return -1;
}

/* The slot that row y may have: one with none of the three rows in it. */
static inline int slot_for(row_slots *s, ptrdiff_t y, const ptrdiff_t *rows)
{
    int k = 0;
    while (s->held[k] == rows[0] || s->held[k] == rows[1] || s->held[k] == rows[2])
        k++;
    s->held[k] = y;
    return k;
}

#endif
