#include "plotter/round_tally.h"

#include <algorithm>
#include <tuple>

namespace quarry {

void RoundTally::clear() {
  const std::lock_guard lock(mutex_);
  best_.clear();
}

bool RoundTally::add(Deadline found) {
  const std::lock_guard lock(mutex_);
  const auto [place, first] = best_.try_emplace(found.account_id);
  const Deadline& known = place->second.deadline;
  if (!first &&
      std::tie(known.hit, known.nonce, known.file) <= std::tie(found.hit, found.nonce, found.file))
    return false;
  place->second = {std::move(found), true};
  return true;
}

std::vector<Deadline> RoundTally::take_better() {
  std::vector<Deadline> better;
  const std::lock_guard lock(mutex_);
  for (auto& [account, best] : best_) {
    if (best.is_new) better.push_back(best.deadline);
    best.is_new = false;
  }
  return better;
}

std::vector<Deadline> RoundTally::best() const {
  std::vector<Deadline> sorted;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [account, best] : best_) sorted.push_back(best.deadline);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Deadline& a, const Deadline& b) {
    return std::tie(a.hit, a.account_id) < std::tie(b.hit, b.account_id);
  });
  return sorted;
}

}  // namespace quarry
