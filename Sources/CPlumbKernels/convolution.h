// What one instruction set offers to convolution and pooling: part of the table in kernels.h.
#ifndef PLUMB_CONVOLUTION_H
#define PLUMB_CONVOLUTION_H

#include "plumb_kernels.h"

/// Outputs in a panel of packed weights: [outputs / 16][kernel height][kernel width][channels][16], zeros at the end.
enum { PLUMB_CONV_PANEL = 16 };

/// One image's convolution: y[r, c, o] = bias[o] + Σ x[r · step + top + ky, c · step + left + kx, i] · w[o, ky, kx, i]
/// with x = 0 outside height × width. Rows of y lie y_row floats apart, and its pixels y_pixel, so that one pass may
/// write every other pixel.
typedef struct {
    const float *x;
    size_t height, width, channels;
    ptrdiff_t top, left;
    size_t step, kernel_height, kernel_width;
    float *y;
    size_t columns, outputs, y_row, y_pixel;
    const float *weights, *bias;
} plumb_conv_pass;

typedef struct {
    /// Rows first ..< first + rows of y. `scratch` holds plumb_conv_scratch(pass, rows) floats.
    void (*convolve)(const plumb_conv_pass *pass, size_t first, size_t rows, float *scratch);
    /// sums += the weights' gradient from rows first ..< first + rows of one image, for outputs from `output` on, at
    /// most PLUMB_CONV_TILE; y is dy, pixel after pixel. sums is [output / 16][taps and channels in the packed order,
    /// or, where plumb_conv_interleaves, kernel_width before kernel_height][16].
    void (*weight_gradient)(
        const plumb_conv_pass *pass, size_t first, size_t rows, size_t output, float *sums, float *scratch);
    /// Rows first ..< first + rows of the pooled image.
    void (*max_pool)(
        float *y, int32_t *argmax, const float *x, const plumb_pool2d_shape *shape, size_t first, size_t rows);
    void (*average_pool)(float *y, const float *x, const plumb_pool2d_shape *shape, size_t first, size_t rows);
    /// Images first ..< first + images of the gradient.
    void (*max_pool_backward)(
        float *dx, const float *dy, const int32_t *argmax, const plumb_pool2d_shape *shape, size_t first,
        size_t images);
    void (*average_pool_backward)(
        float *dx, const float *dy, const plumb_pool2d_shape *shape, size_t first, size_t images);
} plumb_convolution_table;

/// Outputs whose gradients one call of weight_gradient sums.
enum { PLUMB_CONV_TILE = 32 };

/// Columns of x that a row of y reads, padding included.
static inline size_t plumb_conv_columns(const plumb_conv_pass *pass) {
    return (pass->columns - 1) * pass->step + pass->kernel_width;
}

/// With few channels the kernel's rows are laid side by side for the weights' gradient, so that its tiles are filled.
static inline int plumb_conv_interleaves(size_t channels, size_t kernel_width) { return channels * kernel_width < 8; }

/// Whether lanes hold taps and channels rather than outputs.
static inline int plumb_conv_is_narrow(const plumb_conv_pass *pass) {
    return pass->outputs <= 4 && pass->kernel_width * pass->channels >= 32;
}

/// Floats of padded input for `rows` rows of y.
static inline size_t plumb_conv_padded_floats(const plumb_conv_pass *pass, size_t rows) {
    return ((rows - 1) * pass->step + pass->kernel_height) * plumb_conv_columns(pass) * pass->channels;
}

/// What `convolve` needs for `rows` rows.
static inline size_t plumb_conv_scratch(const plumb_conv_pass *pass, size_t rows) {
    size_t weights = pass->outputs * pass->kernel_height * pass->kernel_width * pass->channels;
    return plumb_conv_padded_floats(pass, rows) + (plumb_conv_is_narrow(pass) ? weights : 0);
}

#endif
