// Hits of scoops in memory: every device against the reference.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/hex.h"
#include "host/memory.h"
#include "plotter/poc2.h"
#include "plotter/scan.h"
#include "tests/reference/poc2_reference.h"
#include "tests/support/devices.h"
#include "tests/support/fake_device.h"
#include "tests/support/vectors.h"

namespace quarry {
namespace {

nlohmann::json golden() { return tests::load_vectors("poc2.json"); }

Round round_of(const std::string& signature, uint64_t height, uint64_t base_target) {
  Round round;
  const auto bytes = parse_hex(signature).value();
  std::copy(bytes.begin(), bytes.end(), round.generation_signature.begin());
  round.height = height;
  round.base_target = base_target;
  return round;
}

Round random_round(std::mt19937_64& random) {
  Round round;
  for (std::byte& byte : round.generation_signature) byte = static_cast<std::byte>(random());
  round.height = random();
  round.base_target = 1;
  return round;
}

void fill_randomly(std::span<std::byte> bytes, std::mt19937_64& random) {
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
}

ScoopScanner::Best best_by_reference(const Round& round, std::span<const std::byte> scoops) {
  ScoopScanner::Best best;
  for (uint64_t i = 0; i < scoops.size() / kScoopBytes; i++) {
    const uint64_t hit =
        reference::hit(round.generation_signature, scoops.subspan(i * kScoopBytes, kScoopBytes));
    if (best.index == UINT64_MAX || hit < best.hit) best = {hit, i};
  }
  return best;
}

TEST(Hit, GoldenDeadlines) {
  const auto vectors = golden();
  size_t checked = 0;
  for (const auto& nonce : vectors["nonces"]) {
    const auto bytes = reference::poc2_nonce(std::stoull(nonce["account_id"].get<std::string>()),
                                             std::stoull(nonce["nonce"].get<std::string>()));
    for (const auto& wanted : nonce["deadlines"]) {
      const Round round = round_of(wanted["gensig"], wanted["height"], wanted["base_target"]);
      EXPECT_EQ(scoop_of(round), wanted["scoop"].get<uint32_t>());
      const std::span<const std::byte> all(bytes);
      const uint64_t hit =
          hit_of(round, all.subspan(scoop_of(round) * kScoopBytes).first<kScoopBytes>());
      EXPECT_EQ(std::to_string(hit), wanted["hit"].get<std::string>());
      EXPECT_EQ(std::to_string(hit / round.base_target), wanted["deadline"].get<std::string>());
      checked++;
    }
  }
  EXPECT_EQ(checked, 39u);
}

TEST(Hit, SignaturesOfTheNode) {
  const auto vectors = golden();
  const auto& node = vectors["signum_node_vectors"];
  const Round round = round_of(vectors["nonces"][0]["deadlines"][0]["gensig"], 500000, 70312);
  const auto nonce = reference::poc2_nonce(UINT64_C(4297397359864028267), 0);
  const uint64_t hit = hit_of(round, std::span<const std::byte>(nonce).first<kScoopBytes>());
  EXPECT_EQ(std::to_string(hit), node["hit_account_4297397359864028267_nonce0_scoop0"]);
  // The signature twice, as if it were a scoop.
  std::array<std::byte, 64> scoop;
  std::copy_n(round.generation_signature.begin(), 32, scoop.begin());
  std::copy_n(round.generation_signature.begin(), 32, scoop.begin() + 32);
  EXPECT_EQ(std::to_string(hit_of(round, scoop)), vectors["hit_gensig_repeated_as_scoop"]);
}

class ScoopScannerTest : public testing::TestWithParam<std::string> {};

// All counts around the widths of vectors and pages, at all alignments.
TEST_P(ScoopScannerTest, AgreesWithTheReference) {
  const uint64_t seed = tests::random_seed();
  SCOPED_TRACE("QUARRY_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto device = tests::open_or_fail(GetParam());
  auto scanner = ScoopScanner::open(*device, 0, 4096);
  ASSERT_TRUE(scanner.ok()) << scanner.status().message();
  auto memory = HostMemory::allocate(1200 * kScoopBytes);
  ASSERT_TRUE(memory.ok());
  fill_randomly(memory->bytes(), random);
  for (const uint64_t skip : {0, 1, 31, 63, 64, 65}) {
    for (const uint64_t count :
         {1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 1000}) {
      const Round round = random_round(random);
      const auto scoops = memory->bytes().subspan(skip * kScoopBytes, count * kScoopBytes);
      const auto best = (*scanner)->scan(round, scoops);
      ASSERT_TRUE(best.ok()) << best.status().message();
      const auto wanted = best_by_reference(round, scoops);
      EXPECT_EQ(best->hit, wanted.hit) << count << " scoops after " << skip;
      EXPECT_EQ(best->index, wanted.index) << count << " scoops after " << skip;
    }
  }
}

TEST_P(ScoopScannerTest, EqualHitsGiveTheFirstScoop) {
  std::mt19937_64 random(7);
  const auto device = tests::open_or_fail(GetParam());
  auto scanner = ScoopScanner::open(*device, 0, 4096);
  ASSERT_TRUE(scanner.ok()) << scanner.status().message();
  auto memory = HostMemory::allocate(300 * kScoopBytes);
  ASSERT_TRUE(memory.ok());
  fill_randomly(memory->bytes(), random);
  const Round round = random_round(random);
  const auto best = best_by_reference(round, memory->bytes());
  for (const uint64_t copy : {3, 70, 133, 299})
    std::memcpy(memory->data() + copy * kScoopBytes, memory->data() + best.index * kScoopBytes,
                kScoopBytes);
  const auto wanted = best_by_reference(round, memory->bytes());
  const auto found = (*scanner)->scan(round, memory->bytes());
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->hit, wanted.hit);
  EXPECT_EQ(found->index, wanted.index);
}

TEST_P(ScoopScannerTest, NoScoopsHaveNoBest) {
  const auto device = tests::open_or_fail(GetParam());
  auto scanner = ScoopScanner::open(*device, 0, 4096);
  ASSERT_TRUE(scanner.ok()) << scanner.status().message();
  const auto best = (*scanner)->scan(Round(), {});
  ASSERT_TRUE(best.ok()) << best.status().message();
  EXPECT_EQ(best->index, UINT64_MAX);
}

INSTANTIATE_TEST_SUITE_P(Devices, ScoopScannerTest, testing::ValuesIn(tests::device_ids()),
                         tests::device_test_name);

// A device with memory of its own, less than what is scanned.
TEST(ScoopScanner, SeveralSteps) {
  std::mt19937_64 random(11);
  tests::FakeDevice device(tests::open_or_fail("cpu"), {.hide_shared_memory = true});
  auto scanner = ScoopScanner::open(device, 0, 64);
  ASSERT_TRUE(scanner.ok()) << scanner.status().message();
  auto memory = HostMemory::allocate(1000 * kScoopBytes);
  ASSERT_TRUE(memory.ok());
  fill_randomly(memory->bytes(), random);
  for (int i = 0; i < 20; i++) {
    const Round round = random_round(random);
    const auto found = (*scanner)->scan(round, memory->bytes());
    ASSERT_TRUE(found.ok()) << found.status().message();
    EXPECT_EQ(found->index, best_by_reference(round, memory->bytes()).index);
  }
  EXPECT_EQ(device.counts().launches, 20u * 16u);
}

}  // namespace
}  // namespace quarry
