// An engine for the verifier that computes nonces of many accounts side by side on a
// device: on a CPU one in each lane of its SIMD words.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "host/device.h"
#include "scheduler/pool/verifier.h"

namespace quarry::pool {

// For as many callers at a time as the device has queues; more wait. What the device
// fails at, scalar_hits() computes. `device` has passed its self-test. kOutOfMemory,
// kDevice.
Result<HitEngine> device_hits(std::shared_ptr<Device> device);

// Nonces that such an engine computes best at a time.
uint32_t best_batch(const Device& device);

}  // namespace quarry::pool
