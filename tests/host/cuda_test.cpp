// The CUDA backend over the fake driver (tests/support/fake_cuda.cpp), where
// failures can be had at will. device_test and kernel_test run on it too.
#include <gtest/gtest.h>

#include <cstdlib>

#include "host/memory.h"
#include "tests/support/devices.h"

namespace quarry {
namespace {

// Before the driver is loaded.
const bool kFake = setenv("QUARRY_CUDA_LIBRARY", QUARRY_FAKE_CUDA, 1) == 0;

class CudaTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"FAKE_CUDA_DEVICES", "FAKE_CUDA_MEMORY", "FAKE_CUDA_MAX_PITCH",
                             "FAKE_CUDA_FAIL_LAUNCH", "FAKE_CUDA_NO_BINARY"})
      unsetenv(name);
  }

  static Status launch(Queue& queue, Buffer& hashes) {
    const Argument arguments[] = {hashes, uint64_t{1}, uint64_t{2}, uint64_t{1}, 1u, 0u, 2u};
    return queue.launch("plot_hashes", {.items = 1}, arguments);
  }
};

TEST_F(CudaTest, ListsDevices) {
  setenv("FAKE_CUDA_DEVICES", "3", 1);
  const auto ids = parse_device_list("all");
  ASSERT_TRUE(ids.ok());
  for (const char* id : {"cuda:0", "cuda:1", "cuda:2"})
    EXPECT_EQ(std::count(ids->begin(), ids->end(), id), 1) << id;
  auto last = tests::open_or_fail("cuda:2");
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last->info().name, "Fake GPU");
  EXPECT_EQ(last->info().hardware, "pci:0000:66:00");
  EXPECT_EQ(last->info().interleave, 32u);
  EXPECT_EQ(last->info().lane_words, 4u);
  EXPECT_EQ(last->info().multiprocessors, 2u);
  EXPECT_EQ(last->info().group_memory_bytes, 233472u);
  EXPECT_TRUE(last->info().has_watchdog);
  setenv("FAKE_CUDA_DEVICES", "0", 1);
  for (const DeviceInfo& info : list_devices()) EXPECT_NE(info.backend, "cuda");
}

TEST_F(CudaTest, AFailedKernelIsNamedAndStops) {
  setenv("FAKE_CUDA_FAIL_LAUNCH", "1", 1);
  {
    auto device = tests::open_or_fail("cuda:0");
    auto queue = tests::queue_or_fail(*device);
    auto buffer = tests::allocate_or_fail(*device, 32 * 262144);
    ASSERT_STATUS_OK(launch(*queue, *buffer));
    ASSERT_STATUS_OK(queue->wait());
    ASSERT_STATUS_OK(launch(*queue, *buffer));  // fails when it runs
    const Status failure = queue->wait();
    EXPECT_EQ(failure.code(), Code::kDevice);
    for (const char* word : {"plot_hashes", "CUDA_ERROR_LAUNCH_FAILED", "words of the fake"})
      EXPECT_NE(failure.message().find(word), std::string::npos) << failure.message();
    // The same answer from now on, and nothing crashes.
    std::byte byte{};
    EXPECT_EQ(launch(*queue, *buffer).message(), failure.message());
    EXPECT_EQ(queue->read(*buffer, 0, {&byte, 1}).message(), failure.message());
    EXPECT_EQ(queue->wait().message(), failure.message());
    EXPECT_EQ(device->allocate(100).status().code(), Code::kDevice);
    EXPECT_EQ(device->open_queue(1).status().code(), Code::kDevice);
    EXPECT_EQ(device->free_bytes(), 0u);
  }
  unsetenv("FAKE_CUDA_FAIL_LAUNCH");
  auto again = tests::open_or_fail("cuda:0");
  EXPECT_NE(tests::queue_or_fail(*again), nullptr);
}

