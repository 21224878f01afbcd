// Takes pools to their file: checks nonces of each by the CPU, writes it, records it.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/status.h"
#include "plotter/plot_file.h"
#include "plotter/pool_check.h"
#include "plotter/pool_queue.h"

namespace quarry {

// Belongs to the thread that opened it.
class PoolWriter {
 public:
  // Gets scoops of a pool that a device keeps; rows.data lies in `memory`.
  using Fetch =
      std::function<Status(const Pool& pool, const ScoopRows& rows, std::span<std::byte> memory)>;

  struct Options {
    uint64_t account_id = 0;
    uint64_t start = 0;         // first nonce of the file
    double verify_percent = 0;  // of a pool in host memory, at least PoolChecker::kSamples
    // For pools of devices, of equal size: one is written while the other is
    // fetched. Empty if there are no such pools. Not owned: the devices pin them.
    std::array<std::span<std::byte>, 2> slices;
    Fetch fetch;
  };

  static Result<std::unique_ptr<PoolWriter>> open(PlotFileWriter& file, const Options& options);

  // What became of a pool: recorded, or found wrong or lost, and not recorded.
  struct Outcome {
    std::optional<uint64_t> wrong_nonce;  // its index in the pool
    Status lost;                          // kDevice: the device that kept it failed
    bool recorded() const { return !wrong_nonce && lost.ok(); }
  };

  // A failure is the file's.
  Result<Outcome> write(const Pool& pool);

 private:
  PoolWriter(PlotFileWriter& file, const Options& options) : file_(file), options_(options) {}
  Result<Outcome> write_memory(const Pool& pool);
  Result<Outcome> write_slices(const Pool& pool);

  PlotFileWriter& file_;
  const Options options_;
  std::unique_ptr<PoolChecker> checker_;
};

}  // namespace quarry
