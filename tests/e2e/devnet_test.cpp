// quarry devnet as a process: it mines, pays, survives kill -9, follows others and
// believes none of them.
#include <fstream>

#include "chainlite/signum/address.h"
#include "host/http/server.h"
#include "tests/e2e/devnet_process.h"

namespace quarry::tests {
namespace {

using nlohmann::json;

class DevnetCommand : public CommandLine {};

// Peak of the memory that the process held, in MiB.
uint64_t peak_mib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;)
    if (word == "VmHWM:") {
      uint64_t kib = 0;
      status >> kib;
      return kib >> 10;
    }
  return UINT64_MAX;
}

TEST_F(DevnetCommand, MinesPaysAndGoesOnAfterAKill) {
  const std::string user = std::to_string(account_of_phrase("user"));
  std::string tip;
  {
    DevnetProcess devnet(folder_.file("data"));
    const json started = devnet.event("started");
    EXPECT_EQ(started["height"], 0);
    EXPECT_EQ(started["block_seconds"], 1);
    devnet.mine("miner");
    const json paid = devnet.post("faucet&account=" + user);
    ASSERT_TRUE(paid.contains("transaction")) << paid;
    devnet.mine("miner");
    EXPECT_EQ(devnet.get("getBalance&account=" + user)["balanceNQT"], "100000000000");
    const json transaction =
        devnet.get("getTransaction&transaction=" + paid["transaction"].get<std::string>());
    EXPECT_EQ(transaction["height"], 2);
    EXPECT_TRUE(DevnetProcess::eventually([&] { return devnet.events().size() >= 3; }));
    const json block = devnet.events()[2];
    EXPECT_EQ(block["event"], "block");
    EXPECT_EQ(block["height"], 2);
    EXPECT_EQ(block["transactions"], 1);
    EXPECT_EQ(block["generator"], std::to_string(account_of_phrase("miner")));
    tip = devnet.tip();
    devnet.process->send(SIGKILL);
    EXPECT_EQ(devnet.process->wait().exit_code, 128 + SIGKILL);
  }
  DevnetProcess again(folder_.file("data"));
  EXPECT_EQ(again.event("started")["height"], 2);
  EXPECT_EQ(again.tip(), tip);
  EXPECT_EQ(again.get("getBalance&account=" + user)["balanceNQT"], "100000000000");
  again.mine("miner");
  EXPECT_EQ(again.height(), 3);
  again.process->send(SIGTERM);
  EXPECT_EQ(again.process->wait().exit_code, 130);
}

