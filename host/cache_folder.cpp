#include "host/cache_folder.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <system_error>

#include "host/user_folder.h"

namespace quarry {

std::filesystem::path default_cache_folder() { return user_folder("XDG_CACHE_HOME", ".cache"); }

std::optional<std::string> load_cached(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool store_cached(const std::filesystem::path& path, std::string_view content) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return false;
  std::filesystem::path temporary = path;
  temporary += "." + std::to_string(getpid());
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (file) std::filesystem::rename(temporary, path, error);
  if (file && !error) return true;
  std::filesystem::remove(temporary, error);
  return false;
}

}  // namespace quarry
