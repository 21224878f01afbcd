// Plots by GPUs in worker processes, over the fake libcuda: what a user sees when
// one of them dies, fails or hangs, and that the bytes are right all the same.
#include <signal.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "tests/e2e/command_line.h"

namespace quarry::tests {
namespace {

class GpuPlotTest : public CommandLine {
 protected:
  static constexpr const char* kNonces = "64";
  static constexpr const char* kName = "1_0_64";

  static Process::Environment fake(Process::Environment more = {}) {
    more["QUARRY_CUDA_LIBRARY"] = QUARRY_FAKE_CUDA;
    return more;
  }

  Words plot_words(const std::string& device, const Words& more = {}) const {
    Words words = {"plot",  "--id",     "1",    "--start", "0",           "--nonces",
                   kNonces, "--device", device, "--out",   folder_.path()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::string content() const { return read_file(folder_.file(kName)); }

  void expect_right_bytes() const {
    const std::string found = content();
    std::filesystem::remove(folder_.file(kName));
    const Outcome outcome = quarry(plot_words("cpu", {"--quiet"}));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    const std::string right = content();
    ASSERT_EQ(right.size(), 64u * 262144);
    EXPECT_TRUE(found == right) << "the bytes differ from those of the CPU";
  }

  // The process that holds the GPU of `process`, once it is at work.
  static pid_t wait_for_worker(Process& process) {
    const std::string list = "/proc/" + std::to_string(process.pid()) + "/task/" +
                             std::to_string(process.pid()) + "/children";
    while (process.running()) {
      pid_t child = 0;
      std::ifstream(list) >> child;
      // The plot has begun when its progress is reported.
      if (child > 0 && process.errors_so_far().find("\"progress\"") != std::string::npos)
        return child;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return 0;
  }

  void plot_while(int signal) {
    Process process(command(plot_words("cuda:0", {"--json"})), environment(fake()));
    const pid_t worker = wait_for_worker(process);
    ASSERT_GT(worker, 0) << process.errors_so_far();
    ASSERT_EQ(kill(worker, signal), 0);
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    EXPECT_NE(outcome.errors.find("is started again"), std::string::npos) << outcome.errors;
    EXPECT_EQ(kill(worker, 0), -1) << "the old worker is still there";
    expect_right_bytes();
  }
};

TEST_F(GpuPlotTest, TwoCardsAndTheCpuFillTwoDisks) {
  const TempFolder other;
  const Outcome outcome = quarry({"plot", "--id", "1", "--start", "0", "--nonces", "256",
                                  "--device", "all", "--out", folder_.path(), other.path()},
                                 fake({{"FAKE_CUDA_DEVICES", "2"}}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  for (const std::string& folder : {folder_.path(), other.path()}) {
    const Outcome verified = quarry({"verify", "--full", "--device", "cpu", folder});
    EXPECT_EQ(verified.exit_code, 0) << verified.output << verified.errors;
    EXPECT_NE(verified.output.find("128 nonces checked, all good"), std::string::npos)
        << verified.output;
  }
}

TEST_F(GpuPlotTest, AKilledWorkerIsReplaced) { plot_while(SIGKILL); }

// It computes the 16 nonces of the self-test, and breaks where more are asked for.
TEST_F(GpuPlotTest, ACardThatFailsThreeTimesInARowIsLeftOut) {
  const auto environment = fake({{"FAKE_CUDA_FAIL_KERNEL", "plot_final:128"}});
  const Words words = {"plot",     "--id", "1",     "--start",      "0",
                       "--nonces", "128",  "--out", folder_.path(), "--device"};
  const auto with = [&words](const char* devices) {
    Words all = words;
    all.emplace_back(devices);
    return all;
  };
  const Outcome alone = quarry(with("cuda:0"), environment);
  EXPECT_EQ(alone.exit_code, 1);
  size_t restarts = 0;
  for (size_t at = 0; (at = alone.errors.find("is started again", at)) != alone.errors.npos; at++)
    restarts++;
  EXPECT_EQ(restarts, 2u) << alone.errors;
  EXPECT_NE(alone.errors.find("cuda:0 is retired"), std::string::npos) << alone.errors;
  EXPECT_NE(alone.errors.find("CUDA_ERROR_LAUNCH_FAILED"), std::string::npos) << alone.errors;
  // The others go on with the file.
  const Outcome both = quarry(with("cuda:0,cpu"), environment);
  EXPECT_EQ(both.exit_code, 0) << both.errors;
  const Outcome verified = quarry({"verify", "--full", "--device", "cpu", folder_.path()});
  EXPECT_EQ(verified.exit_code, 0) << verified.output << verified.errors;
}

// More nonces than the card has room for at once, and what --gpu-memory leaves.
TEST_F(GpuPlotTest, LittleMemoryOnTheCard) {
  const Outcome small = quarry(plot_words("cuda:0"), fake({{"FAKE_CUDA_MEMORY", "40000000"}}));
  EXPECT_EQ(small.exit_code, 0) << small.errors;
  expect_right_bytes();
  std::filesystem::remove(folder_.file(kName));
  const Outcome capped = quarry(plot_words("cuda:0", {"--gpu-memory", "32MiB"}), fake());
  EXPECT_EQ(capped.exit_code, 0) << capped.errors;
  expect_right_bytes();
}

TEST_F(GpuPlotTest, AHotCardWaits) {
  std::string script;
  for (int reading = 0; reading < 30; reading++) script += "85,";
  const Outcome outcome = quarry(
      plot_words("cuda:0", {"--temperature-limit", "80", "--duty", "90", "--json"}),
      fake({{"QUARRY_NVML_LIBRARY", QUARRY_FAKE_NVML}, {"FAKE_NVML_TEMPERATURES", script + "60"}}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_NE(outcome.errors.find("too hot"), std::string::npos) << outcome.errors;
  EXPECT_NE(outcome.errors.find("60 C"), std::string::npos) << outcome.errors;
  expect_right_bytes();
}

class SlowGpuPlotTest : public GpuPlotTest {};

// A stopped process is what a hung kernel looks like from outside.
TEST_F(SlowGpuPlotTest, AHungWorkerIsReplaced) { plot_while(SIGSTOP); }

}  // namespace
}  // namespace quarry::tests
