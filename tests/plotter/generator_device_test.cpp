// The generator on devices of all shapes: little memory, small buffers, several
// queues, no memory in common with the host.
#include <gtest/gtest.h>

#include <thread>

#include "host/memory.h"
#include "plotter/generator.h"
#include "plotter/poc2.h"
#include "tests/support/devices.h"
#include "tests/support/fake_device.h"

namespace quarry {
namespace {

using tests::FakeDevice;
using tests::Faults;

// Scoops of `range` from queue `queue_index` of the device, as a whole file.
std::vector<std::byte> generate(Device& device, const NonceRange& range, uint32_t queue_index = 0) {
  auto generator =
      NonceGenerator::open(device, {.queue_index = queue_index, .slot_nonces = range.count});
  EXPECT_TRUE(generator.ok()) << generator.status().message();
  std::vector<std::byte> scoops(range.count * kNonceBytes);
  if (!generator.ok()) return scoops;
  Cancel cancel;
  uint32_t done = 0;
  while (done < range.count) {
    NonceRange part = range;
    part.start = range.start + done * range.step;
    part.count = std::min(range.count - done, (*generator)->batch_nonces());
    const Status status =
        (*generator)->generate(part, {scoops.data(), range.count, nullptr}, done, cancel);
    EXPECT_TRUE(status.ok()) << status.message();
    if (!status.ok()) break;
    done += part.count;
  }
  return scoops;
}

std::vector<std::byte> expected(const NonceRange& range) {
  auto cpu = tests::open_or_fail("cpu");
  return generate(*cpu, range);
}

class GeneratorDeviceTest : public testing::TestWithParam<std::string> {};

TEST_P(GeneratorDeviceTest, SeveralBuffersWhereTheLargestIsSmall) {
  auto real = tests::open_or_fail(GetParam());
  const uint32_t lanes = real->info().interleave;
  FakeDevice device(std::move(real),
                    {.max_buffer_bytes = lanes * kNonceBytes + 12345, .hide_shared_memory = true});
  const NonceRange range = {
      .account_id = 0xFEDCBA9876543210, .start = 0xFFFFFFF0, .count = 2 * lanes + 3};
  EXPECT_EQ(generate(device, range), expected(range));
  // Hashes and finals of each chunk, and staging of two lanes.
  const uint32_t chunks = (range.count + lanes - 1) / lanes;
  EXPECT_EQ(device.counts().buffers, 2 * chunks + 2);
  EXPECT_EQ(device.counts().allocated_bytes, 0u);
}

TEST_P(GeneratorDeviceTest, SmallerBatchesWhereMemoryIsShort) {
  auto real = tests::open_or_fail(GetParam());
  const uint32_t lanes = real->info().interleave;
  const uint64_t memory_bytes = lanes * kNonceBytes * 5 / 2;
  FakeDevice device(std::move(real), {.memory_bytes = memory_bytes});
  auto generator = NonceGenerator::open(device, {.slot_nonces = 4 * lanes});
  ASSERT_TRUE(generator.ok()) << generator.status().message();
  EXPECT_LT((*generator)->batch_nonces(), 4 * lanes);
  EXPECT_GE((*generator)->batch_nonces(), lanes);
  EXPECT_LE(device.counts().allocated_bytes, memory_bytes);
}

TEST_P(GeneratorDeviceTest, NoMemoryAtAllIsSaid) {
  FakeDevice device(tests::open_or_fail(GetParam()), {.memory_bytes = 1000});
  const auto generator = NonceGenerator::open(device, {.slot_nonces = 100});
  ASSERT_FALSE(generator.ok());
  EXPECT_EQ(generator.status().code(), Code::kOutOfMemory);
}

TEST_P(GeneratorDeviceTest, TwoQueuesAtOnce) {
  auto device = tests::open_or_fail(GetParam());
  const NonceRange ranges[] = {{.account_id = 1, .start = 5, .count = 3},
                               {.account_id = 2, .start = 6, .count = 2, .step = 9}};
  std::vector<std::byte> scoops[2];
  {
    std::thread first([&] { scoops[0] = generate(*device, ranges[0], 0); });
    std::thread second([&] { scoops[1] = generate(*device, ranges[1], 1); });
    first.join();
    second.join();
  }
  EXPECT_EQ(scoops[0], expected(ranges[0]));
  EXPECT_EQ(scoops[1], expected(ranges[1]));
}

TEST_P(GeneratorDeviceTest, FaultsOfTheDeviceAreSeen) {
  const NonceRange range = {.account_id = 3, .start = 4, .count = 1};
  const std::vector<std::byte> right = expected(range);
  FakeDevice wrong(tests::open_or_fail(GetParam()), {.wrong_scoops_at = 0});
  EXPECT_NE(generate(wrong, range), right);
  EXPECT_EQ(generate(wrong, range), right) << "the fault was to be over";
  FakeDevice failing(tests::open_or_fail(GetParam()), {.fail_launch_from = 2});
  auto generator = NonceGenerator::open(failing, {.slot_nonces = 1});
  ASSERT_TRUE(generator.ok()) << generator.status().message();
  std::vector<std::byte> scoops(kNonceBytes);
  Cancel cancel;
  EXPECT_EQ((*generator)->generate(range, {scoops.data(), 1, nullptr}, 0, cancel).code(),
            Code::kDevice);
}

INSTANTIATE_TEST_SUITE_P(Devices, GeneratorDeviceTest, testing::ValuesIn(tests::device_ids()),
                         tests::device_test_name);

}  // namespace
}  // namespace quarry
