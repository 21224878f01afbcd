// Computes nonces on one queue of a device and puts their scoops where a plot
// file wants them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"

namespace quarry {

// The nonces to compute: start, start + step, ..., `count` of them.
struct NonceRange {
  uint64_t account_id = 0;
  uint64_t start = 0;
  uint32_t count = 0;
  uint64_t step = 1;
};

// A block of scoops in the order of a plot file: scoop s of its nonce i stands
// at data + (s * nonces + i) * 64. Not owned.
struct ScoopBlock {
  std::byte* data = nullptr;
  uint64_t nonces = 0;
  Buffer* wrapped = nullptr;  // data as a Buffer of the device, if it could be wrapped
};

// Owns one queue and the device memory for batch_nonces() nonces. Belongs to
// the thread that opened it.
class NonceGenerator {
 public:
  // Opens queue `queue_index`, with memory for up to `nonces` nonces, or fewer
  // where the device has not as much: at least its interleave. kOutOfMemory if
  // not even that fits.
  static Result<std::unique_ptr<NonceGenerator>> open(Device& device, uint32_t queue_index,
                                                      uint32_t nonces);

  uint32_t batch_nonces() const { return batch_nonces_; }

  // Computes range.count <= batch_nonces() nonces; the first becomes nonce number
  // `first` of `target`. On kCancelled and other failures the target's part is
  // undefined.
  Status generate(const NonceRange& range, const ScoopBlock& target, uint64_t first,
                  const Cancel& cancel);

 private:
  // Part of a batch, small enough for the device's largest allocation.
  struct Chunk {
    std::unique_ptr<Buffer> hashes;
    std::unique_ptr<Buffer> finals;
    uint32_t nonces = 0;
  };

  NonceGenerator(Device& device, std::unique_ptr<Queue> queue)
      : device_(device), queue_(std::move(queue)) {}
  Status allocate(uint32_t nonces);
  Status compute_hashes(Chunk& chunk, const NonceRange& range, const Cancel& cancel);
  Status deliver(Chunk& chunk, uint32_t count, const ScoopBlock& target, uint64_t first);
  Status launch(std::string_view kernel, uint64_t items, std::span<const Argument> arguments);

  Device& device_;
  std::unique_ptr<Queue> queue_;
  std::vector<Chunk> chunks_;
  std::unique_ptr<Buffer> staging_;  // scoop rows on their way to the host
  uint32_t batch_nonces_ = 0;
  uint32_t hashes_per_launch_ = 256;  // adapted so that a launch takes about kLaunchSeconds
};

}  // namespace quarry
