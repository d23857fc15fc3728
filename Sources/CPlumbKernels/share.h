// Cutting a call into pieces for the pool.
#ifndef PLUMB_SHARE_H
#define PLUMB_SHARE_H

#include "kernels.h"

enum {
    // Elements of a piece, and from which count on a call is shared: for one load and store each, and for functions of
    // some twenty operations.
    PLUMB_LIGHT = 1 << 15, PLUMB_HEAVY = 1 << 13
};

typedef struct {
    void (*run)(const void *call, size_t first, size_t count);
    const void *call;
    size_t count, piece;
} plumb_share;

static inline void plumb_share_piece(void *context, size_t index) {
    const plumb_share *share = context;
    size_t first = index * share->piece, left = share->count - first;
    share->run(share->call, first, share->piece < left ? share->piece : left);
}

/// Runs `run(call, first, count)` over 0 ..< units, each of `elements`, in pieces of about `piece` elements where there
/// are twice as many.
static inline void plumb_share_run(
    void (*run)(const void *call, size_t first, size_t count), const void *call, size_t units, size_t elements,
    size_t piece) {
    if (units == 0 || elements == 0) return;
    if (units * elements < 2 * piece) {
        run(call, 0, units);
        return;
    }
    plumb_share share = {.run = run, .call = call, .count = units, .piece = piece > elements ? piece / elements : 1};
    plumb_parallel((units + share.piece - 1) / share.piece, plumb_share_piece, &share);
}

#endif
