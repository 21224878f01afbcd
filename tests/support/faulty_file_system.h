// A FileSystem over another one whose disks fail on request: full disks, failing
// calls, torn writes, power cuts. The same seed and the same calls give the same
// faults.
//
// Operations are counted from 1, since construction or the last reset(). Any
// thread may call anything; what writes is done one call at a time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "host/file.h"

namespace quarry::tests {

enum class Operation {
  kOpen,
  kRead,
  kWrite,
  kSync,
  kAllocate,
  kTruncate,
  kSize,
  kLock,
  kInfo,
  kList,
  kRename,
  kRemove,
  kSyncFolder,
  kSpace,
  kMakeFolder,
};
inline constexpr size_t kOperationKinds = 15;

// What a power cut does to what was not synced yet.
enum class Loss {
  kNothing,   // as a kill -9: the operating system lives on and writes it
  kUnsynced,  // as a pulled plug: any of the writes since the file's last sync are
              // undone, and the last of the renames and new files since the
              // folder's. Sizes set (with the writes before them) and removals
              // count as done at once. To be asked for before the first write.
};

class FaultyFileSystem final : public FileSystem {
 public:
  // `files` and this object outlive the files that are opened.
  explicit FaultyFileSystem(FileSystem& files, uint64_t seed = 0);
  ~FaultyFileSystem() override;

  // Calls number `nth` .. `nth + times - 1` of this kind fail with errno `error`
  // and do nothing.
  void fail(Operation operation, uint64_t nth, int error, uint64_t times = 1);

  // ENOSPC once this many bytes more have been written, wherever they went; the
  // write that meets the border stores what fits. allocate() reserves nothing.
  void limit_space(uint64_t bytes);

  // What space() reports as free, instead of the truth.
  void report_free_bytes(uint64_t bytes);

  // The n-th write stores a part from its beginning, of a length drawn by the
  // seed, then the power is cut.
  void tear_write(uint64_t nth, Loss loss = Loss::kNothing);

  // From the n-th operation of any kind on, every call fails with EIO.
  void cut_power(uint64_t nth, Loss loss = Loss::kNothing);

  // Forgets faults and counts, and switches the power on again.
  void reset();

  bool power_is_cut() const;
  uint64_t operations() const;  // of all kinds, with those that failed
  uint64_t operations(Operation operation) const;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
  Result<FileInfo> info(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status rename_to_new(const std::string& from, const std::string& to) override;
  Status make_folder(const std::string& path) override;
  Status remove(const std::string& path) override;
  Status sync_folder(const std::string& folder) override;
  Result<SpaceInfo> space(const std::string& folder) override;

 private:
  class FaultyFile;
  struct Unsynced;

  struct Fault {
    Operation operation;
    uint64_t first;
    uint64_t times;
    int error;
  };
  // A change of a folder; `from` is empty for a new file.
  struct FolderChange {
    std::string from;
    std::string to;
  };

  // All of these with mutex_ held.
  Status begin(Operation operation, const std::string& path);
  Status write(FaultyFile& file, uint64_t offset, std::span<const std::byte> source);
  void renamed(const std::string& from, const std::string& to);
  void cut(Loss loss);

  FileSystem& files_;
  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  std::vector<Fault> faults_;
  std::array<uint64_t, kOperationKinds> counts_ = {};
  uint64_t total_ = 0;
  std::optional<uint64_t> space_left_;
  std::optional<uint64_t> reported_free_bytes_;
  uint64_t torn_write_ = 0;     // 0: none
  uint64_t cut_operation_ = 0;  // 0: none
  Loss loss_ = Loss::kNothing;
  bool power_is_cut_ = false;
  std::map<std::string, std::shared_ptr<Unsynced>> unsynced_;  // by path
  std::vector<FolderChange> folder_changes_;
};

}  // namespace quarry::tests
