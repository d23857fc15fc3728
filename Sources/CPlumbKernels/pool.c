// The thread pool: one parallel region at a time, chunks claimed by an atomic counter.
//
// A region lives in static fields, never on the caller's stack. `ticket` holds the region's generation and how many
// chunks are left to claim; a claim is a compare-and-swap that takes one. It succeeds only while that region still
// has an unclaimed chunk, hence while its caller waits, hence while the fields read before the swap are its own. A
// worker that comes late finds no chunk left and touches nothing.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "plumb_kernels.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

enum {
    MOST_THREADS = 256,
    // A worker without work watches for the next region this long before it sleeps: about the serial gap between two
    // products of a small model.
    SPIN_NANOSECONDS = 60000,
    // Of that, it spins without offering its processor to others for this many rounds.
    POLITE_AFTER_ROUNDS = 512,
    // The caller spins this many rounds for the last chunks, offers its processor this often, and then sleeps.
    CALLER_SPIN_ROUNDS = 4096,
    CALLER_YIELDS = 64
};

typedef void (*chunk_body)(void *context, size_t chunk);

// MARK: Sleeping on a word

#if defined(__linux__)
static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word, int sleepers) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, sleepers, NULL, NULL, 0);
}
#else
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t sleep_condition = PTHREAD_COND_INITIALIZER;

static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
    pthread_mutex_lock(&sleep_lock);
    while (atomic_load(word) == value) pthread_cond_wait(&sleep_condition, &sleep_lock);
    pthread_mutex_unlock(&sleep_lock);
}

static void wake(_Atomic uint32_t *word, int sleepers) {
    (void)word, (void)sleepers;
    pthread_mutex_lock(&sleep_lock);
    pthread_cond_broadcast(&sleep_condition);
    pthread_mutex_unlock(&sleep_lock);
}
#endif

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// MARK: State

static pthread_once_t chosen = PTHREAD_ONCE_INIT;
/// Threads that share a region, the caller included.
static _Atomic uint32_t thread_limit = 1;
/// Held by the caller whose region is on the pool.
static atomic_flag region_taken = ATOMIC_FLAG_INIT;
/// Workers started so far; guarded by `region_taken`.
static int workers_started;

/// Generation in the high half, unclaimed chunks in the low half.
static _Alignas(64) _Atomic uint64_t ticket;
static _Atomic(chunk_body) region_body;
static _Atomic(void *) region_context;
static _Atomic uint32_t region_chunks;

static _Alignas(64) _Atomic uint32_t chunks_done;
static _Atomic bool caller_sleeps;

static _Alignas(64) _Atomic uint32_t epoch;
static _Atomic uint32_t sleeping_workers;

static int processors(void) {
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)(online < MOST_THREADS ? online : MOST_THREADS) : 1;
}

static uint32_t within_limits(long threads) {
    return (uint32_t)(threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads);
}

static void choose_threads(void) {
    const char *named = getenv("PLUMB_THREADS");
    long threads = named ? strtol(named, NULL, 10) : 0;
    atomic_store(&thread_limit, within_limits(threads > 0 ? threads : processors()));
}

int plumb_threads(void) {
    pthread_once(&chosen, choose_threads);
    return (int)atomic_load(&thread_limit);
}

void plumb_threads_set(int threads) {
    pthread_once(&chosen, choose_threads);
    atomic_store(&thread_limit, within_limits(threads));
    // Workers beyond the old limit sleep on the limit itself; those beyond the new one shall move there.
    wake(&thread_limit, MOST_THREADS);
    atomic_fetch_add(&epoch, 1);
    wake(&epoch, MOST_THREADS);
}

// MARK: Claiming

/// Claims and runs chunks until none is left, then reports how many ran.
static void run_chunks(void) {
    uint32_t ran = 0, chunks = 0;
    uint64_t seen = atomic_load_explicit(&ticket, memory_order_acquire);
    while ((uint32_t)seen != 0) {
        chunk_body body = atomic_load_explicit(&region_body, memory_order_relaxed);
        void *context = atomic_load_explicit(&region_context, memory_order_relaxed);
        uint32_t of = atomic_load_explicit(&region_chunks, memory_order_relaxed);
        if (!atomic_compare_exchange_weak_explicit(
                &ticket, &seen, seen - 1, memory_order_acq_rel, memory_order_acquire))
            continue;
        chunks = of;
        body(context, of - (uint32_t)seen);
        ran++;
        seen = atomic_load_explicit(&ticket, memory_order_acquire);
        // The region cannot end, nor another begin, before this thread has reported.
    }
    if (ran == 0) return;
    if (atomic_fetch_add(&chunks_done, ran) + ran == chunks && atomic_load(&caller_sleeps)) wake(&chunks_done, 1);
}

