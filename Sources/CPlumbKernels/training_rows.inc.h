// Rows of training: gradients of softmax and norms, sums over rows and columns, losses. A row's sums run in an order
// fixed by its width, a column's in one fixed by rows and width (training_rows.c cuts the rows).

enum {
    /// Rows whose shares of a column are added in float32 before they go to the double sum: few enough to cost no
    /// accuracy, enough to hide the widening.
    COLUMN_GROUP = 16
};

// MARK: Sums of rows

/// Σ a·b, four vectors at a time.
INLINE float dot_of_row(const float *a, const float *b, size_t width) {
    vf s0 = splat(0.0f), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 4 * VL <= width; i += 4 * VL) {
        s0 = FMA(ld(a + i), ld(b + i), s0);
        s1 = FMA(ld(a + i + VL), ld(b + i + VL), s1);
        s2 = FMA(ld(a + i + 2 * VL), ld(b + i + 2 * VL), s2);
        s3 = FMA(ld(a + i + 3 * VL), ld(b + i + 3 * VL), s3);
    }
    for (; i < width; i += VL) s0 = FMA(ld_partial(a + i, width - i), ld_partial(b + i, width - i), s0);
    return hsum((s0 + s1) + (s2 + s3));
}

static void rows_sum(float *y, const float *x, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) y[r] = (float)elements_sum(x + r * width, width);
}

// MARK: Sums of columns

/// sums += values of one vector of columns.
INLINE void widen_add(double *sums, vf v, size_t columns) {
    if (columns >= VL) {
        typedef double vdu __attribute__((ext_vector_type(VL / 2), aligned(8)));
        *(vdu *)sums = *(const vdu *)sums + LOW(v);
        *(vdu *)(sums + VL / 2) = *(const vdu *)(sums + VL / 2) + HIGH(v);
        return;
    }
    for (size_t i = 0; i < columns; i++) sums[i] += (double)v[i];
}

static void rows_add_columns(double *sums, const float *x, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r += COLUMN_GROUP, x += COLUMN_GROUP * width) {
        size_t group = rows - r < COLUMN_GROUP ? rows - r : COLUMN_GROUP;
        size_t c = 0;
        for (; c + 2 * VL <= width; c += 2 * VL) {
            vf a = splat(0.0f), b = a;
            const float *from = x + c;
            for (size_t i = 0; i < group; i++, from += width) {
                a += ld(from);
                b += ld(from + VL);
            }
            widen_add(sums + c, a, VL);
            widen_add(sums + c + VL, b, VL);
        }
        for (; c < width; c += VL) {
            vf a = splat(0.0f);
            for (size_t i = 0; i < group; i++) a += ld_partial(x + i * width + c, width - c);
            widen_add(sums + c, a, width - c);
        }
    }
}

/// Adds a group's float sums to the doubles and empties the group.
INLINE void flush_group(double *sums, float *group, size_t width) {
    for (size_t c = 0; c < width; c += VL) {
        widen_add(sums + c, ld_partial(group + c, width - c), width - c);
        st_partial(group + c, splat(0.0f), width - c);
    }
}

// MARK: Softmax

static void rows_softmax_backward(float *dx, const float *y, const float *dy, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++, dx += width, y += width, dy += width) {
        vf dot = splat(dot_of_row(y, dy, width));
        for (size_t i = 0; i < width; i += VL) {
            size_t n = width - i;
            st_partial(dx + i, ld_partial(y + i, n) * (ld_partial(dy + i, n) - dot), n);
        }
    }
}

static void rows_log_softmax_backward(float *dx, const float *y, const float *dy, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++, dx += width, y += width, dy += width) {
        vf sum = splat((float)-elements_sum(dy, width));
        for (size_t i = 0; i < width; i += VL) {
            size_t n = width - i;
            st_partial(dx + i, FMA(vexp(ld_partial(y + i, n)), sum, ld_partial(dy + i, n)), n);
        }
    }
}

// MARK: Norms

/// One row: Σ g and Σ g·(x - mean), g = dy · weight.
INLINE void norm_sums(
    float *sum, float *dot, const float *dy, const float *x, const float *weight, float mean, size_t width) {
    vf s0 = splat(0.0f), s1 = s0, d0 = s0, d1 = s0, m = splat(mean);
    size_t i = 0;
    for (; i + 2 * VL <= width; i += 2 * VL) {
        vf a = ld(dy + i), b = ld(dy + i + VL);
        if (weight) {
            a *= ld(weight + i);
            b *= ld(weight + i + VL);
        }
        s0 += a;
        s1 += b;
        d0 = FMA(a, ld(x + i) - m, d0);
        d1 = FMA(b, ld(x + i + VL) - m, d1);
    }
    for (; i < width; i += VL) {
        size_t n = width - i;
        vf a = ld_partial(dy + i, n);
        if (weight) a *= ld_partial(weight + i, n);
        s0 += a;
        d0 = FMA(a, ld_partial(x + i, n) - m, d0);
    }
    *sum = hsum(s0 + s1);
    *dot = hsum(d0 + d1);
}

