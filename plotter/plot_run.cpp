// Carries a plan out: one thread per device queue, one per disk, and the
// calling thread, which reports progress.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "host/cpu/topology.h"
#include "plotter/generator.h"
#include "plotter/plot.h"
#include "plotter/plot_file.h"
#include "plotter/poc2.h"
#include "plotter/pool_check.h"
#include "plotter/pool_queue.h"

namespace quarry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kReportInterval = std::chrono::milliseconds(200);

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

uint64_t nonces_in(const std::vector<NonceSpan>& spans) {
  uint64_t nonces = 0;
  for (const NonceSpan& span : spans) nonces += span.count;
  return nonces;
}

// A rate over the last few seconds, from a count that is looked at now and then.
class Meter {
 public:
  double update(uint64_t count, Clock::time_point now) {
    const double seconds = std::chrono::duration<double>(now - last_).count();
    if (seconds <= 0) return rate_;
    const double current = count > count_ ? static_cast<double>(count - count_) / seconds : 0.0;
    const double weight = 1.0 - std::exp(-seconds / 5.0);
    rate_ = started_ ? rate_ + (current - rate_) * weight : current;
    started_ = started_ || count > 0;
    count_ = count;
    last_ = now;
    return rate_;
  }

 private:
  uint64_t count_ = 0;
  Clock::time_point last_ = Clock::now();
  double rate_ = 0;
  bool started_ = false;
};

class PlotRun {
 public:
  PlotRun(const PlotPlan& plan, std::span<const std::unique_ptr<Device>> devices, FileSystem& files,
          Progress& progress, const Cancel& cancel)
      : plan_(plan), devices_(devices), files_(files), progress_(progress), cancel_(cancel) {}

  Result<PlotReport> run() {
    QUARRY_TRY(open_files());
    QUARRY_TRY(make_queue());
    std::vector<std::thread> threads;
    for (size_t t = 0; t < writers_.size(); t++) start(threads, [this, t] { write_target(t); });
    for (size_t d = 0; d < devices_.size(); d++)
      for (uint32_t q = 0; q < devices_[d]->info().queues; q++)
        start(threads, [this, d, q] { work(d, q); });
    watch();
    for (std::thread& thread : threads) thread.join();
    return result();
  }

 private:
  // What one writer says at its end; read after it was joined.
  struct TargetState {
    Status status;
    bool finished = false;
    double seconds = 0;
  };

  template <class Body>
  void start(std::vector<std::thread>& threads, Body body) {
    {
      const std::lock_guard lock(running_mutex_);
      running_++;
    }
    threads.emplace_back([this, body] {
      body();
      const std::lock_guard lock(running_mutex_);
      running_--;
      stopped_running_.notify_all();
    });
  }

  // Waits for a while; true when no thread is left.
  bool wait_for_threads() {
    std::unique_lock lock(running_mutex_);
    return stopped_running_.wait_for(lock, kReportInterval, [this] { return running_ == 0; });
  }

  Status open_files() {
    for (const PlotTarget& target : plan_.targets) {
      QUARRY_ASSIGN(std::unique_ptr<PlotFileWriter> writer,
                    PlotFileWriter::open(target, plan_.direct, files_));
      QUARRY_TRY(check_last_pool(target, *writer));
      missing_.push_back(writer->missing());
      writers_.push_back(std::move(writer));
    }
    states_.resize(writers_.size());
    return {};
  }

  // After a crash the disk may not hold what it said it holds: looks at nonces
  // of the last pool that was recorded.
  Status check_last_pool(const PlotTarget& target, PlotFileWriter& writer) {
    const NonceSpan last = writer.last_recorded();
    if (last.count == 0) return {};
    const uint64_t samples = std::min<uint64_t>(kNoncesPerBlock, last.count);
    QUARRY_ASSIGN(HostMemory memory, HostMemory::allocate(samples * kNonceBytes));
    const ScoopBlock block = {memory.data(), samples, nullptr};
    const NonceSpan looked_at = {last.first + last.count - samples, samples};
    QUARRY_TRY(writer.read(looked_at, block));
    QUARRY_ASSIGN(std::unique_ptr<PoolChecker> checker, PoolChecker::open());
    QUARRY_ASSIGN(const auto wrong,
                  checker->check(plan_.account_id, target.name.start + looked_at.first, block,
                                 PoolChecker::kSamples, cancel_));
    if (wrong) {
      writer.distrust(last);
      progress_.notice("the last nonces written to " + target.plotting_path() +
                       " are damaged; they are plotted again");
    }
    return {};
  }

