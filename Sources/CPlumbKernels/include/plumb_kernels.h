// The numeric floor of Plumbline: plain C, no dependency, no compiler flag.
//
// Conventions
//   - Every array is float32, row-major, any alignment unless stated; a stride counts floats between rows.
//   - One source is compiled for several instruction sets and chosen at run time (dispatch.c).
//   - THE ROW RULE. The bits of a result's row depend on that row's inputs alone: never on the number of threads,
//     on the rows beside it, nor on whether work was fused, staged, batched or cached. Inside one instruction set
//     every product accumulates in one fixed order over k.
//   - Nothing here allocates by a caller's unchecked number or reports errors: callers check, kernels compute.
#ifndef PLUMB_KERNELS_H
#define PLUMB_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Instruction sets (dispatch.c)

enum { PLUMB_ISA_BASELINE = 0, PLUMB_ISA_AVX2 = 1, PLUMB_ISA_AVX512 = 2 };
/// The instruction set in use. Chosen once: the best the machine has, or the one `PLUMB_ISA` names
/// (`baseline`, `avx2`, `avx512`) where the machine has it.
int plumb_isa(void);
/// The best instruction set of this machine.
int plumb_isa_best(void);
/// Uses `isa` from now on, for tests and benchmarks. Packed weights stay valid. 0, or -1 if the machine lacks it.
int plumb_isa_force(int isa);
/// "baseline", "avx2", "avx512".
const char *plumb_isa_name(int isa);
/// Whether bf16 dot products run in hardware.
int plumb_has_bf16(void);

// MARK: Threads (pool.c)

/// The number of threads that share a parallel region, the caller included. At first the number of processors this
/// process may use, or `PLUMB_THREADS`.
int plumb_threads(void);
void plumb_threads_set(int threads);
/// Runs `body(context, chunk)` for every chunk in 0..<chunks, in any order, on the pool and the caller; returns when
/// all have run. Chunks are claimed one at a time by an atomic counter and the caller waits for chunks, never for
/// threads. Nested and concurrent calls run their chunks on the calling thread.
void plumb_parallel(size_t chunks, void (*body)(void *context, size_t chunk), void *context);

// MARK: Buffers (buffers.c)

/// 64-byte-aligned memory from a recycling store, so that hot loops do not map and unmap pages. NULL if there is none.
void *plumb_buffer_allocate(size_t bytes);
void plumb_buffer_release(void *buffer);
/// Bytes handed out now, and the most that ever were since the last reset.
size_t plumb_buffer_bytes(void);
size_t plumb_buffer_peak(void);
void plumb_buffer_peak_reset(void);
/// Gives recycled memory back to the system.
void plumb_buffer_trim(void);

// MARK: Stored weights (dequantize.c)

/// Element types as numbered by GGUF (ggml).
enum {
    PLUMB_TYPE_F32 = 0, PLUMB_TYPE_F16 = 1, PLUMB_TYPE_Q4_0 = 2, PLUMB_TYPE_Q4_1 = 3, PLUMB_TYPE_Q5_0 = 6,
    PLUMB_TYPE_Q5_1 = 7, PLUMB_TYPE_Q8_0 = 8, PLUMB_TYPE_Q4_K = 12, PLUMB_TYPE_Q5_K = 13, PLUMB_TYPE_Q6_K = 14,
    PLUMB_TYPE_BF16 = 30
};
/// Elements in a block of `type` and the block's bytes; 0 for an unknown type.
size_t plumb_block_elements(int type);
size_t plumb_block_bytes(int type);
/// Widens `count` elements (a multiple of the block) to float32, exactly as the format defines them. 0, or -1 for an
/// unknown type.
int plumb_dequantize(int type, const void *source, float *result, size_t count);

/// Rewrites `count` elements (a multiple of the block) of `type` as the blocks that plumb_pack takes for `packing`, so
/// that their values stay as they are: Q4_0 and Q5_0 as PLUMB_PACK_Q8_0, any quantized type as PLUMB_PACK_AFFINE. 0, or
/// -1 where the packing cannot hold the type.
int plumb_requantize(int type, int packing, const void *source, void *result, size_t count);

