// Matrix products, the part compiled for every instruction set.
//
// Packed weights are panels of 32 outputs. In every packing a panel is made of rows of 32 words, one word an output,
// and a word holds 1, 2, 4 or 8 neighboring k's of that output:
//   F32   [k]         float32
//   BF16  [k / 2]     even k in the lower half, odd k in the upper
//   Q8_0  [k / 32] x  { 32 float16 scales, [8] words of 4 bytes q + 128 }
//   Q4_0  [k / 32] x  { 32 float16 scales, [4] words of 8 nibbles q + 8 }
//   Q4_1  [k / 32] x  { 32 float16 scales, 32 float16 minima, [4] words of 8 nibbles }
//   AFFINE [k / 16] x { 32 float32 scales, 32 float32 offsets, [4] words of 4 bytes }
//
// Small float32 weights stored [inputs, outputs] need no packing (PLUMB_PACK_NONE): 32 columns are a panel whose rows
// stand further apart. Small float32 activations are read where they are too, be they stored by rows or by columns.
//
// The order of accumulation, the same for every number of rows: k in blocks of 256, one accumulator an element inside
// a block, blocks added in order, then bias, then residual. A quantized weight d · q + m is rounded to float32 once,
// as in the format's definition, so every packing multiplies the same numbers as PLUMB_PACK_F32 of the widened
// weights. Fields are not shifted down: word & (15 << 4j) converts to q · 16^j exactly, and d · 16^-j undoes it.

#define UNROLL_SOME _Pragma("clang loop unroll_count(4)")
#define NOINLINE __attribute__((noinline))

// Rows a group holds and vectors a kernel keeps an accumulator for, by the number of registers; then the same for
// kernels that widen quantized weights as they go, which takes registers too.
#if VL == 16
#define GROUP_ROWS 14
#define VECTORS(rows) 2
#define QUANTIZED_ROWS 24
#define QUANTIZED_VECTORS(rows) ((rows) <= 8 ? 2 : 1)
#elif VL == 8
#define GROUP_ROWS 6
#define VECTORS(rows) ((rows) <= 3 ? 4 : 2)
#define QUANTIZED_ROWS 7
#define QUANTIZED_VECTORS(rows) ((rows) == 1 ? 4 : (rows) <= 5 ? 2 : 1)
#elif defined(__aarch64__)
#define GROUP_ROWS 6
#define VECTORS(rows) ((rows) == 1 ? 8 : 4)
#else
#define GROUP_ROWS 6
#define VECTORS(rows) ((rows) == 1 ? 8 : 2)
#endif
#ifndef QUANTIZED_ROWS
#define QUANTIZED_ROWS GROUP_ROWS
#define QUANTIZED_VECTORS VECTORS
#endif
#define PANEL_VECTORS (PLUMB_PANEL / VL)
#define ROW_BYTES (PLUMB_PANEL * 4)
#define MOST_GROUPS 16

// MARK: Innermost kernels

/// Sums one k block of a group's rows against some columns of a panel.
typedef struct {
    size_t k;
    const float *a;        // [k][rows], `a_step` floats from k to k; for micro_rows [rows][k], from row to row
    size_t a_step;
    const char *w;         // the block in the panel
    size_t w_step;         // bytes from k to k of float32 weights
    size_t column;         // the first column in the panel
    float *sum;            // [rows][32]
    int first;             // whether this block is the first of the sum
    int minimum;           // whether 4-bit blocks carry minima
    const char *ahead;     // memory to bring near, `step` bytes a word row
    size_t step;
    // The last block of a panel that is full goes to y, with bias and residual where they are not NULL; all begin at
    // the kernel's own row and column. Otherwise y is NULL and the sum stays in `sum`.
    float *y;
    const float *bias, *residual;
    size_t y_stride, residual_stride;
} micro_call;
typedef void (*micro_kernel)(const micro_call *);

/// Asks for a row of words that is wanted later.
INLINE void bring(const char **ahead, size_t step) {
    __builtin_prefetch(*ahead, 0, 2);
    __builtin_prefetch(*ahead + 64, 0, 2);
    *ahead += step;
}

