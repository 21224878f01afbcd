// The arithmetic of the chain: who may forge a block when, and what the block does
// to base target, commitment and difficulty. Pure functions: no I/O, no clock, no
// state, safe on every thread.
//
// Facts: signum-node, GeneratorImpl, BlockServiceImpl.calculateBaseTarget and
// Block. Integers are exact. Where the node computes with doubles, so does this,
// step for step; but Java promises log and pow only to within one unit in the last
// place, so a deadline that falls onto a whole second, or a difficulty, may differ
// by one from what a node computes. check_deadline says when that matters.
//
// Numbers of a chain, here: `height` is that of the block that is forged or
// checked; "previous" is the block before it; amounts are in planck.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "chainlite/signum/network.h"
#include "chainlite/signum/nonce.h"

namespace quarry::signum {

// --- Rounds and deadlines ---

// Generation signature of the block after one that has `previous` and was forged by
// the account `previous_generator_id`. (The genesis block's generator is the account
// of the public key of 32 zeros, not account 0.)
GenerationSignature next_generation_signature(const GenerationSignature& previous,
                                              uint64_t previous_generator_id);

// Scoop that the round for `height` reads, 0..4095.
uint32_t scoop_number(const GenerationSignature& generation_signature, uint64_t height);

// What the node's API calls deadline: hit / base target. The base target must not
// be 0: a caller that had it from a stranger looks first.
uint64_t legacy_deadline(uint64_t hit, uint64_t capacity_base_target);

inline constexpr double kMinCommitmentFactor = 0.125;
inline constexpr double kMaxCommitmentFactor = 8.0;

// How much a commitment shortens deadlines, against the average commitment of the
// previous block (which is never 0): (commitment / average)^0.4515449935, 1/8..8.
double commitment_factor(uint64_t commitment, uint64_t average_commitment);

struct DeadlineInput {
  uint32_t height = 0;
  uint64_t hit = 0;
  uint64_t capacity_base_target = 0;  // of the previous block; not 0
  double commitment_factor = 1;       // of the generator; looked at from PoC+ on
};

// Seconds that must have passed since the previous block, and one more: a block
// is in time if its timestamp minus the previous one is greater than this. May be
// negative in PoC+. Before Sodium it is the legacy deadline.
//
// With kMaxCommitmentFactor this is the least that any commitment could bring it
// to: what a client can check that does not know the commitments.
int64_t deadline_seconds(const Network& network, const DeadlineInput& input);

// In time; too early; or so near the boundary that two correct mathematical
// libraries may disagree, and the neighbours in the chain must decide.
enum class DeadlineCheck { kInTime, kTooEarly, kInconclusive };
DeadlineCheck check_deadline(const Network& network, const DeadlineInput& input,
                             int64_t elapsed_seconds);

// --- Base targets ---

// What each block has and no block says: the base target for hits, and the average
// commitment (planck per TiB), which is the network's initial one before PoC+.
struct BaseTarget {
  uint64_t capacity = 0;
  uint64_t average_commitment = 0;
  bool operator==(const BaseTarget&) const = default;
};

// Both as two IEEE 754 singles in one number, the commitment in the upper half:
// the form in which peers exchange base targets from PoC+ on.
uint64_t pack_base_target(const BaseTarget& base_target);

// kCorrupt if either half is no number or less than 1, or 2^63 and more.
Result<BaseTarget> unpack_base_target(uint64_t packed);

// Difficulty in sum over a chain: the fork with more is the chain. 128 bits; sums
// stop at the largest.
class Difficulty {
 public:
  Difficulty() = default;
  explicit Difficulty(unsigned __int128 value) : value_(value) {}

  // Decimal, as nodes write it. kInvalidArgument if it is no number below 2^128.
  static Result<Difficulty> parse(std::string_view decimal);
  std::string text() const;

  friend Difficulty operator+(Difficulty a, Difficulty b);
  auto operator<=>(const Difficulty&) const = default;

 private:
  unsigned __int128 value_ = 0;
};

// A block that the next base target looks back on.
struct PastBlock {
  int64_t timestamp = 0;  // seconds since the epoch
  uint64_t capacity_base_target = 0;
};

// How many blocks before `height` next_base_target wants to see: at most 24.
uint32_t base_target_window(const Network& network, uint32_t height);

struct NextBlock {
  uint32_t height = 0;    // not 0: the genesis block has no past
  int64_t timestamp = 0;  // seconds since the epoch
  // The blocks before it, newest first; at least base_target_window of them.
  std::span<const PastBlock> past;
  // From PoC+ on: of its generator (see commitment_per_capacity), and averages of
  // the previous block and of the one at past_commitment_height.
  uint64_t commitment = 0;
  uint64_t previous_average_commitment = 0;
  uint64_t past_average_commitment = 0;
};

// Where past_average_commitment stands: max_rollback_blocks back, or at genesis.
uint32_t past_commitment_height(const Network& network, uint32_t height);

// What a block gets by its place in the chain.
struct BlockTarget {
  BaseTarget base_target;  // from PoC+ on rounded to singles, as the chain keeps it
  Difficulty difficulty;   // of this block alone: add it to the sum of the previous
};
BlockTarget next_base_target(const Network& network, const NextBlock& block);

// The genesis block's base target. Its difficulty is 0.
BaseTarget genesis_base_target(const Network& network);

// --- Commitments ---

// Blocks that a generator forged at heights previous_height - N .. previous_height,
// both included, for N = 360, 1440 and 32400.
struct ForgedBlocks {
  uint32_t in_360 = 0;
  uint32_t in_1440 = 0;
  uint32_t in_32400 = 0;
};

// Commitment of a generator in planck per TiB, as it counts for the block after
// `previous_height`. The generator's capacity is estimated from the blocks that it
// forged, the one to come included, in the shortest window that has enough of them.
//
// `committed_planck` is the sum of what the generator added up to
// previous_height - commitment_wait(previous_height), less what it removed up to
// previous_height; 0 if that is negative.
uint64_t commitment_per_capacity(const Network& network, uint32_t previous_height,
                                 uint64_t previous_capacity_base_target, uint64_t committed_planck,
                                 const ForgedBlocks& forged);

// --- Rewards ---

// Planck that the block at `height` brings to its forger, fees not counted.
uint64_t block_reward(const Network& network, uint32_t height);

}  // namespace quarry::signum
