// One nonce, as a verifier computes it: plain scalar code that shares nothing with
// the kernels which wrote the plot. Computing a nonce takes about 0.1 s.
//
// Algorithm: PoC1 and PoC2 as signum-node's MiningPlot defines them; hit and scoop
// as its Generator does.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace quarry::signum {

inline constexpr uint32_t kScoopsPerNonce = 4096;
inline constexpr size_t kScoopBytes = 64;

// 32 bytes that a block hands on to the next: what a round is about.
using GenerationSignature = ByteArray<32>;
using Scoop = ByteArray<kScoopBytes>;

// The order of the scoops of a nonce: PoC2 exchanges the second halves of scoops s
// and 4095 - s. Network::poc_version tells which a block needs.
enum class PocVersion { kPoc1 = 1, kPoc2 = 2 };

// Scoop `scoop`, 0..4095, of a nonce of an account.
Scoop compute_scoop(uint64_t account_id, uint64_t nonce, uint32_t scoop, PocVersion version);

// Hit of a scoop that is at hand: the smaller, the sooner its owner may forge.
uint64_t scoop_hit(const GenerationSignature& generation_signature, const Scoop& scoop);

// Hit of one scoop of a nonce: compute_scoop, then scoop_hit.
uint64_t hit(uint64_t account_id, uint64_t nonce, uint32_t scoop,
             const GenerationSignature& generation_signature, PocVersion version);

}  // namespace quarry::signum
