// Round after round over disks that come, go, hang and break.
#include "plotter/plot_scanner.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <tuple>

#include "plotter/disk_reader.h"
#include "tests/support/devices.h"
#include "tests/support/disks_file_system.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_device.h"
#include "tests/support/plots.h"
#include "tests/support/sparse_plots.h"

namespace quarry {
namespace {

using tests::best_by_reference;
using tests::Bytes;
using tests::expect_equal;
using tests::Gap;
using tests::make_round;
using tests::make_sparse_plot;
using tests::SparsePlot;
using tests::TempFolder;

// Waits for what other threads are about to do.
template <class Condition>
[[nodiscard]] bool comes_true(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// A round that ends with blocks on their way leaves none of them behind.
TEST(ScanQueue, EveryBlockComesBack) {
  Bell bell;
  ScanQueue queue(bell);
  ASSERT_EQ(queue.grow_to(3)->size(), 3u);
  for (uint64_t round = 1; round <= 5; round++) {
    queue.open_round(round);
    EXPECT_EQ(queue.take_free(round - 1), nullptr);
    ScanBlock* const waits = queue.take_free(round);
    ScanBlock* const fails = queue.take_free(round);
    ScanBlock* const is_late = queue.take_free(round);  // would wait for a block that was lost
    for (ScanBlock* block : {waits, is_late}) block->job.number = round;
    queue.put_ready(waits);
    queue.give_back(fails);
    EXPECT_FALSE(queue.idle());
    queue.close_round();
    EXPECT_TRUE(queue.idle());
    EXPECT_EQ(queue.take_free(round), nullptr);
    queue.put_ready(is_late);
    EXPECT_TRUE(queue.idle());
  }
}

// Folders that are disks, and a scanner over them.
class PlotScannerTest : public testing::Test {
 protected:
  ~PlotScannerTest() override { files_.release_all(); }

  std::string make_disk(const std::string& name) {
    std::filesystem::create_directory(folder_.file(name));
    return folder_.file(name);
  }

  void open(const std::vector<std::string>& paths) {
    auto scanner = PlotScanner::open(paths, devices_, files_, clock_);
    ASSERT_TRUE(scanner.ok()) << scanner.status().message();
    scanner_ = std::move(*scanner);
    for (const Status& problem : scanner_->refresh()) ADD_FAILURE() << problem.message();
  }

  ScanReport scan(const Round& round, const ScanEvents& events = {}) {
    auto report = scanner_->scan(round, events, cancel_);
    EXPECT_TRUE(report.ok()) << report.status().message();
    return report.ok() ? std::move(*report) : ScanReport();
  }

  ScanDisk disk(const std::string& name) const {
    for (ScanDisk& disk : scanner_->disks())
      if (disk.name == name) return disk;
    return {};
  }

  const TempFolder folder_;
  tests::DisksFileSystem files_{posix_file_system()};
  tests::FakeClock clock_;
  std::vector<std::unique_ptr<Device>> devices_ = tests::cpu_devices();
  Cancel cancel_;
  const uint64_t seed_ = tests::random_seed();
  const testing::ScopedTrace trace_{__FILE__, __LINE__,
                                    "QUARRY_TEST_SEED=" + std::to_string(seed_)};
  std::mt19937_64 random_{seed_};
  std::unique_ptr<PlotScanner> scanner_;
};

// The same nonces as PoC2 and PoC1 files of several accounts, and a loop over their
// bytes, for rounds of any scoop.
TEST_F(PlotScannerTest, RoundAfterRound) {
  const std::vector<std::string> disks = {make_disk("a"), make_disk("b"), make_disk("c")};
  std::vector<SparsePlot> plots;
  std::map<std::string, Bytes> bytes;
  uint64_t start = 0;
  for (const uint32_t nonces : {1, 6, 12, 30})
    for (const uint64_t account : {UINT64_C(5), UINT64_C(18446744073709551615)}) {
      PlotName name = {account, start, nonces, nonces % 4 == 0 ? UINT64_C(4) : 0};
      const std::string path = disks[start % disks.size()] + "/" + format_plot_name(name);
      bytes[path] = tests::make_plot(account, start, nonces);
      tests::write_file(path,
                        name.is_poc1() ? tests::as_poc1(bytes[path], name.stagger) : bytes[path]);
      plots.push_back({path, name, {}});
      start += nonces;
    }
  open(disks);
  for (int i = 0; i < 20; i++) {
    const Round round = make_round(random_());
    for (SparsePlot& plot : plots) {
      const auto first = bytes[plot.path].begin() +
                         static_cast<ptrdiff_t>(scoop_offset(plot.name.nonces, scoop_of(round), 0));
      plot.scoops.assign(first, first + static_cast<ptrdiff_t>(plot.name.nonces * kScoopBytes));
    }
    const ScanReport report = scan(round);
    EXPECT_EQ(report.scoop, scoop_of(round));
    EXPECT_EQ(report.nonces, start);
    EXPECT_EQ(report.missed_nonces, 0u);
    EXPECT_TRUE(report.file_errors.empty());
    expect_equal(report.best, best_by_reference(round, plots));
  }
}

TEST_F(PlotScannerTest, BestsImproveOneAfterTheOther) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a"), b = make_disk("b");
  std::vector<SparsePlot> plots;
  for (uint64_t i = 0; i < 40; i++)
    plots.push_back(
        make_sparse_plot(i % 2 == 0 ? a : b, {i % 3, i * 100, 100, 0}, scoop_of(round), random_));
  open({a, b});
  std::map<uint64_t, Deadline> last;
  ScanEvents events;
  events.best = [&](const Deadline& best) {
    const auto [known, first] = last.try_emplace(best.account_id, best);
    if (first) return;
    EXPECT_LT(std::tie(best.hit, best.nonce), std::tie(known->second.hit, known->second.nonce));
    known->second = best;
  };
  for (int i = 0; i < 3; i++) {
    last.clear();
    const ScanReport report = scan(round, events);
    ASSERT_EQ(last.size(), 3u);
    for (const Deadline& best : report.best) expect_equal({last[best.account_id]}, {best});
    expect_equal(report.best, best_by_reference(round, plots));
  }
}

// Bests are told while the round still runs.
TEST_F(PlotScannerTest, BestsComeBeforeTheEnd) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a");
  const SparsePlot first = make_sparse_plot(a, {1, 0, 100, 0}, scoop_of(round), random_);
  make_sparse_plot(a, {2, 0, 100, 0}, scoop_of(round), random_);
  files_.hang(a, 1);
  open({a});
  ScanEvents events;
  std::vector<Deadline> told;
  events.best = [&](const Deadline& best) {
    told.push_back(best);
    files_.release(a);
  };
  EXPECT_EQ(scan(round, events).best.size(), 2u);
  ASSERT_FALSE(told.empty());
  expect_equal({told[0]}, best_by_reference(round, {first}));
}

TEST_F(PlotScannerTest, PlotsAndDisksComeAndGo) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a"), b = make_disk("b");
  open({a, b});
  const ScanReport empty = scan(round);
  EXPECT_EQ(empty.nonces, 0u);
  EXPECT_TRUE(empty.best.empty());
  EXPECT_TRUE(scanner_->disks().empty());

