// Good plots pass, every kind of damage is found, named and repaired.
#include "plotter/verify.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "tests/support/devices.h"
#include "tests/support/fake_device.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/plots.h"

namespace quarry {
namespace {

using tests::Bytes;
using tests::TempFolder;

constexpr char kGolden16[] = "10282355196851764065_4294967290_16";
constexpr char kGolden16Sha[] = "52947bfa678d106c776ebe948575baae2d4d1bb7b0fc278a9803e91340014a0c";

// The golden file of 16 nonces.
const Bytes& golden_16() {
  static const Bytes plot = tests::make_plot(UINT64_C(10282355196851764065), 4294967290, 16);
  return plot;
}

std::vector<VerifyFileReport> verify(const VerifyRequest& request,
                                     std::span<const std::unique_ptr<Device>> devices,
                                     FileSystem& files = posix_file_system()) {
  const Cancel cancel;
  auto reports = verify_plots(request, devices, files, silent_progress(), cancel);
  EXPECT_TRUE(reports.ok()) << reports.status().message();
  return reports.ok() ? *reports : std::vector<VerifyFileReport>();
}

VerifyRequest full(const std::string& path, bool repair = false) {
  return {.paths = {path}, .full = true, .repair = repair};
}

// The test's own plots are right: SHA-256 of engraver's files.
TEST(Verify, GoldenFiles) {
  const TempFolder folder;
  tests::write_file(folder.file("1_0_3"), tests::make_plot(1, 0, 3));
  tests::write_file(folder.file(kGolden16), golden_16());
  EXPECT_EQ(tests::sha256_of_file(folder.file("1_0_3")),
            "5d99acd22c2360147dc7134039abb9f0b580ea365ad0555e50c654d9d3e39ac0");
  EXPECT_EQ(tests::sha256_of_file(folder.file(kGolden16)), kGolden16Sha);
  const auto devices = tests::cpu_devices();
  for (const bool every : {true, false}) {
    const auto reports = verify({.paths = {folder.path()}, .full = every}, devices);
    ASSERT_EQ(reports.size(), 2u);
    EXPECT_TRUE(reports[0].status.ok() && reports[1].status.ok());
    EXPECT_EQ(reports[0].checked_nonces, 16u);
    EXPECT_EQ(reports[1].checked_nonces, 3u);
    EXPECT_EQ(reports[0].bad_nonces + reports[1].bad_nonces, 0u);
  }
}

// Any byte that changes is found, in the nonce where it is; repair brings back
// the very file.
TEST(Verify, EveryFlippedByteIsFoundAndRepaired) {
  const uint64_t seed = tests::random_seed();
  SCOPED_TRACE("QUARRY_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const TempFolder folder;
  const std::string path = folder.file(kGolden16);
  const auto devices = tests::cpu_devices();
  for (int round = 0; round < 12; round++) {
    tests::write_file(path, golden_16());
    const uint64_t place = round == 0   ? 0
                           : round == 1 ? golden_16().size() - 1
                                        : random() % golden_16().size();
    const std::byte wrong = golden_16()[place] ^ static_cast<std::byte>(1 + random() % 255);
    tests::patch_file(path, place, {&wrong, 1});
    const uint64_t nonce = place / 64 % 16;
    const auto found = verify(full(path), devices);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].checked_nonces, 16u);
    EXPECT_EQ(found[0].bad_nonces, 1u);
    EXPECT_EQ(found[0].bad_spans, (std::vector<NonceSpan>{{nonce, 1}})) << "byte " << place;
    const auto repaired = verify(full(path, true), devices);
    ASSERT_EQ(repaired.size(), 1u);
    EXPECT_EQ(repaired[0].bad_nonces, 1u);
    EXPECT_EQ(repaired[0].repaired_nonces, 1u);
    EXPECT_TRUE(repaired[0].status.ok()) << repaired[0].status.message();
    ASSERT_EQ(tests::sha256_of_file(path), kGolden16Sha);
  }
}

// Repair writes what differs and nothing else.
TEST(Verify, RepairWritesOnlyWhatIsWrong) {
  const TempFolder folder;
  const std::string path = folder.file(kGolden16);
  tests::write_file(path, golden_16());
  const Bytes zeros(3 * 64);  // nonces 4, 5 and 6 of scoop 77, and nonce 15 of scoop 4000
  tests::patch_file(path, scoop_offset(16, 77, 4), zeros);
  tests::patch_file(path, scoop_offset(16, 4000, 15), std::span(zeros).first(64));
  tests::FaultyFileSystem files(posix_file_system());
  const auto devices = tests::cpu_devices();
  const auto reports = verify(full(path, true), devices, files);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].bad_spans, (std::vector<NonceSpan>{{4, 3}, {15, 1}}));
  EXPECT_EQ(reports[0].repaired_nonces, 4u);
  EXPECT_EQ(files.operations(tests::Operation::kWrite), 2u);
  EXPECT_EQ(tests::sha256_of_file(path), kGolden16Sha);
}

