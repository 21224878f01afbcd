// What a pool plays for, and what it is given.
#pragma once

#include <cstdint>
#include <string>

#include "chainlite/signum/nonce.h"

namespace quarry::pool {

// One block to be forged, as the node tells it.
struct Round {
  uint32_t height = 0;
  signum::GenerationSignature generation_signature{};
  uint64_t base_target = 0;  // not 0
  uint64_t average_commitment_planck = 0;
  uint64_t most_hit = UINT64_MAX;  // hits from here on up are not taken

  // Whether it is about the same block on the same chain.
  bool same_as(const Round& other) const {
    return height == other.height && generation_signature == other.generation_signature &&
           base_target == other.base_target;
  }
};

// A nonce whose hit was computed here.
struct Submission {
  uint64_t account_id = 0;
  uint64_t nonce = 0;
  uint64_t hit = 0;
};

// What a miner says of itself: shown, and never believed.
struct MinerWords {
  std::string name;      // of its machine
  std::string software;  // User-Agent
  uint64_t capacity_gib = 0;
};

}  // namespace quarry::pool
