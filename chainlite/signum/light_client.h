// Believes of a chain only what can be checked from its blocks alone.
//
// What a client without the accounts' state cannot know, above all the commitment
// of a generator, is not guessed: each check says what its answer rests on. A
// client that followed a chain from its first block has seen every commitment and
// every generator, and knows.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "chainlite/signum/block.h"
#include "chainlite/signum/consensus.h"
#include "chainlite/signum/network.h"

namespace quarry::signum {

// What an answer rests on, strongest first.
enum class Evidence {
  kVerified,  // computed here, from what was verified before
  kAssumed,   // within the bounds that can be computed here, but not settled by them
  kReported,  // the node says so
};
std::string_view evidence_name(Evidence evidence);  // "verified", ...

struct Check {
  std::string_view what;  // "link", "payload", ...
  Evidence evidence = Evidence::kReported;
  std::string note;  // why it is not verified
};

// A block with its place in the chain.
struct Header {
  uint32_t height = 0;
  uint64_t id = 0;
  Hash256 hash{};
  int32_t timestamp = 0;
  uint64_t generator = 0;
  Hash256 generation_signature{};
  BaseTarget base_target;
  Difficulty cumulative_difficulty;  // 0 unless followed from genesis
};

struct Verdict {
  Header header;
  std::vector<Check> checks;

  // The weakest of all checks: what may be said of the block as a whole.
  Evidence evidence() const;
};

// A block as a peer tells it.
struct PeerBlock {
  Block block;
  std::optional<uint64_t> packed_base_target;
};

// Follows one chain, block by block. Belongs to one thread. Memory: the headers of
// the last 1441 blocks, 8 bytes for each block, and keys, reward assignments and
// commitments seen.
class LightClient {
 public:
  // Begins at the network's first block, which is known by its id. `genesis` is
  // the block itself. kCorrupt if its id is another.
  static Result<LightClient> from_genesis(const Network& network, const Block& genesis);

  // Begins at a block that the caller trusts, or takes as told: what rests on it
  // is at best assumed until enough blocks stand above it. `below` are the headers
  // under it, newest first, for the base target's window; may be fewer.
  static LightClient from_anchor(const Network& network, const Header& anchor,
                                 std::vector<Header> below);

  // The next block. kCorrupt says which rule it breaks; the client stays where it
  // was. About 0.1 s: its nonce is computed.
  Result<Verdict> append(const PeerBlock& block);

  const Header& tip() const { return recent_.front(); }

 private:
  explicit LightClient(const Network& network) : network_(network) {}

  Status check_rules(const Block& block) const;
  Result<Check> check_nonce(const Block& block, uint64_t commitment) const;
  Result<Check> check_signature(const Block& block) const;
  Result<Check> check_base_target(const PeerBlock& block, uint64_t commitment,
                                  Header& header) const;
  uint64_t commitment_of(uint64_t generator) const;
  void learn(const Block& block, uint32_t height);

  struct Commitment {
    uint32_t height = 0;
    int64_t planck = 0;  // removed, if negative
  };
  struct Assignment {
    uint64_t recipient = 0, previous = 0;
    uint32_t from_height = 0;
  };

  Network network_;
  bool knows_all_ = false;     // followed from the first block
  std::deque<Header> recent_;  // newest first
  std::map<uint64_t, PublicKey> keys_;
  std::map<uint64_t, Assignment> assignments_;
  std::map<uint64_t, std::vector<Commitment>> commitments_;
  std::vector<uint64_t> generators_;  // by height, from genesis
};

// The checks of one block without its place: payload, form, transactions'
// signatures, and that `transaction` is in it. For proofs that are checked
// offline. kCorrupt says what does not hold; kNotFound if the transaction is not
// in the block.
Status verify_inclusion(const Block& block, uint64_t transaction);

}  // namespace quarry::signum
