// Encrypted messages: the appendage that only sender and recipient can read.
//
// Key: SHA-256 of (X25519 of one's private and the other's public key, xor a nonce);
// AES-256-CBC with PKCS #7 padding behind an IV of 16 bytes; the plaintext is
// compressed first (signum-node, Crypto.aesEncrypt; RFC 7748, FIPS 197).
//
// There is no authentication code: whoever can change the ciphertext can change the
// message. What authenticates a message is the signature of its transaction. Never
// answer a stranger in a way that tells whether a message could be decrypted.
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/status.h"
#include "chainlite/signum/eckcdsa.h"

namespace quarry::signum {

struct EncryptedMessage {
  Bytes data;           // IV and ciphertext
  ByteArray<32> nonce;  // makes the key of this message
};

// What decrypt_message unpacks at most unless told otherwise. On the chain a message
// has at most 1000 bytes, encrypted.
inline constexpr size_t kMaxUnpackedBytes = size_t{64} << 10;

// The message from the owner of `agreement_private_key` (KeyPair::agreement_key, 32
// bytes) to the owner of `public_key`; either can decrypt it.
// Packed by gzip, which every client reads. IV and nonce are random.
// kInvalidArgument if the public key is of small order, that is, made to give a
// key that everyone knows. Safe on several threads at once.
Result<EncryptedMessage> encrypt_message(const Secret& agreement_private_key,
                                         const PublicKey& public_key,
                                         std::span<const std::byte> plaintext);

// The plaintext of a message, packed by gzip (as nodes do) or zlib (as SignumJS does).
// kInvalidArgument for a public key of small order; kCorrupt, always in the same
// words, if the key is not the right one, the data is damaged, something stands
// behind the packed text, or it unpacks to more than `max_bytes`.
// Safe on several threads at once.
Result<Bytes> decrypt_message(const Secret& agreement_private_key, const PublicKey& public_key,
                              const EncryptedMessage& message,
                              size_t max_bytes = kMaxUnpackedBytes);

}  // namespace quarry::signum
