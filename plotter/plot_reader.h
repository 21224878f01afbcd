// Where scoops stand in a plot file, PoC2 or PoC1, and reading them past the
// page cache. Shared by scanning, verifying and converting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/file.h"
#include "host/memory.h"
#include "plotter/journal.h"
#include "plotter/plot_name.h"
#include "plotter/poc2.h"

namespace quarry {

// A plot file is a row of groups. A group of g nonces is 4096 runs, one for
// each scoop number, of g scoops. PoC2 files are one group; in PoC1 files the
// group is the stagger.
class PlotLayout {
 public:
  explicit PlotLayout(const PlotName& name)
      : group_nonces_(name.is_poc1() ? name.stagger : name.nonces) {}

  uint64_t group_nonces() const { return group_nonces_; }

  // Of the scoop of the nonce with this index in the file, in bytes.
  uint64_t offset(uint64_t scoop, uint64_t index) const {
    const uint64_t group = index / group_nonces_;
    return group * group_nonces_ * kNonceBytes +
           scoop_offset(group_nonces_, scoop, index % group_nonces_);
  }

  // Cuts `span` where groups end: within a piece, scoops of one number lie one
  // behind the other.
  std::vector<NonceSpan> pieces(NonceSpan span) const;

 private:
  uint64_t group_nonces_;
};

// PoC1 and PoC2 exchange the second halves of scoops s and 4095 - s.
constexpr uint64_t mirror_scoop(uint64_t scoop) { return kScoopsPerNonce - 1 - scoop; }

// Replaces the second halves of `count` scoops at `scoops` by those of the
// scoops at `mirrored`.
void take_second_halves(std::byte* scoops, const std::byte* mirrored, uint64_t count);

// A file that is only read. May be used from several threads.
class PlotReader {
 public:
  // Bypasses the page cache where the file system can.
  static Result<std::unique_ptr<PlotReader>> open(FileSystem& files, const std::string& path);

  // Bytes that read() needs for `size` bytes of the file.
  static constexpr uint64_t buffer_bytes(uint64_t size) { return size + 2 * kDirectAlignment; }

  // Reads `size` bytes at `offset`, whatever their alignment. `buffer` is aligned
  // to kDirectAlignment and has buffer_bytes(size); returns where in it they lie.
  Result<std::span<std::byte>> read(uint64_t offset, uint64_t size, std::span<std::byte> buffer);

 private:
  explicit PlotReader(std::unique_ptr<File> file) : file_(std::move(file)) {}
  std::unique_ptr<File> file_;
};

// Scoops of one number of neighbouring nonces.
struct PlotRow {
  uint64_t scoop = 0;
  uint64_t first = 0;   // the first one's place in the span
  uint64_t offset = 0;  // in the file
  std::span<const std::byte> bytes;

  uint64_t scoops() const { return bytes.size() / kScoopBytes; }
};

// Reads all scoops of some nonces. Belongs to one thread.
class PlotRows {
 public:
  using Visit = std::function<Status(const PlotRow&)>;

  // Calls `visit` for each row of the nonces `span` of the file, in the order of
  // the file. The row's bytes are valid during the call. Ends at the first
  // failure of a read or of `visit`. kCancelled.
  Status each(PlotReader& reader, const PlotLayout& layout, NonceSpan span, const Cancel& cancel,
              const Visit& visit);

 private:
  HostMemory buffer_;
};

}  // namespace quarry
