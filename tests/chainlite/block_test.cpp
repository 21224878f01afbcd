#include "chainlite/signum/block.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/hex.h"
#include "chainlite/signum/block_json.h"
#include "tests/support/vectors.h"

namespace quarry::signum {
namespace {

using nlohmann::json;

KeyPair keys_of(std::string_view passphrase) {
  return KeyPair::from_passphrase(Secret::copy_of(passphrase));
}

TEST(Blocks, GenesisOfTheMainNetwork) {
  Block genesis;
  genesis.version = -1;
  genesis.payload_hash = sha256(Bytes());
  EXPECT_EQ(block_bytes(genesis).size(), 232u);
  EXPECT_EQ(block_id(block_hash(genesis)), 3444294670862540038u);
}

// Blocks that a real node took onto the real genesis.
class RealBlocks : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string path = tests::fixture_path(std::string("signum/") + GetParam());
    if (path.empty()) GTEST_SKIP() << "the fixtures are not here";
    for (const json& object : json::parse(std::ifstream(path))) {
      auto block = block_from_json(object);
      ASSERT_TRUE(block.ok()) << block.status().message();
      blocks_.push_back(std::move(*block));
    }
    ASSERT_EQ(blocks_.size(), 10u);
  }

  std::vector<Block> blocks_;
};

TEST_P(RealBlocks, LinksPayloadsAndSignatures) {
  Block genesis;
  genesis.version = -1;
  genesis.payload_hash = sha256(Bytes());
  Hash256 previous = block_hash(genesis);
  for (const Block& block : blocks_) {
    EXPECT_EQ(block.previous_block_hash, previous);
    EXPECT_EQ(block.previous_block, block_id(previous));
    EXPECT_TRUE(check_payload(block).ok()) << check_payload(block).message();
    EXPECT_TRUE(verify_signature(block, block.generator));
    EXPECT_FALSE(verify_signature(block, keys_of("another").public_key()));
    previous = block_hash(block);
  }
}

TEST_P(RealBlocks, BytesAndBack) {
  for (Block block : blocks_) {
    const Bytes bytes = block_bytes(block);
    auto parsed = parse_block(bytes);
    ASSERT_TRUE(parsed.ok());
    parsed->transactions = block.transactions;
    EXPECT_EQ(*parsed, block);
    for (size_t length = 0; length < bytes.size(); length += 7)
      EXPECT_FALSE(parse_block(std::span(bytes).first(length)).ok());
  }
}

TEST_P(RealBlocks, JsonAndBack) {
  for (const Block& block : blocks_)
    EXPECT_EQ(*block_from_json(json::parse(block_to_json(block, 1).dump())), block);
}

INSTANTIATE_TEST_SUITE_P(, RealBlocks, testing::Values("reality1.json", "reality2.json"),
                         [](const auto& info) { return std::string(info.param, 8); });

Block sample() {
  const KeyPair keys = keys_of("generator");
  Block block;
  block.timestamp = 1000;
  block.generator = keys.public_key();
  for (uint64_t i = 1; i <= 5; i++) {
    Transaction transaction;
    transaction.attachment = Payment();
    transaction.recipient = i;
    transaction.amount_planck = i;
    transaction.fee_planck = 1'000'000;
    EXPECT_TRUE(sign(transaction, keys).ok());
    block.transactions.push_back(transaction);
  }
  seal_payload(block);
  EXPECT_TRUE(sign(block, keys).ok());
  return block;
}

TEST(Blocks, SealedBlocksHold) {
  const Block block = sample();
  EXPECT_TRUE(check_payload(block).ok()) << check_payload(block).message();
  EXPECT_EQ(block.total_amount_planck, 15u);
  EXPECT_EQ(block.payload_length, 5u * 184);
  EXPECT_TRUE(verify_signature(block, block.generator));
}

TEST(Blocks, AnyChangeIsSeen) {
  const Block good = sample();
  const auto refused = [&](auto change) {
    Block block = good;
    change(block);
    return !check_payload(block).ok() || !verify_signature(block, good.generator);
  };
  EXPECT_FALSE(refused([](Block&) {}));
  EXPECT_TRUE(refused([](Block& b) { b.timestamp++; }));
  EXPECT_TRUE(refused([](Block& b) { b.version = 3; }));
  EXPECT_TRUE(refused([](Block& b) { b.nonce++; }));
  EXPECT_TRUE(refused([](Block& b) { b.previous_block++; }));
  EXPECT_TRUE(refused([](Block& b) { b.previous_block_hash[0] ^= std::byte{1}; }));
  EXPECT_TRUE(refused([](Block& b) { b.generation_signature[31] ^= std::byte{1}; }));
  EXPECT_TRUE(refused([](Block& b) { b.automated_transactions.push_back(std::byte{0}); }));
  EXPECT_TRUE(refused([](Block& b) { b.payload_length++; }));
  EXPECT_TRUE(refused([](Block& b) { b.total_fee_planck++; }));
  EXPECT_TRUE(refused([](Block& b) { std::swap(b.transactions[0], b.transactions[1]); }));
  EXPECT_TRUE(refused([](Block& b) { b.transactions.push_back(b.transactions.back()); }));
  EXPECT_TRUE(refused([](Block& b) { b.transactions.pop_back(); }));
  EXPECT_TRUE(refused([](Block& b) { b.transactions[2].amount_planck++; }));
  // A payload that fits its own header, under a signature of another header.
  EXPECT_TRUE(refused([](Block& b) {
    b.transactions.pop_back();
    seal_payload(b);
  }));
  // A forged transaction in a block that is sealed and signed anew.
  Block forged = good;
  forged.transactions[0].signature[0] ^= std::byte{1};
  seal_payload(forged);
  ASSERT_TRUE(sign(forged, keys_of("generator")).ok());
  EXPECT_EQ(check_payload(forged).code(), Code::kCorrupt);
}

TEST(Blocks, JsonThatLies) {
  const json good = block_to_json(sample(), 7);
  ASSERT_TRUE(block_from_json(good).ok());
  for (const auto& [name, unused] : good.items()) {
    if (name == "baseTarget" || name == "blockATs") continue;  // not believed; may be missing
    for (const json& value :
         {json(), json(-1), json("x"), json(std::string(1000, 'f')), json::object(), json(1e300)}) {
      // A version, and totals, may be any number here; check_payload decides.
      if (name == "version" && value == -1) continue;
      if (name == "timestamp" && value == -1) continue;
      json object = good;
      object[name] = value;
      EXPECT_FALSE(block_from_json(object).ok()) << name << " = " << value;
    }
  }
  json many = good;
  many["transactions"] = json::array();
  for (size_t i = 0; i <= kMostBlockTransactions; i++) many["transactions"].push_back(nullptr);
  EXPECT_EQ(block_from_json(many).status().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace quarry::signum
