// The kernels for x86-64 with AVX-512 (F, BW, DQ, VL).
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels.h"

#define VL 16
#define HAVE_FMA 1
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), \
    apply_to = function)
#include "vector.h"
#include "matmul.inc.h"
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,f16c"))), \
    apply_to = function)
#include "matmul_pairs.inc.h"
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), \
    apply_to = function)
#include "matmul_pack.inc.h"
#include "matmul_drive.inc.h"
#include "elementwise.inc.h"
#include "attention.inc.h"
#include "attention_backward.inc.h"
#include "training.inc.h"
#include "training_rows.inc.h"
#include "pooling.inc.h"
#include "convolution.inc.h"
#pragma clang attribute pop

const plumb_kernel_table plumb_kernels_avx512 = {
    PLUMB_MATMUL_ENTRIES PLUMB_ATTENTION_ENTRIES PLUMB_ATTENTION_BACKWARD_ENTRIES
        PLUMB_ELEMENTWISE_ENTRIES PLUMB_TRAINING_ENTRIES PLUMB_CONVOLUTION_ENTRIES
};
#else
typedef int plumb_no_avx512;
#endif
