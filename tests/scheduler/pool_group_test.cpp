// Failover between pools on this machine, by a clock that moves as it is told.
#include "scheduler/mining/pool_group.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_pool.h"

namespace quarry::mining {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::BrokenPool;
using tests::FakePool;
using tests::mining_info_body;

constexpr const char* kSuccess = R"({"result":"success","deadline":1})";

// A pool at `height`, which takes all nonces.
HttpHandler well(uint64_t height) {
  return [height](const IncomingRequest& request) {
    const bool is_submission = *request.parameter("requestType") == "submitNonce";
    return HttpReply{.body = is_submission ? kSuccess : mining_info_body(height)};
  };
}

// One that tells rounds, and hands in nothing.
HttpHandler deaf(uint64_t height) {
  return [height](const IncomingRequest& request) {
    if (*request.parameter("requestType") == "submitNonce") return HttpReply{.status = 502};
    return HttpReply{.body = mining_info_body(height)};
  };
}

class PoolGroupTest : public testing::Test {
 protected:
  PoolGroupTest() {
    for (uint64_t i = 0; i < 3; i++) pools_[i].follow(well(100 * (i + 1)));
  }

  PoolGroup group(const std::vector<std::string>& urls) {
    std::vector<signum::MiningClient> clients;
    for (const std::string& url : urls) clients.push_back(*signum::MiningClient::open(*http_, url));
    return PoolGroup(std::move(clients), PoolGroupPolicy{}, clock_);
  }
  PoolGroup group_of_all() { return group({pools_[0].url(), pools_[1].url(), pools_[2].url()}); }

  // The height that poll() tells; 0 if it fails. A second passes.
  uint64_t height(PoolGroup& group) {
    const auto info = group.poll({}, cancel_);
    EXPECT_TRUE(info.ok() || !info.status().message().empty());
    clock_.advance(1);
    return info.ok() ? info->height : 0;
  }
  std::string submit(PoolGroup& group) {
    const signum::NonceSubmission nonce{.account_id = 1, .nonce = 1, .height = 1, .deadline = 1};
    return std::string(signum::outcome_name(group.submit(nonce, {}, nullptr, cancel_).outcome));
  }
  std::string submissions(FakePool& pool) {
    std::string types;
    for (const IncomingRequest& request : pool.requests())
      types += *request.parameter("requestType") == "submitNonce" ? "s" : "p";
    return types;
  }

