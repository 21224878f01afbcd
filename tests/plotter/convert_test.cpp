// PoC1 to PoC2, byte by byte, whatever happens in between.
#include "plotter/convert.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/devices.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/plots.h"

namespace quarry {
namespace {

using tests::Bytes;
using tests::FaultyFileSystem;
using tests::Loss;
using tests::Operation;
using tests::TempFolder;

Result<ConvertReport> convert(const ConvertRequest& request,
                              FileSystem& files = posix_file_system()) {
  const Cancel cancel;
  return convert_plot(request, files, silent_progress(), cancel);
}

const Bytes& plot_of(uint32_t nonces) {
  static std::map<uint32_t, Bytes> plots;
  const auto [place, first] = plots.try_emplace(nonces);
  if (first) place->second = tests::make_plot(77, 500, nonces);
  return place->second;
}

std::string sha256_of(const Bytes& bytes) { return tests::sha256_hex(bytes); }

std::vector<std::string> names_in(const std::string& folder) {
  return posix_file_system().list(folder).value();
}

// Syncs cost nothing in memory.
std::string fast_folder() {
  return std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
}

TEST(Convert, EveryStaggerToAnotherFolder) {
  for (const uint64_t stagger : {1, 2, 3, 6, 12}) {
    for (const uint64_t memory : {kNonceBytes, 5 * kNonceBytes, uint64_t{0}}) {
      const TempFolder from(fast_folder()), to(fast_folder());
      const std::string source = from.file("77_500_12_" + std::to_string(stagger));
      tests::write_file(source, tests::as_poc1(plot_of(12), stagger));
      const std::string before = tests::sha256_of_file(source);
      const auto report = convert({source, to.path(), memory});
      ASSERT_TRUE(report.ok()) << report.status().message();
      EXPECT_EQ(report->path, to.file("77_500_12"));
      EXPECT_EQ(report->nonces, 12u);
      EXPECT_EQ(report->bytes, 12 * kNonceBytes);
      EXPECT_EQ(tests::sha256_of_file(report->path), sha256_of(plot_of(12)))
          << "stagger " << stagger << ", memory " << memory;
      EXPECT_EQ(tests::sha256_of_file(source), before);
      EXPECT_EQ(names_in(to.path()), std::vector<std::string>{"77_500_12"});
    }
  }
}

TEST(Convert, InPlace) {
  for (const uint32_t nonces : {1, 4, 12}) {
    const TempFolder folder;
    const std::string source =
        folder.file("77_500_" + std::to_string(nonces) + "_" + std::to_string(nonces));
    tests::write_file(source, tests::as_poc1(plot_of(nonces), nonces));
    const auto report = convert({source, "", 0});
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(report->path, folder.file("77_500_" + std::to_string(nonces)));
    EXPECT_EQ(tests::sha256_of_file(report->path), sha256_of(plot_of(nonces)));
    EXPECT_EQ(names_in(folder.path()).size(), 1u);
  }
}

// So little memory that a row of 70 scoops takes two steps.
TEST(Convert, InPlaceInPartsOfRows) {
  const TempFolder folder(fast_folder());
  const std::string source = folder.file("77_500_70_70");
  tests::write_file(source, tests::as_poc1(plot_of(70), 70));
  const auto report = convert({source, "", 8192});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(tests::sha256_of_file(report->path), sha256_of(plot_of(70)));
}

TEST(Convert, BadRequests) {
  const TempFolder folder, to;
  const auto code = [](const ConvertRequest& request) { return convert(request).status().code(); };
  tests::write_file(folder.file("77_500_4"), plot_of(4));
  EXPECT_EQ(code({folder.file("77_500_4"), to.path(), 0}), Code::kInvalidArgument);
  EXPECT_EQ(code({folder.file("music"), to.path(), 0}), Code::kInvalidArgument);
  EXPECT_EQ(code({folder.file("77_500_8_8"), to.path(), 0}), Code::kNotFound);
  EXPECT_EQ(code({folder.file("77_500_8_8"), "", 0}), Code::kNotFound);
  tests::write_file(folder.file("77_500_4_2"), tests::as_poc1(plot_of(4), 2));
  EXPECT_EQ(code({folder.file("77_500_4_2"), "", 0}), Code::kUnsupported);
  EXPECT_EQ(code({folder.file("77_500_4_2"), to.path(), 1000}), Code::kInvalidArgument);
  EXPECT_EQ(code({folder.file("77_500_4_2"), to.file("missing"), 0}), Code::kNotFound);
  EXPECT_EQ(code({folder.file("77_500_4_2"), folder.path(), 0}), Code::kExists);
  tests::write_file(folder.file("77_500_4_4"), tests::as_poc1(plot_of(4), 4));
  EXPECT_EQ(code({folder.file("77_500_4_4"), "", 0}), Code::kExists);
  tests::write_file(folder.file("77_0_4_4"), std::span(plot_of(4)).first(1000));
  EXPECT_EQ(code({folder.file("77_0_4_4"), "", 0}), Code::kCorrupt);
  EXPECT_EQ(code({folder.file("77_0_4_4"), to.path(), 0}), Code::kCorrupt);
  EXPECT_TRUE(names_in(to.path()).empty());
}

TEST(Convert, CancelledInPlaceGoesOn) {
  const TempFolder folder;
  const std::string source = folder.file("77_500_4_4");
  tests::write_file(source, tests::as_poc1(plot_of(4), 4));
  Cancel cancel;
  cancel.request();
  const auto stopped =
      convert_plot({source, "", 0}, posix_file_system(), silent_progress(), cancel);
  EXPECT_EQ(stopped.status().code(), Code::kCancelled);
  // While it is half done, no miner takes it for a plot.
  for (const std::string& name : names_in(folder.path()))
    EXPECT_FALSE(parse_plot_name(name).ok()) << name;
  const auto report = convert({source, "", 0});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(tests::sha256_of_file(report->path), sha256_of(plot_of(4)));
}

// A conversion whose journal is gone or another plot's is not gone on with.
TEST(Convert, InPlaceWithoutItsJournal) {
  const TempFolder folder;
  const std::string source = folder.file("77_500_4_4");
  tests::write_file(source, tests::as_poc1(plot_of(4), 4));
  Cancel cancel;
  cancel.request();
  (void)convert_plot({source, "", 0}, posix_file_system(), silent_progress(), cancel);
  const std::string log = source + ".swap";
  ASSERT_TRUE(std::filesystem::exists(log));
  const std::byte wrong{0x55};
  tests::patch_file(log, 33, {&wrong, 1});
  EXPECT_EQ(convert({source, "", 0}).status().code(), Code::kCorrupt);
  std::filesystem::remove(log);
  EXPECT_EQ(convert({source, "", 0}).status().code(), Code::kNotFound);
}

// Power cuts at every operation, in four steps of 512 pairs of scoops (in place) or
// in four pieces of one nonce (to another folder).
struct PowerCut {
  std::string name;
  bool in_place;
  Loss loss;
  bool torn;  // the cut comes within a write
};

// All cuts near the beginning and the end, and some between: the 4096 writes of
// a piece are much alike.
uint64_t next_cut(uint64_t nth, uint64_t last) {
  constexpr uint64_t kNear = 60, kStep = 397;
  if (nth < kNear || nth + kNear >= last) return nth + 1;
  return std::min(nth + kStep, last - kNear + 1);
}

class ConvertPowerCutTest : public testing::TestWithParam<PowerCut> {};

TEST_P(ConvertPowerCutTest, ResumesToTheSameBytes) {
  const PowerCut& cut = GetParam();
  const uint64_t stagger = cut.in_place ? 4 : 2;
  const Bytes poc1 = tests::as_poc1(plot_of(4), stagger);
  const auto request_in = [&](const TempFolder& folder) {
    const std::string source = folder.file("77_500_4_" + std::to_string(stagger));
    tests::write_file(source, poc1);
    return ConvertRequest{source, cut.in_place ? "" : folder.path(), uint64_t{1} << 18};
  };
  uint64_t last = 0;
  {
    const TempFolder folder(fast_folder());
    FaultyFileSystem files(posix_file_system());
    ASSERT_TRUE(convert(request_in(folder), files).ok());
    last = cut.torn ? files.operations(Operation::kWrite) : files.operations();
  }
  for (uint64_t nth = 1; nth <= last; nth = next_cut(nth, last)) {
    SCOPED_TRACE("cut at " + std::to_string(nth) + " of " + std::to_string(last));
    const TempFolder folder(fast_folder());
    const ConvertRequest request = request_in(folder);
    FaultyFileSystem files(posix_file_system(), nth);
    if (cut.torn)
      files.tear_write(nth, cut.loss);
    else
      files.cut_power(nth, cut.loss);
    EXPECT_FALSE(convert(request, files).ok());
    ASSERT_TRUE(files.power_is_cut());
    files.reset();
    const auto report = convert(request, files);
    // At the very end there is nothing left to go on with.
    ASSERT_TRUE(report.ok() || (report.status().code() == Code::kExists && nth + 1 >= last))
        << report.status().message();
    ASSERT_EQ(tests::sha256_of_file(folder.file("77_500_4")), sha256_of(plot_of(4)));
    ASSERT_EQ(names_in(folder.path()).size(), cut.in_place ? 1u : 2u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cuts, ConvertPowerCutTest,
    testing::Values(PowerCut{"InPlaceKilled", true, Loss::kNothing, false},
                    PowerCut{"InPlacePulled", true, Loss::kUnsynced, false},
                    PowerCut{"InPlaceTorn", true, Loss::kNothing, true},
                    PowerCut{"InPlaceTornAndPulled", true, Loss::kUnsynced, true},
                    PowerCut{"ToFolderKilled", false, Loss::kNothing, false},
                    PowerCut{"ToFolderPulled", false, Loss::kUnsynced, false},
                    PowerCut{"ToFolderTornAndPulled", false, Loss::kUnsynced, true}),
    [](const auto& info) { return info.param.name; });

// A disk that is full or fails in the middle: the same call goes on later.
TEST(Convert, FailuresOfTheDisk) {
  for (const bool in_place : {true, false})
    for (const int error : {ENOSPC, EIO})
      for (uint64_t nth = 1; nth < 12; nth++) {
        const TempFolder folder(fast_folder());
        const std::string source = folder.file("77_500_4_4");
        tests::write_file(source, tests::as_poc1(plot_of(4), 4));
        const ConvertRequest request = {source, in_place ? "" : folder.path(), uint64_t{1} << 18};
        FaultyFileSystem files(posix_file_system());
        files.fail(Operation::kWrite, nth, error);
        const auto failed = convert(request, files);
        EXPECT_EQ(failed.status().code(), error == EIO ? Code::kIo : Code::kNoSpace);
        const auto report = convert(request, files);
        ASSERT_TRUE(report.ok()) << report.status().message();
        ASSERT_EQ(tests::sha256_of_file(report->path), sha256_of(plot_of(4)));
      }
}

}  // namespace
}  // namespace quarry
