#include "chainlite/signum/light_client.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "chainlite/signum/block_json.h"
#include "chainlite/signum/sync.h"
#include "tests/support/devnet_node.h"
#include "tests/support/vectors.h"

namespace quarry::signum {
namespace {

using nlohmann::json;
using tests::DevnetNode;
using tests::keys_of;

Block mainnet_genesis() {
  Block genesis;
  genesis.version = -1;
  genesis.payload_hash = sha256(Bytes());
  return genesis;
}

// Blocks that a real node took onto the real genesis: before PoC+ nothing is left
// open.
TEST(LightClient, RealBlocksAreVerified) {
  for (const char* name : {"signum/reality1.json", "signum/reality2.json"}) {
    const std::string path = tests::fixture_path(name);
    if (path.empty()) GTEST_SKIP() << "the fixtures are not here";
    auto client = LightClient::from_genesis(mainnet(), mainnet_genesis());
    ASSERT_TRUE(client.ok()) << client.status().message();
    for (const json& object : json::parse(std::ifstream(path))) {
      const auto verdict = client->append({*block_from_json(object), std::nullopt});
      ASSERT_TRUE(verdict.ok()) << verdict.status().message();
      for (const Check& check : verdict->checks)
        EXPECT_EQ(check.evidence, Evidence::kVerified) << check.what;
    }
    EXPECT_EQ(client->tip().height, 10u);
  }
}

TEST(LightClient, AnotherGenesisIsAnotherChain) {
  Block other = mainnet_genesis();
  other.nonce = 1;
  EXPECT_EQ(LightClient::from_genesis(mainnet(), other).status().code(), Code::kCorrupt);
}

std::vector<PeerBlock> blocks_of(DevnetNode& node) {
  return node.chain->read([](devnet::Ledger& ledger, const devnet::Mempool&) {
    std::vector<PeerBlock> blocks;
    for (uint32_t height = 1; height <= ledger.height(); height++) {
      const auto block = *ledger.block_at(height);
      blocks.push_back({block.block, pack_base_target(block.base_target)});
    }
    return blocks;
  });
}

// A chain with all that decides who may sign and when: commitments that come to
// count and go, reward assignments that come into force.
void live_on(DevnetNode& node) {
  const auto miner = keys_of("miner");
  for (int i = 0; i < 2; i++) node.mine(miner);
  auto add = node.draft(AddCommitment{5'000 * kPlanckPerCoin});
  ASSERT_TRUE(sign(add, *miner).ok());
  ASSERT_TRUE(node.chain->submit(add).ok());
  auto assign = node.draft(RewardRecipientAssignment());
  assign.recipient = keys_of(devnet::kFaucetPassphrase)->account_id();
  ASSERT_TRUE(sign(assign, *miner).ok());
  const auto payment = node.payment(miner, 5, 7);
  ASSERT_TRUE(node.chain->submit(payment).ok());
  // The faucet's key is known, though no block tells it.
  node.mine(miner);
  ASSERT_TRUE(node.chain->submit(assign).ok());
  for (int i = 0; i < 4; i++) node.mine(miner);
  for (int i = 0; i < 4; i++) {
    ASSERT_TRUE(node.forger->submit(miner->account_id(), 1, std::nullopt, nullptr).ok());
    node.wait_for_block();
  }
  auto remove = node.draft(RemoveCommitment{5'000 * kPlanckPerCoin});
  ASSERT_TRUE(sign(remove, *miner).ok());
  ASSERT_TRUE(node.chain->submit(remove).ok());
  for (int i = 0; i < 2; i++) node.mine(keys_of("other"));
}

TEST(LightClient, FromGenesisEverythingIsKnown) {
  DevnetNode node;
  live_on(node);
  const Cancel never;
  const auto http = make_http_client();
  const auto client = NodeClient::open(*http, node.serve());
  const auto chain = identify_chain(*client, never);
  ASSERT_TRUE(chain.ok()) << chain.status().message();
  EXPECT_EQ(chain->network.genesis_block_id, node.chain->network().genesis_block_id);
  uint32_t height = 0;
  const auto last = sync_chain(
      *client, *chain, {},
      [&](const Verdict& verdict, const PeerBlock&) {
        EXPECT_EQ(verdict.header.height, ++height);
        for (const Check& check : verdict.checks)
          EXPECT_EQ(check.evidence, Evidence::kVerified) << height << " " << check.what;
        return Status();
      },
      never);
  ASSERT_TRUE(last.ok()) << last.status().message();
  const devnet::ChainBlock tip = node.tip();
  EXPECT_EQ(last->header.id, tip.id);
  EXPECT_EQ(last->header.base_target, tip.base_target);
  EXPECT_EQ(last->header.cumulative_difficulty, tip.cumulative_difficulty);
}

// What rests on a block that the node told is not called verified.
TEST(LightClient, FromTheMiddleMuchIsAssumed) {
  DevnetNode node;
  live_on(node);
  const Cancel never;
  const auto http = make_http_client();
  const auto client = NodeClient::open(*http, node.serve());
  const auto chain = *identify_chain(*client, never);
  const auto last = sync_chain(
      *client, chain, {8, UINT32_MAX}, [](const auto&, const auto&) { return Status(); }, never);
  ASSERT_TRUE(last.ok()) << last.status().message();
  EXPECT_EQ(last->header.id, node.tip().id);
  EXPECT_EQ(last->evidence(), Evidence::kReported);
  for (const Check& check : last->checks) {
    if (check.what == "payload") {
      EXPECT_EQ(check.evidence, Evidence::kVerified);
    } else if (check.what == "link") {
      EXPECT_EQ(check.evidence, Evidence::kAssumed);
    }
    EXPECT_EQ(check.note.empty(), check.evidence == Evidence::kVerified) << check.what;
  }
  EXPECT_EQ(sync_chain(
                *client, chain, {99, UINT32_MAX}, [](const auto&, const auto&) { return Status(); },
                never)
                .status()
                .code(),
            Code::kRefused)
      << "the node knows no such block";
}

// Each lie about a block is found, also where its generator signs it anew, and the
// client stays where it was.
TEST(LightClient, LiesAreFound) {
  DevnetNode node;
  live_on(node);
  const auto blocks = blocks_of(node);
  const auto client = [&] {
    return *LightClient::from_genesis(node.chain->network(), node.chain->genesis().block);
  };
  const auto refused = [&](size_t index, const std::function<void(Block&)>& lie) {
    for (const char* signer : {"", "miner", "other", "quarry devnet faucet"}) {
      LightClient light = client();
      for (size_t i = 0; i < index; i++) EXPECT_TRUE(light.append(blocks[i]).ok());
      PeerBlock block = blocks[index];
      lie(block.block);
      if (*signer != 0) {
        EXPECT_TRUE(sign(block.block, *keys_of(signer)).ok());
      }
      const auto verdict = light.append(block);
      EXPECT_EQ(light.tip().height, verdict.ok() ? index + 1 : index);
      if (verdict.status().code() != Code::kCorrupt) return false;
    }
    return true;
  };
  EXPECT_TRUE(refused(2, [](Block& b) { b.previous_block++; }));
  EXPECT_TRUE(refused(2, [](Block& b) { b.previous_block_hash[7] ^= std::byte{1}; }));
  EXPECT_TRUE(refused(2, [](Block& b) { b.version = 3; }));
  EXPECT_TRUE(refused(2, [&](Block& b) { b.timestamp = blocks[1].block.timestamp; }));
  EXPECT_TRUE(refused(2, [&](Block& b) { b.timestamp = blocks[1].block.timestamp + 1; }))
      << "too early for its nonce";
  EXPECT_TRUE(refused(2, [](Block& b) { b.generation_signature[1] ^= std::byte{1}; }));
  EXPECT_TRUE(refused(2, [](Block& b) { b.transactions[0].amount_planck++; }));
  EXPECT_TRUE(refused(2, [](Block& b) {
    b.transactions[0].fee_planck++;
    seal_payload(b);
  }));
  EXPECT_TRUE(refused(2, [](Block& b) { b.transactions.pop_back(); }));
  // The rewards are assigned: only the recipient's signature holds from there on.
  EXPECT_TRUE(verify_signature(blocks[8].block, keys_of("quarry devnet faucet")->public_key()));
  LightClient light = client();
  for (size_t i = 0; i < 8; i++) ASSERT_TRUE(light.append(blocks[i]).ok());
  PeerBlock stolen = blocks[8];
  ASSERT_TRUE(sign(stolen.block, *keys_of("miner")).ok());
  EXPECT_EQ(light.append(stolen).status().code(), Code::kCorrupt);
}

TEST(LightClient, InclusionIsInTheBlockOrNot) {
  DevnetNode node;
  live_on(node);
  const auto blocks = blocks_of(node);
  const Block& block = blocks[2].block;
  ASSERT_EQ(block.transactions.size(), 2u);
  const uint64_t id = id_of(full_hash(block.transactions[0]));
  EXPECT_TRUE(verify_inclusion(block, id).ok());
  EXPECT_EQ(verify_inclusion(block, id + 1).code(), Code::kNotFound);
  Block forged = block;
  forged.transactions[0].amount_planck++;
  EXPECT_EQ(verify_inclusion(forged, id).code(), Code::kCorrupt);
}

}  // namespace
}  // namespace quarry::signum
