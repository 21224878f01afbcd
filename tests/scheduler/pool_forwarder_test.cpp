// Nonces on their way to a node that fails, refuses, and answers in the end.
#include <thread>

#include "scheduler/pool/forwarder.h"
#include "tests/scheduler/pool_fixture.h"

namespace quarry::pool {
namespace {

class PoolForwarder : public PoolOnDevnet {
 protected:
  // Every nonce that reaches the node, and how the node answers the first ones.
  void SetUp() override {
    PoolOnDevnet::SetUp();
    intercept_ = [this](const std::string& type,
                        const IncomingRequest& request) -> std::optional<HttpReply> {
      if (type != "submitNonce") return std::nullopt;
      const std::lock_guard lock(mutex_);
      asked_.push_back(*request.parameter("accountId") + ":" + *request.parameter("nonce"));
      if (asked_.size() <= failures_) return HttpReply{.status = 500, .body = "later"};
      return HttpReply{.body = R"({"result":")" + result_ + R"(","deadline":1})"};
    };
    round_.height = 5;
    round_.base_target = 1;
    forwarder_ = std::make_unique<Forwarder>(*upstream_, [this](const Status& status) {
      const std::lock_guard lock(mutex_);
      codes_.push_back(status.code());
    });
  }
  // Runs until so many requests were answered.
  void run_until(size_t count) {
    Cancel stop;
    std::thread thread([&] { forwarder_->run(stop); });
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (answered() < count && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop.request();
    thread.join();
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  size_t answered() {
    const std::lock_guard lock(mutex_);
    return codes_.size();
  }

  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::vector<Code> codes_;
  size_t failures_ = 0;
  std::string result_ = "success";
  Round round_;
  std::unique_ptr<Forwarder> forwarder_;
};

TEST_F(PoolForwarder, TriesAgainWhileTheRoundLives) {
  failures_ = 2;
  forwarder_->begin_round(round_);
  forwarder_->offer(round_, {7, 1, 1000});
  run_until(3);
  EXPECT_EQ(asked(), (std::vector<std::string>{"7:1", "7:1", "7:1"}));
  EXPECT_EQ(codes_, (std::vector<Code>{Code::kNetwork, Code::kNetwork, Code::kOk}));
}

TEST_F(PoolForwarder, ForgetsTheRoundBefore) {
  forwarder_->begin_round(round_);
  forwarder_->offer(round_, {7, 1, 1000});
  Round next = round_;
  next.height++;
  forwarder_->begin_round(next);
  forwarder_->offer(round_, {7, 2, 1});
  forwarder_->offer(next, {7, 3, 1000});
  run_until(1);
  EXPECT_EQ(asked(), std::vector<std::string>{"7:3"});
}

TEST_F(PoolForwarder, TheBestFirstAndWhatACommitmentCouldMakeTheBest) {
  forwarder_->begin_round(round_);
  forwarder_->offer(round_, {1, 1, 64'063});
  forwarder_->offer(round_, {1, 2, 64'999});  // behind its own
  forwarder_->offer(round_, {2, 1, 1000});
  forwarder_->offer(round_, {3, 1, 64'063});  // 64 times as much
  forwarder_->offer(round_, {4, 1, 64'064});  // and more
  run_until(3);
  EXPECT_EQ(asked(), (std::vector<std::string>{"2:1", "1:1", "3:1"}));
}

TEST_F(PoolForwarder, WhatTheNodeRefusesIsNotRepeated) {
  result_ = "Given block height does not match current blockchain height";
  forwarder_->begin_round(round_);
  forwarder_->offer(round_, {1, 1, 1000});
  forwarder_->offer(round_, {2, 1, 2000});
  run_until(2);
  EXPECT_EQ(asked(), (std::vector<std::string>{"1:1", "2:1"}));
  EXPECT_EQ(codes_, (std::vector<Code>{Code::kRefused, Code::kRefused}));
}

}  // namespace
}  // namespace quarry::pool
