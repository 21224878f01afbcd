#include "scheduler/mining/time_share.h"

#include <algorithm>

#include "base/status.h"

namespace quarry::mining {

TimeShare::TimeShare(std::vector<double> shares) {
  for (const double share : shares) {
    QUARRY_CHECK(share > 0);
    networks_.push_back({.share = share});
  }
}

std::optional<size_t> TimeShare::next(const std::vector<bool>& waiting) {
  QUARRY_CHECK(waiting.size() == networks_.size());
  std::optional<size_t> best;
  for (size_t i = 0; i < networks_.size(); i++) {
    Network& network = networks_[i];
    // One that had nothing to read does not save time up for later.
    if (waiting[i] && !network.waited) network.pass = std::max(network.pass, now_);
    network.waited = waiting[i];
    if (waiting[i] && (!best || network.pass < networks_[*best].pass)) best = i;
  }
  if (best) now_ = networks_[*best].pass;
  return best;
}

void TimeShare::charge(size_t network, double seconds) {
  networks_[network].pass += std::max(0.0, seconds) / networks_[network].share;
}

}  // namespace quarry::mining
