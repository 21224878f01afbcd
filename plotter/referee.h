// Computes nonces on the CPU, to settle whether a file or a device is wrong.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"
#include "host/memory.h"

namespace quarry {

// May be used from several threads.
class Referee {
 public:
  // Nonces start .. start + count - 1 as a PoC2 file of `count` nonces.
  Result<HostMemory> compute(uint64_t account_id, uint64_t start, uint32_t count,
                             const Cancel& cancel);

 private:
  Result<Device*> device();

  std::mutex mutex_;
  std::unique_ptr<Device> device_;
};

}  // namespace quarry
