// EC-KCDSA on Curve25519, the signatures of NXT's family of chains (Burst,
// Signum).
//
// Algorithm: "EC-KCDSA" (ISO/IEC 14888-3) in the form that Curve25519's reference
// code by Dan Bernstein and Matthijs van Duin gave it: the signing key s satisfies
// s * |P| = G, where |P| is the public point whose Montgomery v has the parity of
// the base point's. A signature is v || h, both 32 bytes little-endian, with
//   m = SHA-256(message), x = clamp(SHA-256(m || s)), Y = u(x * G),
//   h = SHA-256(m || Y), v = (x - h) * s mod L.
// It holds if SHA-256(m || u(v * |P| + h * G)) = h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/status.h"

namespace quarry::signum {

using PublicKey = ByteArray<32>;  // u coordinate, little-endian (RFC 7748)
using Signature = ByteArray<64>;

// Account of a public key: the first 8 bytes of its SHA-256, little-endian.
uint64_t account_of(const PublicKey& public_key);

enum class SignatureForm {
  kCanonical,  // v < L and the key reduced mod 2^255-19: what nodes ask of every transaction
  kAny,        // blocks before version 3 may have others
};

// True if `signature` is that of the holder of `public_key` under `message`.
// All of it is public; not constant-time. About 0.3 ms. Keys outside the group of
// prime order count as invalid; the reference code would compute with them.
bool verify(const Signature& signature, std::span<const std::byte> message,
            const PublicKey& public_key, SignatureForm form = SignatureForm::kCanonical);

// The keys that a passphrase stands for. The secret side is computed only by
// libsodium's constant-time functions. Reading by several threads is safe.
class KeyPair {
 public:
  // The passphrase is taken byte for byte: no trimming, no normalisation, and the
  // empty one is legal. About 0.5 ms.
  static KeyPair from_passphrase(const Secret& passphrase);

  const PublicKey& public_key() const { return public_key_; }
  uint64_t account_id() const { return account_id_; }

  // The key k of X25519, which encrypted messages use; never the signing key.
  const Secret& agreement_key() const { return agreement_key_; }
  // The key s, which SignumJS calls signPrivateKey.
  const Secret& signing_key() const { return signing_key_; }

  // Deterministic. The result was verified. kDevice if it was not valid, that is,
  // if the machine computes wrongly: nothing leaves this function then.
  Result<Signature> sign(std::span<const std::byte> message) const;

 private:
  KeyPair() = default;

  PublicKey public_key_{};
  uint64_t account_id_ = 0;
  Secret agreement_key_{32};
  Secret signing_key_{32};
};

}  // namespace quarry::signum
