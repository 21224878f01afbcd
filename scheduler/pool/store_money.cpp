// Blocks won, what is owed for them, and payouts; and views of it all.
#include <algorithm>

#include "scheduler/pool/store.h"

namespace quarry::pool {
namespace {

Status wrong(std::string message) { return Status(Code::kInvalidArgument, std::move(message)); }

int64_t number(WonBlock::State state) { return static_cast<int64_t>(state); }
int64_t number(Payout::State state) { return static_cast<int64_t>(state); }

}  // namespace

Result<uint64_t> Store::amount(std::string_view name) {
  QUARRY_ASSIGN(auto row, query("SELECT planck FROM amounts WHERE name = ?1", name));
  QUARRY_ASSIGN(const bool found, row.step());
  if (!found) return Status(Code::kCorrupt, "the pool's store lacks " + std::string(name));
  return row.unsigned_integer(0);
}

Status Store::set_amount(std::string_view name, uint64_t planck) {
  return run("UPDATE amounts SET planck = ?2 WHERE name = ?1", name, planck);
}

Status Store::add_amount(std::string_view name, uint64_t planck) {
  QUARRY_ASSIGN(const uint64_t before, amount(name));
  return set_amount(name, before + planck);
}

// --- Blocks ---

Result<std::vector<WonBlock>> Store::blocks(std::string_view condition, uint64_t value) {
  QUARRY_ASSIGN(auto rows,
                query("SELECT id, height, account, nonce, state, reward, fee FROM blocks " +
                          std::string(condition),
                      value));
  std::vector<WonBlock> found;
  while (true) {
    QUARRY_ASSIGN(const bool more, rows.step());
    if (!more) return found;
    found.push_back({.id = rows.unsigned_integer(0),
                     .height = static_cast<uint32_t>(rows.integer(1)),
                     .account_id = rows.unsigned_integer(2),
                     .nonce = rows.unsigned_integer(3),
                     .state = static_cast<WonBlock::State>(rows.integer(4)),
                     .reward_planck = rows.unsigned_integer(5),
                     .fee_planck = rows.unsigned_integer(6)});
  }
}

Result<bool> Store::win(const Round& round, const WonBlock& block) {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
  QUARRY_TRY(decide(round));
  if (database_.changes() == 0) return false;
  QUARRY_TRY(
      run("INSERT INTO blocks (id, height, account, nonce) VALUES (?1, ?2, ?3, ?4) "
          "ON CONFLICT DO NOTHING",
          block.id, block.height, block.account_id, block.nonce));
  const bool is_new = database_.changes() != 0;
  if (is_new) {
    QUARRY_ASSIGN(const auto all, tallies(round.height));
    for (const auto& [account, tally] : all)
      QUARRY_TRY(
          run("INSERT INTO weights VALUES (?1, ?2, ?3)", block.id, account, weight_of(tally)));
  }
  QUARRY_TRY(transaction.commit());
  return is_new;
}

Result<std::vector<WonBlock>> Store::pending_blocks() {
  const std::lock_guard lock(mutex_);
  return blocks("WHERE state = ?1 ORDER BY height",
                static_cast<uint64_t>(number(WonBlock::State::kPending)));
}

Status Store::credit(uint64_t block_id, uint64_t reward_planck, uint32_t fee_ppm) {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
  const uint64_t fee = fee_of(reward_planck, fee_ppm);
  QUARRY_TRY(run("UPDATE blocks SET state = ?2, reward = ?3, fee = ?4 WHERE id = ?1 AND state = ?5",
                 block_id, number(WonBlock::State::kCredited), reward_planck, fee,
                 number(WonBlock::State::kPending)));
  if (database_.changes() != 1) return wrong("the block's reward is not to be credited");
  QUARRY_TRY(add_amount("fees", fee));
  QUARRY_TRY(credit_accounts(block_id, reward_planck - fee));
  return transaction.commit();
}

Status Store::credit_accounts(uint64_t block_id, uint64_t planck) {
  QUARRY_ASSIGN(auto rows, query("SELECT account, weight FROM weights WHERE block = ?1", block_id));
  std::vector<uint64_t> accounts, weights;
  while (true) {
    QUARRY_ASSIGN(const bool more, rows.step());
    if (!more) break;
    accounts.push_back(rows.unsigned_integer(0));
    weights.push_back(rows.unsigned_integer(1));
  }
  QUARRY_ASSIGN(const uint64_t carried, amount("carried"));
  const Split split = split_reward(planck + carried, weights);
  for (size_t i = 0; i < accounts.size(); i++)
    QUARRY_TRY(
        run("UPDATE accounts SET owed = owed + ?2 WHERE id = ?1", accounts[i], split.amounts[i]));
  QUARRY_TRY(set_amount("carried", split.remainder));
  return run("DELETE FROM weights WHERE block = ?1", block_id);
}

Status Store::orphan(uint64_t block_id) {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
  QUARRY_TRY(run("UPDATE blocks SET state = ?2 WHERE id = ?1 AND state = ?3", block_id,
                 number(WonBlock::State::kOrphaned), number(WonBlock::State::kPending)));
  if (database_.changes() != 1) return wrong("the block is decided already");
  QUARRY_TRY(run("DELETE FROM weights WHERE block = ?1", block_id));
  return transaction.commit();
}

// --- Payouts ---

Result<Amounts> Store::due(uint64_t least, uint64_t except, size_t most) {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto rows, query("SELECT id, owed FROM accounts WHERE owed >= ?1 AND owed > 0 "
                                 "AND id <> ?2 ORDER BY owed DESC, id LIMIT ?3",
                                 least, except, most));
  Amounts amounts;
  while (true) {
    QUARRY_ASSIGN(const bool more, rows.step());
    if (!more) return amounts;
    amounts.emplace_back(rows.unsigned_integer(0), rows.unsigned_integer(1));
  }
}

