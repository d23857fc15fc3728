// What one instruction set offers to training: part of the table in kernels.h.
#ifndef PLUMB_TRAINING_H
#define PLUMB_TRAINING_H

#include "plumb_kernels.h"

/// Constants of one optimizer's step, rounded once.
typedef struct {
    float rate, decay, shrink, beta1, beta2, rest1, rest2, root2, epsilon;
    int decoupled, nesterov, first;
} plumb_step_constants;

typedef struct {
    // training.inc.h: elements
    void (*gelu_tanh_backward)(float *dx, const float *x, const float *dy, size_t count);
    void (*gelu_erf_backward)(float *dx, const float *x, const float *dy, size_t count);
    void (*silu_backward)(float *dx, const float *x, const float *dy, size_t count);
    void (*relu_backward)(float *dx, const float *x, const float *dy, size_t count);
    void (*tanh_backward)(float *dx, const float *y, const float *dy, size_t count);
    void (*sigmoid_backward)(float *dx, const float *y, const float *dy, size_t count);
    void (*maximum)(float *y, const float *a, const float *b, size_t count);
    void (*minimum)(float *y, const float *a, const float *b, size_t count);
    void (*sqrt)(float *y, const float *x, size_t count);
    void (*rsqrt)(float *y, const float *x, size_t count);
    void (*abs)(float *y, const float *x, size_t count);
    void (*sin)(float *y, const float *x, size_t count);
    void (*cos)(float *y, const float *x, size_t count);
    void (*erf)(float *y, const float *x, size_t count);
    void (*softplus)(float *y, const float *x, size_t count);
    void (*axpy)(float *y, float a, const float *x, size_t count);
    int (*all_finite)(const float *x, size_t count);
    void (*silu_multiply_backward)(
        float *dgate, size_t dgate_stride, float *dup, size_t dup_stride, const float *gate, size_t gate_stride,
        const float *up, size_t up_stride, const float *dy, size_t dy_stride, size_t rows, size_t width);

    // training.inc.h: optimizers
    void (*adam)(float *p, const float *g, float *m, float *v, size_t count, const plumb_step_constants *step);
    void (*sgd)(float *p, const float *g, float *buffer, size_t count, const plumb_step_constants *step);
    void (*lion)(float *p, const float *g, float *m, size_t count, const plumb_step_constants *step);

    // training_rows.inc.h
    void (*softmax_backward)(float *dx, const float *y, const float *dy, size_t rows, size_t width);
    void (*log_softmax_backward)(float *dx, const float *y, const float *dy, size_t rows, size_t width);
    /// `sums` holds width (RMS) or 2 · width (layer) doubles, to which the rows' shares of dweight and dbias are added;
    /// `group` as many floats. Both are NULL where neither is wanted.
    void (*rms_norm_backward)(
        float *dx, double *sums, float *group, const float *dy, const float *x, const float *weight,
        const float *scale, size_t rows, size_t width);
    void (*layer_norm_backward)(
        float *dx, double *sums, float *group, const float *dy, const float *x, const float *weight,
        const float *scale, size_t rows, size_t width);
    /// sums[c] += Σ_r x[r, c]
    void (*add_columns)(double *sums, const float *x, size_t rows, size_t width);
    void (*sum_rows)(float *y, const float *x, size_t rows, size_t width);
    void (*multiply_rows)(float *y, const float *a, const float *b, size_t rows, size_t width);
    /// Columns first ..< first + columns of the rows.
    void (*scatter_add_rows)(
        float *y, const float *x, const int32_t *indices, size_t count, size_t width, size_t first, size_t columns);
    void (*cross_entropy)(
        float *losses, float *lse, const float *logits, const int32_t *targets, size_t rows, size_t width);
    void (*cross_entropy_backward)(
        float *dlogits, const float *logits, const float *lse, const int32_t *targets, const float *dlosses,
        size_t rows, size_t width);
} plumb_training_table;

#endif
