#include "plotter/self_test.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "host/memory.h"
#include "plotter/generator.h"
#include "plotter/poc2.h"
#include "tests/support/sha256.h"

namespace quarry {
namespace {

TEST(SelfTest, EveryInstructionSetPasses) {
  for (const DeviceInfo& info : list_devices()) {
    auto device = open_device(info.id);
    ASSERT_TRUE(device.ok()) << device.status().message();
    const Status status = self_test(**device);
    EXPECT_TRUE(status.ok()) << status.message();
  }
}

}  // namespace
}  // namespace quarry
