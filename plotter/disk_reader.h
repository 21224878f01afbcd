// The reading half of a scan: one thread per disk fills blocks with scoops, round
// after round.
//
// A read of a dying disk may take minutes, or never come back. Nobody waits for it:
// the thread, the block that it fills and what it knows of its files live until it
// does, and a round that goes on meanwhile is joined then.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/memory.h"
#include "plotter/bell.h"
#include "plotter/discover.h"
#include "plotter/plot_reader.h"
#include "plotter/plot_scanner.h"
#include "plotter/scan_queue.h"

namespace quarry {

// Its methods may be called from any thread, and do not wait for the disk.
class DiskReader {
 public:
  // Has no plots yet. All that it is given must outlive it. Rings when a problem was
  // met, and when a round has been read.
  DiskReader(FileSystem& files, Clock& clock, ScanQueue& queue, Bell& bell);

  // Waits for the read that is under way. No round may be open.
  ~DiskReader();
  DiskReader(const DiskReader&) = delete;
  DiskReader& operator=(const DiskReader&) = delete;

  // What it reads from the next round on. No round may be open.
  void set_plots(std::string name, std::vector<PlotFile> plots);

  // Reads the scoop of the round of all plots, once it is done with what it does. The
  // queue's round must be this one.
  void start(const ScanJob& job);

  // The last round that was started has been read, as far as that was possible.
  bool finished() const;

  // Waits for work.
  bool idle() const;

  // A read, or the opening of a file, has not come back for PlotScanner::kStuckAfter.
  bool hangs() const;

  // Says so.
  Status hanging() const;

  // What it met in the last round that was started, since the last call.
  std::vector<Status> take_problems();

  // Reads a few bytes if nothing was read for `idle`.
  void keep_awake(Clock::Duration idle);

  ScanDisk info() const;

 private:
  void work();
  void read_round(const ScanJob& job);
  Status read_plot(const ScanJob& job, const PlotFile& plot);
  Status fill(ScanBlock& block, PlotReader& reader);
  Status fill_poc1(ScanBlock& block, PlotReader& reader);
  Status read_anything();
  template <class Call>
  auto access(const PlotFile& plot, Call call);
  bool hangs_locked() const;

  FileSystem& files_;
  Clock& clock_;
  ScanQueue& queue_;
  Bell& bell_;
  ScanCounts counts_;

  // The thread's own.
  std::vector<PlotFile> plots_;
  HostMemory memory_;  // one run of a PoC1 file, or what keeps the disk awake
  std::minstd_rand random_;

  mutable std::mutex mutex_;  // for all below
  std::condition_variable changed_;
  std::string name_;
  uint64_t plot_count_ = 0;
  uint64_t nonces_ = 0;
  std::optional<std::vector<PlotFile>> new_plots_;  // that the thread has not taken over yet
  std::optional<ScanJob> new_job_;                  // likewise
  bool shall_touch_ = false;                        // likewise: keep_awake()
  bool stop_ = false;
  bool idle_ = true;
  uint64_t started_ = 0;   // number of the last round
  uint64_t finished_ = 0;  // of the last that was read
  std::vector<Status> problems_;
  std::optional<Clock::Time> reading_since_;
  std::string reading_;  // the file
  Clock::Time last_read_;
  double seconds_ = 0;  // of reading in the round

  std::thread thread_;
};

}  // namespace quarry
