// One disk's side of a verification: computed nonces against files, repair.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"
#include "host/file.h"
#include "host/progress.h"
#include "plotter/part_progress.h"
#include "plotter/pool_queue.h"
#include "plotter/referee.h"
#include "plotter/verify.h"
#include "plotter/verify_rows.h"

namespace quarry {

// Nonces of one file that are looked at together: what one pool is for.
struct VerifyLook {
  size_t file = 0;  // number of its report
  PlotName name;
  NonceSpan span;  // of the file
};

// The looks at files of one disk, one behind the other: a target of the pool
// queue, whose nonces are counted through all of them.
class VerifyLooks {
 public:
  void add(const VerifyLook& look);
  std::vector<NonceSpan> open() const;  // for the pool queue
  const VerifyLook& of(const Pool& pool) const;
  const std::vector<VerifyLook>& all() const { return looks_; }
  uint64_t nonces() const { return nonces_; }

 private:
  std::vector<VerifyLook> looks_;
  std::vector<uint64_t> firsts_;  // by look
  uint64_t nonces_ = 0;
};

// What all threads of a verification share.
struct VerifyShared {
  std::span<const std::unique_ptr<Device>> devices;
  FileSystem& files;
  PoolQueue& pools;
  PartProgress& meter;
  Progress& progress;
  const Cancel& cancel;
  bool repair = false;

  // The device gets no more work; the user is told once.
  void retire(size_t device, const Status& why) const;
};

// Belongs to one thread.
class DiskVerifier {
 public:
  DiskVerifier(const VerifyShared& shared, size_t disk, const VerifyLooks& looks,
               std::vector<VerifyFileReport>& reports)
      : shared_(shared), disk_(disk), looks_(looks), reports_(reports) {}

  // Checks until all pools of the disk are done, or the verification ends. No
  // other thread changes the reports of the disk's files.
  void run();

 private:
  Result<bool> check(const VerifyLook& look, const Pool& pool, VerifyFileReport& report);
  Status repair(const ExpectedNonces& right, PlotReader& reader, uint64_t bad_before,
                VerifyFileReport& report);
  Result<bool> confirm(const ExpectedNonces& right, const Pool& pool, const std::vector<bool>& bad);
  Result<bool> cpu_agrees(const ExpectedNonces& right, NonceSpan run);

  const VerifyShared& shared_;
  const size_t disk_;
  const VerifyLooks& looks_;
  std::vector<VerifyFileReport>& reports_;
  VerifyRows rows_;
  std::unique_ptr<Referee> referee_;  // when it is needed
};

}  // namespace quarry
