// SignumJS as a judge: a program of JavaScript that answers lines of JSON.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace quarry::tests {

// Whether scripts/test has installed SignumJS.
inline bool have_signumjs() { return std::filesystem::exists(QUARRY_SIGNUMJS_MODULES); }

// The answers to `questions`, in their order; see oracle.js. One child process
// answers all of them. Throws if it does not.
inline std::vector<nlohmann::json> ask_signumjs(const std::vector<nlohmann::json>& questions) {
  const TempFolder folder;
  const std::string path = folder.file("questions");
  {
    std::ofstream file(path);
    for (const auto& question : questions) file << question.dump() << '\n';
    if (!file.flush()) throw std::runtime_error("cannot write " + path);
  }
  const Outcome outcome = run({"sh", "-c", R"(exec node "$0" "$1" < "$2")", QUARRY_SIGNUMJS_ORACLE,
                               QUARRY_SIGNUMJS_MODULES, path});
  std::vector<nlohmann::json> answers;
  std::istringstream lines(outcome.output);
  for (std::string line; std::getline(lines, line);) answers.push_back(nlohmann::json::parse(line));
  if (outcome.exit_code != 0 || answers.size() != questions.size())
    throw std::runtime_error("SignumJS answered " + std::to_string(answers.size()) + " of " +
                             std::to_string(questions.size()) + " questions: " + outcome.errors);
  return answers;
}

}  // namespace quarry::tests
