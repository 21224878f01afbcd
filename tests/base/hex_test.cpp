#include "base/hex.h"

#include <gtest/gtest.h>

namespace quarry {
namespace {

TEST(Hex, EveryByteBothWays) {
  std::vector<std::byte> bytes;
  for (int i = 0; i < 256; i++) bytes.push_back(static_cast<std::byte>(i));
  const std::string text = format_hex(bytes);
  EXPECT_EQ(text.substr(0, 8), "00010203");
  EXPECT_EQ(text.substr(508), "feff");
  EXPECT_EQ(*parse_hex(text), bytes);
  std::string upper = text;
  for (char& c : upper) c = static_cast<char>(toupper(c));
  EXPECT_EQ(*parse_hex(upper), bytes);
}

TEST(Hex, Empty) {
  EXPECT_EQ(format_hex({}), "");
  EXPECT_TRUE(parse_hex("")->empty());
}

TEST(Hex, OnlyDigitsInPairs) {
  for (const char* text :
       {"0", "abc", "0x", "g0", "0g", " 00", "00 ", "-1", "0\xff", "/0", ":0", "@0", "`0"}) {
    auto bytes = parse_hex(text);
    EXPECT_EQ(bytes.status().code(), Code::kInvalidArgument) << text;
    EXPECT_FALSE(bytes.status().message().empty());
  }
  EXPECT_FALSE(parse_hex(std::string_view("0\0", 2)).ok());
}

}  // namespace
}  // namespace quarry
