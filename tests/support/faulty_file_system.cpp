#include "tests/support/faulty_file_system.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

namespace quarry::tests {
namespace {

const char* name_of(Operation operation) {
  static constexpr std::array<const char*, kOperationKinds> kNames = {
      "open", "read", "write", "sync",   "allocate", "set the size of", "inspect",
      "lock", "find", "list",  "rename", "remove",   "sync the folder", "read the free space of",
      "make"};
  return kNames[static_cast<size_t>(operation)];
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

// The writes of one file since its last sync, oldest first, and a second handle
// to undo them: the file's own may be direct, or closed.
struct FaultyFileSystem::Unsynced {
  struct Write {
    uint64_t offset;
    uint64_t old_size;
    std::vector<std::byte> old_bytes;
    std::vector<std::byte> new_bytes;
  };
  std::unique_ptr<File> file;
  std::vector<Write> writes;

  void remember(uint64_t offset, std::span<const std::byte> source) {
    auto size = file->size();
    QUARRY_CHECK(size.ok());
    Write write = {offset, *size, {}, {source.begin(), source.end()}};
    if (offset < *size) {
      write.old_bytes.resize(std::min<uint64_t>(source.size(), *size - offset));
      QUARRY_CHECK(file->read_at(offset, write.old_bytes).ok());
    }
    writes.push_back(std::move(write));
  }

  // Leaves the writes for which `is_kept` says so, and undoes the others.
  template <class Predicate>
  void lose(Predicate is_kept) {
    for (auto write = writes.rbegin(); write != writes.rend(); ++write) {
      QUARRY_CHECK(file->write_at(write->offset, write->old_bytes).ok());
      QUARRY_CHECK(file->truncate(write->old_size).ok());
    }
    for (const Write& write : writes)
      if (is_kept()) QUARRY_CHECK(file->write_at(write.offset, write.new_bytes).ok());
    writes.clear();
  }
};

class FaultyFileSystem::FaultyFile final : public File {
 public:
  FaultyFile(FaultyFileSystem& owner, std::string path, std::unique_ptr<File> file,
             std::shared_ptr<Unsynced> unsynced)
      : owner_(owner),
        path_(std::move(path)),
        file_(std::move(file)),
        unsynced_(std::move(unsynced)) {}

  Status read_at(uint64_t offset, std::span<std::byte> target) override {
    QUARRY_TRY(begin(Operation::kRead));
    return file_->read_at(offset, target);
  }
  Status write_at(uint64_t offset, std::span<const std::byte> source) override {
    const std::lock_guard lock(owner_.mutex_);
    QUARRY_TRY(owner_.begin(Operation::kWrite, path_));
    return owner_.write(*this, offset, source);
  }
  Status sync() override {
    const std::lock_guard lock(owner_.mutex_);
    QUARRY_TRY(owner_.begin(Operation::kSync, path_));
    QUARRY_TRY(file_->sync());
    if (unsynced_) unsynced_->writes.clear();
    return {};
  }
  Status allocate(uint64_t size_bytes) override {
    const std::lock_guard lock(owner_.mutex_);
    QUARRY_TRY(owner_.begin(Operation::kAllocate, path_));
    if (unsynced_) unsynced_->writes.clear();
    return file_->allocate(size_bytes);
  }
  Status truncate(uint64_t size_bytes) override {
    const std::lock_guard lock(owner_.mutex_);
    QUARRY_TRY(owner_.begin(Operation::kTruncate, path_));
    if (unsynced_) unsynced_->writes.clear();
    return file_->truncate(size_bytes);
  }
  Result<uint64_t> size() override {
    QUARRY_TRY(begin(Operation::kSize));
    return file_->size();
  }
  bool direct() const override { return file_->direct(); }
  Status lock() override {
    QUARRY_TRY(begin(Operation::kLock));
    return file_->lock();
  }

 private:
  friend class FaultyFileSystem;
  Status begin(Operation operation) {
    const std::lock_guard lock(owner_.mutex_);
    return owner_.begin(operation, path_);
  }

  FaultyFileSystem& owner_;
  const std::string path_;
  const std::unique_ptr<File> file_;
  const std::shared_ptr<Unsynced> unsynced_;  // null for files that are only read
};

FaultyFileSystem::FaultyFileSystem(FileSystem& files, uint64_t seed)
    : files_(files), random_(seed) {}
FaultyFileSystem::~FaultyFileSystem() = default;

void FaultyFileSystem::fail(Operation operation, uint64_t nth, int error, uint64_t times) {
  const std::lock_guard lock(mutex_);
  faults_.push_back({operation, nth, times, error});
}

void FaultyFileSystem::limit_space(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  space_left_ = bytes;
}

void FaultyFileSystem::report_free_bytes(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  reported_free_bytes_ = bytes;
}

void FaultyFileSystem::tear_write(uint64_t nth, Loss loss) {
  const std::lock_guard lock(mutex_);
  torn_write_ = nth;
  loss_ = loss;
}

void FaultyFileSystem::cut_power(uint64_t nth, Loss loss) {
  const std::lock_guard lock(mutex_);
  cut_operation_ = nth;
  loss_ = loss;
}

void FaultyFileSystem::reset() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
  counts_ = {};
  total_ = 0;
  space_left_.reset();
  reported_free_bytes_.reset();
  torn_write_ = 0;
  cut_operation_ = 0;
  loss_ = Loss::kNothing;
  power_is_cut_ = false;
}

bool FaultyFileSystem::power_is_cut() const {
  const std::lock_guard lock(mutex_);
  return power_is_cut_;
}

uint64_t FaultyFileSystem::operations() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

uint64_t FaultyFileSystem::operations(Operation operation) const {
  const std::lock_guard lock(mutex_);
  return counts_[static_cast<size_t>(operation)];
}

Status FaultyFileSystem::begin(Operation operation, const std::string& path) {
  total_++;
  const uint64_t count = ++counts_[static_cast<size_t>(operation)];
  if (cut_operation_ != 0 && total_ >= cut_operation_) cut(loss_);
  if (power_is_cut_) return errno_status(EIO, name_of(operation), path);
  for (const Fault& fault : faults_)
    if (fault.operation == operation && count >= fault.first && count - fault.first < fault.times)
      return errno_status(fault.error, name_of(operation), path);
  return {};
}

Status FaultyFileSystem::write(FaultyFile& file, uint64_t offset,
                               std::span<const std::byte> source) {
  int error = 0;
  uint64_t stored = source.size();
  const bool torn = torn_write_ == counts_[static_cast<size_t>(Operation::kWrite)];
  if (torn) {
    stored = std::uniform_int_distribution<uint64_t>(0, source.size())(random_);
    error = EIO;
  } else if (space_left_ && stored > *space_left_) {
    stored = *space_left_;
    error = ENOSPC;
  }
  if (file.direct()) stored -= stored % kDirectAlignment;
  if (space_left_) *space_left_ -= std::min(*space_left_, stored);
  const auto part = source.first(stored);
  if (loss_ == Loss::kUnsynced && file.unsynced_) file.unsynced_->remember(offset, part);
  QUARRY_TRY(file.file_->write_at(offset, part));
  if (torn) cut(loss_);
  return error == 0 ? Status() : errno_status(error, "write", file.path_);
}

void FaultyFileSystem::cut(Loss loss) {
  if (power_is_cut_) return;
  power_is_cut_ = true;
  auto coin = [&] { return (random_() & 1) != 0; };
  if (loss == Loss::kUnsynced) {
    for (auto& [path, unsynced] : unsynced_) unsynced->lose(coin);
    while (!folder_changes_.empty() && coin()) {
      const FolderChange& change = folder_changes_.back();
      const Status status =
          change.from.empty() ? files_.remove(change.to) : files_.rename(change.to, change.from);
      // What was new may have moved to another folder, or be gone.
      QUARRY_CHECK(status.ok() || status.code() == Code::kNotFound);
      folder_changes_.pop_back();
    }
  }
  unsynced_.clear();
  folder_changes_.clear();
}

Result<std::unique_ptr<File>> FaultyFileSystem::open(const std::string& path, OpenOptions options) {
  const std::lock_guard lock(mutex_);
  QUARRY_TRY(begin(Operation::kOpen, path));
  const bool is_new = !files_.info(path).ok();
  QUARRY_ASSIGN(auto file, files_.open(path, options));
  std::shared_ptr<Unsynced> unsynced;
  if (options.write) {
    if (is_new) folder_changes_.push_back({"", path});
    unsynced = unsynced_[path];
    if (!unsynced) {
      unsynced = std::make_shared<Unsynced>();
      OpenOptions for_undo;
      for_undo.write = true;
      QUARRY_ASSIGN(unsynced->file, files_.open(path, for_undo));
      unsynced_[path] = unsynced;
    }
  }
  return std::unique_ptr<File>(
      std::make_unique<FaultyFile>(*this, path, std::move(file), std::move(unsynced)));
}

Result<FileInfo> FaultyFileSystem::info(const std::string& path) {
  const std::lock_guard lock(mutex_);
  QUARRY_TRY(begin(Operation::kInfo, path));
  return files_.info(path);
}

Result<std::vector<std::string>> FaultyFileSystem::list(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  QUARRY_TRY(begin(Operation::kList, folder));
  return files_.list(folder);
}

Status FaultyFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  QUARRY_TRY(begin(Operation::kRename, from));
  QUARRY_TRY(files_.rename(from, to));
  renamed(from, to);
  return {};
}

// Both ways to rename are of one kind.
Status FaultyFileSystem::rename_to_new(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  QUARRY_TRY(begin(Operation::kRename, from));
  QUARRY_TRY(files_.rename_to_new(from, to));
  renamed(from, to);
  return {};
}

void FaultyFileSystem::renamed(const std::string& from, const std::string& to) {
  unsynced_.erase(to);
  if (auto moved = unsynced_.extract(from)) {
    moved.key() = to;
    unsynced_.insert(std::move(moved));
  }
  folder_changes_.push_back({from, to});
}

Status FaultyFileSystem::make_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  QUARRY_TRY(begin(Operation::kMakeFolder, path));
  return files_.make_folder(path);
}

Status FaultyFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  QUARRY_TRY(begin(Operation::kRemove, path));
  QUARRY_TRY(files_.remove(path));
  unsynced_.erase(path);
  std::erase_if(folder_changes_, [&](const FolderChange& change) { return change.to == path; });
  return {};
}

Status FaultyFileSystem::sync_folder(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  QUARRY_TRY(begin(Operation::kSyncFolder, folder));
  QUARRY_TRY(files_.sync_folder(folder));
  std::erase_if(folder_changes_,
                [&](const FolderChange& change) { return folder_of(change.to) == folder; });
  return {};
}

Result<SpaceInfo> FaultyFileSystem::space(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  QUARRY_TRY(begin(Operation::kSpace, folder));
  QUARRY_ASSIGN(SpaceInfo space, files_.space(folder));
  if (reported_free_bytes_) space.free_bytes = *reported_free_bytes_;
  return space;
}

}  // namespace quarry::tests
