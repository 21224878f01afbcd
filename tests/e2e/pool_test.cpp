// quarry pool as a process, on a devnet: miners that read real plots, and one that lies.
#include <fstream>
#include <numeric>
#include <set>

#include "base/hex.h"
#include "base/json.h"
#include "chainlite/signum/amount.h"
#include "chainlite/signum/consensus.h"
#include "tests/e2e/devnet_process.h"

namespace quarry::tests {
namespace {

using nlohmann::json;

// A miner as its pool sees it: a plot, an account, a name.
struct Miner {
  std::string passphrase;
  uint64_t nonces = 0;
  bool lies = false;

  uint64_t account() const { return account_of_phrase(passphrase); }
  std::string id() const { return std::to_string(account()); }
};

class PoolCommand : public CommandLine {
 protected:
  void SetUp() override {
    std::ofstream(folder_.file("password")) << "secret\n";
    std::ofstream(folder_.file("passphrase")) << "pool";
    const Outcome key =
        shell("wallet import pool --quick-kdf --passphrase-fd 4 4<" + folder_.file("passphrase"));
    ASSERT_EQ(key.exit_code, 0) << key.errors;
  }

  // `quarry WORDS` with the keys of this test.
  std::string line(const std::string& words) const {
    return std::string(QUARRY_BINARY) + " " + words + " --folder " + folder_.file("keys") +
           " --password-fd 3 3<" + folder_.file("password");
  }
  Outcome shell(const std::string& words) const {
    return run({"bash", "-c", line(words)}, environment());
  }

  // The miners have coins, a key in the chain, and the pool as their rewards' recipient.
  void join(const DevnetProcess& devnet, const std::vector<Miner>& miners) const {
    devnet.mine("pool");
    for (const Miner& miner : miners) {
      devnet.mine(miner.passphrase);
      const json sent = devnet.post(
          "setRewardRecipient&recipient=" + pool_ +
          "&deadline=60&feeNQT=1000000&secretPhrase=" + percent_encode(miner.passphrase));
      ASSERT_TRUE(sent.contains("transaction")) << sent;
    }
    devnet.mine("pool", 5);
  }

  json ask(const std::string& url, const std::string& method = "GET",
           std::vector<HttpHeader> headers = {}) const {
    HttpRequest request;
    request.method = method;
    request.url = url;
    request.headers = std::move(headers);
    const auto reply = client_->send(request, never_);
    EXPECT_TRUE(reply.ok()) << url << ": " << reply.status().message();
    return reply.ok() ? json::parse(reply->body, nullptr, false) : json();
  }

  // What signum-miner does in a round: the best nonce of the plot, undivided. Nothing
  // before the pool knows a round.
  json mine(const std::string& pool, const Miner& miner) const {
    const json info = ask(pool + "/burst?requestType=getMiningInfo");
    const auto signature = read_hex_array<32>(info, "generationSignature");
    const auto height = read_u64(info, "height");
    if (!signature.ok() || !height.ok()) return {};
    const std::string plot =
        read_file(folder_.file(miner.id() + "_0_" + std::to_string(miner.nonces)));
    const uint32_t scoop = signum::scoop_number(*signature, *height);
    uint64_t best = UINT64_MAX, best_nonce = 0;
    for (uint64_t nonce = 0; nonce < miner.nonces; nonce++) {
      signum::Scoop bytes;
      const auto at = text_bytes(plot).subspan((scoop * miner.nonces + nonce) * 64, 64);
      std::copy(at.begin(), at.end(), bytes.begin());
      const uint64_t hit = signum::scoop_hit(*signature, bytes);
      if (hit < best) best_nonce = nonce;
      best = std::min(best, hit);
    }
    if (miner.lies) best = 1;
    return ask(pool + "/burst?requestType=submitNonce&accountId=" + miner.id() +
                   "&nonce=" + std::to_string(best_nonce) + "&secretPhrase=&blockheight=" +
                   std::to_string(*height) + "&deadline=" + std::to_string(best),
               "POST", {{"User-Agent", "test-miner/1"}, {"X-Minername", miner.passphrase}});
  }

