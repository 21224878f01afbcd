// Whole rounds over files: random scoops against the reference.
#include "plotter/scan.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "tests/support/devices.h"
#include "tests/support/fake_device.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/plots.h"
#include "tests/support/sparse_plots.h"

namespace quarry {
namespace {

using tests::best_by_reference;
using tests::Bytes;
using tests::expect_equal;
using tests::make_round;
using tests::make_sparse_plot;
using tests::SparsePlot;
using tests::TempFolder;

Result<ScanReport> scan(const Round& round, const std::vector<std::string>& paths,
                        std::span<const std::unique_ptr<Device>> devices,
                        FileSystem& files = posix_file_system()) {
  const Cancel cancel;
  return scan_plots(round, paths, devices, files, silent_progress(), cancel);
}

class ScanTest : public testing::TestWithParam<std::string> {};

// Files whose scoops begin and end anywhere in a disk's blocks.
TEST_P(ScanTest, FindsTheBestOfEveryAccount) {
  const uint64_t seed = tests::random_seed();
  SCOPED_TRACE("QUARRY_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Round round = make_round(random());
  const TempFolder folder;
  std::vector<SparsePlot> plots;
  uint64_t nonces = 0, start = 0;
  for (const uint64_t count : {1, 2, 15, 16, 17, 63, 64, 65, 100, 1000, 4097}) {
    for (const uint64_t account : {UINT64_C(7), UINT64_C(18446744073709551615)})
      plots.push_back(
          make_sparse_plot(folder.path(), {account, start, count, 0}, scoop_of(round), random));
    start += count;
    nonces += 2 * count;
  }
  // The last nonces that exist.
  plots.push_back(
      make_sparse_plot(folder.path(), {99, UINT64_MAX - 9, 10, 0}, scoop_of(round), random));
  std::vector<std::unique_ptr<Device>> devices;
  devices.push_back(tests::open_or_fail(GetParam()));
  const auto report = scan(round, {folder.path()}, devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->scoop, scoop_of(round));
  EXPECT_EQ(report->nonces, nonces + 10);
  EXPECT_EQ(report->bytes, (nonces + 10) * 64);
  EXPECT_TRUE(report->file_errors.empty());
  EXPECT_TRUE(report->retired_devices.empty());
  expect_equal(report->best, best_by_reference(round, plots));
}

INSTANTIATE_TEST_SUITE_P(Devices, ScanTest, testing::ValuesIn(tests::device_ids()),
                         tests::device_test_name);

// 18 GB and 9 GB of plots, of which only the scoops take space: many blocks, not
// aligned.
TEST(Scan, LongFilesInManyBlocks) {
  const uint64_t seed = tests::random_seed();
  SCOPED_TRACE("QUARRY_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Round round = make_round(random());
  const TempFolder folder;
  std::vector<SparsePlot> plots;
  plots.push_back(make_sparse_plot(folder.path(), {1, 5, 70001, 0}, scoop_of(round), random));
  plots.push_back(make_sparse_plot(folder.path(), {2, 5, 200003, 0}, scoop_of(round), random));
  const auto devices = tests::cpu_devices();
  const auto report = scan(round, {folder.path()}, devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->nonces, 270004u);
  expect_equal(report->best, best_by_reference(round, plots));
}

TEST(Scan, EqualHitsGiveTheSmallerNonce) {
  std::mt19937_64 random(3);
  const Round round = make_round(3);
  const TempFolder folder;
  SparsePlot a = make_sparse_plot(folder.path(), {1, 1000, 70, 0}, scoop_of(round), random);
  const SparsePlot b = make_sparse_plot(folder.path(), {1, 200, 70, 0}, scoop_of(round), random);
  const auto best = best_by_reference(round, {a, b});
  // The best scoop again in the other file.
  const SparsePlot& winner = best[0].file == a.path ? a : b;
  const SparsePlot& other = best[0].file == a.path ? b : a;
  const uint64_t index = best[0].nonce - winner.name.start;
  tests::patch_file(other.path, scoop_offset(70, scoop_of(round), 60),
                    std::span(winner.scoops).subspan(index * 64, 64));
  const auto devices = tests::cpu_devices();
  const auto report = scan(round, {a.path, b.path}, devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  ASSERT_EQ(report->best.size(), 1u);
  EXPECT_EQ(report->best[0].hit, best[0].hit);
  EXPECT_EQ(report->best[0].nonce, std::min(best[0].nonce, other.name.start + 60));
}

// PoC1 files of every stagger give what the PoC2 file gives.
TEST(Scan, Poc1CountsAsConverted) {
  const Bytes poc2 = tests::make_plot(33, 1000, 12);
  const auto devices = tests::cpu_devices();
  for (uint64_t seed = 0; seed < 4; seed++) {
    const Round round = make_round(seed);
    const TempFolder folder;
    tests::write_file(folder.file("33_1000_12"), poc2);
    const auto wanted = scan(round, {folder.path()}, devices);
    ASSERT_TRUE(wanted.ok()) << wanted.status().message();
    for (const uint64_t stagger : {1, 2, 3, 6, 12}) {
      const std::string path = folder.file("33_1000_12_" + std::to_string(stagger));
      tests::write_file(path, tests::as_poc1(poc2, stagger));
      const auto report = scan(round, {path}, devices);
      ASSERT_TRUE(report.ok()) << report.status().message();
      ASSERT_EQ(report->best.size(), 1u);
      EXPECT_EQ(report->best[0].hit, wanted->best[0].hit) << "stagger " << stagger;
      EXPECT_EQ(report->best[0].nonce, wanted->best[0].nonce) << "stagger " << stagger;
      EXPECT_EQ(report->nonces, 12u);
    }
  }
}

TEST(Scan, BadArguments) {
  const TempFolder folder;
  const auto devices = tests::cpu_devices();
  Round round = make_round(1);
  EXPECT_EQ(scan(round, {folder.path()}, devices).status().code(), Code::kNotFound);
  EXPECT_EQ(scan(round, {folder.file("missing")}, devices).status().code(), Code::kNotFound);
  EXPECT_EQ(scan(round, {folder.path()}, {}).status().code(), Code::kInvalidArgument);
  round.base_target = 0;
  EXPECT_EQ(scan(round, {folder.path()}, devices).status().code(), Code::kInvalidArgument);
}

TEST(Scan, Cancelled) {
  std::mt19937_64 random(5);
  const Round round = make_round(5);
  const TempFolder folder;
  make_sparse_plot(folder.path(), {1, 0, 100, 0}, scoop_of(round), random);
  const auto devices = tests::cpu_devices();
  Cancel cancel;
  cancel.request();
  const auto report =
      scan_plots(round, {folder.path()}, devices, posix_file_system(), silent_progress(), cancel);
  EXPECT_EQ(report.status().code(), Code::kCancelled);
}

// One file that fails does not keep the others from being scanned.
TEST(Scan, FilesThatFail) {
  std::mt19937_64 random(6);
  const Round round = make_round(6);
  const TempFolder folder;
  const SparsePlot good = make_sparse_plot(folder.path(), {1, 0, 100, 0}, scoop_of(round), random);
  make_sparse_plot(folder.path(), {1, 100, 100, 0}, scoop_of(round), random);
  std::filesystem::resize_file(make_sparse_plot(folder.path(), {1, 200, 100, 0}, 0, random).path,
                               1000);
  tests::FaultyFileSystem files(posix_file_system());
  files.fail(tests::Operation::kRead, 2, EIO);  // files are read in the order of their names
  const auto devices = tests::cpu_devices();
  const auto report = scan(round, {folder.path()}, devices, files);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->nonces, 100u);
  ASSERT_EQ(report->file_errors.size(), 2u);
  EXPECT_EQ(report->file_errors[0].code(), Code::kCorrupt);
  EXPECT_EQ(report->file_errors[1].code(), Code::kIo);
  expect_equal(report->best, best_by_reference(round, {good}));
}

// A device that lies is named and retired; the result is right all the same.
TEST(Scan, WrongDeviceIsRetired) {
  std::mt19937_64 random(8);
  const Round round = make_round(8);
  const TempFolder folder;
  std::vector<SparsePlot> plots;
  for (uint64_t i = 0; i < 30; i++)
    plots.push_back(
        make_sparse_plot(folder.path(), {i % 3, i * 100, 100, 0}, scoop_of(round), random));
  std::vector<std::unique_ptr<Device>> devices = tests::cpu_devices();
  devices.push_back(std::make_unique<tests::FakeDevice>(
      tests::open_or_fail("cpu"), tests::Faults{.wrong_read_at = 0, .wrong_reads = 1000}));
  const auto report = scan(round, {folder.path()}, devices);
  ASSERT_TRUE(report.ok()) << report.status().message();
  expect_equal(report->best, best_by_reference(round, plots));
  // The others may have been faster than its first block.
  EXPECT_LE(report->retired_devices.size(), 1u);

  devices.erase(devices.begin());
  const auto alone = scan(round, {folder.path()}, devices);
  EXPECT_EQ(alone.status().code(), Code::kDevice);
  EXPECT_NE(alone.status().message().find("wrong hits"), std::string::npos);
}

TEST(Scan, DeviceThatFailsIsRetired) {
  std::mt19937_64 random(9);
  const Round round = make_round(9);
  const TempFolder folder;
  const SparsePlot plot = make_sparse_plot(folder.path(), {1, 0, 100, 0}, scoop_of(round), random);
  std::vector<std::unique_ptr<Device>> devices;
  devices.push_back(std::make_unique<tests::FakeDevice>(tests::open_or_fail("cpu"),
                                                        tests::Faults{.fail_launch_from = 0}));
  EXPECT_EQ(scan(round, {folder.path()}, devices).status().code(), Code::kDevice);
}

}  // namespace
}  // namespace quarry
