#include "host/clock.h"

#include <thread>

namespace quarry {
namespace {

class RealClock : public Clock {
 public:
  Time now() override { return std::chrono::steady_clock::now(); }
  void sleep_for(Duration duration) override { std::this_thread::sleep_for(duration); }
};

}  // namespace

Clock& real_clock() {
  static RealClock instance;
  return instance;
}

}  // namespace quarry
