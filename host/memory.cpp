#include "host/memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

namespace quarry {
namespace {
constexpr uint64_t kHugePage = uint64_t{2} << 20;
}

HostMemory::~HostMemory() {
  if (mapping_ != nullptr) munmap(mapping_, mapping_size_);
}

HostMemory::HostMemory(HostMemory&& other) noexcept { *this = std::move(other); }

HostMemory& HostMemory::operator=(HostMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapping_, other.mapping_);
  std::swap(mapping_size_, other.mapping_size_);
  return *this;
}

Result<HostMemory> HostMemory::allocate(uint64_t size_bytes) {
  const bool huge = size_bytes >= kHugePage;
  const uint64_t extra = kSlackBytes + (huge ? kHugePage : 0);
  if (size_bytes > UINT64_MAX / 2) return Status(Code::kOutOfMemory, "cannot allocate 2^63 bytes");
  HostMemory memory;
  void* mapping = mmap(nullptr, size_bytes + extra, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED)
    return Status(Code::kOutOfMemory,
                  "cannot allocate " + std::to_string(size_bytes) + " bytes of host memory");
  memory.mapping_ = mapping;
  memory.mapping_size_ = size_bytes + extra;
  auto address = reinterpret_cast<uintptr_t>(mapping);
  if (huge) {
    address = (address + kHugePage - 1) / kHugePage * kHugePage;
    // A hint; without it plotting loses a few per cent to TLB misses.
    (void)madvise(reinterpret_cast<void*>(address), size_bytes, MADV_HUGEPAGE);
  }
  memory.data_ = reinterpret_cast<std::byte*>(address);
  memory.size_ = size_bytes;
  return memory;
}

}  // namespace quarry