  const std::string pool_ = std::to_string(account_of_phrase("pool"));
  const std::unique_ptr<HttpClient> client_ = make_http_client();
  Cancel never_;
};

std::vector<json> events_of(const Process& process) {
  std::vector<json> all;
  const std::string text = process.output_so_far();
  for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    all.push_back(json::parse(text.substr(at, end - at), nullptr, false));
  return all;
}

size_t count_events(const Process& process, const std::string& name) {
  size_t count = 0;
  for (const json& event : events_of(process)) count += event.value("event", "") == name ? 1 : 0;
  return count;
}

json find_event(const Process& process, const std::string& name) {
  json found;
  EXPECT_TRUE(DevnetProcess::eventually([&] {
    for (const json& event : events_of(process))
      if (found.is_null() && event.value("event", "") == name) found = event;
    return !found.is_null();
  })) << name
      << ": " << process.errors_so_far();
  return found;
}

TEST_F(PoolCommand, WinsSharesAndPays) {
  const std::vector<Miner> miners = {{"one", 1}, {"two", 2}, {"three", 4}, {"liar", 1, true}};
  DevnetProcess devnet(folder_.file("chain"));
  join(devnet, miners);
  std::map<std::string, uint64_t> before;
  const auto balance = [&](const Miner& miner) {
    return *read_u64(devnet.get("getBalance&account=" + miner.id()), "balanceNQT");
  };
  for (const Miner& miner : miners) {
    plot(miner.id() + "_0_" + std::to_string(miner.nonces));
    before[miner.id()] = balance(miner);
  }

  const std::vector<std::string> command = {
      "bash", "-c",
      "exec " + line("pool --json --listen 127.0.0.1:0 --key pool --fee 2.5 --min-payout 1"
                     " --confirmations 1 --window 12 --store sqlite:" +
                     folder_.file("pool.sqlite") + " --node " + devnet.url)};
  auto pool = std::make_unique<Process>(command, environment());
  json started = find_event(*pool, "started");
  EXPECT_EQ(started["account"], pool_);
  EXPECT_TRUE(started["address"].get<std::string>().starts_with("TS-"));
  std::string url = started["url"];

  // Miners go on until payouts are confirmed, and all that are honest have some; the
  // pool is killed on the way. On this devnet the first nonce of a round wins it, and
  // comes too late for the others: each is first in its turn.
  bool was_killed = false;
  size_t turn = 0;
  json last_round;
  const bool paid = DevnetProcess::eventually([&] {
    const json round = ask(url + "/burst?requestType=getMiningInfo");
    if (round == last_round) return false;
    last_round = round;
    for (size_t i = 0; i < miners.size(); i++) mine(url, miners[(turn + i) % miners.size()]);
    turn++;
    size_t confirmed = 0;
    for (const json& event : events_of(*pool))
      confirmed += event.value("event", "") == "payout" && event["state"] == "confirmed" ? 1 : 0;
    const bool all_paid = std::ranges::all_of(miners, [&](const Miner& miner) {
      return miner.lies || balance(miner) > before[miner.id()];
    });
    if (confirmed < 2 || was_killed) return confirmed >= 2 && all_paid;
    EXPECT_GT(count_events(*pool, "block_won"), 0u);
    if (count_events(*pool, "ban") == 0) return false;
    pool->send(SIGKILL);
    pool->wait();
    pool = std::make_unique<Process>(command, environment());
    url = find_event(*pool, "started")["url"];
    was_killed = true;
    last_round = nullptr;
    return false;
  });
  ASSERT_TRUE(paid) << pool->errors_so_far() << pool->output_so_far();

  // No block of the miners comes any more: what is under way is settled by the pool's.
  ASSERT_TRUE(DevnetProcess::eventually([&] {
    devnet.mine("pool");
    const json state = ask(url + "/api/getMiners"), won = ask(url + "/api/getWonBlocks");
    if (!state.contains("miners") || !won.contains("wonBlocks")) return false;  // asked too often
    for (const json& miner : state["miners"])
      if (miner["pendingBalance"] != "0 TSIGNA") return false;
    for (const json& block : won["wonBlocks"])
      if (block["state"] == "pending") return false;
    return devnet.get("getUnconfirmedTransactions")["unconfirmedTransactions"].empty();
  }));

  // The chain says what the pool's pages say.
  const auto planck_of = [](const std::string& coins) {
    return *signum::parse_coins(coins.substr(0, coins.find(' ')));
  };
  uint64_t got = 0;
  for (const Miner& miner : miners) {
    const uint64_t more = balance(miner) - before[miner.id()];
    got += more;
    if (miner.lies) {
      EXPECT_EQ(more, 0u);
      EXPECT_TRUE(ask(url + "/api/getMiner/" + miner.id()).is_null());
    } else {
      EXPECT_GT(more, 0u) << miner.passphrase;
    }
  }
  uint64_t rewards = 0, fees = 0;
  std::set<std::string> winners;
  const json won = ask(url + "/api/getWonBlocks");
  for (const json& block : won["wonBlocks"]) {
    ASSERT_EQ(block["state"], "credited") << block;
    rewards += planck_of(block["reward"]);
    fees += planck_of(block["poolShare"]);
    winners.insert(block["generator"]);
  }
  EXPECT_FALSE(winners.contains(miners[3].id()));
  EXPECT_GE(rewards - fees, got);
  EXPECT_LT(rewards - fees - got, 3u) << "what is carried: less than a planck for each";
  const json top = ask(url + "/api/getTop10Miners");
  EXPECT_EQ(top["topMiners"].size(), 3u);
  EXPECT_EQ(top["topMiners"][0]["userAgent"], "test-miner/1");
  pool->send(SIGTERM);
  EXPECT_EQ(pool->wait().exit_code, 130);
}

TEST_F(PoolCommand, RefusesWhatCannotBe) {
  const struct {
    const char* words;
    int exit_code;
    const char* expected;
  } cases[] = {
      {"pool", 2, "--key"},
      {"pool --key pool --store postgresql://db", 2, "PostgreSQL"},
      {"pool --key pool --store pool.sqlite", 2, "sqlite:FILE"},
      {"pool --key pool --window 3", 2, "--window"},
      {"pool --key pool --fee 101", 2, "--fee"},
      {"pool --key pool --confirmations 0", 2, "--confirmations"},
      {"pool --key pool --min-payout x", 2, "--min-payout"},
      {"pool --key nobody --store sqlite:x", 1, "nobody"},
      {"pool --key pool --store sqlite:x --node http://pool.invalid", 4, "another machine"},
      {"pool --key pool --store sqlite:x --node http://127.0.0.1:1", 1, "127.0.0.1:1"},
  };
  for (const auto& wrong : cases) {
    const Outcome outcome = shell(wrong.words);
    EXPECT_EQ(outcome.exit_code, wrong.exit_code) << wrong.words << outcome.errors;
    EXPECT_NE(outcome.errors.find(wrong.expected), std::string::npos) << outcome.errors;
  }
  EXPECT_FALSE(std::filesystem::exists("x"));
}

}  // namespace
}  // namespace quarry::tests
