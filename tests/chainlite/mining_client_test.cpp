// The client of pools against pools on this machine, good and bad ones.
#include "chainlite/signum/mining_client.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/devnet_node.h"
#include "tests/support/fake_pool.h"

namespace quarry::signum {
namespace {

using tests::BrokenPool;
using tests::FakePool;
using tests::mining_info_body;

// The real client, whose requests must not take long in a test.
class HastyClient : public HttpClient {
 public:
  Result<HttpReply> send(const HttpRequest& request, const Cancel& cancel) override {
    asked_for = request.timeout;
    HttpRequest hasty = request;
    hasty.timeout = std::min(hasty.timeout, limit);
    return http_->send(hasty, cancel);
  }

  std::chrono::milliseconds asked_for{};
  std::chrono::milliseconds limit = std::chrono::minutes(1);

 private:
  const std::unique_ptr<HttpClient> http_ = make_http_client();
};

class MiningClientTest : public testing::Test {
 protected:
  MiningClient open(const std::string& url) {
    auto client = MiningClient::open(http_, url);
    EXPECT_TRUE(client.ok()) << url << ": " << client.status().message();
    return *std::move(client);
  }
  SubmitReply submit(const MiningClient& client) {
    return client.submit(submission_, miner_, nullptr, cancel_);
  }

  HastyClient http_;
  const NonceSubmission submission_{.account_id = 17930413153828766298u,
                                    .nonce = 18446744073709551615u,
                                    .height = 650000,
                                    .hit = 878900000,
                                    .deadline = 12500};
  MinerIdentity miner_;
  Cancel cancel_;
};

std::string header_of(const IncomingRequest& request, const char* name) {
  const std::string* value = request.header(name);
  return value != nullptr ? *value : "none";
}

TEST_F(MiningClientTest, AsksAsMinersDo) {
  FakePool pool(HttpReply{.body = mining_info_body(650000)});
  const MiningClient client = open(pool.url());
  miner_ = {.software = "quarry/1",
            .name = "rig",
            .capacity_gib = 12345,
            .headers = {{"AccountKey", "k"}, {"X-Miner-Colour", "#fff"}}};
  const auto info = client.mining_info(miner_, cancel_);
  ASSERT_TRUE(info.ok()) << info.status().message();
  EXPECT_EQ(info->height, 650000u);
  EXPECT_EQ(http_.asked_for, std::chrono::seconds(10));

  pool.say(R"({"result":"success","deadline":12500})");
  const SubmitReply reply = submit(client);
  EXPECT_EQ(outcome_name(reply.outcome), "accepted") << reply.message;
  EXPECT_EQ(reply.deadline, 12500u);
  EXPECT_EQ(http_.asked_for, std::chrono::seconds(15));

  const auto requests = pool.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].method + " " + requests[0].path + "?" + requests[0].query,
            "GET /burst?requestType=getMiningInfo");
  EXPECT_EQ(header_of(requests[0], "X-Deadline"), "none");
  EXPECT_EQ(requests[1].method + " " + requests[1].path + "?" + requests[1].query,
            "POST /burst?requestType=submitNonce&accountId=17930413153828766298"
            "&nonce=18446744073709551615&blockheight=650000&deadline=878900000");
  EXPECT_EQ(requests[1].body, "");
  EXPECT_EQ(header_of(requests[1], "Content-Length"), "0");
  EXPECT_EQ(header_of(requests[1], "X-Deadline"), "12500");
  for (const IncomingRequest& request : requests) {
    EXPECT_EQ(header_of(request, "User-Agent"), "quarry/1");
    EXPECT_EQ(header_of(request, "X-Miner"), "quarry/1");
    EXPECT_EQ(header_of(request, "X-Minername"), "rig");
    EXPECT_EQ(header_of(request, "X-Capacity"), "12345");
    EXPECT_EQ(header_of(request, "AccountKey"), "k");
    EXPECT_EQ(header_of(request, "X-Miner-Colour"), "#fff");
  }
}

TEST_F(MiningClientTest, SaysNothingOfTheMinerThatItDoesNotKnow) {
  FakePool pool(HttpReply{.body = mining_info_body(1)});
  EXPECT_TRUE(open(pool.url()).mining_info(miner_, cancel_).ok());
  const auto requests = pool.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(header_of(requests[0], "User-Agent"), "quarry");
  EXPECT_EQ(header_of(requests[0], "X-Capacity"), "none");
  EXPECT_EQ(header_of(requests[0], "X-Minername"), "none");
}

