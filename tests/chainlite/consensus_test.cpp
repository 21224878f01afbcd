// The arithmetic of the chain, against golden values, against a table that Java
// computed (tests/reference/ConsensusVectors.java), and against real blocks.
#include "chainlite/signum/consensus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "base/hex.h"
#include "base/sha256.h"
#include "chainlite/signum/block.h"
#include "tests/support/vectors.h"

namespace quarry::signum {
namespace {

const nlohmann::json& golden() {
  static const auto vectors = tests::load_vectors("signum.json")["chain"];
  return vectors;
}

// Rows of a table that Java wrote.
const nlohmann::json& java_rows(const char* table) {
  static const auto vectors = tests::load_vectors("signum_consensus.json");
  return vectors[table]["rows"];
}

uint64_t number(const nlohmann::json& value) {
  return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<uint64_t>();
}

int64_t signed_number(const nlohmann::json& value) { return std::stoll(value.get<std::string>()); }

GenerationSignature signature(const nlohmann::json& hex) {
  auto parsed = parse_hex(hex.get<std::string>());
  GenerationSignature bytes{};
  EXPECT_TRUE(parsed.ok() && parsed->size() == bytes.size());
  std::copy(parsed->begin(), parsed->end(), bytes.begin());
  return bytes;
}

// Of a chain that is like the main net but for its block time.
Network with_block_seconds(uint32_t block_seconds) {
  Network network = mainnet();
  network.block_seconds = block_seconds;
  return network;
}

constexpr uint32_t kSodiumHeight = 800'000;
constexpr uint32_t kPocPlusHeight = 1'000'000;

TEST(SignumConsensus, GoldenGeneratorOfTheNode) {
  const auto& vector = golden()["generatorVectors"];
  const auto gensig = signature(vector["genSig"]);
  const uint64_t account = number(vector["account"]);
  EXPECT_EQ(next_generation_signature(gensig, account), signature(vector["nextGenSig"]));

  const uint32_t scoop = scoop_number(gensig, number(vector["height"]));
  const uint64_t target = number(vector["baseTarget"]);
  const uint64_t value = hit(account, number(vector["nonce"]), scoop, gensig, PocVersion::kPoc2);
  EXPECT_EQ(legacy_deadline(value, target), number(vector["legacyDeadline"]));
  EXPECT_EQ(deadline_seconds(mainnet(), {500'000, value, target, 1}),
            signed_number(vector["legacyDeadline"]));
  EXPECT_EQ(deadline_seconds(mainnet(), {kSodiumHeight, value, target, 1}),
            signed_number(vector["sodiumDeadline"]));
  EXPECT_EQ(deadline_seconds(mainnet(), {kPocPlusHeight, value, target, kMaxCommitmentFactor}),
            signed_number(vector["pocPlusDeadline_factor8"]));
}

TEST(SignumConsensus, GoldenRoundOfOurOwn) {
  const auto& vector = golden()["own"];
  const auto gensig =
      next_generation_signature(signature(vector["prevGenSig"]), number(vector["generator"]));
  EXPECT_EQ(gensig, signature(vector["genSig"]));
  EXPECT_EQ(scoop_number(gensig, number(vector["height"])), number(vector["scoop"]));
}

TEST(SignumConsensus, GoldenPackedBaseTargetAndFactors) {
  const auto& vector = golden()["packedBaseTarget"];
  const uint64_t packed =
      pack_base_target({number(vector["capacity"]), number(vector["averageCommitment"])});
  EXPECT_EQ(packed, number(vector["packed"]));
  auto unpacked = unpack_base_target(packed);
  ASSERT_TRUE(unpacked.ok()) << unpacked.status().message();
  EXPECT_EQ(unpacked->capacity, number(vector["unpackedCapacity"]));
  EXPECT_EQ(unpacked->average_commitment, number(vector["unpackedAverage"]));

  ASSERT_EQ(golden()["commitmentFactor"].size(), 6u);
  for (const auto& row : golden()["commitmentFactor"])
    EXPECT_DOUBLE_EQ(commitment_factor(number(row[0]), number(row[1])), row[2].get<double>());
}

TEST(SignumConsensus, DeadlinesAsJavaComputesThem) {
  ASSERT_EQ(java_rows("deadlines").size(), 150u);
  for (const auto& row : java_rows("deadlines")) {
    SCOPED_TRACE(row.dump());
    const uint64_t value = number(row[0]), target = number(row[1]);
    const Network network = with_block_seconds(static_cast<uint32_t>(number(row[4])));
    EXPECT_EQ(legacy_deadline(value, target), number(row[5]));
    const int64_t sodium = signed_number(row[6]);
    EXPECT_EQ(deadline_seconds(network, {kSodiumHeight, value, target, 1}), sodium);
    const double factor = commitment_factor(number(row[2]), number(row[3]));
    EXPECT_DOUBLE_EQ(factor, row[7].get<double>());
    const DeadlineInput input{kPocPlusHeight, value, target, factor};
    const int64_t deadline = signed_number(row[8]);
    EXPECT_EQ(deadline_seconds(network, input), deadline);
    // Strictly more must have passed.
    EXPECT_EQ(check_deadline(network, input, deadline), DeadlineCheck::kTooEarly);
    EXPECT_EQ(check_deadline(network, input, deadline + 1), DeadlineCheck::kInTime);
    // What a client may ask for that knows no commitment.
    EXPECT_LE(deadline_seconds(network, {kPocPlusHeight, value, target, kMaxCommitmentFactor}),
              deadline);
  }
}

TEST(SignumConsensus, DeadlinesAtTheEdges) {
  const Network& network = mainnet();
  // Nothing to take a logarithm of, and a logarithm of 0.
  for (const uint32_t height : {uint32_t{1}, kSodiumHeight, kPocPlusHeight}) {
    EXPECT_EQ(deadline_seconds(network, {height, 99, 100, 0.5}), 0);
    EXPECT_EQ(check_deadline(network, {height, 99, 100, 0.5}, 0), DeadlineCheck::kTooEarly);
    EXPECT_EQ(check_deadline(network, {height, 99, 100, 0.5}, 1), DeadlineCheck::kInTime);
  }
  EXPECT_EQ(deadline_seconds(network, {kSodiumHeight, 100, 100, 1}), 0);
  EXPECT_EQ(deadline_seconds(network, {kPocPlusHeight, 100, 100, 8}), -91);
  // Exact where no logarithm is taken, and for what is no signed number.
  EXPECT_EQ(deadline_seconds(network, {1, (uint64_t{1} << 62) + 1, 1, 1}), (int64_t{1} << 62) + 1);
  EXPECT_EQ(deadline_seconds(network, {kSodiumHeight, UINT64_MAX, 1, 1}), INT64_MAX);
  EXPECT_EQ(deadline_seconds(network, {kPocPlusHeight, UINT64_MAX, 1, 1}), 1942);
  // The first blocks of each rule.
  EXPECT_EQ(deadline_seconds(network, {764'999, 24'000, 100, 1}), 240);
  EXPECT_EQ(deadline_seconds(network, {765'000, 24'000, 10, 1}), 340);
  EXPECT_EQ(deadline_seconds(network, {877'999, 24'000, 10, 8}), 340);
  EXPECT_EQ(deadline_seconds(network, {878'000, 24'000, 10, 8}), 249);
  // A chain of one block a second has no logarithm to divide by.
  EXPECT_EQ(deadline_seconds(devnet_network(1), {1, UINT64_MAX, 1, 0.125}), 0);
}

// 240 s of legacy deadline stay 240 s, but for the last place of the logarithm: that
// is the boundary on which nobody can tell.
TEST(SignumConsensus, DeadlinesOnTheBoundaryAreInconclusive) {
  const DeadlineInput input{kPocPlusHeight, 24'000, 100, 1};
  EXPECT_EQ(check_deadline(mainnet(), input, 239), DeadlineCheck::kTooEarly);
  EXPECT_EQ(check_deadline(mainnet(), input, 240), DeadlineCheck::kInconclusive);
  EXPECT_EQ(check_deadline(mainnet(), input, 241), DeadlineCheck::kInTime);
}

TEST(SignumConsensus, PackingAsJavaDoesIt) {
  ASSERT_EQ(java_rows("packed").size(), 100u);
  for (const auto& row : java_rows("packed")) {
    SCOPED_TRACE(row.dump());
    const uint64_t packed = pack_base_target({number(row[0]), number(row[1])});
    EXPECT_EQ(packed, number(row[2]));
    auto unpacked = unpack_base_target(packed);
    ASSERT_TRUE(unpacked.ok()) << unpacked.status().message();
    EXPECT_EQ(*unpacked, (BaseTarget{number(row[3]), number(row[4])}));
    EXPECT_EQ(pack_base_target(*unpacked), packed);
  }
}

TEST(SignumConsensus, PackedNumbersThatAreNoneAreRefused) {
  constexpr uint32_t kOne = 0x3F800000;  // 1.0f
  for (const uint32_t part : {0u, 0x80000000u, 0xBF800000u /* -1 */, 0x3F7FFFFFu /* below 1 */,
                              0x7F800000u /* infinite */, 0x7FC00000u /* no number */, 0xFFFFFFFFu,
                              0x5F000000u /* 2^63 */, 1u}) {
    EXPECT_EQ(unpack_base_target(uint64_t{part} << 32 | kOne).status().code(), Code::kCorrupt);
    EXPECT_EQ(unpack_base_target(uint64_t{kOne} << 32 | part).status().code(), Code::kCorrupt);
  }
  EXPECT_EQ(*unpack_base_target(uint64_t{kOne} << 32 | 0x5EFFFFFF),
            (BaseTarget{0x7FFFFF8000000000, 1}));
  // A plain base target is no packed one: its upper half is next to 0.
  EXPECT_FALSE(unpack_base_target(mainnet().initial_base_target).ok());
}

TEST(SignumConsensus, BaseTargetsAndDifficultiesAsJavaComputesThem) {
  ASSERT_EQ(java_rows("targets").size(), 120u);
  for (const auto& row : java_rows("targets")) {
    SCOPED_TRACE("height " + row[0].dump() + ", timestamp " + row[1].dump());
    std::vector<PastBlock> past;
    for (const auto& block : row[2])
      past.push_back({block[0].get<int64_t>(), block[1].get<uint64_t>()});
    const auto height = static_cast<uint32_t>(number(row[0]));
    ASSERT_EQ(base_target_window(mainnet(), height), past.size());
    // More of the past than is wanted changes nothing.
    past.push_back({0, 1});
    const BlockTarget next = next_base_target(
        mainnet(),
        {height, signed_number(row[1]), past, number(row[3]), number(row[4]), number(row[5])});
    EXPECT_EQ(next.base_target, (BaseTarget{number(row[6]), number(row[7])}));
    if (height < mainnet().activations.poc_plus) {
      EXPECT_EQ(next.difficulty.text(), row[8]);
    } else {  // pow may differ in the last place
      const double java = std::stod(row[8].get<std::string>());
      EXPECT_NEAR(std::stod(next.difficulty.text()), java, 1 + java * 4e-16);
    }
  }
}

// The windows reach back to the genesis block and no further, and the first blocks
// have none.
TEST(SignumConsensus, TheFirstBlocks) {
  for (uint32_t height = 1; height < 60; height++) {
    EXPECT_EQ(base_target_window(mainnet(), height), height < 4 ? 0u : 4u);
    EXPECT_EQ(base_target_window(devnet_network(10), height),
              height < 4 ? 0u : std::min(height, 24u));
  }
  EXPECT_EQ(base_target_window(mainnet(), 2699), 4u);
  EXPECT_EQ(base_target_window(mainnet(), 2700), 24u);
  const BlockTarget first = next_base_target(mainnet(), {1, 114'723'912, {}, 0, 0, 0});
  EXPECT_EQ(first.base_target, genesis_base_target(mainnet()));
  EXPECT_EQ(first.base_target, (BaseTarget{18'325'193'796, 100'000'000'000}));
  EXPECT_EQ(first.difficulty.text(), "1006632960");
  EXPECT_EQ(past_commitment_height(mainnet(), 1439), 0u);
  EXPECT_EQ(past_commitment_height(mainnet(), 1441), 1u);
}

// A chain whose blocks come every T seconds keeps its base target; one whose blocks
// come in no time lowers it until they do not.
TEST(SignumConsensus, ADevnetFindsItsPace) {
  for (const uint32_t seconds : {1u, 4u, 10u, 240u}) {
    SCOPED_TRACE(seconds);
    const Network network = devnet_network(seconds);
    const BaseTarget genesis = genesis_base_target(network);
    EXPECT_NEAR(static_cast<double>(genesis.capacity), 0x1p64 / (16.0 * seconds), 0x1p64 * 1e-7);
    for (const uint32_t pace : {seconds, 4 * seconds, uint32_t{0}}) {
      // Newest first; no block takes less than a second.
      std::vector<PastBlock> past = {{0, genesis.capacity}};
      uint64_t average = genesis.average_commitment;
      Difficulty sum;
      for (uint32_t height = 1; height < 100; height++) {
        const int64_t timestamp = past[0].timestamp + std::max(1u, pace);
        const BlockTarget next =
            next_base_target(network, {height, timestamp, past, 0, average, average});
        past.insert(past.begin(), {timestamp, next.base_target.capacity});
        average = next.base_target.average_commitment;
        EXPECT_GT(sum + next.difficulty, sum);
        sum = sum + next.difficulty;
        EXPECT_LE(static_cast<double>(next.base_target.capacity),
                  static_cast<double>(network.max_base_target) * (1 + 1e-7));
      }
      // Nobody commits: the average falls towards its least, slowly.
      EXPECT_LT(average, genesis.average_commitment / 2);
      EXPECT_GE(average, kPlanckPerCoin);
      if (pace == 0 && seconds > 1)
        EXPECT_LT(past[0].capacity_base_target, genesis.capacity / 100);
      else
        EXPECT_NEAR(static_cast<double>(past[0].capacity_base_target),
                    static_cast<double>(genesis.capacity),
                    static_cast<double>(genesis.capacity) * 1e-6);
    }
  }
}

TEST(SignumConsensus, CommitmentsAsJavaComputesThem) {
  ASSERT_EQ(java_rows("commitments").size(), 120u);
  for (const auto& row : java_rows("commitments")) {
    SCOPED_TRACE(row.dump());
    const auto count = [&](size_t i) { return static_cast<uint32_t>(number(row[i])); };
    EXPECT_EQ(commitment_per_capacity(mainnet(), count(0), number(row[1]), number(row[2]),
                                      {count(3), count(4), count(5)}),
              number(row[6]));
  }
}

// At the initial base target a forger of every block has, by the estimate, what the
// whole network has.
TEST(SignumConsensus, CommitmentsOfADevnetCountItsOwnUnit) {
  const Network network = devnet_network(10);
  const uint64_t all = commitment_per_capacity(network, 1000, network.initial_base_target,
                                               1'000'000'000, {359, 1000, 1000});
  EXPECT_EQ(all, 1'000'000'000u);  // 546 thousandths count as 1000
  const uint64_t tenth = commitment_per_capacity(network, 1000, network.initial_base_target / 10,
                                                 1'000'000'000, {359, 1000, 1000});
  EXPECT_EQ(tenth, 1'000'000'000u / 5464 * 1000);
}

TEST(SignumConsensus, RewardsAsJavaComputesThem) {
  ASSERT_EQ(java_rows("rewards").size(), 184u);
  EXPECT_EQ(block_reward(mainnet(), 0), 0u);
  for (const auto& row : java_rows("rewards"))
    EXPECT_EQ(block_reward(mainnet(), static_cast<uint32_t>(number(row[0]))), number(row[1]))
        << row.dump();
  EXPECT_EQ(block_reward(mainnet(), UINT32_MAX), 100 * kPlanckPerCoin);
}

TEST(SignumConsensus, DifficultiesAsText) {
  constexpr const char* kLargest = "340282366920938463463374607431768211455";
  for (const std::string text : {"0", "7", "18446744073709551616", kLargest})
    EXPECT_EQ(Difficulty::parse(text)->text(), text);
  EXPECT_EQ(Difficulty::parse("0000000000000000000000000000000000000000000012")->text(), "12");
  for (const char* text :
       {"", "-1", "+1", " 1", "1.0", "0x1", "1e3", "340282366920938463463374607431768211456",
        "3402823669209384634633746074317682114550"}) {
    auto parsed = Difficulty::parse(text);
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument) << text;
  }
  const Difficulty largest = *Difficulty::parse(kLargest), one(1);
  EXPECT_LT(one, largest);
  EXPECT_EQ((one + one).text(), "2");
  EXPECT_EQ(largest + one, largest);  // never wraps
  EXPECT_EQ((Difficulty(UINT64_MAX) + one).text(), "18446744073709551616");
}

TEST(SignumConsensus, WhatHoldsAtWhichHeight) {
  const Network& network = mainnet();
  EXPECT_EQ(network.poc_version(501'999), PocVersion::kPoc1);
  EXPECT_EQ(network.poc_version(502'000), PocVersion::kPoc2);
  // Versions change one block late: the node looks at the block before.
  EXPECT_EQ(network.block_version(0), -1);
  EXPECT_EQ(network.block_version(1), 3);
  EXPECT_EQ(network.block_version(1'029'000), 3);
  EXPECT_EQ(network.block_version(1'029'001), 4);
  EXPECT_EQ(network.transaction_version(11'800), 0);
  EXPECT_EQ(network.transaction_version(11'801), 1);
  EXPECT_EQ(network.transaction_version(1'029'000), 1);
  EXPECT_EQ(network.transaction_version(1'029'001), 2);
  EXPECT_EQ(network.max_payload_bytes(499'999), 44'880u);
  EXPECT_EQ(network.max_payload_bytes(500'000), 179'520u);
  EXPECT_EQ(network.max_payload_bytes(1'029'000), 375'360u);
  EXPECT_EQ(network.max_transactions(1'029'000), 2'040u);
  // What a parser lets pass is what the largest blocks may hold.
  EXPECT_EQ(network.max_payload_bytes(1'029'000), kMostPayloadBytes);
  EXPECT_EQ(network.max_transactions(1'029'000), kMostBlockTransactions);
  EXPECT_EQ(network.fee_quant(499'999), kPlanckPerCoin);
  EXPECT_EQ(network.fee_quant(500'000), 735'000u);
  EXPECT_EQ(network.minimum_fee(900'000, 1000), 735'000u);
  EXPECT_EQ(network.minimum_fee(941'100, 1000), 6 * 735'000u);
  EXPECT_EQ(network.minimum_fee(1'029'000, 175), 1'000'000u);
  EXPECT_EQ(network.minimum_fee(1'029'000, 176), 2'000'000u);
  EXPECT_EQ(network.commitment_wait(1'028'999), 60u);
  EXPECT_EQ(network.commitment_wait(1'029'000), 1440u);
  EXPECT_EQ(network.average_commitment_window(941'099), 24u);
  EXPECT_EQ(network.average_commitment_window(941'100), 96u);

  const Network devnet = devnet_network(10);
  EXPECT_EQ(devnet.poc_version(1), PocVersion::kPoc2);
  EXPECT_EQ(devnet.block_version(1), 4);
  EXPECT_EQ(devnet.transaction_version(1), 2);
  EXPECT_EQ(devnet.fee_quant(1), 1'000'000u);
  EXPECT_EQ(devnet.commitment_wait(0), 3u);
  EXPECT_EQ(devnet.average_commitment_window(1), 96u);
  EXPECT_EQ(devnet.address_prefix, "TS");
  EXPECT_EQ(devnet_network(1).initial_base_target, uint64_t{1} << 60);
}

// Ten real blocks on the real genesis block: every generation signature follows from
// the block before, and every nonce forged in time, at base targets that the rule of
// the first days gives.
class RealRounds : public testing::TestWithParam<const char*> {};

TEST_P(RealRounds, FollowFromOneAnother) {
  const std::string path = tests::fixture_path(std::string("signum/") + GetParam());
  if (path.empty()) GTEST_SKIP() << "the fixture " << GetParam() << " is not on this machine";
  const auto blocks = nlohmann::json::parse(std::ifstream(path));
  ASSERT_EQ(blocks.size(), 10u);

  GenerationSignature gensig{};
  ByteArray<32> public_key{};  // of the genesis block
  std::vector<PastBlock> past = {{0, genesis_base_target(mainnet()).capacity}};
  for (uint32_t height = 1; height <= blocks.size(); height++) {
    SCOPED_TRACE("height " + std::to_string(height));
    const auto& block = blocks[height - 1];
    gensig = next_generation_signature(gensig, load_le<uint64_t>(sha256(public_key)));
    EXPECT_EQ(gensig, signature(block["generationSignature"]));

    public_key = signature(block["generatorPublicKey"]);
    const uint64_t generator = load_le<uint64_t>(sha256(public_key));
    const uint32_t scoop = scoop_number(gensig, height);
    const uint64_t value =
        hit(generator, number(block["nonce"]), scoop, gensig, mainnet().poc_version(height));
    if (height <= 3) {
      EXPECT_EQ(scoop, golden()["firstBlocks"][height - 1]["scoop"]);
      EXPECT_EQ(legacy_deadline(value, past[0].capacity_base_target),
                number(golden()["firstBlocks"][height - 1]["legacyDeadline"]));
    }
    const auto timestamp = block["timestamp"].get<int64_t>();
    EXPECT_EQ(check_deadline(mainnet(), {height, value, past[0].capacity_base_target, 1},
                             timestamp - past[0].timestamp),
              DeadlineCheck::kInTime);
    const BlockTarget next = next_base_target(mainnet(), {height, timestamp, past, 0, 0, 0});
    past.insert(past.begin(), {timestamp, next.base_target.capacity});
  }
}

INSTANTIATE_TEST_SUITE_P(SignumConsensus, RealRounds,
                         testing::Values("reality1.json", "reality2.json"),
                         [](const auto& info) { return std::string(info.param, 8); });

}  // namespace
}  // namespace quarry::signum
