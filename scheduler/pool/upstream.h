// The node under a pool: what it is asked, and what it is given.
//
// The pool's passphrase goes to it with each nonce, since the block is signed by the
// rewards' recipient: it must be on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/secret.h"
#include "base/status.h"
#include "chainlite/signum/node_client.h"
#include "host/cancel.h"
#include "scheduler/pool/round.h"

namespace quarry::pool {

// A block in the chain, as far as a pool looks at it.
struct ChainBlock {
  uint64_t id = 0;
  uint32_t height = 0;
  int64_t timestamp = 0;
  uint64_t generator = 0;
  uint64_t nonce = 0;
  signum::GenerationSignature generation_signature{};
  // What its forger's reward recipient got: reward and fees, less cash back and what
  // is burnt. Facts: signum-node, BlockServiceImpl.apply.
  uint64_t reward_planck = 0;
};

struct ChainFacts {
  std::string address_prefix;  // "S", "TS"
  std::string coin;            // "SIGNA"
};

// Any thread; each call is one request. Failures as NodeClient::call's.
class Upstream {
 public:
  // kRefused if the node is not on this machine. Both outlive it.
  static Result<Upstream> open(const signum::NodeClient& node, const Secret& passphrase);

  const signum::NodeClient& node() const { return *node_; }

  Result<ChainFacts> facts(const Cancel& cancel) const;

  // The block to be forged now. kCorrupt if its base target is 0.
  Result<Round> round(const Cancel& cancel) const;

  // Accounts whose rewards go to `account`, itself among them unless it assigned its
  // own elsewhere.
  Result<std::set<uint64_t>> members(uint64_t account, const Cancel& cancel) const;

  // The block at `height`. kCorrupt if the node tells of another height.
  Result<ChainBlock> block(uint32_t height, const Cancel& cancel) const;

  // Hands a nonce in. kRefused with the node's words.
  Status submit(const Submission& submission, uint32_t height, const Cancel& cancel) const;

  // Blocks on top of the one that holds this transaction, or nothing if it waits for
  // one. kNotFound if the node knows none such.
  Result<std::optional<uint32_t>> confirmations(const Hash256& full_hash,
                                                const Cancel& cancel) const;

 private:
  Upstream(const signum::NodeClient& node, const Secret& passphrase)
      : node_(&node), passphrase_(&passphrase) {}

  const signum::NodeClient* node_;
  const Secret* passphrase_;
};

}  // namespace quarry::pool
