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
  // After kRateLimited and kUnreachable: so long, then twice as long, up to the most.
  Clock::Duration first_retry = std::chrono::seconds(1);
  Clock::Duration most_retry = std::chrono::seconds(30);
};

// Any thread.
class SubmissionQueue {
 public:
  SubmissionQueue(const SubmissionPolicy& policy, Clock& clock) : policy_(policy), clock_(clock) {}

  // Forgets all of the round before. What was found for it and never answered.
  std::vector<Finding> begin_round(uint64_t height);
  void scan_finished();

  // True if it is the best of its account in this round so far, and is kept; false
  // also for another height.
  bool offer(const Finding& finding);

  // A finding that is due, which is under way from here on until settle() is called
  // for it; none if nothing is. One of each account is under way at a time.
  std::optional<Finding> take();

  // When take() should be asked again, if nothing is offered meanwhile; none: never.
  std::optional<Clock::Time> next_due() const;

  enum class Verdict { kDone, kRetry };  // kRetry: take() will give it again
  Verdict settle(const Finding& finding, signum::SubmitOutcome outcome);

  // Findings that are not answered yet.
  size_t pending() const;

 private:
  struct Account {
    std::optional<Finding> waiting;  // better than the one under way or answered
    std::optional<Finding> under_way;
    Clock::Time not_before{};
    Clock::Duration retry{};
    uint64_t best_hit = UINT64_MAX;  // of all that was offered
  };

  const SubmissionPolicy policy_;
  Clock& clock_;
  mutable std::mutex mutex_;
  uint64_t height_ = 0;
  Clock::Time stage_end_{};
  std::map<uint64_t, Account> accounts_;
};

}  // namespace quarry::mining
