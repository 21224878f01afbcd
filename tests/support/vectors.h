// Golden vectors: those of the source tree, or of the folder that the environment
// variable QUARRY_TEST_VECTORS names where a test program was carried elsewhere.
#pragma once

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace quarry::tests {

inline nlohmann::json load_vectors(const std::string& name) {
  const char* folder = std::getenv("QUARRY_TEST_VECTORS");
  return nlohmann::json::parse(
      std::ifstream((folder != nullptr ? folder : QUARRY_TEST_VECTORS) + ("/" + name)));
}

}  // namespace quarry::tests
