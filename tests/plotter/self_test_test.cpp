#include "plotter/self_test.h"

#include <gtest/gtest.h>

#include "tests/support/fake_device.h"

namespace quarry {
namespace {

TEST(SelfTest, EveryDevicePasses) {
  for (const DeviceInfo& info : list_devices()) {
    auto device = open_device(info.id);
    ASSERT_TRUE(device.ok()) << device.status().message();
    const Status status = self_test(**device);
    EXPECT_TRUE(status.ok()) << status.message();
  }
}

Status self_test_with(const tests::Faults& faults) {
  auto device = open_device("cpu", {.cpu_threads = 1});
  EXPECT_TRUE(device.ok());
  tests::FakeDevice fake(std::move(*device), faults);
  return self_test(fake);
}

TEST(SelfTest, AWrongDeviceFails) {
  EXPECT_TRUE(self_test_with({}).ok());
  EXPECT_TRUE(self_test_with({.hide_shared_memory = true}).ok());
  for (const tests::Faults& faults :
       {tests::Faults{.wrong_scoops_at = 0}, tests::Faults{.fail_launch_from = 0},
        // Only the answer of the scan is wrong.
        tests::Faults{.wrong_read_at = 0}}) {
    const Status status = self_test_with(faults);
    EXPECT_EQ(status.code(), Code::kDevice);
    EXPECT_NE(status.message().find("cpu:"), std::string::npos) << "the device is named";
  }
}

TEST(SelfTest, UnknownDevicesAreNamed) {
  const auto tested = open_tested_devices("cpu,nothing:7", {});
  ASSERT_FALSE(tested.ok());
  EXPECT_EQ(tested.status().code(), Code::kNotFound);
  EXPECT_NE(tested.status().message().find("nothing:7"), std::string::npos);
}

}  // namespace
}  // namespace quarry
