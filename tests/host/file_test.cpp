// The operating system's files, on a disk, in memory, and where they run full.
#include "host/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <cstring>
#include <random>
#include <thread>

#include "host/memory.h"
#include "tests/support/temp_folder.h"

namespace quarry {
namespace {

using tests::read_file;
using tests::TempFolder;

constexpr OpenOptions kCreate = {.write = true, .create = true};
constexpr OpenOptions kCreateDirect = {.write = true, .create = true, .direct = true};

std::vector<std::byte> random_bytes(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

std::unique_ptr<File> open_file(const std::string& path, OpenOptions options) {
  auto file = posix_file_system().open(path, options);
  EXPECT_TRUE(file.ok()) << file.status().message();
  return file.ok() ? std::move(*file) : nullptr;
}

#define ASSERT_OK(expression)                     \
  do {                                            \
    const Status status = (expression);           \
    ASSERT_TRUE(status.ok()) << status.message(); \
  } while (0)

// Every case runs in a folder on a disk and in one in memory.
class FileTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (access(GetParam(), W_OK) != 0) GTEST_SKIP() << "no " << GetParam() << " to write to";
    folder_ = std::make_unique<TempFolder>(GetParam());
  }
  std::string path(const std::string& name) const { return folder_->file(name); }

  FileSystem& files_ = posix_file_system();
  std::unique_ptr<TempFolder> folder_;
};

INSTANTIATE_TEST_SUITE_P(Folders, FileTest, testing::Values("/tmp", "/dev/shm"),
                         [](const auto& info) { return info.index == 0 ? "Disk" : "Memory"; });

TEST_P(FileTest, WritesAndReadsBack) {
  const auto file = open_file(path("a"), kCreate);
  ASSERT_TRUE(file);
  const auto bytes = random_bytes(100001, 1);
  ASSERT_OK(file->write_at(7, bytes));
  ASSERT_OK(file->sync());
  std::vector<std::byte> back(bytes.size());
  ASSERT_OK(file->read_at(7, back));
  EXPECT_EQ(back, bytes);
  EXPECT_EQ(*file->size(), 100008u);
  EXPECT_FALSE(file->direct());
  ASSERT_OK(file->truncate(10));
  ASSERT_OK(file->sync());
  EXPECT_EQ(*file->size(), 10u);
  EXPECT_EQ(files_.info(path("a"))->size_bytes, 10u);
}

TEST_P(FileTest, NothingIsANoOperation) {
  const auto file = open_file(path("a"), kCreateDirect);
  ASSERT_TRUE(file);
  ASSERT_OK(file->write_at(0, {}));
  ASSERT_OK(file->read_at(0, {}));
  EXPECT_EQ(*file->size(), 0u);
}

TEST_P(FileTest, ReadingPastTheEndIsCorrupt) {
  for (const OpenOptions options : {kCreate, kCreateDirect}) {
    const auto file = open_file(path("a"), options);
    ASSERT_TRUE(file);
    ASSERT_OK(file->truncate(5000));
    std::vector<std::byte> target(8192);
    const Status status = file->read_at(0, target);
    EXPECT_EQ(status.code(), Code::kCorrupt);
    EXPECT_NE(status.message().find(path("a")), std::string::npos) << status.message();
    EXPECT_EQ(file->read_at(1 << 20, target).code(), Code::kCorrupt);
  }
}

TEST_P(FileTest, OffsetsAreSixtyFourBits) {
  const auto file = open_file(path("a"), kCreate);
  ASSERT_TRUE(file);
  const auto bytes = random_bytes(4096, 2);
  const uint64_t offset = (uint64_t{5} << 40) + 3;
  ASSERT_OK(file->write_at(offset, bytes));
  std::vector<std::byte> back(bytes.size());
  ASSERT_OK(file->read_at(offset, back));
  EXPECT_EQ(back, bytes);
  EXPECT_EQ(*file->size(), offset + 4096);
}

TEST_P(FileTest, DirectFilesHoldTheSameBytes) {
  const auto bytes = random_bytes(3 << 20, 3);
  const auto file = open_file(path("a"), kCreateDirect);
  ASSERT_TRUE(file);
  auto memory = HostMemory::allocate(bytes.size() + 4096);
  ASSERT_TRUE(memory.ok());
  // From aligned memory, then from and to memory that is not.
  std::memcpy(memory->data(), bytes.data(), bytes.size());
  ASSERT_OK(file->write_at(4096, memory->bytes().first(bytes.size())));
  const bool direct = file->direct();
  for (const size_t shift : {1, 64, 511, 512}) {
    std::memcpy(memory->data() + shift, bytes.data(), bytes.size());
    ASSERT_OK(file->write_at(8192, memory->bytes().subspan(shift, bytes.size())));
    std::memset(memory->data(), 0, memory->size_bytes());
    ASSERT_OK(file->read_at(8192, memory->bytes().subspan(shift, bytes.size())));
    EXPECT_EQ(std::memcmp(memory->data() + shift, bytes.data(), bytes.size()), 0);
  }
  EXPECT_EQ(file->direct(), direct) << "unaligned memory must not end direct mode";
  ASSERT_OK(file->sync());
  const std::string text = read_file(path("a"));
  ASSERT_EQ(text.size(), bytes.size() + 8192);
  EXPECT_EQ(std::memcmp(text.data() + 8192, bytes.data(), bytes.size()), 0);
}

// Transfers that O_DIRECT refuses, from many threads at the same moment: each
// finds the file left in direct mode by nobody or by another, and must succeed.
TEST_P(FileTest, LeavesDirectModeOnceForAllThreads) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 50; round++) {
    const auto file = open_file(path("a"), kCreateDirect);
    ASSERT_TRUE(file);
    std::barrier start(kThreads);
    std::vector<Status> results(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; i++)
      threads.emplace_back([&, i] {
        const auto bytes = random_bytes(1001, 100 + i);
        start.arrive_and_wait();
        results[i] = file->write_at(1001 * i, bytes);
      });
    for (std::thread& thread : threads) thread.join();
    for (int i = 0; i < kThreads; i++) {
      ASSERT_OK(results[i]);
      std::vector<std::byte> back(1001);
      ASSERT_OK(file->read_at(1001 * i, back));
      EXPECT_EQ(back, random_bytes(1001, 100 + i));
    }
  }
}

