// The whole plotting pipeline on real files.
#include "plotter/plot.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "plotter/self_test.h"
#include "tests/support/fake_device.h"
#include "tests/support/sha256.h"
#include "tests/support/temp_folder.h"

namespace quarry {
namespace {

using tests::read_file;
using tests::TempFolder;

std::string sha256_of_file(const std::string& path) {
  const std::string text = read_file(path);
  return tests::sha256_hex(std::as_bytes(std::span(text)));
}

std::vector<std::unique_ptr<Device>> cpu_device() {
  std::vector<std::unique_ptr<Device>> devices;
  auto device = open_device("cpu", {.cpu_threads = 2});
  EXPECT_TRUE(device.ok());
  devices.push_back(std::move(*device));
  return devices;
}

Result<PlotReport> plot(const PlotRequest& request,
                        std::span<const std::unique_ptr<Device>> devices) {
  QUARRY_ASSIGN(const PlotPlan plan, plan_plot(request, posix_file_system()));
  const Cancel cancel;
  return run_plot(plan, devices, posix_file_system(), silent_progress(), cancel);
}

TEST(Plot, GoldenFiles) {
  const TempFolder folder;
  const auto devices = cpu_device();
  auto report =
      plot({.account_id = 1, .start = 0, .nonces = 3, .folders = {folder.path()}}, devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(sha256_of_file(folder.file("1_0_3")),
            "5d99acd22c2360147dc7134039abb9f0b580ea365ad0555e50c654d9d3e39ac0");
  report = plot({.account_id = 10282355196851764065u,
                 .start = 4294967290u,
                 .nonces = 16,
                 .folders = {folder.path()}},
                devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(sha256_of_file(folder.file("10282355196851764065_4294967290_16")),
            "52947bfa678d106c776ebe948575baae2d4d1bb7b0fc278a9803e91340014a0c");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

// Pools of 64 nonces, two folders, direct I/O where the folder has it: the
// same bytes as one pool in memory.
TEST(Plot, ManyPoolsAndFoldersGiveTheSameBytes) {
  const TempFolder whole, first, second;
  const auto devices = cpu_device();
  PlotRequest request = {.account_id = 77, .start = 1000, .nonces = 320, .folders = {whole.path()}};
  auto report = plot(request, devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  request.folders = {first.path(), second.path()};
  request.memory_bytes = uint64_t{3} * 64 * 262144;
  report = plot(request, devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  ASSERT_EQ(report->files.size(), 2u);
  EXPECT_EQ(report->files[0].nonces + report->files[1].nonces, 320u);
  const std::string expected = read_file(whole.file("77_1000_320"));
  const std::string part_1 = read_file(first.file("77_1000_192"));
  const std::string part_2 = read_file(second.file("77_1192_128"));
  ASSERT_EQ(expected.size(), 320u * 262144);
  ASSERT_EQ(part_1.size() + part_2.size(), expected.size());
  for (size_t scoop = 0; scoop < 4096; scoop++) {
    const std::string joined =
        part_1.substr(scoop * 192 * 64, 192 * 64) + part_2.substr(scoop * 128 * 64, 128 * 64);
    ASSERT_EQ(joined, expected.substr(scoop * 320 * 64, 320 * 64)) << "scoop " << scoop;
  }
}

std::unique_ptr<Device> one_thread() {
  auto device = open_device("cpu", {.cpu_threads = 1});
  EXPECT_TRUE(device.ok());
  return std::move(*device);
}

// Plots 256 nonces in pools of 64 on a faulty device and a good one.
class FaultyDevice : public testing::Test {
 protected:
  Result<PlotReport> plot_with(const tests::Faults& faults, bool with_good_device) {
    std::vector<std::unique_ptr<Device>> devices;
    devices.push_back(std::make_unique<tests::FakeDevice>(one_thread(), faults));
    if (with_good_device) devices.push_back(one_thread());
    return plot({.account_id = 5,
                 .start = 7,
                 .nonces = 256,
                 .folders = {folder_.path()},
                 .memory_bytes = uint64_t{2} * 64 * 262144},
                devices);
  }
  void expect_right_bytes() {
    const TempFolder other;
    const auto report =
        plot({.account_id = 5, .start = 7, .nonces = 256, .folders = {other.path()}}, cpu_device());
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(sha256_of_file(folder_.file("5_7_256")), sha256_of_file(other.file("5_7_256")));
  }
  const TempFolder folder_;
};

TEST_F(FaultyDevice, WrongScoopsRetireItAndThePoolIsRedone) {
  const auto report = plot_with({.wrong_scoops_at = 2}, true);
  ASSERT_TRUE(report.ok()) << report.status().message();
  ASSERT_EQ(report->retired_devices.size(), 1u);
  EXPECT_EQ(report->retired_devices[0].code(), Code::kDevice);
  EXPECT_GE(report->redone_pools, 1u);
  expect_right_bytes();
}

TEST_F(FaultyDevice, FailingLaunchesRetireIt) {
  const auto report = plot_with({.fail_launch_from = 10}, true);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->retired_devices.size(), 1u);
  expect_right_bytes();
}

TEST_F(FaultyDevice, AloneEndsTheRunAndAnotherContinuesIt) {
  const auto report = plot_with({.fail_launch_from = 30}, false);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.status().code(), Code::kDevice);
  EXPECT_FALSE(std::filesystem::exists(folder_.file("5_7_256")));
  const auto again = plot_with({}, true);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_TRUE(again->files[0].resumed);
  expect_right_bytes();
}

TEST_F(FaultyDevice, SmallBuffersAndNoSharedMemory) {
  const auto report =
      plot_with({.max_buffer_bytes = uint64_t{32} * 262144, .hide_shared_memory = true}, false);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_TRUE(report->retired_devices.empty());
  expect_right_bytes();
}

TEST(PlotPlan, RefusesWhatCannotBe) {
  const TempFolder folder;
  FileSystem& files = posix_file_system();
  const auto code_of = [&](PlotRequest request) {
    auto plan = plan_plot(request, files);
    EXPECT_FALSE(plan.ok());
    return plan.ok() ? Code::kOk : plan.status().code();
  };
  const PlotRequest good = {.account_id = 1, .start = 0, .nonces = 64, .folders = {folder.path()}};
  EXPECT_TRUE(plan_plot(good, files).ok());
  PlotRequest bad = good;
  bad.nonces = 0;
  EXPECT_EQ(code_of(bad), Code::kInvalidArgument);
  bad = good;
  bad.start = UINT64_MAX - 62;
  EXPECT_EQ(code_of(bad), Code::kInvalidArgument);
  bad.start = UINT64_MAX - 63;  // the last nonce is 2^64 - 1
  EXPECT_TRUE(plan_plot(bad, files).ok());
  bad = good;
  bad.nonces = uint64_t{1} << 46;
  EXPECT_EQ(code_of(bad), Code::kInvalidArgument);
  bad.nonces = uint64_t{1} << 32;  // 1 PiB
  EXPECT_EQ(code_of(bad), Code::kNoSpace);
  bad = good;
  bad.memory_bytes = 1 << 20;
  EXPECT_EQ(code_of(bad), Code::kInvalidArgument);
  bad = good;
  bad.folders = {folder.file("missing")};
  EXPECT_EQ(code_of(bad), Code::kNotFound);
  bad.folders = {folder.path(), folder.path() + "/"};
  EXPECT_EQ(code_of(bad), Code::kInvalidArgument);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "a plan writes nothing";
}

// A GPU that computes 960 nonces at once would be half idle with pools of 1000.
TEST(PlotPlan, PoolsAreWholeWaves) {
  PlotPlan plan;
  PlotTarget target;
  target.name.nonces = 100000;
  plan.targets = {target};
  plan.pool_count = 2;
  plan.memory_bytes = uint64_t{2} * 4000 * 262144;
  const auto pools_of = [&plan](uint64_t pool_nonces, uint64_t wave) {
    PlotPlan fitted = plan;
    fitted.pool_nonces = pool_nonces;
    fit_pools(fitted, wave);
    return fitted.pool_nonces;
  };
  EXPECT_EQ(pools_of(1024, 960), 1920u) << "there is memory for two waves";
  EXPECT_EQ(pools_of(3968, 960), 3840u) << "there is none for five";
  EXPECT_EQ(pools_of(1024, 8192), 1024u) << "nor for one of these";
  EXPECT_EQ(pools_of(1024, 100), 1024u) << "odd waves would cost direct I/O";
  plan.targets[0].name.nonces = 1500;
  EXPECT_EQ(pools_of(1024, 960), 960u) << "the file has less than two waves";
}

TEST(Plot, AFinishedFileIsNotTouched) {
  const TempFolder folder;
  const PlotRequest request = {
      .account_id = 1, .start = 0, .nonces = 3, .folders = {folder.path()}};
  ASSERT_TRUE(plot(request, cpu_device()).ok());
  const auto again = plot(request, cpu_device());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.status().code(), Code::kExists);
  EXPECT_EQ(sha256_of_file(folder.file("1_0_3")),
            "5d99acd22c2360147dc7134039abb9f0b580ea365ad0555e50c654d9d3e39ac0");
}

}  // namespace
}  // namespace quarry
