// The journal beside an unfinished plot: which nonces are safely on the disk.
//
// NAME.journal, little-endian:
//   header, 64 bytes: "QRYPLOT\0", u32 layout version, u32 zero, u64 account id,
//     u64 start nonce, u64 nonces, 20 zero bytes, u32 CRC-32C of the 60 before
//   records, 24 bytes: u64 first (index in the file), u64 count, u32 zero,
//     u32 CRC-32C of the header's CRC and the 20 bytes before
// Order of a write: the plot's data, sync, the record, sync. A torn or foreign
// tail is cut off on opening; nonces that no record covers are plotted again.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/file.h"
#include "plotter/plot_name.h"

namespace quarry {

// Nonces first .. first + count - 1 of a file, counted from 0.
struct NonceSpan {
  uint64_t first = 0;
  uint64_t count = 0;
  bool operator==(const NonceSpan&) const = default;
};

// The parts of 0 .. total - 1 that `done` (any order, overlaps allowed) leaves
// open, ascending.
std::vector<NonceSpan> uncovered(uint64_t total, std::vector<NonceSpan> done);

// Bytes of a journal -> its name and records; used by open() and by the fuzzer.
// kCorrupt if the header is not one of ours. `valid_bytes` is where the first
// torn record begins.
struct JournalContents {
  PlotName name;
  std::vector<NonceSpan> records;
  uint64_t valid_bytes = 0;
};
Result<JournalContents> parse_journal(std::span<const std::byte> bytes);

class Journal {
 public:
  // Opens the journal at `path` or begins a new one for `name`, and syncs file
  // and folder. kCorrupt if the journal there is of another plot or damaged in
  // its header.
  static Result<std::unique_ptr<Journal>> open(FileSystem& files, const std::string& path,
                                               const PlotName& name);

  // Spans recorded so far, in the order of their records.
  const std::vector<NonceSpan>& records() const { return records_; }

  // Appends a record and returns when it is on the disk.
  Status append(NonceSpan span);

 private:
  Journal() = default;
  std::unique_ptr<File> file_;
  std::vector<NonceSpan> records_;
  uint64_t end_ = 0;
  uint32_t header_crc_ = 0;
};

}  // namespace quarry
