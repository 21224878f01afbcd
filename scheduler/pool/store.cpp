// Rounds, hits and lies. What concerns money stands in store_money.cpp.
#include "scheduler/pool/store.h"

#include <algorithm>
#include <set>

namespace quarry::pool {
namespace {

constexpr int32_t kVersion = 1;

// Rows of scores exist for every round since an account joined: their number says how
// long that is.
constexpr const char* kSchema = R"(
CREATE TABLE amounts (name TEXT PRIMARY KEY, planck INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE rounds (
  height INTEGER PRIMARY KEY,
  generation_signature BLOB NOT NULL,
  base_target INTEGER NOT NULL,
  average_commitment INTEGER NOT NULL,
  is_decided INTEGER NOT NULL DEFAULT 0);
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  software TEXT NOT NULL,
  capacity_gib INTEGER NOT NULL,
  accepted INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0,
  owed INTEGER NOT NULL DEFAULT 0 CHECK (owed >= 0),
  paid INTEGER NOT NULL DEFAULT 0);
CREATE TABLE scores (
  account INTEGER NOT NULL,
  height INTEGER NOT NULL,
  hit_limit INTEGER NOT NULL,
  hit INTEGER,
  nonce INTEGER,
  PRIMARY KEY (account, height)) WITHOUT ROWID;
CREATE INDEX scores_by_height ON scores (height);
CREATE TABLE lies (
  address TEXT NOT NULL,
  account INTEGER NOT NULL,
  first_height INTEGER NOT NULL,
  lies INTEGER NOT NULL,
  banned_until INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (address, account)) WITHOUT ROWID;
CREATE TABLE blocks (
  id INTEGER PRIMARY KEY,
  height INTEGER NOT NULL,
  account INTEGER NOT NULL,
  nonce INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,
  reward INTEGER NOT NULL DEFAULT 0,
  fee INTEGER NOT NULL DEFAULT 0);
CREATE TABLE weights (
  block INTEGER NOT NULL REFERENCES blocks (id),
  account INTEGER NOT NULL REFERENCES accounts (id),
  weight INTEGER NOT NULL,
  PRIMARY KEY (block, account)) WITHOUT ROWID;
CREATE TABLE payouts (
  id INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL,
  full_hash BLOB NOT NULL UNIQUE,
  transaction_fee INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0);
CREATE TABLE payout_parts (
  payout INTEGER NOT NULL REFERENCES payouts (id),
  account INTEGER NOT NULL REFERENCES accounts (id),
  planck INTEGER NOT NULL,
  PRIMARY KEY (payout, account)) WITHOUT ROWID;
)";

// Made at each open: files of before have it then, too.
constexpr const char* kIndexes =
    "CREATE INDEX IF NOT EXISTS lies_by_account ON lies (account, banned_until)";

constexpr std::string_view kSelectRounds =
    "SELECT height, generation_signature, base_target, average_commitment FROM rounds ";

Status wrong(std::string message) { return Status(Code::kInvalidArgument, std::move(message)); }

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& path, uint64_t pool_account,
                                           uint32_t window) {
  QUARRY_CHECK(window >= kLeastWindow && window <= kMostWindow);
  QUARRY_ASSIGN(auto database, sqlite::Database::open(path));
  std::unique_ptr<Store> store(new Store(std::move(database), window));
  const Status prepared = store->prepare_file(pool_account);
  if (!prepared.ok()) return prepared.with_context("the pool's store " + path);
  return store;
}

Status Store::prepare_file(uint64_t pool_account) {
  QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
  QUARRY_ASSIGN(const int64_t version, database_.user_version());
  if (version > kVersion) return wrong("it was made by a later version of quarry");
  if (version == kVersion) {
    QUARRY_ASSIGN(const uint64_t owner, amount("pool_account"));
    if (owner != pool_account)
      return wrong("it belongs to the pool of account " + std::to_string(owner) +
                   ": give another --store or key");
    QUARRY_TRY(database_.execute(kIndexes));
    return transaction.commit();
  }
  QUARRY_TRY(database_.execute(kSchema));
  QUARRY_TRY(database_.execute(kIndexes));
  for (const auto& [name, value] : {std::pair{"pool_account", pool_account},
                                    {"carried", 0},
                                    {"fees", 0},
                                    {"transaction_fees", 0}})
    QUARRY_TRY(run("INSERT INTO amounts VALUES (?1, ?2)", std::string_view(name), value));
  QUARRY_TRY(database_.set_user_version(kVersion));
  return transaction.commit();
}

