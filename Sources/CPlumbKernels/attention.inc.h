// Attention for rows of one segment under one key-value head.
//
// The query heads that share the head's keys and values go together: a block is up to ROWS_AT_ONCE (row, query head)
// pairs, rows outermost. For each block: scores against panels of 32 keys, one softmax a row, then the mix of values.
//
// What fixes the bits of a row: a score is one chain of fused products over the width, scaled once; a row's sum of
// exponentials runs by key index; a mixed element is one chain over the keys. Keys after a row's own position weigh
// exactly 0 in its block's mix, which changes nothing as long as their values are finite; where a result is not, each
// row mixes its last keys alone.
#include "attention.h"

enum {
    ROWS_AT_ONCE = VL == 16 ? 14 : 6,
    /// Up to this many rows a mix takes four vectors of the width at once.
    FEW_ROWS = VL == 16 ? 6 : 2
};

// MARK: Transposing keys into panels (transpose: matmul_pack.inc.h)

/// `count` keys (at most VL) into the lanes from `column` on, a multiple of VL.
static void pack_aligned(float *column, size_t width, size_t count, const float *k, size_t k_stride) {
    size_t p = 0;
    for (; p + VL <= width; p += VL) {
        vu a[VL];
        const float *from = k + p;
        if (count == VL) {
            UNROLL for (int i = 0; i < VL; i++) {
                a[i] = ldu(from);
                // The same line of the key VL rows on, for the next call.
                __builtin_prefetch(from + VL * k_stride);
                from += k_stride;
            }
            transpose(a);
            UNROLL for (int i = 0; i < VL; i++) st(column + (p + (size_t)i) * PANEL, (vf)a[i]);
        } else {
            for (size_t i = 0; i < VL; i++) a[i] = ldu(from + (i < count ? i : 0) * k_stride);
            transpose(a);
            for (size_t i = 0; i < VL; i++) st_partial(column + (p + i) * PANEL, (vf)a[i], count);
        }
    }
    for (; p < width; p++) {
        for (size_t i = 0; i < count; i++) column[p * PANEL + i] = k[i * k_stride + p];
    }
}

/// Rows of one head's keys into its panels [.. / 32][width][32], at positions first ..< first + rows.
static void attention_pack_keys(
    float *panels, size_t width, size_t first, size_t rows, const float *k, size_t k_stride) {
    for (size_t r = 0; r < rows;) {
        size_t position = first + r, lane = position % VL;
        size_t count = VL - lane < rows - r ? VL - lane : rows - r;
        float *column = panels + position / PANEL * PANEL * width + position % PANEL;
        const float *from = k + r * k_stride;
        if (lane == 0 && count >= 4) {
            pack_aligned(column, width, count, from, k_stride);
        } else {
            for (size_t i = 0; i < count; i++) {
                for (size_t p = 0; p < width; p++) column[p * PANEL + i] = from[i * k_stride + p];
            }
        }
        r += count;
    }
}

// MARK: Tiles

/// s[i][0 ..< nv·VL] = scale · (s[i] if it continues + Σ_p q[i][p] · keys[p]) for m rows.
INLINE void score_tile(
    const size_t m, const int nv, const float *q, const float *keys, size_t width, float *s, int continues,
    float scale) {
    vf sum[MOST_ROWS][2];
    UNROLL for (size_t i = 0; i < m; i++) {
        UNROLL for (int v = 0; v < nv; v++) sum[i][v] = splat(0.0f);
    }
    if (continues) {
        UNROLL for (size_t i = 0; i < m; i++) {
            UNROLL for (int v = 0; v < nv; v++) sum[i][v] = ld(s + i * KEY_BLOCK + v * VL);
        }
    }
    for (size_t p = 0; p < width; p++) {
        vf key[2];
        UNROLL for (int v = 0; v < nv; v++) {
            key[v] = ld(keys + p * PANEL + v * VL);
            // With few rows the panels come from memory as fast as it gives them.
            if (m <= FEW_ROWS) __builtin_prefetch(keys + (p + 64) * PANEL + v * VL);
        }
        UNROLL for (size_t i = 0; i < m; i++) {
            vf x = splat(q[i * QUERY_CHUNK + p]);
            UNROLL for (int v = 0; v < nv; v++) sum[i][v] = FMA(x, key[v], sum[i][v]);
        }
    }
    UNROLL for (size_t i = 0; i < m; i++) {
        UNROLL for (int v = 0; v < nv; v++) st(s + i * KEY_BLOCK + v * VL, sum[i][v] * splat(scale));
    }
}

