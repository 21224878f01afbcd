// One disk's side of a verification: blocks against files, repair.
#pragma once

#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/file.h"
#include "plotter/part_progress.h"
#include "plotter/referee.h"
#include "plotter/verify.h"
#include "plotter/verify_blocks.h"
#include "plotter/verify_rows.h"

namespace quarry {

// Belongs to one thread.
class DiskVerifier {
 public:
  DiskVerifier(FileSystem& files, VerifyBlocks& blocks, Referee& referee, const Cancel& cancel,
               bool repair)
      : files_(files), blocks_(blocks), referee_(referee), cancel_(cancel), repair_(repair) {}

  // Checks until all jobs of the disk are done, or the verification ends. The
  // reports of the disk's files are changed by no other thread.
  void run(size_t disk, std::vector<VerifyFileReport>& reports, PartProgress& progress);

 private:
  Result<bool> check(const VerifyBlock& block, VerifyFileReport& report);
  Status repair(const VerifyBlock& block, PlotReader& reader, uint64_t bad_before,
                VerifyFileReport& report);
  Result<bool> confirm(const VerifyBlock& block, const std::vector<bool>& bad);
  Result<bool> cpu_agrees(const VerifyBlock& block, NonceSpan run);

  FileSystem& files_;
  VerifyBlocks& blocks_;
  Referee& referee_;
  const Cancel& cancel_;
  const bool repair_;
  VerifyRows rows_;
};

}  // namespace quarry
