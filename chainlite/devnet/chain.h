// A devnet's chain: the ledger, what waits for a block, and the choice between
// forks. Every method may be called by any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "chainlite/devnet/ledger.h"
#include "chainlite/devnet/mempool.h"
#include "chainlite/devnet/rules.h"
#include "host/cancel.h"
#include "host/clock.h"

namespace quarry::devnet {

// What a miner needs to know of the block to be forged.
struct Round {
  uint32_t height = 0;
  Hash256 generation_signature{};
  signum::BaseTarget base_target;
  uint64_t previous_block = 0;
  int32_t previous_timestamp = 0;
};

class Chain {
 public:
  // Opens or begins the chain in the SQLite file `path`. `clock` outlives it.
  static Result<std::unique_ptr<Chain>> open(const std::string& path, uint32_t block_seconds,
                                             WallClock& clock);

  const Genesis& genesis() const { return genesis_; }
  const signum::Network& network() const { return genesis_.network; }

  // Seconds since the chain's epoch.
  int64_t now() const;

  // Calls `read(ledger, mempool)` with both locked, and returns what it returns.
  template <class Read>
  auto read(Read read) {
    const std::lock_guard lock(mutex_);
    return read(*ledger_, static_cast<const Mempool&>(mempool_));
  }

  Result<Round> round();

  // Takes a transaction into the pool of those that wait.
  Status submit(const signum::Transaction& transaction);

  // Appends a block that follows the last one. kCorrupt says which rule it breaks.
  // One that is in the chain already is no failure.
  Status append(const signum::Block& block);

  // Makes the next block of what waits, for a nonce whose hit and deadline were
  // computed for this round, and appends it. kInvalidArgument if the round is over.
  struct Nonce {
    Round round;
    signum::PublicKey generator{};
    uint64_t nonce = 0, hit = 0;
  };
  Result<ChainBlock> forge(const Nonce& nonce, const signum::KeyPair& signer);

  // Replaces the blocks above `common_height` by `branch` if that has the larger
  // cumulative difficulty: true if it did. What was in the blocks that went waits
  // again. All or nothing: kCorrupt if any block of the branch breaks a rule, and
  // the chain stays as it is. kInvalidArgument if the fork begins too deep.
  Result<bool> adopt(uint32_t common_height, std::vector<signum::Block> branch,
                     const Cancel& cancel);

 private:
  Chain(std::unique_ptr<Ledger> ledger, WallClock& clock)
      : genesis_(ledger->genesis()), ledger_(std::move(ledger)), clock_(clock) {}

  Status append_locked(const HashedBlock& block);
  Result<bool> replace_locked(uint32_t common_height, const std::vector<HashedBlock>& branch);

  const Genesis genesis_;
  std::mutex mutex_;
  std::unique_ptr<Ledger> ledger_;
  Mempool mempool_;
  WallClock& clock_;
};

}  // namespace quarry::devnet
