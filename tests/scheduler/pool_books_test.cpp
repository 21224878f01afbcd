// From rounds to coins on a devnet, with crashes and nodes that fail at every step.
#include "tests/scheduler/pool_fixture.h"

namespace quarry::pool {
namespace {

class PoolBooks : public PoolOnDevnet {
 protected:
  void SetUp() override {
    PoolOnDevnet::SetUp();
    join(miners_);
  }

  // One reward is owed to both, and nothing is paid yet.
  void earn() {
    const uint64_t least = std::exchange(book_options_.least_payout_planck, signum::kMostPlanck);
    open();
    play(miners_);
    mine_blocks(book_options_.confirmations);
    ASSERT_TRUE(keep_books().ok());
    owed_ = {miner_state(miners_[0].account_id).owed_planck,
             miner_state(miners_[1].account_id).owed_planck};
    before_ = {balance(miners_[0].account_id), balance(miners_[1].account_id)};
    ASSERT_GT(owed_[0], 0u);
    ASSERT_GT(owed_[1], 0u);
    book_options_.least_payout_planck = least;
    open();
  }
  void mine_blocks(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) node_.mine(pool_, i);
  }
  // What was owed came to both, once.
  void expect_paid() {
    for (size_t i = 0; i < 2; i++) {
      EXPECT_EQ(balance(miners_[i].account_id) - before_[i], owed_[i]) << i;
      EXPECT_EQ(miner_state(miners_[i].account_id).owed_planck, 0u) << i;
    }
    expect_balanced();
  }
  std::optional<HttpReply> fail(const std::string& type, const char* which) const {
    if (type != which) return std::nullopt;
    return HttpReply{.status = 500, .body = "broken"};
  }