// What the rounds of the window that ends with `last_height` add up to, for each account
// with a hit.
Result<std::map<uint64_t, Tally>> Store::tallies(uint32_t last_height) {
  QUARRY_ASSIGN(auto rows, query("SELECT account, hit_limit, hit FROM scores "
                                 "WHERE height > ?1 AND height <= ?2",
                                 int64_t{last_height} - window_, last_height));
  std::map<uint64_t, Tally> all;
  std::set<uint64_t> with_hit;
  while (true) {
    QUARRY_ASSIGN(const bool more, rows.step());
    if (!more) break;
    const uint64_t account = rows.unsigned_integer(0);
    std::optional<uint64_t> hit;
    if (!rows.is_null(2)) hit = rows.unsigned_integer(2);
    if (hit) with_hit.insert(account);
    const Score score = score_round(hit, rows.unsigned_integer(1));
    Tally& tally = all[account];
    tally.rounds++;
    tally.successes += score.success ? 1 : 0;
    tally.exposure += score.exposure;
  }
  std::erase_if(all, [&](const auto& entry) { return !with_hit.contains(entry.first); });
  return all;
}

Status Store::begin_round(const Round& round, const std::map<uint64_t, uint32_t>& refused) {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
  QUARRY_ASSIGN(const bool is_known, is_current(round));
  if (is_known) return Status();  // after a restart
  // The same round once more, if its block was taken back.
  QUARRY_TRY(
      run("UPDATE rounds SET is_decided = 0 WHERE height = ?1 AND generation_signature = ?2 "
          "AND base_target = ?3",
          round.height, round.generation_signature, round.base_target));
  const bool returns = database_.changes() != 0;
  const uint32_t first_gone = returns ? round.height + 1 : round.height;
  QUARRY_TRY(run("DELETE FROM rounds WHERE height >= ?1", first_gone));
  QUARRY_TRY(run("DELETE FROM scores WHERE height >= ?1", first_gone));
  if (!returns) {
    QUARRY_TRY(
        run("INSERT INTO rounds (height, generation_signature, base_target, "
            "average_commitment) VALUES (?1, ?2, ?3, ?4)",
            round.height, round.generation_signature, round.base_target,
            round.average_commitment_planck));
    QUARRY_TRY(fix_limits(round));
  }
  QUARRY_TRY(forget_old(round.height));
  for (const auto& [account, count] : refused)
    QUARRY_TRY(run("UPDATE accounts SET refused = refused + ?2 WHERE id = ?1", account, count));
  return transaction.commit();
}

Status Store::fix_limits(const Round& round) {
  QUARRY_ASSIGN(const auto past, tallies(round.height - 1));
  QUARRY_ASSIGN(auto insert, database_.prepare("INSERT INTO scores (account, height, hit_limit) "
                                               "VALUES (?1, ?2, ?3)"));
  for (const auto& [account, tally] : past)
    QUARRY_TRY(insert.run(account, round.height, hit_limit(tally, round.most_hit)));
  return Status();
}

// Rounds that are not decided keep their hits, and the window of their weights. Who was
// away for a whole window is a newcomer when it returns, once no such round needs its hits.
Status Store::forget_old(uint32_t height) {
  QUARRY_TRY(
      run("DELETE FROM scores WHERE height < (SELECT COALESCE(MIN(height) + 1, ?1) "
          "FROM rounds WHERE height < ?1 AND NOT is_decided) - ?2",
          height, window_));
  QUARRY_TRY(run("DELETE FROM rounds WHERE height < ?1 AND is_decided", int64_t{height} - window_));
  QUARRY_TRY(
      run("DELETE FROM scores WHERE account NOT IN "
          "(SELECT account FROM scores WHERE hit IS NOT NULL)"));
  return run("DELETE FROM lies WHERE first_height + ?2 < ?1 AND banned_until < ?1", height,
             kLieRounds);
}

Result<Round> Store::read_round(const sqlite::Statement& row) {
  Round round;
  const Bytes signature = row.blob(1);
  if (signature.size() != round.generation_signature.size())
    return Status(Code::kCorrupt, "the pool's store: a round without its generation signature");
  round.height = static_cast<uint32_t>(row.integer(0));
  std::copy(signature.begin(), signature.end(), round.generation_signature.begin());
  round.base_target = row.unsigned_integer(2);
  round.average_commitment_planck = row.unsigned_integer(3);
  return round;
}

Result<bool> Store::is_current(const Round& round) {
  QUARRY_ASSIGN(auto row, query(std::string(kSelectRounds) + "ORDER BY height DESC LIMIT 1"));
  QUARRY_ASSIGN(const bool found, row.step());
  if (!found) return false;
  QUARRY_ASSIGN(const Round last, read_round(row));
  return last.same_as(round);
}

