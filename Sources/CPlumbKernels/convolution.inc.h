// Convolution on channels-last rows. Input rows are copied with their padding (a small part of the work), so that the
// taps of one kernel row are one run of floats and every pixel is computed alike: a broadcast input against vectors of
// outputs. An output's products are added in the order of the packed weights, whatever the tile it falls into;
// with few outputs (plumb_conv_is_narrow) in an order fixed by the kernel's size. Included after attention.inc.h.
#include "convolution.h"

enum {
    /// Pixels, or taps and channels, whose sums stay in registers at a time.
    CONV_TILE_ROWS = ROWS_AT_ONCE
};

// MARK: Padded rows

/// Copies one row of x, from column `left` on, `columns` wide; zeros outside. `gap` floats separate the pixels' starts.
INLINE void conv_copy_row(float *to, const plumb_conv_pass *pass, ptrdiff_t row, size_t columns, size_t gap) {
    size_t channels = pass->channels;
    ptrdiff_t width = (ptrdiff_t)pass->width, start = -pass->left, end = width - pass->left;
    ptrdiff_t all = (ptrdiff_t)columns;
    if (row < 0 || row >= (ptrdiff_t)pass->height) start = end = all;
    start = start < 0 ? 0 : start > all ? all : start;
    end = end < start ? start : end > all ? all : end;
    const float *from = pass->x + (row * width + pass->left) * (ptrdiff_t)channels;
    if (gap == channels) {
        memset(to, 0, (size_t)start * channels * sizeof(float));
        if (end > start) {
            memcpy(to + (size_t)start * channels, from + (size_t)start * channels,
                   (size_t)(end - start) * channels * sizeof(float));
        }
        memset(to + (size_t)end * channels, 0, (size_t)(all - end) * channels * sizeof(float));
        return;
    }
    for (ptrdiff_t i = 0; i < all; i++) {
        if (i == start) i = end;
        if (i < all) memset(to + (size_t)i * gap, 0, channels * sizeof(float));
    }
    for (size_t c = 0; c < channels; c++) {
        for (ptrdiff_t i = start; i < end; i++) to[(size_t)i * gap + c] = from[i * (ptrdiff_t)channels + (ptrdiff_t)c];
    }
}

/// The rows of x that rows first ..< first + rows of y read, padded. Where there is nothing to pad, x itself.
INLINE const float *conv_padded(
    const plumb_conv_pass *pass, size_t first, size_t rows, float *scratch, size_t *row_floats) {
    size_t columns = plumb_conv_columns(pass), height = (rows - 1) * pass->step + pass->kernel_height;
    ptrdiff_t top = (ptrdiff_t)(first * pass->step) + pass->top;
    if (top >= 0 && pass->left >= 0 && (size_t)top + height <= pass->height
        && (size_t)pass->left + columns <= pass->width) {
        *row_floats = pass->width * pass->channels;
        return pass->x + (size_t)top * *row_floats + (size_t)pass->left * pass->channels;
    }
    *row_floats = columns * pass->channels;
    for (size_t r = 0; r < height; r++) {
        conv_copy_row(scratch + r * *row_floats, pass, top + (ptrdiff_t)r, columns, pass->channels);
    }
    return scratch;
}

// MARK: Forward

/// What a tile of pixels needs: the taps' runs in x, and the outputs it makes.
typedef struct {
    const float *x;
    size_t x_row, x_pixel, kernel_height, run;
    float *y;
    size_t y_pixel, outputs;       // from the first vector on
    const float *weights[2], *bias;  // of each vector
} conv_tile;

INLINE void conv_tile_run(const conv_tile *t, const int pixels, const int vectors) {
    vf sum[CONV_TILE_ROWS][2];
    UNROLL for (int v = 0; v < vectors; v++) {
        size_t at = (size_t)v * VL, left = t->outputs > at ? t->outputs - at : 0;
        vf start = t->bias ? ld_partial(t->bias + at, left) : splat(0.0f);
        UNROLL for (int p = 0; p < pixels; p++) sum[p][v] = start;
    }
    const float *w0 = t->weights[0], *w1 = t->weights[1];
    for (size_t ky = 0; ky < t->kernel_height; ky++) {
        const float *x = t->x + ky * t->x_row;
        for (size_t k = 0; k < t->run; k++, w0 += PLUMB_CONV_PANEL, w1 += PLUMB_CONV_PANEL) {
            vf a = ld(w0), b = vectors > 1 ? ld(w1) : a;
            const float *pixel = x + k;
            UNROLL for (int p = 0; p < pixels; p++, pixel += t->x_pixel) {
                vf value = splat(*pixel);
                sum[p][0] = FMA(value, a, sum[p][0]);
                if (vectors > 1) sum[p][1] = FMA(value, b, sum[p][1]);
            }
        }
    }
    UNROLL for (int p = 0; p < pixels; p++) {
        float *y = t->y + (size_t)p * t->y_pixel;
        st_partial(y, sum[p][0], t->outputs);
        if (vectors > 1) st_partial(y + VL, sum[p][1], t->outputs - VL);
    }
}

