// Golden vectors: those of the source tree, or of the folder that the environment
// variable QUARRY_TEST_VECTORS names where a test program was carried elsewhere.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace quarry::tests {

inline nlohmann::json load_vectors(const std::string& name) {
  const char* folder = std::getenv("QUARRY_TEST_VECTORS");
  return nlohmann::json::parse(
      std::ifstream((folder != nullptr ? folder : QUARRY_TEST_VECTORS) + ("/" + name)));
}

// Path of a file of the fixtures: data of third parties that lies beside the
// source tree, not in it. Empty where it is missing; tests are skipped then.
inline std::string fixture_path(const std::string& name) {
  const auto path = std::filesystem::path(QUARRY_TEST_VECTORS) / "../../../shared/fixtures" / name;
  return std::filesystem::exists(path) ? path.lexically_normal().string() : std::string();
}

}  // namespace quarry::tests