  std::vector<SparsePlot> plots;
  plots.push_back(make_sparse_plot(a, {1, 0, 100, 0}, scoop_of(round), random_));
  plots.push_back(make_sparse_plot(b, {2, 0, 50, 0}, scoop_of(round), random_));
  EXPECT_EQ(scan(round).nonces, 0u);  // not looked for yet
  EXPECT_TRUE(scanner_->refresh().empty());
  ScanReport report = scan(round);
  EXPECT_EQ(report.nonces, 150u);
  EXPECT_EQ(scanner_->disks().size(), 2u);
  EXPECT_EQ(disk(b).plots, 1u);
  EXPECT_EQ(disk(b).nonces_scanned, 50u);
  expect_equal(report.best, best_by_reference(round, plots));

  // One disk is taken out, and the other gets one more plot.
  std::filesystem::rename(b, b + "-away");
  plots.push_back(make_sparse_plot(a, {2, 100, 100, 0}, scoop_of(round), random_));
  EXPECT_EQ(scanner_->refresh().size(), 1u);
  report = scan(round);
  EXPECT_EQ(report.nonces, 200u);
  EXPECT_EQ(scanner_->disks().size(), 1u);
  expect_equal(report.best, best_by_reference(round, {plots[0], plots[2]}));

  std::filesystem::rename(b + "-away", b);
  EXPECT_TRUE(scanner_->refresh().empty());
  expect_equal(scan(round).best, best_by_reference(round, plots));
}

TEST_F(PlotScannerTest, UnfinishedPlotsAreNotTouched) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a");
  const SparsePlot plot = make_sparse_plot(a, {1, 0, 100, 0}, scoop_of(round), random_);
  const SparsePlot part = make_sparse_plot(a, {1, 100, 100, 0}, scoop_of(round), random_);
  std::filesystem::rename(part.path, part.path + ".plotting");
  open({a});
  EXPECT_EQ(scan(round).nonces, 100u);
  std::filesystem::rename(part.path + ".plotting", part.path);  // finished
  scanner_->refresh();
  EXPECT_EQ(scan(round).nonces, 200u);
  for (const std::string& path : files_.opened()) EXPECT_FALSE(path.ends_with(".plotting"));
}