static void conv_tile_of(const conv_tile *t, size_t pixels, size_t vectors) {
#define CASE(pixels) \
    case pixels: \
        if (vectors > 1) { \
            conv_tile_run(t, pixels, 2); \
        } else { \
            conv_tile_run(t, pixels, 1); \
        } \
        break;
    switch (pixels) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

/// The i-th of `parts` nearly equal parts of count.
INLINE size_t part_start(size_t count, size_t parts, size_t i) {
    return count / parts * i + (count % parts) * i / parts;
}

/// Few outputs would leave most lanes of a panel empty: there the lanes hold taps and channels instead.
INLINE float conv_narrow_sum(const float *x, size_t x_row, const float *w, size_t kernel_height, size_t run) {
    vf sum = splat(0.0f);
    for (size_t ky = 0; ky < kernel_height; ky++, x += x_row, w += run) {
        size_t k = 0;
        for (; k + VL <= run; k += VL) sum = FMA(ld(x + k), ld(w + k), sum);
        if (k < run) sum = FMA(ld_partial(x + k, run - k), ld_partial(w + k, run - k), sum);
    }
    return hsum(sum);
}

/// `w` has room for the weights of each output in one run.
static void conv_narrow(
    const plumb_conv_pass *pass, const float *x, size_t x_row, size_t first, size_t rows, float *w) {
    size_t run = pass->kernel_width * pass->channels, taps = pass->kernel_height * run;
    for (size_t o = 0; o < pass->outputs; o++) {
        for (size_t k = 0; k < taps; k++) w[o * taps + k] = pass->weights[k * PLUMB_CONV_PANEL + o];
    }
    for (size_t r = 0; r < rows; r++) {
        float *y = pass->y + (first + r) * pass->y_row;
        const float *pixel = x + r * pass->step * x_row;
        for (size_t c = 0; c < pass->columns; c++, y += pass->y_pixel, pixel += pass->step * pass->channels) {
            for (size_t o = 0; o < pass->outputs; o++) {
                float sum = conv_narrow_sum(pixel, x_row, w + o * taps, pass->kernel_height, run);
                y[o] = pass->bias ? sum + pass->bias[o] : sum;
            }
        }
    }
}

static void conv_convolve(const plumb_conv_pass *pass, size_t first, size_t rows, float *scratch) {
    size_t x_row, taps = pass->kernel_height * pass->kernel_width * pass->channels;
    const float *x = conv_padded(pass, first, rows, scratch, &x_row);
    if (plumb_conv_is_narrow(pass)) {
        conv_narrow(pass, x, x_row, first, rows, scratch + plumb_conv_padded_floats(pass, rows));
        return;
    }
    conv_tile t = {
        .x_row = x_row, .x_pixel = pass->step * pass->channels, .kernel_height = pass->kernel_height,
        .run = pass->kernel_width * pass->channels, .y_pixel = pass->y_pixel};
    size_t tiles = (pass->columns + CONV_TILE_ROWS - 1) / CONV_TILE_ROWS;
    for (size_t o = 0; o < pass->outputs; o += 2 * VL) {
        for (int v = 0; v < 2; v++) {
            size_t lane = o + (size_t)v * VL;
            if (lane >= pass->outputs) lane = o;
            t.weights[v] = pass->weights + lane / PLUMB_CONV_PANEL * taps * PLUMB_CONV_PANEL + lane % PLUMB_CONV_PANEL;
        }
        t.outputs = pass->outputs - o;
        t.bias = pass->bias ? pass->bias + o : NULL;
        for (size_t r = 0; r < rows; r++) {
            for (size_t i = 0; i < tiles; i++) {
                size_t from = part_start(pass->columns, tiles, i), to = part_start(pass->columns, tiles, i + 1);
                t.x = x + r * pass->step * x_row + from * t.x_pixel;
                t.y = pass->y + (first + r) * pass->y_row + from * pass->y_pixel + o;
                conv_tile_of(&t, to - from, t.outputs > VL ? 2 : 1);
            }
        }
    }
}

// MARK: Gradient of the weights

/// Some taps and channels, one run of floats in every pixel's neighborhood, against vectors of dy.
typedef struct {
    const float *x, *dy;
    size_t rows, columns, x_row, x_pixel, dy_pixel, outputs;
    float *sums[2];
} conv_gradient;

INLINE void conv_gradient_run(const conv_gradient *t, const int taps, const int vectors) {
    vf sum[CONV_TILE_ROWS][2];
    UNROLL for (int k = 0; k < taps; k++) {
        sum[k][0] = splat(0.0f);
        sum[k][1] = splat(0.0f);
    }
    const float *dy = t->dy;
    for (size_t r = 0; r < t->rows; r++) {
        const float *x = t->x + r * t->x_row;
        for (size_t c = 0; c < t->columns; c++, x += t->x_pixel, dy += t->dy_pixel) {
            vf a = ld_partial(dy, t->outputs), b = vectors > 1 ? ld_partial(dy + VL, t->outputs - VL) : a;
            UNROLL for (int k = 0; k < taps; k++) {
                vf value = splat(x[k]);
                sum[k][0] = FMA(value, a, sum[k][0]);
                if (vectors > 1) sum[k][1] = FMA(value, b, sum[k][1]);
            }
        }
    }
    UNROLL for (int k = 0; k < taps; k++) {
        UNROLL for (int v = 0; v < vectors; v++) {
            float *to = t->sums[v] + k * PLUMB_CONV_PANEL;
            st(to, ld(to) + sum[k][v]);
        }
    }
}

static void conv_gradient_of(const conv_gradient *t, size_t taps, size_t vectors) {
#define CASE(taps) \
    case taps: \
        if (vectors > 1) { \
            conv_gradient_run(t, taps, 2); \
        } else { \
            conv_gradient_run(t, taps, 1); \
        } \
        break;
    switch (taps) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

/// [row of y][column of x][kernel row][channel]: one run holds all taps.
static void conv_interleave(const plumb_conv_pass *pass, size_t first, size_t rows, float *scratch) {
    size_t columns = plumb_conv_columns(pass), gap = pass->kernel_height * pass->channels;
    for (size_t r = 0; r < rows; r++, scratch += columns * gap) {
        for (size_t ky = 0; ky < pass->kernel_height; ky++) {
            ptrdiff_t row = (ptrdiff_t)((first + r) * pass->step + ky) + pass->top;
            conv_copy_row(scratch + ky * pass->channels, pass, row, columns, gap);
        }
    }
}

static void conv_weight_gradient(
    const plumb_conv_pass *pass, size_t first, size_t rows, size_t output, float *sums, float *scratch) {
    size_t x_row, runs = pass->kernel_height, run = pass->kernel_width * pass->channels, step = pass->step;
    size_t x_pixel = step * pass->channels;
    const float *x = scratch;
    if (plumb_conv_interleaves(pass->channels, pass->kernel_width)) {
        conv_interleave(pass, first, rows, scratch);
        x_row = plumb_conv_columns(pass) * pass->kernel_height * pass->channels;
        x_pixel *= runs;
        run *= runs;
        runs = 1;
        step = 1;
    } else {
        x = conv_padded(pass, first, rows, scratch, &x_row);
    }
    size_t end = output + PLUMB_CONV_TILE < pass->outputs ? output + PLUMB_CONV_TILE : pass->outputs;
    size_t tiles = (run + CONV_TILE_ROWS - 1) / CONV_TILE_ROWS;
    for (size_t o = output; o < end; o += 2 * VL) {
        conv_gradient t = {
            .rows = rows, .columns = pass->columns, .x_row = step * x_row, .x_pixel = x_pixel,
            .dy_pixel = pass->outputs, .dy = pass->y + first * pass->y_row + o, .outputs = pass->outputs - o};
        for (size_t i = 0; i < runs * tiles; i++) {
            size_t from = part_start(run, tiles, i % tiles), to = part_start(run, tiles, i % tiles + 1);
            t.x = x + i / tiles * x_row + from;
            for (int v = 0; v < 2; v++) {
                size_t lane = o - output + (size_t)v * VL;
                t.sums[v] = sums + lane / PLUMB_CONV_PANEL * runs * run * PLUMB_CONV_PANEL + lane % PLUMB_CONV_PANEL
                    + (i / tiles * run + from) * PLUMB_CONV_PANEL;
            }
            conv_gradient_of(&t, to - from, t.outputs > VL ? 2 : 1);
        }
    }
}

#define PLUMB_CONVOLUTION_ENTRIES \
    .convolution = { \
        .convolve = conv_convolve, .weight_gradient = conv_weight_gradient, .max_pool = pool_max, \
        .average_pool = pool_average, .max_pool_backward = pool_max_backward, \
        .average_pool_backward = pool_average_backward},
