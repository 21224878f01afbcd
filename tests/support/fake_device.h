// A device that does as the real one behind it, until told to misbehave.
//
//   FakeDevice device(open_device("cpu").value(), {.fail_launch_from = 3});
//
// It counts what it is asked for, so that a test can see that a fault happened.
// Any thread may use it, each its own queues, as with every Device.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/device.h"

namespace quarry::tests {

// Numbers count from 0 over all queues of the device.
struct Faults {
  static constexpr uint64_t kNever = UINT64_MAX;

  uint64_t fail_launch_from = kNever;  // this launch and all later ones fail with kDevice
  uint64_t fail_read_at = kNever;      // this read or read_rows and all after it fail
  uint64_t wrong_read_at = kNever;     // every byte of this read or read_rows is inverted,
  uint64_t wrong_reads = 1;            // and of so many from there on
  uint64_t wrong_scoops_at = kNever;   // every scoop of this launch of plot_scoops is wrong,
  uint64_t wrong_scoops = 1;           // and of so many from there on
  uint64_t memory_bytes = kNever;      // kOutOfMemory beyond this, all buffers together
  uint64_t max_buffer_bytes = 0;       // DeviceInfo's; 0: as the real device says
  bool hide_shared_memory = false;     // kernels cannot use the host's memory
  bool owns_memory = false;            // DeviceInfo's; hidden memory is then pinned
};

// What a FakeDevice was asked for so far.
struct FakeCounts {
  std::atomic<uint64_t> launches{0};
  std::atomic<uint64_t> scoop_launches{0};
  std::atomic<uint64_t> reads{0};
  std::atomic<uint64_t> buffers{0};          // allocated, freed ones included
  std::atomic<uint64_t> allocated_bytes{0};  // now
  std::atomic<uint64_t> abandoned{0};
};

class FakeBuffer : public Buffer {
 public:
  FakeBuffer(std::unique_ptr<Buffer> real, FakeCounts* counts)
      : real_(std::move(real)), counts_(counts) {}
  ~FakeBuffer() override {
    if (counts_ != nullptr) counts_->allocated_bytes -= real_->size_bytes();
  }
  uint64_t size_bytes() const override { return real_->size_bytes(); }
  Buffer& real() const { return *real_; }

 private:
  std::unique_ptr<Buffer> real_;
  FakeCounts* counts_;  // null for wrapped memory
};

// Host memory that was pinned: still there when it is let go, or this crashes.
class PinnedBuffer : public Buffer {
 public:
  explicit PinnedBuffer(std::span<std::byte> memory) : memory_(memory) {}
  ~PinnedBuffer() override {
    [[maybe_unused]] const std::byte first = *static_cast<volatile std::byte*>(memory_.data());
  }
  uint64_t size_bytes() const override { return memory_.size(); }

 private:
  std::span<std::byte> memory_;
};

class FakeQueue : public Queue {
 public:
  FakeQueue(std::unique_ptr<Queue> real, const Faults& faults, FakeCounts& counts)
      : real_(std::move(real)), faults_(faults), counts_(counts) {}

  Status write(Buffer& buffer, uint64_t offset, std::span<const std::byte> source) override {
    QUARRY_TRY(failure_);
    return real_->write(real_of(buffer), offset, source);
  }

  Status read(const Buffer& buffer, uint64_t offset, std::span<std::byte> target) override {
    QUARRY_TRY(failure_);
    const uint64_t number = counts_.reads++;
    QUARRY_TRY(fail_read(number));
    QUARRY_TRY(real_->read(real_of(buffer), offset, target));
    if (!is_due(number, faults_.wrong_read_at, faults_.wrong_reads)) return {};
    QUARRY_TRY(real_->wait());
    invert(target);
    return {};
  }

  Status read_rows(const Buffer& buffer, const Rows& rows, std::byte* target) override {
    QUARRY_TRY(failure_);
    const uint64_t number = counts_.reads++;
    QUARRY_TRY(fail_read(number));
    QUARRY_TRY(real_->read_rows(real_of(buffer), rows, target));
    if (!is_due(number, faults_.wrong_read_at, faults_.wrong_reads)) return {};
    QUARRY_TRY(real_->wait());
    for (uint64_t row = 0; row < rows.rows; row++)
      invert({target + row * rows.host_pitch, rows.row_bytes});
    return {};
  }

  Status launch(std::string_view kernel, Grid grid, std::span<const Argument> arguments) override {
    QUARRY_TRY(failure_);
    if (counts_.launches++ >= faults_.fail_launch_from) {
      failure_ = Status(Code::kDevice, "kernel " + std::string(kernel) + ": a fault of the test");
      return failure_;
    }
    std::vector<Argument> real;
    for (const Argument& argument : arguments)
      real.push_back(argument.buffer() == nullptr ? argument
                                                  : Argument(real_of(*argument.buffer())));
    if (kernel == "plot_scoops" && arguments.size() > 1 && arguments[1].buffer() != nullptr &&
        is_due(counts_.scoop_launches++, faults_.wrong_scoops_at, faults_.wrong_scoops))
      return launch_wrong(kernel, grid, real);
    return real_->launch(kernel, grid, real);
  }

