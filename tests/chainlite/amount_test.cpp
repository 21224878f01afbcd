#include "chainlite/signum/amount.h"

#include <gtest/gtest.h>

namespace quarry::signum {
namespace {

TEST(Amounts, ExactBothWays) {
  const std::pair<const char*, uint64_t> cases[] = {{"0", 0},
                                                    {"0.00000001", 1},
                                                    {"1", 100'000'000},
                                                    {"1.5", 150'000'000},
                                                    {"0.1", 10'000'000},
                                                    {"2158812800", 215'881'280'000'000'000},
                                                    {"12.34567891", 1'234'567'891}};
  for (const auto& [text, planck] : cases) {
    EXPECT_EQ(*parse_coins(text), planck) << text;
    EXPECT_EQ(format_coins(planck), text);
  }
  EXPECT_EQ(*parse_coins("1.50000000"), 150'000'000u);
}

TEST(Amounts, WhatIsNone) {
  for (const char* text : {"", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", "1 ", "0x1",
                           "1.123456789", "1.2.3", "2158812801", "99999999999999999999", "1.-5"})
    EXPECT_EQ(parse_coins(text).status().code(), Code::kInvalidArgument) << text;
}

}  // namespace
}  // namespace quarry::signum
