// Every kernel gives the same answers on every device as on the scalar CPU set,
// whose whole nonces are golden (tests/plotter/generator_test.cpp).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "kernels/plot_constants.h"
#include "kernels/scan.h"
#include "tests/support/devices.h"
#include "tests/support/sha256.h"
#include "tests/support/vectors.h"

namespace quarry {
namespace {

using Words = std::vector<uint32_t>;

std::span<std::byte> bytes_of(Words& words) {
  return std::as_writable_bytes(std::span<uint32_t>(words));
}
std::span<const std::byte> bytes_of(const Words& words) {
  return std::as_bytes(std::span<const uint32_t>(words));
}

// What the cases give to a kernel.
struct Nonces {
  uint64_t id = 0, start = 0, step = 1;
  uint32_t count = 0;
};

// What they give to plot_main and its variants.
struct MainCase {
  std::string_view kernel = {};
  uint32_t count = 0;
  uint32_t ring_hashes = 0;
  uint32_t group_size = 0;          // 0: one run of INTERLEAVE items
  std::vector<uint32_t> cuts = {};  // launches are from each to the next
};

// A device with one queue, and kernels in terms of plain arrays: hashes as
// [nonce][position][word], whatever the device's layout is.
class Runner {
 public:
  explicit Runner(const std::string& id)
      : device_(tests::open_or_fail(id)), queue_(tests::queue_or_fail(*device_)) {}

  const DeviceInfo& info() const { return device_->info(); }

  // Hashes 0 .. last - 1 in launches that end at each of `cuts`; [nonce][hash][word].
  Words plot_hashes(const Nonces& nonces, std::initializer_list<uint32_t> cuts) {
    auto buffer = tests::allocate_or_fail(*device_, groups(nonces.count) * group_words() * 4);
    uint32_t first = 0;
    for (const uint32_t last : cuts) {
      launch("plot_hashes", nonces.count,
             {*buffer, nonces.id, nonces.start, nonces.step, nonces.count, first, last});
      first = last;
    }
    return download(*buffer, nonces.count, 0, first);
  }

  // True if the device has the kernel, and the memory for its ring: a launch of
  // no item is a mistake otherwise.
  bool takes(const MainCase& c) {
    auto buffer = tests::allocate_or_fail(*device_, 4);
    return queue_->launch(c.kernel, main_grid(c, 0), main_arguments(c, *buffer, 128, 128)).ok();
  }

  // Hashes cuts.front() .. cuts.back() - 1 over the windows in `hashes`.
  Words plot_main(const MainCase& c, const Words& hashes) {
    auto buffer = upload(hashes, c.count);
    for (size_t i = 0; i + 1 < c.cuts.size(); i++)
      check(queue_->launch(c.kernel, main_grid(c, c.count),
                           main_arguments(c, *buffer, c.cuts[i], c.cuts[i + 1])));
    return download(*buffer, c.count, c.cuts.front(), c.cuts.back());
  }

  // The same by plot_hashes.
  Words plot_hashes_over(const MainCase& c, const Words& hashes) {
    auto buffer = upload(hashes, c.count);
    launch(
        "plot_hashes", c.count,
        {*buffer, uint64_t{0}, uint64_t{0}, uint64_t{1}, c.count, c.cuts.front(), c.cuts.back()});
    return download(*buffer, c.count, c.cuts.front(), c.cuts.back());
  }

  // All scoops of one nonce, most of its hashes by the kernel of `c`.
  Words whole_nonce(const MainCase& c, const Nonces& nonces) {
    auto buffer = tests::allocate_or_fail(*device_, groups(1) * group_words() * 4);
    auto finals = tests::allocate_or_fail(*device_, groups(1) * info().interleave * 32);
    auto out = tests::allocate_or_fail(*device_, PLOT_NONCE_WORDS * 4);
    launch("plot_hashes", 1, {*buffer, nonces.id, nonces.start, nonces.step, 1u, 0u, PLOT_WINDOW});
    check(queue_->launch(c.kernel, main_grid(c, 1),
                         main_arguments(c, *buffer, PLOT_WINDOW, PLOT_HASHES)));
    launch("plot_final", 1, {*buffer, *finals, nonces.id, nonces.start, nonces.step, 1u});
    launch("plot_scoops", PLOT_HASHES / 2,
           {*buffer, *finals, *out, uint64_t{0}, uint64_t{16}, 1u, 0u, PLOT_HASHES / 2});
    Words scoops(PLOT_NONCE_WORDS);
    check(queue_->read(*out, 0, bytes_of(scoops)));
    check(queue_->wait());
    return scoops;
  }

