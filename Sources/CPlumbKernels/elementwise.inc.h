// Rows and elements. A value's bits depend on its inputs alone: the last elements of a row go through the same vector
// code as the others, and a row's sums run in an order fixed by its width.
#include "dequantize.inc.h"

// MARK: Functions of one vector

INLINE vf vsqrt(vf x) { return __builtin_elementwise_sqrt(x); }

INLINE vf vsigmoid(vf x) { return splat(1.0f) / (splat(1.0f) + vexp(-x)); }
INLINE vf vsilu(vf x) { return x / (splat(1.0f) + vexp(-x)); }

/// x · sigmoid(2u), u = √(2/π)(x + 0.044715 x³): the same as x/2 · (1 + tanh u).
INLINE vf vgelu_tanh(vf x) {
    const float c = -2.0f * 0.7978845608f;
    vf minus2u = x * FMA(x * x, splat(c * 0.044715f), splat(c));
    return x / (splat(1.0f) + vexp(minus2u));
}

/// Φ(-a) = exp(-a²/2) · g(t), t = 1 / (1 + 0.35 a), and the bell exp(-a²/2). g is a polynomial fitted over 0 <= a <= 15
/// to a relative error of 3.2e-8; beyond, Φ(-a) is 0 in float32.
INLINE vf vnormal_tail(vf a, vf *bell) {
    vf t = splat(1.0f) / FMA(a, splat(0.35f), splat(1.0f));
    vf g = splat(-0.029163915663957596f);
    g = FMA(g, t, splat(0.14406076073646545f));
    g = FMA(g, t, splat(-0.2559017837047577f));
    g = FMA(g, t, splat(0.15939286351203918f));
    g = FMA(g, t, splat(-0.02326381951570511f));
    g = FMA(g, t, splat(0.10557480156421661f));
    g = FMA(g, t, splat(0.11981549859046936f));
    g = FMA(g, t, splat(0.13986434042453766f));
    g = FMA(g, t, splat(0.13962125778198242f));
    *bell = vexp(a * a * splat(-0.5f));
    return g * t * *bell;
}

/// x · Φ(x)
INLINE vf vgelu_erf(vf x) {
    vf bell, tail = vnormal_tail(vmin(splat(15.0f), vabs(x)), &bell);
    return x < 0 ? x * tail : x * (splat(1.0f) - tail);
}

/// Below 0.625 an odd polynomial, above 1 - 2 / (exp 2a + 1).
INLINE vf vtanh(vf x) {
    vf a = vabs(x), z = x * x;
    vf p = splat(-5.70498872745e-3f);
    p = FMA(p, z, splat(2.06390887954e-2f));
    p = FMA(p, z, splat(-5.37397155531e-2f));
    p = FMA(p, z, splat(1.33314422036e-1f));
    p = FMA(p, z, splat(-3.33332819422e-1f));
    vf small = FMA(p * z, x, x);
    vf large = splat(1.0f) - splat(2.0f) / (vexp(a + a) + splat(1.0f));
    large = (vf)((vu)large | ((vu)x & 0x80000000u));
    return a < 0.625f ? small : large;
}

/// Natural logarithm, at most 2 ulp: -infinity at 0, NaN below, subnormals included.
INLINE vf vlog(vf x) {
    vi subnormal = x < 0x1p-126f;
    vf scaled = subnormal ? x * splat(0x1p23f) : x;
    // x = m · 2ᵉ with m from √½ to √2; log m = f - f²/2 + f³ P(f), f = m - 1.
    vi e = ((vi)scaled - 0x3f3504f3) >> 23;
    vf f = (vf)((vi)scaled - (e << 23)) - splat(1.0f);
    vf n = __builtin_convertvector(subnormal ? e - 23 : e, vf);
    vf z = f * f;
    vf p = splat(7.0376836292e-2f);
    p = FMA(p, f, splat(-1.1514610310e-1f));
    p = FMA(p, f, splat(1.1676998740e-1f));
    p = FMA(p, f, splat(-1.2420140846e-1f));
    p = FMA(p, f, splat(1.4249322787e-1f));
    p = FMA(p, f, splat(-1.6668057665e-1f));
    p = FMA(p, f, splat(2.0000714765e-1f));
    p = FMA(p, f, splat(-2.4999993993e-1f));
    p = FMA(p, f, splat(3.3333331174e-1f));
    vf y = FMA(n, splat(-2.12194440e-4f), p * f * z);
    y = FMA(z, splat(-0.5f), y);
    vf result = FMA(n, splat(0.693359375f), f + y);
    vf edge = x == 0 ? splat(-__builtin_inff()) : splat(__builtin_nanf(""));
    result = x > 0 ? result : edge;
    return x == __builtin_inff() ? x : result;
}

