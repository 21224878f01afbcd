// The kernels compiled for one CPU instruction set.
//
// The same kernel text is compiled once per set (kernel_set.inc.cpp), and
// those objects must not define any inline function that the linker could
// share with code for every machine: so this header uses plain types only.
#pragma once

#include <stdint.h>

namespace quarry {

struct CpuKernelArgument {
  uint32_t size_bytes;  // of the value; of a pointer if is_buffer
  bool is_buffer;
};

// Work items [first, last) of a launch in groups of group_size.
struct CpuItems {
  uint32_t first;
  uint32_t last;
  uint32_t group_size;
  uint32_t* group_memory;  // of the group that runs, aligned to 16 bytes; items run one by one
};

// One kernel. run() calls it for `items`; arguments[i] points to the value, or
// to the pointer, of argument i. Runs on the calling thread.
struct CpuKernel {
  const char* name;
  void (*run)(const CpuItems& items, const void* const* arguments);
  const CpuKernelArgument* arguments;
  uint32_t argument_count;
  uint32_t step;            // items that one call computes; last - first is rounded up to it
  bool takes_group_memory;  // WITH_GROUP_MEMORY stands in its parameters
};

struct CpuKernelSet {
  const char* name;          // "avx512", "avx512x2"
  const char* instructions;  // "avx512": what QUARRY_CPU and device ids call it
  uint32_t lanes;            // work items in one word
  bool (*supported)();       // by this machine
  const CpuKernel* kernels;
  uint32_t kernel_count;
  const CpuKernelSet* base;  // where to look for kernels that this set lacks; may be null
};

// Sets of this build, slowest instructions first; ends with a null pointer.
// "NAMEx2" has words of two native vectors: two independent chains of
// arithmetic hide the latency of machines whose vector instructions take two
// cycles; on others the spills cost more than that. Which one is faster is
// measured when a device is opened.
extern const CpuKernelSet* const kCpuKernelSets[];

}  // namespace quarry
