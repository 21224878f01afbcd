#include "base/sha256.h"

#include <sodium/utils.h>

namespace quarry {

Sha256::Sha256() { crypto_hash_sha256_init(&state_); }

Sha256::~Sha256() { sodium_memzero(&state_, sizeof state_); }

void Sha256::update(std::span<const std::byte> data) {
  crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(data.data()),
                            data.size());
}

Hash256 Sha256::digest() {
  Hash256 digest;
  crypto_hash_sha256_final(&state_, reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

Hash256 sha256(std::initializer_list<std::span<const std::byte>> parts) {
  Sha256 hash;
  for (const auto part : parts) hash.update(part);
  return hash.digest();
}

}  // namespace quarry
