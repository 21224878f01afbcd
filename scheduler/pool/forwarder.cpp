#include "scheduler/pool/forwarder.h"

#include <algorithm>

#include "chainlite/signum/consensus.h"
#include "host/clock.h"

namespace quarry::pool {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{50};  // at a request to stop
constexpr milliseconds kRetryAfter{500};

// What two commitments can differ by.
constexpr auto kMostFactor =
    static_cast<uint64_t>(signum::kMaxCommitmentFactor / signum::kMinCommitmentFactor);

}  // namespace

void Forwarder::begin_round(const Round& round) {
  const std::lock_guard lock(mutex_);
  round_ = round;
  best_hit_ = UINT64_MAX;
  waiting_.clear();
}

void Forwarder::offer(const Round& round, const Submission& submission) {
  {
    const std::lock_guard lock(mutex_);
    if (!round_ || !round_->same_as(round) || submission.hit / kMostFactor > best_hit_) return;
    best_hit_ = std::min(best_hit_, submission.hit);
    const auto [waiting, is_first] = waiting_.try_emplace(submission.account_id, submission);
    if (!is_first && submission.hit < waiting->second.hit) waiting->second = submission;
  }
  changed_.notify_one();
}

std::optional<Forwarder::Task> Forwarder::take() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kLook, [&] { return !waiting_.empty(); });
  const auto best =
      std::ranges::min_element(waiting_, {}, [](const auto& entry) { return entry.second.hit; });
  if (best == waiting_.end()) return std::nullopt;
  const Task task = {*round_, best->second};
  waiting_.erase(best);
  return task;
}

void Forwarder::put_back(const Task& task) {
  const std::lock_guard lock(mutex_);
  if (round_->same_as(task.round))
    waiting_.try_emplace(task.submission.account_id, task.submission);
}

void Forwarder::run(const Cancel& cancel) {
  while (!cancel.requested()) {
    const auto task = take();
    if (!task) continue;
    const Status status = upstream_.submit(task->submission, task->round.height, cancel);
    sent_(status);
    if (status.ok() || status.code() == Code::kRefused) continue;
    put_back(*task);
    real_clock().sleep_for(kRetryAfter);
  }
}

}  // namespace quarry::pool
