// What each miner of a pool has earned: from the best hit of every round to whole
// planck.
//
// A miner's best hit of a round, over c nonces, is exponential with rate c / 2^64.
// Of each account and round the pool knows one hit, the best, and cannot know why
// there is none: the miner may be away, or withhold what it found.
//
// Scheme: for each account and round a limit S is fixed before the round, from the
// account's past alone. A best hit h scores
//   success  k = 1 if h < S, else 0
//   exposure e = min(h, S)
// and no hit scores (0, S). Then the mean of k is c / 2^64 times the mean of e for
// every S, since both are 1 - exp(-c S / 2^64) up to that factor: k - c e / 2^64 is a
// martingale difference, whatever S was chosen from the past. Its sums K and E over
// a window of rounds therefore give c = 2^64 K / E, and
//  - withholding a hit takes a success away or leaves (0, S): it never helps;
//  - staying away adds S to E: half the presence earns less than half (about 0.43);
//  - splitting a plot among accounts splits its rate: the sum stays;
//  - choosing rounds is of no use: which are good is not known before.
// A limit of a quarter of the expected best hit lets each round that is played end in
// a success with 22 % (1 - exp(-1/4)): large and small accounts are measured alike. A
// larger limit measures faster, and takes more from those who are away now and then.
// A newcomer's limit is larger, to be measured soon, but not without bound: a round
// missed would outweigh all that follow.
// Estimates are noisy: an account next to much larger ones gets about 1 / K too much.
//
// An account's weight is its capacity times the rounds of the window since it joined:
// who came in the middle of the window has earned half of it.
//
// Pure functions: any thread. Doubles make weights only; money is whole planck.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace quarry::pool {

// What one account's rounds of the window add up to.
struct Tally {
  uint32_t rounds = 0;     // since it joined, played or not
  uint32_t successes = 0;  // K
  double exposure = 0;     // E, in units of 2^64
};

// The account's nonces, as far as they can be told; 0 without a success.
double estimated_nonces(const Tally& tally);

// Successes before which an account is a newcomer.
inline constexpr uint32_t kNewcomerSuccesses = 4;

// The limit S of an account's next round, from its rounds before: a quarter of its
// expected best hit, four times that for newcomers, at most `most`. Without a success
// nothing is expected yet: `most`.
uint64_t hit_limit(const Tally& past, uint64_t most);

struct Score {
  bool success = false;
  double exposure = 0;  // in units of 2^64
};

// The score of a round. Without a hit, or with one that the limit hides: (0, S).
Score score_round(std::optional<uint64_t> hit, uint64_t limit);

// What the account's part of a reward is in proportion to. At most 2^53.
uint64_t weight_of(const Tally& tally);

struct Split {
  std::vector<uint64_t> amounts;  // planck, in the order of the weights
  uint64_t remainder = 0;         // what rounding down left: carried to the next reward
};

// `planck` in proportion to the weights, each part rounded down: parts and remainder
// sum to `planck` exactly. Without any weight all of it remains.
Split split_reward(uint64_t planck, std::span<const uint64_t> weights);

// The pool's fee, rounded down. `fee_ppm` is in millionths, at most 1,000,000.
uint64_t fee_of(uint64_t reward_planck, uint32_t fee_ppm);

}  // namespace quarry::pool
