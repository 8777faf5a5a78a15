/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promise: every band is worked on once, whatever the number of threads; little work
 * stays on one thread; a call ends when its poll function says so; and a system that
 * refuses threads costs time only.
 *
 * pthread_create is wrapped (see CMakeLists.txt) to refuse when a test says so.
 */
#define CHECK_MAIN
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "core/threads.h"

#define MUCH 1e12 /* nanoseconds of work: worth any number of threads */

/* ------------------------------------------------------------------------ */
/* Bands                                                                    */
/* ------------------------------------------------------------------------ */

#define BANDS_AT_MOST 1000

typedef struct tally {
    atomic_int calls[BANDS_AT_MOST + 1];
    atomic_int strangers; /* bands or threads that there are not */
    atomic_int inside[64];
    ptrdiff_t bands;
    int threads;
} tally;

static void count_band(void *context, ptrdiff_t index, int thread)
{
    tally *t = context;
    if (index < 0 || index >= t->bands || thread < 0 || thread >= t->threads) {
        atomic_fetch_add(&t->strangers, 1);
        return;
    }
    /* two bands at once under one thread number would share its scratch */
    if (atomic_fetch_add(&t->inside[thread], 1) != 0)
        atomic_fetch_add(&t->strangers, 1);
    atomic_fetch_add(&t->calls[index], 1);
    atomic_fetch_sub(&t->inside[thread], 1);
}

static void run_bands_by(feature_status (*run_team)(team *, ptrdiff_t,
                                                    void (*)(void *, ptrdiff_t, int),
                                                    void *),
                         int threads, ptrdiff_t bands)
{
    static tally t;
    memset(&t, 0, sizeof t);
    feature_run run = {NULL, NULL, threads};
    team crew = team_for(&run, bands, MUCH);
    t.bands = bands;
    t.threads = crew.threads;
    check_case("(%d threads, %td bands)", threads, bands);
    CHECK(crew.threads == (bands < 1 ? 1 : threads < bands ? threads : bands));
    CHECK(run_team(&crew, bands, count_band, &t) == FEATURE_OK);
    CHECK(atomic_load(&t.strangers) == 0);
    int wrong = 0;
    for (ptrdiff_t k = 0; k < BANDS_AT_MOST; k++)
        wrong += atomic_load(&t.calls[k]) != (k < bands);
    CHECK(wrong == 0);
}

static void run_bands(int threads, ptrdiff_t bands)
{
    run_bands_by(team_run, threads, bands);
    run_bands_by(team_run_in_order, threads, bands);
}

/* A band may wait for the one before it, which has been taken. */
static void await_band(void *context, ptrdiff_t index, int thread)
{
    atomic_ptrdiff_t *left = context; /* of each band, until it is done */
    (void)thread;
    if (index > 0)
        team_await(&left[index - 1]);
    atomic_fetch_sub(&left[index], 1);
}

static void bands_in_order(void)
{
    static atomic_ptrdiff_t left[BANDS_AT_MOST];
    for (int threads = 1; threads <= 4; threads++) {
        feature_run run = {NULL, NULL, threads};
        team crew = team_for(&run, BANDS_AT_MOST, MUCH);
        ptrdiff_t undone = 0;
        for (int k = 0; k < BANDS_AT_MOST; k++)
            atomic_init(&left[k], 1);
        CHECK(team_run_in_order(&crew, BANDS_AT_MOST, await_band, left) == FEATURE_OK);
        for (int k = 0; k < BANDS_AT_MOST; k++)
            undone += atomic_load(&left[k]);
        CHECK(undone == 0);
    }
}

static void every_band_once(void)
{
    static const int threads[] = {1, 2, 3, 7};
    static const ptrdiff_t bands[] = {0, 1, 2, 5, 64, BANDS_AT_MOST};
    for (int k = 0; k < COUNT_OF(threads) * COUNT_OF(bands) * 5; k++)
        run_bands(threads[k % COUNT_OF(threads)],
                  bands[k / COUNT_OF(threads) % COUNT_OF(bands)]);
}

static void little_work_is_serial(void)
{
    feature_run run = {NULL, NULL, 2};
    CHECK(team_for(&run, 100, 0).threads == 1);
    CHECK(team_for(&run, 100, 1e3).threads == 1);
    CHECK(team_for(&run, 100, MUCH).threads == 2);
    CHECK(team_for(&run, 1, MUCH).threads == 1);
}

static void default_threads(void)
{
    feature_run run = {NULL, NULL, 0}, negative = {NULL, NULL, -3};
    int usual = threads_by_default();
    CHECK(usual >= 1);
    CHECK(strlen(threads_source()) > 0);
    CHECK(team_for(NULL, 100000, MUCH).threads == usual);
    CHECK(team_for(&run, 100000, MUCH).threads == usual);
    CHECK(team_for(&negative, 100000, MUCH).threads == usual);
}

