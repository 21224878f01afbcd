// Judges the nonces that miners hand in, and keeps the best of the round.
//
// What costs nothing is looked at first: height, membership, bans, and what the miner
// claims. Only a claim that would be its account's best of the round is computed. A
// claim that the nonce does not have is a lie, whatever brought it about: it does not
// count, and kLiesToBan of them bar the address from submitting for this account. What
// was true in the round before is not a lie, but late.
// Others, elsewhere, who submit for the account are not barred: anyone can lie in its
// name.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "scheduler/pool/round.h"
#include "scheduler/pool/store.h"
#include "scheduler/pool/verifier.h"

namespace quarry::pool {

// A nonce as it was handed in.
struct Claim {
  uint64_t account_id = 0;
  uint64_t nonce = 0;
  std::optional<uint32_t> height;
  // What the miner says of it: the hit, or hit / base target; none says nothing.
  std::optional<uint64_t> deadline;
  std::string address;  // of the other end
  MinerWords words;
};

enum class Verdict {
  kAccepted,
  kRefused,
  kMismatch,  // refused: a lie
  kBanned,    // refused: a lie too many, just now
  kBusy,      // too many nonces wait: try again
};

struct Judgement {
  Verdict verdict = Verdict::kRefused;
  std::string words;      // for the miner: "success", or why not
  uint64_t deadline = 0;  // hit / base target; of an accepted one
  bool computed = false;  // the nonce was computed for it
};

// Any thread.
class Submissions {
 public:
  // `improved` is called, without a lock, for each submission that became its
  // account's best. All outlive it.
  Submissions(Store& store, Verifier& verifier,
              std::function<void(const Round&, const Submission&)> improved)
      : store_(store), verifier_(verifier), improved_(std::move(improved)) {}

  // The round from here on, and the accounts whose rewards go to the pool. One
  // thread.
  Status begin_round(const Round& round, std::set<uint64_t> members);

  std::optional<Round> round() const;

  // The pool's best of the round: the smallest hit.
  std::optional<Submission> best() const;
  // All accounts' bests of the round.
  std::vector<Submission> bests() const;
  // The account's best of the round.
  std::optional<Submission> best_of(uint64_t account_id) const;

  // Failures are the store's. Takes as long as the nonce takes to compute.
  Result<Judgement> judge(const Claim& claim);

 private:
  std::optional<Judgement> judge_cheaply(const Claim& claim, const Round& round);
  Result<Judgement> judge_hit(const Claim& claim, const Round& round, uint64_t hit);
  Result<Judgement> judge_lie(const Claim& claim, const Round& round, uint64_t hit);
  std::optional<uint64_t> hit_of(const Claim& claim, const Round& round);
  void count_refusal(uint64_t account_id);

  Store& store_;
  Verifier& verifier_;
  const std::function<void(const Round&, const Submission&)> improved_;

  mutable std::mutex mutex_;  // for all below
  std::optional<Round> round_;
  std::optional<Round> previous_;  // that miners may not know to be over
  std::set<uint64_t> members_;
  std::map<uint64_t, Submission> bests_;  // of the round, by account
  std::map<uint64_t, uint32_t> refused_;  // of members, since the round began
};

}  // namespace quarry::pool
