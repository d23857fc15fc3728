// Matrix products, the part that is the same for every instruction set: how a product is cut up, and packing.
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

static size_t at_least(size_t a, size_t b) { return a > b ? a : b; }
static size_t at_most(size_t a, size_t b) { return a < b ? a : b; }
static size_t divided_up(size_t a, size_t b) { return (a + b - 1) / b; }

// MARK: Sizes

size_t plumb_panel_bytes(int packing, size_t inputs) {
    switch (packing) {
    case PLUMB_PACK_F32: return inputs * 128;
    case PLUMB_PACK_BF16: return (inputs + 1) / 2 * 128;
    case PLUMB_PACK_Q8_0: return inputs % 32 ? 0 : inputs / 32 * 1088;
    case PLUMB_PACK_Q4_0: return inputs % 32 ? 0 : inputs / 32 * 576;
    case PLUMB_PACK_Q4_1: return inputs % 32 ? 0 : inputs / 32 * 640;
    case PLUMB_PACK_AFFINE: return inputs % 16 ? 0 : inputs / 16 * 768;
    default: return 0;
    }
}

size_t plumb_packed_bytes(int packing, size_t outputs, size_t inputs) {
    return divided_up(outputs, PLUMB_PANEL) * plumb_panel_bytes(packing, inputs);
}

// MARK: Products

// What a machine of this kind does in a nanosecond, for deciding how finely to cut: multiply-adds of one core, bytes
// of weights read, activations packed. A chunk is a run of panels that follow each other in memory, and the longer
// the run the less of what is read ahead falls to another core; but with few chunks one late thread holds up all.
enum { MACS_PER_NS = 60, BYTES_PER_NS = 20, PACKED_PER_NS = 4, CHUNK_NS = 8000, CHUNKS_PER_THREAD = 8 };
// Panels for which a chunk packs its own rows, though other chunks pack the same: that costs as much as half a panel.
enum { PANELS_WORTH_PACKING = 16 };

static void product_chunk(void *context, size_t chunk) {
    const plumb_matmul_plan *plan = context;
    plan->kernels->matmul_chunk(plan, chunk);
}
static void pack_x_chunk(void *context, size_t chunk) {
    const plumb_matmul_plan *plan = context;
    plan->kernels->matmul_pack_x(plan, chunk);
}

static void run(size_t chunks, void (*body)(void *, size_t), void *context) {
    if (chunks == 1) {
        body(context, 0);
    } else if (chunks > 1) {
        plumb_parallel(chunks, body, context);
    }
}

/// A number of panels near `requested` that leaves the busiest of the threads least to do.
static size_t balanced_run(const plumb_matmul_plan *plan, size_t requested, size_t threads) {
    if (requested > 8) return requested;
    size_t best = requested, least = SIZE_MAX;
    for (size_t run = (requested + 1) / 2; run <= 2 * requested; run++) {
        size_t most = divided_up(divided_up(plan->panels, run) * plan->sets, threads) * run;
        if (most <= least) best = run, least = most;
    }
    return best;
}

/// Divides the rows into groups of at most so many.
static void group(plumb_matmul_plan *plan, size_t most_rows) {
    plan->groups = divided_up(plan->call->rows, most_rows);
    plan->group_rows = plan->call->rows / plan->groups;
    plan->larger_groups = plan->call->rows % plan->groups;
}