/* ------------------------------------------------------------------------ */
/* Interruption                                                             */
/* ------------------------------------------------------------------------ */

typedef struct listener {
    pthread_t caller;
    int calls, elsewhere, stop_at; /* 0: never */
    atomic_int bands;
} listener;

static int32_t listen(void *context)
{
    listener *l = context;
    l->elsewhere += !pthread_equal(pthread_self(), l->caller);
    return ++l->calls == l->stop_at;
}

static void sleep_a_little(void *context, ptrdiff_t index, int thread)
{
    listener *l = context;
    struct timespec millisecond = {0, 1000000};
    (void)index;
    (void)thread;
    atomic_fetch_add(&l->bands, 1);
    nanosleep(&millisecond, NULL);
}

static feature_status run_listening(listener *l, int threads, ptrdiff_t bands)
{
    feature_run run = {listen, l, threads};
    team t = team_for(&run, bands, MUCH);
    l->caller = pthread_self();
    return team_run(&t, bands, sleep_a_little, l);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void interruptions(void)
{
    static const int threads[] = {1, 2, 3, 7};
    for (int k = 0; k < COUNT_OF(threads); k++) {
        listener stops = {.stop_at = 3}, goes_on = {.stop_at = 0};
        check_case("(%d threads)", threads[k]);
        CHECK(run_listening(&stops, threads[k], 100000) == FEATURE_INTERRUPTED);
        CHECK(stops.calls == 3 && stops.elsewhere == 0);
        CHECK(atomic_load(&stops.bands) < 50000);
        double before = seconds_now();
        CHECK(run_listening(&goes_on, threads[k], 100) == FEATURE_OK);
        CHECK(atomic_load(&goes_on.bands) == 100 && goes_on.elsewhere == 0);
        /* about every 10 ms, not after every band */
        CHECK(goes_on.calls <= (seconds_now() - before) / 0.01 + 1);
    }
}

static void serial_polls(void)
{
    listener l = {.stop_at = 1};
    feature_run run = {listen, &l, 1};
    team t = team_for(&run, 1, 0), silent = team_for(NULL, 1, 0);
    struct timespec longer = {0, 15000000};
    l.caller = pthread_self();
    CHECK(team_poll(&t) == FEATURE_OK && l.calls == 0); /* starts the clock */
    nanosleep(&longer, NULL);
    CHECK(team_poll(&t) == FEATURE_INTERRUPTED && l.calls == 1);
    CHECK(team_poll(&silent) == FEATURE_OK);
}

/* ------------------------------------------------------------------------ */
/* Forks                                                                    */
/* ------------------------------------------------------------------------ */

/* With GNU's runtime a child works on threads again, with another on one. */
static int child_runs(void)
{
    feature_run run = {NULL, NULL, 2};
    int before = check.failures;
    alarm(60);
    CHECK(team_for(&run, 64, MUCH).threads == (TEST_LIBGOMP ? 2 : 1));
    if (TEST_LIBGOMP)
        run_bands(2, 64);
    return check.failures != before;
}

static void forks(void)
{
    for (int k = 0; k < 20; k++) {
        run_bands(2, 64); /* the pool of threads exists */
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
            _exit(child_runs());
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child && status == 0);
        run_bands(2, 64);
    }
}

/* ------------------------------------------------------------------------ */
/* Refused threads                                                          */
/* ------------------------------------------------------------------------ */

static int granted = -1; /* so many more threads; -1: any number */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*work)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*work)(void *), void *context);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*work)(void *), void *context)
{
    if (granted == 0)
        return EAGAIN;
    granted -= granted > 0;
    return __real_pthread_create(thread, attributes, work, context);
}

/* Last, because the library remembers. */
static void refusals(void)
{
    feature_run run = {NULL, NULL, 20};
    granted = 3;
    CHECK(team_for(&run, 100, MUCH).threads == 4);
    CHECK(granted == 0);
    granted = -1;
    CHECK(team_for(&run, 100, MUCH).threads == 4); /* not asked again */
    run_bands(2, 64);
}

int main(void)
{
    random_start();
    SHOW("every band is worked on once", every_band_once());
    SHOW("bands in order wait for those before", bands_in_order());
    SHOW("little work stays on one thread", little_work_is_serial());
    SHOW("a run that asks for no number gets the default", default_threads());
    SHOW("a poll function that says stop stops the call", interruptions());
    SHOW("serial stretches ask after 10 ms", serial_polls());
    SHOW("a child of fork has its threads again", forks());
    SHOW("a system that refuses threads gets fewer", refusals());
    return check_result();
}
