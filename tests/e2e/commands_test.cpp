// What every command prints, and with which exit code.
#include <fstream>
#include <set>
#include <stdexcept>

#include "tests/e2e/command_line.h"
#include "tests/support/sha256.h"

namespace quarry::tests {
namespace {

using nlohmann::json;

std::set<std::string> keys(const json& object) {
  std::set<std::string> names;
  for (const auto& [name, value] : object.items()) names.insert(name);
  return names;
}

bool contains(const std::set<std::string>& all, const std::set<std::string>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

std::string sha256_of(const std::string& path) {
  const std::string bytes = read_file(path);
  return sha256_hex(std::as_bytes(std::span(bytes)));
}

json golden() {
  std::ifstream file(QUARRY_TEST_VECTORS "/poc2.json");
  return json::parse(file);
}

// The nonce 1:0, as golden vectors know it.
json golden_nonce() {
  const json all = golden();
  for (const json& nonce : all["nonces"])
    if (nonce["account_id"] == "1" && nonce["nonce"] == "0") return nonce;
  throw std::runtime_error("no nonce 1:0 in the golden vectors");
}

TEST_F(CommandLine, OverviewNamesEveryCommandAndNoOther) {
  const Outcome outcome = quarry({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* name : {"devices", "bench", "plot", "verify", "convert", "scan", "mine", "pool",
                           "devnet", "wallet", "chain", "demo"})
    EXPECT_NE(outcome.output.find("  " + std::string(name) + " "), std::string::npos) << name;
  for (const char* name : {"  work ", "  submit "})
    EXPECT_EQ(outcome.output.find(name), std::string::npos) << name;
  EXPECT_EQ(quarry({"--version"}).exit_code, 0);
  EXPECT_EQ(quarry({}).exit_code, 2);
}

TEST_F(CommandLine, DevicesPassTheirSelfTest) {
  const json devices = quarry_json({"devices"})["devices"];
  ASSERT_FALSE(devices.empty());
  for (const json& device : devices) {
    EXPECT_EQ(keys(device),
              (std::set<std::string>{"id", "backend", "name", "memory_bytes", "temperature_celsius",
                                     "power_watts", "pcie_generation", "pcie_width", "self_test"}));
    EXPECT_EQ(device["self_test"], "passed") << device;
    EXPECT_GT(device["memory_bytes"], 0);
  }
}

TEST_F(CommandLine, QuarryCpuForcesAnInstructionSet) {
  const Words words = {"devices", "--device", "cpu", "--json"};
  for (const json& device : quarry_json({"devices"})["devices"]) {
    const auto id = device["id"].get<std::string>();
    if (!id.starts_with("cpu:")) continue;
    const Outcome outcome = quarry(words, {{"QUARRY_CPU", id.substr(4)}});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    EXPECT_EQ(json::parse(outcome.output)["devices"][0]["id"], id);
  }
  const Outcome wrong = quarry(words, {{"QUARRY_CPU", "mmx"}});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_NE(wrong.errors.find("mmx"), std::string::npos) << wrong.errors;
}

TEST_F(CommandLine, PlotsAreGolden) {
  const json files = quarry_json({"plot", "--device", "cpu", "--id", "1", "--start", "0",
                                  "--nonces", "3", "--out", folder_.path()})["files"];
  ASSERT_EQ(files.size(), 1u);
  EXPECT_TRUE(
      contains(keys(files[0]), {"path", "nonces", "bytes", "seconds", "nonces_per_second"}));
  EXPECT_EQ(files[0]["path"], folder_.file("1_0_3"));
  EXPECT_EQ(files[0]["nonces"], 3);
  EXPECT_EQ(files[0]["bytes"], 786432);
  EXPECT_EQ(names_in(folder_.path()), Words{"1_0_3"});
  EXPECT_EQ(sha256_of(folder_.file("1_0_3")), golden()["stagger_example"]["sha256"]);
}

TEST_F(CommandLine, PlotTakesAnAddressForAnId) {
  // Signum's address of account 1.
  const Outcome outcome = quarry({"plot", "--device", "cpu", "--id", "S-2223-2222-KB8Y-22222",
                                  "--start", "0", "--nonces", "1", "--out", folder_.path()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_EQ(names_in(folder_.path()), Words{"1_0_1"});
}

TEST_F(CommandLine, PlotSharesNoncesAmongFolders) {
  std::filesystem::create_directory(folder_.file("a,b"));
  std::filesystem::create_directory(folder_.file("c"));
  const json files =
      quarry_json({"plot", "--device", "cpu", "--id", "1", "--start", "0", "--nonces", "4", "--out",
                   folder_.file("a,b"), folder_.file("c")})["files"];
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0]["path"], folder_.file("a,b") + "/1_0_2");
  EXPECT_EQ(files[1]["path"], folder_.file("c") + "/1_2_2");
}

TEST_F(CommandLine, VerifyFindsAndRepairsExactlyTheBadNonce) {
  const std::string path = plot("7_100_8");
  const std::string before = sha256_of(path);
  json file = quarry_json({"verify", "--device", "cpu", "--full", path})["files"][0];
  EXPECT_TRUE(contains(keys(file), {"path", "checked_nonces", "bad_nonces"}));
  EXPECT_EQ(file["path"], path);
  EXPECT_EQ(file["checked_nonces"], 8);
  EXPECT_EQ(file["bad_nonces"], 0);

  {  // scoop 9 of nonce 5
    std::fstream plot(path, std::ios::in | std::ios::out | std::ios::binary);
    plot.seekp((9 * 8 + 5) * 64 + 17);
    plot.put('!');
  }
  ASSERT_NE(sha256_of(path), before);
  file = quarry_json({"verify", "--device", "cpu", "--full", path}, 3)["files"][0];
  EXPECT_EQ(file["bad_nonces"], 1);
  EXPECT_EQ(file["bad_spans"], json::parse(R"([{"first": 5, "count": 1}])"));
  file = quarry_json({"verify", "--device", "cpu", "--full", "--repair", path}, 3)["files"][0];
  EXPECT_EQ(file["repaired_nonces"], 1);
  EXPECT_EQ(sha256_of(path), before);
  quarry_json({"verify", "--device", "cpu", "--sample", "3", path}, 0);
}

TEST_F(CommandLine, VerifyHasAWordForEachWrongFile) {
  const std::string path = plot("7_100_8");
  std::filesystem::resize_file(path, 1000);
  const json truncated = quarry_json({"verify", "--device", "cpu", path}, 3);
  EXPECT_FALSE(truncated["files"][0]["error"]["message"].get<std::string>().empty());
  std::ofstream(folder_.file("notes.txt")) << "hello";
  const Outcome named = quarry({"verify", "--device", "cpu", folder_.file("notes.txt")});
  EXPECT_NE(named.exit_code, 0);
  EXPECT_NE(named.errors.find("notes.txt"), std::string::npos) << named.errors;
  const Outcome missing = quarry({"verify", "--device", "cpu", folder_.file("1_2_3")});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.errors.find("1_2_3"), std::string::npos) << missing.errors;
}

TEST_F(CommandLine, ConvertMakesGoldenPoc2) {
  const json nonce = golden_nonce();
  std::string bytes = read_file(plot("1_0_1"));
  for (size_t scoop = 0; scoop < 2048; scoop++)  // back to PoC1: the swap is an involution
    std::swap_ranges(&bytes[scoop * 64 + 32], &bytes[scoop * 64 + 64],
                     &bytes[(4095 - scoop) * 64 + 32]);
  const std::string source = home_.file("1_0_1_1");
  std::ofstream(source, std::ios::binary) << bytes;
  ASSERT_EQ(sha256_of(source), nonce["sha256_poc1"]);

  TempFolder target;
  const json files = quarry_json({"convert", source, "--out", target.path()})["files"];
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0]["path"], target.file("1_0_1"));
  EXPECT_EQ(sha256_of(target.file("1_0_1")), nonce["sha256_poc2"]);
  EXPECT_EQ(names_in(target.path()), Words{"1_0_1"});
  EXPECT_EQ(sha256_of(source), nonce["sha256_poc1"]);

