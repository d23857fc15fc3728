// Recycled memory. Sizes are rounded up to one of eight classes per doubling; a released block waits in its class's
// list for the next of its size. What is handed out and what waits are together at most RETAINED_LIMIT more than what
// was ever handed out at once: a training step returns to that at every turn, each time by the same sizes, and fresh
// pages would have to be cleared each time, which can take a quarter of it. Where a new block would be beyond that,
// other classes give theirs back first.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "plumb_kernels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#define RETAINED_LIMIT ((size_t)512 << 20)
#define HUGE_PAGE ((size_t)2 << 20)
#define SMALLEST 256
#define PAGE ((size_t)64 << 10)  // a multiple of every system's page

enum { CLASSES = 8 * 48, STEPS = 8 };

/// Stands in the 64 bytes before a block.
typedef struct header {
    struct header *next;  // while waiting
    size_t requested;     // while handed out
    uint32_t size_class;
} header;
_Static_assert(sizeof(header) <= 64, "the header must keep blocks 64-byte aligned");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static header *waiting[CLASSES];
static size_t retained;
static size_t hand;  // the class that gives back next
/// The capacity of what is handed out, and the most that it was since the last trim. With the lists, under the lock.
static size_t capacity_out, high_water;

static _Atomic size_t bytes_out, bytes_peak;

/// The capacity of class 8·e + s is (8 + s)/8 · SMALLEST · 2^e.
static size_t capacity_of(uint32_t size_class) {
    return ((size_t)(STEPS + size_class % STEPS) * (SMALLEST / STEPS)) << (size_class / STEPS);
}

/// The smallest class that holds `bytes`, or CLASSES.
static uint32_t class_of(size_t bytes) {
    if (bytes <= SMALLEST) return 0;
    if (bytes > SIZE_MAX / 4) return CLASSES;
    unsigned doubling = (unsigned)(63 - __builtin_clzll(bytes - 1)) - 8;  // 256 << doubling < bytes <= 512 << doubling
    size_t step = (size_t)(SMALLEST / STEPS) << doubling;
    size_t steps = (bytes + step - 1) / step;  // 9 ... 16
    uint32_t size_class = (uint32_t)(doubling * STEPS + (steps - STEPS));
    return size_class < CLASSES ? size_class : CLASSES;
}

// MARK: The system's memory

static bool is_mapped(size_t capacity) {
#if defined(__linux__)
    return capacity >= HUGE_PAGE;
#else
    (void)capacity;
    return false;
#endif
}

#if defined(__linux__)
/// A block aligned to huge pages, its header at the end of the page before it.
static header *map_block(size_t capacity) {
    size_t length = (capacity + PAGE - 1) / PAGE * PAGE;
    size_t reserve = length + HUGE_PAGE + PAGE;
    char *base = mmap(NULL, reserve, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return NULL;
    uintptr_t block = ((uintptr_t)base + PAGE + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    char *start = (char *)block - PAGE, *end = (char *)block + length;
    if (start > base) munmap(base, (size_t)(start - base));
    if (base + reserve > end) munmap(end, (size_t)(base + reserve - end));
    madvise((void *)block, length, MADV_HUGEPAGE);
    return (header *)(block - 64);
}
#endif

static header *obtain(size_t capacity) {
#if defined(__linux__)
    if (is_mapped(capacity)) return map_block(capacity);
#endif
    void *block = NULL;
    return posix_memalign(&block, 64, capacity + 64) == 0 ? block : NULL;
}

static void give_back(header *block) {
    size_t capacity = capacity_of(block->size_class);
#if defined(__linux__)
    if (is_mapped(capacity)) {
        munmap((char *)block + 64 - PAGE, (capacity + PAGE - 1) / PAGE * PAGE + PAGE);
        return;
    }
#endif
    free(block);
}

// MARK: Counters

static void raise_to(_Atomic size_t *mark, size_t value) {
    size_t seen = atomic_load(mark);
    while (value > seen && !atomic_compare_exchange_weak(mark, &seen, value)) continue;
}

static void count_out(size_t bytes) {
    size_t now = atomic_fetch_add(&bytes_out, bytes) + bytes;
    raise_to(&bytes_peak, now);
}

size_t plumb_buffer_bytes(void) { return atomic_load(&bytes_out); }
size_t plumb_buffer_peak(void) { return atomic_load(&bytes_peak); }
void plumb_buffer_peak_reset(void) { atomic_store(&bytes_peak, atomic_load(&bytes_out)); }

// MARK: Handing out

/// Unlinks waiting blocks, class by class, until at most `limit` bytes wait; returns them as a list. Needs the lock.
static header *unlink_beyond(size_t limit) {
    header *list = NULL;
    for (size_t passed = 0; retained > limit && passed <= CLASSES; passed++) {
        while (retained > limit && waiting[hand]) {
            header *block = waiting[hand];
            waiting[hand] = block->next;
            retained -= capacity_of(block->size_class);
            block->next = list;
            list = block;
        }
        if (!waiting[hand]) hand = (hand + 1) % CLASSES;
    }
    return list;
}

static void give_back_all(header *list) {
    while (list) {
        header *next = list->next;
        give_back(list);
        list = next;
    }
}

void plumb_buffer_trim(void) {
    pthread_mutex_lock(&lock);
    high_water = capacity_out;
    header *list = unlink_beyond(0);
    pthread_mutex_unlock(&lock);
    give_back_all(list);
}

/// A waiting block of the class, or NULL and the blocks that must make room for a new one. Counts it as handed out.
static header *take(uint32_t size_class, header **surplus) {
    pthread_mutex_lock(&lock);
    header *block = waiting[size_class];
    capacity_out += capacity_of(size_class);
    if (capacity_out > high_water) high_water = capacity_out;
    if (block) {
        waiting[size_class] = block->next;
        retained -= capacity_of(size_class);
    } else {
        *surplus = unlink_beyond(high_water - capacity_out + RETAINED_LIMIT);
    }
    pthread_mutex_unlock(&lock);
    return block;
}

void *plumb_buffer_allocate(size_t bytes) {
    uint32_t size_class = class_of(bytes);
    if (size_class >= CLASSES) return NULL;
    header *surplus = NULL, *block = take(size_class, &surplus);
    give_back_all(surplus);
    if (!block) {
        block = obtain(capacity_of(size_class));
        if (!block) {
            plumb_buffer_trim();
            block = obtain(capacity_of(size_class));
        }
        if (!block) {
            pthread_mutex_lock(&lock);
            capacity_out -= capacity_of(size_class);
            high_water = capacity_out;
            pthread_mutex_unlock(&lock);
            return NULL;
        }
        block->size_class = size_class;
    }
    block->next = NULL;
    block->requested = bytes;
    count_out(bytes);
    return (char *)block + 64;
}

void plumb_buffer_release(void *buffer) {
    if (!buffer) return;
    header *block = (header *)((char *)buffer - 64);
    atomic_fetch_sub(&bytes_out, block->requested);
    pthread_mutex_lock(&lock);
    block->next = waiting[block->size_class];
    waiting[block->size_class] = block;
    capacity_out -= capacity_of(block->size_class);
    retained += capacity_of(block->size_class);
    pthread_mutex_unlock(&lock);
}
