// quarry device-server: what open_isolated() starts.
#include "host/isolated/isolated_device.h"
#include "tests/e2e/command_line.h"

namespace quarry::tests {
namespace {

TEST_F(CommandLine, DeviceServerServesADevice) {
  auto device = open_isolated("cpu:scalar", {.cpu_threads = 3}, {.program = QUARRY_BINARY});
  ASSERT_TRUE(device.ok()) << device.status().message();
  EXPECT_EQ((*device)->info().id, "cpu:scalar");
  EXPECT_EQ((*device)->info().queues, 3u) << "the options did not arrive";
  auto queue = (*device)->open_queue(Device::kUnpinnedQueue);
  auto hashes = (*device)->allocate(262144);
  ASSERT_TRUE(queue.ok() && hashes.ok());
  const Argument arguments[] = {**hashes, uint64_t{1}, uint64_t{0}, uint64_t{1}, 1u, 0u, 1u};
  EXPECT_TRUE((*queue)->launch("plot_hashes", {.items = 1}, arguments).ok());
  std::vector<std::byte> hash(32);
  EXPECT_TRUE((*queue)->read(**hashes, 262144 - 32, hash).ok());
  EXPECT_TRUE((*queue)->wait().ok());
  EXPECT_NE(hash, std::vector<std::byte>(32));
}

TEST_F(CommandLine, DeviceServerIsNotForPeople) {
  const Outcome outcome = quarry({"device-server", "cpu"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.errors.find("not by hand"), std::string::npos) << outcome.errors;
  EXPECT_EQ(quarry({"--help"}).output.find("device-server"), std::string::npos);
}

}  // namespace
}  // namespace quarry::tests
