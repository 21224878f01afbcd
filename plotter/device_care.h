// How a run treats its GPUs: how hard they may work, what they say of themselves
// while they do, and what happens when one fails.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "host/device.h"
#include "host/pace.h"
#include "host/telemetry.h"

namespace quarry {

// Opens a device again after it failed, self-tested.
using ReopenDevice = std::function<Result<std::unique_ptr<Device>>(const std::string& id)>;

struct CareOptions {
  ReopenDevice reopen;        // empty: a device that fails is retired at once
  PaceOptions pace;           // of GPUs
  uint64_t memory_bytes = 0;  // of a GPU's memory, at most; 0: what is free
};

// Sensors and pace of one device. Any thread may use it.
class DeviceCare {
 public:
  // Says through `notice` what the user should know at the start: a bad link, a
  // limit that cannot be watched. A CPU has neither sensors nor a pace.
  DeviceCare(const DeviceInfo& info, const PaceOptions& pace, const Pace::Notice& notice);

  // Null: full speed.
  Pace* pace() { return pace_.get(); }

  // One or two words for a progress display: "71 C, 412 W", "too hot"; or empty.
  std::string note() const;

 private:
  std::optional<Sensors> sensors_;
  std::unique_ptr<Pace> pace_;
};

}  // namespace quarry