  // Finals of random hashes, [nonce][word], then `rows` scoops from `first_scoop`
  // on as plot_scoops writes them into a buffer full of ones.
  struct Finished {
    Words finals, scoops;
  };
  Finished finish(const Nonces& nonces, const Words& hashes, uint32_t first_scoop, uint32_t rows) {
    const uint32_t count = nonces.count, lanes = info().interleave;
    auto buffer = upload(hashes, count);
    auto finals = tests::allocate_or_fail(*device_, groups(count) * lanes * 32);
    Words raw_finals(finals->size_bytes() / 4);
    const uint64_t first_word = 48, row_words = uint64_t{count} * 16 + 32;
    Finished finished{{}, Words(first_word + rows * row_words, ~0u)};
    auto out = tests::allocate_or_fail(*device_, finished.scoops.size() * 4);
    check(queue_->write(*out, 0, bytes_of(std::as_const(finished.scoops))));
    check(queue_->wait());
    launch("plot_final", count, {*buffer, *finals, nonces.id, nonces.start, nonces.step, count});
    launch("plot_scoops", rows * count,
           {*buffer, *finals, *out, first_word, row_words, count, first_scoop, rows});
    check(queue_->read(*finals, 0, bytes_of(raw_finals)));
    check(queue_->read(*out, 0, bytes_of(finished.scoops)));
    check(queue_->wait());
    for (uint32_t n = 0; n < count; n++)
      for (uint32_t w = 0; w < 8; w++)
        finished.finals.push_back(raw_finals[n / lanes * 8 * lanes + index_in_hash(n, w)]);
    return finished;
  }

  // best[] of scan_hits.
  Words scan(const Words& scoops, const scan_signature& signature, uint32_t count, uint32_t items) {
    auto buffer = tests::allocate_or_fail(*device_, scoops.size() * 4);
    Words best(size_t{items} * 3);
    auto result = tests::allocate_or_fail(*device_, best.size() * 4);
    check(queue_->write(*buffer, 0, bytes_of(scoops)));
    launch("scan_hits", items, {*buffer, *result, signature, count, items});
    check(queue_->read(*result, 0, bytes_of(best)));
    check(queue_->wait());
    return best;
  }

 private:
  static void check(const Status& status) { EXPECT_TRUE(status.ok()) << status.message(); }

  void launch(std::string_view kernel, uint32_t items, const std::vector<Argument>& arguments) {
    check(queue_->launch(kernel, {.items = items}, arguments));
  }

  uint64_t groups(uint32_t count) const {
    return (uint64_t{count} + info().interleave - 1) / info().interleave;
  }
  uint64_t group_words() const { return uint64_t{PLOT_NONCE_WORDS} * info().interleave; }
  // As kernels/plot.h says.
  size_t index(uint32_t nonce, uint32_t position, uint32_t w) const {
    const uint32_t lanes = info().interleave;
    return (uint64_t{nonce / lanes} * PLOT_HASHES + position) * 8 * lanes + index_in_hash(nonce, w);
  }
  size_t index_in_hash(uint32_t nonce, uint32_t w) const {
    const uint32_t lanes = info().interleave, words = info().lane_words;
    return w / words * words * lanes + nonce % lanes * words + w % words;
  }

  // A buffer with hashes of [nonce][position][word].
  std::unique_ptr<Buffer> upload(const Words& hashes, uint32_t count) {
    Words raw(groups(count) * group_words());
    for (uint32_t n = 0; n < count; n++)
      for (uint32_t position = 0; position < PLOT_HASHES; position++)
        for (uint32_t w = 0; w < 8; w++)
          raw[index(n, position, w)] = hashes[(size_t{n} * PLOT_HASHES + position) * 8 + w];
    auto buffer = tests::allocate_or_fail(*device_, raw.size() * 4);
    check(queue_->write(*buffer, 0, bytes_of(std::as_const(raw))));
    check(queue_->wait());
    return buffer;
  }

  // Hashes first .. last - 1 of it, [nonce][hash][word].
  Words download(const Buffer& buffer, uint32_t count, uint32_t first, uint32_t last) {
    Words raw(groups(count) * group_words()), hashes;
    check(queue_->read(buffer, 0, bytes_of(raw)));
    check(queue_->wait());
    for (uint32_t n = 0; n < count; n++)
      for (uint32_t hash = first; hash < last; hash++)
        for (uint32_t w = 0; w < 8; w++) hashes.push_back(raw[index(n, PLOT_HASHES - 1 - hash, w)]);
    return hashes;
  }