INLINE void micro_clear(const int rows, const int vectors, vf acc[][16]) {
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = splat(0);
    }
}
INLINE void micro_add(const int rows, const int vectors, vf acc[][16], const float *a, const vf w[16]) {
    UNROLL for (int r = 0; r < rows; r++) {
        vf x = splat(a[r]);
        UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = FMA(x, w[v], acc[r][v]);
    }
}
/// (Σ + bias) + residual, or Σ so far.
INLINE void micro_store(const int rows, const int vectors, vf acc[][16], const micro_call *c) {
    if (!c->first) {
        UNROLL for (int r = 0; r < rows; r++) {
            UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = ld(c->sum + r * PLUMB_PANEL + v * VL) + acc[r][v];
        }
    }
    if (!c->y) {
        UNROLL for (int r = 0; r < rows; r++) {
            UNROLL for (int v = 0; v < vectors; v++) st(c->sum + r * PLUMB_PANEL + v * VL, acc[r][v]);
        }
        return;
    }
    vf bias[16];
    // -0 added to a number leaves it as it is.
    UNROLL for (int v = 0; v < vectors; v++) bias[v] = c->bias ? ld(c->bias + v * VL) : splat(-0.0f);
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) {
            acc[r][v] += bias[v];
            if (c->residual) acc[r][v] += ld(c->residual + (size_t)r * c->residual_stride + v * VL);
            st(c->y + (size_t)r * c->y_stride + v * VL, acc[r][v]);
        }
    }
}

INLINE void micro_f32(const int rows, const int vectors, const micro_call *c) {
    vf acc[GROUP_ROWS][16], w[16];
    micro_clear(rows, vectors, acc);
    const float *a = c->a;
    const char *p = c->w + c->column * 4, *ahead = c->ahead;
    UNROLL_SOME for (size_t k = 0; k < c->k; k++) {
        UNROLL for (int v = 0; v < vectors; v++) w[v] = ld((const float *)(p + v * VL * 4));
        bring(&ahead, c->step);
        micro_add(rows, vectors, acc, a, w);
        p += c->w_step;
        a += c->a_step;
    }
    micro_store(rows, vectors, acc, c);
}

/// The same, of rows that stand row by row. A pointer serves three rows: one for each would not fit the registers, and
/// the compiler must not find out how the pointers hang together, or it works out one for each.
INLINE void micro_rows(const int rows, const int vectors, const micro_call *c) {
    vf acc[GROUP_ROWS][16], w[16];
    micro_clear(rows, vectors, acc);
    const size_t step = c->a_step, w_step = c->w_step;
    const float *a[(GROUP_ROWS + 2) / 3];
    UNROLL for (int i = 0; i < (rows + 2) / 3; i++) a[i] = c->a + (size_t)(3 * i) * step;
    const char *p = c->w + c->column * 4;
    for (size_t k = c->k; k > 0; k--) {
        UNROLL for (int v = 0; v < vectors; v++) w[v] = ld((const float *)(p + v * VL * 4));
        UNROLL for (int i = 0; i < (rows + 2) / 3; i++) __asm__("" : "+r"(a[i]));
        UNROLL for (int r = 0; r < rows; r++) {
            vf x = splat(a[r / 3][(size_t)(r % 3) * step]);
            UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = FMA(x, w[v], acc[r][v]);
        }
        UNROLL for (int i = 0; i < (rows + 2) / 3; i++) a[i]++;
        p += w_step;
    }
    micro_store(rows, vectors, acc, c);
}

INLINE void micro_bf16(const int rows, const int vectors, const micro_call *c) {
    vf acc[GROUP_ROWS][16], w[16];
    vu word[16];
    micro_clear(rows, vectors, acc);
    const float *a = c->a;
    const char *p = c->w + c->column * 4, *ahead = c->ahead;
    for (size_t k = 0; k < c->k; k += 2) {
        UNROLL for (int v = 0; v < vectors; v++) {
            word[v] = ldu(p + v * VL * 4);
            w[v] = (vf)(word[v] << 16);
        }
        bring(&ahead, c->step);
        micro_add(rows, vectors, acc, a, w);
        a += rows;
        if (k + 1 == c->k) break;
        UNROLL for (int v = 0; v < vectors; v++) w[v] = (vf)(word[v] & 0xffff0000);
        micro_add(rows, vectors, acc, a, w);
        p += ROW_BYTES;
        a += rows;
    }
    micro_store(rows, vectors, acc, c);
}

