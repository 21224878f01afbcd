#include "scheduler/mining/submission_queue.h"

#include <algorithm>
#include <utility>

namespace quarry::mining {
namespace {

using signum::SubmitOutcome;

// kStaleRound too: of the nodes behind one address some lag behind. Where the round is
// really over, begin_round() will come.
bool is_worth_a_retry(SubmitOutcome outcome) {
  return outcome == SubmitOutcome::kRateLimited || outcome == SubmitOutcome::kUnreachable ||
         outcome == SubmitOutcome::kStaleRound;
}

bool is_same(const Finding& a, const Finding& b) {
  return a.nonce.height == b.nonce.height && a.nonce.nonce == b.nonce.nonce &&
         a.nonce.hit == b.nonce.hit;
}

}  // namespace

void SubmissionQueue::Account::pass_over(const Finding& finding) {
  if (!runner_up || finding.nonce.hit < runner_up->nonce.hit) runner_up = finding;
}

// The best one was bad: the next one, unless one as good was accepted.
void SubmissionQueue::Account::drop_best() {
  best_hit = accepted_hit;
  if (runner_up && runner_up->nonce.hit < accepted_hit) {
    waiting = runner_up;
    best_hit = waiting->nonce.hit;
  }
  runner_up.reset();
}

std::vector<Finding> SubmissionQueue::begin_round(uint64_t height) {
  const std::lock_guard lock(mutex_);
  std::vector<Finding> unanswered;
  for (auto& [id, account] : accounts_)
    for (auto* finding : {&account.under_way, &account.waiting})
      if (*finding) unanswered.push_back(std::move(**finding));
  accounts_.clear();
  height_ = height;
  stage_end_ = clock_.now() + policy_.stage;
  return unanswered;
}

void SubmissionQueue::scan_finished() {
  const std::lock_guard lock(mutex_);
  stage_end_ = std::min(stage_end_, clock_.now());
}

bool SubmissionQueue::offer(const Finding& finding) {
  const std::lock_guard lock(mutex_);
  if (finding.nonce.height != height_) return false;
  Account& account = accounts_[finding.nonce.account_id];
  if (finding.nonce.hit >= account.best_hit) {
    if (finding.nonce.hit > account.best_hit) account.pass_over(finding);
    return false;
  }
  account.best_hit = finding.nonce.hit;
  if (account.waiting) account.pass_over(*account.waiting);
  account.waiting = finding;
  return true;
}

std::optional<Clock::Time> SubmissionQueue::due(const Account& account) const {
  if (!account.waiting || account.under_way) return std::nullopt;
  return std::max(stage_end_, account.not_before);
}

std::optional<Finding> SubmissionQueue::take() {
  const std::lock_guard lock(mutex_);
  const Clock::Time now = clock_.now();
  Account* best = nullptr;
  for (auto& [id, account] : accounts_) {
    const auto time = due(account);
    if (!time || *time > now) continue;
    if (best == nullptr || account.waiting->nonce.hit < best->waiting->nonce.hit) best = &account;
  }
  if (best == nullptr) return std::nullopt;
  best->under_way = std::exchange(best->waiting, std::nullopt);
  return best->under_way;
}

std::optional<Clock::Time> SubmissionQueue::next_due() const {
  const std::lock_guard lock(mutex_);
  std::optional<Clock::Time> first;
  for (const auto& [id, account] : accounts_)
    if (const auto time = due(account); time && (!first || *time < *first)) first = time;
  return first;
}

SubmissionQueue::Verdict SubmissionQueue::settle(const Finding& finding, SubmitOutcome outcome) {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(finding.nonce.account_id);
  if (found == accounts_.end()) return Verdict::kDone;
  Account& account = found->second;
  if (!account.under_way || !is_same(*account.under_way, finding)) return Verdict::kDone;
  account.under_way.reset();

  if (is_worth_a_retry(outcome)) {
    const bool is_first = account.pause == Clock::Duration{};
    account.pause =
        std::min(is_first ? policy_.first_retry : 2 * account.pause, policy_.most_retry);
    account.not_before = clock_.now() + account.pause;
    if (account.waiting) {  // a better one goes in its place
      account.pass_over(finding);
      return Verdict::kDone;
    }
    account.waiting = finding;
    return Verdict::kRetry;
  }
  account.pause = {};
  account.not_before = {};
  if (outcome == SubmitOutcome::kAccepted) account.accepted_hit = finding.nonce.hit;
  if (outcome == SubmitOutcome::kWrongDeadline && !account.waiting) account.drop_best();
  return Verdict::kDone;
}

size_t SubmissionQueue::pending() const {
  const std::lock_guard lock(mutex_);
  size_t count = 0;
  for (const auto& [id, account] : accounts_)
    count += size_t{account.waiting.has_value()} + size_t{account.under_way.has_value()};
  return count;
}

}  // namespace quarry::mining
