// A user at a prompt: the real binary, a folder, and nobody's configuration.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace quarry::tests {

class CommandLine : public testing::Test {
 protected:
  using Words = std::vector<std::string>;

  static Words command(const Words& words) {
    Words all = {QUARRY_BINARY};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }

  // Only what a test says; not the settings of whoever runs it.
  Process::Environment environment(Process::Environment more = {}) const {
    more.try_emplace("XDG_CONFIG_HOME", home_.path());
    more.try_emplace("QUARRY_CPU", "");
    return more;
  }

  Outcome quarry(const Words& words, const Process::Environment& more = {}) const {
    return run(command(words), environment(more));
  }

  // Runs with --json; the exit code must be `code`, and stdout one JSON object.
  nlohmann::json quarry_json(Words words, int code = 0) const {
    words.emplace_back("--json");
    const Outcome outcome = quarry(words);
    EXPECT_EQ(outcome.exit_code, code) << outcome.errors;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
    auto object = nlohmann::json::parse(outcome.output, nullptr, false);
    EXPECT_TRUE(object.is_object()) << outcome.output;
    return object;
  }

  // A small plot in folder_.
  std::string plot(const std::string& name) const {
    const auto first = name.find('_'), second = name.rfind('_');
    const Outcome outcome =
        quarry({"plot", "--device", "cpu", "--quiet", "--id", name.substr(0, first), "--start",
                name.substr(first + 1, second - first - 1), "--nonces", name.substr(second + 1),
                "--out", folder_.path()});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    return folder_.file(name);
  }

  static Words names_in(const std::string& folder) {
    Words names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  TempFolder folder_;
  TempFolder home_;
};

}  // namespace quarry::tests