/// Field j of `bits` bits as a float times 2^(bits · j).
INLINE vf field(vu word, int bits, int j) {
    return __builtin_convertvector((vi)(word & (((1u << bits) - 1) << (bits * j))), vf);
}
INLINE vf scale_at(const char *block, size_t column, int v) {
    return widen_f16(*(const vsu *)(block + column * 2 + (size_t)v * VL * 2));
}

/// Bytes with float16 scales of 32, or, where `affine`, with float32 scales and offsets of 16.
INLINE void micro_bytes(const int rows, const int vectors, const micro_call *c, const int affine) {
    vf acc[QUANTIZED_ROWS][16], w[16], d[3][16], m[16];
    vu word[16];
    micro_clear(rows, vectors, acc);
    const float *a = c->a;
    const char *p = c->w, *ahead = c->ahead;
    for (size_t block = 0; block < c->k / (affine ? 16 : 32); block++) {
        UNROLL for (int v = 0; v < vectors; v++) {
            const float *scales = (const float *)p + c->column + v * VL;
            d[0][v] = affine ? ld(scales) : scale_at(p, c->column, v);
            d[1][v] = d[0][v] * splat(0x1p-8f);
            d[2][v] = d[0][v] * splat(0x1p-16f);
            m[v] = affine ? ld(scales + PLUMB_PANEL) : d[0][v] * splat(-128);
        }
        p += affine ? 2 * ROW_BYTES : 64;
        for (int i = 0; i < (affine ? 4 : 8); i++) {
            UNROLL for (int v = 0; v < vectors; v++) word[v] = ldu(p + c->column * 4 + v * VL * 4);
            bring(&ahead, c->step);
            UNROLL for (int j = 0; j < 4; j++) {
                UNROLL for (int v = 0; v < vectors; v++) {
                    w[v] = j < 3 ? FMA(d[j < 3 ? j : 0][v], field(word[v], 8, j), m[v])
                                 : FMA(d[0][v], field(word[v] >> 24, 8, 0), m[v]);
                }
                micro_add(rows, vectors, acc, a, w);
                a += rows;
            }
            p += ROW_BYTES;
        }
    }
    micro_store(rows, vectors, acc, c);
}

INLINE void micro_q8(const int rows, const int vectors, const micro_call *c) { micro_bytes(rows, vectors, c, 0); }
INLINE void micro_affine(const int rows, const int vectors, const micro_call *c) { micro_bytes(rows, vectors, c, 1); }

INLINE void micro_q4(const int rows, const int vectors, const micro_call *c) {
    vf acc[QUANTIZED_ROWS][16], w[16], d[4][16], m[16];
    vu word[16];
    micro_clear(rows, vectors, acc);
    const float *a = c->a;
    const char *p = c->w, *ahead = c->ahead;
    for (size_t block = 0; block < c->k / 32; block++) {
        UNROLL for (int v = 0; v < vectors; v++) {
            d[0][v] = scale_at(p, c->column, v);
            d[1][v] = d[0][v] * splat(0x1p-4f);
            d[2][v] = d[0][v] * splat(0x1p-8f);
            d[3][v] = d[0][v] * splat(0x1p-12f);
            m[v] = c->minimum ? scale_at(p + 64, c->column, v) : d[0][v] * splat(-8);
        }
        p += c->minimum ? 128 : 64;
        for (int i = 0; i < 4; i++) {
            UNROLL for (int v = 0; v < vectors; v++) word[v] = ldu(p + c->column * 4 + v * VL * 4);
            bring(&ahead, c->step);
            UNROLL for (int j = 0; j < 8; j++) {
                UNROLL for (int v = 0; v < vectors; v++) {
                    if (j == 4) word[v] = word[v] >> 16;
                    w[v] = FMA(d[j % 4][v], field(word[v], 4, j % 4), m[v]);
                }
                micro_add(rows, vectors, acc, a, w);
                a += rows;
            }
            p += ROW_BYTES;
        }
    }
    micro_store(rows, vectors, acc, c);
}

