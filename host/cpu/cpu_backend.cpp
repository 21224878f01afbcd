// The CPU as a device: kernels from the portable text, one queue per worker
// thread. A command runs at once, on the thread that calls it.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "host/backends.h"
#include "host/checks.h"
#include "host/cpu/kernel_set.h"
#include "host/cpu/topology.h"
#include "host/memory.h"
#include "kernels/plot_constants.h"

namespace quarry {
namespace {

const CpuKernel* find_kernel(const CpuKernelSet* set, std::string_view name) {
  for (; set != nullptr; set = set->base)
    for (uint32_t i = 0; i < set->kernel_count; i++)
      if (name == set->kernels[i].name) return &set->kernels[i];
  return nullptr;
}

class CpuBuffer : public Buffer {
 public:
  explicit CpuBuffer(std::span<std::byte> memory) : memory_(memory) {}
  explicit CpuBuffer(HostMemory owned) : owned_(std::move(owned)), memory_(owned_.bytes()) {}
  uint64_t size_bytes() const override { return memory_.size(); }
  std::byte* data() const { return memory_.data(); }

 private:
  HostMemory owned_;
  std::span<std::byte> memory_;
};

std::byte* data_of(const Buffer& buffer) { return static_cast<const CpuBuffer&>(buffer).data(); }

class CpuQueue : public Queue {
 public:
  explicit CpuQueue(const CpuKernelSet& set) : set_(set) {}

  Status write(Buffer& buffer, uint64_t offset, std::span<const std::byte> source) override {
    QUARRY_TRY(check_range(buffer, offset, source.size(), "write"));
    if (source.empty()) return {};
    std::memcpy(data_of(buffer) + offset, source.data(), source.size());
    return {};
  }

  Status read(const Buffer& buffer, uint64_t offset, std::span<std::byte> target) override {
    QUARRY_TRY(check_range(buffer, offset, target.size(), "read"));
    if (target.empty()) return {};
    std::memcpy(target.data(), data_of(buffer) + offset, target.size());
    return {};
  }

  Status read_rows(const Buffer& buffer, const Rows& rows, std::byte* target) override {
    QUARRY_TRY(check_rows(buffer, rows));
    for (uint64_t row = 0; row < rows.rows; row++)
      std::memcpy(target + row * rows.host_pitch,
                  data_of(buffer) + rows.buffer_offset + row * rows.buffer_pitch, rows.row_bytes);
    return {};
  }

  Status launch(std::string_view name, Grid grid, std::span<const Argument> arguments) override {
    const CpuKernel* kernel = find_kernel(&set_, name);
    if (kernel == nullptr)
      return {Code::kInvalidArgument, "no kernel " + std::string(name) + " on the CPU"};
    QUARRY_TRY(check_launch(*kernel, grid, arguments));
    std::array<const void*, 32> values;
    std::array<void*, 32> pointers;
    QUARRY_CHECK(arguments.size() <= values.size());
    for (size_t i = 0; i < arguments.size(); i++) {
      Buffer* buffer = arguments[i].buffer();
      if (buffer != nullptr) {
        pointers[i] = data_of(*buffer);
        values[i] = &pointers[i];
      } else {
        values[i] = arguments[i].bytes();
      }
    }
    group_memory_.resize((grid.group_memory_bytes + sizeof(Quad) - 1) / sizeof(Quad));
    kernel->run({.first = 0,
                 .last = grid.items,
                 .group_size = std::max(grid.group_size, 1u),
                 .group_memory = group_memory_.empty() ? nullptr : group_memory_.front().words},
                values.data());
    return {};
  }

  Status wait() override { return {}; }

 private:
  struct alignas(16) Quad {
    uint32_t words[4];
  };

  const CpuKernelSet& set_;
  std::vector<Quad> group_memory_;  // groups run one after the other
};

class CpuDevice : public Device {
 public:
  CpuDevice(DeviceInfo info, const CpuKernelSet& set) : info_(std::move(info)), set_(set) {}

  const DeviceInfo& info() const override { return info_; }
  uint64_t free_bytes() const override { return available_memory_bytes(); }

  Result<std::unique_ptr<Buffer>> allocate(uint64_t size_bytes) override {
    QUARRY_ASSIGN(HostMemory memory, HostMemory::allocate(size_bytes));
    return std::unique_ptr<Buffer>(std::make_unique<CpuBuffer>(std::move(memory)));
  }

