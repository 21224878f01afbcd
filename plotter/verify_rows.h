// What a file holds beside what it should hold.
#pragma once

#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/file.h"
#include "plotter/plot_reader.h"
#include "plotter/verify_blocks.h"

namespace quarry {

// Compares blocks with one file. Belongs to one thread.
class VerifyRows {
 public:
  // Which of the block's nonces differ from the file.
  Result<std::vector<bool>> find_bad(PlotReader& reader, const VerifyBlock& block,
                                     const Cancel& cancel);

  // Writes the block's scoops over those of the file that differ, and returns
  // when they are on the disk. `target` is open for writing with any alignment.
  Status repair(PlotReader& reader, const VerifyBlock& block, File& target, const Cancel& cancel);

 private:
  std::span<const std::byte> expected(const VerifyBlock& block, const PlotRow& row);

  PlotRows rows_;
  std::vector<std::byte> poc1_row_;
};

}  // namespace quarry
