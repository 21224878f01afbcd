// What the kernels of kernels/cuda/probes.h tell of a CUDA device. Figures come
// from the clock of its multiprocessors, so that they hold at every frequency.
// 0 is no figure: a device whose clock stands still, such as a fake one.
//
//   probe/KIND            instructions of one kind that a multiprocessor starts in
//                         a clock, counted once for each work item. Its four parts
//                         start one for 32 items each, so that 128 is the most.
//                         Reference: probe/lop3.
//   probe/KIND+lop3       both kinds in turns, added. Twice the rate of the slower
//                         one: they run on different units. Less: they share one,
//                         or 128 is reached.
//   probe/step            clocks of one step of Shabal, each waiting for the other.
//   probe/load.SIZE       clocks of a load that waits for the one before, anywhere
//                         in a window of so many bytes. Reference: the smallest.
//   probe/window.SIZE     bytes that all multiprocessors together read in a clock
//                         from a window that they read again and again, past L1.
//   probe/window.SIZE.half, .all
//                         the same, with the L2 cache asked to keep the first half
//                         of it, or all. Reference: the window without a request.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"

namespace quarry::bench {

struct Probe {
  const char* name;
  const char* unit;
  const char* reference;  // the name of another probe
  const char* kernel;
  uint64_t instructions = 0;   // in an iteration: of a rate
  uint64_t window_bytes = 0;   // of a load or a window
  uint32_t kept_quarters = 0;  // of a window: how much of it L2 shall keep
};

std::span<const Probe> probes();
const Probe& reference_of(const Probe& probe);

// Asks one CUDA device. One thread.
class Prober {
 public:
  // A launch takes about so many seconds, and never as many as a watchdog allows.
  // kOutOfMemory: 512 MiB are needed.
  static Result<std::unique_ptr<Prober>> open(Device& device, double seconds);
  virtual ~Prober() = default;

  // The probe's figure, or 0. kDevice; kCancelled.
  virtual Result<double> sample(const Probe& probe, const Cancel& cancel) = 0;
};

}  // namespace quarry::bench
