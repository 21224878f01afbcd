#include "cli/arguments.h"

#include <algorithm>
#include <cmath>

// A path may hold a comma: a flag that takes a list is repeated instead.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>

#include "base/units.h"
#include "chainlite/signum/address.h"
#include "cli/config.h"

namespace quarry::cli {
namespace {

constexpr const char* kPositional = "positional";

cxxopts::Options describe(const Command& command) {
  cxxopts::Options options("quarry " + std::string(command.name), std::string(command.summary));
  options.custom_help("[flags]");
  options.positional_help(std::string(command.positional));
  const auto add = [&options](std::string_view group, std::span<const Flag> flags) {
    for (const Flag& flag : flags) {
      const std::string name = (flag.name == "help" ? "h," : "") + std::string(flag.name);
      if (flag.kind == FlagKind::kSwitch)
        options.add_option(std::string(group), {name, std::string(flag.help)});
      else
        options.add_option(std::string(group),
                           {name, std::string(flag.help),
                            cxxopts::value<std::vector<std::string>>(), std::string(flag.value)});
    }
  };
  if (!command.flags.empty()) add("", command.flags);
  if (command.devices != DeviceUse::kNone) add("Devices", device_flags());
  if (command.devices == DeviceUse::kLongHours) add("GPUs", care_flags());
  add("Common", common_flags());
  options.add_option("positional", {kPositional, "", cxxopts::value<std::vector<std::string>>()});
  options.parse_positional({kPositional});
  return options;
}

const Flag* flag_of_word(const Command& command, const std::string& word) {
  return word.starts_with("--") ? find_flag(command, std::string_view(word).substr(2)) : nullptr;
}

bool looks_like_flag(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

// Joins values to their flags: "--out A B" becomes "--out=A", "--out=B". After
// this every word that is no flag is positional, and a flag can no longer take
// another flag for its value.
Result<std::vector<std::string>> join_values(const Command& command,
                                             const std::vector<std::string>& words) {
  std::vector<std::string> joined;
  for (size_t i = 0; i < words.size(); i++) {
    if (words[i] == "--") {
      joined.insert(joined.end(), words.begin() + static_cast<ptrdiff_t>(i), words.end());
      break;
    }
    const Flag* flag = flag_of_word(command, words[i]);
    if (flag == nullptr || flag->kind == FlagKind::kSwitch) {
      joined.push_back(words[i]);
      continue;
    }
    const bool many = flag->kind == FlagKind::kList && command.positional.empty();
    const std::string& name = words[i];
    size_t taken = 0;
    while (i + 1 < words.size() && !looks_like_flag(words[i + 1]) && (many || taken == 0)) {
      joined.push_back(name + "=" + words[++i]);
      taken++;
    }
    // A negative number is a value too, and gets its own error later.
    if (taken == 0 && i + 1 < words.size() && words[i + 1].size() > 1 &&
        std::isdigit(static_cast<unsigned char>(words[i + 1][1]))) {
      joined.push_back(name + "=" + words[++i]);
      taken++;
    }
    if (taken == 0)
      return Status(Code::kInvalidArgument,
                    name + " needs a value: " + name + " " + std::string(flag->value));
  }
  return joined;
}

}  // namespace

std::string command_help(const Command& command) {
  std::vector<std::string> groups;
  if (!command.flags.empty()) groups.emplace_back("");
  if (command.devices != DeviceUse::kNone) groups.emplace_back("Devices");
  if (command.devices == DeviceUse::kLongHours) groups.emplace_back("GPUs");
  groups.emplace_back("Common");
  return describe(command).help(groups);
}

Result<Arguments> Arguments::parse(const Command& command, const std::vector<std::string>& words) {
  Arguments arguments;
  arguments.command_ = &command;
  QUARRY_TRY(arguments.read_words(words));
  if (!arguments.help_) QUARRY_TRY(arguments.read_config());
  return arguments;
}

Status Arguments::usage_error(std::string_view message) const {
  return {Code::kInvalidArgument,
          std::string(message) + " (see quarry " + std::string(command_->name) + " --help)"};
}

Status Arguments::read_words(const std::vector<std::string>& words) {
  auto joined = join_values(*command_, words);
  if (!joined.ok()) return usage_error(joined.status().message());
  std::string program = "quarry";
  std::vector<char*> pointers = {program.data()};
  for (std::string& word : *joined) pointers.push_back(word.data());
  int count = static_cast<int>(pointers.size());
  char** first = pointers.data();
  try {
    const auto parsed = describe(*command_).parse(count, first);
    for (const auto& argument : parsed.arguments()) {
      if (argument.key() == kPositional) {
        positional_.push_back(argument.value());
        continue;
      }
      auto& values = values_[argument.key()];
      const Flag* flag = find_flag(*command_, argument.key());
      if (!values.empty() && flag->kind == FlagKind::kValue)
        return usage_error("--" + argument.key() + " is given twice");
      values.push_back(argument.value());
    }
  } catch (const std::exception& error) {
    return usage_error(error.what());
  }
  help_ = is_on("help");
  if (!help_ && command_->positional.empty() && !positional_.empty())
    return usage_error("unexpected argument \"" + positional_[0] + "\"");
  return {};
}

Status Arguments::read_config() {
  const bool named = has("config");
  const std::string path = named ? text("config") : default_config_path();
  if (path.empty()) return {};
  auto values = read_config_file(path, *command_);
  if (!values.ok()) {
    if (!named && values.status().code() == Code::kNotFound) return {};
    return values.status();
  }
  config_file_ = path;
  for (auto& [flag, text] : *values) values_.try_emplace(flag, std::move(text));
  return {};
}

const std::string* Arguments::last(std::string_view flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() || found->second.empty() ? nullptr : &found->second.back();
}

bool Arguments::has(std::string_view flag) const { return last(flag) != nullptr; }

bool Arguments::is_on(std::string_view flag) const {
  const std::string* value = last(flag);
  return value != nullptr && *value == "true";
}

std::string Arguments::text(std::string_view flag, std::string_view otherwise) const {
  const std::string* value = last(flag);
  return value != nullptr ? *value : std::string(otherwise);
}

std::vector<std::string> Arguments::list(std::string_view flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

Status Arguments::require(std::string_view flag) const {
  if (has(flag)) return {};
  const Flag* known = find_flag(*command_, flag);
  QUARRY_CHECK(known != nullptr);
  return usage_error("--" + std::string(flag) + " " + std::string(known->value) + " is missing");
}

Result<uint64_t> Arguments::number(std::string_view flag) const {
  QUARRY_TRY(require(flag));
  auto value = parse_u64(*last(flag));
  if (!value.ok()) return usage_error("--" + std::string(flag) + ": " + value.status().message());
  return value;
}

Result<uint64_t> Arguments::number(std::string_view flag, uint64_t otherwise) const {
  return has(flag) ? number(flag) : Result<uint64_t>(otherwise);
}

Result<uint64_t> Arguments::size(std::string_view flag, uint64_t otherwise) const {
  if (!has(flag)) return otherwise;
  auto value = parse_size(*last(flag));
  if (!value.ok()) return usage_error("--" + std::string(flag) + ": " + value.status().message());
  if (*value == 0)
    return usage_error("--" + std::string(flag) + ": a size of 0 is no use; give one like 4GiB");
  return value;
}

Result<double> Arguments::real(std::string_view flag, double least, double most,
                               double otherwise) const {
  if (!has(flag)) return otherwise;
  const std::string& text = *last(flag);
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size() || !std::isfinite(value) || value < least ||
      value > most) {
    std::ostringstream range;
    range << "--" << flag << ": \"" << text << "\" is no number from " << least << " to " << most;
    return usage_error(range.str());
  }
  return value;
}

Result<uint64_t> Arguments::account(std::string_view flag) const {
  QUARRY_TRY(require(flag));
  auto id = signum::parse_account(*last(flag));
  if (!id.ok()) return usage_error("--" + std::string(flag) + ": " + id.status().message());
  return id;
}

}  // namespace quarry::cli
