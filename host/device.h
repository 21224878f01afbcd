// A device: something that holds buffers and runs kernels.
//
// A Device is named by its id ("cpu:avx2", "opencl:0", "cuda:0"), opened once
// and shared. All its methods may be called from any thread. A Queue, and what
// it does to Buffers, belongs to one thread at a time. Destroy queues and
// buffers before their Device.
//
// Overlap is two queues with two buffers each, not events. A CPU device has
// one queue for every worker thread: a queue runs its commands at once, on the
// thread that calls it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/status.h"

namespace quarry {

// What a device says of itself. Sizes are bytes.
struct DeviceInfo {
  std::string id;                   // stable between runs: "cpu:avx2", "cuda:0"
  std::string backend;              // "cpu", "opencl", "cuda"
  std::string name;                 // for people: "NVIDIA H200"
  std::string driver;               // its version; empty: there is none
  std::string hardware;             // what it runs on: "cpu", "pci:0000:01:00"; empty: unknown
  uint64_t memory_bytes = 0;        // total; 0 if the driver does not say
  uint64_t max_buffer_bytes = 0;    // the largest single allocate()
  uint32_t group_size = 1;          // work items per group that suit most kernels
  uint32_t interleave = 1;          // INTERLEAVE that its kernels were built with
  uint32_t lane_words = 1;          // LANE_WORDS likewise
  uint32_t items_per_queue = 1;     // work items that keep one queue busy
  uint32_t queues = 1;              // queues that keep the device busy
  bool owns_memory = false;         // has memory that is not the host's
  bool shares_host_memory = false;  // wrap() gives kernels the host's own memory
  uint32_t multiprocessors = 0;     // on which groups run; 0 on CPUs
  uint64_t group_memory_bytes = 0;  // that the groups on one multiprocessor share; 0: none, or a
                                    // CPU, where it is memory like any other
  bool has_watchdog = false;        // the system may stop kernels that run for seconds
};

// Memory that kernels of one device can use.
class Buffer {
 public:
  virtual ~Buffer() = default;
  virtual uint64_t size_bytes() const = 0;
};

// Number of work items, in groups. items need not be a multiple of group_size:
// the kernel receives the count as an argument and ignores the excess.
struct Grid {
  uint32_t items = 0;
  uint32_t group_size = 0;          // 0: the device's own
  uint32_t group_memory_bytes = 0;  // for each group; only kernels that say so take any
};

// One kernel argument: a buffer, or up to 64 bytes copied at the call. Values
// must have exactly the size of the kernel's parameter (u32, u64, struct).
class Argument {
 public:
  static constexpr size_t kMaxBytes = 64;

  Argument(Buffer& buffer) : buffer_(&buffer) {}  // NOLINT: conversion is the point
  template <class T>
  requires(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> && sizeof(T) <= kMaxBytes)
      Argument(const T& value)
      : size_(sizeof(T)) {  // NOLINT: conversion is the point
    std::memcpy(bytes_.data(), &value, sizeof(T));
  }

  // A value that comes as its bytes, kMaxBytes at most.
  static Argument of_bytes(std::span<const std::byte> bytes) {
    QUARRY_CHECK(bytes.size() <= kMaxBytes);
    Argument argument;
    argument.size_ = bytes.size();
    std::memcpy(argument.bytes_.data(), bytes.data(), bytes.size());
    return argument;
  }

  Buffer* buffer() const { return buffer_; }  // null for a value
  const std::byte* bytes() const { return bytes_.data(); }
  size_t size() const { return size_; }

 private:
  Argument() = default;

  Buffer* buffer_ = nullptr;
  alignas(16) std::array<std::byte, kMaxBytes> bytes_{};
  size_t size_ = 0;
};

// Equal runs of bytes: `rows` runs of `row_bytes`, whose starts lie
// `buffer_pitch` apart in a buffer and `host_pitch` apart in host memory.
struct Rows {
  uint64_t buffer_offset = 0;
  uint64_t buffer_pitch = 0;
  uint64_t host_pitch = 0;
  uint64_t row_bytes = 0;
  uint64_t rows = 0;
};

// Commands that run in the order given. Errors of an earlier command may be
// returned by the next wait(), and name the kernel that failed. After a
// failure the queue refuses further work with the same Status.
class Queue {
 public:
  virtual ~Queue() = default;

