// Scans plots round after round: what a miner keeps open for weeks. Devices, one
// reader thread per disk and the blocks that they fill stay between rounds; memory
// grows with the number of disks and devices, not with that of rounds or plots. Plot
// files are open only while they are read, so that a disk can be taken out between
// rounds.
//
//   QUARRY_ASSIGN(auto scanner, PlotScanner::open(paths, devices, files, clock));
//   for (;;) {
//     scanner->refresh();                         // disks and files come and go
//     QUARRY_ASSIGN(auto report, scanner->scan(round, events, cancel));
//   }
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/clock.h"
#include "host/device.h"
#include "host/file.h"
#include "plotter/scan.h"

namespace quarry {

// One disk, as the scanner knows it.
struct ScanDisk {
  std::string name;  // the folder of its first plot
  uint64_t plots = 0;
  uint64_t nonces = 0;          // in its plots
  uint64_t nonces_scanned = 0;  // in the round that runs, or the last one
  uint64_t bytes_read = 0;      // likewise
  double seconds = 0;           // of reading, likewise

  // A read has not come back for kStuckAfter: no round waits for the disk until it
  // does, and others are not slowed.
  bool stuck = false;
};

// Called by the thread that is in scan(), and not after it has returned. While a call
// lasts, disks and devices go on; of the bests that come meanwhile only the last one
// is told. Each may be empty.
struct ScanEvents {
  // An account's best so far in this round got better.
  std::function<void(const Deadline& best)> best;
  // A file, or a part of it, was skipped. Once a round for each file, and for each
  // disk that does not answer; the same trouble has the same words in every round.
  std::function<void(const Status& problem)> problem;
  // Many times a second: disks() may have news.
  std::function<void()> progress;
};

class PlotScanner {
 public:
  // After so many blocks of a file that cannot be read, the rest of it is skipped.
  static constexpr uint32_t kMostBadBlocks = 3;

  // When a disk that does not come back from a read is waited for no more.
  static constexpr Clock::Duration kStuckAfter = std::chrono::seconds(20);

  // For the plots in `paths`, files and folders as for scan_plots(), which the first
  // refresh() finds; none need be there yet. `devices`, `files` and `clock` outlive it.
  // A device that cannot be used is retired in the first round. kInvalidArgument: no
  // device. kOutOfMemory.
  static Result<std::unique_ptr<PlotScanner>> open(std::vector<std::string> paths,
                                                   std::span<const std::unique_ptr<Device>> devices,
                                                   FileSystem& files, Clock& clock);

  // Waits for reads that are under way: their memory cannot be freed before. Not while
  // scan() runs.
  virtual ~PlotScanner() = default;

  // Looks again at the paths, for disks and files that came or went; not at those on a
  // disk that is stuck. What was wrong with some of them, each with its name. Where a
  // path does not answer within `patience` all stays as it is, and the next call sees
  // what this one found. Not while scan() runs.
  virtual std::vector<Status> refresh(std::optional<Clock::Duration> patience = {}) = 0;

  // Scans the round's scoop of every nonce, one reader per disk. A block that cannot
  // be read is skipped, and after kMostBadBlocks of them the rest of its file. A disk
  // that is stuck when the others are done is left behind; it joins again, in whatever
  // round, when its read comes back. In both cases the report says what was missed.
  // kCancelled when the devices have done the blocks in their hands, some milliseconds;
  // readers are not waited for, and each gives up its round behind the block that it
  // reads. kDevice: no device is left. kInvalidArgument: base target 0. A scan without
  // plots is an empty report. One thread at a time.
  virtual Result<ScanReport> scan(const Round& round, const ScanEvents& events,
                                  const Cancel& cancel) = 0;

  // This nonce stands wrong in this file: from the next block on it does not count, as
  // long as the scanner lives. Any thread.
  virtual void distrust(const std::string& file, uint64_t nonce) = 0;

  // Reads a few bytes of each disk that has not been read for `idle`, so that it does
  // not fall asleep between rounds: at a random place, past the page cache. Returns
  // without waiting for them. Any thread.
  virtual void keep_awake(Clock::Duration idle) = 0;

  // Any thread, also while scan() runs.
  virtual std::vector<ScanDisk> disks() const = 0;
};

}  // namespace quarry
