// Makes blocks of the nonces that miners submit, when their time has come.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/status.h"
#include "chainlite/devnet/chain.h"

namespace quarry::devnet {

// Keeps the best nonce of the round. Every method may be called by any thread.
class Forger {
 public:
  // `chain` outlives it.
  explicit Forger(Chain& chain) : chain_(chain) {}

  // Keys that the node itself forges with: of its owner, and of the faucet, which
  // can be made the reward recipient of any account. A miner of theirs need not
  // send a passphrase.
  void add_keys(signum::KeyPair keys);

  // A nonce of `account` for the round of `height` (none: the current one), signed
  // by `keys` (null: by one of the node's own). Returns hit / base target, as
  // miners know it. kInvalidArgument in the words of the live node.
  Result<uint64_t> submit(std::optional<uint64_t> account, uint64_t nonce,
                          std::optional<uint64_t> height,
                          std::shared_ptr<const signum::KeyPair> keys);

  // Forges if the best nonce's time has come: the new block, or none. Called a few
  // times a second.
  Result<std::optional<ChainBlock>> tick();

 private:
  struct Offer {
    Chain::Nonce nonce;
    int64_t deadline = 0;  // seconds, as the chain waits
    std::shared_ptr<const signum::KeyPair> signer;
  };
  struct Signer {
    signum::PublicKey generator{};
    std::shared_ptr<const signum::KeyPair> keys;
  };
  Result<Signer> find_signer(std::optional<uint64_t> account,
                             std::shared_ptr<const signum::KeyPair> keys, uint32_t height);

  Chain& chain_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<const signum::KeyPair>> own_keys_;
  std::optional<Offer> best_;
};

}  // namespace quarry::devnet