Status Store::begin_payout(const Payout& payout) {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
  QUARRY_TRY(
      run("INSERT INTO payouts (bytes, full_hash, transaction_fee, expires) "
          "VALUES (?1, ?2, ?3, ?4)",
          std::span<const std::byte>(payout.transaction), payout.full_hash,
          payout.transaction_fee_planck, payout.expires));
  const int64_t id = database_.last_row_id();
  for (const auto& [account, planck] : payout.amounts) {
    QUARRY_TRY(
        run("UPDATE accounts SET owed = owed - ?2 WHERE id = ?1 AND owed >= ?2", account, planck));
    if (database_.changes() != 1) return wrong("more would be paid than is owed");
    QUARRY_TRY(run("INSERT INTO payout_parts VALUES (?1, ?2, ?3)", id, account, planck));
  }
  return transaction.commit();
}

Result<Amounts> Store::parts_of(int64_t payout) {
  QUARRY_ASSIGN(auto rows,
                query("SELECT account, planck FROM payout_parts WHERE payout = ?1", payout));
  Amounts amounts;
  while (true) {
    QUARRY_ASSIGN(const bool more, rows.step());
    if (!more) return amounts;
    amounts.emplace_back(rows.unsigned_integer(0), rows.unsigned_integer(1));
  }
}

Result<std::vector<Payout>> Store::open_payouts() {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto rows, query("SELECT id, bytes, full_hash, transaction_fee, expires "
                                 "FROM payouts WHERE state = ?1 ORDER BY id",
                                 number(Payout::State::kOpen)));
  std::vector<Payout> payouts;
  while (true) {
    QUARRY_ASSIGN(const bool more, rows.step());
    if (!more) return payouts;
    Payout payout;
    payout.id = rows.integer(0);
    payout.transaction = rows.blob(1);
    const Bytes hash = rows.blob(2);
    if (hash.size() != payout.full_hash.size())
      return Status(Code::kCorrupt, "the pool's store: a payout without its hash");
    std::copy(hash.begin(), hash.end(), payout.full_hash.begin());
    payout.transaction_fee_planck = rows.unsigned_integer(3);
    payout.expires = rows.integer(4);
    QUARRY_ASSIGN(payout.amounts, parts_of(payout.id));
    payouts.push_back(std::move(payout));
  }
}

