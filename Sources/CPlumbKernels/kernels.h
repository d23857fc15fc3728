// What one instruction set offers: filled by isa_*.c from the entries each *.inc.h declares, chosen by dispatch.c.
#ifndef PLUMB_KERNEL_TABLE_H
#define PLUMB_KERNEL_TABLE_H

#include "convolution.h"
#include "plumb_kernels.h"
#include "training.h"

/// Outputs in a panel of packed weights, and inputs in a block of the accumulation over k.
enum { PLUMB_PANEL = 32, PLUMB_K_BLOCK = 256 };
/// What is multiplied: float32; float32 rounded to bfloat16; or pairs of bfloat16 by the machine's dot product.
enum { PLUMB_OPERANDS_FLOAT32, PLUMB_OPERANDS_ROUNDED, PLUMB_OPERANDS_PAIRS };

typedef struct plumb_kernel_table plumb_kernel_table;

/// One product cut into chunks by matmul.c and computed by matmul.inc.h.
typedef struct {
    const plumb_matmul_call *call;
    const plumb_kernel_table *kernels;
    int operands;
    /// Whether a block of weights is first expanded to what the innermost kernel multiplies.
    int expand;
    /// Rows are cut into groups of nearly equal size, groups into as equal sets, and outputs into runs of panels.
    size_t groups, sets, panels, panels_per_chunk;
    /// Bytes of a panel of packed weights, and of a block of its inputs.
    size_t panel_bytes, block_bytes;
    /// Rows of a group, and how many of the first groups have one more.
    size_t group_rows, larger_groups;
    /// Whether the kernels read float32 activations where they are.
    int x_in_place;
    /// [k block][group][k][rows of the group]; NULL where chunks pack their own sets, or where the kernels read the rows
    /// themselves.
    float *packed_x;
    /// Whether every chunk packs its set: memory that is still near when it is multiplied, and little of it.
    int packs_sets;
    size_t pack_groups_per_chunk;
} plumb_matmul_plan;

struct plumb_kernel_table {
    // matmul.inc.h: PLUMB_MATMUL_ENTRIES
    /// Most rows of a group, and of the only group of a product whose quantized weights are widened in registers.
    size_t matmul_group_rows, matmul_quantized_rows;
    /// Packs some groups of activations.
    void (*matmul_pack_x)(const plumb_matmul_plan *plan, size_t chunk);
    /// Computes the outputs of a run of panels for a set of groups.
    void (*matmul_chunk)(const plumb_matmul_plan *plan, size_t chunk);
    /// Writes rows into the lanes from `lane` on of one panel; `stream` goes past the caches.
    void (*pack_panel)(
        int packing, void *panel, size_t inputs, size_t lane, size_t rows, const void *source, size_t row_stride,
        int stream);

    // attention.inc.h: PLUMB_ATTENTION_ENTRIES
    /// Rows first_row ..< end_row of one segment under one key-value head; see attention.c for `scratch`.
    void (*attention_unit)(
        const plumb_attention_call *call, const plumb_attention_segment *segment, size_t kv_head, size_t first_row,
        size_t end_row, float *scratch);
    /// Rows of one head's keys into its panels, at positions first ..< first + rows.
    void (*attention_pack_keys)(
        float *panels, size_t width, size_t first, size_t rows, const float *k, size_t k_stride);

    // attention_backward.inc.h: PLUMB_ATTENTION_BACKWARD_ENTRIES
    /// One query head of one segment: writes dq, and its share of dk and dv [rows, mixed_stride(width)].
    void (*attention_backward_head)(
        const plumb_attention_backward_call *call, const plumb_attention_backward_segment *segment, size_t head,
        float *scratch, float *dk, float *dv);

    // elementwise.inc.h: PLUMB_ELEMENTWISE_ENTRIES
    void (*rms_norm)(
        float *y, float *scale, const float *x, const float *weight, size_t rows, size_t width, float epsilon);
    void (*layer_norm)(
        float *y, float *scale, const float *x, const float *weight, const float *bias, size_t rows, size_t width,
        float epsilon);
    void (*silu_multiply)(
        float *y, size_t y_stride, const float *gate, size_t gate_stride, const float *up, size_t up_stride,
        size_t rows, size_t width);
    void (*gelu_tanh)(float *y, const float *x, size_t count);
    void (*gelu_erf)(float *y, const float *x, size_t count);
    void (*silu)(float *y, const float *x, size_t count);
    void (*relu)(float *y, const float *x, size_t count);
    void (*tanh)(float *y, const float *x, size_t count);
    void (*sigmoid)(float *y, const float *x, size_t count);
    void (*exp)(float *y, const float *x, size_t count);
    void (*log)(float *y, const float *x, size_t count);
    void (*add)(float *y, const float *a, const float *b, size_t count);
    void (*subtract)(float *y, const float *a, const float *b, size_t count);
    void (*multiply)(float *y, const float *a, const float *b, size_t count);
    void (*divide)(float *y, const float *a, const float *b, size_t count);
    void (*affine)(float *y, const float *a, float scale, float offset, size_t count);
    void (*add_rows)(float *y, const float *a, const float *b, size_t rows, size_t width);
    void (*rope)(
        float *y, size_t y_stride, const float *x, size_t x_stride, const float *cosines, const float *sines,
        const int32_t *positions, size_t rows, size_t heads, size_t width, size_t width_rotated);
    void (*softmax)(float *y, const float *x, size_t rows, size_t width);
    void (*log_softmax)(float *y, const float *x, size_t rows, size_t width);
    double (*sum)(const float *x, size_t count);
    double (*dot)(const float *x, const float *y, size_t count);
    int (*dequantize)(int type, const void *source, float *result, size_t count);

    // training.inc.h, training_rows.inc.h: PLUMB_TRAINING_ENTRIES
    plumb_training_table training;

    // convolution.inc.h, pooling.inc.h: PLUMB_CONVOLUTION_ENTRIES
    plumb_convolution_table convolution;
};

/// Bytes of one panel of packed weights.
size_t plumb_panel_bytes(int packing, size_t inputs);

/// The table in use.
const plumb_kernel_table *plumb_kernels(void);

extern const plumb_kernel_table plumb_kernels_baseline;
#if defined(__x86_64__)
extern const plumb_kernel_table plumb_kernels_avx2;
extern const plumb_kernel_table plumb_kernels_avx512;
#endif

#endif
