// The public entries of attention: how a call's segments become chunks of about equal work.
//
// A unit is one segment under one key-value head. Long units are cut by rows (each cut packs the keys it sees again,
// a few per cent) and go first, the costliest first; short ones are gathered several to a chunk. None of this can
// be seen in the result.
#include "attention.h"

#include <stdlib.h>

#include "kernels.h"

enum {
    // Fused multiply-adds: below this a call runs where it is, and a chunk holds at least so much.
    SERIAL_WORK = 150000, LEAST_WORK = 100000,
    // What a unit costs besides, in the same coin.
    UNIT_WORK = 4000,
    CHUNKS_A_THREAD = 4, MOST_PARTS = 64, CHUNKS_ON_STACK = 64
};

/// Rows of one long unit, or (units > 0) that many units that follow one another, key-value heads innermost.
typedef struct {
    size_t segment, kv_head;
    size_t first_row, end_row;
    size_t units;
} attention_chunk;

typedef struct {
    const plumb_attention_call *call;
    size_t scratch;  // floats
    double quantum;
    attention_chunk *chunks;
    size_t count;
} attention_plan;

static double work_of_rows(
    const plumb_attention_call *call, const plumb_attention_segment *segment, size_t from, size_t to) {
    double rows = (double)(to - from), keys = (double)segment->first + ((double)from + (double)to + 1.0) / 2.0;
    if (call->all_keys) keys = (double)segment->rows;
    double group = (double)(call->heads / call->kv_heads);
    return 2.0 * (double)call->width * (rows * group * keys + (double)to);
}

static double work_of_unit(const plumb_attention_call *call, const plumb_attention_segment *segment) {
    if (segment->rows == 0) return 0.0;
    return work_of_rows(call, segment, 0, segment->rows) + UNIT_WORK;
}

// MARK: Running

static float *obtain_scratch(size_t floats) {
    float *scratch = plumb_buffer_allocate(floats * sizeof(float));
    if (!scratch) abort();  // out of memory for a few rows of scores: nothing sensible is left to do
    return scratch;
}

static void run_units(const attention_plan *plan, size_t segment, size_t kv_head, size_t units) {
    const plumb_attention_call *call = plan->call;
    float *scratch = obtain_scratch(plan->scratch);
    while (units > 0) {
        const plumb_attention_segment *at = &call->segment[segment];
        if (at->rows > 0) plumb_kernels()->attention_unit(call, at, kv_head, 0, at->rows, scratch);
        units--;
        if (++kv_head == call->kv_heads) {
            kv_head = 0;
            segment++;
        }
    }
    plumb_buffer_release(scratch);
}

static void run_chunk(void *context, size_t index) {
    const attention_plan *plan = context;
    const attention_chunk *chunk = &plan->chunks[index];
    if (chunk->units > 0) {
        run_units(plan, chunk->segment, chunk->kv_head, chunk->units);
        return;
    }
    float *scratch = obtain_scratch(plan->scratch);
    plumb_kernels()->attention_unit(
        plan->call, &plan->call->segment[chunk->segment], chunk->kv_head, chunk->first_row, chunk->end_row, scratch);
    plumb_buffer_release(scratch);
}

// MARK: Planning

static void add_chunk(attention_plan *plan, attention_chunk chunk) {
    if (plan->chunks) plan->chunks[plan->count] = chunk;
    plan->count++;
}

/// Parts of equal work that a unit is cut into.
static size_t parts_of(const attention_plan *plan, const plumb_attention_segment *segment) {
    double work = work_of_unit(plan->call, segment);
    size_t group = plan->call->heads / plan->call->kv_heads, blocks = segment->rows * group / (2 * MOST_ROWS);
    if (work < 1.5 * plan->quantum || blocks < 2) return 1;
    double parts = work / plan->quantum + 0.999;
    size_t most = blocks < MOST_PARTS ? blocks : MOST_PARTS;
    return parts < (double)most ? (size_t)parts : most;
}