TEST_F(MiningClientTest, KeepsThePathAndTheQueryOfTheUser) {
  FakePool pool(HttpReply{.body = mining_info_body(1)});
  const struct {
    const char* given;
    const char* asked;
  } kCases[] = {
      {"", "/burst?requestType=getMiningInfo"},
      {"/", "/burst?requestType=getMiningInfo"},
      {"/burst", "/burst?requestType=getMiningInfo"},
      {"/burst/", "/burst?requestType=getMiningInfo"},
      {"/api", "/api?requestType=getMiningInfo"},
      {"/proxy1/30", "/proxy1/30/burst?requestType=getMiningInfo"},
      {"/coin/burst?key=a%20b", "/coin/burst?key=a%20b&requestType=getMiningInfo"},
      {"?key=1", "/burst?key=1&requestType=getMiningInfo"},
  };
  for (const auto& test : kCases) {
    const MiningClient client = open(pool.url() + test.given);
    EXPECT_TRUE(client.mining_info(miner_, cancel_).ok());
    const auto requests = pool.requests();
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].path + "?" + requests[0].query, test.asked) << test.given;
    EXPECT_EQ(client.name(), pool.url()) << "without what may be secret";
  }
  EXPECT_TRUE(open("http://localhost:8125").is_loopback());
  EXPECT_FALSE(open("https://pool.example/burst").is_loopback());
  EXPECT_EQ(open("https://Pool.example/burst").name(), "https://pool.example:443");
  for (const char* url : {"", "pool.example:8124", "ftp://pool.example", "http://u:p@pool.example"})
    EXPECT_EQ(MiningClient::open(http_, url).status().code(), Code::kInvalidArgument) << url;
}

TEST_F(MiningClientTest, AsksByPostWhereOnlyThatIsTaken) {
  const HttpReply refusals[] = {
      {.status = 405, .body = "Method Not Allowed"},
      {.status = 501},
      {.body = R"({"errorCode":1,"errorDescription":"This request is only accepted using POST!"})"},
  };
  for (const HttpReply& refusal : refusals) {
    FakePool pool;
    pool.follow([&](const IncomingRequest& request) {
      return request.method == "POST" ? HttpReply{.body = mining_info_body(7)} : refusal;
    });
    const MiningClient client = open(pool.url());
    const MiningClient copy = client;
    for (const MiningClient* each : {&client, &client, &copy}) {
      const auto info = each->mining_info(miner_, cancel_);
      ASSERT_TRUE(info.ok()) << info.status().message();
      EXPECT_EQ(info->height, 7u);
    }
    std::string methods;
    for (const IncomingRequest& request : pool.requests()) methods += request.method + " ";
    EXPECT_EQ(methods, "GET POST POST POST ");
  }
  // One that takes neither is asked by GET again.
  FakePool pool(HttpReply{.status = 405});
  const MiningClient client = open(pool.url());
  for (int i = 0; i < 2; i++)
    EXPECT_EQ(client.mining_info(miner_, cancel_).status().code(), Code::kRefused);
  EXPECT_EQ(pool.requests().size(), 4u);
}

TEST_F(MiningClientTest, TellsADeadlineThatIsNotTheOneThatWasSent) {
  FakePool pool(HttpReply{.body = R"({"result":"success","deadline":12501})"});
  const SubmitReply reply = submit(open(pool.url()));
  EXPECT_EQ(outcome_name(reply.outcome), "wrong_deadline");
  EXPECT_EQ(reply.deadline, 12501u);
  EXPECT_EQ(reply.message, pool.url() + " computes deadline 12501 instead of 12500");
}

TEST_F(MiningClientTest, MinesSoloThroughANodeOfThisMachineOnly) {
  FakePool node(HttpReply{.body = R"({"result":"success","deadline":12500})"});
  const Secret passphrase = Secret::copy_of("open sesame & more=");
  const SubmitReply reply = open(node.url()).submit(submission_, miner_, &passphrase, cancel_);
  EXPECT_EQ(outcome_name(reply.outcome), "accepted") << reply.message;
  const auto requests = node.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].query.find("open"), std::string::npos) << "URLs stand in logs";
  EXPECT_EQ(requests[0].query.find("deadline"), std::string::npos);
  ASSERT_NE(requests[0].parameter("secretPhrase"), nullptr);
  EXPECT_EQ(*requests[0].parameter("secretPhrase"), "open sesame & more=");

  // One that would answer, by a name that may be any machine's.
  for (const char* url : {"http://node.example:8125", "http://10.0.0.1:8125"}) {
    http_.asked_for = {};
    const SubmitReply refused = open(url).submit(submission_, miner_, &passphrase, cancel_);
    EXPECT_EQ(outcome_name(refused.outcome), "refused");
    EXPECT_NE(refused.message.find("passphrase is never sent"), std::string::npos);
    EXPECT_EQ(refused.message.find("sesame"), std::string::npos);
    EXPECT_EQ(http_.asked_for.count(), 0) << "nothing was sent";
  }
}

