// How fast a device with memory of its own delivers nonces to the host.
#pragma once

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"

namespace quarry::bench {

// Nonces per second in host memory, in scoop order, through the same feed as a
// plot: one slot computes while another is delivered. Counts from the first
// delivered pool on, for about `seconds` and two pools at least.
Result<double> sample_device(Device& device, double seconds, const Cancel& cancel);

}  // namespace quarry::bench
