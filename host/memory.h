// Large blocks of host memory: page-aligned, on huge pages where the system
// gives them, with bytes of slack behind so that SIMD kernels may read past.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/status.h"

namespace quarry {

class HostMemory {
 public:
  HostMemory() = default;
  ~HostMemory();
  HostMemory(HostMemory&& other) noexcept;
  HostMemory& operator=(HostMemory&& other) noexcept;

  // Zeroed, aligned to 4096 bytes (2 MiB from 2 MiB up), not touched yet: pages
  // come from the NUMA node of the thread that writes them first. kSlackBytes
  // more than `size_bytes` may be read. kOutOfMemory.
  static Result<HostMemory> allocate(uint64_t size_bytes);

  static constexpr uint64_t kSlackBytes = 4096;

  std::span<std::byte> bytes() const { return {data_, size_}; }
  std::byte* data() const { return data_; }
  uint64_t size_bytes() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  uint64_t size_ = 0;
  void* mapping_ = nullptr;
  uint64_t mapping_size_ = 0;
};

}  // namespace quarry