  Result<std::unique_ptr<Buffer>> wrap(std::span<std::byte> memory) override {
    return std::unique_ptr<Buffer>(std::make_unique<CpuBuffer>(memory));
  }

  Result<std::unique_ptr<Queue>> open_queue(uint32_t index, QueuePriority) override {
    // An unpinned thread computes the same, a little slower.
    if (index != kUnpinnedQueue) (void)pin_this_thread(index);
    return std::unique_ptr<Queue>(std::make_unique<CpuQueue>(set_));
  }

 private:
  DeviceInfo info_;
  const CpuKernelSet& set_;
};

// Seconds of a few hashes of LANES nonces: the smallest of some runs.
double measure(const CpuKernelSet& set) {
  constexpr uint32_t kFirstHash = 200, kHashes = 4;
  auto memory = HostMemory::allocate(uint64_t{set.lanes} * PLOT_NONCE_WORDS * 4);
  if (!memory.ok()) return 1e9;
  CpuBuffer buffer(memory->bytes());
  CpuQueue queue(set);
  double best = 1e9;
  for (int run = 0; run < 7; run++) {
    const auto begin = std::chrono::steady_clock::now();
    const Argument arguments[] = {buffer,    uint64_t{0}, uint64_t{0},         uint64_t{1},
                                  set.lanes, kFirstHash,  kFirstHash + kHashes};
    if (!queue.launch("plot_hashes", {.items = set.lanes}, arguments).ok()) return 1e9;
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    best = std::min(best, time.count() / set.lanes);
  }
  return best;
}

// The set that computes plots fastest here among those of the same instructions.
const CpuKernelSet* fastest(std::string_view instructions) {
  const CpuKernelSet* best = nullptr;
  double best_time = 0;
  for (const CpuKernelSet* const* set = kCpuKernelSets; *set != nullptr; set++) {
    if (instructions != (*set)->instructions || !(*set)->supported()) continue;
    const double time = measure(**set);
    if (best == nullptr || time < best_time) {
      best = *set;
      best_time = time;
    }
  }
  return best;
}

// Instruction sets that this machine supports, slowest first.
std::vector<std::string> supported_instructions() {
  std::vector<std::string> names;
  for (const CpuKernelSet* const* set = kCpuKernelSets; *set != nullptr; set++)
    if ((*set)->supported() && (names.empty() || names.back() != (*set)->instructions))
      names.emplace_back((*set)->instructions);
  return names;
}

DeviceInfo describe(std::string_view id, const DeviceOptions& options) {
  DeviceInfo info;
  info.id = id;
  info.backend = "cpu";
  info.name = cpu_model_name();
  info.hardware = "cpu";
  info.memory_bytes = host_memory_bytes();
  info.max_buffer_bytes = info.memory_bytes;
  info.queues = options.cpu_threads > 0 ? options.cpu_threads : usable_cpu_count();
  info.shares_host_memory = true;
  return info;
}

std::vector<DeviceInfo> list(const DeviceOptions& options) {
  std::vector<DeviceInfo> devices;
  for (const std::string& name : supported_instructions())
    devices.push_back(describe("cpu:" + name, options));
  return devices;
}

Result<std::unique_ptr<Device>> open(std::string_view id, const DeviceOptions& options) {
  std::string wanted(id.substr(id.find(':') == id.npos ? id.size() : id.find(':') + 1));
  std::string source = "device " + std::string(id);
  if (wanted.empty()) {
    const char* forced = std::getenv("QUARRY_CPU");
    if (forced != nullptr && *forced != '\0') {
      wanted = forced;
      source = "QUARRY_CPU=" + wanted;
    } else {
      wanted = supported_instructions().back();
    }
  }
  const CpuKernelSet* chosen = fastest(wanted);
  if (chosen == nullptr) {  // not an instruction set: the full name of a kernel set?
    for (const CpuKernelSet* const* set = kCpuKernelSets; *set != nullptr; set++)
      if (wanted == (*set)->name && (*set)->supported()) chosen = *set;
  }
  if (chosen == nullptr) {
    std::string message = source + ": this processor or build has no such instruction set; it has";
    for (const std::string& name : supported_instructions()) message += " " + name;
    return Status(Code::kNotFound, message);
  }
  DeviceInfo info = describe("cpu:" + wanted, options);
  info.interleave = chosen->lanes;
  info.items_per_queue = chosen->lanes;
  return std::unique_ptr<Device>(std::make_unique<CpuDevice>(info, *chosen));
}

}  // namespace

const Backend kCpuBackend = {"cpu", list, open};

}  // namespace quarry
