// What the user asked for: the command line, and behind it the configuration
// file. Values are kept as text and parsed when a command asks for them, so that
// both sources obey the same rules and give the same errors.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cli/command.h"

namespace quarry::cli {

class Arguments {
 public:
  // Parses the words behind the command's name, then adds what the
  // configuration file says of flags that were not given. kInvalidArgument
  // names the flag, or the file and key.
  static Result<Arguments> parse(const Command& command, const std::vector<std::string>& words);

  bool help() const { return help_; }
  const std::string& config_file() const { return config_file_; }  // "" if none was read

  bool has(std::string_view flag) const;
  bool is_on(std::string_view flag) const;  // a switch
  std::string text(std::string_view flag, std::string_view otherwise = "") const;
  std::vector<std::string> list(std::string_view flag) const;
  const std::vector<std::string>& positional() const { return positional_; }

  // Values. kInvalidArgument names the flag and what is wrong with its value, or
  // says that the flag is missing where `otherwise` is not given.
  Result<uint64_t> number(std::string_view flag) const;
  Result<uint64_t> number(std::string_view flag, uint64_t otherwise) const;
  Result<uint64_t> size(std::string_view flag, uint64_t otherwise) const;
  Result<double> real(std::string_view flag, double least, double most, double otherwise) const;
  Result<uint64_t> account(std::string_view flag) const;

  // kInvalidArgument, with the command's help named, if the flag is missing.
  Status require(std::string_view flag) const;

  // The command that the flags are for.
  const Command& command() const { return *command_; }

  // A usage error of this command.
  Status usage_error(std::string_view message) const;

 private:
  const Command* command_ = nullptr;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> positional_;
  std::string config_file_;
  bool help_ = false;

  Status read_words(const std::vector<std::string>& words);
  Status read_config();
  const std::string* last(std::string_view flag) const;
};

// The text of `quarry COMMAND --help`.
std::string command_help(const Command& command);

}  // namespace quarry::cli
