// Large blocks of host memory: page-aligned, on huge pages where the system
// gives them, with bytes of slack behind so that SIMD kernels may read past.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/status.h"

namespace quarry {

// Who can see a block of host memory.
enum class Sharing {
  kPrivate,  // this process
  kShared,   // also processes that are given its descriptor
};

class HostMemory {
 public:
  HostMemory() = default;
  ~HostMemory();
  HostMemory(HostMemory&& other) noexcept;
  HostMemory& operator=(HostMemory&& other) noexcept;

  // Zeroed, aligned to 4096 bytes (2 MiB from 2 MiB up), not touched yet: pages
  // come from the NUMA node of the thread that writes them first. kSlackBytes
  // more than `size_bytes` may be read. kOutOfMemory; the system's words where
  // it gives no shared memory.
  static Result<HostMemory> allocate(uint64_t size_bytes, Sharing sharing = Sharing::kPrivate);

  // Where bytes lie in shared memory: the descriptor is the memory's own and
  // lives as long as it does.
  struct SharedPlace {
    int descriptor = -1;
    uint64_t offset = 0;
  };

  // Empty if the bytes are not all in one block of shared memory of this
  // process. Any thread.
  static std::optional<SharedPlace> find_shared(std::span<const std::byte> bytes);

  // The same bytes in another process: `size_bytes` at `place`, whose offset is a
  // multiple of 4096, with the slack behind. Takes no part in find_shared(), and
  // leaves the descriptor to the caller. kInvalidArgument if they are not in the
  // memory; kOutOfMemory.
  static Result<HostMemory> map(const SharedPlace& place, uint64_t size_bytes);

  static constexpr uint64_t kSlackBytes = 4096;

  std::span<std::byte> bytes() const { return {data_, size_}; }
  std::byte* data() const { return data_; }
  uint64_t size_bytes() const { return size_; }

 private:
  // Addresses with nothing but zeros behind them, aligned for a file's `offset`.
  static Result<HostMemory> reserve(uint64_t size_bytes, int protection, uint64_t offset);
  void prefer_huge_pages() const;

  std::byte* data_ = nullptr;
  uint64_t size_ = 0;
  void* mapping_ = nullptr;
  uint64_t mapping_size_ = 0;
  int descriptor_ = -1;  // of memory that was allocated as shared
};

}  // namespace quarry
