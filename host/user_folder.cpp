#include "host/user_folder.h"

#include <cstdlib>

namespace quarry {

std::filesystem::path user_folder(const char* variable, const char* under_home) {
  const char* folder = std::getenv(variable);
  if (folder != nullptr && *folder == '/') return std::filesystem::path(folder) / "quarry";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::filesystem::path(home) / under_home / "quarry";
  return {};
}

std::filesystem::path default_data_folder() { return user_folder("XDG_DATA_HOME", ".local/share"); }

}  // namespace quarry