  std::vector<TestMiner> miners_ = {{"first", 2}, {"second", 2}};
  std::vector<uint64_t> owed_, before_;
};

TEST_F(PoolBooks, RewardsComeToTheMiners) {
  const uint64_t before = balance(pool_->account_id());
  const uint64_t winner = play(miners_);
  ASSERT_TRUE(keep_books().ok());
  ASSERT_EQ(store_->pending_blocks()->size(), 1u);
  EXPECT_EQ(store_->pending_blocks()->front().account_id, winner);
  EXPECT_EQ(store_->totals()->rewards, 0u) << "not yet";
  const uint64_t reward = balance(pool_->account_id()) - before;
  play(miners_);
  ASSERT_TRUE(keep_books().ok());
  EXPECT_EQ(store_->totals()->rewards, 0u) << "one block stands on it";
  play(miners_);
  const Status kept = keep_books();
  ASSERT_TRUE(kept.ok()) << kept.message();
  const Totals totals = *store_->totals();
  EXPECT_EQ(totals.rewards, reward);
  EXPECT_EQ(totals.fees, fee_of(reward, book_options_.fee_ppm));
  EXPECT_EQ(totals.in_payouts, reward - totals.fees - totals.carried);
  EXPECT_EQ(node_.waiting(), 1u) << "one transaction to both";
  expect_balanced();
}

TEST_F(PoolBooks, OthersBlocksBringNothing) {
  begin_round();
  node_.mine(tests::keys_of("stranger"));
  for (uint32_t above = 0; above <= book_options_.confirmations; above++) {
    if (above > 0) mine_blocks(1);
    ASSERT_TRUE(keep_books().ok());
    EXPECT_TRUE(store_->won_blocks(9)->empty());
    EXPECT_EQ(store_->undecided_rounds(node_.height() + 1)->empty(),
              above == book_options_.confirmations)
        << above;
  }
}

// What the node shows first is a stranger's block, which the pool's replaces.
TEST_F(PoolBooks, AYoungBlockLosesNoRound) {
  play(miners_);
  intercept_ = [&](const std::string& type,
                   const IncomingRequest& request) -> std::optional<HttpReply> {
    if (type != "getBlock") return std::nullopt;
    HttpReply reply = node_.api->handle(request);
    auto block = nlohmann::json::parse(reply.body);
    block["generator"] = "4711";
    reply.body = block.dump();
    return reply;
  };
  ASSERT_TRUE(keep_books().ok());
  EXPECT_TRUE(store_->pending_blocks()->empty());
  intercept_ = nullptr;
  ASSERT_TRUE(keep_books().ok());
  EXPECT_EQ(store_->pending_blocks()->size(), 1u);
}

TEST_F(PoolBooks, ABlockThatIsReplacedIsAnOrphan) {
  play(miners_);
  ASSERT_TRUE(keep_books().ok());
  const uint32_t height = node_.height();
  mine_blocks(2);
  intercept_ = [&](const std::string& type,
                   const IncomingRequest& request) -> std::optional<HttpReply> {
    const std::string* asked = request.parameter("height");
    if (type != "getBlock" || asked == nullptr || *asked != std::to_string(height))
      return std::nullopt;
    HttpReply reply = node_.api->handle(request);
    auto block = nlohmann::json::parse(reply.body);
    block["block"] = "4711";
    reply.body = block.dump();
    return reply;
  };
  ASSERT_TRUE(keep_books().ok());
  EXPECT_EQ(store_->won_blocks(9)->front().state, WonBlock::State::kOrphaned);
  EXPECT_EQ(store_->totals()->rewards, 0u);
}

// The pool's process ends between the store and the node.
TEST_F(PoolBooks, ACrashBeforeTheBroadcastPaysOnce) {
  earn();
  intercept_ = [&](const std::string& type, const auto&) {
    return fail(type, "broadcastTransaction");
  };
  EXPECT_FALSE(keep_books().ok());
  EXPECT_EQ(node_.waiting(), 0u);
  intercept_ = nullptr;
  open();
  EXPECT_EQ(store_->open_payouts()->size(), 1u);
  ASSERT_TRUE(keep_books().ok());
  EXPECT_EQ(node_.waiting(), 1u) << "the same bytes again";
  EXPECT_EQ(store_->open_payouts()->size(), 1u);
  mine_blocks(3);
  ASSERT_TRUE(keep_books().ok());
  EXPECT_TRUE(store_->open_payouts()->empty());
  expect_paid();
}

// The node took it, and its reply never came.
TEST_F(PoolBooks, ALostReplyToTheBroadcastPaysOnce) {
  earn();
  intercept_ = [&](const std::string& type, const IncomingRequest& request) {
    if (type == "broadcastTransaction") node_.api->handle(request);
    return fail(type, "broadcastTransaction");
  };
  EXPECT_FALSE(keep_books().ok());
  EXPECT_EQ(node_.waiting(), 1u);
  open();
  ASSERT_TRUE(keep_books().ok()) << "the node knows it: nothing is broadcast";
  mine_blocks(1);
  ASSERT_TRUE(keep_books().ok());
  EXPECT_EQ(store_->open_payouts()->size(), 1u) << "too few blocks stand on it";
  mine_blocks(2);
  open();
  ASSERT_TRUE(keep_books().ok());
  EXPECT_TRUE(store_->open_payouts()->empty());
  expect_paid();
}

TEST_F(PoolBooks, NothingIsOwedLessWhereNothingWasSigned) {
  earn();
  for (const char* request : {"getConstants", "sendMoneyMulti"}) {
    intercept_ = [&](const std::string& type, const auto&) { return fail(type, request); };
    EXPECT_FALSE(keep_books().ok());
    open();
    EXPECT_TRUE(store_->open_payouts()->empty());
    EXPECT_EQ(miner_state(miners_[0].account_id).owed_planck, owed_[0]);
  }
  expect_balanced();
}

// It never came into the chain, and cannot any more: it is owed again, and paid anew.
TEST_F(PoolBooks, APayoutThatExpiresIsOwedAgain) {
  earn();
  intercept_ = [&](const std::string& type, const auto&) {
    return fail(type, "broadcastTransaction");
  };
  EXPECT_FALSE(keep_books().ok());
  const Payout first = store_->open_payouts()->front();
  node_.clock.advance(25 * 3600);
  mine_blocks(2);
  EXPECT_FALSE(keep_books().ok()) << "a block before it expired may still be replaced by another";
  EXPECT_EQ(store_->open_payouts()->front().full_hash, first.full_hash);
  mine_blocks(1);
  EXPECT_FALSE(keep_books().ok());
  ASSERT_EQ(store_->open_payouts()->size(), 1u);
  EXPECT_NE(store_->open_payouts()->front().full_hash, first.full_hash) << "a new one";
  intercept_ = nullptr;
  open();
  ASSERT_TRUE(keep_books().ok());
  mine_blocks(3);
  ASSERT_TRUE(keep_books().ok());
  EXPECT_TRUE(store_->open_payouts()->empty());
  expect_paid();
}

// A node that refuses to answer does not make a payout look lost.
TEST_F(PoolBooks, ARefusalIsNoUnknownTransaction) {
  earn();
  ASSERT_TRUE(keep_books().ok());
  node_.clock.advance(25 * 3600);
  mine_blocks(4);
  intercept_ = [&](const std::string& type, const auto&) -> std::optional<HttpReply> {
    if (type != "getTransaction") return std::nullopt;
    return HttpReply{.body = R"({"errorCode":9,"errorDescription":"Not now"})"};
  };
  EXPECT_EQ(keep_books().code(), Code::kRefused);
  EXPECT_EQ(store_->open_payouts()->size(), 1u);
}

TEST_F(PoolBooks, APayoutThatCannotBeFollowedKeepsNoOtherBack) {
  earn();
  ASSERT_TRUE(keep_books().ok());
  ASSERT_EQ(store_->open_payouts()->size(), 1u);
  play(miners_);
  mine_blocks(book_options_.confirmations);
  intercept_ = [&](const std::string& type, const auto&) -> std::optional<HttpReply> {
    if (type != "getTransaction") return std::nullopt;
    return HttpReply{.body = R"({"errorCode":9,"errorDescription":"Not now"})"};
  };
  EXPECT_EQ(keep_books().code(), Code::kRefused);
  EXPECT_EQ(store_->open_payouts()->size(), 2u);
  expect_balanced();
}

// One miner alone is paid by an ordinary payment; the pool's own part stays.
TEST_F(PoolBooks, OneRecipientAndThePoolItself) {
  std::vector<TestMiner> both = {miners_[0], {"pool", 2}};
  for (uint32_t i = 0; i <= book_options_.confirmations; i++) play(both);
  const uint64_t before = balance(miners_[0].account_id);
  const Status kept = keep_books();
  ASSERT_TRUE(kept.ok()) << kept.message();
  ASSERT_EQ(store_->open_payouts()->size(), 1u);
  const Amounts amounts = store_->open_payouts()->front().amounts;
  ASSERT_EQ(amounts.size(), 1u);
  EXPECT_EQ(amounts[0].first, miners_[0].account_id);
  EXPECT_GT(miner_state(pool_->account_id()).owed_planck, 0u);
  mine_blocks(3);
  ASSERT_TRUE(keep_books().ok());
  EXPECT_EQ(balance(miners_[0].account_id) - before, amounts[0].second);
  expect_balanced();
}

}  // namespace
}  // namespace quarry::pool
