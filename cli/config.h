// The configuration file: TOML. Keys are flag names. Top-level keys are flags
// that every command takes; a table [plot] holds those of `quarry plot`.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/command.h"

namespace quarry::cli {

using ConfigValues = std::map<std::string, std::vector<std::string>, std::less<>>;

// $XDG_CONFIG_HOME/quarry/quarry.toml, or ~/.config/quarry/quarry.toml; "" where
// neither variable is set.
std::string default_config_path();

// Values for the flags of `command` in the file at `path`, as the text that
// would stand on a command line ("true" for a switch that is on). All keys are
// checked, those of other commands too. kNotFound, kPermission;
// kInvalidArgument names file, line or key.
Result<ConfigValues> read_config_file(const std::string& path, const Command& command);

}  // namespace quarry::cli
