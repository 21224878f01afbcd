// Many rounds of a devnet: who wins, and who is paid what.
#include "tests/scheduler/pool_fixture.h"

namespace quarry::pool {
namespace {

class PoolRounds : public PoolOnDevnet {};

// The chain is the same in every run: its clock stands still but where the test moves
// it, and all keys are fixed.
TEST_F(PoolRounds, BlocksAndPayoutsFollowCapacity) {
  constexpr int kRounds = 45;
  std::vector<TestMiner> miners = {{"a", 1}, {"b", 2}, {"c", 6}};
  join(miners);
  std::map<uint64_t, uint64_t> before, won;
  for (const TestMiner& miner : miners) before[miner.account_id] = balance(miner.account_id);
  const uint64_t pool_before = balance(pool_->account_id());

  for (int round = 0; round < kRounds; round++) {
    won[play(miners)]++;
    const Status kept = keep_books();
    ASSERT_TRUE(kept.ok()) << kept.message();
    expect_balanced();
  }
  // 13.8 is passed by chance once in 1000 (2 degrees of freedom).
  double chi_square = 0;
  for (const TestMiner& miner : miners) {
    const double expected = kRounds * static_cast<double>(miner.plot.size()) / 9;
    const double off = static_cast<double>(won[miner.account_id]) - expected;
    chi_square += off * off / expected;
  }
  EXPECT_LT(chi_square, 13.8) << won[miners[0].account_id] << " " << won[miners[1].account_id]
                              << " " << won[miners[2].account_id];

  // Nobody else mines: the pool's own blocks settle what is under way.
  constexpr uint32_t kOwnBlocks = 6;
  for (uint64_t i = 0; i < kOwnBlocks; i++) {
    node_.mine(pool_, i);
    ASSERT_TRUE(keep_books().ok());
  }
  const Totals totals = *store_->totals();
  uint64_t paid = 0;
  for (const TestMiner& miner : miners) {
    const uint64_t got = balance(miner.account_id) - before[miner.account_id];
    EXPECT_EQ(got, miner_state(miner.account_id).paid_planck);
    paid += got;
    // A few rounds measure little: pool_shares_test.cpp asks for more.
    const double part = static_cast<double>(got) / static_cast<double>(totals.paid);
    EXPECT_NEAR(part / (static_cast<double>(miner.plot.size()) / 9), 1, 0.6) << part;
  }
  EXPECT_EQ(paid, totals.paid) << "the chain says what the books say";
  EXPECT_EQ(totals.rewards, totals.fees + totals.carried + totals.owed + totals.paid);
  EXPECT_EQ(totals.owed + totals.in_payouts, 0u);
  EXPECT_LT(totals.carried, miners.size());
  // What the pool kept: its fees, the remainder, less what payouts cost; and the
  // blocks of its own.
  uint64_t own = 0;
  for (uint32_t height = node_.height() - kOwnBlocks + 1; height <= node_.height(); height++)
    own += upstream_->block(height, never_)->reward_planck;
  EXPECT_EQ(balance(pool_->account_id()),
            pool_before + totals.fees + totals.carried + own - totals.transaction_fees);
}

TEST_F(PoolRounds, WhoLiesEarnsNothing) {
  std::vector<TestMiner> miners = {{"honest", 2}, {"liar", 1}};
  join(miners);
  const uint64_t liar = miners[1].account_id;
  for (int i = 0; i < 5; i++) {
    const Round round = begin_round();
    EXPECT_EQ(judge(claim_of(round, miners[0].best(round))).verdict, Verdict::kAccepted);
    // Everything a plot cannot do: a tiny hit that the nonce does not have.
    Claim lie = claim_of(round, miners[1].best(round));
    lie.deadline = 1 + static_cast<uint64_t>(i);
    const Judgement judgement = judge(lie);
    EXPECT_EQ(judgement.computed, i < 3) << "a nonce is not computed for who is barred";
    EXPECT_EQ(judgement.verdict, i < 2    ? Verdict::kMismatch
                                 : i == 2 ? Verdict::kBanned
                                          : Verdict::kRefused)
        << judgement.words;
    EXPECT_EQ(judgement.words.starts_with("Banned until block"), i >= 2) << judgement.words;
    node_.wait_for_block();
    ASSERT_TRUE(keep_books().ok());
  }
  // In the liar's name from elsewhere the truth still counts.
  const Round round = begin_round();
  EXPECT_EQ(judge(claim_of(round, miners[1].best(round))).verdict, Verdict::kRefused);
  Claim elsewhere = claim_of(round, miners[1].best(round));
  elsewhere.address = "192.0.2.2";
  EXPECT_EQ(miner_state(liar).tally.rounds, 0u);
  EXPECT_EQ(judge(elsewhere).verdict, Verdict::kAccepted);
  EXPECT_GT(store_->totals()->rewards, 0u);
  EXPECT_EQ(miner_state(liar).owed_planck + miner_state(liar).paid_planck, 0u);
}

TEST_F(PoolRounds, OnlyWhatCouldCountIsComputed) {
  std::vector<TestMiner> miners = {{"a", 2}};
  join(miners);
  const Round round = begin_round();
  const Submission best = miners[0].best(round);
  const uint64_t deadline = best.hit / round.base_target;

  Claim stranger = claim_of(round, {tests::keys_of("stranger")->account_id(), 0, 1});
  EXPECT_EQ(judge(stranger).words, "Reward recipient not set to pool");
  Claim stale = claim_of(round, best);
  stale.height = round.height - 1;
  EXPECT_EQ(judge(stale).words, "Submission for another block height");

  Claim claim = claim_of(round, best);
  Judgement judgement = judge(claim);
  EXPECT_TRUE(judgement.computed);
  EXPECT_EQ(judgement.deadline, deadline);
  judgement = judge(claim);
  EXPECT_FALSE(judgement.computed) << "it is known";
  EXPECT_EQ(judgement.deadline, deadline);
  claim.nonce = 1 - best.nonce;
  claim.deadline = best.hit + 1;
  EXPECT_FALSE(judge(claim).computed) << "it could not be the best";
  // Without a claim, or with a divided one, the nonce alone can tell.
  claim.deadline.reset();
  EXPECT_TRUE(judge(claim).computed);
  claim.nonce = best.nonce;
  claim.deadline = deadline;
  begin_round();
  EXPECT_EQ(judge(claim).deadline, deadline);
}

TEST_F(PoolRounds, DeadlinesAboveTheMostAreRefused) {
  std::vector<TestMiner> miners = {{"a", 1}};
  join(miners);
  Round round = begin_round();
  const Submission best = miners[0].best(round);
  round.most_hit = best.hit;
  ASSERT_TRUE(submissions_->begin_round(round, {best.account_id}).ok());
  EXPECT_EQ(judge(claim_of(round, best)).words, "Deadline exceeds maximum allowed deadline");
  Claim silent = claim_of(round, best);
  silent.deadline.reset();
  const Judgement judgement = judge(silent);
  EXPECT_TRUE(judgement.computed);
  EXPECT_EQ(judgement.words, "Deadline exceeds maximum allowed deadline");
}

}  // namespace
}  // namespace quarry::pool
