#include "chainlite/wallet/key_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"

namespace quarry {
namespace {

using tests::FaultyFileSystem;
using tests::Loss;
using tests::Operation;
using tests::read_file;
using tests::TempFolder;

// Nothing here needs a real password.
KeyFile some_key(const std::string& name = "alice") {
  const KeyInfo info = {.name = name, .network = "signum", .public_key = {}};
  auto file = seal_key(info, Secret::copy_of("the passphrase of " + name),
                       Secret::copy_of("password"), {.cost = {1, 8192}});
  EXPECT_TRUE(file.ok()) << file.status().message();
  return std::move(*file);
}

class KeyFolderTest : public testing::Test {
 protected:
  // NAME.key, which nothing but its whole text may be.
  std::string text_of(const std::string& name) const {
    return read_file(folder_.path() + "/" + name + ".key");
  }
  std::vector<std::string> names() const { return *posix_file_system().list(folder_.path()); }

  const TempFolder temp_;
  FaultyFileSystem files_{posix_file_system(), 1};
  KeyFolder folder_{files_, temp_.file("some/wallet")};
};

TEST_F(KeyFolderTest, KeepsAKey) {
  const mode_t before = umask(0);
  const Status added = folder_.add(some_key());
  umask(before);
  ASSERT_TRUE(added.ok()) << added.message();
  EXPECT_EQ(names(), std::vector<std::string>{"alice.key"});
  EXPECT_EQ(posix_file_system().info(folder_.path())->permissions, 0700u);
  EXPECT_EQ(posix_file_system().info(folder_.path() + "/alice.key")->permissions, 0600u);
  const auto key = folder_.load("alice");
  ASSERT_TRUE(key.ok()) << key.status().message();
  EXPECT_TRUE(key->warning.ok());
  EXPECT_EQ(open_key(key->file, Secret::copy_of("password"))->text(), "the passphrase of alice");
}

TEST_F(KeyFolderTest, NeverReplacesAKey) {
  ASSERT_TRUE(folder_.add(some_key()).ok());
  const std::string before = text_of("alice");
  const Status status = folder_.add(some_key());
  EXPECT_EQ(status.code(), Code::kExists);
  EXPECT_NE(status.message().find("alice"), std::string::npos);
  EXPECT_EQ(text_of("alice"), before);
  EXPECT_EQ(names(), std::vector<std::string>{"alice.key"});
}

TEST_F(KeyFolderTest, OneOfSeveralThatAddTheSameNameSucceeds) {
  std::atomic<int> added = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; i++)
    threads.emplace_back([&, file = some_key()] {
      KeyFolder folder(posix_file_system(), folder_.path());
      const Status status = folder.add(file);
      EXPECT_TRUE(status.ok() || status.code() == Code::kExists) << status.message();
      if (status.ok()) added++;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(added, 1);
  EXPECT_EQ(names(), std::vector<std::string>{"alice.key"});
}

TEST_F(KeyFolderTest, SaysWhatIsMissing) {
  EXPECT_EQ(folder_.load("alice").status().code(), Code::kNotFound);
  EXPECT_EQ(folder_.load("../alice").status().code(), Code::kInvalidArgument);
  KeyFile bad = some_key();
  bad.info.name = "../alice";
  EXPECT_EQ(folder_.add(bad).code(), Code::kInvalidArgument);
  const auto list = folder_.list();
  ASSERT_TRUE(list.ok()) << list.status().message();
  EXPECT_TRUE(list->keys.empty() && list->failures.empty());
}

TEST_F(KeyFolderTest, WarnsOfKeysThatOthersMayRead) {
  ASSERT_TRUE(folder_.add(some_key()).ok());
  for (const mode_t mode : {0640, 0602, 0610}) {
    ASSERT_EQ(chmod((folder_.path() + "/alice.key").c_str(), mode), 0);
    const auto key = folder_.load("alice");
    ASSERT_TRUE(key.ok());
    EXPECT_EQ(key->warning.code(), Code::kPermission);
    EXPECT_NE(key->warning.message().find("chmod 600"), std::string::npos);
  }
}

TEST_F(KeyFolderTest, ListsKeysAndWhatIsWrong) {
  for (const char* name : {"bob", "alice", "key.key"})
    ASSERT_TRUE(folder_.add(some_key(name)).ok());
  const std::string path = folder_.path() + "/";
  std::ofstream(path + "empty.key");
  std::ofstream(path + "long.key") << std::string(kMaxKeyFileBytes + 1, ' ');
  std::ofstream(path + "wrong.key") << "{}\n00\n";
  std::ofstream(path + "renamed.key") << text_of("bob");
  ASSERT_EQ(mkfifo((path + "pipe.key").c_str(), 0600), 0);
  ASSERT_EQ(mkdir((path + "folder.key").c_str(), 0700), 0);
  // Not key files by their names.
  for (const char* name : {"notes.txt", ".alice.key", ".key", "a b.key"})
    std::ofstream(path + name);

  const auto list = folder_.list();
  ASSERT_TRUE(list.ok()) << list.status().message();
  std::vector<std::string> names;
  for (const StoredKey& key : list->keys) names.push_back(key.file.info.name);
  EXPECT_EQ(names, (std::vector<std::string>{"alice", "bob", "key.key"}));
  std::string reasons;
  for (const Status& failure : list->failures) {
    EXPECT_EQ(failure.code(), Code::kCorrupt) << failure.message();
    reasons += failure.message() + "\n";
  }
  for (const char* name : {"empty", "long", "wrong", "renamed", "pipe", "folder"})
    EXPECT_NE(reasons.find(path + name + ".key"), std::string::npos) << reasons;
  EXPECT_EQ(list->failures.size(), 6u);
}

TEST_F(KeyFolderTest, ListSaysThatTheFolderCannotBeRead) {
  ASSERT_TRUE(folder_.add(some_key()).ok());
  files_.reset();
  files_.fail(Operation::kList, 1, EACCES);
  EXPECT_EQ(folder_.list().status().code(), Code::kPermission);
}

TEST_F(KeyFolderTest, AFailureLeavesNothing) {
  for (const Operation operation : {Operation::kMakeFolder, Operation::kOpen, Operation::kWrite,
                                    Operation::kSync, Operation::kRename})
    for (const int error : {ENOSPC, EIO, EACCES}) {
      SCOPED_TRACE(static_cast<int>(operation));
      files_.reset();
      files_.fail(operation, 1, error);
      const Status status = folder_.add(some_key());
      EXPECT_EQ(status.code(), errno_status(error, "", "").code()) << status.message();
      if (operation != Operation::kMakeFolder) {
        EXPECT_TRUE(names().empty());
      }
    }
  for (uint64_t bytes = 0; bytes < 400; bytes += 37) {
    files_.reset();
    files_.limit_space(bytes);
    EXPECT_EQ(folder_.add(some_key()).code(), Code::kNoSpace);
    EXPECT_TRUE(names().empty());
  }
  files_.reset();
  EXPECT_TRUE(folder_.add(some_key()).ok());
}

// A key that is there and may be lost is better than one that was taken away.
TEST_F(KeyFolderTest, AFolderThatCannotBeSyncedKeepsTheKey) {
  files_.fail(Operation::kSyncFolder, 1, EIO);
  const Status status = folder_.add(some_key());
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_NE(status.message().find("was written"), std::string::npos) << status.message();
  EXPECT_TRUE(folder_.load("alice").ok());
}

TEST_F(KeyFolderTest, APowerCutLeavesTheWholeKeyOrNone) {
  const KeyFile key = some_key();
  ASSERT_TRUE(folder_.add(some_key("other")).ok());
  files_.reset();
  ASSERT_TRUE(folder_.add(key).ok());
  const uint64_t operations = files_.operations();
  const std::string path = folder_.path() + "/alice.key";
  for (uint64_t seed = 0; seed < 50; seed++)
    for (uint64_t nth = 1; nth <= operations + 1; nth++) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", operation " + std::to_string(nth));
      std::filesystem::remove(path);
      FaultyFileSystem files(posix_file_system(), seed);
      files.cut_power(nth, Loss::kUnsynced);
      const Status status = KeyFolder(files, folder_.path()).add(key);
      if (nth > operations) {
        ASSERT_TRUE(status.ok()) << status.message();
        (void)files.list(folder_.path());  // here the power goes
      }
      const bool is_there = posix_file_system().info(path).ok();
      EXPECT_TRUE(is_there || !status.ok());
      EXPECT_EQ(read_file(path), is_there ? format_key_file(key) : "");
    }
  EXPECT_TRUE(folder_.load("other").ok());
}

TEST_F(KeyFolderTest, ReadErrorsAreNoFaultOfTheFile) {
  ASSERT_TRUE(folder_.add(some_key()).ok());
  files_.reset();
  files_.fail(Operation::kRead, 1, EIO);
  EXPECT_EQ(folder_.load("alice").status().code(), Code::kIo);
}

}  // namespace
}  // namespace quarry
