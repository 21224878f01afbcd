// Follows another node of the same chain over protocol "B1": takes its blocks where
// they make the better chain, hands it ours where they do, and exchanges what waits.
// Everything that it says is checked by the chain.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "chainlite/devnet/chain.h"
#include "chainlite/signum/node_client.h"
#include "host/cancel.h"

namespace quarry::devnet {

// One thread at a time.
class Follower {
 public:
  // `chain` outlives it.
  Follower(Chain& chain, signum::NodeClient node) : chain_(chain), node_(std::move(node)) {}

  // One exchange with the other node. kNetwork if it does not answer, or has
  // nothing usable just now; kRefused with its words if it says no; kCorrupt if it
  // sent what breaks a rule, and the message names block and rule;
  // kInvalidArgument for another chain, or a fork too deep. The chain is whole in
  // any case.
  Status poll(const Cancel& cancel);

 private:
  struct Place {
    uint32_t height = 0;
    uint64_t id = 0;
  };

  Status exchange_transactions(const Cancel& cancel);
  Status catch_up(const Cancel& cancel);
  Status push_blocks(const Cancel& cancel);
  Result<Place> find_milestone(const Cancel& cancel);
  Result<Place> find_common(const Cancel& cancel);
  Result<std::vector<signum::Block>> download(uint64_t after, const Cancel& cancel);
  Status extend(Place tip, const Cancel& cancel);
  Status switch_to_fork(Place common, const Cancel& cancel);
  Status bad(const std::string& what) const;

  Chain& chain_;
  const signum::NodeClient node_;
  std::set<uint64_t> theirs_;  // waiting transactions that the other node told
  std::set<uint64_t> sent_;    // and those that it was told
  uint32_t polls_ = 0;
};

}  // namespace quarry::devnet
