#include "plotter/scan_devices.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include "host/memory.h"
#include "plotter/poc2.h"
#include "plotter/scan.h"
#include "plotter/scan_queue.h"

namespace quarry {
namespace {

std::string in_millions(double per_second) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f million", per_second / 1e6);
  return text;
}

}  // namespace

Result<double> measure_scanning(Device& device) {
  constexpr auto kScoops = static_cast<uint32_t>(kScanBlockScoops);
  constexpr int kRuns = 3;
  QUARRY_ASSIGN(const HostMemory memory, HostMemory::allocate(kScanBlockBytes));
  // Pinned, as the blocks of a scan are; where that is not possible, copied.
  const auto pinned = device.wrap(memory.bytes());
  QUARRY_ASSIGN(const auto scanner, ScoopScanner::open(device, Device::kUnpinnedQueue, kScoops));
  Round round;
  round.base_target = 1;
  double best = 0;
  for (int run = 0; run < kRuns; run++) {
    const auto begin = std::chrono::steady_clock::now();
    QUARRY_TRY(scanner->scan(round, memory.bytes()).status());
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    best = std::max(best, kScoops / std::max(time.count(), 1e-9));
  }
  return best;
}

void keep_fast_scanners(std::vector<std::unique_ptr<Device>>& devices,
                        const std::function<void(std::string_view)>& left_out,
                        const MeasureScanning& measure) {
  std::optional<double> core;
  for (const auto& device : devices) {
    if (device->info().backend != "cpu") continue;
    if (const auto rate = measure(*device); rate.ok()) core = std::max(core.value_or(0), *rate);
  }
  if (!core) return;
  std::erase_if(devices, [&](const std::unique_ptr<Device>& device) {
    const DeviceInfo& info = device->info();
    if (info.backend == "cpu") return false;
    const auto rate = measure(*device);
    if (!rate.ok()) {
      left_out(info.id + " does not scan: " + rate.status().message());
      return true;
    }
    if (*rate * info.queues >= *core) return false;
    left_out(info.id + " does not scan: " + in_millions(*rate * info.queues) +
             " scoops a second, and a core does " + in_millions(*core));
    return true;
  });
}

}  // namespace quarry
