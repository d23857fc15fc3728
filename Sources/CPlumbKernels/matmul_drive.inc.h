// Matrix products, the part around the innermost kernels: expansion of weights, and the walk over a chunk. Included
// after matmul_pack.inc.h.
#include <stdlib.h>

// MARK: Expansion of weights

/// Writes the weights of `count` k's from k0 on, as floats or as pairs; x[count] is 0 where count is odd.
INLINE void put(int operands, float *result, size_t k0, const int count, int v, const vf *x) {
    if (operands == PLUMB_OPERANDS_PAIRS) {
        UNROLL for (int j = 0; j < count; j += 2) {
            vu pair = (vu)round_bf16(x[j]) >> 16 | (vu)round_bf16(x[j + 1]);
            st(result + (k0 + (size_t)j) / 2 * PLUMB_PANEL + v * VL, (vf)pair);
        }
        return;
    }
    UNROLL for (int j = 0; j < count; j++) {
        st(result + (k0 + (size_t)j) * PLUMB_PANEL + v * VL, operand(operands, x[j]));
    }
}

/// Expands a block of k weights of a panel to [k][32] floats, rounded or not, or [k / 2][32] pairs.
INLINE void expand_floats(const int packing, const int operands, float *result, const char *w, size_t k) {
    for (int v = 0; v < PANEL_VECTORS; v++) {
        const char *word = w + v * VL * 4;
        for (size_t k0 = 0; k0 < k; k0 += 2) {
            vf x[2];
            int both = k0 + 1 < k;
            if (packing == PLUMB_PACK_F32) {
                x[0] = ld((const float *)(word + k0 * ROW_BYTES));
                x[1] = both ? ld((const float *)(word + (k0 + 1) * ROW_BYTES)) : splat(0);
            } else {
                vu two = ldu(word + k0 / 2 * ROW_BYTES);
                x[0] = (vf)(two << 16);
                x[1] = both ? (vf)(two & 0xffff0000) : splat(0);
            }
            if (both) {
                put(operands, result, k0, 2, v, x);
            } else {
                put(operands, result, k0, 1, v, x);
            }
        }
    }
}

INLINE void expand_quantized(const int packing, const int operands, float *result, const char *w, size_t k) {
    const int affine = packing == PLUMB_PACK_AFFINE;
    const int bits = affine || packing == PLUMB_PACK_Q8_0 ? 8 : 4, many = 32 / bits, words = affine ? 4 : bits;
    const size_t header = affine ? 2 * ROW_BYTES : packing == PLUMB_PACK_Q4_1 ? 128 : 64;
    for (size_t k0 = 0; k0 < k; k0 += (size_t)(words * many)) {
        for (int v = 0; v < PANEL_VECTORS; v++) {
            const float *scales = (const float *)w + v * VL;
            vf d = affine ? ld(scales) : scale_at(w, 0, v);
            vf m = affine ? ld(scales + PLUMB_PANEL)
                : packing == PLUMB_PACK_Q4_1 ? scale_at(w + 64, 0, v)
                                             : d * splat(packing == PLUMB_PACK_Q8_0 ? -128 : -8);
            for (int i = 0; i < words; i++) {
                vu word = ldu(w + header + (size_t)i * ROW_BYTES + (size_t)v * VL * 4);
                vf x[8];
                UNROLL for (int j = 0; j < many; j++) x[j] = FMA(d, field(word >> (bits * j), bits, 0), m);
                put(operands, result, k0 + (size_t)(i * many), many, v, x);
            }
        }
        w += header + (size_t)words * ROW_BYTES;
    }
}

INLINE void expand_block(const int packing, const int operands, float *result, const char *w, size_t k) {
    if (packing == PLUMB_PACK_F32 || packing == PLUMB_PACK_BF16) {
        expand_floats(packing, operands, result, w, k);
    } else {
        expand_quantized(packing, operands, result, w, k);
    }
}

#define EXPAND(packing, operands) \
    case (packing) * 3 + (operands): expand_block(packing, operands, result, w, k); return;
#define EXPAND_ALL(packing) \
    EXPAND(packing, PLUMB_OPERANDS_FLOAT32) EXPAND(packing, PLUMB_OPERANDS_ROUNDED) \
    EXPAND(packing, PLUMB_OPERANDS_PAIRS)