/// The last parts see the most keys and begin.
static void add_parts(attention_plan *plan, size_t index, size_t parts) {
    const plumb_attention_segment *segment = &plan->call->segment[index];
    double work = work_of_rows(plan->call, segment, 0, segment->rows);
    size_t end = segment->rows;
    for (size_t part = parts; part > 0; part--) {
        double before = work * (double)(part - 1) / (double)parts;
        size_t from = end > 0 ? end - 1 : 0;
        while (from > 0 && work_of_rows(plan->call, segment, 0, from) > before) from--;
        if (part == 1) from = 0;
        for (size_t kv = 0; kv < plan->call->kv_heads && from < end; kv++) {
            add_chunk(plan, (attention_chunk){.segment = index, .kv_head = kv, .first_row = from, .end_row = end});
        }
        end = from;
    }
}

/// Fills plan->chunks, or only counts them where that is NULL.
static void plan_chunks(attention_plan *plan) {
    const plumb_attention_call *call = plan->call;
    plan->count = 0;
    for (size_t s = 0; s < call->segments; s++) {
        size_t parts = parts_of(plan, &call->segment[s]);
        if (parts > 1) add_parts(plan, s, parts);
    }
    attention_chunk open = {0};
    double work = 0.0;
    for (size_t s = 0; s < call->segments; s++) {
        if (parts_of(plan, &call->segment[s]) > 1) {
            if (open.units > 0) add_chunk(plan, open);
            open.units = 0;
            continue;
        }
        double unit = work_of_unit(call, &call->segment[s]);
        for (size_t kv = 0; kv < call->kv_heads; kv++) {
            if (open.units == 0) {
                open = (attention_chunk){.segment = s, .kv_head = kv};
                work = 0.0;
            }
            open.units++;
            work += unit;
            if (work < plan->quantum) continue;
            add_chunk(plan, open);
            open.units = 0;
        }
    }
    if (open.units > 0) add_chunk(plan, open);
}

void plumb_attention(const plumb_attention_call *call) {
    attention_plan plan = {.call = call};
    double work = 0.0;
    for (size_t s = 0; s < call->segments; s++) {
        const plumb_attention_segment *segment = &call->segment[s];
        size_t floats = scratch_floats(segment->first, segment->rows, call->width);
        if (floats > plan.scratch) plan.scratch = floats;
        work += work_of_unit(call, segment) * (double)call->kv_heads;
    }
    int threads = plumb_threads();
    if (threads == 1 || work < SERIAL_WORK) {
        run_units(&plan, 0, 0, call->segments * call->kv_heads);
        return;
    }
    plan.quantum = work / ((double)threads * CHUNKS_A_THREAD);
    if (plan.quantum < LEAST_WORK) plan.quantum = LEAST_WORK;
    plan_chunks(&plan);
    attention_chunk on_stack[CHUNKS_ON_STACK];
    attention_chunk *kept = NULL;
    if (plan.count > CHUNKS_ON_STACK) {
        kept = plumb_buffer_allocate(plan.count * sizeof(attention_chunk));
        if (!kept) abort();
    }
    plan.chunks = kept ? kept : on_stack;
    plan_chunks(&plan);
    plumb_parallel(plan.count, run_chunk, &plan);
    plumb_buffer_release(kept);
}

// MARK: Keys

typedef struct {
    float *panels;
    size_t capacity, width, first, rows;
    const float *k;
    size_t k_stride;
} keys_call;

static void append_head(void *context, size_t kv_head) {
    const keys_call *call = context;
    plumb_kernels()->attention_pack_keys(
        call->panels + kv_head * call->capacity * call->width, call->width, call->first, call->rows,
        call->k + kv_head * call->width, call->k_stride);
}

void plumb_attention_append_keys(
    float *panels, size_t capacity, size_t kv_heads, size_t width, size_t first, size_t rows, const float *k,
    size_t k_stride) {
    keys_call call = {panels, capacity, width, first, rows, k, k_stride};
    if (rows * width * kv_heads >= 1 << 15) {
        plumb_parallel(kv_heads, append_head, &call);
    } else {
        for (size_t kv = 0; kv < kv_heads; kv++) append_head(&call, kv);
    }
}
