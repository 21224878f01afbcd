// kill -9 at random moments of plotting, each followed by a run that must end
// in a byte-exact file. A program of its own: its children are forked while
// no other thread runs.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <thread>

#include "plotter/plot.h"
#include "tests/support/sha256.h"
#include "tests/support/temp_folder.h"

namespace quarry {
namespace {

using tests::TempFolder;
using Clock = std::chrono::steady_clock;

constexpr int kKills = 100;

// Three pools of 64 nonces, two in memory.
int plot_once(const std::string& folder) {
  const PlotRequest request = {.account_id = 9,
                               .start = 90,
                               .nonces = 192,
                               .folders = {folder},
                               .memory_bytes = uint64_t{2} * 64 * 262144};
  std::vector<std::unique_ptr<Device>> devices;
  auto device = open_device("cpu", {.cpu_threads = 2});
  if (!device.ok()) return 3;
  devices.push_back(std::move(*device));
  auto plan = plan_plot(request, posix_file_system());
  if (!plan.ok()) return plan.status().code() == Code::kExists ? 0 : 4;
  const Cancel cancel;
  auto report = run_plot(*plan, devices, posix_file_system(), silent_progress(), cancel);
  if (!report.ok()) fprintf(stderr, "%s\n", report.status().message().c_str());
  return report.ok() ? 0 : 5;
}

// Runs plot_once() in a child; kills it after `limit`. Gives its exit status,
// or -1 if it was killed.
int run_child(const std::string& folder, Clock::duration limit) {
  const pid_t child = fork();
  if (child == 0) _exit(plot_once(folder));
  int status = 0;
  const auto end = Clock::now() + limit;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() >= end) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string digest(const std::string& folder) {
  const std::string bytes = tests::read_file(folder + "/9_90_192");
  return tests::sha256_hex(std::as_bytes(std::span(bytes)));
}

TEST(PlotKill, EveryKillIsSurvived) {
  const TempFolder reference;
  const auto begin = Clock::now();
  ASSERT_EQ(run_child(reference.path(), std::chrono::minutes(5)), 0);
  const auto whole = Clock::now() - begin;
  const std::string expected = digest(reference.path());
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  int kills = 0, resumed = 0;
  while (kills < kKills) {
    const TempFolder folder;
    // Sometimes the run that continues is killed, too.
    for (int attempt = 0; attempt < 4; attempt++) {
      const auto limit = whole * (random() % 1000) / 1000;
      const int status = run_child(folder.path(), limit);
      ASSERT_LE(status, 0) << "a run failed instead of being killed";
      if (status == 0) break;
      kills++;
      ASSERT_FALSE(std::filesystem::exists(folder.file("9_90_192")) &&
                   std::filesystem::exists(folder.file("9_90_192.plotting")))
          << "finished and unfinished at once";
      if (std::filesystem::exists(folder.file("9_90_192.journal")) &&
          std::filesystem::file_size(folder.file("9_90_192.journal")) > 64)
        resumed++;
      if (random() % 2 == 0) break;
    }
    ASSERT_EQ(run_child(folder.path(), std::chrono::minutes(5)), 0);
    ASSERT_EQ(digest(folder.path()), expected);
  }
  printf("%d kills, %d of them with pools on the disk\n", kills, resumed);
  EXPECT_GT(resumed, 0) << "no kill came between the first pool and the end";
}

}  // namespace
}  // namespace quarry