  Status wait() override {
    QUARRY_TRY(failure_);
    return real_->wait();
  }

 private:
  static Buffer& real_of(const Buffer& buffer) {
    return static_cast<const FakeBuffer&>(buffer).real();
  }
  static bool is_due(uint64_t number, uint64_t first, uint64_t count) {
    return number >= first && number - first < count;
  }
  Status fail_read(uint64_t number) {
    if (number >= faults_.fail_read_at)
      failure_ = Status(Code::kDevice, "a read failed, by a fault of the test");
    return failure_;
  }
  static void invert(std::span<std::byte> bytes) {
    for (std::byte& byte : bytes) byte = ~byte;
  }

  // The final hash is XORed into every scoop: wrong finals, wrong scoops.
  Status launch_wrong(std::string_view kernel, Grid grid, std::span<const Argument> arguments) {
    Buffer& finals = *arguments[1].buffer();
    std::vector<std::byte> bytes(finals.size_bytes());
    QUARRY_TRY(real_->read(finals, 0, bytes));
    QUARRY_TRY(real_->wait());
    invert(bytes);
    QUARRY_TRY(real_->write(finals, 0, bytes));
    QUARRY_TRY(real_->launch(kernel, grid, arguments));
    QUARRY_TRY(real_->wait());
    invert(bytes);
    QUARRY_TRY(real_->write(finals, 0, bytes));
    return real_->wait();
  }

  std::unique_ptr<Queue> real_;
  const Faults& faults_;
  FakeCounts& counts_;
  Status failure_;
};

class FakeDevice : public Device {
 public:
  FakeDevice(std::unique_ptr<Device> real, const Faults& faults)
      : real_(std::move(real)), faults_(faults), info_(real_->info()) {
    if (faults.max_buffer_bytes > 0) info_.max_buffer_bytes = faults.max_buffer_bytes;
    if (faults.hide_shared_memory) info_.shares_host_memory = false;
    info_.owns_memory = faults.owns_memory;
  }

  const DeviceInfo& info() const override { return info_; }
  const FakeCounts& counts() const { return counts_; }

  uint64_t free_bytes() const override {
    if (faults_.memory_bytes == Faults::kNever) return real_->free_bytes();
    const uint64_t used = counts_.allocated_bytes;
    return used < faults_.memory_bytes ? faults_.memory_bytes - used : 0;
  }

  Result<std::unique_ptr<Buffer>> allocate(uint64_t size_bytes) override {
    const std::lock_guard lock(mutex_);
    if (size_bytes > info_.max_buffer_bytes && info_.max_buffer_bytes > 0)
      return Status(Code::kOutOfMemory, "a buffer larger than the device's largest");
    if (size_bytes > faults_.memory_bytes ||
        counts_.allocated_bytes > faults_.memory_bytes - size_bytes)
      return Status(Code::kOutOfMemory, "no memory left, by a fault of the test");
    QUARRY_ASSIGN(std::unique_ptr<Buffer> buffer, real_->allocate(size_bytes));
    counts_.allocated_bytes += size_bytes;
    counts_.buffers++;
    return std::unique_ptr<Buffer>(std::make_unique<FakeBuffer>(std::move(buffer), &counts_));
  }

  Result<std::unique_ptr<Buffer>> wrap(std::span<std::byte> memory) override {
    if (faults_.hide_shared_memory && faults_.owns_memory)
      return std::unique_ptr<Buffer>(std::make_unique<PinnedBuffer>(memory));
    if (faults_.hide_shared_memory) return Status(Code::kUnsupported, "no shared memory");
    QUARRY_ASSIGN(std::unique_ptr<Buffer> buffer, real_->wrap(memory));
    return std::unique_ptr<Buffer>(std::make_unique<FakeBuffer>(std::move(buffer), nullptr));
  }

  Result<std::unique_ptr<Queue>> open_queue(uint32_t index, QueuePriority priority) override {
    QUARRY_ASSIGN(std::unique_ptr<Queue> queue, real_->open_queue(index, priority));
    return std::unique_ptr<Queue>(std::make_unique<FakeQueue>(std::move(queue), faults_, counts_));
  }

  void abandon() override { counts_.abandoned++; }

 private:
  std::unique_ptr<Device> real_;
  const Faults faults_;
  DeviceInfo info_;
  FakeCounts counts_;
  std::mutex mutex_;  // between the check and the count of memory
};

}  // namespace quarry::tests
