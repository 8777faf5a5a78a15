/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The only parallel region of the library, and three hazards around it.
 *
 * Fork. GNU's OpenMP keeps a pool of threads; in a forked child they are gone, and
 * the next region there waits for them for ever. Before a fork we therefore give
 * the pool back (omp_pause_resource_all), so that parent and child start a new
 * one when they need it. Where that fails, or another runtime is linked that
 * re-makes its pool by itself, the child is told to work on one thread, which
 * is always safe.
 *
 * Thread creation. Both runtimes end the process when the system refuses a thread
 * (a container's limit on processes is enough). Before a team first grows to n
 * threads we therefore start and join n - 1 of our own, and ask OpenMP for no
 * more than worked.
 *
 * Signals. Python runs its signal handlers on the main thread, between bytecodes.
 * The thread that called us is that thread, so it asks between its own bands.
 */
#define _DEFAULT_SOURCE
#include "core/threads.h"

#include <limits.h>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/quota.h"

/* Measured on two cores: below this a region costs more than it saves. */
#define SERIAL_BELOW_NANOSECONDS 60e3
#define POLL_SECONDS 0.01
/* The clock takes as long as a short row: it is looked at less often where questions
 * come sooner than that, down to every 64th time. */
#define SOON_SECONDS 0.001
#define STRIDE_AT_MOST 64
#define THREADS_AT_MOST 1024

static int quota;          /* written by the constructor only */
static int told_by_openmp; /* is OMP_NUM_THREADS set? */
static atomic_int child_is_serial;
static atomic_int pause_failed;
static atomic_int known_to_start = 1; /* so many threads have run at once */
static atomic_int refused_from = THREADS_AT_MOST + 1;

/* ------------------------------------------------------------------------ */
/* Fork                                                                     */
/* ------------------------------------------------------------------------ */

static void before_fork(void)
{
#if FEATURE_LIBGOMP
    atomic_store(&pause_failed, omp_pause_resource_all(omp_pause_hard) != 0);
#else
    atomic_store(&pause_failed, 1);
#endif
}

static void in_child(void)
{
    if (atomic_load(&pause_failed))
        atomic_store(&child_is_serial, 1);
}

__attribute__((constructor)) static void look_around(void)
{
    const char *told = getenv("OMP_NUM_THREADS");
    char *behind = NULL;
    long number = told != NULL ? strtol(told, &behind, 10) : 0;
    told_by_openmp = number > 0 && number <= INT_MAX &&
                     strchr(", \t", *behind) != NULL; /* else OpenMP ignores it */
    quota = cpu_quota();
    pthread_atfork(before_fork, NULL, in_child);
}

/* ------------------------------------------------------------------------ */
/* How many threads                                                         */
/* ------------------------------------------------------------------------ */

static int quota_decides(void)
{
    return !told_by_openmp && quota > 0 && quota < omp_get_max_threads();
}

int threads_by_default(void)
{
    return quota_decides() ? quota : omp_get_max_threads();
}

const char *threads_source(void)
{
    if (told_by_openmp)
        return "OMP_NUM_THREADS";
    return quota_decides() ? "CPU quota of the container" : "OpenMP's own maximum";
}

typedef struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    int open;
} gate;

static void *wait_at_gate(void *context)
{
    gate *g = context;
    pthread_mutex_lock(&g->mutex);
    while (!g->open)
        pthread_cond_wait(&g->opened, &g->mutex);
    pthread_mutex_unlock(&g->mutex);
    return NULL;
}

/* How many of `wanted` threads, this one included, exist at once when asked for. */
static int try_to_start(int wanted)
{
    pthread_t others[THREADS_AT_MOST];
    gate g = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    int started = 0;
    while (started < wanted - 1 &&
           pthread_create(&others[started], NULL, wait_at_gate, &g) == 0)
        started++;
    pthread_mutex_lock(&g.mutex);
    g.open = 1;
    pthread_cond_broadcast(&g.opened);
    pthread_mutex_unlock(&g.mutex);
    for (int i = 0; i < started; i++)
        pthread_join(others[i], NULL);
    return started + 1;
}

static int that_start(int wanted)
{
    int refused = atomic_load(&refused_from);
    if (wanted >= refused)
        wanted = refused - 1;
    if (wanted <= atomic_load(&known_to_start))
        return wanted;
    int started = try_to_start(wanted);
    if (started < wanted)
        atomic_store(&refused_from, started + 1);
    atomic_store(&known_to_start, started);
    return started;
}

team team_for(const feature_run *run, ptrdiff_t bands, double nanoseconds)
{
    team t = {.run = run, .threads = 1, .stride = 1};
    int wanted = run != NULL && run->threads > 0 ? run->threads : threads_by_default();
    if (wanted > bands)
        wanted = (int)bands;
    if (wanted > 1 && nanoseconds >= SERIAL_BELOW_NANOSECONDS &&
        !atomic_load(&child_is_serial))
        t.threads = that_start(wanted);
    return t;
}