// MARK: Matrix products (matmul.inc.h)

/// How a packed matrix holds its weights. All but F32 and BF16 keep a quantized format's integers; every packing yields
/// exactly the float32 product of the dequantized weights, bit for bit the same as PLUMB_PACK_F32 would. AFFINE holds
/// any quantized format: bytes q with a float32 scale and offset for 16 of them, scale · q + offset.
enum {
    PLUMB_PACK_F32 = 0, PLUMB_PACK_BF16 = 1, PLUMB_PACK_Q8_0 = 2, PLUMB_PACK_Q4_0 = 3, PLUMB_PACK_Q4_1 = 4,
    PLUMB_PACK_AFFINE = 6
};
/// No packing: float32 stored [inputs, outputs], weights_stride floats between inputs, for weights that are multiplied
/// once. Few are read where they are, many are packed on the way.
enum { PLUMB_PACK_NONE = 5 };
/// Bytes of a packed [outputs, inputs] matrix; 0 where the packing cannot hold it (quantized packings need
/// inputs % 32 == 0).
size_t plumb_packed_bytes(int packing, size_t outputs, size_t inputs);
/// Writes `rows` output rows, row-major [rows, inputs], into a packed matrix of `outputs` rows beginning at output
/// `first`. The memory was zeroed by the caller before the first call. `source` is float32 for PLUMB_PACK_F32,
/// bfloat16 for PLUMB_PACK_BF16, GGUF blocks for the quantized packings and for PLUMB_PACK_AFFINE blocks of 24 bytes: a
/// scale, an offset, 16 bytes. `row_stride` counts bytes.
void plumb_pack(
    int packing, void *packed, size_t outputs, size_t inputs, size_t first, size_t rows, const void *source,
    size_t row_stride);
/// The same for float32 weights stored [inputs, outputs] (GPT-2's convolutions, gradients): columns become outputs.
void plumb_pack_transposed(
    float *packed, size_t outputs, size_t inputs, size_t first, size_t columns, const float *source,
    size_t row_stride_floats);

enum { PLUMB_PRODUCTS_FLOAT32 = 0, PLUMB_PRODUCTS_BF16 = 1 };
/// y[r, o] = bias[o] + Σ_i x[r, i] · w[o, i] + residual[r, o]
typedef struct {
    size_t rows, outputs, inputs;
    const float *x;
    size_t x_stride;
    /// Whether x is stored [inputs, rows], x_stride floats between inputs: a weight's gradient dYᵀ·X takes dY so.
    int x_transposed;
    const void *weights;
    int packing;
    size_t weights_stride;  // of PLUMB_PACK_NONE
    /// PLUMB_PRODUCTS_BF16 rounds activations (and weights) to bfloat16 before multiplying; sums stay float32. Works
    /// with every packing and is fastest with PLUMB_PACK_BF16. Where plumb_has_bf16() the machine's dot product adds
    /// pairs (and flushes subnormals); elsewhere products are added one by one: the bits differ between the two.
    int products;
    const float *bias;      // [outputs] or NULL
    const float *residual;  // [rows, outputs] or NULL; may be y itself
    size_t residual_stride;
    float *y;
    size_t y_stride;
} plumb_matmul_call;
void plumb_matmul(const plumb_matmul_call *call);
/// The same sums in double, one after the other, with row-major float32 `weights` [outputs, inputs] in place of the
/// call's: the yardstick of the tests. `result` is [rows, outputs].
void plumb_matmul_reference(const plumb_matmul_call *call, const float *weights, double *result);

// MARK: Attention (attention.inc.h)

