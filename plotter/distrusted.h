// Nonces that are known to stand wrong in their files: what they find does not count.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace quarry {

// Any thread.
class Distrusted {
 public:
  // So many are remembered; then it begins anew.
  static constexpr size_t kMost = 65'536;

  void add(const std::string& file, uint64_t nonce) {
    const std::lock_guard lock(mutex_);
    if (nonces_.size() >= kMost) nonces_.clear();
    nonces_.emplace(file, nonce);
  }

  bool contains(const std::string& file, uint64_t nonce) const {
    const std::lock_guard lock(mutex_);
    return nonces_.contains({file, nonce});
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::pair<std::string, uint64_t>> nonces_;
};

}  // namespace quarry
