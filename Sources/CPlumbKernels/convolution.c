// The public entries of convolution: packing of weights, cutting of batches into pieces for the pool.
#include <stdlib.h>
#include <string.h>

#include "convolution.h"
#include "share.h"

enum {
    // Floats of padded input worked on at a time, so that they stay in the second cache.
    MOST_SCRATCH = 1 << 14,
    // Sums of the weights' gradient are kept for at most so many blocks of images, and floats.
    MOST_BLOCKS = 16, MOST_SUMS = 1 << 22,
    // Multiplications that cost as much as one element of a light function.
    PRODUCTS_AN_ELEMENT = 16
};

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static size_t divided_up(size_t a, size_t b) { return (a + b - 1) / b; }
static size_t in_panels(size_t outputs) { return divided_up(outputs, PLUMB_CONV_PANEL) * PLUMB_CONV_PANEL; }

static float *obtain(size_t floats) {
    float *memory = plumb_buffer_allocate((floats + 1) * sizeof(float));
    if (!memory) abort();  // out of memory for less than the arguments take: nothing sensible is left to do
    return memory;
}

size_t plumb_conv2d_size(size_t size, size_t kernel, size_t stride, size_t padding) {
    return size + 2 * padding < kernel ? 0 : (size + 2 * padding - kernel) / stride + 1;
}

static size_t height_of(const plumb_conv2d_shape *s) {
    return plumb_conv2d_size(s->height, s->kernel_height, s->stride, s->padding);
}

static size_t width_of(const plumb_conv2d_shape *s) {
    return plumb_conv2d_size(s->width, s->kernel_width, s->stride, s->padding);
}

// MARK: Packing

size_t plumb_conv2d_packed_floats(const plumb_conv2d_shape *s) {
    return in_panels(s->outputs) * s->inputs * s->kernel_height * s->kernel_width;
}

size_t plumb_conv2d_packed_backward_floats(const plumb_conv2d_shape *s) {
    return in_panels(s->inputs) * s->outputs * s->kernel_height * s->kernel_width;
}

void plumb_conv2d_pack(float *packed, const float *weights, const plumb_conv2d_shape *s) {
    size_t area = s->kernel_height * s->kernel_width;
    for (size_t o = 0; o < in_panels(s->outputs); o += PLUMB_CONV_PANEL) {
        for (size_t tap = 0; tap < area; tap++) {
            for (size_t i = 0; i < s->inputs; i++, packed += PLUMB_CONV_PANEL) {
                for (size_t lane = 0; lane < PLUMB_CONV_PANEL; lane++) {
                    size_t row = o + lane;
                    packed[lane] = row < s->outputs ? weights[(row * s->inputs + i) * area + tap] : 0.0f;
                }
            }
        }
    }
}

/// Of one axis: pixels phase, phase + stride, … of x are reached through every stride-th tap, from `first` on, and the
/// last of these meets dy at `start`.
typedef struct {
    size_t first, taps, pixels;
    ptrdiff_t start;
} phase_axis;

static phase_axis axis_of(size_t phase, size_t size, size_t kernel, size_t stride, size_t padding) {
    phase_axis axis = {.first = (phase + padding) % stride};
    axis.taps = axis.first < kernel ? divided_up(kernel - axis.first, stride) : 0;
    axis.pixels = phase < size ? divided_up(size - phase, stride) : 0;
    axis.start = (ptrdiff_t)((phase + padding - axis.first) / stride) - (ptrdiff_t)axis.taps + 1;
    return axis;
}

typedef struct {
    phase_axis vertical, horizontal;
} phase_of_image;

static phase_of_image phase_at(const plumb_conv2d_shape *s, size_t phase) {
    return (phase_of_image){
        axis_of(phase / s->stride, s->height, s->kernel_height, s->stride, s->padding),
        axis_of(phase % s->stride, s->width, s->kernel_width, s->stride, s->padding)};
}

static size_t phase_floats(const plumb_conv2d_shape *s, phase_of_image phase) {
    return in_panels(s->inputs) * s->outputs * phase.vertical.taps * phase.horizontal.taps;
}

/// Phase after phase, each a convolution of dy with its taps backwards.
void plumb_conv2d_pack_backward(float *packed, const float *weights, const plumb_conv2d_shape *s) {
    for (size_t index = 0; index < s->stride * s->stride; index++) {
        phase_of_image phase = phase_at(s, index);
        size_t vertical = phase.vertical.taps, horizontal = phase.horizontal.taps;
        for (size_t at = 0; at < phase_floats(s, phase) / PLUMB_CONV_PANEL; at++, packed += PLUMB_CONV_PANEL) {
            size_t o = at % s->outputs, tap = at / s->outputs % (vertical * horizontal);
            size_t i = at / s->outputs / (vertical * horizontal) * PLUMB_CONV_PANEL;
            size_t ky = phase.vertical.first + s->stride * (vertical - 1 - tap / horizontal);
            size_t kx = phase.horizontal.first + s->stride * (horizontal - 1 - tap % horizontal);
            for (size_t lane = 0; lane < PLUMB_CONV_PANEL; lane++) {
                size_t from = ((o * s->inputs + i + lane) * s->kernel_height + ky) * s->kernel_width + kx;
                packed[lane] = i + lane < s->inputs ? weights[from] : 0.0f;
            }
        }
    }
}

