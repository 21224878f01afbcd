// Which devices are worth scanning with. A scan is bound by the disks, or by the
// copy to a device: a GPU behind a narrow link, or an OpenCL driver that runs on
// the CPU, may be slower than one core that reads the scoops where they are.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "host/device.h"

namespace quarry {

// Scoops per second that one queue of the device scans from host memory.
using MeasureScanning = std::function<Result<double>(Device& device)>;

// Scans a few blocks of any bytes; some milliseconds.
Result<double> measure_scanning(Device& device);

// Takes out devices other than CPUs of which all queues together are slower than
// one core of a CPU among them, and those that cannot be measured; `left_out`
// gets a sentence for each. Without a CPU all stay.
void keep_fast_scanners(std::vector<std::unique_ptr<Device>>& devices,
                        const std::function<void(std::string_view)>& left_out,
                        const MeasureScanning& measure = measure_scanning);

}  // namespace quarry
