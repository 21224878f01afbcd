// What one node asks another, protocol "B1". Internal to the API.
//
// Facts: signum-node, brs.peer.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/status.h"
#include "chainlite/devnet/chain.h"

namespace quarry::devnet {

// Blocks and bytes of payload in one reply at most.
inline constexpr uint32_t kMostPeerBlocks = 1440;
inline constexpr size_t kMostPeerBytes = size_t{1} << 20;

// Answers the request that the body of a POST holds, or {"error":...}. Any thread.
nlohmann::json answer_peer(Chain& chain, std::string_view body);

}  // namespace quarry::devnet
