// The disks that fail on request do fail, as their header says.
#include "tests/support/faulty_file_system.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "tests/support/temp_folder.h"

namespace quarry::tests {
namespace {

constexpr OpenOptions kCreate = {.write = true, .create = true};

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class FaultyFileSystemTest : public testing::Test {
 protected:
  std::unique_ptr<File> create(const std::string& name, OpenOptions options = kCreate) {
    auto file = files_.open(folder_.file(name), options);
    EXPECT_TRUE(file.ok()) << file.status().message();
    return file.ok() ? std::move(*file) : nullptr;
  }

  const TempFolder folder_;
  FaultyFileSystem files_{posix_file_system(), 1};
};

TEST_F(FaultyFileSystemTest, PassesEverythingOnWithoutFaults) {
  const auto file = create("a");
  EXPECT_TRUE(file->allocate(10).ok());
  EXPECT_TRUE(file->write_at(0, bytes_of("0123456789")).ok());
  EXPECT_TRUE(file->lock().ok());
  EXPECT_TRUE(file->sync().ok());
  EXPECT_EQ(*file->size(), 10u);
  EXPECT_TRUE(files_.rename(folder_.file("a"), folder_.file("b")).ok());
  EXPECT_TRUE(files_.sync_folder(folder_.path()).ok());
  EXPECT_EQ(*files_.list(folder_.path()), std::vector<std::string>{"b"});
  EXPECT_EQ(read_file(folder_.file("b")), "0123456789");
  EXPECT_TRUE(files_.remove(folder_.file("b")).ok());
  EXPECT_EQ(files_.operations(), 10u);
  EXPECT_EQ(files_.operations(Operation::kWrite), 1u);
}

TEST_F(FaultyFileSystemTest, FailsTheNthCallOfAKind) {
  const auto file = create("a");
  files_.fail(Operation::kWrite, 2, EIO, 2);
  files_.fail(Operation::kSync, 1, ENOSPC);
  files_.fail(Operation::kRename, 1, EACCES);
  files_.fail(Operation::kAllocate, 1, ENOSPC);
  EXPECT_TRUE(file->write_at(0, bytes_of("1")).ok());
  EXPECT_EQ(file->write_at(1, bytes_of("2")).code(), Code::kIo);
  EXPECT_EQ(file->write_at(1, bytes_of("3")).code(), Code::kIo);
  EXPECT_TRUE(file->write_at(1, bytes_of("4")).ok());
  EXPECT_EQ(file->sync().code(), Code::kNoSpace);
  EXPECT_TRUE(file->sync().ok());
  EXPECT_EQ(files_.rename(folder_.file("a"), folder_.file("b")).code(), Code::kPermission);
  EXPECT_EQ(file->allocate(100).code(), Code::kNoSpace);
  EXPECT_EQ(read_file(folder_.file("a")), "14");
}

TEST_F(FaultyFileSystemTest, RunsOutOfSpace) {
  const auto file = create("a");
  files_.limit_space(5);
  EXPECT_TRUE(file->write_at(0, bytes_of("abc")).ok());
  EXPECT_EQ(file->write_at(3, bytes_of("def")).code(), Code::kNoSpace);
  EXPECT_EQ(file->write_at(5, bytes_of("g")).code(), Code::kNoSpace);
  EXPECT_EQ(read_file(folder_.file("a")), "abcde");
  files_.reset();
  EXPECT_TRUE(file->write_at(5, bytes_of("f")).ok());
  files_.report_free_bytes(77);
  EXPECT_EQ(files_.space(folder_.path())->free_bytes, 77u);
}

TEST_F(FaultyFileSystemTest, TearsAWriteAndThenEverythingFails) {
  std::set<size_t> lengths;
  for (uint64_t seed = 0; seed < 50; seed++) {
    FaultyFileSystem files(posix_file_system(), seed);
    const std::string path = folder_.file(std::to_string(seed));
    auto file = files.open(path, kCreate);
    ASSERT_TRUE(file.ok());
    files.tear_write(2);
    EXPECT_TRUE((*file)->write_at(0, bytes_of("ab")).ok());
    EXPECT_EQ((*file)->write_at(2, bytes_of("cdef")).code(), Code::kIo);
    EXPECT_TRUE(files.power_is_cut());
    std::byte byte;
    EXPECT_FALSE((*file)->read_at(0, {&byte, 1}).ok());
    EXPECT_FALSE((*file)->sync().ok());
    EXPECT_FALSE(files.open(path, {}).ok());
    const std::string text = read_file(path);
    EXPECT_EQ(text, std::string("abcdef").substr(0, text.size()));
    lengths.insert(text.size());
  }
  EXPECT_EQ(lengths, (std::set<size_t>{2, 3, 4, 5, 6}));
}

TEST_F(FaultyFileSystemTest, CutsThePowerAtAnyOperation) {
  for (uint64_t cut = 1; cut <= 4; cut++) {
    files_.reset();
    files_.cut_power(cut);
    const std::string path = folder_.file(std::to_string(cut));
    auto file = files_.open(path, kCreate);
    ASSERT_EQ(file.ok(), cut > 1);
    if (cut > 1) {
      EXPECT_EQ((*file)->write_at(0, bytes_of("a")).ok(), cut > 2);
      EXPECT_EQ((*file)->write_at(1, bytes_of("b")).ok(), cut > 3);
      EXPECT_FALSE((*file)->sync().ok());
    }
    EXPECT_EQ(read_file(path), std::string("ab").substr(0, cut < 2 ? 0 : cut - 2));
  }
}

// Any subset of the writes after the last sync may be lost, none before it.
TEST_F(FaultyFileSystemTest, LosesOnlyWhatWasNotSynced) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 100; seed++) {
    FaultyFileSystem files(posix_file_system(), seed);
    const std::string path = folder_.file(std::to_string(seed));
    auto file = files.open(path, kCreate);
    ASSERT_TRUE(file.ok());
    files.cut_power(7, Loss::kUnsynced);
    EXPECT_TRUE((*file)->write_at(0, bytes_of("....")).ok());
    EXPECT_TRUE((*file)->sync().ok());
    EXPECT_TRUE(files.sync_folder(folder_.path()).ok());
    EXPECT_TRUE((*file)->write_at(1, bytes_of("ab")).ok());
    EXPECT_TRUE((*file)->write_at(2, bytes_of("cde")).ok());
    EXPECT_FALSE((*file)->sync().ok());
    outcomes.insert(read_file(path));
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"....", ".ab.", "..cde", ".acde"}));
}

