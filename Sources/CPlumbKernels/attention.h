// What attention.c and attention_backward.c (which share the work) and their .inc.h (which do it) agree on.
#ifndef PLUMB_ATTENTION_H
#define PLUMB_ATTENTION_H

#include <stddef.h>

enum {
    /// Keys in a panel, the contract's layout.
    PANEL = 32,
    /// Most query rows that share one pass over the keys.
    MOST_ROWS = 14,
    /// Probabilities are held in blocks [MOST_ROWS][KEY_BLOCK], so that a kernel's rows lie a constant apart.
    KEY_BLOCK = 128,
    /// Queries are held as [MOST_ROWS][QUERY_CHUNK], for the same reason; wider heads take several rounds.
    QUERY_CHUNK = 128,
    /// Rows whose pattern and its gradient are held at a time, [.. / KEY_BLOCK][BACKWARD_ROWS][KEY_BLOCK].
    BACKWARD_ROWS = 64
};

/// Floats of scratch, in this order: the segment's own keys as panels, probabilities, queries, mixed rows.
static inline size_t scratch_panels(size_t first, size_t rows, size_t width) {
    return (first % PANEL + rows + PANEL - 1) / PANEL * PANEL * width;
}
static inline size_t scratch_probabilities(size_t keys) {
    return (keys + KEY_BLOCK - 1) / KEY_BLOCK * KEY_BLOCK * MOST_ROWS;
}
static inline size_t scratch_queries(void) { return MOST_ROWS * QUERY_CHUNK; }
/// The stride of a mixed row: whole vectors of any instruction set.
static inline size_t mixed_stride(size_t width) { return (width + 15) / 16 * 16; }

static inline size_t scratch_floats(size_t first, size_t rows, size_t width) {
    return scratch_panels(first, rows, width) + scratch_probabilities(first + rows) + scratch_queries()
        + MOST_ROWS * mixed_stride(width);
}

/// Scratch of a gradient, in this order: keys and values as panels, pattern and its gradient, the rows' queries and
/// dz as [.. / QUERY_CHUNK][BACKWARD_ROWS][QUERY_CHUNK], their dq.
static inline size_t backward_pattern(size_t rows) {
    return (rows + KEY_BLOCK - 1) / KEY_BLOCK * KEY_BLOCK * BACKWARD_ROWS;
}
static inline size_t backward_rows(size_t width) {
    return (width + QUERY_CHUNK - 1) / QUERY_CHUNK * QUERY_CHUNK * BACKWARD_ROWS;
}
static inline size_t backward_floats(size_t rows, size_t width) {
    return 2 * (scratch_panels(0, rows, width) + backward_pattern(rows) + backward_rows(width))
        + BACKWARD_ROWS * mixed_stride(width);
}

#endif
