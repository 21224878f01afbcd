// Single scoops of nonces of many accounts, against golden vectors and the reference.
#include "plotter/nonce_checker.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/hex.h"
#include "tests/reference/poc2_reference.h"
#include "tests/support/devices.h"
#include "tests/support/fake_device.h"
#include "tests/support/vectors.h"

namespace quarry {
namespace {

std::vector<Scoop> compute(NonceChecker& checker, const std::vector<NonceOfAccount>& nonces,
                           uint32_t scoop) {
  std::vector<Scoop> scoops(nonces.size());
  const Cancel cancel;
  const Status status = checker.compute(nonces, scoop, scoops, cancel);
  EXPECT_TRUE(status.ok()) << status.message();
  return scoops;
}

class NonceCheckerTest : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<NonceChecker> open(uint32_t batch) {
    auto checker = NonceChecker::open(*device_, 0, batch);
    EXPECT_TRUE(checker.ok()) << checker.status().message();
    return checker.ok() ? std::move(*checker) : nullptr;
  }

  const std::unique_ptr<Device> device_ = tests::open_or_fail(GetParam());
};

// All of them at once, and the scoops at both ends for one of them.
TEST_P(NonceCheckerTest, GoldenNonces) {
  const auto golden = tests::load_vectors("poc2.json");
  std::vector<NonceOfAccount> nonces;
  for (const auto& vector : golden["nonces"])
    nonces.push_back({std::stoull(vector["account_id"].get<std::string>()),
                      std::stoull(vector["nonce"].get<std::string>())});
  ASSERT_EQ(nonces.size(), 13u);
  const auto checker = open(13);
  ASSERT_NE(checker, nullptr);
  for (const uint32_t scoop : {1234u, 0u, 4095u}) {
    const std::vector<Scoop> scoops = compute(*checker, nonces, scoop);
    for (size_t i = 0; i < nonces.size(); i++)
      EXPECT_EQ(format_hex(scoops[i]),
                golden["nonces"][i]["scoop_" + std::to_string(scoop)].get<std::string>())
          << "nonce " << i;
    nonces.resize(1);
  }
}

// Any nonces around the number at which a second group begins. The checker is used
// again: nothing of the batch before may be left.
TEST_P(NonceCheckerTest, AnyNoncesAgainstTheReference) {
  const uint64_t seed = tests::random_seed();
  SCOPED_TRACE("QUARRY_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const uint32_t lanes = device_->info().interleave;
  const auto checker = open(lanes + 1);
  ASSERT_NE(checker, nullptr);
  EXPECT_GE(checker->batch(), lanes + 1);
  for (const uint32_t count : {lanes + 1, 1u, 0u}) {
    std::vector<NonceOfAccount> nonces(count);
    for (NonceOfAccount& nonce : nonces) nonce = {random(), random()};
    const auto scoop = static_cast<uint32_t>(random() % kScoopsPerNonce);
    const std::vector<Scoop> scoops = compute(*checker, nonces, scoop);
    // The first and the last one, and one between: each takes the reference 0.1 s.
    for (const size_t i : {size_t{0}, size_t{count / 2}, size_t{count} - 1}) {
      if (i >= count) continue;
      const std::vector<std::byte> whole =
          reference::poc2_nonce(nonces[i].account_id, nonces[i].nonce);
      EXPECT_EQ(std::memcmp(scoops[i].data(), &whole[scoop * kScoopBytes], kScoopBytes), 0)
          << "nonce " << i << " of " << count << ", scoop " << scoop;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, NonceCheckerTest, testing::ValuesIn(tests::device_ids()),
                         tests::device_test_name);

// A batch of several buffers, which small devices need, against the same nonces one by
// one.
TEST(NonceChecker, LargestBufferIsSmall) {
  auto real = tests::open_or_fail("cpu");
  const uint32_t lanes = real->info().interleave;
  tests::FakeDevice device(std::move(real), {.max_buffer_bytes = lanes * kNonceBytes});
  auto checker = NonceChecker::open(device, Device::kUnpinnedQueue, 3 * lanes);
  ASSERT_TRUE(checker.ok()) << checker.status().message();
  ASSERT_EQ((*checker)->batch(), 3 * lanes);
  std::mt19937_64 random(7);
  std::vector<NonceOfAccount> nonces(2 * lanes + 1);
  for (NonceOfAccount& nonce : nonces) nonce = {random(), random()};
  const std::vector<Scoop> scoops = compute(**checker, nonces, 99);
  for (const size_t i : {size_t{0}, size_t{lanes} - 1, size_t{lanes}, size_t{2} * lanes})
    EXPECT_EQ(scoops[i], compute(**checker, {nonces[i]}, 99)[0]) << "nonce " << i;
}

TEST(NonceChecker, FailuresComeBack) {
  tests::FakeDevice device(tests::open_or_fail("cpu"), {.fail_launch_from = 1});
  auto checker = NonceChecker::open(device, Device::kUnpinnedQueue, 1);
  ASSERT_TRUE(checker.ok());
  std::vector<Scoop> scoops(1);
  Cancel cancel;
  const NonceOfAccount nonce = {1, 2};
  EXPECT_EQ((*checker)->compute({&nonce, 1}, 0, scoops, cancel).code(), Code::kDevice);

  auto real = tests::open_or_fail("cpu");
  auto cancelled = NonceChecker::open(*real, Device::kUnpinnedQueue, 1);
  ASSERT_TRUE(cancelled.ok());
  cancel.request();
  EXPECT_EQ((*cancelled)->compute({&nonce, 1}, 0, scoops, cancel).code(), Code::kCancelled);
}

}  // namespace
}  // namespace quarry
