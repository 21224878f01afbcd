// Finds the kernel that plots fastest on a GPU.
#pragma once

#include <functional>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"
#include "plotter/plot_kernel.h"

namespace quarry::bench {

struct TunedKernel {
  PlotKernel kernel;
  double nonces_per_second = 0;  // hashes in device memory
  double ratio_to_plain = 0;     // to the portable kernel on the same device
};

struct TuneOptions {
  double seconds = 1;   // of one measurement of a kernel that may be the best
  uint32_t rounds = 3;  // of those, in turns; the median counts
};

// Measures all candidates for a quarter of the time, then the best of them in
// turns. Fastest first, the plain kernel among them; kernels that the driver
// refuses are left out. `tried` is called before each with their number.
// kCancelled; kDevice if not even the plain kernel runs.
Result<std::vector<TunedKernel>> tune_plotting(
    Device& device, const TuneOptions& options, const Cancel& cancel,
    const std::function<void(size_t done, size_t total, const PlotKernel& next)>& tried);

}  // namespace quarry::bench
