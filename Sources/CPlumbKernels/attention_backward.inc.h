// The gradient of attention for one query head of one segment.
//
// Rows go BACKWARD_ROWS at a time. Their scores are computed again and become the pattern P, then dz·vᵀ becomes dS;
// of both only these rows are ever held. dq of the rows is then dS·k, and the rows are added to dv and dk, tiles of
// keys in registers. Where attention is causal, work above the diagonal is left out by tiles.
//
// What fixes the bits: a score, a dq element and an element of dv or dk are each one chain of fused products, over
// the width, the keys and the rows; a row's sums run by key index.
#include "attention.h"

// MARK: Tiles

/// sum[i][0 ..< nv·VL] += Σ_r p[r][i] · x[r] for m keys.
INLINE void gather_tile(
    const size_t m, const int nv, const float *p, const float *x, size_t rows, float *sums, size_t stride) {
    vf sum[MOST_ROWS][2];
    UNROLL for (size_t i = 0; i < m; i++) {
        UNROLL for (int v = 0; v < nv; v++) sum[i][v] = ld(sums + i * stride + v * VL);
    }
    for (size_t r = 0; r < rows; r++) {
        vf value[2];
        UNROLL for (int v = 0; v < nv; v++) value[v] = ld(x + r * QUERY_CHUNK + v * VL);
        UNROLL for (size_t i = 0; i < m; i++) {
            vf weight = splat(p[r * KEY_BLOCK + i]);
            UNROLL for (int v = 0; v < nv; v++) sum[i][v] = FMA(weight, value[v], sum[i][v]);
        }
    }
    UNROLL for (size_t i = 0; i < m; i++) {
        UNROLL for (int v = 0; v < nv; v++) st(sums + i * stride + v * VL, sum[i][v]);
    }
}

