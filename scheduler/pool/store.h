// What a pool must not forget: rounds and their best hits, who lied, blocks won,
// what each account is owed, and payouts under way. One SQLite file.
//
// Each call is one transaction: all of it is on the disk when it returns, or none.
// Money is whole planck, and only moves: at any time
//   rewards credited = fees + carried + owed + in open payouts + paid
// (totals()). Rows of rounds that no window reaches any more are removed.
//
// Every method may be called by any thread. Failures are those of sqlite::Database;
// kInvalidArgument where the state does not allow what is asked for.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/sha256.h"
#include "base/status.h"
#include "host/sqlite.h"
#include "scheduler/pool/round.h"
#include "scheduler/pool/shares.h"

namespace quarry::pool {

inline constexpr uint32_t kLiesToBan = 3;     // from one address for one account,
inline constexpr uint32_t kLieRounds = 360;   // within so many rounds of the first,
inline constexpr uint32_t kBanRounds = 360;   // bar it for so many
inline constexpr uint32_t kLeastWindow = 12;  // rounds: fewer measure nothing
inline constexpr uint32_t kMostWindow = 5000;

struct WonBlock {
  enum class State { kPending, kCredited, kOrphaned };
  uint64_t id = 0;
  uint32_t height = 0;
  uint64_t account_id = 0;  // who forged it
  uint64_t nonce = 0;
  State state = State::kPending;
  uint64_t reward_planck = 0;  // with fees, as the pool got it; 0 until it is credited
  uint64_t fee_planck = 0;     // the pool's, of it
};

using Amounts = std::vector<std::pair<uint64_t, uint64_t>>;  // account, planck

struct Payout {
  enum class State { kOpen, kConfirmed, kExpired };
  int64_t id = 0;
  Bytes transaction;  // signed, as it is broadcast
  Hash256 full_hash{};
  uint64_t transaction_fee_planck = 0;
  int64_t expires = 0;  // seconds since the chain's epoch: no later block may hold it
  Amounts amounts;
};

struct MinerState {
  uint64_t account_id = 0;
  MinerWords words;
  uint64_t accepted = 0, refused = 0;  // submissions
  uint64_t owed_planck = 0, paid_planck = 0;
  Tally tally;                // of the window that ends with the current round
  uint64_t weight = 0;        // weight_of(tally)
  uint32_t banned_until = 0;  // height; from any address; 0: not
};

struct Totals {
  uint64_t rewards = 0, fees = 0, carried = 0, owed = 0, in_payouts = 0, paid = 0;
  uint64_t transaction_fees = 0;  // of payouts that are confirmed, out of `fees`
};

class Store {
 public:
  // Opens or makes the file. kInvalidArgument if it is another account's pool, or of
  // a later version. `window` is kLeastWindow..kMostWindow rounds.
  static Result<std::unique_ptr<Store>> open(const std::string& path, uint64_t pool_account,
                                             uint32_t window);

  // --- Rounds and hits ---

  // The round that is played from here on. Fixes the limits of all accounts that
  // have a hit in the window, adds up `refused` by account, and removes what is old.
  // A height that was played on another fork is played again. A round that is played
  // already goes on, and one that is played once more, its block being gone, keeps its
  // hits and limits: it is undecided again.
  Status begin_round(const Round& round, const std::map<uint64_t, uint32_t>& refused);

  // Keeps the hit if it is the account's best of the round: whether it is.
  // kInvalidArgument if the round is not the last one begun.
  Result<bool> record(const Round& round, const Submission& submission, const MinerWords& words);

  // The best hit of each account in the last round begun, if that is `round`.
  Result<std::vector<Submission>> bests(const Round& round);

  // Rounds below `height` of which is not known yet who won them, oldest first.
  Result<std::vector<Round>> undecided_rounds(uint32_t height);

  // The account's best of that round; kNotFound.
  Result<Submission> best_of(uint32_t height, uint64_t account_id);

  // Nobody of the pool won it. Nothing if that height is now another fork's round.
  Status lose(const Round& round);

  // --- Lies ---

  // Notes that `address` claimed a hit for the account that its nonce does not have.
  // The height until which the two are barred, if they are.
  Result<std::optional<uint32_t>> record_lie(const std::string& address, uint64_t account_id,
                                             uint32_t height);
  Result<std::optional<uint32_t>> banned_until(const std::string& address, uint64_t account_id,
                                               uint32_t height);

  // --- Blocks won ---

  // Decides the round that the block ended: fixes the weights by which its reward will
  // be split. False, and nothing, if its height is now another fork's round; false, too,
  // if the block is known already, which stays as it is.
  Result<bool> win(const Round& round, const WonBlock& block);
  Result<std::vector<WonBlock>> pending_blocks();

  // Splits the reward of a pending block, and what was carried, after the fee. What
  // rounding leaves is carried to the next.
  Status credit(uint64_t block_id, uint64_t reward_planck, uint32_t fee_ppm);
  Status orphan(uint64_t block_id);

  // --- Payouts ---

  // Accounts but `except` that are owed at least `least` planck; at most `most` of them.
  Result<Amounts> due(uint64_t least, uint64_t except, size_t most);

  // Takes the amounts of a signed transaction from what is owed; kInvalidArgument if
  // more is paid than is owed.
  Status begin_payout(const Payout& payout);
  Result<std::vector<Payout>> open_payouts();

  // Ends an open payout: what it paid is paid, or owed again.
  Status end_payout(int64_t id, Payout::State state);

  // --- Views ---

  Result<std::vector<MinerState>> miners();               // who has a hit in the window, or is owed
  Result<std::vector<WonBlock>> won_blocks(size_t most);  // newest first
  Result<Totals> totals();

 private:
  Store(sqlite::Database database, uint32_t window)
      : window_(window), database_(std::move(database)) {}

  Status prepare_file(uint64_t pool_account);
  Result<std::map<uint64_t, Tally>> tallies(uint32_t last_height);
  Status fix_limits(const Round& round);
  Status forget_old(uint32_t height);
  Status decide(const Round& round);
  static Result<Round> read_round(const sqlite::Statement& row);
  Result<bool> is_current(const Round& round);
  Result<std::optional<uint32_t>> ban_locked(const std::string& address, uint64_t account_id,
                                             uint32_t height);
  Result<uint64_t> amount(std::string_view name);
  Status set_amount(std::string_view name, uint64_t planck);
  Status add_amount(std::string_view name, uint64_t planck);
  Result<std::vector<WonBlock>> blocks(std::string_view condition, uint64_t value);
  Status credit_accounts(uint64_t block_id, uint64_t planck);
  Result<Amounts> parts_of(int64_t payout);

  // Runs one statement with these values.
  template <class... Values>
  Status run(std::string_view sql, const Values&... values) {
    QUARRY_ASSIGN(auto statement, database_.prepare(sql));
    return statement.run(values...);
  }
  template <class... Values>
  Result<sqlite::Statement> query(std::string_view sql, const Values&... values) {
    QUARRY_ASSIGN(auto statement, database_.prepare(sql));
    statement.bind_all(values...);
    return statement;
  }

  const uint32_t window_;
  std::mutex mutex_;  // for all below
  sqlite::Database database_;
};

}  // namespace quarry::pool
