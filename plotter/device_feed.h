// Keeps one device at work on the pools of a PoolQueue, and starts it again when
// it fails.
//
// A CPU has one thread for each queue, which computes a batch and puts it into
// its pool. Other devices have two slots: one thread computes into one of them
// while another empties the other. A device with much memory may instead gather
// whole pools there, which their writers then fetch slice by slice: pools can
// be larger than the host has memory for, and are not copied twice.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"
#include "plotter/device_care.h"
#include "plotter/generator.h"
#include "plotter/pool_queue.h"

namespace quarry {

// What the feeds of one run share.
struct FeedShared {
  PoolQueue& queue;
  // The nonces of a part of a pool.
  std::function<NonceRange(const Pool& pool, NonceSpan part)> range_of;
  // Device number `device` gets no more work. Called from any thread.
  std::function<void(size_t device, const Status& why)> retire;
  const Cancel& cancel;
};

struct FeedOptions {
  uint64_t most_nonces = UINT64_MAX;  // of a batch for a pool in host memory
  CareOptions care;
  Pace::Notice notice = [](std::string_view) {};  // what the user should know
};

class DeviceFeed {
 public:
  static constexpr int kMostFailures = 3;  // one behind the other, then it is retired

  // `device` is number `index` of the run.
  DeviceFeed(Device& device, size_t index, const FeedOptions& options);

  // Takes device memory for `pools` pools of at least `least` and at most `most`
  // nonces, if the device has it; returns how many nonces each has, 0 if the
  // device shall use pools in host memory.
  uint64_t gather(uint32_t pools, uint64_t least, uint64_t most);

  // Computes until no work is left, the device was retired, or all is stopped.
  // Failed devices are opened again; batches that they had are given back.
  void run(const FeedShared& shared);

  // Copies scoops of a full pool that the device keeps; rows.data lies in
  // `memory`, which outlives the feed. kDevice if the device failed since it
  // filled the pool: its nonces are lost. Any thread.
  Status deliver(const Pool& pool, ScoopRows rows, std::span<std::byte> memory);

  const DeviceInfo& info() const { return info_; }

  // DeviceCare::note().
  std::string note() const { return care_.note(); }

 private:
  class Handover;

  Status run_session(const FeedShared& shared);
  Status compute_own_pools(const FeedShared& shared);
  Status compute_and_deliver(const FeedShared& shared);
  void deliver_batches(const FeedShared& shared, Handover& handover);
  void run_queues(const FeedShared& shared);
  Status run_queue(const FeedShared& shared, uint32_t queue_index);
  Status open_generator();
  Status reopen_device();
  ScoopRows rows_in(Pool& pool, uint64_t first);
  Buffer* wrapped(std::span<std::byte> memory);

  const DeviceInfo info_;
  Device* device_;
  const size_t index_;
  const FeedOptions options_;
  DeviceCare care_;
  const PlotKernel kernel_;

  // deliver() holds it shared; the device is exchanged alone.
  std::shared_mutex exchange_;
  std::unique_ptr<Device> replacement_;
  std::mutex wrapped_mutex_;
  std::map<const std::byte*, std::unique_ptr<Buffer>> wrapped_;  // null: not possible
  GeneratorOptions generator_options_;
  bool gathers_ = false;
  std::unique_ptr<NonceGenerator> generator_;  // not of CPUs: they have one for each queue
  uint64_t session_ = 0;
  std::atomic<bool> failed_{false};     // in this session
  std::atomic<bool> succeeded_{false};  // since the last failure
};

}  // namespace quarry
