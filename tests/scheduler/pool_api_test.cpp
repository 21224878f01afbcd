// What a pool answers, to whom, and how often; and nonces computed again.
#include <future>
#include <thread>

#include "base/hex.h"
#include "chainlite/signum/consensus.h"
#include "scheduler/pool/mining_api.h"
#include "tests/scheduler/pool_fixture.h"
#include "tests/support/fake_clock.h"
#include "tests/support/vectors.h"

namespace quarry::pool {
namespace {

using nlohmann::json;

TEST(PoolLimits, ABucketForEachAddress) {
  tests::FakeClock clock;
  Limits limits({.tokens_per_second = 2, .most_tokens = 10, .most_addresses = 3}, clock);
  for (int i = 0; i < 10; i++) EXPECT_TRUE(limits.take("192.0.2.1", 1)) << i;
  EXPECT_FALSE(limits.take("192.0.2.1", 1));
  EXPECT_TRUE(limits.take("192.0.2.2", 10)) << "another one";
  clock.advance(1);
  EXPECT_FALSE(limits.take("192.0.2.1", 3)) << "and nothing is taken";
  EXPECT_TRUE(limits.take("192.0.2.1", 2));
  clock.advance(1000);
  EXPECT_FALSE(limits.take("192.0.2.1", 11)) << "no more than fits";
  EXPECT_TRUE(limits.take("192.0.2.1", 10));
}

TEST(PoolLimits, NetworksOfIpv6AreOneCustomer) {
  tests::FakeClock clock;
  Limits limits({.tokens_per_second = 1, .most_tokens = 2, .most_addresses = 9}, clock);
  EXPECT_TRUE(limits.take("2001:db8:1:2::1", 2));
  EXPECT_FALSE(limits.take("2001:db8:1:2:ffff::9", 1));
  EXPECT_TRUE(limits.take("2001:db8:1:3::1", 2));
}

TEST(PoolLimits, AFloodOfAddressesTakesNoMemory) {
  tests::FakeClock clock;
  Limits limits({.tokens_per_second = 1, .most_tokens = 2, .most_addresses = 3}, clock);
  for (const char* address : {"a", "b", "c"}) EXPECT_TRUE(limits.take(address, 1));
  EXPECT_FALSE(limits.take("d", 1)) << "the table is full";
  EXPECT_TRUE(limits.take("a", 1)) << "who is known goes on";
  clock.advance(5);
  EXPECT_TRUE(limits.take("d", 1)) << "after a while of silence";
}

TEST(PoolVerifier, ComputesGoldenHits) {
  const json golden = json::parse(tests::read_file(QUARRY_TEST_VECTORS "/poc2.json"));
  Verifier verifier({});
  int compared = 0;
  for (const json& nonce : golden["nonces"]) {
    if (++compared > 3) break;  // 0.1 s each
    const json& deadline = nonce["deadlines"][0];
    NonceQuestion question;
    question.account_id = std::stoull(nonce["account_id"].get<std::string>());
    question.nonce = std::stoull(nonce["nonce"].get<std::string>());
    question.scoop = deadline["scoop"];
    const Bytes signature = *parse_hex(deadline["gensig"].get<std::string>());
    std::copy(signature.begin(), signature.end(), question.generation_signature.begin());
    EXPECT_EQ(std::to_string(verifier.hit(question).value()), deadline["hit"]);
  }
}

TEST(PoolVerifier, RefusesWhatItCannotKeepUpWith) {
  std::promise<void> go_on;
  const std::shared_future<void> gate = go_on.get_future().share();
  std::atomic<size_t> largest{0}, under_way{0};
  VerifierOptions options;
  options.engine = [&](std::span<const NonceQuestion> questions, std::span<uint64_t> hits) {
    under_way++;
    gate.wait();
    largest = std::max<size_t>(largest, questions.size());
    for (size_t i = 0; i < questions.size(); i++) hits[i] = questions[i].nonce + 1;
  };
  options.threads = 1;
  options.batch = 8;
  options.most_waiting = 3;
  Verifier verifier(std::move(options));
  std::vector<std::future<std::optional<uint64_t>>> asked;
  const auto ask = [&](uint64_t nonce) {
    asked.push_back(std::async(std::launch::async, [&verifier, nonce] {
      return verifier.hit({.account_id = 1, .nonce = nonce, .generation_signature = {}});
    }));
  };
  ask(0);
  while (under_way == 0) std::this_thread::yield();
  for (uint64_t nonce = 1; nonce < 7; nonce++) ask(nonce);
  const auto is_answered = [](auto& answer) {
    return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  // One is computed, three wait, three are sent away.
  while (std::ranges::count_if(asked, is_answered) < 3) std::this_thread::yield();
  go_on.set_value();
  size_t answered = 0;
  for (uint64_t nonce = 0; nonce < asked.size(); nonce++) {
    const auto hit = asked[nonce].get();
    if (!hit) continue;
    EXPECT_EQ(*hit, nonce + 1) << "each its own";
    answered++;
  }
  EXPECT_EQ(answered, 4u);
  EXPECT_EQ(largest, 3u) << "those that waited, in one batch";
}

class PoolApi : public PoolOnDevnet {
 protected:
  void SetUp() override {
    PoolOnDevnet::SetUp();
    join(miners_);
    start({});
  }
  void start(const LimitOptions& options, uint64_t most_deadline = 0) {
    PoolFacts facts;
    facts.account_id = pool_->account_id();
    facts.chain = *upstream_->facts(never_);
    facts.window = kWindow;
    facts.confirmations = 2;
    facts.fee_ppm = 12'500;
    facts.least_payout_planck = 250'000'000;
    facts.most_deadline = most_deadline;
    api_.reset();
    limits_ = std::make_unique<Limits>(options, clock_);
    api_ = std::make_unique<MiningApi>(*submissions_, *store_, *limits_, facts, clock_,
                                       [](const Claim&, const Judgement&) {});
  }

  HttpReply ask(const std::string& method, const std::string& path, const std::string& query = {},
                std::vector<HttpHeader> headers = {}) {
    IncomingRequest request = tests::DevnetNode::request(method, query);
    request.path = path;
    request.headers = std::move(headers);
    request.peer_address = "192.0.2.9";
    return api_->handle(request);
  }
  json ask_json(const std::string& path, const std::string& query = {}) {
    const HttpReply reply = ask("GET", path, query);
    EXPECT_EQ(reply.status, 200);
    return json::parse(reply.body);
  }
  static std::string submission(const Submission& nonce, const std::string& more = {}) {
    return "requestType=submitNonce&accountId=" + std::to_string(nonce.account_id) +
           "&nonce=" + std::to_string(nonce.nonce) + more;
  }

  std::vector<TestMiner> miners_ = {{"first", 2}};
  tests::FakeClock clock_;
  std::unique_ptr<Limits> limits_;
  std::unique_ptr<MiningApi> api_;
};

TEST_F(PoolApi, AnswersMinersAsTheLivePool) {
  EXPECT_EQ(ask("GET", "/burst", "requestType=getMiningInfo").body, "null");
  EXPECT_EQ(ask_json("/burst", "requestType=submitNonce&accountId=1&nonce=1"),
            (json{{"result", "Pool does not have mining info"}}));
  const Round round = begin_round();
  const json info = {{"height", std::to_string(round.height)},
                     {"generationSignature", format_hex(round.generation_signature)},
                     {"baseTarget", std::to_string(round.base_target)},
                     {"averageCommitmentNQT", std::to_string(round.average_commitment_planck)}};
  for (const char* path : {"/burst", "/api"})
    for (const char* method : {"GET", "POST"})
      EXPECT_EQ(json::parse(ask(method, path, "requestType=getMiningInfo").body), info);

  const Submission best = miners_[0].best(round);
  const json success = {{"result", "success"}, {"deadline", best.hit / round.base_target}};
  // As signum-miner, creepMiner and BlagoMiner send it.
  const std::string height = "&blockheight=" + std::to_string(round.height);
  EXPECT_EQ(json::parse(ask("POST", "/burst",
                            submission(best, "&secretPhrase=" + height +
                                                 "&deadline=" + std::to_string(best.hit)),
                            {{"User-Agent", "signum-miner/1.8"}, {"X-Capacity", "2048"}})
                            .body),
            success);
  EXPECT_EQ(json::parse(ask("POST", "/burst", submission(best, height),
                            {{"X-Deadline", std::to_string(best.hit / round.base_target)}})
                            .body),
            success);
  EXPECT_EQ(json::parse(ask("POST", "/burst", submission(best)).body), success);

  const auto refusal = [&](const std::string& query) {
    const json reply = ask_json("/burst", "requestType=submitNonce" + query);
    EXPECT_EQ(reply.size(), 1u) << "no deadline: " << reply;
    return reply["result"].get<std::string>();
  };
  EXPECT_EQ(refusal(""), "Account ID not set");
  EXPECT_EQ(refusal("&accountId=S-XXXX&nonce=1"), "Account ID not set");
  EXPECT_EQ(refusal("&accountId=1"), "Nonce not set or invalid");
  EXPECT_EQ(refusal("&accountId=1&nonce=-1"), "Nonce not set or invalid");
  EXPECT_EQ(refusal("&accountId=1&nonce=1&blockheight=x"), "Given block height is not a number");
  EXPECT_EQ(refusal("&accountId=1&nonce=1&blockheight=1"), "Submission for another block height");
  EXPECT_EQ(refusal("&accountId=1&nonce=1"), "Reward recipient not set to pool");
  for (const char* query : {"", "requestType=getAccount", "requestType="}) {
    const HttpReply unknown = ask("GET", "/burst", query);
    EXPECT_EQ(unknown.status, 200);
    EXPECT_EQ(unknown.body, "404 not found");
  }
  EXPECT_EQ(ask("DELETE", "/burst", "requestType=getMiningInfo").body, "404 not found");
}

TEST_F(PoolApi, ShowsItsState) {
  start({}, 86'400);
  const Round round = begin_round();
  EXPECT_EQ(ask_json("/burst", "requestType=getMiningInfo")["targetDeadline"], 86'400);
  const Submission best = miners_[0].best(round);
  ask("POST", "/burst", submission(best),
      {{"User-Agent", "miner\n/2"}, {"X-Minername", "shed"}, {"X-Capacity", "2048"}});
  const std::string id = std::to_string(best.account_id);
  const json miners = ask_json("/api/getMiners");
  ASSERT_EQ(miners["miners"].size(), 1u);
  const json& miner = miners["miners"][0];
  EXPECT_EQ(miner["address"], id);
  EXPECT_TRUE(miner["addressRS"].get<std::string>().starts_with("TS-"));
  EXPECT_EQ(miner["name"], "shed");
  EXPECT_EQ(miner["userAgent"], "miner/2");
  EXPECT_EQ(miner["claimedCapacity"], 2.0);
  EXPECT_EQ(miner["pendingBalance"], "0 TSIGNA");
  EXPECT_EQ(miner["share"], 1.0);
  EXPECT_EQ(miner["accepted"], 1);
  EXPECT_EQ(miner["currentRoundBestDeadline"], std::to_string(best.hit / round.base_target));
  EXPECT_EQ(ask_json("/api/getMiner/" + id), miner);
  EXPECT_EQ(ask_json("/api/getMiner/5"), nullptr);
  EXPECT_EQ(ask_json("/api/getMiner/x"), nullptr);
  EXPECT_EQ(ask_json("/api/getTop10Miners")["othersShare"], 0.0);
  EXPECT_EQ(ask_json("/api/getCurrentRound")["bestDeadline"]["miner"], id);
  const json config = ask_json("/api/getConfig");
  EXPECT_EQ(config["poolAccount"], std::to_string(pool_->account_id()));
  EXPECT_EQ(config["poolFeePercentage"], 1.25);
  EXPECT_EQ(config["minimumMinimumPayout"], "2.5");
  EXPECT_EQ(config["nAvg"], kWindow);
  EXPECT_EQ(ask_json("/api/getWonBlocks")["wonBlocks"], json::array());
  clock_.advance(100);
  EXPECT_EQ(ask_json("/api/nothing"), nullptr);
  const std::string metrics = ask("GET", "/metrics").body;
  EXPECT_NE(metrics.find("quarry_pool_submissions_total{result=\"accepted\"} 1"), std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find("quarry_pool_nonces_computed_total 1"), std::string::npos) << metrics;
}

TEST_F(PoolApi, LimitsEachAddress) {
  start({.tokens_per_second = 1, .most_tokens = 5, .most_addresses = 9});
  begin_round();
  EXPECT_EQ(ask("GET", "/burst", "requestType=getMiningInfo").status, 200);
  EXPECT_EQ(ask("POST", "/burst", "requestType=submitNonce&deadline=1").status, 200) << "costs 4";
  const HttpReply limited = ask("GET", "/burst", "requestType=getMiningInfo");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(json::parse(limited.body)["result"], "limit exceeded");
  clock_.advance(1);
  EXPECT_EQ(ask("GET", "/burst", "requestType=getMiningInfo").status, 200);
  start({.tokens_per_second = 1, .most_tokens = 19, .most_addresses = 9});
  EXPECT_EQ(ask("POST", "/burst", "requestType=submitNonce").status, 429) << "without a claim: 20";
}

}  // namespace
}  // namespace quarry::pool
