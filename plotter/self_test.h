// No device works before it has shown that it computes plots correctly.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/device.h"

namespace quarry {

// Computes nonces with known answers on the device, through the same calls as
// plotting and scanning, and compares scoops and hits. kDevice says what
// differed. Takes the time of one small batch; opens queue 0 of the device.
Status self_test(Device& device);

// Devices that passed, and a sentence for each one that did not.
struct TestedDevices {
  std::vector<std::unique_ptr<Device>> devices;
  std::vector<Status> failures;
};

using OpenDevice = Result<std::unique_ptr<Device>> (*)(std::string_view id,
                                                       const DeviceOptions& options);

// Opens, by `open`, and self-tests the devices of a --device list. A device that
// fails is left out and named in `failures`; kDevice if none is left.
Result<TestedDevices> open_tested_devices(std::string_view list, const DeviceOptions& options,
                                          OpenDevice open = open_device);

}  // namespace quarry
