// SHA-256 (FIPS 180-4), by libsodium.
#pragma once

#include <sodium/crypto_hash_sha256.h>

#include <cstddef>
#include <initializer_list>
#include <span>

#include "base/bytes.h"

namespace quarry {

using Hash256 = ByteArray<32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();  // wipes the state: the message may be a secret

  // Adds bytes to the message. Any number of calls.
  void update(std::span<const std::byte> data);

  // The digest of all bytes so far. Call it once, at the end.
  Hash256 digest();

 private:
  crypto_hash_sha256_state state_;
};

// Digest of the parts, one after the other.
Hash256 sha256(std::initializer_list<std::span<const std::byte>> parts);
inline Hash256 sha256(std::span<const std::byte> message) { return sha256({message}); }

}  // namespace quarry
