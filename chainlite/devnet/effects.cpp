#include "chainlite/devnet/effects.h"

#include <set>

namespace quarry::devnet {
namespace {

class Bookkeeper {
 public:
  Bookkeeper(Ledger& ledger, uint32_t height) : ledger_(ledger), height_(height) {}

  Result<Account*> account(uint64_t id) {
    const auto known = effects.accounts.find(id);
    if (known != effects.accounts.end()) return &known->second;
    QUARRY_ASSIGN(Account account, ledger_.account_or_new(id));
    return &effects.accounts.emplace(id, std::move(account)).first->second;
  }

  Status credit(uint64_t id, uint64_t planck) {
    QUARRY_ASSIGN(Account * account, this->account(id));
    account->balance_planck += planck;
    return account->balance_planck <= signum::kMostPlanck ? Status() : corrupt("holds too much");
  }

  Status debit(uint64_t id, uint64_t planck) {
    QUARRY_ASSIGN(Account * account, this->account(id));
    if (account->spendable_planck() < planck) return corrupt("spends more than it has");
    account->balance_planck -= planck;
    return Status();
  }

  Status commit(uint64_t id, uint64_t planck) {
    QUARRY_ASSIGN(Account * account, this->account(id));
    if (account->spendable_planck() < planck) return corrupt("commits more than it has");
    account->committed_planck += planck;
    effects.commitments.emplace_back(id, static_cast<int64_t>(planck));
    return Status();
  }

  Status release(uint64_t id, uint64_t planck) {
    QUARRY_ASSIGN(Account * account, this->account(id));
    if (account->committed_planck < planck) return corrupt("removes more than it committed");
    account->committed_planck -= planck;
    effects.commitments.emplace_back(id, -static_cast<int64_t>(planck));
    return Status();
  }

  Status learn_key(const signum::PublicKey& key) {
    QUARRY_ASSIGN(Account * account, this->account(signum::account_of(key)));
    if (!account->public_key) account->public_key = key;
    return Status();
  }

  Status assign_reward(uint64_t id, uint64_t recipient) {
    QUARRY_ASSIGN(const auto current, ledger_.reward_assignment(id));
    const uint64_t previous = current ? current->recipient_at(height_) : id;
    effects.rewards.push_back({id, recipient, previous});
    return Status();
  }

  Effects effects;

 private:
  static Status corrupt(const char* what) {
    return Status(Code::kCorrupt, std::string("block: an account ") + what);
  }

  Ledger& ledger_;
  const uint32_t height_;
};

Status apply_transaction(const signum::Transaction& transaction, const signum::Network& network,
                         Bookkeeper& books) {
  const uint64_t sender = transaction.sender_id();
  QUARRY_TRY(books.learn_key(transaction.sender));
  QUARRY_TRY(books.debit(sender, transaction.amount_planck + transaction.fee_planck));
  if (transaction.version >= 2)
    QUARRY_TRY(
        books.credit(transaction.cash_back_id, transaction.fee_planck / network.cash_back_factor));
  if (transaction.announced_key) QUARRY_TRY(books.learn_key(*transaction.announced_key));

  const auto& attachment = transaction.attachment;
  if (const auto* multi = std::get_if<signum::MultiOutPayment>(&attachment)) {
    for (const auto& [recipient, amount] : multi->recipients)
      QUARRY_TRY(books.credit(recipient, amount));
  } else if (const auto* same = std::get_if<signum::MultiSameOutPayment>(&attachment)) {
    for (const uint64_t recipient : same->recipients)
      QUARRY_TRY(books.credit(recipient, transaction.amount_planck / same->recipients.size()));
  } else if (const auto* add = std::get_if<signum::AddCommitment>(&attachment)) {
    return books.commit(sender, add->amount_planck);
  } else if (const auto* remove = std::get_if<signum::RemoveCommitment>(&attachment)) {
    return books.release(sender, remove->amount_planck);
  } else if (std::holds_alternative<signum::RewardRecipientAssignment>(attachment)) {
    return books.assign_reward(sender, transaction.recipient);
  } else if (std::holds_alternative<signum::Payment>(attachment)) {
    return books.credit(transaction.recipient, transaction.amount_planck);
  }
  return Status();
}

void take_part(const signum::Transaction& transaction, uint32_t position, Effects& effects) {
  std::set<uint64_t> accounts = {transaction.sender_id()};
  if (signum::has_recipient(transaction.attachment)) accounts.insert(transaction.recipient);
  if (const auto* multi = std::get_if<signum::MultiOutPayment>(&transaction.attachment))
    for (const auto& [recipient, unused] : multi->recipients) accounts.insert(recipient);
  if (const auto* same = std::get_if<signum::MultiSameOutPayment>(&transaction.attachment))
    accounts.insert(same->recipients.begin(), same->recipients.end());
  const uint64_t id = signum::id_of(signum::full_hash(transaction));
  for (const uint64_t account : accounts) effects.parts.push_back({account, id, position});
}

}  // namespace

uint64_t cash_back_planck(const signum::Network& network, const signum::Block& block) {
  uint64_t sum = 0;
  for (const auto& transaction : block.transactions)
    if (transaction.version >= 2) sum += transaction.fee_planck / network.cash_back_factor;
  return sum;
}

Result<Effects> effects_of(Ledger& ledger, const ChainBlock& chain_block) {
  const auto& block = chain_block.block;
  const auto& network = ledger.network();
  Bookkeeper books(ledger, chain_block.height);
  if (chain_block.height == 0) {
    QUARRY_TRY(books.learn_key(ledger.genesis().faucet));
    QUARRY_TRY(books.credit(signum::account_of(ledger.genesis().faucet), kFaucetPlanck));
    return std::move(books.effects);
  }
  uint32_t position = 0;
  for (const auto& transaction : block.transactions) {
    QUARRY_TRY(apply_transaction(transaction, network, books));
    take_part(transaction, position++, books.effects);
  }
  QUARRY_TRY(books.learn_key(block.generator));
  const uint64_t generator = block.generator_id();
  QUARRY_ASSIGN(const auto assignment, ledger.reward_assignment(generator));
  const uint64_t receiver = assignment ? assignment->recipient_at(chain_block.height) : generator;
  const uint64_t reward = signum::block_reward(network, chain_block.height) +
                          block.total_fee_planck - cash_back_planck(network, block);
  QUARRY_TRY(books.credit(receiver, reward));
  QUARRY_ASSIGN(Account * account, books.account(receiver));
  account->forged_planck += reward;
  return std::move(books.effects);
}

}  // namespace quarry::devnet
