// What is sent when, by a clock that moves as it is told.
#include "scheduler/mining/submission_queue.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/devices.h"
#include "tests/support/fake_clock.h"

namespace quarry::mining {
namespace {

using signum::SubmitOutcome;
using Verdict = SubmissionQueue::Verdict;
using std::chrono::seconds;

constexpr uint64_t kHeight = 1000;

Finding found(uint64_t account, uint64_t hit, uint64_t height = kHeight) {
  Finding finding;
  finding.nonce = {.account_id = account,
                   .nonce = hit * 7 + 1,
                   .height = height,
                   .hit = hit,
                   .deadline = hit / 10};
  finding.file = "plot";
  return finding;
}

class SubmissionQueueTest : public testing::Test {
 protected:
  SubmissionQueueTest() { queue_.begin_round(kHeight); }

  // The hit that take() gives; 0 for none.
  uint64_t take_hit(SubmissionQueue& queue) {
    const auto finding = queue.take();
    return finding ? finding->nonce.hit : 0;
  }
  uint64_t take_hit() { return take_hit(queue_); }

  // Seconds from now until something is due; -1 for never.
  double due_in() {
    const auto time = queue_.next_due();
    return time ? std::chrono::duration<double>(*time - clock_.now()).count() : -1;
  }

  tests::FakeClock clock_;
  SubmissionQueue queue_{
      {.stage = seconds(10), .first_retry = seconds(1), .most_retry = seconds(8)}, clock_};
};

TEST_F(SubmissionQueueTest, SendsTheBestAfterTheStageAndImprovementsAtOnce) {
  EXPECT_TRUE(queue_.offer(found(1, 500)));
  EXPECT_TRUE(queue_.offer(found(1, 300)));
  EXPECT_FALSE(queue_.offer(found(1, 400)));
  EXPECT_FALSE(queue_.offer(found(1, 300))) << "the same again, of an overlapping plot";
  EXPECT_EQ(take_hit(), 0u);
  EXPECT_EQ(due_in(), 10);
  clock_.advance(9);
  EXPECT_EQ(take_hit(), 0u);
  EXPECT_EQ(due_in(), 1);
  clock_.advance(1);
  EXPECT_EQ(take_hit(), 300u);
  EXPECT_EQ(due_in(), -1);
  EXPECT_EQ(queue_.settle(found(1, 300), SubmitOutcome::kAccepted), Verdict::kDone);
  EXPECT_EQ(queue_.pending(), 0u);
  EXPECT_TRUE(queue_.offer(found(1, 200)));
  EXPECT_EQ(due_in(), 0);
  EXPECT_EQ(take_hit(), 200u);
}

TEST_F(SubmissionQueueTest, EndsTheStageWithTheScan) {
  queue_.offer(found(1, 500));
  clock_.advance(3);
  EXPECT_EQ(take_hit(), 0u);
  queue_.scan_finished();
  EXPECT_EQ(take_hit(), 500u);
  queue_.settle(found(1, 500), SubmitOutcome::kAccepted);
  queue_.begin_round(kHeight + 1);
  queue_.offer(found(1, 600, kHeight + 1));
  EXPECT_EQ(due_in(), 10) << "each round has a stage of its own";
}

TEST_F(SubmissionQueueTest, SendsAllAtOnceWithoutAStage) {
  SubmissionQueue queue({.stage = seconds(0)}, clock_);
  queue.begin_round(kHeight);
  queue.offer(found(1, 500));
  EXPECT_EQ(take_hit(queue), 500u);
}

TEST_F(SubmissionQueueTest, KeepsAccountsApart) {
  queue_.offer(found(1, 500));
  queue_.offer(found(2, 900));
  queue_.offer(found(3, 100));
  queue_.scan_finished();
  EXPECT_EQ(take_hit(), 100u) << "the best one first";
  EXPECT_EQ(take_hit(), 500u);
  EXPECT_EQ(take_hit(), 900u);
  EXPECT_EQ(queue_.pending(), 3u);
  // One that cannot be sent holds up no other.
  EXPECT_EQ(queue_.settle(found(3, 100), SubmitOutcome::kUnreachable), Verdict::kRetry);
  queue_.settle(found(2, 900), SubmitOutcome::kAccepted);
  EXPECT_TRUE(queue_.offer(found(2, 800)));
  EXPECT_EQ(take_hit(), 800u);
  clock_.advance(1);
  EXPECT_EQ(take_hit(), 100u);
}

TEST_F(SubmissionQueueTest, SendsAnImprovementAfterTheOneThatIsUnderWay) {
  queue_.offer(found(1, 500));
  queue_.scan_finished();
  EXPECT_EQ(take_hit(), 500u);
  EXPECT_TRUE(queue_.offer(found(1, 400)));
  EXPECT_TRUE(queue_.offer(found(1, 300)));
  EXPECT_EQ(take_hit(), 0u) << "one at a time";
  EXPECT_EQ(queue_.pending(), 2u);
  queue_.settle(found(1, 500), SubmitOutcome::kAccepted);
  EXPECT_EQ(take_hit(), 300u);
}

TEST_F(SubmissionQueueTest, TriesAgainEverMoreSlowlyForAsLongAsTheRoundLives) {
  for (const SubmitOutcome outcome :
       {SubmitOutcome::kUnreachable, SubmitOutcome::kRateLimited, SubmitOutcome::kStaleRound}) {
    queue_.begin_round(kHeight);
    queue_.offer(found(1, 500));
    queue_.scan_finished();
    EXPECT_EQ(take_hit(), 500u);
    for (const double pause : {1, 2, 4, 8, 8, 8}) {
      EXPECT_EQ(queue_.settle(found(1, 500), outcome), Verdict::kRetry);
      EXPECT_EQ(due_in(), pause);
      EXPECT_EQ(take_hit(), 0u);
      clock_.advance(pause);
      EXPECT_EQ(take_hit(), 500u);
    }
    queue_.settle(found(1, 500), SubmitOutcome::kAccepted);
    queue_.offer(found(1, 400));
    EXPECT_EQ(take_hit(), 400u) << "an answer ends the pause";
    EXPECT_EQ(queue_.settle(found(1, 400), outcome), Verdict::kRetry);
    EXPECT_EQ(due_in(), 1) << "and pauses are short again";
  }
}

TEST_F(SubmissionQueueTest, SendsABetterOneInThePlaceOfARetryButNoSooner) {
  queue_.offer(found(1, 500));
  queue_.scan_finished();
  EXPECT_EQ(take_hit(), 500u);
  EXPECT_EQ(queue_.settle(found(1, 500), SubmitOutcome::kRateLimited), Verdict::kRetry);
  EXPECT_TRUE(queue_.offer(found(1, 300)));
  EXPECT_EQ(take_hit(), 0u);
  clock_.advance(1);
  EXPECT_EQ(take_hit(), 300u);
  // Found while the worse one was under way.
  EXPECT_TRUE(queue_.offer(found(1, 200)));
  EXPECT_EQ(queue_.settle(found(1, 300), SubmitOutcome::kRateLimited), Verdict::kDone);
  EXPECT_EQ(due_in(), 2);
  clock_.advance(2);
  EXPECT_EQ(take_hit(), 200u);
  queue_.settle(found(1, 200), SubmitOutcome::kAccepted);
  EXPECT_EQ(queue_.pending(), 0u);
}

TEST_F(SubmissionQueueTest, EndsWhatIsRefusedAndSendsBetterOnes) {
  uint64_t hit = 1000;
  queue_.offer(found(1, hit));
  queue_.scan_finished();
  for (const SubmitOutcome outcome :
       {SubmitOutcome::kDeadlineTooHigh, SubmitOutcome::kWrongRewardRecipient,
        SubmitOutcome::kRefused, SubmitOutcome::kAccepted}) {
    EXPECT_EQ(take_hit(), hit);
    EXPECT_EQ(queue_.settle(found(1, hit), outcome), Verdict::kDone);
    EXPECT_EQ(due_in(), -1) << signum::outcome_name(outcome);
    EXPECT_FALSE(queue_.offer(found(1, hit + 1))) << signum::outcome_name(outcome);
    EXPECT_TRUE(queue_.offer(found(1, --hit)));
  }
}

TEST_F(SubmissionQueueTest, SendsTheNextBestWhereTheBestIsOfABadPlot) {
  queue_.offer(found(1, 500));
  queue_.offer(found(1, 100));
  queue_.offer(found(1, 400));
  queue_.offer(found(1, 450));
  queue_.scan_finished();
  EXPECT_EQ(take_hit(), 100u);
  EXPECT_EQ(queue_.settle(found(1, 100), SubmitOutcome::kWrongDeadline), Verdict::kDone);
  EXPECT_EQ(take_hit(), 400u);
  queue_.settle(found(1, 400), SubmitOutcome::kAccepted);
  EXPECT_FALSE(queue_.offer(found(1, 401)));
  EXPECT_TRUE(queue_.offer(found(1, 399)));
  EXPECT_EQ(take_hit(), 399u);
  EXPECT_EQ(queue_.settle(found(1, 399), SubmitOutcome::kWrongDeadline), Verdict::kDone);
  EXPECT_EQ(take_hit(), 0u) << "what was accepted is not sent again, nor what is worse";
  EXPECT_EQ(queue_.pending(), 0u);

  // Passed over before it was sent, and while it waited to be sent again.
  queue_.offer(found(3, 500));
  queue_.offer(found(3, 100));
  EXPECT_EQ(take_hit(), 100u);
  queue_.settle(found(3, 100), SubmitOutcome::kWrongDeadline);
  EXPECT_EQ(take_hit(), 500u);
  queue_.offer(found(2, 500));
  EXPECT_EQ(take_hit(), 500u);
  queue_.offer(found(2, 100));
  queue_.settle(found(2, 500), SubmitOutcome::kUnreachable);
  clock_.advance(1);
  EXPECT_EQ(take_hit(), 100u);
  queue_.settle(found(2, 100), SubmitOutcome::kWrongDeadline);
  EXPECT_EQ(take_hit(), 500u);
}

TEST_F(SubmissionQueueTest, ForgetsARoundThatIsOver) {
  queue_.offer(found(1, 500));
  queue_.offer(found(2, 600));
  queue_.offer(found(3, 700));
  queue_.scan_finished();
  EXPECT_EQ(take_hit(), 500u);
  EXPECT_EQ(take_hit(), 600u);
  queue_.settle(found(2, 600), SubmitOutcome::kAccepted);
  queue_.offer(found(1, 400));
  const auto unanswered = queue_.begin_round(kHeight + 1);
  std::vector<uint64_t> hits;
  for (const Finding& finding : unanswered) hits.push_back(finding.nonce.hit);
  EXPECT_EQ(hits, (std::vector<uint64_t>{500, 400, 700}));
  EXPECT_EQ(queue_.pending(), 0u);
  EXPECT_EQ(due_in(), -1);

  EXPECT_FALSE(queue_.offer(found(1, 1))) << "of the round before";
  queue_.offer(found(1, 900, kHeight + 1));
  queue_.scan_finished();
  EXPECT_EQ(take_hit(), 900u);
  EXPECT_EQ(queue_.settle(found(1, 500), SubmitOutcome::kUnreachable), Verdict::kDone)
      << "a late answer of the round before";
  EXPECT_EQ(queue_.settle(found(1, 900, kHeight + 1), SubmitOutcome::kUnreachable),
            Verdict::kRetry);
}

TEST_F(SubmissionQueueTest, ForgetsAForkOfTheSameHeight) {
  queue_.offer(found(1, 5));
  queue_.scan_finished();
  EXPECT_EQ(take_hit(), 5u);
  EXPECT_EQ(queue_.begin_round(kHeight).size(), 1u);
  EXPECT_TRUE(queue_.offer(found(1, 900)));
  queue_.scan_finished();
  EXPECT_EQ(take_hit(), 900u);
  EXPECT_EQ(queue_.settle(found(1, 5), SubmitOutcome::kAccepted), Verdict::kDone);
  EXPECT_EQ(queue_.pending(), 1u) << "that was not the one under way";
}

TEST_F(SubmissionQueueTest, LosesNothingWhenTheMachineWasAsleep) {
  queue_.offer(found(1, 500));
  clock_.advance(86400);
  EXPECT_EQ(take_hit(), 500u);
  clock_.advance(86400);
  EXPECT_EQ(queue_.settle(found(1, 500), SubmitOutcome::kUnreachable), Verdict::kRetry);
  EXPECT_EQ(due_in(), 1);
  clock_.advance(86400);
  EXPECT_EQ(take_hit(), 500u);
}

// Whatever the other side answers: each account's best honest deadline of a round is
// answered in the end.
TEST_F(SubmissionQueueTest, DropsNoBestDeadlineWhateverHappens) {
  const uint64_t seed = tests::random_seed();
  SCOPED_TRACE("QUARRY_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50; round++) {
    queue_.begin_round(kHeight);
    std::map<uint64_t, uint64_t> best, accepted;
    std::vector<Finding> under_way;
    const auto take_all = [&] {
      while (const auto finding = queue_.take()) under_way.push_back(*finding);
    };
    const auto answer = [&](const Finding& finding, bool is_up) {
      const uint64_t account = finding.nonce.account_id;
      const auto failure =
          random() % 2 == 0 ? SubmitOutcome::kRateLimited : SubmitOutcome::kUnreachable;
      queue_.settle(finding, is_up ? SubmitOutcome::kAccepted : failure);
      if (!is_up) return;
      EXPECT_TRUE(!accepted.contains(account) || finding.nonce.hit < accepted[account]);
      accepted[account] = finding.nonce.hit;
    };
    for (int step = 0; step < 300; step++) {
      const uint64_t account = random() % 5, hit = 1 + random() % 100000;
      if (random() % 3 == 0) {
        EXPECT_EQ(queue_.offer(found(account, hit)),
                  !best.contains(account) || hit < best[account]);
        if (!best.contains(account) || hit < best[account]) best[account] = hit;
      }
      if (step == 200) queue_.scan_finished();
      clock_.advance(static_cast<double>(random() % 1000) / 1000);
      take_all();
      if (!under_way.empty() && random() % 2 == 0) {
        std::swap(under_way[random() % under_way.size()], under_way.back());
        answer(under_way.back(), random() % 3 == 0);
        under_way.pop_back();
      }
    }
    while (queue_.pending() > 0) {  // the pool is well from here on
      for (const Finding& finding : under_way) answer(finding, true);
      under_way.clear();
      if (const auto due = queue_.next_due(); due && *due > clock_.now())
        clock_.sleep_for(*due - clock_.now());
      take_all();
    }
    EXPECT_EQ(accepted, best);
  }
}

}  // namespace
}  // namespace quarry::mining
