// The worker process of isolated devices in tests: a device as any other, whose
// queues also know three kernels that no device survives.
//
//   launch("die")     the process is killed
//   launch("hang")    never returns, and says so on stderr
//   launch("exit")    the process ends with exit code 7
//
// Opening the device "hang" never returns either.
#include "host/isolated/device_server.h"

#include <unistd.h>

#include <csignal>

namespace quarry {
namespace {

[[noreturn]] void hang() {
  (void)!write(STDERR_FILENO, "a device hangs\n", 15);
  while (true) pause();
}

class FatalQueue : public Queue {
 public:
  explicit FatalQueue(std::unique_ptr<Queue> real) : real_(std::move(real)) {}

  Status write(Buffer& buffer, uint64_t offset, std::span<const std::byte> source) override {
    return real_->write(buffer, offset, source);
  }
  Status read(const Buffer& buffer, uint64_t offset, std::span<std::byte> target) override {
    return real_->read(buffer, offset, target);
  }
  Status read_rows(const Buffer& buffer, const Rows& rows, std::byte* target) override {
    return real_->read_rows(buffer, rows, target);
  }
  Status launch(std::string_view kernel, Grid grid, std::span<const Argument> arguments) override {
    if (kernel == "die") (void)kill(getpid(), SIGKILL);
    if (kernel == "exit") _exit(7);
    if (kernel == "hang") hang();
    return real_->launch(kernel, grid, arguments);
  }
  Status wait() override { return real_->wait(); }

 private:
  std::unique_ptr<Queue> real_;
};

class FatalDevice : public Device {
 public:
  explicit FatalDevice(std::unique_ptr<Device> real) : real_(std::move(real)) {}

  const DeviceInfo& info() const override { return real_->info(); }
  uint64_t free_bytes() const override { return real_->free_bytes(); }
  Result<std::unique_ptr<Buffer>> allocate(uint64_t size_bytes) override {
    return real_->allocate(size_bytes);
  }
  Result<std::unique_ptr<Buffer>> wrap(std::span<std::byte> memory) override {
    return real_->wrap(memory);
  }
  Result<std::unique_ptr<Queue>> open_queue(uint32_t index, QueuePriority priority) override {
    QUARRY_ASSIGN(std::unique_ptr<Queue> queue, real_->open_queue(index, priority));
    return std::unique_ptr<Queue>(std::make_unique<FatalQueue>(std::move(queue)));
  }

 private:
  std::unique_ptr<Device> real_;
};

Result<std::unique_ptr<Device>> open_fatal(std::string_view id, const DeviceOptions& options) {
  if (id == "hang") hang();
  QUARRY_ASSIGN(std::unique_ptr<Device> device, open_device(id, options));
  return std::unique_ptr<Device>(std::make_unique<FatalDevice>(std::move(device)));
}

}  // namespace
}  // namespace quarry

int main() { quarry::serve_device(quarry::kDeviceServerSocket, quarry::open_fatal); }
