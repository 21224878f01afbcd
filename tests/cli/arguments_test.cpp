// Command line and configuration file.
#include "cli/arguments.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/config.h"
#include "host/scratch_folder.h"

namespace quarry::cli {
namespace {

// Runs without the configuration of whoever runs the tests.
class ArgumentsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = ScratchFolder::make(temporary_folder());
    ASSERT_TRUE(folder.ok()) << folder.status().message();
    folder_ = *std::move(folder);
    ASSERT_EQ(setenv("XDG_CONFIG_HOME", folder_->path().c_str(), 1), 0);
  }

  std::string write_config(const std::string& text) {
    const std::string path = folder_->path() + "/test.toml";
    std::ofstream(path) << text;
    return path;
  }

  std::unique_ptr<ScratchFolder> folder_;
};

TEST_F(ArgumentsTest, ListFlagTakesSeveralValuesAndRepeats) {
  auto parsed = Arguments::parse(
      kPlotCommand, {"--out", "a,b", "c", "--id=1", "--out", "d", "--out=e", "--start", "7"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed->list("out"), (std::vector<std::string>{"a,b", "c", "d", "e"}));
  EXPECT_EQ(*parsed->number("start"), 7u);
  EXPECT_FALSE(parsed->is_on("fill"));
}

TEST_F(ArgumentsTest, PositionalMayStandAnywhereAndBeginWithDashesAfterTwo) {
  auto parsed = Arguments::parse(kVerifyCommand, {"a", "--full", "b", "--", "--c"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed->positional(), (std::vector<std::string>{"a", "b", "--c"}));
  EXPECT_TRUE(parsed->is_on("full"));
}

TEST_F(ArgumentsTest, WholeRangeOfU64) {
  auto parsed = Arguments::parse(kPlotCommand, {"--id", "18446744073709551615", "--start",
                                                "18446744073709551615", "--nonces", "0"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(*parsed->account("id"), UINT64_MAX);
  EXPECT_EQ(*parsed->number("start"), UINT64_MAX);
}

struct BadCase {
  const char* name;
  std::vector<std::string> words;
  const char* expected;  // in the message
};

class BadArguments : public ArgumentsTest, public testing::WithParamInterface<BadCase> {};

// Parses, and asks for the values that the case may spoil.
Status check(const std::vector<std::string>& words) {
  QUARRY_ASSIGN(const Arguments arguments, Arguments::parse(kPlotCommand, words));
  QUARRY_TRY(arguments.number("start", 0).status());
  QUARRY_TRY(arguments.size("memory", 0).status());
  QUARRY_TRY(arguments.real("verify", 0, 100, 0).status());
  if (arguments.has("id")) QUARRY_TRY(arguments.account("id").status());
  return {};
}

TEST_P(BadArguments, IsAUsageErrorThatNamesTheFlag) {
  const Status status = check(GetParam().words);
  EXPECT_EQ(status.code(), Code::kInvalidArgument) << status.message();
  EXPECT_NE(status.message().find(GetParam().expected), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("quarry plot --help"), std::string::npos) << status.message();
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadArguments,
    testing::Values(BadCase{"UnknownFlag", {"--bogus"}, "bogus"},
                    BadCase{"UnknownShortFlag", {"-x"}, "x"},
                    BadCase{"MissingValueAtTheEnd", {"--start"}, "--start needs a value"},
                    BadCase{"MissingValueBeforeAFlag", {"--out", "--fill"}, "--out needs a value"},
                    BadCase{"NegativeNumber", {"--start", "-1"}, "--start"},
                    BadCase{"NotANumber", {"--start", "seven"}, "--start"},
                    BadCase{"NumberOver64Bits", {"--start", "18446744073709551616"}, "--start"},
                    BadCase{"EmptyNumber", {"--start="}, "--start"},
                    BadCase{"SizeZero", {"--memory", "0"}, "--memory"},
                    BadCase{"SizeWithBadUnit", {"--memory", "3X"}, "--memory"},
                    BadCase{"PercentTooLarge", {"--verify", "101"}, "--verify"},
                    BadCase{"PercentNotANumber", {"--verify", "nan"}, "--verify"},
                    BadCase{
                        "GivenTwice", {"--start", "1", "--start", "2"}, "--start is given twice"},
                    BadCase{"StrayWord", {"stray"}, "stray"},
                    BadCase{"AddressWithBadChecksum", {"--id", "S-2222-2222-2222-22223"}, "--id"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(ArgumentsTest, ConfigurationGivesDefaultsThatTheCommandLineOverrides) {
  const std::string path = write_config(
      "device = \"cpu\"\n"
      "[plot]\n"
      "memory = \"1GiB\"\nstart = 5\nno-direct = true\nverify = 2.5\nout = [\"x\", \"y\"]\n"
      "[verify]\nsample = 9\n");
  auto parsed = Arguments::parse(kPlotCommand, {"--config", path, "--start", "6"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed->config_file(), path);
  EXPECT_EQ(*parsed->number("start"), 6u);
  EXPECT_EQ(*parsed->size("memory", 0), uint64_t{1} << 30);
  EXPECT_EQ(*parsed->real("verify", 0, 100, 0), 2.5);
  EXPECT_EQ(parsed->text("device"), "cpu");
  EXPECT_TRUE(parsed->is_on("no-direct"));
  EXPECT_EQ(parsed->list("out"), (std::vector<std::string>{"x", "y"}));

  auto verify = Arguments::parse(kVerifyCommand, {"--config", path, "file"});
  ASSERT_TRUE(verify.ok()) << verify.status().message();
  EXPECT_EQ(*verify->number("sample"), 9u);
}

TEST_F(ArgumentsTest, FileOfTheUserIsReadWhereItExists) {
  const std::string folder = folder_->path() + "/quarry";
  EXPECT_EQ(default_config_path(), folder + "/quarry.toml");
  auto without = Arguments::parse(kScanCommand, {});
  ASSERT_TRUE(without.ok()) << without.status().message();
  EXPECT_FALSE(without->has("height"));
  std::filesystem::create_directory(folder);
  std::ofstream(folder + "/quarry.toml") << "[scan]\nheight = 12\n";
  auto with = Arguments::parse(kScanCommand, {});
  ASSERT_TRUE(with.ok()) << with.status().message();
  EXPECT_EQ(*with->number("height"), 12u);
}

TEST_F(ArgumentsTest, BadConfigurationNamesFileAndKey) {
  struct Case {
    const char* text;
    const char* expected;
  };
  const Case cases[] = {
      {"bogus = 1\n", "bogus"},
      {"[plot]\nmemroy = \"1G\"\n", "plot.memroy"},
      {"[verify]\nbogus = 1\n", "verify.bogus"},  // a table of another command
      {"[mars]\nx = 1\n", "mars"},
      {"[plot]\nfill = \"yes\"\n", "plot.fill"},
      {"[plot]\nstart = [1, 2]\n", "plot.start"},
      {"[plot]\nstart = 1979-05-27\n", "plot.start"},
      {"[plot\n", "line 1"},
      {"config = \"other.toml\"\n", "config"},
  };
  for (const Case& bad : cases) {
    const std::string path = write_config(bad.text);
    auto parsed = Arguments::parse(kPlotCommand, {"--config", path});
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument) << bad.text;
    EXPECT_NE(parsed.status().message().find(path), std::string::npos) << parsed.status().message();
    EXPECT_NE(parsed.status().message().find(bad.expected), std::string::npos)
        << parsed.status().message();
  }
}

TEST_F(ArgumentsTest, NamedConfigurationMustExist) {
  auto parsed = Arguments::parse(kPlotCommand, {"--config", folder_->path() + "/none.toml"});
  EXPECT_EQ(parsed.status().code(), Code::kNotFound);
}

TEST_F(ArgumentsTest, HelpShowsEveryFlag) {
  for (const Command* command : commands()) {
    const std::string help = command_help(*command);
    for (const Flag& flag : command->flags)
      EXPECT_NE(help.find("--" + std::string(flag.name)), std::string::npos) << help;
    EXPECT_NE(help.find("--json"), std::string::npos) << help;
    EXPECT_EQ(help.find("--device") != std::string::npos, command->devices != DeviceUse::kNone)
        << help;
    EXPECT_EQ(help.find("--duty") != std::string::npos, command->devices == DeviceUse::kLongHours)
        << help;
    EXPECT_EQ(help.find("--positional"), std::string::npos) << help;
  }
}

}  // namespace
}  // namespace quarry::cli