/// z[i][0 ..< nv·VL] = (z[i] if it continues) + Σ_j p[i][j] · values[j] for m rows.
INLINE void mix_tile(
    const size_t m, const int nv, const float *p, const float *values, size_t stride, size_t keys, float *z,
    size_t z_stride, int continues) {
    vf sum[MOST_ROWS][4];
    UNROLL for (size_t i = 0; i < m; i++) {
        UNROLL for (int v = 0; v < nv; v++) sum[i][v] = splat(0.0f);
    }
    if (continues) {
        UNROLL for (size_t i = 0; i < m; i++) {
            UNROLL for (int v = 0; v < nv; v++) sum[i][v] = ld(z + i * z_stride + v * VL);
        }
    }
    for (size_t j = 0; j < keys; j++) {
        vf value[4];
        UNROLL for (int v = 0; v < nv; v++) {
            value[v] = ld(values + v * VL);
            __builtin_prefetch(values + 16 * stride + v * VL);
        }
        values += stride;
        UNROLL for (size_t i = 0; i < m; i++) {
            vf x = splat(p[i * KEY_BLOCK + j]);
            UNROLL for (int v = 0; v < nv; v++) sum[i][v] = FMA(x, value[v], sum[i][v]);
        }
    }
    UNROLL for (size_t i = 0; i < m; i++) {
        UNROLL for (int v = 0; v < nv; v++) st(z + i * z_stride + v * VL, sum[i][v]);
    }
}

/// The same for the last `lanes` elements of a width that is no multiple of VL.
INLINE void mix_rest(
    const size_t m, size_t lanes, const float *p, const float *values, size_t stride, size_t keys, float *z,
    size_t z_stride, int continues) {
    vf sum[MOST_ROWS];
    UNROLL for (size_t i = 0; i < m; i++) sum[i] = splat(0.0f);
    if (continues) {
        UNROLL for (size_t i = 0; i < m; i++) sum[i] = ld(z + i * z_stride);
    }
    for (size_t j = 0; j < keys; j++) {
        vf value = ld_partial(values, lanes);
        values += stride;
        UNROLL for (size_t i = 0; i < m; i++) sum[i] = FMA(splat(p[i * KEY_BLOCK + j]), value, sum[i]);
    }
    UNROLL for (size_t i = 0; i < m; i++) st(z + i * z_stride, sum[i]);
}

#if VL == 16
#define EACH_ROW_COUNT(CASE) \
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
#else
#define EACH_ROW_COUNT(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#endif