INLINE vf vrelu(vf x) { return x < 0 ? splat(0.0f) : x; }

// MARK: Elements

#define UNARY(name, expression) \
    static void name(float *y, const float *x, size_t count) { \
        size_t i = 0; \
        for (; i + VL <= count; i += VL) { \
            vf v = ld(x + i); \
            st(y + i, expression); \
        } \
        if (i < count) { \
            vf v = ld_partial(x + i, count - i); \
            st_partial(y + i, expression, count - i); \
        } \
    }
UNARY(elements_gelu_tanh, vgelu_tanh(v))
UNARY(elements_gelu_erf, vgelu_erf(v))
UNARY(elements_silu, vsilu(v))
UNARY(elements_relu, vrelu(v))
UNARY(elements_tanh, vtanh(v))
UNARY(elements_sigmoid, vsigmoid(v))
UNARY(elements_exp, vexp(v))
UNARY(elements_log, vlog(v))
#undef UNARY

#define BINARY(name, operation) \
    static void name(float *y, const float *a, const float *b, size_t count) { \
        size_t i = 0; \
        for (; i + VL <= count; i += VL) st(y + i, ld(a + i) operation ld(b + i)); \
        for (; i < count; i++) y[i] = a[i] operation b[i]; \
    }
BINARY(elements_add, +)
BINARY(elements_subtract, -)
BINARY(elements_multiply, *)
BINARY(elements_divide, /)
#undef BINARY

static void elements_affine(float *y, const float *a, float scale, float offset, size_t count) {
    size_t i = 0;
    for (; i + VL <= count; i += VL) st(y + i, FMA(ld(a + i), splat(scale), splat(offset)));
    if (i < count) {
        st_partial(y + i, FMA(ld_partial(a + i, count - i), splat(scale), splat(offset)), count - i);
    }
}

static void rows_add(float *y, const float *a, const float *b, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) elements_add(y + r * width, a + r * width, b, width);
}

static void rows_silu_multiply(
    float *y, size_t y_stride, const float *gate, size_t gate_stride, const float *up, size_t up_stride, size_t rows,
    size_t width) {
    for (size_t r = 0; r < rows; r++, y += y_stride, gate += gate_stride, up += up_stride) {
        size_t i = 0;
        for (; i + VL <= width; i += VL) st(y + i, vsilu(ld(gate + i)) * ld(up + i));
        if (i < width) {
            size_t n = width - i;
            st_partial(y + i, vsilu(ld_partial(gate + i, n)) * ld_partial(up + i, n), n);
        }
    }
}

// MARK: Norms

/// Σ (x - shift)², four vectors at a time.
INLINE float sum_of_squares(const float *x, float shift, size_t width) {
    vf m = splat(shift), s0 = splat(0.0f), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 4 * VL <= width; i += 4 * VL) {
        vf a = ld(x + i) - m, b = ld(x + i + VL) - m, c = ld(x + i + 2 * VL) - m, d = ld(x + i + 3 * VL) - m;
        s0 = FMA(a, a, s0);
        s1 = FMA(b, b, s1);
        s2 = FMA(c, c, s2);
        s3 = FMA(d, d, s3);
    }
    for (; i + VL <= width; i += VL) {
        vf a = ld(x + i) - m;
        s0 = FMA(a, a, s0);
    }
    float rest = 0.0f;
    for (; i < width; i++) rest += (x[i] - shift) * (x[i] - shift);
    return hsum((s0 + s1) + (s2 + s3)) + rest;
}

INLINE float sum_of_row(const float *x, size_t width) {
    vf s0 = splat(0.0f), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 4 * VL <= width; i += 4 * VL) {
        s0 += ld(x + i);
        s1 += ld(x + i + VL);
        s2 += ld(x + i + 2 * VL);
        s3 += ld(x + i + 3 * VL);
    }
    for (; i + VL <= width; i += VL) s0 += ld(x + i);
    float rest = 0.0f;
    for (; i < width; i++) rest += x[i];
    return hsum((s0 + s1) + (s2 + s3)) + rest;
}

INLINE float root(float x) { return vsqrt(splat(x))[0]; }

