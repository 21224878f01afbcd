// A pool's state for people and their pages, in signum-pool's fields.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/clock.h"
#include "scheduler/pool/store.h"
#include "scheduler/pool/submissions.h"
#include "scheduler/pool/upstream.h"

namespace quarry::pool {

// What views show of the pool itself.
struct PoolFacts {
  uint64_t account_id = 0;
  ChainFacts chain;
  uint32_t window = 0;
  uint32_t confirmations = 0;
  uint32_t fee_ppm = 0;
  uint64_t least_payout_planck = 0;
  uint64_t most_deadline = 0;  // 0: any
};

// All miners, the largest share first. The store reads the scores of a whole window
// for it: at most once a second, however many ask. Any thread.
class MinerList {
 public:
  // Both outlive it.
  MinerList(Store& store, Clock& clock) : store_(store), clock_(clock) {}

  Result<std::shared_ptr<const std::vector<MinerState>>> get();

 private:
  Store& store_;
  Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<const std::vector<MinerState>> miners_;
  Clock::Time read_at_{};
};

// What all views are made from.
struct ViewSources {
  const PoolFacts& facts;
  const Submissions& submissions;
  Store& store;
  MinerList& miners;
};

// The view at `path` ("/api/getMiners"), or null where there is none. Capacities are
// in TiB. Any thread.
//
// Fields that signum-pool has for what this pool does not do (commitments as boost,
// donations, links) are left out; miners also have "accepted", "refused", "paid",
// "claimedCapacity" (TiB) and, if they are barred, "bannedUntil".
Result<nlohmann::json> view_of(const std::string& path, const ViewSources& sources);

}  // namespace quarry::pool