/// Rows of one run that attend together: positions first ..< first + rows. Keys and values of the positions before
/// `first` come from a prefix that many segments may share.
typedef struct {
    size_t first, rows;
    const float *q;         // [rows, heads, width]
    const float *k;         // [rows, kv_heads, width]
    const float *v;         // [rows, kv_heads, width]
    size_t q_stride, k_stride, v_stride;
    const float *prefix_k;  // panels [kv_heads][capacity / 32][width][32]; NULL when first == 0
    const float *prefix_v;  // [capacity][kv_heads · width]
    size_t prefix_capacity; // positions, a multiple of 32
    float *z;               // [rows, heads, width]
    size_t z_stride;
    /// Optional. Row r's keys 0 ... first + r; the rest up to key_stride, and those before a window, are -inf (scores)
    /// and 0 (pattern).
    float *scores;          // [rows, heads, key_stride]
    float *pattern;         // [rows, heads, key_stride]
    size_t key_stride;      // at least first + rows
} plumb_attention_segment;

enum { PLUMB_ATTEND_SCORES = 1, PLUMB_ATTEND_SOFTMAX = 2, PLUMB_ATTEND_MIX = 4, PLUMB_ATTEND_ALL = 7 };
/// Attention, softmax(scale · q·kᵀ)·v. Query head h reads key-value head h / (heads / kv_heads).
/// `stages` may run one stage at a time over `scores` and `pattern`; the bits equal those of PLUMB_ATTEND_ALL.
typedef struct {
    size_t heads, kv_heads, width;
    float scale;
    int stages;
    /// 0 is causal. Otherwise every row sees all the rows of its segment, which has no prefix (first == 0).
    int all_keys;
    /// Above 0, a row sees only the last so many of its keys; not with all_keys.
    size_t window;
    /// Above 0, the c of c · tanh(score / c), which scores become before any is hidden.
    float soft_cap;
    size_t segments;
    const plumb_attention_segment *segment;
} plumb_attention_call;
void plumb_attention(const plumb_attention_call *call);
/// Appends rows of keys, at positions first ..< first + rows, to prefix panels.
void plumb_attention_append_keys(
    float *panels, size_t capacity, size_t kv_heads, size_t width, size_t first, size_t rows, const float *k,
    size_t k_stride);

// MARK: The gradient of attention (attention_backward.inc.h)

/// Rows of one whole run, positions 0 ..< rows, whose attention is differentiated.
typedef struct {
    size_t rows;
    const float *q;         // [rows, heads, width]
    const float *k, *v;     // [rows, kv_heads, width]
    const float *dz;        // [rows, heads, width]
    size_t q_stride, k_stride, v_stride, dz_stride;
    float *dq;              // [rows, heads, width], written
    float *dk, *dv;         // [rows, kv_heads, width], written
    size_t dq_stride, dk_stride, dv_stride;
} plumb_attention_backward_segment;

/// The gradients of Σ dz ∘ z with z = softmax(scale · q·kᵀ)·v, the pattern P computed again:
/// dv = Pᵀ·dz, dS = P ∘ (dz·vᵀ - rowsum(P ∘ dz·vᵀ)), dq = scale · dS·k, dk = scale · dSᵀ·q.
/// Causal unless `all_keys`. dk and dv add the query heads of their group in order. The bits of a segment depend on
/// that segment alone, never on the number of threads or the segments beside it. Results must not overlap operands.
typedef struct {
    size_t heads, kv_heads, width;
    float scale;
    int all_keys;
    size_t segments;
    const plumb_attention_backward_segment *segment;
} plumb_attention_backward_call;
void plumb_attention_backward(const plumb_attention_backward_call *call);

// MARK: Rows and elements (elementwise.inc.h)

/// y = x / s · weight (+ nothing), s = sqrt(mean(x²) + epsilon). `weight` and `scale` ([rows]) may be NULL.
void plumb_rms_norm(
    float *y, float *scale, const float *x, const float *weight, size_t rows, size_t width, float epsilon);
/// y = (x - mean) / s · weight + bias, s = sqrt(var + epsilon). `weight`, `bias` and `scale` may be NULL.
void plumb_layer_norm(
    float *y, float *scale, const float *x, const float *weight, const float *bias, size_t rows, size_t width,
    float epsilon);
/// y = gate · sigmoid(gate) · up, rows of `width`.
void plumb_silu_multiply(
    float *y, size_t y_stride, const float *gate, size_t gate_stride, const float *up, size_t up_stride, size_t rows,
    size_t width);