TEST(Verify, RepairThatFailsIsReported) {
  const TempFolder folder;
  const std::string path = folder.file(kGolden16);
  tests::write_file(path, golden_16());
  const std::byte wrong = ~golden_16()[1000];
  tests::patch_file(path, 1000, {&wrong, 1});
  tests::FaultyFileSystem files(posix_file_system());
  files.fail(tests::Operation::kWrite, 1, EIO);
  const auto devices = tests::cpu_devices();
  const auto reports = verify(full(path, true), devices, files);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].bad_nonces, 1u);
  EXPECT_EQ(reports[0].repaired_nonces, 0u);
  EXPECT_EQ(reports[0].status.code(), Code::kIo);
}

// PoC1 files, unfinished ones of any stagger too.
TEST(Verify, Poc1) {
  const Bytes poc2 = tests::make_plot(33, 1000, 12);
  const auto devices = tests::cpu_devices();
  for (const uint64_t stagger : {1, 3, 4, 12}) {
    const TempFolder folder;
    const std::string path = folder.file("33_1000_12_" + std::to_string(stagger));
    const Bytes poc1 = tests::as_poc1(poc2, stagger);
    tests::write_file(path, poc1);
    const std::string sha = tests::sha256_of_file(path);
    auto reports = verify(full(path), devices);
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_TRUE(reports[0].status.ok()) << reports[0].status.message();
    EXPECT_EQ(reports[0].bad_nonces, 0u);
    // Nonce 7, scoop 100, its second half.
    const uint64_t place =
        7 / stagger * stagger * kNonceBytes + (100 * stagger + 7 % stagger) * 64 + 40;
    const std::byte wrong = ~poc1[place];
    tests::patch_file(path, place, {&wrong, 1});
    reports = verify(full(path, true), devices);
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].bad_spans, (std::vector<NonceSpan>{{7, 1}})) << "stagger " << stagger;
    EXPECT_EQ(tests::sha256_of_file(path), sha);
  }
}

// The first and last nonces are always in the sample, and damage of the size of
// a disk's failure cannot hide.
TEST(Verify, SampleFindsGrossDamage) {
  const TempFolder folder;
  const Bytes plot = tests::make_plot(5, 0, 100);
  const std::string path = folder.file("5_0_100");
  const auto devices = tests::cpu_devices();
  const Bytes zeros(plot.size() / 20);
  for (const uint64_t place : {uint64_t{0}, plot.size() / 2, plot.size() - zeros.size()}) {
    tests::write_file(path, plot);
    tests::patch_file(path, place, zeros);
    const auto reports = verify({.paths = {path}, .sample_nonces = 20}, devices);
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].checked_nonces, 20u);
    EXPECT_EQ(reports[0].bad_nonces, 20u);
    EXPECT_EQ(reports[0].bad_spans, (std::vector<NonceSpan>{{0, 10}, {90, 10}}));
  }
  tests::write_file(path, plot);
  const auto one = verify({.paths = {path}, .sample_nonces = 1}, devices);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].checked_nonces, 2u);
  EXPECT_EQ(one[0].bad_nonces, 0u);
}

TEST(Verify, WrongSizesAndNames) {
  const TempFolder folder;
  tests::write_file(folder.file("a_short"), {});
  tests::write_file(folder.file(kGolden16), std::span(golden_16()).first(4000000));
  tests::write_file(folder.file("1_0_15"), golden_16());
  const auto devices = tests::cpu_devices();
  const auto reports = verify({.paths = {folder.file("1_0_15"), folder.file(kGolden16),
                                         folder.file("a_short"), folder.file("missing")}},
                              devices);
  ASSERT_EQ(reports.size(), 4u);  // sorted by path
  EXPECT_EQ(reports[0].status.code(), Code::kCorrupt);
  EXPECT_NE(reports[0].status.message().find("194304 are missing"), std::string::npos);
  EXPECT_NE(reports[0].status.message().find("--repair"), std::string::npos);
  EXPECT_EQ(reports[1].status.code(), Code::kCorrupt);
  EXPECT_NE(reports[1].status.message().find("262144 bytes more"), std::string::npos);
  EXPECT_EQ(reports[2].status.code(), Code::kInvalidArgument);
  EXPECT_EQ(reports[3].status.code(), Code::kNotFound);
  for (const VerifyFileReport& report : reports) EXPECT_EQ(report.checked_nonces, 0u);
}

TEST(Verify, TruncatedFileIsCompletedByFullRepair) {
  const TempFolder folder;
  const std::string path = folder.file(kGolden16);
  tests::write_file(path, std::span(golden_16()).first(golden_16().size() / 2 + 777));
  const auto devices = tests::cpu_devices();
  const auto reports = verify(full(path, true), devices);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_TRUE(reports[0].status.ok()) << reports[0].status.message();
  EXPECT_EQ(reports[0].repaired_nonces, 16u);
  EXPECT_EQ(tests::sha256_of_file(path), kGolden16Sha);
}

