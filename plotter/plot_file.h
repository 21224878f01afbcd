// One plot file in the making: NAME.plotting with its journal and lock.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "host/file.h"
#include "plotter/generator.h"
#include "plotter/journal.h"
#include "plotter/plot.h"

namespace quarry {

// Belongs to one thread at a time.
class PlotFileWriter {
 public:
  // Locks the file against other processes, reserves its space, opens the
  // journal. A file that this call made is removed again if it fails.
  static Result<std::unique_ptr<PlotFileWriter>> open(const PlotTarget& target, bool direct,
                                                      FileSystem& files);

  // Nonces that are not on the disk yet, ascending.
  std::vector<NonceSpan> missing() const;

  // The last nonces that were recorded, for a check after a crash; count 0: none.
  NonceSpan last_recorded() const;

  // Forgets that these nonces were recorded: they become missing.
  void distrust(NonceSpan span);

  // Reads nonces of the file into `target`, in scoop order.
  Status read(NonceSpan span, const ScoopBlock& target);

  // Writes scoops of the nonces `span`, without gaps in memory: a run of the
  // file for each scoop. Nothing counts until it is recorded.
  Status write(NonceSpan span, const ScoopRows& rows);

  // Syncs, and records that every scoop of these nonces is written.
  Status record(NonceSpan span);

  // Gives the file its final name. Every nonce must be recorded.
  Status finish();

 private:
  PlotFileWriter(const PlotTarget& target, FileSystem& files) : target_(target), files_(files) {}

  PlotTarget target_;
  FileSystem& files_;
  std::unique_ptr<File> file_;
  std::unique_ptr<Journal> journal_;
  std::vector<NonceSpan> recorded_;
};

}  // namespace quarry
