// Matrix products, the part around the innermost kernels: packing of activations and weights, expansion of weights,
// and the walk over a chunk. Included after matmul.inc.h.

#include <stdlib.h>

// MARK: Transposition

#if VL == 16
#define ZIP_LOW(a, b) \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif VL == 8
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

/// Transposes VL x VL words: log2 VL perfect shuffles of the rows.
INLINE void transpose(vu r[VL]) {
    vu t[VL];
    UNROLL for (int step = 1; step < VL; step *= 2) {
        UNROLL for (int i = 0; i < VL / 2; i++) {
            t[2 * i] = ZIP_LOW(r[i], r[i + VL / 2]);
            t[2 * i + 1] = ZIP_HIGH(r[i], r[i + VL / 2]);
        }
        UNROLL for (int i = 0; i < VL; i++) r[i] = t[i];
    }
}

// MARK: Activations

/// Rows of a product, in groups whose sizes differ by at most one.
INLINE size_t group_begin(const plumb_matmul_plan *plan, size_t group) {
    size_t rows = plan->call->rows, base = rows / plan->groups, extra = rows % plan->groups;
    return group * base + (group < extra ? group : extra);
}
/// Rows of words a block of activations has: k, or pairs of k.
INLINE size_t operand_rows(const plumb_matmul_plan *plan, size_t k) {
    return plan->operands == PLUMB_OPERANDS_PAIRS ? (k + 1) / 2 : k;
}
/// Activations packed together: rows `row` ..< `row + rows` from input `input` on, in `words`.
typedef struct {
    float *words;
    size_t row, rows, input;
} packed_rows;
INLINE float *packed_group(
    const plumb_matmul_plan *plan, const packed_rows *packed, size_t group, size_t k0, size_t k) {
    return packed->words + operand_rows(plan, k0 - packed->input) * packed->rows
        + (group_begin(plan, group) - packed->row) * operand_rows(plan, k);
}

// Inputs of a transposed x that are packed together (an even number: pairs stay whole) while the next are asked for.
enum { COLUMNS_AT_ONCE = 8 };

/// VL activations as the kernels multiply them; pairs fill the lower half of the lanes.
INLINE vf operand(int operands, vf x) { return operands == PLUMB_OPERANDS_FLOAT32 ? x : round_bf16(x); }

/// A row of k activations (k up to a block), rounded or paired.
static void convert_row(int operands, float *result, const float *x, size_t k) {
    float t[PLUMB_K_BLOCK + VL] __attribute__((aligned(64)));
    float *rounded = operands == PLUMB_OPERANDS_PAIRS ? t : result;
    size_t i = 0;
    for (; i + VL <= k; i += VL) st(rounded + i, operand(operands, ld(x + i)));
    st_partial(rounded + i, operand(operands, ld_partial(x + i, k - i)), k - i);
    if (operands != PLUMB_OPERANDS_PAIRS) return;
    t[k] = 0;
    uint32_t low, high;
    for (i = 0; i < k; i += 2) {
        memcpy(&low, t + i, 4);
        memcpy(&high, t + i + 1, 4);
        low = low >> 16 | (high & 0xffff0000);
        memcpy(result + i / 2, &low, 4);
    }
}

/// Writes `rows` rows of k words as [k][rows], and asks for as many rows that follow.
static void interleave(float *result, const float *x, size_t stride, size_t rows, size_t k) {
    for (size_t r0 = 0; r0 < rows; r0 += VL) {
        size_t n = rows - r0 < VL ? rows - r0 : VL;
        const float *from = x + r0 * stride;
        size_t k0 = 0;
        for (; k0 + VL <= k; k0 += VL, from += VL) {
            vu r[VL];
            for (size_t i = 0; i < n; i++) __builtin_prefetch(from + (i + rows) * stride, 0, 2);
            // Rows that there are not repeat the first.
            UNROLL for (size_t i = 0; i < VL; i++) r[i] = (vu)ld(from + (i < n ? i * stride : 0));
            transpose(r);
            UNROLL for (size_t i = 0; i < VL; i++) st_partial(result + (k0 + i) * rows + r0, (vf)r[i], n);
        }
        for (; k0 < k; k0++, from++) {
            for (size_t i = 0; i < n; i++) result[k0 * rows + r0 + i] = from[i * stride];
        }
    }
}

