// Plots that are stopped, killed, or started twice.
#include <chrono>
#include <csignal>
#include <thread>

#include "tests/e2e/command_line.h"

namespace quarry::tests {
namespace {

class InterruptTest : public CommandLine {
 protected:
  // Many small pools, by the slowest code: there is time to stop it.
  static constexpr const char* kName = "5_0_512";

  Words plot_words(const std::string& device) const {
    return command({"plot", "--id", "5", "--start", "0", "--nonces", "512", "--memory", "32MiB",
                    "--device", device, "--out", folder_.path()});
  }

  // Returns when a pool is recorded on the disk.
  void wait_for_a_pool(Process& process) const {
    const std::string journal = folder_.file(std::string(kName) + ".journal");
    const auto recorded = [&] {
      std::error_code error;
      const auto size = std::filesystem::file_size(journal, error);
      return !error && size >= 64 + 24;
    };
    while (!recorded()) {
      ASSERT_TRUE(process.running()) << process.errors_so_far();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  void finish_and_verify() const {
    const Outcome rest = run(plot_words("cpu"), environment());
    EXPECT_EQ(rest.exit_code, 0) << rest.errors;
    EXPECT_NE(rest.errors.find("continuing"), std::string::npos) << rest.errors;
    EXPECT_EQ(names_in(folder_.path()), Words{kName});
    const auto file = quarry_json({"verify", "--full", "--device", "cpu", folder_.path()});
    EXPECT_EQ(file["files"][0]["checked_nonces"], 512);
  }
};

TEST_F(InterruptTest, FirstCtrlCSavesAndExits130) {
  for (const int signal : {SIGINT, SIGTERM}) {
    std::filesystem::remove_all(folder_.file(kName));
    Process process(plot_words("cpu:scalar"), environment());
    wait_for_a_pool(process);
    process.send(signal);
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.exit_code, 130) << outcome.errors;
    EXPECT_NE(outcome.errors.find("same command"), std::string::npos) << outcome.errors;
    EXPECT_EQ(names_in(folder_.path()),
              (Words{std::string(kName) + ".journal", std::string(kName) + ".plotting"}));
    finish_and_verify();
  }
}

TEST_F(InterruptTest, KilledPlotIsContinued) {
  {
    Process process(plot_words("cpu:scalar"), environment());
    wait_for_a_pool(process);
  }  // SIGKILL
  finish_and_verify();
}

TEST_F(InterruptTest, SecondProcessOnTheSameFileIsTurnedAway) {
  Process first(plot_words("cpu:scalar"), environment());
  wait_for_a_pool(first);
  const Outcome second = run(plot_words("cpu"), environment());
  EXPECT_EQ(second.exit_code, 1) << second.errors;
  EXPECT_NE(second.errors.find(kName), std::string::npos) << second.errors;
  EXPECT_TRUE(first.running());
  first.send(SIGINT);
  EXPECT_EQ(first.wait().exit_code, 130);
}

}  // namespace
}  // namespace quarry::tests
