// The public entries of pooling.
#include "share.h"

typedef struct {
    float *y, *dx;
    const float *x, *dy;
    int32_t *argmax;
    const int32_t *chosen;
    const plumb_pool2d_shape *shape;
} pool_call;

static size_t outputs_of(const plumb_pool2d_shape *s) {
    return plumb_pool2d_size(s->height, s) * plumb_pool2d_size(s->width, s) * s->channels;
}

static void run_average(const void *context, size_t first, size_t rows) {
    const pool_call *call = context;
    plumb_kernels()->convolution.average_pool(call->y, call->x, call->shape, first, rows);
}

static void run_max(const void *context, size_t first, size_t rows) {
    const pool_call *call = context;
    plumb_kernels()->convolution.max_pool(call->y, call->argmax, call->x, call->shape, first, rows);
}

static void run_backward(const void *context, size_t first, size_t images) {
    const pool_call *call = context;
    if (call->chosen) {
        plumb_kernels()->convolution.max_pool_backward(call->dx, call->dy, call->chosen, call->shape, first, images);
    } else {
        plumb_kernels()->convolution.average_pool_backward(call->dx, call->dy, call->shape, first, images);
    }
}

/// Rows of pooled images by themselves.
static void forward(void (*run)(const void *, size_t, size_t), const pool_call *call) {
    const plumb_pool2d_shape *s = call->shape;
    if (outputs_of(s) == 0) return;
    size_t row = s->window * s->window * plumb_pool2d_size(s->width, s) * s->channels;
    plumb_share_run(run, call, s->batch * plumb_pool2d_size(s->height, s), row, PLUMB_LIGHT);
}

void plumb_max_pool2d(float *y, int32_t *argmax, const float *x, const plumb_pool2d_shape *shape) {
    pool_call call = {.y = y, .x = x, .argmax = argmax, .shape = shape};
    forward(run_max, &call);
}

void plumb_average_pool2d(float *y, const float *x, const plumb_pool2d_shape *shape) {
    pool_call call = {.y = y, .x = x, .shape = shape};
    forward(run_average, &call);
}

void plumb_max_pool2d_backward(float *dx, const float *dy, const int32_t *argmax, const plumb_pool2d_shape *s) {
    pool_call call = {.dx = dx, .dy = dy, .chosen = argmax, .shape = s};
    plumb_share_run(run_backward, &call, s->batch, s->height * s->width * s->channels, PLUMB_LIGHT);
}

void plumb_average_pool2d_backward(float *dx, const float *dy, const plumb_pool2d_shape *s) {
    pool_call call = {.dx = dx, .dy = dy, .shape = s};
    plumb_share_run(run_backward, &call, s->batch, s->height * s->width * s->channels, PLUMB_LIGHT);
}
