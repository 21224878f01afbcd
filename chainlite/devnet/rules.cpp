#include "chainlite/devnet/rules.h"

#include <string>

#include "base/hex.h"
#include "chainlite/signum/nonce.h"

namespace quarry::devnet {
namespace {

Status refused(const std::string& why) { return Status(Code::kInvalidArgument, why); }
Status corrupt(const std::string& why) { return Status(Code::kCorrupt, "block: " + why); }

uint64_t spent_by(const std::map<uint64_t, uint64_t>& sums, uint64_t account) {
  const auto found = sums.find(account);
  return found == sums.end() ? 0 : found->second;
}

// Bytes of attachment and appendages, which cost fees.
uint32_t appendages_bytes(const signum::Transaction& transaction) {
  constexpr uint32_t kHeadBytes = 184;  // of version 2
  return static_cast<uint32_t>(signum::transaction_bytes(transaction).size()) - kHeadBytes;
}

// Binding to a block of this chain keeps a transaction off any fork without it.
Status check_ec_block(Ledger& ledger, const signum::Transaction& transaction) {
  const auto id = ledger.block_id_at(transaction.ec_block_height);
  if (!id.ok() && id.status().code() != Code::kNotFound) return id.status();
  if (!id.ok() || *id != transaction.ec_block_id)
    return refused("Transaction belongs to a different fork: block " +
                   std::to_string(transaction.ec_block_id) + " is not at height " +
                   std::to_string(transaction.ec_block_height));
  return Status();
}

Status check_not_there(Ledger& ledger, const signum::Transaction& transaction) {
  const Hash256 hash = signum::full_hash(transaction);
  const auto known = ledger.transaction(signum::id_of(hash));
  if (known.ok()) return refused("Transaction is already in the chain");
  if (known.status().code() != Code::kNotFound) return known.status();
  if (transaction.referenced_full_hash == Hash256{}) return Status();
  const auto referenced = ledger.transaction_by_hash(transaction.referenced_full_hash);
  if (referenced.ok()) return Status();
  if (referenced.status().code() != Code::kNotFound) return referenced.status();
  return refused("Referenced transaction is not in the chain");
}

Status check_key(Ledger& ledger, const signum::PublicKey& key) {
  QUARRY_ASSIGN(const Account account, ledger.account_or_new(signum::account_of(key)));
  if (account.public_key && *account.public_key != key)
    return refused("A different public key for this account has already been announced");
  return Status();
}

Status check_balance(Ledger& ledger, const signum::Transaction& transaction,
                     const Pending& pending) {
  const uint64_t sender = transaction.sender_id();
  QUARRY_ASSIGN(const Account account, ledger.account_or_new(sender));
  QUARRY_ASSIGN(const uint64_t total, signum::total_planck(transaction));
  const uint64_t spent = spent_by(pending.spent_planck, sender);
  if (spent > account.spendable_planck() || total > account.spendable_planck() - spent)
    return refused("Not enough funds: " + std::to_string(account.spendable_planck() - spent) +
                   " planck are left to spend, " + std::to_string(total) + " are needed");
  if (const auto* remove = std::get_if<signum::RemoveCommitment>(&transaction.attachment)) {
    const uint64_t removed = spent_by(pending.removed_planck, sender);
    if (removed > account.committed_planck ||
        remove->amount_planck > account.committed_planck - removed)
      return refused("Not enough committed: " + std::to_string(account.committed_planck - removed) +
                     " planck are");
  }
  return Status();
}

Status check_assignment(Ledger& ledger, const signum::Transaction& transaction,
                        const Pending& pending) {
  if (!std::holds_alternative<signum::RewardRecipientAssignment>(transaction.attachment))
    return Status();
  const uint64_t sender = transaction.sender_id();
  if (pending.assignments.contains(sender))
    return refused("A reward assignment of this account is waiting already");
  QUARRY_ASSIGN(const auto current, ledger.reward_assignment(sender));
  if (current && current->from_height > ledger.height() + 1)
    return refused(
        "The last reward assignment of this account does not yet hold: wait until block " +
        std::to_string(current->from_height));
  QUARRY_ASSIGN(const Account recipient, ledger.account_or_new(transaction.recipient));
  if (!recipient.public_key && transaction.recipient != sender)
    return refused("Reward recipient must have public key saved in the chain");
  return Status();
}

}  // namespace

void Pending::add(const signum::Transaction& transaction) {
  const uint64_t sender = transaction.sender_id();
  // It passed check_transaction, so it has a total.
  spent_planck[sender] += *signum::total_planck(transaction);
  if (const auto* remove = std::get_if<signum::RemoveCommitment>(&transaction.attachment))
    removed_planck[sender] += remove->amount_planck;
  if (std::holds_alternative<signum::RewardRecipientAssignment>(transaction.attachment))
    assignments[sender]++;
}

Status check_unsigned(Ledger& ledger, const signum::Transaction& transaction, int64_t timestamp,
                      const Pending& pending) {
  const auto& network = ledger.network();
  const auto kind = signum::kind_of(transaction.attachment);
  QUARRY_TRY(signum::check_form(transaction));
  if (!signum::is_interpreted(kind) || kind.type == 2)
    return refused("This devnet has no transactions of " + signum::kind_name(kind));
  if (transaction.version != network.transaction_version(ledger.height() + 1))
    return refused("Invalid transaction version " + std::to_string(transaction.version));
  if (transaction.cash_back_id != network.cash_back_id)
    return refused("Invalid cash back ID " + std::to_string(transaction.cash_back_id));
  if (transaction.timestamp > timestamp + network.max_timestamp_ahead_seconds)
    return refused("Invalid transaction timestamp: it lies in the future");
  if (transaction.expiration() < timestamp) return refused("Transaction has expired");
  if (const uint64_t least =
          network.minimum_fee(ledger.height() + 1, appendages_bytes(transaction));
      transaction.fee_planck < least)
    return refused("Transaction fee " + std::to_string(transaction.fee_planck) +
                   " less than minimum fee " + std::to_string(least));
  QUARRY_TRY(check_ec_block(ledger, transaction));
  QUARRY_TRY(check_not_there(ledger, transaction));
  QUARRY_TRY(check_key(ledger, transaction.sender));
  if (transaction.announced_key) QUARRY_TRY(check_key(ledger, *transaction.announced_key));
  QUARRY_TRY(check_assignment(ledger, transaction, pending));
  return check_balance(ledger, transaction, pending);
}

Status check_transaction(Ledger& ledger, const signum::Transaction& transaction, int64_t timestamp,
                         const Pending& pending) {
  QUARRY_TRY(check_unsigned(ledger, transaction, timestamp, pending));
  if (!signum::verify_signature(transaction))
    return refused("Transaction signature verification failed");
  return Status();
}

Result<HashedBlock> hash_block(const signum::Network& network, signum::Block block, uint32_t height,
                               const Hash256& previous_generation_signature,
                               uint64_t previous_generator) {
  const auto expected =
      signum::next_generation_signature(previous_generation_signature, previous_generator);
  if (block.generation_signature != expected)
    return corrupt("its generation signature does not follow from the block before");
  QUARRY_TRY(signum::check_payload(block));
  HashedBlock hashed;
  hashed.height = height;
  hashed.hash = signum::block_hash(block);
  hashed.hit = signum::hit(block.generator_id(), block.nonce,
                           signum::scoop_number(block.generation_signature, height),
                           block.generation_signature, network.poc_version(height));
  hashed.block = std::move(block);
  return hashed;
}

Result<signum::PublicKey> block_signer(Ledger& ledger, const signum::PublicKey& generator,
                                       uint32_t height) {
  const uint64_t id = signum::account_of(generator);
  QUARRY_ASSIGN(const auto assignment, ledger.reward_assignment(id));
  const uint64_t recipient = assignment ? assignment->recipient_at(height) : id;
  if (recipient == id) return generator;
  QUARRY_ASSIGN(const Account account, ledger.account_or_new(recipient));
  if (!account.public_key)
    return refused("the reward recipient " + std::to_string(recipient) + " has announced no key");
  return *account.public_key;
}

Result<int64_t> deadline_of(Ledger& ledger, uint64_t generator, uint64_t hit) {
  QUARRY_ASSIGN(const auto target, ledger.base_target_at(ledger.height()));
  QUARRY_ASSIGN(const uint64_t commitment, ledger.commitment_of(generator, ledger.height()));
  signum::DeadlineInput input;
  input.height = ledger.height() + 1;
  input.hit = hit;
  input.capacity_base_target = target.capacity;
  input.commitment_factor = signum::commitment_factor(commitment, target.average_commitment);
  return signum::deadline_seconds(ledger.network(), input);
}

Result<ChainBlock> place_block(Ledger& ledger, signum::Block block, const Hash256& hash) {
  const auto& network = ledger.network();
  ChainBlock placed;
  placed.height = ledger.height() + 1;
  placed.hash = hash;
  placed.id = signum::block_id(hash);
  QUARRY_ASSIGN(placed.commitment, ledger.commitment_of(block.generator_id(), ledger.height()));
  QUARRY_ASSIGN(const auto past, ledger.past_blocks(ledger.height(), signum::base_target_window(
                                                                         network, placed.height)));
  QUARRY_ASSIGN(const auto previous, ledger.base_target_at(ledger.height()));
  QUARRY_ASSIGN(const auto long_ago,
                ledger.base_target_at(signum::past_commitment_height(network, placed.height)));
  signum::NextBlock next;
  next.height = placed.height;
  next.timestamp = block.timestamp;
  next.past = past;
  next.commitment = placed.commitment;
  next.previous_average_commitment = previous.average_commitment;
  next.past_average_commitment = long_ago.average_commitment;
  const signum::BlockTarget target = signum::next_base_target(network, next);
  QUARRY_ASSIGN(const ChainBlock tip, ledger.tip());
  placed.base_target = target.base_target;
  placed.cumulative_difficulty = tip.cumulative_difficulty + target.difficulty;
  placed.block = std::move(block);
  return placed;
}

Result<ChainBlock> check_block(Ledger& ledger, const HashedBlock& hashed, int64_t now) {
  const auto& block = hashed.block;
  const auto& network = ledger.network();
  QUARRY_ASSIGN(const ChainBlock previous, ledger.tip());
  const uint32_t height = previous.height + 1;
  if (hashed.height != height || block.previous_block != previous.id ||
      block.previous_block_hash != previous.hash)
    return corrupt("it does not follow the last block, " + std::to_string(previous.id));
  if (block.version != network.block_version(height))
    return corrupt("version " + std::to_string(block.version));
  if (block.timestamp <= previous.block.timestamp ||
      block.timestamp > now + network.max_timestamp_ahead_seconds)
    return corrupt("its time is not between that of the block before and now");
  if (!block.automated_transactions.empty())
    return corrupt("this devnet has no automated transactions");
  if (block.transactions.size() > network.max_transactions(height) ||
      block.payload_length > network.max_payload_bytes(height))
    return corrupt("too many transactions");

  Pending pending;
  for (const auto& transaction : block.transactions) {
    if (const Status status = check_transaction(ledger, transaction, block.timestamp, pending);
        !status.ok())
      return status.code() == Code::kInvalidArgument
                 ? corrupt("transaction " +
                           std::to_string(signum::id_of(signum::full_hash(transaction))) + ": " +
                           status.message())
                 : status;
    pending.add(transaction);
  }
  if (const Status key = check_key(ledger, block.generator); !key.ok())
    return corrupt(key.message());
  QUARRY_ASSIGN(const int64_t deadline, deadline_of(ledger, block.generator_id(), hashed.hit));
  if (block.timestamp - previous.block.timestamp <= deadline)
    return corrupt("it is too early: its nonce has a deadline of " + std::to_string(deadline) +
                   " seconds");
  const auto signer = block_signer(ledger, block.generator, height);
  if (!signer.ok()) return corrupt(signer.status().message());
  if (!signum::verify_signature(block, *signer)) return corrupt("its signature does not hold");
  return place_block(ledger, block, hashed.hash);
}

}  // namespace quarry::devnet
