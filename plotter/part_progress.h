// Adds up what threads have done and reports it a few times a second.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "host/progress.h"

namespace quarry {

// May be used from several threads.
class PartProgress {
 public:
  // `report` holds what stays the same, and the names of the parts. `progress`
  // must outlive it.
  PartProgress(Progress& progress, ProgressReport report);

  // `units` more are done by part number `part`.
  void add(size_t part, uint64_t units);

  // The last report, whatever the time.
  void finish();

 private:
  void report(std::chrono::steady_clock::time_point now);

  Progress& progress_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::chrono::steady_clock::time_point reported_ = begin_;
  ProgressReport report_;
  std::vector<uint64_t> done_;
};

}  // namespace quarry
