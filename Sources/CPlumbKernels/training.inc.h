// Elements and optimizers of training. A value's bits depend on its inputs alone: the last elements of a run go through
// the same vector code as the others.
#include "training.h"

#include <math.h>

// MARK: Derivatives

/// Where a derivative has reached its limit in float32, x is held back so that infinity · 0 cannot arise.
INLINE vf within(vf x, float most) { return vmin(splat(most), vmax(splat(-most), x)); }

/// sigmoid(-log e), and through `other` what is left of 1, to full precision on both sides.
INLINE vf vsigmoid_of(vf e, vf *other) {
    vf s = splat(1.0f) / (splat(1.0f) + e);
    *other = vmin(splat(3e38f), e) * s;
    return s;
}

/// s + x s (1 - s) 2u', s = sigmoid(2u), u = √(2/π)(x + 0.044715 x³).
INLINE vf vgelu_tanh_slope(vf x) {
    const float c = -2.0f * 0.7978845608f;
    x = within(x, 15.0f);
    vf z = x * x;
    vf other, s = vsigmoid_of(vexp(x * FMA(z, splat(c * 0.044715f), splat(c))), &other);
    vf slope = FMA(z, splat(-3.0f * c * 0.044715f), splat(-c));
    return FMA(x * s * other, slope, s);
}

/// Φ(x) + x exp(-x²/2) / √(2π)
INLINE vf vgelu_erf_slope(vf x) {
    x = within(x, 15.0f);
    vf bell, tail = vnormal_tail(vabs(x), &bell);
    vf below = x < 0 ? tail : splat(1.0f) - tail;
    return FMA(x * splat(0.3989422804f), bell, below);
}

/// s (1 + x (1 - s)), s = sigmoid(x).
INLINE vf vsilu_slope(vf x) {
    x = within(x, 104.0f);
    vf other, s = vsigmoid_of(vexp(-x), &other);
    return s * FMA(x, other, splat(1.0f));
}

// Not a number wins, whichever side it is on: comparisons with it are false.
INLINE vf vlarger(vf a, vf b) { return ((a > b) | (a != a)) ? a : b; }
INLINE vf vsmaller(vf a, vf b) { return ((a < b) | (a != a)) ? a : b; }

INLINE vf vrelu_backward(vf x, vf dy) { return x <= 0 ? splat(0.0f) : dy; }

// MARK: Further functions

/// log(1 + e) for 0 <= e <= 1: the rounding of 1 + e is undone by the ratio.
INLINE vf vlog1p(vf e) {
    vf u = splat(1.0f) + e;
    vf rounded = u - splat(1.0f);
    vf corrected = vlog(u) * (e / rounded);
    return rounded == 0 ? e : corrected;
}

INLINE vf vsoftplus(vf x) { return vmax(splat(0.0f), x) + vlog1p(vexp(-vabs(x))); }

/// Up to 0.75 the power series, above 1 - 2 Φ(-√2 |x|).
INLINE vf verf(vf x) {
    vf a = vabs(x), z = x * x, bell;
    vf p = splat(1.6462114e-6f);  // 2/√π · (-1)ⁿ / (n! (2n + 1)), n = 8 ... 0
    p = FMA(p, z, splat(-1.4925650e-5f));
    p = FMA(p, z, splat(1.2055333e-4f));
    p = FMA(p, z, splat(-8.5483270e-4f));
    p = FMA(p, z, splat(5.2239776e-3f));
    p = FMA(p, z, splat(-2.6866171e-2f));
    p = FMA(p, z, splat(1.1283792e-1f));
    p = FMA(p, z, splat(-3.7612639e-1f));
    p = FMA(p, z, splat(1.2837917e-1f));
    vf small = FMA(p, x, x);
    vf tail = vnormal_tail(vmin(splat(15.0f), a * splat(1.41421356f)), &bell);
    vf large = FMA(tail, splat(-2.0f), splat(1.0f));
    large = (vf)((vu)large | ((vu)x & 0x80000000u));
    return a < 0.75f ? small : large;
}

