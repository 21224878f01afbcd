// Sending through a node that may lie.
#include "chainlite/signum/send.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/hex.h"
#include "tests/support/devnet_node.h"

namespace quarry::signum {
namespace {

using nlohmann::json;
using tests::keys_of;

// A devnet behind a server that may change its replies.
class Sending : public testing::Test {
 protected:
  using Change = std::function<void(const std::string& request_type, json& reply)>;

  void SetUp() override {
    auto server = HttpServer::listen({}, [this](const IncomingRequest& request) {
      HttpReply reply = node_.api->handle(request);
      json object = json::parse(reply.body);
      const std::string* type = request.parameter("requestType");
      if (change_ && type != nullptr) change_(*type, object);
      reply.body = object.dump();
      return reply;
    });
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
    client_ = std::make_unique<NodeClient>(*NodeClient::open(*http_, server_->url()));
  }

  Draft payment() const {
    Draft draft;
    draft.attachment = Payment();
    draft.recipient = 5;
    draft.amount_planck = 700;
    return draft;
  }
  Result<Transaction> prepare_payment(const Draft& draft) {
    return prepare(*client_, draft, faucet_->public_key(), node_.clock.unix_seconds(), never_);
  }

  tests::DevnetNode node_;
  const tests::Keys faucet_ = keys_of(devnet::kFaucetPassphrase);
  Change change_;
  std::unique_ptr<HttpServer> server_;
  const std::unique_ptr<HttpClient> http_ = make_http_client();
  std::unique_ptr<NodeClient> client_;
  Cancel never_;
};

TEST_F(Sending, HonestNodesAgree) {
  auto transaction = prepare_payment(payment());
  ASSERT_TRUE(transaction.ok()) << transaction.status().message();
  EXPECT_EQ(transaction->fee_planck, 1'000'000u);
  ASSERT_TRUE(sign(*transaction, *faucet_).ok());
  const Status sent = broadcast(*client_, *transaction, never_);
  ASSERT_TRUE(sent.ok()) << sent.message();
  EXPECT_EQ(node_.waiting(), 1u);
  Draft long_message = payment();
  long_message.message = MessageAppendix{Bytes(1000, std::byte{'a'}), true};
  const auto costly = prepare_payment(long_message);
  ASSERT_TRUE(costly.ok()) << costly.status().message();
  EXPECT_EQ(costly->fee_planck, 6'000'000u);
}

// Whatever a node would have signed instead is refused before it is signed.
TEST_F(Sending, ANodesOwnWishesAreRefused) {
  const auto refused = [&](const std::function<void(Transaction&)>& wish) {
    change_ = [&](const std::string& type, json& reply) {
      if (type != "sendMoney") return;
      auto theirs =
          *parse_transaction(*parse_hex(reply["unsignedTransactionBytes"].get<std::string>()));
      wish(theirs);
      reply["unsignedTransactionBytes"] = format_hex(transaction_bytes(theirs));
    };
    return prepare_payment(payment()).status().code();
  };
  EXPECT_EQ(refused([](Transaction&) {}), Code::kOk);
  EXPECT_EQ(refused([](Transaction& t) { t.amount_planck++; }), Code::kRefused);
  EXPECT_EQ(refused([](Transaction& t) { t.recipient++; }), Code::kRefused);
  EXPECT_EQ(refused([](Transaction& t) { t.fee_planck++; }), Code::kRefused);
  EXPECT_EQ(refused([](Transaction& t) { t.deadline_minutes--; }), Code::kRefused);
  EXPECT_EQ(refused([](Transaction& t) { t.sender[0] ^= std::byte{1}; }), Code::kRefused);
  EXPECT_EQ(refused([](Transaction& t) { t.cash_back_id++; }), Code::kRefused);
  EXPECT_EQ(refused([](Transaction& t) { t.referenced_full_hash[0] ^= std::byte{1}; }),
            Code::kRefused);
  EXPECT_EQ(refused([](Transaction& t) { t.message = MessageAppendix(); }), Code::kRefused);
  EXPECT_EQ(refused([](Transaction& t) { t.timestamp += 700; }), Code::kRefused)
      << "its clock is wrong";
  EXPECT_EQ(refused([](Transaction& t) {
              t.attachment = AddCommitment{t.amount_planck};
              t.amount_planck = 0;
              t.recipient = 0;
            }),
            Code::kRefused);
}

TEST_F(Sending, NonsenseOfANodeIsRefused) {
  for (const json& nonsense :
       {json(), json(5), json("00"), json("zz"), json(std::string(600, '0'))}) {
    change_ = [&](const std::string& type, json& reply) {
      if (type == "sendMoney") reply["unsignedTransactionBytes"] = nonsense;
    };
    EXPECT_EQ(prepare_payment(payment()).status().code(), Code::kCorrupt) << nonsense;
  }
  change_ = [](const std::string& type, json& reply) {
    if (type == "getConstants") reply.erase("cashBackId");
  };
  EXPECT_EQ(prepare_payment(payment()).status().code(), Code::kCorrupt);
  change_ = [](const std::string&, json& reply) {
    reply = {{"errorCode", 6}, {"errorDescription", "Not enough\nfunds"}};
  };
  const auto refused = prepare_payment(payment());
  EXPECT_EQ(refused.status().code(), Code::kRefused);
  EXPECT_NE(refused.status().message().find("Not enough funds"), std::string::npos);
}

TEST_F(Sending, AnotherHashAfterBroadcastIsRefused) {
  auto transaction = prepare_payment(payment());
  ASSERT_TRUE(transaction.ok());
  ASSERT_TRUE(sign(*transaction, *faucet_).ok());
  change_ = [](const std::string& type, json& reply) {
    if (type == "broadcastTransaction") reply["fullHash"] = std::string(64, '0');
  };
  EXPECT_EQ(broadcast(*client_, *transaction, never_).code(), Code::kRefused);
}

// No packet leaves: the address is never resolved.
TEST_F(Sending, NoPassphraseLeavesThisMachine) {
  for (const char* url : {"http://pool.invalid:8080", "https://europe.invalid", "http://10.0.0.1",
                          "http://localhost.invalid", "http://127.0.0.1.invalid"}) {
    const auto remote = NodeClient::open(*http_, url);
    ASSERT_TRUE(remote.ok()) << url;
    EXPECT_FALSE(remote->is_loopback());
    const auto refused = remote->call("submitNonce", {{"secretPhrase", "x"}}, never_, true);
    EXPECT_EQ(refused.status().code(), Code::kRefused) << url;
    EXPECT_NE(refused.status().message().find("passphrase"), std::string::npos);
  }
  EXPECT_TRUE(client_->is_loopback());
}

}  // namespace
}  // namespace quarry::signum
