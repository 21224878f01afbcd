// The state of a devnet: its blocks, transactions and accounts, in one SQLite
// file, each block in one database transaction. Knows no rules: what is applied
// has been checked (rules.h).
//
// Rows carry the height at which they came to be, so that going back to an earlier
// block deletes rows and computes nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "chainlite/devnet/genesis.h"
#include "chainlite/signum/block.h"
#include "chainlite/signum/consensus.h"
#include "host/sqlite.h"

namespace quarry::devnet {

// A block, and what follows from those below it.
struct ChainBlock {
  uint32_t height = 0;
  uint64_t id = 0;
  Hash256 hash{};
  signum::Block block;
  signum::BaseTarget base_target;  // for the next block's deadline
  signum::Difficulty cumulative_difficulty;
  uint64_t commitment = 0;  // the generator's, planck per capacity unit
};

struct ChainTransaction {
  uint64_t id = 0;
  Hash256 full_hash{};
  signum::Transaction transaction;
  uint32_t height = 0;
  uint32_t position = 0;  // in its block
  uint64_t block = 0;
  int32_t block_timestamp = 0;
};

struct Account {
  uint64_t id = 0;
  std::optional<signum::PublicKey> public_key;  // known since its first transaction or block
  uint64_t balance_planck = 0;                  // with what is committed
  uint64_t committed_planck = 0;
  uint64_t forged_planck = 0;

  uint64_t spendable_planck() const { return balance_planck - committed_planck; }
};

// Who gets the reward of an account's blocks.
struct RewardAssignment {
  uint64_t recipient = 0;
  uint32_t from_height = 0;
  uint64_t previous_recipient = 0;  // until then

  uint64_t recipient_at(uint32_t height) const {
    return height >= from_height ? recipient : previous_recipient;
  }
};

// Which transactions of an account are asked for.
struct TransactionFilter {
  std::optional<uint8_t> type, subtype;
  int64_t not_before = 0;  // timestamp of the block
  uint32_t most_height = UINT32_MAX;
  uint32_t first_index = 0, count = 100;  // newest first
};

// Not thread-safe; Chain locks. Failures of the database come as they are
// (host/sqlite.h); what does not exist is kNotFound.
class Ledger {
 public:
  // Opens the file, or begins the chain of `genesis` in it. kInvalidArgument if
  // the file holds the chain of another genesis.
  static Result<std::unique_ptr<Ledger>> open(const std::string& path, Genesis genesis);

  const signum::Network& network() const { return genesis_.network; }
  const Genesis& genesis() const { return genesis_; }

  // Blocks, with their transactions.
  Result<ChainBlock> tip();
  Result<ChainBlock> block_at(uint32_t height);
  Result<ChainBlock> block_by_id(uint64_t id);
  // The last block whose timestamp is not later.
  Result<ChainBlock> block_at_time(int64_t timestamp);
  // Without transactions: cheap.
  uint32_t height() const { return height_; }
  Result<uint64_t> block_id_at(uint32_t height);
  Result<uint32_t> height_of(uint64_t block_id);
  // Up to `count` blocks below and with `height`, newest first.
  Result<std::vector<signum::PastBlock>> past_blocks(uint32_t height, uint32_t count);
  Result<signum::BaseTarget> base_target_at(uint32_t height);

  // Transactions.
  Result<ChainTransaction> transaction(uint64_t id);
  Result<ChainTransaction> transaction_by_hash(const Hash256& full_hash);
  Result<std::vector<ChainTransaction>> transactions_of(uint64_t account,
                                                        const TransactionFilter& filter);

  // Accounts. An account exists once it had part in a transaction or block.
  Result<Account> account(uint64_t id);
  // The account, or an empty one of this id.
  Result<Account> account_or_new(uint64_t id);
  Result<std::optional<RewardAssignment>> reward_assignment(uint64_t account);
  Result<std::vector<uint64_t>> accounts_with_reward_recipient(uint64_t recipient);
  Result<std::vector<uint64_t>> blocks_of(uint64_t generator, uint32_t first, uint32_t count);
  // What the account's commitment counts for in the block after `previous_height`.
  Result<uint64_t> commitment_of(uint64_t account, uint32_t previous_height);

  // Appends the block. All of it is on the disk when this returns, or nothing.
  Status apply(const ChainBlock& block);

  // Everything between begin_fork and commit_fork, or nothing of it: to go back
  // and take another branch in one step. drop_fork, or an error of commit_fork,
  // leaves the chain as it was.
  Status begin_fork(uint32_t to_height);
  Status commit_fork();
  void drop_fork();

 private:
  Ledger(sqlite::Database database, Genesis genesis)
      : database_(std::move(database)), genesis_(std::move(genesis)) {}

  Status begin_chain();
  Status write(const ChainBlock& block);
  Result<ChainBlock> read_block(sqlite::Statement& row);
  Result<ChainTransaction> read_transaction(sqlite::Statement& row);
  Result<int64_t> count(sqlite::Statement query);

  sqlite::Database database_;
  const Genesis genesis_;
  uint32_t height_ = 0;
  std::optional<sqlite::Transaction> fork_;
  uint32_t fork_from_ = 0;  // the height when the fork began
};

}  // namespace quarry::devnet
