// Built programs, kept between runs: a driver takes seconds to build what it
// loads in milliseconds.
//
// An entry is trusted only if it says that it was made for the same key and
// its bytes have the hash that it says; anything else counts as absent. A
// cache that cannot be read or written costs time, nothing else, so that none
// of these calls fails.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quarry::opencl {

class ProgramCache {
 public:
  // Nothing is kept where `folder` is empty.
  explicit ProgramCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // SHA-256, in hex, of the parts and their lengths.
  static std::string key_of(std::span<const std::string_view> parts);

  // The program stored under `key`.
  std::optional<std::string> load(const std::string& key) const;

  // Writes under a temporary name and renames: of two processes one wins, and
  // none reads half a program.
  void store(const std::string& key, std::string_view program) const;

  // Where the entry of `key` is.
  std::filesystem::path path_of(const std::string& key) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace quarry::opencl
