#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "host/file.h"
#include "host/memory.h"

namespace quarry {
namespace {

// Longest single transfer: keeps a stop prompt and sizes inside ssize_t.
constexpr size_t kMaxTransfer = size_t{64} << 20;

bool is_aligned(uint64_t value) { return value % kDirectAlignment == 0; }

class PosixFile : public File {
 public:
  PosixFile(int descriptor, std::string path, bool direct)
      : descriptor_(descriptor), path_(std::move(path)), direct_(direct) {}
  ~PosixFile() override { close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Status read_at(uint64_t offset, std::span<std::byte> target) override {
    if (direct_ && !is_aligned(reinterpret_cast<uintptr_t>(target.data())) &&
        is_aligned(target.size())) {
      QUARRY_ASSIGN(HostMemory bounce, HostMemory::allocate(target.size()));
      QUARRY_TRY(transfer<false>(offset, bounce.data(), target.size()));
      std::memcpy(target.data(), bounce.data(), target.size());
      return {};
    }
    return transfer<false>(offset, target.data(), target.size());
  }

  Status write_at(uint64_t offset, std::span<const std::byte> source) override {
    if (direct_ && !is_aligned(reinterpret_cast<uintptr_t>(source.data())) &&
        is_aligned(source.size())) {
      QUARRY_ASSIGN(HostMemory bounce, HostMemory::allocate(source.size()));
      std::memcpy(bounce.data(), source.data(), source.size());
      return transfer<true>(offset, bounce.data(), source.size());
    }
    return transfer<true>(offset, const_cast<std::byte*>(source.data()), source.size());
  }

  Status sync() override {
    if (fdatasync(descriptor_) != 0) return errno_status(errno, "sync", path_);
    return {};
  }

  Status allocate(uint64_t size_bytes) override {
    if (size_bytes == 0) return truncate(0);
    int error = 0;
    do {
      error = fallocate(descriptor_, 0, 0, static_cast<off_t>(size_bytes)) == 0 ? 0 : errno;
    } while (error == EINTR);
    if (error == EOPNOTSUPP || error == ENOSYS || error == EINVAL) return truncate(size_bytes);
    if (error != 0) return errno_status(error, "reserve space for", path_);
    return {};
  }

  Status truncate(uint64_t size_bytes) override {
    if (ftruncate(descriptor_, static_cast<off_t>(size_bytes)) != 0)
      return errno_status(errno, "set the size of", path_);
    return {};
  }

  Result<uint64_t> size() override {
    struct stat info;
    if (fstat(descriptor_, &info) != 0) return errno_status(errno, "look at", path_);
    return static_cast<uint64_t>(info.st_size);
  }

  bool direct() const override { return direct_; }

  Status lock() override {
    if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK)
      return {Code::kExists, "another process is using " + path_ + "; wait for it, or stop it"};
    return errno_status(errno, "lock", path_);
  }

 private:
  template <bool write>
  Status transfer(uint64_t offset, std::byte* data, size_t size) {
    while (size > 0) {
      const size_t part = std::min(size, kMaxTransfer);
      const auto at = static_cast<off_t>(offset);
      const bool was_direct = direct_;
      const ssize_t moved =
          write ? pwrite(descriptor_, data, part, at) : pread(descriptor_, data, part, at);
      if (moved < 0) {
        if (errno == EINTR) continue;
        if (errno == EINVAL && was_direct && leave_direct_mode()) continue;
        return errno_status(errno, write ? "write" : "read", path_);
      }
      if (moved == 0) {
        if (write) return {Code::kIo, "cannot write " + path_ + ": the system took no bytes"};
        return {Code::kCorrupt, path_ + " ends at byte " + std::to_string(offset) + ", " +
                                    std::to_string(size) + " bytes too early"};
      }
      data += moved;
      offset += static_cast<uint64_t>(moved);
      size -= static_cast<size_t>(moved);
    }
    return {};
  }

  // Some file systems accept O_DIRECT when a file is opened and refuse the
  // transfers; others ask for more alignment than ours. Slower beats not at all.
  // Several threads may come here at once; each then tries its transfer again.
  bool leave_direct_mode() {
    const int flags = fcntl(descriptor_, F_GETFL);
    if (flags < 0 || fcntl(descriptor_, F_SETFL, flags & ~O_DIRECT) != 0) return false;
    direct_ = false;
    return true;
  }

