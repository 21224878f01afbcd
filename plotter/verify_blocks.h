// The computing half of a verification: what all devices compute together, one
// block of nonces for each look into a file.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"
#include "host/memory.h"
#include "plotter/generator.h"
#include "plotter/journal.h"
#include "plotter/plot_name.h"

namespace quarry {

// One look into a file: at the nonces of `spans`, indices in the file, ascending.
// A block holds them one behind the other.
struct VerifyJob {
  size_t file = 0;  // number of its report
  size_t disk = 0;
  PlotName name;
  std::vector<NonceSpan> spans;

  uint64_t nonces() const;
};

// What the nonces of a job should be, in PoC2 order: scoop s of its nonce i
// stands at (s * job->nonces() + i) * 64.
struct VerifyBlock {
  // Nonces first .. first + count - 1 of the block came from this device.
  struct Part {
    uint64_t first = 0;
    uint64_t count = 0;
    size_t device = 0;
  };

  HostMemory memory;
  std::vector<std::unique_ptr<Buffer>> wrapped;  // by device; null where it cannot
  const VerifyJob* job = nullptr;
  uint64_t nonces = 0;  // of the job
  uint64_t given_out = 0;
  std::vector<Part> computed;
};

// Hands nonces to the threads of devices and blocks to the threads of disks. All
// methods may be called from any thread, run() once.
class VerifyBlocks {
 public:
  // Memory for `blocks` blocks of up to `nonces` nonces.
  static Result<std::unique_ptr<VerifyBlocks>> create(
      std::span<const std::unique_ptr<Device>> devices, const Cancel& cancel, uint64_t nonces,
      size_t blocks);

  // `jobs` of each disk; their order is kept.
  void add_jobs(std::span<const VerifyJob> jobs, size_t disks);

  // Computes on one queue of a device until all jobs are done, on a thread of its own.
  void compute(size_t device, uint32_t queue_index);
  void add_worker() { workers_++; }  // before the threads start

  // The next block for a disk. Null if there will be none.
  VerifyBlock* take(size_t disk);

  // The block was used; `again` if it was wrong and must be computed again.
  void give_back(VerifyBlock* block, bool again);

  // This device is wrong: it gets no more work.
  void retire(size_t device, Status why);

  // Ends all waiting.
  void stop();

  // Why it ended early: cancelled, or kDevice if no device was left.
  Status status();

  // Devices that failed or were wrong.
  std::vector<Status> retired();

  const Device& device(size_t index) const { return *devices_[index]; }

 private:
  struct Task {
    VerifyBlock* block = nullptr;
    VerifyBlock::Part part;
    NonceRange range;
  };

  VerifyBlocks(std::span<const std::unique_ptr<Device>> devices, const Cancel& cancel)
      : devices_(devices), cancel_(cancel), gone_(devices.size()) {}
  Status work(size_t device, uint32_t queue_index);
  std::optional<Task> take_task(size_t device, uint32_t most);
  void finish_task(const Task& task);
  void return_task(const Task& task);
  bool start_block();

  std::span<const std::unique_ptr<Device>> devices_;
  const Cancel& cancel_;
  std::vector<std::atomic<bool>> gone_;  // by device

  std::mutex mutex_;  // for all below
  std::condition_variable changed_;
  std::vector<VerifyBlock> blocks_;
  std::vector<VerifyBlock*> free_;
  VerifyBlock* current_ = nullptr;  // whose nonces are being given out
  std::vector<Task> returned_;      // tasks that a device failed at
  struct Disk {
    std::deque<const VerifyJob*> waiting;
    std::deque<VerifyBlock*> computed;
    size_t blocks = 0;  // that belong to its jobs now
    size_t jobs_left = 0;
  };
  std::vector<Disk> disks_;
  size_t jobs_left_ = 0;
  size_t workers_ = 0;
  bool stopped_ = false;
  std::vector<Status> failures_;
  bool out_of_devices_ = false;
};

}  // namespace quarry
