// The reading half of a verification: rows of scoops of one file beside what
// they should be.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/file.h"
#include "host/memory.h"
#include "plotter/plot_reader.h"
#include "plotter/verify_blocks.h"

namespace quarry {

// Scoops of one number of neighbouring nonces.
struct VerifyRow {
  uint64_t offset = 0;  // in the file
  uint64_t first = 0;   // nonce of the block
  std::span<const std::byte> found;
  std::span<const std::byte> expected;  // of equal size
};

// Reads what the file holds for the nonces of blocks. Belongs to one thread.
class VerifyRows {
 public:
  // Calls `visit` for each row of the block's job, in the order of the file. Ends
  // at the first failure of `visit` or of a read.
  Status each(PlotReader& reader, const VerifyBlock& block, const Cancel& cancel,
              const std::function<Status(const VerifyRow&)>& visit);

 private:
  // Nonces of one group that lie side by side in the file and in the block.
  struct Piece {
    uint64_t index = 0;  // in the file
    uint64_t count = 0;
    uint64_t first = 0;  // in the block
  };

  Status each_of_group(PlotReader& reader, const VerifyBlock& block, std::span<const Piece> pieces,
                       const std::function<Status(const VerifyRow&)>& visit);
  std::span<const std::byte> expected_row(const VerifyBlock& block, uint64_t scoop,
                                          const Piece& piece);

  HostMemory buffer_;
  std::vector<std::byte> poc1_row_;
};

// Which of the block's nonces differ from the file.
Result<std::vector<bool>> find_bad_nonces(VerifyRows& rows, PlotReader& reader,
                                          const VerifyBlock& block, const Cancel& cancel);

// Writes the block's scoops over those of the file that differ, and returns when
// they are on the disk. `file` is open for writing with any alignment.
Status repair_rows(VerifyRows& rows, PlotReader& reader, const VerifyBlock& block, File& file,
                   const Cancel& cancel);

}  // namespace quarry
