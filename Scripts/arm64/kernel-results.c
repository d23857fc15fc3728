// Runs every kind of kernel on fixed inputs. `kernel-results write FILE` keeps the results; `kernel-results compare FILE`
// computes them again, with another instruction set, and fails where they part.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plumb_kernels.h"

// MARK: Inputs

static unsigned seed = 1;
static unsigned next(void) { return (seed = seed * 1664525u + 1013904223u) >> 8; }
static float value(void) { return (float)((int)(next() % 20001) - 10000) / 4000; }

static void *memory(size_t bytes) {
    void *result = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!result) exit(2);
    memset(result, 0, bytes);
    return result;
}
static float *floats(size_t count) { return memory(count * sizeof(float)); }
static float *values(size_t count) {
    float *result = floats(count);
    for (size_t i = 0; i < count; i++) result[i] = value();
    return result;
}
static float *positive(size_t count) {
    float *result = values(count);
    for (size_t i = 0; i < count; i++) result[i] = fabsf(result[i]) + 0.01f;
    return result;
}

// MARK: Results

static FILE *file;
static int is_comparing, failures, results;
static double worst;

static void fail(const char *name, const char *why) {
    printf("%s: %s\n", name, why);
    failures++;
}

/// Keeps a result, or compares it with the one kept: the largest difference beside the largest value.
static void result(const char *name, const float *found, size_t count) {
    results++;
    if (!is_comparing) {
        fwrite(found, sizeof(float), count, file);
        return;
    }
    float *kept = floats(count);
    if (fread(kept, sizeof(float), count, file) != count) {
        fail(name, "was not kept: the file is of another program");
        exit(1);
    }
    double difference = 0, size = 1e-6;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(kept[i]) != isfinite(found[i])) fail(name, "finite here and not there");
        if (!isfinite(kept[i]) || !isfinite(found[i])) continue;
        difference = fmax(difference, fabs((double)kept[i] - (double)found[i]));
        size = fmax(size, fabs((double)kept[i]));
    }
    if (difference / size > worst) worst = difference / size;
    if (!(difference / size <= 1e-6)) fail(name, "differs by more than a millionth of its size");
    free(kept);
}

// MARK: Products

typedef struct {
    const char *name;
    int packing, type;
} weight_kind;
static const weight_kind kinds[] = {
    {"float32", PLUMB_PACK_F32, PLUMB_TYPE_F32},   {"bfloat16", PLUMB_PACK_BF16, PLUMB_TYPE_BF16},
    {"Q8_0", PLUMB_PACK_Q8_0, PLUMB_TYPE_Q8_0},    {"Q4_0", PLUMB_PACK_Q4_0, PLUMB_TYPE_Q4_0},
    {"Q4_1", PLUMB_PACK_Q4_1, PLUMB_TYPE_Q4_1},
};

/// Stored weights of some kind: values, or blocks of random fields whose scales (and minima) are small numbers.
static unsigned char *stored(const weight_kind *kind, size_t count) {
    size_t elements = plumb_block_elements(kind->type), bytes = plumb_block_bytes(kind->type);
    unsigned char *blocks = memory(count / elements * bytes), *to = blocks;
    for (size_t block = 0; block < count / elements; block++, to += bytes) {
        float x = value();
        unsigned bits;
        memcpy(&bits, &x, 4);
        if (kind->type == PLUMB_TYPE_F32) {
            memcpy(to, &bits, 4);
        } else if (kind->type == PLUMB_TYPE_BF16) {
            bits >>= 16;
            memcpy(to, &bits, 2);
        } else {
            for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)next();
            // A float16 between 0.03 and 0.06, twice where there are minima.
            unsigned short scale = (unsigned short)(0x2800 | next() % 0x400);
            memcpy(to, &scale, 2);
            if (kind->type == PLUMB_TYPE_Q4_1) memcpy(to + 2, &scale, 2);
        }
    }
    return blocks;
}

enum { MOST_ROWS = 40 };

