// Deadlines on their way to a pool: what was found, what waits, what is under way,
// what was answered. No deadline that could still count is dropped while its round
// lives, and none is sent that cannot count any more.
//
// Keyed by account and round: accounts never stand in each other's way.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "chainlite/signum/mining_client.h"
#include "host/clock.h"

namespace quarry::mining {

// A nonce that was found, and where.
struct Finding {
  signum::NonceSubmission nonce;
  std::string file;
};

struct SubmissionPolicy {
  // The best so far is sent this long after the round began, or at the scan's end if
  // that is sooner; improvements at once from then on. 0: all at once.
  Clock::Duration stage = std::chrono::seconds(10);
  // After kRateLimited, kUnreachable and kStaleRound: so long, then twice as long, up to the most.
  Clock::Duration first_retry = std::chrono::seconds(1);
  Clock::Duration most_retry = std::chrono::seconds(30);
};

// Any thread. Time is the clock's alone: what the time of day does cannot matter.
class SubmissionQueue {
 public:
  SubmissionQueue(const SubmissionPolicy& policy, Clock& clock) : policy_(policy), clock_(clock) {}

  // Forgets all of the round before, of which nothing may be offered from here on, even
  // where the height is the same (a fork). Returns what was found for it and never
  // answered.
  std::vector<Finding> begin_round(uint64_t height);

  // All was read: what waits for the stage is due.
  void scan_finished();

  // True if it is the best of its account in this round so far, and is kept; false
  // also for another height.
  bool offer(const Finding& finding);

  // The best finding that is due, which is under way from here on until settle() is
  // called for it; none if nothing is due. One of each account is under way at a time.
  std::optional<Finding> take();

  // When take() should be asked again, if nothing is offered or settled meanwhile; none:
  // never.
  std::optional<Clock::Time> next_due() const;

  // What became of a finding that take() gave. kRetry: take() will give it again, after a
  // pause, unless a better one of its account is found before; that one waits for the
  // pause too. kDone otherwise, also for a finding of a round that is over. After
  // kWrongDeadline, which tells of a bad plot, the account's next best finding counts.
  enum class Verdict { kDone, kRetry };
  Verdict settle(const Finding& finding, signum::SubmitOutcome outcome);

  // Findings that are not answered yet.
  size_t pending() const;

 private:
  struct Account {
    std::optional<Finding> waiting;  // better than the one under way or answered
    std::optional<Finding> under_way;
    std::optional<Finding> runner_up;  // best of those that were passed over
    Clock::Time not_before{};          // of the pause after a failure
    Clock::Duration pause{};           // the last one; 0 after an answer
    uint64_t accepted_hit = UINT64_MAX;
    uint64_t best_hit = UINT64_MAX;  // of all that was offered, but for bad ones

    void pass_over(const Finding& finding);
    void drop_best();
  };

  // When `account` may send what waits; none if it has nothing, or one is under way.
  std::optional<Clock::Time> due(const Account& account) const;

  const SubmissionPolicy policy_;
  Clock& clock_;
  mutable std::mutex mutex_;
  uint64_t height_ = 0;
  Clock::Time stage_end_{};
  std::map<uint64_t, Account> accounts_;
};

}  // namespace quarry::mining
