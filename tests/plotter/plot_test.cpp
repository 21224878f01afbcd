// The whole plotting pipeline on real files.
#include "plotter/plot.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "plotter/self_test.h"
#include "tests/support/sha256.h"
#include "tests/support/temp_folder.h"

namespace quarry {
namespace {

using tests::read_file;
using tests::TempFolder;

std::string sha256_of_file(const std::string& path) {
  const std::string text = read_file(path);
  return tests::sha256_hex(std::as_bytes(std::span(text)));
}

std::vector<std::unique_ptr<Device>> cpu_device() {
  std::vector<std::unique_ptr<Device>> devices;
  auto device = open_device("cpu", {.cpu_threads = 2});
  EXPECT_TRUE(device.ok());
  devices.push_back(std::move(*device));
  return devices;
}

Result<PlotReport> plot(const PlotRequest& request,
                        std::span<const std::unique_ptr<Device>> devices) {
  QUARRY_ASSIGN(const PlotPlan plan, plan_plot(request, posix_file_system()));
  const Cancel cancel;
  return run_plot(plan, devices, posix_file_system(), silent_progress(), cancel);
}

TEST(Plot, GoldenFiles) {
  const TempFolder folder;
  const auto devices = cpu_device();
  auto report =
      plot({.account_id = 1, .start = 0, .nonces = 3, .folders = {folder.path()}}, devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(sha256_of_file(folder.file("1_0_3")),
            "5d99acd22c2360147dc7134039abb9f0b580ea365ad0555e50c654d9d3e39ac0");
  report = plot({.account_id = 10282355196851764065u,
                 .start = 4294967290u,
                 .nonces = 16,
                 .folders = {folder.path()}},
                devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(sha256_of_file(folder.file("10282355196851764065_4294967290_16")),
            "52947bfa678d106c776ebe948575baae2d4d1bb7b0fc278a9803e91340014a0c");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

// Pools of 64 nonces, two folders, direct I/O where the folder has it: the
// same bytes as one pool in memory.
TEST(Plot, ManyPoolsAndFoldersGiveTheSameBytes) {
  const TempFolder whole, first, second;
  const auto devices = cpu_device();
  PlotRequest request = {
      .account_id = 77, .start = 1000, .nonces = 320, .folders = {whole.path()}};
  auto report = plot(request, devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  request.folders = {first.path(), second.path()};
  request.memory_bytes = uint64_t{3} * 64 * 262144;
  report = plot(request, devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  ASSERT_EQ(report->files.size(), 2u);
  EXPECT_EQ(report->files[0].nonces + report->files[1].nonces, 320u);
  const std::string expected = read_file(whole.file("77_1000_320"));
  const std::string part_1 = read_file(first.file("77_1000_192"));
  const std::string part_2 = read_file(second.file("77_1192_128"));
  ASSERT_EQ(expected.size(), 320u * 262144);
  ASSERT_EQ(part_1.size() + part_2.size(), expected.size());
  for (size_t scoop = 0; scoop < 4096; scoop++) {
    const std::string joined =
        part_1.substr(scoop * 192 * 64, 192 * 64) + part_2.substr(scoop * 128 * 64, 128 * 64);
    ASSERT_EQ(joined, expected.substr(scoop * 320 * 64, 320 * 64)) << "scoop " << scoop;
  }
}

}  // namespace
}  // namespace quarry
