// A FileSystem over another one in which every folder is a disk of its own, that can
// hang in the middle of a read or have places that cannot be read.
#pragma once

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "host/file.h"
#include "plotter/discover.h"

namespace quarry::tests {

// Any thread may call anything.
class DisksFileSystem final : public FileSystem {
 public:
  // `files` and this object outlive the files that are opened.
  explicit DisksFileSystem(FileSystem& files) : files_(files) {}

  // After `reads` more reads, those of files in the folder do not come back.
  void hang(const std::string& folder, uint64_t reads = 0) {
    const std::lock_guard lock(mutex_);
    disk(folder).hangs_after = disk(folder).reads + reads;
  }
  void release(const std::string& folder) {
    const std::lock_guard lock(mutex_);
    disk(folder).hangs_after = UINT64_MAX;
    changed_.notify_all();
  }
  void release_all() {
    const std::lock_guard lock(mutex_);
    for (auto& [folder, disk] : disks_) disk.hangs_after = UINT64_MAX;
    changed_.notify_all();
  }

  // Reads that touch these bytes fail with EIO.
  void break_at(const std::string& path, uint64_t offset, uint64_t size) {
    const std::lock_guard lock(mutex_);
    broken_.push_back({path, offset, offset + size});
  }

  struct Counts {
    uint64_t reads = 0;    // begun
    uint64_t hanging = 0;  // of them, now
    uint64_t last_size = 0;
    bool last_direct = false;
    uint64_t looks_in_vain = 0;  // at the folder, or its files, while a read hung
  };
  Counts counts(const std::string& folder) {
    const std::lock_guard lock(mutex_);
    return disk(folder);
  }
  std::vector<std::string> opened() {
    const std::lock_guard lock(mutex_);
    return opened_;
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override {
    {
      const std::lock_guard lock(mutex_);
      opened_.push_back(path);
    }
    QUARRY_ASSIGN(std::unique_ptr<File> file, files_.open(path, options));
    return std::unique_ptr<File>(std::make_unique<DiskFile>(*this, path, std::move(file)));
  }
  Result<FileInfo> info(const std::string& path) override {
    look(path);
    look(folder_of(path));
    return files_.info(path);
  }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    look(folder);
    return files_.list(folder);
  }
  Result<SpaceInfo> space(const std::string& folder) override {
    look(folder);
    QUARRY_ASSIGN(SpaceInfo info, files_.space(folder));
    const std::lock_guard lock(mutex_);
    info.device = disk(folder).number;
    return info;
  }
  Status rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }
  Status rename_to_new(const std::string& from, const std::string& to) override {
    return files_.rename_to_new(from, to);
  }
  Status make_folder(const std::string& path) override { return files_.make_folder(path); }
  Status remove(const std::string& path) override { return files_.remove(path); }
  Status sync_folder(const std::string& folder) override { return files_.sync_folder(folder); }

 private:
  struct Disk : Counts {
    uint64_t number = 0;
    uint64_t hangs_after = UINT64_MAX;  // reads
  };
  struct Broken {
    std::string path;
    uint64_t begin;
    uint64_t end;
  };

  class DiskFile final : public File {
   public:
    DiskFile(DisksFileSystem& owner, std::string path, std::unique_ptr<File> file)
        : owner_(owner), path_(std::move(path)), file_(std::move(file)) {}
    Status read_at(uint64_t offset, std::span<std::byte> target) override {
      QUARRY_TRY(owner_.begin_read(path_, offset, target.size(), file_->direct()));
      return file_->read_at(offset, target);
    }
    Status write_at(uint64_t offset, std::span<const std::byte> source) override {
      return file_->write_at(offset, source);
    }
    Status sync() override { return file_->sync(); }
    Status allocate(uint64_t size_bytes) override { return file_->allocate(size_bytes); }
    Status truncate(uint64_t size_bytes) override { return file_->truncate(size_bytes); }
    Result<uint64_t> size() override { return file_->size(); }
    bool direct() const override { return file_->direct(); }
    Status lock() override { return file_->lock(); }

   private:
    DisksFileSystem& owner_;
    const std::string path_;
    const std::unique_ptr<File> file_;
  };

  // With mutex_ held.
  Disk& disk(const std::string& folder) {
    const auto [place, is_new] = disks_.try_emplace(folder);
    if (is_new) place->second.number = disks_.size();
    return place->second;
  }

  void look(const std::string& folder) {
    const std::lock_guard lock(mutex_);
    const auto known = disks_.find(folder);
    if (known != disks_.end() && known->second.hanging > 0) known->second.looks_in_vain++;
  }

  Status begin_read(const std::string& path, uint64_t offset, uint64_t size, bool direct) {
    std::unique_lock lock(mutex_);
    Disk& disk = this->disk(folder_of(path));
    const uint64_t number = disk.reads++;
    disk.last_size = size;
    disk.last_direct = direct;
    disk.hanging++;
    changed_.wait(lock, [&] { return number < disk.hangs_after; });
    disk.hanging--;
    const auto touched = [&](const Broken& broken) {
      return broken.path == path && offset < broken.end && broken.begin < offset + size;
    };
    if (std::any_of(broken_.begin(), broken_.end(), touched))
      return errno_status(EIO, "read", path);
    return {};
  }

  FileSystem& files_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Disk> disks_;  // by folder; they stay where they are
  std::vector<Broken> broken_;
  std::vector<std::string> opened_;
};

}  // namespace quarry::tests
