// What bad input gets: exit 2 or 1, one sentence with the remedy, and no file.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/e2e/command_line.h"

namespace quarry::tests {
namespace {

struct BadInput {
  const char* name;
  std::vector<std::string> words;  // "@" stands for the folder of the test
  int exit_code;
  const char* expected;  // in the sentence
};

void PrintTo(const BadInput& bad, std::ostream* out) { *out << bad.name; }

std::vector<std::string> plot_words(std::vector<std::string> more) {
  std::vector<std::string> words = {"plot", "--id",  "1", "--start",  "0",  "--nonces",
                                    "1",    "--out", "@", "--device", "cpu"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// plot_words() with the value of one flag replaced.
std::vector<std::string> plot_with(const std::string& flag, const std::string& value) {
  std::vector<std::string> words = plot_words({});
  *(std::find(words.begin(), words.end(), flag) + 1) = value;
  return words;
}

// plot_words() without one flag.
std::vector<std::string> plot_without(const std::string& flag) {
  std::vector<std::string> words = plot_words({});
  const auto found = std::find(words.begin(), words.end(), flag);
  words.erase(found, found + 2);
  return words;
}

std::vector<BadInput> bad_inputs() {
  const std::string gensig(64, 'a');
  return {
      {"UnknownCommand", {"bogus"}, 2, "bogus"},
      {"CommandOfLaterDays", {"mine", "--pool", "http://localhost"}, 2, "mine"},
      {"UnknownFlag", plot_words({"--bogus"}), 2, "bogus"},
      {"MissingValue", plot_words({"--memory"}), 2, "--memory"},
      {"MissingId", plot_without("--id"), 2, "--id"},
      {"MissingStart", plot_without("--start"), 2, "--start"},
      {"MissingNonces", plot_without("--nonces"), 2, "--nonces"},
      {"MissingOut", plot_without("--out"), 2, "--out"},
      {"IdIsNoNumber", plot_with("--id", "hello world"), 2, "--id"},
      {"IdOver64Bits", plot_with("--id", "18446744073709551616"), 2, "--id"},
      {"IdWithWrongChecksum", plot_with("--id", "S-2223-2222-KB8Y-22223"), 2, "--id"},
      {"ZeroNonces", plot_with("--nonces", "0"), 2, "at least 1"},
      {"NegativeNonces", plot_with("--nonces", "-5"), 2, "--nonces"},
      {"StartOver64Bits", plot_with("--start", "18446744073709551616"), 2, "--start"},
      {"RangeOver64Bits",
       {"plot", "--id", "1", "--start", "18446744073709551615", "--nonces", "2", "--out", "@"},
       2,
       "2^64"},
      {"NoncesAndFill", plot_words({"--fill"}), 2, "--fill"},
      {"SizeZero", plot_words({"--memory", "0"}), 2, "--memory"},
      {"MemoryTooSmall", plot_words({"--memory", "64KiB"}), 2, "too small"},
      {"PercentOver100", plot_words({"--verify", "200"}), 2, "--verify"},
      {"FolderThatIsNotThere", plot_with("--out", "@/none"), 1, "@/none"},
      {"FolderTwice", plot_words({"--out", "@"}), 2, "twice"},
      {"MoreThanTheDiskHolds", plot_with("--nonces", "1000000000000"), 1, "space"},
      {"MoreThanAnyDiskHolds", plot_with("--nonces", "18446744073709551615"), 2, "nonces"},
      {"NoDeviceOfThatName", plot_with("--device", "tpu:0"), 1, "tpu:0"},
      {"NoInstructionSetOfThatName", plot_with("--device", "cpu:mmx"), 1, "cpu:mmx"},
      {"ZeroThreads", plot_words({"--threads", "0"}), 2, "--threads"},
      {"UnknownLogLevel", plot_words({"--log-level", "loud"}), 2, "--log-level"},
      {"NoSuchConfiguration", plot_words({"--config", "@/none.toml"}), 1, "@/none.toml"},
      {"VerifyNothing", {"verify"}, 2, "plot file"},
      {"VerifySampleZero", {"verify", "@", "--sample", "0"}, 2, "--sample"},
      {"VerifySampleAndFull", {"verify", "@", "--sample", "1", "--full"}, 2, "--full"},
      {"ConvertNothing", {"convert", "--out", "@"}, 2, "PoC1"},
      {"ConvertToNowhere", {"convert", "@/1_0_1_1"}, 2, "--out"},
      {"ConvertFileThatIsNotThere", {"convert", "@/1_0_1_1", "--out", "@"}, 1, "@/1_0_1_1"},
      {"ConvertPoc2", {"convert", "@/1_0_1", "--out", "@"}, 2, "1_0_1"},
      {"ScanNothing",
       {"scan", "--gensig", gensig, "--height", "1", "--base-target", "1"},
       2,
       "--plots"},
      {"ScanShortGensig",
       {"scan", "--plots", "@", "--gensig", "abcd", "--height", "1", "--base-target", "1"},
       2,
       "--gensig"},
      {"ScanGensigThatIsNotHex",
       {"scan", "--plots", "@", "--gensig", std::string(64, 'x'), "--height", "1", "--base-target",
        "1"},
       2,
       "--gensig"},
      {"ScanBaseTargetZero",
       {"scan", "--plots", "@", "--gensig", gensig, "--height", "1", "--base-target", "0"},
       2,
       "--base-target"},
      {"ScanWithoutPlots",
       {"scan", "--plots", "@", "--gensig", gensig, "--height", "1", "--base-target", "1",
        "--device", "cpu"},
       1,
       "@"},
      {"BenchTwoFilters", {"bench", "plot", "scan"}, 2, "FILTER"},
      {"DemoTooSmall", {"demo", "--nonces", "1"}, 2, "--nonces"},
      {"DemoInNoFolder", {"demo", "--device", "cpu", "--folder", "@/none"}, 1, "@/none"},
  };
}

class BadInputTest : public CommandLine, public testing::WithParamInterface<BadInput> {
 protected:
  std::string in_folder(std::string text) const {
    if (const auto at = text.find('@'); at != text.npos) text.replace(at, 1, folder_.path());
    return text;
  }
};

TEST_P(BadInputTest, OneSentenceAndNoFile) {
  const BadInput& bad = GetParam();
  Words words;
  for (const std::string& word : bad.words) words.push_back(in_folder(word));
  const Outcome outcome = quarry(words);
  EXPECT_EQ(outcome.exit_code, bad.exit_code) << outcome.errors;
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
  EXPECT_TRUE(outcome.errors.starts_with("quarry: ")) << outcome.errors;
  EXPECT_NE(outcome.errors.find(in_folder(bad.expected)), std::string::npos) << outcome.errors;
  EXPECT_TRUE(names_in(folder_.path()).empty());

  const nlohmann::json object = quarry_json(words, bad.exit_code);
  EXPECT_FALSE(object["error"]["code"].get<std::string>().empty());
  EXPECT_EQ("quarry: " + object["error"]["message"].get<std::string>() + "\n", outcome.errors);
}

INSTANTIATE_TEST_SUITE_P(Cases, BadInputTest, testing::ValuesIn(bad_inputs()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(CommandLine, FileThatExistsStaysAsItIs) {
  const std::string path = plot("1_0_1");
  std::ofstream(path, std::ios::binary | std::ios::in).put('!');
  const std::string before = read_file(path);
  const Outcome outcome = quarry({"plot", "--device", "cpu", "--id", "1", "--start", "0",
                                  "--nonces", "1", "--out", folder_.path()});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.errors.find(path), std::string::npos) << outcome.errors;
  EXPECT_EQ(read_file(path), before);
  EXPECT_EQ(names_in(folder_.path()), Words{"1_0_1"});
}

TEST_F(CommandLine, ReadOnlyFolder) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  Words words = command({"plot", "--device", "cpu", "--id", "1", "--start", "0", "--nonces", "1",
                         "--out", folder_.path()});
  if (geteuid() == 0) {  // whom no mode stops: become nobody
    const Words nobody = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    words.insert(words.begin(), nobody.begin(), nobody.end());
    Words help = {nobody.begin(), nobody.end()};
    help.insert(help.end(), {QUARRY_BINARY, "--version"});
    if (run(help).exit_code != 0)
      GTEST_SKIP() << "this is root, and nobody cannot run the binary in its folder";
  }
  const Outcome outcome = run(words, environment({{"XDG_CONFIG_HOME", "/nonexistent"}}));
  EXPECT_EQ(outcome.exit_code, 1) << outcome.errors;
  EXPECT_NE(outcome.errors.find(folder_.path()), std::string::npos) << outcome.errors;
  EXPECT_TRUE(names_in(folder_.path()).empty());
}

TEST_F(CommandLine, MistypedSettingIsNamed) {
  const std::string path = home_.file("quarry.toml");
  std::ofstream(path) << "[plot]\nmemroy = \"8G\"\n";
  const Outcome outcome = quarry({"plot", "--config", path, "--id", "1"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.errors.find(path), std::string::npos) << outcome.errors;
  EXPECT_NE(outcome.errors.find("plot.memroy"), std::string::npos) << outcome.errors;
}

}  // namespace
}  // namespace quarry::tests