/// Packs the inputs k0 ..< k0 + k of some rows of an x stored [inputs, rows]: already in the kernels' order.
static void pack_columns(
    const int operands, const size_t rows, float *result, const float *x, size_t stride, size_t k) {
    if (operands == PLUMB_OPERANDS_FLOAT32) {
        for (size_t i = 0; i < k; i++) {
            __builtin_prefetch(x + (i + COLUMNS_AT_ONCE) * stride, 0, 2);
            memcpy(result + i * rows, x + i * stride, rows * sizeof(float));
        }
        return;
    }
    const int pairs = operands == PLUMB_OPERANDS_PAIRS;
    for (size_t i = 0; i < k; i += pairs ? 2 : 1, result += rows) {
        for (size_t r = 0; r < rows; r += VL) {
            const float *from = x + i * stride + r;
            vf word = round_bf16(ld_partial(from, rows - r));
            if (pairs) {
                vf next = i + 1 < k ? round_bf16(ld_partial(from + stride, rows - r)) : splat(0);
                word = (vf)((vu)word >> 16 | (vu)next);
            }
            st_partial(result + r, word, rows - r);
        }
    }
}

#define PACK_COLUMNS(ROWS) \
    case ROWS: \
        if (ROWS <= GROUP_ROWS) pack_columns(operands, ROWS, result, x, stride, k); \
        break;
static void pack_group_columns(int operands, size_t rows, float *result, const float *x, size_t stride, size_t k) {
    switch (rows) {
        PACK_COLUMNS(1) PACK_COLUMNS(2) PACK_COLUMNS(3) PACK_COLUMNS(4) PACK_COLUMNS(5) PACK_COLUMNS(6)
        PACK_COLUMNS(7) PACK_COLUMNS(8) PACK_COLUMNS(9) PACK_COLUMNS(10) PACK_COLUMNS(11) PACK_COLUMNS(12)
        PACK_COLUMNS(13) PACK_COLUMNS(14)
    }
}

/// Groups inside of inputs, a few inputs at a time, so that memory is read in long pieces.
static void pack_rows_inside(
    const plumb_matmul_plan *plan, const packed_rows *packed, size_t g0, size_t g1, size_t k0, size_t block) {
    const plumb_matmul_call *call = plan->call;
    for (size_t i = 0; i < block; i += COLUMNS_AT_ONCE) {
        size_t k = block - i < COLUMNS_AT_ONCE ? block - i : COLUMNS_AT_ONCE;
        for (size_t g = g0; g < g1; g++) {
            size_t row = group_begin(plan, g), rows = group_begin(plan, g + 1) - row;
            float *result = packed_group(plan, packed, g, k0, block) + operand_rows(plan, i) * rows;
            const float *x = call->x + (k0 + i) * call->x_stride + row;
            pack_group_columns(plan->operands, rows, result, x, call->x_stride, k);
        }
    }
}

static void pack_rows(
    const plumb_matmul_plan *plan, const packed_rows *packed, size_t g0, size_t g1, size_t k0, size_t k) {
    const plumb_matmul_call *call = plan->call;
    float converted[GROUP_ROWS][PLUMB_K_BLOCK] __attribute__((aligned(64)));
    for (size_t g = g0; g < g1; g++) {
        size_t row = group_begin(plan, g), rows = group_begin(plan, g + 1) - row;
        const float *x = call->x + row * call->x_stride + k0;
        float *result = packed_group(plan, packed, g, k0, k);
        if (plan->operands == PLUMB_OPERANDS_FLOAT32) {
            interleave(result, x, call->x_stride, rows, k);
            continue;
        }
        for (size_t r = 0; r < rows; r++) convert_row(plan->operands, converted[r], x + r * call->x_stride, k);
        interleave(result, converted[0], PLUMB_K_BLOCK, rows, operand_rows(plan, k));
    }
}

