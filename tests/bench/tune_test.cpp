#include "bench/tune.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/devices.h"

namespace quarry {
namespace {

// On every device: all candidates run, and the answer is one of them.
TEST(Tune, MeasuresEveryDevice) {
  for (const std::string& id : tests::device_ids()) {
    if (id.starts_with("cpu") && id != "cpu:avx2") continue;  // they have one candidate each
    const auto device = tests::open_or_fail(id);
    const Cancel never;
    size_t tried = 0;
    const auto found = bench::tune_plotting(*device, {.seconds = 0.001, .rounds = 1}, never,
                                            [&](size_t done, size_t total, const PlotKernel&) {
                                              EXPECT_LT(done, total);
                                              tried++;
                                            });
    ASSERT_TRUE(found.ok()) << id << ": " << found.status().message();
    const auto candidates = candidate_plot_kernels(device->info());
    EXPECT_GT(tried, candidates.size());
    EXPECT_EQ(found->size(), std::min<size_t>(candidates.size(), 5)) << "some did not run";
    for (size_t i = 1; i < found->size(); i++)
      EXPECT_GE((*found)[i - 1].nonces_per_second, (*found)[i].nonces_per_second);
  }
}

TEST(Tune, CanBeStopped) {
  const auto device = tests::open_or_fail("cpu");
  Cancel cancel;
  cancel.request();
  const auto found =
      bench::tune_plotting(*device, {}, cancel, [](size_t, size_t, const PlotKernel&) {});
  EXPECT_EQ(found.status().code(), Code::kCancelled);
}

}  // namespace
}  // namespace quarry
