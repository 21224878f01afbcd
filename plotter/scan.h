// One mining round over plot files: the smallest hit of every account.
#pragma once

#include <array>
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
#include "plotter/plot_name.h"

namespace quarry {

struct Round {
  std::array<std::byte, 32> generation_signature{};
  uint64_t height = 0;
  uint64_t base_target = 0;  // > 0
};

// Scoop number of a round: the last 12 bits, read big-endian, of
// Shabal256(generation signature || height as big-endian u64).
uint32_t scoop_of(const Round& round);

// Hit of one scoop, in plain scalar code: for checking what devices say.
uint64_t hit_of(const Round& round, std::span<const std::byte, 64> scoop);

struct Deadline {
  uint64_t account_id = 0;
  uint64_t nonce = 0;
  uint64_t hit = 0;
  uint64_t deadline = 0;  // hit / base target
  std::string file;
};

struct ScanReport {
  uint32_t scoop = 0;
  uint64_t nonces = 0;         // that were scanned
  uint64_t missed_nonces = 0;  // of plots that could not be read, or not in time
  uint64_t bytes = 0;          // read
  double seconds = 0;
  std::vector<Deadline> best;           // smallest hit first, one per account
  std::vector<Status> file_errors;      // files and disks that were skipped, or parts, each named
  std::vector<Status> retired_devices;  // devices that failed or were wrong; others did their part
};

// Scans files on one queue of one device. Belongs to one thread.
class ScoopScanner {
 public:
  // Opens queue `queue_index`; where the device has memory of its own, with room
  // for `nonces` scoops there (more are scanned in several steps).
  static Result<std::unique_ptr<ScoopScanner>> open(Device& device, uint32_t queue_index,
                                                    uint32_t nonces);
  struct Best {
    uint64_t hit = UINT64_MAX;
    uint64_t index = UINT64_MAX;  // of the scoop in the block; UINT64_MAX: no scoops
  };

  // Smallest hit of scoops that lie one behind the other; the first one where
  // hits are equal. `scoops` must have HostMemory's slack behind it. kDevice.
  Result<Best> scan(const Round& round, std::span<const std::byte> scoops);

 private:
  explicit ScoopScanner(Device& device) : device_(device) {}
  Result<Best> scan_buffer(const Round& round, Buffer& scoops, uint32_t count);

  Device& device_;
  // best_ on the host. Before the queue: after a failure a copy to it may be on
  // its way until the queue has ended.
  std::vector<uint32_t> answers_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Buffer> scoops_;  // copies of scoops that the kernel cannot use where they are
  std::unique_ptr<Buffer> best_;
  uint32_t items_ = 0;
};

// Scans every nonce of the round's scoop in the files and folders `paths`: one round
// of a PlotScanner. PoC1 files are read in their own layout and count as if they
// were converted. A file that cannot be read is named in file_errors; the others
// go on. What a device says is checked by hit_of(): a device that is wrong is
// retired, and its block scanned again. Equal hits: the smaller nonce counts.
// kInvalidArgument: base target 0. kNotFound: no plot file at all. kDevice: no
// device is left. kCancelled, within one block of some MiB for each thread; in any
// case a read that is under way is waited for.
Result<ScanReport> scan_plots(const Round& round, const std::vector<std::string>& paths,
                              std::span<const std::unique_ptr<Device>> devices, FileSystem& files,
                              Progress& progress, const Cancel& cancel);

}  // namespace quarry