  const std::unique_ptr<HttpClient> http_ = make_http_client();
  tests::FakeClock clock_;
  Cancel cancel_;
  FakePool pools_[3];
};

TEST_F(PoolGroupTest, AsksTheFirstPoolOnlyWhileItIsWell) {
  PoolGroup group = group_of_all();
  EXPECT_EQ(group.active(), pools_[0].url());
  for (int i = 0; i < 100; i++) EXPECT_EQ(height(group), 100u);
  EXPECT_EQ(submit(group), "accepted");
  EXPECT_EQ(submissions(pools_[0]), std::string(100, 'p') + "s");
  EXPECT_EQ(submissions(pools_[1]), "");
  const auto states = group.states();
  ASSERT_EQ(states.size(), 3u);
  for (size_t i = 0; i < 3; i++) {
    EXPECT_EQ(states[i].name, pools_[i].url());
    EXPECT_EQ(states[i].active, i == 0);
    EXPECT_EQ(states[i].failures, 0);
    EXPECT_EQ(states[i].last_failure, "");
  }
}

TEST_F(PoolGroupTest, MovesOnAfterTwoFailuresAndReturns) {
  PoolGroup group = group_of_all();
  EXPECT_EQ(height(group), 100u);
  pools_[0].stop();
  EXPECT_EQ(height(group), 0u) << "one failure is no reason to go";
  EXPECT_EQ(group.active(), pools_[0].url());
  EXPECT_EQ(group.states()[0].failures, 1);
  EXPECT_EQ(height(group), 200u) << "with the second, the next is asked at once";
  EXPECT_EQ(group.active(), pools_[1].url());
  EXPECT_NE(group.states()[0].last_failure, "");
  EXPECT_EQ(submit(group), "accepted");
  EXPECT_EQ(submissions(pools_[1]), "ps");

  pools_[0].start_again();
  for (int i = 0; i < 29; i++) EXPECT_EQ(height(group), 200u) << i;
  EXPECT_EQ(height(group), 100u) << "30 seconds after it was left";
  EXPECT_EQ(group.active(), pools_[0].url());
  EXPECT_EQ(group.states()[0].last_failure, "");
}

TEST_F(PoolGroupTest, ForgivesASingleFailure) {
  PoolGroup group = group_of_all();
  for (int i = 0; i < 5; i++) {
    pools_[0].say(HttpReply{.status = 503});
    EXPECT_EQ(height(group), 0u);
    pools_[0].follow(well(100));
    EXPECT_EQ(height(group), 100u);
  }
  EXPECT_EQ(submissions(pools_[1]), "");
}

TEST_F(PoolGroupTest, TriesAPoolThatStaysAwayMoreAndMoreRarely) {
  PoolGroup group = group_of_all();
  pools_[0].say("null");
  EXPECT_EQ(height(group), 0u);
  EXPECT_EQ(height(group), 200u);
  pools_[0].requests();
  std::vector<int> asked_at;
  for (int second = 1; second <= 1200; second++) {
    EXPECT_EQ(height(group), 200u);
    if (!pools_[0].requests().empty()) asked_at.push_back(second);
  }
  // Left at second -1 of this count, which begins with the next poll.
  EXPECT_EQ(asked_at, (std::vector<int>{30, 90, 210, 450, 690, 930, 1170}));
  pools_[0].follow(well(100));
  for (int second = 1201; second < 1410; second++) EXPECT_EQ(height(group), 200u);
  EXPECT_EQ(height(group), 100u);
}

TEST_F(PoolGroupTest, CountsWhateverIsNoRoundAsAFailure) {
  const HttpReply kBad[] = {
      {.body = mining_info_body(100, 0)},
      {.body = "null"},
      {.body = "404 not found"},
      {.body = R"({"errorCode":1,"errorDescription":"Incorrect request"})"},
      {.body = "<html>hello</html>"},
      {.body = ""},
      {.status = 500},
      {.status = 429, .body = "limit exceeded"},
  };
  for (const HttpReply& bad : kBad) {
    PoolGroup group = group_of_all();
    pools_[0].say(bad);
    EXPECT_EQ(height(group), 0u) << bad.body;
    EXPECT_EQ(height(group), 200u) << bad.body;
  }
  for (const auto fault : {BrokenPool::Fault::kReset, BrokenPool::Fault::kCloses,
                           BrokenPool::Fault::kGarbage, BrokenPool::Fault::kEndlessBody}) {
    BrokenPool broken(fault);
    PoolGroup group = this->group({broken.url(), pools_[1].url()});
    EXPECT_EQ(height(group), 0u);
    EXPECT_EQ(height(group), 200u);
  }
}

TEST_F(PoolGroupTest, SkipsToThePoolThatAnswersAndReturnsStepByStep) {
  PoolGroup group = group_of_all();
  pools_[0].stop();
  pools_[1].stop();
  EXPECT_EQ(height(group), 0u);
  EXPECT_EQ(height(group), 300u);
  EXPECT_EQ(group.active(), pools_[2].url());
  pools_[1].start_again();
  clock_.advance(30);
  EXPECT_EQ(height(group), 200u);
  pools_[0].start_again();
  clock_.advance(60);
  EXPECT_EQ(height(group), 100u);
}

TEST_F(PoolGroupTest, NoticesTheFirstOfAllThatReturns) {
  PoolGroup group = group_of_all();
  EXPECT_EQ(height(group), 100u);
  for (FakePool& pool : pools_) pool.stop();
  for (int i = 0; i < 1000; i++) EXPECT_EQ(height(group), 0u);
  EXPECT_EQ(group.pause(), seconds(5));
  pools_[2].start_again();
  EXPECT_EQ(height(group), 300u);
  pools_[2].stop();
  EXPECT_EQ(height(group), 0u);
  EXPECT_EQ(height(group), 0u);
  pools_[0].start_again();
  EXPECT_EQ(height(group), 100u) << "though its time had not come";
}

TEST_F(PoolGroupTest, LeavesNoPoolForLongerBecauseAllFail) {
  PoolGroup group = group_of_all();
  for (FakePool& pool : pools_) pool.stop();
  for (int i = 0; i < 10; i++) EXPECT_EQ(height(group), 0u);
  pools_[2].start_again();
  EXPECT_EQ(height(group), 300u);
  pools_[0].start_again();
  for (int i = 0; i < 20; i++) EXPECT_EQ(height(group), 300u) << i;
  EXPECT_EQ(height(group), 100u) << "30 seconds after it was left";
}

TEST_F(PoolGroupTest, PausesForLongerWhileNothingAnswers) {
  PoolGroup near = group({pools_[0].url()});
  EXPECT_EQ(near.pause(), milliseconds(50));
  pools_[0].say("null");
  for (const int expected : {50, 100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    EXPECT_EQ(height(near), 0u);
    EXPECT_EQ(near.pause(), milliseconds(expected));
  }
  for (int i = 0; i < 100; i++) height(near);
  EXPECT_EQ(near.pause(), seconds(5));
  pools_[0].follow(well(100));
  EXPECT_EQ(height(near), 100u);
  EXPECT_EQ(near.pause(), milliseconds(50));
  EXPECT_EQ(group({"http://pool.example"}).pause(), seconds(1));
}

TEST_F(PoolGroupTest, LeavesAPoolThatTakesNoSubmissions) {
  PoolGroup group = group_of_all();
  pools_[0].follow(deaf(100));
  EXPECT_EQ(height(group), 100u);
  EXPECT_EQ(submit(group), "unreachable");
  EXPECT_EQ(height(group), 100u) << "one failure is no reason to go";
  EXPECT_EQ(submit(group), "unreachable");
  EXPECT_EQ(height(group), 200u) << "though it still tells rounds";
  EXPECT_EQ(submit(group), "accepted");
  // Back again, it has a single chance, and is then left for longer.
  clock_.advance(30);
  EXPECT_EQ(height(group), 100u);
  EXPECT_EQ(height(group), 100u);
  EXPECT_EQ(submit(group), "unreachable");
  EXPECT_EQ(height(group), 200u);
  clock_.advance(57);
  EXPECT_EQ(height(group), 200u);
  pools_[0].follow(well(100));
  clock_.advance(1);
  EXPECT_EQ(height(group), 100u);
  EXPECT_EQ(submit(group), "accepted");
  EXPECT_EQ(group.states()[0].failures, 0);
}

TEST_F(PoolGroupTest, StaysWithADeafPoolWhereThereIsNoOther) {
  PoolGroup group = this->group({pools_[0].url()});
  pools_[0].follow(deaf(100));
  for (int i = 0; i < 5; i++) {
    EXPECT_EQ(height(group), 100u);
    EXPECT_EQ(submit(group), "unreachable");
  }
  pools_[0].follow(well(100));
  EXPECT_EQ(submit(group), "accepted");
}

TEST_F(PoolGroupTest, AnswersOfAPoolAreNoFailures) {
  PoolGroup group = group_of_all();
  pools_[0].follow([](const IncomingRequest& request) {
    if (*request.parameter("requestType") != "submitNonce")
      return HttpReply{.body = mining_info_body(100)};
    return HttpReply{.body = R"({"result":"Reward recipient not set to pool"})"};
  });
  for (int i = 0; i < 5; i++) {
    EXPECT_EQ(submit(group), "wrong_reward_recipient");
    EXPECT_EQ(height(group), 100u);
  }
}

TEST_F(PoolGroupTest, DoesNotFollowAPoolThatChangesItsMind) {
  PoolGroup group = this->group({pools_[0].url()});
  // Two nodes behind one address: one a block behind, then on a fork.
  EXPECT_EQ(height(group), 100u);
  for (int i = 0; i < 10; i++) {
    pools_[0].follow(well(99));
    EXPECT_EQ(height(group), 100u);
    EXPECT_EQ(height(group), 100u);
    pools_[0].follow(well(100));
    EXPECT_EQ(height(group), 100u);
  }
  const auto told = group.poll({}, cancel_);
  pools_[0].say(mining_info_body(100, 70312, 'b'));
  EXPECT_TRUE(group.poll({}, cancel_)->same_round(*told));
  EXPECT_TRUE(group.poll({}, cancel_)->same_round(*told));
  EXPECT_FALSE(group.poll({}, cancel_)->same_round(*told)) << "three times: it means it";
  // A block that was taken back.
  pools_[0].follow(well(98));
  EXPECT_EQ(height(group), 100u);
  EXPECT_EQ(height(group), 100u);
  EXPECT_EQ(height(group), 98u);
  // Higher ones count at once.
  pools_[0].follow(well(99));
  EXPECT_EQ(height(group), 99u);
}

TEST_F(PoolGroupTest, TakesTheRoundOfAnotherPoolAsItIs) {
  pools_[1].follow(well(99));
  PoolGroup group = group_of_all();
  EXPECT_EQ(height(group), 100u);
  pools_[0].stop();
  EXPECT_EQ(height(group), 0u);
  EXPECT_EQ(height(group), 99u);
}

TEST_F(PoolGroupTest, CountsNothingWhenItIsStopped) {
  PoolGroup group = group_of_all();
  cancel_.request();
  for (int i = 0; i < 3; i++) {
    EXPECT_EQ(group.poll({}, cancel_).status().code(), Code::kCancelled);
    EXPECT_EQ(submit(group), "unreachable");
  }
  EXPECT_EQ(group.states()[0].failures, 0);
  EXPECT_EQ(group.active(), pools_[0].url());
  EXPECT_EQ(group.pause(), milliseconds(50));
}

TEST_F(PoolGroupTest, ServesThreadsThatSubmitWhileItPolls) {
  PoolGroup group = group_of_all();
  std::atomic<int> accepted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++)
    threads.emplace_back([&] {
      for (int k = 0; k < 25; k++)
        if (submit(group) == "accepted") accepted++;
    });
  for (int i = 0; i < 50; i++) {
    EXPECT_EQ(height(group), 100u);
    EXPECT_EQ(group.states().size(), 3u);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, 100);
}

}  // namespace
}  // namespace quarry::mining
