// Scans plots round after round: what a miner keeps open for weeks. Devices,
// files and one reader thread per disk stay open between rounds; memory does not
// grow with their number.
//
//   QUARRY_ASSIGN(auto scanner, PlotScanner::open(paths, devices, files, clock));
//   for (;;) {
//     scanner->refresh();                         // disks and files come and go
//     QUARRY_ASSIGN(auto report, scanner->scan(round, events, cancel));
//   }
#pragma once

#include <functional>
#include <memory>
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

  // A read of an earlier round has not come back yet: the disk is left out until
  // it does, and others are not slowed.
  bool stuck = false;
};

// Called by the scanner's threads, one at a time. May be empty.
struct ScanEvents {
  // An account's best so far in this round got better.
  std::function<void(const Deadline& best)> best;
  // A file, or a part of it, was skipped. Once a round for each file.
  std::function<void(const Status& problem)> problem;
};

class PlotScanner {
 public:
  // Looks for plots in `paths`, as scan_plots() does, but none need be there yet.
  // `devices`, `files` and `clock` outlive it. kInvalidArgument: no device.
  static Result<std::unique_ptr<PlotScanner>> open(std::vector<std::string> paths,
                                                   std::span<const std::unique_ptr<Device>> devices,
                                                   FileSystem& files, Clock& clock);
  virtual ~PlotScanner() = default;  // waits for reads that are under way

  // Looks again at the paths, for disks and files that came or went. What was wrong
  // with some of them, each with its name. Not while scan() runs.
  virtual std::vector<Status> refresh() = 0;

  // Scans the round's scoop of every nonce, one reader per disk. A block that cannot
  // be read is skipped, and after kMostBadBlocks of them the rest of its file; a disk
  // that does not answer for `stuck_after` is left behind; in both cases others go
  // on, and the report says what was missed. kCancelled within one block of each
  // reader, or at once for readers that hang. kDevice: no device is left.
  // kInvalidArgument: base target 0. A scan without plots is an empty report.
  virtual Result<ScanReport> scan(const Round& round, const ScanEvents& events,
                                  const Cancel& cancel) = 0;

  // Reads a few bytes of each disk that has not been read for `idle`, so that it does
  // not fall asleep between rounds. Returns without waiting for them.
  virtual void keep_awake(Clock::Duration idle) = 0;

  // Any thread, also while scan() runs.
  virtual std::vector<ScanDisk> disks() const = 0;
};

}  // namespace quarry
