// Disks that fail under a plot in the making. Whatever happens, the next run
// with a good disk ends in a byte-exact file, and nothing stands under a final
// name before it is complete.
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <random>

#include "plotter/plot.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/sha256.h"
#include "tests/support/temp_folder.h"

namespace quarry {
namespace {

using tests::FaultyFileSystem;
using tests::Operation;
using tests::TempFolder;

class PlotFault : public testing::Test {
 protected:
  PlotFault() : seed_(std::random_device{}()), random_(seed_) {
    auto device = open_device("cpu", {.cpu_threads = 2});
    EXPECT_TRUE(device.ok());
    devices_.push_back(std::move(*device));
  }

  // 128 nonces in two pools.
  Status plot(const std::string& folder, FileSystem& files) {
    const PlotRequest request = {.account_id = 9,
                                 .start = 90,
                                 .nonces = 128,
                                 .folders = {folder},
                                 .memory_bytes = uint64_t{2} * 64 * 262144};
    QUARRY_ASSIGN(const PlotPlan plan, plan_plot(request, files));
    const Cancel cancel;
    return run_plot(plan, devices_, files, silent_progress(), cancel).status();
  }

  static std::string digest(const TempFolder& folder) {
    const std::string bytes = tests::read_file(folder.file("9_90_128"));
    return tests::sha256_hex(std::as_bytes(std::span(bytes)));
  }

  // After a failed run: no final name unless complete, then a good run.
  void expect_recovery(const TempFolder& folder) {
    if (std::filesystem::exists(folder.file("9_90_128"))) {
      EXPECT_EQ(digest(folder), expected());
    }
    const Status status = plot(folder.path(), posix_file_system());
    if (status.code() != Code::kExists) {
      EXPECT_TRUE(status.ok()) << status.message();
    }
    ASSERT_EQ(digest(folder), expected());
    EXPECT_FALSE(std::filesystem::exists(folder.file("9_90_128.plotting")));
  }

  const std::string& expected() {
    if (expected_.empty()) {
      const TempFolder folder;
      EXPECT_TRUE(plot(folder.path(), posix_file_system()).ok());
      expected_ = digest(folder);
    }
    return expected_;
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::string expected_;
};

TEST_F(PlotFault, EachKindOfCallFails) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  const std::vector<std::pair<Operation, std::vector<uint64_t>>> calls = {
      {Operation::kOpen, {1, 2, 3}},
      {Operation::kSync, {1, 2, 3, 4, 5, 6}},
      {Operation::kAllocate, {1}},
      {Operation::kTruncate, {1}},
      {Operation::kRename, {1}},
      {Operation::kSyncFolder, {1, 2, 3}},
      {Operation::kRemove, {1}},
      {Operation::kLock, {1}},
      {Operation::kWrite, {1, 2, 4097, 4098, 4099, 8194, 8195}},
  };
  for (const auto& [operation, numbers] : calls)
    for (const uint64_t number : numbers)
      for (const int error : {EIO, ENOSPC}) {
        SCOPED_TRACE("operation " + std::to_string(static_cast<int>(operation)) + " number " +
                     std::to_string(number) + " errno " + std::to_string(error));
        const TempFolder folder;
        FaultyFileSystem files(posix_file_system(), seed_);
        files.fail(operation, number, error);
        const Status status = plot(folder.path(), files);
        if (files.operations(operation) >= number) {
          EXPECT_FALSE(status.ok());
        }
        EXPECT_FALSE(!status.ok() && status.message().empty());
        expect_recovery(folder);
        if (HasFatalFailure()) return;
      }
}

TEST_F(PlotFault, TheDiskFillsUpWhilePlotting) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (int i = 0; i < 10; i++) {
    const uint64_t space = random_() % (uint64_t{128} * 262144);
    SCOPED_TRACE("space " + std::to_string(space));
    const TempFolder folder;
    FaultyFileSystem files(posix_file_system(), seed_);
    files.limit_space(space);
    const Status status = plot(folder.path(), files);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.code(), Code::kNoSpace) << status.message();
    expect_recovery(folder);
    if (HasFatalFailure()) return;
  }
}

TEST_F(PlotFault, ThePowerGoesAtAnyMoment) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  uint64_t operations = 0;
  {
    const TempFolder folder;
    FaultyFileSystem files(posix_file_system(), seed_);
    ASSERT_TRUE(plot(folder.path(), files).ok());
    operations = files.operations();
  }
  for (int i = 0; i < 30; i++) {
    // Half of the cuts come near the end, where names change.
    const uint64_t moment = i % 2 == 0 ? 1 + random_() % operations : operations - random_() % 20;
    SCOPED_TRACE("cut at " + std::to_string(moment) + " of " + std::to_string(operations));
    const TempFolder folder;
    FaultyFileSystem files(posix_file_system(), seed_ + static_cast<uint64_t>(i));
    if (i % 4 == 3)
      files.tear_write(1 + random_() % 8195, tests::Loss::kUnsynced);
    else
      files.cut_power(moment, tests::Loss::kUnsynced);
    (void)plot(folder.path(), files);
    EXPECT_TRUE(files.power_is_cut());
    expect_recovery(folder);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace quarry
