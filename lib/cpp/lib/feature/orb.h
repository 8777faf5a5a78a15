/* SPDX-License-Identifier: BSD-3-Clause */
/* What orb.c and orb_pyramid.c share: one call's levels, and bands of them. */
#ifndef ORB_H
#define ORB_H

#include "core/fast.h"
#include "core/memory.h"
#include "core/threads.h"
#include "feature.h"
#include "kernels/kernels.h"

#define ORB_BAND_ROWS 32
#define ORB_WORD 64
#define ORB_COLUMNS_AT_MOST 100000000 /* offsets of pairs are of 32 bits */

/* One level: its pixels, and a bit for each that is a corner. */
typedef struct orb_level {
    feature_array array;
    ptrdiff_t shape[2], strides[2];
    uint64_t *words;
    ptrdiff_t words_per_row, bands, first_band;
    ptrdiff_t first_task; /* of those that read it */
    zoom_axis down, right; /* where its pixels stand in the level before */
    plane_limits *smoothed, *zoomed; /* of each of its bands */
    atomic_ptrdiff_t to_make, to_search; /* bands that are not done yet */
    atomic_int has_nan; /* among the responses: then there are no corners */
    int is_empty;       /* is there no corner? */
} orb_level;

typedef struct orb_call {
    const feature_array *image;
    const feature_orb_parameters *p;
    const feature_run *run;
    const plain_kernels *plain;
    const real_kernels *real;
    ptrdiff_t item;
    orb_level *levels;
    ptrdiff_t bands; /* of all levels */
    fast_rule rule;
    fast_bounds bounds;
    int is_plane, bytes; /* is the image level 0 as it is; are its bytes looked at? */
    int finds; /* are corners looked for? */
    team team; /* of the region that makes the levels */
    unsigned char *block;
    thread_memory memory;
} orb_call;

static inline const unsigned char *orb_pixel(const orb_level *level, ptrdiff_t y,
                                             ptrdiff_t x)
{
    return (const unsigned char *)level->array.data + y * level->strides[0] +
           x * level->strides[1];
}

/* Leases what the levels need; orb_call.block is given back by the caller. */
feature_status orb_open(orb_call *call);

/* Makes all levels, and where `finds` is set the bits of their corners. */
feature_status orb_build(orb_call *call);

#endif
