// What lies between the readers of disks and the threads of devices: blocks of
// scoops, of which there is a fixed number for all rounds.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/status.h"
#include "host/memory.h"
#include "plotter/bell.h"
#include "plotter/discover.h"
#include "plotter/poc2.h"
#include "plotter/scan.h"

namespace quarry {

// Long enough for a spinning disk to stay at its sequential rate, short enough
// to stop promptly.
inline constexpr uint64_t kScanBlockBytes = uint64_t{4} << 20;
inline constexpr uint64_t kScanBlockScoops = kScanBlockBytes / kScoopBytes;

// A round, and which one it is of those that this process scans, from 1.
struct ScanJob {
  uint64_t number = 0;
  Round round;
  uint32_t scoop = 0;
};

// What was scanned of one disk in a round.
struct ScanCounts {
  std::atomic<uint64_t> nonces{0};
  std::atomic<uint64_t> bytes{0};
};

// Scoops of neighbouring nonces of one file, in PoC2 form.
struct ScanBlock {
  HostMemory memory;
  ScanJob job;
  std::span<const std::byte> scoops;  // in `memory`
  const PlotFile* plot = nullptr;
  uint64_t first = 0;            // index in the file of the first scoop
  uint64_t bytes_read = 0;       // of the file, for this block
  ScanCounts* counts = nullptr;  // of its disk
};

// Blocks on their way: free -> a reader -> ready -> a scanner -> free. All
// methods may be called from any thread.
class ScanQueue {
 public:
  // Rings when nothing is left to scan for now.
  explicit ScanQueue(Bell& bell) : bell_(bell) {}

  // Makes blocks until there are so many; they stay. Returns the memory of the new
  // ones, so that devices can pin it. kOutOfMemory.
  Result<std::vector<std::span<std::byte>>> grow_to(size_t blocks);

  // From here on blocks are for this round.
  void open_round(uint64_t number);

  // Drops the blocks that wait, and returns when the last scanner has given back
  // the block in its hand. Readers are not waited for.
  void close_round();

  // Waits for a block to fill. Null once the round is not open.
  ScanBlock* take_free(uint64_t round);
  // A filled block. Dropped if its round is not open any more.
  void put_ready(ScanBlock* block);
  // A block that could not be filled.
  void give_back(ScanBlock* block);

  // Waits for a block to scan. Null once stopped.
  ScanBlock* take_ready();
  // A block that was scanned.
  void put_free(ScanBlock* block);

  // No block waits for a scanner, or is in the hand of one.
  bool idle() const;

  // Ends take_ready() for good.
  void stop();

 private:
  mutable std::mutex mutex_;
  std::condition_variable free_changed_, ready_changed_, scanned_;
  std::vector<std::unique_ptr<ScanBlock>> blocks_;
  std::vector<ScanBlock*> free_;
  std::deque<ScanBlock*> ready_;
  size_t in_hand_ = 0;  // of scanners
  uint64_t round_ = 0;  // 0: none is open
  bool stopped_ = false;
  Bell& bell_;
};

}  // namespace quarry
