#include "plotter/scan.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "plotter/discover.h"
#include "plotter/part_progress.h"
#include "plotter/plot_reader.h"
#include "plotter/scan_reader.h"

namespace quarry {
namespace {

// Scoops of each block whose hits are compared with the best that a device named.
constexpr uint64_t kSamples = 8;

uint64_t hit_in(const Round& round, std::span<const std::byte> scoops, uint64_t index) {
  return hit_of(round, scoops.subspan(index * kScoopBytes).first<kScoopBytes>());
}

// Is this the answer of a device that works? All of it where it was asked for
// one number, a sample for the claim that no other is smaller.
bool plausible(const Round& round, std::span<const std::byte> scoops,
               const ScoopScanner::Best& best) {
  const uint64_t count = scoops.size() / kScoopBytes;
  if (best.index >= count || hit_in(round, scoops, best.index) != best.hit) return false;
  for (uint64_t i = 0; i < kSamples; i++)
    if (hit_in(round, scoops, i * (count - 1) / (kSamples - 1)) < best.hit) return false;
  return true;
}

// What a device should have said.
ScoopScanner::Best scan_scalar(const Round& round, std::span<const std::byte> scoops) {
  ScoopScanner::Best best;
  for (uint64_t i = 0; i < scoops.size() / kScoopBytes; i++) {
    const uint64_t hit = hit_in(round, scoops, i);
    if (best.index == UINT64_MAX || hit < best.hit) best = {hit, i};
  }
  return best;
}

class Scan {
 public:
  Scan(const Round& round, std::span<const std::unique_ptr<Device>> devices, ScanQueue& queue,
       PartProgress& progress, const Cancel& cancel)
      : round_(round),
        devices_(devices),
        queue_(queue),
        progress_(progress),
        cancel_(cancel),
        retired_(devices.size()) {}

  // Runs to the end. Errors of files go to `report`.
  void run(std::span<const PlotFile> plots, std::span<const PlotDisk> disks, FileSystem& files,
           ScanReport& report) {
    std::vector<std::vector<Status>> errors(disks.size());
    std::vector<std::thread> threads;
    const std::vector<std::unique_ptr<Buffer>> pinned = pin_blocks();
    for (size_t i = 0; i < devices_.size(); i++) workers_ += devices_[i]->info().queues;
    for (size_t i = 0; i < disks.size(); i++)
      threads.emplace_back([&, i] {
        errors[i] = ScanReader(files, queue_, report.scoop, i, cancel_).run(plots, disks[i].files);
      });
    for (size_t i = 0; i < devices_.size(); i++)
      for (uint32_t index = 0; index < devices_[i]->info().queues; index++)
        threads.emplace_back([this, i, index] { work(i, index); });
    for (std::thread& thread : threads) thread.join();
    for (std::vector<Status>& list : errors)
      for (Status& error : list) report.file_errors.push_back(std::move(error));
    for (auto& [account, best] : best_) report.best.push_back(std::move(best));
    std::sort(report.best.begin(), report.best.end(), [](const Deadline& a, const Deadline& b) {
      return std::tie(a.hit, a.account_id) < std::tie(b.hit, b.account_id);
    });
    report.nonces = nonces_;
    report.bytes = bytes_;
    report.retired_devices = std::move(failures_);
  }

  bool out_of_devices() const { return out_of_devices_; }

 private:
  // Copies from pinned memory run at the speed of the link; without, they work
  // as well.
  std::vector<std::unique_ptr<Buffer>> pin_blocks() const {
    std::vector<std::unique_ptr<Buffer>> pinned;
    for (const auto& device : devices_) {
      if (device->info().shares_host_memory) continue;
      for (const std::span<std::byte> memory : queue_.memories())
        if (auto buffer = device->wrap(memory); buffer.ok()) pinned.push_back(std::move(*buffer));
    }
    return pinned;
  }

  // One queue of one device, on a thread of its own.
  void work(size_t device, uint32_t queue_index) {
    Status status = scan_blocks(device, queue_index);
    const std::lock_guard lock(mutex_);
    if (!status.ok() && !retired_[device].exchange(true)) failures_.push_back(std::move(status));
    if (--workers_ == 0 && retired_all()) {
      out_of_devices_ = true;
      queue_.close();
    }
  }

