// Computes nonces on a device and puts their scoops where a plot file wants
// them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"
#include "host/pace.h"
#include "plotter/plot_kernel.h"

namespace quarry {

// The nonces to compute: start, start + step, ..., `count` of them.
struct NonceRange {
  uint64_t account_id = 0;
  uint64_t start = 0;
  uint32_t count = 0;
  uint64_t step = 1;
};

// One nonce of an account.
struct NonceOfAccount {
  uint64_t account_id = 0;
  uint64_t nonce = 0;
};

// A block of scoops in the order of a plot file: scoop s of its nonce i stands
// at data + (s * nonces + i) * 64. Not owned.
struct ScoopBlock {
  std::byte* data = nullptr;
  uint64_t nonces = 0;
  Buffer* wrapped = nullptr;  // data as a Buffer of the device, if it could be wrapped
};

// Where scoops first_scoop ... of some nonces go: scoop s of nonce i to
// data + (s - first_scoop) * pitch_bytes + i * 64. Not owned.
struct ScoopRows {
  std::byte* data = nullptr;
  uint64_t pitch_bytes = 0;
  uint32_t first_scoop = 0;
  uint32_t scoops = 0;
  Buffer* wrapped = nullptr;    // memory around data as a Buffer of the device, if possible
  uint64_t wrapped_offset = 0;  // of data in it
};

// The rows of a whole block, from its nonce `first` on.
ScoopRows rows_of(const ScoopBlock& block, uint64_t first);

struct GeneratorOptions {
  uint32_t queue_index = 0;  // for Device::open_queue()
  uint32_t slots = 1;
  uint64_t slot_nonces = 0;               // 0: as many as keep the device busy
  uint64_t memory_bytes = 0;              // of the device, at most; 0: what is free, less a reserve
  std::optional<PlotKernel> kernel = {};  // none: choose_plot_kernel()
  Pace* pace = nullptr;                   // asked before each launch; null: full speed. Not owned
};

// Owns device memory for some slots of nonces. compute() fills a slot, deliver()
// gives its scoops to the host. One thread may compute while others deliver,
// each from another slot: so a device computes the next nonces while those
// before them travel to the host.
class NonceGenerator {
 public:
  // Slots become smaller, down to the device's interleave, where it has not as
  // much memory. kOutOfMemory if not even that fits.
  static Result<std::unique_ptr<NonceGenerator>> open(Device& device,
                                                      const GeneratorOptions& options);

  // Nonces that each slot would have in memory that is free now: options.slot_nonces,
  // or the most that fit, whole waves where there is room for one.
  static uint64_t fitting_nonces(const Device& device, const GeneratorOptions& options);

  // Most nonces of a slot.
  uint32_t batch_nonces() const { return batch_nonces_; }

  // Computes range.count <= batch_nonces() nonces. On kCancelled and other
  // failures the contents of the slot are undefined.
  Status compute(uint32_t slot, const NonceRange& range, const Cancel& cancel);

  // The same for any nonces of any accounts.
  Status compute(uint32_t slot, std::span<const NonceOfAccount> nonces, const Cancel& cancel);

  // Nonces per second at which the kernel computes hashes in device memory: runs
  // it for about so many seconds on slot 0, whose contents are then undefined.
  Result<double> measure(double seconds, const Cancel& cancel);

  // Copies scoops of the nonces that the slot holds.
  Status deliver(uint32_t slot, const ScoopRows& rows);

  // Both, by slot 0; the first nonce becomes nonce number `first` of `target`.
  Status generate(const NonceRange& range, const ScoopBlock& target, uint64_t first,
                  const Cancel& cancel);

 private:
  // Part of a slot: one wave, small enough for the device's largest allocation.
  struct Chunk {
    std::unique_ptr<Buffer> hashes;
    std::unique_ptr<Buffer> finals;
    std::unique_ptr<Buffer> seeds;  // if nonces of any accounts were asked for
    uint32_t nonces = 0;
  };
  // Scoops on their way to the host go through two lanes in turns, so that one
  // turns them to scoop order while the other copies.
  struct Lane {
    std::unique_ptr<Queue> queue;
    std::unique_ptr<Buffer> staging;
  };
  struct Slot {
    std::vector<Chunk> chunks;
    std::array<Lane, 2> lanes;
    uint32_t nonces = 0;  // computed
  };

  NonceGenerator(Device& device, std::unique_ptr<Queue> queue, const GeneratorOptions& options);
  Status allocate(uint32_t slots, uint64_t nonces);
  Status allocate_slot(Slot& slot, uint64_t nonces);
  Status open_lanes(Slot& slot, uint64_t nonces);
  Status compute_chunk(const Chunk& chunk, const NonceRange& range, const Cancel& cancel);
  Status compute_chunk(Chunk& chunk, std::span<const NonceOfAccount> nonces, const Cancel& cancel);
  Status compute_hashes(const Chunk& chunk, const NonceRange& range, uint32_t first_hash,
                        uint32_t last_hash, const Cancel& cancel);
  Result<double> run_hashes(const Chunk& chunk, const NonceRange& range, uint32_t first,
                            uint32_t last, const Cancel& cancel);
  Status launch_hashes(const Chunk& chunk, const NonceRange& range, uint32_t first, uint32_t last);
  Status deliver_in_place(const Slot& slot, const ScoopRows& rows);
  Status deliver_by_copy(Slot& slot, const ScoopRows& rows);
  static Status start_copies(Slot& slot, const ScoopRows& rows);
  static Status launch_scoops(Queue& queue, const Slot& slot, Buffer& out, uint64_t first_word,
                              uint64_t row_words, const ScoopRows& rows);

  Device& device_;
  // On their way to the device. Before the queue: after a failure they may be so until
  // it has ended.
  std::vector<uint32_t> seeds_;
  std::unique_ptr<Queue> queue_;
  const PlotKernel kernel_;
  Pace* const pace_;
  const double launch_seconds_;
  const uint64_t wave_nonces_;
  std::vector<Slot> slots_;
  uint32_t batch_nonces_ = 0;
  uint32_t hashes_per_launch_ = 64;  // adapted so that a launch takes about launch_seconds_
};

}  // namespace quarry
