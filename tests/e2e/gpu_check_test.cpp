// scripts/gpu-check: the folder that it makes, on a fake GPU, as if it had been
// carried elsewhere.
#include "tests/e2e/command_line.h"

namespace quarry::tests {
namespace {

using nlohmann::json;

class GpuCheck : public CommandLine {
 protected:
  void SetUp() override {
    const Outcome outcome =
        run({QUARRY_GPU_CHECK, "--built", "--build", QUARRY_BUILD, "--pack", folder_.file("pack")});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  }

  Outcome rehearse(Process::Environment more = {}) const {
    more.try_emplace("QUARRY_CUDA_LIBRARY", QUARRY_FAKE_CUDA);
    return run(
        {folder_.file("pack/gpu-check"), "rehearsal", "--rehearse", "--folder", folder_.path()},
        environment(more));
  }

  json report() const {
    return json::parse(read_file(folder_.file("pack/results/rehearsal.json")), nullptr, false);
  }

  // What became of the steps, each kind once.
  std::vector<std::string> outcomes() const {
    std::vector<std::string> found;
    for (const json& step : report().value("steps", json::array()))
      found.push_back(step["outcome"]);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }
};

TEST_F(GpuCheck, RunsToTheEndOnAFakeDevice) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.file("pack")))
    if (entry.is_regular_file()) bytes += entry.file_size();
  EXPECT_LT(bytes, uint64_t{60} << 20);
  const Outcome outcome = rehearse();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output << outcome.errors;
  const json all = report();
  ASSERT_TRUE(all.is_object()) << outcome.output;
  EXPECT_EQ(all["note"], "rehearsed on a fake device: no figure here is a measurement");
  EXPECT_EQ(outcomes(), Words{"passed"}) << outcome.output;
  EXPECT_GT(all["outputs"]["tuning"]["results"].size(), 1u);
  EXPECT_GT(all["outputs"]["probes"]["results"].size(), 30u);
  for (const char* by : {"verify_by_cuda:0", "verify_by_cpu"})
    EXPECT_EQ(all["outputs"][by]["files"][0]["checked_nonces"], 64) << by;
  // The figures found their way into the table, and no goal counts as reached.
  ASSERT_EQ(all["goals"].size(), 4u);
  for (size_t i = 0; i < 3; i++) EXPECT_GT(all["goals"][i]["value"], 0) << all["goals"][i];
  for (const json& goal : all["goals"]) EXPECT_EQ(goal["outcome"], "rehearsed");
}

TEST_F(GpuCheck, SaysThatThereIsNoDevice) {
  const Outcome outcome = rehearse({{"FAKE_CUDA_DEVICES", "0"}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcomes(), (Words{"failed", "skipped"})) << outcome.output;
  EXPECT_NE(outcome.output.find("no CUDA device"), std::string::npos) << outcome.output;
}

TEST_F(GpuCheck, StopsWhereACardIsWrong) {
  const Outcome outcome = rehearse({{"FAKE_CUDA_FAIL_LAUNCH", "0"}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcomes(), (Words{"failed", "skipped"})) << outcome.output;
  EXPECT_FALSE(report()["outputs"].contains("probes"));
}

}  // namespace
}  // namespace quarry::tests