/// Cuts the product into chunks of some panels by some groups.
static void cut(plumb_matmul_plan *plan, size_t most_groups) {
    const plumb_matmul_call *call = plan->call;
    size_t threads = (size_t)at_least((size_t)plumb_threads(), 1);
    size_t panel_macs = call->inputs * PLUMB_PANEL * call->rows;
    size_t panel_ns = at_least(panel_macs / MACS_PER_NS, plan->panel_bytes / BYTES_PER_NS);
    size_t total_ns = at_least(panel_ns * plan->panels, 1);
    size_t chunks = threads == 1 ? 1 : at_most(total_ns / CHUNK_NS, threads * CHUNKS_PER_THREAD);
    chunks = chunks > 1 ? divided_up(chunks, threads) * threads : 1;
    plan->sets = divided_up(plan->groups, most_groups);
    size_t most_sets = at_least(plan->sets, at_most(chunks, plan->groups / 4));
    if (chunks > 1 && plan->panels < chunks * PANELS_WORTH_PACKING && most_sets >= at_most(chunks, 4 * threads)) {
        // Enough rows to go round: each chunk takes all outputs of its own.
        chunks = plan->sets = divided_up(most_sets, threads) * threads;
    } else if (plan->panels * plan->sets < chunks) {
        plan->sets = at_least(plan->sets, at_most(divided_up(chunks, plan->panels), divided_up(plan->groups, 4)));
    }
    size_t runs = at_least(at_most(divided_up(chunks, plan->sets), plan->panels), 1);
    plan->panels_per_chunk = divided_up(plan->panels, runs);
    if (runs > 1) plan->panels_per_chunk = balanced_run(plan, plan->panels_per_chunk, threads);
    plan->packs_sets = plan->panels_per_chunk >= at_most(plan->panels, PANELS_WORTH_PACKING);
}

/// Packs the activations, in parallel where that is worth it.
static void pack_x(plumb_matmul_plan *plan) {
    size_t total_ns = plan->call->rows * plan->call->inputs / PACKED_PER_NS;
    size_t chunks = at_least(at_most(total_ns / CHUNK_NS, plan->groups), 1);
    plan->pack_groups_per_chunk = divided_up(plan->groups, chunks);
    run(divided_up(plan->groups, plan->pack_groups_per_chunk), pack_x_chunk, plan);
}

static int operands_of(const plumb_matmul_call *call) {
    if (call->products != PLUMB_PRODUCTS_BF16) return PLUMB_OPERANDS_FLOAT32;
    return plumb_has_bf16() ? PLUMB_OPERANDS_PAIRS : PLUMB_OPERANDS_ROUNDED;
}

/// Groups rows, and decides whether weights that are not stored as they are multiplied are widened once into a block,
/// for several groups, or in registers, for one.
static void group_and_expand(plumb_matmul_plan *plan) {
    const plumb_matmul_call *call = plan->call;
    int packing = call->packing, is_quantized = packing != PLUMB_PACK_F32 && packing != PLUMB_PACK_NONE
        && packing != PLUMB_PACK_BF16;
    if (is_quantized && plan->operands == PLUMB_OPERANDS_FLOAT32 && !call->x_transposed
        && call->rows <= plan->kernels->matmul_quantized_rows) {
        group(plan, call->rows);
        return;
    }
    group(plan, plan->kernels->matmul_group_rows);
    if (packing == PLUMB_PACK_BF16) {
        plan->expand = plan->groups > 1 && plan->operands != PLUMB_OPERANDS_PAIRS;
    } else {
        plan->expand = plan->operands != PLUMB_OPERANDS_FLOAT32 || (is_quantized && plan->groups > 1);
    }
}

// What is small stays near while a product goes over it again and again, and laying it out anew would cost more than it
// saves: floats of an operand, and the longest way between rows of activations before many of them fall on one place of
// the nearest cache.
enum { IN_PLACE = 1 << 16, STRIDE_IN_PLACE = 1 << 9 };

static int reads_x_in_place(const plumb_matmul_plan *plan) {
    const plumb_matmul_call *call = plan->call;
    int packing = call->packing;
    if (plan->operands != PLUMB_OPERANDS_FLOAT32) return 0;
    if (packing != PLUMB_PACK_F32 && packing != PLUMB_PACK_NONE && !plan->expand) return 0;
    return call->rows * call->inputs <= IN_PLACE && call->x_stride <= STRIDE_IN_PLACE;
}

