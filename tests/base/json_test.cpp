#include "base/json.h"

#include <gtest/gtest.h>

namespace quarry {
namespace {

using nlohmann::json;

TEST(Json, OnlyJsonIsParsed) {
  EXPECT_EQ((*parse_json(R"({"a":1})", "reply"))["a"], 1);
  for (const char* text : {"", "{", "{\"a\":}", "[1,]", "nul", "{}x", "\xff"}) {
    const auto value = parse_json(text, "the node's reply");
    EXPECT_EQ(value.status().code(), Code::kCorrupt) << text;
    EXPECT_NE(value.status().message().find("the node's reply"), std::string::npos);
  }
}

// What is parsed can be copied: no stack overflows. Brackets in strings do not count.
TEST(Json, DeepNesting) {
  const auto nested = [](size_t depth, const std::string& inner = "") {
    return parse_json(std::string(depth, '[') + inner + std::string(depth, ']'), "bomb");
  };
  EXPECT_TRUE(nested(kMostJsonDepth).ok());
  EXPECT_EQ(nested(kMostJsonDepth + 1).status().code(), Code::kCorrupt);
  EXPECT_EQ(nested(1'000'000).status().code(), Code::kCorrupt);
  EXPECT_EQ(nested(kMostJsonDepth, "{}").status().code(), Code::kCorrupt);
  EXPECT_TRUE(nested(1, '"' + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + '"').ok());
  std::string side_by_side = "{}";
  for (int i = 0; i < 1000; i++) side_by_side += ",[]";
  EXPECT_TRUE(nested(1, side_by_side).ok());
}

TEST(Json, NumbersAsNumbersOrText) {
  const json object = {{"number", 7},
                       {"text", "18446744073709551615"},
                       {"large", UINT64_MAX},
                       {"negative", -5},
                       {"negative_text", "-5"}};
  EXPECT_EQ(*read_u64(object, "number"), 7u);
  EXPECT_EQ(*read_u64(object, "text"), UINT64_MAX);
  EXPECT_EQ(*read_u64(object, "large"), UINT64_MAX);
  EXPECT_EQ(*read_i64(object, "negative"), -5);
  EXPECT_EQ(*read_i32(object, "negative_text"), -5);
  EXPECT_FALSE(read_u64(object, "negative").ok());
  EXPECT_FALSE(read_u64(object, "negative_text").ok());
  EXPECT_FALSE(read_i64(object, "large").ok());
  EXPECT_FALSE(read_u32(object, "large").ok());
}

TEST(Json, OtherKindsAreNoNumbers) {
  for (const char* text :
       {R"({"n":null})", R"({"n":1.5})", R"({"n":true})", R"({"n":[1]})", R"({"n":{}})",
        R"({"n":""})", R"({"n":" 1"})", R"({"n":"1 "})", R"({"n":"+1"})", R"({"n":"0x1"})",
        R"({"n":"18446744073709551616"})", R"({"n":1e3})", "{}", "[]", "1", "null"}) {
    const auto number = read_u64(*parse_json(text, "test"), "n");
    EXPECT_EQ(number.status().code(), Code::kCorrupt) << text;
    EXPECT_NE(number.status().message().find("\"n\""), std::string::npos) << text;
  }
}

TEST(Json, TextHexArraysAndMembers) {
  const json object = {{"text", "abc"}, {"hex", "00ff"}, {"list", {1, 2, 3}}, {"null", nullptr}};
  EXPECT_EQ(*read_text(object, "text"), "abc");
  EXPECT_FALSE(read_text(object, "list").ok());
  EXPECT_EQ(read_hex(object, "hex")->size(), 2u);
  EXPECT_EQ((*read_hex_array<2>(object, "hex"))[1], std::byte{255});
  EXPECT_FALSE(read_hex(object, "hex", 3).ok());
  EXPECT_FALSE(read_hex(object, "text").ok()) << "an odd number of digits";
  EXPECT_EQ((*read_array(object, "list", 3))->size(), 3u);
  EXPECT_FALSE(read_array(object, "list", 2).ok());
  EXPECT_TRUE(has_member(object, "text"));
  EXPECT_FALSE(has_member(object, "null"));
  EXPECT_FALSE(has_member(object, "none"));
  EXPECT_FALSE(has_member(json::array(), "text"));
}

}  // namespace
}  // namespace quarry
