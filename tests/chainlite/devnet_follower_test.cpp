// Nodes that follow each other, over real connections of this machine; time stands
// where the tests put it.
#include <gtest/gtest.h>

#include <functional>

#include "chainlite/devnet/follower.h"
#include "tests/support/devnet_node.h"

namespace quarry::tests {
namespace {

using devnet::Follower;
using nlohmann::json;

class DevnetFollower : public testing::Test {
 protected:
  // One poll of `who` at the URL.
  Status poll(DevnetNode& who, const std::string& url) {
    const auto node = signum::NodeClient::open(*client, url);
    if (!node.ok()) return node.status();
    return Follower(*who.chain, *node).poll(never);
  }

  // A server that hands requests to `node`, but for those that `lie` answers.
  using Lie = std::function<json(const std::string& type, json truth)>;
  std::string serve_lies(DevnetNode& node, Lie lie) {
    auto server = HttpServer::listen({}, [&node, lie](const IncomingRequest& request) {
      const json asked = json::parse(request.body);
      const json truth = json::parse(node.api->handle(request).body);
      return HttpReply{.body = lie(asked["requestType"], truth).dump()};
    });
    EXPECT_TRUE(server.ok());
    liar = std::move(*server);
    return liar->url();
  }

  // Both clocks show the later time.
  void agree_on_time() {
    const int64_t ahead = a.clock.unix_seconds() - b.clock.unix_seconds();
    if (ahead > 0) b.clock.advance(ahead);
    if (ahead < 0) a.clock.advance(-ahead);
  }

