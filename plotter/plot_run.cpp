// Carries a plan out: a feed for each device, a writer for each disk, and the
// calling thread, which reports progress.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "host/cpu/topology.h"
#include "plotter/device_feed.h"
#include "plotter/plot.h"
#include "plotter/plot_file.h"
#include "plotter/poc2.h"
#include "plotter/pool_queue.h"
#include "plotter/pool_writer.h"

namespace quarry {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kReportInterval = std::chrono::milliseconds(200);

// Of the slices in which a writer fetches pools from a device.
constexpr uint64_t kSliceBytes = uint64_t{64} << 20;

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

uint64_t nonces_in(const std::vector<NonceSpan>& spans) {
  uint64_t nonces = 0;
  for (const NonceSpan& span : spans) nonces += span.count;
  return nonces;
}

// A rate over the last few seconds, from a count that is looked at now and then.
class Meter {
 public:
  double update(uint64_t count, SteadyClock::time_point now) {
    const double seconds = std::chrono::duration<double>(now - last_).count();
    if (seconds <= 0) return rate_;
    const double current = count > count_ ? static_cast<double>(count - count_) / seconds : 0.0;
    const double weight = 1.0 - std::exp(-seconds / 5.0);
    // What comes first was worked on since the beginning.
    const double since_begin = std::chrono::duration<double>(now - begin_).count();
    rate_ = started_ ? rate_ + (current - rate_) * weight
                     : static_cast<double>(count) / std::max(since_begin, seconds);
    started_ = started_ || count > 0;
    count_ = count;
    last_ = now;
    return rate_;
  }

 private:
  uint64_t count_ = 0;
  const SteadyClock::time_point begin_ = SteadyClock::now();
  SteadyClock::time_point last_ = begin_;
  double rate_ = 0;
  bool started_ = false;
};

class PlotRun {
 public:
  PlotRun(PlotPlan plan, std::span<const std::unique_ptr<Device>> devices, FileSystem& files,
          Progress& progress, const Cancel& cancel)
      : plan_(std::move(plan)),
        devices_(devices),
        files_(files),
        progress_(progress),
        cancel_(cancel) {}

