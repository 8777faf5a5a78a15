/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Work in bands. A family cuts its work into bands whose number does not depend
 * on the threads, so that neither do the results. Each thread begins with a share of
 * neighbouring bands, the same in every region over as many: what it wrote in the one
 * before is in its own cache. Who has finished his share takes bands from the others',
 * so that a thread that loses its processor holds nobody up.
 */
#ifndef CORE_THREADS_H
#define CORE_THREADS_H

#include <stdatomic.h>

#include "core/memory.h"
#include "feature.h"

typedef struct team {
    const feature_run *run;
    double last_poll; /* seconds */
    int threads;
    atomic_int *stop;   /* of the bands that are being run */
    double last_look;   /* at the clock, inside of bands */
    int stride, waited; /* calls from one look to the next, and since the last */
} team;

/* As many threads as the run allows, at most one a band, and one only where
 * `nanoseconds` (the whole work on one thread) are too few to share. */
team team_for(const feature_run *run, ptrdiff_t bands, double nanoseconds);

/* How many parts of at most `most` make n > 0. */
static inline ptrdiff_t parts_of(ptrdiff_t n, ptrdiff_t most)
{
    return (n - 1) / most + 1;
}

/* As few of them as the threads share evenly, for parts that make twice what lies
 * between them. */
static inline ptrdiff_t even_parts_of(ptrdiff_t n, ptrdiff_t most, ptrdiff_t threads)
{
    return parts_of(parts_of(n, most), threads) * threads;
}

/* Calls band(context, index, thread) once for each index below `bands`; thread
 * numbers are below team->threads. OK or INTERRUPTED. */
feature_status team_run(team *t, ptrdiff_t bands,
                        void (*band)(void *context, ptrdiff_t index, int thread),
                        void *context);

/* The same; before it, memory is leased for each thread, as much as `one` has counted,
 * and returned after it. NO_MEMORY: there is none, and nothing was called. */
feature_status team_run_with(team *t, ptrdiff_t bands,
                             void (*band)(void *context, ptrdiff_t index, int thread),
                             void *context, thread_memory *memory, const arena *one);

/* The same as team_run; a band is taken when those of smaller indices have been. */
feature_status team_run_in_order(team *t, ptrdiff_t bands,
                                 void (*band)(void *context, ptrdiff_t index,
                                              int thread),
                                 void *context);

/* Waits inside a band of team_run_in_order until the counter is at most 0. Only bands
 * of smaller indices may count it down: whoever took them finishes them. */
void team_await(const atomic_ptrdiff_t *counter);

/* Inside a band that may take long, between its steps: has the call been interrupted?
 * Then the band may end, whatever it leaves undone. */
int team_is_stopped(team *t, int thread);

/* For serial stretches: INTERRUPTED when it is time to ask and the answer is yes. */
feature_status team_poll(team *t);

int threads_by_default(void);
const char *threads_source(void);

#endif