static void product(const weight_kind *kind, size_t outputs, size_t inputs) {
    size_t row_bytes = inputs / plumb_block_elements(kind->type) * plumb_block_bytes(kind->type);
    unsigned char *blocks = stored(kind, outputs * inputs);
    void *packed = memory(plumb_packed_bytes(kind->packing, outputs, inputs));
    plumb_pack(kind->packing, packed, outputs, inputs, 0, outputs, blocks, row_bytes);
    float *x = values(MOST_ROWS * inputs), *bias = values(outputs), *residual = values(MOST_ROWS * outputs);
    float *y = floats(MOST_ROWS * outputs), *before = floats(MOST_ROWS * outputs);
    plumb_matmul_call call = {
        .outputs = outputs, .inputs = inputs, .x = x, .x_stride = inputs, .weights = packed, .packing = kind->packing,
        .bias = bias, .residual = residual, .residual_stride = outputs, .y = y, .y_stride = outputs};
    for (call.rows = 1; call.rows <= MOST_ROWS; call.rows++) {
        memcpy(before, y, MOST_ROWS * outputs * sizeof(float));
        plumb_matmul(&call);
        if (memcmp(before, y, (call.rows - 1) * outputs * sizeof(float))) fail(kind->name, "a row depends on its batch");
    }
    result(kind->name, y, MOST_ROWS * outputs);
    call.rows = MOST_ROWS;
    call.products = PLUMB_PRODUCTS_BF16;
    plumb_matmul(&call);
    result("rounded to bfloat16", y, MOST_ROWS * outputs);
    free(blocks), free(packed), free(x), free(bias), free(residual), free(y), free(before);
}

static void product_in_place(size_t rows, size_t outputs, size_t inputs) {
    float *x = values(rows * inputs), *w = values(inputs * outputs), *y = floats(rows * outputs);
    plumb_matmul_call call = {
        .rows = rows, .outputs = outputs, .inputs = inputs, .x = x, .x_stride = inputs, .weights = w,
        .packing = PLUMB_PACK_NONE, .weights_stride = outputs, .y = y, .y_stride = outputs};
    plumb_matmul(&call);
    result("weights in place", y, rows * outputs);
    call.x_transposed = 1;
    call.x_stride = rows;
    plumb_matmul(&call);
    result("transposed activations", y, rows * outputs);
    free(x), free(w), free(y);
}

// MARK: Attention

static void attention(size_t heads, size_t kv_heads, size_t width, size_t prefix) {
    enum { ROWS = 45, KEYS = 64 };
    size_t nq = ROWS * heads * width, nk = ROWS * kv_heads * width, q_stride = heads * width;
    size_t k_stride = kv_heads * width;
    float *q = values(nq), *k = values(nk), *v = values(nk), *z = floats(nq), *dz = values(nq);
    float *scores = floats(ROWS * heads * KEYS), *pattern = floats(ROWS * heads * KEYS);
    plumb_attention_segment segment = {
        .rows = ROWS, .q = q, .k = k, .v = v, .q_stride = q_stride, .k_stride = k_stride, .v_stride = k_stride, .z = z,
        .z_stride = q_stride, .scores = scores, .pattern = pattern, .key_stride = KEYS};
    plumb_attention_call call = {
        .heads = heads, .kv_heads = kv_heads, .width = width, .scale = 0.2f, .stages = PLUMB_ATTEND_ALL, .segments = 1,
        .segment = &segment};
    plumb_attention(&call);
    result("attention z", z, nq);
    result("attention pattern", pattern, ROWS * heads * KEYS);
    float *earlier = values(prefix * k_stride), *panels = floats(KEYS * k_stride), *prefix_v = values(KEYS * k_stride);
    if (prefix > 0) {
        plumb_attention_append_keys(panels, KEYS, kv_heads, width, 0, prefix, earlier, k_stride);
        segment.first = prefix, segment.prefix_k = panels, segment.prefix_v = prefix_v;
        segment.prefix_capacity = KEYS, segment.scores = NULL, segment.pattern = NULL;
        plumb_attention(&call);
        result("attention with a prefix", z, nq);
    }
    float *dq = floats(nq), *dk = floats(nk), *dv = floats(nk);
    plumb_attention_backward_segment back = {
        .rows = ROWS, .q = q, .k = k, .v = v, .dz = dz, .q_stride = q_stride, .k_stride = k_stride,
        .v_stride = k_stride, .dz_stride = q_stride, .dq = dq, .dk = dk, .dv = dv, .dq_stride = q_stride,
        .dk_stride = k_stride, .dv_stride = k_stride};
    plumb_attention_backward_call backward = {
        .heads = heads, .kv_heads = kv_heads, .width = width, .scale = 0.2f, .segments = 1, .segment = &back};
    plumb_attention_backward(&backward);
    result("dq", dq, nq), result("dk", dk, nk), result("dv", dv, nk);
    free(q), free(k), free(v), free(z), free(dz), free(scores), free(pattern), free(earlier), free(panels);
    free(prefix_v), free(dq), free(dk), free(dv);
}

// MARK: Elements and rows

