// Follows a node's chain with the light client: fetches, checks, tells.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/status.h"
#include "chainlite/signum/light_client.h"
#include "chainlite/signum/node_client.h"

namespace quarry::signum {

// Which chain the node says that it has: Signum's main net, or a devnet of the
// block time that it names. kUnsupported for others. Its first block, as told; the
// light client compares its id with the network's.
struct ChainOfNode {
  Network network;
  Block genesis;
};
Result<ChainOfNode> identify_chain(const NodeClient& node, const Cancel& cancel);

// Checks the node's blocks from `first_height` (1: from genesis) to `last_height`,
// calling `each` with every verdict and the block. Where it does not begin at
// genesis, the block below is taken as the node tells it (Evidence says so).
// Returns the last verdict; kCorrupt if a block breaks a rule; kNotFound if the
// node has no such blocks.
struct SyncRange {
  uint32_t first_height = 1;
  uint32_t last_height = UINT32_MAX;  // the tip
};
using EachBlock = std::function<Status(const Verdict& verdict, const PeerBlock& block)>;
Result<Verdict> sync_chain(const NodeClient& node, const ChainOfNode& chain, SyncRange range,
                           const EachBlock& each, const Cancel& cancel);

}  // namespace quarry::signum
