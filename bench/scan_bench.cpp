// Google Benchmark: the scan kernel on every device, by number of scoops.
#include <benchmark/benchmark.h>

#include <random>

#include "host/device.h"
#include "host/memory.h"
#include "plotter/poc2.h"
#include "plotter/scan.h"

namespace quarry {
namespace {

void run_scan(benchmark::State& state, const std::string& id) {
  const auto count = static_cast<uint32_t>(state.range(0));
  const auto open = [&](std::unique_ptr<Device>& device, HostMemory& memory,
                        std::unique_ptr<ScoopScanner>& scanner) -> Status {
    QUARRY_ASSIGN(device, open_device(id));
    QUARRY_ASSIGN(memory, HostMemory::allocate(count * kScoopBytes));
    QUARRY_ASSIGN(scanner, ScoopScanner::open(*device, 0, count));
    return {};
  };
  std::unique_ptr<Device> device;
  HostMemory memory;
  std::unique_ptr<ScoopScanner> scanner;
  Status status = open(device, memory, scanner);
  std::mt19937 random(1);
  for (std::byte& byte : memory.bytes()) byte = static_cast<std::byte>(random());
  Round round;
  round.base_target = 1;
  for (auto _ : state) {
    if (status.ok()) status = scanner->scan(round, memory.bytes()).status();
    if (!status.ok()) {
      state.SkipWithError(status.message().c_str());
      break;
    }
    round.height++;
  }
  state.SetItemsProcessed(state.iterations() * count);
  state.SetBytesProcessed(state.iterations() * count * static_cast<int64_t>(kScoopBytes));
}

void add_benchmarks() {
  for (const DeviceInfo& info : list_devices()) {
    const std::string id = info.id;
    benchmark::RegisterBenchmark(("scan_hits/" + id).c_str(),
                                 [=](benchmark::State& state) { run_scan(state, id); })
        ->RangeMultiplier(16)
        ->Range(64, 262144);
  }
}

}  // namespace
}  // namespace quarry

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  quarry::add_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
