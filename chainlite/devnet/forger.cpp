#include "chainlite/devnet/forger.h"

#include <utility>

#include "chainlite/signum/nonce.h"

namespace quarry::devnet {
namespace {

Status refused(const char* why) { return Status(Code::kInvalidArgument, why); }

}  // namespace

void Forger::add_keys(signum::KeyPair keys) {
  const std::lock_guard lock(mutex_);
  own_keys_.push_back(std::make_shared<const signum::KeyPair>(std::move(keys)));
}

// The generator's public key, and the keys that sign its blocks at this height.
Result<Forger::Signer> Forger::find_signer(std::optional<uint64_t> account,
                                           std::shared_ptr<const signum::KeyPair> keys,
                                           uint32_t height) {
  const auto own = [&](uint64_t id) -> std::shared_ptr<const signum::KeyPair> {
    const std::lock_guard lock(mutex_);
    for (const auto& candidate : own_keys_)
      if (candidate->account_id() == id) return candidate;
    return nullptr;
  };
  if (!account && !keys) return refused("Missing accountId or secretPhrase");
  const uint64_t generator = account ? *account : keys->account_id();
  return chain_.read([&](Ledger& ledger, const Mempool&) -> Result<Signer> {
    QUARRY_ASSIGN(const auto assignment, ledger.reward_assignment(generator));
    const uint64_t recipient = assignment ? assignment->recipient_at(height) : generator;
    Signer signer;
    signer.keys = keys ? keys : own(recipient);
    if (!signer.keys)
      return refused("Missing secretPhrase, and the account's reward recipient is not this node");
    if (signer.keys->account_id() != recipient)
      return refused(assignment ? "Passphrase does not match reward recipient"
                                : "Passphrase is for a different account");
    if (signer.keys->account_id() == generator) {
      signer.generator = signer.keys->public_key();
      return signer;
    }
    QUARRY_ASSIGN(const Account miner, ledger.account_or_new(generator));
    if (!miner.public_key) return refused("Passthrough mining requires public key in the chain");
    signer.generator = *miner.public_key;
    return signer;
  });
}

Result<uint64_t> Forger::submit(std::optional<uint64_t> account, uint64_t nonce,
                                std::optional<uint64_t> height,
                                std::shared_ptr<const signum::KeyPair> keys) {
  QUARRY_ASSIGN(const Round round, chain_.round());
  if (height && *height != round.height)
    return refused("Given block height does not match current blockchain height");
  QUARRY_ASSIGN(Signer signer, find_signer(account, std::move(keys), round.height));
  Offer offer;
  offer.nonce.round = round;
  offer.nonce.generator = signer.generator;
  offer.nonce.nonce = nonce;
  offer.signer = std::move(signer.keys);
  const uint64_t generator = signum::account_of(signer.generator);
  offer.nonce.hit =
      signum::hit(generator, nonce, signum::scoop_number(round.generation_signature, round.height),
                  round.generation_signature, chain_.network().poc_version(round.height));
  QUARRY_ASSIGN(offer.deadline, chain_.read([&](Ledger& ledger, const Mempool&) {
    return deadline_of(ledger, generator, offer.nonce.hit);
  }));
  const uint64_t legacy = signum::legacy_deadline(offer.nonce.hit, round.base_target.capacity);
  const std::lock_guard lock(mutex_);
  const bool is_other_round = !best_ || best_->nonce.round.previous_block != round.previous_block;
  if (is_other_round || offer.deadline < best_->deadline ||
      (offer.deadline == best_->deadline && offer.nonce.hit < best_->nonce.hit))
    best_ = std::move(offer);
  return legacy;
}

Result<std::optional<ChainBlock>> Forger::tick() {
  std::optional<Offer> due;
  {
    const std::lock_guard lock(mutex_);
    if (!best_) return std::optional<ChainBlock>();
    if (chain_.now() - best_->nonce.round.previous_timestamp <= best_->deadline)
      return std::optional<ChainBlock>();
    due = std::exchange(best_, std::nullopt);
  }
  auto forged = chain_.forge(due->nonce, *due->signer);
  if (forged.ok()) return std::optional(std::move(*forged));
  // Another block came first: nothing of this round is left to do.
  if (forged.status().code() == Code::kInvalidArgument) return std::optional<ChainBlock>();
  return forged.status();
}

}  // namespace quarry::devnet
