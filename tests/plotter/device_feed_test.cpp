// Plots through devices that fail, start again, and gather pools in memory of
// their own: the bytes are the same.
#include "plotter/device_feed.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>

#include "plotter/plot.h"
#include "plotter/poc2.h"
#include "tests/support/fake_device.h"
#include "tests/support/sha256.h"
#include "tests/support/temp_folder.h"

namespace quarry {
namespace {

using tests::FakeDevice;
using tests::Faults;
using tests::TempFolder;

// A GPU as far as the plotter can tell: memory of its own, copies to the host.
Faults gpu(Faults faults = {}) {
  faults.hide_shared_memory = true;
  faults.owns_memory = true;
  return faults;
}

std::unique_ptr<Device> cpu() {
  auto device = open_device("cpu", {.cpu_threads = 1});
  EXPECT_TRUE(device.ok());
  return std::move(*device);
}

class Notices : public Progress {
 public:
  void report(const ProgressReport&) override {}
  void notice(std::string_view text) override {
    const std::lock_guard lock(mutex_);
    all_ += std::string(text) + "\n";
  }
  bool contain(std::string_view text) {
    const std::lock_guard lock(mutex_);
    return all_.find(text) != all_.npos;
  }

 private:
  std::mutex mutex_;
  std::string all_;
};

// Plots 256 nonces into two folders, with pools of 64 in host memory where a
// device does not gather its own.
class DeviceFeedTest : public testing::Test {
 protected:
  DeviceFeedTest() {
    request_ = {.account_id = 9,
                .start = 100,
                .nonces = 256,
                .folders = {first_.path(), second_.path()},
                .memory_bytes = uint64_t{3} * 64 * kNonceBytes};
  }

  // The device to plot with, and those that are opened when it fails: each with
  // the faults that stand next in the list, the last one again and again.
  Result<PlotReport> plot(std::vector<Faults> faults, bool with_cpu = false) {
    std::vector<std::unique_ptr<Device>> devices;
    devices.push_back(std::make_unique<FakeDevice>(cpu(), faults.front()));
    first_device_ = static_cast<FakeDevice*>(devices.front().get());
    if (with_cpu) devices.push_back(cpu());
    CareOptions care;
    care.reopen = [&](const std::string&) -> Result<std::unique_ptr<Device>> {
      reopened_++;
      const size_t next = std::min(reopened_, faults.size() - 1);
      return std::unique_ptr<Device>(std::make_unique<FakeDevice>(cpu(), faults[next]));
    };
    QUARRY_ASSIGN(const PlotPlan plan, plan_plot(request_, posix_file_system()));
    auto report = run_plot(plan, devices, posix_file_system(), notices_, cancel_, care);
    most_launches_ = first_device_->counts().launches;
    abandoned_ = first_device_->counts().abandoned;
    buffers_ = first_device_->counts().buffers;
    return report;
  }

  void expect_right_bytes() {
    const TempFolder first, second;
    PlotRequest request = request_;
    request.folders = {first.path(), second.path()};
    std::vector<std::unique_ptr<Device>> devices;
    devices.push_back(cpu());
    auto plan = plan_plot(request, posix_file_system());
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    const auto report = run_plot(*plan, devices, posix_file_system(), silent_progress(), cancel_);
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(tests::read_file(first_.file("9_100_128")),
              tests::read_file(first.file("9_100_128")));
    EXPECT_EQ(tests::read_file(second_.file("9_228_128")),
              tests::read_file(second.file("9_228_128")));
  }

  const TempFolder first_, second_;
  PlotRequest request_;
  Notices notices_;
  const Cancel cancel_;
  FakeDevice* first_device_ = nullptr;
  size_t reopened_ = 0;
  uint64_t most_launches_ = 0;
  uint64_t abandoned_ = 0;
  uint64_t buffers_ = 0;
};

TEST_F(DeviceFeedTest, PoolsOnTheDevice) {
  const auto report = plot({gpu()});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->files.size(), 2u);
  // Three pools of hashes, finals and two lanes at least, and none for batches.
  EXPECT_GE(buffers_, 3u * 4);
  expect_right_bytes();
}

// Too little memory for pools there: two slots feed pools in host memory.
TEST_F(DeviceFeedTest, PoolsInHostMemory) {
  const auto report = plot({gpu({.memory_bytes = uint64_t{100} * kNonceBytes})});
  ASSERT_TRUE(report.ok()) << report.status().message();
  expect_right_bytes();
}

TEST_F(DeviceFeedTest, PoolsOnTheDeviceAndInHostMemory) {
  const auto report = plot({gpu()}, true);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_TRUE(report->retired_devices.empty());
  expect_right_bytes();
}

TEST_F(DeviceFeedTest, AFailureCostsPoolsAndARestart) {
  for (const bool gathers : {true, false}) {
    SCOPED_TRACE(gathers ? "gathering" : "through host memory");
    reopened_ = 0;
    Faults faults = gpu({.fail_launch_from = 60});
    if (!gathers) faults.memory_bytes = uint64_t{100} * kNonceBytes;
    Faults good = faults;
    good.fail_launch_from = Faults::kNever;
    const auto report = plot({faults, good});
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(reopened_, 1u);
    EXPECT_EQ(abandoned_, 1u) << "the new one would find its memory taken";
    EXPECT_GE(most_launches_, 60u) << "the fault was to happen";
    EXPECT_TRUE(report->retired_devices.empty());
    EXPECT_TRUE(notices_.contain("is started again"));
    expect_right_bytes();
    std::filesystem::remove(first_.file("9_100_128"));
    std::filesystem::remove(second_.file("9_228_128"));
  }
}

TEST_F(DeviceFeedTest, ThreeFailuresInARowQuarantineIt) {
  const Faults bad = gpu({.fail_launch_from = 5});
  const auto report = plot({bad}, true);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(reopened_, 2u);
  EXPECT_EQ(report->retired_devices.size(), 1u);
  expect_right_bytes();
}

TEST_F(DeviceFeedTest, AloneInQuarantineEndsTheRun) {
  const auto report = plot({gpu({.fail_launch_from = 5})});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.status().code(), Code::kDevice);
  const auto again = plot({gpu()});
  ASSERT_TRUE(again.ok()) << again.status().message();
  expect_right_bytes();
}

TEST_F(DeviceFeedTest, WrongScoopsFromADevicesPoolRetireIt) {
  const auto report = plot({gpu({.wrong_scoops_at = 3, .wrong_scoops = 1})}, true);
  ASSERT_TRUE(report.ok()) << report.status().message();
  ASSERT_EQ(report->retired_devices.size(), 1u);
  EXPECT_GE(report->redone_pools, 1u);
  EXPECT_EQ(reopened_, 0u) << "a device that lies is not asked again";
  expect_right_bytes();
}

// A copy that fails while a writer fetches a pool: its nonces are lost with it.
TEST_F(DeviceFeedTest, ALostPoolIsComputedAgain) {
  Faults faults = gpu();
  faults.fail_read_at = 7;
  const auto report = plot({faults, gpu()});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(reopened_, 1u);
  EXPECT_GE(report->redone_pools, 1u);
  expect_right_bytes();
}

}  // namespace
}  // namespace quarry