static void elements(size_t count) {
    float *x = values(count), *x2 = values(count), *above = positive(count), *y = floats(count);
    float *m = values(count), *v = positive(count);
#define ONE(kernel, from) (kernel(y, from, count), result(#kernel, y, count))
    ONE(plumb_gelu_tanh, x), ONE(plumb_gelu_erf, x), ONE(plumb_silu, x), ONE(plumb_relu, x), ONE(plumb_tanh, x);
    ONE(plumb_sigmoid, x), ONE(plumb_exp, x), ONE(plumb_abs, x), ONE(plumb_sin, x), ONE(plumb_cos, x);
    ONE(plumb_erf, x), ONE(plumb_softplus, x), ONE(plumb_log, above), ONE(plumb_sqrt, above), ONE(plumb_rsqrt, above);
#define TWO(kernel) (kernel(y, x, x2, count), result(#kernel, y, count))
    TWO(plumb_add), TWO(plumb_subtract), TWO(plumb_multiply), TWO(plumb_divide), TWO(plumb_maximum);
    TWO(plumb_minimum), TWO(plumb_gelu_tanh_backward), TWO(plumb_gelu_erf_backward), TWO(plumb_silu_backward);
    TWO(plumb_relu_backward), TWO(plumb_tanh_backward), TWO(plumb_sigmoid_backward);
    float sums[] = {(float)plumb_sum(x, count), (float)plumb_dot(x, x2, count)};
    result("sums", sums, 2);
    plumb_adam_step step = {
        .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.01, .decoupled = 1,
        .correction1 = 0.1, .correction2 = 0.001};
    plumb_adam(x, x2, m, v, count, &step), result("Adam", x, count), result("Adam's v", v, count);
    plumb_lion(x, x2, m, count, 1e-3, 0.9, 0.99, 0.1), result("Lion", x, count);
    plumb_sgd(x, x2, m, count, 1e-2, 0.9, 1, 0.01, 0), result("SGD", x, count);
    free(x), free(x2), free(above), free(y), free(m), free(v);
}

static void rows_of(size_t width) {
    enum { ROWS = 9 };
    size_t count = ROWS * width;
    float *x = values(count), *dy = values(count), *y = floats(count), *dx = floats(count);
    float *weight = values(width), *bias = values(width), *dweight = floats(width), *dbias = floats(width);
    float scale[ROWS], losses[ROWS], lse[ROWS], dlosses[ROWS];
    int32_t targets[ROWS];
    for (int r = 0; r < ROWS; r++) {
        targets[r] = r == 4 ? -1 : (int32_t)(next() % width);
        dlosses[r] = value();
    }
    plumb_rms_norm(y, scale, x, weight, ROWS, width, 1e-5f), result("RMSNorm", y, count);
    plumb_rms_norm_backward(dx, dweight, dy, x, weight, scale, ROWS, width), result("of RMSNorm", dx, count);
    result("of RMSNorm's weight", dweight, width);
    plumb_layer_norm(y, scale, x, weight, bias, ROWS, width, 1e-5f), result("LayerNorm", y, count);
    plumb_layer_norm_backward(dx, dweight, dbias, dy, x, weight, scale, ROWS, width), result("of LayerNorm", dx, count);
    result("of LayerNorm's weight", dweight, width), result("of LayerNorm's bias", dbias, width);
    plumb_softmax(y, x, ROWS, width), result("softmax", y, count);
    plumb_softmax_backward(dx, y, dy, ROWS, width), result("of softmax", dx, count);
    plumb_log_softmax(y, x, ROWS, width), result("log-softmax", y, count);
    plumb_log_softmax_backward(dx, y, dy, ROWS, width), result("of log-softmax", dx, count);
    plumb_cross_entropy(losses, lse, x, targets, ROWS, width), result("cross-entropy", losses, ROWS);
    plumb_cross_entropy_backward(y, x, lse, targets, dlosses, ROWS, width), result("of cross-entropy", y, count);
    plumb_sum_columns(dweight, x, ROWS, width), result("sums of columns", dweight, width);
    plumb_sum_rows(losses, x, ROWS, width), result("sums of rows", losses, ROWS);
    plumb_add_rows(y, x, bias, ROWS, width), result("rows added to", y, count);
    plumb_multiply_rows(y, x, bias, ROWS, width), result("rows multiplied", y, count);
    plumb_silu_multiply(y, width, x, width, dy, width, ROWS, width), result("SwiGLU", y, count);
    free(x), free(dy), free(y), free(dx), free(weight), free(bias), free(dweight), free(dbias);
}

// MARK: Images

