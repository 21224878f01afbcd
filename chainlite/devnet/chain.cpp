#include "chainlite/devnet/chain.h"

#include <utility>

namespace quarry::devnet {

Result<std::unique_ptr<Chain>> Chain::open(const std::string& path, uint32_t block_seconds,
                                           WallClock& clock) {
  QUARRY_ASSIGN(auto ledger, Ledger::open(path, make_genesis(block_seconds)));
  return std::unique_ptr<Chain>(new Chain(std::move(ledger), clock));
}

int64_t Chain::now() const {
  return clock_.unix_seconds() - static_cast<int64_t>(network().epoch_unix_seconds);
}

Result<Round> Chain::round() {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(const ChainBlock tip, ledger_->tip());
  Round round;
  round.height = tip.height + 1;
  round.generation_signature =
      signum::next_generation_signature(tip.block.generation_signature, tip.block.generator_id());
  round.base_target = tip.base_target;
  round.previous_block = tip.id;
  round.previous_timestamp = tip.block.timestamp;
  return round;
}

Status Chain::submit(const signum::Transaction& transaction) {
  const std::lock_guard lock(mutex_);
  return mempool_.add(*ledger_, transaction, now());
}

Status Chain::append_locked(const HashedBlock& block) {
  QUARRY_ASSIGN(const ChainBlock checked, check_block(*ledger_, block, now()));
  QUARRY_TRY(ledger_->apply(checked));
  mempool_.refresh(*ledger_, now());
  return Status();
}

Status Chain::append(const signum::Block& block) {
  const Hash256 hash = signum::block_hash(block);
  ChainBlock previous;
  {
    const std::lock_guard lock(mutex_);
    if (ledger_->height_of(signum::block_id(hash)).ok()) return Status();
    QUARRY_ASSIGN(previous, ledger_->tip());
  }
  // The nonce takes a while: without the lock. If the chain grows meanwhile, the
  // block does not follow its last one any more, and is refused.
  QUARRY_ASSIGN(const HashedBlock hashed,
                hash_block(network(), block, previous.height + 1,
                           previous.block.generation_signature, previous.block.generator_id()));
  const std::lock_guard lock(mutex_);
  return append_locked(hashed);
}

Result<ChainBlock> Chain::forge(const Nonce& nonce, const signum::KeyPair& signer) {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(const ChainBlock previous, ledger_->tip());
  if (previous.id != nonce.round.previous_block)
    return Status(Code::kInvalidArgument, "the round is over: another block came first");
  HashedBlock hashed;
  hashed.height = nonce.round.height;
  hashed.hit = nonce.hit;
  signum::Block& block = hashed.block;
  block.version = network().block_version(hashed.height);
  block.timestamp = static_cast<int32_t>(now());
  block.previous_block = previous.id;
  block.previous_block_hash = previous.hash;
  block.generator = nonce.generator;
  block.generation_signature = nonce.round.generation_signature;
  block.nonce = nonce.nonce;
  block.transactions = mempool_.select(*ledger_, block.timestamp);
  signum::seal_payload(block);
  QUARRY_TRY(signum::sign(block, signer));
  hashed.hash = signum::block_hash(block);
  QUARRY_TRY(append_locked(hashed));
  return ledger_->tip();
}

Result<bool> Chain::adopt(uint32_t common_height, std::vector<signum::Block> branch,
                          const Cancel& cancel) {
  ChainBlock common;
  {
    const std::lock_guard lock(mutex_);
    if (common_height > ledger_->height() ||
        ledger_->height() - common_height > network().max_rollback_blocks)
      return Status(Code::kInvalidArgument,
                    "the fork begins at height " + std::to_string(common_height) +
                        ", and no more than " + std::to_string(network().max_rollback_blocks) +
                        " blocks are taken back");
    QUARRY_ASSIGN(common, ledger_->block_at(common_height));
  }
  std::vector<HashedBlock> hashed;
  Hash256 signature = common.block.generation_signature;
  uint64_t generator = common.block.generator_id();
  for (auto& block : branch) {
    QUARRY_TRY(cancel.status());
    const auto height = common_height + 1 + static_cast<uint32_t>(hashed.size());
    auto next = hash_block(network(), std::move(block), height, signature, generator);
    if (!next.ok()) return next.status().with_context("height " + std::to_string(height));
    signature = next->block.generation_signature;
    generator = next->block.generator_id();
    hashed.push_back(std::move(*next));
  }
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(const uint64_t id, ledger_->block_id_at(common_height));
  if (id != common.id) return false;  // the chain changed meanwhile: ask again
  return replace_locked(common_height, hashed);
}

Result<bool> Chain::replace_locked(uint32_t common_height, const std::vector<HashedBlock>& branch) {
  QUARRY_ASSIGN(const ChainBlock old_tip, ledger_->tip());
  std::vector<signum::Transaction> orphans;
  for (uint32_t height = common_height + 1; height <= old_tip.height; height++) {
    QUARRY_ASSIGN(const ChainBlock block, ledger_->block_at(height));
    orphans.insert(orphans.end(), block.block.transactions.begin(), block.block.transactions.end());
  }
  QUARRY_TRY(ledger_->begin_fork(common_height));
  const auto take_branch = [&]() -> Result<bool> {
    for (const HashedBlock& block : branch) {
      const auto checked = check_block(*ledger_, block, now());
      if (!checked.ok())
        return checked.status().with_context("height " + std::to_string(block.height));
      QUARRY_TRY(ledger_->apply(*checked));
    }
    QUARRY_ASSIGN(const ChainBlock new_tip, ledger_->tip());
    return new_tip.cumulative_difficulty > old_tip.cumulative_difficulty;
  };
  const auto better = take_branch();
  if (!better.ok() || !*better) {
    ledger_->drop_fork();
    return better;
  }
  QUARRY_TRY(ledger_->commit_fork());
  mempool_.refresh(*ledger_, now());
  for (const auto& transaction : orphans) {
    // Those that the new branch holds too, or that do not fit it, stay away.
    const Status added = mempool_.add(*ledger_, transaction, now());
    (void)added.ok();
  }
  return true;
}

}  // namespace quarry::devnet
