// Encrypts bytes as they are, packed or not, where chainlite would pack them first:
// for tests of what its decryption makes of odd plaintexts. Written apart from it.
#pragma once

#include <openssl/evp.h>
#include <sodium.h>

#include "base/bytes.h"
#include "base/status.h"
#include "chainlite/signum/encryption.h"

namespace quarry::tests {

// The X25519 public key of a private one.
inline ByteArray<32> public_key_of(const ByteArray<32>& private_key) {
  ByteArray<32> key;
  QUARRY_CHECK(crypto_scalarmult_curve25519_base(
                   reinterpret_cast<unsigned char*>(key.data()),
                   reinterpret_cast<const unsigned char*>(private_key.data())) == 0);
  return key;
}

// `packed` in AES-256-CBC under the key that both sides and `nonce` make, IV zero.
inline signum::EncryptedMessage encrypt_raw(const ByteArray<32>& private_key,
                                            const ByteArray<32>& public_key,
                                            const ByteArray<32>& nonce,
                                            std::span<const std::byte> packed) {
  unsigned char shared[32], key[32], iv[16] = {};
  QUARRY_CHECK(crypto_scalarmult_curve25519(
                   shared, reinterpret_cast<const unsigned char*>(private_key.data()),
                   reinterpret_cast<const unsigned char*>(public_key.data())) == 0);
  for (size_t i = 0; i < sizeof shared; i++)
    shared[i] = static_cast<unsigned char>(shared[i] ^ std::to_integer<unsigned>(nonce[i]));
  QUARRY_CHECK(EVP_Digest(shared, sizeof shared, key, nullptr, EVP_sha256(), nullptr) == 1);

  signum::EncryptedMessage message{Bytes(sizeof iv + packed.size() + 16), nonce};
  auto* output = reinterpret_cast<unsigned char*>(message.data.data()) + sizeof iv;
  int count = 0, rest = 0;
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  QUARRY_CHECK(EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key, iv) == 1);
  QUARRY_CHECK(EVP_EncryptUpdate(cipher, output, &count,
                                 reinterpret_cast<const unsigned char*>(packed.data()),
                                 static_cast<int>(packed.size())) == 1);
  QUARRY_CHECK(EVP_EncryptFinal_ex(cipher, output + count, &rest) == 1);
  EVP_CIPHER_CTX_free(cipher);
  message.data.resize(sizeof iv + static_cast<size_t>(count) + static_cast<size_t>(rest));
  return message;
}

}  // namespace quarry::tests