/// Packs inputs k0 ..< k1 of the groups g0 ..< g1.
static void pack_groups(
    const plumb_matmul_plan *plan, const packed_rows *packed, size_t g0, size_t g1, size_t k0, size_t k1) {
    for (size_t k; k0 < k1; k0 += k) {
        k = k1 - k0 < PLUMB_K_BLOCK ? k1 - k0 : PLUMB_K_BLOCK;
        (plan->call->x_transposed ? pack_rows_inside : pack_rows)(plan, packed, g0, g1, k0, k);
    }
}

static void matmul_pack_x(const plumb_matmul_plan *plan, size_t chunk) {
    packed_rows all = {.words = plan->packed_x, .rows = plan->call->rows};
    size_t g0 = chunk * plan->pack_groups_per_chunk, g1 = g0 + plan->pack_groups_per_chunk;
    pack_groups(plan, &all, g0, g1 < plan->groups ? g1 : plan->groups, 0, plan->call->inputs);
}

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

INLINE void expand_quantised(const int packing, const int operands, float *result, const char *w, size_t k) {
    const int bits = packing == PLUMB_PACK_Q8_0 ? 8 : 4, many = 32 / bits;
    const size_t header = packing == PLUMB_PACK_Q4_1 ? 128 : 64;
    for (size_t k0 = 0; k0 < k; k0 += 32) {
        for (int v = 0; v < PANEL_VECTORS; v++) {
            vf d = scale_at(w, 0, v);
            vf m = packing == PLUMB_PACK_Q4_1 ? scale_at(w + 64, 0, v)
                                              : d * splat(packing == PLUMB_PACK_Q8_0 ? -128 : -8);
            for (int i = 0; i < bits; i++) {
                vu word = ldu(w + header + (size_t)i * ROW_BYTES + (size_t)v * VL * 4);
                vf x[8];
                UNROLL for (int j = 0; j < many; j++) x[j] = FMA(d, field(word >> (bits * j), bits, 0), m);
                put(operands, result, k0 + (size_t)(i * many), many, v, x);
            }
        }
        w += header + (size_t)bits * ROW_BYTES;
    }
}

INLINE void expand_block(const int packing, const int operands, float *result, const char *w, size_t k) {
    if (packing == PLUMB_PACK_F32 || packing == PLUMB_PACK_BF16) {
        expand_floats(packing, operands, result, w, k);
    } else {
        expand_quantised(packing, operands, result, w, k);
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
    }
}

// MARK: The product

static const micro_kernel *kernels_of(const plumb_matmul_plan *plan) {
#if VL == 16
    if (plan->operands == PLUMB_OPERANDS_PAIRS) return micro_pairs_kernels;
#endif
    if (plan->expand) return micro_f32_kernels;
    switch (plan->call->packing) {
    case PLUMB_PACK_BF16: return micro_bf16_kernels;
    case PLUMB_PACK_Q8_0: return micro_q8_kernels;
    case PLUMB_PACK_Q4_0:
    case PLUMB_PACK_Q4_1: return micro_q4_kernels;
    default: return micro_f32_kernels;
    }
}

/// (Σ + bias) + residual for the sums of some rows in n outputs of one panel.
INLINE void finish_rows(
    const plumb_matmul_call *call, size_t row, size_t rows, size_t output, size_t n, const float *sums,
    const int has_bias, const int has_residual) {
    const float *residual = has_residual ? call->residual + row * call->residual_stride + output : NULL;
    float *y = call->y + row * call->y_stride + output;
    for (size_t r = 0; r < rows; r++, sums += PLUMB_PANEL, y += call->y_stride) {
        for (size_t o = 0; o < n; o += VL) {
            vf value = ld(sums + o);
            if (has_bias) value += ld_partial(call->bias + output + o, n - o);
            if (has_residual) value += ld_partial(residual + o, n - o);
            st_partial(y + o, value, n - o);
        }
        if (has_residual) residual += call->residual_stride;
    }
}