static void rows_rms_norm(
    float *y, float *scale, const float *x, const float *weight, size_t rows, size_t width, float epsilon) {
    for (size_t r = 0; r < rows; r++, x += width, y += width) {
        float s = root(sum_of_squares(x, 0.0f, width) / (float)width + epsilon);
        if (scale) scale[r] = s;
        vf divisor = splat(s);
        size_t i = 0;
        for (; i + VL <= width; i += VL) {
            vf v = ld(x + i) / divisor;
            st(y + i, weight ? v * ld(weight + i) : v);
        }
        for (; i < width; i++) y[i] = weight ? x[i] / s * weight[i] : x[i] / s;
    }
}

static void rows_layer_norm(
    float *y, float *scale, const float *x, const float *weight, const float *bias, size_t rows, size_t width,
    float epsilon) {
    for (size_t r = 0; r < rows; r++, x += width, y += width) {
        float mean = sum_of_row(x, width) / (float)width;
        float s = root(sum_of_squares(x, mean, width) / (float)width + epsilon);
        if (scale) scale[r] = s;
        for (size_t i = 0; i < width; i += VL) {
            size_t n = width - i;
            vf v = (ld_partial(x + i, n) - splat(mean)) / splat(s);
            if (weight) v = v * ld_partial(weight + i, n);
            if (bias) v = v + ld_partial(bias + i, n);
            st_partial(y + i, v, n);
        }
    }
}

// MARK: Rotary embedding

static void rope_head(float *y, const float *x, const float *c, const float *s, size_t half) {
    for (size_t i = 0; i < half; i += VL) {
        size_t n = half - i;
        vf a = ld_partial(x + i, n), b = ld_partial(x + half + i, n);
        vf cosine = ld_partial(c + i, n), sine = ld_partial(s + i, n);
        st_partial(y + i, FMA(-b, sine, a * cosine), n);
        st_partial(y + half + i, FMA(a, sine, b * cosine), n);
    }
}

static void rows_rope(
    float *y, size_t y_stride, const float *x, size_t x_stride, const float *cosines, const float *sines,
    const int32_t *positions, size_t rows, size_t heads, size_t width, size_t width_rotated) {
    size_t half = width_rotated / 2;
    for (size_t r = 0; r < rows; r++, y += y_stride, x += x_stride) {
        size_t at = (size_t)positions[r] * half;
        for (size_t h = 0; h < heads; h++) {
            float *to = y + h * width;
            const float *from = x + h * width;
            rope_head(to, from, cosines + at, sines + at, half);
            if (to != from) memcpy(to + 2 * half, from + 2 * half, (width - 2 * half) * sizeof(float));
        }
    }
}

// MARK: Softmax

typedef double vd __attribute__((ext_vector_type(VL / 2)));

// Halves of a vector, widened.
#define LOW(v) __builtin_convertvector((v).lo, vd)
#define HIGH(v) __builtin_convertvector((v).hi, vd)

/// Σ over the lanes of low + high, halves folded onto each other.
#define HSUM_DOUBLE(low, high) hsum_of_doubles((const vd[2]){(low), (high)})
INLINE double hsum_of_doubles(const vd v[2]) {
    double t[VL];
    memcpy(t, v, sizeof t);
    for (int half = VL / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) t[i] += t[i + half];
    }
    return t[0];
}

/// The largest of a row, ignoring what is not a number; -infinity for none.
INLINE float max_of_row(const float *x, size_t width) {
    vf m0 = splat(-__builtin_inff()), m1 = m0;
    size_t i = 0;
    for (; i + 2 * VL <= width; i += 2 * VL) {
        m0 = vmax(ld(x + i), m0);
        m1 = vmax(ld(x + i + VL), m1);
    }
    for (; i < width; i += VL) m0 = vmax(keep_first(ld_partial(x + i, width - i), width - i, -__builtin_inff()), m0);
    return hmax(vmax(m0, m1));
}

/// y = exp(x - shift), and its sum. y may be NULL.
INLINE double exp_row(float *y, const float *x, float shift, size_t width) {
    vd low = (vd)(0.0), high = low;
    for (size_t i = 0; i < width; i += VL) {
        vf e = vexp(ld_partial(x + i, width - i) - splat(shift));
        if (y) st_partial(y + i, e, width - i);
        e = keep_first(e, width - i, 0.0f);
        low += LOW(e);
        high += HIGH(e);
    }
    return HSUM_DOUBLE(low, high);
}

/// A row of -infinity has no largest entry to shift by; shifted by 0 its exponentials are all 0.
INLINE float shift_of_row(const float *x, size_t width) {
    float m = max_of_row(x, width);
    return m == -__builtin_inff() ? 0.0f : m;
}

