// The public entries of rows and elements: small calls run where they are, large ones are shared over the pool.
#include "share.h"

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// MARK: Elements

typedef void (*unary_kernel)(float *y, const float *x, size_t count);
typedef void (*binary_kernel)(float *y, const float *a, const float *b, size_t count);

typedef struct {
    unary_kernel unary;
    binary_kernel binary;
    float *y;
    const float *a, *b;
    float scale, offset;
} elements_call;

static void run_elements(const void *context, size_t first, size_t count) {
    const elements_call *call = context;
    if (call->unary) {
        call->unary(call->y + first, call->a + first, count);
    } else if (call->binary) {
        call->binary(call->y + first, call->a + first, call->b + first, count);
    } else {
        plumb_kernels()->affine(call->y + first, call->a + first, call->scale, call->offset, count);
    }
}

static void run_unary(unary_kernel kernel, float *y, const float *x, size_t count, size_t piece) {
    elements_call call = {.unary = kernel, .y = y, .a = x};
    plumb_share_run(run_elements, &call, count, 1, piece);
}

static void run_binary(binary_kernel kernel, float *y, const float *a, const float *b, size_t count) {
    elements_call call = {.binary = kernel, .y = y, .a = a, .b = b};
    plumb_share_run(run_elements, &call, count, 1, PLUMB_LIGHT);
}

#define HEAVY(name) \
    void plumb_##name(float *y, const float *x, size_t count) { \
        run_unary(plumb_kernels()->name, y, x, count, PLUMB_HEAVY); \
    }
HEAVY(gelu_tanh)
HEAVY(gelu_erf)
HEAVY(silu)
HEAVY(tanh)
HEAVY(sigmoid)
HEAVY(exp)
HEAVY(log)

void plumb_relu(float *y, const float *x, size_t count) {
    run_unary(plumb_kernels()->relu, y, x, count, PLUMB_LIGHT);
}

#define LIGHT(name) \
    void plumb_##name(float *y, const float *a, const float *b, size_t count) { \
        run_binary(plumb_kernels()->name, y, a, b, count); \
    }
LIGHT(add)
LIGHT(subtract)
LIGHT(multiply)
LIGHT(divide)

void plumb_affine(float *y, const float *a, float scale, float offset, size_t count) {
    elements_call call = {.y = y, .a = a, .scale = scale, .offset = offset};
    plumb_share_run(run_elements, &call, count, 1, PLUMB_LIGHT);
}

// MARK: Rows

typedef struct {
    size_t width;
    float *y, *scale;
    const float *x, *weight, *bias;
    size_t y_stride, x_stride, weight_stride;
    float epsilon;
    const int32_t *positions;
    size_t heads, width_rotated;
} rows_call;

static void run_rms_norm(const void *context, size_t first, size_t rows) {
    const rows_call *call = context;
    size_t at = first * call->width;
    plumb_kernels()->rms_norm(
        call->y + at, call->scale ? call->scale + first : NULL, call->x + at, call->weight, rows, call->width,
        call->epsilon);
}

void plumb_rms_norm(
    float *y, float *scale, const float *x, const float *weight, size_t rows, size_t width, float epsilon) {
    rows_call call = {
        .width = width, .y = y, .scale = scale, .x = x, .weight = weight, .epsilon = epsilon};
    plumb_share_run(run_rms_norm, &call, rows, width, PLUMB_LIGHT);
}

static void run_layer_norm(const void *context, size_t first, size_t rows) {
    const rows_call *call = context;
    size_t at = first * call->width;
    plumb_kernels()->layer_norm(
        call->y + at, call->scale ? call->scale + first : NULL, call->x + at, call->weight, call->bias, rows,
        call->width, call->epsilon);
}

void plumb_layer_norm(
    float *y, float *scale, const float *x, const float *weight, const float *bias, size_t rows, size_t width,
    float epsilon) {
    rows_call call = {
        .width = width, .y = y, .scale = scale, .x = x, .weight = weight, .bias = bias, .epsilon = epsilon};
    plumb_share_run(run_layer_norm, &call, rows, width, PLUMB_LIGHT);
}

