#include "cli/progress_bar.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace quarry::cli {
namespace {

using std::chrono::seconds;

ProgressReport half_a_plot() {
  ProgressReport report;
  report.task = "plot";
  report.unit = "nonces";
  report.done = 500;
  report.total = 1000;
  report.bytes_per_unit = 262144;
  report.parts = {{"cpu:avx2", 100, ""}, {"/mnt/disk1", 50, "waiting"}};
  return report;
}

TEST(RateMeter, RateIsOverTheLastHalfMinute) {
  RateMeter meter;
  const RateMeter::Time begin{};
  EXPECT_EQ(meter.per_second(), 0);
  meter.add(begin, 1000);  // a resumed plot does not begin at 0
  EXPECT_EQ(meter.per_second(), 0);
  meter.add(begin + seconds(10), 1100);
  EXPECT_DOUBLE_EQ(meter.per_second(), 10);
  for (int second = 11; second <= 100; second++)
    meter.add(begin + seconds(second), 1100 + static_cast<uint64_t>(second - 10) * 50);
  EXPECT_DOUBLE_EQ(meter.per_second(), 50);
}

TEST(RateMeter, CounterThatGoesBackStartsAnew) {
  RateMeter meter;
  meter.add(RateMeter::Time{}, 1000);
  meter.add(RateMeter::Time{} + seconds(1), 900);
  EXPECT_EQ(meter.per_second(), 0);
  meter.add(RateMeter::Time{} + seconds(2), 910);
  EXPECT_DOUBLE_EQ(meter.per_second(), 10);
}

TEST(ProgressBar, ShowsPercentRatesAndTimeLeft) {
  const auto lines = bar_lines(half_a_plot(), 100, 120, false);
  ASSERT_EQ(lines.size(), 3u);
  for (const char* text :
       {"plot 50.0 %", "500/1000 nonces", "100.0 nonces/s", "26.2 MB/s", "5.0 s left", "[####"})
    EXPECT_NE(lines[0].find(text), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("cpu:avx2  100.0 nonces/s, 26.2 MB/s"), std::string::npos) << lines[1];
  EXPECT_NE(lines[2].find("(waiting)"), std::string::npos) << lines[2];
}

TEST(ProgressBar, NeverWiderThanTheTerminal) {
  for (size_t width = 1; width <= 200; width++)
    for (const std::string& line : bar_lines(half_a_plot(), 100, width, false))
      EXPECT_LE(line.size(), width);
}

TEST(ProgressBar, ColorOnlyWhereAskedFor) {
  EXPECT_EQ(bar_lines(half_a_plot(), 100, 120, false)[0].find('\x1b'), std::string::npos);
  EXPECT_NE(bar_lines(half_a_plot(), 100, 120, true)[0].find('\x1b'), std::string::npos);
}

TEST(ProgressBar, UnknownTotalShowsNoPercentOrTime) {
  ProgressReport report = half_a_plot();
  report.total = 0;
  const std::string line = progress_line(report, 100);
  EXPECT_NE(line.find("500 nonces"), std::string::npos) << line;
  EXPECT_EQ(line.find('%'), std::string::npos) << line;
  EXPECT_EQ(line.find("left"), std::string::npos) << line;
}

TEST(ProgressBar, JsonIsOneLineWithTheSameFacts) {
  const std::string line = progress_json(half_a_plot(), 100);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto event = nlohmann::json::parse(line);
  EXPECT_EQ(event["event"], "progress");
  EXPECT_EQ(event["done"], 500);
  EXPECT_EQ(event["total"], 1000);
  EXPECT_EQ(event["seconds_left"], 5);
  EXPECT_EQ(event["bytes_per_second"], 26214400);
  EXPECT_EQ(event["parts"][1]["name"], "/mnt/disk1");
}

TEST(ProgressBar, NamesThatAreNotUtf8StayValidJson) {
  ProgressReport report = half_a_plot();
  report.parts[1].name = "/mnt/\xff";
  EXPECT_TRUE(nlohmann::json::accept(progress_json(report, 1)));
}

}  // namespace
}  // namespace quarry::cli