/// Packs the weights of a call, and makes it with these.
static void pack_and_multiply(const plumb_matmul_call *call) {
    size_t bytes = plumb_packed_bytes(PLUMB_PACK_F32, call->outputs, call->inputs);
    char *packed = plumb_buffer_allocate(bytes);
    if (!packed) abort();  // the result could not be computed
    size_t rest = call->outputs % PLUMB_PANEL ? plumb_panel_bytes(PLUMB_PACK_F32, call->inputs) : 0;
    memset(packed + bytes - rest, 0, rest);
    plumb_pack_transposed(
        (float *)packed, call->outputs, call->inputs, 0, call->outputs, call->weights, call->weights_stride);
    plumb_matmul_call with = *call;
    with.weights = packed;
    with.packing = PLUMB_PACK_F32;
    plumb_matmul(&with);
    plumb_buffer_release(packed);
}

void plumb_matmul(const plumb_matmul_call *call) {
    if (call->rows == 0 || call->outputs == 0) return;
    const plumb_kernel_table *kernels = plumb_kernels();
    plumb_matmul_plan plan = {.call = call, .kernels = kernels, .panels = divided_up(call->outputs, PLUMB_PANEL)};
    plan.panel_bytes = plumb_panel_bytes(call->packing, call->inputs);
    plan.block_bytes = plumb_panel_bytes(call->packing, PLUMB_K_BLOCK);
    plan.operands = operands_of(call);
    if (call->packing == PLUMB_PACK_NONE
        && (call->inputs * call->outputs > IN_PLACE || plan.operands != PLUMB_OPERANDS_FLOAT32)) {
        pack_and_multiply(call);
        return;
    }
    group_and_expand(&plan);
    plan.x_in_place = reads_x_in_place(&plan);
    cut(&plan, 16);
    int is_packed = !plan.x_in_place && (call->rows > 1 || call->x_transposed);
    plan.packs_sets = plan.packs_sets && is_packed;
    if (is_packed && !plan.packs_sets) {
        // One word an activation is enough for every kind of operand; a pair takes one for two.
        plan.packed_x = plumb_buffer_allocate(call->rows * (call->inputs + 1) * sizeof(float));
        if (plan.packed_x) {
            pack_x(&plan);
        } else {
            group(&plan, 1);
            cut(&plan, 16);
            plan.packs_sets = 0;
        }
    }
    run(divided_up(plan.panels, plan.panels_per_chunk) * plan.sets, product_chunk, &plan);
    if (plan.packed_x) plumb_buffer_release(plan.packed_x);
}

// MARK: Packing

typedef struct {
    int packing, stream;
    char *packed;
    const char *source;
    size_t inputs, first, rows, row_stride, panel_bytes, panels_per_chunk;
    /// Of transposed packing: runs of panels, and how many inputs of one are a chunk.
    size_t runs, inputs_per_chunk;
} pack_job;
typedef float four_floats __attribute__((vector_size(16)));

static const size_t stream_bytes = 8 << 20;
static const size_t pack_chunk_bytes = 256 << 10;

static void pack_chunk(void *context, size_t chunk) {
    const pack_job *job = context;
    size_t end = job->first + job->rows;
    size_t panel = job->first / PLUMB_PANEL + chunk * job->panels_per_chunk;
    for (size_t i = 0; i < job->panels_per_chunk && panel * PLUMB_PANEL < end; i++, panel++) {
        size_t from = at_least(panel * PLUMB_PANEL, job->first), to = at_most((panel + 1) * PLUMB_PANEL, end);
        plumb_kernels()->pack_panel(
            job->packing, job->packed + panel * job->panel_bytes, job->inputs, from % PLUMB_PANEL, to - from,
            job->source + (from - job->first) * job->row_stride, job->row_stride, job->stream);
    }
}

void plumb_pack(
    int packing, void *packed, size_t outputs, size_t inputs, size_t first, size_t rows, const void *source,
    size_t row_stride) {
    if (rows == 0 || inputs == 0) return;
    (void)outputs;
    pack_job job = {
        .packing = packing, .packed = packed, .source = source, .inputs = inputs, .first = first, .rows = rows,
        .row_stride = row_stride, .panel_bytes = plumb_panel_bytes(packing, inputs),
    };
    size_t panels = divided_up(first + rows, PLUMB_PANEL) - first / PLUMB_PANEL;
    job.stream = panels * job.panel_bytes >= stream_bytes;
    job.panels_per_chunk = at_least(pack_chunk_bytes / at_least(job.panel_bytes, 1), 1);
    run(divided_up(panels, job.panels_per_chunk), pack_chunk, &job);
}