static void rows_softmax(float *y, const float *x, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++, x += width, y += width) {
        double sum = exp_row(y, x, shift_of_row(x, width), width);
        float factor = sum == 0.0 ? 0.0f : (float)(1.0 / sum);
        size_t i = 0;
        for (; i + VL <= width; i += VL) st(y + i, ld(y + i) * splat(factor));
        for (; i < width; i++) y[i] *= factor;
    }
}

enum { TOTAL_ROWS = 8 };
typedef double vd_rows __attribute__((ext_vector_type(TOTAL_ROWS)));
typedef int64_t vl_rows __attribute__((ext_vector_type(TOTAL_ROWS)));

/// log x of normal numbers above 0, by the series of artanh, plus `shift`; infinity and NaN stay themselves.
INLINE void log_doubles(double y[TOTAL_ROWS], const double sums[TOTAL_ROWS], const double shifts[TOTAL_ROWS]) {
    vd_rows x, shift;
    memcpy(&x, sums, sizeof x);
    memcpy(&shift, shifts, sizeof shift);
    vl_rows bits = (vl_rows)x;
    vl_rows exponent = (bits - 0x3fe6a09e667f3bcd) >> 52;  // of x = m · 2ᵉ, m from √½ to √2
    vd_rows m = (vd_rows)(bits - (exponent << 52));
    vd_rows f = (m - 1.0) / (m + 1.0), z = f * f, series = (vd_rows)(0.0);
    UNROLL for (int k = 23; k >= 1; k -= 2) series = series * z + 1.0 / k;
    vd_rows result = __builtin_convertvector(exponent, vd_rows) * 0.69314718055994530942 + 2.0 * f * series;
    result = shift + (x < __builtin_inf() ? result : x);
    memcpy(y, &result, sizeof result);
}

/// log Σ exp of up to TOTAL_ROWS rows: a logarithm takes longer than a short row's sum, and goes for all at once.
INLINE void totals_of_rows(double totals[TOTAL_ROWS], const float *x, size_t rows, size_t width) {
    double shifts[TOTAL_ROWS] = {0}, sums[TOTAL_ROWS] = {0};
    for (size_t r = 0; r < rows; r++, x += width) {
        float shift = shift_of_row(x, width);
        shifts[r] = (double)shift;
        sums[r] = exp_row(NULL, x, shift, width);
    }
    log_doubles(totals, sums, shifts);
}

static void rows_log_softmax(float *y, const float *x, size_t rows, size_t width) {
    double totals[TOTAL_ROWS];
    for (size_t r = 0; r < rows; r++, x += width, y += width) {
        if (r % TOTAL_ROWS == 0) totals_of_rows(totals, x, rows - r < TOTAL_ROWS ? rows - r : TOTAL_ROWS, width);
        double total = totals[r % TOTAL_ROWS];
        size_t i = 0;
        for (; i + VL <= width; i += VL) {
            vf v = ld(x + i);
            v.lo = __builtin_convertvector(LOW(v) - (vd)(total), vf_half);
            v.hi = __builtin_convertvector(HIGH(v) - (vd)(total), vf_half);
            st(y + i, v);
        }
        for (; i < width; i++) y[i] = (float)((double)x[i] - total);
    }
}

// MARK: Sums

static double elements_sum(const float *x, size_t count) {
    vd low = (vd)(0.0), high = low;
    for (size_t i = 0; i < count; i += VL) {
        vf v = ld_partial(x + i, count - i);
        low += LOW(v);
        high += HIGH(v);
    }
    return HSUM_DOUBLE(low, high);
}

static double elements_dot(const float *x, const float *y, size_t count) {
    vd low = (vd)(0.0), high = low;
    for (size_t i = 0; i < count; i += VL) {
        vf a = ld_partial(x + i, count - i), b = ld_partial(y + i, count - i);
        low += LOW(a) * LOW(b);
        high += HIGH(a) * HIGH(b);
    }
    return HSUM_DOUBLE(low, high);
}

#define PLUMB_ELEMENTWISE_ENTRIES \
    .rms_norm = rows_rms_norm, .layer_norm = rows_layer_norm, .silu_multiply = rows_silu_multiply, \
    .gelu_tanh = elements_gelu_tanh, .gelu_erf = elements_gelu_erf, .silu = elements_silu, .relu = elements_relu, \
    .tanh = elements_tanh, .sigmoid = elements_sigmoid, .exp = elements_exp, .log = elements_log, \
    .add = elements_add, .subtract = elements_subtract, .multiply = elements_multiply, .divide = elements_divide, \
    .affine = elements_affine, .add_rows = rows_add, .rope = rows_rope, .softmax = rows_softmax, \
    .log_softmax = rows_log_softmax, .sum = elements_sum, .dot = elements_dot, .dequantize = dequantize,
