// What of a miner's claims counts, and what is a lie.
#include <gtest/gtest.h>

#include "scheduler/pool/limits.h"
#include "scheduler/pool/submissions.h"
#include "tests/support/temp_folder.h"

namespace quarry::pool {
namespace {

constexpr uint64_t kAccount = 5;
constexpr uint32_t kHeight = 100;

// A round whose hits are nonce + `signature`, as the engine below has it.
Round round_of(uint8_t signature, uint32_t height = kHeight) {
  Round round;
  round.height = height;
  round.base_target = 1;
  round.generation_signature[0] = static_cast<std::byte>(signature);
  return round;
}

class PoolSubmissions : public testing::Test {
 protected:
  void SetUp() override {
    auto store = Store::open(folder_.file("pool.sqlite"), 7, 12);
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_ = std::move(*store);
    VerifierOptions options;
    options.engine = [](std::span<const NonceQuestion> questions, std::span<uint64_t> hits) {
      for (size_t i = 0; i < questions.size(); i++)
        hits[i] =
            questions[i].nonce + std::to_integer<uint64_t>(questions[i].generation_signature[0]);
    };
    verifier_ = std::make_unique<Verifier>(std::move(options));
    submissions_ =
        std::make_unique<Submissions>(*store_, *verifier_, [](const Round&, const Submission&) {});
  }

  void begin(const Round& round) {
    const Status status = submissions_->begin_round(round, {kAccount});
    ASSERT_TRUE(status.ok()) << status.message();
  }

  Verdict judge(uint64_t nonce, uint64_t deadline, std::optional<uint32_t> height = kHeight,
                const std::string& address = "192.0.2.1") {
    Claim claim;
    claim.account_id = kAccount;
    claim.nonce = nonce;
    claim.height = height;
    claim.deadline = deadline;
    claim.address = address;
    const auto judgement = submissions_->judge(claim);
    EXPECT_TRUE(judgement.ok()) << judgement.status().message();
    return judgement.ok() ? judgement->verdict : Verdict::kBusy;
  }

  tests::TempFolder folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Verifier> verifier_;
  std::unique_ptr<Submissions> submissions_;
};

TEST_F(PoolSubmissions, ALieIsCountedAndBars) {
  begin(round_of(10));
  EXPECT_EQ(judge(1000, 1010), Verdict::kAccepted);
  EXPECT_EQ(judge(500, 1), Verdict::kMismatch);
  EXPECT_EQ(judge(501, 2), Verdict::kMismatch);
  EXPECT_EQ(judge(502, 3), Verdict::kBanned);
  EXPECT_EQ(judge(100, 110), Verdict::kRefused) << "true, but barred";
  EXPECT_EQ(judge(100, 110, kHeight, "192.0.2.2"), Verdict::kAccepted) << "from elsewhere";
}

TEST_F(PoolSubmissions, WhatWasTrueBeforeAForkIsLateAndNoLie) {
  begin(round_of(10));
  begin(round_of(20));  // the same height, another signature
  for (uint64_t nonce = 0; nonce < 5; nonce++)
    EXPECT_EQ(judge(nonce, nonce + 10), Verdict::kRefused) << nonce;
  EXPECT_EQ(judge(0, 20), Verdict::kAccepted);
}

TEST_F(PoolSubmissions, WhatComesLateWithoutAHeightIsNoLie) {
  begin(round_of(10, kHeight - 1));
  begin(round_of(20));
  for (uint64_t nonce = 0; nonce < 5; nonce++)
    EXPECT_EQ(judge(nonce, nonce + 10, std::nullopt), Verdict::kRefused) << nonce;
  EXPECT_EQ(judge(7, 3, std::nullopt), Verdict::kMismatch);
}

TEST_F(PoolSubmissions, AllBestsAreKnown) {
  begin(round_of(10));
  EXPECT_EQ(judge(1000, 1010), Verdict::kAccepted);
  EXPECT_EQ(judge(900, 910), Verdict::kAccepted);
  ASSERT_EQ(submissions_->bests().size(), 1u);
  EXPECT_EQ(submissions_->bests()[0].hit, 910u);
}

TEST(PoolCustomer, IsANetworkOfIpv6AndAnAddressOfIpv4) {
  EXPECT_EQ(customer_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(customer_of("2001:db8:1:2::9"), "2001:db8:1:2::/64");
  EXPECT_EQ(customer_of("192.0.2.1"), "192.0.2.1");
}

}  // namespace
}  // namespace quarry::pool