  Status make_queue() {
    std::vector<std::unique_ptr<Pool>> pools;
    for (uint64_t p = 0; p < plan_.pool_count; p++) {
      auto pool = std::make_unique<Pool>();
      QUARRY_ASSIGN(pool->memory, HostMemory::allocate(plan_.pool_nonces * kNonceBytes));
      interleave_over_nodes(pool->memory.bytes());
      for (const auto& device : devices_) {
        // Without it the device copies through memory of its own.
        auto wrapped = device->wrap(pool->memory.bytes());
        pool->wrapped.push_back(wrapped.ok() ? std::move(*wrapped) : nullptr);
      }
      pools.push_back(std::move(pool));
    }
    queue_ =
        std::make_unique<PoolQueue>(missing_, plan_.pool_nonces, std::move(pools), devices_.size());
    return {};
  }

  // Thread of one device queue.
  void work(size_t device_index, uint32_t queue_index) {
    Device& device = *devices_[device_index];
    auto generator = NonceGenerator::open(device, queue_index, device.info().items_per_queue);
    if (!generator.ok()) {
      retire(device_index, generator.status());
      return;
    }
    while (auto batch = queue_->take(device_index, (*generator)->batch_nonces())) {
      Pool& pool = *batch->pool;
      const ScoopBlock block = {pool.memory.data(), pool.span.count,
                                pool.wrapped[device_index].get()};
      const uint64_t first = plan_.targets[pool.target].name.start + pool.span.first;
      const NonceRange range = {plan_.account_id, first + batch->span.first,
                                static_cast<uint32_t>(batch->span.count)};
      Status status = (*generator)->generate(range, block, batch->span.first, cancel_);
      if (status.ok()) {
        queue_->complete(*batch, device_index);
        continue;
      }
      queue_->give_back(*batch);
      if (status.code() == Code::kCancelled) return;
      retire(device_index, status);
      return;
    }
  }

  // Thread of one disk.
  void write_target(size_t t) {
    TargetState& state = states_[t];
    const auto begin = Clock::now();
    auto checker = PoolChecker::open();
    if (!checker.ok()) {
      state.status = checker.status();
      queue_->abandon(t, nullptr);
      return;
    }
    while (Pool* pool = queue_->take_full(t)) {
      const ScoopBlock block = {pool->memory.data(), pool->span.count, nullptr};
      auto good = check_pool(**checker, *pool, block);
      if (!good.ok()) {
        state.status = good.status();
        queue_->abandon(t, pool);
        return;
      }
      if (!*good) {
        redone_pools_++;
        queue_->redo(pool);
        continue;
      }
      if (Status status = writers_[t]->write(pool->span, block); !status.ok()) {
        state.status = status;
        queue_->abandon(t, pool);
        return;
      }
      queue_->recorded(pool);
    }
    if (queue_->finished(t)) {
      state.status = writers_[t]->finish();
      state.finished = state.status.ok();
    }
    state.seconds = seconds_since(begin);
  }

  // False if a nonce is wrong; the device that made it is retired.
  Result<bool> check_pool(PoolChecker& checker, const Pool& pool, const ScoopBlock& block) {
    const auto percent =
        static_cast<uint64_t>(std::ceil(pool.span.count * plan_.verify_percent / 100.0));
    // Not cancelled: a pool that is full is worth saving.
    const Cancel never;
    QUARRY_ASSIGN(
        const auto wrong,
        checker.check(plan_.account_id, plan_.targets[pool.target].name.start + pool.span.first,
                      block, std::max<uint64_t>(PoolChecker::kSamples, percent), never));
    if (!wrong) return true;
    for (const Pool::Part& part : pool.parts)
      if (*wrong >= part.span.first && *wrong - part.span.first < part.span.count) {
        const uint64_t nonce = plan_.targets[pool.target].name.start + pool.span.first + *wrong;
        retire(part.device, {Code::kDevice, devices_[part.device]->info().id + " computed nonce " +
                                                std::to_string(nonce) + " wrongly"});
      }
    return false;
  }

