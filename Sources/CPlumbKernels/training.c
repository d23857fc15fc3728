// The public entries of training's elements and optimizers: small calls run where they are, large ones are shared over
// the pool.
#include <math.h>
#include <stdatomic.h>

#include "share.h"

#define TRAINING (plumb_kernels()->training)

// MARK: Elements

typedef struct {
    void (*unary)(float *y, const float *x, size_t count);
    void (*binary)(float *y, const float *a, const float *b, size_t count);
    float *y;
    const float *a, *b;
} elements_call;

static void run_elements(const void *context, size_t first, size_t count) {
    const elements_call *call = context;
    if (call->unary) {
        call->unary(call->y + first, call->a + first, count);
    } else {
        call->binary(call->y + first, call->a + first, call->b + first, count);
    }
}

#define UNARY(name, piece) \
    void plumb_##name(float *y, const float *x, size_t count) { \
        elements_call call = {.unary = TRAINING.name, .y = y, .a = x}; \
        plumb_share_run(run_elements, &call, count, 1, piece); \
    }
UNARY(sqrt, PLUMB_LIGHT)
UNARY(rsqrt, PLUMB_LIGHT)
UNARY(abs, PLUMB_LIGHT)
UNARY(sin, PLUMB_HEAVY)
UNARY(cos, PLUMB_HEAVY)
UNARY(erf, PLUMB_HEAVY)
UNARY(softplus, PLUMB_HEAVY)

#define BINARY(name, piece) \
    void plumb_##name(float *y, const float *a, const float *b, size_t count) { \
        elements_call call = {.binary = TRAINING.name, .y = y, .a = a, .b = b}; \
        plumb_share_run(run_elements, &call, count, 1, piece); \
    }
BINARY(gelu_tanh_backward, PLUMB_HEAVY)
BINARY(gelu_erf_backward, PLUMB_HEAVY)
BINARY(silu_backward, PLUMB_HEAVY)
BINARY(relu_backward, PLUMB_LIGHT)
BINARY(tanh_backward, PLUMB_LIGHT)
BINARY(sigmoid_backward, PLUMB_LIGHT)
BINARY(maximum, PLUMB_LIGHT)
BINARY(minimum, PLUMB_LIGHT)

typedef struct {
    float *y, a;
    const float *x;
} axpy_call;

static void run_axpy(const void *context, size_t first, size_t count) {
    const axpy_call *call = context;
    TRAINING.axpy(call->y + first, call->a, call->x + first, count);
}

void plumb_axpy(float *y, float a, const float *x, size_t count) {
    axpy_call call = {.y = y, .a = a, .x = x};
    plumb_share_run(run_axpy, &call, count, 1, PLUMB_LIGHT);
}

typedef struct {
    const float *x;
    atomic_int *found;
} finite_call;

static void run_all_finite(const void *context, size_t first, size_t count) {
    const finite_call *call = context;
    if (atomic_load_explicit(call->found, memory_order_relaxed)) return;
    if (!TRAINING.all_finite(call->x + first, count)) atomic_store_explicit(call->found, 1, memory_order_relaxed);
}

int plumb_all_finite(const float *x, size_t count) {
    atomic_int found = 0;
    finite_call call = {.x = x, .found = &found};
    plumb_share_run(run_all_finite, &call, count, 1, PLUMB_LIGHT);
    return !atomic_load(&found);
}

typedef struct {
    float *dgate, *dup;
    const float *gate, *up, *dy;
    size_t dgate_stride, dup_stride, gate_stride, up_stride, dy_stride, width;
} silu_multiply_call;

static void run_silu_multiply(const void *context, size_t first, size_t rows) {
    const silu_multiply_call *call = context;
    TRAINING.silu_multiply_backward(
        call->dgate + first * call->dgate_stride, call->dgate_stride, call->dup + first * call->dup_stride,
        call->dup_stride, call->gate + first * call->gate_stride, call->gate_stride,
        call->up + first * call->up_stride, call->up_stride, call->dy + first * call->dy_stride, call->dy_stride, rows,
        call->width);
}

void plumb_silu_multiply_backward(
    float *dgate, size_t dgate_stride, float *dup, size_t dup_stride, const float *gate, size_t gate_stride,
    const float *up, size_t up_stride, const float *dy, size_t dy_stride, size_t rows, size_t width) {
    silu_multiply_call call = {
        .dgate = dgate, .dup = dup, .gate = gate, .up = up, .dy = dy, .dgate_stride = dgate_stride,
        .dup_stride = dup_stride, .gate_stride = gate_stride, .up_stride = up_stride, .dy_stride = dy_stride,
        .width = width};
    plumb_share_run(run_silu_multiply, &call, rows, width, PLUMB_HEAVY);
}

// MARK: Optimizers

typedef struct {
    float *p, *m, *v;
    const float *g;
    plumb_step_constants step;
} step_call;

static void run_adam(const void *context, size_t first, size_t count) {
    const step_call *call = context;
    TRAINING.adam(call->p + first, call->g + first, call->m + first, call->v + first, count, &call->step);
}

void plumb_adam(float *p, const float *g, float *m, float *v, size_t count, const plumb_adam_step *step) {
    step_call call = {
        .p = p, .m = m, .v = v, .g = g,
        .step = {
            .rate = (float)(step->learning_rate / step->correction1), .decay = (float)step->weight_decay,
            .shrink = (float)(1.0 - step->learning_rate * step->weight_decay), .rest1 = (float)(1.0 - step->beta1),
            .beta2 = (float)step->beta2, .rest2 = (float)(1.0 - step->beta2),
            .root2 = (float)(1.0 / sqrt(step->correction2)), .epsilon = (float)step->epsilon,
            .decoupled = step->decoupled}};
    plumb_share_run(run_adam, &call, count, 1, PLUMB_HEAVY);
}

static void run_sgd(const void *context, size_t first, size_t count) {
    const step_call *call = context;
    TRAINING.sgd(call->p + first, call->g + first, call->m ? call->m + first : NULL, count, &call->step);
}

void plumb_sgd(
    float *p, const float *g, float *buffer, size_t count, double learning_rate, double momentum, int nesterov,
    double weight_decay, int first) {
    step_call call = {
        .p = p, .m = buffer, .g = g,
        .step = {
            .rate = (float)learning_rate, .decay = (float)weight_decay, .beta1 = (float)momentum, .nesterov = nesterov,
            .first = first}};
    plumb_share_run(run_sgd, &call, count, 1, PLUMB_LIGHT);
}

static void run_lion(const void *context, size_t first, size_t count) {
    const step_call *call = context;
    TRAINING.lion(call->p + first, call->g + first, call->m + first, count, &call->step);
}

void plumb_lion(
    float *p, const float *g, float *m, size_t count, double learning_rate, double beta1, double beta2,
    double weight_decay) {
    step_call call = {
        .p = p, .m = m, .g = g,
        .step = {
            .rate = (float)learning_rate, .shrink = (float)(1.0 - learning_rate * weight_decay),
            .rest1 = (float)(1.0 - beta1), .rest2 = (float)(1.0 - beta2)}};
    plumb_share_run(run_lion, &call, count, 1, PLUMB_LIGHT);
}