TEST_P(FileTest, AllocateReservesAndSetsTheSize) {
  const auto file = open_file(path("a"), kCreateDirect);
  ASSERT_TRUE(file);
  ASSERT_OK(file->allocate(1 << 20));
  EXPECT_EQ(*file->size(), 1u << 20);
  EXPECT_GE(files_.info(path("a"))->allocated_bytes, 1u << 20);
  ASSERT_OK(file->sync());
  EXPECT_EQ(read_file(path("a")), std::string(1 << 20, '\0'));
  EXPECT_EQ(file->allocate(uint64_t{1} << 62).ok(), false);
  EXPECT_EQ(*file->size(), 1u << 20);
}

TEST_P(FileTest, OpenSaysWhatIsWrong) {
  auto missing = files_.open(path("none"), {});
  EXPECT_EQ(missing.status().code(), Code::kNotFound);
  EXPECT_NE(missing.status().message().find(path("none")), std::string::npos);
  EXPECT_EQ(files_.open(path("no/where"), kCreate).status().code(), Code::kNotFound);
  ASSERT_TRUE(open_file(path("a"), kCreate));
  EXPECT_EQ(
      files_.open(path("a"), {.write = true, .create = true, .exclusive = true}).status().code(),
      Code::kExists);
  EXPECT_TRUE(
      files_.open(path("b"), {.write = true, .create = true, .exclusive = true, .direct = true})
          .ok());
  EXPECT_FALSE(files_.open(folder_->path(), {.write = true}).ok());
  const auto read_only = open_file(path("a"), {});
  ASSERT_TRUE(read_only);
  const auto bytes = random_bytes(10, 4);
  EXPECT_FALSE(read_only->write_at(0, bytes).ok());
}

