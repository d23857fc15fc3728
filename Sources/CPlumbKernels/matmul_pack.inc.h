// Matrix products, the packing of activations and of weights. Included after matmul.inc.h, before matmul_drive.inc.h.

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
    return group * plan->group_rows + (group < plan->larger_groups ? group : plan->larger_groups);
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
            } else if (m == VL && n == VL) {
                UNROLL for (int i = 0; i < VL; i++) st((float *)(to + i * ROW_BYTES), (vf)r[i]);
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

/// One block of 16 bytes with their scale and offset, of one output, into its lane.
INLINE void pack_affine_block(char *block, size_t lane, const char *source) {
    for (size_t i = 0; i < 6; i++) memcpy(block + i * ROW_BYTES + lane * 4, source + i * 4, 4);
}

/// One GGUF block of one output into its lane.
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
    size_t elements = packing == PLUMB_PACK_AFFINE ? 16 : 32;
    size_t packed = plumb_panel_bytes(packing, elements), stored = packed / PLUMB_PANEL;
    for (size_t block = 0; block < inputs / elements; block++) {
        for (size_t r = 0; r < rows; r++) {
            char *into = to + block * packed;
            const char *source = from + r * row_stride + block * stored;
            if (packing == PLUMB_PACK_AFFINE) {
                pack_affine_block(into, lane + r, source);
            } else {
                pack_block(packing, into, lane + r, source);
            }
        }
    }
}