static void gather_two(size_t m, const float *p, const float *x, size_t rows, float *sums, size_t stride) {
#define CASE(M) \
    case M: gather_tile(M, 2, p, x, rows, sums, stride); break;
    switch (m) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

static void gather_one(size_t m, const float *p, const float *x, size_t rows, float *sums, size_t stride) {
#define CASE(M) \
    case M: gather_tile(M, 1, p, x, rows, sums, stride); break;
    switch (m) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

// MARK: Some rows

typedef struct {
    const plumb_attention_backward_call *call;
    const plumb_attention_backward_segment *segment;
    size_t head, kv_head;
    float *key_panels, *value_panels;
    float *pattern, *gradient;
    float *queries, *dz;
    float *dq;
    float *dk, *dv;
    /// The rows at hand and the keys that any of them sees.
    size_t first, count, keys;
} backward_state;

INLINE size_t pattern_at(size_t i, size_t key) {
    return key / KEY_BLOCK * (BACKWARD_ROWS * KEY_BLOCK) + i * KEY_BLOCK + key % KEY_BLOCK;
}
/// Keys that row i of those at hand sees.
INLINE size_t keys_of(const backward_state *state, size_t i) {
    return state->call->all_keys ? state->segment->rows : state->first + i + 1;
}
/// Tiles that n rows or keys take, and the size of the next where `left` remain for `parts`, as equal as can be.
INLINE size_t parts_of_rows(size_t n) { return (n + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE; }
INLINE size_t next_part(size_t left, size_t parts) {
    return parts <= 1 ? left : ((uint32_t)left + (uint32_t)parts - 1) / (uint32_t)parts;
}

/// The rows at hand of one head as [.. / QUERY_CHUNK][BACKWARD_ROWS][QUERY_CHUNK], zeros after the width up to VL.
static void copy_rows(const backward_state *state, float *to, const float *from, size_t stride) {
    size_t width = state->call->width;
    for (size_t i = 0; i < state->count; i++) {
        const float *row = from + (state->first + i) * stride + state->head * width;
        for (size_t e = 0; e < width; e += VL) {
            float *at = to + (e / QUERY_CHUNK * BACKWARD_ROWS + i) * QUERY_CHUNK + e % QUERY_CHUNK;
            st(at, ld_partial(row + e, width - e));
        }
    }
}

/// result[i][key] = scale · x[i] · panels[key] for the rows i ..< i + m.
static void product_with_panels(
    const backward_state *state, size_t i, size_t m, const float *x, const float *panels, float *result,
    float factor) {
    size_t width = state->call->width, keys = keys_of(state, i + m - 1);
    for (size_t p = 0; p < width; p += QUERY_CHUNK) {
        size_t chunk = width - p < QUERY_CHUNK ? width - p : QUERY_CHUNK;
        float scale = p + chunk == width ? factor : 1.0f;
        const float *rows = x + (p / QUERY_CHUNK * BACKWARD_ROWS + i) * QUERY_CHUNK;
        for (size_t key = 0; key < keys; key += 2 * VL) {
            const float *from = panels + key / PANEL * PANEL * width + p * PANEL + key % PANEL;
            float *to = result + pattern_at(i, key);
            if (keys - key > VL) {
                score_two(m, rows, from, chunk, to, p > 0, scale);
            } else {
                score_one(m, rows, from, chunk, to, p > 0, scale);
            }
        }
    }
}

/// Makes row i of dz·vᵀ the gradient of its scores, zeros after its keys.
static void differentiate_softmax(const backward_state *state, size_t i) {
    size_t n = keys_of(state, i), whole = n / VL * VL;
    vf even = splat(0.0f), odd = even, scale = splat(state->call->scale);
    for (size_t block = 0; block < n; block += KEY_BLOCK) {
        const float *p = state->pattern + pattern_at(i, block), *d = state->gradient + pattern_at(i, block);
        size_t count = n - block < KEY_BLOCK ? n - block : KEY_BLOCK, j = 0;
        for (; j + 2 * VL <= count; j += 2 * VL) {
            even = FMA(ld(p + j), ld(d + j), even);
            odd = FMA(ld(p + j + VL), ld(d + j + VL), odd);
        }
        for (; j < count; j += VL) even = FMA(ld(p + j), keep_first(ld(d + j), count - j, 0.0f), even);
    }
    vf mean = splat(hsum(even + odd));
    for (size_t block = 0; block < state->keys; block += KEY_BLOCK) {
        const float *p = state->pattern + pattern_at(i, block);
        float *d = state->gradient + pattern_at(i, block);
        size_t room = state->keys - block < KEY_BLOCK ? state->keys - block : KEY_BLOCK, j = 0;
        for (; j < room && block + j < whole; j += VL) st(d + j, ld(p + j) * (ld(d + j) - mean) * scale);
        if (j < room && block + j < n) {
            st(d + j, keep_first(ld(p + j) * (ld(d + j) - mean) * scale, n - block - j, 0.0f));
            j += VL;
        }
        for (; j < room; j += VL) st(d + j, splat(0.0f));
    }
}

/// dq = dS·k for the rows i ..< i + m.
static void query_gradient(const backward_state *state, size_t i, size_t m) {
    const plumb_attention_backward_segment *segment = state->segment;
    size_t width = state->call->width, stride = segment->k_stride, keys = keys_of(state, i + m - 1);
    float *dq = state->dq;
    size_t dq_stride = mixed_stride(width);
    for (size_t key = 0; key < keys; key += KEY_BLOCK) {
        size_t n = keys - key < KEY_BLOCK ? keys - key : KEY_BLOCK, e = 0;
        const float *p = state->gradient + pattern_at(i, key);
        const float *k = segment->k + key * stride + state->kv_head * width;
        for (; e + 2 * VL <= width; e += 2 * VL) mix_two(m, p, k + e, stride, n, dq + e, dq_stride, key > 0);
        for (; e < width; e += VL) mix_last(m, width - e, p, k + e, stride, n, dq + e, dq_stride, key > 0);
    }
    vf check = splat(0.0f);
    for (size_t r = 0; r < m; r++) {
        float *to = segment->dq + (state->first + i + r) * segment->dq_stride + state->head * width;
        check = copy_mixed(to, dq + r * dq_stride, width, check);
    }
    if (hsum(check) == 0.0f || keys_of(state, i) == keys) return;
    // Perhaps a row met a later key's infinity or NaN: once more, each row for itself.
    for (size_t r = 0; r < m; r++) query_gradient(state, i + r, 1);
}

/// The first of the rows at hand that sees a key.
INLINE size_t first_row_of(const backward_state *state, size_t key) {
    return state->call->all_keys || key <= state->first ? 0 : key - state->first;
}

/// Adds pᵀ·x, over the rows row ..< end of those at hand, to the sums of m keys of one block.
static void gather_keys(
    const backward_state *state, const float *p, const float *x, float *sums, size_t key, size_t m, size_t row,
    size_t end) {
    size_t width = state->call->width, stride = mixed_stride(width);
    const float *weights = p + pattern_at(row, key);
    float *to = sums + key * stride;
    for (size_t e = 0; e < width; e += 2 * VL) {
        const float *values = x + (e / QUERY_CHUNK * BACKWARD_ROWS + row) * QUERY_CHUNK + e % QUERY_CHUNK;
        if (width - e > VL) {
            gather_two(m, weights, values, end - row, to + e, stride);
        } else {
            gather_one(m, weights, values, end - row, to + e, stride);
        }
    }
}

/// Adds pᵀ·x, over the rows at hand, to the keys' sums.
static void gather_rows(const backward_state *state, const float *p, const float *x, float *sums) {
    for (size_t block = 0; block < state->keys; block += KEY_BLOCK) {
        size_t end = state->keys - block < KEY_BLOCK ? state->keys : block + KEY_BLOCK;
        size_t parts = parts_of_rows(end - block), m;
        for (size_t key = block; key < end; key += m, parts--) {
            m = next_part(end - key, parts);
            size_t all = first_row_of(state, key + m - 1);
            // Rows that see only some of these keys go to those alone: 0 times infinity or NaN is not 0.
            for (size_t j = 0; all > 0 && j + 1 < m; j++) {
                gather_keys(state, p, x, sums, key + j, 1, first_row_of(state, key + j), all);
            }
            gather_keys(state, p, x, sums, key, m, all, state->count);
        }
    }
}

static void differentiate_rows(const backward_state *state) {
    const plumb_attention_backward_segment *segment = state->segment;
    copy_rows(state, state->queries, segment->q, segment->q_stride);
    copy_rows(state, state->dz, segment->dz, segment->dz_stride);
    size_t parts = parts_of_rows(state->count), m;
    for (size_t i = 0; i < state->count; i += m, parts--) {
        m = next_part(state->count - i, parts);
        product_with_panels(state, i, m, state->queries, state->key_panels, state->pattern, state->call->scale);
        product_with_panels(state, i, m, state->dz, state->value_panels, state->gradient, 1.0f);
        for (size_t r = i; r < i + m; r++) {
            softmax_row(
                state->pattern + pattern_at(r, 0), BACKWARD_ROWS * KEY_BLOCK, keys_of(state, r), state->keys);
            differentiate_softmax(state, r);
        }
        query_gradient(state, i, m);
    }
    gather_rows(state, state->pattern, state->dz, state->dv);
    gather_rows(state, state->gradient, state->queries, state->dk);
}

static void attention_backward_head(
    const plumb_attention_backward_call *call, const plumb_attention_backward_segment *segment, size_t head,
    float *scratch, float *dk, float *dv) {
    size_t width = call->width, rows = segment->rows, panels = scratch_panels(0, rows, width);
    size_t pattern = backward_pattern(rows), held = backward_rows(width);
    backward_state state = {.call = call, .segment = segment, .head = head, .dk = dk, .dv = dv};
    state.kv_head = head / (call->heads / call->kv_heads);
    state.key_panels = scratch;
    state.value_panels = state.key_panels + panels;
    state.pattern = state.value_panels + panels;
    state.gradient = state.pattern + pattern;
    state.queries = state.gradient + pattern;
    state.dz = state.queries + held;
    state.dq = state.dz + held;
    attention_pack_keys(state.key_panels, width, 0, rows, segment->k + state.kv_head * width, segment->k_stride);
    attention_pack_keys(state.value_panels, width, 0, rows, segment->v + state.kv_head * width, segment->v_stride);
    memset(dk, 0, rows * mixed_stride(width) * sizeof(float));
    memset(dv, 0, rows * mixed_stride(width) * sizeof(float));
    for (state.first = 0; state.first < rows; state.first += BACKWARD_ROWS) {
        state.count = rows - state.first < BACKWARD_ROWS ? rows - state.first : BACKWARD_ROWS;
        state.keys = keys_of(&state, state.count - 1);
        differentiate_rows(&state);
    }
}

#define PLUMB_ATTENTION_BACKWARD_ENTRIES .attention_backward_head = attention_backward_head,
