// A clock that moves only when it is told to, or when someone sleeps on it.
#pragma once

#include <mutex>

#include "host/clock.h"

namespace quarry::tests {

class FakeClock : public Clock {
 public:
  Time now() override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  void sleep_for(Duration duration) override {
    const std::lock_guard lock(mutex_);
    now_ += duration;
  }

  // Seconds since the clock was made.
  double seconds() { return std::chrono::duration<double>(now() - Time()).count(); }
  void advance(double seconds) {
    sleep_for(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
  }

 private:
  std::mutex mutex_;
  Time now_;
};

}  // namespace quarry::tests
