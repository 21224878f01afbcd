#include "plotter/plot_kernel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "plotter/generator.h"
#include "plotter/poc2.h"
#include "tests/support/devices.h"
#include "tests/support/temp_folder.h"

namespace quarry {
namespace {

using tests::TempFolder;

DeviceInfo h200() {
  DeviceInfo info;
  info.id = "cuda:0";
  info.backend = "cuda";
  info.name = "NVIDIA H200";
  info.driver = "13000";
  info.interleave = 32;
  info.items_per_queue = 132 * 256;
  info.multiprocessors = 132;
  info.group_memory_bytes = 228 * 1024;
  return info;
}

DeviceInfo geforce() {
  DeviceInfo info = h200();
  info.name = "NVIDIA GeForce RTX 4090";
  info.multiprocessors = 128;
  info.group_memory_bytes = 100 * 1024;
  return info;
}

TEST(PlotKernel, GuessesFitTheCard) {
  const PlotKernel big = default_plot_kernel(h200());
  EXPECT_EQ(big.describe(), "plot_main_m1, 384 items, ring 16");
  EXPECT_EQ(wave_nonces(h200(), big), 132u * 384);
  EXPECT_EQ(default_plot_kernel(geforce()).describe(), "plot_main_m1, 128 items, ring 24");
  DeviceInfo cpu;
  cpu.interleave = cpu.items_per_queue = 16;
  EXPECT_EQ(default_plot_kernel(cpu), PlotKernel{});
  EXPECT_EQ(wave_nonces(cpu, {}), 16u);
}

// A kernel that asks for more is refused by the driver.
TEST(PlotKernel, CandidatesFitGroupMemory) {
  for (const DeviceInfo& info : {h200(), geforce()}) {
    const std::vector<PlotKernel> candidates = candidate_plot_kernels(info);
    EXPECT_EQ(candidates.front(), PlotKernel{}) << "the plain kernel is the reference";
    EXPECT_GT(candidates.size(), 20u);
    for (const PlotKernel& kernel : candidates) {
      if (kernel == PlotKernel{}) continue;
      EXPECT_EQ(kernel.ring_hashes % 4, 0u) << kernel.describe();
      EXPECT_LE(kernel.ring_hashes, 124u) << kernel.describe();
      EXPECT_EQ(kernel.items % kernel.group_size, 0u) << kernel.describe();
      const uint64_t groups = kernel.items / kernel.group_size;
      EXPECT_LE(groups * (group_memory_of(kernel) + 1024), info.group_memory_bytes)
          << kernel.describe();
    }
    EXPECT_NE(std::find(candidates.begin(), candidates.end(), default_plot_kernel(info)),
              candidates.end());
  }
}

TEST(PlotTuning, IsKeptForTheDeviceAndItsDriver) {
  const TempFolder folder;
  const PlotKernel kernel = candidate_plot_kernels(h200())[7];
  ASSERT_TRUE(keep_tuning(h200(), kernel, 90000, folder.path()).ok());
  EXPECT_EQ(find_tuning(h200(), folder.path()), kernel);
  EXPECT_EQ(find_tuning(geforce(), folder.path()), std::nullopt);
  DeviceInfo updated = h200();
  updated.driver = "13010";
  EXPECT_EQ(find_tuning(updated, folder.path()), std::nullopt);
  EXPECT_EQ(find_tuning(h200(), ""), std::nullopt);
  EXPECT_EQ(keep_tuning(h200(), kernel, 90000, "/dev/null/none").code(), Code::kIo);
}

// Whatever stands in the file, no kernel is launched that the device cannot run.
TEST(PlotTuning, FilesThatLieAreNotBelieved) {
  const TempFolder folder;
  ASSERT_TRUE(keep_tuning(h200(), default_plot_kernel(h200()), 1, folder.path()).ok());
  std::filesystem::path path;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) path = entry.path();
  for (const char* text : {"", "{", "[]", "{}", "{\"kernel\": 7}", "{\"kernel\": \"plot_scoops\"}",
                           "{\"kernel\": \"plot_main\", \"group_size\": 128, \"ring_hashes\": 124,"
                           " \"items_per_multiprocessor\": 512}",
                           "{\"kernel\": \"plot_main\", \"group_size\": -1, \"ring_hashes\": 0,"
                           " \"items_per_multiprocessor\": 128}"}) {
    std::ofstream(path) << text;
    EXPECT_EQ(find_tuning(h200(), folder.path()), std::nullopt) << text;
  }
}

// What fits is planned for before memory is taken.
TEST(PlotMemory, SlotsFitWhatIsFree) {
  const auto device = tests::open_or_fail("cpu:avx2");
  const uint64_t wave = wave_nonces(device->info(), {});
  GeneratorOptions options;
  options.slots = 2;
  options.slot_nonces = 1000 * wave;
  options.memory_bytes = 2 * 40 * wave * kNonceBytes;
  const uint64_t nonces = NonceGenerator::fitting_nonces(*device, options);
  EXPECT_EQ(nonces % wave, 0u);
  EXPECT_LT(nonces, 40 * wave);
  EXPECT_GT(nonces, 20 * wave);
  options.memory_bytes = 1;
  EXPECT_EQ(NonceGenerator::fitting_nonces(*device, options), device->info().interleave);
  options.memory_bytes = 0;
  options.slot_nonces = 3;
  EXPECT_EQ(NonceGenerator::fitting_nonces(*device, options), device->info().interleave);
}

}  // namespace
}  // namespace quarry
