#include "plotter/referee.h"

#include <thread>

#include "plotter/generator.h"
#include "plotter/poc2.h"

namespace quarry {

Result<Device*> Referee::device() {
  const std::lock_guard lock(mutex_);
  if (device_ == nullptr) {
    QUARRY_ASSIGN(device_, open_device("cpu"));
  }
  return device_.get();
}

Result<HostMemory> Referee::compute(uint64_t account_id, uint64_t start, uint32_t count,
                                    const Cancel& cancel) {
  QUARRY_ASSIGN(Device * cpu, device());
  QUARRY_ASSIGN(HostMemory memory, HostMemory::allocate(count * kNonceBytes));
  Status status;
  // A CPU queue pins its thread, which the caller would not expect of a check.
  std::thread thread([&] {
    status = [&]() -> Status {
      QUARRY_ASSIGN(const std::unique_ptr<NonceGenerator> generator,
                    NonceGenerator::open(*cpu, 0, count));
      const ScoopBlock block = {memory.data(), count, nullptr};
      for (uint32_t done = 0; done < count;) {
        const uint32_t part = std::min(count - done, generator->batch_nonces());
        const NonceRange range = {
            .account_id = account_id, .start = start + done, .count = part, .step = 1};
        QUARRY_TRY(generator->generate(range, block, done, cancel));
        done += part;
      }
      return {};
    }();
  });
  thread.join();
  QUARRY_TRY(status);
  return memory;
}

}  // namespace quarry