  Grid main_grid(const MainCase& c, uint32_t items) const {
    const uint32_t group_size = c.group_size > 0 ? c.group_size : info().interleave;
    return {.items = items,
            .group_size = group_size,
            .group_memory_bytes = group_size * c.ring_hashes * 32};
  }

  static std::vector<Argument> main_arguments(const MainCase& c, Buffer& hashes, uint32_t first,
                                              uint32_t last) {
    return {hashes, c.count, first, last, c.ring_hashes, 2u, 32768u};
  }

  std::unique_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
};

class KernelTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const uint64_t seed = tests::random_seed();
    RecordProperty("seed", std::to_string(seed));
    std::cout << "QUARRY_TEST_SEED=" << seed << "\n";
    random_.seed(seed);
  }

  Words random_words(size_t count) {
    Words words(count);
    for (uint32_t& w : words) w = static_cast<uint32_t>(random_());
    return words;
  }

  // The case table: around the sizes at which something changes.
  std::set<uint32_t> counts() const {
    const uint32_t lanes = runner_.info().interleave, group = runner_.info().group_size;
    return {0, 1, lanes - 1, lanes, lanes + 1, group - 1, group, group + 1};
  }

  Nonces random_nonces(uint32_t count, uint64_t step) {
    return {.id = random_(), .start = random_(), .step = step, .count = count};
  }

  Runner runner_{GetParam()};
  Runner scalar_{"cpu:scalar"};
  std::mt19937_64 random_;
};

TEST_P(KernelTest, PlotHashes) {
  for (const uint32_t count : counts()) {
    for (const uint64_t step : {uint64_t{1}, uint64_t{1000003}}) {
      // Nonces cross 2^32 and 2^64 here and there.
      Nonces nonces = random_nonces(count, step);
      if (count % 2 == 1) nonces.start = (step == 1 ? uint64_t{1} << 32 : 0) - count / 2 * step;
      EXPECT_EQ(runner_.plot_hashes(nonces, {1, 6, 128, 131}), scalar_.plot_hashes(nonces, {131}))
          << count << " nonces, step " << step;
    }
  }
}

// The plot_main kernels that the device has; the others it refuses.
std::vector<std::string_view> main_kernels(Runner& runner) {
  std::vector<std::string_view> expected;
  const DeviceInfo& info = runner.info();
  if (info.id == "cpu:scalar" || info.backend == "cuda")
    expected = {"plot_main", "plot_main_m1", "plot_main_m5"};
  if (info.backend == "opencl") expected = {"plot_main"};
  std::vector<std::string_view> found;
  for (const char* kernel : {"plot_main", "plot_main_m1", "plot_main_m5"})
    if (runner.takes({.kernel = kernel})) found.emplace_back(kernel);
  EXPECT_EQ(found, expected);
  return found;
}

TEST_P(KernelTest, PlotMain) {
  const std::vector<std::string_view> kernels = main_kernels(runner_);
  if (kernels.empty()) return;
  const uint32_t lanes = runner_.info().interleave;
  std::vector<MainCase> cases;
  for (const uint32_t count : counts())
    cases.push_back({.count = count, .ring_hashes = 28, .cuts = {131, 132, 135}});
  // Every ring from empty to full and round; launches that begin anywhere.
  for (const uint32_t ring : {0u, 4u, 24u, 28u, 56u, 124u}) {
    cases.push_back({.count = 3, .ring_hashes = ring, .cuts = {128, 129, 134, 260}});
    cases.push_back({.count = lanes + 1, .ring_hashes = ring, .cuts = {8185, 8190, 8192}});
    cases.push_back(
        {.count = lanes + 1, .ring_hashes = ring, .group_size = 2 * lanes, .cuts = {1001, 1007}});
  }
  // Groups that have no ring.
  if (lanes > 1)
    cases.push_back(
        {.count = lanes + 1, .ring_hashes = 24, .group_size = lanes + 1, .cuts = {140, 143}});
  for (MainCase& c : cases) {
    const Words hashes = random_words(size_t{c.count} * PLOT_NONCE_WORDS);
    const Words expected = scalar_.plot_hashes_over(c, hashes);
    for (const std::string_view kernel : kernels) {
      c.kernel = kernel;
      if (!runner_.takes(c)) {  // a ring that this device has no memory for
        EXPECT_GT(c.ring_hashes, 28u) << kernel;
        continue;
      }
      EXPECT_EQ(runner_.plot_main(c, hashes), expected)
          << kernel << ": " << c.count << " nonces from hash " << c.cuts.front() << ", ring "
          << c.ring_hashes << ", groups of " << c.group_size;
    }
  }
}