TEST_F(MiningClientTest, RefusesAHeaderThatCannotBeSent) {
  FakePool pool(HttpReply{.body = mining_info_body(1)});
  miner_.headers = {{"X-Key", "a\r\nX-Other: b"}};
  const MiningClient client = open(pool.url());
  EXPECT_EQ(client.mining_info(miner_, cancel_).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(outcome_name(submit(client).outcome), "refused");
  EXPECT_EQ(pool.requests().size(), 0u);
}

TEST_F(MiningClientTest, SpeaksToADevnet) {
  tests::DevnetNode node;
  const MiningClient client = open(node.serve());
  const auto info = client.mining_info(miner_, cancel_);
  ASSERT_TRUE(info.ok()) << info.status().message();
  const NonceSubmission stale{.account_id = 1, .nonce = 1, .height = info->height + 1};
  const SubmitReply reply = client.submit(stale, miner_, nullptr, cancel_);
  EXPECT_EQ(outcome_name(reply.outcome), "stale_round") << reply.message;
}

TEST_F(MiningClientTest, SurvivesEveryFault) {
  http_.limit = std::chrono::milliseconds(300);
  const struct {
    BrokenPool::Fault fault;
    Code code;
  } kFaults[] = {
      {BrokenPool::Fault::kReset, Code::kNetwork},
      {BrokenPool::Fault::kCloses, Code::kNetwork},
      {BrokenPool::Fault::kHangs, Code::kNetwork},
      {BrokenPool::Fault::kGarbage, Code::kNetwork},
  };
  for (const auto& test : kFaults) {
    BrokenPool pool(test.fault);
    const MiningClient client = open(pool.url());
    const Status status = client.mining_info(miner_, cancel_).status();
    EXPECT_EQ(status.code(), test.code) << status.message();
    const SubmitReply reply = submit(client);
    EXPECT_EQ(outcome_name(reply.outcome), "unreachable") << reply.message;
    EXPECT_FALSE(reply.message.empty());
    EXPECT_GE(pool.connections(), 2);
  }
}

TEST_F(MiningClientTest, TakesNoMoreThanAReplyMayHave) {
  for (const auto fault : {BrokenPool::Fault::kEndlessBody, BrokenPool::Fault::kEndlessHead}) {
    BrokenPool pool(fault);
    const MiningClient client = open(pool.url());
    EXPECT_EQ(client.mining_info(miner_, cancel_).status().code(), Code::kCorrupt);
    // What was taken, and what the system held of it.
    const uint64_t taken = pool.bytes_sent();
    EXPECT_LT(taken, uint64_t{15} << 20);
    EXPECT_EQ(outcome_name(submit(client).outcome), "unreachable");
    EXPECT_LT(pool.bytes_sent() - taken, uint64_t{15} << 20);
  }
}

TEST_F(MiningClientTest, StopsWhenToldToInTheMiddleOfAReply) {
  BrokenPool pool(BrokenPool::Fault::kHangs);
  const MiningClient client = open(pool.url());
  std::thread canceller([&] {
    EXPECT_TRUE(pool.wait_for_half_a_reply());
    cancel_.request();
  });
  EXPECT_EQ(client.mining_info(miner_, cancel_).status().code(), Code::kCancelled);
  canceller.join();
  EXPECT_EQ(outcome_name(submit(client).outcome), "unreachable");
}

TEST_F(MiningClientTest, SaysWhichPoolIsNotThere) {
  std::string url;
  {
    FakePool pool;
    url = pool.url();
  }
  const MiningClient client = open(url);
  const Status status = client.mining_info(miner_, cancel_).status();
  EXPECT_EQ(status.code(), Code::kNetwork);
  EXPECT_NE(status.message().find(url.substr(7)), std::string::npos) << status.message();
  EXPECT_EQ(outcome_name(submit(client).outcome), "unreachable");
}

}  // namespace
}  // namespace quarry::signum