  Status scan_blocks(size_t device, uint32_t queue_index) {
    QUARRY_ASSIGN(const std::unique_ptr<ScoopScanner> scanner,
                  ScoopScanner::open(*devices_[device], queue_index,
                                     static_cast<uint32_t>(kScanBlockBytes / kScoopBytes)));
    while (!retired_[device]) {
      ScanBlock* block = queue_.take_ready();
      if (block == nullptr) return {};
      if (cancel_.requested()) {
        queue_.close();
        return {};
      }
      Status status;
      Result<ScoopScanner::Best> best = scanner->scan(round_, block->scoops);
      if (!best.ok())
        status = best.status().with_context(devices_[device]->info().id);
      else if (!plausible(round_, block->scoops, *best))
        status = Status(Code::kDevice, devices_[device]->info().id + " (" +
                                           devices_[device]->info().name +
                                           ") computed wrong hits; it is not used any more");
      record(*block, status.ok() ? *best : scan_scalar(round_, block->scoops));
      queue_.put_free(block);
      QUARRY_TRY(status);
    }
    return {};
  }

  void record(const ScanBlock& block, const ScoopScanner::Best& best) {
    const PlotName& name = block.plot->name;
    Deadline found;
    found.account_id = name.account_id;
    found.nonce = name.start + block.first + best.index;
    found.hit = best.hit;
    found.deadline = best.hit / round_.base_target;
    found.file = block.plot->path;
    const uint64_t nonces = block.scoops.size() / kScoopBytes;
    progress_.add(block.disk, nonces);
    const std::lock_guard lock(mutex_);
    nonces_ += nonces;
    bytes_ += block.bytes_read;
    const auto [place, first] = best_.try_emplace(name.account_id, found);
    Deadline& known = place->second;
    if (!first &&
        std::tie(found.hit, found.nonce, found.file) < std::tie(known.hit, known.nonce, known.file))
      known = std::move(found);
  }

  bool retired_all() const {
    return std::all_of(retired_.begin(), retired_.end(), [](const auto& r) { return r.load(); });
  }

  const Round& round_;
  std::span<const std::unique_ptr<Device>> devices_;
  ScanQueue& queue_;
  PartProgress& progress_;
  const Cancel& cancel_;
  std::vector<std::atomic<bool>> retired_;  // by device
  std::mutex mutex_;                        // for all below
  std::map<uint64_t, Deadline> best_;       // by account
  uint64_t nonces_ = 0;
  uint64_t bytes_ = 0;
  size_t workers_ = 0;  // threads of devices that still run
  std::vector<Status> failures_;
  bool out_of_devices_ = false;
};

Status no_plots(const std::vector<std::string>& paths, const Discovery& discovery) {
  std::string message = "no plot files in";
  for (const std::string& path : paths) message += " " + path;
  if (!discovery.problems.empty()) message += "; " + discovery.problems[0].message();
  return {Code::kNotFound, message};
}

ProgressReport describe(std::span<const PlotFile> plots, std::span<const PlotDisk> disks) {
  ProgressReport report;
  report.task = "scan";
  report.unit = "nonces";
  report.bytes_per_unit = kScoopBytes;
  for (const PlotDisk& disk : disks) report.parts.push_back({.name = disk.name, .note = ""});
  for (const PlotFile& plot : plots) report.total += plot.name.nonces;
  return report;
}

}  // namespace

Result<ScanReport> scan_plots(const Round& round, const std::vector<std::string>& paths,
                              std::span<const std::unique_ptr<Device>> devices, FileSystem& files,
                              Progress& progress, const Cancel& cancel) {
  if (round.base_target == 0)
    return Status(Code::kInvalidArgument, "the base target of a round cannot be 0");
  if (devices.empty()) return Status(Code::kInvalidArgument, "no device to scan with");
  Discovery discovery = discover_plots(paths, files);
  if (discovery.plots.empty()) return no_plots(paths, discovery);
  std::vector<std::string> plot_paths;
  for (const PlotFile& plot : discovery.plots) plot_paths.push_back(plot.path);
  const std::vector<PlotDisk> disks = group_by_disk(plot_paths, files);
  size_t workers = 0;
  for (const auto& device : devices) workers += device->info().queues;
  // One for each thread to work on, and one more for each reader to fill meanwhile.
  QUARRY_ASSIGN(const std::unique_ptr<ScanQueue> queue,
                ScanQueue::create(workers + 2 * disks.size(), disks.size()));
  PartProgress meter(progress, describe(discovery.plots, disks));
  ScanReport report;
  report.scoop = scoop_of(round);
  report.file_errors = std::move(discovery.problems);
  Scan scan(round, devices, *queue, meter, cancel);
  scan.run(discovery.plots, disks, files, report);
  QUARRY_TRY(cancel.status());
  for (const Status& failure : report.retired_devices) progress.notice(failure.message());
  if (scan.out_of_devices())
    return Status(Code::kDevice, "no device is left: " + report.retired_devices[0].message());
  meter.finish();
  report.seconds = meter.seconds();
  return report;
}

}  // namespace quarry
