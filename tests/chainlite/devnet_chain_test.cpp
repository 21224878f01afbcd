#include "tests/support/devnet_chain.h"

#include <gtest/gtest.h>

#include "chainlite/devnet/chain.h"

namespace quarry::devnet {
namespace {

using signum::kPlanckPerCoin;
using tests::DevnetChain;
using tests::keys_of;

const uint64_t kFaucet = keys_of(kFaucetPassphrase)->account_id();

TEST(DevnetChain, BeginsWithTheFaucetsCoins) {
  DevnetChain devnet;
  EXPECT_EQ(devnet.height(), 0u);
  EXPECT_EQ(devnet.tip().id, devnet.chain->network().genesis_block_id);
  EXPECT_EQ(devnet.account(kFaucet).balance_planck, kFaucetPlanck);
  EXPECT_NE(make_genesis(5).network.genesis_block_id, make_genesis(6).network.genesis_block_id);
}

TEST(DevnetChain, MinedBlocksPayTheirGenerator) {
  DevnetChain devnet;
  const auto miner = keys_of("miner");
  for (uint32_t height = 1; height <= 6; height++) {
    const ChainBlock block = devnet.mine(miner);
    EXPECT_EQ(block.height, height);
    EXPECT_TRUE(signum::verify_signature(block.block, miner->public_key()));
  }
  const Account account = devnet.account(miner->account_id());
  EXPECT_EQ(account.balance_planck, 6 * 10'000 * kPlanckPerCoin);
  EXPECT_EQ(account.forged_planck, account.balance_planck);
  EXPECT_EQ(account.public_key, miner->public_key());
}

TEST(DevnetChain, PaymentsAreConfirmed) {
  DevnetChain devnet;
  const auto faucet = keys_of(kFaucetPassphrase), miner = keys_of("miner");
  const auto payment = devnet.payment(faucet, 77, 5 * kPlanckPerCoin);
  ASSERT_TRUE(devnet.chain->submit(payment).ok());
  ASSERT_TRUE(devnet.chain->submit(payment).ok()) << "it waits already";
  EXPECT_EQ(devnet.waiting(), 1u);
  const ChainBlock block = devnet.mine(miner);
  ASSERT_EQ(block.block.transactions.size(), 1u);
  EXPECT_EQ(devnet.waiting(), 0u);
  EXPECT_EQ(devnet.account(77).balance_planck, 5 * kPlanckPerCoin);
  EXPECT_EQ(devnet.account(kFaucet).balance_planck,
            kFaucetPlanck - 5 * kPlanckPerCoin - payment.fee_planck);
  // A quarter of the fee is cash back, the rest the miner's.
  const uint64_t cash_back = devnet.chain->network().cash_back_id;
  EXPECT_EQ(devnet.account(cash_back).balance_planck, payment.fee_planck / 4);
  EXPECT_EQ(devnet.account(miner->account_id()).balance_planck,
            10'000 * kPlanckPerCoin + payment.fee_planck / 4 * 3);
  // No planck is lost or made: what there is, is the faucet's and the rewards.
  const auto found = devnet.chain->read([&](Ledger& ledger, const Mempool&) {
    return ledger.transaction(signum::id_of(signum::full_hash(payment)));
  });
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->transaction, payment);
  EXPECT_EQ(found->height, 1u);
}

TEST(DevnetChain, SeveralAreSharedOutAndCounted) {
  DevnetChain devnet;
  const auto faucet = keys_of(kFaucetPassphrase);
  auto multi = devnet.draft(signum::MultiOutPayment{{{1, 10}, {2, 20}}});
  multi.amount_planck = 30;
  ASSERT_TRUE(signum::sign(multi, *faucet).ok());
  auto same = devnet.draft(signum::MultiSameOutPayment{{1, 2, 3}});
  same.amount_planck = 300;
  ASSERT_TRUE(signum::sign(same, *faucet).ok());
  ASSERT_TRUE(devnet.chain->submit(multi).ok());
  ASSERT_TRUE(devnet.chain->submit(same).ok());
  devnet.mine(keys_of("miner"));
  EXPECT_EQ(devnet.account(1).balance_planck, 110u);
  EXPECT_EQ(devnet.account(2).balance_planck, 120u);
  EXPECT_EQ(devnet.account(3).balance_planck, 100u);
  const auto of_two = devnet.chain->read(
      [&](Ledger& ledger, const Mempool&) { return ledger.transactions_of(2, {}); });
  EXPECT_EQ(of_two->size(), 2u);
}

// Each way to spend what one does not have, or twice.
TEST(DevnetChain, DoubleSpendsAndReplaysAreRefused) {
  DevnetChain devnet;
  const auto rich = keys_of("rich"), miner = keys_of("miner");
  const uint64_t id = rich->account_id();
  ASSERT_TRUE(
      devnet.chain->submit(devnet.payment(keys_of(kFaucetPassphrase), id, 10 * kPlanckPerCoin))
          .ok());
  devnet.mine(miner);

  const auto refused = [&](const signum::Transaction& transaction) {
    const Status status = devnet.chain->submit(transaction);
    return status.code() == Code::kInvalidArgument ? status.message() : "accepted";
  };
  EXPECT_NE(refused(devnet.payment(rich, 1, 10 * kPlanckPerCoin)).find("Not enough funds"),
            std::string::npos)
      << "the fee is missing";
  const auto first = devnet.payment(rich, 1, 6 * kPlanckPerCoin);
  ASSERT_TRUE(devnet.chain->submit(first).ok());
  EXPECT_NE(refused(devnet.payment(rich, 2, 6 * kPlanckPerCoin)).find("Not enough funds"),
            std::string::npos)
      << "what waits is spent";
  devnet.mine(miner);
  EXPECT_NE(refused(first).find("already"), std::string::npos);
  EXPECT_EQ(devnet.account(id).balance_planck, 4 * kPlanckPerCoin - first.fee_planck);

  auto forged = devnet.payment(rich, 1, kPlanckPerCoin);
  forged.amount_planck++;
  EXPECT_NE(refused(forged).find("signature"), std::string::npos);
  auto other_fork = devnet.draft(signum::Payment());
  other_fork.recipient = 1;
  other_fork.amount_planck = 1;
  other_fork.ec_block_id++;
  ASSERT_TRUE(signum::sign(other_fork, *rich).ok());
  EXPECT_NE(refused(other_fork).find("fork"), std::string::npos);
}

TEST(DevnetChain, WhatMayNotStandInABlock) {
  DevnetChain devnet;
  const auto faucet = keys_of(kFaucetPassphrase);
  const auto refused = [&](auto change) {
    auto transaction = devnet.draft(signum::Payment());
    transaction.recipient = 5;
    transaction.amount_planck = 100;
    change(transaction);
    EXPECT_TRUE(signum::sign(transaction, *faucet).ok());
    return !devnet.chain->submit(transaction).ok();
  };
  EXPECT_TRUE(refused([](auto& t) { t.fee_planck = 999'999; }));
  EXPECT_TRUE(refused([](auto& t) { t.cash_back_id++; }));
  EXPECT_TRUE(refused([](auto& t) { t.version = 1, t.cash_back_id = 0; }));
  EXPECT_TRUE(refused([](auto& t) { t.timestamp += 16; }));
  EXPECT_TRUE(refused([](auto& t) { t.timestamp -= 3601; }));
  EXPECT_TRUE(refused([](auto& t) { t.referenced_full_hash[3] = std::byte{1}; }));
  EXPECT_TRUE(refused([](auto& t) {
    t.message = signum::MessageAppendix{Bytes(1000), false};
  })) << "long appendages cost more";
  EXPECT_FALSE(refused([](auto& t) {
    t.message = signum::MessageAppendix{Bytes(1000), false};
    t.fee_planck = 6'000'000;
  }));
  EXPECT_FALSE(refused([](auto& t) { t.timestamp += 15; }));
}

TEST(DevnetChain, WaitingTransactionsExpire) {
  DevnetChain devnet;
  ASSERT_TRUE(devnet.chain->submit(devnet.payment(keys_of(kFaucetPassphrase), 1, 1)).ok());
  devnet.clock.advance(3601);
  const ChainBlock block = devnet.mine(keys_of("miner"));
  EXPECT_TRUE(block.block.transactions.empty());
  EXPECT_EQ(devnet.waiting(), 0u);
}

TEST(DevnetChain, CommitmentsLockAndCount) {
  DevnetChain devnet;
  const auto miner = keys_of("miner");
  devnet.mine(miner);
  const uint64_t id = miner->account_id();
  auto add = devnet.draft(signum::AddCommitment{9'000 * kPlanckPerCoin});
  ASSERT_TRUE(signum::sign(add, *miner).ok());
  ASSERT_TRUE(devnet.chain->submit(add).ok());
  const ChainBlock with = devnet.mine(miner);
  EXPECT_EQ(devnet.account(id).committed_planck, 9'000 * kPlanckPerCoin);
  EXPECT_EQ(with.commitment, 0u) << "it does not count yet";
  EXPECT_FALSE(devnet.chain->submit(devnet.payment(miner, 1, 15'000 * kPlanckPerCoin)).ok())
      << "committed coins cannot be spent";
  ChainBlock later;
  for (uint32_t i = 0; i <= devnet.chain->network().commitment_wait_blocks; i++)
    later = devnet.mine(miner);
  EXPECT_GT(later.commitment, 0u);

  auto remove = devnet.draft(signum::RemoveCommitment{9'001 * kPlanckPerCoin});
  ASSERT_TRUE(signum::sign(remove, *miner).ok());
  EXPECT_FALSE(devnet.chain->submit(remove).ok()) << "more than is committed";
  remove.attachment = signum::RemoveCommitment{9'000 * kPlanckPerCoin};
  ASSERT_TRUE(signum::sign(remove, *miner).ok());
  ASSERT_TRUE(devnet.chain->submit(remove).ok());
  auto twice = remove;
  twice.deadline_minutes--;
  ASSERT_TRUE(signum::sign(twice, *miner).ok());
  EXPECT_FALSE(devnet.chain->submit(twice).ok()) << "the first one waits";
  devnet.mine(miner);
  EXPECT_EQ(devnet.account(id).committed_planck, 0u);
  EXPECT_EQ(devnet.mine(miner).commitment, 0u);
}

TEST(DevnetChain, RewardsGoWhereTheyAreAssigned) {
  DevnetChain devnet;
  const auto miner = keys_of("miner");
  devnet.mine(miner);
  const uint64_t id = miner->account_id();
  auto assign = devnet.draft(signum::RewardRecipientAssignment());
  assign.recipient = 12345;
  ASSERT_TRUE(signum::sign(assign, *miner).ok());
  EXPECT_FALSE(devnet.chain->submit(assign).ok()) << "12345 has no key in the chain";
  assign.recipient = kFaucet;
  ASSERT_TRUE(signum::sign(assign, *miner).ok());
  ASSERT_TRUE(devnet.chain->submit(assign).ok());
  const uint32_t assigned_at = devnet.mine(miner).height;
  const uint32_t from = assigned_at + devnet.chain->network().reward_recipient_wait_blocks;
  while (devnet.height() + 1 < from) devnet.mine(miner);
  EXPECT_EQ(devnet.account(kFaucet).forged_planck, 0u);

  // From here on the recipient signs, and the miner's own passphrase does not.
  EXPECT_FALSE(devnet.forger->submit(std::nullopt, 0, std::nullopt, miner).ok());
  ASSERT_TRUE(devnet.forger->submit(id, 0, std::nullopt, nullptr).ok());
  const ChainBlock block = devnet.wait_for_block();
  EXPECT_EQ(block.block.generator_id(), id);
  EXPECT_TRUE(signum::verify_signature(block.block, keys_of(kFaucetPassphrase)->public_key()));
  EXPECT_EQ(devnet.account(kFaucet).forged_planck, 10'000 * kPlanckPerCoin);
}

TEST(DevnetChain, NoncesAreRefusedInTheNodesWords) {
  DevnetChain devnet;
  const auto miner = keys_of("miner");
  EXPECT_EQ(devnet.forger->submit(std::nullopt, 0, 7, miner).status().message(),
            "Given block height does not match current blockchain height");
  EXPECT_FALSE(devnet.forger->submit(std::nullopt, 0, std::nullopt, nullptr).ok());
  EXPECT_FALSE(devnet.forger->submit(1234, 0, std::nullopt, nullptr).ok());
  EXPECT_FALSE(devnet.forger->submit(1234, 0, std::nullopt, miner).ok());
  const auto idle = devnet.forger->tick();
  EXPECT_TRUE(idle.ok() && !*idle);
}

// Of two nonces the better one forges.
TEST(DevnetChain, TheBestNonceWins) {
  DevnetChain devnet;
  const auto miner = keys_of("miner");
  std::optional<uint64_t> best;
  uint64_t best_nonce = 0;
  for (const uint64_t nonce : {5u, 3u, 9u}) {
    const uint64_t deadline = *devnet.forger->submit(std::nullopt, nonce, 1, miner);
    if (!best || deadline < *best) best = deadline, best_nonce = nonce;
  }
  EXPECT_EQ(devnet.wait_for_block().block.nonce, best_nonce);
}

TEST(DevnetChain, ARestartLosesNothingThatWasConfirmed) {
  DevnetChain devnet;
  const auto miner = keys_of("miner");
  ASSERT_TRUE(devnet.chain->submit(devnet.payment(keys_of(kFaucetPassphrase), 9, 90)).ok());
  for (int i = 0; i < 3; i++) devnet.mine(miner);
  const ChainBlock before = devnet.tip();
  devnet.open();
  const ChainBlock after = devnet.tip();
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.block, before.block);
  EXPECT_EQ(after.cumulative_difficulty, before.cumulative_difficulty);
  EXPECT_EQ(devnet.account(9).balance_planck, 90u);
  devnet.mine(miner);

  const auto other = Chain::open(devnet.path(), 6, devnet.clock);
  EXPECT_EQ(other.status().code(), Code::kInvalidArgument) << "a chain of other parameters";
}

TEST(DevnetChain, DifficultyFollowsTheCapacity) {
  DevnetChain devnet;
  const auto miner = keys_of("miner");
  // One nonce where the chain begins with sixteen: at most the largest base target.
  for (int i = 0; i < 5; i++) devnet.mine(miner);
  const auto largest = static_cast<float>(devnet.chain->network().max_base_target);
  EXPECT_EQ(devnet.tip().base_target.capacity, static_cast<uint64_t>(largest))
      << "the chain keeps it as a single";
  auto previous = devnet.tip().cumulative_difficulty;
  devnet.mine(miner);
  EXPECT_GT(devnet.tip().cumulative_difficulty, previous);
}

}  // namespace
}  // namespace quarry::devnet
