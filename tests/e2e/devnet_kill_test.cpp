// A devnet under load that is killed again and again loses nothing that it told
// anyone was confirmed.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "chainlite/signum/sync.h"
#include "tests/e2e/devnet_process.h"

namespace quarry::tests {
namespace {

using nlohmann::json;

constexpr int kKills = 100;

class DevnetKill : public CommandLine {
 protected:
  // One life of the process: nonces and payments until the clock says so, then
  // SIGKILL. What is seen in a block goes into `confirmed_`.
  void live_and_die(std::chrono::milliseconds life) {
    DevnetProcess devnet(folder_.file("data"));
    ASSERT_FALSE(devnet.url.empty());
    check_all(devnet);
    const auto end = std::chrono::steady_clock::now() + life;
    do {
      devnet.post("submitNonce&secretPhrase=miner&nonce=" + std::to_string(random_() % 1000));
      const json paid = devnet.post("sendMoney&secretPhrase=quarry%20devnet%20faucet&recipient=" +
                                    std::to_string(1 + random_() % 50) +
                                    "&amountNQT=" + std::to_string(1 + random_() % 1000) +
                                    "&feeNQT=1000000&deadline=1440");
      if (paid.contains("transaction")) waiting_.push_back(paid["transaction"]);
      look(devnet);
    } while (std::chrono::steady_clock::now() < end);
    devnet.process->send(SIGKILL);
    EXPECT_EQ(devnet.process->wait().exit_code, 128 + SIGKILL);
  }

  // Which of the last payments are in a block now.
  void look(const DevnetProcess& devnet) {
    for (size_t i = waiting_.size(); i-- > 0 && waiting_.size() - i < 8;) {
      const json found = devnet.get("getTransaction&transaction=" + waiting_[i]);
      if (found.contains("block")) confirmed_[waiting_[i]] = found["block"];
    }
  }

  void check_all(const DevnetProcess& devnet) const {
    for (const auto& [id, block] : confirmed_) {
      const json found = devnet.get("getTransaction&transaction=" + id);
      ASSERT_EQ(found.value("block", ""), block) << "transaction " << id << " was confirmed";
    }
  }

  std::mt19937 random_;
  std::vector<std::string> waiting_;
  std::map<std::string, std::string> confirmed_;  // transaction, block
};

TEST_F(DevnetKill, NothingConfirmedIsEverLost) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  random_.seed(seed);
  for (int kill = 0; kill < kKills && !HasFatalFailure(); kill++)
    live_and_die(std::chrono::milliseconds(random_() % 1500));

  DevnetProcess devnet(folder_.file("data"));
  check_all(devnet);
  EXPECT_GT(confirmed_.size(), 20u) << "there was hardly any load";
  // And the chain is whole: the light client checks it from its first block on.
  const auto node = signum::NodeClient::open(*devnet.client, devnet.url);
  const auto chain = signum::identify_chain(*node, devnet.never);
  ASSERT_TRUE(chain.ok()) << chain.status().message();
  uint64_t blocks = 0;
  const auto last = signum::sync_chain(
      *node, *chain, {},
      [&](const signum::Verdict& verdict, const signum::PeerBlock&) {
        EXPECT_EQ(verdict.evidence(), signum::Evidence::kVerified) << verdict.header.height;
        blocks++;
        return Status();
      },
      devnet.never);
  ASSERT_TRUE(last.ok()) << last.status().message();
  EXPECT_EQ(blocks, devnet.height());
  RecordProperty("blocks", static_cast<int>(blocks));
  RecordProperty("confirmed", static_cast<int>(confirmed_.size()));
}

}  // namespace
}  // namespace quarry::tests
