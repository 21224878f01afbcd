// The undo journal of a conversion in place: what the step under way overwrites.
//
// NAME.swap, little-endian:
//   header, 4096 bytes: "QRYSWAP\0", u32 layout version, u32 zero, u64 account id,
//     u64 start nonce, u64 nonces, u64 bytes of a slot's data, zeros, and in the
//     last 32 bytes the Shabal-256 of the others
//   slot 0, slot 1: u64 step, u64 size of the data, 4080 zeros, the data, Shabal-256
//     of all before
// Steps are numbered from 0 and use the slots in turn. Order of a step: its slot,
// sync, the plot, sync. So the valid slot with the highest number is the step that
// may be half done, all before it are done, and none after it was begun.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/status.h"
#include "host/file.h"
#include "host/memory.h"
#include "plotter/plot_name.h"

namespace quarry {

// Belongs to one thread.
class SwapLog {
 public:
  // Begins an empty log, whatever was there, whose steps overwrite up to
  // `data_bytes` bytes, and syncs it and its folder. kNoSpace.
  static Result<std::unique_ptr<SwapLog>> create(FileSystem& files, const std::string& path,
                                                 const PlotName& name, uint64_t data_bytes);

  // Opens a log to go on with. kCorrupt if it is not one of `name`.
  static Result<std::unique_ptr<SwapLog>> open(FileSystem& files, const std::string& path,
                                               const PlotName& name);

  uint64_t data_bytes() const { return data_bytes_; }

  // Where step data is put for write(), and found after last(): data_bytes() long,
  // aligned to 4096.
  std::span<std::byte> data() const { return slot_.bytes().subspan(kSlotHead, data_bytes_); }

  struct Step {
    uint64_t number = 0;
    uint64_t size_bytes = 0;  // of data()
  };

  // Saves the first step.size_bytes of data() and returns when they are on the disk.
  Status write(Step step);

  // The last step that was saved; its data is in data(). Nothing: none was.
  Result<std::optional<Step>> last();

 private:
  static constexpr uint64_t kSlotHead = 4096;

  SwapLog(std::unique_ptr<File> file, uint64_t data_bytes)
      : file_(std::move(file)), data_bytes_(data_bytes) {}
  static Result<std::unique_ptr<SwapLog>> with_memory(std::unique_ptr<File> file,
                                                      uint64_t data_bytes);
  uint64_t slot_offset(uint64_t slot) const;
  Result<std::optional<Step>> read_slot(uint64_t slot);

  std::unique_ptr<File> file_;
  uint64_t data_bytes_;
  HostMemory slot_;  // one slot as it is in the file
};

}  // namespace quarry
