// A pool's parts on a devnet with a clock that the test sets: its account, miners whose
// rewards go to it, and their plots in memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scheduler/pool/books.h"
#include "scheduler/pool/store.h"
#include "scheduler/pool/submissions.h"
#include "scheduler/pool/upstream.h"
#include "scheduler/pool/verifier.h"
#include "tests/reference/poc2_reference.h"
#include "tests/support/devnet_node.h"

namespace quarry::pool {

// An engine that computes each nonce once, by the reference.
class NonceCache {
 public:
  void operator()(std::span<const NonceQuestion> questions, std::span<uint64_t> hits) {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < questions.size(); i++) {
      auto& nonce = nonces_[{questions[i].account_id, questions[i].nonce}];
      if (nonce.empty()) nonce = reference::poc2_nonce(questions[i].account_id, questions[i].nonce);
      hits[i] = reference::hit(questions[i].generation_signature,
                               std::span(nonce).subspan(questions[i].scoop * 64, 64));
    }
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<uint64_t, uint64_t>, std::vector<std::byte>> nonces_;
};

// A miner with a plot of a few nonces, by the reference that shares nothing with what
// checks them.
struct TestMiner {
  TestMiner(const std::string& passphrase, uint32_t nonces)
      : keys(tests::keys_of(passphrase)), account_id(keys->account_id()) {
    for (uint32_t nonce = 0; nonce < nonces; nonce++)
      plot.push_back(reference::poc2_nonce(account_id, nonce));
  }

  Submission best(const Round& round) const {
    Submission best = {account_id, 0, UINT64_MAX};
    const uint32_t scoop = reference::scoop_number(round.generation_signature, round.height);
    for (size_t nonce = 0; nonce < plot.size(); nonce++) {
      const uint64_t hit = reference::hit(round.generation_signature,
                                          std::span(plot[nonce]).subspan(scoop * 64, 64));
      if (hit <= best.hit) best = {account_id, nonce, hit};
    }
    return best;
  }

  tests::Keys keys;
  uint64_t account_id;
  std::vector<std::vector<std::byte>> plot;
};

class PoolOnDevnet : public testing::Test {
 protected:
  static constexpr uint32_t kWindow = 60;

  void SetUp() override {
    auto server = HttpServer::listen({}, [this](const IncomingRequest& request) {
      const std::string* type = request.parameter("requestType");
      if (intercept_ && type != nullptr)
        if (auto reply = intercept_(*type, request)) return std::move(*reply);
      return node_.api->handle(request);
    });
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
    client_ =
        std::make_unique<signum::NodeClient>(*signum::NodeClient::open(*http_, server_->url()));
    upstream_ = std::make_unique<Upstream>(*Upstream::open(*client_, passphrase_));
    open();
  }

  // As after a restart of the pool.
  void open() {
    submissions_.reset();
    books_.reset();
    store_.reset();
    auto opened = Store::open(node_.folder.file("pool.sqlite"), pool_->account_id(), kWindow);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    store_ = std::move(*opened);
    books_ = std::make_unique<Books>(*store_, *upstream_, *pool_, node_.clock, book_options_,
                                     BookEvents());
    submissions_ = std::make_unique<Submissions>(
        *store_, verifier_, [this](const Round& round, const Submission& submission) {
          if (submissions_->best()->hit < submission.hit) return;
          const Status sent = upstream_->submit(submission, round.height, never_);
          EXPECT_TRUE(sent.ok()) << sent.message();
        });
  }

  // The miners have coins, a key in the chain, and the pool as their rewards' recipient.
  void join(std::vector<TestMiner>& miners) {
    node_.mine(pool_);
    for (const TestMiner& miner : miners) {
      node_.mine(miner.keys);
      auto assignment = node_.draft(signum::RewardRecipientAssignment());
      assignment.recipient = pool_->account_id();
      ASSERT_TRUE(signum::sign(assignment, *miner.keys).ok());
      const Status sent = node_.chain->submit(assignment);
      ASSERT_TRUE(sent.ok()) << sent.message();
    }
    for (int i = 0; i < 5; i++) node_.mine(pool_, static_cast<uint64_t>(i));
  }

  Round begin_round() {
    const auto round = upstream_->round(never_);
    EXPECT_TRUE(round.ok()) << round.status().message();
    auto members = upstream_->members(pool_->account_id(), never_);
    EXPECT_TRUE(members.ok()) << members.status().message();
    const Status begun = submissions_->begin_round(*round, std::move(*members));
    EXPECT_TRUE(begun.ok()) << begun.message();
    return *round;
  }

  static Claim claim_of(const Round& round, const Submission& submission) {
    Claim claim;
    claim.account_id = submission.account_id;
    claim.nonce = submission.nonce;
    claim.height = round.height;
    claim.deadline = submission.hit;
    claim.address = "192.0.2.1";
    return claim;
  }
  Judgement judge(const Claim& claim) {
    const auto judgement = submissions_->judge(claim);
    EXPECT_TRUE(judgement.ok()) << judgement.status().message();
    return judgement.ok() ? *judgement : Judgement();
  }

  // A round in which each miner hands its best nonce in; who won it.
  uint64_t play(const std::vector<TestMiner>& miners) {
    const Round round = begin_round();
    for (const TestMiner& miner : miners) {
      const Judgement judgement = judge(claim_of(round, miner.best(round)));
      EXPECT_EQ(judgement.verdict, Verdict::kAccepted) << judgement.words;
    }
    return node_.wait_for_block().block.generator_id();
  }

  Status keep_books() { return books_->step(node_.height() + 1, never_); }

  void expect_balanced() {
    const auto totals = store_->totals();
    ASSERT_TRUE(totals.ok()) << totals.status().message();
    EXPECT_EQ(totals->rewards,
              totals->fees + totals->carried + totals->owed + totals->in_payouts + totals->paid);
  }
  MinerState miner_state(uint64_t account) {
    const auto miners = store_->miners();
    EXPECT_TRUE(miners.ok()) << miners.status().message();
    for (const MinerState& miner : *miners)
      if (miner.account_id == account) return miner;
    return {};
  }
  uint64_t balance(uint64_t account) const { return node_.account(account).balance_planck; }

  tests::DevnetNode node_;
  // Answers a request in the node's stead, if it returns something.
  std::function<std::optional<HttpReply>(const std::string& type, const IncomingRequest&)>
      intercept_;
  const Secret passphrase_ = Secret::copy_of(std::string_view("pool"));
  const tests::Keys pool_ = tests::keys_of("pool");
  std::unique_ptr<HttpServer> server_;
  const std::unique_ptr<HttpClient> http_ = make_http_client();
  std::unique_ptr<signum::NodeClient> client_;
  std::unique_ptr<Upstream> upstream_;
  NonceCache nonces_;
  Verifier verifier_{{.engine = [this](auto questions, auto hits) { nonces_(questions, hits); }}};
  BookOptions book_options_ = {.confirmations = 2, .fee_ppm = 12'345, .least_payout_planck = 1};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Books> books_;
  std::unique_ptr<Submissions> submissions_;
  Cancel never_;
};

}  // namespace quarry::pool