typedef int64_t vl __attribute__((ext_vector_type(VL / 2)));

/// x - n π/2 for the n nearest x · 2/π, exact to float32 while |x| <= 2²⁰; n comes back in `quarter`.
INLINE vd turned(vd x, vl *quarter) {
    const double magic = 0x1.8p52;
    vd shifted = x * (vd)(0.63661977236758134308) + (vd)(magic);
    *quarter = (vl)shifted;
    vd n = shifted - (vd)(magic);
    return (x - n * (vd)(1.57079632673412561417)) - n * (vd)(6.07710050650619224932e-11);
}

/// sin(x + shift π/2) for |x| <= 2²⁰; more is left to the caller.
INLINE vf vsine(vf x, int shift) {
    vl low, high;
    vf r;
    vi n;
    r.lo = __builtin_convertvector(turned(LOW(x), &low), vf_half);
    r.hi = __builtin_convertvector(turned(HIGH(x), &high), vf_half);
    for (int i = 0; i < VL / 2; i++) {
        n[i] = (int32_t)low[i];
        n[i + VL / 2] = (int32_t)high[i];
    }
    n += shift;
    vf z = r * r;
    vf s = FMA(splat(-1.9515295891e-4f), z, splat(8.3321608736e-3f));
    s = FMA(s, z, splat(-1.6666654611e-1f));
    s = FMA(s * z, r, r);
    vf c = FMA(splat(2.443315711809948e-5f), z, splat(-1.388731625493765e-3f));
    c = FMA(c, z, splat(4.166664568298827e-2f));
    c = FMA(c * z, z, FMA(z, splat(-0.5f), splat(1.0f)));
    vf result = (n & 1) == 1 ? c : s;
    return (vf)((vu)result ^ ((vu)(n & 2) << 30));
}

static void elements_turn(float *y, const float *x, size_t count, int shift) {
    for (size_t i = 0; i < count; i += VL) {
        size_t n = count - i < VL ? count - i : VL;
        vf v = ld_partial(x + i, n), result = vsine(v, shift);
        for (size_t lane = 0; lane < n; lane++) {
            if (__builtin_expect(!(__builtin_fabsf(v[lane]) <= 0x1p20f), 0)) {
                result[lane] = (float)(shift ? cos((double)v[lane]) : sin((double)v[lane]));
            }
        }
        st_partial(y + i, result, n);
    }
}
static void elements_sin(float *y, const float *x, size_t count) { elements_turn(y, x, count, 0); }
static void elements_cos(float *y, const float *x, size_t count) { elements_turn(y, x, count, 1); }

// MARK: Elements

#define UNARY(name, expression) \
    static void elements_##name(float *y, const float *x, size_t count) { \
        for (size_t i = 0; i < count; i += VL) { \
            vf v = ld_partial(x + i, count - i); \
            st_partial(y + i, expression, count - i); \
        } \
    }
UNARY(sqrt, vsqrt(v))
UNARY(rsqrt, splat(1.0f) / vsqrt(v))
UNARY(abs, vabs(v))
UNARY(erf, verf(v))
UNARY(softplus, vsoftplus(v))
#undef UNARY

#define BINARY(name, expression) \
    static void elements_##name(float *y, const float *first, const float *second, size_t count) { \
        size_t i = 0; \
        for (; i + VL <= count; i += VL) { \
            vf a = ld(first + i), b = ld(second + i); \
            st(y + i, expression); \
        } \
        if (i < count) { \
            vf a = ld_partial(first + i, count - i), b = ld_partial(second + i, count - i); \
            st_partial(y + i, expression, count - i); \
        } \
    }
BINARY(gelu_tanh_backward, b * vgelu_tanh_slope(a))
BINARY(gelu_erf_backward, b * vgelu_erf_slope(a))
BINARY(silu_backward, b * vsilu_slope(a))
BINARY(relu_backward, vrelu_backward(a, b))
BINARY(tanh_backward, b * FMA(-a, a, splat(1.0f)))
BINARY(sigmoid_backward, b * (a * (splat(1.0f) - a)))
BINARY(maximum, vlarger(a, b))
BINARY(minimum, vsmaller(a, b))
#undef BINARY

