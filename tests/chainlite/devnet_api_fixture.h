// A chain where a miner and a user have coins, its API, and what tests ask of it.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/hex.h"
#include "tests/support/devnet_node.h"

namespace quarry::tests {

inline std::string id_text(const Keys& keys) { return std::to_string(keys->account_id()); }
inline std::string key_text(const Keys& keys) { return format_hex(keys->public_key()); }

// Names and kinds: 's' text, 'n' number, 'b' boolean, 'a' list, 'o' object, '0' null.
inline std::string shape(const nlohmann::json& object) {
  std::string text;
  for (const auto& [name, value] : object.items()) {
    const char kind = value.is_string()    ? 's'
                      : value.is_number()  ? 'n'
                      : value.is_boolean() ? 'b'
                      : value.is_array()   ? 'a'
                      : value.is_object()  ? 'o'
                                           : '0';
    text += name + ":" + kind + " ";
  }
  return text;
}

class DevnetApi : public testing::Test {
 protected:
  // A chain where a miner and a user have coins.
  void SetUp() override {
    node.mine(miner);
    pay_user(50'000);
    node.mine(miner);
  }
  void pay_user(uint64_t coins) {
    const nlohmann::json paid =
        node.post("faucet&account=" + id_text(user) + "&publicKey=" + key_text(user) +
                  "&amountNQT=" + std::to_string(coins * signum::kPlanckPerCoin));
    ASSERT_TRUE(paid.contains("transaction")) << paid;
  }

  // Creates by "requestType" and parameters, signs, broadcasts; the id.
  std::string send(const std::string& query) {
    const nlohmann::json created =
        node.post(query + "&publicKey=" + key_text(user) + "&feeNQT=10000000&deadline=60");
    EXPECT_TRUE(created.contains("unsignedTransactionBytes")) << created;
    if (!created.contains("unsignedTransactionBytes")) return "";
    EXPECT_EQ(created["broadcasted"], false);
    auto transaction = *signum::parse_transaction(
        *parse_hex(created["unsignedTransactionBytes"].get<std::string>()));
    EXPECT_TRUE(signum::sign(transaction, *user).ok());
    const nlohmann::json sent = node.post("broadcastTransaction&transactionBytes=" +
                                          format_hex(signum::transaction_bytes(transaction)));
    EXPECT_EQ(shape(sent), "fullHash:s numberPeersSentTo:n requestProcessingTime:n transaction:s ")
        << sent;
    return sent.value("transaction", "");
  }

  DevnetNode node;
  Keys miner = keys_of("miner"), user = keys_of("user"), friend_ = keys_of("friend");
};

}  // namespace quarry::tests
