// A pool's state for people and their pages, in signum-pool's fields.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/status.h"
#include "scheduler/pool/mining_api.h"

namespace quarry::pool {

// The view at `path` ("/api/getMiners"), or null where there is none. Capacities are
// in TiB. Any thread.
//
// Fields that signum-pool has for what this pool does not do (commitments as boost,
// donations, links) are left out; miners also have "accepted", "refused", "paid",
// "claimedCapacity" (TiB) and, if they are barred, "bannedUntil".
Result<nlohmann::json> view_of(const std::string& path, const PoolFacts& facts,
                               const Submissions& submissions, Store& store);

}  // namespace quarry::pool