static void run_silu_multiply(const void *context, size_t first, size_t rows) {
    const rows_call *call = context;
    plumb_kernels()->silu_multiply(
        call->y + first * call->y_stride, call->y_stride, call->x + first * call->x_stride, call->x_stride,
        call->weight + first * call->weight_stride, call->weight_stride, rows, call->width);
}

void plumb_silu_multiply(
    float *y, size_t y_stride, const float *gate, size_t gate_stride, const float *up, size_t up_stride, size_t rows,
    size_t width) {
    rows_call call = {
        .width = width, .y = y, .x = gate, .weight = up, .y_stride = y_stride, .x_stride = gate_stride,
        .weight_stride = up_stride};
    plumb_share_run(run_silu_multiply, &call, rows, width, PLUMB_HEAVY);
}

static void run_add_rows(const void *context, size_t first, size_t rows) {
    const rows_call *call = context;
    size_t at = first * call->width;
    plumb_kernels()->add_rows(call->y + at, call->x + at, call->bias, rows, call->width);
}

void plumb_add_rows(float *y, const float *a, const float *b, size_t rows, size_t width) {
    rows_call call = {.width = width, .y = y, .x = a, .bias = b};
    plumb_share_run(run_add_rows, &call, rows, width, PLUMB_LIGHT);
}

static void run_rope(const void *context, size_t first, size_t rows) {
    const rows_call *call = context;
    plumb_kernels()->rope(
        call->y + first * call->y_stride, call->y_stride, call->x + first * call->x_stride, call->x_stride,
        call->weight, call->bias, call->positions + first, rows, call->heads, call->width, call->width_rotated);
}

void plumb_rope(
    float *y, size_t y_stride, const float *x, size_t x_stride, const float *cosines, const float *sines,
    const int32_t *positions, size_t rows, size_t heads, size_t width, size_t width_rotated) {
    rows_call call = {
        .width = width, .y = y, .x = x, .weight = cosines, .bias = sines, .y_stride = y_stride, .x_stride = x_stride,
        .positions = positions, .heads = heads, .width_rotated = width_rotated};
    plumb_share_run(run_rope, &call, rows, heads * width, PLUMB_LIGHT);
}

static void run_softmax(const void *context, size_t first, size_t rows) {
    const rows_call *call = context;
    size_t at = first * call->width;
    plumb_kernels()->softmax(call->y + at, call->x + at, rows, call->width);
}

void plumb_softmax(float *y, const float *x, size_t rows, size_t width) {
    rows_call call = {.width = width, .y = y, .x = x};
    plumb_share_run(run_softmax, &call, rows, width, PLUMB_HEAVY);
}

static void run_log_softmax(const void *context, size_t first, size_t rows) {
    const rows_call *call = context;
    size_t at = first * call->width;
    plumb_kernels()->log_softmax(call->y + at, call->x + at, rows, call->width);
}

void plumb_log_softmax(float *y, const float *x, size_t rows, size_t width) {
    rows_call call = {.width = width, .y = y, .x = x};
    plumb_share_run(run_log_softmax, &call, rows, width, PLUMB_HEAVY);
}

// MARK: Sums

enum { PARTS = 64 };

typedef struct {
    const float *x, *y;
    size_t count, part;
    double partial[PARTS];
} sum_call;

static void sum_part(void *context, size_t index) {
    sum_call *call = context;
    size_t first = index * call->part, count = smaller(call->part, call->count - first);
    call->partial[index] = call->y ? plumb_kernels()->dot(call->x + first, call->y + first, count)
                                   : plumb_kernels()->sum(call->x + first, count);
}

/// At most PARTS parts whose size follows from `count` alone, added in order.
static double sum_in_parts(const float *x, const float *y, size_t count) {
    sum_call call = {.x = x, .y = y, .count = count};
    size_t even = (count / PARTS + 64) / 64 * 64;
    call.part = even > PLUMB_LIGHT ? even : PLUMB_LIGHT;
    size_t parts = (count + call.part - 1) / call.part;
    plumb_parallel(parts, sum_part, &call);
    double sum = 0.0;
    for (size_t i = 0; i < parts; i++) sum += call.partial[i];
    return sum;
}

double plumb_sum(const float *x, size_t count) { return sum_in_parts(x, NULL, count); }
double plumb_dot(const float *x, const float *y, size_t count) { return sum_in_parts(x, y, count); }
