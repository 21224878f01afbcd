#include "cli/config.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

// Debian's library is built with exceptions; they end in this file.
#include <toml++/toml.h>

namespace quarry::cli {
namespace {

const Command* find_command(std::string_view name) {
  for (const Command* command : commands())
    if (command->name == name) return command;
  return nullptr;
}

Status bad_key(const std::string& path, const std::string& key, std::string_view problem) {
  return {Code::kInvalidArgument, path + ": " + key + " " + std::string(problem)};
}

// One number, string or boolean as the command line would spell it.
Result<std::string> as_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  if (const auto* real = node.as_floating_point()) {
    std::ostringstream text;
    text << real->get();
    return text.str();
  }
  return Status(Code::kInvalidArgument, "must be a string, a number or a boolean");
}

Result<std::vector<std::string>> as_values(const Flag& flag, const toml::node& node) {
  std::vector<std::string> values;
  if (flag.kind == FlagKind::kSwitch && !node.is_boolean())
    return Status(Code::kInvalidArgument, "must be true or false");
  if (const auto* array = node.as_array()) {
    if (flag.kind != FlagKind::kList)
      return Status(Code::kInvalidArgument, "takes one value, not a list");
    for (const toml::node& element : *array) {
      QUARRY_ASSIGN(std::string text, as_text(element));
      values.push_back(std::move(text));
    }
    return values;
  }
  QUARRY_ASSIGN(std::string text, as_text(node));
  values.push_back(std::move(text));
  return values;
}

bool in_config(const Flag& flag) { return flag.name != "config" && flag.name != "help"; }

// Checks one key and, if `wanted`, keeps its values.
Status take_key(const std::string& path, const std::string& shown, const Flag* flag,
                const toml::node& node, ConfigValues* wanted) {
  if (flag == nullptr || !in_config(*flag))
    return bad_key(path, shown, "is no setting of this version; see quarry COMMAND --help");
  auto values = as_values(*flag, node);
  if (!values.ok()) return bad_key(path, shown, values.status().message());
  if (wanted != nullptr) (*wanted)[std::string(flag->name)] = *std::move(values);
  return {};
}

const Flag* find_shared_flag(std::string_view name) {
  for (const auto& flags : {common_flags(), device_flags(), care_flags()})
    for (const Flag& flag : flags)
      if (flag.name == name) return &flag;
  return nullptr;
}

Status take_command_table(const std::string& path, const Command& command, const toml::table& table,
                          ConfigValues* wanted) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    QUARRY_TRY(take_key(path, std::string(command.name) + "." + name, find_flag(command, name),
                        node, wanted));
  }
  return {};
}

}  // namespace

std::string default_config_path() {
  const char* folder = std::getenv("XDG_CONFIG_HOME");
  if (folder != nullptr && *folder != '\0') return std::string(folder) + "/quarry/quarry.toml";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return std::string(home) + "/.config/quarry/quarry.toml";
  return "";
}

Result<ConfigValues> read_config_file(const std::string& path, const Command& command) {
  errno = 0;
  std::ifstream file(path);
  if (!file) return errno_status(errno, "open the configuration file", path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return errno_status(errno, "read the configuration file", path);

  toml::table root;
  try {
    root = toml::parse(text.str(), path);
  } catch (const toml::parse_error& error) {
    return Status(Code::kInvalidArgument, path + ": line " +
                                              std::to_string(error.source().begin.line) + ": " +
                                              std::string(error.description()));
  }

  ConfigValues shared, own;
  for (const auto& [key, node] : root) {
    const std::string name(key.str());
    const Command* owner = node.is_table() ? find_command(name) : nullptr;
    if (owner != nullptr) {
      QUARRY_TRY(
          take_command_table(path, *owner, *node.as_table(), owner == &command ? &own : nullptr));
    } else {
      const bool takes_it = find_flag(command, name) != nullptr;
      QUARRY_TRY(take_key(path, name, find_shared_flag(name), node, takes_it ? &shared : nullptr));
    }
  }
  own.merge(shared);  // the command's own table wins
  return own;
}

}  // namespace quarry::cli