// Columns of a row-major source are already in a panel's order, so packing is copying: runs of up to 32 floats, from
// some panels at a time so that a source row is read in longer pieces, which are asked for some rows ahead.
enum { TRANSPOSED_PANELS = 4, TRANSPOSED_AHEAD = 8 };

/// A whole row of a panel, past the caches or not.
static void copy_panel_row(char *packed, const char *source, int stream) {
    four_floats four[8];
    memcpy(four, source, sizeof four);
    if (stream && (uintptr_t)packed % sizeof(four_floats) == 0) {
        for (int i = 0; i < 8; i++) __builtin_nontemporal_store(four[i], (four_floats *)packed + i);
    } else {
        memcpy(packed, four, sizeof four);
    }
}

static void pack_transposed_chunk(void *context, size_t chunk) {
    const pack_job *job = context;
    size_t end = job->first + job->rows, k = chunk / job->runs * job->inputs_per_chunk;
    size_t end_input = at_most(k + job->inputs_per_chunk, job->inputs);
    size_t p0 = job->first / PLUMB_PANEL + chunk % job->runs * TRANSPOSED_PANELS;
    size_t p1 = at_most(p0 + TRANSPOSED_PANELS, divided_up(end, PLUMB_PANEL));
    for (; k < end_input; k++) {
        for (size_t p = p0; p < p1; p++) {
            size_t from = at_least(p * PLUMB_PANEL, job->first), to = at_most((p + 1) * PLUMB_PANEL, end);
            const char *source = job->source + k * job->row_stride + (from - job->first) * sizeof(float);
            char *packed = job->packed + p * job->panel_bytes + k * 128 + from % PLUMB_PANEL * sizeof(float);
            __builtin_prefetch(source + TRANSPOSED_AHEAD * job->row_stride);
            __builtin_prefetch(source + TRANSPOSED_AHEAD * job->row_stride + 64);
            if (to - from == PLUMB_PANEL) {
                copy_panel_row(packed, source, job->stream);
            } else {
                memcpy(packed, source, (to - from) * sizeof(float));
            }
        }
    }
}

void plumb_pack_transposed(
    float *packed, size_t outputs, size_t inputs, size_t first, size_t columns, const float *source,
    size_t row_stride_floats) {
    if (columns == 0 || inputs == 0) return;
    (void)outputs;
    pack_job job = {
        .packed = (char *)packed, .source = (const char *)source, .inputs = inputs, .first = first, .rows = columns,
        .row_stride = row_stride_floats * sizeof(float), .panel_bytes = plumb_panel_bytes(PLUMB_PACK_F32, inputs),
    };
    size_t panels = divided_up(first + columns, PLUMB_PANEL) - first / PLUMB_PANEL;
    job.stream = panels * job.panel_bytes >= stream_bytes;
    job.runs = divided_up(panels, TRANSPOSED_PANELS);
    size_t input_bytes = at_most(panels, TRANSPOSED_PANELS) * 128;
    job.inputs_per_chunk = pack_chunk_bytes / input_bytes;
    run(job.runs * divided_up(inputs, job.inputs_per_chunk), pack_transposed_chunk, &job);
}

// MARK: Reference

void plumb_matmul_reference(const plumb_matmul_call *call, const float *weights, double *result) {
    for (size_t r = 0; r < call->rows; r++) {
        for (size_t o = 0; o < call->outputs; o++) {
            double sum = 0;
            for (size_t i = 0; i < call->inputs; i++) {
                size_t at = call->x_transposed ? i * call->x_stride + r : r * call->x_stride + i;
                sum += (double)call->x[at] * (double)weights[o * call->inputs + i];
            }
            if (call->bias) sum += call->bias[o];
            if (call->residual) sum += call->residual[r * call->residual_stride + o];
            result[r * call->outputs + o] = sum;
        }
    }
}