  quarry_json({"convert", source, "--in-place"});
  EXPECT_FALSE(std::filesystem::exists(source));
  EXPECT_EQ(sha256_of(home_.file("1_0_1")), nonce["sha256_poc2"]);
}

TEST_F(CommandLine, ScanFindsGoldenDeadlines) {
  plot("1_0_1");
  const json nonce = golden_nonce();
  ASSERT_EQ(nonce["deadlines"].size(), 3u);
  for (const json& known : nonce["deadlines"]) {
    const json report = quarry_json(
        {"scan", "--device", "cpu", "--plots", folder_.path(), "--gensig", known["gensig"],
         "--height", known["height"].dump(), "--base-target", known["base_target"].dump()});
    EXPECT_TRUE(contains(keys(report), {"scoop", "nonces", "seconds", "bytes", "best"}));
    EXPECT_EQ(report["scoop"], known["scoop"]);
    EXPECT_EQ(report["nonces"], 1);
    EXPECT_EQ(report["bytes"], 64);
    ASSERT_EQ(report["best"].size(), 1u);
    const json expected = {{"id", "1"},
                           {"nonce", "0"},
                           {"hit", known["hit"]},
                           {"deadline", known["deadline"]},
                           {"file", folder_.file("1_0_1")}};
    EXPECT_EQ(report["best"][0], expected);
  }
}

TEST_F(CommandLine, BenchComparesWithTheReference) {
  const json results = quarry_json(
      {"bench", "plot/nonces", "--device", "cpu", "--seconds", "0.01", "--rounds", "1"})["results"];
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(keys(results[0]),
            (std::set<std::string>{"name", "device", "value", "unit", "ratio_to_reference"}));
  EXPECT_EQ(results[0]["name"], "plot/nonces");
  EXPECT_GT(results[0]["value"], 0);
  EXPECT_GT(results[0]["ratio_to_reference"], 0);
  EXPECT_EQ(quarry({"bench", "no-such-measurement"}).exit_code, 1);
}

TEST_F(CommandLine, DemoProvesAllAndLeavesNothing) {
  const json report =
      quarry_json({"demo", "--device", "cpu", "--nonces", "64", "--folder", folder_.path()});
  EXPECT_EQ(report["passed"], true);
  std::vector<std::string> features;
  for (const json& row : report["rows"]) {
    features.push_back(row["feature"]);
    EXPECT_EQ(row["passed"], true) << row;
  }
  EXPECT_EQ(features, (Words{"devices", "plot", "verify", "repair", "scan", "cross-check", "devnet",
                             "mine", "payment", "pool", "payout", "light client"}));
  EXPECT_TRUE(names_in(folder_.path()).empty());
}

TEST_F(CommandLine, QuietSaysNothingButTheResult) {
  const Outcome outcome = quarry({"plot", "--device", "cpu", "--quiet", "--id", "1", "--start", "0",
                                  "--nonces", "1", "--out", folder_.path()});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.errors, "");
  EXPECT_NE(outcome.output.find("1_0_1"), std::string::npos);
}

TEST_F(CommandLine, ResultThatNobodyTakesIsAFailure) {
  const Outcome outcome = run({"sh", "-c", QUARRY_BINARY " scan --help >/dev/full"}, environment());
  EXPECT_EQ(outcome.exit_code, 1) << outcome.errors;
}

}  // namespace
}  // namespace quarry::tests
