// Plots disks: many devices compute, many disks are written, one allocator of
// nonce ranges lies between.
//
// A plot file grows in pools of nonces: a block of host memory in scoop order,
// filled by all devices together, or a block in the memory of one GPU. A pool is
// checked (16 of its nonces are computed again by the CPU), written as 4096
// extents, synced, and recorded in the journal.
// NAME.plotting becomes NAME when every nonce is recorded. A stop at any moment
// loses the pools in memory and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"
#include "host/file.h"
#include "host/progress.h"
#include "plotter/device_care.h"
#include "plotter/plot_name.h"

namespace quarry {

struct PlotRequest {
  uint64_t account_id = 0;
  uint64_t start = 0;
  uint64_t nonces = 0;               // all folders together; 0 with fill
  bool fill = false;                 // as many as each folder's free space holds
  std::vector<std::string> folders;  // one file and one writer each
  uint64_t memory_bytes = 0;         // host memory for pools; 0: half of what is available
  bool direct = true;                // bypass the page cache where alignment allows
  double verify_percent = 0;         // of each pool, checked on top of the 16 nonces
};

// One file to be made: name and where. Resumable ones say how far they are.
struct PlotTarget {
  std::string folder;
  PlotName name;
  uint64_t done_nonces = 0;  // recorded by an earlier run

  std::string final_path() const;
  std::string plotting_path() const;  // final_path() + ".plotting"
  std::string journal_path() const;   // final_path() + ".journal"
};

// What will be done: the files, and how memory is used. Made without writing.
struct PlotPlan {
  uint64_t account_id = 0;
  std::vector<PlotTarget> targets;
  uint64_t pool_nonces = 0;       // nonces of one pool; each scoop of it is one extent
  uint64_t pool_count = 0;        // pools in memory
  uint64_t most_pool_nonces = 0;  // longer extents gain nothing on these disks
  uint64_t memory_bytes = 0;      // for pools in host memory
  bool direct = false;
  double verify_percent = 0;
  std::vector<std::string> notices;  // what the user should know before it starts
};

struct PlotFileReport {
  std::string path;
  uint64_t nonces = 0;
  uint64_t bytes = 0;
  double seconds = 0;
  double nonces_per_second = 0;
  bool resumed = false;
};

struct PlotReport {
  std::vector<PlotFileReport> files;
  std::vector<Status> retired_devices;
  uint64_t redone_pools = 0;
};

// Cuts the request into files and pools. With several folders the nonces are
// shared out in equal parts, multiples of 64 where that is possible. Unfinished
// files of the same names are continued; with fill, any unfinished file of the
// account is.
// kInvalidArgument: no nonces, a range over 2^64, too little memory.
// kNotFound, kPermission: a folder. kExists: a finished file of that name.
// kNoSpace: not enough free space; the message says how much is missing.
Result<PlotPlan> plan_plot(const PlotRequest& request, FileSystem& files);

// Makes pools as large as suits devices that compute `wave_nonces` at once: whole
// waves where memory and files allow it.
void fit_pools(PlotPlan& plan, uint64_t wave_nonces);

// Carries a plan out on devices that passed their self-test, GPUs as `care` says.
// Files that are finished are under their final names when it returns, whatever
// it returns; the others can be continued by the same request.
// kCancelled: stopped on request, state saved. kDevice: no device is left.
// kNoSpace, kIo: a disk failed; other disks were finished first.
Result<PlotReport> run_plot(const PlotPlan& plan, std::span<const std::unique_ptr<Device>> devices,
                            FileSystem& files, Progress& progress, const Cancel& cancel,
                            const CareOptions& care = {});

}  // namespace quarry