  DevnetNode a, b;
  Keys miner = keys_of("miner"), rival = keys_of("rival"), user = keys_of("user");
  const std::unique_ptr<HttpClient> client = make_http_client();
  std::unique_ptr<HttpServer> liar;
  Cancel never;
};

TEST_F(DevnetFollower, ANewNodeTakesTheWholeChain) {
  for (int i = 0; i < 8; i++) a.mine(miner);
  agree_on_time();
  const Status status = poll(b, a.serve());
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(b.tip().hash, a.tip().hash);
  a.mine(miner);
  agree_on_time();
  EXPECT_TRUE(poll(b, a.server->url()).ok());
  EXPECT_EQ(b.tip().hash, a.tip().hash);
}

TEST_F(DevnetFollower, AFollowerHandsOnItsBlocksAndTransactions) {
  a.serve();
  for (int i = 0; i < 3; i++) b.mine(miner);
  agree_on_time();
  EXPECT_TRUE(poll(b, a.server->url()).ok());
  EXPECT_EQ(a.tip().hash, b.tip().hash);

  ASSERT_TRUE(b.chain->submit(b.payment(keys_of(devnet::kFaucetPassphrase), 77, 5)).ok());
  EXPECT_TRUE(poll(b, a.server->url()).ok());
  EXPECT_EQ(a.waiting(), 1);
  ASSERT_TRUE(a.chain->submit(a.payment(keys_of(devnet::kFaucetPassphrase), 78, 5)).ok());
  EXPECT_TRUE(poll(b, a.server->url()).ok());
  EXPECT_EQ(b.waiting(), 2);
}

TEST_F(DevnetFollower, TwoThatFollowEachOtherAgreeAfterAFork) {
  a.serve();
  b.serve();
  for (int i = 0; i < 3; i++) a.mine(miner);
  agree_on_time();
  ASSERT_TRUE(poll(b, a.server->url()).ok());
  // Apart: both go on alone, and one is paid in the fork that loses.
  const auto paid = a.payment(keys_of(devnet::kFaucetPassphrase), user->account_id(), 12345);
  ASSERT_TRUE(a.chain->submit(paid).ok());
  for (int i = 0; i < 2; i++) a.mine(miner, 5);
  for (int i = 0; i < 12; i++) b.mine(rival, 9);
  EXPECT_EQ(a.account(user->account_id()).balance_planck, 12345);
  ASSERT_NE(a.tip().hash, b.tip().hash);
  agree_on_time();
  ASSERT_GT(b.tip().cumulative_difficulty, a.tip().cumulative_difficulty);

  const Status switched = poll(a, b.server->url());
  ASSERT_TRUE(switched.ok()) << switched.message();
  EXPECT_EQ(a.tip().hash, b.tip().hash);
  EXPECT_EQ(a.account(user->account_id()).balance_planck, 0);
  EXPECT_EQ(a.waiting(), 1);  // what was paid waits again
  ASSERT_TRUE(poll(b, a.server->url()).ok());
  EXPECT_EQ(b.waiting(), 1);
  b.mine(rival);
  EXPECT_EQ(b.account(user->account_id()).balance_planck, 12345);
}

TEST_F(DevnetFollower, TheWorseForkIsNotTaken) {
  for (int i = 0; i < 2; i++) a.mine(miner);
  for (int i = 0; i < 8; i++) b.mine(rival);
  agree_on_time();
  const auto before = b.tip().hash;
  EXPECT_TRUE(poll(b, a.serve()).ok());
  EXPECT_EQ(b.tip().hash, before);
  // Nor when it says that it is better.
  const std::string url = serve_lies(a, [](const std::string& type, json truth) {
    if (type == "getCumulativeDifficulty")
      truth["cumulativeDifficulty"] = "340282366920938463463374607431768211455";
    return truth;
  });
  EXPECT_EQ(poll(b, url).code(), Code::kNetwork);
  EXPECT_EQ(b.tip().hash, before);
}

TEST_F(DevnetFollower, ATamperedBlockIsRefusedWithItsRule) {
  for (int i = 0; i < 6; i++) a.mine(miner);
  agree_on_time();
  struct Case {
    const char* member;
    json value;
    const char* rule;
  };
  const std::vector<Case> cases = {
      {"nonce", "123456", ""},
      {"timestamp", 1, "time"},
      {"totalAmountNQT", 5, "amount"},
      {"generationSignature", std::string(64, '0'), "generation signature"},
      {"payloadHash", std::string(64, '0'), "payload"},
      {"blockSignature", std::string(128, '0'), "signature"},
      {"previousBlock", "5", "follow"},
      {"version", 3, "version"}};
  for (const auto& [member, value, rule] : cases) {
    SCOPED_TRACE(member);
    DevnetNode fresh;
    fresh.clock.advance(10'000);
    const std::string url = serve_lies(
        a, [member = std::string(member), value = value](const std::string& type, json truth) {
          if (type == "getNextBlocks" && truth["nextBlocks"].size() > 3)
            truth["nextBlocks"][3][member] = value;
          return truth;
        });
    const Status status = poll(fresh, url);
    EXPECT_EQ(status.code(), Code::kCorrupt) << status.message();
    EXPECT_NE(status.message().find("at height 4"), std::string::npos) << status.message();
    EXPECT_NE(status.message().find(rule), std::string::npos) << status.message();
    EXPECT_EQ(fresh.height(), 3);  // the good ones stay
  }
}

TEST_F(DevnetFollower, ATamperedForkLeavesTheChainAsItWas) {
  for (int i = 0; i < 3; i++) b.mine(rival);
  for (int i = 0; i < 14; i++) a.mine(miner);
  agree_on_time();
  const auto before = b.tip().hash;
  const std::string url = serve_lies(a, [](const std::string& type, json truth) {
    if (type == "getNextBlocks" && truth["nextBlocks"].size() > 9)
      truth["nextBlocks"][9]["blockSignature"] = std::string(128, '1');
    return truth;
  });
  const Status status = poll(b, url);
  EXPECT_EQ(status.code(), Code::kCorrupt) << status.message();
  EXPECT_NE(status.message().find("height 10"), std::string::npos) << status.message();
  EXPECT_EQ(b.tip().hash, before);
}

TEST_F(DevnetFollower, NonsenseIsRefused) {
  for (int i = 0; i < 3; i++) a.mine(miner);
  agree_on_time();
  const std::vector<std::pair<std::string, json>> lies = {
      {"getCumulativeDifficulty", json::array()},
      {"getCumulativeDifficulty", json::object()},
      {"getCumulativeDifficulty", {{"cumulativeDifficulty", "-5"}}},
      {"getMilestoneBlockIds", {{"milestoneBlockIds", 5}}},
      {"getMilestoneBlockIds", {{"milestoneBlockIds", std::vector<std::string>(21, "5")}}},
      {"getNextBlockIds", {{"nextBlockIds", {"x"}}}},
      {"getNextBlocks", {{"nextBlocks", {1, 2, 3}}}},
      {"getNextBlocks", {{"nextBlocks", std::vector<int>(1441)}}},
      {"getNextBlocks", {{"error", "\n\x1b[31m" + std::string(5000, 'x')}}},
      {"getUnconfirmedTransactions", {{"unconfirmedTransactions", "x"}}}};
  for (const auto& [lied, reply] : lies) {
    SCOPED_TRACE(lied + reply.dump().substr(0, 100));
    DevnetNode fresh;
    fresh.clock.advance(10'000);
    const std::string url =
        serve_lies(a, [lied = lied, reply = reply](const std::string& type, json truth) {
          return type == lied ? reply : truth;
        });
    const Status status = poll(fresh, url);
    EXPECT_FALSE(status.ok());
    EXPECT_LT(status.message().size(), 500);
    EXPECT_EQ(status.message().find('\x1b'), std::string::npos);
  }
  // Another kind of server, and none at all.
  liar = std::move(*HttpServer::listen(
      {}, [](const IncomingRequest&) { return HttpReply{.status = 404, .body = "not here"}; }));
  EXPECT_EQ(poll(b, liar->url()).code(), Code::kRefused);
  const std::string gone = liar->url();
  liar.reset();
  EXPECT_EQ(poll(b, gone).code(), Code::kNetwork);
  EXPECT_EQ(poll(b, "ftp://x").code(), Code::kInvalidArgument);
  EXPECT_EQ(b.height(), 0);
}

TEST_F(DevnetFollower, SamplesWithoutEndAreGivenUp) {
  for (int i = 0; i < 3; i++) a.mine(miner);
  agree_on_time();
  int asked = 0;
  const std::string url = serve_lies(a, [&](const std::string& type, json truth) {
    if (type != "getMilestoneBlockIds") return truth;
    asked++;
    return json{{"milestoneBlockIds", {"5"}}};
  });
  EXPECT_EQ(poll(b, url).code(), Code::kCorrupt);
  EXPECT_LE(asked, 1000);
}

}  // namespace
}  // namespace quarry::tests
