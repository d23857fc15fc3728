// Stored weights in the blocks of a wider packing, with the same values.
#include <math.h>
#include <string.h>

#include "kernels.h"

// Elements at a time, a multiple of every block; elements that share a scale and an offset in PLUMB_PACK_AFFINE.
enum { RUN = 256, GROUP = 16, AFFINE_BYTES = 24 };

static float f16_from(const uint8_t *p) {
    float value;
    plumb_kernels()->dequantize(PLUMB_TYPE_F16, p, &value, 1);
    return value;
}

/// The scale d and the offset m of group `g` of a block: its elements are d · q + m with 0 <= q < 256, each rounded once.
static void scale_of(int type, const uint8_t *block, size_t g, float *d, float *m) {
    switch (type) {
    case PLUMB_TYPE_Q4_0: *d = f16_from(block), *m = -8 * *d; return;
    case PLUMB_TYPE_Q5_0: *d = f16_from(block), *m = -16 * *d; return;
    case PLUMB_TYPE_Q8_0: *d = f16_from(block), *m = -128 * *d; return;
    case PLUMB_TYPE_Q4_1:
    case PLUMB_TYPE_Q5_1: *d = f16_from(block), *m = f16_from(block + 2); return;
    case PLUMB_TYPE_Q6_K: {
        int8_t scale;
        memcpy(&scale, block + 192 + g, 1);
        *d = f16_from(block + 208) * (float)scale, *m = -32 * *d;
        return;
    }
    default: {  // Q4_K, Q5_K: eight 6-bit scales and minima of 32 elements in 12 bytes
        const uint8_t *p = block + 4;
        size_t run = g / 2, j = run % 4;
        int scale = run < 4 ? p[j] & 63 : (p[j + 8] & 15) | (p[j] >> 6) << 4;
        int minimum = run < 4 ? p[j + 4] & 63 : (p[j + 8] >> 4) | (p[j + 4] >> 6) << 4;
        *d = f16_from(block) * (float)scale, *m = -(f16_from(block + 2) * (float)minimum);
    }
    }
}

/// The q of an element of value w. Where rounding makes it differ from the stored one, d is smaller than the distance
/// between neighboring floats at w, and d · q + m rounds to w all the same.
static uint8_t integer_of(float w, float d, float m) {
    float q = (w - m) / d;
    return (uint8_t)lrintf(fmaxf(0, fminf(255, q)));  // no number, as of d = 0, becomes 255
}

static void as_affine(int type, const uint8_t *source, const float *values, uint8_t *to, size_t count) {
    size_t elements = plumb_block_elements(type), bytes = plumb_block_bytes(type);
    for (size_t i = 0; i < count; i += GROUP, to += AFFINE_BYTES) {
        float scale[2];
        scale_of(type, source + i / elements * bytes, i % elements / GROUP, scale, scale + 1);
        memcpy(to, scale, sizeof scale);
        for (size_t j = 0; j < GROUP; j++) to[8 + j] = integer_of(values[i + j], scale[0], scale[1]);
    }
}

static void as_q8_0(int type, const uint8_t *source, const float *values, uint8_t *to, size_t count) {
    size_t bytes = plumb_block_bytes(type);
    for (size_t i = 0; i < count; i += 32, source += bytes, to += 34) {
        memcpy(to, source, 2);
        float d = f16_from(source);
        for (size_t j = 0; j < 32; j++) to[2 + j] = integer_of(values[i + j], d, -128 * d) ^ 0x80;
    }
}

typedef struct {
    int type, packing;
    const uint8_t *source;
    uint8_t *result;
    size_t count;
} requantize_call;

enum { PIECE = 1 << 14 };  // elements; a multiple of a run

static void requantize_piece(void *context, size_t piece) {
    const requantize_call *call = context;
    size_t elements = plumb_block_elements(call->type), bytes = plumb_block_bytes(call->type);
    size_t end = (piece + 1) * PIECE < call->count ? (piece + 1) * PIECE : call->count;
    for (size_t i = piece * PIECE; i < end; i += RUN) {
        size_t count = end - i < RUN ? end - i : RUN;
        float values[RUN];
        const uint8_t *source = call->source + i / elements * bytes;
        plumb_kernels()->dequantize(call->type, source, values, count);
        if (call->packing == PLUMB_PACK_AFFINE) {
            as_affine(call->type, source, values, call->result + i / GROUP * AFFINE_BYTES, count);
        } else {
            as_q8_0(call->type, source, values, call->result + i / 32 * 34, count);
        }
    }
}

int plumb_requantize(int type, int packing, const void *source, void *result, size_t count) {
    int is_scaled = type == PLUMB_TYPE_Q4_0 || type == PLUMB_TYPE_Q5_0 || type == PLUMB_TYPE_Q8_0;
    if (packing != PLUMB_PACK_AFFINE && !(packing == PLUMB_PACK_Q8_0 && is_scaled)) return -1;
    if (plumb_block_elements(type) <= 1) return -1;
    requantize_call call = {type, packing, source, result, count};
    plumb_parallel((count + PIECE - 1) / PIECE, requantize_piece, &call);
    return 0;
}
