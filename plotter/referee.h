// Computes nonces on the CPU, to settle whether a file or a device is wrong.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"
#include "host/memory.h"
#include "plotter/generator.h"

namespace quarry {

// Owns a CPU queue that is not pinned. Belongs to the thread that opened it.
class Referee {
 public:
  static constexpr uint32_t kMostNonces = 32;

  // Opens the device "cpu".
  static Result<std::unique_ptr<Referee>> open();

  // The nonces of the range, at most kMostNonces, in the order of a PoC2 file of
  // range.count nonces. Valid until the next call.
  Result<std::span<const std::byte>> compute(const NonceRange& range, const Cancel& cancel);

 private:
  Referee() = default;
  std::unique_ptr<Device> device_;
  std::unique_ptr<NonceGenerator> generator_;
  HostMemory memory_;
};

}  // namespace quarry