Result<bool> Store::record(const Round& round, const Submission& submission,
                           const MinerWords& words) {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
  QUARRY_ASSIGN(const bool current, is_current(round));
  if (!current) return wrong("the round is over");
  QUARRY_TRY(
      run("INSERT INTO accounts (id, name, software, capacity_gib, accepted) "
          "VALUES (?1, ?2, ?3, ?4, 1) ON CONFLICT (id) DO UPDATE SET name = ?2, "
          "software = ?3, capacity_gib = ?4, accepted = accepted + 1",
          submission.account_id, words.name, words.software, words.capacity_gib));
  QUARRY_TRY(
      run("INSERT INTO scores (account, height, hit_limit) VALUES (?1, ?2, ?3) "
          "ON CONFLICT DO NOTHING",
          submission.account_id, round.height, round.most_hit));
  QUARRY_ASSIGN(auto row, query("SELECT hit FROM scores WHERE account = ?1 AND height = ?2",
                                submission.account_id, round.height));
  QUARRY_TRY(row.step().status());
  // Hits from 2^63 up sort below 0 in SQLite: compared here.
  const bool is_best = row.is_null(0) || submission.hit < row.unsigned_integer(0);
  row.reset();
  if (is_best)
    QUARRY_TRY(run("UPDATE scores SET hit = ?3, nonce = ?4 WHERE account = ?1 AND height = ?2",
                   submission.account_id, round.height, submission.hit, submission.nonce));
  QUARRY_TRY(transaction.commit());
  return is_best;
}

Result<std::vector<Submission>> Store::bests(const Round& round) {
  const std::lock_guard lock(mutex_);
  std::vector<Submission> bests;
  QUARRY_ASSIGN(const bool current, is_current(round));
  if (!current) return bests;
  QUARRY_ASSIGN(auto rows, query("SELECT account, nonce, hit FROM scores "
                                 "WHERE height = ?1 AND hit IS NOT NULL",
                                 round.height));
  while (true) {
    QUARRY_ASSIGN(const bool more, rows.step());
    if (!more) return bests;
    bests.push_back({rows.unsigned_integer(0), rows.unsigned_integer(1), rows.unsigned_integer(2)});
  }
}

Result<std::vector<Round>> Store::undecided_rounds(uint32_t height) {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto rows, query(std::string(kSelectRounds) +
                                     "WHERE height < ?1 AND NOT is_decided ORDER BY height",
                                 height));
  std::vector<Round> rounds;
  while (true) {
    QUARRY_ASSIGN(const bool more, rows.step());
    if (!more) return rounds;
    QUARRY_ASSIGN(Round round, read_round(rows));
    rounds.push_back(round);
  }
}

Result<Submission> Store::best_of(uint32_t height, uint64_t account_id) {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto row, query("SELECT nonce, hit FROM scores WHERE account = ?1 AND "
                                "height = ?2 AND hit IS NOT NULL",
                                account_id, height));
  QUARRY_ASSIGN(const bool found, row.step());
  if (!found) return Status(Code::kNotFound, "the account has no hit in that round");
  return Submission{account_id, row.unsigned_integer(0), row.unsigned_integer(1)};
}

Status Store::lose(const Round& round) {
  const std::lock_guard lock(mutex_);
  return decide(round);
}

// One row of rounds is changed, or none if that height is another round's.
Status Store::decide(const Round& round) {
  return run("UPDATE rounds SET is_decided = 1 WHERE height = ?1 AND generation_signature = ?2",
             round.height, round.generation_signature);
}

Result<std::optional<uint32_t>> Store::record_lie(const std::string& address, uint64_t account_id,
                                                  uint32_t height) {
  const std::lock_guard lock(mutex_);
  QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database_));
  QUARRY_TRY(run("DELETE FROM lies WHERE address = ?1 AND account = ?2 AND first_height + ?4 < ?3",
                 address, account_id, height, kLieRounds));
  QUARRY_TRY(
      run("INSERT INTO lies (address, account, first_height, lies) VALUES (?1, ?2, ?3, 1) "
          "ON CONFLICT (address, account) DO UPDATE SET lies = lies + 1",
          address, account_id, height));
  QUARRY_TRY(
      run("UPDATE lies SET banned_until = ?3 WHERE address = ?1 AND account = ?2 "
          "AND lies >= ?4",
          address, account_id, height + kBanRounds, kLiesToBan));
  QUARRY_TRY(run("UPDATE accounts SET refused = refused + 1 WHERE id = ?1", account_id));
  QUARRY_TRY(transaction.commit());
  return ban_locked(address, account_id, height);
}

Result<std::optional<uint32_t>> Store::banned_until(const std::string& address, uint64_t account_id,
                                                    uint32_t height) {
  const std::lock_guard lock(mutex_);
  return ban_locked(address, account_id, height);
}

Result<std::optional<uint32_t>> Store::ban_locked(const std::string& address, uint64_t account_id,
                                                  uint32_t height) {
  QUARRY_ASSIGN(auto row, query("SELECT banned_until FROM lies WHERE address = ?1 AND "
                                "account = ?2 AND banned_until > ?3",
                                address, account_id, height));
  QUARRY_ASSIGN(const bool found, row.step());
  if (!found) return std::optional<uint32_t>();
  return std::optional(static_cast<uint32_t>(row.integer(0)));
}

}  // namespace quarry::pool
