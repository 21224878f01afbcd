// Whole nonces from every device, against golden vectors.
#include "plotter/generator.h"

#include <gtest/gtest.h>

#include "host/memory.h"
#include "plotter/poc2.h"
#include "tests/support/devices.h"
#include "tests/support/sha256.h"
#include "tests/support/vectors.h"

namespace quarry {
namespace {

class GeneratorTest : public testing::TestWithParam<std::string> {};

TEST_P(GeneratorTest, GoldenNonces) {
  auto device = open_device(GetParam());
  ASSERT_TRUE(device.ok()) << device.status().message();
  auto generator = NonceGenerator::open(**device, {.slot_nonces = 1});
  ASSERT_TRUE(generator.ok()) << generator.status().message();
  const auto golden = tests::load_vectors("poc2.json");
  ASSERT_EQ(golden["nonces"].size(), 13u);
  for (const auto& vector : golden["nonces"]) {
    auto memory = HostMemory::allocate(kNonceBytes);
    ASSERT_TRUE(memory.ok());
    NonceRange range;
    range.account_id = std::stoull(vector["account_id"].get<std::string>());
    range.start = std::stoull(vector["nonce"].get<std::string>());
    range.count = 1;
    const ScoopBlock block = {memory->data(), 1, nullptr};
    Cancel cancel;
    Status status = (*generator)->generate(range, block, 0, cancel);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(tests::sha256_hex(memory->bytes()), vector["sha256_poc2"].get<std::string>());
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, GeneratorTest, testing::ValuesIn(tests::device_ids()),
                         tests::device_test_name);

}  // namespace
}  // namespace quarry