/// dx = (g - mean g - x̂ mean(g x̂)) / s, the first mean only where `centered`; adds dy·x̂ (and dy) to the group.
INLINE void norm_row(
    float *dx, float *dweight, float *dbias, const float *dy, const float *x, const float *weight, float s,
    size_t width, int centered) {
    float mean = centered ? sum_of_row(x, width) / (float)width : 0.0f, inverse = 1.0f / s, sum = 0.0f, dot = 0.0f;
    if (dx) norm_sums(&sum, &dot, dy, x, weight, mean, width);
    vf m = splat(mean), scale = splat(inverse);
    vf shift = splat(centered ? -sum / (float)width : 0.0f), slope = splat(-(dot * inverse / (float)width));
    for (size_t i = 0; i < width; i += VL) {
        size_t n = width - i;
        vf d = ld_partial(dy + i, n), hat = (ld_partial(x + i, n) - m) * scale;
        if (dweight) st_partial(dweight + i, FMA(d, hat, ld_partial(dweight + i, n)), n);
        if (dbias) st_partial(dbias + i, ld_partial(dbias + i, n) + d, n);
        if (!dx) continue;
        if (weight) d *= ld_partial(weight + i, n);
        st_partial(dx + i, FMA(hat, slope, d + shift) * scale, n);
    }
}

INLINE void norm_rows(
    float *dx, double *sums, float *group, const float *dy, const float *x, const float *weight, const float *scale,
    size_t rows, size_t width, int centered) {
    size_t sums_width = centered ? 2 * width : width;
    if (sums) memset(group, 0, sums_width * sizeof(float));
    for (size_t r = 0; r < rows; r++) {
        size_t at = r * width;
        norm_row(
            dx ? dx + at : NULL, sums ? group : NULL, sums && centered ? group + width : NULL, dy + at, x + at, weight,
            scale[r], width, centered);
        if (sums && (r % COLUMN_GROUP == COLUMN_GROUP - 1 || r == rows - 1)) flush_group(sums, group, sums_width);
    }
}

static void rows_rms_norm_backward(
    float *dx, double *sums, float *group, const float *dy, const float *x, const float *weight, const float *scale,
    size_t rows, size_t width) {
    norm_rows(dx, sums, group, dy, x, weight, scale, rows, width, 0);
}

static void rows_layer_norm_backward(
    float *dx, double *sums, float *group, const float *dy, const float *x, const float *weight, const float *scale,
    size_t rows, size_t width) {
    norm_rows(dx, sums, group, dy, x, weight, scale, rows, width, 1);
}

// MARK: Products and scatter

static void rows_multiply(float *y, const float *a, const float *b, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) elements_multiply(y + r * width, a + r * width, b, width);
}

static void rows_scatter_add(
    float *y, const float *x, const int32_t *indices, size_t count, size_t width, size_t first, size_t columns) {
    for (size_t i = 0; i < count; i++) {
        if (indices[i] < 0) continue;
        float *to = y + (size_t)indices[i] * width + first;
        const float *from = x + i * width + first;
        for (size_t c = 0; c < columns; c += VL) {
            st_partial(to + c, ld_partial(to + c, columns - c) + ld_partial(from + c, columns - c), columns - c);
        }
    }
}

// MARK: Cross-entropy

static void rows_cross_entropy(
    float *losses, float *lse, const float *logits, const int32_t *targets, size_t rows, size_t width) {
    double totals[TOTAL_ROWS];
    for (size_t r = 0; r < rows; r++, logits += width) {
        if (r % TOTAL_ROWS == 0) totals_of_rows(totals, logits, rows - r < TOTAL_ROWS ? rows - r : TOTAL_ROWS, width);
        double total = totals[r % TOTAL_ROWS];
        if (lse) lse[r] = (float)total;
        losses[r] = targets[r] < 0 ? 0.0f : (float)(total - (double)logits[targets[r]]);
    }
}

static void rows_cross_entropy_backward(
    float *dlogits, const float *logits, const float *lse, const int32_t *targets, const float *dlosses, size_t rows,
    size_t width) {
    for (size_t r = 0; r < rows; r++, logits += width, dlogits += width) {
        if (targets[r] < 0) {
            memset(dlogits, 0, width * sizeof(float));
            continue;
        }
        vf shift = splat(lse[r]), d = splat(dlosses[r]);
        float right = (vexp(splat(logits[targets[r]]) - shift)[0] - 1.0f) * dlosses[r];
        for (size_t i = 0; i < width; i += VL) {
            st_partial(dlogits + i, vexp(ld_partial(logits + i, width - i) - shift) * d, width - i);
        }
        dlogits[targets[r]] = right;
    }
}

#define PLUMB_TRAINING_ENTRIES \
    .training = { \
        .gelu_tanh_backward = elements_gelu_tanh_backward, .gelu_erf_backward = elements_gelu_erf_backward, \
        .silu_backward = elements_silu_backward, .relu_backward = elements_relu_backward, \
        .tanh_backward = elements_tanh_backward, .sigmoid_backward = elements_sigmoid_backward, \
        .maximum = elements_maximum, .minimum = elements_minimum, .sqrt = elements_sqrt, .rsqrt = elements_rsqrt, \
        .abs = elements_abs, .sin = elements_sin, .cos = elements_cos, .erf = elements_erf, \
        .softplus = elements_softplus, .axpy = elements_axpy, .all_finite = elements_all_finite, \
        .silu_multiply_backward = rows_silu_multiply_backward, .adam = step_adam, .sgd = step_sgd, .lion = step_lion, \
        .softmax_backward = rows_softmax_backward, .log_softmax_backward = rows_log_softmax_backward, \
        .rms_norm_backward = rows_rms_norm_backward, .layer_norm_backward = rows_layer_norm_backward, \
        .add_columns = rows_add_columns, .sum_rows = rows_sum, .multiply_rows = rows_multiply, \
        .scatter_add_rows = rows_scatter_add, .cross_entropy = rows_cross_entropy, \
        .cross_entropy_backward = rows_cross_entropy_backward},
