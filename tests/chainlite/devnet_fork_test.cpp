// Blocks from elsewhere: what a chain takes from another one, and what it refuses.
#include <gtest/gtest.h>

#include <functional>

#include "chainlite/devnet/chain.h"
#include "tests/support/devnet_chain.h"

namespace quarry::devnet {
namespace {

using tests::DevnetChain;
using tests::keys_of;

std::vector<signum::Block> blocks_above(const DevnetChain& devnet, uint32_t height) {
  return devnet.chain->read([&](Ledger& ledger, const Mempool&) {
    std::vector<signum::Block> blocks;
    for (uint32_t i = height + 1; i <= ledger.height(); i++)
      blocks.push_back(ledger.block_at(i)->block);
    return blocks;
  });
}

TEST(DevnetForks, AFollowerTakesEveryBlock) {
  DevnetChain first, second;
  const auto miner = keys_of("miner");
  ASSERT_TRUE(first.chain->submit(first.payment(keys_of(kFaucetPassphrase), 5, 50)).ok());
  for (int i = 0; i < 4; i++) first.mine(miner);
  second.clock.advance(1000);
  for (const auto& block : blocks_above(first, 0)) {
    const Status status = second.chain->append(block);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(second.chain->append(block).ok()) << "it is there already";
  }
  EXPECT_EQ(second.tip().id, first.tip().id);
  EXPECT_EQ(second.tip().cumulative_difficulty, first.tip().cumulative_difficulty);
  EXPECT_EQ(second.account(5).balance_planck, 50u);
}

// Every change to a block is found, also when the liar signs it anew.
TEST(DevnetForks, TamperedBlocksAreRefused) {
  DevnetChain first, second;
  const auto miner = keys_of("miner"), thief = keys_of("thief");
  first.mine(miner);
  ASSERT_TRUE(first.chain->submit(first.payment(keys_of(kFaucetPassphrase), 5, 50)).ok());
  first.mine(miner);
  second.clock.advance(1000);
  const auto blocks = blocks_above(first, 0);
  ASSERT_TRUE(second.chain->append(blocks[0]).ok());

  const auto refused = [&](const std::function<void(signum::Block&)>& change) {
    signum::Block block = blocks[1];
    change(block);
    const Status status = second.chain->append(block);
    EXPECT_EQ(second.height(), 1u);
    return status.code() == Code::kCorrupt ? status.message() : "accepted: " + status.message();
  };
  const auto expect = [&](const char* words, const std::function<void(signum::Block&)>& change) {
    EXPECT_NE(refused(change).find(words), std::string::npos) << words << "; " << refused(change);
    const auto signed_anew = [&](signum::Block& block) {
      change(block);
      EXPECT_TRUE(signum::sign(block, *miner).ok());
    };
    EXPECT_NE(refused(signed_anew).find("block"), std::string::npos);
    EXPECT_EQ(refused(signed_anew).find("accepted"), std::string::npos) << words;
  };
  expect("follow", [](auto& b) { b.previous_block++; });
  expect("follow", [](auto& b) { b.previous_block_hash[0] ^= std::byte{1}; });
  expect("generation signature", [](auto& b) { b.generation_signature[0] ^= std::byte{1}; });
  expect("version", [](auto& b) { b.version = 3; });
  expect("time", [](auto& b) { b.timestamp += 100'000; });
  expect("time", [&](auto& b) { b.timestamp = blocks[0].timestamp; });
  expect("early", [&](auto& b) { b.timestamp = blocks[0].timestamp + 1; });
  expect("automated", [](auto& b) { b.automated_transactions.resize(8); });
  expect("payload", [](auto& b) { b.payload_length++; });
  expect("add up", [](auto& b) { b.total_fee_planck++; });
  expect("hash", [](auto& b) { b.payload_hash[5] ^= std::byte{1}; });
  expect("signature", [](auto& b) {
    b.transactions[0].amount_planck++;
    signum::seal_payload(b);
  });
}

TEST(DevnetForks, ABlockOfSomebodyElsesNonce) {
  DevnetChain first, second;
  first.mine(keys_of("miner"));
  second.clock.advance(1000);
  auto block = blocks_above(first, 0)[0];
  block.generator = keys_of("thief")->public_key();
  ASSERT_TRUE(signum::sign(block, *keys_of("thief")).ok());
  // Either its own deadline for this nonce had passed, and the block is one that
  // it might have forged, or it is refused; the miner's signature never helps.
  block.generator = keys_of("miner")->public_key();
  EXPECT_EQ(second.chain->append(block).code(), Code::kCorrupt);
}

TEST(DevnetForks, TheHeavierForkWins) {
  DevnetChain first, second;
  const auto miner = keys_of("miner"), other = keys_of("other");
  first.mine(miner);
  ASSERT_TRUE(second.chain->append(blocks_above(first, 0)[0]).ok());
  second.clock.advance(first.clock.unix_seconds() - second.clock.unix_seconds());

  // The first mines two blocks with a payment, the second three without.
  const auto payment = first.payment(keys_of(kFaucetPassphrase), 5, 50);
  ASSERT_TRUE(first.chain->submit(payment).ok());
  for (int i = 0; i < 2; i++) first.mine(miner);
  for (int i = 0; i < 3; i++) second.mine(other);
  EXPECT_EQ(first.account(5).balance_planck, 50u);
  ASSERT_GT(second.tip().cumulative_difficulty, first.tip().cumulative_difficulty);

  second.clock.advance(10'000);
  first.clock.advance(10'000);
  const Cancel never;
  const auto lighter = second.chain->adopt(1, blocks_above(first, 1), never);
  ASSERT_TRUE(lighter.ok()) << lighter.status().message();
  EXPECT_FALSE(*lighter);
  EXPECT_EQ(second.height(), 4u);

  const auto heavier = first.chain->adopt(1, blocks_above(second, 1), never);
  ASSERT_TRUE(heavier.ok()) << heavier.status().message();
  EXPECT_TRUE(*heavier);
  EXPECT_EQ(first.tip().id, second.tip().id);
  EXPECT_EQ(first.account(5).balance_planck, 0u) << "the payment is not in this fork";
  EXPECT_EQ(first.account(miner->account_id()).balance_planck,
            second.account(miner->account_id()).balance_planck);
}

TEST(DevnetForks, WhatAForkDroppedWaitsAgain) {
  DevnetChain first, second;
  const auto miner = keys_of("miner");
  const auto payment = first.payment(keys_of(kFaucetPassphrase), 5, 50);
  ASSERT_TRUE(first.chain->submit(payment).ok());
  first.mine(miner);
  for (int i = 0; i < 2; i++) second.mine(keys_of("other"));
  first.clock.advance(1000);
  const Cancel never;
  ASSERT_TRUE(*first.chain->adopt(0, blocks_above(second, 0), never));
  EXPECT_EQ(first.account(5).balance_planck, 0u);
  EXPECT_EQ(first.waiting(), 1u);
  first.mine(miner);
  EXPECT_EQ(first.account(5).balance_planck, 50u);
}

TEST(DevnetForks, AForkWithABadBlockChangesNothing) {
  DevnetChain first, second;
  for (int i = 0; i < 2; i++) first.mine(keys_of("miner"));
  for (int i = 0; i < 4; i++) second.mine(keys_of("other"));
  first.clock.advance(10'000);
  auto branch = blocks_above(second, 0);
  branch[3].timestamp++;
  const auto before = first.tip();
  const Cancel never;
  EXPECT_EQ(first.chain->adopt(0, branch, never).status().code(), Code::kCorrupt);
  EXPECT_EQ(first.tip().id, before.id);
  EXPECT_EQ(first.height(), 2u);
  const auto mined = first.mine(keys_of("miner"));
  EXPECT_EQ(mined.height, 3u);
  first.open();
  EXPECT_EQ(first.tip().id, mined.id) << "and nothing of it is in the file";
}

TEST(DevnetForks, StoppedAndTooDeep) {
  DevnetChain first;
  first.mine(keys_of("miner"));
  const Cancel never;
  EXPECT_EQ(first.chain->adopt(2, {}, never).status().code(), Code::kInvalidArgument);
  Cancel stop;
  stop.request();
  EXPECT_EQ(first.chain->adopt(0, blocks_above(first, 0), stop).status().code(), Code::kCancelled);
}

}  // namespace
}  // namespace quarry::devnet
