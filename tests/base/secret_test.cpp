#include "base/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/bytes.h"

namespace quarry {
namespace {

TEST(Secret, HoldsWhatItWasGiven) {
  const Secret secret = Secret::copy_of("correct horse");
  EXPECT_EQ(secret.text(), "correct horse");
  EXPECT_EQ(Secret::copy_of("").size(), 0u);
  const Secret zeros(16);
  EXPECT_TRUE(std::ranges::all_of(zeros.bytes(), [](std::byte b) { return b == std::byte{0}; }));
}

TEST(Secret, MovesAndLeavesNothing) {
  Secret first = Secret::copy_of("one");
  Secret second = std::move(first);
  EXPECT_EQ(second.text(), "one");
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that it is empty is the promise
  first = Secret::copy_of("two");
  EXPECT_EQ(first.text(), "two");
}

TEST(Secret, WipeLeavesZeros) {
  Bytes memory(33, std::byte{7});
  wipe(memory);
  EXPECT_EQ(memory, Bytes(33));
}

TEST(Secret, Equal) {
  EXPECT_TRUE(equal_in_constant_time(text_bytes("abc"), text_bytes("abc")));
  EXPECT_FALSE(equal_in_constant_time(text_bytes("abc"), text_bytes("abd")));
  EXPECT_FALSE(equal_in_constant_time(text_bytes("abc"), text_bytes("ab")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
}

}  // namespace
}  // namespace quarry
