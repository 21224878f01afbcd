// Shabal-256 in plain scalar code, for verifiers: what devices and strangers
// say is checked with this, not with the kernels.
//
// Algorithm: "Shabal, a Submission to NIST's Cryptographic Hash Algorithm
// Competition", 2008, sections 2.3 and 2.4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace quarry {

class Shabal256 {
 public:
  Shabal256();

  // Adds bytes to the message. Any number of calls.
  void update(std::span<const std::byte> data);

  // The digest of all bytes so far. Call it once, at the end.
  std::array<std::byte, 32> digest();

 private:
  void absorb();   // one full block from block_
  void permute();  // with message block_
  void swap_roles();

  std::array<uint32_t, 12> a_;
  std::array<uint32_t, 16> b_, c_;
  uint64_t counter_ = 1;
  std::array<std::byte, 64> block_{};
  size_t filled_ = 0;
};

// Digest of one message.
std::array<std::byte, 32> shabal256(std::span<const std::byte> message);

}  // namespace quarry