TEST_F(FaultyFileSystemTest, LosesTheLastChangesOfAFolderThatWasNotSynced) {
  std::set<std::vector<std::string>> outcomes;
  for (uint64_t seed = 0; seed < 100; seed++) {
    const TempFolder folder;
    FaultyFileSystem files(posix_file_system(), seed);
    auto kept = files.open(folder.file("kept"), kCreate);
    ASSERT_TRUE(kept.ok());
    ASSERT_TRUE(files.sync_folder(folder.path()).ok());
    ASSERT_TRUE(files.open(folder.file("a"), kCreate).ok());
    ASSERT_TRUE(files.rename(folder.file("a"), folder.file("b")).ok());
    files.cut_power(1, Loss::kUnsynced);
    EXPECT_FALSE((*kept)->sync().ok());
    outcomes.insert(*posix_file_system().list(folder.path()));
  }
  EXPECT_EQ(outcomes, (std::set<std::vector<std::string>>{{"kept"}, {"a", "kept"}, {"b", "kept"}}));
}

// Where the system has O_DIRECT, parts of writes stay multiples that it takes.
TEST_F(FaultyFileSystemTest, KeepsDirectFilesAligned) {
  const auto file = create("a", {.write = true, .create = true, .direct = true});
  const std::string text(16384, 'x');
  const bool direct = file->direct();
  files_.limit_space(10000);
  EXPECT_EQ(file->write_at(0, bytes_of(text)).code(), Code::kNoSpace);
  EXPECT_EQ(file->direct(), direct);
  EXPECT_EQ(read_file(folder_.file("a")).size(), direct ? 8192u : 10000u);
}

}  // namespace
}  // namespace quarry::tests