  void retire(size_t device, const Status& why) {
    if (!queue_->retire(device)) return;
    progress_.notice(devices_[device]->info().id + " is retired: " + why.message() +
                     "; its pools are computed again by the others");
    const std::lock_guard lock(retired_mutex_);
    retired_.push_back(why);
  }

  // Reports until all is done or stopped.
  void watch() {
    const auto begin = Clock::now();
    std::vector<Meter> device_meters(devices_.size());
    uint64_t total = 0, before = 0;
    for (size_t t = 0; t < writers_.size(); t++) {
      total += plan_.targets[t].name.nonces;
      before += plan_.targets[t].name.nonces - nonces_in(missing_[t]);
    }
    bool stopping = false;
    while (!wait_for_threads()) {
      if (cancel_.requested() && !stopping) {
        stopping = true;
        progress_.notice("stopping: full pools are being saved");
        queue_->stop();
      }
      const PoolQueue::Counts counts = queue_->counts();
      const auto now = Clock::now();
      ProgressReport report = {.task = "plot",
                               .unit = "nonces",
                               .done = before + counts.computed_nonces,
                               .total = total,
                               .bytes_per_unit = kNonceBytes,
                               .parts = {}};
      for (size_t d = 0; d < devices_.size(); d++)
        report.parts.push_back({devices_[d]->info().id,
                                device_meters[d].update(counts.by_device[d], now),
                                counts.retired[d] ? "retired" : ""});
      for (size_t t = 0; t < writers_.size(); t++)
        report.parts.push_back({plan_.targets[t].folder,
                                static_cast<double>(counts.recorded_by_target[t]) /
                                    std::max(seconds_since(begin), 1e-3),
                                ""});
      progress_.report(report);
    }
  }

  Result<PlotReport> result() {
    PlotReport report;
    report.retired_devices = retired_;
    report.redone_pools = redone_pools_;
    Status first;
    for (size_t t = 0; t < writers_.size(); t++) {
      const PlotTarget& target = plan_.targets[t];
      const TargetState& state = states_[t];
      if (state.finished) {
        const uint64_t made = nonces_in(missing_[t]);
        report.files.push_back({target.final_path(), target.name.nonces, target.name.size_bytes(),
                                state.seconds, static_cast<double>(made) / state.seconds,
                                made < target.name.nonces});
      } else if (!state.status.ok() && first.ok()) {
        first = {state.status.code(), state.status.message() +
                                          "; what was plotted is saved: run the same command "
                                          "again to go on"};
      }
    }
    if (!first.ok()) return first;
    if (report.files.size() == writers_.size()) return report;
    if (queue_->counts().out_of_devices)
      return Status(Code::kDevice, "no device is left: " + retired_.back().message());
    return Status(Code::kCancelled,
                  "stopped on request; what was plotted is saved: run the same "
                  "command again to go on");
  }

  const PlotPlan& plan_;
  std::span<const std::unique_ptr<Device>> devices_;
  FileSystem& files_;
  Progress& progress_;
  const Cancel& cancel_;

  std::vector<std::unique_ptr<PlotFileWriter>> writers_;  // by target
  std::vector<std::vector<NonceSpan>> missing_;           // by target, at the start
  std::vector<TargetState> states_;
  std::unique_ptr<PoolQueue> queue_;
  std::mutex retired_mutex_;
  std::vector<Status> retired_;
  std::atomic<uint64_t> redone_pools_{0};
  std::mutex running_mutex_;
  std::condition_variable stopped_running_;
  size_t running_ = 0;
};

}  // namespace

Result<PlotReport> run_plot(const PlotPlan& plan, std::span<const std::unique_ptr<Device>> devices,
                            FileSystem& files, Progress& progress, const Cancel& cancel) {
  if (devices.empty()) return Status(Code::kDevice, "no device to plot with");
  return PlotRun(plan, devices, files, progress, cancel).run();
}

}  // namespace quarry