static void finish(const plumb_matmul_call *call, size_t row, size_t rows, size_t output, const float *sums) {
    size_t n = call->outputs - output;
    if (n < PLUMB_PANEL) {
        finish_rows(call, row, rows, output, n, sums, call->bias != NULL, call->residual != NULL);
    } else if (call->residual) {
        finish_rows(call, row, rows, output, PLUMB_PANEL, sums, call->bias != NULL, 1);
    } else if (call->bias) {
        finish_rows(call, row, rows, output, PLUMB_PANEL, sums, 1, 0);
    } else {
        finish_rows(call, row, rows, output, PLUMB_PANEL, sums, 0, 0);
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

/// One block of k, which is at `w`, for a set against panel p, and after the last block its rows of y. `next` is the block
/// that comes after this one.
static void block_product(
    const plumb_matmul_plan *plan, const block_set *set, size_t p, size_t k0, const char *w, const char *next,
    float *sums) {
    const plumb_matmul_call *call = plan->call;
    size_t k = call->inputs - k0 < PLUMB_K_BLOCK ? call->inputs - k0 : PLUMB_K_BLOCK;
    int is_last = k0 + k == call->inputs;
    size_t block_bytes = plumb_panel_bytes(call->packing, k);
    float x[PLUMB_K_BLOCK], gathered[PLUMB_K_BLOCK] __attribute__((aligned(64)));
    micro_call micro = {.k = k, .w = w, .first = k0 == 0, .minimum = call->packing == PLUMB_PACK_Q4_1};
    if (plan->expand) {
        expand(call->packing, plan->operands, set->expanded, w, k);
        micro.w = (const char *)set->expanded;
    }
    const micro_kernel *kernels = kernels_of(plan);
    size_t first_row = group_begin(plan, set->g0);
    for (size_t g = set->g0; g < set->g1; g++) {
        size_t row = group_begin(plan, g), rows = group_begin(plan, g + 1) - row;
        if (is_last) bring_results(call, row, rows, p * PLUMB_PANEL);
        micro.a = set->packed.words ? packed_group(plan, &set->packed, g, k0, k)
                                    : own_row(plan, row, k0, k, gathered, x);
        micro_kernel kernel = kernels[rows];
        size_t columns = (size_t)VECTORS(rows) * VL;
        size_t slots = (set->g1 - set->g0) * (PLUMB_PANEL / columns);
        // Every kernel brings a share of the next block. One kernel of few rows is as fast as memory, and there what
        // comes next is better brought late.
        size_t late = slots == 1 && rows <= 4;
        size_t share = (block_bytes / slots + 63) / 64 * 64;
        float *sum = sums + (row - first_row) * PLUMB_PANEL;
        for (size_t column = 0; column < PLUMB_PANEL; column += columns) {
            size_t slot = (g - set->g0) * (PLUMB_PANEL / columns) + column / columns;
            micro.column = column;
            micro.sum = sum + column;
            micro.ahead = late ? w + 1024 : next + slot * share;
            micro.step = ROW_BYTES / slots;
            kernel(&micro);
        }
        if (is_last) finish(call, row, rows, p * PLUMB_PANEL, sum);
    }
}

// Of a longer sum, a chunk that packs its own set takes so many inputs at a time, for so many panels, and keeps their
// sums: what it packed is read again from a near cache.
enum { MOST_DEPTH = 1024, SPLIT_DEPTH = 512, SPLIT_PANELS = 24 };

/// Inputs k0 ..< k1 of a set for panels p0 ..< p1.
static void panels_product(
    const plumb_matmul_plan *plan, const block_set *set, size_t p0, size_t p1, size_t k0, size_t k1, float *sums,
    size_t sums_stride) {
    int packing = plan->call->packing;
    size_t panel_bytes = plumb_panel_bytes(packing, plan->call->inputs);
    const char *panel = (const char *)plan->call->weights + p0 * panel_bytes;
    for (size_t p = p0; p < p1; p++, panel += panel_bytes, sums += sums_stride) {
        for (size_t k = k0; k < k1; k += PLUMB_K_BLOCK) {
            const char *w = panel + plumb_panel_bytes(packing, k);
            const char *next = k + PLUMB_K_BLOCK < k1 ? w + plumb_panel_bytes(packing, PLUMB_K_BLOCK)
                                                      : panel + panel_bytes + plumb_panel_bytes(packing, k0);
            block_product(plan, set, p, k, w, next, sums);
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

// MARK: Packing of weights

typedef uint32_t words_any __attribute__((ext_vector_type(VL), aligned(1)));

/// Words [rows][k] to [k][32], from one lane on.
static void pack_words(char *panel, size_t lane, size_t rows, const char *source, size_t stride, size_t k, int stream) {
    for (size_t k0 = 0; k0 < k; k0 += VL) {
        size_t m = k - k0 < VL ? k - k0 : VL;
        for (size_t r0 = 0; r0 < rows; r0 += VL) {
            size_t n = rows - r0 < VL ? rows - r0 : VL;
            const char *from = source + r0 * stride + k0 * 4;
            char *to = panel + k0 * ROW_BYTES + (lane + r0) * 4;
            vu r[VL];
            if (m == VL && n == VL) {
                UNROLL for (int i = 0; i < VL; i++) r[i] = *(const words_any *)(from + (size_t)i * stride);
            } else {
                memset(r, 0, sizeof r);
                for (size_t i = 0; i < n; i++) memcpy(&r[i], from + i * stride, m * 4);
            }
            transpose(r);
            if (VL == 16 && stream && m == VL && n == VL && (uintptr_t)to % 64 == 0) {
                UNROLL for (int i = 0; i < VL; i++) __builtin_nontemporal_store(r[i], (vu *)(to + i * ROW_BYTES));
            } else {
                for (size_t i = 0; i < m; i++) st_partial((float *)(to + i * ROW_BYTES), (vf)r[i], n);
            }
        }
    }
}

/// Eight bytes' lower nibbles as one word.
INLINE uint32_t nibbles(uint64_t bytes) {
    bytes &= 0x0f0f0f0f0f0f0f0f;
    bytes = (bytes | bytes >> 4) & 0x00ff00ff00ff00ff;
    bytes = (bytes | bytes >> 8) & 0x0000ffff0000ffff;
    return (uint32_t)(bytes | bytes >> 16);
}

/// One GGUF block of one output into its lane; returns the packed block's bytes.
INLINE void pack_block(int packing, char *block, size_t lane, const char *source) {
    int minimum = packing == PLUMB_PACK_Q4_1;
    memcpy(block + lane * 2, source, 2);
    if (minimum) memcpy(block + 64 + lane * 2, source + 2, 2);
    char *words = block + (minimum ? 128 : 64) + lane * 4;
    source += minimum ? 4 : 2;
    if (packing == PLUMB_PACK_Q8_0) {
        for (size_t i = 0; i < 8; i++) {
            uint32_t word;
            memcpy(&word, source + i * 4, 4);
            word ^= 0x80808080;
            memcpy(words + i * ROW_BYTES, &word, 4);
        }
        return;
    }
    uint64_t half[2];
    memcpy(half, source, 16);
    for (size_t i = 0; i < 4; i++) {
        uint32_t word = nibbles(half[i % 2] >> (i / 2 * 4));
        memcpy(words + i * ROW_BYTES, &word, 4);
    }
}

static void pack_panel(
    int packing, void *panel, size_t inputs, size_t lane, size_t rows, const void *source, size_t row_stride,
    int stream) {
    char *to = panel;
    const char *from = source;
    if (packing == PLUMB_PACK_F32) {
        pack_words(to, lane, rows, from, row_stride, inputs, stream);
        return;
    }
    if (packing == PLUMB_PACK_BF16) {
        pack_words(to, lane, rows, from, row_stride, inputs / 2, stream);
        for (size_t r = 0; r < rows && inputs % 2; r++) {
            memcpy(to + inputs / 2 * ROW_BYTES + (lane + r) * 4, from + r * row_stride + (inputs - 1) * 2, 2);
        }
        return;
    }
    size_t packed = plumb_panel_bytes(packing, 32), stored = packed / PLUMB_PANEL;
    for (size_t block = 0; block < inputs / 32; block++) {
        for (size_t r = 0; r < rows; r++) {
            pack_block(packing, to + block * packed, lane + r, from + r * row_stride + block * stored);
        }
    }
}

#define PLUMB_MATMUL_ENTRIES \
    .matmul_group_rows = GROUP_ROWS, .matmul_pack_x = matmul_pack_x, .matmul_chunk = matmul_chunk, \
    .pack_panel = pack_panel,
