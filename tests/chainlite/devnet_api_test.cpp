// The node's API without a network: shapes of replies, every parameter with wrong
// values, and what the requests do to the chain.
#include <gtest/gtest.h>

#include <set>

#include "base/hex.h"
#include "chainlite/devnet/effects.h"
#include "chainlite/signum/address.h"
#include "chainlite/signum/block_json.h"
#include "chainlite/signum/transaction_json.h"
#include "tests/chainlite/devnet_api_fixture.h"

namespace quarry::tests {
namespace {

using nlohmann::json;

TEST_F(DevnetApi, HttpStatusIsThatOfTheLiveNode) {
  const auto status = [&](const IncomingRequest& request) {
    const HttpReply reply = node.api->handle(request);
    return std::pair(reply.status, json::parse(reply.body, nullptr, false).value("errorCode", 0));
  };
  EXPECT_EQ(status(DevnetNode::request("GET", "")), std::pair(404, 1));
  EXPECT_EQ(status(DevnetNode::request("GET", "requestType=getNothing")), std::pair(404, 1));
  EXPECT_EQ(status(DevnetNode::request("GET", "requestType=sendMoney")), std::pair(405, 7));
  EXPECT_EQ(status(DevnetNode::request("PUT", "requestType=getTime")), std::pair(405, 7));
  EXPECT_EQ(status(DevnetNode::request("POST", "requestType=sendMoney")), std::pair(200, 3));
  EXPECT_EQ(status(DevnetNode::request("POST", "requestType=getTime")), std::pair(200, 0));
  IncomingRequest elsewhere = DevnetNode::request("GET", "requestType=getTime");
  elsewhere.path = "/favicon.ico";
  EXPECT_EQ(status(elsewhere).first, 404);
  elsewhere.path = "/burst";
  EXPECT_EQ(status(elsewhere).first, 200);
  const HttpReply options = node.api->handle(DevnetNode::request("OPTIONS", ""));
  EXPECT_EQ(options.status, 202);
  EXPECT_EQ(*find_header(options.headers, "Access-Control-Allow-Origin"), "*");
}

TEST_F(DevnetApi, RepliesHaveTheFieldsOfTheLiveNode) {
  EXPECT_EQ(shape(node.get("getMiningInfo")),
            "averageCommitmentNQT:s baseTarget:s generationSignature:s height:s lastBlockReward:s "
            "lastBlockRewardNQT:s requestProcessingTime:n timestamp:s ");
  EXPECT_EQ(shape(node.get("getAccount&getCommittedAmount=true&estimateCommitment=true&account=" +
                           id_text(user))),
            "account:s accountRS:s accountRSExtended:s balanceNQT:s commitmentNQT:s "
            "committedBalanceNQT:s forgedBalanceNQT:s guaranteedBalanceNQT:s isAT:b isSecured:b "
            "publicKey:s requestProcessingTime:n unconfirmedBalanceNQT:s ");
  EXPECT_EQ(shape(node.get("getBlock&height=2")),
            "averageCommitmentNQT:s baseTarget:s block:s blockReward:s blockRewardNQT:s "
            "blockSignature:s cumulativeDifficulty:s generationSignature:s generator:s "
            "generatorPublicKey:s generatorRS:s height:n nonce:s numberOfTransactions:n "
            "payloadHash:s payloadLength:n previousBlock:s previousBlockHash:s "
            "requestProcessingTime:n scoopNum:n timestamp:n totalAmountNQT:s "
            "totalFeeBurntNQT:s totalFeeCashBackNQT:s totalFeeNQT:s transactions:a version:n ");
  EXPECT_EQ(shape(node.get("getBlock&height=2&includeTransactions=true")["transactions"][0]),
            "amountNQT:s attachment:o attachmentBytes:s block:s blockTimestamp:n cashBackId:s "
            "confirmations:n deadline:n ecBlockHeight:n ecBlockId:s feeNQT:s fullHash:s height:n "
            "recipient:s recipientRS:s sender:s senderPublicKey:s senderRS:s signature:s "
            "signatureHash:s subtype:n timestamp:n transaction:s type:n version:n ");
  EXPECT_EQ(shape(node.get("getBlockchainStatus")),
            "application:s cumulativeDifficulty:s isScanning:b lastBlock:s lastBlockchainFeeder:0 "
            "lastBlockchainFeederHeight:n numberOfBlocks:n requestProcessingTime:n time:n "
            "version:s ");
  EXPECT_EQ(shape(node.get("getConstants")),
            "addressPrefix:s blockTime:n cashBackFactor:n cashBackId:s decimalPlaces:n "
            "feeQuantNQT:n genesisAccountId:s genesisBlockId:s maxArbitraryMessageLength:n "
            "maxBlockPayloadLength:n networkName:s ordinaryTransactionLength:n peerStates:a "
            "requestProcessingTime:n transactionTypes:a valueSuffix:s ");
  EXPECT_EQ(shape(node.get("suggestFee")),
            "cheap:n priority:n requestProcessingTime:n standard:n ");
  EXPECT_EQ(shape(node.get("getECBlock")),
            "ecBlockHeight:n ecBlockId:s requestProcessingTime:n timestamp:n ");
  EXPECT_EQ(shape(node.get("getBlocks")), "blocks:a requestProcessingTime:n ");
  EXPECT_EQ(shape(node.get("getBlockId&height=0")), "block:s requestProcessingTime:n ");
  EXPECT_EQ(shape(node.get("getTime")), "requestProcessingTime:n time:n ");
  EXPECT_EQ(shape(node.get("getMyInfo")), "UUID:s address:s host:s requestProcessingTime:n ");
  EXPECT_EQ(shape(node.get("getRewardRecipient&account=" + id_text(user))),
            "requestProcessingTime:n rewardRecipient:s ");
  EXPECT_EQ(shape(node.post("getAccountId&publicKey=" + key_text(user))),
            "account:s accountRS:s accountRSExtended:s publicKey:s requestProcessingTime:n ");
  EXPECT_EQ(shape(node.get("getBalance&account=" + id_text(user))),
            "balanceNQT:s forgedBalanceNQT:s guaranteedBalanceNQT:s requestProcessingTime:n "
            "unconfirmedBalanceNQT:s ");
}

TEST_F(DevnetApi, CoinsMoveFromFaucetToUserToFriend) {
  const json before = node.get("getBalance&account=" + id_text(user));
  EXPECT_EQ(before["balanceNQT"], "5000000000000");
  const std::string id = send("sendMoney&recipient=" + id_text(friend_) + "&amountNQT=123456789");
  const json waiting = node.get("getTransaction&transaction=" + id);
  EXPECT_EQ(waiting["amountNQT"], "123456789");
  EXPECT_EQ(waiting["feeNQT"], "10000000");
  EXPECT_EQ(waiting["height"], INT32_MAX);
  EXPECT_FALSE(waiting.contains("block"));
  EXPECT_EQ(node.get("getUnconfirmedTransactionIds")["unconfirmedTransactionIds"], json({id}));
  EXPECT_EQ(node.get("getUnconfirmedTransactions&account=" +
                     id_text(friend_))["unconfirmedTransactions"][0]["transaction"],
            id);
  EXPECT_EQ(node.get("getUnconfirmedTransactions&account=1")["unconfirmedTransactions"],
            json::array());
  const json between = node.get("getBalance&account=" + id_text(user));
  EXPECT_EQ(between["balanceNQT"], "5000000000000");
  EXPECT_EQ(between["unconfirmedBalanceNQT"], "4999866543211");

  const auto block = node.mine(miner);
  const json confirmed = node.get("getTransaction&transaction=" + id);
  EXPECT_EQ(confirmed["block"], std::to_string(block.id));
  EXPECT_EQ(confirmed["confirmations"], 0);
  EXPECT_EQ(confirmed["blockTimestamp"], block.block.timestamp);
  const std::string hash = confirmed["fullHash"];
  EXPECT_EQ(node.get("getTransaction&fullHash=" + hash)["transaction"], id);
  EXPECT_EQ(node.get("getBalance&account=" + id_text(user))["balanceNQT"], "4999866543211");
  // By its address, too; and with nothing known of its key.
  const json account =
      node.get("getAccount&account=" + signum::format_address(friend_->account_id(), "TS"));
  EXPECT_EQ(account["account"], id_text(friend_));
  EXPECT_EQ(account["balanceNQT"], "123456789");
  EXPECT_EQ(account["isSecured"], false);
  EXPECT_FALSE(account.contains("publicKey"));
  EXPECT_FALSE(node.get("getAccountPublicKey&account=" + id_text(friend_)).contains("publicKey"));
  EXPECT_EQ(node.get("getAccountPublicKey&account=" + id_text(user))["publicKey"], key_text(user));

  const json listed = node.get("getAccountTransactions&account=" + id_text(user));
  ASSERT_EQ(listed["transactions"].size(), 2);  // newest first
  EXPECT_EQ(listed["transactions"][0]["transaction"], id);
  const json bytes = node.get("getTransactionBytes&transaction=" + id);
  const auto parsed =
      signum::parse_transaction(*parse_hex(bytes["transactionBytes"].get<std::string>()));
  EXPECT_EQ(std::to_string(signum::id_of(signum::full_hash(*parsed))), id);
}

TEST_F(DevnetApi, EveryKindThatMinersAndWalletsNeedIsCreatedAndConfirmed) {
  const std::vector<std::string> queries = {
      "sendMoney&amountNQT=5&recipient=" + id_text(friend_) + "&message=dear%20%E2%9C%93",
      "sendMoney&amountNQT=5&recipient=" + id_text(friend_) +
          "&recipientPublicKey=" + key_text(friend_),
      "sendMoneyMulti&recipients=" + id_text(friend_) + ":7;" + id_text(miner) + ":8",
      "sendMoneyMultiSame&amountNQT=9&recipients=" + id_text(friend_) + ";" + id_text(miner),
      "sendMessage&message=hello&recipient=" + id_text(friend_),
      "sendMessage&message=c0ffee&messageIsText=false&recipient=" + id_text(friend_),
      "sendMessage&recipient=" + id_text(friend_) + "&encryptedMessageData=" +
          std::string(96, 'a') + "&encryptedMessageNonce=" + std::string(64, 'b'),
      "addCommitment&amountNQT=200000000000",
      "setRewardRecipient&recipient=" + id_text(miner)};
  for (const auto& query : queries) {
    SCOPED_TRACE(query);
    const std::string id = send(query);
    node.mine(miner);
    const json found = node.get("getTransaction&transaction=" + id);
    ASSERT_TRUE(found.contains("block")) << found;
    const auto transaction = signum::parse_transaction(*parse_hex(
        node.get("getTransactionBytes&transaction=" + id)["transactionBytes"].get<std::string>()));
    EXPECT_EQ(found["type"], signum::kind_of(transaction->attachment).type);
    EXPECT_EQ(found["subtype"], signum::kind_of(transaction->attachment).subtype);
  }
  EXPECT_EQ(node.get("getAccount&account=" + id_text(user) +
                     "&getCommittedAmount=true")["committedBalanceNQT"],
            "200000000000");
  const std::string removed = send("removeCommitment&amountNQT=50000000000");
  node.mine(miner);
  EXPECT_EQ(node.get("getTransaction&transaction=" + removed)["attachment"]["amountNQT"],
            50'000'000'000);
  for (int i = 0; i < 4; i++) node.mine(miner);
  EXPECT_EQ(node.get("getRewardRecipient&account=" + id_text(user))["rewardRecipient"],
            id_text(miner));
  const json accounts = node.get("getAccountsWithRewardRecipient&account=" + id_text(miner));
  EXPECT_EQ(accounts["accounts"], json({id_text(user), id_text(miner)}));
  // The client's API and that between nodes name a message differently.
  const json messages = node.get("getAccountTransactions&type=1&account=" + id_text(user));
  ASSERT_EQ(messages["transactions"].size(), 3);
  EXPECT_EQ(messages["transactions"][2]["attachment"]["message"], "hello");
  EXPECT_EQ(messages["transactions"][2]["attachment"]["messageIsText"], true);
  EXPECT_EQ(messages["transactions"][1]["attachment"]["message"], "c0ffee");
  // A payment to many shows at its recipients only when that is asked for.
  const std::string of_friend = "getAccountTransactionIds&account=" + id_text(friend_);
  const size_t direct = node.get(of_friend)["transactionIds"].size();
  EXPECT_EQ(node.get(of_friend + "&includeIndirect=true")["transactionIds"].size(), direct + 2);
}

TEST_F(DevnetApi, PagesGoOnWhereTheLastOneEnded) {
  for (int i = 1; i <= 5; i++)
    send("sendMoney&amountNQT=" + std::to_string(i) + "&recipient=" + id_text(friend_));
  node.mine(miner);
  const std::string query = "getAccountTransactionIds&account=" + id_text(user);
  const json all = node.get(query)["transactionIds"];
  ASSERT_EQ(all.size(), 6);
  json paged = json::array();
  uint64_t next = 0;
  for (int page = 0; page < 3; page++) {
    const json reply = node.get(query + "&firstIndex=" + std::to_string(next) +
                                "&lastIndex=" + std::to_string(next + 1));
    paged.insert(paged.end(), reply["transactionIds"].begin(), reply["transactionIds"].end());
    EXPECT_EQ(reply.contains("nextIndex"), page < 2);
    next = reply.value("nextIndex", 0);
  }
  EXPECT_EQ(paged, all);
  EXPECT_EQ(node.get(query + "&numberOfConfirmations=1")["transactionIds"].size(), 1);
  const json blocks = node.get("getBlocks&firstIndex=1&lastIndex=2");
  ASSERT_EQ(blocks["blocks"].size(), 2);
  EXPECT_EQ(blocks["blocks"][0]["height"], node.height() - 1);
  EXPECT_EQ(blocks["nextIndex"], 3);
  EXPECT_EQ(node.get("getAccountBlockIds&account=" + id_text(miner))["blockIds"].size(), 3);
  EXPECT_EQ(node.get("getAccountBlocks&lastIndex=0&account=" + id_text(miner))["blocks"].size(), 1);
}

TEST_F(DevnetApi, BlocksAreFoundByIdHeightAndTime) {
  const auto tip = node.tip();
  const json last = node.get("getBlock");
  EXPECT_EQ(last["block"], std::to_string(tip.id));
  for (const std::string& which :
       {"block=" + std::to_string(tip.id), "height=" + std::to_string(tip.height),
        "timestamp=" + std::to_string(tip.block.timestamp + 100)})
    EXPECT_EQ(node.get("getBlock&" + which)["block"], last["block"]) << which;
  EXPECT_EQ(node.get("getBlock&timestamp=0")["height"], 0);
  EXPECT_EQ(node.get("getBlock&height=1")["nextBlock"], last["block"]);
  EXPECT_EQ(node.get("getBlock&height=0")["version"], -1);
  EXPECT_EQ(node.get("getBlock&block=1")["errorCode"], 5);
}

TEST_F(DevnetApi, APassphraseIsTakenFromThisMachineOnly) {
  const std::string query =
      "requestType=sendMoney&amountNQT=5&feeNQT=1000000&deadline=60&secretPhrase=user&recipient=" +
      id_text(friend_);
  IncomingRequest request = DevnetNode::request("POST", query);
  const json here = node.ask(request);
  EXPECT_EQ(here["broadcasted"], true) << here;
  EXPECT_EQ(node.waiting(), 1);
  request.peer_is_loopback = false;
  EXPECT_EQ(node.ask(request)["errorCode"], 7);
  EXPECT_EQ(node.waiting(), 1);
  IncomingRequest nonce =
      DevnetNode::request("POST", "requestType=submitNonce&nonce=1&secretPhrase=user");
  nonce.peer_is_loopback = false;
  EXPECT_EQ(node.ask(nonce)["errorCode"], 7);
  EXPECT_EQ(node.post("getAccountId&secretPhrase=user")["errorCode"], 7);
  // Not broadcast when that is not wanted.
  const json kept = node.ask(DevnetNode::request("POST", query + "&broadcast=false"));
  EXPECT_EQ(kept["broadcasted"], false);
  EXPECT_EQ(node.waiting(), 1);
}

TEST_F(DevnetApi, NoncesAreTakenAndRefusedInTheLiveNodesWords) {
  const std::string phrase = "&secretPhrase=miner";
  const std::string next = std::to_string(node.height() + 1);
  const json good = node.post("submitNonce&nonce=7&blockheight=" + next + phrase);
  EXPECT_EQ(good["result"], "success") << good;
  EXPECT_TRUE(good["deadline"].is_number_unsigned());
  EXPECT_EQ(node.post("submitNonce&nonce=7&blockheight=1" + phrase)["result"],
            "Given block height does not match current blockchain height");
  EXPECT_EQ(node.post("submitNonce&nonce=7&blockheight=x" + phrase)["result"],
            "Given block height is not a number");
  EXPECT_EQ(node.post("submitNonce&nonce=7&accountId=x")["result"],
            "Missing Passphrase and Account ID is malformed");
  EXPECT_TRUE(node.post("submitNonce&nonce=7")["result"].is_string());
  EXPECT_TRUE(node.post("submitNonce&nonce=7&accountId=" + id_text(user))["result"].is_string());
  EXPECT_EQ(node.post("submitNonce&nonce=7&accountId=" + id_text(user) + phrase)["errorCode"],
            json());
  // The faucet is a key of the node's own: no passphrase is needed.
  const auto faucet = signum::account_of(node.chain->genesis().faucet);
  EXPECT_EQ(node.post("submitNonce&nonce=7&accountId=" + std::to_string(faucet))["result"],
            "success");
}

TEST_F(DevnetApi, ErrorsHaveTheLiveNodesCodes) {
  const std::string common = "&feeNQT=1000000&deadline=60&publicKey=" + key_text(user);
  const std::vector<std::pair<std::string, int>> cases = {
      {"getAccount", 3},
      {"getAccount&account=", 3},
      {"getAccount&account=x", 4},
      {"getAccount&account=18446744073709551616", 4},
      {"getAccount&account=-1", 4},
      {"getAccount&account=12345", 5},
      {"getAccount&height=99&account=" + id_text(user), 4},
      {"getAccount&height=0&account=" + id_text(user), 8},
      {"getBlock&block=x", 4},
      {"getBlock&height=99", 4},
      {"getBlock&height=-1", 4},
      {"getBlock&timestamp=-1", 4},
      {"getBlockId", 3},
      {"getBlockId&height=4294967296", 4},
      {"getTransaction", 3},
      {"getTransaction&transaction=1", 5},
      {"getTransaction&transaction=1.5", 4},
      {"getTransaction&fullHash=abcd", 4},
      {"getTransaction&fullHash=" + std::string(64, '0'), 5},
      {"getTransactionBytes", 3},
      {"getAccountTransactions&numberOfConfirmations=9999&account=" + id_text(user), 4},
      {"getAccountTransactions&firstIndex=5&lastIndex=4&account=" + id_text(user), 1},
      {"getECBlock&timestamp=1", 4},
      {"rsConvert&account=0", 4},
      {"longConvert&id=x", 1},
      {"getAccountId", 3},
      {"getAccountId&publicKey=abcd", 4},
      {"parseTransaction", 3},
      {"parseTransaction&transactionBytes=abcd", 4},
      {"parseTransaction&transactionJSON={}", 4},
      {"broadcastTransaction&transactionBytes=xyz", 4},
      {"sendMoney&recipient=1&amountNQT=5", 3},
      {"sendMoney&recipient=1" + common, 3},
      {"sendMoney&recipient=1&amountNQT=0" + common, 4},
      {"sendMoney&recipient=1&amountNQT=215881280000000000" + common, 4},
      {"sendMoney&recipient=1&amountNQT=100000000000000" + common, 6},
      {"sendMoney&recipient=x&amountNQT=5" + common, 4},
      {"sendMoney&recipient=1&amountNQT=5&deadline=60&publicKey=" + key_text(user), 3},
      {"sendMoney&recipient=1&amountNQT=5&feeNQT=1000000&publicKey=" + key_text(user), 3},
      {"sendMoney&recipient=1&amountNQT=5&feeNQT=999999&deadline=60&publicKey=" + key_text(user),
       4},
      {"sendMoney&recipient=1&amountNQT=5&feeNQT=1000000&deadline=1441&publicKey=" + key_text(user),
       4},
      {"sendMoney&recipient=1&amountNQT=5&feeNQT=1000000&deadline=60&publicKey=" +
           key_text(friend_),
       5},
      {"sendMoneyMulti&recipients=1:5" + common, 4},
      {"sendMoneyMulti&recipients=1:5;2" + common, 4},
      {"sendMoneyMulti&recipients=1:5;1:5" + common, 4},
      {"sendMoneyMulti" + common, 3},
      {"sendMoneyMultiSame&amountNQT=5&recipients=1;x" + common, 4},
      {"sendMessage&recipient=1&messageIsText=false&message=xyz" + common, 4},
      {"sendMessage&recipient=1&messageToEncrypt=secret" + common, 7},
      {"sendMessage&recipient=1&message=" + std::string(1001, 'a') + common, 4},
      {"setRewardRecipient&recipient=" + id_text(friend_) + common, 8},
      {"addCommitment&amountNQT=100000000000000" + common, 6},
      {"removeCommitment&amountNQT=5" + common, 4},
      {"faucet", 3},
      {"faucet&account=1&amountNQT=100000000000001", 4},
      {"submitNonce&nonce=-1&secretPhrase=miner", 4},
      {"submitNonce&secretPhrase=miner", 3}};
  for (const auto& [query, code] : cases) {
    const json reply = node.post(query);
    EXPECT_EQ(reply.value("errorCode", 0), code) << query << ": " << reply;
    EXPECT_FALSE(reply.value("errorDescription", "").empty()) << query;
  }
}

// Whatever a parameter holds, the reply is an object, the node lives, and nothing
// is spent.
TEST_F(DevnetApi, NoParameterDoesHarm) {
  const std::vector<std::string> types = {"addCommitment",
                                          "broadcastTransaction",
                                          "getAccount",
                                          "getAccountBlockIds",
                                          "getAccountBlocks",
                                          "getAccountId",
                                          "getAccountPublicKey",
                                          "getAccountTransactionIds",
                                          "getAccountTransactions",
                                          "getAccountsWithRewardRecipient",
                                          "getBalance",
                                          "getBlock",
                                          "getBlockId",
                                          "getBlocks",
                                          "getECBlock",
                                          "getGuaranteedBalance",
                                          "getRewardRecipient",
                                          "getState",
                                          "getTransaction",
                                          "getTransactionBytes",
                                          "getUnconfirmedTransactionIds",
                                          "getUnconfirmedTransactions",
                                          "longConvert",
                                          "parseTransaction",
                                          "removeCommitment",
                                          "rsConvert",
                                          "sendMessage",
                                          "sendMoney",
                                          "sendMoneyMulti",
                                          "sendMoneyMultiSame",
                                          "setRewardRecipient"};
  const std::vector<std::string> names = {"account",
                                          "accountId",
                                          "amountNQT",
                                          "block",
                                          "broadcast",
                                          "deadline",
                                          "encryptedMessageData",
                                          "encryptedMessageNonce",
                                          "encryptToSelfMessageData",
                                          "encryptToSelfMessageNonce",
                                          "estimateCommitment",
                                          "feeNQT",
                                          "firstIndex",
                                          "fullHash",
                                          "getCommittedAmount",
                                          "height",
                                          "id",
                                          "includeIndirect",
                                          "includeTransactions",
                                          "lastIndex",
                                          "message",
                                          "messageIsText",
                                          "nonce",
                                          "numberOfConfirmations",
                                          "publicKey",
                                          "recipient",
                                          "recipientPublicKey",
                                          "recipients",
                                          "referencedTransactionFullHash",
                                          "subtype",
                                          "timestamp",
                                          "transaction",
                                          "transactionBytes",
                                          "transactionJSON",
                                          "type"};
  const std::vector<std::string> values = {"",
                                           "0",
                                           "-1",
                                           "x",
                                           "%FF%FE",
                                           "%00",
                                           "1.5",
                                           "1e9",
                                           "+1",
                                           "%201",
                                           "2147483648",
                                           "9223372036854775807",
                                           "9223372036854775808",
                                           "18446744073709551615",
                                           "18446744073709551616",
                                           "-9223372036854775809",
                                           std::string(5000, '9'),
                                           std::string(5000, 'f'),
                                           "null",
                                           "%7B%7D",
                                           "%5B%5B%5B",
                                           ";;;;;;",
                                           ":;:;:",
                                           "TS-2222-2222-2222-22222"};
  // Complete but for the one that is wrong.
  std::string good = "&account=" + id_text(user) + "&recipient=" + id_text(miner) +
                     "&publicKey=" + key_text(user) + "&amountNQT=1&feeNQT=1000000&deadline=60" +
                     "&recipients=1:1;2:2&broadcast=false";
  const auto waiting = node.waiting();
  const auto height = node.height();
  for (const auto& type : types)
    for (const auto& name : names)
      for (const auto& value : values) {
        const std::string query = type + "&" + name + "=" + value + good;
        const HttpReply reply =
            node.api->handle(DevnetNode::request("POST", "requestType=" + query));
        ASSERT_EQ(reply.status, 200) << query;
        const json object = json::parse(reply.body, nullptr, false);
        ASSERT_TRUE(object.is_object()) << query << reply.body;
        const int code = object.value("errorCode", 1);
        ASSERT_TRUE(code >= 1 && code <= 9) << query << object;
      }
  EXPECT_EQ(node.waiting(), waiting);
  EXPECT_EQ(node.height(), height);
}

TEST_F(DevnetApi, NumbersAreConverted) {
  EXPECT_EQ(node.get("longConvert&id=-1")["stringId"], "18446744073709551615");
  EXPECT_EQ(node.get("longConvert&id=18446744073709551615")["longId"], "-1");
  EXPECT_EQ(node.get("longConvert&id=9223372036854775808")["longId"], "-9223372036854775808");
  EXPECT_EQ(node.get("longConvert&id=5")["longId"], "5");
  EXPECT_EQ(node.get("longConvert&id=18446744073709551616")["error"], "overflow");
  const std::string address = node.get("rsConvert&account=" + id_text(user))["accountRS"];
  EXPECT_EQ(node.get("rsConvert&account=" + address)["account"], id_text(user));
  const std::string extended =
      node.post("getAccountId&publicKey=" + key_text(user))["accountRSExtended"];
  EXPECT_EQ(node.get("rsConvert&account=" + extended)["account"], id_text(user));
}

TEST_F(DevnetApi, TransactionsAreParsedBytesAndBodiesAlike) {
  const auto payment = node.payment(user, friend_->account_id(), 77);
  const std::string hex = format_hex(signum::transaction_bytes(payment));
  const json parsed = node.get("parseTransaction&transactionBytes=" + hex);
  EXPECT_EQ(parsed["verify"], true);
  EXPECT_EQ(parsed["amountNQT"], "77");
  EXPECT_FALSE(parsed.contains("validate"));
  auto tampered = payment;
  tampered.amount_planck++;
  EXPECT_EQ(node.get("parseTransaction&transactionBytes=" +
                     format_hex(signum::transaction_bytes(tampered)))["verify"],
            false);
  EXPECT_EQ(node.post("broadcastTransaction&transactionBytes=" +
                      format_hex(signum::transaction_bytes(tampered)))["errorCode"],
            4);
  // In the body, quoted; in JSON.
  EXPECT_TRUE(node.post("broadcastTransaction", "\"" + hex + "\"\n").contains("transaction"));
  const auto second = node.payment(user, friend_->account_id(), 78);
  EXPECT_TRUE(node.post("broadcastTransaction&transactionJSON=" +
                        percent_encode(signum::transaction_to_json(second).dump()))
                  .contains("transaction"));
  EXPECT_EQ(node.waiting(), 2);
  auto elsewhere = node.draft(signum::Payment());
  elsewhere.amount_planck = 5;
  elsewhere.cash_back_id = 1;
  ASSERT_TRUE(signum::sign(elsewhere, *user).ok());
  const json refused = node.post("broadcastTransaction&transactionBytes=" +
                                 format_hex(signum::transaction_bytes(elsewhere)));
  EXPECT_EQ(refused["errorDescription"].get<std::string>().find(
                "Incorrect transactionBytes: cash back ID mismatch"),
            0);
  // Of any version: a client may ask about old ones.
  for (const uint8_t version : {0, 1}) {
    auto old = payment;
    old.version = version;
    old.cash_back_id = 0;
    if (version == 0) old.ec_block_height = 0;
    if (version == 0) old.ec_block_id = 0;
    EXPECT_EQ(node.get("parseTransaction&transactionBytes=" +
                       format_hex(signum::transaction_bytes(old)))["version"],
              version);
  }
}

}  // namespace
}  // namespace quarry::tests