static NOINLINE void expand(int packing, int operands, float *result, const char *w, size_t k) {
    switch (packing * 3 + operands) {
        EXPAND_ALL(PLUMB_PACK_F32)
        EXPAND_ALL(PLUMB_PACK_BF16)
        EXPAND_ALL(PLUMB_PACK_Q8_0)
        EXPAND_ALL(PLUMB_PACK_Q4_0)
        EXPAND_ALL(PLUMB_PACK_Q4_1)
        EXPAND_ALL(PLUMB_PACK_AFFINE)
    }
}

// MARK: The product

/// The kernel for a group of some rows in a panel with `left` outputs, and how many columns it takes at a time.
static micro_kernel kernel_of(const plumb_matmul_plan *plan, size_t rows, size_t left, size_t *columns) {
    int packing = plan->call->packing, is_narrow = left <= VL;
    *columns = (size_t)VECTORS(rows) * VL;
#if VL == 16
    if (plan->operands == PLUMB_OPERANDS_PAIRS) return micro_pairs_kernels[rows];
#endif
    if (plan->expand || packing == PLUMB_PACK_F32 || packing == PLUMB_PACK_NONE) {
        if (is_narrow) *columns = VL;
        if (plan->x_in_place && !plan->call->x_transposed) {
            return (is_narrow ? micro_rows_narrow_kernels : micro_rows_kernels)[rows];
        }
        return (is_narrow ? micro_f32_narrow_kernels : micro_f32_kernels)[rows];
    }
    if (packing == PLUMB_PACK_BF16) return micro_bf16_kernels[rows];
    *columns = (size_t)QUANTIZED_VECTORS(rows) * VL;
    if (packing == PLUMB_PACK_AFFINE) return micro_affine_kernels[rows];
    return (packing == PLUMB_PACK_Q8_0 ? micro_q8_kernels : micro_q4_kernels)[rows];
}

/// (Σ + bias) + residual for the sums of some rows in the outputs of a panel that is not full, or of no inputs.
static void finish(const plumb_matmul_call *call, size_t row, size_t rows, size_t output, const float *sums) {
    size_t n = call->outputs - output < PLUMB_PANEL ? call->outputs - output : PLUMB_PANEL;
    const float *residual = call->residual ? call->residual + row * call->residual_stride + output : NULL;
    float *y = call->y + row * call->y_stride + output;
    for (size_t r = 0; r < rows; r++, sums += PLUMB_PANEL, y += call->y_stride) {
        for (size_t o = 0; o < n; o += VL) {
            vf value = ld(sums + o);
            if (call->bias) value += ld_partial(call->bias + output + o, n - o);
            if (residual) value += ld_partial(residual + o, n - o);
            st_partial(y + o, value, n - o);
        }
        if (residual) residual += call->residual_stride;
    }
}

/// A block of one row as it is multiplied, where activations are not packed: in place, or in the memory given.
static const float *own_row(
    const plumb_matmul_plan *plan, size_t row, size_t k0, size_t k, float *gathered, float *converted) {
    const plumb_matmul_call *call = plan->call;
    const float *own = call->x + row * call->x_stride + k0;
    if (call->x_transposed) {
        const float *from = call->x + k0 * call->x_stride + row;
        for (size_t i = 0; i < k; i++) gathered[i] = from[i * call->x_stride];
        own = gathered;
    }
    if (plan->operands == PLUMB_OPERANDS_FLOAT32) return own;
    convert_row(plan->operands, converted, own, k);
    return converted;
}

/// What a chunk computes at a time: groups g0 ..< g1, whose rows are packed or not, and room for a widened block.
typedef struct {
    size_t g0, g1;
    packed_rows packed;
    float *expanded;
} block_set;

/// Asks for the rows of y that a group's sums will be written to, and for what is added to them.
INLINE void bring_results(const plumb_matmul_call *call, size_t row, size_t rows, size_t output) {
    float *y = call->y + row * call->y_stride + output;
    const float *residual = call->residual ? call->residual + row * call->residual_stride + output : NULL;
    for (size_t r = 0; r < rows; r++, y += call->y_stride) {
        __builtin_prefetch(y, 1);
        __builtin_prefetch(y + PLUMB_PANEL / 2, 1);
        if (!residual) continue;
        __builtin_prefetch(residual + r * call->residual_stride);
        __builtin_prefetch(residual + r * call->residual_stride + PLUMB_PANEL / 2);
    }
}

