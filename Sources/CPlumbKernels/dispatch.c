// Chooses the kernels of the best instruction set this machine has.
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

static const plumb_kernel_table *table_of(int isa) {
    switch (isa) {
    case PLUMB_ISA_BASELINE: return &plumb_kernels_baseline;
#if defined(__x86_64__)
    case PLUMB_ISA_AVX2: return &plumb_kernels_avx2;
    case PLUMB_ISA_AVX512: return &plumb_kernels_avx512;
#endif
    default: return NULL;
    }
}

static int machine_has(int isa) {
    if (isa == PLUMB_ISA_BASELINE) return 1;
#if defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    if (isa == PLUMB_ISA_AVX2) return avx2;
    if (isa == PLUMB_ISA_AVX512) {
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    }
#endif
    return 0;
}

const char *plumb_isa_name(int isa) {
    switch (isa) {
    case PLUMB_ISA_BASELINE: return "baseline";
    case PLUMB_ISA_AVX2: return "avx2";
    case PLUMB_ISA_AVX512: return "avx512";
    default: return "unknown";
    }
}

int plumb_isa_best(void) {
    for (int isa = PLUMB_ISA_AVX512; isa > PLUMB_ISA_BASELINE; isa--) {
        if (machine_has(isa)) return isa;
    }
    return PLUMB_ISA_BASELINE;
}

// -1 until first asked. Threads that ask at once find the same answer, so the race is harmless.
static atomic_int chosen = -1;

int plumb_isa(void) {
    int isa = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (isa >= 0) return isa;
    isa = plumb_isa_best();
    const char *name = getenv("PLUMB_ISA");
    for (int i = PLUMB_ISA_BASELINE; name && i <= PLUMB_ISA_AVX512; i++) {
        if (strcmp(name, plumb_isa_name(i)) == 0 && machine_has(i)) isa = i;
    }
    int unset = -1;
    if (!atomic_compare_exchange_strong(&chosen, &unset, isa)) isa = unset;
    return isa;
}

int plumb_isa_force(int isa) {
    if (!machine_has(isa)) return -1;
    atomic_store(&chosen, isa);
    return 0;
}

const plumb_kernel_table *plumb_kernels(void) { return table_of(plumb_isa()); }

int plumb_has_bf16(void) {
#if defined(__x86_64__)
    return plumb_isa() == PLUMB_ISA_AVX512 && __builtin_cpu_supports("avx512bf16");
#else
    return 0;
#endif
}