/// y = x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³)))
void plumb_gelu_tanh(float *y, const float *x, size_t count);
/// y = x/2 · (1 + erf(x/√2))
void plumb_gelu_erf(float *y, const float *x, size_t count);
void plumb_silu(float *y, const float *x, size_t count);
void plumb_relu(float *y, const float *x, size_t count);
void plumb_tanh(float *y, const float *x, size_t count);
void plumb_sigmoid(float *y, const float *x, size_t count);
void plumb_exp(float *y, const float *x, size_t count);
void plumb_log(float *y, const float *x, size_t count);
void plumb_add(float *y, const float *a, const float *b, size_t count);
void plumb_subtract(float *y, const float *a, const float *b, size_t count);
void plumb_multiply(float *y, const float *a, const float *b, size_t count);
void plumb_divide(float *y, const float *a, const float *b, size_t count);
/// y = a · scale + offset
void plumb_affine(float *y, const float *a, float scale, float offset, size_t count);
/// Rows y[r] = a[r] + b, b of `width`.
void plumb_add_rows(float *y, const float *a, const float *b, size_t rows, size_t width);
/// Rotary embedding of [rows, heads, width]: the pair (i, i + width_rotated/2) of each head turns by the angle whose
/// cosine and sine stand at [position, i]. Elements from width_rotated on are copied. y may be x.
void plumb_rope(
    float *y, size_t y_stride, const float *x, size_t x_stride, const float *cosines, const float *sines,
    const int32_t *positions, size_t rows, size_t heads, size_t width, size_t width_rotated);
/// Rows of y = softmax(x), and log-softmax (sums in double).
void plumb_softmax(float *y, const float *x, size_t rows, size_t width);
void plumb_log_softmax(float *y, const float *x, size_t rows, size_t width);
/// Σ x and Σ x·y in double, in an order fixed by `count` alone.
double plumb_sum(const float *x, size_t count);
double plumb_dot(const float *x, const float *y, size_t count);

// MARK: Training: elements (training.inc.h)

// Derivatives, dx = dy · f'(x); from the output y where it says so. dx may be any of the arguments.
/// f(x) = x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³)))
void plumb_gelu_tanh_backward(float *dx, const float *x, const float *dy, size_t count);
/// f(x) = x/2 · (1 + erf(x/√2))
void plumb_gelu_erf_backward(float *dx, const float *x, const float *dy, size_t count);
/// f(x) = x · sigmoid(x)
void plumb_silu_backward(float *dx, const float *x, const float *dy, size_t count);
/// dx = dy where x > 0, else 0
void plumb_relu_backward(float *dx, const float *x, const float *dy, size_t count);
/// dx = dy · (1 - y²)
void plumb_tanh_backward(float *dx, const float *y, const float *dy, size_t count);
/// dx = dy · y · (1 - y)
void plumb_sigmoid_backward(float *dx, const float *y, const float *dy, size_t count);
/// Of y = silu(gate) · up, rows of `width`: dgate = dy · up · silu'(gate), dup = dy · silu(gate).
void plumb_silu_multiply_backward(
    float *dgate, size_t dgate_stride, float *dup, size_t dup_stride, const float *gate, size_t gate_stride,
    const float *up, size_t up_stride, const float *dy, size_t dy_stride, size_t rows, size_t width);
void plumb_sqrt(float *y, const float *x, size_t count);
/// y = 1 / √x
void plumb_rsqrt(float *y, const float *x, size_t count);
void plumb_abs(float *y, const float *x, size_t count);
void plumb_sin(float *y, const float *x, size_t count);
void plumb_cos(float *y, const float *x, size_t count);
void plumb_erf(float *y, const float *x, size_t count);
/// y = log(1 + exp(x))
void plumb_softplus(float *y, const float *x, size_t count);
/// The larger and the smaller; not a number where either is not.
void plumb_maximum(float *y, const float *a, const float *b, size_t count);
void plumb_minimum(float *y, const float *a, const float *b, size_t count);
/// y += a · x
void plumb_axpy(float *y, float a, const float *x, size_t count);
/// 1 if every element is finite, else 0.
int plumb_all_finite(const float *x, size_t count);

