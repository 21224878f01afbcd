#include "scheduler/mining/pool_group.h"

#include <algorithm>
#include <utility>

namespace quarry::mining {
namespace {

constexpr int kMostAway = 8;    // times return_after
constexpr int kMostShift = 16;  // doublings of a pause, far above the most

}  // namespace

PoolGroup::PoolGroup(std::vector<signum::MiningClient> pools, const PoolGroupPolicy& policy,
                     Clock& clock)
    : policy_(policy), clock_(clock) {
  QUARRY_CHECK(!pools.empty());
  for (signum::MiningClient& client : pools) pools_.emplace_back(std::move(client));
}

bool PoolGroup::is_failing(const Pool& pool) const {
  return std::max(pool.failed_polls, pool.failed_submissions) >= policy_.most_failures;
}

// A pool that fails on while it is left alone, because no other answers, is not left for
// longer.
void PoolGroup::leave_alone(Pool& pool) {
  const Clock::Time now = clock_.now();
  if (now < pool.retry_at) return;
  pool.away = pool.away == Clock::Duration{}
                  ? policy_.return_after
                  : std::min(2 * pool.away, kMostAway * policy_.return_after);
  pool.retry_at = now + pool.away;
}

// Better pools whose time to return has come, and the active one.
std::vector<size_t> PoolGroup::asked_first() const {
  const std::lock_guard lock(mutex_);
  std::vector<size_t> order;
  for (size_t i = 0; i < active_; i++)
    if (clock_.now() >= pools_[i].retry_at) order.push_back(i);
  if (!is_failing(pools_[active_])) order.push_back(active_);
  return order;
}

// All the others, where the active one has failed too often: those that are left alone
// last.
std::vector<size_t> PoolGroup::asked_then(const std::vector<size_t>& asked) const {
  const std::lock_guard lock(mutex_);
  std::vector<size_t> order;
  if (!is_failing(pools_[active_])) return order;
  for (size_t i = 0; i < pools_.size(); i++)
    if (std::find(asked.begin(), asked.end(), i) == asked.end()) order.push_back(i);
  std::stable_partition(order.begin(), order.end(),
                        [&](size_t i) { return clock_.now() >= pools_[i].retry_at; });
  return order;
}

Result<signum::MiningInfo> PoolGroup::poll(const signum::MinerIdentity& miner,
                                           const Cancel& cancel) {
  Result<signum::MiningInfo> info = Status(Code::kNetwork, "no pool was asked");
  const auto ask_each = [&](const std::vector<size_t>& order) {
    for (const size_t index : order) {
      info = ask(index, miner, cancel);
      if (info.ok() || info.status().code() == Code::kCancelled) return true;
    }
    return false;
  };
  const std::vector<size_t> first = asked_first();
  const bool has_ended = ask_each(first) || ask_each(asked_then(first));
  const std::lock_guard lock(mutex_);
  if (info.ok()) failed_polls_ = 0;
  if (!has_ended) failed_polls_ = std::min(failed_polls_ + 1, kMostShift);
  return info;
}

Result<signum::MiningInfo> PoolGroup::ask(size_t index, const signum::MinerIdentity& miner,
                                          const Cancel& cancel) {
  Pool& pool = pools_[index];
  const auto info = pool.client.mining_info(miner, cancel);
  const std::lock_guard lock(mutex_);
  if (info.status().code() == Code::kCancelled) return info.status();
  if (!info.ok()) {
    pool.failed_polls++;
    pool.last_failure = info.status().message();
    if (is_failing(pool)) leave_alone(pool);
    return info.status();
  }
  pool.failed_polls = 0;
  // One that took no submissions has a single chance, and is well when it takes one.
  if (pool.failed_submissions == 0) pool.away = {};
  pool.last_failure.clear();
  return adopt(index, *info);
}

signum::MiningInfo PoolGroup::adopt(size_t index, const signum::MiningInfo& info) {
  const bool is_doubtful =
      told_ && index == active_ && !info.same_round(*told_) && info.height <= told_->height;
  if (is_doubtful && ++others_ < policy_.polls_to_go_back) return *told_;
  active_ = index;
  others_ = 0;
  told_ = info;
  return info;
}

Clock::Duration PoolGroup::pause() const {
  const std::lock_guard lock(mutex_);
  const Clock::Duration pause =
      pools_[active_].client.is_loopback() ? policy_.poll_loopback : policy_.poll;
  if (failed_polls_ == 0) return pause;
  return std::min(pause * (1 << (failed_polls_ - 1)), policy_.most_pause);
}

signum::SubmitReply PoolGroup::submit(const signum::NonceSubmission& submission,
                                      const signum::MinerIdentity& miner, const Secret* passphrase,
                                      const Cancel& cancel) {
  std::unique_lock lock(mutex_);
  Pool& pool = pools_[active_];
  lock.unlock();
  auto reply = pool.client.submit(submission, miner, passphrase, cancel);
  if (cancel.requested()) return reply;
  lock.lock();
  if (reply.outcome == signum::SubmitOutcome::kUnreachable) {
    pool.failed_submissions++;
    pool.last_failure = reply.message;
    if (is_failing(pool)) leave_alone(pool);
  } else {
    pool.failed_submissions = 0;
    pool.last_failure.clear();
  }
  return reply;
}

std::vector<PoolState> PoolGroup::states() const {
  const std::lock_guard lock(mutex_);
  std::vector<PoolState> states;
  for (const Pool& pool : pools_)
    states.push_back({.name = pool.client.name(),
                      .active = &pool == &pools_[active_],
                      .failures = pool.failed_polls + pool.failed_submissions,
                      .last_failure = pool.last_failure});
  return states;
}

std::string PoolGroup::active() const {
  const std::lock_guard lock(mutex_);
  return pools_[active_].client.name();
}

}  // namespace quarry::mining
