// SHA-256 in hex, for comparing large outputs with golden vectors.
#pragma once

#include <openssl/sha.h>

#include <cstddef>
#include <span>
#include <string>

namespace quarry::tests {

inline std::string sha256_hex(std::span<const std::byte> data) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest);
  std::string hex;
  for (unsigned char byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

}  // namespace quarry::tests
