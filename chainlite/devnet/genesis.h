// How a devnet begins: its first block, and who has coins in it.
#pragma once

#include <cstdint>
#include <string_view>

#include "chainlite/signum/block.h"
#include "chainlite/signum/network.h"

namespace quarry::devnet {

// The faucet's passphrase is known to all: its coins are worth nothing.
inline constexpr std::string_view kFaucetPassphrase = "quarry devnet faucet";
inline constexpr uint64_t kFaucetPlanck = 1'000'000'000 * signum::kPlanckPerCoin;

struct Genesis {
  signum::Network network;  // genesis_block_id is set
  signum::Block block;
  signum::PublicKey faucet{};  // owns kFaucetPlanck from the start
};

// The same for everyone who gives the same number, 1..86400: a chain is known by
// its genesis block's id, and devnets of other parameters are other chains.
Genesis make_genesis(uint32_t block_seconds);

}  // namespace quarry::devnet
