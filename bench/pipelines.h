// Samples of a whole pipeline: a plot onto a disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"

namespace quarry::bench {

using Devices = std::vector<std::unique_ptr<Device>>;

// Plots `nonces` nonces into the folder through everything that `quarry plot`
// does, and removes the file. Nonces per second.
Result<double> sample_plot_file(const std::string& folder, uint64_t nonces, const Devices& devices,
                                const Cancel& cancel);

// Bytes per second of writing `bytes` in one run and syncing them, past the page
// cache where the file system allows it.
Result<double> sample_disk_write(const std::string& folder, uint64_t bytes, const Cancel& cancel);

}  // namespace quarry::bench
