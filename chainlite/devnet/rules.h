// What a devnet accepts: the rules of Signum's main net as they are today, from
// the first block on (network.h). No state of its own; reads the ledger's.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/status.h"
#include "chainlite/devnet/ledger.h"

namespace quarry::devnet {

// What transactions that are not yet in the chain would take from accounts.
struct Pending {
  std::map<uint64_t, uint64_t> spent_planck;    // by sender, fees and commitments with it
  std::map<uint64_t, uint64_t> removed_planck;  // of commitments
  std::map<uint64_t, uint64_t> assignments;     // reward assignments by account: one at a time

  // Counts a transaction that passed check_transaction.
  void add(const signum::Transaction& transaction);
};

// Whether the transaction may stand in the block after the ledger's last one, at
// `timestamp`, beside what is pending. kInvalidArgument says why not; its words
// are for the sender. The signature is checked too.
Status check_transaction(Ledger& ledger, const signum::Transaction& transaction, int64_t timestamp,
                         const Pending& pending);

// The same for one that is still to be signed.
Status check_unsigned(Ledger& ledger, const signum::Transaction& transaction, int64_t timestamp,
                      const Pending& pending);

// A block with what can be computed without the ledger: done before the chain is
// locked, since a nonce takes a while (about 0.1 s).
struct HashedBlock {
  signum::Block block;
  Hash256 hash{};
  uint32_t height = 0;
  uint64_t hit = 0;
};

// Checks the block's payload and computes its hit as a block of this height,
// whose previous block has `previous_generation_signature` and `previous_generator`.
// kCorrupt says what is wrong.
Result<HashedBlock> hash_block(const signum::Network& network, signum::Block block, uint32_t height,
                               const Hash256& previous_generation_signature,
                               uint64_t previous_generator);

// The block as the ledger's next, or kCorrupt with the rule that it breaks.
// `now`: seconds since the chain's epoch.
Result<ChainBlock> check_block(Ledger& ledger, const HashedBlock& hashed, int64_t now);

// Whose key signs the blocks of a generator at `height`: its own, or its reward
// recipient's. kInvalidArgument if the recipient has not announced a key.
Result<signum::PublicKey> block_signer(Ledger& ledger, const signum::PublicKey& generator,
                                       uint32_t height);

// Seconds that the generator of a hit must wait after the ledger's last block,
// with the commitment that it has: the block's timestamp is later than that.
Result<int64_t> deadline_of(Ledger& ledger, uint64_t generator, uint64_t hit);

// What follows from the block's place: base target, difficulty, commitment.
Result<ChainBlock> place_block(Ledger& ledger, signum::Block block, const Hash256& hash);

}  // namespace quarry::devnet
