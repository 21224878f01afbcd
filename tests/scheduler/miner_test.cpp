// The miner against pools on this machine, over real plots.
#include "scheduler/mining/miner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/hex.h"
#include "base/units.h"
#include "chainlite/signum/consensus.h"
#include "scheduler/mining/miner_metrics.h"
#include "tests/support/fake_pool.h"
#include "tests/support/plots.h"

namespace quarry::mining {
namespace {

using tests::FakePool;
using tests::TempFolder;

constexpr uint64_t kAccount = 10282355196851764065u;
constexpr uint64_t kOther = 7;
constexpr uint32_t kNonces = 16;
constexpr uint64_t kBaseTarget = 70312;

signum::GenerationSignature signature_of(char digit) {
  const auto bytes = parse_hex(std::string(64, digit)).value();
  signum::GenerationSignature signature;
  std::copy(bytes.begin(), bytes.end(), signature.begin());
  return signature;
}

struct Best {
  uint64_t nonce = 0, hit = UINT64_MAX;
};

// What the miner should find, by scalar code over the file.
Best best_of(const tests::Bytes& plot, char signature, uint64_t height) {
  Best best;
  const Round round = {signature_of(signature), height, kBaseTarget};
  for (uint64_t i = 0; i < kNonces; i++) {
    const std::byte* scoop = &plot[scoop_offset(kNonces, scoop_of(round), i)];
    const uint64_t hit = hit_of(round, std::span<const std::byte, 64>(scoop, 64));
    if (hit < best.hit) best = {i, hit};
  }
  return best;
}

uint64_t number(const IncomingRequest& request, std::string_view name) {
  const std::string* text = request.parameter(name);
  return text == nullptr ? 0 : parse_u64(*text).value();
}

bool is_submission(const IncomingRequest& request) {
  const std::string* type = request.parameter("requestType");
  return type != nullptr && *type == "submitNonce";
}

// A pool that computes every nonce, as pools do, and goes on to the next round when it
// is told to.
class HonestPool {
 public:
  HonestPool() {
    pool.follow([this](const IncomingRequest& request) { return answer(request); });
  }

  void begin_round(uint64_t height, char signature) {
    const std::lock_guard lock(mutex_);
    height_ = height;
    signature_ = signature;
  }
  std::vector<uint64_t> hits() const {
    const std::lock_guard lock(mutex_);
    return hits_;
  }

  FakePool pool;
  uint64_t add_to_deadline = 0;  // how much it lies

 private:
  HttpReply answer(const IncomingRequest& request) {
    const std::lock_guard lock(mutex_);
    if (!is_submission(request))
      return {.body = tests::mining_info_body(height_, kBaseTarget, signature_)};
    const auto signature = signature_of(signature_);
    const uint64_t height = number(request, "blockheight");
    const uint64_t hit =
        signum::hit(number(request, "accountId"), number(request, "nonce"),
                    signum::scoop_number(signature, height), signature, signum::PocVersion::kPoc2);
    hits_.push_back(hit);
    return {.body = R"({"result":"success","deadline":)" +
                    std::to_string(hit / kBaseTarget + add_to_deadline) + "}"};
  }

  mutable std::mutex mutex_;
  uint64_t height_ = 500'000;
  char signature_ = 'a';
  std::vector<uint64_t> hits_;
};

class MinerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    plot_ = new tests::Bytes(tests::make_plot(kAccount, 0, kNonces));
    other_plot_ = new tests::Bytes(tests::make_plot(kOther, 0, kNonces));
  }
  static void TearDownTestSuite() {
    delete plot_;
    delete other_plot_;
  }

  ~MinerTest() override {
    cancel_.request();
    if (thread_.joinable()) thread_.join();
  }

  std::string put_plot() { return put(kAccount, *plot_); }
  std::string put_other_plot() { return put(kOther, *other_plot_); }
  std::string put(uint64_t account, const tests::Bytes& plot) {
    const std::string path =
        folder_.file(std::to_string(account) + "_0_" + std::to_string(kNonces));
    tests::write_file(path, plot);
    return path;
  }

