// One sample of one measurement: run it for about so many seconds, tell its rate.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"

namespace quarry::bench {

enum class Time {
  kWall,
  kThread,  // the CPU time of the one thread: others on the machine count less
};

// How to run a sample: `threads` queues of `device`, for about `seconds`.
struct Load {
  Device* device = nullptr;
  uint32_t threads = 1;
  Time clock = Time::kWall;
  double seconds = 1;
};

// Nonces per second, in scoop order in host memory.
Result<double> sample_plotting(const Load& load, const Cancel& cancel);

// Scoops per second, from host memory.
Result<double> sample_scanning(const Load& load, const Cancel& cancel);

}  // namespace quarry::bench