// MARK: Forward and the input's gradient

typedef struct {
    plumb_conv_pass pass;  // of image 0
    size_t rows, rows_a_unit, units, x_image, y_image;
} convolve_call;

static void run_convolve(const void *context, size_t first, size_t count) {
    const convolve_call *call = context;
    float *scratch = obtain(plumb_conv_scratch(&call->pass, call->rows_a_unit));
    for (size_t unit = first; unit < first + count; unit++) {
        plumb_conv_pass pass = call->pass;
        pass.x += unit / call->units * call->x_image;
        pass.y += unit / call->units * call->y_image;
        size_t row = unit % call->units * call->rows_a_unit;
        plumb_kernels()->convolution.convolve(&pass, row, smaller(call->rows_a_unit, call->rows - row), scratch);
    }
    plumb_buffer_release(scratch);
}

static void convolve(convolve_call *call, size_t batch) {
    if (batch == 0 || call->rows == 0 || call->pass.columns == 0 || call->pass.outputs == 0) return;
    size_t most = batch < 8 ? divided_up(call->rows, 8) : call->rows, rows = most;
    while (rows > 1 && plumb_conv_padded_floats(&call->pass, rows) > MOST_SCRATCH) rows = divided_up(rows, 2);
    call->rows_a_unit = rows;
    call->units = divided_up(call->rows, rows);
    size_t taps = call->pass.kernel_height * call->pass.kernel_width * call->pass.channels;
    size_t products = rows * call->pass.columns * in_panels(call->pass.outputs) * (taps + 1);
    plumb_share_run(run_convolve, call, batch * call->units, products / PRODUCTS_AN_ELEMENT + 1, PLUMB_LIGHT);
}

static plumb_conv_pass forward_pass(const plumb_conv2d_shape *s) {
    return (plumb_conv_pass){
        .height = s->height, .width = s->width, .channels = s->inputs, .top = -(ptrdiff_t)s->padding,
        .left = -(ptrdiff_t)s->padding, .step = s->stride, .kernel_height = s->kernel_height,
        .kernel_width = s->kernel_width, .columns = width_of(s), .outputs = s->outputs,
        .y_row = width_of(s) * s->outputs, .y_pixel = s->outputs};
}

void plumb_conv2d(
    float *y, const float *x, const float *packed, const float *bias, const plumb_conv2d_shape *s) {
    convolve_call call = {
        .pass = forward_pass(s), .rows = height_of(s), .x_image = s->height * s->width * s->inputs,
        .y_image = height_of(s) * width_of(s) * s->outputs};
    call.pass.x = x;
    call.pass.y = y;
    call.pass.weights = packed;
    call.pass.bias = bias;
    convolve(&call, s->batch);
}

void plumb_conv2d_backward_input(float *dx, const float *dy, const float *packed, const plumb_conv2d_shape *s) {
    for (size_t index = 0; index < s->stride * s->stride; index++) {
        phase_of_image phase = phase_at(s, index);
        size_t corner = index / s->stride * s->width + index % s->stride;
        convolve_call call = {
            .pass = {
                .x = dy, .height = height_of(s), .width = width_of(s), .channels = s->outputs,
                .top = phase.vertical.start, .left = phase.horizontal.start, .step = 1,
                .kernel_height = phase.vertical.taps, .kernel_width = phase.horizontal.taps,
                .y = dx + corner * s->inputs, .columns = phase.horizontal.pixels, .outputs = s->inputs,
                .y_row = s->stride * s->width * s->inputs, .y_pixel = s->stride * s->inputs, .weights = packed},
            .rows = phase.vertical.pixels, .x_image = height_of(s) * width_of(s) * s->outputs,
            .y_image = s->height * s->width * s->inputs};
        convolve(&call, s->batch);
        packed += phase_floats(s, phase);
    }
}

// MARK: The weights' gradient

typedef struct {
    plumb_conv_pass pass;  // of image 0
    size_t batch, images, rows, rows_at_once, tiles, taps, x_image, dy_image;
    float *sums;  // [blocks][outputs / 16][taps][16]
    double *bias;  // [blocks][outputs] or NULL
} gradient_call;

static size_t gradient_scratch(const plumb_conv_pass *pass, size_t rows) {
    if (!plumb_conv_interleaves(pass->channels, pass->kernel_width)) return plumb_conv_padded_floats(pass, rows);
    return rows * pass->kernel_height * plumb_conv_columns(pass) * pass->channels;
}

