// Time, behind an interface, so that tests need not wait.
#pragma once

#include <chrono>

namespace quarry {

// Time that never goes back. Any thread may use a Clock.
class Clock {
 public:
  using Duration = std::chrono::steady_clock::duration;
  using Time = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  virtual Time now() = 0;
  virtual void sleep_for(Duration duration) = 0;
};

// The machine's own.
Clock& real_clock();

}  // namespace quarry