TEST_F(DevnetCommand, OneFolderHoldsOneChainOfOneProcess) {
  const std::string data = folder_.file("data");
  DevnetProcess devnet(data);
  const Outcome second =
      quarry({"devnet", "--listen", "127.0.0.1:0", "--data", data, "--block-seconds", "1"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.errors.find("another devnet"), std::string::npos) << second.errors;
  const Outcome same_port =
      quarry({"devnet", "--listen", devnet.url.substr(std::string("http://").size()), "--data",
              folder_.file("other")});
  EXPECT_EQ(same_port.exit_code, 1);
  EXPECT_NE(same_port.errors.find("port"), std::string::npos) << same_port.errors;
  devnet.process->send(SIGINT);
  EXPECT_EQ(devnet.process->wait().exit_code, 130);
  const Outcome slower =
      quarry({"devnet", "--listen", "127.0.0.1:0", "--data", data, "--block-seconds", "2"});
  EXPECT_EQ(slower.exit_code, 2);
  EXPECT_NE(slower.errors.find("--block-seconds"), std::string::npos) << slower.errors;
}

TEST_F(DevnetCommand, WrongFlagsAreNamed) {
  for (const auto& [flag, value] :
       {std::pair("--listen", "nowhere:x"), std::pair("--listen", "user@127.0.0.1:1"),
        std::pair("--block-seconds", "0"), std::pair("--block-seconds", "86401"),
        std::pair("--follow", "127.0.0.1:8125"), std::pair("--follow", "http://a:b@c/")}) {
    const Outcome outcome = quarry({"devnet", "--data", folder_.file("data"), flag, value});
    EXPECT_EQ(outcome.exit_code, 2) << flag << value << outcome.errors;
    EXPECT_NE(outcome.errors.find(flag), std::string::npos) << outcome.errors;
  }
}

TEST_F(DevnetCommand, TellsPeopleWhereItIsAndWarnsOfStrangers) {
  Process process(command({"devnet", "--listen", "0.0.0.0:0", "--data", folder_.file("data")}),
                  environment());
  EXPECT_TRUE(DevnetProcess::eventually(
      [&] { return process.output_so_far().find("requestType=faucet") != std::string::npos; }));
  EXPECT_NE(process.output_so_far().find("http://127.0.0.1:"), std::string::npos);
  EXPECT_NE(process.errors_so_far().find("whoever reaches it"), std::string::npos)
      << process.errors_so_far();
}

TEST_F(DevnetCommand, PlotsThatQuarryMadeMineOnIt) {
  const uint64_t miner = account_of_phrase("plotter");
  const std::string plot_path = plot(std::to_string(miner) + "_0_16");
  DevnetProcess devnet(folder_.file("data"));
  const json round = devnet.get("getMiningInfo");
  const json scanned = quarry_json({"scan", "--device", "cpu", "--plots", plot_path, "--gensig",
                                    round["generationSignature"].get<std::string>(), "--height",
                                    round["height"].get<std::string>(), "--base-target",
                                    round["baseTarget"].get<std::string>()});
  const json best = scanned["best"][0];
  const json submitted =
      devnet.post("submitNonce&secretPhrase=plotter&accountId=" + std::to_string(miner) +
                  "&blockheight=" + round["height"].get<std::string>() +
                  "&nonce=" + best["nonce"].get<std::string>());
  EXPECT_EQ(submitted["result"], "success") << submitted;
  // The node computed the nonce itself, and came to the same hit.
  EXPECT_EQ(std::to_string(submitted["deadline"].get<uint64_t>()), best["deadline"]);
  EXPECT_TRUE(DevnetProcess::eventually([&] { return devnet.height() == 1; }));
  const json block = devnet.get("getBlock");
  EXPECT_EQ(block["generator"], std::to_string(miner));
  EXPECT_EQ(block["nonce"], best["nonce"]);
  EXPECT_EQ(devnet.get("getAccount&account=" + std::to_string(miner))["balanceNQT"],
            "1000000000000");
}

TEST_F(DevnetCommand, FollowersTakeAndGiveBlocks) {
  DevnetProcess first(folder_.file("first"));
  first.mine("miner", 2);
  DevnetProcess second(folder_.file("second"), {"--follow", first.url});
  EXPECT_TRUE(DevnetProcess::eventually([&] { return second.tip() == first.tip(); }));
  second.mine("rival");
  EXPECT_TRUE(DevnetProcess::eventually([&] { return first.height() == 3; }));
  EXPECT_EQ(second.tip(), first.tip());
  const json paid = second.post("faucet&account=5");
  ASSERT_TRUE(paid.contains("transaction")) << paid;
  EXPECT_TRUE(DevnetProcess::eventually([&] {
    return first.get("getUnconfirmedTransactionIds")["unconfirmedTransactionIds"].size() == 1;
  }));
}

TEST_F(DevnetCommand, TheWorseForkGivesWay) {
  DevnetProcess better(folder_.file("better"));
  std::string data = folder_.file("worse");
  {
    DevnetProcess alone(data);
    alone.mine("rival");
    better.mine("miner", 4);
    EXPECT_NE(alone.tip(), better.tip());
    alone.process->send(SIGTERM);
    alone.process->wait();
  }
  DevnetProcess worse(data, {"--follow", better.url});
  EXPECT_TRUE(DevnetProcess::eventually([&] { return worse.tip() == better.tip(); }))
      << worse.process->errors_so_far();
  EXPECT_EQ(worse.height(), 4);
}

TEST_F(DevnetCommand, ATamperedBlockOfALyingNodeIsRefused) {
  DevnetProcess honest(folder_.file("honest"));
  honest.mine("miner", 3);
  // Says all that the honest node says, but for one nonce.
  auto liar = HttpServer::listen({}, [&](const IncomingRequest& request) {
    const auto client = make_http_client();
    HttpRequest forward;
    forward.method = "POST";
    forward.url = honest.url + "/burst";
    forward.body = request.body;
    const auto reply = client->send(forward, honest.never);
    json truth = json::parse(reply.ok() ? reply->body : "{}");
    if (truth.contains("nextBlocks"))
      for (json& block : truth["nextBlocks"])
        if (block["previousBlock"] == honest.get("getBlockId&height=1")["block"])
          block["nonce"] = "99999";
    return HttpReply{.body = truth.dump()};
  });
  ASSERT_TRUE(liar.ok());
  DevnetProcess victim(folder_.file("victim"), {"--follow", (*liar)->url()});
  EXPECT_TRUE(DevnetProcess::eventually(
      [&] { return victim.process->errors_so_far().find("refused block") != std::string::npos; }));
  const std::string errors = victim.process->errors_so_far();
  EXPECT_NE(errors.find("at height 2"), std::string::npos) << errors;
  EXPECT_EQ(victim.height(), 1);
  EXPECT_TRUE(victim.process->running());
}

TEST_F(DevnetCommand, HugeBodiesAreRefusedInLittleMemory) {
  DevnetProcess devnet(folder_.file("data"));
  const std::string body(size_t{100} << 20, '[');
  for (int i = 0; i < 3; i++) {
    HttpRequest request;
    request.method = "POST";
    request.url = devnet.url + "/burst";
    request.body = body;
    request.timeout = DevnetProcess::kPatience;
    const auto reply = devnet.client->send(request, devnet.never);
    // The server may close before all is sent: both are a refusal.
    EXPECT_TRUE(!reply.ok() || reply->status == 413);
  }
  // As large as is allowed.
  HttpRequest request;
  request.method = "POST";
  request.url = devnet.url + "/burst";
  request.body = "{" + std::string(size_t{4000} << 10, '[');
  const auto reply = devnet.client->send(request, devnet.never);
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->status, 200);
  EXPECT_TRUE(json::parse(reply->body).contains("error"));
  EXPECT_LT(peak_mib(devnet.process->pid()), 700);  // sanitizers' shadow is in it
  EXPECT_EQ(devnet.height(), 0);
}

}  // namespace
}  // namespace quarry::tests
