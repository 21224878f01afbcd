// The pool's books by themselves: what they keep over a restart, and that money only
// moves.
#include <gtest/gtest.h>

#include "scheduler/pool/store.h"
#include "tests/support/temp_folder.h"

namespace quarry::pool {
namespace {

constexpr uint64_t kPool = 77;
constexpr uint32_t kWindow = 12;
constexpr uint64_t kBig = uint64_t{1} << 63;  // ids and hits use all 64 bits

Round round_at(uint32_t height, uint8_t fork = 0) {
  Round round;
  round.height = height;
  round.generation_signature[0] = std::byte{fork};
  round.generation_signature[1] = static_cast<std::byte>(height);
  round.base_target = 1000;
  return round;
}

class PoolStore : public testing::Test {
 protected:
  PoolStore() { open(); }

  // As after a restart.
  void open() {
    store_.reset();
    auto opened = Store::open(folder_.file("pool.sqlite"), kPool, kWindow);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    store_ = std::move(*opened);
  }
  void begin(const Round& round) { ASSERT_TRUE(store_->begin_round(round, {}).ok()); }
  bool record(const Round& round, uint64_t account, uint64_t hit, uint64_t nonce = 5) {
    const auto best = store_->record(round, {account, nonce, hit}, {"name", "miner/1", 3});
    EXPECT_TRUE(best.ok()) << best.status().message();
    return best.ok() && *best;
  }
  // Plays a round in which the accounts have these hits, and account 1 wins.
  void win_round(uint32_t height, const std::map<uint64_t, uint64_t>& hits) {
    begin(round_at(height));
    for (const auto& [account, hit] : hits) record(round_at(height), account, hit);
    WonBlock block;
    block.id = kBig + height;
    block.height = height;
    block.account_id = 1;
    ASSERT_TRUE(store_->win(round_at(height), block).ok());
  }
  void lose(const Round& round) { ASSERT_TRUE(store_->lose(round).ok()); }
  MinerState miner(uint64_t account) {
    const auto miners = store_->miners();
    EXPECT_TRUE(miners.ok()) << miners.status().message();
    for (const MinerState& miner : *miners)
      if (miner.account_id == account) return miner;
    return {};
  }
  void expect_balanced() {
    const auto totals = store_->totals();
    ASSERT_TRUE(totals.ok()) << totals.status().message();
    EXPECT_EQ(totals->rewards,
              totals->fees + totals->carried + totals->owed + totals->in_payouts + totals->paid);
  }

