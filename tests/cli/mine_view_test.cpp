#include "cli/mine_view.h"

#include <gtest/gtest.h>

namespace quarry::cli {
namespace {

using namespace mining;

MinerState half_scanned() {
  MinerState state;
  NetworkState network;
  network.name = "signum";
  network.pools = {
      {.name = "https://one.example:443", .active = false, .failures = 2, .last_failure = {}},
      {.name = "https://two.example:443", .active = true, .last_failure = {}}};
  network.round.height = 1234567;
  network.round.base_target = 280000;
  network.scoop = 3021;
  network.round_seconds = 12;
  network.scanning = true;
  network.accounts = {{1, {.best_deadline = 900, .last_answer = "accepted"}},
                      {2, {.best_deadline = 30, .last_answer = "waits"}}};
  network.rounds = 7;
  network.accepted = 5;
  network.rejected = 1;
  network.blocks_won = 1;
  state.networks = {network};
  state.nonces = 8192;
  state.disks = {{.name = "/mnt/a",
                  .plots = 2,
                  .nonces = 4096,
                  .nonces_scanned = 4096,
                  .bytes_read = 200'000'000,
                  .seconds = 2},
                 {.name = "/mnt/\x1b[31m", .plots = 1, .nonces = 4096, .stuck = true}};
  return state;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(MineView, ShowsHowThingsStand) {
  EXPECT_EQ(joined(mine_view(half_scanned(), 100, false)),
            "signum  block 1234567  scoop 3021  12.0 s  https://two.example:443\n"
            "  [############------------] 50.0 %\n"
            "  S-2224-2222-9LET-22222  best 30 s  waits\n"
            "  S-2223-2222-KB8Y-22222  best 900 s  accepted\n"
            "  rounds 7, accepted 5, refused 1, unanswered 0, blocks won 1\n"
            "  /mnt/a  2 plots  1.0 GiB  100.0 MB/s\n"
            "  /mnt/?[31m  1 plot  1.0 GiB  DOES NOT ANSWER\n");
}

TEST(MineView, FitsANarrowTerminal) {
  for (const size_t width : {10, 20, 40, 60})
    for (const std::string& line : mine_view(half_scanned(), width, false))
      EXPECT_LE(line.size(), width) << line;
}

TEST(MineView, StaysShortForManyAccountsAndDisks) {
  MinerState state = half_scanned();
  for (uint64_t i = 0; i < 1000; i++) {
    state.networks[0].accounts[i + 10] = {.best_deadline = i, .last_answer = ""};
    state.disks.push_back({.name = "/mnt/" + std::to_string(i)});
  }
  EXPECT_LT(mine_view(state, 80, false).size(), 45u);
}

TEST(MineView, TellsWhoIsWrong) {
  MismatchJudged judged;
  judged.network = "signum";
  judged.finding.file = "/mnt/a/1_0_4096";
  judged.finding.nonce = {.account_id = 1, .nonce = 17, .height = 5, .hit = 0, .deadline = 10};
  judged.theirs = 99;
  judged.computed = 99;
  judged.file_is_wrong = true;
  judged.mismatches_of_file = 2;
  EXPECT_NE(mine_event_text(judged).find("quarry verify --full --repair /mnt/a/1_0_4096"),
            std::string::npos);
  EXPECT_EQ(mine_event_json(judged)["wrong"], "file");
  judged.file_is_wrong = false;
  judged.computed = 10;
  EXPECT_NE(mine_event_text(judged).find("the pool is wrong"), std::string::npos);
  EXPECT_EQ(mine_event_json(judged)["wrong"], "pool");
}

TEST(MineView, ExplainsEveryRefusal) {
  using signum::SubmitOutcome;
  for (const auto outcome :
       {SubmitOutcome::kStaleRound, SubmitOutcome::kDeadlineTooHigh,
        SubmitOutcome::kWrongRewardRecipient, SubmitOutcome::kWrongDeadline,
        SubmitOutcome::kRateLimited, SubmitOutcome::kUnreachable, SubmitOutcome::kRefused}) {
    const std::string text = explain({.outcome = outcome, .deadline = {}, .message = "its words"});
    EXPECT_NE(text.find("its words"), std::string::npos) << text;
    EXPECT_GT(text.size(), 15u);
  }
}

}  // namespace
}  // namespace quarry::cli
