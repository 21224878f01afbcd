// Where the user's files of this program live.
#pragma once

#include <filesystem>

namespace quarry {

// $VARIABLE/quarry, or ~/UNDER_HOME/quarry; empty where neither `variable` nor
// HOME is an absolute path (XDG Base Directory Specification).
std::filesystem::path user_folder(const char* variable, const char* under_home);

// For what must last: keys, chains, ledgers. $XDG_DATA_HOME/quarry, or
// ~/.local/share/quarry.
std::filesystem::path default_data_folder();

}  // namespace quarry