static void score_two(
    size_t m, const float *q, const float *keys, size_t width, float *s, int continues, float scale) {
#define CASE(M) \
    case M: score_tile(M, 2, q, keys, width, s, continues, scale); break;
    switch (m) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

static void score_one(
    size_t m, const float *q, const float *keys, size_t width, float *s, int continues, float scale) {
#define CASE(M) \
    case M: score_tile(M, 1, q, keys, width, s, continues, scale); break;
    switch (m) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

static void mix_four(
    size_t m, const float *p, const float *values, size_t stride, size_t keys, float *z, size_t z_stride,
    int continues) {
#define CASE(M) \
    case M: \
        if (M <= FEW_ROWS) mix_tile(M, 4, p, values, stride, keys, z, z_stride, continues); \
        break;
    switch (m) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

static void mix_two(
    size_t m, const float *p, const float *values, size_t stride, size_t keys, float *z, size_t z_stride,
    int continues) {
#define CASE(M) \
    case M: mix_tile(M, 2, p, values, stride, keys, z, z_stride, continues); break;
    switch (m) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

static void mix_last(
    size_t m, size_t lanes, const float *p, const float *values, size_t stride, size_t keys, float *z,
    size_t z_stride, int continues) {
#define CASE(M) \
    case M: mix_rest(M, lanes, p, values, stride, keys, z, z_stride, continues); break;
    switch (m) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

// MARK: One block of rows

typedef struct {
    const plumb_attention_call *call;
    const plumb_attention_segment *segment;
    size_t kv_head;
    float *panels;         // own keys, from position first / 32 · 32 on
    float *probabilities;  // [.. / KEY_BLOCK][MOST_ROWS][KEY_BLOCK]
    float *queries;
    float *mixed;
} attention_state;

typedef struct {
    size_t count;
    size_t row[MOST_ROWS], head[MOST_ROWS];
    /// Keys up to row i's own, and the most of any row; the first that some row's window shows.
    size_t keys[MOST_ROWS], most_keys, first_key;
} row_block;

INLINE float *probabilities_at(const attention_state *state, size_t i, size_t key) {
    return state->probabilities + key / KEY_BLOCK * (MOST_ROWS * KEY_BLOCK) + i * KEY_BLOCK + key % KEY_BLOCK;
}

INLINE void copy_floats(float *to, const float *from, size_t count) {
    for (size_t i = 0; i < count; i += VL) st_partial(to + i, ld_partial(from + i, count - i), count - i);
}

INLINE void fill_floats(float *to, float value, size_t count) {
    for (size_t i = 0; i < count; i += VL) st_partial(to + i, splat(value), count - i);
}

static void score_block(const attention_state *state, const row_block *block) {
    const plumb_attention_segment *segment = state->segment;
    size_t width = state->call->width, whole = segment->first / PANEL;
    const float *prefix = whole > 0 ? segment->prefix_k + state->kv_head * segment->prefix_capacity * width : NULL;
    for (size_t p = 0; p < width; p += QUERY_CHUNK) {
        size_t chunk = width - p < QUERY_CHUNK ? width - p : QUERY_CHUNK;
        for (size_t i = 0; i < block->count; i++) {
            const float *q = segment->q + block->row[i] * segment->q_stride + block->head[i] * width + p;
            copy_floats(state->queries + i * QUERY_CHUNK, q, chunk);
        }
        float scale = p + chunk == width ? state->call->scale : 1.0f;
        for (size_t key = block->first_key / (2 * VL) * (2 * VL); key < block->most_keys; key += 2 * VL) {
            size_t panel = key / PANEL;
            const float *keys = panel < whole ? prefix + panel * PANEL * width
                                              : state->panels + (panel - whole) * PANEL * width;
            keys += p * PANEL + key % PANEL;
            float *s = probabilities_at(state, 0, key);
            if (block->most_keys - key > VL) {
                score_two(block->count, state->queries, keys, chunk, s, p > 0, scale);
            } else {
                score_one(block->count, state->queries, keys, chunk, s, p > 0, scale);
            }
        }
    }
}

/// The first key that row i's window shows.
INLINE size_t first_key(const attention_state *state, const row_block *block, size_t i) {
    size_t window = state->call->window;
    return window > 0 && block->keys[i] > window ? block->keys[i] - window : 0;
}

/// Keys before row i's window become `hidden`.
static void hide_keys(const attention_state *state, const row_block *block, float hidden) {
    if (state->call->window == 0) return;
    for (size_t i = 0; i < block->count; i++) {
        size_t first = first_key(state, block, i);
        for (size_t j = 0; j < first; j += VL) st_partial(probabilities_at(state, i, j), splat(hidden), first - j);
    }
}

static void cap_scores(const attention_state *state, const row_block *block) {
    float cap = state->call->soft_cap;
    if (!(cap > 0.0f)) return;
    vf inverse = splat(1.0f / cap);
    for (size_t i = 0; i < block->count; i++) {
        for (size_t j = block->first_key / VL * VL; j < block->keys[i]; j += VL) {
            float *s = probabilities_at(state, i, j);
            st(s, vtanh(ld(s) * inverse) * splat(cap));
        }
    }
}

/// Softmax of a row over its n keys, KEY_BLOCK of them every `block` floats; zeros from n to `end`.
INLINE void softmax_row(float *begin, const size_t block, size_t n, size_t end) {
    const float least = -__builtin_inff();
    float *row = begin;
    vf largest = splat(least), other = largest;
    for (size_t j = 0; j < n; j += KEY_BLOCK, row += block) {
        size_t count = n - j < KEY_BLOCK ? n - j : KEY_BLOCK, c = 0;
        for (; c + 2 * VL <= count; c += 2 * VL) {
            largest = vmax(ld(row + c), largest);
            other = vmax(ld(row + c + VL), other);
        }
        for (; c < count; c += VL) largest = vmax(keep_first(ld(row + c), count - c, least), largest);
    }
    float m = hmax(vmax(largest, other));
    // A row of -infinity alone has nothing to shift by; its exponentials are all 0.
    vf shift = splat(m == least ? 0.0f : m), even = splat(0.0f), odd = even;
    row = begin;
    for (size_t j = 0; j < n; j += KEY_BLOCK, row += block) {
        size_t count = n - j < KEY_BLOCK ? n - j : KEY_BLOCK, c = 0;
        for (; c + 2 * VL <= count; c += 2 * VL) {
            vf a = vexp(ld(row + c) - shift), b = vexp(ld(row + c + VL) - shift);
            st(row + c, a);
            st(row + c + VL, b);
            even += a;
            odd += b;
        }
        for (vf *sum = &even; c < count; c += VL, sum = &odd) {
            vf a = vexp(keep_first(ld(row + c), count - c, least) - shift);
            st(row + c, a);
            *sum += a;
        }
    }
    float sum = hsum(even + odd);
    vf factor = splat(sum == 0.0f ? 0.0f : 1.0f / sum);
    row = begin;
    for (size_t j = 0; j < end; j += KEY_BLOCK, row += block) {
        size_t count = n < j ? 0 : n - j < KEY_BLOCK ? n - j : KEY_BLOCK, c = 0;
        size_t room = end - j < KEY_BLOCK ? end - j : KEY_BLOCK;
        for (; c < count; c += VL) st(row + c, ld(row + c) * factor);
        for (; c < room; c += VL) st(row + c, splat(0.0f));
    }
}

/// Keys from ..< to of the block's rows i ..< i + m, added to what was mixed before if it continues.
static void mix_keys(const attention_state *state, size_t i, size_t m, size_t from, size_t to, int continues) {
    const plumb_attention_segment *segment = state->segment;
    size_t width = state->call->width, z_stride = mixed_stride(width), offset = state->kv_head * width;
    for (size_t key = from; key < to;) {
        size_t end = (key / KEY_BLOCK + 1) * KEY_BLOCK;
        if (end > to) end = to;
        size_t stride = segment->v_stride;
        const float *values;
        if (key < segment->first) {
            if (end > segment->first) end = segment->first;
            stride = state->call->kv_heads * width;
            values = segment->prefix_v + key * stride + offset;
        } else {
            values = segment->v + (key - segment->first) * stride + offset;
        }
        const float *p = probabilities_at(state, i, key);
        float *z = state->mixed + i * z_stride;
        size_t e = 0;
        if (m <= FEW_ROWS) {
            for (; e + 4 * VL <= width; e += 4 * VL) mix_four(m, p, values + e, stride, end - key, z + e, z_stride, continues);
        }
        for (; e + 2 * VL <= width; e += 2 * VL) mix_two(m, p, values + e, stride, end - key, z + e, z_stride, continues);
        for (; e < width; e += VL) mix_last(m, width - e, p, values + e, stride, end - key, z + e, z_stride, continues);
        continues = 1;
        key = end;
    }
}

/// Copies a mixed row out; the result stops being 0 where an element is not finite.
INLINE vf copy_mixed(float *to, const float *from, size_t width, vf check) {
    for (size_t e = 0; e < width; e += VL) {
        // Adding 0 makes a negative zero positive, as a later key's weight of 0 may or may not have done.
        vf v = keep_first(ld(from + e), width - e, 0.0f) + splat(0.0f);
        check += v * splat(0.0f);
        st_partial(to + e, v, width - e);
    }
    return check;
}

/// Copies mixed rows out. False if one is not finite.
static int store_mixed(const attention_state *state, const row_block *block) {
    size_t width = state->call->width;
    vf check = splat(0.0f);
    for (size_t i = 0; i < block->count; i++) {
        float *z = state->segment->z + block->row[i] * state->segment->z_stride + block->head[i] * width;
        check = copy_mixed(z, state->mixed + i * mixed_stride(width), width, check);
    }
    return hsum(check) == 0.0f;
}

static void mix_block(const attention_state *state, const row_block *block) {
    // Keys before every row's window weigh 0.
    size_t from = block->first_key / KEY_BLOCK * KEY_BLOCK;
    mix_keys(state, 0, block->count, from, block->most_keys, 0);
    int finite = store_mixed(state, block);
    if (finite || block->keys[0] == block->most_keys) return;
    // Perhaps a row met a later key's infinity or NaN: once more, each row's last keys for itself.
    mix_keys(state, 0, block->count, from, block->keys[0], 0);
    for (size_t i = 0; i < block->count; i++) mix_keys(state, i, 1, block->keys[0], block->keys[i], 1);
    store_mixed(state, block);
}

// MARK: Rows kept outside

INLINE float *outside_row(const attention_state *state, const row_block *block, size_t i, float *rows) {
    return rows + (block->row[i] * state->call->heads + block->head[i]) * state->segment->key_stride;
}

/// Copies the block's rows out, `rest` after each row's last key.
static void store_rows(const attention_state *state, const row_block *block, float *rows, float rest) {
    if (!rows) return;
    for (size_t i = 0; i < block->count; i++) {
        float *to = outside_row(state, block, i, rows);
        size_t n = block->keys[i];
        for (size_t j = 0; j < n; j += KEY_BLOCK) {
            copy_floats(to + j, probabilities_at(state, i, j), n - j < KEY_BLOCK ? n - j : KEY_BLOCK);
        }
        fill_floats(to + n, rest, state->segment->key_stride - n);
    }
}

/// Fetches them back, zeros after each row's last key.
static void load_rows(const attention_state *state, const row_block *block, float *rows) {
    for (size_t i = 0; i < block->count; i++) {
        const float *from = outside_row(state, block, i, rows);
        size_t n = block->keys[i];
        for (size_t j = 0; j < block->most_keys; j += VL) {
            st(probabilities_at(state, i, j), j < n ? ld_partial(from + j, n - j) : splat(0.0f));
        }
    }
}

// MARK: One unit

/// The segment's own keys of rows 0 ..< rows, after the prefix's keys of the panel they begin in.
static void pack_own_keys(const attention_state *state, size_t rows) {
    const plumb_attention_segment *segment = state->segment;
    size_t width = state->call->width, lead = segment->first % PANEL;
    if (lead > 0) {
        const float *prefix = segment->prefix_k
            + (state->kv_head * segment->prefix_capacity + segment->first - lead) * width;
        for (size_t p = 0; p < width; p++) {
            for (size_t c = 0; c < lead; c += VL) st(state->panels + p * PANEL + c, ld(prefix + p * PANEL + c));
        }
    }
    attention_pack_keys(
        state->panels, width, lead, rows, segment->k + state->kv_head * width, segment->k_stride);
}

/// Fetches the lines that this block writes and, the rows being evenly spaced, those of the next block's queries.
static void prefetch_rows(const attention_state *state, const row_block *block) {
    const plumb_attention_segment *segment = state->segment;
    size_t width = state->call->width, next = block->row[block->count - 1] - block->row[0] + 1;
    for (size_t i = 0; i < block->count; i++) {
        size_t z = block->row[i] * segment->z_stride + block->head[i] * width;
        size_t q = (block->row[i] + next) * segment->q_stride + block->head[i] * width;
        for (size_t e = 0; e < width; e += 16) {
            __builtin_prefetch(segment->z + z + e, 1);
            if (block->row[i] + next < segment->rows) __builtin_prefetch(segment->q + q + e);
        }
    }
}

static void run_block(const attention_state *state, const row_block *block) {
    int stages = state->call->stages;
    const plumb_attention_segment *segment = state->segment;
    if (stages == PLUMB_ATTEND_ALL && block->count > FEW_ROWS) prefetch_rows(state, block);
    if (stages & PLUMB_ATTEND_SCORES) {
        score_block(state, block);
        cap_scores(state, block);
        hide_keys(state, block, -__builtin_inff());
        store_rows(state, block, segment->scores, -__builtin_inff());
    }
    if (stages & PLUMB_ATTEND_SOFTMAX) {
        if (!(stages & PLUMB_ATTEND_SCORES)) {
            load_rows(state, block, segment->scores);
            hide_keys(state, block, -__builtin_inff());
        }
        for (size_t i = 0; i < block->count; i++) {
            softmax_row(probabilities_at(state, i, 0), MOST_ROWS * KEY_BLOCK, block->keys[i], block->most_keys);
        }
        store_rows(state, block, segment->pattern, 0.0f);
    }
    if (stages & PLUMB_ATTEND_MIX) {
        if (!(stages & PLUMB_ATTEND_SOFTMAX)) {
            load_rows(state, block, segment->pattern);
            hide_keys(state, block, 0.0f);
        }
        mix_block(state, block);
    }
}

static void attention_unit(
    const plumb_attention_call *call, const plumb_attention_segment *segment, size_t kv_head, size_t first_row,
    size_t end_row, float *scratch) {
    size_t own = call->all_keys ? segment->rows : end_row, group = call->heads / call->kv_heads;
    attention_state state = {.call = call, .segment = segment, .kv_head = kv_head, .panels = scratch};
    state.probabilities = state.panels + scratch_panels(segment->first, own, call->width);
    state.queries = state.probabilities + scratch_probabilities(segment->first + own);
    state.mixed = state.queries + scratch_queries();
    if (call->stages & PLUMB_ATTEND_SCORES) pack_own_keys(&state, own);

    size_t end = end_row * group, pairs = end - first_row * group;
    size_t blocks = (pairs + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, each = (pairs + blocks - 1) / blocks;
    size_t row = first_row, head = 0;
    for (size_t pair = first_row * group; pair < end; pair += each) {
        row_block block;
        block.count = end - pair < each ? end - pair : each;
        for (size_t i = 0; i < block.count; i++) {
            block.row[i] = row;
            block.head[i] = kv_head * group + head;
            block.keys[i] = call->all_keys ? own : segment->first + row + 1;
            head++;
            if (head == group) {
                head = 0;
                row++;
            }
        }
        block.most_keys = block.keys[block.count - 1];
        block.first_key = first_key(&state, &block, 0);
        run_block(&state, &block);
    }
}

#define PLUMB_ATTENTION_ENTRIES .attention_unit = attention_unit, .attention_pack_keys = attention_pack_keys,
