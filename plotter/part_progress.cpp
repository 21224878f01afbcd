#include "plotter/part_progress.h"

#include <algorithm>
#include <utility>

namespace quarry {
namespace {
constexpr std::chrono::milliseconds kInterval(250);
}

PartProgress::PartProgress(Progress& progress, ProgressReport report)
    : progress_(progress), report_(std::move(report)), done_(report_.parts.size()) {}

void PartProgress::add(size_t part, uint64_t units) {
  const std::lock_guard lock(mutex_);
  report_.done += units;
  done_[part] += units;
  const auto now = std::chrono::steady_clock::now();
  if (now - reported_ >= kInterval) report(now);
}

void PartProgress::finish() {
  const std::lock_guard lock(mutex_);
  report(std::chrono::steady_clock::now());
}

void PartProgress::report(std::chrono::steady_clock::time_point now) {
  const double time = std::max(std::chrono::duration<double>(now - begin_).count(), 1e-6);
  for (size_t i = 0; i < done_.size(); i++)
    report_.parts[i].units_per_second = static_cast<double>(done_[i]) / time;
  progress_.report(report_);
  reported_ = now;
}

}  // namespace quarry