/// Where the weights of a panel from input k0 on are stored.
INLINE const char *stored_block(const plumb_matmul_plan *plan, size_t panel, size_t k0) {
    const plumb_matmul_call *call = plan->call;
    if (call->packing == PLUMB_PACK_NONE) {
        return (const char *)((const float *)call->weights + k0 * call->weights_stride + panel * PLUMB_PANEL);
    }
    return (const char *)call->weights + panel * plan->panel_bytes + k0 / PLUMB_K_BLOCK * plan->block_bytes;
}

/// Points a kernel to the block stored at `w`; what it does not multiply as it stands goes to `expanded` first.
static void place_weights(
    const plumb_matmul_plan *plan, size_t panel, const char *w, size_t k, float *expanded, micro_call *micro) {
    const plumb_matmul_call *call = plan->call;
    size_t columns = call->outputs - panel * PLUMB_PANEL;
    micro->w = w;
    micro->w_step = ROW_BYTES;
    if (plan->expand) {
        expand(call->packing, plan->operands, expanded, w, k);
        micro->w = (const char *)expanded;
    } else if (call->packing == PLUMB_PACK_NONE && columns >= PLUMB_PANEL) {
        micro->w_step = call->weights_stride * sizeof(float);
    } else if (call->packing == PLUMB_PACK_NONE) {
        for (size_t i = 0; i < k; i++, w += call->weights_stride * sizeof(float)) {
            for (size_t c = 0; c < PLUMB_PANEL; c += VL) {
                st(expanded + i * PLUMB_PANEL + c, ld_partial((const float *)w + c, columns > c ? columns - c : 0));
            }
        }
        micro->w = (const char *)expanded;
    }
}

/// Points a kernel to a block of a group's activations.
static void place_rows(
    const plumb_matmul_plan *plan, const block_set *set, size_t group, size_t row, size_t rows, size_t k0, size_t k,
    float *gathered, float *converted, micro_call *micro) {
    const plumb_matmul_call *call = plan->call;
    if (plan->x_in_place) {
        micro->a = call->x_transposed ? call->x + k0 * call->x_stride + row : call->x + row * call->x_stride + k0;
        micro->a_step = call->x_stride;
    } else {
        micro->a = set->packed.words ? packed_group(plan, &set->packed, group, k0, k)
                                     : own_row(plan, row, k0, k, gathered, converted);
        micro->a_step = rows;
    }
}

/// One block of k for a set against panel p, and after the last block its rows of y. `next` is the block that comes
/// after this one.
static void block_product(
    const plumb_matmul_plan *plan, const block_set *set, size_t p, size_t k0, const char *next, float *sums) {
    const plumb_matmul_call *call = plan->call;
    size_t k = call->inputs - k0 < PLUMB_K_BLOCK ? call->inputs - k0 : PLUMB_K_BLOCK;
    size_t output = p * PLUMB_PANEL, left = call->outputs - output;
    int is_last = k0 + k == call->inputs, is_full = left >= PLUMB_PANEL;
    size_t block_bytes = is_last ? plan->panel_bytes - k0 / PLUMB_K_BLOCK * plan->block_bytes : plan->block_bytes;
    const char *w = stored_block(plan, p, k0);
    float x[PLUMB_K_BLOCK], gathered[PLUMB_K_BLOCK] __attribute__((aligned(64)));
    micro_call micro = {
        .k = k, .first = k0 == 0, .minimum = call->packing == PLUMB_PACK_Q4_1, .y_stride = call->y_stride,
        .residual_stride = call->residual_stride};
    place_weights(plan, p, w, k, set->expanded, &micro);
    size_t first_row = group_begin(plan, set->g0);
    for (size_t g = set->g0; g < set->g1; g++) {
        size_t row = group_begin(plan, g), rows = group_begin(plan, g + 1) - row;
        if (is_last) bring_results(call, row, rows, output);
        place_rows(plan, set, g, row, rows, k0, k, gathered, x, &micro);
        size_t columns;
        micro_kernel kernel = kernel_of(plan, rows, left, &columns);
        uint32_t slots = (uint32_t)(set->g1 - set->g0) * (PLUMB_PANEL / (uint32_t)columns);
        // Every kernel brings a share of the next block. One kernel of few rows is as fast as memory, and there what
        // comes next is better brought late.
        size_t late = slots == 1 && rows <= 4;
        size_t share = ((uint32_t)block_bytes / slots + 63) / 64 * 64, step = ROW_BYTES / slots;
        float *sum = sums + (row - first_row) * PLUMB_PANEL;
        for (size_t column = 0; column < PLUMB_PANEL && column < left; column += columns) {
            size_t slot = (g - set->g0) * (PLUMB_PANEL / columns) + column / columns;
            micro.column = column;
            micro.sum = sum + column;
            micro.ahead = late ? w + 1024 : next + slot * share;
            micro.step = step;
            if (is_last && is_full) {
                micro.y = call->y + row * call->y_stride + output + column;
                micro.bias = call->bias ? call->bias + output + column : NULL;
                micro.residual =
                    call->residual ? call->residual + row * call->residual_stride + output + column : NULL;
            }
            kernel(&micro);
        }
        if (is_last && !is_full) finish(call, row, rows, output, sum);
    }
}

