#include "plotter/plot_scanner.h"

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <set>

#include "plotter/bell.h"
#include "plotter/discover.h"
#include "plotter/disk_reader.h"
#include "plotter/round_tally.h"
#include "plotter/scan_queue.h"
#include "plotter/scan_workers.h"

namespace quarry {
namespace {

// A Cancel cannot wake anyone, nor can a clock.
constexpr std::chrono::milliseconds kLook(10);

// One for each disk to fill while another one waits for a device.
constexpr size_t kBlocksPerDisk = 2;

class DiskScanner final : public PlotScanner {
 public:
  DiskScanner(std::vector<std::string> paths, std::span<const std::unique_ptr<Device>> devices,
              FileSystem& files, Clock& clock)
      : paths_(std::move(paths)),
        devices_(devices),
        files_(files),
        clock_(clock),
        queue_(bell_),
        workers_(devices, queue_, tally_, distrusted_, bell_) {}

  // As many blocks as the disks and devices of now need.
  Status make_blocks() {
    // One for each thread to work on.
    const size_t threads = ScanWorkers::count(devices_);
    const size_t disks = std::max<size_t>(readers_.size() + leaving_.size(), 1);
    QUARRY_ASSIGN(const auto memories, queue_.grow_to(threads + kBlocksPerDisk * disks));
    // Copies from pinned memory run at the speed of the link; without, they work as well.
    for (const auto& device : devices_) {
      if (device->info().shares_host_memory) continue;
      for (const std::span<std::byte> memory : memories)
        if (auto buffer = device->wrap(memory); buffer.ok()) pinned_.push_back(std::move(*buffer));
    }
    return {};
  }

  std::vector<Status> refresh(std::optional<Clock::Duration> patience) override {
    if (!look_.valid()) look_ = start_look();
    if (patience && look_.wait_for(*patience) != std::future_status::ready) return {};
    Look look = look_.get();
    Discovery& found = look.found;
    // Those that were not looked at, and those that hang since.
    std::set<uint64_t> stuck = stuck_disks();
    stuck.insert(look.stuck.begin(), look.stuck.end());
    std::erase_if(disk_of_folder_, [&](const auto& of) { return !stuck.contains(of.second); });

    const std::lock_guard lock(mutex_);
    Readers before = std::exchange(readers_, {});
    for (const uint64_t device : stuck) readers_.insert(before.extract(device));
    for (const PlotDisk& disk : look.disks) {
      if (stuck.contains(disk.device)) continue;
      auto reader = before.extract(disk.device);
      if (reader)
        readers_.insert(std::move(reader));
      else
        readers_[disk.device] = std::make_unique<DiskReader>(files_, clock_, queue_, bell_);
      std::vector<PlotFile> plots;
      for (const size_t file : disk.files) {
        disk_of_folder_[folder_of(found.plots[file].path)] = disk.device;
        plots.push_back(std::move(found.plots[file]));
      }
      readers_[disk.device]->set_plots(disk.name, std::move(plots));
    }
    for (auto& [device, reader] : before) leaving_.push_back(std::move(reader));
    std::erase_if(leaving_, [](const auto& reader) { return reader->idle(); });
    if (Status status = make_blocks(); !status.ok()) found.problems.push_back(std::move(status));
    return std::move(found.problems);
  }

  Result<ScanReport> scan(const Round& round, const ScanEvents& events,
                          const Cancel& cancel) override {
    if (round.base_target == 0)
      return Status(Code::kInvalidArgument, "the base target of a round cannot be 0");
    const Clock::Time begin = clock_.now();
    const ScanJob job = {++rounds_, round, scoop_of(round)};
    ScanReport report;
    report.scoop = job.scoop;
    tally_.clear();
    queue_.open_round(job.number);
    for (const auto& [device, reader] : readers_) reader->start(job);
    while (!cancel.requested() && workers_.status().ok() && !all_is_read()) {
      bell_.wait_for(kLook);
      tell(events, report);
    }
    queue_.close_round();
    QUARRY_TRY(cancel.status());
    QUARRY_TRY(workers_.status());
    tell(events, report);
    sum_up(events, report);
    report.best = tally_.best();
    report.seconds = std::chrono::duration<double>(clock_.now() - begin).count();
    return report;
  }

  void distrust(const std::string& file, uint64_t nonce) override { distrusted_.add(file, nonce); }

  void keep_awake(Clock::Duration idle) override {
    const std::lock_guard lock(mutex_);
    for (const auto& [device, reader] : readers_) reader->keep_awake(idle);
  }

