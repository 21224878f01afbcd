// The pools of one network, by priority: asks the best one that answers, moves on
// where it fails, and returns to it when it is well again.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "chainlite/signum/mining_client.h"
#include "host/cancel.h"
#include "host/clock.h"

namespace quarry::mining {

struct PoolGroupPolicy {
  int most_failures = 2;  // in a row, until the next pool is asked

  // A pool of higher priority that failed is tried again so long after; then after twice
  // as long, up to eight times: one that hangs costs the others a timeout each time.
  Clock::Duration return_after = std::chrono::seconds(30);

  // Pause between two polls; shorter where the pool is on this machine. Twice as long
  // after each further poll that failed, up to the most: outages may be short.
  Clock::Duration poll = std::chrono::seconds(1);
  Clock::Duration poll_loopback = std::chrono::milliseconds(50);
  Clock::Duration most_pause = std::chrono::seconds(5);

  // Another round that is no higher counts when the same pool tells it so many times in
  // a row: of the nodes behind one address some lag behind, or are on a fork.
  int polls_to_go_back = 3;
};

// One pool, for views.
struct PoolState {
  std::string name;
  bool active = false;
  int failures = 0;          // in a row
  std::string last_failure;  // "" when the last request went well
};

// One thread polls; any thread submits and looks.
class PoolGroup {
 public:
  // `pools` in order of priority, at least one.
  PoolGroup(std::vector<signum::MiningClient> pools, const PoolGroupPolicy& policy, Clock& clock);

  // The round of the active pool; where that fails often enough, of the next one that
  // answers, which becomes the active one. A pool of higher priority that failed is asked
  // first when its time has come. What is no round (base target 0, null, nonsense, a
  // refusal) is a failure as no answer is. The Status is that of the last pool that was
  // asked; kCancelled counts for nothing. Where all fail, each poll asks all.
  Result<signum::MiningInfo> poll(const signum::MinerIdentity& miner, const Cancel& cancel);

  // How long to wait before the next poll().
  Clock::Duration pause() const;

  // To the active pool. Where it is kUnreachable most_failures times in a row, the next
  // poll() leaves the pool as if it did not answer polls.
  signum::SubmitReply submit(const signum::NonceSubmission& submission,
                             const signum::MinerIdentity& miner, const Secret* passphrase,
                             const Cancel& cancel);

  std::vector<PoolState> states() const;
  std::string active() const;  // its name

 private:
  struct Pool {
    explicit Pool(signum::MiningClient its_client) : client(std::move(its_client)) {}

    signum::MiningClient client;
    int failed_polls = 0;        // in a row
    int failed_submissions = 0;  // in a row
    std::string last_failure;
    Clock::Time retry_at{};
    Clock::Duration away{};  // how long it was last left alone; 0 when it is well
  };

  bool is_failing(const Pool& pool) const;
  void leave_alone(Pool& pool);
  std::vector<size_t> asked_first() const;
  std::vector<size_t> asked_then(const std::vector<size_t>& asked) const;
  Result<signum::MiningInfo> ask(size_t index, const signum::MinerIdentity& miner,
                                 const Cancel& cancel);
  signum::MiningInfo adopt(size_t index, const signum::MiningInfo& info);

  const PoolGroupPolicy policy_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Pool> pools_;
  size_t active_ = 0;
  int failed_polls_ = 0;                    // in a row, of the whole group
  std::optional<signum::MiningInfo> told_;  // last, by the active pool
  int others_ = 0;                          // that it told since, and were no higher
};

}  // namespace quarry::mining
