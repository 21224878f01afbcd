#include "chainlite/devnet/ledger.h"

#include <algorithm>
#include <string>
#include <utility>

#include "chainlite/devnet/effects.h"

namespace quarry::devnet {
namespace {

using sqlite::Statement;

constexpr int32_t kSchemaVersion = 1;

constexpr const char* kSchema = R"(
  CREATE TABLE block (
    height INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, hash BLOB NOT NULL,
    bytes BLOB NOT NULL, timestamp INTEGER NOT NULL, generator INTEGER NOT NULL,
    capacity_base_target INTEGER NOT NULL, average_commitment INTEGER NOT NULL,
    cumulative_difficulty TEXT NOT NULL, commitment INTEGER NOT NULL);
  CREATE INDEX block_by_generator ON block (generator, height);
  CREATE INDEX block_by_time ON block (timestamp);
  CREATE TABLE tx (
    id INTEGER PRIMARY KEY, full_hash BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL,
    height INTEGER NOT NULL, position INTEGER NOT NULL,
    type INTEGER NOT NULL, subtype INTEGER NOT NULL);
  CREATE INDEX tx_by_height ON tx (height, position);
  CREATE TABLE part (  -- an account has part in a transaction
    account INTEGER NOT NULL, height INTEGER NOT NULL, position INTEGER NOT NULL,
    tx INTEGER NOT NULL, PRIMARY KEY (account, height, position)) WITHOUT ROWID;
  CREATE INDEX part_by_height ON part (height);
  CREATE TABLE account (
    id INTEGER NOT NULL, height INTEGER NOT NULL, public_key BLOB,
    balance INTEGER NOT NULL, committed INTEGER NOT NULL, forged INTEGER NOT NULL,
    PRIMARY KEY (id, height)) WITHOUT ROWID;
  CREATE INDEX account_by_height ON account (height);
  CREATE TABLE commitment (account INTEGER NOT NULL, height INTEGER NOT NULL, delta INTEGER NOT NULL);
  CREATE INDEX commitment_by_account ON commitment (account, height);
  CREATE INDEX commitment_by_height ON commitment (height);
  CREATE TABLE reward (
    account INTEGER NOT NULL, height INTEGER NOT NULL, recipient INTEGER NOT NULL,
    previous_recipient INTEGER NOT NULL, PRIMARY KEY (account, height)) WITHOUT ROWID;
  CREATE INDEX reward_by_height ON reward (height);
  CREATE INDEX reward_by_recipient ON reward (recipient);
)";

constexpr const char* kTablesByHeight[] = {"block",   "tx",         "part",
                                           "account", "commitment", "reward"};

constexpr const char* kBlockColumns =
    "SELECT height, id, hash, bytes, capacity_base_target, average_commitment, "
    "cumulative_difficulty, commitment FROM block ";
constexpr const char* kTransactionColumns =
    "SELECT tx.id, tx.full_hash, tx.bytes, tx.height, tx.position, block.id, block.timestamp "
    "FROM tx JOIN block ON block.height = tx.height ";

Status not_found(const std::string& what) { return Status(Code::kNotFound, "no " + what); }

Hash256 hash_column(const Statement& row, int column) {
  Hash256 hash{};
  const Bytes bytes = row.blob(column);
  std::copy_n(bytes.begin(), std::min(bytes.size(), hash.size()), hash.begin());
  return hash;
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& path, Genesis genesis) {
  QUARRY_ASSIGN(auto database, sqlite::Database::open(path));
  std::unique_ptr<Ledger> ledger(new Ledger(std::move(database), std::move(genesis)));
  QUARRY_ASSIGN(const int64_t version, ledger->database_.user_version());
  if (version == 0) {
    QUARRY_TRY(ledger->begin_chain());
  } else if (version != kSchemaVersion) {
    return Status(Code::kUnsupported, path + ": a chain of version " + std::to_string(version) +
                                          "; this build reads version 1");
  }
  QUARRY_ASSIGN(const uint64_t first, ledger->block_id_at(0));
  if (first != ledger->network().genesis_block_id)
    return Status(Code::kInvalidArgument,
                  path + ": this chain began with other parameters (its first block is " +
                      std::to_string(first) +
                      "): give the same --block-seconds, or another --data");
  QUARRY_ASSIGN(auto query, ledger->database_.prepare("SELECT max(height) FROM block"));
  QUARRY_ASSIGN(const int64_t height, ledger->count(std::move(query)));
  ledger->height_ = static_cast<uint32_t>(height);
  return ledger;
}

Status Ledger::begin_chain() {
  QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
  QUARRY_TRY(database_.execute(kSchema));
  ChainBlock first;
  first.block = genesis_.block;
  first.hash = signum::block_hash(first.block);
  first.id = signum::block_id(first.hash);
  first.base_target = signum::genesis_base_target(network());
  QUARRY_TRY(write(first));
  QUARRY_TRY(database_.set_user_version(kSchemaVersion));
  return transaction.commit();
}

// Blocks.

Result<ChainBlock> Ledger::read_block(Statement& row) {
  ChainBlock found;
  found.height = static_cast<uint32_t>(row.integer(0));
  found.id = row.unsigned_integer(1);
  found.hash = hash_column(row, 2);
  QUARRY_ASSIGN(found.block, signum::parse_block(row.blob(3)));
  found.base_target = {row.unsigned_integer(4), row.unsigned_integer(5)};
  QUARRY_ASSIGN(found.cumulative_difficulty, signum::Difficulty::parse(row.text(6)));
  found.commitment = row.unsigned_integer(7);
  row.reset();

  QUARRY_ASSIGN(auto query,
                database_.prepare("SELECT bytes FROM tx WHERE height = ?1 ORDER BY position"));
  query.bind_all(found.height);
  for (;;) {
    QUARRY_ASSIGN(const bool has_row, query.step());
    if (!has_row) break;
    QUARRY_ASSIGN(auto transaction, signum::parse_transaction(query.blob(0)));
    found.block.transactions.push_back(std::move(transaction));
  }
  if (signum::block_hash(found.block) != found.hash)
    return Status(Code::kCorrupt, "the chain's file is damaged: block " +
                                      std::to_string(found.height) + " is not what its hash says");
  return found;
}

Result<ChainBlock> Ledger::tip() { return block_at(height_); }

Result<ChainBlock> Ledger::block_at(uint32_t height) {
  QUARRY_ASSIGN(auto query, database_.prepare(kBlockColumns + std::string("WHERE height = ?1")));
  query.bind_all(height);
  QUARRY_ASSIGN(const bool found, query.step());
  if (!found) return not_found("block at height " + std::to_string(height));
  return read_block(query);
}

Result<ChainBlock> Ledger::block_by_id(uint64_t id) {
  QUARRY_ASSIGN(auto query, database_.prepare(kBlockColumns + std::string("WHERE id = ?1")));
  query.bind_all(id);
  QUARRY_ASSIGN(const bool found, query.step());
  if (!found) return not_found("block " + std::to_string(id));
  return read_block(query);
}

Result<ChainBlock> Ledger::block_at_time(int64_t timestamp) {
  QUARRY_ASSIGN(auto query,
                database_.prepare(kBlockColumns + std::string("WHERE timestamp <= ?1 "
                                                              "ORDER BY timestamp DESC LIMIT 1")));
  query.bind_all(timestamp);
  QUARRY_ASSIGN(const bool found, query.step());
  if (!found) return not_found("block so early");
  return read_block(query);
}

Result<uint64_t> Ledger::block_id_at(uint32_t height) {
  QUARRY_ASSIGN(auto query, database_.prepare("SELECT id FROM block WHERE height = ?1"));
  query.bind_all(height);
  QUARRY_ASSIGN(const bool found, query.step());
  if (!found) return not_found("block at height " + std::to_string(height));
  return query.unsigned_integer(0);
}

Result<uint32_t> Ledger::height_of(uint64_t block_id) {
  QUARRY_ASSIGN(auto query, database_.prepare("SELECT height FROM block WHERE id = ?1"));
  query.bind_all(block_id);
  QUARRY_ASSIGN(const bool found, query.step());
  if (!found) return not_found("block " + std::to_string(block_id));
  return static_cast<uint32_t>(query.integer(0));
}

Result<std::vector<signum::PastBlock>> Ledger::past_blocks(uint32_t height, uint32_t count) {
  QUARRY_ASSIGN(auto query, database_.prepare("SELECT timestamp, capacity_base_target FROM block "
                                              "WHERE height <= ?1 ORDER BY height DESC LIMIT ?2"));
  query.bind_all(height, count);
  std::vector<signum::PastBlock> past;
  for (;;) {
    QUARRY_ASSIGN(const bool has_row, query.step());
    if (!has_row) return past;
    past.push_back({query.integer(0), query.unsigned_integer(1)});
  }
}

Result<signum::BaseTarget> Ledger::base_target_at(uint32_t height) {
  QUARRY_ASSIGN(auto query, database_.prepare("SELECT capacity_base_target, average_commitment "
                                              "FROM block WHERE height = ?1"));
  query.bind_all(height);
  QUARRY_ASSIGN(const bool found, query.step());
  if (!found) return not_found("block at height " + std::to_string(height));
  return signum::BaseTarget{query.unsigned_integer(0), query.unsigned_integer(1)};
}

Result<std::vector<uint64_t>> Ledger::blocks_of(uint64_t generator, uint32_t first,
                                                uint32_t count) {
  QUARRY_ASSIGN(auto query,
                database_.prepare("SELECT id FROM block WHERE generator = ?1 AND "
                                  "height > 0 ORDER BY height DESC LIMIT ?2 OFFSET ?3"));
  query.bind_all(generator, count, first);
  std::vector<uint64_t> ids;
  for (;;) {
    QUARRY_ASSIGN(const bool has_row, query.step());
    if (!has_row) return ids;
    ids.push_back(query.unsigned_integer(0));
  }
}

// Transactions.

Result<ChainTransaction> Ledger::read_transaction(Statement& row) {
  ChainTransaction found;
  found.id = row.unsigned_integer(0);
  found.full_hash = hash_column(row, 1);
  QUARRY_ASSIGN(found.transaction, signum::parse_transaction(row.blob(2)));
  found.height = static_cast<uint32_t>(row.integer(3));
  found.position = static_cast<uint32_t>(row.integer(4));
  found.block = row.unsigned_integer(5);
  found.block_timestamp = static_cast<int32_t>(row.integer(6));
  return found;
}

Result<ChainTransaction> Ledger::transaction(uint64_t id) {
  QUARRY_ASSIGN(auto query,
                database_.prepare(kTransactionColumns + std::string("WHERE tx.id = ?1")));
  query.bind_all(id);
  QUARRY_ASSIGN(const bool found, query.step());
  if (!found) return not_found("transaction " + std::to_string(id));
  return read_transaction(query);
}

Result<ChainTransaction> Ledger::transaction_by_hash(const Hash256& full_hash) {
  QUARRY_ASSIGN(auto query,
                database_.prepare(kTransactionColumns + std::string("WHERE tx.full_hash = ?1")));
  query.bind(1, std::span<const std::byte>(full_hash));
  QUARRY_ASSIGN(const bool found, query.step());
  if (!found) return not_found("transaction of this hash");
  return read_transaction(query);
}

Result<std::vector<ChainTransaction>> Ledger::transactions_of(uint64_t account,
                                                              const TransactionFilter& filter) {
  // -1 stands for any kind.
  QUARRY_ASSIGN(
      auto query,
      database_.prepare(kTransactionColumns +
                        std::string("JOIN part ON part.tx = tx.id WHERE part.account = ?1 "
                                    "AND (?2 < 0 OR tx.type = ?2) AND (?3 < 0 OR tx.subtype = ?3) "
                                    "AND block.timestamp >= ?4 AND part.height <= ?5 ORDER BY "
                                    "part.height DESC, part.position DESC LIMIT ?6 OFFSET ?7")));
  query.bind_all(account, filter.type ? int{*filter.type} : -1,
                 filter.subtype ? int{*filter.subtype} : -1, filter.not_before,
                 int64_t{filter.most_height}, filter.count, filter.first_index);
  std::vector<ChainTransaction> list;
  for (;;) {
    QUARRY_ASSIGN(const bool has_row, query.step());
    if (!has_row) return list;
    QUARRY_ASSIGN(auto found, read_transaction(query));
    list.push_back(std::move(found));
  }
}

// Accounts.

Result<Account> Ledger::account(uint64_t id) {
  QUARRY_ASSIGN(auto query,
                database_.prepare("SELECT public_key, balance, committed, forged FROM account "
                                  "WHERE id = ?1 ORDER BY height DESC LIMIT 1"));
  query.bind_all(id);
  QUARRY_ASSIGN(const bool found, query.step());
  if (!found) return not_found("account " + std::to_string(id));
  Account account;
  account.id = id;
  if (!query.is_null(0)) account.public_key = hash_column(query, 0);
  account.balance_planck = query.unsigned_integer(1);
  account.committed_planck = query.unsigned_integer(2);
  account.forged_planck = query.unsigned_integer(3);
  return account;
}

Result<Account> Ledger::account_or_new(uint64_t id) {
  auto found = account(id);
  if (!found.ok() && found.status().code() == Code::kNotFound) {
    Account fresh;
    fresh.id = id;
    return fresh;
  }
  return found;
}

Result<std::optional<RewardAssignment>> Ledger::reward_assignment(uint64_t account) {
  QUARRY_ASSIGN(auto query,
                database_.prepare("SELECT recipient, height, previous_recipient FROM reward "
                                  "WHERE account = ?1 ORDER BY height DESC LIMIT 1"));
  query.bind_all(account);
  QUARRY_ASSIGN(const bool found, query.step());
  if (!found) return std::optional<RewardAssignment>();
  RewardAssignment assignment;
  assignment.recipient = query.unsigned_integer(0);
  assignment.from_height =
      static_cast<uint32_t>(query.integer(1)) + network().reward_recipient_wait_blocks;
  assignment.previous_recipient = query.unsigned_integer(2);
  return std::optional(assignment);
}

Result<std::vector<uint64_t>> Ledger::accounts_with_reward_recipient(uint64_t recipient) {
  QUARRY_ASSIGN(
      auto query,
      database_.prepare("SELECT account FROM reward AS r WHERE recipient = ?1 AND height = "
                        "(SELECT max(height) FROM reward WHERE account = r.account) LIMIT 1000"));
  query.bind_all(recipient);
  std::vector<uint64_t> accounts;
  for (;;) {
    QUARRY_ASSIGN(const bool has_row, query.step());
    if (!has_row) return accounts;
    accounts.push_back(query.unsigned_integer(0));
  }
}

Result<int64_t> Ledger::count(Statement query) {
  QUARRY_ASSIGN(const bool found, query.step());
  return found ? query.integer(0) : 0;
}

Result<uint64_t> Ledger::commitment_of(uint64_t account, uint32_t previous_height) {
  const uint32_t wait = network().commitment_wait(previous_height);
  QUARRY_ASSIGN(auto sum, database_.prepare("SELECT coalesce(sum(delta), 0) FROM commitment WHERE "
                                            "account = ?1 AND height <= "
                                            "CASE WHEN delta > 0 THEN ?2 ELSE ?3 END"));
  sum.bind_all(account, int64_t{previous_height} - wait, previous_height);
  QUARRY_ASSIGN(const int64_t committed, count(std::move(sum)));

  signum::ForgedBlocks forged;
  for (auto [blocks, result] : {std::pair(360u, &forged.in_360), std::pair(1440u, &forged.in_1440),
                                std::pair(32400u, &forged.in_32400)}) {
    QUARRY_ASSIGN(auto query, database_.prepare("SELECT count(*) FROM block WHERE generator = ?1 "
                                                "AND height BETWEEN ?2 AND ?3"));
    query.bind_all(account, int64_t{previous_height} - blocks, previous_height);
    QUARRY_ASSIGN(const int64_t number, count(std::move(query)));
    *result = static_cast<uint32_t>(number);
  }
  QUARRY_ASSIGN(const auto target, base_target_at(previous_height));
  return signum::commitment_per_capacity(network(), previous_height, target.capacity,
                                         static_cast<uint64_t>(std::max<int64_t>(committed, 0)),
                                         forged);
}

// Changes.

Status Ledger::write(const ChainBlock& block) {
  QUARRY_ASSIGN(const Effects effects, effects_of(*this, block));
  QUARRY_ASSIGN(auto insert_block,
                database_.prepare("INSERT INTO block VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"));
  QUARRY_TRY(insert_block.run(
      block.height, block.id, std::span<const std::byte>(block.hash),
      std::span<const std::byte>(signum::block_bytes(block.block)), block.block.timestamp,
      block.block.generator_id(), block.base_target.capacity, block.base_target.average_commitment,
      std::string_view(block.cumulative_difficulty.text()), block.commitment));
  QUARRY_ASSIGN(auto insert_transaction,
                database_.prepare("INSERT INTO tx VALUES (?1,?2,?3,?4,?5,?6,?7)"));
  uint32_t position = 0;
  for (const auto& transaction : block.block.transactions) {
    const Hash256 hash = signum::full_hash(transaction);
    const auto kind = signum::kind_of(transaction.attachment);
    QUARRY_TRY(
        insert_transaction.run(signum::id_of(hash), std::span<const std::byte>(hash),
                               std::span<const std::byte>(signum::transaction_bytes(transaction)),
                               block.height, position++, kind.type, kind.subtype));
  }
  QUARRY_ASSIGN(auto insert_part, database_.prepare("INSERT INTO part VALUES (?1,?2,?3,?4)"));
  for (const auto& part : effects.parts)
    QUARRY_TRY(insert_part.run(part.account, block.height, part.position, part.transaction));
  QUARRY_ASSIGN(auto insert_account,
                database_.prepare("INSERT INTO account VALUES (?1,?2,?3,?4,?5,?6)"));
  for (const auto& [id, account] : effects.accounts) {
    insert_account.bind_all(id, block.height);
    if (account.public_key)
      insert_account.bind(3, std::span<const std::byte>(*account.public_key));
    else
      insert_account.bind(3, nullptr);
    insert_account.bind(4, account.balance_planck);
    insert_account.bind(5, account.committed_planck);
    insert_account.bind(6, account.forged_planck);
    QUARRY_TRY(insert_account.run());
  }
  QUARRY_ASSIGN(auto insert_commitment,
                database_.prepare("INSERT INTO commitment VALUES (?1,?2,?3)"));
  for (const auto& [account, delta] : effects.commitments)
    QUARRY_TRY(insert_commitment.run(account, block.height, delta));
  QUARRY_ASSIGN(auto insert_reward,
                database_.prepare("INSERT OR REPLACE INTO reward VALUES (?1,?2,?3,?4)"));
  for (const auto& reward : effects.rewards)
    QUARRY_TRY(insert_reward.run(reward.account, block.height, reward.recipient,
                                 reward.previous_recipient));
  return Status();
}

Status Ledger::apply(const ChainBlock& block) {
  QUARRY_CHECK(block.height == height_ + 1);
  if (fork_) {
    QUARRY_TRY(write(block));
  } else {
    QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
    QUARRY_TRY(write(block));
    QUARRY_TRY(transaction.commit());
  }
  height_ = block.height;
  return Status();
}

Status Ledger::begin_fork(uint32_t to_height) {
  QUARRY_CHECK(!fork_ && to_height <= height_);
  QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
  for (const char* table : kTablesByHeight) {
    QUARRY_ASSIGN(auto remove,
                  database_.prepare("DELETE FROM " + std::string(table) + " WHERE height > ?1"));
    QUARRY_TRY(remove.run(to_height));
  }
  fork_.emplace(std::move(transaction));
  fork_from_ = std::exchange(height_, to_height);
  return Status();
}

Status Ledger::commit_fork() {
  QUARRY_CHECK(fork_);
  const Status committed = fork_->commit();
  if (!committed.ok()) {
    drop_fork();
    return committed;
  }
  fork_.reset();
  return Status();
}

void Ledger::drop_fork() {
  QUARRY_CHECK(fork_);
  fork_.reset();
  height_ = fork_from_;
}

}  // namespace quarry::devnet