// A plot that is deleted while another one is read.
TEST_F(PlotScannerTest, PlotVanishesDuringTheRound) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a");
  const SparsePlot first = make_sparse_plot(a, {1, 0, 100, 0}, scoop_of(round), random_);
  const SparsePlot second = make_sparse_plot(a, {2, 0, 70, 0}, scoop_of(round), random_);
  const SparsePlot third = make_sparse_plot(a, {3, 0, 100, 0}, scoop_of(round), random_);
  files_.hang(a);
  open({a});
  std::thread vandal([&] {
    EXPECT_TRUE(comes_true([&] { return files_.counts(a).hanging == 1; }));
    std::filesystem::remove(second.path);
    files_.release(a);
  });
  std::vector<std::string> told;
  ScanEvents events;
  events.problem = [&](const Status& problem) { told.push_back(problem.message()); };
  const ScanReport report = scan(round, events);
  vandal.join();
  EXPECT_EQ(report.nonces, 200u);
  EXPECT_EQ(report.missed_nonces, 70u);
  ASSERT_EQ(report.file_errors.size(), 1u);
  EXPECT_EQ(report.file_errors[0].code(), Code::kNotFound);
  EXPECT_EQ(told, std::vector<std::string>{report.file_errors[0].message()});
  expect_equal(report.best, best_by_reference(round, {first, third}));
}

// One block of 4 MiB is lost, and the scan goes on behind it.
TEST_F(PlotScannerTest, BadBlockInTheMiddleOfAScoop) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a"), b = make_disk("b");
  const uint64_t nonces = 200003;
  std::vector<SparsePlot> plots;
  plots.push_back(make_sparse_plot(a, {1, 5, nonces, 0}, scoop_of(round), random_));
  plots.push_back(make_sparse_plot(b, {2, 5, 1000, 0}, scoop_of(round), random_));
  const uint64_t begin = scoop_offset(nonces, scoop_of(round), 0);
  const uint64_t first_block = kScanBlockScoops - begin % kDirectAlignment / kScoopBytes;
  // The last bytes of the second block.
  files_.break_at(plots[0].path, begin + (first_block + kScanBlockScoops) * kScoopBytes - 10, 10);
  open({a, b});
  const ScanReport report = scan(round);
  EXPECT_EQ(report.missed_nonces, kScanBlockScoops);
  EXPECT_EQ(report.nonces, nonces + 1000 - kScanBlockScoops);
  ASSERT_EQ(report.file_errors.size(), 1u);
  EXPECT_EQ(report.file_errors[0].code(), Code::kIo);
  EXPECT_TRUE(report.file_errors[0].message().starts_with("65536 of 200003 nonces not read: "))
      << report.file_errors[0].message();
  const Gap gap = {plots[0].path, first_block, first_block + kScanBlockScoops};
  expect_equal(report.best, best_by_reference(round, plots, gap));
  // The next round says the same.
  const ScanReport again = scan(round);
  ASSERT_EQ(again.file_errors.size(), 1u);
  EXPECT_EQ(again.file_errors[0].message(), report.file_errors[0].message());
}

// Each read of a bad place takes seconds of a disk that tries again and again: after
// some, the rest of the file is given up, and other files are read.
TEST_F(PlotScannerTest, ManyBadBlocksEndAFile) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a");
  const uint64_t nonces = 500000;
  const SparsePlot bad = make_sparse_plot(a, {1, 0, nonces, 0}, scoop_of(round), random_);
  const SparsePlot good = make_sparse_plot(a, {2, 0, 100, 0}, scoop_of(round), random_);
  files_.break_at(bad.path, 0, nonces * kNonceBytes);
  open({a});
  const ScanReport report = scan(round);
  EXPECT_EQ(files_.counts(a).reads, PlotScanner::kMostBadBlocks + 1u);
  EXPECT_EQ(report.missed_nonces, nonces);
  EXPECT_EQ(report.nonces, 100u);
  expect_equal(report.best, best_by_reference(round, {good}));
}