TEST(Verify, UnfinishedEngraverPlot) {
  const TempFolder folder;
  const std::string path = folder.file(kGolden16);
  Bytes plot = golden_16();
  for (uint64_t scoop = 0; scoop < 4096; scoop++)  // 12 of 16 nonces are done
    std::fill_n(plot.begin() + static_cast<std::ptrdiff_t>(scoop_offset(16, scoop, 12)), 4 * 64,
                std::byte{0});
  const uint8_t mark[8] = {12, 0, 0, 0, 0xaf, 0xfe, 0xaf, 0xfe};
  std::memcpy(plot.data() + plot.size() - 8, mark, 8);
  tests::write_file(path, plot);
  const auto devices = tests::cpu_devices();
  auto reports = verify({.paths = {path}}, devices);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].status.code(), Code::kCorrupt);
  EXPECT_NE(reports[0].status.message().find("unfinished engraver plot, 12 of 16 nonces"),
            std::string::npos);
  reports = verify(full(path, true), devices);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].bad_spans, (std::vector<NonceSpan>{{12, 4}}));
  EXPECT_EQ(tests::sha256_of_file(path), kGolden16Sha);
}

TEST(Verify, UnreadableFile) {
  const TempFolder folder;
  tests::write_file(folder.file("1_0_3"), tests::make_plot(1, 0, 3));
  tests::write_file(folder.file(kGolden16), golden_16());
  tests::FaultyFileSystem files(posix_file_system());
  files.fail(tests::Operation::kRead, 3, EIO);  // after a look at the end of each
  const auto devices = tests::cpu_devices();
  const auto reports = verify({.paths = {folder.path()}, .full = true}, devices, files);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_NE(reports[0].status.ok(), reports[1].status.ok());
  const size_t failed = reports[0].status.ok() ? 1 : 0;
  EXPECT_EQ(reports[failed].status.code(), Code::kIo);
  EXPECT_EQ(reports[failed].bad_nonces, 0u);
  EXPECT_EQ(reports[1 - failed].checked_nonces, failed == 0 ? 3u : 16u);
}

// A device that computes nonsense condemns no file: the CPU has the last word.
class NamedDevice : public tests::FakeDevice {
 public:
  NamedDevice(std::unique_ptr<Device> real, const tests::Faults& faults)
      : tests::FakeDevice(std::move(real), faults), info_(tests::FakeDevice::info()) {
    info_.backend = info_.id = "fake";
  }
  const DeviceInfo& info() const override { return info_; }

 private:
  DeviceInfo info_;
};

TEST(Verify, WrongDeviceIsRetired) {
  const TempFolder folder;
  const std::string path = folder.file(kGolden16);
  tests::write_file(path, golden_16());
  std::vector<std::unique_ptr<Device>> devices;
  devices.push_back(std::make_unique<NamedDevice>(
      tests::open_or_fail("cpu"), tests::Faults{.wrong_scoops_at = 0, .wrong_scoops = 1000}));
  const Cancel cancel;
  const auto alone =
      verify_plots(full(path, true), devices, posix_file_system(), silent_progress(), cancel);
  EXPECT_EQ(alone.status().code(), Code::kDevice);
  EXPECT_EQ(tests::sha256_of_file(path), kGolden16Sha);

  devices.push_back(tests::open_or_fail("cpu"));
  const std::byte wrong = ~golden_16()[64 * 5];
  tests::patch_file(path, 64 * 5, {&wrong, 1});
  const auto reports = verify(full(path, true), devices);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].bad_spans, (std::vector<NonceSpan>{{5, 1}}));
  EXPECT_EQ(tests::sha256_of_file(path), kGolden16Sha);
}

TEST(Verify, DeviceThatFailsIsRetired) {
  const TempFolder folder;
  tests::write_file(folder.file(kGolden16), golden_16());
  std::vector<std::unique_ptr<Device>> devices;
  devices.push_back(std::make_unique<tests::FakeDevice>(tests::open_or_fail("cpu"),
                                                        tests::Faults{.fail_launch_from = 2}));
  const Cancel cancel;
  EXPECT_EQ(
      verify_plots(full(folder.path()), devices, posix_file_system(), silent_progress(), cancel)
          .status()
          .code(),
      Code::kDevice);
  devices.push_back(tests::open_or_fail("cpu"));
  const auto reports = verify(full(folder.path()), devices);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].checked_nonces, 16u);
  EXPECT_EQ(reports[0].bad_nonces, 0u);
}

TEST(Verify, Cancelled) {
  const TempFolder folder;
  tests::write_file(folder.file(kGolden16), golden_16());
  const auto devices = tests::cpu_devices();
  Cancel cancel;
  cancel.request();
  EXPECT_EQ(
      verify_plots(full(folder.path()), devices, posix_file_system(), silent_progress(), cancel)
          .status()
          .code(),
      Code::kCancelled);
}

TEST(Verify, EveryDeviceAgrees) {
  const TempFolder folder;
  tests::write_file(folder.file(kGolden16), golden_16());
  for (const std::string& id : tests::device_ids()) {
    std::vector<std::unique_ptr<Device>> devices;
    devices.push_back(tests::open_or_fail(id));
    const auto reports = verify(full(folder.path()), devices);
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].checked_nonces, 16u) << id;
    EXPECT_EQ(reports[0].bad_nonces, 0u) << id;
  }
}

}  // namespace
}  // namespace quarry