  Result<PlotReport> run(const CareOptions& care) {
    QUARRY_TRY(open_files());
    QUARRY_TRY(make_pools(care));
    const FeedShared shared = {
        *queue_, [this](const Pool& pool, NonceSpan part) { return range_of(pool, part); },
        [this](size_t device, const Status& why) { retire(device, why); }, cancel_};
    std::vector<std::thread> threads;
    for (size_t t = 0; t < writers_.size(); t++) start(threads, [this, t] { write_target(t); });
    for (const auto& feed : feeds_) start(threads, [&] { feed->run(shared); });
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
    slices_.resize(writers_.size());
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

  // Devices that gather pools in their own memory get some there; the others
  // share pools in host memory.
  Status make_pools(const CareOptions& care) {
    uint64_t wave = 0;
    for (const auto& device : devices_)
      wave = std::max(wave, wave_nonces(device->info(), choose_plot_kernel(device->info())));
    fit_pools(plan_, wave);
    FeedOptions options;
    options.most_nonces = plan_.pool_nonces;
    options.care = care;
    options.notice = [this](std::string_view text) { progress_.notice(text); };
    std::vector<std::unique_ptr<Pool>> pools;
    bool all_gather = true;
    for (size_t d = 0; d < devices_.size(); d++) {
      feeds_.push_back(std::make_unique<DeviceFeed>(*devices_[d], d, options));
      all_gather &= gather_pools(d, pools);
    }
    for (uint64_t p = 0; p < plan_.pool_count && !all_gather; p++) {
      auto pool = std::make_unique<Pool>();
      pool->capacity = plan_.pool_nonces;
      QUARRY_ASSIGN(pool->memory, allocate_for(devices_, plan_.pool_nonces * kNonceBytes));
      interleave_over_nodes(pool->memory.bytes());
      pools.push_back(std::move(pool));
    }
    queue_ = std::make_unique<PoolQueue>(missing_, std::move(pools), devices_.size());
    return {};
  }

  // False if the device has no pools of its own.
  bool gather_pools(size_t d, std::vector<std::unique_ptr<Pool>>& pools) {
    // More than some samples of a pool can only be checked where it is whole.
    if (plan_.verify_percent > 0) return false;
    const auto count = static_cast<uint32_t>(plan_.pool_count);
    const uint64_t nonces = feeds_[d]->gather(count, plan_.pool_nonces, plan_.most_pool_nonces);
    if (nonces == 0) return false;
    slice_bytes_ = std::max({slice_bytes_, kSliceBytes, nonces * kScoopBytes});
    for (uint32_t slot = 0; slot < count; slot++) {
      auto pool = std::make_unique<Pool>();
      pool->capacity = nonces;
      pool->device = d;
      pool->slot = slot;
      pools.push_back(std::move(pool));
    }
    return true;
  }

  NonceRange range_of(const Pool& pool, NonceSpan part) const {
    const uint64_t first = plan_.targets[pool.target].name.start + pool.span.first;
    return {plan_.account_id, first + part.first, static_cast<uint32_t>(part.count)};
  }

  // Thread of one disk.
  void write_target(size_t t) {
    TargetState& state = states_[t];
    const auto begin = SteadyClock::now();
    state.status = write_pools(t);
    if (!state.status.ok()) queue_->abandon(t, nullptr);
    if (state.status.ok() && queue_->finished(t)) {
      state.status = writers_[t]->finish();
      state.finished = state.status.ok();
    }
    state.seconds = seconds_since(begin);
  }

  Status write_pools(size_t t) {
    PoolWriter::Options options;
    options.account_id = plan_.account_id;
    options.start = plan_.targets[t].name.start;
    options.verify_percent = plan_.verify_percent;
    if (slice_bytes_ > 0) {
      for (size_t i = 0; i < slices_[t].size(); i++) {
        QUARRY_ASSIGN(slices_[t][i], allocate_for(devices_, slice_bytes_));
        options.slices[i] = slices_[t][i].bytes();
      }
    }
    options.fetch = [this](const Pool& pool, const ScoopRows& rows, std::span<std::byte> memory) {
      return feeds_[*pool.device]->deliver(pool, rows, memory);
    };
    QUARRY_ASSIGN(const auto writer, PoolWriter::open(*writers_[t], options));
    while (Pool* pool = queue_->take_full(t)) {
      const auto outcome = writer->write(*pool);
      if (!outcome.ok()) {
        queue_->abandon(t, pool);
        return outcome.status();
      }
      if (outcome->recorded()) {
        queue_->recorded(pool);
        continue;
      }
      if (outcome->wrong_nonce) retire_culprit(*pool, *outcome->wrong_nonce);
      redone_pools_++;
      queue_->redo(pool);
    }
    return {};
  }

  void retire_culprit(const Pool& pool, uint64_t wrong) {
    for (const Pool::Part& part : pool.parts)
      if (wrong >= part.span.first && wrong - part.span.first < part.span.count) {
        const uint64_t nonce = plan_.targets[pool.target].name.start + pool.span.first + wrong;
        retire(part.device, {Code::kDevice, devices_[part.device]->info().id + " computed nonce " +
                                                std::to_string(nonce) + " wrongly"});
      }
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
    const auto begin = SteadyClock::now();
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
      const auto now = SteadyClock::now();
      ProgressReport report = {.task = "plot",
                               .unit = "nonces",
                               .done = before + counts.computed_nonces,
                               .total = total,
                               .bytes_per_unit = kNonceBytes,
                               .parts = {}};
      for (size_t d = 0; d < devices_.size(); d++)
        report.parts.push_back({devices_[d]->info().id,
                                device_meters[d].update(counts.by_device[d], now),
                                counts.retired[d] ? "retired" : feeds_[d]->note()});
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

  PlotPlan plan_;
  std::span<const std::unique_ptr<Device>> devices_;
  FileSystem& files_;
  Progress& progress_;
  const Cancel& cancel_;

  std::vector<std::unique_ptr<PlotFileWriter>> writers_;  // by target
  std::vector<std::vector<NonceSpan>> missing_;           // by target, at the start
  std::vector<TargetState> states_;
  std::unique_ptr<PoolQueue> queue_;
  std::vector<std::array<HostMemory, 2>> slices_;  // by target, for PoolWriter
  uint64_t slice_bytes_ = 0;
  // By device. Last, because they hold the memory of both pinned.
  std::vector<std::unique_ptr<DeviceFeed>> feeds_;
  std::mutex retired_mutex_;
  std::vector<Status> retired_;
  std::atomic<uint64_t> redone_pools_{0};
  std::mutex running_mutex_;
  std::condition_variable stopped_running_;
  size_t running_ = 0;
};

}  // namespace

Result<PlotReport> run_plot(const PlotPlan& plan, std::span<const std::unique_ptr<Device>> devices,
                            FileSystem& files, Progress& progress, const Cancel& cancel,
                            const CareOptions& care) {
  if (devices.empty()) return Status(Code::kDevice, "no device to plot with");
  return PlotRun(plan, devices, files, progress, cancel).run(care);
}

}  // namespace quarry
