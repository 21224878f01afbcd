// Every kernel gives the same answers on every device as on the scalar CPU set,
// whose whole nonces are golden (tests/plotter/generator_test.cpp).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "kernels/plot_constants.h"
#include "kernels/scan.h"
#include "tests/support/devices.h"

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

// A device with one queue, and kernels in terms of plain arrays: hashes as
// [nonce][position][word], whatever the device's INTERLEAVE is.
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
    Words raw(groups(nonces.count) * group_words());
    check(queue_->read(*buffer, 0, bytes_of(raw)));
    check(queue_->wait());
    Words hashes;
    for (uint32_t n = 0; n < nonces.count; n++)
      for (uint32_t hash = 0; hash < first; hash++)
        for (uint32_t w = 0; w < 8; w++) hashes.push_back(raw[index(n, PLOT_HASHES - 1 - hash, w)]);
    return hashes;
  }

  // Finals of random hashes, [nonce][word], then `rows` scoops from `first_scoop`
  // on as plot_scoops writes them into a buffer full of ones.
  struct Finished {
    Words finals, scoops;
  };
  Finished finish(const Nonces& nonces, const Words& hashes, uint32_t first_scoop, uint32_t rows) {
    const uint32_t count = nonces.count, lanes = info().interleave;
    Words raw(groups(count) * group_words());
    for (uint32_t n = 0; n < count; n++)
      for (uint32_t position = 0; position < PLOT_HASHES; position++)
        for (uint32_t w = 0; w < 8; w++)
          raw[index(n, position, w)] = hashes[(size_t{n} * PLOT_HASHES + position) * 8 + w];
    auto buffer = tests::allocate_or_fail(*device_, raw.size() * 4);
    auto finals = tests::allocate_or_fail(*device_, groups(count) * lanes * 32);
    Words raw_finals(finals->size_bytes() / 4);
    const uint64_t first_word = 48, row_words = uint64_t{count} * 16 + 32;
    Finished finished{{}, Words(first_word + rows * row_words, ~0u)};
    auto out = tests::allocate_or_fail(*device_, finished.scoops.size() * 4);
    check(queue_->write(*buffer, 0, bytes_of(std::as_const(raw))));
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
        finished.finals.push_back(raw_finals[(n / lanes * 8 + w) * lanes + n % lanes]);
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
  size_t index(uint32_t nonce, uint32_t position, uint32_t w) const {
    const uint32_t lanes = info().interleave;
    return ((uint64_t{nonce / lanes} * PLOT_HASHES + position) * 8 + w) * lanes + nonce % lanes;
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

}  // namespace
}  // namespace quarry