TEST_P(FileTest, FilesAreCreatedForAllToRead) {
  const mode_t before = umask(022);
  ASSERT_TRUE(open_file(path("a"), kCreate));
  umask(before);
  struct stat information = {};
  ASSERT_EQ(stat(path("a").c_str(), &information), 0);
  EXPECT_EQ(information.st_mode & 0777, 0644u);
}

TEST_P(FileTest, Folders) {
  for (const char* name : {"b", "c", "a"}) ASSERT_TRUE(open_file(path(name), kCreate));
  ASSERT_EQ(mkdir(path("d").c_str(), 0755), 0);
  EXPECT_EQ(*files_.list(folder_->path()), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_TRUE(files_.info(path("d"))->is_directory);
  EXPECT_FALSE(files_.info(path("a"))->is_directory);
  ASSERT_OK(files_.rename(path("a"), path("d/e")));
  ASSERT_OK(files_.sync_folder(path("d")));
  EXPECT_EQ(files_.info(path("a")).status().code(), Code::kNotFound);
  EXPECT_EQ(files_.rename(path("a"), path("f")).code(), Code::kNotFound);
  ASSERT_OK(files_.remove(path("b")));
  EXPECT_EQ(files_.remove(path("b")).code(), Code::kNotFound);
  EXPECT_FALSE(files_.remove(path("d")).ok());
  EXPECT_EQ(*files_.list(folder_->path()), (std::vector<std::string>{"c", "d"}));
  EXPECT_EQ(files_.list(path("none")).status().code(), Code::kNotFound);
  EXPECT_EQ(files_.list(path("c")).status().code(), Code::kNotFound);
  EXPECT_EQ(files_.sync_folder(path("none")).code(), Code::kNotFound);
}

TEST_P(FileTest, SecretFilesAreForTheirOwner) {
  const mode_t before = umask(0);
  ASSERT_TRUE(open_file(path("a"), {.write = true, .create = true, .secret = true}));
  umask(before);
  EXPECT_EQ(files_.info(path("a"))->permissions, 0600u);
  ASSERT_EQ(chmod(path("a").c_str(), 0640), 0);
  EXPECT_EQ(files_.info(path("a"))->permissions, 0640u);
}

TEST_P(FileTest, MakesFoldersForTheirOwner) {
  const mode_t before = umask(0);
  ASSERT_OK(files_.make_folder(path("a/b/c")));
  umask(before);
  for (const char* name : {"a", "a/b", "a/b/c"}) {
    EXPECT_TRUE(files_.info(path(name))->is_directory) << name;
    EXPECT_EQ(files_.info(path(name))->permissions, 0700u) << name;
  }
  ASSERT_OK(files_.make_folder(path("a/b/c")));
  ASSERT_TRUE(open_file(path("a/f"), kCreate));
  EXPECT_EQ(files_.make_folder(path("a/f")).code(), Code::kExists);
  EXPECT_FALSE(files_.make_folder(path("a/f/g")).ok());
  EXPECT_EQ(files_.make_folder("/proc/none").code(), Code::kNotFound);
}

void expect_rename_to_new(FileSystem& files, const TempFolder& folder) {
  std::ofstream(folder.file("a")) << "a";
  std::ofstream(folder.file("b")) << "b";
  EXPECT_EQ(files.rename_to_new(folder.file("a"), folder.file("b")).code(), Code::kExists);
  EXPECT_EQ(read_file(folder.file("a")), "a");
  EXPECT_EQ(read_file(folder.file("b")), "b");
  EXPECT_TRUE(files.rename_to_new(folder.file("a"), folder.file("c")).ok());
  EXPECT_EQ(*files.list(folder.path()), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(read_file(folder.file("c")), "a");
  EXPECT_EQ(files.rename_to_new(folder.file("a"), folder.file("d")).code(), Code::kNotFound);
}

TEST_P(FileTest, RenamesOnlyToNewNames) { expect_rename_to_new(files_, *folder_); }

// The same in a process whose system has no renameat2.
TEST_P(FileTest, RenamesOnlyToNewNamesWhereTheFileSystemCannot) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {std::size(rules), rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
      _exit(77);
    expect_rename_to_new(files_, *folder_);
    _exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "this system lets nobody filter calls";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_P(FileTest, SpaceIsOfTheFileSystem) {
  ASSERT_EQ(mkdir(path("d").c_str(), 0755), 0);
  auto space = files_.space(folder_->path());
  ASSERT_TRUE(space.ok()) << space.status().message();
  EXPECT_GT(space->free_bytes, 0u);
  EXPECT_EQ(files_.space(path("d"))->device, space->device);
  EXPECT_EQ(files_.space(path("none")).status().code(), Code::kNotFound);
}

TEST_P(FileTest, LocksHoldWithinOneProcess) {
  auto first = open_file(path("a"), kCreate);
  const auto second = open_file(path("a"), {});
  ASSERT_TRUE(first && second);
  ASSERT_OK(first->lock());
  ASSERT_OK(first->lock());
  EXPECT_EQ(second->lock().code(), Code::kExists);
  first.reset();
  ASSERT_OK(second->lock());
}

// A child process that holds the lock until it is killed.
class LockHolder {
 public:
  explicit LockHolder(const std::string& path) {
    int ready[2];
    if (pipe(ready) != 0) return;
    child_ = fork();
    if (child_ == 0) {
      auto file = posix_file_system().open(path, {.write = true});
      const char locked = file.ok() && (*file)->lock().ok() ? 'y' : 'n';
      if (write(ready[1], &locked, 1) != 1) _exit(1);
      while (true) pause();
    }
    close(ready[1]);
    char locked = 'n';
    holds_ = read(ready[0], &locked, 1) == 1 && locked == 'y';
    close(ready[0]);
  }
  ~LockHolder() { end(); }

  bool holds() const { return holds_; }

  void end() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    child_ = -1;
  }

 private:
  pid_t child_ = -1;
  bool holds_ = false;
};

TEST_P(FileTest, LocksHoldAgainstOtherProcessesUntilTheyDie) {
  const auto file = open_file(path("a"), kCreate);
  ASSERT_TRUE(file);
  LockHolder holder(path("a"));
  ASSERT_TRUE(holder.holds());
  const Status status = file->lock();
  EXPECT_EQ(status.code(), Code::kExists);
  EXPECT_EQ(status.message().rfind("another process is using " + path("a"), 0), 0u)
      << status.message();
  holder.end();
  ASSERT_OK(file->lock());
}

// A file system of 1 MiB, unmounted at the end.
class TinyDisk {
 public:
  TinyDisk() { mounted_ = mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=1m") == 0; }
  ~TinyDisk() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  const TempFolder& folder() const { return folder_; }

 private:
  const TempFolder folder_;
  bool mounted_ = false;
};

TEST(FullDisk, IsNoSpaceAndWhatWasThereStays) {
  const TinyDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "cannot mount a tmpfs here: " << std::strerror(errno);
  EXPECT_LE(posix_file_system().space(disk.folder().path())->free_bytes, 1u << 20);
  const auto file = open_file(disk.folder().file("a"), kCreate);
  ASSERT_TRUE(file);
  const auto bytes = random_bytes(600 << 10, 5);
  ASSERT_OK(file->write_at(0, bytes));
  const Status reserved = file->allocate(2 << 20);
  EXPECT_EQ(reserved.code(), Code::kNoSpace) << reserved.message();
  EXPECT_NE(reserved.message().find("/a"), std::string::npos);
  EXPECT_EQ(*file->size(), bytes.size());
  EXPECT_EQ(file->write_at(bytes.size(), bytes).code(), Code::kNoSpace);
  std::vector<std::byte> back(bytes.size());
  ASSERT_OK(file->read_at(0, back));
  EXPECT_EQ(back, bytes);
  EXPECT_LT(posix_file_system().space(disk.folder().path())->free_bytes, 500u << 10);
}

}  // namespace
}  // namespace quarry