static void images(size_t inputs, size_t outputs, size_t stride, size_t padding) {
    plumb_conv2d_shape shape = {
        .batch = 3, .height = 11, .width = 9, .inputs = inputs, .outputs = outputs, .kernel_height = 3,
        .kernel_width = 3, .stride = stride, .padding = padding};
    size_t nx = 3 * 11 * 9 * inputs, nw = outputs * inputs * 9;
    size_t ny = 3 * outputs * plumb_conv2d_size(11, 3, stride, padding) * plumb_conv2d_size(9, 3, stride, padding);
    float *x = values(nx), *w = values(nw), *bias = values(outputs), *dy = values(ny);
    float *y = floats(ny), *dx = floats(nx), *dw = floats(nw), *dbias = floats(outputs);
    float *packed = floats(plumb_conv2d_packed_floats(&shape));
    float *packed_back = floats(plumb_conv2d_packed_backward_floats(&shape));
    plumb_conv2d_pack(packed, w, &shape), plumb_conv2d_pack_backward(packed_back, w, &shape);
    plumb_conv2d(y, x, packed, bias, &shape), result("convolution", y, ny);
    plumb_conv2d_backward_input(dx, dy, packed_back, &shape), result("of convolution's input", dx, nx);
    plumb_conv2d_backward_weight(dw, dbias, x, dy, &shape), result("of convolution's weight", dw, nw);
    result("of convolution's bias", dbias, outputs);
    plumb_pool2d_shape pool = {.batch = 3, .height = 11, .width = 9, .channels = inputs, .window = 2, .stride = 2};
    size_t np = 3 * plumb_pool2d_size(11, &pool) * plumb_pool2d_size(9, &pool) * inputs;
    float *pooled = floats(np), *dpooled = values(np);
    int32_t *places = memory(np * sizeof(int32_t));
    plumb_max_pool2d(pooled, places, x, &pool), result("max pooling", pooled, np);
    plumb_max_pool2d_backward(dx, dpooled, places, &pool), result("of max pooling", dx, nx);
    plumb_average_pool2d(pooled, x, &pool), result("average pooling", pooled, np);
    plumb_average_pool2d_backward(dx, dpooled, &pool), result("of average pooling", dx, nx);
    free(x), free(w), free(bias), free(dy), free(y), free(dx), free(dw), free(dbias), free(packed), free(packed_back);
    free(pooled), free(dpooled), free(places);
}

static void dequantization(int type) {
    enum { COUNT = 768 };
    size_t bytes = COUNT / plumb_block_elements(type) * plumb_block_bytes(type);
    unsigned char *blocks = memory(bytes);
    for (size_t i = 0; i < bytes; i++) blocks[i] = (unsigned char)(next() & 0x3f);
    float *y = floats(COUNT);
    plumb_dequantize(type, blocks, y, COUNT);
    result("dequantized", y, COUNT);
    free(blocks), free(y);
}

int main(int count, char **arguments) {
    is_comparing = count == 3 && !strcmp(arguments[1], "compare");
    if (count != 3 || (!is_comparing && strcmp(arguments[1], "write"))) {
        fprintf(stderr, "usage: kernel-results write|compare FILE\n");
        return 2;
    }
    file = fopen(arguments[2], is_comparing ? "rb" : "wb");
    if (!file) {
        fprintf(stderr, "%s: %s\n", arguments[2], strerror(errno));
        return 2;
    }
    plumb_threads_set(2);
    static const size_t sizes[][2] = {{70, 288}, {33, 576}, {10, 64}, {64, 1056}, {200, 96}};
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) product(&kinds[kind], sizes[i][0], sizes[i][1]);
    }
    product_in_place(37, 70, 90);
    attention(6, 6, 32, 17), attention(6, 2, 32, 17), attention(6, 6, 20, 0), attention(6, 2, 20, 0);
    static const size_t widths[] = {2, 15, 16, 24, 47, 70, 139};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) elements(9 * widths[i]), rows_of(widths[i]);
    images(1, 16, 1, 0), images(5, 7, 2, 1), images(1, 7, 1, 2), images(5, 16, 2, 0);
    static const int types[] = {PLUMB_TYPE_F16, PLUMB_TYPE_BF16, PLUMB_TYPE_Q8_0, PLUMB_TYPE_Q4_0, PLUMB_TYPE_Q4_1,
                                PLUMB_TYPE_Q5_0, PLUMB_TYPE_Q5_1, PLUMB_TYPE_Q4_K, PLUMB_TYPE_Q5_K, PLUMB_TYPE_Q6_K};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) dequantization(types[i]);
    if (fclose(file) != 0) fail(arguments[2], "could not be written");
    if (is_comparing) printf("%d results, largest difference %.1e of a result's size\n", results, worst);
    return failures > 0;
}
