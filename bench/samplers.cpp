#include "bench/samplers.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <latch>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "bench/device_sampler.h"
#include "host/memory.h"
#include "plotter/generator.h"
#include "plotter/poc2.h"
#include "plotter/scan.h"

namespace quarry::bench {
namespace {

constexpr uint32_t kScoopsInMemory = 262144;  // 16 MiB: more than the cache of one core

double now(Time clock) {
  timespec time{};
  clock_gettime(clock == Time::kThread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// What one thread does again and again; returns how many units that were.
class Work {
 public:
  virtual ~Work() = default;
  virtual Result<uint64_t> step(const Cancel& cancel) = 0;
};

class PlotWork : public Work {
 public:
  static Result<std::unique_ptr<Work>> open(Device& device, uint32_t queue) {
    auto work = std::make_unique<PlotWork>();
    QUARRY_ASSIGN(work->generator_, NonceGenerator::open(device, {.queue_index = queue}));
    const uint32_t batch = work->generator_->batch_nonces();
    // As in a plot, a batch fills a part of a larger block.
    work->block_.nonces = (std::max<uint64_t>(batch, 64) + batch - 1) / batch * batch;
    QUARRY_ASSIGN(work->memory_, HostMemory::allocate(work->block_.nonces * kNonceBytes));
    work->block_.data = work->memory_.data();
    if (auto wrapped = device.wrap(work->memory_.bytes()); wrapped.ok()) {
      work->wrapped_ = std::move(*wrapped);
      work->block_.wrapped = work->wrapped_.get();
    }
    return std::unique_ptr<Work>(std::move(work));
  }

  Result<uint64_t> step(const Cancel& cancel) override {
    NonceRange range;
    range.account_id = 1;
    range.start = next_nonce_;
    range.count = generator_->batch_nonces();
    QUARRY_TRY(generator_->generate(range, block_, first_, cancel));
    next_nonce_ += range.count;
    first_ = (first_ + range.count) % block_.nonces;
    return uint64_t{range.count};
  }

 private:
  HostMemory memory_;
  std::unique_ptr<Buffer> wrapped_;
  ScoopBlock block_;
  std::unique_ptr<NonceGenerator> generator_;
  uint64_t next_nonce_ = 0;
  uint64_t first_ = 0;
};

class ScanWork : public Work {
 public:
  static Result<std::unique_ptr<Work>> open(Device& device, uint32_t queue) {
    auto work = std::make_unique<ScanWork>();
    QUARRY_ASSIGN(work->scanner_, ScoopScanner::open(device, queue, kScoopsInMemory));
    QUARRY_ASSIGN(work->memory_, HostMemory::allocate(kScoopsInMemory * kScoopBytes));
    if (auto pinned = device.wrap(work->memory_.bytes()); pinned.ok())
      work->pinned_ = std::move(*pinned);
    std::mt19937 random(1);  // any bytes do: the kernel has no branches
    for (std::byte& byte : work->memory_.bytes()) byte = static_cast<std::byte>(random());
    work->round_.base_target = 1;
    return std::unique_ptr<Work>(std::move(work));
  }

  Result<uint64_t> step(const Cancel& cancel) override {
    QUARRY_TRY(cancel.status());
    QUARRY_TRY(scanner_->scan(round_, memory_.bytes()).status());
    round_.height++;
    return uint64_t{kScoopsInMemory};
  }

 private:
  HostMemory memory_;
  std::unique_ptr<Buffer> pinned_;
  Round round_;
  std::unique_ptr<ScoopScanner> scanner_;
};

using OpenWork = Result<std::unique_ptr<Work>> (*)(Device& device, uint32_t queue);

// One thread of a sample. All threads start to count together, after a first
// step that touches memory and warms caches.
Result<double> run_thread(const Load& load, uint32_t queue, OpenWork open_work, std::latch& start,
                          const Cancel& cancel) {
  auto work = open_work(*load.device, queue);
  Status status = work.status();
  if (status.ok()) status = (*work)->step(cancel).status();
  start.arrive_and_wait();
  QUARRY_TRY(status);
  const double begin = now(load.clock);
  uint64_t units = 0;
  for (double elapsed = 0;;) {
    QUARRY_ASSIGN(const uint64_t step, (*work)->step(cancel));
    units += step;
    elapsed = now(load.clock) - begin;
    if (elapsed >= load.seconds) return static_cast<double>(units) / elapsed;
  }
}

Result<double> sample(const Load& load, OpenWork open_work, const Cancel& cancel) {
  std::vector<Result<double>> rates(load.threads, Status(Code::kDevice, "did not run"));
  std::latch start(load.threads);
  {
    // Never on the calling thread, which would stay pinned to a core.
    std::vector<std::jthread> threads;
    for (uint32_t i = 0; i < load.threads; i++)
      threads.emplace_back([&, i] { rates[i] = run_thread(load, i, open_work, start, cancel); });
  }
  double sum = 0;
  for (const auto& rate : rates) {
    QUARRY_TRY(rate.status());
    sum += *rate;
  }
  return sum;
}

}  // namespace

Result<double> sample_plotting(const Load& load, const Cancel& cancel) {
  if (!load.device->info().shares_host_memory)
    return sample_device(*load.device, load.seconds, cancel);
  return sample(load, PlotWork::open, cancel);
}

Result<double> sample_scanning(const Load& load, const Cancel& cancel) {
  return sample(load, ScanWork::open, cancel);
}

}  // namespace quarry::bench
