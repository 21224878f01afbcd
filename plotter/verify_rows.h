// What a file holds beside what it should hold.
#pragma once

#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/file.h"
#include "plotter/plot_name.h"
#include "plotter/plot_reader.h"

namespace quarry {

// Nonces as they should be.
struct ExpectedNonces {
  PlotName name;                      // of the file
  NonceSpan span;                     // of the file
  const std::byte* scoops = nullptr;  // as a PoC2 file of span.count nonces
};

// Compares nonces with one file. Belongs to one thread.
class VerifyRows {
 public:
  // Which nonces of the span differ in the file.
  Result<std::vector<bool>> find_bad(PlotReader& reader, const ExpectedNonces& right,
                                     const Cancel& cancel);

  // Writes what is right over the scoops that differ, and returns when they are
  // on the disk. `target` is open for writing with any alignment.
  Status repair(PlotReader& reader, const ExpectedNonces& right, File& target,
                const Cancel& cancel);

 private:
  std::span<const std::byte> expected(const ExpectedNonces& right, const PlotRow& row);

  PlotRows rows_;
  std::vector<std::byte> poc1_row_;
};

}  // namespace quarry
