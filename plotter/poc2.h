// Facts of the PoC2 plot format. See docs/formats.md.
#pragma once

#include <cstdint>

namespace quarry {

inline constexpr uint64_t kScoopBytes = 64;
inline constexpr uint64_t kScoopsPerNonce = 4096;
inline constexpr uint64_t kNonceBytes = kScoopBytes * kScoopsPerNonce;  // 262144

// Nonces whose scoops fill one 4096-byte block: pools and files that are
// multiples of it can be written with direct I/O.
inline constexpr uint64_t kNoncesPerBlock = 64;

// Where scoop `scoop` of the nonce with index `index` stands in a PoC2 file of
// `nonces` nonces.
constexpr uint64_t scoop_offset(uint64_t nonces, uint64_t scoop, uint64_t index) {
  return (scoop * nonces + index) * kScoopBytes;
}

// True if nonces start .. start + nonces - 1 exist: 0 < nonces and no number
// over 2^64 - 1.
constexpr bool valid_nonce_range(uint64_t start, uint64_t nonces) {
  return nonces > 0 && nonces - 1 <= UINT64_MAX - start;
}

}  // namespace quarry