  void start(MinerOptions options) {
    options.submission.first_retry = std::chrono::milliseconds(20);
    options.submission.most_retry = std::chrono::milliseconds(50);
    options.pools.poll_loopback = std::chrono::milliseconds(5);
    options.pools.return_after = std::chrono::milliseconds(20);
    auto scanner = PlotScanner::open({folder_.path()}, devices_, posix_file_system(), real_clock());
    ASSERT_TRUE(scanner.ok()) << scanner.status().message();
    scanner_ = std::move(*scanner);
    auto miner = Miner::create(std::move(options), *scanner_, *http_, real_clock(),
                               [this](const MinerEvent& event) { keep(event); });
    ASSERT_TRUE(miner.ok()) << miner.status().message();
    miner_ = std::move(*miner);
    thread_ = std::thread([this] { status_ = miner_->run(cancel_); });
  }

  // Waits until the run is over by itself.
  void finish() {
    thread_.join();
    EXPECT_TRUE(status_.ok()) << status_.message();
  }

  static MinerOptions options_for(const std::string& url, uint64_t rounds = 0) {
    MinerOptions options;
    options.networks = {{.name = "test", .pools = {url}}};
    options.rounds = rounds;
    return options;
  }

  template <class Event>
  std::vector<Event> events() {
    const std::lock_guard lock(mutex_);
    std::vector<Event> found;
    for (const MinerEvent& event : events_)
      if (const auto* one = std::get_if<Event>(&event)) found.push_back(*one);
    return found;
  }

  // Waits until such an event has come; false after two minutes.
  template <class Event>
  bool comes(std::function<bool(const Event&)> condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(2), [&] {
      return std::any_of(events_.begin(), events_.end(), [&](const MinerEvent& event) {
        const auto* one = std::get_if<Event>(&event);
        return one != nullptr && condition(*one);
      });
    });
  }
  bool accepted(uint64_t height) {
    return comes<SubmissionAnswered>([height](const auto& event) {
      return event.finding.nonce.height == height &&
             event.reply.outcome == signum::SubmitOutcome::kAccepted;
    });
  }

  static tests::Bytes* plot_;
  static tests::Bytes* other_plot_;
  TempFolder folder_;
  MinerMetrics metrics_;
  std::unique_ptr<Miner> miner_;

 private:
  void keep(const MinerEvent& event) {
    metrics_.count(event);
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
    }
    changed_.notify_all();
  }

  const std::vector<std::unique_ptr<Device>> devices_ = tests::cpu_devices();
  const std::unique_ptr<HttpClient> http_ = make_http_client();
  std::unique_ptr<PlotScanner> scanner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<MinerEvent> events_;
  Cancel cancel_;
  Status status_;
  std::thread thread_;
};

tests::Bytes* MinerTest::plot_ = nullptr;
tests::Bytes* MinerTest::other_plot_ = nullptr;

