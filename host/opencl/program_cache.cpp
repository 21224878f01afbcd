#include "host/opencl/program_cache.h"

#include <openssl/evp.h>

#include <array>

#include "host/cache_folder.h"

namespace quarry::opencl {
namespace {

std::string sha256_hex(std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    return {};
  std::string hex;
  for (unsigned i = 0; i < size; i++) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

// The first line of an entry: everything after it is the program.
std::string header_of(const std::string& key, std::string_view program) {
  return "quarry-opencl-program 1 " + key + " " + sha256_hex(program) + "\n";
}

}  // namespace

std::string ProgramCache::key_of(std::span<const std::string_view> parts) {
  std::string all;
  for (std::string_view part : parts) {
    all += std::to_string(part.size()) + ":";
    all += part;
  }
  return sha256_hex(all);
}

std::filesystem::path ProgramCache::path_of(const std::string& key) const {
  return folder_ / ("opencl-" + key + ".bin");
}

std::optional<std::string> ProgramCache::load(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  const auto content = load_cached(path_of(key));
  if (!content) return std::nullopt;
  const size_t line_end = content->find('\n');
  if (line_end == content->npos) return std::nullopt;
  std::string program = content->substr(line_end + 1);
  if (program.empty() || content->substr(0, line_end + 1) != header_of(key, program))
    return std::nullopt;
  return program;
}

void ProgramCache::store(const std::string& key, std::string_view program) const {
  if (folder_.empty()) return;
  // Without it the next start builds the program again.
  (void)store_cached(path_of(key), header_of(key, program) + std::string(program));
}

}  // namespace quarry::opencl
