// Products of bfloat16 pairs by the machine's dot product (vdpbf16ps): per word row and output,
// sum += x₀ w₀ + x₁ w₁. Included by isa_avx512.c under a target of its own; used only where the machine has it.

INLINE void micro_pairs(const int rows, const int vectors, const micro_call *c) {
    vf acc[GROUP_ROWS][16];
    __m512bh w[4];
    micro_clear(rows, vectors, acc);
    const float *a = c->a;
    const char *p = c->w + c->column * 4, *ahead = c->ahead;
    UNROLL_SOME for (size_t k = 0; k < c->k; k += 2) {
        UNROLL for (int v = 0; v < vectors; v++) w[v] = (__m512bh)_mm512_loadu_si512(p + v * VL * 4);
        bring(&ahead, c->step);
        UNROLL for (int r = 0; r < rows; r++) {
            __m512bh x = (__m512bh)_mm512_set1_ps(a[r]);
            UNROLL for (int v = 0; v < vectors; v++) {
                acc[r][v] = (vf)_mm512_dpbf16_ps((__m512)acc[r][v], x, w[v]);
            }
        }
        p += ROW_BYTES;
        a += rows;
    }
    micro_store(rows, vectors, acc, c);
}
KERNELS(micro_pairs, micro_pairs, VECTORS)
