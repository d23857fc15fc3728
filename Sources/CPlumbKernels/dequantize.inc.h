// Stored weights widened to float32, exactly as ggml defines each block: the same products and sums in the same
// order, rounded after each. Blocks have no alignment.

INLINE float f16_at(const uint8_t *p) {
    uint16_t h;
    memcpy(&h, p, 2);
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = (uint32_t)(h & 0x7fff) << 13;
    float value;
    memcpy(&value, &magnitude, 4);
    value *= 0x1p112f;  // exact, and normalizes subnormals
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if (magnitude >= 0x0f800000) bits = magnitude | 0x7f800000;  // infinity or not a number
    bits |= sign;
    memcpy(&value, &bits, 4);
    return value;
}

static void dequantize_f16(const uint8_t *source, float *y, size_t count) {
    size_t i = 0;
    for (; i + VL <= count; i += VL) st(y + i, widen_f16(*(const vsu *)(source + 2 * i)));
    for (; i < count; i++) y[i] = f16_at(source + 2 * i);
}

static void dequantize_bf16(const uint8_t *source, float *y, size_t count) {
    size_t i = 0;
    for (; i + VL <= count; i += VL) {
        st(y + i, (vf)(__builtin_convertvector(*(const vsu *)(source + 2 * i), vu) << 16));
    }
    for (; i < count; i++) {
        uint16_t h;
        memcpy(&h, source + 2 * i, 2);
        uint32_t bits = (uint32_t)h << 16;
        memcpy(y + i, &bits, 4);
    }
}

/// Block of 32: d, 16 bytes; the low nibbles are elements 0 ... 15.
static void dequantize_q4_0(const uint8_t *block, float *y, size_t count) {
    for (size_t i = 0; i < count; i += 32, block += 18, y += 32) {
        float d = f16_at(block);
        const uint8_t *q = block + 2;
        for (int j = 0; j < 16; j++) y[j] = (float)((q[j] & 15) - 8) * d;
        for (int j = 0; j < 16; j++) y[j + 16] = (float)((q[j] >> 4) - 8) * d;
    }
}

/// Block of 32: d, minimum, 16 bytes.
static void dequantize_q4_1(const uint8_t *block, float *y, size_t count) {
    for (size_t i = 0; i < count; i += 32, block += 20, y += 32) {
        float d = f16_at(block), m = f16_at(block + 2);
        const uint8_t *q = block + 4;
        for (int j = 0; j < 16; j++) y[j] = (float)(q[j] & 15) * d + m;
        for (int j = 0; j < 16; j++) y[j + 16] = (float)(q[j] >> 4) * d + m;
    }
}

/// The fifth bits of 32 elements, as 0 or 16.
INLINE void fifth_bits(const uint8_t *p, uint8_t high[32]) {
    uint32_t bits;
    memcpy(&bits, p, 4);
    for (int j = 0; j < 32; j++) high[j] = (uint8_t)((bits >> j & 1) << 4);
}

/// Block of 32: d, 32 fifth bits, 16 bytes.
static void dequantize_q5_0(const uint8_t *block, float *y, size_t count) {
    for (size_t i = 0; i < count; i += 32, block += 22, y += 32) {
        float d = f16_at(block);
        uint8_t high[32];
        fifth_bits(block + 2, high);
        const uint8_t *q = block + 6;
        for (int j = 0; j < 16; j++) y[j] = (float)(((q[j] & 15) | high[j]) - 16) * d;
        for (int j = 0; j < 16; j++) y[j + 16] = (float)(((q[j] >> 4) | high[j + 16]) - 16) * d;
    }
}

/// Block of 32: d, minimum, 32 fifth bits, 16 bytes.
static void dequantize_q5_1(const uint8_t *block, float *y, size_t count) {
    for (size_t i = 0; i < count; i += 32, block += 24, y += 32) {
        float d = f16_at(block), m = f16_at(block + 2);
        uint8_t high[32];
        fifth_bits(block + 4, high);
        const uint8_t *q = block + 8;
        for (int j = 0; j < 16; j++) y[j] = (float)((q[j] & 15) | high[j]) * d + m;
        for (int j = 0; j < 16; j++) y[j + 16] = (float)((q[j] >> 4) | high[j + 16]) * d + m;
    }
}

/// Block of 32: d, 32 signed bytes.
static void dequantize_q8_0(const uint8_t *block, float *y, size_t count) {
    for (size_t i = 0; i < count; i += 32, block += 34, y += 32) {
        float d = f16_at(block);
        const int8_t *q = (const int8_t *)block + 2;
        for (int j = 0; j < 32; j++) y[j] = (float)q[j] * d;
    }
}

/// Eight 6-bit scales and eight 6-bit minima from 12 bytes: the first four whole, the others in two pieces.
INLINE void scales_and_minima(const uint8_t *p, uint8_t scale[8], uint8_t minimum[8]) {
    for (int j = 0; j < 4; j++) {
        scale[j] = p[j] & 63;
        minimum[j] = p[j + 4] & 63;
        scale[j + 4] = (uint8_t)((p[j + 8] & 15) | (p[j] >> 6) << 4);
        minimum[j + 4] = (uint8_t)((p[j + 8] >> 4) | (p[j + 4] >> 6) << 4);
    }
}

