// Time, behind an interface, so that tests need not wait.
#pragma once

#include <chrono>
#include <cstdint>

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

// The time of day, which people and other machines may set back. Any thread may
// use a WallClock.
class WallClock {
 public:
  virtual ~WallClock() = default;
  virtual int64_t unix_seconds() = 0;  // since 1970-01-01T00:00:00Z
};

// The machine's own.
Clock& real_clock();
WallClock& real_wall_clock();

}  // namespace quarry
