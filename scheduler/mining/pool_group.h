// The pools of one network, by priority: asks the best one that answers, moves on
// where it fails, and returns to it when it is well again.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "chainlite/signum/mining_client.h"
#include "host/cancel.h"
#include "host/clock.h"

namespace quarry::mining {

struct PoolGroupPolicy {
  int most_failures = 2;  // in a row, until the next pool is asked
  Clock::Duration return_after = std::chrono::seconds(30);  // a pool that failed is tried again

  // Pause between two polls; shorter where the pool is on this machine.
  Clock::Duration poll = std::chrono::seconds(1);
  Clock::Duration poll_loopback = std::chrono::milliseconds(50);
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
  // answers. A pool of higher priority that failed is tried again first when its time
  // has come. The Status is that of the last pool that was asked.
  Result<signum::MiningInfo> poll(const signum::MinerIdentity& miner, const Cancel& cancel);

  // How long to wait before the next poll().
  Clock::Duration pause() const;

  // To the active pool. A failure to reach it counts as one of poll()'s.
  signum::SubmitReply submit(const signum::NonceSubmission& submission,
                             const signum::MinerIdentity& miner, const Secret* passphrase,
                             const Cancel& cancel);

  std::vector<PoolState> states() const;
  std::string active() const;  // its name

 private:
  struct Pool {
    signum::MiningClient client;
    int failures = 0;
    std::string last_failure;
    Clock::Time retry_at{};
  };

  const PoolGroupPolicy policy_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Pool> pools_;
  size_t active_ = 0;
};

}  // namespace quarry::mining
