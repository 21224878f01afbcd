// Compiled once per kernel set, with these defined by CMake:
//   KERNEL_SET     avx512x2        name of the set
//   INSTRUCTIONS   avx512          instruction set it needs
//   LANES          32              work items per word
//   NATIVE_LANES   16              u32 in one vector register
//   BASE_SET       avx512          set that has the other kernels; undefined: none
#include <stdint.h>
#include <string.h>

#include <utility>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "host/cpu/kernel_set.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)
#define KERNELS JOIN(kernels_, KERNEL_SET)

namespace quarry {
namespace KERNELS {

#include "kernels/plot.h"
#if LANES == 1
#include "kernels/plot_main.h"
// For their signatures, and for the fake driver of the tests.
#include "kernels/cuda/probes.h"
#endif
#if !defined(BASE_SET)
#include "kernels/scan.h"
#endif

template <class T>
struct ArgumentOf {
  static constexpr CpuKernelArgument kInfo = {sizeof(T), false};
};
template <class T>
struct ArgumentOf<T*> {
  static constexpr CpuKernelArgument kInfo = {sizeof(T*), true};
};

template <auto kernel, uint32_t step, class... P, int... index>
inline void run_items(void (*)(const work_item*, P...), std::integer_sequence<int, index...>,
                      const CpuItems& items, const void* const* arguments) {
  for (uint64_t item = items.first; item < items.last; item += step) {
    const uint32_t i = (uint32_t)item, size = items.group_size;
    const work_item here = {i, i % size, i / size, size, items.group_memory};
    kernel(&here, *(const P*)arguments[index]...);
  }
}

template <class... P>
std::make_integer_sequence<int, sizeof...(P)> indices_of(void (*)(const work_item*, P...));

template <auto kernel, uint32_t step>
void run(const CpuItems& items, const void* const* arguments) {
  run_items<kernel, step>(kernel, decltype(indices_of(kernel)){}, items, arguments);
}

template <class F>
struct Signature;
template <class... P>
struct Signature<void (*)(const work_item*, P...)> {
  static constexpr CpuKernelArgument kArguments[] = {ArgumentOf<P>::kInfo...};
  static constexpr uint32_t kCount = sizeof...(P);
};

// One line per kernel: items per call is LANES for kernels on `word`, else 1.
#define CPU_KERNEL(name, step, takes_group_memory)                       \
  {                                                                      \
#name, run < name, step>, Signature < decltype(&name)> ::kArguments, \
        Signature < decltype(&name)> ::kCount, step, takes_group_memory  \
  }

const CpuKernel kKernels[] = {
    CPU_KERNEL(plot_hashes, LANES, false),
    CPU_KERNEL(plot_final, LANES, false),
    CPU_KERNEL(plot_scoops, 1, false),
    CPU_KERNEL(plot_seeded_hashes, LANES, false),
    CPU_KERNEL(plot_seeded_final, LANES, false),
#if LANES == 1
    CPU_KERNEL(plot_main, 1, true),
    CPU_KERNEL(plot_main_m1, 1, true),
    CPU_KERNEL(plot_main_m5, 1, true),
    CPU_KERNEL(probe_lop3, 1, false),
    CPU_KERNEL(probe_shf, 1, false),
    CPU_KERNEL(probe_iadd3, 1, false),
    CPU_KERNEL(probe_imad, 1, false),
    CPU_KERNEL(probe_imad_wide, 1, false),
    CPU_KERNEL(probe_shf_lop3, 1, false),
    CPU_KERNEL(probe_iadd3_lop3, 1, false),
    CPU_KERNEL(probe_imad_lop3, 1, false),
    CPU_KERNEL(probe_imad_wide_lop3, 1, false),
    CPU_KERNEL(probe_step, 1, false),
    CPU_KERNEL(probe_fill, 1, false),
    CPU_KERNEL(probe_load, 1, false),
    CPU_KERNEL(probe_window, 1, false),
#endif
#if !defined(BASE_SET)
    CPU_KERNEL(scan_hits, LANES, false),
#endif
};

bool supported() {
#if defined(__x86_64__)
  __builtin_cpu_init();
#define HAS(feature) __builtin_cpu_supports(feature)
  const char* const set = TEXT(INSTRUCTIONS);
  if (!strcmp(set, "sse4")) return HAS("sse4.2") && HAS("ssse3") && HAS("popcnt");
  if (!strcmp(set, "avx2")) return HAS("avx2") && HAS("bmi") && HAS("bmi2") && HAS("fma");
  if (!strcmp(set, "avx512"))
    return HAS("avx512f") && HAS("avx512bw") && HAS("avx512cd") && HAS("avx512dq") &&
           HAS("avx512vl") && HAS("avx2") && HAS("bmi") && HAS("bmi2") && HAS("fma");
#endif
  return true;
}

}  // namespace KERNELS

#if defined(BASE_SET)
extern const CpuKernelSet JOIN(kCpuKernelSet_, BASE_SET);
#define BASE_SET_POINTER &JOIN(kCpuKernelSet_, BASE_SET)
#else
#define BASE_SET_POINTER nullptr
#endif

extern const CpuKernelSet JOIN(kCpuKernelSet_, KERNEL_SET);
const CpuKernelSet JOIN(kCpuKernelSet_, KERNEL_SET) = {
    TEXT(KERNEL_SET),   TEXT(INSTRUCTIONS), LANES,
    KERNELS::supported, KERNELS::kKernels,  sizeof(KERNELS::kKernels) / sizeof(CpuKernel),
    BASE_SET_POINTER,
};

}  // namespace quarry
