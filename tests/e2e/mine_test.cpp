// quarry mine on a devnet and on pools that fail: real programs over loopback.
#include <signal.h>

#include <algorithm>
#include <map>
#include <thread>

#include "tests/e2e/devnet_process.h"
#include "tests/support/fake_pool.h"

namespace quarry::tests {
namespace {

class Mine : public CommandLine {
 protected:
  static std::vector<nlohmann::json> lines(const std::string& output) {
    std::vector<nlohmann::json> all;
    for (size_t at = 0, end; (end = output.find('\n', at)) != std::string::npos; at = end + 1)
      all.push_back(nlohmann::json::parse(output.substr(at, end - at), nullptr, false));
    return all;
  }
  static std::vector<nlohmann::json> events(const std::string& output, const std::string& name) {
    std::vector<nlohmann::json> found;
    for (const auto& line : lines(output)) {
      EXPECT_TRUE(line.is_object()) << output;
      if (line.is_object() && line.value("event", "") == name) found.push_back(line);
    }
    return found;
  }
};

TEST_F(Mine, WinsBlocksOfADevnet) {
  TempFolder data;
  const DevnetProcess devnet(data.path());
  // The devnet holds the faucet's key, as a pool would.
  const uint64_t faucet = account_of_phrase("quarry devnet faucet");
  plot(std::to_string(faucet) + "_0_64");
  const Outcome outcome = quarry({"mine", "--json", "--device", "cpu", "--pool", devnet.url,
                                  "--plots", folder_.path(), "--rounds", "3", "--stage", "0"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_TRUE(DevnetProcess::eventually([&] { return devnet.height() >= 3; }));
  EXPECT_EQ(devnet.get("getBlock&height=1")["generator"], std::to_string(faucet));
  const auto rounds = events(outcome.output, "round");
  ASSERT_GE(rounds.size(), 3u);
  EXPECT_EQ(rounds[0]["height"], 1);
  // Each block is known to be won by the next round's generation signature.
  EXPECT_EQ(events(outcome.output, "block_won").size(), rounds.size() - 1);
  EXPECT_TRUE(events(outcome.output, "mismatch").empty());
  for (const auto& answer : events(outcome.output, "submission"))
    EXPECT_TRUE(answer["outcome"] == "accepted" || answer["outcome"] == "stale_round") << answer;
}

TEST_F(Mine, IsPaidByTheDevnetsPool) {
  TempFolder data;
  const DevnetProcess devnet(data.path(), {"--pool", "127.0.0.1:0"});
  ASSERT_NE(devnet.pool_url, "");
  const std::string faucet = std::to_string(account_of_phrase("quarry devnet faucet"));
  const std::map<std::string, std::string> plots = {{"one", "32"}, {"two", "64"}, {"three", "128"}};
  for (const auto& [phrase, nonces] : plots) {
    devnet.mine(phrase);  // coins, and a key in the chain
    devnet.post("setRewardRecipient&recipient=" + faucet + "&deadline=60&feeNQT=1000000" +
                "&secretPhrase=" + percent_encode(phrase));
    plot(std::to_string(account_of_phrase(phrase)) + "_0_" + nonces);
  }
  devnet.mine("quarry devnet faucet", 5);
  const auto balance = [&](const std::string& phrase) {
    const auto account =
        devnet.get("getBalance&account=" + std::to_string(account_of_phrase(phrase)));
    return std::stoull(account.value("balanceNQT", "0"));
  };
  std::map<std::string, uint64_t> before;
  for (const auto& [phrase, nonces] : plots) before[phrase] = balance(phrase);
  Process process(command({"mine", "--json", "--device", "cpu", "--pool", devnet.pool_url,
                           "--plots", folder_.path()}),
                  environment());
  EXPECT_TRUE(DevnetProcess::eventually([&] {
    return std::ranges::all_of(
        plots, [&](const auto& one) { return balance(one.first) > before[one.first]; });
  })) << process.output_so_far()
      << process.errors_so_far();
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_FALSE(events(outcome.output, "block_won").empty());
  EXPECT_TRUE(events(outcome.output, "mismatch").empty());
}

TEST_F(Mine, StopsOnCtrlCAndHandsInWhatItHas) {
  std::atomic<int> submissions = 0;
  FakePool pool;
  pool.follow([&](const IncomingRequest& request) -> HttpReply {
    const std::string* type = request.parameter("requestType");
    if (type == nullptr || *type != "submitNonce") return {.body = mining_info_body(500'000)};
    submissions++;
    return {.body = R"({"result":"success"})"};
  });
  plot("1_0_64");
  // Two networks, so that the second one's pool, which hangs, holds nothing up.
  const BrokenPool hangs(BrokenPool::Fault::kHangs);
  Process process(command({"mine", "--json", "--device", "cpu", "--pool", "good=" + pool.url(),
                           "--pool", "bad=" + hangs.url(), "--plots", folder_.path()}),
                  environment());
  EXPECT_TRUE(DevnetProcess::eventually(
      [&] { return !events(process.output_so_far(), "submission").empty(); }));
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.exit_code, 130) << outcome.errors;
  EXPECT_EQ(submissions, 1);
  for (const auto& line : lines(outcome.output)) EXPECT_TRUE(line.is_object());
}

TEST_F(Mine, ServesFiguresForPrometheus) {
  FakePool pool(HttpReply{.body = mining_info_body(500'000)});
  plot("1_0_64");
  Process process(command({"mine", "--json", "--device", "cpu", "--pool", pool.url(), "--plots",
                           folder_.path(), "--metrics", "127.0.0.1:0"}),
                  environment());
  std::string url;
  ASSERT_TRUE(DevnetProcess::eventually([&] {
    const auto started = events(process.output_so_far(), "metrics");
    if (!started.empty()) url = started[0]["url"];
    return !url.empty() && !events(process.output_so_far(), "scan").empty();
  })) << process.errors_so_far();
  const auto client = make_http_client();
  HttpRequest request;
  request.url = url;
  const auto reply = client->send(request, Cancel());
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_NE(reply->body.find("quarry_mining_disk_nonces"), std::string::npos) << reply->body;
  EXPECT_NE(reply->body.find("quarry_mining_scanned_nonces_total"), std::string::npos);
}

TEST_F(Mine, SaysWhatIsWrongWithItsFlags) {
  const std::pair<Words, std::string> cases[] = {
      {{"--plots", "x"}, "--pool"},
      {{"--pool", "http://127.0.0.1:1"}, "--plots"},
      {{"--pool", "nonsense", "--plots", "x"}, "URL"},
      {{"--pool", "a@0=http://127.0.0.1:1", "--plots", "x"}, "share"},
      {{"--pool", "a@x=http://127.0.0.1:1", "--plots", "x"}, "share"},
      {{"--pool", "=http://127.0.0.1:1", "--plots", "x"}, "NAME=URL"},
      {{"--pool", "http://127.0.0.1:1", "--plots", "x", "--rounds", "0"}, "--rounds"},
      {{"--pool", "http://127.0.0.1:1", "--plots", "x", "--account-deadline", "7"},
       "ACCOUNT=SECONDS"},
      {{"--pool", "http://127.0.0.1:1", "--plots", "x", "--header", "a"}, "--header"},
      {{"--pool", "http://127.0.0.1:1", "--plots", "x", "--name", "a\nb"}, "--name"},
      {{"--pool", "http://127.0.0.1:1", "--plots", "x", "--poll", "0"}, "--poll"},
  };
  for (const auto& [words, expected] : cases) {
    Words all = {"mine", "--device", "cpu:scalar"};
    all.insert(all.end(), words.begin(), words.end());
    const Outcome outcome = quarry(all);
    EXPECT_EQ(outcome.exit_code, 2) << expected << outcome.errors;
    EXPECT_NE(outcome.errors.find(expected), std::string::npos) << outcome.errors;
  }
}

}  // namespace
}  // namespace quarry::tests
