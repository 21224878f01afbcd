// Files that may vanish at any time: what was built or measured once, and would
// be again.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace quarry {

// $XDG_CACHE_HOME/quarry, or ~/.cache/quarry; empty where neither variable is an
// absolute path.
std::filesystem::path default_cache_folder();

// The whole file; nothing if there is none. Its content may be anything.
std::optional<std::string> load_cached(const std::filesystem::path& path);

// Writes the file under another name first, so that nobody sees a part of it.
// False if that was not possible.
bool store_cached(const std::filesystem::path& path, std::string_view content);

}  // namespace quarry