TEST_F(MinerTest, HandsInTheBestOfEachAccountAndEndsAfterItsRounds) {
  put_plot();
  put_other_plot();
  HonestPool honest;
  start(options_for(honest.pool.url(), 1));
  finish();
  std::vector<uint64_t> expected = {best_of(*plot_, 'a', 500'000).hit,
                                    best_of(*other_plot_, 'a', 500'000).hit};
  std::vector<uint64_t> got = honest.hits();
  std::sort(expected.begin(), expected.end());
  std::sort(got.begin(), got.end());
  EXPECT_EQ(got, expected);  // and nothing worse before: all was staged
  const MinerState state = miner_->state();
  EXPECT_EQ(state.networks[0].accepted, 2u);
  EXPECT_EQ(state.nonces, 2 * kNonces);
  EXPECT_EQ(events<RoundScanned>()[0].report.nonces, 2 * kNonces);
  const std::string figures = metrics_.reply(state).body;
  for (const char* line : {"quarry_mining_rounds_total{network=\"test\"} 1\n",
                           "quarry_mining_scanned_nonces_total{network=\"test\"} 32\n",
                           "outcome=\"accepted\"} 2\n", "quarry_mining_height{network=\"test\"} "})
    EXPECT_NE(figures.find(line), std::string::npos) << line << figures;
}

TEST_F(MinerTest, FollowsThePoolFromRoundToRound) {
  put_plot();
  HonestPool honest;
  start(options_for(honest.pool.url()));
  ASSERT_TRUE(accepted(500'000));
  honest.begin_round(500'001, 'b');
  ASSERT_TRUE(accepted(500'001));
  honest.begin_round(500'001, 'c');  // a fork: the same height, and another round
  ASSERT_TRUE(comes<RoundBegun>(
      [](const auto& event) { return event.info.generation_signature == signature_of('c'); }));
  ASSERT_TRUE(comes<SubmissionAnswered>([this](const auto& event) {
    return event.finding.nonce.hit == best_of(*plot_, 'c', 500'001).hit;
  }));
  EXPECT_TRUE(events<MismatchJudged>().empty());
}

TEST_F(MinerTest, SeesForItselfThatItsBlockWasWon) {
  put_plot();
  FakePool pool;
  std::atomic<bool> won = false;
  pool.follow([&](const IncomingRequest& request) {
    if (is_submission(request)) {
      won = true;
      return HttpReply{.body = R"({"result":"success"})"};
    }
    const auto next = signum::next_generation_signature(signature_of('a'), kAccount);
    if (!won) return HttpReply{.body = tests::mining_info_body(500'000)};
    return HttpReply{.body = R"({"generationSignature":")" + format_hex(next) +
                             R"(","baseTarget":"70312","height":500001})"};
  });
  start(options_for(pool.url(), 2));
  finish();
  const auto blocks = events<BlockWon>();
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].height, 500'000u);
  EXPECT_EQ(blocks[0].account_id, kAccount);
}

TEST_F(MinerTest, SaysThatThePoolIsWrong) {
  put_plot();
  HonestPool liar;
  liar.add_to_deadline = 1;
  start(options_for(liar.pool.url(), 1));
  finish();
  const auto judged = events<MismatchJudged>();
  ASSERT_EQ(judged.size(), 1u);
  EXPECT_FALSE(judged[0].file_is_wrong);
  EXPECT_EQ(judged[0].theirs, judged[0].computed + 1);
}

// A scoop that is not its nonce's, but has the best hit of all.
tests::Bytes with_a_false_best(const tests::Bytes& plot, uint64_t nonce) {
  const Round round = {signature_of('a'), 500'000, kBaseTarget};
  tests::Bytes broken = plot;
  std::byte* target = &broken[scoop_offset(kNonces, scoop_of(round), nonce)];
  const uint64_t best = best_of(plot, 'a', 500'000).hit;
  for (uint32_t i = 0; hit_of(round, std::span<const std::byte, 64>(target, 64)) >= best; i++)
    std::memcpy(target, &i, sizeof i);
  return broken;
}

TEST_F(MinerTest, SaysWhichFileIsWrongAndHandsInTheNextBest) {
  const std::string path = put(kAccount, with_a_false_best(*plot_, 3));
  HonestPool honest;
  start(options_for(honest.pool.url(), 1));
  finish();
  const auto judged = events<MismatchJudged>();
  ASSERT_EQ(judged.size(), 1u);
  EXPECT_TRUE(judged[0].file_is_wrong);
  EXPECT_EQ(judged[0].finding.file, path);
  EXPECT_EQ(judged[0].finding.nonce.nonce, 3u);
  EXPECT_EQ(judged[0].mismatches_of_file, 1u);
  EXPECT_EQ(honest.hits().back(), best_of(*plot_, 'a', 500'000).hit);
}

TEST_F(MinerTest, DoesNotHandInTwiceWhatIsWrongInAFile) {
  tests::Bytes broken = *plot_;
  for (const uint64_t nonce : {3, 5, 8, 11}) broken = with_a_false_best(broken, nonce);
  put(kAccount, broken);
  HonestPool honest;
  start(options_for(honest.pool.url(), 1));
  finish();
  // The pool saw the first; the others were computed before they went out.
  EXPECT_EQ(honest.hits().size(), 2u);
  EXPECT_EQ(honest.hits().back(), best_of(*plot_, 'a', 500'000).hit);
  EXPECT_EQ(events<MismatchJudged>().size(), 4u);
}

TEST_F(MinerTest, SeesThatAFileIsWrongWhereThePoolOnlySaysTooHigh) {
  put(kAccount, with_a_false_best(*plot_, 3));
  FakePool pool;
  pool.follow([](const IncomingRequest& request) -> HttpReply {
    if (!is_submission(request)) return {.body = tests::mining_info_body(500'000)};
    if (number(request, "nonce") != 3) return {.body = R"({"result":"success"})"};
    return {.body = R"({"result":"Deadline exceeds maximum allowed deadline"})"};
  });
  start(options_for(pool.url(), 1));
  finish();
  ASSERT_EQ(events<MismatchJudged>().size(), 1u);
  EXPECT_TRUE(events<MismatchJudged>()[0].file_is_wrong);
  EXPECT_EQ(miner_->state().networks[0].accepted, 1u);
}

TEST_F(MinerTest, DoesNotLoseADeadlineWhileThePoolIsAway) {
  put_plot();
  HonestPool honest;
  honest.pool.follow([&, failures = std::make_shared<std::atomic<int>>(0)](
                         const IncomingRequest& request) -> HttpReply {
    if (!is_submission(request)) return {.body = tests::mining_info_body(500'000)};
    if ((*failures)++ < 5) return {.status = 502, .body = "<html>Bad Gateway</html>"};
    return {.body = R"({"result":"success"})"};
  });
  start(options_for(honest.pool.url(), 1));
  finish();
  EXPECT_TRUE(accepted(500'000));
  EXPECT_EQ(miner_->state().networks[0].accepted, 1u);
  EXPECT_EQ(miner_->state().networks[0].rejected, 0u);
}

TEST_F(MinerTest, GoesToTheNextPoolAndBack) {
  put_plot();
  HonestPool first, second;
  first.pool.say(tests::mining_info_body(500'000, 0));  // base target 0: no round at all
  MinerOptions options = options_for(first.pool.url());
  options.networks[0].pools.push_back(second.pool.url());
  start(std::move(options));
  ASSERT_TRUE(accepted(500'000));
  EXPECT_FALSE(second.hits().empty());
  EXPECT_TRUE(first.hits().empty());
  first.pool.say(tests::mining_info_body(500'002, kBaseTarget, 'd'));
  EXPECT_TRUE(comes<RoundBegun>([](const auto& event) { return event.info.height == 500'002; }));
}

TEST_F(MinerTest, HandsInToAPoolThatLagsBehindUntilItKnowsTheRound) {
  put_plot();
  FakePool pool;
  std::atomic<int> asked = 0;
  pool.follow([&](const IncomingRequest& request) -> HttpReply {
    if (!is_submission(request)) return {.body = tests::mining_info_body(500'000)};
    if (asked++ < 3) return {.body = R"({"result":"Submission for another block height"})"};
    return {.body = R"({"result":"success"})"};
  });
  start(options_for(pool.url(), 1));
  finish();
  EXPECT_EQ(miner_->state().networks[0].accepted, 1u);
  EXPECT_EQ(miner_->state().networks[0].rejected, 0u);
}

TEST_F(MinerTest, OffersAgainWhatAnotherPoolTakes) {
  put_plot();
  FakePool strict;
  std::atomic<bool> is_away = false;
  strict.follow([&](const IncomingRequest&) -> HttpReply {
    if (is_away) return {.status = 502};
    return {.body = R"({"generationSignature":")" + std::string(64, 'a') +
                    R"(","baseTarget":70312,"height":500000,"targetDeadline":"1"})"};
  });
  HonestPool second;
  MinerOptions options = options_for(strict.url());
  options.networks[0].pools.push_back(second.pool.url());
  start(std::move(options));
  ASSERT_TRUE(comes<RoundScanned>([](const auto&) { return true; }));
  EXPECT_TRUE(second.hits().empty());
  is_away = true;
  EXPECT_TRUE(accepted(500'000));
  EXPECT_EQ(second.hits(), std::vector{best_of(*plot_, 'a', 500'000).hit});
}

TEST_F(MinerTest, MinesTwoNetworksWithTheSamePlots) {
  put_plot();
  HonestPool first, second;
  second.begin_round(9, 'e');
  MinerOptions options = options_for(first.pool.url(), 2);
  options.networks.push_back({.name = "other", .pools = {second.pool.url()}, .share = 2});
  start(std::move(options));
  finish();
  EXPECT_EQ(first.hits(), std::vector{best_of(*plot_, 'a', 500'000).hit});
  EXPECT_EQ(second.hits(), std::vector{best_of(*plot_, 'e', 9).hit});
}

TEST_F(MinerTest, KeepsBackWhatIsAboveATarget) {
  put_plot();
  put_other_plot();
  HonestPool honest;
  MinerOptions options = options_for(honest.pool.url(), 1);
  options.target_deadline = UINT64_MAX;
  options.account_deadlines[kOther] = 0;
  start(std::move(options));
  finish();
  EXPECT_EQ(honest.hits(), std::vector{best_of(*plot_, 'a', 500'000).hit});
  for (const auto& found : events<DeadlineFound>())
    EXPECT_EQ(found.wanted, found.best.account_id == kAccount);
}

TEST_F(MinerTest, ObeysThePoolsTarget) {
  put_plot();
  FakePool pool;
  pool.follow([](const IncomingRequest& request) {
    EXPECT_FALSE(is_submission(request));
    return HttpReply{.body = R"({"generationSignature":")" + std::string(64, 'a') +
                             R"(","baseTarget":70312,"height":500000,"targetDeadline":"1"})"};
  });
  start(options_for(pool.url(), 1));
  finish();
  EXPECT_FALSE(events<DeadlineFound>().empty());
}

TEST_F(MinerTest, SendsThePassphraseWithNoncesOfItsOwnAccountOnly) {
  put_plot();
  put_other_plot();
  FakePool pool;
  std::mutex mutex;
  std::map<uint64_t, bool> with_passphrase;
  pool.follow([&](const IncomingRequest& request) -> HttpReply {
    if (!is_submission(request)) return {.body = tests::mining_info_body(500'000)};
    const std::lock_guard lock(mutex);
    EXPECT_EQ(request.query.find("walrus"), std::string::npos);
    const std::string* nonce = request.parameter("nonce");
    const std::string* secret = request.parameter("secretPhrase");
    const bool own =
        nonce != nullptr && parse_u64(*nonce).value() == best_of(*plot_, 'a', 500'000).nonce;
    with_passphrase[own ? kAccount : kOther] = secret != nullptr && *secret == "a walrus";
    return {.body = R"({"result":"success"})"};
  });
  MinerOptions options = options_for(pool.url(), 1);
  options.solo_key = std::make_shared<SoloKey>(SoloKey{kAccount, Secret::copy_of("a walrus")});
  ASSERT_NE(best_of(*plot_, 'a', 500'000).nonce, best_of(*other_plot_, 'a', 500'000).nonce);
  start(std::move(options));
  finish();
  EXPECT_EQ(with_passphrase, (std::map<uint64_t, bool>{{kAccount, true}, {kOther, false}}));
}

TEST_F(MinerTest, RefusesWhatCannotBeMined) {
  const auto http = make_http_client();
  const auto devices = tests::cpu_devices();
  auto scanner = PlotScanner::open({}, devices, posix_file_system(), real_clock()).value();
  const auto create = [&](std::vector<NetworkOptions> networks) {
    MinerOptions options;
    options.networks = std::move(networks);
    return Miner::create(std::move(options), *scanner, *http, real_clock(), {}).status().code();
  };
  EXPECT_EQ(create({}), Code::kInvalidArgument);
  EXPECT_EQ(create({{.name = "a", .pools = {}}}), Code::kInvalidArgument);
  EXPECT_EQ(create({{.name = "a", .pools = {"ftp://x"}}}), Code::kInvalidArgument);
  EXPECT_EQ(create({{.name = "a", .pools = {"http://x"}, .share = 0}}), Code::kInvalidArgument);
  EXPECT_EQ(create({{.name = "a", .pools = {"http://x"}}}), Code::kOk);
}

}  // namespace
}  // namespace quarry::mining
