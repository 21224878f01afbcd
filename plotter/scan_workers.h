// The computing half of a scan: a thread for each queue of each device takes blocks
// from the readers of the disks and finds their smallest hits, round after round.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/status.h"
#include "host/device.h"
#include "plotter/bell.h"
#include "plotter/distrusted.h"
#include "plotter/round_tally.h"
#include "plotter/scan_queue.h"

namespace quarry {

// Its methods may be called from any thread.
class ScanWorkers {
 public:
  // All that it is given must outlive it. Rings when an account's best got better, and
  // when a device was retired.
  ScanWorkers(std::span<const std::unique_ptr<Device>> devices, ScanQueue& queue, RoundTally& tally,
              const Distrusted& distrusted, Bell& bell);

  // Stops the queue.
  ~ScanWorkers();
  ScanWorkers(const ScanWorkers&) = delete;
  ScanWorkers& operator=(const ScanWorkers&) = delete;

  // Threads that these devices get.
  static size_t count(std::span<const std::unique_ptr<Device>> devices);

  // Why devices were retired since the last call. A block that a device had got wrong
  // was scanned again.
  std::vector<Status> take_failures();

  // kDevice when all devices have been retired.
  Status status() const;

 private:
  void work(size_t device, uint32_t queue_index);
  Result<ScoopScanner::Best> scan_block(size_t device, ScoopScanner& scanner,
                                        const ScanBlock& block);
  void retire(size_t device, const Status& why);
  void record(const ScanBlock& block, ScoopScanner::Best best);

  std::span<const std::unique_ptr<Device>> devices_;
  ScanQueue& queue_;
  RoundTally& tally_;
  const Distrusted& distrusted_;
  Bell& bell_;
  std::vector<std::atomic<bool>> retired_;  // by device
  mutable std::mutex mutex_;                // for the two below
  std::vector<Status> failures_;            // one of each retired device
  size_t told_ = 0;                         // of them, by take_failures()
  std::vector<std::thread> threads_;
};

}  // namespace quarry