// As much as the device has, which is more than 48 KiB, and not a byte more.
TEST_F(CudaTest, GroupsGetTheMemoryThatTheDeviceHas) {
  auto device = tests::open_or_fail("cuda:0");
  auto queue = tests::queue_or_fail(*device);
  auto hashes = tests::allocate_or_fail(*device, 32 * 262144);
  for (const char* kernel : {"plot_main", "plot_main_m1", "plot_main_m5"}) {
    const Argument arguments[] = {*hashes, 1u, 128u, 129u, 0u, 2u, 32768u};
    Grid grid = {.items = 1, .group_size = 64, .group_memory_bytes = 232448};
    ASSERT_STATUS_OK(queue->launch(kernel, grid, arguments));
    ASSERT_STATUS_OK(queue->wait());
    grid.group_memory_bytes++;
    const Status refused = queue->launch(kernel, grid, arguments);
    EXPECT_EQ(refused.code(), Code::kInvalidArgument);
    for (const char* word : {kernel, "232448", "232449"})
      EXPECT_NE(refused.message().find(word), std::string::npos) << refused.message();
  }
  // A mistake is not a failure: the queue goes on.
  ASSERT_STATUS_OK(launch(*queue, *hashes));
  ASSERT_STATUS_OK(queue->wait());
}

TEST_F(CudaTest, MemoryThatIsFullIsKnownAtOnce) {
  setenv("FAKE_CUDA_MEMORY", "1000000", 1);
  auto device = tests::open_or_fail("cuda:0");
  EXPECT_EQ(device->info().memory_bytes, 1000000u);
  auto first = tests::allocate_or_fail(*device, 600000);
  EXPECT_EQ(device->free_bytes(), 400000u);
  const auto second = device->allocate(600000);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), Code::kOutOfMemory);
  EXPECT_NE(second.status().message().find("600000"), std::string::npos);
  first.reset();
  EXPECT_NE(tests::allocate_or_fail(*device, 600000), nullptr);
}

TEST_F(CudaTest, GpusThatTheBuildHasNoKernelsForAreExplained) {
  setenv("FAKE_CUDA_NO_BINARY", "1", 1);
  const auto device = open_device("cuda:0");
  ASSERT_FALSE(device.ok());
  EXPECT_EQ(device.status().code(), Code::kUnsupported);
  EXPECT_NE(device.status().message().find("compute capability 9.0"), std::string::npos)
      << device.status().message();
}

TEST_F(CudaTest, RowsFurtherApartThanTheDriverCopies) {
  setenv("FAKE_CUDA_MAX_PITCH", "999", 1);
  auto device = tests::open_or_fail("cuda:0");
  auto queue = tests::queue_or_fail(*device);
  std::vector<std::byte> content(5000), target(5000), expected(5000);
  for (size_t i = 0; i < content.size(); i++) content[i] = static_cast<std::byte>(i * 7);
  auto buffer = tests::allocate_or_fail(*device, content.size());
  ASSERT_STATUS_OK(queue->write(*buffer, 0, content));
  const Rows rows = {
      .buffer_offset = 1, .buffer_pitch = 1000, .host_pitch = 100, .row_bytes = 64, .rows = 5};
  ASSERT_STATUS_OK(queue->read_rows(*buffer, rows, target.data()));
  ASSERT_STATUS_OK(queue->wait());
  for (size_t row = 0; row < 5; row++)
    std::copy_n(&content[1 + row * 1000], 64, &expected[row * 100]);
  EXPECT_EQ(target, expected);
}

TEST_F(CudaTest, PinsMemoryOnceAndUnpinsIt) {
  auto device = tests::open_or_fail("cuda:0");
  auto memory = HostMemory::allocate(8192);
  ASSERT_TRUE(memory.ok());
  {
    auto first = device->wrap(memory->bytes());
    ASSERT_TRUE(first.ok()) << first.status().message();
    EXPECT_EQ(device->wrap(memory->bytes()).status().code(), Code::kUnsupported);
  }
  EXPECT_TRUE(device->wrap(memory->bytes()).ok());
}

// Reads that are under way when a queue goes away end before it does.
TEST_F(CudaTest, AQueueFinishesBeforeItEnds) {
  auto device = tests::open_or_fail("cuda:0");
  auto buffer = tests::allocate_or_fail(*device, 100);
  const std::vector<std::byte> content(100, std::byte{42});
  std::vector<std::byte> target(100);
  {
    auto queue = tests::queue_or_fail(*device);
    ASSERT_STATUS_OK(queue->write(*buffer, 0, content));
    ASSERT_STATUS_OK(queue->read(*buffer, 0, target));
    EXPECT_NE(target, content) << "the fake driver should not have run it yet";
  }
  EXPECT_EQ(target, content);
}

}  // namespace
}  // namespace quarry
