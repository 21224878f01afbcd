// The range allocator between devices and disks.
//
// Open nonces of every target are cut into pools. Devices fill a pool in host
// memory together, batch by batch; a device with much memory of its own may
// have pools there, which it fills alone. The writer of its target takes a pool
// when it is full. There are a fixed number of pools, so slow disks hold devices
// back and slow devices let writers wait. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "host/device.h"
#include "host/memory.h"
#include "plotter/journal.h"

namespace quarry {

// A block of nonces. In host memory it is in scoop order: scoop s of nonce i
// stands at memory + (s * span.count + i) * 64.
struct Pool {
  uint64_t capacity = 0;  // nonces
  HostMemory memory;      // empty where the pool is a device's
  // The device that keeps the pool in its own memory, and where there.
  std::optional<size_t> device;
  uint32_t slot = 0;
  uint64_t session = 0;  // of the device, when it filled the pool

  size_t target = 0;
  NonceSpan span;  // of the target's file

  struct Part {
    NonceSpan span;  // of this pool
    size_t device = 0;
  };
  std::vector<Part> parts;          // finished, with who did them
  std::vector<NonceSpan> returned;  // taken by a device that failed
  uint64_t assigned = 0;
  uint64_t in_flight = 0;  // taken by devices, neither completed nor given back
  uint64_t completed = 0;
  bool in_use = false;
};

// Memory for pools and slices that all of these devices reach: shared with other
// processes where one of them might run in one.
Result<HostMemory> allocate_for(std::span<const std::unique_ptr<Device>> devices,
                                uint64_t size_bytes);

// Work for a device: nonces span.first .. of `pool`.
struct Batch {
  Pool* pool = nullptr;
  NonceSpan span;
};

class PoolQueue {
 public:
  // open[t]: nonces of target t that are not on the disk yet.
  PoolQueue(std::vector<std::vector<NonceSpan>> open, std::vector<std::unique_ptr<Pool>> pools,
            size_t device_count);

  // Next work for a device, at most `nonces`; waits for it. A device that has
  // pools of its own gets work for those only. Nothing: no work is left, or the
  // device was retired, or all was stopped.
  std::optional<Batch> take(size_t device, uint32_t nonces);
  void complete(const Batch& batch, size_t device);
  void give_back(const Batch& batch);

  // Next full pool of a target; waits for it. Null: nothing more will come. The
  // caller ends with one of recorded(), redo() and abandon(). What redo() gives
  // back is for another device if the pool's own was retired.
  Pool* take_full(size_t target);
  void recorded(Pool* pool);                // it is on the disk
  void redo(Pool* pool);                    // it is wrong or lost: computes all of it again
  void abandon(size_t target, Pool* pool);  // the disk failed; pool may be null

  // The device gets no more work. Returns false if it was retired before.
  bool retire(size_t device);

  // No more work is given out; pools that are full are still handed to writers.
  void stop();

  // True when every nonce of the target is recorded.
  bool finished(size_t target) const;

  struct Counts {
    uint64_t computed_nonces = 0;  // in memory or recorded
    std::vector<uint64_t> by_device;
    std::vector<bool> retired;  // by device
    std::vector<uint64_t> recorded_by_target;
    bool out_of_devices = false;
  };
  Counts counts() const;

 private:
  struct Target {
    std::deque<NonceSpan> open;  // not given to a pool yet
    uint64_t unrecorded = 0;
    uint64_t recorded = 0;
    size_t pools = 0;  // held for it now
    bool abandoned = false;
  };

  Pool* open_pool(std::optional<size_t> home);
  std::optional<size_t> home_of(size_t device) const;
  bool all_done() const;
  void reset(Pool* pool);
  void free_pool(Pool* pool);
  void free_if_abandoned(Pool* pool);
  void dissolve(Pool* pool);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Target> targets_;
  std::vector<std::unique_ptr<Pool>> pools_;
  std::vector<Pool*> free_;
  std::vector<Pool*> filling_;  // oldest first
  std::deque<Pool*> full_;
  std::vector<bool> retired_;
  std::vector<bool> has_pools_;  // of its own, by device
  std::vector<uint64_t> by_device_;
  size_t devices_left_;
  bool stopped_ = false;
};

}  // namespace quarry