Status Store::end_payout(int64_t id, Payout::State state) {
  QUARRY_CHECK(state != Payout::State::kOpen);
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
  QUARRY_TRY(run("UPDATE payouts SET state = ?2 WHERE id = ?1 AND state = ?3", id, number(state),
                 number(Payout::State::kOpen)));
  if (database_.changes() != 1) return wrong("the payout has ended already");
  const bool is_paid = state == Payout::State::kConfirmed;
  QUARRY_ASSIGN(const Amounts parts, parts_of(id));
  for (const auto& [account, planck] : parts)
    QUARRY_TRY(run(is_paid ? "UPDATE accounts SET paid = paid + ?2 WHERE id = ?1"
                           : "UPDATE accounts SET owed = owed + ?2 WHERE id = ?1",
                   account, planck));
  if (is_paid) {
    QUARRY_ASSIGN(auto row, query("SELECT transaction_fee FROM payouts WHERE id = ?1", id));
    QUARRY_TRY(row.step().status());
    const uint64_t fee = row.unsigned_integer(0);
    row.reset();
    QUARRY_TRY(add_amount("transaction_fees", fee));
  }
  return transaction.commit();
}

// --- Views ---

Result<std::vector<MinerState>> Store::miners() {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto last, query("SELECT COALESCE(MAX(height), 0) FROM rounds"));
  QUARRY_TRY(last.step().status());
  const auto height = static_cast<uint32_t>(last.integer(0));
  last.reset();
  QUARRY_ASSIGN(const auto all, tallies(height));
  QUARRY_ASSIGN(
      auto rows,
      query("SELECT id, name, software, capacity_gib, accepted, refused, owed, paid, "
            "COALESCE((SELECT MAX(banned_until) FROM lies WHERE account = id), 0) FROM accounts"));
  std::vector<MinerState> miners;
  while (true) {
    QUARRY_ASSIGN(const bool more, rows.step());
    if (!more) return miners;
    MinerState miner;
    miner.account_id = rows.unsigned_integer(0);
    miner.words = {rows.text(1), rows.text(2), rows.unsigned_integer(3)};
    miner.accepted = rows.unsigned_integer(4);
    miner.refused = rows.unsigned_integer(5);
    miner.owed_planck = rows.unsigned_integer(6);
    miner.paid_planck = rows.unsigned_integer(7);
    const auto until = static_cast<uint32_t>(rows.integer(8));
    miner.banned_until = until > height ? until : 0;
    if (const auto found = all.find(miner.account_id); found != all.end()) {
      miner.tally = found->second;
      miner.weight = weight_of(miner.tally);
    } else if (miner.owed_planck == 0) {
      continue;
    }
    miners.push_back(std::move(miner));
  }
}

Result<std::vector<WonBlock>> Store::won_blocks(size_t most) {
  const std::lock_guard lock(mutex_);
  return blocks("ORDER BY height DESC, state LIMIT ?1", most);
}

Result<Totals> Store::totals() {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto row, query("SELECT (SELECT COALESCE(SUM(reward), 0) FROM blocks), "
                                "COALESCE(SUM(owed), 0), COALESCE(SUM(paid), 0), "
                                "(SELECT COALESCE(SUM(planck), 0) FROM payout_parts JOIN payouts "
                                "ON payouts.id = payout WHERE state = ?1) FROM accounts",
                                number(Payout::State::kOpen)));
  QUARRY_TRY(row.step().status());
  Totals totals;
  totals.rewards = row.unsigned_integer(0);
  totals.owed = row.unsigned_integer(1);
  totals.paid = row.unsigned_integer(2);
  totals.in_payouts = row.unsigned_integer(3);
  row.reset();
  QUARRY_ASSIGN(totals.fees, amount("fees"));
  QUARRY_ASSIGN(totals.carried, amount("carried"));
  QUARRY_ASSIGN(totals.transaction_fees, amount("transaction_fees"));
  return totals;
}

}  // namespace quarry::pool
