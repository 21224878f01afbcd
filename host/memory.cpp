#include "host/memory.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <utility>

namespace quarry {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kHugePage = uint64_t{2} << 20;

// The shared blocks of this process by the address behind their last byte.
struct SharedBlocks {
  struct Block {
    const std::byte* begin;
    int descriptor;
  };
  std::mutex mutex;
  std::map<const std::byte*, Block> by_end;
};

SharedBlocks& shared_blocks() {
  static SharedBlocks blocks;
  return blocks;
}

Status no_memory(uint64_t size_bytes) {
  return {Code::kOutOfMemory,
          "cannot allocate " + std::to_string(size_bytes) + " bytes of host memory"};
}

// An address inside [mapping, mapping + kHugePage) at which huge pages of a file
// from `offset` on are huge pages of memory.
std::byte* huge_aligned(void* mapping, uint64_t offset) {
  const uint64_t wanted = offset % kHugePage;
  const uint64_t missing = (wanted - reinterpret_cast<uintptr_t>(mapping)) % kHugePage;
  return static_cast<std::byte*>(mapping) + missing;
}

}  // namespace

HostMemory::~HostMemory() {
  if (descriptor_ >= 0) {
    SharedBlocks& blocks = shared_blocks();
    const std::lock_guard lock(blocks.mutex);
    blocks.by_end.erase(data_ + size_);
    close(descriptor_);
  }
  if (mapping_ != nullptr) munmap(mapping_, mapping_size_);
}

HostMemory::HostMemory(HostMemory&& other) noexcept { *this = std::move(other); }

HostMemory& HostMemory::operator=(HostMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapping_, other.mapping_);
  std::swap(mapping_size_, other.mapping_size_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Result<HostMemory> HostMemory::allocate(uint64_t size_bytes, Sharing sharing) {
  if (size_bytes > UINT64_MAX / 2) return Status(Code::kOutOfMemory, "cannot allocate 2^63 bytes");
  if (sharing == Sharing::kShared) {
    const int descriptor = memfd_create("quarry", MFD_CLOEXEC);
    if (descriptor < 0) return errno_status(errno, "allocate", "shared memory");
    if (ftruncate(descriptor, static_cast<off_t>(size_bytes + kSlackBytes)) != 0) {
      close(descriptor);
      return no_memory(size_bytes);
    }
    auto memory = map({descriptor, 0}, size_bytes);
    if (!memory.ok()) {
      close(descriptor);
      return memory;
    }
    memory->descriptor_ = descriptor;
    SharedBlocks& blocks = shared_blocks();
    const std::lock_guard lock(blocks.mutex);
    blocks.by_end[memory->data_ + size_bytes] = {memory->data_, descriptor};
    return memory;
  }
  QUARRY_ASSIGN(HostMemory memory, reserve(size_bytes, PROT_READ | PROT_WRITE, 0));
  memory.prefer_huge_pages();
  return memory;
}

Result<HostMemory> HostMemory::reserve(uint64_t size_bytes, int protection, uint64_t offset) {
  const bool huge = size_bytes >= kHugePage;
  HostMemory memory;
  const uint64_t mapping_size = size_bytes + kSlackBytes + (huge ? kHugePage : 0);
  void* mapping =
      mmap(nullptr, mapping_size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return no_memory(size_bytes);
  memory.mapping_ = mapping;
  memory.mapping_size_ = mapping_size;
  memory.data_ = huge ? huge_aligned(mapping, offset) : static_cast<std::byte*>(mapping);
  memory.size_ = size_bytes;
  return memory;
}

void HostMemory::prefer_huge_pages() const {
  // A hint; without it plotting loses a few per cent to TLB misses.
  if (size_ >= kHugePage) (void)madvise(data_, size_, MADV_HUGEPAGE);
}

Result<HostMemory> HostMemory::map(const SharedPlace& place, uint64_t size_bytes) {
  struct stat file {};
  if (fstat(place.descriptor, &file) != 0) return errno_status(errno, "map", "shared memory");
  const auto file_size = static_cast<uint64_t>(file.st_size);
  if (place.offset % kPage != 0 || place.offset > file_size ||
      kSlackBytes > file_size - place.offset || size_bytes > file_size - place.offset - kSlackBytes)
    return Status(Code::kInvalidArgument,
                  std::to_string(size_bytes) + " bytes at " + std::to_string(place.offset) +
                      " are not in shared memory of " + std::to_string(file_size) + " bytes");
  // A range of addresses first, so that the file lies at the one that suits it.
  QUARRY_ASSIGN(HostMemory memory, reserve(size_bytes, PROT_NONE, place.offset));
  if (mmap(memory.data_, size_bytes + kSlackBytes, PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_FIXED | MAP_NORESERVE, place.descriptor,
           static_cast<off_t>(place.offset)) == MAP_FAILED)
    return no_memory(size_bytes);
  memory.prefer_huge_pages();
  return memory;
}

std::optional<HostMemory::SharedPlace> HostMemory::find_shared(std::span<const std::byte> bytes) {
  SharedBlocks& blocks = shared_blocks();
  const std::lock_guard lock(blocks.mutex);
  const auto found = blocks.by_end.lower_bound(bytes.data() + bytes.size());
  if (found == blocks.by_end.end() || bytes.data() < found->second.begin) return std::nullopt;
  return SharedPlace{found->second.descriptor,
                     static_cast<uint64_t>(bytes.data() - found->second.begin)};
}

}  // namespace quarry
