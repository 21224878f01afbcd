// Google Benchmark: the plot kernels on every device, and whole nonces.
#include <benchmark/benchmark.h>

#include "host/device.h"
#include "host/memory.h"
#include "kernels/plot_constants.h"
#include "plotter/generator.h"
#include "plotter/poc2.h"

namespace quarry {
namespace {

// Device, queue and buffers for one batch of nonces.
struct Bench {
  std::unique_ptr<Device> device;
  std::unique_ptr<Buffer> hashes, finals, scoops;
  std::unique_ptr<Queue> queue;
  uint32_t count = 0;

  Status open(const std::string& id) {
    QUARRY_ASSIGN(device, open_device(id));
    count = std::max(device->info().items_per_queue, device->info().interleave);
    QUARRY_ASSIGN(hashes, device->allocate(count * kNonceBytes));
    QUARRY_ASSIGN(finals, device->allocate(count * 32));
    QUARRY_ASSIGN(scoops, device->allocate(count * kNonceBytes));
    QUARRY_ASSIGN(queue, device->open_queue(0));
    return {};
  }

  Status launch(std::string_view kernel, uint64_t items, std::span<const Argument> arguments) {
    QUARRY_TRY(queue->launch(kernel, {.items = static_cast<uint32_t>(items)}, arguments));
    return queue->wait();
  }
};

constexpr uint64_t kAccount = 1, kStart = 0, kStep = 1;

Status hashes_once(Bench& bench) {
  constexpr uint32_t kFirst = 1024, kLast = 1040;
  const Argument arguments[] = {*bench.hashes, kAccount, kStart, kStep, bench.count, kFirst, kLast};
  return bench.launch("plot_hashes", bench.count, arguments);
}

Status final_once(Bench& bench) {
  const Argument arguments[] = {*bench.hashes, *bench.finals, kAccount, kStart, kStep, bench.count};
  return bench.launch("plot_final", bench.count, arguments);
}

Status scoops_once(Bench& bench) {
  const auto scoops = static_cast<uint32_t>(kScoopsPerNonce);
  const Argument arguments[] = {*bench.hashes,
                                *bench.finals,
                                *bench.scoops,
                                uint64_t{0},
                                uint64_t{bench.count} * kScoopBytes / 4,
                                bench.count,
                                uint32_t{0},
                                scoops};
  return bench.launch("plot_scoops", uint64_t{scoops} * bench.count, arguments);
}

// `bytes_per_nonce`: what one run reads or writes of each nonce, for the rate.
void run_kernel(benchmark::State& state, const std::string& id, Status (*once)(Bench&),
                uint64_t bytes_per_nonce) {
  Bench bench;
  Status status = bench.open(id);
  for (auto _ : state) {
    if (status.ok()) status = once(bench);
    if (!status.ok()) {
      state.SkipWithError(status.message().c_str());
      break;
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(static_cast<uint64_t>(state.iterations()) *
                                               bench.count * bytes_per_nonce));
}

void run_nonces(benchmark::State& state, const std::string& id) {
  const auto open = [&id](std::unique_ptr<Device>& device, HostMemory& memory,
                          std::unique_ptr<NonceGenerator>& generator) -> Status {
    QUARRY_ASSIGN(device, open_device(id));
    QUARRY_ASSIGN(generator, NonceGenerator::open(*device, {}));
    QUARRY_ASSIGN(memory, HostMemory::allocate(generator->batch_nonces() * kNonceBytes));
    return {};
  };
  std::unique_ptr<Device> device;
  HostMemory memory;
  std::unique_ptr<NonceGenerator> generator;
  Status status = open(device, memory, generator);
  const Cancel never;
  NonceRange range;
  for (auto _ : state) {
    if (status.ok()) {
      range.count = generator->batch_nonces();
      const ScoopBlock block = {memory.data(), range.count, nullptr};
      status = generator->generate(range, block, 0, never);
      range.start += range.count;
    }
    if (!status.ok()) {
      state.SkipWithError(status.message().c_str());
      break;
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(range.start));
}

void add_benchmarks() {
  for (const DeviceInfo& info : list_devices()) {
    const std::string& id = info.id;
    const auto add = [&id](const char* kernel, Status (*once)(Bench&), uint64_t bytes_per_nonce) {
      benchmark::RegisterBenchmark(
          (std::string(kernel) + "/" + id).c_str(),
          [=](benchmark::State& state) { run_kernel(state, id, once, bytes_per_nonce); });
    };
    add("plot_hashes", hashes_once, uint64_t{16} * 65 * 64);  // 16 hashes, 65 blocks each
    add("plot_final", final_once, kNonceBytes);
    add("plot_scoops", scoops_once, kNonceBytes);
    benchmark::RegisterBenchmark(("nonces/" + id).c_str(),
                                 [=](benchmark::State& state) { run_nonces(state, id); });
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
