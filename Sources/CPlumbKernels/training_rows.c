// The public entries of training's rows: shared over the pool, in pieces that follow from the sizes alone.
#include <stdlib.h>
#include <string.h>

#include "share.h"

#define TRAINING (plumb_kernels()->training)

// MARK: Rows by themselves

typedef struct {
    float *y, *lse;
    const float *a, *b, *c;
    const int32_t *indices;
    size_t width, count;
} rows_call;

#define ROWS_RUN(name, arguments) \
    static void run_##name(const void *context, size_t first, size_t rows) { \
        const rows_call *call = context; \
        size_t width = call->width, at = first * width; \
        TRAINING.name arguments; \
    }
ROWS_RUN(softmax_backward, (call->y + at, call->a + at, call->b + at, rows, width))
ROWS_RUN(log_softmax_backward, (call->y + at, call->a + at, call->b + at, rows, width))
ROWS_RUN(sum_rows, (call->y + first, call->a + at, rows, width))
ROWS_RUN(multiply_rows, (call->y + at, call->a + at, call->b, rows, width))
ROWS_RUN(
    cross_entropy,
    (call->y + first, call->lse ? call->lse + first : NULL, call->a + at, call->indices + first, rows, width))
ROWS_RUN(
    cross_entropy_backward,
    (call->y + at, call->a + at, call->b + first, call->indices + first, call->c + first, rows, width))

void plumb_softmax_backward(float *dx, const float *y, const float *dy, size_t rows, size_t width) {
    rows_call call = {.y = dx, .a = y, .b = dy, .width = width};
    plumb_share_run(run_softmax_backward, &call, rows, width, PLUMB_LIGHT);
}

void plumb_log_softmax_backward(float *dx, const float *y, const float *dy, size_t rows, size_t width) {
    rows_call call = {.y = dx, .a = y, .b = dy, .width = width};
    plumb_share_run(run_log_softmax_backward, &call, rows, width, PLUMB_HEAVY);
}

void plumb_sum_rows(float *y, const float *x, size_t rows, size_t width) {
    rows_call call = {.y = y, .a = x, .width = width};
    plumb_share_run(run_sum_rows, &call, rows, width + 1, PLUMB_LIGHT);
}

void plumb_multiply_rows(float *y, const float *a, const float *b, size_t rows, size_t width) {
    rows_call call = {.y = y, .a = a, .b = b, .width = width};
    plumb_share_run(run_multiply_rows, &call, rows, width, PLUMB_LIGHT);
}

void plumb_cross_entropy(
    float *losses, float *lse, const float *logits, const int32_t *targets, size_t rows, size_t width) {
    rows_call call = {.y = losses, .lse = lse, .a = logits, .indices = targets, .width = width};
    plumb_share_run(run_cross_entropy, &call, rows, width, PLUMB_HEAVY);
}

void plumb_cross_entropy_backward(
    float *dlogits, const float *logits, const float *lse, const int32_t *targets, const float *dlosses, size_t rows,
    size_t width) {
    rows_call call = {.y = dlogits, .a = logits, .b = lse, .c = dlosses, .indices = targets, .width = width};
    plumb_share_run(run_cross_entropy_backward, &call, rows, width, PLUMB_HEAVY);
}

// MARK: Scatter

/// Columns are independent of each other, so that each strip of them takes the rows in their order.
enum { STRIP = 64 };

static void run_scatter(const void *context, size_t first, size_t strips) {
    const rows_call *call = context;
    size_t start = first * STRIP, columns = strips * STRIP;
    if (columns > call->width - start) columns = call->width - start;
    TRAINING.scatter_add_rows(call->y, call->a, call->indices, call->count, call->width, start, columns);
}

void plumb_scatter_add_rows(float *y, const float *x, const int32_t *indices, size_t count, size_t width) {
    rows_call call = {.y = y, .a = x, .indices = indices, .width = width, .count = count};
    plumb_share_run(run_scatter, &call, (width + STRIP - 1) / STRIP, STRIP * count, PLUMB_LIGHT);
}

// MARK: Rows that add to columns

enum {
    MOST_BLOCKS = 64,
    // Rows of a block are a multiple of the kernels' own groups.
    BLOCK_ROWS = 16
};