#define ONE_VECTOR(rows) 1
#define KERNEL(name, kind, rows, vectors) \
    static NOINLINE void name##_rows##rows(const micro_call *c) { kind(rows, vectors(rows), c); }
#define KERNELS_TO_6(name, kind, vectors) \
    KERNEL(name, kind, 1, vectors) KERNEL(name, kind, 2, vectors) KERNEL(name, kind, 3, vectors) \
    KERNEL(name, kind, 4, vectors) KERNEL(name, kind, 5, vectors) KERNEL(name, kind, 6, vectors)
#define NAMES_TO_6(name) NULL, name##_rows1, name##_rows2, name##_rows3, name##_rows4, name##_rows5, name##_rows6
#define KERNELS_TO_7(name, kind, vectors) KERNELS_TO_6(name, kind, vectors) KERNEL(name, kind, 7, vectors)
#define NAMES_TO_7(name) NAMES_TO_6(name), name##_rows7
#define KERNELS_TO_14(name, kind, vectors) \
    KERNELS_TO_7(name, kind, vectors) \
    KERNEL(name, kind, 8, vectors) KERNEL(name, kind, 9, vectors) \
    KERNEL(name, kind, 10, vectors) KERNEL(name, kind, 11, vectors) KERNEL(name, kind, 12, vectors) \
    KERNEL(name, kind, 13, vectors) KERNEL(name, kind, 14, vectors)
#define NAMES_TO_14(name) \
    NAMES_TO_7(name), name##_rows8, name##_rows9, name##_rows10, name##_rows11, name##_rows12, name##_rows13, \
        name##_rows14
#define KERNELS_TO_24(name, kind, vectors) \
    KERNELS_TO_14(name, kind, vectors) \
    KERNEL(name, kind, 15, vectors) KERNEL(name, kind, 16, vectors) KERNEL(name, kind, 17, vectors) \
    KERNEL(name, kind, 18, vectors) KERNEL(name, kind, 19, vectors) KERNEL(name, kind, 20, vectors) \
    KERNEL(name, kind, 21, vectors) KERNEL(name, kind, 22, vectors) KERNEL(name, kind, 23, vectors) \
    KERNEL(name, kind, 24, vectors)
#define NAMES_TO_24(name) \
    NAMES_TO_14(name), name##_rows15, name##_rows16, name##_rows17, name##_rows18, name##_rows19, name##_rows20, \
        name##_rows21, name##_rows22, name##_rows23, name##_rows24
#define TABLE(most, name, kind, vectors) \
    KERNELS_TO_##most(name, kind, vectors) \
    static const micro_kernel name##_kernels[] = {NAMES_TO_##most(name)};
#if VL == 16
#define KERNELS(name, kind, vectors) TABLE(14, name, kind, vectors)
#define QUANTIZED_KERNELS(name) TABLE(24, name, name, QUANTIZED_VECTORS)
#elif VL == 8
#define KERNELS(name, kind, vectors) TABLE(6, name, kind, vectors)
#define QUANTIZED_KERNELS(name) TABLE(7, name, name, QUANTIZED_VECTORS)
#else
#define KERNELS(name, kind, vectors) TABLE(6, name, kind, vectors)
#define QUANTIZED_KERNELS(name) TABLE(6, name, name, QUANTIZED_VECTORS)
#endif
KERNELS(micro_f32, micro_f32, VECTORS)
KERNELS(micro_rows, micro_rows, VECTORS)
KERNELS(micro_bf16, micro_bf16, VECTORS)
QUANTIZED_KERNELS(micro_q8)
QUANTIZED_KERNELS(micro_affine)
QUANTIZED_KERNELS(micro_q4)
// A vector of outputs or less, as a classifier's last layer has.
KERNELS(micro_f32_narrow, micro_f32, ONE_VECTOR)
KERNELS(micro_rows_narrow, micro_rows, ONE_VECTOR)
