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
  uint64_t nonces = 0;
  uint64_t bytes = 0;
  double seconds = 0;
  std::vector<Deadline> best;       // smallest hit first, one per account
  std::vector<Status> file_errors;  // files that were skipped or cut short, each named
};

// Scans files on one queue of one device. Belongs to one thread.
class ScoopScanner {
 public:
  static Result<std::unique_ptr<ScoopScanner>> open(Device& device, uint32_t queue_index,
                                                    uint32_t nonces);
  struct Best {
    uint64_t hit = UINT64_MAX;
    uint64_t index = UINT64_MAX;  // of the scoop in the block; UINT64_MAX: no scoops
  };

  // Smallest hit of scoops that lie one behind the other; the first one where
  // hits are equal. `scoops` must have HostMemory's slack behind it.
  Result<Best> scan(const Round& round, std::span<const std::byte> scoops);

 private:
  explicit ScoopScanner(Device& device) : device_(device) {}
  Device& device_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Buffer> scoops_;  // where host memory is not shared
  std::unique_ptr<Buffer> best_;
  uint32_t items_ = 0;
};

// Scans every nonce of the round's scoop in the files and folders `paths`, one
// reader per physical disk. PoC1 files are read in their own layout. A file that cannot
// be read is named in file_errors; the others go on.
// kInvalidArgument: base target 0. kNotFound: no plot file at all. kCancelled.
Result<ScanReport> scan_plots(const Round& round, const std::vector<std::string>& paths,
                              std::span<const std::unique_ptr<Device>> devices, FileSystem& files,
                              Progress& progress, const Cancel& cancel);

}  // namespace quarry
