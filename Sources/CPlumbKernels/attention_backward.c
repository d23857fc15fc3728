// The public entry of attention's gradient: how a call's segments and heads are shared out.
//
// A head of a segment is computed alone, and the shares of dk and dv of a group's heads are added in order. Usually a
// group's heads follow one another on one thread; where that leaves too few pieces of work every head is a piece and
// the shares are kept until all are there. The sums are the same.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention.h"
#include "kernels.h"

enum {
    // Fused multiply-adds: below this a call runs where it is, and a chunk holds at least so much.
    SERIAL_WORK = 200000, LEAST_WORK = 200000,
    // What a head costs besides, in the same coin.
    HEAD_WORK = 20000,
    CHUNKS_A_THREAD = 8
};

/// Units of work: key-value heads of segments, or query heads where shares are kept.
typedef struct {
    const plumb_attention_backward_call *call;
    size_t units_a_segment, chunks;
    double work;
    size_t scratch, share;  // floats
    /// [segments][heads][2][share], or NULL.
    float *shares;
} backward_plan;

static double work_of_head(const plumb_attention_backward_call *call, size_t rows) {
    double keys = call->all_keys ? (double)rows : ((double)rows + 1.0) / 2.0;
    return rows ? 5.0 * (double)call->width * (double)rows * keys + HEAD_WORK : 0.0;
}

// MARK: Running

/// rows = share, or rows += share.
static void add_share(
    float *rows, size_t stride, const float *share, size_t count, size_t width, int first) {
    for (size_t r = 0; r < count; r++, rows += stride, share += mixed_stride(width)) {
        if (first) {
            memcpy(rows, share, width * sizeof(float));
        } else {
            for (size_t e = 0; e < width; e++) rows[e] += share[e];
        }
    }
}

static void add_shares(
    const plumb_attention_backward_call *call, const plumb_attention_backward_segment *segment, size_t head,
    const float *dk, const float *dv) {
    size_t group = call->heads / call->kv_heads, at = head / group * call->width;
    add_share(segment->dk + at, segment->dk_stride, dk, segment->rows, call->width, head % group == 0);
    add_share(segment->dv + at, segment->dv_stride, dv, segment->rows, call->width, head % group == 0);
}

static float *share_of(const backward_plan *plan, size_t segment, size_t head) {
    return plan->shares + (segment * plan->call->heads + head) * 2 * plan->share;
}

static void run_unit(const backward_plan *plan, size_t index, size_t unit, float *scratch) {
    const plumb_attention_backward_call *call = plan->call;
    const plumb_attention_backward_segment *segment = &call->segment[index];
    const plumb_kernel_table *kernels = plumb_kernels();
    if (plan->shares) {
        float *dk = share_of(plan, index, unit);
        kernels->attention_backward_head(call, segment, unit, scratch, dk, dk + plan->share);
        return;
    }
    float *dk = scratch + plan->scratch, *dv = dk + plan->share;
    size_t group = call->heads / call->kv_heads;
    for (size_t head = unit * group; head < (unit + 1) * group; head++) {
        kernels->attention_backward_head(call, segment, head, scratch, dk, dv);
        add_shares(call, segment, head, dk, dv);
    }
}

/// The units that begin in this chunk's part of all the work.
static void run_chunk(void *context, size_t chunk) {
    const backward_plan *plan = context;
    const plumb_attention_backward_call *call = plan->call;
    double begin = plan->work * (double)chunk / (double)plan->chunks;
    double end = chunk + 1 == plan->chunks ? (double)INFINITY : plan->work * (double)(chunk + 1) / (double)plan->chunks;
    float *scratch = plumb_buffer_allocate((plan->scratch + (plan->shares ? 0 : 2 * plan->share)) * sizeof(float));
    if (!scratch) abort();  // out of memory for some rows of a pattern: nothing sensible is left to do
    double at = 0.0;
    for (size_t s = 0; s < call->segments && at < end; s++) {
        if (call->segment[s].rows == 0) continue;
        double unit = work_of_head(call, call->segment[s].rows) * (double)call->heads / (double)plan->units_a_segment;
        for (size_t u = 0; u < plan->units_a_segment && at < end; u++, at += unit) {
            if (at >= begin) run_unit(plan, s, u, scratch);
        }
    }
    plumb_buffer_release(scratch);
}

static void add_kept_shares(void *context, size_t unit) {
    const backward_plan *plan = context;
    const plumb_attention_backward_call *call = plan->call;
    size_t segment = unit / call->kv_heads, group = call->heads / call->kv_heads;
    for (size_t head = unit % call->kv_heads * group, end = head + group; head < end; head++) {
        const float *dk = share_of(plan, segment, head);
        add_shares(call, &call->segment[segment], head, dk, dk + plan->share);
    }
}

// MARK: Planning

void plumb_attention_backward(const plumb_attention_backward_call *call) {
    backward_plan plan = {.call = call, .chunks = 1, .units_a_segment = call->kv_heads};
    size_t most = 0;
    for (size_t s = 0; s < call->segments; s++) {
        size_t rows = call->segment[s].rows;
        if (rows > most) most = rows;
        plan.work += work_of_head(call, rows) * (double)call->heads;
    }
    if (most == 0) return;
    plan.scratch = backward_floats(most, call->width);
    plan.share = most * mixed_stride(call->width);
    size_t threads = (size_t)plumb_threads();
    if (threads > 1 && plan.work >= SERIAL_WORK) {
        plan.chunks = threads * CHUNKS_A_THREAD;
        if (plan.work < (double)plan.chunks * LEAST_WORK) plan.chunks = (size_t)(plan.work / LEAST_WORK);
        if (call->segments * call->kv_heads < plan.chunks && call->kv_heads < call->heads) {
            plan.shares = plumb_buffer_allocate(call->segments * call->heads * 2 * plan.share * sizeof(float));
            if (plan.shares) plan.units_a_segment = call->heads;
        }
    }
    if (plan.chunks > 1) {
        plumb_parallel(plan.chunks, run_chunk, &plan);
    } else {
        run_chunk(&plan, 0);
    }
    if (!plan.shares) return;
    plumb_parallel(call->segments * call->kv_heads, add_kept_shares, &plan);
    plumb_buffer_release(plan.shares);
}