  tests::TempFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(PoolStore, KeepsTheBestHitOfARound) {
  begin(round_at(1));
  EXPECT_TRUE(record(round_at(1), kBig, kBig + 9, 1)) << "the first";
  EXPECT_FALSE(record(round_at(1), kBig, kBig + 9, 2));
  EXPECT_FALSE(record(round_at(1), kBig, UINT64_MAX, 3));
  EXPECT_TRUE(record(round_at(1), kBig, 8, 4)) << "smaller, though not as a signed number";
  EXPECT_FALSE(record(round_at(1), kBig, kBig + 1, 5));
  open();
  begin(round_at(1));
  const auto bests = store_->bests(round_at(1));
  ASSERT_TRUE(bests.ok());
  ASSERT_EQ(bests->size(), 1u);
  EXPECT_EQ(bests->front().account_id, kBig);
  EXPECT_EQ(bests->front().nonce, 4u);
  EXPECT_EQ(bests->front().hit, 8u);
  EXPECT_EQ(miner(kBig).accepted, 5u);
  EXPECT_EQ(miner(kBig).words.software, "miner/1");
}

TEST_F(PoolStore, ARoundThatIsOverTakesNothing) {
  begin(round_at(1));
  begin(round_at(2));
  EXPECT_EQ(store_->record(round_at(1), {1, 2, 3}, {}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(store_->record(round_at(2, 1), {1, 2, 3}, {}).status().code(), Code::kInvalidArgument);
  EXPECT_TRUE(record(round_at(2), 1, 3));
  begin(round_at(2, 1));  // another fork
  EXPECT_TRUE(store_->bests(round_at(2, 1))->empty());
  EXPECT_TRUE(store_->bests(round_at(2))->empty());
}

// The limit of a round comes from the rounds before, and absence counts.
TEST_F(PoolStore, LimitsComeFromThePast) {
  for (uint32_t height = 1; height <= 4; height++) {
    begin(round_at(height));
    record(round_at(height), 1, uint64_t{1} << 54);
  }
  EXPECT_EQ(miner(1).tally.successes, 4u);
  EXPECT_EQ(estimated_nonces(miner(1).tally), 1024);
  begin(round_at(5));
  EXPECT_EQ(miner(1).tally.rounds, 5u);
  EXPECT_EQ(miner(1).tally.exposure, 4 * 0x1p-10 + 0x1p-12) << "(0, S) as long as it is absent";
  record(round_at(5), 1, uint64_t{1} << 53);  // behind the limit of 2^52
  EXPECT_EQ(miner(1).tally.successes, 4u);
  EXPECT_EQ(miner(1).tally.exposure, 4 * 0x1p-10 + 0x1p-12);
  record(round_at(5), 1, uint64_t{1} << 51);
  EXPECT_EQ(miner(1).tally.successes, 5u);
}

TEST_F(PoolStore, WhoIsAwayForAWindowIsForgotten) {
  begin(round_at(1));
  record(round_at(1), 1, 100);
  for (uint32_t height = 2; height <= kWindow + 1; height++) {
    lose(round_at(height - 1));
    begin(round_at(height));
    record(round_at(height), 2, 100);
    EXPECT_EQ(miner(1).tally.rounds, height <= kWindow ? height : 0) << height;
  }
  lose(round_at(kWindow + 1));
  begin(round_at(kWindow + 2));
  record(round_at(kWindow + 2), 1, 100);
  EXPECT_EQ(miner(1).tally.rounds, 1u) << "a newcomer";
  EXPECT_EQ(miner(2).tally.rounds, kWindow);
}

// The pool was not running for longer than a window, and the last round before was won.
TEST_F(PoolStore, UndecidedRoundsKeepTheirWindow) {
  for (uint32_t height = 1; height <= kWindow; height++) {
    begin(round_at(height));
    record(round_at(height), 1, 1000);
    if (height == 1) record(round_at(height), 2, 1000);
    if (height < kWindow) lose(round_at(height));
  }
  const std::vector<uint64_t> weights = {miner(1).weight, miner(2).weight};
  ASSERT_GT(weights[1], 0u);
  open();
  begin(round_at(100));
  EXPECT_EQ(miner(1).tally.rounds, 0u) << "a newcomer";
  ASSERT_TRUE(store_->best_of(kWindow, 1).ok());
  WonBlock block;
  block.id = 4711;
  block.height = kWindow;
  block.account_id = 1;
  ASSERT_TRUE(store_->win(round_at(kWindow), block).ok());
  constexpr uint64_t kReward = 1'000'000'000;
  ASSERT_TRUE(store_->credit(block.id, kReward, 0).ok());
  const Split split = split_reward(kReward, weights);
  EXPECT_EQ(miner(1).owed_planck, split.amounts[0]);
  EXPECT_EQ(miner(2).owed_planck, split.amounts[1]) << "its one hit was the window's first";
  begin(round_at(101));
  EXPECT_EQ(store_->best_of(kWindow, 1).status().code(), Code::kNotFound) << "it is decided";
}

// A block is taken back: the round before it is played once more.
TEST_F(PoolStore, ARoundThatReturnsKeepsItsHits) {
  begin(round_at(1));
  record(round_at(1), 1, 100, 7);
  begin(round_at(2));
  record(round_at(2), 1, 50);
  lose(round_at(1));
  lose(round_at(2));
  begin(round_at(3));
  begin(round_at(1));
  const auto bests = store_->bests(round_at(1));
  ASSERT_TRUE(bests.ok());
  ASSERT_EQ(bests->size(), 1u);
  EXPECT_EQ(bests->front().hit, 100u);
  EXPECT_EQ(bests->front().nonce, 7u);
  EXPECT_EQ(miner(1).tally.rounds, 1u);
  const auto undecided = store_->undecided_rounds(9);
  ASSERT_TRUE(undecided.ok());
  ASSERT_EQ(undecided->size(), 1u) << "decided anew, and those above are gone";
  EXPECT_EQ(undecided->front().height, 1u);
  EXPECT_EQ(store_->best_of(2, 1).status().code(), Code::kNotFound);
  EXPECT_TRUE(record(round_at(1), 1, 99));
  Round other = round_at(1);
  other.base_target++;
  begin(other);
  EXPECT_TRUE(store_->bests(other)->empty()) << "another round";
}

TEST_F(PoolStore, OnlyTheRoundOfTheSameForkIsDecided) {
  begin(round_at(1));
  record(round_at(1), 1, 100);
  begin(round_at(1, 1));
  record(round_at(1, 1), 1, 100);
  begin(round_at(2));
  WonBlock block;
  block.id = 4711;
  block.height = 1;
  block.account_id = 1;
  const auto won = store_->win(round_at(1), block);
  ASSERT_TRUE(won.ok()) << won.status().message();
  EXPECT_FALSE(*won);
  EXPECT_TRUE(store_->pending_blocks()->empty());
  lose(round_at(1));
  EXPECT_EQ(store_->undecided_rounds(2)->size(), 1u);
  EXPECT_TRUE(*store_->win(round_at(1, 1), block));
  EXPECT_FALSE(*store_->win(round_at(1, 1), block)) << "it is known";
  EXPECT_EQ(store_->pending_blocks()->size(), 1u);
  EXPECT_TRUE(store_->undecided_rounds(2)->empty());
}

// The view of all miners asks for each account's bars.
TEST_F(PoolStore, FilesOfBeforeGetTheIndexOfLies) {
  const auto count = [&](const char* sql) {
    auto database = sqlite::Database::open(folder_.file("pool.sqlite"));
    EXPECT_TRUE(database.ok()) << database.status().message();
    auto row = database->prepare(sql);
    EXPECT_TRUE(row.ok()) << row.status().message();
    const auto found = row->step();
    EXPECT_TRUE(found.ok()) << found.status().message();
    return *found ? row->integer(0) : 0;
  };
  constexpr const char* kCount =
      "SELECT COUNT(*) FROM sqlite_master WHERE name = 'lies_by_account'";
  EXPECT_EQ(count(kCount), 1) << "a new file";
  store_.reset();
  count("DROP INDEX lies_by_account");
  ASSERT_EQ(count(kCount), 0);
  open();
  EXPECT_EQ(count(kCount), 1);
}

TEST_F(PoolStore, ThreeLiesBarAnAddressForAnAccount) {
  EXPECT_EQ(*store_->record_lie("192.0.2.1", 1, 100), std::nullopt);
  EXPECT_EQ(*store_->record_lie("192.0.2.1", 1, 101), std::nullopt);
  EXPECT_EQ(*store_->record_lie("192.0.2.1", 2, 101), std::nullopt) << "another account";
  EXPECT_EQ(*store_->record_lie("192.0.2.2", 1, 101), std::nullopt) << "another address";
  EXPECT_EQ(*store_->record_lie("192.0.2.1", 1, 102), 102 + kBanRounds);
  open();
  EXPECT_EQ(*store_->banned_until("192.0.2.1", 1, 103), 102 + kBanRounds);
  EXPECT_EQ(*store_->banned_until("192.0.2.2", 1, 103), std::nullopt);
  EXPECT_EQ(*store_->banned_until("192.0.2.1", 1, 102 + kBanRounds), std::nullopt) << "over";
  // Lies long ago are forgotten.
  EXPECT_EQ(*store_->record_lie("192.0.2.1", 2, 101 + kLieRounds + 1), std::nullopt);
  EXPECT_EQ(*store_->record_lie("192.0.2.1", 2, 101 + kLieRounds + 2), std::nullopt);
}

TEST_F(PoolStore, RewardsAreSharedToTheLastPlanck) {
  win_round(1, {{1, 1000}, {2, 1000}, {3, 1000}});
  EXPECT_EQ(miner(1).owed_planck, 0u) << "before it is credited";
  ASSERT_TRUE(store_->credit(kBig + 1, 10'000'000'000, 10'000).ok());
  EXPECT_EQ(miner(1).owed_planck, 3'300'000'000u);
  expect_balanced();
  win_round(2, {{1, 1000}, {2, 1000}, {3, 1000}});
  ASSERT_TRUE(store_->credit(kBig + 2, 101, 10'000).ok());
  EXPECT_EQ(store_->totals()->carried, 1u);
  EXPECT_EQ(store_->totals()->fees, 100'000'001u);
  expect_balanced();
  win_round(3, {{1, 1000}, {2, 1000}, {3, 1000}});
  ASSERT_TRUE(store_->credit(kBig + 3, 101, 10'000).ok());
  EXPECT_EQ(store_->totals()->carried, 2u) << "100, and 1 that was carried, to three";
  expect_balanced();
  EXPECT_FALSE(store_->credit(kBig + 3, 101, 10'000).ok()) << "once";
  EXPECT_FALSE(store_->orphan(kBig + 3).ok());
}

TEST_F(PoolStore, OrphansBringNothing) {
  win_round(1, {{1, 1000}});
  ASSERT_TRUE(store_->orphan(kBig + 1).ok());
  EXPECT_FALSE(store_->credit(kBig + 1, 100, 0).ok());
  EXPECT_TRUE(store_->pending_blocks()->empty());
  EXPECT_EQ(store_->won_blocks(9)->front().state, WonBlock::State::kOrphaned);
  EXPECT_EQ(store_->totals()->rewards, 0u);
}

TEST_F(PoolStore, RoundsWaitUntilTheyAreDecided) {
  begin(round_at(1));
  record(round_at(1), 1, 9);
  for (uint32_t height = 2; height <= 3 * kWindow; height++) begin(round_at(height));
  ASSERT_EQ(store_->undecided_rounds(3 * kWindow)->size(), 3 * kWindow - 1);
  EXPECT_EQ(store_->undecided_rounds(9)->front().generation_signature,
            round_at(1).generation_signature);
  lose(round_at(1));
  EXPECT_EQ(store_->undecided_rounds(3 * kWindow)->size(), 3 * kWindow - 2);
}

TEST_F(PoolStore, APayoutIsPaidOnce) {
  win_round(1, {{1, 1000}, {2, 1000}});
  ASSERT_TRUE(store_->credit(kBig + 1, 2000, 0).ok());
  EXPECT_TRUE(store_->due(1001, kPool, 64)->empty());
  EXPECT_EQ(store_->due(1000, 2, 64)->size(), 1u) << "but 2";
  EXPECT_EQ(store_->due(1000, kPool, 1)->size(), 1u);
  Payout payout;
  payout.transaction = Bytes(9, std::byte{1});
  payout.full_hash[0] = std::byte{1};
  payout.transaction_fee_planck = 10;
  payout.amounts = *store_->due(1000, kPool, 64);
  ASSERT_EQ(payout.amounts.size(), 2u);
  ASSERT_TRUE(store_->begin_payout(payout).ok());
  EXPECT_TRUE(store_->due(0, kPool, 64)->empty()) << "nothing is owed";
  expect_balanced();
  EXPECT_FALSE(store_->begin_payout(payout).ok()) << "the same transaction";
  payout.full_hash[0] = std::byte{2};
  EXPECT_FALSE(store_->begin_payout(payout).ok()) << "what is not owed any more";
  open();
  const auto open_payouts = store_->open_payouts();
  ASSERT_EQ(open_payouts->size(), 1u) << "the failed one left nothing";
  const int64_t id = open_payouts->front().id;
  EXPECT_EQ(open_payouts->front().transaction, payout.transaction);
  EXPECT_EQ(open_payouts->front().amounts.size(), 2u);

  ASSERT_TRUE(store_->end_payout(id, Payout::State::kExpired).ok());
  EXPECT_FALSE(store_->end_payout(id, Payout::State::kExpired).ok()) << "returned once";
  EXPECT_FALSE(store_->end_payout(id, Payout::State::kConfirmed).ok());
  EXPECT_EQ(miner(1).owed_planck, 1000u);
  expect_balanced();
  ASSERT_TRUE(store_->begin_payout(payout).ok());
  ASSERT_TRUE(
      store_->end_payout(store_->open_payouts()->front().id, Payout::State::kConfirmed).ok());
  EXPECT_EQ(miner(1).paid_planck, 1000u);
  EXPECT_EQ(store_->totals()->transaction_fees, 10u);
  expect_balanced();
}

TEST_F(PoolStore, BelongsToOneAccount) {
  store_.reset();
  const auto other = Store::open(folder_.file("pool.sqlite"), kPool + 1, kWindow);
  EXPECT_EQ(other.status().code(), Code::kInvalidArgument);
  EXPECT_NE(other.status().message().find("77"), std::string::npos) << other.status().message();
}

}  // namespace
}  // namespace quarry::pool
