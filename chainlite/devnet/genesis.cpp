#include "chainlite/devnet/genesis.h"

#include <string>

#include "base/secret.h"

namespace quarry::devnet {

Genesis make_genesis(uint32_t block_seconds) {
  Genesis genesis;
  genesis.network = signum::devnet_network(block_seconds);
  genesis.faucet =
      signum::KeyPair::from_passphrase(Secret::copy_of(kFaucetPassphrase)).public_key();
  QUARRY_CHECK(genesis.network.initial_keys == std::vector{genesis.faucet});
  // Like the main net's first block, with the chain's parameters in the place of
  // the hash of no transactions.
  genesis.block.version = -1;
  const std::string parameters =
      "quarry devnet 1\nblock seconds " + std::to_string(block_seconds) + "\n";
  genesis.block.payload_hash = sha256({text_bytes(parameters), genesis.faucet});
  genesis.network.genesis_block_id = signum::block_id(signum::block_hash(genesis.block));
  return genesis;
}

}  // namespace quarry::devnet
