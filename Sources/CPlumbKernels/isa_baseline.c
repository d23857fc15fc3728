// The kernels every machine of an architecture has: SSE2 on x86-64 (no fused products), NEON on arm64.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels.h"

#define VL 4
#if defined(__aarch64__)
#define HAVE_FMA 1
#else
#define HAVE_FMA 0
#endif
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

const plumb_kernel_table plumb_kernels_baseline = {
    PLUMB_MATMUL_ENTRIES PLUMB_ATTENTION_ENTRIES PLUMB_ATTENTION_BACKWARD_ENTRIES
        PLUMB_ELEMENTWISE_ENTRIES PLUMB_TRAINING_ENTRIES PLUMB_CONVOLUTION_ENTRIES
};
