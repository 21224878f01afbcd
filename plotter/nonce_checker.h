// One scoop each of many nonces, of whatever accounts: what a pool computes to check
// what its miners submit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"
#include "plotter/generator.h"
#include "plotter/poc2.h"

namespace quarry {

using Scoop = std::array<std::byte, kScoopBytes>;

// Belongs to one thread. What a device says is not checked here.
class NonceChecker {
 public:
  // By queue `queue_index` of the device, for up to `batch` nonces at a time. A device
  // computes nonces in groups of DeviceInfo::interleave: fewer at a time cost as much.
  // kOutOfMemory if not even one group fits; kDevice.
  static Result<std::unique_ptr<NonceChecker>> open(Device& device, uint32_t queue_index,
                                                    uint32_t batch);

  // Most nonces of one compute(): `batch` rounded up to groups, or less where the
  // device has not as much memory.
  uint32_t batch() const { return generator_->batch_nonces(); }

  // scoops[i] = scoop number `scoop`, in the order of PoC2, of nonces[i]. There are as
  // many scoops as nonces, at most batch(). kDevice; kCancelled, within one launch.
  Status compute(std::span<const NonceOfAccount> nonces, uint32_t scoop, std::span<Scoop> scoops,
                 const Cancel& cancel);

 private:
  explicit NonceChecker(std::unique_ptr<NonceGenerator> generator)
      : generator_(std::move(generator)) {}
  std::unique_ptr<NonceGenerator> generator_;
};

}  // namespace quarry
