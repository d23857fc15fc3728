// Stored weights: what a block is, and long calls shared over the pool. The blocks' arithmetic is in dequantize.inc.h.
#include "kernels.h"

typedef struct {
    int type;
    size_t elements, bytes;
} stored_type;

static const stored_type stored_types[] = {
    {PLUMB_TYPE_F32, 1, 4},    {PLUMB_TYPE_F16, 1, 2},    {PLUMB_TYPE_BF16, 1, 2},   {PLUMB_TYPE_Q4_0, 32, 18},
    {PLUMB_TYPE_Q4_1, 32, 20}, {PLUMB_TYPE_Q5_0, 32, 22}, {PLUMB_TYPE_Q5_1, 32, 24}, {PLUMB_TYPE_Q8_0, 32, 34},
    {PLUMB_TYPE_Q4_K, 256, 144}, {PLUMB_TYPE_Q5_K, 256, 176}, {PLUMB_TYPE_Q6_K, 256, 210},
};

static const stored_type *find(int type) {
    for (size_t i = 0; i < sizeof stored_types / sizeof *stored_types; i++) {
        if (stored_types[i].type == type) return &stored_types[i];
    }
    return NULL;
}

size_t plumb_block_elements(int type) {
    const stored_type *found = find(type);
    return found ? found->elements : 0;
}

size_t plumb_block_bytes(int type) {
    const stored_type *found = find(type);
    return found ? found->bytes : 0;
}

enum { PIECE = 1 << 16 };  // elements; a multiple of every block

typedef struct {
    const stored_type *type;
    const uint8_t *source;
    float *result;
    size_t count;
} dequantize_call;

static void dequantize_piece(void *context, size_t piece) {
    const dequantize_call *call = context;
    size_t first = piece * PIECE;
    size_t count = call->count - first < PIECE ? call->count - first : PIECE;
    const uint8_t *source = call->source + first / call->type->elements * call->type->bytes;
    plumb_kernels()->dequantize(call->type->type, source, call->result + first, count);
}

int plumb_dequantize(int type, const void *source, float *result, size_t count) {
    const stored_type *found = find(type);
    if (!found) return -1;
    dequantize_call call = {found, source, result, count};
    plumb_parallel((count + PIECE - 1) / PIECE, dequantize_piece, &call);
    return 0;
}
