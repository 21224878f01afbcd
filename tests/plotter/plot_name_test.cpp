#include "plotter/plot_name.h"

#include <gtest/gtest.h>

#include <random>

#include "plotter/poc2.h"

namespace quarry {
namespace {

constexpr uint64_t kMostNonces = INT64_MAX / kNonceBytes;

TEST(PlotNameTest, Poc2AndPoc1) {
  auto name = parse_plot_name("10282355196851764065_4294967290_16");
  ASSERT_TRUE(name.ok()) << name.status().message();
  EXPECT_EQ(*name, (PlotName{10282355196851764065u, 4294967290u, 16, 0}));
  EXPECT_FALSE(name->is_poc1());
  EXPECT_EQ(name->size_bytes(), 4194304u);
  name = parse_plot_name("0_0_12_4");
  ASSERT_TRUE(name.ok()) << name.status().message();
  EXPECT_EQ(*name, (PlotName{0, 0, 12, 4}));
  EXPECT_TRUE(name->is_poc1());
}

TEST(PlotNameTest, Borders) {
  const std::string most = std::to_string(kMostNonces);
  EXPECT_EQ(parse_plot_name("1_0_" + most)->size_bytes(), kMostNonces * kNonceBytes);
  EXPECT_FALSE(parse_plot_name("1_0_" + std::to_string(kMostNonces + 1)).ok());
  // The last nonce is 2^64 - 1.
  EXPECT_TRUE(parse_plot_name("18446744073709551615_18446744073709551615_1").ok());
  EXPECT_TRUE(parse_plot_name("1_18446744073709551606_10").ok());
  EXPECT_FALSE(parse_plot_name("1_18446744073709551606_11").ok());
  EXPECT_FALSE(parse_plot_name("1_1_18446744073709551615").ok());
}

TEST(PlotNameTest, SaysWhichFieldIsWrong) {
  const struct {
    std::string text;
    const char* word;
  } cases[] = {
      {"", "account"},
      {"readme.txt", "account"},
      {"_0_1", "account"},
      {"-1_0_1", "account"},
      {"+1_0_1", "account"},
      {"01_0_1", "account"},
      {" 1_0_1", "account"},
      {"18446744073709551616_0_1", "account"},
      {"1", "<account id>_<start>_<nonces>"},
      {"1_2", "<account id>_<start>_<nonces>"},
      {"1__3", "start"},
      {"1_x_3", "start"},
      {"1_00_3", "start"},
      {"1_18446744073709551616_3", "start"},
      {"1_0_", "nonces"},
      {"1_0_0", "no nonces"},
      {"1_0_3.plotting", "nonces"},
      {"1_0_3 ", "nonces"},
      {"1_0_3\n", "nonces"},
      {std::string("1_0_3\0", 6), "nonces"},
      {"1_0_12_", "stagger"},
      {"1_0_12_0", "stagger"},
      {"1_0_12_5", "stagger"},
      {"1_0_12_24", "stagger"},
      {"1_0_12_4_2", "four fields"},
      {"1_0_12_4_", "four fields"},
      {"1_18446744073709551615_2", "2^64"},
      {std::string(100000, '1'), "account"},
  };
  for (const auto& [text, word] : cases) {
    auto name = parse_plot_name(text);
    ASSERT_EQ(name.status().code(), Code::kInvalidArgument) << text;
    EXPECT_NE(name.status().message().find(word), std::string::npos) << name.status().message();
    EXPECT_LT(name.status().message().size(), 300u);
  }
}

TEST(PlotNameTest, FormatsWhatItParses) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 10000; i++) {
    const uint64_t stagger = random() % 3 == 0 ? 1 + random() % 1000 : 0;
    uint64_t nonces = 1 + (random() >> (random() % 64)) % (kMostNonces / 1000);
    if (stagger != 0) nonces = (1 + nonces / 1000) * stagger;
    const uint64_t start = (random() >> (random() % 64)) % (UINT64_MAX - nonces);
    const PlotName name = {random(), start, nonces, stagger};
    auto parsed = parse_plot_name(format_plot_name(name));
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    EXPECT_EQ(*parsed, name);
  }
}

}  // namespace
}  // namespace quarry
