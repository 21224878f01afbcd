// Ten thousand rounds: what a miner does in a month.
#include <fstream>

#include "tests/e2e/devnet_process.h"
#include "tests/support/fake_pool.h"

namespace quarry::tests {
namespace {

class MineSoak : public CommandLine {};

// Kilobytes of memory that a process has now.
uint64_t resident_kb(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; file >> word;)
    if (word == "VmRSS:") {
      uint64_t kilobytes = 0;
      file >> kilobytes;
      return kilobytes;
    }
  return 0;
}

TEST_F(MineSoak, MemoryDoesNotGrowInTenThousandRounds) {
  constexpr uint64_t kRounds = 10'000, kWarm = 1'000;
  // A pool whose next round begins when the nonce of this one has come.
  std::atomic<uint64_t> round = 0;
  FakePool pool;
  pool.follow([&](const IncomingRequest& request) -> HttpReply {
    const std::string* type = request.parameter("requestType");
    if (type == nullptr || *type != "submitNonce")
      return {.body = mining_info_body(500'000 + round, 70312, "0123456789abcdef"[round % 16])};
    round++;
    return {.body = R"({"result":"success"})"};
  });
  plot("1_0_64");
  Process process(command({"mine", "--quiet", "--device", "cpu", "--pool", pool.url(), "--plots",
                           folder_.path(), "--stage", "0.05", "--poll", "0.001", "--rounds",
                           std::to_string(kRounds)}),
                  environment());
  uint64_t warm_kb = 0, last_kb = 0;
  while (process.running()) {
    if (warm_kb == 0 && round >= kWarm) warm_kb = resident_kb(process.pid());
    if (const uint64_t now = resident_kb(process.pid()); now > 0) last_kb = now;
    pool.requests();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_GE(round, kRounds);
  ASSERT_GT(warm_kb, 0u);
  RecordProperty("warm_kb", std::to_string(warm_kb));
  RecordProperty("last_kb", std::to_string(last_kb));
  // A leak of a hundred bytes a round would be 900 kB.
  EXPECT_LT(last_kb, warm_kb + 800) << warm_kb << " kB after " << kWarm << " rounds";
}

}  // namespace
}  // namespace quarry::tests