static void run_gradient(const void *context, size_t first, size_t count) {
    const gradient_call *call = context;
    float *scratch = obtain(gradient_scratch(&call->pass, call->rows_at_once));
    size_t outputs = in_panels(call->pass.outputs);
    for (size_t unit = first; unit < first + count; unit++) {
        size_t block = unit / call->tiles, output = unit % call->tiles * PLUMB_CONV_TILE;
        float *sums = call->sums + (block * outputs + output) * call->taps;
        size_t floats = smaller(PLUMB_CONV_TILE, outputs - output) * call->taps;
        memset(sums, 0, floats * sizeof(float));
        // The first tile of a block sums all of dy, which is at hand.
        double *bias = call->bias && output == 0 ? call->bias + block * call->pass.outputs : NULL;
        if (bias) memset(bias, 0, call->pass.outputs * sizeof(double));
        size_t end = smaller((block + 1) * call->images, call->batch);
        for (size_t image = block * call->images; image < end; image++) {
            plumb_conv_pass pass = call->pass;
            pass.x += image * call->x_image;
            pass.y += image * call->dy_image;
            for (size_t row = 0; row < call->rows; row += call->rows_at_once) {
                size_t rows = smaller(call->rows_at_once, call->rows - row);
                plumb_kernels()->convolution.weight_gradient(&pass, row, rows, output, sums, scratch);
            }
            if (bias) plumb_kernels()->training.add_columns(bias, pass.y, call->dy_image / pass.outputs, pass.outputs);
        }
    }
    plumb_buffer_release(scratch);
}

/// dw[o, i, ky, kx] from [o / 16][ky][kx][i][o % 16], or where interleaved [o / 16][kx][ky][i][o % 16].
static void unpack(float *dw, const float *sums, const plumb_conv2d_shape *s) {
    size_t kh = s->kernel_height, kw = s->kernel_width, taps = kh * kw * s->inputs;
    int interleaved = plumb_conv_interleaves(s->inputs, kw);
    for (size_t o = 0; o < s->outputs; o++) {
        const float *lane = sums + o / PLUMB_CONV_PANEL * taps * PLUMB_CONV_PANEL + o % PLUMB_CONV_PANEL;
        for (size_t i = 0; i < s->inputs; i++) {
            for (size_t ky = 0; ky < kh; ky++) {
                for (size_t kx = 0; kx < kw; kx++) {
                    size_t tap = interleaved ? kx * kh + ky : ky * kw + kx;
                    *dw++ = lane[(tap * s->inputs + i) * PLUMB_CONV_PANEL];
                }
            }
        }
    }
}

static void add_blocks(float *dbias, const double *sums, size_t blocks, size_t outputs) {
    for (size_t o = 0; o < outputs; o++) {
        double sum = 0.0;
        for (size_t block = 0; block < blocks; block++) sum += sums[block * outputs + o];
        dbias[o] = (float)sum;
    }
}

void plumb_conv2d_backward_weight(
    float *dw, float *dbias, const float *x, const float *dy, const plumb_conv2d_shape *s) {
    size_t pixels = height_of(s) * width_of(s), taps = s->kernel_height * s->kernel_width * s->inputs;
    if (s->batch * pixels == 0 || s->outputs * taps == 0) {
        memset(dw, 0, s->outputs * taps * sizeof(float));
        if (dbias) plumb_sum_columns(dbias, dy, s->batch * pixels, s->outputs);
        return;
    }
    size_t floats = in_panels(s->outputs) * taps, most = MOST_SUMS / floats + 1;
    gradient_call call = {
        .pass = forward_pass(s), .batch = s->batch, .rows = height_of(s), .taps = taps,
        .tiles = divided_up(s->outputs, PLUMB_CONV_TILE), .x_image = s->height * s->width * s->inputs,
        .dy_image = pixels * s->outputs};
    call.pass.x = x;
    call.pass.y = (float *)dy;  // read only
    call.rows_at_once = call.rows;
    while (call.rows_at_once > 1 && gradient_scratch(&call.pass, call.rows_at_once) > MOST_SCRATCH) {
        call.rows_at_once = divided_up(call.rows_at_once, 2);
    }
    call.images = divided_up(s->batch, smaller(smaller(s->batch, MOST_BLOCKS), most));
    size_t blocks = divided_up(s->batch, call.images);
    float *total = obtain((blocks + 1) * floats + 2 * blocks * s->outputs);
    call.sums = total + floats;
    // Panels are an even number of floats, so the doubles stand aligned.
    if (dbias) call.bias = (double *)(call.sums + blocks * floats);
    size_t products = call.images * pixels * smaller(in_panels(s->outputs), PLUMB_CONV_TILE) * taps;
    plumb_share_run(run_gradient, &call, blocks * call.tiles, products / PRODUCTS_AN_ELEMENT + 1, PLUMB_LIGHT);
    plumb_sum_columns(total, call.sums, blocks, floats);
    unpack(dw, total, s);
    if (dbias) add_blocks(dbias, call.bias, blocks, s->outputs);
    plumb_buffer_release(total);
}