/// Block of 256: d, minimum's d, 12 bytes of scales, 128 bytes of nibbles in four runs of 64 elements.
static void dequantize_q4_k(const uint8_t *block, float *y, size_t count) {
    for (size_t i = 0; i < count; i += 256, block += 144) {
        float d = f16_at(block), dm = f16_at(block + 2);
        uint8_t scale[8], minimum[8];
        scales_and_minima(block + 4, scale, minimum);
        const uint8_t *q = block + 16;
        for (int run = 0; run < 8; run += 2, q += 32, y += 64) {
            float d0 = d * (float)scale[run], m0 = dm * (float)minimum[run];
            float d1 = d * (float)scale[run + 1], m1 = dm * (float)minimum[run + 1];
            for (int j = 0; j < 32; j++) y[j] = d0 * (float)(q[j] & 15) - m0;
            for (int j = 0; j < 32; j++) y[j + 32] = d1 * (float)(q[j] >> 4) - m1;
        }
    }
}

/// As Q4_K, with 32 bytes of fifth bits: bit r of byte j belongs to element j of run r.
static void dequantize_q5_k(const uint8_t *block, float *y, size_t count) {
    for (size_t i = 0; i < count; i += 256, block += 176) {
        float d = f16_at(block), dm = f16_at(block + 2);
        uint8_t scale[8], minimum[8];
        scales_and_minima(block + 4, scale, minimum);
        const uint8_t *high = block + 16, *q = block + 48;
        for (int run = 0; run < 8; run += 2, q += 32, y += 64) {
            float d0 = d * (float)scale[run], m0 = dm * (float)minimum[run];
            float d1 = d * (float)scale[run + 1], m1 = dm * (float)minimum[run + 1];
            for (int j = 0; j < 32; j++) y[j] = d0 * (float)((q[j] & 15) | (high[j] >> run & 1) << 4) - m0;
            for (int j = 0; j < 32; j++) y[j + 32] = d1 * (float)((q[j] >> 4) | (high[j] >> (run + 1) & 1) << 4) - m1;
        }
    }
}

/// Block of 256: 128 bytes of low nibbles, 64 of upper pairs of bits, 16 signed scales, d; two halves of 128 elements.
static void dequantize_q6_k(const uint8_t *block, float *y, size_t count) {
    for (size_t i = 0; i < count; i += 256, block += 210) {
        float d = f16_at(block + 208);
        for (int half = 0; half < 2; half++, y += 128) {
            const uint8_t *low = block + 64 * half, *high = block + 128 + 32 * half;
            const int8_t *scale = (const int8_t *)block + 192 + 8 * half;
            for (int part = 0; part < 2; part++) {
                float d0 = d * (float)scale[part], d1 = d * (float)scale[part + 2];
                float d2 = d * (float)scale[part + 4], d3 = d * (float)scale[part + 6];
                const uint8_t *l = low + 16 * part, *h = high + 16 * part;
                float *to = y + 16 * part;
                for (int j = 0; j < 16; j++) to[j] = d0 * (float)(((l[j] & 15) | (h[j] & 3) << 4) - 32);
                for (int j = 0; j < 16; j++) to[j + 32] = d1 * (float)(((l[j + 32] & 15) | (h[j] >> 2 & 3) << 4) - 32);
                for (int j = 0; j < 16; j++) to[j + 64] = d2 * (float)(((l[j] >> 4) | (h[j] >> 4 & 3) << 4) - 32);
                for (int j = 0; j < 16; j++) to[j + 96] = d3 * (float)(((l[j + 32] >> 4) | (h[j] >> 6) << 4) - 32);
            }
        }
    }
}

static int dequantize(int type, const void *source, float *result, size_t count) {
    switch (type) {
    case PLUMB_TYPE_F32: memcpy(result, source, count * sizeof(float)); return 0;
    case PLUMB_TYPE_F16: dequantize_f16(source, result, count); return 0;
    case PLUMB_TYPE_BF16: dequantize_bf16(source, result, count); return 0;
    case PLUMB_TYPE_Q4_0: dequantize_q4_0(source, result, count); return 0;
    case PLUMB_TYPE_Q4_1: dequantize_q4_1(source, result, count); return 0;
    case PLUMB_TYPE_Q5_0: dequantize_q5_0(source, result, count); return 0;
    case PLUMB_TYPE_Q5_1: dequantize_q5_1(source, result, count); return 0;
    case PLUMB_TYPE_Q8_0: dequantize_q8_0(source, result, count); return 0;
    case PLUMB_TYPE_Q4_K: dequantize_q4_k(source, result, count); return 0;
    case PLUMB_TYPE_Q5_K: dequantize_q5_k(source, result, count); return 0;
    case PLUMB_TYPE_Q6_K: dequantize_q6_k(source, result, count); return 0;
    default: return -1;
    }
}