// A read does not come back: the round ends without it, later ones do not wait, and
// the disk is there again when it does.
TEST_F(PlotScannerTest, DiskThatHangs) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a"), b = make_disk("b");
  std::vector<SparsePlot> plots;
  plots.push_back(make_sparse_plot(a, {1, 0, 100, 0}, scoop_of(round), random_));
  plots.push_back(make_sparse_plot(b, {2, 0, 100, 0}, scoop_of(round), random_));
  open({a, b});
  files_.hang(a);
  // Time goes by only when all but that read is done.
  std::thread time([&] {
    EXPECT_TRUE(
        comes_true([&] { return files_.counts(a).hanging == 1 && disk(b).nonces_scanned == 100; }));
    EXPECT_FALSE(disk(a).stuck);
    clock_.sleep_for(PlotScanner::kStuckAfter);
  });
  const ScanReport report = scan(round);
  time.join();
  EXPECT_TRUE(disk(a).stuck);
  EXPECT_EQ(report.nonces, 100u);
  EXPECT_EQ(report.missed_nonces, 100u);
  ASSERT_EQ(report.file_errors.size(), 1u);
  EXPECT_NE(report.file_errors[0].message().find("does not answer"), std::string::npos);
  expect_equal(report.best, best_by_reference(round, {plots[1]}));

  // No more time goes by, and looking for plots does not ask the disk.
  EXPECT_TRUE(scanner_->refresh().empty());
  const ScanReport without = scan(round);
  EXPECT_EQ(without.missed_nonces, 100u);
  ASSERT_EQ(without.file_errors.size(), 1u);
  EXPECT_EQ(without.file_errors[0].message(), report.file_errors[0].message());
  EXPECT_EQ(files_.counts(a).looks_in_vain, 0u);
  EXPECT_EQ(files_.counts(a).reads, 1u);

  files_.release(a);
  ASSERT_TRUE(comes_true([&] { return !disk(a).stuck; }));
  EXPECT_TRUE(scanner_->refresh().empty());
  const ScanReport after = scan(round);
  EXPECT_EQ(after.nonces, 200u);
  EXPECT_TRUE(after.file_errors.empty());
  expect_equal(after.best, best_by_reference(round, plots));
}

// A new round does not wait for a read of the old one, and begins behind it.
TEST_F(PlotScannerTest, CancelDoesNotWaitForAReadAndEndsBehindIt) {
  const Round old_round = make_round(random_());
  Round round = make_round(random_());
  while (scoop_of(round) == scoop_of(old_round)) round = make_round(random_());
  const std::string a = make_disk("a");
  const uint64_t nonces = 400000;  // seven blocks, or eight
  const SparsePlot plot = make_sparse_plot(a, {1, 0, nonces, 0}, scoop_of(round), random_);
  open({a});
  files_.hang(a, 1);  // in the second block
  std::thread stop([&] {
    EXPECT_TRUE(comes_true([&] { return files_.counts(a).hanging == 1; }));
    cancel_.request();
  });
  EXPECT_EQ(scanner_->scan(old_round, {}, cancel_).status().code(), Code::kCancelled);
  stop.join();
  EXPECT_EQ(files_.counts(a).hanging, 1u);

  // The read that comes back during the next round is no part of it.
  const Cancel never;
  std::thread release([&] { files_.release(a); });
  const auto report = scanner_->scan(round, {}, never);
  release.join();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->nonces, nonces);
  expect_equal(report->best, best_by_reference(round, {plot}));
  EXPECT_LE(files_.counts(a).reads, 2u + 8u);
}

TEST_F(PlotScannerTest, CancelledBeforeItBegins) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a");
  make_sparse_plot(a, {1, 0, 100, 0}, scoop_of(round), random_);
  open({a});
  cancel_.request();
  for (int i = 0; i < 100; i++)
    EXPECT_EQ(scanner_->scan(round, {}, cancel_).status().code(), Code::kCancelled);
}

TEST_F(PlotScannerTest, WrongDeviceIsRetiredForAllRounds) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a");
  std::vector<SparsePlot> plots;
  for (uint64_t i = 0; i < 30; i++)
    plots.push_back(make_sparse_plot(a, {i % 3, i * 100, 100, 0}, scoop_of(round), random_));
  auto fake = std::make_unique<tests::FakeDevice>(
      tests::open_or_fail("cpu"), tests::Faults{.wrong_read_at = 0, .wrong_reads = UINT64_MAX});
  const tests::FakeCounts& counts = fake->counts();
  devices_.push_back(std::move(fake));
  open({a});
  uint64_t retired = 0;
  for (int i = 0; retired == 0 && i < 1000; i++) {  // the other one may be faster at first
    const ScanReport report = scan(round);
    expect_equal(report.best, best_by_reference(round, plots));
    retired += report.retired_devices.size();
  }
  EXPECT_EQ(retired, 1u);
  const uint64_t launches = counts.launches;
  for (int i = 0; i < 50; i++) {
    const ScanReport report = scan(round);
    EXPECT_EQ(report.nonces, 3000u);
    EXPECT_TRUE(report.retired_devices.empty());
  }
  EXPECT_EQ(counts.launches, launches);
}