// MARK: Training: rows (training_rows.inc.h)

/// Of y = softmax(x): dx = y · (dy - Σ y·dy), by rows. dx may be dy.
void plumb_softmax_backward(float *dx, const float *y, const float *dy, size_t rows, size_t width);
/// Of y = log-softmax(x): dx = dy - exp(y) · Σ dy, by rows. dx may be dy.
void plumb_log_softmax_backward(float *dx, const float *y, const float *dy, size_t rows, size_t width);
/// With x̂ = x / s, g = dy · weight and s = scale[r] of the forward pass: dx = (g - x̂ · mean(g·x̂)) / s and
/// dweight = Σ_r dy·x̂, written, not added to. `weight`, `dx` and `dweight` may be NULL; dx may be dy.
/// Sums over rows are kept in double, sixteen rows at a time in float32, in an order fixed by `rows` and `width`.
void plumb_rms_norm_backward(
    float *dx, float *dweight, const float *dy, const float *x, const float *weight, const float *scale, size_t rows,
    size_t width);
/// With x̂ = (x - mean) / s: dx = (g - mean(g) - x̂ · mean(g·x̂)) / s, dweight = Σ_r dy·x̂, dbias = Σ_r dy; as above.
void plumb_layer_norm_backward(
    float *dx, float *dweight, float *dbias, const float *dy, const float *x, const float *weight, const float *scale,
    size_t rows, size_t width);
/// y[c] = Σ_r x[r, c], sixteen rows at a time in float32 and those sums in double, in an order fixed by `rows` and
/// `width`.
void plumb_sum_columns(float *y, const float *x, size_t rows, size_t width);
/// y[r] = Σ_c x[r, c], in double.
void plumb_sum_rows(float *y, const float *x, size_t rows, size_t width);
/// y[r] = a[r] · b, b of `width`.
void plumb_multiply_rows(float *y, const float *a, const float *b, size_t rows, size_t width);
/// y[indices[i]] += x[i], rows of `width`, for i = 0 ..< count in order. Negative indices are passed over.
void plumb_scatter_add_rows(float *y, const float *x, const int32_t *indices, size_t count, size_t width);
/// lse[r] = log Σ exp logits[r] (may be NULL), losses[r] = lse[r] - logits[r, targets[r]], sums in double. A negative
/// target has loss 0.
void plumb_cross_entropy(
    float *losses, float *lse, const float *logits, const int32_t *targets, size_t rows, size_t width);
/// dlogits[r] = dlosses[r] · (exp(logits[r] - lse[r]) - onehot(targets[r])); 0 where the target is negative. dlogits
/// may be logits.
void plumb_cross_entropy_backward(
    float *dlogits, const float *logits, const float *lse, const int32_t *targets, const float *dlosses, size_t rows,
    size_t width);

// MARK: Training: optimizers (training.inc.h)

/// One step of Adam (Kingma and Ba 2014, arXiv:1412.6980) or, `decoupled`, AdamW (Loshchilov and Hutter 2017,
/// arXiv:1711.05101). correction1 = 1 - beta1ᵗ, correction2 = 1 - beta2ᵗ at step t = 1, 2, …
typedef struct {
    double learning_rate, beta1, beta2, epsilon, weight_decay;
    int decoupled;
    double correction1, correction2;
} plumb_adam_step;
/// p *= 1 - learning_rate · weight_decay if decoupled, else g += weight_decay · p; m += (1 - beta1)(g - m);
/// v = beta2 · v + (1 - beta2) g²; p -= learning_rate / correction1 · m / (√v / √correction2 + epsilon)
void plumb_adam(float *p, const float *g, float *m, float *v, size_t count, const plumb_adam_step *step);
/// g += weight_decay · p; buffer = momentum · buffer + g (g alone at the `first` step);
/// p -= learning_rate · (nesterov ? g + momentum · buffer : buffer). `buffer` is NULL without momentum.
void plumb_sgd(
    float *p, const float *g, float *buffer, size_t count, double learning_rate, double momentum, int nesterov,
    double weight_decay, int first);