static void elements_axpy(float *y, float a, const float *x, size_t count) {
    for (size_t i = 0; i < count; i += VL) {
        size_t n = count - i;
        st_partial(y + i, FMA(splat(a), ld_partial(x + i, n), ld_partial(y + i, n)), n);
    }
}

static int elements_all_finite(const float *x, size_t count) {
    vi found = (vi)(0);
    for (size_t i = 0; i < count; i += VL) {
        vi exponent = (vi)ld_partial(x + i, count - i) & 0x7f800000;
        found |= exponent == 0x7f800000;
    }
    int any = 0;
    for (int i = 0; i < VL; i++) any |= found[i];
    return any == 0;
}

static void rows_silu_multiply_backward(
    float *dgate, size_t dgate_stride, float *dup, size_t dup_stride, const float *gate, size_t gate_stride,
    const float *up, size_t up_stride, const float *dy, size_t dy_stride, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < width; i += VL) {
            size_t n = width - i;
            vf x = ld_partial(gate + i, n), u = ld_partial(up + i, n), d = ld_partial(dy + i, n);
            st_partial(dgate + i, d * u * vsilu_slope(x), n);
            st_partial(dup + i, d * vsilu(x), n);
        }
        dgate += dgate_stride, dup += dup_stride, gate += gate_stride, up += up_stride, dy += dy_stride;
    }
}

// MARK: Optimizers

static void step_adam(float *p, const float *g, float *m, float *v, size_t count, const plumb_step_constants *step) {
    vf rate = splat(-step->rate), decay = splat(step->decay), shrink = splat(step->shrink);
    vf rest1 = splat(step->rest1), rest2 = splat(step->rest2), beta2 = splat(step->beta2);
    vf root2 = splat(step->root2), epsilon = splat(step->epsilon);
    for (size_t i = 0; i < count; i += VL) {
        size_t n = count - i;
        vf w = ld_partial(p + i, n), d = ld_partial(g + i, n), a = ld_partial(m + i, n), b = ld_partial(v + i, n);
        if (step->decoupled) {
            w *= shrink;
        } else {
            d = FMA(w, decay, d);
        }
        a = FMA(d - a, rest1, a);
        b = FMA(d * d, rest2, b * beta2);
        w = FMA(rate, a / FMA(vsqrt(b), root2, epsilon), w);
        st_partial(p + i, w, n);
        st_partial(m + i, a, n);
        st_partial(v + i, b, n);
    }
}

static void step_sgd(float *p, const float *g, float *buffer, size_t count, const plumb_step_constants *step) {
    vf rate = splat(-step->rate), decay = splat(step->decay), momentum = splat(step->beta1);
    for (size_t i = 0; i < count; i += VL) {
        size_t n = count - i;
        vf w = ld_partial(p + i, n), d = FMA(w, decay, ld_partial(g + i, n));
        if (buffer) {
            vf b = step->first ? d : FMA(ld_partial(buffer + i, n), momentum, d);
            st_partial(buffer + i, b, n);
            d = step->nesterov ? FMA(b, momentum, d) : b;
        }
        st_partial(p + i, FMA(rate, d, w), n);
    }
}

static void step_lion(float *p, const float *g, float *m, size_t count, const plumb_step_constants *step) {
    vf rate = splat(-step->rate), shrink = splat(step->shrink);
    vf rest1 = splat(step->rest1), rest2 = splat(step->rest2);
    for (size_t i = 0; i < count; i += VL) {
        size_t n = count - i;
        vf w = ld_partial(p + i, n), d = ld_partial(g + i, n), a = ld_partial(m + i, n);
        vf u = FMA(d - a, rest1, a);
        vf sign = u > 0 ? splat(1.0f) : u;
        sign = u < 0 ? splat(-1.0f) : sign;
        st_partial(p + i, FMA(rate, sign, w * shrink), n);
        st_partial(m + i, FMA(d - a, rest2, a), n);
    }
}
