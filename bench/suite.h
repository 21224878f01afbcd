// Measurements that `quarry bench` prints. Each figure is taken in turns with its
// reference, A B A B ..., in the same run, and is the median of the rounds: so
// that a machine that is shared, or changes its clock, moves both.
//
//   plot/kernel    hashes in the memory of each GPU, by the kernel that plots
//                  there. Reference: the portable kernel on the same GPU.
//   plot/nonces    whole nonces, scoop order included, each device. Reference:
//                  one core with the same kernel built with LANES=1 (cpu:scalar).
//                  CPUs: one thread, its own CPU time. GPUs: into host memory.
//   plot/threads   the best CPU device with all its threads, in wall time.
//                  Reference: one thread of it.
//   plot/file      a whole plot through pools, journal and disk. Reference: the
//                  slower of plot/threads and writing the same bytes to the same
//                  folder.
//   scan/memory    hits of scoops that lie in memory, each device. Reference as
//                  plot/nonces.
//   probe/...      what one multiprocessor of a CUDA device does in a clock, and
//                  how long it waits: see probes.h. Only where the filter has
//                  "probe" in it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"

namespace quarry::bench {

struct Options {
  std::string filter;                // measurements whose name has this in it; "": all
  std::vector<std::string> devices;  // ids; empty: every one of this machine
  DeviceOptions device_options;
  double seconds = 4;  // per measurement, about, the reference included
  uint32_t rounds = 5;
  std::string folder = ".";  // for plot/file: a scratch folder is made in it
};

struct Measurement {
  std::string name;
  std::string device;
  double value = 0;
  std::string unit;
  double ratio_to_reference = 0;  // median of the rounds' ratios
  std::string kernel;             // of plot/kernel: which one it is
};

// Calls `found` with each measurement as it is made. kNotFound if the filter
// fits none; kCancelled; failures of devices and files.
Status run_suite(const Options& options, const Cancel& cancel,
                 const std::function<void(const Measurement&)>& found);

}  // namespace quarry::bench