/// Lion (Chen et al. 2023, arXiv:2302.06675): u = sign(beta1 · m + (1 - beta1) g);
/// p -= learning_rate · (u + weight_decay · p); m = beta2 · m + (1 - beta2) g
void plumb_lion(
    float *p, const float *g, float *m, size_t count, double learning_rate, double beta1, double beta2,
    double weight_decay);

// MARK: Convolution and pooling (convolution.inc.h, pooling.inc.h)

/// Images [batch, height, width, inputs], channels last; a kernel of [kernel_height, kernel_width], moved by `stride`
/// (at least 1) over the image with `padding` zeros at each side. Results are [batch, height', width', outputs], where
/// height' = plumb_conv2d_size(height, kernel_height, stride, padding), and width' likewise.
typedef struct {
    size_t batch, height, width, inputs, outputs, kernel_height, kernel_width, stride, padding;
} plumb_conv2d_shape;
/// (size + 2 · padding - kernel) / stride + 1, or 0 where the kernel does not fit.
size_t plumb_conv2d_size(size_t size, size_t kernel, size_t stride, size_t padding);
/// Packs weights [outputs, inputs, kernel_height, kernel_width] for plumb_conv2d, and for plumb_conv2d_backward_input.
/// `packed` holds as many floats as the function above it says, and needs no zeroing. Neither depends on batch, height
/// or width.
size_t plumb_conv2d_packed_floats(const plumb_conv2d_shape *shape);
void plumb_conv2d_pack(float *packed, const float *weights, const plumb_conv2d_shape *shape);
size_t plumb_conv2d_packed_backward_floats(const plumb_conv2d_shape *shape);
void plumb_conv2d_pack_backward(float *packed, const float *weights, const plumb_conv2d_shape *shape);
/// y[b, r, c, o] = bias[o] + Σ x[b, r · stride - padding + ky, c · stride - padding + kx, i] · w[o, i, ky, kx]; `bias`
/// may be NULL.
void plumb_conv2d(
    float *y, const float *x, const float *packed, const float *bias, const plumb_conv2d_shape *shape);
/// dx = Σ dy · w over the outputs that read the pixel; `packed` by plumb_conv2d_pack_backward.
void plumb_conv2d_backward_input(
    float *dx, const float *dy, const float *packed, const plumb_conv2d_shape *shape);
/// dw[o, i, ky, kx] = Σ x · dy over batch and pixels, dbias[o] = Σ dy (may be NULL); written, not added to. dw is
/// summed in float32 by blocks of images that follow from the sizes alone, added in order; dbias as by plumb_sum_columns.
void plumb_conv2d_backward_weight(
    float *dw, float *dbias, const float *x, const float *dy, const plumb_conv2d_shape *shape);

/// Images [batch, height, width, channels] pooled over window · window pixels at every `stride`-th, without padding.
typedef struct {
    size_t batch, height, width, channels, window, stride;
} plumb_pool2d_shape;
/// (size - window) / stride + 1, or 0 where the window does not fit.
static inline size_t plumb_pool2d_size(size_t size, const plumb_pool2d_shape *shape) {
    return size < shape->window ? 0 : (size - shape->window) / shape->stride + 1;
}
/// y = the largest of the window (not a number where any is not), and in `argmax` (may be NULL) the first pixel
/// row · width + column of its image where it stands.
void plumb_max_pool2d(float *y, int32_t *argmax, const float *x, const plumb_pool2d_shape *shape);
/// dx = Σ dy of the windows whose largest the pixel is.
void plumb_max_pool2d_backward(
    float *dx, const float *dy, const int32_t *argmax, const plumb_pool2d_shape *shape);
/// y = the mean of the window, and dx = Σ dy / window² of the windows that hold the pixel.
void plumb_average_pool2d(float *y, const float *x, const plumb_pool2d_shape *shape);
void plumb_average_pool2d_backward(float *dx, const float *dy, const plumb_pool2d_shape *shape);

#ifdef __cplusplus
}
#endif
#endif
