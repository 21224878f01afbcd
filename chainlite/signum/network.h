// The chains of Signum's family, and what sets one apart from another.
//
// Facts: signum-node, Constants, FluxValues, HistoricalMoments and Props.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "chainlite/signum/nonce.h"

namespace quarry::signum {

// One coin (SIGNA) in planck, the smallest amount. Fees, balances and commitments
// are all counted in planck.
inline constexpr uint64_t kPlanckPerCoin = 100'000'000;

// From which block on a rule holds: that block is the first to obey it.
struct Activations {
  uint32_t difficulty_change = 2'700;    // base target by a window of 24 blocks, not of 4
  uint32_t reward_recipient = 6'500;     // miners may assign their rewards to a pool
  uint32_t goods_store = 11'800;         // transactions of version 1
  uint32_t pre_poc2 = 500'000;           // larger blocks, smaller fees, multi-out payments
  uint32_t poc2 = 502'000;               // nonces in PoC2 order
  uint32_t sodium = 765'000;             // deadlines by logarithm
  uint32_t signum = 875'500;             // commitments may be made
  uint32_t poc_plus = 878'000;           // commitments weigh on deadlines and difficulty
  uint32_t speedway = 941'100;           // averages over longer windows, fees by size
  uint32_t reward_limit = 972'000;       // the reward of a block falls no further
  uint32_t smart_fees = 1'029'000;       // version 2 transactions, version 4 blocks, cash back
  uint32_t long_commitment = 1'029'000;  // a commitment waits for `commitment_wait_blocks`
};

// The parameters of one chain. The values that stand here are those of Signum's
// main net. A plain value; sharing a constant one among threads is safe.
//
// The functions take a height and tell what holds there. The node asks in two
// ways, for the block itself or, because it has not yet appended it, for the one
// before; each function says which height it wants, so that callers need not know.
struct Network {
  std::string name = "signum";
  std::string address_prefix = "S";
  Activations activations;

  // Time. Timestamps of blocks and transactions count seconds since the epoch.
  uint64_t epoch_unix_seconds = 1'407'722'400;  // 2014-08-11T02:00:00Z
  uint32_t block_seconds = 240;                 // what difficulty aims at
  uint32_t max_timestamp_ahead_seconds = 15;    // of this node's clock

  // Blocks.
  std::vector<ByteArray<32>> initial_keys;  // public keys that no block needs to tell
  uint64_t genesis_block_id = 3'444'294'670'862'540'038;
  uint64_t initial_base_target = 18'325'193'796;  // at it, 1 TiB forges a block in 240 s
  uint64_t max_base_target = 18'325'193'796;
  uint32_t max_rollback_blocks = 1'440;  // no fork that begins deeper is followed

  // What a block brings its forger: `reward_coins` from block 1 on, times
  // `reward_percentage` / 100 for each full cycle, `reward_limit_coins` at the end.
  uint64_t reward_coins = 10'000;
  uint32_t reward_percentage = 95;
  uint32_t reward_cycle_blocks = 10'800;
  uint64_t reward_limit_coins = 100;

  // Waits, in blocks.
  uint32_t reward_recipient_wait_blocks = 4;
  uint32_t early_commitment_wait_blocks = 60;
  uint32_t commitment_wait_blocks = 1'440;

  // Average commitment (planck per TiB) of every block before PoC+.
  uint64_t initial_average_commitment = 1'000 * kPlanckPerCoin;

  // A quarter of the fee goes to this account, where a transaction names it.
  uint64_t cash_back_id = 8'952'122'635'653'861'124u;
  uint32_t cash_back_factor = 4;

  // Order of the nonces that forge block `height`.
  PocVersion poc_version(uint32_t height) const;

  // Version of the block at `height`: -1 for the genesis block, 3 or 4.
  int32_t block_version(uint32_t height) const;

  // The only version of transactions, 0, 1 or 2, that the block at `height` may hold.
  uint8_t transaction_version(uint32_t height) const;

  // What the transactions of the block at `height` may weigh and number at most.
  uint32_t max_payload_bytes(uint32_t height) const;
  uint32_t max_transactions(uint32_t height) const;

  // The unit of fees in planck, at the height of the chain's last block.
  uint64_t fee_quant(uint32_t last_height) const;

  // The least fee in planck of a transaction whose attachment and appendages
  // together have `appendages_bytes`, at the height of the chain's last block.
  // True for payments, messages, and all that miners need; aliases, assets and
  // distributions cost more.
  uint64_t minimum_fee(uint32_t last_height, uint32_t appendages_bytes) const;

  // Blocks for which a commitment must have been in the chain before it counts;
  // `previous_height` is the height of the block before the one that is forged.
  uint32_t commitment_wait(uint32_t previous_height) const;

  // Blocks over which the average commitment of the block at `height` is smoothed.
  uint32_t average_commitment_window(uint32_t height) const;
};

// Signum's main net.
const Network& mainnet();

// A chain for one machine, prefix TS, where every rule of today's main net holds
// from the first block on, commitments wait for 3 blocks, and plots of 16 nonces in
// all forge a block each `block_seconds` on average at the initial base target,
// which is the largest. `block_seconds` is 1..86400; at 1 every deadline is 0.
//
// Where the main net measures plots in TiB, this chain measures them in units of
// 16 nonces: that is what a commitment is divided by.
Network devnet_network(uint32_t block_seconds);

}  // namespace quarry::signum