static bool work_waits(void) { return (uint32_t)atomic_load_explicit(&ticket, memory_order_acquire) != 0; }

/// Watches for work, ever more politely. False when it is time to sleep.
static bool spin_for_work(void) {
    int64_t until = 0;
    for (unsigned round = 0;; round++) {
        if (work_waits()) return true;
        relax();
        if (round % 32 != 31) continue;
        int64_t now = nanoseconds();
        if (until == 0) until = now + SPIN_NANOSECONDS;
        if (now >= until) return false;
        if (round > POLITE_AFTER_ROUNDS) sched_yield();
    }
}

static void *worker(void *argument) {
    uint32_t id = (uint32_t)(uintptr_t)argument;  // the caller is thread 0, workers count from 1
    for (;;) {
        uint32_t limit = atomic_load(&thread_limit);
        if (id >= limit) {
            sleep_while(&thread_limit, limit);
            continue;
        }
        if (spin_for_work()) {
            run_chunks();
            continue;
        }
        uint32_t before = atomic_load(&epoch);
        atomic_fetch_add(&sleeping_workers, 1);
        if (!work_waits()) sleep_while(&epoch, before);
        atomic_fetch_sub(&sleeping_workers, 1);
    }
    return NULL;
}

/// Starts workers up to `threads - 1`. Fewer start where the system refuses; the caller then does their share.
static void start_workers(int threads) {
    if (workers_started >= threads - 1) return;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // signals belong to the program's own threads
    while (workers_started < threads - 1) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, worker, (void *)(uintptr_t)(workers_started + 1)) != 0) break;
        pthread_detach(thread);
        workers_started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/// Waits until every claimed chunk has been reported.
static void wait_for_chunks(uint32_t chunks) {
    for (int round = 0; round < CALLER_SPIN_ROUNDS; round++) {
        if (atomic_load_explicit(&chunks_done, memory_order_acquire) == chunks) return;
        relax();
    }
    for (int round = 0; round < CALLER_YIELDS; round++) {
        if (atomic_load_explicit(&chunks_done, memory_order_acquire) == chunks) return;
        sched_yield();
    }
    atomic_store(&caller_sleeps, true);
    for (;;) {
        uint32_t done = atomic_load(&chunks_done);
        if (done == chunks) break;
        sleep_while(&chunks_done, done);
    }
    atomic_store(&caller_sleeps, false);
}

static void run_region(uint32_t chunks, chunk_body body, void *context) {
    atomic_store_explicit(&region_body, body, memory_order_relaxed);
    atomic_store_explicit(&region_context, context, memory_order_relaxed);
    atomic_store_explicit(&region_chunks, chunks, memory_order_relaxed);
    atomic_store_explicit(&chunks_done, 0, memory_order_relaxed);
    uint64_t generation = (atomic_load_explicit(&ticket, memory_order_relaxed) >> 32) + 1;
    atomic_store(&ticket, generation << 32 | chunks);
    atomic_fetch_add(&epoch, 1);
    if (atomic_load(&sleeping_workers) > 0) wake(&epoch, chunks - 1 < MOST_THREADS ? (int)chunks - 1 : MOST_THREADS);
    run_chunks();
    wait_for_chunks(chunks);
}

void plumb_parallel(size_t chunks, void (*body)(void *context, size_t chunk), void *context) {
    int threads = chunks > 1 ? plumb_threads() : 1;
    if (threads == 1 || chunks >= UINT32_MAX || atomic_flag_test_and_set_explicit(&region_taken, memory_order_acquire)) {
        for (size_t chunk = 0; chunk < chunks; chunk++) body(context, chunk);
        return;
    }
    start_workers(threads);
    run_region((uint32_t)chunks, body, context);
    atomic_flag_clear_explicit(&region_taken, memory_order_release);
}
