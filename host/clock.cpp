#include "host/clock.h"

#include <thread>

namespace quarry {
namespace {

class RealClock : public Clock {
 public:
  Time now() override { return std::chrono::steady_clock::now(); }
  void sleep_for(Duration duration) override { std::this_thread::sleep_for(duration); }
};

class RealWallClock : public WallClock {
 public:
  int64_t unix_seconds() override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
  }
};

}  // namespace

Clock& real_clock() {
  static RealClock instance;
  return instance;
}

WallClock& real_wall_clock() {
  static RealWallClock clock;
  return clock;
}

}  // namespace quarry
