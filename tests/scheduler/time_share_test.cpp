#include "scheduler/mining/time_share.h"

#include <gtest/gtest.h>

namespace quarry::mining {
namespace {

// Seconds that each network gets, where a round of it takes so long, over many turns.
std::vector<double> share_out(TimeShare& share, const std::vector<double>& round_seconds,
                              const std::vector<bool>& waiting, int turns) {
  std::vector<double> used(round_seconds.size());
  for (int i = 0; i < turns; i++) {
    const auto turn = share.next(waiting);
    if (!turn) break;
    used[*turn] += round_seconds[*turn];
    share.charge(*turn, round_seconds[*turn]);
  }
  return used;
}

TEST(TimeShare, GivesTimeInProportionWhateverARoundTakes) {
  TimeShare share({3, 1});
  const auto used = share_out(share, {10, 40}, {true, true}, 1000);
  EXPECT_NEAR(used[0] / used[1], 3, 0.05);
}

TEST(TimeShare, ReadsForWhoeverWaits) {
  TimeShare share({1, 1000});
  EXPECT_EQ(share.next({true, false}), 0u);
  EXPECT_EQ(share.next({false, false}), std::nullopt);
}

TEST(TimeShare, DoesNotSaveUpTime) {
  TimeShare share({1, 1});
  share_out(share, {1, 1}, {true, false}, 500);  // the second one is away
  const auto used = share_out(share, {1, 1}, {true, true}, 100);
  EXPECT_NEAR(used[0], 50, 1);
  EXPECT_NEAR(used[1], 50, 1);
}

TEST(TimeShare, TakesTheFirstOfEquals) {
  TimeShare share({1, 1, 1});
  EXPECT_EQ(share.next({true, true, true}), 0u);
}

}  // namespace
}  // namespace quarry::mining
