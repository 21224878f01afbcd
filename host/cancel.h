// A flag that says "stop": set by Ctrl-C or by a scheduler, read by workers.
#pragma once

#include <atomic>

#include "base/status.h"

namespace quarry {

class Cancel {
 public:
  void request() { requested_.store(true, std::memory_order_relaxed); }
  bool requested() const { return requested_.load(std::memory_order_relaxed); }

  // kCancelled once requested.
  Status status() const {
    return requested() ? Status(Code::kCancelled, "stopped on request") : Status();
  }

 private:
  std::atomic<bool> requested_{false};
};

}  // namespace quarry