TEST_F(PlotScannerTest, NoDeviceIsLeft) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a");
  make_sparse_plot(a, {1, 0, 100, 0}, scoop_of(round), random_);
  devices_.clear();
  devices_.push_back(std::make_unique<tests::FakeDevice>(tests::open_or_fail("cpu"),
                                                         tests::Faults{.fail_launch_from = 0}));
  open({a});
  for (int i = 0; i < 3; i++) {
    const auto report = scanner_->scan(round, {}, cancel_);
    EXPECT_EQ(report.status().code(), Code::kDevice);
    EXPECT_TRUE(report.status().message().starts_with("no device is left: "));
  }
}

TEST_F(PlotScannerTest, BadArguments) {
  EXPECT_EQ(PlotScanner::open({}, {}, files_, clock_).status().code(), Code::kInvalidArgument);
  open({make_disk("a")});
  Round round = make_round(1);
  round.base_target = 0;
  EXPECT_EQ(scanner_->scan(round, {}, cancel_).status().code(), Code::kInvalidArgument);
}

// Disks that were not read for a while get one small read each, past the page cache.
TEST_F(PlotScannerTest, DisksAreKeptAwake) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a"), b = make_disk("b");
  make_sparse_plot(a, {1, 0, 100, 0}, scoop_of(round), random_);
  make_sparse_plot(b, {1, 100, 100, 0}, scoop_of(round), random_);
  open({a, b});
  scan(round);
  const auto reads = [&](const std::string& disk) { return files_.counts(disk).reads; };
  clock_.advance(100);
  scanner_->keep_awake(std::chrono::seconds(101));
  clock_.advance(1);
  scanner_->keep_awake(std::chrono::seconds(101));
  ASSERT_TRUE(comes_true([&] { return reads(a) == 2 && reads(b) == 2; }));
  EXPECT_EQ(files_.counts(a).last_size, 4096u);
  EXPECT_TRUE(files_.counts(a).last_direct) << "does " << folder_.path() << " take O_DIRECT?";
  scan(round);  // behind those reads
  scanner_->keep_awake(std::chrono::seconds(101));
  EXPECT_EQ(scan(round).nonces, 200u);
  EXPECT_EQ(reads(a), 4u);
}

// kB of a line of /proc/self/status, or the number of threads.
uint64_t own_status(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    uint64_t value = 0;
    if (word == name + ":" && file >> value) return value;
  }
  return 0;
}

// Weeks of rounds, while disks come and go: blocks, buffers, threads and memory stay
// as they were.
TEST_F(PlotScannerTest, TwoThousandRoundsTakeNoMemory) {
  const Round round = make_round(random_());
  const std::string a = make_disk("a"), b = make_disk("b");
  make_sparse_plot(a, {1, 0, 100, 0}, scoop_of(round), random_);
  make_sparse_plot(b, {2, 0, 100, 0}, scoop_of(round), random_);
  auto fake = std::make_unique<tests::FakeDevice>(
      tests::open_or_fail("cpu"), tests::Faults{.hide_shared_memory = true, .owns_memory = true});
  const tests::FakeCounts& counts = fake->counts();
  devices_.clear();
  devices_.push_back(std::move(fake));
  open({a, b});
  [[maybe_unused]] uint64_t resident = 0, addresses = 0;
  uint64_t threads = 0, buffers = 0;
  for (int i = 0; i < 2200; i++) {
    if (i % 50 == 0) std::filesystem::rename(b, b + "-away");
    if (i % 50 == 25) std::filesystem::rename(b + "-away", b);
    if (i % 25 == 0) (void)scanner_->refresh();
    if (i == 200) {
      resident = own_status("VmRSS");
      addresses = own_status("VmSize");
      threads = own_status("Threads");
      buffers = counts.buffers;
    }
    ASSERT_EQ(scan(round).nonces, i % 50 < 25 ? 100u : 200u);
  }
  std::filesystem::rename(b, b + "-away");  // as in round 200
  (void)scanner_->refresh();
#ifndef __SANITIZE_ADDRESS__  // which keeps freed memory for a while
  EXPECT_LT(own_status("VmRSS"), resident + 4096);
  EXPECT_LT(own_status("VmSize"), addresses + 4096);
#endif
  EXPECT_EQ(own_status("Threads"), threads);
  EXPECT_EQ(counts.buffers, buffers);
  EXPECT_GT(buffers, 0u);
}

}  // namespace
}  // namespace quarry