typedef struct {
    int kind;
    float *dx;
    const float *dy, *x, *weight, *scale;
    size_t rows, width, block;
    /// [blocks][columns], and as many floats for the kernels' groups; columns is 0 where no sums are wanted.
    double *sums;
    float *groups;
    size_t columns;
} blocks_call;

enum { BLOCKS_COLUMNS, BLOCKS_RMS_NORM, BLOCKS_LAYER_NORM };

static void run_block(const void *context, size_t index, size_t blocks) {
    const blocks_call *call = context;
    for (; blocks > 0; blocks--, index++) {
        size_t first = index * call->block, at = first * call->width;
        size_t rows = call->rows - first < call->block ? call->rows - first : call->block;
        double *sums = call->columns ? call->sums + index * call->columns : NULL;
        float *group = call->columns ? call->groups + index * call->columns : NULL;
        if (sums) memset(sums, 0, call->columns * sizeof(double));
        if (call->kind == BLOCKS_COLUMNS) {
            TRAINING.add_columns(sums, call->x + at, rows, call->width);
        } else {
            (call->kind == BLOCKS_RMS_NORM ? TRAINING.rms_norm_backward : TRAINING.layer_norm_backward)(
                call->dx ? call->dx + at : NULL, sums, group, call->dy + at, call->x + at, call->weight,
                call->scale + first, rows, call->width);
        }
    }
}

/// The blocks' sums, added in order.
static void add_blocks(float *y, const double *sums, size_t blocks, size_t columns, size_t width) {
    for (size_t c = 0; c < width; c++) {
        double sum = 0.0;
        for (size_t b = 0; b < blocks; b++) sum += sums[b * columns + c];
        y[c] = (float)sum;
    }
}

/// At most MOST_BLOCKS blocks of rows, each of about PLUMB_LIGHT elements or more.
static void run_blocks(blocks_call *call, float *first_sums, float *second_sums) {
    if (call->width == 0) return;
    size_t least = PLUMB_LIGHT / call->width, even = (call->rows + MOST_BLOCKS - 1) / MOST_BLOCKS;
    call->block = ((even > least ? even : least) + BLOCK_ROWS) / BLOCK_ROWS * BLOCK_ROWS;
    size_t blocks = (call->rows + call->block - 1) / call->block;
    call->columns = !first_sums && !second_sums ? 0 : call->width * (call->kind == BLOCKS_LAYER_NORM ? 2 : 1);
    if (call->columns) {
        call->sums = plumb_buffer_allocate(blocks * call->columns * (sizeof(double) + sizeof(float)) + 1);
        if (!call->sums) abort();  // less than the arguments themselves take
        call->groups = (float *)(call->sums + blocks * call->columns);
    }
    plumb_share_run(run_block, call, blocks, PLUMB_LIGHT, PLUMB_LIGHT);
    if (first_sums) add_blocks(first_sums, call->sums, blocks, call->columns, call->width);
    if (second_sums) add_blocks(second_sums, call->sums + call->width, blocks, call->columns, call->width);
    plumb_buffer_release(call->sums);
}

void plumb_sum_columns(float *y, const float *x, size_t rows, size_t width) {
    blocks_call call = {.kind = BLOCKS_COLUMNS, .x = x, .rows = rows, .width = width};
    run_blocks(&call, y, NULL);
}

void plumb_rms_norm_backward(
    float *dx, float *dweight, const float *dy, const float *x, const float *weight, const float *scale, size_t rows,
    size_t width) {
    blocks_call call = {
        .kind = BLOCKS_RMS_NORM, .dx = dx, .dy = dy, .x = x, .weight = weight, .scale = scale, .rows = rows,
        .width = width};
    run_blocks(&call, dweight, NULL);
}

void plumb_layer_norm_backward(
    float *dx, float *dweight, float *dbias, const float *dy, const float *x, const float *weight, const float *scale,
    size_t rows, size_t width) {
    blocks_call call = {
        .kind = BLOCKS_LAYER_NORM, .dx = dx, .dy = dy, .x = x, .weight = weight, .scale = scale, .rows = rows,
        .width = width};
    run_blocks(&call, dweight, dbias);
}
