// Vectors of VL floats in clang's portable form. Included once by each isa_*.c, between its `#pragma clang attribute
// push` and `pop`, with VL (4, 8 or 16) and HAVE_FMA defined; everything here is static, so one source serves every
// instruction set.
//
// Two details are worth a factor of two: splat with `(vf)(x)`, and unroll accumulator loops with UNROLL.
#ifndef PLUMB_VECTOR_H
#define PLUMB_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Products and sums are fused where FMA says so and nowhere else.
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline, unused))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float vf __attribute__((ext_vector_type(VL)));
typedef float vfu __attribute__((ext_vector_type(VL), aligned(4)));
typedef int32_t vi __attribute__((ext_vector_type(VL)));
typedef int32_t viu __attribute__((ext_vector_type(VL), aligned(4)));
typedef uint32_t vu __attribute__((ext_vector_type(VL)));
typedef uint32_t vuu __attribute__((ext_vector_type(VL), aligned(4)));
typedef uint16_t vs __attribute__((ext_vector_type(VL)));
typedef uint16_t vsu __attribute__((ext_vector_type(VL), aligned(2)));

// MARK: Loads and stores, any alignment

INLINE vf ld(const float *p) { return *(const vfu *)p; }
INLINE void st(float *p, vf v) { *(vfu *)p = v; }
INLINE vi ldi(const int32_t *p) { return *(const viu *)p; }
INLINE vu ldu(const void *p) { return *(const vuu *)p; }
INLINE vf splat(float x) { return (vf)(x); }

/// The first n (0 ... VL) elements, the others 0; touches no memory beyond them.
INLINE vf ld_partial(const float *p, size_t n) {
    if (n >= VL) return ld(p);
#if VL == 16
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#else
    float t[VL] = {0};
    for (size_t i = 0; i < n; i++) t[i] = p[i];
    return ld(t);
#endif
}
INLINE void st_partial(float *p, vf v, size_t n) {
    if (n >= VL) {
        st(p, v);
        return;
    }
#if VL == 16
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#else
    float t[VL];
    st(t, v);
    for (size_t i = 0; i < n; i++) p[i] = t[i];
#endif
}

/// The first n lanes keep their value, the others become `other`.
INLINE vf keep_first(vf v, size_t n, float other) {
    vi lane;
    for (int i = 0; i < VL; i++) lane[i] = i;
    return lane < (vi)((int32_t)(n < VL ? n : VL)) ? v : splat(other);
}

// MARK: Arithmetic

/// a · b + c, rounded once where the machine has fused products and twice where it has not (SSE2).
#if HAVE_FMA
#define FMA(a, b, c) __builtin_elementwise_fma((vf)(a), (vf)(b), (vf)(c))
#else
#define FMA(a, b, c) ((vf)(a) * (vf)(b) + (vf)(c))
#endif

/// The larger; b where either is not a number.
INLINE vf vmax(vf a, vf b) { return a > b ? a : b; }
/// The smaller; b where either is not a number.
INLINE vf vmin(vf a, vf b) { return a < b ? a : b; }
INLINE vf vabs(vf a) { return (vf)((vi)a & 0x7fffffff); }

typedef float vf_half __attribute__((ext_vector_type(VL / 2)));
typedef float vf_four __attribute__((ext_vector_type(4)));
typedef float vf_two __attribute__((ext_vector_type(2)));

/// Folds a vector to one number, halves onto each other, whatever VL.
#define FOLD(v, OF) \
    vf_four four = FOLD_TO_FOUR(v, OF); \
    vf_two two = OF(four.lo, four.hi); \
    return OF(two.x, two.y);
#if VL == 16
#define FOLD_TO_FOUR(v, OF) OF(OF((v).lo, (v).hi).lo, OF((v).lo, (v).hi).hi)
#elif VL == 8
#define FOLD_TO_FOUR(v, OF) OF((v).lo, (v).hi)
#else
#define FOLD_TO_FOUR(v, OF) (v)
#endif
#define SUM_OF(a, b) ((a) + (b))
#define LARGER_OF(a, b) ((a) > (b) ? (a) : (b))
INLINE float hsum(vf v) { FOLD(v, SUM_OF) }
INLINE float hmax(vf v) { FOLD(v, LARGER_OF) }

/// exp over the whole range: 0 below -104, infinity above 88.73, subnormals between, NaN for NaN. At most 2 ulp.
INLINE vf vexp(vf x) {
    x = vmin(splat(89.0f), vmax(splat(-104.0f), x));
    // n = round(x / ln 2) by the magic 1.5 · 2²³; r = x - n ln 2 in two pieces.
    vf z = FMA(x, splat(1.44269504f), splat(12582912.0f));
    vi n = (vi)z - 0x4B400000;
    vf nf = z - splat(12582912.0f);
    vf r = FMA(nf, splat(-0.693359375f), x);
    r = FMA(nf, splat(2.12194440e-4f), r);
    vf p = splat(1.9875691500e-4f);
    p = FMA(p, r, splat(1.3981999507e-3f));
    p = FMA(p, r, splat(8.3334519073e-3f));
    p = FMA(p, r, splat(4.1665795894e-2f));
    p = FMA(p, r, splat(1.6666665459e-1f));
    p = FMA(p, r, splat(5.0000001201e-1f));
    p = FMA(p, r * r, r + splat(1.0f));
    // 2ⁿ in two factors, so that subnormal results and infinity come out right.
    vi half = n >> 1;
    return p * (vf)((half + 127) << 23) * (vf)((n - half + 127) << 23);
}

/// float16 bits widened to float32, exactly; infinities and NaNs included.
INLINE vf widen_f16(vs h) {
#if VL == 16
    return (vf)_mm512_cvtph_ps((__m256i)h);
#elif VL == 8 && defined(__x86_64__)
    return (vf)_mm256_cvtph_ps((__m128i)h);
#else
    vu w = __builtin_convertvector(h, vu);
    vu magnitude = (w & 0x7fff) << 13;
    vf scaled = (vf)magnitude * splat(0x1p112f);
    vf special = (vf)(magnitude | 0x7f800000);
    vf value = magnitude >= 0x0f800000 ? special : scaled;
    return (vf)((vu)value | (w & 0x8000) << 16);
#endif
}
/// float32 rounded to bfloat16, to nearest even, as the upper half of a float32; NaN stays NaN.
INLINE vf round_bf16(vf x) {
    vu u = (vu)x;
    vu rounded = (u + 0x7fff + ((u >> 16) & 1)) & 0xffff0000;
    return x == x ? (vf)rounded : (vf)((u | 0x00400000) & 0xffff0000);
}

#endif