  std::vector<ScanDisk> disks() const override {
    std::vector<ScanDisk> list;
    const std::lock_guard lock(mutex_);
    for (const auto& [device, reader] : readers_) list.push_back(reader->info());
    return list;
  }

 private:
  using Readers = std::map<uint64_t, std::unique_ptr<DiskReader>>;  // by SpaceInfo::device

  std::set<uint64_t> stuck_disks() const {
    std::set<uint64_t> stuck;
    for (const auto& [device, reader] : readers_)
      if (reader->hangs()) stuck.insert(device);
    return stuck;
  }

  // A path on a disk that hangs would hang whoever looks at it.
  std::vector<std::string> paths_without(const std::set<uint64_t>& disks) const {
    std::vector<std::string> paths;
    for (const std::string& path : paths_) {
      std::string folder = path;
      while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
      auto disk = disk_of_folder_.find(folder);
      if (disk == disk_of_folder_.end()) disk = disk_of_folder_.find(folder_of(folder));
      if (disk == disk_of_folder_.end() || !disks.contains(disk->second)) paths.push_back(path);
    }
    return paths;
  }

  // Of the round that is open, as far as disks answer.
  bool all_is_read() const {
    return std::all_of(
               readers_.begin(), readers_.end(),
               [](const auto& disk) { return disk.second->finished() || disk.second->hangs(); }) &&
           queue_.idle();
  }

  // What is new since the last call.
  void tell(const ScanEvents& events, ScanReport& report) {
    for (const Deadline& best : tally_.take_better())
      if (events.best) events.best(best);
    for (const auto& [device, reader] : readers_)
      for (Status& problem : reader->take_problems())
        add_problem(std::move(problem), events, report);
    for (Status& failure : workers_.take_failures())
      report.retired_devices.push_back(std::move(failure));
    if (events.progress) events.progress();
  }

  // Sums up the round, with what disks that hang have not read.
  void sum_up(const ScanEvents& events, ScanReport& report) {
    for (const auto& [device, reader] : readers_) {
      if (!reader->finished()) add_problem(reader->hanging(), events, report);
      const ScanDisk disk = reader->info();
      report.nonces += disk.nonces_scanned;
      report.missed_nonces += disk.nonces - disk.nonces_scanned;
      report.bytes += disk.bytes_read;
    }
  }

  static void add_problem(Status problem, const ScanEvents& events, ScanReport& report) {
    if (events.problem) events.problem(problem);
    report.file_errors.push_back(std::move(problem));
  }

  // What stands in the paths.
  struct Look {
    std::set<uint64_t> stuck;  // disks that were passed over
    Discovery found;
    std::vector<PlotDisk> disks;
  };

  // On a thread of its own: a folder on a disk that has gone may not answer for ever.
  std::future<Look> start_look() {
    const std::set<uint64_t> stuck = stuck_disks();
    return std::async(std::launch::async, [this, stuck, paths = paths_without(stuck)] {
      Look look{stuck, discover_plots(paths, files_), {}};
      std::vector<std::string> plot_paths;
      for (const PlotFile& plot : look.found.plots) plot_paths.push_back(plot.path);
      look.disks = group_by_disk(plot_paths, files_);
      return look;
    });
  }

  const std::vector<std::string> paths_;
  std::span<const std::unique_ptr<Device>> devices_;
  FileSystem& files_;
  Clock& clock_;
  uint64_t rounds_ = 0;
  std::map<std::string, uint64_t> disk_of_folder_;  // of the plots found
  Bell bell_;
  RoundTally tally_;
  Distrusted distrusted_;
  ScanQueue queue_;
  std::vector<std::unique_ptr<Buffer>> pinned_;  // blocks of the queue
  ScanWorkers workers_;
  // Changed by refresh() alone, and then locked.
  mutable std::mutex mutex_;
  Readers readers_;
  std::vector<std::unique_ptr<DiskReader>> leaving_;  // of disks that have gone, amid a read
  std::future<Look> look_;                            // under way, or none
};

}  // namespace

Result<std::unique_ptr<PlotScanner>> PlotScanner::open(
    std::vector<std::string> paths, std::span<const std::unique_ptr<Device>> devices,
    FileSystem& files, Clock& clock) {
  if (devices.empty()) return Status(Code::kInvalidArgument, "no device to scan with");
  auto scanner = std::make_unique<DiskScanner>(std::move(paths), devices, files, clock);
  QUARRY_TRY(scanner->make_blocks());
  return std::unique_ptr<PlotScanner>(std::move(scanner));
}

}  // namespace quarry
