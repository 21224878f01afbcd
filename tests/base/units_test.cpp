#include "base/units.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace quarry {
namespace {

TEST(Units, NumbersOverTheFullRange) {
  EXPECT_EQ(*parse_u64("0"), 0u);
  EXPECT_EQ(*parse_u64("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", " ", "-1", "+1", "1 ", " 1", "1.0", "0x10", "1e3", "1,000", "x",
                           "18446744073709551616", "99999999999999999999999999"}) {
    auto value = parse_u64(text);
    EXPECT_EQ(value.status().code(), Code::kInvalidArgument) << text;
    EXPECT_NE(value.status().message().find(text), std::string::npos) << value.status().message();
  }
  EXPECT_NE(parse_u64("18446744073709551616").status().message().find("2^64"), std::string::npos);
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 1000; i++) {
    const uint64_t value = random() >> (random() % 64);
    EXPECT_EQ(*parse_u64(std::to_string(value)), value);
    EXPECT_EQ(*parse_size(std::to_string(value)), value);
  }
}

TEST(Units, Sizes) {
  const struct {
    const char* text;
    uint64_t bytes;
  } cases[] = {
      {"0", 0},
      {"4096", 4096},
      {"8G", 8'000'000'000},
      {"8g", 8'000'000'000},
      {"500M", 500'000'000},
      {"1K", 1000},
      {"1kB", 1000},
      {"1.5T", 1'500'000'000'000},
      {"4GiB", uint64_t{4} << 30},
      {"4 GiB", uint64_t{4} << 30},
      {"512MiB", uint64_t{512} << 20},
      {"1KiB", 1024},
      {"2TiB", uint64_t{2} << 40},
      {"0.5KiB", 512},
      {"0.1GiB", 107374182},
      {"18446744073709551615", UINT64_MAX},
      {"18446744.073709551T", 18446744073709551000u},
      {"16777215.999999999TiB", 18446744073709550516u},
  };
  for (const auto& [text, bytes] : cases) {
    auto size = parse_size(text);
    ASSERT_TRUE(size.ok()) << text << ": " << size.status().message();
    EXPECT_EQ(*size, bytes) << text;
  }
}

TEST(Units, WhatIsNoSize) {
  for (const char* text : {"",
                           " ",
                           "G",
                           "GiB",
                           "-1",
                           "-1G",
                           "+1G",
                           "1X",
                           "1GG",
                           "1GiBB",
                           "1iB",
                           "1.",
                           ".5G",
                           "1..5G",
                           "1.5.5G",
                           "1e9",
                           "0x10",
                           "nan",
                           "inf",
                           "18446744073709551616",
                           "18446744073710T",
                           "16777216TiB",
                           "99999999999999999999999K",
                           "1G 1",
                           "1\xff"}) {
    auto size = parse_size(text);
    EXPECT_EQ(size.status().code(), Code::kInvalidArgument) << text;
    EXPECT_FALSE(size.status().message().empty());
  }
}

TEST(Units, BytesForPeople) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.0 KiB");
  EXPECT_EQ(format_bytes((uint64_t{1} << 20) - 1), "1.0 MiB");
  EXPECT_EQ(format_bytes(uint64_t{37} << 30), "37.0 GiB");
  EXPECT_EQ(format_bytes(3972844748), "3.7 GiB");
  EXPECT_EQ(format_bytes(UINT64_MAX), "16.0 EiB");
}

// What is printed can be typed in again, to the digit that is shown.
TEST(Units, FormattedBytesAreSizes) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 1000; i++) {
    const uint64_t bytes = random() >> (8 + random() % 56);
    auto back = parse_size(format_bytes(bytes));
    ASSERT_TRUE(back.ok()) << format_bytes(bytes);
    EXPECT_LE(std::abs(static_cast<double>(*back) - static_cast<double>(bytes)),
              0.051 * static_cast<double>(bytes));
  }
}

TEST(Units, DurationsForPeople) {
  EXPECT_EQ(format_duration(0), "0 s");
  EXPECT_EQ(format_duration(84), "84 s");
  EXPECT_EQ(format_duration(303), "5m 03s");
  EXPECT_EQ(format_duration(3599.6), "1h 00m");
  EXPECT_EQ(format_duration(3720), "1h 02m");
  EXPECT_EQ(format_duration(3 * 86400 + 4 * 3600), "3d 04h");
  for (const double none : {-1.0, std::nan(""), std::numeric_limits<double>::infinity(), 1e300})
    EXPECT_EQ(format_duration(none), "-");
}

}  // namespace
}  // namespace quarry
