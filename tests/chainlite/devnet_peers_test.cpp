// What a devnet says to other nodes.
#include <functional>

#include "chainlite/signum/block_json.h"
#include "tests/chainlite/devnet_api_fixture.h"

namespace quarry::tests {
namespace {

using nlohmann::json;

class DevnetPeers : public DevnetApi {};

TEST_F(DevnetPeers, PeersGetBlocksThatTheyCanVerify) {
  for (int i = 0; i < 3; i++) node.mine(miner);
  const std::string genesis = std::to_string(node.chain->network().genesis_block_id);
  const json next = node.peer({{"requestType", "getNextBlocks"}, {"blockId", genesis}});
  ASSERT_EQ(next["nextBlocks"].size(), node.height());
  const json from = node.peer({{"requestType", "getBlocksFromHeight"}, {"height", 0}});
  EXPECT_EQ(from["nextBlocks"], next["nextBlocks"]);
  EXPECT_EQ(node.peer({{"requestType", "getBlocksFromHeight"},
                       {"height", 1},
                       {"numBlocks", 2}})["nextBlocks"]
                .size(),
            2);
  // A chain that begins anew takes them all.
  DevnetNode other;
  other.clock.advance(1000);
  for (const json& object : next["nextBlocks"]) {
    const auto block = signum::block_from_json(object);
    ASSERT_TRUE(block.ok()) << block.status().message();
    EXPECT_TRUE(other.chain->append(*block).ok());
  }
  EXPECT_EQ(other.tip().hash, node.tip().hash);

  const json difficulty = node.peer({{"requestType", "getCumulativeDifficulty"}});
  EXPECT_EQ(difficulty["cumulativeDifficulty"], node.tip().cumulative_difficulty.text());
  EXPECT_EQ(difficulty["blockchainHeight"], node.height());
  const json ids = node.peer({{"requestType", "getNextBlockIds"}, {"blockId", genesis}});
  EXPECT_EQ(ids["nextBlockIds"].size(), node.height());
  EXPECT_EQ(ids["nextBlockIds"].back(), std::to_string(node.tip().id));
}

TEST_F(DevnetPeers, MilestonesLeadDownToTheFirstBlock) {
  for (int i = 0; i < 25; i++) node.mine(miner);
  const std::string tip = std::to_string(node.tip().id);
  const auto ask = [&](const char* name, const std::string& id) {
    return node.peer({{"requestType", "getMilestoneBlockIds"}, {name, id}});
  };
  EXPECT_EQ(ask("lastBlockId", tip)["last"], true);
  EXPECT_EQ(ask("lastBlockId", tip)["milestoneBlockIds"], json({tip}));
  const std::string known = node.get("getBlockId&height=3")["block"];
  EXPECT_FALSE(ask("lastBlockId", known).contains("last"));
  EXPECT_EQ(ask("lastBlockId", known)["milestoneBlockIds"], json({known}));
  const json samples = ask("lastBlockId", "12345")["milestoneBlockIds"];
  ASSERT_EQ(samples.size(), 3);  // heights 27, 17, 7
  EXPECT_EQ(samples[0], tip);
  EXPECT_EQ(samples[2], node.get("getBlockId&height=7")["block"]);
  EXPECT_EQ(ask("lastMilestoneBlockId", samples[2])["milestoneBlockIds"], json::array());
  EXPECT_TRUE(ask("lastMilestoneBlockId", "12345").contains("error"));
  EXPECT_TRUE(node.peer({{"requestType", "getMilestoneBlockIds"}}).contains("error"));
}

TEST_F(DevnetPeers, PeersHandOnBlocksAndTransactions) {
  DevnetNode other;
  other.clock.advance(1000);
  const auto send_block = [&](uint32_t height, const std::function<void(json&)>& change) {
    const auto block = *node.chain->read(
        [&](devnet::Ledger& ledger, const auto&) { return ledger.block_at(height); });
    json object = signum::block_to_json(block.block, signum::pack_base_target(block.base_target));
    object["requestType"] = "processBlock";
    change(object);
    return other.peer(object);
  };
  EXPECT_EQ(send_block(2, [](json&) {})["accepted"], false);  // not its turn
  EXPECT_EQ(send_block(1, [](json& block) { block["nonce"] = "123"; })["accepted"], false);
  EXPECT_EQ(other.height(), 0);
  EXPECT_EQ(send_block(1, [](json&) {})["accepted"], true);
  EXPECT_EQ(send_block(2, [](json&) {})["accepted"], true);
  EXPECT_EQ(other.tip().hash, node.tip().hash);

  send("sendMoney&amountNQT=5&recipient=" + id_text(friend_));
  const json waiting = node.peer({{"requestType", "getUnconfirmedTransactions"}});
  ASSERT_EQ(waiting["unconfirmedTransactions"].size(), 1);
  const json taken = other.peer({{"requestType", "processTransactions"},
                                 {"transactions", waiting["unconfirmedTransactions"]}});
  EXPECT_EQ(taken.value("error", ""), "");
  EXPECT_EQ(other.waiting(), 1);
}

TEST_F(DevnetPeers, WrongWordsOfPeersAreAnswered) {
  for (const std::string& body :
       {std::string("{"), std::string("{}"), std::string(R"({"protocol":"B2"})"),
        std::string(R"({"protocol":"B1"})"), std::string(R"({"protocol":1,"requestType":1})"),
        std::string(R"({"protocol":"B1","requestType":"getNothing"})"),
        std::string(R"({"protocol":"B1","requestType":"getNextBlocks"})"),
        std::string(R"({"protocol":"B1","requestType":"getNextBlocks","blockId":"x"})"),
        std::string(R"({"protocol":"B1","requestType":"getNextBlocks","blockId":"1"})"),
        std::string(R"({"protocol":"B1","requestType":"getBlocksFromHeight","height":"x"})"),
        std::string(R"({"protocol":"B1","requestType":"processBlock"})"),
        std::string(R"({"protocol":"B1","requestType":"processTransactions","transactions":5})"),
        std::string(R"({"protocol":"B1","requestType":"processTransactions","transactions":[5]})"),
        "{" + std::string(100'000, '['), std::string("{\xFF\xFE")}) {
    const json reply = node.peer_text(body);
    EXPECT_TRUE(reply.contains("error")) << body.substr(0, 100) << reply;
  }
  EXPECT_EQ(
      node.peer({{"requestType", "getBlocksFromHeight"}, {"height", 4'000'000'000}})["nextBlocks"],
      json::array());
  EXPECT_EQ(
      node.peer({{"requestType", "getBlocksFromHeight"}, {"height", -5}})["nextBlocks"].size(), 2);
  EXPECT_EQ(node.peer({{"requestType", "getPeers"}})["peers"], json::array());
  EXPECT_EQ(node.peer({{"requestType", "getInfo"}})["networkName"], "devnet");
}

}  // namespace
}  // namespace quarry::tests
