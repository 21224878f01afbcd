// What quarry devices says of a GPU and its sensors, over the fake libcuda and
// the fake NVML.
#include "tests/e2e/command_line.h"

namespace quarry::tests {
namespace {

using nlohmann::json;

class GpuDevices : public CommandLine {
 protected:
  Outcome devices(Words words, Process::Environment more = {}) const {
    more.try_emplace("QUARRY_CUDA_LIBRARY", QUARRY_FAKE_CUDA);
    more.try_emplace("QUARRY_NVML_LIBRARY", QUARRY_FAKE_NVML);
    words.insert(words.begin(), "devices");
    return quarry(words, more);
  }
  json device(const Process::Environment& more = {}) const {
    const Outcome outcome = devices({"--device", "cuda:0", "--json"}, more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    return json::parse(outcome.output)["devices"][0];
  }
  static bool contains(const std::string& text, std::string_view words) {
    return text.find(words) != std::string::npos;
  }
};

TEST_F(GpuDevices, SensorsAreFields) {
  const json gpu = device({{"FAKE_NVML_TEMPERATURES", "63"}, {"FAKE_NVML_LINK", "1x8 4x8 4"}});
  EXPECT_EQ(gpu["temperature_celsius"], 63);
  EXPECT_EQ(gpu["power_watts"], 250.5);
  EXPECT_EQ(gpu["pcie_generation"], 1);
  EXPECT_EQ(gpu["pcie_width"], 8);
  EXPECT_EQ(gpu["self_test"], "passed");
}

TEST_F(GpuDevices, WhatIsNotKnownIsNull) {
  for (const Process::Environment& unknown :
       {Process::Environment{{"FAKE_NVML_ABSENT", "temperature,power,link"}},
        Process::Environment{{"QUARRY_NVML_LIBRARY", "/no/such/library.so"}}}) {
    const json gpu = device(unknown);
    for (const char* field :
         {"temperature_celsius", "power_watts", "pcie_generation", "pcie_width"})
      EXPECT_TRUE(gpu.contains(field) && gpu[field].is_null()) << gpu;
    EXPECT_EQ(gpu["self_test"], "passed");
  }
}

TEST_F(GpuDevices, ColumnsAreThereWhereSomeDeviceHasThem) {
  const Outcome all = devices({"--device", "cpu,cuda:0"});
  for (const char* words : {"TEMPERATURE", "50 C", "POWER", "250 W", "LINK", "PCIe 4 x16"})
    EXPECT_TRUE(contains(all.output, words)) << words << " in " << all.output;
  EXPECT_EQ(all.errors, "");
  const Outcome cold = devices({"--device", "cuda:0"}, {{"FAKE_NVML_ABSENT", "temperature,link"}});
  EXPECT_FALSE(contains(cold.output, "TEMPERATURE") || contains(cold.output, "LINK"))
      << cold.output;
  EXPECT_TRUE(contains(cold.output, "250 W")) << cold.output;
  EXPECT_FALSE(contains(devices({"--device", "cpu"}).output, "POWER"));
}

TEST_F(GpuDevices, ANarrowLinkIsWarnedOf) {
  const Process::Environment riser = {{"FAKE_NVML_LINK", "1x1 3x16 4"}};
  const Outcome outcome = devices({"--device", "cuda:0"}, riser);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(contains(outcome.errors,
                       "cuda:0: PCIe 3 x1 (the card has x16): at most 3757 nonces/s can leave it"))
      << outcome.errors;
  EXPECT_EQ(devices({"--device", "cuda:0", "--quiet"}, riser).errors, "");
}

}  // namespace
}  // namespace quarry::tests
