// The kernels for x86-64 with AVX2, FMA and F16C.
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels.h"

#define VL 8
#define HAVE_FMA 1
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "vector.h"
#include "matmul.inc.h"
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

const plumb_kernel_table plumb_kernels_avx2 = {
    PLUMB_MATMUL_ENTRIES PLUMB_ATTENTION_ENTRIES PLUMB_ATTENTION_BACKWARD_ENTRIES
        PLUMB_ELEMENTWISE_ENTRIES PLUMB_TRAINING_ENTRIES PLUMB_CONVOLUTION_ENTRIES
};
#else
typedef int plumb_no_avx2;
#endif
