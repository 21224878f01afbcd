// All access to files goes through FileSystem and File, so that tests can put
// short writes, full disks, failing disks and torn tails under the code that
// must survive them.
//
// A FileSystem may be used from any thread. A File may be used from several
// threads at a time for reads and writes of different ranges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace quarry {

// Alignment of offsets, sizes and memory that direct I/O asks for. Devices may
// ask for less; 4096 satisfies all that are in use.
inline constexpr uint64_t kDirectAlignment = 4096;

struct OpenOptions {
  bool write = false;      // else read only
  bool create = false;     // with write: create if missing
  bool exclusive = false;  // with create: kExists if it is there
  bool direct = false;     // ask for O_DIRECT; see File::direct()
  bool secret = false;     // with create: a new file is for its owner alone (mode 0600)
};

class File {
 public:
  virtual ~File() = default;

  // Reads exactly target.size() bytes. kCorrupt if the file ends before.
  virtual Status read_at(uint64_t offset, std::span<std::byte> target) = 0;

  // Writes all of source.
  virtual Status write_at(uint64_t offset, std::span<const std::byte> source) = 0;

  // Returns when the data written so far, and what is needed to find it, is on
  // the disk.
  virtual Status sync() = 0;

  // Reserves the bytes up to `size_bytes` so that later writes cannot run out of
  // space, where the file system can; sets the size in any case. kNoSpace.
  virtual Status allocate(uint64_t size_bytes) = 0;

  virtual Status truncate(uint64_t size_bytes) = 0;
  virtual Result<uint64_t> size() = 0;

  // True if the file bypasses the page cache: offsets, sizes and memory must
  // then be multiples of kDirectAlignment. False if direct was not asked for or
  // the file system refused it; the file then works with any alignment.
  virtual bool direct() const = 0;

  // Takes the whole file for this process, without waiting; given back when the
  // File is destroyed. kExists if another process holds it.
  virtual Status lock() = 0;
};

struct FileInfo {
  uint64_t size_bytes = 0;
  uint64_t allocated_bytes = 0;  // on the disk; less than the size where the file is sparse
  bool is_directory = false;
  uint32_t permissions = 0;  // as chmod takes them: 0600 and the like
};

struct SpaceInfo {
  uint64_t free_bytes = 0;  // for this user
  bool rotational = false;  // a spinning disk, as far as the system says
  uint64_t device = 0;      // the same for two folders on one file system
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) = 0;
  virtual Result<FileInfo> info(const std::string& path) = 0;                    // kNotFound
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;  // names, sorted
  virtual Status rename(const std::string& from, const std::string& to) = 0;

  // As rename, but never in the place of something else: kExists if `to` is there.
  virtual Status rename_to_new(const std::string& from, const std::string& to) = 0;

  // Makes the folder, and those above it that are missing, for their owner alone
  // (mode 0700). Returns when they are on the disk. Fine if it is there.
  virtual Status make_folder(const std::string& path) = 0;

  virtual Status remove(const std::string& path) = 0;
  virtual Status sync_folder(const std::string& folder) = 0;
  virtual Result<SpaceInfo> space(const std::string& folder) = 0;
};

// The operating system's files.
FileSystem& posix_file_system();

}  // namespace quarry