/* ------------------------------------------------------------------------ */
/* Interruption                                                             */
/* ------------------------------------------------------------------------ */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int can_poll(const team *t)
{
    return t->run != NULL && t->run->poll != NULL;
}

static feature_status poll_at(team *t, double now)
{
    if (t->last_poll == 0)
        t->last_poll = now;
    if (now - t->last_poll < POLL_SECONDS)
        return FEATURE_OK;
    t->last_poll = now;
    return t->run->poll(t->run->context) ? FEATURE_INTERRUPTED : FEATURE_OK;
}

feature_status team_poll(team *t)
{
    return can_poll(t) ? poll_at(t, seconds_now()) : FEATURE_OK;
}

/* ------------------------------------------------------------------------ */
/* The region                                                               */
/* ------------------------------------------------------------------------ */

#define SHARES_AT_MOST 64

/* Bands that one thread begins with; a cache line, so that counters do not meet. */
typedef struct share {
    _Alignas(64) atomic_ptrdiff_t next;
    ptrdiff_t end;
} share;

typedef struct crew {
    team *team;
    void (*band)(void *context, ptrdiff_t index, int thread);
    void *context;
    atomic_int stop;
    int shares;
    share share[SHARES_AT_MOST];
} crew;

static int is_set(atomic_int *flag)
{
    return atomic_load_explicit(flag, memory_order_relaxed);
}

static void look_at_clock(team *t)
{
    double now = seconds_now();
    if (now - t->last_look >= SOON_SECONDS)
        t->stride = 1;
    else if (t->stride < STRIDE_AT_MOST)
        t->stride *= 2;
    t->last_look = now;
    t->waited = 0;
    if (poll_at(t, now) != FEATURE_OK)
        atomic_store(t->stop, 1);
}

/* Once the answer has been yes, nobody asks again. */
int team_is_stopped(team *t, int thread)
{
    if (thread == 0 && can_poll(t) && !is_set(t->stop) && ++t->waited >= t->stride)
        look_at_clock(t);
    return is_set(t->stop);
}

static void take_share(crew *c, share *from, int thread)
{
    while (!is_set(&c->stop)) {
        ptrdiff_t index = atomic_fetch_add(&from->next, 1);
        if (index >= from->end)
            return;
        c->band(c->context, index, thread);
        team_is_stopped(c->team, thread);
    }
}

/* What went past the caches (kernels/stream.h) is there for everybody. */
static void settle_stores(void)
{
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

/* The thread's own bands, then what is left of the others'. */
static void take_bands(crew *c, int thread)
{
    for (int k = 0; k < c->shares; k++)
        take_share(c, &c->share[(thread + k) % c->shares], thread);
    settle_stores();
}

void team_await(const atomic_ptrdiff_t *counter)
{
    while (atomic_load(counter) > 0)
        sched_yield();
}

static feature_status run_shares(team *t, int shares, ptrdiff_t bands,
                                 void (*band)(void *context, ptrdiff_t index,
                                              int thread),
                                 void *context)
{
    crew c = {.team = t, .band = band, .context = context, .shares = shares};
    for (int k = 0; k < shares; k++) {
        atomic_init(&c.share[k].next, bands / shares * k + bands % shares * k / shares);
        int next = k + 1;
        c.share[k].end = bands / shares * next + bands % shares * next / shares;
    }
    if (team_poll(t) != FEATURE_OK) /* the first time of a call it starts the clock */
        return FEATURE_INTERRUPTED;
    t->stop = &c.stop;
    if (t->threads == 1) {
        take_bands(&c, 0);
    } else {
#pragma omp parallel num_threads(t->threads)
        take_bands(&c, omp_get_thread_num());
    }
    t->stop = NULL;
    return atomic_load(&c.stop) ? FEATURE_INTERRUPTED : FEATURE_OK;
}

feature_status team_run(team *t, ptrdiff_t bands,
                        void (*band)(void *context, ptrdiff_t index, int thread),
                        void *context)
{
    int shares = t->threads < SHARES_AT_MOST ? t->threads : SHARES_AT_MOST;
    return run_shares(t, shares, bands, band, context);
}

feature_status team_run_with(team *t, ptrdiff_t bands,
                             void (*band)(void *context, ptrdiff_t index, int thread),
                             void *context, thread_memory *memory, const arena *one)
{
    *memory = memory_lease_each(one, t->threads);
    if (memory->base == NULL)
        return FEATURE_NO_MEMORY;
    feature_status status = team_run(t, bands, band, context);
    memory_return(memory->base);
    return status;
}

feature_status team_run_in_order(team *t, ptrdiff_t bands,
                                 void (*band)(void *context, ptrdiff_t index,
                                              int thread),
                                 void *context)
{
    return run_shares(t, 1, bands, band, context);
}