  // Copies source to buffer[offset...]. `source` must live until wait() returns.
  // kInvalidArgument if it does not fit.
  virtual Status write(Buffer& buffer, uint64_t offset, std::span<const std::byte> source) = 0;

  // Copies buffer[offset...] to `target`, which is valid after wait() returns OK,
  // and must live until wait() returns, or the queue has gone.
  virtual Status read(const Buffer& buffer, uint64_t offset, std::span<std::byte> target) = 0;

  // Copies rows to host memory that starts at `target`, likewise.
  virtual Status read_rows(const Buffer& buffer, const Rows& rows, std::byte* target) = 0;

  // Runs a kernel by its name in kernels/. kInvalidArgument if the device has no
  // such kernel, the arguments do not match, or a group gets more memory than
  // the device has for one; kDevice if the driver refuses.
  virtual Status launch(std::string_view kernel, Grid grid,
                        std::span<const Argument> arguments) = 0;

  // Returns when every command so far has finished.
  virtual Status wait() = 0;
};

// Which queue's commands a device prefers when both could run.
enum class QueuePriority { kNormal, kHigh };

class Device {
 public:
  static constexpr uint32_t kUnpinnedQueue = UINT32_MAX;

  virtual ~Device() = default;
  virtual const DeviceInfo& info() const = 0;

  // Bytes that allocate() could give now, all buffers together; 0 if unknown.
  virtual uint64_t free_bytes() const = 0;

  // Contents are undefined. kOutOfMemory if it does not fit.
  virtual Result<std::unique_ptr<Buffer>> allocate(uint64_t size_bytes) = 0;

  // Makes host memory a kernel argument where shares_host_memory, else only
  // tells the driver that reads into it are to come (pinned memory). The
  // memory stays the caller's, must be aligned to 4096 bytes and outlive the
  // Buffer. kUnsupported where the driver has no such call.
  virtual Result<std::unique_ptr<Buffer>> wrap(std::span<std::byte> memory) = 0;

  // Opens a queue. On a CPU the calling thread is the one that computes; it is
  // pinned to core `index`, or stays unpinned with kUnpinnedQueue. Elsewhere the
  // index does not matter, and the priority may count.
  virtual Result<std::unique_ptr<Queue>> open_queue(
      uint32_t index, QueuePriority priority = QueuePriority::kNormal) = 0;

  // The device failed and will not be used again: a process of its own ends, so
  // that a new one finds the memory that it held free. Buffers and queues can
  // still be destroyed. Elsewhere there is nothing to give up.
  virtual void abandon() {}
};

// What the user may say of how devices are opened.
struct DeviceOptions {
  uint32_t cpu_threads = 0;  // 0: one for every core that this process may use
};

// A source of devices. A driver that is absent is an empty list, not an error.
struct Backend {
  std::string_view name;
  std::vector<DeviceInfo> (*list)(const DeviceOptions& options);
  Result<std::unique_ptr<Device>> (*open)(std::string_view id, const DeviceOptions& options);
};

// The backends of this build, CPU first.
std::span<const Backend* const> backends();

// Every device of every backend, CPU instruction sets included.
std::vector<DeviceInfo> list_devices(const DeviceOptions& options = {});

// Opens one device by id. "cpu" is the fastest instruction set of this machine,
// or the one that the environment variable QUARRY_CPU names. kNotFound names
// the devices that exist.
Result<std::unique_ptr<Device>> open_device(std::string_view id, const DeviceOptions& options = {});

// Ids that a --device list names ("cpu,opencl:0", "all"), each once. "all" is
// the best CPU device and every GPU, by the first backend where several offer
// the same hardware. kNotFound if one does not exist.
Result<std::vector<std::string>> parse_device_list(std::string_view list,
                                                   const DeviceOptions& options = {});

}  // namespace quarry