  const int descriptor_;
  const std::string path_;
  std::atomic<bool> direct_;
};

class PosixFileSystem : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override {
    int flags = O_CLOEXEC | (options.write ? O_RDWR : O_RDONLY);
    if (options.create) flags |= O_CREAT;
    if (options.exclusive) flags |= O_EXCL;
    if (options.direct) flags |= O_DIRECT;
    const mode_t mode = options.secret ? 0600 : 0644;
    int descriptor = open_retrying(path, flags, mode);
    if (descriptor < 0 && errno == EINVAL && options.direct) {
      // The refusal may come after the file was made.
      flags &= ~(O_DIRECT | O_EXCL);
      options.direct = false;
      descriptor = open_retrying(path, flags, mode);
    }
    if (descriptor < 0)
      return errno_status(errno, options.write ? "open for writing" : "open", path);
    return std::unique_ptr<File>(std::make_unique<PosixFile>(descriptor, path, options.direct));
  }

  Result<FileInfo> info(const std::string& path) override {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) return errno_status(errno, "look at", path);
    FileInfo found;
    found.size_bytes = static_cast<uint64_t>(info.st_size);
    found.allocated_bytes = static_cast<uint64_t>(info.st_blocks) * 512;
    found.is_directory = S_ISDIR(info.st_mode);
    found.permissions = info.st_mode & 07777;
    return found;
  }

  Result<std::vector<std::string>> list(const std::string& folder) override {
    DIR* stream = opendir(folder.c_str());
    if (stream == nullptr) return errno_status(errno, "list", folder);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(stream)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      errno = 0;
    }
    const int error = errno;
    closedir(stream);
    if (error != 0) return errno_status(error, "list", folder);
    std::sort(names.begin(), names.end());
    return names;
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0)
      return errno_status(errno, "rename to " + to + " the file", from);
    return {};
  }

  Status rename_to_new(const std::string& from, const std::string& to) override {
    int error =
        renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
    // Where the file system cannot do that (NFS): a second name, which is never
    // taken from another file, and then no first one.
    if (error == EINVAL || error == ENOSYS)
      error = link(from.c_str(), to.c_str()) == 0 && unlink(from.c_str()) == 0 ? 0 : errno;
    if (error != 0) return errno_status(error, "rename to " + to + " the file", from);
    return {};
  }

  Status make_folder(const std::string& path) override {
    std::filesystem::path made;
    for (const auto& part : std::filesystem::path(path)) {
      const std::filesystem::path parent = made.empty() ? "." : made;
      made /= part;
      if (mkdir(made.c_str(), 0700) == 0) {
        QUARRY_TRY(sync_folder(parent));
        continue;
      }
      const int error = errno;
      const auto there = info(made);
      if (!there.ok() || !there->is_directory) return errno_status(error, "make the folder", path);
    }
    return {};
  }

  Status remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0) return errno_status(errno, "remove", path);
    return {};
  }

  Status sync_folder(const std::string& folder) override {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return errno_status(errno, "open", folder);
    const int error = fsync(descriptor) == 0 ? 0 : errno;
    close(descriptor);
    // Some network and FUSE file systems cannot sync a folder.
    if (error != 0 && error != EINVAL) return errno_status(error, "sync", folder);
    return {};
  }

  Result<SpaceInfo> space(const std::string& folder) override {
    struct statvfs volume;
    if (statvfs(folder.c_str(), &volume) != 0) return errno_status(errno, "look at", folder);
    struct stat info;
    if (stat(folder.c_str(), &info) != 0) return errno_status(errno, "look at", folder);
    SpaceInfo space;
    space.free_bytes = uint64_t{volume.f_bavail} * volume.f_frsize;
    space.rotational = is_rotational(info.st_dev);
    space.device = info.st_dev;
    return space;
  }

 private:
  static int open_retrying(const std::string& path, int flags, mode_t mode) {
    int descriptor;
    do {
      descriptor = ::open(path.c_str(), flags, mode);
    } while (descriptor < 0 && errno == EINTR);
    return descriptor;
  }

  // Partitions have no queue folder of their own; the disk is one up.
  static bool is_rotational(dev_t device) {
    const std::string base =
        "/sys/dev/block/" + std::to_string(major(device)) + ":" + std::to_string(minor(device));
    for (const char* place : {"/queue/rotational", "/../queue/rotational"}) {
      std::ifstream file(base + place);
      int value = 0;
      if (file >> value) return value == 1;
    }
    return false;
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem instance;
  return instance;
}

}  // namespace quarry