TEST_P(KernelTest, PlotMainMakesGoldenNonces) {
  const auto golden = tests::load_vectors("poc2.json");
  size_t next = 1;
  for (const std::string_view kernel : main_kernels(runner_)) {
    const auto& vector = golden["nonces"].at(next++);
    const Nonces nonce = {.id = std::stoull(vector["account_id"].get<std::string>()),
                          .start = std::stoull(vector["nonce"].get<std::string>()),
                          .count = 1};
    const Words scoops =
        runner_.whole_nonce({.kernel = kernel, .count = 1, .ring_hashes = 28}, nonce);
    EXPECT_EQ(tests::sha256_hex(bytes_of(scoops)), vector["sha256_poc2"].get<std::string>())
        << kernel;
  }
}

TEST_P(KernelTest, PlotFinalAndScoops) {
  for (const uint32_t count : counts()) {
    const Nonces nonces = random_nonces(count, count % 2 == 0 ? 1 : 77);
    const Words hashes = random_words(size_t{count} * PLOT_NONCE_WORDS);
    const auto expected = scalar_.finish(nonces, hashes, 4089, 7);
    const auto finished = runner_.finish(nonces, hashes, 4089, 7);
    EXPECT_EQ(finished.finals, expected.finals) << count << " nonces";
    EXPECT_EQ(finished.scoops, expected.scoops) << count << " nonces";
  }
}

TEST_P(KernelTest, ScanHits) {
  std::set<uint32_t> all = counts();
  all.insert(5 * runner_.info().interleave + 3);
  scan_signature signature;
  for (const uint32_t count : all) {
    for (uint32_t& w : signature.words) w = static_cast<uint32_t>(random_());
    // Some scoops twice, so that equal hits meet; readable past the end.
    Words scoops = random_words((count + 64) * size_t{16});
    for (uint32_t n = 0; n + 2 < count; n += 3)
      std::copy_n(scoops.begin() + n * 16, 16, scoops.begin() + (n + 2) * 16);
    for (const uint32_t items : {runner_.info().interleave, 2 * runner_.info().interleave}) {
      EXPECT_EQ(runner_.scan(scoops, signature, count, items),
                scalar_.scan(scoops, signature, count, items))
          << count << " scoops, " << items << " items";
    }
  }
}

// Two threads, a queue each, on one device.
TEST_P(KernelTest, TwoQueuesAtOnce) {
  auto device = tests::open_or_fail(GetParam());
  const uint32_t count = device->info().interleave;
  const uint64_t bytes = uint64_t{count} * PLOT_NONCE_WORDS * 4;
  const auto compute = [&](uint64_t id, Words& out) {
    auto queue = tests::queue_or_fail(*device, 0);
    auto buffer = tests::allocate_or_fail(*device, bytes);
    const Argument arguments[] = {*buffer, id, uint64_t{7}, uint64_t{1}, count, 0u, 160u};
    for (int round = 0; round < 3; round++) {
      const Status launched = queue->launch("plot_hashes", {.items = count}, arguments);
      EXPECT_TRUE(launched.ok()) << launched.message();
    }
    out.resize(160 * 8 * count);
    const Status read = queue->read(*buffer, bytes - out.size() * 4, bytes_of(out));
    EXPECT_TRUE(read.ok()) << read.message();
    const Status waited = queue->wait();
    EXPECT_TRUE(waited.ok()) << waited.message();
  };
  Words together[2], alone[2];
  {
    std::thread first(compute, 1, std::ref(together[0]));
    std::thread second(compute, 2, std::ref(together[1]));
    first.join();
    second.join();
  }
  compute(1, alone[0]);
  compute(2, alone[1]);
  EXPECT_EQ(together[0], alone[0]);
  EXPECT_EQ(together[1], alone[1]);
  EXPECT_NE(alone[0], alone[1]);
}

INSTANTIATE_TEST_SUITE_P(Devices, KernelTest, testing::ValuesIn(tests::device_ids()),
                         tests::device_test_name);

INSTANTIATE_TEST_SUITE_P(Isolated, KernelTest, testing::ValuesIn(tests::isolated_device_ids()),
                         tests::device_test_name);

}  // namespace
}  // namespace quarry