// Of a longer sum, a chunk that packs its own set takes so many inputs at a time, for so many panels, and keeps their
// sums: what it packed is read again from a near cache.
enum { MOST_DEPTH = 1024, SPLIT_DEPTH = 512, SPLIT_PANELS = 24 };

/// Inputs k0 ..< k1 of a set for panels p0 ..< p1.
static void panels_product(
    const plumb_matmul_plan *plan, const block_set *set, size_t p0, size_t p1, size_t k0, size_t k1, float *sums,
    size_t sums_stride) {
    for (size_t p = p0; p < p1; p++, sums += sums_stride) {
        for (size_t k = k0; k < k1; k += PLUMB_K_BLOCK) {
            const char *next = k + PLUMB_K_BLOCK < k1 ? stored_block(plan, p, k + PLUMB_K_BLOCK)
                                                      : stored_block(plan, p + 1, k0);
            block_product(plan, set, p, k, next, sums);
        }
    }
}

static void matmul_chunk(const plumb_matmul_plan *plan, size_t chunk) {
    const plumb_matmul_call *call = plan->call;
    float one_panel[MOST_GROUPS * GROUP_ROWS * PLUMB_PANEL] __attribute__((aligned(64)));
    float expanded[PLUMB_K_BLOCK * PLUMB_PANEL] __attribute__((aligned(64)));
    size_t s = chunk % plan->sets, inputs = call->inputs;
    block_set set = {.g0 = s * plan->groups / plan->sets, .g1 = (s + 1) * plan->groups / plan->sets,
                     .packed = {.words = plan->packed_x, .rows = call->rows}, .expanded = expanded};
    size_t p0 = chunk / plan->sets * plan->panels_per_chunk, p1 = p0 + plan->panels_per_chunk;
    if (p1 > plan->panels) p1 = plan->panels;
    size_t row = group_begin(plan, set.g0), rows = group_begin(plan, set.g1) - row;
    if (inputs == 0) {
        memset(one_panel, 0, sizeof one_panel);
        for (size_t p = p0; p < p1; p++) finish(call, row, rows, p * PLUMB_PANEL, one_panel);
        return;
    }
    if (!plan->packs_sets) {
        panels_product(plan, &set, p0, p1, 0, inputs, one_panel, 0);
        return;
    }
    int is_split = inputs > MOST_DEPTH;
    size_t depth = is_split ? SPLIT_DEPTH : inputs, run = is_split && p1 - p0 > SPLIT_PANELS ? SPLIT_PANELS : p1 - p0;
    size_t stride = is_split ? rows * PLUMB_PANEL : 0;
    float *memory = plumb_buffer_allocate((rows * (depth + 1) + run * stride) * sizeof(float));
    if (!memory) abort();  // out of memory for a few rows: nothing sensible is left to do
    float *sums = is_split ? memory + rows * (depth + 1) : one_panel;
    set.packed = (packed_rows){.words = memory, .row = row, .rows = rows};
    for (size_t p = p0; p < p1; p += run) {
        size_t end = p1 - p < run ? p1 : p + run;
        for (size_t k0 = 0; k0 < inputs; k0 += depth) {
            size_t k1 = inputs - k0 < depth ? inputs : k0 + depth;
            set.packed.input = k0;
            pack_groups(plan, &set.packed, set.g0, set.g1, k0, k1);
            panels_product(plan, &set, p, end, k0, k1, sums, stride);
        }
    }
    plumb_buffer_release(memory);
}

#define PLUMB_MATMUL_ENTRIES \
    .matmul_group_rows = GROUP_ROWS, .matmul_quantized_rows = QUANTIZED_ROWS, .matmul_pack_x = matmul_pack_x, \
    .matmul_chunk = matmul_chunk, .pack_panel = pack_panel,
